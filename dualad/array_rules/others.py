"""Precision, text, sets, numpy.lib — and what is refused, with what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array.operands import as_operand, converted
from ..array.protocols import implements, implements_each, plain_answer, refuse
from ..pair import plain
from .shapes import gathering

plain_answer(np.unravel_index, np.ravel_multi_index)


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    return converted(x, dtype)


if hasattr(np, "astype"):  # NumPy 2.1
    implements(np.astype)(astype)


@implements(np.array_repr, np.array_str, np.array2string)
def array_repr(a: Any, *args: Any, **kwargs: Any) -> str:
    return repr(a)


implements_each(gathering, np.lib.stride_tricks.sliding_window_view)


# -- sets: of equal elements the first is taken ---------------------------------------------


@implements(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    return np.unique(np.concatenate((ar1, ar2), axis=None))


@implements(np.intersect1d)
def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    ar1, ar2 = as_operand(ar1), as_operand(ar2)
    _, i, j = np.intersect1d(plain(ar1), plain(ar2), assume_unique, return_indices=True)
    common = np.ravel(ar1)[i]
    return (common, i, j) if return_indices else common


@implements(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    first = np.ravel(ar1) if assume_unique else np.unique(ar1)
    return first[np.isin(plain(first), plain(as_operand(ar2)), invert=True)]


@implements(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    only1, only2 = np.setdiff1d(ar1, ar2), np.setdiff1d(ar2, ar1)
    return np.sort(np.concatenate((only1, only2)))


# -- numpy.lib.scimath: complex results where real ones do not exist -------------------------


def _extended(f: Any, leaves_reals: Callable[[Any], Any]) -> Callable[..., Any]:
    def extended(x: Any) -> Any:
        return f(x + 0j) if np.any(leaves_reals(plain(x))) else f(x)

    return extended


def _is_negative(x: Any) -> Any:
    return np.isrealobj(x) & (np.real(x) < 0)


def _is_beyond_1(x: Any) -> Any:
    return np.isrealobj(x) & (np.abs(x) > 1)


_scimath = np.lib.scimath
for _name in ("sqrt", "log", "log2", "log10"):
    implements(getattr(_scimath, _name))(_extended(getattr(np, _name), _is_negative))
for _name in ("arccos", "arcsin", "arctanh"):
    implements(getattr(_scimath, _name))(_extended(getattr(np, _name), _is_beyond_1))


@implements(_scimath.logn)
def logn(n: Any, x: Any) -> Any:
    return _scimath.log(x) / _scimath.log(n)


@implements(_scimath.power)
def power(x: Any, p: Any) -> Any:
    return np.power(x + 0j, p) if np.any(_is_negative(plain(x))) else np.power(x, p)


# -- refused -------------------------------------------------------------------------------

refuse(
    "save x.primal and x.tangent, or pickle x",
    np.save,
    np.savez,
    np.savez_compressed,
    np.savetxt,
)
refuse("they take integers: write x.primal", np.packbits, np.unpackbits)
refuse(
    "they take dates and text",
    np.busday_count,
    np.busday_offset,
    np.is_busday,
    np.datetime_as_string,
)
