"""dualad.scipy.interpolate: against SciPy at moved data (complex steps where it takes them),
polynomials that a spline reproduces, and formulas."""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np
import pytest
import scipy.interpolate
from hypothesis import given, settings
from hypothesis import strategies as st
from support.oracle import differences

from dualad import (
    Dual,
    NonDifferentiableError,
    derivative,
    grad,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from dualad.scipy import interpolate

X = np.array([0.0, 0.7, 1.5, 2.6, 3.0, 4.1])
Y = np.array([1.0, 2.2, 1.9, 3.0, 3.3, 2.0])
AT = np.array([-0.4, 0.3, 1.2, 2.0, 2.85, 3.6, 4.5])
PERIODIC = np.append(Y[:-1], Y[0])

# A spline of a module, ours or SciPy's, through (x, y).
SPLINES: dict[str, Any] = {
    "CubicSpline": lambda m, x, y: m.CubicSpline(x, y),
    "natural": lambda m, x, y: m.CubicSpline(x, y, bc_type="natural"),
    "clamped": lambda m, x, y: m.CubicSpline(x, y, bc_type="clamped"),
    "periodic": lambda m, x, y: m.CubicSpline(
        x, np.concatenate([y[:-1], y[:1]]), bc_type="periodic"
    ),
    "mixed ends": lambda m, x, y: m.CubicSpline(x, y, bc_type=("not-a-knot", (2, 0.7))),
    "given ends": lambda m, x, y: m.CubicSpline(x, y, bc_type=((1, 0.3), (2, -0.2))),
    "pchip": lambda m, x, y: m.PchipInterpolator(x, y),
    "akima": lambda m, x, y: m.Akima1DInterpolator(x, y, extrapolate=True),
    "makima": lambda m, x, y: m.Akima1DInterpolator(x, y, method="makima", extrapolate=True),
    "hermite": lambda m, x, y: m.CubicHermiteSpline(x, y, y**2),
}
B_SPLINES: dict[str, Any] = {
    **{f"degree {k}": (lambda m, x, y, k=k: m.make_interp_spline(X, y, k)) for k in (1, 2, 3, 5)},
    "b-spline, natural": lambda m, x, y: m.make_interp_spline(X, y, bc_type="natural"),
    "b-spline, ends": lambda m, x, y: m.make_interp_spline(X, y, bc_type=([(1, 0.3)], [(2, -0.2)])),
}


@pytest.mark.parametrize("name", SPLINES | B_SPLINES)
def test_splines_depend_on_their_data(name: str) -> None:
    """Values and breakpoints, for every place, derivative and integral: as SciPy at moved data."""
    make = (SPLINES | B_SPLINES)[name]
    moves_x = name in SPLINES
    random = np.random.default_rng(1)
    dx, dy = random.normal(size=(2, 6)) * (1 if moves_x else 0), random.normal(size=(2, 6))

    for what in (
        lambda s: s(AT),
        lambda s: s(AT, 1),
        lambda s: s.derivative()(AT),
        *([] if moves_x else [lambda s: s.integrate(0.2, 3.3)]),
        *([] if moves_x else [lambda s: s.antiderivative()(AT)]),
    ):
        x = Dual(X, dx) if moves_x else X
        got = what(make(interpolate, x, Dual(Y, dy)))
        np.testing.assert_array_equal(got.primal, np.asarray(what(make(scipy.interpolate, X, Y))))
        for i in (0, 1):

            def f(x: Any, y: Any, what: Any = what) -> Any:
                return np.asarray(what(make(scipy.interpolate, x, y)))

            (want,) = differences(f, (X, Y), (dx[i], dy[i]))
            np.testing.assert_allclose(got.tangent[i], want, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", SPLINES)
def test_integrals_of_splines_of_duals(name: str) -> None:
    make = SPLINES[name]
    got = make(interpolate, X, Dual(Y, Y)).integrate(0.2, 3.3)
    (want,) = differences(
        lambda y: np.asarray(make(scipy.interpolate, X, y).integrate(0.2, 3.3)), (Y,), (Y,)
    )
    assert got.primal == pytest.approx(float(make(scipy.interpolate, X, Y).integrate(0.2, 3.3)))
    assert got.tangent == pytest.approx(float(want), rel=1e-8)
    over = derivative(make(interpolate, X, Y).antiderivative())(1.1)
    assert over == pytest.approx(float(make(scipy.interpolate, X, Y)(1.1)), rel=1e-13)


@pytest.mark.parametrize("name", SPLINES | B_SPLINES)
def test_splines_at_duals(name: str) -> None:
    """Derivatives of all orders are SciPy's own nu-th ones, beyond the last one zero."""
    s, plain = ((SPLINES | B_SPLINES)[name](m, X, Y) for m in (interpolate, scipy.interpolate))
    np.testing.assert_array_equal(s(AT), plain(AT))
    for order in range(1, 5):
        got = derivative(s, order=order)(AT)
        np.testing.assert_allclose(got, plain(AT, order), rtol=1e-12, atol=1e-12)
        once = derivative(s, order=order)(1.2)
        assert once == pytest.approx(float(plain(1.2, order)), rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(derivative(s.derivative())(AT), plain(AT, 2), rtol=1e-12, atol=1e-12)


def test_data_and_place_together() -> None:
    """∂²/∂y∂x, and the place itself a function of the data."""

    def f(y: Any, x: Any) -> Any:
        return interpolate.CubicSpline(X, y)(x)

    mixed = jacobian(lambda y: derivative(lambda x: f(y, x))(1.1))(Y)
    columns = [scipy.interpolate.CubicSpline(X, e)(1.1, 1) for e in np.eye(6)]
    np.testing.assert_allclose(mixed, columns, rtol=1e-12, atol=1e-13)
    chained = jacobian(lambda y: f(y, y[0]))(Y)
    columns = [scipy.interpolate.CubicSpline(X, e)(Y[0]) for e in np.eye(6)]
    columns[0] += scipy.interpolate.CubicSpline(X, Y)(Y[0], 1)
    np.testing.assert_allclose(chained, columns, rtol=1e-12, atol=1e-13)


@given(st.lists(st.floats(0.05, 3), min_size=3, max_size=8), st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_a_cubic_is_reproduced_wherever_the_breakpoints_are(gaps: list[float], part: float) -> None:
    """So its value does not depend on them, to the second order."""
    x = np.cumsum(np.array([0.0, *gaps]))
    at = part * x[-1]

    def f(x: Any) -> Any:
        return interpolate.CubicSpline(x, (x - 0.3) ** 3)(at)

    scale = x[-1] ** 3 / min(gaps) ** 2
    np.testing.assert_allclose(jacobian(f)(x), np.zeros(len(x)), atol=1e-12 * scale)
    along = derivative(derivative(lambda t: f(x + t * np.sin(x))))(0.0)
    assert along == pytest.approx(0, abs=1e-10 * scale / min(gaps))


@given(st.integers(2, 6), st.integers(0, 2), st.sampled_from(["CubicSpline", "pchip", "akima"]))
@settings(max_examples=30, deadline=None)
def test_shapes(n: int, axis: int, name: str) -> None:
    """Arrays of values along any axis, at arrays of places."""
    random = np.random.default_rng([n, axis])
    shape = [2, 3]
    shape.insert(axis, n)
    x, y, at = np.arange(n) + 0.1, random.normal(size=shape), random.random((4, 2)) * (n - 1) + 0.1
    kinds = {"pchip": "PchipInterpolator", "akima": "Akima1DInterpolator"}
    kind = kinds.get(name, name)
    want = getattr(scipy.interpolate, kind)(x, y, axis=axis)(at)
    s = getattr(interpolate, kind)(x, Dual(y, np.stack([y, 2 * y])), axis=axis)
    got = s(Dual(at, np.zeros((2, 4, 2))))
    np.testing.assert_array_equal(got.primal, want)
    np.testing.assert_allclose(got.tangent, np.stack([want, 2 * want]), rtol=1e-11, atol=1e-11)
    moved = getattr(interpolate, kind)(x, y, axis=axis)(Dual(at, np.ones((4, 2))))
    slope = getattr(scipy.interpolate, kind)(x, y, axis=axis)(at, 1)
    np.testing.assert_allclose(moved.tangent, slope, rtol=1e-12, atol=1e-12)


def test_end_conditions_may_be_duals() -> None:
    def f(d: Any) -> Any:
        return interpolate.CubicSpline(X, Y, bc_type=((1, d), (2, 0.0)))(AT)

    (want,) = differences(
        lambda d: scipy.interpolate.CubicSpline(X, Y, bc_type=((1, float(d)), (2, 0.0)))(AT),
        (np.float64(0.4),),
        (np.float64(1.0),),
    )
    np.testing.assert_allclose(derivative(f)(0.4), want, rtol=1e-9, atol=1e-10)


# -- kinks -----------------------------------------------------------------------------------


def test_at_a_knot_a_derivative_is_the_mean_of_both_sides() -> None:
    line = interpolate.make_interp_spline([0.0, 1.0, 3.0], [0.0, 1.0, 7.0], k=1)
    np.testing.assert_allclose(
        derivative(line)(np.array([0.0, 0.5, 1.0, 2.0, 3.0])), [1, 1, 2, 3, 3], rtol=1e-14
    )
    assert derivative(line, order=2)(1.0) == 0.0
    s = interpolate.CubicSpline(X, Y)
    jump = (s.plain(1.5, 3) + s.plain(1.4, 3)) / 2
    assert derivative(s, order=3)(1.5) == pytest.approx(float(jump), rel=1e-12)
    values = interpolate.make_interp_spline([0.0, 1.0, 3.0], Dual(np.ones(3), np.ones(3)), k=1)
    assert derivative(values.derivative())(1.0).primal == 0.0


def test_pchip_next_to_a_flat_piece() -> None:
    """The slope at a breakpoint is 0 on one side and rises on the other: half of it."""
    y = np.array([0.0, 1.0, 1.0, 1.0, 2.0])
    got = jacobian(lambda y: interpolate.PchipInterpolator(np.arange(5.0), y)(1.0, 1))(y)
    np.testing.assert_allclose(got, [0, -1, 1, 0, 0], atol=1e-14)
    middle = jacobian(lambda y: interpolate.PchipInterpolator(np.arange(5.0), y)(2.0, 1))(y)
    np.testing.assert_allclose(middle, np.zeros(5), atol=1e-14)


# -- the rest of SciPy's spline ----------------------------------------------------------------


def test_extrapolation() -> None:
    s = interpolate.CubicSpline(X, Dual(Y, Y), extrapolate=False)
    assert np.isnan(s(9.0).primal)
    around = interpolate.CubicSpline(X, PERIODIC, bc_type="periodic")
    assert derivative(around)(0.3 + X[-1]) == pytest.approx(derivative(around)(0.3), rel=1e-12)
    assert np.isnan(interpolate.PchipInterpolator(X, Y)(9.0, extrapolate=False))


def test_other_attributes_are_scipys_while_all_is_plain() -> None:
    s = interpolate.CubicSpline(X, Y)
    np.testing.assert_array_equal(s.solve(2.0), scipy.interpolate.CubicSpline(X, Y).solve(2.0))
    np.testing.assert_array_equal(s.x, X)
    with pytest.raises(AttributeError, match="a spline of duals has no 'extend'"):
        interpolate.CubicSpline(X, Dual(Y, Y)).extend(0, 0)
    with pytest.raises(TypeError, match="duals in y only"):
        interpolate.make_interp_spline(Dual(X, X), PERIODIC, bc_type="periodic")


# -- all kinds of interpolants, in all that goes in ---------------------------------------------

T = np.array([-0.5, 1.3, 2.4, 4.6])
WITHIN = AT[1:-1]


def knots(t: Any) -> Any:
    """All of them, with those at the ends four times."""
    return t[np.array([0, 0, 0, 0, 1, 2, 3, 3, 3, 3])]


def _along(random: Any, x: Any) -> Any:
    return random.normal(size=np.shape(x)) * 0.3


# Functions of a module, ours or SciPy's, and of arrays: data, knots and places.
KINDS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "PPoly": (lambda m, c, x, at: m.PPoly(c, x)(at), (np.outer(Y[:3], Y[:5]), X, AT)),
    "PPoly, a piece": (
        lambda m, c, x, a: (
            m.PPoly(c, x).antiderivative(2).derivative()(a) + m.PPoly(c, x).integrate(0.2, a[1])
        ),
        (np.outer(Y[:3], Y[:5]), X, AT),
    ),
    "BSpline": (lambda m, t, c, at: m.BSpline(knots(t), c, 3)(at, 1), (T, Y, AT)),
    "BSpline, integral": (
        lambda m, t, c, a: (
            m.BSpline(knots(t), c, 3).integrate(a[0], a[1]) + m.BSpline(knots(t), c, 3)(a)
        ),
        (T, Y, AT),
    ),
    "BSpline, periodic": (
        lambda m, t, c, a: (
            m.BSpline(knots(t), c, 3, extrapolate="periodic").integrate(a[0], a[1] + 9)
            + m.BSpline(knots(t), c, 3, extrapolate="periodic")(a)
        ),
        (T, Y, AT),
    ),
    "BSpline along an axis": (
        lambda m, t, c, at: m.BSpline(knots(t), c, 3, axis=1).derivative()(at),
        (T, np.stack([Y, Y**2]), WITHIN[:4].reshape(2, 2)),
    ),
    **{
        f"make_interp_spline {k}": (
            lambda m, x, y, at, k=k: m.make_interp_spline(x, y, k)(at),
            (X, Y, AT),
        )
        for k in (0, 1, 2, 3, 4, 5)
    },
    "make_interp_spline, ends": (
        lambda m, x, y, d: m.make_interp_spline(x, y, bc_type=([(1, d[0])], [(2, d[1])]))(AT),
        (X, Y, np.array([0.3, -0.2])),
    ),
    "make_interp_spline, natural": (
        lambda m, x, y: m.make_interp_spline(x, y, bc_type=("natural", "clamped"))(AT),
        (X, np.stack([Y, Y**2], axis=1)),
    ),
    "make_interp_spline, knots": (
        lambda m, t, x, y: m.make_interp_spline(x, y, t=knots(t))(AT),
        (T, X, Y),
    ),
    "make_lsq_spline": (
        lambda m, x, y, t, w: m.make_lsq_spline(x, y, knots(t), w=w)(AT),
        (np.linspace(0, 4.1, 9), np.sin(np.arange(9.0)), T, np.arange(1.0, 10)),
    ),
    "make_smoothing_spline": (
        lambda m, y, at: m.make_smoothing_spline(X, y, lam=0.3)(at),
        (Y, WITHIN),
    ),
    "roots": (lambda m, x, y: m.CubicSpline(x, y).roots(extrapolate=False), (X, Y - 2.1)),
    "solve": (lambda m, x, y: m.PchipInterpolator(x, y).solve(2.5), (X, Y)),
    "periodic integral": (
        lambda m, x, y: m.PchipInterpolator(x, y).integrate(0.5, 9.5, extrapolate="periodic"),
        (X, PERIODIC),
    ),
}

GRID = np.array([0.0, 1.0, 2.5, 3.0]), np.array([-1.0, 0.0, 2.0, 2.5, 4.0]), X
TABLE = np.sin(np.arange(20.0)).reshape(4, 5)
BLOCK = np.cos(np.arange(16.0 * 6)).reshape(4, 4, 6)
PLACES = np.array([[0.4, 0.3], [2.7, 3.1], [1.2, -0.4]])
POINTS = np.random.default_rng(5).random((14, 2))
HEIGHTS = np.stack([np.sin(3 * POINTS[:, 0]), POINTS[:, 1] ** 2], axis=1)
INNER = np.array([[0.45, 0.52], [0.6, 0.4], [0.51, 0.61]])
LONG = np.linspace(0, 4.1, 9)
WAVE = np.sin(LONG)

KINDS |= {
    **{
        f"interp1d {kind}": (
            lambda m, x, y, at, kind=kind: m.interp1d(x, y, kind)(at),
            (X, np.stack([Y, Y**2]), WITHIN),
        )
        for kind in ("linear", "slinear", "quadratic", "cubic", 5)
    },
    **{
        f"interp1d {kind}": (
            lambda m, y, kind=kind: m.interp1d(X, y, kind, axis=0)(WITHIN[:4].reshape(2, 2)),
            (np.stack([Y, Y**2], axis=1),),
        )
        for kind in ("nearest", "nearest-up", "previous", "next", "zero")
    },
    "interp1d beyond": (
        lambda m, x, y, a, b: m.interp1d(x[::-1], y, bounds_error=False, fill_value=(a, b))(AT)
        + m.interp1d(x, y, fill_value="extrapolate")(AT),
        (X, Y, np.float64(2.0), np.float64(3.0)),
    ),
    **{
        f"RegularGridInterpolator {method}": (
            lambda m, x, y, v, at, method=method: m.RegularGridInterpolator((x, y), v, method)(at),
            (GRID[0], GRID[1], TABLE, PLACES),
        )
        for method in ("linear", "slinear", "cubic")
    },
    "RegularGridInterpolator nearest": (
        lambda m, v: m.RegularGridInterpolator(GRID[:2], v, "nearest")(PLACES),
        (np.stack([TABLE, TABLE**2], axis=-1),),
    ),
    "RegularGridInterpolator beyond": (
        lambda m, v, at, fill: m.RegularGridInterpolator(
            GRID[:2], v, bounds_error=False, fill_value=None
        )(at)
        + m.RegularGridInterpolator(GRID[:2], v, bounds_error=False, fill_value=7.0)(at) * fill,
        (TABLE, np.concatenate([PLACES, [[5.0, 0.2]]]), np.float64(2.0)),
    ),
    "interpn": (
        lambda m, x, v, at: m.interpn((x, GRID[0] + 1, GRID[2]), v, at),
        (GRID[0], BLOCK, np.array([[0.4, 1.3, 2.2], [2.7, 3.1, 0.2]])),
    ),
    "RectBivariateSpline": (
        lambda m, z, x, y: m.RectBivariateSpline(*GRID[:2], z)(x, y, 1, 0),
        (TABLE, PLACES[[0, 2, 1], 0], PLACES[[2, 0, 1], 1]),
    ),
    "RectBivariateSpline.ev": (
        lambda m, z, at: m.RectBivariateSpline(*GRID[:2], z, kx=1, ky=2).ev(at[:, 0], at[:, 1]),
        (TABLE, PLACES),
    ),
    "RectBivariateSpline.integral": (
        lambda m, z, a: m.RectBivariateSpline(*GRID[:2], z).integral(a[0], a[1], 0.3, a[2]),
        (TABLE, np.array([0.3, 2.2, 3.1])),
    ),
    "UnivariateSpline": (
        lambda m, y, at: m.UnivariateSpline(LONG, y, s=0, ext=3)(at) + m.UnivariateSpline(
            LONG, y, s=0).derivative(2)(at),
        (WAVE, AT),
    ),
    "UnivariateSpline of data": (
        lambda m, at: m.UnivariateSpline(LONG, WAVE, s=0.01)(at) * m.UnivariateSpline(
            LONG, WAVE, s=0.01, ext=1).antiderivative()(at[0]),
        (AT + 0.45,),
    ),
    "InterpolatedUnivariateSpline": (
        lambda m, y, a: np.stack([
            m.InterpolatedUnivariateSpline(LONG, y, k=2).integral(a[0], a[1]),
            *m.InterpolatedUnivariateSpline(LONG, y).roots(),
            *m.InterpolatedUnivariateSpline(LONG, y).derivatives(a[2]),
        ]),
        (WAVE - 0.3, np.array([0.3, 2.2, 1.1])),
    ),
    "LSQUnivariateSpline": (
        lambda m, y, at: m.LSQUnivariateSpline(LONG, y, [1.7, 2.2])(at, 1),
        (WAVE, WITHIN),
    ),
    "splrep": (
        lambda m, y, at: m.splev(at, m.splrep(LONG, y), 1) + m.splev(at, m.splrep(
            LONG, y, task=-1, t=[2.0]), ext=1),
        (WAVE, AT + 0.45),
    ),
    "splint": (
        lambda m, y, a: m.splint(a[0], a[1], m.splrep(LONG, y)) + m.splev(
            a[1], m.splantider(m.splder(m.splrep(LONG, y))))
        + np.sum(m.sproot(m.splrep(LONG, y))),
        (WAVE - 0.3, np.array([0.3, 2.2])),
    ),
    "BarycentricInterpolator": (
        lambda m, x, y, at: m.barycentric_interpolate(x, y, at, axis=1, rng=1)
        + m.BarycentricInterpolator(x, y, 1, rng=1)(at),
        (X, np.stack([Y, Y**2]), WITHIN),
    ),
    "KroghInterpolator": (
        lambda m, x, y, at: m.KroghInterpolator(x, y)(at) * m.krogh_interpolate(x, y, at[1]),
        (X, Y, WITHIN),
    ),
    "pchip_interpolate": (
        lambda m, x, y, at: m.pchip_interpolate(x, y, at, der=[0, 1])[1],
        (X, Y, WITHIN),
    ),
    "LinearNDInterpolator": (
        lambda m, p, v, at: m.LinearNDInterpolator(p, v)(at),
        (POINTS, HEIGHTS, INNER),
    ),
    "NearestNDInterpolator": (
        lambda m, v: m.NearestNDInterpolator(POINTS, v)(INNER),
        (HEIGHTS,),
    ),
    "griddata": (
        lambda m, p, v, at: m.griddata((p[:, 0], p[:, 1]), v[:, 0], (at[:, 0], at[:, 1])),
        (POINTS, HEIGHTS, INNER),
    ),
    "griddata of a line": (lambda m, x, v, at: m.griddata(x, v, at), (X, Y, WITHIN)),
    **{
        f"RBFInterpolator {kernel}": (
            lambda m, y, d, s, e, at, kernel=kernel: m.RBFInterpolator(
                y, d, smoothing=s, kernel=kernel, epsilon=e
            )(at),
            (POINTS, HEIGHTS, np.float64(0.7), np.float64(2.0), INNER),
        )
        for kernel in ("linear", "thin_plate_spline", "cubic", "quintic", "multiquadric",
                       "inverse_multiquadric", "inverse_quadratic", "gaussian")
    },
    "RBFInterpolator of neighbours": (
        lambda m, y, d, at: m.RBFInterpolator(y, d, neighbors=6)(at),
        (POINTS, HEIGHTS[:, 0], INNER),
    ),
}  # fmt: skip


@pytest.mark.skipif(
    "simplex_tolerance" not in signature(scipy.interpolate.griddata).parameters,
    reason="SciPy 1.18 has it",
)
@pytest.mark.parametrize("tolerance", [1.0, 1e6])
def test_how_far_outside_a_place_may_be(tolerance: float) -> None:
    corners, heights = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]]), np.array([1.0, 2, 4, 9])
    places = np.array([[0.3, 0.2], [1 + 1e-9, 0.5], [0.5, -1e-10]])
    for f in (
        lambda m, v: m.griddata(corners, v, places, simplex_tolerance=tolerance),
        lambda m, v: m.LinearNDInterpolator(corners, v)(places, simplex_tolerance=tolerance),
    ):
        value, moved = jvp(lambda v, f=f: f(interpolate, v), (heights,), (heights,))
        np.testing.assert_array_equal(value, f(scipy.interpolate, heights))
        np.testing.assert_allclose(moved, value, rtol=1e-14)  # it is linear in them
        assert np.isnan(value).sum() == (2 if tolerance == 1 else 0)


@pytest.mark.parametrize("name", KINDS)
def test_all_that_goes_in_may_move(name: str) -> None:
    """Values bit for bit; slopes, forward and backward, against SciPy; second ones against first."""
    f, args = KINDS[name]
    value = np.asarray(f(scipy.interpolate, *args))
    random = np.random.default_rng(2)
    along = [_along(random, a) for a in args]
    (want,) = differences(lambda *a: np.asarray(f(scipy.interpolate, *a)), args, along)
    y, moved = jvp(lambda *a: f(interpolate, *a), args, tuple(along))
    np.testing.assert_array_equal(y, value)
    assert np.asarray(y).dtype == value.dtype and np.shape(y) == value.shape
    scale = 1 + np.max(abs(want))
    np.testing.assert_allclose(moved, want, rtol=1e-7, atol=1e-7 * scale)
    weight = np.cos(np.arange(value.size)).reshape(value.shape)
    _, pullback = vjp(lambda *a: f(interpolate, *a), *args)
    back = sum(np.sum(g * a) for g, a in zip(pullback(weight), along, strict=True))
    assert back == pytest.approx(np.sum(weight * moved), rel=1e-9, abs=1e-10 * scale)

    def slope(t: Any) -> Any:
        at = tuple(a + t * v for a, v in zip(args, along, strict=True))
        return jvp(lambda *a: np.sum(f(interpolate, *a) * weight), at, tuple(along))[1]

    (twice,) = differences(slope, (np.float64(0.0),), (np.float64(1.0),))
    second = derivative(slope)(0.0)
    assert second == pytest.approx(float(twice), rel=1e-6, abs=1e-6 * scale)


def test_roots_without_a_slope_are_refused() -> None:
    parabola = interpolate.CubicSpline(np.arange(4.0), Dual((np.arange(4.0) - 1) ** 2, np.ones(4)))
    with pytest.raises(NonDifferentiableError, match="no slope"):
        _ = parabola.roots().tangent
    jump = interpolate.PPoly(Dual(np.array([[1.0, -1.0]]), np.ones((1, 2))), np.arange(3.0))
    with pytest.raises(NonDifferentiableError, match="jumps over it"):
        _ = jump.roots().tangent


def test_roots_beside_one_without_a_slope() -> None:
    """At a clamped end: where the value there is a constant, it stays, and others move."""

    def roots(a: Any) -> Any:
        y = np.stack([0.0, a, 0.5, -a])
        return interpolate.CubicSpline(np.arange(4.0), y, bc_type="clamped").roots()

    def moving(a: Any) -> Any:
        y = np.stack([0.0 * a + (a - 1.3), a, 0.5, -a])
        return interpolate.CubicSpline(np.arange(4.0), y, bc_type="clamped").roots()

    want = (roots(1.3001) - roots(1.2999)) / 2e-4
    for mode in ("forward", "reverse"):
        got = jacobian(roots, mode=mode)(1.3)
        assert got[0] == 0.0
        np.testing.assert_allclose(got, want, rtol=1e-6)
    assert derivative(lambda a: moving(a)[1])(1.3) != 0
    with pytest.raises(NonDifferentiableError, match="no slope"):
        derivative(moving)(1.3)


def test_at_points_of_a_grid_a_slope_is_the_mean_of_those_around() -> None:
    line = interpolate.interp1d([0.0, 1.0, 3.0], [0.0, 1.0, 7.0])
    np.testing.assert_allclose(derivative(line)(np.array([0.0, 1.0, 3.0])), [1, 2, 3], rtol=1e-14)
    moved = jacobian(lambda x: interpolate.interp1d(x, [0.0, 1.0, 7.0])(1.0))([0.0, 1.0, 3.0])
    np.testing.assert_allclose(moved, [0, -2, 0], atol=1e-14)  # of -1 and -3
    table = np.array([[0.0, 1.0, 5.0], [2.0, 4.0, 6.0], [1.0, 8.0, 8.0]])
    plane = interpolate.RegularGridInterpolator(([0.0, 1, 2], [0.0, 1, 2]), table)
    np.testing.assert_allclose(jacobian(lambda x: plane(x)[0])([1.0, 1.0]), [3.5, 2.0], rtol=1e-14)


@pytest.mark.parametrize("degree", ["slinear", "cubic", "quintic"])
def test_slopes_on_a_grid_are_those_of_scipys_spline(degree: str) -> None:
    """Its coefficients are found by an iteration; `nu` is SciPy's own derivative."""
    grid = np.linspace(0, 1, 8) ** 1.2, np.linspace(0, 2, 9)
    table = np.cos(np.arange(72.0) ** 2).reshape(8, 9)
    f = scipy.interpolate.RegularGridInterpolator(grid, table, degree)
    linear = scipy.interpolate.RegularGridInterpolator(grid, table)
    at = np.array([0.37, 1.21])
    want = [f(at, nu=[1, 0])[0], f(at, nu=[0, 1])[0]]
    for mode in ("forward", "reverse"):
        for g in (
            lambda x: f(x)[0],
            lambda x: linear(x, degree)[0],
            lambda x: scipy.interpolate.interpn(grid, table, x, degree)[0],
        ):
            np.testing.assert_allclose(jacobian(g, mode=mode)(at), want, rtol=1e-12)


def test_a_thin_plate_at_its_points() -> None:
    """r²·log(r) has a slope at 0, and a second derivative that is infinite."""
    value = HEIGHTS[:, 0]
    f = scipy.interpolate.RBFInterpolator(POINTS, value)
    g = lambda x: f(np.stack([x]))[0]  # noqa: E731
    h = 1e-4
    for mode in ("forward", "reverse"):
        slope = jacobian(g, mode=mode)(POINTS[3])
        for i, unit in enumerate(np.eye(2)):
            plain = (g(POINTS[3] + h * unit) - g(POINTS[3] - h * unit)) / (2 * h)
            assert slope[i] == pytest.approx(plain, rel=1e-6)
    near = [g(POINTS[3] + [t, 0.0]) + g(POINTS[3] - [t, 0.0]) for t in (1e-3, 1e-4)]
    growing = (near[1] - 2 * value[3]) / 1e-8 - (near[0] - 2 * value[3]) / 1e-6
    assert jacobian(jacobian(g))(POINTS[3])[0, 0] == np.inf * np.sign(growing)


@pytest.mark.parametrize("kind", ["previous", "next", "nearest", "nearest-up"])
def test_steps_beyond_the_ends(kind: str) -> None:
    """Nan where no point is before, or behind, as plain."""
    at, x = np.array([-0.5, 0.4, 1.0, 1.6, 3.0]), np.array([0.0, 1.0, 2.0])
    y, moved = np.array([1.0, 3.0, 2.0]), np.array([0.5, -1.0, 2.0])

    def f(y: Any, at: Any = at) -> Any:
        return scipy.interpolate.interp1d(x, y, kind, fill_value="extrapolate")(at)

    want = f(y)
    assert (np.isnan(want[0]), np.isnan(want[-1])) == (kind == "previous", kind == "next")
    for driver in (lambda: jvp(f, (y,), (moved,)), lambda: (vjp(f, y)[0], jacobian(f)(y) @ moved)):
        value, slope = driver()
        np.testing.assert_array_equal(value, want)
        is_number = ~np.isnan(want)
        np.testing.assert_allclose(slope[is_number], (f(y + moved) - want)[is_number], rtol=1e-14)
    value, slope = jvp(lambda at: f(y, at), (at,), (np.ones(5),))
    np.testing.assert_array_equal(value, want)
    np.testing.assert_array_equal(slope[~np.isnan(want)], 0.0)


def test_scipys_own_interpolants_take_duals_in_lifted_code() -> None:
    s = scipy.interpolate
    surface = s.RectBivariateSpline(*GRID[:2], TABLE)
    made = {
        "interp1d": (s.interp1d(X, Y, "cubic"), 1.1),
        "CubicSpline": (s.CubicSpline(X, Y), 1.1),
        "BSpline": (s.make_interp_spline(X, Y), 1.1),
        "UnivariateSpline": (s.UnivariateSpline(LONG, WAVE, s=0.01), 1.1),
        "Barycentric": (s.BarycentricInterpolator(X, Y), 1.1),
        "RBF": (s.RBFInterpolator(POINTS, HEIGHTS[:, 0]), INNER),
        "grid": (s.RegularGridInterpolator(GRID[:2], TABLE, method="cubic"), PLACES),
        "surface": (lambda x: surface.ev(x, 0.3), 1.1),
        "linear": (s.LinearNDInterpolator(POINTS, HEIGHTS, rescale=True), INNER),
        "nearest": (s.NearestNDInterpolator(POINTS, HEIGHTS[:, 0]), INNER),
    }
    for name, (f, at) in made.items():
        value, moved = jvp(lambda x, f=f: f(x) * 2.0, (at,), (np.ones_like(at),))
        np.testing.assert_array_equal(value, 2.0 * f(at), err_msg=name)
        (want,) = differences(f, (np.asarray(at),), (np.ones_like(at),))
        np.testing.assert_allclose(moved, 2 * want, rtol=1e-7, atol=1e-8, err_msg=name)


def test_refused_by_name() -> None:
    y, t = Dual(Y, Y), Dual(TABLE, TABLE)
    m = interpolate
    for f, message in (
        (lambda: m.UnivariateSpline(X, y, k=2), "make_smoothing_spline"),
        (lambda: m.splrep(X, y, s=1.0), "make_lsq_spline"),
        (lambda: m.make_smoothing_spline(X, y), "lam="),
        (lambda: m.RectBivariateSpline(*GRID[:2], t, s=1.0), "s=0"),
        (lambda: m.RegularGridInterpolator(GRID[:2], t, "pchip")([[1.0, 1.0]]), "cubic"),
        (lambda: m.griddata(POINTS, Dual(HEIGHTS, HEIGHTS), INNER, "cubic"), "RBFInterpolator"),
        (lambda: m.KroghInterpolator([0.0, 0.0], Dual(np.ones(2), np.ones(2)))(1.0), "Hermite"),
    ):
        with pytest.raises(TypeError, match=message):
            f()
    with pytest.raises(AttributeError, match=r"s\.plain\.get_knots"):
        m.InterpolatedUnivariateSpline(X, y).get_knots()
    for name in ("roots", "solve"):
        assert not hasattr(scipy.interpolate.make_interp_spline(X, Y), name)
        with pytest.raises(AttributeError, match=f"'BSpline' object has no attribute '{name}'"):
            getattr(m.make_interp_spline(X, y), name)()
    with pytest.raises(
        TypeError, match=r"from_spline cannot take a spline of duals; .*CubicSpline"
    ):
        scipy.interpolate.PPoly.from_spline(m.make_interp_spline(X, y))
    square = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    with pytest.raises(NonDifferentiableError, match="border of two simplices"):
        derivative(lambda x: m.LinearNDInterpolator(square, Y[:4])(0.5, x))(0.5)


@pytest.mark.parametrize(
    "name", ["CubicSpline", "PchipInterpolator", "Akima1DInterpolator", "make_interp_spline"]
)
def test_a_spline_at_a_number_is_an_array_as_in_scipy(name: str) -> None:
    theirs = getattr(scipy.interpolate, name)
    x = np.arange(5.0)
    kinds: list[Any] = []

    def f(k: Any) -> Any:
        spline = theirs(x, x**2 * k)
        total, at = spline.integrate(0.0, 1.5), spline(1.5)
        kinds.append(
            [(isinstance(y, np.ndarray), np.shape(y), y.size, y.dtype) for y in (at, total, at[()])]
        )
        return at.item() + at[()] + total

    value = f(1.3)
    got, slope = value_and_grad(f)(1.3)
    assert (got, type(got)) == (value, type(value))
    assert slope == pytest.approx(f(1.0), rel=1e-13)  # it is linear in k
    assert all(kind == kinds[0] for kind in kinds)
    spline = theirs(x, x**2)
    assert derivative(lambda t: spline(t).item() * 1.0)(1.5) == pytest.approx(spline(1.5, 1))


def test_a_periodic_spline_through_data_both_ways() -> None:
    x = np.linspace(0, 1, 6)

    def at(y: Any) -> Any:
        around = np.concatenate([y, y[:1]])
        return scipy.interpolate.make_interp_spline(x, around, bc_type="periodic")(0.33)

    want = [at(e) for e in np.eye(5)]  # which is linear
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(jacobian(at, mode=mode)(np.cos(x[:5])), want, atol=1e-13)


INTEGRALS: dict[str, Any] = {
    "CubicSpline": lambda y: scipy.interpolate.CubicSpline(X, y).integrate(0.1, 2.0),
    "pchip": lambda y: scipy.interpolate.PchipInterpolator(X, y).integrate(0.1, 2.0),
    "PPoly": lambda y: scipy.interpolate.PPoly(y[:, None], [0.0, 1.0]).integrate(0.1, 0.2),
    "B-spline": lambda y: scipy.interpolate.make_interp_spline(X, y).integrate(0.1, 2.0),
}
WITHOUT_AXES: dict[str, Any] = {
    "ravel": np.ravel,
    "reshape": lambda v: v.reshape(1),
    "np.reshape": lambda v: np.reshape(v, -1),
    "empty index": lambda v: v[()],
    "ellipsis": lambda v: v[...],
    "append": lambda v: np.append(v, 1.0),
    "atleast_1d": np.atleast_1d,
    "transposed": lambda v: v.T,
    "new axis": lambda v: v[None],
    "copy": lambda v: v.copy(),
}


@pytest.mark.parametrize("what", WITHOUT_AXES)
@pytest.mark.parametrize("name", INTEGRALS)
def test_integrals_are_arrays_without_axes(name: str, what: str) -> None:
    """An integral is linear in the values: that of y·t² is t² times as large."""

    def f(y: Any) -> Any:
        return np.sum(WITHOUT_AXES[what](INTEGRALS[name](y)))

    value = f(Y) - (what == "append")
    for order in (1, 2):
        assert derivative(lambda t: f(Y * t**2), order=order)(1.0) == pytest.approx(2 * value)
    for mode in ("forward", "reverse"):
        assert grad(f, mode=mode)(Y) @ Y == pytest.approx(value)


def _periodic(y: Any) -> Any:
    return np.concatenate([y, y[:1]])


def _at_ends(order: int) -> Any:
    return ((order, 0.0), (order, 0.0))


BREAKS = np.cumsum(0.3 + np.cos(np.arange(31.0)) ** 2)  # of 31 values, at uneven distances
WEIGHED = 1 + 0.5 * np.sin(BREAKS)
SOME_KNOTS = BREAKS[3:-3:4]
_K = scipy.interpolate
LINEAR: dict[str, Any] = {  # in the values, so that SciPy's own spline of a tangent is the tangent
    **{
        f"CubicSpline, {bc}": lambda y, bc=bc: _K.CubicSpline(BREAKS, y, bc_type=bc)
        for bc in ("not-a-knot", "clamped", "natural", (_at_ends(1)), ((2, 0.0), "not-a-knot"))
    },
    "CubicSpline, periodic": lambda y: _K.CubicSpline(BREAKS, _periodic(y[1:]), 0, "periodic"),
    **{
        f"B-spline, {k}, {bc}": lambda y, k=k, bc=bc: _K.make_interp_spline(
            BREAKS, y, k, bc_type=bc
        )
        for k, bc in ((1, None), (2, None), (3, None), (5, None), (3, "natural"), (3, "clamped"))
    },
    "B-spline, ends": lambda y: _K.make_interp_spline(
        BREAKS, y, 5, bc_type=([(1, 0.0), (2, 0.0)], [(3, 0.0), (1, 0.0)])
    ),
    **{
        f"B-spline, {k}, periodic": lambda y, k=k: _K.make_interp_spline(
            BREAKS, _periodic(y[1:]), k, bc_type="periodic"
        )
        for k in (1, 3, 5)
    },
    "smoothing": lambda y: _K.make_smoothing_spline(BREAKS, y, lam=0.3),
    "smoothing, weighted": lambda y: _K.make_smoothing_spline(BREAKS, y, WEIGHED, 0.3),
    "FITPACK": lambda y: _K.InterpolatedUnivariateSpline(BREAKS, y),
    "FITPACK, knots": lambda y: _K.LSQUnivariateSpline(BREAKS, y, SOME_KNOTS),
    "FITPACK, weighted": lambda y: _K.LSQUnivariateSpline(BREAKS, y, SOME_KNOTS, WEIGHED),
}


@pytest.mark.parametrize("name", LINEAR)
def test_both_ways_are_the_spline_of_the_tangent(name: str) -> None:
    at = np.linspace(BREAKS[0], BREAKS[-1], 17)
    y, v, g = np.sin(BREAKS), np.cos(3 * BREAKS), np.exp(-at / 9)

    def f(y: Any) -> Any:
        return LINEAR[name](y)(at)

    want = f(v)
    np.testing.assert_array_equal(jvp(f, (y,), (v,))[0], f(y))
    np.testing.assert_allclose(jvp(f, (y,), (v,))[1], want, rtol=1e-11, atol=1e-12)
    assert vjp(f, y)[1](g)[0] @ v == pytest.approx(g @ want, rel=1e-10)
    found = jacobian(f, mode="reverse")(y)
    np.testing.assert_allclose(found @ v, want, rtol=1e-10, atol=1e-11)
    # Of several columns, and of complex values, each part is its own spline.
    if not name.startswith("FITPACK") and "0)" not in name and "ends" not in name:
        columns = jacobian(lambda s: np.sum(LINEAR[name](np.stack([y, s * v], 1))(at), 0))(1.0)
        np.testing.assert_allclose(columns, [0, want.sum()], atol=1e-10)
    if name.startswith(("CubicSpline", "B-spline")) and "periodic" not in name:
        turned = jvp(lambda s: LINEAR[name](y + s * 1j * v)(at), (0.5,), (1.0,))[1]
        np.testing.assert_allclose(turned, 1j * want, rtol=1e-11, atol=1e-12)
        pulled = vjp(lambda s: np.imag(LINEAR[name](y + s * 1j * v)(at)), 0.5)[1](g)
        assert pulled[0] == pytest.approx(g @ want, rel=1e-10)
