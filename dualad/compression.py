"""Sparse Jacobians and Hessians: passes along the colours, and the matrix read from them.

One random direction more is the check: what the matrix gives there must be what the function does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from copy import copy
from itertools import pairwise
from typing import Any

import numpy as np

from .arguments import Argnum, Inputs, Outputs
from .decompression import (
    DIGITS,
    Compression,
    Kept,
    Split,
    are_near,
    coloured,
    compression,
    random_direction,
    transposed,
)
from .forms import dtype_of
from .kernel import KERNEL
from .memory import laid_out_like
from .pair import Function, Pair, is_array, plain
from .passes import run_pass, tangents_of
from .patterns import detected
from .promises import refuse_unless_same, refuse_unless_same_each_way, refuse_unless_steady
from .stacking import outputs_at, refuse_unless_chunk
from .structure import leaves
from .sweeps import Record
from .ways import UNABLE, Mode
from .workers import SERIAL, Plan
from .zeros import is_finite

Along = Callable[[Any], Any]  # from directions, one in each row, to a derivative along each

_ELEMENTS = 1 << 22  # about so many elements of seeds in one pass
_INFINITE = 16  # so many rows with infinite elements are looked into
_NOISE = 16  # an error up to this multiple of the rounding observed counts as rounding


class WrongPattern(ValueError):
    """A function depends on more than a sparsity pattern has."""

    advice = "give the pattern at this point, sparsity(f)(x), or write sparsity=True."


# -- the passes ------------------------------------------------------------------------------


def refuse_unless_floats(inputs: Inputs) -> None:
    """Raise TypeError if the inputs are not real floats."""
    for x in inputs.leaves:
        if isinstance(x, Pair):
            raise TypeError(
                f"{inputs.driver}: a sparse matrix cannot hold duals, so sparsity= does not work "
                "inside another derivative; omit it there."
            )
        kind = getattr(getattr(x, "dtype", None), "kind", "f" if isinstance(x, float) else "")
        if kind != "f":
            raise TypeError(
                f"{inputs.driver}: sparsity= takes real floats, got {type(x).__name__}"
                f"{'' if not is_array(x) else f' of {x.dtype}'}; omit it."
            )


def _seeds(inputs: Inputs, block: Any) -> list[Any]:
    """Directions cut into seeds of the inputs."""
    seeds, offset = [], 0
    for x, size in zip(inputs.leaves, inputs.sizes, strict=True):
        part = block[:, offset : offset + size].astype(getattr(x, "dtype", float), copy=False)
        seeds.append(laid_out_like(plain(x), part.reshape((len(block), *np.shape(x)))))
        offset += size
    return seeds


def _pass(
    inputs: Inputs, c: Compression, chunk: int, has_aux: bool, start: int
) -> tuple[Outputs, Any]:
    """The tangents of all outputs along the directions from `start` on, one in each row."""
    block = c.directions(start, min(start + chunk, c.count + 1))
    outputs = run_pass(inputs, _seeds(inputs, block), has_aux)
    tangents = tangents_of(outputs, inputs, (len(block),))
    outputs.tangents = []
    return outputs, _flat(len(block), tangents)


def _flat(k: int, parts: Sequence[Any]) -> Any:
    if any(isinstance(t, Pair) for t in parts):
        raise TypeError(
            "a sparse matrix cannot hold duals, and the function uses some of another derivative; "
            "omit sparsity= there."
        )
    each = [np.reshape(plain(t), (k, -1)) for t in parts]
    return each[0] if len(each) == 1 else np.concatenate([np.zeros((k, 0)), *each], axis=1)


def _at_once(c: Compression, along: Along) -> Any:
    """The matrix by all directions in one evaluation; None if this is not all that is needed."""
    if KERNEL is None or c.count + 1 > KERNEL.DIRECTIONS:
        return None
    found = along(c.directions(0, c.count + 1))
    if type(found) is not np.ndarray:
        return None
    matrix, is_right = c.matrix(found)
    return matrix if is_right else None


def forward(
    inputs: Inputs, c: Compression, chunk: int | None, has_aux: bool, plan: Plan
) -> tuple[Outputs, Any]:
    """The outputs, and the matrix by passes along the colours."""
    first, found = _passes(inputs, c, chunk, has_aux, plan)
    return first[0], _checked(inputs, c, first, has_aux, found)


Run = tuple[Outputs, Callable[[], Outputs]]  # a pass, and what runs it again


def _checked(inputs: Inputs, c: Compression, first: Run, has_aux: bool, found: Any) -> Any:
    """The matrix, from what came of all directions."""
    c = c.with_rows(inputs.driver, found.shape[1])
    result, is_right = c.matrix(found)
    if not is_right:
        _refuse_unless_right(inputs, first, has_aux, result, c.along, found[-1])
    return result


def _passes(
    inputs: Inputs, c: Compression, chunk: int | None, has_aux: bool, plan: Plan
) -> tuple[Run, Any]:
    """The first pass, and the derivatives along each colour and the random direction."""
    refuse_unless_chunk(inputs.driver, chunk)
    if chunk is None:
        chunk = max(1, min(c.count + 1, _ELEMENTS // max(1, inputs.size)))
        if KERNEL and not any(map(is_array, inputs.leaves)):
            chunk = min(chunk, KERNEL.DIRECTIONS)
        chunk = min(chunk, -(-(c.count + 1) // plan.at_once))
    if plan is not SERIAL:
        inputs.exhaust_iterators()
    task = functools.partial(_pass, inputs, c, chunk, has_aux)
    blocks: list[Any] = []
    first: Run | None = None
    starts = range(0, c.count + 1, chunk)
    for start, (outputs, block) in zip(starts, plan.run(task, starts), strict=True):
        run = outputs, functools.partial(outputs_at, task, start)
        if first is None:
            first = run
        else:  # what moves decides how drivers inside f go
            refuse_unless_same_each_way(inputs, first, run, plan is not SERIAL)
        blocks.append(block)
    assert first is not None
    return first, blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def both_ways(
    inputs: Inputs, c: Split, chunk: int | None, has_aux: bool, plan: Plan
) -> tuple[Outputs, Any] | None:
    """The outputs, and the matrix by passes and sweeps; None if forward mode has to do all."""
    swept = _swept(inputs, has_aux, False, lambda m: c.adjoints(inputs.driver, m))
    if swept is None:
        return None
    first, found = _passes(inputs, c.thin, chunk, has_aux, plan)
    refuse_unless_same(inputs, swept[0], first[0], plan is not SERIAL)
    result, along = c.matrix(found, swept[1]), c.thin.along
    _set_nan(result, first[0])
    if not are_near(result @ along, found[-1]).all():
        _refuse_unless_right(inputs, first, has_aux, result, along, found[-1])
    return first[0], result


def _set_nan(matrix: Any, outputs: Outputs) -> bool:
    """Make the rows nan of outputs that are; whether there are any."""
    values = np.concatenate([np.ravel(plain(v)) for v in outputs.values] or [np.zeros(0)])
    missing = values != values
    if missing.any():
        matrix.data[np.repeat(missing, np.diff(matrix.indptr))] = np.nan
    return bool(missing.any())


def backward(
    inputs: Inputs, c: Compression, has_aux: bool, is_requested: bool
) -> tuple[Outputs, Any] | None:
    """The same by sweeps, one for each colour of the rows; None if forward mode has to do it."""

    def adjoints(m: int) -> Any:
        return c.with_rows(inputs.driver, m).directions(0, c.count + 1)

    swept = _swept(inputs, has_aux, is_requested, adjoints)
    if swept is None:
        return None
    outputs, found = swept
    c = c.with_rows(inputs.driver, sum(map(np.size, outputs.values)))
    result, is_right = c.matrix(found)
    if _set_nan(result, outputs):
        return (outputs, result) if is_requested else None
    if not (is_right or _agree(transposed(result), c.along, found[-1]).all()):
        along = random_direction(inputs.size)
        moved = run_pass(inputs, _seeds(inputs, along[None]), has_aux)
        there = _flat(1, tangents_of(moved, inputs, (1,)))[0]
        run = outputs, lambda: Record(inputs, has_aux).outputs
        _refuse_unless_right(inputs, run, has_aux, result, along, there)
    return outputs, result


def _swept(
    inputs: Inputs, has_aux: bool, is_requested: bool, adjoints_for: Callable[[int], Any]
) -> tuple[Outputs, Any] | None:
    """The outputs, and the adjoints of the inputs by one record; None for forward mode.

    `adjoints_for`: from how many outputs there are to adjoints of them, one in each row.
    """
    try:
        record = Record(inputs, has_aux, is_optional=not is_requested)
        if record.has_loss:
            refuse_unless_steady(inputs, record.outputs, has_aux)
            return None
        outputs = record.outputs
        block = adjoints_for(sum(map(np.size, outputs.values)))
        ends = np.cumsum([0, *map(np.size, outputs.values)])
        adjoints = [
            block[:, a:b].astype(dtype_of(value)).reshape((len(block), *np.shape(value)))
            for value, a, b in zip(outputs.values, ends[:-1], ends[1:], strict=True)
        ]
        found = _flat(len(block), record.swept(adjoints, many=True, free=True))
    except UNABLE:
        if is_requested:
            raise
        return None
    if any(np.iscomplexobj(v) for v in outputs.values) or not is_finite(found):
        if is_requested:
            raise ValueError(
                f"{inputs.driver}: reverse mode with sparsity= takes real outputs with finite "
                "derivatives; write mode='forward'."
            )
        return None
    return outputs, found


# -- the check -------------------------------------------------------------------------------


def _agree(matrix: Any, along: Any, found: Any) -> Any:
    """In which rows a matrix gives along a direction what has been found there."""
    eps = float(np.finfo(found.dtype).eps)
    with np.errstate(all="ignore"):
        y = matrix @ along
        near = are_near(y, found)
        far = np.flatnonzero(~near)
        error = np.abs(found - y)[far]
        size = np.maximum(abs(matrix[far]) @ np.abs(along), np.abs(found)[far])
        near[far] = (error <= eps**DIGITS * size) & (error < np.inf)
    return near | ~np.isfinite(y)


def _refuse_unless_right(
    inputs: Inputs, first: Run, has_aux: bool, matrix: Any, along: Any, found: Any
) -> None:
    def there(block: Any) -> Any:
        again = functools.partial(run_pass, inputs, _seeds(inputs, block), has_aux)
        moved = again()
        refuse_unless_same_each_way(inputs, first, (moved, again), False)
        return _flat(len(block), tangents_of(moved, inputs, (len(block),)))

    right = _agree(matrix, along, found)
    values = np.concatenate([np.ravel(plain(v)) for v in first[0].values])
    expected = matrix @ along
    infinite = np.flatnonzero(~np.isfinite(expected) & (values == values))[:_INFINITE]
    if len(infinite):  # along all that the pattern does not have in such a row, it does not change
        block = np.tile(along, (len(infinite), 1))
        for row, i in zip(block, infinite, strict=True):
            row[matrix.indices[matrix.indptr[i] : matrix.indptr[i + 1]]] = 0
        beside = there(block)
        found, expected = found.copy(), expected.copy()
        found[infinite], expected[infinite] = beside[np.arange(len(block)), infinite], 0
        right[infinite] = found[infinite] == 0
    wrong = np.flatnonzero(~right & (values == values))
    with np.errstate(invalid="ignore"):
        error = np.abs(found - expected)
    # A pass is linear, but for its rounding: that is what changes with the length of a direction.
    for lengths in _lengths(inputs.size):
        if not len(wrong):
            return
        with np.errstate(all="ignore"):
            noise = np.abs(there(lengths * along)[:, wrong] / lengths - found[wrong])
            is_noise = (error[wrong] <= _NOISE * noise) & (noise < np.inf)
        wrong = wrong[~is_noise.any(axis=0)]
    if not len(wrong):
        return
    i = int(wrong[0])
    told = f"{len(wrong)} rows, the first of them row {i}" if len(wrong) > 1 else f"row {i}"
    raise WrongPattern(
        f"{inputs.driver}: the sparsity pattern does not fit the function here, in {told}: along a "
        f"random direction its derivative is {found[i]:.6g}, and that by the pattern "
        f"differs from it by {expected[i] - found[i]:.3g}; {WrongPattern.advice}"
    )


def _lengths(size: int) -> Iterator[Any]:
    """Columns of numbers between 0.5 and 1, for a pass each: few at first, which mostly suffice."""
    random = np.random.default_rng(size)
    for count in (3, 16, 16, 16):
        yield random.uniform(0.5, 1.0, (min(count, max(1, _ELEMENTS // max(1, size))), 1))


# -- what the drivers call ---------------------------------------------------------------------


class Sparsity:
    """What sparsity= says in one driver; what was detected is kept, by the shapes of the inputs.

    Parameters
    ----------
    given
        True, or the pattern.
    is_symmetric : bool
        Whether the matrices are.
    """

    def __init__(self, given: Any, is_symmetric: bool = False) -> None:
        self.given, self.is_symmetric = given, is_symmetric
        self._detected: dict[Any, Compression | Split] = {}
        self._kept: Kept = {}

    def matrix(
        self, inputs: Inputs, mode: Mode, chunk: int | None, has_aux: bool, plan: Plan
    ) -> tuple[Outputs, Any]:
        """The outputs, and their derivatives in the inputs: a csr_array.

        Raises
        ------
        ValueError
            If f depends on more than the pattern has.
        """

        def by(c: Compression | Split) -> tuple[Outputs, Any]:
            if isinstance(c, Split):
                found = both_ways(inputs, c, chunk, has_aux, plan)
            elif c.way == "rows":
                found = backward(inputs, c, has_aux, mode == "reverse")
            else:
                return forward(inputs, c, chunk, has_aux, plan)
            return forward(inputs, c.forward, chunk, has_aux, plan) if found is None else found

        return self._tried(inputs, mode, has_aux, by, by, plan is not SERIAL)

    def for_one_pass(self, x: Any) -> Compression | None:
        """The colours for one array, if one pass forward is all that is needed."""
        found: Any
        if self.given is True:
            found = self._detected.get((np.shape(x),))
        elif self.is_symmetric:
            found = compression("hessian", self.given, x.size, "forward", True, self._kept)
        else:
            found = compression("jacobian", self.given, x.size, None, False, self._kept)
        if not isinstance(found, Compression) or found.way == "rows":
            return None
        return found if (found.count + 1) * x.size <= _ELEMENTS else None

    def of_pass(
        self, c: Compression, y: Any, level: int,
        f: Function, argnum: Argnum, args: Any, kwargs: Any,
    ) -> Any:  # fmt: skip
        """What `matrix` gives, from what f has given for these colours."""
        inputs = Inputs("jacobian", f, argnum, args, kwargs)
        outputs = Outputs("jacobian", y, level)
        k = c.count + 1
        found = _flat(k, tangents_of(outputs, inputs, (k,)))
        outputs.tangents = []
        again = functools.partial(outputs_at, functools.partial(_pass, inputs, c, k, False), 0)
        try:
            return _checked(inputs, c, (outputs, again), False, found)
        except WrongPattern:
            if self.given is not True:
                raise
        self._detected.pop(_shapes(inputs), None)
        return self.matrix(inputs, None, None, False, SERIAL)[1]

    def hessian(self, inputs: Inputs, chunk: int | None, plan: Plan, along: Along | None) -> Any:
        """The Hessian, from a function that gives (gradient, value): a csr_array.

        `along`: how the gradient changes along directions, where that takes one evaluation; None
        from it if it does not.

        Raises
        ------
        ValueError
            If the pattern lacks elements.
        """

        def by_passes(c: Any) -> tuple[Outputs, Any]:
            return forward(inputs, c, chunk, True, plan)

        def by(c: Any) -> tuple[Outputs | None, Any]:
            found = None if along is None else _at_once(c, along)
            return by_passes(c) if found is None else (None, found)

        return self._tried(inputs, "forward", True, by, by_passes, plan is not SERIAL)[1]

    def _tried(
        self, inputs: Inputs, mode: Mode, has_aux: bool, by: Callable[[Any], tuple[Any, Any]],
        by_passes: Callable[[Any], tuple[Outputs, Any]], is_elsewhere: bool,
    ) -> tuple[Any, Any]:  # fmt: skip
        """What is made by the pattern that was given, or by the one that was detected.

        `by_passes`: for a new pattern, with outputs to compare with those of the detection.
        """
        refuse_unless_floats(inputs)
        if self.given is not True:
            return by(
                compression(
                    *(inputs.driver, self.given, inputs.size, mode, self.is_symmetric), self._kept
                )
            )
        key = _shapes(inputs)
        kept = self._detected.get(key)
        if kept is not None:
            with suppress(WrongPattern):  # f takes another branch now
                return by(kept)
        self._detected.pop(key, None)
        first, pattern = detected(inputs, has_aux)
        found = coloured(pattern, None, mode, self.is_symmetric)
        try:
            later, matrix = by_passes(found)
        except WrongPattern as error:  # a rule loses track of what depends on what
            told = str(error).replace(WrongPattern.advice, "it was detected here; omit sparsity=.")
            raise WrongPattern(told) from None
        # Of gradients, inside f or for a Hessian, detection has another rounding than passes.
        compared = _of_aux if self.is_symmetric else _itself
        refuse_unless_same_each_way(
            inputs,
            (compared(first), lambda: compared(detected(inputs, has_aux)[0])),
            (compared(later), lambda: compared(by_passes(found)[0])),
            is_elsewhere,
        )
        self._detected[key] = found
        return later, matrix


def _itself(outputs: Outputs) -> Outputs:
    return outputs


def _of_aux(outputs: Outputs) -> Outputs:
    """The same pass, with the value that f returned beside its gradient in place of that."""
    result = copy(outputs)
    result.values = [outputs.aux]
    return result


def _shapes(inputs: Inputs) -> tuple[tuple[int, ...], ...]:
    return tuple(map(np.shape, inputs.leaves))


def by_arguments(inputs: Inputs, matrix: Any, axes: Sequence[int] = (1,)) -> Any:
    """The matrix cut along its columns, or rows too, into a block for each argument."""
    if inputs.single:
        return matrix
    sizes = [sum(int(np.size(v)) for v in leaves(x)) for x in inputs.selected]
    ends = np.cumsum([0, *sizes]).tolist()
    cuts = [slice(a, b) for a, b in pairwise(ends)]
    if 0 in axes:
        return tuple(tuple(matrix[a, b] for b in cuts) for a in cuts)
    return tuple(matrix[:, b] for b in cuts)
