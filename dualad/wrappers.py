"""What a driver gives back: a function that looks like f, and can be pickled as f can.

`driver` makes a driver of its definition, and does what all of them do alike: it refuses what is
not a function, lifts f on request, and puts the kernel's short way first where there is one.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any, TypeVar

from .arguments import Argnums, Outputs, argnums_as_tuple
from .differentiations import doubt
from .dual import Dual
from .kernel import DRIVERS
from .lifting.lift import lift as lifted
from .pair import Function
from .promises import is_elementwise, is_like_plain
from .structure import leaves

Driver = TypeVar("Driver", bound=Callable[..., Any])


def driver(definition: Driver) -> Driver:
    """The driver that gives back what its definition does, as a function like f."""
    name = definition.__name__
    defaults = {k: p.default for k, p in inspect.signature(definition).parameters.items()}
    short_way: Any = DRIVERS.SHORT_WAYS.get(name) if DRIVERS else None  # for one index, no options

    def are_defaults(options: dict[str, Any]) -> bool:
        return all(defaults.get(option, ...) is value for option, value in options.items())

    @functools.wraps(definition)
    def public(
        f: Function, argnums: Argnums = 0, *args: Any, lift: bool = False, **options: Any
    ) -> Function:
        function = function_for(name, f, lift) if lift or not callable(f) else f
        is_short = short_way and not args and type(argnums) is int and argnums >= 0
        if is_short and (not options or are_defaults(options)):
            wrapper: Function = short_way(definition, function, argnums, public, f, lift)
            return wrapper
        argnums_as_tuple(name, argnums, f"; for the point x, write {name}(f)(x)")
        call: Function = definition(function, argnums, *args, **options)
        is_wrapper = isinstance(call, _WRAPPERS)  # a higher derivative, by the same driver
        if is_wrapper and not lift:
            return call
        made_by = functools.partial(public, f, argnums, *args, lift=lift, **options)
        return _Wrapper(call, function, made_by)

    return public  # type: ignore[return-value]


def function_for(driver: str, f: Function, lift: bool) -> Function:
    """The function that a driver differentiates.

    Raises
    ------
    TypeError
        If f is not callable.
    """
    if not callable(f):
        raise TypeError(f"{driver} needs a function, got {type(f).__name__}; write {driver}(f)(x).")
    return lifted(f) if lift else f


class _Wrapper:
    """A function under the name, text and signature of f; the kernel has one of its own."""

    def __init__(self, call: Function, f: Function, made_by: functools.partial[Function]) -> None:
        self.__qualname__ = type(f).__name__  # if f has no name
        functools.update_wrapper(self, f)
        self._call, self._made_by = call, made_by

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        return self._made_by, ()

    def __repr__(self) -> str:
        return f"<function {self.__qualname__} at {id(self):#x}>"


def _continued(definition: Function, x: Any, y: Any, level: int) -> Any:
    """What a driver makes of y, which f has given for x with unit seeds of this level."""
    return definition(Outputs(definition.__name__, y, level))(x)


def _is_doubtful(f: Function, x: Any, level: int) -> bool:
    """Whether what f has given for x is to be compared with plain runs."""
    return doubt(level) == "error" or not is_like_plain(f, list(leaves(x)))


_WRAPPERS: tuple[type, ...] = (_Wrapper,)
if DRIVERS:
    DRIVERS.connect(Dual, _continued, is_elementwise, _is_doubtful, doubt)
    _WRAPPERS = (_Wrapper, *DRIVERS.SHORT_WAYS.values())
