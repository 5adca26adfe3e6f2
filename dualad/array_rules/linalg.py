"""numpy.linalg: linear systems, determinants, norms.

One formula per function, in functions that differentiate themselves: values may be duals of an
older level, so derivatives of higher order come from the same formulas. Directions stand in
front of the stack axes, where a formula in matrix products holds for one and for many.

The formulas are those of M. Giles, "Collected matrix derivative results for forward and reverse
mode algorithmic differentiation" (2008), unless a function says otherwise.
"""

from __future__ import annotations

import functools
import math
from itertools import permutations
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.linalg import LinAlgError

from ..array.dualarray import DualArray
from ..array.operands import as_operand
from ..array.protocols import implements, plain_answer
from ..array.undefined import undefined
from ..dual import Dual
from ..pair import dual, newest, parts, plain
from ..zeros import scale
from .common import reduced
from .matrices import (
    adjoint,
    at_finite,
    from_triangle,
    has_moved,
    has_small_singular_value,
    is_complex,
    is_left,
    is_singular,
    largest,
    lower_if_hermitian,
    reciprocal,
    result,
    rounding,
    tangent_of,
    total,
    without_cancellation,
)

# -- linear systems ------------------------------------------------------------------------


@implements(np.linalg.inv)
@at_finite(np.linalg.inv)
def inv(a: Any) -> Any:
    a = as_operand(a)
    y = np.linalg.inv(a.primal)
    return result(y, -tangent_of(y @ (a @ y), a.level), a.level)


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    """b − a·x for the solution x at hand changes by what a·ẋ must make up for."""
    a, b = as_operand(a), as_operand(b)
    if np.ndim(b) == 1:
        return solve(a, b[:, None])[..., 0]
    level = newest((a, b))
    v, w = parts(a, level)[0], parts(b, level)[0]
    y = np.linalg.solve(v, w)
    return result(y, tangent_of(np.linalg.inv(v) @ (b - a @ y), level), level)


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = as_operand(a), as_operand(b)
    if axes is not None:
        last = [int(i) % a.ndim for i in axes]
        a = np.transpose(a, [*(i for i in range(a.ndim) if i not in last), *last])
    shape = a.shape[b.ndim :]
    n = int(np.prod(shape))
    if a.size != n * n:
        raise LinAlgError(
            "tensorsolve needs an a with prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim]), "
            f"got shapes {a.shape} and {b.shape}."
        )
    return np.reshape(np.linalg.solve(np.reshape(a, (n, n)), np.reshape(b, -1)), shape)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    a = as_operand(a)
    if ind <= 0:
        raise ValueError(f"tensorinv: ind is a number of axes, 1 or more; got {ind}.")
    shape = a.shape[ind:] + a.shape[:ind]
    y = np.linalg.inv(np.reshape(a, (int(np.prod(a.shape[:ind])), -1)))
    return np.reshape(y, shape)


_RANK = (
    "the matrix is not of full rank, and nearby matrices have another rank, where its "
    "pseudoinverse jumps; remove dependent columns, or add a small multiple of the identity to "
    "A.T @ A and use np.linalg.solve."
)
_CUT = (
    "rcond cuts off singular values that are not zero, and then the pseudoinverse of what is "
    "left has no formula here; lower rcond, or compose it from np.linalg.svd."
)


def _jumps(a: Any, x: Any) -> tuple[Any, str]:
    """For which matrices of a stack the pseudoinverse x has no derivative, and why."""
    v, dot, number, inverse = a.primal, a.tangent, plain(a), plain(x)
    eps = rounding(a) * max(a.shape[-2:]) * largest(number) * largest(inverse)
    cut = np.any(
        abs(number - number @ inverse @ number) > eps * largest(number), axis=(-2, -1)
    ) & has_moved(dot, a.ndim - 2)
    full = np.rint(np.trace(inverse @ number, axis1=-2, axis2=-1).real) == min(a.shape[-2:])
    if np.all(full & ~cut):
        return cut, _RANK
    left = dot - v @ (x @ dot)
    whole = without_cancellation(v, x, dot, x, v)
    leaves = np.any(is_left(left - (left @ x) @ v, whole, rounding(a), a.ndim), axis=-1)
    return cut | leaves & ~full, _CUT if np.any(cut) else _RANK


@implements(np.linalg.pinv)
@at_finite(np.linalg.pinv, lower_if_hermitian)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, **options: Any) -> Any:
    """While the rank stays: G. Golub and V. Pereyra, "The differentiation of pseudo-inverses
    and nonlinear least squares problems whose variables separate" (1973), equation 4.12."""
    a = as_operand(a)
    y = np.linalg.pinv(a.primal, rcond, hermitian, **options)
    if hermitian:
        a = from_triangle(a, "L")
    where, why = _jumps(a, y)
    tall = a.shape[-2] >= a.shape[-1]
    tangent = _pinv_tangent(a, y) if tall else adjoint(_pinv_tangent(adjoint(a), adjoint(y)))
    return undefined(result(y, tangent, a.level), where[..., None, None], why)


def _pinv_tangent(a: Any, x: Any) -> Any:
    """−xȧx + x·xᴴ·ȧᴴ·(1 − vx) + (1 − xv)·ȧᴴ·xᴴ·x for tall v, never as tall squared."""
    v, dot = a.primal, a.tangent
    behind = adjoint(dot)
    rest = np.eye(v.shape[-1], dtype=plain(v).dtype) - x @ v
    return (
        (x @ adjoint(x)) @ (behind - (behind @ v) @ x)
        + (rest @ (behind @ adjoint(x))) @ x
        - (x @ dot) @ x
    )


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """As `pinv`, applied to b. The residuals are stationary in x."""
    a, b = as_operand(a), as_operand(b)
    level = newest((a, b))
    v, w = parts(a, level)[0], parts(b, level)[0]
    x, residuals, rank, s = np.linalg.lstsq(v, w, rcond)
    column = np.ndim(w) == 1
    columns = x[:, None] if column else x
    rest = (b[:, None] if column else b) - a @ columns
    r = parts(rest, level)[0]
    if rcond is None or rcond == -1:
        eps = float(np.finfo(np.result_type(plain(v), plain(w))).eps)
        rcond = eps if rcond == -1 else eps * max(v.shape)
    inverse = np.linalg.pinv(v, rcond)
    moves = inverse @ tangent_of(rest, level)
    where, why = np.False_, ""
    if isinstance(a, Dual) and a.level == level:
        where, why = _jumps(a, inverse)
        turned = adjoint(a.tangent)
        moves = moves + inverse @ (adjoint(inverse) @ (turned @ r))
        if rank < v.shape[1]:
            lift = turned @ (adjoint(inverse) @ columns)
            moves = moves + lift - inverse @ (v @ lift)
        s = dual(s, tangent_of(np.linalg.svdvals(a), level), level)
    if np.size(residuals):
        changes = total(np.real(np.conj(r) * tangent_of(rest, level)), (-2,))
        residuals = result(residuals, 2 * changes, level)
    moves = moves[..., 0] if column else moves
    return undefined(result(x, moves, level), where, why), residuals, rank, s


# -- determinants --------------------------------------------------------------------------

_FEW = 4  # a determinant of so few rows is expanded
_CONDITION = 1e4  # up to this condition number the inverse gives higher derivatives accurately


@implements(np.linalg.det)
def det(a: Any) -> Any:
    """Jacobi: the derivative is the trace of adj(a)·ȧ, also where a is singular.

    The adjugate of a small one is expanded. That of a larger one is det(a)·inv(a),
    and where that would lose digits the determinant is split into a part of full rank and a small
    one.
    """
    a = as_operand(a)
    if a.shape[-1] > _FEW:
        return _det_of_large(a)
    y = np.linalg.det(a.primal)
    slopes = _cofactors(a.primal)
    tangent = total(scale(slopes, a, a.primal, zero_slope_wins=False), (-2, -1))
    return result(y, tangent, a.level)


@at_finite(np.linalg.det)
def _det_of_large(a: Any) -> Any:
    y = np.linalg.det(a.primal)
    if _is_safe(a, plain(y)):
        cofactors = np.matrix_transpose(np.linalg.inv(a.primal))
        tangent = y * total(cofactors * a.tangent, (-2, -1))
    else:
        each = np.stack([_split(m) for m in np.reshape(a, (-1, *a.shape[-2:]))])
        tangent = tangent_of(np.reshape(each, a.shape[:-2]), a.level)
    return result(y, tangent, a.level)


@functools.cache
def _permutations(n: int) -> tuple[Any, Any]:
    """All permutations of n places, and their signs."""
    orders = np.array(list(permutations(range(n))), dtype=int).reshape(math.factorial(n), n)
    return orders, np.rint(np.linalg.det(np.eye(n)[orders]))


def _expanded(a: Any) -> Any:
    """Leibniz' formula."""
    order, signs = _permutations(a.shape[-1])
    product = signs.astype(plain(a).dtype)
    if not a.shape[-1]:
        return np.sum(a, axis=(-2, -1))  # the derivative of 1
    for i in range(a.shape[-1]):
        product = product * a[..., i, order[:, i]]
    return np.sum(product, axis=-1)


def _cofactors(a: Any) -> Any:
    """Leibniz' formula without each element in turn: the products with it, where it is left out."""
    n = a.shape[-1]
    if not n:
        return a
    order, signs = _permutations(n)
    through = np.argsort(order, axis=0, kind="stable").reshape(n, -1, n)  # element j of row i
    picked = [a[..., i, order[:, i]] for i in range(n)]
    rows = []
    for i in range(n):
        others = signs.astype(plain(a).dtype)
        for j in range(n):
            others = others if j == i else others * picked[j]
        rows.append(np.sum(others[..., through[..., i]], axis=-1))
    return np.stack(rows, axis=-2)


def _is_safe(a: Any, y: Any) -> bool:
    """Whether det(a)·inv(a) is the adjugate, and if that is to be differentiated, accurately.

    Both come from the same pivots, whose errors cancel; but derivatives of the two do not.
    """
    v, kind = plain(a), np.finfo(a.dtype)
    try:
        inverse = np.linalg.inv(v)
    except LinAlgError:
        return False
    size = np.linalg.norm(v, axis=(-2, -1)) * np.linalg.norm(inverse, axis=(-2, -1))
    limit = 2 * _CONDITION if isinstance(a.primal, Dual) else 0.01 / kind.eps
    far = (abs(y) < kind.tiny) | np.isinf(y)
    return not np.any(far | (size > a.shape[-1] * limit))


def _split(a: Any) -> Any:
    """det(a) for one matrix of any rank, in a form that differentiates accurately.

    In the basis of its singular vectors, which is only a constant here, a is close to diagonal:
    one block of full rank, and Schur's complement, a smaller matrix, for what is (almost) zero.
    """
    u, s, vh = np.linalg.svd(plain(a))
    n = len(s)
    full = int(np.sum(s > s[0] / _CONDITION))
    if not full:  # zeros: more of them multiplied than there are levels vanish
        return _expanded(a) if n <= _levels(a) else 0 * a[0, 0]
    scale = np.exp2(np.mean(np.log2(s[:full])))
    b = adjoint(u) @ (a / scale) @ adjoint(vh)
    block = b[:full, :full]
    small = b[full:, full:] - b[full:, :full] @ np.linalg.inv(block) @ b[:full, full:]
    turns = np.linalg.det(u) * np.linalg.det(vh)
    with np.errstate(all="ignore"):  # det may overflow
        return np.linalg.det(block) * np.linalg.det(small) * turns * scale ** (n - 1) * scale


def _levels(x: Any) -> int:
    return 1 + max(_levels(x.primal), _levels(x.tangent)) if isinstance(x, Dual) else 0


_SINGULAR = (
    "the logarithm of a determinant has no derivative where the matrix is singular; use "
    "np.linalg.det, which has one."
)


@implements(np.linalg.slogdet)
@at_finite(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    a = as_operand(a)
    y = sign, logdet = np.linalg.slogdet(a.primal)
    singular = is_singular(plain(a))
    identity = np.eye(a.shape[-1], dtype=a.dtype)
    inverse = np.linalg.inv(np.where(singular[..., None, None], identity, a.primal))
    slope = total(np.matrix_transpose(inverse) * a.tangent, (-2, -1))
    lost = singular & has_moved(a.tangent, a.ndim - 2)
    size = undefined(result(logdet, np.real(slope), a.level), lost, _SINGULAR)
    if is_complex(a):
        turn = result(sign, sign * (1j * np.imag(slope)), a.level)
        return y._replace(sign=undefined(turn, lost, _SINGULAR), logabsdet=size)
    return y._replace(sign=plain(sign), logabsdet=size)


# -- norms ---------------------------------------------------------------------------------


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """At zero a norm is a kink with derivative 0; several largest elements share it."""
    x = as_operand(x)
    if not isinstance(x, DualArray):  # a number
        x = np.reshape(x, ())
    if axis is not None and not isinstance(axis, (tuple, list)):
        axis = int(axis)  # as NumPy does, so that np.True_ is 1
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    if 0 in [x.shape[i] for i in axes]:  # of no numbers: by NumPy's version an error
        return np.linalg.norm(plain(x), ord, axis, keepdims)
    frobenius = ord is None or (isinstance(ord, str) and ord in ("f", "fro"))
    if (
        (ord is None and axis is None)
        or (frobenius and len(axes) == 2)
        or (ord in (None, 2) and len(axes) == 1)
    ):
        y = _euclidean(x, ord, axis, axes)
    elif len(axes) == 1:
        y = _vector_norm(np.moveaxis(x, axes, (-1,)), ord, keepdims)
    elif len(axes) == 2:
        y = _matrix_norm(np.moveaxis(x, axes, (-2, -1)), ord)
    else:
        raise ValueError("norm takes one axis for vectors or two for matrices.")
    return np.reshape(y, reduced(x.shape, axes, True)) if keepdims else y


def _euclidean(x: Any, ord: Any, axis: Any, axes: tuple[int, ...]) -> Any:
    """The slope is the unit vector."""
    v = x.primal
    y = np.linalg.norm(v, ord, axis)
    kind = np.finfo(x.dtype)
    with np.errstate(all="ignore"):
        if np.all((plain(y) > math.sqrt(kind.tiny) / kind.eps) & np.isfinite(plain(y))):
            unit = _polar(v, axes, np.expand_dims(plain(y), axes))[1]
        else:  # zero, or squares that underflow or overflow
            size = np.max(abs(plain(v)), axis=axes, keepdims=True, initial=0)
            unit = _polar(v / np.where((size > 0) & np.isfinite(size), size, 1), axes)[1]
        back = tuple(i - x.ndim for i in axes)
        return result(y, total(_beside(unit, x.tangent), back), x.level)


def _beside(unit: Any, t: Any) -> Any:
    return np.real(np.conj(unit) * t) if is_complex(unit) else unit * t


def _polar(v: Any, axes: tuple[int, ...], length: Any = None) -> tuple[Any, Any]:
    """Length and unit vector, which is 0 at zero; their tangents do not cancel.

    u̇ = (v̇ − u·(u·v̇))/|v|, where the difference is small beside v̇ if v̇ is along an element that
    outweighs all others. There 1 − u² is the sum of the other squares.
    """
    has_series = isinstance(v, DualArray) and getattr(v.level, "has_series", False)
    if not isinstance(v, DualArray) or has_series:
        if length is None or has_series:
            length = np.sqrt(np.sum((np.conj(v) * v).real, axis=axes, keepdims=True))
        return length, v * reciprocal(length, length == 0)
    length, u = _polar(v.primal, axes, length)
    t, back = v.tangent, tuple(i - v.ndim for i in axes)
    size = abs(plain(v))
    most = size == np.max(size, axis=axes, keepdims=True, initial=0)
    most = most & (np.sum(most, axis=axes, keepdims=True) == 1)
    along = _beside(u, t)

    def summed(x: Any) -> Any:
        return np.expand_dims(total(x, back), back)

    of_most, of_rest = summed(along * most), summed(along * ~most)
    turned = t * np.where(most, summed(_beside(u, u) * ~most), 1) - u * (of_rest + of_most * ~most)
    if is_complex(u):
        turned = turned + u * (np.imag(np.conj(u) * t) * most * 1j)
    turned = turned * reciprocal(length, plain(length) == 0)
    return result(length, of_rest + of_most, v.level), result(u, turned, v.level)


def _vector_norm(x: Any, ord: Any, keepdims: bool) -> Any:
    """Along the last axis, which stays if asked to: powers of arrays round otherwise."""
    if isinstance(ord, str):
        raise ValueError(f"norm of a vector takes a number or None for ord, got {ord!r}.")
    if ord == 0:
        return np.linalg.norm(plain(x), 0, -1)
    size = np.abs(x)
    if ord in (np.inf, -np.inf):
        return _extreme(size, ord > 0)
    if ord == 1:
        return np.sum(size, axis=-1)
    root = np.reciprocal(ord, dtype=size.dtype)
    return np.sum(size**ord, axis=-1, keepdims=keepdims) ** root


def _matrix_norm(x: Any, ord: Any) -> Any:
    if isinstance(ord, str) and ord == "nuc":
        return np.sum(np.linalg.svdvals(x), axis=-1)
    if ord in (2, -2):
        s = np.linalg.svdvals(x)
        return s[..., 0 if ord == 2 else -1][()]
    if ord in (1, -1, np.inf, -np.inf):
        sums = np.sum(np.abs(x), axis=-2 if abs(ord) == 1 else -1)
        return _extreme(sums, ord > 0)
    raise ValueError(
        "norm of a matrix takes 'fro', 'nuc', inf, -inf, 1, -1, 2, -2 or None for ord, "
        f"got {ord!r}."
    )


def _extreme(x: Any, top: bool) -> Any:
    """The largest or smallest number along the last axis."""
    return np.max(x, axis=-1) if top else np.min(x, axis=-1)


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    x = as_operand(x)
    axes = normalize_axis_tuple(range(np.ndim(x)) if axis is None else axis, np.ndim(x))
    rest = [i for i in range(np.ndim(x)) if i not in axes]
    shape = np.shape(x)
    length = int(np.prod([shape[i] for i in axes]))
    joined = np.reshape(np.transpose(x, [*axes, *rest]), (length, *(shape[i] for i in rest)))
    y = np.linalg.norm(joined, ord, axis=0)
    return np.reshape(y, reduced(shape, axes, True)) if keepdims else y


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return np.linalg.norm(x, ord, axis=(-2, -1), keepdims=keepdims)


_INFINITE = "the condition number of a singular matrix is infinite, and has no derivative."


@implements(np.linalg.cond)
@at_finite(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    x = as_operand(x)
    y = np.linalg.cond(x.primal, p)
    by_singular_values = p is None or p in (2, -2)
    singular = by_singular_values and p != -2 and has_small_singular_value(plain(x))
    singular = singular | np.isinf(plain(y)) if by_singular_values else is_singular(plain(x))
    safe = np.where(singular[..., None, None], np.eye(*x.shape[-2:], dtype=x.dtype), x)
    ratio: Any
    if by_singular_values:
        s = np.linalg.svdvals(safe)
        ratio = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    else:
        axes = (-2, -1)
        ratio = np.linalg.norm(safe, p, axes) * np.linalg.norm(np.linalg.inv(safe), p, axes)
    if is_complex(y):  # before NumPy 2.1
        ratio = ratio * (1 + 0j)
    lost = singular & has_moved(x.tangent, x.ndim - 2)
    return undefined(result(y, tangent_of(ratio, x.level), x.level), lost, _INFINITE)


plain_answer(np.linalg.matrix_rank)


# -- parts of matrices ---------------------------------------------------------------------


@implements(np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    return np.matrix_transpose(x)


@implements(np.linalg.diagonal)
def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return np.diagonal(x, offset, axis1=-2, axis2=-1)


@implements(np.linalg.trace)
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return np.trace(x, offset, -2, -1, dtype)
