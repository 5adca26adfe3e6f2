"""Piecewise polynomials in the arithmetic of duals: B-splines and power series on pieces.

Which piece a place is in is decided by plain numbers; on its piece a spline is a formula in the
place, the coefficients and the knots, and all of these may be duals. At a knot, what moves with the
place is the mean of both sides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.interpolate as _scipy

from ..array_rules.common import has_duals
from ..pair import plain
from ._parts import nilpotent, order_of


def pieces_of(knots: Any, x: Any, side: Any, low: int, high: int) -> Any:
    """The number of the piece that each x is in, from low to high; at a knot that on one side."""
    return np.clip(np.searchsorted(plain(knots), plain(x), side) - 1, low, high)


def on_both_sides(
    f: Callable[[Any, Any], Any], x: Any, right: Any, left: Any, is_continuous: Any = False
) -> Any:
    """f(x, piece) as it is to the right of knots, its change with x as the mean of both sides.

    Parameters
    ----------
    f : callable
        Gives shape (n, k) for n places.
    x : array, shape (n,)
    right, left : ndarray of int, shape (n,)
        The pieces on both sides.
    is_continuous : bool or ndarray of bool
        Where f is so whatever its coefficients are: all of it is the mean then.
    """
    y = f(x, right)
    turns = right != left
    if not np.any(turns):
        return y
    at, here, there = x[turns], right[turns], left[turns]
    still = plain(at)
    both = f(at, there) - f(at, here)
    moved = both - (f(still, there) - f(still, here))
    smooth = np.broadcast_to(is_continuous, turns.shape)[turns][:, None]
    change = np.zeros(np.shape(y), np.result_type(plain(y), 1.0))
    half = np.where(smooth, both, moved) / 2
    places = np.flatnonzero(turns)
    if not has_duals(half):
        return y
    where = np.full(len(turns), len(places))
    where[places] = np.arange(len(places))
    half = half - plain(half)
    return y + np.concatenate([half, change[:1] * 0])[where]


def meets(knots: Any, x: Any) -> bool:
    """Whether any x is at a plain knot, where it has two sides."""
    v = plain(x)
    following = np.minimum(knots.searchsorted(v), len(knots) - 1)
    return bool(np.any(knots[following] == v))


def along_taylor(f: Callable[[Any, int], Any], x: Any, nu: int, degree: int) -> Any:
    """What a plain spline moves by with x, which meets no knot, from its derivatives f(v, nu).

    `nu`: of which derivative that is asked.
    """
    v, d = plain(x), nilpotent(x)
    slopes = [f(v, n)[()] if n <= degree else 0.0 for n in range(nu + 1, nu + 1 + order_of(x))]
    if not slopes:
        return 0.0
    behind = np.ndim(slopes[0]) - np.ndim(v)
    if behind > 0:
        d = np.reshape(d, (*np.shape(v), *(1,) * behind))
    change, power = slopes[0] * d, d
    for j, slope in enumerate(slopes[1:], 2):
        power = power * d / j
        change = change + slope * power
    return change


# -- B-splines: knots t, coefficients c of shape (n, …), degree k ----------------------------


def basis(t: Any, k: int, x: Any, piece: Any) -> list[Any]:
    """The k + 1 B-splines that are not zero on a piece: M. Cox and C. de Boor's recursion."""
    values: list[Any] = [1 + 0 * nilpotent(x)]  # of the levels of x
    for j in range(1, k + 1):
        new: list[Any] = []
        saved: Any = 0.0
        for r in range(j):
            above, below = t[piece + r + 1], t[piece + 1 - j + r]
            share = values[r] / (above - below)
            new.append(saved + (above - x) * share)
            saved = (x - below) * share
        values = [*new, saved]
    return values


def differentiated(t: Any, c: Any, k: int) -> tuple[Any, Any, int]:
    """The derivative of a B-spline."""
    n = len(plain(t)) - k - 1
    if k == 0:
        return t, 0 * c[:n], 0
    gap = t[k + 1 : n + k] - t[1:n]
    is_empty = plain(gap) == 0
    slope = k / np.where(is_empty, 1.0, gap)
    rise = c[1:n] - c[: n - 1]
    factor = np.reshape(np.where(is_empty, 0.0, slope), (n - 1,) + (1,) * (np.ndim(rise) - 1))
    return t[1:-1], factor * rise, k - 1


def integrated(t: Any, c: Any, k: int) -> tuple[Any, Any, int]:
    """The antiderivative of a B-spline that is zero at the left end."""
    n = len(plain(t)) - k - 1
    gap = t[k + 1 : k + 1 + n] - t[:n]
    area = c[:n] * np.reshape(gap, (n,) + (1,) * (np.ndim(c) - 1)) / (k + 1)
    zero = np.zeros((1, *np.shape(area)[1:]))
    longer = np.concatenate([t[:1], t, t[-1:]])
    return longer, np.concatenate([zero, np.cumsum(area, axis=0)]), k + 1


def b_spline(t: Any, c: Any, k: int, x: Any, nu: int = 0) -> Any:
    """The nu-th derivative of a B-spline at x of shape (m,); of shape (m, …)."""
    if not has_duals(t, c) and not meets(t, x):
        spline = _scipy.BSpline.construct_fast(t, c, k)
        return spline(plain(x), nu) + along_taylor(spline, x, nu, k)
    for _ in range(nu):
        t, c, k = differentiated(t, c, k)
    n = len(plain(t)) - k - 1
    rest = np.shape(c)[1:]
    flat = np.reshape(c[:n], (n, -1))

    def f(x: Any, piece: Any) -> Any:
        terms = [b[:, None] * flat[piece - k + r] for r, b in enumerate(basis(t, k, x, piece))]
        return sum(terms[1:], terms[0])

    right = pieces_of(t, x, "right", k, n - 1)
    left = pieces_of(t, x, "left", k, n - 1)
    y = on_both_sides(f, x, right, left, right - left <= k)
    return np.reshape(y, (*np.shape(x), *rest))


# -- power series: breakpoints x, coefficients of shape (k, m, …), the highest power first ----


def series_differentiated(c: Any, nu: int) -> Any:
    """The coefficients of the nu-th derivative."""
    k = len(plain(c))
    if nu >= k:
        return 0 * c[:1]
    factors = [math.perm(k - 1 - i, nu) for i in range(k - nu)]
    return c[: k - nu] * np.reshape(np.array(factors, float), (-1,) + (1,) * (np.ndim(c) - 1))


def series_integrated(c: Any, breaks: Any) -> Any:
    """The coefficients of the antiderivative that is zero at the first breakpoint."""
    k, m = np.shape(c)[:2]
    ones = (1,) * (np.ndim(c) - 2)
    higher = c / np.reshape(np.arange(k, 0, -1.0), (-1, 1, *ones))
    h = np.reshape(breaks[1:] - breaks[:-1], (m, *ones))
    area = higher[0] * h
    for part in higher[1:]:
        area = (area + part) * h
    start = np.concatenate([np.zeros((1, *np.shape(area)[1:])), np.cumsum(area, axis=0)[:-1]])
    return np.concatenate([higher, start[None]])


def power_series(c: Any, breaks: Any, x: Any, nu: int = 0) -> Any:
    """The nu-th derivative of a piecewise polynomial at x of shape (n,); of shape (n, …)."""
    if not has_duals(c, breaks) and not meets(breaks, x):
        series = _scipy.PPoly.construct_fast(c, breaks)
        return series(plain(x), nu) + along_taylor(series, x, nu, len(c) - 1)
    rest = np.shape(c)[2:]
    c = series_differentiated(c, nu)
    flat = np.reshape(c, (*np.shape(c)[:2], -1))

    def f(x: Any, piece: Any) -> Any:
        h = (x - breaks[piece])[:, None]
        y = flat[0][piece]
        for part in flat[1:]:
            y = y * h + part[piece]
        return y

    last = len(plain(breaks)) - 2
    right, left = (pieces_of(breaks, x, side, 0, last) for side in ("right", "left"))
    return np.reshape(on_both_sides(f, x, right, left), (*np.shape(x), *rest))
