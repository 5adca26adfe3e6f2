"""What a function is made of: its code, and what that reaches by names, cells and attributes.

What is found of a function holds as long as that stays. A name may come to stand for another
function, as in a notebook, a method be replaced, a variable around a function be set: then it is
another one, of which nothing is known.
"""

from __future__ import annotations

import functools
import itertools
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..pair import Pair
from .instructions import (
    CONTAINERS,
    DATA,
    UNKNOWN,
    cells_of,
    defaults_of,
    has_code_that_stays,
    instructions,
    parts_of,
    value_of_name,
)
from .lift import Lifted, is_left_alone


class Made:
    """What a function is made of, as it is when this is made.

    Attributes
    ----------
    f : callable
        The function (`itself`).
    key : tuple
        What tells it from others: its code and classes, that of what it reaches, and flags by
        which it may branch; and whether it is lifted.
    codes : list
        The code and the classes in the key, which is of their ids.
    objects : list
        The objects that it reaches.
    looks : list of tuple
        A function that looks at something, that thing, and what it has seen.
    """

    __slots__ = ("codes", "f", "key", "looks", "objects")

    def __init__(self, f: Any) -> None:
        self.f = itself(f)
        self.codes: list[Any] = []
        self.objects: list[Any] = []
        self.looks: list[tuple[_Look, Any, list[Any]]] = []
        self.key = (type(f) is Lifted and f.lift, *self._walk(self.f, set()))

    def is_still(self) -> bool:
        """Whether all of that is still there."""
        return all(map(is_same_look, self.looks))

    def _seen(self, look: _Look, at: Any) -> list[Any]:
        found = look(at)
        self.looks.append((look, at, found))
        return found

    def _walk(self, x: Any, seen: set[int], is_held: bool = True) -> Iterator[Any]:
        """The key of something that is held by a function, or by a container or an object."""
        kind = type(x)
        if kind is bool and is_held:
            yield x
        if _is_data(x) or id(x) in seen or len(seen) > _MOST:
            return
        seen.add(id(x))
        if kind is types.FunctionType:
            yield from self._own(self._seen(own_of, x)[0], seen)
            for part in (*defaults_of(x), *(self._seen(in_cells, x) if x.__closure__ else ())):
                yield from self._walk(part, seen)
            if not has_code_that_stays(x):
                for path in paths_in(x.__code__):
                    yield from self._walk(self._seen(named, (x.__globals__, *path))[0], seen)
        elif kind is types.MethodType:
            for part in (x.__func__, x.__self__):
                yield from self._walk(part, seen)
        elif kind is functools.partial:
            for part in (x.func, *x.args, *x.keywords.values()):
                yield from self._walk(part, seen)
        elif kind in CONTAINERS:
            is_plain = all(map(_is_plain, parts_of(x)))
            for part in self._seen(few_of if is_plain else parts_of, x):
                yield from self._walk(part, seen, is_held=False)
        elif isinstance(x, type):
            yield from self._own(x, seen)
            if not is_left_alone(x.__module__):
                for part in self._seen(members, x):
                    yield from self._walk(part, seen)
        elif kind in IN_C and not is_bound(x):
            yield from self._own(x, seen)
        else:
            if is_held and kind.__weakrefoffset__:
                self.objects.append(x)
            yield from self._walk(kind, seen)
            if not is_left_alone(kind.__module__):
                for part in self._seen(attributes, x):
                    yield from self._walk(part, seen, is_held=False)
            elif (inner := within(x)) is not None:
                yield from self._walk(inner, seen)

    def _own(self, x: Any, seen: set[int]) -> Iterator[int]:
        if id(x) not in seen or isinstance(x, type):
            seen.add(id(x))
            self.codes.append(x)
            yield id(x)


def is_same_look(seen: tuple[_Look, Any, list[Any]]) -> bool:
    """Whether what was seen is still there; data may have become other data."""
    look, at, before = seen
    now = look(at)
    return len(now) == len(before) and all(map(_is_same, now, before))


def _is_same(x: Any, was: Any) -> bool:
    return x is was or (_is_plain(x) and _is_plain(was) and bool not in (type(x), type(was)))


def _is_plain(x: Any) -> bool:
    """Whether something is data, or begins with data."""
    return _is_data(x) or (type(x) in CONTAINERS and all(map(_is_data, few_of(x))))


def _is_data(x: Any) -> bool:
    kind = type(x)
    return kind in DATA or kind is types.ModuleType or x is UNKNOWN or isinstance(x, Pair)


def is_bound(x: Any) -> bool:
    """Whether a function in C is the method of an object, as `kept.append` is."""
    return not isinstance(getattr(x, "__self__", None), (types.ModuleType, type, type(None)))


def itself(f: Any) -> Any:
    """The function that was given, which outlives what drivers wrap it in."""
    return f.f if type(f) in (Lifted, Made) else f


def made_of(f: Any) -> Made:
    """What f is made of; f itself, if it is that."""
    return f if type(f) is Made else Made(f)


_Look = Callable[[Any], list[Any]]
_MOST = 500  # things that are looked at
_FEW = 4
IN_C = (types.BuiltinFunctionType, np.ufunc, type(np.mean))


def own_of(f: types.FunctionType) -> list[Any]:
    """The code of a function, and its defaults."""
    return [f.__code__, f.__defaults__, f.__kwdefaults__]


def in_cells(f: types.FunctionType) -> list[Any]:
    """The variables around a function that it uses."""
    return list(cells_of(f).values())


def named(at: tuple[Any, ...]) -> list[Any]:
    """What a global name stands for, or an attribute of a module that is the user's."""
    names, first, *more = at
    x = value_of_name(first, names)
    for name in more:
        if type(x) is not types.ModuleType or is_left_alone(x.__name__):
            break
        x = vars(x).get(name, UNKNOWN)
    return [x]


def within(x: Any) -> Any:
    """The function that an object of a package calls, such as a cache or np.vectorize; or None."""
    return getattr(x, "__wrapped__", getattr(x, "pyfunc", None)) if callable(x) else None


def few_of(container: Any) -> list[Any]:
    """The first parts of a container: of data, which may be much."""
    parts = container.values() if isinstance(container, dict) else container
    return list(itertools.islice(parts, _FEW))


def members(cls: type) -> list[Any]:
    """The functions in a class and those that it is derived from."""
    found: list[Any] = []
    for kind in cls.__mro__:
        if not is_left_alone(kind.__module__):
            for x in list(vars(kind).values()):
                if isinstance(x, property):
                    found += [f for f in (x.fget, x.fset) if f is not None]
                else:
                    found.append(getattr(x, "__func__", x) if callable(x) else None)
    return found


def attributes(x: Any) -> list[Any]:
    """What an object holds."""
    try:
        return list(vars(x).values())[:_MOST]
    except TypeError:  # it has slots
        return []


@functools.lru_cache(1000)
def paths_in(code: types.CodeType) -> Sequence[tuple[str, ...]]:
    """The global names in code and in what is made there, with attributes that are read of them."""
    paths: dict[tuple[str, ...], None] = {}
    path: tuple[str, ...] = ()
    for step, op in instructions(code):
        if op in ("LOAD_GLOBAL", "LOAD_NAME"):
            path = (step.argval,)
        elif op in ("LOAD_ATTR", "LOAD_METHOD") and path:
            path = (*path, step.argval)
        else:
            path = ()
        if path:
            paths.pop(path[:-1], None)
            paths[path] = None
        if op == "LOAD_CONST" and isinstance(step.argval, types.CodeType):
            paths.update(dict.fromkeys(paths_in(step.argval)))
    return tuple(paths)


LOOKS = (own_of, in_cells, named, few_of, attributes, members)  # that the kernel has at once
