"""Functions of single numbers that a number system lacks, and NumPy's warnings silenced.

What `namespaces.py` fills its gaps with: fma, ψ⁽ⁿ⁾, sinc and its derivatives, steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

# -- warnings ------------------------------------------------------------------------------

try:  # what np.errstate(all="ignore") does, at a fifth of its price
    from numpy._core.umath import _extobj_contextvar, _make_extobj

    stop_warnings: Callable[[], Any] = partial(_extobj_contextvar.set, _make_extobj(all="ignore"))
    resume_warnings: Callable[[Any], None] = _extobj_contextvar.reset

except ImportError:

    def stop_warnings() -> Any:
        """Let NumPy be silent, until `resume_warnings` of what this gives."""
        return np.seterr(all="ignore")

    def resume_warnings(token: Any) -> None:
        """Let NumPy warn again."""
        np.seterr(**token)


class quiet:
    """A context in which NumPy does not warn: slopes may be infinite, and 0·∞ is looked after.

    >>> with quiet():
    ...     print(np.float64(1) / 0)
    inf
    """

    __slots__ = ("token",)

    def __enter__(self) -> None:
        self.token = stop_warnings()

    def __exit__(self, *error: object) -> None:
        resume_warnings(self.token)


# -- functions -----------------------------------------------------------------------------


def fma(a: float, b: float, c: float) -> float:
    """Round a·b + c once. (`math.fma` came with Python 3.13.)"""
    from fractions import Fraction

    a, b, c = float(a), float(b), float(c)
    if math.isfinite(a * b + c) and a * b + c != 0.0:
        return float(Fraction(a) * Fraction(b) + Fraction(c))
    return a * b + c


def scipy_special(name: str) -> Any:
    """The ufunc of scipy.special, or None where SciPy is not installed."""
    try:
        import scipy.special
    except ImportError:
        return None
    return getattr(scipy.special, name)


def polygamma(n: int, x: float) -> float:
    """ψ⁽ⁿ⁾(x) rounded to a float, by mpmath with guard bits."""
    from mpmath import mp

    with mp.workprec(90):
        try:
            return float(psi(mp, int(n), mp.mpf(x)).real)
        except (ValueError, ZeroDivisionError):  # a pole
            return math.nan


def psi(ctx: Any, n: int, x: Any) -> Any:
    """mpmath's ψ⁽ⁿ⁾(x), and far to the left by reflection, where mpmath would take for ever.

    (−1)ⁿ·ψ⁽ⁿ⁾(1 − x) − ψ⁽ⁿ⁾(x) = π·dⁿ/dxⁿ cot πx, a polynomial in c = cot πx: dc/dx = −π(1 + c²).
    """
    if ctx.re(x) > -100:
        return ctx.psi(n, x)
    polynomial = [ctx.zero, ctx.one]  # coefficients of 1, c, c², …
    for _ in range(n):
        slope = [k * p for k, p in enumerate(polynomial)][1:]
        polynomial = [
            -ctx.pi * ((slope[k] if k < len(slope) else 0) + (slope[k - 2] if k >= 2 else 0))
            for k in range(len(slope) + 2)
        ]
    cot = ctx.cospi(x) / ctx.sinpi(x)
    return (-1) ** n * ctx.psi(n, 1 - x) - ctx.pi * sum(
        p * cot**k for k, p in enumerate(polynomial)
    )


def sinc_derivative(n: int, x: Any) -> Any:
    """n-th derivative of sin(πx)/(πx), for floats, complex numbers and arrays of them.

    With u = πx and S₀ = sin(u)/u, differentiating u·S₀ = sin u n times gives
    u·Sₙ + n·Sₙ₋₁ = sin⁽ⁿ⁾(u), a recurrence that is stable while n is small against |u|.
    Nearer to 0 the power series Σ (−1)ᵏ u²ᵏ⁻ⁿ/((2k + 1)·(2k − n)!), 2k ≥ n, takes over.
    """
    x = np.asarray(x)
    number: Any = float
    pi: Any = math.pi
    if x.dtype.char in "gG":  # longdoubles: strings keep all digits of integers
        pi, number = np.arccos(np.longdouble(-1)), lambda i: np.longdouble(str(i))
    near = np.abs(x) < (n + 2) / math.pi
    u = pi * np.where(near, x, 0)
    terms = range((n + 1) // 2, 2 * n + 14)
    coefficients = [(-1) ** k / number((2 * k + 1) * math.factorial(2 * k - n)) for k in terms]
    series: Any = 0.0
    for c in reversed(coefficients):
        series = series * u * u + c
    series = series * u if n % 2 else series
    u = pi * np.where(near, 1, x)
    turns = np.where(near, 1, x - 2 * np.rint(x.real / 2))  # sin πx for large x too
    sin, cos = np.sin(pi * turns), np.cos(pi * turns)
    far = sin / u
    for k in range(1, n + 1):
        far = ((cos, -sin, -cos, sin)[(k - 1) % 4] - k * far) / u
    return (pi**n * np.where(near, series, far)).astype(np.result_type(x, np.float32))[()]


def sign(x: float) -> float:
    return 0.0 * x if x == 0 or x != x else math.copysign(1.0, x)


def heaviside(x: float, h: float) -> float:
    return x if x != x else 0.0 if x < 0 else 1.0 if x > 0 else float(h)


def nan_to_num(x: float) -> float:
    return float(np.nan_to_num(x))
