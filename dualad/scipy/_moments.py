"""How the mean, the variance and the entropy of a distribution move with its shapes, by integrals.

Where a row of the table of distributions has no formula for a moment, its derivative in a shape θ
follows from the density f, its logarithm L and the cdf F, with indices for derivatives. The
quantiles move by −F_θ/f; so it is

    of the mean      −∫ F_θ dx
    of the variance  −∫ 2(x − mean)·F_θ dx
    of the entropy   ∫ (L_x·F_θ − f·L_θ) dx

over the support, whose ends may move, for F does not jump there. Of counts these are sums over k,
of k, (k − mean)² or −L times f·L_θ; where the cdf is itself an integral, so they are integrals.
What does not converge, as beside a kink of the density or where tails are too heavy, is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import scipy.stats

from ..pair import Function, plain
from ..refusals import refused
from ..special_rules import SPACES, expression
from ._distributions import Distribution

_LEAST = -250.0  # the logarithm of the smallest density that counts
_FAR = 1e3  # from the median, in distances of the quartiles: as good as infinitely far
_MOST = 1 << 16  # counts on either side of the median


def has_integral(d: Distribution) -> bool:
    """Whether a distribution has what its moments' derivatives are made of."""
    return d.is_discrete or d.has_cdf


def by_integral(d: Distribution, method: str, shape: str, mean: Function) -> Function:
    """The derivative in a shape of mean, var or entropy: of the shapes, in standard form."""

    def pieces(*shapes: Any) -> Iterator[tuple[Any, Any]]:
        if d.is_discrete:
            return _over_counts(d, method, shape, mean, shapes)
        return _over_support(d, method, shape, shapes)

    def derivative_in(*shapes: Any) -> Any:
        columns = [s[..., None] if np.ndim(s) else s for s in shapes]
        with np.errstate(all="ignore"):
            is_nan = sum(np.isnan(plain(s)) for s in shapes)
            for total, is_done in pieces(*columns):
                if np.all(is_done | is_nan):
                    return total
        where = ", ".join(
            f"{s}={np.array2string(np.asarray(plain(x)), threshold=4)}"
            for s, x in zip(d.shapes, shapes, strict=True)
        )
        raise refused(
            f"scipy.stats.{d.name}.{method}: the {'sum' if d.is_discrete else 'integral'} for its "
            f"derivative in {shape} does not converge at {where}; write the moment as a function "
            "of your own, or pass a plain number.",
            *shapes,
        )

    return derivative_in


def _over_support(
    d: Distribution, method: str, shape: str, shapes: Sequence[Any]
) -> Iterator[tuple[Any, Any]]:
    """The integral, by rules of more and more nodes, and whether the last two agree."""
    functions = SPACES[True].functions
    names = ("log", "log_x", f"log_{shape}", f"cdf_{shape}")
    log, by_x, by_shape, cdf = (functions[f"_{d.name}_{name}"] for name in names)
    theirs = getattr(scipy.stats, d.name)
    first, middle, last = (theirs.ppf(q, *map(plain, shapes)) for q in (0.25, 0.5, 0.75))
    texts = ("-pi", "pi") if d.between == ("0", "pi") else d.ends  # once around the circle
    are_arrays = any(map(np.ndim, map(plain, shapes)))
    ends = [expression(text, d.shapes, are_arrays)(*shapes) for text in texts]
    before: Any = math.nan
    for n in (60, 120, 240, 480, 960):
        within, at_within, beyond, at_beyond = _rule(n)
        sides = []
        for end, sign in zip(ends, (-1.0, 1.0), strict=True):
            is_far = abs(plain(end) - middle) > _FAR * (last - first)
            near = np.where(is_far, middle + sign, end)
            sides.append(
                (
                    np.where(
                        is_far,
                        middle + sign * (last - first) * beyond,
                        near + (middle - near) * within,
                    ),
                    np.where(
                        is_far, (last - first) * at_beyond, sign * (near - middle) * at_within
                    ),
                )
            )
        x, weight = (np.concatenate(parts, axis=-1) for parts in zip(*sides, strict=True))
        counts = plain(log(x, *shapes)) > _LEAST
        counts &= (plain(ends[0]) < plain(x)) & (plain(x) < plain(ends[1]))
        x, weight = np.where(counts, x, middle), np.where(counts, weight, 0.0)
        power = log(x, *shapes)
        mean: Any = 0.0
        if method == "var":  # about a mean that has all digits, where SciPy's may have lost some
            mass = np.exp(power) * weight
            mean = np.sum(x * mass, axis=-1, keepdims=True) / np.sum(mass, axis=-1, keepdims=True)
        if not d.cdf:
            terms = _counted(method, x, power, mean) * np.exp(power) * by_shape(x, *shapes)
        elif method == "entropy":
            density = np.exp(power)
            terms = by_x(x, *shapes) * cdf(x, *shapes) - density * by_shape(x, *shapes)
        elif method == "var":
            terms = -2 * (x - mean) * cdf(x, *shapes)
        else:
            terms = -cdf(x, *shapes)
        total = np.sum(terms * weight, axis=-1)
        size = np.sum(abs(plain(terms * weight)), axis=-1)
        # twice as many nodes have twice the digits, but for the rounding of the tails
        yield total, (abs(plain(total) - before) <= 1e-9 * size) & np.any(counts, axis=-1)
        before = plain(total)


def _counted(method: str, x: Any, power: Any, mean: Any) -> Any:
    """What a moment is the mean of; power is the logarithm of the density."""
    return x if method == "mean" else -power if method == "entropy" else (x - mean) * (x - mean)


@cache
def _rule(n: int) -> tuple[Any, Any, Any, Any]:
    """Nodes and weights of double exponential rules from 0 to 1, and from 0 to infinity."""
    t, step = np.linspace(-4.5, 4.5, n, retstep=True)
    power = math.pi * np.sinh(t)
    within, beyond = 1 / (1 + np.exp(-power)), np.exp(power / 2)
    speed = step * math.pi * np.cosh(t)
    return within, speed * within / (1 + np.exp(power)), beyond, speed / 2 * beyond


def _over_counts(
    d: Distribution, method: str, shape: str, mean: Function, shapes: Sequence[Any]
) -> Iterator[tuple[Any, Any]]:
    """The sum, over more and more counts around the median, and whether the last add nothing."""
    log, by_shape = (
        SPACES[True].functions[f"_{d.name}_{text}"] for text in ("log", f"log_{shape}")
    )
    middle = np.asarray(getattr(scipy.stats, d.name).median(*map(plain, shapes)))
    low, high = (plain(expression(text, d.shapes)(*shapes)) for text in d.ends)
    center = mean(*shapes) if method == "var" else 0.0
    total: Any = 0.0
    size: Any = 0.0
    least, most, reach = int(middle.min()), int(middle.max()) + 1, 64
    k = np.arange(least, most)
    while len(k) < _MOST:
        counts = (low <= k) & (k <= high)
        counts &= plain(log(np.where(counts, k, middle), *shapes)) > _LEAST
        k = np.where(counts, k, middle)
        power = log(k, *shapes)
        of_count = _counted(method, k, power, center)
        terms = np.where(counts, of_count * np.exp(power) * by_shape(k, *shapes), 0.0)
        total = total + np.sum(terms, axis=-1)
        added = np.sum(abs(plain(terms)), axis=-1)
        size = size + added
        yield total, (added <= 1e-12 * size) & (size > 0)
        below, above = np.arange(least - reach, least), np.arange(most, most + reach)
        k, least, most, reach = (
            np.concatenate([below, above]),
            least - reach,
            most + reach,
            2 * reach,
        )
