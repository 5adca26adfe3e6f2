"""`SparseArray`: where the stored numbers are, and what is done to them.

All that SciPy does by moving stored numbers is one function here, `moved`: SciPy moves ordinals
too, which are never zero and so are never dropped, and the numbers follow them. What adds
numbers up, is a product with a constant matrix of zeros and ones. Values are SciPy's, and so is
what is stored; a number that is zero, and left out by SciPy, may still have a tangent.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
import warnings
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import scipy.sparse as _scipy

from ...array.algebra import sparse_times
from ...array.operands import as_operand, unbuffered
from ...array.undefined import NonDifferentiableError
from ...dual import Dual
from ...pair import moved as moved_dual
from ...pair import own, plain
from ...refusals import refused
from ...structure import leaves, rebuild
from .._parts import is_still, stripped
from .._parts import with_value as with_value_of

Function = Callable[..., Any]


def like_scipys(theirs: Function) -> Callable[[Function], Function]:
    """Give a function the name, the signature and the docstring of one of SciPy's, and arrays."""

    def enter(f: Function) -> Function:
        @functools.wraps(f)
        def call(*args: Any, **kwargs: Any) -> Any:
            return f(*map(unbuffered, args), **{name: unbuffered(x) for name, x in kwargs.items()})

        call.__name__ = call.__qualname__ = theirs.__name__
        call.__signature__ = inspect.signature(theirs)  # type: ignore[attr-defined]
        call.__doc__ = f"scipy.sparse.{theirs.__name__}, of numbers that may be duals."
        return call

    return enter


def has_tangents(*given: Any) -> bool:
    """Whether there are duals in (nested containers of) arrays, dense or sparse."""
    return any(isinstance(x, (Dual, SparseArray)) for x in map(as_operand, leaves(given)))


def ordinary(value: Any, what: str) -> Any:
    """What SciPy found, unless it is an np.matrix, whose * and shapes arrays of duals do not have.

    Raises
    ------
    TypeError
        If it is one.
    """
    if isinstance(value, np.matrix):
        raise TypeError(
            f"{what} of a sparse matrix is an np.matrix in SciPy, which cannot hold duals; make it "
            "a csr_array, which gives ordinary arrays."
        )
    return value


def with_value(x: Any, value: Any) -> Any:
    """Another value for x, which comes of sums and products of stored numbers."""
    return with_value_of(x, value, moved_dual)


def moved(f: Function, x: Any, dtype: Any = None) -> Any:
    """What f makes by moving the numbers in x, a (nested list of) arrays, dense or sparse.

    Parameters
    ----------
    f : callable
        Of SciPy's: it puts numbers into places. What stands in no place is zero.
    x : array, sparse array, or nested lists of them
    dtype : dtype, optional
        Of the result.
    """
    pool: list[Any] = []
    count = 0

    def ordinals(part: Any) -> Any:
        nonlocal count
        if part is None:
            return None
        if isinstance(part, SparseArray) or _scipy.issparse(part):
            part = summed_up(part)
            numbers, template = part.numbers, part.plain
        else:
            numbers, template = as_operand(part), None
            if template is None and not isinstance(numbers, Dual):
                numbers = np.asarray(numbers)
        pool.append(np.reshape(numbers, -1))
        n = np.size(plain(numbers))
        each = np.arange(count + 1.0, count + n + 1)
        count += n
        if template is None:
            return np.reshape(each, np.shape(numbers)) if np.ndim(numbers) else each[0]
        return template.__class__(_scipy.coo_array((each, (part.rows, part.columns)), part.shape))

    def values(part: Any) -> Any:
        if isinstance(part, SparseArray):
            part = part.plain
        return part.copy() if _scipy.issparse(part) else plain(as_operand(part))

    value = f(rebuild(x, values))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", _scipy.SparseEfficiencyWarning)
        places = f(rebuild(x, ordinals))
    numbers = pool[0] if len(pool) == 1 else np.concatenate(pool)
    if dtype is not None:
        numbers, value = as_operand(numbers).astype(dtype), value.astype(dtype)
    if not _scipy.issparse(places):  # a single number, or an array of them
        at = np.asarray(places).astype(int)[()]
        found = np.concatenate([np.zeros(1, plain(numbers).dtype), numbers])[at]
        return with_value(found, np.asarray(value)[()])
    if places.ndim != 2:
        raise TypeError(
            "sparse arrays of duals have two axes; write A[[i]] for A[i], or A.toarray()."
        )
    coo = places.tocoo()
    is_number = coo.data > 0  # and not a zero in a block
    row, column = (each[is_number] for each in coo.coords)
    made = SparseArray(value, numbers[coo.data[is_number].astype(int) - 1], row, column)
    stored = made.are_stored()
    if np.all(stored) or not is_still(made.numbers[~stored]):
        return made
    return SparseArray(value, made.numbers[stored], made.rows[stored], made.columns[stored])


_MORE = (
    "of a sparse array has no derivative here, since an element is 0 that moves, so that next to "
    "here there is one number more"
)


def _places_of(a: Any) -> tuple[Any, Any]:
    """Rows and columns of what one of SciPy's arrays stores."""
    rows, columns = a.tocoo().coords
    return rows, columns


def _keys(rows: Any, columns: Any, shape: tuple[int, ...]) -> Any:
    """A number for each place."""
    return np.asarray(rows).astype(np.int64) * shape[1] + columns


def summed_up(a: Any, form: str = "") -> SparseArray:
    """The same array with one number for each place, in one of SciPy's formats."""
    given = as_sparse(a)
    form = form or given.format
    key = _keys(given.rows, given.columns, given.shape)
    unique, where = np.unique(key, return_inverse=True)
    if form == given.format and len(unique) == len(key):
        return given
    value = given.plain.asformat(form, copy=True)
    if len(unique) < len(key) and hasattr(value, "sum_duplicates"):
        value.sum_duplicates()
    row, col = np.divmod(unique, given.shape[1])
    return SparseArray(value, gathered(given.numbers, where, len(unique)), row, col)


def _kind(form: str, is_matrix: bool) -> Any:
    return getattr(_scipy, f"{form}_{'matrix' if is_matrix else 'array'}")


def gathered(x: Any, where: Any, n: int) -> Any:
    """n sums of rows of x: x[i] goes into the sum with the number where[i]."""
    m = len(where)
    matrix = _scipy.csr_array((np.ones(m), (where, np.arange(m))), (n, m))
    return sparse_times(matrix, x) if isinstance(x, Dual) else matrix @ x


def as_sparse(a: Any) -> SparseArray:
    """One of SciPy's arrays as one of ours, without tangents."""
    if isinstance(a, SparseArray):
        return a
    return SparseArray(a, a.tocoo().data, *_places_of(a))


class SparseArray:
    """A sparse array whose stored numbers are duals.

    Made by the functions of `dualad.scipy.sparse`, and by operators. It has the methods and
    operators of SciPy's that are made of sums, products and moves of stored numbers; what else
    SciPy's has is refused.

    Attributes
    ----------
    plain : sparse array
        SciPy's own, with the values.
    numbers : array, shape (n,)
        All that are stored, and what SciPy leaves out because it is zero here, but moves.
    rows, columns : ndarray, shape (n,)
        Where they are.
    data : array, shape (nnz,)
        What is stored, in SciPy's order.
    """

    __array_ufunc__ = None  # arrays leave operators to this class
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any, numbers: Any, rows: Any, columns: Any) -> None:
        self.plain, self.rows, self.columns = value, rows, columns
        self.numbers = own(numbers)
        plain(self.numbers).flags.writeable = False  # `plain` would not follow

    stands_for = property(lambda self: self.plain)  # for who asks whether it is one
    held_duals = property(lambda self: self.numbers)  # for those who ask an argument for them
    shape = property(lambda self: self.plain.shape)
    dtype = property(lambda self: self.plain.dtype)
    format = property(lambda self: self.plain.format)
    ndim = property(lambda self: self.plain.ndim)
    nnz = property(lambda self: self.plain.nnz)
    is_matrix = property(lambda self: isinstance(self.plain, _scipy.spmatrix))

    @property
    def data(self) -> Any:
        """What is stored, in SciPy's order.

        Raises
        ------
        NonDifferentiableError
            If a number moves that SciPy does not store, so that there is one more next to here.
        TypeError
            Of formats that store other numbers, too, as dia_array does beside the matrix.
        """
        if self.format not in ("csr", "csc", "coo"):
            raise refused(
                f"the numbers of a {self.format}_array of duals have no array of SciPy's shape; "
                "write A.tocoo().data, or A.diagonal(k).",
                self.numbers,
            )
        stored = self.are_stored()
        if not is_still(self.numbers[~stored]):
            raise NonDifferentiableError(
                f"data {_MORE}; make the array from its numbers and their places, "
                "coo_array((numbers, (rows, columns)), shape), which stores zeros, too."
            )
        there = _keys(*_places_of(self.plain), self.shape)
        here = _keys(self.rows, self.columns, self.shape)[stored]
        found = self.numbers[stored]
        if not np.array_equal(here, there):
            if len(np.unique(there)) < len(there):
                raise refused(
                    "the array stores several numbers for one place; write A.sum_duplicates() "
                    "before A.data.",
                    found,
                )
            order = np.argsort(here)  # SciPy may store zeros that nothing has been added to
            at = np.where(np.isin(there, here), 1 + np.searchsorted(here[order], there), 0)
            found = np.concatenate([np.zeros(1, plain(found).dtype), found[order]])[at]
        found = with_value(found, np.array(self.plain.data))
        plain(found).flags.writeable = False
        return found

    @data.setter
    def data(self, numbers: Any) -> None:
        raise refused(
            "the numbers of a sparse array of duals cannot be replaced; make another array, "
            f"{self.format}_array((numbers, A.indices, A.indptr)), or write A * x for products.",
            self.numbers,
        )

    def are_stored(self) -> Any:
        """Which of the numbers SciPy stores."""
        here = _keys(self.rows, self.columns, self.shape)
        return np.isin(here, _keys(*_places_of(self.plain), self.shape))

    def _with(self, value: Any, numbers: Any) -> SparseArray:
        """The same places with other numbers."""
        return SparseArray(value, numbers, self.rows, self.columns)

    # the same numbers in other places

    def _moved(self, f: Function) -> Any:
        return moved(f, self)

    @property
    def T(self) -> Any:
        """The transpose."""
        return self.transpose()

    def transpose(self, axes: Any = None, copy: bool = False) -> Any:
        """The transpose."""
        return SparseArray(self.plain.T, self.numbers, self.columns, self.rows)

    def __getitem__(self, index: Any) -> Any:
        if self.is_matrix:
            ordinary(self.plain[index], "a choice of elements")
        return self._moved(lambda a: a[index])

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """The same array in another shape."""
        return self._moved(lambda a: a.reshape(*shape, **options))

    def asformat(self, format: Any, copy: bool = False) -> Any:
        """In another format: "csr", "csc", "coo" or "dia"."""
        return self if format in (None, self.format) else summed_up(self, format)

    def tocsr(self, copy: bool = False) -> Any:
        """By rows."""
        return self.asformat("csr")

    def tocsc(self, copy: bool = False) -> Any:
        """By columns."""
        return self.asformat("csc")

    def tocoo(self, copy: bool = False) -> Any:
        """With a row and a column for each number."""
        return self.asformat("coo")

    def todia(self, copy: bool = False) -> Any:
        """By diagonals."""
        return self.asformat("dia")

    def copy(self) -> Any:
        """An array of its own."""
        return self._with(self.plain.copy(), self.numbers)

    def astype(self, dtype: Any, casting: Any = "unsafe", copy: bool = True) -> Any:
        """In another precision."""
        return self._with(self.plain.astype(dtype), self.numbers.astype(dtype))

    # sums

    def toarray(self, order: Any = None, out: Any = None) -> Any:
        """As an array with all zeros, shape (m, n)."""
        self._refuse_out(out)
        m, n = self.shape
        y = gathered(self.numbers, _keys(self.rows, self.columns, self.shape), m * n)
        return with_value(np.reshape(y, (m, n)), np.asarray(self.plain.toarray()))

    def todense(self, order: Any = None, out: Any = None) -> Any:
        """As `toarray`; of a sparse matrix it is refused."""
        if self.is_matrix:
            ordinary(self.plain.todense(), "todense()")
        return self.toarray(order, out)

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """The sum, or that of each column (axis=0) or row (axis=1)."""
        self._refuse_out(out)
        value = ordinary(self.plain.sum(axis, dtype), "a sum along an axis")
        if axis is None:
            return with_value(np.sum(self.numbers), value)
        by_row = axis in (1, -1)
        where, n = (self.rows, self.shape[0]) if by_row else (self.columns, self.shape[1])
        y = np.reshape(gathered(self.numbers, where, n), np.shape(value))
        return with_value(y, np.asarray(value))

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """The mean of all elements, or of each column or row."""
        value = np.asarray(ordinary(self.plain.mean(axis, dtype), "a mean along an axis"))[()]
        total = self.sum(axis, dtype, out)
        return with_value(total * (np.size(plain(total)) / np.prod(self.shape)), value)

    def diagonal(self, k: int = 0) -> Any:
        """The k-th diagonal, a vector."""
        value = self.plain.diagonal(k)
        on = self.columns.astype(np.int64) - self.rows == k
        y = gathered(self.numbers[on], (self.rows if k >= 0 else self.columns)[on], len(value))
        return with_value(y, value)

    def trace(self, offset: int = 0) -> Any:
        """The sum of a diagonal."""
        return with_value(np.sum(self.diagonal(offset)), self.plain.trace(offset))

    @staticmethod
    def _refuse_out(out: Any) -> None:
        if out is not None:
            raise TypeError("out= of a sparse array of duals is not supported; omit it.")

    # operators

    def __matmul__(self, other: Any) -> Any:
        if _is_sparse(other):
            return _product(self, as_sparse(other))
        x = as_operand(other)
        value = self.plain @ plain(x)
        numbers = self.numbers if np.ndim(x) == 1 else self.numbers[:, None]
        return with_value(gathered(numbers * x[self.columns], self.rows, self.shape[0]), value)

    def __rmatmul__(self, other: Any) -> Any:
        if _is_sparse(other):
            return _product(as_sparse(other), self)
        x = as_operand(other)
        value = plain(x) @ self.plain
        turned = self.T @ np.transpose(x)
        return with_value(np.transpose(turned), value)

    def dot(self, other: Any) -> Any:
        """The product with a number, a vector, or a matrix."""
        if _is_scalar(other):
            return self * other
        y = self @ other
        return y if _is_sparse(y) else with_value(y, self.plain.dot(plain(as_operand(other))))

    def __neg__(self) -> Any:
        return self._with(-self.plain, -self.numbers)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        a = summed_up(self)
        return a._with(abs(a.plain), abs(a.numbers))

    def conj(self, copy: bool = True) -> Any:
        """The complex conjugate."""
        return self._with(self.plain.conj(), np.conj(self.numbers))

    conjugate = conj

    def power(self, n: Any, dtype: Any = None) -> Any:
        """Each element to a power."""
        a = summed_up(self)
        return a._with(a.plain.power(plain(n)), a.numbers**n)

    def __pow__(self, n: Any) -> Any:
        return power_of(self, n) if self.is_matrix else self.power(n)

    def _add(self, other: Any, sign: int, is_reflected: bool = False) -> Any:
        if _is_sparse(other):
            one, two = as_sparse(self), as_sparse(other)
            if is_reflected:
                one, two = two, one
            value = one.plain + two.plain if sign > 0 else one.plain - two.plain
            numbers = np.concatenate([one.numbers, sign * two.numbers])
            keys = [_keys(a.rows, a.columns, a.shape) for a in (one, two)]
            key, where = np.unique(np.concatenate(keys), return_inverse=True)
            return _at_keys(value, gathered(numbers, where, len(key)), key)
        dense, whole = as_operand(other), self.toarray()
        if np.ndim(dense) == 0 and not np.any(plain(dense) != 0) and not isinstance(dense, Dual):
            return self if not is_reflected or sign > 0 else -self
        if np.ndim(dense) == 0:
            raise NotImplementedError("adding a nonzero scalar to a sparse array is not supported")
        if self.is_matrix:
            ordinary(self.plain + plain(dense), "a sum with a dense array")
        one, two = (dense, whole) if is_reflected else (whole, dense)
        return one + two if sign > 0 else one - two

    def __add__(self, other: Any) -> Any:
        return self._add(other, 1)

    def __radd__(self, other: Any) -> Any:
        return self._add(other, 1, True)

    def __sub__(self, other: Any) -> Any:
        return self._add(other, -1)

    def __rsub__(self, other: Any) -> Any:
        return self._add(other, -1, True)

    def multiply(self, other: Any) -> Any:
        """The product of elements, with a number, an array or a sparse array."""
        if _is_scalar(other):
            other = as_operand(other)
            return self._with(self.plain * plain(other), self.numbers * other)
        a = summed_up(self)
        if not _is_sparse(other):
            other = as_operand(other)
            value = a.plain.multiply(plain(other))
            factor = np.broadcast_to(other, a.shape)
            return a._with(value, a.numbers * factor[a.rows, a.columns])
        other = summed_up(other)
        value = a.plain.multiply(other.plain)
        key, first, second = np.intersect1d(
            _keys(a.rows, a.columns, a.shape),
            _keys(other.rows, other.columns, a.shape),
            return_indices=True,
        )
        return _at_keys(value, a.numbers[first] * other.numbers[second], key)

    def __mul__(self, other: Any) -> Any:
        if self.is_matrix and not _is_scalar(other):
            return self @ other
        return self.multiply(other)

    def __rmul__(self, other: Any) -> Any:
        if self.is_matrix and not _is_scalar(other):
            return self.__rmatmul__(other)
        return self.multiply(other)

    def __truediv__(self, other: Any) -> Any:
        if _is_sparse(other):
            raise TypeError("a sparse array is not divided by another; take toarray() of both.")
        return self.multiply(1 / as_operand(other))

    # choices

    def max(self, axis: Any = None, out: Any = None, *, explicit: bool = False) -> Any:
        """The greatest element."""
        return self._extreme(np.max, "max", axis, out, explicit)

    def min(self, axis: Any = None, out: Any = None, *, explicit: bool = False) -> Any:
        """The least element."""
        return self._extreme(np.min, "min", axis, out, explicit)

    def _extreme(self, f: Function, name: str, axis: Any, out: Any, explicit: bool) -> Any:
        self._refuse_out(out)
        if axis is not None:
            raise TypeError(
                f"{name} of a sparse array of duals takes no axis, got {axis}; write "
                f"A.toarray().{name}(axis={axis})."
            )
        value = getattr(self.plain, name)(explicit=explicit)
        a = summed_up(self)
        has_zeros = not explicit and len(a.rows) < math.prod(a.shape)
        zero = np.zeros(int(has_zeros), plain(a.numbers).dtype)
        numbers = a.tocoo().data if explicit else a.numbers
        return with_value(f(np.concatenate([zero, numbers])), value)

    def maximum(self, other: Any) -> Any:
        """The greater one of two elements, of this and another sparse array."""
        return self._chosen(np.maximum, "maximum", other)

    def minimum(self, other: Any) -> Any:
        """The lesser one of two elements, of this and another sparse array."""
        return self._chosen(np.minimum, "minimum", other)

    def _chosen(self, f: Function, name: str, other: Any) -> Any:
        if not _is_sparse(other):
            raise TypeError(
                f"{name} of a sparse array of duals takes another sparse array, got "
                f"{type(other).__name__}; write np.{name}(A.toarray(), x)."
            )
        one, two = summed_up(self), summed_up(other)
        value = getattr(one.plain, name)(two.plain)
        keys = [_keys(a.rows, a.columns, a.shape) for a in (one, two)]
        key = np.union1d(*keys)
        first, second = (
            gathered(a.numbers, np.searchsorted(key, k), len(key))
            for a, k in zip((one, two), keys, strict=True)
        )
        return _at_keys(value, f(first, second), key)

    # comparisons: plain answers

    def _compared(self, compare: Function, other: Any) -> Any:
        if _is_scalar(other):
            compare(self.numbers, as_operand(other))  # to be noted, as between duals
        else:
            whole = as_sparse(other).toarray() if _is_sparse(other) else as_operand(other)
            compare(self.toarray(), whole)
        return compare(self.plain, other.plain if isinstance(other, SparseArray) else plain(other))

    def __eq__(self, other: Any) -> Any:
        return self._compared(operator.eq, other)

    def __ne__(self, other: Any) -> Any:
        return self._compared(operator.ne, other)

    def __lt__(self, other: Any) -> Any:
        return self._compared(operator.lt, other)

    def __le__(self, other: Any) -> Any:
        return self._compared(operator.le, other)

    def __gt__(self, other: Any) -> Any:
        return self._compared(operator.gt, other)

    def __ge__(self, other: Any) -> Any:
        return self._compared(operator.ge, other)

    # elements that are set

    def __setitem__(self, index: Any, x: Any) -> None:
        def put(parts: Any) -> Any:
            a, numbers = parts
            a[index] = numbers
            return a

        self._become(moved(put, [self, x]))

    def setdiag(self, values: Any, k: int = 0) -> None:
        """Set the k-th diagonal."""

        def put(parts: Any) -> Any:
            a, numbers = parts
            a.setdiag(numbers, k)
            return a

        self._become(moved(put, [self, values]))

    def sum_duplicates(self) -> None:
        """Store one number for each place."""
        self._store_by("sum_duplicates")

    def eliminate_zeros(self) -> None:
        """Store no zeros; one that moves keeps its tangent."""
        self._store_by("eliminate_zeros")

    def sort_indices(self) -> None:
        """Store the numbers in the order of their places."""
        self._store_by("sort_indices")

    def _store_by(self, method: str) -> None:
        one, value = summed_up(self), self.plain.copy()
        getattr(value, method)()
        SparseArray.__init__(self, value, one.numbers, one.rows, one.columns)

    def _become(self, other: SparseArray) -> None:
        """Take the numbers of another, in the format of this one."""
        other = other.asformat(self.format)
        SparseArray.__init__(self, other.plain, other.numbers, other.rows, other.columns)

    # whatever else SciPy's has

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise refused("a sparse array of duals is no dense array; write A.toarray().", self.numbers)

    def __len__(self) -> NoReturn:
        raise TypeError("sparse array length is ambiguous; use getnnz()")

    def __repr__(self) -> str:
        return f"<SparseArray of duals: {self.plain!r}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "plain":
            raise AttributeError(name)
        if name in _PLAIN:
            return getattr(self.plain, name)
        if name in _FUNCTIONS:
            a, f = summed_up(self), getattr(np, name)
            return lambda: a._with(getattr(a.plain, name)(), f(a.numbers))
        raise AttributeError(
            f"a sparse array of duals has no {name!r}; write A.plain.{name} for that of the plain "
            "array, without derivatives, or A.toarray()."
        )


# Attributes and methods that answer in whole numbers; and functions that leave zeros what they are.
_PLAIN = (
    *("indices", "indptr", "offsets", "has_sorted_indices", "nonzero", "count_nonzero", "getnnz"),
    *("argmax", "argmin", "get_shape", "row", "col", "coords"),
)
_FUNCTIONS = (
    *("sin", "tan", "arcsin", "arctan", "sinh", "tanh", "arcsinh", "arctanh", "expm1", "log1p"),
    *("sqrt", "deg2rad", "rad2deg", "rint", "sign", "floor", "ceil", "trunc"),
)


def power_of(a: Any, n: Any) -> Any:
    """A @ A @ …, of n factors.

    Raises
    ------
    ValueError
        If n is less than 1.
    """
    if n < 1:
        raise ValueError(f"a power of a sparse matrix of duals takes at least 1 factor, got {n}.")
    if n == 1:
        return a
    half = power_of(a, n // 2)
    return a @ half @ half if n % 2 else half @ half


def _is_sparse(x: Any) -> bool:
    return isinstance(x, SparseArray) or _scipy.issparse(x)


def _is_scalar(x: Any) -> bool:
    return not _is_sparse(x) and np.ndim(as_operand(x)) == 0


def _product(a: SparseArray, b: SparseArray) -> SparseArray:
    """The product of two sparse arrays: each number of a times each in the same row of b."""
    value = a.plain @ b.plain
    order = np.argsort(b.rows, kind="stable")
    length = np.bincount(b.rows, minlength=b.shape[0])
    start = np.concatenate([[0], np.cumsum(length)])[a.columns]
    many = length[a.columns]
    first = np.repeat(np.arange(len(many)), many)
    behind = np.arange(len(first)) - np.repeat(np.cumsum(many) - many, many)
    second = order[start[first] + behind]
    terms = a.numbers[first] * b.numbers[second]
    keys = _keys(a.rows[first], b.columns[second], value.shape)
    key, where = np.unique(keys, return_inverse=True)
    return _at_keys(value, gathered(terms, where, len(key)), key)


def _at_keys(value: Any, numbers: Any, key: Any) -> SparseArray:
    """SciPy's result with the numbers that belong to it, at the places that keys say."""
    return SparseArray(value, numbers, *np.divmod(key, value.shape[1]))


def found_in(a: Any) -> tuple[Any, Any, Any]:
    """Rows, columns and numbers of all elements that are not zero, in SciPy's order."""
    a = summed_up(a)
    rows, columns, numbers = _scipy.find(a.plain)
    there, here = _keys(rows, columns, a.shape), _keys(a.rows, a.columns, a.shape)
    if not is_still(a.numbers[~np.isin(here, there)]):
        raise NonDifferentiableError(f"find {_MORE}; take A.tocoo().data, .row and .col.")
    order = np.argsort(here)
    found = a.numbers[order[np.searchsorted(here[order], there)]]
    return rows, columns, with_value(found, numbers)


def kron_of(a: Any, b: Any, form: Any) -> Any:
    """Kronecker's product of two arrays, dense or sparse."""
    value = _scipy.kron(
        *(x.plain if isinstance(x, SparseArray) else stripped(x) for x in (a, b)), form
    )
    a, b = (summed_up(x if _is_sparse(x) else moved(_scipy.coo_array, as_operand(x)))
            for x in (a, b))  # fmt: skip
    n = len(b.rows)
    first, second = np.repeat(np.arange(len(a.rows)), n), np.tile(np.arange(n), len(a.rows))
    row = a.rows[first].astype(np.int64) * b.shape[0] + b.rows[second]
    col = a.columns[first].astype(np.int64) * b.shape[1] + b.columns[second]
    return SparseArray(value, a.numbers[first] * b.numbers[second], row, col)
