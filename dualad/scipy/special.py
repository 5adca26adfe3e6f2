"""Functions of scipy.special that are written in Python, for numbers that carry tangents.

SciPy's ufuncs (`scipy.special.erf`, `jv`, `gammainc`, …) take duals as they are. These functions
do not: they turn their argument into a plain array first. Here they are under the same names, with
the same arguments; plain numbers give SciPy's own result.

>>> import dualad, numpy as np
>>> from dualad.scipy.special import logsumexp
>>> dualad.grad(logsumexp)(np.array([0.0, 0.0]))
array([0.5, 0.5])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc

from ..array.operands import as_operand
from ..array_rules.common import axes_from_end, duals_in, has_duals
from ..dual import Dual, function
from ..numerics import quiet
from ..pair import dual, fit, moved, newest, parts, plain
from ..refusals import refused
from ..special_rules import TABLE
from ..zeros import scale
from ._calling import take_places
from ._names import names_of
from ._parts import with_value
from ._rows import diric, polygamma

__all__ = [
    "diric",
    "log_softmax",
    "logsumexp",
    "polygamma",
    "softmax",
    "spherical_in",
    "spherical_jn",
    "spherical_kn",
    "spherical_yn",
]


def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """log(Σ b·exp(a)) along axes, as `scipy.special.logsumexp`.

    Parameters
    ----------
    a : array_like or DualArray
        The exponents.
    axis : int or tuple of int, optional
        Where to sum; by default everywhere.
    b : array_like or DualArray, optional
        Weights, broadcast against a.
    keepdims : bool
        Whether the axes stay, with length 1.
    return_sign : bool
        Whether to give log|Σ b·exp(a)| and the sign of the sum, which has no tangent.

    Returns
    -------
    number, ndarray or dual
        In a's precision; with return_sign a pair of them.

    Raises
    ------
    TypeError
        If return_sign is asked for of complex duals, whose sign is a phase.

    Examples
    --------
    >>> logsumexp(Dual(np.array([0.0, 0.0]), np.array([1.0, 0.0]))).tangent
    0.5
    """
    a, b = as_operand(a), None if b is None else as_operand(b)
    if not has_duals(a, b):
        return sc.logsumexp(a, axis=axis, b=b, keepdims=keepdims, return_sign=return_sign)
    if return_sign:
        return _with_sign(a, axis, 1.0 if b is None else b, keepdims)
    y = _log_sum(a, 1.0 if b is None else b, axes_from_end(axis, max(np.ndim(a), np.ndim(b))))
    if keepdims:
        return y
    if axis is None:
        return y.ravel()[0] if np.ndim(y) else y
    return np.squeeze(y, axis)


def _with_sign(a: Any, axis: Any, b: Any, keepdims: bool) -> Any:
    """log|S| = log(s·S) and s, the sign of the sum S: weights b·s make the sum positive."""
    v, w = plain(a), plain(b)
    if np.iscomplexobj(v) or np.iscomplexobj(w):
        raise TypeError(
            "logsumexp with return_sign takes real duals, got complex ones; write "
            "np.log(np.sum(b * np.exp(a)))."
        )
    options = {"axis": axis, "keepdims": keepdims, "return_sign": True}
    value, sign = sc.logsumexp(v, b=None if np.ndim(w) == 0 and w == 1 else w, **options)
    whole = sc.logsumexp(v, axis=axis, b=w, keepdims=True, return_sign=True)[1]
    y = logsumexp(a, axis, b * np.where(whole == 0, 1.0, whole), keepdims)
    return with_value(y, value), sign


def _log_sum(a: Any, b: Any, axes: tuple[int, ...]) -> Any:
    """y = log(Σ b·exp(a)) with all axes: ẏ = Σ exp(a − y)·(b·ȧ + ḃ).

    Where y is infinite because some a are, they share it; where b is 0, a does not count.
    """
    if not has_duals(a, b):
        return sc.logsumexp(a, axis=axes or None, b=b, keepdims=True)
    level = newest((a, b))
    (v, v_dot), (w, w_dot) = parts(a, level), parts(b, level)
    y = _log_sum(v, w, axes)
    with quiet():
        far = np.isinf(plain(v)) & (plain(v) == plain(y)) & (plain(w) != 0)
        share = np.exp(np.where(far, 0.0, v - y))
        # that sum is 1 but for the rounding of y, and but for several infinite ones
        many = np.sum(plain(w) * np.where(plain(w) == 0, 0.0, plain(share)), axes, keepdims=True)
        share = share / np.where(np.isfinite(many) & (many != 0), many, 1.0)
        slope = np.where(plain(w) == 0, 0.0, w * share)
        terms = []
        if v_dot is not None:
            terms.append(scale(slope, a, slope, zero_slope_wins=False))
        if w_dot is not None:
            shares = np.broadcast_to(share, np.shape(slope))
            terms.append(scale(shares, b, slope, zero_slope_wins=False))
        tangent = np.sum(sum(terms[1:], terms[0]), axis=axes, keepdims=True)
    return dual(y, fit(tangent, y), level)


def softmax(x: Any, axis: Any = None) -> Any:
    """exp(x)/Σ exp(x) along axes, as `scipy.special.softmax`.

    >>> softmax(Dual(np.array([0.0, 0.0]), np.array([1.0, 0.0]))).tangent
    array([ 0.25, -0.25])
    """
    x = as_operand(x)
    if not isinstance(x, Dual):
        return sc.softmax(x, axis=axis)
    y = softmax(x.primal, axis)
    return dual(y, fit(y * _off_mean(x, y, axis), y), x.level)


def _off_mean(x: Any, y: Any, axis: Any) -> Any:
    """ẋ − Σ y·ẋ along axes."""
    axes = axes_from_end(axis, np.ndim(x))
    return x.tangent - np.sum(y * x.tangent, axis=axes, keepdims=True)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """log(softmax(x)) along axes, as `scipy.special.log_softmax`.

    >>> log_softmax(Dual(np.array([0.0, 0.0]), np.array([1.0, 0.0]))).tangent
    array([ 0.5, -0.5])
    """
    x = as_operand(x)
    if not isinstance(x, Dual):
        return sc.log_softmax(x, axis=axis)
    y = log_softmax(x.primal, axis)
    return dual(y, fit(_off_mean(x, softmax(x.primal, axis), axis), y), x.level)


def _spherical(kind: str) -> Callable[..., Any]:
    original = getattr(sc, f"spherical_{kind}")
    rule = function(TABLE[f"_spherical_{kind}"])

    def f(n: Any, z: Any, derivative: bool = False) -> Any:
        n, z = as_operand(n), as_operand(z)
        if duals := duals_in(n):
            raise refused(
                f"spherical_{kind} takes whole orders n, which have no derivative; give "
                "getattr(n, 'primal', n), "
                "or use jv and its like.",
                *duals,
            )
        if not isinstance(z, Dual):
            return original(n, z, derivative)
        if not derivative:
            return with_value(rule(n, z), original(n, plain(z)), moved)
        lower, upper = rule(np.maximum(n, 1) - 1, z), rule(n + 1, z)
        signs = {"jn": (1, -1), "yn": (1, -1), "in": (1, 1), "kn": (-1, -1)}[kind]
        slope = (signs[0] * n * lower + signs[1] * (n + 1) * upper) / (2 * n + 1)
        return with_value(slope, original(n, plain(z), True))

    f.__name__ = f.__qualname__ = f"spherical_{kind}"
    f.__doc__ = f"""As `scipy.special.spherical_{kind}`: of order n, or its derivative in z."""
    return f


spherical_jn, spherical_yn = _spherical("jn"), _spherical("yn")
spherical_in, spherical_kn = _spherical("in"), _spherical("kn")

take_places(globals(), sc)

__getattr__, __dir__ = names_of(__name__)
