"""Checking an answer to an exercise of the lessons."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from importlib import import_module
from typing import Any

from ...sentences import counted
from .tools import Hint, Unanswered

# a mark, a word and a colour each: none of them tells alone
LOOKS = {"right": ("✓", "#006B46"), "not yet": ("✗", "#A63F00"), "open": ("…", "#505050")}


@dataclass(frozen=True)
class Verdict:
    """What `check` says about an answer; true if it is right.

    Attributes
    ----------
    state : {"right", "not yet", "open"}
    text : str
        A sentence: praise, a hint, or what is still to be done.
    """

    state: str
    text: str

    def __bool__(self) -> bool:
        return self.state == "right"

    def __repr__(self) -> str:
        return f"{LOOKS[self.state][0]} {self.text}"

    def _repr_html_(self) -> str:
        mark, colour = LOOKS[self.state]
        style = f"border-left:4px solid {colour};padding:0.3em 0.8em;margin:0.3em 0"
        return f'<div role="status" style="{style}"><b>{mark}</b> {escape(self.text)}</div>'


def check(answer: Any, exercise: str) -> Verdict:
    """Say whether an answer to an exercise of the lessons is right, or give a hint.

    Parameters
    ----------
    answer : object
        What the exercise asks for: a number, a letter, a function. The placeholders of the
        lessons, `...` and functions that return nothing, are exercises still open.
    exercise : str
        Its number: "2.3" is the third one of lesson 2.

    Returns
    -------
    Verdict
        True if the answer is right. In Jupyter it shows as a sentence.

    Raises
    ------
    ValueError
        If there is no such exercise.

    Examples
    --------
    >>> from dualad.teach import check
    >>> check(..., "1.2")
    … Exercise 1.2 is still open.
    >>> check(8, "1.2")
    ✗ Not yet. That is the best step of the forward difference. Here the truncation error is h².
    >>> bool(check(5, "1.2"))
    True
    """
    ask = find(exercise)
    try:
        if answer is ... or answer is None:
            raise Unanswered
        ask(answer)
        return Verdict("right", f"Right: exercise {exercise} is done.")
    except Unanswered:
        return Verdict("open", f"Exercise {exercise} is still open.")
    except Hint as hint:
        why = str(hint)
    except Exception as problem:  # an answer of a kind that the exercise did not think of
        error = f"{type(problem).__name__}: {problem}"
        why = f"An answer of type {type(answer).__name__} does not fit here ({error})."
        if callable(answer):
            why = f"Differentiated or called, your function raises {error}"
    if _is_number_in_quotes(answer):
        why = f"{answer!r} is a text; write {answer.strip()}, without quotes."
    return Verdict("not yet", f"Not yet. {why}")


def _is_number_in_quotes(answer: Any) -> bool:
    try:
        return isinstance(answer, str) and float(answer) == float(answer)
    except ValueError:
        return False


def find(exercise: str) -> Callable[[Any], None]:
    """The function that holds an exercise.

    >>> find("1.2").__name__
    'exercise_2'
    """
    match = re.fullmatch(r"(\d{1,2})\.(\d{1,2})", str(exercise))
    if match is None:
        raise ValueError(f'check takes the number of an exercise, such as "2.1", got {exercise!r}.')
    name = f"lesson{int(match[1]):02}"
    try:
        lesson = import_module(f"{__package__}.{name}")
    except ModuleNotFoundError:
        raise ValueError(f"there is no lesson {match[1]} with exercises.") from None
    found: Callable[[Any], None] | None = getattr(lesson, f"exercise_{int(match[2])}", None)
    if found is None:
        numbers = [n.removeprefix("exercise_") for n in dir(lesson) if n.startswith("exercise_")]
        near = difflib.get_close_matches(match[2], numbers, 1, 0.0) or ["1"]
        raise ValueError(
            f"lesson {match[1]} has {counted(len(numbers), 'exercise')}, and {exercise} is not one "
            f'of them; did you mean "{match[1]}.{near[0]}"?'
        )
    return found
