"""Choosing between arrays, and writing elements of one array into another.

What is chosen brings its tangents along; nothing is masked by multiplication.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array.algebra import directions
from ..array.operands import as_operand
from ..array.protocols import implements
from ..pair import fit, moved, newest, parts, plain
from .common import along, array, as_dtype, composing, has_duals, in_order_of, into, store

# -- choosing ------------------------------------------------------------------------------


@implements(np.where)
def where(condition: Any, /, *choices: Any) -> Any:
    condition = plain(array(condition))
    if len(choices) != 2:
        return np.where(condition, *(plain(array(x)) for x in choices))  # or NumPy's error
    x, y = map(as_operand, choices)
    if not has_duals(x, y):
        return np.where(condition, x, y)
    level = newest((x, y))
    directions((x, y), level)
    value = np.where(condition, parts(x, level)[0], parts(y, level)[0])
    shape = value.shape
    dots = [_dot(z, level, shape) for z in (x, y)]
    return moved(value, fit(np.where(np.broadcast_to(condition, shape), *dots), value), level)


def _dot(x: Any, level: int, shape: tuple[int, ...]) -> Any:
    """The tangent of x, ready to be broadcast to a shape, also with directions in front."""
    v, t = parts(x, level)
    if t is None:
        return 0
    missing = len(shape) - np.ndim(v)
    if np.ndim(t) == np.ndim(v) or not missing:
        return t
    return np.reshape(t, (np.shape(t)[0], *[1] * missing, *np.shape(t)[1:]))


@implements(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: Any = "raise") -> Any:
    a, kind = plain(array(a)), np.result_type(*map(_number_or_array, choices))
    choices = [as_dtype(array(c), kind) for c in choices]
    shape = np.broadcast_shapes(a.shape, *(c.shape for c in choices))
    choices = [np.broadcast_to(c, shape) for c in choices]
    return into(out, along(lambda *cs: np.choose(a, cs, mode=mode), *choices))


def _number_or_array(x: Any) -> Any:
    """The plain x with its say in the dtype of a result: that of Python's numbers is small."""
    x = plain(as_operand(x))
    return x if np.isscalar(x) else np.asarray(x)


@composing(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(
            f"np.select takes one choice per condition; got {len(condlist)} conditions and "
            f"{len(choicelist)} choices."
        )
    y = as_operand(default)
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        condition = array(condition)
        if condition.dtype != bool:
            raise TypeError(f"np.select takes conditions of bool, got one of {condition.dtype}.")
        y = np.where(condition, as_operand(choice), y)
    return y


@implements(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    x = array(x)
    conditions = np.asarray(plain(array(condlist)), dtype=bool)
    if conditions.ndim == x.ndim:
        conditions = conditions[None]
    if len(funclist) == len(conditions) + 1:
        conditions = np.concatenate([conditions, ~np.any(conditions, axis=0, keepdims=True)])
    if len(funclist) != len(conditions):
        raise ValueError(
            f"np.piecewise takes one function per condition, and one more for the rest; got "
            f"{len(funclist)} functions for {len(conditions)} conditions."
        )
    # all pieces one behind the other, and where each element comes from
    flat, conditions = np.reshape(x, -1), conditions.reshape(len(conditions), -1)
    pieces, length, source = [np.zeros(1, plain(flat).dtype)], 1, np.zeros(flat.shape, np.intp)
    for condition, f in zip(conditions, funclist, strict=True):
        places = np.flatnonzero(condition)
        if not places.size:
            continue
        piece = f(np.take(flat, places), *args, **kw) if callable(f) else f
        pieces.append(np.broadcast_to(array(piece), places.shape))
        source[places] = length + np.arange(places.size)
        length += places.size
    y = np.reshape(np.take(np.concatenate(pieces), source), x.shape)
    if has_duals(y) and not has_duals(x):  # which the functions have brought
        return in_order_of(x, as_dtype(y, x.dtype))
    return np.full_like(x, y)  # which lies as x does, and has its dtype


# -- writing into an array -----------------------------------------------------------------


def _put(target: Any, places: Any, values: Any, which: Any = None) -> None:
    """target.flat[places] = values, repeated as needed; or those values that are told."""
    if not places.size:
        return
    values = np.reshape(array(values), -1)
    if not values.shape[0]:
        raise ValueError("cannot take values from an empty array.")
    which = np.arange(places.size) if which is None else which
    values = np.take(values, which % values.shape[0])
    if target.shape:
        store(target, np.unravel_index(places, target.shape), values)
    else:
        store(target, (), values[-1])


@implements(np.put)
def put(a: Any, ind: Any, v: Any, mode: Any = "raise") -> None:
    places = plain(array(ind)).ravel()
    if places.size and array(v).shape != (0,):
        _put(a, np.take(np.arange(a.size), places, mode=mode), v)


@implements(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    _put(arr, _mask_of(arr, mask, "place"), vals)


@implements(np.putmask)
def putmask(a: Any, /, mask: Any, values: Any) -> None:
    places = _mask_of(a, mask, "putmask")
    _put(a, places, values, places)


def _mask_of(a: Any, mask: Any, name: str) -> Any:
    mask = plain(array(mask))
    if mask.size != a.size:
        raise ValueError(
            f"np.{name} takes a mask of the array's size; got {mask.size} for {a.size} elements."
        )
    return np.flatnonzero(mask)


@implements(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    places = np.arange(arr.size).reshape(arr.shape if axis is not None else -1)
    places = np.take_along_axis(places, plain(array(indices)), -1 if axis is None else axis)
    store(arr, np.unravel_index(places, arr.shape), as_operand(values))


@implements(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    diagonal = np.zeros(a.shape, bool)
    np.fill_diagonal(diagonal, True, wrap)
    _put(a, np.flatnonzero(diagonal), val)


@implements(np.copyto)
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    src = array(src)
    kind = np.asarray(plain(src)).dtype
    if not np.can_cast(kind, plain(dst).dtype, casting) and plain(dst).dtype != object:
        raise TypeError(f"np.copyto cannot cast to {plain(dst).dtype} with casting={casting!r}.")
    while src.ndim > np.ndim(dst) and src.shape[0] == 1:
        src = src[0]
    src = np.broadcast_to(src, dst.shape)
    if where is True:
        store(dst, ..., src)
    else:
        where = np.broadcast_to(plain(array(where)), dst.shape)
        store(dst, where, src[where])
