"""Promotion: an array gets room for the tangents of a level that it has not met.

Storing a dual in an array writes into that array, through every name that it has. Where the dual
is of another level, the array becomes one of that level too, and so do all views of its memory:
they are found among all living objects, because a promotion is rare, and taking a view must
cost nothing. The new tangents lie in memory as the primals do, so that each view gets its own.
"""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Collection
from typing import Any

import numpy as np

from ..array_tangents import ArrayTangent
from ..differentiations import is_over, levels_in, note_refusals
from ..dual import Dual
from ..memory import address_of, is_disjoint, owner_of, view_at
from ..pair import DUAL_OF, is_array, moved, plain
from .algebra import levels_of, numbers_in, with_room

# -- arrays and their views ----------------------------------------------------------------

_MOST = 6  # levels in one array: each doubles the number of its tangents
_REFUSED = (
    "cannot store a dual of another derivative in an array of which there are views; "
    "make the array with np.zeros_like of what is stored."
)


def make_room(target: Any, x: Dual, is_whole: bool = False) -> None:
    """Let a dual array, and all views of its memory, take the tangents of x.

    `is_whole` says that x is going to overwrite the whole array.
    """
    if _has_room(target, x):
        return
    try:
        _promote(target, x, is_whole)
    except TypeError:
        note_refusals(target, x)
        raise


def _promote(target: Any, x: Dual, is_whole: bool) -> None:
    is_shared = _is_shared(target)
    family = _family(target) if is_shared else [target]
    wanted = levels_of(x)
    old = [moved(member.primal, member.tangent, member.level) for member in family]
    for level in levels_of(target).keys() - wanted.keys():
        is_gone = is_over(level) and is_whole and _fills(plain(target))
        if is_gone or not any(moves(member, level) for member in family):
            old = [without(member, level) for member in old]
    refuse_too_many(levels_of(old[0]).keys() | wanted.keys())
    new = [with_room(member, wanted) for member in old]
    if is_shared:
        mirrors: dict[tuple[str, ...], Any] = {}
        new = [_mirrored(y, was, plain(was), mirrors, ()) for y, was in zip(new, old, strict=True)]
    if not all(type(y) is type(member) for y, member in zip(new, family, strict=True)):
        raise TypeError(_REFUSED)
    for member, y in zip(family, new, strict=True):
        member.primal, member.tangent, member.level = y.primal, y.tangent, y.level


def refuse_too_many(levels: Collection[int]) -> None:
    """Each level doubles the number of tangents.

    Raises
    ------
    TypeError
        If an array would have more levels than there can be in one computation.
    """
    if len(levels) > _MOST:
        raise TypeError(
            f"cannot store a dual in an array that holds tangents of {_MOST} other derivatives "
            "already; make a new array in each of them."
        )


def _has_room(target: Any, x: Any) -> bool:
    """Whether a dual can be stored as it is; tangents of another kind take any."""
    if not isinstance(x, Dual) or isinstance(target, ArrayTangent):
        return True
    if not isinstance(target, Dual) or target.level < x.level:
        return False
    if target.level == x.level:
        return all(
            _has_room(part, new) for part in (target.primal, target.tangent) for new in _parts(x)
        )
    return _has_room(target.primal, x)


def _parts(x: Any) -> tuple[Any, Any]:
    return x.primal, x.tangent


def _fills(x: Any) -> bool:
    """Whether a plain array covers all the memory that it is a view of."""
    owner = owner_of(x)
    return owner is x or (x.nbytes == owner.nbytes and is_disjoint(x))


def moves(x: Any, level: int) -> bool:
    """Whether any tangent of this level is not zero, or does not exist."""
    if not isinstance(x, Dual):
        return False
    try:
        if x.level == level:
            return any(np.any(t) for t in numbers_in(x.tangent))
        return moves(x.primal, level) or moves(x.tangent, level)
    except ArithmeticError:
        return True


def without(x: Any, level: int) -> Any:
    """x as a constant of this level."""
    if not isinstance(x, Dual):
        return x
    if x.level == level:
        return x.primal
    return moved(without(x.primal, level), without(x.tangent, level), x.level)


def without_empty(x: Any) -> Any:
    """x without levels that are over and have left no tangents, only room for them."""
    for level in levels_in(x):
        if is_over(level) and not moves(x, level):
            x = without(x, level)
    return x


def _mirrored(
    new: Any, old: Any, primal: Any, mirrors: dict[Any, Any], path: tuple[str, ...]
) -> Any:
    """The new dual with its new tangents in memory that it shares with the other views."""
    if isinstance(new, Dual):
        is_same = isinstance(old, Dual) and old.level == new.level
        before = _parts(old) if is_same else (old, None)
        below, beside = (
            _mirrored(part, was, primal, mirrors, (*path, name))
            for part, was, name in zip(_parts(new), before, ("value", "slope"), strict=True)
        )
        return moved(below, beside, new.level)
    if new is old:
        return new
    is_other = isinstance(new, ArrayTangent) and old is None
    if not (is_other or isinstance(new, np.ndarray)):
        raise TypeError(_REFUSED)
    many = new.shape[: new.ndim - primal.ndim]
    low, high = np.lib.array_utils.byte_bounds(owner_of(primal))
    if is_other:  # it has memory of its own
        size = -(-(high - low) // primal.itemsize)
        if path not in mirrors:
            mirrors[path] = primal.itemsize, new.room((*many, size))
        unit, room = mirrors[path]
        return room.within(_numbers_within(primal, low, unit, many, size))
    if path not in mirrors:  # in bytes: without gaps, as other tangents lie
        mirrors[path] = np.zeros((*many, high - low), np.uint8)
    block = mirrors[path]
    strides = (*block.strides[:-1], *primal.strides)
    start = address_of(block) + address_of(primal) - low
    return view_at(block, start, new.shape, strides, primal.dtype)


def _numbers_within(primal: Any, low: int, unit: int, many: tuple[int, ...], size: int) -> Any:
    """Which elements of the memory from `low` on an array consists of, for each direction."""
    places = np.full(primal.shape, address_of(primal) - low)
    for axis, (n, stride) in enumerate(zip(primal.shape, primal.strides, strict=True)):
        places += np.reshape(np.arange(n) * stride, (n, *[1] * (primal.ndim - axis - 1)))
    if primal.itemsize != unit or np.any(places % unit):
        raise TypeError(_REFUSED)
    rows = np.arange(int(np.prod(many))).reshape(many + (1,) * primal.ndim)
    return rows * size + places // unit


_FROZEN = gc.get_freeze_count()  # before there are duals: Python 3.12 does so when it starts


def _family(target: Any) -> list[Any]:
    """All dual arrays in the memory of a dual array; not those that are parts of another."""
    kinds = {*DUAL_OF.values(), type(target)}
    found = [x for x in gc.get_objects() if type(x) in kinds]
    owner = owner_of(plain(target))
    found = [x for x in found if is_array(x) and owner_of(plain(x)) is owner]
    inside = {id(part) for x in found for part in _parts(x)}
    family = [x for x in found if id(x) not in inside]
    levels = levels_of(target).keys()
    is_whole = gc.get_freeze_count() <= _FROZEN and any(x is target for x in family)
    if not is_whole or any(levels_of(x).keys() != levels for x in family):
        raise TypeError(_REFUSED)
    return family


# -- whether anybody else looks on ---------------------------------------------------------


def _references(x: Any) -> int:
    """How many references to x there are, when this is called with the attribute of an object."""
    return sys.getrefcount(x)


@functools.cache
def _references_if_alone() -> int:
    """What `_references` says of an array that only one dual holds: Pythons differ."""
    x = Dual(np.empty(0), np.empty(0))
    return _references(x.primal)


def _is_shared(x: Any) -> bool:
    """Whether anything else holds one of the parts of a dual array, as views do."""
    if not isinstance(x, Dual):
        return getattr(x, "base", None) is not None
    alone = _references_if_alone()
    if _references(x.primal) > alone or _references(x.tangent) > alone:
        return True
    return _is_shared(x.primal) or _is_shared(x.tangent)
