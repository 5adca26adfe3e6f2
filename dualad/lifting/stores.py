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
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from ..pair import Function
from .effects import JOINING, WRITING
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
    """A dict, a set, a list or a deque, which is empty at first, or a list of marks."""

    def __init__(self, parts: Any) -> None:
        self.parts = parts
        self.kind: Any = next(kind for kind in _KINDS if isinstance(parts, kind))
        self.found: Any = self.kind.copy(parts)
        self.left: Any = self.kind()
        ways: list[Callable[[], None]] = [self.clear]
        if self.kind is list:
            marks = [None, *(m for m in (False, 0.0, -1, math.inf) if m in self.found)]
            if any(type(x) is float and x != x for x in self.found):
                marks.append(math.nan)
            ways += [partial(self.mark, mark) for mark in marks]
        super().__init__(*ways)

    def clear(self) -> None:
        self._put(self.left)

    def mark(self, mark: Any) -> None:
        self.left = [mark] * len(self.found)
        self._put(self.left)

    def _put(self, content: Any) -> None:
        self.kind.clear(self.parts)
        (self.kind.extend if self.kind in _IN_ORDER else self.kind.update)(self.parts, content)

    def is_filled(self) -> bool:
        now = list(self.kind.__iter__(self.parts))
        if len(now) != len(self.left) or self.kind is not list:
            return len(now) > len(self.left)
        return any(x is not y for x, y in zip(now, self.left, strict=True))

    def restore(self) -> None:
        self._put(self.found)

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
    """An attribute, or a variable around f, which is None at first."""

    def __init__(self, now: Callable[[], Any], put: Callable[[Any], None]) -> None:
        self.now, self.put = now, put
        self.found = now()
        self.nothing = (None,) * len(self.found) if type(self.found) is tuple else None
        super().__init__(lambda: put(self.nothing))

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
        self.of_calls: set[str] = set()  # into what these have given
        self.attributes: set[str] = set()
        self.variables: set[str] = set()

    def read(self, code: types.CodeType) -> None:
        """Follow names on the stack, as far as that is simple."""
        names: dict[str, Any] = {}  # what local variables stand for
        stack: list[Any] = []
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
                self.note(_at(stack, 2))
            elif op in ("LOAD_METHOD", "LOAD_ATTR") and name in WRITING:
                self.note(_at(stack, 1))
            elif op == "STORE_ATTR" and code.co_name not in _MAKING:
                self.attributes.add(name)
            elif op in ("STORE_GLOBAL", "STORE_DEREF"):
                self.variables.add(name)
            if "STORE_FAST" in op:
                first = name if isinstance(name, str) else name[0]
                names[first] = _at(stack, 1)
            pushed = _pushed(step, op, stack, names)
            popped = len(pushed) - _effect(step, op)
            stack = [*stack[: max(0, len(stack) - popped)], *pushed]
            if step.opcode in _JUMPS and isinstance(name, int) and name > step.offset:
                elsewhere.setdefault(name, list(stack))
            is_reached = op not in _ENDS and not op.startswith(("JUMP_FORWARD", "JUMP_BACKWARD"))

    def note(self, label: Any) -> None:
        if type(label) is _Given:
            self.of_calls.add(label.by)
        elif label is not None:
            self.into.add(label)


class _Given:
    """What a call has given."""

    def __init__(self, by: str) -> None:
        self.by = by


def _at(stack: list[Any], place: int) -> Any:
    """What is at a place of the stack, from the top."""
    return stack[-place] if place <= len(stack) else None


def _pushed(step: dis.Instruction, op: str, stack: list[Any], names: dict[str, Any]) -> list[Any]:
    """What an instruction leaves on the stack: names of what is around f, None for all else."""
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
    if op == "BINARY_SUBSCR":
        return stack[-2:-1] or [None]
    if op == "BINARY_OP":
        return (stack[-2:-1] or [None]) if step.argrepr in JOINING else [None]
    if op == "COPY":
        return [_at(stack, name)]
    if op == "SWAP" and 1 < name <= len(stack):
        return [stack[-1], *stack[1 - name : -1], stack[-name]]
    if op in ("CALL", "CALL_KW"):
        callee = [x for x in stack[effect - 1 :][:2] if type(x) is str]
        return [_Given(callee[0])] if callee else [None]
    return [None] * max(0, effect)


def _effect(step: dis.Instruction, op: str) -> int:
    if op in ("CALL", "CALL_KW"):
        return -(step.arg or 0) - 1 - (op == "CALL_KW")
    if op == "SWAP":
        return 0
    has_arg = step.opcode >= dis.HAVE_ARGUMENT
    return dis.stack_effect(step.opcode, step.arg if has_arg else None, jump=False)


_SETTING = frozenset(("setattr", "__setattr__"))
_MAKING = ("__init__", "__new__", "__post_init__")
_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))
_ENDS = ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE")


# -- what it reaches -----------------------------------------------------------------------


def stores_of(f: Function) -> list[Store]:
    """What f, or what it calls by name, may keep values in, as far as that is seen in its code."""
    reached = _Reached()
    reached.visit("", f)
    return reached.stores()[:MOST_STORES]


class _Reached:
    """What functions reach by names, attributes and as parts of containers."""

    def __init__(self) -> None:
        self.seen: dict[int, Any] = {}  # which keeps them alive, so that their ids are theirs
        self.containers: list[tuple[str, Any]] = []
        self.objects: list[Any] = []
        self.functions: list[types.FunctionType] = []
        self.writes = _Writes()
        self.sets_by_name = False

    def visit(self, name: str, x: Any) -> None:
        kind = type(x)
        if isinstance(x, (*_KINDS, np.ndarray)):
            self.containers.append((name, x))
        elif kind in DATA:
            return
        if id(x) in self.seen or len(self.seen) > MOST_VISITED:
            return
        self.seen[id(x)] = x
        if kind is types.FunctionType:
            self.visit_function(x)
        elif kind is types.MethodType:
            self.visit("", x.__func__)
            self.visit("self", x.__self__)
        elif kind is types.BuiltinMethodType:
            if x.__name__ in WRITING and isinstance(x.__self__, _KINDS):
                self.writes.into.add(x.__name__)
                self.visit(x.__name__, x.__self__)
        elif kind is functools.partial:
            for part in (x.func, *x.args, *x.keywords.values()):
                self.visit("", part)
        elif kind in CONTAINERS or isinstance(x, _KINDS):
            for part in parts_of(x) if kind in CONTAINERS else _parts(x):
                if type(part) not in DATA:
                    self.visit(name, part)
        if isinstance(x, (type, types.ModuleType)) or kind is types.FunctionType:
            is_users = isinstance(x, type) and not is_left_alone(x.__module__)
        else:
            is_users = not is_left_alone(kind.__module__)
        if is_users:
            self.visit_object(x)
        elif (inner := getattr(x, "__wrapped__", None)) is not None and callable(x):
            self.visit("", inner)

    def visit_object(self, x: Any) -> None:
        self.objects.append(x)
        for name, value in list(getattr(x, "__dict__", {}).items()):
            self.visit(name, getattr(value, "__func__", value))
            for part in ("fget", "fset", "func"):  # of properties
                if (inner := getattr(value, part, None)) is not None and value is not x:
                    self.visit("", inner)
        if isinstance(x, type):
            for base in x.__mro__[1:]:
                self.visit("", base)
        else:
            for name in [n for base in type(x).__mro__ for n in getattr(base, "__slots__", ())]:
                self.visit(name, getattr(x, name, None))
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
        written = self.writes.into
        is_unclear = self.is_unclear()
        found: dict[int, Store] = {}
        for name, x in self.containers:
            is_array = isinstance(x, np.ndarray)
            if id(x) in found or not 0 < (x.size if is_array else len(x)) <= MOST_PARTS:
                continue
            if is_array and name in written and x.dtype.kind in "fcbO" and x.flags.writeable:
                found[id(x)] = _Array(x)
            elif not is_array and (name in written or is_unclear):
                found[id(x)] = _Container(x)
        if self.sets_by_name:
            found |= {id(x): _Container(vars(x)) for x in self.objects if _has_own(x)}
        return [*found.values(), *self.variables()]

    def is_unclear(self) -> bool:
        """Whether code writes into what it was given, or what a function of the user's gives."""
        for f in self.functions:
            code, names = f.__code__, {**f.__globals__, **cells_of(f)}
            given = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            if self.writes.into & (set(given) - set(_by_default(f))):
                return True
            if any(type(names.get(name)) is types.FunctionType for name in self.writes.of_calls):
                return True
        return False

    def variables(self) -> Iterator[Store]:
        for x in self.objects:
            for name in self.writes.attributes & set(getattr(x, "__dict__", ())):
                put = type.__setattr__ if isinstance(x, type) else _set_own
                yield Variable(partial(_own, x, name), partial(put, x, name))
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


def _own(x: Any, name: str) -> Any:
    """An attribute, by no code of the user's."""
    return vars(x)[name]


def _set_own(x: Any, name: str, value: Any) -> None:
    vars(x)[name] = value


def _has_own(x: Any) -> bool:
    """Whether x is an object with attributes, of which it cannot have too many."""
    is_object = not isinstance(x, (type, types.ModuleType))
    return is_object and type(getattr(x, "__dict__", None)) is dict and bool(vars(x))


def _takes_arguments(f: Any) -> bool:
    return isinstance(f, types.FunctionType) and f.__code__.co_argcount > 0


def _parts(x: Any) -> list[Any]:
    return parts_of(list(x.values()) if isinstance(x, dict) else list(x))


def _by_default(f: types.FunctionType) -> dict[str, Any]:
    """What a function takes for arguments that are not given, by their names."""
    given = f.__defaults__ or ()
    names = f.__code__.co_varnames[: f.__code__.co_argcount]
    return dict(zip(names[len(names) - len(given) :], given, strict=True)) | (
        f.__kwdefaults__ or {}
    )
