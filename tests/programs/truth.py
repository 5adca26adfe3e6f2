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


def is_kink(f: Callable[[float], Any], eps: float, slope: Any = None) -> Any:
    """Where the one-sided derivatives at 0 differ, from each other or from a slope; or a jump is."""
    start, h = f(0.0), 1e-5 if eps < 1e-10 else 3e-3
    right, left = (f(h) - start) / h, (start - f(-h)) / h
    size = np.maximum(np.abs(right), np.abs(left))
    near = 1e-2 * size + 1e3 * eps * (1 + np.abs(start)) / h + 1e-3
    smooth = np.abs(right - left) <= near
    if slope is not None:
        smooth &= np.abs((right + left) / 2 - slope) <= near
    return ~smooth
