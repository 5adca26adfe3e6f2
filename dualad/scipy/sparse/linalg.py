"""scipy.sparse.linalg: sparse systems with duals in the matrix and on the right.

A @ x = b gives A @ ẋ = ḃ − Ȧ @ x: one theorem for every way to solve it. SciPy's solver finds the
value as it does without duals; the tangents are found by SciPy's own factorisation of the matrix,
and its transpose backward. Where the matrix is known by its products only, by the same solver.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as _sparse
import scipy.sparse.linalg as _scipy

from ...array.operands import as_operand, unbuffered
from ...array.undefined import NonDifferentiableError
from ...array_rules.common import has_duals
from ...pair import plain
from ...structure import rebuild
from .._names import names_of
from .._parts import Plain, stripped, through, with_value
from .._theorems import solved
from ._arrays import SparseArray, has_tangents, like_scipys, power_of

__all__ = [
    "LinearOperator",
    "aslinearoperator",
    "bicg",
    "bicgstab",
    "cg",
    "cgs",
    "eigsh",
    "expm_multiply",
    "factorized",
    "gcrotmk",
    "gmres",
    "lgmres",
    "lsmr",
    "lsqr",
    "matrix_power",
    "minres",
    "norm",
    "qmr",
    "spilu",
    "splu",
    "spsolve",
    "spsolve_triangular",
    "tfqmr",
]

Function = Callable[..., Any]


def _plain(a: Any) -> Any:
    """A matrix, sparse or dense, or an operator, without tangents."""
    if isinstance(a, (SparseArray, Operator)):
        return a.plain
    return a if _sparse.issparse(a) or isinstance(a, _scipy.LinearOperator) else _dense(a)


def _dense(b: Any) -> Any:
    b = as_operand(b)
    return plain(b) if has_duals(b) else b


def _right(b: Any) -> Any:
    """The right side of a system, as an array."""
    if isinstance(b, SparseArray) or _sparse.issparse(b):
        raise TypeError(
            "a sparse right side of a system with duals is not supported; write b.toarray()."
        )
    b = as_operand(b)
    return np.reshape(b, -1) if np.ndim(b) == 2 and np.shape(b)[1] == 1 else b


class _Divider:
    """The inverse of a plain matrix, and its transpose, on vectors and matrices."""

    def __init__(self, a: Any, factors: Any = None) -> None:
        a = _sparse.csc_array(a)
        self.is_complex = a.dtype.kind == "c"
        try:
            self.factors = _scipy.splu(a) if factors is None else factors
        except RuntimeError:  # singular: the value is nan, and so are the tangents
            self.factors = None

    def _solve(self, r: Any, trans: str) -> Any:
        if self.factors is None:
            return np.full(np.shape(r), np.nan)
        r = np.asarray(r, order="F")
        if np.iscomplexobj(r) and not self.is_complex:
            return self._solve(r.real, trans) + 1j * self._solve(r.imag, trans)
        return self.factors.solve(r, trans)

    def solve(self, r: Any) -> Any:
        return self._solve(r, "N")

    def back(self, g: Any) -> Any:
        return self._solve(g, "T")


@like_scipys(_scipy.spsolve)
def spsolve(A: Any, b: Any, permc_spec: Any = None, use_umfpack: bool = True) -> Any:
    if not has_tangents(A, b):
        return _scipy.spsolve(A, b, permc_spec, use_umfpack)
    given, b = b, _right(b)
    x = _scipy.spsolve(_plain(A), _dense(given), permc_spec, use_umfpack)
    divider = _Divider(_plain(A))
    return solved(lambda x: A @ x - b, x, divider.solve, back=divider.back)


# -- factors -------------------------------------------------------------------------------


class Factors:
    """What `splu` gives: `solve` takes duals; all else is that of SciPy's `SuperLU`, `plain`."""

    stands_for = property(lambda self: self.plain)

    def __init__(self, factors: Any, a: Any, is_exact: bool = True) -> None:
        self.plain, self._a, self._is_exact = factors, a, is_exact
        self._divider = _Divider(_plain(a), factors)

    def solve(self, rhs: Any, trans: str = "N") -> Any:
        """The x with A @ x = rhs; with trans="T" or "H" of the transpose or the adjoint.

        Parameters
        ----------
        rhs : array, shape (n,) or (n, k)
        trans : {"N", "T", "H"}
        """
        b, divider = as_operand(rhs), self._divider
        if not has_tangents(self._a, b):
            return self.plain.solve(unbuffered(rhs), trans)
        x = self.plain.solve(_dense(rhs), trans)

        def divide(r: Any) -> Any:
            return divider._solve(r, trans)

        def back(g: Any) -> Any:
            if trans == "H":
                return np.conj(divider._solve(np.conj(g), "N"))
            return divider._solve(g, "T" if trans == "N" else "N")

        if not has_tangents(self._a):
            return with_value(through(divide, b, back), x)
        a = self._a if trans == "N" else self._a.T if trans == "T" else self._a.conj().T
        return solved(lambda x: a @ x - b, x, divide, back=back)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "plain":
            raise AttributeError(name)
        if has_tangents(self._a) and name in ("L", "U"):
            raise AttributeError(
                f"the factor {name} of a sparse matrix of duals is not supported; solve with "
                "lu.solve(b), or take scipy.linalg.lu(A.toarray())."
            )
        return getattr(self.plain, name)


def _solve(factors: Any, *args: Any, **options: Any) -> Any:
    """SuperLU.solve, for factors of a plain matrix."""
    if not has_duals(args, options):
        return factors.solve(*rebuild(args, unbuffered), **rebuild(options, unbuffered))
    return Factors(factors, factors.L).solve(*args, **options)


# What lifted code calls in place of SciPy's method.
METHODS: dict[Any, Any] = {_scipy.SuperLU.solve: _solve}


@like_scipys(_scipy.splu)
def splu(A: Any, *args: Any, **options: Any) -> Any:
    return Factors(_scipy.splu(_plain(A), *args, **options), A)


@like_scipys(_scipy.spilu)
def spilu(A: Any, *args: Any, **options: Any) -> Any:
    if has_tangents(A):
        raise TypeError(
            "spilu drops small numbers, and has no derivative in them; write splu(A), or "
            "spilu(A.plain) for a preconditioner."
        )
    return Factors(_scipy.spilu(A, *args, **options), A)


@like_scipys(_scipy.factorized)
def factorized(A: Any) -> Any:
    value = _scipy.factorized(_plain(A))
    factors: list[Factors] = []

    def solve(b: Any) -> Any:
        if not has_tangents(A, b):
            return value(unbuffered(b))
        if not factors:
            factors.append(splu(A if isinstance(A, SparseArray) else _sparse.csc_array(A)))
        return with_value(factors[0].solve(b), value(_dense(b)))

    return solve


@like_scipys(_scipy.spsolve_triangular)
def spsolve_triangular(
    A: Any,
    b: Any,
    lower: bool = True,
    overwrite_A: bool = False,
    overwrite_b: bool = False,
    unit_diagonal: bool = False,
) -> Any:
    if not has_tangents(A, b):
        return _scipy.spsolve_triangular(A, b, lower, overwrite_A, overwrite_b, unit_diagonal)
    a, b = _plain(A), _right(b)

    def divide(r: Any) -> Any:
        if np.iscomplexobj(r) and a.dtype.kind != "c":
            return divide(r.real) + 1j * divide(r.imag)
        return _scipy.spsolve_triangular(a, r, lower, unit_diagonal=unit_diagonal)

    def back(g: Any) -> Any:
        if np.iscomplexobj(g) and a.dtype.kind != "c":
            return back(g.real) + 1j * back(g.imag)
        turned = a.T.tocsr()
        return _scipy.spsolve_triangular(turned, g, not lower, unit_diagonal=unit_diagonal)

    def product(x: Any) -> Any:
        y = A @ x
        if unit_diagonal:
            diagonal = as_operand(A.diagonal()) - 1
            y = y - (diagonal if np.ndim(x) == 1 else diagonal[:, None]) * x
        return y

    return solved(lambda x: product(x) - b, divide(_dense(b)), divide, back=back)


# -- operators -----------------------------------------------------------------------------


class Operator(_scipy.LinearOperator):  # type: ignore[misc, unused-ignore]
    """A linear operator whose products may be duals; `plain` is SciPy's own.

    Its functions may close over duals, and be given them.
    """

    def __init__(self, value: Any, matvec: Function, rmatvec: Function | None = None) -> None:
        super().__init__(value.dtype, value.shape)
        self.plain, self._forth, self._back = value, matvec, rmatvec

    def _matvec(self, x: Any) -> Any:
        return self._forth(x)

    def matvec(self, x: Any) -> Any:
        """The product with a vector."""
        return self._product(self._forth, self.plain.matvec, x, self.shape)

    def rmatvec(self, x: Any) -> Any:
        """The product of the adjoint with a vector."""
        if self._back is None:
            return self.plain.rmatvec(x)  # which says that there is none
        return self._product(self._back, self.plain.rmatvec, x, self.shape[::-1])

    def _product(self, f: Function, value: Function, x: Any, shape: tuple[int, int]) -> Any:
        x = as_operand(x)
        m, n = shape
        if np.shape(x) not in ((n,), (n, 1)):
            raise ValueError("dimension mismatch")
        y = as_operand(f(x))
        if not has_duals(x, y):
            return value(x)
        return np.reshape(y, m if np.ndim(x) == 1 else (m, 1))

    def matmat(self, X: Any) -> Any:
        """The product with a matrix."""
        X = as_operand(X)
        return np.stack([self.matvec(column) for column in np.transpose(X)], axis=1)

    def dot(self, x: Any) -> Any:
        """The product with a number, a vector, a matrix, or another operator."""
        if isinstance(x, _scipy.LinearOperator):
            return _one_after_another(_as_operator(x), self)
        x = as_operand(x)
        if np.ndim(x) == 0:
            return _made(
                self.plain * plain(x), lambda f, v: x * f(v), lambda g, v: np.conj(x) * g(v), self
            )
        return self.matvec(x) if np.ndim(x) == 1 else self.matmat(x)

    __mul__ = __call__ = dot

    def __matmul__(self, x: Any) -> Any:
        if not isinstance(x, _scipy.LinearOperator) and np.ndim(as_operand(x)) == 0:
            raise ValueError("Scalar operands are not allowed, use '*' instead")
        return self.dot(x)

    def __rmul__(self, x: Any) -> Any:
        if isinstance(x, _scipy.LinearOperator):
            return _one_after_another(self, _as_operator(x))
        x = as_operand(x)
        return self.dot(x) if np.ndim(x) == 0 else np.transpose(self.T.dot(np.transpose(x)))

    __rmatmul__ = __rmul__

    def __truediv__(self, x: Any) -> Any:
        return self.dot(1.0 / as_operand(x))

    def __neg__(self) -> Any:
        return self.dot(-1)

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, _scipy.LinearOperator):
            return NotImplemented
        other = _as_operator(other)
        return _made(
            self.plain + other.plain,
            lambda f, h, v: f(v) + h(v),
            lambda f, h, v: f(v) + h(v),
            self,
            other,
        )

    def __radd__(self, other: Any) -> Any:
        return _as_operator(other) + self

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return _as_operator(other) + -self

    def __pow__(self, p: Any) -> Any:
        value = self.plain**p  # or what is wrong with p

        def times(f: Function, v: Any) -> Any:
            for _ in range(p):
                v = f(v)
            return v

        return _made(value, times, times, self)

    def _adjoint(self) -> Any:
        if self._back is None:
            return self.plain.adjoint()
        return Operator(self.plain.adjoint(), self._back, self._forth)

    def _transpose(self) -> Any:
        if self._back is None:
            return self.plain.transpose()
        forth, back = self._forth, self._back
        return Operator(
            self.plain.transpose(),
            lambda v: np.conj(back(np.conj(v))),
            lambda v: np.conj(forth(np.conj(v))),
        )


def _as_operator(a: Any) -> Any:
    """One of SciPy's operators as one of ours; functions of the user's take what they can."""
    if isinstance(a, Operator):
        return a
    if not isinstance(a, _scipy.LinearOperator):
        raise TypeError(f"an operator takes another operator, got {type(a).__name__}.")
    if type(a).__name__ in _MADE:  # with plain numbers, in code that was not lifted
        parts = [_as_operator(x) if isinstance(x, _scipy.LinearOperator) else x for x in a.args]
        return _MADE[type(a).__name__](*parts)
    return Operator(a, a._matvec, a._rmatvec)


def _made(value: Any, forth: Function, back: Function, *parts: Operator) -> Operator:
    """An operator made of others, from their functions and then a vector."""
    ways = [part._forth for part in parts], [part._back for part in parts]
    return Operator(
        value,
        lambda v: forth(*ways[0], v),
        None if any(f is None for f in ways[1]) else lambda v: back(*ways[1], v),
    )


def _one_after_another(first: Operator, second: Operator) -> Operator:
    return _made(
        second.plain @ first.plain,
        lambda f, h, v: h(f(v)),
        lambda f, h, v: f(h(v)),
        first,
        second,
    )


@like_scipys(_scipy.LinearOperator)
def LinearOperator(*args: Any, **kwargs: Any) -> Any:
    names = ("shape", "matvec", "rmatvec", "matmat", "dtype", "rmatmat")
    given = dict(zip(names, args, strict=False)) | kwargs
    functions = {n: f for n, f in given.items() if n in names[1:4] + names[5:] and f is not None}
    value = _scipy.LinearOperator(**{**given, **{n: Plain(f) for n, f in functions.items()}})
    return Operator(value, functions["matvec"], functions.get("rmatvec"))


@like_scipys(_scipy.aslinearoperator)
def aslinearoperator(A: Any) -> Any:
    if isinstance(A, Operator):
        return A
    a = A if isinstance(A, SparseArray) or _sparse.issparse(A) else as_operand(A)
    value = _scipy.aslinearoperator(_plain(a))
    if isinstance(a, _scipy.LinearOperator):
        return value
    return Operator(value, lambda x: a @ x, lambda x: np.conj(a.T @ np.conj(x)))


# SciPy's own classes of operators, from what they are made of
_MADE: dict[str, Function] = {
    "MatrixLinearOperator": aslinearoperator,
    "_AdjointMatrixOperator": lambda a: aslinearoperator(a).H,
    "_AdjointLinearOperator": lambda a: a.H,
    "_TransposedLinearOperator": lambda a: a.T,
    "_SumLinearOperator": lambda a, b: a + b,
    "_ProductLinearOperator": lambda a, b: a @ b,
    "_ScaledLinearOperator": lambda a, factor: factor * a,
    "_PowerLinearOperator": lambda a, p: a**p,
}


# -- iterations ----------------------------------------------------------------------------


def _product_of(a: Any) -> Function:
    """a @ x for duals, with an operator of SciPy's or of ours, or a matrix."""
    if isinstance(a, _scipy.LinearOperator):
        operator = _as_operator(a)
        return lambda x: np.reshape(as_operand(operator._matvec(x)), a.shape[0])
    return lambda x: a @ x


_TIGHT = 1e-13


def _inverse_of(a: Any, theirs: Function, options: dict[str, Any]) -> tuple[Any, Any]:
    """How a plain matrix is divided by, and its transpose; an operator by the solver itself."""
    if _sparse.issparse(a):
        divider = _Divider(a)
        return divider.solve, divider.back
    if not isinstance(a, _scipy.LinearOperator):
        return (lambda r: np.linalg.solve(a, r)), (lambda g: np.linalg.solve(a.T, g))

    def by(operator: Any) -> Function:
        def divide(r: Any) -> Any:
            scale = float(np.linalg.norm(r))
            if scale == 0:
                return np.zeros_like(r)
            x, _ = theirs(operator, r, **{**options, "rtol": _TIGHT})
            if not np.linalg.norm(operator.matvec(x) - r) <= 1e-9 * scale:
                raise NonDifferentiableError(
                    f"{theirs.__name__} does not solve the system for the tangents, so that these "
                    "would be wrong; give the matrix itself, or a preconditioner M."
                )
            return x

        return divide

    if theirs in (_scipy.cg, _scipy.minres):  # for symmetric ones
        return by(a), (lambda g: np.conj(by(a)(np.conj(g))))
    return by(a), None


def _iterative(theirs: Function) -> Function:
    @like_scipys(theirs)
    def solve(A: Any, b: Any, x0: Any = None, **options: Any) -> Any:
        a, preconditioner = _plain(A), [n for n in ("M", "M1", "M2") if options.get(n) is not None]
        given = {**options, **{n: _plain(options[n]) for n in preconditioner}}
        shift = as_operand(options.get("shift", 0.0))
        if has_duals(shift):
            given["shift"] = plain(shift)
        b = as_operand(b)
        is_operator = isinstance(A, _scipy.LinearOperator)
        if is_operator and not isinstance(A, Operator):
            a = _scipy.LinearOperator(A.shape, Plain(A._matvec), Plain(A._rmatvec), dtype=A.dtype)
        start = None if x0 is None else _dense(x0)
        x, info = theirs(a, _dense(b), start, **given)
        flat, product = np.reshape(b, -1), _product_of(A)

        def residual(x: Any) -> Any:
            return product(x) - shift * x - flat if has_duals(shift) or shift else product(x) - flat

        if not has_tangents(A, b, shift) and not (is_operator and has_duals(residual(x.ravel()))):
            return x, info
        y = x.ravel()
        off, size = plain(as_operand(residual(y))), plain(flat)
        scale = np.linalg.norm(size) + np.linalg.norm(off + size)
        bound = max(options.get("rtol", 1e-5) * scale, options.get("atol", 0.0))
        if info != 0 or np.linalg.norm(off) > 100 * bound:  # SciPy's tfqmr says 0 wrongly with M
            raise NonDifferentiableError(
                f"{theirs.__name__} has not converged (info={info}, and A @ x is off by "
                f"{np.linalg.norm(off):.2g}), so that its result has no derivative; give more "
                "iterations (maxiter=) or another preconditioner M."
            )
        if np.any(plain(shift)):
            identity = _sparse.eye_array(len(y))
            is_operator = isinstance(a, _scipy.LinearOperator)
            a = a - plain(shift) * (_scipy.aslinearoperator(identity) if is_operator else identity)
        names = ("M", "M1", "M2", "maxiter", "restart")
        kept = {n: v for n, v in given.items() if n in names}
        divide, back = _inverse_of(a, theirs, kept)
        y = y - divide(off)  # from where the solver has stopped
        y = solved(residual, y, divide, x.ravel(), back)
        return np.reshape(y, x.shape), info

    return solve


bicg, bicgstab, cg, cgs = map(_iterative, (_scipy.bicg, _scipy.bicgstab, _scipy.cg, _scipy.cgs))
gcrotmk, gmres, lgmres = map(_iterative, (_scipy.gcrotmk, _scipy.gmres, _scipy.lgmres))
minres, qmr, tfqmr = map(_iterative, (_scipy.minres, _scipy.qmr, _scipy.tfqmr))


_LIMIT = {"lsqr": "iter_lim", "lsmr": "maxiter"}


def _least_squares(theirs: Function, norms: Function) -> Function:
    """A solver of min |A @ x − b|² + damp²·|x|², which tells norms beside x."""

    @like_scipys(theirs)
    def solve(A: Any, b: Any, damp: Any = 0.0, *args: Any, **options: Any) -> Any:
        b, damp = as_operand(b), as_operand(damp)
        if not has_tangents(A, b, damp):
            return theirs(A, b, damp, *args, **options)
        if isinstance(A, _scipy.LinearOperator):
            raise TypeError(
                f"{theirs.__name__} with duals takes a matrix, got an operator; write it as "
                "a sparse array, or solve the normal equations by cg."
            )
        x, *rest = theirs(_plain(A), _dense(b), plain(damp), *args, **options)
        if rest[0] == 7:  # istop
            raise NonDifferentiableError(
                f"{theirs.__name__} has not converged (istop=7), so that its result has no "
                f"derivative; give more iterations ({_LIMIT[theirs.__name__]}=)."
            )
        a = _sparse.csr_array(_plain(A))
        flat, turned = np.reshape(b, -1), (A.T if isinstance(A, SparseArray) else as_operand(A).T)
        matrix = a.T @ a + plain(damp) ** 2 * _sparse.eye_array(a.shape[1])
        divider = _Divider(matrix)
        if a.dtype.kind == "c":
            raise TypeError(f"{theirs.__name__} with duals takes real matrices; write A and b so.")
        if divider.factors is None:
            raise NonDifferentiableError(
                "the columns of the matrix are linearly dependent, and the solution of least "
                "length has no derivative here; give a damp."
            )

        def residual(x: Any) -> Any:
            return turned @ (A @ x - flat) + damp**2 * x

        y = x - divider.solve(plain(as_operand(residual(x))))
        y = solved(residual, y, divider.solve, x, divider.back)
        return y, *norms(A @ y - flat, damp, y, rest)

    return solve


def _of_lsqr(r: Any, damp: Any, x: Any, rest: list[Any]) -> Any:
    istop, itn, r1norm, r2norm, *estimates, xnorm, var = rest
    r1 = with_value(np.linalg.norm(r), r1norm)
    r2 = with_value(np.sqrt(np.sum(r * r) + damp**2 * np.sum(x * x)), r2norm)
    return istop, itn, r1, r2, *estimates, with_value(np.linalg.norm(x), xnorm), var


def _of_lsmr(r: Any, damp: Any, x: Any, rest: list[Any]) -> Any:
    istop, itn, normr, *estimates, normx = rest
    size = np.sqrt(np.sum(r * r) + damp**2 * np.sum(x * x))
    return istop, itn, with_value(size, normr), *estimates, with_value(np.linalg.norm(x), normx)


lsqr, lsmr = _least_squares(_scipy.lsqr, _of_lsqr), _least_squares(_scipy.lsmr, _of_lsmr)


# -- eigenvalues, norms and powers ---------------------------------------------------------


@like_scipys(_scipy.eigsh)
def eigsh(A: Any, k: int = 6, M: Any = None, *args: Any, **options: Any) -> Any:
    if not has_tangents(A, M):
        return _scipy.eigsh(A, k, M, *args, **options)
    if M is not None or isinstance(A, _scipy.LinearOperator) or _plain(A).dtype.kind == "c":
        raise TypeError(
            "eigsh with duals takes a real symmetric matrix, and no M; use "
            "scipy.linalg.eigh(A.toarray(), M.toarray())."
        )
    names = ("sigma", "which", "v0", "ncv", "maxiter", "tol", "return_eigenvectors")
    given = dict(zip(names, args, strict=False)) | options
    has_vectors = given.pop("return_eigenvectors", True)
    given = stripped(given)
    w, v = _scipy.eigsh(_plain(A), k, **given)
    pairs = [_eigenpair(A, w[i], v[:, i]) for i in range(len(w))]
    values = np.stack([pair[-1] for pair in pairs])
    if not has_vectors:
        w = _scipy.eigsh(_plain(A), k, return_eigenvectors=False, **given)
        return with_value(np.sort(values)[np.argsort(np.argsort(w))], w)
    values = with_value(values, w)
    return values, with_value(np.stack([pair[:-1] for pair in pairs], axis=1), v)


def _eigenpair(a: Any, w: Any, v: Any) -> Any:
    """(v, w) with the tangents of a @ v = w·v and |v| = 1."""

    def residual(x: Any) -> Any:
        vector, value = x[:-1], x[-1]
        return np.concatenate([a @ vector - value * vector, np.stack([vector @ vector - 1]) / 2])

    column = _sparse.csc_array(v[:, None])
    matrix = _sparse.block_array(
        [[_plain(a) - w * _sparse.eye_array(len(v)), -column], [column.T, None]], format="csc"
    )
    divider = _Divider(matrix)
    x = np.append(v, w)
    probe = np.cos(np.arange(len(x)))
    step = divider.solve(probe)
    if not np.linalg.norm(step) <= 1e12 * np.linalg.norm(probe) / max(abs(w), 1e-300):
        raise NonDifferentiableError(
            "an eigenvector of a repeated eigenvalue has no derivative; use functions of the "
            "matrix itself, such as its trace or spsolve."
        )
    return solved(residual, x, divider.solve, back=divider.back)


@like_scipys(_scipy.norm)
def norm(x: Any, ord: Any = None, axis: Any = None) -> Any:
    if not has_tangents(x):
        return _scipy.norm(x, ord, axis)
    value = _scipy.norm(x.plain, ord, axis)
    if axis is None and ord in (None, "fro", "f"):
        return with_value(np.linalg.norm(abs(x).numbers), value)
    if axis is None and ord in (1, np.inf):
        return with_value(np.max(abs(x).sum(axis=0 if ord == 1 else 1)), value)
    raise TypeError(
        f"norm of a sparse array of duals takes ord=None, 'fro', 1 or inf, and no axis; got "
        f"ord={ord!r}, axis={axis!r}; write np.linalg.norm(A.toarray(), …)."
    )


@like_scipys(_scipy.matrix_power)
def matrix_power(A: Any, power: Any) -> Any:
    if not has_tangents(A):
        return _scipy.matrix_power(A, power)
    return power_of(A, power)


@like_scipys(_scipy.expm_multiply)
def expm_multiply(A: Any, B: Any, *args: Any, **options: Any) -> Any:
    value = _scipy.expm_multiply(_plain(A), _dense(B), *args, **options)
    if not has_tangents(A, B):
        return value
    if args or options.keys() - {"traceA"} or isinstance(A, _scipy.LinearOperator):
        raise TypeError("expm_multiply with duals takes a matrix and B only; scale the matrix.")
    a = _sparse.csr_array(_plain(A))
    steps = max(1, int(np.ceil(_scipy.norm(a, 1))))
    y = as_operand(B)
    for _ in range(steps):
        term = y
        for k in range(1, 30):  # of a matrix of norm 1: 1/30! is left out
            term = A @ term / (k * steps)
            y = y + term
    return with_value(y, value)


__getattr__, __dir__ = names_of(__name__)
