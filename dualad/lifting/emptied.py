"""A function with copies of what it holds, one store of them empty: as if it had kept nothing yet.

What it reaches by names, variables around it, defaults and attributes is copied, as far as that
runs none of the user's code. So nothing of the user's is written to when the copy is called; only
what is reached in other ways, as by the methods of a class, is the same as before.
"""

from __future__ import annotations

import collections
import copy
import enum
import functools
import numbers
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..array.buffers import buffered
from ..array.operands import ArrayProxy, unbuffered
from ..pair import Pair, plain
from .instructions import DATA, UNKNOWN, cells_of, defaults_of, has_code_that_stays, value_of_name
from .lift import Lifted, is_left_alone
from .made import IN_C, few_of, is_bound, paths_in, within


class CannotCopy(Exception):
    """A function holds too much, or what cannot be copied and may hold more."""


def copied(f: Any) -> Any:
    """f with copies of what it holds.

    Raises
    ------
    CannotCopy
        If that cannot be.
    """
    return _Copies({}).of(f)


def emptied(f: Any) -> Iterator[tuple[Any, Callable[[], bool]]]:
    """Such copies in which one store is empty; for each store, and each way to be empty.

    With each comes a function that says whether something has been put into that store.

    Raises
    ------
    CannotCopy
        If they cannot be made.
    """
    copies = _Copies({})
    copies.of(f)
    for store in copies.stores[:_MOST_STORES]:
        for empty in _ways_to_empty(store):
            yield _Copies({id(store): empty}).of(f), functools.partial(_is_filled, empty)


class _Copies:
    """Copies of functions and of what they hold, each made once.

    Attributes
    ----------
    stores : list
        The containers that may keep numbers.
    """

    def __init__(self, made: dict[int, Any]) -> None:
        self.made = made  # by the id of what it is made of
        self.names: dict[int, dict[str, Any]] = {}  # by that of the names of a module
        self.cells: dict[int, types.CellType] = {}
        self.room = _MOST_PARTS
        self.stores: list[Any] = []

    def of(self, x: Any) -> Any:
        if id(x) in self.made:
            return self.made[id(x)]
        kind = type(x)
        if kind is Lifted:
            return Lifted(self.of(x.f), x.lift)
        if kind is types.FunctionType:
            return self._function(x)
        if kind is types.MethodType:
            return types.MethodType(self.of(x.__func__), self.of(x.__self__))
        if kind is functools.partial:
            named = {name: self.of(v) for name, v in x.keywords.items()}
            return functools.partial(self.of(x.func), *map(self.of, x.args), **named)
        if kind is types.BuiltinMethodType and type(x.__self__) in _CONTAINERS:
            return getattr(self.of(x.__self__), x.__name__)
        if kind in _CONTAINERS:
            return self._container(x)
        if kind is tuple:
            return tuple(map(self.of, x))
        if _is_of_plain_class(x, kind):
            return self._object(x)
        if not _holds_nothing(x, set()):
            raise CannotCopy
        return x

    def _enter(self, x: Any, y: Any) -> Any:
        if len(self.made) > _MOST:
            raise CannotCopy
        self.made[id(x)] = y
        return y

    def _function(self, f: types.FunctionType) -> Any:
        stays = has_code_that_stays(f)
        if stays and not f.__closure__:
            return f
        names = f.__globals__
        if not stays:
            names = self.names.setdefault(id(names), dict(names))
        cells = tuple([self.cells.setdefault(id(c), types.CellType()) for c in f.__closure__ or ()])
        g = types.FunctionType(f.__code__, names, f.__name__, None, cells or None)
        self._enter(f, g)  # which may hold itself
        g.__qualname__, g.__module__ = f.__qualname__, f.__module__
        vars(g).update({name: self.of(v) for name, v in vars(f).items()})
        if f.__defaults__ is not None:
            g.__defaults__ = tuple(map(self.of, f.__defaults__))
        if f.__kwdefaults__ is not None:
            g.__kwdefaults__ = {name: self.of(v) for name, v in f.__kwdefaults__.items()}
        for cell, x in zip(cells, cells_of(f).values(), strict=True):
            if x is not UNKNOWN:
                cell.cell_contents = self.of(x)
        if not stays:
            for name in {path[0] for path in paths_in(f.__code__)} & names.keys():
                if names[name] is f.__globals__[name]:
                    names[name] = self.of(names[name])
        return g

    def _container(self, x: Any) -> Any:
        self.room -= x.size if type(x) is np.ndarray else len(x)
        if self.room < 0:
            raise CannotCopy
        y = self._enter(x, copy.copy(x))
        if type(x) is np.ndarray:
            self.stores += [x] if x.dtype.kind in "fc" else []
            return y
        if any(map(_may_be_kept, few_of(x))):
            self.stores.append(x)
        if isinstance(x, dict):
            y.update({k: self.of(v) for k, v in x.items()})
        elif type(x) is not set:
            y.clear()
            y.extend(map(self.of, x))
        return y

    def _object(self, x: Any) -> Any:
        y = self._enter(x, object.__new__(type(x)))
        vars(y).update({name: self.of(v) for name, v in vars(x).items()})
        return y


def _is_of_plain_class(x: Any, kind: type) -> bool:
    """Whether x has all it holds in its dict, and is made without the user's code."""
    if isinstance(x, type) or is_left_alone(kind.__module__):
        return False
    if not _holds_nothing(kind, set()):
        raise CannotCopy
    new: Any = kind.__new__
    is_made_plainly = new is object.__new__ and type(kind) is type
    is_left_plainly = getattr(kind, "__del__", None) is None
    has_slots = any(vars(base).get("__slots__") for base in kind.__mro__)
    return is_made_plainly and is_left_plainly and not has_slots


def _holds_nothing(x: Any, seen: set[int]) -> bool:
    """Whether what is not copied reaches nothing that could be written to, as far as it is read."""
    kind = type(x)
    if kind in _CONTAINERS:
        return False
    if kind in DATA or isinstance(x, (Pair, *_CONSTANTS)) or id(x) in seen:
        return True
    seen.add(id(x))
    if kind is types.FunctionType:
        held = [*defaults_of(x), *cells_of(x).values()]
        if not has_code_that_stays(x):
            held += [value_of_name(path[0], x.__globals__) for path in paths_in(x.__code__)]
        return all(v is UNKNOWN or _holds_nothing(v, seen) for v in held)
    if isinstance(x, type):
        if is_left_alone(x.__module__):
            return True
        users = [base for base in x.__mro__ if not is_left_alone(base.__module__)]
        held = [v for base in users for name, v in vars(base).items() if name not in _OF_CLASSES]
        return all(_holds_nothing(v, seen) for v in held)
    if kind in _DESCRIPTORS:
        parts = (getattr(x, name, None) for name in ("__func__", "fget", "fset", "fdel", "func"))
        return all(_holds_nothing(v, seen) for v in parts)
    if kind in IN_C:
        return not is_bound(x) or type(x.__self__).__module__ in _KEEPING_NOTHING
    if (inner := within(x)) is not None:
        return _holds_nothing(inner, seen)
    if kind in (tuple, frozenset):
        return all(_holds_nothing(v, seen) for v in x)
    home = kind.__module__
    return home in _KEEPING_NOTHING or home.partition(".")[0] in _KEEPING_NOTHING


def _may_be_kept(x: Any) -> bool:
    if type(x) in (tuple, list):
        return any(map(_may_be_kept, few_of(x)))
    return x is None or isinstance(x, (float, complex, np.ndarray, np.generic))


def _ways_to_empty(store: Any) -> Iterator[Any]:
    """Copies of a store that are empty in a way in which this one is, in part."""
    if type(store) is np.ndarray:
        if np.isnan(store).any():
            yield buffered(np.full_like(store, np.nan))
        if (store == 0).any():
            yield buffered(np.zeros_like(store))
    elif type(store) is list and any(map(_is_blank, store)):
        yield [next(filter(_is_blank, store))] * len(store)
    else:
        empty = copy.copy(store)
        empty.clear()
        yield empty


def _is_blank(x: Any) -> bool:
    """Whether a part of a list says that nothing is kept there."""
    return x is None or (type(x) is float and x != x)


def _is_filled(store: Any) -> bool:
    """Whether something is in a store that was empty."""
    if isinstance(store, list):
        return not all(map(_is_blank, store))
    if isinstance(store, ArrayProxy):
        numbers = plain(unbuffered(store))
        return not np.all(np.isnan(numbers) | (numbers == 0))
    return len(store) > 0


_CONTAINERS = frozenset(
    (
        *(dict, collections.OrderedDict, collections.defaultdict, set, collections.deque, list),
        np.ndarray,
    )
)
_DESCRIPTORS = (property, staticmethod, classmethod, functools.cached_property)
_OF_CLASSES = ("__dict__", "__weakref__", "__annotations__", "__dataclass_fields__", "__slots__")
_CONSTANTS = (
    *(np.generic, np.dtype, numbers.Number, enum.Enum),
    *(types.ModuleType, types.MemberDescriptorType, types.GetSetDescriptorType),
)
# Packages whose objects, other than containers, keep no numbers that they are given.
_KEEPING_NOTHING = frozenset(
    ("random", "logging", "re", "scipy", "typing", "numpy.random._generator", "numpy.random.mtrand")
)
_MOST = 500
_MOST_PARTS = 1_000_000
_MOST_STORES = 8
