"""Levels: fresh numbers that keep nested derivatives apart, and the seam where others take part.

Each differentiation takes a level of its own, never used before. Where two levels meet, the
newer one wraps the older, so derivatives of derivatives cannot mix up whose tangent is whose
(Siskind & Pearlmutter's perturbation confusion), through closures, callbacks or threads.

A driver opens a level and closes it when it returns. Duals that are found after that have escaped,
in a cache or an object, and a level also remembers whether one of its duals has refused anything.

Duals travel between processes by pickle, so levels are Lamport clocks: a count, and random
numbers of this process and this clock below it. Whoever receives a level sets its own clock
above it.

Whoever wants to take part in a differentiation, as a trace or an audit does, makes a
`ParticipatingLevel`. Nothing of it is global: code without a dual of this level notices nothing.
"""

from __future__ import annotations

import os
from itertools import count
from typing import Any

from .kernel import KERNEL

HAND_MADE = 0  # the level of all duals that a user writes down: the textbook's one ε

# A level is a count, 40 bits of its process, 23 of its clock, and 1 where nothing closes it.
_BITS = 64
_STEP = 1 << _BITS
_OF_CLOCK = 1 << 24


def _random(bits: int) -> int:
    return int.from_bytes(os.urandom(8), "big") % (1 << bits)


_process = _random(40)


def _clock(after: int) -> count[int]:
    start = ((after >> _BITS) + 1) << _BITS
    return count(start + _process * _OF_CLOCK + 2 * _random(23), _STEP)


_levels = _clock(HAND_MADE)


def fresh_level() -> int:
    """A level newer than every level seen so far in this process. Thread-safe without locks.

    >>> fresh_level() < fresh_level()
    True
    """
    return next(_levels) + 1


# -- levels of drivers: from when they are opened until they are closed -----------------------

_open: set[int] = set()  # unless the kernel keeps them
_refused: set[int] = set()  # those of them whose duals have refused something,
_by_error: set[int] = set()  # and those where that was an error


def readable_open_level() -> int:
    """A fresh level that is over when `close_level` is called."""
    level = next(_levels)
    _open.add(level)
    return level


def readable_close_level(level: int) -> None:
    """The differentiation is over: what is left of its duals has escaped."""
    _open.discard(level)
    _refused.discard(level)


open_level = KERNEL.open_level if KERNEL else readable_open_level
close_level = KERNEL.close_level if KERNEL else readable_close_level


def is_open(level: int) -> bool:
    """Whether a driver has opened this level, here, and is at work."""
    return KERNEL.is_open(level) if KERNEL else level in _open


def is_over(level: int) -> bool:
    """Whether a driver in this process has opened and closed this level.

    >>> level = open_level()
    >>> is_over(level), close_level(level), is_over(level), is_over(HAND_MADE)
    (False, None, True, False)
    """
    is_ours = level & 1 == 0 and level // _OF_CLOCK % (1 << 40) == _process
    return is_ours and level != HAND_MADE and not is_open(level)


def note_refusal(level: int) -> None:
    """A dual of this level could not do what was asked of it: an error says so, if it is seen."""
    note_objects(level)
    _by_error.intersection_update(_refused)
    if is_open(level):
        _by_error.add(int(level))


def note_objects(level: int) -> None:
    """A dual of this level is in an array of objects, where its derivative may get lost."""
    if is_open(level):
        _refused.add(int(level))


def has_refused(level: int) -> bool:
    """Whether a dual of this level could not do what was asked of it, or became an object."""
    return level in _refused


def has_raised(level: int) -> bool:
    """Whether it was an error by which a dual of this level has refused something."""
    return level in _by_error


# -- the seam ------------------------------------------------------------------------------


class ParticipatingLevel(int):
    """A level that takes part in what is done to its duals; as an integer it is a fresh level.

    A plain level has no methods, and costs nothing. A participating one is asked

    - `applies` by `dual.apply`, before a row of the table is applied;
    - `made` by `pair.dual`, where every dual is made;
    - `zero_like` by `pair.zero_like`, where every zero tangent is made.

    Each may answer NotImplemented: it is then done as for a plain level. What array functions do
    to tangents goes through the tangents themselves: a tangent of this level may be anything that
    NumPy's protocols can move. Where `holds_arrays` is false, its duals are single numbers, and
    arrays of them are NumPy's arrays of objects.
    """

    holds_arrays = True

    def applies(self, rule: Any, args: tuple[Any, ...]) -> Any:
        """What a row gives for these arguments."""
        return NotImplemented

    def made(self, primal: Any, tangent: Any) -> Any:
        """The dual with these parts."""
        return NotImplemented

    def zero_like(self, tangent: Any, shape: tuple[int, ...]) -> Any:
        """A zero of this full shape, directions included, of the kind of a tangent."""
        return NotImplemented

    def __deepcopy__(self, memo: Any) -> ParticipatingLevel:
        return self

    def __reduce__(self) -> Any:  # nobody takes part in another process
        return int, (int(self),)


def seen(level: int) -> int:
    """Note a level that came from elsewhere; later ones are newer than it."""
    global _levels
    if level > next(_levels):
        _levels = _clock(level)
    return level


def _after_fork() -> None:
    global _levels, _process
    _process = _random(40)  # the levels that the parent has opened are not ours to close
    _levels = _clock(next(_levels))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
