"""Tables: np.interp looks up in one, np.bincount and np.histogram make one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import as_operand, implements, linear, newest
from ..dual import parts, plain
from .common import array, has_duals, unboxed, with_value

# -- interpolation -------------------------------------------------------------------------


@implements(np.interp)
def _interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    x, xp, fp = array(x), array(xp), array(fp)
    given = x, xp, fp, left, right, period
    if not has_duals(*given):
        return np.interp(*given)
    level = newest(given)
    value = _interp(*(parts(a, level)[0] for a in given))
    with np.errstate(all="ignore"):
        if period is not None:
            x, xp, fp = _one_period(x, xp, fp, abs(period))
            left = right = None
        y = _lines(x, xp, fp, fp[0] if left is None else left, fp[-1] if right is None else right)
        if np.any(np.isnan(x)):
            y = np.where(np.isnan(x), x * np.nan, y)
    return with_value(value, unboxed(y))


def _one_period(x: Any, xp: Any, fp: Any, period: Any) -> Any:
    """Everything moved into one period, and a grid point more on either side."""
    x, xp = x % period, xp % period
    order = np.argsort(xp, kind="stable")
    xp, fp = np.take(xp, order), np.take(fp, order)
    xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, np.concatenate([fp[-1:], fp, fp[:1]])


def _lines(x: Any, xp: Any, fp: Any, left: Any, right: Any) -> Any:
    """The line between the two points around x; on a point, the mean of the lines that meet."""
    n = xp.shape[0]
    after = np.searchsorted(xp, x, "right") - 1
    before = np.searchsorted(xp, x, "left") - 1

    def line(i: Any) -> Any:
        """From point i to the next; constant before the first and after the last."""
        j = np.clip(i, 0, max(n - 2, 0))
        k = np.minimum(j + 1, n - 1)
        x0, y0 = np.take(xp, j), np.take(fp, j)
        y = y0 + (x - x0) * ((np.take(fp, k) - y0) / (np.take(xp, k) - x0))
        return np.where(i < 0, left, np.where(i > n - 2, right, y))

    y = line(after)
    on_point = before != after
    if not np.any(on_point):
        return y
    # at a jump the lines do not meet: one of them ends in the value, which is the last point's
    value = np.take(plain(fp), np.clip(after, 0, n - 1))
    ends = np.where(before < 0, plain(left), np.take(plain(fp), np.clip(before + 1, 0, n - 1)))
    starts = np.where(after > n - 2, plain(right), value)
    first, second = on_point & (ends == value), ~on_point | (starts == value)
    other = line(before)
    return np.where(first & second, y / 2 + other / 2, np.where(first, other, y))


# -- counting ------------------------------------------------------------------------------


@implements(np.bincount)
def _(x: Any, /, weights: Any = None, minlength: Any = 0) -> Any:
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


def _counts(f: Callable[[Any], Any], weights: Any) -> Any:
    """How many in each bin: a step in what is counted, linear in the weights."""
    return linear(f, weights) if has_duals(weights) else f(weights)


@implements(np.histogram_bin_edges)
def _(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    return _edges(np.reshape(array(a), -1), bins, range, weights)


@implements(np.histogram)
def _(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    a = np.reshape(array(a), -1)
    weights = None if weights is None else np.reshape(array(weights), -1)
    edges = _edges(a, bins, range, weights)
    values, plain_edges = plain(a), plain(edges)
    counts = _counts(lambda w: np.histogram(values, plain_edges, weights=w)[0], weights)
    if density:
        counts = counts / np.diff(edges) / np.sum(counts)
    return counts, edges


@implements(np.histogramdd)
def _(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    if isinstance(sample, (list, tuple)):  # one array per axis
        sample = np.stack([array(a) for a in sample], axis=-1)
    sample = array(sample)
    if sample.ndim == 1:
        sample = sample[:, None]
    d = sample.shape[1]
    bins = [bins] * d if np.ndim(bins) == 0 else bins
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
    counts = _counts(lambda w: np.histogramdd(values, plain_edges, weights=w)[0], weights)
    if density:
        total = np.sum(counts)
        for i, e in enumerate(edges):
            counts = counts / np.reshape(np.diff(e), (-1, *[1] * (d - 1 - i)))
        counts = counts / total
    return counts, edges


@implements(np.histogram2d)
def _(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> Any:
    if np.ndim(bins) == 1 and len(bins) not in (1, 2):
        bins = [bins, bins]
    counts, edges = np.histogramdd([x, y], bins, range, density, weights)
    return counts, edges[0], edges[1]
