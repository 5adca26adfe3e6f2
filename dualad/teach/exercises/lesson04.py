"""Exercises of lesson 4: a Jacobian by columns, an arm, orders of convergence, a trap."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from .tools import Hint, ask, expect, is_written, near, numbers, so_many


def exercise_1(jacobian: Any) -> None:
    """The Jacobian, column by column."""

    def f(x: Any) -> Any:
        return np.stack([x[0] * x[1], x[1] ** 2, 3 * x[0]])

    right = np.array([[5.0, 2.0], [0.0, 10.0], [3.0, 0.0]])
    got = ask(jacobian, f, np.array([2.0, 5.0]))
    if near(got, right.T):
        raise Hint("That is the transpose: each tangent is a column, not a row.")
    if near(got, right.sum(axis=1)):
        raise Hint(
            "One seed with ones gives the sum of the columns; take one unit vector at a time."
        )
    expect(got, right, "For (x₀x₁, x₁², 3x₀) at (2, 5) it gives {got}.")
    x, a = np.array([0.5, -1.0, 2.0]), np.array([[1.0, 2.0, 0.5], [0.3, -1.0, 0.7]])
    right = np.exp(a @ x)[:, None] * a
    got = ask(jacobian, lambda x: np.exp(a @ x), x)
    if np.shape(got) != (2, 3):
        raise Hint(
            f"For two functions of three inputs it has shape {np.shape(got)}: there are as many "
            "unit vectors as x has elements."
        )
    expect(got, right, "For exp(A @ x) it differs from exp(A @ x) times the rows of A.", 5)
    expect(got, right, "Close, but not to the last digit: take the tangents by jvp.", 13)


def exercise_2(bends: Any) -> None:
    """The bends at which the arm's Jacobian is singular."""
    if not np.shape(bends) and not isinstance(bends, (str, set, frozenset)):
        bends = [bends]
    values = sorted(numbers(bends, "two angles, in radians"))
    if len(values) == 1 and (is_written(values[0], 0.0) or is_written(values[0], math.pi)):
        raise Hint("There is another one.")
    if near(values, [0.0, 180.0]):
        raise Hint("Right, in degrees; the angles here are in radians.")
    if len(values) != 2 or not all(map(is_written, values, [0.0, math.pi])):
        raise Hint("When does the line to the hand lie along the forearm?")


def exercise_3(order: Any) -> None:
    """The order of convergence from three errors in a row."""
    got = ask(order, 1e-2, 3e-4, 27e-8)
    if near(got, math.log(27e-8) / math.log(3e-4)):
        raise Hint("C is still in it: divide two of the equations first.")
    expect(got, 2.0, "For errors that are 3 times the square of the one before it gives {got}.")
    expect(ask(order, 0.5, 0.2, 0.08), 1.0, "For 0.5, 0.2, 0.08 it should be 1, not {got}.")


def exercise_4(visited: Any) -> None:
    """Newton's method from 0, for z³ − 2z + 2."""
    points = so_many(visited, 5, "five numbers, of which 0 is the first")
    if points[0] != 0:
        raise Hint("Answer with five numbers, of which 0 is the first.")
    for k, (z, following) in enumerate(pairwise(points)):
        right = z - (z**3 - 2 * z + 2) / (3 * z**2 - 2)
        expect(following, right, f"Round {k + 1} leads from {z:g} elsewhere than to {{got}}.")
