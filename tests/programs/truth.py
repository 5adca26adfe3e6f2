"""Derivatives without dual numbers: central differences, extrapolated, with what they may be off."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

LEVELS = 4
FIRST = {1: 0.0213, 2: 0.0837, 3: 0.1519}  # the largest step
WEIGHTS: dict[int, list[tuple[float, float]]] = {  # (place in steps, weight)
    1: [(1, 0.5), (-1, -0.5)],
    2: [(1, 1.0), (0, -2.0), (-1, 1.0)],
    3: [(2, 0.5), (1, -1.0), (-1, 1.0), (-2, -0.5)],
}


def differences(
    f: Callable[[float], Any], order: int, eps: float, scale: float = 1.0
) -> tuple[Any, Any]:
    """The derivative of f at 0, and a bound of its error, elementwise; inf where nothing settles.

    Central differences at steps that are halved, extrapolated by Richardson; the error is how
    far neighbouring extrapolations are apart, and what rounding makes of the values.
    """
    known: dict[float, Any] = {}

    def at(t: float) -> Any:
        if t not in known:
            known[t] = f(t)
        return known[t]

    first = FIRST[order] * scale
    row, size = [], np.abs(at(0.0))
    for level in range(LEVELS):
        h = first / 2**level
        total = sum(w * at(p * h) for p, w in WEIGHTS[order])
        row.append(total / h**order)
        size = np.maximum(size, np.abs(at(h)))
    rounding = 8 * eps * size
    best, error = row[-1], np.full(np.shape(row[-1]), np.inf)
    for j in range(1, LEVELS):
        new = [b + (b - a) / (4**j - 1) for a, b in itertools.pairwise(row)]
        for i, d in enumerate(new):
            step = first / 2 ** (i + j)
            off = np.maximum(np.abs(d - row[i]), np.abs(d - row[i + 1])) + rounding / step**order
            better = off < error
            best, error = np.where(better, d, best), np.where(better, off, error)
        row = new
    return best, np.where(np.isfinite(error), error, np.inf)


def noise(f: Callable[[float], Any], order: int) -> Any:
    """What rounding may make of differences, from how uneven f is on a line so short."""
    start = f(0.0)
    uneven = [np.abs(f(h) - 2 * start + f(-h)) for h in (1e-10, 1.7e-10, 2.9e-10)]
    return 10 * np.max(uneven, 0) / (FIRST[order] / 2**LEVELS) ** order


def is_noise(f: Callable[[float], Any]) -> Any:
    """Where f is uneven on a line so short that neither a slope, nor a curve, nor a kink is seen."""
    h = 1e-10
    there = {k: f(k * h) for k in (-2, -1, 0, 1, 2)}
    second = there[1] - 2 * there[0] + there[-1]
    third = there[2] - 2 * there[1] + 2 * there[-1] - there[-2]
    size = np.max(np.abs(list(there.values())), 0)
    return np.minimum(np.abs(second), np.abs(third)) > 1e-4 * size


def is_kink(f: Callable[[float], Any], eps: float, slope: Any = None) -> Any:
    """Where the one-sided derivatives at 0 differ, from each other or from a slope; or a jump is."""
    start, h = f(0.0), 1e-5 if eps < 1e-10 else 3e-3
    right, left = (f(h) - start) / h, (start - f(-h)) / h
    nearer = (f(h / 2) - 2 * start + f(-h / 2)) / (h / 2)
    rounding = 1e3 * eps * (1 + np.abs(start)) / h
    gap = np.abs(right - left)  # goes with h where f is smooth
    is_smooth = (gap <= rounding) | (np.abs(nearer) <= 0.75 * gap)
    if slope is not None:
        near = 1e-2 * np.maximum(np.abs(right), np.abs(left)) + rounding + 1e-3
        is_smooth &= np.abs((right + left) / 2 - slope) <= near
    return ~is_smooth


def is_bent(line: Callable[..., Callable[[float], Any]]) -> Any:
    """Where slopes along two directions do not add up to that along their sum.

    `line(a, b, k)` is the function along a·v + b·e, with the k-th of some directions e. The middle
    of three equal numbers is smooth along every line, and yet has no derivative.
    """
    bent = np.asarray(False)
    for k in range(3):
        (a, of_a), (b, of_b), (c, of_c) = (
            differences(line(*mix, k), 1, 2.0**-52) for mix in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
        )
        near = 20 * (of_a + of_b + of_c) + 1e-6 * (1 + np.abs(a) + np.abs(b))
        bent = bent | (np.abs(a + b - c) > near)
    return bent
