"""Array functions on the short way that reverse mode has for arrays of one level."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from dualad import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from dualad.kernel import KERNEL

X = np.random.default_rng(7).uniform(0.3, 1.7, (4, 3))
M = np.random.default_rng(8).normal(size=(3, 5))
V = np.random.default_rng(9).normal(size=4)
W = np.random.default_rng(10).normal(size=(3, 4))

# Analytic, so that a complex step gives the right derivative.
SMOOTH: dict[str, Callable[[Any], Any]] = {
    "a sum along an axis": lambda x: np.sum(x * x, axis=0),
    "a sum along two axes": lambda x: np.sum(np.stack([x, x * x]), axis=(0, -1)),
    "a sum with its axis kept": lambda x: x / np.sum(x, axis=1, keepdims=True),
    "a sum of all with its axes kept": lambda x: x * np.sum(x, keepdims=True),
    "a mean": lambda x: x * x.mean(),
    "a mean along an axis": lambda x: x - np.mean(x * x, 0),
    "a mean with its axis kept": lambda x: x * x.mean(axis=-1, keepdims=True),
    "matrix by matrix": lambda x: (x * x) @ M,
    "matrix by matrix, twice": lambda x: x @ (x.T * 2.0),
    "dot of matrices": lambda x: np.dot(W, x * x),
    "vector by matrix": lambda x: V @ (x * x),
    "vector by matrix, the other": lambda x: x[:, 0] @ np.sin(x),
    "matrix by vector": lambda x: x @ (x[0] * M[:, 0]),
    "vector by vector": lambda x: x * np.dot(x[:, 0], x[:, 1] * V),
    "a vector by itself": lambda x: x[0] / np.dot(x[0], x[0]),
    "a product with a mean behind it": lambda x: np.mean(x @ M, axis=0),
    "shapes one after the other": lambda x: x.reshape(2, 6).reshape(-1)[::2].reshape(3, 2) ** 2,
    "a shape of a transpose": lambda x: (x.T.reshape(-1) * np.arange(12)).reshape(4, 3)[1:],
    "a shape of a slice": lambda x: np.ravel(x[1:3]) * np.ravel(x[:, :2])[2:],
    "axes": lambda x: np.moveaxis(x[:, :, None], 0, -1) * np.swapaxes(x, 0, 1)[:, None],
    "new axes": lambda x: np.squeeze(np.expand_dims(x, 1) * np.flip(x, 0)[:, None], axis=1),
    "joined": lambda x: np.concatenate([x * x, X, x[:1]], axis=0),
    "stacked": lambda x: np.stack((x, x * x), -1),
    "running sums": lambda x: np.cumsum(x, axis=1) * np.cumsum(x * x)[:3],
    "rolled, repeated, tiled": lambda x: (
        np.roll(x, 1, axis=0) * np.repeat(x[:, :1], 3, axis=1) + np.tile(x[0], (4, 1))
    ),
    "taken": lambda x: np.take(x, [0, 2, 2], axis=0) ** 2,
    "places": lambda x: np.take(x, np.array([[5, 1], [5, 0]])) ** 2,
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_and_slopes(name: str, dtype: Any) -> None:
    f, x = SMOOTH[name], X.astype(dtype)
    with np.errstate(all="raise"):
        y, pullback = vjp(f, x)
    want = f(x.copy())
    assert np.array_equal(y, want) and np.asarray(y).dtype == want.dtype
    g = np.random.default_rng(11).normal(size=np.shape(y)).astype(want.dtype)
    (back,) = pullback(g)
    right = np.empty(12)
    for i in range(12):
        z = X.astype(complex)
        z.flat[i] += 1e-30j
        right[i] = np.sum(g * f(z).imag) / 1e-30
    near = 1e-13 if dtype == np.float64 else 1e-5
    size = np.max(np.abs(right))
    np.testing.assert_allclose(back.ravel(), right, rtol=0, atol=near * size)
    assert back.dtype == dtype and back.flags.owndata


@pytest.mark.parametrize("name", SMOOTH)
def test_second_order_and_several_at_once(name: str) -> None:
    """Against a complex step through the hand-made gradient of Σ f², Jᵀ·2f."""
    f, v = SMOOTH[name], np.cos(X)

    def slopes(z: Any) -> Any:
        rows = [np.sum(2 * f(z) * columns[..., i]) for i in range(12)]
        return np.reshape(rows, (4, 3))

    columns = jacobian(f, mode="reverse")(X).reshape(*np.shape(f(X)), 12)
    one = np.empty_like(columns)
    for i in range(12):
        z = X.astype(complex)
        z.flat[i] += 1e-30j
        one[..., i] = f(z).imag / 1e-30
    np.testing.assert_allclose(columns, one, rtol=0, atol=1e-13 * np.max(np.abs(one)))
    total = lambda x: np.sum(f(x) ** 2)  # noqa: E731
    np.testing.assert_allclose(grad(total, mode="reverse")(X), slopes(X), rtol=1e-11, atol=1e-12)
    h = 1e-3
    each = [grad(total, mode="reverse")(X + k * h * v) for k in (-2, -1, 1, 2)]
    along = (each[0] - 8 * each[1] + 8 * each[2] - each[3]) / (12 * h)
    np.testing.assert_allclose(hvp(total)(X, v), along, rtol=0, atol=1e-7 * np.max(np.abs(along)))


def test_kinks() -> None:
    x = np.array([[1.0, 3.0, 3.0], [2.0, 0.5, -1.0]])
    c = np.array([1.0, 10.0])
    top = grad(lambda x: np.sum(np.max(x, axis=1) * c), mode="reverse")(x)
    assert top.tolist() == [[0.0, 0.5, 0.5], [10.0, 0.0, 0.0]]
    low = grad(lambda x: x.min() * 4.0, mode="reverse")(x)
    assert low.tolist() == [[0.0, 0.0, 0.0], [0.0, 0.0, 4.0]]
    kept = grad(lambda x: np.sum(x - np.amax(x, axis=0, keepdims=True)), mode="reverse")(x)
    assert kept.tolist() == [[1.0, -1.0, -1.0], [-1.0, 1.0, 1.0]]
    steps = grad(lambda x: np.sum(np.maximum(x, 2.0) * 2.0 + np.minimum(1.0, x)), mode="reverse")(x)
    assert steps.tolist() == [[0.5, 2.0, 2.0], [1.0, 1.0, 1.0]]
    some = np.array([True, False, True])
    chosen = grad(
        lambda x: np.sum(np.where(some, x * x, 5.0 * x) + np.where(x > 2.5, x, 0.0)), mode="reverse"
    )
    assert chosen(x).tolist() == [[2.0, 6.0, 7.0], [4.0, 5.0, -2.0]]
    spread = grad(lambda x: np.sum(np.where(some[:, None], x[0], x[1, :1])), mode="reverse")(x)
    assert spread.tolist() == [[2.0, 2.0, 2.0], [3.0, 0.0, 0.0]]


def test_nan_is_nobody_else_s() -> None:
    x = np.array([1.0, np.nan, 2.0])
    with np.errstate(invalid="ignore"):
        slopes = jacobian(lambda x: np.stack([np.max(x), np.max(x[::2])]), mode="reverse")(x)
    assert np.isnan(slopes[0]).all() and slopes[1].tolist() == [0.0, 0.0, 1.0]


def test_what_f_writes_to_later_counts_as_it_was() -> None:
    def f(x: Any) -> Any:
        a, c = M.copy(), np.array([True, False, True])
        y = x @ a
        z = np.where(c, x, 0.0)
        a[...] = 0.0
        c[...] = False
        return np.sum(y) + np.sum(z)

    want = np.tile(M.sum(1) + np.array([1.0, 0.0, 1.0]), (4, 1))
    np.testing.assert_allclose(grad(f, mode="reverse")(X), want, rtol=1e-14)


def test_views_stay_views() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        v = y.reshape(6, 2).reshape(12)
        v[3] = 7.0
        t = np.transpose(y)
        t[0, 2] *= x[0, 0]
        flat = np.ravel(t)  # a copy
        flat[0] = 100.0
        return np.sum(y * np.arange(12.0).reshape(4, 3)) + flat[1]

    want = np.arange(12.0).reshape(4, 3)
    want[1, 0] = 0.0  # which was overwritten
    want[0, 0] += 6.0 * X[2, 0]
    want[2, 0] *= X[0, 0]
    value, slopes = value_and_grad(f, mode="reverse")(X)
    assert value == f(X.copy())
    np.testing.assert_allclose(slopes, want, rtol=1e-14)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_jacobian_has_the_precision_of_its_input(mode: Any) -> None:
    double, single = np.ones((2, 3)), np.ones((2, 3), np.float32)
    functions: list[tuple[Callable[[Any], Any], int]] = [
        (lambda x: double @ x, 0),
        (lambda x: single @ x, 0),
        (lambda x: (x * x).astype(np.float32), 0),
        (lambda x: np.ones(2, np.float32), 0),
        (lambda x: np.ones(2), 0),
        (lambda x: x[:0], 0),
        (lambda x: x * 1j, 1),
    ]
    for f, turns_complex in functions:
        for kind, complex_kind in ((np.float32, np.complex64), (np.float64, np.complex128)):
            x = np.arange(1, 4).astype(kind)
            assert jacobian(f, mode=mode)(x).dtype == (complex_kind if turns_complex else kind)
    z = np.array([1 + 1j, 2j], np.complex64)
    assert jacobian(lambda z: z * np.complex128(2), mode=mode)(z).dtype == np.complex64
    assert jacobian(lambda z: z[:0], mode=mode)(z).dtype == np.complex64
    blocks = jacobian(lambda x, y: x * y, (0, 1), mode=mode)(x.astype(np.float32), np.float64(2.0))
    assert [b.dtype for b in blocks] == [np.float32, np.float64]


def _through_a_slice(x: Any) -> Any:
    y = np.zeros_like(x)
    v = y[1:]
    for i in range(len(x) - 1):
        v[i] = x[i] * x[i + 1]
    return np.sum(y**2)


def _through_rows(x: Any) -> Any:
    y = np.zeros((2, len(x)))
    for row in y:
        row[1:] = x[1:] * x[:-1]
    y[0] -= 2 * y[1]
    return np.sum(y[0] ** 2)


@pytest.mark.parametrize("f", [_through_a_slice, _through_rows])
def test_what_is_stored_through_views_needs_no_search(
    f: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Hessian of Σ (xᵢ·xᵢ₊₁)²: an array has room for each level from the start."""
    x, v = np.linspace(0.1, 1.0, 6), np.cos(np.arange(6.0))
    before, after = np.r_[0.0, x[:-1]], np.r_[x[1:], 0.0]
    v_before, v_after = np.r_[0.0, v[:-1]], np.r_[v[1:], 0.0]
    want = 2 * v * (after**2 + before**2) + 4 * x * (after * v_after + before * v_before)

    def search(*args: Any) -> Any:
        raise AssertionError("all objects were searched")

    monkeypatch.setattr(gc, "get_objects", search)
    np.testing.assert_allclose(hvp(f)(x, v), want, rtol=1e-13)


def test_running_products() -> None:
    x = np.array([[2.0, -3.0, 0.5], [1.0, 0.0, 4.0]])
    f = lambda x: np.sum(np.cumprod(x, axis=1) * [1.0, 10.0, 100.0])  # noqa: E731
    want = [[1.0 - 30.0 - 150.0, 20.0 + 100.0, -600.0], [1.0, 10.0 + 400.0, 0.0]]
    for row in (x, x[:1]):  # with a zero, and without
        got = grad(f, mode="reverse")(row)
        np.testing.assert_allclose(got, want[: len(row)], rtol=1e-14)
    tiny = np.array([[1e-300, 1e-300, 1e300]])
    steep = grad(lambda x: np.cumprod(x)[1], mode="reverse")(tiny)
    assert steep.tolist() == [[1e-300, 1e-300, 0.0]]


def test_norms() -> None:
    x = np.array([[3.0, 0.0], [0.0, -4.0]])
    slopes = grad(lambda x: np.linalg.norm(x) * 5.0, mode="reverse")
    np.testing.assert_allclose(slopes(x), x, rtol=1e-15)
    assert slopes(np.zeros(2)).tolist() == [0.0, 0.0]
    assert slopes(np.array([1e100, 1e-300])).tolist() == [5.0, 0.0]
    np.testing.assert_allclose(slopes(np.array([3e-200, 4e-200])), [3.0, 4.0], rtol=1e-15)


def test_picked_elements() -> None:
    x, places = np.array([1.0, 2.0, 3.0]), np.array([2, 0, 2])

    def f(x: Any) -> Any:
        y, mask = x * x, x > 1.5
        total = np.sum(y[places] * [1.0, 10.0, 100.0]) + np.sum(y[mask]) + np.sum(y[::-1][mask])
        mask[:] = False
        return total

    assert grad(f, mode="reverse")(x).tolist() == [22.0, 8.0, 612.0]


@pytest.mark.skipif(KERNEL is None, reason="needs the kernel")
def test_places_beyond_the_tape_leave_the_others_alone() -> None:
    kernel: Any = KERNEL
    tape = kernel.Tape()
    tape.inputs(2)
    adjoints = kernel.Adjoints(tape, False)
    assert not adjoints.scatter(np.array([0, 5]), np.ones(2))
    assert not adjoints.scatter(np.array([1, -1]), np.ones(2))
    assert adjoints[0] == adjoints[1] == 0.0
    assert adjoints.scatter(np.array([0, 1]), np.array([2.0, 3.0]))
    assert (adjoints[0], adjoints[1]) == (2.0, 3.0)


def _layers(p: Any) -> Any:
    return np.sum(np.tanh(p["W"] @ p["b"]) ** 2 * p["b"]) + np.sum(p["W"][0] ** 3)


@pytest.mark.usefixtures("counted_looks")
def test_second_derivatives_in_structures_of_arrays() -> None:
    """By one vector of all their numbers, against a complex step through the gradient by hand."""
    random = np.random.default_rng(12)
    p = {"W": random.normal(size=(3, 3)), "b": random.normal(size=3)}
    v = {"W": random.normal(size=(3, 3)), "b": random.normal(size=3)}

    def by_hand(w: Any, b: Any) -> Any:
        t = np.tanh(w @ b)
        back = 2 * t * b * (1 - t**2)
        first = np.zeros_like(w)
        first[0] = 3 * w[0] ** 2
        return np.outer(back, b) + first, w.T @ back + t**2

    calls = [0]

    def counted(p: Any) -> Any:
        calls[0] += 1
        return _layers(p)

    h = hessian(counted)(p)
    along = hvp(counted)(p, v)
    assert KERNEL is None or calls[0] == 2
    for key, value in p.items():
        for index in np.ndindex(value.shape):
            z = {name: x.astype(complex) for name, x in p.items()}
            z[key][index] += 1e-30j
            for name, part in zip(p, by_hand(z["W"], z["b"]), strict=True):
                got = h[name][key][(..., *index)]
                np.testing.assert_allclose(got, part.imag / 1e-30, rtol=0, atol=1e-13)
            assert h[key][key].shape == value.shape * 2
    moved = [p[k] + 1e-30j * v[k] for k in p]
    for name, part in zip(p, by_hand(*moved), strict=True):
        np.testing.assert_allclose(along[name], part.imag / 1e-30, rtol=0, atol=1e-13)


def test_what_is_written_into_the_parts_of_one_vector() -> None:
    def f(parts: Any) -> Any:
        a, b = parts
        a *= 2.0
        a[1, :2] += b[:2]
        b[...] = a[0, 0] * b
        return np.sum(a**3) + np.sum(b**2)

    parts = [np.arange(1.0, 7.0).reshape(2, 3) / 5, np.array([0.5, -1.0, 2.0, 0.25])]
    before = [x.copy() for x in parts]
    found, want = hessian(f)(parts), hessian(f, mode="forward")(parts)
    along = [np.cos(x) for x in parts]
    for row, right, moved in zip(found, want, hvp(f)(parts, along), strict=True):
        for block, good in zip(row, right, strict=True):
            np.testing.assert_allclose(block, good, rtol=1e-12, atol=1e-12)
        dots = (np.tensordot(r, v, np.ndim(v)) for r, v in zip(right, along, strict=True))
        np.testing.assert_allclose(moved, sum(dots), rtol=1e-12)
    h = 1e-5
    for sign in (1, -1):
        parts[1][2] += sign * h
        up = grad(f)(parts)[0]
        parts[1][2] -= sign * h
        want[0][1][..., 2] -= sign * up / (2 * h)
    np.testing.assert_allclose(want[0][1][..., 2], 0.0, atol=1e-7)
    for x, old in zip(parts, before, strict=True):
        np.testing.assert_allclose(x, old, rtol=1e-15)


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize("n", [10, 40, 300])
def test_hessians_of_array_code(n: int) -> None:
    calls = [0]

    def f(x: Any) -> Any:
        calls[0] += 1
        y = np.sum(x[1:] * np.exp(x[:-1]))
        return y * y

    x = np.linspace(-1.0, 1.0, n)
    steep = np.exp(x[:-1])
    slope = np.r_[0.0, steep] + np.r_[x[1:] * steep, 0.0]
    curve = np.diag(np.r_[x[1:] * steep, 0.0]) + np.diag(steep, 1) + np.diag(steep, -1)
    want = 2 * np.outer(slope, slope) + 2 * np.sum(x[1:] * steep) * curve
    got = hessian(f)(x)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-11 * np.max(np.abs(want)))
    assert (got == got.T).all()
    assert KERNEL is None or calls[0] <= 4


X3, W3 = np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0])


def stored(index: Any) -> Any:
    def f(x: Any) -> Any:
        y = x * 0
        y[index] = x
        return np.sum(y * W3)

    return f


def squared_in(view: Any) -> Any:
    def f(x: Any) -> Any:
        y = x * 1.0
        part = view(y)
        part *= part
        return np.sum(y * W3)

    return f


def into(call: Any) -> Any:
    def f(x: Any) -> Any:
        out = x * 1.0
        call(x, out)
        return np.sum(out * np.arange(3.0))

    return f


@pytest.mark.parametrize(
    ("f", "right"),
    [
        (lambda x: np.sum(np.where(np.array([1, 0, 1]), x, x * 10)), [1, 10, 1]),
        (lambda x: np.sum(np.where([1, 0, 2], 7.0, x * 10)), [0, 10, 0]),
        (lambda x: np.sum(np.where(x - 1, x, x * 10)), [10, 1, 1]),
        (stored((..., slice(None, None, -1))), [100, 10, 1]),
        (stored((..., np.array([2, 0, 1]))), [100, 1, 10]),
        (stored((..., np.array([0, 0, 1]))), [0, 1, 10]),
        (stored((...,)), W3),
        *((squared_in(view), 2 * X3 * W3) for view in (np.squeeze, np.ravel, np.atleast_1d)),
        (squared_in(lambda y: y.squeeze()[::-1]), 2 * X3 * W3),
        (into(lambda x, out: np.cumsum(x, 0, None, out)), [3, 3, 2]),
        (into(lambda x, out: x.cumsum(0, None, out)), [3, 3, 2]),
        (into(lambda x, out: np.take(x, [1, 0, 2], 0, out)), [1, 0, 2]),
        (lambda x: np.sum(x * x) + np.sum(np.mean((x * x)[:0].reshape(0, 3), axis=1)), 2 * X3),
    ],
)
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_conditions_stores_views_and_outputs(f: Any, right: Any, mode: Any) -> None:
    assert grad(f, mode=mode)(X3).tolist() == np.asarray(right, float).tolist()
    zeros = jacobian(grad(lambda x: f(x) * 1.0, mode=mode))(X3)
    assert np.isfinite(zeros).all()


@pytest.mark.parametrize(
    "view",
    [
        np.diagonal,
        lambda y: np.diagonal(y, 1, 1, 0),
        lambda y: np.broadcast_to(y, (2, 3, 3)),
        lambda y: np.expand_dims(y, 0),
        lambda y: y.reshape(-1),
        lambda y: y.T,
        lambda y: y[::-1, 1:],
        lambda y: np.einsum("ii->i", y),
        lambda y: np.einsum("ij->ji", y),
        lambda y: np.diag(y, -1),
        lambda y: np.rot90(y),
        lambda y: np.meshgrid(y[0], y[1], copy=False)[0],
        lambda y: np.meshgrid(y[0], y[1], copy=False, sparse=True, indexing="ij")[1],
        lambda y: sliding_window_view(y, (2, 2)),
        lambda y: sliding_window_view(y, 2, axis=1),
        lambda y: sliding_window_view(y, (2, 2), axis=(0, 0)),
    ],
)
@pytest.mark.parametrize("outer", ["forward", "reverse"])
@pytest.mark.parametrize("inner", ["forward", "reverse"])
def test_views_follow_their_array_in_all_directions(view: Any, inner: Any, outer: Any) -> None:
    def f(x: Any) -> Any:
        part = view(x)
        x *= 1.1
        return np.sum(part**3)

    x = np.arange(1.0, 10).reshape(3, 3)
    found = jacobian(grad(f, mode=inner), mode=outer)(x).reshape(9, 9)
    times = np.zeros((3, 3))  # how often each element is in the view
    np.add.at(times.reshape(-1), view(np.arange(9).reshape(3, 3)).ravel(), 1)
    np.testing.assert_allclose(found, np.diag((6 * 1.1**3 * times * x).ravel()), rtol=1e-12)


_INDICES: tuple[Any, ...] = (
    *(0, -1, 2, slice(1, 3), slice(None, None, 2), slice(None), slice(3, 0, -1), slice(2, 2)),
    *(..., (slice(None), 1), (1, slice(0, 2)), None),
)


@pytest.mark.parametrize("seed", range(40))
def test_stores_of_parts_in_any_order(seed: int) -> None:
    """Parts are read, changed and stored again; the adjoints are those of forward mode."""
    random = np.random.default_rng(seed)
    steps = [
        (
            *(_INDICES[random.integers(len(_INDICES))], _INDICES[random.integers(len(_INDICES))]),
            *(random.integers(5), random.uniform(0.5, 1.5)),
        )
        for _ in range(12)
    ]

    def f(x: Any, make: Any = np.zeros_like) -> Any:
        y, kept = make(x), []
        y[...] = x[::-1]
        for into, of, kind, c in steps:
            part = y[of]
            if kind == 0:
                kept.append(part)  # a view, which changes with y
            if kind == 1:
                part *= c
            if np.shape(y[into]) == np.shape(part):
                y[into] = part * c if kind != 2 else part
            elif kind == 3:
                y[into] = c
            else:
                y[into] = np.sum(part) * c
        return np.sum(y * y * x) + sum(np.sum(k * k) for k in kept)

    x = random.uniform(0.5, 1.5, (4, 3))
    for lift in (True, False):
        value, slopes = value_and_grad(f, mode="forward", lift=lift)(x)
        assert value == f(x)
        scale = 1e-13 * np.max(np.abs(slopes))
        back = grad(f, mode="reverse", lift=lift)
        np.testing.assert_allclose(back(x), slopes, rtol=1e-11, atol=scale)
    _, pull = vjp(f, x)
    for _ in range(2):  # a pullback can be called again
        np.testing.assert_allclose(pull(2.0)[0], 2 * slopes, rtol=1e-11, atol=2 * scale)
    v = random.uniform(-1, 1, x.shape)
    (_, along) = jvp(grad(f, mode="forward"), (x,), (v,))
    scale = 1e-11 * np.max(np.abs(along))
    np.testing.assert_allclose(hvp(f)(x, v), along, rtol=1e-9, atol=scale)
    several = jacobian(lambda x: np.stack([f(x), f(x) * 2]), mode="reverse")(x)
    np.testing.assert_allclose(several[1], 2 * slopes, rtol=1e-11, atol=1e-12 * abs(slopes).max())


@pytest.mark.parametrize("mask", [False, np.bool_(False), True, (False, ...), (None, np.True_)])
@pytest.mark.parametrize("x", [2.0, np.float64(2.0), np.array(2.0)])
def test_masks_of_arrays_without_axes(mask: Any, x: Any) -> None:
    """One that leaves the number out stores nothing, and its adjoint goes on."""

    def stored(x: Any) -> Any:
        y = np.array(x)
        y[mask] = 7.0
        return 3 * y

    def added(x: Any) -> Any:
        y = np.array(2 * x)
        view = y[...]
        view[mask] += x * x
        return np.sum(y[mask] * x) + y

    is_taken = bool(np.size(np.empty(())[mask]))
    assert grad(stored, mode="reverse")(x) == (0 if is_taken else 3)
    assert grad(added, mode="reverse")(x) == (grad(added, mode="forward")(x) if is_taken else 2)


def test_a_guard_against_zero_keeps_the_gradient() -> None:
    def f(x: Any) -> Any:
        length = np.asarray(np.linalg.norm(x))
        length[length == 0] = 1.0
        return np.sum(x[:3] / length)

    x = np.arange(1.0, 101) / 50
    np.testing.assert_allclose(grad(f)(x), grad(f, mode="forward")(x), atol=1e-15)
    np.testing.assert_allclose(hessian(f)(x), hessian(f, mode="forward")(x), atol=1e-15)
