"""Sparsity: patterns against dense Jacobians, colours against the literature, results checked."""

from __future__ import annotations

import cmath
import math
import re
import threading
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from support.cases import Case, listed
from test_higher_order import every_case

sparse = pytest.importorskip("scipy.sparse")

import dualad  # noqa: E402
from dualad import derivative, grad, hessian, hvp, jacobian, sparsity  # noqa: E402
from dualad.colouring import columns, star  # noqa: E402
from dualad.compression import WrongPattern  # noqa: E402
from dualad.decompression import Compression, band  # noqa: E402
from dualad.structure import leaves  # noqa: E402

X = np.array([0.3, -0.7, 1.1, 0.9, -0.2, 0.6])


def as_integers(pattern: Any) -> Any:
    assert isinstance(pattern, sparse.csr_array) and pattern.dtype == bool
    assert pattern.has_sorted_indices
    return pattern.toarray().astype(int)


def dense(f: Callable[..., Any], *args: Any) -> Any:
    """All outputs by all inputs, by forward mode."""
    places = tuple(range(len(args)))
    value, rows = f(*args), jacobian(f, places)(*args)
    if not isinstance(value, (list, tuple)):
        value, rows = [value], [rows]
    blocks = [
        np.concatenate([np.reshape(b, (np.size(v), -1)) for b in leaves(row)], axis=1)
        for v, row in zip(leaves(value), rows, strict=True)
    ]
    return np.concatenate(blocks)


def detected(f: Callable[..., Any], *args: Any) -> Any:
    found = sparsity(f, tuple(range(len(args))))(*args)
    return np.concatenate([p.toarray() for p in found], axis=1)


# -- every function --------------------------------------------------------------------------

CASES = every_case()

# Of these no one knows the parts: all that comes out depends on all that goes in. Or a number that
# does not depend on the inputs is zero by chance: the middle of a central difference, the end of
# a linspace, the imaginary part of real numbers.
LARGER = (
    *(
        "choosing: i0",
        "choosing: imag of real",
        "choosing: histogram",
        "polynomials: polyval2d of a",
    ),
    *("polynomials: poly", "polynomials: roots at zero", "polynomials: corrcoef"),
    *("polynomials: linspace", "polynomials: logspace", "reductions: var mean"),
    *("reductions: std mean", "reductions: gradient", "shapes: pad odd", "shapes: pad ramp"),
    *("shapes: pad mean", "shapes: flat", "stacking: pad duals", "stacking: diag"),
)


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_array_function(name: str) -> None:
    case: Case = CASES[name]

    def f(*xs: Any) -> Any:
        return listed(case.f(*xs))

    with warnings.catch_warnings(action="ignore"):
        values = f(*case.args)
        if not all(np.size(v) for v in leaves(values)):
            pytest.skip("nothing comes out")
        expected, found = dense(f, *case.args) != 0, detected(f, *case.args)
    assert np.all(found >= expected)
    if not name.startswith(LARGER):
        np.testing.assert_array_equal(found, expected)


def test_what_patterns_cannot_tell_is_refused() -> None:
    with pytest.raises(TypeError, match=r"sparsity cannot tell what np\.linalg\.svd"):
        sparsity(lambda a: np.linalg.svd(a)[1])(np.eye(3))


# -- stencils, in every way of writing neighbours ---------------------------------------------


def stencil(shape: tuple[int, ...], offsets: Sequence[Sequence[int]], wraps: bool = False) -> Any:
    """The pattern of a stencil on a grid, by index arithmetic."""
    n = math.prod(shape)
    result = np.zeros((n, n), bool)
    for place in np.ndindex(*shape):
        for offset in offsets:
            there = [i + d for i, d in zip(place, offset, strict=True)]
            if wraps:
                there = [i % m for i, m in zip(there, shape, strict=True)]
            if all(0 <= i < m for i, m in zip(there, shape, strict=True)):
                i = np.ravel_multi_index(place, shape)
                result[i, np.ravel_multi_index(there, shape)] = True
    return result


def plus(dimensions: int) -> list[tuple[int, ...]]:
    """A point and its neighbours along each axis."""
    steps = [
        tuple(s * (i == j) for j in range(dimensions)) for i in range(dimensions) for s in (1, -1)
    ]
    return [(0,) * dimensions, *steps]


def by_slices(x: Any) -> Any:
    y = -2 * x**2
    y[1:] += x[:-1]
    y[:-1] += x[1:]
    return y


def by_pad(x: Any) -> Any:
    p = np.pad(x, 1)
    return p[2:] - 2 * p[1:-1] ** 2 + p[:-2]


def by_concatenate(x: Any) -> Any:
    return np.concatenate([[0.0], x[:-1]]) * x + np.concatenate([x[1:], [0.0]])


def by_fancy_index(x: Any) -> Any:
    i = np.arange(len(x))
    p = np.append(x, 0.0)
    return p[i - 1] * np.where(i > 0, 1.0, 0.0) + x * x + p[i + 1]


def by_loop(x: Any) -> Any:
    out = []
    for i in range(len(x)):
        y = 3.0 * x[i] * x[i]
        if i > 0:
            y = y - x[i - 1]
        if i + 1 < len(x):
            y = y + math.e * x[i + 1]
        out.append(y)
    return out


def by_preallocated(x: Any) -> Any:
    out = np.zeros(len(x))
    for i in range(len(x)):
        out[i] = math.exp(x[i])
        if i > 0:
            out[i] -= x[i - 1]
        if i + 1 < len(x):
            out[i] += x[i + 1]
    return out


def by_matrix(x: Any) -> Any:
    return (np.eye(len(x)) + np.eye(len(x), k=1) + np.eye(len(x), k=-1)) @ np.sin(x)


def by_convolution(x: Any) -> Any:
    return np.convolve(x * x, [1.0, -2.0, 1.0], mode="same")


def by_differences(x: Any) -> Any:
    return np.diff(np.pad(x, 1), 2) * 1.0


def by_windows(x: Any) -> Any:
    p = np.pad(x, 1)
    return np.stack([p[:-2], p[1:-1], p[2:]]).sum(axis=0)


ONE_DIMENSION = (
    *(by_slices, by_pad, by_concatenate, by_fancy_index, by_loop, by_preallocated, by_matrix),
    *(by_convolution, by_differences, by_windows),
)


@pytest.mark.parametrize("f", ONE_DIMENSION, ids=lambda f: f.__name__)
def test_three_point_stencils(f: Callable[[Any], Any]) -> None:
    np.testing.assert_array_equal(sparsity(f)(X).toarray(), stencil((6,), plus(1)))
    s = sparsity(f)(X)
    for given in (True, s, 1):
        found = jacobian(f, sparsity=given)(X)
        np.testing.assert_allclose(found.toarray(), dense(f, X), rtol=1e-13, atol=1e-15)


def smoothed(x: Any) -> Any:
    y = x**2
    y[1:-1] -= x[:-2] * x[2:]
    y[::3] *= x[::3]
    return y


def added(x: Any) -> Any:
    y = np.zeros_like(x)
    np.add.at(y, PLACES, x**2)
    return y


def on_a_grid(f: Callable[[Any], Any], shape: tuple[int, ...]) -> Callable[[Any], Any]:
    return lambda x: f(np.reshape(x, shape))


def inner(u: Any) -> Any:
    y = np.zeros_like(u)
    y[1:-1, 1:-1] = u[2:, 1:-1] * u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2]
    y[1:-1, 1:-1] *= u[1:-1, 1:-1]
    return y


def rolled(u: Any) -> Any:
    return sum(np.roll(u, step, axis) for step in (1, -1) for axis in range(u.ndim)) - u**3


PLACES = np.array([2, 0, 5, 5, 1, 3, 7, 4, 1, 11, 9, 0])
BANDED = np.diag(np.arange(1.0, 13)) + np.diag(np.ones(10), 2)
WAYS: dict[str, Callable[[Any], Any]] = {
    "in place": smoothed,
    "add.at": added,
    "gradient": lambda x: np.gradient(x**2, 0.5),
    "gradient to second order": lambda x: np.gradient(x, edge_order=2) * np.roll(x, 3),
    "gradient on a grid": lambda x: np.gradient(x, np.arange(12.0) ** 2 + np.arange(12)),
    "convolve": lambda x: np.convolve(x, [1.0, 0.0, -1.0], "same"),
    "correlate": lambda x: np.correlate(x * x, [1.0, -2.0, 1.0], "valid"),
    "pad with wrap": lambda x: np.pad(x, 2, mode="wrap")[4:] * x,
    "pad with reflect": lambda x: np.pad(x, 1, mode="reflect")[2:] + x**2,
    "sliding windows": lambda x: np.prod(np.lib.stride_tricks.sliding_window_view(x, 3), axis=1),
    "second differences": lambda x: np.diff(x, 2) ** 2,
    "where": lambda x: np.where(x > 0.5, x**2, np.roll(x, 1)),
    "cumsum": lambda x: np.cumsum(x)[::2],
    "accumulate": lambda x: np.maximum.accumulate(x),
    "reduceat": lambda x: np.add.reduceat(x, [0, 2, 7]),
    "bincount": lambda x: np.bincount(PLACES, weights=x),
    "einsum": lambda x: np.einsum("ij,j->i", BANDED, x),
    "matmul from the right": lambda x: x @ BANDED,
    "matmul of arrays": lambda x: x[:3] @ np.reshape(x[3:], (3, 3)),
    "concatenate": lambda x: np.concatenate([x[:2] * x[1:3], x[3:], [1.0]]),
    "sort": np.sort,
    "grid by slices": on_a_grid(inner, (3, 4)),
    "grid by roll": on_a_grid(rolled, (3, 4)),
    "cube by roll": on_a_grid(rolled, (2, 2, 3)),
    "grid by gradient": on_a_grid(lambda u: np.stack(np.gradient(u)), (3, 4)),
    "grid by matrices": on_a_grid(lambda u: BANDED[:3, :3] @ u + u @ BANDED[:4, :4], (3, 4)),
    "grid by fancy indices": on_a_grid(
        lambda u: u[(np.arange(3)[:, None] + 1) % 3, np.arange(4)] * u, (3, 4)
    ),
}


@pytest.mark.parametrize("f", WAYS.values(), ids=WAYS)
def test_ways_to_write_neighbours(f: Callable[[Any], Any]) -> None:
    x = np.array([0.31, 0.72, 0.15, 0.93, 0.44, 0.66, 0.27, 0.58, 0.83, 0.39, 0.21, 0.77])
    moved = np.stack([np.ravel(f(x + step)) for step in 1e-3 * np.eye(12)], axis=-1)
    depends = moved != np.ravel(f(x))[:, None]  # the plain function, one input at a time
    np.testing.assert_array_equal(sparsity(f)(x).toarray(), depends)
    for mode in (None, "reverse"):
        found = jacobian(f, sparsity=True, mode=mode)(x).toarray()
        np.testing.assert_allclose(found, dense(f, x).reshape(found.shape), atol=1e-14)


def test_periodic_and_gathered_neighbours() -> None:
    i = np.arange(6)
    for f in (
        lambda x: np.roll(x, 1) - 2 * x * x + np.roll(x, -1),
        lambda x: x[i - 1] - 2 * x * x + x[(i + 1) % 6],
        lambda x: np.take(x, [5, 0, 1, 2, 3, 4]) * x + np.take(x, i + 1, mode="wrap"),
    ):
        np.testing.assert_array_equal(sparsity(f)(X).toarray(), stencil((6,), plus(1), wraps=True))


def laplace(x: Any, shape: tuple[int, ...]) -> Any:
    u = np.reshape(x, shape)
    y = -2 * u**2
    for axis in range(len(shape)):
        u, y = np.moveaxis(u, axis, 0), np.moveaxis(y, axis, 0)
        y[1:] += u[:-1]
        y[:-1] += u[1:]
        u, y = np.moveaxis(u, 0, axis), np.moveaxis(y, 0, axis)
    return y.ravel()


@pytest.mark.parametrize("shape", [(7,), (4, 5), (3, 4, 5)])
def test_grids(shape: tuple[int, ...]) -> None:
    x = np.linspace(0.1, 1.0, math.prod(shape))
    expected = stencil(shape, plus(len(shape)))
    np.testing.assert_array_equal(sparsity(lambda x: laplace(x, shape))(x).toarray(), expected)
    by_roll = sparsity(
        lambda x: sum(
            np.roll(np.reshape(x, shape), s, i) for i in range(len(shape)) for s in (1, -1)
        )
    )(x)
    around = stencil(shape, plus(len(shape))[1:], wraps=True)
    np.testing.assert_array_equal(by_roll.toarray(), around)


# -- problems of the literature ----------------------------------------------------------------


def broyden_banded(x: Any) -> Any:
    out = []
    for i in range(len(x)):
        near = [j for j in range(max(0, i - 5), min(len(x), i + 2)) if j != i]
        out.append(x[i] * (2 + 5 * x[i] ** 2) + 1 - sum(x[j] * (1 + x[j]) for j in near))
    return np.stack(out)


def discrete_boundary(x: Any) -> Any:
    h = 1 / (len(x) + 1)
    t = h * np.arange(1, len(x) + 1)
    p = np.pad(x, 1)
    return 2 * x - p[:-2] - p[2:] + h**2 * (x + t + 1) ** 3 / 2


def powell_singular(x: Any) -> Any:
    a, b, c, d = (x[i::4] for i in range(4))
    each = [a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2]
    return np.stack(each, axis=1).ravel()


def trigonometric(x: Any) -> Any:
    i = np.arange(1, len(x) + 1)
    return len(x) - np.sum(np.cos(x)) + i * (1 - np.cos(x)) - np.sin(x)


PROBLEMS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "Broyden banded": (broyden_banded, band(12, 12, 5, 1).toarray()),
    "discrete boundary value": (discrete_boundary, band(12, 12, 1, 1).toarray()),
    "extended Powell singular": (
        powell_singular,
        np.kron(np.eye(3), [[1, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0], [1, 0, 0, 1]]),
    ),
    "trigonometric": (trigonometric, np.ones((12, 12))),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems(name: str) -> None:
    f, expected = PROBLEMS[name]
    x = np.linspace(0.2, 1.4, 12)
    np.testing.assert_array_equal(sparsity(f)(x).toarray(), expected != 0)
    found = jacobian(f, sparsity=True)(x).toarray()
    np.testing.assert_allclose(found, dense(f, x), rtol=1e-12, atol=1e-14)


def broyden(x: Any) -> Any:
    y = (3 - 2 * x) * x + 1
    y[1:] -= x[:-1]
    y[:-1] -= 2 * x[1:]
    return y


def of_broyden(x: Any) -> Any:
    n = len(x)
    return np.diag(3 - 4 * x) - np.eye(n, k=-1) - 2 * np.eye(n, k=1)


def of_discrete_boundary(x: Any) -> Any:
    n = len(x)
    h = 1 / (n + 1)
    t = h * np.arange(1, n + 1)
    return np.diag(2 + 1.5 * h**2 * (x + t + 1) ** 2) - np.eye(n, k=-1) - np.eye(n, k=1)


def rosenbrock_residuals(x: Any) -> Any:
    return np.stack([10 * (x[1::2] - x[::2] ** 2), 1 - x[::2]], axis=1).ravel()


def of_rosenbrock_residuals(x: Any) -> Any:
    result = np.zeros((len(x), len(x)))
    for i in range(0, len(x), 2):
        result[i, i : i + 2], result[i + 1, i] = (-20 * x[i], 10), -1
    return result


def bratu(u: Any) -> Any:
    """Δu + 6·exp(u) = 0 on a square, on a grid of its inner points."""
    m = math.isqrt(len(u))
    p = np.pad(u.reshape(m, m), 1)
    around = p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]
    return (4 * p[1:-1, 1:-1] - around - 6 / (m + 1) ** 2 * np.exp(p[1:-1, 1:-1])).ravel()


def of_bratu(u: Any) -> Any:
    m = math.isqrt(len(u))
    second = 2 * np.eye(m) - np.eye(m, k=1) - np.eye(m, k=-1)
    laplace = np.kron(second, np.eye(m)) + np.kron(np.eye(m), second)
    return laplace - np.diag(6 / (m + 1) ** 2 * np.exp(u))


def brown_almost_linear(x: Any) -> Any:
    return np.append(x[:-1] + np.sum(x) - len(x) - 1, np.prod(x) - 1)


def of_brown_almost_linear(x: Any) -> Any:
    return np.vstack([np.ones((len(x) - 1, len(x))) + np.eye(len(x))[:-1], np.prod(x) / x])


def constrained(x: Any) -> Any:
    """A chain that one multiplier drives, and whose squares have a sum."""
    y, multiplier = x[:-1], x[-1]
    p = np.pad(y, 1)
    chain = 2 * y - p[:-2] - p[2:] - multiplier * y
    return np.append(chain, np.sum(y**2) - 1)


def of_constrained(x: Any) -> Any:
    y, n = x[:-1], len(x) - 1
    chain = np.diag(2 - x[-1] * np.ones(n)) - np.eye(n, k=-1) - np.eye(n, k=1)
    return np.block([[chain, -y[:, None]], [2 * y[None], np.zeros((1, 1))]])


@pytest.mark.parametrize(
    ("f", "by_hand", "n"),
    [
        (broyden, of_broyden, 60),
        (discrete_boundary, of_discrete_boundary, 60),
        (rosenbrock_residuals, of_rosenbrock_residuals, 60),
        (bratu, of_bratu, 64),
        (brown_almost_linear, of_brown_almost_linear, 60),
        (constrained, of_constrained, 60),
    ],
)
def test_problems_by_hand(f: Callable[[Any], Any], by_hand: Callable[[Any], Any], n: int) -> None:
    """Their Jacobians as Moré, Garbow and Hillstrom's test problems have them, and others."""
    from scipy.optimize import root

    x = np.linspace(0.5, 0.9, n)
    slopes = jacobian(f, sparsity=True)
    np.testing.assert_allclose(slopes(x).toarray(), by_hand(x), rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(sparsity(f)(x).toarray(), by_hand(x) != 0)
    if f is not brown_almost_linear:  # whose root is too ill-conditioned to be compared
        found = root(f, x, jac=lambda x: slopes(x).toarray())  # MINPACK takes dense matrices
        expected = root(f, x, jac=by_hand)
        assert found.success == expected.success
        np.testing.assert_allclose(found.x, expected.x, rtol=1e-10, atol=1e-12)


# -- random programs -----------------------------------------------------------------------------

_STEPS: list[Callable[[Any, Any, Any], Any]] = [
    lambda a, b, r: a + b,
    lambda a, b, r: a * b,
    lambda a, b, r: a - 2.5 * b,
    lambda a, b, r: np.sin(a),
    lambda a, b, r: a / (2 + np.cos(b)),
    lambda a, b, r: a[::-1].copy(),
    lambda a, b, r: np.roll(a, int(r.integers(6))),
    lambda a, b, r: np.where(b > 0.1, a, b),
    lambda a, b, r: np.maximum(a, b),
    lambda a, b, r: np.sort(a),
    lambda a, b, r: a[r.integers(0, 6, 6)],
    lambda a, b, r: np.concatenate([a[:2], b[2:]]),
    lambda a, b, r: np.full(6, 1.5) * a[int(r.integers(6))],
    lambda a, b, r: np.pad(a[1:-1], 1, mode="edge"),
    lambda a, b, r: np.stack([a, b]).reshape(3, 4).T.ravel()[:6],
    lambda a, b, r: _stored(a, b, int(r.integers(1, 5))),
    lambda a, b, r: _in_place(a, b),
    lambda a, b, r: np.triu(r.normal(size=(6, 6)), 4) @ a + b,
]


def _stored(a: Any, b: Any, k: int) -> Any:
    y = a * 1.0
    view = y[k:]
    view[0] = b[0]
    view *= 2.0
    return y


def _in_place(a: Any, b: Any) -> Any:
    y = np.exp(a)
    y += b[::-1]
    y[::2] = 3.0
    return y


@pytest.mark.parametrize("seed", range(80))
def test_random_programs(seed: int) -> None:
    def f(x: Any) -> Any:
        random = np.random.default_rng(seed)
        done = [x * 1.0, np.tanh(x)]
        for step in random.integers(0, len(_STEPS), 6):
            i, j = random.integers(0, len(done), 2)
            done.append(_STEPS[step](done[i], done[j], random))
        return done[-1]

    expected = dense(f, X) != 0
    np.testing.assert_array_equal(sparsity(f)(X).toarray(), expected)
    lift = (True, False, None)[seed % 3]
    found = jacobian(f, sparsity=True, lift=lift)(X).toarray()
    np.testing.assert_allclose(found, dense(f, X), rtol=1e-12, atol=1e-14)


# -- what depends ----------------------------------------------------------------------------------


def test_numbers_that_are_zero_depend() -> None:
    zero = np.zeros(3)
    for f, expected in (
        (lambda x: x[:2] * x[1:], [[1, 1, 0], [0, 1, 1]]),
        (lambda x: x @ x, [[1, 1, 1]]),
        (lambda x: np.outer(x, x)[0], [[1, 0, 0], [1, 1, 0], [1, 0, 1]]),
        (lambda x: np.einsum("i,i->", x, x), [[1, 1, 1]]),
        (lambda x: np.convolve(x[:2], x[1:]), [[1, 1, 0], [1, 1, 1], [0, 1, 1]]),
        (lambda x: x * 0.0, np.eye(3)),
        (lambda x: x * np.array([0.0, 1.0, 0.0]), np.eye(3)),
        (np.prod, [[1, 1, 1]]),
        (np.square, np.eye(3)),
    ):
        np.testing.assert_array_equal(as_integers(sparsity(f)(zero)), expected)


def test_zeros_of_a_constant_matrix_do_not() -> None:
    a = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]])
    for f in (
        lambda x: a @ x,
        lambda x: x @ a.T,
        lambda x: np.einsum("ij,j->i", a, x),
        lambda x: np.tensordot(a, x, 1),
        lambda x: (a @ x[:, None])[:, 0],
        lambda x: np.inner(a, x),
    ):
        np.testing.assert_array_equal(as_integers(sparsity(f)(X[:3])), [[1, 0, 1], [0, 0, 1]])
    stacked = as_integers(sparsity(lambda x: np.stack([a, 2 * a]) @ x)(X[:3]))
    np.testing.assert_array_equal(stacked, [[1, 0, 1], [0, 0, 1]] * 2)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "matrix", "bsr", "dia", "lil", "dok"])
def test_sparse_matrices_in_the_function(form: str) -> None:
    a = sparse.random_array((6, 6), density=0.4, rng=np.random.default_rng(3)).tocsr()
    full = a.toarray()
    m = sparse.csr_matrix(a) if form == "matrix" else a.asformat(form)

    def f(x: Any) -> Any:
        return x**2 @ m.T

    def g(x: Any) -> Any:
        return (np.stack([x, np.sin(x)]) @ m.T).ravel()

    expected = full * 2 * X
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(jacobian(f, mode=mode)(X), expected, rtol=1e-14)
        both = np.concatenate([full, full * np.cos(X)])
        np.testing.assert_allclose(jacobian(g, mode=mode)(X), both, rtol=1e-14)
    np.testing.assert_array_equal(sparsity(f)(X).toarray(), full != 0)
    np.testing.assert_array_equal(sparsity(g)(X).toarray(), np.concatenate([full, full]) != 0)
    np.testing.assert_allclose(jacobian(f, sparsity=True)(X).toarray(), expected, rtol=1e-14)
    assert dualad.value_and_grad(lambda x: f(x)[1])(X)[0] == f(X)[1]
    second = hessian(lambda x: np.sum(f(x) ** 2))(X)
    by_hand = 2 * expected.T @ expected + np.diag(4 * full.T @ (full @ X**2))
    np.testing.assert_allclose(second, by_hand, rtol=1e-13)
    np.testing.assert_allclose(jacobian(lambda x: m @ x)(X), full, rtol=1e-14)
    np.testing.assert_array_equal(sparsity(lambda x: m @ x)(X).toarray(), full != 0)
    for two in (lambda x: m.dot(x), lambda x: m.dot(x[:, None])[:, 0]):
        assert dualad.vjp(two, X)[0].tolist() == two(X).tolist()
        for mode in ("forward", "reverse"):
            np.testing.assert_allclose(jacobian(two, mode=mode)(X), full, rtol=1e-14)
        np.testing.assert_array_equal(sparsity(two)(X).toarray(), full != 0)


def test_sparse_matrices_made_of_inputs() -> None:
    a = sparse.random_array((6, 6), density=0.4, rng=np.random.default_rng(3)).tocsr()
    b, there = sparse.csr_matrix(a), a.toarray() != 0
    by_element = np.zeros((36, 6), int)  # element (i, j) depends on x[j]
    by_element[np.flatnonzero(there), np.nonzero(there)[1]] = 1
    for f, expected in (
        (lambda x: b * x, there),
        (lambda x: x * b, there.T),
        (lambda x: (a * x).toarray(), by_element),
        (lambda x: a.multiply(x).toarray(), by_element),
        (lambda x: (a.tocoo() * x[0]).toarray(), there.reshape(-1, 1) * [1, 0, 0, 0, 0, 0]),
        (lambda x: sparse.diags(x) @ x, np.eye(6)),
        (lambda x: sparse.diags_array(x).dot(x), np.eye(6)),
    ):
        np.testing.assert_array_equal(as_integers(sparsity(f)(X)), expected)
        np.testing.assert_allclose(jacobian(f, sparsity=True)(X).toarray(), dense(f, X))


def test_branches_and_steps() -> None:
    assert as_integers(sparsity(lambda x: np.maximum(x[0], x[1]))([1.0, 2.0])).tolist() == [[0, 1]]
    assert as_integers(sparsity(lambda x: x[0] if x[1] > 0 else x[1])([1.0, 2.0])).tolist() == [
        [1, 0]
    ]
    assert as_integers(sparsity(lambda x: np.max(x))(X)).tolist() == [[0, 0, 1, 0, 0, 0]]
    assert as_integers(sparsity(np.abs)(np.zeros(2))).tolist() == [[1, 0], [0, 1]]
    assert not sparsity(lambda x: np.floor(x) + np.sign(x))(X).nnz
    assert not sparsity(lambda x: 3.0)(X).nnz
    assert as_integers(sparsity(lambda x: np.copysign(x[0], x[1]))(X[:2])).tolist() == [[1, 0]]


def test_views_share_what_is_stored() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        columns = y.reshape(2, 3)[:, 1]
        columns[:] = x[0]
        y.reshape(3, 2).T[1, 0] += x[5]
        return y

    np.testing.assert_array_equal(sparsity(f)(X).toarray(), dense(f, X) != 0)


def test_real_and_imaginary_parts_have_one_pattern() -> None:
    def f(x: Any) -> Any:
        z = np.zeros_like(x[:2]) * 1j
        z.real = x[:2]
        z.imag = x[2:4]
        return np.abs(z)

    expected = [[1, 0, 1, 0, 0, 0], [0, 1, 0, 1, 0, 0]]
    np.testing.assert_array_equal(as_integers(sparsity(f)(X)), expected)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: (x[0] * 1j).imag, [1, 0]),
        (lambda x: (x[0] / 1j).imag, [1, 0]),
        (lambda x: (x[0] * 1j).conjugate().imag, [1, 0]),
        (lambda x: complex(x[0], x[1]).imag, [1, 1]),
        (lambda x: cmath.exp(1j * x[1]).imag, [0, 1]),
        (lambda x: cmath.rect(x[0], x[1]).imag, [1, 1]),
        (lambda x: cmath.sqrt(-1 - x[0]).imag, [1, 0]),
        (lambda x: np.imag(x[1] * 1j), [0, 1]),
        (lambda x: np.imag(np.sum(x * 1j)), [1, 1]),
        (lambda x: np.sign(x[0] * 1j + 1).imag, [1, 0]),
        (lambda x: np.imag(x[0]) + x[1], [0, 1]),
        (lambda x: x[0].imag + x[1], [0, 1]),
    ],
)
def test_imaginary_parts_of_numbers(f: Any, expected: Any) -> None:
    x = np.array([0.5, -0.7])
    assert as_integers(sparsity(f)(x)).tolist() == [expected]
    np.testing.assert_allclose(jacobian(f, sparsity=True)(x).toarray()[0], jacobian(f)(x))
    second = hessian(lambda x: f(x) ** 2, sparsity=True)(x).toarray()
    np.testing.assert_allclose(second, hessian(lambda x: f(x) ** 2)(x), rtol=1e-12)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[1] + np.where(x[0] > 0, x[0], 0.3),
        lambda x: np.where(x[0] > 0, x[0], 0.3) + x[1],
        lambda x: x[1] + np.squeeze(x[:1]),
        lambda x: x[1] + x[:1].reshape(()),
        lambda x: x[1] + np.broadcast_to(x[0], ()),
        lambda x: x[1] * np.select([x[0] > 0], [x[0]], 0.3),
    ],
)
def test_arrays_without_axes_and_numbers(f: Any) -> None:
    assert as_integers(sparsity(f)(X)).tolist() == [[1, 1, 0, 0, 0, 0]]


def test_views_of_arrays_without_axes() -> None:
    def of_a_sum(x: Any) -> Any:
        a = x[2:].sum().reshape(1)
        a += x[1]
        return a

    def set_anew(x: Any) -> Any:
        a = x[0].ravel()
        a[0] = x[1]
        return a

    def seen_in_both(x: Any) -> Any:
        a = np.array(x[0])
        b = a.reshape(1)
        b += x[1]
        np.squeeze(b)[...] *= x[2]
        return np.stack([a, b[0], x[0]])

    def not_in_the_number(x: Any) -> Any:
        s = x[0] + x[1]
        s.reshape(1)[0] = x[2]
        return s

    for f, expected in (
        (of_a_sum, [[0, 1, 1, 1, 1, 1]]),
        (set_anew, [[0, 1, 0, 0, 0, 0]]),
        (seen_in_both, [[1, 1, 1, 0, 0, 0]] * 2 + [[1, 0, 0, 0, 0, 0]]),
        (not_in_the_number, [[1, 1, 0, 0, 0, 0]]),
    ):
        assert as_integers(sparsity(f)(X)).tolist() == expected
        np.testing.assert_array_equal(jacobian(f, sparsity=True)(X).toarray(), dense(f, X))


@pytest.mark.parametrize(("ufunc", "sign"), [(np.add, 1), (np.subtract, -1)])
def test_assembling(ufunc: Any, sign: int) -> None:
    """Springs between neighbours, two of them between the first two."""
    i, j = np.array([0, 0, 1, 2, 3]), np.array([1, 1, 2, 3, 4])

    def forces(x: Any) -> Any:
        a = x.copy()
        ufunc.at(a, i, x[j] ** 2)
        return a

    expected = np.eye(6, dtype=int)
    expected[i, j] = 1
    np.testing.assert_array_equal(as_integers(sparsity(forces)(X)), expected)
    slopes = np.eye(6)
    np.add.at(slopes, (i, j), sign * 2 * X[j])
    of_squares = np.zeros(6)
    np.add.at(of_squares, j, sign * 2 * forces(X)[i])
    by_hand = slopes.T @ slopes + np.diag(of_squares)
    found = hessian(lambda x: np.sum(forces(x) ** 2) / 2, sparsity=True)(X)
    np.testing.assert_allclose(found.toarray(), by_hand, rtol=1e-13, atol=1e-13)
    assert found.nnz == np.count_nonzero(expected.T @ expected)


@pytest.mark.parametrize("n", [1, 3, 31, 70])
def test_gradients_of_few_inputs(n: int) -> None:
    """A gradient goes back, where no zero of a seed is multiplied, however few the inputs are."""
    x = np.linspace(0.5, 1.5, n)
    for f in (
        grad(lambda x: np.sum(x**3)),
        lambda x: dualad.value_and_grad(lambda y: np.sum(y * x**2))(x)[1],
        lambda x: grad(lambda y: np.sum(grad(lambda z: np.sum(z**4))(y)))(x),
    ):
        np.testing.assert_array_equal(as_integers(sparsity(f)(x)), np.eye(n))


def test_structures_and_arguments() -> None:
    def f(p: Any, x: Any) -> Any:
        return {"sum": p["a"] + x[0, 1], "rest": [x[1] * p["b"], p["a"] ** 2]}

    p, x = {"a": 2.0, "b": 3.0}, np.ones((2, 2))
    first, second = sparsity(f, (0, 1))(p, x)
    assert as_integers(first).tolist() == [[1, 0], [0, 1], [0, 1], [1, 0]]
    assert as_integers(second).tolist() == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    found = jacobian(f, (0, 1), sparsity=True)(p, x)
    for block, pattern in zip(found, (first, second), strict=True):
        np.testing.assert_array_equal(block.toarray() != 0, pattern.toarray())
    assert as_integers(sparsity(f, "x")(p, x)).tolist() == as_integers(second).tolist()
    pattern, aux = sparsity(lambda x: (x**2, "told"), has_aux=True)(X)
    assert aux == "told" and as_integers(pattern).tolist() == np.eye(6).tolist()


def test_the_primal_is_the_plain_run() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        y = np.exp(x) @ np.cos(x)
        seen.append(y.primal if hasattr(y, "primal") else y)
        return y

    sparsity(f)(X)
    f(X)
    assert seen[0] == seen[1] and type(seen[0]) is type(seen[1])


def test_inside_another_derivative() -> None:
    def f(t: Any) -> Any:
        return float(sparsity(lambda x: t * x[:-1] * x[1:])(X).nnz) * t

    assert derivative(f)(2.0) == 10.0


def test_what_is_refused_has_the_name_that_was_called() -> None:
    import scipy.linalg
    import scipy.signal

    strided = np.lib.stride_tricks.as_strided
    banded = np.ones((3, len(X))) + np.array([[0.0], [3.0], [0.0]])
    for f, name in (
        (
            lambda x: scipy.signal.filtfilt([1.0], [1.0, 0.5], np.tile(x, 3)),
            r"dualad\.scipy\.signal\.filtfilt",
        ),
        (lambda x: scipy.linalg.solve_banded((1, 1), banded, x), r"dualad.*\.solve_banded"),
        (lambda x: strided(x, (3,), (16,)), r"np\.lib\.stride_tricks\.as_strided"),
    ):
        with pytest.raises(TypeError, match=f"^sparsity cannot tell what {name} depends on; give"):
            sparsity(f)(X)
    filtered = sparsity(lambda x: scipy.signal.lfilter([1.0], [1.0, 0.5], x))(X)
    assert (filtered.toarray() == np.tri(len(X))).all()


def test_swallowed_refusals_are_noticed() -> None:
    def f(x: Any) -> Any:
        try:
            return np.array([math.exp(x[0])])
        except TypeError:
            return np.array([0.0])

    with pytest.raises(TypeError, match="caught an error"):
        sparsity(f, lift=False)(X)


@pytest.mark.usefixtures("counted_looks")
def test_swallowed_refusals_of_an_inner_pattern_do_not_concern_the_outer() -> None:
    calls = {"inner": 0, "outer": 0}

    def inner(x: Any) -> Any:
        calls["inner"] += 1
        try:
            abs(x.tangent)
        except (TypeError, AttributeError):
            return x
        raise AssertionError("a pattern has no size")

    def outer(x: Any) -> Any:
        calls["outer"] += 1
        return sparsity(inner)(np.array([0.1, 0.2])).nnz * x

    assert sparsity(outer)(X).nnz == len(X)
    assert calls["outer"] == 1
    assert calls["inner"] > 1  # which has been compared with plain runs


# -- colours -----------------------------------------------------------------------------------------


def csr(matrix: Any) -> Any:
    result = sparse.csr_array(np.asarray(matrix, bool))
    result.sort_indices()
    return result


def count(colours: Any, pattern: Any) -> int:
    """How many colours; none twice in a row."""
    for row in np.asarray(pattern.toarray()):
        mine = colours[row]
        assert len(set(mine)) == len(mine)
    return int(colours.max()) + 1


def test_colours_of_the_literature() -> None:
    for n in (5, 30, 101):
        assert count(columns(band(n, n, 1, 1)), band(n, n, 1, 1)) == 3
        assert count(columns(band(n, n, 2, 2)), band(n, n, 2, 2)) == 5
    for shape in ((6, 7), (9, 9), (20, 11)):  # Curtis, Powell and Reid: five
        p = csr(stencil(shape, plus(2)))
        assert count(columns(p), p) == 5
    box = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    p = csr(stencil((8, 9), box))
    assert count(columns(p), p) == 9
    p = csr(stencil((5, 6, 7), plus(3)))
    assert count(columns(p), p) == 7
    arrow = np.eye(20, dtype=bool)
    arrow[:, 0] = True
    assert count(columns(csr(arrow)), csr(arrow)) == 2
    assert count(columns(csr(arrow.T)), csr(arrow.T)) == 20
    assert count(columns(csr(np.eye(9))), csr(np.eye(9))) == 1
    p = csr(np.kron(np.eye(2), stencil((9, 9), plus(2))) + np.kron(1 - np.eye(2), np.eye(81)))
    assert count(columns(p), p) <= 8  # two substances that spread and react: six in each row


@pytest.mark.parametrize("seed", range(20))
def test_colours_of_random_patterns(seed: int) -> None:
    random = np.random.default_rng(seed)
    p = csr(random.random((40, 50)) < 0.06)
    found = count(columns(p), p)
    assert found <= 2 * max(1, int(np.diff(p.indptr).max()))


def readable(colours: Any, pattern: Any) -> bool:
    """Whether each element stands alone in one of its places: what a star colouring promises."""
    p = pattern.toarray()
    for i, j in zip(*np.nonzero(p), strict=True):
        in_row = np.count_nonzero(p[i] & (colours == colours[j]))
        in_column = np.count_nonzero(p[j] & (colours == colours[i]))
        if in_row != 1 and in_column != 1:
            return False
    return True


def test_star_colours() -> None:
    arrow = np.eye(20, dtype=bool)
    arrow[:, 0] = arrow[0] = True
    for p, most in (
        (band(30, 30, 1, 1), 3),
        (csr(arrow), 2),
        (csr(stencil((8, 8), plus(2))), 6),
        (csr(np.ones((5, 5))), 5),
        (csr(np.eye(4)), 1),
    ):
        assert readable(star(p), p) and star(p).max() < most
    for seed in range(20):
        some = np.random.default_rng(seed).random((30, 30)) < 0.05
        p = csr(some | some.T | np.eye(30, dtype=bool))
        assert readable(star(p), p)


# -- Jacobians -----------------------------------------------------------------------------------------


class Counted:
    """A function that counts how often it is called."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f, self.calls = f, 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self.f(*args)


@pytest.mark.usefixtures("counted_looks")
def test_calls() -> None:
    f = Counted(by_slices)
    s = sparsity(f)(X)
    assert f.calls == 1
    for _ in range(3):
        jacobian(f, sparsity=s)(X)
    assert f.calls == 4
    j = jacobian(f, sparsity=True)
    for _ in range(3):
        j(X)
    assert f.calls == 8
    j(np.ones(9))  # of another shape
    assert f.calls == 10
    jacobian(f, sparsity=s, chunk=1)(X)
    assert f.calls == 14  # three colours, and the check


def test_colours_are_kept_with_the_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    from dualad import decompression

    found: list[Any] = []
    monkeypatch.setattr(decompression, "columns", lambda p: found.append(p) or columns(p))
    s = sparsity(by_slices)(X)
    for _ in range(3):
        jacobian(by_slices, sparsity=s)(X)
    assert len(found) == 1
    jacobian(by_slices, sparsity=s.copy())(X)
    assert len(found) == 2


def test_results_are_the_users_own() -> None:
    s = sparsity(by_slices)(X)
    j = jacobian(by_slices, sparsity=s)
    first = j(X)
    first.indices[:] = 0
    first.data[:] = 0
    np.testing.assert_array_equal(j(X).toarray(), dense(by_slices, X))


def test_a_function_may_write_into_its_argument() -> None:
    def f(x: Any) -> Any:
        x *= 2.0
        return (x[1:] - x[:-1] ** 2) ** 2

    def energy(x: Any) -> Any:
        return np.sum(f(x))

    curvature, slopes = hessian(energy)(X), jacobian(f)(X)
    h = hessian(energy, sparsity=1)
    j = jacobian(f, sparsity=sparsity(f)(X))
    for _ in range(2):
        np.testing.assert_allclose(h(X).toarray(), curvature, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(j(X).toarray(), slopes)


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda x: x * x, np.array([1.0, 2.0]), [[2, 0], [0, 4]]),
        (lambda x: [x[:1] * x[1:], x[1] * 3], np.array([1.0, 2.0]), [[2, 1], [0, 3]]),
        (lambda x: np.ones(2), np.array([1.0, 2.0]), [[0, 0], [0, 0]]),
        (lambda x: x * [np.nan, 1.0], np.array([0.5, 3.0]), [[np.nan, np.nan], [0, 1]]),
        (lambda x: x * x, np.array([[1.0], [2.0]]), [[2, 0], [0, 4]]),
        (lambda x: (x * x).T, np.array([[1.0], [2.0]]), [[2, 0], [0, 4]]),
        (lambda x: x * x, np.array([[1.0, 2.0]]).T, [[2, 0], [0, 4]]),
        (lambda x: (x * x)[::-1], np.array([1.0, 2.0]), [[0, 4], [2, 0]]),
        (lambda x: x * x, np.array([1.0, 2.0], np.float32), [[2, 0], [0, 4]]),
        (lambda x: x * x, np.array([1.0, 9.0, 2.0, 9.0])[::2], [[2, 0], [0, 4]]),
        (lambda x: x * x, [1.0, 2.0], [[2, 0], [0, 4]]),
        (lambda x: x * x, np.zeros(0), np.zeros((0, 0))),
    ],
)
def test_one_array_goes_in_and_one_comes_out_or_not(f: Any, x: Any, expected: Any) -> None:
    """The kernel's short way is for these; f is called once, whatever comes of it."""
    calls: list[int] = []

    def counted(x: Any, factor: float = 1.0, *, divisor: float = 1.0) -> Any:
        calls.append(1)
        y = f(np.array(x) if isinstance(x, list) else x)
        factor /= divisor
        return [part * factor for part in y] if isinstance(y, list) else y * factor

    n = np.size(x)
    given = sparse.csr_array(np.ones((n, n))) if n else sparse.csr_array((0, 0))
    j = jacobian(counted, sparsity=given)
    for args, named, factor in (((), {}, 1.0), ((3.0,), {}, 3.0), ((), {"divisor": 0.5}, 2.0)):
        calls.clear()
        found = j(x, *args, **named).toarray()
        assert len(calls) == 1
        np.testing.assert_array_equal(found, factor * np.array(expected, float))


def test_a_pattern_that_does_not_fit_is_met_by_the_short_way() -> None:
    x = np.linspace(0.5, 1.5, 6)
    with pytest.raises(WrongPattern, match="in 6 rows, the first of them row 0"):
        jacobian(lambda x: x * np.sum(x), sparsity=1)(x)
    with pytest.raises(ValueError, match="has a row for each output, which are 5"):
        jacobian(lambda x: x[1:], sparsity=np.eye(6))(x)
    with pytest.raises(ValueError, match="has a column for each input, which are 6"):
        jacobian(lambda x: x, sparsity=np.eye(5))(x)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.sum((x[1:] - x[:-1] ** 2) ** 2), X),
        (lambda x: np.sum(np.exp(x)) + 0.0, X.astype(np.float32)),
        (lambda x: np.sum(np.exp(x)), X.reshape(2, 3)),
        (lambda x: sum(e**4 for e in x), X),
        (lambda x: sum(e**4 for e in x), X.tolist()),
        (lambda x: np.prod(x[:2]) + np.sum(x**3), X),
        (lambda x: 3.0, X),
    ],
)
def test_a_hessian_is_read_from_one_evaluation_or_not(f: Any, x: Any) -> None:
    n = np.size(x)
    expected = np.reshape(hessian(f)(x), (n, n))
    for given in (1, True):
        h = hessian(lambda x, factor=1.0: f(x) * factor, sparsity=given)
        for _ in range(2):
            np.testing.assert_allclose(h(x).toarray(), expected, rtol=1e-5, atol=1e-12)
            np.testing.assert_allclose(h(x, 2.0).toarray(), 2 * expected, rtol=1e-5, atol=1e-12)
    with pytest.raises(WrongPattern):
        hessian(lambda x: np.sum(np.asarray(x)) ** 2, sparsity=1)(x)


@pytest.mark.usefixtures("counted_looks")
def test_another_branch_has_another_pattern() -> None:
    calls: list[int] = []

    def f(x: Any) -> Any:
        calls.append(1)
        return x * x if x[0] > 0 else x * x[::-1]

    j = jacobian(f, sparsity=True)
    for x in (X, -X, X):
        calls.clear()
        np.testing.assert_array_equal(j(x).toarray(), dense(f, x))
    calls.clear()
    j(X)
    assert len(calls) == 1


@pytest.mark.usefixtures("counted_looks")
def test_a_dense_row_goes_backward() -> None:
    def f(x: Any) -> Any:
        return np.concatenate([x[1:] ** 2 * x[0], [np.sum(x)]])

    x = np.linspace(1.0, 2.0, 200)
    expected = np.zeros((200, 200))
    expected[:199, 0], expected[199] = x[1:] ** 2, 1.0
    expected[np.arange(199), np.arange(1, 200)] = 2 * x[1:] * x[0]
    for mode in (None, "forward"):
        found = jacobian(f, sparsity=True, mode=mode)(x)
        np.testing.assert_allclose(found.toarray(), expected, rtol=1e-14)

    def arrow(x: Any) -> Any:
        return np.concatenate([[np.sum(x**2)], x[1:] ** 3])

    counted = Counted(arrow)
    s = sparsity(arrow)(x)
    expected = np.diag(3 * x**2)
    expected[0] = 2 * x
    np.testing.assert_allclose(jacobian(counted, sparsity=s)(x).toarray(), expected, rtol=1e-14)
    assert counted.calls == 1  # one evaluation and two sweeps, not 200 directions
    wrong = sparse.csr_array(np.eye(200))
    for mode in ("forward", "reverse"):
        with pytest.raises(ValueError, match="row 0: along a random direction"):
            jacobian(arrow, sparsity=wrong, mode=mode)(x)


@pytest.mark.usefixtures("counted_looks")
def test_a_few_long_rows_go_backward() -> None:
    n = 5000  # which would be as many directions forward, and back as well
    x = np.linspace(0.1, 0.9, n)
    s = sparsity(constrained)(x)
    counted = Counted(constrained)
    slopes = jacobian(counted, sparsity=s)
    found = slopes(x)
    assert counted.calls == 2
    y = x[:-1]
    v = np.cos(np.arange(n))
    p = np.pad(v[:-1], 1)
    by_hand = np.append((2 - x[-1]) * v[:-1] - p[:-2] - p[2:] - v[-1] * y, 2 * y @ v[:-1])
    np.testing.assert_allclose(found @ v, by_hand, rtol=1e-11)
    assert found.nnz == s.nnz
    few = np.linspace(0.1, 0.9, 60)
    expected = of_constrained(few)
    for options in ({}, {"chunk": 2}, {"workers": map}, {"has_aux": True}):
        given = (lambda x: (constrained(x), "aux")) if "has_aux" in options else constrained
        got: Any = jacobian(given, sparsity=True, **options)(few)
        got, aux = got if "has_aux" in options else (got, "aux")
        np.testing.assert_allclose(got.toarray(), expected, rtol=1e-13)
        assert aux == "aux"
    single = jacobian(constrained, sparsity=True)(few.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single.toarray(), expected, rtol=1e-5)
    for place in ((59, 7), (3, 59), (3, 4)):
        wrong = sparsity(constrained)(few).tolil()
        wrong[place] = False
        with pytest.raises(WrongPattern, match=f"row {place[0]}: along a random direction"):
            jacobian(constrained, sparsity=wrong.tocsr())(few)
    with pytest.raises(ValueError, match="a row for each output, which are 60; got shape"):
        jacobian(constrained, sparsity=sparsity(constrained)(few)[1:])(few)


def test_long_rows_that_are_not_finite() -> None:
    def f(x: Any, shift: float) -> Any:
        return np.append(x[1:] ** 2 * x[0], np.sum(np.sqrt(x)) + shift)

    x = np.linspace(1.0, 2.0, 50)
    for least, shift in ((0.0, 0.0), (1.0, math.nan)):  # the slope of the root, or the output
        x[3] = least
        expected = np.zeros((50, 50))
        expected[:-1, 0] = x[1:] ** 2
        expected[np.arange(49), np.arange(1, 50)] = 2 * x[1:] * x[0]
        with warnings.catch_warnings(action="ignore"):
            expected[49] = 0.5 / np.sqrt(x) + shift
            found = jacobian(f, sparsity=True)(x, shift).toarray()
        np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_both_ways_see_one_function() -> None:
    class Step:
        calls = 0

        def __call__(self, x: Any) -> Any:
            self.calls += 1
            return np.append(x[1:] * x[0] * self.calls, np.sum(x))

    x = np.linspace(1.0, 2.0, 50)
    pattern = sparsity(lambda x: np.append(x[1:] * x[0], np.sum(x)))(x)
    with pytest.raises(dualad.NotDeterministicError):
        jacobian(Step(), sparsity=pattern)(x)


def test_a_wrong_pattern_is_told() -> None:
    s = sparsity(by_slices)(X).tolil()
    s[3, 2] = False
    for given in (s.tocsr(), s.toarray(), 0, (0, 1), np.zeros((6, 6))):
        for mode in (None, "reverse"):
            with pytest.raises(ValueError, match=r"does not fit the function here, in .*row \d"):
                jacobian(by_slices, sparsity=given, mode=mode)(X)
    with pytest.raises(WrongPattern, match="in row 3: along a random direction"):
        jacobian(by_slices, sparsity=s.tocsr())(X)
    with pytest.raises(ValueError, match="a column for each input, which are 6; got shape"):
        jacobian(by_slices, sparsity=np.eye(5))(X)
    for mode in (None, "reverse"):
        with pytest.raises(ValueError, match="a row for each output, which are 6; got shape"):
            jacobian(by_slices, sparsity=np.ones((5, 6)), mode=mode)(X)
    with pytest.raises(ValueError, match="a bandwidth is a count"):
        jacobian(by_slices, sparsity=-1)(X)
    with pytest.raises(TypeError, match="sparsity is True, a sparse or dense matrix"):
        jacobian(by_slices, sparsity="tridiagonal")(X)


def test_small_elements_are_seen() -> None:
    pattern = np.eye(3)
    for size in (1.0, 1e-3, 1e-6):
        with pytest.raises(ValueError, match="row 1"):
            jacobian(lambda x, c=size: x + c * np.array([0.0, 1.0, 0.0]) * x[0], sparsity=pattern)(
                X[:3]
            )
    scaled = np.array([1e12, 1e-3, 1.0])
    with pytest.raises(ValueError, match="row 1"):
        jacobian(lambda x: scaled * x + np.array([0.0, 1e-3, 0.0]) * x[2], sparsity=pattern)(X[:3])


def test_what_the_check_does_not_see() -> None:
    """As the guide says."""
    pattern, x = np.eye(3), X[:3]

    def f(x: Any) -> Any:
        return x + np.array([0.0, size, 0.0]) * x[0]

    size = 1e-8
    with pytest.raises(ValueError, match="row 1"):
        jacobian(f, sparsity=pattern)(x)
    size = 1e-11
    np.testing.assert_allclose(jacobian(f, sparsity=pattern)(x).toarray(), pattern, rtol=1e-10)
    zero = np.array([0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="in 3 rows, the first of them row 0"):
        jacobian(lambda x: np.sqrt(x) + np.roll(x, 1), sparsity=0)(zero)
    with pytest.raises(ValueError, match=r"in row 1: along a random direction.* is -?inf"):
        jacobian(lambda x: x + np.array([0, 1, 0]) * np.sqrt(np.roll(x, 1)), sparsity=0)(zero)
    many = np.zeros(40)
    found = jacobian(lambda x: np.sqrt(x) + np.append(np.zeros(39), x[0]), sparsity=0)(many)
    np.testing.assert_array_equal(found.diagonal(), np.inf)  # the last row depends on x[0], too


def test_elements_are_seen_whatever_is_large_elsewhere() -> None:
    """Rounding is measured, not guessed from large numbers."""
    pattern = np.array([[1, 1, 0], [1, 0, 1]])
    rows = np.array([[1e6, 1e6, 0.0], [1e-13, 1e-13, 1e-13]])
    with pytest.raises(WrongPattern, match="row 1"):
        jacobian(lambda x: rows @ x, sparsity=pattern)(X[:3])
    with pytest.raises(WrongPattern, match="row 0"):
        jacobian(lambda x: 1e17 + x + np.roll(x, 1), sparsity=0)(X)


def smoothed(r: Any, width: float = 1e-8) -> Any:
    return np.sqrt(r**2 + r.dtype.type(width))


def of_differences(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda u: np.sum(f(np.diff(u)))


ROUNDING = {
    "total variation": of_differences(smoothed),
    "sharper": of_differences(lambda r: smoothed(r, 1e-12)),
    "log cosh": of_differences(lambda r: np.log(np.cosh(15 * r))),
    "log1p exp": of_differences(lambda r: np.log1p(np.exp(15 * r))),
    "abs": of_differences(lambda r: np.sqrt(r**2)),
    "subnormal": of_differences(lambda r: np.logaddexp(0, 1000 * r)),
    "x/x": lambda x: np.sum(x * (1 / x)),
    "log exp": lambda x: np.sum(np.log(np.exp(x)) - x),
}


@pytest.mark.parametrize("name", ROUNDING)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rounding_is_no_wrong_pattern(name: str, dtype: Any) -> None:
    f = ROUNDING[name]
    for seed in range(5):
        x = np.random.default_rng(seed).normal(size=400).astype(dtype)
        gradient = grad(f, mode="reverse")
        for made in (hessian(f, sparsity=True), jacobian(gradient, sparsity=(1, 1))):
            found = made(x)
            assert found.shape == (400, 400) and found.dtype == dtype


def test_an_element_larger_than_rounding_is_seen() -> None:
    """Where terms cancel to 1e-8 of their size, each single one of the elements."""
    x = np.random.default_rng(0).normal(size=9)
    n, f = len(x), ROUNDING["total variation"]
    for i, j in [(i, j) for i in range(n) for j in range(n) if 0 <= i - j <= 1]:
        pattern = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= 1
        pattern[i, j] = pattern[j, i] = False
        with pytest.raises(WrongPattern):
            hessian(f, sparsity=pattern)(x)


def test_precisions_that_are_mixed() -> None:
    """Directions are rounded to the precision of the inputs."""
    x = X.astype(np.float32)
    found = jacobian(lambda x: x.astype(float) ** 2, sparsity=True)(x)
    np.testing.assert_allclose(found.toarray(), np.diag(2.0 * x), rtol=1e-6)
    found = jacobian(lambda x: (x.astype(np.float32) ** 2).astype(float), sparsity=True)(X)
    np.testing.assert_allclose(found.toarray(), np.diag(2 * X), rtol=1e-6)
    half = X.astype(np.float16)
    for matrix in (
        jacobian(lambda x: x * x, sparsity=True)(half),
        hessian(lambda x: np.sum(x**3) / 3, sparsity=True)(half),
    ):
        assert matrix.dtype == np.float32  # of which SciPy's matrices can be
        np.testing.assert_allclose(matrix.toarray(), np.diag(2 * X), rtol=2e-3)


def test_a_pattern_that_was_detected_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = sparse.csr_array((6, 6), dtype=bool)
    monkeypatch.setattr("dualad.compression.detected", lambda *args: (None, empty))
    with pytest.raises(WrongPattern, match=r"it was detected here; omit sparsity=\.$"):
        jacobian(np.sin, sparsity=True)(X)


def test_patterns_of_one_shape_found_wrong_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By threads of which each throws the pattern away that all of them have found."""
    empty = sparse.csr_array((6, 6), dtype=bool)
    all_there, mine = threading.Barrier(4), threading.local()

    def f(x: Any) -> Any:
        if not hasattr(mine, "was_here"):  # so all have kept one, before any throws it away
            mine.was_here = all_there.wait(10)
        return np.sin(x)

    monkeypatch.setattr("dualad.compression.detected", lambda *args: (None, empty))
    j = jacobian(f, sparsity=True)
    with ThreadPoolExecutor(4) as pool:
        for error in [call.exception() for call in [pool.submit(j, X) for _ in range(4)]]:
            assert isinstance(error, WrongPattern), repr(error)


def test_another_branch_keeps_the_patterns_of_other_shapes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dualad import compression

    def f(x: Any) -> Any:
        return x * x[::-1] if x[0] > 0 else x**2

    looked: list[int] = []
    plainly = compression.detected

    def detected(inputs: Any, has_aux: bool) -> Any:
        looked.append(inputs.size)
        return plainly(inputs, has_aux)

    monkeypatch.setattr(compression, "detected", detected)
    j = jacobian(f, sparsity=True)
    for x in (X[:4], -X, X, X[:4]):
        np.testing.assert_array_equal(j(x).toarray(), dense(f, x))
    assert looked == [4, 6, 6]


def test_what_a_pattern_lacks_is_told_by_its_size() -> None:
    """Where it is small, both derivatives look alike in six digits."""

    def f(x: Any) -> Any:
        return x + 1e-9 * x[::-1]

    with pytest.raises(WrongPattern) as caught:
        jacobian(f, sparsity=np.eye(6))(X)
    told = re.search(r"differs from it by (\S+);", str(caught.value))
    assert told and 0 < abs(float(told[1])) < 1e-8


def test_another_branch() -> None:
    def f(x: Any) -> Any:
        return x * x[::-1] if x[0] > 0 else x**2

    j = jacobian(f, sparsity=True)
    for x in (X, -X, X):
        np.testing.assert_array_equal(j(x).toarray(), dense(f, x))
    s = sparsity(f)(-X)
    with pytest.raises(ValueError, match="row 0"):
        jacobian(f, sparsity=s)(X)


def test_more_or_fewer_outputs_than_inputs() -> None:
    for f in (
        lambda x: np.diff(x) ** 2,
        lambda x: np.convolve(x, [1.0, 2.0, 1.0]),
        lambda x: np.concatenate([x, np.sin(x), x[1:] * x[:-1]]),
    ):
        expected = dense(f, X)
        for given in (True, sparsity(f)(X)):
            for mode in (None, "reverse", "forward"):
                found = jacobian(f, sparsity=given, mode=mode)(X)
                np.testing.assert_allclose(found.toarray(), expected, rtol=1e-14, atol=1e-15)
    for mode in (None, "reverse"):
        found = jacobian(lambda x: np.diff(x) ** 2, sparsity=(0, 1), mode=mode)(X)
        np.testing.assert_array_equal(found.toarray(), dense(lambda x: np.diff(x) ** 2, X))
        full = jacobian(lambda x: np.convolve(x, [1.0, 2.0, 1.0]), sparsity=(2, 0), mode=mode)(X)
        np.testing.assert_array_equal(
            full.toarray(), dense(lambda x: np.convolve(x, [1.0, 2.0, 1.0]), X)
        )


def test_kinds_of_numbers() -> None:
    x = X.astype(np.float32)
    found = jacobian(by_slices, sparsity=True)(x)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.toarray(), dense(by_slices, x))
    for point in (X.tolist(), X[::-1], np.asfortranarray(X.reshape(2, 3))):
        f = by_loop if isinstance(point, list) else np.exp
        found = jacobian(f, sparsity=True)(point)
        np.testing.assert_allclose(found.toarray(), np.reshape(dense(f, point), (6, 6)))
    z = jacobian(lambda x: np.exp(1j * x), sparsity=True)(X)
    np.testing.assert_allclose(z.toarray(), np.diag(1j * np.exp(1j * X)))
    with pytest.raises(TypeError, match="takes real floats"):
        jacobian(np.exp, sparsity=True)(X + 0j)
    with pytest.raises(TypeError, match="cannot hold duals"):
        grad(lambda t: np.sum(jacobian(lambda x: t * x, sparsity=1)(X * t).toarray()))(2.0)


def test_nan_and_infinite_rows() -> None:
    with warnings.catch_warnings(action="ignore"):
        found = jacobian(lambda x: np.sqrt(x), sparsity=True)(np.array([4.0, 0.0, -1.0])).toarray()
    np.testing.assert_array_equal(found, [[0.25, 0, 0], [0, np.inf, 0], [0, 0, np.nan]])
    with warnings.catch_warnings(action="ignore"):
        for mode in (None, "forward", "reverse"):
            j = jacobian(lambda x: np.log(x), sparsity=True, mode=mode)
            np.testing.assert_array_equal(
                j(np.array([-1.0, 4.0])).toarray(), [[np.nan, 0], [0, 0.25]]
            )


def test_nothing_in_or_out() -> None:
    none = np.zeros(0)
    assert sparsity(lambda x: np.sum(x) + 1)(none).shape == (1, 0)
    assert jacobian(lambda x: x * 2, sparsity=True)(none).shape == (0, 0)
    assert hessian(lambda x: np.sum(x**2), sparsity=True)(none).shape == (0, 0)
    for mode in (None, "reverse"):
        assert jacobian(lambda x: x[:0], sparsity=True, mode=mode)(X).shape == (0, 6)
        assert jacobian(lambda x: 3.0, sparsity=True, mode=mode)(X).nnz == 0
    assert jacobian(lambda x: x**2, sparsity=True)(3.0).toarray().tolist() == [[6.0]]
    for chunk in (0, 1.5, True):
        with pytest.raises(ValueError, match="chunk is the number of directions"):
            jacobian(np.exp, sparsity=True, chunk=chunk)(X)
    with pytest.raises(ValueError, match="pattern of a Hessian is square"):
        hessian(lambda x: np.sum(x**3), sparsity=np.ones((2, 6)))(X)


def test_workers_and_progress() -> None:
    told: list[tuple[int, int]] = []
    j = jacobian(
        by_slices, sparsity=1, chunk=2, workers=map, progress=lambda *done: told.append(done)
    )
    np.testing.assert_array_equal(j(X).toarray(), dense(by_slices, X))
    assert told == [(1, 2), (2, 2)]
    with pytest.raises(ValueError, match="out= is for dense"):
        jacobian(by_slices, sparsity=1, out=np.zeros((6, 6)))


def test_a_function_that_is_not_deterministic() -> None:
    random = np.random.default_rng(1)
    with pytest.raises((dualad.NotDeterministicError, ValueError)):
        jacobian(lambda x: x * random.random(), sparsity=0, chunk=1)(X)


def test_aux_and_dense() -> None:
    found, aux = jacobian(lambda x: (x**2, "told"), sparsity=True, has_aux=True)(X)
    assert aux == "told" and found.nnz == 6
    assert isinstance(jacobian(by_slices, sparsity=False)(X), np.ndarray)


# -- Hessians --------------------------------------------------------------------------------------------


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_hessian(x: Any) -> Any:
    d = np.zeros(len(x))
    d[:-1] += 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    d[1:] += 200
    return np.diag(d) - np.diag(400 * x[:-1], 1) - np.diag(400 * x[:-1], -1)


@pytest.mark.parametrize("n", [2, 6, 300])
def test_hessian_of_rosenbrock(n: int) -> None:
    x = np.linspace(-1.0, 1.5, n)
    for given in (True, 1, rosenbrock_hessian(x) != 0):
        for mode in (None, "forward"):
            found = hessian(rosenbrock, sparsity=given, mode=mode)(x)
            assert isinstance(found, sparse.csr_array) and (found != found.T).nnz == 0
            np.testing.assert_allclose(
                found.toarray(), rosenbrock_hessian(x), rtol=1e-11, atol=1e-11
            )
    with pytest.raises(ValueError, match="does not fit the function here, in"):
        hessian(rosenbrock, sparsity=0)(x)


def test_hessians_of_functions_of_arrays() -> None:
    x = np.linspace(0.2, 1.4, 70)
    n = len(x)
    neighbours = np.diag(np.ones(n - 1), 1)

    def in_place(x: Any) -> Any:
        y = x**2
        y[1:] *= x[:-1]
        y *= 0.5
        return np.sum(y)

    both = neighbours + neighbours.T
    cases: list[tuple[Callable[[Any], Any], Any]] = [
        (lambda x: np.sum(np.log1p(np.exp(-x))), np.diag(np.exp(x) / (1 + np.exp(x)) ** 2)),
        (lambda x: np.sum(x * np.roll(x, 1)), both + np.eye(n, k=n - 1) + np.eye(n, k=1 - n)),
        (lambda x: x @ (neighbours @ x), both),
        (
            in_place,
            np.diag(np.append(1.0, x[:-1])) + x[:, None] * neighbours.T + neighbours * x,
        ),
        (lambda x: np.sum(2.0 / x[1:] - x[:-1] / 3), np.diag(np.append(0.0, 4 / x[1:] ** 3))),
        (
            lambda x: np.sum(np.where(x > 0.5, x**3, np.abs(x))),
            np.diag(np.where(x > 0.5, 6 * x, 0.0)),
        ),
    ]
    v = np.cos(np.arange(n))
    for f, expected in cases:
        for given in (True, expected != 0):
            found = hessian(f, sparsity=given)(x)
            np.testing.assert_allclose(found.toarray(), expected, rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(hessian(f)(x), expected, rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(hvp(f)(x, v), expected @ v, rtol=1e-12, atol=1e-12)


@pytest.mark.usefixtures("counted_looks")
def test_hessian_of_an_arrow() -> None:
    def f(x: Any) -> Any:
        return x[0] * np.sum(x[1:] ** 2) + x[0] ** 4

    n = 50
    x = np.linspace(1.0, 2.0, n)
    expected = np.diag(np.full(n, 2 * x[0]))
    expected[0, 0] = 12 * x[0] ** 2
    expected[0, 1:] = expected[1:, 0] = 2 * x[1:]
    f_counted = Counted(f)
    h = hessian(f_counted, sparsity=True)
    np.testing.assert_allclose(h(x).toarray(), expected, rtol=1e-13)
    assert f_counted.calls == 2  # detection, and three directions at once


def test_hessian_of_scalar_code_and_of_several_arguments() -> None:
    def f(p: Any) -> Any:
        return sum((math.exp(p[i]) * p[i + 1] for i in range(4)), 0.0)

    p = [0.1, 0.2, 0.3, 0.4, 0.5]
    expected = np.diag([math.exp(p[i]) * p[i + 1] for i in range(4)] + [0.0])
    for i in range(4):
        expected[i, i + 1] = expected[i + 1, i] = math.exp(p[i])
    np.testing.assert_allclose(hessian(f, sparsity=True)(p).toarray(), expected, rtol=1e-14)
    (aa, ab), (ba, bb) = hessian(lambda a, b: np.sum(a**2 * b), (0, 1), sparsity=True)(X, X)
    np.testing.assert_allclose(aa.toarray(), np.diag(2 * X))
    np.testing.assert_allclose(ab.toarray(), np.diag(2 * X))
    np.testing.assert_allclose(ba.toarray(), np.diag(2 * X))
    assert bb.nnz == 0


# -- with SciPy ------------------------------------------------------------------------------------------


def test_newton() -> None:
    from scipy.sparse.linalg import spsolve

    x = -np.ones(1000)
    j = jacobian(broyden, sparsity=1)
    for _ in range(8):
        x = x - spsolve(j(x).tocsc(), broyden(x))
    assert np.max(np.abs(broyden(x))) < 1e-13


def test_solvers() -> None:
    from scipy.integrate import solve_ivp
    from scipy.optimize import least_squares

    tight = dict.fromkeys(("xtol", "ftol", "gtol"), 1e-15)
    found = least_squares(
        discrete_boundary, np.zeros(30), jac=jacobian(discrete_boundary, sparsity=1), **tight
    )
    assert np.max(np.abs(discrete_boundary(found.x))) < 1e-10

    def heat(t: float, u: Any) -> Any:
        p = np.pad(u, 1)
        return 100 * (p[2:] - 2 * p[1:-1] + p[:-2]) - u**3

    u = np.sin(np.linspace(0, np.pi, 40))
    jac = jacobian(heat, argnums=1, sparsity=1)
    run = {"method": "BDF", "rtol": 1e-8, "atol": 1e-10}
    ours = solve_ivp(heat, (0, 0.1), u, jac=jac, **run)
    theirs = solve_ivp(heat, (0, 0.1), u, **run)
    assert ours.success
    np.testing.assert_allclose(ours.y[:, -1], theirs.y[:, -1], atol=1e-7)


def test_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match="sparsity needs SciPy"):
        sparsity(by_slices)(X)
    with pytest.raises(ImportError, match="jacobian needs SciPy"):
        jacobian(by_slices, sparsity=True)(X)


def test_duals_of_another_derivative_are_refused() -> None:
    x = np.array([1.0, 2.0, 3.0])
    for inner in (
        lambda a: jacobian(lambda u: a * u**2, sparsity=0)(x) @ x,
        lambda a: jacobian(lambda u: a * u**2, sparsity=0, mode="reverse")(x) @ x,
        lambda a: hessian(lambda u: np.sum(a * u**3), sparsity=0)(x) @ x,
    ):
        with pytest.raises(TypeError, match="a sparse matrix cannot hold duals"):
            jacobian(inner)(2.0)


def test_terms_that_cancel_to_rounding_are_no_wrong_pattern() -> None:
    x = np.linspace(0.1, 2.0, 30)
    ones = jacobian(lambda u: np.sin(u) ** 2 + np.cos(u) ** 2, sparsity=True)(x)
    assert abs(ones.toarray()).max() < 1e-15
    with pytest.raises(WrongPattern):
        jacobian(lambda u: u + 1e-3 * np.roll(u, 1), sparsity=0)(x)


@pytest.mark.parametrize("given", [(0, 1), [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]])
def test_colours_are_found_once(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    init = Compression.__init__

    def noted(self: Any, *args: Any) -> None:
        made.append(args)
        init(self, *args)

    monkeypatch.setattr(Compression, "__init__", noted)
    x = np.array([1.0, 2.0, 3.0, 4.0])
    for mode in (None, "reverse"):
        slopes = jacobian(lambda v: v[1:] * v[:-1], sparsity=given, mode=mode)
        counts = []
        for _ in range(3):
            assert slopes(x).toarray().tolist() == [[2, 1, 0, 0], [0, 3, 2, 0], [0, 0, 4, 3]]
            counts.append(len(made))
        assert counts == [counts[0]] * 3


def test_colours_are_found_once_where_rows_were_tried_in_vain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    init = Compression.__init__

    def noted(self: Any, *args: Any) -> None:
        made.append(args)
        init(self, *args)

    monkeypatch.setattr(Compression, "__init__", noted)
    row = sparse.csr_array(np.ones((1, 6)))  # one sweep, or six directions
    slopes = jacobian(lambda v: np.sum(np.sqrt(v), keepdims=True), sparsity=row)
    for x in (np.ones(6), np.array([0.0, 1, 1, 1, 1, 1]), np.array([1.0, 0, 1, 1, 1, 1])):
        found = slopes(x).toarray()
        assert found.tolist() == [[math.inf if v == 0 else 0.5 for v in x]]
    assert len([way for _, way, *_ in made if way == "columns"]) <= 2


@pytest.mark.parametrize("kind", ["csr", "dense"])
def test_a_pattern_may_change_in_place(kind: str) -> None:
    shift = [1, 2, 0]
    given = sparse.csr_array(np.eye(3)) if kind == "csr" else np.eye(3)
    slopes = jacobian(lambda v: 2 * v[places], sparsity=given)
    places = [0, 1, 2]
    x = np.array([1.0, 2.0, 3.0])
    assert np.array_equal(slopes(x).toarray(), 2 * np.eye(3))
    places = shift
    if kind == "csr":
        given.indices[:] = shift
    else:
        given[:] = np.eye(3)[shift]
    assert np.array_equal(slopes(x).toarray(), 2 * np.eye(3)[shift])


def test_patterns_of_several_arguments() -> None:
    """What `sparsity` gives for them is taken, dense too."""

    def f(a: Any, b: Any) -> Any:
        return a[1:] * b[0] + a[:-1] ** 2

    a, b = np.arange(1.0, 6.0), np.array([2.0, 3.0])
    patterns = sparsity(f, argnums=(0, 1))(a, b)
    want = jacobian(f, argnums=(0, 1))(a, b)
    for given in (patterns, list(patterns), tuple(p.toarray() for p in patterns)):
        got = jacobian(f, argnums=(0, 1), sparsity=given)(a, b)
        for one, other in zip(got, want, strict=True):
            np.testing.assert_allclose(one.toarray(), other)
    with pytest.raises(ValueError, match=r"row for each output, all of them; got shapes \(4, 5\)"):
        jacobian(f, argnums=(0, 1), sparsity=(patterns[0], np.ones((3, 2))))(a, b)
    with pytest.raises(ValueError, match="a column for each input, which are 7"):
        jacobian(f, argnums=(0, 1), sparsity=(patterns[0], patterns[0]))(a, b)


@pytest.mark.parametrize("stat_length", [None, 2, 7, ((1, 2), (2, 3))])
@pytest.mark.parametrize("widths", [2, (1, 3), ((0, 1), (2, 0)), 0])
def test_padding_by_means(stat_length: Any, widths: Any) -> None:
    """A corner takes the means along one axis of the means along another."""

    def f(x: Any) -> Any:
        return np.pad(x**2, widths, mode="mean", stat_length=stat_length).ravel()

    x = np.arange(1.0, 13.0).reshape(3, 4)
    dense = jacobian(f)(x).reshape(-1, 12)
    np.testing.assert_array_equal(sparsity(f)(x).toarray(), dense != 0)
    np.testing.assert_allclose(jacobian(f, sparsity=True)(x).toarray(), dense, rtol=1e-14)


def _squares(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2)


INSIDE: dict[str, Callable[[Any], Any]] = {
    "grad": grad(_squares),
    "value_and_grad": lambda x: dualad.value_and_grad(_squares)(x)[1],
    "hvp": lambda x: hvp(_squares)(x, np.ones(len(x))),
    "hessian": lambda x: hessian(_squares)(x) @ np.ones(len(x)),
    "grad of grad": grad(lambda x: np.sum(grad(_squares)(x) ** 2)),
}


@pytest.mark.parametrize("inside", INSIDE)
def test_detection_may_round_otherwise_than_passes(inside: str) -> None:
    f = INSIDE[inside]
    for n in (8, 12, 40):
        for x in (np.arange(1, n + 1) / 10, np.linspace(-0.9, 0.8, n), np.ones(n)):
            expected = jacobian(f)(x)
            for options in ({}, {"chunk": 1}, {"mode": "forward"}, {"mode": "reverse"}):
                found = jacobian(f, sparsity=True, **options)(x).toarray()
                np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-10)
        hessian(lambda x: np.sum(grad(_squares)(x) ** 2), sparsity=True)(x + 0.1 * x)


@pytest.mark.parametrize("period", [2, 3, 1000])
def test_a_counter_is_seen_by_the_passes_after_detection(period: int) -> None:
    class Counter:
        calls = 0

        def __call__(self, x: Any) -> Any:
            self.calls += 1
            return x**2 * (1 + self.calls % period)

    for options in ({}, {"chunk": 1}, {"mode": "reverse"}):
        with pytest.raises(dualad.NotDeterministicError):
            jacobian(Counter(), sparsity=True, **options)(X)
