"""Exercises of lesson 5: an integral's end, a loop that runs once too few, a patched point."""

from __future__ import annotations

import math
from typing import Any

from ...drivers import derivative
from .tools import Hint, ask, expect, expect_written, near, number


def exercise_1(slope: Any) -> None:
    """The derivative of the peak's integral in its upper end."""
    slope = number(slope)
    if near(slope, 1 / (0.05**2 + 1.0), 3):
        raise Hint("The peak is at 0.3, so the end is 0.7 away from it.")
    right = 1 / (0.05**2 + 0.7**2)
    expect_written(slope, right, "It is the integrand, at the end; yours is {got}.")


def exercise_2(heron: Any) -> None:
    """Heron's root with the right derivative, at 1 as well."""
    for a in (2.0, 1.0, 9.0):
        expect(ask(heron, a), math.sqrt(a), f"The root of {a:g} comes out as {{got}}.")
    for a in (2.0, 9.0, 1.0):
        got = derivative(heron)(a)
        if a == 1.0 and got == 0.0:
            raise Hint(
                "At 1 the loop still does not run: the result is the constant that it began with."
            )
        expect(got, 0.5 / math.sqrt(a), f"The slope at {a:g} is {{got}}.")


def exercise_3(root: Any) -> None:
    """The solution of x³ + x = p by bisection, with two derivatives."""
    for x in (1.0, 0.5, 2.0):
        p = x**3 + x
        expect(ask(root, p), x, f"For p = {p:g} the solution is {x:g}; yours is {{got}}.")
        slope = 1 / (3 * x**2 + 1)
        got = _derivative_or_lost(root, 1, p)
        if got == 0.0:
            raise Hint("The slope is lost: p still appears in questions only.")
        expect(got, slope, f"The slope at {p:g} is {{got}} instead of {slope:.6f}.")
        got = _derivative_or_lost(root, 2, p)
        right = -6 * x * slope**3
        expect(got, right, "The first derivative is right; the second, {got}, needs more.", 7)


def _derivative_or_lost(root: Any, order: int, p: float) -> Any:
    """The derivative; 0 where it is refused because root searches."""
    try:
        return derivative(root, order=order)(p)
    except TypeError as error:
        if "searches" not in str(error):
            raise
        return 0.0


def exercise_4(g: Any) -> None:
    """(eˣ − 1)/x with two right derivatives at 0."""
    for x in (1.0, -2.0, 0.1, 0.0, 1e-8, 1e-3, -1e-5):
        right = math.expm1(x) / x if x else 1.0
        expect(ask(g, x), right, f"Its value at {x:g} is {{got}} instead of {right:.12g}.", 12)
    got = derivative(g)(0.0)
    if got == 0.0:
        raise Hint("At 0 it still returns a constant.")
    expect(got, 0.5, "Its slope at 0 is {got} instead of 1/2.")
    got = derivative(g, order=2)(0.0)
    expect(got, 1 / 3, "Its second derivative at 0 is {got} instead of 1/3: one more term.")
    for x in (1e-2, -1e-3, 1e-4, 1e-6):  # by the series, summed far beyond its digits
        right = sum(k * x ** (k - 1) / math.factorial(k + 1) for k in range(1, 12))
        expect(derivative(g)(x), right, f"Its slope at {x:g} has lost digits: {{got}}.", 7)
