"""Functions that select elements: the values say which ones, the tangents follow.

Sorting and order statistics, and taking elements. Where a tie leaves open
which element is selected, max, min, medians and quantiles give 1/k to each of k equal ones, sort
keeps their order, and unique takes the first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array.algebra import directions, linear
from ..array.operands import as_operand
from ..array.protocols import implements, plain_answer
from ..numerics import plainly
from ..pair import fit, is_array, moved, newest, parts, plain
from ..zeros import scale, strong_product
from .common import (
    along,
    array,
    as_dtype,
    axes_from_end,
    axis_from_end,
    composing,
    has_duals,
    into,
    merged,
    passing,
    reduced,
    reduced_axes,
    unboxed,
    with_axis,
)

plain_answer(
    np.argsort,
    np.argwhere,
    np.argpartition,
    np.nonzero,
    np.flatnonzero,
    np.count_nonzero,
    np.searchsorted,
    np.lexsort,
    np.digitize,
    np.isin,
    np.isclose,
    np.allclose,
    np.array_equal,
    np.array_equiv,
    np.iscomplex,
    np.isreal,
    np.iscomplexobj,
    np.isrealobj,
)
plain_answer(np.isneginf, np.isposinf, np.fix, out=1)
plain_answer(
    np.all,
    np.any,
    np.argmax,
    np.argmin,
    np.nanargmax,
    np.nanargmin,
    np.round,
    np.around,
    out=2,
)

# -- the largest, the smallest -------------------------------------------------------------


def _extreme(*numpy_functions: Callable[..., Any]) -> None:
    """Each of k equal extreme elements has slope 1/k."""
    f = numpy_functions[0]

    def extreme(
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        axis = passing(axis, a)
        a = array(a)
        axes = reduced_axes(axis, a.ndim)
        where = True if where is True else plain(array(where))
        if not has_duals(a, initial):
            given = {} if initial is None else {"initial": initial}
            given |= {} if where is True else {"where": where}
            return into(out, f(a, axes, keepdims=keepdims, **given))
        level = newest((a, initial))
        directions((a, initial), level)
        v, start = parts(a, level)[0], parts(initial, level)[0]
        y = extreme(v, axes, None, keepdims, start, where)
        top = np.reshape(plain(y), reduced(a.shape, axes, True))
        ties = (plain(v) == top) & where
        tied_start = initial is not None and plain(start) == top
        share = 1 / np.maximum(np.sum(ties, axes, keepdims=True) + tied_start, 1)
        share = np.where(np.isnan(top), np.nan, share)
        terms = []
        if v is not a:
            slope = np.where(ties | np.isnan(top), share, 0)
            terms.append(np.sum(scale(slope, a, v, zero_slope_wins=True), axes, keepdims=keepdims))
        if start is not initial:
            slope = np.where(tied_start, share, 0).reshape(np.shape(plain(y)))
            terms.append(scale(slope, initial, y, zero_slope_wins=True))
        return into(out, moved(y, fit(sum(terms[1:], terms[0]), y), level))

    implements(*numpy_functions)(extreme)


_extreme(np.max, np.amax)
_extreme(np.min, np.amin)
_extreme(np.nanmax)
_extreme(np.nanmin)


# -- order ---------------------------------------------------------------------------------


@implements(np.sort)
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, **options: Any) -> Any:
    return _rearranged(lambda v, i: np.sort(v, i, kind, order, **options), a, axis)


def _stable_order(v: Any, axis: int) -> Any:
    """np.argsort with kind="stable", which takes its time only where elements are equal or nan."""
    order = np.argsort(v, axis)
    ranked = np.moveaxis(np.take_along_axis(v, order, axis), axis, -1)
    is_only_one = ranked[..., :-1] < ranked[..., 1:]
    return order if is_only_one.all() else np.argsort(v, axis, kind="stable")


def _rearranged(f: Callable[[Any, int], Any], a: Any, axis: Any) -> Any:
    """f puts the elements along an axis in another order: to each its tangent."""
    a = array(a)
    if axis is None:
        a, axis = np.reshape(a, -1), -1
    if not has_duals(a):
        return f(a, axis)
    y, i = _rearranged(f, a.primal, axis), axis_from_end(axis, a.ndim)
    before = _stable_order(plain(a), i)
    behind = np.argsort(plain(y), i, kind="stable")  # which is quick where y is in order
    places = np.empty_like(before)
    np.put_along_axis(places, behind, before, i)
    front = (None,) * (np.ndim(a.tangent) - a.ndim)
    return moved(y, np.take_along_axis(a.tangent, places[front], i), a.level)


@implements(np.sort_complex)
def sort_complex(a: Any) -> Any:
    a = array(a)
    kind = np.result_type(plain(a).dtype, np.complex128)  # of float32 too
    return np.sort(a if np.iscomplexobj(plain(a)) else as_dtype(a, kind))


@implements(np.partition)
def partition(
    a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None
) -> Any:
    return _rearranged(lambda v, i: np.partition(v, kth, i, kind, order), a, axis)


def _order_statistic(
    f: Callable[..., Any],
    a: Any,
    axis: Any,
    out: Any,
    keepdims: bool,
    weights: Any = None,
    **options: Any,
) -> Any:
    """f is np.median, np.quantile, …: it lies between two neighbours in the order of the values.

    Where between them, f says itself: of the ranks 0, 1, …, n − 1 it gives a rank.
    """
    a = array(a)
    shape = reduced(a.shape, axis, keepdims)
    weighted = {}
    if weights is not None:
        w = plain(array(weights))
        if w.shape != a.shape:
            (i,) = axes_from_end(axis, a.ndim)
            w = np.broadcast_to(w.reshape(-1, *[1] * (-1 - i)), a.shape)
        weighted["weights"] = merged(w, axis)
    a = merged(a, axis)
    level = newest((a,)) if has_duals(a) else None
    with plainly():
        y = f(a if level is None else a.primal, axis=-1, **options, **weighted)
    boxed = is_array(y)  # also without axes, if there are weights
    p, n, rows = np.asarray(plain(y)), a.shape[-1], a.shape[:-1]
    of_q = p.shape[: p.ndim - len(rows)]
    if level is not None and a.size:
        v = plain(a)
        order = _stable_order(v, -1)
        if weights is None:
            rank = _ranks(lambda m: f(np.arange(float(m)), **options), n - np.isnan(v).sum(-1))
        else:
            equal = np.take_along_axis(v, order, -1) == p[..., None]
            rank = np.argmax(equal & np.take_along_axis(weighted["weights"] > 0, order, -1), -1)
        rank = np.moveaxis(rank.reshape(int(np.prod(of_q)), *rows), 0, -1)
        counted = None if weights is None else weighted["weights"] > 0
        tangent = np.moveaxis(_pick(a.tangent, v, order, rank, counted), -1, -1 - len(rows))
        tangent = np.reshape(tangent, np.shape(a.tangent)[: a.tangent.ndim - a.ndim] + p.shape)
        if np.isnan(p).any():
            tangent = strong_product(np.where(np.isnan(p), np.nan, 1.0), tangent, False)
        y = moved(y, fit(tangent if boxed else unboxed(tangent), y), level)
    y = np.reshape(y, of_q + shape)
    return into(out, y if boxed else unboxed(y))


def _ranks(rank_of: Callable[[int], Any], counts: Any) -> Any:
    """The ranks (*q, *S) in S sorted rows, the numbers in which are counted."""
    distinct, which = np.unique(counts, return_inverse=True)
    ranks = np.stack([np.asarray(rank_of(max(int(m), 1))) for m in distinct], axis=-1)
    return ranks[..., which.reshape(np.shape(counts))]


def _pick(tangent: Any, v: Any, order: Any, rank: Any, counted: Any) -> Any:
    """The tangents at these ranks (*S, q) in rows v (*S, n), whose order is known.

    `counted`: which elements have a weight; None for all of them.
    """
    lower, higher = (
        _pick_shared(tangent, v, np.take_along_axis(order, r.astype(np.intp), -1), counted)
        for r in (np.floor(rank), np.ceil(rank))
    )
    part = rank - np.floor(rank)
    if not part.any():
        return lower
    with np.errstate(all="ignore"):
        return np.where(part == 0, lower, lower * (1 - part) + higher * part)


def _pick_shared(tangent: Any, v: Any, places: Any, counted: Any) -> Any:
    """The tangents at these places in rows v: where k elements are equal, 1/k of each."""
    front = (None,) * (np.ndim(tangent) - np.ndim(v))
    ties = v[..., None, :] == np.take_along_axis(v, places, -1)[..., None]
    if counted is not None:
        ties &= counted[..., None, :]
    counts = ties.sum(-1)
    if counts.max(initial=0) <= 1:
        return np.take_along_axis(tangent, places[front], -1)
    shares = np.where(ties[front], tangent[..., None, :], 0.0)
    return np.sum(shares, -1) / np.maximum(counts, 1)


def _median(f: Callable[..., Any]) -> None:
    @implements(f)
    def median(
        a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = 0
    ) -> Any:
        return _order_statistic(f, a, axis, out, bool(keepdims))


def _quantile(f: Callable[..., Any]) -> None:
    @implements(f)
    def quantile(
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: bool = False,
        *,
        weights: Any = None,
    ) -> Any:
        q = as_operand(q)
        if has_duals(q):
            raise TypeError(
                f"np.{f.__name__} has no derivative in q; pass getattr(q, 'primal', q), or "
                "interpolate between "
                "the elements of np.sort(a) with np.interp."
            )
        return _order_statistic(f, a, axis, out, keepdims, weights, q=q, method=method)


_median(np.median)
_median(np.nanmedian)
_quantile(np.quantile)
_quantile(np.percentile)
_quantile(np.nanquantile)
_quantile(np.nanpercentile)


# -- sets ----------------------------------------------------------------------------------


@composing(np.unique)  # which of equal zeros is kept, is NumPy's affair
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    **options: Any,
) -> Any:
    a = array(ar)
    options |= {"return_inverse": return_inverse, "return_counts": return_counts, "axis": axis}
    found: Any = np.unique(plain(a), return_index=True, **options)
    values = np.take(a, found[1], axis=None if axis is None else int(axis))  # True is 1 here
    rest = found[1 if return_index else 2 :]
    return (values, *rest) if rest else values


def _unique_tuple(f: Callable[..., Any]) -> None:
    """The array API's functions: no nan equals another, and results are named."""

    @composing(f)
    def named(x: Any, /) -> Any:
        x = array(x)
        found: Any = f(plain(x))
        values = np.unique(x, equal_nan=False)
        return values if isinstance(found, np.ndarray) else found._replace(values=values)


for _f in (np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values):
    _unique_tuple(_f)


# -- taking --------------------------------------------------------------------------------


@implements(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: Any = "raise") -> Any:
    a, axis = with_axis(array(a), axis)
    indices, i = plain(array(indices)), axis_from_end(axis, a.ndim)
    return into(out, along(lambda t: np.take(t, indices, axis=i, mode=mode), a))


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    a, indices = array(arr), plain(array(indices))
    if axis is None:
        a, axis = np.reshape(a, -1), -1
    if not has_duals(a):
        return np.take_along_axis(a, indices, axis)
    i = axis_from_end(axis, a.ndim)
    return linear(
        lambda t: np.take_along_axis(t, indices, i),
        a,
        batched=lambda t: np.take_along_axis(t, indices[None], i),
    )


@implements(np.compress)
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    condition = plain(array(condition))
    if condition.ndim != 1:
        raise ValueError(f"np.compress takes a condition of one axis, got shape {condition.shape}.")
    return np.take(a, np.flatnonzero(condition), axis, out)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    return np.take(array(arr), np.flatnonzero(plain(array(condition))))


@implements(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    a = array(filt)
    trim = trim.lower()
    if trim not in ("f", "b", "fb", "bf"):
        raise ValueError(f"np.trim_zeros takes trim='f', 'b' or 'fb', got {trim!r}.")
    axes = axes_from_end(axis, a.ndim)
    places = np.nonzero(plain(a))
    index = [slice(None)] * a.ndim
    for i in axes:
        if not places[i].size:
            index[i] = slice(0)
            continue
        first = int(places[i].min()) if "f" in trim else None
        index[i] = slice(first, int(places[i].max()) + 1 if "b" in trim else None)
    is_list = isinstance(filt, (list, tuple)) and a.ndim == 1
    return filt[index[0]] if is_list else a[tuple(index)]
