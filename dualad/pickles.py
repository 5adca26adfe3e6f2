"""Duals in pickles: copied with their tangents, or found again by the level that knows them."""

from __future__ import annotations

import itertools
import os
import sys
import weakref
from typing import Any

from .differentiations import is_open, note_refusal, notes_of
from .pair import is_array, restored
from .refusals import refused

_PACKAGE = __name__.rpartition(".")[0]


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
    owner = notes_of(level) if is_open(level) else level  # until it is over
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
