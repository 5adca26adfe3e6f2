"""Exercises of lesson 12: digits, a slope that keeps them, exact fractions, and π by a series."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .tools import Hint, ask, expect, number


def exercise_1(digits: Any) -> None:
    """How many digits a float constant leaves."""
    digits = number(digits)
    if digits in (50, 34):
        raise Hint("Compare the two numbers printed above, digit by digit.")
    if not 15 <= digits <= 17:
        raise Hint("A float has 53 bits. How many decimal digits is that?")


def exercise_2(slope: Any) -> None:
    """1/√(x − x²) in floats, against sixty digits."""
    from mpmath import mp, mpf

    expect(ask(slope, 0.5), 2.0, "At x = 0.5 it should be 2; yours is {got}.")
    for x in (0.3, 1e-12, 0.9999, 1 - 1e-9, 1 - 1e-15):
        with mp.workdps(60):
            truth = 1 / mp.sqrt(mpf(x) - mpf(x) ** 2)
            error = abs(mpf(float(ask(slope, x))) / truth - 1)
        if error > 1e-14:
            raise Hint(f"At x = {x!r} only {max(0, -int(mp.log10(error)))} digits are right.")


def exercise_3(rump_exactly: Any) -> None:
    """Rump's example in fractions."""
    got = ask(rump_exactly, Fraction(77617), Fraction(33096))
    if not isinstance(got, (Fraction, int)):
        kind = type(got).__name__
        raise Hint(f"The result is a {kind}: some constant in it, 333.75 or 5.5, is still a float.")
    if got != Fraction(-54767, 66192):
        raise Hint(f"The result is a fraction, but the wrong one, about {float(got):.6g}.")


def exercise_4(machin: Any) -> None:
    """π by Machin's formula and a series of so many terms."""
    from mpmath import mp

    with mp.workdps(50):
        for order, digits in ((9, 6), (70, 45)):
            got = ask(machin, order)
            if not hasattr(got, "_mpf_"):
                raise Hint(
                    "The result is no number of mpmath: take the series at mpf(0), and "
                    "divide mpf(1) by 5."
                )
            if abs(got - mp.pi) > mp.mpf(10) ** -digits:
                raise Hint(f"With order {order}, it should have {digits} digits of π: {got}")
