"""The exercises of the lessons: what `check` says to answers that people give.

Solutions are run by test_notebooks.py; here are wrong answers, each with a part of its hint.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

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
    ("1.2", "five", "An answer of type str does not fit"),
    ("1.3", lambda f, x: f(x + 1e-20j) / 1e-20, "imaginary part"),
    ("1.3", lambda f, x: f(x + 1e-4j).imag / 1e-4, "not to the last digit"),
    ("1.3", lambda f, x: 3.0 * x * x, "should be 4"),
    ("1.4", lambda d: 4.0, "For 5 km"),
]


@pytest.mark.parametrize(("exercise", "answer", "hint"), WRONG, ids=lambda x: str(x)[:12])
def test_wrong_answers_get_a_hint(exercise: str, answer: Any, hint: str) -> None:
    verdict = check(answer, exercise)
    assert (verdict.state, bool(verdict)) == ("not yet", False)
    assert hint in verdict.text
    assert repr(verdict).startswith("✗ Not yet. ")


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
    assert not near(1 + 1e-8, 1.0)
    assert not near([1.0], 1.0) and not near("1.0", 1.0) and not near(None, 1.0)
    assert not near([[1.0], [2.0, 3.0]], [1.0, 2.0])


def test_answers_get_copies() -> None:
    x = np.ones(2)
    ask(lambda v: v.__imul__(2), x)
    assert x.tolist() == [1.0, 1.0]


def test_choices_and_placeholders() -> None:
    choose(" B ", "b", {"a": "No."})
    for answer, hint in (("a", "No."), ("z", "one of the letters a, b")):
        with pytest.raises(Hint, match=hint):
            choose(answer, "b", {"a": "No."})
    for call in (lambda: choose(..., "b", {}), lambda: expect(..., 1.0, ""), lambda: ask(...)):
        with pytest.raises(Unanswered):
            call()
    assert source_has(lambda x: math.exp(x), "exp") and not source_has(math.exp, "exp")
