"""scipy.linalg: linear systems, matrix equations and functions of matrices with their tangents.

A linear system, and every other matrix equation, is solved by SciPy on plain numbers and gets
its tangents from the equation, by the same solver: see `_theorems`. Functions of a matrix get
theirs from a block triangular matrix. Options of SciPy are handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.linalg as _scipy
from scipy.linalg import LinAlgError

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..array_rules.matrices import adjoint, from_triangle, largest
from ..dual import Dual
from ..forms import Form, made_of
from ..pair import dual, own, plain
from ._names import names_of
from ._parts import stripped, with_value
from ._theorems import solved

__all__ = [
    "LinAlgError",
    "cho_factor",
    "cho_solve",
    "cholesky",
    "det",
    "expm",
    "inv",
    "logm",
    "lstsq",
    "lu_factor",
    "lu_solve",
    "solve",
    "solve_banded",
    "solve_continuous_are",
    "solve_continuous_lyapunov",
    "solve_discrete_lyapunov",
    "solve_sylvester",
    "solve_triangular",
    "solveh_banded",
    "sqrtm",
]

Function = Callable[..., Any]


def _operands(*given: Any) -> list[Any]:
    """As numbers and arrays; for a derivative that is asked later, as they are now."""
    given = tuple(map(as_operand, given))
    return [own(x) if _has_duals(*given) else x for x in given]


def _has_duals(*given: Any) -> bool:
    return any(isinstance(x, Dual) for x in given)


def _system(product: Function, divide: Function, b: Any, back: Function) -> Any:
    """The solution of product(x) = b, which `divide` finds for a plain b; `back` transposes it."""
    return solved(lambda x: product(x) - b, divide(plain(b)), divide, back=back)


# -- linear systems ------------------------------------------------------------------------


def solve(a: Any, b: Any, lower: bool = False, *, assume_a: Any = None, **options: Any) -> Any:
    """scipy.linalg.solve: the x with a @ x = b.

    Parameters
    ----------
    a : array, shape (n, n)
    b : array, shape (n,) or (n, k)
    lower : bool
        Which triangle is read, if a is assumed to be symmetric.
    assume_a : str
        With duals "gen" (or None), "sym", "her" or "pos".
    **options
        As SciPy's; not transposed= with duals.

    Raises
    ------
    ValueError
        If there are duals, and another structure or transposed= is given.
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

    if not _has_duals(a, b):
        return divide(b)
    kind = {"symmetric": "sym", "hermitian": "her", "positive definite": "pos"}.get(
        assume_a, assume_a
    )
    if options.get("transposed") or kind not in (None, "gen", "general", "sym", "her", "pos"):
        raise ValueError(
            "solve with duals assumes 'gen', 'sym', 'her' or 'pos', and does not transpose; give "
            "a.T, or use solve_triangular or solve_banded."
        )
    if kind in ("sym", "her", "pos"):
        if kind == "sym" and np.iscomplexobj(plain(a)):
            raise ValueError("solve with duals takes no complex symmetric matrix; assume 'gen'.")
        a = from_triangle(a, "L" if lower else "U")
    turned = plain(a).T  # with both triangles
    return _system(lambda x: a @ x, divide, b, lambda g: _scipy.solve(turned, g, assume_a=assume_a))


def inv(a: Any, **options: Any) -> Any:
    """scipy.linalg.inv, with the tangents of numpy.linalg.inv."""
    (a,) = _operands(a)
    y = _scipy.inv(plain(a), **options)
    return with_value(np.linalg.inv(a), y) if _has_duals(a) else y


def det(a: Any, **options: Any) -> Any:
    """scipy.linalg.det, with the tangents of numpy.linalg.det."""
    (a,) = _operands(a)
    y = _scipy.det(plain(a), **options)
    return with_value(np.linalg.det(a), y) if _has_duals(a) else y


def lstsq(a: Any, b: Any, cond: Any = None, **options: Any) -> Any:
    """scipy.linalg.lstsq; with duals it is numpy.linalg.lstsq, and cond its rcond."""
    a, b = _operands(a, b)
    if not _has_duals(a, b):
        return _scipy.lstsq(a, b, cond, **options)
    return np.linalg.lstsq(a, b, cond)


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

    if not _has_duals(a, b):
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

    if not _has_duals(ab, b):
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

    if not _has_duals(ab, b):
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


def cholesky(a: Any, lower: bool = False, **options: Any) -> Any:
    """scipy.linalg.cholesky, with the tangents of numpy.linalg.cholesky."""
    (a,) = _operands(a)
    y = _scipy.cholesky(plain(a), lower, **options)
    return with_value(_cholesky(a, lower), y) if _has_duals(a) else y


def _cholesky(a: Any, lower: bool) -> Any:
    factor = np.linalg.cholesky(from_triangle(a, "L" if lower else "U"))
    return factor if lower else adjoint(factor)


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
    return (with_value(_cholesky(a, lower), c) if _has_duals(a) else c), lower


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

    if not _has_duals(c, b):
        return divide(b)
    factor = _triangle(c, lower)
    left, right = (factor, adjoint(factor)) if lower else (adjoint(factor), factor)
    turned = np.conj(plain(c)), lower
    return _system(lambda x: left @ (right @ x), divide, b, lambda g: _scipy.cho_solve(turned, g))


def _packed_factors(lu: Any) -> tuple[Any, Any]:
    return _triangle(lu, lower=True, unit_diagonal=True), _triangle(lu, lower=False)


def _order(pivots: Any) -> Any:
    """The rows of a, in the order in which the factors have them."""
    rows = np.arange(len(pivots))
    for i, j in enumerate(pivots):
        rows[[i, j]] = rows[[j, i]]
    return rows


def lu_factor(a: Any, **options: Any) -> Any:
    """scipy.linalg.lu_factor: (lu, pivots) for `lu_solve`.

    Parameters
    ----------
    a : array, shape (n, n)
    **options
        As SciPy's.

    Raises
    ------
    ValueError
        If a has duals and is not one square matrix.
    NonDifferentiableError
        If a has duals and is singular.

    Examples
    --------
    >>> lu_solve(lu_factor(Dual(np.array([[4.0]]), np.array([[1.0]]))), np.array([8.0]))
    DualArray([2.], [-0.5])
    """
    (a,) = _operands(a)
    if not _has_duals(a):
        return _scipy.lu_factor(a, **options)
    if np.ndim(a) != 2 or a.shape[0] != a.shape[1]:
        raise ValueError(
            f"lu_factor with duals takes one square matrix, got shape {a.shape}; factorise them "
            "one by one."
        )
    lu, pivots = _scipy.lu_factor(plain(a), **options)
    if np.any(np.diagonal(lu) == 0):
        raise NonDifferentiableError(
            "the matrix is singular, and its factors have no derivative there; add a small "
            "multiple of the identity."
        )
    left, right = _packed_factors(lu)

    def divide(r: Any) -> Any:
        f = _scipy.solve_triangular(left, r, lower=True, unit_diagonal=True)
        f = _scipy.solve_triangular(right, f.T, trans=1).T
        return left @ np.tril(f, -1) + np.triu(f) @ right

    def residual(packed: Any) -> Any:
        one, other = _packed_factors(packed)
        return one @ other - a[_order(pivots)]

    def back(g: Any) -> Any:
        f = np.tril(left.T @ g, -1) + np.triu(g @ right.T)
        f = _scipy.solve_triangular(left, f, trans=1, lower=True, unit_diagonal=True)
        return _scipy.solve_triangular(right, f.T).T

    return solved(residual, lu, divide, back=back), pivots


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

    if not _has_duals(lu, b):
        return divide(b)
    left, right = _packed_factors(lu)
    rows = _order(pivots)
    factors, how = (np.conj(plain(lu)), 0) if trans == 2 else (plain(lu), 1 - trans)

    def back(g: Any) -> Any:
        return _scipy.lu_solve((factors, pivots), g, how)

    if trans == 0:
        places = np.argsort(rows)
        return _system(lambda x: (left @ (right @ x))[places], divide, b, back)
    turned = np.matrix_transpose if trans == 1 else adjoint
    return _system(lambda x: turned(right) @ (turned(left) @ x[rows]), divide, b, back)


# -- matrix equations ----------------------------------------------------------------------


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

    if not _has_duals(a, b, q):
        return divide(q)
    left, right = plain(a).T, plain(b).T
    return _system(
        lambda x: a @ x + x @ b, divide, q, lambda g: _scipy.solve_sylvester(left, right, g)
    )


def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """scipy.linalg.solve_continuous_lyapunov: the x with a @ x + x @ aᴴ = q."""
    a, q = _operands(a, q)

    def divide(r: Any) -> Any:
        return _scipy.solve_continuous_lyapunov(plain(a), r)

    if not _has_duals(a, q):
        return divide(q)
    left, right = plain(a).T, np.conj(plain(a))
    return _system(
        lambda x: a @ x + x @ adjoint(a),
        divide,
        q,
        lambda g: _scipy.solve_sylvester(left, right, g),
    )


def solve_discrete_lyapunov(a: Any, q: Any, method: Any = None) -> Any:
    """scipy.linalg.solve_discrete_lyapunov: the x with a @ x @ aᴴ - x + q = 0."""
    a, q = _operands(a, q)

    def divide(r: Any) -> Any:
        return _scipy.solve_discrete_lyapunov(plain(a), r, method)

    if not _has_duals(a, q):
        return divide(q)
    turned = plain(a).T
    return _system(
        lambda x: x - a @ x @ adjoint(a),
        divide,
        q,
        lambda g: _scipy.solve_discrete_lyapunov(turned, g, method),
    )


def solve_continuous_are(a: Any, b: Any, q: Any, r: Any, **options: Any) -> Any:
    """scipy.linalg.solve_continuous_are: Riccati's equation, without its options e= and s= if
    there are duals. Its linear part is Sylvester's equation with the closed loop.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> x = solve_continuous_are(0 * one, one, Dual(4 * one, one), one)  # x² = q
    >>> print(f"{x[0, 0]:.12g}")
    2 + 0.25ε
    """
    a, b, q, r = _operands(a, b, q, r)
    x = _scipy.solve_continuous_are(*stripped([a, b, q, r]), **options)
    if not _has_duals(a, b, q, r):
        return x
    if any(options.get(name) is not None for name in ("e", "s")):
        raise ValueError("solve_continuous_are takes no e= or s= with duals; transform a and b.")

    def gain(x: Any) -> Any:
        return np.linalg.solve(r, adjoint(b) @ x)

    loop = plain(a) - plain(b) @ plain(gain(x))
    return solved(
        lambda x: adjoint(a) @ x + x @ a - x @ b @ gain(x) + q,
        x,
        lambda rest: _scipy.solve_sylvester(adjoint(loop), loop, rest),
        back=lambda g: _scipy.solve_sylvester(np.conj(loop), loop.T, g),
    )


# -- functions of a matrix -------------------------------------------------------------------


def _by_blocks(f: Function, a: Any) -> Any:
    """f of a matrix: f([[v, v̇], [0, v]]) = [[f(v), ẏ], [0, f(v)]].

    R. Mathias, "A chain rule for matrix functions and applications" (1996). The tangent is
    brought to the size of v, so that it does not decide how f is approximated.
    """
    if not isinstance(a, Dual):
        return f(a)
    return dual(_by_blocks(f, a.primal), _moved(f, a.primal, a.tangent), a.level)


def _moved(f: Function, v: Any, dot: Any) -> Any:
    """ẏ; as the transpose of v̇ ↦ ẏ is that of the transposed matrix, forms go back by it."""
    if isinstance(dot, Form):
        kept = own(v)
        back = lambda g: (_moved(f, np.matrix_transpose(kept), g),)  # noqa: E731
        return made_of(dot.shape, dot.dtype, [dot], back)
    n = v.shape[-1]
    size, small = largest(plain(v)), largest(plain(dot))
    scale = np.where((size > 0) & (small > 0), small / np.where(size > 0, size, 1), 1.0)
    v_too = v + np.zeros(dot.shape)
    rows = [
        np.concatenate([v_too, dot / scale], axis=-1),
        np.concatenate([np.zeros(dot.shape), v_too], axis=-1),
    ]
    return _by_blocks(f, np.concatenate(rows, axis=-2))[..., :n, n:] * scale


def expm(A: Any) -> Any:
    """scipy.linalg.expm: the exponential of a matrix, or of a stack of them.

    Parameters
    ----------
    A : array, shape (..., n, n)

    Examples
    --------
    >>> expm(Dual(np.zeros((2, 2)), np.array([[0.0, 1.0], [0.0, 0.0]]))).tangent
    array([[0., 1.],
           [0., 0.]])
    """
    return _by_blocks(_scipy.expm, as_operand(A))


def logm(A: Any, **options: Any) -> Any:
    """scipy.linalg.logm: the principal logarithm of a matrix.

    Parameters
    ----------
    A : array, shape (n, n)
    **options
        As SciPy's; none with duals.

    Examples
    --------
    >>> logm(Dual(np.array([[2.0]]), np.array([[1.0]]))).tangent
    array([[0.5]])
    """
    (A,) = _operands(A)
    if not _has_duals(A):
        return _scipy.logm(A, **options)
    return _by_blocks(_one_by_one(_scipy.logm), A)


def _one_by_one(f: Function) -> Function:
    """f of one matrix for stacks of them."""

    def g(a: Any) -> Any:
        if a.ndim == 2:
            return f(a)
        each = [f(m) for m in a.reshape(-1, *a.shape[-2:])]
        return np.stack(each).reshape(a.shape) if each else a

    return g


def sqrtm(A: Any, **options: Any) -> Any:
    """scipy.linalg.sqrtm: the principal square root, from x @ x = A.

    Parameters
    ----------
    A : array, shape (n, n)
    **options
        As SciPy's.

    Raises
    ------
    ValueError
        If A has duals and is a stack of matrices.
    NonDifferentiableError
        If A has duals and is singular.

    Examples
    --------
    >>> sqrtm(Dual(np.array([[4.0]]), np.array([[1.0]])))
    DualArray([[2.]], [[0.25]])
    """
    (A,) = _operands(A)
    if not _has_duals(A):
        return _scipy.sqrtm(A, **options)
    if A.ndim != 2:
        raise ValueError(f"sqrtm with duals takes one matrix, got shape {A.shape}; loop over them.")
    x = _scipy.sqrtm(plain(A), **options)
    if x.size and np.linalg.cond(x) > 1 / np.finfo(x.dtype).eps:
        raise NonDifferentiableError(
            "the matrix is singular, and its square root has no derivative there."
        )
    return solved(
        lambda y: y @ y - A,
        x,
        lambda r: _scipy.solve_sylvester(x, x, r),
        back=lambda g: _scipy.solve_sylvester(x.T, x.T, g),
    )


__getattr__, __dir__ = names_of(__name__)
