"""dualad.scipy where functions decide: jumps, kinks and switches whose places move."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.integrate

from dualad import Dual, NonDifferentiableError, derivative, grad, jacobian
from dualad.scipy import integrate, optimize
from dualad.scipy._branches import Branch, may_hold_duals, switches

# -- integrals ---------------------------------------------------------------------------------

C = 0.3
INTEGRANDS: dict[str, tuple[Callable[[Any, Any], Any], tuple[float, float], list[float]]] = {
    # f(x, c), limits, and the first two derivatives in c at C
    "a step": (lambda x, c: 1.0 if x < c else 0.0, (0, 1), [1, 0]),
    "the other way round": (lambda x, c: 1.0 if c > x else 0.0, (0, 1), [1, 0]),
    "two branches": (lambda x, c: x * c if x < c else 5.0, (0, 1), [1.5 * C**2 - 5, 3 * C]),
    "of a square": (
        lambda x, c: np.where(x * x < c, np.exp(-x), 0.0),
        (0, math.inf),
        [math.exp(-(C**0.5)) / 2 / C**0.5,
         -math.exp(-(C**0.5)) * (1 / (4 * C) + 1 / (4 * C**1.5))],
    ),
    "abs": (lambda x, c: abs(x - c), (0, 1), [2 * C - 1, 2]),
    "maximum": (lambda x, c: np.maximum(x, c), (0, 1), [C, 1]),
    "clip by Python's min": (lambda x, c: min(x, c), (0, 1), [1 - C, -1]),
    "sign": (lambda x, c: np.sign(x - c), (0, 1), [-2, 0]),
    "heaviside": (lambda x, c: np.heaviside(x - c, 0.5), (0, 1), [-1, 0]),
    "floor": (lambda x, c: math.floor(x / c), (0, 1), [-6, 0]),
    "a kink in an exponent": (
        lambda x, c: np.exp(-abs(x - c)), (0, 1),
        [math.exp(-C) - math.exp(C - 1), -math.exp(-C) - math.exp(C - 1)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", INTEGRANDS)
def test_integrals_over_branches(name: str) -> None:
    f, limits, want = INTEGRANDS[name]

    def integral(c: Any) -> Any:
        return integrate.quad(f, *limits, args=(c,))[0]

    for order in (1, 2):
        got = derivative(integral, order=order)(C)
        assert got == pytest.approx(want[order - 1], rel=1e-7, abs=1e-7), order
    assert grad(integral, mode="reverse")(C) == pytest.approx(want[0], rel=1e-7, abs=1e-7)
    plain = scipy.integrate.quad(f, *limits, args=(C,))
    got = integrate.quad(f, *limits, args=(Dual(C, 1.0),))
    assert getattr(got[0], "primal", got[0]) == plain[0] and got[1] == plain[1]


def test_a_remainder_that_wraps() -> None:
    """∫ x mod c from 0 to 1 = ½ − c·Σ(1 − i·c), i = 1, 2, 3."""
    got = derivative(lambda c: integrate.quad(lambda x: x % c, 0, 1)[0])(C)
    assert got == pytest.approx(-sum(1 - 2 * i * C for i in (1, 2, 3)), rel=1e-7)


def test_code_that_is_not_lifted_is_so_to_ask_it() -> None:
    """math.exp takes the plain numbers of the nodes, and nobody else has lifted it."""
    c = Dual(C, 1.0)
    got = integrate.quad(lambda x: math.exp(-x) if x < c else 0.0, 0, 1)[0]
    assert got.tangent == pytest.approx(math.exp(-C), rel=1e-9)
    solution = integrate.solve_ivp(
        lambda t, y: [math.exp(-t) if t < c else 0.0], (0, 1), [0.0], rtol=1e-8
    )
    assert solution.y[0, -1].tangent == pytest.approx(math.exp(-C), rel=1e-7)


def test_infinite_slopes_and_weights() -> None:
    def quarter(a: Any) -> Any:
        return integrate.quad(lambda x: np.sqrt(a * a - x * x), 0, a)[0]

    assert derivative(quarter)(1.3) == pytest.approx(math.pi / 2 * 1.3, rel=1e-9)
    assert derivative(quarter, order=2)(1.3) == pytest.approx(math.pi / 2, rel=1e-7)

    def closed(w: Any, b: Any) -> Any:  # ∫ x·cos wx from 0 to b
        return (np.cos(w * b) - 1) / w**2 + b * np.sin(w * b) / w

    def weighted(w: Any, b: Any) -> Any:
        return integrate.quad(lambda x: x, 0, b, weight="cos", wvar=w)[0]

    for order in (1, 2):
        for i in (0, 1):
            got = derivative(weighted, i, order=order)(2.0, 1.5)
            want = derivative(closed, i, order=order)(2.0, 1.5)
            assert got == pytest.approx(want, rel=1e-10), (order, i)
    sine = derivative(
        lambda w: integrate.quad(lambda x: np.exp(-x), 0, np.inf, weight="sin", wvar=w)[0]
    )
    assert sine(2.0) == pytest.approx((1 - 4) / 25, rel=1e-6)  # of w/(1 + w²)
    step = derivative(
        lambda c: integrate.quad(lambda x: 1.0 if x < c else 0.0, 0, 1, weight="cos", wvar=2.0)[0]
    )
    assert step(C) == pytest.approx(math.cos(2 * C), rel=1e-7)
    turn = derivative(
        lambda c: integrate.quad(lambda x: np.exp(1j * c * x), 0, 1, complex_func=True)[0]
    )
    assert turn(2.0) == pytest.approx(derivative(lambda c: (np.exp(1j * c) - 1) / (1j * c))(2.0))


def test_integrals_that_have_no_derivative() -> None:
    a = Dual(C, 1.0)
    with pytest.raises(NonDifferentiableError, match=r"singular where it decides|divergent"):
        integrate.quad(lambda x: abs(x - a) ** -0.5 if x > a else 0.0, 0, 1)
    with pytest.raises(NonDifferentiableError, match="divergent"):
        integrate.quad(lambda x: (x + a - C) ** -0.5, 0, 1)
    table = np.array([0.0, 1.0, 2.0])

    def looked_up(x: Any) -> Any:
        return table[np.searchsorted(np.array([0.25, 0.5]), np.stack([x * a]))[0]]

    with pytest.raises(NonDifferentiableError, match="does not show"):
        integrate.quad(looked_up, 0, 3)


# -- differential equations ----------------------------------------------------------------------

TIGHT: dict[str, Any] = {"rtol": 1e-8, "atol": 1e-10}


def tank(t: Any, u: Any, a: Any) -> Any:
    """An inflow that is shut off at time a."""
    return [(5.0 if t < a else 0.0) - 0.5 * u[0]]


def smooth_tank(t: Any, u: Any, a: Any) -> Any:
    return [np.where(t < a, 5.0, 0.0) - 0.5 * u[0]]


SWITCHING: dict[str, tuple[Callable[..., Any], list[float], Callable[[Any], Any]]] = {
    "at a time": (tank, [0.0], lambda a: 10 * (np.exp(a / 2) - 1) * np.exp(-2.0)),
    "by where": (smooth_tank, [0.0], lambda a: 10 * (np.exp(a / 2) - 1) * np.exp(-2.0)),
    "by the state": (lambda t, u, a: [1.0 if u[0] < a else 3.0], [0.0], lambda a: 12 - 2 * a),
    "a rate behind it": (lambda t, u, a: [1.0 if u[0] < a else a], [0.0], lambda a: a + a * (4 - a)),
    "there and back": (
        lambda t, u, a: [2.0 if a < t < 2 * a else 0.0], [0.0], lambda a: 2 * a
    ),
    "a kink": (
        lambda t, u, a: [abs(u[0]) * 0.5 + a], [-1.0],
        lambda a: 2 * a * (np.exp(0.5 * (4 - 2 * np.log(1 + 0.5 / a))) - 1),
    ),
    "floor": (lambda t, u, a: [np.floor(t / a)], [0.0], lambda a: 8 - 3 * a),
}  # fmt: skip


@pytest.mark.parametrize("name", SWITCHING)
def test_equations_that_switch(name: str) -> None:
    f, y0, closed = SWITCHING[name]
    a = 1.5

    def solve(a: Any, module: Any = integrate) -> Any:
        return module.solve_ivp(f, (0, 4), y0, args=(a,), **TIGHT)

    for order in (1, 2):
        got = derivative(lambda a: solve(a).y[0, -1], order=order)(a)
        assert got == pytest.approx(derivative(closed, order=order)(a), rel=3e-5, abs=1e-5), order
    result, plain = solve(Dual(a, 1.0)), solve(a, scipy.integrate)
    np.testing.assert_array_equal(result.y.primal, plain.y)
    np.testing.assert_array_equal(result.t, plain.t)
    assert (result.nfev, result.status) == (plain.nfev, plain.status)


def test_a_switch_along_the_way_back_and_in_between() -> None:
    got = grad(lambda a: integrate.solve_ivp(tank, (0, 4), [0.0], args=(a,), **TIGHT).y[0, -1],
               mode="reverse")  # fmt: skip
    assert got(1.5) == pytest.approx(5 * math.exp(0.75 - 2), rel=1e-6)
    times = [1.0, 2.0, 3.0]
    result = integrate.solve_ivp(
        tank, (0, 4), [0.0], args=(Dual(1.5, 1.0),), t_eval=times, dense_output=True, **TIGHT
    )
    want = [0, 5 * math.exp(-0.25), 5 * math.exp(-0.75)]
    np.testing.assert_allclose(result.y.tangent[0], want, atol=1e-6)
    np.testing.assert_allclose(result.sol(times).tangent[0], want, atol=1e-6)
    back = derivative(
        lambda a: integrate.solve_ivp(tank, (4, 0), [3.0], args=(a,), **TIGHT).y[0, -1]
    )  # y(0) = 3·e² − 10·(e^{a/2} − 1)
    assert back(1.5) == pytest.approx(-5 * math.exp(0.75), rel=1e-6)


def test_equations_that_have_no_derivative() -> None:
    a = Dual(1.0, 1.0)
    with pytest.raises(NonDifferentiableError, match="has not converged"):
        integrate.solve_ivp(lambda t, y: y * y * a, (0, 4), [1.0])  # infinite at t = 1

    def first(t: Any, y: Any) -> Any:
        return y[0] - a

    def second(t: Any, y: Any) -> Any:
        return y[0] - 1.0

    first.terminal = second.terminal = True  # type: ignore[attr-defined]
    with pytest.raises(NonDifferentiableError, match="same time"):
        integrate.solve_ivp(lambda t, y: [1.0], (0, 2), [0.0], events=[first, second])
    second.terminal = False  # type: ignore[attr-defined]
    result = integrate.solve_ivp(lambda t, y: [1.0], (0, 2), [0.0], events=[second, first])
    assert result.t[-1].tangent == pytest.approx(1.0, rel=1e-12)


# -- optima and roots ----------------------------------------------------------------------------


def test_optima_at_kinks() -> None:
    """Shrinkage: the minimum of ½(z − a)² + |z| is a − 1, 0 or a + 1."""

    def shrunk(a: Any) -> Any:
        return optimize.minimize_scalar(lambda z: 0.5 * (z - a) ** 2 + abs(z)).x

    for a, want in ((0.4, 0.0), (-0.7, 0.0), (1.4, 1.0), (-1.4, 1.0)):
        assert derivative(shrunk)(a) == pytest.approx(want, abs=1e-12)
    with pytest.raises(NonDifferentiableError, match="stays level"):
        derivative(shrunk)(1.0)
    A, y = np.array([[1, 0.3], [0.2, 1], [0.5, 0.5]]), np.array([1, 0.05, 0.4])

    def lasso(weight: Any) -> Any:
        return optimize.minimize(
            lambda z: 0.5 * np.sum((A @ z - y) ** 2) + weight * np.sum(np.abs(z)), [0.1, 0.1],
            method="Powell",
        ).x  # fmt: skip

    want = [-1 / (A[:, 0] @ A[:, 0]), 0]  # of (A₀·y − λ)/A₀·A₀
    np.testing.assert_allclose(jacobian(lasso)(0.3), want, atol=1e-9)
    moving = jacobian(  # the kink of max(z + p, −z) is at −p/2
        lambda p: (
            optimize.minimize(
                lambda z: np.maximum(z[0] + p, -z[0]) + 0.1 * z[0] ** 2, [0.3], method="Nelder-Mead"
            ).x
        )
    )
    np.testing.assert_allclose(moving(0.5), [-0.5], atol=1e-12)
    with_branch = jacobian(
        lambda p: optimize.minimize(
            lambda z: (z[0] - p if z[0] > p else 3 * (p - z[0])) + z[1] ** 2, [0.3, 0.1],
            method="Nelder-Mead",
        ).x
    )  # fmt: skip
    np.testing.assert_allclose(with_branch(0.5), [1, 0], atol=1e-12)


def test_roots_that_are_jumps() -> None:
    steps: list[Callable[[Any, Any], Any]] = [
        lambda z, p: 1.0 if z > p else -1.0,
        lambda z, p: np.sign(z - p),
        lambda z, p: np.where(z < p, -2.0, 3.0 + 0.01 * z),
    ]
    for f in steps:
        with pytest.raises(NonDifferentiableError, match="jumps over zero"):
            derivative(lambda p, f=f: optimize.brentq(lambda z: f(z, p), -11, 13))(2.5)
        with pytest.raises(NonDifferentiableError, match="jumps over zero"):
            derivative(
                lambda p, f=f: optimize.root_scalar(f, (p,), "bisect", bracket=(-11, 13)).root
            )(2.5)
    kink = derivative(lambda p: optimize.brentq(lambda z: z - p if z > p else 2 * (z - p), -11, 13))
    assert kink(2.5) == 1.0


# -- the mechanism -------------------------------------------------------------------------------


def test_a_branch_hears_all_questions_and_repeats_answers() -> None:
    a = Dual(1.5, 1.0)

    def f(x: Any) -> Any:
        y = x if x < a else 2 * x
        return y + abs(x - a) + np.sum(np.where(np.stack([x, 2 * x]) < a, x, 0.0))

    low, high = Branch.run(f, 1.0), Branch.run(f, 2.0)
    assert low.value.primal == f(1.0).primal and low.value.tangent == f(1.0).tangent
    assert [np.ndim(q.answer) for q in low.questions] == [0, 0, 1]
    beyond = Branch.run(f, 2.0, forced=low.questions)
    assert beyond.value.primal == 2.0 + (1.5 - 2.0) + 2.0  # as below a
    assert low.first_difference(high) == 0 and beyond.same(low)
    places = [s.place for s in switches(lambda x: Branch.run(f, x), [0.1, 1.0, 2.0])]
    assert places == [0.75, 1.5]
    assert may_hold_duals(f) and not may_hold_duals(np.sin, lambda x: x, 3.0)


def _by_elements(x: Any) -> Any:
    return 1.0 if np.sum(np.array([x, 1.0])) * 2.0 < 2.7 else 0.0


TOLD: dict[str, tuple[Callable[[Any], Any], bool]] = {  # and whether one run tells of others
    **{
        name: (lambda x, f=f: f(x, C), True)
        for name, (f, *_) in INTEGRANDS.items()
        if name != "clip by Python's min"
    },
    "by Python's min": (lambda x: min(x, C), True),
    "a narrow bump": (lambda x: math.exp(x) if 0.5 < x < 0.50001 else 0.0, True),
    "several in one": (lambda x: abs(abs(x - 0.3) - 0.2) + max(x * x, 0.3 * x), True),
    "table": (lambda x: [1.0, 4.0, 2.0, 5.0][int(4 * x) % 4], True),
    "many": (lambda x: math.floor(40 * x) + np.ceil(7 * x), True),
    "remainder": (lambda x: x % 0.17 + np.fmod(x, 0.3), True),
    "nothing": (lambda x: x * x + math.sin(x), True),
    "never asked": (lambda x: 3.0, True),
    "an array": (_by_elements, True),
    "a row over an array": (lambda x: np.max(x - np.array([0.1, 0.2])) + abs(x - 0.6), False),
    "rounded": (lambda x: round(x * 3.0, 1), False),
}


@pytest.mark.parametrize("name", TOLD)
def test_one_run_tells_of_many_numbers_what_runs_at_them_would(name: str) -> None:
    f, tells = TOLD[name]
    places = [*np.linspace(0.003, 1.0, 23), 0.50000251, 0.300001, 0.7]
    places.sort()
    asked = []

    def ask(x: float) -> Branch:
        asked.append(x)
        return Branch.run(f, x)

    one_by_one = list(switches(ask, places))
    first, asked = len(asked), []
    together = list(switches(ask, places, of_number=True))
    np.testing.assert_allclose([s.place for s in together], [s.place for s in one_by_one], 4e-16)
    for a, b in zip(together, one_by_one, strict=True):
        assert a.before.same(b.before) and a.after.same(b.after)
    if tells:
        assert len(asked) < first / 2
    run = ask(0.4)
    at = np.array(places)
    same = [run.same(ask(x)) for x in places]
    np.testing.assert_array_equal(run.same_at(at), same if tells else np.zeros(len(at), bool))


NESTED: dict[str, tuple[Callable[[Any], Any], list[float]]] = {  # first and second derivative at C
    "limits": (
        lambda c: integrate.dblquad(lambda y, x: 1.0 + 0 * c, 0, 1, 0, lambda x: max(x, c))[0],
        [C, 1.0],
    ),
    "the outer number": (
        lambda c: integrate.dblquad(lambda y, x: abs(x - c), 0, 1, 0, 1)[0],
        [2 * C - 1, 2.0],
    ),
    "the inner number": (
        lambda c: integrate.dblquad(lambda y, x: x * abs(y - c), 0, 1, 0, 1)[0],
        [C - 0.5, 1.0],
    ),
    "nothing": (
        lambda c: integrate.tplquad(lambda z, y, x: x * y * c**2 + z, 0, 1, 0, c, 0, 1)[0],
        [C**3 + 0.5, 3 * C**2],
    ),
}


@pytest.mark.parametrize("name", NESTED)
def test_integrals_within_integrals_that_decide(name: str) -> None:
    f, want = NESTED[name]
    for order in (1, 2):
        assert derivative(f, order=order)(C) == pytest.approx(want[order - 1], rel=1e-6, abs=1e-6)
    assert grad(f, mode="reverse")(C) == pytest.approx(want[0], rel=1e-6)
