"""Whether elements of an array were put together, in the derivative of a function of an array.

That takes elementwise functions. What comes of arrays of one shape element by element leaves each
where it is; any other dual array that is made, and whatever is stored in one, is noted.
"""

from __future__ import annotations

import functools
from _thread import get_ident
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np

from .kernel import KERNEL

Function = TypeVar("Function", bound=Callable[..., Any])

# Of each derivative of an array, by its level: the threads that have put elements together there.
MIXING: dict[int, set[int]] = {}
if KERNEL:
    KERNEL.connect_mixing(MIXING)


def watch_mixing(level: int) -> None:
    """Note from now on whether elements are put together at a level."""
    MIXING[level] = set()


def note_mixing(level: int) -> None:
    """Elements may be put together at a level, in this thread."""
    threads = MIXING.get(level)
    if threads is not None:
        threads.add(get_ident())


def elementwise(f: Function) -> Function:
    """A function of arrays that leaves each element where it is, if they have one shape."""

    @functools.wraps(f)
    def call(*args: Any, **options: Any) -> Any:
        return _apart(f, args, options) if MIXING else f(*args, **options)

    return call  # type: ignore[return-value]


def _apart(f: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The same, where what is noted counts: it is taken back."""
    shapes: dict[int, set[Any]] = {}  # without axes it may be spread over an array
    for x in _each((*args, *options.values())):
        if isinstance(getattr(x, "level", None), int):
            _add_shapes(x, shapes)
        elif hasattr(x, "__array_function__") and (type(x) is not np.ndarray or x.dtype.hasobject):
            return f(*args, **options)  # there may be duals in it
    me = get_ident()
    quiet = [
        threads
        for level, each in shapes.items()
        if len(each) == 1
        and () not in each
        and (threads := MIXING.get(level)) is not None
        and me not in threads
    ]
    try:
        return f(*args, **options)
    finally:
        for threads in quiet:
            threads.discard(me)


def _add_shapes(x: Any, shapes: dict[int, set[Any]]) -> None:
    """Add those of a dual, and of the duals of older levels within it."""
    shapes.setdefault(x.level, set()).add(getattr(x, "shape", ()))
    with suppress(ArithmeticError):  # no tangent: the derivative does not exist
        for part in (x.primal, x.tangent):
            if isinstance(getattr(part, "level", None), int):
                _add_shapes(part, shapes)


def _each(args: Any) -> Iterator[Any]:
    """Arguments, and those in lists and tuples of them."""
    for x in args:
        if type(x) in (list, tuple):
            yield from _each(x)
        else:
            yield x
