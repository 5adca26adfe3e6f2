"""Fresh numbers that keep nested derivatives apart.

Each differentiation takes a level of its own, never used before. Where two levels meet, the
newer one wraps the older, so derivatives of derivatives cannot mix up whose tangent is whose
(Siskind & Pearlmutter's perturbation confusion), through closures, callbacks or threads.

Duals travel between processes by pickle, so levels are Lamport clocks: a count, and a random
number of this process below it. Whoever receives a level sets the own count above it.
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


class WatchedLevel(int):
    """A level whose duals have an onlooker; as an integer it is what `fresh_level` gives.

    Wherever a dual of this level is made, `made` is asked for it, and before a row of the table
    is applied to one, `sees` is told. Nothing of this is global: who has no dual of this level
    notices nothing.
    """

    def made(self, value: Any, tangent: Any) -> Any:
        """The dual with these parts; one of a class that takes no part in short ways."""
        raise NotImplementedError

    def sees(self, rule: Any, args: tuple[Any, ...]) -> None:
        """This row is about to be applied to these arguments."""

    def __deepcopy__(self, memo: Any) -> WatchedLevel:
        return self

    def __reduce__(self) -> Any:  # nobody looks on in another process
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
