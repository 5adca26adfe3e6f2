"""What the formulas of linear algebra share.

Matrices are the last two axes of an array; stacks of them, and directions, stand in front.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..array.algebra import linear
from ..array.operands import as_operand
from ..conversions import as_number
from ..dual import Dual
from ..pair import dual, fit, map_leaves, parts, plain


def adjoint(x: Any) -> Any:
    turned = np.matrix_transpose(x)
    return np.conj(turned) if is_complex(x) else turned


def is_complex(x: Any) -> bool:
    return bool(np.iscomplexobj(plain(x)))


def diagonal_of(x: Any) -> Any:
    i = np.arange(min(x.shape[-2:]))
    return x[..., i, i]


def rounding(x: Any) -> float:
    """Rounding errors of a matrix function, next to its largest elements."""
    eps = float(np.finfo(plain(x).dtype).eps)
    return 16.0 * max(map(int, x.shape[-2:])) * eps


def has_small_singular_value(v: Any) -> Any:
    """Which matrices of a stack have a singular value that is zero but for rounding errors."""
    s = np.linalg.svdvals(v)
    return s[..., -1] <= rounding(v) / 4 * s[..., 0]


def is_singular(v: Any) -> Any:
    """Which matrices of a stack are singular to within rounding, however their rows are scaled.

    An elimination without rounding errors would end in a pivot 0; what it ends in is chance, and
    differs between processors. R. Skeel's condition number (1979), max of |v⁻¹|·|v|, tells.
    """
    with np.errstate(all="ignore"):
        is_zero = np.linalg.slogdet(v)[0] == 0
        safe = np.where(is_zero[..., None, None], np.eye(v.shape[-1], dtype=v.dtype), v)
        condition = np.max(abs(np.linalg.inv(safe)) @ abs(safe), axis=(-2, -1), initial=0)
        return is_zero | (condition * rounding(v) > 4)


def total(x: Any, axes: tuple[int, ...]) -> Any:
    """The sum over axes counted from the end, in the same order for every memory layout."""
    last = tuple(range(-len(axes), 0))
    if axes != last:
        x = np.moveaxis(x, axes, last)
    rest = x.shape[: x.ndim - len(axes)]
    x = np.reshape(x, (*rest, math.prod(x.shape[len(rest) :])))
    array = plain(x)
    if isinstance(array, np.ndarray) and not array.flags.c_contiguous:
        x = np.copy(x, "C")
    return np.sum(x, axis=-1)


def tangent_of(x: Any, level: int) -> Any:
    return parts(x, level)[1]


def result(y: Any, tangent: Any, level: int) -> Any:
    tangent = fit(tangent, y)
    return dual(y, tangent if np.ndim(tangent) else as_number(tangent), level)


def at_finite(
    f: Callable[..., Any], read: Callable[..., Any] = lambda v, *args, **options: v
) -> Callable[..., Any]:
    """What f of NumPy does to duals, by a rule that is asked for finite matrices alone.

    What LAPACK makes of nan and infinity is NumPy's value or error. The decompositions behind
    a slope may fail there or never end, though the plain run gives a number; its slope is nan. What
    is recorded, or a series, asks for none of them before there is a slope to be had. `read` gives
    what f reads of a matrix, with its options.
    """

    def enter(rule: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(rule)
        def anywhere(a: Any, *args: Any, **options: Any) -> Any:
            a = as_operand(a)
            v = plain(a)
            if np.ndim(v) > 1:
                v = read(v, *args, **options)
            if np.ndim(v) < 2 or type(a.level) is not int or np.isfinite(v).all():
                return rule(a, *args, **options)
            finite = np.isfinite(v).all(axis=(-2, -1))
            y = f(a.primal, *args, **options)
            some = np.eye(*v.shape[-2:], dtype=v.dtype)
            safe = rule(np.where(finite[..., None, None], a, some), *args, **options)
            return _undefined_but(finite, y, safe, a.level)

        return anywhere

    return enter


def lower_if_hermitian(v: Any, *_: Any, hermitian: bool = False, **__: Any) -> Any:
    """What is read of a matrix that is said to be Hermitian, or not."""
    return np.tril(v) if hermitian else v


def triangle(v: Any, UPLO: Any = "L", *, upper: bool = False) -> Any:
    """The lower triangle, or the upper one if that is asked for."""
    return np.triu(v) if upper or UPLO in ("U", "u") else np.tril(v)


def _undefined_but(finite: Any, y: Any, safe: Any, level: int) -> Any:
    """y, one or several stacks, with the tangents of others at finite matrices; elsewhere nan."""
    if isinstance(y, tuple):
        found = [_undefined_but(finite, *pair, level) for pair in zip(y, safe, strict=True)]
        return type(y)(*found)
    tangent = parts(safe, level)[1]
    if tangent is None:
        return y
    inside = (1,) * (np.ndim(y) - finite.ndim)
    return result(y, tangent * np.where(finite, 1, np.nan).reshape(finite.shape + inside), level)


def largest(x: Any) -> Any:
    """The largest size of an element in each matrix."""
    return np.max(abs(x), axis=(-2, -1), keepdims=True, initial=0)


def arrays(x: Any) -> Iterator[Any]:
    """The plain arrays in a nested dual."""
    if isinstance(x, Dual):
        yield from arrays(x.primal)
        yield from arrays(x.tangent)
    else:
        yield x


def anywhere(found: Any, ndim: int) -> Any:
    """Answers per direction as one answer."""
    return np.any(found, axis=tuple(range(np.ndim(found) - ndim)))


def has_moved(tangent: Any, ndim: int) -> Any:
    """Which matrices of a stack with `ndim` axes have a tangent other than zero."""
    return sum(anywhere(np.any(t != 0, axis=(-2, -1)), ndim) for t in arrays(tangent)) > 0


def without_cancellation(*factors: Any) -> Any:
    """The product of the sizes of matrices: what rounding errors of their product compare to."""
    sizes = [map_leaves(np.abs, x) for x in factors]
    return functools.reduce(operator.matmul, sizes)


def compared(x: Any, whole: Any) -> Iterator[tuple[Any, Any]]:
    """The plain arrays in a nested dual, each with that of another which stands in its place."""
    if isinstance(x, Dual):
        value, dot = parts(whole, x.level)
        yield from compared(x.primal, value)
        yield from compared(x.tangent, x.tangent if dot is None else dot)
    else:
        yield x, plain(whole)


def is_left(x: Any, whole: Any, eps: Any, ndim: int) -> Any:
    """Which columns of the matrices x are not zero, next to the whole that they are left of."""
    columns = (np.any(abs(t) > eps * largest(w), axis=-2) for t, w in compared(x, whole))
    return functools.reduce(operator.or_, (anywhere(found, ndim - 1) for found in columns))


def reciprocal(x: Any, zero: Any) -> Any:
    """1/x, and 0 where x counts as zero."""
    return np.where(zero, 0, 1 / np.where(zero, 1, x))


def from_triangle(a: Any, uplo: str) -> Any:
    """The Hermitian matrix that LAPACK reads from one triangle; the diagonal counts as real."""
    triangle, k = (np.tril, -1) if uplo.upper() == "L" else (np.triu, 1)

    def read(x: Any) -> Any:
        inside = triangle(x, k)
        diagonal = triangle(x) - inside
        return inside + adjoint(inside) + (diagonal + adjoint(diagonal)) / 2

    return linear(read, a, batched=read) if isinstance(a, Dual) else read(a)
