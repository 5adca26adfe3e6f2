"""Every row of the table, in every number system, against mpmath. The tests loop over the table:
a new row is tested by being there."""

from __future__ import annotations

import cmath
import math
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf
from support.reference import is_pair, partial

import dualad
from dualad import Dual, derivative
from dualad.dual import function
from dualad.namespaces import CONSTANTS, MATH
from dualad.pair import plain
from dualad.rules import Rule, table
from dualad.table import RULES

EPS = 2.0**-52
# divmod, modf, frexp: pairs of other rows
ROWS = [r for r in table() if not is_pair(r)]
SLOPED = [r for r in ROWS if r.kind != "flat"]
# The others that take complex numbers are in test_complex_parts.
HOLOMORPHIC = [
    r
    for r in ROWS
    if r.is_complex and r.kind in ("smooth", "linear") and r.name not in ("real", "imag", "conj")
]
POINTS = [(r, args, there) for r in ROWS for args, there in r.points.items()]


def name_of(x: Any) -> str:
    return x.name if isinstance(x, Rule) else str(x)


def samples(rule: Rule, n: int = 6) -> list[tuple[Any, ...]]:
    """Points of a row's own intervals; whole numbers where the row asks for one number only."""
    random = np.random.default_rng(len(rule.name))
    low, high = np.transpose(rule.over)
    return [as_floats(rule, p) for p in random.uniform(low, high, (n, len(rule.args)))]


def as_floats(rule: Rule, args: tuple[float, ...]) -> tuple[Any, ...]:
    whole = [a == b for a, b in rule.over]
    return tuple(int(x) if w else float(x) for x, w in zip(args, whole, strict=True))


def sloped(rule: Rule) -> list[int]:
    return [i for i in range(len(rule.args)) if not rule.slopes or rule.slopes[i] is not None]


def orders_up_to(rule: Rule, highest: int) -> list[tuple[int, ...]]:
    counts = [range(highest + 1) if i in sloped(rule) else (0,) for i in range(len(rule.args))]
    return [c for c in product(*counts) if sum(c) <= highest]


def nested(rule: Rule, args: tuple[Any, ...], orders: tuple[int, ...]) -> Any:
    """A partial derivative by nesting `derivative` in one argument after the other."""

    def at(*values: Any) -> Any:
        return function(rule)(*values)

    f: Any = at
    for i, order in enumerate(orders):
        f = derivative(f, i, order) if order else f
    return f(*args)


def bound(rule: Rule, args: tuple[Any, ...], orders: tuple[int, ...], truth: Any) -> float:
    """What rounding the arguments alone may do: |f⁽ⁿ⁾| + Σ |x·∂f⁽ⁿ⁾/∂x|, in units of ε."""
    size = abs(truth)
    for i in sloped(rule):
        more = tuple(o + (i == j) for j, o in enumerate(orders))
        size += abs(args[i] * partial(rule.name, args, more))
    return float(size) + 1e-20  # the noise of differences next to a zero


@pytest.mark.parametrize("rule", ROWS, ids=name_of)
def test_floats_to_order_3(rule: Rule) -> None:
    for args in samples(rule):
        for orders in orders_up_to(rule, 3):
            truth = partial(rule.name, args, orders)
            got = nested(rule, args, orders)
            assert isinstance(got, (int, float))
            tolerance = 8 * (1 + sum(orders)) * EPS * bound(rule, args, orders, truth)
            assert abs(got - truth) <= tolerance, (args, orders, got, float(truth))


@pytest.mark.parametrize("rule", HOLOMORPHIC, ids=name_of)
def test_complex_to_order_3(rule: Rule) -> None:
    for real, imag in zip(samples(rule, 4), samples(rule, 8)[4:], strict=True):
        args = tuple(
            int(x) if isinstance(x, int) else complex(x, y) for x, y in zip(real, imag, strict=True)
        )
        for orders in orders_up_to(rule, 3):
            truth = partial(rule.name, args, orders)
            got = nested(rule, args, orders)
            assert isinstance(got, (int, float, complex))
            tolerance = 16 * (1 + sum(orders)) * EPS * bound(rule, args, orders, truth)
            assert abs(got - truth) <= tolerance, (args, orders, got, complex(truth))


@pytest.mark.parametrize("rule", ROWS, ids=name_of)
def test_mpf_at_50_digits_to_order_3(rule: Rule) -> None:
    with mp.workdps(50):
        for args in samples(rule, 2):
            exact = tuple(x if isinstance(x, int) else mpf(x) / 3 * 3 for x in args)
            for orders in orders_up_to(rule, 3):
                truth = partial(rule.name, exact, orders, digits=90)
                got = nested(rule, exact, orders)
                assert not isinstance(got, float) or got == 0
                assert abs(got - truth) <= mpf(10) ** -48 * bound(rule, exact, orders, truth)


def columns_of(points: list[tuple[Any, ...]], dtype: Any) -> list[Any]:
    """One array per argument; a count stays a count."""
    return [
        c[0] if isinstance(c[0], int) else np.array(c, dtype) for c in zip(*points, strict=True)
    ]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rule", SLOPED, ids=name_of)
def test_arrays_agree_with_numbers(rule: Rule, dtype: Any) -> None:
    """Arrays in both precisions, one direction and several, against the same row on numbers."""
    points = samples(rule, 5)
    columns = columns_of(points, dtype)
    points = [tuple(c if isinstance(c, int) else float(c[j]) for c in columns) for j in range(5)]
    eps = float(np.finfo(dtype).eps)
    for i in sloped(rule):
        for tangent in (np.ones(5, dtype), np.arange(10, dtype=dtype).reshape(2, 5)):
            args: list[Any] = list(columns)
            args[i] = Dual(columns[i], tangent)
            result = function(rule)(*args)
            assert result.primal.dtype == result.tangent.dtype == dtype
            assert result.tangent.shape == tangent.shape
            for j, point in enumerate(points):
                order = tuple(int(k == i) for k in range(len(point)))
                nothing = (0,) * len(point)
                value, slope = partial(rule.name, point, nothing), partial(rule.name, point, order)
                error = abs(float(result.primal[j]) - value)
                assert error <= 8 * eps * bound(rule, point, nothing, value)
                allowed = 16 * eps * bound(rule, point, order, slope)
                for got, t in zip(
                    np.atleast_2d(result.tangent), np.atleast_2d(tangent), strict=True
                ):
                    assert abs(float(got[j]) - slope * float(t[j])) <= allowed * (float(t[j]) + 1)


@pytest.mark.parametrize("rule", [r for r in SLOPED if r.is_complex], ids=name_of)
def test_complex_arrays_agree_with_numbers(rule: Rule) -> None:
    points = [tuple(x if isinstance(x, int) else x + 0.5j for x in p) for p in samples(rule, 4)]
    columns = columns_of(points, complex)
    for i in sloped(rule):
        args: list[Any] = list(columns)
        args[i] = Dual(columns[i], np.ones(4, complex))
        result = function(rule)(*args)
        for j, point in enumerate(points):
            one: list[Any] = list(point)
            one[i] = Dual(point[i], 1.0 + 0j)
            expected = function(rule)(*one)
            assert cmath.isclose(result.primal[j], expected.primal, rel_tol=1e-13, abs_tol=1e-13)
            assert cmath.isclose(result.tangent[j], expected.tangent, rel_tol=1e-13, abs_tol=1e-13)


def close(got: Any, expected: float) -> bool:
    got = float(got)
    return (math.isnan(got) and math.isnan(expected)) or math.isclose(got, expected, rel_tol=4e-16)


def seeded(args: Any, i: int, one: Any) -> list[Any]:
    return [Dual(a, one) if j == i else a for j, a in enumerate(args)]


@pytest.mark.parametrize(("rule", "args", "there"), POINTS, ids=name_of)
def test_special_points(rule: Rule, args: tuple[float, ...], there: tuple[float, ...]) -> None:
    """As numbers and as arrays, with one direction and two."""
    f = function(rule)
    floats = as_floats(rule, args)
    arrays = [a if isinstance(a, int) else np.array([a]) for a in floats]
    for i in sloped(rule):
        for point, one in (
            (floats, 1.0),
            (floats, np.array([0.0, 1.0])),
            (arrays, np.ones(1)),
            (arrays, np.array([[0.0], [1.0]])),
        ):
            result = f(*seeded(point, i, one))
            if not isinstance(result, Dual):
                assert there[i + 1] == 0
                assert close(np.ravel(result)[0], there[0])
                continue
            assert close(np.ravel(result.primal)[0], there[0])
            assert close(np.ravel(result.tangent)[-1], there[i + 1])
            if np.size(one) == 2:
                assert np.ravel(result.tangent)[0] == 0  # a zero tangent stays zero


@pytest.mark.parametrize(("rule", "args", "there"), POINTS, ids=name_of)
def test_a_zero_tangent_stays_zero(rule: Rule, args: Any, there: Any) -> None:
    """Also where the slope is infinite or nan."""
    for i in sloped(rule):
        result = function(rule)(*seeded(as_floats(rule, args), i, 0.0))
        assert not isinstance(result, Dual) or result.tangent == 0


@pytest.mark.parametrize("rule", [r for r in ROWS if r.kind == "flat"], ids=name_of)
def test_flat_rows_give_plain_numbers(rule: Rule) -> None:
    args = samples(rule, 1)[0]
    result = function(rule)(Dual(args[0], 1.0), *args[1:])
    assert not isinstance(result, Dual)
    assert result == function(rule)(*args)


@pytest.mark.parametrize("rule", [r for r in ROWS if not r.name.startswith("_")], ids=name_of)
def test_ufuncs_of_numpy_are_rows(rule: Rule) -> None:
    """np.f of a dual is the row of that name, under each of its names; the value is NumPy's."""
    args = samples(rule, 1)[0]
    for name in (rule.name, *rule.aliases):
        ufunc = getattr(np, name, None)
        if isinstance(ufunc, np.ufunc):
            expected = function(rule)(Dual(args[0], 1.0), *args[1:])
            got = ufunc(Dual(args[0], 1.0), *args[1:])
            assert np.array_equal(plain(got), ufunc(*args))
            if isinstance(got, Dual):
                assert got.tangent == pytest.approx(expected.tangent, rel=1e-15)
        assert getattr(dualad, name).__name__ == rule.name


def test_all_names_asked_for_are_there() -> None:
    names = """
    neg pos abs add sub mul div floordiv mod fmod divmod pow square reciprocal sqrt cbrt
    exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 sin cos tan sec csc cot asin acos atan
    atan2 sinh cosh tanh sech asinh acosh atanh degrees radians hypot maximum minimum fmax fmin clip
    sign copysign heaviside floor ceil trunc rint round sinc erf erfc gamma lgamma digamma sigmoid
    softplus xlogy fma ldexp real imag conj nan_to_num"""
    assert [n for n in names.split() if n not in RULES or not hasattr(dualad, n)] == []


def test_the_same_kind_comes_back() -> None:
    for name in ("exp", "sigmoid", "sec", "sinc", "erf", "floor", "sign", "rint", "clip", "fma"):
        n = len(RULES[name].args)
        for one in (
            1.0,
            np.float64(1.0),
            np.float32(1.0),
            np.ones(2),
            np.ones(2, np.float32),
            mpf(1),
        ):
            result = function(RULES[name])(*[one / 3] * n)
            assert type(result) is type(one), (name, type(one), type(result))
            assert getattr(result, "dtype", None) == getattr(one, "dtype", None)


def test_fractions_stay_exact_under_arithmetic() -> None:
    third = Fraction(1, 3)
    x = Dual(third, Fraction(1))
    assert (x**3 / 3 - 2 * x + 1 / x).tangent == third**2 - 2 - 9
    assert derivative(lambda t: t**4 / 7, order=3)(third) == Fraction(24, 21)
    assert isinstance(dualad.sqrt(x).primal, float)


@pytest.mark.parametrize("name", ["arcsin", "arccos", "arctanh", "sqrt", "log", "log1p"])
@pytest.mark.parametrize("z", [2 + 0j, complex(2, -0.0), -2 + 0j, complex(-2, -0.0)])
def test_slopes_on_the_side_of_a_cut_where_the_value_is(name: str, z: complex) -> None:
    f, h = getattr(np, name), 1e-5
    along = (f(complex(z.real + h, z.imag)) - f(complex(z.real - h, z.imag))) / (2 * h)
    assert abs(derivative(f)(z) - along) < 1e-8
    assert abs(derivative(f)(np.array([z]))[0] - along) < 1e-8


def test_complex_parts() -> None:
    """Functions that are linear over the reals, and the modulus, along real and imaginary lines."""
    z, along = 3 + 4j, 0.6 - 0.8j
    x = Dual(z, along)
    assert (x.real.tangent, x.imag.tangent, x.conjugate().tangent) == (0.6, -0.8, 0.6 + 0.8j)
    assert abs(x).tangent == pytest.approx((z.conjugate() * along).real / 5, rel=1e-15)
    assert abs(Dual(0j, 1 + 1j)).tangent == 0
    unit = dualad.sign(x)
    assert unit.primal == pytest.approx(0.6 + 0.8j)
    assert unit.tangent == pytest.approx(along / 5 - z * abs(x).tangent / 25)
    arrays = abs(Dual(np.array([z, 0]), np.array([along, 1])))
    assert arrays.tangent.tolist() == pytest.approx([abs(x).tangent, 0])
    assert arrays.tangent.dtype == float
    assert derivative(lambda t: dualad.exp(1j * t), order=2)(0.0) == -1


def test_constants_follow_the_working_precision() -> None:
    f = derivative(dualad.log2)
    x = mpf(3)
    with mp.workdps(80):
        assert abs(f(x) - 1 / (3 * mp.log(2))) < mpf(10) ** -79
    with mp.workdps(30):
        assert abs(f(x) - 1 / (3 * mp.log(2))) < mpf(10) ** -29
    assert set(CONSTANTS) <= set(MATH.functions)


def test_integers_do_not_spoil_precision() -> None:
    with mp.workdps(50):
        third = 1 / mpf(3)
        assert derivative(lambda x: x / 3)(mpf(1)) == third
        assert derivative(lambda x: x * x / 6, order=2)(mpf(1)) == third
        assert abs(derivative(lambda x: dualad.atan2(x, 1))(mpf(1)) - mpf("0.5")) < mp.eps


@pytest.mark.parametrize("rule", [r for r in ROWS if r.kind in ("linear", "flat")], ids=name_of)
def test_slopes_that_are_only_shown_are_right(rule: Rule) -> None:
    """Linear rows act on the tangent, flat ones have none: their texts are for readers."""
    if rule.kind == "flat":
        assert set(rule.slopes) <= {"0", None}
    else:
        assert rule.slope_in(MATH, 0)(2.0, 0.0) == function(rule)(1.0)


def test_xlogy_at_zeros() -> None:
    """Where a is 0 the slope in b is 0, but not its own slope in a; where b is 0 it is infinite."""
    slope = lambda a: derivative(lambda b: dualad.xlogy(a, b))(2.0)  # noqa: E731
    assert (slope(0.0), derivative(slope)(0.0)) == (0, 0.5)
    with np.errstate(all="ignore"):
        assert dualad.xlogy(np.ones(1), Dual(np.zeros(1), np.ones(1))).tangent.tolist() == [
            math.inf
        ]


# Of 0 in a: ∂/∂a is infinite or has an infinite slope, whose parts differ by another infinity.
WITHOUT_LIMIT = {("ab", 0.5), ("aba", 0.5), ("aba", 1.5)}


@pytest.mark.parametrize("orders", ["ab", "aba", "bba", "baa", "bab", "bb"])
@pytest.mark.parametrize("b", [0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
def test_powers_of_0_in_both_arguments(b: float, orders: str) -> None:
    """A partial derivative there is its limit; nan after one in a, whose infinite parts differ."""
    truth = partial("pow", (mpf(10) ** -400, b), (orders.count("a"), orders.count("b")), 2000)
    limit = mp.sign(truth) * (0 if abs(truth) < 1e-9 else mp.inf)
    f = function(RULES["pow"])
    for argument in orders:
        f = derivative(f, "ab".index(argument))
    got = f(0.0, b)
    assert math.isnan(got) if (orders, b) in WITHOUT_LIMIT else got == limit, (got, limit)


def test_powers_with_exponent_0_in_both_arguments() -> None:
    """The slope in a is 0 there, but not its own slope in b, which is 1/a."""
    slope = derivative(function(RULES["pow"]), 0)
    assert (slope(4.0, 0.0), derivative(slope, 1)(4.0, 0.0)) == (0, 0.25)
    assert derivative(slope, 1, order=2)(4.0, 0.0) == pytest.approx(2 * math.log(4) / 4, rel=1e-15)


def test_polygamma_far_to_the_left() -> None:
    for x in (-150.25, -1234.75, -1e6 - 0.5, -1e15 - 0.5):
        for n in (0, 1, 2, 3):
            with mp.workdps(60):
                cot = (
                    mp.diff(lambda t: mp.cospi(t) / mp.sinpi(t), mpf(x), n)
                    if n
                    else mp.cospi(x) / mp.sinpi(x)
                )
                truth = (-1) ** n * mp.psi(n, 1 - mpf(x)) - mp.pi * cot
            got = dualad.polygamma(n, x)
            assert abs(got - truth) <= 1e-14 * max(abs(truth), mpf(10) ** -12)
    assert math.isnan(dualad.digamma(-1e16))


def test_a_row_has_one_function_whatever_was_called() -> None:
    row = RULES["exp"]
    assert type(function(row.called_as(np.exp))(0.5)) is float
    assert function(row.called_as(np.exp)) is function(row)
