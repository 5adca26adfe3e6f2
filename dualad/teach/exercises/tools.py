"""What exercises are written with: a question to an answer, and a hint where it is wrong.

An exercise is a function `exercise_1`, `exercise_2`, … in the module of its lesson. It takes the
learner's answer, raises `Hint` where that is wrong, and returns where it is right:

    def exercise_1(square):
        expect(ask(square, 3.0), 9.0, "Three times three.")

Right values come from elsewhere than from the solution: from a formula, a plain number, another
method.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


class Hint(Exception):
    """Raised by an exercise whose answer is not right; its text helps the learner on."""


class Unanswered(Exception):
    """Raised where the answer is still the lesson's placeholder: `...`, or an empty function."""


def ask(function: Any, *args: Any) -> Any:
    """What the learner's function returns for these arguments, of which it gets copies.

    Parameters
    ----------
    function : callable
        The answer.
    *args
        What to call it with.

    Returns
    -------
    object

    Raises
    ------
    Unanswered
        If it returns nothing.
    Hint
        If it is not callable, or raises an exception.

    Examples
    --------
    >>> ask(lambda x: x + 1, 2.0)
    3.0
    """
    if function is ...:
        raise Unanswered
    if not callable(function):
        raise Hint(f"A function is asked for, and this is of type {type(function).__name__}.")
    try:
        result = function(*copy.deepcopy(args))
    except Hint:
        raise
    except Exception as problem:
        called = ", ".join(_short(a) for a in args)
        kind = type(problem).__name__
        raise Hint(f"Called with ({called}), your function raises {kind}: {problem}") from problem
    if result is None or result is ...:
        raise Unanswered
    return result


def near(got: Any, right: Any, digits: float = 9) -> bool:
    """Whether numbers (or arrays, lists, tuples of them) agree to so many digits.

    Parameters
    ----------
    got : object
        The answer; whatever is not made of numbers is not near.
    right : number or array_like
        What it should be, of the same shape. Zeros are compared absolutely: to so many decimals.
    digits : float
        How many digits count.

    Returns
    -------
    bool

    Examples
    --------
    >>> near(0.1 + 0.2, 0.3), near([1.0, 2.0], 1.0), near("1", 1.0), near(2e-12, 1e-12)
    (True, False, False, False)
    """
    try:
        values, expected = np.asarray(got, complex), np.asarray(right, complex)
    except (TypeError, ValueError):
        return False
    if isinstance(got, str) or values.shape != expected.shape:
        return False
    error = 10.0**-digits
    absolute = np.where(expected == 0, error, 0.0)
    return bool(np.allclose(values, expected, rtol=error, atol=absolute, equal_nan=True))


def expect(got: Any, right: Any, hint: str, digits: float = 9) -> None:
    """Give this hint unless the answer is near what is right.

    Parameters
    ----------
    got, right : number or array_like
        As for `near`.
    hint : str
        A sentence that helps without telling the answer; "{got}" in it becomes what was got.
    digits : float
        How many digits count.

    Raises
    ------
    Unanswered
        If the answer is still `...`.
    Hint
        If it is not near.
    """
    if got is ... or got is None:
        raise Unanswered
    if not near(got, right, digits):
        raise Hint(hint.replace("{got}", _short(got)))


def choose(answer: Any, right: str, hints: Mapping[str, str]) -> None:
    """Of several letters one is right, and each of the others has its hint.

    Parameters
    ----------
    answer : str
        The letter; capitals, parentheses and full stops do not matter: "b" is "(B)".
    right : str
        The right one.
    hints : mapping
        A hint for each of the other letters.

    Raises
    ------
    Unanswered, Hint
    """
    if answer is ... or answer is None:
        raise Unanswered
    letter = str(answer).strip(" ().").lower()
    if letter != right:
        letters = ", ".join(sorted([right, *hints]))
        raise Hint(hints.get(letter, f"The answer is one of the letters {letters}."))


def source_has(function: Callable[..., Any], *words: str) -> bool:
    """Whether the code of a function uses one of these names; False where it cannot be read.

    >>> source_has(lambda x: abs(x), "abs", "derivative")
    True
    """
    code = getattr(function, "__code__", None)
    return code is not None and any(word in code.co_names for word in words)


def _short(x: Any) -> str:
    if callable(x):  # a lambda's repr is an address
        return "a function"
    text = " ".join(repr(x).split())
    return text if len(text) <= 60 else text[:57] + "…"
