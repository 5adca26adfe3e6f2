"""Levels: fresh numbers that keep nested derivatives apart, and the seam where others take part.

Each differentiation takes a level of its own, never used before. Where two levels meet, the
newer one wraps the older, so derivatives of derivatives cannot mix up whose tangent is whose
(Siskind & Pearlmutter's perturbation confusion), through closures, callbacks or threads.

Duals travel between processes by pickle, so levels are Lamport clocks: a count, and a random
number of this process below it. Whoever receives a level sets its own clock above it.

Whoever wants to take part in a differentiation, as a trace or an audit does, makes a
`ParticipatingLevel`. Nothing of it is global: code without a dual of this level notices nothing.
"""

from __future__ import annotations

import os
from itertools import count
from typing import Any

HAND_MADE = 0  # the level of all duals that a user writes down: the textbook's one ε

_BITS = 64
_STEP = 1 << _BITS


def _clock(after: int) -> count[int]:
    return count(
        (((after >> _BITS) + 1) << _BITS) + int.from_bytes(os.urandom(_BITS // 8), "big"), _STEP
    )


_levels = _clock(HAND_MADE)


def fresh_level() -> int:
    """A level newer than every level seen so far in this process. Thread-safe without locks.

    >>> fresh_level() < fresh_level()
    True
    """
    return next(_levels)


def note_refusal(level: int) -> None:
    """A dual of this level went where its derivative may be lost: its driver looks again."""


class ParticipatingLevel(int):
    """A level that takes part in what is done to its duals; as an integer it is a fresh level.

    A plain level has no methods, and costs nothing. A participating one is asked

    - `applies` by `dual.apply`, before a row of the table is applied;
    - `made` by `pair.dual`, where every dual is made;
    - `zero_like` by `pair.zero_like`, where every zero tangent is made.

    Each may answer NotImplemented: it is then done as for a plain level. What array functions do
    to tangents goes through the tangents themselves: a tangent of this level may be anything that
    NumPy's protocols can move.
    """

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
    global _levels
    _levels = _clock(next(_levels))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
