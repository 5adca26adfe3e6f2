"""What a function may do beside calculating: keep values from call to call, or read text.

As in `reach`, code is read, not run, and what cannot be told from it counts as done.
"""

from __future__ import annotations

import collections
import functools
import inspect
import math
import types
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..pair import Function
from .instructions import (
    COMMON,
    CONTAINERS,
    DATA,
    NULL,
    UNKNOWN,
    Mark,
    Step,
    called_by,
    cells_of,
    defaults_of,
    followed,
    has_code_that_stays,
    home_of,
    parts_of,
    value_of_name,
)
from .lift import Cached, is_left_alone
from .made import Made, made_of
from .parts import fixed_parts, is_bound, within


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
    if not made.is_whole:
        return True
    if len(_KNOWN) > _MOST_KNOWN:
        _KNOWN.clear()
    _, known = _KNOWN.setdefault(made.key, (made.codes, {}))
    if kinds not in known:
        f = inspect.unwrap(made.f, stop=lambda layer: _layer_may(layer, made.given, kinds))
        known[kinds] = _layer_may(f, made.given, kinds)
    return known[kinds]


def _layer_may(f: Any, given: Sequence[Any], kinds: tuple[frozenset[str], ...]) -> bool:
    f = getattr(f, "__func__", f)
    if isinstance(f, types.FunctionType):
        return all(_Search(kind).finds_in(f, *given) for kind in kinds)
    is_mere_layer = hasattr(f, "__wrapped__") and (
        is_left_alone(home := type(f).__module__) or home.partition(".")[0] == _DUALAD
    )
    if is_mere_layer or isinstance(f, np.ufunc):
        return bool(given) and all(_Search(kind).finds_in(*given) for kind in kinds)
    return True


# -- what a function does with what it loads -------------------------------------------------


class _Variable:
    """A variable on the stack, and all that code stores in it."""

    def __init__(self) -> None:
        self.values: list[Any] = []


class _Part:
    """An element of a known container, whose functions have been read with it."""

    def __init__(self, of: Any) -> None:
        self.of = of


class _Method:
    """A method of something."""

    def __init__(self, name: str) -> None:
        self.name = name


def _values(x: Any) -> list[Any]:
    """All that something on the stack may be."""
    if type(x) is not _Variable:
        return [x]
    met, values = {id(x)}, []
    left = list(x.values)
    for value in left:
        if type(value) is not _Variable:
            values.append(value)
        elif id(value) not in met:
            met.add(id(value))
            left += value.values
    return values or [UNKNOWN]


def _is_fresh(x: Any) -> bool:
    """Whether nothing else holds it."""
    return all(value is FRESH or value is CONSTANT for value in _values(x))


class _Doing:
    """What a function loads, and its instructions with what they take.

    The code of functions made there belongs to it.

    Attributes
    ----------
    loaded : list
        What it finds by name, as far as that is known.
    steps : list of tuple
        Its instructions, each with what it takes from the stack.
    """

    def __init__(self, f: types.FunctionType) -> None:
        self.loaded: list[Any] = [*defaults_of(f)]
        self.steps: list[tuple[Step, list[Any]]] = []
        self.cells = cells_of(f)
        self._names = f.__globals__
        self._variables: dict[Any, _Variable] = {}
        self._follow(f.__code__)

    def _follow(self, code: types.CodeType) -> None:
        for name in _parameters_of(code):
            for variable in (self._local(code, name), self._cell(name)):
                variable.values.append(UNKNOWN)
        for step, taken in followed(code, functools.partial(self._left, code)):
            self.steps.append((step, taken))
            if step.op in ("STORE_FAST", "STORE_DEREF"):
                is_local = step.op == "STORE_FAST"
                variable = self._local(code, step.argval) if is_local else self._cell(step.argval)
                variable.values += taken or [UNKNOWN]
            elif step.op == "LOAD_CONST" and isinstance(step.argval, types.CodeType):
                self._follow(step.argval)

    def _local(self, code: types.CodeType, name: str) -> _Variable:
        return self._variables.setdefault((code, name), _Variable())

    def _cell(self, name: str) -> _Variable:
        """A variable that functions made here have in common."""
        return self._variables.setdefault(name, _Variable())

    def _left(self, code: types.CodeType, step: Step, taken: list[Any]) -> Any:
        """What an instruction leaves on top."""
        op, name = step.op, step.argval
        top = taken[-1] if taken else UNKNOWN
        if op == "LOAD_FAST":
            return self._local(code, name)
        if op in _LOADING_CELLS and name not in self.cells:
            return self._cell(name)
        if op in _LOADING or op in _LOADING_CELLS:
            is_cell = op in _LOADING_CELLS
            return self._known(self.cells[name] if is_cell else value_of_name(name, self._names))
        if op in _GETTING:
            if isinstance(top, types.ModuleType):
                return self._known(vars(top).get(name, UNKNOWN))
            return _Method(name)
        if op == "LOAD_CONST":
            return name if isinstance(name, types.CodeType) else CONSTANT
        if op in _MAKING:
            return top  # the code
        if op in ("BEFORE_WITH", "LOAD_SPECIAL"):  # of a manager, which has been made by name
            return _Method("__exit__")
        if op in ("LOAD_ASSERTION_ERROR", "LOAD_COMMON_CONSTANT"):
            return AssertionError
        if op == "UNPACK_SEQUENCE":
            return CONSTANT if top is CONSTANT else UNKNOWN
        if op == "BINARY_SUBSCR" and taken and type(taken[0]) in CONTAINERS:
            return _Part(taken[0])
        if op == "BINARY_OP" and step.text.endswith("="):
            return taken[0] if len(taken) == 2 else UNKNOWN
        if op in ("CALL", "CALL_KW"):
            return _Call.made(step, taken).result()
        return FRESH if op in _NEW else UNKNOWN

    def _known(self, x: Any) -> Any:
        self.loaded.append(x)
        return x


def _parameters_of(code: types.CodeType) -> Sequence[str]:
    n = code.co_argcount + code.co_kwonlyargcount
    n += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[:n]


class _Call(NamedTuple):
    """A call: what it calls, and what it hands on."""

    f: Any
    given: list[Any]  # by position
    by_name: dict[str, Any]
    is_starred: bool = False
    has_names: bool = False

    @classmethod
    def made(cls, step: Step, taken: list[Any]) -> _Call:
        f, given = called_by(step, taken)
        n = len(given) - len(step.keywords)
        return cls(f, given[:n], dict(zip(step.keywords, given[n:], strict=True)))

    @classmethod
    def starred(cls, taken: list[Any]) -> _Call:
        """One with stars, of whose arguments it is not known what they are."""
        f, *others = [x for x in taken if x is not NULL] or [UNKNOWN]
        return cls(f, [], {}, True, len(others) > 1)

    def hands_output_to(self, f: Any) -> bool:
        """Whether it hands a function something to write to that was not made here."""
        if type(f) is _Part:
            return any(map(self.hands_output_to, parts_of(f.of)))
        place = _place_of_output(f)
        if self.is_starred:
            return place is not None and (place < _BY_NAME or self.has_names)
        if f is map and self.given:
            call = self._replace(f=self.given[0], given=[UNKNOWN] * (len(self.given) - 1))
            return any(map(call.hands_output_to, _values(call.f)))
        return not all(map(_is_fresh, self.outputs(place)))

    def outputs(self, place: int | None) -> list[Any]:
        """What a function is handed for its output, which it takes there."""
        by_position = [] if place is None else self.given[place : place + 1]
        return by_position + [self.by_name[name] for name in _OUTPUTS & self.by_name.keys()]

    def result(self) -> Any:
        """What it gives: FRESH if nothing else holds it."""
        f = self.f
        if isinstance(f, types.CodeType):
            is_new = f.co_name in ("<listcomp>", "<setcomp>", "<dictcomp>")
        elif type(f) is _Method:
            is_new = f.name in ("copy", "tolist")
        elif isinstance(f, type) and _root_of(f) in _MAKING_FUNCTIONS:
            return _Method("__call__")
        else:
            is_maker = isinstance(f, np.ufunc) or any(f is maker for maker in _MAKERS)
            is_new = is_maker and "copy" not in self.by_name
            is_new = is_new and not self.outputs(_place_of_output(f))
        return FRESH if is_new else UNKNOWN


def _root_of(f: Any) -> str:
    return str(f.__module__).partition(".")[0]


class _Search:
    """Looks for instructions and methods of one kind, in functions and in what these call."""

    def __init__(self, what: frozenset[str]) -> None:
        self.what = what
        self.seen: set[Any] = set()

    def finds_in(self, *parts: Any) -> bool:
        """Whether something does it if it is called, as far as can be told."""
        return any(map(self.is_found, parts))

    def _is_found_in(self, f: types.FunctionType) -> bool:
        if f in self.seen:
            return False
        self.seen.add(f)
        if has_code_that_stays(f):  # as that of contextlib around a generator
            return self.finds_in(*_called_by_package(f))
        doing = _Doing(f)
        return self.finds_in(*doing.loaded) or any(
            self._is_done(step, taken, doing.cells) for step, taken in doing.steps
        )

    def _is_done(self, step: Step, taken: list[Any], cells: dict[str, Any]) -> bool:
        """Whether an instruction does it."""
        op = step.op
        if op in self.what:
            return not (op == "BINARY_SUBSCR" and taken and taken[-1] is CONSTANT)
        if op in _CALLING:
            return self._is_called(step, taken)
        if op in _GETTING:
            owners = _values(taken[-1] if taken else UNKNOWN)
            return any(self._is_method(owner, step.argval) for owner in owners)
        if op == "STORE_DEREF":
            return step.argval in cells
        if self.what is not _WRITING:
            return False
        if op in _PLACE_OF_CONTAINER:
            place = _PLACE_OF_CONTAINER[op]
            return len(taken) < place or not _is_fresh(taken[-place])
        is_in_place = op == "BINARY_OP" and step.text.endswith("=")
        return is_in_place and type(taken[0]) is _Variable and not _is_fresh(taken[0])

    def _is_called(self, step: Step, taken: list[Any]) -> bool:
        """Whether a call does it, beside what the code of its function does."""
        call = _Call.starred(taken) if step.op == "CALL_FUNCTION_EX" else _Call.made(step, taken)
        functions = _values(call.f)
        if any(f is UNKNOWN or f is FRESH or f is CONSTANT for f in functions):
            return True
        return self.what is _WRITING and any(map(call.hands_output_to, functions))

    def _is_method(self, owner: Any, name: str) -> bool:
        """Whether a method of something may do it."""
        if isinstance(owner, types.ModuleType):
            return name not in vars(owner) or self.is_found(vars(owner)[name])
        if self.what is _WRITING and not _is_fresh(owner):
            return not (name in _WRITING_NOTHING or self._is_harmless(owner, name))
        return name in self.what or not (name in COMMON or self._is_harmless(owner, name))

    def _is_harmless(self, x: Any, name: str) -> bool:
        """Whether a method of something known neither reads text nor keeps values: a logger's."""
        home = type(x).__module__
        if isinstance(x, types.CodeType) or type(x) in _ON_STACK or not is_left_alone(home):
            return False
        if not hasattr(type(x), name):  # a function that was stored in it
            return False
        return not _reads(type(x)) if self.what is _READING else home == "logging"

    def is_found(self, x: Any) -> bool:
        """Whether something does it if it is called, as far as can be told."""
        kind = type(x)
        if self.what is _WRITING and callable(x) and _writes(x):
            return True
        if kind is types.FunctionType:
            return self._is_found_in(x) or (self.what is _READING and _reads(x))
        if kind is types.MethodType or kind is functools.partial:
            keywords = x.keywords if kind is functools.partial else ()
            writes = self.what is _WRITING and not _OUTPUTS.isdisjoint(keywords)
            return writes or self.finds_in(*fixed_parts(x))
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
            return self.finds_in(*parts_of(x))
        if isinstance(x, (Mark, types.ModuleType)) or kind in DATA:
            return False
        if (inner := within(x)) is not None:
            return self.is_found(inner)
        if self.what is _LOOKING and not _acts(kind):
            return False
        return not is_left_alone(home_of(x)) or (self.what is _READING and _reads(x))


def _called_by_package(f: types.FunctionType) -> Sequence[Any]:
    """What a function of a package calls: what it is wrapped around, and what it chooses from."""
    inner = getattr(f, "__wrapped__", None)
    registry = getattr(f, "registry", None)  # of functools.singledispatch
    chosen = registry.values() if isinstance(registry, types.MappingProxyType) else ()
    return [x for x in (inner, *chosen) if x is not None]


def _place_of_output(f: Any) -> int | None:
    """How many arguments of a package's function come before that which it writes to, if any."""
    if type(f) is functools.partial:
        place = _place_of_output(f.func)
        return place if place is None else max(0, place - len(f.args))
    if type(f) is _Method:
        place = _place_of_output(getattr(np, f.name, None))
        return place if place is None else max(0, place - 1)
    if isinstance(f, np.ufunc):
        return f.nin
    is_read = type(f) is types.FunctionType and not has_code_that_stays(f)
    return None if is_read or type(f) not in _WITH_OUTPUT else _place_in_signature(f)


@functools.lru_cache(1000)
def _place_in_signature(f: Any) -> int | None:
    try:
        parameters = inspect.signature(f).parameters.values()
    except ValueError:  # as of functions in C
        return None
    for place, parameter in enumerate(parameters):
        if parameter.name in _OUTPUTS:
            return _BY_NAME if parameter.kind is parameter.KEYWORD_ONLY else place
    return None


def _writes(x: Any) -> bool:
    """Whether a function of a package, or an object that is called, may write to what it is given.

    It may unless it is known that it does not.
    """
    name = getattr(x, "__name__", "")
    if type(x).__name__ == "fortran":  # of BLAS and LAPACK
        return True
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
FRESH = Mark()  # what nothing else holds: a number, or a list or an array that the code has made
CONSTANT = Mark()  # a number or a text that stands in the code
_ON_STACK = (Mark, _Variable, _Part, _Method)
_LOADING = ("LOAD_GLOBAL", "LOAD_NAME")
_LOADING_CELLS = ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF")
_GETTING = ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR")
_CALLING = ("CALL", "CALL_KW", "CALL_FUNCTION_EX")
_MAKING = ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE")
_NEW = (
    *("BINARY_OP", "COMPARE_OP", "CONTAINS_OP", "IS_OP", "UNARY_NEGATIVE", "UNARY_NOT"),
    *("BUILD_LIST", "BUILD_MAP", "BUILD_SET", "BUILD_TUPLE", "BUILD_CONST_KEY_MAP"),
    *("BUILD_STRING", "FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC"),
)
_OUTPUTS = frozenset(("out", "output"))
_BY_NAME = 1000  # for what a function takes by its name alone
_MAKING_FUNCTIONS = ("numpy", "scipy", "mpmath")  # whose objects write to nothing if called
_WITH_OUTPUT = (types.FunctionType, types.BuiltinFunctionType, type(np.mean))
_MAKERS = (
    *(np.zeros, np.ones, np.empty, np.full, np.zeros_like, np.ones_like, np.empty_like),
    *(np.full_like, np.linspace, np.arange, np.eye, np.identity, np.copy, np.array, np.where),
    *(np.concatenate, np.stack, np.hstack, np.vstack, np.column_stack, np.tile, np.repeat),
    *(np.dot, np.outer, np.sum, np.cumsum, math.sqrt, math.exp, math.log, abs, float, int, len),
    *(list, dict, set, sorted, collections.deque, collections.defaultdict, collections.Counter),
    *(collections.OrderedDict,),
)
_PLACE_OF_CONTAINER = {"STORE_SUBSCR": 2, "DELETE_SUBSCR": 2, "STORE_SLICE": 3}
_SHOWING = frozenset(("__init__", "__new__", "__str__", "__repr__", "__format__"))
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
        "nan_to_num",  # which may replace nan where it stands
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
