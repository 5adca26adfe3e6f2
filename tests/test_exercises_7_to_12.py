"""Wrong answers to the exercises of lessons 7 to 12, each with a part of its hint.

The solutions are run by test_notebooks.py.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import dualad
from dualad.teach import check

WRONG: list[tuple[str, Any, str]] = [
    ("7.1", lambda: {"tanh": 1}, "two keys"),
    ("7.1", lambda: {"tanh": math.tanh, "hypot": math.hypot}, "A row is a pair"),
    ("7.1", lambda: {"tanh": (math.tanh, []), "hypot": (math.hypot, [])}, "one slope for each"),
    (
        "7.1",
        lambda: {"tanh": (math.tanh, [lambda y, x: 1 + y * y]), "hypot": (math.hypot, [])},
        "A slope of tanh",
    ),
    ("7.2", lambda Z, Z_bar, X, W, b: Z_bar, "three adjoints"),
    ("7.2", lambda Z, Z_bar, X, W, b: (X, W, Z_bar), "the shape of b"),
    ("7.2", lambda Z, Z_bar, X, W, b: (X, W, b), "W transposed"),
    ("7.2", lambda Z, Z_bar, X, W, b: (Z_bar @ W.T, W, b), "X transposed"),
    ("7.2", lambda Z, Z_bar, X, W, b: (Z_bar @ W.T, X.T @ Z_bar, Z_bar[0]), "adds up"),
    ("7.3", 200, "the number of pieces"),
    ("7.3", 50, "set its derivative to zero"),
    ("7.4", np.sum, "1440 steps"),
    ("8.1", lambda f, p: dualad.grad(f)(p), "percent per percent"),
    ("8.1", lambda f, p: dualad.grad(f)(p) * p, "Divide by the value"),
    ("8.1", lambda f, p: dualad.grad(f)(p) / f(p), "Multiply by the parameters"),
    ("8.1", lambda f, p: p, "they are the powers"),
    ("8.2", lambda t, beta, gamma, first: t, "three numbers"),
    ("8.2", lambda t, beta, gamma, first: (t, -t, 1 / first), "by its parameter"),
    ("8.2", lambda t, beta, gamma, first: (1, 1, 1), "take the logarithm"),
    ("8.2", lambda t, beta, gamma, first: (0.85, -0.225, 1.0), "fails at t = 2"),
    ("8.3", "a", "changes nothing"),
    ("8.3", "c", "same sign"),
    ("8.4", 6.2, "most boys in bed"),
    ("8.4", 3.0, "has its peak"),
    ("9.1", lambda f, b: np.array([4.0, 9.0]), "variances"),
    ("9.1", lambda f, b: 1 / np.sqrt(np.diag(dualad.hessian(f)(b))), "whole Hessian"),
    ("9.1", lambda f, b: np.linalg.inv(dualad.hessian(f)(b)), "That is the covariance"),
    ("9.1", lambda f, b: b, "they are 2 and 3"),
    ("9.2", 64.79, "temperature itself"),
    ("9.2", 37.6, "correlated"),
    ("9.2", 1.0, "with cov"),
    ("9.3", "a", "negative"),
    ("9.4", lambda f, g, w, h, n: g(w), "should be"),
    ("10.1", lambda pattern: [0], "one colour for each column"),
    ("10.1", lambda pattern: [0] * pattern.shape[1], "the same colour"),
    ("10.1", lambda pattern: list(range(pattern.shape[1])), "greedy colours"),
    ("10.2", 5, "four neighbours"),
    ("10.2", 4, "two apart"),
    ("10.2", 3, "in common"),
    ("10.3", lambda F, pattern, u: 0.0, "the shape of the old one"),
    ("10.3", lambda F, pattern, u: u + dualad.jacobian(F)(u) @ F(u), "Solve J·s"),
    (
        "10.3",
        lambda F, pattern, u: u + np.linalg.solve(dualad.jacobian(F)(u), F(u)),
        "the other way",
    ),
    ("10.3", lambda F, pattern, u: np.linalg.solve(dualad.jacobian(F)(u), F(u)), "add it to u"),
    ("10.4", "a", "symmetric"),
    ("10.4", "b", "same row"),
    ("11.1", lambda f, x, y: dualad.derivative(f)(x, y), "there are two"),
    ("11.1", lambda f, x, y: (2 * x * y) ** 2 + x**4, "Take the root"),
    ("11.1", lambda f, x, y: abs(2 * x * y) + x * x, "root of the sum"),
    ("11.1", lambda f, x, y: x, "at each place"),
    ("11.2", lambda u, z, known, w: np.sum(known * (u - z) ** 2), "It is nan"),
    ("11.2", lambda u, z, known, w: 2.8, "Half"),
    ("11.2", lambda u, z, known, w: 1.0, "not 1.0"),
    ("11.2", lambda u, z, known, w: 1.675 + 0 * np.sum(u), "not zero at the unknown"),
    ("11.3", "a", "one place only"),
    ("11.3", "c", "What do they say"),
    ("12.1", 50, "digit by digit"),
    ("12.1", 8, "53 bits"),
    ("12.2", lambda x: 1 / dualad.sqrt(x - x * x), "digits are right"),
    ("12.2", lambda x: 3.0, "it should be 2"),
    ("12.3", lambda a, b: 1.0, "is still a float"),
    ("12.3", lambda a, b: Fraction(1), "the wrong one"),
    ("12.4", lambda order: math.pi, "no number of mpmath"),
]


@pytest.mark.parametrize(("exercise", "answer", "hint"), WRONG, ids=lambda x: str(x)[:12])
def test_wrong_answers_get_a_hint(exercise: str, answer: Any, hint: str) -> None:
    verdict = check(answer, exercise)
    assert verdict.state == "not yet"
    assert hint in verdict.text
