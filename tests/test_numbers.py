"""NumPy's numbers stay NumPy's, Python's stay Python's: bits, kinds, warnings and exceptions are
those of the same code on plain numbers, with the kernel and without."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from mpmath import mpf
from support.both import PACKAGES, bits

import dualad
from dualad import Dual, derivative, grad, jvp, value_and_grad
from dualad.table import RULES

POINTS = 2000
UFUNCS = {
    ufunc.__name__: ufunc
    for ufunc in vars(np).values()
    if isinstance(ufunc, np.ufunc)
    and ufunc.__name__ in RULES
    and len(RULES[ufunc.__name__].args) == ufunc.nin <= 2
    and ufunc is not np.ldexp
}
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "mod": lambda a, b: a % b,
    "floordiv": lambda a, b: a // b,
}


def values_of(x: Any) -> Any:
    if isinstance(x, tuple):
        return tuple(map(values_of, x))
    while hasattr(x, "primal"):
        x = x.primal
    return x


def points(name: str) -> list[list[float]]:
    low, high = np.transpose(RULES[name].over)
    random = np.random.default_rng(len(name))
    points: list[list[float]] = random.uniform(low, high, (POINTS, len(low))).tolist()
    return points


@pytest.mark.parametrize("kind", [float, np.float64])
@pytest.mark.parametrize("name", UFUNCS)
def test_a_ufunc_gives_numpys_bits(name: str, kind: Any) -> None:
    """np.tanh and math.tanh differ in the last bit at three points of ten."""
    ufunc = UFUNCS[name]
    for i, p in enumerate(points(name)):
        plain, *others = map(kind, p)
        expected, got = ufunc(plain, *others), ufunc(Dual(plain, 1.0), *others)
        assert values_of(got) == expected
        if i % 20 == 0:
            readable = ufunc(PACKAGES[1].Dual(plain, 1.0), *others)
            assert bits(readable) == bits(got)
            assert bits(values_of(got)) == bits(expected)


BOTH_KINDS = list(itertools.product((float, np.float64), repeat=2))


@pytest.mark.parametrize("dual", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("kinds", BOTH_KINDS)
@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_gives_the_bits_of_the_operator(name: str, kinds: Any, dual: Any) -> None:
    """c**x with c of NumPy's too, where NumPy asks us for np.power."""
    f = OPERATORS[name]
    for i, p in enumerate(points(name)[:: 1 if name == "pow" else 10]):
        plain = [kind(x) for kind, x in zip(kinds, p, strict=True)]
        expected = f(*plain)
        got = f(*(Dual(x, 1.0) if i in dual else x for i, x in enumerate(plain)))
        assert values_of(got) == expected
        if i % 20 == 0:
            pure = PACKAGES[1]
            readable = f(*(pure.Dual(x, 1.0) if i in dual else x for i, x in enumerate(plain)))
            assert bits(readable) == bits(got)
            assert bits(values_of(got)) == bits(expected)


def test_np_power_is_not_the_operator() -> None:
    differ = 0
    for a, b in points("pow"):
        c, x = np.float64(a), Dual(np.float64(b), 1.0)
        assert np.power(c, x).primal == np.power(c, np.float64(b))
        assert (c**x).primal == c ** np.float64(b)
        differ += np.power(c, x).primal != (c**x).primal
    assert differ or np.power(1.1, 1.7) == 1.1**1.7


@pytest.mark.parametrize("exponent", [0.5, 2.0, -1.0, 0.0, 1.7])
def test_powers_of_arrays_are_those_of_the_operator(exponent: float) -> None:
    """NumPy takes the square root for a**0.5, and np.power does not."""
    a = np.random.default_rng(0).uniform(0.1, 9, 2000)
    x = Dual(a, np.ones_like(a))
    assert np.array_equal((x**exponent).primal, a**exponent)
    assert np.array_equal(np.power(x, exponent).primal, np.power(a, exponent))
    assert np.array_equal((a ** Dual(exponent, 1.0)).primal, a**exponent)


# -- kinds ------------------------------------------------------------------------------------

KINDS = [
    lambda t: np.exp(t), lambda t: np.exp(t) * 2, lambda t: np.floor(t),
    lambda t: np.float64(2) * t, lambda t: np.float32(2) * t, lambda t: np.int64(2) * t,
    lambda t: np.hypot(t, 1), lambda t: np.exp(t) + np.float32(1), lambda t: np.divmod(t, 0.3),
    lambda t: divmod(t, 0.3), lambda t: np.modf(t), lambda t: np.frexp(t), lambda t: np.clip(t, 0, 1),
    lambda t: abs(t), lambda t: np.abs(-t), lambda t: np.positive(t), lambda t: 1j * t,
    lambda t: np.exp(1j * t), lambda t: np.sign(t), lambda t: np.maximum(t, 2), lambda t: t // 0.3,
    lambda t: np.float32(3) ** t, lambda t: np.ldexp(t, 2), lambda t: np.degrees(t), lambda t: t,
]  # fmt: skip


@pytest.mark.parametrize("f", KINDS)
@pytest.mark.parametrize("x", [1.75, np.float64(1.75), np.float32(1.75)])
def test_kinds_are_those_of_the_plain_run(f: Callable[[Any], Any], x: Any) -> None:
    expected = f(x)
    for package in PACKAGES:
        got = values_of(f(package.pair.dual(x, 1.0, 5)))
        nested = values_of(f(package.pair.dual(package.pair.dual(x, 1.0, 5), 1.0, 7)))
        for result in (got, nested):
            pairs = (
                zip(result, expected, strict=True)
                if isinstance(expected, tuple)
                else [(result, expected)]
            )
            for y, want in pairs:
                assert type(y) is type(want)
                assert bits(np.asarray(y)) == bits(np.asarray(want))


@pytest.mark.parametrize("f", [divmod, np.divmod])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.longdouble, np.int8])
def test_division_takes_the_precision_of_the_other_side(f: Any, kind: Any) -> None:
    """A number of Python has none of its own, beside a number or an array of NumPy's."""
    for c in (kind(3.7), np.array([3.7, -1.3]).astype(kind)):
        for pair in (lambda x, c=c: f(c, x), lambda x, c=c: f(x, c)):
            for got, want in zip(values_of(pair(Dual(0.37, 1.0))), pair(0.37), strict=True):
                assert type(got) is type(want)
                assert got.dtype == want.dtype
                assert np.array_equal(got, want)


def test_derivatives_are_numbers_of_python() -> None:
    assert type(derivative(np.exp)(np.float64(1.0))) is float
    for order in (2, 3):
        assert type(derivative(lambda t: np.exp(t) * t**3, order=order)(np.float64(1.0))) is float


def test_float_power_of_single_precision_is_double() -> None:
    a = np.array([1.1, 2.0, 3.0], np.float32)
    y = np.float_power(Dual(a, np.ones_like(a)), 3.0)
    assert y.dtype == np.float64
    assert np.array_equal(y.primal, np.float_power(a, 3.0))
    assert y.tangent == pytest.approx(3 * a.astype(float) ** 2, rel=1e-15)


def test_slopes_have_the_precision_of_the_result() -> None:
    """Not that of an array of small integers, nor the real logarithm of a negative number."""
    a = np.array([[10, 200]], np.uint8)
    expected = np.mean(a.astype(float) ** 0.45 * np.log(a.astype(float)))
    assert derivative(lambda g: (a**g).mean())(np.float64(0.45)) == pytest.approx(
        expected, rel=1e-14
    )
    s = 0.5 + 0.25j
    got = derivative(lambda s: np.array([-2.0]) ** s)(np.array([s]))
    assert got == pytest.approx(complex(-2) ** s * complex(math.log(2), math.pi), rel=1e-14)


def test_exact_numbers_stay_exact() -> None:
    assert (Dual(Fraction(1, 2), Fraction(1)) / 3).tangent == Fraction(1, 3)
    assert (Dual(mpf(1), mpf(1)) // 0.3).real == 3


# -- where Python raises and NumPy warns ------------------------------------------------------

WARNED: list[tuple[Callable[[Any], Any], float, Any]] = [
    (lambda t: 1 / (1 + np.exp(t) ** 2), 400.0, 0.0),
    (lambda t: np.where(t == 0, 1.0, np.sin(t) / t), 0.0, 0.0),
    (lambda t: np.exp(t) - 1, 800.0, math.inf),
    (lambda t: 1 / np.sin(t), 0.0, -math.inf),
    (lambda t: np.log(t), 0.0, math.inf),
    (lambda t: np.sqrt(t), 0.0, math.inf),
    (lambda t: np.float64(1) / (1 + 1 / np.abs(t - 1) ** 2), 1.0, None),
    (lambda t: np.power(t, -1.0), 0.0, -math.inf),
    (lambda t: np.divide(1.0, t), 0.0, -math.inf),
    (lambda t: np.float64(2) ** t, 2000.0, math.inf),
    (lambda t: np.exp(-t) * np.exp(-t), 400.0, None),
]  # fmt: skip


def outcome(f: Callable[[], Any], **errors: Any) -> Any:
    """What comes out, and what NumPy says."""
    with warnings.catch_warnings(record=True) as told, np.errstate(**errors):
        warnings.simplefilter("always")
        try:
            result = bits(f())
        except Exception as error:
            result = type(error), str(error)
    return result, [str(w.message) for w in told]


@pytest.mark.parametrize("kind", [float, np.float64])
@pytest.mark.parametrize(("f", "x", "slope"), WARNED)
def test_numpy_warns_as_in_the_plain_run(
    f: Callable[[Any], Any], x: float, slope: Any, kind: Any
) -> None:
    for errors in ({}, {"all": "raise"}, {"all": "ignore"}, {"under": "warn"}):
        expected = outcome(lambda e=errors: f(kind(x)), **errors)
        for package in PACKAGES:
            assert outcome(lambda p=package: p.value_and_grad(f)(kind(x))[0], **errors) == expected
    if slope is not None:
        with np.errstate(all="ignore"):
            assert derivative(f)(kind(x)) == slope


@pytest.mark.parametrize("f", [
    lambda t: 1 / (1 + dualad.exp(t) ** 2), lambda t: 1 / (t - t), lambda t: (t - t) ** -1,
    lambda t: dualad.exp(t * 10), lambda t: t % (t - t), lambda t: dualad.log(-t),
])  # fmt: skip
def test_python_raises_as_in_the_plain_run(f: Callable[[Any], Any]) -> None:
    expected = outcome(lambda: f(400.0))
    assert isinstance(expected[0][0], type)
    assert outcome(lambda: derivative(f)(400.0)) == expected


def test_an_element_of_an_array_is_numpys() -> None:
    def f(v: Any) -> Any:
        return v[1] / v[0]

    with np.errstate(all="ignore"):
        value, slopes = value_and_grad(f)(np.array([0.0, 2.0]))
    assert value == math.inf and slopes.tolist() == [-math.inf, math.inf]
    x = np.array([1.0325113401969306])
    seen: list[Any] = []
    grad(lambda v: seen.append(values_of(np.tanh(v[0]))) or np.tanh(v[0]))(x)
    assert seen[0] == np.tanh(x[0])


def test_stale_flags_are_not_taken_for_new_ones() -> None:
    """A flag that an earlier operation left is cleared, and the ufunc asked once more."""
    tiny = Dual(np.float64(1e-200), 1.0)
    for _ in range(3):
        with np.errstate(all="ignore"):
            assert np.exp(Dual(-800.0, 1.0)).primal == 0.0
            assert (tiny * tiny).primal == 0.0
        with np.errstate(all="raise"):
            assert np.exp(Dual(1.0, 1.0)).primal == np.exp(1.0)
            with pytest.raises(FloatingPointError):
                _ = tiny * tiny
            with pytest.raises(FloatingPointError):
                np.exp(Dual(-800.0, 1.0))


@pytest.mark.parametrize("other", [2, 2.0, np.float64(2.0), np.array([2.0]), 2j, np.float32(2.0)])
@pytest.mark.parametrize("name", ["add", "rsub", "mul", "truediv", "rpow", "mod", "rfloordiv"])
def test_operators_by_their_names_answer_as_those_of_plain_numbers(name: str, other: Any) -> None:
    """In lifted code; float.__add__ gives floats, and NotImplemented for what is none."""
    answers = []

    def f(x: Any) -> Any:
        y = METHODS[name](x, other)
        answers.append(y)
        return x if y is NotImplemented else y

    x = 3.0
    want = METHODS[name](x, other)
    value, _ = jvp(f, (x,), (1.0,), lift=True)
    if want is NotImplemented:
        assert answers[0] is NotImplemented
    else:
        assert type(value) is type(want)
        np.testing.assert_array_equal(value, want)


METHODS: dict[str, Any] = {
    "add": lambda x, y: x.__add__(y),
    "rsub": lambda x, y: x.__rsub__(y),
    "mul": lambda x, y: x.__mul__(y),
    "truediv": lambda x, y: x.__truediv__(y),
    "rpow": lambda x, y: x.__rpow__(y),
    "mod": lambda x, y: x.__mod__(y),
    "rfloordiv": lambda x, y: x.__rfloordiv__(y),
}
