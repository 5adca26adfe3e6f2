"""Plain arrays in memory: copies and views that lie as another array does.

Views are views of primal and tangent alike, and what NumPy calculates depends in its last bits on
where the numbers lie: sums and products add in another order where an array has gaps or reversed
axes, or take another function of BLAS. So a copy keeps the order, the gaps and the reversed axes
of its array, and a tangent lies as its primal, with the directions, if there are any, in front.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from .looks import is_plain


class _Memory:
    """Some memory as NumPy is told of it; an array made of it keeps `base` alive."""

    def __init__(self, base: Any, interface: dict[str, Any]) -> None:
        self.base = base
        self.__array_interface__ = interface


def address_of(x: Any) -> int:
    """Where the first element of an array lies."""
    address: int = x.__array_interface__["data"][0]
    return address


def view_at(base: Any, address: int, shape: Any, strides: Any, dtype: Any) -> Any:
    """An array at an address in the memory of `base`."""
    interface = {
        "data": (address, not base.flags.writeable),
        "shape": tuple(shape),
        "strides": tuple(strides),
        "typestr": np.dtype(dtype).str,
        "version": 3,
    }
    return np.asarray(_Memory(base, interface))


def owner_of(x: Any) -> Any:
    """The array that x is a view of, directly or not; x itself if it is no view.

    A view at an address, as `view_at` and `as_strided` make it, has an object between.

    >>> x = np.zeros(6)
    >>> owner_of(np.lib.stride_tricks.as_strided(x[::2])[1:]) is x
    True
    """
    while True:
        base = x.base
        if base is not None and not isinstance(base, np.ndarray):
            base = getattr(base, "base", None)
        if not isinstance(base, np.ndarray):
            return x
        x = base


def _offsets(x: Any) -> Any:
    """Where the elements of an array lie, in bytes from its first one."""
    return sum(np.ix_(*(step * np.arange(n) for step, n in zip(x.strides, x.shape, strict=True))))


def overlaps_itself(x: Any) -> bool:
    """Whether some elements of an array are in the same memory.

    >>> x = np.zeros((2, 3))
    >>> overlaps_itself(x.T[::-1]), overlaps_itself(np.broadcast_to(x, (2, 2, 3)))
    (False, True)
    >>> overlaps_itself(view_at(x, address_of(x), (2, 2), (16, 24), float))
    False
    """
    ways = sorted((abs(step), n) for step, n in zip(x.strides, x.shape, strict=True) if n > 1)
    ends = itertools.accumulate((step * (n - 1) for step, n in ways), initial=x.itemsize)
    if not x.size or all(step >= end for (step, _), end in zip(ways, ends, strict=False)):
        return False
    return bool((np.diff(np.sort(_offsets(x), axis=None)) < x.itemsize).any())


def is_overwritten(x: Any, place: tuple[Any, ...], y: Any) -> bool:
    """Whether y, stored one by one at places of x, is overwritten before it is read.

    Where elements overlap in part, it may say so.

    >>> x = np.arange(4.0)
    >>> is_overwritten(x, (np.arange(2),), x[2:]), is_overwritten(x, (np.arange(4),), x[::-1])
    (False, True)
    """
    if not np.may_share_memory(x, y):
        return False
    if x.dtype != y.dtype:
        return True
    stored: Any = sum(step * np.ravel(i) for step, i in zip(x.strides, place, strict=True))
    stored = stored + address_of(x)
    read = np.resize(_offsets(y), len(stored)) + address_of(y)
    if np.unique(np.concatenate([stored, read]) % x.itemsize).size > 1:
        return bool(np.shares_memory(x, y))
    order = np.argsort(stored, kind="stable")
    order = order[stored[order] != read[order]]  # an element stored in its own place stays
    if not len(order):
        return False
    at = np.minimum(np.searchsorted(stored[order], read), len(order) - 1)
    first = order[at]  # where an element that is read is stored for the first time
    return bool(((stored[first] == read) & (first < np.arange(len(read)))).any())


def elements_in(view: Any, x: Any) -> Any:
    """Which elements of x, counted in C order, an array in its memory has; None if others, too.

    >>> x = np.zeros((2, 3))
    >>> elements_in(x.T[::-1], x).tolist(), elements_in(x[0], x[:, ::2]) is None
    ([[2, 5], [1, 4], [0, 3]], True)
    """
    here, there = np.reshape(_offsets(x) + address_of(x), -1), _offsets(view) + address_of(view)
    if not here.size:
        return None if view.size else np.zeros(view.shape, int)
    order = np.argsort(here, kind="stable")
    numbers = order[np.minimum(np.searchsorted(here[order], there), here.size - 1)]
    return numbers if np.array_equal(here[numbers], there) else None


def sharing(arrays: Sequence[Any]) -> list[int]:
    """Which of these arrays share memory with another of them.

    >>> x = np.zeros(4)
    >>> sharing([x[:2], np.zeros(4), x[1:], x[3:]])
    [0, 2, 3]
    >>> sharing([*np.zeros((50, 9)).T, x, x])
    [9, 10]
    """
    if len(arrays) < 2:
        return []
    views: dict[Any, list[int]] = {}  # what is given several times is looked at once
    for i, x in enumerate(arrays):
        if x.size:
            views.setdefault((address_of(x), x.shape, x.strides, x.itemsize), []).append(i)
    each = list(views.values())
    met = {n for n, same in enumerate(each) if len(same) > 1}
    spans = [(*byte_bounds(arrays[same[0]]), n) for n, same in enumerate(each)]
    for group in _in_one(spans):
        for part in _interleaved([(n, arrays[each[n][0]]) for n in group]):
            met |= _meeting(part)
    return sorted(i for n in met for i in each[n])


def _in_one(spans: Sequence[tuple[int, int, int]]) -> list[list[int]]:
    """The numbers of spans (from, to, number), those together of which the spans are one."""
    groups: list[list[int]] = []
    end = -math.inf
    for low, high, n in sorted(spans):
        if low >= end:
            groups.append([])
        groups[-1].append(n)
        end = max(end, high)
    return groups


_Numbered = list[tuple[int, Any]]  # views with their numbers


def _interleaved(views: _Numbered) -> list[_Numbered]:
    """Views in parts that cannot meet, as columns of a matrix cannot, however long they are.

    What all views repeat in steps of one width takes, in that width, the place of what is repeated.
    Where that goes on at the beginning, a view is in the first part and in the last one.
    """
    if len(views) <= _FEW:
        return [views]
    width = math.gcd(*(max(map(abs, x.strides), default=0) for _, x in views))
    if not width:
        return [views]
    places = []
    for i, (_, x) in enumerate(views):
        low, high = address_of(x), address_of(x) + x.itemsize
        for step, n in zip(x.strides, x.shape, strict=True):
            if step % width:
                low, high = low + min(step, 0) * (n - 1), high + max(step, 0) * (n - 1)
        if high - low >= width:
            return [views]
        at = low % width
        places.append((at, at + high - low, i))
    around = [(low - width, high - width, i) for low, high, i in places if high > width]
    return [[views[i] for i in group] for group in _in_one([*places, *around])]


_FEW = 8  # views are looked at in pairs


def _meeting(views: _Numbered) -> set[int]:
    """The numbers of views that share memory with another of these."""
    count = sum(x.size for _, x in views)
    if len(views) <= _FEW or len(views) ** 2 <= count:  # otherwise there are fewer elements
        return _meeting_in_pairs(views)
    low = min(address_of(x) for _, x in views)
    unit = math.gcd(*(n for _, x in views for n in (address_of(x) - low, *x.strides, x.itemsize)))
    owners, units = [], []
    for i, x in views:
        starts = np.unique(_offsets(x)) + address_of(x) - low
        units.append(np.unique(np.add.outer(starts, np.arange(0, x.itemsize, unit))))
        owners.append(np.full(len(units[-1]), i))
    unit_of, view_of = np.concatenate(units), np.concatenate(owners)
    order = np.argsort(unit_of, kind="stable")
    is_same = np.diff(unit_of[order]) == 0
    return {*view_of[order][1:][is_same].tolist(), *view_of[order][:-1][is_same].tolist()}


def _meeting_in_pairs(views: _Numbered) -> set[int]:
    meet: Any = np.may_share_memory
    met: set[int] = set()
    for distance in range(1, len(views)):  # the nearest first, which most likely meet
        if len(met) == len(views):
            break
        for (i, x), (j, y) in zip(views, views[distance:], strict=False):
            if not (i in met and j in met) and meet(x, y, 1000):
                met |= {i, j}
    return met


def is_disjoint(x: Any) -> bool:
    """Whether all elements have memory of their own, as those of a broadcast array have not."""
    if x.flags.c_contiguous or x.flags.f_contiguous:
        return True
    if not x.size:
        return True
    reach = x.itemsize
    for stride, n in sorted((abs(s), n) for s, n in zip(x.strides, x.shape, strict=True) if n > 1):
        if stride < reach:
            return False
        reach += stride * (n - 1)
    return True


def copied(x: Any) -> Any:
    """A copy with the gaps and reversed axes of x, which nobody else can change.

    It is read-only if x is, and where elements of x share their memory.

    >>> copied(np.arange(6.0)[::-2]).strides
    (-16,)
    """
    if x.flags.c_contiguous or x.flags.f_contiguous or x.dtype.hasobject or not x.size:
        copy = x.copy("K")
    else:
        # Where one number stands for many places, they cannot be written to.
        once = x[tuple([slice(None) if step else slice(1) for step in x.strides])]
        copy = _empty_like(once)
        copy[...] = once
        if copy.shape != x.shape:
            copy = np.broadcast_to(copy, x.shape)
    if not (x.flags.writeable and is_disjoint(x)):
        copy.flags.writeable = False
    return copy


def _empty_like(x: Any) -> Any:
    """An empty array that lies as x does: axes in the same order, reversed where they are, gaps.

    These are as wide as those of x, unless that takes much memory; then they are of one element.
    """
    strides = list(x.strides)
    if not x.size * x.itemsize <= _extent(x.shape, strides) + x.itemsize <= 8 * x.size * x.itemsize:
        strides = _close_together(x)
    start = sum([(1 - n) * s for n, s in zip(x.shape, strides, strict=True) if s < 0])
    memory = np.empty(_extent(x.shape, strides) + x.itemsize, np.uint8)
    return np.ndarray(x.shape, x.dtype, memory, start, strides)


def _close_together(x: Any) -> list[int]:
    """Strides in the order of those of x, with a gap of one element where it has gaps."""
    strides, step, dense = [0] * x.ndim, 1, x.itemsize
    for i in sorted(range(x.ndim), key=lambda i: abs(x.strides[i])):
        n, stride = x.shape[i], x.strides[i]
        if n > 1:
            step += abs(stride) != dense
            dense = abs(stride) * n
        strides[i] = (step if stride >= 0 else -step) * x.itemsize
        step *= n
    return strides


def _extent(shape: Sequence[int], strides: Sequence[int]) -> int:
    """How far the last element is from the first, in bytes."""
    return sum([(n - 1) * abs(s) for n, s in zip(shape, strides, strict=True)])


def lies_like(tangent: Any, primal: Any) -> bool:
    """Whether a tangent has the strides of its primal, and can be written to as that can."""
    if not tangent.size:
        return True
    if primal.flags.writeable and not tangent.flags.writeable:
        return False
    ratio, rest = divmod(tangent.itemsize, primal.itemsize)
    many = tangent.ndim - primal.ndim
    if rest or (ratio != 1 and primal.dtype.kind == "c"):
        return False
    return all(
        s * ratio == t or n <= 1
        for n, s, t in zip(primal.shape, primal.strides, tangent.strides[many:], strict=True)
    )


def laid_out_like(primal: Any, tangent: Any) -> Any:
    """The tangent with the strides of its primal: itself, or a copy.

    Where elements of the primal share their memory it stays as it is, for each has a tangent.
    """
    if not is_plain(tangent, np.ndarray) or not is_plain(primal, np.ndarray):
        return tangent
    if lies_like(tangent, primal) or not is_disjoint(primal):
        return tangent
    if primal.dtype.kind == "c" or tangent.itemsize % primal.itemsize:
        tangent = tangent.astype(np.result_type(primal, tangent))
    return _laid_out(tangent, primal)


def _laid_out(tangent: Any, primal: Any) -> Any:
    many = tangent.shape[: tangent.ndim - primal.ndim]
    copy = np.empty((*many, *primal.shape), tangent.dtype)
    if primal.size and not primal.flags.c_contiguous:
        ratio = tangent.itemsize // primal.itemsize
        low, high = byte_bounds(primal)
        n = -(-(high - low) // primal.itemsize)
        block = np.zeros((*many, n), tangent.dtype)
        start = address_of(block) + (address_of(primal) - low) * ratio
        strides = (*block.strides[:-1], *(s * ratio for s in primal.strides))
        copy = view_at(block, start, copy.shape, strides, tangent.dtype)
    copy[...] = tangent
    return copy


def followed(tangent: Any, primal: Any, view: Any) -> Any:
    """The view of a tangent, which lies like its primal, where `view` is one of the primal."""
    ratio = tangent.itemsize // primal.itemsize
    many = tangent.ndim - primal.ndim
    address = address_of(tangent) + (address_of(view) - address_of(primal)) * ratio
    result = view_at(
        tangent,
        address,
        (*tangent.shape[:many], *view.shape),
        (*tangent.strides[:many], *(s * ratio for s in view.strides)),
        tangent.dtype if view.dtype == primal.dtype else view.dtype,
    )
    if not view.flags.writeable:
        result.flags.writeable = False
    return result
