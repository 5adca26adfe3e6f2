"""Slopes beyond the range of floats, where a tangent or an adjoint brings the product back."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath
import numpy as np
import pytest

from dualad import NotDeterministicError, derivative, grad, hessian, hvp, jacobian, jvp, vjp

pytestmark = pytest.mark.skipif(
    np.finfo(np.longdouble).maxexp == np.finfo(np.float64).maxexp,
    reason="a long double is no wider than a double here",
)

S = 1e200
LEAST, MOST = 2.3e-308, 1.7e308  # of floats with all their digits


def truth(f: Callable[[Any], Any], x: float, order: int) -> Any:
    """By differences of 300 digits."""
    with mpmath.workdps(300):
        return mpmath.diff(lambda u: f(x * u), 1, order) / mpmath.mpf(x) ** order


def is_near(found: Any, true: Any) -> bool:
    found = float(np.ravel(found)[0])
    return math.isfinite(found) and abs(mpmath.mpf(found) - true) <= 1e-9 * abs(true)


# what no slope of floats gives: f, for math, NumPy or mpmath; x; how often it is differentiated
CASES: list[tuple[Callable[[Any, Any], Any], float, tuple[int, ...]]] = [
    (lambda x, m: S / (x * S), 1.0, (1, 2, 3)),
    (lambda x, m: 1 / S / (x / S), 3.0, (1, 2, 3)),
    (lambda x, m: m.log(x * S), 1.0, (1, 2, 3)),
    (lambda x, m: m.log(x / S), 1.0, (1, 2, 3)),
    (lambda x, m: 1e150 / (x * 1e150) ** 2, 1.0, (1, 2)),
    (lambda x, m: m.sqrt(x * S) / 1e100, 2.0, (1, 2, 3)),
    (lambda x, m: 1 / (1 + m.exp(-x)), -400.0, (1, 2)),
    (lambda x, m: m.log(1 / (1 + m.exp(-x))), -400.0, (1,)),
    (lambda x, m: (x * 1e170) ** -1.5, 1.0, (1, 2)),
    (lambda x, m: x / x**-1.5, 5.9e-91, (1,)),
    (lambda x, m: m.exp(-1 / (x * 1e-200)), 1e199, (1,)),
    (lambda x, m: m.tanh((x * 1e210) / 1e213) * 1e3, 1.0, (1, 2)),
    (lambda x, m: 1e-200 / (x * 1e-200), 1.0, (1, 2, 3)),
    (lambda x, m: (x * 1e-220) ** 0.1, 1.0, (1, 2)),
]


@pytest.mark.parametrize("i", range(len(CASES)))
def test_the_product_is_rounded_and_not_the_slope(i: int) -> None:
    f, x, orders = CASES[i]
    for order in orders:
        true = truth(lambda t: f(t, mpmath), x, order)
        for found in (
            derivative(lambda t: f(t, math), order=order)(x),
            derivative(lambda t: f(t, np), order=order)(np.float64(x)),
            derivative(lambda t: f(t, np), order=order)(np.array([x, x])),
        ):
            assert is_near(found, true), (i, order, found, true)


@pytest.mark.parametrize("i", range(len(CASES)))
def test_sweeps_that_would_lose_a_slope_go_forward(i: int) -> None:
    f, x, _ = CASES[i]
    true = truth(lambda t: f(t, mpmath), x, 1)
    for found in (
        grad(lambda p: f(p[0], math), mode="reverse")([x, 1.0])[0],
        grad(lambda p: f(p[0], np), mode="reverse")(np.array([x, 1.0])),
        grad(lambda p: f(p, np)[0] + 0 * p[1], mode="reverse")(np.array([x, x])),
        jacobian(lambda p: f(p, np), mode="reverse")(np.array([x, x])),
    ):
        assert is_near(found, true), (i, found, true)


# -- programs with numbers of all magnitudes -------------------------------------------------------

STEPS: list[Callable[[Any, float, Any], Any]] = [
    lambda t, c, m: t * c,
    lambda t, c, m: t / c,
    lambda t, c, m: c / t,
    lambda t, c, m: t + c,
    lambda t, c, m: c - t,
    lambda t, c, m: t * t,
    lambda t, c, m: t**3,
    lambda t, c, m: t**-1.5,
    lambda t, c, m: t**0.1,
    lambda t, c, m: m.sqrt(t),
    lambda t, c, m: m.exp(-t),
    lambda t, c, m: m.log(t),
]


def magnitude(rng: random.Random) -> float:
    return float(10 ** rng.uniform(-300, 300))


def is_ordinary(value: Any) -> bool:
    return bool(LEAST <= abs(value) <= MOST)


def programs(count: int, order: int) -> list[tuple[Callable[[Any, Any], Any], float, Any]]:
    """Programs whose values and derivatives are ordinary floats after each step."""
    rng = random.Random(order)
    found: list[tuple[Callable[[Any, Any], Any], float, Any]] = []
    while len(found) < count:
        steps = [(rng.choice(STEPS), magnitude(rng)) for _ in range(rng.randint(1, 4))]
        x = magnitude(rng)

        def f(t: Any, m: Any, steps: Any = steps) -> Any:
            for step, c in steps:
                t = step(t, c, m)
            return t

        derivatives = []
        for i in range(1, len(steps) + 1):
            with mpmath.workdps(300):
                start = partial(f, m=mpmath, steps=steps[:i])
                coefficients = mpmath.taylor(lambda u, x=x, g=start: g(x * u), 1, order)
            if any(isinstance(c, mpmath.mpc) or not is_ordinary(c) for c in coefficients):
                break
            derivatives = [
                c * math.factorial(k) / mpmath.mpf(x) ** k for k, c in enumerate(coefficients)
            ]
            if not all(map(is_ordinary, derivatives)):
                break
        else:
            found.append((f, x, derivatives[order]))
    return found


def ways(f: Callable[[Any, Any], Any], x: float, order: int) -> dict[str, Callable[[], Any]]:
    """How to differentiate it."""
    twice = np.array([x, x])
    if order == 2:
        return {
            "numbers": lambda: derivative(lambda t: f(t, math), order=2)(x),
            "arrays": lambda: derivative(lambda t: f(t, np), order=2)(twice),
            "hessian": lambda: hessian(lambda p: f(p[0], math))([x]),
            "hessian of arrays": lambda: hessian(lambda p: f(p, np)[0])(twice),
            "forward over reverse": lambda: derivative(grad(lambda t: f(t, math), mode="reverse"))(
                x
            ),
        }
    return {
        "numbers": lambda: derivative(lambda t: f(t, math))(x),
        "NumPy's": lambda: derivative(lambda t: f(t, np))(np.float64(x)),
        "arrays": lambda: derivative(lambda t: f(t, np))(twice),
        "along": lambda: jvp(lambda t: f(t, np), (twice,), (np.ones(2),))[1],
        "gradient": lambda: grad(lambda p: f(p[0], math))([x]),
        "back": lambda: grad(lambda p: f(p[0], math), mode="reverse")([x]),
        "arrays back": lambda: grad(lambda p: f(p, np)[0], mode="reverse")(twice),
    }


@pytest.mark.parametrize("order", [1, 2])
def test_programs_with_numbers_of_all_magnitudes(order: int) -> None:
    lost = []
    for f, x, true in programs(150, order):
        for name, found in ways(f, x, order).items():
            with np.errstate(all="ignore"):
                if not is_near(found(), true):
                    lost.append((name, x, found(), true))
    assert not lost, lost[:5]


BESIDE: dict[str, tuple[Callable[[Any], Any], Any]] = {  # of three arguments, with its Jacobian
    "array / number": (
        lambda v: np.exp(v) / np.exp(v).sum(),
        lambda v: np.diag(p := np.exp(v - v.max()) / np.exp(v - v.max()).sum()) - np.outer(p, p),
    ),
    "number / array": (
        lambda v: v[0] * 1e200 / (np.array([1.0, 2.0, 4.0]) * (v[1] * 1e200)),
        lambda v: np.outer([1, 0.5, 0.25], [1 / v[1], -v[0] / v[1] ** 2, 0]),
    ),
    "constant array / number": (
        lambda v: np.array([1.0, 2.0, 4.0]) / (v[0] * 1e200) * (v[1] * 1e200),
        lambda v: np.outer([1, 2, 4], [-v[1] / v[0] ** 2, 1 / v[0], 0]),
    ),
    "array * number": (
        lambda v: v * (1 / (v[0] * 1e200)) * 1e200,
        lambda v: np.eye(3) / v[0] - np.outer(v, [1, 0, 0]) / v[0] ** 2,
    ),
}


@pytest.mark.parametrize("mode", ["forward", "reverse", None])
@pytest.mark.parametrize("name", BESIDE)
def test_numbers_beside_arrays_in_several_directions(name: str, mode: Any) -> None:
    f, slopes = BESIDE[name]
    for x in (np.array([-1.0, 0.5, 500.0]), np.array([2.0, 3.0, -300.0])):
        found = jacobian(f, mode=mode)(x)
        np.testing.assert_allclose(found, slopes(x), rtol=1e-12, atol=1e-290)
        np.testing.assert_array_equal(jacobian(f, chunk=1, mode="forward")(x), found)
        along = [jvp(f, (x,), (e,))[1] for e in np.eye(3)]
        np.testing.assert_allclose(np.stack(along, -1), found, rtol=1e-12, atol=1e-290)


# -- second derivatives by sweeps ------------------------------------------------------------------

# of x near 1, and their first and second derivatives
SECOND: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], Callable[[Any], Any]]] = {
    "log": (lambda x: np.log(x * S), lambda x: 1 / x, lambda x: -1 / x**2),
    "quotient": (lambda x: S / (x * S), lambda x: -1 / x**2, lambda x: 2 / x**3),
    "root": (lambda x: (x * S) ** 0.5 / 1e100, lambda x: 0.5 / x**0.5, lambda x: -0.25 / x**1.5),
    "twice": (
        lambda x: 1 / (1 / (x * S) + 1 / S) / S,
        lambda x: 1 / (1 + x) ** 2,
        lambda x: -2 / (1 + x) ** 3,
    ),
}


@pytest.mark.parametrize("name", SECOND)
@pytest.mark.parametrize("size", [40, 1500])
@pytest.mark.parametrize("step", [1.0, 1e-120, 1e-200])
def test_second_derivatives_by_sweeps_are_right_or_told_of(
    name: str, size: int, step: float
) -> None:
    """In one vector, with many inputs: also where the tangents of adjoints alone are lost."""
    f, _, second = SECOND[name]
    if name == "twice" and step < 1:
        return  # forward, too, its second tangents would be below the range
    x, v = np.linspace(1, 2, size), np.full(size, step)
    for found in (
        lambda: hvp(lambda x: np.sum(f(x)))(x, v),
        lambda: jvp(grad(lambda x: np.sum(f(x)), mode="reverse"), (x,), (v,))[1],
    ):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            got = found()
        if told and size > 1024:
            assert all("mode='forward' is exact" in str(each.message) for each in told)
        else:
            np.testing.assert_allclose(got, second(x) * step, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", SECOND)
@pytest.mark.parametrize("size", [1, 3, 40])
def test_sweeps_within_sweeps_where_slopes_are_faint(name: str, size: int) -> None:
    """The value of the inner sweep is that of a plain call, and passes may round otherwise."""
    f, first, second = SECOND[name]
    x, ones = np.linspace(1, 2, size), np.ones(size)

    def total(x: Any) -> Any:
        return np.sum(f(x))

    def pulled(x: Any) -> Any:
        return vjp(total, x)[1](1.0)[0]

    for inner in (pulled, grad(total), grad(total, mode="reverse")):
        value, pullback = vjp(inner, x)
        np.testing.assert_allclose(value, first(x), rtol=1e-12)
        np.testing.assert_allclose(pullback(ones)[0], second(x), rtol=1e-12)
        got = grad(lambda x, inner=inner: np.sum(inner(x)), mode="reverse")(x)
        np.testing.assert_allclose(got, second(x), rtol=1e-12)


def test_a_pullback_notices_functions_that_change_also_where_it_goes_forward() -> None:
    calls = iter(range(100))
    _, pullback = vjp(lambda x: SECOND["twice"][0](x) + next(calls), np.ones(2))
    with pytest.raises(NotDeterministicError):
        pullback(np.ones(2))
