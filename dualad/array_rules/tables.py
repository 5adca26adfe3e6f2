"""Tables: np.interp looks up in one, np.bincount and np.histogram make one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array.algebra import directions, linear
from ..array.operands import as_operand
from ..array.protocols import implements
from ..dual import Dual
from ..levels import ParticipatingLevel
from ..pair import dual, fit, moved, newest, parts, plain
from ..zeros import is_finite, scale
from .common import array, composing, has_duals, in_double, unboxed

# -- interpolation -------------------------------------------------------------------------


@implements(np.interp)
def _interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    number = as_operand(x)  # of which NumPy takes more kinds than of arrays
    if period is None and (y := _on_one_line(number, xp, fp)) is not None:
        return y
    x, xp, fp = array(number), array(xp), array(fp)
    if period is not None and has_duals(x, xp, fp, period):
        x, xp, fp = map(in_double, (x, xp, fp))
        x, xp, fp = _one_period(x, xp, fp, abs(period))
        number, left, right, period = x, None, None, None
    given = x, xp, fp, left, right
    if not has_duals(*given):
        return np.interp(number, *given[1:], period=period)
    level = newest(given)
    directions(given, level)
    y = _interp(*(parts(a, level)[0] for a in (number, *given[1:])))
    x, xp, fp = map(in_double, (x, xp, fp))
    given = x, xp, fp, left, right
    after = np.searchsorted(xp, x, "right") - 1
    before = np.searchsorted(xp, x, "left") - 1
    with np.errstate(all="ignore"):
        tangent = _line_tangent(after, given, y, level)
        on_point = before != after
        if np.any(on_point):  # the mean of the two lines that meet there
            first, both = _meeting(before, after, [plain(a) for a in given])
            other = _line_tangent(before, given, y, level)
            tangent = np.where(on_point & first, other, tangent)
            tangent = np.where(on_point & both, (tangent + other) / 2, tangent)
    moves = [parts(a, level)[1] is not None for a in given]
    is_linear = not moves[1] and not (moves[0] and any(moves[2:]))  # along the line, or in heights
    return (moved if is_linear else dual)(y, fit(unboxed(tangent), y), level)


def _on_one_line(x: Any, xp: Any, fp: Any) -> Any:
    """The same of numbers that lie between points of a plain grid; None for others."""
    if not isinstance(x, Dual) or not (type(xp) is type(fp) is np.ndarray and xp.shape == fp.shape):
        return None
    v, level = x.primal, x.level
    is_asked = isinstance(level, ParticipatingLevel) and (
        type(level).answers is not ParticipatingLevel.answers
    )
    if is_asked or xp.ndim != 1 or type(v) not in (float, np.float64, np.ndarray):
        return None
    if {xp.dtype, fp.dtype, np.asarray(v).dtype} != {np.dtype(float)} or not np.size(v):
        return None
    i = xp.searchsorted(v, "right") - 1
    if np.min(i) < 0 or np.max(i) > len(xp) - 2 or np.any(xp[i] == v):  # an end, or a kink
        return None
    slope = (fp[i + 1] - fp[i]) / (xp[i + 1] - xp[i])
    if not is_finite(slope):
        return None
    y = np.interp(v, xp, fp)
    return moved(y, fit(slope * x.tangent, y), level)


def _one_period(x: Any, xp: Any, fp: Any, period: Any) -> Any:
    """Everything moved into one period, and a grid point more on either side."""
    x, xp = x % period, xp % period
    order = np.argsort(xp, kind="stable")
    xp, fp = np.take(xp, order), np.take(fp, order)
    xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, np.concatenate([fp[-1:], fp, fp[:1]])


def _line_tangent(i: Any, given: tuple[Any, ...], y: Any, level: int) -> Any:
    """The tangent on the line from grid point i to the next, or on a constant end.

    With slope s: ẏ = ḟ + s·(ẋ − ġ), where ḟ and ġ are the tangents of heights and grid points,
    interpolated to x.
    """
    left, right = given[3:]
    (v, v_dot), (g, g_dot), (h, h_dot), (_, l_dot), (_, r_dot) = (parts(a, level) for a in given)
    n = g.shape[0]
    j = np.maximum(i, 0)
    k = np.minimum(j + 1, n - 1)
    low, high = i < 0, i > n - 2
    width = np.take(g, k) - np.take(g, j)
    slope = np.where(low | high, 0.0, (np.take(h, k) - np.take(h, j)) / width)
    slope = np.where(np.isnan(v), np.nan, slope)
    u = np.where(low, 0.0, np.where(high, 1.0, (v - np.take(g, j)) / width))

    def times(factor: Any, t: Any) -> Any:
        # a zero is stronger than inf
        return scale(factor, moved(v, t, level), y, zero_slope_wins=True)

    def between(t: Any) -> Any:
        return times(1 - u, np.take(t, j, axis=-1)) + times(u, np.take(t, k, axis=-1))

    def at_end(t: Any) -> Any:
        return np.reshape(t, (*np.shape(t), *[1] * np.ndim(v)))

    terms = []
    if v_dot is not None:
        terms.append(times(slope, v_dot))
    if g_dot is not None:
        terms.append(-times(slope, between(g_dot)))
    if h_dot is not None:
        ends = (low & (left is not None)) | (high & (right is not None))
        term = between(h_dot)
        terms.append(np.where(ends, 0.0, term) if np.any(ends) else term)
    if l_dot is not None:
        terms.append(np.where(low, at_end(l_dot), 0.0))
    if r_dot is not None:
        terms.append(np.where(high, at_end(r_dot), 0.0))
    return sum(terms[1:], terms[0])


def _meeting(before: Any, after: Any, given: list[Any]) -> tuple[Any, Any]:
    """On grid points: where the line before alone has the value there, and where both have.

    They differ at a jump: a grid point given twice, or another value told for left or right.
    """
    _, _, fp, left, right = given
    n = len(fp)
    value = np.take(fp, np.maximum(after, 0))
    end = np.take(fp, np.minimum(before + 1, n - 1))
    end = end if left is None else np.where(before < 0, left, end)
    start = value if right is None else np.where(after > n - 2, right, value)
    return (end == value) & (start != value), (end == value) & (start == value)


# -- counting ------------------------------------------------------------------------------


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: Any = 0) -> Any:
    x, weights = plain(array(x)), as_operand(weights) if weights is not None else None
    if not has_duals(weights):
        return np.bincount(x, weights, minlength)
    return linear(lambda w: np.bincount(x, w, minlength), weights)


def _edges(a: Any, bins: Any, limits: Any, weights: Any) -> Any:
    """The edges of the bins: as given, or between the smallest and the largest element."""
    if np.ndim(bins) == 1:
        return array(bins)
    low: Any
    high: Any
    low, high = (None, None) if limits is None else limits
    if not has_duals(a, low, high):
        return np.histogram_bin_edges(a, bins, limits, plain(weights))
    numbers = None if limits is None else (plain(low), plain(high))
    n = len(np.histogram_bin_edges(plain(a), bins, numbers, plain(weights))) - 1
    if limits is None:
        low, high = (np.min(a), np.max(a)) if a.size else (0.0, 1.0)
    if plain(low) == plain(high):
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, n + 1)


def _counts(f: Callable[[Any], Any], columns: Any, edges: list[Any], weights: Any) -> Any:
    """How many in each bin, as f gives: a step in what is counted, linear in the weights."""
    if not has_duals(weights):
        return f(weights)
    if plain(weights).dtype.kind == "c":
        real, imag = (_counts(f, columns, edges, part) for part in (weights.real, weights.imag))
        return real + 1j * imag
    numbers = [_bins_of(x, e) for x, e in zip(columns, edges, strict=True)]
    sizes = [len(e) + 1 for e in edges]
    if not np.can_cast(weights.dtype, float):  # which np.bincount does not count in
        weights = weights.astype(float)
    counts = np.bincount(np.ravel_multi_index(numbers, sizes), weights, int(np.prod(sizes)))
    return np.reshape(counts, sizes)[(slice(1, -1),) * len(sizes)]


def _bins_of(x: Any, edges: Any) -> Any:
    """In which bin each number is, counted from 1; below all of them 0, above one more."""
    return np.searchsorted(edges, x, "right") - (x == edges[-1])


@composing(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    return _edges(np.reshape(array(a), -1), bins, range, weights)


@composing(np.histogram)
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    a = np.reshape(array(a), -1)
    weights = None if weights is None else np.reshape(array(weights), -1)
    edges = _edges(a, bins, range, weights)
    values, plain_edges = plain(a), plain(edges)
    counts = _counts(
        lambda w: np.histogram(values, plain_edges, weights=w)[0], [values], [plain_edges], weights
    )
    if density:
        counts = counts / np.diff(edges) / np.sum(counts)
    return counts, edges


@composing(np.histogramdd)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    if isinstance(sample, (list, tuple)):  # one array per axis
        sample = np.transpose(np.atleast_2d(array(sample)))
    sample = array(sample)
    if sample.ndim == 1:
        sample = sample[:, None]
    d = sample.shape[1]
    bins = bins if isinstance(bins, (list, tuple)) or np.ndim(bins) else [bins] * d
    limits = [None] * d if range is None else range
    if len(bins) != d or len(limits) != d:
        raise ValueError(
            f"np.histogramdd got {len(bins)} bins and {len(limits)} ranges for {d} axes."
        )
    weights = None if weights is None else array(weights)
    edges = [
        _edges(sample[:, i], b, r, None) for i, (b, r) in enumerate(zip(bins, limits, strict=True))
    ]
    values, plain_edges = plain(sample), [plain(e) for e in edges]
    counts = _counts(
        lambda w: np.histogramdd(values, plain_edges, weights=w)[0], values.T, plain_edges, weights
    )
    if density:
        total = np.sum(counts)
        for i, e in enumerate(edges):
            counts = counts / np.reshape(np.diff(e), (-1, *[1] * (d - 1 - i)))
        counts = counts / total
    return counts, edges


@implements(np.histogram2d)
def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> Any:
    if bool(np.iterable(bins)) and len(bins) not in (1, 2):
        bins = [bins, bins]
    counts, edges = np.histogramdd([x, y], bins, range, density, weights)
    return counts, edges[0], edges[1]
