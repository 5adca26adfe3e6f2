"""numpy.linalg: eigenvalues, singular values, and the factorisations of a matrix.

The formulas are those of M. Giles, "Collected matrix derivative results for forward and reverse
mode algorithmic differentiation" (2008), unless a function says otherwise.

Repeated eigenvalues and singular values are a kink: each one has the mean of their derivatives,
so that symmetric functions of them are right. What does not exist there, the derivative of a
single vector, is `undefined`, and so are the derivatives of higher order that would need it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array.operands import as_operand
from ..array.protocols import implements
from ..array.undefined import known, undefined
from ..dual import Dual
from ..pair import plain, zero_like
from .matrices import (
    adjoint,
    anywhere,
    at_finite,
    compared,
    diagonal_of,
    from_triangle,
    has_moved,
    is_complex,
    is_left,
    largest,
    lower_if_hermitian,
    reciprocal,
    result,
    rounding,
    tangent_of,
    total,
    triangle,
    without_cancellation,
)

# -- eigenvalues ---------------------------------------------------------------------------

_REPEATED = (
    "an eigenvector of a repeated eigenvalue has no derivative where the perturbation splits it, "
    "and such eigenvalues have no second derivative; use functions of the matrix itself (np.trace, "
    "np.linalg.det, inv, solve), or the vectors of the other eigenvalues, v[:, i]."
)
_DEFECTIVE = (
    "a repeated eigenvalue without as many eigenvectors has no derivative: it moves like a root "
    "of the perturbation; use functions of the matrix itself, such as np.trace or np.linalg.det."
)


def _clusters(w: Any, eps: float) -> Any:
    """Which of sorted numbers are equal, up to eps of the largest: a matrix of yes and no."""
    steps = abs(np.diff(w, axis=-1)) > eps * np.max(abs(w), axis=-1, keepdims=True, initial=0)
    number = np.cumsum(steps, axis=-1)
    number = np.concatenate([np.zeros_like(w[..., :1], int), number], axis=-1)
    return number[..., :, None] == number[..., None, :]


def _mean(x: Any, same: Any) -> Any:
    """In each cluster the mean of its elements."""
    if np.all(same.sum(axis=-1) == 1):
        return x
    share = (same / same.sum(axis=-1, keepdims=True)).astype(plain(x).dtype)
    return (share @ x[..., None])[..., 0]


def _is_split(p: Any, factors: tuple[Any, ...], same: Any, eps: float) -> Any:
    """In which clusters the matrix p (or a tangent in it) is not a multiple of the identity.

    It is the product of the factors, or their Hermitian part.
    """
    where = np.zeros(same.shape[:-1], bool)
    if np.all(same.sum(axis=-1) == 1):
        return where
    identity = np.eye(same.shape[-1], dtype=bool)
    for t, whole in compared(p, without_cancellation(*factors)):
        wanted = np.where(identity, _mean(diagonal_of(t), same)[..., None], 0)
        off = abs(np.where(same, t, 0) - wanted)
        found = np.any(off > eps * largest(whole), axis=-2)
        where = where | anywhere(found, same.ndim - 1)
    return np.any(same & where[..., None, :], axis=-1)


def _turn(pivot: Any, moves: Any) -> Any:
    """How fast complex vectors turn, so that the element that LAPACK leaves real stays real.

    Where that element is zero nothing fixes the phase, and the vector does not turn.
    """
    number = plain(pivot)
    eps = np.finfo(number.dtype).eps
    fixed = (abs(number.imag) <= 8 * eps) & (abs(number.real) > np.sqrt(eps))
    return 1j * np.where(fixed, -np.imag(moves) / np.where(fixed, pivot.real, 1), 0)[..., None, :]


def _unsure(x: Any, axis: int = -2) -> Any:
    """Which vectors in x lack a derivative of an older level, and so what is made of them."""
    return np.any(np.broadcast_to(known(x)[1], np.shape(x)), axis=axis)


def _made(y: Any, tangent: Any, unsure: Any, level: int, why: str = _REPEATED) -> Any:
    """A dual whose tangent is undefined at an older level where it is made of what is so.

    What reverse mode has for a tangent cannot say that, and the dual has no derivative there.
    """
    if isinstance(tangent, Dual):
        return result(y, undefined(tangent, unsure, why), level)
    return undefined(result(y, tangent, level), unsure, why)


def _eigen(a: Any, w: Any, vectors: Any) -> tuple[Any, Any, Any]:
    """Slopes of the eigenvalues; vᴴ·ȧ·v, whose diagonal they are; and which are equal."""
    v = known(vectors)[0]
    p = tangent_of(adjoint(v) @ a @ v, a.level)
    same = _clusters(plain(w), rounding(a))
    return _mean(np.real(diagonal_of(p)), same), p, same


@implements(np.linalg.eigvalsh)
@at_finite(np.linalg.eigvalsh, triangle)
def eigvalsh(a: Any, UPLO: Any = "L") -> Any:
    a = as_operand(a)
    w = np.linalg.eigvalsh(a.primal, UPLO)
    vectors = np.linalg.eigh(a.primal, UPLO)[1]
    slopes, _, _ = _eigen(from_triangle(a, UPLO), w, vectors)
    return _made(w, slopes, _unsure(vectors), a.level)


@implements(np.linalg.eigh)
@at_finite(np.linalg.eigh, triangle)
def eigh(a: Any, UPLO: Any = "L") -> Any:
    a = as_operand(a)
    y = w, vectors = np.linalg.eigh(a.primal, UPLO)
    a = from_triangle(a, UPLO)
    slopes, p, same = _eigen(a, w, vectors)
    v, numbers = known(vectors)[0], known(w)[0]
    unsure = _unsure(vectors)
    simple = same.sum(axis=-1) == 1
    if a.ndim == 2 and np.any(unsure) and np.any(simple) and not np.any(unsure & simple):
        unsure, somewhere = ~simple, ~simple[None, :]
        dot = _beside_clusters(a, w, vectors, simple)
    else:
        somewhere = np.any(unsure, axis=-1)[..., None, None]
        dot = v @ (reciprocal(numbers[..., None, :] - numbers[..., :, None], same) * p)
    if is_complex(v) and v.size:
        row = 0 if UPLO.upper() == "L" else -1
        dot = dot + v * _turn(v[..., row, :], dot[..., row, :])
    split = _is_split(p, (adjoint(v), a.tangent, v), same, rounding(a))[..., None, :]
    return y._replace(
        eigenvalues=_made(w, slopes, unsure, a.level),
        eigenvectors=undefined(_made(vectors, dot, somewhere, a.level), split, _REPEATED),
    )


def _beside_clusters(a: Any, w: Any, vectors: Any, simple: Any) -> Any:
    """Tangents of the vectors of simple eigenvalues, by no other vector; those between are 0.

    Of w and v it is −(a − w + v·vᴴ)⁻¹·ȧ·v, without its part along v.
    """
    w, v = w[simple, None, None], vectors[:, simple].T[..., None]
    along = v @ adjoint(v)
    bordered = a.primal - w * np.eye(a.shape[-1]) + along
    dot = tangent_of((along - np.linalg.inv(bordered)) @ (a @ v), a.level)
    dot = np.matrix_transpose(dot[..., 0])
    places = np.cumsum(simple) - 1  # of each vector among them
    return np.where(simple, dot[..., places], 0)


def _eig(a: Any) -> tuple[Any, ...]:
    """Eigenvectors keep length 1, and their largest element stays real, as LAPACK leaves them."""
    y = w, vectors = np.linalg.eig(a.primal)
    v = known(vectors)[0]
    numbers, columns = plain(w), plain(v)
    eps = rounding(a)
    parallel = np.linalg.svdvals(columns)[..., -1:] < eps if columns.size else numbers != numbers
    identity = np.eye(v.shape[-1], dtype=columns.dtype)
    basis = np.where(parallel[..., None], identity, v)
    inverse = np.linalg.inv(basis)
    p = tangent_of(inverse @ a @ basis, a.level)
    # eigenvalues are known up to rounding times their condition numbers, the rows' lengths
    condition = np.linalg.norm(plain(inverse), axis=-1)
    error = eps * np.linalg.norm(plain(a), axis=(-2, -1), keepdims=True)
    error = error * np.maximum(condition[..., :, None], condition[..., None, :])
    gap = w[..., None, :] - w[..., :, None]
    same = abs(plain(gap)) <= error
    dot = v @ (reciprocal(gap, same) * p)
    dot = dot - v * total(np.real(np.conj(v) * dot), (-2,))[..., None, :]
    if is_complex(v) and v.size:
        size = np.where(columns.imag == 0, abs(columns), -1)
        chosen = np.arange(v.shape[-1])[:, None] == np.argmax(size, axis=-2)[..., None, :]
        dot = dot + v * _turn(*(np.sum(np.where(chosen, x, 0), axis=-2) for x in (v, dot)))
    bent = condition > np.finfo(columns.dtype).eps ** -0.25
    defective = parallel | (same.sum(axis=-1) > 1) & bent
    lost = defective & has_moved(a.tangent, a.ndim - 2)[..., None]
    split = _is_split(p, (inverse, a.tangent, basis), same, eps) | lost
    unsure = _unsure(vectors)
    return y, _mean(diagonal_of(p), same), dot, unsure, lost, split


@implements(np.linalg.eig)
@at_finite(np.linalg.eig)
def eig(a: Any) -> Any:
    a = as_operand(a)
    y, slopes, dot, unsure, lost, split = _eig(a)
    values = _made(y.eigenvalues, slopes, unsure, a.level)
    vectors = _made(y.eigenvectors, dot, np.any(unsure, axis=-1)[..., None, None], a.level)
    return y._replace(
        eigenvalues=undefined(values, lost, _DEFECTIVE),
        eigenvectors=undefined(vectors, split[..., None, :], _REPEATED),
    )


@implements(np.linalg.eigvals)
@at_finite(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    a = as_operand(a)
    y = np.linalg.eigvals(a.primal)
    (w, _), slopes, _, unsure, lost, _ = _eig(a)
    apart = abs(plain(y)[..., :, None] - plain(w)[..., None, :])
    nearest = np.argsort(apart, axis=-1)[..., :1].reshape(np.shape(y))
    places = *np.indices(nearest.shape)[:-1], nearest  # they may come in another order
    found = _made(y, slopes[(..., *places)], unsure[places], a.level)
    return undefined(found, lost[places], _DEFECTIVE)


# -- singular values -----------------------------------------------------------------------

_NO_VECTOR = (
    "a singular vector has no derivative where its singular value is repeated or zero and the "
    "perturbation splits it, and such singular values have no second derivative; use functions of "
    "the matrix itself (np.linalg.norm, pinv, det), or the other vectors, u[:, i] and vh[i]."
)
_ADDED = (
    "the vectors that full_matrices=True or mode='complete' adds are any basis of what is left, "
    "and have no derivative; use the others, u[:, :k] and vh[:k], or full_matrices=False."
)


def _singular(a: Any, u: Any, s: Any, v: Any) -> tuple[Any, Any, Any, Any]:
    """Slopes of the singular values; uᴴ·ȧ·v, whose diagonal they are; which are equal; and
    which are zero: there a singular value is a kink, as a norm is."""
    w = plain(s)
    same = _clusters(w, rounding(a))
    zero = w <= rounding(a) * np.max(w, axis=-1, keepdims=True, initial=0)
    p = tangent_of(adjoint(u) @ a @ v, a.level)
    return np.where(zero, 0, _mean(np.real(diagonal_of(p)), same)), p, same, zero


def _svdvals(a: Any, hermitian: bool = False) -> Any:
    if hermitian:
        a = from_triangle(a, "L")
    y = np.linalg.svd(a.primal, compute_uv=False, hermitian=hermitian)
    u, s, vh = np.linalg.svd(a.primal, full_matrices=False)
    slopes, _, _, _ = _singular(a, known(u)[0], s, adjoint(known(vh)[0]))
    unsure = _unsure(u) | _unsure(vh, axis=-1)
    return _made(y, slopes, unsure, a.level, _NO_VECTOR)


@implements(np.linalg.svdvals)
@at_finite(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    return _svdvals(as_operand(x))


@implements(np.linalg.svd)
@at_finite(np.linalg.svd, lower_if_hermitian)
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """With p = uᴴ·ȧ·v, the symmetric part of p turns u and v together, the antisymmetric part
    against each other."""
    a = as_operand(a)
    if not compute_uv:
        return _svdvals(a, hermitian)
    if hermitian:
        a = from_triangle(a, "L")
    y = np.linalg.svd(a.primal, full_matrices, hermitian=hermitian)
    s, k, (m, n), eps = y.S, y.S.shape[-1], a.shape[-2:], rounding(a)
    u, v = known(y.U[..., :k])[0], adjoint(known(y.Vh[..., :k, :])[0])
    slopes, p, same, zero = _singular(a, u, s, v)
    turned = adjoint(p)
    zeros = zero[..., :, None] & zero[..., None, :]
    together = reciprocal(s[..., None, :] - s[..., :, None], same) * (p + turned) / 2
    against = reciprocal(s[..., None, :] + s[..., :, None], zeros) * (p - turned) / 2
    du, dv = u @ (together + against), v @ (together - against)
    forth, back = a.tangent @ v, adjoint(a.tangent) @ u
    stretch = reciprocal(s, zero)[..., None, :]
    if m > k:
        du = du + (forth - u @ p) * stretch
    if n > k:
        dv = dv + (back - v @ turned) * stretch
    if is_complex(v) and v.size:
        turn = _turn(*(x[..., 0, :] for x in ((v, dv) if m >= n else (u, du))))
        du, dv = du + u * turn, dv + v * turn
    one = np.eye(k, dtype=bool)
    lost = _is_split(p + turned, (adjoint(u), a.tangent, v), same & ~zeros | one, eps)
    if np.any(zero):
        for t, x, other, inside in ((a.tangent, u, v, p), (adjoint(a.tangent), v, u, turned)):
            left = t @ other - x @ np.where(zero[..., :, None], 0, inside)
            size = without_cancellation(t, other)
            whole = size + without_cancellation(x, adjoint(x), size)
            lost |= zero & is_left(left, whole, eps, a.ndim)
    unsure = _unsure(y.U[..., :k]) | _unsure(y.Vh[..., :k, :], axis=-1)
    moved = has_moved(a.tangent, a.ndim - 2)
    du, lost_u = _with_added(du, lost, moved, y.U.shape[-1], a.level)
    dv, lost_v = _with_added(dv, lost, moved, y.Vh.shape[-2], a.level)
    somewhere = np.any(unsure, axis=-1)[..., None, None]
    left = _made(y.U, du, somewhere, a.level, _NO_VECTOR)
    right = _made(y.Vh, adjoint(dv), somewhere, a.level, _NO_VECTOR)
    why = _NO_VECTOR if np.any(lost) else _ADDED
    return y._replace(
        U=undefined(left, lost_u[..., None, :], why),
        S=_made(s, slopes, unsure, a.level, _NO_VECTOR),
        Vh=undefined(right, lost_v[..., :, None], why),
    )


def _with_added(dot: Any, lost: Any, moved: Any, n: int, level: int) -> tuple[Any, Any]:
    """Tangents of the first columns, and which are lost, with those of all n columns: what is
    added has no derivative, unless nothing moves."""
    added = n - dot.shape[-1]
    zeros = zero_like(level, dot, (*dot.shape[:-1], added))
    more = np.broadcast_to(moved[..., None], (*moved.shape, added))
    return np.concatenate((dot, zeros), axis=-1), np.concatenate((lost, more), axis=-1)


# -- other factorisations ------------------------------------------------------------------


@implements(np.linalg.cholesky)
@at_finite(np.linalg.cholesky, triangle)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    a = as_operand(a)
    y = np.linalg.cholesky(a.primal, upper=upper)
    lower = adjoint(y) if upper else y
    inverse = np.linalg.inv(lower)
    p = tangent_of(inverse @ from_triangle(a, "U" if upper else "L") @ adjoint(inverse), a.level)
    tangent = lower @ ((np.tril(p) + np.tril(p, -1)) / 2)
    return result(y, adjoint(tangent) if upper else tangent, a.level)


_DEPENDENT = (
    "the QR factorisation of a matrix with dependent columns has no derivative; leave these "
    "columns away."
)


@implements(np.linalg.qr)
@at_finite(np.linalg.qr)
def qr(a: Any, mode: Any = "reduced") -> Any:
    """S. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra functions with
    application in optimum experimental design" (2010)."""
    if mode not in ("reduced", "complete", "r"):
        raise TypeError(
            f"np.linalg.qr with mode={mode!r} has no derivative rule; "
            "write mode='reduced', 'complete' or 'r'."
        )
    a = as_operand(a)
    y = q, r = np.linalg.qr(a.primal, "reduced" if mode == "r" else mode)
    m, n = a.shape[-2:]
    k = min(m, n)
    q1, r1 = known(q[..., :k])[0], r[..., :k, :]
    size = abs(diagonal_of(plain(r1)))
    dependent = np.any(
        size <= rounding(a) * np.max(size, axis=-1, keepdims=True, initial=0), axis=-1
    )
    identity = np.eye(k, dtype=a.dtype)
    inverse = np.linalg.inv(np.where(dependent[..., None, None], identity, r1[..., :k]))
    x = a.tangent[..., :k] @ inverse
    p = adjoint(q1) @ x
    below = np.tril(p, -1)
    turn = below - adjoint(below)
    if is_complex(p):  # the diagonal of r stays real
        turn = turn + identity * (1j * np.imag(p))
    moved = has_moved(a.tangent, a.ndim - 2)
    lost = (dependent & moved)[..., None]
    dr = np.triu(adjoint(q1) @ a.tangent - turn @ r1)
    zeros = zero_like(a.level, dr, (*dr.shape[:-2], r.shape[-2] - k, n))
    dr = np.concatenate((dr, zeros), axis=-2)
    r = undefined(result(r, dr, a.level), lost[..., None], _DEPENDENT)
    if mode == "r":
        return r
    dq, lost_q = _with_added(
        q1 @ turn + (x - q1 @ p),
        np.broadcast_to(lost, (*moved.shape, k)),
        moved,
        q.shape[-1],
        a.level,
    )
    why = _DEPENDENT if np.any(lost) else _ADDED
    return y._replace(Q=undefined(result(q, dq, a.level), lost_q[..., None, :], why), R=r)
