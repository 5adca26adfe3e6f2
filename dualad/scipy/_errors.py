"""Errors of wrong calls, which are SciPy's own.

A wrong call is wrong for plain numbers, too. So where one with duals fails, the same call on plain
numbers says whether it is the duals that it has failed for.
"""

from __future__ import annotations

import copy
import functools
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array.operands import as_operand
from ..array_rules.common import has_duals
from ..dual import Dual
from ..pair import plain
from ..structure import rebuild
from ._branches import may_hold_duals

Function = Callable[..., Any]

# What a wrong call may raise; a `NonDifferentiableError` is none of these.
OF_CALLS = (TypeError, ValueError, LookupError, AttributeError, AssertionError)


class _UndecidedError(Exception):
    """The call on plain numbers is not made, or not to its end."""


def error_on_values(f: Function, args: Any, kwargs: Any) -> Exception | None:
    """What the same call on plain numbers raises, if it does.

    It is given copies, and functions among them are not called: they may count their calls, or
    print. Where f calls one it has accepted its arguments.
    """
    reached: list[Function] = []

    def value(x: Any) -> Any:
        if hasattr(x, "held_duals"):
            return x.plain
        if isinstance(x, (Dual, np.ndarray)):
            return plain(as_operand(x))
        if callable(x) and not isinstance(x, type) and not _is_of_scipy(x):

            def never(*_: Any, **__: Any) -> Any:
                reached.append(x)
                raise _UndecidedError

            return functools.update_wrapper(never, x)
        held = [] if isinstance(x, type) else list(getattr(x, "__dict__", {}).values())
        if may_hold_duals(*held) or any(isinstance(part, types.FunctionType) for part in held):
            raise _UndecidedError
        return plain(as_operand(x))

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = rebuild([args, kwargs], value)
            if has_duals(given):
                raise _UndecidedError
            given = copy.deepcopy(given)
    except Exception:  # what cannot be copied may be used up
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            f(*given[0], **given[1])
    except Exception as error:
        return None if reached else error
    return None


def _is_of_scipy(x: Any) -> bool:
    """Whether x is of a class of SciPy's or NumPy's, or one derived from it, such as a spline."""
    return any(k.__module__.partition(".")[0] in ("numpy", "scipy") for k in type(x).__mro__)
