"""What the drivers promise beyond the chain rule, each promise with code that is right beside it."""

from __future__ import annotations

import array
import contextlib
import copy
import functools
import math
import operator
import os
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpc, mpf
from support.both import PACKAGES
from support.cases import told
from support.processes import run_python

import dualad
from dualad import (
    Dual,
    NotDeterministicError,
    derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    promises,
    value_and_grad,
)
from dualad.differentiations import close_level, is_over, open_level
from dualad.levels import fresh_level
from dualad.pair import dual

both = pytest.mark.parametrize("package", PACKAGES, ids=["dualad", "pure"])

SWALLOWED = "the function caught an error by which a dual had refused"
ESCAPED = "met a dual of a differentiation that is over"


# -- nan -----------------------------------------------------------------------------------


@both
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_nan_outputs_have_nan_derivatives(package: ModuleType) -> None:
    d, grad, jacobian = package.derivative, package.grad, package.jacobian
    for f, x in (
        (np.log, -1.0),
        (np.arctanh, 2.0),
        (lambda t: t * math.nan, 3.0),
        (lambda t: np.sqrt(t) * 1j, -2.0),
        (lambda t: math.nan, 3.0),  # a constant
        (package.log, np.float64(-1.0)),
    ):
        assert np.isnan(d(f)(x))
        assert np.isnan(d(f, order=2)(x))
        assert np.isnan(package.jvp(f, (x,), (1.0,))[1])
        assert np.isnan(grad(lambda v, f=f: np.real(f(v[0])) + v[1])([x, 1.0])).all()
    x = np.array([-1.0, 4.0])
    np.testing.assert_array_equal(d(np.log)(x), [np.nan, 0.25])
    np.testing.assert_array_equal(d(np.log)(x), [np.nan, 0.25])  # the second time, in C
    np.testing.assert_array_equal(d(np.log, order=2)(x), [np.nan, -1 / 16])
    np.testing.assert_array_equal(jacobian(np.log)(x), [[np.nan, np.nan], [0, 0.25]])
    value, slopes = package.value_and_grad(lambda v: np.sum(np.log(v)))(x)
    assert np.isnan(value) and np.isnan(slopes).all()
    value, slopes = package.value_and_grad(lambda v: np.std(v, ddof=1))(np.array([2.0]))
    assert np.isnan(value) and np.isnan(slopes).all()
    for point in (x, [-1.0, 4.0]):
        h = package.hessian(lambda v: np.log(v[0]) * v[1])(point)
        assert np.isnan(h).all()
    rows = jacobian(lambda v: [np.log(v[0]), v[1] ** 2])([-1.0, 4.0])
    assert np.isnan(rows[0]).all() and rows[1] == [0.0, 8.0]


@both
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_a_nan_that_is_not_chosen_does_not_reach_an_output(package: ModuleType) -> None:
    x = np.array([-1.0, 4.0])
    f = lambda v: np.where(v > 0, np.log(v), v * 3)  # noqa: E731
    assert package.derivative(f)(x).tolist() == [3.0, 0.25]
    assert package.grad(lambda v: np.nansum(np.log(v)))(x).tolist() == [0.0, 0.25]
    assert package.derivative(lambda t: 0.0 if np.log(t) != np.log(t) else t)(-1.0) == 0.0
    assert package.derivative(np.log)(0.0) == np.inf  # -inf has a slope


def test_nan_in_other_number_systems() -> None:
    assert mp.isnan(derivative(lambda t: t * mpf("nan"))(mpf(2)))
    found = derivative(lambda v: v * np.float32(np.nan))(np.ones(2, np.float32))
    assert found.dtype == np.float32 and np.isnan(found).all()
    assert derivative(lambda t: t * t)(mpf(3)) == 6


# -- complex -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [np.conj, abs, np.real, np.imag, lambda z: z * z.conjugate(), lambda z: z + np.angle(z)],
    ids=["conj", "abs", "real", "imag", "z·conj z", "angle"],
)
@pytest.mark.parametrize("z", [3 + 4j, np.complex128(1 + 2j), np.array([1 + 2j, 3j])], ids=repr)
def test_no_derivative_where_it_depends_on_the_direction(f: Any, z: Any) -> None:
    for driver in (derivative, jacobian):
        with pytest.raises(TypeError, match=f"{driver.__name__}: the function is not holomorphic"):
            driver(f)(z)  # type: ignore[operator]
    value, slope = jvp(f, (z,), (0 * z + 1,))  # along a direction there is one
    np.testing.assert_array_equal(value, f(z))
    near = (f(z + 1e-6) - f(z - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope, near, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_nor_where_it_where_infinite_in_one_direction_alone(mode: Any) -> None:
    z = np.array([-1 + 2j, 1 + 0.5j])
    with pytest.raises(TypeError, match="not holomorphic"):
        jacobian(lambda z: np.abs(np.inf - z) ** 2, mode=mode)(z)
    assert np.isinf(np.diag(jacobian(lambda z: np.inf * z, mode=mode)(z))).all()


@pytest.mark.parametrize("z", [3 + 4j, np.complex128(1 + 2j), np.array([1 + 2j, 3j])], ids=repr)
def test_holomorphic_detours_are_not_refused(z: Any) -> None:
    for f, slope in (
        (lambda z: np.exp(1j * z), lambda z: 1j * np.exp(1j * z)),
        (lambda z: (np.real(z) + 1j * np.imag(z)) ** 2, lambda z: 2 * z),
        (lambda z: np.conj(np.conj(z) ** 3), lambda z: 3 * z**2),
        (lambda z: abs(z) ** 2 / np.conj(z), lambda z: 1 + 0 * z),
        (lambda z: z * abs(np.ones(np.shape(z)) * 3j), lambda z: 3 + 0 * z),
        (lambda z: 1 / z, lambda z: -1 / z**2),
        (lambda z: 0 * z + 2, lambda z: 0 * z),
    ):
        np.testing.assert_allclose(derivative(f)(z), slope(z), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(derivative(lambda z: z**4, order=3)(z), 24 * z, rtol=1e-13)
    assert type(derivative(lambda z: z**2)(3 + 4j)) is complex


def test_real_inputs_may_go_through_complex_numbers() -> None:
    f = lambda t: np.abs(np.exp(1j * t) + 2)  # noqa: E731
    expected = -2 * np.sin(0.3) / np.sqrt(5 + 4 * np.cos(0.3))
    assert derivative(f)(0.3) == pytest.approx(expected, rel=1e-14)
    assert derivative(lambda t: np.real(np.exp(1j * t)))(0.3) == pytest.approx(-np.sin(0.3))
    j = jacobian(lambda v: np.abs(v * 1j))(np.array([2.0, -3.0]))
    assert j.tolist() == [[1, 0], [0, -1]]


def test_gradients_of_real_functions_of_complex_numbers() -> None:
    """∂/∂x − i·∂/∂y, as in jax."""
    z = np.array([1 + 2j, 3j])
    got = grad(lambda z: np.sum(np.abs(z) ** 2))(z)
    np.testing.assert_allclose(got, [2 - 4j, -6j], rtol=1e-14, atol=1e-15)
    assert grad(np.imag)(2 + 1j) == -1j and grad(np.real)(2 + 1j) == 1
    value, slopes = value_and_grad(lambda p: abs(p["z"]) * p["r"] ** 2)({"z": 3 + 4j, "r": 2.0})
    assert value == 20 and slopes["r"] == 20.0 and type(slopes["r"]) is float
    assert slopes["z"] == pytest.approx(4 * (0.6 - 0.8j), rel=1e-14)
    a, b = grad(lambda a, b: np.sum(a * np.real(b)), argnums=(0, 1))(np.array([1.0, 2.0]), z)
    assert a.dtype == float and a.tolist() == [1, 0]
    assert b.tolist() == [1, 2]
    many = np.arange(600) * (1 + 1j)
    np.testing.assert_allclose(grad(lambda z: np.sum(abs(z) ** 2))(many), 2 * many.conj())
    with mp.workdps(30):
        exact = grad(lambda z: z.real**2 + z.imag * 3)(mpc(2, 1))
        assert exact == mpc(4, -3)


def test_complex_jacobians_in_every_chunk_and_by_workers() -> None:
    z = np.array([1 + 2j, 3j, 0.5])
    expected = np.array([[0, 2 * z[1], 1], [z[2], 0, z[0]]])
    g = lambda z: np.stack([z[1] ** 2 + z[2], z[0] * z[2]])  # noqa: E731
    with ThreadPoolExecutor(2) as pool:
        for options in ({}, {"chunk": 1}, {"chunk": 2}, {"workers": pool.map}):
            got = jacobian(g, **options)(z)
            np.testing.assert_allclose(got, expected, rtol=1e-15, atol=1e-15)
            with pytest.raises(TypeError, match="not holomorphic"):
                jacobian(lambda z: g(z) + np.conj(z[:2]), **options)(z)
    out = np.zeros((2, 3), complex)
    np.testing.assert_allclose(jacobian(g, out=out)(z), expected)
    rows = jacobian(lambda p: p[0] * p[1] ** 2)([2.0, 1j])  # a real and a complex number
    assert rows == [-1, 4j]


# -- elementwise ---------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    "f",
    [
        lambda v: np.exp(v) / np.exp(v).sum(),
        lambda v: v - v.mean(),
        lambda v: v[::-1],
        np.cumsum,
        lambda v: v * v[0],
        np.sort,
    ],
    ids=["softmax", "centred", "reversed", "cumsum", "first", "sort"],
)
def test_what_is_not_elementwise_has_no_derivative(package: ModuleType, f: Any) -> None:
    x = np.array([4.0, 3.0])
    for _ in range(2):
        with pytest.raises(ValueError, match="derivative of an array needs an elementwise"):
            package.derivative(f)(x)
    assert package.jacobian(f)(x).shape == (2, 2)


@both
def test_a_second_direction_is_taken_where_elements_may_be_put_together(
    package: ModuleType,
) -> None:
    d = package.derivative
    directions = []

    def noted(f: Any) -> Any:
        def g(v: Any) -> Any:
            directions.append(np.ndim(v.tangent) - np.ndim(v))
            return f(v)

        return g

    def stored(v: Any) -> Any:
        y = np.zeros_like(v)
        y[v > 3] = v[v > 3] ** 2
        return y

    x = np.array([3.0, 4.0])
    f = noted(lambda v: np.exp(v) * v)
    for again in (d(f), lambda x: d(f)(x)):
        for _ in range(3):
            assert again(x).tolist() == (np.exp(x) * x + np.exp(x)).tolist()
    assert directions == [1, 0, 0, 0, 0, 0]
    directions.clear()
    f = noted(stored)
    for again in (d(f), lambda x: d(f)(x)):
        for _ in range(3):
            assert again(x).tolist() == [0.0, 8.0]
    assert directions[1:] == [1] * 5
    g = d(lambda v: np.where(v > 3, v**2, 7 * v) + np.sum(np.ones(3)))
    assert g(x).tolist() == [7, 8] == g(x).tolist()
    assert d(np.sin)(x).tolist() == np.cos(x).tolist()
    assert d(lambda v, w: v * w.sum())(x, x).tolist() == [7, 7]
    with pytest.raises(ValueError, match="elementwise"):
        d(lambda v, w: v * w.sum(), 1)(x, x)
    assert d(lambda t: t * np.sum(x))(2.0) == 7.0  # of a number
    assert d(f)(np.array(5.0)) == 10.0


@both
@pytest.mark.parametrize("order", "CFK")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_second_direction_lies_as_the_array_does(
    package: ModuleType, order: Any, dtype: Any
) -> None:
    x = np.arange(1.0, 13.0, dtype=dtype).reshape(3, 4)
    x = x[:, ::2] if order == "K" else np.asarray(x, order=order)
    slope = package.derivative(lambda v: v[::-1][::-1] ** 3)
    for _ in range(3):
        got = slope(x)
        assert got.dtype == dtype
        np.testing.assert_allclose(got, 3 * x**2, 1e-6)


def by_x(x: Any, _: Any) -> Any:
    return x * x.sum() if x[0] > 5 else x * x


def by_count(x: Any, now: Any) -> Any:
    return x * x.sum() if now["count"] > 1 else x * x


def by_number(x: Any, now: Any) -> Any:
    return x * x + (now["count"] - 1.0) * x.sum()


def by_word(x: Any, now: Any) -> Any:
    return x * x if now["mode"][0].name == "apart" else x[::-1] * x


@both
@pytest.mark.parametrize("f", [by_x, by_count, by_number, by_word])
@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_what_was_elementwise_may_be_so_no_more(
    package: ModuleType, f: Any, times: int, order: int
) -> None:
    """What f does may change by what is not seen of it, and is noticed at once."""
    now = {"count": 1, "mode": [SimpleNamespace(name="apart")]}

    def of_now(x: Any) -> Any:
        return f(x, now)

    slope = package.derivative(of_now, order=order)
    x = np.array([1.0, 2.0])
    for _ in range(times):
        assert slope(x).tolist() == [2 * x, 2 + 0 * x, 0 * x][order - 1].tolist()
    now["count"], now["mode"][0].name = 2, "together"
    for again in (slope, package.derivative(of_now, order=order)):
        with pytest.raises(ValueError, match="elementwise"):
            again(np.array([6.0, 2.0]))


PUT_TOGETHER = {
    "reversed": lambda v: v[::-1],
    "index": lambda v: v[[1, 0, 2]],
    "mask": lambda v: np.concatenate([v[v < 1], v[v >= 1]]),
    "element": lambda v: v * v[0],
    "element beside numbers": lambda v: v[1] * np.ones(3),
    "list": lambda v: np.array([v[1], v[0], v[2]]),
    "objects": lambda v: np.array([v[1], v[0], v[2]], dtype=object),
    "list in a ufunc": lambda v: np.add(v, [v[1], v[0], v[2]]),
    "ufunc of objects": lambda v: np.add(v, np.array([v[1], v[0], v[2]], dtype=object)),
    "stack": lambda v: np.stack(list(v)[::-1]),
    "loop": lambda v: stored_by(np.zeros_like(v), [2, 1, 0], v),
    "loop into zeros": lambda v: stored_by(np.zeros(3), [2, 1, 0], v),
    "store of a view": lambda v: stored_by(v.copy(), [slice(2)], [v[1:]]),
    "put": lambda v: put_in(v.copy(), v),
    "copyto": lambda v: copied_to(v.copy(), v[::-1]),
    "out": lambda v: np.multiply(v, v[0], out=np.zeros_like(v)),
    "in place": lambda v: operator.iadd(v.copy(), v[0]),
    "in place with an array": lambda v: operator.imul(v.copy(), v.sum(keepdims=True)),
    "flat": lambda v: v * v.flat[1],
    "matrix": lambda v: np.ones((3, 3)) @ v,
    "reduce": lambda v: v - np.add.reduce(v),
    "accumulate": lambda v: np.multiply.accumulate(v),
    "outer": lambda v: np.multiply.outer(v, v)[0],
    "where": lambda v: np.where(v > 0, v[0], v),
    "clip": lambda v: np.clip(v, v[0], 9.0),
    "maximum": lambda v: np.maximum(v, v[0]),
    "sort": np.sort,
    "cumsum": np.cumsum,
    "fft": lambda v: np.real(np.fft.fft(v)),
    "roll": lambda v: np.roll(v, 1),
    "gradient": np.gradient,
    "take": lambda v: np.take(v, [2, 1, 0]),
    "choose": lambda v: np.choose([1, 0, 1], [v[0], v]),
    "interp": lambda v: np.interp([0.1, 0.2, 0.3], [0.0, 1.0], v[:2]),
    "apply_along_axis": lambda v: np.apply_along_axis(np.cumsum, 0, v),
    "piecewise": lambda v: np.piecewise(v, [v > 0], [lambda part: part.sum() + 0 * part]),
    "vectorize": lambda v: np.vectorize(lambda t: t * v[0])(v),
    "frompyfunc": lambda v: np.frompyfunc(lambda t: t * v[0], 1, 1)(v),
    "tuple": lambda v: (v * v, v[::-1]),
    "little beside much": lambda v: np.array([1e12, 1, 1]) * v + 1e-3 * v[0],
    "beside a power": lambda v: np.exp(v * np.array([1.0, 1.0, 20.0])) + v[::-1],
    "number of an inner derivative": lambda v: inner(lambda t: t * t * v, v[0]),
    "factor of an inner derivative": lambda v: inner(lambda t: t * v[0] * v, 2.0),
    "maximum in an inner derivative": lambda v: inner(lambda t: np.maximum(v * 0, t * v[1]), 2.0),
    "power in an inner derivative": lambda v: inner(lambda t: v ** (t * v[1]), 2.0),
}


def inner(f: Any, t: Any) -> Any:
    """The derivative of f by the package that is tested."""
    return TESTED[0].derivative(f)(t)


TESTED: list[Any] = [dualad]


def stored_by(y: Any, places: Any, v: Any) -> Any:
    for place, part in zip(places, v, strict=True):
        y[place] = part
    return y


def put_in(y: Any, v: Any) -> Any:
    np.put(y, [0], v[2])
    return y


def copied_to(y: Any, v: Any) -> Any:
    np.copyto(y, v)
    return y


@both
@pytest.mark.parametrize("name", PUT_TOGETHER)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_what_puts_elements_together_is_seen(package: ModuleType, name: str, order: int) -> None:
    """Also by the one direction that is taken where f left elements where they were."""
    TESTED[0] = package
    now = {"f": lambda v: v * v}

    def f(v: Any) -> Any:
        return now["f"](v)

    x = np.array([1.5, 0.5, 2.5])
    slope = package.derivative(f, order=order)
    for _ in range(2):
        slope(x)
    last = (lambda y: y**3) if order > 1 else lambda y: y  # or there would be nothing left of most
    now["f"] = lambda v: [
        last(y) if isinstance(y, np.ndarray) else y for y in each(PUT_TOGETHER[name](v))
    ]
    with pytest.raises(ValueError, match="elementwise"):
        pytest.fail(f"{slope(x)}")


def each(y: Any) -> Any:
    return y if isinstance(y, tuple) else (y,)


@both
def test_elements_that_an_inner_gradient_puts_together_are_seen(package: ModuleType) -> None:
    now = {"w": 0.0}
    slope = package.derivative(
        lambda v: package.grad(lambda u: (u**3 + now["w"] * u * u[0]).sum())(v)
    )
    x = np.array([1.5, 0.5, 2.5])
    for _ in range(3):
        np.testing.assert_allclose(slope(x), 6 * x)
    now["w"] = 1.0
    with pytest.raises(ValueError, match="elementwise"):
        slope(x)


@both
def test_a_text_that_was_not_read_may_be_read_later(package: ModuleType) -> None:
    now = {"count": 1}

    def f(x: Any) -> Any:
        text = repr(x)
        return x * x + (float(text) if now["count"] > 1 else 0.0 * len(text))

    slope = package.derivative(f, lift=False)
    for _ in range(3):
        assert slope(3.0) == 6.0
    now["count"] = 2
    with pytest.raises(TypeError, match="turns a dual into text"):
        slope(3.0)


# -- the same function in every pass -------------------------------------------------------


def test_passes_that_see_other_functions_are_refused() -> None:
    x = np.ones(12)
    counter = iter(range(100))
    data = np.ones(12)

    def modifies(v: Any) -> Any:
        data[0] += 1
        return v * data

    for f in (
        lambda v: v * np.random.rand(),
        lambda v: v + next(counter),
        modifies,
    ):
        with pytest.raises(NotDeterministicError, match=r"jacobian: .* other values in a later"):
            jacobian(f, chunk=4)(x)
    with pytest.raises(NotDeterministicError, match="hessian"):
        hessian(lambda v: np.sum(v**2) * np.random.rand(), chunk=4)(x)
    with pytest.raises(NotDeterministicError, match="grad"):
        grad(lambda v: v[0] * v[1] + next(counter))([mpf(1), mpf(2)])
    with pytest.raises(NotDeterministicError, match="derivative"):
        derivative(lambda a, b: a * b + next(counter), argnums=(0, 1))(1.0, 2.0)
    with pytest.raises(NotDeterministicError), ThreadPoolExecutor(2) as pool:
        jacobian(lambda v: v + next(counter), chunk=4, workers=pool.map)(x)


class Growing:
    """A function that is another one in each call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return self.calls * x

    def total(self, x: Any) -> Any:
        return np.sum(self(x) ** 2)

    def together(self, x: Any) -> Any:
        y = self(x)
        return np.concatenate([y, [np.sum(y)], np.cumsum(y)[-2:]])


@pytest.mark.parametrize("mode", [None, "forward", "reverse"])
def test_a_pattern_and_a_pass_that_see_other_functions_are_refused(mode: Any) -> None:
    x = np.linspace(1.0, 2.0, 20)
    pytest.importorskip("scipy.sparse")
    with pytest.raises(NotDeterministicError, match=r"^jacobian: .* other values in a later"):
        jacobian(Growing(), sparsity=True, mode=mode)(x)
    with pytest.raises(NotDeterministicError, match=r"^hessian: .* other values in a later"):
        hessian(Growing().total, sparsity=True, mode=mode)(x)
    with pytest.raises(NotDeterministicError, match=r"^jacobian: .* other values in a later"):
        jacobian(Growing().together, sparsity=True, mode=mode)(x)


def test_passes_that_are_nearly_the_same_are_not() -> None:
    counter = iter(range(100))
    jitter = np.random.default_rng(1)
    x = np.linspace(1.0, 2.0, 12)
    for f in (
        lambda v: v + 1e-9 * next(counter),
        lambda v: v * (1 + 4e-16 * next(counter)),
        lambda v: v + 1e-7 * jitter.random(),
    ):
        with pytest.raises(NotDeterministicError):
            jacobian(f, chunk=4, lift=True)(x)


def test_the_sum_of_unlifted_code_is_no_other_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """From Python 3.12 on, where sum() adds floats otherwise than duals; lifted code has its sum."""
    monkeypatch.setattr(promises, "UNLIFTED", 1e-4)
    x = np.linspace(1.0, 2.0, 12)

    def jittery() -> Any:
        counter = iter(range(100))
        return lambda v: v * (1 + 4e-16 * next(counter))

    def squares() -> Any:
        f = jittery()
        return lambda v: np.sum(f(v) ** 2)

    assert_allclose = np.testing.assert_allclose
    assert_allclose(jacobian(jittery(), chunk=4, lift=False)(x), np.eye(12), rtol=1e-12)
    assert_allclose(hessian(squares(), chunk=4, lift=False)(x), 2 * np.eye(12), rtol=1e-12)
    for driver, f in ((jacobian, jittery()), (hessian, squares())):
        with pytest.raises(NotDeterministicError):
            driver(f, chunk=4, lift=True)(x)


def test_a_zero_slope_along_one_argument_is_not_of_a_cache() -> None:
    """f changes with the other argument, which this pass does not move."""
    kept: dict[str, Any] = {}

    def f(a: Any, b: Any) -> Any:
        if kept.get("a") != a:  # kept, and calculated anew all the same
            kept["a"] = getattr(a, "primal", a)
        return (a - 2.0) ** 2 * b + b**2

    assert derivative(f, argnums=(0, 1))(2.0, 3.0) == (0.0, 6.0)
    assert derivative(f, argnums=(0, 1))(2.0, 3.0) == (0.0, 6.0)
    f(2.0, 3.0)
    assert grad(lambda v: f(v[0], v[1]), mode="forward")([mpf(2), mpf(3)]) == [0, 6]


def test_passes_of_an_integrator_agree_to_its_tolerances() -> None:
    from dualad.scipy.integrate import solve_ivp

    def f(v: Any) -> Any:
        values = solve_ivp(lambda t, y: -v * y, (0, 1), np.ones(3), rtol=1e-6).y[:, -1]
        return values * 2

    x = np.array([1.0, 2.0, 0.5])
    np.testing.assert_allclose(
        jacobian(f, chunk=2)(x), -2 * np.diag(np.exp(-x)), rtol=1e-4, atol=1e-9
    )
    counter = iter(range(100))
    with pytest.raises(NotDeterministicError):
        jacobian(lambda v: f(v) * (1 + next(counter) / 100), chunk=2)(x)


@both
@pytest.mark.parametrize("number", [mpf("nan"), mpf(2), float("nan")])
def test_passes_of_exact_numbers(package: ModuleType, number: Any) -> None:
    got = package.jacobian(lambda v: [v[0] * number, v[1]], chunk=1)([mpf(2), mpf(3)])
    assert got[1] == [0, 1] and (got[0][0] == number or got[0][0] != got[0][0])


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_passes_of_equal_values_are_one_function() -> None:
    calls = []

    def counts(v: Any) -> Any:
        calls.append(1)
        rng = np.random.default_rng(7)
        return np.log(v - 1) * rng.random(12) + 0 * len(calls)

    x = np.linspace(0.5, 2, 12)
    got = jacobian(counts, chunk=5)(x)  # nan in some places
    assert np.isnan(got[0]).all() and len(calls) == 3
    expected = np.random.default_rng(7).random(12) / (x - 1)
    np.testing.assert_allclose(np.diag(got)[5:], expected[5:])
    assert jacobian(lambda v: v * np.random.rand())(np.ones(3)).shape == (3, 3)  # one pass
    j = jacobian(lambda v: {"s": v[0] * v[1], "n": 3, "l": [v[1]]}, chunk=1)([mpf(2), mpf(3)])
    assert j == {"s": [3, 2], "n": [0, 0], "l": [[0, 1]]}


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize(
    ("call", "count"),
    [
        (lambda f: derivative(f)(2.0), 1),
        (lambda f: derivative(f, order=3)(2.0), 1),
        (lambda f: derivative(f)(np.ones(3)), 1),
        (lambda f: derivative(f)(1 + 2j), 1),
        (lambda f: grad(lambda v: np.sum(f(v)), mode="forward")(np.ones(300)), 2),
        (lambda f: grad(lambda v: np.sum(f(v)))(np.ones(300)), 1),  # backward
        (lambda f: grad(lambda v: f(v[0]))([1.0, 2.0]), 1),
        (lambda f: jacobian(f)(np.ones(256)), 1),
        (lambda f: jacobian(f, chunk=1)(np.ones(7)), 7),
        (lambda f: hessian(lambda v: np.sum(f(v)))(np.ones(3)), 1),
        (lambda f: jvp(f, (np.ones(300),), (np.ones(300),)), 1),
        (lambda f: hvp(lambda v: np.sum(f(v)))(np.ones(5), np.ones(5)), 1),
    ],
)
def test_how_often_a_driver_calls(call: Any, count: int) -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        return x * x

    call(f)
    assert len(calls) == count


# -- refusals that are swallowed -----------------------------------------------------------


def safe_exp(x: Any) -> Any:
    try:
        return math.exp(x)
    except Exception:
        return 1e300


def stored(x: Any) -> Any:
    a = np.zeros(2)
    with contextlib.suppress(TypeError, ValueError):
        a[0] = x
    return a.sum() + 0 * x


def no_rule(x: Any) -> Any:
    try:
        return np.nextafter(x, 7.0)
    except TypeError:
        return 2.0


def as_floats(v: Any) -> Any:
    try:
        return np.asarray(v, float) * 2
    except TypeError:
        return np.zeros(2)


@both
def test_a_refusal_that_is_swallowed_is_not_forgotten(package: ModuleType) -> None:
    p = package
    for f in (safe_exp, stored, no_rule):
        for call in (
            lambda f=f: p.derivative(f, lift=False)(1.2),
            lambda f=f: p.derivative(f, order=2, lift=False)(1.2),
            lambda f=f: p.grad(lambda v: f(v[0]) * v[1], lift=False)([1.2, 3.0]),
            lambda f=f: p.grad(lambda v: f(v[0]) * v[1], lift=False)(np.array([1.2, 3.0])),
            lambda f=f: p.value_and_grad(f, lift=False)(1.2),
            lambda f=f: p.jacobian(lambda v: [f(x) for x in v], lift=False)([1.2, 3.0]),
            lambda f=f: p.hessian(lambda v: f(v[0]) * v[1], lift=False)([1.2, 3.0]),
            lambda f=f: p.hvp(lambda v: f(v[0]) * v[1], lift=False)([1.2, 3.0], [1.0, 0.0]),
            lambda f=f: p.jvp(f, (1.2,), (1.0,), lift=False),
        ):
            with pytest.raises(TypeError, match=SWALLOWED):
                call()
    for _ in range(2):
        with pytest.raises(TypeError, match=SWALLOWED):
            p.derivative(as_floats, lift=False)(np.ones(2))


def one_over_count(x: Any) -> Any:
    known: dict[Any, float] = {}
    with contextlib.suppress(TypeError):
        known[x] = 1.0
    return 1 / (x * 0 + len(known))


def over_float(x: Any) -> Any:
    known: list[float] = []
    with contextlib.suppress(TypeError):
        known.append(array.array("d", [x])[0])
    return x / known[0]


def of_its_own_words(x: Any) -> Any:
    try:
        return 2 * x * (hash(x) != 0)
    except TypeError:
        raise ZeroDivisionError("no number") from None  # which hides what dualad has said


@both
@pytest.mark.parametrize("f", [one_over_count, over_float, of_its_own_words])
def test_an_error_after_a_refusal_that_was_swallowed_is_told_so(
    package: ModuleType, f: Any
) -> None:
    f(1.5)
    p = package
    for call in (
        lambda: p.derivative(f, lift=False)(1.5),
        lambda: p.derivative(f, order=2, lift=False)(1.5),
        lambda: p.value_and_grad(f, lift=False)(1.5),
        lambda: p.value_and_grad(f, mode="reverse", lift=False)(1.5),
        lambda: p.jacobian(f, lift=False)(1.5),
        lambda: p.hessian(lambda v: f(v[0]) * v[1], lift=False)([1.5, 3.0]),
        lambda: p.jvp(f, (1.5,), (1.0,), lift=False),
        lambda: p.vjp(f, 1.5, lift=False),
        lambda: p.taylor(f, 5, lift=False)(1.5),
        lambda: p.sparsity(lambda v: [f(v[0]), v[1]], lift=False)([1.5, 3.0]),
    ):
        with pytest.raises((ZeroDivisionError, IndexError)) as raised:
            call()
        (told,) = raised.value.__notes__
        assert "before this error, f caught another one, by which a dual refused" in told


@both
def test_an_operator_that_swallows_is_told_so(package: ModuleType) -> None:
    class Unit:
        def __rmul__(self, x: Any) -> Any:
            try:
                return float(np.array([x]).view(np.int64)[0])
            except TypeError:
                return NotImplemented

    with pytest.raises(TypeError, match="unsupported operand") as raised:
        package.derivative(lambda x: np.sin(x) * Unit(), lift=True)(1.5)
    (told,) = raised.value.__notes__
    assert "before this error, f caught another one, by which a dual refused" in told


@both
def test_a_coincidence_at_one_point_is_noticed(package: ModuleType) -> None:
    def f(x: Any) -> Any:
        try:
            return math.sin(x)
        except TypeError:
            return 0.0

    with pytest.raises(TypeError, match=SWALLOWED):
        package.derivative(f, lift=False)(0.0)
    with pytest.raises(TypeError, match=SWALLOWED):
        package.grad(lambda v: v[0] * f(v[1]), lift=False)([0.0, 0.0])
    with pytest.raises(TypeError, match=SWALLOWED):
        package.grad(lambda v: v[0] * f(v[1]), lift=False)(np.array([0.0, 2.0]))


@both
def test_code_that_swallows_and_comes_to_the_same_is_right(package: ModuleType) -> None:
    def validated(x: Any) -> Any:
        with_float = x
        with contextlib.suppress(TypeError):
            with_float = float(x)
        return with_float**2

    def either(x: Any) -> Any:
        try:
            return math.exp(x)
        except TypeError:
            return np.exp(x)

    def edge(x: Any) -> Any:  # not defined beyond 1
        if x > 1:
            raise ValueError("beyond")
        return validated(x)

    d = functools.partial(package.derivative, lift=False)
    assert d(validated)(3.0) == 6.0 and d(validated, order=2)(3.0) == 2.0
    assert d(either)(1.2) == pytest.approx(math.exp(1.2), rel=1e-15)
    assert package.grad(lambda v: validated(v[0]) * v[1], lift=False)([3.0, 2.0]) == [12.0, 9.0]
    assert package.hessian(lambda v: validated(v[0]) * v[1], lift=False)([3.0, 2.0]) == [
        [4, 6],
        [6, 0],
    ]
    assert d(edge)(1.0) == 2.0
    many = np.linspace(1, 2, 40)
    got = package.grad(lambda v: sum(validated(x) for x in v), lift=False)(many)
    np.testing.assert_allclose(got, 2 * many)


@both
def test_a_look_within_a_look_asks_for_no_more_looks(package: ModuleType) -> None:
    """Each nesting adds evaluations, and does not multiply them."""
    calls = []

    def cubes(v: Any) -> Any:
        calls.append(v)
        with contextlib.suppress(TypeError):
            np.zeros(2, int)[:] = v
        return np.sum(v**3)

    def nested(order: int) -> Any:
        if order == 0:
            return cubes
        f = nested(order - 1)
        return lambda v: package.jvp(f, (v,), (np.ones(2),), lift=False)[1]

    counts = []
    for order, want in ((1, 15.0), (2, 18.0), (3, 12.0)):
        calls.clear()
        assert nested(order)(np.array([1.0, 2.0])) == want
        counts.append(len(calls))
    first, second, third = counts
    assert third - second <= 2 * (second - first)


@pytest.mark.usefixtures("counted_looks")
@both
def test_probes_are_not_refusals(package: ModuleType) -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        return x**2 if not hasattr(x, "value") and getattr(x, "units", None) is None else 0.0

    assert package.derivative(f)(3.0) == 6.0
    assert len(calls) == 1


@pytest.mark.usefixtures("counted_looks")
@both
def test_a_dual_that_is_in_no_cache(package: ModuleType) -> None:
    """Where the plain number is in one, the plain run may be another."""
    calls, known = [], {}

    def f(x: Any) -> Any:
        calls.append(1)
        with contextlib.suppress(TypeError):
            return known[x]
        return x**2

    def g(x: Any) -> Any:
        calls.append(1)
        with contextlib.suppress(TypeError, KeyError):
            return known[x]
        return x**2

    d = functools.partial(package.derivative, lift=False)
    with pytest.raises(KeyError):  # as in the plain run
        d(f)(3.0)
    calls.clear()
    dg = d(g)
    assert dg(3.0) == 6.0 and len(calls) > 1
    assert dg(3.5) == 7.0
    calls.clear()
    assert dg(4.0) == 8.0 and len(calls) == 1  # it has been looked at
    assert package.grad(g)(5.0) == 10.0
    known[6.0] = 1.0
    with pytest.raises(TypeError, match=SWALLOWED):
        package.value_and_grad(lambda x: g(x) * x)(6.0)
    with pytest.raises(TypeError, match="unhashable") as info:  # nobody has caught it
        d(lambda x: {x: 1}[x])(3.0)
    assert not getattr(info.value, "__notes__", ())
    assert package.grad(lambda v: g(v[0]) * v[1])(np.array([2.0, 5.0])).tolist() == [20.0, 4.0]


@both
def test_infinite_values_tell_nothing_of_a_loss(package: ModuleType) -> None:
    def f(x: Any) -> Any:
        v = np.array([x, x])  # of objects
        return (v * 2 if v.dtype == float else v * 3)[0] + math.inf

    with pytest.raises(TypeError, match="an infinity that hides"):
        package.value_and_grad(f, lift=False)(1.5)
    value, slope = package.value_and_grad(f)(1.5)
    assert (value, slope) == (math.inf, 2.0)


@pytest.mark.usefixtures("counted_looks")
@both
def test_a_refusal_belongs_to_the_derivative_whose_dual_it_was(package: ModuleType) -> None:
    d = functools.partial(package.derivative, lift=False)

    def outer(x: Any) -> Any:
        try:
            inner = d(lambda y: math.exp(y))(1.0)  # only the inner derivative is refused
        except TypeError:
            inner = 3.0
        return inner * x

    calls = []
    assert d(lambda x: (calls.append(1), outer(x))[1])(2.0) == 3.0 and len(calls) == 1

    def is_refused() -> None:
        with pytest.raises(TypeError):
            d(math.exp)(1.0)

    def elsewhere(x: Any) -> Any:  # another thread's refusals are not ours
        thread = threading.Thread(target=is_refused)
        thread.start()
        thread.join()
        calls.append(1)
        return x * x

    calls.clear()
    assert d(elsewhere)(3.0) == 6.0 and len(calls) == 1
    with pytest.raises(TypeError, match="would lose the derivative"):
        d(math.exp)(1.0)  # not swallowed: it comes through as it is


def test_refusals_in_workers() -> None:
    with ThreadPoolExecutor(2) as pool:
        for chunk in (1, 2):
            with pytest.raises(TypeError, match=SWALLOWED):
                jacobian(
                    lambda v: [safe_exp(x) for x in v], chunk=chunk, workers=pool.map, lift=False
                )([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match=SWALLOWED):
        jacobian(safe_exp, workers=2, lift=False)(1.0)


# -- what has escaped ----------------------------------------------------------------------


class Cached:
    at: Any = None

    def __call__(self, t: Any) -> Any:
        if t != self.at:
            self.at, self.value = t, t**3
        return self.value


@both
def test_duals_that_were_kept_are_told(package: ModuleType) -> None:
    p, f = package, Cached()
    assert p.derivative(f)(2.0) == 12.0
    for _ in range(2):
        with pytest.raises(TypeError, match=f"derivative {ESCAPED}, of value 8"):
            p.derivative(f)(2.0)
    assert p.derivative(f)(3.0) == 27.0  # made anew
    kept: list[Any] = []

    def keeps(x: Any) -> Any:
        kept.append(x)
        return x * x

    for call in (
        lambda: p.derivative(keeps)(2.0),
        lambda: p.derivative(keeps)(np.ones(2)),
        lambda: p.grad(lambda v: keeps(v[0]))([2.0, 1.0]),
        lambda: p.grad(lambda v: keeps(v[0]))(np.array([2.0, 1.0])),
        lambda: p.hessian(lambda v: keeps(v[0]))([2.0, 1.0]),
        lambda: p.hessian(lambda v: keeps(v[0]))(np.array([2.0, 1.0])),
        lambda: p.jvp(keeps, (2.0,), (1.0,)),
        lambda: p.hvp(lambda v: keeps(v[0]))([2.0, 1.0], [1.0, 0.0]),
    ):
        kept.clear()
        call()
        each_driver_tells(p, kept[0])


def each_driver_tells(p: ModuleType, old: Any) -> None:
    """That this dual has been kept."""
    for name, again in (
        ("grad", lambda: p.grad(lambda b: np.sum(old * b))(3.0)),
        ("derivative", lambda: p.derivative(lambda b: old * b)(3.0)),
        ("derivative", lambda: p.derivative(lambda b: b)(old)),
        ("derivative", lambda: p.derivative(lambda b: old)(3.0)),
        ("value_and_grad", lambda: p.value_and_grad(lambda b: np.sum(old * b))(3.0)),
        ("jacobian", lambda: p.jacobian(lambda b: [b[0], old * b[1]])([3.0, 1.0])),
        ("jacobian", lambda: p.jacobian(lambda b: b * np.sum(old))(np.ones(2))),
        ("hessian", lambda: p.hessian(lambda v: np.sum(old * v[0] ** 2))([1.0, 2.0])),
        ("jvp", lambda: p.jvp(lambda b: b, (1.0,), (np.sum(old),))),
        ("jvp", lambda: p.jvp(lambda b: b * old, (1.0,), (1.0,))),
        ("grad", lambda: p.grad(lambda b, c: b + 0 * c.sum(), 0)(1.0, old * np.ones(2))),
    ):
        with pytest.raises(TypeError, match=f"{name} {ESCAPED}"):
            again()
    value = old.primal
    while hasattr(value, "primal"):
        value = value.primal
    assert p.grad(lambda b: np.sum(value * b))(3.0) == np.sum(value)  # as the message says


@both
def test_what_an_inner_derivative_leaves_behind(package: ModuleType) -> None:
    x = np.array([3.0, 5.0])

    def outer(x: Any) -> Any:
        a = x * 1.0

        def inner(t: Any) -> Any:
            nonlocal a
            a = a + t * x
            return a.sum()

        return package.derivative(inner)(2.0) + a.sum()

    with pytest.raises(TypeError, match=f"value_and_grad {ESCAPED}"):
        package.value_and_grad(outer)(x)

    def clean(x: Any) -> Any:
        a = x * 1.0
        return package.derivative(lambda t: (a + t * x).sum())(2.0) + a.sum()

    value, slopes = package.value_and_grad(clean)(x)
    assert value == 16.0 and slopes.tolist() == [2.0, 2.0]


@both
def test_live_levels_are_not_over(package: ModuleType) -> None:
    d = package.derivative

    # a generator that is suspended while another derivative runs
    def f(x: Any) -> Any:
        def powers() -> Iterator[Any]:
            y = x
            while True:
                yield y
                y = y * x

        g = powers()
        next(g)
        return d(lambda t: t * next(g))(2.0) + next(g)

    assert d(f)(3.0) == 6 + 27

    # a thread, a copy, a pickle, within the derivative
    def threaded(x: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: d(lambda t: t * x * x)(1.0)).result()

    assert d(threaded)(3.0) == 6.0
    assert d(lambda x: d(lambda t: t * copy.deepcopy(x) ** 2)(1.0))(3.0) == 6.0
    assert d(lambda x: d(lambda t: t * pickle.loads(pickle.dumps(x)) ** 2)(1.0))(3.0) == 6.0
    # by hand
    e = package.Dual(0.0, 1.0)
    got = d(lambda x: x * (x + e))(3.0)
    assert (got.primal, got.tangent) == (6.0, 1.0)
    level = package.levels.fresh_level()
    mine = package.pair.dual(2.0, 1.0, level)
    assert d(lambda x: x * mine * mine)(3.0).tangent == 4.0
    # an error in the middle closes what it leaves
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            d(lambda x: d(lambda y: y / 0)(x))(1.0)
    assert d(lambda x: d(lambda y: x * y * y)(x))(3.0) == 12.0


def test_levels_are_over_where_they_were_opened() -> None:
    level = open_level()
    assert not is_over(level)
    close_level(level)
    assert is_over(level) and not is_over(fresh_level()) and not is_over(0)
    x = dual(2.0, 1.0, level)
    program = (
        "import pickle, sys, dualad\n"
        "x = pickle.loads(bytes.fromhex(sys.argv[1]))\n"
        "print(dualad.derivative(lambda t: t*x)(3.0))"
    )
    done = run_python("-c", program, pickle.dumps(x).hex())
    assert done.stdout.strip() == "Dual(2.0, 1.0)"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_levels_after_a_fork() -> None:
    def f(x: Any) -> Any:
        reader, writer = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            y = derivative(lambda t: t * x * x)(1.0)
            os.write(writer, f"{y.primal} {y.tangent}".encode())
            os._exit(0)
        os.waitpid(child, 0)
        assert os.read(reader, 100) == b"9.0 6.0"
        return x * x

    assert derivative(f)(3.0) == 6.0


# -- the caller's arrays -------------------------------------------------------------------

B = np.arange(400.0).reshape(20, 20) / 7
LAYOUTS: dict[str, Callable[[], Any]] = {
    "gaps": lambda: B[::2, ::2],
    "wide gaps": lambda: np.arange(4000.0).reshape(10, 400)[:, ::40] / 7,
    "columns": lambda: B[:10, :10].T,
    "reversed": lambda: B[10::-1, 10::-1],
    "one reversed": lambda: np.asfortranarray(B)[::2, ::-2],
    "rows": lambda: B[::2],
    "broadcast": lambda: np.broadcast_to(B[0, ::2], (10, 10)),
    "steps": lambda: B.ravel()[::7],
    "back": lambda: B.ravel()[::-3],
}


@both
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_copy_lies_in_memory_as_the_callers_array(package: ModuleType, layout: str) -> None:
    x = LAYOUTS[layout]()
    before = x.copy()
    v = np.arange(float(len(x))) / 3
    seen = []

    def f(m: Any) -> Any:
        while hasattr(m, "primal"):
            m = m.primal
        seen.append(m)
        return 0.0

    for driver in (package.grad, package.value_and_grad, package.jacobian, package.hessian):
        driver(lambda m: (f(m), np.sum(m * 1.0))[1])(x)
    package.grad(lambda t, m: (f(m), t)[1])(1.0, x)
    package.jvp(lambda m: (f(m), m)[1], (x,), (x,))
    for copied in seen:
        assert not np.shares_memory(copied, x)
        assert copied.flags.c_contiguous == x.flags.c_contiguous
        assert copied.flags.f_contiguous == x.flags.f_contiguous
        assert np.sign(copied.strides).tolist() == np.sign(x.strides).tolist()
        assert copied.strides == x.strides or layout == "wide gaps"
        assert copied.tobytes() == x.tobytes()
    for g in (lambda m: (v @ m).sum(), lambda m: np.sum(m), lambda m: np.sum(np.ravel(m) ** 2)):
        assert package.value_and_grad(g)(x)[0] == g(x)
    np.testing.assert_allclose(
        package.grad(lambda m: np.sum(np.ravel(m) ** 2 * np.arange(x.size)))(x),
        (2 * np.ravel(x) * np.arange(x.size)).reshape(x.shape),
    )
    np.testing.assert_array_equal(x, before)


@both
def test_views_of_copies_with_gaps_are_views_of_both_parts(package: ModuleType) -> None:
    def f(m: Any) -> Any:
        r = m.reshape(-1)  # of an array with gaps: a copy
        r[0] = 0.0
        m[1] *= 2.0
        t = m.T
        t[2] = 1.0
        return np.sum(m * np.arange(9.0).reshape(3, 3))

    x = np.arange(36.0).reshape(6, 6)[::2, ::2]
    value, slopes = package.value_and_grad(f)(x)
    assert value == f(x.copy("K")[:, :]) or value == f(np.lib.stride_tricks.as_strided(
        np.arange(36.0), (3, 3), x.strides))  # fmt: skip
    assert slopes.tolist() == [[0, 1, 0], [6, 8, 0], [6, 7, 0]]
    assert x[0, 0] == 0.0 and x[1, 0] == 12.0


# -- forms of call -------------------------------------------------------------------------


def test_a_star_import_leaves_builtins_alone() -> None:
    names: dict[str, Any] = {}
    exec("from dualad import *", names)
    for name in ("abs", "pow", "round", "divmod"):
        assert name not in names and callable(getattr(dualad, name))
    assert names["sin"] is dualad.sin and names["derivative"] is derivative


def test_a_wrapper_can_be_kept_weakly() -> None:
    import weakref

    g = derivative(functools.partial(math.pow, 2.0))
    assert weakref.ref(g)() is g
    assert Dual(1.0, 1.0).primal == 1.0


def test_elementwise_in_single_precision() -> None:
    """What float32 rounds is no sign that elements depend on each other."""
    x = np.linspace(-2.0, 2.0, 10_000, dtype=np.float32)

    def f(x: Any) -> Any:
        return np.exp(-x * x) * np.sin(3 * x) + np.log1p(x * x)

    got = derivative(f)(x)
    assert got.dtype == np.float32
    exact = x.astype(float)
    slope = np.exp(-(exact**2)) * (3 * np.cos(3 * exact) - 2 * exact * np.sin(3 * exact))
    np.testing.assert_allclose(got, slope + 2 * exact / (1 + exact**2), atol=2e-6)
    with pytest.raises(ValueError, match="elementwise"):
        derivative(lambda x: x * np.sum(x))(x[:10])


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_swallowed_refusal_with_the_same_values_and_another_slope(mode: Any) -> None:
    def rounded(x: Any) -> Any:
        try:
            return math.sin(float(x))
        except TypeError:
            return np.sin(round(x, 12))

    def cut(x: Any) -> Any:
        try:
            return float(x) ** 2
        except TypeError:
            return x.primal * x.primal if mode == "forward" else (x + 0.0).primal ** 2

    for f in (rounded, cut):
        for x in (0.5, 0.123456789):
            with pytest.raises(TypeError, match="its values move by"):
                grad(f, mode=mode, lift=False)(x)


def test_a_swallowed_refusal_with_the_same_slope() -> None:
    def same(x: Any) -> Any:
        try:
            return math.sin(x)
        except TypeError:
            return np.sin(x)

    def bent(x: Any) -> Any:
        try:
            return math.fabs(x)
        except TypeError:
            return abs(x)

    assert derivative(same, lift=False)(0.5) == math.cos(0.5)
    assert derivative(bent, lift=False)(0.0) == 0.0
    assert derivative(bent, lift=False)(1e-6) == 1.0


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda x: np.tanh(1e5 * (x - 1.3)), 1.3, 1e5),
        (lambda x: np.sin(1e6 * x), 0.7, 1e6 * math.cos(1e6 * 0.7)),
        (lambda x: np.sqrt(abs(x - 1.3)), 1.3 + 1e-9, 0.5 / math.sqrt(1.3 + 1e-9 - 1.3)),
        (lambda x: np.cbrt(x) ** 2, 1e-9, 2 / 3 * 1e-9 ** (-1 / 3)),
    ],
)
def test_differences_of_steep_functions_settle_on_nothing(f: Any, x: float, slope: float) -> None:
    def swallowing(x: Any) -> Any:
        with contextlib.suppress(TypeError):
            math.sin(x)
        return f(x)

    assert derivative(swallowing, lift=False)(x) == pytest.approx(slope, rel=1e-6)


# -- warnings and errors of floating-point numbers ------------------------------------------

LARGE = np.array([[1e200, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize("state", ["raise", "warn"])
@pytest.mark.parametrize(
    "f",
    [np.prod, np.cumprod, np.var, np.diff, np.linalg.inv, np.linalg.norm, lambda a: a @ a,
     lambda a: np.dot(a, a), lambda a: np.einsum("ij,jk", a, a), lambda a: np.multiply.reduce(a),
     lambda a: np.sum(a * a), lambda a: np.multiply.accumulate(a), lambda a: np.average(a / 0)],
)  # fmt: skip
def test_what_the_plain_run_warns_of_is_told(f: Any, state: str) -> None:
    """Also of values that are composed by other steps; its text is that of NumPy's own steps."""
    for a in (LARGE, np.full((2, 2), 1e160)):
        for package in PACKAGES:
            assert told(f, [package.Dual(a, np.ones_like(a))], state)[1] == told(f, [a], state)[1]
        with np.errstate(all="raise"):
            want = told(f, [a], "raise")
            for package in PACKAGES:
                assert told(f, [package.Dual(a, np.ones_like(a))], "raise") == want


@pytest.mark.parametrize(
    "f",
    [np.linalg.inv, np.linalg.det, lambda a: a @ a, np.sum, lambda a: np.sum(a, 0), np.prod,
     lambda a: np.linalg.solve(a, a[0]), np.linalg.norm, lambda a: np.einsum("ij,ji", a, a),
     lambda a: np.add.reduce(a), lambda a: np.fft.fft(a).real, lambda a: np.linalg.eigvalsh(a + a.T)],
)  # fmt: skip
def test_derivatives_do_not_choose_a_branch(f: Any) -> None:
    """They are too large for floats, where the values are not."""
    a, far = np.array([[2.0, 1.0], [0.5, 3.0]]), np.full((2, 2), 1e308)

    def guarded(a: Any) -> Any:
        try:
            with np.errstate(all="raise"), warnings.catch_warnings(action="error"):
                return f(a) * 1.0
        except (FloatingPointError, RuntimeWarning):
            return np.nan * a

    for package in PACKAGES:
        value, _ = package.jvp(guarded, (a,), (far,))
        np.testing.assert_array_equal(value, f(a))
        value, pull = package.vjp(guarded, a)
        np.testing.assert_array_equal(value, f(a))
        with np.errstate(all="raise"):
            pull(np.full_like(value, 1e308))


def test_products_of_vectors_do_not_choose_a_branch() -> None:
    v = np.array([1e150, 1.0])

    def f(v: Any) -> Any:
        try:
            with np.errstate(all="raise"):
                return v @ v
        except FloatingPointError:
            return 0.0

    for package in PACKAGES:
        value, slope = package.jvp(f, (v,), (1e10 * v,))
        assert value == f(v)
        assert slope == np.inf


def test_errors_of_the_users_handler_come_through() -> None:
    class Stop(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stop

    def f(x: Any) -> Any:
        with np.errstate(all="call", call=stop):
            try:
                return np.cumsum(x)[1]
            except Stop:
                return x[1]

    x = np.array([1e308, 1e308])
    for package in PACKAGES:
        assert package.jvp(f, (x,), (np.array([1.0, 2.0]),)) == (1e308, 2.0)


def test_functions_of_the_users_have_their_own_warnings() -> None:
    """np.apply_along_axis calls a function of the user's, in the user's state, once for each row."""
    calls = []

    def of_row(row: Any) -> Any:
        calls.append(len(row))
        return np.prod(row)

    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        np.apply_along_axis(of_row, 0, Dual(np.full((2, 2), 1e160), np.ones((2, 2))))
    calls.clear()
    with pytest.warns(RuntimeWarning, match="overflow encountered in reduce"):
        np.apply_along_axis(of_row, 0, Dual(np.array([[1e200], [1e200]]), np.ones((2, 1))))
    assert calls == [2]


@both
@pytest.mark.parametrize("order", [1, 2, 3])
def test_advice_for_plain_numbers_holds_at_each_order(package: ModuleType, order: int) -> None:
    def stripped(x: Any, times: int) -> Any:
        for _ in range(times):
            x = getattr(x, "primal", x)
        return x

    def nested(f: Any) -> Any:
        for _ in range(order):
            f = package.derivative(f, lift=False)
        return f

    kept: dict[Any, Any] = {}

    def f(x: Any, times: int) -> Any:
        y = x**3 * kept.get("y", 8.0) / 8.0
        kept["y"] = stripped(y, times)
        return y

    d = nested(lambda x: f(x, order - 1))
    with pytest.raises(TypeError, match=rf"{ESCAPED}.*\(again while that is a dual"):
        for _ in range(2):
            d(2.0)
    kept.clear()
    slopes = [12.0, 12.0, 6.0]
    d = nested(lambda x: f(x, order))
    assert [d(2.0) for _ in range(3)] == [slopes[order - 1]] * 3
    assert nested(lambda x: {stripped(x, order): 1}.get(0, x**3))(2.0) == slopes[order - 1]
    with pytest.raises(TypeError, match=r"for the key \(again while that is a dual"):
        nested(lambda x: {stripped(x, order - 1): 1})(2.0)
    with pytest.raises(TypeError, match="would lose the derivative") as info:
        nested(float)(2.0)
    assert (f"take it {order} times" in str(info.value)) == (order > 1)
