"""Differentiations at work: their levels are open, and remember what their duals have refused.

A driver opens a level and closes it when it returns. What is found of its duals after that has
escaped, in a cache or an object. And code may catch the error by which a dual refuses to lose its
derivative, put duals into an array of objects, or look for one in a cache, and go on: then the
driver looks again whether what came out is right (`promises`).
"""

from __future__ import annotations

import collections
import itertools
from _thread import _local as ThreadLocal  # threading would take its time to load
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from contextvars import ContextVar
from types import CodeType, MappingProxyType
from typing import Any

import numpy as np

from . import levels
from .frames import asking_frame, caller_of, is_in_rule, user_frame
from .kernel import KERNEL
from .pair import Pair, is_array, newest, plain

# -- open and closed -----------------------------------------------------------------------

_open: set[int] = set()  # unless the kernel keeps them


def readable_open_level() -> int:
    """A fresh level that is over when `close_level` is called."""
    level = next(levels.clocks[0])
    _open.add(level)
    return level


def readable_close_level(level: int) -> None:
    """The differentiation is over: what is left of its duals has escaped."""
    _open.discard(level)
    NOTED.pop(level, None)
    MEMOS.pop(level, None)


open_level = KERNEL.open_level if KERNEL else readable_open_level
close_level = KERNEL.close_level if KERNEL else readable_close_level


def is_open(level: int) -> bool:
    """Whether a driver has opened this level, here, and is at work."""
    return KERNEL.is_open(level) if KERNEL else level in _open


def is_over(level: int) -> bool:
    """Whether a driver in this process has opened and closed this level.

    >>> level = open_level()
    >>> is_over(level), close_level(level), is_over(level), is_over(levels.HAND_MADE)
    (False, None, True, False)
    """
    return levels.may_close(level) and not is_open(level)


CHECKPOINTS: collections.deque[int] = collections.deque(maxlen=1000)  # levels of the last ones


def levels_in(x: Any) -> set[int]:
    """The levels of a dual, in its primal and its tangent; none for other things."""
    if not isinstance(x, Pair):
        return set()
    found = {x.level, *levels_in(x.primal)}
    with suppress(ArithmeticError):  # no tangent: the derivative does not exist
        found |= levels_in(x.tangent)
    return found


# -- what is noted of an open level ---------------------------------------------------------

# What makes outputs doubtful, the gravest first.
_DOUBTS = (
    "error",  # a dual has refused something
    "objects",  # duals in an array of objects
    "hash",  # the hash of a dual was asked for
    "equal",  # a dual was found equal to a plain number
    "near",  # a dual was found to be zero within a tolerance
    "search",  # comparisons came nearer and nearer to what they compare with
    "many",  # there were many
    "step",  # a dual was rounded, or became text
)


# The instruction at which duals were compared, in the user's code, and that which called it; and
# where the code is that has searched, and that which called it.
Place = tuple[int, ...]
SearchPlace = tuple[CodeType | int, ...]  # and the order of the derivative


class Noted:
    """What was noted of an open level, of which most have nothing."""

    def __init__(self) -> None:
        self.doubts: set[str] = set()
        self.places: dict[Place, tuple[CodeType, ...]] = {}
        self.texts: collections.deque[str] = collections.deque(maxlen=1000)
        self.searches: set[SearchPlace] = set()
        self.has_searched = False  # looked into or not


# By open level; closing takes both away.
NOTED: dict[int, Noted] = {}
MEMOS: dict[int, dict[int, Any]] = {}  # what functions under a cache have given


def notes_of(level: int) -> Noted:
    """What to add a note to; that of a level which is not open is kept nowhere."""
    if (noted := NOTED.get(level)) is not None:
        return noted
    return NOTED.setdefault(int(level), Noted()) if is_open(level) else Noted()


def note(level: int, why: str) -> None:
    notes_of(level).doubts.add(why)


def is_noted(level: int, why: str) -> bool:
    """Whether this makes the outputs of an open level doubtful, graver reasons or not."""
    return level in NOTED and why in NOTED[level].doubts


class Doubt(str):
    """What makes outputs doubtful, the gravest; "" if nothing does.

    Attributes
    ----------
    all : collection of str
        That, and what is less grave: it may be there too, with a loss of its own.
    places : dict
        Where duals were found equal to numbers.
    searches : collection
        Where comparisons came nearer and nearer, or were many.
    """

    all: Collection[str] = ()
    places: Mapping[Place, tuple[CodeType, ...]] = MappingProxyType({})
    searches: Collection[SearchPlace] = ()


def gravest_doubt(level: int) -> Doubt:
    """What makes the outputs of an open level doubtful."""
    if KERNEL and not KERNEL.has_refused(level):
        return Doubt()
    noted = NOTED.get(level)
    if not noted:
        return Doubt()
    doubt = Doubt(next((why for why in _DOUBTS if why in noted.doubts), ""))
    doubt.all, doubt.places, doubt.searches = noted.doubts, noted.places, noted.searches
    if noted.has_searched:  # and so has not found at once what was kept
        doubt.all = noted.doubts - {"near"}
    return doubt


def note_again(level: int, doubt: Doubt) -> None:
    """Note of a level what was noted of another, at which part of its work was done."""
    if doubt.all:
        noted = notes_of(level)
        noted.doubts |= set(doubt.all)
        noted.places |= doubt.places
        noted.searches |= set(doubt.searches)


# Functions may have found a kept value by what they had made of a dual, a text or a rounded number;
# or they may have read a number from such a text. Drivers look into that when the result is there:
# f cannot be called again before, for it may find its own duals. Here is the number of the last
# such doubt of all threads, so that drivers see at a glance that there was none.
DOUBTS = [0]
_numbers = itertools.count(1)


class _LastDoubts(ThreadLocal):
    """The last doubts that have come up in this thread."""

    kept = read = 0


_last = _LastDoubts()


def raise_doubts(kept: bool, read: bool) -> None:
    """Let this thread look for kept values, or for what was read from text, when it is done."""
    number = next(_numbers)
    if kept:
        _last.kept = number
    if read:
        _last.read = number
    DOUBTS[0] = number


def doubts_since(before: int) -> tuple[bool, bool]:
    """Which doubts have come up in this thread since `DOUBTS` held that."""
    return _last.kept > before, _last.read > before


# Whether f is evaluated to look into outputs: what its own derivatives are then, was looked into
# when they were first asked for, and each nesting would multiply the evaluations.
IS_LOOKING = ContextVar("IS_LOOKING", default=False)


# -- what is looked into -------------------------------------------------------------------


def note_refusals(*involved: Any) -> None:
    """An error is on its way because of these duals: drivers ask for it, if code goes on."""
    for x in involved:
        for level in levels_in(x):
            note_refusal(level)


def note_refusal(level: int) -> None:
    """The same of a level."""
    note(level, "error")


def compared(compare: Callable[..., Any], *numbers: Any) -> Any:
    """The answer of a comparison, which looks at primals only."""
    answer = answered(compare, compare(*map(plain, numbers)), *numbers)
    note_answer(compare, answer, *numbers)
    look_for_search(*numbers)
    return answer


def answered(question: Callable[..., Any], answer: Any, *numbers: Any) -> Any:
    """A plain answer about duals, or what levels that take part say instead."""
    for x in numbers:
        while isinstance(x, Pair):
            if isinstance(x.level, levels.ParticipatingLevel):
                answer = x.level.answers(question, answer, numbers)
            x = x.primal
    return answer


def is_itself(x: Any) -> bool:
    """Whether +x and x.real are x, as of a float of Python's, unless a level takes part."""
    while isinstance(x, Pair):
        if type(x.level) is not int:
            return False
        x = x.primal
    return type(x) is float


def note_answer(compare: Any, answer: Any, *numbers: Any) -> None:
    """Note whether duals were found equal to plain numbers, or to be 0 away from them.

    Code may then go on with what it kept of an earlier call. Duals of other levels are as good as
    plain: their differentiation may be over. So may code that found an equation to hold within a
    tolerance at once.
    """
    is_order = compare.__name__.removesuffix("_equal") in _ORDERS
    if is_order and _is_within(*numbers) and not _were_compared(*numbers):
        note_near(*numbers)
    if len({x.level if isinstance(x, Pair) else None for x in numbers}) == 1:
        return
    name = compare.__name__
    if name in ("eq", "equal"):
        is_near = _is_all(answer)
    elif name in ("ne", "not_equal"):
        is_near = _is_all(np.logical_not(answer))
    else:
        is_near = any(isinstance(x, Pair) and _is_all(plain(x) == 0) for x in numbers)
        is_near = is_near or _are_equal(*map(plain, numbers))
    if is_near:
        note_equal(*numbers)


# A search by comparisons, as bisection is one, comes nearer and nearer to what it compares with; or
# it compares something else each time, as digit by digit, and needs many answers. Of the
# comparisons at a level, all of them and those with some number: how far their sides were apart
# at most and at least, how often they came twice as near as ever, and how long ago.
SEARCH, SOON = 6, 16  # so often, each time after so many comparisons
SHRUNK = 8192.0  # times as near in the end as at first
MANY = 20  # answers yes or no, by which one of a million is found
LATER = 1000  # so many further ones, where they were not the user's
_searches: dict[int, _Search] = {}  # of the last levels
_MOST_NUMBERS = 64


class _Search:
    """The comparisons at a level."""

    def __init__(self) -> None:
        self.answers = 0.0
        self.nearness: dict[Any, list[float]] = {}


def look_for_search(*numbers: Any, apart: float | None = None) -> None:
    """Note whether comparisons have come nearer and nearer: their last ones choose the result.

    `apart`: how far what was compared is from each other, if that is not the distance of two.
    """
    search = count_answers(1.0, *numbers)
    if apart is None:
        apart = _least_apart(*map(plain, numbers))
    if len(search.nearness) > _MOST_NUMBERS:  # as of a loop over many
        search.nearness = {"all": search.nearness["all"]}
    for key in ("all", *(x for x in numbers if type(x) in (int, float, np.float64))):
        seen = search.nearness.get(key)
        if seen is None or seen[3] >= SOON:
            search.nearness[key] = [apart, apart, 0, 0]
            continue
        seen[3] += 1
        seen[0] = max(seen[0], apart)
        if apart < seen[1] / 2:
            seen[1:] = apart, seen[2] + 1, 0
            if seen[2] >= SEARCH and seen[0] > SHRUNK * apart:
                seen[2] = 0
                note_search("search", *numbers)


def count_answers(answers: float, *numbers: Any) -> _Search:
    """Note whether there were many; this one, about such numbers, is worth so many yes and no."""
    level = newest(numbers)
    if level not in _searches:
        if len(_searches) > SEARCH:
            _searches.clear()
        _searches[level] = _Search()
    search = _searches[level]
    before = search.answers
    search.answers += answers
    if before < MANY <= search.answers and not note_search("many", *numbers):
        search.answers = -LATER
    return search


def _least_apart(a: Any, b: Any) -> float:
    """How far numbers are from each other, or some elements of arrays at least; inf if unknown."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.shape != b.shape:
        return np.inf
    a, b = (x.flat[:: x.size // 16 + 1] if isinstance(x, np.ndarray) else x for x in (a, b))
    with np.errstate(all="ignore"):
        try:
            apart = np.abs(a - b)
        except OverflowError:  # beside a float, a whole number beyond all of them
            return np.inf
        return float(np.min(apart, where=apart > 0, initial=np.inf))


def note_search(why: str, *numbers: Any) -> bool:
    """Note that comparisons look like a search, unless a rule or one of SciPy's solvers compares.

    Returns whether they are noted.
    """
    if is_in_rule() or asking_frame() is not None:
        return False
    frames = [frame := user_frame(), caller_of(frame)]
    codes = [frame.f_code for frame in frames if frame is not None]
    order = max(map(_order_of, numbers))  # what has the first derivative may not have the second
    place: SearchPlace = (*codes, order)
    for x in numbers:
        for level in levels_in(x):
            noted = notes_of(level)
            noted.doubts.add(why)
            noted.searches.add(place)
            noted.has_searched |= why == "search"
    return True


def _order_of(x: Any) -> int:
    """How often a number is differentiated; of a series, how many coefficients it has."""
    return sum(getattr(level, "order", 1) for level in levels_in(x))


_ORDERS = ("lt", "le", "gt", "ge", "less", "greater")
NEAR = 0.1  # a number that is greater is no tolerance


def _is_within(a: Any, b: Any) -> bool:
    """Whether a dual is no greater than a small number with which it is compared."""
    for x, tolerance in ((a, plain(b)), (b, plain(a))):
        if isinstance(x, Pair):
            size, most = abs(_first_of(plain(x))), abs(_first_of(tolerance))
            if size <= most <= NEAR:
                return _is_all((abs(plain(x)) <= abs(tolerance)) & (abs(tolerance) <= NEAR))
    return False


def _were_compared(*numbers: Any) -> bool:
    """Whether duals of this level were compared with one of these numbers before."""
    search = _searches.get(newest(numbers))
    return search is not None and any(
        type(x) in (int, float, np.float64) and x in search.nearness for x in numbers
    )


def _first_of(x: Any) -> Any:
    """The first element of an array; nan where there is none, a number itself."""
    return x if not isinstance(x, np.ndarray) else x.flat[0] if x.size else np.nan


def note_near(*numbers: Any) -> None:
    """Note that of these, some were zero within a tolerance at once."""
    for x in numbers:
        for level in levels_in(x):
            note(level, "near")


def _are_equal(a: Any, b: Any) -> bool:
    """Whether numbers or arrays are the same; most often their first elements tell."""
    first, other = (x.flat[0] if isinstance(x, np.ndarray) and x.size else x for x in (a, b))
    is_same = first == other  # which is no bool where one of them is empty
    return isinstance(is_same, (bool, np.bool_)) and bool(is_same) and _is_all(a == b)


def truth(x: Any) -> bool:
    """Whether x is not zero; a difference may be that of a plain number."""
    is_true = bool(x.primal)
    if not is_true:
        note_equal(x)
    return is_true


def _is_all(answer: Any) -> bool:
    """Whether all of an answer is True; most often its first element tells."""
    if isinstance(answer, np.ndarray):
        return answer.size > 0 and bool(answer.flat[0]) and bool(answer.all())
    return bool(answer)


def note_equal(*numbers: Any) -> None:
    """Note that these were found equal, and where; but not in a rule, which keeps nothing."""
    if is_in_rule():
        return
    frame = user_frame()
    frames = [] if frame is None else [frame] if frame.f_back is None else [frame, frame.f_back]
    codes = tuple([each.f_code for each in frames])
    place = tuple([part for each in frames for part in (id(each.f_code), each.f_lasti)])
    for x in numbers:
        for level in levels_in(x):
            noted = notes_of(level)
            noted.doubts.add("equal")
            noted.places[place] = codes  # which live as long, and so their ids are theirs


def note_hash(x: Pair) -> None:
    """Note that the hash of x was asked for: its plain number has one, and may be in a cache."""
    for level in () if is_array(x) else levels_in(x):
        note(level, "hash")


def note_step(x: Any) -> None:
    """Note that a plain number is made of x, as by a step, by which a cache may find another."""
    for level in levels_in(x):
        note(level, "step")


def stepped(f: Callable[..., Any], x: Any, *more: Any) -> Any:
    """What a step makes of a dual: a plain number."""
    note_step(x)
    return answered(f, f(plain(x), *more), x)


_ROUNDING = ("floor", "ceil", "trunc", "rint")


def noted_of(rule: Any, y: Any, given: tuple[Any, ...]) -> Any:
    """What a rule has given: it is noted that it is a step, or asks for the sign of a dual.

    A step is what has no slope; of arrays only where they are rounded.
    """
    if rule.name in ("sign", "copysign") and isinstance(given[-1], Pair):
        look_for_search(given[-1], 0.0)
    if rule.kind == "flat" and (rule.name in _ROUNDING or not is_array(y)):
        for x in given:
            note_step(x)
    return y


def text_for(x: Any, show: Callable[..., str], *spec: str) -> str | None:
    """The text of the plain number in x while a driver is at work on it, as in the plain run."""
    if not is_open(x.level):
        return None
    text: str = answered(show, show(plain(x), *spec), x)
    note_text(x)
    notes_of(x.level).texts.append(text if isinstance(text, str) else str(text))
    return text


def note_text(x: Any) -> None:
    """Note that x becomes text, from which its number may be read again, without derivatives."""
    for level in levels_in(x):
        notes_of(level).doubts |= SHOWN


SHOWN = frozenset(("step", "text"))
DRAWN = "drawn"


def note_drawn(*duals: Any) -> None:
    """Note that these are drawn: their numbers may be read again from the picture, as from text."""
    for x in duals:
        for level in levels_in(x):
            notes_of(level).doubts |= {DRAWN, "text"}


def levels_noted(why: str) -> list[int]:
    """The differentiations at work of which this is noted."""
    return [level for level, noted in list(NOTED.items()) if why in noted.doubts]
