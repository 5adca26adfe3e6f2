"""All passes of a call, here or by workers, and their tangents stacked: the columns of a Jacobian.

How many directions a pass carries is decided here, and what is needed twice is run together:
a direction and i times it, if inputs are complex; ones and weights, for elementwise functions.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .arguments import Inputs, Outputs
from .array.dualarray import DualArray
from .conversions import as_slope
from .memory import laid_out_like
from .namespaces import is_exact
from .pair import is_array, plain
from .passes import Seeding, Tangents, run_pass, tangents_of, unit_seeds
from .promises import (
    Combine,
    holomorphic,
    looking,
    refuse_unless_elementwise,
    refuse_unless_same,
    refuse_unless_same_each_way,
    weights,
)
from .workers import SERIAL, Plan

DIRECTIONS = 256  # at most so many in one pass
PASS_SIZE = 1 << 17  # and about so many tangent elements of the inputs


def run_together(
    inputs: Inputs, seedings: Sequence[Seeding], directions: tuple[int, ...], has_aux: bool = False
) -> tuple[Outputs, list[Tangents]]:
    """One pass for several seedings; several passes for numbers with more digits than arrays."""
    if len(seedings) == 1:
        outputs = run_pass(inputs, seedings[0], has_aux)
        return outputs, [tangents_of(outputs, inputs, directions)]
    if any(is_exact(plain(x)) for x in inputs.leaves):
        passes = [run_pass(inputs, seeds, has_aux) for seeds in seedings]
        for later in passes[1:]:
            refuse_unless_same(inputs, passes[0], later)
        return passes[0], [tangents_of(outputs, inputs) for outputs in passes]
    of_each = zip(*seedings, strict=True)
    seeds = [_stacked(x, each) for x, each in zip(inputs.leaves, of_each, strict=True)]
    many, k = len(seedings), directions[0] if directions else 1
    outputs = run_pass(inputs, seeds, has_aux)
    found: list[Tangents] = [[] for _ in seedings]
    tangents = tangents_of(outputs, inputs, (many * k,))
    for value, tangent in zip(outputs.values, tangents, strict=True):
        for j in range(many):
            part = tangent[j * k : (j + 1) * k] if directions else tangent[j, ...]
            is_part = directions or is_array(value)
            found[j].append(part if is_part else as_slope(part[()], value))
    return outputs, found


def refuse_unless_apart(
    inputs: Inputs, i: int, slopes: Sequence[Any], weighted: Sequence[Any] | None
) -> None:
    """Refuse an f that has put elements together, where an output depends on several of input i.

    `slopes`, `weighted`: the tangents of each output along ones, and along the weights if it is
    known.
    """
    x = inputs.leaves[i]

    def along(directions: list[Any]) -> list[list[Any]]:
        seeds = [[d if i == j else None for j in range(len(inputs.leaves))] for d in directions]
        with looking(inputs):
            return run_together(inputs, seeds, ())[1]

    weighted = along([weights(x)])[0] if weighted is None else weighted
    refuse_unless_elementwise(inputs, x, list(slopes), list(weighted), along)


def _stacked(x: Any, seeds: Sequence[Any]) -> Any:
    """Seeds of one input as the directions of one seed; None if it has none of them."""
    given = [s for s in seeds if s is not None]
    if not given:
        return None
    each = [np.zeros_like(given[0]) if s is None else np.asarray(s) for s in seeds]
    stack = np.stack if np.ndim(each[0]) == np.ndim(x) else np.concatenate
    return laid_out_like(plain(x), stack(each))


def turned(inputs: Inputs, seeds: Seeding) -> Seeding:
    """The seeds of complex inputs times i."""
    return [
        1j * s if is_complex and s is not None else None
        for is_complex, s in zip(inputs.are_complex, seeds, strict=True)
    ]


def run_passes(
    inputs: Inputs,
    chunk: int | None = None,
    has_aux: bool = False,
    check: Callable[[Outputs], None] | None = None,
    plan: Plan = SERIAL,
    combine: Combine = holomorphic,
    inner: int = 1,
) -> tuple[Outputs, list[list[Any]]]:
    """All passes: the outputs of the first, and per output its derivative in each input.

    `check` may refuse these outputs before the other passes run; `combine` says what the
    derivative in a complex input is; `inner` directions come with each inside the function.
    """
    chunk = _directions_per_pass(inputs, chunk, plan, inner)
    as_numbers = chunk == 1 and not any(
        isinstance(x, (np.ndarray, DualArray)) for x in inputs.leaves
    )
    starts = range(0, max(1, inputs.size), chunk)
    if plan is not SERIAL:
        inputs.exhaust_iterators()
    run_one = functools.partial(_unit_pass, inputs, chunk, as_numbers, has_aux)
    passes = plan.run(run_one, starts)
    first: Outputs | None = None
    columns: list[Tangents] = []  # of each pass
    for start, (outputs, tangents) in zip(starts, passes, strict=True):
        stop = min(inputs.size, start + chunk)
        if first is None:
            first = outputs
            if plan.columns is not None:
                plan.columns.check(outputs.values)
            if check is not None:
                check(outputs)
        else:
            at_first, here = (functools.partial(outputs_at, run_one, i) for i in (starts[0], start))
            refuse_unless_same_each_way(  # which inputs move decides how drivers inside f go
                inputs, (first, at_first), (outputs, here), plan is not SERIAL
            )
        these = tangents[0] if len(tangents) == 1 else combine(inputs, start, stop, *tangents)
        if plan.columns is None:
            columns.append(these)
        else:
            plan.columns.write(start, stop, *these)
    assert first is not None
    rows = [list(row) for row in zip(*columns, strict=True)]  # of each output, unless written
    if not as_numbers:
        rows = [_blocks(inputs, v, row) for v, row in zip(first.values, rows, strict=False)]
    return first, rows


def outputs_at(run_one: Callable[[int], tuple[Outputs, Any]], start: int) -> Outputs:
    """The outputs of the pass that begins there."""
    return run_one(start)[0]


def _unit_pass(
    inputs: Inputs, chunk: int, as_numbers: bool, has_aux: bool, start: int
) -> tuple[Outputs, list[Tangents]]:
    """One of these passes: the directions from start on; if inputs are complex, times i too."""
    stop = min(inputs.size, start + chunk)
    seedings = [unit_seeds(inputs, start, stop, as_numbers)]
    if any(inputs.are_complex):
        seedings.append(turned(inputs, seedings[0]))
    directions = () if as_numbers else (stop - start,)
    outputs, tangents = run_together(inputs, seedings, directions, has_aux)
    outputs.tangents = []  # as they are in these, they need not travel twice
    return outputs, tangents


def refuse_unless_chunk(driver: str, chunk: Any) -> None:
    """Raise ValueError if this is neither None nor a number of directions."""
    if chunk is not None and (isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1):
        raise ValueError(
            f"{driver}: chunk is the number of directions in a pass, 1 or more; got {chunk!r}."
        )


def _directions_per_pass(inputs: Inputs, chunk: int | None, plan: Plan, inner: int) -> int:
    refuse_unless_chunk(inputs.driver, chunk)
    if any(is_exact(plain(x)) for x in inputs.leaves):
        return 1  # tangents of exact numbers are numbers of their kind, not arrays
    if chunk is None:
        of_each_worker = -(-inputs.size // plan.at_once)
        chunk = max(1, min(of_each_worker, DIRECTIONS, PASS_SIZE // max(1, inputs.size * inner)))
    return chunk


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
            blocks.append(as_slope(stacked[offset], x))
        offset += size
    return blocks
