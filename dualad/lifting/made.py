"""What a function is made of: its code, and functions and classes that it reaches.

What is found of a function holds as long as that stays. A name may come to stand for another
function, as in a notebook, a method be replaced, a variable around a function be set: then it is
another one, of which nothing is known.
"""

from __future__ import annotations

import collections
import enum
import functools
import types
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ..pair import Pair
from .instructions import (
    CONTAINERS,
    DATA,
    UNKNOWN,
    Mark,
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

    Functions and classes that it reaches count, in small containers and objects, too, that hold
    some; and flags by which it may branch: booleans, None, words, members of an Enum. Other data do
    not, for they may be others at each call.

    Attributes
    ----------
    f : callable
        The function (`itself`).
    given : sequence
        Objects that it is called with, if any.
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

    __slots__ = ("codes", "f", "given", "key", "looks", "objects")

    def __init__(self, f: Any, given: Sequence[Any] = ()) -> None:
        self.f, self.given = itself(f), given
        self.codes: list[Any] = []
        self.objects: list[Any] = []
        self.looks: list[tuple[_Look, Any, list[Any]]] = []
        key: list[Any] = [type(f) is Lifted and f.lift]
        for x in (self.f, *given):
            self._add(x, key, set())
        self.key = tuple(key)

    def is_still(self) -> bool:
        """Whether all of that is still there."""
        return all(map(is_same_look, self.looks))

    def _seen(self, look: _Look, at: Any) -> list[Any]:
        found = look(at)
        self.looks.append((look, at, found))
        return found

    def _add(self, x: Any, key: list[Any], seen: set[int], depth: int = 0) -> None:
        """Add to the key what it says of something that a function holds."""
        kind = type(x)
        if isinstance(kind, enum.EnumMeta):
            self._own(x, key)
        elif _is_flag(x):
            key.append(x)
        if kind in _COUNT_NOT or isinstance(x, Pair) or id(x) in seen or depth > _DEEPEST:
            return
        seen.add(id(x))
        parts: Sequence[Any] = ()
        if kind is types.FunctionType:
            self._own(self._seen(own_of, x)[0], key)
            parts = [*defaults_of(x), *(self._seen(in_cells, x) if x.__closure__ else ())]
            if not has_code_that_stays(x):
                paths = paths_in(x.__code__)
                parts += [self._seen(named, (x.__globals__, *path))[0] for path in paths]
        elif kind is types.MethodType:
            parts = (x.__func__, x.__self__)
        elif kind is functools.partial:
            parts = (x.func, *x.args, *x.keywords.values())
        elif isinstance(x, type):
            self._own(x, key)
            parts = () if is_of_a_package(x) else self._seen(members, x)
        elif kind in _IN_C and not is_bound(x):
            self._own(x, key)
        elif kind not in CONTAINERS:
            if kind.__weakrefoffset__:
                self.objects.append(x)
            parts = (kind, within(x))
        if kind not in _IN_C and (held := held_by(x)):
            self.looks.append((held_by, x, held))
            parts = (*parts, *held)
        for part in parts:
            self._add(part, key, seen, depth + 1)

    def _own(self, x: Any, key: list[Any]) -> None:
        self.codes.append(x)
        key.append(id(x))


def is_same_look(seen: tuple[_Look, Any, list[Any]]) -> bool:
    """Whether what was seen is still there; data may have become other data."""
    look, at, before = seen
    if look is named and at[0].get(at[1]) is before[0]:  # which is most often so
        return True
    now = look(at)
    return len(now) == len(before) and all(map(_is_same, now, before))


def _is_same(x: Any, was: Any) -> bool:
    return x is was or (was is DATUM and _is_datum(x))


def _without_data(parts: Iterable[Any]) -> list[Any]:
    """The parts, of data but that they are; they may be large, and are free to go."""
    return [DATUM if _is_datum(x) else x for x in parts]


def _is_datum(x: Any) -> bool:
    """Whether x is data, and no flag."""
    return type(x) in DATA and not _is_flag(x)


def _is_flag(x: Any) -> bool:
    """Whether code may branch by x, which is one of few; a text if it is a word.

    >>> _is_flag("upwind"), _is_flag("x = 0.25"), _is_flag(None), _is_flag(2.0)
    (True, False, True, False)
    """
    kind = type(x)
    if kind is str:
        return bool(x.isidentifier())
    return kind is bool or x is None or isinstance(kind, enum.EnumMeta)


def is_of_a_package(cls: type) -> bool:
    home = str(cls.__module__)  # of a class whose __module__ is a property, no name
    return is_left_alone(home) or home.partition(".")[0] == _DUALAD


def is_bound(x: Any) -> bool:
    """Whether a function in C is the method of an object, as `kept.append` is."""
    return not isinstance(getattr(x, "__self__", None), (types.ModuleType, type, type(None)))


def itself(f: Any) -> Any:
    """The function that was given, which outlives what drivers wrap it in."""
    return f.f if type(f) in (Lifted, Made) else f


def made_of(f: Any, given: Sequence[Any] = ()) -> Made:
    """What f is made of, with objects that it is given; f itself, if it is that."""
    if type(f) is Made:
        return f
    if not _is_held(f) or (given and not all(map(_is_held, given))):
        return Made(f, given)
    key = (id(f), *map(id, given)) if given else id(f)
    made = _MADE.get(key)
    is_same = made is not None and made.f is f and all(map(_is_same, made.given, given))
    if made is None or not is_same or not made.is_still():
        if len(_MADE) >= _MOST_MADE:
            _MADE.clear()
        made = _MADE[key] = Made(f, given)
    return made


def _is_held(x: Any) -> bool:
    """Whether x is a function that its module holds, too."""
    if type(x) is types.FunctionType:
        return x.__globals__.get(x.__name__) is x
    return type(x) in _IN_C and not is_bound(x)


_MADE: dict[int | tuple[int, ...], Made] = {}  # of functions that are found by their own names
_MOST_MADE = 100
_Look = Callable[[Any], list[Any]]
_DUALAD = __name__.partition(".")[0]
_DEEPEST = 50  # from function to function
_FEW = 32  # parts that are looked at
DATUM = Mark()
_COUNT_NOT = DATA | {types.ModuleType, Mark}
_IN_C = (types.BuiltinFunctionType, np.ufunc, type(np.mean))
_HOLDING = CONTAINERS | {collections.deque, collections.OrderedDict, collections.defaultdict}
_OPEN = _HOLDING | {types.SimpleNamespace, types.FunctionType}  # to what the user puts there
_FUNCTIONS = frozenset((types.FunctionType, *_IN_C))


def own_of(f: types.FunctionType) -> list[Any]:
    """The code of a function, and its defaults."""
    return [f.__code__, f.__defaults__, f.__kwdefaults__]


def in_cells(f: types.FunctionType) -> list[Any]:
    """The variables around a function that it uses."""
    return _without_data(cells_of(f).values())


def named(at: tuple[Any, ...]) -> list[Any]:
    """What a global name stands for, or an attribute of a module that is the user's."""
    names, first, *more = at
    x = value_of_name(first, names)
    for name in more:
        if type(x) is not types.ModuleType or is_left_alone(x.__name__):
            break
        x = vars(x).get(name, UNKNOWN)
    return _without_data([x])


def within(x: Any) -> Any:
    """The function that an object of a package calls, such as a cache or a driver; or None."""
    if type(x) is np.vectorize:
        return x.pyfunc
    return getattr(x, "__wrapped__", None) if is_of_a_package(type(x)) else None


def held_by(x: Any) -> list[Any]:
    """The functions in a small container or held by an object, and flags of the user's."""
    kind = type(x)
    parts: Any = x if kind in _HOLDING else attributes_of(x)
    if len(parts) > _FEW:
        return []
    has_flags = kind in _OPEN or not is_of_a_package(kind)
    values = parts.values() if isinstance(parts, dict) else parts
    return [v for v in values if type(v) in _FUNCTIONS or (has_flags and _is_flag(v))]


def attributes_of(x: Any) -> dict[str, Any]:
    """What an object holds in its __dict__ and its __slots__; a class tells by its `members`."""
    kind: Any = type(x)
    if issubclass(kind, type) or type(kind.__getattribute__) is not types.WrapperDescriptorType:
        return {}
    held: dict[str, Any] = {}
    if kind.__dictoffset__:
        with suppress(AttributeError, TypeError):  # it is another thing, as of a proxy
            held.update(object.__getattribute__(x, "__dict__"))
    for base in () if is_of_a_package(kind) else kind.__mro__:
        for name, slot in vars(base).items():
            if type(slot) is types.MemberDescriptorType and base is not object:
                with suppress(AttributeError):  # it is not filled
                    held[name] = slot.__get__(x)
    return held


def may_do(x: Any) -> bool:
    """Whether x may do something itself, if a function is given it: it is no mere data."""
    if type(x) in CONTAINERS:
        return any(map(may_do, parts_of(x)))
    return not (type(x) in DATA or isinstance(x, (Pair, np.ndarray, np.generic)))


def members(cls: type) -> list[Any]:
    """The functions in a class and those that it is derived from, and flags."""
    found: list[Any] = []
    for kind in cls.__mro__:
        if not is_of_a_package(kind):
            for x in list(vars(kind).values()):
                if isinstance(x, property):
                    found += [f for f in (x.fget, x.fset) if f is not None]
                elif callable(x) or _is_flag(x):
                    found.append(getattr(x, "__func__", x))
                else:
                    found.append(DATUM)
    return found


@functools.lru_cache(1000)
def paths_in(code: types.CodeType) -> Sequence[tuple[str, ...]]:
    """The global names in code and in what is made there, with attributes that are read of them."""
    paths: dict[tuple[str, ...], None] = {}
    path: tuple[str, ...] = ()
    for step in instructions(code):
        op = step.op
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


LOOKS = (own_of, in_cells, named, members)  # that the kernel has at once
