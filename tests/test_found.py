"""Faults that random programs found, and their neighbours: each stands for a kind."""

from __future__ import annotations

import decimal
import marshal
import math
import random
import statistics
import warnings
from typing import Any

import numpy as np
import pytest

from dualad import (
    NotDeterministicError,
    derivative,
    grad,
    hessian,
    jacobian,
    jvp,
    taylor,
    value_and_grad,
    vjp,
)

# -- zeros that hid infinities on the way back ------------------------------------------------


def square_of_root(x: Any) -> Any:
    return np.sqrt(x) * np.sqrt(x)


@pytest.mark.parametrize("x", [0.0, np.float64(0.0), [0.0, 4.0], np.array([0.0, 4.0])], ids=repr)
def test_zero_times_infinity_is_nan_both_ways(x: Any) -> None:
    """√x·√x at 0: the chain rule has 0·∞ there, and neither way may make a number of it."""

    def f(x: Any) -> Any:
        return sum(map(square_of_root, x)) if np.ndim(x) else square_of_root(x)

    want = [np.nan, 1.0] if np.ndim(x) else np.nan
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(grad(f, mode=mode)(x), want)
        np.testing.assert_allclose(jacobian(f, mode=mode)(x), want)
    np.testing.assert_allclose(vjp(f, x)[1](1.0)[0], want)


def test_a_pullback_that_calls_the_function_again_takes_no_other_values() -> None:
    state = {"k": 1.0}

    def f(p: Any) -> Any:
        return [np.sqrt(p[0]) * state["k"] * np.ones(3), p[1] * state["k"]]

    pullback = vjp(f, np.array([0.0, 2.0]))[1]
    assert pullback([np.zeros(3), 1.0])[0].tolist() == [0.0, 1.0]
    assert pullback([np.array([0.0, 2.0, 1.0]), 1.0])[0].tolist() == [np.inf, 1.0]
    state["k"] = 100.0
    with pytest.raises(NotDeterministicError, match="when the pullback"):
        pullback([np.ones(3), 1.0])


def test_arguments_that_hold_themselves_do_not_end_the_interpreter() -> None:
    ring: list[Any] = [1.0]
    ring.append(ring)
    with pytest.raises(RecursionError):
        grad(lambda x, _: x * x)(2.0, ring)


def test_what_is_not_used_may_be_infinite() -> None:
    x = np.array([0.0, 4.0, 9.0])
    for mode in ("forward", "reverse"):
        np.testing.assert_array_equal(
            grad(lambda v: np.sqrt(v)[1:].sum(), mode=mode)(x), [0.0, 0.25, 1 / 6]
        )
        np.testing.assert_array_equal(
            grad(lambda v: np.where(v > 0, np.sqrt(v), 0.0).sum(), mode=mode)(x),
            [0.0, 0.25, 1 / 6],
        )
        np.testing.assert_array_equal(
            grad(lambda v: max(np.sqrt(v[0]), 1.0) * v[1], mode=mode)(x), [0.0, 1.0, 0.0]
        )
    _, pullback = vjp(lambda v: np.sqrt(v), x)
    np.testing.assert_array_equal(pullback(np.array([0.0, 1.0, 6.0]))[0], [0.0, 0.25, 1.0])


def test_a_pullback_that_goes_forward_is_that_of_complex_numbers() -> None:
    """c·y ↦ Re(c·dy): of z² and of a real input beside it, next to an unused infinite slope."""

    def f(z: Any, x: Any) -> Any:
        return z**2 * (1 + 2j), np.sqrt(x)[1] * 3.0

    z, x, c = np.array([1 + 2j, -0.5j]), np.array([0.0, 4.0]), np.array([2 - 1j, 1j])
    _, pullback = vjp(f, z, x)
    of_z, of_x = pullback((c, 2.0))
    np.testing.assert_allclose(of_z, c * 2 * z * (1 + 2j))
    np.testing.assert_allclose(of_x, [0.0, 2.0 * 3.0 / 4])
    assert of_x.dtype == float and of_x.flags.owndata


def test_many_inputs_are_looked_at_forward_once() -> None:
    x = np.r_[0.0, np.ones(2000)]
    half = np.r_[0.0, np.full(2000, 0.5)]
    np.testing.assert_array_equal(grad(lambda v: np.where(v > 0, np.sqrt(v), 0).sum())(x), half)
    np.testing.assert_array_equal(jacobian(lambda v: np.sqrt(v)[1:].sum())(x), half)
    np.testing.assert_array_equal(vjp(lambda v: np.sqrt(v)[1:].sum(), x)[1](1.0)[0], half)
    found = grad(lambda v: sum(map(np.sqrt, v[1:]), max(np.sqrt(v[0]), 1.0)))(list(map(float, x)))
    assert found == [0.0] + [0.5] * 2000
    found, aux = grad(lambda v: (np.sqrt(v)[1:].sum(), "aux"), has_aux=True)(x)
    assert found[0] == 0.0 and aux == "aux"
    for driver in (grad, jacobian, lambda f: lambda v: vjp(f, v)[1](1.0)):
        with pytest.warns(RuntimeWarning, match="mode='forward' is exact"):
            driver(lambda v: square_of_root(v).sum())(x)


def test_outputs_that_are_nan_leave_the_others() -> None:
    def f(x: Any) -> Any:
        return [np.log(x * 0 - 1) + x, np.divide(1, x - x) + x]

    with np.errstate(all="ignore"):
        x = np.float64(-1.5)
        for mode in ("forward", "reverse"):
            np.testing.assert_array_equal(jacobian(f, mode=mode)(x), [np.nan, 1.0])
    x, want = np.array([1.0, np.nan, 3.0]), np.full((5, 3), np.nan)
    want[0], want[4] = [2.0, 0.0, 0.0], [0.0, 0.0, 6.0]
    for mode in ("forward", "reverse"):
        np.testing.assert_array_equal(jacobian(lambda v: np.convolve(v, v), mode=mode)(x), want)


def test_the_mean_of_nothing_goes_back() -> None:
    with warnings.catch_warnings(action="ignore"):
        assert np.isnan(jacobian(lambda v: v[:0].mean(), mode="reverse")(np.ones(2))).all()
        assert np.isnan(jacobian(lambda v: v[:0].mean(), mode="forward")(np.ones(2))).all()


def test_tangents_of_numpys_numbers_do_not_warn() -> None:
    _, tangent = jvp(square_of_root, (np.float64(0.0),), (np.float64(1.0),))
    assert np.isnan(tangent)
    assert np.isnan(jvp(square_of_root, (0.0,), (np.float64(1.0),))[1])


# -- second order ------------------------------------------------------------------------------


def test_infinities_that_forms_meet_are_left_to_forward_mode() -> None:
    def twice_back(f: Any, x: Any) -> Any:
        inner = grad(lambda v: f(v).sum(), mode="reverse")
        return jacobian(inner, mode="reverse")(x)

    with np.errstate(all="ignore"):
        overflown = twice_back(lambda v: np.exp(v * 0 + 800.0), np.array([1.0, 1.5]))
        np.testing.assert_array_equal(overflown, np.zeros((2, 2)))
        curved = twice_back(np.cosh, np.array([2.0, np.inf]))
    assert curved[0, 0] == pytest.approx(math.cosh(2.0)) and curved[0, 1] == curved[1, 0] == 0


def test_a_constant_exponent_that_is_a_dual() -> None:
    for f in (lambda t: t ** (1.0 + 0 * t), lambda t: (3 * t) ** ((t - 1.0) ** 0) / 3):
        assert [derivative(f, order=k)(0.0) for k in (1, 2, 3)] == [1.0, 0.0, 0.0]
        assert derivative(derivative(f))(0.0) == hessian(f)(0.0) == 0.0
        assert taylor(f, 2)(0.0) == [0.0, 1.0, 0.0]


def test_sums_of_longdouble_elements_go_back() -> None:
    def f(x: Any) -> Any:
        v = x * np.longdouble(0.5)
        return (v[np.array([0, 0, 1])] * v).sum()

    x = np.array([2.0, 3.0, 5.0])
    want = np.array([[2, 1, 0], [1, 0, 1], [0, 1, 0]]) * 0.25
    np.testing.assert_allclose(hessian(f, mode="reverse")(x).astype(float), want)


# -- parts of a complex number -----------------------------------------------------------------


@pytest.mark.parametrize("part", ["real", "imag"])
@pytest.mark.parametrize("lift", [False, True])
def test_storing_a_part_of_an_array_of_no_dimensions(part: str, lift: bool) -> None:
    """z = (1 + 2i)·x₀, then one part is x₁; z² is analytic in both."""

    def f(x: Any) -> Any:
        z = np.reshape(x[:1] * (1 + 2j), ())
        setattr(z, part, x[1])
        return z * z

    x = np.array([2.0, 3.0])
    z, dz = (3 + 4j, [2j, 1]) if part == "real" else (2 + 3j, [1, 1j])
    for mode in ("forward", "reverse"):
        got = jacobian(f, mode=mode, lift=lift)(x)
        np.testing.assert_allclose(got, 2 * z * np.array(dz))
    both = jacobian(jacobian(lambda x: f(x).real, mode="reverse", lift=lift), mode="reverse")(x)
    np.testing.assert_allclose(both, 2 * np.real(np.outer(dz, dz)))


def test_writing_through_a_part_is_seen_by_the_whole() -> None:
    def f(x: Any) -> Any:
        z = np.reshape(x[:1] + 0j, ())
        re = z.real
        re *= x[1]
        return abs(z) ** 2 + z.real

    want = [2 * 2 * 9 + 3, 2 * 3 * 4 + 2]
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(grad(f, mode=mode)(np.array([2.0, 3.0])), want)


def test_reading_parts_of_an_array_of_no_dimensions() -> None:
    def f(x: Any) -> Any:
        z = np.reshape(x[:1] * (1 + 2j), ())
        return z.imag * x[1] + z.real

    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(grad(f, mode=mode)(np.array([2.0, 3.0])), [2 * 3 + 1, 2 * 2])
        got = jacobian(lambda x: (x[0] * 1j).imag * x[1], mode=mode)([2.0, 3.0])
        np.testing.assert_allclose(got, [3.0, 2.0])


# -- the primal is the plain run ---------------------------------------------------------------


@pytest.mark.parametrize(
    "a",
    [
        np.broadcast_to(np.array([1.0, 2.0]), (4, 2)),
        np.broadcast_to(np.arange(6.0).reshape(3, 2).T[:, None], (2, 4, 3)),
        np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1),
        np.arange(24.0).reshape(2, 3, 4)[:, ::-1].transpose(1, 2, 0),
        np.arange(6.0).reshape(3, 1, 2).transpose(2, 1, 0),
    ],
    ids=lambda a: f"{a.shape}, {a.strides}",
)
def test_ravel_as_it_lies(a: Any) -> None:
    value, tangent = jvp(lambda x: x.ravel("K"), (a,), (a * 2,))
    np.testing.assert_array_equal(value, a.ravel("K"))
    np.testing.assert_array_equal(tangent, 2 * a.ravel("K"))


def test_complex_of_two_parts() -> None:
    y, dy = jvp(lambda x: complex(x, x * math.nan), (0.5,), (1.0,))
    assert y.real == 0.5 and math.isnan(y.imag)
    y, dy = jvp(lambda x: complex(imag=x * x), (0.5,), (1.0,))
    assert (y, dy) == (0.25j, 1j)
    y, dy = jvp(lambda x: complex(-0.0, x), (-0.0,), (1.0,))
    assert math.copysign(1, y.real) == math.copysign(1, y.imag) == -1 and dy == 1j
    assert derivative(derivative(lambda x: complex(x, x**3).imag))(2.0) == 12.0


def test_nan_of_numpy_has_no_complex_slope() -> None:
    with np.errstate(all="ignore"):
        for x in (np.float64(0.5), np.array([0.5])):
            got = derivative(lambda v: (v - 5) ** 0.5)(x)
            assert np.isrealobj(got) and np.isnan(got).all()


@pytest.mark.parametrize("ends", [(np.float32(0.3), 1.5), (1.5, np.float32(0.3)), (0.3, 1.5)])
def test_linspace_has_the_precision_of_numpys_numbers(ends: Any) -> None:
    want = np.linspace(*ends, 4)
    for i in (0, 1):
        value, tangent = jvp(
            lambda x, i=i: np.linspace(*ends[:i], x, *ends[i + 1 :], 4), ends[i : i + 1], (1.0,)
        )
        assert value.dtype == want.dtype
        np.testing.assert_array_equal(value, want)
        np.testing.assert_allclose(tangent, np.linspace(1 - i, i, 4), rtol=1e-6)


def test_functions_of_double_take_longdouble() -> None:
    def f(x: Any) -> Any:
        return np.i0(x * np.longdouble(1.0))

    value, tangent = jvp(f, (1.5,), (1.0,))
    assert value == np.i0(np.longdouble(1.5))
    np.testing.assert_allclose(float(tangent), 0.9816664285779076, rtol=1e-12)  # I₁, by mpmath
    value, tangent = jvp(
        lambda x: np.interp(x * np.longdouble(1.0), [0.0, 1.0], [1.0, 3.0]), (0.25,), (1.0,)
    )
    assert value == 1.5 and tangent == 2.0


def test_math_gives_numbers_of_python() -> None:
    y, dy = jvp(lambda x: math.pow(x, np.float64(0.75)), (0.5,), (1.0,))
    assert type(y) is float and y == math.pow(0.5, 0.75)
    assert dy == pytest.approx(0.75 * 0.5**-0.25)


# -- the standard library ----------------------------------------------------------------------

DATA, OTHER = [1.0, 2.5, 4.0, 7.0], [2.0, 3.5, 1.0, 6.0]


def differences(f: Any, x: list[float]) -> list[float]:
    """The gradient by differences of second order, extrapolated once."""

    def by(h: float, i: int) -> float:
        up, down = list(x), list(x)
        up[i] += h
        down[i] -= h
        return float(f(up) - f(down)) / (2 * h)

    return [(4 * by(1e-3, i) - by(2e-3, i)) / 3 for i in range(len(x))]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: statistics.fmean(x, OTHER),
        lambda x: statistics.fmean(DATA, weights=x),
        lambda x: statistics.harmonic_mean(x, weights=OTHER),
        lambda x: statistics.harmonic_mean(DATA, x),
        lambda x: statistics.variance(x, x[0]),
        lambda x: statistics.pvariance(DATA, mu=x[1]),
        lambda x: statistics.stdev(x, 3.0),
        lambda x: statistics.pstdev(x, None),
        lambda x: statistics.covariance(x, OTHER),
        lambda x: statistics.correlation(OTHER, x),
        lambda x: statistics.linear_regression(x, OTHER).slope,
        lambda x: statistics.linear_regression(OTHER, x)[1],
        lambda x: statistics.NormalDist(x[0], x[1]).pdf(x[2]),
        lambda x: statistics.NormalDist(x[0], x[1]).cdf(x[2]),
        lambda x: statistics.NormalDist(x[0], x[1]).inv_cdf(x[2] / 10),
        lambda x: statistics.NormalDist(x[0], x[1]).overlap(statistics.NormalDist(x[2], 1.0)),
        lambda x: statistics.NormalDist.from_samples(x).stdev,
        lambda x: (statistics.NormalDist(x[0], x[1]) + statistics.NormalDist(1.0, x[2])).stdev,
        lambda x: statistics.NormalDist(x[0], x[1]).quantiles(4)[2],
        lambda x: random.Random(3).triangular(x[0], x[2], x[1]),
        lambda x: random.Random(3).lognormvariate(x[0], x[1]),
        lambda x: random.Random(3).betavariate(x[1], x[2]),
        lambda x: np.polynomial.Polynomial.fit(np.arange(4.0), np.array(x), 2)(1.5),
        lambda x: np.polynomial.Chebyshev.fit(np.array(x), np.arange(4.0), 1).deriv()(0.5),
    ],
)
def test_what_the_library_writes_in_python(f: Any) -> None:
    value, slopes = value_and_grad(f)(DATA)
    assert value == f(DATA) and type(value) is type(f(DATA))
    np.testing.assert_allclose(slopes, differences(f, DATA), rtol=1e-6, atol=1e-8)


def test_the_library_keeps_its_errors() -> None:
    with pytest.raises(statistics.StatisticsError):
        grad(lambda x: statistics.fmean(x, [0.0] * 4))(DATA)
    with pytest.raises(statistics.StatisticsError):
        grad(lambda x: statistics.correlation(x, [1.0] * 4))(DATA)
    assert grad(lambda x: statistics.stdev(x, x[0]))([2.0, 2.0]) == [0.0, 0.0]


def test_assertions_hold_of_plain_numbers() -> None:
    def f(x: Any) -> Any:
        np.testing.assert_allclose(x * 2, x + x)
        np.testing.assert_array_less(x, np.array([5.0, 6.0]))
        return (x**2).sum()

    np.testing.assert_array_equal(grad(f)(np.array([1.0, 3.0])), [2.0, 6.0])
    with pytest.raises(AssertionError, match=r"not strictly ordered|not less"):
        grad(f)(np.array([1.0, 7.0]))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: float(decimal.Decimal(x)),
        lambda x: len(marshal.dumps(x)) * x,
        lambda x: np.ma.masked_invalid(np.array([x, 1.0])).sum(),
        lambda x: np.ma.array([x, 1.0]).sum(),
    ],
)
def test_what_would_take_a_dual_for_a_float_says_so(f: Any) -> None:
    with pytest.raises(TypeError, match="would lose the derivative of a dual; write"):
        derivative(f)(2.0)
