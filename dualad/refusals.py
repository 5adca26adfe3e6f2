"""The errors by which duals refuse to lose their derivatives, of which the driver takes note."""

from __future__ import annotations

import itertools
import re
import sys
from typing import Any

import numpy as np

from .differentiations import (
    NOTED,
    levels_in,
    levels_noted,
    note,
    note_refusal,
    note_refusals,
)
from .frames import expression_at, user_frame
from .kernel import LIFTING
from .looks import is_holder, is_told
from .pair import Pair, plain
from .rules import RULES

_PACKAGE = __name__.rpartition(".")[0]

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
    if "'primal'" in message and (depth := max(map(_depth, involved), default=0)) > 1:
        message += f" In these nested derivatives x.primal is a dual: take it {depth} times."
    return TypeError(message)


def _depth(x: Any) -> int:
    """How many times the primal is to be taken to come to the plain number."""
    depth = 0
    while isinstance(x, Pair):
        x, depth = x.primal, depth + 1
    return depth


def for_good(error: TypeError) -> TypeError:
    """The error, as one that lifting does not cure: no driver calls f again for it."""
    error.is_for_good = True  # type: ignore[attr-defined]
    return error


def is_for_good(error: BaseException) -> bool:
    """Whether lifting does not cure an error; one that was told about objects, it may."""
    return getattr(error, "is_for_good", False) and not hasattr(error, "__notes__")


# What to write for a plain array in which duals are stored.
_MAKE_ROOM = (
    "where {0} is made, write {1}np.array(…) or np.copy(…), whose arrays take duals in code that a "
    "driver or dualad.lift lifts, or np.zeros(n, like=x) or np.zeros_like(x)"
)
UNHASHABLE = "a Dual is unhashable"
MAKE_ROOM = _MAKE_ROOM.format("it", "")
_ROOM = f"np.zeros_like(x) or np.zeros(n, like=x){UNLIFTED}"
_PLAIN_NUMBER = {  # what makes one of a dual, and what to write: where the user's text is not known
    "float": (
        "float(x), math.sin(x), or storing x in an array of floats",
        f"x itself, np.sin(x) or dualad.sin(x), {_ROOM}",
    ),
    "complex": (
        "complex(x), cmath.sin(x), or storing x in an array of complex numbers",
        f"x + 0j, np.sin(x) or dualad.sin(x), {_ROOM}",
    ),
    "index": ("using x as an index or a count", "int(x)"),
}


_OTHERWISE = f"functions of NumPy or dualad for it, and arrays of {_ROOM}"
_CALL = re.compile(r"(?:c?math\.)?(\w+)\((.*)\)$")
_ELEMENT = re.compile(r"\w[^()]*\[.*\]$")


def _room_for(text: str) -> str:
    """What to write for the array of which an element is stored, as the user's text calls it.

    >>> _room_for("s.phi[i[0], 0]")[:44]
    'where s.phi is made, write s.phi = np.array('
    """
    depths = itertools.accumulate((c == "]") - (c == "[") for c in reversed(text))
    index = next(n for n, depth in enumerate(depths, 1) if depth == 0)
    name = text[:-index]
    return _MAKE_ROOM.format(name, f"{name} = ")


def converted(kind: str, x: Any) -> TypeError:
    """The error for a dual of which the user's code makes a float, a complex or an index."""
    frame = user_frame()
    text = expression_at(frame.f_code, frame.f_lasti, frame.f_globals)[1] if frame else ""
    what, instead = _PLAIN_NUMBER[kind]
    if kind == "index":
        what = f"{text}: {what}" if text else what
        for level in levels_in(x):
            note(level, "index")
    elif call := _CALL.match(text):
        name, args = call.groups()
        if name == kind:
            what, instead = (
                text,
                (f"{args} itself" if kind == "float" else f"{args} + 0j") + UNLIFTED,
            )
        elif name in RULES:
            there = f"np.{name}({args}) or " if hasattr(np, name) else ""
            what, instead = text, f"{there}dualad.{name}({args}){UNLIFTED}"
        else:
            what, instead = text, _OTHERWISE
    elif _ELEMENT.match(text):
        return refused(
            f"storing x in {text}, in an array of {kind} numbers, would lose the derivative of a "
            f"Dual; {_room_for(text)}, or write getattr(x, 'primal', x) for the plain number, "
            "whose derivative is "
            "zero.",
            x,
        )
    elif text:
        what, instead = text, _OTHERWISE
    return refused(
        f"{what} would lose the derivative of a Dual; write {instead}, "
        "or getattr(x, 'primal', x) for the plain number, whose derivative is zero.",
        x,
    )


def converted_array(dtype: Any, x: Any) -> TypeError:
    """The error for an array of duals of which the user's code makes one of numbers."""
    frame = user_frame()
    text = expression_at(frame.f_code, frame.f_lasti, frame.f_globals)[1] if frame else ""
    if _ELEMENT.match(text):
        return refused(
            f"storing x in {text}, in an array of {dtype}, would lose the derivatives of a "
            f"DualArray; {_room_for(text)}, or write getattr(x, 'primal', x) for the plain array.",
            x,
        )
    return refused(
        f"an array of {dtype} would lose the derivatives of a DualArray; write x itself, "
        "np.array(x) without dtype, or getattr(x, 'primal', x) for the plain array.",
        x,
    )


def is_index_refused() -> bool:
    """Whether a dual has refused to be an index in a differentiation that is at work."""
    return bool(levels_noted("index"))


# Functions that read the memory of what NumPy makes an array of, whatever is in it; what to write.
_PLACES = "x[i] with an array i of the places to take"
READERS = {
    "as_strided": ("numpy.lib.", _PLACES),
    "squareform": ("scipy.spatial.", _PLACES),
    "distance_transform_cdt": ("scipy.ndimage.", "getattr(x, 'primal', x)"),
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
        note(x.level, "objects")
        x = x.primal


def shown_class(x: Any, module: str | None) -> Any:
    """What a dual says that it is to code of a module: its plain number; `is_plain` tells more."""
    if is_holder(module):
        note_objects(x)
    return type(x) if is_told(module) else type(plain(x))


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
