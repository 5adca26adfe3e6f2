"""Where the elements of a sparse matrix are found: in which direction, and at which of its numbers.

    patterns        as they are given, in one form
    colours         as few as the pattern lets be (`colouring`), of columns or rows
    elements        each stands alone in its row in the direction of its colour

A few rows that are much longer than the others are swept back, each in a direction of its own.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from .colouring import columns, star
from .kernel import ARRAY_KERNEL
from .patterns import scipy_sparse
from .ways import Mode

Way = Literal["columns", "rows", "star"]

DIGITS = 0.6  # the part of all digits that has to agree: 4e-10 in double precision
_NEAR = float(np.finfo(float).eps) ** DIGITS
_WORTH_TWO = 32  # directions: where more are needed, f may be evaluated forward and backward


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
    if isinstance(given, (list, tuple)) and all(getattr(p, "ndim", 0) == 2 for p in given):
        given = _beside_each_other(driver, given)
    if not sparse.issparse(given):
        given = np.asarray(given)
        if given.dtype.kind not in "biufc":
            raise TypeError(f"{driver}: a pattern is a matrix of numbers, got {given.dtype}.")
    if len(given.shape) != 2 or given.shape[1] != n:
        raise ValueError(
            f"{driver}: a pattern has a column for each input, which are {n}; got shape "
            f"{given.shape}."
        )
    if hasattr(given, "check_format"):  # what is out of bounds there would crash SciPy
        given.check_format(full_check=True)
    result = sparse.csr_array(given, copy=True)
    result.data = np.ones(len(result.data), bool)
    result.sum_duplicates()
    result.data[:] = True
    if max(n, result.nnz) < 1 << 31:
        result.indices = result.indices.astype(np.int32, copy=False)
        result.indptr = result.indptr.astype(np.int32, copy=False)
    return result, None


def _beside_each_other(driver: str, given: Sequence[Any]) -> Any:
    """The patterns of several arguments as one."""
    shapes = [p.shape for p in given]
    if len({rows for rows, _ in shapes}) != 1:
        raise ValueError(
            f"{driver}: the patterns of several arguments have a row for each output, all of them; "
            f"got shapes {', '.join(map(str, shapes))}."
        )
    sparse = scipy_sparse(driver)
    return sparse.hstack(list(map(sparse.csr_array, given)), format="csr")


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
            self.colours = columns(pattern if way == "columns" else transposed(pattern))
        self.colours = self.colours.astype(np.int32)
        self.count = int(self.colours.max(initial=-1)) + 1
        self.along = random_direction(len(self.colours))
        self._other: Compression | None = None  # what `with_rows` has made

    @functools.cached_property
    def _places(self) -> Any:
        """Where each element is in what comes of the directions."""
        pattern, c = self.pattern, self.colours
        i = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
        j, size = pattern.indices, pattern.shape[0]
        if self.way == "rows":
            i, j, size = j, i, pattern.shape[1]
        elif self.way == "star":
            is_lower = c[i] < c[j]
            i, j = np.where(is_lower, j, i), np.where(is_lower, i, j)
        return c[j].astype(np.intp) * size + i

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

    @property
    def read_from(self) -> Any:
        """Of each element the direction it is read from."""
        size = self.pattern.shape[self.way == "rows"]
        return self._places // max(1, size)

    def directions(self, start: int, stop: int) -> Any:
        """The directions from start to stop, one in each row; behind all colours the random one.

        They are made anew each time, for the function may write into them.
        """
        return _directions(self.colours, self.along, self.count, start, stop)

    def matrix(self, found: Any) -> tuple[Any, bool]:
        """The matrix, from what came of the directions, and whether the random one confirms it."""
        gathered = None if self.way == "rows" else _gathered(found, self, self.way == "star")
        if gathered is not None:
            elements, indices, indptr, is_right = gathered
            return _as(self.pattern, elements, indices, indptr), is_right
        result = _like(self.pattern, self.elements(found))
        y = (result.T if self.way == "rows" else result) @ self.along
        return result, bool(are_near(y, found[-1]).all())

    def elements(self, found: Any) -> Any:
        """The elements, row by row, from what came of the directions."""
        elements = np.ravel(found).take(self._places, mode="clip")  # none is out of range
        # SciPy's sparse arrays do not support half precision
        return elements.astype(np.float32) if elements.dtype == np.float16 else elements


class Split:
    """A pattern of which a few long rows go backward, and the others forward.

    Parameters
    ----------
    pattern : csr_array
        As for `Compression`.
    is_long : array of bool
        Of each row, whether it goes backward.

    Attributes
    ----------
    thin, long : Compression
        The pattern without the long rows, which stay as empty ones; and these alone.
    rows : array of int
        Which they are.
    count : int
        How many directions there are, both ways.
    """

    way = "split"

    def __init__(self, pattern: Any, is_long: Any) -> None:
        self.pattern, self.rows = pattern, np.flatnonzero(is_long)
        sizes = np.diff(pattern.indptr)
        self._in_long = np.repeat(is_long, sizes)
        indices = pattern.indices[~self._in_long]
        indptr = np.zeros_like(pattern.indptr)
        indptr[1:] = np.cumsum(np.where(is_long, 0, sizes))
        thin = _as(pattern, np.ones(len(indices), bool), indices, indptr)
        self.thin, self.long = Compression(thin, "columns"), Compression(pattern[is_long], "rows")
        self.count = self.thin.count + self.long.count

    @functools.cached_property
    def forward(self) -> Compression:
        """The same pattern, all of it forward."""
        return Compression(self.pattern, "columns")

    @property
    def read_from(self) -> Any:
        """Of each element the direction it is read from; those backward come last."""
        return self._joined(self.thin.read_from, self.thin.count + self.long.read_from)

    def adjoints(self, driver: str, m: int) -> Any:
        """The directions of the long rows, one in each row, for so many outputs."""
        self.thin.with_rows(driver, m)
        result = np.zeros((self.long.count, m))
        result[:, self.rows] = self.long.directions(0, self.long.count)
        return result

    def matrix(self, found: Any, swept: Any) -> Any:
        """The matrix, from what came of the directions forward and backward."""
        elements = self._joined(self.thin.elements(found), self.long.elements(swept))
        return _like(self.pattern, elements)

    def _joined(self, thin: Any, long: Any) -> Any:
        result = np.empty(len(self._in_long), np.result_type(thin, long))
        result[~self._in_long], result[self._in_long] = thin, long
        return result


def _directions(colours: Any, along: Any, count: int, start: int, stop: int) -> Any:
    """1 where a column has the colour, 0 elsewhere, one colour in each row; last of all `along`."""
    if ARRAY_KERNEL:
        return ARRAY_KERNEL.directions(colours, along, count, start, stop)
    result = np.empty((stop - start, len(colours)))
    for colour, row in enumerate(result, start):
        row[:] = colours == colour if colour < count else along
    return result


def _like(pattern: Any, elements: Any) -> Any:
    """A matrix with these elements at the places of a pattern, in memory of its own."""
    return _as(pattern, elements, pattern.indices.copy(), pattern.indptr.copy())


def _as(pattern: Any, data: Any, indices: Any, indptr: Any) -> Any:
    """A matrix of these arrays, which SciPy need not look at again: they are as in a pattern."""
    result = object.__new__(type(pattern))  # as copy.copy does, which takes longer
    vars(result).update(vars(pattern))
    result.data, result.indices, result.indptr = data, indices, indptr
    return result


def _gathered(found: Any, c: Compression, is_star: bool) -> tuple[Any, Any, Any, bool] | None:
    """The arrays of a matrix, and whether the last row confirms its elements, by the kernel."""
    if ARRAY_KERNEL is None:
        return None
    p = c.pattern
    result: tuple[Any, Any, Any, bool] | None = ARRAY_KERNEL.gathered(
        found, c.colours, p.indptr, p.indices, c.along, is_star, _NEAR
    )
    return result


def transposed(pattern: Any) -> Any:
    return pattern.T.tocsr()


def random_direction(n: int) -> Any:
    """Numbers between 0.5 and 1.5 of either sign, the same each time."""
    random = np.random.default_rng(n)
    return random.uniform(0.5, 1.5, n) * random.choice([-1.0, 1.0], n)


def are_near(y: Any, found: Any) -> Any:
    """Whether numbers are what has been found, to some digits; mostly there is no more to see."""
    eps = float(np.finfo(found.dtype).eps)
    with np.errstate(all="ignore"):
        error = np.abs(found - y)
        near: Any = (error <= eps**DIGITS * np.abs(found)) & (error < np.inf)
    return near


# By the id of what the user has given and what is asked of it: that, the arrays that said it all,
# and its colours.
Kept = dict[Any, tuple[Callable[[], Any], list[Any], "Compression | Split"]]
_KEPT: Kept = {}  # as long as the matrix lives


def compression(
    driver: str, given: Any, n: int, mode: Mode, is_symmetric: bool, own: Kept
) -> Compression | Split:
    """The colours for what the user gives for sparsity=, which may have changed in place.

    `own` keeps those of lists and numbers.
    """
    key = id(given), mode, is_symmetric, n, getattr(given, "shape", None)
    pattern, width, arrays = None, None, _arrays_in(given)
    if arrays is None:
        pattern, width = as_pattern(driver, given, n)
        arrays = [pattern.indptr, pattern.indices]
    for store in (_KEPT, own):
        kept = store.get(key)
        if kept is not None and kept[0]() is given and all(map(_are_same, kept[1], arrays)):
            return kept[2]
    if pattern is None:
        pattern, width = as_pattern(driver, given, n)
    result = coloured(pattern, width, mode, is_symmetric)
    ours = pattern.indptr, pattern.indices  # mostly the same numbers, which need not be kept twice
    seen = [next((b for b in ours if np.array_equal(a, b)), None) for a in arrays]
    seen = [np.copy(a) if b is None else b for a, b in zip(arrays, seen, strict=True)]
    try:
        _KEPT[key] = weakref.ref(given, lambda _: _KEPT.pop(key, None)), seen, result
    except TypeError:  # a list, a number
        own[key] = lambda: given, seen, result
    return result


def _are_same(a: Any, b: Any) -> bool:
    """Whether two arrays have the same numbers."""
    found = ARRAY_KERNEL.are_same(a, b) if ARRAY_KERNEL else None
    return bool(np.array_equal(a, b)) if found is None else found


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
) -> Compression | Split:
    """The way that takes fewest directions; one back counts as two."""
    if is_symmetric:
        if pattern.shape[0] != pattern.shape[1]:
            raise ValueError(
                f"the pattern of a Hessian is square, with a row and a column for each input; got "
                f"shape {pattern.shape}."
            )
        both = pattern + transposed(pattern)
        both.sort_indices()
        found = Compression(both, "star")
        return found if found.count <= 3 else min(found, Compression(both, "columns"), key=_count)
    if mode == "reverse":
        return Compression(pattern, "rows", width)
    least = int(np.bincount(pattern.indices, minlength=1).max(initial=0))
    if mode is None and width is None:
        is_long, count = _long_rows(pattern, 2 * least)
        if count:
            return Split(pattern, is_long)
    forward = Compression(pattern, "columns", width)
    if mode == "forward" or width is not None or 2 * least >= forward.count:
        return forward
    back = Compression(pattern, "rows")
    return back if 2 * back.count < forward.count else forward


def _long_rows(pattern: Any, otherwise: int) -> tuple[Any, int]:
    """Which rows are better swept back, each by itself, and how many these are.

    A pass forward takes as many directions as the longest of the others has elements. None, if
    that is not half of what it would be with all of them, or of what is needed `otherwise`.
    """
    sizes = np.diff(pattern.indptr)
    order = np.argsort(-sizes, kind="stable")
    costs = np.append(sizes[order], 0) + 2 * np.arange(len(sizes) + 1)
    count = int(np.argmin(costs))
    is_long = np.zeros(len(sizes), bool)
    is_long[order[:count]] = True
    pays = min(costs[0], otherwise) > max(_WORTH_TWO, 2 * costs[count])
    return is_long, count if pays else 0


def _count(c: Compression) -> int:
    return c.count
