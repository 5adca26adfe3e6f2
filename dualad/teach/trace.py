"""trace: the steps that a function takes on the way to its value and its tangent.

The function runs on duals of a level that takes part (`levels.ParticipatingLevel`): it is handed
each row of the table that is applied to them, and notes it. Values and tangents are calculated as
everywhere in the package: a trace ends in the very numbers that `derivative` gives. The steps are
numbered as in Griewank & Walther, Evaluating Derivatives (SIAM 2008), section 2.2: n inputs are
v₁₋ₙ … v₀, then come v₁, v₂, …; the outputs are y.

>>> import dualad
>>> t = trace(lambda x1, x2: dualad.log(x1) + x1 * x2 - dualad.sin(x2), 2.0, 5.0)
>>> print(t.to_text(source=False))
     value                tangent
---  --------  ---------  -------------------  -----
v₋₁  x₁        =  2       ẋ₁                   = 1
v₀   x₂        =  5       ẋ₂                   = 0
v₁   ln v₋₁    =  0.6931  v̇₋₁/v₋₁              = 0.5
v₂   v₋₁ × v₀  = 10       v̇₋₁ × v₀ + v₋₁ × v̇₀  = 5
v₃   sin v₀    = −0.9589  cos v₀ × v̇₀          = 0
v₄   v₁ + v₂   = 10.6931  v̇₁ + v̇₂              = 5.5
v₅   v₄ − v₃   = 11.6521  v̇₄ − v̇₃              = 5.5
y    v₅        = 11.6521  v̇₅                   = 5.5
"""

from __future__ import annotations

import linecache
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

from ..arguments import Argnums, Inputs
from ..dual import Dual, evaluate, function, namespace_for
from ..frames import is_chain_rule, user_frame
from ..levels import ParticipatingLevel, fresh_level
from ..lifting.reach import chosen
from ..looks import is_plain
from ..pair import as_numpy, dual, is_operand, map_leaves, plain
from ..rules import Rule
from ..structure import argument_names, element_labels, leaves, rebuild, rebuild_labelled
from ..table import RULES
from .formula import (
    ZERO,
    Comparison,
    Number,
    Variable,
    tangent_formula,
    value_formula,
)
from .render import Renderings
from .rows import Row

LIMIT = 10_000  # steps


class Trace(Renderings):
    """What `trace` gives; `print` it, or let Jupyter show it.

    Attributes
    ----------
    rows : tuple of Row
        Inputs, steps and branches in the order they were taken, outputs.
    wrt : tuple of str
        The inputs that were differentiated, one direction each.
    title : str
        The function's name.

    Examples
    --------
    >>> t = trace(lambda a, b: a * b, 2.0, 5.0, wrt=("a", "b"))
    >>> t.value, t.tangents
    (10.0, (5.0, 2.0))
    >>> t["v₁"].tangent_expression
    'v̇₋₁ × v₀ + v₋₁ × v̇₀'
    """

    def __init__(self, title: str, rows: tuple[Row, ...], wrt: tuple[str, ...]) -> None:
        self.title, self.rows, self.wrt = title, rows, wrt

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name and name:
                return row
        raise KeyError(f"the trace has no row {name!r}; its rows are v₁, v₂, …, and y.")

    @property
    def inputs(self) -> tuple[Row, ...]:
        """The rows of the inputs."""
        return tuple(row for row in self.rows if row.kind == "input")

    @property
    def steps(self) -> tuple[Row, ...]:
        """The rows of the steps."""
        return tuple(row for row in self.rows if row.kind == "step")

    @property
    def outputs(self) -> tuple[Row, ...]:
        """The rows of the outputs."""
        return tuple(row for row in self.rows if row.kind == "output")

    def _only(self) -> Row:
        if len(self.outputs) != 1:
            raise ValueError(
                f"the function has {len(self.outputs)} outputs; write [r.value for r in t.outputs]."
            )
        return self.outputs[0]

    @property
    def value(self) -> Any:
        """The value of the one output."""
        return self._only().value

    @property
    def tangent(self) -> Any:
        """Its tangent in the first direction."""
        return self._only().tangent

    @property
    def tangents(self) -> tuple[Any, ...]:
        """Its tangents in all directions."""
        return self._only().tangents


def trace(
    f: Callable[..., Any],
    /,
    *args: Any,
    wrt: Argnums | None = None,
    lift: bool | None = None,
    **kwargs: Any,
) -> Trace:
    """Run a function and note each of its steps, with values and tangents.

    Parameters
    ----------
    f : callable
        A function of numbers, and of nested lists, tuples, dicts and arrays of them, that
        returns the same. Arrays go through element by element.
    *args, **kwargs
        Its arguments. Numbers are inputs v₀, …; arrays that are not differentiated, and all
        that is not a number, are constants. An integer that is not differentiated still counts.
    wrt : int, str, or a sequence of these
        Which arguments to differentiate, by index or name: one direction for each of their
        numbers. By default the first number.
    lift : bool, optional
        As for `derivative`.

    Returns
    -------
    Trace
        Comparisons of traced numbers are noted as branches. Steps such as floor give plain
        numbers, whose tangent is zero; they are constants from there on.

    Raises
    ------
    TypeError
        If f is not a function, or an argument to differentiate or a result is not made of numbers.
    ValueError
        If there is no number among the arguments, or f takes more than 10000 steps.

    Examples
    --------
    >>> trace(lambda x: np.sin(x) ** 2, 0.0).steps[1].expression
    'v₁²'
    """
    if not callable(f):
        raise TypeError(f"trace needs a function, got {type(f).__name__}; write trace(f, x).")
    recording = _Recording(fresh_level())
    new_args, new_kwargs, wrt_names = recording.start(f, args, kwargs, wrt)
    rows = recording.finish(chosen(f, lift)(*new_args, **new_kwargs))
    return Trace(getattr(f, "__name__", type(f).__name__), rows, wrt_names)


# -- the recording -------------------------------------------------------------------------


class _Place(NamedTuple):
    """Where in the user's source a step was taken."""

    frame: int = 0
    line: int | None = None
    source: str = ""
    instruction: int = 0


_NOWHERE, _UNNUMBERED = _Place(), Variable("v")


@dataclass(eq=False)
class _Entry:
    """A row while the function is running: not yet numbered."""

    kind: Literal["input", "step", "branch"]
    value: Any
    numbers: list[Any]  # per direction the dual that it is, or a plain number
    rule: Rule | None = None
    operands: tuple[Any, ...] = ()  # entries, and numbers
    text: str = ""  # the label of an input, the sign of a comparison
    place: _Place = _NOWHERE
    variable: Variable = _UNNUMBERED
    used: bool = False

    @property
    def tangents(self) -> tuple[Any, ...]:
        return tuple(n.tangent if isinstance(n, Dual) else 0.0 for n in self.numbers)

    @property
    def sources(self) -> list[_Entry]:
        return [x for x in self.operands if isinstance(x, _Entry)]


class _Recording(ParticipatingLevel):
    """The level of the numbers that go through f, and the rows of the trace as they are made."""

    holds_arrays = False

    def __init__(self, level: int) -> None:
        self.inner = fresh_level()  # of the duals that calculate
        self.entries: list[_Entry] = []
        self.active: list[_Entry] = []  # the inputs that are differentiated
        self.directions = 0

    def start(
        self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], wrt: Argnums | None
    ) -> tuple[tuple[Any, ...], dict[str, Any], tuple[str, ...]]:
        """Make the inputs. Gives the arguments for f, and the names of the directions."""
        names = dict(enumerate(argument_names(f, len(args)))) | {key: key for key in kwargs}
        given: dict[Any, Any] = dict(enumerate(args)) | kwargs
        if wrt is None:
            chosen = [key for key, x in given.items() if any(map(_has_input, leaves(x)))][:1]
        else:
            try:
                chosen = list(Inputs("trace", f, wrt, args, kwargs).keys)
            except (TypeError, ValueError) as error:
                raise type(error)(str(error).replace("argnums", "wrt")) from None
        active: list[_Entry] = []

        def enter(label: str, x: Any, on: bool) -> Any:
            if on and is_plain(x, np.ndarray) and x.ndim:
                cells = np.empty(x.shape, object)
                for name, place in zip(
                    element_labels(label, x.shape), np.ndindex(x.shape), strict=True
                ):
                    cells[place] = enter(name, x[place], on)
                return cells
            if not _is_input(x):
                return x
            x = x.item() if isinstance(x, (np.integer, np.bool_)) else x
            entry = _Entry("input", x, [], text=label)
            self.entries.append(entry)
            if on and not (wrt is None and active):
                entry.value = float(x) if isinstance(x, int) else x
                active.append(entry)
            return self._traced(entry)

        new = {
            key: rebuild_labelled(x, partial(enter, on=key in chosen), names[key])
            for key, x in given.items()
        }
        if not active:
            raise ValueError("trace needs a number to differentiate among the arguments, got none.")
        self.active, self.directions = active, len(active)
        for entry in self.entries:
            x = entry.value
            entry.numbers = [dual(x, _unit(x), self.inner) if entry is a else x for a in active]
        positional = tuple(new.pop(i) for i in range(len(args)))
        return positional, new, tuple(entry.text for entry in active)

    def _traced(self, entry: _Entry) -> Traced:
        result: Traced = object.__new__(Traced)
        result.primal, result.level = entry.value, self
        result.tangent = entry.tangents[0] if entry.numbers else 0.0
        result.entry = entry
        return result

    def _operand(self, x: Any) -> Any:
        """The entry of a number of this trace; other numbers as they are."""
        if not isinstance(x, Dual) or x.level != self:
            return x
        if not isinstance(x, Traced):
            raise TypeError(
                f"trace follows numbers one at a time, but the function made a {type(x).__name__} "
                "of them; write it with numbers, lists or NumPy's ufuncs."
            )
        return x.entry

    def applies(self, rule: Rule, args: tuple[Any, ...]) -> Any:
        """Apply a rule to arguments of which at least one is traced, and note it."""
        if any(is_plain(a, np.ndarray) for a in args):  # one element after the other
            return np.frompyfunc(lambda *xs: evaluate(rule, xs), len(args), 1)(*map(_cells, args))
        operands = tuple(map(self._operand, args))
        if rule.kind == "flat":
            return evaluate(rule, _values(operands))
        namespace = namespace_for(args)
        if namespace is not None and rule.is_composed(namespace):
            return rule.composition_in(namespace)(*args)
        numbers = [
            evaluate(
                rule,
                tuple(x.numbers[k] if isinstance(x, _Entry) else x for x in operands),
            )
            for k in range(self.directions)
        ]
        entry = _Entry("step", self._value(numbers[0]), numbers, rule, operands, place=_where())
        self._add(entry)
        return self._traced(entry)

    def note(self, left: Any, sign: str, right: Any, truth: bool) -> None:
        """Note a comparison."""
        operands = self._operand(left), self._operand(right)
        self._add(_Entry("branch", truth, [], None, operands, sign, _where()))

    def _add(self, entry: _Entry) -> None:
        if len(self.entries) >= LIMIT:
            raise ValueError(
                f"the function takes more than {LIMIT} steps; trace it at a smaller problem."
            )
        self.entries.append(entry)

    def _value(self, x: Any) -> Any:
        return x.primal if isinstance(x, Dual) and x.level == self.inner else x

    # numbering, when the function has returned

    def finish(self, y: Any) -> tuple[Row, ...]:
        """All rows, in their order and with their numbers."""
        results = [self._operand(x) for x in _outputs(y)]
        returned = [x for x in results if isinstance(x, _Entry)]
        for x in results:
            if not (isinstance(x, _Entry) or _is_input(x)):
                raise TypeError(
                    "trace needs a function that returns numbers, arrays, or lists, tuples and "
                    f"dicts of them; this one returned {type(x).__name__}"
                    + ("; does it lack a return?" if x is None else ".")
                )
            if isinstance(x, _Entry):
                x.used = True
        needed = {x for entry in self.entries for x in entry.sources} | set(returned)
        entries = [
            entry
            for entry in _in_order(self.entries)  # a count that stayed one is not a row
            if entry.kind != "input" or entry in needed or entry in self.active
        ]
        inputs = [entry for entry in entries if entry.kind == "input"]
        steps = [entry for entry in entries if entry.kind == "step"]
        for i, entry in enumerate([*inputs, *steps], 1 - len(inputs)):
            entry.variable = Variable("v", i)
        for entry in reversed(steps):
            for source in entry.sources if entry.used else ():
                source.used = True
        rows = [self._row(entry) for entry in entries]
        for i, x in enumerate(results, 1):
            name = Variable("y", i if len(results) > 1 else None)
            if isinstance(x, _Entry):
                v, slopes = x.variable, {x.variable: 1.0}
                rows.append(Row("output", name, v, x.value, v.tangent, x.tangents, slopes))
            else:
                zeros = (0.0,) * self.directions
                rows.append(Row("output", name, Number(plain(x)), x, ZERO, zeros))
        return tuple(rows)

    def _row(self, entry: _Entry) -> Row:
        operands = entry.operands
        formulas = [x.variable if isinstance(x, _Entry) else Number(plain(x)) for x in operands]
        line, source = entry.place.line, entry.place.source
        if entry.kind == "input":
            name = _variable(entry.text)
            row = Row("input", entry.variable, name, entry.value, name.tangent, entry.tangents)
            return replace(row, used=entry.used)
        if entry.rule is None:
            question = Comparison(formulas[0], entry.text, formulas[1])
            return Row("branch", entry.variable, question, entry.value, line=line, source=source)
        values = _values(operands)
        return Row(
            "step",
            entry.variable,
            value_formula(entry.rule, formulas),
            entry.value,
            tangent_formula(
                entry.rule, formulas, entry.variable, tuple(map(plain, values)), plain(entry.value)
            ),
            entry.tangents,
            {x.variable: self._slope(entry.rule, operands, x) for x in entry.sources},
            line,
            source,
            entry.used,
        )

    def _slope(self, rule: Rule, operands: Sequence[Any], of: _Entry) -> Any:
        """The partial derivative in one variable, which may stand in several places."""
        seeded = dual(of.value, _unit(of.value), self.inner)
        numbers = tuple(seeded if x is of else _values([x])[0] for x in operands)
        try:
            y = evaluate(rule, numbers)
        except (ArithmeticError, ValueError):
            y = evaluate(rule, tuple(map_leaves(as_numpy, x) for x in numbers))
        return y.tangent if isinstance(y, Dual) and y.level == self.inner else 0.0


def _values(operands: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(x.value if isinstance(x, _Entry) else x for x in operands)


def _in_order(entries: Sequence[_Entry]) -> Iterator[_Entry]:
    """Inputs; then statement by statement, and in a statement first what comes from before it.

    So ln x₁ + x₁·x₂ − sin x₂ is numbered as in print: ln, ·, sin, +, −. Python takes + before sin.
    """
    depth: dict[_Entry, int] = {}
    statement: list[_Entry] = []
    for entry in entries:
        last = statement[-1] if statement else entry
        goes_on = entry.kind == last.kind == "step" and (
            entry.place[:2] == last.place[:2] and entry.place.instruction >= last.place.instruction
        )
        if not goes_on:
            yield from sorted(statement, key=depth.__getitem__)
            statement, depth = [], {}
        depth[entry] = 1 + max((depth.get(x, 0) for x in entry.sources), default=0)
        statement.append(entry)
    yield from sorted(statement, key=depth.__getitem__)


# -- the number ----------------------------------------------------------------------------


def _comparison(sign: str, compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def method(self: Traced, other: Any) -> Any:
        if not is_operand(other) or is_plain(other, np.ndarray):
            return NotImplemented
        truth = compare(plain(self), plain(other))
        asks = sys._getframe(1).f_code.co_filename
        if not is_chain_rule(asks):
            self.level.note(self, sign, other, bool(truth))
        return truth

    return method


class Traced(Dual):
    """A dual number that is one row of a trace.

    Its level is the recording, which `apply` hands all rules to.
    """

    __slots__ = ("entry",)
    level: _Recording
    entry: _Entry

    __lt__, __le__ = _comparison("<", operator.lt), _comparison("<=", operator.le)
    __gt__, __ge__ = _comparison(">", operator.gt), _comparison(">=", operator.ge)
    __eq__, __ne__ = _comparison("==", operator.eq), _comparison("!=", operator.ne)
    __hash__ = Dual.__hash__

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __index__(self) -> int:  # type: ignore[override]
        if isinstance(self.primal, int) and not any(
            isinstance(n, Dual) for n in self.entry.numbers
        ):
            return self.primal  # an integer that is not differentiated
        return Dual.__index__(self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs and any(map(np.ndim, inputs)):
            return np.frompyfunc(ufunc, ufunc.nin, ufunc.nout)(*map(_cells, inputs))
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = func.__name__
        if name in RULES and not kwargs and len(args) == len(RULES[name].args):
            return function(RULES[name])(*args)
        # NumPy's own code on arrays of objects: its steps are steps of the trace
        new_args, new_kwargs = (
            rebuild(given, lambda x: _cells(x) if isinstance(x, Traced) else x)
            for given in (args, kwargs)
        )
        return rebuild(
            func(*new_args, **new_kwargs),
            lambda y: y[()] if isinstance(y, np.ndarray) and not y.ndim else y,
        )


def _cells(x: Any) -> Any:
    """A number or array as an array of objects."""
    if not isinstance(x, Dual):
        return np.asarray(x, object)
    cell = np.empty((), object)
    cell[()] = x
    return cell


def _unit(x: Any) -> Any:
    """1 as a tangent of x, in its number system."""
    x = plain(x)
    return 1.0 if isinstance(x, (int, float)) else type(x)(1)


# -- arguments and outputs -----------------------------------------------------------------


def _variable(label: str) -> Variable:
    """x1 is printed as x₁; other names as they are."""
    digits = label[1:]
    return Variable(label[0], int(digits)) if digits.isdecimal() else Variable(label)


def _is_input(x: Any) -> bool:
    return is_operand(x) and not isinstance(x, (bool, np.bool_)) and not np.ndim(x)


def _has_input(x: Any) -> bool:
    return _is_input(x) or (is_plain(x, np.ndarray) and x.size > 0 and _is_input(x.flat[0]))


def _outputs(y: Any) -> Iterator[Any]:
    for part in leaves(y):
        if is_plain(part, np.ndarray):
            yield from part.ravel().tolist()
        else:
            yield part


# -- where in the source -------------------------------------------------------------------


def _where() -> _Place:
    """The line of the user's source that is running, and the expression on it."""
    frame = user_frame(outermost=trace.__code__)
    if frame is None:  # an expression of the command line
        return _Place()
    instruction = frame.f_lasti
    line, last, start, stop = list(frame.f_code.co_positions())[instruction // 2]
    text = linecache.getline(frame.f_code.co_filename, line or 0, frame.f_globals)
    if line == last and start is not None and stop is not None:
        text = text.encode()[start:stop].decode(errors="replace")
    return _Place(id(frame), line, text.strip(), instruction)
