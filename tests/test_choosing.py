"""Choosing between arrays, writing into arrays, elementwise functions and tables."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from support.cases import APART, MATRIX, VECTOR, Case, complex_slope, hold, steps, table

from dualad import Dual, DualArray, derivative, grad, hessian, jacobian, jvp
from dualad.array.undefined import NonDifferentiableError

MASK = MATRIX > 0
POINTS = np.array([[-0.5, 0.3, 1.2], [2.6, 3.9, 9.3]])
BROKEN = np.array([1, np.nan, 1, np.inf])
GRID = np.array([0.1, 1.0, 2.0, 4.0])


def writes(f: Callable[..., Any], *args: Any) -> Case:
    """f writes into its first argument, of which it gets a copy."""

    def result(a: Any, *args: Any) -> Any:
        a = a * a
        f(a, *args)
        return a

    # (an array of an outer derivative cannot take what is inside)
    return Case(result, *args, mixed=False)


CASES: dict[str, Case] = {
    "where": Case(lambda a, b: np.where(MASK, a * a, b), MATRIX, VECTOR[:1]),
    "where of rows": Case(lambda a, b: np.where(VECTOR[:4] > 0, a * a, b), MATRIX, 2.0),
    "where spread": Case(lambda a: np.where(MASK, a * a, 1.0), VECTOR[:4]),
    "where number": Case(lambda a: np.where(True, a * a, 0), 3.0),
    "choose": Case(lambda a, b: np.choose([[0], [1], [0]], [a * a, b]), MATRIX, VECTOR[:4]),
    "choose wrapped": Case(lambda a: np.choose([5, 1, -1, 0], a * a, mode="wrap"), MATRIX),
    "select": steps(
        lambda a, b: np.select([a > 0.5, a < -0.5], [a * a, b], default=b * 2), MATRIX, VECTOR[:4]
    ),
    "select default": Case(lambda a: np.select([MASK], [a * a], 7.0), MATRIX),
    "piecewise": steps(
        lambda a: np.piecewise(a, [a < -1, a > 0.3], [lambda t: t**2, lambda t: 3 * t, 7.0]), MATRIX
    ),
    "piecewise options": steps(
        lambda a, b: np.piecewise(a, [a < 0], [lambda t, c: c * t**2, b[0]], b[1]), MATRIX, VECTOR
    ),
    "piecewise one": steps(lambda a: np.piecewise(a, a > 0, [lambda t: t**3]), VECTOR),
    "piecewise number": steps(
        lambda a: np.piecewise(a, [a < 0, a >= 0], [lambda t: -t, lambda t: t * t]), 1.5
    ),
    "put": writes(lambda a, b: np.put(a, [1, -2, 5], b), MATRIX, VECTOR[:2]),
    "place": writes(lambda a, b: np.place(a, MASK, b), MATRIX, VECTOR[:2]),
    "putmask": writes(lambda a, b: np.putmask(a, MASK, b), MATRIX, VECTOR[:3]),
    "copyto": writes(lambda a, b: np.copyto(a, b, where=MASK), MATRIX, VECTOR[:4]),
    "copyto all": writes(lambda a, b: np.copyto(a, b * b), MATRIX, VECTOR[:1]),
    "put_along_axis": writes(
        lambda a, b: np.put_along_axis(a, np.array([[1, 3]]), b, 1), MATRIX, VECTOR[:2]
    ),
    "put_along_axis down": writes(
        lambda a, b: np.put_along_axis(a, np.array([[2, 0, 1, 1]]), b, 0), MATRIX, VECTOR[:4]
    ),
    "put_along_axis all": writes(
        lambda a, b: np.put_along_axis(a, np.array([1, 7]), b, None), MATRIX, VECTOR[:2]
    ),
    "fill_diagonal": writes(lambda a, b: np.fill_diagonal(a, b), MATRIX, VECTOR[:2]),
    "clip": steps(lambda a, low: np.clip(a * a, low, 2.0), APART, [1.7, 0.3, 3.0, 0.1]),
    "clip below": steps(lambda a: np.clip(a * a, 3.3, None), APART),
    "clip method": steps(lambda a: (a * a).clip(2.2, 30), APART),
    "nan_to_num": steps(lambda a: np.nan_to_num(a * BROKEN) / 1e300, MATRIX),
    "nan_to_num told": steps(
        lambda a, b: np.nan_to_num(a * BROKEN, nan=b, posinf=3, neginf=b * b),
        MATRIX,
        2.5,
    ),
    "sinc": Case(np.sinc, MATRIX),
    "i0": steps(np.i0, [-3.0, -0.4, 0.0, 1.0, 7.0]),
    "real": steps(lambda a: np.real(a * (1 + 2j)) ** 2, MATRIX),
    "imag": steps(lambda a: np.imag(a * (1 + 2j)) ** 2, MATRIX),
    "imag of real": steps(np.imag, MATRIX),
    "angle": steps(lambda x, y: np.angle(x + 1j * y), MATRIX, MATRIX + 1),
    "angle in degrees": steps(lambda x, y: np.angle(x + 1j * y, deg=True), 1.0, 2.0),
    "angle of real": steps(np.angle, MATRIX),
    "unwrap": steps(lambda a: np.unwrap(a * 5, axis=0), MATRIX),
    "unwrap one axis": steps(lambda a: np.unwrap(a * 5), VECTOR),
    "unwrap the last axis": steps(lambda a: np.unwrap(np.stack([a, a]) * 5), MATRIX),
    "unwrap period": steps(lambda a: np.unwrap(a * 5, discont=3, period=4), MATRIX),
    "real_if_close": steps(lambda a: np.real_if_close(a * (1 + 1e-16j)) ** 2, MATRIX),
    "interp": steps(np.interp, POINTS, GRID, VECTOR[:4]),
    "interp ends": steps(
        lambda x, xp, fp, b: np.interp(x, xp, fp, left=b[0], right=b[1]),
        *(POINTS, GRID, VECTOR[:4], VECTOR[2:]),
    ),
    "interp period": steps(
        lambda x, xp, fp, p: np.interp(x, xp, fp, period=p), POINTS, GRID[::-1] + 3, VECTOR[:4], 5.0
    ),
    "interp number": steps(lambda x: np.interp(x, GRID, VECTOR[:4]), 1.5),
    "bincount": steps(lambda w: np.bincount([0, 1, 1, 3, 0], w, 6) ** 2, VECTOR),
    "histogram": steps(lambda w: np.histogram(VECTOR, 4, weights=w, density=True)[0], VECTOR + 3),
    "histogram as it is": steps(lambda w: np.histogram(VECTOR, weights=w)[0], VECTOR),
    "histogram of longdouble": steps(
        lambda w: np.histogram(VECTOR, weights=w.astype(np.longdouble))[0], VECTOR
    ),
    "histogram2d edges": steps(
        lambda x, e: np.histogram2d(x, VECTOR[::-1], e), VECTOR, [-9.0, 0.3, 1.5, 9.0]
    ),
    "histogramdd of one axis": steps(
        lambda a, w: np.histogramdd(a, 3, density=True, weights=w), VECTOR, VECTOR**2
    ),
    "histogram edges": steps(lambda a: np.histogram(a, 4, density=True), APART),
    "histogram range": steps(
        lambda a, r: np.histogram(a, 3, (r[0], r[1]), density=True), APART, [1.1, 7.9]
    ),
    "histogram bins": steps(lambda a, e: np.histogram(a, e, density=True), APART, [0.1, 3, 8]),
    "histogram named": steps(lambda a: np.histogram(a, "sturges")[1], APART),
    "histogram_bin_edges": steps(lambda a: np.histogram_bin_edges(a, 5), APART),
    "histogram_bin_edges of ten": steps(lambda a: np.histogram_bin_edges(a), APART),
    "histogramdd of ten": steps(lambda a: np.histogramdd(a)[1], APART),
    "histogram2d": steps(
        lambda x, w: np.histogram2d(x, VECTOR[::-1], 3, weights=w, density=True),
        *(VECTOR, VECTOR + 3),
    ),
    "histogramdd": steps(
        lambda a, w: [
            np.histogramdd(a, (2, 3, [0, 5.1, 12]), weights=w)[0],
            *np.histogramdd(a, (2, 3, [0, 5.1, 12]), weights=w)[1],
        ],
        APART.T[:, :3].copy(),
        VECTOR[:4],
    ),
}
if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
    CASES["clip names"] = steps(lambda a, b: np.clip(a * a, max=b, min=[0, 1, 2.0, 3]), APART, 3.3)


@table(CASES)
def test_everything(case: Case) -> None:
    hold(case)


# -- bounds --------------------------------------------------------------------------------


def test_clip_at_a_bound() -> None:
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    assert grad(lambda v: np.sum(np.clip(v, 0, 1)))(x).tolist() == [0, 0.5, 1, 0.5, 0]
    slope = derivative(lambda b: np.sum(np.clip(x, b, 1)))
    assert slope(0.0) == 1.5
    # between equal bounds nothing moves
    fixed = Dual(np.array([2.0, 2.0]), np.ones(2))
    y = np.clip(fixed, np.array([2.0, 1.0]), np.array([2.0, 3.0]))
    assert y.primal.tolist() == [2, 2] and y.tangent.tolist() == [0, 1]


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0, 2.0, math.nan]), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_clip_has_the_values_of_numpy(numbers: list[float]) -> None:
    x, low, high = numbers
    expected = np.clip(np.array([x]), low, high)
    np.testing.assert_array_equal(
        np.clip(Dual(np.array([x]), np.ones(1)), low, high).primal, expected
    )
    np.testing.assert_array_equal(np.clip(np.array([x]), low, Dual(high, 1.0)).primal, expected)


# -- tables to look up in ------------------------------------------------------------------


def test_interp_on_its_points() -> None:
    """The mean of the slopes on both sides; outside it is constant."""
    xp, fp = np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 10.0])
    slopes = jacobian(lambda v: np.interp(v, xp, fp))(xp)
    np.testing.assert_array_equal(slopes, np.diag([1.0, 3.0, 2.0]))
    np.testing.assert_array_equal(jacobian(lambda h: np.interp(xp, xp, h))(fp), np.eye(3))
    np.testing.assert_array_equal(
        jacobian(lambda g: np.interp(xp, g, fp))(xp), np.diag([-1.0, -3.0, -2.0])
    )
    told = jacobian(lambda v: np.interp(v, xp, fp, left=-5.0, right=99.0))(xp[1:2])
    assert told.tolist() == [[3.0]]  # what is beyond the grid does not matter within
    # so moving points and grid together moves nothing
    np.testing.assert_array_equal(jacobian(lambda g: np.interp(g, g, fp))(xp), np.zeros((3, 3)))


def test_interp_at_jumps() -> None:
    """A jump belongs to the side whose value it has."""
    xp, fp = np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.0, 1.0, 5.0, 8.0])
    x = Dual(np.array([1.0]), np.ones(1))
    assert np.interp(x, xp, fp).tangent[0] == 3.0
    assert jacobian(lambda h: np.interp(1.0, xp, h))(fp).tolist() == [0, 0, 1, 0]
    ends = Dual(np.array([0.0, 2.0, -1.0, 3.0]), np.ones(4))
    y = np.interp(ends, xp, fp, left=-7.0, right=9.0)
    assert y.primal.tolist() == [0, 8, -7, 9] and y.tangent.tolist() == [1, 3, 0, 0]
    y = np.interp(ends, xp, fp, left=Dual(0.0, 1.0), right=9.0)  # no jump at the left
    assert y.tangent.tolist() == [1.0, 3, 1, 0]
    inside = Dual(np.array([1.0]), np.ones(1))  # the last point but one is no end
    assert np.interp(inside, [0.0, 1.0, 2.0], [0.0, 2.0, 8.0], right=9.0).tangent[0] == 4.0


def test_interp_odd_tables() -> None:
    one = Dual(np.array([0.0, 1.0, 2.0, np.nan]), np.ones(4))
    y = np.interp(one, [1.0], [5.0], left=0.0)
    np.testing.assert_array_equal(y.primal[:3], [0, 5, 5])
    np.testing.assert_array_equal(y.tangent[:3], [0, 0, 0])
    y = np.interp(one, [1.0, 1.5], [5.0, 6.0])
    np.testing.assert_array_equal(y.primal, [5, 5, 6, np.nan])
    np.testing.assert_array_equal(y.tangent, [0, 1, 0, np.nan])
    complex_slope(lambda fp: np.interp(POINTS, GRID, fp), VECTOR[:4])
    flat = hessian(lambda v: np.interp(v[0], GRID, np.stack([v[1], v[1], v[1], v[1]])))
    np.testing.assert_allclose(flat(np.array([1.5, 2.0])), np.zeros((2, 2)), atol=1e-15)
    # a flat piece whose height depends on something keeps that dependence in the slope
    sloped = hessian(lambda v: np.interp(v[0], [0.0, 2.0], np.stack([v[1], v[2]])))
    h = sloped(np.array([1.0, 3.0, 3.0]))
    np.testing.assert_allclose(h, [[0, -0.5, 0.5], [-0.5, 0, 0], [0.5, 0, 0]])
    h = sloped(np.array([2.0, 3.0, 3.0]))  # at the end: half of it
    np.testing.assert_allclose(h, [[0, -0.25, 0.25], [-0.25, 0, 0], [0.25, 0, 0]])


def test_histogram_of_one_value() -> None:
    counts, edges = np.histogram(Dual(np.full(3, 2.0), np.ones(3)), 2)
    assert counts.tolist() == [0, 3] and type(counts) is np.ndarray
    assert edges.primal.tolist() == [1.5, 2, 2.5] and edges.tangent.tolist() == [1, 1, 1]
    assert np.histogram(Dual(np.zeros(0), np.zeros(0)), 2)[1].tolist() == [0, 0.5, 1]
    weights = Dual(np.ones(3), np.array([1.0, 2.0, 4.0]))
    counts, _ = np.histogram(Dual(np.full(3, 2.0), np.ones(3)), 4, weights=weights)
    assert counts.tangent.tolist() == [0, 0, 7, 0]


def test_densities_of_uneven_bins() -> None:
    """Counts by the area of their bins, which differ along both axes."""
    x, y, w = np.array([0.5, 2, 2, 5]), np.array([1.0, 1, 5, 5]), np.array([1.0, 2, 3, 4])
    edges = [np.array([0.0, 1, 3, 7]), np.array([0.0, 2, 9])]
    areas = np.outer(np.diff(edges[0]), np.diff(edges[1]))

    def density(v: Any) -> Any:
        return np.histogram2d(x, y, edges, density=True, weights=v)[0]

    counts = np.array([[1.0, 0], [2, 3], [0, 4]])
    moved = np.array([[1.0, 0], [0, 0], [0, 0]])  # by the first weight
    want = (moved / 10 - counts / 100) / areas
    np.testing.assert_allclose(jacobian(density)(w)[..., 0], want, rtol=1e-14, atol=1e-16)


def test_infinite_heights_stay_where_they_are() -> None:
    heights = Dual(np.arange(3.0), np.array([np.inf, 1.0, 2.0]))
    y = np.interp(np.array([1.0, 0.5]), [0.0, 1.0, 2.0], heights)
    np.testing.assert_array_equal(y.tangent, [1.0, np.inf])


# -- elementwise ---------------------------------------------------------------------------


def test_i0_of_long_doubles() -> None:
    x = np.array([-2.5, 0.5, 3.0], np.longdouble)
    slopes = derivative(np.i0)(x)
    assert slopes.dtype == np.longdouble
    assert slopes.astype(float).tolist() == pytest.approx(
        [float(mp.besseli(1, float(v))) for v in x], rel=1e-14
    )


def test_i0_against_mpmath(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [-30.0, -2.5, 0.0, 1e-9, 0.7, 12.0]

    def error(order: int) -> float:
        got = np.array([derivative(np.i0, order=order)(x) for x in points])
        with mp.workdps(40):
            exact = np.array([float(mp.diff(lambda t: mp.besseli(0, t), x, order)) for x in points])
        return float(np.max(np.abs(got - exact) / np.maximum(np.abs(exact), 1e-300)))

    assert max(map(error, (1, 2, 3))) < 4e-15
    monkeypatch.setitem(sys.modules, "scipy.special", None)  # without SciPy
    assert max(map(error, (1, 2))) < 4e-15


def test_nan_to_num_in_place_and_complex() -> None:
    x = Dual(np.array([1.0, np.nan]), np.ones(2))
    assert np.nan_to_num(x, copy=False) is x
    assert x.primal.tolist() == [1, 0] and x.tangent.tolist() == [1, 0]
    z = Dual(np.array([1 + 2j, complex(np.nan, 3)]), np.array([1j, 1 + 1j]))
    y = np.nan_to_num(z)
    assert y.primal.tolist() == [1 + 2j, 3j] and y.tangent.tolist() == [1j, 1j]


def test_real_if_close_drops_nothing_that_has_a_slope() -> None:
    z = np.array([1 + 1e-17j, 2])
    assert not np.iscomplexobj(np.real_if_close(Dual(z, np.ones(2, complex))).primal)
    y = np.real_if_close(Dual(z, 1j * np.ones(2)))
    assert not np.iscomplexobj(y.primal)  # as in the plain run
    with pytest.raises(NonDifferentiableError, match="imaginary parts that are negligible but"):
        np.sum(y)
    assert np.iscomplexobj(np.real_if_close(Dual(z * 1j, np.ones(2, complex))).primal)
    assert np.real_if_close(Dual(np.ones(2), np.ones(2))).tangent.tolist() == [1, 1]


def test_parts_are_views() -> None:
    z = Dual(np.array([1 + 2j, 3]), np.array([1j, 1 + 1j]))
    np.imag(z)[0] = Dual(5.0, 7.0)
    z.real[1] = 4.0
    assert z.primal.tolist() == [1 + 5j, 4] and z.tangent.tolist() == [7j, 1j]
    x = Dual(np.array([1.0, 2.0]), np.ones(2))
    x.real[0] = 3.0
    assert x.primal.tolist() == [3, 2] and x.tangent.tolist() == [0, 1]


def test_piecewise_keeps_the_dtype_of_its_points() -> None:
    x = Dual(VECTOR, VECTOR)
    with pytest.warns(np.exceptions.ComplexWarning):
        y = np.piecewise(x, [VECTOR > 0], [lambda t: (1 + 1j) * t, 0.0])
    assert y.primal.dtype == y.tangent.dtype == float
    np.testing.assert_array_equal(y.tangent, np.maximum(VECTOR, 0))


def test_complex() -> None:
    for f in (
        lambda a: np.where(MASK, a, a * a),
        lambda a: np.select([MASK], [a], a * a),
        lambda a: np.choose(MASK.astype(int), [a, a * a]),
        lambda a: np.piecewise(a, [MASK, ~MASK], [lambda t: t * 1j, lambda t: t * t]),
        np.sinc,
        np.angle,
        np.real,
        np.imag,
        np.nan_to_num,
    ):
        complex_slope(f, MATRIX)


# -- writing into arrays -------------------------------------------------------------------


def test_writing_into_plain_arrays_is_refused() -> None:
    x = Dual(VECTOR[:2], np.ones(2))
    calls: dict[str, Callable[[Any], Any]] = {
        "put": lambda a: np.put(a, [0, 1], x),
        "place": lambda a: np.place(a, MASK, x),
        "putmask": lambda a: np.putmask(a, MASK, x),
        "copyto": lambda a: np.copyto(a[:, :2], x),
        "fill_diagonal": lambda a: np.fill_diagonal(a, x),
        "put_along_axis": lambda a: np.put_along_axis(a, np.array([[0, 1]]), x, 1),
    }
    for name, call in calls.items():
        a = MATRIX.copy()
        if name != "fill_diagonal":  # NumPy does not ask the value: it is refused by x itself
            with pytest.raises(TypeError, match="a plain array of float64 was to be written to"):
                call(a)
        else:
            with pytest.raises(TypeError):
                call(a)
        np.testing.assert_array_equal(a, MATRIX)
        objects = np.array(MATRIX, object)  # has room
        call(objects)
        assert any(isinstance(e, Dual) for e in objects.flat)


def test_constants_have_no_tangent() -> None:
    for f in (
        lambda a: np.put(a, 1, 5.0),
        lambda a: np.place(a, [False, True], [5.0, 6]),
        lambda a: np.putmask(a, [False, True], [4.0, 5.0]),
        lambda a: np.copyto(a, 5.0, where=[False, True]),
        lambda a: np.put_along_axis(a, np.array([1]), 5.0, 0),
    ):
        for tangent in (np.ones(2), np.ones((3, 2))):
            x = Dual(np.array([1.0, 2.0]), tangent)
            f(x)
            assert x.primal.tolist() == [1, 5]
            assert np.atleast_2d(x.tangent)[0].tolist() == [1, 0]


def test_copyto_drops_axes_of_one_element() -> None:
    x, y = Dual(np.zeros(3), np.zeros(3)), Dual(VECTOR[None, :3], VECTOR[None, 2:])
    np.copyto(x, y)
    np.testing.assert_array_equal(x.primal, VECTOR[:3])
    np.testing.assert_array_equal(x.tangent, VECTOR[2:])


def test_bincount_of_nothing_has_no_bins() -> None:
    none = np.zeros(0)
    assert np.bincount(none.astype(int), Dual(none, none)).shape == (0,)


def test_edges_for_nothing_go_from_0_to_1() -> None:
    none = np.zeros(0)
    assert np.histogram(Dual(none, none), 2)[1].tolist() == [0.0, 0.5, 1.0]


def test_histogram2d_has_ten_bins() -> None:
    counts, *edges = np.histogram2d(Dual(VECTOR, VECTOR), VECTOR)
    assert counts.shape == (10, 10)
    steps = np.linspace(VECTOR.min(), VECTOR.max(), 11)  # linear in the points, so are they
    np.testing.assert_allclose(edges[0].tangent, steps, rtol=1e-14)


def test_writing_nothing() -> None:
    x = Dual(VECTOR, VECTOR)
    np.put(x, [], 5.0)
    np.put(x, [0], [])
    np.place(x, np.zeros(5), [])
    np.putmask(x, np.zeros(5), 1.0)
    np.testing.assert_array_equal(x.primal, VECTOR)
    np.testing.assert_array_equal(x.tangent, VECTOR)
    one = Dual(np.array(1.0), np.array(1.0))
    np.put(one, 0, 5.0)
    assert one.primal == 5 and one.tangent == 0


def test_python_numbers_beside_single_precision() -> None:
    x = VECTOR.astype(np.float32)
    for f in (
        lambda v: np.choose([0, 1, 0, 1, 1], [v, 1.0]),
        lambda v: np.choose([0, 1, 0, 1, 1], [v, np.float64(1)]),
        lambda v: np.linspace(v, 1, 3),
        lambda v: np.linspace(0.0, v, 3, retstep=True)[1],
        lambda v: np.where(v > 0, v, 1.0),
    ):
        y = f(Dual(x, x))
        assert y.dtype == y.tangent.dtype == f(x).dtype
        np.testing.assert_array_equal(y.primal, f(x))


def test_lists_of_duals() -> None:
    a, b = Dual(1.0, 1.0), Dual(2.0, 10.0)
    x = Dual(np.array([3.0, 4.0]), np.zeros(2))
    assert np.where([True, False], [a, b], x).tangent.tolist() == [1, 0]
    assert np.choose([0, 1], [x, [a, b]]).tangent.tolist() == [0, 10]
    assert np.select([np.array([False, True])], [x], [a, b]).tangent.tolist() == [1, 0]
    assert np.interp(x, [0.0, a * 10], [b, b * 3]).tangent[0] == pytest.approx(10 + 0.3 * 20 - 1.2)
    assert np.clip(x, [a, b], None).tangent.tolist() == [0, 0]
    assert isinstance(np.where(True, a, b), DualArray)


def test_out() -> None:
    x = Dual(MATRIX, MATRIX)
    for f in (
        lambda out: np.clip(x, -1, 1, out=out),
        lambda out: np.clip(x, None, None, out=out),
        lambda out: np.clip(x, -1, 1, out=out, casting="same_kind"),
        lambda out: np.choose(np.zeros((3, 4), int), [x], out=out),
        lambda out: np.compress([True] * 3, x, axis=0, out=out),
    ):
        out = np.zeros_like(x)
        assert f(out) is out
        np.testing.assert_array_equal(out.tangent, f(None).tangent)
        with pytest.raises(TypeError, match="cannot hold derivatives"):
            f(np.zeros((3, 4)))


X = Dual(MATRIX, MATRIX)

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "clip twice": (
        lambda: np.clip(X, 0, 1, **{"min": 0}),
        ValueError,
        "a_min and a_max, or min and max",
    ),
    "clip where": (lambda: np.clip(X, 0, 1, where=MASK), TypeError, "np.clip with where= is not"),
    "select": (lambda: np.select([MASK], [X, X]), ValueError, "got 1 conditions and 2 choices"),
    "select numbers": (lambda: np.select([MATRIX], [X]), TypeError, "bool, got one of float64"),
    "piecewise": (
        lambda: np.piecewise(X, [MASK], [1, 2, 3]),
        ValueError,
        "got 3 functions for 1 conditions",
    ),
    "place": (lambda: np.place(X, MASK[:1], 1.0), ValueError, "got 4 for 12 elements"),
    "place nothing": (lambda: np.place(X * 1, MASK, []), ValueError, "from an empty array"),
    "copyto": (lambda: np.copyto(X * 1, 1j), TypeError, "cannot cast to float64"),
    "unwrap": (
        lambda: np.unwrap(X, period=Dual(1.0, 1.0)),
        TypeError,
        "no derivative in period; pass getattr.period, 'primal', period.",
    ),
    "interp": (lambda: np.interp(X, GRID, GRID[:2]), ValueError, "same length"),
    "bincount": (lambda: np.bincount(X[0], X[0]), TypeError, "safe"),
    "histogram2d": (lambda: np.histogram2d(X[0], X[0], [3]), ValueError, "got 1 bins"),
    "histogramdd": (
        lambda: np.histogramdd(X, bins=(2, 3)),
        ValueError,
        "got 2 bins and 4 ranges for 4 axes",
    ),
}


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()


def test_nan_to_num_lies_in_memory_as_numpys() -> None:
    rows = np.arange(12.0).reshape(3, 4)
    for x in (rows, rows.T, rows[::-1], np.broadcast_to(rows[0], (4, 4)), rows[:, ::2]):
        y = np.nan_to_num(Dual(x, x + 1))
        assert y.primal.strides == np.nan_to_num(x).strides
        assert np.array_equal(y.tangent, x + 1)
    z = np.nan_to_num(Dual(np.array([np.nan + 1j, np.inf]), np.array([1.0 + 2j, 3.0])), posinf=7)
    assert z.primal.tolist() == [1j, 7.0] and z.tangent.tolist() == [2j, 0]


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_interpolation_in_tables_of_small_integers(mode: Any) -> None:
    """The slopes by hand: a difference of two table entries may not fit in their type."""
    rate = lambda x, xp, fp, **options: grad(  # noqa: E731
        lambda x: np.interp(x, xp, fp, **options), mode=mode
    )(x)
    assert rate(0.5, [0, 1], np.array([3, 1], np.uint8)) == -2
    assert rate(0.5, [0, 1], np.array([100, -100], np.int8)) == -200
    assert rate(0.5, np.array([-100, 100], np.int8), [0, 1]) == pytest.approx(0.005, rel=1e-15)
    assert rate(0.5, np.array([200, 0], np.uint8)[::-1], [1, 3]) == pytest.approx(0.01, rel=1e-15)
    assert rate(0.5, [0, 1], [True, False]) == -1
    table = np.array([100, -100, 100], np.int8)
    assert rate(3.25, np.array([0, 1, 2], np.uint8), table, period=np.uint8(2)) == 200
    for of, single in ((np.float32, np.array([1, 1 + 2**-20, 5])), (np.float16, [1, 1.125, 5])):
        fp = np.asarray(single, of)
        assert rate(0.3, [0, 1, 2], fp) == float(fp[1]) - float(fp[0])
    if np.finfo(np.longdouble).bits > 64:
        with pytest.raises(TypeError, match="safe"):  # as the plain function
            rate(0.5, np.array([0, 1], np.longdouble), [3, 1])


def test_where_without_its_last_argument_is_numpys_error() -> None:
    with pytest.raises(ValueError, match="either both or neither"):
        jvp(lambda x: np.where(x, x), (1.5,), (1.0,))
    assert jvp(lambda x: x * np.where(np.array([x, x]))[0].sum(), (1.5,), (1.0,)) == (1.5, 1.0)
