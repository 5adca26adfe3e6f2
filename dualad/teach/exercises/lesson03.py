"""Exercises of lesson 3: the first gradients, a message foreseen, a cache, a rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...drivers import derivative
from .tools import Hint, ask, choose, expect, near


def exercise_1(steepest: Any) -> None:
    """The direction of a gradient, of length 1."""
    got = ask(steepest, lambda v: 3 * v[0] + 4 * v[1], np.array([1.0, 1.0]))
    if near(got, [3.0, 4.0]):
        raise Hint("That is the gradient; divide it by its length.")
    expect(got, [0.6, 0.8], "For 3v₀ + 4v₁ it should be [0.6, 0.8]; yours is {got}.")
    x = np.array([1.0, -2.0, 2.0])
    expect(ask(steepest, lambda v: -(v @ v), x), -x / 3, "For −v·v it points the wrong way: {got}.")


def exercise_2(letter: Any) -> None:
    """What hessian says to a function with five results."""
    hints = {
        "a": "Functions of math are no trouble: the driver lifts the function.",
        "c": "A number is differentiated as a number; no array is needed.",
    }
    choose(letter, "b", hints)


def exercise_3(energy: Any) -> None:
    """T⁴ with a cache for plain numbers that does not get in the way of derivatives."""
    expect(ask(energy, 2.0), 16.0, "At 2 the energy is 16; yours is {got}.")
    for call in ("first", "second"):
        try:
            got = derivative(energy)(2.0)
        except TypeError as problem:
            if "unhashable" in str(problem):
                raise Hint("A dual number still reaches the dict; let it go another way.") from None
            if "lack a return" in str(problem):
                raise Hint("For a dual number your function returns None.") from None
            raise
        expect(got, 32.0, f"The slope at 2 is 32; your {call} call gives {{got}}.")
    expect(ask(energy, 2.0), 16.0, "After a derivative the plain call gives {got}.")
    if ask(energy, 2.0) is not ask(energy, 2.0):  # what is kept is the same object each time
        raise Hint("The numbers are right, but none is kept: each plain call calculates it again.")


def exercise_4(slope: Any) -> None:
    """The slope of the cube root, of the argument and the result."""
    at_8 = ask(slope, 8.0, 2.0)
    expect(at_8, 1 / 12, "At 8, where y = 2, it should be 1/12; yours is {got}.")
    got = ask(slope, -8.0, -2.0)
    if isinstance(got, complex):
        raise Hint("A fractional power of a negative number is complex; a product is not.")
    expect(got, 1 / 12, "At −8 it should be 1/12 as well; yours is {got}.")
    at_small = "At 1e-300 it should be 3.3e199"
    try:
        got = ask(slope, 1e-300, 1e-100)
    except Hint as hint:
        if isinstance(hint.__cause__, ZeroDivisionError):
            raise Hint(f"{at_small}, but x² underflows to zero there; y² does not.") from hint
        raise
    expect(got * 3e-200, 1.0, f"{at_small}; yours is {{got}}.")
    if ask(slope, 8.0, 3.0) == at_8:  # another y makes another slope, unless y is not looked at
        raise Hint("Right, but it does not use y: the root need not be taken a second time.")
