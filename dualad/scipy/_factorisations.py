"""scipy.linalg's factorisations: the tangents of numpy.linalg's, turned as SciPy's factors are.

Eigenvectors, singular vectors and the columns of an orthogonal factor are known up to their signs,
and LAPACK's routines differ in them.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import scipy.linalg as _scipy

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError, Undefined, known, undefined
from ..array_rules.matrices import adjoint, from_triangle
from ..pair import plain
from ._calling import of_matrices
from ._theorems import solved

# -- eigenvalues ---------------------------------------------------------------------------


def _aligned(y: Any, vectors: Any, axis: int = -2) -> Any:
    """y with its vectors turned as SciPy's are, in sign or phase; they are the same otherwise."""
    rest, where = known(y)
    product = np.sum(np.conj(plain(rest)) * vectors, axis=axis, keepdims=True)
    size = abs(product)
    turned = rest * np.where(size > 0.5, product / np.where(size > 0, size, 1), 1)
    if np.iscomplexobj(product) and not np.iscomplexobj(vectors):  # of numpy.linalg.eig, from 2.5
        turned = np.real(turned)
    if isinstance(y, Undefined):
        return undefined(turned, where, y.why)
    return turned


def _turning_less(v: Any, vectors: Any) -> Any:
    """Complex eigenvectors whose tangents leave those elements real that SciPy has made real."""
    if not np.iscomplexobj(vectors):
        return v
    rows = np.all(np.imag(vectors) == 0, axis=-1)
    if not np.any(rows):
        raise TypeError(
            "complex eigenvectors with duals are those of numpy.linalg.eigh; use that, or "
            "driver='ev', whose phases are known."
        )
    row = int(np.argmax(rows))
    pivot = v[row]
    return v * (np.conj(pivot) / np.abs(pivot)) * np.sign(np.real(vectors[row]))


def _standard(a: Any, b: Any, kind: int, lower: bool) -> tuple[Any, Any]:
    """The matrix with the eigenvalues of a and b, and what its vectors are multiplied by."""
    side = "L" if lower else "U"
    a = from_triangle(a, side)
    if b is None:
        return a, None
    factor = np.linalg.cholesky(from_triangle(b, side))
    if kind == 1:
        half = np.linalg.solve(factor, a)
        c = adjoint(np.linalg.solve(factor, adjoint(half)))
    else:
        c = adjoint(factor) @ a @ factor
    return (c + adjoint(c)) / 2, factor


def _eigenvalues(w: Any, value: Any, by_value: bool) -> Any:
    """Which of all eigenvalues SciPy has given."""
    if not by_value or len(value) == len(plain(w)):
        return slice(None)
    first = int(np.argmin(abs(plain(w) - value[0]))) if len(value) else 0
    return slice(first, first + len(value))


@of_matrices(_scipy.eigh)
def eigh(
    value: Any,
    a: Any,
    b: Any = None,
    lower: bool = True,
    eigvals_only: bool = False,
    type: int = 1,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    **options: Any,
) -> Any:
    """scipy.linalg.eigh: a @ v = w·b @ v, or with type=2 a @ b @ v = w·v, with 3 b @ a @ v = w·v.

    Raises
    ------
    NonDifferentiableError
        If a derivative of the vector of a repeated eigenvalue is used.

    Examples
    --------
    >>> import numpy as np
    >>> from dualad import derivative
    >>> f = lambda t: eigh(np.array([[t, 1.0], [1.0, 0.0]]), eigvals_only=True)[1]
    >>> print(f"{derivative(f)(0.0):.3f}")
    0.500
    """
    c, factor = _standard(a, b, type, lower)
    is_part = subset_by_index is not None or subset_by_value is not None
    if eigvals_only:
        w = np.linalg.eigvalsh(c)
        return w[_eigenvalues(w, value, is_part)]
    w, v = np.linalg.eigh(c)
    chosen = _eigenvalues(w, value[0], is_part)
    w, v = w[chosen], v[:, chosen]
    if factor is not None:
        v = factor @ v if type == 3 else np.linalg.solve(adjoint(factor), v)
    if np.iscomplexobj(value[1]):
        return w, _turning_less(v, value[1])
    return w, _aligned(v, value[1]) if factor is None else v * _signs(v, value[1])


def _signs(v: Any, vectors: Any) -> Any:
    return np.sign(np.sum(np.conj(plain(v)) * vectors, axis=-2).real)


@of_matrices(_scipy.eigvalsh)
def eigvalsh(value: Any, a: Any, **options: Any) -> Any:
    """scipy.linalg.eigvalsh; see `eigh`."""
    return eigh(a, **options, eigvals_only=True)


def _unsupported(f: str, instead: str) -> NoReturn:
    raise TypeError(f"scipy.linalg.{f} cannot take duals; {instead}.")


@of_matrices(_scipy.eig)
def eig(
    value: Any,
    a: Any,
    b: Any = None,
    left: bool = False,
    right: bool = True,
    homogeneous_eigvals: bool = False,
    **options: Any,
) -> Any:
    """scipy.linalg.eig, without left vectors; with b only the eigenvalues.

    Raises
    ------
    TypeError
        If there are duals, and left vectors or homogeneous eigenvalues are asked for, or the
        vectors of a pair of matrices.
    """
    if left or homogeneous_eigvals or (b is not None and right):
        _unsupported(
            "eig with left=True, homogeneous_eigvals=True, or a second matrix",
            "use eig(solve(b, a)), and its transpose for the left vectors",
        )
    w = value[0] if right else value
    if not right:
        return _paired_eigenvalues(np.linalg.eigvals(a if b is None else np.linalg.solve(b, a)), w)
    found, v = np.linalg.eig(a)
    order = _nearest(plain(found), w)
    return found[order], _aligned(v[:, order], value[1])


def _nearest(found: Any, w: Any) -> Any:
    """Which of the eigenvalues found each of w is."""
    apart = abs(found[:, None] - w[None, :])
    order = np.argmin(apart, axis=0)
    return order if len(set(order.tolist())) == len(w) else np.arange(len(w))


def _paired_eigenvalues(found: Any, w: Any) -> Any:
    return found[_nearest(plain(found), w)]


@of_matrices(_scipy.eigvals)
def eigvals(
    value: Any, a: Any, b: Any = None, homogeneous_eigvals: bool = False, **options: Any
) -> Any:
    """scipy.linalg.eigvals, of a matrix or of a pair of them."""
    if homogeneous_eigvals:
        _unsupported("eigvals with homogeneous_eigvals=True", "omit it")
    return _paired_eigenvalues(np.linalg.eigvals(a if b is None else np.linalg.solve(b, a)), value)


def _from_bands(band: Any, lower: bool) -> Any:
    """A Hermitian matrix from its main diagonal and those on one side."""
    far = len(band) - 1
    n = np.shape(band)[1]
    parts = [
        np.diag(band[d, : n - d], -d) if lower else np.diag(band[far - d, d:], d)
        for d in range(min(far + 1, n))
    ]
    return from_triangle(sum(parts[1:], parts[0]), "L" if lower else "U")


@of_matrices(_scipy.eig_banded)
def eig_banded(
    value: Any,
    a_band: Any,
    lower: bool = False,
    eigvals_only: bool = False,
    select: Any = "a",
    **options: Any,
) -> Any:
    """scipy.linalg.eig_banded: eigenvalues and vectors of a Hermitian banded matrix."""
    return _selected(value, _from_bands(a_band, lower), eigvals_only, select)


@of_matrices(_scipy.eigvals_banded)
def eigvals_banded(
    value: Any, a_band: Any, lower: bool = False, select: Any = "a", **options: Any
) -> Any:
    """scipy.linalg.eigvals_banded."""
    return _selected(value, _from_bands(a_band, lower), True, select)


@of_matrices(_scipy.eigh_tridiagonal)
def eigh_tridiagonal(
    value: Any, d: Any, e: Any, eigvals_only: bool = False, select: Any = "a", **options: Any
) -> Any:
    """scipy.linalg.eigh_tridiagonal: of a diagonal and the one beside it."""
    return _selected(value, np.diag(d) + np.diag(e, 1) + np.diag(e, -1), eigvals_only, select)


@of_matrices(_scipy.eigvalsh_tridiagonal)
def eigvalsh_tridiagonal(value: Any, d: Any, e: Any, select: Any = "a", **options: Any) -> Any:
    """scipy.linalg.eigvalsh_tridiagonal."""
    return _selected(value, np.diag(d) + np.diag(e, 1) + np.diag(e, -1), True, select)


def _selected(value: Any, a: Any, eigvals_only: bool, select: Any) -> Any:
    is_part = select not in ("a", "all", 0)
    if eigvals_only:
        w = np.linalg.eigvalsh(a)
        return w[_eigenvalues(w, value, is_part)]
    w, v = np.linalg.eigh(a)
    chosen = _eigenvalues(w, value[0], is_part)
    v = v[:, chosen]
    v = _turning_less(v, value[1]) if np.iscomplexobj(value[1]) else _aligned(v, value[1])
    return w[chosen], v


# -- singular values -----------------------------------------------------------------------


@of_matrices(_scipy.svd)
def svd(
    value: Any, a: Any, full_matrices: bool = True, compute_uv: bool = True, **options: Any
) -> Any:
    """scipy.linalg.svd: singular values, and the vectors on both sides."""
    if not compute_uv:
        return np.linalg.svd(a, compute_uv=False)
    u, s, vh = np.linalg.svd(a, full_matrices)
    return _aligned(u, value[0]), s, _aligned(vh, value[2], axis=-1)


@of_matrices(_scipy.svdvals)
def svdvals(value: Any, a: Any, **options: Any) -> Any:
    """scipy.linalg.svdvals: the singular values."""
    return np.linalg.svdvals(a)


@of_matrices(_scipy.orth)
def orth(value: Any, A: Any, rcond: Any = None) -> Any:
    """scipy.linalg.orth: left singular vectors that span the columns."""
    u = np.linalg.svd(A, full_matrices=False)[0]
    return _aligned(u[..., : value.shape[-1]], value)


@of_matrices(_scipy.pinv)
def pinv(
    value: Any,
    a: Any,
    atol: Any = None,
    rtol: Any = None,
    return_rank: bool = False,
    **options: Any,
) -> Any:
    """scipy.linalg.pinv: the pseudo-inverse; the rank is plain."""
    s = np.linalg.svdvals(plain(a))
    largest = s[0] if s.size else 0.0
    eps = np.finfo(s.dtype).eps
    relative = max(a.shape) * eps if rtol is None and not atol else plain(rtol or 0.0)
    if not largest:
        relative = 0.0
    cut = relative + (plain(atol) / largest if atol and largest else 0.0)
    y = np.linalg.pinv(a, rcond=cut)
    return (y, None) if return_rank else y


@of_matrices(_scipy.pinvh)
def pinvh(value: Any, a: Any, lower: bool = True, return_rank: bool = False, **options: Any) -> Any:
    """scipy.linalg.pinvh: the pseudo-inverse of a Hermitian matrix; the rank is plain."""
    y = pinv(from_triangle(a, "L" if lower else "U"), **{
        n: options[n] for n in ("atol", "rtol") if n in options
    })  # fmt: skip
    return (y, None) if return_rank else y


@of_matrices(_scipy.norm)
def norm(
    value: Any, a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, **options: Any
) -> Any:
    """scipy.linalg.norm of a vector or a matrix."""
    return np.linalg.norm(a, ord, axis, keepdims)


# -- triangular and orthogonal factors -----------------------------------------------------

_PIVOTED = (
    "the factors of a matrix with dependent columns or a zero pivot have no derivative; add a "
    "small multiple of the identity."
)


@of_matrices(_scipy.qr)
def qr(value: Any, a: Any, mode: str = "full", pivoting: bool = False, **options: Any) -> Any:
    """scipy.linalg.qr, with mode "full", "r" or "economic"; which columns are pivots is plain.

    Raises
    ------
    TypeError
        With mode="raw" and duals.
    """
    if mode == "raw":
        _unsupported("qr with mode='raw'", "write mode='full', 'r' or 'economic'")
    columns = value[-1] if pivoting else slice(None)
    factors = np.linalg.qr(a[:, columns], "reduced" if mode == "economic" else "complete")
    k = min(a.shape)
    r = value[0] if mode == "r" else value[1]
    here, there = np.diagonal(plain(factors[1])), np.diagonal(r)
    turn = np.where(abs(here) > 0, there / np.where(abs(here) > 0, here, 1), 1)
    turn = turn / np.where(abs(turn) > 0, abs(turn), 1)
    signs = np.concatenate([turn, np.ones(len(r) - k)])
    upper = signs[:, None] * factors[1] if not _is_same(signs) else factors[1]
    found: tuple[Any, ...] = (upper,)
    if mode != "r":
        q = factors[0]
        found = (q if _is_same(signs) else q * np.conj(_for_columns(signs, value[0])), upper)
    return (*found, None) if pivoting else found


def _is_same(signs: Any) -> bool:
    return bool(np.all(signs == 1))


def _for_columns(signs: Any, q: Any) -> Any:
    return np.concatenate([signs, np.ones(max(q.shape[1] - len(signs), 0))])[: q.shape[1]]


@of_matrices(_scipy.rq)
def rq(value: Any, a: Any, mode: str = "full", **options: Any) -> Any:
    """scipy.linalg.rq of a matrix with no more rows than columns, with mode "economic" or "r"."""
    m, n = a.shape
    if m > n or (mode == "full" and m < n):
        _unsupported("rq of such a matrix in this mode", "write mode='economic', of a wide matrix")
    factors = np.linalg.qr(adjoint(a[::-1]), "reduced")
    r, q = adjoint(factors[1])[::-1, ::-1], adjoint(factors[0])[::-1]
    upper = value if mode == "r" else value[0]
    signs = np.sign((np.diagonal(plain(r)) * np.conj(np.diagonal(upper))).real)
    return r * signs if mode == "r" else (r * signs, signs[:, None] * q)


@of_matrices(_scipy.lu)
def lu(value: Any, a: Any, permute_l: bool = False, p_indices: bool = False, **options: Any) -> Any:
    """scipy.linalg.lu; the order of the rows is plain.

    Raises
    ------
    NonDifferentiableError
        If a pivot is zero.

    Examples
    --------
    >>> import numpy as np
    >>> from dualad import derivative
    >>> derivative(lambda t: lu(np.array([[t, 1.0], [1.0, 1.0]]))[2][1, 1])(2.0)
    0.25
    """
    rows, left, right = _scipy.lu(plain(a), p_indices=True)
    if np.any(np.diagonal(right) == 0):
        raise NonDifferentiableError(_PIVOTED)
    m, k = left.shape
    packed = triangular_factors(a[np.argsort(rows)], left, right)
    lower, upper = np.tril(packed[:, :k], -1) + np.eye(m, k), np.triu(packed[:k])
    if permute_l:
        return lower[rows], upper
    return None, lower, upper


def triangular_factors(a: Any, left: Any, right: Any) -> Any:
    """L and U in one matrix, with the tangents of L @ U = a, from plain factors."""
    m, n = a.shape
    if m != n:  # beyond the square they are solutions of triangular equations
        k = min(m, n)
        square = triangular_factors(a[:k, :k], left[:k], right[:, :k])
        if m < n:
            beyond = np.linalg.solve(np.tril(square, -1) + np.eye(k), a[:, k:])
        else:
            beyond = np.linalg.solve(np.triu(square).T, a[k:].T).T
        return np.concatenate([square, beyond], axis=int(m < n))

    def divide(r: Any) -> Any:
        f = _scipy.solve_triangular(left, r, lower=True, unit_diagonal=True)
        f = _scipy.solve_triangular(right, f.T, trans=1).T
        return left @ np.tril(f, -1) + np.triu(f) @ right

    def residual(packed: Any) -> Any:
        lower = np.tril(packed, -1) + np.eye(len(left), dtype=left.dtype)
        return lower @ np.triu(packed) - a

    def back(g: Any) -> Any:
        f = np.tril(left.T @ g, -1) + np.triu(g @ right.T)
        f = _scipy.solve_triangular(left, f, trans=1, lower=True, unit_diagonal=True)
        return _scipy.solve_triangular(right, f.T).T

    return solved(residual, np.tril(left, -1) + right, divide, back=back)


@of_matrices(_scipy.polar)
def polar(value: Any, a: Any, side: str = "right") -> Any:
    """scipy.linalg.polar: a = u @ p, or with side="left" p @ u, p positive definite.

    p comes from p @ p = aᴴ @ a, or a @ aᴴ.

    Raises
    ------
    NonDifferentiableError
        If p is singular.
    """
    right = side == "right"
    square = adjoint(a) @ a if right else a @ adjoint(a)
    p = value[1]
    if np.linalg.cond(p) > 1e8:
        raise NonDifferentiableError(
            "the positive factor is singular, and the polar factors have no derivative; with "
            "side='right' the columns of a must be independent, with 'left' its rows."
        )
    root = (p + adjoint(p)) / 2
    p = solved(
        lambda x: x @ x - square,
        root,
        lambda r: _scipy.solve_sylvester(root, root, r),
        back=lambda g: _scipy.solve_sylvester(root.T, root.T, g),
    )
    u = adjoint(np.linalg.solve(adjoint(p), adjoint(a))) if right else np.linalg.solve(p, a)
    return u, p


@of_matrices(_scipy.cholesky_banded)
def cholesky_banded(value: Any, ab: Any, lower: bool = False, **options: Any) -> Any:
    """scipy.linalg.cholesky_banded: the factor, in the same form.

    The corner of ab that stands for no element of the matrix is left as it is.
    """
    far, n = len(ab) - 1, np.shape(ab)[1]
    factor = np.linalg.cholesky(_from_bands(ab, lower))
    factor = factor if lower else adjoint(factor)
    rows = []
    for i in range(far + 1):
        d = i if lower else far - i
        d = min(d, n)
        line = np.diagonal(factor, -d if lower else d)
        gap = ab[i, n - d :] if lower else ab[i, :d]
        rows.append(np.concatenate([line, gap] if lower else [gap, line]))
    return np.stack(rows)


@of_matrices(_scipy.cho_solve_banded)
def cho_solve_banded(value: Any, cb_and_lower: Any, b: Any, **options: Any) -> Any:
    """scipy.linalg.cho_solve_banded, with the factor of `cholesky_banded`."""
    cb, lower = cb_and_lower
    cb, b = as_operand(cb), as_operand(b)
    n, far = np.shape(cb)[1], len(plain(cb)) - 1
    rows = range(min(far + 1, n))
    parts = [np.diag(cb[d, : n - d], -d) if lower else np.diag(cb[far - d, d:], d) for d in rows]
    factor = sum(parts[1:], parts[0])
    left, right = (factor, adjoint(factor)) if lower else (adjoint(factor), factor)

    def divide(r: Any) -> Any:
        return _scipy.cho_solve_banded((plain(cb), lower), r)

    def back(g: Any) -> Any:
        return _scipy.cho_solve_banded((np.conj(plain(cb)), lower), g)

    return solved(lambda x: left @ (right @ x) - b, value, divide, back=back)


@of_matrices(_scipy.subspace_angles)
def subspace_angles(value: Any, A: Any, B: Any) -> Any:
    """scipy.linalg.subspace_angles: by their sines where they are small, or else by cosines."""
    a, b = np.linalg.qr(A)[0], np.linalg.qr(B)[0]
    if a.shape[1] < b.shape[1]:
        a, b = b, a
    inner = adjoint(a) @ b
    cosines = np.linalg.svdvals(inner)[::-1]
    sines = np.linalg.svdvals(b - a @ inner)
    return np.where(value < np.pi / 4, np.arcsin(sines), np.arccos(cosines))


@of_matrices(_scipy.khatri_rao)
def khatri_rao(value: Any, a: Any, b: Any) -> Any:
    """scipy.linalg.khatri_rao: Kronecker's product of columns."""
    y = a[..., :, None, :] * b[..., None, :, :]
    return np.reshape(y, (*np.shape(y)[:-3], -1, np.shape(y)[-1]))


@of_matrices(_scipy.orthogonal_procrustes)
def orthogonal_procrustes(value: Any, A: Any, B: Any, **options: Any) -> Any:
    """scipy.linalg.orthogonal_procrustes: the orthogonal matrix that takes A next to B."""
    product = adjoint(adjoint(B) @ A) if np.iscomplexobj(plain(A)) else (np.transpose(B) @ A).T
    u, _ = polar(product)
    return u, np.sum(np.linalg.svdvals(product))
