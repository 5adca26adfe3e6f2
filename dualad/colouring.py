"""Colours: columns of a sparse matrix that one direction can stand for.

Two columns may have one colour if no row has something in both. A symmetric matrix can be read
from fewer, where each of its elements stands alone in one of its two places.

Grids come first: colours that repeat along each axis, as few as the longest row needs. Otherwise
each column gets the first colour that is free, those with most neighbours first.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

_ROWS = 256  # at most this many rows are sampled to find a grid
_TRIES = 4096  # and so many ways of repeating colours along its axes
_MOST = 48  # a grid has rows of at most so many


def columns(pattern: Any) -> Any:
    """A colour for each column of a boolean csr_array: no row has one of them twice.

    >>> from scipy.sparse import diags_array
    >>> columns(diags_array([True] * 3, offsets=[-1, 0, 1], shape=(6, 6), dtype=bool).tocsr())
    array([0, 1, 2, 0, 1, 2])
    """
    m, n = pattern.shape
    sizes = np.diff(pattern.indptr)
    least = int(sizes.max(initial=0))
    if least >= n or not pattern.nnz:
        return np.arange(n) if least else np.zeros(n, np.intp)
    best = _along_grid(pattern, least)
    if best is not None and best.max() < least:
        return best
    by_column = pattern.T.tocsr()
    neighbours = by_column @ (sizes - 1)
    first = _first_free(by_column, m, np.argsort(-neighbours, kind="stable"))
    return first if best is None or first.max() < best.max() else best


def _first_free(by_column: Any, m: int, order: Any) -> Any:
    """Each column in order gets the first colour that its rows do not have yet."""
    starts, rows = by_column.indptr.tolist(), by_column.indices.tolist()
    taken = [0] * m  # of each row, a bit for each colour
    colours = [0] * by_column.shape[0]
    for j in order.tolist():
        mine = rows[starts[j] : starts[j + 1]]
        used = 0
        for i in mine:
            used |= taken[i]
        free = ~used & (used + 1)
        colours[j] = free.bit_length() - 1
        for i in mine:
            taken[i] |= free
    return np.array(colours)


def star(pattern: Any) -> Any:
    """A colour for each column of a symmetric boolean csr_array, from which it can be read.

    Neighbours differ, and of two neighbours of one colour that share a third one, that has a
    lower colour. So element (i, j), where i has the higher colour, stands alone in row i in the
    direction of j.

    >>> from scipy.sparse import csr_array
    >>> arrow = np.eye(5, dtype=bool); arrow[0] = arrow[:, 0] = True
    >>> star(csr_array(arrow))
    array([0, 1, 1, 1, 1])
    """
    n = pattern.shape[0]
    starts, neighbours = pattern.indptr.tolist(), pattern.indices.tolist()
    colours = [-1] * n
    around = [0] * n  # of each, a bit for each colour of a neighbour
    for j in np.argsort(-np.diff(pattern.indptr), kind="stable").tolist():
        mine = neighbours[starts[j] : starts[j + 1]]
        used = 0
        for i in mine:
            c = colours[i]
            if i == j:
                continue
            used |= around[i] if c < 0 else (1 << c) | (around[i] & ((1 << c) - 1))
        free = ~used & (used + 1)
        colours[j] = free.bit_length() - 1
        for i in mine:
            if i != j:
                around[i] |= free
    return np.array(colours, np.intp)


# -- grids -----------------------------------------------------------------------------------


def _along_grid(pattern: Any, least: int) -> Any:
    """Colours that repeat along the axes of a grid; None if there is no grid, or it is too odd."""
    m, n = pattern.shape
    if least > _MOST:
        return None
    chosen = np.unique(np.linspace(0, m - 1, min(m, _ROWS)).astype(int))
    sample = pattern[chosen]
    strides = _strides(sample)
    if strides is None:
        return None
    digits = _digits(np.arange(n), strides)
    sizes = np.diff(sample.indptr)
    row = np.repeat(np.arange(len(chosen)), sizes)
    place = np.arange(sample.nnz) - sample.indptr[row]
    of_sample = digits[:, sample.indices]
    tried = 0
    for k in range(least, 2 * least + 2):
        table = np.empty((len(chosen), least), np.intp)
        for factors in itertools.product(range(k), repeat=len(strides) - 1):
            tried += 1
            if tried > _TRIES:
                return None
            turns = np.array([1, *factors])
            table[:] = -1 - np.arange(least)
            table[row, place] = turns @ of_sample % k
            table.sort(axis=1)
            if (table[:, 1:] == table[:, :-1]).any():
                continue
            colours = turns @ digits % k
            if _fits(pattern, colours, k):
                return colours
    return None


def _digits(j: Any, strides: list[int]) -> Any:
    """Where numbers are along the axes of a grid with these strides, the shortest first."""
    found = []
    for stride, longer in itertools.zip_longest(strides, strides[1:]):
        found.append((j if longer is None else j % longer) // stride)
    return np.array(found)


def _strides(sample: Any) -> list[int] | None:
    """How far neighbours along each axis are from each other, if these rows are of a grid."""
    sizes = np.diff(sample.indptr)
    width = int(sizes.max(initial=0))
    gaps: list[Any] = []
    row = np.repeat(np.arange(len(sizes)), sizes)
    for step in range(1, width):
        same = row[:-step] == row[step:]
        gaps.append((sample.indices[step:] - sample.indices[:-step])[same])
    found, counts = np.unique(np.concatenate(gaps or [np.zeros(0, int)]), return_counts=True)
    if not 0 < len(found) <= 1024:
        return [1] if not len(found) else None
    strides = [1]
    reach = 0  # how far the last cluster of gaps goes
    i = 0
    while i < len(found) and len(strides) < 4:
        near = max(2 * strides[-1], 2)
        stop = i + 1
        while stop < len(found) and found[stop] - found[stop - 1] <= near:
            stop += 1
        half = np.cumsum(counts[i:stop])
        middle = int(found[i:stop][np.searchsorted(half, half[-1] / 2)])
        if i == 0 and found[0] <= 2:
            reach = int(found[stop - 1])
        elif middle > max(reach, 2 * strides[-1]) and middle % strides[-1] == 0:
            is_multiple = len(strides) > 1 and middle // strides[-1] <= 4
            if not is_multiple:
                strides.append(middle)
        i = stop
    return strides


def _fits(pattern: Any, colours: Any, k: int) -> bool:
    """Whether no row has a colour twice."""
    m = pattern.shape[0]
    row = np.repeat(np.arange(m), np.diff(pattern.indptr))
    keys = row * k + colours[pattern.indices]
    if m * k <= 1 << 26:
        return bool(np.bincount(keys, minlength=1).max(initial=0) <= 1)
    keys.sort()
    return not (keys[1:] == keys[:-1]).any()
