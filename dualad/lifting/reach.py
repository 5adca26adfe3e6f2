"""Whether a function needs lifting: it, or what it calls by name, uses what has a stand-in.

Code is read, not run. What cannot be told from it, such as a call of a function that was given as
an argument, counts as a need: lifted, such code does the same, and costs a little more.
"""

from __future__ import annotations

import cmath
import functools
import math
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..dual import Dual
from ..kernel import LIFTING
from ..pair import Function
from .bytecode import IS_KNOWN
from .instructions import (
    COMMON,
    CONTAINERS,
    DATA,
    NULL_COMES_LAST,
    UNKNOWN,
    Mark,
    cells_of,
    defaults_of,
    has_code_that_stays,
    home_of,
    instructions,
    parts_of,
    value_of_name,
)
from .lift import (
    HEAP_TYPE,
    Cached,
    Lifted,
    has_foreign_stand_in,
    home_of_class,
    inspected,
    is_left_alone,
    is_opened,
    source_of,
    twin_of,
)
from .standins import COPYING, INDEXED, MAKERS, NEEDS_LIFT


def needs_lift(f: Function, has_failed: bool = False) -> bool:
    """Whether f, which a driver is given, is to be lifted; True also where it cannot be told.

    `has_failed`: f has not taken duals as it is, and is lifted if it makes lists and calls ufuncs
    or has operators, or makes or copies arrays, in which it may have stored them.
    """
    return IS_KNOWN and _of_value(f, _Failed() if has_failed else set())


class _Failed(set[Any]):
    """What has been seen, of a function that has failed."""


def _of_value(x: Any, seen: set[Any]) -> bool:
    """Whether something that code reads by name needs lifting where it is called."""
    kind = type(x)
    if kind in DATA or isinstance(x, Dual):
        return False
    if kind is np.vectorize or kind in INDEXED or source_of(x) is not None:
        return True
    if kind in CONTAINERS:
        if id(x) in seen:
            return False
        seen.add(id(x))
        return any(_of_value(v, seen) for v in parts_of(x))
    if type(seen) is _Failed and kind is np.ufunc and getattr(np, x.__name__, None) is not x:
        return True  # it may have been given a list, of which NumPy's own take duals
    needed = _AFTER_ALL if type(seen) is _Failed else NEEDS_LIFT
    try:
        if callable(x) and (x in needed or has_foreign_stand_in(x) or _is_opened(x)):
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
    if kind is types.BuiltinFunctionType:  # perhaps a method of an object
        kind = type(x.__self__)
    if kind is Lifted or _stays(kind):
        return kind is Cached or _has_methods(kind)
    return _of_class(kind, seen)


def _stays(cls: type) -> bool:
    """Whether the methods of a class run as they are.

    A class statement in code that has no `__name__`, as of `exec`, makes one of "builtins".
    """
    is_of_exec = cls.__module__ == "builtins" and cls.__flags__ & HEAP_TYPE
    return not is_of_exec and is_left_alone(cls.__module__)


def _has_methods(cls: type) -> bool:
    """Whether the methods of a package's class may have stand-ins."""
    return home_of_class(cls).startswith(_BY_METHODS)


def _is_opened(x: Any) -> bool:
    """Whether x is a function, class or method of foreign code that is lifted, or draws."""
    home = home_of(getattr(x, "__func__", x))
    return is_left_alone(home) and (is_opened(home) or home.startswith(_DRAWING))


def _of_class(cls: Any, seen: set[Any]) -> bool:
    if id(cls) in seen:
        return False
    seen.add(id(cls))
    for kind in cls.__mro__:
        if _stays(kind):
            if _has_methods(kind):
                return True
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
    if not f.__closure__ and has_code_that_stays(f):
        return False
    key = id(f.__code__), id(f.__closure__)
    if key in seen:
        return False
    seen.add(key)
    if any(_of_value(x, seen) for x in defaults_of(f)):
        return True
    return _Reader(f.__globals__, cells_of(f), seen, owner).needs(f.__code__)


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
        given = set(parameters)  # what may be any function, but for those made here
        texts = [c for c in code.co_consts if isinstance(c, (str, bytes))]
        has_format = any("%" in c if isinstance(c, str) else b"%" in c for c in texts)
        top: Any = UNKNOWN
        last = ""
        follows_null = takes_lists = False
        makes_lists: Any = False
        for step in instructions(code):
            op = step.op
            below, top = top, UNKNOWN
            makes_lists = makes_lists or op == "LIST_APPEND" or (op == "BUILD_LIST" and step.arg)
            is_second = op == "PUSH_NULL" or (op == "LOAD_GLOBAL" and bool(step.arg & 1))
            if (follows_null and is_second) or (op == "PUSH_NULL" and last in _CALLS):
                return True  # what a call has given is called
            if op == "STORE_FAST" and last not in _MADE and type(below) is Mark:
                given.add(step.argval)
            last = op
            if has_format and op == "BINARY_OP" and step.text in ("%", "%="):
                return True
            if op in ("LOAD_ATTR", "LOAD_METHOD"):
                makes_lists = makes_lists or step.argval in ("append", "insert", "tolist")
                is_call = op == "LOAD_METHOD" or bool(_HAS_BIT and step.arg & 1)
                top = self.attribute(below, str(step.argval), is_call)
            else:
                if isinstance(below, types.ModuleType) and below in _MODULES:
                    return True  # handed on as it is
                if op in ("LOAD_GLOBAL", "LOAD_NAME"):
                    top = value_of_name(step.argval, self.names)
                elif op in ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"):
                    top = self.cells.get(step.argval, UNKNOWN)
                elif op == "LOAD_CONST" and isinstance(step.argval, types.CodeType):
                    if self.needs(step.argval):
                        return True
                    makes_lists = makes_lists or step.argval.co_name == "<listcomp>"
                elif op == "LOAD_FAST" and step.argval in given:
                    is_self = self.owner is not None and step.argval in parameters[:1]
                    top = _SELF if is_self else _PARAMETER
                    if follows_null:
                        return True  # a function that was given as an argument is called
                elif (op == "PUSH_NULL" and below is _PARAMETER) or op == "IMPORT_NAME":
                    return True
            if top is _NEED or (
                not isinstance(top, types.ModuleType)
                and type(top) is not Mark
                and _of_value(top, self.seen)
            ):
                return True
            makes_lists = makes_lists or top is list or top is sorted
            takes_lists = takes_lists or (type(top) is _ArrayFunction and top not in _JOINING)
            if type(self.seen) is _Failed:
                if op == "CONTAINS_OP":
                    return True  # of a set or a dict, which asks for the hash
                is_in_place = op == "BINARY_OP" and step.text.endswith("=")
                if is_in_place or op in ("STORE_SUBSCR", "STORE_SLICE"):
                    return True  # into an array which takes no duals in this code
                makes_lists = makes_lists or op == "BUILD_TUPLE"
                takes_lists = takes_lists or type(top) is np.ufunc or op == "BINARY_OP"
            if makes_lists and takes_lists:  # of which NumPy would make an array of objects
                return True
            follows_null = op == "PUSH_NULL" and not NULL_COMES_LAST
        return isinstance(top, types.ModuleType) and top in _MODULES

    def attribute(self, x: Any, name: str, is_call: bool) -> Any:
        """What an attribute is; _NEED if it may be anything."""
        if x is _SELF:  # methods and properties of the class are read anyway
            is_known = not is_call or name in COMMON or inspected(self.owner, name) is not None
            return UNKNOWN if is_known else _NEED
        may_be_array = x is UNKNOWN or x is _PARAMETER or type(x) is np.ndarray
        if name == "dot" and may_be_array:
            return _NEED  # of a plain array it would make arrays of objects of duals
        if name in COPYING and type(self.seen) is _Failed and (may_be_array or x is np.ndarray):
            return _NEED
        if x is UNKNOWN or x is _PARAMETER:
            return UNKNOWN if name in COMMON else _NEED
        if isinstance(x, types.ModuleType):
            found = vars(x).get(name, UNKNOWN)
            return sys.modules.get(f"{x.__name__}.{name}", UNKNOWN) if found is UNKNOWN else found
        if type(x) in DATA or is_left_alone(type(x).__module__) or isinstance(x, type):
            return UNKNOWN  # if it is of the user's classes, it has been read
        found = vars(x).get(name, UNKNOWN) if hasattr(x, "__dict__") else UNKNOWN
        if found is UNKNOWN and inspected(type(x), name) is None:
            return _NEED
        return found


_PARAMETER, _SELF, _NEED = Mark(), Mark(), Mark()
_MODULES = (math, cmath, np)
_AFTER_ALL = NEEDS_LIFT | MAKERS  # what a function that has failed is lifted for
_ArrayFunction = type(np.mean)
# These know a dual in a list: it is an argument of its own for NumPy's protocol.
_JOINING = frozenset(
    (np.block, np.column_stack, np.concatenate, np.dstack, np.hstack, np.stack, np.vstack)
)
_CALLS = ("CALL", "CALL_KW", "CALL_FUNCTION_EX")
_MADE = ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE")  # whose code is read
# Objects of packages that stay, whose methods have stand-ins; those of SciPy all may.
_DRAWING = ("matplotlib.", "mpl_toolkits.")
_BY_METHODS = (
    "logging",
    "_struct",
    "numpy.random._generator",
    "numpy.random.mtrand",
    "scipy.",
    *_DRAWING,
)
_HAS_BIT = sys.version_info >= (3, 12)  # LOAD_ATTR tells by a bit that it is a method's
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
