"""scipy.special's ufuncs on duals, row by row against mpmath; and what is refused."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special as sc
from mpmath import mp, mpc, mpf
from support.oracle import check
from support.processes import run_python
from support.special_reference import REFERENCE

import dualad
from dualad import Dual, derivative, grad, jacobian, jvp, special_rules, taylor
from dualad.dual import function
from dualad.scipy import special
from dualad.special_rules import RULES, TABLE
from dualad.table import RULES as MAIN_TABLE

UFUNCS = {rule.name.rpartition(".")[2]: ufunc for ufunc, rule in RULES.items()}
SMOOTH = [name for name in UFUNCS if TABLE[name].kind != "flat"]
# Where SciPy's own values are off, and with them the slopes that are made of them.
LIMIT = {"hyperu": 1e-9, "ive": 1e-11, "itairy": 1e-5}
LIMIT |= dict.fromkeys(("ker", "kei", "kerp", "keip", "kelvin"), 1e-9)


def active(name: str) -> list[int]:
    """The arguments that have a derivative."""
    if name in ("pbdv", "pbvv", "pbwa"):  # composed of rows whose first argument has none
        return [1]
    rule = TABLE[name]
    return [i for i in range(len(rule.args)) if not rule.slopes or rule.slopes[i] is not None]


def points(name: str, n: int, seed: int = 0) -> list[list[Any]]:
    random = np.random.default_rng(seed)
    sampled = [[float(random.uniform(*o)) for o in TABLE[name].over] for _ in range(n)]
    counts = [i for i in range(len(TABLE[name].args)) if i not in active(name)]
    for point in sampled:
        for i in counts:
            point[i] = point[i] if name == "_lambertw" else round(point[i])
        if name == "_lambertw":
            point[1] = 0
    return sampled


def outputs(y: Any) -> tuple[Any, ...]:
    return y if isinstance(y, tuple) else (y,)


def exact(name: str, point: list[Any], *which: int) -> list[complex]:
    """Value or partial derivative of every result, from mpmath alone."""
    with mp.workdps(40):
        given = [mpc(x) if isinstance(x, complex) else mpf(x) for x in point]
        places = sorted(set(which))

        def f(o: int, *varied: Any) -> Any:
            args = list(given)
            for place, x in zip(places, varied):
                args[place] = x
            return outputs(REFERENCE[name](*args))[o]

        many = len(outputs(REFERENCE[name](*given)))
        if not which:
            return [complex(f(o)) for o in range(many)]
        at = tuple(given[place] for place in places)
        orders = tuple(which.count(place) for place in places)
        if len(places) == 1:
            at, orders = at[0], orders[0]
        return [complex(mp.diff(lambda *x, o=o: f(o, *x), at, orders)) for o in range(many)]


def tangents(name: str, point: list[Any], *which: int) -> list[Any]:
    """The same from the ufunc on duals: nested derivatives, one for each place."""

    def f(*args: Any) -> Any:
        return list(outputs(UFUNCS[name](*args)))

    for place in which:

        def slope(*args: Any, f: Any = f, place: int = place) -> Any:
            return derivative(f, place)(*args)

        f = slope
    return f(*point)


@pytest.mark.parametrize("name", SMOOTH)
def test_values_and_slopes(name: str) -> None:
    for point in points(name, 2):
        plain = outputs(UFUNCS[name](*point))
        tolerance = LIMIT.get(name, 1e-12)
        np.testing.assert_allclose(plain, exact(name, point), rtol=max(tolerance, 1e-10))
        for i in active(name):
            args = list(point)
            args[i] = Dual(point[i], 1.0)
            got = outputs(UFUNCS[name](*args))
            assert [y.primal for y in got] == list(plain)
            assert [type(y.primal) for y in got] == [type(v) for v in plain]
            want = exact(name, point, i)
            np.testing.assert_allclose([y.tangent for y in got], want, rtol=tolerance, atol=1e-300)


@pytest.mark.parametrize("name", SMOOTH)
def test_second_order(name: str) -> None:
    (point,) = points(name, 1, seed=1)
    for i, j in itertools.combinations_with_replacement(active(name), 2):
        want = exact(name, point, i, j)
        tolerance = {"rtol": max(1e-9, 100 * LIMIT.get(name, 0)), "atol": 1e-13}
        np.testing.assert_allclose(tangents(name, point, i, j), want, **tolerance)
        if i != j:
            np.testing.assert_allclose(tangents(name, point, j, i), want, **tolerance)


@pytest.mark.parametrize("name", SMOOTH)
def test_arrays(name: str) -> None:
    """Several directions, broadcasting and nesting say what numbers say; float32 stays float32."""
    ufunc, places = UFUNCS[name], active(name)
    n = len(TABLE[name].args)
    sampled = points(name, 3, seed=2)
    columns = [np.array(c) for c in zip(*sampled)]
    many = n if n > 1 else 3
    args: list[Any] = list(columns)
    for i in places:
        seeds = np.zeros((many, 3))
        seeds[i] = [1.0, 2.0, 3.0]
        args[i] = Dual(columns[i], seeds)
    got = outputs(ufunc(*args))
    for o, y in enumerate(got):
        assert y.tangent.shape == (many, 3)
        for j, point in enumerate(sampled):
            for i in places:
                number = list(point)
                number[i] = Dual(point[i], j + 1.0)
                want = outputs(ufunc(*number))[o]
                close = {"rtol": LIMIT.get(name, 1e-12), "atol": 1e-300}
                np.testing.assert_allclose(y.tangent[i, j], want.tangent, **close)
                np.testing.assert_allclose(y.primal[j], want.primal, rtol=1e-13)
    last = places[-1]
    column = list(columns)
    column[last] = Dual(columns[last][:, None], np.ones((1, 3, 1)))
    rows = [c[:2] if i != last else c for i, c in enumerate(column)]
    for y in outputs(ufunc(*rows)):
        wide = (3, 2) if n > 1 else (3, 1)
        assert y.primal.shape == wide and y.tangent.shape == (1, *wide)
    column = list(columns)

    def along(x: Any) -> Any:
        column[last] = x
        return list(outputs(ufunc(*column)))

    nested = derivative(along, order=2)(columns[last])
    for o, y in enumerate(nested):
        want = [tangents(name, point, last, last)[o] for point in sampled]
        np.testing.assert_allclose(y, want, rtol=max(1e-9, 100 * LIMIT.get(name, 0)), atol=1e-12)
    singles = [c.astype(np.float32) if i in places else c for i, c in enumerate(columns)]
    values = outputs(ufunc(*singles))
    singles[last] = Dual(singles[last], np.ones((2, 3), np.float32))
    for value, y in zip(values, outputs(ufunc(*singles)), strict=True):
        assert y.primal.dtype == value.dtype
        assert y.tangent.dtype == value.dtype
        assert np.isfinite(y.tangent).all()


def takes_complex(name: str) -> bool:
    return any(t[place_of_z(name)] == "D" for t in UFUNCS[name].types)


def place_of_z(name: str) -> int:
    return 0 if name == "_lambertw" else max(active(name))


@pytest.mark.parametrize("name", SMOOTH)
def test_complex(name: str) -> None:
    (args,) = points(name, 1, seed=3)
    z = place_of_z(name)
    args[z] = 0.7 + 0.4j
    if all(set(t.partition("->")[0]) == {"D"} for t in UFUNCS[name].types if "D" in t):
        args = [complex(a) for a in args]
    along = 1.0 + 0.5j
    seeded = [Dual(a, along) if i == z else a for i, a in enumerate(args)]
    if not TABLE[name].is_complex:
        with pytest.raises(TypeError, match=rf"({name}|lgamma) is for real numbers"):
            UFUNCS[name](*seeded)
        return
    assert takes_complex(name)
    several = [
        Dual(np.array([a]), np.full((2, 1), along)) if i == z else a for i, a in enumerate(args)
    ]
    got, arrays = outputs(UFUNCS[name](*seeded)), outputs(UFUNCS[name](*several))
    values, slopes = exact(name, args), exact(name, args, z)
    for y, array, v, s in zip(got, arrays, values, slopes, strict=True):
        np.testing.assert_allclose(y.primal, v, rtol=1e-11)
        np.testing.assert_allclose(y.tangent, s * along, rtol=1e-10)
        np.testing.assert_allclose(array.tangent, np.full((2, 1), s * along), rtol=1e-10)


def test_holomorphic_functions_of_scipy_take_complex_duals() -> None:
    only_real = {n for n in SMOOTH if takes_complex(n) and not TABLE[n].is_complex}
    assert only_real == {"jve", "yve", "ive"}  # scaled by the real part or the imaginary part


def test_every_ufunc_of_scipy_is_supported_or_refused() -> None:
    supported, refused = set(), set()
    for name, ufunc in vars(sc).items():
        if not isinstance(ufunc, np.ufunc):
            continue
        args: list[Any] = [1] * ufunc.nin
        args[active(RULES[ufunc].name.rpartition(".")[2])[-1] if ufunc in RULES else -1] = Dual(
            0.5, 1.0
        )
        try:
            ufunc(*args)
        except ArithmeticError:  # no derivative at this very point
            pass
        except TypeError as error:
            if "scipy" in str(error):
                assert str(error) == (
                    f"scipy.special.{ufunc.__name__} has no derivative rule; "
                    "write it in other functions, or give it one with dualad.define_rule."
                )
                refused.add(name)
                continue
            raise
        supported.add(name)
    assert refused == set(REFUSED.split())
    assert {"exp2", "expm1", "log1p", "cbrt", "expit", "round"} <= supported
    assert len(supported) + len(refused) >= 230
    # every row whose ufunc this SciPy has was tried above
    assert set(SMOOTH) <= set(REFERENCE)


REFUSED = """
    airye bdtrik bdtrin chndtr chndtridf chndtrinc chndtrix fdtridfd it2i0k0 it2j0y0 mathieu_a
    mathieu_b mathieu_cem mathieu_modcem1 mathieu_modcem2 mathieu_modsem1 mathieu_modsem2
    mathieu_sem nbdtrik nbdtrin ncfdtr ncfdtri ncfdtridfd ncfdtridfn ncfdtrinc nctdtr nctdtridf
    nctdtrinc nctdtrit obl_ang1 obl_ang1_cv obl_cv obl_rad1 obl_rad1_cv obl_rad2 obl_rad2_cv pdtrik
    pro_ang1 pro_ang1_cv pro_cv pro_rad1 pro_rad1_cv pro_rad2 pro_rad2_cv smirnov smirnovi
"""


def test_special_points() -> None:
    for name, ufunc in UFUNCS.items():
        for point, (value, *slopes) in TABLE[name].points.items():
            assert ufunc(*point) == pytest.approx(value, nan_ok=True)
            for i, slope in enumerate(slopes):
                args: list[Any] = [float(a) for a in point]
                args[i] = Dual(args[i], 1.0)
                assert ufunc(*args).tangent == pytest.approx(slope, rel=1e-12, nan_ok=True), name
                args[i] = Dual(np.array([point[i]], float), np.ones((1, 1)))
                assert ufunc(*args).tangent == pytest.approx(slope, rel=1e-12, nan_ok=True), name


# Slopes as textbooks have them, where mpmath would take long for the functions themselves.
DENSITIES = {
    "gammainc": lambda a, x: mp.exp((a - 1) * mp.log(x) - x - mp.loggamma(a)),
    "betainc": lambda a, b, x: mp.exp(
        (a - 1) * mp.log(x)
        + (b - 1) * mp.log(1 - x)
        + mp.loggamma(a + b)
        - mp.loggamma(a)
        - mp.loggamma(b)
    ),
    "stdtr": lambda v, t: (
        mp.exp(mp.loggamma((v + 1) / 2) - mp.loggamma(v / 2))
        / mp.sqrt(v * mp.pi)
        * mp.power(1 + t * t / v, -(v + 1) / 2)
    ),
    "ellipkm1": lambda p: -mp.elliprd(0, 1, p) / 6,
    "exprel": lambda x: (mp.exp(x) * (x - 1) + 1) / x**2,
    "i0e": lambda x: mp.exp(-x) * (mp.besseli(1, x) - mp.besseli(0, x)),
    "k0e": lambda x: mp.exp(x) * (mp.besselk(0, x) - mp.besselk(1, x)),
    "k1e": lambda x: mp.exp(x) * (mp.besselk(1, x) - mp.besselk(0, x) / 2 - mp.besselk(2, x) / 2),
}


@pytest.mark.parametrize(
    ("f", "at", "want"),
    [  # far out, where the usual form of the slope cancels or overflows
        (sc.log_ndtr, (-1e5,), "1e5 + 1e-5 - 2e-15"),
        (sc.log_ndtr, (30.0,), "exp(-450)/sqrt(2*pi)"),
        (sc.ndtri_exp, (-1e6,), None),
        (sc.erfcx, (1e4,), None),
        (sc.log_expit, (-800.0,), "1"),
        (sc.log_expit, (50.0,), "exp(-50)/(1 + exp(-50))"),
        (sc.exprel, (1e-9,), "0.5 + mpf(1e-9)/3"),
        (sc.exprel, (-700.0,), None),
        (sc.ellipk, (1e-12,), None),
        (sc.ellipk, (1 - 2.0**-40,), None),
        (sc.ellipkm1, (1e-300,), None),
        (sc.ellipe, (1e-12,), None),
        (sc.i0e, (1e5,), None),
        (sc.k0e, (1e5,), None),
        (sc.k1e, (50.0,), None),
        (sc.boxcox, (3.0, 1e-9), "log(3)**2/2 + mpf(1e-9)*log(3)**3/3"),
        (sc.inv_boxcox, (2.0, 1e-9), None),
        (sc.gammainc, (1e5, 1.001e5), None),
        (sc.gammainc, (0.5, 1e-300), None),
        (sc.betainc, (1e5, 2e5, 0.3333), None),
        (sc.betaln, (1e8, 0.5), None),
        (sc.beta, (50.0, 1e-10), None),
        (sc.spence, (1 + 1e-9,), None),
        (sc.pseudo_huber, (1e8, 1.0), None),
        (sc.kl_div, (1 + 1e-12, 1.0), None),
        (sc.stdtr, (1e6, -8.0), None),
        (sc.ellipkinc, (1e-5, 0.5), None),
        (sc.ellipkinc, (1.5, 1.0), None),
        (sc.voigt_profile, (3.0, 0.5, 0.1), None),
    ],
)
def test_far_out(f: Any, at: tuple[float, ...], want: str | None) -> None:
    last = len(at) - 1
    got = f(*at[:-1], Dual(at[-1], 1.0)).tangent
    with mp.workdps(60):
        if want is None:
            exact_args = [mpf(a) for a in at]
            if f is sc.ndtri_exp:  # 1/hazard(y), with y from the value
                y = mpf(float(f(*at)))
                slope = mp.erfc(-y / mp.sqrt(2)) / 2 * mp.sqrt(2 * mp.pi) * mp.exp(y * y / 2)
            elif f.__name__ in DENSITIES:
                slope = DENSITIES[f.__name__](*exact_args)
            else:
                slope = mp.diff(
                    lambda t: REFERENCE[f.__name__](*exact_args[:last], t),
                    exact_args[last],
                    relative=True,
                )
        else:
            names = {n: getattr(mp, n) for n in ("exp", "sqrt", "log", "pi")}
            slope = mp.mpmathify(eval(want, names | {"mpf": mpf}))
    tolerance = {"voigt_profile": 1e-12, "beta": 1e-13, "gammainc": 1e-13, "betainc": 1e-12}
    assert got == pytest.approx(float(mp.re(slope)), rel=tolerance.get(f.__name__, 4e-15), abs=0)


@pytest.mark.parametrize("x", [0.3, 1e-8, 1e-100, 1e-300])
def test_inverses_near_zero(x: float) -> None:
    """The rounding of y = erfcinv(x) is not to be 2y² times as large in the slopes."""
    with mp.workdps(350):
        y = mp.findroot(lambda y: mp.log(mp.erfc(y)) - mp.log(x), float(sc.erfcinv(x)))
        slope = -mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
        right = [float(slope), float(2 * y * slope**2)]
        if x > 1e-100:
            got = [derivative(sc.erfcinv, order=k)(x) for k in (1, 2)]
            np.testing.assert_allclose(got, right, rtol=2e-15)
        y = mp.findroot(lambda y: mp.log(mp.ncdf(y)) - mp.log(x), float(sc.ndtri(x)))
        slope = mp.sqrt(2 * mp.pi) * mp.exp(y * y / 2)
    for f, want in ((sc.erfcinv, right[0]), (sc.ndtri, float(slope))):
        np.testing.assert_allclose(derivative(f)(x), want, rtol=2e-15)


@pytest.mark.parametrize("x", [1e-20, 2e-9, 1e-8, 1e-3, 0.5, 6.0])
@pytest.mark.parametrize("name", ["ker", "kei"])
def test_kelvin_functions_near_zero(name: str, x: float) -> None:
    """Where the functions K₀ and K₂ that they could be made of are far larger, and cancel."""
    with mp.workdps(120):
        f = getattr(mp, name)
        scaled = [mp.diff(lambda t: f(0, t * x), 1, n) for n in range(1, 5)]
        right = [float(c / mpf(x) ** n) for n, c in enumerate(scaled, start=1)]
    got = [derivative(getattr(sc, name), order=n)(x) for n in (1, 2, 3)]
    slopes = [derivative(getattr(sc, name + "p"), order=n)(x) for n in (1, 2, 3)]
    np.testing.assert_allclose(got, right[:3], rtol=1e-9)
    np.testing.assert_allclose(slopes, right[1:], rtol=1e-9)


@pytest.mark.parametrize("x", [1e-8, 1e-6, 1e-4, 1e-2, 0.5, 1.0, 1.5, -1e-6, -0.5])
@pytest.mark.parametrize("name", ["ber", "bei", "berp", "beip"])
def test_kelvin_functions_of_the_first_kind_near_zero(name: str, x: float) -> None:
    """Against their power series, DLMF 10.65.1, in numbers, arrays and series."""
    f = getattr(sc, name)
    at, of = int(name.startswith("bei")), int(name.endswith("p"))
    for order in (1, 2, 3, 4, 5):
        with mp.workdps(60):
            total, k = mpf(0), order + of
            for j in range(40):
                power = 4 * j + 2 * at
                if power >= k:
                    of_x = mp.ff(power, k) * mpf(x) ** (power - k) / mpf(2) ** power
                    total += (-1) ** j * of_x / mp.factorial(2 * j + at) ** 2
        found = [
            derivative(f, order=order)(x),
            derivative(f, order=order)(np.array([x, 2.0]))[0],
            taylor(f, order)(x)[order] * math.factorial(order),
        ]
        assert found == pytest.approx([float(total)] * 3, rel=1e-11, abs=0)


def test_kei_at_zero() -> None:
    """kei″ = −log x/2 + …"""
    assert [derivative(sc.kei, order=n)(0.0) for n in (1, 2, 3)] == [0, math.inf, -math.inf]


@pytest.mark.parametrize("x", [-3.0, 0.0, 1.0, 2.5])
@pytest.mark.parametrize(
    ("parameters", "coefficients"),
    [
        ((-2, 3, 1.5), (1, -4, 3.2)),  # Σ (a)ₙ(b)ₙ/(c)ₙ·xⁿ/n!
        ((-1, 2, 3), (1, -2 / 3)),
        ((2, -1, 5), (1, -0.4)),
        ((-2, 1, -5), (1, 0.4, 0.1)),
        ((0, 2, 3), (1,)),
    ],
)
def test_hypergeometric_polynomials(
    parameters: tuple[float, ...], coefficients: tuple[float, ...], x: float
) -> None:
    """They go on beyond 1, where the function that a slope is made of would be infinite."""
    polynomial = np.polynomial.Polynomial(coefficients)
    for n in (1, 2, 3):
        found = derivative(lambda t: sc.hyp2f1(*parameters, t), order=n)(x)
        np.testing.assert_allclose(found, polynomial.deriv(n)(x), rtol=1e-14, atol=0)


def test_the_end_of_a_hypergeometric_polynomial_is_no_zero_in_its_parameters() -> None:
    """∂²F/∂a∂x at a = 0 is b/c·F(1, b + 1; c + 1; x), infinite at 1."""
    found = grad(lambda a: derivative(lambda x: sc.hyp2f1(a, 2.0, 3.0, x))(1.0))(0.0)
    assert not np.isfinite(found)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: sc.gammainc(2.0, x),
        lambda x: sc.gammaincc(20.0, x),
        lambda x: sc.gdtr(1.5, 2.0, x),
        lambda x: sc.chdtr(3.0, x),
        lambda x: sc.pdtr(2, x),
        lambda x: sc.fdtr(1.0, 3.0, x),
        lambda x: sc.fdtrc(2.0, 30.0, x),
    ],
)
def test_distributions_end_flat_at_infinity(f: Any) -> None:
    assert [derivative(f, order=n)(math.inf) for n in (1, 2, 3)] == [0, 0, 0]
    with np.errstate(over="ignore"):
        assert derivative(lambda x: f(np.exp(x)))(800.0) == 0


@pytest.mark.parametrize("f", [sc.huber, sc.pseudo_huber])
def test_losses_of_negative_widths_have_no_derivatives(f: Any) -> None:
    """They are infinite there, whatever the formula says."""
    assert f(-1.0, 0.5) == math.inf
    for n in (1, 2):
        assert math.isnan(derivative(lambda r: f(-1.0, r), order=n)(0.5))
        assert math.isnan(derivative(lambda d: f(d, 0.5), order=n)(-1.0))
    assert derivative(lambda r: f(0.0, r))(0.0) == derivative(lambda d: f(d, 0.0))(0.0) == 0


def test_literature() -> None:
    """Derivatives in parameters that have a closed form after all."""
    x = 1.3
    # DLMF 10.15.6: ∂J_v/∂v at v = ½
    want = math.sqrt(2 / (math.pi * x)) * (
        sc.sici(2 * x)[1] * math.sin(x) - sc.sici(2 * x)[0] * math.cos(x)
    )
    assert derivative(sc.jv)(0.5, x) == pytest.approx(want, rel=1e-13)
    # ζ′(0) = −log(2π)/2 and ∂ζ(s, q)/∂s at s = 0 is log Γ(q) − log(2π)/2, DLMF 25.6.11, 25.11.18
    assert derivative(sc.zeta)(-1e-300) == pytest.approx(-math.log(2 * math.pi) / 2, rel=1e-14)
    # ζ′(2) = π²/6·(γ + log 2π − 12 log A), A the constant of Glaisher and Kinkelin
    assert derivative(sc.zeta)(2.0) == pytest.approx(-0.937548254315843754, rel=1e-15)
    assert derivative(sc.gammainc, 1)(3.0, 2.0) == pytest.approx(2 * math.exp(-2), rel=1e-15)
    # I_x(a, 1) = x^a
    assert derivative(sc.betainc)(2.5, 1.0, 0.3) == pytest.approx(
        0.3**2.5 * math.log(0.3), rel=1e-14
    )
    # Q(n, x) of n = 1: E₁ tells ∂Γ(a, x)/∂a at a = 1: e^(−x)·log x + E₁(x)
    upper = math.exp(-x) * math.log(x) + sc.exp1(x)
    want = upper + np.euler_gamma * math.exp(-x)
    assert derivative(sc.gammaincc)(1.0, x) == pytest.approx(want, rel=1e-13)


def test_parameters_that_count_are_refused() -> None:
    x = Dual(1.0, 1.0)
    for call, argument in (
        (lambda: sc.yn(x, 2.0), "n"),
        (lambda: sc.expn(x, 2.0), "n"),
        (lambda: sc.eval_legendre(x, 0.5), "n"),
        (lambda: sc.pdtr(x, 0.5), "k"),
    ):
        with pytest.raises(TypeError, match=f"has no derivative in its argument '{argument}'"):
            call()
    with pytest.raises(TypeError, match="takes floats"):
        sc.jv(0, Dual(mpf(1), mpf(1)))


COUNTS: dict[str, Callable[[float], Any]] = {
    "bdtr": lambda p: sc.bdtr(1.7, 4.5, p),
    "bdtrc": lambda p: sc.bdtrc(1.7, 4.5, p),
    "bdtri": lambda p: sc.bdtri(1.7, 4.5, p),
    "nbdtr": lambda p: sc.nbdtr(1.5, 2.5, p),
    "nbdtrc": lambda p: sc.nbdtrc(1.5, 2.5, p),
    "nbdtri": lambda p: sc.nbdtri(1.5, 2.5, p),
    "pdtr": lambda m: sc.pdtr(1.5, m),
    "kn": lambda x: sc.kn([0.5, 1.7, 3.0], x),
    "yn": lambda x: sc.yn([0.5, 1.7, 3.0], x),
    "expn": lambda x: sc.expn([0.5, 1.7, 3.0], x),
    "polygamma": lambda x: sc.polygamma([1, 2], x),
    "spherical_jn": lambda x: sc.spherical_jn([0, 2], x),
    "spherical_kn": lambda x: sc.spherical_kn([0, 2], x, True),
    "diric": lambda x: sc.diric(x, [3, 4]),
}


@pytest.mark.filterwarnings("ignore:.*truncated to an integer:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:.*non-integer:DeprecationWarning")
@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_what_scipy_makes_of_them(name: str) -> None:
    f, h = COUNTS[name], 1e-3
    value, slope = dualad.jvp(f, (0.4,), (1.0,))
    np.testing.assert_array_equal(value, f(0.4))
    wide, narrow = ((np.asarray(f(0.4 + d)) - f(0.4 - d)) / (2 * d) for d in (2 * h, h))
    np.testing.assert_allclose(slope, narrow + (narrow - wide) / 3, rtol=1e-7)


def test_failure_of_mpmath_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import dualad.special_rules as rules

    def fails(*args: Any) -> Any:
        raise ValueError("no convergence")

    monkeypatch.setitem(rules.EXACT, "jv", fails)
    with pytest.raises(ArithmeticError, match=r"scipy\.special\.jv .* at \(0\.5, 1\.0\); pass"):
        sc.jv(Dual(0.5, 1.0), 1.0)


# where mpmath would calculate for minutes, or for ever: a sum that grows for millions of terms, or
# whose integers do, and a quadrature that does not converge
ENDLESS: list[tuple[str, tuple[float, ...]]] = [
    ("jv", (1e10, 1e10)),
    ("iv", (1e100, 1e100)),
    ("kv", (1e6, 1e6)),
    ("hankel1", (-1e10, -1e10)),
    ("struve", (1e6, 1e6)),
    ("elliprj", (0.0, 2.1, 2.2, 2.3)),
]


@pytest.mark.parametrize("name, at", ENDLESS)
def test_what_mpmath_would_calculate_for_ever_is_refused(name: str, at: tuple[float, ...]) -> None:
    with pytest.raises(
        ArithmeticError, match=rf"scipy\.special\.{name} .* could not be calculated"
    ):
        derivative(getattr(sc, name))(*at)


def test_a_recurrence_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(special_rules.EXACT, "jv", lambda m, v, x: m.hyp2f1(v, 1, 2, m.nan))
    with pytest.raises(ArithmeticError, match="could not be calculated"):
        derivative(sc.jv)(0.5, 1.0)
    assert (
        derivative(sc.fdtr)(4.5, 4.6, math.inf) == derivative(sc.fdtr, 1)(4.5, 4.6, math.inf) == 0
    )


def test_slopes_ask_scipy_for_nothing_where_it_would_crash() -> None:
    assert np.isnan(derivative(sc.ive, 1)(-1e300, 15.0))


def test_contexts_of_mpmath_are_not_that_of_users() -> None:
    with mp.workdps(7):
        want = derivative(sc.jv)(0.5, 1.0)
        assert mp.dps == 7
    assert derivative(sc.jv)(0.5, 1.0) == want


def test_zero_tangents_and_poles() -> None:
    x = Dual(np.array([0.0, 1.0]), np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert sc.entr(x).tangent.tolist() == [[0.0, -1.0], [np.inf, 0.0]]
    assert sc.rel_entr(x, 2.0).tangent[0, 0] == 0.0
    assert np.isfinite(sc.rgamma(Dual(np.array([0.0, -1.0, -7.0]), np.ones(3))).tangent).all()
    second = derivative(sc.rgamma, order=2)(-3.0)
    with mp.workdps(40):
        assert second == pytest.approx(float(mp.diff(mp.rgamma, -3, 2)), rel=1e-13)
        want = float(mp.diff(lambda a: mp.rf(a, 2), -3))
        assert derivative(sc.poch)(-3.0, 2.0) == pytest.approx(want, rel=1e-13)
    assert sc.spherical_jn(1, 0.0) == 0.0


def test_out_and_where() -> None:
    x = Dual(np.array([0.5, 1.5, 2.5]), np.ones((2, 3)))
    y = np.zeros_like(x)
    assert sc.j0(x, out=y) is y
    np.testing.assert_array_equal(y.tangent, sc.j0(x).tangent)
    sc.i0(x, out=y, where=[True, False, True])
    np.testing.assert_array_equal(y.tangent[0, 1], sc.j0(x).tangent[0, 1])
    np.testing.assert_array_equal(y.tangent[0, 2], sc.i0(x).tangent[0, 2])
    with pytest.raises(TypeError, match="cannot hold derivatives"):
        sc.j0(x, out=np.zeros(3))


def test_functions_in_python_that_end_in_a_ufunc() -> None:
    assert derivative(sc.zeta, 1)(2.0, 1.0) == pytest.approx(-2 * sc.zeta(3.0), rel=1e-14)
    w = derivative(lambda z: sc.lambertw(z).real)(1.0)
    omega = 0.567143290409783873
    assert w == pytest.approx(omega / (1 + omega), rel=1e-15)
    assert derivative(lambda x: sc.jvp(1, x))(2.0) == pytest.approx(sc.jvp(1, 2.0, 2), rel=1e-14)
    assert derivative(sc.softplus)(0.0) == 0.5


@pytest.mark.parametrize("name", ["jn", "yn", "in", "kn"])
def test_spherical_functions_left_of_zero(name: str) -> None:
    """Their ufuncs are for positive numbers; SciPy reflects the others in Python."""
    f = getattr(sc, f"spherical_{name}")
    for n in (0, 1, 2, 5):
        for x in (-0.4, -3.0, 0.4):
            value, slope = dualad.value_and_grad(lambda t, n=n: f(n, t))(x)
            assert value == f(n, x)
            assert slope == pytest.approx(f(n, x, derivative=True), rel=1e-12)
            many = dualad.derivative(lambda t, n=n: f(n, t))(np.array([x, 0.7]))
            assert many[0] == pytest.approx(slope, rel=1e-12)


def test_a_fit_by_newton() -> None:
    """Maximum likelihood of a gamma distribution, as a statistician writes it."""
    data = np.array([1.2, 0.7, 2.9, 1.8, 0.4, 3.3])

    def loss(p: Any) -> Any:
        a, scale = p
        terms = sc.xlogy(a - 1, data / scale) - data / scale - sc.gammaln(a) - np.log(scale)
        return -np.sum(terms)

    p = np.array([1.0, 1.0])
    for _ in range(30):
        p = p - np.linalg.solve(jacobian(grad(loss))(p), grad(loss)(p))
    assert p[0] * p[1] == pytest.approx(data.mean(), rel=1e-13)
    want = np.log(data.mean()) - np.log(data).mean()
    assert np.log(p[0]) - sc.psi(p[0]) == pytest.approx(want, rel=1e-12)


def test_import_stays_light() -> None:
    code = (
        "import sys, dualad, numpy as np; x = dualad.Dual(np.ones(2), np.ones(2)); np.sin(x);"
        "assert 'scipy' not in sys.modules; import scipy.special as sc; np.exp(x);"
        "assert 'dualad.special_rules' not in sys.modules; sc.j0(x);"
        "assert 'dualad.special_rules' in sys.modules"
    )
    run_python("-c", code)


def test_rules_of_users_go_first() -> None:
    code = (
        "import dualad, scipy.special as sc\n"
        "before = dualad.derivative(sc.dawsn)(1.0)\n"
        "dualad.define_rule(sc.dawsn, lambda x, y: 7.0 + 0*x)\n"
        "assert dualad.derivative(sc.dawsn)(1.0) == 7.0 != before"
    )
    run_python("-c", code)


def test_functions_in_python() -> None:
    a = np.random.default_rng(0).normal(size=(3, 4))

    def plainly(x: Any, axis: Any) -> Any:
        return np.log(np.sum(np.exp(x), axis=axis))

    for axis in (None, 0, -1):
        check(lambda x, axis=axis: special.logsumexp(x, axis) if held(x) else plainly(x, axis), a)
        assert np.shape(special.logsumexp(Dual(a, a), axis, keepdims=True).primal) == np.shape(
            np.sum(a, axis, keepdims=True)
        )
        for f, g in (
            (special.softmax, np.exp),
            (special.log_softmax, lambda x: x),
        ):

            def same(x: Any, axis: Any = axis, f: Any = f, g: Any = g) -> Any:
                if held(x):
                    return f(x, axis)
                return g(x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True)))

            check(same, a)
    weighted = special.logsumexp(Dual(a, a), 1, b=Dual(a * a, a))
    want = (np.exp(a) * (a * a * a + a)).sum(1) / (np.exp(a) * a * a).sum(1)
    np.testing.assert_allclose(weighted.tangent, want, rtol=1e-12)
    assert special.logsumexp([Dual(1000.0, 1.0), 999.0]).primal == sc.logsumexp([1000.0, 999.0])
    np.testing.assert_allclose(
        special.logsumexp(Dual(np.array([-np.inf, 1.0]), np.ones(2))).tangent, 1
    )
    np.testing.assert_array_equal(special.softmax(a, 1), sc.softmax(a, 1))
    for n, x in itertools.product((0, 1, 2, 5), np.linspace(0.1, 9, 50).tolist()):
        of = Dual(x, 1.0)
        assert special.polygamma(n, of).primal == sc.polygamma(n, x)  # not ours, of other bits
        assert special.polygamma(n, of).tangent == pytest.approx(sc.polygamma(n + 1, x), rel=1e-12)
    for x in (1.3, np.float64(1.3), np.float32(1.3), np.array(1.3), np.array([1.3, 2.0])):
        found, right = special.polygamma(2, Dual(x, 0.0 * x + 1.0)).primal, sc.polygamma(2, x)
        assert type(found) is type(right) and np.shape(found) == np.shape(right)
        assert dualad.value_and_grad(lambda x: np.sum(sc.polygamma(2, x)))(x)[0] == np.sum(right)
    assert type(dualad.value_and_grad(lambda x: sc.polygamma(2, x))(1.3)[0]) is np.ndarray
    orders = np.array([1, 2])  # of integers: the result has the precision of x
    of = dualad.polygamma(orders, Dual(1.5, 1.0))
    np.testing.assert_allclose(of.primal, sc.polygamma(orders, 1.5), rtol=1e-14)
    np.testing.assert_allclose(of.tangent, sc.polygamma(orders + 1, 1.5), rtol=1e-14)
    for kind in ("jn", "yn", "in", "kn"):
        f, theirs = getattr(special, f"spherical_{kind}"), getattr(sc, f"spherical_{kind}")
        for n in (0, 1, 3):
            x = Dual(np.array([0.5, 2.0]), np.ones(2))
            np.testing.assert_array_equal(f(n, x).primal, theirs(n, x.primal))
            np.testing.assert_allclose(f(n, x).tangent, theirs(n, x.primal, True), rtol=1e-12)
            got = f(n, x, derivative=True)
            np.testing.assert_array_equal(got.primal, theirs(n, x.primal, True))
            z = x.primal  # z²w″ + 2z·w′ + (±z² − n(n + 1))·w = 0, DLMF 10.47.1 and 10.47.2
            sign = 1 if kind in ("jn", "yn") else -1
            second = -2 / z * theirs(n, z, True) - (sign - n * (n + 1) / z**2) * theirs(n, z)
            np.testing.assert_allclose(got.tangent, second, rtol=1e-11)


def held(x: Any) -> bool:
    return isinstance(x, Dual)


def test_helpers_are_used_as_rows() -> None:
    """A helper is a function of duals like any other."""
    bell = function(TABLE["_half_bell"])
    assert derivative(bell, order=2)(0.0) == -1.0


def test_logsumexp_with_sign() -> None:
    """log|Σ b·exp(a)|: the value and the sign are SciPy's, the derivative is that of the sum."""
    e = np.exp

    def slope(x: float) -> float:  # of log|e^x − e|
        return e(x) / (e(x) - e(1.0))

    for x in (0.7, 1.3):
        value, sign = sc.logsumexp([x, 1.0], b=[1, -1.0], return_sign=True)
        got, s = special.logsumexp([Dual(x, 1.0), 1.0], b=[1, -1.0], return_sign=True)
        assert (got.primal, s) == (value, sign)
        assert got.tangent == pytest.approx(slope(x), rel=1e-13)
    second = derivative(
        lambda x: special.logsumexp([x, 1.0], b=[1, -1.0], return_sign=True)[0], order=2
    )(0.7)
    assert second == pytest.approx(-e(1.7) / (e(0.7) - e(1.0)) ** 2, rel=1e-12)

    a, b = np.array([[0.7, 1.0], [2.0, 0.5]]), np.array([-2.0, 0.7])
    values, signs = sc.logsumexp(a, axis=1, b=b, return_sign=True)
    got, s = special.logsumexp(Dual(a, a), axis=1, b=Dual(b, b), return_sign=True)
    np.testing.assert_array_equal(got.primal, values)
    np.testing.assert_array_equal(s, signs)
    np.testing.assert_allclose(
        got.tangent, np.sum((b + b * a) * e(a), 1) / np.sum(b * e(a), 1), rtol=1e-13
    )
    kept, s = special.logsumexp(Dual(a, a), 0, keepdims=True, return_sign=True)
    assert kept.primal.shape == s.shape == (1, 2)
    with pytest.raises(TypeError, match="return_sign takes real duals"):
        special.logsumexp(Dual(a * 1j, a), return_sign=True)


# Shapes far out: a function, its arguments, and the same by mpmath.
TAILS: list[tuple[Any, tuple[float, ...], Any]] = [
    (sc.gammaincc, (0.5, 100.0), lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True)),
    (sc.gammaincc, (55.0, 500.0), lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True)),
    (sc.gammaincc, (12.0, 640.0), lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True)),
    (sc.gammainc, (30.0, 1e-8), lambda a, x: mp.gammainc(a, 0, x, regularized=True)),
    (sc.gammainc, (0.01, 1e-9), lambda a, x: mp.gammainc(a, 0, x, regularized=True)),
    (sc.chdtrc, (3.0, 900.0), lambda v, x: mp.gammainc(v / 2, x / 2, mp.inf, regularized=True)),
    (sc.betainc, (40.0, 3.0, 1e-6), lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True)),
    (
        sc.betaincc,
        (3.0, 9.0, 1 - 2**-30),
        lambda a, b, x: mp.betainc(b, a, 0, 1 - x, regularized=True),
    ),
    (sc.betaincc, (5.0, 80.0, 0.99), lambda a, b, x: mp.betainc(b, a, 0, 1 - x, regularized=True)),
    (sc.stdtr, (30.0, -1e5), lambda v, t: mp.betainc(v / 2, 0.5, 0, v / (v + t * t), True) / 2),
    (
        sc.fdtrc,
        (29.0, 18.0, 1e8),
        lambda a, b, x: mp.betainc(b / 2, a / 2, 0, b / (b + a * x), regularized=True),
    ),
]


@pytest.mark.parametrize("f, at, exactly", TAILS)
def test_shapes_far_out(f: Any, at: tuple[float, ...], exactly: Any) -> None:
    """All digits of what is tiny: no difference of numbers near 1 is left in it."""
    for i in range(len(at)):
        for order in (1, 2):
            with mp.workdps(80):
                given = [mpf(x) for x in at]

                def along(v: Any, i: int = i, given: Any = given) -> Any:
                    return exactly(*given[:i], v, *given[i + 1 :])

                want = mp.diff(along, given[i], order, h=abs(given[i]) * mpf(10) ** -20)
            got = derivative(f, i, order)(*at)
            assert got == pytest.approx(float(want), rel=2e-12, abs=0), (i, order)


def test_shapes_of_arrays_need_no_mpmath(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which takes a millisecond for each element."""
    monkeypatch.setitem(special_rules.EXACT, "gammainc", None)
    monkeypatch.setitem(special_rules.EXACT, "betainc", None)
    x = np.array([[1e-9], [0.3], [0.8], [0.999]])
    a = np.array([0.2, 0.5, 3.0, 40.0, 2e3])
    for f in (lambda a: sc.gammaincc(a, 9 * x), lambda a: sc.betaincc(a, 0.3 + a, x)):
        for order in (1, 2):
            y = [derivative(lambda v, f=f, k=k: f(v)[k], order=order)(float(v))
                 for v in a for k in range(4)]  # fmt: skip
            assert np.isfinite(y).all()


def test_rows_that_are_no_functions_by_name_say_what_they_are() -> None:
    """Those that texts of other rows explain, and those that public functions stand for."""
    used = [
        TABLE[name]
        for path in Path(dualad.__file__).parent.rglob("*.py")
        for name in re.findall(r'TABLE\["(_\w+)"\]', path.read_text("utf-8"))
    ]
    helpers = [rule for name, rule in MAIN_TABLE.items() if name[0] == "_"]
    assert used and helpers
    assert [rule.name for rule in (*used, *helpers) if not rule.says] == []


@pytest.mark.parametrize("n", [1, 2, 3, 7, 10])
def test_derivatives_of_the_dirichlet_kernel_at_its_maxima_and_elsewhere(n: int) -> None:
    """The kernel is the mean of exp(ikx) over n steps k around 0; SciPy's is 1 near 2πm."""
    steps = [k - mp.mpf(n - 1) / 2 for k in range(n)]
    for x in (0.0, 1e-9, -1e-7, 1e-5, 0.3, -1.5, 3.0, 2 * math.pi, 2 * math.pi + 1e-8, -6.2):
        value = dualad.value_and_grad(lambda t: sc.diric(t, n))(x)[0]
        assert value == sc.diric(x, n) and type(value) is np.ndarray
        for order in (1, 2, 3):
            with mp.workdps(30):
                want = mp.fsum(s**order * mp.cos(s * mp.mpf(x) + order * mp.pi / 2) for s in steps)
            got = derivative(lambda t: sc.diric(t, n), order=order)(x)
            bound = 1e-12 * float(mp.fsum(abs(s) ** (order + 1) for s in steps)) * abs(x)
            assert float(got) == pytest.approx(float(want / n), rel=1e-11, abs=bound + 1e-15 * n)


@pytest.mark.parametrize("degree", range(5))
def test_legendre_functions_are_polynomials_everywhere(degree: int) -> None:
    """Those of order 0 go on beyond −1 and 1, with all derivatives."""
    polynomial = np.polynomial.legendre.Legendre.basis(degree)
    for x in (-3.0, -1.0, -0.5, 0.0, 0.9, 1.0, 2.0):
        for order in (1, 2, 3):
            got = derivative(lambda x: sc.lpmv(0, degree, x), order=order)(x)
            assert got == pytest.approx(polynomial.deriv(order)(x), abs=1e-10), (x, order)


ENDS: dict[str, Callable[[Any, Any], Any]] = {
    "betaincinv, a": lambda a, p: sc.betaincinv(a, 2.0, p),
    "betaincinv, b": lambda b, p: sc.betaincinv(2.0, b, p),
    "betainccinv, a": lambda a, p: sc.betainccinv(a, 2.0, p),
    "betainccinv, b": lambda b, p: sc.betainccinv(2.0, b, p),
    "gammaincinv": lambda a, p: sc.gammaincinv(a, p),
    "gammainccinv": lambda a, p: sc.gammainccinv(a, p),
    "chdtri": lambda v, p: sc.chdtri(v, p),
}


@pytest.mark.parametrize("name", ENDS)
def test_quantiles_at_the_ends_stay_there(name: str) -> None:
    f = ENDS[name]
    for p in (0.0, 1.0):
        assert f(3.0, p) == f(4.0, p)
        for order in (1, 2):
            assert derivative(lambda a, p=p: f(a, p), order=order)(3.0) == 0
        assert not np.any(grad(lambda a, p=p: np.sum(f(a, np.array([p, p]))))(np.array([3.0, 4.0])))
    h = 1e-4
    slope = (f(3.0 + h, 0.3) - f(3.0 - h, 0.3)) / (2 * h)
    assert derivative(lambda a: f(a, 0.3))(3.0) == pytest.approx(slope, rel=1e-6)
    both = derivative(lambda a: np.sum(f(a, np.array([0.0, 0.3]))[1:]))(3.0)
    assert both == pytest.approx(slope, rel=1e-6)


FAR: dict[str, tuple[Callable[[Any], Any], float]] = {  # at which SciPy or mpmath sum for ever
    "hyp1f1": (lambda x: sc.hyp1f1(1, 2, x), 1e300),
    "hyp1f1 at infinity": (lambda x: sc.hyp1f1(1, 2, x), np.inf),
    "hyp1f1 in a": (lambda a: sc.hyp1f1(a, 1.3, 2.1), 1e300),
    "hyp2f1 in a": (lambda a: sc.hyp2f1(a, 1.3, 2.1, 0.4), 1e300),
    "elliprj": (lambda x: sc.elliprj(x, 1.3, 2.1, 0.4), -1e5),
}


@pytest.mark.parametrize("name", FAR)
def test_a_slope_is_not_asked_for_where_the_function_has_left_the_floats(name: str) -> None:
    f, x = FAR[name]
    assert not np.isfinite(f(x))
    for order in (1, 2):
        assert not np.isfinite(derivative(f, order=order)(x))
    assert not np.isfinite(grad(lambda v: np.sum(f(v)))(np.array([x, 0.5]))[0])


def test_the_slope_of_hyp1f1_up_to_where_it_overflows() -> None:
    with mp.workdps(30):
        for x in (-700.0, -3.0, 0.0, 0.5, 600.0):
            want = mp.diff(lambda t: mp.hyp1f1(1, 2, t), x)
            assert derivative(lambda v: sc.hyp1f1(1, 2, v))(x) == pytest.approx(float(want), 1e-12)


def test_the_slope_of_stdtr_in_the_degrees_of_freedom() -> None:
    v = np.array([1e-3, 0.3, 1.0, 2.5, 7.0, 30.0, 40.4, 1e3, 6814.2, 1e6])[:, None]
    t = np.array([-8.0, -1.7, -1.0, -0.3, -1e-4, 0.0, 1e-4, 0.9, 2.6, 5.0])
    got = jacobian(lambda v: sc.stdtr(v, t).sum(axis=1))(v)
    each = jvp(lambda v: sc.stdtr(v, t), (v,), (np.ones_like(v),))[1]
    np.testing.assert_allclose(np.diagonal(got[:, :, 0]), each.sum(axis=1), rtol=1e-12)

    def slope(v: float, t: float) -> mpf:
        half, square = mpf(1) / 2, mpf(t) ** 2
        tail = mp.diff(lambda n: mp.betainc(n / 2, half, 0, n / (n + square), True) / 2, v)
        return -mp.sign(t) * tail

    with mp.workdps(60):
        for i, a in enumerate(v[:, 0].tolist()):
            for j, b in enumerate(t.tolist()):
                want = float(slope(a, b)) if b else 0.0
                assert each[i, j] == pytest.approx(want, rel=2e-13, abs=1e-290), (a, b)
