"""Whether a function needs lifting: it, or what it calls by name, uses what has a stand-in.

Code is read, not run. What cannot be told from it, such as a call of a function that was given as
an argument, counts as a need: lifted, such code does the same, and costs a little more.
"""

from __future__ import annotations

import builtins
import cmath
import dis
import functools
import inspect
import math
import sys
import types
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from ..dual import Dual
from ..kernel import LIFTING
from ..pair import Function
from .bytecode import IS_KNOWN
from .lift import (
    HEAP_TYPE,
    Cached,
    Lifted,
    has_foreign_stand_in,
    inspected,
    is_left_alone,
    is_opened,
    twin_of,
)
from .standins import INDEXED, NEEDS_LIFT


def needs_lift(f: Function, has_failed: bool = False) -> bool:
    """Whether f, which a driver is given, is to be lifted; True also where it cannot be told.

    `has_failed`: f has not taken duals as it is, and is lifted if it makes lists and calls ufuncs.
    """
    return IS_KNOWN and _of_value(f, _Failed() if has_failed else set())


class _Failed(set[Any]):
    """What has been seen, of a function that has failed."""


def _of_value(x: Any, seen: set[Any]) -> bool:
    """Whether something that code reads by name needs lifting where it is called."""
    kind = type(x)
    if kind in _DATA or isinstance(x, Dual):
        return False
    if kind is np.vectorize or kind in INDEXED:
        return True
    if kind in _CONTAINERS:
        if id(x) in seen:
            return False
        seen.add(id(x))
        parts = list(x.values() if kind is dict else x)[:_FEW]
        return any(_of_value(v, seen) for v in parts)
    try:
        if callable(x) and (x in NEEDS_LIFT or has_foreign_stand_in(x) or _is_opened(x)):
            return True
    except Exception:  # it has no hash, or a comparison of its own
        pass
    if kind is types.FunctionType:
        return _of_function(x, seen)
    if kind is types.MethodType:
        return _of_value(x.__self__, seen) or _of_value(x.__func__, seen)
    if kind is functools.partial:
        return any(_of_value(v, seen) for v in (x.func, *x.args, *x.keywords.values()))
    if kind is types.ModuleType:
        return x in _MODULES  # handed on as it is
    if isinstance(x, type):
        return _of_class(x, seen)
    if kind is Lifted or _stays(kind):
        return kind is Cached or kind.__module__.startswith(_BY_METHODS)
    return _of_class(kind, seen)


def _stays(cls: type) -> bool:
    """Whether the methods of a class run as they are.

    A class statement in code that has no `__name__`, as of `exec`, makes one of "builtins".
    """
    is_of_exec = cls.__module__ == "builtins" and cls.__flags__ & HEAP_TYPE
    return not is_of_exec and is_left_alone(cls.__module__)


def _is_opened(x: Any) -> bool:
    """Whether x is a function, class or method of foreign code that is lifted."""
    home = _home_of(getattr(x, "__func__", x))
    return is_left_alone(home) and is_opened(home)


def _of_class(cls: Any, seen: set[Any]) -> bool:
    if id(cls) in seen:
        return False
    seen.add(id(cls))
    for kind in cls.__mro__:
        if _stays(kind):
            continue
        for member in list(vars(kind).values()):
            for f in _functions_in(member):
                if type(f) is types.FunctionType:
                    if _of_function(f, seen, cls):
                        return True
                elif not isinstance(f, type) and _of_value(f, seen):
                    return True
    return False


def _functions_in(member: Any) -> Iterator[Any]:
    if isinstance(member, property):
        yield from (f for f in (member.fget, member.fset) if f is not None)
    elif isinstance(member, (staticmethod, classmethod)):
        yield member.__func__
    elif isinstance(member, functools.cached_property):
        yield member.func
    elif callable(member):
        yield member


def _of_function(f: types.FunctionType, seen: set[Any], owner: Any = None) -> bool:
    if not f.__closure__ and is_left_alone(f.__globals__.get("__name__", ""), f.__code__):
        return False
    key = id(f.__code__), id(f.__closure__)
    if key in seen:
        return False
    seen.add(key)
    cells = {}
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        try:
            cells[name] = cell.cell_contents
        except ValueError:  # not filled yet
            cells[name] = _UNKNOWN
    given = (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values())
    if any(_of_value(x, seen) for x in given):
        return True
    return _Reader(f.__globals__, cells, seen, owner).needs(f.__code__)


# -- whether it may keep what it has calculated, or read text ---------------------------------


def may_keep(f: Function, by_key: bool = False) -> bool:
    """Whether f, or what it calls, may keep values from one call to the next.

    It may if its code writes into objects, containers or variables around it, or calls what
    cannot be told from its code. `by_key`: and if it looks something up, too.
    """
    return _may(f, (_WRITING, _LOOKING) if by_key else (_WRITING,))


def may_read(f: Function) -> bool:
    """Whether f, or what it calls, may make numbers of text, in whatever way.

    Printing, logging and arithmetic do not.
    """
    return _may(f, (_READING,))


def _may(f: Function, kinds: tuple[frozenset[str], ...]) -> bool:
    """Whether f does something of each of these kinds, in one layer of decoration."""
    return _layer_may(inspect.unwrap(f, stop=lambda layer: _layer_may(layer, kinds)), kinds)


def _layer_may(f: Any, kinds: tuple[frozenset[str], ...]) -> bool:
    f = getattr(f, "__func__", f)
    if not isinstance(f, types.FunctionType):
        is_mere_layer = hasattr(f, "__wrapped__") and (
            is_left_alone(home := type(f).__module__) or home.partition(".")[0] == _DUALAD
        )
        return not (is_mere_layer or isinstance(f, np.ufunc))
    known = _KNOWN.setdefault(f, {})
    if kinds not in known:
        known[kinds] = all(_does(f, kind, set()) for kind in kinds)
    return known[kinds]


def _does(f: types.FunctionType, what: frozenset[str], seen: set[Any]) -> bool:
    if f in seen or is_left_alone(f.__globals__.get("__name__", ""), f.__code__):
        return False
    seen.add(f)
    return _Search(f, what, seen).finds_in(f.__code__)


def _functions_made_in(code: types.CodeType) -> set[str]:
    """The local variables that only ever stand for functions made here, whose code is read."""
    made: set[str] = set()
    others = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    last = ""
    for step in dis.get_instructions(code):
        if step.opname in _NOTHING:
            continue
        if "STORE_FAST" in step.opname or step.opname == "STORE_DEREF":
            is_one = last in _MAKING and isinstance(step.argval, str)
            names = (step.argval,) if isinstance(step.argval, str) else step.argval
            (made if is_one else others).update(names)
        last = step.opname
    return made - others


class _Search:
    """Looks for instructions and methods, in a function and in what it calls by name."""

    def __init__(self, f: types.FunctionType, what: frozenset[str], seen: set[Any]) -> None:
        self.f, self.what, self.seen = f, what, seen
        self.names = f.__globals__
        self.cells = dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=False))
        self.made: set[str] = set()

    def finds_in(self, code: types.CodeType) -> bool:
        given = (*(self.f.__defaults__ or ()), *(self.f.__kwdefaults__ or {}).values())
        if any(map(self.is_found, given)):
            return True
        self.made |= _functions_made_in(code)
        x: Any = _UNKNOWN
        follows_null = False
        for step in dis.get_instructions(code):
            op, name = step.opname, step.argval
            if op in _NOTHING:
                continue
            if op == "PUSH_NULL":
                if _NULL_COMES_LAST and x is _UNKNOWN:
                    return True  # it is called
                follows_null = not _NULL_COMES_LAST
                continue
            if op == "BINARY_OP" and step.argrepr == "[]":  # from Python 3.14 on
                op = "BINARY_SUBSCR"
            if op in self.what or (op == "STORE_DEREF" and name in self.cells):
                return True
            if op == "LOAD_CONST" and isinstance(name, types.CodeType):
                if self.finds_in(name):
                    return True
                x = None
            elif op in ("LOAD_GLOBAL", "LOAD_NAME"):
                if follows_null and (step.arg or 0) & 1:
                    return True  # what a call has given is called
                x = self.names.get(name, getattr(builtins, name, _UNKNOWN))
            elif op == "LOAD_DEREF" and name in self.cells:
                with suppress(ValueError):
                    x = self.cells[name].cell_contents
            elif op in ("LOAD_ATTR", "LOAD_METHOD"):
                if isinstance(x, types.ModuleType):
                    x = vars(x).get(name, _UNKNOWN)
                elif name in self.what or not (name in _COMMON or self.is_harmless(x)):
                    return True
            elif "LOAD_FAST" in op or op == "LOAD_DEREF":
                x = None if _last(name) in self.made else _UNKNOWN
                if follows_null and x is _UNKNOWN:
                    return True
            elif op not in _MAKING:
                x = _UNKNOWN
            follows_null = False
            if self.is_found(x):
                return True
        return False

    def is_harmless(self, x: Any) -> bool:
        """Whether the methods of something known do not read text, as those of a logger."""
        is_known = not (x is None or x is _UNKNOWN) and is_left_alone(type(x).__module__)
        return is_known and self.what is _READING and not _reads(type(x))

    def is_found(self, x: Any) -> bool:
        """Whether something does it if it is called, as far as can be told."""
        kind = type(x)
        if kind is types.FunctionType:
            return _does(x, self.what, self.seen) or (self.what is _READING and _reads(x))
        if kind is types.MethodType:
            return self.is_found(x.__func__) or self.is_found(x.__self__)
        if kind is functools.partial:
            return any(map(self.is_found, (x.func, *x.args, *x.keywords.values())))
        if kind in _CONTAINERS:
            if id(x) in self.seen:
                return False
            self.seen.add(id(x))
            return any(map(self.is_found, list(x.values() if kind is dict else x)[:_FEW]))
        if x is _UNKNOWN or isinstance(x, types.ModuleType) or kind in _DATA:
            return False
        return not is_left_alone(_home_of(x)) or (self.what is _READING and _reads(x))


def _home_of(x: Any) -> Any:
    return x.__module__ if isinstance(x, (type, types.FunctionType)) else type(x).__module__


def _reads(x: Any) -> bool:
    """Whether a thing of the library, NumPy or SciPy may read text, or give what does."""
    home = str(getattr(x, "__module__", "") or type(x).__module__)
    if home == "builtins":
        return x in _BUILT_READERS
    if not is_left_alone(home):  # its code is read
        return False
    return home.partition(".")[0] not in _NO_READERS or getattr(x, "__name__", "") in _READING


_KNOWN: weakref.WeakKeyDictionary[types.FunctionType, dict[Any, bool]]
_KNOWN = weakref.WeakKeyDictionary()
_MAKING = ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE")
_DUALAD = __name__.partition(".")[0]
_WRITING = frozenset(
    (
        *("STORE_ATTR", "STORE_GLOBAL", "STORE_SUBSCR", "STORE_SLICE", "IMPORT_NAME"),
        *("append", "extend", "insert", "setdefault", "update", "__setitem__"),
    )
)
_LOOKING = frozenset(
    ("BINARY_SUBSCR", "CONTAINS_OP", "get", "setdefault", "__getitem__", "__contains__")
)
_READING = frozenset(
    (
        *("IMPORT_NAME", "astype", "fromhex", "fromstring", "loadtxt", "genfromtxt", "fromiter"),
        *("float64", "float32", "longdouble", "complex128", "complex64", "array", "asarray"),
    )
)
_BUILT_READERS = (float, int, complex, eval, exec, compile, open, getattr, __import__, map)
_NO_READERS = frozenset(
    (
        *("numpy", "scipy", "math", "cmath", "operator", "itertools", "functools", "collections"),
        *("logging", "warnings", "time", "sys", "_io", "typing", "dataclasses", "abc", "pytest"),
        *("contextlib", "_operator", "_functools", "_collections", "_abc", "_typing", "_warnings"),
        *("types", "enum", "numbers", "bisect", "_bisect", "heapq", "_heapq", "copy", _DUALAD),
    )
)


class _Reader:
    """Reads the code of a function, and of those that it makes.

    What an instruction leaves on the stack is followed as far as it is a thing with a name: a
    global variable, and attributes of modules and objects.
    """

    def __init__(
        self, names: dict[str, Any], cells: dict[str, Any], seen: set[Any], owner: Any
    ) -> None:
        self.names, self.cells, self.seen, self.owner = names, cells, seen, owner

    def needs(self, code: types.CodeType) -> bool:
        n = code.co_argcount + code.co_kwonlyargcount
        n += bool(code.co_flags & 4) + bool(code.co_flags & 8)  # *args, **kwargs
        parameters = code.co_varnames[:n]
        has_format = any(isinstance(c, str) and "%" in c for c in code.co_consts)
        top: Any = _UNKNOWN
        last = ""
        follows_null = takes_lists = False
        makes_lists: Any = False
        for step in dis.get_instructions(code):
            op = step.opname
            if op in _NOTHING:
                continue
            below, top = top, _UNKNOWN
            makes_lists = makes_lists or op == "LIST_APPEND" or (op == "BUILD_LIST" and step.arg)
            is_second = op == "PUSH_NULL" or (op == "LOAD_GLOBAL" and bool((step.arg or 0) & 1))
            if (follows_null and is_second) or (op == "PUSH_NULL" and last in _CALLS):
                return True  # what a call has given is called
            last = op
            if has_format and op == "BINARY_OP" and step.argrepr in ("%", "%="):
                return True
            if op in ("LOAD_ATTR", "LOAD_METHOD"):
                makes_lists = makes_lists or step.argval in ("append", "insert", "tolist")
                is_call = op == "LOAD_METHOD" or bool(_HAS_BIT and (step.arg or 0) & 1)
                top = self.attribute(below, str(step.argval), is_call)
            else:
                if isinstance(below, types.ModuleType) and below in _MODULES:
                    return True  # handed on as it is
                if op in ("LOAD_GLOBAL", "LOAD_NAME"):
                    top = self.names.get(step.argval, getattr(builtins, step.argval, _UNKNOWN))
                elif op in ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"):
                    top = self.cells.get(step.argval, _UNKNOWN)
                elif op == "LOAD_CONST" and isinstance(step.argval, types.CodeType):
                    if self.needs(step.argval):
                        return True
                    makes_lists = makes_lists or step.argval.co_name == "<listcomp>"
                elif "LOAD_FAST" in op and (name := _last(step.argval)) in parameters:
                    is_self = self.owner is not None and name == parameters[0]
                    top = _SELF if is_self else _PARAMETER
                    if follows_null:
                        return True  # a function that was given as an argument is called
                elif (op == "PUSH_NULL" and below is _PARAMETER) or op == "IMPORT_NAME":
                    return True
            if top is _NEED or (
                not isinstance(top, types.ModuleType)
                and not any(top is mark for mark in _MARKS)
                and _of_value(top, self.seen)
            ):
                return True
            makes_lists = makes_lists or top is list or top is sorted
            takes_lists = takes_lists or (type(top) is _ArrayFunction and top not in _JOINING)
            takes_lists = takes_lists or (type(top) is np.ufunc and type(self.seen) is _Failed)
            if makes_lists and takes_lists:  # of which NumPy would make an array of objects
                return True
            follows_null = op == "PUSH_NULL" and not _NULL_COMES_LAST
        return isinstance(top, types.ModuleType) and top in _MODULES

    def attribute(self, x: Any, name: str, is_call: bool) -> Any:
        """What an attribute is; _NEED if it may be anything."""
        if x is _SELF:  # methods and properties of the class are read anyway
            is_known = not is_call or name in _COMMON or inspected(self.owner, name) is not None
            return _UNKNOWN if is_known else _NEED
        if name == "dot" and (x is _UNKNOWN or x is _PARAMETER or type(x) is np.ndarray):
            return _NEED  # of a plain array it would make arrays of objects of duals
        if x is _UNKNOWN or x is _PARAMETER:
            return _UNKNOWN if name in _COMMON else _NEED
        if isinstance(x, types.ModuleType):
            found = vars(x).get(name, _UNKNOWN)
            return sys.modules.get(f"{x.__name__}.{name}", _UNKNOWN) if found is _UNKNOWN else found
        if type(x) in _DATA or is_left_alone(type(x).__module__) or isinstance(x, type):
            return _UNKNOWN  # if it is of the user's classes, it has been read
        found = vars(x).get(name, _UNKNOWN) if hasattr(x, "__dict__") else _UNKNOWN
        if found is _UNKNOWN and inspected(type(x), name) is None:
            return _NEED
        return found


def _last(loaded: Any) -> str:
    """The variable that an instruction leaves on top: from Python 3.13 on, one loads two."""
    return str(loaded[-1] if isinstance(loaded, tuple) else loaded)


class _Mark:
    """What the reader may find, beside things that it knows."""


_UNKNOWN, _PARAMETER, _SELF, _NEED = _MARKS = _Mark(), _Mark(), _Mark(), _Mark()
_MODULES = (math, cmath, np)
_ArrayFunction = type(np.mean)
# These know a dual in a list: it is an argument of its own for NumPy's protocol.
_JOINING = frozenset(
    (np.block, np.column_stack, np.concatenate, np.dstack, np.hstack, np.stack, np.vstack)
)
_NOTHING = frozenset(("CACHE", "EXTENDED_ARG", "NOP", "NOT_TAKEN", "PRECALL", "RESUME", "KW_NAMES"))
_CALLS = ("CALL", "CALL_KW", "CALL_FUNCTION_EX")
# Objects of packages that stay, whose methods have stand-ins; those of SciPy all may.
_BY_METHODS = ("logging", "numpy.random._generator", "numpy.random.mtrand", "scipy.")
_HAS_BIT = sys.version_info >= (3, 12)  # LOAD_ATTR tells by a bit that it is a method's
_NULL_COMES_LAST = sys.version_info >= (3, 13)
_FEW = 1000  # of the parts of a container are looked at
_CONTAINERS = frozenset((list, tuple, set, frozenset, dict))
_DATA = frozenset(
    (bool, int, float, complex, str, bytes, type(None), range, slice, np.ndarray, np.float64)
)
# Attributes that numbers, arrays and containers have: those of an unknown object are theirs.
_COMMON = frozenset(
    name
    for kind in (np.ndarray, np.float64, Dual, float, complex, int, list, tuple, dict, set, str)
    for name in dir(kind)
)
if LIFTING:
    LIFTING.connect_reach(needs_lift, twin_of)


class AsNeeded:
    """f, lifted as is said, or from its first call on as it needs."""

    def __init__(self, f: Function, lift: bool | None) -> None:
        self.__wrapped__, self.lift = f, lift
        self._chosen: Function | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._chosen is None:
            self._chosen = chosen(self.__wrapped__, self.lift)
        return self._chosen(*args, **kwargs)

    def __reduce__(self) -> Any:
        return AsNeeded, (self.__wrapped__, self.lift)


def chosen(f: Function, lift: bool | None) -> Function:
    """f, or f lifted: as is said, or as it needs."""
    if lift is None:
        lift = LIFTING.needs(f) if LIFTING else needs_lift(f)
    return Lifted(f) if lift else f


def needs_lift_after_all(f: Function) -> bool:
    """Whether a function that has failed as it is needs lifting.

    Names may stand for other things now, and lists may have come to functions that take arrays.
    """
    needed: bool = LIFTING.needs_anew(f) if LIFTING else needs_lift(f, True)
    return needed
