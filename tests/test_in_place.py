"""In place means in place: stores, views and aliases as in NumPy, in values and derivatives."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from dualad import Dual, derivative, grad, hessian, jacobian, jvp, lift, value_and_grad
from dualad.memory import copied

X = np.array([3.0, 5.0])
LINE = np.array([1.5, -0.5, 2.5, 0.75])
SQUARE = np.array([[1.5, -0.5, 2.0], [0.25, 3.0, -1.3], [0.5, 1.75, -2.5]])


def slopes(f: Callable[..., Any], x: Any) -> Any:
    """∂f/∂x of a plain f by differences of fourth order; f may write into what it gets."""

    def moved(step: Any) -> Any:
        y = x.copy("K")  # lies as x does
        y += step
        return f(y)

    columns = []
    for i in range(x.size):
        h = np.zeros(x.size)
        h[i] = 1e-3
        step = h.reshape(x.shape)
        near, far = (moved(k * step) - moved(-k * step) for k in (1, 2))
        columns.append((8 * near - far) / 12e-3)
    return np.stack(columns, axis=-1).reshape(*np.shape(columns[0]), *x.shape)


def agrees(f: Callable[..., Any], x: Any, second: bool = True) -> None:
    """f of duals has the plain run's values, bit for bit, and the right derivatives."""
    before = x.copy("K")
    expected = f(x.copy("K"))
    for chunk in (None, 1):
        np.testing.assert_allclose(
            jacobian(f, chunk=chunk)(x), slopes(f, x), rtol=1e-7, atol=1e-9, strict=True
        )
    seen = []
    jacobian(lambda v: seen.append(f(v)) or seen[-1])(x)
    np.testing.assert_array_equal(seen[0].primal, expected, strict=True)
    np.testing.assert_array_equal(x, before)
    if not second:
        return
    weights = np.cos(np.arange(expected.size)).reshape(expected.shape)

    def of_two(s: Any) -> Any:  # ∂/∂s of the derivative along v: one level inside another
        return derivative(lambda t: np.sum(weights * f(s * x + t * np.sin(x))))(0.25)

    def along(s: Any) -> Any:
        return slopes(lambda t: np.sum(weights * f(s[0] * x + t[0] * np.sin(x))), np.array([0.25]))

    np.testing.assert_allclose(
        derivative(of_two)(1.25), slopes(along, np.array([1.25])).item(), rtol=1e-5, atol=1e-7
    )


# -- every name, container and helper ------------------------------------------------------


def test_a_helper_writes_into_what_it_is_given() -> None:
    def normalise(v: Any) -> None:
        v /= np.sqrt(v @ v)

    def f(x: Any) -> Any:
        d = 3 * x
        normalise(d)
        return d[0]

    value, slope = value_and_grad(f)(np.array([3.0, 4.0]))
    assert value == 0.6
    np.testing.assert_allclose(slope, [0.128, -0.096], rtol=1e-14)


def test_arrays_in_a_list_are_written_to() -> None:
    def f(v: Any) -> Any:
        rows = [v * 2, v * 3]
        for r in rows:
            r /= np.sum(r)
        return rows[0][0]

    value, slope = value_and_grad(f)(X)
    assert value == 0.375
    np.testing.assert_allclose(slope, [0.078125, -0.046875], rtol=1e-14)


@pytest.mark.parametrize("operator", ["+=", "-=", "*=", "/=", "**=", "%=", "//=", "@="])
def test_every_operator_writes_through_every_name(operator: str) -> None:
    names: dict[str, Any] = {}
    exec(f"def change(a, b):\n    a {operator} b\n    return a", names)

    def f(v: Any) -> Any:
        a = v * v + 1.0
        alias, held, turned, part = a, {"a": [a]}, a.T, a[1:, ::2]
        b = abs(v) * 0.5 + 0.75
        assert names["change"](a, b) is a
        return alias + held["a"][0] * 2 + turned + np.sum(part)

    agrees(f, SQUARE, second=operator not in ("%=", "//="))  # there are jumps near by


@pytest.mark.parametrize(
    "write",
    [
        lambda a, b: np.add(a, b, out=a),
        lambda a, b: np.multiply(a, b, out=a[::-1]),
        lambda a, b: np.exp(b, out=a, where=np.arange(4) % 2 == 0),
        lambda a, b: np.add.at(a, [0, 0, 2], b[:3]),
        lambda a, b: a.sort(),
        lambda a, b: a.partition(2),
        lambda a, b: a.fill(b[1]),
        lambda a, b: a.put([0, -1], b[:2]),
        lambda a, b: np.copyto(a, b, where=[True, False, True, False]),
        lambda a, b: np.put(a, [1, 2], b[1]),
        lambda a, b: np.place(a, np.arange(4) > 1, b),
        lambda a, b: np.putmask(a, np.arange(4) > 1, b),
        lambda a, b: np.put_along_axis(a, np.array([3, 1]), b[:2], 0),
        lambda a, b: np.fill_diagonal(a.reshape(2, 2), b[2]),
        lambda a, b: np.cumsum(b, out=a),
        lambda a, b: np.take(b, [3, 2, 1, 0], out=a),
        lambda a, b: a.__setitem__(slice(None), a[::-1]),
        lambda a, b: a.__setitem__([0, 2], b[[1, 1]]),
        lambda a, b: a.__setitem__(np.arange(4) > 1, b[:2]),
        lambda a, b: setattr(a, "flat", b),
        lambda a, b: setattr(a, "real", b),
        lambda a, b: np.add(a[1:], a[:-1], out=a[:-1]),
    ],
)
def test_every_way_to_write_reaches_all_names(write: Callable[..., Any]) -> None:
    def f(v: Any) -> Any:
        a = v * v
        alias, square, back = a, a.reshape(2, 2), a[::-1]
        write(a, v * 3.0)
        return alias + square.ravel() * 2 + back * v

    agrees(f, LINE)


def test_overlapping_operands() -> None:
    def f(v: Any) -> Any:
        a = v * 2
        a[1:] += a[:-1]
        a[:-1] *= a[1:]
        a -= a[::-1]
        return a

    agrees(f, LINE)


def test_casting_shapes_and_flags_raise_as_in_numpy() -> None:
    changes: list[Callable[[Any], Any]] = [
        lambda a: a.__iadd__(1j),
        lambda a: a.__imul__(np.ones(3) + 1j),
        lambda a: a.__iadd__(np.ones((2, 3))),
        lambda a: a.__iadd__(np.ones(2)),
        lambda a: a.__imatmul__(np.eye(3)[:2].T),
        lambda a: np.sqrt(a + 0j, out=a),
        lambda a: np.add(a, 1.0, out=a[:2]),
        lambda a: np.add(a, 1.0, out=np.broadcast_to(a, (2, 3))),
        lambda a: np.broadcast_to(a, (2, 3)).__iadd__(1.0),
        lambda a: np.diagonal(np.outer(a, a)).__imul__(2.0),
        lambda a: setattr(a, "imag", 1.0),
    ]
    for change in changes:
        with pytest.raises((TypeError, ValueError)) as plain:
            change(X[[0, 1, 0]])
        a = Dual(X[[0, 1, 0]], np.ones(3))
        with pytest.raises(plain.type):
            change(a)
        assert a.primal.tolist() == [3.0, 5.0, 3.0] and a.tangent.tolist() == [1.0, 1.0, 1.0]


def test_float64_goes_into_float32() -> None:
    a = Dual(np.float32([1.1, 2.3]), np.float32([1, 1]))
    plain = a.primal.copy()
    a *= np.array([1 / 3, 2 / 3])
    plain *= np.array([1 / 3, 2 / 3])
    np.testing.assert_array_equal(a.primal, plain, strict=True)
    np.testing.assert_array_equal(a.tangent, np.float32([1 / 3, 2 / 3]), strict=True)


def test_plain_arrays_refuse_duals() -> None:
    for write in (
        lambda p, v: p.__iadd__(v),
        lambda p, v: np.add(v, 1.0, out=p),
        lambda p, v: np.copyto(p, v),
        lambda p, v: np.add.at(p, [0], v[:1]),
    ):
        with pytest.raises(TypeError, match=r"cannot hold derivatives|would lose the derivative"):
            grad(lambda v, write=write: write(np.zeros(2), v) or v[0], lift=False)(X)


def test_a_question_needs_no_room() -> None:
    def f(v: Any) -> Any:
        answer = np.zeros(2, bool)
        np.greater(v, 4.0, out=answer)
        told = v * 0.0
        np.greater(v, 4.0, out=told)
        return np.sum(v[answer]) + 2 * np.sum(told) + v[0]

    value, slope = value_and_grad(f)(X)
    assert value == 10.0 and slope.tolist() == [1.0, 1.0]


# -- views and copies ----------------------------------------------------------------------

VIEWS: list[Callable[[Any], Any]] = [
    lambda y: y[...],
    lambda y: y[1:],
    lambda y: y[:, ::-1],
    lambda y: y[None, :, 1],
    lambda y: y[0, 1, ...],
    lambda y: y[[0, 2]],
    lambda y: y[y > 0],
    lambda y: y.T,
    lambda y: y.mT,
    lambda y: y.transpose(1, 0),
    lambda y: y.swapaxes(0, 1),
    lambda y: np.moveaxis(y, 0, 1),
    lambda y: np.rollaxis(y, 1),
    lambda y: y.reshape(-1),
    lambda y: y.reshape(9, 1),
    lambda y: y.T.reshape(-1),
    lambda y: y.reshape(-1, order="F"),
    lambda y: y.T.reshape(-1, order="F"),
    *([lambda y: y.reshape(-1, copy=True)] if np.__version__ >= "2.1" else []),
    lambda y: y[:, :2].reshape(3, 2, 1),
    lambda y: y[:, 0].reshape(-1),
    lambda y: y.ravel(),
    lambda y: y.ravel("F"),
    lambda y: y.T.ravel(),
    lambda y: y.T.ravel("K"),
    lambda y: y.T.ravel("A"),
    lambda y: y[::2].ravel(),
    lambda y: y[:, 0].ravel(),
    lambda y: y[0, ::-1].ravel(),
    lambda y: y.flatten(),
    lambda y: y[None].squeeze(),
    lambda y: np.expand_dims(y, 1),
    lambda y: y.real,
    lambda y: np.real(y),
    lambda y: y + 0j,
    lambda y: np.diagonal(y),
    lambda y: y.diagonal(1),
    lambda y: np.diag(y),
    lambda y: np.diag(y[0]),
    lambda y: np.linalg.diagonal(y),
    lambda y: np.einsum("ii->i", y),
    lambda y: np.einsum("ij->ji", y),
    lambda y: np.einsum("ij->i", y),
    lambda y: np.broadcast_to(y, (2, 3, 3)),
    lambda y: np.broadcast_to(y[0], (3, 3)),
    lambda y: np.split(y, 3)[1],
    lambda y: np.hsplit(y, 3)[2],
    lambda y: np.flip(y),
    lambda y: np.fliplr(y),
    lambda y: np.rot90(y),
    lambda y: np.atleast_1d(y),
    lambda y: np.atleast_3d(y),
    lambda y: np.roll(y, 1),
    lambda y: np.tril(y),
    lambda y: np.take(y, [0, 1], 0),
    lambda y: np.copy(y),
    lambda y: y.copy(),
    lambda y: y.view(),
    lambda y: y.conj(),
    lambda y: y.astype(float),
    lambda y: np.sort(y),
    lambda y: y.compress([True, False, True], axis=1),
    lambda y: np.trim_zeros(y[0]),
    lambda y: np.concatenate([y]),
]


@pytest.mark.parametrize("i", range(len(VIEWS)))
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_a_view_is_a_view_and_a_copy_a_copy(i: int, order: str) -> None:
    """Write through the result and look at the base; write through the base, and look at it."""
    view = VIEWS[i]

    def prepared(v: Any) -> Any:
        y = v * v + v
        if order == "strided":
            y = np.repeat(np.repeat(y, 2, 0), 2, 1)[::2, ::2]
        return y

    def through_the_base(v: Any) -> Any:
        y = prepared(v)
        r = view(y)
        y *= v
        return np.concatenate([np.ravel(y), np.ravel(r)])

    def through_the_result(v: Any) -> Any:
        y = prepared(v)
        r = view(y)
        r *= 3.0
        r += v[0, 0]
        return np.concatenate([np.ravel(y), np.ravel(r)])

    x = np.asfortranarray(SQUARE) if order == "F" else SQUARE
    y, d = prepared(x), prepared(Dual(x, np.ones((2, 3, 3))))
    r, s = view(y), view(d)
    assert np.shares_memory(r, y) == np.shares_memory(s.primal, d.primal)
    assert np.shares_memory(r, y) == np.shares_memory(s.tangent, d.tangent)
    assert r.flags.writeable == s.flags.writeable and r.shape == s.shape
    agrees(through_the_base, x, second=order == "strided")
    if r.flags.writeable:
        agrees(through_the_result, x, second=order == "F")
    else:
        with pytest.raises(ValueError, match="read-only"):
            through_the_result(Dual(x, np.ones((3, 3))))


def test_the_parts_of_complex_numbers_are_views() -> None:
    def f(v: Any) -> Any:
        z = v * (1 + 2j)
        re, im = z.real, z.imag
        im += re * v
        re[...] = v**2
        z.imag[1:] *= 2.0
        z.real = z.real + 1.0
        return z.real * z.real + z.imag * v

    agrees(f, LINE)


def test_a_diagonal_follows_its_matrix() -> None:
    def f(x: Any) -> Any:
        a = np.outer(x, x)
        d = np.diagonal(a)
        a[0, 0] = 9.0
        return d.sum()

    assert grad(f)(np.array([3.0, 4.0])).tolist() == [0.0, 8.0]


# -- what the caller passes in -------------------------------------------------------------


def test_copies_of_arguments_lie_as_they_do() -> None:
    base = np.arange(36.0).reshape(6, 6) / 7
    v = np.arange(3.0) / 3
    for x in (base[::2, ::2], base[:3, :3].T, base[::-2, 3:], np.asfortranarray(base[:3, :3])):
        before, strides = base.copy(), []

        def f(m: Any, strides: list[Any] = strides) -> Any:
            strides.append(m.strides)
            y = (m @ v)[1]
            m += 1.0
            return y * m[0, 0]

        value, slope = value_and_grad(f)(x)
        assert value == (x @ v)[1] * (x[0, 0] + 1.0)
        expected = np.zeros((3, 3))
        expected[1] = v * (x[0, 0] + 1.0)
        expected[0, 0] += (x @ v)[1]
        np.testing.assert_allclose(slope, expected, rtol=1e-14, atol=1e-15)
        assert set(strides) == {x.strides}
        np.testing.assert_array_equal(base, before)


def test_read_only_arguments_are_read_only() -> None:
    x = LINE.copy()
    x.flags.writeable = False

    def f(v: Any) -> Any:
        v[0] = 1.0
        return v.sum()

    for g in (f, grad(f), derivative(lambda v: f(v) * v)):
        with pytest.raises(ValueError, match="read-only"):
            g(x)
        with pytest.raises(ValueError, match="read-only"):
            g(np.broadcast_to(2.0, 4))


@pytest.mark.parametrize("wrap", [lambda f: f, lift])
def test_an_array_can_be_made_read_only(wrap: Callable[..., Any]) -> None:
    def f(v: Any) -> Any:
        a = np.ones(4) * v
        a.setflags(write=False)
        with pytest.raises(ValueError, match="read-only"):
            a[0] = 1.0
        a.setflags(write=True)
        a[0] = 1.0
        return a.sum()

    assert grad(wrap(f))(LINE).tolist() == [0.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("write", [lambda v: v.sort(), lambda v: v.__imul__(v[0])])
def test_seeds_are_not_written_into(write: Callable[[Any], Any]) -> None:
    """f is evaluated again where NumPy makes an array of objects of duals."""

    def f(v: Any) -> Any:
        write(v)
        np.array([v[0], v[0]])
        return v

    x, dx = np.array([1.5, 1.0]), np.array([0.25, 0.75])
    value, slope = jvp(f, (x,), (dx,))
    expected = {1.0: dx[::-1], 2.25: np.array([2 * 1.5 * 0.25, 1.5 * 0.75 + 0.25])}
    np.testing.assert_allclose(slope, expected[value[0]], rtol=1e-15)
    assert dx.tolist() == [0.25, 0.75]


# -- across levels -------------------------------------------------------------------------


def test_an_inner_dual_reaches_all_views_of_an_outer_array() -> None:
    def outer(x: Any) -> Any:
        a = x * 1.0
        back, square = a[::-1], a.reshape(2, 2).T

        def inner(t: Any) -> Any:
            a[...] = t * x
            back[1] = t**2 * x[0]
            return np.sum(square[0] * square[1] * back[:2])

        return derivative(inner)(2.0)

    # a = (t·x0, t·x1, t²·x0, t·x3); square = ((a0, a2), (a1, a3)); back = (a3, a2, a1, a0)
    # inner = a0·a1·a3 + a2·a3·a2 = t³·x0·x1·x3 + t⁵·x0²·x3
    x0, x1, _, x3 = x = np.array([1.5, -0.5, 2.5, 0.75])
    value, slope = value_and_grad(outer)(x)
    assert value == pytest.approx(12 * x0 * x1 * x3 + 80 * x0**2 * x3, rel=1e-14)
    np.testing.assert_allclose(
        slope,
        [12 * x1 * x3 + 160 * x0 * x3, 12 * x0 * x3, 0, 12 * x0 * x1 + 80 * x0**2],
        rtol=1e-14,
    )


def test_an_outer_dual_in_a_view_of_an_inner_array() -> None:
    def f(s: Any) -> Any:
        def g(t: Any) -> Any:
            z = t * np.ones(3)
            part = z[1:]
            part[0] = s * t
            z[2] = s * s * t
            return np.sum(part) + part[1] * t  # t·(s + s²) + s²·t²

        return derivative(g)(1.0)  # s + s² + 2·s²

    assert derivative(f)(2.0) == 13.0
    assert derivative(f, order=2)(2.0) == 6.0


OTHER_NAMES: dict[str, Callable[[Any], Any]] = {
    "x": lambda x: x,
    "view": lambda x: x.view(),
    "[:]": lambda x: x[:],
    "asarray": lambda x: np.asarray(x),
    "asanyarray": lambda x: np.asanyarray(x, dtype=float),
    "asarray_chkfinite": lambda x: np.asarray_chkfinite(x),
    "ascontiguousarray": lambda x: np.ascontiguousarray(x),
    "asfortranarray": lambda x: np.asfortranarray(x),
    "array": lambda x: np.array(x, copy=None),
    "astype": lambda x: x.astype(float, copy=False),
    "require": lambda x: np.require(x),
    "require W": lambda x: np.require(x, requirements="W"),
    "require C, W": lambda x: np.require(x, float, ["C", "W"]),
    "as_strided": lambda x: as_strided(x),
    "as_strided twice": lambda x: as_strided(as_strided(x, (4,), (8,))[:3]),
    "sliding": lambda x: np.lib.stride_tricks.sliding_window_view(x, 4, writeable=True)[0],
    "nan_to_num": lambda x: np.nan_to_num(x, copy=False),
    "real": lambda x: np.real(x),
    "real_if_close": lambda x: np.real_if_close(x),
    "ravel": lambda x: np.ravel(x),
    "reshape": lambda x: x.reshape(2, 2).ravel(),
    "atleast": lambda x: np.atleast_2d(x)[0],
    "split": lambda x: np.split(x, 1)[0],
    "flip": lambda x: np.flip(np.flip(x)),
    "diagonal": lambda x: as_strided(x, (1, 4), (32, 8)).T[:, 0],
}


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_stores_by_another_name_count_at_every_order(name: str) -> None:
    """A store through a view promotes all views of the memory, to tangents of tangents."""

    def f(x: Any) -> Any:
        a = OTHER_NAMES[name](x)
        a[0] = x[1] ** 4
        return (x * x).sum()  # x1⁸ + x1² + x2² + x3²

    expected = np.zeros((4, 4, 4))
    expected[1, 1, 1] = 8 * 7 * 6 * LINE[1] ** 5
    second = np.diag([0, 56 * LINE[1] ** 6 + 2, 2, 2])
    np.testing.assert_allclose(hessian(f)(LINE), second, rtol=1e-14)
    np.testing.assert_allclose(jacobian(grad(f), chunk=1)(LINE), second, rtol=1e-14)
    np.testing.assert_allclose(jacobian(hessian(f))(LINE), expected, rtol=1e-14)
    np.testing.assert_allclose(jacobian(jacobian(grad(f)))(LINE), expected, rtol=1e-14)


@pytest.mark.parametrize("wrap", [lambda f: f, lift])
def test_a_workspace_used_in_every_step(wrap: Callable[..., Any]) -> None:
    """Levels that are over, and have been overwritten, do not pile up."""

    def outer(x: Any) -> Any:
        work = x * 0.0
        view = work[1:]

        def g(t: Any) -> Any:
            work[...] = x * t * t
            view[0] = work[0] * t
            return work[1]

        return sum(derivative(g)(float(k)) for k in range(1, 12))  # Σ 3k²·x0

    assert grad(wrap(outer))(X).tolist() == [3.0 * sum(k * k for k in range(1, 12)), 0.0]


@pytest.mark.parametrize("is_lifted", [False, True])
@pytest.mark.parametrize("is_whole", [False, True])
def test_a_workspace_kept_from_call_to_call(is_lifted: bool, is_whole: bool) -> None:
    """What is filled anew in each call leaves no derivative of the calls before, of any order."""
    kept: dict[str, Any] = {}

    def f(x: Any) -> Any:
        if not kept:
            kept["w"] = np.zeros(3) if is_lifted else np.zeros_like(x * np.ones(3))
        w = kept["w"]
        if is_whole:
            w[...] = np.stack([x, x * x, x**3])
        else:
            w[0] = x
            for i in range(1, 3):
                w[i] = w[i - 1] * x
        return np.sum(w)

    call = lift(f) if is_lifted else f
    for x in (1.0, 1.5, 2.5, 2.5):
        second = 2 + 6 * x
        value, slope = value_and_grad(call)(x)
        assert value == pytest.approx(x + x**2 + x**3, rel=1e-14)
        assert slope == pytest.approx(1 + 2 * x + 3 * x**2, rel=1e-14)
        assert derivative(call, order=2)(x) == pytest.approx(second, rel=1e-14)
        assert jvp(lambda q: jvp(call, (q,), (1.0,))[1], (x,), (1.0,))[1] == second
        assert derivative(call, order=3)(x) == pytest.approx(6.0, rel=1e-14)


@pytest.mark.parametrize("is_lifted", [False, True])
def test_what_is_left_in_a_workspace_is_told(is_lifted: bool) -> None:
    kept: dict[str, Any] = {}

    def f(v: Any) -> Any:
        if not kept:
            kept["w"] = np.zeros(2) if is_lifted else np.zeros_like(v)
            kept["w"][:] = (v - 3.0) ** 2
        kept["w"][0] = v[0]
        return np.sum(kept["w"])

    call = lift(f) if is_lifted else f
    assert grad(call)(np.array([3.0, 2.0])).tolist() == [1.0, -2.0]
    for d in (grad, hessian):
        with pytest.raises(TypeError, match="of a differentiation that is over"):
            d(call)(np.array([3.0, 2.0]))
    kept.clear()
    x = np.array([3.0, 3.0])
    assert hessian(call)(x).tolist() == [[0.0, 0.0], [0.0, 2.0]]
    with pytest.raises(TypeError, match="of a differentiation that is over"):
        hessian(call)(x)  # the slopes that are left are zero, but not those of second order


def test_levels_that_pile_up_are_refused() -> None:
    def outer(x: Any) -> Any:
        total = x * 1.0

        def g(t: Any) -> Any:
            nonlocal total
            total += t * x
            return t * t

        for _ in range(12):
            derivative(g)(1.0)
        return total[0].primal

    with pytest.raises(TypeError, match="holds tangents of"):
        grad(outer)(X)


# -- in lifted code ------------------------------------------------------------------------


def test_lifted_code_writes_to_parts_and_empty_views() -> None:
    def backsub(t: Any) -> Any:
        u, y = np.array([[2.0, 0.3], [0.0, t]]), np.zeros(2)
        for i in (1, 0):
            y[i] = (1.0 - u[i, i + 1 :] @ y[i + 1 :]) / u[i, i]
        return y[0]

    assert derivative(backsub, lift=True)(1.5) == pytest.approx(0.15 / 1.5**2, rel=1e-14)

    def parts(t: Any) -> Any:
        z = np.zeros(2, complex)
        z.real += t
        z.imag = t * t
        again = np.array([1j, 2.0]).conj()
        again += z
        return np.sum(again.imag) + z.real[0]

    assert derivative(parts, lift=True)(1.5) == 2 * 3.0 + 1.0


def test_nothing_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        a = Dual(LINE, np.ones(4))
        a.flat = 2.0
        a.shape = (2, 2)
        assert a.shape == (2, 2) and a.tangent.tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("power", [2, 2.0, 0.5, 3, -1, 1j, np.float64(2)])
def test_powers_in_place_have_numpys_bits(power: Any) -> None:
    """np.power rounds otherwise in place, of complex numbers with gaps."""
    rng = np.random.default_rng(3)
    whole = rng.normal(size=(4, 6)) + 1j * rng.normal(size=(4, 6))

    def f(x: Any) -> Any:
        x **= power
        return x

    for x in (whole, whole[:, ::2], whole[::-1], whole.T, whole[1:2, 1:3]):
        value, slope = jvp(f, (x,), (x,))
        assert np.array_equal(value, f(copied(x)))
        np.testing.assert_allclose(slope, power * x**power, rtol=1e-12)


def _heat(u: Any) -> Any:
    new = u * 1.0
    new[1:-1, 1:-1] -= u[:-2, 1:-1] * u[2:, 1:-1]
    new[1:, :] += new[:-1, :]  # the same memory on both sides
    new[:, 0] = 2.0
    new[0, 1:] += 1.0
    new[..., -1] = u[..., 0]
    new += u[0]  # broadcast
    new -= new * 0.5
    return new


@pytest.mark.parametrize("many", [(), (3,)])
@pytest.mark.parametrize("turned", [False, True])
def test_sums_in_place_into_views(many: tuple[int, ...], turned: bool) -> None:
    """Quadratic in u, so central differences are exact but for rounding."""
    rng = np.random.default_rng(5)
    u = rng.normal(size=(5, 5))
    u = u.T if turned else u
    seeds = rng.normal(size=(*many, 5, 5))
    y = _heat(Dual(u, seeds))
    assert np.array_equal(y.primal, _heat(u))
    for tangent, v in zip(y.tangent.reshape(-1, 5, 5), seeds.reshape(-1, 5, 5), strict=True):
        right = (_heat(u + v) - _heat(u - v)) / 2
        np.testing.assert_allclose(tangent, right, rtol=1e-12, atol=1e-13)


def test_sums_in_place_fail_as_numpys() -> None:
    x = Dual(LINE, np.ones(4))
    with pytest.raises(ValueError, match="broadcast"):
        x += np.ones(3)
    with pytest.raises(TypeError, match="casting"):
        x += np.ones(4) * 1j
    assert x.primal.tolist() == LINE.tolist() and x.tangent.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("lift", [True, None])
@pytest.mark.parametrize(
    "wanted", ["C", "F", "O", "W", ["F", "W"], ["C", "O"], "E", "A", None], ids=str
)
def test_np_require_copies_only_what_does_not_comply(wanted: Any, lift: bool | None) -> None:
    def of_an_array(x: Any) -> Any:
        a = x * 1.0
        np.require(a, None, wanted)[0, 0] = 9.0
        return a

    def of_a_view(x: Any) -> Any:
        a = x * 1.0
        np.require(a[:, 1:], None, wanted)[0, 0] = 9.0
        return a

    def of_what_cannot_be_written(x: Any) -> Any:
        a = np.require(np.broadcast_to(x[0], (3, 3)), None, wanted)
        return a * (1.0 + a.flags.writeable)

    def of_zeros(x: Any) -> Any:
        a = np.zeros((3, 3))
        np.require(a, None, wanted)[0, 0] = x[0, 1]
        return a

    for f in (of_an_array, of_a_view, of_what_cannot_be_written, of_zeros):
        y, t = jvp(f, (SQUARE,), (2 * SQUARE,), lift=lift)
        np.testing.assert_array_equal(y, f(SQUARE))
        np.testing.assert_array_equal(t, np.where(y == 9.0, 0.0, 2 * y))


@pytest.mark.parametrize("ufunc", [np.exp, np.sin, np.tanh, np.log1p])
def test_ufuncs_into_the_memory_of_their_input_round_as_numpy_does(ufunc: Any) -> None:
    """Its loops may take another way there."""

    def into(x: Any) -> Any:
        y = x * 1.0
        ufunc(y[1:2], out=y[::-1])
        return y

    for x in np.random.default_rng(0).uniform(0.1, 3, (200, 2)):
        value, slope = jvp(into, (x,), (np.array([1.0, 2.0]),))
        np.testing.assert_array_equal(value, into(x))
        np.testing.assert_allclose(
            slope, jvp(ufunc, (x[1:].repeat(2),), (np.full(2, 2.0),))[1], rtol=1e-14
        )


FLAT: dict[str, Callable[[Any, Any], None]] = {
    "as many": lambda y, x: y.flat.__setitem__(slice(None), x * 2),
    "too few": lambda y, x: y.flat.__setitem__(slice(None), x[0]),
    "too many": lambda y, x: y.flat.__setitem__(slice(0, 2), x),
    "at places": lambda y, x: y.flat.__setitem__([0, 3, 1], x[0]),
    "a list": lambda y, x: y.flat.__setitem__(..., [x[0, 0], 2.0]),
    "a mask": lambda y, x: y.flat.__setitem__(np.array([True, False, True, False]), x[1]),
    "one": lambda y, x: y.flat.__setitem__(1, x[0, 0]),
    "none": lambda y, x: y.flat.__setitem__(slice(None), []),
    "all": lambda y, x: setattr(y, "flat", x[0]),
    "all of none": lambda y, x: setattr(y, "flat", []),
}


@pytest.mark.parametrize("name", FLAT)
def test_flat_stores_begin_anew_where_they_are_too_few(name: str) -> None:
    def f(x: Any) -> Any:
        y = x * 1.5
        FLAT[name](y.T, x)
        return y

    agrees(f, SQUARE[:2, :2])


def test_flat_stores_from_the_same_memory_are_refused() -> None:
    """NumPy reads there what it has just written."""

    def f(x: Any) -> Any:
        y = x * 1.0
        y.flat[1:] = y
        return y

    with pytest.raises(TypeError, match="stores one by one"):
        jvp(f, (np.ones(3),), (np.ones(3),))


FROM_ITSELF: dict[str, Callable[[Any], None]] = {
    "apart": lambda y: y.flat.__setitem__(slice(0, 2), y[2:]),
    "all": lambda y: setattr(y, "flat", y),
    "before": lambda y: y.flat.__setitem__(slice(0, 4), y[2:]),
    "behind": lambda y: y.flat.__setitem__(slice(2, None), y[:4]),
    "reversed": lambda y: y.flat.__setitem__(..., y[::-1]),
    "begun anew": lambda y: y.flat.__setitem__(..., y[:3]),
    "anew, overwritten": lambda y: y.flat.__setitem__([1, 0, 4, 5], y[:2]),
    "transposed": lambda y: y.reshape(2, 3).flat.__setitem__(..., y.reshape(2, 3).T),
    "of columns": lambda y: y.reshape(2, 3)[:, :1].flat.__setitem__(..., y.reshape(2, 3)[:, 1:2]),
    "twice": lambda y: y.flat.__setitem__([3, 3], y[2:4]),
}


@pytest.mark.parametrize("name", FROM_ITSELF)
def test_flat_stores_from_the_same_memory(name: str) -> None:
    """As NumPy does one by one, or refused where that differs from storing all at once."""
    x, one_by_one = np.arange(6.0), np.arange(6.0)
    FROM_ITSELF[name](one_by_one)

    def f(x: Any) -> Any:
        y = x * 1.0
        FROM_ITSELF[name](y)
        return y

    if name in ("behind", "reversed", "anew, overwritten", "transposed", "twice"):
        with pytest.raises(TypeError, match="stores one by one"):
            jvp(f, (x,), (x,))
        return
    value, slope = jvp(f, (x,), (x,))
    np.testing.assert_array_equal(value, one_by_one)
    np.testing.assert_array_equal(slope, one_by_one)  # f is linear, and hands on elements


NOWHERE = pytest.param(
    (),
    marks=pytest.mark.skipif(
        np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="NumPy itself crashes"
    ),
)


@pytest.mark.parametrize(
    "index", (True, False, np.True_, NOWHERE, None, (0,), np.int64(3), 7, [0, 1])
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_places_of_flat(index: Any) -> None:
    """What NumPy takes for a place, or its error; a bool is a number to it, and no mask."""
    for value in (np.full(3, 9.0), 9.0):
        x = np.arange(1.0, 7.0)
        y, dual = x * 1.0, Dual(x, x)
        try:
            y.flat[index] = value
        except (IndexError, ValueError) as error:
            with pytest.raises(type(error)):
                dual.flat[index] = value
        else:
            dual.flat[index] = value
            np.testing.assert_array_equal(dual.primal, y)
            np.testing.assert_array_equal(dual.tangent, np.where(y == x, x, 0))


@pytest.mark.parametrize(
    "write",
    [
        lambda v: v.sort(),
        lambda v: v.sort(axis=0),
        lambda v: v.partition(0),
        lambda v: np.add.at(v, ([0, 1], [1, 0]), 1.0),
    ],
)
def test_orders_of_their_own_refuse_elements_in_the_same_memory(write: Any) -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        write(as_strided(y, (3, 2), (8, 8)))
        return y

    with pytest.raises(TypeError, match="share their memory with others"):
        jvp(f, (LINE,), (LINE,))


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(
    ("index", "shape"),
    [(slice(0, 2), (1, 2)), (..., (1, 1, 3)), ([0, 1], (1, 2)), (np.array([2, 0]), (1, 1, 2))],
)
def test_axes_of_length_1_in_front_of_what_is_stored(index: Any, shape: Any, mode: Any) -> None:
    def f(x: Any) -> Any:
        y = x * 2.0
        y[index] = np.reshape(x[: shape[-1]] ** 2, shape)
        return y

    x = np.array([1.5, -0.5, 2.5])
    np.testing.assert_allclose(jacobian(f, mode=mode)(x), slopes(f, x), rtol=1e-9)
    third = jacobian(jacobian(lambda x: f(f(x)), mode=mode), mode="reverse")(x)
    np.testing.assert_allclose(third, slopes(jacobian(lambda x: f(f(x))), x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("make", [lambda x: np.sin(x) * 1j, lambda x: np.sin(x * (1 + 0.5j))])
@pytest.mark.parametrize("index", [..., 0, slice(None), [1, 0]])
def test_complex_numbers_stored_in_real_arrays(make: Any, index: Any) -> None:
    """NumPy's are cast with a warning, value and derivatives; Python's are refused by NumPy."""

    def f(x: Any) -> Any:
        y = np.ones(2) * x
        y.real[index] = make(x)
        return y

    x = np.float64(0.7)
    with pytest.warns(np.exceptions.ComplexWarning):
        expected = f(x)
    with warnings.catch_warnings(action="ignore"):
        want = slopes(lambda v: f(v[0]), np.array([0.7]))[:, 0]
        value, along = jvp(f, (x,), (1.0,))
        back = jacobian(f, mode="reverse")(x)
        twice = jvp(lambda x: jvp(f, (x,), (1.0,))[1], (x,), (1.0,))[1]
        curved = slopes(lambda v: jvp(f, (v[0],), (1.0,))[1], np.array([0.7]))[:, 0]
    np.testing.assert_array_equal(value, expected, strict=True)
    np.testing.assert_allclose(along, want, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(back, want, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(twice, curved, rtol=1e-9, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Numpy has detected")
def test_memory_that_cannot_be_written_into_is_named_however_it_is_written() -> None:
    """np.meshgrid(copy=False) gives views whose elements share their memory."""
    for write in (
        lambda v: np.exp(v[:1], out=v[...]),
        lambda v: np.add(v, 1, out=v),
        lambda v: np.cumsum(v, axis=0, out=v),
        lambda v: v.fill(1.0),
        lambda v: np.add.accumulate(v, out=v),
    ):

        def f(x: Any, write: Callable[[Any], Any] = write) -> Any:
            v, _ = np.meshgrid(x, x, copy=False)
            write(v)
            return v

        f(X.copy())
        with pytest.raises(ValueError, match=r"cannot write into this array.*x\.copy\(\)"):
            jvp(f, (X,), (X,))


@pytest.mark.parametrize("mode", [None, "forward", "reverse"])
@pytest.mark.parametrize("shapes", [((3,), (3,)), ((2, 3), (2,)), ((40,), (1,)), ((2, 2), ())])
def test_the_blocks_of_a_hessian_have_memory_of_their_own(shapes: Any, mode: Any) -> None:
    x, y = (np.cos(np.arange(np.prod(s, dtype=int))).reshape(s) for s in shapes)
    blocks = hessian(lambda x, y: np.sum(x) ** 3 * np.sum(y**2), argnums=(0, 1), mode=mode)(x, y)
    alone = hessian(lambda x: np.sum(x**3) + np.sum(x) ** 2, mode=mode)(x)
    found = [b for b in (*blocks[0], *blocks[1], alone) if isinstance(b, np.ndarray)]
    assert len(found) >= 4
    assert all(b.flags.owndata and b.flags.c_contiguous for b in found)


@pytest.mark.parametrize("n", range(1, 8))
def test_third_derivatives_of_what_is_stored_through_a_view(n: int) -> None:
    """The tangents that a store adds lie as the others do, or the next view would be of a copy."""

    def by_slice(x: Any) -> Any:
        a = x * 1
        v = a[:]
        v[0] = x[0] * x[0]
        return a[0] * x[0]

    def by_shape(x: Any) -> Any:
        a = x.copy()
        a.reshape(-1, 1)[0] = x[0] * x[0]
        return a[0] * x[0]

    for f in (by_slice, by_shape):
        third = jacobian(hessian(f))(np.full(n, 0.7))
        assert third[0, 0, 0] == pytest.approx(6.0, rel=1e-14)
        assert np.count_nonzero(third) == 1


# -- what is calculated from plain data, and written to --------------------------------------


def element(x: Any) -> Any:
    phi = np.sin(DATA)
    psi = phi
    phi[0] = x * x
    return psi.sum() * x


def through_views(x: Any) -> Any:
    phi = -DATA
    tail = phi[2:]
    phi[1:-1] = x * phi[1:-1]
    tail[0] = x
    return phi.sum() + phi[2]


def by_masks_and_branches(x: Any) -> Any:
    if x > 0:
        phi = np.exp(DATA)
    else:
        phi = np.zeros(5)
        phi[:2] = 3.0
    phi[DATA > 0.5] = x
    return phi @ phi


def with_an_operator(x: Any) -> Any:
    phi = np.cumsum(DATA)
    phi += x
    phi *= phi
    return phi.mean()


DATA = np.linspace(0.1, 1.0, 5)


@pytest.mark.parametrize("lift", [None, True])
@pytest.mark.parametrize("f", [element, through_views, by_masks_and_branches, with_an_operator])
def test_new_arrays_of_plain_data_take_duals(f: Any, lift: bool | None) -> None:
    value, slope = jvp(f, (0.7,), (1.0,), lift=lift)
    assert (value, type(value)) == (f(0.7), type(f(0.7)))
    assert abs(slope - (f(0.7 + 1e-6) - f(0.7 - 1e-6)) / 2e-6) < 1e-8


class Kept:
    phi = np.sin(DATA)

    @classmethod
    def give(cls) -> Any:
        return cls.phi


@pytest.mark.parametrize("lift", [None, True])
def test_arrays_that_others_hold_stay_what_they_are(lift: bool | None) -> None:
    def f(x: Any) -> Any:
        phi = Kept.give()
        phi[0] = x
        return phi.sum()

    with pytest.raises(TypeError, match=r"where phi is made, write phi = np.array\(…\)"):
        derivative(f, lift=lift)(0.7)
    assert type(Kept.phi) is np.ndarray and Kept.phi[0] == np.sin(DATA[0])


WHERE_THEY_LIE = {
    "part of the columns": SQUARE[:, ::2],
    "backwards": SQUARE[::-1],
    "columns backwards": SQUARE[:, ::-1],
    "transposed": SQUARE.T,
    "whole": SQUARE,
    "every other row": np.vstack([SQUARE, SQUARE])[::2],
}
VIEWS_OR_COPIES = {
    "reshape": lambda x: x.reshape(-1),
    "ravel": lambda x: x.ravel(),
    "ravel as it lies": lambda x: x.ravel("K"),
    "np.ravel": lambda x: np.ravel(x, "F"),
    "reshape of columns": lambda x: np.reshape(x, (-1,), order="F"),
    "squeeze": lambda x: x[None].reshape(1, -1).squeeze(),
    "atleast_1d": lambda x: np.atleast_1d(x.reshape(-1)),
    "array_split": lambda x: np.array_split(x.reshape(-1), 2)[0],
}


@pytest.mark.parametrize("lies", WHERE_THEY_LIE)
@pytest.mark.parametrize("name", VIEWS_OR_COPIES)
def test_a_tangent_is_a_view_where_its_array_is_one(name: str, lies: str) -> None:
    def f(x: Any) -> Any:
        y = VIEWS_OR_COPIES[name](x)
        y[0] = 1.1
        y[1:] *= 2.0
        return x * x

    x = WHERE_THEY_LIE[lies]

    def moved(step: Any) -> Any:
        y = copied(x)  # with its gaps
        y += step
        return f(y)

    for along in (np.arange(1.0, 1.0 + x.size).reshape(x.shape), np.ones(x.shape)):
        wanted = (moved(1e-3 * along) - moved(-1e-3 * along)) / 2e-3
        value, slope = jvp(f, (x,), (along,))
        np.testing.assert_array_equal(value, moved(0.0))
        np.testing.assert_allclose(slope, wanted, 1e-9, 1e-9)
    np.testing.assert_allclose(derivative(f)(x), wanted, 1e-9, 1e-9)
