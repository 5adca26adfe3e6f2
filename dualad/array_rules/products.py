"""Products: multilinear, so there is one term per dual operand.

Matrix products go through `matmul`, which takes all directions at once, elementwise ones through
the operator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..array.algebra import SumOfProducts, linear, matmul, multilinear
from ..array.protocols import implements, plain_answer
from ..pair import plain
from .common import (
    along,
    array,
    as_dtype,
    axes_from_end,
    axis_from_end,
    composing,
    has_duals,
    into,
    unboxed,
    valued,
)

# -- matrices and vectors ------------------------------------------------------------------


@implements(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Any:
    a, b = array(a), array(b)
    is_product = 0 < a.ndim < 3 and 0 < b.ndim < 3 and _is_gapless(a) and _is_gapless(b)
    is_product = is_product and plain(a).dtype == plain(b).dtype
    if is_product and a.shape[-1] != b.shape[0]:
        np.dot(plain(a), plain(b))  # which says so
    y = _times(a, b) if is_product else _other_dot(a, b)
    return y if out is None else into(out, y)[()]  # of no axes it gives the number


def _is_gapless(x: Any) -> bool:
    """Whether np.dot and np.matmul call the same function of BLAS for x."""
    flags = plain(x).flags
    return bool(flags.c_contiguous or flags.f_contiguous)


def _other_dot(a: Any, b: Any) -> Any:
    """Of numbers, of stacks of matrices, of arrays with gaps or from their ends, of two dtypes."""

    def composed(a: Any, b: Any) -> Any:
        if not a.ndim or not b.ndim:
            return a * b
        return (
            matmul(a, b) if b.ndim == 1 or a.ndim == b.ndim == 2 else np.tensordot(a, b, (-1, -2))
        )

    return valued(np.dot, composed, (a, b), {})


def _times(a: Any, b: Any) -> Any:
    return matmul(a, b) if has_duals(a, b) else np.matmul(a, b)


@composing(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    a, b = array(a), array(b)
    if not a.ndim or not b.ndim:
        return a * b
    if a.shape[-1] != b.shape[-1]:
        np.inner(plain(a), plain(b))  # which says so
    return matmul(a, b) if b.ndim == 1 else np.tensordot(a, b, (-1, -1))


@composing(np.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    return np.dot(np.reshape(_conj(array(a)), -1), np.reshape(array(b), -1))


def _conj(a: Any) -> Any:
    return np.conj(a) if np.iscomplexobj(plain(a)) else a


@implements(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Any:
    return into(out, np.reshape(array(a), (-1, 1)) * np.reshape(array(b), (1, -1)))


@implements(np.linalg.outer)
def linalg_outer(x1: Any, x2: Any, /) -> Any:
    a, b = array(x1), array(x2)
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(
            f"np.linalg.outer takes arrays of one axis, got {a.ndim} and {b.ndim}; "
            "np.outer flattens them."
        )
    return np.outer(a, b)


@composing(np.tensordot, np.linalg.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = array(a), array(b)
    if isinstance(axes, (int, np.integer)):
        axes = (range(a.ndim - axes, a.ndim), range(axes))
    left, right = (
        axes_from_end(tuple(i) if isinstance(i, Sequence) else i, x.ndim)
        for i, x in zip(axes, (a, b), strict=True)
    )
    summed = tuple(a.shape[i] for i in left)
    if summed != tuple(b.shape[i] for i in right):
        raise ValueError(
            f"np.tensordot sums over axes of the same length; got {summed} and "
            f"{tuple(b.shape[i] for i in right)}."
        )
    m = tuple(n for i, n in enumerate(a.shape) if i - a.ndim not in left)
    n = tuple(n for i, n in enumerate(b.shape) if i - b.ndim not in right)
    n_sum = int(np.prod(summed))
    a = np.reshape(np.moveaxis(a, left, range(-len(left), 0)), (int(np.prod(m)), n_sum))
    b = np.reshape(np.moveaxis(b, right, range(len(right))), (n_sum, int(np.prod(n))))
    return np.reshape(_times(a, b), m + n)


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    a, b = array(a), array(b)
    ndim = max(a.ndim, b.ndim)
    m = (1,) * (ndim - a.ndim) + a.shape
    n = (1,) * (ndim - b.ndim) + b.shape
    pairs = list(zip(m, n, strict=True))
    left = np.reshape(a, [size for i, _ in pairs for size in (i, 1)])
    right = np.reshape(b, [size for _, j in pairs for size in (1, j)])
    y = np.reshape(left * right, [i * j for i, j in pairs])
    return y if ndim else unboxed(y)


@composing(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(array(a), axisa, -1), np.moveaxis(array(b), axisb, -1)
    sizes = {a.shape[-1], b.shape[-1]}
    if not sizes <= {2, 3}:
        raise ValueError(
            f"np.cross takes vectors of 3 elements, got {a.shape[-1]} and {b.shape[-1]}."
        )
    a, b = (
        np.concatenate([x, np.zeros((*x.shape[:-1], 1), plain(x).dtype)], axis=-1)
        if x.shape[-1] == 2
        else x
        for x in (a, b)
    )
    y = a[..., [1, 2, 0]] * b[..., [2, 0, 1]] - a[..., [2, 0, 1]] * b[..., [1, 2, 0]]
    return y[..., 2] if sizes == {2} else np.moveaxis(y, -1, axisc)


@composing(np.linalg.cross)
def linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    a, b = array(x1), array(x2)
    if a.shape[axis] != 3 or b.shape[axis] != 3:
        raise ValueError(
            f"np.linalg.cross takes vectors of 3 elements, got {a.shape[axis]} and {b.shape[axis]}."
        )
    return np.cross(a, b, axis=axis)


@composing(np.linalg.multi_dot)
def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    factors = [array(a) for a in arrays]
    if len(factors) < 2:
        raise ValueError(f"np.linalg.multi_dot takes two arrays or more, got {len(factors)}.")
    if len(factors) == 2:
        return into(out, np.dot(*factors))
    row, column = factors[0].ndim == 1, factors[-1].ndim == 1
    if row:
        factors[0] = np.reshape(factors[0], (1, -1))
    if column:
        factors[-1] = np.reshape(factors[-1], (-1, 1))
    if any(a.ndim != 2 for a in factors):
        raise np.linalg.LinAlgError(
            "np.linalg.multi_dot takes matrices; the first and the last may be vectors."
        )
    y = _cheapest(factors)
    shape = (() if row else y.shape[:1]) + (() if column else y.shape[1:])
    return into(out, unboxed(np.reshape(y, shape)))


def _cheapest(factors: Sequence[Any]) -> Any:
    """The product of matrices, with the parentheses that take the fewest multiplications."""
    n = [a.shape[0] for a in factors] + [factors[-1].shape[1]]
    cost = {(i, i + 1): 0 for i in range(len(factors))}
    split: dict[tuple[int, int], int] = {}
    for length in range(2, len(factors) + 1):
        for i in range(len(factors) - length + 1):
            j = i + length
            cost[i, j], split[i, j] = min(
                (cost[i, k] + cost[k, j] + n[i] * n[k] * n[j], k) for k in range(i + 1, j)
            )

    def product(i: int, j: int) -> Any:
        if j == i + 1:
            return factors[i]
        return np.dot(product(i, split[i, j]), product(split[i, j], j))

    return product(0, len(factors))


@composing(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    a = array(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(
            f"np.linalg.matrix_power takes square matrices, got shape {a.shape}."
        )
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(f"np.linalg.matrix_power takes a whole number as exponent, got {n!r}.")
    if n == 0:
        return np.zeros_like(a)  # np.linalg.matrix_power itself gives the value
    if n < 0:
        a, n = np.linalg.inv(a), -n
    y: Any = None
    while n:  # by the binary digits of n
        if n & 1:
            y = +a if y is None else matmul(y, a)
        n >>= 1
        if n:
            a = matmul(a, a)
    return y


@implements(np.trace)
def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    a = as_dtype(array(a), dtype)
    i, j = axis_from_end(axis1, a.ndim), axis_from_end(axis2, a.ndim)
    return into(out, along(lambda t: np.trace(t, offset, i, j), a))


# -- stacks of vectors and matrices: ufuncs with a signature -------------------------------


def _of_stacks(ufunc: Any, f: Callable[[Any, Any], Any]) -> None:
    """f takes vectors and matrices in the last axes; axes=, axis= and keepdims= move them."""

    @composing(ufunc)
    def of_stacks(
        a: Any, b: Any, /, *, axes: Any = None, axis: Any = None, keepdims: bool = False
    ) -> Any:
        a, b = array(a), array(b)
        if axis is not None:
            axes = [axis, axis, axis if keepdims else ()]
        places = [e if isinstance(e, tuple) else (e,) for e in axes or ()]
        a, b = (
            np.moveaxis(x, place, range(-len(place), 0))
            for x, place in zip((a, b), places or ((), ()), strict=False)
        )
        y = f(a, b)
        if keepdims:
            y = np.reshape(y, (*np.shape(plain(y)), 1))
        if len(places) > 2:
            y = np.moveaxis(y, range(-len(places[2]), 0), places[2])
        return y


def _vecdot(a: Any, b: Any) -> Any:
    return np.einsum("...i,...i->...", _conj(a), b)


def _matvec(a: Any, x: Any) -> Any:
    return matmul(a, x[..., None])[..., 0]


def _vecmat(x: Any, a: Any) -> Any:
    return matmul(_conj(x)[..., None, :], a)[..., 0, :]


_of_stacks(np.matmul, matmul)
_of_stacks(np.vecdot, _vecdot)
if hasattr(np, "matvec"):  # NumPy 2.2
    _of_stacks(np.matvec, _matvec)
    _of_stacks(np.vecmat, _vecmat)


@implements(np.linalg.matmul)
def linalg_matmul(x1: Any, x2: Any, /) -> Any:
    return matmul(array(x1), array(x2))


@composing(np.linalg.vecdot)
def linalg_vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    a, b = np.moveaxis(array(x1), axis, -1), np.moveaxis(array(x2), axis, -1)
    return _vecdot(a, b)


# -- sums over subscripts ------------------------------------------------------------------

plain_answer(np.einsum_path)


@implements(np.einsum)
def einsum(
    *operands: Any,
    out: Any = None,
    optimize: Any = False,
    dtype: Any = None,
    order: Any = "K",
    casting: Any = "safe",
) -> Any:
    terms, result, arrays = _subscripts(operands)
    arrays = [as_dtype(a, dtype) for a in arrays]
    if not has_duals(*arrays):
        return into(out, np.einsum(f"{','.join(terms)}->{result}", *arrays, optimize=optimize))
    if optimize is True or isinstance(optimize, str):
        numbers = map(plain, arrays)
        optimize = np.einsum_path(f"{','.join(terms)}->{result}", *numbers, optimize=optimize)[0]

    def product(*xs: Any) -> Any:
        return np.einsum(f"{','.join(terms)}->{result}", *xs, optimize=optimize)

    if len(arrays) == 1:  # a sum, or a view: a diagonal or a transpose
        return into(out, linear(product, *arrays))

    def starting_with(places: frozenset[int]) -> Callable[..., Any]:
        order = sorted(range(len(terms)), key=lambda i: i not in places)
        text = f"{','.join(terms[i] for i in order)}->{result}"
        return lambda *xs: np.einsum(text, *(xs[i] for i in order))

    # One direction after the other: as one more subscript they would change the order of sums.
    return into(out, multilinear(SumOfProducts(product, (), starting_with), *arrays))


def _subscripts(operands: Sequence[Any]) -> tuple[list[str], str, list[Any]]:
    """The terms, the result's subscripts, and the arrays, of either form of np.einsum."""
    if isinstance(operands[0], str):
        text, arrays = operands[0].replace(" ", ""), operands[1:]
        given, arrow, result = text.partition("->")
        terms = given.split(",")
    else:  # array, list, array, list, …, and perhaps a list for the result
        arrays = operands[: len(operands) // 2 * 2 : 2]
        terms = [_letters(s) for s in operands[1::2]]
        arrow, result = (">", _letters(operands[-1])) if len(operands) % 2 else ("", "")
    if len(terms) != len(arrays):
        raise ValueError(
            f"np.einsum got {len(arrays)} arrays for {len(terms)} terms of subscripts."
        )
    if not arrow:  # what occurs once, in order
        everything = "".join(terms).replace("...", "")
        result = "..." if any("..." in term for term in terms) else ""
        result += "".join(c for c in sorted(set(everything)) if everything.count(c) == 1)
    return terms, result, [array(a) for a in arrays]


def _letters(subscripts: Sequence[Any]) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # as NumPy numbers them
    return "".join("..." if i is Ellipsis else letters[i] for i in subscripts)


# -- sliding products ----------------------------------------------------------------------


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    a, v = (np.reshape(x, x.shape or 1) for x in (array(a), array(v)))
    return multilinear(lambda x, w: np.convolve(x, w, mode), a, v)


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    a, v = (np.reshape(x, x.shape or 1) for x in (array(a), array(v)))
    return multilinear(lambda x, w: np.correlate(x, w, mode), a, v)
