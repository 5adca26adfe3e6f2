"""The places of arguments: our functions are called just as SciPy's are."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def placed(f: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    """f, which takes arguments by name, with positions and signature of SciPy's function.

    f names the arguments that it looks at as SciPy does, and passes on all others. What is not
    given does not reach f: SciPy's defaults stay its own.
    """
    try:
        signature = inspect.signature(original)
    except ValueError:  # compiled, and it does not say
        return f
    kinds = {name: p.kind for name, p in signature.parameters.items()}
    if inspect.Parameter.VAR_POSITIONAL in kinds.values():
        return f
    names = [name for name, kind in kinds.items() if kind in _POSITIONAL]

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > len(names) or any(name in kwargs for name in names[: len(args)]):
            return original(*args, **kwargs)  # which raises
        return f(**dict(zip(names, args, strict=False)), **kwargs)

    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def take_places(ours: dict[str, Any], theirs: Any) -> None:
    """Do so with all public functions of a module of ours that are named as SciPy's.

    Parameters
    ----------
    ours : dict
        The names of the module, which become those of the functions so placed.
    theirs : module
        SciPy's.
    """
    for name, f in list(ours.items()):
        is_own = inspect.isfunction(f) and f.__module__.startswith(f"{__package__}.")
        if is_own and not name.startswith("_") and hasattr(theirs, name):
            ours[name] = placed(f, getattr(theirs, name))
