"""The methods of ufuncs: reduce, accumulate, outer, at, reduceat.

A ufunc of two arguments is folded along an axis, one step of its rule after the other; where
NumPy has a function of its own for that (np.sum is np.add.reduce), that function does it.
"""

from __future__ import annotations

import functools
import math
import reprlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..array.algebra import constant, linear
from ..array.dualarray import DualArray, refuse_overlap
from ..array.operands import converted
from ..array.protocols import ufunc_method
from ..dual import Dual, evaluate, function
from ..pair import plain
from ..refusals import MAKE_ROOM, refused
from ..rules import Rule
from ..table import RULES
from .common import along, array, has_duals, valued
from .reductions import running


def _log_of_sum(ufunc: Any, exp: Any, log: Any) -> Callable[..., Any]:
    """log Σ exp aᵢ, where the largest aᵢ is a finite number; else by steps of the ufunc."""

    def reduction(a: Any, axis: Any, keepdims: bool) -> Any:
        most = np.max(plain(a), axis=axis, keepdims=True, initial=-np.inf)
        if np.all(np.isfinite(most)):
            y = log(np.sum(exp(a - most), axis=axis, keepdims=keepdims))
            return y + (most if keepdims else np.squeeze(most, axis))
        first = None if a.size else ufunc.identity  # which would have a say where all are −∞
        y = _fold(RULES[ufunc.__name__], a, axis, first, True)
        return np.reshape(y, _kept(a.shape, axis)) if keepdims else y

    return reduction


_REDUCTIONS: dict[Any, Callable[..., Any]] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logaddexp: _log_of_sum(np.logaddexp, np.exp, np.log),
    np.logaddexp2: _log_of_sum(np.logaddexp2, np.exp2, np.log2),
}
_ASSOCIATIVE = (np.logaddexp, np.logaddexp2, np.hypot)
_EXTREMES = (np.maximum, np.minimum, np.fmax, np.fmin)
_ACCUMULATIONS: dict[Any, Callable[..., Any]] = {np.add: np.cumsum, np.multiply: np.cumprod}


def _method(name: str) -> Callable[..., Any]:
    """Enter what is composed to give the same as this method of ufuncs, whose values it has."""

    def enter(composed: Callable[..., Any]) -> Callable[..., Any]:
        @ufunc_method(name)
        def call(ufunc: Any, rule: Rule, *args: Any, **kwargs: Any) -> Any:
            folded: list[Any] = []

            def fold(*args: Any, **kwargs: Any) -> Any:
                folded.append(composed(ufunc, rule, *args, **kwargs))
                return folded[-1]

            y = valued(getattr(ufunc, name), fold, args, kwargs)
            if ufunc not in _REDUCTIONS and folded:
                _refuse_unless_folded(f"np.{ufunc.__name__}.{name}", y, folded[0])
            return y

        return composed

    return enter


def _refuse_unless_folded(name: str, y: Any, folded: Any) -> None:
    """NumPy 2.4 does not fold arctan2 and power from the left along rows, on AVX-512 machines."""
    value, wanted = plain(y), plain(folded)
    near = np.finfo(value.dtype).eps ** 0.6 if value.dtype.kind in "fc" else 0.0
    if not np.allclose(value, wanted, near, 0.0, equal_nan=True):
        raise refused(
            f"{name} does not fold from the left in this build of NumPy, which gives "
            f"{reprlib.repr(value)} for {reprlib.repr(wanted)}, and so has no derivative; write "
            "functools.reduce, or a loop.",
            y,
        )


@_method("reduce")
def reduce(
    ufunc: Any,
    rule: Rule,
    a: Any,
    axis: Any = 0,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Fold the elements along an axis, several, or all (None)."""
    a = array(a)
    if dtype is not None:
        a = converted(a, dtype)
    fill = initial if ufunc.identity is None else ufunc.identity
    if where is not True and fill is None:
        raise ValueError(
            f"np.{ufunc.__name__}.reduce with where= needs initial=, for it has no identity."
        )
    if ufunc in _REDUCTIONS and (a.size or ufunc.identity is not None or initial is None):
        if where is not True:
            a = np.where(where, a, fill)
        result = _REDUCTIONS[ufunc](a, axis=axis, keepdims=keepdims)
        return result if initial is None else evaluate(rule, (initial, result))
    if ufunc is np.subtract and initial is None and where is True and a.size:
        (place,) = _axes(a.ndim, axis)
        first, rest = (np.take(a, i, axis=place) for i in ([0], np.arange(1, a.shape[place])))
        y = first - np.sum(rest, axis=place, keepdims=True)  # its tangents alone are looked at
        return y if keepdims else np.squeeze(y, place)
    result = _fold(rule, a, axis, ufunc.identity if initial is None else initial, where)
    return np.reshape(result, _kept(a.shape, axis)) if keepdims else result


def _fold(rule: Rule, a: Any, axis: Any, start: Any, where: Any) -> Any:
    """One step after the other; elements that `where` leaves out change nothing."""
    axes = _axes(a.ndim, axis)
    mask = np.moveaxis(np.broadcast_to(where, a.shape), axes, range(len(axes)))
    rest = mask.shape[len(axes) :]
    shape = (math.prod(mask.shape[: len(axes)]), *(rest if math.prod(rest) != 1 else ()))
    steps = np.copy(np.reshape(np.moveaxis(a, axes, range(len(axes))), shape), "C")
    mask = mask.reshape(shape)
    result, operate = start, function(rule)
    for chosen, step in zip(mask, steps, strict=True):  # numbers, where one is left
        if result is None:
            result = step
        elif chosen.all():
            result = operate(result, step)
        else:
            result = np.where(chosen, operate(result, step), result)
    if result is None:
        raise ValueError(f"np.{rule.name}.reduce of nothing has no value; give initial=.")
    return result if np.shape(result) == rest else np.broadcast_to(result, rest)


def _axes(ndim: int, axis: Any) -> list[int]:
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return sorted(i % ndim for i in axes) if ndim else []


def _kept(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """The shape with keepdims=True."""
    axes = _axes(len(shape), axis)
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


@_method("accumulate")
def accumulate(ufunc: Any, rule: Rule, a: Any, axis: int = 0, dtype: Any = None) -> Any:
    """Fold along an axis and keep every step."""
    if dtype is not None:
        a = converted(a, dtype)
    if ufunc in _ACCUMULATIONS:
        return _ACCUMULATIONS[ufunc](a, axis=axis)
    operate = function(rule)
    if ufunc in _ASSOCIATIVE:
        y = running(operate, np.moveaxis(a, axis, -1))
        return np.moveaxis(y, -1, axis)
    if ufunc in _EXTREMES and (places := _places_of_extremes(ufunc, plain(a), axis)) is not None:
        return np.take_along_axis(a, places, axis)
    steps = list(np.copy(np.moveaxis(a, axis, 0), "C"))
    for i in range(1, len(steps)):
        steps[i] = operate(steps[i - 1], steps[i])
    return np.stack(steps, axis=axis) if steps else a


def _places_of_extremes(ufunc: Any, v: Any, axis: int) -> Any:
    """Where along an axis the running maxima or minima stand; None if any stands twice."""
    y = ufunc.accumulate(v, axis=axis)
    turned, values = np.moveaxis(y, axis, 0), np.moveaxis(v, axis, 0)
    if np.any(values[1:] == turned[:-1]) or np.any(values != values):  # or at nan
        return None
    each = np.reshape(np.arange(len(values)), (-1, *[1] * (v.ndim - 1)))
    places = np.maximum.accumulate(np.where(values == turned, each, 0), axis=0)
    return np.moveaxis(places, 0, axis)


@_method("outer")
def outer(ufunc: Any, rule: Rule, a: Any, b: Any) -> Any:
    """All pairs of elements: shape a.shape + b.shape."""
    return evaluate(rule, (np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b))


_FEW = 4  # lengths of slices that are folded at once each: of more, all numbers cost less


@_method("reduceat")
def reduceat(ufunc: Any, rule: Rule, a: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
    """Fold the slices between consecutive indices; a falling pair gives the element itself."""
    a = array(a) if dtype is None else converted(a, dtype)
    axis = normalize_axis_index(axis, a.ndim)
    starts, n = np.array(indices, int), a.shape[axis]
    outside = starts[(starts < 0) | (starts >= n)]
    if outside.size:
        raise IndexError(f"index {outside[0]} is out of bounds for axis {axis} of length {n}.")
    if ufunc is np.add:
        return along(lambda t: np.add.reduceat(t, starts, axis - a.ndim), a)
    lengths = np.maximum(np.diff(starts, append=n), 1)
    each = np.unique(lengths).tolist()
    if a.ndim == 1 and len(each) > _FEW:
        steps, operate = list(np.copy(a)), function(rule)
        pairs = zip(starts.tolist(), (starts + lengths).tolist(), strict=True)
        return np.stack([functools.reduce(operate, steps[i:j]) for i, j in pairs])
    parts, numbers = [], []
    for length in each:  # all slices of one length at once
        (chosen,) = np.nonzero(lengths == length)
        block = np.take(a, starts[chosen, None] + np.arange(length), axis=axis)
        parts.append(reduce(ufunc, rule, block, axis=axis + 1))
        numbers.append(chosen)
    if not parts:
        return np.take(a, starts, axis=axis)
    y = np.concatenate(parts, axis=axis)
    return y if len(parts) == 1 else np.take(y, np.argsort(np.concatenate(numbers)), axis=axis)


@ufunc_method("at")
def at(ufunc: Any, rule: Rule, a: Any, indices: Any, *others: Any) -> None:
    """Apply the ufunc in place at the indices, one after the other, repeated ones too."""
    if not isinstance(a, DualArray):
        raise TypeError(
            f"np.{ufunc.__name__}.at would store duals in a plain array, which cannot hold "
            f"derivatives; {MAKE_ROOM}."
        )
    refuse_overlap(a, f"np.{ufunc.__name__}.at")
    places = _numbers_of(a.shape, indices)
    others = tuple(np.ravel(np.broadcast_to(b, places.shape)) for b in others)

    def changed(x: Any, numbers: Any, *values: Any) -> Any:
        x = np.copy(x, "C")
        older = [v for v in values if isinstance(v, Dual)]
        if older and not isinstance(x, Dual):  # in a nested derivative
            x = constant(x, older[0])
        ufunc.at(x, numbers, *values)
        return x

    way = _linear_at if ufunc in _LINEAR else _stepwise_at
    composed = functools.partial(way, changed, rule)
    if 4 * places.size < a.size:  # these elements alone
        some, places = np.unique(places, return_inverse=True)
        where = np.unravel_index(some, a.shape)
        a[where] = valued(changed, composed, (a[where], np.ravel(places), *others), {})
        return
    y = valued(changed, composed, (np.reshape(a, -1), np.ravel(places), *others), {})
    a[...] = np.reshape(y, a.shape)


def _numbers_of(shape: tuple[int, ...], indices: Any) -> Any:
    """The numbers, counted in C order, of the elements at these indices."""
    each = indices if isinstance(indices, tuple) else (indices,)
    if len(each) == len(shape) and all(getattr(i, "dtype", None) == np.intp for i in each):
        np.broadcast_to(False, shape)[indices]  # raises where there are none
        return np.ravel_multi_index(np.broadcast_arrays(*each), shape, mode="wrap")
    return np.arange(math.prod(shape)).reshape(shape)[indices]


_LINEAR = (np.add, np.subtract)


def _linear_at(changed: Callable[..., Any], _rule: Rule, a: Any, numbers: Any, b: Any) -> Any:
    """What is done to the values is done to the tangents."""
    if not has_duals(b):
        return a.copy()
    return linear(lambda x, y: changed(x, numbers, y), a, b)


def _stepwise_at(
    _changed: Callable[..., Any], rule: Rule, a: Any, numbers: Any, *others: Any
) -> Any:
    """First all that comes first at its place, then what comes second there, and so on."""
    result = a.copy()
    turns = _turns(numbers)
    for turn in range(int(np.max(turns, initial=-1)) + 1):
        now = np.flatnonzero(turns == turn)
        where = numbers[now]
        result[where] = evaluate(rule, (result[where], *(b[now] for b in others)))
    return result


def _turns(numbers: Any) -> Any:
    """How often each of these numbers has come before.

    >>> _turns(np.array([3, 1, 3, 3, 1]))
    array([0, 0, 1, 2, 1])
    """
    order = np.argsort(numbers, kind="stable")
    _, first, counts = np.unique(numbers[order], return_index=True, return_counts=True)
    turns = np.empty_like(order)
    turns[order] = np.arange(order.size) - np.repeat(first, counts)
    return turns
