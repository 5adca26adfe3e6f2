"""Traces in forward mode: the steps, and their tangents.

The inputs of the recording are duals, of a level below it; so each step has the tangent that it
has everywhere in the package, to the last bit. Floats carry all directions in one evaluation, other
numbers one in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import CodeType
from typing import Any

import numpy as np

from ..conversions import as_numpy
from ..dual import evaluate
from ..levels import fresh_level
from ..lifting.reach import chosen
from ..memory import laid_out_like
from ..pair import dual, is_array, map_leaves, own, parts, plain, shape_of
from ..passes import one_like
from ..promises import nan_where
from .formula import ZERO, Number, Variable
from .notation import arguments_of_step, slopes_of_step, tangent_of_step, value_of_step
from .recording import Given, Recording, opened, refuse_unless_same
from .rows import Row
from .steps import Entry, is_short, values_of, variable


def trace_forward(
    given: Given, lift: bool | None, outermost: CodeType
) -> tuple[tuple[Row, ...], tuple[str, ...], dict[str, bool]]:
    """The rows of a trace in forward mode, the names of the directions, what made plain things."""
    run = chosen(given.f, lift)
    directions: list[Direction] = [(i, place) for i, _, place in given.active]
    traces: list[tuple[Row, ...]] = []
    for together in [directions] if given.are_floats else [[one] for one in directions]:
        inner = fresh_level()
        with opened(_Forward, given, outermost) as recording:
            recording.inner, recording.directions = inner, together
            traces.append(recording.finish(recording.run(run, given)))
    first, *others = traces
    for rows in others:
        refuse_unless_same(given.caller, first, rows, "for the next input")
    rows = tuple(
        replace(row, tangents=tuple(t for x in (row, *same) for t in x.tangents))
        for row, *same in zip(first, *others, strict=True)
    )
    return rows, tuple(name for _, name, _ in given.active), recording.plain_from


Direction = tuple[int, tuple[int, ...] | None]  # an input, and which element of an array


class _Forward(Recording):
    """A recording in some directions."""

    inner: int  # the level of the duals that calculate
    directions: list[Direction]

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.is_followed = False
        self.count = 0  # of inputs

    def start(self, label: str, x: Any, is_active: bool) -> Any:
        if is_active:
            x = float(x) if isinstance(x, (int, np.integer)) else x
            if is_array(x) and plain(x).dtype.kind in "iub":
                x = x.astype(float)
        else:
            x = x.item() if isinstance(x, np.integer) else x
        mine = [(j, place) for j, (i, place) in enumerate(self.directions) if i == self.count]
        self.count += 1
        if mine:
            x = dual(own(x), self._seed(x, mine), self.inner)
        return super().start(label, x, is_active)

    def _seed(self, x: Any, mine: Sequence[tuple[int, tuple[int, ...] | None]]) -> Any:
        """A tangent that is 1 in these directions, in the number system of x."""
        x, many = plain(x), len(self.directions)
        if many == 1 and mine[0][1] is None:
            return one_like(x)
        front = () if many == 1 else (many,)
        seed = np.zeros(front + shape_of(x), getattr(x, "dtype", float))
        for j, place in mine:
            seed[((j,) if front else ()) + (place or ())] = 1
        return laid_out_like(x, seed) if shape_of(x) else seed

    def finish(self, results: list[Any]) -> tuple[Row, ...]:
        """All rows, in their order and with their numbers."""
        found = [self._operand(y) for y in results]
        entries = self.numbered(found, self.active)
        rows = [self._row(entry) for entry in entries]
        for i, y in enumerate(found, 1):
            name = Variable(self.result_letter, i if len(found) > 1 else None)
            value, tangents = self._parts(y.value if isinstance(y, Entry) else y)
            if isinstance(y, Entry):
                v = y.variable
                rows.append(Row("output", name, v, value, v.tangent, tangents, {v: 1.0}))
            else:
                rows.append(Row("output", name, Number(plain(y)), value, ZERO, tangents))
        return tuple(rows)

    def _slope_between(self, x: Any, entry: Entry) -> Any:
        """Without a way back: 1 if the tangents are the same."""
        here, there = (self._parts(each)[1] for each in (x.primal, entry.value))
        return float(all(map(_is_same, here, there)))

    def _parts(self, x: Any) -> tuple[Any, tuple[Any, ...]]:
        """Value and tangents, as the drivers give them: nan where the value is."""
        value, tangent = parts(x, self.inner)
        many = len(self.directions)
        if tangent is None:
            each = (np.zeros(shape_of(value)) if shape_of(value) else 0.0,) * many
        elif many == 1:
            each = (tangent,)
        else:
            each = tuple(tangent if shape_of(value) else tangent.tolist())
        return value, tuple(nan_where(value, t) for t in each)

    def _row(self, entry: Entry) -> Row:
        if entry.kind == "branch":
            return entry.branch()
        value, tangents = self._parts(entry.value)
        v, line, source = entry.variable, entry.place.line, entry.place.source
        if entry.kind == "input":
            name = variable(entry.label)
            whose = name if is_short(name) else v
            return Row("input", v, name, value, whose.tangent, tangents, used=entry.used)
        sources = self.sources[entry]
        dotted = tangent_of_step(entry, sources)
        return Row("step", v, value_of_step(entry), value, dotted, tangents,
                   self._slopes(entry, sources), slopes_of_step(entry, sources), line, source,
                   entry.used, rule=entry.rule, args=arguments_of_step(entry))  # fmt: skip

    def _slopes(self, entry: Entry, sources: Sequence[Entry]) -> dict[Variable, Any]:
        """The partial derivatives of a number in numbers; None for others."""
        numbers = not shape_of(entry.value) and not any(shape_of(x.value) for x in sources)
        if not numbers:
            return dict.fromkeys(x.variable for x in sources)
        if entry.rule is None:
            return self._slopes_between(entry, sources)
        return {x.variable: self._slope(entry, x) for x in sources}

    def _slopes_between(self, entry: Entry, sources: Sequence[Entry]) -> dict[Variable, Any]:
        """The partial derivatives that the tangents tell, as those of a solver: ṫ = Σ s·ẋ."""
        each = {x.variable: self._parts(x.value)[1] for x in sources}
        known = [v for v, t in each.items() if any(t)]
        found: dict[Variable, Any] = dict.fromkeys(each)
        own = self._parts(entry.value)[1]
        columns = [each[v] for v in known]
        if known and all(type(t) is float and np.isfinite(t) for c in (own, *columns) for t in c):
            slopes, _, rank, _ = np.linalg.lstsq(np.transpose(columns), np.array(own), rcond=None)
            found |= zip(known, slopes.tolist(), strict=True) if rank == len(known) else ()
        return found

    def _slope(self, entry: Entry, of: Entry) -> Any:
        """The partial derivative in one variable, which may stand in several places."""
        assert entry.rule is not None
        number = plain(of.value)
        seeded = dual(number, one_like(number), self.inner)
        values = [parts(x, self.inner)[0] for x in values_of(entry.operands)]
        numbers = tuple(
            seeded if x is of else value for x, value in zip(entry.operands, values, strict=True)
        )
        try:
            y = evaluate(entry.rule, numbers)
        except (ArithmeticError, ValueError):
            y = evaluate(entry.rule, tuple(map_leaves(as_numpy, x) for x in numbers))
        return parts(y, self.inner)[1] or 0.0


def _is_same(a: Any, b: Any) -> bool:
    """Whether tangents are equal, nan to nan too."""
    return np.shape(a) == np.shape(b) and bool(np.all((a == b) | ((a != a) & (b != b))))
