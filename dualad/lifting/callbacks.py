"""Functions of C that call, go through or show what they are given: that is lifted in its place."""

from __future__ import annotations

import collections
import copy
import functools
import heapq
import itertools
import math
import re
from typing import Any

import numpy as np

from ..array.buffers import Buffer, buffered, memory_refused
from ..array.dualarray import DualArray
from ..array.operands import ArrayProxy, unbuffered
from ..array.protocols import ARRAY_FUNCTIONS
from ..array_rules.common import has_duals
from ..dual import Dual
from ..kernel import LIFTING
from ..pair import Function
from ..structure import rebuild
from .lift import (
    HEAP_TYPE,
    caller,
    constructor,
    delete_plainly,
    iterator_of,
    own_twin,
    pairs_of,
    read_plainly,
    special,
    stand_in,
    users_method,
    walked,
    write_plainly,
)
from .standins import FUNCTIONS, SUM_IS_EXACT, Vectorized, summed


def _same(x: Any) -> Any:
    return x


class ByPlace:
    """A function in C whose arguments change each in its way; those after the last as that."""

    __slots__ = ("changes", "f", "named")

    def __init__(self, f: Any, *changes: Function, **named: Function) -> None:
        self.f, self.changes, self.named = f, changes, named

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs:
            return self.f(self.changes[0](args[0]))
        changes = itertools.chain(self.changes, itertools.repeat(self.changes[-1]))
        given = [change(x) for change, x in zip(changes, args, strict=False)]
        for name in self.named.keys() & kwargs:
            kwargs[name] = self.named[name](kwargs[name])
        return self.f(*given, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.f, name)


def extreme(f: Any, ordered: Function) -> Function:
    """min or max, of what one argument holds or of several arguments.

    `ordered`: from these parts and the key to those that Python takes.
    """

    @functools.wraps(f)
    def call(*args: Any, key: Any = None, **options: Any) -> Any:
        if len(args) == 1:
            parts, key = ordered(walked(args[0]), key)
            return f(parts, key=key, **options)
        parts, key = ordered(args, key)
        return f(*parts, key=key, **options)

    return call


def _by_key(parts: Any, key: Any) -> tuple[Any, Any]:
    return parts, None if key is None else stand_in(key)


def _special_method(f: Any, name: str) -> Function:
    """A builtin that gives what one special method does."""

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        method = users_method(type(args[0]), name) if args else None
        if method is not None:
            result = stand_in(method)(*args, **kwargs)
            return sorted(result) if f is dir else result
        return f(*args, **kwargs)

    return call


def _reversed(x: Any) -> Any:
    """The builtin `reversed`."""
    if not hasattr(type(x), "__reversed__"):
        item = users_method(type(x), "__getitem__")
        if item is not None:
            size = stand_in(len)(x)
            return (stand_in(item)(x, i) for i in range(size - 1, -1, -1))
    return _of_reversed(x)


_of_reversed = _special_method(reversed, "__reversed__")
_WALKING = (
    *(list, tuple, set, frozenset, enumerate, zip, any, all, collections.deque, str.join),
    *(list.extend, collections.deque.extend, collections.deque.extendleft),
    *(itertools.chain, itertools.islice, itertools.cycle, itertools.tee, itertools.pairwise),
    *(itertools.compress, itertools.product, itertools.permutations, itertools.combinations),
)
_CALLING = (map, filter, itertools.takewhile, itertools.dropwhile, itertools.filterfalse)
_FIRST_CALLED = (functools.reduce, itertools.starmap)
FUNCTIONS |= {f: caller(f, walked) for f in _WALKING}
FUNCTIONS |= {f: ByPlace(f, stand_in, walked) for f in _CALLING}
FUNCTIONS |= {f: ByPlace(f, stand_in, walked, _same) for f in _FIRST_CALLED}
FUNCTIONS |= {f: ByPlace(f, special) for f in (print, str, repr, format, str.format)}
FUNCTIONS |= {
    sorted: ByPlace(sorted, walked, key=stand_in),
    min: extreme(min, _by_key),
    max: extreme(max, _by_key),
    list.sort: ByPlace(list.sort, _same, key=stand_in),
    dict: ByPlace(dict, pairs_of),
    itertools.zip_longest: ByPlace(itertools.zip_longest, walked),
    itertools.accumulate: ByPlace(itertools.accumulate, walked, stand_in, func=stand_in),
    itertools.groupby: ByPlace(itertools.groupby, walked, stand_in, key=stand_in),
    heapq.nsmallest: ByPlace(heapq.nsmallest, _same, walked, stand_in, key=stand_in),
    heapq.nlargest: ByPlace(heapq.nlargest, _same, walked, stand_in, key=stand_in),
    heapq.merge: ByPlace(heapq.merge, walked, key=stand_in),
    re.sub: ByPlace(re.sub, _same, stand_in, _same, repl=stand_in),
    reversed: _reversed,
    bytes: _special_method(bytes, "__bytes__"),
    dir: _special_method(dir, "__dir__"),
}


def _memory(x: Any) -> Any:
    if isinstance(x, DualArray):
        raise memory_refused(x)
    return x.lent() if isinstance(x, Buffer) else x


FUNCTIONS |= {
    np.ndarray: ByPlace(np.ndarray, _same, _same, _memory, _same, buffer=_memory),
    np.ndarray.__new__: ByPlace(
        *(np.ndarray.__new__, _same, _same, _same, _memory, _same), buffer=_memory
    ),
    np.vectorize: ByPlace(Vectorized, stand_in, _same, pyfunc=stand_in),
    np.frompyfunc: ByPlace(np.frompyfunc, stand_in, _same),
}
_OF_NAMES: dict[Any, Function] = {
    object.__getattribute__: read_plainly,
    object.__setattr__: functools.partial(write_plainly, native=object.__setattr__),
    object.__delattr__: functools.partial(delete_plainly, native=object.__delattr__),
}
FUNCTIONS |= {f: LIFTING.OfName(f, call) if LIFTING else call for f, call in _OF_NAMES.items()}
FUNCTIONS |= {
    type.__call__: lambda cls, *args, **kwargs: constructor(cls)(*args, **kwargs),
}


def _copying(f: Function) -> Function:
    """copy.copy or deepcopy, with the copying methods of the user's classes lifted."""
    otherwise = FUNCTIONS[f]

    @functools.wraps(f)
    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        if type(x) is np.ndarray or isinstance(x, (Dual, ArrayProxy)):
            return otherwise(x, *args, **kwargs)
        return own_twin(f)(x, *args, **kwargs)

    return call


FUNCTIONS |= {f: _copying(f) for f in (copy.copy, copy.deepcopy)}


def _of_callables(f: Function, call: Function, places: slice) -> Function:
    """A function of NumPy that calls functions, also in lists: these are lifted.

    `places`: the arguments of which NumPy asks whether they are of ours.
    """

    @functools.wraps(f)
    def calling(*args: Any, **kwargs: Any) -> Any:
        def given(x: Any) -> Any:
            return stand_in(x) if callable(x) else unbuffered(x)

        args, kwargs = rebuild(args, given), rebuild(kwargs, given)
        asks = has_duals(*args[places], kwargs)  # NumPy asks for our function: one step of a trace
        return buffered((f if asks else call)(*args, **kwargs))

    return calling


# These call them as NumPy does, and take duals from them, where their own arguments have none too.
FUNCTIONS |= {
    f: _of_callables(f, ARRAY_FUNCTIONS[f], places)
    for f, places in ((np.apply_along_axis, slice(2, 3)), (np.piecewise, slice(2)))
}
FUNCTIONS |= {
    f: _of_callables(f, FUNCTIONS[f], slice(0)) for f in (np.apply_over_axes, np.fromfunction)
}


def _iter(x: Any, *sentinel: Any) -> Any:
    """The builtin `iter`."""
    if sentinel:
        return iter(stand_in(x), *sentinel)
    walk = users_method(type(x), "__iter__")
    return iter(walked(x)) if walk is None else iterator_of(stand_in(walk)(x))


FUNCTIONS[iter] = LIFTING.OfMethod("__iter__", iter, _iter, iter) if LIFTING else _iter
FUNCTIONS[sum] = caller(summed if SUM_IS_EXACT else sum, walked)
FUNCTIONS |= {f: caller(FUNCTIONS[f], walked) for f in (math.prod, math.fsum)}


def _defaultdict(*args: Any, **items: Any) -> Any:
    """collections.defaultdict, whose factory is lifted, unless it is a class in C, as list."""
    return collections.defaultdict(*map(_factory, args[:1]), *args[1:], **items)


def _factory(f: Any) -> Any:
    return f if isinstance(f, type) and not f.__flags__ & HEAP_TYPE else stand_in(f)


FUNCTIONS[collections.defaultdict] = _defaultdict
# These keep functions, and show them; they are lifted when they are called.
FUNCTIONS |= {f: f for f in (functools.partial, functools.wraps, functools.update_wrapper)}
