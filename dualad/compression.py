"""Sparse Jacobians and Hessians: one direction for each colour, and the elements read from it.

    colours of the columns              as few as the pattern lets be (`colouring`)
    passes along each colour            and along one random direction more
    elements                            each stands alone in its row in the direction of its colour

The random direction is the check: what the matrix gives there must be what the function does.
"""

from __future__ import annotations

import copy
import functools
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, Literal, TypeVar

import numpy as np

from .arguments import Inputs, Outputs
from .colouring import columns, star
from .forms import dtype_of
from .kernel import ARRAY_KERNEL, KERNEL
from .memory import laid_out_like
from .pair import Pair, is_array, plain
from .passes import run_pass, tangents_of
from .patterns import detected, scipy_sparse
from .promises import refuse_unless_same
from .stacking import refuse_unless_chunk
from .structure import leaves
from .sweeps import Record
from .ways import UNABLE, Mode
from .workers import SERIAL, Plan
from .zeros import is_finite

Way = Literal["columns", "rows", "star"]
Along = Callable[[Any], Any]  # from directions, one in each row, to a derivative along each
T = TypeVar("T")

_ELEMENTS = 1 << 22  # about so many elements of seeds in one pass
_DIGITS = 0.6  # the part of all digits that has to agree: 4e-10 in double precision
_INFINITE = 16  # so many rows with infinite elements are looked into
_KEPT_ELEMENTS = 1 << 20  # and at most so many are kept for the next


class WrongPattern(ValueError):
    """A function depends on more than a sparsity pattern has."""


# -- patterns as they are given --------------------------------------------------------------


def band(m: int, n: int, below: int, above: int) -> Any:
    """The boolean csr_array with so many diagonals below and above the main one.

    >>> band(2, 3, 0, 1).toarray().astype(int)
    array([[1, 1, 0],
           [0, 1, 1]])
    """
    i = np.arange(m)
    first, stop = np.clip(i - below, 0, n), np.clip(i + above + 1, 0, n)
    sizes = np.maximum(stop - first, 0)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    indices = np.arange(starts[-1]) + np.repeat(first - starts[:-1], sizes)
    if max(n, len(indices)) < 1 << 31:
        indices, starts = indices.astype(np.int32), starts.astype(np.int32)
    ones = np.ones(len(indices), bool)
    return scipy_sparse("band").csr_array((ones, indices, starts), shape=(m, n))


def as_pattern(driver: str, given: Any, n: int) -> tuple[Any, tuple[int, int] | None]:
    """What the user gives for sparsity=, as a boolean csr_array of n columns; and as a bandwidth.

    Raises
    ------
    TypeError
        If it is neither a matrix nor a bandwidth.
    ValueError
        If it does not fit, or a bandwidth is negative.
    """
    sparse = scipy_sparse(driver)
    each = given if isinstance(given, tuple) and len(given) == 2 else (given, given)
    if all(isinstance(b, (int, np.integer)) and not isinstance(b, bool) for b in each):
        if min(each) < 0:
            raise ValueError(f"{driver}: a bandwidth is a count, 0 or more; got {given!r}.")
        return band(n, n, *map(int, each)), each
    if not (sparse.issparse(given) or isinstance(given, (np.ndarray, list, tuple))):
        raise TypeError(
            f"{driver}: sparsity is True, a sparse or dense matrix, or a bandwidth such as 1 or "
            f"(1, 2); got {type(given).__name__}."
        )
    if not sparse.issparse(given):
        given = np.asarray(given)
        if given.dtype.kind not in "biufc":
            raise TypeError(f"{driver}: a pattern is a matrix of numbers, got {given.dtype}.")
    if len(given.shape) != 2 or given.shape[1] != n:
        raise ValueError(
            f"{driver}: a pattern has a column for each input, which are {n}; got shape "
            f"{given.shape}."
        )
    result = sparse.csr_array(given, copy=True)
    result.data = np.ones(len(result.data), bool)
    result.sum_duplicates()
    result.data[:] = True
    if max(n, result.nnz) < 1 << 31:
        result.indices = result.indices.astype(np.int32, copy=False)
        result.indptr = result.indptr.astype(np.int32, copy=False)
    return result, None


# -- colours, and what is read from them -----------------------------------------------------


class Compression:
    """A pattern with its colours, and where its elements are in the passes along these.

    Parameters
    ----------
    pattern : csr_array
        Boolean, without duplicates, its indices sorted.
    way : {"columns", "rows", "star"}
        What has colours: the columns, the rows, or both alike in a symmetric matrix.
    width : (int, int), optional
        How many diagonals it has below and above the main one, if it is a band.

    Attributes
    ----------
    colours : array of int
        Of each column, or row.
    count : int
        How many there are.
    """

    def __init__(self, pattern: Any, way: Way, width: tuple[int, int] | None = None) -> None:
        self.pattern, self.way, self.width = pattern, way, width
        self.colours: Any
        if way == "star":
            self.colours = star(pattern)
        elif width is not None:
            self.colours = np.arange(pattern.shape[way == "columns"]) % (sum(width) + 1)
        else:
            self.colours = columns(pattern if way == "columns" else _transposed(pattern))
        self.count = int(self.colours.max(initial=-1)) + 1
        self.along = random_direction(len(self.colours))
        i = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
        j, c, size = pattern.indices, self.colours, pattern.shape[0]
        if way == "rows":
            i, j, size = j, i, pattern.shape[1]
        elif way == "star":
            is_lower = c[i] < c[j]
            i, j = np.where(is_lower, j, i), np.where(is_lower, i, j)
        self._places = c[j].astype(np.intp) * size + i
        self._all: Any = None  # the directions, if they are not many
        self._other: Compression | None = None  # what `with_rows` has made

    def with_rows(self, driver: str, m: int) -> Compression:
        """The same for so many outputs; a band goes on.

        Raises
        ------
        ValueError
            If the pattern has other rows.
        """
        if m == self.pattern.shape[0]:
            return self
        if self.width is None:
            raise ValueError(
                f"{driver}: a pattern has a row for each output, which are {m}; got shape "
                f"{self.pattern.shape}."
            )
        if self._other is None or self._other.pattern.shape[0] != m:
            pattern = band(m, self.pattern.shape[1], *self.width)
            self._other = Compression(pattern, self.way, self.width)
        return self._other

    @functools.cached_property
    def forward(self) -> Compression:
        """The same pattern, its columns in colours."""
        return Compression(self.pattern, "columns", self.width)

    def directions(self, start: int, stop: int) -> Any:
        """The directions from start to stop, one in each row; behind all colours the random one."""
        if self._all is None:
            if (self.count + 1) * len(self.colours) > _KEPT_ELEMENTS:
                return self._directions(start, stop)
            self._all = self._directions(0, self.count + 1)
        return self._all[start:stop]

    def _directions(self, start: int, stop: int) -> Any:
        c = self.colours
        result = np.zeros((stop - start, len(c)))
        j = np.flatnonzero((c >= start) & (c < stop))
        result[c[j] - start, j] = 1
        if stop > self.count:
            result[-1] = self.along
        return result

    def matrix(self, found: Any) -> tuple[Any, bool]:
        """The matrix, from what came of the directions, and whether the random one confirms it."""
        p = self.pattern
        result = copy.copy(p)  # what SciPy knows of its indices stays true
        result.indices, result.indptr = p.indices.copy(), p.indptr.copy()
        gathered = None if self.way == "rows" else _gathered(found, self._places, p, self.along)
        if gathered is not None:
            result.data, is_right = gathered
            return result, is_right
        result.data = np.ravel(found).take(self._places, mode="clip")  # none is out of range
        y = (result.T if self.way == "rows" else result) @ self.along
        return result, bool(_are_near(y, found[-1]).all())


def _gathered(found: Any, places: Any, pattern: Any, along: Any) -> tuple[Any, bool] | None:
    """The elements at these places, and whether the last row confirms them, by the kernel."""
    if ARRAY_KERNEL is None:
        return None
    near = float(np.finfo(float).eps) ** _DIGITS
    result: tuple[Any, bool] | None = ARRAY_KERNEL.gathered(
        found, places, pattern.indptr, pattern.indices, along, near
    )
    return result


def _transposed(pattern: Any) -> Any:
    return pattern.T.tocsr()


def random_direction(n: int) -> Any:
    """Numbers between 0.5 and 1.5 of either sign, the same each time."""
    random = np.random.default_rng(n)
    return random.uniform(0.5, 1.5, n) * random.choice([-1.0, 1.0], n)


# By the id of what the user has given and what is asked of it: that, the arrays that said it all,
# and its colours.
Kept = dict[Any, tuple[Callable[[], Any], list[Any], Compression]]
_KEPT: Kept = {}  # as long as the matrix lives


def compression(
    driver: str, given: Any, n: int, mode: Mode, is_symmetric: bool, own: Kept
) -> Compression:
    """The colours for what the user gives for sparsity=, which may have changed in place.

    `own` keeps those of lists and numbers.
    """
    key = id(given), mode, is_symmetric, n, getattr(given, "shape", None)
    try:
        ref: Callable[[], Any] = weakref.ref(given, lambda _: _KEPT.pop(key, None))
        store = _KEPT
    except TypeError:
        ref, store = lambda: given, own
    pattern, width, arrays = None, None, _arrays_in(given)
    if arrays is None:
        pattern, width = as_pattern(driver, given, n)
        arrays = [pattern.indptr, pattern.indices]
    kept = store.get(key)
    if kept is not None and kept[0]() is given and all(map(np.array_equal, kept[1], arrays)):
        return kept[2]
    if pattern is None:
        pattern, width = as_pattern(driver, given, n)
    result = coloured(pattern, width, mode, is_symmetric)
    store[key] = ref, [np.copy(a) for a in arrays], result
    return result


def _arrays_in(given: Any) -> list[Any] | None:
    """What tells whether a pattern has changed; None if that is seen only when it is converted."""
    if isinstance(given, (int, np.integer)):
        return []
    if isinstance(given, np.ndarray) and given.dtype.kind in "biufc":
        return [given != 0]
    if getattr(given, "format", "") in ("csr", "csc"):
        return [given.indptr, given.indices]
    return None


def coloured(
    pattern: Any, width: tuple[int, int] | None, mode: Mode, is_symmetric: bool
) -> Compression:
    """The way that takes fewest directions; one back counts as two."""
    if is_symmetric:
        if pattern.shape[0] != pattern.shape[1]:
            raise ValueError(
                f"the pattern of a Hessian is square, with a row and a column for each input; got "
                f"shape {pattern.shape}."
            )
        both = pattern + _transposed(pattern)
        both.sort_indices()
        found = Compression(both, "star")
        return found if found.count <= 3 else min(found, Compression(both, "columns"), key=_count)
    if mode == "reverse":
        return Compression(pattern, "rows", width)
    forward = Compression(pattern, "columns", width)
    least = int(np.bincount(pattern.indices, minlength=1).max(initial=0))
    if mode == "forward" or width is not None or 2 * least >= forward.count:
        return forward
    back = Compression(pattern, "rows")
    return back if 2 * back.count < forward.count else forward


def _count(c: Compression) -> int:
    return c.count


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
    first: Outputs | None = None
    for outputs, block in plan.run(task, range(0, c.count + 1, chunk)):
        if first is None:
            first = outputs
        else:
            refuse_unless_same(inputs, first, outputs, plan is not SERIAL)
        blocks.append(block)
    assert first is not None
    found = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
    c = c.with_rows(inputs.driver, found.shape[1])
    result, is_right = c.matrix(found)
    if not is_right:
        _refuse_unless_right(inputs, first, has_aux, result, c.along, found[-1])
    return first, result


def backward(
    inputs: Inputs, c: Compression, has_aux: bool, is_requested: bool
) -> tuple[Outputs, Any] | None:
    """The same by sweeps, one for each colour of the rows; None if forward mode has to do it."""
    try:
        record = Record(inputs, has_aux, is_optional=not is_requested)
        if record.is_doubtful:
            if not is_requested:
                return None
            record.settle()
        outputs = record.outputs
        c = c.with_rows(inputs.driver, sum(map(np.size, outputs.values)))
        block = c.directions(0, c.count + 1)
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
    result, is_right = c.matrix(found)
    values = np.concatenate([np.ravel(plain(v)) for v in outputs.values] or [np.zeros(0)])
    missing = values != values
    if missing.any():
        if is_requested:
            result.data[np.repeat(missing, np.diff(result.indptr))] = np.nan
            return outputs, result
        return None
    if not (is_right or _agree(_transposed(result), c.along, found[-1]).all()):
        along = random_direction(inputs.size)
        moved = run_pass(inputs, _seeds(inputs, along[None]), has_aux)
        there = _flat(1, tangents_of(moved, inputs, (1,)))[0]
        _refuse_unless_right(inputs, outputs, has_aux, result, along, there)
    return outputs, result


# -- the check -------------------------------------------------------------------------------


def _are_near(y: Any, found: Any) -> Any:
    """Whether numbers are what has been found, to some digits; mostly there is no more to see."""
    eps = float(np.finfo(found.dtype).eps)
    with np.errstate(all="ignore"):
        error = np.abs(found - y)
        near: Any = (error <= eps**_DIGITS * np.abs(found)) & (error < np.inf)
    return near


def _agree(matrix: Any, along: Any, found: Any) -> Any:
    """In which rows a matrix gives along a direction what has been found there."""
    eps = float(np.finfo(matrix.dtype).eps)
    with np.errstate(all="ignore"):
        y = matrix @ along
        near = _are_near(y, found)
        far = np.flatnonzero(~near)
        error = np.abs(found - y)[far]
        size = np.maximum(abs(matrix[far]) @ np.abs(along), np.abs(found)[far])
        near[far] = (error <= eps**_DIGITS * size) & (error < np.inf)
        if near.all():
            return near
        # and rounding, of numbers as large as those that an input leads to elsewhere
        sizes = abs(matrix)
        most = sizes.max(axis=0).toarray() * np.abs(along)
        sizes.data = np.where(np.isfinite(most), most, 0)[sizes.indices]
        rounding = 16 * eps * sizes.sum(axis=1)[far]
        near[far] |= (error <= eps**_DIGITS * size + rounding) & (error < np.inf)
    return near | ~np.isfinite(y)


def _refuse_unless_right(
    inputs: Inputs, outputs: Outputs, has_aux: bool, matrix: Any, along: Any, found: Any
) -> None:
    right = _agree(matrix, along, found)
    values = np.concatenate([np.ravel(plain(v)) for v in outputs.values])
    expected = matrix @ along
    infinite = np.flatnonzero(~np.isfinite(expected) & (values == values))[:_INFINITE]
    if len(infinite):  # along all that the pattern does not have in such a row, it does not change
        block = np.tile(along, (len(infinite), 1))
        for row, i in zip(block, infinite, strict=True):
            row[matrix.indices[matrix.indptr[i] : matrix.indptr[i + 1]]] = 0
        moved = run_pass(inputs, _seeds(inputs, block), has_aux)
        beside = _flat(len(block), tangents_of(moved, inputs, (len(block),)))
        found, expected = found.copy(), expected.copy()
        found[infinite], expected[infinite] = beside[np.arange(len(block)), infinite], 0
        right[infinite] = found[infinite] == 0
    if right.all():
        return
    # Where terms cancel, what is left is the rounding of terms as large as value/input.
    largest = max(float(np.max(np.abs(x), initial=0)) for x in inputs.leaves) or 1.0
    rounding = 16 * np.finfo(matrix.dtype).eps * np.abs(values) / largest * np.abs(along).sum()
    with np.errstate(invalid="ignore"):
        error = np.abs(found - expected)
    right |= (error <= rounding) & (error < np.inf)
    wrong = np.flatnonzero(~right & (values == values))
    if not len(wrong):
        return
    i = int(wrong[0])
    told = f"{len(wrong)} rows, the first of them row {i}" if len(wrong) > 1 else f"row {i}"
    raise WrongPattern(
        f"{inputs.driver}: the sparsity pattern does not fit the function here, in {told}: along a "
        f"random direction its derivative is {found[i]:.6g}, and by the pattern "
        f"{expected[i]:.6g}; give the pattern at this point, sparsity(f)(x), or write "
        "sparsity=True."
    )


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
        self._detected: dict[Any, Compression] = {}
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

        def by(c: Compression) -> tuple[Outputs, Any]:
            if c.way == "rows":
                found = backward(inputs, c, has_aux, mode == "reverse")
                if found is not None:
                    return found
                c = c.forward
            return forward(inputs, c, chunk, has_aux, plan)

        return self._tried(inputs, mode, has_aux, by)

    def hessian(self, inputs: Inputs, chunk: int | None, plan: Plan, along: Along | None) -> Any:
        """The Hessian, from a function that gives the gradient: a csr_array.

        `along`: how the gradient changes along directions, where that takes one evaluation; None
        from it if it does not.

        Raises
        ------
        ValueError
            If the pattern lacks elements.
        """

        def by(c: Compression) -> Any:
            found = None if along is None else _at_once(c, along)
            return forward(inputs, c, chunk, False, plan)[1] if found is None else found

        return self._tried(inputs, "forward", False, by)

    def _tried(
        self, inputs: Inputs, mode: Mode, has_aux: bool, by: Callable[[Compression], T]
    ) -> T:
        """What is made by the pattern that was given, or by the one that was detected."""
        refuse_unless_floats(inputs)
        if self.given is not True:
            return by(
                compression(
                    *(inputs.driver, self.given, inputs.size, mode, self.is_symmetric), self._kept
                )
            )
        key = tuple(map(np.shape, inputs.leaves))
        kept = self._detected.get(key)
        if kept is not None:
            with suppress(WrongPattern):  # f takes another branch now
                return by(kept)
        pattern = detected(inputs, has_aux)[1]
        found = self._detected[key] = coloured(pattern, None, mode, self.is_symmetric)
        return by(found)


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
