"""The steps of a function while they are made, and how they are numbered when it has returned.

What forward and reverse traces share: an entry for each input, step and comparison; where in the
user's source it was; the order and the numbering of textbooks.
"""

from __future__ import annotations

import linecache
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from string import ascii_letters
from types import CodeType
from typing import Any, Literal, NamedTuple

import numpy as np

from ..dual import Dual
from ..frames import asking_frame, expression_at, is_chain_rule, user_frame
from ..looks import is_plain
from ..pair import is_array, is_operand, plain
from ..rules import Rule
from ..sentences import why_no_number
from .formula import Comparison, Formula, Number, Variable
from .rows import Row

LIMIT = 10_000  # steps


class Place(NamedTuple):
    """Where in the user's source a step was taken."""

    frame: int = 0
    line: int | None = None
    source: str = ""
    instruction: int = 0
    is_solver: bool = False  # whether the line called one of dualad.scipy's functions


NOWHERE, UNNUMBERED = Place(), Variable("v")


# -- what a step is ------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Index:
    """Which part of an array, by one index after the other, as in [1:][0]; … is any other view."""

    each: tuple[Any, ...]

    def __str__(self) -> str:
        return "][".join(map(_index_text, self.each)) or "…"

    @property
    def basic(self) -> tuple[Any, ...] | None:
        """The one index, if it is made of whole numbers and slices; None if it is another."""
        if len(self.each) != 1:
            return None
        index = self.each[0] if isinstance(self.each[0], tuple) else self.each
        is_basic = all(
            isinstance(x, (int, np.integer, slice)) and not isinstance(x, bool) for x in index
        )
        return index if is_basic else None


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
        return f"array {index.shape}" if index.size > 8 else str(index.tolist())
    return str(index)


@dataclass(frozen=True)
class Read:
    """A part of an array is read."""

    index: Index


@dataclass(frozen=True)
class Store:
    """Something is stored in a part of an array."""

    index: Index


@dataclass(frozen=True)
class Called:
    """A function of arrays is called; `result` says which of its results this is, if many."""

    name: str
    result: int | None = None


@dataclass(frozen=True)
class Made:
    """Made by a solver, or by other code that does not say how."""


@dataclass(frozen=True)
class Compared:
    """A comparison, by its sign."""

    sign: str


Operation = Rule | Read | Store | Called | Made | Compared | None


@dataclass(eq=False)
class Entry:
    """A row while the function is running: not yet numbered."""

    kind: Literal["input", "step", "branch"]
    value: Any
    operation: Operation = None
    operands: tuple[Any, ...] = ()  # entries, and numbers
    others: tuple[Entry, ...] = ()  # that it is made of without their being operands
    label: str = ""  # of an input
    place: Place = NOWHERE
    variable: Variable = UNNUMBERED
    used: bool = False
    varies: bool = True  # whether it depends on what is differentiated

    @property
    def rule(self) -> Rule | None:
        """The row of the table that a step applies, if it is one."""
        return self.operation if isinstance(self.operation, Rule) else None

    @property
    def sources(self) -> list[Entry]:
        return [*(x for x in self.operands if isinstance(x, Entry)), *self.others]

    def branch(self) -> Row:
        """The row of a comparison."""
        assert isinstance(self.operation, Compared)
        left, right = map(formula_of, self.operands)
        question = Comparison(left, self.operation.sign, right)
        line, source = self.place.line, self.place.source
        return Row("branch", self.variable, question, self.value, line=line, source=source,
                   args=(left, right))  # fmt: skip


def formula_of(x: Any) -> Formula:
    """The name of an entry; a number as it is."""
    return x.variable if isinstance(x, Entry) else Number(plain(x))


def values_of(operands: Sequence[Any]) -> tuple[Any, ...]:
    """Entries by their values; numbers as they are."""
    return tuple(x.value if isinstance(x, Entry) else x for x in operands)


class Steps:
    """The entries in the order in which they are made."""

    outermost: CodeType | None = None  # what is called from here is the user's

    caller = "trace"  # or graph, or explain

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.sources_read: dict[tuple[CodeType, int], tuple[int | None, str]] = {}

    def add(self, entry: Entry) -> Entry:
        """Note one more.

        Raises
        ------
        ValueError
            If there are too many.
        """
        if len(self.entries) >= LIMIT:
            raise ValueError(
                f"{self.caller}: the function takes more than {LIMIT} steps; call it for a smaller "
                "problem."
            )
        if entry.kind == "step":
            entry.varies = any(x.varies for x in entry.sources)
        self.entries.append(entry)
        return entry

    def where(self) -> Place:
        """The line of the user's source that is running, and the expression on it.

        What a solver calls is not looked into: it is the line that called the solver.
        """
        asking = asking_frame(self.outermost)
        frame = asking or user_frame(self.outermost)
        if frame is None:  # an expression of the command line
            return NOWHERE
        key = frame.f_code, frame.f_lasti
        if key not in self.sources_read:
            line, text = expression_at(*key, frame.f_globals)
            file = frame.f_code.co_filename
            text = text or linecache.getline(file, line or 0, frame.f_globals).strip()
            self.sources_read[key] = line, text
        return Place(id(frame), *self.sources_read[key], frame.f_lasti, asking is not None)

    def _names(self) -> list[Variable]:
        """What the function calls its inputs."""
        return [variable(entry.label) for entry in self.entries if entry.kind == "input"]

    @property
    def step_letter(self) -> str:
        """What steps are numbered with: v, unless an input is called v and a number."""
        if ("v", True) not in {(name.letter, name.index is not None) for name in self._names()}:
            return "v"
        return _free("wuqrst", {name.letter for name in self._names()})

    @property
    def result_letter(self) -> str:
        """What the result is called: y, unless an input has that name."""
        return _free("yzwuqr", {self.step_letter, *(name.letter for name in self._names())})

    def numbered(self, results: Sequence[Any], active: Sequence[Entry]) -> list[Entry]:
        """All entries that are rows, in their order and with their numbers.

        Raises
        ------
        TypeError
            If something that the function returned is not a number.
        """
        returned = [x for x in results if isinstance(x, Entry)]
        for x in results:
            if not (isinstance(x, Entry) or is_number(x) or is_array(x)):
                raise TypeError(
                    f"{self.caller} needs a function that returns numbers, arrays, or lists, "
                    f"tuples and dicts of them; this one returned {type(x).__name__}"
                    + why_no_number(x, x if len(results) == 1 else results)
                )
            if isinstance(x, Entry):
                x.used = True
        needed = {x for entry in self.entries for x in entry.sources} | set(returned)
        entries = [
            entry
            for entry in _in_order(self.entries)  # a count that stayed one is not a row
            if entry.kind != "input" or entry in needed or entry in active
        ]
        inputs = [entry for entry in entries if entry.kind == "input"]
        steps = [entry for entry in entries if entry.kind == "step"]
        letter = self.step_letter
        for i, entry in enumerate([*inputs, *steps], 1 - len(inputs)):
            entry.variable = Variable(letter, i)
        for entry in reversed(steps):
            for source in entry.sources if entry.used else ():
                source.used = True
        return entries


def _free(letters: str, taken: set[str]) -> str:
    """The first of these letters, or else of the alphabets, that is not taken."""
    return next(x for x in letters + ascii_letters if x not in taken)


def _in_order(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Inputs; then statement by statement, and in a statement first what comes from before it.

    So ln x₁ + x₁·x₂ − sin x₂ is numbered as in print: ln, ·, sin, +, −. Python takes + before sin.
    """
    depth: dict[Entry, int] = {}
    statement: list[Entry] = []
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


def comparison(sign: str, compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A comparison as a method: its level notes it, unless the chain rule asks."""

    def method(self: Any, other: Any) -> Any:
        if not is_operand(other) or is_plain(other, np.ndarray):
            return NotImplemented
        truth = compare(plain(self), plain(other))
        asks = sys._getframe(1).f_code.co_filename
        if not is_chain_rule(asks):
            self.level.note(self, sign, other, bool(truth))
        return truth

    return method


class Asked(Dual):
    """A dual number whose level notes what it is compared with."""

    __slots__ = ()
    level: Any

    __lt__, __le__ = comparison("<", operator.lt), comparison("<=", operator.le)
    __gt__, __ge__ = comparison(">", operator.gt), comparison(">=", operator.ge)
    __eq__, __ne__ = comparison("==", operator.eq), comparison("!=", operator.ne)
    __hash__ = Dual.__hash__

    def __bool__(self) -> bool:
        return bool(self != 0)


# -- arguments and outputs -----------------------------------------------------------------


def variable(label: str) -> Variable:
    """x1 is printed as x₁; other names as they are."""
    digits = label[1:]
    is_number = digits.isdecimal() and str(int(digits)) == digits  # x01 is another one than x1
    return Variable(label[0], int(digits)) if is_number else Variable(label)


def is_short(name: Variable) -> bool:
    """Whether a name is one letter, which can bear a dot or a bar."""
    return len(name.letter) == 1 or name.letter[1:2] in (".", "[")


def is_number(x: Any) -> bool:
    """Whether x is one number, which may be an input or an output."""
    return is_operand(x) and not isinstance(x, (bool, np.bool_)) and not np.ndim(x)


def has_numbers(x: Any) -> bool:
    """Whether x is a number, or an array with some."""
    return is_number(x) or (is_plain(x, np.ndarray) and x.size > 0 and is_number(x.flat[0]))
