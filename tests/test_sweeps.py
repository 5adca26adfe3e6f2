"""What a sweep may write over, and what a view in reverse mode sees."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.both import PACKAGES, bits

from dualad import grad, hessian, jacobian, value_and_grad, vjp

X = np.array([1.5, -0.5, 2.0, 0.75])
STEP = 1e-30


def complex_step(f: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of a plain function of NumPy, which knows nothing of duals."""
    columns = []
    for i in range(x.size):
        z = x.astype(complex)
        z[i] += STEP * 1j
        with warnings.catch_warnings(action="ignore"):
            columns.append(np.imag(f(z)) / STEP)
    return np.stack(columns, axis=-1)


# -- a view sees what is stored in its whole, and the whole what is stored in the view ------

VIEWS: dict[str, Callable[[Any], Any]] = {
    "reshape of a slice": lambda a: a.ravel()[1:13].reshape(3, 4),
    "reshape of a turned slice": lambda a: a[1][::-1].reshape(2, 2),
    "reshape in Fortran order": lambda a: a[0].reshape(2, 2, order="F"),
    "reshape of columns": lambda a: a[:, 1:3].reshape(2, 2, 2),
    "of an array in Fortran order": lambda a: a.T[:2].T.T.reshape(-1, 2),
    "ravel": lambda a: a[1:].ravel(),
    "expand_dims": lambda a: np.expand_dims(a[1:], 0),
    "squeeze": lambda a: np.squeeze(a[None, 1:]),
    "atleast_3d": lambda a: np.atleast_3d(a[1]),
    "diagonal": np.diagonal,
    "diagonal beside": lambda a: np.diagonal(a, 1),
    "diag": np.diag,
    "diagonal of a part": lambda a: np.diagonal(a[1:, ::2]),
    "broadcast_to": lambda a: np.broadcast_to(a, (3, 4, 4)),
    "broadcast_to of a column": lambda a: np.broadcast_to(a[:, 1:2], (4, 3)),
    "broadcast_arrays": lambda a: np.broadcast_arrays(a[1], np.zeros((2, 4)))[0],
    "windows": lambda a: np.lib.stride_tricks.sliding_window_view(a[1], 2),
    "a view of a view": lambda a: np.diagonal(a)[1:].reshape(3, 1)[::-1],
    "einsum": lambda a: np.einsum("ij->ji", a)[1:].swapaxes(0, 1),
    "split": lambda a: np.split(a, 2)[1].T,
    "rot90": lambda a: np.rot90(a)[1:],
}


def weighed(y: Any) -> Any:
    return np.sum(y * y * np.cos(np.arange(y.size)).reshape(y.shape))


@pytest.mark.parametrize("name", VIEWS)
def test_what_is_stored_in_the_whole_is_seen_in_views(name: str) -> None:
    view = VIEWS[name]

    def f(x: Any) -> Any:
        a = np.outer(x, x * x)
        y = view(a)
        a[0, 1] = 3.0 * x[2]
        a[1] = x * x[0]
        a[2:, 2] *= x[1]
        return weighed(y) + np.sum(a * y.ravel()[0])

    value, slopes = value_and_grad(f, mode="reverse")(X)
    assert value == f(X.copy())
    np.testing.assert_allclose(slopes, complex_step(f, X), rtol=1e-12, atol=1e-13)
    rows = jacobian(lambda x: np.stack([f(x), x[0] * f(x)]), mode="reverse")(X)
    np.testing.assert_allclose(rows[0], slopes, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(hessian(f)(X), hessian(f, mode="forward")(X), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", VIEWS)
def test_what_is_stored_in_views_is_seen_in_the_whole(name: str) -> None:
    view = VIEWS[name]

    def f(x: Any) -> Any:
        a = np.outer(x, x * x)
        y = view(a)
        if y.flags.writeable and name not in ("broadcast_arrays",):
            y[0] = x[1] * 2.0
            y[-1:] *= x[0]
        return weighed(a) + weighed(y)

    slopes = grad(f, mode="reverse")(X)
    np.testing.assert_allclose(slopes, complex_step(f, X), rtol=1e-12, atol=1e-13)


def test_views_of_the_parts_of_complex_numbers() -> None:
    """Re and Im of a = (1 + 2i)·x xᵀ, whose diagonals are x² and 2·x²."""

    def f(x: Any) -> Any:
        a = np.outer(x, x) * (1 + 2j)
        real, imag = np.diagonal(a.real), np.diagonal(a.imag[:, ::-1])
        a[0, 0] = 5.0 * x[1]
        a[1, 2] = 7j * x[3]
        return np.sum(real * [1.0, 2.0, 3.0, 4.0]) + np.sum(imag * [1.0, 10.0, 100.0, 1000.0])

    a, b, c, d = X
    want = [
        1000.0 * 2 * d + 2 * d,  # of 2ad at both ends
        5.0 + 2 * 2 * b + 100.0 * 2 * c,
        3 * 2 * c + 100.0 * 2 * b,
        4 * 2 * d + 10.0 * 7 + 1000.0 * 2 * a + 2 * a,
    ]
    np.testing.assert_allclose(grad(f, mode="reverse")(X), want, rtol=1e-13)


# -- adjoints: nobody else's memory is written to -------------------------------------------


def shared(x: Any) -> Any:
    """One adjoint for many: sums, differences, copies, numbers, parts and the input itself."""
    y = x + x
    z = y - x[::-1]
    u = (-z) * 2.0 + y
    v = u * u * 0.5 - z / 4.0
    return [x, y, z, u[1:], v, np.exp(v) + v, v.reshape(2, 2).T, np.sum(u) - x[0]]


def test_a_pullback_leaves_what_it_is_given_and_gives_what_is_its_own() -> None:
    value, pullback = vjp(shared, X)
    given = [np.cos(np.asarray(v)) for v in value[:-1]] + [2.5]
    before = [np.copy(g) for g in given]
    (first,) = pullback(given)
    (second,) = pullback(given)
    for g, b in zip(given, before, strict=True):
        np.testing.assert_array_equal(g, b)
    np.testing.assert_array_equal(first, second)
    assert not any(np.may_share_memory(first, g) for g in (*given, second))
    weights = [np.cos(np.asarray(v)) for v in value[:-1]] + [2.5]

    def total(x: Any) -> Any:
        return sum(np.sum(w * v) for w, v in zip(weights, shared(x), strict=True))

    np.testing.assert_allclose(first, complex_step(total, X), rtol=1e-13)
    np.testing.assert_allclose(grad(total, mode="reverse")(X), first, rtol=1e-13)


def test_an_adjoint_that_is_the_input_s() -> None:
    x = np.ones(5)
    (g,) = vjp(lambda x: x, x)[1](x)
    assert g is not x and not np.may_share_memory(g, x)
    g = grad(np.sum, mode="reverse")(x)
    assert g.flags.writeable and g.flags.owndata
    np.testing.assert_array_equal(g, x)


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "rosenbrock": lambda x: np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2),
    "uniform": lambda x: np.sum(3.0 * (2.0 * x)) + (x * 0.5).sum(),
    "one source": lambda x: np.sum(x * x - x + x / x - x * 3.0),
    "broadcast": lambda x: np.sum((x[:, None] - x) * np.exp(x) / (1.0 + x[:, None] ** 2)),
    "parts": lambda x: np.sum(x[::2] * x[1::2] - x[-1] * x[0]) + x[2] * x[3],
    "stores": lambda x: np.sum(np.stack([x, x * x])[:, 1:] * x[:-1]) - np.sum(-x),
    "products": lambda x: x @ x + np.sum(np.outer(x, x) @ x) + (x @ np.outer(x, x)) @ x,
    "functions": lambda x: np.sum(np.sin(x) * np.exp(-x * x) + np.sqrt(1.0 + x * x)),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [8, 5000])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_compiled_sweep_says_the_same(name: str, size: int, dtype: Any) -> None:
    """But for rounding: it adds up what an input gets in another order."""
    if size > 8 and name in ("broadcast", "products"):
        size = 80
    x = np.linspace(0.5, 1.5, size, dtype=dtype)
    (value, slopes), (readable_value, want) = [
        m.value_and_grad(PROGRAMS[name], mode="reverse")(x) for m in PACKAGES
    ]
    assert bits(value) == bits(readable_value) and slopes.dtype == want.dtype == dtype
    size_of_terms = 1.0 + np.max(np.abs(want))
    np.testing.assert_allclose(slopes, want, rtol=0, atol=16 * np.finfo(dtype).eps * size_of_terms)
    if dtype is np.float64 and size == 8:
        got = grad(PROGRAMS[name], mode="reverse")(x)
        np.testing.assert_allclose(got, complex_step(PROGRAMS[name], x), rtol=1e-12, atol=1e-13)


# -- products --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3,), (3,)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3,)),
        ((3,), (5, 3, 4)),
        ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 4)),
        ((5, 1, 2, 3), (6, 3, 4)),
    ],
)
def test_matrix_products(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    random = np.random.default_rng(5)
    a, b = random.normal(size=left), random.normal(size=right)
    weights = random.normal(size=np.shape(a @ b))
    of_a, of_b = vjp(lambda a, b: a @ b, a, b)[1](weights)
    for got, x, f in (
        (of_a, a, lambda z: np.sum((z.reshape(left) @ b) * weights)),
        (of_b, b, lambda z: np.sum((a @ z.reshape(right)) * weights)),
    ):
        want = complex_step(f, x.ravel()).reshape(x.shape)
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)
    rows = jacobian(lambda a: a @ b, mode="reverse")(a)
    np.testing.assert_allclose(
        np.tensordot(weights, rows, np.ndim(weights)), of_a, rtol=1e-12, atol=1e-13
    )
