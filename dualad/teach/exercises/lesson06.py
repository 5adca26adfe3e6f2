"""Exercises of lesson 6: nested numbers, curvature, a puzzle, a pass, products of series."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...drivers import derivative
from .tools import Hint, ask, expect, near, so_many


def exercise_1(counts: Any) -> None:
    """How many plain numbers carry the third and the tenth derivative."""
    counts = so_many(counts, 2, "two numbers, those of the third and of the tenth derivative")
    if near(counts, [4, 11]):
        raise Hint("That would be a series; here each level keeps a value and a tangent.")
    if near(counts, [6, 20]):
        raise Hint("Not so many more, but so many times more: each part becomes two.")
    expect(counts, [8, 1024], "One level has 2 numbers, two levels have 4.")


def exercise_2(curvature: Any) -> None:
    """The curvature of a graph, itself differentiable."""

    def circle(x: Any) -> Any:
        return (4 - x * x) ** 0.5

    for x in (0.0, 1.0, -0.5):
        got = ask(curvature, circle, x)
        if near(got, -0.5):
            raise Hint("The curvature is not negative.")
        expect(got, 0.5, f"A circle of radius 2 has curvature 1/2; at {x:g} yours is {{got}}.")
    expect(ask(curvature, lambda x: 3 * x + 1, 2.0), 0.0, "A line has curvature 0; yours is {got}.")

    # of x², 2/(1 + 4x²)^1.5, with the derivative −24x/(1 + 4x²)^2.5
    def of_square(x: Any) -> Any:
        return curvature(lambda t: t * t, x)

    got = ask(derivative(of_square), 0.5)
    expect(
        got, -12 / 2**2.5, "Its own derivative is {got}: is it made of plain numbers on the way?"
    )


def exercise_3(pair: Any) -> None:
    """The puzzle with a product, by the naive engine and by a right one."""
    naive, right = so_many(pair, 2, "two numbers, the naive one first")
    if near((naive, right), (2.0, 3.0)):
        raise Hint("The naive engine comes first.")
    expect(right, 2.0, "The inner derivative is x, so the bracket is x².")
    expect(
        naive, 3.0, "(1 + ε)(2 + ε) has something at ε that the inner derivative takes for its own."
    )


def exercise_4(way_down: Any) -> None:
    """A direction of negative curvature."""
    matrices = [
        [[2.0, 0.0], [0.0, -1.0]],
        [[1.0, 2.0], [2.0, 1.0]],
        [[-5.0, 1.0], [1.0, 3.0]],
        [[-4.0, -4.0], [-4.0, 0.0]],  # where a row of the eigenvectors rises
        [[1.0, 2.0, 0.0], [2.0, 3.0, 1.0], [0.0, 1.0, 4.0]],
    ]
    for H in matrices:
        got = np.asarray(ask(way_down, np.array(H)), float)
        if got.shape != (len(H),):
            raise Hint(f"A vector of shape ({len(H)},) is asked for; yours has shape {got.shape}.")
        expect(np.linalg.norm(got), 1.0, "Its length is {got} instead of 1.")
        if not got @ H @ got < 0 and near(got, np.linalg.eigh(H)[1][0]):
            raise Hint("That is a row of the matrix of eigenvectors; these are its columns.")
        if not got @ H @ got < 0:
            raise Hint(f"For H = {H} the function rises along {got}: which eigenvalue is negative?")


def exercise_5(multiply: Any) -> None:
    """The product of two series."""
    got = ask(multiply, [1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    if near(got, [4.0, 10.0, 18.0]):
        raise Hint("Polynomials do not multiply term by term: x · x is x².")
    if near(got, [4.0, 13.0, 28.0, 27.0, 18.0]):
        raise Hint("Right, and too long: powers beyond the last one are dropped.")
    expect(got, [4.0, 13.0, 28.0], "For 1 + 2t + 3t² times 4 + 5t + 6t² it gives {got}.")
    e = [1 / math.factorial(k) for k in range(9)]
    right = [2.0**k / math.factorial(k) for k in range(9)]
    expect(ask(multiply, e, e), right, "The series of eᵗ times itself should be that of e²ᵗ.")
