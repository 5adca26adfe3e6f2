"""Elementwise functions that are not ufuncs: np.clip, np.sinc, np.nan_to_num, …"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array.operands import as_operand
from ..array.protocols import implements
from ..array.undefined import undefined
from ..dual import evaluate, function
from ..pair import is_array, map_leaves, moved, plain
from ..rules import Rule
from ..table import RULES
from .common import along, array, as_dtype, composing, has_duals, into, unboxed, valued


@implements(np.sinc)
def sinc(x: Any) -> Any:
    return evaluate(RULES["sinc"].called_as(np.sinc), (as_operand(x),))


def _part(f: Callable[..., Any], name: str) -> None:
    """np.real and np.imag: of arrays a view, in value and tangent."""

    @implements(f)
    def part(val: Any) -> Any:
        val = as_operand(val)
        if f is np.real and is_array(val) and not np.iscomplexobj(plain(val)):
            return val
        return along(lambda t: f(t[...]), val) if np.ndim(val) else function(RULES[name])(val)


_part(np.real, "real")
_part(np.imag, "imag")


@implements(np.clip)
def clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    dtype: Any = None,
    **options: Any,
) -> Any:
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise ValueError("np.clip takes a_min and a_max, or min and max, not both.")
    if set(options) - {"casting", "order", "subok"}:
        raise TypeError(f"np.clip with {', '.join(options)}= is not supported for duals.")
    y = as_dtype(as_operand(a), dtype)
    low = as_operand(min if a_min is None else a_min)
    high = as_operand(max if a_max is None else a_max)
    if low is None and high is None:
        return into(out, +y)
    return into(out, valued(np.clip, _between, (y, low, high), {}))


def _between(y: Any, low: Any, high: Any) -> Any:
    above = y if low is None else np.maximum(y, low)
    if low is not None and high is not None:
        fixed = np.equal(plain(low), plain(high)) & ~np.isnan(plain(y))
        if np.any(fixed):  # between equal bounds nothing moves but these
            above = np.where(fixed, low, above)
    return above if high is None else np.minimum(above, high)


@implements(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    x = array(x)
    y = valued(np.nan_to_num, _finite, (x,), {"nan": nan, "posinf": posinf, "neginf": neginf})
    return y if copy or not x.shape else into(x, y)


def _finite(x: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    x = array(x)
    if not np.issubdtype(plain(x).dtype, np.inexact):  # objects, which NumPy leaves as they are
        return unboxed(x.copy())
    if np.iscomplexobj(plain(x)):
        return _finite(x.real, nan, posinf, neginf) + 1j * _finite(x.imag, nan, posinf, neginf)
    limits = np.finfo(np.asarray(plain(x)).dtype)
    y = np.where(np.isnan(x), nan, x)
    y = np.where(np.isposinf(x), limits.max if posinf is None else posinf, y)
    return unboxed(np.where(np.isneginf(x), limits.min if neginf is None else neginf, y))


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """Real if the imaginary parts are negligible; those of the tangents must be then, too."""
    a = array(a)
    if not np.iscomplexobj(plain(a)) or np.iscomplexobj(np.real_if_close(plain(a), tol)):
        return a
    kept: list[bool] = []

    def compare(x: Any) -> Any:
        kept.append(bool(np.iscomplexobj(np.real_if_close(x, tol))))
        return x

    map_leaves(compare, a)
    return undefined(np.real(a), any(kept), _NOT_CLOSE)


_NOT_CLOSE = (
    "np.real_if_close drops imaginary parts that are negligible but have a derivative, so that "
    "what it gives has none; write np.real(x), or leave x complex."
)


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    z = array(z)
    if not np.iscomplexobj(plain(z)):
        return np.angle(plain(z), deg)  # a step: 0 or π
    y = np.arctan2(z.imag, z.real)
    return y * (180 / math.pi) if deg else y


@implements(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * math.pi) -> Any:
    if has_duals(period):
        raise TypeError(
            "np.unwrap has no derivative in period; pass getattr(period, 'primal', period)."
        )
    p = array(p)
    if not has_duals(p):
        return np.unwrap(p, plain(discont), axis, period=period)
    y = np.unwrap(p.primal, plain(discont), axis, period=period)
    return moved(y, np.copy(p.tangent), p.level)


@composing(np.i0)
def i0(x: Any) -> Any:
    return _bessel_i(0)(array(x))


@functools.cache
def _bessel_i(n: int) -> Callable[..., Any]:
    """The modified Bessel function of order n; its slope is the mean of its two neighbours."""

    def slope(x: Any, y: Any) -> Any:
        return _bessel_i(1)(x) if n == 0 else (_bessel_i(n - 1)(x) + _bessel_i(n + 1)(x)) / 2

    return function(Rule(f"_i{n}(x)", slope, value=functools.partial(_bessel_values, n)))


def _bessel_values(n: int, x: Any) -> Any:
    if n == 0:
        return np.i0(x)[()]
    try:
        from scipy.special import iv
    except ImportError:
        from mpmath import besseli

        iv = np.vectorize(lambda n, x: float(besseli(n, x)), otypes=[float])
    x = np.asarray(x)
    double = x.astype(float) if x.dtype == np.longdouble else x  # SciPy's most precise one
    return np.asarray(iv(n, double)).astype(np.result_type(x, np.float32))[()]
