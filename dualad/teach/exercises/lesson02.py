"""Exercises of lesson 2: quotients and roots of dual numbers, a row of the table, a trace."""

from __future__ import annotations

import math
from typing import Any

from .tools import Hint, ask, expect, expect_written, is_written, near, so_many


def exercise_1(divide: Any) -> None:
    """The quotient of two dual numbers, as (value, tangent)."""
    got = ask(divide, 1.0, 2.0, 4.0, 3.0)
    y, dy = so_many(got, 2, "two numbers, the value and the tangent")
    expect(y, 0.25, "The value of (1 + 2ε)/(4 + 3ε) is 1/4; yours is {got}.")
    if near(dy, 2.0 / 3.0):
        raise Hint("The quotient of the tangents is not the tangent of the quotient.")
    back = y * 3.0 + dy * 4.0
    product = f"1 {'−' if back < 0 else '+'} {abs(back):g}ε"
    expect(back, 2.0, f"Multiplied by 4 + 3ε, your answer is {product} instead of 1 + 2ε.")
    got = so_many(ask(divide, 2.0, 0.0, -1.0, 1.0), 2, "two numbers")
    expect(got, [-2.0, -2.0], "For 2/(−1 + ε) it gives {got}.")


def exercise_2(pair: Any) -> None:
    """The square root of 9 + 12ε."""
    c, dc = so_many(pair, 2, "two numbers, the value and the tangent, such as (1.0, 2.0)")
    if near(c, -3.0):
        raise Hint("√ means the root that is not negative.")
    expect(c, 3.0, "The value c has the square 9.")
    if is_written(dc, math.sqrt(12.0)):
        raise Hint("Square 3 + √12 ε, and look at the coefficient of ε.")
    expect(dc, 2.0, "(3 + ċε)² = 9 + 6ċε, so 6ċ must be 12; yours is {got}.")


def exercise_3(slope: Any) -> None:
    """The slope of tanh, with its digits at 20 too."""
    for x in (0.0, 0.5, -2.0):
        right = 4.0 / (math.exp(x) + math.exp(-x)) ** 2
        expect(
            ask(slope, math.tanh(x), x), right, f"At {x:g} it should be {right:.6f}, not {{got}}."
        )
    right = 4 * math.exp(-40.0)
    got = ask(slope, math.tanh(20.0), 20.0)
    if got == 0:
        raise Hint(
            "Right on paper; but at 20 tanh rounds to 1, and 1 − 1 has no digits left. "
            "Make the slope from x instead of y: what is 1 − tanh² in terms of cosh?"
        )
    expect(got, right, "Right at 0, 0.5 and −2; at 20 it should be 1.7e-17, not {got}.", 6)


def exercise_4(tangents: Any) -> None:
    """The tangents of the survey's trace in the direction of its second input."""
    v1, v2, v3, v4, v5 = so_many(tangents, 5, "five tangents, v̇₁ to v̇₅")
    expect(v1, 0.0, "v₁ = ln x₁ does not depend on x₂.")
    expect(v2, 2.0, "v₂ = x₁x₂ grows by x₁ where x₂ grows by 1; yours is {got}.")
    expect_written(v3, math.cos(5), "v₃ = sin x₂ has the slope cos x₂, at 5.")
    expect(v4, 2.0, "v₄ is a sum, so its tangent is the sum of two tangents above.")
    expect_written(v5, 2.0 - math.cos(5), "v₅ = v₄ − v₃.")
