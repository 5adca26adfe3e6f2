"""Traces in reverse mode: the steps forward, and what a sweep adds to their adjoints.

Each step of a recording is swept by itself, from its adjoint to those of the steps that it is made
of, where the walk ends: these are the lines of the trace. So their numbers are those of reverse
mode, and a step may be anything that has a way back there: a row of the table, a function of
arrays, a solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import CodeType
from typing import Any

import numpy as np

from ..arguments import is_complex
from ..conversions import as_number
from ..dual import Dual
from ..lifting.reach import chosen
from ..pair import is_array, plain, shape_of
from ..records import Sweep, strong_zeros
from ..zeros import is_finite
from .formula import Number, Partial, Variable, added
from .notation import arguments_of_step, share_of_step, slopes_of_step, value_of_step
from .recording import Given, Recording, opened
from .rows import Row, Share
from .steps import Entry, is_short, variable


def trace_backward(
    given: Given, lift: bool | None, outermost: CodeType
) -> tuple[tuple[Row, ...], tuple[str, ...], tuple[Variable, ...], dict[str, bool]]:
    """The rows of a trace in reverse mode, names of inputs, outputs, what made plain things."""
    run = chosen(given.f, lift)
    with opened(_Backward, given, outermost) as recording:
        rows, of = recording.finish(recording.run(run, given))
    return rows, tuple(given.inputs), of, recording.plain_from


class _Backward(Recording):
    """A recording, and the sweep back over its steps."""

    total: Variable  # the output, or all of them

    def finish(self, results: list[Any]) -> tuple[tuple[Row, ...], tuple[Variable, ...]]:
        """All rows, in their order and with their numbers, and the names of the outputs."""
        for y in results:
            if is_array(y) and np.ndim(plain(y)):
                raise ValueError(
                    f"{self.caller} goes back from numbers in reverse mode, but the function "
                    f"returned an array of shape {np.shape(plain(y))}; write {self.caller}(lambda "
                    "*x: np.sum(f(*x) * weights), …) with the adjoints of its elements as weights."
                )
        found = [self._operand(y) for y in results]
        entries = self.numbered([plain(x) if isinstance(x, Dual) else x for x in found],
                                self.active)  # fmt: skip
        several = len(results) > 1
        letter = self.result_letter
        names = [Variable(letter, i if several else None) for i in range(1, len(results) + 1)]
        self.total = names[0] if not several else Variable(letter)
        adjoints: dict[Entry, list[Any]] = {}
        rows: list[Row] = []
        count = len(results)
        for j in reversed(range(count)):
            rows.append(self._output(names[j], found[j], adjoints, j, count))
        missing = [np.nan if np.any(row.value != row.value) else None for row in reversed(rows)]
        rows += [self._row(entry, adjoints, count) for entry in reversed(entries)]
        return tuple(_with_nan(row, missing) for row in reversed(rows)), tuple(names)

    def _output(
        self, name: Variable, y: Any, adjoints: dict[Entry, list[Any]], j: int, count: int
    ) -> Row:
        if not isinstance(y, Entry):
            return Row("output", name, Number(plain(y)), plain(y), adjoints=_unit(j, count))
        before = y.variable.adjoint if y in adjoints else None
        seeds = _unit(j, count, y.value)
        self._add(adjoints, y, seeds)
        share = Share(y.variable.adjoint, added(name.adjoint, before), tuple(adjoints[y]))
        return Row("output", name, y.variable, y.value, slopes={y.variable: 1.0},
                   adjoints=_unit(j, count), shares=(share,))  # fmt: skip

    def _add(self, adjoints: dict[Entry, list[Any]], entry: Entry, more: Sequence[Any]) -> None:
        old = adjoints.get(entry)
        new = list(more) if old is None else [a + b for a, b in zip(old, more, strict=True)]
        adjoints[entry] = new

    def _row(self, entry: Entry, adjoints: dict[Entry, list[Any]], count: int) -> Row:
        if entry.kind == "branch":
            return entry.branch()
        v, line, source = entry.variable, entry.place.line, entry.place.source
        zero = np.zeros_like(entry.value) if is_array(entry.value) else 0.0
        own_adjoints = tuple(adjoints.get(entry, [zero] * count))
        if entry.kind == "input":
            name = variable(entry.label)
            whose = name.adjoint if is_short(name) else Partial(self.total, name)
            share = Share(whose, v.adjoint, own_adjoints)
            return Row("input", v, name, entry.value, used=entry.used, adjoints=own_adjoints,
                       shares=(share,))  # fmt: skip
        sources = self.sources[entry]
        found = [self._swept(entry, g, sources) for g in own_adjoints]
        shares: list[Share] = []
        for i, x in enumerate(sources) if entry in adjoints else ():
            before = x.variable.adjoint if x in adjoints else None
            self._add(adjoints, x, [each[i] for each in found])
            formula = share_of_step(entry, x, before)
            shares.append(Share(x.variable.adjoint, formula, tuple(adjoints[x])))
        slopes = dict.fromkeys((x.variable for x in sources), None)
        if not shape_of(entry.value) and not any(shape_of(x.value) for x in sources):
            each = self._swept(entry, _unit(0, 1, entry.value)[0], sources)
            slopes = dict(zip(slopes, each, strict=True))
        row = Row("step", v, value_of_step(entry), entry.value, line=line, source=source)
        formulas = slopes_of_step(entry, sources, is_back=True)
        return replace(row, used=entry.used, slopes=slopes, slope_formulas=formulas,
                       adjoints=own_adjoints, shares=tuple(reversed(shares)),
                       rule=entry.rule, args=arguments_of_step(entry))  # fmt: skip

    def _swept(self, entry: Entry, g: Any, sources: Sequence[Entry]) -> list[Any]:
        """What an adjoint of a step gives to its sources: a sweep that ends there."""
        found = self._sweep(entry, g, sources)
        if not all(map(is_finite, found)):
            with strong_zeros():
                found = self._sweep(entry, g, sources)
        return found

    def _sweep(self, entry: Entry, g: Any, sources: Sequence[Entry]) -> list[Any]:
        ends = [(x, node) for x in sources for node in self.nodes[x]]
        sweep = Sweep(self)
        sweep.add(self.nodes[entry][0], g)
        totals: dict[Entry, Any] = {}
        for (x, _), t in zip(ends, sweep.run([node for _, node in ends], False), strict=True):
            if t is not None:
                totals[x] = totals[x] + t if x in totals else t
        return [_as_value(x.value, totals.get(x)) for x in sources]


def _with_nan(row: Row, missing: Sequence[float | None]) -> Row:
    """A row without adjoints of outputs that are nan, as of those the drivers have none."""
    if not any(missing):
        return row

    def each(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(v if m is None else v * m for v, m in zip(values, missing, strict=True))

    shares = tuple(replace(s, values=each(s.values)) for s in row.shares)
    return replace(row, adjoints=each(row.adjoints) if row.adjoints else (), shares=shares)


def _unit(j: int, count: int, y: Any = 1.0) -> tuple[Any, ...]:
    """The adjoints of output j: 1 for itself, 0 for others."""
    number = plain(y)
    zero, one = (
        (np.zeros_like(number), np.ones_like(number))
        if isinstance(number, np.ndarray)
        else (type(number)(0), type(number)(1))
        if not isinstance(number, int)
        else (0.0, 1.0)
    )
    return tuple(one if i == j else zero for i in range(count))


def _as_value(x: Any, g: Any) -> Any:
    """An adjoint in the kind of its value: of a real number, a real one."""
    if g is None:
        return np.zeros_like(x) if is_array(x) else 0.0
    if is_complex(g) and not is_complex(x):
        g = g.real
    if is_array(x):
        return np.array(g)
    return as_number(g[()] if is_array(g) else g)
