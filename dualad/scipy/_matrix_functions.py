"""scipy.linalg's functions of a matrix: one theorem for all of them.

f([[v, v̇], [0, v]]) = [[f(v), ẏ], [0, f(v)]]: R. Mathias, "A chain rule for matrix functions and
applications" (1996). It holds for every f that is analytic where the eigenvalues are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg as _scipy

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..array_rules.common import has_duals
from ..array_rules.matrices import largest
from ..dual import Dual
from ..forms import Form, made_of
from ..pair import dual, own, plain
from ._calling import called_as, of_matrices
from ._parts import nilpotent, order_of, with_value
from ._theorems import solved

Function = Callable[..., Any]


def _by_blocks(f: Function, a: Any) -> Any:
    """f of a matrix with tangents; they are brought to the size of the value, so that they do not
    decide how f is approximated."""
    if not isinstance(a, Dual):
        return f(a)
    y, v, dot = _by_blocks(f, a.primal), a.primal, a.tangent
    if isinstance(dot, Form):  # the transpose of v̇ ↦ ẏ is that of the transposed matrix
        turned = np.matrix_transpose(own(v))
        dtype = np.result_type(dot.dtype, plain(y))
        dot = made_of(dot.shape, dtype, [dot], lambda g: (_moved(f, turned, g),))
    else:
        dot = _moved(f, v, dot)
    return dual(y, dot, a.level)


def _moved(f: Function, v: Any, dot: Any) -> Any:
    """ẏ, of tangents that are numbers."""
    if np.iscomplexobj(plain(dot)) and not np.iscomplexobj(plain(v)):
        # in parts: the eigenvalues of a real matrix stay where they are beside a branch cut
        return _moved(f, v, np.real(dot)) + 1j * _moved(f, v, np.imag(dot))
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


@called_as(_scipy.logm)
def logm(A: Any, **options: Any) -> Any:
    """scipy.linalg.logm: the principal logarithm of a matrix.

    Parameters
    ----------
    A : array, shape (n, n)
    **options
        As SciPy's; none with duals.

    Raises
    ------
    NonDifferentiableError
        If A has duals and is singular.

    Examples
    --------
    >>> logm(Dual(np.array([[2.0]]), np.array([[1.0]]))).tangent
    array([[0.5]])
    """
    if not has_duals(A):
        return _scipy.logm(A, **options)
    A = own(as_operand(A))
    _refuse_singular(A, "logarithm")
    return _by_blocks(_one_by_one(_scipy.logm), A)


def _refuse_singular(a: Any, what: str) -> None:
    """Raise NonDifferentiableError if a matrix, or one of a stack, is singular but for rounding."""
    if np.size(a) and np.any(np.linalg.matrix_rank(plain(a)) < np.shape(a)[-1]):
        raise NonDifferentiableError(
            f"the matrix is singular, and its {what} has no derivative there."
        )


def _one_by_one(f: Function) -> Function:
    """f of one matrix for stacks of them."""

    def g(a: Any) -> Any:
        if a.ndim == 2:
            return f(a)
        each = [f(m) for m in a.reshape(-1, *a.shape[-2:])]
        return np.stack(each).reshape(a.shape) if each else a

    return g


@called_as(_scipy.sqrtm)
def sqrtm(A: Any, **options: Any) -> Any:
    """scipy.linalg.sqrtm: the principal square root, from x @ x = A.

    Parameters
    ----------
    A : array, shape (n, n)
    **options
        As SciPy's.

    Raises
    ------
    NonDifferentiableError
        If A has duals and is singular.

    Examples
    --------
    >>> sqrtm(Dual(np.array([[4.0]]), np.array([[1.0]])))
    DualArray([[2.]], [[0.25]])
    """
    if not has_duals(A):
        return _scipy.sqrtm(A, **options)
    A = own(as_operand(A))
    if np.ndim(A) < 2:  # of which SciPy 1.17 gives the exponential
        raise ValueError(f"sqrtm takes a matrix, got shape {np.shape(A)}; write [[x]].")
    x = _scipy.sqrtm(plain(A), **options)
    _refuse_singular(A, "square root")
    return with_value(_root(A, x), x)


def _by_theorem(theirs: Function) -> Function:
    """A function of SciPy's of one matrix."""

    @of_matrices(theirs)
    def f(value: Any, A: Any, **options: Any) -> Any:
        return _by_blocks(_one_by_one(theirs), A)

    f.__name__ = f.__qualname__ = theirs.__name__
    f.__doc__ = f"scipy.linalg.{theirs.__name__}, with the tangents of functions of a matrix."
    return f


cosm, sinm, tanm = map(_by_theorem, (_scipy.cosm, _scipy.sinm, _scipy.tanm))
coshm, sinhm, tanhm = map(_by_theorem, (_scipy.coshm, _scipy.sinhm, _scipy.tanhm))


@of_matrices(_scipy.signm)
def signm(value: Any, A: Any, **options: Any) -> Any:
    """scipy.linalg.signm, from s @ s = 1 and s @ A = A @ s.

    Raises
    ------
    NonDifferentiableError
        If an eigenvalue is zero, or purely imaginary.
    """
    _refuse_singular(A, "sign")
    square = A @ A
    root = _root(square, _scipy.sqrtm(plain(square)))
    return np.linalg.solve(root, A)


def _root(a: Any, x: Any) -> Any:
    """The square root of a matrix of duals, from that of the plain one."""
    return solved(
        lambda y: y @ y - a,
        x,
        lambda r: _scipy.solve_sylvester(x, x, r),
        back=lambda g: _scipy.solve_sylvester(x.T, x.T, g),
    )


@of_matrices(_scipy.fractional_matrix_power)
def fractional_matrix_power(value: Any, A: Any, t: Any) -> Any:
    """scipy.linalg.fractional_matrix_power: both the matrix and the exponent may be duals.

    Examples
    --------
    >>> from dualad import derivative
    >>> round(derivative(lambda t: fractional_matrix_power(np.array([[4.0]]), t)[0, 0])(0.5), 9)
    2.772588722
    """
    number = plain(t)
    if isinstance(A, Dual) and number != round(number):
        _refuse_singular(A, "fractional power")
    y = _by_blocks(_one_by_one(lambda a: _scipy.fractional_matrix_power(a, number)), A)
    if not isinstance(t, Dual):
        return y
    power = _by_blocks(_one_by_one(_scipy.logm), A) * nilpotent(t)
    series = term = np.eye(len(value)) + 0 * power
    for k in range(1, order_of(t) + 1):
        term = term @ power / k
        series = series + term
    return y @ series


@of_matrices(_scipy.expm_frechet)
def expm_frechet(
    value: Any, A: Any, E: Any, method: Any = None, compute_expm: bool = True, check_finite: Any = 0
) -> Any:
    """scipy.linalg.expm_frechet: the exponential, and its derivative along E."""
    n = len(plain(A))
    zero = np.zeros((n, n))
    whole = np.concatenate(
        [np.concatenate([A, E], axis=1), np.concatenate([zero, A], axis=1)], axis=0
    )
    y = expm(whole)
    return (y[:n, :n], y[:n, n:]) if compute_expm else y[:n, n:]
