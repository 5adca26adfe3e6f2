"""Taylor series of fifty digits through the very source of a program.

NumPy's arrays of objects do what the programs ask of arrays: views, stores, in-place operators
and sums are theirs, and np.sin of an object calls its method `sin`. What does not dispatch, or
comes to another value than the plain run, is not compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath import mp
from support import taylor
from support.taylor import DIGITS, FUNCTIONS, U, Undecided, series

SAFETY = 64  # how many times the bound; slopes of slopes take some more roundings


class Exact:
    """A series under Python's operators and NumPy's functions."""

    __slots__ = ("s",)

    def __init__(self, s: taylor.Series) -> None:
        self.s = s

    def __add__(self, other: Any) -> Any:
        return _both(other, lambda o: self.s + o)

    def __sub__(self, other: Any) -> Any:
        return _both(other, lambda o: self.s - o)

    def __mul__(self, other: Any) -> Any:
        return _both(other, lambda o: self.s * o)

    def __truediv__(self, other: Any) -> Any:
        return _both(other, lambda o: self.s / o)

    def __pow__(self, other: Any) -> Any:
        if isinstance(other, Exact):
            return Exact(taylor.general_power(self.s, other.s))
        return _both(other, lambda o: taylor.power(self.s, o.c[0].mid))

    def __rpow__(self, other: Any) -> Any:
        return _both(other, lambda o: taylor.general_power(o, self.s))

    def __radd__(self, other: Any) -> Any:
        return _both(other, lambda o: o + self.s)

    def __rsub__(self, other: Any) -> Any:
        return _both(other, lambda o: o - self.s)

    def __rmul__(self, other: Any) -> Any:
        return _both(other, lambda o: o * self.s)

    def __rtruediv__(self, other: Any) -> Any:
        return _both(other, lambda o: o / self.s)

    def __neg__(self) -> Exact:
        return Exact(-self.s)

    def __pos__(self) -> Exact:
        return self

    def __abs__(self) -> Exact:
        return Exact(taylor.absolute(self.s))

    def conjugate(self) -> Exact:
        return self

    def _compared(self, other: Any) -> int:
        order = self.s.compared(_series(other))
        if order == 0 and any(not b.is_zero for b in (self.s - _series(other)).c):
            raise Undecided("a tie")
        return order

    def __lt__(self, other: Any) -> bool:
        return self._compared(other) < 0

    def __le__(self, other: Any) -> bool:
        return self._compared(other) <= 0

    def __gt__(self, other: Any) -> bool:
        return self._compared(other) > 0

    def __ge__(self, other: Any) -> bool:
        return self._compared(other) >= 0

    def __eq__(self, other: Any) -> bool:
        return self._compared(other) == 0

    def __ne__(self, other: Any) -> bool:
        return self._compared(other) != 0

    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Callable[[], Exact]:
        row = FUNCTIONS.get(NAMES.get(name, name))
        if row is None:
            raise AttributeError(name)
        return lambda: Exact(row(self.s))


NAMES = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh",
         "arccosh": "acosh", "arctanh": "atanh"}  # fmt: skip


def _series(x: Any) -> taylor.Series:
    if isinstance(x, Exact):
        return x.s
    if isinstance(x, (bool, int, float, np.bool, np.integer, np.float64)):
        return series(float(x))
    raise Undecided(f"{type(x).__name__} is not a real number of double precision")


def _both(other: Any, f: Callable[[taylor.Series], taylor.Series]) -> Any:
    return NotImplemented if isinstance(other, np.ndarray) else Exact(f(_series(other)))


def start(x: Any, v: Any) -> Any:
    """The series of x + v·t; for an array, an array of objects in its memory order."""

    def one(a: Any, b: Any) -> Exact:
        return Exact(taylor.Series([taylor.Ball(float(a)), taylor.Ball(float(b)),
                                    *[taylor.Ball(0)] * (taylor.ORDER - 1)]))  # fmt: skip

    if not isinstance(x, np.ndarray):
        return one(x, v)
    y = np.empty_like(x, dtype=object)
    for i in np.ndindex(x.shape):
        y[i] = one(x[i], v[i])
    return y


def compared(y: list[Any], values: Any, got: Any, order: int, weights: Any) -> str | None:
    """Where derivatives are not those of the series; "" if nowhere, None where nothing is known.

    Parameters
    ----------
    y : list
        All that the program returned for series.
    values, got : array
        What it returned plainly, and its derivatives by dualad.
    order : int
        Of the derivatives.
    weights : array or None
        If given, got is one number, of the sum with these weights.
    """
    parts = [e for part in y for e in np.asarray(part, dtype=object).ravel().tolist()]
    if len(parts) != len(values):
        return None
    with mp.workdps(DIGITS):
        found = [_series(e) for e in parts]
        for s, value in zip(found, values):
            if not abs(s.c[0].mid - value) <= SAFETY * s.c[0].rad + 1e-12 * (1 + abs(value)):
                return None
        if weights is not None:
            total = series(0)
            for s, weight in zip(found, weights):
                total = total + s * float(weight)
            found = [total]
        for s, d in zip(found, got):
            ball, scale = s.c[order], math.factorial(order)
            if ball.rad == taylor.INF:
                continue
            bound = SAFETY * scale * (ball.rad + U * abs(ball.mid)) + 1e-280
            if not abs(d - ball.mid * scale) <= bound:
                want = mp.nstr(ball.mid * scale, 20)
                return f"{d!r}, not {want} ± {mp.nstr(bound, 2)}, by Taylor series"
    return ""


def workdps() -> Any:
    """The precision in which the program is to be run."""
    return mp.workdps(DIGITS)
