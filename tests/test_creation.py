"""New arrays for duals: np.zeros_like and its like, `like=`, np.copy, functions of functions."""

from __future__ import annotations

import io
import math
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualad import Dual, DualArray, derivative, grad, hessian, jacobian, jvp

X = np.array([0.3, 1.1, 2.0])
SINGLE = Dual(X, np.ones(3))
DOUBLE = Dual(X, np.ones((2, 3)))
LIKES = {
    "array": SINGLE,
    "directions": DOUBLE,
    "number": Dual(2.0, 1.0),
    "element": DOUBLE[1],
    "nested": None,  # made inside a derivative
}


def _from_file(**options: Any) -> Any:
    with tempfile.TemporaryFile() as file:
        np.arange(3.0).tofile(file)
        file.seek(0)
        return np.fromfile(file, **options)


# what NumPy gives for plain numbers is what must come out
MAKERS: dict[str, Callable[..., Any]] = {
    "zeros": lambda **k: np.zeros((2, 3), **k),
    "zeros in Fortran's order": lambda **k: np.zeros((2, 3), order="F", **k),
    "zeros of float32": lambda **k: np.zeros(3, np.float32, **k),
    "zeros of complex numbers": lambda **k: np.zeros(3, complex, **k),
    "ones": lambda **k: np.ones(3, **k),
    "full": lambda **k: np.full((2, 2), 2.5, **k),
    "full with a row": lambda **k: np.full((2, 2), [1.5, 2.5], **k),
    "eye": lambda **k: np.eye(3, 4, 1, **k),
    "identity": lambda **k: np.identity(3, **k),
    "tri": lambda **k: np.tri(3, 4, **k),
    "arange": lambda **k: np.arange(0.5, 3.0, 0.5, **k),
    "array": lambda **k: np.array([[1.0, 2.0], [3.0, 4.0]], **k),
    "array with ndmin": lambda **k: np.array([1.0, 2.0], ndmin=3, **k),
    "array of a number": lambda **k: np.array(1.5, **k),
    "asarray": lambda **k: np.asarray([1, 2], float, **k),
    "asanyarray": lambda **k: np.asanyarray([1.0, 2.0], **k),
    "ascontiguousarray": lambda **k: np.ascontiguousarray(np.ones((2, 3)).T, **k),
    "asfortranarray": lambda **k: np.asfortranarray(np.ones((2, 3)), **k),
    "require": lambda **k: np.require(np.ones((2, 3)), float, ["F", "O"], **k),
    "ascontiguousarray of a row": lambda **k: np.ascontiguousarray([1.0, 2.0], **k),
    "asfortranarray of a row": lambda **k: np.asfortranarray([1.0, 2.0], **k),
    "fromiter nothing": lambda **k: np.fromiter(iter([0.5]), float, 0, **k),
    "require C": lambda **k: np.require(np.ones((2, 3)).T, None, "C", **k),
    "fromfunction": lambda **k: np.fromfunction(lambda i, j: i + 0.5 * j, (2, 3), **k),
    "fromiter": lambda **k: np.fromiter((0.5 * i for i in range(9)), float, 4, **k),
    "frombuffer": lambda **k: np.frombuffer(np.arange(3.0).tobytes(), **k),
    "fromstring": lambda **k: np.fromstring("1.5 2.5", sep=" ", **k),
    "fromfile": lambda **k: _from_file(**k),
    "loadtxt": lambda **k: np.loadtxt(io.StringIO("1.5 2\n3 4"), **k),
    "genfromtxt": lambda **k: np.genfromtxt(io.StringIO("1.5,2\n3,4"), delimiter=",", **k),
}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("like", LIKES)
def test_like(maker: str, like: str) -> None:
    make = MAKERS[maker]
    expected = make()

    def compare(x: Any, value: Any, tangents: Any, many: tuple[int, ...]) -> None:
        assert isinstance(x, DualArray)
        np.testing.assert_array_equal(value, expected)
        assert x.dtype == expected.dtype
        assert x.flags.f_contiguous == expected.flags.f_contiguous
        np.testing.assert_array_equal(tangents, np.zeros(many + expected.shape))

    if LIKES[like] is not None:
        x = make(like=LIKES[like])
        assert x.level == LIKES[like].level
        compare(
            x,
            x.primal,
            x.tangent,
            (2,) if like in ("directions", "element") else (),
        )
        return

    def outer(a: Any) -> Any:
        def inner(b: Any) -> Any:
            x = make(like=a * b)
            compare(x, x.primal.primal, x.tangent.tangent, ())
            return b

        return derivative(inner)(2.0) + 0 * a

    derivative(outer)(1.0)


@pytest.mark.parametrize("requirements", [None, "C", "F", "O", "W", "CO"])
def test_require_copies_where_numpy_does(requirements: str | None) -> None:
    a = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    x = Dual(a.copy(), a)
    for part in (lambda v: v, lambda v: v[1:], lambda v: v[:, :1]):
        got = np.require(part(x), None, requirements, like=x)
        expected = np.require(part(a), None, requirements)
        assert np.shares_memory(got.primal, x.primal) == np.shares_memory(expected, a)
        np.testing.assert_array_equal(got.tangent, expected)


@pytest.mark.parametrize("make", [np.zeros, np.empty, np.ones])
@pytest.mark.parametrize("number", [False, True])
def test_a_loop_that_fills_an_array(make: Any, number: bool) -> None:
    def f(x: Any) -> Any:
        out = make(len(x), like=x[0] if number else x)
        out[0] = x[0] ** 2
        for i in range(1, len(x)):
            out[i] = x[i] ** 2 * out[i - 1]
        return out

    def total(x: Any) -> Any:
        return f(x)[-1]

    np.testing.assert_allclose(
        jacobian(f)(X),
        [
            [2 * X[0], 0, 0],
            [2 * X[0] * X[1] ** 2, 2 * X[1] * X[0] ** 2, 0],
            2 * np.prod(X) ** 2 / X,
        ],
        rtol=1e-14,
    )
    expected = 4 * np.prod(X) ** 2 / np.outer(X, X) - np.diag(2 * np.prod(X) ** 2 / X**2)
    np.testing.assert_allclose(hessian(total)(X), expected, rtol=1e-14)


def test_array_keeps_tangents() -> None:
    x = DOUBLE
    for y in (
        np.array([x[0], 1.0], like=x),
        np.asarray([x[0], 1.0], like=x),
        np.fromiter([x[0], 1.0], float, like=x),
        np.fromfunction(lambda i: x[:2] * (1 - i) + i, (2,), like=x)[[0, 1]],
        np.full(2, [x[0], 1.0], like=x),
    ):
        assert isinstance(y, DualArray)
        np.testing.assert_array_equal(y.primal, [X[0], 1.0])
        np.testing.assert_array_equal(y.tangent, [[1.0, 0.0]] * 2)
    copy = np.array(x, like=x)
    copy[0] = 7.0
    assert x[0] == X[0]
    assert np.asarray(x, like=x) is x
    assert np.array(x, np.float32, like=x).dtype == np.float32
    assert np.array(x, complex, ndmin=3, like=x).shape == (1, 1, 3)
    assert np.asfortranarray(Dual(np.ones((2, 2)), np.ones((2, 2))), like=x).flags.f_contiguous
    assert np.array(x[0], like=x).shape == np.copy(x[0]).shape == ()
    assert np.empty_like(x, np.float32).dtype == np.float32
    assert np.array([x, x], order="F", like=x).flags.f_contiguous


def test_the_plain_array_of_somebody_is_copied() -> None:
    data = np.ones(2)
    y = np.asarray(data, like=SINGLE)
    y[0] = SINGLE[1]
    assert data[0] == 1.0 and y[0].tangent == 1.0


def test_arrays_of_integers_are_plain() -> None:
    for y in (
        np.zeros(3, int, like=SINGLE),
        np.arange(3, like=SINGLE),
        np.array([1, 2], like=SINGLE),
        np.full(2, 2, like=SINGLE),
        np.full(2, SINGLE[0], int, like=SINGLE),
        np.zeros_like(SINGLE, dtype=int),
        np.full_like(SINGLE, 2, dtype=bool),
        np.array([SINGLE[0]], np.int64, like=SINGLE),
        np.asarray(SINGLE, dtype=bool, like=SINGLE),
    ):
        assert type(y) is np.ndarray and y.dtype.kind in "iub"
    with pytest.raises(TypeError, match="an array of <U9 would lose the derivatives; give a"):
        np.array([SINGLE[0]], "U9", like=SINGLE)
    with pytest.raises(ValueError, match="count is 5, but there are 2"):
        np.fromiter([1.0, 2.0], float, 5, like=SINGLE)


LIKE = {"zeros_like": 0.0, "ones_like": 1.0, "empty_like": 0.0, "full_like": 2.5}


@pytest.mark.parametrize("name", LIKE)
@given(
    st.sampled_from([None, np.float32, float, complex]),
    st.sampled_from("CFAK"),
    st.sampled_from([None, (4,), (3, 2), ()]),
    st.booleans(),
)
def test_of_the_same_kind(name: str, dtype: Any, order: str, shape: Any, several: bool) -> None:
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    x = Dual(array, np.ones((2, 2, 3)) if several else np.ones((2, 3)))
    fill = (2.5,) if name == "full_like" else ()
    options: dict[str, Any] = {"dtype": dtype, "order": order, "subok": False, "shape": shape}
    y = getattr(np, name)(x, *fill, **options, device="cpu")
    expected = getattr(np, name)(array, *fill, **options)
    assert y.level == x.level and y.dtype == expected.dtype
    assert y.flags.f_contiguous == expected.flags.f_contiguous
    np.testing.assert_array_equal(y.primal, np.full_like(expected, LIKE[name]))
    np.testing.assert_array_equal(y.tangent, np.zeros((2,) * several + expected.shape))
    y[...] = 2.0  # nothing else holds it
    assert (x.primal == array).all()


def test_full_like_with_a_dual() -> None:
    for y in (np.full_like(SINGLE, SINGLE[1]), np.full_like(SINGLE, [SINGLE[1]] * 3)):
        np.testing.assert_array_equal(y.primal, np.full(3, X[1]))
        np.testing.assert_array_equal(y.tangent, np.ones(3))
    assert (
        derivative(lambda a: derivative(lambda b: np.full_like(a * X, b).sum() * a)(1.0))(2.0) == 3
    )
    assert (
        derivative(lambda a: derivative(lambda b: np.full_like(b * X, a).sum() * b)(1.0))(2.0) == 3
    )


def test_copy() -> None:
    x = Dual(np.arange(6.0).reshape(2, 3), np.ones((2, 3)))
    for order in "CFAK":
        y = np.copy(x, order, subok=True)
        assert y.flags.f_contiguous == (order == "F")
        y[0, 0] = 5.0
    assert x[0, 0] == 0.0 and x[0, 0].tangent == 1.0


# -- functions of functions ----------------------------------------------------------------


def test_vectorize() -> None:
    @np.vectorize
    def relu_like(a: Any, b: Any) -> Any:
        return math.pi * a if a < b else np.exp(b)

    j = jacobian(lambda x: relu_like(x, 1.0) * x)(X)
    np.testing.assert_allclose(j, np.diag([0.6 * math.pi, math.e, math.e]), rtol=1e-14)

    norms = np.vectorize(lambda v: np.sqrt(v @ v), signature="(n)->()")
    rows = np.array([[3.0, 4.0], [1.0, 0.0]])
    j = jacobian(lambda t: norms(t * rows))(2.0)
    np.testing.assert_allclose(j, [5.0, 1.0])
    powers = np.vectorize(lambda v: np.stack([v, v * v]), signature="(n)->(m,n)")
    np.testing.assert_allclose(jacobian(powers)(X)[1], np.diag(2 * X))
    excluded = np.vectorize(lambda a, n: a**n, excluded=["n"])
    np.testing.assert_allclose(derivative(lambda x: excluded(x, n=3))(X), 3 * X**2)


def test_frompyfunc_and_fromfunction_and_apply_along_axis() -> None:
    cube = np.frompyfunc(lambda a: a * a * a, 1, 1)
    np.testing.assert_allclose(derivative(cube)(X), 3 * X**2)
    np.testing.assert_allclose(hessian(lambda x: np.sum(cube(x)))(X), np.diag(6 * X))
    times = np.frompyfunc(lambda a, b: a * b, 2, 1)
    np.testing.assert_allclose(grad(times.reduce)(X), np.prod(X) / X)
    np.testing.assert_allclose(
        jacobian(lambda x: times.outer(x, [1.0, 2.0]))(X)[:, 1], 2 * np.eye(3)
    )
    halves = np.frompyfunc(lambda a: (a / 2, 3.0), 1, 2)
    assert jacobian(halves)(2.0) == (0.5, 0.0)
    j = jacobian(lambda t: np.fromfunction(lambda i, j: t * i + j, (2, 3)))(1.5)
    np.testing.assert_allclose(j, [[0, 0, 0], [1, 1, 1]])
    j = jacobian(lambda t: np.apply_along_axis(np.cumsum, 1, t * np.ones((2, 2))))(1.5)
    np.testing.assert_allclose(j, [[1, 2], [1, 2]])


INDEXED: dict[str, Any] = {
    "r_": lambda x: np.r_[x, 1.0],
    "r_ of numbers": lambda x: np.r_[x[0], x[1], 2],
    "r_ and an integer": lambda x: np.r_[x, 1],
    "r_ along a new axis": lambda x: np.r_["0,2", x, x],
    "r_ with places": lambda x: np.r_["1,2,0", x, x],
    "r_ of a list": lambda x: np.r_[[x[0], 1], x],
    "r_ of single precision": lambda x: np.r_[x, np.ones(2, np.float32)],
    "r_ of a Python float": lambda x: np.r_[float(x[0]), np.float32(2)],
    "r_ of a complex one": lambda x: np.r_[x, x * 1j],
    "r_ of points": lambda x: np.r_[x[0] : 5 : 3j],
    "r_ of steps": lambda x: np.r_[x[0] : 9 : 2.0],
    "in a variable": lambda x: next(joined[x, q] for joined in [np.r_] for q in x),
    "c_": lambda x: np.c_[x, x],
    "c_ of numbers": lambda x: np.c_[x[0], x[1]],
    "c_ and a column": lambda x: np.c_[x[:, None], x],
    "c_ and integers": lambda x: np.c_[x, 1:3],
    "mgrid of points": lambda x: np.mgrid[0 : x[0] : 3j],
    "mgrid of two": lambda x: np.mgrid[0 : x[0] : 3j, 0:2],
    "mgrid of steps": lambda x: np.mgrid[x[0] : 6.0],
    "ogrid": lambda x: np.ogrid[0 : x[0] : 3j, x[1] : 2 : 2j][0],
    "arange with None": lambda x: np.arange(x[0], 9.0, None) * np.arange(x[1], None)[1],
    "indices": lambda x: store_in(np.indices((2, 2), float), x[0]),
}


def store_in(y: Any, x: Any) -> Any:
    y[0, 0] = x
    return y


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("name", INDEXED)
def test_brackets_that_make_arrays(name: str, kind: Any) -> None:
    """In lifted code they give arrays of numbers, which show what those of plain numbers show."""
    f = INDEXED[name]
    x, v = np.array([2.125, 3.25], kind), np.array([1.0, -0.5], kind)
    value, slope = jvp(f, (x,), (v,))
    want = f(x)
    assert (value.dtype, value.strides) == (want.dtype, want.strides)
    np.testing.assert_array_equal(value, want)
    h = kind(2.0**-9)
    np.testing.assert_allclose(slope, (f(x + h * v) - f(x - h * v)) / (2 * h), atol=1e-5)
    kinds = []
    jvp(lambda x: kinds.append(f(x).dtype) or x, (x,), (v,))
    assert set(kinds) == {want.dtype}


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_brackets_that_make_matrices() -> None:
    with pytest.raises(TypeError, match="duals do not go with matrix arrays"):
        jvp(lambda x: np.r_["r", x, x], (np.ones(2),), (np.ones(2),))


@pytest.mark.parametrize(
    "join",
    [np.array, np.stack, np.hstack, np.sum, np.mean, np.block],
    ids=lambda f: f.__name__,
)
def test_a_complex_number_beside_a_real_array_without_axes(join: Any) -> None:
    def f(x: Any) -> Any:
        return join([x, np.array(0.45)])

    z = 0.3 - 0.4j
    value, slope = jvp(f, (z,), (1 + 0.5j,))
    np.testing.assert_array_equal(value, f(z))
    np.testing.assert_allclose(slope, (f(z + 1 + 0.5j) - f(z)), atol=1e-15)  # for f is linear
