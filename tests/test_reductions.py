"""Sums, products, moments, differences: values, slopes, curvatures, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from support.cases import (
    APART,
    CUBE,
    MATRIX,
    POSITIVE,
    VECTOR,
    Case,
    complex_slope,
    hold,
    steps,
    table,
    told,
)
from support.oracle import check

from dualad import Dual, DualArray, derivative, grad, hessian, jacobian, jvp, vjp

GRID = np.array([1.0, 1.5, 3.0])
HALF = MATRIX > 0


def with_holes(f: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """f of an array with nans in it."""
    holes = np.zeros((3, 4), bool)
    holes[1, 2] = holes[0, 0] = True
    return lambda a: f(np.where(holes, np.nan, a), **options)


CASES: dict[str, Case] = {
    "sum where initial": Case(lambda a: np.sum(a, 1, where=HALF, initial=2.0), MATRIX),
    "sum of rows": Case(lambda a: np.sum(a * a, axis=(0, -1), keepdims=True), CUBE),
    "sum no axes": Case(lambda a: np.sum(a * a, axis=()), MATRIX),
    "sum dual initial": Case(lambda a, b: np.sum(a, initial=b[0]), MATRIX, VECTOR),
    "mean where": Case(lambda a: np.mean(a * a, where=HALF), MATRIX),
    "method sum": Case(lambda a: (a * a).sum(axis=-1, keepdims=True), MATRIX),
    "method mean": Case(lambda a: (a * a).mean(0), MATRIX),
    "prod": Case(lambda a: np.prod(a, axis=1), MATRIX),
    "prod where initial": Case(lambda a: np.prod(a, 0, where=HALF, initial=2.0), MATRIX),
    "prod of axes": Case(lambda a: np.prod(a, axis=(2, 0), keepdims=True), CUBE),
    "cumsum": Case(lambda a: np.cumsum(a * a, axis=1), CUBE),
    "cumsum flat": Case(lambda a: np.cumsum(a * a), MATRIX),
    "cumprod": Case(lambda a: np.cumprod(a, axis=1), CUBE),
    "cumprod flat": Case(np.cumprod, MATRIX),
    "average": Case(lambda a, w: np.average(a, axis=1, weights=w), MATRIX, POSITIVE),
    "average of axes": Case(
        lambda a, w: np.average(a, axis=(2, 0), weights=w, keepdims=True), CUBE, np.ones((4, 2))
    ),
    "average returned": Case(
        lambda a, w: np.average(a, axis=0, weights=w, returned=True), MATRIX, [1.0, 2.5, 3.0]
    ),
    "average alone": Case(lambda a: np.average(a * a, axis=0, returned=True), MATRIX),
    "var": steps(lambda a: np.var(a, axis=1, ddof=1), MATRIX),
    "var where": steps(lambda a: np.var(a, where=HALF, keepdims=True), MATRIX),
    "var mean": steps(lambda a, m: np.var(a, axis=1, mean=m), MATRIX, MATRIX[:, :1]),
    "var correction": steps(lambda a: np.var(a, axis=(0, 2), correction=1), CUBE),
    "std": steps(lambda a: np.std(a, axis=0, ddof=1), MATRIX),
    "std where": steps(lambda a: np.std(a, 1, where=~np.eye(3, 4, dtype=bool)), MATRIX),
    "std mean": steps(lambda a, m: np.std(a, axis=1, mean=m), MATRIX, MATRIX[:, :1]),
    "ptp": steps(lambda a: np.ptp(a, axis=1, keepdims=True), APART),
    "diff": Case(lambda a, p: np.diff(a, 2, 0, prepend=p, append=1.0), MATRIX, MATRIX[:1]),
    "diff end": Case(lambda a, p: np.diff(a * a, append=p[0]), MATRIX, VECTOR),
    "ediff1d": Case(lambda a, p: np.ediff1d(a * a, p, [1.0, 2.0]), MATRIX, VECTOR),
    "gradient": Case(lambda a: tuple(np.gradient(a * a)), CUBE[:, :, :3]),
    "gradient edges": Case(lambda a: np.gradient(a, 0.5, axis=1, edge_order=2), CUBE),
    "gradient grid": Case(lambda a, g: tuple(np.gradient(a, g, 0.5)), MATRIX, GRID),
    "gradient grid of columns": Case(lambda a, g: np.gradient(a, g, axis=1), MATRIX[:, :3], GRID),
    "gradient grid of a vector": Case(lambda a, g: np.gradient(a, g), MATRIX[0, :3], GRID),
    "gradient grid edges": Case(lambda a, g: np.gradient(a, g, axis=0, edge_order=2), MATRIX, GRID),
    "gradient spacing": Case(lambda a, h: tuple(np.gradient(a, h[0])), MATRIX, GRID),
    "trapezoid": Case(lambda y: np.trapezoid(y * y, dx=0.5), MATRIX),
    "trapezoid grid": Case(lambda y, x: np.trapezoid(y, x, axis=0), MATRIX, GRID),
    "trapezoid inside": Case(lambda y, x: np.trapezoid(y, x, axis=1), CUBE[:, :3], GRID),
    "trapezoid grids": Case(
        lambda y, x: np.trapezoid(y, x, axis=1), MATRIX, np.cumsum(POSITIVE, 1)
    ),
    "nansum": steps(with_holes(np.nansum, axis=1), MATRIX),
    "nanmean": steps(with_holes(np.nanmean, axis=0, keepdims=True), MATRIX),
    "nanprod": steps(with_holes(np.nanprod), MATRIX),
    "nanvar": steps(with_holes(np.nanvar, axis=1, ddof=1), MATRIX),
    "nanstd": steps(with_holes(np.nanstd, axis=1), MATRIX),
    "nanstd where": steps(with_holes(np.nanstd, where=HALF), MATRIX),
    "nancumsum": steps(with_holes(np.nancumsum, axis=0), MATRIX),
    "nancumprod": steps(with_holes(np.nancumprod, axis=0), MATRIX),
}
if hasattr(np, "cumulative_sum"):
    CASES["cumulative_sum"] = Case(
        lambda a: np.cumulative_sum(a * a, axis=1, include_initial=True), MATRIX
    )
    CASES["cumulative_sum down"] = Case(lambda a: np.cumulative_sum(a * a, axis=0), MATRIX)
    CASES["cumulative_sum alone"] = Case(lambda a: np.cumulative_sum(a * a), MATRIX[0])
    CASES["cumulative_prod"] = Case(
        lambda a: np.cumulative_prod(a, axis=1, include_initial=True), MATRIX
    )


@table(CASES)
def test_everything(case: Case) -> None:
    hold(case)


@pytest.mark.parametrize("f", [np.sum, np.mean, np.prod, np.cumsum, np.cumprod])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_any_shape_and_axis(f: Callable[..., Any], data: Any) -> None:
    shape = data.draw(array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4))
    axes = st.integers(-len(shape), len(shape) - 1) if shape else st.none()
    options: dict[str, Any] = {"axis": data.draw(st.none() | axes)}
    if f in (np.sum, np.mean, np.prod):
        options["keepdims"] = data.draw(st.booleans())
        if data.draw(st.booleans()):
            several = st.lists(axes, unique_by=lambda i: i % len(shape)) if shape else st.just([])
            options["axis"] = tuple(data.draw(several))
    seed = data.draw(st.integers(0, 9))
    x = np.random.default_rng(seed).normal(size=shape)
    check(lambda a: f(a, **options), x, second=seed == 0)


@pytest.mark.parametrize("f", [np.sum, np.prod, np.cumsum, np.cumprod])
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_nothing_to_reduce(f: Callable[..., Any], shape: tuple[int, ...]) -> None:
    for axis in (None, 0, -1):
        y = f(Dual(np.zeros(shape), np.zeros((2, *shape))), axis=axis)
        value = f(np.zeros(shape), axis=axis)
        np.testing.assert_array_equal(y.primal, value)
        np.testing.assert_array_equal(y.tangent, np.zeros((2, *np.shape(value))))


def test_the_mean_of_nothing() -> None:
    with pytest.warns(RuntimeWarning) as warned:
        y = np.mean(Dual(np.zeros(0), np.zeros(0)))
    assert np.isnan(y.primal) and "Mean of empty slice" in str(warned[0].message)


def test_numbers() -> None:
    for f in (np.sum, np.mean, np.prod, np.average, np.nansum):
        for x in (
            Dual(2.0, 3.0),
            Dual(2.0, np.array([1.0, 3.0])),
            Dual(np.array(2.0), np.array(3.0)),
        ):
            y = f(x)
            assert y.primal == 2.0
            np.testing.assert_array_equal(y.tangent, x.tangent)
    assert np.std(Dual(2.0, 3.0)).tangent == np.var(Dual(2.0, 3.0)).tangent == 0.0
    y = np.sum(Dual(np.array([1.0, 2.0]), np.array([1.0, 1.0])))
    assert type(y.tangent) is float  # the short way for numbers goes on from here


# -- products at zero ----------------------------------------------------------------------


def test_products_with_zeros() -> None:
    def at(f: Callable[..., Any]) -> Any:
        return derivative(lambda x: f(np.stack([x, x * 0 + 2, x * 0 + 3])))(0.0)

    assert at(np.prod) == 6.0
    assert at(lambda v: np.sum(np.cumprod(v))) == 9.0
    x = np.array([0.0, 0.0, 3.0, 2.0])
    np.testing.assert_array_equal(grad(np.prod)(x), np.zeros(4))
    h = np.zeros((4, 4))
    h[0, 1] = h[1, 0] = 6.0
    np.testing.assert_array_equal(hessian(np.prod)(x), h)
    h[0, 1] = h[1, 0] = 1 + 3 + 6
    np.testing.assert_array_equal(hessian(lambda v: np.sum(np.cumprod(v)))(x), h)
    third = jacobian(hessian(np.prod))(np.zeros(3))
    assert third[0, 1, 2] == third[2, 0, 1] == 1.0 and np.sum(third) == 6.0


def test_products_of_inf() -> None:
    """A factor that stays the same has no say, also if another one is infinite."""
    x = np.array([np.inf, 2.0])
    np.testing.assert_array_equal(jacobian(np.prod)(x), [2.0, np.inf])
    np.testing.assert_array_equal(jacobian(np.cumprod)(x), [[1.0, 0.0], [2.0, np.inf]])


@given(st.lists(st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]), min_size=1, max_size=9))
@settings(max_examples=40, deadline=None)
def test_products_of_whole_numbers_are_exact(numbers: list[float]) -> None:
    x = np.array(numbers)
    others = [np.prod(np.delete(x, i)) for i in range(len(x))]
    np.testing.assert_array_equal(grad(np.prod)(x), others)
    running = [
        [np.prod(np.delete(x[: n + 1], i)) if i <= n else 0.0 for i in range(len(x))]
        for n in range(len(x))
    ]
    np.testing.assert_array_equal(jacobian(np.cumprod)(x), running)


# -- conventions ---------------------------------------------------------------------------


@pytest.mark.parametrize("x", [[0.0, 0.0], [0.1, 0.1, 0.1], [1e8 + 0.1] * 7, [5.0]])
def test_no_spread_has_no_slope(x: list[float]) -> None:
    """Their mean may be rounded, so that np.std is not exactly 0."""
    np.testing.assert_array_equal(grad(np.std)(np.array(x)), np.zeros(len(x)))
    np.testing.assert_array_equal(hessian(np.std)(np.array(x)), np.zeros((len(x),) * 2))
    np.testing.assert_allclose(grad(np.var)(np.array(x)), np.zeros(len(x)), atol=1e-8)
    two = np.array([x, np.arange(len(x))])
    slopes = jacobian(lambda a: np.std(a, axis=1))(two)
    np.testing.assert_array_equal(slopes[0], np.zeros(two.shape))
    assert len(x) == 1 or slopes[1, 1, 0] != 0


def test_degrees_of_freedom() -> None:
    x = np.array([1.0, 2.0])
    cases = [(np.var, x, 2), (np.std, x, 3), (np.std, x[:0], 0), (np.nanvar, x * np.nan, 0)]
    for f, a, ddof in cases:
        call = partial(f, ddof=ddof)
        result, warned = told(call, [Dual(a, np.ones_like(a))], "warn")
        assert (result, warned) == told(call, [a], "warn")
        assert any(text.startswith("Degrees of freedom <= 0") for text in warned)


def test_complex() -> None:
    for f in (
        np.sum,
        np.mean,
        np.prod,
        np.cumsum,
        np.cumprod,
        np.var,
        np.std,
        np.diff,
        np.gradient,
    ):
        complex_slope(f, VECTOR)
    complex_slope(lambda a: np.var(a, axis=0, where=HALF, ddof=0.5), MATRIX)
    complex_slope(lambda a, w: np.average(a, weights=w), VECTOR, VECTOR + 3)
    x = Dual(np.array([1.0, 2.0]), np.ones(2))
    for f in (np.sum, np.cumsum, np.prod, np.cumprod):
        y = f(x, dtype=complex)
        assert np.iscomplexobj(y.primal) and y.tangent == pytest.approx(f(x).tangent)
    assert np.sum(x, dtype=np.float32).primal.dtype == np.float32


# -- out=, and what is refused -------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [np.sum, np.mean, np.prod, np.var, np.std, np.ptp, np.cumsum, np.cumprod, np.nansum, np.nanstd],
)
def test_out(f: Callable[..., Any]) -> None:
    x = Dual(APART, np.stack([MATRIX, CUBE[0]]))
    expected = f(x, axis=1)
    out = np.zeros_like(expected)
    assert f(x, axis=1, out=out) is out
    np.testing.assert_array_equal(out.primal, expected.primal)
    np.testing.assert_array_equal(out.tangent, expected.tangent)
    f(APART, axis=1, out=out)  # constants
    np.testing.assert_array_equal(out.primal, expected.primal)
    np.testing.assert_array_equal(out.tangent, 0 * expected.tangent)
    with pytest.raises(TypeError, match=r"cannot hold derivatives; make it with np.zeros_like"):
        f(x, axis=1, out=np.zeros(expected.shape))
    with pytest.raises(ValueError, match=r"out= has shape \(2, 2\), but the result has shape"):
        f(x, axis=1, out=np.zeros_like(x)[:2, :2])


X = Dual(MATRIX, np.ones((3, 4)))

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "whole numbers": (
        lambda: np.sum(X, dtype=int),
        TypeError,
        "dtype=int64 would lose the derivatives; give a float or complex dtype",
    ),
    "complex out": (
        lambda: np.sum(X * 1j, 0, out=np.zeros_like(X[0])),
        TypeError,
        "out= is real, but the result is complex",
    ),
    "axis": (lambda: np.sum(X, axis=2), ValueError, "axis 2 is out of bounds"),
    "option": (lambda: np.sum(X, bogus=1), TypeError, "unexpected keyword argument 'bogus'"),
    "axes twice": (lambda: np.mean(X, axis=(0, 0)), ValueError, "repeated axis"),
    "weights": (
        lambda: np.average(X, weights=[1.0, 2.0]),
        TypeError,
        r"axis= is needed: the weights have shape \(2,\), and the array has \(3, 4\).",
    ),
    "weights of axes": (
        lambda: np.average(X, axis=0, weights=[1.0, 2.0]),
        ValueError,
        r"the weights have shape \(2,\), but the axes 0 of the array have \(3,\)",
    ),
    "no weight": (
        lambda: np.average(X[0], weights=[1.0, -1.0, 2.0, -2.0]),
        ZeroDivisionError,
        "the weights sum to zero",
    ),
    "order": (lambda: np.diff(X, -1), ValueError, "an order n of 0 or more, got -1"),
    "number": (lambda: np.diff(Dual(1.0, 1.0)), ValueError, "at least one axis, got a number"),
    "one grid for two axes": (
        lambda: np.gradient(X, GRID),
        TypeError,
        "one number or grid per axis; got 1 for 2 axes",
    ),
    "spacings": (
        lambda: np.gradient(X, 1.0, 2.0, 3.0),
        TypeError,
        "one number or grid per axis; got 3 for 2 axes",
    ),
    "grid": (
        lambda: np.gradient(X, GRID, axis=1),
        ValueError,
        r"a grid of shape \(3,\) for an axis of length 4",
    ),
    "edge order": (lambda: np.gradient(X, edge_order=3), ValueError, "of 1 or 2, got 3"),
    "points": (
        lambda: np.gradient(X[:2], axis=0, edge_order=2),
        ValueError,
        "edge_order=2 needs 3 points along an axis, got 2",
    ),
}
if hasattr(np, "cumulative_sum"):
    REFUSED["axis needed"] = (
        lambda: np.cumulative_sum(X),
        ValueError,
        "an array of 2 axes needs axis=",
    )


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()


def test_numpys_own_not_given() -> None:
    """Functions of NumPy hand each other np._NoValue for what was not given."""
    no_value: Any = np._NoValue  # type: ignore[attr-defined]
    y = np.sum(X, keepdims=no_value, initial=no_value, where=no_value)
    assert y.primal == np.sum(MATRIX) and y.tangent == 12.0


def test_lists_and_objects() -> None:
    x = Dual(2.0, 1.0)
    weights = [x, 1.0]
    y = np.average(Dual(np.array([1.0, 4.0]), np.zeros(2)), weights=weights)
    assert y.primal == 2.0 and y.tangent == pytest.approx((1 - 2) / 3)
    y = np.average(Dual(np.array([1.0, 4.0]), np.zeros(2)), weights=np.array(weights))
    assert y.tangent == pytest.approx((1 - 2) / 3)
    for f in (np.sum, np.prod, np.mean, np.cumsum):  # NumPy adds objects up by itself
        y = f(np.array([x, 3.0]))
        y = y[-1] if isinstance(y, np.ndarray) else y
        assert isinstance(y, Dual)
    assert isinstance(np.sum(X, axis=0), DualArray)


WITHOUT_AXES: dict[str, Callable[..., Any]] = {
    name: lambda x, axis, name=name: getattr(np, name)(x * x, axis=axis)
    for name in (
        *("sum", "prod", "max", "min", "ptp", "mean", "std", "median", "cumsum", "cumprod"),
        *("nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nancumsum", "nancumprod"),
        *("squeeze", "flip", "sort", "expand_dims"),
    )
} | {
    "take": lambda x, axis: np.take(x, 0, axis=axis),
    "take several": lambda x, axis: np.take(x, [0, 0], axis=axis),
    "compress": lambda x, axis: np.compress([True], x, axis=axis),
    "keepdims": lambda x, axis: np.sum(x, axis, keepdims=True),
    "initial": lambda x, axis: np.max(x, axis, initial=0.0),
    "where": lambda x, axis: np.sum(x, axis, where=True),
    "add.reduce": lambda x, axis: np.add.reduce(x, axis),
    "maximum.reduce": lambda x, axis: np.maximum.reduce(x, axis),
    "logaddexp.reduce": lambda x, axis: np.logaddexp.reduce(x, axis),
    "hypot.reduce": lambda x, axis: np.hypot.reduce(x, axis),
    "transpose": lambda x, axis: np.transpose(x),
    "moveaxis": lambda x, axis: np.moveaxis(x, [], []),
    "reshape": lambda x, axis: np.reshape(x, ()),
    "kron": lambda x, axis: np.kron(x, x),
}


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("kind", [float, np.float64, np.float32, np.array])
@pytest.mark.parametrize("name", WITHOUT_AXES)
def test_axes_that_numpy_lets_pass(name: str, kind: Any, mode: str) -> None:
    """Axis 0 or -1 of what has none: what NumPy gives, of its kind, or its refusal."""
    x = kind(4.0)
    for axis in (0, -1, None, 1, (0,)):

        def f(x: Any, axis: Any = axis) -> Any:
            return WITHOUT_AXES[name](x, axis)

        def run(x: Any, f: Any = f) -> tuple[Any, float]:
            if mode == "forward":
                y, slope = jvp(f, (x,), (kind(1.0),))
                return y, np.sum(slope)
            y, pullback = vjp(f, x)
            return y, float(pullback(np.ones_like(y) if np.ndim(y) else y * 0 + 1)[0])

        try:
            wanted = f(x)
        except Exception as error:
            with pytest.raises(type(error)):
                run(x)
        else:
            y, slope = run(x)
            assert (type(y), np.shape(y)) == (type(wanted), np.shape(wanted))
            np.testing.assert_array_equal(y, wanted)
            step = np.sum(f(np.float64(4 + 2**-16))) - np.sum(f(np.float64(4 - 2**-16)))
            np.testing.assert_allclose(slope, step * 2**15, rtol=1e-6)


@pytest.mark.parametrize("ord", (None, 1, 3, np.inf))
@pytest.mark.parametrize("axis", (np.True_, False))
def test_norms_along_an_axis_that_is_a_bool(ord: Any, axis: Any) -> None:
    value, along = jvp(lambda x: np.linalg.norm(x, ord, axis), (MATRIX,), (MATRIX,))
    np.testing.assert_array_equal(value, np.linalg.norm(MATRIX, ord, axis))
    np.testing.assert_allclose(along, value, rtol=1e-14)  # of degree 1


# What NumPy takes for an axis is not one thing: here an integer of any type, there a bool as well.
AXES = (
    0,
    1,
    -1,
    np.int64(0),
    np.int64(1),
    np.int8(-1),
    True,
    False,
    np.True_,
    (True,),
    (0,),
    0.0,
    [0],
)
TAKING_AXES: dict[str, Callable[[Any, Any], Any]] = {
    name: lambda x, axis, f=f: f(x, axis=axis)
    for name in (
        *("sum", "prod", "max", "min", "mean", "std", "var", "median", "ptp", "cumsum", "cumprod"),
        *("nansum", "nanmean", "nanprod", "nanmax", "nanvar", "nanstd", "nancumsum", "nanmedian"),
        *("average", "sort", "flip", "diff", "expand_dims", "squeeze", "trapezoid", "unique"),
    )
    for f in (getattr(np, name),)
} | {
    "take": lambda x, axis: np.take(x, [0], axis=axis),
    "repeat": lambda x, axis: np.repeat(x, 2, axis=axis),
    "stack": lambda x, axis: np.stack([x, x], axis=axis),
    "concatenate": lambda x, axis: np.concatenate([x, x], axis=axis),
    "percentile": lambda x, axis: np.percentile(x, 50, axis=axis),
    "roll": lambda x, axis: np.roll(x, 1, axis=axis),
    "gradient": lambda x, axis: np.gradient(x, axis=axis),
    "delete": lambda x, axis: np.delete(x, 0, axis=axis),
    "append": lambda x, axis: np.append(x, x, axis=axis),
    "swapaxes": lambda x, axis: np.swapaxes(x, axis, 0),
}


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="older NumPys refuse more kinds of axes"
)
@pytest.mark.parametrize("name", TAKING_AXES)
@pytest.mark.parametrize("ndim", (0, 2))
@pytest.mark.filterwarnings("ignore")
def test_what_is_an_axis(name: str, ndim: int) -> None:
    """NumPy's, of a number and of a matrix: the values, or the kind of the error."""
    f, number = TAKING_AXES[name], np.float64(3.0)
    for axis in AXES:
        plain: Any = number if ndim == 0 else MATRIX
        dual: Any = Dual(np.full(2, 3.0), np.ones(2))[0] if ndim == 0 else Dual(MATRIX, MATRIX)
        try:
            right = f(plain, axis)
        except (TypeError, ValueError, IndexError) as error:
            # np.exceptions.AxisError is a ValueError and an IndexError
            kinds = tuple(k for k in (TypeError, ValueError, IndexError) if isinstance(error, k))
            with pytest.raises(kinds):
                f(dual, axis)
        else:
            found = f(dual, axis)
            assert np.array_equal(found.primal, right), axis
            assert np.shape(found.primal) == np.shape(right), axis
