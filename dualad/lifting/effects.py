"""What a function may do beside calculating: keep values from call to call, or read text.

As in `reach`, code is read, not run, and what cannot be told from it counts as done.
"""

from __future__ import annotations

import collections
import dis
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
    FRESH,
    NULL_COMES_LAST,
    UNKNOWN,
    Mark,
    cells_of,
    defaults_of,
    followed,
    has_code_that_stays,
    home_of,
    instructions,
    last_of,
    parts_of,
    value_of_name,
)
from .lift import Cached, is_left_alone
from .made import Made, is_bound, made_of, within


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


def _parameters_of(code: types.CodeType) -> set[str]:
    n = code.co_argcount + code.co_kwonlyargcount
    n += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return set(code.co_varnames[:n])


def _functions_made_in(code: types.CodeType) -> set[str]:
    """The local variables that only ever stand for functions made here, whose code is read."""
    made: set[str] = set()
    others = _parameters_of(code)
    last = ""
    for step, op in instructions(code):
        if "STORE_FAST" in op or op == "STORE_DEREF":
            is_one = last in _MAKING and isinstance(step.argval, str)
            names = (step.argval,) if isinstance(step.argval, str) else step.argval
            (made if is_one else others).update(names)
        last = op
    return made - others


def _fresh_in(code: types.CodeType, names: dict[str, Any]) -> set[str]:
    """The local variables that only ever stand for what is made here: lists, arrays and numbers."""
    fresh: set[str] = set()
    others = _parameters_of(code)
    for step, op, stack in followed(code, _Leaving(names, set())):
        if op == "STORE_FAST":
            top = stack[-1] if stack else UNKNOWN
            if not (type(top) is _Local and top == step.argval):  # as y += x leaves it
                (fresh if top is FRESH else others).add(step.argval)
        elif "STORE_FAST" in op or op == "DELETE_FAST":
            others.update((step.argval,) if isinstance(step.argval, str) else step.argval)
    return fresh - others


class _Local(str):
    """A local variable on the stack, by its name."""


class _Leaving:
    """What instructions leave on the stack, as far as it matters for what is written to."""

    def __init__(self, names: dict[str, Any], fresh: set[str]) -> None:
        self.names, self.fresh = names, fresh

    def __call__(self, step: dis.Instruction, op: str, taken: list[Any]) -> Any:
        if op.startswith("LOAD_FAST"):
            return FRESH if step.argval in self.fresh else _Local(step.argval)
        if op in ("LOAD_GLOBAL", "LOAD_NAME"):
            return value_of_name(step.argval, self.names)
        if op in ("LOAD_ATTR", "LOAD_METHOD"):
            if taken and isinstance(taken[-1], types.ModuleType):
                return vars(taken[-1]).get(step.argval, UNKNOWN)
            return _COPIES if step.argval in ("copy", "tolist") else UNKNOWN
        if op == "LOAD_CONST" and isinstance(step.argval, types.CodeType):
            return step.argval
        if op == "MAKE_FUNCTION":
            return taken[-1] if taken else UNKNOWN
        if op == "BINARY_OP" and step.argrepr.endswith("="):
            return taken[0] if len(taken) == 2 else UNKNOWN
        if op == "CALL":
            return FRESH if _makes(_callee(taken, step.arg or 0)) else UNKNOWN
        return FRESH if op in _NEW else UNKNOWN


def _callee(stack: list[Any], n: int) -> Any:
    """What a call of n arguments calls; beside it lies NULL, or the object of a method."""
    pair = stack[max(0, len(stack) - n - 2) : len(stack) - n]
    return next((x for x in reversed(pair) if x is not UNKNOWN), UNKNOWN)


def _makes(f: Any) -> bool:
    """Whether what a function gives is held by nothing else."""
    if isinstance(f, types.CodeType):
        return f.co_name in ("<listcomp>", "<setcomp>", "<dictcomp>")
    return f is _COPIES or any(f is maker for maker in _MAKERS)


def _writes_elsewhere(code: types.CodeType, leaving: _Leaving) -> bool:
    """Whether elements are set of what was not made here, or a ufunc is handed its output."""
    if any(type(c) is tuple and "out" in c for c in code.co_consts):  # by name
        return True
    for step, op, stack in followed(code, leaving):
        if op in _PLACE_OF_CONTAINER:
            place = _PLACE_OF_CONTAINER[op]
            if len(stack) < place or stack[-place] is not FRESH:
                return True
        elif op == "CALL":
            f = _callee(stack, n := step.arg or 0)
            if isinstance(f, np.ufunc) and n > f.nin:
                return True
    return False


def _joined_in(code: types.CodeType) -> set[str]:
    """The local variables to which += or |= may add what stays: not those for what is made here."""
    made_here: set[str] = set()
    others = _parameters_of(code)
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
        fresh: set[str] = set()
        if self.what is _WRITING:
            fresh = _fresh_in(code, self.names)
            if _joined_in(code) - fresh or _writes_elsewhere(code, _Leaving(self.names, fresh)):
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
                elif self.may_do(x, name):
                    return True
            elif "LOAD_FAST" in op or op == "LOAD_DEREF":
                local = last_of(name)
                x = FRESH if local in fresh else None if local in self.made else UNKNOWN
                if follows_null and x is UNKNOWN:
                    return True
            elif op not in _MAKING:
                x = UNKNOWN
            follows_null = False
            if self.is_found(x):
                return True
        return False

    def may_do(self, x: Any, name: str) -> bool:
        """Whether a method of something may do it."""
        if self.what is _WRITING and x is not FRESH:
            return not (name in _WRITING_NOTHING or self.is_harmless(x))
        return name in self.what or not (name in COMMON or self.is_harmless(x))

    def is_harmless(self, x: Any) -> bool:
        """Whether the methods of something known neither read text nor keep values: a logger's."""
        home = type(x).__module__
        if x is None or isinstance(x, Mark) or not is_left_alone(home):
            return False
        return not _reads(type(x)) if self.what is _READING else home == "logging"

    def is_found(self, x: Any) -> bool:
        """Whether something does it if it is called, as far as can be told."""
        kind = type(x)
        if self.what is _WRITING and callable(x) and _writes(x):
            return True
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
        if isinstance(x, (Mark, types.ModuleType)) or kind in DATA:
            return False
        if self.what is _WRITING and (inner := within(x)) is not None:
            return self.is_found(inner)
        if self.what is _LOOKING and not _acts(kind):
            return False
        return not is_left_alone(home_of(x)) or (self.what is _READING and _reads(x))


def _writes(x: Any) -> bool:
    """Whether a function of a package, or an object that is called, may write to what it is given.

    It may unless it is known that it does not.
    """
    name = getattr(x, "__name__", "")
    if isinstance(x, types.FunctionType) and not has_code_that_stays(x):
        return False  # its code is read
    if isinstance(x, np.ufunc):
        return x.types == ["O" * x.nin + "->" + "O" * x.nout]  # as np.frompyfunc makes it
    home = getattr(x, "__module__", None)
    if type(x) in _OF_OBJECTS and is_bound(x):
        home = type(x.__self__).__module__
        return name not in _WRITING_NOTHING and home not in _GENERATORS
    if type(x) in _OF_CLASSES:
        return name not in _WRITING_NOTHING
    if isinstance(x, type):
        return False  # what it makes is new
    home = str(home or type(x).__module__)
    if not is_left_alone(home):
        return False  # the methods of its class are read
    return name in _WRITERS or home.partition(".")[0] not in _NO_WRITERS


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
_DUALAD = __name__.partition(".")[0]
_MAKING = ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE")
_NEW = (
    *("LOAD_CONST", "LOAD_SMALL_INT", "BINARY_OP", "UNARY_NEGATIVE", "COMPARE_OP"),
    *("BUILD_LIST", "BUILD_MAP", "BUILD_SET", "LIST_EXTEND"),
)
_COPIES = Mark()  # a method that gives a copy
_MAKERS = (
    *(np.zeros, np.ones, np.empty, np.full, np.zeros_like, np.ones_like, np.empty_like),
    *(np.full_like, np.linspace, np.arange, np.eye, np.identity, np.copy),
    *(list, dict, set, sorted, collections.deque, collections.defaultdict, collections.Counter),
    *(collections.OrderedDict,),
)
_PLACE_OF_CONTAINER = {"STORE_SUBSCR": 2, "DELETE_SUBSCR": 2, "STORE_SLICE": 3}
_CONSTANT = ("LOAD_CONST", "LOAD_SMALL_INT")
_SHOWING = frozenset(("__init__", "__new__", "__str__", "__repr__", "__format__"))
_JOINING = ("+=", "|=")
_BUILT = (types.BuiltinMethodType, types.MethodWrapperType, types.WrapperDescriptorType)
_DOING_BY_NAME = ("_operator", "builtins")  # whose functions do as methods of these names
_OF_OBJECTS = (types.BuiltinMethodType, types.MethodWrapperType)
_OF_CLASSES = (types.MethodDescriptorType, types.WrapperDescriptorType)
_GENERATORS = ("random", "numpy.random._generator", "numpy.random.mtrand")  # keep no values
_WRITING = frozenset(("STORE_ATTR", "STORE_GLOBAL", "IMPORT_NAME", "DELETE_ATTR", "DELETE_GLOBAL"))
# Methods that write to nothing: all of what cannot be written to, and these.
_WRITING_NOTHING = {
    name
    for kind in (float, complex, int, str, bytes, tuple, frozenset)
    for name in {*dir(kind)} - {"__init__", "__setattr__", "__delattr__"}
    if name.startswith("__") or not any(hasattr(x, name) for x in (list, dict, set, np.ndarray))
} | {
    *("count", "index", "union", "difference", "intersection", "symmetric_difference"),
    *("issubset", "issuperset", "isdisjoint"),
    *("keys", "values", "items", "get", "fromkeys", "__getitem__", "__contains__", "__missing__"),
    *("T", "all", "any", "argmax", "argmin", "argpartition", "argsort", "astype", "base", "choose"),
    *("clip", "compress", "conj", "conjugate", "copy", "cumprod", "cumsum", "diagonal", "dot"),
    *("dtype", "flags", "flat", "flatten", "imag", "item", "itemsize", "mT", "max", "mean", "min"),
    *("nbytes", "ndim", "newbyteorder", "nonzero", "prod", "ptp", "ravel", "real", "repeat"),
    *("reshape", "round", "searchsorted", "shape", "size", "squeeze", "std", "strides", "sum"),
    *("swapaxes", "take", "tobytes", "tolist", "tostring", "trace", "transpose", "var", "view"),
    *("primal", "tangent", "level", "__array__", "__array_ufunc__", "__array_function__"),
}
# Packages whose functions write to nothing that they are given, but for the writers.
_NO_WRITERS = frozenset(
    (
        *("builtins", "math", "cmath", "operator", "_operator", "itertools", "functools"),
        *("_functools", "collections", "_collections", "bisect", "_bisect", "heapq", "_heapq"),
        *("copy", "statistics", "fractions", "decimal", "numbers", "random", "time", "typing"),
        *("_typing", "types", "enum", "abc", "_abc", "dataclasses", "contextlib", "warnings"),
        *("_warnings", "logging", "string", "re", "sys", "numpy", "scipy", "mpmath", "pytest"),
        *("_io", _DUALAD),
    )
)
_WRITERS = frozenset(
    (
        *("setattr", "delattr", "exec", "eval", "__import__", "setitem", "delitem", "methodcaller"),
        *("call", "iadd", "iand", "iconcat", "ifloordiv", "ilshift", "imatmul", "imod", "imul"),
        *("ior", "ipow", "irshift", "isub", "itruediv", "ixor", "heappush", "heappop", "heapify"),
        *("heappushpop", "heapreplace", "insort", "insort_left", "insort_right", "shuffle"),
        *("copyto", "put", "putmask", "place", "fill_diagonal", "put_along_axis", "memmove"),
        *("_heapify_max", "_heappop_max", "_heapreplace_max", "set_state", "__setattr__"),
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
