"""A pass: seeds in, one evaluation of the function, tangents out.

    level   = a fresh one, open while f runs
    outputs = f(primal + seed·ε, …)          direction j has the seed 1 at input j, 0 elsewhere
    ∂outputs/∂input j = the tangents' direction j

One direction per pass is the textbook's loop; by default a pass carries many, in a leading axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .arguments import Inputs, Outputs
from .conversions import as_slope
from .differentiations import Doubt
from .kinds import DualLike, Tangent
from .memory import laid_out_like
from .mixing import watch_mixing
from .namespaces import is_exact
from .pair import dual, is_array, own, plain
from .promises import Differentiation, nan_where, settle

Seeding = list[Any]  # a seed for each input, or None
Tangents = list[Any]  # a tangent for each output

# -- seeds ---------------------------------------------------------------------------------


def unit_seeds(inputs: Inputs, start: int, stop: int, as_numbers: bool) -> Seeding:
    """Tangents for a pass: direction j is 1 at input start + j. None for "no tangent".

    `as_numbers`: the one direction of this pass has no axis of its own.
    """
    seeds: Seeding = []
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


def one_like(x: DualLike) -> Tangent:
    """1 as a tangent of x, in its number system; of an array, 1 for each element."""
    x = plain(x)
    if isinstance(x, np.ndarray):
        return np.ones_like(x)
    return 1.0 if isinstance(x, float) else type(x)(1)


def seeded(inputs: Inputs, seeds: Sequence[Any], level: int) -> list[Any]:
    """Copies of inputs and seeds, for f may write into both: duals of this level where both are."""
    return [
        own(x) if seed is None else dual(own(x), own(seed), level)
        for x, seed in zip(inputs.leaves, seeds, strict=True)
    ]


def _dtype_of(x: DualLike) -> Any:
    x = plain(x)
    return getattr(x, "dtype", complex if isinstance(x, complex) else float)


# -- one pass ------------------------------------------------------------------------------


def run_pass(inputs: Inputs, seeds: Sequence[Any], has_aux: bool = False) -> Outputs:
    """One evaluation of f on seeded inputs."""
    if inputs.finished is not None:
        return inputs.finished
    outputs, why = evaluated(inputs, seeds, has_aux)
    settle(why, inputs, seeds, outputs, has_aux, forward(seeds, has_aux))
    return outputs


def evaluated(inputs: Inputs, seeds: Sequence[Any], has_aux: bool) -> tuple[Outputs, Doubt]:
    """The outputs, and what makes them doubtful (`gravest_doubt`)."""
    with Differentiation(inputs.driver) as work:
        given = seeded(inputs, seeds, work.level)
        if inputs.is_elementwise:
            watch_mixing(work.level)
        y = inputs.call(given)
        outputs = Outputs(inputs.driver, y, work.level, has_aux)
    return outputs, work.why


def forward(seeds: Sequence[Any], has_aux: bool) -> Callable[[Inputs], Outputs]:
    """What evaluates f on inputs with these seeds."""
    return lambda inputs: evaluated(inputs, seeds, has_aux)[0]


def tangents_of(outputs: Outputs, inputs: Inputs, directions: tuple[int, ...] = ()) -> Tangents:
    """The tangent of each output: zero where there is none, nan where the output is nan."""
    found = []
    for value, tangent in zip(outputs.values, outputs.tangents, strict=True):
        t = nan_where(value, _zero(directions, value, inputs) if tangent is None else tangent)
        found.append(t if directions or is_array(value) else as_slope(t, value))  # nested or not
    return found


def _zero(directions: tuple[int, ...], value: Any, inputs: Inputs) -> Any:
    """Zeros, as precise as the value; a number is of the number system of the inputs."""
    dtype = getattr(plain(value), "dtype", np.dtype(float))
    if (shape := directions + np.shape(value)) or is_array(value):
        return np.zeros(shape, dtype if dtype.kind in "fc" else float)
    x = plain(inputs.leaves[0]) if inputs.leaves else 0.0
    return type(x)(0) if is_exact(x) else 0.0
