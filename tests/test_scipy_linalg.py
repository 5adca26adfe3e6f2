"""dualad.scipy.linalg: against complex steps, differences, mpmath, and numpy.linalg's rules."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from support.agreement import assert_agree
from support.oracle import check

from dualad import Dual, NonDifferentiableError, derivative, grad, jacobian, jvp
from dualad.pair import plain
from dualad.scipy import linalg
from dualad.structure import leaves

RANDOM = np.random.default_rng(3)


def matrix(n: int) -> Any:
    return np.diag(np.arange(2.0, 2 + n)) + 0.3 * RANDOM.normal(size=(n, n))


def positive(x: Any) -> Any:
    return x @ np.swapaxes(x, -1, -2) + np.eye(x.shape[-1])


A, B, Q = matrix(4), matrix(3), RANDOM.normal(size=(4, 3))
BANDED = np.triu(np.tril(A, 1), -1)
VECTOR, BAND = RANDOM.normal(size=4), RANDOM.normal(size=(4, 4)) + 5 * np.eye(4)[[2]].T
POSITIVE_BAND = np.array([[0.0, 0.3, 0.2, 0.1], [2.0, 3.0, 2.5, 4.0]])

# A function of the module, ours or SciPy's, and of arrays; those that complex numbers go through as real ones do.
ANALYTIC: dict[str, tuple[Callable[..., Any], Any]] = {
    "solve": (lambda m, *args: m.solve(*args), (A, VECTOR)),
    **{
        f"solve, {kind}": (lambda m, a, b, kind=kind: m.solve(a, b, assume_a=kind), (A, VECTOR))
        for kind in (
            *("sym", "upper triangular", "lower triangular", "diagonal", "tridiagonal", "general"),
        )
    },
    "solve, banded": (lambda m, a, b: m.solve(a, b, assume_a="banded"), (BANDED, Q)),
    "solve, sym lower": (lambda m, a, b: m.solve(a, b, True, assume_a="symmetric"), (A, Q)),
    "solve, several": (lambda m, *args: m.solve(*args), (A, Q)),
    "inv": (lambda m, *args: m.inv(*args), (A,)),
    "det": (lambda m, *args: m.det(*args), (A,)),
    "triangular": (lambda m, *args: m.solve_triangular(*args), (A, VECTOR)),
    "triangular, lower": (lambda m, a, b: m.solve_triangular(a, b, lower=True), (A, Q)),
    "triangular, transposed": (lambda m, a, b: m.solve_triangular(a, b, "T"), (A, Q)),
    "triangular, unit": (
        lambda m, a, b: m.solve_triangular(a, b, unit_diagonal=True, trans=1, lower=True),
        (A, VECTOR),
    ),
    "lu": (lambda m, a, b: m.lu_solve(m.lu_factor(a), b), (A[[2, 0, 3, 1]], Q)),
    "lu, transposed": (
        lambda m, a, b: m.lu_solve(m.lu_factor(a), b, 1),
        (A[[2, 0, 3, 1]], VECTOR),
    ),
    "lu itself": (lambda m, a: m.lu_factor(a)[0], (A[[2, 0, 3, 1]],)),
    "banded": (lambda m, ab, b: m.solve_banded((1, 2), ab, b), (BAND, VECTOR)),
    "banded, several": (lambda m, ab, b: m.solve_banded((2, 1), ab, b), (BAND[[1, 2, 0, 3]], Q)),
    "sylvester": (lambda m, *args: m.solve_sylvester(*args), (A, B, Q)),
    "expm": (lambda m, *args: m.expm(*args), (A / 3,)),
    "expm, a stack": (
        lambda m, *args: m.expm(*args),
        (np.stack([A / 3, A.T]).reshape(2, 1, 4, 4),),
    ),
    "logm": (lambda m, *args: m.logm(*args), (positive(A),)),
    "sqrtm": (lambda m, *args: m.sqrtm(*args), (positive(A),)),
}
REAL: dict[str, tuple[Callable[..., Any], Any]] = {
    "solve, pos": (
        lambda m, a, b: m.solve(a, b, assume_a="pos", lower=True),
        (positive(A), VECTOR),
    ),
    **{
        f"solve, {kind}, transposed": (
            lambda m, a, b, kind=kind: m.solve(a, b, assume_a=kind, transposed=True),
            (A, VECTOR),
        )
        for kind in (None, "sym", "upper triangular", "lower triangular", "tridiagonal")
    },
    "cho": (lambda m, a, b: m.cho_solve(m.cho_factor(a), b), (positive(A), Q)),
    "cho, lower": (
        lambda m, a, b: m.cho_solve(m.cho_factor(a, lower=True), b),
        (positive(A), VECTOR),
    ),
    "cholesky": (lambda m, *args: m.cholesky(*args), (positive(A),)),
    "h banded": (lambda m, *args: m.solveh_banded(*args), (POSITIVE_BAND, VECTOR)),
    "h banded, lower": (
        lambda m, ab, b: m.solveh_banded(ab, b, lower=True),
        (POSITIVE_BAND[::-1, [1, 2, 3, 0]][:, [3, 0, 1, 2]] + 0.1, Q),
    ),
    "lyapunov": (lambda m, *args: m.solve_continuous_lyapunov(*args), (A, positive(A))),
    "discrete lyapunov": (lambda m, *args: m.solve_discrete_lyapunov(*args), (A / 9, positive(A))),
    "riccati": (
        lambda m, a, b, q, r: m.solve_continuous_are(a, b, positive(q), positive(r)),
        (A, Q, A, B),
    ),
    "lstsq": (lambda m, a, b: m.lstsq(a, b)[0], (Q, VECTOR)),
}

E, W = matrix(3), RANDOM.normal(size=(3, 5))
SYMMETRIC, POSITIVE = E + E.T, positive(E)
RISING = np.arange(1.0, 5)
PART = {"subset_by_index": [0, 1]}

# Of SciPy's functions that compose those of NumPy, or solve an equation.
REAL |= {
    "eigh": (lambda m, a: _moduli(m.eigh(a)), (SYMMETRIC,)),  # whose signs jump
    "eigh, upper": (lambda m, a: m.eigh(a, lower=False, driver="evd"), (E,)),
    "eigh, some": (lambda m, a: _moduli(m.eigh(a, **PART)), (SYMMETRIC,)),
    "eigh, values": (lambda m, a: m.eigh(a, eigvals_only=True, **PART), (SYMMETRIC,)),
    "eigh of two": (lambda m, a, b: m.eigh(a, positive(b)), (SYMMETRIC, E)),
    "eigh of two, 2": (lambda m, a, b: m.eigh(a, positive(b), type=2), (SYMMETRIC, E)),
    "eigh of two, 3": (lambda m, a, b: m.eigh(a, positive(b), type=3), (SYMMETRIC, E)),
    "eigvalsh": (lambda m, a, b: m.eigvalsh(a, positive(b)), (SYMMETRIC, E)),
    "eig": (lambda m, a: _moduli(m.eig(a)), (E,)),
    "eigvals": (lambda m, a, b: np.abs(m.eigvals(a, b)), (E, POSITIVE)),
    "eig_banded": (lambda m, a: m.eig_banded(a), (POSITIVE_BAND,)),
    "eigvals_banded": (
        lambda m, a: m.eigvals_banded(a, lower=True, select="i", select_range=(1, 2)),
        (POSITIVE_BAND[::-1],),
    ),
    "eigh_tridiagonal": (lambda m, d, e: m.eigh_tridiagonal(d, e), (RISING, RISING[:3])),
    "eigvalsh_tridiagonal": (lambda m, d, e: m.eigvalsh_tridiagonal(d, e), (RISING, RISING[:3])),
    "svd": (lambda m, a: m.svd(a, full_matrices=False), (W,)),
    "svd, values": (lambda m, a: m.svd(a, compute_uv=False) * m.svdvals(a), (W.T,)),
    "orth": (lambda m, a: m.orth(a), (W.T,)),
    "pinv": (lambda m, a: m.pinv(a), (W,)),
    "pinvh": (lambda m, a: m.pinvh(a, return_rank=True)[0], (SYMMETRIC,)),
    "norm": (lambda m, a: np.stack([m.norm(a), m.norm(a, 1), m.norm(a, 2), m.norm(a[0])]), (W,)),
    "qr": (lambda m, a: m.qr(a), (E,)),
    "qr, economic": (lambda m, a: m.qr(a, mode="economic"), (W.T,)),
    "qr, pivoting": (lambda m, a: m.qr(a, mode="r", pivoting=True)[0], (W.T,)),
    "rq": (lambda m, a: m.rq(a, mode="economic"), (W,)),
    "polar": (lambda m, a: m.polar(a), (W.T,)),
    "polar, left": (lambda m, a: m.polar(a, side="left"), (W,)),
    "cholesky_banded": (
        lambda m, a, b: m.cho_solve_banded((m.cholesky_banded(a), False), b),
        (POSITIVE_BAND, VECTOR),
    ),
    "cholesky_banded, lower": (
        lambda m, a, b: m.cho_solve_banded((m.cholesky_banded(a, lower=True), True), b),
        (POSITIVE_BAND[::-1], Q),
    ),
    "subspace_angles": (lambda m, a, b: m.subspace_angles(a, b), (A[:, :2], Q[:, :2])),
    "orthogonal_procrustes": (lambda m, a, b: m.orthogonal_procrustes(a, b), (Q, A[:, :3])),
    "riccati, discrete": (
        lambda m, a, b, q, r: m.solve_discrete_are(a, b, positive(q), positive(r)),
        (A / 3, Q, A, B),
    ),
    "lyapunov, the other name": (lambda m, a, q: m.solve_lyapunov(a, q), (A, A.T)),
    "signm": (lambda m, a: m.signm(a), (A - 3.3 * np.eye(4),)),
}
ANALYTIC |= {
    "lu": (lambda m, a: m.lu(a)[1:], (A[[2, 0, 3, 1]],)),
    "lu, permuted": (lambda m, a: m.lu(a, permute_l=True), (A[[2, 0, 3, 1]],)),
    "lu, wide": (lambda m, a: m.lu(a)[1:], (A[[2, 0, 1]],)),
    "lu, high": (lambda m, a: m.lu(a, permute_l=True), (A[[2, 0, 3, 1], :2],)),
    "lu_factor, wide": (lambda m, a: m.lu_factor(a)[0], (A[[2, 0]],)),
    "lu_factor, high": (lambda m, a: m.lu_factor(a)[0], (A[[2, 0, 3, 1], :3],)),
    "toeplitz": (lambda m, c, b: m.solve_toeplitz(c, b), (RISING[::-1] ** 2, VECTOR)),
    "toeplitz of two": (lambda m, c, r, b: m.solve_toeplitz((c, r), b), (RISING[::-1] ** 2,) * 2 + (Q,)),
    "toeplitz times": (lambda m, c, r, b: m.matmul_toeplitz((c, r), b), (RISING, RISING[::-1], Q)),
    "circulant": (lambda m, c, b: m.solve_circulant(c, b), (RISING**2, VECTOR)),
    "khatri_rao": (lambda m, a, b: m.khatri_rao(a, b), (A, Q.T @ A)),
    "power": (lambda m, a: m.fractional_matrix_power(a, 0.7), (positive(A),)),
    "expm_frechet": (lambda m, a, e: m.expm_frechet(a, e), (A / 3, A.T)),
    **{
        name: (lambda m, a, name=name: getattr(m, name)(a), (E / 2,))
        for name in ("cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm")
    },
}  # fmt: skip
INEXACT = {"sylvester", "logm", "sqrtm", "power", "expm_frechet", "circulant", "cosm", "sinm"}
INEXACT |= {
    "tanm",
    "coshm",
    "sinhm",
    "tanhm",
    "toeplitz",
    "toeplitz of two",
    "toeplitz times",
    "lu",
}


def _moduli(y: Any) -> Any:
    return np.abs(y[0]), np.abs(y[1])


@pytest.mark.parametrize("name", ANALYTIC)
def test_analytic(name: str) -> None:
    f, args = ANALYTIC[name]
    analytic = name not in INEXACT  # SciPy's own complex paths are not exact
    check(lambda *x: f(linalg, *x), *args, rtol=1e-11, analytic=analytic)


@pytest.mark.parametrize("name", REAL)
def test_real(name: str) -> None:
    f, args = REAL[name]
    check(lambda *x: f(linalg, *x), *args, analytic=False)


@pytest.mark.parametrize("name", [*ANALYTIC, *REAL])
def test_plain_numbers_give_what_scipy_gives(name: str) -> None:
    """Bit for bit, and duals have the same value."""
    f, args = (ANALYTIC | REAL)[name]
    found = (
        leaves(f(scipy.linalg, *args)),
        leaves(f(linalg, *args)),
        leaves(f(linalg, *(Dual(a, np.ones_like(a)) for a in args))),
    )
    for y, same, moved in zip(*found, strict=True):
        np.testing.assert_array_equal(same, y)
        value = plain(moved)
        # LAPACK's least squares round as the memory of their arrays lies
        np.testing.assert_allclose(value, y, rtol=1e-14 if name == "lstsq" else 0)
        assert np.asarray(value).dtype == np.asarray(y).dtype


@pytest.mark.parametrize("size", [0.1, 3.0, 40.0])
def test_expm_against_mpmath(size: float) -> None:
    """Also for a large norm, and for tangents much larger and smaller than the matrix."""
    a = size * (RANDOM.normal(size=(3, 3)) - 2 * np.eye(3)) / 3
    direction = RANDOM.normal(size=(3, 3))
    with mp.workdps(60):

        def f(i: int, j: int) -> Any:
            return lambda t: mp.expm(mp.matrix(a) + t * mp.matrix(direction), method="taylor")[i, j]

        orders = [
            np.array([[float(mp.diff(f(i, j), 0, n)) for j in range(3)] for i in range(3)])
            for n in (0, 1, 2)
        ]
    for order, want in enumerate(orders):
        got = _nth(lambda t: linalg.expm(a + t * direction), order)
        scale = np.max(abs(want))
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=2e-14 * (1 + size) * scale)
    for factor in (1e-200, 1e-8, 1e8, 1e150):
        got = linalg.expm(Dual(a, factor * direction)).tangent / factor
        np.testing.assert_allclose(
            got, orders[1], rtol=1e-12, atol=2e-14 * (1 + size) * np.max(abs(orders[1]))
        )


def _nth(f: Callable[[Any], Any], order: int) -> Any:
    for _ in range(order):
        f = derivative(f)
    return f(0.0)


@pytest.mark.parametrize("name", ["logm", "sqrtm"])
def test_functions_of_a_matrix_against_mpmath(name: str) -> None:
    a, direction = positive(B), RANDOM.normal(size=(3, 3))
    with mp.workdps(40):
        f = getattr(mp, name)
        for order in (1, 2):
            h = mp.mpf(10) ** -10
            at = [f(mp.matrix(a) + s * h * mp.matrix(direction)) for s in (-1, 0, 1)]
            want = (at[2] - at[0]) / (2 * h) if order == 1 else (at[0] - 2 * at[1] + at[2]) / h**2
            want = np.array(want.tolist(), dtype=complex).real.reshape(3, 3)
            got = _nth(lambda t: getattr(linalg, name)(a + t * direction), order)
            np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-11)


def test_a_defective_matrix_has_an_exponential() -> None:
    """exp of a Jordan block, perturbed in its corner: cosh and sinh of the square root."""
    a = np.array([[0.0, 1.0], [0.0, 0.0]])
    corner = np.array([[0.0, 0.0], [1.0, 0.0]])
    got = [_nth(lambda t: linalg.expm(a + t * corner), n) for n in (1, 2)]
    np.testing.assert_allclose(got[0], [[1 / 2, 1 / 6], [1, 1 / 2]], rtol=1e-14)
    np.testing.assert_allclose(got[1], [[1 / 12, 1 / 60], [1 / 3, 1 / 12]], rtol=1e-14)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(0, 3), st.integers(0, 3), st.integers(0, 2))
def test_bands_of_any_shape(n: int, low: int, up: int, columns: int) -> None:
    """Against numpy's solve of the whole matrix."""
    low, up = min(low, n - 1), min(up, n - 1)
    random = np.random.default_rng([n, low, up])
    ab = random.normal(size=(low + up + 1, n))
    ab[up] += 6
    b = random.normal(size=(n, columns) if columns else n)

    def whole(ab: Any) -> Any:
        return [
            [ab[up + i - j, j] if -up <= i - j <= low else 0.0 for j in range(n)] for i in range(n)
        ]

    duals = Dual(ab, random.normal(size=(2, *ab.shape))), Dual(b, random.normal(size=(2, *b.shape)))
    got = linalg.solve_banded((low, up), *duals)
    want = np.linalg.solve(np.array(whole(duals[0])), duals[1])
    np.testing.assert_allclose(got.tangent, want.tangent, rtol=1e-11, atol=1e-12)


def test_only_the_named_triangle_is_read() -> None:
    spoilt = np.triu(positive(A)) + np.tril(np.full((4, 4), 7.0), -1)
    want = jacobian(lambda b: linalg.cho_solve(linalg.cho_factor(positive(A)), b))(VECTOR)
    moved = Dual(spoilt, np.tril(np.ones((4, 4)), -1))
    assert not np.any(linalg.cho_solve(linalg.cho_factor(moved), VECTOR).tangent)
    assert not np.any(linalg.solve(moved, VECTOR, assume_a="pos").tangent)
    assert not np.any(linalg.solve_triangular(moved, VECTOR).tangent)
    np.testing.assert_allclose(want, np.linalg.inv(positive(A)), rtol=1e-12)


def test_complex_matrices() -> None:
    a = A + 1j * matrix(4)
    check_complex = [
        lambda a: linalg.solve_triangular(a, VECTOR, trans=2, lower=True),
        lambda a: linalg.lu_solve(linalg.lu_factor(a), VECTOR, 2),
        lambda a: linalg.cho_solve(linalg.cho_factor(a @ np.conj(a.T) + np.eye(4)), VECTOR),
        linalg.expm,
        linalg.sqrtm,
    ]
    direction = matrix(4) - 1j * matrix(4)
    for f in check_complex:
        h = 1e-3
        pairs = [(3 / 4, 1), (-3 / 20, 2), (1 / 60, 3)]
        want = sum(w * (f(a + s * h * direction) - f(a - s * h * direction)) / h for w, s in pairs)
        got = f(Dual(a, direction)).tangent
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-9 * np.max(abs(want)))


@pytest.mark.filterwarnings("ignore:logm result may be inaccurate:RuntimeWarning")
@pytest.mark.parametrize(
    "name",
    [
        *("pinv", "pinvh", "eigvals", "eigvalsh", "svdvals", "qr", "rq", "lu", "polar", "orth"),
        *("cosm", "sinm", "logm", "sqrtm", "expm", "norm"),
    ],
)
def test_matrices_may_be_lists_and_stacks(name: str) -> None:
    f, m = getattr(scipy.linalg, name), A @ A.T + np.eye(4)

    def last(a: Any) -> Any:
        options = {"mode": "economic"} if name in ("qr", "rq") else {}
        y = f(a, **options)
        return y[-1] if isinstance(y, tuple) else y

    value, slope = jvp(lambda k: last(m * k), (1.3,), (1.0,))
    from_list, of_list = jvp(lambda k: last((m * k).tolist()), (1.3,), (1.0,))
    np.testing.assert_array_equal(from_list, value)
    np.testing.assert_allclose(of_list, slope, rtol=1e-9, atol=1e-12)
    if name != "norm":
        stacked = jvp(lambda k: last(np.stack([m * k, m])), (1.3,), (1.0,))[1]
        np.testing.assert_allclose(stacked[0], slope, rtol=1e-9, atol=1e-12)


def several(*shape: int) -> Any:
    return RANDOM.normal(size=(2, 3, *shape))


def regular(n: int) -> Any:
    return several(n, n) + 4 * np.eye(n)


MIDDLE = np.array([[0.0], [3.0]])
STACKS: dict[str, tuple[Any, ...]] = {  # of 2·3 problems, or of fewer that are broadcast
    "solve": (lambda m, a, b: m.solve(a, b), regular(3), several(3, 2)),
    "solve, one vector": (lambda m, a, b: m.solve(a, b), regular(3), VECTOR[:3]),
    "solve, one matrix": (lambda m, a, b: m.solve(a, b), regular(3), Q[:3]),
    "solve, symmetric": (
        lambda m, a, b: m.solve(positive(a), b, assume_a="pos"),
        several(3, 3),
        several(3, 2),
    ),
    "inv": (lambda m, a: m.inv(a), regular(3)),
    "det": (lambda m, a: m.det(a), regular(3)),
    "pinv": (lambda m, a: m.pinv(a), several(4, 2)),
    "lstsq": (lambda m, a, b: m.lstsq(a, b)[0], several(4, 2), several(4, 2)),
    "lstsq, one right side": (lambda m, a, b: m.lstsq(a, b)[1], several(4, 2), VECTOR[:4]),
    "solve_triangular": (lambda m, a, b: m.solve_triangular(a, b), regular(3), Q[:3]),
    "solve_banded": (
        lambda m, a, b: m.solve_banded((1, 1), a, b),
        several(3, 4) / 5 + np.array([[0.0], [3.0], [0.0]]),
        several(4, 2),
    ),
    "solveh_banded": (
        lambda m, a, b: m.solveh_banded(a, b),
        several(2, 4) / 5 + MIDDLE,
        several(4, 2),
    ),
    "solve_toeplitz": (
        lambda m, c, r, b: m.solve_toeplitz((c, r), b),
        several(3) + np.array([9.0, 0, 0]),
        several(3),
        several(3, 2),
    ),
    "matmul_toeplitz": (
        lambda m, c, r, b: m.matmul_toeplitz((c, r), b),
        several(3),
        several(3),
        several(3, 2),
    ),
    "cholesky": (lambda m, a: m.cholesky(positive(a), lower=True), several(3, 3)),
    "cho_factor": (lambda m, a: m.cho_factor(positive(a), lower=True)[0], several(3, 3)),
    "cho_solve": (
        lambda m, a, b: m.cho_solve(m.cho_factor(positive(a)), b),
        several(3, 3),
        several(3, 2),
    ),
    "cho_solve_banded": (
        lambda m, a, b: m.cho_solve_banded((m.cholesky_banded(a), False), b),
        several(2, 4) / 5 + MIDDLE,
        several(4, 2),
    ),
    "lu_solve": (lambda m, a, b: m.lu_solve(m.lu_factor(a), b), regular(3), several(3, 2)),
    "lu": (lambda m, a: m.lu(a)[1:], regular(3)),
    "qr": (lambda m, a: m.qr(a, mode="economic"), several(4, 2)),
    "svd": (lambda m, a: m.svd(a, full_matrices=False), several(4, 2)),
    "svdvals": (lambda m, a: m.svdvals(a), several(4, 2)),
    "eig": (lambda m, a: abs(m.eig(positive(a))[1]), several(3, 3)),
    "eigvals": (lambda m, a, b: m.eigvals(positive(a), positive(b)), several(3, 3), several(3, 3)),
    "sqrtm": (lambda m, a: m.sqrtm(positive(a)), several(3, 3)),
    "eigh_tridiagonal": (lambda m, d, e: m.eigh_tridiagonal(d, e)[0], several(4), several(3)),
    "eigh": (lambda m, a, b: m.eigh(a, positive(b))[0], several(3, 3), several(3, 3)),
    "subspace_angles": (lambda m, a, b: m.subspace_angles(a, b), several(4, 2), several(4, 2)),
    "orthogonal_procrustes": (
        lambda m, a, b: m.orthogonal_procrustes(a, b),
        regular(3),
        regular(3),
    ),
    "solve_sylvester": (
        lambda m, a, b, q: m.solve_sylvester(a, b, q),
        regular(3),
        regular(3),
        several(3, 3),
    ),
    "solve_continuous_are": (
        lambda m, a, q: m.solve_continuous_are(a, np.eye(3), positive(q), np.eye(3)),
        several(3, 3),
        several(3, 3),
    ),
    "expm_frechet": (lambda m, a, e: m.expm_frechet(a / 5, e)[1], regular(3), several(3, 3)),
    "leslie": (lambda m, f, s: m.leslie(f, s), several(3), several(2)),
    "toeplitz": (lambda m, c, r: m.toeplitz(c, r), several(3), several(2)),
}


@pytest.mark.parametrize("name", STACKS)
def test_stacks_of_problems(name: str) -> None:
    """As SciPy takes them from 1.16 on: one by one, and no formula for one of them on all."""
    f, *arrays = STACKS[name]
    try:
        f(scipy.linalg, *arrays)
    except ValueError:  # an older one
        assert tuple(map(int, scipy.__version__.split(".")[:2])) < (1, 17)
        return
    assert_agree(f, scipy.linalg, linalg, arrays)


def test_lists_beside_duals() -> None:
    """Whichever of the arguments has the duals, the others may be lists."""
    a, b = B.tolist(), Q[:3].tolist()
    for f in (
        lambda k: scipy.linalg.khatri_rao(a, (Q[:3] * k).tolist()),
        lambda k: scipy.linalg.khatri_rao((B * k).tolist(), b),
        lambda k: scipy.linalg.fractional_matrix_power((B.T @ B).tolist(), k),
        lambda k: scipy.linalg.solve_circulant(a[0], [k, 2.0, k * k]),
        lambda k: scipy.linalg.solve_circulant([k, 2.0, k * k], a[0]),
        lambda k: scipy.linalg.eigvalsh((B + B.T) * k, b=positive(B).tolist()),
        lambda k: scipy.linalg.eigvalsh((B + B.T) * k, subset_by_index=[1, 2]),
        lambda k: scipy.linalg.subspace_angles([[k, 1.0], [0.0, 2.0], [1.0, k]], b),
    ):
        want = (f(1.3 + 1e-5) - f(1.3 - 1e-5)) / 2e-5
        np.testing.assert_allclose(derivative(f)(1.3), want, rtol=1e-6, atol=1e-8)


def test_errors_have_names() -> None:
    singular = Dual(np.zeros((2, 2)), np.ones((2, 2)))
    with (
        pytest.warns(scipy.linalg.LinAlgWarning),
        pytest.raises(NonDifferentiableError, match="square root has no derivative"),
    ):
        linalg.sqrtm(Dual(np.diag([1.0, 0.0]), np.ones((2, 2))))
    with (
        pytest.warns(scipy.linalg.LinAlgWarning),
        pytest.raises(NonDifferentiableError, match="factors have no derivative"),
    ):
        linalg.lu_factor(singular)
    far = Dual(np.diag([-1e8, -1e-9]), np.eye(2))  # stable, and beyond LAPACK
    with pytest.raises(NonDifferentiableError, match="two eigenvalues add up to 2e-09, beside"):
        linalg.solve_continuous_lyapunov(far, np.eye(2))
    with pytest.raises(NonDifferentiableError, match="two eigenvalues are opposite"):
        linalg.solve_continuous_lyapunov(Dual(np.diag([1.0, -1.0]), np.eye(2)), np.eye(2))


def test_arguments_stand_where_scipy_has_them() -> None:
    for part in ("linalg", "interpolate", "sparse", "sparse.linalg"):
        ours = importlib.import_module(f"dualad.scipy.{part}")
        theirs = importlib.import_module(f"scipy.{part}")
        for name in ours.__all__:
            original = getattr(theirs, name, None)
            if callable(original) and name != "LinAlgError":
                want = inspect.signature(original).parameters
                found = inspect.signature(getattr(ours, name)).parameters
                assert [(p.name, p.kind) for p in found.values()] == [
                    (p.name, p.kind) for p in want.values()
                ], name
    lower = POSITIVE_BAND[::-1] + 0.5
    moved = linalg.solveh_banded(Dual(lower, lower), VECTOR, False, False, True)
    np.testing.assert_array_equal(
        moved.primal, scipy.linalg.solveh_banded(lower, VECTOR, False, False, True)
    )


def test_nothing_is_overwritten_beside_duals() -> None:
    want = linalg.solve(Dual(A, A), Dual(Q, Q))
    a, b = Dual(A, A), Dual(Q, Q)
    got = linalg.solve(a, b, False, True, True)
    np.testing.assert_array_equal(got.tangent, want.tangent)
    np.testing.assert_array_equal(a.primal, A)


def test_lstsq_gives_what_scipy_gives() -> None:
    """Shapes and kinds of all four results, and the tangent of the residual."""
    for right in (np.array([1.0, 2.0, 4.0]), np.array([[1.0, 0.0], [2.0, 1.0], [4.0, 1.0]])):

        def found(k: Any, b: Any = right, **options: Any) -> Any:
            return scipy.linalg.lstsq(np.array([[1.0, k], [1, 2], [1, 4]]), b, **options)

        for options in ({}, {"cond": 0.5}, {"lapack_driver": "gelsy"}):
            theirs = found(1.3, **options)
            kinds: list[Any] = []

            def f(k: Any, o: Any = options, kinds: Any = kinds, found: Any = found) -> Any:
                y = found(k, **o)
                kinds.append([(plain(x), np.shape(x), type(plain(x))) for x in y])
                return y[0] if "cond" not in o else k * 1.0  # where x is undefined

            jacobian(f)(1.3)
            for x, (value, shape, kind) in zip(theirs, kinds[-1], strict=True):
                np.testing.assert_array_equal(x, value)
                assert (np.shape(x), type(x)) == (shape, kind)
        h = 1e-5
        slope = (found(1.3 + h)[1] - found(1.3 - h)[1]) / (2 * h)
        got = jacobian(lambda k, found=found: found(k)[1])(1.3)
        np.testing.assert_allclose(got, slope, rtol=1e-7)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("part", [0, 1])
def test_derivatives_of_eig_are_of_the_kind_of_its_values(part: int, mode: Any) -> None:
    """Those of real vectors are real, whatever numpy.linalg.eig gives."""
    a = np.array([[2.0, 0.3], [0.4, 1.7]])
    found = jacobian(lambda a: scipy.linalg.eig(a)[part], mode=mode)(a)
    assert found.dtype == scipy.linalg.eig(a)[part].dtype


@pytest.mark.parametrize("lower", [False, True])
def test_what_cholesky_banded_leaves_in_the_corner(lower: bool) -> None:
    ab = np.array([[9.0, 8.0, 7.0, 6.0], [0.5, 0.4, 0.3, 0.2], [0.1, 0.2, 0.3, 0.4]])
    ab = ab if lower else ab[::-1]
    factor = linalg.cholesky_banded(Dual(ab, np.ones_like(ab)), lower=lower)
    np.testing.assert_array_equal(factor.primal, scipy.linalg.cholesky_banded(ab, lower=lower))
    corner = np.zeros((3, 4), bool)
    corner[1, 3] = corner[2, 2:] = lower
    corner[1, 0] = corner[0, :2] = not lower
    np.testing.assert_array_equal(factor.primal[corner], ab[corner])
    np.testing.assert_array_equal(factor.tangent[corner], 1.0)


@pytest.mark.parametrize("lower", [False, True])
def test_what_cho_factor_leaves_in_the_other_triangle(lower: bool) -> None:
    def factor(a: Any) -> Any:
        return linalg.cho_factor(a, lower=lower)[0]

    a, e = np.array([[2.0, 0.3], [0.3, 1.7]]), np.array([[0.2, 0.7], [-0.4, 0.5]])
    h = 1e-3
    rise, twice = ((factor(a + k * e) - factor(a - k * e)) / (2 * k) for k in (h, 2 * h))
    for mode in ("forward", "reverse"):
        found = jacobian(factor, mode=mode)(a)
        np.testing.assert_allclose(np.tensordot(found, e, 2), rise + (rise - twice) / 3, atol=1e-10)


SINGULAR: dict[str, Callable[[Any], Any]] = {
    "solve_sylvester": lambda t: linalg.solve_sylvester(
        np.diag([1.0, 2.0]) * t, np.diag([-1.0, 3.0]) * t, np.eye(2)
    ),
    "solve_continuous_lyapunov": lambda t: linalg.solve_continuous_lyapunov(
        np.array([[0.0, t], [-t, 0.0]]), np.diag([1.0, 2.0])
    ),
    "solve_discrete_lyapunov": lambda t: linalg.solve_discrete_lyapunov(
        np.diag([2.0, 0.5]) + t * np.eye(2)[::-1] - 0.5 * np.eye(2)[::-1],
        np.ones((2, 2)),
        method="bilinear",
    ),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_singular_equations_have_no_derivative(name: str) -> None:
    for driver in (derivative, lambda f: jacobian(f, mode="reverse")):
        with pytest.raises((NonDifferentiableError, linalg.LinAlgError), match=r"[Ss]ingular"):
            driver(SINGULAR[name])(0.5)


LOW_RANK = {
    "rank 1": np.outer([1.0, 2.0], [1.0, 2.0]),
    "diagonal": np.diag([0.0, 1.0, 2.0]),
    "zero": np.zeros((2, 2)),
    "rounded": Q[:, :2] @ Q[:, 1:].T,
    "positive": Q @ Q.T,
}
NOT_AT_ZERO: dict[str, Callable[[Any], Any]] = {
    "signm": scipy.linalg.signm,
    "logm": scipy.linalg.logm,
    "logm of a stack": lambda a: scipy.linalg.logm(np.stack([a, a + np.eye(len(a))])),
    "sqrtm": scipy.linalg.sqrtm,
    **{f"power {p}": lambda a, p=p: scipy.linalg.fractional_matrix_power(a, p) for p in (0.5, 1.5)},
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::scipy.linalg.LinAlgWarning")
@pytest.mark.parametrize("matrix", LOW_RANK)
@pytest.mark.parametrize("name", NOT_AT_ZERO)
def test_functions_that_are_not_smooth_at_zero_refuse_singular_matrices(
    name: str, matrix: str
) -> None:
    for mode in ("forward", "reverse"):
        with pytest.raises(NonDifferentiableError, match=r"singular, and its [a-z ]+ has no"):
            jacobian(NOT_AT_ZERO[name], mode=mode)(LOW_RANK[matrix])


def test_whole_powers_of_singular_matrices() -> None:
    a, step = LOW_RANK["rank 1"], np.array([[0.3, 0.1], [-0.2, 0.5]])
    got = jvp(lambda a: scipy.linalg.fractional_matrix_power(a, 2), (a,), (step,))[1]
    np.testing.assert_allclose(got, a @ step + step @ a)


REAL_SPECTRUM = np.diag([1.0, 2.0, 3.0, 4.0]) + np.triu(np.ones((4, 4)), 1) / 8
COMPLEX_VALUES: dict[str, Callable[[Any], Any]] = {
    "eigvals": scipy.linalg.eigvals,
    "eig": lambda a: scipy.linalg.eig(a)[0],
    "eigvals, of a pair": lambda a: scipy.linalg.eigvals(a, np.diag([0.9, 1.0, 1.1, 1.2])),
    "sqrtm": lambda a: scipy.linalg.sqrtm(a + 0j),
}
HALVES: dict[str, Callable[[Any], Any]] = {
    "attribute": lambda z: z.imag,
    "function": np.imag,
    "column": lambda z: z[:, None].imag,
    "element": lambda z: z[1].imag,
    "conjugate": lambda z: z.conj().imag,
    "real": lambda z: z.real,
    "turned": lambda z: (1j * z).real,
}


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("name", COMPLEX_VALUES)
def test_complex_numbers_that_stay_real_have_parts(name: str, half: str) -> None:
    """SciPy gives complex numbers for real ones: their parts are told apart backward, too."""

    def f(a: Any) -> Any:
        y = HALVES[half](COMPLEX_VALUES[name](a))
        return np.sum(y * np.cos(1.0 + np.arange(np.size(y))).reshape(np.shape(y)))

    back, step = grad(f, mode="reverse")(REAL_SPECTRUM), 0.1 * RANDOM.normal(size=(4, 4))
    np.testing.assert_allclose(back, grad(f, mode="forward")(REAL_SPECTRUM), atol=1e-12)
    if half != "real":
        assert not np.any(np.abs(back) > 1e-12)
    else:
        h = 1e-5
        moves = [f(REAL_SPECTRUM + t * np.triu(step)) for t in (-h, h)]
        slope = (moves[1] - moves[0]) / (2 * h)
        assert np.sum(back * np.triu(step)) == pytest.approx(slope, rel=1e-6)


def test_stacks_of_no_matrices_are_as_in_scipy() -> None:
    none, small = np.zeros((0, 3, 3)), np.zeros((2, 0, 0))
    for a, f in (
        (none, scipy.linalg.sqrtm),
        (none, scipy.linalg.lu),
        (none, scipy.linalg.inv),
        (none, lambda a: scipy.linalg.solve(a, np.zeros((0, 3, 1)))),
        (small, scipy.linalg.sqrtm),
        (small, scipy.linalg.inv),
        (small, lambda a: scipy.linalg.solve(a, np.zeros((2, 0, 1)))),
    ):
        found, wanted = (leaves(list(y) if isinstance(y, tuple) else [y]) for y in
                         (derivative(lambda t, f=f, a=a: f(a * t))(1.0), f(a)))  # fmt: skip
        assert [np.shape(y) for y in found] == [np.shape(y) for y in wanted]
