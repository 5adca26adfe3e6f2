"""Exercises of lesson 10: colours, a step of Newton's method, and an arrow."""

from __future__ import annotations

from typing import Any

import numpy as np

from .tools import Hint, ask, choose, expect, number


def exercise_1(colour: Any) -> None:
    """Greedy colours of the columns, of a few patterns."""
    diagonals = np.abs(np.subtract.outer(np.arange(7), np.arange(7))) <= 1
    patterns = {
        "three diagonals": (diagonals, [0, 1, 2, 0, 1, 2, 0]),
        "a diagonal": (np.eye(4), [0, 0, 0, 0]),
        "a full row": (np.vstack([np.ones(3), np.eye(3)]), [0, 1, 2]),
        "two blocks": (np.kron(np.eye(2), np.ones((2, 2))), [0, 1, 0, 1]),
    }
    for name, (pattern, right) in patterns.items():
        got = ask(colour, pattern.astype(int))
        if np.shape(got) != (len(right),):
            raise Hint("Return one colour for each column.")
        meets = (pattern.T.astype(int) @ pattern.astype(int)) > 0
        same = np.equal.outer(np.asarray(got), np.asarray(got)) & ~np.eye(len(right), dtype=bool)
        if (meets & same).any():
            raise Hint(f"For {name}, two columns that share a row have the same colour.")
        expect(got, right, f"For {name}, greedy colours are {right}; yours are {{got}}.")


def exercise_2(count: Any) -> None:
    """Colours of a grid with eight neighbours."""
    count = number(count)
    if count == 5:
        raise Hint("That is for four neighbours. Diagonal ones count as well.")
    if count == 4:
        raise Hint("Points two apart still have a neighbour in common.")
    expect(count, 9, "Which points have a neighbour in common with a given point, and each other?")


def exercise_3(newton_step: Any) -> None:
    """One step on a small system with three diagonals, against a dense solve by hand."""

    def equations(u: Any) -> Any:
        padded = np.pad(u, 1)
        return u**3 + 2.0 * u - padded[:-2] - padded[2:] - 1.0

    u = np.linspace(0.2, 0.8, 6)
    offset = np.subtract.outer(np.arange(6), np.arange(6))
    J = np.diag(3.0 * u**2 + 2.0) - (np.abs(offset) == 1)
    right = u - np.linalg.solve(J, equations(u))
    got = ask(newton_step, equations, np.abs(offset) <= 1, u)
    if np.shape(got) != u.shape:
        raise Hint(f"Return the new u, of the shape of the old one, {u.shape}.")
    if np.allclose(got, 2 * u - right):
        raise Hint("The step goes the other way: u minus the solution of J·s = F(u).")
    if np.allclose(got, u - right):
        raise Hint("That is the solution of J·s = F(u); subtract it from u.")
    if np.allclose(got, right - u):
        raise Hint("That is the step; add it to u.")
    expect(got, right, "Solve J·s = F(u), with J = jacobian(F, sparsity=pattern)(u).")


def exercise_4(letter: Any) -> None:
    """Directions for an arrow that is not symmetric."""
    choose(
        letter,
        "c",
        {
            "a": "Two are enough for a symmetric arrow, where each element stands twice.",
            "b": "Take two columns: do they have an element in the same row?",
        },
    )
