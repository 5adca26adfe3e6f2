"""A wrong call has SciPy's own error, with duals too; what SciPy reads as something else is that."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dualad import derivative, jvp

pytest.importorskip("scipy")

from scipy import (
    fft,
    integrate,
    interpolate,
    linalg,
    ndimage,
    optimize,
    signal,
    spatial,
    special,
    stats,
)

from dualad.scipy._errors import error_on_values

M, ONES = np.array([[2.0, 0.3], [0.3, 1.0]]), np.ones(2)
TREE = spatial.KDTree(np.ones((4, 2)))
ENDLESS = np.array([[1.0, np.inf, 2.0], [1.0, 2.0, 3.0]])

WRONG: dict[str, Callable[[Any], Any]] = {
    "KDTree.query": lambda x: TREE.query(np.ones(3) * x),
    "KDTree.query_ball_point": lambda x: TREE.query_ball_point([1, 2, 3], x),
    "minimize": lambda x: optimize.minimize(lambda y: y * x, [1.0], constraints={"type": "eq"}),
    "minimize method": lambda x: optimize.minimize(lambda y: y * x, [1.0], method="foo"),
    "brentq": lambda x: optimize.brentq(lambda y: y * y + x, 0, 1),
    "brentq of a number": lambda x: optimize.brentq(3.0, 0, x),
    "curve_fit": lambda x: optimize.curve_fit(lambda t, a: a * t, [1, 2, 3], [x, 2.0]),
    "quad": lambda x: integrate.quad(3.0, 0, x),
    "solve_ivp": lambda x: integrate.solve_ivp(lambda t, y: -y * x, (0, 1), [1.0], args=3.0),
    "solve_banded": lambda x: linalg.solve_banded((1, 1), np.ones((2, 3)) * x, np.ones(3)),
    "solve": lambda x: linalg.solve(M * x, ONES, assume_a="foo"),
    "lu_factor": lambda x: linalg.lu_factor(ENDLESS * x),
    "cholesky": lambda x: linalg.cholesky(-M * x),
    "CubicSpline": lambda x: interpolate.CubicSpline([0, 1, 1], [x, 1, 2]),
    "interp1d": lambda x: interpolate.interp1d([0, 1], [x, 2.0])(3.0),
    "lfilter": lambda x: signal.lfilter([1.0, x], [0.0, 1.0], [1.0, 2.0]),
    "fft": lambda x: fft.fft(np.ones(3) * x, n=-1),
    "convolve": lambda x: ndimage.convolve(np.ones(3) * x, np.ones((3, 3))),
    "cdist": lambda x: spatial.distance.cdist(np.ones((2, 3)) * x, np.ones((2, 2))),
    "multigammaln": lambda x: special.multigammaln(x, 9),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_has_scipys_error(name: str) -> None:
    with pytest.raises(Exception) as theirs:
        WRONG[name](0.5)
    with pytest.raises(theirs.type) as ours:
        derivative(WRONG[name])(0.5)
    assert type(ours.value) is theirs.type
    assert str(ours.value) == str(theirs.value)


def test_what_is_right_without_duals_is_refused_for_them() -> None:
    for f in (lambda x: TREE.query(np.ones(2) * x)[0], lambda x: TREE.query_ball_point([1, 1], x)):
        with pytest.raises(TypeError, match=r"spatial\.KDTree\.query.* cannot take duals; ask"):
            derivative(f)(0.5)


@pytest.mark.usefixtures("counted_looks")
def test_functions_are_not_called_to_see_whether_a_call_is_wrong() -> None:
    calls: list[Any] = []

    def f(t: Any, y: Any) -> Any:
        calls.append(t)
        raise ValueError("of the user's")

    with pytest.raises(ValueError, match="of the user's"):
        derivative(lambda x: integrate.solve_ivp(f, (0, x), [x]).y[0, -1])(0.5)
    assert len(calls) <= 2  # as it is and lifted, which calls it once each

    used: list[Any] = []
    assert error_on_values(integrate.quad, (used.append, 0, 1), {}) is None
    assert not used


def test_nothing_that_is_given_is_changed_or_used_up() -> None:
    a, random = np.ones((2, 3)), np.random.default_rng(1)

    def failing(a: Any, random: Any, numbers: Any) -> None:
        a[:] = random.normal() + sum(numbers)
        warnings.warn("not shown", stacklevel=1)
        raise ValueError("wrong")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert str(error_on_values(failing, (a, random), {"numbers": [1.0]})) == "wrong"
    assert np.array_equal(a, np.ones((2, 3)))
    assert random.normal() == np.random.default_rng(1).normal()
    numbers = iter([1.0, 2.0])
    error_on_values(failing, (a, random, (n for n in numbers)), {})
    assert next(numbers) == 1.0


# -- what SciPy reads otherwise than it is written ------------------------------------------------

NUMBERS: dict[str, Callable[[Any], Any]] = {  # for arrays, or matrices, of one
    **{
        f"stats.{f.__name__}": f
        for f in (
            *(stats.gmean, stats.hmean, stats.iqr, stats.median_abs_deviation, stats.variation),
            *(stats.tmean, stats.circmean, stats.circvar, stats.circstd, stats.moment),
        )
    },
    "stats.trim_mean": lambda x: stats.trim_mean(x, 0.1),
    "linalg.toeplitz": linalg.toeplitz,
    "linalg.circulant": linalg.circulant,
    "linalg.expm": linalg.expm,
    "linalg.cholesky": linalg.cholesky,
    "integrate.trapezoid": lambda x: integrate.trapezoid([x, x * 2.0]),
    "special.spherical_jn": lambda x: special.spherical_jn(1, x),
    "special.spherical_kn": lambda x: special.spherical_kn(2, x),
}


@pytest.mark.parametrize("kind", [float, np.float64, np.array])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_where_scipy_takes_an_array_of_one(name: str, kind: Any) -> None:
    f = NUMBERS[name]
    x = kind(0.3)
    value, dot = jvp(f, (x,), (kind(1.0),))
    plain = f(x)
    assert type(value) is type(plain) and np.shape(value) == np.shape(plain)
    np.testing.assert_array_equal(value, plain)
    h = 1e-6
    want = (np.asarray(f(kind(0.3 + h))) - np.asarray(f(kind(0.3 - h)))) / (2 * h)
    np.testing.assert_allclose(dot, want, rtol=1e-7, atol=1e-8)


def test_a_number_of_which_scipy_has_no_root_is_refused() -> None:
    with pytest.raises(ValueError, match="sqrtm takes a matrix"):
        derivative(linalg.sqrtm)(0.3)


EMPTY: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "fftconvolve": (lambda x: signal.fftconvolve(x, x), np.zeros(0)),
    "upfirdn": (lambda x: signal.upfirdn([1.0, 2.0], x), np.zeros(0)),
    "resample_poly": (lambda x: signal.resample_poly(x, 2, 1), np.zeros(0)),
    "polar": (lambda x: linalg.polar(x)[0], np.zeros((0, 0))),
    "solve_ivp": (lambda x: integrate.solve_ivp(lambda t, y: 2 * y, (0, 1), x).y, np.zeros(0)),
}


@pytest.mark.parametrize("name", EMPTY)
def test_arrays_of_nothing(name: str) -> None:
    f, x = EMPTY[name]
    value, dot = jvp(f, (x,), (x,))
    plain = f(x)
    assert value.shape == dot.shape == plain.shape and value.dtype == plain.dtype
    assert not np.any(dot)


LONG = (M @ M).astype(np.longdouble)
PRECISE: dict[str, Callable[[Any], Any]] = {  # SciPy makes doubles of it
    **{
        f"linalg.{f.__name__}": f
        for f in (
            *(linalg.eigvalsh, linalg.eigvals, linalg.svdvals, linalg.inv, linalg.cholesky),
            *(linalg.pinv, linalg.sqrtm, linalg.logm),
        )
    },
    "linalg.qr": lambda a: linalg.qr(a)[1],
    "linalg.eigh": lambda a: linalg.eigh(a)[0],
    "linalg.lstsq": lambda a: linalg.lstsq(a, ONES)[0],
    "optimize.nnls": lambda a: optimize.nnls(a, ONES)[0],
    "optimize.linprog": lambda a: optimize.linprog(a[0], -np.eye(2), -ONES).x,
    "optimize.minimize": lambda a: optimize.minimize(lambda x: np.sum((x - a[0]) ** 2), ONES).x,
    "interpolate.CubicSpline": lambda a: interpolate.CubicSpline(np.arange(4), np.ravel(a))(0.4),
}


@pytest.mark.parametrize("name", PRECISE)
def test_more_precision_than_scipy_has(name: str) -> None:
    f = PRECISE[name]
    turn = np.array([[0.2, 0.1], [0.1, -0.3]])
    value, dot = jvp(f, (LONG,), (turn.astype(np.longdouble),))
    plain = f(LONG)
    assert value.dtype == plain.dtype
    np.testing.assert_array_equal(value, plain)
    want = jvp(f, (LONG.astype(float),), (turn,))[1]
    np.testing.assert_allclose(dot.astype(want.dtype), want, rtol=1e-7, atol=1e-9)


def test_frequencies_that_scipy_chooses_are_whole_decades() -> None:
    """So that they do not move with the poles; the response at them does."""
    for respond in (lambda s: signal.bode(s)[1], lambda s: abs(signal.freqresp(s)[1])):
        f = lambda p, respond=respond: respond(([1.0], [1.0, p]))  # noqa: E731
        value, dot = jvp(f, (0.3,), (1.0,))
        np.testing.assert_array_equal(value, f(0.3))
        np.testing.assert_allclose(dot, (f(0.3 + 1e-6) - f(0.3 - 1e-6)) / 2e-6, atol=1e-6)
