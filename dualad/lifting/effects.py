"""What a function may do beside calculating: keep values from call to call, or read text.

As in `reach`, code is read, not run, and what cannot be told from it counts as done.
"""

from __future__ import annotations

import functools
import inspect
import types
from typing import Any

import numpy as np

from ..pair import Function
from .instructions import (
    COMMON,
    CONTAINERS,
    DATA,
    NULL_COMES_LAST,
    UNKNOWN,
    cells_of,
    defaults_of,
    has_code_that_stays,
    home_of,
    instructions,
    last_of,
    parts_of,
    value_of_name,
)
from .lift import Cached, is_left_alone
from .made import Made, made_of


def may_keep(f: Function | Made, by_key: bool = False) -> bool:
    """Whether f, or what it calls, may keep values from one call to the next.

    It may if its code writes into objects, containers or variables around it, or calls what
    cannot be told from its code. `by_key`: and if it looks something up, too.
    """
    return _may(made_of(f), (_WRITING, _LOOKING) if by_key else (_WRITING,))


def may_read(f: Function | Made) -> bool:
    """Whether f, or what it calls, may make numbers of text, in whatever way.

    Printing, logging and arithmetic do not.
    """
    return _may(made_of(f), (_READING,))


def code_of(f: Any) -> types.CodeType | None:
    """The code that runs when something is called; None if that is not Python's."""
    if type(f) is functools.partial:
        return code_of(f.func)
    f = getattr(f, "__func__", f)
    call: Any = f if isinstance(f, types.FunctionType) else type(f).__call__
    return getattr(call, "__code__", None)


def _may(made: Made, kinds: tuple[frozenset[str], ...]) -> bool:
    """Whether f does something of each of these kinds, in one layer of decoration."""
    if len(_KNOWN) > _MOST_KNOWN:
        _KNOWN.clear()
    _, known = _KNOWN.setdefault(made.key, (made.codes, {}))
    if kinds not in known:
        f = inspect.unwrap(made.f, stop=lambda layer: _layer_may(layer, kinds))
        known[kinds] = _layer_may(f, kinds)
    return known[kinds]


def _layer_may(f: Any, kinds: tuple[frozenset[str], ...]) -> bool:
    f = getattr(f, "__func__", f)
    if not isinstance(f, types.FunctionType):
        is_mere_layer = hasattr(f, "__wrapped__") and (
            is_left_alone(home := type(f).__module__) or home.partition(".")[0] == _DUALAD
        )
        return not (is_mere_layer or isinstance(f, np.ufunc))
    return all(_does(f, kind, set()) for kind in kinds)


def _does(f: types.FunctionType, what: frozenset[str], seen: set[Any]) -> bool:
    if f in seen:
        return False
    seen.add(f)
    if has_code_that_stays(f):  # as that of contextlib around a generator
        inner = getattr(f, "__wrapped__", None)
        return isinstance(inner, types.FunctionType) and _does(inner, what, seen)
    return _Search(f, what, seen).finds_in(f.__code__)


def _functions_made_in(code: types.CodeType) -> set[str]:
    """The local variables that only ever stand for functions made here, whose code is read."""
    made: set[str] = set()
    others = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    last = ""
    for step, op in instructions(code):
        if "STORE_FAST" in op or op == "STORE_DEREF":
            is_one = last in _MAKING and isinstance(step.argval, str)
            names = (step.argval,) if isinstance(step.argval, str) else step.argval
            (made if is_one else others).update(names)
        last = op
    return made - others


def _joined_in(code: types.CodeType) -> set[str]:
    """The local variables to which += or |= may add what stays: not those for what is made here."""
    made_here: set[str] = set()
    others = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    joined: set[str] = set()
    last, was_joined = "", False
    for step, op in instructions(code):
        if "STORE_FAST" in op:
            first, *more = (step.argval,) if isinstance(step.argval, str) else step.argval
            others.update(more)
            (joined if was_joined else made_here if last in _NEW else others).add(first)
        last, was_joined = op, op == "BINARY_OP" and step.argrepr in _JOINING
    return joined - (made_here - others)


class _Search:
    """Looks for instructions and methods, in a function and in what it calls by name."""

    def __init__(self, f: types.FunctionType, what: frozenset[str], seen: set[Any]) -> None:
        self.f, self.what, self.seen = f, what, seen
        self.names = f.__globals__
        self.cells = cells_of(f)
        self.made: set[str] = set()

    def finds_in(self, code: types.CodeType) -> bool:
        if any(map(self.is_found, defaults_of(self.f))):
            return True
        if self.what is _WRITING and _joined_in(code):
            return True
        self.made |= _functions_made_in(code)
        x: Any = UNKNOWN
        follows_null = False
        op = ""
        for step, this in instructions(code):
            last, op, name = op, this, step.argval
            if op == "PUSH_NULL":
                if NULL_COMES_LAST and x is UNKNOWN:
                    return True  # it is called
                follows_null = not NULL_COMES_LAST
                continue
            if op == "BINARY_SUBSCR" and last in _CONSTANT:
                x = UNKNOWN  # v[0] looks up nothing by what was made of a dual
                continue
            if op in self.what or (op == "STORE_DEREF" and name in self.cells):
                return True
            if op == "LOAD_CONST" and isinstance(name, types.CodeType):
                if self.finds_in(name):
                    return True
                x = None
            elif op in ("LOAD_GLOBAL", "LOAD_NAME"):
                if follows_null and (step.arg or 0) & 1:
                    return True  # what a call has given is called
                x = value_of_name(name, self.names)
            elif op == "LOAD_DEREF" and name in self.cells:
                x = self.cells[name]
            elif op in ("LOAD_ATTR", "LOAD_METHOD"):
                if isinstance(x, types.ModuleType):
                    x = vars(x).get(name, UNKNOWN)
                elif name in self.what or not (name in COMMON or self.is_harmless(x)):
                    return True
            elif "LOAD_FAST" in op or op == "LOAD_DEREF":
                x = None if last_of(name) in self.made else UNKNOWN
                if follows_null and x is UNKNOWN:
                    return True
            elif op not in _MAKING:
                x = UNKNOWN
            follows_null = False
            if self.is_found(x):
                return True
        return False

    def is_harmless(self, x: Any) -> bool:
        """Whether the methods of something known neither read text nor keep values: a logger's."""
        home = type(x).__module__
        if x is None or x is UNKNOWN or not is_left_alone(home):
            return False
        return not _reads(type(x)) if self.what is _READING else home == "logging"

    def is_found(self, x: Any) -> bool:
        """Whether something does it if it is called, as far as can be told."""
        kind = type(x)
        if kind is types.FunctionType:
            return _does(x, self.what, self.seen) or (self.what is _READING and _reads(x))
        if kind is types.MethodType:
            return self.is_found(x.__func__) or self.is_found(x.__self__)
        if kind is functools.partial:
            return any(map(self.is_found, (x.func, *x.args, *x.keywords.values())))
        if kind is Cached:
            return self.what is _LOOKING or self.is_found(x.__wrapped__)
        if kind in _BUILT and getattr(x, "__name__", "") in self.what:
            owner = getattr(x, "__self__", None)
            if not isinstance(owner, types.ModuleType) or owner.__name__ in _DOING_BY_NAME:
                return True
        if kind in CONTAINERS:
            if id(x) in self.seen:
                return False
            self.seen.add(id(x))
            return any(map(self.is_found, parts_of(x)))
        if x is UNKNOWN or isinstance(x, types.ModuleType) or kind in DATA:
            return False
        if self.what is _LOOKING and not _acts(kind):
            return False
        return not is_left_alone(home_of(x)) or (self.what is _READING and _reads(x))


def _acts(kind: type) -> bool:
    """Whether objects do more by themselves than to show a text; their methods are read by name."""
    own = (vars(base) for base in kind.__mro__ if not is_left_alone(base.__module__))
    special = {name for names in own for name in names if callable(names[name])}
    return any(name.startswith("__") for name in special - _SHOWING) or issubclass(kind, type)


def _reads(x: Any) -> bool:
    """Whether a thing of the library, NumPy or SciPy may read text, or give what does."""
    home = str(getattr(x, "__module__", "") or type(x).__module__)
    if home == "builtins":
        return x in _BUILT_READERS
    if not is_left_alone(home):  # its code is read
        return False
    return home.partition(".")[0] not in _NO_READERS or getattr(x, "__name__", "") in _READING


# By what functions are made of, beside the code that its ids are of.
_KNOWN: dict[tuple[Any, ...], tuple[list[Any], dict[Any, bool]]] = {}
_MOST_KNOWN = 1000
_MAKING = ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE")
_NEW = ("LOAD_CONST", "BINARY_OP", "BUILD_LIST", "BUILD_MAP", "BUILD_SET", "LIST_EXTEND")
_CONSTANT = ("LOAD_CONST", "LOAD_SMALL_INT")
_SHOWING = frozenset(("__init__", "__new__", "__str__", "__repr__", "__format__"))
_JOINING = ("+=", "|=")
_BUILT = (types.BuiltinMethodType, types.MethodWrapperType, types.WrapperDescriptorType)
_DOING_BY_NAME = ("_operator", "builtins", "_heapq", "_bisect")  # whose functions write, too
_DUALAD = __name__.partition(".")[0]
_WRITING = frozenset(
    (
        *("STORE_ATTR", "STORE_GLOBAL", "STORE_SUBSCR", "STORE_SLICE", "IMPORT_NAME"),
        *("append", "extend", "insert", "setdefault", "update", "__setitem__", "__setattr__"),
        *("appendleft", "extendleft", "setitem", "setattr", "iadd", "iconcat"),
        *("ior", "__iadd__", "__ior__", "heappush", "insort", "insort_left", "insort_right"),
    )
)
_LOOKING = frozenset(
    (
        *("BINARY_SUBSCR", "CONTAINS_OP", "get", "setdefault", "__getitem__", "__contains__"),
        *("COMPARE_OP", "getitem", "contains", "getattr", "hasattr", "index", "pop"),
    )
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
