"""Sparse arrays and solvers under SciPy's own names: values bit for bit, tangents against SciPy.

The functions here are written for SciPy. Run on plain numbers, they are the reference: by complex
steps where SciPy takes complex numbers, or else by extrapolated differences.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dualad import Dual, NonDifferentiableError, derivative, grad, jacobian, jvp

sp = pytest.importorskip("scipy.sparse")
sl = pytest.importorskip("scipy.sparse.linalg")

N = 5
PLACES = sp.random_array((N, N), density=0.4, format="csr", random_state=np.random.default_rng(1))
PLACES = (PLACES + 3 * sp.eye_array(N)).tocsr()
ROWS, COLUMNS = PLACES.nonzero()
M = len(ROWS)
X = np.concatenate([PLACES.data, np.arange(1.0, N + 1)])  # the stored numbers, and a right side


def general(x: Any) -> Any:
    return sp.csr_array((x[:M], PLACES.indices, PLACES.indptr), (N, N))


def symmetric(x: Any) -> Any:
    a = sp.csc_array((x[:M], (ROWS, COLUMNS)), (N, N))
    return a + a.T + 2 * sp.eye_array(N)


def twice(x: Any) -> Any:
    return np.concatenate([x[:M], x[:M]]), (np.r_[ROWS, COLUMNS], np.r_[COLUMNS, ROWS])


def operator(a: Any) -> Any:
    return sl.LinearOperator((N, N), matvec=lambda v: a @ v)


def put(a: Any, x: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sp.SparseEfficiencyWarning)
        a[1, 2] = x[0] ** 2
        a[0] = 3.0
        a[2, 1:3] = x[:2]
        a.setdiag(x[M:])
    return a


def stored_anew(a: Any) -> Any:
    a = a - PLACES[::-1] / 2
    a.eliminate_zeros()
    a.sum_duplicates()
    a.sort_indices()
    return a.data


ARRAYS: dict[str, Callable[[Any], Any]] = {
    "constant @ x": lambda x: PLACES @ x[M:],
    "constant @ matrix": lambda x: PLACES @ np.outer(x[M:], x[:2]),
    "x @ constant": lambda x: x[M:] @ PLACES,
    "constant + x": lambda x: (PLACES + np.outer(x[M:], x[M:]))[0],
    "x - constant": lambda x: (np.outer(x[M:], x[M:]) - PLACES)[1],
    "number * constant": lambda x: (x[0] * PLACES - PLACES * 2.0) @ x[M:],
    "vector * constant": lambda x: (x[M:] * PLACES).toarray(),
    "A @ x": lambda x: general(x) @ x[M:],
    "A @ column": lambda x: general(x) @ x[M:, None],
    "x @ A": lambda x: x[M:] @ general(x),
    "coo, repeated": lambda x: sp.coo_array(twice(x), (N, N)) @ x[M:],
    "csr, repeated": lambda x: sp.csr_array(twice(x), (N, N)).toarray(),
    "of a dense array": lambda x: sp.csc_matrix(np.outer(x[M:], x[M:])) * x[M:],
    "products": lambda x: (general(x) @ general(x).T @ PLACES).toarray(),
    "sums": lambda x: (general(x) + PLACES - general(x).T / x[1] + -general(x)).toarray(),
    "of elements": lambda x: (general(x).multiply(symmetric(x)) * x[M]).toarray(),
    "times dense": lambda x: (general(x) * x[M:]).tocsr().power(2).toarray(),
    "parts": lambda x: general(x)[1:, [0, 3]].T.toarray() * general(x)[2, 2],
    "sum": lambda x: general(x).sum(axis=0) * general(x).sum(axis=1) + general(x).sum(),
    "mean": lambda x: general(x).mean(axis=1) * general(x).mean(),
    "diagonal": lambda x: general(x).diagonal(1) * general(x).trace(),
    "diags": lambda x: sp.diags_array([x[:3], -2.0, x[1:3]], offsets=[0, 1, -1]).tocsr() @ x[:3],
    "dia": lambda x: sp.dia_array((np.stack([x[M:], x[M:] ** 2]), [0, -1]), (N, N)) @ x[M:],
    "stacks": lambda x: sp.hstack([general(x), sp.vstack([PLACES[:2], 2 * general(x)[:3]])]).sum(1),
    "blocks": lambda x: sp.bmat([[None, sp.diags(x[:2])], [sp.eye_array(3), None]]) @ x[:5],
    "block_diag": lambda x: sp.block_diag([general(x), x[:2, None]]).toarray(),
    "kron": lambda x: sp.kron(sp.eye_array(2), general(x)).toarray(),
    "triangles": lambda x: (sp.tril(general(x), -1) + sp.triu(general(x)) * 2).toarray(),
    "kronsum": lambda x: sp.kronsum(general(x)[:2, :2], general(x)[1:4, 1:4]).toarray(),
    "find": lambda x: sp.find(general(x) * 2.0)[2],
    "power": lambda x: sl.matrix_power(general(x), 3).toarray(),
    "constant * number": lambda x: (PLACES * x[0] + PLACES / x[1] ** 2) @ x[M:],
    "constant.multiply": lambda x: PLACES.multiply(x[M:]).toarray(),
    "matrix ** 2": lambda x: (sp.csr_matrix(general(x)) ** 2).toarray(),
    "functions": lambda x: (general(x).sin() + general(x).expm1()).toarray(),
    "set": lambda x: put(general(x), x).toarray(),
    "chosen": lambda x: general(x)[general(x) > 0.5] * 2.0,
    "compared": lambda x: (
        (general(x) != PLACES / 2).sum() * x[:2] + (general(x) > PLACES.T * 0.6).sum()
    ),
    "stored anew": lambda x: stored_anew(general(x)),
}

# Made where nothing is lifted, of SciPy's own classes
PLAIN = sl.aslinearoperator(PLACES)
OPERATORS = {
    "matrix": PLAIN,
    "adjoint": PLAIN.H,
    "transposed": PLAIN.T,
    "sum": PLAIN + PLAIN.T,
    "product": PLAIN @ PLAIN.H,
    "scaled": 2.0 * PLAIN,
    "power": PLAIN**2,
    "functions": sl.LinearOperator((N, N), lambda v: PLACES @ v, lambda v: PLACES.T @ v),
}
OPERATORS["functions, adjoint"] = OPERATORS["functions"].T + OPERATORS["functions"].H

SOLVES: dict[str, Callable[[Any], Any]] = {
    "spsolve": lambda x: sl.spsolve(general(x), x[M:]),
    "spsolve of several": lambda x: sl.spsolve(symmetric(x), np.outer(x[M:], x[:2])),
    "constant spsolve": lambda x: sl.spsolve(PLACES, x[M:] ** 2),
    "splu": lambda x: sl.splu(symmetric(x)).solve(x[M:]),
    "splu, transposed": lambda x: sl.splu(general(x).tocsc()).solve(x[M:], "T"),
    "constant splu": lambda x: sl.splu(PLACES.tocsc()).solve(x[M:], "T"),
    "spilu": lambda x: sl.spilu(PLACES.tocsc()).solve(x[M:]),
    "factorized": lambda x: sl.factorized(symmetric(x))(x[M:]),
    "lower triangle": lambda x: sl.spsolve_triangular(sp.tril(general(x)).tocsr(), x[M:]),
    "upper triangle": lambda x: sl.spsolve_triangular(
        sp.triu(general(x)).tocsr(), x[M:], lower=False
    ),
    "cg": lambda x: sl.cg(symmetric(x), x[M:], rtol=1e-12)[0],
    "minres": lambda x: sl.minres(symmetric(x), x[M:], rtol=1e-12)[0],
    **{
        f.__name__: lambda x, f=f: f(general(x), x[M:], rtol=1e-12)[0]
        for f in (sl.bicg, sl.bicgstab, sl.cgs, sl.gmres, sl.lgmres, sl.gcrotmk, sl.qmr, sl.tfqmr)
    },
    "shifted": lambda x: sl.minres(symmetric(x), x[M:], rtol=1e-12, shift=0.1 * x[0])[0],
    "constant, shifted": lambda x: sl.minres(PLACES + PLACES.T, x[M:], rtol=1e-12, shift=0.2)[0],
    "operator, shifted": lambda x: sl.minres(
        sl.aslinearoperator(symmetric(x)), x[M:], rtol=1e-12, shift=0.1 * x[0]
    )[0],
    **{
        f"plain {name}": lambda x, a=a: sl.gmres(a, x[M:], rtol=1e-12)[0]
        for name, a in OPERATORS.items()
    },
    "operator": lambda x: sl.gmres(operator(general(x)), x[M:], rtol=1e-12)[0],
    "symmetric operator": lambda x: sl.cg(sl.aslinearoperator(symmetric(x)), x[M:], rtol=1e-12)[0],
    "sum of operators": lambda x: (2 * sl.aslinearoperator(general(x)) + sl.aslinearoperator(PLACES).T)
    @ x[M:],
    "difference of operators": lambda x: (
        sl.aslinearoperator(PLACES) - sl.aslinearoperator(general(x)) / x[0]
    ).rmatvec(x[M:]),
    "product of operators": lambda x: (sl.aslinearoperator(general(x)) @ sl.aslinearoperator(PLACES))
    @ x[M:],
    "scaled operator": lambda x: (-sl.aslinearoperator(PLACES) * x[0]).dot(x[M:]),
    "power of an operator": lambda x: (sl.aslinearoperator(general(x)) ** 3) @ np.outer(X[M:], x[:2]),
    "x @ operator": lambda x: x[M:] @ (sl.aslinearoperator(general(x)) * sl.aslinearoperator(PLACES)),
    "solve by sums": lambda x: sl.gmres(
        sl.aslinearoperator(general(x)) + sl.aslinearoperator(PLACES), x[M:], rtol=1e-12
    )[0],
    "operator @ x": lambda x: sl.aslinearoperator(general(x)) @ x[M:],
    "lsqr": lambda x: sl.lsqr(general(x)[:, :3], x[M:], 0.1, 1e-13, 1e-13)[0],
    "lsqr's norms": lambda x: np.stack(sl.lsqr(general(x)[:, :3], x[M:], x[0], 1e-13, 1e-13)[3:5]),
    "lsmr": lambda x: sl.lsmr(general(x)[:, :3], x[M:], atol=1e-13, btol=1e-13)[0],
    "eigenvalues": lambda x: sl.eigsh(symmetric(x), 2, v0=X[M:])[0],
    "eigenvectors": lambda x: abs(sl.eigsh(symmetric(x), 2, which="SA", v0=X[M:])[1]),
    "only eigenvalues": lambda x: sl.eigsh(symmetric(x), 2, v0=X[M:], return_eigenvectors=False),
    "expm_multiply": lambda x: sl.expm_multiply(general(x) / 5, x[M:]),
    "norms": lambda x: np.stack([sl.norm(general(x), k) for k in (None, 1, np.inf)]),
    "an implicit step": lambda x: sl.spsolve(
        sp.eye_array(N, format="csc") + x[0] * sp.diags_array([-1.0, 2, -1], offsets=[-1, 0, 1],
                                                              shape=(N, N), format="csc"), x[M:]),
}  # fmt: skip


def by_differences(f: Callable[[Any], Any], along: Any, h: float = 2e-3) -> Any:
    """The derivative along a direction, from six values; errors of order h⁶."""
    weights = (3 / 4, -3 / 20, 1 / 60)
    return sum(
        w * (f(X + k * h * along) - f(X - k * h * along)) / h for k, w in enumerate(weights, 1)
    )


ALONG = np.cos(np.arange(len(X)) * 1.3)


@pytest.mark.parametrize("name", [*ARRAYS, *SOLVES])
def test_values_and_derivatives(name: str) -> None:
    """Of the first and the second order, forward and backward."""
    is_array = name in ARRAYS
    f = (ARRAYS | SOLVES)[name]
    value, moved = jvp(f, (X,), (ALONG,))
    y = f(X)
    assert np.array_equal(value, y) and value.dtype == y.dtype and value.shape == y.shape
    if is_array:
        want = np.imag(f(X + 1e-30j * ALONG)) / 1e-30
    else:
        want = by_differences(f, ALONG)
    scale = 1 + np.max(abs(want))
    tolerance = (1e-14 if is_array else 3e-9) * scale
    np.testing.assert_allclose(moved, want, rtol=0, atol=10 * tolerance)

    weight = np.sin(np.arange(y.size) + 1.0).reshape(y.shape)

    def total(x: Any) -> Any:
        return np.sum(f(x) ** 2 * weight)

    forth, back = (grad(total, mode=mode)(X) for mode in ("forward", "reverse"))
    np.testing.assert_allclose(back, forth, rtol=1e-10, atol=1e-11 * scale)
    np.testing.assert_allclose(forth @ ALONG, np.sum(2 * y * want * weight), atol=30 * tolerance)

    second = derivative(lambda t: total(X + t * ALONG), order=2)(0.0)
    once = by_differences(lambda x: jvp(total, (x,), (ALONG,))[1], ALONG)
    assert second == pytest.approx(once, rel=1e-8, abs=1e-8 * scale)
    over = jvp(grad(total, mode="reverse"), (X,), (ALONG,))[1] @ ALONG
    assert over == pytest.approx(second, rel=1e-8, abs=1e-9 * scale)


@pytest.mark.parametrize("lift", [True, False])
def test_operators_need_no_lifting(lift: bool) -> None:
    def f(x: Any) -> Any:
        return PLACES @ x + (x @ PLACES) - (2 * x[0] * PLACES) @ x + PLACES.dot(x)

    x = X[M:]
    want = jacobian(lambda x: _dense(x, PLACES.toarray()))(x)
    np.testing.assert_allclose(jacobian(f, lift=lift)(x), want, rtol=1e-13)
    np.testing.assert_allclose(jacobian(f, lift=lift, mode="reverse")(x), want, rtol=1e-13)


def _dense(x: Any, a: Any) -> Any:
    return a @ x + x @ a - 2 * x[0] * a @ x + a @ x


KINDS = [f"{form}_{kind}" for form in ("csr", "csc", "coo") for kind in ("array", "matrix")]
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "itself": lambda a, b: a,
    "T": lambda a, b: a.T,
    "tocsr": lambda a, b: a.tocsr(),
    "tocsc": lambda a, b: a.tocsc(),
    "tocoo": lambda a, b: a.tocoo(),
    "sum": lambda a, b: a + b,
    "difference": lambda a, b: b - 2 * a,
    "vanishing": lambda a, b: a - a + b,
    "product": lambda a, b: a @ b,
    "of elements": lambda a, b: a.multiply(b),
    "abs": lambda a, b: abs(a) * 3.0,
    "functions": lambda a, b: a.sin() / 2.0,
    "power": lambda a, b: a.power(2),
    "stacks": lambda a, b: sp.vstack([a, sp.hstack([b, a])[:, :4]]) if a.format != "coo" else a.T,
    "parts": lambda a, b: a.tocsr()[1:, [0, 2, 3]],
    "maximum": lambda a, b: a.maximum(b),
    "kron": lambda a, b: sp.kron(a[:2, :2], b[1:3, :2]) if a.format != "coo" else a,
    "triangle": lambda a, b: sp.triu(a),
    "blocks": lambda a, b: sp.block_diag([a, b]),
    "float": lambda a, b: a.astype(float),
}


def dense(x: Any) -> Any:
    """A matrix with a band, and zeros in it and beside it."""
    n = len(x)
    return np.diag(x) * 2 + np.diag(x[1:] ** 2, 1) - np.diag(np.r_[1.5, np.zeros(n - 2)], -1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_what_is_stored_is_what_scipy_stores(name: str, kind: str) -> None:
    """Made of a dense array: the same numbers in the same places, and no more."""
    x = np.array([1.1, 0.7, 1.3, 0.4])

    def made(x: Any) -> Any:
        make = getattr(sp, kind)
        return OPERATIONS[name](make(dense(x)), make(dense(x[::-1].copy()).T))

    def numbers(x: Any) -> Any:
        a = made(x)
        return (a.tocoo() if a.format == "bsr" else a).data

    want = made(x)
    seen: list[Any] = []

    def seeing(x: Any) -> Any:
        seen.append(made(x))
        return numbers(x)

    value, slope = jvp(seeing, (x,), (np.ones(4),))
    (got,) = seen
    assert type(got.plain) is type(want)
    assert (got.nnz, got.shape, got.format) == (want.nnz, want.shape, want.format)
    np.testing.assert_array_equal(value, numbers(x))
    np.testing.assert_array_equal(got.plain.data, want.data)
    for places in ("row", "col") if want.format == "coo" else ("indices", "indptr"):
        np.testing.assert_array_equal(getattr(got, places), getattr(want, places))
    h = 1e-4
    by_differences = (numbers(x + h) - numbers(x - h)) / (2 * h)
    np.testing.assert_allclose(slope, by_differences, rtol=1e-7, atol=1e-7)
    back = jacobian(numbers, mode="reverse")(x) @ np.ones(4)
    np.testing.assert_allclose(back, slope, rtol=1e-12, atol=1e-14)


def test_solving_what_was_dense() -> None:
    """As plain, to the last bit."""
    random = np.random.default_rng(0)
    d = np.diag(random.random(6) + 5) + np.diag(random.random(5), 1) + np.diag(random.random(5), -1)
    b = np.arange(6.0)
    for k in (1.1, 1.3, 1.7, 2.3):
        for solve in (
            lambda k: sl.spsolve(sp.csc_array(d * k), b),
            lambda k: sl.splu(sp.csc_array(d * k)).solve(np.outer(b, b[:2]), "T"),
            lambda k: sl.factorized(sp.csc_array(d * k))(b),
            lambda k: sp.dia_array(d * k) @ b,
            lambda k: sp.dia_array(d * k).diagonal(1),
        ):
            want = solve(k)
            for mode in ("forward", "reverse"):
                value, slope = jvp(solve, (k,), (1.0,))
                np.testing.assert_array_equal(value, want)
                back = jacobian(solve, mode=mode)(k)
                np.testing.assert_allclose(back, slope, rtol=1e-12, atol=1e-15)
        assert derivative(lambda k: sp.csr_matrix(d * k).nnz * k)(k) == 16


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_zero_that_moves(mode: Any) -> None:
    """SciPy stores it next to here only: products know it, and what is stored has no derivative."""
    v = np.array([2.0, 3.0])

    def made(x: Any) -> Any:
        return sp.csr_array(np.stack([np.stack([x[0], x[1]]), np.stack([0 * x[0], x[0] ** 2])]))

    x = np.array([1.5, 0.0])
    want = [[v[0], v[1]], [2 * x[0] * v[1], 0.0]]
    np.testing.assert_allclose(jacobian(lambda x: made(x) @ v, mode=mode)(x), want)
    assert jacobian(lambda x: np.ravel(made(x).nnz * x[0]), mode=mode)(x).tolist() == [[2.0, 0.0]]
    for f in (
        lambda x: made(x).data,
        lambda x: sp.find(made(x))[2],
        lambda x: made(x).max(explicit=True),
    ):
        with pytest.raises(NonDifferentiableError, match="element is 0 that moves"):
            jacobian(f, mode=mode)(x)
    with pytest.raises(TypeError, match=r"A\.tocoo\(\)\.data"):
        jacobian(lambda x: sp.dia_array(made(x).toarray()).data, mode=mode)(x)


def _filled(x: Any) -> Any:
    y = np.zeros(N)
    y[:] = x**2
    return y


def _filled_one_by_one(x: Any) -> Any:
    y = np.zeros((N, 2))
    for i in range(N):
        y[i, 0], y[i, 1] = x[i], 1.0
    return y


@pytest.mark.parametrize("fill", [_filled, _filled_one_by_one])
@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("form", ["csr", "csc", "coo", "dia", "bsr", "lil", "dok"])
def test_operators_with_preallocated_arrays(form: str, kind: str, fill: Any) -> None:
    """What np.zeros gives in lifted code goes where an array of duals goes."""
    a = getattr(sp, f"{form}_{kind}")(PLACES.toarray())
    from dualad.scipy import sparse

    ours = getattr(sparse, f"{form}_{kind}")(PLACES.toarray())
    dense, x = PLACES.toarray(), X[M:]
    operations: list[tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = [
        (lambda a, y: a @ y, lambda a, y: a @ y),
        (lambda a, y: a.T @ y, lambda a, y: a.T @ y),
        (lambda a, y: (a @ a) @ y, lambda a, y: (a @ a) @ y),
        (lambda a, y: a.tocsr()[:3] @ y, lambda a, y: a[:3] @ y),
        (lambda a, y: a.dot(y), lambda a, y: a @ y),
        (lambda a, y: y.T @ a, lambda a, y: y.T @ a),
        (lambda a, y: a * y.T if kind == "array" else a * y, _times if kind == "array" else _at),
    ]
    for operation, want in operations:
        for mode in ("forward", "reverse"):

            def f(x: Any, a: Any, operation: Any = operation) -> Any:
                z = operation(a, fill(x))
                return z.toarray() if hasattr(z, "toarray") else z

            try:
                plain = f(x, a)
            except ValueError:  # shapes that do not fit
                continue
            expected = jacobian(lambda x, want=want: want(dense, fill(x)))(x)
            for given in (a, ours):
                np.testing.assert_allclose(f(x, given), plain)
                got = jacobian(f, mode=mode)(x, given)
                np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-13)


def _times(a: Any, y: Any) -> Any:
    return a * y.T


def _at(a: Any, y: Any) -> Any:
    return a @ y


def test_a_sum_that_vanishes_keeps_its_derivative() -> None:
    """SciPy leaves zeros out of a sum; here one of them moves."""

    def f(t: Any) -> Any:
        a = sp.csr_array((np.stack([t, 2 * t]), ([0, 1], [0, 1])), (2, 2))
        return (a - sp.csr_array(np.diag([1.0, 5.0]))).toarray()

    np.testing.assert_array_equal(derivative(lambda t: f(t)[0, 0])(1.0), 1.0)
    np.testing.assert_array_equal(derivative(lambda t: f(t)[1, 1])(1.0), 2.0)


def test_without_duals_all_is_scipys_own() -> None:
    from dualad.scipy import sparse

    assert type(sparse.csr_array((X[:M], (ROWS, COLUMNS)))) is sp.csr_array
    assert type(sparse.diags([1.0, 2.0])) is type(sp.diags([1.0, 2.0]))
    assert type(sparse.linalg.aslinearoperator(PLACES).plain) is type(sl.aslinearoperator(PLACES))
    assert not sparse.issparse(X) and sparse.issparse(PLACES)


def _replaced(x: Any) -> Any:
    a = sp.csr_array(np.diag(x))
    a.data = a.data * 2
    return a.sum()


def test_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"cannot be replaced; make another array, csr_array\("):
        grad(_replaced)(np.array([1.0, 2.0]))
    x = Dual(X[M:], np.ones(N))
    for f, message in (
        (lambda: sp.csr_array(np.stack([x, x])), "dualad.scipy.sparse"),
        (lambda: PLACES * x[0], r"write x \* A"),
        (lambda: PLACES.multiply(x), r"write x \* A"),
        # from SciPy 1.18 on by SciPy, which makes objects of them first
        (lambda: sl.aslinearoperator(PLACES) @ x, "dualad.scipy.sparse|no supported conversion"),
    ):
        with pytest.raises(TypeError, match=message):
            f()

    def refusing(use: Callable[[Any], Any], kind: Any, message: str) -> None:
        with pytest.raises(kind, match=message):
            jvp(lambda x: use(general(x)), (X,), (ALONG,))

    refusing(lambda a: np.asarray(a), TypeError, "toarray")
    refusing(lambda a: PLACES.copy().__setitem__((0, 0), a[0, 0]), TypeError, "coo_array")
    refusing(lambda a: a.data.__setitem__(0, 1.0), ValueError, "read-only")
    refusing(lambda a: a.max(axis=0), TypeError, r"A\.toarray\(\)\.max\(axis=0\)")
    refusing(lambda a: a.prune(), AttributeError, r"A\.plain\.prune")
    refusing(lambda a: a[0], TypeError, r"A\[\[i\]\]")
    refusing(lambda a: sl.spilu(a), TypeError, "splu")
    refusing(lambda a: sl.norm(a, 2), TypeError, "toarray")
    refusing(lambda a: sl.inv(a), TypeError, r"scipy\.sparse\.linalg\.inv cannot .* splu")
    refusing(lambda a: sp.lil_array(a), TypeError, r"lil_array cannot take duals; .*coo_array")
    refusing(lambda a: sl.eigs(a, 1), TypeError, "eigs cannot take duals; use np.linalg.eig")
    assert derivative(lambda t: t * sl.is_sptriangular(t * PLACES)[0])(2.0) == 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        refusing(lambda a: sl.cg(a + a.T, X[M:], maxiter=1)[0], NonDifferentiableError, "maxiter=")
    refusing(
        lambda a: sl.eigsh(a[0, 0] * sp.eye_array(N), 2, v0=X[M:])[1],
        (NonDifferentiableError, sl.ArpackError),
        "repeated|ARPACK",
    )


def test_choices() -> None:
    """Of the greatest stored number, or of the zeros that are not stored."""
    for f in (
        lambda t: sp.csr_array(np.diag([t, t * t, 1.0])).max(),
        lambda t: sp.csc_matrix(np.diag([t, -t * t, 1.0])).min(),
        lambda t: sp.csr_array(np.diag([-t, -2.0])).max(),
        lambda t: sp.csr_array(np.diag([t, 2.0])).max(explicit=True),
        lambda t: sp.csr_array(np.array([[t, 2.0], [0, -t]])).maximum(PLACES[:2, :2]).toarray(),
        lambda t: PLACES[:2, :2].minimum(sp.csr_array(np.array([[t, 2.0], [0, -t]]))).toarray(),
    ):
        wide, narrow = ((f(1.5 + h) - f(1.5 - h)) / (2 * h) for h in (0.02, 0.01))
        want = (4 * narrow - wide) / 3
        for mode in ("forward", "reverse"):
            got = jacobian(lambda x, f=f: f(x[0]), mode=mode)(np.array([1.5]))[..., 0]
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)


def test_an_np_matrix_is_refused() -> None:
    """Where a sparse matrix gives an np.matrix, with its own *, duals cannot; arrays can."""

    def made(kind: Any, x: float) -> Any:
        return kind(([x, 2.0, 3.0], ([0, 0, 1], [0, 1, 1])), shape=(2, 2))

    methods: list[Callable[[Any], Any]] = [
        lambda a: a.sum(axis=0),
        lambda a: a.sum(1),
        lambda a: a.mean(axis=1),
        lambda a: a.todense(),
        lambda a: a + np.ones((2, 2)),
        lambda a: np.ones((2, 2)) - a,
        lambda a: a[[0, 1], [0, 1]],
    ]
    for method in methods:
        assert isinstance(method(made(sp.csr_matrix, 1.5)), np.matrix)
        with pytest.raises(TypeError, match="make it a csr_array"):
            derivative(lambda x, f=method: f(made(sp.csr_matrix, x)).ravel()[0])(1.5)
        y = method(made(sp.csr_array, 1.5))
        rise = method(made(sp.csr_array, 2.5)) - y  # they are linear in x
        got = jacobian(lambda x, f=method: f(made(sp.csr_array, x)))(1.5)
        np.testing.assert_array_equal(got, rise)
    for scalar in (lambda a: a.sum(), lambda a: a.mean(), lambda a: a[0, 0]):
        got = derivative(lambda x, f=scalar: f(made(sp.csr_matrix, x)))(1.5)
        assert got == scalar(made(sp.csr_matrix, 2.5)) - scalar(made(sp.csr_matrix, 1.5))


@pytest.mark.parametrize("solve, limit", [(sl.lsqr, "iter_lim"), (sl.lsmr, "maxiter")])
def test_least_squares_that_were_stopped_have_no_derivative(solve: Any, limit: str) -> None:
    A, b = sp.csr_array(np.diag(np.arange(1.0, 7.0))), np.arange(6.0)
    with pytest.raises(NonDifferentiableError, match=f"not converged .*{limit}="):
        jvp(lambda k: solve(A * k, b, **{limit: 2})[0], (1.1,), (1.0,))
    k_slope = jvp(lambda k: solve(A * k, b, atol=1e-14, btol=1e-14)[0], (1.1,), (1.0,))[1]
    np.testing.assert_allclose(k_slope, -b / np.arange(1.0, 7.0) / 1.1**2, atol=1e-12)


def test_what_a_solver_calls_converged_is_looked_into() -> None:
    """With a preconditioner, SciPy's tfqmr gives what is no solution, and says that it is one."""
    a, b = np.diag([2.0, 3.0, 4.5, 6.0]) + 0.1, np.ones(4)
    m = np.diag([0.5, 0.4, 0.3, 0.2])
    x, info = sl.tfqmr(a, b, M=m)
    if info == 0 and not np.allclose(a @ x, b, rtol=1e-3):
        with pytest.raises(NonDifferentiableError, match=r"tfqmr has not converged .* off by"):
            derivative(lambda t: sl.tfqmr(a, b * t, M=m)[0])(1.0)


FACTORS = sl.splu(sp.csc_array(np.diag([2.0, 3.0, 4.0]) + 0.1))
SOLVE = sl.factorized(sp.csc_array(np.diag([2.0, 3.0, 4.0]) + 0.1))


@pytest.mark.parametrize("f", [lambda b: FACTORS.solve(b), lambda b: SOLVE(b), FACTORS.solve])
def test_factors_made_outside_are_what_a_function_is_lifted_for(f: Any) -> None:
    want = np.linalg.inv(np.diag([2.0, 3.0, 4.0]) + 0.1)
    for mode in ("forward", "reverse"):
        got = jacobian(f, mode=mode)(np.array([1.0, -2.0, 3.0]))
        np.testing.assert_allclose(got, want, rtol=1e-14)


def test_a_function_of_numpy_names_the_operator() -> None:
    a = sp.csr_array(np.eye(3))
    with pytest.raises(TypeError, match=r"write A \* x for np.multiply\(A, x\)"):
        derivative(lambda x: np.multiply(a, x).sum())(2.0)
    assert derivative(lambda x: (a * x).sum())(2.0) == 3.0
