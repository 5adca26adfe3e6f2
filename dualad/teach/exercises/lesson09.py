"""Exercises of lesson 9: errors of a fit, a saddle, and a derivative through a training."""

from __future__ import annotations

from typing import Any

import numpy as np

from .tools import Hint, ask, choose, expect, near, number


def exercise_1(standard_errors: Any) -> None:
    """Roots of the diagonal of the inverse Hessian, of a quadratic form with a known inverse."""
    inverse = np.array([[4.0, 1.0], [1.0, 9.0]])
    H = np.linalg.inv(inverse)

    def form(b: Any) -> Any:
        return (b - 1.0) @ H @ (b - 1.0) / 2

    got = ask(standard_errors, form, np.ones(2))
    if near(got, [4.0, 9.0]):
        raise Hint("Those are the variances; a standard error is the root of a variance.")
    if near(got, 1 / np.sqrt(np.diag(H))):
        raise Hint("Invert the whole Hessian first, then take the diagonal.")
    if near(got, inverse):
        raise Hint("That is the covariance; the errors are the roots of its diagonal.")
    expect(got, [2.0, 3.0], "For a bowl with the covariance [[4, 1], [1, 9]] they are 2 and 3.")


def exercise_2(error: Any) -> None:
    """The standard error of −b0/b1 of the logistic regression."""
    error = number(error)
    if near(error, 64.79, 3):
        raise Hint("That is the temperature itself. How uncertain is it?")
    if near(error, 37.6, 1):
        raise Hint("The two estimates are correlated: hand the covariance to propagate.")
    if not 2.75 <= error <= 2.87:
        raise Hint("The probability is one half where b0 + b1·T = 0. Propagate −b0/b1 with cov.")


def exercise_3(letter: Any) -> None:
    """What kind of point the origin is."""
    choose(
        letter,
        "b",
        {
            "a": "Look at the least curvature: it is negative.",
            "c": "The largest slope is zero there.",
        },
    )


def exercise_4(slope_in_step: Any) -> None:
    """The derivative through a gradient descent on (w − 1)²/2, in closed form."""

    def bowl(w: Any) -> Any:
        return ((w - 1.0) ** 2 / 2).sum()

    def height(w: Any) -> Any:
        return 3.0 * w.sum()

    # after n steps from w, w_n = 1 + (1 − h)ⁿ(w − 1), so its slope in h is −n(1 − h)ⁿ⁻¹(w − 1)
    w, h, rounds = np.array([3.0, -1.0, 2.0]), 0.25, 3
    right = 3.0 * np.sum(-rounds * (1 - h) ** (rounds - 1) * (w - 1))
    value = 3.0 * np.sum(1 + (1 - h) ** rounds * (w - 1))
    got = ask(slope_in_step, bowl, height, w, h, rounds)
    if near(got, value):
        raise Hint(
            "That is the loss after training; its derivative with respect to h is asked for."
        )
    if near(got, 3.0 * np.sum(-(w - 1))):
        raise Hint("That is the slope of a single step; run all the rounds within the function.")
    expect(got, right, f"For three steps down a bowl it should be {right:g}, not {{got}}.")
