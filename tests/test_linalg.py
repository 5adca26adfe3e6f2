"""numpy.linalg: against complex steps, differences, mpmath, and what factorisations must keep."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from support.oracle import check, differences

import dualad
from dualad import (
    Dual,
    DualArray,
    NonDifferentiableError,
    derivative,
    grad,
    hessian,
    jacobian,
    jvp,
)
from dualad.array.protocols import ARRAY_FUNCTIONS
from dualad.pair import plain
from dualad.structure import leaves

linalg = np.linalg


def matrices(*shape: int, seed: int = 0) -> Any:
    """Matrices whose eigenvalues and singular values are apart."""
    m, n = shape[-2:]
    far = np.eye(m, n) * (1.5 * np.arange(1, n + 1))
    return far + 0.3 * np.random.default_rng([seed, *shape]).normal(size=shape)


def complex_matrices(*shape: int, seed: int = 0) -> Any:
    return matrices(*shape, seed=seed) + 1j * (
        matrices(*shape, seed=seed + 1) - np.eye(*shape[-2:])
    )


def positive(x: Any) -> Any:
    return x @ np.conj(np.matrix_transpose(x)) + np.eye(x.shape[-1])


def with_k(a: Any, factors: Any) -> list[Any]:
    """Of the factors of a, without the vectors that only complete a basis."""
    k = min(a.shape[-2:])
    first, *rest = factors
    return [first[..., :k], *(x[..., :k, :] if x.ndim == a.ndim else x for x in rest)]


def in_order(w: Any, v: Any = None) -> Any:
    """Eigenvalues sorted, for LAPACK hands them out in any order; and the vectors, squared, for
    so it does their signs."""
    number = np.argsort(plain(w).real)
    places = *np.indices(number.shape)[:-1], number
    return w[places] if v is None else [w[places], np.matrix_transpose(v)[places] ** 2]


# -- every function at another scale -----------------------------------------------------------

B = np.arange(1.0, 4.0)
NORMS = {
    f"norm {ord}": (lambda a, ord=ord: linalg.norm(a, ord), 1)
    for ord in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
}
# f, and the powers of c in its results for c times a matrix: a tolerance that is not relative shows.
HOMOGENEOUS: dict[str, tuple[Any, ...]] = NORMS | {
    "cholesky": (lambda a: linalg.cholesky(a @ np.conj(a.T)), 1),
    "cond": (linalg.cond, 0),
    "cond 1": (lambda a: linalg.cond(a, 1), 0),
    "cond -2": (lambda a: linalg.cond(a, -2), 0),
    "det": (linalg.det, 3),
    "eig": (lambda a: in_order(*linalg.eig(a)), 1, 0),
    "eigh": (linalg.eigh, 1, 0),
    "eigvals": (linalg.eigvals, 1),
    "eigvalsh": (linalg.eigvalsh, 1),
    "inv": (linalg.inv, -1),
    "lstsq": (lambda a: linalg.lstsq(a, B)[0], -1),
    "matrix_power": (lambda a: linalg.matrix_power(a, -2), -2),
    "norm of columns": (lambda a: linalg.norm(a, 3, axis=0), 1),
    "pinv": (linalg.pinv, -1),
    "qr": (linalg.qr, 0, 1),
    "qr complete": (lambda a: linalg.qr(a[:, :2], "complete")[1], 1),
    "slogdet": (linalg.slogdet, 0, 0),
    "solve": (lambda a: linalg.solve(a, B), -1),
    "svd": (linalg.svd, 0, 1, 0),
    "svdvals": (linalg.svdvals, 1),
    "tensorinv": (lambda a: linalg.tensorinv(a, 1), -1),
}
OF_LOWER_RANK = ("det", "lstsq", "norm nuc", "pinv", "svdvals")


@pytest.mark.parametrize("name", HOMOGENEOUS)
def test_at_another_scale(name: str) -> None:
    f, *powers = HOMOGENEOUS[name]
    x, v = complex_matrices(2, 3, 3, seed=5)
    kept = np.outer(v[0].real, B), np.outer(x[0].real, B) + np.outer(v[0].real, x[1].real)
    for a, along in ((x, v), (x.real, v.real), kept)[: 3 if name in OF_LOWER_RANK else 2]:
        near = list(leaves(dualad.jvp(f, (a,), (along,))[1]))
        for c in (2.0**-80, 2.0**80):
            far = leaves(dualad.jvp(f, (c * a,), (c * along,))[1])
            for one, other, power in zip(near, far, powers, strict=True):
                np.testing.assert_allclose(other / c**power, one, rtol=1e-9, atol=1e-12)


def test_no_phase_turns_that_lapack_does_not_fix() -> None:
    a = np.array([[1, 0, 0], [0, 2, 1j], [0, -1j, 3]])
    along = np.array([[1, 0, 0], [0, -1, 2 + 1j], [0, 2 - 1j, 0.5]])
    (_, v), (_, change) = dualad.jvp(linalg.eigh, (a,), (along,))
    assert v[0].tolist() == [1, 0, 0]  # the elements that are real by convention
    np.testing.assert_allclose(np.sum(np.conj(v) * change, axis=0), 0, atol=1e-14)


# -- stacks of stacks ------------------------------------------------------------------------

STACKED: dict[str, Callable[..., Any]] = {
    **{name: getattr(linalg, name) for name in ("pinv", "qr", "svdvals", "cond")},
    "svd reduced": lambda a: linalg.svd(a, full_matrices=False),
    "matrix_norm": lambda a: linalg.norm(a, "nuc", axis=(-2, -1)),
}
STACKED_SQUARE: dict[str, Callable[..., Any]] = STACKED | {
    "cholesky": lambda a: linalg.cholesky(a @ np.conj(np.matrix_transpose(a))),
    "cond 1": lambda a: linalg.cond(a, 1),
    "matrix_power": lambda a: linalg.matrix_power(a, 3),
    "solve": lambda a: linalg.solve(a, a[..., :2] ** 2),
    **{
        name: getattr(linalg, name) for name in ("det", "eig", "eigh", "eigvals", "eigvalsh", "inv")
    },
    "slogdet": linalg.slogdet,
    "svd": linalg.svd,
}


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize(
    ("name", "shape"),
    [(n, (3, 3)) for n in STACKED_SQUARE] + [(n, s) for n in STACKED for s in ((4, 2), (2, 4))],
)
def test_matrices_of_a_stack_of_stacks_are_on_their_own(
    name: str, shape: tuple[int, int], kind: str
) -> None:
    f = STACKED_SQUARE[name]
    a, along = complex_matrices(2, 2, 3, *shape, seed=9)
    if kind == "real":
        a, along = a.real, along.real
    a[0, 1], along[0, 1] = np.eye(*shape), 0.0  # degenerate, and does not move
    together = list(leaves(dualad.jvp(f, (a,), (along,))[1]))
    for place in np.ndindex(a.shape[:2]):
        alone = leaves(dualad.jvp(f, (a[place],), (along[place],))[1])
        for x, one in zip(together, alone, strict=True):
            np.testing.assert_allclose(x[place], one, rtol=1e-8, atol=1e-10)


# -- every function against itself at other points -------------------------------------------

ANALYTIC: dict[str, Callable[..., Any]] = {
    "inv": linalg.inv,
    "det": linalg.det,
    "solve": lambda a: linalg.solve(a, a[..., ::2] ** 2),
    "solve, b constant": lambda a: linalg.solve(a, np.arange(a.shape[-1])),
    "solve, a constant": lambda a: linalg.solve(np.diag(np.arange(1.0, 1 + a.shape[-1])), a),
    "tensorinv": lambda a: linalg.tensorinv(a.reshape(-1, *a.shape[-2:])[0], ind=1),
    "matrix_transpose": lambda a: linalg.matrix_transpose(a) ** 2,
    "diagonal": lambda a: linalg.diagonal(a) ** 2 * np.sum(linalg.diagonal(a, offset=1)),
    "trace": lambda a: linalg.trace(a) ** 2 * linalg.trace(a, offset=-1),
}

SQUARE: dict[str, Callable[..., Any]] = {
    "slogdet": lambda a: linalg.slogdet(a).logabsdet,
    "cholesky": lambda a: linalg.cholesky(a @ np.matrix_transpose(a) + a),
    "cholesky upper": lambda a: linalg.cholesky(a @ np.matrix_transpose(a) + a, upper=True),
    "eigvalsh": linalg.eigvalsh,
    "eigvalsh U": lambda a: linalg.eigvalsh(a, "U"),
    "eigh": linalg.eigh,
    "eigh U": lambda a: linalg.eigh(a, UPLO="u"),
    "eigvals": lambda a: in_order(linalg.eigvals(a)),
    "eig": lambda a: in_order(*linalg.eig(a)),
    "svd": linalg.svd,
    "svd hermitian": lambda a: linalg.svd(a, hermitian=True),
    "svd hermitian values": lambda a: linalg.svd(a, compute_uv=False, hermitian=True),
    "pinv hermitian": lambda a: linalg.pinv(a, hermitian=True),
    "cond": linalg.cond,
    "cond -2": lambda a: linalg.cond(a, -2),
    "cond 1": lambda a: linalg.cond(a, 1),
    "cond inf": lambda a: linalg.cond(10.0 ** np.arange(a.shape[-1]) * a.mT, np.inf),
    "cond fro": lambda a: linalg.cond(a, p="fro"),
    "cond nuc": lambda a: linalg.cond(a, "nuc"),
}

ANY_SHAPE: dict[str, Callable[..., Any]] = {
    "svd": lambda a: linalg.svd(a, full_matrices=False),
    "svd values": lambda a: linalg.svd(a, compute_uv=False),
    "svdvals": linalg.svdvals,
    "full svd": lambda a: with_k(a, linalg.svd(a)),
    "qr": linalg.qr,
    "qr r": lambda a: linalg.qr(a, "r"),
    "qr complete": lambda a: with_k(a, linalg.qr(a, mode="complete")),
    "pinv": linalg.pinv,
    "pinv rtol": lambda a: linalg.pinv(a, rtol=1e-10),
    "cond": lambda a: linalg.cond(a),
    "matrix_norm": linalg.matrix_norm,
    "matrix_norm nuc": lambda a: linalg.matrix_norm(a, ord="nuc", keepdims=True),
}

SQUARES = [(1, 1), (2, 2), (3, 3), (5, 5), (2, 3, 3), (2, 1, 2, 2)]
SHAPES = [(1, 1), (3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 2, 3), (1, 3), (3, 1)]


@pytest.mark.parametrize("name", ANALYTIC)
def test_analytic_functions(name: str) -> None:
    for shape in SQUARES:
        check(ANALYTIC[name], matrices(*shape))


@pytest.mark.parametrize("name", SQUARE)
def test_functions_of_square_matrices(name: str) -> None:
    for shape in SQUARES:
        if name != "cond -2" or shape != (1, 1):
            check(SQUARE[name], matrices(*shape), analytic=False)


@pytest.mark.parametrize("name", ANY_SHAPE)
def test_functions_of_any_matrices(name: str) -> None:
    for shape in SHAPES:
        check(ANY_SHAPE[name], matrices(*shape), analytic=False)


def test_systems_of_all_shapes() -> None:
    """b is a vector only if it has one axis; stacks broadcast."""
    for a, b in (
        ((3, 3), (3,)),
        ((3, 3), (3, 2)),
        ((3, 3), (2, 3, 1)),
        ((2, 3, 3), (3,)),
        ((2, 3, 3), (3, 2)),
        ((2, 1, 3, 3), (4, 3, 2)),
        ((1, 3, 3), (2, 3, 3)),
        ((2, 2), (2, 0)),
    ):
        check(linalg.solve, matrices(*a), np.random.default_rng(1).normal(size=b))
        y = linalg.solve(matrices(*a), np.ones(b))
        assert np.array_equal(linalg.solve(matrices(*a), Dual(np.ones(b), np.ones(b))).primal, y)
    random = np.random.default_rng(3)
    check(linalg.tensorsolve, random.normal(size=(2, 3, 6)), random.normal(size=(2, 3)))
    check(
        lambda a, b: linalg.tensorsolve(a, b, axes=(0, 2)),
        random.normal(size=(2, 4, 2)),
        random.normal(size=4),
    )
    check(linalg.tensorinv, random.normal(size=(2, 3, 6)))
    for shape in ((6, 4), (3, 3), (3, 5)):
        x = matrices(*shape)
        for b in (random.normal(size=shape[0]), random.normal(size=(shape[0], 2))):
            check(lambda a, b: linalg.lstsq(a, b)[:2], x, b, analytic=False)
            check(lambda a, b: linalg.lstsq(a, b, rcond=-1)[3], x, b, analytic=False)
    x, residuals, rank, s = linalg.lstsq(matrices(4, 2), Dual(np.ones(4), np.ones(4)))
    assert rank == 2 and type(rank) is not Dual and isinstance(x, Dual) and type(s) is np.ndarray
    assert residuals.tangent == pytest.approx(2 * residuals.primal)


# -- norms -----------------------------------------------------------------------------------

VECTOR_ORDERS = [None, 2, 1, np.inf, -np.inf, 0, 3, 2.5, 0.5, -1, -2]
MATRIX_ORDERS = [None, "fro", "f", "nuc", 1, -1, 2, -2, np.inf, -np.inf]


def check_norm(shape: Any, order: Any, axis: Any, keepdims: bool) -> None:
    random = np.random.default_rng(shape)
    sizes = 1.3 ** random.permutation(np.prod(shape)).reshape(shape)  # far from ties
    sizes = sizes * random.uniform(1, 1.1, shape)
    x = sizes * random.choice([-1, 1], shape)
    pair = isinstance(axis, tuple)
    smooth = order not in (np.inf, -np.inf) and not (pair and order in (1, -1))
    f: Any = lambda v: linalg.norm(v, order, axis, keepdims)  # noqa: E731
    check(f, x, analytic=False, second=smooth)
    got = f(Dual(x, x))
    np.testing.assert_array_equal(getattr(got, "value", got), f(x))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_norms(data: Any) -> None:
    shape = data.draw(st.lists(st.integers(2, 3), min_size=1, max_size=3))
    axes = data.draw(st.permutations(range(-len(shape), 0)))
    pair = len(shape) > 1 and data.draw(st.booleans())
    order: Any = data.draw(st.sampled_from(MATRIX_ORDERS if pair else VECTOR_ORDERS))
    axis: Any = tuple(axes[:2]) if pair else axes[0] + data.draw(st.sampled_from([0, len(shape)]))
    check_norm(shape, order, axis, data.draw(st.booleans()))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_vector_norms(data: Any) -> None:
    shape = data.draw(st.lists(st.integers(2, 3), min_size=1, max_size=3))
    axes = data.draw(st.permutations(range(-len(shape), 0)))
    several = tuple(axes[: data.draw(st.integers(1, len(shape)))])
    options: Any = {
        "axis": data.draw(st.sampled_from([None, several, several[0]])),
        "keepdims": data.draw(st.booleans()),
        "ord": data.draw(st.sampled_from(VECTOR_ORDERS[1:])),
    }
    x = 1.3 ** np.random.default_rng(shape).permutation(np.prod(shape)).reshape(shape)
    check(lambda v: linalg.vector_norm(v, **options), x, analytic=False, second=False)
    got = linalg.vector_norm(Dual(x, x), **options)
    np.testing.assert_array_equal(getattr(got, "value", got), linalg.vector_norm(x, **options))


def test_norms_without_axis() -> None:
    for shape in ((4,), (2, 3), (2, 3, 2)):
        check(
            linalg.norm, matrices(*shape) if len(shape) > 1 else np.arange(1.0, 5), analytic=False
        )
        check(lambda v: linalg.norm(v, keepdims=True), np.ones(shape), analytic=False)
    for order in MATRIX_ORDERS:
        check(lambda v, order=order: linalg.norm(v, order), matrices(3, 2), analytic=False)
    for order in VECTOR_ORDERS:
        check(
            lambda v, order=order: linalg.norm(v, order), np.array([1.5, -2, 0.5]), analytic=False
        )


def test_norms_at_kinks() -> None:
    """Zero is a kink with mean slope 0; of several largest elements each has its share."""
    zero = np.zeros(3)
    for order in (None, 2, 1, 3, np.inf, -np.inf, 0.5):
        norm = lambda x, order=order: linalg.norm(x, order)  # noqa: E731
        assert jacobian(norm)(zero).tolist() == [0, 0, 0], order
        assert grad(lambda x, norm=norm: norm(x) ** 2 + x[0])(zero).tolist() == [1, 0, 0]
    for order in MATRIX_ORDERS:
        assert not np.any(grad(lambda x, order=order: linalg.norm(x, order))(np.zeros((2, 2))))
    rows = grad(lambda x: linalg.norm(x, axis=1).sum())(np.array([[0.0, 0], [3, 4]]))
    np.testing.assert_allclose(rows, [[0, 0], [0.6, 0.8]], rtol=1e-15)
    x = np.array([1.0, -1, 0])
    assert grad(lambda v: linalg.norm(v, np.inf))(x).tolist() == [0.5, -0.5, 0]
    assert grad(lambda v: linalg.norm(v, 1))(x).tolist() == [1, -1, 0]
    assert not isinstance(linalg.norm(Dual(x, x), 0), Dual)
    assert grad(lambda v: linalg.norm(v, 1))(np.array([[1.0, 2], [2, -1]])).tolist() == [
        [0.5, 0.5],
        [0.5, -0.5],
    ]


def test_norms_far_out() -> None:
    for size in (1e-200, 1e200, 5e-324):
        with np.errstate(over="ignore"):
            slope = grad(linalg.norm)(np.array([size, size]))
        np.testing.assert_allclose(slope, [0.5**0.5, 0.5**0.5], rtol=1e-15)
    assert hessian(linalg.norm)(np.array([3e-200, 4e-200]))[0, 0] == pytest.approx(0.64 / 5e-200)


def test_norm_of_numbers_and_lists() -> None:
    x = Dual(-3.0, 2.0)
    assert str(linalg.norm(x)) == "Dual(3.0, -2.0)"
    assert linalg.norm(Dual(-3.0, np.array([2.0, 1.0]))).tangent.tolist() == [-2, -1]
    assert derivative(lambda t: linalg.norm([3 * t, 4.0]))(1.0) == pytest.approx(1.8)
    assert derivative(lambda t: linalg.norm(np.array([3 * t, 4.0])))(1.0) == pytest.approx(1.8)
    assert linalg.norm(Dual(np.array(-3.0), np.array(2.0))).tangent == -2


# -- determinants of any rank ----------------------------------------------------------------


def exact_det(a: Any, b: Any, order: int) -> float:
    with mp.workdps(60):
        p, q = mp.matrix(a.tolist()), mp.matrix(b.tolist())
        return float(mp.diff(lambda t: mp.det(p + t * q), 0, order))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7])
def test_determinants_of_every_rank_to_order_3(n: int) -> None:
    random = np.random.default_rng(n)
    for rank in range(max(0, n - 4), n + 1):
        factors = random.integers(-3, 4, (2, n, n))
        a = (factors[0][:, :rank] @ factors[1][:rank]).astype(float)  # of exactly this rank
        b = random.normal(size=(n, n))
        a[:, 0] *= 2.0**-40 if rank == n else 1  # and one that is close to singular
        f: Any = lambda t, a=a, b=b: linalg.det(a + t * b)  # noqa: E731
        scale = linalg.norm(a, 2) + 1
        for order in (1, 2, 3):
            truth = exact_det(a, b, order)
            error = abs(derivative(f, order=order)(0.0) - truth)
            assert error <= 1e-11 * scale ** max(0, n - order), (rank, order, error, truth)


def test_determinants() -> None:
    a = np.array([[1.0, 2], [2, 4]])
    assert grad(linalg.det)(a).tolist() == [[4, -2], [-2, 1]]
    assert (
        derivative(lambda x: linalg.det(np.stack([np.stack([x, 2.0]), np.array([2.0, 4])])))(1.0)
        == 4
    )
    assert hessian(linalg.det)(np.zeros((2, 2)))[0, 0, 1, 1] == 1
    assert not np.any(grad(linalg.det)(np.zeros((6, 6))))
    assert not np.any(hessian(linalg.det)(np.zeros((6, 6))))
    stack = np.stack([np.zeros((5, 5)), matrices(5, 5), np.diag([1.0, 2, 3, 4, 0])])
    slopes = jacobian(linalg.det)(stack)
    for i in range(3):
        np.testing.assert_allclose(slopes[i, i], grad(linalg.det)(stack[i]), rtol=1e-12, atol=1e-12)
        assert not np.any(np.delete(slopes[i], i, 0))
    ramp: Any = lambda t: linalg.det(t * np.eye(5))  # noqa: E731
    assert [derivative(ramp, order=k)(0.0) for k in (4, 5)] == [0, 120]
    for n, size, slope in ((2, 1e-200, 1e-200), (5, 1e-70, 1e-280), (6, 1e40, 1e200)):
        np.testing.assert_allclose(
            grad(linalg.det)(size * np.eye(n)), slope * np.eye(n), rtol=1e-13
        )
    assert np.array_equal(linalg.det(Dual(stack, stack)).primal, linalg.det(stack))


def test_determinants_are_accurate_where_the_inverse_is_not() -> None:
    hilbert = 1 / (np.arange(1.0, 9)[:, None] + np.arange(8))  # condition 1.5e10
    one = np.zeros((8, 8))
    one[3, 5] = 1
    truth = exact_det(hilbert, one, 1)
    assert grad(linalg.det)(hilbert)[3, 5] == pytest.approx(truth, rel=1e-6)
    truth = exact_det(hilbert, one + np.eye(8), 2)
    f = derivative(lambda t: linalg.det(hilbert + t * (one + np.eye(8))), order=2)
    assert f(0.0) == pytest.approx(truth, rel=1e-8)


def test_slogdet() -> None:
    a = np.stack([matrices(3, 3), -matrices(3, 3, seed=1)])
    y = linalg.slogdet(Dual(a, a))
    assert type(y) is type(linalg.slogdet(a)) and type(y.sign) is np.ndarray
    assert y.logabsdet.tangent.tolist() == pytest.approx([3, 3])
    singular = np.stack([np.ones((2, 2)), np.eye(2)])
    y = linalg.slogdet(Dual(singular, singular))
    assert y.logabsdet[1].tangent == 2 and y.logabsdet.primal[0] == -np.inf
    with pytest.raises(NonDifferentiableError, match=r"is singular; use np\.linalg\.det"):
        _ = y.logabsdet[0] + 1
    assert linalg.slogdet(Dual(singular, 0 * singular)).logabsdet.tangent.tolist() == [0, 0]


# -- against mpmath --------------------------------------------------------------------------


MPMATH: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "inv": (lambda a: linalg.inv(a).ravel(), mp.inverse),
    "eigvalsh": (
        lambda a: linalg.eigvalsh(a + a.T),
        lambda a: sorted(mp.eigsy(a + a.T, eigvals_only=True)),
    ),
    "eigvals": (
        lambda a: in_order(linalg.eigvals(a)),
        lambda a: sorted(mp.re(w) for w in mp.eig(a, left=False, right=False)),
    ),
    "svdvals": (linalg.svdvals, lambda a: sorted(mp.svd_r(a, compute_uv=False), reverse=True)),
    "cholesky": (lambda a: linalg.cholesky(a @ a.T).ravel(), lambda a: mp.cholesky(a * a.T)),
    "pinv": (
        lambda a: linalg.pinv(a[:, :2]).ravel(),
        lambda a: mp.inverse(a[:, :2].T * a[:, :2]) * a[:, :2].T,
    ),
    "lstsq": (
        lambda a: linalg.lstsq(a[:, :2], a[:, 2])[0],
        lambda a: mp.lu_solve(a[:, :2].T * a[:, :2], a[:, :2].T * a[:, 2]),
    ),
}


@pytest.mark.parametrize("name", MPMATH)
def test_slopes_and_curvatures_against_mpmath(name: str) -> None:
    f, exact = MPMATH[name]
    a, b = matrices(4, 4), np.random.default_rng(9).normal(size=(4, 4))
    for order in (1, 2):
        got = derivative(lambda t: f(a + t * b), order=order)(0.0)
        with mp.workdps(50):
            p, q = mp.matrix(a.tolist()), mp.matrix(b.tolist())
            at = {h: list(exact(p + h * q)) for h in (mp.mpf(10) ** -12 * i for i in (-1, 0, 1))}
            minus, here, plus = at.values()
            h = mp.mpf(10) ** -12
            truth = [
                (u - d) / (2 * h) if order == 1 else (u - 2 * v + d) / h**2
                for d, v, u in zip(minus, here, plus, strict=True)
            ]
        np.testing.assert_allclose(got, np.array(truth, float), rtol=1e-11, atol=1e-11)


# -- complex matrices ------------------------------------------------------------------------

COMPLEX: dict[str, Callable[..., Any]] = {
    "inv": linalg.inv,
    "solve": lambda a: linalg.solve(a, a[..., :1] ** 2),
    "det": linalg.det,
    "slogdet": linalg.slogdet,
    "pinv": linalg.pinv,
    "cholesky": lambda a: linalg.cholesky(a + 5 * np.eye(3)),
    "cholesky upper": lambda a: linalg.cholesky(a + 5 * np.eye(3), upper=True),
    "qr": linalg.qr,
    "eigh": linalg.eigh,
    "eigh U": lambda a: linalg.eigh(a, "U"),
    "eigvalsh": linalg.eigvalsh,
    "eig": lambda a: in_order(*linalg.eig(a)),
    "eigvals": lambda a: in_order(linalg.eigvals(a)),
    "svd": linalg.svd,
    "svd hermitian": lambda a: linalg.svd(a, hermitian=True),
    "svd tall": lambda a: linalg.svd(a[..., :2], full_matrices=False),
    "svd wide": lambda a: linalg.svd(a[..., :2, :], full_matrices=False),
    "norms": lambda a: [linalg.norm(a, order, axis=(-2, -1)) for order in MATRIX_ORDERS],
    "vector norms": lambda a: [linalg.norm(a, order, axis=-1) for order in (None, 1, 3, np.inf)],
    "cond": lambda a: [linalg.cond(a), linalg.cond(a, 1)],
    "lstsq": lambda a: linalg.lstsq(a.reshape(-1, 3)[:, :2], a.reshape(-1, 3))[:2],
}


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_matrices(name: str) -> None:
    """Along a real line; vectors have the phase that LAPACK gives them."""
    f = COMPLEX[name]

    def parts(t: Any, shape: tuple[int, ...]) -> Any:
        y = f(complex_matrices(*shape) + t * complex_matrices(*shape, seed=5) * 0.3)
        return [part for z in (y if isinstance(y, (tuple, list)) else [y]) for part in split(z)]

    for shape in ((3, 3), (2, 3, 3)):
        check(lambda t, shape=shape: parts(t, shape), 0.2, analytic=False)


def split(z: Any) -> list[Any]:
    return [z.real, z.imag] if np.iscomplexobj(plain(z)) else [z]


def test_complex_pairs_of_real_matrices() -> None:
    a = np.array([[1.0, -2, 0.3, 0], [3, 1, 0, 0.2], [0.1, 0, 4, 1], [0, 0.3, -1, 4]])
    b = np.random.default_rng(0).normal(size=(4, 4))

    def f(t: Any) -> Any:
        w, v = linalg.eig(a + t * b)
        turned = v * v[:1].conj()  # LAPACK's signs may change anywhere
        i = np.argsort(plain(w).imag)
        return [w[i].real, w[i].imag, turned[:, i].real, turned[:, i].imag]

    check(f, 0.0, analytic=False)
    w, v = linalg.eig(Dual(a, b))
    assert w.dtype == w.tangent.dtype == complex
    largest = np.argmax(abs(v.primal), axis=0)
    assert not np.any(v.primal[largest, range(4)].imag)
    np.testing.assert_allclose(v.tangent[largest, range(4)].imag, 0, atol=1e-15)
    # [[1 + t, −2 + t], [3, 1]] has w = (2 + t)/2 ± i·sqrt(6 − 3t − t²/4)
    w = linalg.eigvals(Dual(a[:2, :2], np.array([[1.0, 1], [0, 0]])))
    assert w.tangent.real == pytest.approx([0.5, 0.5])
    assert w.tangent.imag / w.primal.imag == pytest.approx([-0.25, -0.25])


# -- what factorisations must keep -----------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.booleans(), st.booleans(), st.integers(0, 1000))
def test_factorisations_hold_for_tangents_too(
    m: int, n: int, stacked: bool, is_complex: bool, seed: int
) -> None:
    """The factors multiply to the matrix, tangents included; unitary ones stay unitary."""
    random = np.random.default_rng(seed)
    shape = (2, m, n) if stacked else (m, n)
    dots = random.normal(size=(3, *shape))
    if is_complex:
        dots = dots + 1j * random.normal(size=dots.shape)
    value = complex_matrices(*shape, seed=seed) if is_complex else matrices(*shape, seed=seed)
    a = Dual(value, dots)

    def same(x: Any, y: Any) -> None:
        np.testing.assert_allclose(x.primal, y.primal, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(x.tangent, y.tangent, rtol=1e-8, atol=1e-8)

    def unitary(q: Any) -> None:
        same(adjoint(q) @ q, 0 * adjoint(q) @ q + np.eye(q.shape[-1]))

    u, s, vh = linalg.svd(a, full_matrices=False)
    same(u * s[..., None, :] @ vh, a)
    unitary(u)
    unitary(adjoint(vh))
    q, r = linalg.qr(a)
    same(q @ r, a)
    unitary(q)
    assert not np.any(np.tril(r.tangent, -1))
    same(a @ linalg.pinv(a) @ a, a)
    if m != n:
        return
    w, v = linalg.eigh(a)
    below = np.tril(a, -1)
    same(v * w[..., None, :] @ adjoint(v), below + adjoint(below) + np.eye(n) * a.real)
    unitary(v)
    w, v = linalg.eig(a)
    same(a @ v, v * w[..., None, :])
    same(np.sum((np.conj(v) * v).real, axis=-2), 0 * w.real + 1)
    p = positive(a)
    c = linalg.cholesky(p)
    same(c @ adjoint(c), p)
    assert not np.any(np.triu(c.tangent, 1))
    same(linalg.inv(a) @ a, 0 * a + np.eye(n))


def adjoint(x: Any) -> Any:
    return np.conj(np.matrix_transpose(x))


# -- repeated values, and where there is no derivative ---------------------------------------


def test_symmetric_functions_of_repeated_eigenvalues() -> None:
    def log_det(a: Any) -> Any:
        return np.sum(np.log(linalg.eigvalsh(a)))

    assert grad(lambda a: np.sum(linalg.eigvalsh(a)))(np.eye(3)).tolist() == np.eye(3).tolist()
    np.testing.assert_allclose(grad(log_det)(2 * np.eye(3)), np.eye(3) / 2, atol=1e-15)
    a = np.diag([1.0, 2, 2, 5])
    a[0, 3] = a[3, 0] = 0.5
    np.testing.assert_allclose(
        np.tril(grad(log_det)(a)),
        np.tril(2 * linalg.inv(a)) - np.diag(np.diag(linalg.inv(a))),
        atol=1e-14,
    )
    rotation = linalg.qr(matrices(3, 3))[0]
    np.testing.assert_allclose(
        grad(lambda a: np.sum(linalg.svdvals(a)))(rotation), rotation, atol=1e-14
    )
    np.testing.assert_allclose(
        grad(lambda a: np.sum(linalg.svd(a, compute_uv=False) ** 3))(rotation),
        3 * rotation,
        atol=1e-14,
    )
    similar = matrices(3, 3) @ np.diag([1.0, 1, 4]) @ linalg.inv(matrices(3, 3))
    np.testing.assert_allclose(
        grad(lambda a: np.sum(linalg.eigvals(a).real))(similar), np.eye(3), atol=1e-13
    )


def test_single_repeated_values_are_kinks() -> None:
    """Each one has the mean of their derivatives."""
    crossing: Any = lambda x: linalg.eigvalsh(np.eye(2) + x * np.array([[0.0, 1], [1, 0]]))  # noqa: E731
    assert derivative(crossing)(0.0).tolist() == [0, 0]
    w = linalg.eigvalsh(Dual(np.diag([3.0, 1, 1]), np.diag([5.0, 2, 4])))
    assert w.tangent.tolist() == [3, 3, 5]
    s = linalg.svdvals(Dual(np.diag([3.0, 1, 1]), np.diag([5.0, 2, 4])))
    assert s.tangent.tolist() == [5, 3, 3]
    zero = linalg.svdvals(Dual(np.diag([3.0, 0]), np.diag([1.0, 1])))
    assert zero.tangent.tolist() == [1, 0]


def test_back_through_a_rank_that_stays_is_refused_by_name() -> None:
    """Whether a tangent leaves the matrices of its rank is not a linear question."""
    right, left = matrices(2, 4), matrices(5, 2)
    for f in (linalg.pinv, lambda a: linalg.lstsq(a, np.ones(5))[0]):
        assert np.all(np.isfinite(jacobian(lambda b, f=f: f(b @ right))(left)))
        with pytest.raises(TypeError, match=r"np\.linalg\.(pinv|lstsq) has no way back"):
            jacobian(lambda b, f=f: f(b @ right), mode="reverse")(left)


REPEATED = "an eigenvector of a repeated eigenvalue has no derivative"
SINGULAR = "a singular vector has no derivative where its singular value is repeated or zero"
ADDED = "have no derivative; use the others"
RANK = "the matrix is not of full rank"
DEFECTIVE = "a repeated eigenvalue without as many eigenvectors has no derivative"
ONES = np.ones((2, 2))
TWO = np.diag([1.0, 1, 2])
JORDAN = np.array([[1.0, 1, 0], [0, 1, 0], [0, 0, 3]])
HIDDEN_JORDAN = matrices(3, 3) @ JORDAN @ linalg.inv(matrices(3, 3))

SINGULAR_BUT_FOR_ROUNDING = np.array([[0.1, 0.3], [0.3, 0.9]])  # 0.1·0.9 is not 0.3·0.3

NO_DERIVATIVE: list[tuple[Callable[..., Any], Any, str]] = [
    (lambda a: linalg.eigh(a)[1], TWO, REPEATED),
    (lambda a: linalg.eigh(a)[1][:, 0], TWO, REPEATED),
    (lambda a: linalg.eigh(a)[1].T[1], TWO, REPEATED),
    (lambda a: linalg.eig(a)[1], TWO, REPEATED),
    (lambda a: linalg.svd(a)[0], np.eye(2), SINGULAR),
    (lambda a: linalg.svd(a)[2], np.eye(2), SINGULAR),
    (lambda a: linalg.svd(a)[0][:, 1], ONES, SINGULAR),
    (lambda a: linalg.svd(a)[2].mT[:, 1], ONES, SINGULAR),
    (lambda a: linalg.svd(a)[0], matrices(3, 2), ADDED),
    (lambda a: linalg.svd(a)[2], matrices(2, 3), ADDED),
    (lambda a: linalg.qr(a, "complete")[0], matrices(3, 2), ADDED),
    (lambda a: linalg.qr(a)[0], ONES, "dependent columns"),
    (lambda a: linalg.qr(a, "r"), ONES, "dependent columns"),
    (linalg.pinv, ONES, RANK),
    (lambda a: linalg.lstsq(a, np.ones(2))[0], ONES, RANK),
    (lambda a: linalg.pinv(a, 0.5), np.diag([3.0, 1]), "rcond cuts off singular values"),
    (lambda a: linalg.lstsq(a, np.ones(2), 0.5)[0], np.diag([3.0, 1]), "rcond cuts off"),
    (linalg.eigvals, JORDAN, DEFECTIVE),
    (linalg.eigvals, HIDDEN_JORDAN, DEFECTIVE),
    (lambda a: linalg.eig(a)[0], np.array([[0.0, 1], [0, 0]]), DEFECTIVE),
    (linalg.cond, ONES, "singular matrix is infinite"),
    (lambda a: linalg.cond(a, 1), ONES, "singular matrix is infinite"),
    (linalg.cond, SINGULAR_BUT_FOR_ROUNDING, "singular matrix is infinite"),
    (lambda a: linalg.cond(a, "fro"), SINGULAR_BUT_FOR_ROUNDING, "singular matrix is infinite"),
    (lambda a: linalg.cond(a, -np.inf), SINGULAR_BUT_FOR_ROUNDING, "singular matrix is infinite"),
    (lambda a: linalg.slogdet(a)[1], SINGULAR_BUT_FOR_ROUNDING, "a determinant has no derivative"),
    (lambda a: linalg.slogdet(a)[1], ONES, "a determinant has no derivative"),
    (lambda a: linalg.slogdet(a)[0], ONES + 0j, "a determinant has no derivative"),
]


@pytest.mark.parametrize(("f", "a", "text"), NO_DERIVATIVE)
def test_no_derivative_is_an_error_if_it_is_needed(
    f: Callable[..., Any], a: Any, text: str
) -> None:
    with pytest.raises(NonDifferentiableError, match=text):
        jacobian(f)(a)
    y = f(Dual(a, np.sin(np.arange(2.0 * a.size) ** 2).reshape(2, *a.shape)))
    np.testing.assert_array_equal(y.primal, f(a))  # the value is there
    assert repr(y).endswith(", undefined)") and (y == f(a)).all()
    still = f(Dual(a, np.zeros_like(a)))  # and nothing moves where nothing is moved
    assert not np.any(still.tangent)
    copies = [y.copy(), y.T.T, y[...]]
    for copy in copies:
        with pytest.raises(NonDifferentiableError, match=text):
            _ = copy + 1


def test_a_cut_is_refused_even_where_the_rank_stays() -> None:
    beside = Dual(np.diag([3.0, 1]), np.array([[0.0, 1], [0, 0]]))
    with pytest.raises(NonDifferentiableError, match="rcond cuts off"):
        _ = linalg.pinv(beside, 0.5) + 1


def test_equal_singular_values_that_turn_together() -> None:
    a, along = np.diag([2.0, 2.0, 1.0]), np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 0]])
    (u, s, vh), (du, ds, dvh) = dualad.jvp(linalg.svd, (a,), (along,))
    np.testing.assert_allclose(
        du @ (s[:, None] * vh) + u @ (ds[:, None] * vh + s[:, None] * dvh), along
    )


def test_second_derivatives_of_repeated_values_are_refused() -> None:
    for f in (
        lambda a: np.sum(linalg.eigvalsh(a)),
        lambda a: linalg.svdvals(a)[1],
        lambda a: linalg.norm(a, "nuc"),
    ):
        with pytest.raises(NonDifferentiableError, match="have no second derivative"):
            hessian(f)(TWO)
    with pytest.raises(NonDifferentiableError):
        hessian(lambda a: linalg.eigh(a)[1][0, 1])(TWO)


def test_the_vector_of_a_simple_eigenvalue_has_all_derivatives_beside_repeated_ones() -> None:
    want = np.zeros((3, 3, 3, 3))  # of a20 + a00·a20 + a10·a21 − a22·a20, by perturbation theory
    for i, j, sign in (((0, 0), (2, 0), 1), ((1, 0), (2, 1), 1), ((2, 2), (2, 0), -1)):
        want[i + j] = want[j + i] = sign
    got = hessian(lambda a: linalg.eigh(a)[1][0, 2])(TWO)
    np.testing.assert_allclose(got * linalg.eigh(TWO)[1][2, 2], want, atol=1e-14)

    along = matrices(3, 3, seed=4)
    along = along + along.T

    def f(t: Any) -> Any:
        return linalg.eigh(TWO + t * along)[1][0, 2] ** 2

    def exact(t: Any) -> Any:
        return mp.eigsy(mp.matrix(TWO) + t * mp.matrix(along))[1][0, 2] ** 2

    with mp.workdps(60):
        for order in (1, 2, 3, 4):
            truth = float(mp.diff(exact, 0, order, h=mp.mpf(10) ** -10))
            assert derivative(f, order=order)(0.0) == pytest.approx(truth, rel=1e-8, abs=1e-12)


def test_what_is_defined_beside_what_is_not() -> None:
    """The other vectors and values have all their derivatives."""
    a = matrices(3, 3) @ np.diag([1.0, 1, 2]) @ matrices(3, 3).T
    a = linalg.qr(a)[0] @ TWO @ linalg.qr(a)[0].T

    def projector(t: Any) -> Any:  # as the sign of a vector is LAPACK's choice
        third = linalg.eigh(a + t * matrices(3, 3))[1][:, 2]
        return np.outer(third, third)

    check(projector, 0.0, analytic=False, second=False)
    check(lambda t: linalg.eig(a + t * TWO)[1][:, :1] ** 2, 0.3, analytic=False, second=False)
    along = matrices(3, 3, seed=4)
    for f in (
        lambda a: linalg.eigvalsh(a)[2],
        lambda a: linalg.svdvals(a)[0],
        lambda a: linalg.norm(a, 2),
        lambda a: linalg.eigh(a).eigenvalues[2:],
        lambda a: linalg.svd(a).S[:1],
    ):
        at: Any = lambda t, f=f: f(a + t * along)  # noqa: E731
        want = differences(derivative(at), [0.01], [1.0])
        np.testing.assert_allclose(derivative(at, order=2)(0.01), want[0], rtol=1e-5)
        np.testing.assert_allclose(derivative(at, order=2)(0.0), want[0], rtol=0.2)
    low = matrices(4, 2) @ matrices(2, 4, seed=2)  # rank 2
    check(
        lambda t: [x[..., :2] for x in (linalg.svd(low + t * low @ low)[0],)],
        0.0,
        analytic=False,
        second=False,
    )
    check(lambda b: linalg.lstsq(ONES, b)[0], np.array([1.0, 2]))
    for rcond in (None, -1):  # a column of zeros stays without weight
        zeros = matrices(4, 2) * [1.0, 0.0]
        check(lambda b, z=zeros, r=rcond: linalg.lstsq(z, b, r)[0], np.arange(4.0))
    check(lambda t: linalg.pinv(low * (1 + t)), 0.0, analytic=False)
    check(lambda t: linalg.lstsq(low * (1 + t) @ low, low[0])[0], 0.0, analytic=False)
    for m, n in ((5, 4), (4, 5)):  # the rank is 2 wherever t moves
        left, right = matrices(m, 2), matrices(2, n, seed=2)
        turn: Any = lambda t, a=left, b=right: (a + t * a[::-1]) @ (b + t * b[:, ::-1])  # noqa: E731
        check(lambda t, f=turn: linalg.pinv(f(t), 1e-10), 0.1, analytic=False)
        check(lambda t, f=turn, b=left: linalg.lstsq(f(t), b)[0], 0.1, analytic=False)
    turned = linalg.qr(matrices(4, 4))[0] @ np.diag([1.0, 1, 3, 3]) @ linalg.qr(matrices(4, 4))[0].T
    for f in (linalg.eigh, linalg.eig, linalg.svd):  # whole clusters move: no vector turns
        moving = lambda t, f=f: f(turned * (1 + t) ** 3 + t * np.eye(4))  # noqa: E731
        for order in (1, 2):
            slopes = list(derivative(moving, order=order)(0.0))
            values = slopes.pop(0 if f is not linalg.svd else 1)
            want = (1 + 3 * np.array([1, 1, 3, 3])) if order == 1 else 6 * np.array([1, 1, 3, 3])
            np.testing.assert_allclose(sorted(values), want, rtol=1e-13)
            assert all(np.all(abs(x) < 1e-13) for x in slopes)
    check(lambda t: linalg.svd(low * (1 + t) ** 3)[2][:2], 0.0, analytic=False)
    stack = Dual(np.stack([ONES, np.eye(2)]), np.stack([np.eye(2), ONES]))
    assert linalg.pinv(stack)[1].tangent.tolist() == (-ONES).tolist()
    assert linalg.cond(stack)[1].tangent == 0


def test_triangles_that_are_not_read_get_no_derivative() -> None:
    a = np.array([[2.0, 0.7], [0.5, 3]])
    upper, lower = (0, 1), (1, 0)
    for f, ghost in (
        (linalg.cholesky, upper),
        (lambda a: linalg.cholesky(a, upper=True), lower),
        (linalg.eigvalsh, upper),
        (lambda a: linalg.eigvalsh(a, "U"), lower),
        (lambda a: linalg.eigh(a)[1], upper),
        (lambda a: linalg.svd(a, hermitian=True)[0], upper),
        (lambda a: linalg.pinv(a, hermitian=True), upper),
    ):
        slopes = jacobian(f)(a)
        assert not np.any(slopes[..., *ghost])
        assert np.any(slopes[..., *ghost[::-1]])
    assert linalg.eigvalsh(Dual(a + 1j * np.eye(2), 1j * np.eye(2))).tangent.tolist() == [0, 0]


# -- passes, precision, levels, memory -------------------------------------------------------

ALL = {**ANALYTIC, **SQUARE, **ANY_SHAPE} | {
    f"norm {order}": (lambda a, order=order: linalg.norm(a, order, axis=(-2, -1)))
    for order in MATRIX_ORDERS
}


@pytest.mark.parametrize("name", ALL)
def test_every_chunk_gives_the_same_bits(name: str) -> None:
    for shape in ((3, 3), (2, 3, 3)):
        a = matrices(*shape)
        default = jacobian(ALL[name])(a)
        for chunk in (1, 2, 3):
            other = jacobian(ALL[name], chunk=chunk)(a)
            for x, y in zip(leaves(other), leaves(default), strict=True):
                np.testing.assert_array_equal(x, y)
    one = jacobian(lambda t: ALL[name](a + t * a), chunk=1)(1.0)  # a tangent without directions
    same = jacobian(lambda t: ALL[name](a + t[0] * a))(np.ones(1))
    for x, y in zip(leaves(one), leaves(same), strict=True):
        np.testing.assert_array_equal(x, np.asarray(y)[..., 0])


@pytest.mark.parametrize("name", ALL)
def test_values_are_those_of_numpy_and_precision_stays(name: str) -> None:
    for dtype in (np.float32, np.float64, np.complex64):
        a = matrices(4, 4).astype(dtype)
        if dtype == np.complex64 and name.startswith("cholesky"):
            a = a + a.T
        for dot in (a, np.stack([a, a])):
            for x, y in zip(leaves(ALL[name](Dual(a, dot))), leaves(ALL[name](a)), strict=True):
                np.testing.assert_array_equal(x.primal, y)
                assert np.asarray(x.primal).dtype == np.asarray(y).dtype
                assert np.shape(x.tangent) == dot.shape[:-2] + np.shape(y)
                assert np.ndim(x.tangent) == 0 or x.tangent.dtype == x.primal.dtype


def test_named_tuples_stay_what_they_are() -> None:
    a = matrices(3, 3)
    for f in (linalg.eigh, linalg.eig, linalg.svd, linalg.qr, linalg.slogdet):
        assert type(f(Dual(a, a))) is type(f(a))
        nested = derivative(lambda t, f=f: derivative(lambda s: f(a * (s + t)))(1.0))(1.0)
        assert type(nested) is type(f(a))


def test_levels_stay_apart() -> None:
    """Outer and inner derivatives in different arguments, against both at once."""
    a, b, c = matrices(3, 3), matrices(3, 3, seed=1), np.array([1.0, 2, -1])
    for f in (
        lambda s, t: linalg.solve(a + s * b, c + t * b[0]),
        lambda s, t: linalg.solve(a + s * b, c * (1 + t)) @ linalg.inv(a + t * b),
        lambda s, t: linalg.lstsq((a + s * b)[:, :2], c + t * b[0])[0],
        lambda s, t: linalg.lstsq((a + s * b)[:, :2], c + t * b[0])[1],
        lambda s, t: linalg.eigvalsh(a + s * b + t * b.T @ b),
        lambda s, t: linalg.svd(a + s * b + t * b.T @ b)[0],
        lambda s, t: linalg.norm(s * a + t * b) * linalg.det(a + s * b - t * a),
    ):
        mixed = derivative(lambda s, f=f: derivative(lambda t: f(s, t))(1.0))(0.5)
        other = derivative(lambda t, f=f: derivative(lambda s: f(s, t))(0.5))(1.0)
        want = differences(lambda s, f=f: derivative(lambda t: f(s, t))(1.0), [0.5], [1.0])
        np.testing.assert_allclose(mixed, other, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(mixed, want[0], rtol=1e-7, atol=1e-7)


def test_third_derivatives() -> None:
    a, b = matrices(3, 3), matrices(3, 3, seed=1)
    for f in (linalg.inv, linalg.det, linalg.eigvalsh, linalg.svdvals, linalg.pinv, linalg.norm):
        line = lambda t, f=f: f(a + t * b)  # noqa: E731
        want = differences(derivative(line, order=2), [0.1], [1.0])
        np.testing.assert_allclose(derivative(line, order=3)(0.1), want[0], rtol=1e-7, atol=1e-7)


def test_inputs_of_every_kind() -> None:
    a = matrices(3, 3)
    strange = np.asfortranarray(np.repeat(a, 2, axis=0))[::2]
    strange.flags.writeable = False
    fixed = np.broadcast_to(1.0, (2, 3, 3))
    for f in (linalg.inv, linalg.det, linalg.eigh, linalg.svd, linalg.qr, linalg.norm):
        x = Dual(strange, fixed)
        for y, z in zip(leaves(f(x)), leaves(f(Dual(a, np.ones((2, 3, 3))))), strict=True):
            np.testing.assert_allclose(y.tangent, z.tangent, rtol=1e-10, atol=1e-10)
            assert not np.shares_memory(y.primal, x.primal)
            assert not np.shares_memory(y.tangent, x.tangent)
    x = Dual(a, a)
    turned = linalg.matrix_transpose(x)  # a view, of both
    turned[0, 1] = 7.0
    assert x.primal[1, 0] == 7 and x.tangent[1, 0] == 0
    objects = np.array([Dual(1.0, 1.0), 2.0], dtype=object)
    assert linalg.solve(Dual(2 * np.eye(2), np.zeros((2, 2))), objects).tangent.tolist() == [0.5, 0]
    assert linalg.solve(x * 1, [Dual(1.0, 0.0), 2.0, 3.0]).shape == (3,)


@pytest.mark.parametrize("shape", [(0, 0), (0, 2, 2), (2, 0, 0)])
@pytest.mark.parametrize("name", ["inv", "det", "slogdet", "cholesky", "qr", "pinv", "eigh", "eig",
                                  "eigvalsh", "eigvals", "svd", "svdvals", "norm", "matrix_norm"])  # fmt: skip
def test_empty_arrays(name: str, shape: tuple[int, ...]) -> None:
    f = getattr(linalg, name)
    for dtype in (float, complex):
        a = np.zeros(shape, dtype)
        for many in ((), (0,), (3,)):
            for x, y in zip(leaves(f(Dual(a, np.zeros(many + shape)))), leaves(f(a)), strict=True):
                assert np.shape(x) == np.shape(y)
                if isinstance(x, Dual):
                    assert np.shape(x.tangent) == many + np.shape(y)


def test_no_directions() -> None:
    a = matrices(3, 3)
    for f in ALL.values():
        for y in leaves(f(Dual(a, np.zeros((0, 3, 3))))):
            assert np.shape(y.tangent) == (0, *np.shape(y.primal))


REFUSED: list[tuple[Callable[..., Any], type[Exception], str]] = [
    (lambda x: linalg.qr(x, "raw"), TypeError, "mode='raw' has no derivative rule; write"),
    (lambda x: linalg.inv(x[:2]), linalg.LinAlgError, "must be square"),
    (lambda x: linalg.inv(0 * x), linalg.LinAlgError, "Singular matrix"),
    (lambda x: linalg.solve(x, x[0, :2]), ValueError, "mismatch"),
    (lambda x: linalg.inv(x[0, 0]), linalg.LinAlgError, "0-dimensional"),
    (lambda x: linalg.cholesky(-x), linalg.LinAlgError, "not positive definite"),
    (lambda x: linalg.eigh(x, "X"), ValueError, "UPLO"),
    (lambda x: linalg.norm(x, 3), ValueError, "norm of a matrix takes 'fro', 'nuc', .* got 3"),
    (lambda x: linalg.norm(x, "abc"), ValueError, "got 'abc'"),
    (lambda x: linalg.norm(x[0], "fro"), ValueError, "norm of a vector takes a number .* 'fro'"),
    (lambda x: linalg.norm(x[None], 2), ValueError, "one axis for vectors or two for matrices"),
    (lambda x: linalg.norm(x, axis=3), ValueError, "out of bounds"),
    (lambda x: linalg.tensorsolve(x[:2], x[0, :2]), linalg.LinAlgError, "tensorsolve needs"),
    (lambda x: linalg.tensorinv(x, 0), ValueError, "number of axes, 1 or more; got 0"),
    (lambda x: linalg.pinv(x, rcond=1.0, rtol=1.0), ValueError, "both set"),
    (lambda x: linalg.cond(x[:0]), linalg.LinAlgError, "empty"),
]


@pytest.mark.parametrize(("f", "error", "text"), REFUSED)
def test_errors(f: Callable[..., Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        f(Dual(matrices(3, 3), np.ones((3, 3))))


def test_plain_answers_and_exports() -> None:
    x = Dual(np.ones((3, 3)), np.ones((3, 3)))
    assert linalg.matrix_rank(x) == 1
    assert linalg.trace(x, dtype=np.float32).tangent == 3
    assert issubclass(NonDifferentiableError, ArithmeticError)
    assert dualad.NonDifferentiableError is NonDifferentiableError
    assert isinstance(linalg.eigh(Dual(np.eye(2), ONES))[1], DualArray)
    mine = """solve inv pinv det slogdet norm vector_norm matrix_norm cond cholesky qr eig eigh eigvals
    eigvalsh svd svdvals lstsq tensorsolve tensorinv matrix_transpose diagonal trace matrix_rank"""
    assert [n for n in mine.split() if getattr(linalg, n) not in ARRAY_FUNCTIONS] == []


def test_badly_scaled_rows_are_not_singular() -> None:
    a = np.array([[2.0, 1], [1e-20, 2e-20]])
    (slopes,) = jacobian(lambda a: linalg.slogdet(a)[1:])(a)
    np.testing.assert_allclose(slopes, linalg.inv(a).T, rtol=1e-14)


# -- what errors in the rules would change -----------------------------------------------------


def test_eigenvalues_that_are_all_repeated_move_by_the_mean() -> None:
    along = np.array([[1.0, 0.5], [0.5, 3.0]])
    assert jvp(np.linalg.eigvalsh, (np.eye(2),), (along,))[1].tolist() == [2.0, 2.0]


def test_complex_eigenvectors_turn_as_lapack_leaves_them() -> None:
    """Of each, the largest element stays real."""
    random = np.random.default_rng(5)
    for _ in range(5):
        a, along = (random.normal(size=(3, 3)) + 1j * random.normal(size=(3, 3)) for _ in range(2))
        (w, v), (dw, dv) = jvp(np.linalg.eig, (a,), (along,))
        h = 1e-5

        def moved(step: float, a: Any = a, along: Any = along, w: Any = w) -> Any:
            numbers, vectors = np.linalg.eig(a + step * along)
            order = np.argmin(abs(numbers[:, None] - w), axis=0)
            return numbers[order], vectors[:, order]

        (more, right), (less, left) = moved(h), moved(-h)
        np.testing.assert_allclose(dw, (more - less) / (2 * h), atol=1e-7)
        np.testing.assert_allclose(dv, (right - left) / (2 * h), atol=1e-6)
        assert v.shape == dv.shape


def test_singular_vectors_of_zero_that_move_within_the_range() -> None:
    a, along = np.diag([1.0, 0.0]), np.array([[0.0, 1.0], [0.0, 0.0]])
    (u, s, vh), (du, ds, dvh) = jvp(lambda a: tuple(np.linalg.svd(a)), (a,), (along,))
    assert not np.any(du) and not np.any(ds)
    np.testing.assert_array_equal(dvh, vh @ np.array([[0.0, 1.0], [-1.0, 0.0]]))
    assert np.array_equal(u @ np.diag(s) @ dvh, along)


def test_lstsq_decides_rank_as_it_is_told() -> None:
    eps = np.finfo(float).eps
    a = np.zeros((20, 2))
    a[0, 0], a[1, 1] = 1.0, 5 * eps
    b = np.ones(20)
    for rcond, slope in ((None, 0.0), (-1, 1 / (5 * eps))):
        rows = jacobian(lambda b, r=rcond: np.linalg.lstsq(a, b, rcond=r)[0])(b)
        assert rows[0, 0] == 1.0
        assert rows[1, 1] == pytest.approx(slope)


def test_determinants_of_singular_complex_matrices() -> None:
    random = np.random.default_rng(6)
    u, v, along = (random.normal(size=(8, n)) + 1j * random.normal(size=(8, n)) for n in (7, 7, 8))
    a = u @ v.T / 8
    slope = jvp(np.linalg.det, (a,), (along,))[1]
    right = sum(  # one row at a time
        np.linalg.det(np.where(np.arange(8)[:, None] == i, along, a)) for i in range(8)
    )
    np.testing.assert_allclose(slope, right, rtol=1e-11)


def test_condition_numbers_of_what_is_singular_up_to_rounding() -> None:
    flat = np.outer([1.0, 2.0, 3.0], [0.1, 0.7, 0.3]) + np.outer([1.0, -1.0, 0.5], [1.0, 0.2, 0.4])
    for a, p in itertools.product((flat, np.diag([1.0, 1e-20, 1.0])), (None, 2)):
        with pytest.raises(NonDifferentiableError, match="condition number of a singular matrix"):
            jvp(lambda a, p=p: np.linalg.cond(a, p), (a,), (np.eye(3),))


@pytest.mark.parametrize("ord", [1, -1, 2, -2, np.inf, -np.inf, "nuc", "fro"])
def test_norms_of_empty_matrices_are_numpys(ord: Any) -> None:
    for shape in ((2, 0), (0, 2), (3, 2, 0), (3, 0, 2), (2, 3, 0, 4)):
        x = np.zeros(shape)
        try:
            want = np.linalg.norm(x, ord, (-2, -1))
        except ValueError as error:
            with pytest.raises(type(error), match=re.escape(str(error))):
                jvp(lambda x: np.linalg.norm(x, ord, (-2, -1)), (x,), (x,))
        else:
            got = jvp(lambda x: np.linalg.norm(x, ord, (-2, -1)), (x,), (x,))[0]
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("size", [1e-20, 1.0, 1e20])
def test_what_splits_is_seen_at_any_size(size: float) -> None:
    with pytest.raises(NonDifferentiableError):
        jvp(lambda a: np.linalg.eigh(a)[1], (size * np.eye(2),), (size * np.diag([1.0, 3.0]),))
