"""Differentiations at work: their levels are open, and remember what their duals have refused.

A driver opens a level and closes it when it returns. What is found of its duals after that has
escaped, in a cache or an object. And code may catch the error by which a dual refuses to lose its
derivative, put duals into an array of objects, or look for one in a cache, and go on: then the
driver looks again whether what came out is right (`promises`).
"""

from __future__ import annotations

import collections
import itertools
import os
import re
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from . import levels
from .kernel import KERNEL, LIFTING
from .pair import Pair, is_array, plain, restored

_PACKAGE = __name__.rpartition(".")[0]

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
    "step",  # a dual was rounded, or became text
)


class _Noted:
    """What was noted of an open level, of which most have nothing."""

    def __init__(self) -> None:
        self.doubts: set[str] = set()
        self.texts: collections.deque[str] = collections.deque(maxlen=1000)


NOTED: dict[int, _Noted] = {}  # by open level; closing takes it away


def _noted(level: int) -> _Noted:
    """What to add a note to; that of a level which is not open is kept nowhere."""
    return NOTED.setdefault(int(level), _Noted()) if is_open(level) else _Noted()


def _doubt(level: int, why: str) -> None:
    _noted(level).doubts.add(why)


def is_noted(level: int, why: str) -> bool:
    """Whether this makes the outputs of an open level doubtful, graver reasons or not."""
    return level in NOTED and why in NOTED[level].doubts


def doubt(level: int) -> str:
    """What makes the outputs of an open level doubtful, the gravest; "" if nothing does.

    Where a dual became text, that stands behind it: "step, text".
    """
    noted = NOTED.get(level)
    if not noted:
        return ""
    gravest = next((why for why in _DOUBTS if why in noted.doubts), "")
    return f"{gravest}, text" if "text" in noted.doubts else gravest


# -- pickles -------------------------------------------------------------------------------


class _Pickled(dict[int, Any]):
    """The duals of a level that are in a pickle, by the numbers that stand for them there."""


_pickled: weakref.WeakValueDictionary[int, _Pickled] = weakref.WeakValueDictionary()  # by level
_numbers = itertools.count()
_SENDERS = ("multiprocessing.", f"{_PACKAGE}.workers")
_STAYS = (
    "a dual whose steps are recorded stays in its process, and in the call that records them; "
    "write mode='forward' (grad, jacobian, hessian), or jvp for vjp, to send it elsewhere."
)


def pickled(x: Any) -> tuple[Any, ...]:
    """What makes a dual again, or finds it if its level takes part; it is `__reduce__`.

    The tangent then leads to what the level knows, of which a pickle would hold a copy.
    """
    level = x.level
    if type(level) is int:
        return restored, (x.primal, x.tangent, level)
    if str(sys._getframe(1).f_globals.get("__name__")).startswith(_SENDERS):
        raise refused(_STAYS, x)
    owner = _noted(level) if is_open(level) else level  # until it is over
    _pickled[int(level)] = kept = vars(owner).setdefault("pickled", _Pickled())
    kept[number := next(_numbers)] = _of_its_own(x)
    return _unpickled, (int(level), os.getpid(), number)


def _unpickled(level: int, process: int, number: int) -> Any:
    kept = _pickled.get(level)
    if kept is None or process != os.getpid():
        note_refusal(level)
        raise TypeError(_STAYS)
    return _of_its_own(kept[number])


def _of_its_own(x: Any) -> Any:
    return x.copy("A") if is_array(x) else x


# -- what is looked into -------------------------------------------------------------------


def note_refusals(*involved: Any) -> None:
    """An error is on its way because of these duals: drivers ask for it, if code goes on."""
    for x in involved:
        for level in levels_in(x):
            note_refusal(level)


def note_refusal(level: int) -> None:
    """The same of a level."""
    _doubt(level, "error")


def compared(compare: Callable[..., Any], *numbers: Any) -> Any:
    """The answer of a comparison, which looks at primals only."""
    answer = answered(compare, compare(*map(plain, numbers)), *numbers)
    note_answer(compare, answer, *numbers)
    return answer


def answered(question: Callable[..., Any], answer: Any, *numbers: Any) -> Any:
    """A plain answer about duals, or what levels that take part say instead."""
    for x in numbers:
        while isinstance(x, Pair):
            if isinstance(x.level, levels.ParticipatingLevel):
                answer = x.level.answers(question, answer, numbers)
            x = x.primal
    return answer


def note_answer(compare: Any, answer: Any, *numbers: Any) -> None:
    """Note whether duals were found equal to plain numbers, or to be 0 away from them.

    Code may then go on with what it kept of an earlier call.
    """
    if all(isinstance(x, Pair) for x in numbers):
        return
    name = compare.__name__
    if name in ("eq", "equal"):
        is_near = _is_all(answer)
    elif name in ("ne", "not_equal"):
        is_near = _is_all(np.logical_not(answer))
    else:
        is_near = any(isinstance(x, Pair) and _is_all(plain(x) == 0) for x in numbers)
    if is_near:
        note_equal(*numbers)


def _is_all(answer: Any) -> bool:
    """Whether all of an answer is True; most often its first element tells."""
    if isinstance(answer, np.ndarray):
        return answer.size > 0 and bool(answer.flat[0]) and bool(answer.all())
    return bool(answer)


def note_equal(*numbers: Any) -> None:
    """Note that these were found equal."""
    for x in numbers:
        for level in levels_in(x):
            _doubt(level, "equal")


def note_hash(x: Pair) -> None:
    """Note that the hash of x was asked for: its plain number has one, and may be in a cache."""
    for level in () if is_array(x) else levels_in(x):
        _doubt(level, "hash")


def note_step(x: Any) -> None:
    """Note that a step makes a plain number of x, by which a cache may find another one."""
    for level in levels_in(x):
        _doubt(level, "step")


def stepped(f: Callable[..., Any], x: Any, *more: Any) -> Any:
    """What a step makes of a dual: a plain number."""
    note_step(x)
    return answered(f, f(plain(x), *more), x)


def text_for(x: Any, show: Callable[..., str], *spec: str) -> str | None:
    """The text of the plain number in x while a driver is at work on it, as in the plain run."""
    if not is_open(x.level):
        return None
    text: str = answered(show, show(plain(x), *spec), x)
    note_text(x)
    _noted(x.level).texts.append(text)
    return text


def note_text(x: Any) -> None:
    """Note that x becomes text, from which its number may be read again, without derivatives."""
    note_step(x)
    for level in levels_in(x):
        _doubt(level, "text")


_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|\b(?:inf|nan)\b"


def refuse_text_of_dual(text: Any) -> None:
    """Raise TypeError if this is a number in text that was made from a dual."""
    if not isinstance(text, str):
        return
    for level, known in [(k, text) for k, noted in list(NOTED.items()) for text in noted.texts]:
        if any(
            text.strip() in (number, number.lstrip("+-")) for number in re.findall(_NUMBER, known)
        ):
            note_refusal(level)
            raise TypeError(
                f"float({text!r}) reads a number from text that was made from a dual, where its "
                "derivative is lost; write x itself, or round(x, n), which is a step."
            )


LOST = "would lose the derivative"
NAMED = " cannot take duals; "  # of a function that stands before it, by its name
UNLIFTED = ", or keep your code and differentiate dualad.lift(f) instead of f"
_lifted_runs = 0


def readable_begin() -> None:
    """A driver calls a lifted function."""
    global _lifted_runs
    _lifted_runs += 1


def readable_end() -> None:
    """It is done."""
    global _lifted_runs
    _lifted_runs -= 1


def refused(message: str, *involved: Any) -> TypeError:
    """The error for what would lose the derivatives of duals."""
    note_refusals(*involved)
    if LIFTING.is_running() if LIFTING else _lifted_runs:
        message = message.replace(UNLIFTED, "")
    return TypeError(message)


# Functions that read the memory of what NumPy makes an array of, whatever is in it; what to write.
_PLACES = "x[i] with an array i of the places to take"
READERS = {
    "as_strided": ("numpy.lib.", _PLACES),
    "squareform": ("scipy.spatial.", _PLACES),
    "distance_transform_cdt": ("scipy.ndimage.", "x.primal"),
}


def note_objects(x: Any) -> None:
    """Note that x becomes, or is in, an array of objects, which may lose its derivative.

    That is right in most places, and the driver looks again whether it was. Objects must not get
    to where they are taken for floats.
    """
    frame = sys._getframe(1)
    while f"{frame.f_globals.get('__package__')}.".startswith(f"{_PACKAGE}.") and frame.f_back:
        frame = frame.f_back
    name = frame.f_code.co_name
    home, instead = READERS.get(name, ("", ""))
    if home and frame.f_globals.get("__name__", "").startswith(home):
        note_refusals(x)
        raise TypeError(
            f"{name} reads memory, in which a dual does not lie as a float; write {instead}."
        )
    while isinstance(x, Pair):
        _doubt(x.level, "objects")
        x = x.primal
