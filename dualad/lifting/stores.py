"""Where a function keeps values from call to call: containers, attributes and variables around it.

As in `effects`, code is read, not run. A store can be emptied and filled again as it was, so that
f can be asked what it gives where it has kept nothing.
"""

from __future__ import annotations

import collections
import dis
import functools
import math
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import numpy as np

from ..pair import Function, Pair
from .effects import JOINING, NO_READERS, WRITING
from .instructions import (
    CONTAINERS,
    DATA,
    NULL_COMES_LAST,
    cells_of,
    has_code_that_stays,
    instructions,
    parts_of,
    value_of_name,
)
from .lift import Cached, is_left_alone

MOST_VISITED = 2000
MOST_STORES = 24
MOST_PARTS = 1_000_000  # of a container that is emptied

# -- what is emptied -----------------------------------------------------------------------


class Store:
    """What f may keep values in.

    Attributes
    ----------
    ways : sequence of callable
        Each empties it, as one that has not been filled yet may look.
    empty : callable
        One of them.
    """

    def __init__(self, *ways: Callable[[], None]) -> None:
        self.ways, self.empty = ways, ways[0]

    def is_filled(self) -> bool:
        """Whether anything was written since it was emptied."""
        raise NotImplementedError

    def restore(self) -> None:
        """Let it be as it was found."""
        raise NotImplementedError

    def leaves_in(self, error: Exception) -> bool:
        """Whether it is from now on to be emptied of all but what this error was about."""
        return False


@contextmanager
def emptied(stores: Sequence[Store]) -> Iterator[None]:
    """Let these be empty for some time."""
    try:
        for store in stores:
            store.empty()
        yield
    finally:
        for store in stores:
            store.restore()


class _Container(Store):
    """A dict, a set, a list or a deque, which is empty at first, or holds marks."""

    def __init__(self, parts: Any) -> None:
        self.parts = parts
        self.kind: Any = next(kind for kind in _KINDS if isinstance(parts, kind))
        self.found: Any = self.kind.copy(parts)
        self.left: Any = self.kind()
        ways: list[Callable[[], None]] = [self.clear]
        if self.kind is list:
            ways += [partial(self.put, [mark] * len(parts)) for mark in _marks(self.found)]
        elif isinstance(parts, dict) and len(parts) <= MOST_STORES:
            ways.append(partial(self.put, dict.fromkeys(parts)))
        super().__init__(*ways)

    def clear(self) -> None:
        self.put(self.left)

    def put(self, content: Any) -> None:
        self.left = content
        self.kind.clear(self.parts)
        (self.kind.extend if self.kind in _IN_ORDER else self.kind.update)(self.parts, content)

    def is_filled(self) -> bool:
        if len(self.parts) != len(self.left):
            return len(self.parts) > len(self.left)
        pairs: Any = ()
        if isinstance(self.parts, dict):
            pairs = ((dict.get(self.parts, key), x) for key, x in self.left.items())
        elif self.kind is list:
            pairs = zip(list.copy(self.parts), self.left, strict=True)
        return any(x is not y for x, y in pairs)

    def restore(self) -> None:
        left = self.left
        self.put(self.found)
        self.left = left

    def leaves_in(self, error: Exception) -> bool:
        if not isinstance(self.parts, dict) or not isinstance(error, (KeyError, AttributeError)):
            return False
        key = error.name if isinstance(error, AttributeError) else [*error.args, None][0]
        try:
            is_new = key in self.found and key not in self.left
        except TypeError:  # it has no hash
            return False
        if is_new:
            self.left[key] = self.found[key]
        return is_new


def _marks(found: Any) -> list[Any]:
    """What may stand in a list where nothing has been put yet."""
    numbers = [x for x in found if type(x) in (bool, int, float)]
    marks = [None, *(m for m in (False, 0.0, -1, math.inf) if m in numbers)]
    if any(x != x for x in numbers):
        marks.append(math.nan)
    times = collections.Counter(map(id, found))
    return [*marks, next(x for x in found if times[id(x)] == max(times.values()))]


_IN_ORDER = (list, collections.deque)
_KINDS = (collections.OrderedDict, dict, set, *_IN_ORDER)


class _Array(Store):
    """An array, whose elements are nan or another mark at first."""

    def __init__(self, array: Any) -> None:
        self.array, self.found = array, array.copy()
        marks: list[Any] = [False]
        if array.dtype.kind in "fc":
            marks = [math.nan, *(m for m in (0.0, -1.0, math.inf) if m in array)]
        elif array.dtype.kind == "O":
            marks = [None]
        super().__init__(*(partial(self.mark, mark) for mark in marks))

    def mark(self, mark: Any) -> None:
        self.array[...] = mark
        self.left = self.array.copy()

    def is_filled(self) -> bool:
        now, left = self.array, self.left
        return not np.all((now == left) | ((now != now) & (left != left)))

    def restore(self) -> None:
        self.array[...] = self.found


class Variable(Store):
    """An attribute, or a variable around f, which is None at first, or an empty container."""

    def __init__(self, now: Callable[[], Any], put: Callable[[Any], None]) -> None:
        self.now, self.put = now, put
        self.found = now()
        kind = type(self.found)
        ways = [partial(self.set, (None,) * len(self.found) if kind is tuple else None)]
        if kind in CONTAINERS and kind is not tuple:
            ways.append(partial(self.set, kind()))
        super().__init__(*ways)

    def set(self, nothing: Any) -> None:
        self.nothing = nothing
        self.put(nothing)

    def is_filled(self) -> bool:
        return self.now() is not self.nothing

    def restore(self) -> None:
        self.put(self.found)


class _Memo(Store):
    """A function under a cache, by the name of which another stands that has not been called."""

    def __init__(self, now: Callable[[], Any], put: Callable[[Any], None]) -> None:
        self.now, self.put = now, put
        self.found = now()
        super().__init__(self.renew)

    def renew(self) -> None:
        fresh = functools.lru_cache(**self.found.cache_parameters())
        self.put(fresh(self.found.__wrapped__))

    def is_filled(self) -> bool:
        return bool(self.now().cache_info().currsize)

    def restore(self) -> None:
        self.put(self.found)


# -- where f writes ------------------------------------------------------------------------


class _Writes:
    """The names of what code writes into, and of what it sets."""

    def __init__(self) -> None:
        self.into: set[str] = set()
        self.joined: set[str] = set()  # by +=, which may be numbers
        self.of_calls: set[str] = set()  # into what these have given
        self.attributes: set[str] = set()
        self.variables: set[str] = set()
        self.aliases: set[str] = set()  # variables that stand for what is not made here
        self.made: set[str] = set()  # variables of functions that are made here
        self.is_unknown = False  # whether it writes into anything else

    def read(self, code: types.CodeType) -> None:
        """Follow names on the stack, as far as that is simple."""
        names: dict[str, Any] = {}  # what local variables stand for
        stack: list[Any] = []
        self.made.update(set(code.co_cellvars) - set(_parameters_of(code)))
        elsewhere: dict[int, list[Any]] = {}  # the stack where code goes on after a jump
        is_reached = True
        for step, op in instructions(code):
            if not is_reached or (step.is_jump_target and step.offset in elsewhere):
                stack, is_reached = elsewhere.get(step.offset, []), True
            name = step.argval
            if isinstance(name, types.CodeType):
                self.read(name)
            if op in ("STORE_SUBSCR", "STORE_SLICE"):
                self.note(_at(stack, 2 if op == "STORE_SUBSCR" else 3))
            elif op == "BINARY_OP" and step.argrepr in JOINING:
                self.note(_at(stack, 2), self.joined)
            elif op in ("LOAD_METHOD", "LOAD_ATTR") and name in WRITING - _INTO_FIRST:
                self.note(_at(stack, 1))
                self.is_unknown |= _at(stack, 1) in _CLASSES  # of an argument
            elif op == "CALL" and not _INTO_FIRST.isdisjoint(_callee(step, op, stack)):
                self.note(_at(stack, step.arg or 1))
            elif op == "STORE_ATTR" and code.co_name not in _MAKING:
                self.attributes.add(name)
                self.is_unknown |= _at(stack, 1) is None
            elif op in ("STORE_GLOBAL", "STORE_DEREF"):
                self.variables.add(name)
                if not _is_made_here(_at(stack, 1)):
                    self.aliases.add(name)
            elif op == "IMPORT_NAME":
                self.is_unknown = True
            if "STORE_FAST" in op:
                first = name if isinstance(name, str) else name[0]
                names[first] = _at(stack, 1)
            pushed = _pushed(step, op, stack, names)
            popped = len(pushed) - _effect(step, op)
            stack = [*stack[: max(0, len(stack) - popped)], *pushed]
            if step.opcode in _JUMPS and isinstance(name, int) and name > step.offset:
                elsewhere.setdefault(name, list(stack))
            is_reached = op not in _ENDS and not op.startswith(("JUMP_FORWARD", "JUMP_BACKWARD"))

    def note(self, label: Any, into: set[str] | None = None) -> None:
        if type(label) is _Given:
            self.of_calls.add(label.by)
            self.is_unknown |= label.by == "super"
        elif label is None:
            self.is_unknown = True
        else:
            (self.into if into is None else into).add(label)


class _Given:
    """What a call has given, or what is made here."""

    def __init__(self, by: str) -> None:
        self.by = by


_HERE = _Given("list")


def _is_made_here(label: Any) -> bool:
    return type(label) is _Given and label.by in _MAKERS


def _part_of(label: Any) -> Any:
    """Parts go by the name of the whole; those of what is made here may come from anywhere."""
    return label if type(label) is str else None


def _at(stack: list[Any], place: int) -> Any:
    """What is at a place of the stack, from the top."""
    return stack[-place] if place <= len(stack) else None


def _pushed(step: dis.Instruction, op: str, stack: list[Any], names: dict[str, Any]) -> list[Any]:
    """What an instruction leaves on the stack: names of what is around f, None if unknown."""
    name, effect = step.argval, _effect(step, op)
    if op in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF"):
        return [name] if effect == 1 else [name, None] if NULL_COMES_LAST else [None, name]
    if "STORE_FAST" in op:
        return [names.get(name[1], name[1])] if op == "STORE_FAST_LOAD_FAST" else []
    if "LOAD_FAST" in op:
        each = (name,) if isinstance(name, str) else name
        return [names.get(n, n) for n in each]
    if op in ("LOAD_ATTR", "LOAD_METHOD"):
        return [name] if effect == 0 else [name, None]
    if op == "COPY":
        return [_at(stack, name)]
    if op == "SWAP" and 1 < name <= len(stack):
        return [stack[-1], *stack[1 - name : -1], stack[-name]]
    if op in ("CALL", "CALL_KW"):
        callee = _callee(step, op, stack)
        return [_Given(callee[0]) if callee and type(callee[0]) is str else _at(callee, 1)]
    if op == "BINARY_OP" and step.argrepr in JOINING:
        return [_at(stack, 2)]
    if op == "BINARY_SUBSCR":
        return [_part_of(_at(stack, 2))]
    if op in ("GET_ITER", "FOR_ITER", "UNPACK_SEQUENCE"):
        return [_part_of(_at(stack, 1))] * (1 if op != "UNPACK_SEQUENCE" else effect + 1)
    if op.startswith(_MAKING_HERE):
        return [_HERE]
    return [None] * max(0, effect)


def _callee(step: dis.Instruction, op: str, stack: list[Any]) -> list[Any]:
    """What is called, and what comes with it, as far as these are known."""
    return [x for x in stack[_effect(step, op) - 1 :][:2] if x is not None]


def _effect(step: dis.Instruction, op: str) -> int:
    if op in ("CALL", "CALL_KW"):
        return -(step.arg or 0) - 1 - (op == "CALL_KW")
    if op == "SWAP":
        return 0
    has_arg = step.opcode >= dis.HAVE_ARGUMENT
    return dis.stack_effect(step.opcode, step.arg if has_arg else None, jump=False)


_MAKING_HERE = (
    *("LOAD_CONST", "LOAD_SMALL_INT", "BUILD_", "MAKE_FUNCTION", "SET_FUNCTION", "BINARY_OP"),
    *("UNARY_", "COMPARE_", "CONTAINS_", "IS_", "FORMAT_", "CONVERT_"),
)
# Modules that keep nothing; and names of what keeps values elsewhere than by an assignment.
_KNOWN = NO_READERS | {"random", "re", "_sre", "builtins", "statistics", "datetime", "fractions"}
_KEEPING_NOTHING = (
    *(types.BuiltinFunctionType, types.MethodWrapperType, types.WrapperDescriptorType),
    *(types.MethodDescriptorType, types.ClassMethodDescriptorType, types.GetSetDescriptorType),
    *(types.MemberDescriptorType, types.MappingProxyType, types.EllipsisType, frozenset),
)
_WITHIN = (collections.UserDict, collections.UserList, collections.ChainMap)
_HIDING = frozenset(
    (
        *("globals", "vars", "locals", "getattr", "exec", "eval", "open", "__import__", "__dict__"),
        *("save", "savez", "savez_compressed", "savetxt", "tofile", "load", "loadtxt", "memmap"),
    )
)
_MAKERS = frozenset(
    (
        *("list", "dict", "set", "sorted", "range", "deque", "defaultdict", "Counter"),
        *("OrderedDict", "zeros", "ones", "empty", "full", "arange", "linspace", "eye", "array"),
        *("zeros_like", "ones_like", "empty_like", "full_like", "copy", "deepcopy"),
    )
)
_CLASSES = ("dict", "list", "set", "object", "deque", "OrderedDict")
_INTO_FIRST = frozenset(
    (
        *("setitem", "iadd", "iconcat", "ior", "insort", "insort_left", "insort_right"),
        *("heappush", "heappushpop", "heapreplace", "heapify"),
    )
)
_SETTING = frozenset(("setattr", "__setattr__"))
_MAKING = ("__init__", "__new__", "__post_init__")
_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))
_ENDS = ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE")


# -- what it reaches -----------------------------------------------------------------------


def stores_of(f: Function) -> tuple[list[Store], bool]:
    """What f, or what it calls by name, may keep values in; whether that is all there is."""
    reached = _Reached()
    reached.visit("", f)
    stores = reached.stores()
    return stores[:MOST_STORES], reached.is_all and len(stores) <= MOST_STORES


class _Reached:
    """What functions reach by names, attributes and as parts of containers."""

    def __init__(self) -> None:
        self.seen: dict[Any, Any] = {}  # which keeps them alive, so that their ids are theirs
        self.containers: list[tuple[str, Any]] = []
        self.objects: list[Any] = []
        self.slots: list[tuple[Any, Any]] = []
        self.derived: set[str] = set()  # names of properties
        self.functions: list[types.FunctionType] = []
        self.writes = _Writes()
        self.sets_by_name = False
        self.is_all = True  # what may keep values has been seen

    def visit(self, name: str, x: Any) -> None:
        kind = type(x)
        is_container = issubclass(kind, (*_KINDS, np.ndarray))
        if is_container:
            self.containers.append((name, x))
        key = (id(x), name) if is_container else id(x)  # whose parts go by its name
        if kind in DATA or key in self.seen or isinstance(x, Pair):
            return
        if len(self.seen) >= MOST_VISITED:
            self.is_all = False
            return
        self.seen[key] = x
        if kind is types.FunctionType:
            self.visit_function(x)
        elif kind is types.MethodType:
            self.visit("", x.__func__)
            self.visit("self", x.__self__)
        elif kind is functools.partial:
            for part in (x.func, *x.args, *x.keywords.values()):
                self.visit("", part)
        elif kind is types.BuiltinMethodType:
            self.visit_method(x)
        elif kind in (staticmethod, classmethod):
            self.visit("", x.__func__)
        elif kind in (property, functools.cached_property):
            self.derived.add(name)
            for part in ("fget", "fset", "func"):
                self.visit("", getattr(x, part, None))
        elif kind is types.ModuleType:
            self.is_all &= _root(x.__name__) in _KNOWN or not is_left_alone(x.__name__)
        elif kind is Cached or isinstance(x, np.ufunc):
            self.visit("", getattr(x, "__wrapped__", None))
        else:
            if is_container or kind in CONTAINERS:
                for part in _parts(x):
                    self.visit(name, part)
            home = x.__module__ if isinstance(x, type) else kind.__module__
            if kind is types.SimpleNamespace or not is_left_alone(home):
                self.visit_object(x)
            elif kind in _WITHIN:
                for own, part in list(_attributes(x).items()):
                    self.visit(name, part)
                    self.visit(own, part)
            elif not (is_container or isinstance(x, type) or kind in CONTAINERS):
                is_known = _root(home) in _KNOWN and home != "collections"
                self.is_all &= is_known if home != "builtins" else kind in _KEEPING_NOTHING

    def visit_method(self, x: Any) -> None:
        """A function of C, or the method of an object, which may write into it."""
        if not isinstance(x.__self__, (types.ModuleType, type, types.NoneType)):
            if x.__name__ in WRITING:
                self.writes.into.add(x.__name__)
            self.visit(x.__name__, x.__self__)

    def visit_object(self, x: Any) -> None:
        self.objects.append(x)
        for name, value in list(_attributes(x).items()):
            self.visit(name, value)
        if isinstance(x, type):
            for base in x.__mro__[1:]:
                self.visit("", base)
        else:
            for base in type(x).__mro__:
                for name, slot in vars(base).items():
                    if type(slot) is types.MemberDescriptorType:
                        with suppress(AttributeError):  # it is not set
                            self.visit(name, slot.__get__(x))
                            self.slots.append((x, slot))
            self.visit("", type(x))

    def visit_function(self, f: types.FunctionType) -> None:
        if not has_code_that_stays(f):
            self.functions.append(f)
            self.writes.read(f.__code__)
            self.visit_names(f.__code__, f.__globals__)
        for name, x in (*cells_of(f).items(), *_by_default(f).items(), *vars(f).items()):
            self.visit(name, x)

    def visit_names(self, code: types.CodeType, names: dict[str, Any]) -> None:
        self.sets_by_name |= not _SETTING.isdisjoint(code.co_names)
        self.is_all &= _HIDING.isdisjoint(code.co_names)
        for name in code.co_names:
            x = value_of_name(name, names)
            self.visit(name, x)
            if isinstance(x, types.ModuleType) and not is_left_alone(x.__name__):
                self.objects.append(x)
                self.visit_names(code, {n: vars(x)[n] for n in code.co_names if n in vars(x)})
        for part in code.co_consts:
            if isinstance(part, types.CodeType):
                self.visit_names(part, names)

    def stores(self) -> list[Store]:
        """What is written into, and what is set."""
        is_unclear = self.is_unclear()
        written = self.writes.into | self.writes.joined
        self.is_all &= not is_unclear
        found: dict[int, Store] = {}
        for name, x in self.containers:
            if isinstance(x, np.ndarray):
                kind = x.dtype.kind
                is_store = name in written and kind not in "iuSU" and x.size > 0
                can_be_emptied = kind in "fcbO" and x.size <= MOST_PARTS and x.flags.writeable
            else:
                is_store = (name in written or is_unclear) and len(x) > 0
                can_be_emptied = len(x) <= MOST_PARTS
            if is_store and can_be_emptied and id(x) not in found:
                found[id(x)] = (_Array if isinstance(x, np.ndarray) else _Container)(x)
            self.is_all &= can_be_emptied or not is_store
        if self.sets_by_name:
            found |= {id(x): _Container(_attributes(x)) for x in self.objects if _has_own(x)}
        return [*found.values(), *self.variables()]

    def is_unclear(self) -> bool:
        """Whether code may write into what is not seen by its name: what it was given, say."""
        writes = self.writes
        made = writes.made - writes.aliases
        named = {name for name, _ in self.containers} - self.derived
        classes = {x.__name__ for x in self.objects if isinstance(x, type)}
        given = {
            name
            for f in self.functions
            for name in set(_parameters_of(f.__code__)) - set(_by_default(f))
        }
        is_seen = writes.into - given <= made | named and writes.of_calls <= _MAKERS | classes
        is_given = not given.isdisjoint(writes.into | writes.joined)
        return writes.is_unknown or is_given or not is_seen

    def variables(self) -> Iterator[Store]:
        for x in self.objects:
            for name in self.writes.attributes & set(_attributes(x)):
                if hasattr(type(_own(x, name)), "__get__"):
                    continue  # a property, or a function
                put = type.__setattr__ if isinstance(x, type) else _set_own
                yield Variable(partial(_own, x, name), partial(put, x, name))
        for x, slot in self.slots:
            if slot.__name__ in self.writes.attributes:
                yield Variable(partial(slot.__get__, x), partial(slot.__set__, x))
        for f in self.functions:
            for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
                if name in cells_of(f):
                    of_cell = (cell, "cell_contents")
                    yield from self.variable(
                        name, partial(getattr, *of_cell), partial(setattr, *of_cell)
                    )
            names = f.__globals__
            for name in set(f.__code__.co_names) & set(names):
                yield from self.variable(
                    name, partial(names.__getitem__, name), partial(names.__setitem__, name)
                )

    def variable(
        self, name: str, now: Callable[[], Any], put: Callable[[Any], None]
    ) -> Iterator[Store]:
        x = now()
        if name in self.writes.variables:
            yield Variable(now, put)
        elif type(x) is Cached and _takes_arguments(x.__wrapped__):
            yield _Memo(now, put)


def _parameters_of(code: types.CodeType) -> tuple[str, ...]:
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _attributes(x: Any) -> Any:
    """Those of an object itself, or of a class, by no code of the user's."""
    if isinstance(x, type):
        return type.__dict__["__dict__"].__get__(x)
    try:
        return object.__getattribute__(x, "__dict__")
    except AttributeError:
        return {}


def _own(x: Any, name: str) -> Any:
    return _attributes(x)[name]


def _set_own(x: Any, name: str, value: Any) -> None:
    _attributes(x)[name] = value


def _has_own(x: Any) -> bool:
    """Whether x is an object with attributes, of which it cannot have too many."""
    return not isinstance(x, (type, types.ModuleType)) and len(_attributes(x)) > 0


def _takes_arguments(f: Any) -> bool:
    return isinstance(f, types.FunctionType) and f.__code__.co_argcount > 0


def _parts(x: Any) -> list[Any]:
    """What may hold or do something, of a container."""
    if isinstance(x, np.ndarray):
        parts = parts_of(x.ravel()) if x.dtype.kind == "O" else []
    elif isinstance(x, dict):
        parts = parts_of(dict.values(x))
    else:
        parts = parts_of(type(x).__iter__(x))
    return [part for part in parts if type(part) not in DATA]


def _root(module: Any) -> str:
    return str(module).partition(".")[0]


def _by_default(f: types.FunctionType) -> dict[str, Any]:
    """What a function takes for arguments that are not given, by their names."""
    given = f.__defaults__ or ()
    names = f.__code__.co_varnames[: f.__code__.co_argcount]
    return dict(zip(names[len(names) - len(given) :], given, strict=True)) | (
        f.__kwdefaults__ or {}
    )
