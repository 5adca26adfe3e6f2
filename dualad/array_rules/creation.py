"""New arrays: np.zeros_like and its like, and `like=`.

`np.zeros(n, like=x)` gives an array of zeros in which duals can be stored as those in x: at the
levels of x, with as many directions. An array of integers cannot hold derivatives, and is plain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array.algebra import levels_of, with_room, with_shape
from ..array.dualarray import DualArray
from ..array.operands import as_objects, as_operand, unbuffered
from ..array.protocols import CREATORS, implements
from ..dual import Dual
from ..pair import plain
from .common import array, has_duals, store


def _is_plain(dtype: Any) -> bool:
    return dtype is not None and np.dtype(dtype).kind not in "fc"


# -- np.zeros_like(x) ----------------------------------------------------------------------


def _like(f: Callable[..., Any]) -> None:
    @implements(f)
    def like(a: Any, dtype: Any = None, order: Any = "K", subok: Any = True, **options: Any) -> Any:
        return ready(f(plain(a), dtype, order, **options), a)


_like(np.zeros_like)
_like(np.ones_like)


def empty_like(a: Any, *args: Any, **options: Any) -> Any:
    """np.empty_like; zeros are as good, and cannot be nan."""
    return np.zeros_like(a, *args, **options)


implements(np.empty_like)(empty_like)


@implements(np.full_like)
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: Any = True,
    **options: Any,
) -> Any:
    fill_value = as_operand(fill_value)
    if not isinstance(a, Dual):
        a = array(a)
    y: Any = np.zeros_like(plain(a), dtype, order, **options)
    if _is_plain(y.dtype):  # objects hold duals as they are
        y[...] = as_objects(fill_value) if y.dtype == object else plain(fill_value)
        return y
    y = with_room(y, levels_of(a) | levels_of(fill_value))
    y[...] = fill_value
    return y


@implements(np.copy)
def copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    return array_of(a, order=order)


def ready(array: Any, like: Dual) -> Any:
    """A plain array with room for the tangents that `like` has; integers and duals as they are.

    A dual gets its room when something is stored in it, together with all views of its memory.
    """
    is_as_it_is = isinstance(array, Dual) or array.dtype.kind not in "fc"
    return array if is_as_it_is else with_room(array, levels_of(like))


# -- np.zeros(n, like=x) -------------------------------------------------------------------


def _ready(f: Callable[..., Any]) -> Callable[..., Any]:
    def create(like: Dual, *args: Any, **kwargs: Any) -> Any:
        return ready(f(*args, **kwargs), like)

    return create


_MAKERS: tuple[Callable[..., Any], ...] = (
    *(np.zeros, np.ones, np.eye, np.identity, np.arange, np.tri),
    *(np.frombuffer, np.fromfile, np.fromstring, np.loadtxt, np.genfromtxt),
)
CREATORS.update({f: _ready(f) for f in _MAKERS})


def _enter(f: Callable[..., Any]) -> Callable[..., Any]:
    def enter(create: Callable[..., Any]) -> Callable[..., Any]:
        CREATORS[f] = create
        return create

    return enter


@_enter(np.empty)
def empty(like: Dual, *args: Any, **kwargs: Any) -> Any:
    return ready(np.zeros(*args, **kwargs), like)


@_enter(np.full)
def full(
    like: Dual, shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", **options: Any
) -> Any:
    fill_value = as_operand(fill_value)
    dtype = getattr(np.asarray(plain(fill_value)), "dtype", None) if dtype is None else dtype
    y = ready(np.zeros(shape, dtype, order, **options), like)
    if not isinstance(y, Dual):
        fill_value = plain(fill_value)
    store(y, ..., fill_value)
    return y


def array_of(
    x: Any, dtype: Any = None, *, copy: Any = True, order: Any = "K", ndmin: int = 0
) -> Any:
    """np.array for what may have duals in it: they keep their tangents."""
    y = as_operand(x)
    if not isinstance(y, Dual):
        return np.array(y, dtype, copy=copy, order=order, ndmin=ndmin)
    if isinstance(x, (list, tuple)) and order != "F":
        order = "C"  # whatever the order of the arrays in it
    if not isinstance(y, DualArray):
        y = with_shape(y)
    if dtype is not None and np.dtype(dtype).kind in "iub":  # which cut, as x.astype(int) does
        return np.array(plain(y), dtype, order=order, ndmin=ndmin)
    if _is_plain(dtype):
        raise TypeError(
            f"an array of {np.dtype(dtype)} would lose the derivatives; "
            "give a float or complex dtype, or getattr(x, 'primal', x) for the plain numbers."
        )
    if dtype is not None and np.dtype(dtype) != y.dtype:
        y = y.astype(dtype)
    if (copy and y is unbuffered(x)) or (
        order in ("C", "F") and not y.flags[f"{order}_CONTIGUOUS"]
    ):
        y = y.copy(order)
    return y.reshape((1,) * (ndmin - y.ndim) + y.shape) if y.ndim < ndmin else y


@_enter(np.array)
def _array(
    like: Dual,
    object: Any,
    dtype: Any = None,
    *,
    copy: Any = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
) -> Any:
    y = array_of(object, dtype, copy=copy, order=order, ndmin=ndmin)
    if plain(y).dtype.kind not in "fc":
        return y
    if not copy and not has_duals(y) and isinstance(object, np.ndarray):
        y = y.copy("K")  # writing into it must not reach only the primals of another array
    return ready(y, like)


def _as_array(
    like: Dual,
    a: Any,
    dtype: Any = None,
    order: Any = None,
    *,
    copy: Any = None,
    device: Any = None,
) -> Any:
    return _array(like, a, dtype, copy=copy, order=order or "K")


for _name in ("asarray", "asanyarray"):
    CREATORS[getattr(np, _name)] = _as_array


@_enter(np.ascontiguousarray)
def ascontiguousarray(like: Dual, a: Any, dtype: Any = None) -> Any:
    return _array(like, a, dtype, copy=None, order="C", ndmin=1)


@_enter(np.asfortranarray)
def asfortranarray(like: Dual, a: Any, dtype: Any = None) -> Any:
    return _array(like, a, dtype, copy=None, order="F", ndmin=1)


@_enter(np.require)
def require(like: Dual, a: Any, dtype: Any = None, requirements: Any = None) -> Any:
    wanted = {str(r).upper()[0] for r in requirements or ()}
    order = "F" if "F" in wanted else "C" if "C" in wanted else "A"
    y = _array(like, a, dtype, copy=None, order=order)
    return y if all(y.flags[flag] for flag in wanted & {"O", "W"}) else y.copy(order)


@_enter(np.fromfunction)
def fromfunction(
    like: Dual, function: Any, shape: Any, *, dtype: Any = float, **kwargs: Any
) -> Any:
    y = as_operand(np.fromfunction(function, shape, dtype=dtype, **kwargs))
    return ready(y, like) if isinstance(y, (np.ndarray, DualArray)) else y


@_enter(np.fromiter)
def fromiter(like: Dual, iter: Any, dtype: Any, count: int = -1) -> Any:
    items = [x for _, x in zip(range(count), iter, strict=False)] if count >= 0 else list(iter)
    if count > len(items):
        raise ValueError(f"np.fromiter: count is {count}, but there are {len(items)} items.")
    return _array(like, items, dtype)
