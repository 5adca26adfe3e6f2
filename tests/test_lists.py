"""Ufuncs on lists of numbers, some of which are differentiated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support.both import bits

from dualad import derivative, grad, jacobian, jvp, value_and_grad

SMOOTH = (
    "exp",
    "sqrt",
    "sin",
    "cosh",
    "log1p",
    "arctan",
    "expm1",
    "arcsinh",
    "square",
    "reciprocal",
)
STEP = 1e-30


@pytest.mark.parametrize("lift", [None, True])
@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_ones_against_a_complex_step(name: str, lift: bool | None) -> None:
    f: Any = getattr(np, name)

    def g(x: Any) -> Any:
        return f([x, 0.25, [x, 1.0][0] * 2])

    value, slope = jvp(g, (0.7,), (1.0,), lift=lift)
    assert bits(value) == bits(g(0.7))
    np.testing.assert_allclose(slope, np.imag(g(0.7 + STEP * 1j)) / STEP, rtol=1e-15)


def hypotenuse(x: Any) -> Any:
    return np.hypot([x, 3.0], (4.0, x))


def angle(x: Any) -> Any:
    return np.arctan2([[x], [1.0]], [2.0, x])


def either(x: Any) -> Any:
    return np.logaddexp([x, 0.0], 1.0)


@pytest.mark.parametrize(
    ("f", "x", "slopes"),
    [
        (hypotenuse, 3.0, [3 / 5, 3 / math.hypot(3, 3)]),
        (angle, 0.5, [[2 / 4.25, 0.0], [0.0, -1 / 1.25]]),
        (either, 1.0, [0.5, 0.0]),
    ],
)
def test_of_two_arguments(f: Any, x: float, slopes: Any) -> None:
    if f is angle:  # the upper right corner is arctan2(x, x), the lower left one a constant
        assert f(x)[0][1] == math.pi / 4 and f(x)[1][0] == math.atan2(1, 2)
    value, slope = jvp(f, (x,), (1.0,))
    assert bits(value) == bits(f(x))
    np.testing.assert_allclose(slope, slopes, rtol=1e-15, atol=1e-16)


def test_questions_and_steps_have_plain_answers() -> None:
    def f(x: Any) -> Any:
        if not np.isfinite([x, 1.0]).all() or np.isnan([x]).any() or np.signbit([x])[0]:
            return 0.0 * x
        return x * float(np.floor([x, 2.5]).sum())

    assert value_and_grad(f)(3.7) == (f(3.7), 5.0)


def test_of_vectors_and_at_higher_order() -> None:
    def f(v: Any) -> Any:
        return np.sum(np.sqrt([v[0], 4.0, v[1]]) * [1.0, 2.0, 3.0])

    np.testing.assert_allclose(grad(f)(np.array([4.0, 9.0])), [0.25, 0.5])
    assert derivative(lambda x: np.sum(np.exp([x, 2.0 * x])), order=2)(0.0) == 5.0
    assert jacobian(lambda x: np.log([x, x * x]))(2.0).tolist() == [0.5, 1.0]


def test_ufuncs_of_scipy() -> None:
    scipy_special = pytest.importorskip("scipy.special")
    mpmath = pytest.importorskip("mpmath")
    value, slope = value_and_grad(lambda x: scipy_special.gammaln([x, 2.5, x * x]).sum())(3.3)
    assert value == scipy_special.gammaln([3.3, 2.5, 3.3 * 3.3]).sum()
    true = mpmath.psi(0, 3.3) + 6.6 * mpmath.psi(0, mpmath.mpf(3.3) ** 2)
    assert abs(slope - float(true)) < 1e-14
    of_dimension_2 = derivative(lambda a: scipy_special.multigammaln(a, 2))(3.3)
    assert abs(of_dimension_2 - float(mpmath.psi(0, 3.3) + mpmath.psi(0, 2.8))) < 1e-14
    found = grad(lambda x: scipy_special.jv([0, 1], [x, 2 * x])[1], mode="reverse")(0.7)
    true = 2 * mpmath.besselj(1, 1.4, derivative=1)
    assert abs(found - float(true)) < 1e-15


def test_words_for_lists_that_stay_as_they_are() -> None:
    with pytest.raises(TypeError) as failed:
        derivative(lambda x: np.sum(np.exp([x, 0.25])), lift=False)(1.0)
    assert "NumPy made an array of objects of duals" in "".join(failed.value.__notes__)


@pytest.mark.parametrize("f", [np.union1d, np.append, lambda a, b: np.where(a > 1, a, b)])
def test_what_arrays_of_objects_have_lost_is_noticed(f: Any) -> None:
    w = np.array([0.9, 2.0])

    def g(w: Any) -> Any:
        return f(w, np.exp(1j * np.asarray(w)).imag)  # of objects: zeros, before NumPy 2.5

    if np.array([1j], object).imag[0] == 1:
        steps = [(g(w + d) - g(w - d)) / 2e-6 for d in 1e-6 * np.eye(2)]
        np.testing.assert_allclose(jacobian(g, lift=False)(w), np.stack(steps, -1), atol=1e-8)
        return
    with pytest.raises(TypeError, match="an array of objects of duals"):
        jacobian(g, lift=False)(w)


def test_errors_of_numpy_say_so_whatever_else_was_refused() -> None:
    def f(z: Any) -> Any:
        return np.frexp(np.linalg.norm(np.asarray(z)))[0]  # of a complex number, where it was real

    with pytest.raises(TypeError) as failed:
        jvp(f, (np.array([1 + 2j]),), (np.ones(1),), lift=False)
    assert "NumPy made an array of objects of duals" in "".join(failed.value.__notes__)


def test_arrays_of_objects_stay_numpys_own() -> None:
    def f(x: Any) -> Any:
        math.exp(0.0)  # lifted
        return np.add(np.array([x, 1.0], dtype=object), [2.0, x])[0] * x

    assert value_and_grad(f)(3.0) == (f(3.0), 8.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: (np.arange(2) % 2).choose([x, -x]),
        lambda x: np.array([1, 0]).choose([x[0], x[1]]),
        lambda x: np.arange(3.0).clip([x[0], 0.0, 0.0], 2.0),
        lambda x: np.arange(3.0).clip(max=[x[0], 0.5, 1.0]),
        lambda x: np.ones(3).dot([x[0], 1.0, x[1]]),
    ],
)
def test_methods_of_plain_arrays_take_lists(f: Any) -> None:
    """And what comes out is an array of numbers, as of plain ones."""
    x, kinds = np.array([0.75, 1.5]), []
    value, slope = jvp(lambda x: kinds.append(f(x).dtype) or f(x), (x,), (x,), lift=True)
    np.testing.assert_array_equal(value, f(x))
    h = 2.0**-20
    np.testing.assert_allclose(slope, (f(x + h * x) - f(x - h * x)) / (2 * h))
    assert set(kinds) == {np.dtype(float)}


OF_ONE_ARRAY = (
    *(np.transpose, np.matrix_transpose, np.flip, np.ravel, np.cumsum, np.squeeze),
    *(
        lambda rows: np.roll(rows, 1),
        lambda rows: np.repeat(rows, 2),
        lambda rows: np.tile(rows, 2),
    ),
    *(lambda rows: np.take(rows, [1, 0], 1), lambda rows: np.expand_dims(rows, 0)),
    *(lambda rows: np.swapaxes(rows, 0, 1), lambda rows: np.moveaxis(rows, 0, 1)),
    lambda rows: np.reshape(rows, -1),
)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("kind", [list, tuple])
def test_rows_where_one_array_is_meant(kind: Any, mode: Any) -> None:
    x = np.linspace(0.3, 1.7, 4)
    for f in OF_ONE_ARRAY:

        def g(x: Any, f: Any = f) -> Any:
            y = f(kind([x, x * x]))
            return np.sum(y * np.arange(1.0, y.size + 1).reshape(y.shape))

        value, slope = value_and_grad(g, mode=mode)(x)
        assert bits(value) == bits(g(x))
        np.testing.assert_allclose(slope, [np.imag(g(x + r)) / STEP for r in 1j * STEP * np.eye(4)])


OF_UFUNCS = ("add", "multiply", "maximum", "minimum", "logaddexp", "logaddexp2", "hypot")


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("kind", [list, tuple])
@pytest.mark.parametrize("name", OF_UFUNCS)
def test_methods_of_ufuncs_take_lists(name: str, kind: Any, mode: Any) -> None:
    ufunc = getattr(np, name)
    for f in (
        lambda x: ufunc.reduce(kind([x[0], x[1], 1.0])),
        lambda x: ufunc.reduce(kind([x, x[::-1] * 2])),
        lambda x: ufunc.reduce(kind([x, x[::-1] * 2]), axis=1, keepdims=True),
        lambda x: ufunc.accumulate(kind([x[0], x[1], x[2]])),
        lambda x: ufunc.accumulate(kind([x, x * x])),
        lambda x: ufunc.outer(kind([x[0], 2.0]), kind([x[1], x[2]])),
    ):

        def g(x: Any, f: Any = f) -> Any:
            y = f(x)
            return np.sum(y * np.arange(1.0, np.size(y) + 1).reshape(np.shape(y)))

        x = np.array([0.3, 1.1, 0.7])
        value, slope = value_and_grad(g, mode=mode)(x)
        assert bits(value) == bits(g(x))
        h = 2.0**-18
        right = [(g(x + h * e) - g(x - h * e)) / (2 * h) for e in np.eye(3)]
        np.testing.assert_allclose(slope, right, rtol=1e-8, atol=1e-8)


BESIDE_NUMBERS_OF_NUMPY = (
    *(lambda v, x: v + list(x), lambda v, x: list(x * x) + v, lambda v, x: v - (x, x)),
    *(lambda v, x: (1.0, x[1]) / v, lambda v, x: v / [1.0, 2.0], lambda v, x: [1.0, x[1]] ** v),
    *(lambda v, x: v % [0.23, 0.57], lambda v, x: v // [0.23, 0.57]),
    lambda v, x: x[0] * (v > [0, 1]),
)


@pytest.mark.parametrize("lift", [None, False, True])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_lists_beside_numbers_of_numpy(mode: Any, lift: bool | None) -> None:
    x = np.array([0.3, 1.1])
    for number in (lambda x: x[0], lambda x: abs(x[0]), np.sum):
        for f in BESIDE_NUMBERS_OF_NUMPY:

            def g(x: Any, f: Any = f, number: Any = number) -> Any:
                y = f(number(x), x)
                return np.sum(y * np.arange(1.0, y.size + 1).reshape(y.shape))

            value, slope = value_and_grad(g, mode=mode, lift=lift)(x)
            assert bits(value) == bits(g(x))
            h = 2.0**-18
            right = [(g(x + h * e) - g(x - h * e)) / (2 * h) for e in np.eye(2)]
            np.testing.assert_allclose(slope, right, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("f", [lambda x: x * [1.0, 2.0], lambda x: (1.0, 2.0) * x])
def test_lists_are_repeated_by_whole_numbers_only(f: Any) -> None:
    for x in (0.5, np.float64(0.5)):
        for run in (f, derivative(f)):
            with pytest.raises(TypeError):
                run(x)
