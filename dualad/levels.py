"""Levels: fresh numbers that keep nested derivatives apart, and the seam where others take part.

Each differentiation takes a level of its own, never used before. Where two levels meet, the
newer one wraps the older, so derivatives of derivatives cannot mix up whose tangent is whose
(Siskind & Pearlmutter's perturbation confusion), through closures, callbacks or threads.

Duals travel between processes by pickle, so levels are Lamport clocks: a count, and below it
random numbers of this process and this clock. Whoever receives a level sets the clock above it.

Whoever wants to take part in a differentiation, as a trace or an audit does, makes a
`ParticipatingLevel`. Nothing of it is global: code without a dual of this level notices nothing.
"""

from __future__ import annotations

import os
from itertools import count
from typing import Any

from .kinds import DualLike, Tangent

HAND_MADE = 0  # the level of all duals that a user writes down: the textbook's one ε

# A level is a count, above bits of its process, of its clock, and one that says: nothing closes it.
_PROCESS_BITS, _CLOCK_BITS, _NEVER_CLOSED = 40, 24, 1
_COUNT = 1 << _PROCESS_BITS + _CLOCK_BITS


def _random(bits: int) -> int:
    return int.from_bytes(os.urandom(8), "big") % (1 << bits)


_process = _random(_PROCESS_BITS)


def _clock_after(level: int) -> count[int]:
    later = (level // _COUNT + 1) * _COUNT
    return count(later + (_process << _CLOCK_BITS) + 2 * _random(_CLOCK_BITS - 1), _COUNT)


clocks = [_clock_after(HAND_MADE)]  # in a list, so that the kernel sees the clock replaced


def fresh_level() -> int:
    """A level newer than every level seen so far in this process. Thread-safe without locks.

    >>> fresh_level() < fresh_level()
    True
    """
    return next(clocks[0]) + _NEVER_CLOSED


def may_close(level: int) -> bool:
    """Whether this is a level that a driver of this process has opened.

    >>> may_close(fresh_level()), may_close(HAND_MADE)
    (False, False)
    """
    process = (level >> _CLOCK_BITS) % (1 << _PROCESS_BITS)
    return not level & _NEVER_CLOSED and process == _process and level != HAND_MADE


# -- the seam ------------------------------------------------------------------------------


class ParticipatingLevel(int):
    """A level that takes part in what is done to its duals; as an integer it is a fresh level.

    A plain level has no methods, and costs nothing. A participating one is asked

    - `applies` by `dual.apply`, before a row of the table is applied;
    - `product` by `array.algebra.multilinear`, before arrays are multiplied;
    - `made` by `pair.dual`, where every dual is made;
    - `moved` by `pair.moved`, where it is known that each direction moves as it does by itself;
    - `answers` by `differentiations.answered`, where a plain answer is given about duals;
    - `zero_like` by `pair.zero_like`, where every zero tangent is made.

    Each may answer NotImplemented: it is then done as for a plain level. Array functions go through
    the tangents: one of this level may be anything that NumPy's protocols can move.
    """

    holds_arrays = True  # or its duals are single numbers, and arrays of them those of objects
    has_series = False  # whether its tangents hold more than first derivatives
    prefers_sweeps = False  # whether gradients inside go back, however few their inputs are

    def applies(self, rule: Any, args: tuple[DualLike, ...]) -> DualLike:
        """What a row gives for these arguments."""
        return NotImplemented

    def product(self, f: Any, args: tuple[DualLike, ...]) -> Any:
        """What f gives, a `SumOfProducts`."""
        return NotImplemented

    def made(self, primal: DualLike, tangent: Tangent) -> DualLike:
        """The dual with these parts."""
        return NotImplemented

    def moved(self, primal: DualLike, tangent: Tangent) -> DualLike:
        """The dual with these parts, whose tangent is linear in those that it comes from."""
        return NotImplemented

    def answers(self, question: Any, answer: Any, numbers: tuple[DualLike, ...]) -> Any:
        """What a comparison or a step gives, which is the plain answer if nobody says otherwise."""
        return answer

    def zero_like(self, tangent: Tangent, shape: tuple[int, ...]) -> Tangent:
        """A zero of this full shape, directions included, of the kind of a tangent."""
        return NotImplemented

    def __deepcopy__(self, memo: Any) -> ParticipatingLevel:
        return self

    def __reduce__(self) -> Any:  # nobody takes part in another process
        return int, (int(self),)


def advance_clock_past(level: int) -> int:
    """Note a level that came from elsewhere; later ones are newer than it."""
    if level > next(clocks[0]):
        clocks[0] = _clock_after(level)
    return level


def _after_fork() -> None:
    global _process
    _process = _random(_PROCESS_BITS)  # the levels that the parent has opened are not ours to close
    clocks[0] = _clock_after(next(clocks[0]))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
