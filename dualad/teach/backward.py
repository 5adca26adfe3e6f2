"""Traces in reverse mode: the steps forward, and what a sweep adds to their adjoints.

The function runs on duals of a level that records, as for every gradient. The level notes in
addition which nodes of its record are steps of the user's. Then each step is swept by itself, from
its adjoint to those of the steps that it is made of, where the walk ends: these are the lines of
the trace. So their numbers are those of reverse mode, and a step may be anything that has a way
back there: a row of the table, a function of arrays, a solver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import CodeType
from typing import Any

import numpy as np

from ..arguments import Argnums, Inputs, Outputs
from ..array.dualarray import DualArray
from ..dual import Dual, apply, namespace_for
from ..forms import Form, ReverseLevel
from ..levels import fresh_level
from ..lifting.reach import chosen
from ..looks import is_plain
from ..pair import as_number, is_array, kind_of, own, parts, plain, shape_of
from ..records import Node, Read, Sweep, strong_zeros
from ..rules import Rule
from ..structure import argument_names, labelled, leaves
from ..text import is_complex
from ..zeros import is_finite
from .formula import (
    Call,
    Element,
    Formula,
    Listed,
    Number,
    Partial,
    Quoted,
    Variable,
    share_formula,
    slope_formulas,
    value_formula,
)
from .rows import Row, Share
from .steps import (
    NOWHERE,
    Asked,
    Entry,
    Place,
    Steps,
    formula_of,
    has_numbers,
    values_of,
    variable,
)


def trace_backward(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    wrt: Argnums | None,
    lift: bool | None,
    outermost: CodeType,
) -> tuple[tuple[Row, ...], tuple[str, ...], tuple[Variable, ...]]:
    """The rows of a trace in reverse mode, the names of the inputs, and the outputs."""
    given: dict[Any, Any] = dict(enumerate(args)) | kwargs
    if wrt is None:
        wrt = _made_of_floats(given)
    try:
        inputs = Inputs("trace", f, wrt, args, kwargs)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("argnums", "wrt")) from None
    if not inputs.size:
        raise ValueError("trace needs a number to differentiate among the arguments, got none.")
    names = dict(enumerate(argument_names(f, len(args)))) | {key: key for key in kwargs}
    labels = [
        part.label
        for key, x in zip(inputs.keys, inputs.selected, strict=True)
        for part in labelled(x, names[key])
    ]
    inputs.f = chosen(f, lift)
    level = _Level(fresh_level())
    level.outermost = outermost
    with level:
        seeds = [level.start(label, x) for label, x in zip(labels, inputs.leaves, strict=True)]
        outputs = Outputs("trace", inputs.call(seeds), level)
        rows, of = level.finish(list(leaves(outputs.structure)))
    return rows, tuple(labels), of


def _made_of_floats(given: dict[Any, Any]) -> tuple[Any, ...]:
    """The arguments that are made of numbers: those with floats, or all if there are none."""
    numbers = {
        key: found
        for key, x in given.items()
        if (found := list(leaves(x))) and all(map(has_numbers, found))
    }
    floats = [key for key, found in numbers.items() if any(map(_is_inexact, found))]
    return tuple(floats or numbers)


def _is_inexact(x: Any) -> bool:
    return np.asarray(plain(x)).dtype.kind in "fcO"


# -- duals whose level notes what is done to them -------------------------------------------


class _Followed(Form):
    """A form that the kernel leaves to the definition, so that the level is asked at each step."""

    __slots__ = ()


class _OfTrace(Dual):
    """What numbers and arrays of a trace in reverse mode share: NumPy's functions are steps."""

    __slots__ = ()
    level: _Level
    place: Place

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _step_of_ufunc(self, super().__array_ufunc__, ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _step_of_function(self, super().__array_function__, func, types, args, kwargs)


class Traced(_OfTrace, Asked):
    """A number of a trace in reverse mode."""

    __slots__ = ("place",)


class TracedArray(_OfTrace, DualArray):
    """An array of a trace in reverse mode."""

    __slots__ = ("place",)

    def __matmul__(self, other: Any) -> Any:
        level = _level_of([self, other])
        with level.step("matmul", (self, other)) as step:
            return step.result(super().__matmul__(other))

    def __rmatmul__(self, other: Any) -> Any:
        level = _level_of([self, other])
        with level.step("matmul", (other, self)) as step:
            return step.result(super().__rmatmul__(other))

    def __setitem__(self, index: Any, value: Any) -> None:
        self.level.store(self, index, value, super().__setitem__)


def _step_of_ufunc(
    x: Any, go_on: Any, ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    if method == "__call__" and ufunc.signature is None and not kwargs:
        return go_on(ufunc, method, *inputs)  # a row of the table
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    name = _REDUCTIONS.get(name, name)
    options = {k: v for k, v in kwargs.items() if k != "out"}
    with _level_of([*inputs, x]).step(name, inputs, options) as step:
        return step.result(go_on(ufunc, method, *inputs, **kwargs))


_REDUCTIONS = {"add.reduce": "sum", "multiply.reduce": "prod", "maximum.reduce": "max",
               "minimum.reduce": "min", "add.accumulate": "cumsum"}  # fmt: skip


def _step_of_function(
    x: Any, go_on: Any, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    with _level_of([*leaves([args, kwargs]), x]).step(func.__name__, args, kwargs) as step:
        return step.result(go_on(func, types, args, kwargs))


def _level_of(numbers: Sequence[Any]) -> _Level:
    """The level of the trace whose numbers these are, or are made of."""
    for x in numbers:
        while isinstance(x, Dual):
            if isinstance(x.level, _Level):
                return x.level
            x = x.primal
    raise AssertionError("a step without a number of a trace")


# -- the level -----------------------------------------------------------------------------


class _Step:
    """A function of arrays while it runs."""

    def __init__(self) -> None:
        self.made: Any = None

    def result(self, y: Any) -> Any:
        self.made = y
        return y


class _Level(Steps, ReverseLevel):
    """The level of the numbers that go through f, and the rows of the trace as they are made."""

    def __init__(self, level: int) -> None:
        Steps.__init__(self)
        ReverseLevel.__init__(self, level)
        self.known: dict[Node, Entry] = {}
        self.nodes: dict[Entry, list[Node]] = {}
        self.sources: dict[Entry, tuple[Entry, ...]] = {}  # each once, as they stand in the step
        self.is_busy = False  # with a step: what is done within it is part of it
        self.active: list[Entry] = []

    def start(self, label: str, x: Any) -> Any:
        """Make an input."""
        seed, node = self.seed(own(x))
        entry = self.add(Entry("input", plain(own(x)), text=label))
        self.active.append(entry)
        self._know(node, entry)
        return seed

    def _know(self, node: Node, entry: Entry) -> None:
        self.known[node] = entry
        self.nodes.setdefault(entry, []).append(node)

    # what is done to the numbers

    def made(self, primal: Any, tangent: Any) -> Any:
        kind = TracedArray if issubclass(kind_of(primal), DualArray) else Traced
        result: Any = object.__new__(kind)
        if type(tangent) is Form:
            tangent.__class__ = _Followed
        result.primal, result.tangent, result.level = primal, tangent, self
        result.place = NOWHERE if self.is_busy else self.where()
        return result

    def applies(self, rule: Rule, args: tuple[Any, ...]) -> Any:
        if self.is_busy:
            return NotImplemented
        namespace = namespace_for(tuple(parts(a, self)[0] for a in args))
        if namespace is None or rule.is_composed(namespace):
            return NotImplemented
        operands = tuple(map(self._operand, args))
        with self._busy():
            y = apply(rule, args)
        if isinstance(y, (Traced, TracedArray)):
            self._enter(y, operands, rule)
        return y

    @contextmanager
    def step(
        self, name: str, args: tuple[Any, ...], options: dict[str, Any] | None = None
    ) -> Iterator[_Step]:
        """Within: a function of NumPy, which is one step."""
        step = _Step()
        if self.is_busy:
            yield step
            return
        given = (args, options or {})
        operands = self._operands(args, options or {})
        with self._busy():
            yield step
        results = list(leaves(step.made))
        for i, y in enumerate(results):
            if self._is_new(y):
                index = str(i) if isinstance(step.made, (tuple, list)) else ""
                self._enter(y, operands, text=f"{name}/{index}")
        for x in leaves(given):  # arrays into which the function has written
            if self._is_new(x):
                self._enter(x, operands, text=f"{name}/")

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self.is_busy = True
        try:
            yield
        finally:
            self.is_busy = False

    def store(self, x: TracedArray, index: Any, value: Any, go_on: Callable[..., None]) -> None:
        """x[index] = value"""
        if self.is_busy:
            go_on(index, value)
            return
        stored, form = self._operand(value), x.tangent
        before = self._whole(x)
        with self._busy():
            go_on(index, value)
        whole = x.tangent.whole
        node = whole.node
        if node in self.known:
            return
        if len(node.sources) == 1 and type(node) is Node and node.sources[0] in self.known:
            self._know(node, self.known[node.sources[0]])  # all of it
            return
        places = [] if form.base is None else [_place_text(form.place)]
        places += [_index_text(index)] if index is not Ellipsis else []
        text = "=" + "][".join(places or ["…"])
        owner = x.primal if x.tangent.base is None else x.primal.base
        self._enter_node(node, owner, (before, stored), text=text)

    def _whole(self, x: Any) -> Any:
        """The entry of the array of which x is a view; the array itself if it is constant."""
        node = x.tangent.whole.node
        if node in self.known:
            return self.known[node]
        sources = self._known_below(node)
        owner = x.primal if x.tangent.base is None else x.primal.base
        return self._enter_node(node, owner, sources, text="?") if sources else own(owner)

    def note(self, left: Any, sign: str, right: Any, truth: bool) -> None:
        """Note a comparison."""
        if not self.is_busy:
            operands = self._operand(left), self._operand(right)
            self.add(Entry("branch", truth, [], None, operands, text=sign, place=self.where()))

    # entries

    def _is_new(self, x: Any) -> bool:
        return (
            isinstance(x, (Traced, TracedArray))
            and x.level is self
            and x.tangent.node not in self.known
        )

    def _enter(
        self, x: Any, operands: tuple[Any, ...], rule: Rule | None = None, text: str = ""
    ) -> Entry:
        """Note a step, whose result is x."""
        node: Node = x.tangent.node
        if node in self.known:  # as +x
            node = Node(node.shape, node.dtype, (node,), lambda g: (g,))
            x.tangent = Form(node)
        return self._enter_node(node, x.primal, operands, rule, text)

    def _enter_node(
        self,
        node: Node,
        value: Any,
        operands: tuple[Any, ...],
        rule: Rule | None = None,
        text: str = "",
    ) -> Entry:
        below = dict.fromkeys(x for source in node.sources for x in self._known_below(source))
        named = dict.fromkeys(x for x in _flat(operands) if isinstance(x, Entry))
        direct = {x for x in operands if isinstance(x, Entry)}
        others = tuple(x for x in (*named, *below) if x not in direct)
        entry = Entry("step", own(value), [], rule, operands, others, text, self.where())
        self._know(node, self.add(entry))
        self.sources[entry] = (*(x for x in named if x in below),
                               *(x for x in below if x not in named))  # fmt: skip
        return entry

    def _operand(self, x: Any) -> Any:
        """The entry of a number of this trace; other numbers and arrays as they are now."""
        if isinstance(x, Dual) and x.level > self:
            return self._operand(x.primal)
        if not isinstance(x, (Traced, TracedArray)) or x.level is not self:
            return x.copy() if is_plain(x, np.ndarray) else x
        node = x.tangent.node
        if node in self.known:
            return self.known[node]
        if type(node) is Read:  # elements, and views
            whole = self.known.get(node.sources[0]) or self._whole(x)
            if isinstance(whole, Entry):
                return self._found(x, (whole,), f"[{_place_text(node.place)}")
        sources = self._known_below(node)
        return self._found(x, sources, "?") if sources else own(x.primal)

    def _found(self, x: Any, sources: tuple[Entry, ...], text: str) -> Entry:
        """A step that has been made without a word."""
        entry = self._enter(x, sources, text=text)
        entry.place = x.place if x.place.line else entry.place
        return entry

    def _known_below(self, node: Node) -> tuple[Entry, ...]:
        """The steps of which a node is made."""
        found: dict[Entry, None] = {}
        seen, todo = set(), [node]
        while todo:
            node = todo.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in self.known:
                found[self.known[node]] = None
            else:
                todo.extend(reversed(node.sources))
        return tuple(found)

    def _operands(self, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments of a function of NumPy, in lists where they are."""

        def each(x: Any) -> Any:
            if isinstance(x, (list, tuple)) and any(isinstance(v, Dual) for v in leaves(x)):
                return [each(v) for v in x]
            return self._operand(x)

        named = [_Option(name, each(x)) for name, x in options.items() if x is not np._NoValue]
        return (*map(each, args), *named)

    # the sweep

    def finish(self, results: list[Any]) -> tuple[tuple[Row, ...], tuple[Variable, ...]]:
        """All rows, in their order and with their numbers, and the names of the outputs."""
        for y in results:
            if is_array(y) and np.ndim(plain(y)):
                raise ValueError(
                    "trace goes back from numbers in reverse mode, but the function returned an "
                    f"array of shape {np.shape(plain(y))}; write trace(lambda *x: np.sum(f(*x) * "
                    "weights), …) with the adjoints of its elements as weights."
                )
        found = [self._operand(y) for y in results]
        entries = self.numbered([plain(x) if isinstance(x, Dual) else x for x in found],
                                self.active)  # fmt: skip
        several = len(results) > 1
        names = [Variable("y", i if several else None) for i in range(1, len(results) + 1)]
        adjoints: dict[Entry, list[Any]] = {}
        rows: list[Row] = []
        count = len(results)
        for j in reversed(range(count)):
            rows.append(self._output(names[j], found[j], adjoints, j, count))
        missing = [np.nan if np.any(row.value != row.value) else None for row in reversed(rows)]
        for entry in reversed(entries):
            rows.append(_with_nan(self._row(entry, adjoints, count), missing))
        rows.reverse()
        return tuple(rows), tuple(names)

    def _output(
        self, name: Variable, y: Any, adjoints: dict[Entry, list[Any]], j: int, count: int
    ) -> Row:
        if not isinstance(y, Entry):
            return Row("output", name, Number(plain(y)), plain(y), adjoints=_unit(j, count))
        before = y.variable.adjoint if y in adjoints else None
        seeds = _unit(j, count, y.value)
        self._add(adjoints, y, seeds)
        share = Share(y.variable, share_formula(name.adjoint, [], before), tuple(adjoints[y]))
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
            name = variable(entry.text)
            share = Share(name, v.adjoint, own_adjoints)
            return Row("input", v, name, entry.value, used=entry.used, adjoints=own_adjoints,
                       shares=(share,))  # fmt: skip
        sources = self.sources[entry]
        found = [self._swept(entry, g, sources) for g in own_adjoints]
        shares: list[Share] = []
        for i, x in enumerate(sources) if entry in adjoints else ():
            before = x.variable.adjoint if x in adjoints else None
            self._add(adjoints, x, [each[i] for each in found])
            formula = self._share_formula(entry, x, before)
            shares.append(Share(x.variable, formula, tuple(adjoints[x])))
        slopes = dict.fromkeys((x.variable for x in sources), None)
        if not shape_of(entry.value) and not any(shape_of(x.value) for x in sources):
            each = self._swept(entry, _unit(0, 1, entry.value)[0], sources)
            slopes = dict(zip(slopes, each, strict=True))
        row = Row("step", v, self._formula(entry), entry.value, line=line, source=source)
        return replace(row, used=entry.used, slopes=slopes, adjoints=own_adjoints,
                       shares=tuple(reversed(shares)))  # fmt: skip

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

    # formulas

    def _formula(self, entry: Entry) -> Formula:
        args = tuple(map(_formula_of, entry.operands))
        if entry.rule is not None:
            return value_formula(entry.rule, args)
        kind, text = entry.text[:1], entry.text[1:]
        if kind == "[":
            return Element(args[0], text)
        if kind == "=":
            return Element(args[0], text, args[1])
        if kind == "?":
            source = entry.place.source
            return Quoted(source) if 0 < len(source) <= 40 else Call("f", args)
        name, _, index = entry.text.partition("/")
        call = Call(name, args)
        return Element(call, index) if index else call

    def _share_formula(self, entry: Entry, x: Entry, before: Formula | None) -> Formula:
        v = entry.variable
        factors: list[Formula] = [Partial(v, x.variable)]
        total = False
        rule = entry.rule
        numbers = values_of(entry.operands)
        if rule is not None and not any(is_complex(n) and rule.kind == "linear" for n in numbers):
            args = [formula_of(o) for o in entry.operands]
            try:
                found = slope_formulas(rule, args, v, tuple(map(plain, numbers)), entry.value)
            except (ValueError, TypeError, ArithmeticError):  # undecided for all elements at once
                found = []
            slopes = [s for s, o in zip(found, entry.operands, strict=False) if o is x and s]
            if slopes:
                factors, total = slopes, shape_of(x.value) != shape_of(entry.value)
        return share_formula(v.adjoint, factors, before, total)


class _Option:
    """An argument with its name."""

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, value


def _flat(operands: Any) -> Iterator[Any]:
    for x in operands:
        if isinstance(x, list):
            yield from _flat(x)
        else:
            yield x.value if isinstance(x, _Option) else x


def _formula_of(x: Any) -> Formula:
    if isinstance(x, Entry):
        return x.variable
    if isinstance(x, list):
        return Listed(tuple(map(_formula_of, x)))
    if isinstance(x, _Option):
        value = x.value
        text = value.variable.letter if isinstance(value, Entry) else repr(value)
        return Quoted(f"{x.name}={text}")
    number = plain(x)
    if isinstance(number, (str, type(None), bool, tuple, slice, type)) or callable(number):
        return Quoted(repr(number))
    return Number(number)


def _place_text(place: Any) -> str:
    return "…" if place.views else _index_text(place.index)


def _index_text(index: Any) -> str:
    """An index as it is written."""
    if isinstance(index, tuple):
        return ", ".join(map(_index_text, index)) if index else "()"
    if isinstance(index, slice):
        ends = ("" if i is None else str(i) for i in (index.start, index.stop))
        return ":".join(ends) + ("" if index.step is None else f":{index.step}")
    if index is Ellipsis:
        return "…"
    if isinstance(index, np.ndarray):
        return f"array {index.shape}" if index.size > 8 else str(index.tolist()).strip("[]")
    return str(index)


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
    """An adjoint in the kind of its value."""
    if g is None:
        return np.zeros_like(x) if is_array(x) else 0.0
    if is_array(x):
        return np.array(g)
    return as_number(g[()] if is_array(g) else g)
