"""Exercises of lesson 1: differences, steps, and a program with branches."""

from __future__ import annotations

import math
from typing import Any

from ...drivers import derivative
from .tools import Hint, ask, expect, near, number


def exercise_1(central: Any) -> None:
    """The central difference, as a function of f, x and h."""
    got = ask(central, lambda x: x**3, 1.0, 0.5)
    if near(got, 4.75):
        raise Hint("That is the forward difference: it looks to one side only.")
    if near(got, 6.5):
        raise Hint("From x − h to x + h it is two steps, so divide by 2h.")
    expect(got, 3.25, "For x³ at 1 with h = 0.5 it is (1.5³ − 0.5³)/1 = 3.25; yours is {got}.")
    expect(ask(central, math.sin, 2.0, 1e-4), math.cos(2.0), "It fails for sin at 2.", 7)


def exercise_2(exponent: Any) -> None:
    """The best step of the central difference is about 10 to the minus this."""
    exponent = abs(number(exponent))
    if 7 <= exponent <= 9:
        raise Hint(
            "That is the best step of the forward difference. Here the truncation error is h²."
        )
    if not 4.9 <= exponent <= 6.1:
        raise Hint("The errors h² and u/h are equal where h³ = u, and u is about 10⁻¹⁶.")


def exercise_3(step: Any) -> None:
    """The complex step, as a function of f and x."""
    got = ask(step, lambda z: z**3, 2.0)
    if isinstance(got, complex):
        raise Hint("Take the imaginary part: the result is still a complex number.")
    expect(got, 12.0, "For x³ at 2 it should be 12; yours is {got}.", 4)
    expect(got, 12.0, "Close to 12, but not to the last digit: h may be much smaller.", 14)

    def square(z: Any) -> Any:
        if not isinstance(z, complex) or z.imag == 0:
            raise Hint("Call f at a complex number, x + ih; nothing needs to be subtracted.")
        return z * z

    expect(ask(step, square, 2.0), 4.0, "For x² at 2 it should be 4; yours is {got}.", 14)


def exercise_4(fare: Any) -> None:
    """A taxi's fare as a program with branches, and its derivative."""
    for distance, right in ((1.0, 4.0), (2.0, 4.0), (5.0, 10.0), (10.0, 20.0), (20.0, 30.0)):
        expect(
            ask(fare, distance), right, f"For {distance:g} km it should be {right:g}, not {{got}}."
        )
    for distance, slope in ((1.0, 0.0), (5.0, 2.0), (20.0, 1.0)):
        got = derivative(fare)(distance)
        at = f"its slope at {distance:g} km is {{got}}, and should be {slope:g}"
        expect(got, slope, f"The fare is right, {at}: which of its parts is a plain number?")


def exercise_5(slope: Any) -> None:
    """Horner's scheme with a partner for its variable, of 2x³ − 5x + 1."""
    got = ask(slope, 3.0)
    if near(got, 40.0):
        raise Hint("That is the value at 3; return the partner.")
    if near(got, 187.0):
        raise Hint("y has moved on already when its old value is needed for dy.")
    expect(got, 49.0, "At 3 it should be 6·3² − 5 = 49; yours is {got}.")
    expect(ask(slope, -1.0), 1.0, "At −1 it should be 1; yours is {got}.")
