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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..arguments import Argnums, Inputs
from ..dual import Dual, evaluate, function, namespace_for
from ..levels import ParticipatingLevel, fresh_level
from ..lifting.reach import chosen
from ..looks import is_plain
from ..pair import as_numpy, dual, map_leaves, plain
from ..rules import Rule
from ..structure import argument_names, element_labels, leaves, rebuild, rebuild_labelled
from ..sweeps import Mode, refuse_unless_mode
from ..table import RULES
from .backward import trace_backward
from .formula import ZERO, Number, Variable, tangent_formula, value_formula
from .render import Renderings
from .rows import Row
from .steps import (
    Asked,
    Entry,
    Steps,
    each_number,
    formula_of,
    has_numbers,
    is_number,
    values_of,
    variable,
)


class Trace(Renderings):
    """What `trace` gives; `print` it, or let Jupyter show it.

    Attributes
    ----------
    rows : tuple of Row
        Inputs, steps and branches in the order they were taken, outputs.
    wrt : tuple of str
        The inputs that were differentiated: forward, one direction each.
    title : str
        The function's name.
    of : tuple of Variable or None
        Of a trace in reverse mode the outputs, whose adjoints are swept back.

    Examples
    --------
    >>> t = trace(lambda a, b: a * b, 2.0, 5.0, wrt=("a", "b"))
    >>> t.value, t.tangents
    (10.0, (5.0, 2.0))
    >>> t["v₁"].tangent_expression
    'v̇₋₁ × v₀ + v₋₁ × v̇₀'
    """

    def __init__(
        self,
        title: str,
        rows: tuple[Row, ...],
        wrt: tuple[str, ...],
        of: tuple[Variable, ...] | None = None,
    ) -> None:
        self.title, self.rows, self.wrt, self.of = title, rows, wrt, of

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

    @property
    def adjoints(self) -> tuple[Any, ...]:
        """Of a trace in reverse mode: the derivatives of the one output in all inputs."""
        self._only()
        return tuple(row.adjoint for row in self.inputs)


def trace(
    f: Callable[..., Any],
    /,
    *args: Any,
    wrt: Argnums | None = None,
    mode: Mode = None,
    lift: bool | None = None,
    **kwargs: Any,
) -> Trace:
    """Run a function and note each of its steps, with values and tangents, or with adjoints.

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
        If there is no number among the arguments, f takes more than 10000 steps, or f returns an
        array in reverse mode.

    Examples
    --------
    >>> trace(lambda x: np.sin(x) ** 2, 0.0).steps[1].expression
    'v₁²'
    >>> t = trace(lambda x1, x2: np.log(x1) + x1 * x2 - np.sin(x2), 2.0, 5.0, mode="reverse")
    >>> print(t.to_text(source=False))
         value                adjoint
    ---  --------  ---------  -------  -------------  ---------
    v₋₁  x₁        =  2       x̄₁       v̄₋₁            =  5.5
    v₀   x₂        =  5       x̄₂       v̄₀             =  1.7163
    v₁   ln v₋₁    =  0.6931  v̄₋₁      v̄₋₁ + v̄₁/v₋₁   =  5.5
    v₂   v₋₁ × v₀  = 10       v̄₀       v̄₀ + v̄₂ × v₋₁  =  1.7163
                              v̄₋₁      v̄₂ × v₀        =  5
    v₃   sin v₀    = −0.9589  v̄₀       v̄₃ × cos v₀    = −0.2837
    v₄   v₁ + v₂   = 10.6931  v̄₂       v̄₄ × 1         =  1
                              v̄₁       v̄₄ × 1         =  1
    v₅   v₄ − v₃   = 11.6521  v̄₃       v̄₅ × (−1)      = −1
                              v̄₄       v̄₅ × 1         =  1
    y    v₅        = 11.6521  v̄₅       ȳ              =  1
    """
    if not callable(f):
        raise TypeError(f"trace needs a function, got {type(f).__name__}; write trace(f, x).")
    refuse_unless_mode("trace", mode)
    title = getattr(f, "__name__", type(f).__name__)
    if mode == "reverse":
        rows, names, of = trace_backward(f, args, kwargs, wrt, lift, trace.__code__)
        return Trace(title, rows, names, of)
    recording = _Recording(fresh_level())
    new_args, new_kwargs, wrt_names = recording.start(f, args, kwargs, wrt)
    rows = recording.finish(chosen(f, lift)(*new_args, **new_kwargs))
    return Trace(title, rows, wrt_names)


# -- the recording -------------------------------------------------------------------------


class _Recording(Steps, ParticipatingLevel):
    """The level of the numbers that go through f, and the rows of the trace as they are made."""

    holds_arrays = False

    def __init__(self, level: int) -> None:
        super().__init__()
        self.outermost = trace.__code__
        self.inner = fresh_level()  # of the duals that calculate
        self.active: list[Entry] = []  # the inputs that are differentiated
        self.directions = 0

    def start(
        self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], wrt: Argnums | None
    ) -> tuple[tuple[Any, ...], dict[str, Any], tuple[str, ...]]:
        """Make the inputs. Gives the arguments for f, and the names of the directions."""
        names = dict(enumerate(argument_names(f, len(args)))) | {key: key for key in kwargs}
        given: dict[Any, Any] = dict(enumerate(args)) | kwargs
        if wrt is None:
            chosen = [key for key, x in given.items() if any(map(has_numbers, leaves(x)))][:1]
        else:
            try:
                chosen = list(Inputs("trace", f, wrt, args, kwargs).keys)
            except (TypeError, ValueError) as error:
                raise type(error)(str(error).replace("argnums", "wrt")) from None
        active: list[Entry] = []

        def enter(label: str, x: Any, on: bool) -> Any:
            if on and is_plain(x, np.ndarray) and x.ndim:
                cells = np.empty(x.shape, object)
                for name, place in zip(
                    element_labels(label, x.shape), np.ndindex(x.shape), strict=True
                ):
                    cells[place] = enter(name, x[place], on)
                return cells
            if not is_number(x):
                return x
            x = x.item() if isinstance(x, (np.integer, np.bool_)) else x
            entry = Entry("input", x, [], text=label)
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

    def _traced(self, entry: Entry) -> Traced:
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
            return evaluate(rule, values_of(operands))
        namespace = namespace_for(args)
        if namespace is not None and rule.is_composed(namespace):
            return rule.composition_in(namespace)(*args)
        numbers = [
            evaluate(
                rule,
                tuple(x.numbers[k] if isinstance(x, Entry) else x for x in operands),
            )
            for k in range(self.directions)
        ]
        entry = Entry("step", self._value(numbers[0]), numbers, rule, operands, place=self.where())
        self.add(entry)
        return self._traced(entry)

    def note(self, left: Any, sign: str, right: Any, truth: bool) -> None:
        """Note a comparison."""
        operands = self._operand(left), self._operand(right)
        self.add(Entry("branch", truth, [], None, operands, text=sign, place=self.where()))

    def _value(self, x: Any) -> Any:
        return x.primal if isinstance(x, Dual) and x.level == self.inner else x

    # numbering, when the function has returned

    def finish(self, y: Any) -> tuple[Row, ...]:
        """All rows, in their order and with their numbers."""
        results = [self._operand(x) for x in each_number(y)]
        entries = self.numbered(results, self.active)
        rows = [self._row(entry) for entry in entries]
        for i, x in enumerate(results, 1):
            name = Variable("y", i if len(results) > 1 else None)
            if isinstance(x, Entry):
                v, slopes = x.variable, {x.variable: 1.0}
                rows.append(Row("output", name, v, x.value, v.tangent, x.tangents, slopes))
            else:
                zeros = (0.0,) * self.directions
                rows.append(Row("output", name, Number(plain(x)), x, ZERO, zeros))
        return tuple(rows)

    def _row(self, entry: Entry) -> Row:
        if entry.kind == "branch":
            return entry.branch()
        operands, rule = entry.operands, entry.rule
        formulas = list(map(formula_of, operands))
        line, source = entry.place.line, entry.place.source
        if entry.kind == "input":
            name = variable(entry.text)
            row = Row("input", entry.variable, name, entry.value, name.tangent, entry.tangents)
            return replace(row, used=entry.used)
        assert rule is not None
        values = values_of(operands)
        return Row(
            "step",
            entry.variable,
            value_formula(rule, formulas),
            entry.value,
            tangent_formula(
                rule, formulas, entry.variable, tuple(map(plain, values)), plain(entry.value)
            ),
            entry.tangents,
            {x.variable: self._slope(rule, operands, x) for x in entry.sources},
            line,
            source,
            entry.used,
        )

    def _slope(self, rule: Rule, operands: Sequence[Any], of: Entry) -> Any:
        """The partial derivative in one variable, which may stand in several places."""
        seeded = dual(of.value, _unit(of.value), self.inner)
        numbers = tuple(seeded if x is of else values_of([x])[0] for x in operands)
        try:
            y = evaluate(rule, numbers)
        except (ArithmeticError, ValueError):
            y = evaluate(rule, tuple(map_leaves(as_numpy, x) for x in numbers))
        return y.tangent if isinstance(y, Dual) and y.level == self.inner else 0.0


# -- the number ----------------------------------------------------------------------------


class Traced(Asked):
    """A dual number that is one row of a trace.

    Its level is the recording, which `apply` hands all rules to.
    """

    __slots__ = ("entry",)
    level: _Recording
    entry: Entry

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
