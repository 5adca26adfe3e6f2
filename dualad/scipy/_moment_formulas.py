"""How the mean, the variance and the entropy of a distribution move with its shapes, by formulas.

A formula that is right may still cancel: the variance of `chi` is the difference of two numbers as
large as its shape. So the derivative's text is read with numbers that carry a bound of their
rounding; where that has eaten too many digits, mpmath differentiates the moment's own text, with
more and more digits until two results agree.
"""

from __future__ import annotations

import ast
import functools
import math
import operator
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..dual import function
from ..namespaces import Namespace, namespace_of
from ..pair import Function
from ..refusals import refused
from ..rules import compile_text
from ..special_rules import EXACT, SPACES, TABLE, SpecialRule
from ._derived import partial
from ._distributions import TABLE as DISTRIBUTIONS
from ._distributions import Distribution

_EPSILON = np.finfo(float).eps
_LOST = 1e-10  # relative error of a derivative that is calculated again
_OF_FUNCTION = 8  # roundings in a value of NumPy's and SciPy's functions


def by_formula(d: Distribution, method: str, text: str, shape: str) -> Function:
    """The derivative in a shape of a moment's text: of the shapes, in standard form."""
    return _derivative(d.name, method, text, tuple(int(s == shape) for s in d.shapes))


@cache
def _derivative(name: str, method: str, text: str, orders: tuple[int, ...]) -> Function:
    d = DISTRIBUTIONS[name]

    def one_more(i: int) -> Callable[..., Any]:
        higher = tuple(n + (j == i) for j, n in enumerate(orders))
        return lambda *args: _derivative(name, method, text, higher)(*args[:-1])

    slopes = (None if s in d.fixed else one_more(i) for i, s in enumerate(d.shapes))
    slope = partial(text, d.shapes[orders.index(1)]) if sum(orders) == 1 else ""
    rule = SpecialRule(f"scipy.stats.{d.name}.{method}({', '.join(d.shapes)})", *slopes)

    def value(*shapes: Any) -> Any:
        spread = np.broadcast_arrays(*shapes)
        points = [a.ravel().astype(float) for a in spread]
        y = np.full(points[0].shape, math.nan)
        if slope:
            with np.errstate(all="ignore"):
                y[:] = _if_precise(slope, d.shapes, points)
        for i in np.flatnonzero(np.isnan(y) & ~np.isnan(points).any(axis=0)):
            y[i] = _exactly(d, method, text, orders, [float(a[i]) for a in points])
        return y.reshape(spread[0].shape)[()]

    rule.plain = value
    return function(rule)


# -- in floats ---------------------------------------------------------------------------------


class _Rounded:
    """A number, or an array, and how far rounding may have moved it, to first order."""

    __slots__ = ("error", "value")

    def __init__(self, value: Any, error: Any = 0.0) -> None:
        self.value = value
        self.error = error + _EPSILON * abs(value)

    def __add__(self, other: Any) -> _Rounded:
        other = _rounded(other)
        return _Rounded(self.value + other.value, self.error + other.error)

    def __sub__(self, other: Any) -> _Rounded:
        other = _rounded(other)
        return _Rounded(self.value - other.value, self.error + other.error)

    def __mul__(self, other: Any) -> _Rounded:
        other = _rounded(other)
        error = abs(self.value) * other.error + abs(other.value) * self.error
        return _Rounded(self.value * other.value, error)

    def __truediv__(self, other: Any) -> _Rounded:
        other = _rounded(other)
        y = self.value / other.value
        return _Rounded(y, (self.error + abs(y) * other.error) / abs(other.value))

    def __neg__(self) -> _Rounded:
        return _Rounded(-self.value, self.error)

    def __pos__(self) -> _Rounded:
        return self

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Any) -> _Rounded:
        return _rounded(other) - self

    def __rtruediv__(self, other: Any) -> _Rounded:
        return _rounded(other) / self

    def __pow__(self, other: Any) -> Any:
        return _POWER(self, other)

    def __rpow__(self, other: Any) -> Any:
        return _POWER(other, self)

    def __lt__(self, other: Any) -> Any:
        return self.value < _rounded(other).value

    def __le__(self, other: Any) -> Any:
        return self.value <= _rounded(other).value

    def __gt__(self, other: Any) -> Any:
        return self.value > _rounded(other).value

    def __ge__(self, other: Any) -> Any:
        return self.value >= _rounded(other).value


def _rounded(x: Any) -> _Rounded:
    if isinstance(x, _Rounded):
        return x
    exact = _Rounded(x)
    exact.error = 0.0
    return exact


def _carrying(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of numbers that carry their rounding, which moves it as it moves its argument."""

    def call(*args: Any) -> Any:
        at = [a.value if isinstance(a, _Rounded) else a for a in args]
        y = f(*at)
        if np.asarray(y).dtype == bool:
            return y
        error = _OF_FUNCTION * _EPSILON * abs(y)
        for i, a in enumerate(args):
            if isinstance(a, _Rounded):
                error = error + abs(f(*at[:i], a.value + a.error, *at[i + 1 :]) - y)
        return _Rounded(y, error)

    return call


def _chosen(condition: Any, a: Callable[[], Any], b: Callable[[], Any]) -> _Rounded:
    first, second = _rounded(a()), _rounded(b())
    y = _rounded(np.where(condition, first.value, second.value))
    y.error = np.where(condition, first.error, second.error)
    return y


_POWER = _carrying(operator.pow)
# SciPy calculates these so where the arguments are large, and loses digits
_BY_LOGARITHMS = {
    "poch": "exp(gammaln(a + b) - gammaln(a))",
    "beta": "exp(gammaln(a) + gammaln(b) - gammaln(a + b))",
    "betaln": "gammaln(a) + gammaln(b) - gammaln(a + b)",
}


@cache
def _read_carrying(text: str, names: tuple[str, ...]) -> Callable[..., Any]:
    """An expression as a function of numbers that carry their rounding; helpers are texts too."""
    known = {
        name: _carrying(f) if callable(f) else f
        for name, f in SPACES[True].functions.items()
        if not _is_text(name)
    }
    known |= {"choose": _chosen} | _helpers_in(text, _read_carrying)
    for name, meaning in _BY_LOGARITHMS.items():
        if f"{name}(" in text:
            known[name] = _read_carrying(meaning, ("a", "b"))
    supply = SPACES[True].supply
    assert supply is not None
    space = Namespace("rounding", known, is_array=True, supply=lambda rule: _carrying(supply(rule)))
    return compile_text(text, names, space)


def _if_precise(text: str, names: tuple[str, ...], points: Sequence[Any]) -> Any:
    """An expression at flat arrays; nan where rounding may have cost too much of it."""
    y = _rounded(_read_carrying(text, names)(*map(_rounded, points)))
    is_precise = np.isfinite(y.value) & (y.error <= _LOST * abs(y.value))
    return np.where(is_precise, y.value, math.nan)


# -- in as many digits as it takes -----------------------------------------------------------------


_CONSTANTS = {"sqrt2": "sqrt(2)", "sqrtpi": "sqrt(pi)", "sqrt2pi": "sqrt(2*pi)"}


@cache
def _read_exactly(text: str, names: tuple[str, ...]) -> Callable[..., Any]:
    """An expression as a function of mpmath's numbers."""
    from mpmath import mp

    space = namespace_of(mp.one)
    assert space is not None
    known = space.functions | {name: functools.partial(f, mp) for name, f in EXACT.items()}
    known |= _helpers_in(text, _read_exactly)
    for name, meaning in _CONSTANTS.items():
        text = re.sub(rf"\b{name}\b", meaning, text)
    return compile_text(text, names, Namespace("mpmath", known))


def _exactly(
    d: Distribution, method: str, text: str, orders: tuple[int, ...], point: Sequence[float]
) -> float:
    """A derivative of a moment's text at one point."""
    from mpmath import mp

    f = _read_exactly(text, d.shapes)
    which = [i for i, n in enumerate(orders) if n]

    def varied(*given: Any) -> Any:
        at = list(map(mp.mpf, point))
        for i, x in zip(which, given, strict=True):
            at[i] = x
        return f(*at)

    before = math.nan
    try:
        for digits in (40, 80, 160, 320):
            with mp.workdps(digits):
                at = tuple(mp.mpf(point[i]) for i in which)
                counts = tuple(orders[i] for i in which)
                one = len(which) == 1
                y = mp.diff(varied, at[0] if one else at, counts[0] if one else counts)
                if mp.isnan(y):
                    return math.nan
                if abs(y - before) <= 1e-17 * abs(y):
                    return float(y)
                before = y
                reach = math.prod(abs(x) or 1 for x in at)
                is_zero = abs(y) * reach < 1e-60 * (abs(varied(*at)) or 1)
        if is_zero:
            return 0.0
    except (ArithmeticError, ValueError):
        pass
    where = ", ".join(f"{s}={x!r}" for s, x in zip(d.shapes, point, strict=True))
    raise refused(
        f"scipy.stats.{d.name}.{method}: its derivative could not be calculated at {where}; "
        "write the moment as a function of your own, or pass a plain number.",
        *point,
    )


# -- helpers of texts ------------------------------------------------------------------------------


def _is_text(name: str) -> bool:
    return name.startswith("_") and name in TABLE and isinstance(TABLE[name].value, str)


def _helpers_in(text: str, read: Callable[..., Any]) -> dict[str, Any]:
    """The helpers that a text calls and that are texts themselves."""
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    return {
        name: read(str(TABLE[name].value), tuple(TABLE[name].args))
        for name in names
        if _is_text(name)
    }
