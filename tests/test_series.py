"""Series: every row against mpmath, array functions against nested duals, and uses of them."""

from __future__ import annotations

import functools
import inspect
import math
import pickle
import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.ndimage
import scipy.signal
import scipy.sparse.linalg
from mpmath import mp, mpf
from support.both import PACKAGES
from support.cases import listed
from support.reference import reference
from test_higher_order import every_case
from test_rules import SLOPED, samples, sloped

import dualad
import dualad.scipy.sparse
from dualad import Dual, define_rule, derivative, grad, series, taylor
from dualad.dual import function
from dualad.pair import dual, moved
from dualad.rules import Rule
from dualad.structure import leaves

ORDER = 12


def powers(x: Any, m: Any) -> Any:
    """What mpmath says of ψ at x: its coefficients, without differences."""
    return [mp.psi(n, x) / mp.factorial(n) for n in range(m + 1)]


def of_gamma(name: str, x: Any) -> list[Any]:
    """Coefficients of digamma, lgamma = ∫ψ and gamma = exp(lgamma)."""
    psi = powers(x, ORDER)
    if name == "digamma":
        return psi
    log = [mp.log(abs(mp.gamma(x))), *(psi[n - 1] / n for n in range(1, ORDER + 1))]
    if name == "lgamma":
        return log
    found = [mp.gamma(x)]
    for n in range(1, ORDER + 1):
        found.append(sum(j * log[j] * found[n - j] for j in range(1, n + 1)) / n)
    return found


def truth(name: str, args: Sequence[Any], i: int) -> list[Any]:
    with mp.workdps(60):
        given = [mpf(a) if isinstance(a, float) else a for a in args]
        if name in ("digamma", "lgamma", "gamma"):
            return of_gamma(name, given[0])
        if name == "polygamma":
            n = given[0]
            return [mp.psi(n + k, given[1]) / mp.factorial(k) for k in range(ORDER + 1)]
        f = reference(name)
        return mp.taylor(  # type: ignore[no-any-return]
            lambda t: f(*[t if k == i else a for k, a in enumerate(given)]), given[i], ORDER
        )


def hold(got: Sequence[Any], expected: Sequence[Any], tolerance: float = 1e-12) -> None:
    """Each coefficient to 1e-12, or to the rounding of those beside it."""
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        assert float(abs(a - b)) <= tolerance * float(abs(b)) + 1e-300


@pytest.mark.parametrize("rule", SLOPED, ids=lambda r: r.name)
def test_every_row(rule: Rule) -> None:
    (args, *_) = samples(rule, 1)
    for i in sloped(rule):
        f = function(rule)

        def along(x: Any, i: int = i, f: Any = f) -> Any:
            return f(*[x if k == i else a for k, a in enumerate(args)])

        expected = truth(rule.name, args, i)
        got = taylor(along, ORDER)(args[i])
        hold(got, expected)
        assert got[0] == along(args[i]) and type(got[0]) is type(along(args[i]))
        many = taylor(along, ORDER)(np.array([args[i], args[i]]))
        for c, expected_c in zip(many, expected, strict=True):
            assert c.shape == (2,) and c.dtype == float
            np.testing.assert_allclose(c, float(expected_c), rtol=1e-12)


def outcome(f: Callable[[Any], Any], x: Any) -> Any:
    """The coefficients as numbers with their types, or the error."""
    try:
        found = taylor(f, 6)(x)
    except Exception as error:
        return type(error), str(error)
    return [type(c) for c in found], np.array([np.ravel(c) for c in found], float)


def hold_alike(f: Callable[[Any], Any], x: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What recurrences give is what the row's slopes give, up to rounding."""
    with warnings.catch_warnings(action="ignore"):
        kinds, got = outcome(f, x)
        with monkeypatch.context() as patch:
            patch.setattr(series, "KERNEL", None)
            expected_kinds, expected = outcome(f, x)
    assert kinds == expected_kinds
    if isinstance(expected, str):
        assert got == expected
        return
    assert np.array_equal(got[0], expected[0], equal_nan=True)  # the plain run
    size = np.maximum.accumulate(np.where(np.isfinite(expected), np.abs(expected), 0))
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12 * float(size.max(initial=0)))


def test_a_recurrence_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a kernel: else the tests of parity compare the definition with itself."""
    calls = []

    def noted(*args: Any) -> Any:
        calls.append(args)
        raise AssertionError

    if series.KERNEL:
        monkeypatch.setattr(series.SeriesLevel, "_coefficients", noted)
        hold(taylor(dualad.exp, 3)(0.0), [1.0, 1.0, 0.5, 1 / 6])
        taylor(lambda x: np.exp(x) / (1 + x**2), 3)(np.array([0.0, 1.0]))
        assert not calls


@pytest.mark.parametrize("rule", SLOPED, ids=lambda r: r.name)
def test_recurrences_and_slopes_agree(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each row, along lines and curves, at samples, kinks, and where there is no derivative."""
    f = function(rule)
    for args in [*samples(rule, 2), *rule.points]:
        active = list(sloped(rule))
        for moving in [[i] for i in active] + [active] * (len(active) > 1):
            for bend in (lambda t: t, dualad.expm1):

                def along(t: Any, args: Any, m: Any = moving, bend: Any = bend) -> Any:
                    return f(*[a + (1 + i) * bend(t) if i in m else a for i, a in enumerate(args)])

                for t in (0.0, np.float64(0.0)):
                    hold_alike(lambda t, given=args: along(t, given), t, monkeypatch)
                arrays = [np.full(3, float(a)) if i in active else a for i, a in enumerate(args)]
                hold_alike(lambda t, given=arrays: along(t, given), np.zeros(3), monkeypatch)


def test_recurrences_at_the_ends_of_the_range(monkeypatch: pytest.MonkeyPatch) -> None:
    for x in (0.0, -0.0, 1e-200, -1e-200, 1e-320, 1e200, -1e200, 1e9, 35.0, 800.0, -800.0):
        for f in (
            *(dualad.atan, dualad.asinh, dualad.tanh, dualad.sigmoid, dualad.erf, dualad.sqrt),
            *(abs, dualad.cbrt, lambda t: t**2, lambda t: t**3, lambda t: t**2.5, lambda t: 2.0**t),
            *(lambda t: t**t, lambda t: 1 / t, lambda t: dualad.hypot(t, 3.0), dualad.log),
            *(lambda t: dualad.atan2(t, 1e-180), lambda t, x=x: dualad.maximum(t, x), dualad.exp),
        ):
            hold_alike(f, x, monkeypatch)
            hold_alike(f, np.array([x, 0.75]), monkeypatch)


def test_recurrences_in_arrays_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    for shape in ((1,), (31,), (33,), (5, 13), (2, 3, 7), (), (0,)):
        x = np.linspace(0.3, 0.9, math.prod(shape)).reshape(shape)
        row = x[..., :1] if shape and shape != (0,) else 0.5
        hold_alike(lambda t, row=row: np.exp(t) * row / (t + row * t) ** 1.5, x, monkeypatch)
        hold_alike(lambda t: np.arctan2(np.sin(t), 2.0 - t), x, monkeypatch)
    x = np.linspace(0.3, 0.9, 60).reshape(5, 12)
    hold_alike(lambda t: np.log(t.T) * t.T[::2, :1], x, monkeypatch)  # no row-major memory
    hold_alike(lambda t: np.sqrt(t[1:, ::3]) + t[:-1, ::3], x, monkeypatch)
    many = taylor(lambda t: np.tanh(t) * t, 30)(x)  # more than fit into a dual
    one = taylor(lambda t: math.tanh(t) * t, 30)(x[2, 5].item())
    np.testing.assert_allclose([c[2, 5] for c in many], one, rtol=1e-10, atol=1e-300)


def test_rows_of_scipy() -> None:
    special = pytest.importorskip("scipy.special")
    x = mpf("0.7")
    with mp.workdps(60):
        expected: dict[str, tuple[Callable[[Any], Any], list[Any]]] = {
            "jv": (lambda t: special.jv(1.5, t), mp.taylor(lambda t: mp.besselj(1.5, t), x, 10)),
            "ndtr": (special.ndtr, mp.taylor(mp.ncdf, x, 10)),
            "ellipk": (special.ellipk, mp.taylor(mp.ellipk, x, 10)),
            "lambertw": (
                lambda t: special.lambertw(t).real,
                mp.taylor(lambda t: mp.lambertw(t).real, x, 10),
            ),
            "gammainc": (
                lambda t: special.gammainc(2.0, t),
                mp.taylor(lambda t: mp.gammainc(2, 0, t, regularized=True), x, 10),
            ),
            "hyp2f1": (
                lambda t: special.hyp2f1(0.5, 1.5, 2.0, t),
                mp.taylor(lambda t: mp.hyp2f1(0.5, 1.5, 2, t), x, 10),
            ),
        }
    for f, want in expected.values():
        hold(taylor(f, 10)(0.7), want, 1e-11)


def test_all_rows_of_scipy_to_third_order() -> None:
    """Against nested duals, which other tests hold against mpmath."""
    pytest.importorskip("scipy.special")
    import test_special

    slow = ("ellipj", "elliprg", "elliprj", "betaincinv", "betainccinv", "btdtrib", "stdtridf")
    for name in (*test_special.SMOOTH[::3], "gdtrib", "btdtria"):
        if name in slow:
            continue
        (args,) = test_special.points(name, 1)
        i = test_special.active(name)[-1]

        def f(x: Any, name: str = name, args: Any = args, i: int = i) -> Any:
            given = [x if k == i else a for k, a in enumerate(args)]
            return list(test_special.outputs(test_special.UFUNCS[name](*given)))

        nested = [f(args[i]), *(derivative(f, order=k)(args[i]) for k in (1, 2, 3))]
        for point in (args[i], np.array([args[i]] * 2)):
            got = taylor(f, 3)(point)
            for k, (found, want) in enumerate(zip(got, nested, strict=True)):
                for a, b in zip(found, want, strict=True):
                    close = {"rtol": 1e-10, "atol": 1e-13 * float(np.max(np.abs(nested[0])))}
                    np.testing.assert_allclose(np.ravel(a)[0], b / math.factorial(k), **close)


def test_where_orders_beside_each_other_would_cancel() -> None:
    special = pytest.importorskip("scipy.special")
    cases: list[tuple[Callable[[Any], Any], Callable[[Any], Any], tuple[float, ...]]] = [
        (lambda t: dualad.hypot(t, 1.0), lambda t: mp.hypot(t, 1), (1e4, 1e6, -1e5, 1e-3)),
        (lambda t: dualad.hypot(2.0, t), lambda t: mp.hypot(2, t), (1e6, 0.3)),
        (lambda t: t**1e-20, lambda t: t ** mpf(1e-20), (0.3, 40.0)),
        (
            lambda t: special.pseudo_huber(1.0, t),
            lambda t: mp.sqrt(1 + t * t) - 1,
            (1e4, 1e6, 0.7),
        ),
        (
            lambda t: special.pseudo_huber(t, 1.25),
            lambda t: t * t * (mp.sqrt(1 + (1.25 / t) ** 2) - 1),
            (1e-3, 0.7, 1e5),
        ),
        (
            lambda t: special.kl_div(0.25, t),
            lambda t: mp.log(0.25 / t) / 4 - 0.25 + t,
            (1e8, 0.5, 1e-3),
        ),
        *(
            (
                lambda t, n=n: special.eval_legendre(n, t),
                lambda t, n=n: mp.legendre(n, t),
                (1e-8, -1e-5, 1e-3, 0.3),
            )
            for n in (4, 5, 7)
        ),
        (lambda t: special.poch(t, 2.5), lambda t: mp.rf(t, 2.5), (1e-8, 1e-3, 0.5, 3.0)),
        (lambda t: special.poch(t, 0.25), lambda t: mp.rf(t, 0.25), (1e-5, 0.99, 1.01)),
        *(
            (
                lambda t, v=v: special.struve(v, t),
                lambda t, v=v: mp.struveh(v, t),
                (1e-8, 1e-3, 0.5, 0.999, 1.001, 4.0),
            )
            for v in (-1.0, 0.0, 1.0, 0.5, 3.0)
        ),
        *(
            (
                lambda t, v=v: special.modstruve(v, t),
                lambda t, v=v: mp.struvel(v, t),
                (1e-8, 1e-3, 0.5, 1.001),
            )
            for v in (0.0, 1.0, 0.5)
        ),
        (
            lambda t: special.it2struve0(t),
            lambda t: mp.pi / 2 - mp.quad(lambda s: mp.struveh(0, s) / s, [0, t]),
            (1e-3, 0.5),
        ),
    ]
    for f, g, points in cases:
        for x in points:
            with mp.workdps(80):
                want = [c * mp.factorial(k) for k, c in enumerate(mp.taylor(g, mpf(x), 4))]
            for k in (1, 2, 3, 4):
                for got in (derivative(f, order=k)(x), taylor(f, 4)(x)[k] * math.factorial(k)):
                    assert got == pytest.approx(float(want[k]), rel=1e-9, abs=0), (x, k)


COMPLEX: dict[str, tuple[complex, ...]] = {
    "tan": (0.3 + 20j, -1e-6 - 35j, 2 + 300j, 0.7 + 1e-8j, 1e-38 + 1j),
    "cot": (0.3 + 20j, -1e-6 - 35j, 2 + 300j, 1.2 - 0.4j),
    "tanh": (20 + 0.3j, -340 + 2j, -800 + 1j, 800 + 1j, -3 + 0.2j),
    "sigmoid": (-36 + 1j, 2 - 0.5j),
    "asinh": (1e-8 + 2j, 3e142 + 1e150j, -1e200 + 1j, 1e5 - 1e5j),
    "acosh": (-1e-38 + 1e-43j, 1e-8 + 1e-150j, 0.5 + 1e-12j, 1 + 1e-8j, -2 + 1e-20j, 1e40 + 1e38j),
    "atanh": (1e-8 + 2j, 1 + 1e-8j, 1e5 + 1j),
    "log1p": (-1 + 1e-8j, 1e-150j),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_numbers_keep_their_digits(name: str) -> None:
    """Each part, to what a rounding of the argument does: f⁽ⁿ⁺¹⁾·ulp(z), by mpmath's differences."""
    f, g = function(dualad.table.RULES[name]), reference(name)
    for z in COMPLEX[name]:
        with mp.workdps(1500):
            h = mpf(10) ** -60 * min(1, abs(z))
            values = [g(mp.mpc(z) + k * h) for k in range(6)]
            rows = [[(-1) ** (n - k) * math.comb(n, k) for k in range(n + 1)] for n in range(6)]
            want = [mp.fdot(row, values[: n + 1]) / h**n for n, row in enumerate(rows)]
        series, of_array = taylor(f, 4)(z), taylor(f, 4)(np.array([z]))
        for n in range(1, 5):
            size = abs(want[n]) + abs(want[n + 1]) * abs(z)
            for got in (
                series[n] * math.factorial(n),
                complex(of_array[n][0]) * math.factorial(n),
                derivative(f, order=n)(z),
            ):
                for a, b in ((got.real, want[n].real), (got.imag, want[n].imag)):
                    assert abs(a - b) <= 1e-13 * size + 1e-11 * abs(b) + 1e-300, (z, n, got)


class Rounded:
    """A series in mpmath's numbers; of one step, one coefficient is off by a small part of it."""

    part = mpf(2) ** -60
    step, which, at = 0, (-1, -1), mpf(0)  # of the steps so far; (step, coefficient); the point

    def __init__(self, c: Sequence[Any]) -> None:
        number, place = Rounded.which
        self.c = list(c)
        if Rounded.step == number:
            self.c[place] *= 1 + Rounded.part
        Rounded.step += 1

    @staticmethod
    def of(x: Any) -> list[Any]:
        return x.c if isinstance(x, Rounded) else [mpf(x), *[mpf(0)] * 8]

    def __add__(self, other: Any) -> Rounded:
        return Rounded([a + b for a, b in zip(self.c, self.of(other), strict=True)])

    def __sub__(self, other: Any) -> Rounded:
        return Rounded([a - b for a, b in zip(self.c, self.of(other), strict=True)])

    def __rsub__(self, other: Any) -> Rounded:
        return Rounded([b - a for a, b in zip(self.c, self.of(other), strict=True)])

    def __mul__(self, other: Any) -> Rounded:
        b = self.of(other)
        return Rounded([mp.fdot(self.c[: n + 1], b[n::-1]) for n in range(len(b))])

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> Rounded:
        b, found = self.of(other), []
        for n, a in enumerate(self.c):
            found.append((a - mp.fdot(b[1 : n + 1], found[::-1])) / b[0])
        return Rounded(found)

    @classmethod
    def called(cls, name: str) -> Callable[[Any], Rounded]:
        def call(_: Any) -> Rounded:
            return cls(mp.taylor(getattr(mp, name), cls.at, 8))

        return call


QUOTIENTS: dict[str, Callable[[Any, Any], Any]] = {
    "sin(x)/x": lambda m, x: m.sin(x) / x,
    "(1 - cos(x))/x²": lambda m, x: (1 - m.cos(x)) / (x * x),
    "expm1(x)/x": lambda m, x: m.expm1(x) / x,
    "x/expm1(x)": lambda m, x: x / m.expm1(x),
    "log1p(x)/x": lambda m, x: m.log1p(x) / x,
    "(exp(x) - 1)/x": lambda m, x: (m.exp(x) - 1) / x,
    "(x*cos(x) - sin(x))/x³": lambda m, x: (x * m.cos(x) - m.sin(x)) / (x * x * x),
    "coth(x) - 1/x": lambda m, x: m.cosh(x) / m.sinh(x) - (x * 0 + 1) / x,
    "tanh(x)/(1 + x)²": lambda m, x: m.tanh(x) / ((x + 1) * (x + 1)),
}


@pytest.mark.parametrize("name", QUOTIENTS)
@pytest.mark.parametrize("x", [1e-8, 1e-3, 0.1, 1.0, 5.0])
def test_no_more_digits_are_lost_than_rounding_takes(name: str, x: float) -> None:
    """A coefficient moves by what the rounding of one coefficient of one step does, and these add.

    So sin(x)/x loses digits near 0, whatever calculates it, as it does in the plain run.
    """
    f = QUOTIENTS[name]
    functions = ["sin", "cos", "expm1", "log1p", "exp", "sinh", "cosh", "tanh"]
    theirs = type("m", (), {n: staticmethod(Rounded.called(n)) for n in functions})

    def expanded(which: tuple[int, int]) -> list[Any]:
        Rounded.step, Rounded.which = 0, (-1, -1)
        start = Rounded([Rounded.at, mpf(1), *[mpf(0)] * 7])
        Rounded.step, Rounded.which = 0, which
        found: list[Any] = f(theirs, start).c
        return found

    with mp.workdps(900):
        Rounded.at = mpf(x)
        want = expanded((-1, -1))
        steps = Rounded.step
        moves = [
            [abs(a - b) / Rounded.part for a, b in zip(expanded((k, j)), want, strict=True)]
            for k in range(steps)
            for j in range(9)
        ]
        least = [sum(column) * mpf(2) ** -53 for column in zip(*moves, strict=True)]
    found = {
        "number": taylor(lambda x: f(dualad, x), 8)(x),
        "array": [c[0] for c in taylor(lambda x: f(np, x), 8)(np.array([x]))],
        "readable": PACKAGES[-1].taylor(lambda x: f(PACKAGES[-1], x), 8)(x),
        "derivative": [
            derivative(lambda x: f(dualad, x), order=n)(x) / math.factorial(n) for n in range(9)
        ],
    }
    for way, got in found.items():
        for n in range(9):
            assert abs(got[n] - want[n]) <= 4 * (n + 1) * least[n] + 1e-300, (way, n)


def test_slopes_at_the_lower_end_of_floats_are_elementwise() -> None:
    """Their rounding is that of whole steps of 5e-324."""
    for f, x in (
        (lambda x: 5e-324 / x, -0.01),
        (np.tan, 5e-324),
        (lambda x: np.arctan2(x, 1e-4), 5e-324),
    ):
        for order in (1, 2, 3):
            (got,) = derivative(f, order=order)(np.array([x]))
            assert got == pytest.approx(derivative(f, order=order)(x), rel=1e-9, abs=1e-320)
    with pytest.raises(ValueError, match="elementwise"):
        derivative(lambda x: 1e-300 * x[::-1])(np.array([1.0, 2.0]))


# -- programs --------------------------------------------------------------------------------------


def cubed(x: Any) -> Any:
    return x**3


def mixture(m: Any, x: Any) -> Any:
    return m.exp(-x) * m.sin(x) / (1 + x**2) + m.log(x) ** 3 - m.sqrt(x) * m.tanh(x / 2)


def test_numbers_of_any_system() -> None:
    with mp.workdps(50):
        expected = mp.taylor(lambda t: mixture(mp, t), mpf("1.3"), ORDER)
        got = taylor(lambda t: mixture(dualad, t), ORDER)(mpf("1.3"))
        for a, b in zip(got, expected, strict=True):
            assert isinstance(a, mpf) and abs(a - b) < mpf(10) ** -44 * (1 + abs(b))
    hold(taylor(lambda t: mixture(dualad, t), ORDER)(1.3), expected)
    hold(taylor(lambda t: mixture(math, t), ORDER)(1.3), expected)  # lifted
    of_numpy = taylor(lambda t: mixture(np, t), ORDER)(np.float64(1.3))
    hold(of_numpy, expected)
    assert type(of_numpy[0]) is np.float64
    z = taylor(lambda t: dualad.exp(2 * t), 5)(1j)
    hold(z, [np.exp(2j) * 2**k / math.factorial(k) for k in range(6)])
    exact = taylor(lambda t: 1 / (1 - t), 6)(Fraction(1, 3))
    assert exact == [Fraction(3, 2) ** (k + 1) for k in range(7)]
    single = taylor(lambda t: np.exp(t) * t, 3)(np.float32([0.5, 1.0]))
    assert all(c.dtype == np.float32 for c in single)


def test_arrays_and_views() -> None:
    def f(x: Any) -> Any:
        y = np.empty_like(x)
        y[0] = x[0] * x[1]
        y[1:] = np.cumsum(np.exp(x))[:-1]
        view = y[::2]
        view *= x[::2]
        return np.concatenate([y, [x @ x]])

    def by_hand(t: Any) -> list[Any]:
        x = [t + mpf(v) for v in (0.5, 1.0, 2.0)]
        e = [mp.exp(v) for v in x]
        return [x[0] * x[1] * x[0], e[0], (e[0] + e[1]) * x[2], sum(v * v for v in x)]

    with mp.workdps(40):
        expected = [mp.taylor(lambda t, i=i: by_hand(t)[i], 0, 8) for i in range(4)]
    got = taylor(f, 8)(np.array([0.5, 1.0, 2.0]))
    for i in range(4):
        hold([c[i] for c in got[:5]], expected[i][:5])
    zero = [float(c[3]) for c in got[3:]]
    assert zero == [0.0] * 6


def test_directions_structures_and_arguments() -> None:
    def f(p: Any, s: Any) -> Any:
        return {"a": p["x"] * s**2, "b": (p["v"] @ p["v"], 2.0)}

    p, v = {"x": 2.0, "v": np.array([1.0, 2.0])}, {"x": 1.0, "v": np.array([0.5, -1.0])}
    got = taylor(f, 3)(p, 3.0, direction=v)
    assert [c["a"] for c in got] == [18.0, 9.0, 0.0, 0.0]
    assert [c["b"][0] for c in got] == [5.0, -3.0, 1.25, 0.0]
    assert [c["b"][1] for c in got] == [2.0, 0.0, 0.0, 0.0]
    assert [c["a"] for c in taylor(f, 2, "s")(p, 3.0)] == [18.0, 12.0, 2.0]
    both = taylor(f, 3, (0, 1))(p, 3.0, direction=(v, 1.0))
    assert [c["a"] for c in both] == [18.0, 21.0, 8.0, 1.0]
    for kind in (float, np.float64):  # f(2 + 2it), also where f is of real numbers
        assert taylor(lambda x: x**2 * 3, 3)(kind(2.0), direction=2j) == [12.0, 24j, -12, 0]
    assert taylor(lambda x: x * 3, 0)(2.0) == [6.0]
    assert taylor(lambda x: 7.0, 2)(2.0) == [7.0, 0.0, 0.0]


def test_branches_and_kinks() -> None:
    f = lambda x: np.where(x > 1, np.exp(x), x**3)  # noqa: E731
    got = taylor(f, 4)(np.array([0.5, 2.0]))
    hold([c[0] for c in got], [0.125, 0.75, 1.5, 1.0, 0.0])
    hold([c[1] for c in got], [math.exp(2) / math.factorial(k) for k in range(5)])
    assert taylor(abs, 3)(-2.0) == [2.0, -1.0, 0.0, 0.0]
    assert taylor(abs, 2)(0.0) == [0.0, 0.0, 0.0]
    assert taylor(lambda x: dualad.maximum(x, x**2), 2)(3.0) == [9.0, 6.0, 1.0]
    assert taylor(lambda x: dualad.floor(x) * x, 2)(2.5) == [5.0, 2.0, 0.0]
    assert taylor(lambda x: x**2 if x > 0 else x, 2)(-1.0) == [-1.0, 1.0, 0.0]
    assert taylor(lambda x: np.max(np.stack([x, 2 * x, x**2])), 2)(1.5) == [3.0, 2.0, 0.0]


def test_zeros_are_strong() -> None:
    assert taylor(lambda x: dualad.sqrt(0 * x) + x, 3)(1.0) == [1.0, 1.0, 0.0, 0.0]
    assert taylor(lambda x: x**2, 4)(0.0) == [0.0, 0.0, 1.0, 0.0, 0.0]
    assert taylor(lambda x: x**3.0, 4)(np.zeros(2))[3].tolist() == [1.0, 1.0]
    got = taylor(dualad.sqrt, 2)(0.0)
    assert got[0] == 0.0 and got[1] == math.inf


FLAT = {
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "bell": lambda x: np.exp(-x * x),
    "gompertz": lambda x: np.exp(-np.exp(x)),
    "one branch": lambda x: np.minimum(np.exp(x), 5.0),
    "no branch": lambda x: np.minimum(np.sqrt(np.abs(x)), -1.0),
    "quotient": lambda x: 1 / np.hypot(x, 1.0),
    "step": np.floor,
    "rounding": np.rint,
}


@pytest.mark.parametrize("name", FLAT)
@pytest.mark.parametrize("x", [-math.inf, -800.0, -1e200, 0.0, 1e200, 800.0, math.inf])
def test_flat_at_infinity(name: str, x: float) -> None:
    """Where the first derivative is zero next to what is infinite, so are all behind it."""
    f = FLAT[name]
    with np.errstate(all="ignore"):
        value, slope = f(x), derivative(f)(x)
        assert value == value and slope == slope
        for got in (taylor(f, 4)(x), [c[0] for c in taylor(f, 4)(np.array([x, 0.5]))]):
            assert got[0] == value and got[1] == slope
            if abs(x) > 1 and slope == 0:
                assert got[2:] == [0, 0, 0]


def test_values_are_those_of_the_function_called() -> None:
    for x in (-0.0, 0.0, 0.5, math.nan):
        for point in (x, np.array([x]), np.float64(x)):
            want = np.asarray(np.clip(point, 0, 1)).tobytes()
            got = taylor(lambda t: np.clip(t, 0, 1), 2)(point)[0]
            assert np.asarray(got).tobytes() == want
            tangent = np.ones_like(point)[()]
            value = dualad.jvp(lambda t: np.clip(t, 0, 1), (point,), (tangent,))[0]
            assert np.asarray(value).tobytes() == want


@pytest.mark.parametrize("base", [0.0, -2.0])
def test_numbers_beside_arrays_at_the_edge_of_a_domain(base: float) -> None:
    x = np.array([0.0, 0.5, 2.0])
    with np.errstate(all="ignore"):
        got = taylor(lambda t: base**t, 2)(x)
        np.testing.assert_array_equal(got[0], np.power(base, x))
        np.testing.assert_array_equal(got[1], derivative(lambda t: base**t)(x))
        want = taylor(lambda t: np.full(3, base) ** t, 2)(x)
    np.testing.assert_array_equal(got, want)


def test_rules_of_the_users() -> None:
    haversine = define_rule(
        lambda x: np.sin(x / 2) ** 2, lambda x, y: dualad.sin(x) / 2, name="haversine_series"
    )
    with mp.workdps(40):
        expected = mp.taylor(lambda t: mp.sin(t / 2) ** 2, mpf(0.4), ORDER)
    hold(taylor(haversine, ORDER)(0.4), expected)
    hold([c[0] for c in taylor(haversine, ORDER)(np.array([0.4]))], expected)
    by_numpy = define_rule(
        lambda x: math.sin(x / 2) ** 2, lambda x, y: np.sin(x) / 2, name="haversine_numpy"
    )
    hold(taylor(by_numpy, ORDER)(0.4), expected)


# -- array functions -------------------------------------------------------------------------------

CASES = every_case()
REFUSED = {
    *("roots", "roots complex", "roots at zero", "poly of a matrix", "interp", "interp ends"),
    *("interp period", "slogdet", "eigvalsh"),
    *(
        "eigvalsh U",
        "eigh",
        "eigh U",
        "eigvals",
        "eig",
        "qr",
        "qr r",
        "qr complete",
        "matrix_norm nuc",
    ),
    *(
        "norm nuc",
        "norm 2",
        "norm -2",
        "cond nuc",
        "cond",
        "cond -2",
        "cond 1",
        "cond inf",
        "cond fro",
        "full svd",
        "svdvals",
    ),
}


def is_refused(name: str) -> bool:
    short = name.partition(": ")[2]
    return short in REFUSED or short.startswith(("svd", "pinv", "polyfit"))


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_array_function(name: str) -> None:
    """Along a line, against nested duals: right to third order, or refused by name."""
    case = CASES[name]
    steps = case.steps()

    def f(*xs: Any) -> Any:
        return listed(case.f(*xs))

    def along(t: Any) -> Any:
        return f(*[x + t * v for x, v in zip(case.args, steps, strict=True)])

    with warnings.catch_warnings(action="ignore"):
        series = taylor(f, 3, tuple(range(len(case.args))))
        if is_refused(name):
            with pytest.raises(TypeError, match=r"taylor: np\.[a-z.]* has no series"):
                series(*case.args, direction=tuple(steps))
            return
        got = series(*case.args, direction=tuple(steps))
        for plain, c in zip(leaves(f(*case.args)), leaves(got[0]), strict=True):
            np.testing.assert_array_equal(plain, c)
        for k in (1, 2, 3):
            nested = derivative(along, order=k)(0.0)
            for a, b in zip(leaves(got[k]), leaves(nested), strict=True):
                b = np.asarray(b) / math.factorial(k)
                size = float(np.max(np.abs(b), initial=1.0))
                np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10 * size)


def test_linear_algebra() -> None:
    a = np.array([[4.0, 1.0, 0.5], [0.3, 3.0, 1.0], [0.2, 0.1, 2.0]])
    b = np.array([[1.0, 0.2, 0.0], [0.0, -1.0, 0.3], [0.5, 0.0, 1.0]])
    w = np.array([1.0, 2.0, 3.0])

    def matrix(t: Any) -> Any:
        return mp.matrix(a.tolist()) + mp.sin(t) * mp.matrix(b.tolist())

    with mp.workdps(40):
        det = mp.taylor(lambda t: mp.det(matrix(t)), 0, 8)
        inverse = mp.taylor(lambda t: mp.inverse(matrix(t))[1, 2], 0, 8)
        solved = mp.taylor(lambda t: mp.lu_solve(matrix(t), mp.matrix([1, 2 + t, 3]))[0], 0, 8)
    for f, expected in (
        (lambda t: np.linalg.det(a + np.sin(t) * b), det),
        (lambda t: np.linalg.inv(a + np.sin(t) * b)[1, 2], inverse),
        (lambda t: np.linalg.solve(a + np.sin(t) * b, w + t * np.array([0.0, 1, 0]))[0], solved),
    ):
        hold(taylor(f, 8)(0.0), expected, 1e-11)
    with pytest.raises(TypeError, match="singular matrix has no series; write the determinant"):
        taylor(lambda t: np.linalg.det(t * np.ones((2, 2))), 3)(1.0)


def test_sums_and_conversions_are_linear() -> None:
    assert taylor(lambda x: math.fsum([x, x * x, 1e17, -1e17]), 3)(1.5) == [3.75, 4.0, 1.0, 0.0]
    for kind in (np.float64, np.float32):
        got = taylor(lambda x, kind=kind: kind(x) ** 2, 3)(1.5)
        assert got == [2.25, 3.0, 1.0, 0.0] and {type(c) for c in got} == {kind}


def test_who_knows_first_derivatives_alone_is_refused() -> None:
    """What makes a `dual` may know no more; what makes it by `moved` holds for each coefficient."""

    def f(x: Any, make: Callable[..., Any]) -> Any:
        return make(2 * x.primal, 2 * x.tangent, x.level)

    for x in (3.0, np.array([3.0, 4.0])):
        first, second, third = taylor(lambda x: f(x, moved) ** 2, 2)(x)
        assert np.all(first == 4 * np.square(x)) and np.all(second == 8 * x) and np.all(third == 4)
        with pytest.raises(TypeError, match=r"taylor: .* has no series"):
            taylor(lambda x: f(x, dual), 2)(x)


def test_swallowed_refusals_are_noticed() -> None:
    def f(x: Any) -> Any:
        try:
            return np.linalg.eigvalsh(x * np.eye(2))[0]
        except TypeError:
            return 0.0

    with pytest.raises(TypeError, match="caught an error"):
        taylor(f, 3)(2.0)


def test_preallocated_arrays() -> None:
    def f(x: Any) -> Any:
        out = np.zeros(3)
        for i in range(3):
            out[i] = math.exp(x * i)
        part = out[1:]
        part += x
        return out

    got = taylor(f, 4)(0.0)
    for i in range(3):
        linear = [0.0, 1.0 * (i > 0), 0.0, 0.0, 0.0]
        hold([c[i] for c in got], [i**k / math.factorial(k) + linear[k] for k in range(5)])


def test_solvers_but_for_roots_are_refused() -> None:
    optimize = pytest.importorskip("dualad.scipy.optimize")
    import scipy

    root = [2**0.5 * mp.binomial(0.5, k) / 2**k for k in range(7)]
    for find in (optimize.brentq, scipy.optimize.brentq):
        hold(taylor(lambda a: find(lambda z: z * z - a, 0, 5), 6)(2.0), root)  # noqa: B023
    for g, name in (
        (
            lambda a: optimize.minimize_scalar(lambda z: (z - a) ** 2 + z**4).x,
            "optimize.minimize_scalar",
        ),
        (lambda a: scipy.integrate.quad(lambda z: math.exp(a * z), 0, 1)[0], "integrate.quad"),
        (lambda a: scipy.special.logsumexp(a * np.ones(2)), "special.logsumexp"),
    ):
        with pytest.raises(TypeError, match=rf"^taylor: dualad\.scipy\.{name} has no series"):
            taylor(g, 3)(2.0)
    f = lambda a: optimize.brentq(lambda z: z * z - a, 0, 5)  # noqa: E731
    assert derivative(f, order=4)(2.0) == pytest.approx(-15 / 16 * 2.0**-3.5, rel=1e-8)


AT_INFINITE_SLOPES: list[Callable[[Any], Any]] = [
    np.log,
    np.sqrt,
    np.cbrt,
    lambda x: x**0.5,
    lambda x: x**1.5,
    lambda x: np.arcsin(x + 1),
    lambda x: np.arccos(x + 1),
    lambda x: np.arctanh(x + 1),
    lambda x: np.linalg.norm(np.stack([x, x])),
]


@pytest.mark.parametrize("i", range(len(AT_INFINITE_SLOPES)))
@pytest.mark.parametrize("x", [0.0, np.float64(0.0), np.zeros(2)], ids=["float", "NumPy", "array"])
def test_infinite_slopes_inside_other_derivatives(i: int, x: Any) -> None:
    """They are infinite or undefined there, too, and no error."""
    f = AT_INFINITE_SLOPES[i]
    with np.errstate(all="ignore"):
        alone = taylor(f, 3)(x)
        assert not np.all(np.isfinite(alone[3]))

        def third(x: Any) -> Any:
            return np.sum(taylor(f, 3)(x)[3])

        value, slope = dualad.value_and_grad(third, mode="forward")(x)
        assert value == pytest.approx(np.sum(alone[3]), nan_ok=True)
        assert not np.any(np.isfinite(slope))
        assert not np.any(np.isfinite(grad(third, mode="reverse")(x)))
        assert not np.all(np.isfinite(taylor(third, 2)(x)[2]))


def test_inside_another_derivative_and_around_it() -> None:
    g = grad(lambda s: taylor(lambda x: dualad.sin(s * x), 3)(0.0)[3])  # −s³/6
    assert g(2.0) == pytest.approx(-2.0, rel=1e-14)
    inner = taylor(lambda x: grad(lambda s: dualad.exp(s * x))(2.0), 3)(0.0)  # x·exp(2x)
    hold(inner, [0.0, 1.0, 2.0, 2.0])


def test_hand_made_duals_and_wrong_calls() -> None:
    assert taylor(lambda x: x * Dual(2.0, 1.0).primal, 1)(3.0) == [6.0, 2.0]
    for wrong in (-1, 1.5, True, None):
        with pytest.raises(ValueError, match="taylor: order is a count"):
            taylor(dualad.sin, wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="taylor needs a function, got float"):
        taylor(2.0, 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="taylor: the direction must have the structure"):
        taylor(lambda x: x[0], 2)([1.0, 2.0], direction=1.0)
    with pytest.raises(TypeError, match="taylor differentiates with respect to numbers"):
        taylor(lambda x: x, 2)("x")
    with pytest.raises(TypeError, match="taylor: lift is True"):
        taylor(dualad.sin, 2, lift="yes")  # type: ignore[arg-type]
    assert inspect.signature(taylor(mixture, 2)) == inspect.signature(mixture)
    again = pickle.loads(pickle.dumps(taylor(cubed, 2)))
    assert again(2.0) == [8.0, 12.0, 6.0]


# -- uses of it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [3, 4, 7, 10])
def test_higher_derivatives(order: int) -> None:
    f = lambda x: dualad.exp(-x) * dualad.sin(x) / (1 + x**2)  # noqa: E731
    with mp.workdps(60):
        expected = mp.taylor(lambda t: mp.exp(-t) * mp.sin(t) / (1 + t**2), mpf(1.3), order)[-1]
        expected *= math.factorial(order)
    found = derivative(f, order=order)(1.3)
    assert type(found) is float and found == pytest.approx(float(expected), rel=1e-13)
    many = derivative(f, order=order)(np.array([0.2, 1.3]))
    assert many[1] == pytest.approx(float(expected), rel=1e-13)
    with mp.workdps(50):
        exact = derivative(f, order=order)(mpf(1.3))
        assert abs(exact - expected) < mpf(10) ** -40 * abs(expected)


def test_derivatives_of_any_order_keep_to_the_range_of_floats() -> None:
    """Coefficients are order! times smaller than derivatives, which may leave nothing of them."""
    for x in (0.5, np.array([0.5, 0.25])):
        for f, want in (
            (lambda x: np.exp(1e-3 * x), lambda x, k: 1e-3**k * np.exp(1e-3 * x)),
            (lambda x: 1e-300 * np.exp(x), lambda x, k: 1e-300 * np.exp(x)),
            (lambda x: 1e300 * np.sin(x), lambda x, k: 1e300 * np.sin(x + k * np.pi / 2)),
        ):
            for order in (3, 20, 100):
                got, expected = derivative(f, order=order)(x), want(x, order)
                np.testing.assert_allclose(got, expected, rtol=1e-12 * order)
    for order in (171, 400):
        for x in (1.0, np.array([1.0])):
            got = np.ravel(derivative(np.sin, order=order)(x))[0]
            with mp.workdps(30):
                expected = mp.sin(1 + mp.mpf(order) * mp.pi / 2)
            assert got == pytest.approx(float(expected), rel=1e-10)


# functions of a number, or of all elements of an array, and the same for mpmath: of u = 1 + t for
# a number x·u; `c` is a constant near x
OF_ANY_SIZE: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "sqrt": (lambda x, c: np.sqrt(x), lambda x, c: mp.sqrt(x)),
    "cbrt": (lambda x, c: np.cbrt(x), lambda x, c: mp.cbrt(x)),
    "x**1.5": (lambda x, c: x**1.5, lambda x, c: x ** mpf(1.5)),
    "x**-0.5": (lambda x, c: x**-0.5, lambda x, c: x ** mpf(-0.5)),
    "x**3": (lambda x, c: x**3, lambda x, c: x**3),
    "1/x": (lambda x, c: 1 / x, lambda x, c: 1 / x),
    "reciprocal": (lambda x, c: np.reciprocal(x), lambda x, c: 1 / x),
    "x/(x + c)": (lambda x, c: x / (x + c), lambda x, c: x / (x + c)),
    "log": (lambda x, c: np.log(x), lambda x, c: mp.log(x)),
    "log2": (lambda x, c: np.log2(x), lambda x, c: mp.log(x, 2)),
    "hypot": (lambda x, c: np.hypot(x, c), lambda x, c: mp.sqrt(x * x + c * c)),
    "arctan2": (lambda x, c: np.arctan2(x, c), lambda x, c: mp.atan(x / c)),
    "norm": (
        lambda x, c: np.linalg.norm(np.stack([x, c + 0 * x]), axis=0),
        lambda x, c: mp.sqrt(x * x + c * c),
    ),
    "prod": (
        lambda x, c: np.prod(np.stack([x, 1 / c + 0 * x] * 2), axis=0),
        lambda x, c: (x / c) ** 2,
    ),
    "cumprod": (
        lambda x, c: np.cumprod(np.stack([x, 1 / c + 0 * x, x]), axis=0)[2],
        lambda x, c: x / c * x,
    ),
    "solve": (
        lambda x, c: np.linalg.solve(np.reshape(x[:1], (1, 1)), np.array([c])),
        lambda x, c: c / x,
    ),
}
FAR_OUT = {
    "arctan": (lambda x, c: np.arctan(x), lambda x, c: mp.atan(x)),
    "arcsinh": (lambda x, c: np.arcsinh(x), lambda x, c: mp.asinh(x)),
    "log1p": (lambda x, c: np.log1p(x), lambda x, c: mp.log(1 + x)),
}


@pytest.mark.skipif(
    np.finfo(np.longdouble).maxexp == np.finfo(float).maxexp,
    reason="a long double is no wider than a double here",
)
@pytest.mark.parametrize("name", [*OF_ANY_SIZE, *FAR_OUT])
def test_coefficients_that_are_in_range_are_right_whatever_is_on_the_way(name: str) -> None:
    f, g = (OF_ANY_SIZE | FAR_OUT)[name]
    order, count = 8, 0
    exponents = (-300, -200, -130, -60, 0, 60, 130, 200, 300)
    for x in (1.1 * 10.0**e for e in exponents if e > 0 or name not in FAR_OUT):
        c = 0.75 * x
        with mp.workdps(900):
            along = mp.taylor(lambda u, x=x, c=c: g(x * u, mpf(c)), 1, order)
            along = [a if abs(a) > mpf(10) ** -700 * abs(along[0]) else 0 for a in along]
        if not 1e-307 < abs(along[0]) < 1e307:
            continue  # there the plain run has nothing to differentiate
        for d in (1.1 * 10.0**e for e in exponents):
            expected = [a * (mpf(d) / mpf(x)) ** n for n, a in enumerate(along)]
            ways: list[tuple[Any, Any]] = [(np.array([x, x]), np.array([d, d]))]
            if name not in ("norm", "prod", "cumprod", "solve"):
                ways += [(x, d), (np.float64(x), d)]
            for at, direction in ways:
                with np.errstate(over="ignore"):
                    got = taylor(lambda t, c=c: f(t, c), order)(at, direction=direction)
                if not np.all(np.isfinite(got[0])):
                    continue
                for n, e in enumerate(expected):
                    if n and 1e-307 < abs(e) < 1e307:
                        found = float(np.ravel(got[n])[0])
                        assert abs(found - e) <= 1e-12 * abs(e), (x, d, n, found, e)
                        count += 1
    assert count > 50


def test_derivatives_of_small_numbers_are_not_lost() -> None:
    for kind in (float, np.float64, complex, lambda x: np.array([x])):
        got = derivative(lambda x: (x * 1e-130) ** 1.5, order=3)(kind(1.0))
        assert np.ravel(got)[0] == pytest.approx(-3.75e-196, rel=1e-14, abs=0)
    got = derivative(lambda x: (x * np.float32(1e-20)) ** 1.5, order=3)(np.float32(1.0))
    assert type(got) is np.float32 and got == pytest.approx(-3.75e-31, rel=1e-6, abs=0)


def test_flags_of_the_plain_run_are_left_as_they_are() -> None:
    """NumPy's vectorize tells of them when the function is done, and of none that are ours."""
    found = []

    def f(x: float) -> float:
        found.append(derivative(lambda t: (t * 1e-130) ** 1.5, order=3)(1.0))
        return x

    def overflowing(x: float) -> float:
        y = x * 1e300
        taylor(lambda t: math.exp(t) ** 1.5, 3)(1.0)
        return y

    with np.errstate(all="raise", under="ignore"):
        np.vectorize(f, otypes=[float])(1.0)
        if series.KERNEL:
            with pytest.raises(FloatingPointError, match="overflow"):
                np.vectorize(overflowing, otypes=[float])(1e300)
    assert len(set(found)) == 1


def test_higher_derivatives_of_exact_numbers_stay_exact() -> None:
    """Also where the value itself is a float."""
    half = Fraction(1, 2)
    for order, want in ((3, Fraction(-32, 125)), (4, Fraction(2304, 625))):
        found = derivative(np.arctan, order=order)(half)
        assert type(found) is Fraction and found == want
    assert derivative(lambda x: x**5, order=3)(half) == 15


def test_what_does_not_move_has_zeros_of_its_kind() -> None:
    for x in (1.0, 1j, np.float32(1.0), np.float64(1.0)):
        assert {type(c) for c in taylor(lambda _, x=x: x, order=2)(0.5)} == {type(x)}


@pytest.mark.parametrize(
    ("f", "x", "most"),
    [
        (lambda x: x**3, 1.5, 1),
        (lambda x: np.sqrt(x) * x, 0.0, 2),
        (lambda x: np.sqrt(x) * x, np.array([0.0, 1.0]), 3),
        (lambda x: x + np.nan, 0.0, 2),
        (lambda x: [x, x * x], 1.5, 2),
    ],
    ids=["series", "infinite", "array", "nan", "list"],
)
@pytest.mark.parametrize("order", [3, 4])
def test_how_often_a_function_is_called(f: Any, x: Any, most: int, order: int) -> None:
    count = 0

    def counted(x: Any) -> Any:
        nonlocal count
        count += 1
        return f(x)

    derivative(counted, order=order)(x)
    assert count <= most


def _as_nested(f: Callable[[Any], Any], order: int) -> Callable[[Any], Any]:
    for _ in range(order):
        f = derivative(f)
    return f


@pytest.mark.parametrize("order", [3, 4])
def test_higher_derivatives_have_the_conventions_of_nested_ones(order: int) -> None:
    functions: list[Callable[[Any], Any]] = [
        lambda x: abs(x) * x**3,
        lambda x: np.maximum(x, 0.0) ** 2 + np.minimum(x, 1.0) ** 3,
        lambda x: np.sqrt(x) + np.cbrt(x),
        lambda x: x**2.5,
        lambda x: x**3,
        lambda x: np.hypot(x, 0.0),
        lambda x: np.clip(x, 0.0, 1.0) * x**4,
        lambda x: np.where(x > 0, x**4, x**3),
        lambda x: np.sign(x) * np.exp(x),
        lambda x: 1 / (1 + np.exp(-x)),
        lambda x: np.floor(x) * np.sin(x),
        lambda x: 0.0**x,
        np.log,
        np.sinc,
        lambda x: x * np.heaviside(x, 0.5),
    ]
    for f in functions:
        for x in (0.0, -0.0, 1.0, -800.0, 0.7, math.inf, -math.inf, math.nan):
            with warnings.catch_warnings(action="ignore"):
                for point in (np.float64(x), np.array([x, 0.6])):
                    want, got = _as_nested(f, order)(point), derivative(f, order=order)(point)
                    np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12, err_msg=str(x))


def test_series_of_numbers_are_those_of_arrays() -> None:
    """Numbers go a way of their own, which gives the types and the errors of the general one."""
    f = lambda x: math.exp(-x) * math.sin(x) / (1 + x * x)  # noqa: E731
    got = taylor(f, 7)(1.3)
    assert [type(c) for c in got] == [float] * 8
    with mp.workdps(40):
        want = mp.taylor(lambda t: mp.exp(-t) * mp.sin(t) / (1 + t * t), mpf(1.3), 7)
    hold(got, want, 1e-13)
    assert [type(c) for c in taylor(lambda x: np.sin(x), 2)(1.3)] == [np.float64] * 3
    assert taylor(f, 0)(1.3) == [f(1.3)]
    assert taylor(lambda x: [x * x, 3.0], 2)(2.0) == [[4.0, 3.0], [4.0, 0.0], [1.0, 0.0]]
    assert taylor(f, 2)(1.3, direction=2.0)[1] == pytest.approx(2 * got[1])
    with pytest.raises(TypeError, match=r"^taylor: np\.roots has no series"):
        taylor(lambda x: np.roots([1.0, x])[0], 2)(0.5)
    with pytest.raises(ZeroDivisionError):
        taylor(lambda x: 1 / x, 2)(0.0)
    assert taylor(lambda x, y: x * y, 2, argnums=1)(2.0, 5.0) == [10.0, 2.0, 0.0]


def test_higher_derivatives_where_there_is_no_series() -> None:
    assert derivative(lambda x: np.interp(x, [0.0, 1.0], [0.0, 2.0]) ** 4, order=4)(0.5) == 384.0
    assert derivative(lambda x: x**2.5, order=4)(0.0) == -math.inf or math.isinf(
        derivative(lambda x: x**2.5, order=4)(0.0)
    )
    with pytest.raises(ValueError, match="elementwise"):
        derivative(lambda x: x[:1] * x, order=4)(np.array([1.0, 2.0]))
    with pytest.raises(TypeError, match="use grad or jacobian"):
        derivative(lambda x: x[0] ** 5, order=4)([1.0])
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        raise KeyError("of the function")

    with pytest.raises(KeyError, match="of the function"):
        derivative(f, order=5)(1.0)
    z = derivative(lambda x: dualad.exp(2 * x), order=4)(0.5j)
    assert z == pytest.approx(16 * np.exp(1j), rel=1e-13)


@pytest.mark.usefixtures("counted_looks")
def test_errors_of_a_higher_derivative_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only that a function has no series lets nested duals take over."""
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        raise KeyError("of the function")

    with pytest.raises(KeyError, match="of the function"):
        derivative(f, order=5)(1.0)
    assert len(calls) == 1

    def broken(*args: Any) -> Any:
        raise IndexError("a mistake in here")

    monkeypatch.setattr(series.SeriesLevel, "_coefficients", broken)
    with pytest.raises(IndexError, match="a mistake in here"):
        derivative(dualad.gamma, order=4)(1.0)  # which no recurrence short-cuts


def test_higher_derivatives_where_the_function_catches_that_there_is_no_series() -> None:
    def f(x: Any) -> Any:
        try:
            y = np.interp(x, [0.0, 1.0], [0.0, 2.0])
        except TypeError:
            return 0 * x
        return y**4

    assert derivative(f, order=4)(0.5) == 384.0  # (2x)⁴ has 16·24


def test_higher_derivatives_with_iterators() -> None:
    """Nested duals see the same data as the series that was tried first."""

    def f(x: Any, data: Any, *, more: Any) -> Any:
        total = sum(data["weights"]) + sum(more[0])
        return total * np.interp(x, [0.0, 1.0], [0.0, 2.0]) ** 4

    found = derivative(f, order=4)(0.5, {"weights": iter([1.0, 2.0])}, more=[iter([3.0])])
    assert found == 6 * 384.0
    # and passes of one call the same as each other
    slopes = dualad.jacobian(lambda x, w: x * sum(w[0]), chunk=1)(np.ones(2), [iter([1.0, 4.0])])
    assert slopes.tolist() == [[5.0, 0.0], [0.0, 5.0]]


def polynomial(coefficients: Sequence[float], t: Any) -> Any:
    return functools.reduce(lambda y, c: y * t + c, coefficients[::-1])


def lorenz_series(s: Sequence[float], order: int) -> list[list[float]]:
    """Coefficients of x(t), y(t), z(t), each from the slopes of those before."""
    known = [[v] for v in s]
    for k in range(order):
        direction = known

        def slope(t: Any, known: list[list[float]] = direction) -> list[Any]:
            x, y, z = (polynomial(row, t) for row in known)
            return [10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z]

        last = taylor(slope, k)(0.0)[k]
        known = [[*row, c / (k + 1)] for row, c in zip(known, last, strict=True)]
    return known


def test_a_taylor_integrator() -> None:
    """Lorenz by series of order 20, beside the recurrence in fifty digits."""
    state, h, steps = [1.0, 1.5, 20.0], 0.02, 2

    with mp.workdps(50):
        there = [mpf(v) for v in state]
        for _ in range(steps):
            x, y, z = ([v] for v in there)
            for k in range(40):
                xz = sum(x[j] * z[k - j] for j in range(k + 1))
                xy = sum(x[j] * y[k - j] for j in range(k + 1))
                new = 10 * (y[k] - x[k]), 28 * x[k] - xz - y[k], xy - mpf(8) / 3 * z[k]
                for row, c in zip((x, y, z), new, strict=True):
                    row.append(c / (k + 1))
            there = [sum(c * mpf(h) ** k for k, c in enumerate(row)) for row in (x, y, z)]
    for _ in range(steps):
        rows = lorenz_series(state, 20)
        state = [math.fsum(c * h**k for k, c in enumerate(row)) for row in rows]
    np.testing.assert_allclose(state, [float(v) for v in there], rtol=1e-13)


def test_series_of_fractions_are_exact() -> None:
    a = Fraction(3, 7)
    assert taylor(lambda x: 1 / x, 3)(a) == [(-1) ** k / a ** (k + 1) for k in range(4)]
    assert taylor(lambda x: x / (1 + x), 2)(Fraction(1, 2)) == [
        *(Fraction(1, 3), Fraction(4, 9), Fraction(-8, 27)),
    ]
    found = derivative(lambda x: 1 / x, order=5)(Fraction(1, 2))
    assert found == -7680 and isinstance(found, Fraction)


@pytest.mark.parametrize(("n", "rank"), [(n, rank) for n in (3, 4, 5) for rank in range(n + 1)])
def test_determinants_of_every_rank(n: int, rank: int) -> None:
    """A matrix that is singular but for rounding is singular: its inverse would be chance."""
    rng = np.random.default_rng(10 * n + rank)
    b, u = (rng.integers(-3, 4, shape).astype(float) for shape in ((n, n), (n, rank)))
    a, t = u @ u.T, np.arange(-n, n + 1.0)
    exact = np.polyfit(t, [np.linalg.det(a + s * b) for s in t], n)[::-1]
    try:
        found = taylor(lambda s: np.linalg.det(a + s * b), n)(0.0)
    except TypeError as error:
        assert rank < n
        assert "singular" in str(error)
    else:
        np.testing.assert_allclose(found, exact, atol=1e-5 * np.max(abs(exact)))  # κ⁵


@pytest.mark.parametrize(
    "f",
    [
        lambda a, x: a @ x**3,
        lambda a, x: a.dot(x**3),
        lambda a, x: a.T.dot(x**3),
        lambda a, x: x**3 @ a,
        lambda a, x: a @ [x[0] ** 2, x[1] * x[2], x[2]],
        lambda a, x: a.multiply(x**3).sum(axis=1),
        lambda a, x: (a.multiply(x) @ a).dot(x**2),
    ],
)
@pytest.mark.parametrize("form", ["csr_array", "csc_array", "coo_array"])
def test_products_with_sparse_matrices(f: Any, form: str) -> None:
    """A sparse matrix of plain numbers, as its products by hand."""
    from scipy import sparse

    dense = np.array([[1.0, 2.0, 0.0], [0.0, 3.0, 4.0], [5.0, 0.0, 6.0]])
    a = getattr(sparse, form)(dense)
    x, v = np.array([1.0, -2.0, 3.0]), np.array([0.5, 1.0, 2.0])
    found = taylor(lambda t: np.ravel(f(a, x + t * v)), 4)(0.0)
    times = np.arange(-3, 4)  # the function is a polynomial, of a degree of 4 at most
    values = np.array([np.ravel(f(a, x + t * v)) for t in times.tolist()])
    right = np.polynomial.polynomial.polyfit(times, values, 4)
    np.testing.assert_allclose(found, right, rtol=1e-11, atol=1e-11)


def test_a_matrix_times_a_number_by_the_star_of_sparse_matrices() -> None:
    from scipy import sparse

    a = sparse.csr_matrix([[1.0, 2.0], [0.0, 3.0]])
    found = taylor(lambda x: a * x**2, 2)(np.array([1.0, 5.0]))
    np.testing.assert_array_equal(found, [[51.0, 75.0], [22.0, 30.0], [3.0, 3.0]])


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize("kind", [list, tuple])
@pytest.mark.parametrize("x", [1.5, np.float64(1.5)])
def test_several_numbers_of_one_evaluation(kind: Any, x: Any) -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        return kind([x * x, 1 / x, math.exp(x)])

    found = taylor(f, 3)(x)
    assert len(calls) == 1
    each = [taylor(lambda x, i=i: f(x)[i], 3)(x) for i in range(3)]
    assert found == [kind(part) for part in zip(*each, strict=True)]
    kinds = [[type(c) for c in row] for row in found]
    assert kinds == [[type(c) for c in row] for row in zip(*each, strict=True)]


@pytest.mark.parametrize("rest", [2.0, (3.0,), None])
def test_several_numbers_that_are_not_all_series(rest: Any) -> None:
    """The general way has them, and says what it says."""

    def f(x: Any) -> Any:
        return x * x, rest

    if rest is None:
        with pytest.raises(TypeError, match="taylor"):
            taylor(f, 2)(1.5)
    else:
        zero = (0.0,) if rest == (3.0,) else 0.0
        assert taylor(f, 2)(1.5) == [(2.25, rest), (3.0, zero), (1.0, zero)]


def test_several_numbers_where_one_is_nan_or_infinite() -> None:
    def f(x: Any) -> Any:
        return x, x * math.nan, np.sqrt(x)

    found = taylor(f, 2)(0.0)
    assert [row[0] for row in found] == [0, 1, 0]
    assert all(math.isnan(row[1]) for row in found)
    assert found[1][2] == math.inf


GRID_POINTS, HEIGHTS = np.array([0.0, 1.0, 3.0, 4.0]), np.array([1.0, 5.0, 2.0, 0.0])


def test_interpolation_is_linear_in_heights_and_along_its_lines() -> None:
    places = np.array([-1.0, 0.5, 2.0, 3.5])
    found = taylor(lambda t: np.interp(places, GRID_POINTS, HEIGHTS * t**2), 3)(1.5)
    each = np.interp(places, GRID_POINTS, HEIGHTS)
    np.testing.assert_allclose(found, np.outer([2.25, 3.0, 1.0, 0.0], each), rtol=1e-15)
    slope = (2.0 - 5.0) / (3.0 - 1.0)
    found = taylor(lambda t: np.interp(t**2, GRID_POINTS, HEIGHTS), 3)(1.5)
    assert found == [5.0 + slope * 1.25, slope * 3.0, slope, 0.0]


@pytest.mark.parametrize(
    "f",
    [
        lambda t: np.interp(t, GRID_POINTS, HEIGHTS * t),
        lambda t: np.interp(1.2, GRID_POINTS * t, HEIGHTS),
        lambda t: np.interp(t, GRID_POINTS * t, HEIGHTS),
    ],
)
def test_interpolation_that_is_no_longer_linear_is_refused(f: Any) -> None:
    with pytest.raises(TypeError, match="interp has no series"):
        taylor(f, 2)(1.2)


@pytest.mark.parametrize("order", [13, 20, 60, 175])
def test_high_orders_that_overflow_have_an_end(order: int) -> None:
    """Nested duals would take 2**order evaluations."""
    for f in (np.sqrt, lambda x: x**0.5, lambda x: 1 / x, lambda x: np.exp(-x) / x):
        with np.errstate(all="ignore"):
            found = derivative(f, order=order)(1e-300)
            each = derivative(f, order=order)(np.array([1e-300, 3.0]))
        sign = (-1) ** (order - 1 if f(4.0) > 1 else order)
        assert math.isnan(found) or found == sign * math.inf
        assert math.isnan(each[0]) or each[0] == sign * math.inf
        if order < 100:
            assert math.isfinite(each[1])
    if order < 60:
        want = float(mp.diff(mp.sqrt, 3, order))
        with np.errstate(all="ignore"):
            found = derivative(np.sqrt, order=order)(np.array([1e-300, 3.0]))
        assert found[1] == pytest.approx(want, rel=1e-9)


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize("order", [7, 11, 12])
def test_infinite_derivatives_take_no_nested_duals(order: int) -> None:
    """The series has the signs that nested duals have, in three calls and not in 2**order steps."""
    cases: list[tuple[Callable[[Any], Any], int]] = [
        (np.sqrt, -1),
        (lambda x: x**2.5, -1),
        (np.log, -1),
        (np.cbrt, -1),
        (lambda x: 1 / x, 1),
        (lambda x: np.arcsin(1 - x), 1),
        (lambda x: 1 / (1 + np.sqrt(x)), 1),
    ]
    for f, sign in cases:
        calls = 0

        def counted(x: Any, f: Any = f) -> Any:
            nonlocal calls
            calls += 1
            return f(x)

        with np.errstate(all="ignore"):
            found = derivative(counted, order=order)(np.float64(0.0))
            nested = _as_nested(f, 6 - order % 2)(np.float64(0.0))
        assert found == nested == sign * math.inf * (-1) ** (order % 2)
        assert calls <= 3
    with np.errstate(all="ignore"):  # overflows in a term that adds nothing
        assert derivative(lambda x: 1e308 * (3 * x) + x**7, order=7)(1.0) == 5040.0


@pytest.mark.parametrize("order", [14, 30])
def test_high_orders_without_a_series_are_refused(order: int) -> None:
    for call in (
        lambda: derivative(lambda x: np.linalg.cond(x * np.eye(2) + 1), order=order)(2.0),
        lambda: derivative(np.exp, order=order)(1j),
        lambda: dualad.grad(lambda x: derivative(np.exp, order=order)(x))(1.0),
    ):
        with pytest.raises(NotImplementedError, match="an order above 12 needs a series"):
            call()


def test_what_has_no_series_is_named_as_the_user_calls_it() -> None:
    x = np.array([0.3, 0.4, 0.5])
    calls = {
        "linalg.expm": lambda x: scipy.linalg.expm(np.diag(x)),
        "linalg.cosm": lambda x: scipy.linalg.cosm(np.diag(x)),
        "linalg.sqrtm": scipy.linalg.sqrtm,
    }
    for name, f in calls.items():
        at = np.diag(x) if f is scipy.linalg.sqrtm else x
        with pytest.raises(TypeError, match=rf"taylor: dualad\.scipy\.{name} has no series"):
            taylor(f, 2)(at)


ARRANGED: dict[str, Callable[[Any], Any]] = {
    "circulant": scipy.linalg.circulant,
    "toeplitz": scipy.linalg.toeplitz,
    "toeplitz of a row": lambda x: scipy.linalg.toeplitz(x, x[::-1] * x[0]),
    "hankel": lambda x: scipy.linalg.hankel(x, x * x),
    "convolve": lambda x: scipy.signal.convolve(x, x**2, mode="same"),
    "convolve with numbers": lambda x: scipy.signal.convolve(x, [1.0, -2.0, 1.0]),
    "correlate": lambda x: scipy.signal.correlate(x, np.sin(x)),
    "fftconvolve": lambda x: scipy.signal.fftconvolve(x, x),
    "oaconvolve": lambda x: scipy.signal.oaconvolve(x, x[:2]),
}


@pytest.mark.parametrize("name", ARRANGED)
def test_matrices_of_vectors_and_convolutions_have_series(name: str) -> None:
    """Against powers of t, to which polynomials are fitted that run on plain numbers."""
    f, direction = ARRANGED[name], np.array([1.0, -0.5, 2.0])
    x = np.array([0.3, 0.4, 0.5])
    found = taylor(f, 4)(x, direction=direction)
    np.testing.assert_array_equal(found[0], f(x))
    circle = 0.5 * np.exp(2j * np.pi * np.arange(32) / 32)
    if name == "correlate":  # conjugates its second argument
        h = [float(h) for h in (-0.02, -0.01, 0.0, 0.01, 0.02)]
        values = np.array([f(x + t * direction) for t in h])
        want = [np.tensordot([1, -8, 0, 8, -1], values, 1) / 0.12]
        np.testing.assert_allclose(found[1], want[0], rtol=1e-6)
        second = np.tensordot([-1, 16, -30, 16, -1], values, 1) / (12 * 0.0001)
        np.testing.assert_allclose(2 * found[2], second, rtol=1e-5, atol=1e-7)
        return
    if name == "toeplitz":  # of which the row is the conjugate
        f = lambda x: scipy.linalg.toeplitz(x, x)  # noqa: E731
    values = np.array([f(x + t * direction) for t in circle])
    for k in range(5):
        want = np.tensordot(circle**-k, values, 1) / 32
        np.testing.assert_allclose(found[k], want.real, rtol=1e-12, atol=1e-12)


TURNED = np.array([[4.0, 1.0, 0.5], [0.3, 3.0, 1.0], [0.2, 0.1, 2.0]])
BAND = np.array([[0.0, 0.4, 0.3], [3.0, 2.5, 2.8]])
WAVE = np.sin(np.arange(12.0))
SPARSE = np.array([0, 1, 0, 1, 2]), np.array([0, 2, 4, 5])


def of_symmetric(solve: Callable[..., Any]) -> Callable[[Any], Any]:
    """A system with a matrix that is symmetric: of its factors, and of itself."""

    def f(x: Any) -> Any:
        return solve(np.diag(x) @ TURNED @ TURNED.T @ np.diag(x) + np.eye(3), x)

    return f


def by_lu(trans: int) -> Callable[[Any], Any]:
    linalg = scipy.linalg
    return lambda x: linalg.lu_solve(linalg.lu_factor(TURNED + np.diag(x**2)), x, trans=trans)


def by_cholesky(a: Any, b: Any) -> Any:
    return scipy.linalg.cho_solve(scipy.linalg.cho_factor(a), b)


def by_lower_cholesky(a: Any, b: Any) -> Any:
    return scipy.linalg.cho_solve(scipy.linalg.cho_factor(a, lower=True), b)


def recursive(x: Any) -> Any:
    return scipy.signal.lfilter(x[:2], np.stack([x[2] + 2, x[0], x[1] ** 2]), WAVE)


def second_order(x: Any) -> Any:
    sections = np.stack([np.stack([x[0], x[1], x[2], x[0] * 0 + 1, x[1], x[2] * 0.1])])
    return scipy.signal.sosfilt(sections, np.concatenate([x, x * x]))


SYSTEMS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {  # and what it is
    name: (f, f if want is None else want)
    for name, f, want in (
        ("solve", lambda x: scipy.linalg.solve(TURNED * x, np.sin(x)), None),
        ("inv", lambda x: scipy.linalg.inv(TURNED * x + np.eye(3)), None),
        ("det", lambda x: scipy.linalg.det(TURNED * x + np.eye(3)), None),
        ("solve_triangular", lambda x: scipy.linalg.solve_triangular(TURNED * x, x), None),
        ("solve_banded", lambda x: scipy.linalg.solve_banded((0, 1), BAND * x, x), None),
        ("solve_toeplitz", lambda x: scipy.linalg.solve_toeplitz((x + 3, x), x), None),
        ("solve_circulant", lambda x: scipy.linalg.solve_circulant(x + 3, x), None),
        ("solve_sylvester", lambda x: scipy.linalg.solve_sylvester(TURNED * x, TURNED, TURNED * x),
         None),
        ("lu_solve", by_lu(0), lambda x: scipy.linalg.solve(TURNED + np.diag(x**2), x)),
        ("lu_solve trans", by_lu(1), lambda x: scipy.linalg.solve(TURNED.T + np.diag(x**2), x)),
        ("cho_solve", of_symmetric(by_cholesky), of_symmetric(scipy.linalg.solve)),
        ("cho_solve lower", of_symmetric(by_lower_cholesky), of_symmetric(scipy.linalg.solve)),
        ("spsolve", lambda x: scipy.sparse.linalg.spsolve(
            dualad.scipy.sparse.csc_array((np.concatenate([x, x[:2] + 2]), *SPARSE)), x),
         lambda x: scipy.sparse.linalg.spsolve(
            scipy.sparse.csc_array((np.concatenate([x, x[:2] + 2]), *SPARSE)), x)),
        ("lfilter", recursive, None),
        ("lfilter of x", lambda x: scipy.signal.lfilter([1.0, 0.5], [1.0, 0.2], x * x), None),
        ("lfilter_zi", lambda x: scipy.signal.lfilter_zi(x, x[::-1] + 2), None),
        ("sosfilt", second_order, None),
        ("filtfilt", lambda x: scipy.signal.filtfilt([0.5, 0.5], [1.0, 0.2], np.outer(x * x, WAVE)),
         None),
        ("savgol_filter", lambda x: scipy.signal.savgol_filter(x * x, 3, 1),
         lambda x: scipy.signal.savgol_filter((x * x).real, 3, 1)
         + 1j * scipy.signal.savgol_filter((x * x).imag, 3, 1)),
        ("gaussian_filter", lambda x: scipy.ndimage.gaussian_filter(x * x, 0.7), None),
        ("resample", lambda x: scipy.signal.resample(x * x, 5), None),
    )
}  # fmt: skip


@pytest.mark.parametrize("name", SYSTEMS)
def test_linear_systems_and_filters_of_scipy_have_series(name: str) -> None:
    """Against plain numbers on a circle around the point, from which Cauchy's integral takes c_k."""
    f, plainly = SYSTEMS[name]
    x, direction = np.array([0.9, 1.4, 0.7]), np.array([1.0, -0.5, 2.0])
    found = taylor(f, 6)(x, direction=direction)
    np.testing.assert_array_equal(found[0], f(x))
    circle = 0.05 * np.exp(2j * np.pi * np.arange(32) / 32)
    values = np.array([plainly(x + t * direction) for t in circle])
    for k in range(7):
        want = np.tensordot(circle**-k, values, 1) / 32
        size = np.max(abs(want))
        rounding = 1e-13 * 0.05**-k * np.max(abs(values))
        np.testing.assert_allclose(found[k], want.real, rtol=0, atol=1e-9 * size + rounding)
    along = derivative(lambda t: f(x + t * direction), order=5)(0.0)
    np.testing.assert_allclose(along, 120 * found[5], rtol=1e-9, atol=1e-9 * np.max(abs(along)))


@pytest.mark.parametrize("at", [1e-38, 1e-10, 1e-3, 0.3, -1e-5, 0.0])
def test_whole_powers_keep_their_digits_where_the_base_is_small(at: float) -> None:
    """Of (eˣ − 1)ᵖ, whose coefficients add up without cancelling, by products in fifty digits."""
    order = 8

    def f(x: Any, p: Any) -> Any:
        return np.expm1(x) ** p

    with mp.workdps(50):
        base = [mp.expm1(at), *(mp.exp(at) / mp.factorial(n) for n in range(1, order + 1))]
        power = [mp.one, *[mp.zero] * order]
        want = []
        for _ in range(order + 2):
            power = [mp.fdot(power[: n + 1], base[n::-1]) for n in range(order + 1)]
            want.append([float(c) for c in power])
    for p in range(1, order + 3):
        exact = want[p - 1]
        found = {
            "a number": taylor(lambda x, p=p: f(x, p), order)(at),
            "a float as power": taylor(lambda x, p=p: f(x, float(p)), order)(at),
            "an array": [c[1] for c in taylor(lambda x, p=p: f(x, p), order)(np.array([0.2, at]))],
            "readable": PACKAGES[-1].taylor(lambda x, p=p: f(x, p), order)(at),
        }
        if at:
            powers = np.array([0.5, p])
            mixed = taylor(lambda x, powers=powers: f(x, powers), order)(np.array([0.2, at]))
            found["beside another power"] = [c[1] for c in mixed]
        for name, got in found.items():
            np.testing.assert_allclose(got, exact, rtol=1e-12, atol=0, err_msg=f"{name}, {p}")


@pytest.mark.parametrize("slope_of", [derivative, grad], ids=["derivative", "grad"])
def test_slopes_of_users_that_take_derivatives_themselves(slope_of: Any) -> None:
    def inner(x: Any) -> Any:
        return dualad.sin(x) * x

    f = define_rule(lambda x: math.sin(x) * x, lambda x, y: slope_of(inner)(x), name="sinx_x")
    for order in (2, 3, 4):
        want = float(mp.diff(lambda x: mp.sin(x) * x, 0.7, order))
        got = derivative(lambda x: 2 * f(x * x) / x, order=order)(0.7)
        of_table = derivative(lambda x: 2 * inner(x * x) / x, order=order)(0.7)
        assert got == pytest.approx(of_table, rel=1e-12)
        assert derivative(f, order=order)(0.7) == pytest.approx(want, rel=1e-12)
    with pytest.raises(TypeError, match="calculated by derivatives has no series"):
        taylor(f, 3)(0.7)
