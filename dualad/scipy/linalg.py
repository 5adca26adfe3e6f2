"""scipy.linalg: linear systems, matrix equations and functions of matrices with their tangents.

A linear system, and every other matrix equation, is solved by SciPy on plain numbers and gets
its tangents from the equation, by the same solver: see `_theorems`. Functions of a matrix get
theirs from a block triangular matrix. Options of SciPy are handed on.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.linalg as _scipy
from scipy.linalg import LinAlgError

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..array_rules.common import has_duals
from ..array_rules.matrices import adjoint, from_triangle
from ..dual import Dual  # noqa: F401  of which the examples are made
from ..pair import moved, own, plain
from ._calling import called_as, composed, of_matrices, take_places
from ._factorisations import (
    cho_solve_banded,
    cholesky_banded,
    eig,
    eig_banded,
    eigh,
    eigh_tridiagonal,
    eigvals,
    eigvals_banded,
    eigvalsh,
    eigvalsh_tridiagonal,
    khatri_rao,
    lu,
    norm,
    orth,
    orthogonal_procrustes,
    pinv,
    pinvh,
    polar,
    qr,
    rq,
    subspace_angles,
    svd,
    svdvals,
    triangular_factors,
)
from ._matrix_functions import (
    coshm,
    cosm,
    expm,
    expm_frechet,
    fractional_matrix_power,
    logm,
    signm,
    sinhm,
    sinm,
    sqrtm,
    tanhm,
    tanm,
)
from ._names import names_of
from ._parts import stripped, with_value
from ._special_matrices import circulant, hankel, toeplitz
from ._theorems import solved

__all__ = [
    "LinAlgError",
    "cho_factor",
    "cho_solve",
    "cho_solve_banded",
    "cholesky",
    "cholesky_banded",
    "circulant",
    "coshm",
    "cosm",
    "det",
    "eig",
    "eig_banded",
    "eigh",
    "eigh_tridiagonal",
    "eigvals",
    "eigvals_banded",
    "eigvalsh",
    "eigvalsh_tridiagonal",
    "expm",
    "expm_frechet",
    "fractional_matrix_power",
    "hankel",
    "inv",
    "khatri_rao",
    "logm",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_solve",
    "matmul_toeplitz",
    "norm",
    "orth",
    "orthogonal_procrustes",
    "pinv",
    "pinvh",
    "polar",
    "qr",
    "rq",
    "signm",
    "sinhm",
    "sinm",
    "solve",
    "solve_banded",
    "solve_circulant",
    "solve_continuous_are",
    "solve_continuous_lyapunov",
    "solve_discrete_are",
    "solve_discrete_lyapunov",
    "solve_lyapunov",
    "solve_sylvester",
    "solve_toeplitz",
    "solve_triangular",
    "solveh_banded",
    "sqrtm",
    "subspace_angles",
    "svd",
    "svdvals",
    "tanhm",
    "tanm",
    "toeplitz",
]

Function = Callable[..., Any]


def _operands(*given: Any) -> list[Any]:
    """As numbers and arrays; for a derivative that is asked later, as they are now."""
    given = tuple(map(as_operand, given))
    return [own(x) if has_duals(*given) else x for x in given]


def _system(product: Function, divide: Function, b: Any, back: Function) -> Any:
    """The solution of product(x) = b, which `divide` finds for a plain b; `back` transposes it."""
    return solved(lambda x: product(x) - b, divide(plain(b)), divide, back=back)


# -- linear systems ------------------------------------------------------------------------


@called_as(_scipy.solve)
def solve(a: Any, b: Any, lower: bool = False, *, assume_a: Any = None, **options: Any) -> Any:
    """scipy.linalg.solve: the x with a @ x = b.

    Parameters
    ----------
    a : array, shape (n, n)
    b : array, shape (n,) or (n, k)
    lower : bool
        Which triangle is read, if a is assumed to be symmetric.
    assume_a : str
        What a is, and which part of it is read, as "upper triangular".
    **options
        As SciPy's.

    Raises
    ------
    LinAlgError
        If a is singular.

    Examples
    --------
    >>> solve(Dual(np.array([[2.0]]), np.array([[1.0]])), np.array([6.0]))
    DualArray([3.], [-1.5])
    """
    a, b = _operands(a, b)

    def divide(r: Any) -> Any:
        return _scipy.solve(plain(a), r, lower=lower, assume_a=assume_a, **options)

    if not has_duals(a, b):
        return divide(b)
    if np.ndim(b) == 1 and np.ndim(a) > 2:  # of one right side, and many matrices
        return solve(a, b[:, None], lower, assume_a=assume_a, **options)[..., 0]
    matrix = _READ.get(str(assume_a), _whole)(a, "L" if lower else "U")
    if options.get("transposed"):
        matrix = np.matrix_transpose(matrix)
    turned = np.matrix_transpose(plain(matrix))
    return _system(lambda x: matrix @ x, divide, b, lambda g: _scipy.solve(turned, g))


def _whole(a: Any, _: str) -> Any:
    return a


def _mirrored(a: Any, triangle: str) -> Any:
    """The symmetric matrix that is read from a triangle, without the complex conjugate."""
    inside = np.tril(a) if triangle == "L" else np.triu(a)
    return inside + np.matrix_transpose(inside) - np.eye(a.shape[-1]) * a


# What of a matrix SciPy reads that is assumed to be …
_READ: dict[str, Callable[[Any, str], Any]] = {
    **dict.fromkeys(("sym", "symmetric"), _mirrored),
    **dict.fromkeys(("her", "hermitian", "pos", "positive definite"), from_triangle),
    "upper triangular": lambda a, _: np.triu(a),
    "lower triangular": lambda a, _: np.tril(a),
    "diagonal": lambda a, _: np.eye(a.shape[-1]) * a,
    "tridiagonal": lambda a, _: np.triu(np.tril(a, 1), -1),
}


@called_as(_scipy.inv)
def inv(a: Any, *, assume_a: Any = None, lower: bool = False, **options: Any) -> Any:
    """scipy.linalg.inv, with the tangents of numpy.linalg.inv of what is read of a."""
    (a,) = _operands(a)
    y = _scipy.inv(plain(a), assume_a=assume_a, lower=lower, **options)
    matrix = _READ.get(str(assume_a), _whole)(a, "L" if lower else "U")
    return with_value(np.linalg.inv(matrix), y, moved) if has_duals(a) else y


@called_as(_scipy.det)
def det(a: Any, **options: Any) -> Any:
    """scipy.linalg.det, with the tangents of numpy.linalg.det."""
    (a,) = _operands(a)
    y = _scipy.det(plain(a), **options)
    return with_value(np.linalg.det(a), y, moved) if has_duals(a) else y


@called_as(_scipy.lstsq)
def lstsq(a: Any, b: Any, cond: Any = None, **options: Any) -> Any:
    """scipy.linalg.lstsq, with the tangents of numpy.linalg.lstsq."""
    a, b = _operands(a, b)
    values = _scipy.lstsq(plain(a), plain(b), cond, **options)
    if not has_duals(a, b):
        return values
    if cond is None or cond < 0:  # as LAPACK has it for SciPy, where NumPy's grows with the shape
        cond = float(np.finfo(values[0].dtype).eps)
    x, residuals, _, s = np.linalg.lstsq(a, b, cond)
    if not np.size(residuals):  # of dependent columns, where SciPy may have nan
        residuals = values[1]
    elif np.size(values[1]):
        residuals = np.reshape(residuals, np.shape(values[1]))[()]
    return (
        with_value(x, values[0]),
        with_value(residuals, values[1]),
        values[2],
        None if values[3] is None else with_value(s, values[3]),
    )


@called_as(_scipy.solve_triangular)
def solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False, **options: Any
) -> Any:
    """scipy.linalg.solve_triangular; the other triangle of a is not looked at.

    Parameters
    ----------
    a : array, shape (n, n)
    b : array, shape (n,) or (n, k)
    trans : {0, 1, 2, "N", "T", "C"}
        Solve with a, its transpose or its adjoint.
    lower, unit_diagonal, **options
        As SciPy's.

    Raises
    ------
    LinAlgError
        If a is singular.

    Examples
    --------
    >>> solve_triangular(np.array([[2.0, 1.0], [0.0, 4.0]]), Dual(np.ones(2), np.array([0.0, 1.0])))
    DualArray([0.375, 0.25 ], [-0.125,  0.25 ])
    """
    a, b = _operands(a, b)

    def divide(r: Any) -> Any:
        return _scipy.solve_triangular(plain(a), r, trans, lower, unit_diagonal, **options)

    if not has_duals(a, b):
        return divide(b)
    matrix = _triangle(a, lower, unit_diagonal)
    if trans in (1, "T"):
        matrix = np.matrix_transpose(matrix)
    elif trans in (2, "C"):
        matrix = adjoint(matrix)
    turned, how = (np.conj(plain(a)), 0) if trans in (2, "C") else (plain(a), trans in (0, "N"))

    def back(g: Any) -> Any:
        return _scipy.solve_triangular(turned, g, int(how), lower, unit_diagonal)

    return _system(lambda x: matrix @ x, divide, b, back)


def _triangle(a: Any, lower: bool, unit_diagonal: bool = False) -> Any:
    part = np.tril if lower else np.triu
    if not unit_diagonal:
        return part(a)
    return part(a, -1 if lower else 1) + np.eye(a.shape[-1])


@called_as(_scipy.solve_banded)
def solve_banded(l_and_u: Sequence[int], ab: Any, b: Any, **options: Any) -> Any:
    """scipy.linalg.solve_banded.

    Parameters
    ----------
    l_and_u : (int, int)
        How many diagonals there are below and above the main one.
    ab : array, shape (l + u + 1, n)
        The diagonals, from the highest to the lowest: ab[u + i - j, j] == a[i, j].
    b : array, shape (n,) or (n, k)
    **options
        As SciPy's.

    Raises
    ------
    LinAlgError
        If the matrix is singular.

    Examples
    --------
    >>> solve_banded((0, 0), Dual(np.array([[2.0, 4.0]]), np.ones((1, 2))), np.ones(2))
    DualArray([0.5 , 0.25], [-0.25  , -0.0625])
    """
    ab, b = _operands(ab, b)

    def divide(r: Any) -> Any:
        return _scipy.solve_banded(l_and_u, plain(ab), r, **options)

    if not has_duals(ab, b):
        return divide(b)
    low, up = l_and_u
    n = np.shape(ab)[-1]
    diagonals = {d: ab[up - d, max(d, 0) : n + min(d, 0)] for d in range(-low, up + 1)}
    turned = np.zeros_like(plain(ab))
    for d, diagonal in diagonals.items():
        turned[low + d, max(-d, 0) : n + min(-d, 0)] = plain(diagonal)

    def back(g: Any) -> Any:
        return _scipy.solve_banded((up, low), turned, g)

    return _system(lambda x: _banded_product(diagonals, x), divide, b, back)


@called_as(_scipy.solveh_banded)
def solveh_banded(ab: Any, b: Any, lower: bool = False, **options: Any) -> Any:
    """scipy.linalg.solveh_banded: a Hermitian positive definite banded matrix.

    Parameters
    ----------
    ab : array, shape (u + 1, n)
        Main diagonal and those above it, ab[u + i - j, j] == a[i, j]; or, with lower=True, those
        below it, ab[i - j, j] == a[i, j].
    b : array, shape (n,) or (n, k)
    **options
        As SciPy's.

    Raises
    ------
    LinAlgError
        If the matrix is not positive definite.

    Examples
    --------
    >>> x = solveh_banded(Dual(np.array([[2.0, 4.0]]), np.ones((1, 2))), np.ones(2))
    >>> x.tangent.round(9)
    array([-0.25  , -0.0625])
    """
    ab, b = _operands(ab, b)

    def divide(r: Any) -> Any:
        return _scipy.solveh_banded(plain(ab), r, lower=lower, **options)

    if not has_duals(ab, b):
        return divide(b)
    far, n = len(ab) - 1, np.shape(ab)[-1]
    diagonals = {}
    for d in range(far + 1):
        given = ab[d, : n - d] if lower else ab[far - d, d:]
        turned = np.conj(given) if np.iscomplexobj(plain(ab)) else given
        diagonals[-d if lower else d] = given
        diagonals[d if lower else -d] = (given + turned) / 2 if d == 0 else turned
    turned_ab = np.conj(plain(ab))

    def back(g: Any) -> Any:
        return _scipy.solveh_banded(turned_ab, g, lower=lower)

    return _system(lambda x: _banded_product(diagonals, x), divide, b, back)


def _banded_product(diagonals: dict[int, Any], x: Any) -> Any:
    """A matrix, given by its diagonals (above the main one they count up), times x."""
    n = len(x)
    terms = []
    for d, diagonal in diagonals.items():
        column = diagonal[:, None] if np.ndim(x) > 1 else diagonal
        term = column * x[max(d, 0) : n + min(d, 0)]
        gap = np.zeros((abs(d), *np.shape(x)[1:]))
        terms.append(np.concatenate([term, gap] if d >= 0 else [gap, term]))
    return sum(terms[1:], terms[0])


# -- factors, and systems solved by them -----------------------------------------------------


@called_as(_scipy.cholesky)
def cholesky(a: Any, lower: bool = False, **options: Any) -> Any:
    """scipy.linalg.cholesky, with the tangents of numpy.linalg.cholesky."""
    (a,) = _operands(a)
    y = _scipy.cholesky(plain(a), lower, **options)
    return with_value(_cholesky(a, lower), y, moved) if has_duals(a) else y


def _cholesky(a: Any, lower: bool) -> Any:
    factor = np.linalg.cholesky(from_triangle(a, "L" if lower else "U"))
    return factor if lower else adjoint(factor)


@called_as(_scipy.cho_factor)
def cho_factor(a: Any, lower: bool = False, **options: Any) -> Any:
    """scipy.linalg.cho_factor: (c, lower) for `cho_solve`.

    Parameters
    ----------
    a : array, shape (n, n)
        Of which one triangle is read.
    lower, **options
        As SciPy's.

    Raises
    ------
    LinAlgError
        If a is not positive definite.

    Examples
    --------
    >>> c = cho_factor(Dual(np.array([[4.0]]), np.array([[1.0]])))
    >>> cho_solve(c, np.array([8.0]))
    DualArray([2.], [-0.5])
    """
    (a,) = _operands(a)
    c, lower = _scipy.cho_factor(plain(a), lower, **options)
    if has_duals(a):
        factor = _cholesky(a, lower)
        if _leaves_other_triangle():
            factor = factor + (np.triu(a, 1) if lower else np.tril(a, -1))
        c = with_value(factor, c, moved)
    return c, lower


@functools.cache
def _leaves_other_triangle() -> bool:
    """Whether there is in the factor of `cho_factor` what was given; from SciPy 1.18 on, zeros."""
    return bool(_scipy.cho_factor(np.array([[1.0, 0.5], [0.5, 1.0]]))[0][1, 0])


@called_as(_scipy.cho_solve)
def cho_solve(c_and_lower: Any, b: Any, **options: Any) -> Any:
    """scipy.linalg.cho_solve, with the factor of `cho_factor`.

    Examples
    --------
    >>> cho_solve(cho_factor(np.array([[4.0]])), Dual(np.array([8.0]), np.array([1.0])))
    DualArray([2.], [0.25])
    """
    (c, lower), b = c_and_lower, as_operand(b)
    c = as_operand(c)

    def divide(r: Any) -> Any:
        return _scipy.cho_solve((plain(c), lower), r, **options)

    if not has_duals(c, b):
        return divide(b)
    factor = _triangle(c, lower)
    left, right = (factor, adjoint(factor)) if lower else (adjoint(factor), factor)
    turned = np.conj(plain(c)), lower
    return _system(lambda x: left @ (right @ x), divide, b, lambda g: _scipy.cho_solve(turned, g))


def _packed_factors(lu: Any) -> tuple[Any, Any]:
    return _triangle(lu, lower=True, unit_diagonal=True), _triangle(lu, lower=False)


def _order(pivots: Any, m: int) -> Any:
    """The m rows of a, in the order in which the factors have them."""
    rows = np.arange(m)
    for i, j in enumerate(pivots):
        rows[[i, j]] = rows[[j, i]]
    return rows


@called_as(_scipy.lu_factor)
def lu_factor(a: Any, **options: Any) -> Any:
    """scipy.linalg.lu_factor: (lu, pivots) for `lu_solve`.

    Parameters
    ----------
    a : array, shape (m, n)
    **options
        As SciPy's.

    Raises
    ------
    NonDifferentiableError
        If a has duals and a pivot is zero.

    Examples
    --------
    >>> lu_solve(lu_factor(Dual(np.array([[4.0]]), np.array([[1.0]]))), np.array([8.0]))
    DualArray([2.], [-0.5])
    """
    (a,) = _operands(a)
    if not has_duals(a):
        return _scipy.lu_factor(a, **options)
    lu, pivots = _scipy.lu_factor(plain(a), **options)
    if np.any(np.diagonal(lu) == 0):
        raise NonDifferentiableError(
            "the matrix is singular, and its factors have no derivative there; add a small "
            "multiple of the identity."
        )
    m, k = len(lu), len(pivots)
    left, right = np.tril(lu[:, :k], -1) + np.eye(m, k, dtype=lu.dtype), np.triu(lu[:k])
    return with_value(triangular_factors(a[_order(pivots, m)], left, right), lu, moved), pivots


@called_as(_scipy.lu_solve)
def lu_solve(lu_and_piv: Any, b: Any, trans: int = 0, **options: Any) -> Any:
    """scipy.linalg.lu_solve, with the factors of `lu_factor`.

    Examples
    --------
    >>> lu_solve(lu_factor(np.array([[4.0]])), Dual(np.array([8.0]), np.array([1.0])))
    DualArray([2.], [0.25])
    """
    lu, pivots, b = _operands(*lu_and_piv, b)

    def divide(r: Any) -> Any:
        return _scipy.lu_solve((plain(lu), pivots), r, trans, **options)

    if not has_duals(lu, b):
        return divide(b)
    left, right = _packed_factors(lu)
    rows = _order(pivots, len(pivots))
    factors, how = (np.conj(plain(lu)), 0) if trans == 2 else (plain(lu), 1 - trans)

    def back(g: Any) -> Any:
        return _scipy.lu_solve((factors, pivots), g, how)

    if trans == 0:
        places = np.argsort(rows)
        return _system(lambda x: (left @ (right @ x))[places], divide, b, back)
    turned = np.matrix_transpose if trans == 1 else adjoint
    return _system(lambda x: turned(right) @ (turned(left) @ x[rows]), divide, b, back)


# -- matrix equations ----------------------------------------------------------------------


def _refuse_singular(name: str, a: Any, b: Any, discrete: bool = False) -> None:
    """Raise NonDifferentiableError if λ + μ, or 1 − λ·μ, is zero for eigenvalues of a and of b.

    LAPACK moves them a little then, without a word.
    """
    w, v = np.linalg.eigvals(a)[:, None], np.linalg.eigvals(b)[None, :]
    sizes = 1 + abs(w * v) if discrete else np.linalg.norm(a) + np.linalg.norm(b)
    sums = 1 - w * v if discrete else w + v
    unit = 4 * max(len(a), len(b)) * np.finfo(sums.dtype).eps
    if np.any(abs(sums) <= unit * sizes):
        if not discrete and np.all(abs(sums) > unit * (abs(w) + abs(v))):
            least = np.min(abs(sums))
            raise NonDifferentiableError(
                f"the equation of {name} is singular but for rounding: two eigenvalues add up to "
                f"{least:.2g}, beside matrices of norm {np.max(sizes):.2g}, and LAPACK solves "
                "another equation; scale the unknowns, so that they are alike in size."
            )
        raise NonDifferentiableError(
            f"the equation of {name} is singular: two eigenvalues are "
            f"{'reciprocal' if discrete else 'opposite'}, so that it has no solution or many, and "
            "no derivative; change the matrices a little."
        )


@called_as(_scipy.solve_sylvester)
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """scipy.linalg.solve_sylvester: the x with a @ x + x @ b = q.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> solve_sylvester(Dual(one, one), one, 6 * one)
    DualArray([[3.]], [[-1.5]])
    """
    a, b, q = _operands(a, b, q)

    def divide(r: Any) -> Any:
        return _scipy.solve_sylvester(plain(a), plain(b), r)

    if not has_duals(a, b, q):
        return divide(q)
    left, right = plain(a).T, plain(b).T
    _refuse_singular("solve_sylvester", left, right)
    return _system(
        lambda x: a @ x + x @ b, divide, q, lambda g: _scipy.solve_sylvester(left, right, g)
    )


@called_as(_scipy.solve_continuous_lyapunov)
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """scipy.linalg.solve_continuous_lyapunov: the x with a @ x + x @ aᴴ = q."""
    a, q = _operands(a, q)

    def divide(r: Any) -> Any:
        return _scipy.solve_continuous_lyapunov(plain(a), r)

    if not has_duals(a, q):
        return divide(q)
    left, right = plain(a).T, np.conj(plain(a))
    _refuse_singular("solve_continuous_lyapunov", left, right)
    return _system(
        lambda x: a @ x + x @ adjoint(a),
        divide,
        q,
        lambda g: _scipy.solve_sylvester(left, right, g),
    )


solve_lyapunov = solve_continuous_lyapunov


@called_as(_scipy.solve_discrete_lyapunov)
def solve_discrete_lyapunov(a: Any, q: Any, method: Any = None) -> Any:
    """scipy.linalg.solve_discrete_lyapunov: the x with a @ x @ aᴴ - x + q = 0."""
    a, q = _operands(a, q)

    def divide(r: Any) -> Any:
        return _scipy.solve_discrete_lyapunov(plain(a), r, method)

    if not has_duals(a, q):
        return divide(q)
    turned = plain(a).T
    _refuse_singular("solve_discrete_lyapunov", turned, np.conj(turned), discrete=True)
    return _system(
        lambda x: x - a @ x @ adjoint(a),
        divide,
        q,
        lambda g: _scipy.solve_discrete_lyapunov(turned, g, method),
    )


@called_as(_scipy.solve_continuous_are)
def solve_continuous_are(
    a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, **options: Any
) -> Any:
    """scipy.linalg.solve_continuous_are: Riccati's equation, without its option e= if there are
    duals. Its linear part is Sylvester's equation with the closed loop.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> x = solve_continuous_are(0 * one, one, Dual(4 * one, one), one)  # x² = q
    >>> print(f"{x[0, 0]:.12g}")
    2 + 0.25ε
    """
    x = _scipy.solve_continuous_are(*stripped([a, b, q, r, e, s]), **options)
    if not has_duals(a, b, q, r, e, s):
        return x
    if e is not None:
        raise TypeError("solve_continuous_are takes no e= with duals; transform a and b.")
    a, b, q, r = _operands(a, b, q, r)
    both = 0.0 if s is None else as_operand(s)  # the cost of state and input together
    turned = 0.0 if s is None else adjoint(both)

    def gain(x: Any) -> Any:
        return np.linalg.solve(r, adjoint(b) @ x + turned)

    loop = plain(a) - plain(b) @ plain(gain(x))
    _refuse_singular("solve_continuous_are", loop, np.conj(loop))
    return solved(
        lambda x: adjoint(a) @ x + x @ a - (x @ b + both) @ gain(x) + q,
        x,
        lambda rest: _scipy.solve_sylvester(adjoint(loop), loop, rest),
        back=lambda g: _scipy.solve_sylvester(np.conj(loop), loop.T, g),
    )


@composed(_scipy.solve_discrete_are)
def solve_discrete_are(
    value: Any, a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
) -> Any:
    """scipy.linalg.solve_discrete_are: Riccati's equation in discrete time, without e= if there
    are duals. Its linear part is Lyapunov's equation with the closed loop.
    """
    if e is not None:
        raise TypeError("solve_discrete_are takes no e= with duals; transform a and b.")
    both, other = (0.0, 0.0) if s is None else (s, adjoint(s))  # of state and input together

    def gain(x: Any) -> Any:
        return np.linalg.solve(r + adjoint(b) @ x @ b, adjoint(b) @ x @ a + other)

    loop = plain(a) - plain(b) @ plain(gain(value))
    turned, conjugate = adjoint(loop), np.conj(loop)
    _refuse_singular("solve_discrete_are", loop, conjugate, discrete=True)
    return solved(
        lambda x: adjoint(a) @ x @ a - (adjoint(a) @ x @ b + both) @ gain(x) + q - x,
        value,
        lambda rest: _scipy.solve_discrete_lyapunov(turned, -rest),
        back=lambda g: _scipy.solve_discrete_lyapunov(conjugate, -g),
    )


# -- Toeplitz matrices ---------------------------------------------------------------------


def _toeplitz(c_or_cr: Any) -> Any:
    """The matrix with a first column and a first row, and constant diagonals."""
    is_pair = isinstance(c_or_cr, tuple)
    c = np.reshape(as_operand(c_or_cr[0] if is_pair else c_or_cr), -1)
    r = np.reshape(as_operand(c_or_cr[1]), -1) if is_pair else np.conj(c)
    numbers = np.concatenate([c[::-1], r[1:]])
    i, j = np.indices((np.size(plain(c)), np.size(plain(r))))
    return numbers[np.size(plain(c)) - 1 - i + j]


@composed(_scipy.solve_toeplitz)
def solve_toeplitz(value: Any, c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    """scipy.linalg.solve_toeplitz: the x with toeplitz(c, r) @ x = b."""
    matrix = _toeplitz(c_or_cr)
    c, r = plain(matrix)[:, 0], plain(matrix)[0]

    def divide(rest: Any) -> Any:
        return _scipy.solve_toeplitz((c, r), rest)

    return solved(
        lambda x: matrix @ x - b, value, divide, back=lambda g: _scipy.solve_toeplitz((r, c), g)
    )


@composed(_scipy.matmul_toeplitz)
def matmul_toeplitz(value: Any, c_or_cr: Any, x: Any, **options: Any) -> Any:
    """scipy.linalg.matmul_toeplitz: toeplitz(c, r) @ x."""
    return _toeplitz(c_or_cr) @ x


@of_matrices(_scipy.solve_circulant)
def solve_circulant(value: Any, c: Any, b: Any, **options: Any) -> Any:
    """scipy.linalg.solve_circulant: the x with circulant(c) @ x = b, for one vector c.

    Raises
    ------
    TypeError
        If c is a stack of vectors, or axes are given.
    """
    axes = [n for n in ("caxis", "baxis", "outaxis") if n in options]
    if np.ndim(c) != 1 or axes:
        what = f"no {axes[0]}=" if axes else "one vector c"
        raise TypeError(f"solve_circulant with duals takes {what}; loop over vectors.")
    n = len(plain(c))
    i, j = np.indices((n, n))
    return np.linalg.solve(c[(i - j) % n], b)


take_places(globals(), _scipy)

__getattr__, __dir__ = names_of(__name__)
