"""Seeds in, one evaluation of the function, tangents out: a pass, and all passes of a call.

    level   = fresh_level()
    outputs = f(primal + seed·ε, …)          direction j has the seed 1 at input j, 0 elsewhere
    ∂outputs/∂input j = the tangents' direction j

One direction per pass is the textbook's loop. By default a pass carries many: a tangent then has
a leading axis, one entry per direction.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .arguments import Inputs, Outputs
from .array.dualarray import DualArray
from .levels import fresh_level
from .memory import laid_out_like
from .namespaces import is_exact
from .pair import as_number, dual, own, plain
from .workers import SERIAL, Plan

DIRECTIONS = 256  # at most so many in one pass
PASS_SIZE = 1 << 17  # and about so many tangent elements of the inputs


# -- seeds ---------------------------------------------------------------------------------


def unit_seeds(inputs: Inputs, start: int, stop: int, as_numbers: bool) -> list[Any]:
    """Tangents for a pass: direction j is 1 at input start + j. None for "no tangent".

    `as_numbers`: the one direction of this pass has no axis of its own.
    """
    seeds: list[Any] = []
    offset, k = 0, stop - start
    for x, size in zip(inputs.leaves, inputs.sizes, strict=True):
        if as_numbers:
            seeds.append(one_like(x) if start == offset else None)
        elif np.ndim(x) == 0 and not start <= offset < stop and k:
            seeds.append(None)
        else:
            seed = np.zeros((k, size), _dtype_of(x))
            j = np.arange(max(start, offset), min(stop, offset + size))
            seed[j - start, j - offset] = 1
            seeds.append(laid_out_like(plain(x), seed.reshape((k, *np.shape(x)))))
        offset += size
    return seeds


def one_like(x: Any) -> Any:
    """1 as a tangent of x, in its number system; of an array, 1 for each element."""
    x = plain(x)
    if isinstance(x, np.ndarray):
        return np.ones_like(x)
    return 1.0 if isinstance(x, float) else type(x)(1)


def seeded(inputs: Inputs, seeds: Sequence[Any], level: int) -> list[Any]:
    """Copies of the inputs, as duals of this level where there is a seed."""
    return [
        own(x) if seed is None else dual(own(x), seed, level)
        for x, seed in zip(inputs.leaves, seeds, strict=True)
    ]


def _dtype_of(x: Any) -> Any:
    x = plain(x)
    return getattr(x, "dtype", complex if isinstance(x, complex) else float)


# -- one pass, and all ---------------------------------------------------------------------


def run_pass(inputs: Inputs, seeds: Sequence[Any], has_aux: bool = False) -> Outputs:
    """One evaluation of f on seeded inputs."""
    if isinstance(inputs.f, Outputs):
        return inputs.f
    level = fresh_level()
    y = inputs.call(seeded(inputs, seeds, level))
    return Outputs(inputs.driver, y, level, has_aux)


def run_passes(
    inputs: Inputs,
    chunk: int | None = None,
    has_aux: bool = False,
    check: Callable[[Outputs], None] | None = None,
    plan: Plan = SERIAL,
) -> tuple[Outputs, list[list[Any]]]:
    """All passes: the outputs of the first, and per output its derivative in each input.

    `check` may refuse these outputs before the other passes run.
    """
    chunk = _directions_per_pass(inputs, chunk, plan)
    as_numbers = chunk == 1 and not any(
        isinstance(x, (np.ndarray, DualArray)) for x in inputs.leaves
    )
    starts = range(0, max(1, inputs.size), chunk)
    if plan is not SERIAL:
        inputs.exhaust_iterators()
    passes = plan.run(functools.partial(_unit_pass, inputs, chunk, as_numbers, has_aux), starts)
    first: Outputs | None = None
    tangents: list[list[Any]] = []  # of each pass
    for start, outputs in zip(starts, passes, strict=True):
        stop = min(inputs.size, start + chunk)
        if first is None:
            first = outputs
            if plan.columns is not None:
                plan.columns.check(outputs.values)
            if check is not None:
                check(outputs)
        elif list(map(np.shape, outputs.values)) != list(map(np.shape, first.values)):
            raise ValueError(
                f"{inputs.driver}: the function returned other shapes in a later pass than in "
                "the first; it must do the same in every pass."
            )
        these = tangents_of(outputs, inputs, () if as_numbers else (stop - start,))
        if plan.columns is None:
            tangents.append(these)
        else:
            plan.columns.write(start, stop, *these)
    assert first is not None
    rows = [list(row) for row in zip(*tangents, strict=True)]  # of each output, unless written
    if not as_numbers:
        rows = [_blocks(inputs, v, row) for v, row in zip(first.values, rows, strict=False)]
    return first, rows


def _unit_pass(inputs: Inputs, chunk: int, as_numbers: bool, has_aux: bool, start: int) -> Outputs:
    """One of these passes: the directions from start on."""
    if isinstance(inputs.f, Outputs):
        return inputs.f
    stop = min(inputs.size, start + chunk)
    return run_pass(inputs, unit_seeds(inputs, start, stop, as_numbers), has_aux)


def _directions_per_pass(inputs: Inputs, chunk: int | None, plan: Plan) -> int:
    if chunk is not None and (isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1):
        raise ValueError(
            f"{inputs.driver}: chunk is the number of directions in a pass, 1 or more; "
            f"got {chunk!r}."
        )
    if any(is_exact(plain(x)) for x in inputs.leaves):
        return 1  # tangents of exact numbers are numbers of their kind, not arrays
    if chunk is None:
        of_each_worker = -(-inputs.size // plan.at_once)
        chunk = max(1, min(of_each_worker, DIRECTIONS, PASS_SIZE // max(1, inputs.size)))
    return chunk


# -- stacking ------------------------------------------------------------------------------


def tangents_of(outputs: Outputs, inputs: Inputs, directions: tuple[int, ...] = ()) -> list[Any]:
    """The tangent of each output, zero where there is none."""
    return [
        _zero(directions + np.shape(value), inputs) if tangent is None else tangent
        for value, tangent in zip(outputs.values, outputs.tangents, strict=True)
    ]


def _zero(shape: tuple[int, ...], inputs: Inputs) -> Any:
    """Zeros; a number is of the number system of the inputs."""
    if shape:
        return np.zeros(shape)
    x = plain(inputs.leaves[0]) if inputs.leaves else 0.0
    return type(x)(0) if is_exact(x) else 0.0


def _blocks(inputs: Inputs, value: Any, tangents: list[Any]) -> list[Any]:
    """Tangents of shape (directions, *out) cut into one block per input, of shape out + in."""
    stacked = tangents[0] if len(tangents) == 1 else np.concatenate(tangents)
    blocks = []
    offset = 0
    for x, size in zip(inputs.leaves, inputs.sizes, strict=True):
        if isinstance(x, (np.ndarray, DualArray)):
            part = np.moveaxis(stacked[offset : offset + size], 0, -1)
            blocks.append(np.reshape(part, np.shape(value) + np.shape(x)))
        else:
            blocks.append(as_number(stacked[offset]))
        offset += size
    return blocks
