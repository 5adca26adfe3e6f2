"""Integrals of a density over its tails, and the incomplete gamma and beta functions by them.

The derivative of a cdf in a parameter is an integral of the density's derivative up to x, and the
same beyond x with the opposite sign. The smaller of the two rounds less: it has all digits in the
tail, however small that is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import scipy.special as sc

_REACH = 2.0 ** np.arange(-60, 61)
_GONE = -45.0  # of a logarithm: less than the rounding of what is left
_BLOCK = 1024  # points at a time, for memory


@cache
def _rule(n: int) -> tuple[Any, Any]:
    """Nodes and weights of the double exponential rule on the interval from 0 to 1."""
    t, step = np.linspace(-3.6, 3.6, n, retstep=True)
    nodes = 1 / (1 + np.exp(-math.pi * np.sinh(t)))
    return nodes, step * math.pi * np.cosh(t) * nodes / (1 + np.exp(math.pi * np.sinh(t)))


def accumulated(log: Callable[[Any], Any], integrand: Callable[[Any], Any]) -> Any:
    """The integral of a function from −∞ to 0, which is 0 over the whole line.

    Parameters
    ----------
    log : callable
        The logarithm of its size, but for what is small beside that: of w with shape (n,) or
        (points, n), to shape (points, n); 0 at w = 0. It falls to −∞ at both ends, like a line or
        faster.
    integrand : callable
        The function, of w as log.

    Returns
    -------
    array, shape (points,)
        nan where the rule with the most nodes has not converged.
    """
    sides = []
    for sign in (-1.0, 1.0):
        size = log(sign * _REACH)
        here = (size > _GONE) & (size < math.inf)
        last = len(_REACH) - np.argmax(here[:, ::-1], axis=1)
        end = sign * _REACH[np.minimum(last, len(_REACH) - 1)]
        y, whole = _by_rule(60, end, integrand)
        sides.append((np.where(np.isnan(whole), math.inf, whole), y, end))
    below, above = sides
    is_above = above[0] < below[0]
    y, end = (np.where(is_above, a, b) for a, b in zip(above[1:], below[1:], strict=True))
    for n in (120, 240, 480, 960):
        again, size = _by_rule(n, end, integrand)
        is_done = abs(again - y) <= 1e-11 * size  # twice as many nodes, twice the digits
        y = again
        if is_done.all():
            break
    return np.where(is_done, np.where(is_above, -y, y), math.nan)


def _by_rule(n: int, end: Any, integrand: Any) -> tuple[Any, Any]:
    """The integral from 0 to the end, and that of its absolute value."""
    nodes, weights = _rule(n)
    terms = integrand(end[:, None] * nodes) * weights
    return abs(end) * terms.sum(axis=1), abs(end) * abs(terms).sum(axis=1)


def in_blocks(f: Callable[..., Any], *args: Any) -> Any:
    """f of columns of the arguments, which are flat arrays, for some points at a time."""
    with np.errstate(all="ignore"):
        found = [
            f(*(a[i : i + _BLOCK, None] for a in args)) for i in range(0, len(args[0]), _BLOCK)
        ]
    return np.concatenate(found) if found else np.zeros(0)


def _growth(orders: tuple[int, ...], slopes: dict[tuple[int, int], Any]) -> Any:
    """A derivative of exp(φ), over exp(φ), from the derivatives of φ."""
    i, j = orders
    if not i and not j:
        return 1.0
    if not i:
        return _growth((j, 0), {(m, k): s for (k, m), s in slopes.items()})
    return sum(
        math.comb(i - 1, k)
        * math.comb(j, m)
        * slopes[k + 1, m]
        * _growth((i - 1 - k, j - m), slopes)
        for k in range(i)
        for m in range(j + 1)
    )


def gammainc_in_shape(orders: tuple[int, ...], a: Any, x: Any, factor: Any, mean: Any) -> Any:
    """A derivative of gammainc(a, x) in a, for flat arrays a > 0, x > 0.

    In w = log(t/x): t^a·exp(−t) is x^a·exp(−x) times exp(a·w − x·expm1(w)), and its derivatives in
    a are polynomials of log(t) − ψ(a). `factor` is x^a·exp(−x)/Γ(a), `mean` is ψ(a).
    """

    def of_columns(a: Any, x: Any, mean: Any) -> Any:
        higher = {(k, 0): -sc.polygamma(k - 1, a) for k in range(2, orders[0] + 1)}
        away = np.log(x) - mean

        def log(w: Any) -> Any:
            return (a - x) * w - x * _bent_exp(w)

        def integrand(w: Any) -> Any:
            return np.exp(log(w)) * _growth((orders[0], 0), {(1, 0): away + w, **higher})

        return accumulated(log, integrand)

    return factor * in_blocks(of_columns, a, x, mean)


def _bent_exp(w: Any) -> Any:
    """expm1(w) − w."""
    small = np.where(abs(w) < 0.1, w, 0.0)
    total: Any = 1.0
    for k in range(11, 2, -1):
        total = 1.0 + small / k * total
    return np.where(abs(w) < 0.1, small * small / 2 * total, np.expm1(w) - w)


def betainc_in_shapes(
    orders: tuple[int, ...], a: Any, b: Any, x: Any, factor: Any, gaps: tuple[Any, Any]
) -> Any:
    """A derivative of betainc(a, b, x) in a and b, for flat arrays a, b > 0 and 0 < x < 1.

    In w, by which the logit of t is beyond that of x. `factor` is x^a·(1 − x)^b/B(a, b), `gaps`
    are ψ(a) − ψ(a + b) and ψ(b) − ψ(a + b).
    """
    n = sum(orders)

    def of_columns(a: Any, b: Any, x: Any, gap_a: Any, gap_b: Any) -> Any:
        y = 1 - x
        both = {k: sc.polygamma(k - 1, a + b) for k in range(2, n + 1)}
        slopes = {(k, m): both[k + m] for k in range(n + 1) for m in range(n + 1 - k) if k + m > 1}
        for k in range(2, n + 1):
            slopes[k, 0] = slopes[k, 0] - sc.polygamma(k - 1, a)
            slopes[0, k] = slopes[0, k] - sc.polygamma(k - 1, b)
        at_a = np.where(x < 0.5, np.log(x), np.log1p(-y)) - gap_a
        at_b = np.log1p(-x) - gap_b

        def logs(w: Any) -> tuple[Any, Any]:  # of t/x and of (1 - t)/(1 - x)
            part, rest = np.where(w < 0, x, y), np.where(w < 0, y, x)
            bent = part * np.expm1(-abs(w))
            whole = np.where(bent > -0.5, np.log1p(bent), np.log(rest + part * np.exp(-abs(w))))
            return np.minimum(w, 0) - whole, np.minimum(-w, 0) - whole

        def log(w: Any) -> Any:
            by_a, by_b = logs(w)
            return a * by_a + b * by_b

        def integrand(w: Any) -> Any:
            by_a, by_b = logs(w)
            growth = _growth(orders[:2], slopes | {(1, 0): at_a + by_a, (0, 1): at_b + by_b})
            return np.exp(a * by_a + b * by_b) * growth

        return accumulated(log, integrand)

    return factor * in_blocks(of_columns, a, b, x, *gaps)


def stdtr_in_freedom(v: Any, t: Any, factor: Any) -> Any:
    """The derivative of stdtr(v, t) in v, for flat arrays v > 0, t > 0.

    In w = log(u/t), u from 0 to t: the density at u is that at t times a power of
    (1 + t²/v)/(1 + u²/v). `factor` is t times the density at t.
    """

    def of_columns(v: Any, t: Any) -> Any:
        start, far, gap = np.log1p(t * t / v), 2 * np.log(t) - np.log(v), _half_gap(v / 2)

        def whole(w: Any) -> Any:
            """log(1 + u²/v)."""
            ratio = far + 2 * w
            return np.maximum(ratio, 0) + np.log1p(np.exp(-abs(ratio)))

        def size(w: Any, whole: Any) -> Any:
            return w - (v + 1) / 2 * (whole - start)

        def log(w: Any) -> Any:
            return size(w, whole(w))

        def integrand(w: Any) -> Any:
            there = whole(w)
            part = np.exp(far + 2 * w - there)  # of 1 + u²/v, that u²/v is
            return np.exp(size(w, there)) * (gap - _bent_log(part, there) + part / v) / 2

        return accumulated(log, integrand)

    return factor * in_blocks(of_columns, v, t)


_TO_SERIES = 16
_BERNOULLI = sc.bernoulli(18)[2::2]  # B₂, B₄, …


def _half_gap(x: Any) -> Any:
    """ψ(x + 1/2) − ψ(x) − 1/(2x), by terms of one sign up to where its series is exact."""
    total: Any = 0.0
    for k in range(_TO_SERIES):
        y = x + k
        total = total + 1 / (2 * y * (y + 1) * (2 * y + 1))
    y = x + _TO_SERIES
    for k, b in enumerate(_BERNOULLI, 1):
        total = total + (1 - 0.25**k) * b / (k * y ** (2 * k))
    return total


def _bent_log(part: Any, whole: Any) -> Any:
    """−log(1 − part) − part, where the logarithm is −whole."""
    small = np.where(part < 0.1, part, 0.0)
    total: Any = 0.0
    for k in range(16, 1, -1):
        total = (total + 1 / k) * small
    return np.where(part < 0.1, total * small, whole - part)
