"""Exercises of lesson 8: elasticities in general and of an epidemic, and a costly delay."""

from __future__ import annotations

from typing import Any

import numpy as np

from .tools import Hint, ask, choose, expect, near, number


def exercise_1(elasticities: Any) -> None:
    """The elasticities of a function of an array: those of a product of powers are the powers."""
    p = np.array([2.0, 3.0, 0.5])
    powers = np.array([1.0, -2.0, 0.5])

    def monomial(q: Any) -> Any:
        return 7.0 * q[0] * q[1] ** -2 * q[2] ** 0.5

    got = ask(elasticities, monomial, p)
    if near(got, monomial(p) * powers / p):
        raise Hint("Those are the derivatives; an elasticity is percent per percent.")
    if near(got, monomial(p) * powers):
        raise Hint("Divide by the value of f as well.")
    if near(got, powers / p):
        raise Hint("Multiply by the parameters as well.")
    expect(got, powers, "For f = 7·p₀·p₁⁻²·√p₂ they are the powers 1, −2, ½; yours are {got}.")


def exercise_2(early_elasticities: Any) -> None:
    """The elasticities of first·exp((beta − gamma)·t)."""
    got = ask(early_elasticities, 0.5, 1.7, 0.45, 1.0)
    if np.shape(got) != (3,):
        raise Hint("Return three numbers: those of beta, gamma and first.")
    if near(got, (0.5, -0.5, 1.0)):
        raise Hint("Those are the derivatives of ln I; multiply each by its parameter.")
    expect(
        got, (0.85, -0.225, 1.0), "Solve dI/dt = (β − γ)I, and take the logarithm; yours is {got}."
    )
    expect(ask(early_elasticities, 2.0, 1.0, 3.0, 8.0), (2.0, -6.0, 1.0), "It fails at t = 2.")


def exercise_3(letter: Any) -> None:
    """What equal and opposite elasticities say."""
    choose(
        letter,
        "b",
        {
            "a": "It can: one percent more of both changes nothing.",
            "c": "The product would have equal elasticities, of the same sign.",
        },
    )


def exercise_4(day: Any) -> None:
    """The day on which a further delay costs most."""
    day = number(day)
    if near(day, 6.2, 1) or near(day, 6.33, 1.5):
        raise Hint("That is the day with most boys in bed. Look at the lower picture.")
    if not 4.5 <= day <= 4.9:
        raise Hint("It is where the slope, in the lower picture, has its peak.")
