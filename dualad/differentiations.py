"""Differentiations at work: their levels are open, and remember what their duals have refused.

A driver opens a level and closes it when it returns. What is found of its duals after that has
escaped, in a cache or an object. And code may catch the error by which a dual refuses to lose its
derivative, or put duals into an array of objects, and go on: then the driver looks again whether
what came out is right (`promises`).
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from . import levels
from .kernel import KERNEL
from .pair import Pair

_PACKAGE = __name__.rpartition(".")[0]

# -- open and closed -----------------------------------------------------------------------

_open: set[int] = set()  # unless the kernel keeps them


def readable_open_level() -> int:
    """A fresh level that is over when `close_level` is called."""
    level = next(levels.clock)
    _open.add(level)
    return level


def readable_close_level(level: int) -> None:
    """The differentiation is over: what is left of its duals has escaped."""
    _open.discard(level)
    DOUBTFUL.discard(level)


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


# -- refusals ------------------------------------------------------------------------------

DOUBTFUL: set[int] = set()  # open levels whose duals have refused something or became objects,
_by_error: set[int] = set()  # and those of them where that was an error


def note_refusals(*involved: Any) -> None:
    """An error is on its way because of these duals: drivers ask for it, if code goes on."""
    for x in involved:
        for level in levels_in(x):
            note_refusal(level)


def note_refusal(level: int) -> None:
    """The same of a level."""
    _by_error.intersection_update(DOUBTFUL)
    if is_open(level):
        DOUBTFUL.add(int(level))
        _by_error.add(int(level))


def refused(message: str, *involved: Any) -> TypeError:
    """The error for what would lose the derivatives of duals."""
    note_refusals(*involved)
    return TypeError(message)


# Functions that read the memory of what NumPy makes an array of, whatever is in it; what to write.
_PLACES = "x[i] with an array i of the places to take"
_TRANSPOSE = "x @ a.T for a @ x with a sparse matrix a"
READERS = {
    "as_strided": ("numpy.lib.", _PLACES),
    "squareform": ("scipy.spatial.", _PLACES),
    "_matmul_vector": ("scipy.sparse.", _TRANSPOSE),
    "_matmul_multivector": ("scipy.sparse.", _TRANSPOSE),
}


def note_objects(x: Any) -> None:
    """Note that x becomes, or is in, an array of objects, which may lose its derivative.

    That is right in most places, and the driver looks again whether it was. Objects must not get
    to where they are taken for floats.
    """
    frame = sys._getframe(1)
    while (frame.f_globals.get("__package__") or "").startswith(_PACKAGE) and frame.f_back:
        frame = frame.f_back
    name = frame.f_code.co_name
    home, instead = READERS.get(name, ("", ""))
    if home and frame.f_globals.get("__name__", "").startswith(home):
        note_refusals(x)
        raise TypeError(
            f"{name} reads memory, in which a dual does not lie as a float; write {instead}."
        )
    while isinstance(x, Pair):
        if is_open(x.level):
            DOUBTFUL.add(int(x.level))
        x = x.primal


def doubt(level: int) -> str:
    """What makes the outputs of an open level doubtful: "error", "objects", or nothing ("")."""
    if level not in DOUBTFUL:
        return ""
    return "error" if level in _by_error else "objects"
