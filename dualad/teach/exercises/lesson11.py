"""Exercises of lesson 11: edges, an energy with scratched pixels, and a start far away."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...drivers import grad
from .tools import Hint, ask, choose, expect, near


def exercise_1(edge_strength: Any) -> None:
    """The length of the gradient of x²·y, pixel by pixel."""
    x, y = np.meshgrid([1.0, 2.0, 3.0], [0.5, -1.0])

    def image(x: Any, y: Any) -> Any:
        return x * x * y

    got = ask(edge_strength, image, x, y)
    by_x, by_y = 2 * x * y, x * x
    for wrong in (by_x, by_y, np.abs(by_x)):
        if near(got, wrong):
            raise Hint("That is the derivative in one direction; there are two.")
    if near(got, by_x**2 + by_y**2):
        raise Hint("Take the root of the sum of squares.")
    if near(got, np.abs(by_x) + np.abs(by_y)) or near(got, by_x + by_y):
        raise Hint("The length of a vector is the root of the sum of squares.")
    expect(got, np.sqrt(by_x**2 + by_y**2), "For x²·y it should be √((2xy)² + x⁴), at each place.")


def exercise_2(repair_energy: Any) -> None:
    """The energy of a picture of which some pixels are unknown."""
    picture = np.array([[1.0, np.nan, 3.0], [0.0, 2.0, np.nan]])
    known = ~np.isnan(picture)
    u = np.array([[1.5, 1.0, 2.0], [0.0, 1.0, 1.0]])
    # ½(0.25 + 1 + 0 + 1) + 0.1·(0.25 + 1 + 1 + 0 across, 2.25 + 0 + 1 down)
    got = ask(repair_energy, u, picture, known, 0.1)
    if np.isnan(got).any():
        raise Hint("It is nan: zero times nan is nan, so select the known pixels by u[known].")
    if near(got, 2.25 + 0.55):
        raise Hint("Half of the squared differences is asked for.")
    expect(got, 1.125 + 0.55, "For the example of the test it should be 1.675, not {got}.")
    slopes = ask(grad(repair_energy), u, picture, known, 0.0)
    expect(
        slopes,
        np.where(known, u - np.nan_to_num(picture), 0.0),
        "The value is right, but the gradient is not zero at the unknown pixels.",
    )


def exercise_3(letter: Any) -> None:
    """What helps a registration that starts far away."""
    choose(
        letter,
        "b",
        {
            "a": "Run the next cell: exact derivatives are those at one place only.",
            "c": "The derivatives are right to the last digit there. What do they say?",
        },
    )
