"""The exercises of the lessons: what `check` says to answers that people give.

Solutions are run by test_notebooks.py; here are wrong answers, each with a part of its hint.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import dualad
from dualad.teach import check
from dualad.teach.exercises.checking import LOOKS
from dualad.teach.exercises.tools import Hint, Unanswered, ask, choose, expect, near, source_has

WRONG: list[tuple[str, Any, str]] = [
    ("1.1", lambda f, x, h: (f(x + h) - f(x)) / h, "one side only"),
    ("1.1", lambda f, x, h: (f(x + h) - f(x - h)) / h, "divide by 2h"),
    ("1.1", lambda f, x, h: 0.0, "yours is 0.0"),
    ("1.1", 3.25, "A function is asked for"),
    ("1.1", lambda f, x: f(x), "raises TypeError"),
    ("1.2", 8, "forward difference"),
    ("1.2", 2, "h³ = u"),
    ("1.2", "five", "A number is asked for, and this is of type str."),
    ("1.3", lambda f, x: f(x + 1e-20j) / 1e-20, "imaginary part"),
    ("1.3", lambda f, x: f(x + 1e-4j).imag / 1e-4, "not to the last digit"),
    ("1.3", lambda f, x: 3.0 * x * x, "should be 4"),
    ("1.4", lambda d: 4.0, "For 5 km"),
    ("1.5", lambda x: 2 * x**3 - 5 * x + 1, "That is the value"),
    ("1.5", lambda x: horner_too_late(x), "y has moved on"),
    ("1.5", lambda x: 49.0, "At −1"),
    (
        "2.1",
        lambda a, da, b, db: a / b,
        "Asked for are two numbers, the value and the tangent; yours is of type float",
    ),
    ("2.1", lambda a, da, b, db: (a / b, da / db), "quotient of the tangents"),
    ("2.1", lambda a, da, b, db: (a / b, (da * b + a * db) / b**2), "instead of 1 + 2ε"),
    ("2.2", (3.0, math.sqrt(12)), "Square 3 + √12 ε"),
    ("2.2", (9.0, 2.0), "has the square 9"),
    ("2.2", (-3.0, -2.0), "the root that is not negative"),
    ("2.2", 3.0, "Asked for are two numbers"),
    ("2.2", "3 + 2ε", "Asked for are two numbers"),
    ("2.1", lambda a, da, b, db: (a / b, -5 / 16), "your answer is 1 − 0.5ε instead"),
    ("2.3", lambda y, x: 1 - y * y, "from x instead of y"),
    ("2.3", lambda y, x: 1 / math.cosh(x) ** 2 if x < 9 else 2e-17, "at 20 it should be 1.7e-17"),
    ("2.3", lambda y, x: 1 / math.cosh(x), "At 0.5"),
    ("2.4", [0, 2, math.cos(5), 2], "these are 4"),
    ("2.4", [0, 2, math.cos(5), 2, 2 + math.cos(5)], "v₅ = v₄ − v₃"),
    ("2.4", [0.5, 2, math.cos(5), 2, 2 - math.cos(5)], "does not depend"),
    ("3.1", lambda f, x: dualad.grad(f)(x), "divide it by its length"),
    ("3.1", lambda f, x: np.array([0.6, 0.8, 0.0][: len(x)]), "points the wrong way"),
    (
        "3.1",
        lambda f, x: f(x).length,
        "Called with (a function, array([1., 1.])), your function raises",
    ),
    ("3.2", "A", "the driver lifts"),
    ("3.2", "(c)", "no array is needed"),
    ("3.2", "x", "one of the letters a, b, c"),
    ("3.3", lambda T: {2.0: 16.0}[T], "still reaches the dict"),
    ("3.3", lambda T: 16.0, "slope at 2 is 32"),
    ("3.3", lambda T: T**4, "none is kept"),
    ("3.4", lambda x, y: 1 / (3 * np.cbrt(x) ** 2), "does not use y"),
    ("3.3", lambda T: None if isinstance(T, dualad.Dual) else T**4, "returns None"),
    ("3.4", lambda x, y: x ** (-2 / 3) / 3, "A fractional power of a negative number"),
    ("3.4", lambda x, y: (x * x) ** (-1 / 3) / 3, "x² underflows to zero"),
    ("3.4", lambda x, y: 1 / (3 * y), "At 8"),
    ("3.4", lambda x, y: y / 3 / x if abs(x) > 1e-200 else 0.0, "At 1e-300"),
    ("4.1", lambda f, x: np.stack([dualad.jvp(f, (x,), (u,))[1] for u in np.eye(2)]), "transpose"),
    ("4.1", lambda f, x: dualad.jvp(f, (x,), (np.ones(2),))[1], "sum of the columns"),
    ("4.2", [0.0], "There is another one"),
    ("4.2", [0.0, 180.0], "in degrees"),
    ("4.2", [0.0, 1.0], "along the forearm"),
    ("4.3", lambda a, b, c: math.log(c) / math.log(b), "C is still in it"),
    ("4.3", lambda a, b, c: 2.0, "it should be 1"),
    ("4.4", [0, 1, 0], "five numbers"),
    ("4.4", [0, 1, 2, 1, 0], "Round 2"),
    ("5.1", 1 / (0.05**2 + 1), "0.7 away"),
    ("5.1", -1.0, "yours is -1.0"),
    ("5.2", lambda a: heron_as_it_was(a), "does not run"),
    ("5.2", lambda a: dualad.Dual(a).primal, "The root of 2"),
    ("5.3", lambda p: root_by_halves(p), "questions only"),
    ("5.3", lambda p: newton_step(root_by_halves(p), p), "needs more"),
    ("5.3", lambda p: 1.0, "questions only"),
    ("5.4", lambda x: np.expm1(x) / x if x else 1.0, "still returns a constant"),
    ("5.4", lambda x: np.expm1(x) / x if x else 1 + x / 2, "Its second derivative at 0"),
    ("5.4", lambda x: (np.exp(x) - 1) / x if x else 1.0, "Its value at 1e-08"),
    ("6.1", (4, 11), "That would be a series"),
    ("6.1", (6, 20), "each part becomes two"),
    ("6.2", lambda f, x: dualad.derivative(f, order=2)(x), "is not negative"),
    ("6.2", lambda f, x: abs(dualad.derivative(f, order=2)(x)), "A circle of radius 2"),
    ("6.3", (2, 3), "comes first"),
    ("6.3", (2, 2), "for its own"),
    ("6.4", lambda H: np.linalg.eigh(H)[1][:, -1], "rises along"),
    ("6.4", lambda H: 2 * np.linalg.eigh(H)[1][:, 0], "Its length is"),
    ("6.4", lambda H: H, "has shape (2, 2)"),
    ("6.5", lambda a, b: np.multiply(a, b), "term by term"),
    ("6.5", lambda a, b: np.convolve(a, b), "too long"),
    ("7.1", lambda: {"tanh": 1}, "two keys"),
    ("7.1", lambda: {"tanh": math.tanh, "hypot": math.hypot}, "A row is a pair"),
    ("7.1", lambda: {"tanh": (math.tanh, []), "hypot": (math.hypot, [])}, "one slope for each"),
    (
        "7.1",
        lambda: {"tanh": (math.tanh, [lambda y, x: 1 + y * y]), "hypot": (math.hypot, [])},
        "The slope of tanh at 0.5 is 0.786448, not 1.2",
    ),
    (
        "7.1",
        lambda: {"tanh": (math.tanh, [lambda x: 1 - x * x]), "hypot": (math.hypot, [])},
        "2 were given. A slope takes the result y, then",
    ),
    (
        "7.1",
        lambda: {"tanh": (math.tanh, [lambda x, y: 1 - y * y]), "hypot": (math.hypot, [])},
        "The slope of tanh has its arguments in another order",
    ),
    (
        "7.1",
        lambda: {
            "tanh": (math.tanh, [lambda y, x: 1 - y * y]),
            "hypot": (math.hypot, [lambda a, b, y: a / y, lambda a, b, y: b / y]),
        },
        "in its first argument has its arguments in another order",
    ),
    (
        "7.1",
        lambda: {
            "tanh": (math.tanh, [lambda y, x: 1 - y * y]),
            "hypot": (math.hypot, [lambda y, a, b: a / y, lambda y, a, b: a / y]),
        },
        "in its second argument at (3, 4) is 0.8",
    ),
    ("7.2", lambda Z, Z_bar, X, W, b: Z_bar, "three adjoints"),
    ("7.2", lambda Z, Z_bar, X, W, b: (X, W, Z_bar), "the shape of b"),
    ("7.2", lambda Z, Z_bar, X, W, b: (Z_bar @ W, W, b), "which matrix must be transposed?"),
    ("7.2", lambda Z, Z_bar, X, W, b: (Z_bar @ W.T, X.dot(Z_bar), b), "X's shape, (2, 3)"),
    ("7.2", lambda Z, Z_bar, X, W, b: X.reshape(7), "your function raises ValueError"),
    ("7.2", lambda Z, Z_bar, X, W, b: (X, W, b), "W transposed"),
    ("7.2", lambda Z, Z_bar, X, W, b: (Z_bar @ W.T, W, b), "X transposed"),
    ("7.2", lambda Z, Z_bar, X, W, b: (Z_bar @ W.T, X.T @ Z_bar, Z_bar[0]), "adds up"),
    ("7.3", 200, "what the tape holds"),
    ("7.3", 50, "set its derivative to zero"),
    ("7.4", np.sum, "1440 steps"),
    ("7.4", lambda state: state, "returns one number"),
    ("7.4", lambda state: day(state), "states at once (the slopes are kept too)"),
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
    ("10.3", lambda F, pattern, u: np.linalg.solve(dualad.jacobian(F)(u), F(u)), "subtract it"),
    ("10.3", lambda F, pattern, u: -np.linalg.solve(dualad.jacobian(F)(u), F(u)), "add it to u"),
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
    ("1.2", [5], "A number is asked for, and this is of type list."),
    ("1.2", {5}, "A number is asked for, and this is of type set."),
    ("1.2", 4.5, "h³ = u"),
    ("1.2", 7.5, "forward difference"),
    ("1.2", True, "of type bool"),
    ("1.4", lambda d: fare_of_rounded(d), "its slope at 5 km is 0.0, and should be 2: which"),
    ("2.1", lambda a, da, b, db: np.array([a, b, db]), "these are 3"),
    ("2.2", (3.0, 3.46), "Square 3 + √12 ε"),
    ("2.2", np.eye(2), "yours is of type ndarray"),
    ("2.4", [0, 2, 0.28, 2, 1.72], "slope cos x₂"),
    ("2.4", [0, 2, 0.2836, 2, 1.7163], "slope cos x₂"),
    ("2.4", [0, 2, 0.2837, 2, 2.2837], "v₅ = v₄ − v₃"),
    ("2.4", [0, 2, 0.2837, 2.2837, 1.7163], "v₄ is a sum"),
    ("2.4", 3, "of type int"),
    (
        "4.1",
        lambda f, x: np.stack([dualad.jvp(f, (x,), (u,))[1] for u in np.eye(2)], axis=1),
        "Called with",
    ),
    ("4.1", lambda f, x: central_columns(f, x), "not to the last digit: take the tangents by jvp"),
    ("4.1", lambda f, x: central_columns(f, x)[:, :2], "as many unit vectors as x has elements"),
    ("4.2", [0.0, 3.1], "along the forearm"),
    ("4.2", [0.0, 3.14, 6.28], "along the forearm"),
    ("4.2", "0 and π", "of type str"),
    ("4.2", 0, "There is another one"),
    ("4.4", 1, "of type int"),
    ("5.1", 2.0, "yours is 2.0"),
    ("5.1", [2.03], "of type list"),
    ("6.1", 8, "of type int"),
    (
        "6.2",
        lambda f, x: (
            abs(dualad.derivative(f, order=2)(x))
            / math.sqrt(1 + dualad.derivative(f)(float(x)) ** 2) ** 3
        ),
        "your function raises TypeError",
    ),
    ("6.3", 3, "Asked for are two numbers, the naive one first; yours is of type int"),
    ("6.4", lambda H: np.linalg.eigh(H)[1][0], "these are its columns"),
    ("6.4", lambda H: np.linalg.eigh(H)[1][:2, 0], "a vector of shape (3,)".capitalize()),
    ("7.3", "a hundred", "of type str"),
    ("8.4", [4.6], "of type list"),
    ("9.2", (2.8, 0.1), "of type tuple"),
    ("9.2", "2.8", "is a text; write 2.8, without quotes"),
    ("8.4", "4.5", "is a text; write 4.5, without quotes"),
    ("10.2", [9], "of type list"),
    ("12.1", {16}, "of type set"),
    ("12.4", lambda order: math.pi, "no number of mpmath"),
]


def fare_of_rounded(d: Any) -> Any:
    d = round(d, 9)
    return 4.0 if d <= 2 else 2 * d if d <= 10 else 10 + d


def central_columns(f: Any, x: Any, h: float = 1e-5) -> Any:
    return np.stack([(f(x + h * u) - f(x - h * u)) / (2 * h) for u in np.eye(len(x))], axis=1)


RIGHT: list[tuple[str, Any]] = [
    ("1.2", 5), ("1.2", 6.0), ("1.2", 5.3), ("1.2", np.float64(5.2)), ("1.2", -5),
    ("2.1", lambda a, da, b, db: np.array([a / b, (da - a / b * db) / b])),
    ("2.1", lambda a, da, b, db: [np.float64(a / b), (da - a / b * db) / b]),
    ("2.2", (3, 2)), ("2.2", np.array([3.0, 2.0])), ("2.2", [Fraction(3), 2.0]),
    ("2.4", [0, 2, 0.2837, 2, 1.7163]), ("2.4", (0, 2, 0.284, 2, 1.72)),
    ("2.4", np.array([0, 2, math.cos(5), 2, 2 - math.cos(5)])),
    ("2.4", [0, 2, 0.2836622, 2, 1.7163378]), ("2.4", [0.0, 2.0, 0.28366, 2, 1.71634]),
    ("4.1", lambda f, x: np.stack([dualad.jvp(f, (x,), (u,))[1] for u in np.eye(len(x))], axis=1)),
    ("4.1", lambda f, x: dualad.jacobian(f)(x)),
    ("4.2", [0, 3.14]), ("4.2", {0.0, math.pi}), ("4.2", (math.pi, 0)), ("4.2", np.array([0, np.pi])),
    ("4.2", [0.0, 3.1416]), ("4.2", np.array([0, np.pi], np.float32)),
    ("4.4", [0, 1, 0, 1, 0]), ("4.4", np.array([0, 1, 0, 1, 0])),
    ("5.1", 2.03), ("5.1", 2.0305), ("5.1", 1 / (0.05**2 + 0.7**2)),
    ("6.1", (8, 1024)), ("6.1", np.array([8, 1024])), ("6.1", {8, 1024}),
    ("6.3", [3, 2]), ("6.3", np.array([3.0, 2.0])),
    ("6.4", lambda H: np.linalg.eigh(H)[1][:, 0]), ("6.4", lambda H: -np.linalg.eigh(H)[1][:, 0]),
    ("7.3", 100.0), ("7.3", np.int64(100)), ("8.4", 4.6), ("9.2", np.float64(2.8)), ("10.2", 9.0),
    ("12.1", 16), ("12.1", 15.95),
]  # fmt: skip


@pytest.mark.parametrize(("exercise", "answer"), RIGHT, ids=lambda x: str(x)[:12])
def test_right_answers_in_other_shapes(exercise: str, answer: Any) -> None:
    """Numbers with the digits of a pencil, and any container."""
    assert check(answer, exercise).text == f"Right: exercise {exercise} is done."


def test_numbers_in_hints_are_pythons() -> None:
    assert "np.float64" not in check(lambda H: 2 * np.linalg.eigh(H)[1][:, 0], "6.4").text
    assert "Its length is 2.0 instead of 1." in check(lambda H: 2 * np.eye(len(H))[-1], "6.4").text


def horner_too_late(x: float) -> float:
    y = dy = 0.0
    for c in (2.0, 0.0, -5.0, 1.0):
        y = y * x + c
        dy = dy * x + y
    return dy


def root_by_halves(p: Any) -> float:
    low, high = 0.0, 3.0
    for _ in range(60):
        x = (low + high) / 2
        low, high = (x, high) if x**3 + x < p else (low, x)
    return x


def day(state: Any) -> Any:
    for _ in range(1440):
        state = state + 0.01 * np.sin(state)
    return np.sum(state)


def newton_step(x: Any, p: Any) -> Any:
    return x - (x**3 + x - p) / (3 * x**2 + 1)


def heron_as_it_was(a: Any) -> Any:
    x = 1.0
    while abs(x * x - a) > 1e-12:
        x = (x + a / x) / 2
    return x


@pytest.mark.parametrize(("exercise", "answer", "hint"), WRONG, ids=lambda x: str(x)[:12])
def test_wrong_answers_get_a_hint(exercise: str, answer: Any, hint: str) -> None:
    verdict = check(answer, exercise)
    assert (verdict.state, bool(verdict)) == ("not yet", False)
    assert hint in verdict.text
    assert repr(verdict).startswith("✗ Not yet. ")


def test_a_number_in_quotes() -> None:
    assert check("5", "1.2").text == "Not yet. '5' is a text; write 5, without quotes."
    assert check("100", "7.3").text == "Not yet. '100' is a text; write 100, without quotes."
    assert "is a text" not in check("b", "1.2").text


@pytest.mark.parametrize("answer", [..., None, lambda *args: None, lambda *args: ...])
def test_placeholders_are_open(answer: Any) -> None:
    verdict = check(answer, "1.1")
    assert (verdict.state, verdict.text) == ("open", "Exercise 1.1 is still open.")


def test_verdicts_look_like_what_they_say() -> None:
    verdict = check(lambda f, x, h: "<b>", "1.1")
    html = verdict._repr_html_()
    assert 'role="status"' in html and "<b>'" not in html and LOOKS["not yet"][1] in html
    assert check(5, "1.2")._repr_html_().count("✓") == 1


@pytest.mark.parametrize(
    ("exercise", "message"),
    [
        ("first", "takes the number of an exercise, such as \"2.1\", got 'first'"),
        ("77.1", "there is no lesson 77 with exercises."),
        ("1.44", 'and 1.44 is not one of them; did you mean "1.4"?'),
    ],
)
def test_unknown_exercises(exercise: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        check(1.0, exercise)


def test_near() -> None:
    assert near([1.0, (2.0, 3.0)][1], np.array([2.0, 3.0]))
    assert near(math.nan, math.nan) and near(1e-12, 0.0) and near(1 + 1e-10, 1.0)
    assert not near(1 + 1e-8, 1.0) and not near(2e-12, 1e-12) and not near(0.0, 1e-10)
    assert near([0.0, 1e-12], [1e-10, 1e-12 + 1e-24]) is False and near([1e-10, 2.0], [0.0, 2.0])
    assert near([math.inf, -1e-300], [math.inf, -1e-300]) and not near(-math.inf, math.inf)
    assert not near([1.0], 1.0) and not near("1.0", 1.0) and not near(None, 1.0)
    assert not near([[1.0], [2.0, 3.0]], [1.0, 2.0])


def test_answers_get_copies() -> None:
    x = np.ones(2)
    ask(lambda v: v.__imul__(2), x)
    assert x.tolist() == [1.0, 1.0]


def test_choices_and_placeholders() -> None:
    for answer in (" B ", "(b)", "b)", "b."):
        choose(answer, "b", {"a": "No."})
    for answer, hint in (("a", "No."), ("z", "one of the letters a, b")):
        with pytest.raises(Hint, match=hint):
            choose(answer, "b", {"a": "No."})
    for call in (lambda: choose(..., "b", {}), lambda: expect(..., 1.0, ""), lambda: ask(...)):
        with pytest.raises(Unanswered):
            call()
    assert source_has(lambda x: math.exp(x), "exp") and not source_has(math.exp, "exp")
