"""Sparsity: the tangent as the set of inputs that a number depends on.

A product with a number depends on the same, a sum on both. So the rules for tangents that are
numbers are those of sparsity, too, and there is no other table.

Sets are numbered, and a tangent is an array of these numbers: what NumPy does to move elements, it
does to the numbers, views and all. A union of sets is a row of a product of sparse matrices.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NoReturn

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .arguments import Inputs, Outputs
from .array_tangents import ArrayTangent
from .conversions import as_python
from .differentiations import Doubt, note_refusal
from .dual import for_slopes, namespace_for, slope_of, value_of
from .frames import name_of_call
from .levels import ParticipatingLevel
from .pair import Pair, dual, is_array, of_parts, own, parts, plain, shape_of
from .passes import forward
from .promises import Differentiation, settle, weights
from .rules import Rule
from .structure import leaves, rebuild


def scipy_sparse(driver: str) -> Any:
    """The module scipy.sparse.

    Raises
    ------
    ImportError
        If SciPy is not installed.
    """
    try:
        import scipy.sparse
    except ImportError as error:
        raise ImportError(
            f"{driver} needs SciPy for sparse matrices; pip install scipy, or omit sparsity=."
        ) from error
    return scipy.sparse


# -- sets of inputs --------------------------------------------------------------------------


class Sets:
    """Sets of inputs by number, the rows of a growing sparse matrix: 0 is empty, i + 1 is {i}."""

    def __init__(self, driver: str, size: int, level: int) -> None:
        self.driver, self.size, self.level = driver, size, level
        self._sparse = scipy_sparse(driver)
        self._starts = np.arange(-1, size + 1, dtype=np.int32)
        self._starts[0] = 0
        self._members = np.arange(size, dtype=np.int32)
        self._written = size + 1  # rows of the matrix; others wait to be written
        self._waiting: list[frozenset[int]] = []
        self._known: dict[int, frozenset[int]] = {}
        self._numbers: dict[frozenset[int], int] = {}
        self._matrix: Any = None

    def matrix(self) -> Any:
        """All sets, one in each row."""
        if self._waiting:
            sizes = np.array([len(s) for s in self._waiting])
            new = np.array([i for s in self._waiting for i in sorted(s)], np.int32)
            self._waiting = []
            self._append(sizes, new)
        if self._matrix is None:
            starts = self._starts[: self._written + 1]
            members = self._members[: starts[-1]]
            ones = np.ones(len(members), bool)
            self._matrix = self._csr(ones, members, starts, self.size)
        return self._matrix

    def _csr(self, data: Any, columns: Any, starts: Any, width: int) -> Any:
        return self._sparse.csr_array((data, columns, starts), shape=(len(starts) - 1, width))

    def stored(self, a: Any) -> Any:
        """A sparse matrix by rows."""
        return self._sparse.csr_array(a)

    def _append(self, sizes: Any, members: Any) -> Any:
        """New rows; their numbers."""
        first, used = self._written, int(self._starts[self._written])
        total = used + len(members)
        if total >= 1 << 31:
            raise MemoryError(f"{self.driver}: the pattern has more than 2³¹ elements.")
        self._members = _with_room(self._members, total)
        self._starts = _with_room(self._starts, first + len(sizes) + 1)
        self._members[used:total] = members
        self._starts[first + 1 : first + 1 + len(sizes)] = used + np.cumsum(sizes)
        self._written += len(sizes)
        self._matrix = None
        return np.arange(first, self._written)

    def joined(self, counts: Any, sets: Any) -> Any:
        """The union of the first counts[0] of these sets, of the next counts[1], and so on."""
        table = self.matrix()
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        chosen = self._csr(np.ones(len(sets), bool), sets.astype(np.int32), starts, self._written)
        unions = chosen @ table
        unions.sort_indices()
        sizes = np.diff(unions.indptr)
        result = np.where(sizes == 0, 0, -1)
        row = np.repeat(np.arange(len(counts)), counts)
        is_whole = np.diff(table.indptr)[sets] == sizes[row]  # a union that is one of its parts
        result[row[is_whole]] = sets[is_whole]
        new = result < 0
        if new.all():
            return self._append(sizes, unions.indices)
        if new.any():
            unions = unions[np.flatnonzero(new)]
            result[new] = self._append(sizes[new], unions.indices)
        return result

    def _set(self, number: int) -> frozenset[int]:
        found = self._known.get(number)
        if found is None:
            start, stop = self._starts[number], self._starts[number + 1]
            found = self._known[number] = frozenset(self._members[start:stop].tolist())
        return found

    def either(self, a: Any, b: Any) -> Any:
        """The unions of the sets with these numbers: of one with one, or of two arrays."""
        if type(a) is int and type(b) is int:
            return self._either(a, b)
        if not (np.ndim(a) or np.ndim(b)):  # one of them an array without axes
            return self._either(int(a), int(b))
        if np.shape(a) != np.shape(b):
            a, b = np.broadcast_arrays(a, b)
        both = (a != b) & (a != 0) & (b != 0)
        if both.all():
            pairs = np.stack([a, b], axis=-1)
            return self.joined(np.full(a.size, 2), pairs.ravel()).reshape(a.shape)
        result = np.where(a == 0, b, a)
        if both.any():
            pairs = np.stack([a[both], b[both]], axis=-1)
            result[both] = self.joined(np.full(len(pairs), 2), pairs.ravel())
        return result

    def _either(self, a: int, b: int) -> int:
        if b in (a, 0):
            return a
        if a == 0:
            return b
        one, other = self._set(a), self._set(b)
        both = one | other
        if len(both) == len(one):
            return a
        if len(both) == len(other):
            return b
        number = self._numbers.get(both)
        if number is None:
            number = self._written + len(self._waiting)
            self._waiting.append(both)
            self._known[number], self._numbers[both] = both, number
        return number

    def union(self, numbers: Any) -> Any:
        """The unions along the last axis."""
        shape, m = numbers.shape[:-1], numbers.shape[-1]
        rows = numbers.reshape(int(np.prod(shape)), m)
        there = rows != 0
        counts = np.count_nonzero(there, axis=1)
        return self.joined(counts, rows[there]).reshape(shape)


def _with_room(x: Any, size: int) -> Any:
    """An array that begins as x does, and has room for so many elements."""
    if size <= len(x):
        return x
    larger = np.empty(max(size, min(2 * len(x), (1 << 31) - 1)), x.dtype)
    larger[: len(x)] = x
    return larger


# -- the level -------------------------------------------------------------------------------


class PatternLevel(ParticipatingLevel):
    """A level whose tangents are patterns.

    Attributes
    ----------
    sets : Sets
        What their numbers mean.
    """

    sets: Sets
    prefers_sweeps = True  # forward, a product with a seed's zero would count

    def seed(self, x: Any, start: int) -> Any:
        """An input as a dual; its numbers are the inputs from `start` on."""
        numbers = start + 1 + np.arange(np.size(x)).reshape(np.shape(x))
        return dual(x, Pattern(self.sets, numbers if shape_of(x) else start + 1), self)

    # the seam

    def made(self, primal: Any, tangent: Any) -> Any:
        if isinstance(tangent, Pattern) and type(tangent.numbers) is int and is_array(primal):
            tangent = Pattern(self.sets, np.array(tangent.numbers), tangent.adds)
            return of_parts(primal, tangent, self)
        return NotImplemented

    def zero_like(self, tangent: Any, shape: tuple[int, ...]) -> Any:
        return Pattern(self.sets, np.zeros(shape, np.intp) if shape else 0)

    def applies(self, rule: Rule, args: tuple[Any, ...]) -> Any:
        split = [parts(a, self) for a in args]
        primals = tuple([primal for primal, _ in split])
        namespace = namespace_for(primals)
        if namespace is None or rule.is_composed(namespace):
            return NotImplemented
        y = value_of(rule, primals)
        if rule.kind == "flat":
            return y
        found: Any = None
        for i, (primal, t) in enumerate(split):
            if t is None or (rule.slopes[i] == "0" and not np.iscomplexobj(plain(primal))):
                continue  # "0" is said of real numbers: imag is linear
            if rule.slopes[i] is None:
                rule.slope_in(namespace, i)  # raises
            if rule.kind == "kinked" and len(args) > 1:
                t = t.chosen(_slope(rule, i, primals, y))
            found = t if found is None else found + t
        shape = shape_of(y)
        if found is None:
            found = self.zero_like(None, shape)
        elif found.shape != shape:
            found = Pattern(self.sets, np.broadcast_to(found.numbers, shape).copy())
        elif shape and len(args) - sum(t is None for _, t in split) == 1:
            found = found.copy()  # not the memory of an argument
        return dual(y, found, self)

    def product(self, f: Callable[..., Any], args: Sequence[Any]) -> Any:
        """Zeros that depend on inputs count as numbers; others are where a matrix has nothing."""
        split = [parts(a, self) for a in args]
        y = f(*(primal for primal, _ in split))
        masks = [
            np.asarray((plain(primal) != 0) | (0 if t is None else t.numbers != 0), float)
            for primal, t in split
        ]
        result = self.zero_like(None, shape_of(y))
        for i, (_, t) in enumerate(split):
            if t is not None:
                result = result + f(*masks[:i], t, *masks[i + 1 :])
        return dual(y, result, self)


def _slope(rule: Rule, i: int, primals: tuple[Any, ...], y: Any) -> Any:
    return plain(slope_of(rule, i, *for_slopes(rule, as_python((*primals, y)))))


# -- patterns --------------------------------------------------------------------------------


class _Missing(TypeError, AttributeError):
    """What arrays have, and patterns have not."""


class Pattern(ArrayTangent):
    """The tangent of a number or an array, as numbers of the sets of inputs it depends on.

    Attributes
    ----------
    sets : Sets
        What the numbers mean.
    numbers : int, or array of them
        For each element its set; that of an array without axes lies in an array, for its views.
    adds : bool
        Whether it is a view of real or imaginary parts, which have their sets in common.
    """

    __slots__ = ("sets", "numbers", "adds")

    FUNCTIONS: ClassVar[dict[Any, Callable[..., Any]]] = {}  # entered below

    def __init__(self, sets: Sets, numbers: Any, adds: bool = False) -> None:
        self.sets, self.adds = sets, adds
        self.numbers: Any = numbers if type(numbers) is np.ndarray else int(numbers)

    def _like(self, numbers: Any) -> Pattern:
        return Pattern(self.sets, numbers, self.adds)

    def _own(self, numbers: Any) -> Pattern:
        return Pattern(self.sets, np.array(numbers, order="K") if np.ndim(numbers) else numbers)

    # as an array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the primal."""
        return () if type(self.numbers) is int else np.shape(self.numbers)

    @property
    def size(self) -> int:
        """How many numbers the primal has."""
        return int(np.size(self.numbers))

    def __getitem__(self, index: Any) -> Pattern:
        return self._like(np.asarray(self.numbers)[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        new = _numbers(value)
        if not isinstance(self.numbers, np.ndarray):
            self.numbers = int(self.sets.either(self.numbers, int(new)) if self.adds else new)
            return
        if self.adds:
            new = self.sets.either(np.asarray(self.numbers[index]), np.asarray(new))
        self.numbers[index] = new

    def is_view_of(self, other: Any) -> bool:
        """Whether what is stored in one is seen in the other."""
        if type(self.numbers) is int or not isinstance(other, Pattern):
            return False
        return type(other.numbers) is not int and np.may_share_memory(self.numbers, other.numbers)

    def room(self, shape: tuple[int, ...]) -> Pattern:
        """Empty sets in one axis, in which patterns can have their places."""
        return Pattern(self.sets, np.zeros(int(np.prod(shape)), np.intp))

    def within(self, numbers: Any) -> Pattern:
        """The elements with these numbers, as a view."""
        strides = [
            int(numbers.take(1, i).flat[0] - numbers.take(0, i).flat[0]) if n > 1 else 0
            for i, n in enumerate(numbers.shape)
            if numbers.size
        ]
        if not numbers.size:
            return Pattern(self.sets, np.zeros(numbers.shape, np.intp))
        each = [8 * stride for stride in strides]
        start = self.numbers[int(numbers.flat[0]) :]
        return Pattern(self.sets, np.ndarray(numbers.shape, np.intp, start, 0, each))

    def copy(self, *order: Any) -> Pattern:
        """The pattern as it is now."""
        return self._own(self.numbers)

    def astype(self, *args: Any, **options: Any) -> Pattern:
        """In another precision, which is the same."""
        return self.copy()

    @property
    def real(self) -> Pattern:
        """The real part."""
        return Pattern(self.sets, self.numbers, True)

    imag = real

    def total(self) -> Pattern:
        """The sum of all elements."""
        return Pattern(self.sets, self.sets.union(np.reshape(self.numbers, (1, self.size)))[0])

    # linear combinations

    def __add__(self, other: Any) -> Pattern:
        return Pattern(self.sets, self.sets.either(self.numbers, _numbers(other)))

    __radd__ = __sub__ = __rsub__ = __add__

    def __neg__(self) -> Pattern:
        return self.copy()

    __pos__ = __neg__

    def __mul__(self, factor: Any) -> Any:
        if isinstance(factor, Pattern):
            return self + factor
        if not (isinstance(factor, Pair) or hasattr(factor, "__add__")):
            return NotImplemented
        if type(factor) is int and factor == 0:
            return Pattern(self.sets, np.zeros(self.shape, np.intp) if self.ndim else 0)
        shape = np.broadcast_shapes(self.shape, np.shape(plain(factor)))
        return self._own(np.broadcast_to(self.numbers, shape) if shape else self.numbers)

    __rmul__ = __truediv__ = __mul__

    def chosen(self, slope: Any) -> Pattern:
        """Where the slope of a kink is not zero: the branches that are taken."""
        slope = np.asarray(slope)
        shape = np.broadcast_shapes(self.shape, slope.shape)
        return Pattern(self.sets, np.where(np.broadcast_to(slope != 0, shape), self.numbers, 0)[()])

    def refuse(self, what: str) -> NoReturn:
        """Raise TypeError for what is not known to keep apart what depends on what."""
        note_refusal(self.sets.level)
        raise TypeError(self._unknown(what))

    def _unknown(self, what: str) -> str:
        driver = self.sets.driver
        called, otherwise = driver, "omit sparsity="
        if driver == "sparsity":
            called, otherwise = "jacobian", "write it in other functions"
        return (
            f"{driver} cannot tell what {what} depends on; give the pattern, as "
            f"{called}(f, sparsity=pattern), or {otherwise}."
        )

    def __getattr__(self, name: str) -> NoReturn:
        if not name.startswith("_") and hasattr(np.ndarray, name):
            called = name_of_call(sys._getframe(1))
            is_public = called.startswith(("np.", "dualad.scipy."))
            raise _Missing(self._unknown(called if is_public else f"x.{name}"))
        raise AttributeError(f"a pattern has no attribute {name!r}.")


def _numbers(x: Any) -> Any:
    """The numbers of a pattern; none for a constant."""
    if isinstance(x, Pattern):
        return x.numbers
    return np.zeros(np.shape(plain(x)), np.intp) if np.ndim(plain(x)) else 0


def _sets(args: Any) -> Sets:
    return next(x.sets for x in leaves(args) if isinstance(x, Pattern))


def _enter(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def enter(f: Callable[..., Any]) -> Callable[..., Any]:
        Pattern.FUNCTIONS.update(dict.fromkeys(functions, f))
        return f

    return enter


# -- what moves elements, moves numbers ------------------------------------------------------


def _moving(f: Callable[..., Any]) -> Callable[..., Any]:
    """f only chooses and places elements."""

    def moved(*args: Any, **options: Any) -> Any:
        sets = _sets([args, options])

        def numbers(x: Any) -> Any:
            return np.asarray(x.numbers) if isinstance(x, Pattern) else x

        y = f(*rebuild(args, numbers), **rebuild(options, numbers))
        adds = any(x.adds for x in leaves([args]) if isinstance(x, Pattern))
        return rebuild(y, lambda v: Pattern(sets, v, adds))

    return moved


_MOVING: Any = (
    *(np.transpose, np.moveaxis, np.swapaxes, np.matrix_transpose, np.flip, np.rollaxis),
    *(np.expand_dims, np.squeeze, np.ravel, np.reshape, np.atleast_1d, np.atleast_2d),
    *(np.atleast_3d, np.tril, np.triu, np.diag, np.diagflat, np.diagonal, np.take),
    *(np.take_along_axis, np.roll, np.repeat, np.tile, np.resize, np.delete, np.rot90),
    *(np.compress, np.extract, np.fft.fftshift, np.fft.ifftshift, np.fliplr, np.flipud),
    np.lib.stride_tricks.sliding_window_view,
)
for _f in (*_MOVING, *([np.permute_dims] if hasattr(np, "permute_dims") else [])):
    Pattern.FUNCTIONS[_f] = _moving(_f)


@_enter(np.broadcast_to)
def _broadcast_to(a: Pattern, shape: Any, subok: bool = False) -> Pattern:
    return Pattern(a.sets, np.broadcast_to(a.numbers, shape))


def _joining(f: Callable[..., Any]) -> Callable[..., Any]:
    """f joins arrays, some of them constants."""

    def joined(arrays: Any, *args: Any, **options: Any) -> Any:
        sets = _sets([arrays, args])
        # an axis is not an array
        rest = [np.asarray(_numbers(x)) if isinstance(x, Pattern) else x for x in args]
        options.pop("dtype", None)
        options.pop("casting", None)
        if isinstance(arrays, Pattern) or not isinstance(arrays, (list, tuple)):
            first: Any = np.asarray(_numbers(arrays))
        else:
            first = rebuild(list(arrays), lambda x: np.asarray(_numbers(x)))
        return Pattern(sets, f(first, *rest, **options))

    return joined


for _f in (np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.block):
    Pattern.FUNCTIONS[_f] = _joining(_f)


@_enter(np.append)
def _append(a: Any, b: Any, axis: Any = None) -> Any:
    return Pattern(_sets([a, b]), np.append(_numbers(a), _numbers(b), axis))


@_enter(np.insert)
def _insert(a: Any, places: Any, values: Any, axis: Any = None) -> Any:
    return Pattern(_sets([a, values]), np.insert(_numbers(a), places, _numbers(values), axis))


@_enter(np.choose)
def _choose(a: Any, choices: Any, out: Any = None, mode: Any = "raise") -> Any:
    each = [np.asarray(_numbers(c)) for c in choices]
    return Pattern(_sets(choices), np.choose(a, each, mode=mode))


@_enter(np.where)
def _where(condition: Any, a: Any, b: Any) -> Any:
    return Pattern(_sets([a, b]), np.where(condition, _numbers(a), _numbers(b)))


@_enter(np.pad)
def _pad(a: Pattern, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    if mode == "constant":
        return Pattern(a.sets, np.pad(a.numbers, pad_width))
    if mode in ("edge", "wrap", "reflect", "symmetric") and not options:
        return Pattern(a.sets, np.pad(a.numbers, pad_width, mode))
    return _everything(np.pad)(a, pad_width, mode, **options)


def _everything(f: Callable[..., Any]) -> Callable[..., Any]:
    """f is linear, and any of its results may depend on all that goes in."""

    def whole(*args: Any, **options: Any) -> Any:
        sets = _sets([args, options])
        patterns = [x for x in leaves([args, options]) if isinstance(x, Pattern)]
        union = sets.union(np.concatenate([np.ravel(p.numbers) for p in patterns])[None])[0]

        def zeros(x: Any) -> Any:
            return np.zeros(x.shape) if isinstance(x, Pattern) else x

        y = f(*rebuild(args, zeros), **rebuild(options, zeros))
        found, *rest = y if isinstance(y, tuple) else (y,)
        result = Pattern(sets, np.full(np.shape(found), union)[()])
        return (result, *rest) if isinstance(y, tuple) else result

    return whole


# -- questions that need no numbers ----------------------------------------------------------

Pattern.FUNCTIONS.update(
    {
        np.shape: lambda a: a.shape,
        np.ndim: lambda a: a.ndim,
        np.size: lambda a, axis=None: a.size if axis is None else a.shape[axis],
        np.iscomplexobj: lambda a: False,
        np.isrealobj: lambda a: True,
        np.may_share_memory: lambda a, b, *most: isinstance(a, Pattern) and a.is_view_of(b),
        np.any: lambda a, axis=None, **options: np.any(np.ones(a.shape, bool), axis, **options),
        np.copy: lambda a, *order, **options: a.copy(),
        np.zeros_like: lambda a, *args, **options: a * 0,
        np.real: lambda a: a.real,
        np.imag: lambda a: a.imag,
        np.real_if_close: lambda a, tol: a.real,  # whether it is real, passes tell
        np.isfinite: lambda a: np.full(a.shape, True)[()],
        np.isnan: lambda a: np.full(a.shape, False)[()],
        np.isinf: lambda a: np.full(a.shape, False)[()],
        np.equal: lambda a, b: a == b if isinstance(a, Pattern) else b == a,
        np.not_equal: lambda a, b: a != b if isinstance(a, Pattern) else b != a,
    }
)


# -- linear combinations ---------------------------------------------------------------------


@_enter(np.add, np.subtract)
def _add(a: Any, b: Any) -> Any:
    return a + b if isinstance(a, Pattern) else b + a


@_enter(np.multiply)
def _multiply(a: Any, b: Any) -> Any:
    return a * b if isinstance(a, Pattern) else b * a


@_enter(np.divide)
def _divide(a: Any, b: Any) -> Any:
    if isinstance(b, Pattern):
        b.refuse("division by a tangent")
    return a / b


@_enter(*(np.negative, np.positive, np.conjugate, np.degrees, np.rad2deg, np.radians, np.deg2rad))
def _same(a: Pattern) -> Pattern:
    return a.copy()


@_enter(np.sum, np.mean)
def _sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    *,
    where: Any = True,
) -> Any:
    numbers = np.asarray(a.numbers)
    if where is not True:
        numbers = np.where(where, numbers, 0)
    axes = normalize_axis_tuple(range(a.ndim) if axis is None else axis, a.ndim)
    rest = [i for i in range(a.ndim) if i not in axes]
    numbers = numbers.transpose(*rest, *axes)
    shape = numbers.shape[: len(rest)]
    result = a.sets.union(numbers.reshape(*shape, -1) if a.size else np.zeros((*shape, 0), np.intp))
    if keepdims:
        result = result.reshape([1 if i in axes else n for i, n in enumerate(a.shape)])
    return Pattern(a.sets, result if result.ndim else result[()])


@_enter((np.add, "reduceat"))
def _sums_of_slices(a: Any, indices: Any, axis: int = 0) -> Any:
    numbers = np.moveaxis(a.numbers, axis, -1)
    ends = np.maximum(np.append(indices[1:], numbers.shape[-1]), indices + 1)
    each = [a.sets.union(numbers[..., i:end]) for i, end in zip(indices, ends, strict=True)]
    return Pattern(a.sets, np.moveaxis(np.stack(each, axis=-1), -1, axis))


Pattern.FUNCTIONS[np.add, "reduce"] = lambda a, axis=0, *args, **options: _sum(
    a, axis, *args, **options
)


@_enter(np.cumsum)
def _cumsum(a: Pattern, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    numbers = np.ravel(a.numbers) if axis is None else np.moveaxis(np.asarray(a.numbers), axis, -1)
    result = numbers.copy()
    for i in range(1, numbers.shape[-1]):
        pair: Any = result[..., i - 1], numbers[..., i]
        if numbers.ndim == 1:
            pair = int(pair[0]), int(pair[1])
        result[..., i] = a.sets.either(*pair)
    return Pattern(a.sets, result if axis is None else np.moveaxis(result, -1, axis))


@_enter(np.trace)
def _trace(a: Pattern, offset: int = 0, axis1: int = 0, axis2: int = 1, *args: Any) -> Any:
    return _sum(Pattern(a.sets, np.diagonal(a.numbers, offset, axis1, axis2)), -1)


@_enter(np.bincount)
def _bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    x, numbers = np.array(x), np.asarray(weights.numbers)
    counts = np.bincount(x, minlength=minlength)
    return Pattern(weights.sets, weights.sets.joined(counts, numbers[np.argsort(x, kind="stable")]))


@_enter((np.add, "at"), (np.subtract, "at"))
def _add_at(a: Pattern, places: Any, b: Any) -> None:
    own, others = np.ravel(a.numbers), np.ravel(b.numbers)
    where = np.concatenate([np.arange(own.size), places])
    every = np.concatenate([own, others])[np.argsort(where, kind="stable")]
    a.numbers[...] = a.sets.joined(np.bincount(where), every).reshape(a.shape)


# -- products: zeros of a constant are where a matrix has nothing ----------------------------


@_enter(np.matmul, np.dot)
def _matmul(a: Any, b: Any) -> Any:
    sets = _sets([a, b])
    is_first = isinstance(a, Pattern)
    if is_first and hasattr(type(b), "tocsr"):
        return _times_sparse(a, b)
    p, w = (a, b) if is_first else (b, a)
    if isinstance(w, Pattern):
        p.refuse("the product of two tangents")
    numbers, mask = np.asarray(p.numbers), np.asarray(plain(w)) != 0
    if is_first and not (numbers.ndim == 1 and mask.ndim == 2):
        row = numbers.ndim == 1
        n, m = (numbers[None] if row else numbers), (mask[:, None] if mask.ndim == 1 else mask)
        every = n[..., :, None, :] * np.swapaxes(m, -1, -2)[..., None, :, :]
        y = sets.union(every)
        y = y[..., 0] if mask.ndim == 1 else y
        return Pattern(sets, (y[0, ...] if row and y.ndim == 1 else y[..., 0, :] if row else y)[()])
    if is_first:
        mask = mask.T
    if numbers.ndim == 1 and mask.ndim <= 2:
        rows, columns = np.nonzero(np.atleast_2d(mask))
        counts = np.bincount(rows, minlength=1 if mask.ndim == 1 else len(mask))
        y = sets.joined(counts, numbers[columns])
        return Pattern(sets, y[0] if mask.ndim == 1 else y)
    column = numbers.ndim == 1
    n, m = (numbers[:, None] if column else numbers), (mask[None] if mask.ndim == 1 else mask)
    every = m[..., :, None, :] * np.swapaxes(n, -1, -2)[..., None, :, :]
    y = sets.union(every)
    y = y[..., 0] if column else y
    return Pattern(sets, (y[..., 0, :] if mask.ndim == 1 else y)[()])


def _times_sparse(p: Pattern, a: Any) -> Pattern:
    """p @ a for a sparse matrix of SciPy's: what it has stored counts, zeros too."""
    by_column = p.sets.stored(a.T)
    rows = np.reshape(p.numbers, (-1, p.shape[-1]))
    counts = np.diff(by_column.indptr)
    each = [p.sets.joined(counts, row[by_column.indices]) for row in rows]
    return Pattern(p.sets, np.reshape(each, (*p.shape[:-1], len(counts))))


@_enter(np.einsum)
def _einsum(text: str, *operands: Any, **options: Any) -> Any:
    given, _, result = text.partition("->")
    terms = given.split(",")
    sets = _sets(operands)
    each = [
        np.asarray(x.numbers) if isinstance(x, Pattern) else (np.asarray(plain(x)) != 0).astype(int)
        for x in operands
    ]
    summed = "".join(c for c in dict.fromkeys(given) if c.isalpha() and c not in result)
    whole = np.einsum(f"{','.join(terms)}->{result}{summed}", *each)
    if not summed:
        return Pattern(sets, whole)
    shape = whole.shape[: whole.ndim - len(summed)]
    return Pattern(sets, sets.union(whole.reshape(*shape, -1))[()])


@_enter(np.convolve)
def _convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    if not isinstance(a, Pattern):
        a, v = v, a
    numbers, mask = np.atleast_1d(a.numbers), np.atleast_1d(np.asarray(plain(v)) != 0)
    k = len(mask)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(numbers, k - 1), k)
    full = a.sets.union(windows * mask[::-1])
    few, many = sorted((k, len(numbers)))
    start, length = {
        "full": (0, len(full)),
        "same": ((few - 1) // 2, many),
        "valid": (few - 1, many - few + 1),
    }[mode]
    return Pattern(a.sets, full[start : start + length].copy())


@_enter(np.correlate)
def _correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    if np.size(_numbers(v)) > np.size(_numbers(a)):
        return _correlate(v, a, mode)[::-1].copy()
    return _convolve(a, np.flip(v), mode)


@_enter(np.linalg.solve)
def _solve(a: Any, b: Any) -> Any:
    if isinstance(a, Pattern):
        a.refuse("np.linalg.solve with a matrix of tangents")
    return _matmul(np.linalg.inv(plain(a)), b)


def _transforming(f: Callable[..., Any]) -> Callable[..., Any]:
    """A Fourier transform: each result depends on all that is along its axes."""
    signature = inspect.signature(f)

    def transformed(*args: Any, **options: Any) -> Any:
        bound = signature.bind(*args, **options)
        bound.apply_defaults()
        a: Pattern = bound.arguments["a"]
        axes = bound.arguments.get("axis", bound.arguments.get("axes"))
        if axes is None:
            sizes = bound.arguments.get("s")
            axes = range(-(a.ndim if sizes is None else len(sizes)), 0)
        bound.arguments["a"], bound.arguments["out"] = np.zeros(a.shape), None
        shape = np.shape(f(*bound.args, **bound.kwargs))
        return Pattern(
            a.sets,
            np.broadcast_to(_sum(a, tuple(np.atleast_1d(axes)), keepdims=True).numbers, shape),
        ).copy()

    return transformed


for _name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifft2", "rfft2", "irfft2"):
    Pattern.FUNCTIONS[getattr(np.fft, _name)] = _transforming(getattr(np.fft, _name))
for _name in ("fftn", "ifftn", "rfftn", "irfftn"):
    Pattern.FUNCTIONS[getattr(np.fft, _name)] = _transforming(getattr(np.fft, _name))


# -- one evaluation --------------------------------------------------------------------------


def detected(inputs: Inputs, has_aux: bool = False) -> tuple[Outputs, Any]:
    """The outputs of f, and which of their numbers depends on which input: a boolean csr_array."""

    starts = np.cumsum([0, *inputs.sizes]).tolist()

    def evaluated(inputs: Inputs) -> tuple[Outputs, Any, Doubt]:
        with Differentiation(inputs.driver) as work:
            level = PatternLevel(work.level)
            level.sets = Sets(inputs.driver, inputs.size, work.level)
            seeds = [level.seed(own(x), i) for x, i in zip(inputs.leaves, starts, strict=False)]
            outputs = Outputs(inputs.driver, inputs.call(seeds), level, has_aux)
        return outputs, level.sets, work.why

    try:
        outputs, sets, why = evaluated(inputs)
    except _Missing as error:  # which was an AttributeError for those who probe
        raise TypeError(str(error)).with_traceback(error.__traceback__) from None
    along: list[Any] = [weights(x) if np.ndim(x) else 1.0 for x in inputs.leaves]
    settle(
        why, inputs, along, outputs, has_aux, forward(along, has_aux), lambda at: evaluated(at)[0]
    )
    numbers = [
        np.zeros(np.size(value), np.intp) if tangent is None else np.ravel(tangent.numbers)
        for value, tangent in zip(outputs.values, outputs.tangents, strict=True)
    ]
    return outputs, sets.matrix()[np.concatenate([np.zeros(0, np.intp), *numbers])]
