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
import math
from collections.abc import Callable, Mapping, Set
from decimal import Decimal
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


LEAST_DIGITS = 3  # that a number written down by hand has


def number(answer: Any) -> float:
    """An answer that is one number.

    Raises
    ------
    Unanswered
        If it is still `...`.
    Hint
        If it is of another type.

    Examples
    --------
    >>> number(np.float64(2.0)), number(5)
    (2.0, 5.0)
    """
    if answer is ... or answer is None:
        raise Unanswered
    is_text = isinstance(answer, (str, bytes, bool, np.bool_))
    if is_text or np.ndim(answer) or isinstance(answer, (Mapping, Set)):
        raise Hint(f"A number is asked for, and this is of type {type(answer).__name__}.")
    try:
        return float(answer)
    except (TypeError, ValueError):
        kind = type(answer).__name__
        raise Hint(f"A number is asked for, and this is of type {kind}.") from None


def numbers(answer: Any, what: str) -> list[float]:
    """An answer that is several numbers: a list, a tuple, an array, or a set, in order of size.

    Parameters
    ----------
    answer : iterable
    what : str
        What is asked for, for a hint: "five tangents, v̇₁ to v̇₅".

    Raises
    ------
    Unanswered
        If it is still `...`, or one of them is.
    Hint
        If it is of another type.

    Examples
    --------
    >>> numbers({3, 2}, "two numbers"), numbers(np.ones(2), "two numbers")
    ([2.0, 3.0], [1.0, 1.0])
    """
    if answer is ... or answer is None:
        raise Unanswered
    if not isinstance(answer, (list, tuple, Set, np.ndarray)) or getattr(answer, "ndim", 1) != 1:
        raise Hint(f"Asked for are {what}; yours is of type {type(answer).__name__}.")
    found = list(map(number, answer))
    return sorted(found) if isinstance(answer, Set) else found


def so_many(answer: Any, count: int, what: str) -> list[float]:
    """The same, of so many numbers.

    >>> so_many((1, 2), 2, "two numbers")
    [1.0, 2.0]
    """
    found = numbers(answer, what)
    if len(found) != count:
        raise Hint(f"Asked for are {what}; these are {len(found)}.")
    return found


def is_written(got: float, right: float) -> bool:
    """Whether a number, calculated or written down by hand, is right.

    By hand it is rounded, and has at least three digits: 0.284 and 0.2837 are the cosine of 5.

    Examples
    --------
    >>> [is_written(x, math.cos(5)) for x in (0.2837, 0.28366, 0.28, 0.2836)]
    [True, True, False, False]
    """
    if near(got, right, 6):
        return True
    if not math.isfinite(got) or not math.isfinite(right):
        return False
    _, digits, exponent = Decimal(repr(got)).normalize().as_tuple()
    assert isinstance(exponent, int)
    half = 0.5 * 10.0**exponent
    return len(digits) >= LEAST_DIGITS and abs(got - right) <= half * (1 + 1e-9)


def expect_written(got: float, right: float, hint: str) -> None:
    """As `expect`, of a number that may have been written down by hand, with its digits."""
    if not is_written(got, right):
        raise Hint(hint.replace("{got}", _short(got)))


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
    x = type(x)(map(_as_pythons, x)) if type(x) in (list, tuple) else _as_pythons(x)
    text = " ".join(repr(x).split())
    return text if len(text) <= 60 else text[:57] + "…"


def _as_pythons(x: Any) -> Any:
    return x.item() if isinstance(x, np.generic) else x
