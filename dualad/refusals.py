"""The errors by which duals refuse to lose their derivatives, of which the driver takes note."""

from __future__ import annotations

import re
import sys
from typing import Any

from .differentiations import NOTED, note, note_refusal, note_refusals
from .kernel import LIFTING
from .pair import Pair

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
        note(x.level, "objects")
        x = x.primal


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
