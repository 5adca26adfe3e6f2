"""Precision, text, sets, numpy.lib — and what is refused, with what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ..array.algebra import even_out
from ..array.operands import as_operand, converted
from ..array.protocols import implements, implements_each, plain_answer, refuse
from ..array_tangents import ArrayTangent
from ..differentiations import text_for
from ..dual import Dual
from ..memory import address_of, elements_in, owner_of
from ..pair import map_leaves, plain
from .common import array, composing
from .shapes import viewing

plain_answer(np.unravel_index, np.ravel_multi_index)


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    return converted(x, dtype)


if hasattr(np, "astype"):  # NumPy 2.1
    implements(np.astype)(astype)


def _shown(show: Callable[..., str]) -> Callable[..., str]:
    def call(a: Any, *args: Any, **kwargs: Any) -> str:
        return text_for(as_operand(a), lambda x: show(x, *args, **kwargs)) or repr(a)

    return call


implements_each(_shown, np.array_repr, np.array_str, np.array2string)
implements_each(viewing, np.lib.stride_tricks.sliding_window_view)


@implements(np.lib.stride_tricks.as_strided)
def as_strided(
    x: Any, shape: Any = None, strides: Any = None, subok: bool = False, writeable: bool = True
) -> Any:
    """A view of value and tangent alike, which must lie in memory alike.

    NumPy does not ask for it; lifted code does.
    """
    x = as_operand(x)
    if isinstance(x, Dual):
        even_out(x)
    shape = np.shape(x) if shape is None else tuple(shape)
    strides = plain(x).strides if strides is None else tuple(strides)
    near = np.lib.stride_tricks.as_strided(plain(x), shape, strides)
    reach = _reach(near, plain(x))

    def restride(a: Any) -> Any:
        many = a.ndim - np.ndim(x)
        if isinstance(a, ArrayTangent):
            numbers, size = elements_in(near, plain(x)), plain(x).size
            rows = np.arange(int(np.prod(a.shape[:many]))).reshape(
                a.shape[:many] + (1,) * near.ndim
            )
            found = None if numbers is None else a.elements(rows * size + numbers)
            return a.refuse("np.lib.stride_tricks.as_strided") if found is None else found
        if a.strides[many:] != plain(x).strides or a.itemsize != x.itemsize:
            raise TypeError(
                "as_strided takes an array whose tangent lies in memory as its value does; "
                "write x.copy() first."
            )
        if near.size and not _lies_within(reach, a, many, plain(x)):
            raise ValueError(
                f"as_strided with strides {strides} and shape {shape} reads beyond the memory of "
                f"an array of shape {np.shape(x)}."
            )
        return np.lib.stride_tricks.as_strided(
            a, a.shape[:many] + shape, a.strides[:many] + strides, writeable=writeable
        )

    return map_leaves(restride, x)


def _reach(a: Any, origin: Any) -> tuple[int, int]:
    """The first byte of a, and the one behind its last, counted from where origin begins."""
    low, high = byte_bounds(a)
    return low - address_of(origin), high - address_of(origin)


def _lies_within(reach: tuple[int, int], a: Any, many: int, value: Any) -> bool:
    """Whether these bytes are of a, or of what value and a are views of alike."""
    one = a[(0,) * many] if a.size else a
    low, high = _reach(one, one)
    if low <= reach[0] and reach[1] <= high:
        return True
    whole, own = owner_of(a), owner_of(value)
    first, last = _reach(own, value)
    if whole.nbytes % max(1, own.nbytes) or not first <= reach[0] <= reach[1] <= last:
        return False
    return bool((address_of(one) - address_of(whole)) % max(1, own.nbytes) == -first)


# -- sets: of equal elements the first is taken ---------------------------------------------


@composing(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    return np.unique(np.concatenate((array(ar1), array(ar2)), axis=None))


@composing(np.intersect1d)
def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    ar1, ar2 = array(ar1), array(ar2)
    common, i, j = np.intersect1d(plain(ar1), plain(ar2), assume_unique, return_indices=True)
    common = converted(np.ravel(ar1)[i], common.dtype)
    return (common, i, j) if return_indices else common


@composing(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    ar1 = array(ar1)
    first = np.ravel(ar1) if assume_unique else np.unique(ar1)
    return first[np.isin(plain(first), plain(as_operand(ar2)), invert=True)]


@composing(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    ar1, ar2 = array(ar1), array(ar2)
    if not assume_unique:
        ar1, ar2 = np.unique(ar1), np.unique(ar2)
    both = np.sort(np.concatenate((ar1, ar2), axis=None))
    differs = np.concatenate(([True], plain(both)[1:] != plain(both)[:-1], [True]))
    return both[differs[1:] & differs[:-1]] if both.size else both


# -- numpy.lib.scimath: complex results where real ones do not exist -------------------------


_OF_SINGLE = (np.single, np.csingle, np.byte, np.short, np.ubyte, np.ushort)


def _as_complex(x: Any) -> Any:
    """x in complex numbers, which NumPy makes here in two precisions only."""
    x = array(x)
    return converted(x, np.csingle if issubclass(x.dtype.type, _OF_SINGLE) else np.cdouble)


def _extended(f: Any, leaves_reals: Callable[[Any], Any]) -> Callable[..., Any]:
    def extended(x: Any) -> Any:
        return f(_as_complex(x)) if np.any(leaves_reals(plain(x))) else f(x)

    return extended


def _is_negative(x: Any) -> Any:
    return np.isreal(x) & (np.asarray(x) < 0)


def _is_beyond_1(x: Any) -> Any:
    return np.isreal(x) & (np.abs(x) > 1)


_scimath = np.lib.scimath
for _name in ("sqrt", "log", "log2", "log10"):
    implements(getattr(_scimath, _name))(_extended(getattr(np, _name), _is_negative))
implements(_scimath.arctanh)(_extended(np.arctanh, _is_beyond_1))


def _above_cut(f: Any, factor: complex) -> Callable[..., Any]:
    """f as a multiple of arccosh, whose slope has the right sign on this side of the cut."""

    def extended(x: Any) -> Any:
        x = array(x)
        return factor * np.arccosh(_as_complex(x)) if np.any(_is_beyond_1(plain(x))) else f(x)

    return extended


composing(_scimath.arccos)(_above_cut(np.arccos, -1j))
composing(_scimath.arcsin)(_above_cut(np.arcsin, 1j))  # but for a constant


@implements(_scimath.logn)
def logn(n: Any, x: Any) -> Any:
    return _scimath.log(x) / _scimath.log(n)


@implements(_scimath.power)
def power(x: Any, p: Any) -> Any:
    x, p = array(x), array(p)
    return np.power(_as_complex(x), p) if np.any(_is_negative(plain(x))) else np.power(x, p)


# -- refused -------------------------------------------------------------------------------

refuse(
    "save x.primal and x.tangent, or pickle x",
    np.save,
    np.savez,
    np.savez_compressed,
    np.savetxt,
)
refuse("they take integers: write getattr(x, 'primal', x)", np.packbits, np.unpackbits)
refuse(
    "they take dates and text",
    np.busday_count,
    np.busday_offset,
    np.is_busday,
    np.datetime_as_string,
)
