"""np.linspace, np.logspace and np.geomspace between duals, and functions along axes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array.operands import as_operand
from ..array.protocols import implements
from ..pair import plain
from .common import array, as_dtype, axis_from_end, composing


@composing(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    start, stop, num = array(start), array(stop), operator.index(num)
    steps = num - 1 if endpoint else num
    ndim = max(start.ndim, stop.ndim)
    i = axis_from_end(axis, ndim + 1)
    part = np.reshape(np.arange(num) / max(steps, 1), (-1, *[1] * (-1 - i)))
    first, last = (np.expand_dims(_spread(a, ndim), i) for a in (start, stop))
    y = np.where(part == 0, first, first * (1 - part) + last * part)
    y = as_dtype(np.where(part == 1, last, y), dtype)  # the ends are themselves, beside nan too
    return (y, (stop - start) / steps if steps > 0 else np.nan) if retstep else y


def _spread(a: Any, ndim: int) -> Any:
    """Axes of length 1 in front, up to ndim axes in all."""
    return np.reshape(a, (1,) * (ndim - a.ndim) + a.shape)


@composing(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    base = as_operand(base)
    if np.ndim(base):
        ends = [array(start), array(stop)]
        shape = np.broadcast_shapes(base.shape, *(a.shape for a in ends))
        start, stop, base = (np.broadcast_to(a, shape) for a in (*ends, base))
        base = np.expand_dims(base, axis)
    y = np.linspace(start, stop, num, endpoint, axis=axis)
    return as_dtype(np.power(base, y), dtype)


@composing(np.geomspace)
def geomspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    start, stop = array(start), array(stop)
    if np.any(plain(start) == 0) or np.any(plain(stop) == 0):
        raise ValueError("np.geomspace cannot start or stop at zero.")
    shape = np.broadcast_shapes(start.shape, stop.shape)
    kind = np.result_type(plain(start), plain(stop), np.float64)
    start, stop = (as_dtype(np.broadcast_to(a, shape), kind) for a in (start, stop))
    turn = np.sign(plain(start))  # so that the logarithms are real if they can be
    i = axis_from_end(axis, len(shape) + 1)
    y = np.logspace(np.log10(start / turn), np.log10(stop / turn), num, endpoint, axis=i)
    y = y * np.expand_dims(turn, i)
    place = np.reshape(np.arange(y.shape[i]), (-1, *[1] * (-1 - i)))
    y = np.where(place == 0, np.expand_dims(start, i), y)
    if endpoint and y.shape[i] > 1:
        y = np.where(place == y.shape[i] - 1, np.expand_dims(stop, i), y)
    return as_dtype(y, dtype)


# -- a function of the user's along axes ---------------------------------------------------


@implements(np.apply_along_axis)
def apply_along_axis(
    func1d: Callable[..., Any], axis: Any, arr: Any, *args: Any, **kwargs: Any
) -> Any:
    a = array(arr)
    i = axis_from_end(axis, a.ndim)
    a = np.moveaxis(a, i, -1)
    rest = a.shape[:-1]
    if not all(rest):
        raise ValueError(
            f"np.apply_along_axis has nothing to apply the function to in shape {array(arr).shape}."
        )
    results = [array(func1d(a[place], *args, **kwargs)) for place in np.ndindex(rest)]
    shape, kind = results[0].shape, plain(results[0]).dtype
    results = [y if plain(y).dtype == kind else as_dtype(y, kind) for y in results]
    y = np.reshape(np.stack(results), rest + shape)
    places = range(len(rest), len(rest) + len(shape))
    return np.moveaxis(y, places, range(i + a.ndim, i + a.ndim + len(shape)))


@implements(np.apply_over_axes)
def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    a = array(a)
    for axis in np.ravel(axes).tolist():
        i = int(axis) % a.ndim
        y = array(func(a, i))
        a = y if y.ndim == a.ndim else np.expand_dims(y, i)
    return a
