"""Polynomials by their coefficients, highest power first: composed, but for their roots.

NumPy cuts leading zeros off in np.polymul and in the rest of np.polydiv. Where one of these has a
derivative, what is left of the polynomial has none.
"""

from __future__ import annotations

import functools
import operator
import warnings
from typing import Any

import numpy as np

from ..array.dualarray import DualArray
from ..array.protocols import implements, implements_named
from ..array.undefined import undefined
from ..array_tangents import ArrayTangent
from ..dual import Dual
from ..frames import stacklevel_of_user
from ..numerics import quiet
from ..pair import dual, fit, newest, parts, plain
from ..zeros import scale
from .common import array, as_dtype, unboxed, with_value


def _coefficients(p: Any) -> Any:
    p = array(p)
    return np.reshape(p, -1) if not p.ndim else p


def _same_length(a: Any, b: Any) -> tuple[Any, Any]:
    """Two polynomials with zeros for their missing higher powers."""
    n = max(a.shape[0], b.shape[0])
    return tuple(
        np.concatenate([np.zeros(n - p.shape[0], plain(p).dtype), p]) if p.shape[0] < n else p
        for p in (a, b)
    )  # type: ignore[return-value]


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    if isinstance(x, np.poly1d):
        raise TypeError("np.polyval of a dual at a polynomial is not supported; give numbers as x.")
    p, x = array(p), array(x)
    if not p.size:
        return np.polyval(plain(p), plain(x))
    if p.ndim == 1 and _knows_slopes(p, x):
        return _at_once(p, x)
    y: Any = np.zeros_like(plain(x))[()]
    for i in range(p.shape[0]):
        y = y * x + p[i]
    return y


def _knows_slopes(p: Any, x: Any) -> bool:
    """Whether the newest tangents are multiplied by slopes, as those of floats are."""
    level = newest((p, x))
    tangents = [parts(a, level)[1] for a in (p, x)]
    return np.result_type(plain(p), plain(x)).kind in "fc" and all(
        t is None or type(level) is int or isinstance(t, ArrayTangent) for t in tangents
    )


def _at_once(p: Any, x: Any) -> Any:
    """The polynomial at x, in few steps: its tangent is that of Σ pᵢ·x^(n−1−i)."""
    level = newest((p, x))
    (v, _), (u, u_dot) = parts(p, level), parts(x, level)
    y, terms = unboxed(np.polyval(v, u)), []
    with quiet():
        if v is not p:
            powers = np.vander(np.reshape(u, -1), v.shape[0])
            terms.append(unboxed(np.reshape(powers @ p, np.shape(y))).tangent)
        if u_dot is not None:
            slope = np.polyval(np.polyder(v), u)
            terms.append(scale(slope, x, y, zero_slope_wins=False))
    return dual(y, fit(functools.reduce(operator.add, terms), y), level)


def _rising(x: Any, c: Any, grid: bool) -> Any:
    """Σ cᵢ xⁱ along the first axis of c: for every column at every x, or column by column."""
    x, c = array(x), array(c)
    if grid:
        c = c.reshape(c.shape + (1,) * x.ndim)
    y = c[-1] + 0 * x
    for i in range(c.shape[0] - 2, -1, -1):
        y = y * x + c[i]
    return y


@implements_named("numpy.polynomial.polynomial.polyvalnd")  # since NumPy 2.5
def polyvalnd(pts: Any, c: Any) -> Any:
    shapes = [np.shape(x) for x in pts]
    if len(set(shapes)) > 1:
        raise ValueError(
            f"a polynomial in several variables takes points of one shape in each, got {shapes}."
        )
    for i, x in enumerate(pts):
        c = _rising(x, c, i == 0)
    return c


@implements_named("numpy.polynomial.polynomial.polyval2d")
def polyval2d(x: Any, y: Any, c: Any) -> Any:
    return polyvalnd((x, y), c)


@implements_named("numpy.polynomial.polynomial.polygrid2d")
def polygrid2d(x: Any, y: Any, c: Any) -> Any:
    return _rising(y, _rising(x, c, True), True)


@implements(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    a, b = _same_length(_coefficients(a1), _coefficients(a2))
    return a + b


@implements(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    a, b = _same_length(_coefficients(a1), _coefficients(a2))
    return a - b


def _cut(full: Any, value: Any, instead: str) -> Any:
    """What is left of all coefficients where NumPy, which gives `value`, cuts leading zeros off."""
    if not isinstance(full, DualArray):
        return value
    k = full.shape[0] - value.shape[0]
    rest = full[max(k, 0) :]
    if k < 0:  # NumPy has not met the zeros that it looks for: a rest of rounding stays
        rest = np.concatenate([np.zeros(-k, full.dtype), full])
    y = with_value(_cut(full.primal, value, instead), rest)
    is_lost = k > 0 and np.any(plain(full.tangent[..., :k]) != 0)
    return undefined(y, np.full(value.shape, bool(is_lost)), _CUT.format(instead))


_CUT = (
    "leading zeros that have a derivative are cut off by NumPy, so that what is left has none; "
    "write {}, which keeps them."
)


@implements(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    given = map(_coefficients, (a1, a2))
    a, b = (np.zeros(1, plain(p).dtype) if p.shape == (0,) else p for p in given)
    return _cut(np.convolve(a, b), np.polymul(plain(a), plain(b)), "np.convolve(a, b)")


@implements(np.polydiv)
def polydiv(u: Any, v: Any) -> Any:
    u, v = _coefficients(u) + 0.0, _coefficients(v)
    value, rest = np.polydiv(plain(u), plain(v))
    n = v.shape[0] - 1
    quotient, per_step = [], 1.0 / v[0]
    for _step in range(u.shape[0] - n):
        c = per_step * u[0]
        quotient.append(c)
        u = np.concatenate([u[1 : n + 1] - c * v[1:], u[n + 1 :]])
    zero = np.zeros(1, plain(u).dtype)
    q, r = np.stack(quotient) if quotient else zero, u if u.shape[0] else zero
    instead = "np.polysub(u, np.convolve(q, v))"
    return _cut(q, value, instead), _cut(r, rest, instead)


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    if m < 0:
        raise ValueError(f"np.polyder takes an order m of 0 or more, got {m}.")
    p = _coefficients(p)
    for _order in range(int(m)):
        p = p[:-1] * np.arange(p.shape[0] - 1, 0, -1)
    return p


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    if m < 0:
        raise ValueError(f"np.polyint takes an order m of 0 or more, got {m}.")
    p, m = _coefficients(p), int(m)
    constants = np.zeros(m) if k is None else _coefficients(k)
    if constants.shape[0] == 1 and m > 1:
        constants = np.broadcast_to(constants, (m,))
    if constants.shape[0] < m:
        raise ValueError(
            f"np.polyint takes one constant of integration, or one for each of {m} steps; "
            f"got {constants.shape[0]}."
        )
    for i in range(m):
        p = np.concatenate([p / np.arange(p.shape[0], 0, -1), constants[i : i + 1]])
    return p


@implements(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    given = zeros = _coefficients(seq_of_zeros)
    of_real_matrix = zeros.ndim == 2 and np.isrealobj(plain(zeros))
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1]:
        zeros = np.linalg.eigvals(zeros)
    elif zeros.ndim != 1:
        raise ValueError(
            f"np.poly takes zeros in one axis or a square matrix, got shape {zeros.shape}."
        )
    end: Any = np.zeros(1, plain(zeros).dtype)
    p: Any = end + 1
    for i in range(zeros.shape[0]):
        p = np.concatenate([p, end]) - zeros[i] * np.concatenate([end, p])
    z = plain(zeros)
    in_pairs = np.iscomplexobj(z) and np.array_equal(np.sort(z), np.sort(z.conj()))
    if in_pairs and (of_real_matrix or _is_real(p)):
        p = p.real.copy()  # of conjugate pairs
    value = np.poly(given.primal)  # which rounds as NumPy's convolutions do
    return with_value(value + 0j if np.iscomplexobj(plain(p)) else value, p)


def _is_real(x: Any) -> bool:
    """Whether the imaginary parts are rounding, those of the tangents too."""
    if isinstance(x, Dual):
        return _is_real(x.primal) and _is_real(x.tangent)
    size = np.max(np.abs(x), initial=0.0)
    return bool(np.all(np.abs(np.imag(x)) <= 1e3 * np.finfo(x.dtype).eps * size))


@implements(np.roots)
def roots(p: Any) -> Any:
    """By the implicit function theorem: a root r moves by −ṗ(r)/p′(r)."""
    p = _coefficients(p)
    r = np.roots(p.primal)
    slope, z = np.polyval(np.polyder(p.primal), r), np.asarray(plain(r))
    change: Any = 0
    for i in range(p.shape[0]):
        change = change * r + p.tangent[..., i, None]
    powers = np.arange(p.shape[0] - 1, 0, -1)
    size = np.polyval(np.abs(plain(p))[:-1] * powers, np.abs(z))
    multiple = np.abs(plain(slope)) <= 10 * np.sqrt(np.finfo(z.dtype).eps) * size
    tangent = -change / np.where(multiple, 1, slope)
    moved = np.any(plain(p.tangent) != 0)
    return undefined(dual(r, fit(tangent, r), p.level), multiple & moved, _MULTIPLE)


_MULTIPLE = (
    "np.roots: a root that is there more than once has no derivative; use the other roots, or "
    "the coefficients: a symmetric function of the roots is one of them."
)


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    x = array(x)
    if x.ndim != 1:
        raise ValueError(f"np.vander takes an array of one axis, got shape {x.shape}.")
    n = x.shape[0] if N is None else N
    if n < 0:
        raise ValueError(f"np.vander takes a number of columns N of 0 or more, got {n}.")
    x = as_dtype(x, np.promote_types(plain(x).dtype, int))
    columns = [np.ones_like(plain(x))]
    for _power in range(1, n):
        columns.append(columns[-1] * x)
    columns = columns[:n] if increasing else columns[:n][::-1]
    return np.stack(columns, axis=-1) if columns else np.zeros((x.shape[0], 0), plain(x).dtype)


@implements(np.polyfit)
def polyfit(
    x: Any,
    y: Any,
    deg: int,
    rcond: float | None = None,
    full: bool = False,
    w: Any = None,
    cov: Any = False,
) -> Any:
    x, y, order = array(x) + 0.0, array(y) + 0.0, int(deg) + 1
    if order < 1 or x.ndim != 1 or not x.size or y.ndim not in (1, 2) or len(x) != len(y):
        raise TypeError(
            "np.polyfit takes points x of shape (m,), heights y of shape (m,) or (m, n), and "
            f"deg >= 0; got {x.shape}, {y.shape} and deg={deg}."
        )
    columns, heights = np.vander(x, order), y
    if w is not None:
        weights = array(w)
        columns = columns * weights[:, None]
        heights = y * (weights if y.ndim == 1 else weights[:, None])
    if rcond is None:
        rcond = len(x) * float(np.finfo(np.asarray(plain(columns)).dtype).eps)
    scale = np.sqrt(np.sum(columns * columns, axis=0))
    found, residuals, rank, s = np.linalg.lstsq(columns / scale, heights, rcond)
    c = found / (scale if y.ndim == 1 else scale[:, None])
    if rank != order and not full:
        level = stacklevel_of_user()
        warnings.warn("Polyfit may be poorly conditioned", np.exceptions.RankWarning, level)
    if full:
        return c, residuals, rank, s, rcond
    if not cov:
        return c
    scaled = columns / scale
    spread = np.linalg.inv(np.dot(scaled.T, scaled)) / np.outer(scale, scale)
    if cov == "unscaled":
        return c, spread
    if len(x) <= order:
        raise ValueError(
            f"np.polyfit with cov=True needs more points than coefficients ({order}), got {len(x)}."
        )
    factor = residuals / (len(x) - order)
    return c, (spread if y.ndim == 1 else spread[:, :, None]) * factor
