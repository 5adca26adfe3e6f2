"""Exercises of lesson 7: rows for both modes, the way back of a batch, and checkpoints."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np

from ...drivers import grad
from .tools import Hint, ask, expect


def exercise_1(more_rows: Any) -> None:
    """The rows of sqrt and tanh: the function, and a list of its partial derivatives."""
    rows = ask(more_rows)
    if not isinstance(rows, dict) or set(rows) != {"sqrt", "tanh"}:
        raise Hint('Return a dict with two keys, "sqrt" and "tanh".')
    # (value, slope) at 4 and at 0.5; 1/cosh² is the slope of tanh
    right = {"sqrt": (4.0, 2.0, 0.25), "tanh": (0.5, np.tanh(0.5), np.cosh(0.5) ** -2)}
    for name, (x, value, slope) in right.items():
        try:
            function, slopes = rows[name]
            (partial,) = slopes
        except (TypeError, ValueError):
            raise Hint(
                f"A row is a pair: a function, and a list with one slope. Look at {name!r}."
            ) from None
        expect(ask(function, x), value, f"{name} of {x:g} is {value:.6g}; yours is {{got}}.")
        expect(ask(partial, x), slope, f"The slope of {name} at {x:g} is {slope:.6g}, not {{got}}.")


def exercise_2(affine_vjp: Any) -> None:
    """The way back of X @ W + b for a batch: the adjoint of b is summed over the rows."""
    X = np.array([[1.0, 2.0, 0.5], [-1.0, 0.0, 3.0]])
    W = np.array([[2.0, -1.0], [0.5, 4.0], [1.0, 1.0]])
    b = np.array([0.1, -0.2])
    Z_bar = np.array([[1.0, 2.0], [3.0, -1.0]])
    got = ask(affine_vjp, X @ W + b, Z_bar, X, W, b)
    if not isinstance(got, (tuple, list)) or len(got) != 3:
        raise Hint("Return three adjoints: that of X, of W and of b.")
    for name, its, x in zip("XWb", got, (X, W, b), strict=True):
        if np.shape(its) != x.shape:
            raise Hint(
                f"The adjoint of {name} has the shape of {name}, {x.shape}; "
                f"yours has {np.shape(its)}."
            )
    expect(got[0], [[0.0, 8.5, 3.0], [7.0, -2.5, 2.0]], "The adjoint of X: ȳ times W transposed.")
    expect(got[1], [[-2.0, 3.0], [2.0, 4.0], [9.5, -2.0]], "The adjoint of W: X transposed, times.")
    expect(got[2], [4.0, 1.0], "b goes into every row, and what arrives from all of them adds up.")


def exercise_3(pieces: Any) -> None:
    """The number of pieces k for which k + n/k is least."""
    if pieces in (200, 10_000, 1):
        raise Hint("Asked for is the number of pieces, where k + 10 000/k is least.")
    expect(pieces, 100, "Try k = 10, 50, 100, 500 in k + 10 000/k, or set its derivative to zero.")


def exercise_4(deep_day: Any) -> None:
    """1440 steps with checkpoints within checkpoints."""
    state = np.linspace(0.1, 3.0, 1000)
    x, slopes = state, np.ones(1000)
    for _ in range(1440):  # the slopes of independent numbers, one factor a step
        x, slopes = x + 0.01 * np.sin(x), slopes * (1 + 0.01 * np.cos(x))
    expect(
        ask(deep_day, state), np.sum(x), "The result should be that of day(state), 1440 steps.", 12
    )
    tracemalloc.start()
    try:
        got = ask(grad(deep_day, mode="reverse"), state)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    expect(got, slopes, "The value is right, but its gradient is not.")
    if peak > 0.9e6:
        raise Hint(
            f"Right, but it holds {peak / state.nbytes:.0f} states at once. "
            "Are both the parts and the pieces under checkpoint?"
        )
