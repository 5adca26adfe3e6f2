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
from ..dual import Dual, function
from ..pair import plain
from ..special_rules import TABLE
from ..table import RULES

__all__ = [
    "log_softmax",
    "logsumexp",
    "polygamma",
    "softmax",
    "spherical_in",
    "spherical_jn",
    "spherical_kn",
    "spherical_yn",
]


def _shift(x: Any, axis: Any) -> Any:
    """The largest of x along axis, a constant that may be taken off: no exp overflows then."""
    largest = np.max(plain(x), axis=axis, keepdims=True)
    return np.where(np.isfinite(largest), largest, 0.0)


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False) -> Any:
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

    Returns
    -------
    number, ndarray or dual
        In a's precision.

    Examples
    --------
    >>> logsumexp(Dual(np.array([0.0, 0.0]), np.array([1.0, 0.0]))).tangent
    0.5
    """
    a, b = as_operand(a), None if b is None else as_operand(b)
    if not isinstance(a, Dual) and not isinstance(b, Dual):
        return sc.logsumexp(a, axis=axis, b=b, keepdims=keepdims)
    shift = _shift(a, axis)
    terms = np.exp(a - shift)
    total = np.sum(terms if b is None else b * terms, axis=axis, keepdims=True)
    y = np.log(total) + shift
    if keepdims:
        return y
    if axis is None:
        return y.ravel()[0] if np.ndim(y) else y
    return np.squeeze(y, axis)


def softmax(x: Any, axis: Any = None) -> Any:
    """exp(x)/Σ exp(x) along axes, as `scipy.special.softmax`.

    >>> softmax(Dual(np.array([0.0, 0.0]), np.array([1.0, 0.0]))).tangent
    array([ 0.25, -0.25])
    """
    x = as_operand(x)
    if not isinstance(x, Dual):
        return sc.softmax(x, axis=axis)
    terms = np.exp(x - _shift(x, axis))
    return terms / np.sum(terms, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """log(softmax(x)) along axes, as `scipy.special.log_softmax`.

    >>> log_softmax(Dual(np.array([0.0, 0.0]), np.array([1.0, 0.0]))).tangent
    array([ 0.5, -0.5])
    """
    x = as_operand(x)
    if not isinstance(x, Dual):
        return sc.log_softmax(x, axis=axis)
    return x - logsumexp(x, axis, keepdims=True)


def polygamma(n: Any, x: Any) -> Any:
    """The n-th derivative of digamma, as `scipy.special.polygamma`; n is a count.

    >>> round(polygamma(1, Dual(1.0, 1.0)).tangent, 12)  # −2·ζ(3)
    -2.404113806319
    """
    x = as_operand(x)
    if not isinstance(x, Dual):
        return sc.polygamma(n, x)
    return function(RULES["polygamma"])(n, x)


def _spherical(kind: str) -> Callable[..., Any]:
    original = getattr(sc, f"spherical_{kind}")
    rule = function(TABLE[f"_spherical_{kind}"])

    def f(n: Any, z: Any, derivative: bool = False) -> Any:
        z = as_operand(z)
        if not isinstance(z, Dual):
            return original(n, z, derivative)
        if not derivative:
            return rule(n, z)
        lower, upper = rule(np.maximum(n, 1) - 1, z), rule(n + 1, z)
        signs = {"jn": (1, -1), "yn": (1, -1), "in": (1, 1), "kn": (-1, -1)}[kind]
        return (signs[0] * n * lower + signs[1] * (n + 1) * upper) / (2 * n + 1)

    f.__name__ = f.__qualname__ = f"spherical_{kind}"
    f.__doc__ = f"""As `scipy.special.spherical_{kind}`: of order n, or its derivative in z."""
    return f


spherical_jn, spherical_yn = _spherical("jn"), _spherical("yn")
spherical_in, spherical_kn = _spherical("in"), _spherical("kn")
