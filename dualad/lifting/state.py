"""What a function keeps from call to call: noted, and put back.

A driver that looks into a doubtful result calls f more often than the user did. What f writes then
into objects, containers, arrays and variables, and what it draws of random numbers, is undone.
"""

from __future__ import annotations

import array
import collections
import functools
import operator
import os
import pickle
import sys
import types
from _thread import get_ident
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from ..array.operands import unbuffered
from ..differentiations import is_over, levels_in
from ..pair import Pair, is_array
from .instructions import (
    DATA,
    UNKNOWN,
    Mark,
    cells_of,
    defaults_of,
    has_code_that_stays,
    value_of_name,
)
from .lift import is_left_alone
from .parts import entries_of, fixed_parts, is_of_a_package, is_users, paths_in, slots_of


class State:
    """What functions and objects keep, as it is when this is made.

    All of it is put back, or nothing, for one part of it may be what tells whether another holds.
    Nothing where it holds duals of a differentiation that is over, or more than is worth a copy, or
    where other threads run the user's code, too: what these write stays.
    """

    def __init__(self, *of: Any) -> None:
        self._notes: list[_Note] = []
        self._seen: dict[int, Any] = {}  # which keeps their ids theirs
        self._cost = 0
        if _others_run():
            return
        try:
            self._meet([*of, *_global_streams()])
        except _LeftAsItIs:
            self._notes.clear()

    def put_back(self) -> None:
        """Make everything what it was, each thing itself the same as before."""
        for x, way, held in reversed(self._notes):  # keys before what they are looked up in
            with suppress(Exception):  # it takes nothing any more, as an array that is locked now
                if not _is_same(way.read(x), held):
                    way.write(x, held)

    def _meet(self, left: list[Any]) -> None:
        """Take notes of these things and all that they reach."""
        while left:
            x = left.pop()
            kind = type(x)
            if kind in _ATOMS or issubclass(kind, np.generic) or id(x) in self._seen:
                continue
            self._seen[id(x)] = x
            try:
                left += self._noted(x)
            except _LeftAsItIs:
                raise
            except Exception:  # it is of a kind of its own, as a proxy of what is not there
                continue

    def _noted(self, x: Any) -> list[Any]:
        """Take notes of one thing; what it reaches."""
        self._spend(_COST_OF_THING)
        if (stands_for := unbuffered(x)) is not x:
            return [stands_for]
        if isinstance(x, Pair):
            if any(map(is_over, levels_in(x))):
                raise _LeftAsItIs
            return [x.primal, x.tangent] if is_array(x) else []  # of another derivative around
        parts = _parts_of(x)
        for way in _ways_to_keep(x):
            if way.has_size:
                self._spend(x.nbytes if isinstance(x, np.ndarray) else _COST_OF_PART * len(x))
            held = way.read(x)
            self._notes.append(_Note(x, way, held))
            if not isinstance(held, bytes):
                parts += _no_atoms(held)
                parts += _no_atoms(held.values() if isinstance(held, dict) else ())
        return parts

    def _spend(self, cost: int) -> None:
        self._cost += cost
        if self._cost > MOST_COST:
            raise _LeftAsItIs


MOST_COST = 2**25  # as of copies of so many bytes
_COST_OF_THING, _COST_OF_PART = 2**12, 2**6  # each takes as long


class _LeftAsItIs(Exception):
    """What is met is not put back."""


class _Way(NamedTuple):
    """How a thing keeps others: what it holds is read, as a copy, and written into it again."""

    read: Callable[[Any], Any]  # bytes, or a list, a set or a dict of the things
    write: Callable[[Any, Any], None]
    has_size: bool = False  # which may be large


class _Note(NamedTuple):
    """What a thing held."""

    of: Any
    way: _Way
    held: Any


def _is_same(now: Any, held: Any) -> bool:
    """Whether the very same things are held, in the same order."""
    if isinstance(held, bytes):
        return bool(now == held)
    if len(now) != len(held) or not all(map(operator.is_, now, held)):
        return False
    return not isinstance(held, dict) or all(map(operator.is_, now.values(), held.values()))


# -- what a thing reaches without keeping it -----------------------------------------------------


def _parts_of(x: Any) -> list[Any]:
    kind: Any = type(x)
    if kind is types.FunctionType:
        return _parts_of_function(x)
    if issubclass(kind, type):
        return [*x.__mro__] if is_users(x) else []
    entries = entries_of(x) if issubclass(kind, (tuple, frozenset)) else ()
    layer = getattr(x, "__wrapped__", None) if is_of_a_package(kind) else None
    parts = [part for _, part in entries]
    return [*_no_atoms(parts), kind, *fixed_parts(x), layer]  # which is around a function


def _no_atoms(parts: Iterable[Any]) -> list[Any]:
    return [part for part in parts if type(part) not in _ATOMS]


def _parts_of_function(f: types.FunctionType) -> list[Any]:
    """What is around it, its defaults and what its names stand for; what one of a package wraps."""
    if has_code_that_stays(f):
        return [x for x in (*cells_of(f).values(), vars(f).get("__wrapped__")) if callable(x)]
    parts: list[Any] = [*(f.__closure__ or ()), *defaults_of(f)]
    names = _names_in(f.__code__)
    parts.append(_Names(f.__globals__, names))
    for first, *more in paths_in(f.__code__):
        x = value_of_name(first, f.__globals__)
        while type(x) is types.ModuleType:
            if not is_left_alone(x.__name__):
                parts.append(_Names(vars(x), names))
            x = vars(x).get(more.pop(0), UNKNOWN) if more else UNKNOWN
        parts.append(x)
    return parts


@functools.lru_cache(1000)
def _names_in(code: types.CodeType) -> frozenset[str]:
    """The names by which code, and what is made there, reads and writes variables of modules."""
    inner = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return frozenset(code.co_names).union(*map(_names_in, inner))


class _Names:
    """Variables of a module."""

    def __init__(self, variables: dict[str, Any], names: frozenset[str]) -> None:
        self.variables, self.names = variables, names


def _others_run() -> bool:
    """Whether other threads are in code of the user's; those that wait are in a library's."""
    mine = get_ident()
    for thread, frame in sys._current_frames().items():
        at: types.FrameType | None = frame
        while at is not None and thread != mine:
            if not at.f_code.co_filename.startswith(_LIBRARIES):
                return True
            at = at.f_back
    return False


_LIBRARIES = (os.path.dirname(os.__file__), os.path.dirname(os.path.dirname(np.__file__)), "<")


def _global_streams() -> list[Any]:
    """The random numbers that all code has in common, where they are in use."""
    of_python, of_numpy = map(sys.modules.get, ("random", "numpy.random.mtrand"))
    return [getattr(of_python, "_inst", None), getattr(of_numpy, "_rand", None)]


# -- what a thing keeps ----------------------------------------------------------------------------


def _ways_to_keep(x: Any) -> list[_Way]:
    """How a thing keeps others."""
    kind: Any = type(x)
    if issubclass(kind, type):
        return [_CLASS] if is_users(x) else []
    if issubclass(kind, np.ndarray):
        ways = _ways_of_array(x)
    else:
        ways = [_WAYS[base] for base in kind.__mro__ if base in _WAYS][:1]
        if stream := next((b for b in kind.__mro__ if b.__module__ in _STREAMS), None):
            ways.append(_STREAMS[stream.__module__])
    is_open = not has_code_that_stays(x) if kind is types.FunctionType else is_users(kind)
    if is_open and _has_own_dict(kind):
        ways.append(_DICT)
    if is_open and any("__slots__" in vars(base) for base in kind.__mro__):
        ways.append(_SLOTS)
    return ways


def _has_own_dict(kind: Any) -> bool:
    is_told = type(kind.__getattribute__) is types.WrapperDescriptorType  # and no proxy's
    return bool(kind.__dictoffset__) and is_told


def _ways_of_array(x: Any) -> list[_Way]:
    if not x.flags.writeable or (x.dtype.hasobject and x.dtype.char != "O"):
        return []
    return [_OBJECTS if x.dtype.hasobject else _NUMBERS]


def _write_list(x: Any, held: Any) -> None:
    list.__setitem__(x, slice(None), held)


def _write_dict(x: Any, held: Any) -> None:
    if not _is_same(list(x), list(held)):
        dict.clear(x)
    dict.update(x, held)


def _write_ordered(x: Any, held: Any) -> None:
    collections.OrderedDict.clear(x)
    for key, value in held.items():
        collections.OrderedDict.__setitem__(x, key, value)


def _write_set(x: Any, held: Any) -> None:
    set.clear(x)
    set.update(x, held)


def _write_deque(x: Any, held: Any) -> None:
    collections.deque.clear(x)
    collections.deque.extend(x, held)


def _write_bytes(x: Any, held: Any) -> None:
    x[:] = held


def _write_array(x: Any, held: Any) -> None:
    x[:] = array.array(x.typecode, held)


def _own_dict(x: Any) -> Any:
    return object.__getattribute__(x, "__dict__")


def _read_slots(x: Any) -> dict[Any, Any]:
    held = {}
    for slot in slots_of(type(x)):
        with suppress(AttributeError):  # it is not filled
            held[slot] = slot.__get__(x)
    return held


def _write_slots(x: Any, held: Any) -> None:
    for slot in slots_of(type(x)):
        if slot in held:
            slot.__set__(x, held[slot])
        else:
            with suppress(AttributeError):
                slot.__delete__(x)


def _write_class(cls: Any, held: Any) -> None:
    for name in vars(cls).keys() - held.keys():
        type.__delattr__(cls, name)
    now = vars(cls)
    for name, value in held.items():
        if now.get(name, UNKNOWN) is not value:
            type.__setattr__(cls, name, value)


def _read_names(x: _Names) -> dict[str, Any]:
    return {name: x.variables[name] for name in x.names if name in x.variables}


def _write_names(x: _Names, held: Any) -> None:
    for name in x.names & x.variables.keys() - held.keys():
        del x.variables[name]
    x.variables.update(held)


def _read_cell(cell: Any) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:
        return []


def _write_cell(cell: Any, held: Any) -> None:
    if held:
        cell.cell_contents = held[0]
    else:
        del cell.cell_contents


def _read_numbers(x: Any) -> bytes:
    return np.ndarray.tobytes(x)


def _write_numbers(x: Any, held: Any) -> None:
    np.ndarray.__setitem__(x, ..., np.frombuffer(held, x.dtype).reshape(x.shape))


def _read_objects(x: Any) -> list[Any]:
    return list(x.flat)


def _write_objects(x: Any, held: Any) -> None:
    objects = np.empty(len(held), object)
    for i, each in enumerate(held):
        objects[i] = each
    np.ndarray.__setitem__(x, ..., objects.reshape(x.shape))


def _stream(get: Callable[[Any], Any], put: Callable[[Any, Any], None]) -> _Way:
    """How a generator of random numbers keeps its place."""
    return _Way(lambda x: pickle.dumps(get(x)), lambda x, held: put(x, pickle.loads(held)))


_CLASS = _Way(lambda cls: dict(vars(cls)), _write_class)
_DICT = _Way(lambda x: dict(_own_dict(x)), lambda x, held: _write_dict(_own_dict(x), held))
_SLOTS = _Way(_read_slots, _write_slots)
_NUMBERS = _Way(_read_numbers, _write_numbers, True)
_OBJECTS = _Way(_read_objects, _write_objects, True)
_WAYS: dict[type, _Way] = {
    list: _Way(list.copy, _write_list, True),
    collections.OrderedDict: _Way(lambda x: dict(x.items()), _write_ordered, True),
    dict: _Way(dict.copy, _write_dict, True),
    set: _Way(set, _write_set, True),
    collections.deque: _Way(list, _write_deque, True),
    bytearray: _Way(bytes, _write_bytes, True),
    array.array: _Way(lambda x: x.tobytes(), _write_array, True),
    types.CellType: _Way(_read_cell, _write_cell),
    _Names: _Way(_read_names, _write_names),
}
_STREAMS = {  # by the modules of their classes, which may not be loaded
    "random": _stream(lambda x: x.getstate(), lambda x, held: x.setstate(held)),
    "numpy.random.mtrand": _stream(
        lambda x: x.get_state(legacy=False), lambda x, held: x.set_state(held)
    ),
    "numpy.random._generator": _stream(
        lambda x: x.bit_generator.state, lambda x, held: setattr(x.bit_generator, "state", held)
    ),
    **dict.fromkeys(
        (
            "numpy.random._pcg64",
            "numpy.random._mt19937",
            "numpy.random._philox",
            "numpy.random._sfc64",
        ),
        _stream(operator.attrgetter("state"), lambda x, held: setattr(x, "state", held)),
    ),
}
_ATOMS = (DATA - {np.ndarray}) | {
    *(types.ModuleType, types.CodeType, types.MemberDescriptorType, np.ufunc, Mark)
}
