"""Traces in forward mode: the steps, and their tangents.

The inputs of the recording are duals, of a level below it; so each step has the tangent that it
has everywhere in the package, to the last bit. One direction takes one evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import CodeType
from typing import Any

import numpy as np

from ..arguments import Argnums, Outputs
from ..dual import evaluate
from ..levels import fresh_level
from ..lifting.reach import chosen
from ..memory import laid_out_like
from ..pair import as_numpy, dual, is_array, map_leaves, own, parts, plain, shape_of
from ..structure import leaves
from .formula import ZERO, Number, Variable
from .notation import arguments_of_step, slopes_of_step, tangent_of_step, value_of_step
from .recording import Given, Recording
from .rows import Row
from .steps import Entry, is_short, values_of, variable


def trace_forward(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    wrt: Argnums | None,
    lift: bool | None,
    outermost: CodeType,
    is_alone: bool = False,
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """The rows of a trace in forward mode, and the names of the directions.

    `is_alone`: what is not differentiated is not an input, as in reverse mode.
    """
    given = Given(f, args, kwargs, wrt, is_forward=not is_alone)
    run = chosen(f, lift)
    traces: list[tuple[Row, ...]] = []
    for i, _, place in given.active:
        inner = fresh_level()
        recording = _Forward(fresh_level())
        recording.outermost = outermost
        recording.inner, recording.seeded, recording.place = inner, i, place
        with recording:
            new_args, new_kwargs = given.arguments(recording.start)
            outputs = Outputs("trace", run(*new_args, **new_kwargs), recording)
            traces.append(recording.finish(list(leaves(outputs.structure))))
    first, *others = traces
    shown = [[repr(row.formula) for row in rows] for rows in traces]
    if any(formulas != shown[0] for formulas in shown):
        raise ValueError(
            "trace runs the function once for each direction, and it took other steps each time; "
            "write a function that is deterministic."
        )
    rows = tuple(
        replace(row, tangents=tuple(x.tangents[0] for x in (row, *same))) if row.tangents else row
        for row, *same in zip(first, *others, strict=True)
    )
    return rows, tuple(name for _, name, _ in given.active)


class _Forward(Recording):
    """A recording in one direction: of one input, or of one element of it."""

    inner: int  # the level of the duals that calculate
    seeded: int  # which input is differentiated
    place: tuple[int, ...] | None  # and which element of it

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.is_followed = False

    def start(self, label: str, x: Any, is_active: bool) -> Any:
        if is_active:
            x = float(x) if isinstance(x, (int, np.integer)) else x
            if is_array(x) and plain(x).dtype.kind in "iub":
                x = x.astype(float)
        else:
            x = x.item() if isinstance(x, np.integer) else x
        if len([e for e in self.entries if e.kind == "input"]) == self.seeded:
            x = dual(own(x), self._unit(x), self.inner)
        return super().start(label, x, is_active)

    def _unit(self, x: Any) -> Any:
        """1 as a tangent of x, in its number system; of an array, at its place."""
        x = plain(x)
        if self.place is None:
            return one_like(x)
        unit = np.zeros(x.shape, x.dtype)
        unit[self.place] = 1
        return laid_out_like(x, unit)

    def finish(self, results: list[Any]) -> tuple[Row, ...]:
        """All rows, in their order and with their numbers."""
        found = [self._operand(y) for y in results]
        entries = self.numbered(found, self.active)
        rows = [self._row(entry) for entry in entries]
        for i, y in enumerate(found, 1):
            name = Variable("y", i if len(found) > 1 else None)
            if isinstance(y, Entry):
                v = y.variable
                value, tangent = self._parts(y.value)
                slopes = {v: 1.0}
                rows.append(Row("output", name, v, value, v.tangent, (tangent,), slopes))
            else:
                value, tangent = self._parts(y)
                rows.append(Row("output", name, Number(plain(y)), value, ZERO, (tangent,)))
        return tuple(rows)

    def _parts(self, x: Any) -> tuple[Any, Any]:
        """Value and tangent."""
        value, tangent = parts(x, self.inner)
        if tangent is None:
            tangent = np.zeros(shape_of(value)) if shape_of(value) else 0.0
        return value, tangent

    def _row(self, entry: Entry) -> Row:
        if entry.kind == "branch":
            return entry.branch()
        value, tangent = self._parts(entry.value)
        v, line, source = entry.variable, entry.place.line, entry.place.source
        if entry.kind == "input":
            name = variable(entry.text)
            whose = name if is_short(name) else v
            return Row("input", v, name, value, whose.tangent, (tangent,), used=entry.used)
        sources = self.sources[entry]
        dotted = tangent_of_step(entry, sources)
        return Row("step", v, value_of_step(entry), value, dotted, (tangent,),
                   self._slopes(entry, sources), slopes_of_step(entry, sources), line, source,
                   entry.used, rule=entry.rule, args=arguments_of_step(entry))  # fmt: skip

    def _slopes(self, entry: Entry, sources: Sequence[Entry]) -> dict[Variable, Any]:
        """The partial derivatives of a number in numbers; None for others."""
        numbers = not shape_of(entry.value) and not any(shape_of(x.value) for x in sources)
        if entry.rule is None or not numbers:
            return dict.fromkeys(x.variable for x in sources)
        return {x.variable: self._slope(entry, x) for x in sources}

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


def one_like(x: Any) -> Any:
    """1 in the number system of x."""
    if isinstance(x, np.ndarray):  # without axes
        return np.ones_like(x)
    return 1.0 if isinstance(x, (int, float)) else type(x)(1)
