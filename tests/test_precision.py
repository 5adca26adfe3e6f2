"""Digits: constants of other dtypes, other number systems, infinities, overflow, far arguments."""

from __future__ import annotations

import functools
import itertools
import math
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.special as sc
from mpmath import mp, mpc, mpf
from support.reference import reference

import dualad
from dualad import (
    check_derivative,
    derivative,
    grad,
    hessian,
    jacobian,
    propagate,
    taylor,
    value_and_grad,
)
from dualad.array.undefined import NonDifferentiableError
from dualad.dual import function
from dualad.scipy.special import log_softmax, logsumexp, softmax
from dualad.table import RULES

INTEGERS = [np.bool_, np.uint8, np.int8, np.uint16, np.int32, np.uint64]
has_long = pytest.mark.skipif(
    np.finfo(np.longdouble).eps == np.finfo(float).eps, reason="longdouble is double here"
)

# -- constants in slopes -------------------------------------------------------------------

# f(c, t), and its slope in t from mpmath's numbers
BINARY = {
    "power": (np.power, lambda c, t: mp.log(c) * c**t if c else mpf(0)),
    "power of": (lambda c, t: np.power(t, c), lambda c, t: c * t ** (c - 1)),
    "divide": (np.divide, lambda c, t: -c / t**2),
    "divide by": (lambda c, t: t / (c + 1), lambda c, t: 1 / (c + 1)),
    "arctan2": (np.arctan2, lambda c, t: -c / (t**2 + c**2)),
    "hypot": (np.hypot, lambda c, t: t / mp.sqrt(t**2 + c**2)),
    "logaddexp": (np.logaddexp, lambda c, t: mp.exp(t) / (mp.exp(t) + mp.exp(c))),
    "jv": (sc.jv, lambda c, t: mp.besselj(c, t, 1)),
    "yv": (sc.yv, lambda c, t: mp.bessely(c, t, 1)),
    "kv": (sc.kv, lambda c, t: mp.besselk(c, t, 1) if False else -(mp.besselk(c - 1, t) + mp.besselk(c + 1, t)) / 2),
    "gammainc": (sc.gammainc, lambda c, t: t ** (c - 1) * mp.exp(-t) / mp.gamma(c) if c else mpf(0)),
    "eval_legendre": (sc.eval_legendre, lambda c, t: mp.diff(lambda s: mp.legendre(c, s), t)),
    "hyp1f1": (lambda c, t: sc.hyp1f1(c, 2.5, t), lambda c, t: mp.diff(lambda s: mp.hyp1f1(c, 2.5, s), t)),
    "xlogy": (sc.xlogy, lambda c, t: c / t),
}  # fmt: skip


@pytest.mark.parametrize("dtype", INTEGERS, ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", BINARY)
def test_integer_constants_enter_slopes_as_floats(name: str, dtype: Any) -> None:
    f, slope = BINARY[name]
    numbers = [0, 1] if dtype is np.bool_ else [0, 1, 3, 10, 100]
    constants = np.array([n for n in numbers if n or name != "gammainc"], dtype)
    points = np.linspace(0.45, 0.8, len(constants))
    if dtype is np.bool_ and name in ("power", "power of", "divide by"):
        constants = constants.astype(np.uint8)  # NumPy itself adds and raises bools another way
    try:
        value = f(constants, points)
    except TypeError:
        pytest.skip("SciPy does not take this dtype")
    want = [float(slope(mpf(int(c)), mpf(t))) for c, t in zip(constants, points)]
    with warnings.catch_warnings(action="ignore"):
        got = derivative(lambda t: f(constants, t))(points)
        np.testing.assert_allclose(got, want, rtol=3e-13, atol=1e-290)
        assert value_and_grad(lambda t: np.sum(f(constants, t)))(points)[0] == np.sum(value)
        for c, t, w in zip(constants, points, want, strict=True):  # NumPy's own scalars
            np.testing.assert_allclose(
                derivative(lambda t, c=c: f(c, t))(t), w, rtol=3e-13, atol=1e-290
            )


def test_what_was_found() -> None:
    def f(g: Any) -> Any:
        return (np.array([[10, 200]], np.uint8) ** g).mean()

    want = (mp.log(10) * mpf(10) ** mpf(0.45) + mp.log(200) * mpf(200) ** mpf(0.45)) / 2
    assert derivative(f)(np.float64(0.45)) == pytest.approx(float(want), rel=1e-15)
    got = derivative(lambda b: sc.jv(np.array([0], np.uint8), b))(np.array([2.5]))
    np.testing.assert_allclose(got, -sc.j1(2.5), rtol=1e-14)


def test_float32_constants_beside_float64() -> None:
    """A slope has the precision of the result."""
    b, t = np.array([0.1, 0.7], np.float32), np.array([0.3, 1.4])
    wide = b.astype(float)
    np.testing.assert_allclose(derivative(lambda t: t / b)(t), 1 / wide, rtol=1e-15)
    np.testing.assert_allclose(derivative(lambda t: b**t)(t), wide**t * np.log(wide), rtol=1e-15)
    assert derivative(lambda t: t / 3)(b).dtype == np.float32


@pytest.mark.parametrize("base", [-2.0, -0.5, -3])
@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_complex_powers_of_negative_numbers(base: Any, dtype: Any) -> None:
    s = dtype(0.5 + 0.25j)
    for order in (1, 2, 3):
        want = complex(mp.log(mpf(base)) ** order * mpc(mpf(base)) ** mpc(complex(s)))
        rtol = 2e-5 if dtype is np.complex64 else 1e-14
        for a in (base, np.array([base], dtype(0).real.dtype), np.float32(base)):
            got = derivative(lambda s, a=a: a**s, order=order)(np.array([s]))
            np.testing.assert_allclose(got, [want], rtol=rtol)
    got = derivative(lambda s: sc.xlogy(s, base))(np.array([complex(s)]))
    np.testing.assert_allclose(got, [complex(mp.log(mpf(base)))], rtol=1e-14)


def test_real_functions_have_real_derivatives() -> None:
    assert jacobian(lambda v: sc.jv(v, np.array([1.0, 2.0])))(2.0).dtype == float
    for x in (-1.0, np.array([1.0, -1.0])):
        with pytest.raises(NonDifferentiableError, match=r"scipy\.special\.jv is real at"):
            jacobian(lambda v, x=x: sc.jv(v, x))(2.0)
    assert np.iscomplexobj(jacobian(lambda v: sc.hankel1(v, np.array([1.0])))(2.0))


@pytest.mark.parametrize("b", [0.0, -1.0])
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_powers_of_zero(b: float) -> None:
    """lim a → 0 of aᵇ·log(a)ⁿ."""
    for order in range(1, 5):
        want = (-1) ** order * math.inf
        if b == 0:
            assert derivative(lambda b: 0.0**b, order=order)(b) == want
        assert derivative(lambda b: np.array([0.0]) ** b, order=order)(np.array([b])) == want
        assert derivative(lambda b: np.array([0.0]) ** b, order=order)(np.array([1.5])) == 0


# -- other number systems ------------------------------------------------------------------

LONG: dict[str, tuple[Any, Any]] = {
    "log2": (np.log2, lambda x: 1 / (x * mp.ln2)),
    "log10": (np.log10, lambda x: 1 / (x * mp.ln10)),
    "exp2": (np.exp2, lambda x: 2**x * mp.ln2),
    "cbrt": (np.cbrt, lambda x: mp.cbrt(x) / x / 3),
    "degrees": (np.degrees, lambda x: 180 / mp.pi),
    "radians": (np.radians, lambda x: mp.pi / 180),
    "tanh": (np.tanh, lambda x: mp.sech(x) ** 2),
    "sinc": (np.sinc, lambda x: mp.diff(mp.sincpi, x)),
    "logaddexp2": (lambda x: np.logaddexp2(x, 0.1), lambda x: 1 / (1 + 2 ** (mpf(0.1) - x))),
    "third": (lambda x: x / 3, lambda x: mpf(1) / 3),
    "power": (lambda x: x**0.1, lambda x: mpf(0.1) * x ** (mpf(0.1) - 1)),
    "base": (lambda x: 3**x, lambda x: mp.log(3) * 3**x),
    "float64": (lambda x: x / np.float64(0.3), lambda x: 1 / mpf(0.3)),
    "array": (lambda x: x / np.array([3]), lambda x: mpf(1) / 3),
}


@has_long
@pytest.mark.parametrize("name", LONG)
def test_longdoubles_keep_their_digits(name: str) -> None:
    f, slope = LONG[name]
    for x in map(np.longdouble, (1.5, 0.7, 2.25)):
        with mp.workdps(40):
            want = np.longdouble(mp.nstr(slope(mpf(str(x)) if name == "x" else mpf(float(x))), 30))
        x = np.longdouble(float(x))
        eps = 8 * np.finfo(np.longdouble).eps
        if name != "array":
            got = derivative(f)(x)
            assert type(got) is np.longdouble and abs(got - want) <= eps * abs(want)
        (got,) = derivative(f)(np.array([x]))
        assert type(got) is np.longdouble and abs(got - want) <= eps * abs(want)
        single = np.array([x], np.float32)
        assert name in ("float64", "array") or derivative(f)(single).dtype == np.float32


def test_fractions_stay_exact() -> None:
    third, half = Fraction(1, 3), Fraction(1, 2)
    cases: list[tuple[Any, Fraction, Fraction]] = [
        (lambda t: abs(t) / 3, -half, -third),
        (lambda t: abs(t) / 3, half, third),
        (lambda t: dualad.maximum(t, 0) / 3, half, third),
        (lambda t: dualad.maximum(t, half) / 3, half, Fraction(1, 6)),
        (lambda t: dualad.minimum(t, 7) / 3, half, third),
        (lambda t: dualad.copysign(t, -1) / 3, half, -third),
        (lambda t: dualad.nan_to_num(t) / 3, half, third),
        (lambda t: dualad.clip(t, 0, 1) / 3, half, third),
        (lambda t: (t % 3) / 3, half, third),
        (lambda t: t**3 / 7, half, Fraction(3, 28)),
    ]
    for f, x, want in cases:
        got = derivative(f)(x)
        assert (type(got), got) == (Fraction, want)


def test_mpmath_in_lifted_code() -> None:
    with mp.workdps(30):
        a, b = mpf(1) / 3, mpf(2)
        got = grad(lambda a, b: math.exp(-a) * b, argnums=(0, 1), lift=True)(a, b)
        for g, want in zip(got, (-2 * mp.exp(-a), mp.exp(-a)), strict=True):
            assert abs(g - want) < mpf(10) ** -28
        got = grad(lambda a, b: math.sin(a) * b, argnums=(0, 1), lift=True)(a, b)
        for g, want in zip(got, (b * mp.cos(a), mp.sin(a)), strict=True):
            assert abs(g - want) < mpf(10) ** -28


# -- infinities ----------------------------------------------------------------------------

# first and second derivative where x goes to −∞ and to ∞
LIMITS: dict[str, tuple[Any, ...]] = {
    "cbrt": (0, 0, 0, 0),
    "arctan": (0, 0, 0, 0),
    "tanh": (0, 0, 0, 0),
    "arcsinh": (0, 0, 0, 0),
    "exp": (0, 0, math.inf, math.inf),
    "exp2": (0, 0, math.inf, math.inf),
    "expm1": (0, 0, math.inf, math.inf),
    "sinh": (math.inf, -math.inf, math.inf, math.inf),
    "cosh": (-math.inf, math.inf, math.inf, math.inf),
    "abs": (-1, 0, 1, 0),
}
LIMITS_OF_OURS = {
    "erf": (0, 0, 0, 0),
    "erfc": (0, 0, 0, 0),
    "sigmoid": (0, 0, 0, 0),
    "softplus": (0, 0, 1, 0),
    "sech": (0, 0, 0, 0),
}


@pytest.mark.parametrize("name", [*LIMITS, *LIMITS_OF_OURS])
def test_limits_at_infinity(name: str) -> None:
    f = getattr(np, name) if name in LIMITS else getattr(dualad, name)
    wanted = (LIMITS | LIMITS_OF_OURS)[name]
    for (x, order), want in zip(itertools.product((-np.inf, np.inf), (1, 2)), wanted, strict=True):
        assert derivative(f, order=order)(x) == want
        assert derivative(f, order=order)(np.array([x])) == want


def test_powm1_is_flat_where_powers_are() -> None:
    for a, b in ((np.inf, -1.0), (2.0, -np.inf), (0.5, np.inf), (0.0, np.inf), (0.0, 2.0)):
        assert grad(sc.powm1, (0, 1))(a, b) == (0, 0)


def test_hypot_at_infinity() -> None:
    for x, y in itertools.product((-np.inf, np.inf), (1.0, 0.0, -3.0)):
        sign = math.copysign(1, x)
        for a, b in ((x, y), (np.array([x]), np.array([y]))):
            assert grad(lambda a, b: np.sum(np.hypot(a, b)), (0, 1))(a, b) == (sign, 0)
            assert grad(lambda a, b: np.sum(np.hypot(a, b)), (0, 1))(b, a) == (0, sign)
            assert derivative(lambda t, b=b: np.hypot(t, b), order=2)(a) == 0
    assert np.isnan(derivative(lambda t: np.hypot(t, np.inf))(np.inf))


@functools.cache
def _limit(name: str, args: tuple[float, ...], i: int, order: int) -> float | None:
    """The derivative in argument i as infinite arguments grow, on whatever way; None if none."""
    h = mpf(10) ** -60
    weights = {1: (0.5, 0, -0.5), 2: (1, -2, 1)}[order]
    found = []
    for ways in ((1, 1), (1, 3), (3, 1)):
        for zero in (0, 1, -1):
            for size in (20, 40):
                point = [
                    mpf(math.copysign(1, v)) * mpf(10) ** (size * way)
                    if math.isinf(v)
                    else mpf(zero) * mpf(10) ** -(size * way)
                    if v == 0
                    else mpf(v)
                    for v, way in zip(args, ways)
                ]
                step = h * (abs(point[i]) or mpf(10) ** -300)
                shifted = [[*point[:i], point[i] + k * step, *point[i + 1 :]] for k in (1, 0, -1)]
                try:
                    terms = [w * reference(name)(*p) for w, p in zip(weights, shifted)]
                    found.append(sum(terms) / step**order)
                except (ArithmeticError, ValueError):
                    return None
    if not all(isinstance(d, mpf) and mp.isfinite(d) for d in found):
        return None
    size = max(map(abs, found))
    if max(abs(a - b) for a in found for b in found) > mpf(10) ** -12:
        return None
    return float(found[0]) if size > mpf(10) ** -12 else 0.0


FORMS: dict[str, Any] = {
    "float": lambda f, x, order: derivative(f, order=order)(x),
    "nested": lambda f, x, order: derivative(derivative(f))(x) if order == 2 else derivative(f)(x),
    "NumPy's": lambda f, x, order: derivative(f, order=order)(np.float64(x)),
    "array": lambda f, x, order: derivative(f, order=order)(np.array([x]))[0],
    "float32": lambda f, x, order: derivative(f, order=order)(np.array([x], np.float32))[0],
    "taylor": lambda f, x, order: math.factorial(order) * taylor(f, order)(np.float64(x))[order],
    "reverse": lambda f, x, order: (
        hessian(f, mode="reverse")(np.array([x]))[0, 0]
        if order == 2
        else grad(f, mode="reverse")(np.array([x]))[0]
    ),
}
FLAT = (
    *("pow", "atan2", "hypot", "fmod", "mod", "logaddexp", "logaddexp2", "div", "cbrt", "asinh"),
    *("atan", "sigmoid", "softplus", "tanh"),
)


@pytest.mark.parametrize("form", FORMS)
def test_slopes_are_limits_at_infinities_and_zeros(form: str) -> None:
    """Wherever the plain value is a number and the derivative has one limit on all ways there."""
    found, wrong = 0, []
    with mp.workdps(300), warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        for name in FLAT:
            rule = function(RULES[name])
            n = len(RULES[name].args)
            points = (0.0, np.inf, -np.inf, 0.5, 2.0, -3.0)
            for args in itertools.product(points, repeat=n):
                value = float(rule(*map(np.float64, args)))
                if math.isnan(value) or all(0 < abs(v) < np.inf for v in args):
                    continue
                for i, order in itertools.product(range(n), (1, 2)):
                    want = _limit(name, args, i, order)
                    if want is None or _limit(name, args, i, 1) is None:
                        continue
                    found += 1

                    def f(t: Any, i: int = i, args: Any = args, rule: Any = rule) -> Any:
                        y = rule(*(t if j == i else np.float64(v) for j, v in enumerate(args)))
                        return np.sum(y) if form == "reverse" else y

                    got = FORMS[form](f, args[i], order)
                    if not abs(got - want) <= (1e-5 if form == "float32" else 1e-14) * abs(want):
                        wrong.append((name, args, i, order, got, want))
    assert found > 250
    assert not wrong


# -- norms -----------------------------------------------------------------------------------

NORMS: dict[str, Any] = {
    "np.hypot": lambda x: np.hypot(*x) if len(x) == 2 else np.hypot(x[0], np.hypot(*x[1:])),
    "math.hypot": lambda x: math.hypot(*x),
    "math.dist": lambda x: math.dist(x, [0.0] * len(x)),
    "np.linalg.norm": lambda x: np.linalg.norm(np.array(x)),
    "of a matrix": lambda x: np.linalg.norm(np.array([x, [0.0] * len(x)])),
    "of rows": lambda x: np.linalg.norm(np.array([x, x]), axis=1)[1],
    "np.linalg.vector_norm": lambda x: np.linalg.vector_norm(np.array(x)),
    "of complex numbers": lambda x: np.linalg.norm(np.array([x[0] + 1j * x[1], *x[2:]])),
}


def _norm_by_powers(x: list[float], places: tuple[int, ...]) -> Any:
    """A partial derivative of the norm h, a sum of terms c·Πxᵢᵖ·h^q."""
    terms = {(*[0] * len(x), 1): 1}
    for i in places:
        new: dict[tuple[int, ...], int] = {}
        for powers, c in terms.items():
            for of, step, factor in ((i, (-1, 0), powers[i]), (i, (1, -2), powers[-1])):
                key = list(powers)
                key[of] += step[0]
                key[-1] += step[1]
                if factor:
                    new[tuple(key)] = new.get(tuple(key), 0) + c * factor
        terms = new
    with mp.workdps(1000):
        h = mp.sqrt(mp.fsum(mpf(v) ** 2 for v in x))
        return mp.fsum(
            c * mp.fprod(mpf(v) ** p for v, p in zip(x, powers) if p) * h ** powers[-1]
            for powers, c in terms.items()
        )


def _partial(f: Any, x: list[float], places: tuple[int, ...]) -> Any:
    if not places:
        return f(x)
    i, *rest = places

    def moved(t: Any) -> Any:
        return _partial(f, [v + t if j == i else v for j, v in enumerate(x)], tuple(rest))

    return derivative(moved)(0.0)


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("n", [2, 3])
def test_norms_keep_their_digits_where_a_part_is_small(name: str, n: int) -> None:
    if (name, n) == ("np.hypot", 3):
        n = 2  # of three, it is a norm of norms, which has a kink of its own
    for ratio, size in itertools.product(
        (1.0, 1e-1, 1e-8, 1e-30, 1e-150, 0.0), (1.3, 1e150, 1e-70)
    ):
        for place in range(n):
            x = [size if i == place else size * ratio * (1 + 0.37 * i) for i in range(n)]
            for places in ((0,), (0, 0), (n - 1, n - 1), (0, 1), (0, 0, 0), (0, 1, 1), (1,) * 4):
                want = _norm_by_powers(x, places)
                if abs(want) < 1e-280:
                    want = mpf(0)
                elif abs(want) > 1e280:
                    continue
                got = _partial(NORMS[name], x, places)
                tol = {1: 4, 2: 8, 3: 100, 4: 300}[len(places)] * 2**-52
                assert abs(got - want) <= tol * abs(want) + 1e-279, (x, places, got, want)


# -- products ------------------------------------------------------------------------------


def products(x: list[float]) -> tuple[list[list[float]], list[float]]:
    """Jacobian of the running products, and its last row, by mpmath, which has all exponents."""
    exact = list(map(mpf, x))
    rows = [
        [float(mp.fprod(exact[:i] + exact[i + 1 : n])) if i < n else 0.0 for i in range(len(x))]
        for n in range(1, len(x) + 1)
    ]
    return rows, rows[-1]


EXTREME = {
    "found": [1e155, 0, 0, 1e155, 1e155, 0, 1e155, 1e155, 1e155],
    "one zero": [1e200, 0, 1e200, 1e-300, 3.0],
    "zero first": [0, 1e200, 1e200, 1e-300, 2.0],
    "two zeros": [0, 0, 1e200, 1e200],
    "huge and tiny": [1e200, 1e200, 1e-200, 1e-200, 3.0],
    "tiny and huge": [1e-200, 1e-200, 1e200, 1e200, -3.0],
    "mixed": [1e-300, 1e300, 1e300, 1e-300, 5e-324, 1e150, 2.0],
    "overflow": [1e200, 1e200, 7.0],
    "many": [1e30, 1e-30] * 30 + [1e30] * 10 + [1e-30] * 10,
    "long": [1e-30] * 20 + [1e30] * 19,
    "usual": [1.5, -2.0, 3.0, 0.0, 0.25],
}


@pytest.mark.parametrize("name", EXTREME)
def test_products_of_all_but_one(name: str) -> None:
    x = EXTREME[name]
    running, total = products(x)
    close = {"rtol": 1e-13, "atol": 5e-323}
    with np.errstate(all="ignore"):
        # where NumPy multiplies large ones first, 0 times infinity is nan, and so is the derivative
        for f in (np.prod, np.nanprod, np.multiply.reduce):
            expected = np.where(np.isnan(f(np.array(x))), np.nan, total)
            np.testing.assert_allclose(grad(f)(np.array(x)), expected, **close)
        expected = np.where(np.isnan(np.cumprod(x))[:, None], np.nan, running)
        np.testing.assert_allclose(jacobian(np.cumprod)(np.array(x)), expected, **close)
        columns = np.array([x, x[::-1]]).T
        table = jacobian(lambda a: np.prod(a, axis=0))(columns)
        expected = np.where(np.isnan(np.prod(columns, axis=0))[:, None], np.nan, total)
        np.testing.assert_allclose(table[0, :, 0], expected[0], **close)
        np.testing.assert_allclose(table[1, ::-1, 1], expected[1], **close)
        assert value_and_grad(np.prod)(np.array(x))[0] == np.prod(x)


@pytest.mark.filterwarnings("ignore:overflow")
def test_second_derivatives_of_extreme_products() -> None:
    x = np.array([1e200, 1e200, 1e-200, 1e-200])
    want = [
        [float(mp.fprod(x[k] for k in range(4) if k not in (i, j))) * (i != j) for j in range(4)]
        for i in range(4)
    ]
    for i in range(4):
        want[i][i] = 0.0
    np.testing.assert_allclose(hessian(np.prod)(x), want, rtol=1e-13)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_complex_and_single_precision_products() -> None:
    z = np.array([1e200j, 1e-200, 1e200, 2e-200 + 0j])
    got = jacobian(np.prod)(z)
    np.testing.assert_allclose(got[[0, 2]], [2e-200, 2e-200j], rtol=1e-13)
    np.testing.assert_allclose(got[[1, 3]], [2e200j, 1e200j], rtol=1e-13)
    single = np.array([1e30, 1e30, 1e-30, 1e-30], np.float32)
    got = grad(np.prod)(single)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, [1e-30, 1e-30, 1e30, 1e30], rtol=1e-5)


# -- far arguments -------------------------------------------------------------------------

FAR = [*np.linspace(0.3, 12, 9), 30.0, 1e3, 1e8]


def w(z: Any, order: int) -> Any:
    """Faddeeva's function and its derivatives, to 50 digits at least."""
    z = mpc(z)
    lost = 2 * (order + 2) * int(1 + mp.log10(abs(z) + 1))
    with mp.workdps(60 + lost):
        y = [mp.exp(-z * z) * mp.erfc(-1j * z)]
        y.append(-2 * z * y[0] + 2j / mp.sqrt(mp.pi))
        for k in range(1, order):
            y.append(-2 * z * y[k] - 2 * k * y[k - 1])
        return +y[order]


def near(got: complex, truth: Any, next_: Any, x: float, ulps: float) -> bool:
    """Within ulps, and what rounding x does, part by part."""
    size = abs(x) * 2.2e-16
    return all(
        abs(g - float(t)) <= ulps * 2.2e-16 * abs(t) + ulps * size * abs(n) + 1e-320
        for g, t, n in ((got.real, truth.real, next_.real), (got.imag, truth.imag, next_.imag))
    )


@pytest.mark.parametrize("order", [1, 2, 3])
def test_dawson_everywhere(order: int) -> None:
    for x in FAR:
        for s in (x, -x):
            truth, after = (mp.sqrt(mp.pi) / 2 * w(s, n).imag for n in (order, order + 1))
            error = abs(derivative(sc.dawsn, order=order)(s) - truth)
            assert error <= 2.2e-16 * (16 * abs(truth) + 4 * abs(s * after)) + 1e-320, (s, error)
    got = derivative(sc.dawsn, order=order)(np.array([1e3, -1e8]))
    alone = [derivative(sc.dawsn, order=order)(s) for s in (1e3, -1e8)]
    np.testing.assert_allclose(got, alone, rtol=1e-15)


@pytest.mark.parametrize("y", [0.0, 1e-9, 1e-3, 0.3, 2.0, 40.0])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_faddeeva_everywhere(order: int, y: float) -> None:
    for x in FAR[::2]:
        z = complex(x, y)
        truth = w(z, order)
        got = derivative(sc.wofz, order=order)(z)
        assert abs(got - complex(truth)) <= 1e-13 * abs(truth)
    if y:
        low = derivative(sc.wofz, order=order)(complex(0.7, -y / 20))
        assert abs(low - complex(w(complex(0.7, -y / 20), order))) < 1e-13 * abs(low)


@pytest.mark.parametrize("g", [1e-6, 0.02, 0.5, 3.0])
def test_voigt_everywhere(g: float) -> None:
    s = 0.8
    root = mpf(s) * mp.sqrt(2)
    for x in (0.1, 1.0, 2.5, 5.0, 9.0, 1e2, 1e5, 1e8):
        z = mpc(x, g) / root
        top = 1 / (mpf(s) * mp.sqrt(2 * mp.pi))
        wanted = (
            (top * w(z, 1) / root).real,
            (top * w(z, 2) / root**2).real * s,
            (top * 1j * w(z, 1) / root).real,
        )
        got = grad(sc.voigt_profile, (0, 1, 2))(x, s, g)
        for a, b in zip(got, wanted, strict=True):
            assert abs(a - b) <= 3e-12 * abs(b), (x, a, b)
        second = derivative(sc.voigt_profile, order=2)(x, s, g)
        assert abs(second - wanted[1] / s) <= 3e-12 * abs(wanted[1] / s)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_relatives_of_faddeevas_function(order: int) -> None:
    for x in (0.2, 1.0, 4.0, 9.0, 1e3, 1e6):
        got = derivative(sc.erfcx, order=order)(x)
        truth = (1j**order * w(1j * x, order)).real
        assert abs(got - truth) <= 1e-14 * abs(truth)
        z = complex(x, 0.3)
        truth = 1j**order * w(1j * z, order)
        assert abs(derivative(sc.erfcx, order=order)(z) - complex(truth)) <= 2e-13 * abs(truth)
        for k, a in enumerate((mp.expjpi(mpf(1) / 4), mp.expjpi(mpf(3) / 4))):
            f = (sc.modfresnelp, sc.modfresnelm)[k]
            got = derivative(lambda x, f=f: f(x)[1], order=order)(x)
            truth = a**order * w(a * x, order) / 2
            assert abs(got - complex(truth)) <= 1e-13 * abs(truth)


# -- sums of exponentials ------------------------------------------------------------------


def test_logsumexp_with_zeros_and_infinities() -> None:
    inf = np.inf
    cases: list[tuple[list[float], Any, float, list[float]]] = [
        ([1000.0, -1.0], [0.0, 1.0], -1.0, [0, 1]),
        ([inf, 0.0, 0.0], [0.0, 1.0, 1.0], math.log(2), [0, 0.5, 0.5]),
        ([inf, 0.0], None, inf, [1, 0]),
        ([-inf, 0.0], None, 0.0, [0, 1]),
        ([-inf, -inf], None, -inf, [0.5, 0.5]),
        ([1000.0, 1000.0], None, 1000 + math.log(2), [0.5, 0.5]),
        ([0.0, 1.0], [2.0, -0.5], math.log(2 - math.e / 2),
         [2 / (2 - math.e / 2), -math.e / 2 / (2 - math.e / 2)]),
    ]  # fmt: skip
    for a, b, value, slopes in cases:
        weights = None if b is None else np.array(b)
        with np.errstate(all="ignore"):
            y, got = value_and_grad(lambda v, b=weights: logsumexp(v, b=b))(np.array(a))
            assert y == sc.logsumexp(a, b=weights)
        np.testing.assert_allclose(y, value, rtol=1e-15)
        np.testing.assert_allclose(got, slopes, rtol=1e-14)
    got = grad(lambda b: logsumexp(np.array([0.0, 1.0, 2.0]), b=b))(np.array([0.0, 1.0, 1.0]))
    total = math.e + math.e**2
    np.testing.assert_allclose(got, np.exp([0.0, 1.0, 2.0]) / total, rtol=1e-14)


def test_softmax_has_the_plain_value() -> None:
    a = np.array([[0.3, 700.0, -2.0], [1.0, 1.5, 0.25]])
    for f, plain in (
        (softmax, sc.softmax),
        (log_softmax, sc.log_softmax),
        (logsumexp, sc.logsumexp),
    ):
        for axis in (0, 1, -1, None):
            y, _ = dualad.jvp(lambda v, f=f, axis=axis: f(v, axis), (a,), (a,))
            np.testing.assert_array_equal(y, plain(a, axis))
    p = [mp.exp(v) for v in (1, mpf(1.5), mpf(0.25))]
    p = [v / sum(p) for v in p]
    want = [[float(p[i] * ((i == j) - p[j])) for j in range(3)] for i in range(3)]
    np.testing.assert_allclose(jacobian(softmax)(a[1]), want, rtol=1e-14)
    h = [[[float(p[i] * (((i == j) - p[j]) * ((i == k) - p[k]) - p[j] * ((j == k) - p[k])))
           for k in range(3)] for j in range(3)] for i in range(3)]  # fmt: skip
    np.testing.assert_allclose(jacobian(jacobian(softmax))(a[1]), h, rtol=1e-13, atol=1e-16)


# -- checks and propagation ----------------------------------------------------------------


def test_propagation_beyond_squares() -> None:
    for order in (1, 2):
        for slope, std in ((1e-170, 1.0), (1.0, 1e-170), (1e-150, 1e-150), (1e170, 1.0)):
            with np.errstate(over="ignore"):
                p = propagate(lambda z, a=slope: z * a, [1.0], std=[std], order=order)
            np.testing.assert_allclose(p.std["model"], slope * std, rtol=1e-15)


class Labelled:
    """As much of a DataFrame as is looked at."""

    def __init__(self, matrix: Any, labels: list[Any]) -> None:
        self.matrix, self.index, self.columns, self.loc = np.array(matrix), labels, labels, None

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.matrix.astype(dtype)


def test_labels_of_covariances() -> None:
    values = {"x": 1.0, "y": 2.0}
    cov = [[4.0, 1.0], [1.0, 9.0]]

    def f(x: float, y: float) -> list[float]:
        return [x, y]

    turned = propagate(f, values, cov=Labelled(cov, ["y", "x"]))
    np.testing.assert_array_equal(turned.cov, [[9.0, 1.0], [1.0, 4.0]])
    for labels in (["x", "y"], [0, 1]):
        np.testing.assert_array_equal(propagate(f, values, cov=Labelled(cov, labels)).cov, cov)
    with pytest.raises(ValueError, match="cov is labelled x, z, but the inputs are x, y"):
        propagate(f, values, cov=Labelled(cov, ["x", "z"]))


def test_checks_far_from_1() -> None:
    report = check_derivative(lambda z: z**2, 1e-200)
    assert report.entries[0].expected == 2e-200
    assert check_derivative(lambda z: z * np.sqrt(z), 1e-200).digits > 10
    assert check_derivative(lambda z: 1 / z, 1e150).digits > 10
    with pytest.raises(ValueError, match="raises OverflowError at this point"):
        check_derivative(lambda z: z**2, 1e200)
    with pytest.raises(AssertionError):
        check_derivative(lambda z: z**2 if isinstance(z, dualad.Dual) else z**3, 1.5)
