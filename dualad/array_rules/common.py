"""What the families share: array-likes, axes, out=, dtype=."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..array.algebra import linear
from ..array.dualarray import DualArray
from ..array.operands import as_objects, as_operand, converted
from ..dual import Dual
from ..pair import dual, fit, is_array, plain, with_shape


def array(x: Any) -> Any:
    """An array-like with its shape: a dual, or an array."""
    x = as_operand(x)
    if not isinstance(x, Dual):
        return np.asarray(x)
    return x if is_array(x) else with_shape(x)


def unboxed(x: Any) -> Any:
    """An array without axes as the number that NumPy's reductions give."""
    return x[()] if isinstance(x, (np.ndarray, DualArray)) else x


def has_duals(*args: Any) -> bool:
    """Whether there is anything to differentiate."""
    return any(isinstance(a, Dual) for a in args)


def along(f: Callable[..., Any], *args: Any) -> Any:
    """`linear` for an f that takes tangents with directions in front just like values.

    That is, f names its axes from the end, or works on whole rows.
    """
    return linear(f, *args, batched=f) if has_duals(*args) else f(*args)


def axis_from_end(axis: Any, ndim: int) -> int:
    """The axis counted from the end, where directions in front do not shift it."""
    return int(normalize_axis_index(axis, ndim)) - ndim


def axes_from_end(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes (an index, several, or None for all) counted from the end."""
    if axis is None:
        return tuple(range(-ndim, 0))
    if isinstance(axis, int):
        return (normalize_axis_index(axis, ndim) - ndim,)
    return tuple([i - ndim for i in normalize_axis_tuple(axis, ndim)])


def merged(a: Any, axis: Any) -> Any:
    """The given axes of a as one, which is the last."""
    axes = axes_from_end(axis, a.ndim)
    if axes == (-1,):
        return a
    rest = [n for i, n in enumerate(a.shape) if i - a.ndim not in axes]
    if rest:
        a = np.moveaxis(a, axes, range(-len(axes), 0))
    return np.reshape(a, (*rest, int(np.prod(a.shape[len(rest) :]))))


def reduced(shape: tuple[int, ...], axis: Any, keepdims: bool) -> tuple[int, ...]:
    """What a reduction over the axes leaves of a shape."""
    ndim, axes = len(shape), axes_from_end(axis, len(shape))
    places = [(1 if i - ndim in axes else n) for i, n in enumerate(shape)]
    return tuple(n for i, n in enumerate(places) if keepdims or i - ndim not in axes)


def with_value(y: Any, result: Any) -> Any:
    """y, calculated by NumPy itself, with the tangent of a result that was composed."""
    return dual(y, fit(result.tangent, y), result.level) if has_duals(result) else y


def as_dtype(a: Any, dtype: Any) -> Any:
    """a in another precision; whole numbers have no derivative."""
    if dtype is None:
        return a
    if has_duals(a) and np.dtype(dtype).kind not in "fc":
        raise TypeError(
            f"dtype={np.dtype(dtype)} would lose the derivatives; give a float or complex dtype, "
            "or pass x.primal for the plain array."
        )
    return converted(a, dtype)


def into(out: Any, y: Any) -> Any:
    """y, stored in `out` if one is given."""
    if out is None:
        return y
    if isinstance(out, tuple):
        (out,) = out
    if np.shape(plain(out)) != np.shape(plain(y)):
        raise ValueError(
            f"out= has shape {np.shape(plain(out))}, but the result has shape {np.shape(plain(y))}."
        )
    if np.iscomplexobj(plain(y)) and not np.iscomplexobj(plain(out)):
        raise TypeError("out= is real, but the result is complex; make out= a complex array.")
    store(out, ..., y)
    return out


def store(target: Any, index: Any, x: Any) -> None:
    """target[index] = x, in an array that has room for the derivatives of x."""
    if isinstance(target, np.ndarray) and has_duals(x):
        if target.dtype != object:
            raise TypeError(
                f"a plain array of {target.dtype} was to be written to, which cannot hold "
                "derivatives; make it with np.zeros_like(x), or omit out=."
            )
        x = as_objects(x)
    elif not isinstance(target, (np.ndarray, DualArray)):
        raise TypeError(f"an array was to be written to, got {type(target).__name__}.")
    target[index] = x
