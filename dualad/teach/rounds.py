"""Loops in a trace: rounds of the same steps, of which the first and the last are enough to see."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .rows import Row

LONGEST = 60  # rows of a round
_NUMBERS = re.compile("[₋₀-₉0-9.,−]+")


@dataclass(frozen=True)
class Fold:
    """Rows that are not shown: so many rounds, inputs or steps."""

    rows: tuple[Row, ...]
    count: int
    unit: str


def folded(rows: Sequence[Row]) -> list[Row | Fold]:
    """The rows, with all rounds of each loop but its first and its last in one fold.

    A loop is where the same steps follow each other at least four times, on the same lines.
    """
    keys = [(row.kind, row.line, row.source, _NUMBERS.sub("", row.expression)) for row in rows]
    found: list[Row | Fold] = []
    i = 0
    while i < len(rows):
        length, times = _repeated(keys, i)
        if times < 4:
            found.append(rows[i])
            i += 1
            continue
        end = i + length * times
        inside = tuple(rows[i + length : end - length])
        kinds = {row.kind for row in inside}
        unit = "round" if "step" in kinds or "branch" in kinds else kinds.pop()
        found += [*rows[i : i + length], Fold(inside, times - 2, unit), *rows[end - length : end]]
        i = end
    return found


def _repeated(keys: Sequence[object], start: int) -> tuple[int, int]:
    """How long the round is that begins here, and how often it is repeated; the most rows win."""
    best, most = (1, 1), 1
    for length in range(1, min(LONGEST, (len(keys) - start) // 4) + 1):
        end = start + length
        while end < len(keys) and keys[end] == keys[end - length]:
            end += 1
        times = (end - start) // length
        if times >= 4 and times * length > most:
            best, most = (length, times), times * length
    return best
