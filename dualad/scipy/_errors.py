"""Errors of wrong calls, which are SciPy's own.

A wrong call is wrong for plain numbers, too. So where one with duals fails, the same call on plain
numbers says whether it is the duals that it has failed for.
"""

from __future__ import annotations

import copy
import functools
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..array.operands import as_operand
from ..array_rules.common import has_duals
from ..dual import Dual
from ..pair import plain
from ..structure import leaves, rebuild
from ._branches import may_hold_duals

Function = Callable[..., Any]

# What a wrong call may raise; a `NonDifferentiableError` is none of these.
OF_CALLS = (TypeError, ValueError, LookupError, AttributeError, AssertionError)


class _UndecidedError(Exception):
    """The call on plain numbers is not made, or not to its end."""


def error_on_values(f: Function, args: Any, kwargs: Any) -> Exception | None:
    """What the same call on plain numbers raises, if it does."""
    found = _outcome(f, args, kwargs)
    return None if found is None else found[1]


def _outcome(f: Function, args: Any, kwargs: Any) -> tuple[Any, Exception | None] | None:
    """What the same call on plain numbers gives, or else raises; None if that is not decided.

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
            return f(*given[0], **given[1]), None
    except Exception as error:
        return None if reached else (None, error)


def _is_of_scipy(x: Any) -> bool:
    """Whether x is of a class of SciPy's or NumPy's, or one derived from it, such as a spline."""
    return any(k.__module__.partition(".")[0] in ("numpy", "scipy") for k in type(x).__mro__)


# -- arguments as SciPy reads them -------------------------------------------------------------


def read_otherwise(f: Function, args: Any, kwargs: Any) -> Iterator[tuple[Any, Any]]:
    """The same arguments in other words, in which SciPy's f gives the same for plain numbers.

    SciPy takes numbers of more precision than LAPACK has for doubles, and a number for a matrix or
    an array of one where it takes these. Where ours does not, it is asked again.
    """
    value: Any = None
    for change in (_to_doubles, _to_matrices, _to_arrays):
        other = rebuild([args, kwargs], change)
        if all(a is b for a, b in zip(leaves([args, kwargs]), leaves(other), strict=True)):
            continue
        value = value or _outcome(f, args, kwargs)
        found = _outcome(f, *other)
        if value and found and not (value[1] or found[1]) and _are_same(value[0], found[0]):
            yield tuple(other)


def _to_doubles(x: Any) -> Any:
    dtype = getattr(as_operand(x) if isinstance(x, list) else x, "dtype", None)
    if dtype in (np.longdouble, np.clongdouble):
        return as_operand(x).astype(float if dtype == np.longdouble else complex)
    return x


def _to_matrices(x: Any) -> Any:
    return np.reshape(as_operand(x), (1, 1)) if isinstance(x, Dual) and not np.ndim(x) else x


def _to_arrays(x: Any) -> Any:
    return np.reshape(as_operand(x), (1,)) if isinstance(x, Dual) and not np.ndim(x) else x


def _are_same(a: Any, b: Any) -> bool:
    """Whether two results are of the same numbers, kinds and shapes."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (np.ndarray, np.generic, float, complex)):
        is_inexact = np.result_type(a).kind in "fc"
        return np.result_type(a) == np.result_type(b) and np.array_equal(a, b, is_inexact)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_are_same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_are_same, a, b))
    return _are_same(vars(a), vars(b)) if hasattr(a, "__dict__") else bool(a == b)
