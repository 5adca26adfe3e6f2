"""Functions that select: extremes, order, sets, taking — and their ties."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from support.cases import APART, APART_CUBE, MATRIX, VECTOR, Case, complex_slope, hold, steps, table
from support.oracle import check

from dualad import Dual, derivative, grad, hessian, jacobian, jvp

METHODS = [
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf"),
    *("hazen", "weibull", "linear", "median_unbiased", "normal_unbiased"),
    *("lower", "higher", "midpoint", "nearest"),
]
ODD = APART % 2 > 1


def with_holes(f: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """f of an array with nans in it."""
    holes = np.zeros((3, 4), bool)
    holes[1, 2] = holes[0, 0] = holes[1, 3] = True
    return lambda a: f(np.where(holes, np.nan, a * a), **options)


CASES: dict[str, Case] = {
    "max": steps(lambda a: np.max(a * a, axis=1), APART),
    "max of all": steps(lambda a: np.max(a * a), APART),
    "max of axes": steps(lambda a: np.max(a * a, axis=(0, 2), keepdims=True), APART_CUBE),
    "amin": steps(lambda a: np.amin(a * a, axis=-1), APART),
    "min where": steps(lambda a: np.min(a * a, 1, where=APART > 3, initial=99.0), APART),
    "max initial": steps(lambda a, b: np.max(a, 1, initial=b[0]), APART, [8.5]),
    "nanmax": steps(with_holes(np.nanmax, axis=1), APART),
    "nanmin": steps(with_holes(np.nanmin, keepdims=True), APART),
    "sort": steps(lambda a: np.sort(a * a, axis=0), APART),
    "sort all": steps(lambda a: np.sort(a * a, axis=None), APART),
    "sort_complex": steps(lambda a: np.sort_complex(a * a).real, APART),
    "partition": steps(lambda a: np.sort(np.partition(a * a, 1, axis=1)[:, :2]), APART),
    "partition all": steps(lambda a: np.partition(a * a, 5, axis=None)[5], APART),
    "median": steps(lambda a: np.median(a * a, axis=1), APART),
    "median of all": steps(lambda a: np.median(a * a, keepdims=True), APART),
    "median of axes": steps(lambda a: np.median(a * a, axis=(2, 0)), APART_CUBE),
    "nanmedian": steps(with_holes(np.nanmedian, axis=1), APART),
    "nanquantile": steps(with_holes(np.nanquantile, q=[0.2, 0.7], axis=1), APART),
    "nanpercentile": steps(with_holes(np.nanpercentile, q=35), APART),
    "percentile": steps(
        lambda a: np.percentile(a * a, [[10.0, 50], [33, 77]], axis=(0, 2), keepdims=True),
        APART_CUBE,
    ),
    "quantile weighted": steps(
        lambda a: np.quantile(a * a, [0.3, 0.6], 0, method="inverted_cdf", weights=[1, 2, 3]),
        APART,
    ),
    "quantile weighted each": steps(
        lambda a: np.quantile(a * a, 0.4, 1, method="inverted_cdf", weights=MATRIX**2), APART
    ),
    "unique": steps(lambda a: np.unique(a * a), APART),
    "unique rows": steps(lambda a: np.unique(np.concatenate([a, a]) ** 2, axis=0), APART),
    "unique_all": steps(lambda a: np.unique_all(a * a).values, APART),
    "unique_counts": steps(lambda a: np.unique_counts(a * a).values, APART),
    "unique_inverse": steps(lambda a: np.unique_inverse(a * a).values, APART),
    "unique_values": steps(lambda a: np.sort(np.unique_values(a * a)), APART),
    "take": Case(lambda a: np.take(a * a, [[0, 2], [1, -1]], axis=1), MATRIX),
    "take one": Case(lambda a: np.take(a * a, 5), MATRIX),
    "take wrapped": Case(lambda a: np.take(a * a, [7, -9], axis=0, mode="wrap"), MATRIX),
    "take nothing": Case(lambda a: np.take(a, np.array([], int), axis=0), MATRIX),
    "take_along_axis": Case(
        lambda a: np.take_along_axis(a * a, np.array([[0, 2], [1, 1], [2, 3]]), 1), MATRIX
    ),
    "take_along_axis all": Case(
        lambda a: np.take_along_axis(a * a, np.array([0, 5]), None), MATRIX
    ),
    "compress": Case(lambda a: np.compress([True, False, True], a * a, axis=0), MATRIX),
    "compress all": Case(lambda a: np.compress([False, True], a * a), MATRIX),
    "extract": Case(lambda a: np.extract(ODD, a * a), MATRIX),
    "trim_zeros": Case(lambda a: np.trim_zeros(np.concatenate([[0.0, 0], a, [0]])) ** 2, VECTOR),
    "trim_zeros front": Case(
        lambda a: np.trim_zeros(np.concatenate([[0.0, 0], a, [0]]), "f") ** 2, VECTOR
    ),
}
CASES["trim_zeros of zeros"] = Case(lambda a: np.trim_zeros(a * 0), VECTOR)
for _m in METHODS:
    CASES[f"quantile {_m}"] = steps(
        lambda a, m=_m: np.quantile(a * a, [0.0, 0.1, 0.37, 0.8, 1.0], axis=1, method=m), APART
    )


@table(CASES)
def test_everything(case: Case) -> None:
    hold(case)


@pytest.mark.parametrize("f", [np.max, np.min, np.median, np.sort, np.ptp])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_any_shape_and_axis(f: Callable[..., Any], data: Any) -> None:
    shape = data.draw(array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    axes = st.integers(-len(shape), len(shape) - 1)
    options: dict[str, Any] = {"axis": data.draw(st.none() | axes)}
    if f is not np.sort:
        options["keepdims"] = data.draw(st.booleans())
        if data.draw(st.booleans()):
            several = st.lists(axes, min_size=1, unique_by=lambda i: i % len(shape))
            options["axis"] = tuple(data.draw(several))
    x = np.random.default_rng(data.draw(st.integers(0, 9))).permutation(np.prod(shape))
    check(lambda a: f(a**2, **options), x.reshape(shape) + 0.25, analytic=False, second=False)


@given(
    st.sampled_from(METHODS),
    st.lists(st.floats(0, 1), max_size=3),
    st.lists(st.integers(-20, 20), min_size=1, max_size=9),
)
@settings(max_examples=60, deadline=None)
def test_quantiles_are_between_neighbours(method: str, q: list[float], x: list[int]) -> None:
    """The slopes put on the sorted elements give the value, and add up to 1."""
    v = np.array(x, float)
    slopes = jacobian(lambda a: np.quantile(a, q, method=method))(v)
    np.testing.assert_allclose(slopes @ v, np.quantile(v, q, method=method), atol=1e-12)
    np.testing.assert_allclose(np.sum(slopes, axis=-1), np.ones(len(q)), rtol=1e-14)


# -- ties, nan, inf ------------------------------------------------------------------------


def test_ties_of_order_statistics() -> None:
    x = np.array([3.0, 2.0, 5.0, 2.0, 1.0, 2.0])
    third = np.array([0, 1, 0, 1, 0, 1]) / 3
    for f in (
        np.median,
        np.nanmedian,
        lambda v: np.quantile(v, 0.3),
        lambda v: np.percentile(v, 50),
    ):
        np.testing.assert_allclose(grad(f)(x), third, rtol=1e-15)
    np.testing.assert_allclose(  # between 2 and 3, halfway
        grad(lambda v: np.quantile(v, 0.7))(x), third / 2 + np.array([1, 0, 0, 0, 0, 0]) / 2
    )
    two = np.array([4.0, 1.0, 4.0])
    for move in np.eye(3):  # the mean of the one-sided slopes, as differences give it
        h = 2.0**-20
        slope = (np.median(two + h * move) - np.median(two - h * move)) / (2 * h)
        assert jvp(np.median, (two,), (move,))[1] == slope
    rows = np.stack([x, x + np.arange(6.0)])
    np.testing.assert_allclose(
        jacobian(lambda m: np.median(m, axis=1))(rows)[0], np.stack([third, 0 * third])
    )
    weights = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    given = {"weights": weights, "method": "inverted_cdf"}
    np.testing.assert_allclose(
        grad(lambda v: np.quantile(v, 0.5, **given))(x), np.array([0, 1, 0, 0, 0, 1]) / 2
    )
    steep = Dual(x, np.where(x == 2, 1.0, np.inf))
    assert np.median(steep).tangent == 1.0  # 0 times inf is not asked for
    np.testing.assert_allclose(
        hessian(lambda v: np.median(v) ** 2)(x), 2 * np.outer(third, third), rtol=1e-15
    )
    np.testing.assert_allclose(grad(np.median, mode="reverse")(x), third, rtol=1e-15)
    assert np.isnan(grad(np.median)(np.array([1.0, np.nan, 1.0]))).all()


def test_ties_of_extremes() -> None:
    x = np.array([1.0, 3.0, 3.0, 2.0, 3.0])
    third = np.array([0, 1, 1, 0, 1]) / 3
    np.testing.assert_array_equal(grad(np.max)(x), third)
    np.testing.assert_array_equal(grad(np.amax)(x), third)
    np.testing.assert_array_equal(grad(lambda v: np.min(-v))(x), -third)
    np.testing.assert_array_equal(grad(lambda v: v.max())(x), third)
    np.testing.assert_array_equal(grad(lambda v: np.maximum.reduce(v))(x), third)
    np.testing.assert_array_equal(grad(lambda v: np.max(v, initial=3.0))(x), third * 0.75)
    np.testing.assert_array_equal(
        grad(lambda v: np.max(v, where=x > 2, initial=3.0))(x), third * 0.75
    )
    assert np.max(x, initial=3.0) == np.max(Dual(x, x), initial=Dual(3.0, 1.0)).primal
    assert np.max(Dual(x, 0 * x), initial=Dual(3.0, 1.0)).tangent == 0.25
    np.testing.assert_array_equal(grad(np.ptp)(np.ones(3)), np.zeros(3))
    np.testing.assert_array_equal(
        hessian(lambda v: np.max(v) ** 2)(np.array([2.0, 2.0])), np.full((2, 2), 0.5)
    )
    infinite = np.array([np.inf, 1.0, np.inf])
    np.testing.assert_array_equal(grad(np.max)(infinite), [0.5, 0, 0.5])


def test_equal_elements_keep_their_order() -> None:
    x = Dual(np.array([1.0, 2.0, 1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert np.sort(x).tangent.tolist() == [1, 3, 2, 4, 5]
    assert np.sort(x, kind="heapsort").tangent.tolist() == [1, 3, 2, 4, 5]
    many = np.arange(90.0) % 3
    for kind in (None, "quicksort", "stable"):
        order = np.sort(Dual(many, np.arange(90.0)), kind=kind).tangent
        assert order.tolist() == sorted(range(90), key=lambda i: many[i])
    assert np.unique(x).tangent.tolist() == [1, 2, 5]
    total = np.sum(np.unique(x) ** 2)
    assert total.primal == 14 and total.tangent == 2 * (1 * 1 + 2 * 2 + 3 * 5)
    values, index, inverse, counts = np.unique(x, True, True, True)
    assert values.tangent.tolist() == [1, 2, 5] and index.tolist() == [0, 1, 4]
    assert inverse.tolist() == [0, 1, 0, 1, 2] and counts.tolist() == [2, 2, 1]
    everything = np.unique_all(x)
    assert type(everything) is type(np.unique_all(np.ones(1)))
    assert everything.counts.tolist() == [2, 2, 1] and everything.values.tangent[2] == 5


def test_a_weighted_quantile_is_what_numpy_gives() -> None:
    """An array without axes; of several axes, or of one."""
    x, given = np.array([[3.0, 1.0], [2.0, 4.0]]), {"method": "inverted_cdf"}
    for axis, weights in ((None, [[1, 2], [1, 1]]), (0, [1, 3]), (1, [3, 1])):
        for keepdims in (False, True):
            options = {"axis": axis, "weights": weights, "keepdims": keepdims, **given}
            value = np.quantile(x, 0.4, **options)
            y = np.quantile(Dual(x, np.stack([x**2, x**3])), 0.4, **options)
            assert type(y.primal) is type(value) and y.primal.dtype == float
            np.testing.assert_array_equal(y.primal, value)
            np.testing.assert_array_equal(y.tangent, [value**2, value**3])
    assert derivative(lambda t: np.quantile(t * x[0], 0.4, weights=[1, 2], **given))(2.0) == 1.0


def test_order_statistics_of_no_rows() -> None:
    x = Dual(np.zeros((0, 3)), np.zeros((2, 0, 3)))
    for f in (np.median, lambda v, axis: np.quantile(v, [0.2, 0.5], axis)):
        assert np.shape(f(x, axis=1)) == f(x.primal, axis=1).shape


def test_nan() -> None:
    x = np.array([[1.0, np.nan, 3.0], [1.0, 2.0, 3.0]])
    for f in (np.max, np.min, np.median, np.ptp, lambda a, axis: np.quantile(a, 0.4, axis)):
        y = f(Dual(x, np.ones((2, 3))), axis=1)
        assert np.isnan(y.primal[0]) and np.isnan(y.tangent[0])
        assert y.primal[1] == f(x[1], axis=0) and np.isfinite(y.tangent[1])
        assert f(Dual(x, np.zeros((2, 3))), axis=1).tangent[0] == 0  # a zero tangent stays zero
    for nan_f, f in ((np.nanmax, np.max), (np.nanmedian, np.median), (np.nanmin, np.min)):
        want = jacobian(f)(x[0, [0, 2]])
        np.testing.assert_array_equal(jacobian(nan_f)(x[0]), [want[0], 0, want[1]])
    nothing = Dual(np.full((2, 2), np.nan), np.ones((2, 2)))
    for nan_f in (np.nanmax, np.nanmin, np.nanmedian):
        with pytest.warns(RuntimeWarning, match="All-NaN"):
            y = nan_f(nothing, axis=1)
        assert np.isnan(y.primal).all() and np.isnan(y.tangent).all()


def test_infinite_tangents_are_not_mixed_in() -> None:
    """An infinite slope elsewhere is no reason for nan."""
    x = np.array([0.0, 1.0, 4.0])
    for f, want in (
        (np.max, 0.25),
        (np.median, 0.5),
        (lambda v: np.sort(v)[1], 0.5),
        (lambda v: np.quantile(v, 1.0), 0.25),
    ):
        _, *slopes = jacobian(lambda v, f=f: f(np.sqrt(v)))(x)
        assert want in slopes
        y = f(np.sqrt(Dual(x, np.ones(3))))
        assert y.tangent == want
    y = np.quantile(np.sqrt(Dual(x, np.ones(3))), [0.0, 0.75])
    assert y.tangent.tolist() == [np.inf, 0.375]


def test_second_derivatives_are_those_of_the_selected() -> None:
    x = np.array([2.0, -3.0, 1.0])
    for f in (
        np.max,
        lambda v: np.sort(v)[2],
        lambda v: np.take(v, np.argmax(v)),
        lambda v: np.quantile(v, 1.0),
        lambda v: np.unique(v)[-1],
    ):
        h = hessian(lambda v, f=f: f(v**3))(x)
        np.testing.assert_allclose(h, np.diag([12.0, 0, 0]))


# -- plain answers -------------------------------------------------------------------------

ANSWERS: dict[str, Callable[[Any], Any]] = {
    "argmax": lambda a: np.argmax(a, axis=1),
    "argmin": lambda a: np.argmin(a, 1, keepdims=True),
    "nanargmax": np.nanargmax,
    "nanargmin": lambda a: np.nanargmin(a, axis=0),
    "argsort": lambda a: np.argsort(a, axis=0),
    "argpartition": lambda a: np.argpartition(a, 2, axis=1),
    "argwhere": lambda a: np.argwhere(a > 1),
    "nonzero": np.nonzero,
    "flatnonzero": np.flatnonzero,
    "count_nonzero": lambda a: np.count_nonzero(a, axis=1),
    "any": lambda a: np.any(a, axis=1),
    "all": lambda a: np.all(a, axis=1, keepdims=True),
    "searchsorted": lambda a: np.searchsorted(np.sort(a[0]), a),
    "lexsort": lambda a: np.lexsort((a[0], a[1])),
    "digitize": lambda a: np.digitize(a, [0.0, 3.0, 9.0]),
    "isin": lambda a: np.isin(a, [1.25, 2.25]),
    "isclose": lambda a: np.isclose(a, a + 1e-12),
    "allclose": lambda a: np.allclose(a, a + 1e-12),
    "array_equal": lambda a: np.array_equal(a, a * 1),
    "array_equiv": lambda a: np.array_equiv(a[0], a[:1]),
    "iscomplex": np.iscomplex,
    "isreal": np.isreal,
    "iscomplexobj": np.iscomplexobj,
    "isrealobj": np.isrealobj,
    "isneginf": np.isneginf,
    "isposinf": np.isposinf,
    "round": lambda a: np.round(a, 1),
    "around": lambda a: np.around(a, 1),
    "fix": np.fix,
    "where": lambda a: np.where(a > 1),
    "unique counts": lambda a: np.unique(a, return_counts=True)[1],
}


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated")  # since NumPy 2.5
@pytest.mark.parametrize("f", ANSWERS.values(), ids=ANSWERS.keys())
def test_plain_answers(f: Callable[[Any], Any]) -> None:
    x = Dual(APART, np.ones((2, 3, 4)))
    for got in (f(x), derivative(lambda t: f(x + 0 * t), order=0)(1.0)):
        np.testing.assert_equal(got, f(APART))
        parts = got if isinstance(got, tuple) else (got,)
        assert not any(isinstance(part, Dual) for part in parts)


def test_answers_from_objects_and_into_duals() -> None:
    x = Dual(2.0, 1.0)
    assert np.isin(Dual(np.array([2.0, 3.0]), np.ones(2)), [x, 1.0]).tolist() == [True, False]
    some = Dual(np.array([1.2, 3.7]), np.ones(2))
    for call in (lambda out: np.round(some, 0, out), lambda out: np.round(some, out=out)):
        out = Dual(np.zeros(2), np.ones(2))
        assert call(out) is out and out.primal.tolist() == [1, 4] and out.tangent.tolist() == [0, 0]
    numbers = np.zeros(2)
    assert np.round(some, out=numbers) is numbers and numbers.tolist() == [1, 4]


# -- complex, out=, refused ----------------------------------------------------------------


def test_complex() -> None:
    for f in (
        np.sort,
        np.max,
        np.min,
        np.sort_complex,
        np.unique,
        np.median,
        lambda a: np.take(a, [0, 2]),
        lambda a: np.trim_zeros(a),
    ):
        complex_slope(f, APART.ravel()[:5])


@pytest.mark.skipif("descending" not in str(signature(np.sort)), reason="NumPy 2.5 has it")
@pytest.mark.parametrize("axis", [-1, 0, None])
def test_the_largest_first(axis: int | None) -> None:
    rows = np.array([[1.0, 5.0, 2.0, 5.0], [3.0, np.nan, 4.0, 3.0]])
    x, options = Dual(rows, np.arange(8.0).reshape(2, 4)), {"descending": True, "stable": True}
    order = np.argsort(rows, axis, **options)
    np.testing.assert_array_equal(np.argsort(x, axis, **options), order)
    found = [np.sort(x, axis, **options)]
    if axis is not None:
        y = x.copy()
        y.sort(axis, **options)
        found.append(y)
    for y in found:
        for part, before in ((y.primal, rows), (y.tangent, x.tangent)):
            want = np.take_along_axis(before, order, axis)
            np.testing.assert_array_equal(part, want)


def test_quantiles_beside_those_that_are_nan() -> None:
    rows = np.array([[1.0, 5.0, 2.0], [3.0, np.nan, 4.0], [6.0, 9.0, 8.0]])
    x = Dual(rows, np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]))
    for f, want in (
        (lambda a: np.median(a, axis=1), [3.0, np.nan, 9.0]),
        (lambda a: np.quantile(a, 0.25, axis=1), [2.0, np.nan, 8.0]),
    ):
        y = f(x)
        np.testing.assert_array_equal(y.primal, f(rows))
        np.testing.assert_array_equal(y.tangent, want)


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated:DeprecationWarning")
def test_answers_without_derivative_in_place() -> None:
    """What was there loses its tangent, by whatever way out= is given."""
    x = Dual(np.array([[-np.inf, 2.5, np.inf]]), np.ones((1, 3)))
    for f in (
        lambda out: np.isneginf(x, out),
        lambda out: np.isposinf(x, out),
        lambda out: np.fix(x, out),
        lambda out: np.all(x > 0, 0, out),
        lambda out: np.any(x, 0, out),
        lambda out: np.any(x, 0, out=out),
    ):
        expected = np.asarray(f(None), float)
        out = Dual(np.full_like(expected, 7.0), np.ones_like(expected))
        assert f(out) is out
        np.testing.assert_array_equal(out.primal, expected)
        assert not out.tangent.any()


def test_out() -> None:
    x = Dual(APART, np.stack([MATRIX, -MATRIX]))
    for f in (
        np.max,
        np.nanmin,
        np.median,
        np.nanmedian,
        lambda a, axis, out: np.quantile(a, 0.3, axis, out),
        lambda a, axis, out: np.take(a, 1, axis, out),
    ):
        out = np.zeros_like(x[:, 0])
        assert f(x, axis=1, out=out) is out
        expected = f(x, axis=1, out=None)
        np.testing.assert_array_equal(out.primal, expected.primal)
        np.testing.assert_array_equal(out.tangent, expected.tangent)
        with pytest.raises(TypeError, match="cannot hold derivatives"):
            f(x, axis=1, out=np.zeros(3))


X = Dual(APART, MATRIX)

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "slope in q": (
        lambda: np.quantile(X, Dual(0.5, 1.0)),
        TypeError,
        "np.quantile has no derivative in q; pass getattr.q, 'primal', q., or interpolate",
    ),
    "slope in some q": (
        lambda: np.nanpercentile(X, [Dual(0.5, 1.0), 0.1], axis=0),
        TypeError,
        "np.nanpercentile has no derivative in q",
    ),
    "q": (lambda: np.quantile(X, 1.5), ValueError, "range"),
    "method": (lambda: np.quantile(X, 0.5, method="?"), ValueError, "not a valid method"),
    "order": (lambda: np.sort(X, order="x"), ValueError, "fields"),
    "extreme of nothing": (lambda: np.max(X[:0]), ValueError, "zero-size array"),
    "max where": (lambda: np.max(X, where=ODD), ValueError, "initial"),
    "compress": (lambda: np.compress(ODD, X), ValueError, r"one axis, got shape \(3, 4\)"),
    "trim": (lambda: np.trim_zeros(X[0], "x"), ValueError, "'f', 'b' or 'fb', got 'x'"),
    "take": (lambda: np.take(X, 12), IndexError, "out of bounds"),
    "axis": (lambda: np.take_along_axis(X, np.zeros((1, 1), int), 2), ValueError, "axis 2"),
}


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()


def test_of_equal_zeros_those_are_kept_that_numpy_keeps() -> None:
    random = np.random.default_rng(1)
    for n in range(2, 40):
        a = random.choice([0.0, -0.0, 1.0, -1.0, np.nan], size=n)
        for f in (np.unique, lambda a: np.union1d(a, [-0.0, 3.0]), np.unique_values):
            want, (got, _) = f(a), jvp(f, (a,), (a,))
            np.testing.assert_array_equal(got, want)
            np.testing.assert_array_equal(np.signbit(got), np.signbit(want))
