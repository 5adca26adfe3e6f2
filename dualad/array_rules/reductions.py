"""Sums, products, moments and differences along axes, and their nan-versions.

Sums are linear. A product's slope in one factor is the product of all others, made of running
products from both ends, so that zeros need no care. Moments and differences are composed.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..array.dualarray import DualArray
from ..array.operands import as_operand, converted
from ..array.protocols import implements
from ..array_tangents import ArrayTangent
from ..conversions import as_number
from ..numerics import is_quiet, quiet
from ..pair import Pair, dual, fit, moved, plain, shape_of
from ..zeros import scale, strong_product
from .common import (
    along,
    array,
    as_dtype,
    as_floats,
    axes_from_end,
    axis_from_end,
    composing,
    has_duals,
    into,
    merged,
    passing,
    reduced,
    reduced_axes,
    refuse_bool,
    unboxed,
    valued,
    with_axis,
)

# -- sums ----------------------------------------------------------------------------------


def _linear_reduction(
    f: Callable[..., Any], a: Any, axis: Any, dtype: Any, keepdims: bool, where: Any
) -> Any:
    """Apply np.sum or np.mean to the value and to the tangent."""
    a = as_dtype(array(a), dtype)
    options: dict[str, Any] = {"axis": reduced_axes(axis, a.ndim), "keepdims": keepdims}
    if where is not True:
        options["where"] = plain(array(where))
    return along(partial(f, **options), a)


@implements(np.sum)
def sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    y = None
    is_of_all = axis is dtype is initial is None and where is True and not keepdims
    if is_of_all and type(a) is DualArray:
        y = _sum_of_all(a)
    if y is None:
        given = {"initial": initial} if initial is not None else {}
        y = _valued(np.sum, _sum, a, axis, dtype, keepdims, where, given)
    return into(out, y)


def _sum(
    a: Any, axis: Any, dtype: Any, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    y = _linear_reduction(np.add.reduce, a, passing(axis, a), dtype, keepdims, where)
    return y if initial is None else initial + y


def _valued(
    f: Callable[..., Any],
    composed: Callable[..., Any],
    a: Any,
    axis: Any,
    dtype: Any,
    keepdims: bool,
    where: Any,
    given: dict[str, Any],
) -> Any:
    """A reduction; with options that change the order of a sum it takes its values from f."""
    if where is not True:
        given["where"] = where
    if dtype is None and not given:
        return composed(a, axis, dtype, keepdims)
    return valued(f, composed, (a, axis, dtype), given | {"keepdims": keepdims})


def _sum_of_all(a: DualArray) -> Any:
    """The same for the commonest case, the sum of a plain array's elements; else None."""
    value, tangent = a.primal, a.tangent
    if type(value) is not np.ndarray or type(tangent) is not np.ndarray:
        if type(value) is np.ndarray and isinstance(tangent, ArrayTangent):
            return moved(np.add.reduce(value, None), tangent.total(), a.level)
        return None
    many = tangent.ndim - value.ndim
    total = np.add.reduce(tangent, tuple(range(many, tangent.ndim)))
    return moved(np.add.reduce(value, None), total if many else as_number(total), a.level)


@implements(np.mean)
def mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    *,
    where: Any = True,
) -> Any:
    if where is True and np.size(plain(a)):
        return into(out, _linear_reduction(np.mean, a, axis, dtype, keepdims, True))
    options = {"keepdims": keepdims, "where": where}
    return into(out, valued(np.mean, _mean, (a, axis, dtype), options))


def _mean(a: Any, axis: Any, dtype: Any, keepdims: bool = False, where: Any = True) -> Any:
    """The mean, about which nothing is said: of no numbers it is nan, as NumPy's own tells once."""
    if where is True and np.size(plain(a)):
        return np.mean(a, axis, dtype, keepdims=keepdims)
    a = array(a)
    axes = reduced_axes(axis, a.ndim)
    total = _sum(a, axes, dtype, keepdims, where=where)
    with quiet():
        return total / np.asarray(_count(a.shape, axes, where, keepdims), plain(total).dtype)


@composing(np.average)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    a = array(a)
    axes = axes_from_end(axis, a.ndim)
    if weights is None:
        y = _mean(a, axes, None, keepdims)
        total = np.full_like(plain(y), a.size / max(1, np.size(plain(y))))[()]
        return (y, total) if returned else y
    w = _weights_for(a, axis, array(weights))
    dtype = np.result_type(plain(a).dtype, plain(w).dtype, np.float16)
    w = w if w.dtype == dtype else converted(w, dtype)
    total = np.sum(w, axes, keepdims=keepdims)
    if np.any(plain(total) == 0):
        raise ZeroDivisionError("the weights sum to zero, so there is no average.")
    y = np.sum(a * w, axes, keepdims=keepdims) / total
    if not returned:
        return y
    return y, total if np.shape(total) == np.shape(y) else np.broadcast_to(total, np.shape(y))


def _weights_for(a: Any, axis: Any, w: Any) -> Any:
    """Weights in the shape of a, or in the shape of its axes that are averaged over."""
    if w.shape == a.shape:
        return w
    if axis is None:
        raise TypeError(
            f"axis= is needed: the weights have shape {w.shape}, and the array has {a.shape}."
        )
    axes = axes_from_end(axis, a.ndim)
    if w.shape != tuple(a.shape[i] for i in axes):
        raise ValueError(
            f"the weights have shape {w.shape}, but the axes {axis} of the array have "
            f"{tuple(a.shape[i] for i in axes)}; give weights of that shape."
        )
    w = np.transpose(w, np.argsort(axes))
    return np.reshape(w, [n if i - a.ndim in axes else 1 for i, n in enumerate(a.shape)])


@implements(np.cumsum)
def cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    a, axis = with_axis(as_dtype(array(a), dtype), axis)
    i = axis_from_end(axis, a.ndim)
    return into(out, along(lambda t: np.cumsum(t, axis=i), a))


# -- products ------------------------------------------------------------------------------


@composing(np.prod)
def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    a = as_dtype(array(a), dtype)
    axis = reduced_axes(passing(axis, a), a.ndim)
    if where is not True:
        a = np.where(plain(array(where)), a, 1)
    y = _product(merged(a, axis))
    if keepdims:
        y = np.reshape(y, reduced(a.shape, axis, True))
    return into(out, y if initial is None else initial * y)


def _product(a: Any) -> Any:
    """The product along the last axis."""
    if not has_duals(a):
        return np.prod(a, axis=-1)
    y = np.prod(a.primal, axis=-1)
    with np.errstate(all="ignore"):
        if _overflows(a):
            nested = isinstance(a.primal, Pair)
            tangent = _product_rule(a, y) if nested else _scaled_products(a)[-1]
            return dual(y, fit(tangent, y), a.level)
        terms = scale(_product_of_others(a.primal), a, a.primal, zero_slope_wins=False)
    return dual(y, np.sum(terms, axis=-1), a.level)


def _product_of_others(v: Any) -> Any:
    """For each element of the last axis the product of the others."""
    one = np.ones_like(plain(v)[..., :1])
    before = np.cumprod(np.concatenate([one, v[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([one, v[..., :0:-1]], axis=-1), axis=-1)
    return before * after[..., ::-1]


@implements(np.cumprod)
def cumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    a, axis = with_axis(as_dtype(array(a), dtype), axis)
    if not has_duals(a):
        return into(out, np.cumprod(a, axis=axis))
    y = np.cumprod(a.primal, axis=axis)
    axis = axis_from_end(axis, a.ndim)
    with np.errstate(all="ignore"):
        if isinstance(a.tangent, ArrayTangent) and _has_logarithm(plain(a), plain(y)):
            return into(out, dual(y, y * np.cumsum(a.tangent / a.primal, axis=axis), a.level))
        a = np.moveaxis(a, axis, -1)
        if _overflows(a):
            tangent = fit(np.stack(_scaled_products(a), axis=-1), y)
        else:
            tangent = np.copy(running(operator.mul, a).tangent)  # of one factor it is that of a
    return into(out, dual(y, np.moveaxis(tangent, -1, axis), a.level))


def _has_logarithm(*numbers: Any) -> bool:
    """Whether no number is zero, nearly so, or beyond the floats, nor its inverse."""
    for x in numbers:
        size, limits = np.abs(x), np.finfo(x.dtype)
        if not np.all((size > 4 * limits.tiny) & (size < limits.max / 4)):
            return False
    return True


def running(operate: Callable[[Any, Any], Any], x: Any) -> Any:
    """Running results along the last axis: of pairs first, then of what lies between.

    n elements take 2n operations, which must be associative, in 2·log₂(n) steps on whole arrays.
    """
    n = x.shape[-1]
    if n < 2:
        return x
    pairs = running(operate, operate(x[..., : n - 1 : 2], x[..., 1::2]))
    some = pairs[..., : (n - 1) // 2]
    between = np.stack([some, operate(some, x[..., 2::2])], axis=-1)
    between = np.reshape(between, (*x.shape[:-1], n - 1 - (n + 1) % 2))
    ends = [pairs[..., -1:]] if n % 2 == 0 else []
    return np.concatenate([x[..., :1], between, *ends], axis=-1)


# Where a product of some elements is beyond the floats, but not that of all: numbers are taken as
# x·2ᵏ, in pairs (x, k), with x near 1.


def _overflows(a: Any) -> bool:
    """Whether products of some elements along the last axis may be too large or too small."""
    if not isinstance(a.tangent, (np.ndarray, Pair)) or not a.size:
        return False
    exponents = np.abs(np.frexp(_size(plain(a)))[1])
    return bool(np.max(np.sum(exponents, axis=-1)) > np.finfo(plain(a).dtype).maxexp - 4)


def _size(x: Any) -> Any:
    """The size of a number, complex or with tangents: of its largest part."""
    if isinstance(x, Pair):
        value, tangent = _size(x.primal), _size(x.tangent)
        return np.maximum(value, tangent.max(0) if np.ndim(tangent) > np.ndim(value) else tangent)
    return np.maximum(np.abs(np.real(x)), np.abs(np.imag(x)))


def _shifted(x: Any, k: Any) -> Any:
    """x·2ᵏ, where neither 2ᵏ nor 1 need be near."""
    limits = np.finfo(plain(x).dtype)
    k = np.clip(k, -2 * limits.maxexp + 8, 2 * limits.maxexp - 8)
    one = limits.dtype.type(1)
    return x * np.ldexp(one, k // 2) * np.ldexp(one, k - k // 2)


def _normal(x: Any, k: Any = 0) -> tuple[Any, Any]:
    """x·2ᵏ as a pair with x near 1."""
    size = _size(x)
    more = np.where(np.isfinite(size), np.frexp(size)[1], 0)
    return _shifted(x, -more), k + more


def _times(x: tuple[Any, Any], y: tuple[Any, Any]) -> tuple[Any, Any]:
    """The product of two pairs; a zero y is stronger than infinity."""
    return _normal(strong_product(x[0], y[0], False), x[1] + y[1])


def _plus(x: tuple[Any, Any], y: tuple[Any, Any]) -> tuple[Any, Any]:
    k = np.maximum(*(np.where(_size(v) == 0, -(1 << 30), n) for v, n in (x, y)))
    return _normal(_shifted(x[0], x[1] - k) + _shifted(y[0], y[1] - k), k)


def _scaled_products(a: Any) -> list[Any]:
    """The tangents of the running products along the last axis, one after the other."""
    product = _normal(np.ones_like(plain(a)[..., 0]))
    tangent = _normal(np.zeros_like(plain(a.tangent)[..., 0]))
    found = []
    for i in range(a.shape[-1]):
        x, dot = _normal(a.primal[..., i]), _normal(a.tangent[..., i])
        tangent = _plus(_times(x, tangent), _times(product, dot))
        product = _times(product, x)
        found.append(_shifted(*tangent))
    return found


def _product_rule(a: Any, y: Any) -> Any:
    """The tangent of the product along the last axis, element by element: in n² steps."""
    terms = []
    for i in range(a.shape[-1]):
        v = a.primal
        others = _scaled_product(np.concatenate([v[..., :i], v[..., i + 1 :]], axis=-1))
        terms.append(scale(others, a[..., i], y, zero_slope_wins=False))
    return functools.reduce(operator.add, terms)


def _scaled_product(v: Any) -> Any:
    """The product along the last axis: of an older level, or of numbers."""
    if isinstance(v, Pair):
        y = _scaled_product(v.primal)
        return dual(y, fit(_product_rule(v, y), y), v.level) if shape_of(v)[-1] else y
    product = _normal(np.ones_like(v, shape=v.shape[:-1]))
    for i in range(v.shape[-1]):
        product = _times(product, _normal(v[..., i]))
    return _shifted(*product)


def _cumulative(f: Callable[..., Any], start: Callable[..., Any]) -> Callable[..., Any]:
    """np.cumulative_sum, or np.cumulative_prod: cumsum, or cumprod, in the array API's spelling."""

    def cumulative(
        x: Any,
        /,
        *,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        include_initial: bool = False,
    ) -> Any:
        x = array(x)
        if axis is None and x.ndim != 1:
            raise ValueError(f"an array of {x.ndim} axes needs axis=; without it, x has one axis.")
        axis = -1 if axis is None else axis
        y = f(x, axis=axis, dtype=dtype)
        if include_initial:
            shape = [1 if i == axis % y.ndim else n for i, n in enumerate(y.shape)]
            first = start(plain(y), shape=shape)
            y = np.concatenate([first, y], axis=axis)
        return into(out, y)

    return cumulative


if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    implements(np.cumulative_sum)(_cumulative(np.cumsum, np.zeros_like))
    implements(np.cumulative_prod)(_cumulative(np.cumprod, np.ones_like))


# -- moments -------------------------------------------------------------------------------


def _rounds_alike(a: Any, axis: Any, ddof: float) -> bool:
    """Whether the composed variance has NumPy's last bit, and nothing to warn of."""
    v = plain(a)
    if type(v) is not np.ndarray or v.dtype.char != "d" or not v.flags.c_contiguous or axis:
        return False
    return v.ndim > 0 and (v.size if axis is None else v.shape[0]) > ddof


def _moment(f: Callable[..., Any], composed: Callable[..., Any]) -> None:
    """Let `composed` give the tangents of a moment of NumPy's, and its value where that is it."""

    @implements(f)
    def moment(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: bool = False,
        *,
        where: Any = True,
        mean: Any = None,
        correction: float | None = None,
    ) -> Any:
        options = {"ddof": ddof, "keepdims": keepdims, "where": where}
        given = {"mean": mean, "correction": correction}
        given = {name: x for name, x in given.items() if x is not None}
        is_usual = not given and dtype is None and where is True
        # In a rule, values and warnings are those of what the user has called.
        if is_quiet() or (is_usual and _rounds_alike(a, axis, ddof)):
            return into(out, composed(a, axis, dtype, **options, **given))
        return into(out, valued(f, composed, (a, axis, dtype), options | given))


def _variance(
    a: Any,
    axis: Any,
    dtype: Any,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    a = array(a)
    if dtype is None or np.iscomplexobj(plain(a)) <= (np.dtype(dtype).kind == "c"):
        a = as_dtype(a, dtype)
        middle = a
    else:  # NumPy takes the mean of the real parts then
        middle = as_dtype(a.real, dtype)
    axes = reduced_axes(axis, a.ndim)
    off = a - (_mean(middle, axes, None, True, where) if mean is None else mean)
    if np.iscomplexobj(plain(off)):
        squares = np.square(off.real) + np.square(off.imag)
    else:
        squares = off * off
    total = _sum(squares, axes, None, keepdims, where=where)
    less = ddof if correction is None else correction
    freedom = np.maximum(_count(a.shape, axes, where, keepdims) - less, 0)
    return total / np.asarray(freedom, plain(total).dtype)[()]


def _count(shape: tuple[int, ...], axes: tuple[int, ...], where: Any, keepdims: bool) -> Any:
    """How many elements are chosen along the axes."""
    if where is True:
        return np.int64(np.prod([shape[i] for i in axes], dtype=np.int64))
    return np.sum(np.broadcast_to(plain(array(where)), shape), axes, np.int64, keepdims=keepdims)


def _deviation(
    a: Any,
    axis: Any,
    dtype: Any,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    y = np.sqrt(_variance(a, axis, dtype, ddof, keepdims, where, mean, correction))
    if mean is None and has_duals(y):
        # the slope is 0 where all elements are equal, also where their mean was rounded
        equal = _all_equal(np.asarray(plain(a)), axis, {"keepdims": keepdims, "where": where})
        if np.any(equal):
            y = unboxed(np.where(equal, plain(y), y))
    return y


_moment(np.var, _variance)
_moment(np.std, _deviation)


def _all_equal(a: Any, axis: Any, options: dict[str, Any]) -> Any:
    if a.dtype.kind == "c":
        return _all_equal(a.real, axis, options) & _all_equal(a.imag, axis, options)
    highest = np.max(a, axis, initial=-np.inf, **options)
    return highest == np.min(a, axis, initial=np.inf, **options)


@implements(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    highest, lowest = (f(a, axis, keepdims=keepdims) for f in (np.max, np.min))
    return into(out, highest - lowest)


# -- nan-versions: the same where the elements are numbers ---------------------------------


def _numbers(a: Any, where: Any = True) -> Any:
    return ~np.isnan(plain(a)) & plain(array(where))


def _without_nan(f: Callable[..., Any]) -> Callable[..., Any]:
    """f where the elements are not nan."""

    def nan_version(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        *args: Any,
        where: Any = True,
        **options: Any,
    ) -> Any:
        a = array(a)
        return f(a, passing(axis, a), dtype, *args, where=_numbers(a, where), **options)

    return nan_version


composing(np.nansum)(_without_nan(_sum))
composing(np.nanmean)(_without_nan(_mean))
composing(np.nanprod)(_without_nan(np.prod))
composing(np.nanvar)(_without_nan(_variance))
composing(np.nanstd)(_without_nan(_deviation))


@implements(np.nancumsum)
def nancumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    a = array(a)
    return np.cumsum(np.where(_numbers(a), a, 0), axis, dtype, out)


@implements(np.nancumprod)
def nancumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    a = array(a)
    return np.cumprod(np.where(_numbers(a), a, 1), axis, dtype, out)


# -- differences and integrals over a grid -------------------------------------------------


def _between(a: Any, start: int | None, stop: int | None, axis: int) -> Any:
    """The slice start:stop along an axis (counted from the end)."""
    return a[(..., slice(start, stop), *[slice(None)] * (-1 - axis))]


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    if n < 0:
        raise ValueError(f"np.diff takes an order n of 0 or more, got {n}.")
    a = array(a)
    if not a.ndim:
        raise ValueError("np.diff takes arrays of at least one axis, got a number.")
    if n == 0:
        return a
    i = axis_from_end(axis, a.ndim)
    ends = [prepend, a, append]
    if prepend is not None or append is not None:
        a = np.concatenate([_end(e, a, i) for e in ends if e is not None], axis=i)
    for _ in range(n):
        a = _between(a, 1, None, i) - _between(a, None, -1, i)
    return a


def _end(e: Any, a: Any, axis: int) -> Any:
    """What is put before or behind a: an array as it is, a number in the shape of a slice."""
    e = array(e)
    return e if e.ndim else np.broadcast_to(e, np.take(plain(a), [0], axis, mode="clip").shape)


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    a = np.reshape(array(ary), -1)
    kind = plain(a).dtype

    def end(e: Any) -> Any:
        e = np.reshape(array(e), -1)
        if not np.can_cast(plain(e).dtype, kind, "same_kind"):
            raise TypeError(f"np.ediff1d cannot put {plain(e).dtype} beside differences of {kind}.")
        return as_dtype(e, kind)

    parts = [] if to_begin is None else [end(to_begin)]
    parts.append(a[1:] - a[:-1])
    if to_end is not None:
        parts.append(end(to_end))
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


@composing(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = as_floats(array(f))
    axes = axes_from_end(axis, f.ndim)
    if edge_order not in (1, 2):
        raise ValueError(f"np.gradient takes an edge_order of 1 or 2, got {edge_order}.")
    spacings = [as_floats(as_operand(h)) for h in varargs] or [1.0]
    if len(spacings) == 1 and (len(axes) == 1 or not np.ndim(spacings[0])):
        spacings = spacings * len(axes)
    if len(spacings) != len(axes):
        raise TypeError(
            f"np.gradient takes no spacing, one number, or one number or grid per axis; "
            f"got {len(varargs)} for {len(axes)} axes."
        )
    slopes = tuple(_slopes(f, h, i, edge_order) for h, i in zip(spacings, axes, strict=True))
    return slopes[0] if len(slopes) == 1 else slopes


def _slopes(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    """Slopes of the parabolas through neighbours; at the edges of parabolas or lines."""
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ValueError(
            f"np.gradient with edge_order={edge_order} needs {edge_order + 1} points along an "
            f"axis, got {n}."
        )
    if np.ndim(spacing):
        if np.shape(spacing) != (n,):
            raise ValueError(
                f"np.gradient got a grid of shape {np.shape(spacing)} for an axis of length {n}."
            )
        h = np.reshape(np.diff(spacing), (-1, *[1] * (-1 - axis)))
    else:
        h = spacing

    def at(a: Any, start: int | None, stop: int | None) -> Any:
        return _between(a, start, stop, axis) if np.ndim(a) else a

    secant = (at(f, 1, None) - at(f, None, -1)) / h
    left, right = at(secant, None, -1), at(secant, 1, None)
    before, behind = at(h, None, -1), at(h, 1, None)
    # a mean of the secants on both sides, the nearer one weighs more
    if np.ndim(spacing):
        inside = (left * behind + right * before) / (before + behind)
    else:
        inside = (at(f, 2, None) - at(f, None, -2)) / (2 * h)
    first, last = at(secant, None, 1), at(secant, -1, None)
    if edge_order == 2:
        # the parabola's slope at the edge, mirrored from the secant
        first = 2 * first - at(inside, None, 1)
        last = 2 * last - at(inside, -1, None)
    return np.concatenate([first, inside, last], axis=axis)


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = array(y)
    if y.ndim:
        refuse_bool((axis,))
    i = axis_from_end(axis, y.ndim)
    if x is None:
        width = dx
    elif array(x).ndim == 1:
        width = np.reshape(np.diff(array(x)), (-1, *[1] * (-1 - i)))
    else:
        width = np.diff(array(x), axis=axis)
    return np.sum(width * (_between(y, 1, None, i) + _between(y, None, -1, i)) / 2.0, axis=i)


implements(np.trapezoid)(trapezoid)
if "trapz" in vars(np):  # its older name, up to NumPy 2.3
    implements(vars(np)["trapz"])(trapezoid)
