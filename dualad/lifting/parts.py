"""What a thing reaches, by its kind: one definition for all that go from thing to thing.

`made` goes through it to tell a function from others, `state` to put back what a function keeps,
and `effects` to read what it may do. What a thing is for good stands in `fixed_parts`; what may
become other things stands in `entries_of` and `attributes_of`, and that of functions and classes
in `cells_of`, `defaults_of`, `paths_in` and `members`.
"""

from __future__ import annotations

import collections
import functools
import gc
import operator
import types
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from .instructions import UNKNOWN, instructions, value_of_name
from .lift import is_left_alone

IN_C = (types.BuiltinFunctionType, np.ufunc, type(np.mean))
_OPEN = ("types", "collections", "argparse")
_DUALAD = __name__.partition(".")[0]


def is_of_a_package(cls: type) -> bool:
    return _is_package(str(cls.__module__))  # of a class whose __module__ is a property, no name


@functools.lru_cache(1000)
def _is_package(home: str) -> bool:
    return is_left_alone(home) or home.partition(".")[0] == _DUALAD


def is_users(cls: type) -> bool:
    """Whether what objects of a class hold is the user's: a SimpleNamespace's is, too."""
    return cls.__module__ in _OPEN or not is_of_a_package(cls)


def is_bound(x: Any) -> bool:
    """Whether a function in C is the method of an object, as `kept.append` is."""
    return not isinstance(getattr(x, "__self__", None), (types.ModuleType, type, type(None)))


# -- for good --------------------------------------------------------------------------------------


def fixed_parts(x: Any) -> Sequence[Any]:
    """What something reaches as long as it is there, beside its class and its entries."""
    for kind in type(x).__mro__:
        if kind in _FIXED:
            return tuple(_FIXED[kind](x))
    inner = within(x)
    return () if inner is None else (inner,)


def within(x: Any) -> Any:
    """The function that an object of a package calls, such as a cache or a driver; or None."""
    if type(x) is np.vectorize:
        return x.pyfunc
    return getattr(x, "__wrapped__", None) if is_of_a_package(type(x)) else None


def _its_owner(x: Any) -> Sequence[Any]:
    return (x.__self__,) if is_bound(x) else ()


def _given_to(x: Any) -> Sequence[Any]:
    return tuple(x.__reduce__()[1:])


_FIXED: dict[type, Callable[[Any], Iterable[Any]]] = {
    types.MethodType: lambda x: (x.__func__, x.__self__),
    **dict.fromkeys((staticmethod, classmethod), lambda x: (x.__func__,)),
    property: lambda x: (x.fget, x.fset, x.fdel),
    functools.cached_property: lambda x: (x.func,),
    **dict.fromkeys(
        (functools.partial, functools.partialmethod), lambda x: (x.func, x.args, x.keywords)
    ),
    **dict.fromkeys((types.BuiltinFunctionType, types.MethodWrapperType), _its_owner),
    types.MappingProxyType: gc.get_referents,  # what it is a view of
    collections.defaultdict: lambda x: (x.default_factory,),
    **dict.fromkeys((weakref.ref, weakref.WeakMethod), lambda x: (x(),)),
    **dict.fromkeys((operator.methodcaller, operator.attrgetter, operator.itemgetter), _given_to),
}


# -- for now ---------------------------------------------------------------------------------------


def entries_of(x: Any) -> Iterable[tuple[Any, Any]]:
    """What a container holds, each with its key or its place; nothing if x is none."""
    kind = type(x)
    read = _ENTRIES.get(kind)
    if read is None:
        read = next((_ENTRIES[base] for base in kind.__mro__ if base in _ENTRIES), None)
    return () if read is None else read(x)


_ENTRIES: dict[type, Callable[[Any], Iterable[tuple[Any, Any]]]] = {  # not by methods of the user's
    dict: dict.items,
    list: lambda x: enumerate(list.__iter__(x)),
    tuple: lambda x: enumerate(tuple.__iter__(x)),
    collections.deque: lambda x: enumerate(collections.deque.__iter__(x)),
    set: lambda x: ((0, part) for part in set.__iter__(x)),
    frozenset: lambda x: ((0, part) for part in frozenset.__iter__(x)),
    np.ndarray: lambda x: enumerate(x.flat) if x.dtype.char == "O" else (),
}


def attributes_of(x: Any) -> dict[str, Any]:
    """What an object holds in its __dict__ and its __slots__; a class tells by its `members`."""
    kind: Any = type(x)
    if issubclass(kind, type) or type(kind.__getattribute__) is not types.WrapperDescriptorType:
        return {}
    held: dict[str, Any] = {}
    if kind.__dictoffset__:
        with suppress(AttributeError, TypeError):  # it is another thing, as of a proxy
            held.update(object.__getattribute__(x, "__dict__"))
    for slot in () if is_of_a_package(kind) else slots_of(kind):
        with suppress(AttributeError):  # it is not filled
            held[slot.__name__] = slot.__get__(x)
    return held


def slots_of(kind: Any) -> list[Any]:
    """The slots of a user's class, which read and write what its objects hold there."""
    return [
        slot
        for base in kind.__mro__
        if base is not object and is_users(base)
        for slot in vars(base).values()
        if type(slot) is types.MemberDescriptorType
    ]


def members(cls: type) -> Iterable[Any]:
    """What there is in a class and those that it is derived from, but what Python notes there."""
    for kind in cls.__mro__:
        if not is_of_a_package(kind):
            for name, x in list(vars(kind).items()):
                if callable(x) or not (name.startswith("__") and name.endswith("__")):
                    yield x


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


def value_at(path: Sequence[str], names: dict[str, Any]) -> Any:
    """What a global name stands for, or an attribute of a module that is the user's."""
    first, *more = path
    x = value_of_name(first, names)
    for name in more:
        if type(x) is not types.ModuleType or is_left_alone(x.__name__):
            break
        x = vars(x).get(name, UNKNOWN)
    return x
