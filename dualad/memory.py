"""Where the numbers of an array lie in memory, which a copy must not change.

Sums and products add in another order where an array has gaps or reversed axes, or take another
function of BLAS, and give other last bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def copied(x: Any) -> Any:
    """A copy with the gaps and reversed axes of x.

    >>> copied(np.arange(6.0)[::-2]).strides
    (-16,)
    """
    # Where one number stands for many places, they cannot be written to.
    once = x[tuple([slice(None) if step else slice(1) for step in x.strides])]
    result = laid_out(once, once)
    result[...] = once
    return result if 0 not in x.strides else np.broadcast_to(result, x.shape)


def laid_out(array: Any, like: Any) -> Any:
    """An empty array of the shape and type of `like`, the last axes of which lie as those of array.

    That is, in the same order, reversed where they are, and with gaps where array has some; these
    are as wide for an array of the same shape and type, unless that takes much memory.
    """
    many = like.ndim - array.ndim
    strides = _close_together(array, like.itemsize)
    if not many and like.dtype == array.dtype:
        size = array.size * array.itemsize
        if size <= _extent(array.shape, array.strides) + array.itemsize <= 8 * size:
            strides = list(array.strides)
    extent = _extent(array.shape, strides) + like.itemsize
    start = sum([(1 - n) * s for n, s in zip(array.shape, strides, strict=True) if s < 0])
    for n in reversed(like.shape[:many]):
        strides.insert(0, extent)
        extent *= n
    return np.ndarray(like.shape, like.dtype, np.empty(extent, np.uint8), start, strides)


def _close_together(array: Any, itemsize: int) -> list[int]:
    """Strides in the order of those of array, with a gap of one element where it has gaps."""
    strides, step, dense = [0] * array.ndim, 1, array.itemsize
    for i in sorted(range(array.ndim), key=lambda i: abs(array.strides[i])):
        n, stride = array.shape[i], array.strides[i]
        if n > 1:
            step += abs(stride) != dense
            dense = abs(stride) * n
        strides[i] = (step if stride >= 0 else -step) * itemsize
        step *= n
    return strides


def _extent(shape: Sequence[int], strides: Sequence[int]) -> int:
    """How far the last element is from the first, in bytes."""
    return sum([(n - 1) * abs(s) for n, s in zip(shape, strides, strict=True)])
