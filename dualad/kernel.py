"""Which implementation is in use: the compiled kernels, or the readable definition alone.

Nothing is imported from the rooms below; what the kernels need of them they get by `connect`.

>>> kernel_info().reason != ""
True
"""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

from ._fingerprint import fits


class KernelInfo(NamedTuple):
    """What `kernel_info` says.

    Attributes
    ----------
    in_use : bool
        Whether duals of real floats are compiled.
    reason : str
        Why, or why not.
    directions : int
        How many directions a compiled dual carries inside; more live in an array.
    """

    in_use: bool
    reason: str
    directions: int


Modules = tuple[ModuleType | None, ...]
NONE: Modules = (None, None, None, None)


def load() -> tuple[Modules, KernelInfo]:
    """The kernels of numbers, arrays, lifting and drivers, if they are there and fit."""
    if os.environ.get("DUALAD_PURE", "0") not in ("", "0"):
        return NONE, KernelInfo(False, "DUALAD_PURE is set", 0)
    try:
        from . import _array_kernel, _drivers, _kernel, _lifting
    except ImportError as error:
        why = str(error)
        if isinstance(error, ModuleNotFoundError) or "partially initialized module" in why:
            why = "it was not built; install with a C compiler at hand"
        return NONE, KernelInfo(False, why, 0)
    kernels = _kernel, _array_kernel, _lifting, _drivers
    built = {kernel.FINGERPRINT for kernel in kernels}
    if len(built) > 1 or not fits(built.pop()):
        why = "it was built from other sources than these; reinstall dualad"
        warnings.warn(f"dualad's compiled kernel is not used: {why}.", stacklevel=2)
        return NONE, KernelInfo(False, why, 0)
    return kernels, KernelInfo(True, "built from these sources", _kernel.DIRECTIONS)


(KERNEL, ARRAY_KERNEL, LIFTING, DRIVERS), _INFO = load()


def compiled_first(apply: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The chain rule with its compiled short ways, for arrays and for numbers, where there are."""
    if ARRAY_KERNEL is None or KERNEL is None:
        return apply
    on_arrays, on_numbers = ARRAY_KERNEL.on_arrays, KERNEL.rule_on_numbers

    @functools.wraps(apply)
    def compiled(rule: Any, args: Any) -> Any:
        result = on_arrays(rule, args, apply) if rule.is_compilable else None
        if result is None:
            result = on_numbers(rule, args)
        return apply(rule, args) if result is None else result

    return compiled


def kernel_info() -> KernelInfo:
    """Whether duals of real floats are compiled, and why (not).

    The compiled Dual and the readable one say the same, to the last bit; the compiled one says
    it several times faster. Set DUALAD_PURE=1 in the environment to have the readable one.

    Returns
    -------
    KernelInfo
        A named tuple of `in_use`, the `reason`, and how many `directions` a compiled Dual has.

    Examples
    --------
    >>> kernel_info().in_use in (True, False)
    True
    """
    return _INFO
