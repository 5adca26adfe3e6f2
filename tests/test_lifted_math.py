"""Functions of `math`, and Python's own of numbers, in lifted code: Python's values to the last
bit, right slopes in both modes, and the same words where they refuse."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf
from support.both import PACKAGES, agree

import dualad
from dualad import derivative, grad, jvp, value_and_grad, vjp
from dualad.numerics import digamma, polygamma

Function = Callable[[Any], Any]

# Of a number x that is neither an integer nor a place where one of them steps or has a kink:
# the function, and the same for mpmath.
CASES: dict[str, tuple[Function, Function]] = {
    "gamma": (lambda x: math.gamma(x), mp.gamma),
    "lgamma": (lambda x: math.lgamma(x), lambda x: mp.log(abs(mp.gamma(x)))),
    "hypot": (lambda x: math.hypot(x, 1.5), lambda x: mp.hypot(x, 1.5)),
    "hypot of three": (lambda x: math.hypot(x, 1.5, x), lambda x: mp.sqrt(2 * x * x + 2.25)),
    "hypot of one": (lambda x: math.hypot(x), abs),
    "dist": (
        lambda x: math.dist((x, 1.0), [2, x * x]),
        lambda x: mp.hypot(x - 2, 1 - x * x),
    ),
    "atan2": (lambda x: math.atan2(x, 0.7), lambda x: mp.atan2(x, mpf(0.7))),
    "atan2 of a constant": (lambda x: math.atan2(-2, x), lambda x: mp.atan2(-2, x)),
    "pow": (lambda x: math.pow(x, 3), lambda x: x**3),
    "pow of a constant": (lambda x: math.pow(2.5, x), lambda x: mpf(2.5) ** x),
    "copysign": (lambda x: math.copysign(x, -3.0), lambda x: -abs(x)),
    "fmod": (lambda x: math.fmod(x, 0.7), lambda x: x - mpf(0.7) * int(x / mpf(0.7))),
    "fmod of a constant": (lambda x: math.fmod(7, x), lambda x: 7 - x * int(7 / x)),
    "remainder": (lambda x: math.remainder(9.0, x), lambda x: 9 - x * mp.nint(9 / x)),
    "modf": (lambda x: math.modf(x)[0] * math.modf(x)[1], lambda x: (x - int(x)) * int(x)),
    "frexp": (
        lambda x: math.frexp(x)[0] + math.frexp(x)[1],
        lambda x: mp.frexp(x)[0] + mp.frexp(x)[1],
    ),
    "ldexp": (lambda x: math.ldexp(x, 5), lambda x: 32 * x),
    "fsum": (lambda x: math.fsum([x, 0.1, 3, x * x]), lambda x: x + mpf(0.1) + 3 + x * x),
    "log": (lambda x: math.log(abs(x), 3), lambda x: mp.log(abs(x), 3)),
    "log of a constant": (lambda x: math.log(7.5, abs(x)), lambda x: mp.log(7.5, abs(x))),
    "erf": (lambda x: math.erf(x), mp.erf),
    "float": (lambda x: float(x) * x, lambda x: x * x),
    "divmod": (lambda x: divmod(x, 0.7)[1] + divmod(x, 0.7)[0], None),
    "//": (lambda x: x // 0.3 * x, lambda x: mp.floor(x / mpf(0.3)) * x),
    "floor": (lambda x: math.floor(x) * x, lambda x: mp.floor(x) * x),
    "ceil": (lambda x: math.ceil(x) * x, lambda x: mp.ceil(x) * x),
    "trunc": (lambda x: math.trunc(x) * x, lambda x: int(x) * x),
    "int": (lambda x: int(x) * x, lambda x: int(x) * x),
    "round": (lambda x: round(x) * x, lambda x: mp.nint(x) * x),
    "round to a digit": (lambda x: round(x, 1) * x, lambda x: mpf(round(float(x), 1)) * x),
    "isclose": (lambda x: x if math.isclose(x, 3.0, abs_tol=9.0) else -x, lambda x: x),
    "isfinite": (lambda x: x if math.isfinite(x) else -x, lambda x: x),
}  # fmt: skip
CASES["divmod"] = (
    CASES["divmod"][0],
    lambda x: x - mpf(0.7) * mp.floor(x / mpf(0.7)) + mp.floor(x / mpf(0.7)),
)
POINTS = (0.37, 1.83, 4.21, 11.6)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("number", [float, np.float64])
def test_values_are_those_of_plain_python(name: str, number: type) -> None:
    f, exact = CASES[name]
    for x in POINTS:
        y, slope = value_and_grad(f, lift=True)(number(x))
        plain = f(number(x))
        assert (type(y), float(y).hex()) == (type(plain), float(plain).hex())
        with mp.workprec(100):
            right = mpmath.diff(exact, mpf(x))
        assert slope == pytest.approx(float(right), rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("name", CASES)
def test_both_implementations_and_all_modes_agree(name: str) -> None:
    f, _ = CASES[name]

    def program(package: Any) -> Any:
        driver = package.derivative(f, lift=True)
        second = package.derivative(f, order=2, lift=True)
        return [(driver(x), second(x)) for x in POINTS]

    agree(program)
    x = [*POINTS] * 8

    def several(v: Any) -> Any:
        return sum(f(t) for t in v)

    forward = grad(several, mode="forward", lift=True)(x)
    assert grad(several, mode="reverse", lift=True)(x) == pytest.approx(forward, rel=1e-14)
    directions = [jvp(several, (x,), ([float(i == j) for j in range(len(x))],))[1] for i in (0, 5)]
    assert directions == pytest.approx([forward[0], forward[5]], rel=1e-14)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: math.ldexp(x, 2.0), 1.5),  # type: ignore[arg-type]
        (lambda x: math.ldexp(x, 5000), 1.5),
        (lambda x: math.remainder(x, 0.0), 1.5),
        (lambda x: math.fmod(x, 0.0), 1.5),
        (lambda x: math.fmod(x), 1.5),  # type: ignore[call-arg]
        (lambda x: math.remainder(x), 1.5),  # type: ignore[call-arg]
        (lambda x: math.gamma(x), -2.0),
        (lambda x: math.gamma(x), 400.0),
        (lambda x: math.lgamma(x), 0.0),
        (lambda x: math.log(x, 1.0), 2.0),
        (lambda x: math.log(3.0, x), -2.0),
        (lambda x: math.pow(x, 0.5), -2.0),
        (lambda x: math.hypot(x, "a"), 1.0),  # type: ignore[arg-type]
        (lambda x: math.dist((x,), (1.0, 2.0)), 1.0),
        (lambda x: math.dist(x, x), 1.0),
        (lambda x: math.fsum(x), 1.0),
        (lambda x: math.floor(x) * x, math.nan),
        (lambda x: int(x) * x, math.inf),
        (lambda x: x // 0.0, 1.0),
        (lambda x: divmod(x, 0.0)[1], 1.0),
        (lambda x: math.isclose(x, "a"), 1.0),  # type: ignore[arg-type]
        (lambda x: math.isclose(x, x, rel_tol=-1.0), 1.0),
    ],
)
def test_errors_are_those_of_plain_python(f: Function, x: float) -> None:
    with pytest.raises(Exception) as plain:
        f(x)
    with pytest.raises(type(plain.value)) as lifted:
        derivative(f, lift=True)(x)
    if plain.type is not TypeError:
        assert str(lifted.value) == str(plain.value)


def test_iterables_of_all_kinds() -> None:
    def f(x: Any) -> Any:
        some = (x, 2.0, x * x)
        return math.fsum(t for t in some) + math.fsum([x] * 100) + math.dist(iter(some), [0.0] * 3)  # type: ignore[arg-type]

    def slope(x: float) -> float:
        return 1 + 2 * x + 100 + (x + 2 * x**3) / math.sqrt(x**2 + 4 + x**4)

    assert derivative(f)(1.5) == pytest.approx(slope(1.5), rel=1e-14)


def test_at_kinks_and_poles() -> None:
    assert derivative(lambda x: math.hypot(x, x, 0.0), lift=True)(0.0) == 0.0
    assert derivative(lambda x: math.dist((x,), (x,)), lift=True)(3.0) == 0.0
    assert derivative(lambda x: math.copysign(x, 1.0), lift=True)(0.0) == 0.0
    assert derivative(lambda x: math.lgamma(x), lift=True)(-2.5) == pytest.approx(
        float(mp.digamma(-2.5)), rel=1e-14
    )


@pytest.mark.parametrize("number", [np.float16, np.float32, np.longdouble])
@pytest.mark.parametrize("name", sorted(set(CASES) - {"trunc"}))  # which they do not have
def test_numbers_of_numpys_become_pythons(name: str, number: Any) -> None:
    """What math gives of them is a Python float, of double precision."""
    f = CASES[name][0]
    for x in map(number, (0.375, 1.8125, 4.1875)):
        value, slope = value_and_grad(f, lift=True)(x)
        want = f(x)
        assert (type(value), repr(value)) == (type(want), repr(want))
        right = derivative(f, lift=True)(float(x))
        near = 1e-2 if number is np.float16 else 1e-6
        least = float(np.finfo(number).smallest_subnormal)  # the slope is a number of this type
        assert float(slope) == pytest.approx(right, rel=near, abs=least)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.ldexp(x * np.nan, 3),
        lambda x: np.sinc(x * np.nan),
        lambda x: math.ldexp(x * math.nan, 3),
        lambda x: np.ldexp(np.sqrt(-x), np.int32(2)),
    ],
)
def test_counts_stay_counts_beside_nan(f: Function, order: int) -> None:
    with np.errstate(invalid="ignore"):
        assert math.isnan(derivative(f, order=order)(np.float64(2.0)))


def test_counts_stay_counts() -> None:
    with pytest.raises(TypeError):
        derivative(lambda n: math.ldexp(1.5, n), lift=True)(2.0)
    with pytest.raises(TypeError, match="argument 'n'"):
        derivative(lambda n: dualad.polygamma(n, 1.5))(2.0)


# -- ψ in doubles --------------------------------------------------------------------------------


def ulps(got: float, right: Any) -> float:
    return float(abs(mpf(got) - right) / mpf(math.ulp(float(right))))


SPREAD = [float(x) for x in np.geomspace(1e-9, 1e9, 400)] + [
    float(x) for x in np.linspace(1, 12, 400)
]


def test_digamma_is_exact_to_a_few_ulp() -> None:
    near_root = [1.4616321449683622 + d for d in (0.0, 1e-15, -1e-12, 1e-9, -1e-6, 1e-3)]
    with mp.workprec(100):
        assert max(ulps(digamma(x), mp.digamma(mpf(x))) for x in [*SPREAD, *near_root]) < 3
    assert digamma(math.inf) == math.inf
    assert digamma(5e-324) == -math.inf


@pytest.mark.parametrize("n", [1, 2, 5, 13, 20])
def test_polygamma_is_exact_to_a_few_ulp(n: int) -> None:
    with mp.workprec(100):
        for x in SPREAD[::5]:
            if 1e-280 < abs(right := mp.psi(n, mpf(x))) < 1e280:
                assert ulps(polygamma(n, x), right) < 4 + n


def test_polygamma_beyond_what_doubles_do() -> None:
    with mp.workprec(100):
        for n, x in ((0, -3.7), (1, -0.2), (25, 3.0), (2, 1e-11), (1, 1e11)):
            assert polygamma(n, x) == float(mp.psi(n, mpf(x)))


def test_the_compiled_digamma_has_the_same_bits() -> None:
    def program(package: Any) -> Any:
        return [
            (package.digamma(x), package.polygamma(3, x), package.derivative(package.lgamma)(x))
            for x in SPREAD[::9]
        ]

    agree(program)


def test_sums_are_pythons() -> None:
    """From Python 3.12 on, sum carries the rounding errors of floats along."""

    def total(x: Any) -> Any:
        return sum([x, 1e100, 1.0, -1e100, x * x], 0.25) + sum(0.1 * x for _ in range(10))

    for x in (3.0, 0.7):
        value, slope = value_and_grad(total)(x)
        assert value == total(x)
        assert slope == pytest.approx(2.0 + 2.0 * x, rel=1e-14)
        assert derivative(total, order=2)(x) == pytest.approx(2.0)
        assert value_and_grad(total, mode="reverse")(x) == (value, pytest.approx(slope))
    assert value_and_grad(lambda x: sum(x))([0.1] * 10) == (sum([0.1] * 10), [1.0] * 10)
    assert value_and_grad(lambda x: sum(x, 0.0))(np.full(10, 0.1))[0] == sum(np.full(10, 0.1), 0.0)


SINGLE, HALF = np.float32(0.7), np.float16(0.3)


@pytest.mark.parametrize("x", [0.4, np.float64(0.4), np.float32(0.4), np.float16(0.4)])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: math.hypot(x, SINGLE, HALF),
        lambda x: math.atan2(SINGLE, x),
        lambda x: math.fmod(x, SINGLE),
        lambda x: math.remainder(x, SINGLE),
        lambda x: math.pow(x, SINGLE),
        lambda x: math.pow(SINGLE, x),
        lambda x: math.copysign(x, SINGLE),
        lambda x: math.log(x, SINGLE),
        lambda x: math.log(SINGLE, x),
        lambda x: math.fsum([x, SINGLE, HALF, 0.1]),
        lambda x: math.dist([x], [SINGLE]),
        lambda x: math.dist([x, SINGLE], [SINGLE, HALF]),
        lambda x: math.dist((SINGLE, x), (HALF, 0.1)),
        lambda x: math.dist(np.array([SINGLE, SINGLE]), [x, 0.1]),
    ],
)
def test_numbers_of_less_precision_become_pythons(f: Function, x: Any) -> None:
    wanted, h = f(x), 2.0**-20
    value, pullback = vjp(f, x)
    for y, slope in (jvp(f, (x,), (type(x)(1.0),)), (value, pullback(1.0)[0])):
        assert (type(y), y) == (type(wanted), wanted)
        right = (f(float(x) + h) - f(float(x) - h)) / (2 * h)
        assert slope == pytest.approx(right, rel=2e-3 if type(x) is np.float16 else 1e-6)


EDGES = (5e-324, -5e-324, 1e-310, -0.0, 0.75, -2.5, math.inf, -math.inf, math.nan)


def text_of(f: Any, x: Any) -> str:
    """The plain numbers that come out, or the error."""
    with np.errstate(all="ignore"):
        try:
            y = f(x)
        except (ArithmeticError, ValueError) as error:
            return repr(error)
    parts = y if isinstance(y, tuple) else (y,)
    return repr([p.primal if hasattr(p, "tangent") else p for p in parts])


@pytest.mark.parametrize(
    "f",
    [math.modf, math.frexp, np.frexp, np.modf, lambda x: math.ldexp(x, 1073),
     lambda x: cmath.rect(2.0, x), lambda x: cmath.rect(x, -0.0), lambda x: np.arange(x, 3.0)[:1]],
)  # fmt: skip
@pytest.mark.parametrize("x", EDGES)
def test_values_at_the_edges_of_floats(f: Any, x: float) -> None:
    """The bits, the signs of zeros and the errors of the plain run, and no other error."""
    for package in PACKAGES:
        assert text_of(package.lift(f), package.Dual(x, 1.0)) == text_of(f, x)
