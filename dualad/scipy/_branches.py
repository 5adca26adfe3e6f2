"""Which branches a function takes, and where they meet.

What a function of x decides, it decides by a question whose answer is plain: x < c, sign(x),
floor(x), which of two is larger. A `Branch` is a level that hears all questions about x, and can
repeat the answers of another run, so that the function goes on smoothly where its own branch ends.
Where the answers change, a number that decides about them (x − c) crosses a value; the place moves
with the parameters as that number says. Jumps, kinks and switches in integrals and differential
equations, optima at kinks and roots that are none are all found that way.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import operator
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..array.operands import as_operand, from_objects
from ..dual import Dual, evaluate
from ..levels import ParticipatingLevel, fresh_level
from ..lifting.reach import chosen
from ..numerics import quiet
from ..pair import dual, is_array, plain
from ..structure import leaves, rebuild
from ._parts import Plain
from ._theorems import root_of

Function = Callable[..., Any]

# What code raises that takes plain numbers only.
PLAIN_ONLY = (TypeError, ValueError, AttributeError, ctypes.ArgumentError)


class Question(NamedTuple):
    """One question that a function has asked.

    Attributes
    ----------
    about : str
        What was asked: "lt", "floor", "maximum".
    answer
        Plain: True, False, a number, or an array of these.
    decider
        The number that decides, whose crossing of a value changes the answer; None if there is
        no single one.
    """

    about: str
    answer: Any
    decider: Any


class _Made(NamedTuple):
    """A number that depends on x, and its place among all of these."""

    number: int
    dual: Any


class Branch(ParticipatingLevel):
    """One run of a function of x, and the questions about x that it has asked.

    Attributes
    ----------
    questions : list of Question
    value
        What the function returned.
    steps : list or None
        The rows and questions, one after the other; None if there was anything else.
    numbers : dict
        The numbers that depend on x, by the identity of their tangents.
    """

    questions: list[Question]
    forced: Sequence[Question]
    value: Any
    steps: list[tuple[Any, list[Any]]] | None
    numbers: dict[int, _Made]

    @classmethod
    def run(cls, f: Function, *x: Any, forced: Sequence[Question] = ()) -> Branch:
        """Call f(*x), lifted if need be; the first questions get the answers of another run."""
        self = cls._new(forced)
        with quiet():
            watched = [self._watched(v) for v in x]
            try:
                y = f(*watched)
            except (TypeError, ctypes.ArgumentError):  # of math.exp and the like
                self = cls._new(forced)
                watched = [self._watched(v) for v in x]
                y = chosen(f, None)(*watched)
        if isinstance(y, (list, tuple)):
            y = as_operand(y)
        self.value = rebuild(y, lambda v: self._bare(from_objects(v) if is_array(v) else v))
        return self

    @classmethod
    def _new(cls, forced: Sequence[Question]) -> Branch:
        self = cls(fresh_level())
        self.questions, self.forced, self.steps, self.numbers = [], forced, [], {}
        return self

    def same_at(self, x: Any) -> Any:
        """At which of many x, in an array, a function of one number gets these answers too.

        The steps of this run are done again with all of them. Where that cannot be, it is nowhere.
        """
        many = Branch._new(())
        values = [x]
        with quiet():
            for do, operands in self.steps or ():
                given = [values[o.number] if isinstance(o, _Made) else o for o in operands]
                if isinstance(do, str):
                    many._asked(do, _ANSWERS[do](*given), None)
                else:
                    values += leaves(many._row(do, tuple(given)))
        found = np.full(x.shape, self.steps is not None)
        for mine, theirs in zip(self.questions, many.questions, strict=self.steps is not None):
            found &= np.equal(mine.answer, theirs.answer)
        return found

    def same(self, other: Branch) -> bool:
        """Whether two runs got the same answers."""
        return self.first_difference(other) is None

    def first_difference(self, other: Branch) -> int | None:
        """The first question to which the answers differ."""
        for i, (a, b) in enumerate(zip(self.questions, other.questions, strict=False)):
            if a.about != b.about or not np.array_equal(a.answer, b.answer):
                return i
        same = len(self.questions) == len(other.questions)
        return None if same else min(len(self.questions), len(other.questions))

    # -- the level

    def answers(self, question: Any, answer: Any, numbers: tuple[Any, ...]) -> Any:
        """As `differentiations.answered` asks."""
        name = question.__name__
        if name not in _QUESTIONS:
            return answer
        bare = [self._bare(x) for x in numbers]
        self._note(name if name in _ANSWERS else None, numbers)
        decider = None
        if name in _COMPARISONS:
            decider = bare[0] - bare[1]
        elif name in _STEPS or name in _STEPS_OF_NUMBERS:
            decider = bare[0]
        return self._asked(name, answer, decider)

    def applies(self, rule: Any, args: tuple[Any, ...]) -> Any:
        """What a row gives, on the numbers below this level."""
        self._note(rule, args)
        y = self._row(rule, tuple([self._bare(a) for a in args]))
        return rebuild(y, self._watched)

    def _row(self, rule: Any, bare: tuple[Any, ...]) -> Any:
        made = _KINKS.get(rule.name)
        if made is not None:
            return made(self, *bare)
        if rule.name in _STEPS:
            return self._asked(rule.name, plain(evaluate(rule, bare)), bare[0])
        return evaluate(rule, bare)

    def _note(self, do: Any, args: tuple[Any, ...]) -> None:
        """Keep a step for `same_at`: a row, or the name of a question."""
        operands: list[Any] = []
        for a in args:
            value, here = plain(a), self._here(a)
            made = None if here is None else self.numbers.get(id(here.tangent))
            if not isinstance(value, _NUMBERS) or (
                here is not None and (made is None or plain(made.dual) != value)
            ):
                do = None  # an array, or what has become of one
            operands.append(made or value)
        if do is None:
            self.steps = None
        elif self.steps is not None:
            self.steps.append((do, operands))

    def is_below(self, x: Any, c: Any = 0.0) -> Any:
        """Whether x < c, as a question."""
        return self._asked("lt", np.less(plain(x), plain(c)), x - c)

    def step(self, name: str, x: Any) -> Any:
        """What the step of this name makes of x, as a question."""
        return self._asked(name, getattr(np, name)(plain(x)), x)

    def _asked(self, about: str, answer: Any, decider: Any) -> Any:
        i = len(self.questions)
        if i < len(self.forced) and self.forced[i].about == about:
            answer = self.forced[i].answer
        self.questions.append(Question(about, answer, decider))
        return answer

    def _watched(self, x: Any) -> Any:
        if not (isinstance(x, (Dual, float, complex)) or is_array(x)):
            return x
        tangent = np.zeros(np.shape(x)) if np.ndim(x) else float("0")  # an object of its own
        found = dual(x, tangent, self)
        self.numbers[id(tangent)] = _Made(len(self.numbers), found)
        return found

    def _bare(self, x: Any) -> Any:
        """x as it is below this level."""
        here = self._here(x)
        return x if here is None else here.primal

    def _here(self, x: Any) -> Any:
        """The part of x that is of this level."""
        while isinstance(x, Dual):
            if x.level is self:
                return x
            x = x.primal
        return None


def _choice(answer: Any, a: Any, b: Any) -> Any:
    return np.where(answer, a, b) if np.ndim(answer) else a if answer else b


def _remainder(step: str) -> Function:
    return lambda branch, a, b: a - b * branch.step(step, a / b)


def _larger(branch: Branch, a: Any, b: Any) -> Any:
    return _choice(branch.is_below(a, b), b, a)


def _smaller(branch: Branch, a: Any, b: Any) -> Any:
    return _choice(branch.is_below(a, b), a, b)


def _size(branch: Branch, x: Any) -> Any:
    if np.iscomplexobj(plain(x)):
        return abs(x)
    return _choice(branch.is_below(x), -x, x)


_KINKS: dict[str, Function] = {
    **dict.fromkeys(("abs", "absolute", "fabs"), _size),
    **dict.fromkeys(("maximum", "fmax"), _larger),
    **dict.fromkeys(("minimum", "fmin"), _smaller),
    **dict.fromkeys(("mod", "remainder"), _remainder("floor")),
    "fmod": _remainder("trunc"),
    **dict.fromkeys(("floordiv", "floor_divide"), lambda branch, a, b: branch.step("floor", a / b)),
    "copysign": lambda branch, a, b: _size(branch, a) * (1 - 2 * branch.is_below(b)),
    "heaviside": lambda branch, x, h: _choice(branch.is_below(x), 0.0 * x, 0.0 * x + 1.0),
}
_STEPS = {"floor", "ceil", "trunc", "fix", "rint", "round", "around", "sign"}
_STEPS_OF_NUMBERS = {"int", "floor", "ceil", "trunc", "round"}
ORDERINGS = {"lt", "le", "gt", "ge", "less", "less_equal", "greater", "greater_equal"}
_NUMBERS = (float, int, complex, np.number)
_COMPARISONS = ORDERINGS | {"eq", "ne", "equal", "not_equal"}
_ANSWERS: dict[str, Function] = {  # those that can be had of many numbers at once
    **{name: getattr(np, name, None) or getattr(operator, name) for name in _COMPARISONS},
    **{name: getattr(np, name) for name in ("floor", "ceil", "trunc", "rint", "sign")},
    "int": np.trunc,
}

_QUESTIONS = {
    *(_COMPARISONS | _STEPS | _STEPS_OF_NUMBERS),
    *("argmax", "argmin", "argsort", "argpartition", "searchsorted", "digitize", "count_nonzero"),
    *("nonzero", "flatnonzero", "argwhere", "isclose", "allclose", "array_equal", "lexsort"),
}

# -- where branches meet ---------------------------------------------------------------------


class Switch(NamedTuple):
    """A place where the answers change.

    Attributes
    ----------
    place : float
        The first number with the later answers.
    before, after : Branch
        Runs on both sides.
    """

    place: float
    before: Branch
    after: Branch

    def crossing(self, decider: Any, of_branch: Branch) -> Any:
        """The element of a decider whose answer changes."""
        i = self.which
        if not np.ndim(of_branch.questions[i].answer):
            return decider
        a, b = (np.asarray(side.questions[i].answer) for side in (self.before, self.after))
        whole = decider + np.zeros(a.shape)
        return np.reshape(whole, -1)[int(np.argmax(np.ravel(a != b)))]

    @property
    def which(self) -> int:
        """Which question gets another answer."""
        i = self.before.first_difference(self.after)
        assert i is not None
        return i

    @property
    def is_known(self) -> bool:
        """Whether a single number decides."""
        i = self.which
        return i < len(self.before.questions) and self.before.questions[i].decider is not None


def switches(
    ask: Callable[[float], Branch], places: Sequence[float], of_number: bool = False
) -> Iterator[Switch]:
    """Where the answers change between these places, which ascend or descend.

    `of_number`: a function of one number is asked, so that one run may tell of others.
    """
    runs = _runs(ask, np.array(places)) if of_number else [ask(x) for x in places]
    spans = itertools.pairwise(zip(places, runs, strict=True))
    for (p, first), (q, last) in spans:
        while not first.same(last):
            low, high, after = p, q, last
            if of_number:
                low, high, after = _narrowed(ask, first, low, high, after)
            while (middle := low + (high - low) / 2) not in (low, high):
                there = ask(middle)
                if there.same(first):
                    low = middle
                else:
                    high, after = middle, there
            yield Switch(high, first, after)
            p, first = high, after


def _runs(ask: Callable[[float], Branch], places: Any) -> list[Branch]:
    """The run at each place, where another with the same answers will do."""
    runs: dict[int, Branch] = {}
    todo = np.arange(len(places))
    while todo.size:
        run = ask(float(places[todo[0]]))
        same = run.same_at(places[todo])
        same[0] = True
        runs.update(dict.fromkeys(todo[same].tolist(), run))
        todo = todo[~same]
    return [runs[i] for i in range(len(places))]


def _narrowed(
    ask: Callable[[float], Branch], first: Branch, low: float, high: float, after: Branch
) -> tuple[float, float, Branch]:
    """A closer place where the answers are those of the first run, and one where they are not."""
    left, right = low, high
    if first.steps is None:
        return low, high, after
    for _ in range(_ROUNDS):
        between = np.linspace(left, right, _AT_ONCE)[1:-1]
        other = np.flatnonzero(~first.same_at(between))
        stop = other[0] if other.size else between.size
        left, right = float(between[stop - 1]) if stop else left, float([*between, right][stop])
    run = ask(right)
    if run.same(first) or not ask(left).same(first):  # by a rounding error
        return low, high, after
    return left, right, run


_AT_ONCE = 500
_ROUNDS = 6  # in which an interval is narrowed to its 53rd binary digit


def place_of(f: Function, switch: Switch) -> Any:
    """The place of a switch of f, a function of a number, with its tangents."""

    def decider(x: Any) -> Any:
        run = Branch.run(f, x, forced=switch.before.questions[: switch.which])
        return switch.crossing(run.questions[switch.which].decider, switch.before)

    value = plain(decider(switch.place))
    return root_of(lambda x: decider(x) - value, switch.place)


# -- whether there may be duals ----------------------------------------------------------------


def may_hold_duals(*given: Any, depth: int = 3) -> bool:
    """Whether duals are among these, or in what these functions take from outside."""
    for x in leaves(given):
        if isinstance(as_operand(x) if is_array(x) else x, Dual):
            return True
        if depth and may_hold_duals(*_from_outside(x), depth=depth - 1):
            return True
    return False


def _from_outside(f: Any) -> list[Any]:
    """What a function takes from outside, as far as it can be seen."""
    if isinstance(f, Plain):
        return [f.f, *f.args]
    if isinstance(f, functools.partial):
        return [f.func, *f.args, *f.keywords.values()]
    if isinstance(f, types.MethodType):
        return [f.__func__, *getattr(f.__self__, "__dict__", {}).values()]
    if not isinstance(f, types.FunctionType):
        return [f.f] if callable(f) and hasattr(f, "f") else []
    found: list[Any] = [*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values()]
    for cell in f.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not yet filled
            continue
    names = (f.__globals__.get(name) for name in f.__code__.co_names)
    return found + [x for x in names if isinstance(x, (Dual, types.FunctionType, np.ndarray))]
