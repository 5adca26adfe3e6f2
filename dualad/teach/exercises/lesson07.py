"""Exercises of lesson 7: rows for both modes, the way back of a batch, and checkpoints."""

from __future__ import annotations

import math
import re
import tracemalloc
from typing import Any

import numpy as np

from ...drivers import grad
from .tools import Hint, Unanswered, ask, expect, near, number


def exercise_1(more_rows: Any) -> None:
    """The rows of tanh and hypot: the function, and a list of its partial derivatives."""
    rows = ask(more_rows)
    if not isinstance(rows, dict) or set(rows) != {"tanh", "hypot"}:
        raise Hint('Return a dict with two keys, "tanh" and "hypot".')
    right: dict[str, tuple[tuple[float, ...], float, tuple[float, ...]]] = {
        "tanh": ((0.5,), math.tanh(0.5), (1 / math.cosh(0.5) ** 2,)),
        "hypot": ((3.0, 4.0), 5.0, (0.6, 0.8)),
    }
    for name, (x, value, slopes) in right.items():
        try:
            function, partials = rows[name]
            count = len(partials)
        except (TypeError, ValueError):
            raise Hint(
                f"A row is a pair: a function, and a list of its slopes. Look at {name!r}."
            ) from None
        if count != len(slopes):
            raise Hint(f"{name} has one slope for each argument, so {len(slopes)}, not {count}.")
        point = ", ".join(f"{a:g}" for a in x)
        called = f"{name}({point})"
        expect(ask(function, *x), value, f"{called} is {value:.6g}; yours is {{got}}.")
        for partial, slope, which in zip(partials, slopes, ("first", "second"), strict=False):
            of = f"The slope of {name}" + f" in its {which} argument" * (len(x) > 1)
            try:
                got = ask(partial, value, *x)
            except Hint as hint:
                problem = hint.__cause__ or hint
                error = f"{type(problem).__name__}: {problem}".rstrip(".")
                raise Hint(
                    f"{of} raises {error}. A slope takes the result y, then the arguments."
                ) from hint
            if not near(got, slope) and _gives(partial, (*x, value), slope):
                raise Hint(f"{of} has its arguments in another order: the result y comes first.")
            at = f"at {point}" if len(x) == 1 else f"at ({point})"
            expect(got, slope, f"{of} {at} is {slope:.6g}, not {{got}}.")


def _gives(partial: Any, args: tuple[float, ...], slope: float) -> bool:
    try:
        return near(ask(partial, *args), slope)
    except (Hint, Unanswered):
        return False


def exercise_2(affine_vjp: Any) -> None:
    """The way back of X @ W + b for a batch: the adjoint of b is summed over the rows."""
    X = np.array([[1.0, 2.0, 0.5], [-1.0, 0.0, 3.0]])
    W = np.array([[2.0, -1.0], [0.5, 4.0], [1.0, 1.0]])
    b = np.array([0.1, -0.2])
    Z_bar = np.array([[1.0, 2.0], [3.0, -1.0]])
    try:
        got = ask(affine_vjp, X @ W + b, Z_bar, X, W, b)
    except Hint as hint:
        if not re.search("matmul|not aligned", str(hint.__cause__)):
            raise
        raise Hint(
            f"The shapes of a product do not fit. X̄ must have X's shape, {X.shape}, and W̄ that of "
            f"W, {W.shape}, but Z̄ is {Z_bar.shape}: which matrix must be transposed?"
        ) from hint
    if not isinstance(got, (tuple, list)) or len(got) != 3:
        raise Hint("Return three adjoints: that of X, of W and of b.")
    for name, its, x in zip("XWb", got, (X, W, b), strict=True):
        if np.shape(its) != x.shape:
            raise Hint(
                f"The adjoint of {name} has the shape of {name}, {x.shape}; "
                f"yours has {np.shape(its)}."
            )
    expect(got[0], [[0.0, 8.5, 3.0], [7.0, -2.5, 2.0]], "Adjoint of X: Z_bar times W transposed.")
    expect(
        got[1],
        [[-2.0, 3.0], [2.0, 4.0], [9.5, -2.0]],
        "Adjoint of W: X transposed times Z_bar.",
    )
    expect(got[2], [4.0, 1.0], "b goes into every row, and what arrives from all of them adds up.")


def exercise_3(pieces: Any) -> None:
    """The number of pieces k for which k + n/k is least."""
    pieces = number(pieces)
    if pieces == 200:
        raise Hint("200 states is what the tape holds; give the number of pieces k.")
    expect(
        pieces,
        100,
        "Compare k + 10 000/k for k = 20, 50, 200 and 500, or set its derivative to zero.",
    )


def exercise_4(deep_day: Any) -> None:
    """1440 steps with checkpoints within checkpoints."""
    state = np.linspace(0.1, 3.0, 1000)
    x, slopes = state, np.ones(1000)
    for _ in range(1440):  # the slopes of independent numbers, one factor a step
        x, slopes = x + 0.01 * np.sin(x), slopes * (1 + 0.01 * np.cos(x))
    end = ask(deep_day, state)
    if np.shape(end):
        raise Hint("day(state) returns one number: the sum of the state after the last step.")
    expect(end, np.sum(x), "day(state) takes 12 × 12 × 10 = 1440 steps; yours differs.", 12)
    tracemalloc.start()
    try:
        got = ask(grad(deep_day, mode="reverse"), state)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    expect(got, slopes, "The value is right, but its gradient is not.")
    if peak > 0.9e6:
        raise Hint(
            f"Right, but it holds {peak / state.nbytes:.0f} states at once (the slopes are kept "
            "too). "
            "Are both the parts and the pieces under checkpoint?"
        )
