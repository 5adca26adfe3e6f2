"""Polynomials, covariances, sequences, and functions of the user's along axes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from numpy.polynomial import polynomial
from numpy.polynomial.polynomial import polygrid2d, polyval2d
from support.cases import (
    CUBE,
    MATRIX,
    POSITIVE,
    SQUARE,
    VECTOR,
    Case,
    complex_slope,
    hold,
    steps,
    table,
)

from dualad import Dual, NonDifferentiableError, derivative, grad, hessian, jacobian, jvp
from dualad.pair import plain

ROW = MATRIX[0]
ZEROS = np.array([1.0, -2.0, 3.5, 0.5])

CASES: dict[str, Case] = {
    "polyval": Case(np.polyval, VECTOR, MATRIX),
    "polyval at a number": Case(np.polyval, VECTOR, 1.5),
    "polyval2d at 0": Case(lambda x, y: polyval2d(x, y, MATRIX), 0 * VECTOR, VECTOR),
    "polyval2d": Case(lambda x, y: polyval2d(x, y, MATRIX), VECTOR, VECTOR**2),
    "polyval2d of coefficients": Case(lambda y, c: polyval2d(VECTOR, y, c), VECTOR**2, CUBE),
    "polyval2d at numbers": Case(lambda x, y: polyval2d(x, y, SQUARE), 1.5, -0.5),
    "polyval2d of a constant": Case(lambda x, c: polyval2d(x, x * x, c), VECTOR, [[2.5]]),
    "polygrid2d": Case(lambda x, c: polygrid2d(x, ROW, c), VECTOR, SQUARE),
    "polyadd": Case(lambda a, b: np.polyadd(a * a, b), VECTOR, ROW),
    "polysub": Case(lambda a, b: np.polysub(a * a, b), ROW, VECTOR),
    "polymul": Case(np.polymul, VECTOR, ROW),
    "polydiv": Case(np.polydiv, VECTOR, ROW[:3]),
    "polydiv by a number": Case(np.polydiv, VECTOR, 3.0),
    "polydiv by more": Case(np.polydiv, ROW[:2], VECTOR),
    "polyder": Case(lambda p: np.polyder(p * p, 2), VECTOR),
    "polyder of order 0": Case(lambda p: np.polyder(p * p, 0), VECTOR),
    "polyder to nothing": Case(lambda p: np.polyder(p * p, 7), VECTOR),
    "polyint": Case(lambda p, k: np.polyint(p * p, 2, k), VECTOR, ROW[:2]),
    "polyint of order 0": Case(lambda p: np.polyint(p * p, 0), VECTOR),
    "polyint one constant for two": Case(lambda p, k: np.polyint(p * p, 2, k), VECTOR, 2.0),
    "polyint one constant": Case(lambda p, k: np.polyint(p * p, 3, k), VECTOR, 2.0),
    "poly": Case(np.poly, ZEROS),
    "roots": steps(np.roots, np.poly(ZEROS)),
    "roots complex": steps(lambda p: np.abs(np.roots(p)), [1.0, 2.0, 7.0, 1.0]),
    "roots at zero": steps(lambda p: np.roots(np.concatenate([[0.0], p, [0.0]])), [1.0, -3.0, 1.0]),
    "poly of a matrix": steps(np.poly, SQUARE),
    "polyfit": steps(
        lambda x, y, w: np.polyfit(x, y, 2, w=w), VECTOR, VECTOR**3, POSITIVE.ravel()[:5]
    ),
    "polyfit of a constant": steps(lambda x, y: np.polyfit(x, y, 0), VECTOR, VECTOR**3),
    "polyfit of columns": steps(lambda x, y: np.polyfit(x, y, 1), VECTOR[:3], MATRIX),
    "polyfit exactly": steps(lambda x, y: np.polyfit(x, y, 2), VECTOR[:3], ROW[:3]),
    "polyfit in full": steps(lambda x, y: np.polyfit(x, y, 2, full=True)[:2], VECTOR, VECTOR**3),
    "polyfit covariance": steps(lambda x, y: np.polyfit(x, y, 1, cov=True), VECTOR, VECTOR**3),
    "polyfit covariances": steps(
        lambda x, y: np.polyfit(x, y, 1, cov=True), ROW, MATRIX.T[:, :2] ** 2
    ),
    "polyfit unscaled": steps(lambda x, y: np.polyfit(x, y, 1, cov="unscaled"), VECTOR, VECTOR**3),
    "vander": Case(lambda x: np.vander(x, 4), VECTOR),
    "vander nothing": Case(lambda x: np.sum(np.vander(x, 0)) + x, VECTOR),
    "vander increasing": Case(lambda x: np.vander(x, increasing=True), VECTOR[:3]),
    "cov": steps(np.cov, MATRIX),
    "cov of two": steps(lambda x, y: np.cov(x, y, bias=True), VECTOR, VECTOR**2),
    "cov of columns": steps(lambda x: np.cov(x, rowvar=False, ddof=0), MATRIX),
    "cov weighted": steps(
        lambda x, y, w: np.cov(x, y, aweights=w, fweights=[1, 2, 1, 3]), MATRIX, ROW**2, POSITIVE[0]
    ),
    "cov by frequency": steps(lambda x: np.cov(x, fweights=[1, 2, 1, 3], ddof=0), MATRIX),
    "cov of one": steps(np.cov, VECTOR),
    "cov of two observations": steps(np.cov, MATRIX[:, :2]),
    "corrcoef": steps(np.corrcoef, MATRIX),
    "corrcoef of two": steps(lambda x, y: np.corrcoef(x, y)[0, 1], VECTOR, VECTOR**2),
    "corrcoef of one": steps(np.corrcoef, VECTOR),
    "linspace": Case(lambda a, b: np.linspace(a * a, b, 5, axis=-1), MATRIX, MATRIX[:1] + 1),
    "linspace of fifty": Case(np.linspace, 2.0, 3.0),
    "logspace of fifty": Case(np.logspace, 0.2, 0.3),
    "geomspace of fifty": Case(np.geomspace, 2.0, 3.0),
    "linspace open": Case(
        lambda a, b: np.linspace(a * a, b, 4, endpoint=False, retstep=True), 2.0, 3.0
    ),
    "linspace of two": Case(lambda a, b: np.linspace(a * a, b, 2, retstep=True), 2.0, 3.0),
    "linspace one": Case(lambda a, b: np.linspace(a * a, b, 1), MATRIX, 2.0),
    "linspace nothing": Case(lambda a, b: np.linspace(a * a, b, 0), MATRIX, 2.0),
    "logspace": Case(lambda a, b: np.logspace(a, b, 5, base=2.0), MATRIX, MATRIX[:1] + 1),
    "logspace bases": Case(
        lambda a, b, c: np.logspace(a, b, 5, base=c, axis=1), MATRIX, MATRIX[:1] + 1, POSITIVE
    ),
    "geomspace": Case(lambda a, b: np.geomspace(a, b, 5, axis=1), -POSITIVE, -POSITIVE[:1] - 1),
    "geomspace from 1": Case(lambda a, b: np.geomspace(a, b, 4), 1.0, 3.0),
    "geomspace to 1": Case(lambda a, b: np.geomspace(a, b, 4), 3.0, 1.0),
    "geomspace open": Case(lambda a, b: np.geomspace(a, b, 4, endpoint=False), 2.0, 3.0),
    "apply_along_axis": Case(
        lambda a: np.apply_along_axis(lambda v: v[:2] * np.sum(v), 1, a), CUBE
    ),
    "apply_along_axis to numbers": Case(lambda a: np.apply_along_axis(np.prod, -1, a), CUBE),
    "apply_along_axis to matrices": Case(
        lambda a, b: np.apply_along_axis(lambda v, c, s: np.outer(v, v) * c * s, 0, a, b, s=2),
        *(MATRIX, 1.5),
    ),
    "apply_along_axis of a vector": Case(lambda a: np.apply_along_axis(np.prod, 0, a), VECTOR),
    "apply_over_axes": Case(lambda a: np.apply_over_axes(np.prod, a, [0, -1]), CUBE),
    "vectorize": Case(lambda a: np.vectorize(lambda t: t * t + 1)(a), MATRIX, told=False),
    "vectorize two": Case(
        lambda a, b: np.vectorize(lambda t, u: (t * u, u**3))(a, b), MATRIX, ROW, told=False
    ),
    "poly1d": Case(lambda p, x: np.poly1d(p)(x), VECTOR, MATRIX),
    "poly1d product": Case(lambda p, q: (np.poly1d(p) * np.poly1d(q)).coeffs, VECTOR, ROW),
}
if hasattr(polynomial, "polyvalnd"):  # NumPy 2.5
    polyvalnd: Any = vars(polynomial)["polyvalnd"]
    CASES["polyvalnd"] = Case(lambda x, y, c: polyvalnd([x, y, x * y], c), VECTOR, VECTOR**2, CUBE)


@table(CASES)
def test_everything(case: Case) -> None:
    hold(case)


# -- polynomials ---------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.polymul, np.polyadd, np.convolve, np.correlate, np.dot, np.kron])
def test_values_are_numpys_to_the_bit(f: Any) -> None:
    a, b = np.random.default_rng(2).normal(size=(2, 40, 7))
    for x, y in zip(a, b, strict=True):
        for got in (f(Dual(x, y), y), f(x, Dual(y, x)), f(Dual(x, x), Dual(y, x))):
            np.testing.assert_array_equal(got.primal, f(x, y), strict=True)


def test_no_zeros_make_the_polynomial_1() -> None:
    assert np.poly(Dual(np.zeros(0), np.zeros(0))) == np.poly([]) == 1.0


def test_rounding_that_polydiv_leaves_in_front() -> None:
    """NumPy cuts a rest off where it is below 1e-8: more of it stays for large coefficients."""
    rng = np.random.default_rng(0)
    u, v = 1e12 * rng.normal(size=6), rng.normal(size=3)
    rest, change = (part[1] for part in jvp(lambda u: np.polydiv(u, v), (u,), (u[::-1],)))
    np.testing.assert_array_equal(rest, np.polydiv(u, v)[1], strict=True)
    want = np.polydiv(u[::-1], v)[1][-2:]
    np.testing.assert_allclose(change, [*[0.0] * (len(rest) - 2), *want], rtol=1e-9)


@pytest.mark.parametrize("c", [2.0**-80, 2.0**80])
def test_at_another_scale(c: float) -> None:
    z, along = np.array([[1 + 2j, 3 - 1j, -2 + 0.5j], [1j, 2.0, -1 + 1j]])
    near, far = (jvp(np.poly, (s * z,), (s * along,))[1] for s in (1.0, c))
    np.testing.assert_allclose(far / c ** np.arange(4.0), near, rtol=1e-12)
    p, by = np.poly(ZEROS), VECTOR**2
    near, far = (jvp(np.roots, (s * p,), (s * by,))[1] for s in (1.0, c))
    np.testing.assert_allclose(far, near, rtol=1e-9)


@pytest.mark.parametrize("c", [2.0**-80, 1.0])
def test_zeros_that_leave_their_conjugates(c: float) -> None:
    """Coefficients that are real have complex derivatives there, however small."""
    z, along = np.array([1 + 2j, 1 - 2j]), np.array([1 + 1j, 0])
    value, change = jvp(np.poly, (z,), (c * along,))
    np.testing.assert_array_equal(value, np.poly(z))
    np.testing.assert_allclose(change / c, [0, -1 - 1j, (1 + 1j) * z[1]], rtol=1e-14)


def test_vander_without_columns() -> None:
    empty = np.vander(Dual(VECTOR, VECTOR), 0)
    np.testing.assert_array_equal(empty, np.vander(VECTOR, 0), strict=True)


def test_fit_at_large_integers() -> None:
    """Whose powers no integer holds."""
    x, y = np.arange(6) * 10**7, VECTOR.sum() * np.arange(6.0) ** 2
    value, change = jvp(lambda y: np.polyfit(x, y, 3), (y,), (y**2,))
    np.testing.assert_array_equal(value, np.polyfit(x, y, 3))
    np.testing.assert_allclose(change, np.polyfit(x, y**2, 3), rtol=1e-9)


def test_zeros_in_front_that_numpy_cuts_off() -> None:
    """What is left has no derivative if one of them has."""
    p = Dual(np.array([0.0, 1.0]), np.array([1.0, 0.0]))
    y = np.polymul(p, [0.0, 1.0, 2.0])
    assert y.primal.tolist() == np.polymul([0.0, 1.0], [0.0, 1.0, 2.0]).tolist() == [1, 2]
    with pytest.raises(NonDifferentiableError, match=r"write np\.convolve\(a, b\), which keeps"):
        y * 2
    y = np.polymul(Dual(p.primal, np.array([0.0, 3.0])), [0.0, 1.0, 2.0])
    assert y.primal.tolist() == [1, 2] and y.tangent.tolist() == [3, 6]

    def f(c: Any) -> Any:
        return np.polyval(np.convolve(np.stack([c, 1.0]), [1, 2]), 3.0)

    assert derivative(f)(0.0) == 15
    assert grad(lambda v: np.polyval(np.polymul(v, v), 2.0))(np.zeros(3)).tolist() == [0, 0, 0]
    quotient, rest = np.polydiv(Dual(np.array([1.0, 3.0, 2.0]), np.ones(3)), [1.0, 1.0])
    assert quotient.primal.tolist() == [1, 2] and quotient.tangent.tolist() == [1, 0]
    assert rest.primal.tolist() == [0] and rest.tangent.tolist() == [1]
    exact = Dual(np.array([1.0, 2.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0, 0.0]))
    quotient, rest = np.polydiv(exact, [1.0, 1.0, 0.0])
    assert quotient.tangent.tolist() == [0, 0] and rest.primal.tolist() == [0]
    with pytest.raises(NonDifferentiableError, match=r"np\.polysub"):
        rest * 2
    big = np.array([1e9 / 3, 1e9 / 7, 1e9])  # a rest that NumPy takes for one
    value = np.polydiv(big, [0.1, 0.7])[1]
    rest = np.polydiv(Dual(big, np.ones(3)), [0.1, 0.7])[1]
    assert np.array_equal(rest.primal, value) and rest.tangent[-1] == pytest.approx(43.0)


@given(
    st.lists(st.integers(-9, 9), min_size=1, max_size=5),
    st.lists(st.integers(-9, 9), min_size=1, max_size=4),
)
@settings(max_examples=40, deadline=None)
def test_division_with_rest(u: list[int], v: list[int]) -> None:
    """u = q·v + r, in values and tangents."""
    if v[0] == 0:
        v[0] = 1
    a = Dual(np.array(u, float), np.arange(1.0, len(u) + 1))
    b = Dual(np.array(v, float), np.arange(2.0, len(v) + 2))
    quotient, rest = np.polydiv(a, b)
    for got, want in zip((quotient, rest), np.polydiv(a.primal, b.primal), strict=True):
        assert np.array_equal(plain(got), want)
    try:
        again = np.polysub(np.polyadd(np.convolve(quotient, b), rest), a)
    except NonDifferentiableError:
        assert len(rest) < min(len(v) - 1, len(u))
        return
    np.testing.assert_allclose(again.primal, 0 * again.primal, atol=1e-6)
    np.testing.assert_allclose(again.tangent, 0 * again.primal, atol=1e-5)


def test_roots_against_mpmath() -> None:
    p = [2.0, -3.0, -1.5, 7.0, 0.25]
    slopes = jacobian(np.roots)(np.array(p))
    r = np.roots(p)

    def at(x: Any) -> Any:
        return sum(c * x ** (4 - j) for j, c in enumerate(p))

    with mp.workdps(40):
        for i, root in enumerate(r):
            x = mp.findroot(at, complex(root))
            slope = sum(c * (4 - j) * x ** (3 - j) for j, c in enumerate(p[:-1]))
            for j in range(5):
                assert abs(slopes[i, j] - complex(-(x ** (4 - j)) / slope)) < 1e-13
    # coefficients → roots → coefficients: nothing changes
    back = jacobian(lambda c: np.poly(np.roots(c)) * c[0])(np.array([1.0, -2.0, 5.0, 4.0]))
    np.testing.assert_allclose(back, np.eye(4), atol=1e-12)
    second = hessian(lambda c: np.sum(np.roots(c) ** 2).real)(np.array([1.0, -3.0, 2.0]))
    # r₁² + r₂² = (b² − 2ac)/a² at (a, b, c) = (1, −3, 2)
    np.testing.assert_allclose(second, [[46, 12, 2], [12, 2, 0], [2, 0, 0]], atol=1e-11)


def test_multiple_roots_have_no_derivative() -> None:
    for zeros in ([2.0, 2.0, 5.0], [2.0, 2.0, 2.0, 5.0], [2 + 1j, 2 + 1j, 5.0]):
        p = np.poly(np.array(zeros))
        r = np.roots(Dual(p, np.ones_like(p)))
        i = int(np.argmax(r.primal.real))
        assert r.primal[i] == pytest.approx(5.0)  # the values are there, and the other root
        slope = -np.polyval(np.ones_like(p), 5.0) / np.polyval(np.polyder(p), 5.0)
        assert r[i].tangent == pytest.approx(slope)
        with pytest.raises(NonDifferentiableError, match="a root that is there more than once"):
            np.sum(r)
        assert np.sum(np.roots(Dual(p, 0 * p))).tangent == 0
    near = np.roots(Dual(np.poly([2.0, 2.00001]), np.array([0.0, 0.0, 1.0])))
    assert near.tangent[0] == pytest.approx(-near.tangent[1]) == pytest.approx(-1e5, rel=1e-4)


def test_poly_of_pairs_is_real() -> None:
    z = Dual(np.array([1 + 2j, 1 - 2j]), np.array([1 + 1j, 1 - 1j]))
    y = np.poly(z)
    assert not np.iscomplexobj(y.primal)
    np.testing.assert_allclose(y.primal, [1, -2, 5])
    np.testing.assert_allclose(y.tangent, [0, -2, 6])
    skew = np.poly(Dual(z.primal, np.array([1.0, 0.0j])))  # pairs that do not stay pairs
    assert np.iscomplexobj(skew.primal) and skew.tangent[1] == -1
    assert np.poly(Dual(np.zeros(0), np.zeros(0))) == 1.0


def test_complex() -> None:
    for f in (
        np.cov,
        np.corrcoef,
        np.poly,
        np.roots,
        np.vander,
        lambda p: np.polyval(p, p),
        lambda p: np.polymul(p, p),
        lambda p: np.linspace(p, 2 * p, 3),
        lambda p: np.geomspace(p, p * 2j, 3),
        lambda p: np.logspace(p, p + 1, 3),
    ):
        complex_slope(f, VECTOR + 1j * VECTOR[::-1])
    complex_slope(lambda a, w: np.cov(a, aweights=w.real), SQUARE + 1j, VECTOR[:3] + 2)


# -- statistics ----------------------------------------------------------------------------


@pytest.mark.parametrize("numbers", [[0.1, 0.2, 0.3, 0.7], [0.1, -0.1, 0.6, 0.1]])
def test_correlation_does_not_leave_its_range(numbers: list[float]) -> None:
    """Rounding leads past 1 for the second."""
    x = np.array(numbers)
    y = np.corrcoef(Dual(x, np.ones(4)), x)
    assert np.max(np.abs(y.primal)) <= 1
    np.testing.assert_allclose(y.tangent, np.zeros((2, 2)), atol=1e-14)
    # a perfect correlation is the largest one: its gradient vanishes, its curvature does not
    f = lambda v: np.corrcoef(v, x)[0, 1]  # noqa: E731
    np.testing.assert_allclose(grad(f)(x), np.zeros(4), atol=1e-14)
    spread = x - x.mean()
    size = spread @ spread
    expected = np.outer(spread, spread) / size**2 - (np.eye(4) - 0.25) / size
    np.testing.assert_allclose(hessian(f)(x), expected, atol=1e-12)


def test_degrees_of_freedom() -> None:
    with pytest.warns(RuntimeWarning, match="Degrees of freedom <= 0"), np.errstate(all="ignore"):
        y = np.cov(Dual(np.ones((2, 1)), np.ones((2, 1))))
        none_left = np.cov(Dual(np.array([1.0, 3.0]), np.array([1.0, 0.0])), ddof=2)
    assert np.isnan(y.primal).all()
    assert (none_left.primal, none_left.tangent) == (np.inf, -np.inf)  # 2/0 and -2/0


# -- sequences -----------------------------------------------------------------------------


@given(st.integers(0, 6), st.booleans(), st.floats(-9, 9), st.floats(-9, 9))
@settings(max_examples=40, deadline=None)
def test_linspace_is_that_of_numpy(num: int, endpoint: bool, a: float, b: float) -> None:
    value = np.linspace(a, b, num, endpoint)
    y = np.linspace(Dual(a, 1.0), Dual(b, -1.0), num, endpoint)
    np.testing.assert_array_equal(y.primal, value)
    part = np.linspace(0, 1, num, endpoint)
    np.testing.assert_allclose(y.tangent, 1 - 2 * part, atol=1e-15)
    if num > 1 and endpoint:
        assert y.tangent[-1] == -1.0


def test_geomspace_ends_exactly() -> None:
    for a, b in ((0.1, 1e300), (0.2, 0.3), (-0.3, -0.2)):
        y = np.geomspace(Dual(a, 1.0), Dual(b, 7.0), 7)
        assert (y.primal[0], y.primal[-1]) == (a, b)
        assert (y.tangent[0], y.tangent[-1]) == (1.0, 7.0)
        np.testing.assert_allclose(y.primal, np.geomspace(a, b, 7), rtol=1e-13)
        y = np.geomspace(Dual(a, 1.0), Dual(b, 7.0), 2)
        assert (y.primal.tolist(), y.tangent.tolist()) == ([a, b], [1.0, 7.0])
    y = np.geomspace(Dual(VECTOR + 3, VECTOR), 1e300, 3)
    np.testing.assert_array_equal((y.primal[0], y.tangent[0]), (VECTOR + 3, VECTOR))


def test_points_in_several_variables_have_one_shape() -> None:
    several = [lambda x: polyval2d(x, 1.0, SQUARE)]
    if hasattr(polynomial, "polyvalnd"):
        several.append(lambda x: polyvalnd([x, 1.0], SQUARE))
    for f in several:
        # NumPy 2.0 sees to it itself
        message = r"points of one shape in each, got \[\(5,\), \(\)\]|x, y are incompatible"
        with pytest.raises(ValueError, match=message):
            f(Dual(VECTOR, VECTOR))


def test_poor_fits_warn_as_those_of_numbers() -> None:
    x, y = np.array([1.0, 2.0]), Dual(np.ones(2), np.ones(2))
    for call in (lambda: np.polyfit(x, y, 2), lambda: grad(lambda y: np.polyfit(x, y, 2)[0])(x)):
        with pytest.warns(np.exceptions.RankWarning, match="poorly conditioned") as told:
            call()
        assert {warning.filename for warning in told} == {__file__}
    assert np.polyfit(x, y, 2, full=True)[2] == 2  # the rank, without a warning


def test_correlations_are_at_most_1() -> None:
    """Rounding is cut off in the value, and only there."""
    for turn in (1.0, 1j):
        for x in np.random.default_rng(1).normal(size=(200, 3)):
            y = np.corrcoef(Dual(x, x[::-1].copy()), x * 3.7 * turn)
            assert max(abs(y.primal.real).max(), abs(y.primal.imag).max()) <= 1.0
            assert np.isfinite(y.tangent).all()


def test_covariance_of_nothing() -> None:
    for shape, ignored in (((0, 3), "default"), ((3, 0), "ignore")):
        x = Dual(np.ones(shape), np.ones(shape))
        with warnings.catch_warnings(action=ignored), np.errstate(all="ignore"):
            assert np.cov(x).shape == np.cov(x.primal).shape == (shape[0], shape[0])


# -- functions of the user's ---------------------------------------------------------------


def test_apply_along_axis_takes_any_function() -> None:
    x = Dual(MATRIX, np.stack([MATRIX, MATRIX]))
    assert np.apply_along_axis(np.argmax, 1, x).tolist() == np.argmax(MATRIX, 1).tolist()
    y = np.apply_along_axis(lambda v: [v[0], v[1] * v[2]], 1, x)
    np.testing.assert_array_equal(y.tangent[0], [[r[0], 2 * r[1] * r[2]] for r in MATRIX])
    y = np.apply_along_axis(lambda v: np.float32(1) if v[0] < 0 else v[0], 1, x)
    kind = np.apply_along_axis(lambda v: np.float32(1) if v[0] < 0 else v[0], 1, MATRIX).dtype
    assert y.primal.dtype == y.tangent.dtype == kind  # that of the first result
    given = np.apply_over_axes(np.sum, x, [])
    np.testing.assert_array_equal(given.tangent, x.tangent)


def test_vectorize_with_types_is_refused() -> None:
    x = Dual(VECTOR, VECTOR)
    with pytest.raises(TypeError, match="would lose the derivative"):
        np.vectorize(lambda t: t * t, otypes=[float])(x)
    y = np.vectorize(lambda t: t * t, otypes=[object])(x)
    assert y[0].tangent == pytest.approx(2 * VECTOR[0] ** 2)


X = Dual(VECTOR, VECTOR)

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "polyder": (lambda: np.polyder(X, -1), ValueError, "an order m of 0 or more, got -1"),
    "polyint": (lambda: np.polyint(X, -1), ValueError, "an order m of 0 or more, got -1"),
    "polyint constants": (
        lambda: np.polyint(X, 3, [1, 2]),
        ValueError,
        "one constant of integration, or one for each of 3 steps; got 2",
    ),
    "polyval": (
        lambda: np.polyval(X, np.poly1d([1, 2])),
        TypeError,
        "np.polyval of a dual at a polynomial is not supported",
    ),
    "poly": (lambda: np.poly(X[None]), ValueError, r"or a square matrix, got shape \(1, 5\)"),
    "vander": (lambda: np.vander(X[None]), ValueError, r"one axis, got shape \(1, 5\)"),
    "vander columns": (lambda: np.vander(X, -1), ValueError, "0 or more, got -1"),
    "cov": (lambda: np.cov(X[None, None]), ValueError, "at most two axes, got 3"),
    "cov ddof": (lambda: np.cov(X, ddof=0.5), ValueError, "a whole number ddof, got 0.5"),
    "cov fweights": (lambda: np.cov(X, fweights=[1.5] * 5), TypeError, "whole numbers"),
    "cov weights": (lambda: np.cov(X, aweights=[1.0]), RuntimeError, r"of shape \(5,\)"),
    "cov negative": (lambda: np.cov(X, aweights=-(VECTOR**2)), ValueError, "not negative"),
    "linspace": (lambda: np.linspace(X, 1, 2.5), TypeError, "integer"),
    "linspace whole": (
        lambda: np.linspace(X, 1, 3, dtype=int),
        TypeError,
        "dtype=int64 would lose the derivatives",
    ),
    "linspace axis": (lambda: np.linspace(X, 1, 3, axis=2), ValueError, "axis 2 is out"),
    "geomspace": (lambda: np.geomspace(X * 0, 1), ValueError, "cannot start or stop at zero"),
    "apply_along_axis to whole numbers": (  # as the first result is one, so are all
        lambda: np.apply_along_axis(lambda v: 0 if v[0] == VECTOR[0] else v[0], 1, X[:, None]),
        TypeError,
        "dtype=int64 would lose the derivatives",
    ),
    "apply_along_axis": (
        lambda: np.apply_along_axis(np.sum, 0, Dual(np.zeros((2, 0)), np.zeros((2, 0)))),
        ValueError,
        r"nothing to apply the function to in shape \(2, 0\)",
    ),
}


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()


def test_poly_has_numpys_last_bits() -> None:
    rng = np.random.default_rng(3)
    for n in (2, 3, 5):
        for z in (rng.normal(size=n), rng.normal(size=(n, n)), rng.normal(size=n) * (1 + 2j)):
            y = np.poly(Dual(z, np.ones_like(z)))
            np.testing.assert_array_equal(y.primal, np.poly(z))
            assert y.primal.dtype == np.poly(z).dtype


@pytest.mark.parametrize("dtype", ["int8", "float32", "complex128"])
def test_weights_of_a_covariance_are_taken_in_double_precision(dtype: str) -> None:
    """As by NumPy, which drops imaginary parts with a warning."""
    numbers = np.array([100, 120, 90, 127])
    w = numbers.astype(dtype) / (3 if dtype == "float32" else 1) + (2j if "c" in dtype else 0)
    w = w.astype(dtype)
    x = MATRIX

    def f(x: Any, w: Any) -> Any:
        return np.cov(x, aweights=w, fweights=np.array([100, 1, 127, 3], np.int8))

    with warnings.catch_warnings(action="ignore"):
        for mode in ("forward", "reverse"):
            np.testing.assert_allclose(
                jacobian(f, mode=mode)(x, w),
                jacobian(f, mode=mode)(x, np.real(w).astype(float)),
                rtol=1e-13,
                atol=1e-13,
            )
        if "c" in dtype:
            y = np.real(w)
            got = jvp(lambda y: f(x, y + 2j), (y,), (y[::-1],))[1]
            want = (f(x, y + 1e-4 * y[::-1]) - f(x, y - 1e-4 * y[::-1])) / 2e-4
            np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-8)
