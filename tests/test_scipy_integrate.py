"""dualad.scipy.integrate: against closed forms, and mpmath's Taylor integrator at 30 digits."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from scipy.integrate import odeint

from dualad import (
    Dual,
    NonDifferentiableError,
    derivative,
    grad,
    hessian,
    jacobian,
    jvp,
    value_and_grad,
)
from dualad.pair import dual as make
from dualad.scipy import integrate
from dualad.scipy._ivp import _matrix
from dualad.scipy._parts import levels_of, pack
from dualad.scipy.linalg import expm

METHODS = ["RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA"]
TIGHT: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-12}


def lorenz(t: Any, y: Any, sigma: Any, rho: Any, beta: Any) -> list[Any]:
    return [sigma * (y[1] - y[0]), y[0] * (rho - y[2]) - y[1], y[0] * y[1] - beta * y[2]]


# -- sensitivities against mpmath ------------------------------------------------------------


def test_lorenz_against_mpmath() -> None:
    """Parameters and initial values, at the tolerance that the integrator was given."""
    p, y0, end = [10.0, 28.0, 8 / 3], [1.0, 2.0, 3.0], 1.0
    with mp.workdps(30):
        h = mp.mpf(10) ** -10

        def at(j: int, sign: int) -> Any:
            given = [mp.mpf(v) for v in (*p, *y0)]
            given[j] += sign * h
            solution = mp.odefun(lambda t, y: lorenz(t, y, *given[:3]), 0, given[3:])
            return solution(end)

        want = np.empty((3, 6))
        for j in (0, 1, 2, 4):
            up, down = at(j, 1), at(j, -1)
            want[:, j] = [float((u - d) / (2 * h)) for u, d in zip(up, down)]

    columns = [0, 1, 2, 4]
    size = np.max(abs(want[:, columns]))
    for method, rtol in (("DOP853", 1e-11), ("LSODA", 1e-9)):

        def f(x: Any, method: str = method, rtol: float = rtol) -> Any:
            options = {"rtol": rtol, "atol": rtol}
            run = integrate.solve_ivp(lorenz, (0, end), x[3:], method, args=x[:3], **options)
            return run.y[:, -1]

        got = jacobian(f)(np.array([*p, *y0]))
        bound = 1e3 * rtol * size  # the local errors grow, as neighbouring solutions do, by 10³
        np.testing.assert_allclose(got[:, columns], want[:, columns], atol=bound, rtol=0)


# -- linear equations have closed forms --------------------------------------------------------


def chain(t: Any, y: Any, p: Any) -> list[Any]:
    """Decay from a to b to nothing."""
    return [-p[0] * y[0], p[0] * y[0] - p[1] * y[1]]


def chain_at(t: Any, p: Any) -> Any:
    a = p[2] * np.exp(-p[0] * t)
    b = p[2] * p[0] / (p[1] - p[0]) * (np.exp(-p[0] * t) - np.exp(-p[1] * t))
    return np.stack([a, b])


P = np.array([0.5, 1.3, 2.0])
TIMES = np.array([0.0, 0.4, 1.0, 2.0])


def run(p: Any, method: str = "DOP853", **options: Any) -> Any:
    given = {**TIGHT, **options}
    span = given.pop("span", (0.0, 2.0))
    return integrate.solve_ivp(chain, span, [p[2], 0.0], method, args=(p,), **given)


@pytest.mark.parametrize("method", METHODS)
def test_every_method(method: str) -> None:
    tolerance = {"rtol": 1e-6, "atol": 1e-8} if method in ("RK23", "BDF") else TIGHT

    def f(p: Any) -> Any:
        return run(p, method, t_eval=TIMES, **tolerance).y

    want = jacobian(lambda p: chain_at(TIMES, p))(P)
    bound = 1e3 * tolerance["rtol"]
    np.testing.assert_allclose(jacobian(f)(P), want, atol=bound, rtol=0)
    np.testing.assert_allclose(jacobian(f, chunk=1)(P), want, atol=bound, rtol=0)
    if method != "RK23":
        second = jacobian(jacobian(lambda p: chain_at(TIMES, p)))(P)
        np.testing.assert_allclose(jacobian(jacobian(f))(P), second, atol=10 * bound, rtol=0)


@pytest.mark.parametrize("method", METHODS)
def test_plain_numbers_give_what_scipy_gives(method: str) -> None:
    """Bit for bit: steps, states, events and dense output."""

    def hit(t: Any, y: Any) -> Any:
        return y[1] - 0.5

    options: Any = {"method": method, "events": hit, "dense_output": True, "t_eval": TIMES}

    def fun(t: Any, y: Any) -> Any:
        return np.array(chain(t, y, P))

    got = integrate.solve_ivp(fun, (0, 2), [2.0, 0.0], **options)
    want = scipy.integrate.solve_ivp(fun, (0, 2), [2.0, 0.0], **options)
    for name in ("t", "y", "nfev", "njev", "nlu", "status", "message"):
        np.testing.assert_array_equal(getattr(got, name), getattr(want, name))
    for name in ("t_events", "y_events"):
        np.testing.assert_array_equal(getattr(got, name)[0], getattr(want, name)[0])
    np.testing.assert_array_equal(got.sol(0.77), want.sol(0.77))
    given = integrate.solve_ivp(chain, (0, 2), [2.0, 0.0], args=(P,), vectorized=True)
    np.testing.assert_array_equal(
        given.y, scipy.integrate.solve_ivp(chain, (0, 2), [2, 0], args=(P,), vectorized=True).y
    )


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 3), st.integers(0, 3), st.sampled_from(["RK45", "Radau"]), st.booleans())
def test_shapes(n: int, k: int, method: str, vectorized: bool) -> None:
    """y′ = A·y, A and y0 with k directions: all are integrated alike."""
    random = np.random.default_rng([n, k])
    a, y0 = random.normal(size=(n, n)), random.normal(size=n)
    duals = (
        Dual(a, random.normal(size=(k, n, n))) if k else Dual(a, random.normal(size=(n, n))),
        Dual(y0, random.normal(size=(k, n))) if k else Dual(y0, random.normal(size=n)),
    )
    options: Any = {"method": method, "rtol": 1e-8, "atol": 1e-10, "vectorized": vectorized}
    got = integrate.solve_ivp(lambda t, y: duals[0] @ y, (0, 0.5), duals[1], **options)
    want = expm(0.5 * duals[0]) @ duals[1]
    np.testing.assert_allclose(got.y[:, -1].primal, want.primal, atol=1e-6)
    np.testing.assert_allclose(got.y[:, -1].tangent, want.tangent, atol=1e-6)
    assert got.y.shape == (n, len(got.t))


# -- times ---------------------------------------------------------------------------------


def test_the_ends_and_the_times_may_be_duals() -> None:
    """y(t) of the chain that starts at s: closed form in t − s, to the third order."""

    def f(s: Any, t: Any) -> Any:
        return run(P, span=(s, t)).y[1, -1]

    def g(s: Any, t: Any) -> Any:
        return run(P, span=(s, 2.0), t_eval=[t]).y[1, 0]

    def dense(s: Any, t: Any) -> Any:
        return run(P, span=(s, 2.0), dense_output=True).sol(t)[1]

    def want(s: Any, t: Any) -> Any:
        return chain_at(t - s, P)[1]

    for solution in (f, g, dense):
        for argnum in (0, 1):
            for order in (1, 2, 3):
                got = derivative(solution, argnum, order)(0.2, 1.7)
                exact = derivative(want, argnum, order)(0.2, 1.7)
                assert got == pytest.approx(exact, rel=1e-7), (solution, argnum, order)
        mixed = derivative(lambda s, f=solution: derivative(f, 1)(s, 1.7))(0.2)
        exact = derivative(lambda s: derivative(want, 1)(s, 1.7))(0.2)
        assert mixed == pytest.approx(exact, rel=1e-7)
    result = run(P, span=(Dual(0.0, 1.0), Dual(2.0, 3.0)))
    assert result.t[0].tangent == 1.0
    assert result.t[-1].tangent == 3.0
    with pytest.raises(NotImplementedError, match="fourth order"):
        derivative(f, 1, order=5)(0.2, 1.7)


def throw(speed: Any, g: Any, terminal: bool = True) -> Any:
    """A ball is thrown up and comes down after 2·speed/g."""

    def floor(t: Any, y: Any, *_) -> Any:
        return y[0] + 0.0 * g

    floor.terminal, floor.direction = terminal, -1  # type: ignore[attr-defined]

    def top(t: Any, y: Any, *_) -> Any:
        return y[1]

    return integrate.solve_ivp(
        lambda t, y, g: [y[1], -g],
        (0, 3.0),
        [0.0, speed],
        events=[floor, top],
        args=(g,),
        dense_output=True,
        rtol=1e-9,
    )


@pytest.mark.parametrize("terminal", [True, False])
def test_the_times_of_events(terminal: bool) -> None:
    at = (9.0, 9.81)

    def f(what: Any) -> Any:
        return lambda *x: what(throw(*x, terminal))

    for what, closed in [
        (lambda r: r.t_events[0][0], lambda v, g: 2 * v / g),
        (lambda r: r.t_events[1][0], lambda v, g: v / g),
        (lambda r: r.y_events[1][0, 0], lambda v, g: v**2 / (2 * g)),
        (lambda r: r.y_events[0][0, 1], lambda v, g: -v),
        (lambda r: r.sol(r.t_events[1][0])[0], lambda v, g: v**2 / (2 * g)),
    ]:
        got, want = (jacobian(h, argnums=(0, 1))(*at) for h in (f(what), closed))
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)
        got, want = (
            jacobian(jacobian(h, argnums=(0, 1)), argnums=(0, 1))(*at) for h in (f(what), closed)
        )
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-8)
    if terminal:
        last = grad(lambda v: throw(v, 9.81).t[-1])(9.0)
        assert last == pytest.approx(2 / 9.81, rel=1e-10)
        speed = grad(lambda v: throw(v, 9.81).y[1, -1])(9.0)
        assert speed == pytest.approx(-1, rel=1e-10)


def test_events_whose_function_alone_has_duals() -> None:
    """y = t; the event is at t = a²."""

    def f(a: Any) -> Any:
        return integrate.solve_ivp(
            lambda t, y: [1.0], (0, 5), [0.0], events=lambda t, y: y[0] - a**2
        ).t_events[0][0]

    assert derivative(f)(1.5) == pytest.approx(3.0, rel=1e-13)
    assert derivative(f, order=2)(1.5) == pytest.approx(2.0, rel=1e-13)

    def never(a: Any) -> Any:
        return integrate.solve_ivp(lambda t, y: [a], (0, 1), [0.0], events=lambda t, y: y[0] - 9)

    assert never(Dual(1.0, 1.0)).t_events[0].shape == (0,)


def test_an_event_that_only_touches_has_no_derivative() -> None:
    a = Dual(1.0, 1.0)
    with pytest.raises(NonDifferentiableError, match=r"singular|regular"):
        integrate.solve_ivp(lambda t, y: [a], (0, 1), [0.0], events=lambda t, y: (t - 1) ** 2 * a)


# -- what the integrator must notice -----------------------------------------------------------


def test_duals_that_turn_up_late() -> None:
    def late(a: Any) -> Any:
        return integrate.solve_ivp(lambda t, y: [a if t > 1 else 0.0], (0, 2), [1.0], max_step=0.01)

    assert derivative(lambda a: late(a).y[0, -1])(3.0) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_tangents_meet_the_tolerance_in_every_unit(unit: float) -> None:
    """The derivative in a parameter of size 1/unit is of size unit."""

    def f(a: Any) -> Any:
        return integrate.solve_ivp(
            lambda t, y: [y[1], -a * unit * y[0]], (0, 6), [1.0, 0.0], rtol=1e-5, atol=1e-8
        ).y[0, -1]

    want = -math.sin(6 * math.sqrt(2)) * 3 / math.sqrt(2) * unit
    assert derivative(f)(2.0 / unit) == pytest.approx(want, rel=3e-4)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_a_tangent_that_is_harder_than_its_value(unit: float) -> None:
    """The state stands still; only its derivative, of size unit, oscillates."""

    def f(a: Any) -> Any:
        return integrate.solve_ivp(
            lambda t, y: [(a - 2.0) * unit * np.cos(20 * t)], (0, 3.3), [1.0], rtol=1e-5, atol=1e-8
        ).y[0, -1]

    assert derivative(f)(2.0) == pytest.approx(math.sin(66) / 20 * unit, rel=1e-2)


def test_a_matrix_of_duals_acts_on_packed_vectors() -> None:
    """Two levels, of two directions and one."""
    random = np.random.default_rng(0)

    def nested(shape: tuple[int, ...]) -> Any:
        older = make(random.normal(size=shape), random.normal(size=(2, *shape)), 1)
        dot = make(random.normal(size=shape), random.normal(size=(2, *shape)), 1)
        return make(older, dot, 2)

    j, v = nested((3, 3)), nested((3,))
    levels = levels_of(v)
    assert levels == ((2, ()), (1, (2,)))
    got = _matrix(j, levels) @ pack(v, levels).ravel()
    np.testing.assert_allclose(got, pack(j @ v, levels).ravel(), rtol=1e-12)


def test_many_directions_do_not_thin_out_the_error() -> None:
    """The mean over value and zero tangents must not pass where the value alone fails."""
    zeros = Dual(np.ones(1), np.zeros((400, 1)))

    def solve(y0: Any) -> Any:
        return integrate.solve_ivp(
            lambda t, y: y * np.cos(4 * t), (0, 5), y0, rtol=1e-5, atol=1e-8
        ).y[0, -1]

    exact = math.exp(math.sin(20) / 4)
    assert abs(solve(zeros).primal - exact) < 1.01 * abs(solve(np.ones(1)) - exact) + 1e-9


def test_stiff_problems_use_the_exact_jacobian() -> None:
    """Robertson's kinetics at t = 0.4, as printed by the example cvsRoberts_FSA_dns of CVODES
    (Hindmarsh and Serban), whose tolerance is 1e-4: solution, and sensitivities to the rates."""

    def f(t: Any, y: Any, k: Any) -> list[Any]:
        slow, middle, fast = k[0] * y[0], k[1] * y[1] * y[2], k[2] * y[1] ** 2
        return [-slow + middle, slow - middle - fast, fast]

    want = [
        [9.8517e-01, 3.3864e-05, 1.4794e-02],
        [-3.5595e-01, 3.9025e-04, 3.5556e-01],
        [9.5431e-08, -2.1309e-10, -9.5218e-08],
        [-1.5833e-11, -5.2900e-13, 1.6362e-11],
    ]
    rates = Dual(np.array([0.04, 1e4, 3e7]), np.eye(3))
    for method in ("Radau", "BDF", "LSODA"):
        options: Any = {"args": (rates,), "rtol": 1e-7, "atol": 1e-10}
        got = integrate.solve_ivp(f, (0, 0.4), [1.0, 0.0, 0.0], method, **options).y[:, -1]
        np.testing.assert_allclose([got.primal, *got.tangent], want, rtol=3e-4)
        long = integrate.solve_ivp(f, (0, 4e4), [1.0, 0.0, 0.0], method, **options)
        assert len(long.t) < 2000  # the step is not held back by stability
        np.testing.assert_allclose(
            np.sum(long.y.tangent[:, :, -1] / want[1][0], axis=1), 0, atol=1e-6
        )


@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA"])
def test_large_implicit_systems(method: str) -> None:
    """Heat in a rod of 20 pieces, with 8 directions: 180 numbers, whose Jacobian is sparse."""
    random = np.random.default_rng(0)
    conductivity, y0 = random.uniform(1, 2, 19), random.normal(size=20)
    difference = np.diff(np.eye(20), axis=0)

    def matrix(c: Any) -> Any:
        return -10 * difference.T @ (c[:, None] * difference)

    c = Dual(conductivity, random.normal(size=(8, 19)))
    options: Any = {"method": method, "rtol": 1e-7, "atol": 1e-9}
    got = integrate.solve_ivp(lambda t, y: matrix(c) @ y, (0, 1), y0, **options)
    want = expm(matrix(c)) @ y0
    np.testing.assert_allclose(got.y[:, -1].tangent, want.tangent, atol=1e-5)
    assert len(got.t) < 400


def test_complex_states() -> None:
    def f(w: Any) -> Any:
        return integrate.solve_ivp(lambda t, y: 1j * w * y, (0, 1), [1 + 0j], **TIGHT).y[0, -1]

    assert f(Dual(2.0, 1.0)).tangent == pytest.approx(1j * np.exp(2j), rel=1e-8)


# -- odeint --------------------------------------------------------------------------------


def test_odeint() -> None:
    def f(p: Any) -> Any:
        return integrate.odeint(lambda y, t: chain(t, y, p), [p[2], 0.0], TIMES)

    want = jacobian(lambda p: chain_at(TIMES, p).T)(P)
    np.testing.assert_allclose(jacobian(f)(P), want, atol=1e-5)
    np.testing.assert_array_equal(
        f(P), scipy.integrate.odeint(lambda y, t: chain(t, y, P), [P[2], 0.0], TIMES)
    )


# -- integrals -----------------------------------------------------------------------------


def test_leibniz_rule() -> None:
    """∫ sin(c·x) from a to b = (cos(c·a) − cos(c·b))/c, to the third order."""

    def f(a: Any, b: Any, c: Any) -> Any:
        return integrate.quad(lambda x: np.sin(c * x), a, b)[0]

    def closed(a: Any, b: Any, c: Any) -> Any:
        return (np.cos(c * a) - np.cos(c * b)) / c

    at = (0.3, 1.9, 1.4)
    got, want = (grad(g, argnums=(0, 1, 2))(*at) for g in (f, closed))
    np.testing.assert_allclose(got, want, rtol=1e-12)
    got, want = (hessian(lambda v, g=g: g(v[0], v[1], v[2]))(np.array(at)) for g in (f, closed))
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)
    for argnum in range(3):
        got, want = (derivative(g, argnum, 3)(*at) for g in (f, closed))
        assert got == pytest.approx(want, rel=1e-11)
    assert derivative(lambda a: f(a, a, 1.0))(2.0) == pytest.approx(0, abs=1e-15)


def test_integrals_over_the_line() -> None:
    def f(c: Any) -> Any:
        return integrate.quad(lambda x, c: np.exp(-c * x**2), -np.inf, np.inf, args=(c,))[0]

    want = math.sqrt(math.pi)
    assert derivative(f)(2.0) == pytest.approx(-want / 2 * 2**-1.5, rel=1e-10)
    assert derivative(f, order=2)(2.0) == pytest.approx(want * 0.75 * 2**-2.5, rel=1e-10)
    got = f(Dual(2.0, np.array([1.0, 1e-12, 1e12, 0.0]))).tangent
    np.testing.assert_allclose(got, -want / 2 * 2**-1.5 * np.array([1, 1e-12, 1e12, 0]), rtol=1e-10)
    with pytest.raises(ValueError, match="infinite limit"):
        integrate.quad(lambda x: np.exp(-x), 0, Dual(np.inf, 1.0))


def test_integrals_of_plain_numbers_are_scipys() -> None:
    for options in ({}, {"full_output": 1}, {"points": [0.5]}, {"weight": "cos", "wvar": 3.0}):
        got = integrate.quad(math.sqrt, 0, 1, **options)
        want = scipy.integrate.quad(math.sqrt, 0, 1, **options)
        assert got[:2] == want[:2]
        assert len(got) == len(want)
    a = Dual(2.0, 1.0)
    y, error, info = integrate.quad(lambda x: a * np.sqrt(x), 0, 1, full_output=1)
    want = scipy.integrate.quad(lambda x: 2 * np.sqrt(x), 0, 1)
    assert (y.primal, error) == want
    assert y.tangent == pytest.approx(2 / 3, rel=1e-9)
    assert info["neval"] > 0


def test_an_infinite_slope_at_a_limit_is_told() -> None:
    def f(a: Any) -> Any:
        return integrate.quad(lambda x: x**-0.5 if x > 0 else np.float64(np.inf), a, 1.0)[0]

    got = f(Dual(0.0, 1.0))
    assert got.primal == pytest.approx(2.0)
    assert got.tangent == -np.inf


def test_what_quad_refuses() -> None:
    a = Dual(2.0, 1.0)
    with pytest.raises(TypeError, match="weight='alg'"):
        integrate.quad(lambda x: x, 0, a, weight="alg", wvar=(0.5, 0.5))
    with pytest.raises(TypeError, match="weight='cauchy'"):
        integrate.quad(lambda x: x, 0, 3, weight="cauchy", wvar=a)
    assert integrate.quad(lambda x: a * x, 0, 4, points=[a])[0].tangent == pytest.approx(8.0)


def test_samples_and_fixed_nodes() -> None:
    y = Dual(np.array([1.0, 3.0, 2.0]), np.ones(3))
    assert integrate.trapezoid(y, dx=0.5).tangent == 1.0

    def f(a: Any) -> Any:
        return integrate.fixed_quad(lambda x: np.exp(a * x), 0, a, n=9)[0]

    def closed(a: Any) -> Any:
        return (np.exp(a * a) - 1) / a

    assert derivative(f)(1.2) == pytest.approx(derivative(closed)(1.2), rel=1e-12)
    columns = np.array([[1.0], [2.0]])
    for n in (1, 5, 20):
        expected, none = scipy.integrate.fixed_quad(lambda x: np.cos(columns * x), -1.0, 2.0, n=n)
        got = integrate.fixed_quad(lambda x: np.cos(columns * x), -1.0, 2.0, n=n)
        np.testing.assert_allclose(got[0], expected, rtol=1e-12)
        assert got[1] is none is None
    with pytest.raises(ValueError, match="finite limits"):
        integrate.fixed_quad(np.exp, 0.0, np.inf)


# -- samples -------------------------------------------------------------------------------

SAMPLED: dict[str, Any] = {
    "trapezoid": lambda m, y, x: m.trapezoid(y, x),
    "trapezoid, distance": lambda m, y, x: m.trapezoid(y, dx=x[1]),
    "simpson": lambda m, y, x: m.simpson(y, x),
    "simpson, even": lambda m, y, x: m.simpson(y[:-1], x[:-1]),
    "simpson, two": lambda m, y, x: m.simpson(y[:2], x[:2]),
    "simpson, distance": lambda m, y, x: m.simpson(y, dx=x[1]),
    "simpson, axis": lambda m, y, x: m.simpson(np.stack([y, y * y], axis=1), x, axis=0),
    "cumulative_trapezoid": lambda m, y, x: m.cumulative_trapezoid(y, x, initial=0),
    "cumulative_trapezoid, distance": lambda m, y, x: m.cumulative_trapezoid(y, dx=x[2]),
    "cumulative_simpson": lambda m, y, x: m.cumulative_simpson(y, x=x),
    "cumulative_simpson, even": lambda m, y, x: m.cumulative_simpson(y[:-1], x=x[:-1]),
    "cumulative_simpson, initial": lambda m, y, x: m.cumulative_simpson(y, x=x, initial=2.0),
    "cumulative_simpson, distance": lambda m, y, x: m.cumulative_simpson(y, dx=x[1]),
    "romb": lambda m, y, x: m.romb(y, dx=x[1]),
    "romb, axis": lambda m, y, x: m.romb(np.stack([y, y * y], axis=1), x[1], 0),
}


@pytest.mark.parametrize("name", SAMPLED)
def test_integrals_of_samples(name: str) -> None:
    """SciPy's own values; derivatives by its own code at complex steps or by differences."""
    f = SAMPLED[name]
    x, y = np.array([0.0, 0.4, 1.0, 1.5, 2.5]), np.array([1.0, 3.0, 2.0, 4.0, 7.0])
    value = f(scipy.integrate, y, x)
    y_dot, x_dot = np.cos(np.arange(5.0)), np.sin(1 + np.arange(5.0)) / 10
    got = f(integrate, Dual(y, y_dot), Dual(x, x_dot))
    np.testing.assert_array_equal(got.primal, value)
    np.testing.assert_array_equal(f(integrate, y, x), value)

    def along(h: float) -> Any:
        return f(scipy.integrate, y + h * y_dot, x + h * x_dot)

    def difference(h: float) -> Any:
        return (along(h) - along(-h)) / (2 * h)

    want = (4 * difference(1e-3) - difference(2e-3)) / 3
    np.testing.assert_allclose(got.tangent, want, rtol=1e-9, atol=1e-9)


# -- several numbers, arrays -----------------------------------------------------------------


def test_integrals_over_several_numbers() -> None:
    def triangle(a: Any, module: Any = integrate) -> Any:
        return module.dblquad(lambda y, x, k: np.exp(k * x) * y, 0, a, 0, lambda x: x, (a,))[0]

    def closed(a: Any) -> Any:  # ∫ exp(a·x)·x²/2 from 0 to a
        return np.exp(a * a) * (a / 2 - 1 / a + 1 / a**3) - 1 / a**3

    for order in (1, 2):
        got = derivative(triangle, order=order)(1.1)
        assert got == pytest.approx(derivative(closed, order=order)(1.1), rel=1e-8)
    assert triangle(Dual(1.1, 1.0)).primal == triangle(1.1, scipy.integrate) == triangle(1.1)

    def box(a: Any) -> Any:
        return integrate.tplquad(lambda z, y, x: x * z, 0, a, 0, 2, 0, lambda x, y: a * x)[0]

    assert derivative(box)(1.2) == pytest.approx(6 / 4 * 1.2**5, rel=1e-9)  # of a⁶/4

    def disc(r: Any) -> Any:
        return integrate.nquad(
            lambda x, y: 1.0, [lambda y: (-np.sqrt(r * r - y * y), 0.0), (0.0, 0.5)]
        )[0]

    want = derivative(lambda r: 0.25 * np.sqrt(r * r - 0.25) + r * r / 2 * np.arcsin(0.5 / r))
    assert derivative(disc)(1.3) == pytest.approx(want(1.3), rel=1e-9)


def test_integrals_of_arrays() -> None:
    def f(c: Any, b: Any, module: Any = integrate) -> Any:
        return module.quad_vec(lambda x: np.stack([np.exp(c * x), x**2 * c]), 0.0, b)[0]

    def closed(c: Any, b: Any) -> Any:
        return np.stack([(np.exp(c * b) - 1) / c, c * b**3 / 3])

    for i in (0, 1):
        np.testing.assert_allclose(jacobian(f, i)(0.7, 1.2), jacobian(closed, i)(0.7, 1.2))
        twice, want = (jacobian(jacobian(g, i), i)(0.7, 1.2) for g in (f, closed))
        np.testing.assert_allclose(twice, want, rtol=1e-9)
    np.testing.assert_array_equal(f(Dual(0.7, 1.0), 1.2).primal, f(0.7, 1.2, scipy.integrate))
    with pytest.raises(ValueError, match="infinite limit"):
        integrate.quad_vec(lambda x: np.exp(-x), 0, Dual(np.inf, 1.0))


# -- boundary values -------------------------------------------------------------------------


def test_boundary_values() -> None:
    """y″ = −k²·y, y(0) = 0, y(1) = b: b·sin(kx)/sin(k)."""
    x = np.linspace(0, 1, 9)

    def solve(k: Any, b: Any, module: Any = integrate) -> Any:
        return module.solve_bvp(
            lambda x, y: np.stack([y[1], -k * k * y[0]]),
            lambda u, v: np.stack([u[0], v[0] - b]), x, np.ones((2, 9)), tol=1e-7,
        )  # fmt: skip

    def closed(k: Any, b: Any) -> Any:
        return b * np.sin(0.3 * k) / np.sin(k)

    at = (1.2, 0.8)
    got, want = (grad(f, argnums=(0, 1))(*at) for f in (lambda *a: solve(*a).sol(0.3)[0], closed))
    np.testing.assert_allclose(got, want, rtol=1e-7)
    twice = derivative(lambda k: solve(k, 0.8).sol(0.3)[0], order=2)(1.2)
    assert twice == pytest.approx(derivative(closed, order=2)(*at), rel=1e-6)
    result, plain = solve(Dual(1.2, 1.0), 0.8), solve(*at, scipy.integrate)
    for name in ("x", "y", "yp", "rms_residuals", "niter"):
        got, want = (getattr(r, name) for r in (result, plain))
        np.testing.assert_array_equal(getattr(got, "primal", got), want)
    np.testing.assert_array_equal(result.sol([0.1, 0.7]).primal, plain.sol([0.1, 0.7]))
    moved = derivative(lambda s: solve(1.2 + 0 * s, 0.8).sol(s)[0])
    assert moved(0.3) == pytest.approx(0.8 * 1.2 * math.cos(0.36) / math.sin(1.2), rel=1e-6)


def test_an_eigenvalue() -> None:
    """y″ + (λ + a)·y = 0 between zeros at 0 and 1: λ = π² − a."""
    x = np.linspace(0, 1, 9)

    def f(a: Any) -> Any:
        return integrate.solve_bvp(
            lambda x, y, p: np.stack([y[1], -(p[0] + a) * y[0]]),
            lambda u, v, p: np.stack([u[0], v[0], u[1] - 1.0]),
            x, np.stack([np.sin(np.pi * x), np.pi * np.cos(np.pi * x)]) / np.pi, [8.0],
        ).p[0]  # fmt: skip

    assert derivative(f)(0.5) == pytest.approx(-1.0, rel=1e-9)
    with pytest.raises(NonDifferentiableError, match="has not converged"):
        a = Dual(1.0, 1.0)
        integrate.solve_bvp(
            lambda x, y: np.stack([y[1], a * np.exp(y[0]) * 50]),
            lambda u, v: np.stack([u[0], v[0]]), x, np.ones((2, 9)), max_nodes=9,
        )  # fmt: skip
    with pytest.raises(TypeError, match="plain mesh"):
        integrate.solve_bvp(lambda x, y: y, lambda u, v: u, Dual(x, x), np.ones((1, 9)))


def test_a_step_that_has_a_value_of_its_own() -> None:
    """np.sign is zero where it jumps, so that two switches lie next to each other."""

    def end(p: Any) -> Any:
        right = lambda t, y: [-y[0] + np.sign(t - p)]  # noqa: E731
        return scipy.integrate.solve_ivp(right, (0, 2), [1.0], rtol=1e-8, atol=1e-8).y[0, -1]

    assert derivative(end)(0.7) == pytest.approx(-2 * math.exp(0.7 - 2), rel=1e-6)
    assert value_and_grad(end)(0.7)[0] == end(0.7)


def test_odeint_takes_a_number() -> None:
    got = derivative(lambda a: integrate.odeint(lambda y, t: -a * y, 1.0, [0, 1.0])[-1, 0])(2.0)
    assert got == pytest.approx(-np.exp(-2.0), rel=1e-6)


def test_options_of_odeint() -> None:
    """Its own limits of the steps, its reports, and the order of the arguments of Dfun."""
    times = [0.0, 1.0, 2.0]

    def slope(y: Any, t: Any, a: Any) -> Any:
        assert np.shape(t) == ()
        return [[-a * (1 + t)]]

    def solved(m: Any, a: Any, **given: Any) -> Any:
        return m.odeint(lambda y, t, a: -a * y * (1 + t), [1.0], times, args=(a,), **given)

    want = -(np.array(times) + 2.0 * np.array(times) ** 2 / 4)
    for options in ({"hmax": 0.1, "h0": 1e-3, "mxstep": 5000}, {"Dfun": slope}, {"rtol": 1e-9}):
        y = solved(integrate, Dual(0.7, 1.0), **options)
        np.testing.assert_array_equal(y.primal, solved(scipy.integrate, 0.7, **options))
        np.testing.assert_allclose(y.tangent[:, 0], want * y.primal[:, 0], rtol=1e-5, atol=1e-8)
    y, report = solved(integrate, Dual(0.7, 1.0), full_output=True)
    assert report["message"] == "Integration successful." and y.tangent[0, 0] == 0.0
    with pytest.raises(NonDifferentiableError, match="beside its solution"):
        _ = report["hu"].tangent


def test_a_right_hand_side_of_one_number_counts_for_all() -> None:
    def end(a: Any) -> Any:
        return scipy.integrate.solve_ivp(lambda t, y: a * t, (0.0, 2.0), [1.0, 3.0], rtol=1e-9).y[
            :, -1
        ]

    np.testing.assert_allclose(end(0.7), [2.4, 4.4], rtol=1e-8)
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(jacobian(end, mode=mode)(0.7), [2.0, 2.0], rtol=1e-8)


def test_odeint_at_no_times() -> None:
    def f(a: Any) -> Any:
        return scipy.integrate.odeint(lambda y, t: -a * y, [a, 1.0], [])

    assert jacobian(f)(0.5).shape == f(0.5).shape == (0, 2)


@pytest.mark.parametrize(
    "x", [[0, 1, 1, 2], [0, 1, 1, 2, 3], [0, 0, 1, 2, 3], [0, 1, 2, 2], [0, 0, 0], [1, 1, 1, 2]]
)
def test_simpson_of_samples_at_one_place(x: list[float]) -> None:
    """Linear in y, with SciPy's own weights; it scales with x, and jumps where samples part."""
    points, units = np.array(x, float), np.eye(len(x))
    weights = [scipy.integrate.simpson(unit, x=points) for unit in units]
    y = np.cos(points) + np.arange(len(x))
    for mode in ("forward", "reverse"):
        slope = grad(lambda y: integrate.simpson(y, x=points), mode=mode)(y)
        np.testing.assert_allclose(slope, weights, rtol=1e-14, atol=1e-15)
        value = scipy.integrate.simpson(y, x=points)
        scaled = grad(lambda t: integrate.simpson(y, x=points * t[0]), mode=mode)(np.ones(1))
        assert scaled == pytest.approx(value, rel=1e-13)
        if x == [0, 1, 2, 2]:  # the last interval is a part of a parabola, and may vanish
            continue
        with pytest.raises(NonDifferentiableError, match="one place"):
            grad(lambda x: integrate.simpson(y, x=x), mode=mode)(points)


def test_functions_in_c_are_called_as_they_are() -> None:
    """Beside duals they are refused, but for the first derivative in a limit, which is a value."""
    sin = ctypes.CDLL(ctypes.util.find_library("m")).sin
    sin.restype, sin.argtypes = ctypes.c_double, (ctypes.c_double,)
    compiled = scipy.LowLevelCallable(sin)
    area = 1 - math.cos(1.0)
    assert derivative(lambda a: a * scipy.integrate.quad(compiled, 0, 1)[0])(3.0) == pytest.approx(
        area
    )
    assert derivative(lambda a: scipy.integrate.quad(sin, 0, a)[0])(1.0) == pytest.approx(
        math.sin(1.0)
    )
    with pytest.raises(TypeError, match=r"integrate\.quad cannot take .* give it the .* in Python"):
        derivative(lambda a: scipy.integrate.quad(compiled, 0, a)[0])(1.0)
    with pytest.raises(ctypes.ArgumentError) as caught:
        derivative(lambda a: scipy.optimize.brentq(lambda x: sin(x) - a, -1, 1))(0.5)
    assert any("define_rule" in note for note in caught.value.__notes__)


def test_ends_that_scipy_does_not_ask_warn_of_nothing() -> None:
    def smooth(t: Any) -> Any:
        return np.sin(t) / t  # no number at 0

    for f in (
        lambda a: scipy.integrate.quad(smooth, a, 1.0)[0],
        lambda a: scipy.integrate.quad_vec(smooth, a, 1.0)[0],
        lambda a: scipy.integrate.quad(lambda t: 1 / np.sqrt(t), a, 1.0)[0],
    ):
        with warnings.catch_warnings(), contextlib.suppress(NonDifferentiableError):
            warnings.simplefilter("error")
            value, slope = jvp(f, (0.0,), (1.0,))
            assert value == f(0.0) and not np.isfinite(slope)


def oscillator(y: Any, t: Any, a: Any) -> list[Any]:
    return [y[1], -a * y[0]]


ODEINT: dict[str, Callable[..., Any]] = {
    "backward in time": lambda a, **o: odeint(
        oscillator, [1.0, a], np.array([2.0, 1.0, 0.3]), args=(a,), **o
    ),
    "times that repeat": lambda a, **o: odeint(
        oscillator, [1.0, 0.0], np.array([0.0, 1.0, 1.0, 2.0]), args=(a,), **o
    ),
    "times that move": lambda a, **o: odeint(
        oscillator, [1.0, 0.0], [a, 2 * a, 4.0], args=(1.7,), **o
    ),
    "limits of steps": lambda a, **o: odeint(
        oscillator, [1.0, 0.0], [0.0, 1.0], args=(a,), hmax=0.1, h0=0.01, tcrit=[1.0], **o
    ),
    "one number": lambda a, **o: odeint(lambda y, t: -a * y * t, 1.0, [0.0, 1.0], **o),
    "branches": lambda a, **o: odeint(
        lambda y, t: [-a * y[0] if y[0] > 0.5 else -2 * a * y[0] ** 2], [1.0], [0.0, 0.3, 2.0], **o
    ),
    "stiff": lambda a, **o: odeint(
        lambda y, t: [-1e4 * (y[0] - np.cos(a * t)) + y[1], -a * y[1]],
        [1.0, 1.0],
        [0.0, 1.0, 3.0],
        **o,
    ),
}


@pytest.mark.parametrize("case", ODEINT)
def test_odeint_integrates_value_and_tangents_together(case: str) -> None:
    f = ODEINT[case]
    value, got = jvp(f, (1.3,), (1.0,))
    np.testing.assert_array_equal(value, f(1.3))
    exact = functools.partial(f, rtol=1e-12, atol=1e-13)
    wide, narrow = ((exact(1.3 + h) - exact(1.3 - h)) / (2 * h) for h in (0.002, 0.001))
    np.testing.assert_allclose(got, (4 * narrow - wide) / 3, rtol=2e-6, atol=2e-7)
    back = jacobian(lambda p: f(p[0]), mode="reverse")(np.array([1.3]))[..., 0]
    np.testing.assert_allclose(back, got, rtol=1e-6, atol=1e-6)


def test_what_odeint_has_not_integrated_has_no_derivative() -> None:
    def f(a: Any) -> Any:
        return odeint(oscillator, [1.0, 0.0], [0.0, 50.0], args=(100 * a,), mxstep=10)[-1]

    with pytest.warns(scipy.integrate.ODEintWarning, match="Excess work"):
        assert np.shape(f(1.3)) == (2,)
    with (
        pytest.warns(scipy.integrate.ODEintWarning, match="Excess work"),
        pytest.raises(NonDifferentiableError, match="odeint has not converged"),
    ):
        jvp(f, (1.3,), (1.0,))
