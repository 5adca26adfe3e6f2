"""lift: math, cmath and preallocated arrays, in functions as people write them."""

from __future__ import annotations

import abc
import cmath
import contextlib
import copy
import ctypes
import dataclasses
import functools
import hashlib
import importlib
import io
import math
import operator
import pickle
import struct
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from math import exp
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf
from support.both import bits
from support.oracle import check
from support.reference import partial

import dualad
from dualad import (
    Dual,
    DualArray,
    derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    lift,
    value_and_grad,
)
from dualad.array.buffers import Buffer, buffered
from dualad.array.operands import unbuffered
from dualad.lifting.standins import FUNCTIONS
from dualad.table import RULES

X = np.array([0.3, 1.1, 2.0])


def residuals(x: Any) -> Any:
    out = np.zeros(len(x)); s = 0.0  # fmt: skip  # noqa: E702
    for i in range(len(x)):
        out[i] = math.exp(x[i]) - s
        s += out[i]
    return out


# exp(x0), exp(x1) − exp(x0), exp(x2) − exp(x1), …
RESIDUALS = np.diag(np.exp(X)) - np.diag(np.exp(X[:-1]), -1)


def test_residuals_raise_and_name_both_ways_out() -> None:
    with pytest.raises(TypeError, match=r"math.exp\(x\[i\]\) .*np.exp\(x\[i\]\) .*dualad.lift"):
        jacobian(residuals, lift=False)(X)

    def stores(x: Any) -> Any:
        out = np.zeros(len(x))
        out[0] = np.exp(x[0])
        return out

    with pytest.raises(
        TypeError, match=r"out\[0\], .*dualad.lift.*np.zeros\(n, like=x\) or np.zeros_like\(x\)"
    ):
        jacobian(stores, lift=False)(X)
    with pytest.raises(TypeError, match=r"^math.exp\(x\) .*np.exp\(x\) or dualad.*dualad.lift"):
        derivative(lambda x: math.exp(x), lift=False)(1.0)
    with pytest.raises(TypeError, match=r"^cmath.exp\(x\) .*np.exp\(x\) or dualad.*dualad.lift"):
        derivative(lambda x: cmath.exp(x), lift=False)(1.0)


def test_residuals_lifted() -> None:
    for chunk in (None, 1, 2):
        np.testing.assert_allclose(jacobian(lift(residuals), chunk=chunk)(X), RESIDUALS, rtol=1e-15)
    np.testing.assert_allclose(jacobian(residuals, lift=True)(X), RESIDUALS, rtol=1e-15)
    np.testing.assert_allclose(jacobian(residuals, lift=True)(list(X)), RESIDUALS, rtol=1e-15)
    plain = lift(residuals)(X)
    assert type(plain) is np.ndarray and bits(plain) == bits(residuals(X))
    second = jacobian(jacobian(residuals, lift=True))(X)
    for i in range(3):
        row = np.zeros((3, 3))
        row[i, i] = math.exp(X[i])
        if i:
            row[i - 1, i - 1] = -math.exp(X[i - 1])
        np.testing.assert_allclose(second[i], row, rtol=1e-15)


def test_every_driver_takes_lift() -> None:
    def f(x: Any) -> Any:
        out = np.empty(2)
        out[0], out[1] = math.sin(x[0]), math.exp(x[0] * x[1])
        return out.sum()

    x, v = np.array([0.5, 0.25]), np.array([1.0, 2.0])
    e = math.exp(0.125)
    gradient = [math.cos(0.5) + 0.25 * e, 0.5 * e]
    h = np.array([[-math.sin(0.5) + e / 16, e + e / 8], [e + e / 8, e / 4]])
    np.testing.assert_allclose(grad(f, lift=True)(x), gradient, rtol=1e-15)
    np.testing.assert_allclose(dualad.value_and_grad(f, lift=True)(x)[1], gradient, rtol=1e-15)
    np.testing.assert_allclose(hessian(f, lift=True)(x), h, rtol=1e-14)
    np.testing.assert_allclose(hvp(f, lift=True)(x, v), h @ v, rtol=1e-14)
    np.testing.assert_allclose(jvp(f, (x,), (v,), lift=True)[1], gradient @ v, rtol=1e-15)
    assert derivative(math.exp, lift=True, order=3)(0.5) == math.exp(0.5)
    assert derivative(lambda t: math.exp(2 * t), order=2, lift=True)(0.5) == 4 * math.e
    for driver in (derivative, grad, dualad.value_and_grad, jacobian, hessian, hvp):
        with pytest.raises(TypeError, match="needs a function, got float"):
            driver(2.0, lift=True)  # type: ignore[arg-type]


def test_lift_needs_a_function() -> None:
    with pytest.raises(TypeError, match=r"lift needs a function, got float; write lift\(f\)\(x\)"):
        lift(2.0)  # type: ignore[arg-type]
    assert lift(residuals).__name__ == "residuals"


# -- math ----------------------------------------------------------------------------------


class StandIns:
    """A module as lifted code finds it: with the stand-ins of its functions."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.module, name)
        return FUNCTIONS.get(found, found) if callable(found) else found

    def __dir__(self) -> list[str]:
        return dir(self.module)


M: Any = StandIns(math)
C: Any = StandIns(cmath)

ROWS: dict[str, tuple[float, ...]] = {  # as the table says, tested against mpmath
    "acos": (0.3,), "acosh": (1.7,), "asin": (0.3,), "asinh": (0.3,), "atan": (0.3,),
    "atan2": (0.3, -1.2), "atanh": (0.3,), "cbrt": (2.5,), "copysign": (0.7, -2.0), "cos": (0.3,),
    "cosh": (0.3,), "degrees": (0.3,), "erf": (0.3,), "erfc": (0.3,), "exp": (0.3,), "exp2": (0.3,),
    "expm1": (0.3,), "fmod": (-7.5, 2.25), "gamma": (2.5,), "lgamma": (2.5,), "log10": (0.3,),
    "log1p": (0.3,), "log2": (0.3,), "radians": (0.3,), "sin": (0.3,), "sinh": (0.3,),
    "sqrt": (0.3,), "tan": (0.3,), "tanh": (0.3,), "hypot": (3.0, 4.0), "pow": (2.5, 1.5),
    "fma": (1.5, 2.5, 3.5), "log": (0.3,), "fabs": (-0.3,),
}  # fmt: skip
OWN: dict[str, tuple[Callable[..., Any], tuple[float, ...], list[float]]] = {  # slopes by hand
    "hypot": (lambda *a: M.hypot(*a), (2.0, 3.0, 6.0), [2 / 7, 3 / 7, 6 / 7]),
    "dist": (lambda a, b, c: M.dist([a, b], (c, 1.0)), (5.0, 4.0, 1.0), [0.8, 0.6, -0.8]),
    "fsum": (lambda a, b: M.fsum([a, 1e16, b * b, -1e16]), (1.5, 2.5), [1.0, 5.0]),
    "prod": (lambda a, b: M.prod([a, 3.0, b], start=a), (2.0, 5.0), [60.0, 12.0]),
    "sumprod": (lambda a, b: M.sumprod([a, 2.0], [b, a]), (3.0, 5.0), [7.0, 3.0]),
    "remainder": (lambda a, b: M.remainder(a, b), (7.0, 2.5), [1.0, -3.0]),
    "log": (lambda a, b: M.log(a, b), (8.0, 2.0), [1 / (8 * math.log(2)), -3 / (2 * math.log(2))]),
    "ldexp": (lambda a: M.ldexp(a, 5), (1.5,), [32.0]),
    "modf": (lambda a: M.modf(a)[0] + M.modf(a)[1], (-2.75,), [1.0]),
    "frexp": (lambda a: M.frexp(a)[0] * M.frexp(a)[1], (5.0,), [3 / 8]),
}
ANSWERS = {"isfinite", "isinf", "isnan", "isclose", "ulp", "isnormal", "issubnormal", "signbit"}
STEPS = {"floor", "ceil", "trunc"}
INTEGERS = {"comb", "factorial", "gcd", "lcm", "isqrt", "perm", "nextafter"}  # refuse duals
CONSTANTS = {"pi", "e", "tau", "inf", "nan"}


def public(module: ModuleType) -> set[str]:
    return {name for name in vars(module) if not name.startswith("_")}


def test_nothing_in_math_is_forgotten() -> None:
    known = {*ROWS, *OWN, *ANSWERS, *STEPS, *INTEGERS, *CONSTANTS}
    assert public(math) <= known, "a new function: give it a stand-in, and a test here"
    assert public(math) <= set(dir(M))


@pytest.mark.parametrize("name", sorted({*ROWS} & public(math)))
def test_rows_of_math(name: str) -> None:
    args, f = ROWS[name], getattr(M, name)
    assert f(*args) == getattr(math, name)(*args)
    row = {"fabs": "abs"}.get(name, name)
    for i in range(len(args)):
        units = [float(i == j) for j in range(len(args))]
        y = f(*(Dual(a, t) for a, t in zip(args, units)))
        assert y.primal == getattr(math, name)(*args) and type(y.primal) is float
        expected = float(partial(row, args, tuple(map(int, units))))
        if name == "copysign" or (name, i) == ("fmod", 1):
            expected = {("copysign", 0): -1.0, ("copysign", 1): 0.0, ("fmod", 1): 3.0}[name, i]
        assert y.tangent == pytest.approx(expected, rel=2e-15)
        one = f(*(Dual(a, 1.0) if i == j else a for j, a in enumerate(args)))
        assert one.tangent == y.tangent
        from_array = f(
            *(Dual(np.array([a, 1.0]), np.ones(2))[0] if i == j else a for j, a in enumerate(args))
        )
        assert bits(from_array) == bits(one)


@pytest.mark.parametrize("name", sorted({*OWN} & public(math)))
def test_functions_of_math_beside_the_table(name: str) -> None:
    f, args, slopes = OWN[name]
    plain = f(*args)
    for x in (args, tuple(map(np.float64, args))):
        np.testing.assert_allclose(grad(f, argnums=range(len(args)))(*x), slopes, rtol=1e-15)
    assert lift(lambda *a: f(*a))(*args) == plain
    value, tangent = jvp(f, args, tuple(1.0 for _ in args))
    assert value == plain and tangent == pytest.approx(sum(slopes), rel=1e-14)
    seconds = jacobian(lambda a: jacobian(lambda b: f(*b))(a))(list(args))
    with mp.workdps(40):
        h = mpf(10) ** -8
        if name in ("hypot", "dist"):
            exact = {
                "hypot": lambda *a: mp.sqrt(sum(v * v for v in a)),
                "dist": lambda a, b, c: mp.sqrt((a - c) ** 2 + (b - 1) ** 2),
            }[name]
            for i in range(len(args)):
                for j in range(len(args)):
                    moved = [[mpf(v) + h * (s * (k == i) + t * (k == j)) for k, v in enumerate(args)]
                             for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1))]  # fmt: skip
                    want = sum(w * exact(*m) for w, m in zip((1, -1, -1, 1), moved)) / (4 * h * h)
                    assert seconds[i][j] == pytest.approx(float(want), rel=1e-12, abs=1e-14)


@given(st.lists(st.floats(-1e10, 1e10), min_size=1, max_size=6))
def test_values_stay_those_of_math(values: list[float]) -> None:
    duals = [Dual(v, 1.0) for v in values]
    assert bits(M.fsum(duals).primal) == bits(math.fsum(values))
    assert M.fsum(duals).tangent == len(values)
    assert bits(M.hypot(*duals).primal) == bits(math.hypot(*values))
    assert bits(M.dist(duals, values).primal) == bits(math.dist(values, values))
    assert M.dist(duals, values).tangent == 0.0


def test_steps_and_questions_of_math_are_plain() -> None:
    x = Dual(2.5, 1.0)
    assert (M.floor(x), M.ceil(x), M.trunc(x)) == (2, 3, 2)
    assert M.isfinite(x) is True and M.isnan(x) is False and M.isinf(x) is False
    assert M.isclose(x, 2.5, rel_tol=Dual(1e-9, 1.0)) is True and M.ulp(x) == math.ulp(2.5)
    for name in INTEGERS & public(math):
        with pytest.raises(TypeError, match="would lose the derivative"):
            getattr(M, name)(*[x] * (1 if name in ("factorial", "isqrt") else 2))


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: m.log(0 * x), lambda m, x: m.sqrt(-x), lambda m, x: m.acos(2 + x),
        lambda m, x: m.pow(-x, 0.5), lambda m, x: m.exp(1e4 * x), lambda m, x: m.gamma(-3 * x),
        lambda m, x: m.fmod(x, 0 * x), lambda m, x: m.sin(), lambda m, x: m.sin(x, x, x),
        lambda m, x: m.dist([x], [x, x]), lambda m, x: m.log(x, 1), lambda m, x: m.sin("a"),
        lambda m, x: m.sin(x + 1j), lambda m, x: m.remainder(x, 0 * x),
    ],
)  # fmt: skip
def test_errors_are_those_of_math(call: Any) -> None:
    def said(*args: Any) -> Any:
        try:
            call(*args)
        except Exception as error:
            return type(error), str(error)
        raise AssertionError("nothing was raised")

    expected = said(math, 1.0)
    assert said(M, 1.0) == expected
    assert said(M, Dual(1.0, 1.0)) == expected
    assert said(M, Dual(np.array([1.0]), np.array([1.0]))[0]) == expected


def test_math_takes_numbers_only() -> None:
    with pytest.raises(TypeError, match=r"take numbers, got an array of shape \(3,\); use NumPy's"):
        M.exp(Dual(X, X))
    assert M.exp(Dual(np.array(0.5), np.array(1.0))).tangent == math.exp(0.5)


COMPLEX = {
    "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "log", "log10", "sin",
    "sinh", "sqrt", "tan", "tanh",
}  # fmt: skip


def test_nothing_in_cmath_is_forgotten() -> None:
    others = {"phase", "polar", "rect", "isclose", "isfinite", "isinf", "isnan"}
    constants = {"pi", "e", "tau", "inf", "infj", "nan", "nanj"}
    assert public(cmath) <= COMPLEX | others | constants


@pytest.mark.parametrize("name", sorted(COMPLEX))
@pytest.mark.parametrize("z", [0.3 + 0.4j, -0.3, 1.7, -2.5 - 0.1j])
def test_cmath(name: str, z: complex) -> None:
    f = getattr(C, name)
    y = f(Dual(z, 1.0))
    assert y.primal == getattr(cmath, name)(z) and type(y.primal) is complex
    if isinstance(z, complex):
        with mp.workdps(40):
            slope = complex(mp.diff(getattr(mp, name), z))
        assert y.tangent == pytest.approx(slope, rel=1e-14)
    assert bits(lift(lambda x: getattr(cmath, name)(x))(z)) == bits(getattr(cmath, name)(z))


def test_polar_coordinates() -> None:
    z = Dual(3 + 4j, 1.0)
    r, phi = C.polar(z)
    assert (r.primal, phi.primal) == cmath.polar(3 + 4j) and C.phase(z).primal == cmath.phase(
        3 + 4j
    )
    assert r.tangent == pytest.approx(0.6) and phi.tangent == pytest.approx(-4 / 25)
    w = C.rect(Dual(2.0, 1.0), Dual(0.5, 3.0))
    assert w.primal == pytest.approx(cmath.rect(2.0, 0.5))
    assert w.tangent == pytest.approx(cmath.exp(0.5j) * (1 + 6j))
    assert C.isclose(z, 3 + 4j) and C.isfinite(z) and not C.isnan(z)
    assert C.log(Dual(8 + 0j, 1.0), 2).tangent == pytest.approx(1 / (8 * math.log(2)))


# -- what is lifted ------------------------------------------------------------------------

GAIN = 2.0
CALLS = 0


def helper(x: Any, *, f: Any = math.sin) -> Any:
    return GAIN * f(x)


def doubled(f: Any) -> Any:
    @functools.wraps(f)
    def wrapper(*args: Any) -> Any:
        return 2 * f(*args)

    return wrapper


@doubled
def decorated(x: Any) -> Any:
    return exp(x)


def factorial_series(x: Any, n: int) -> Any:
    return 1.0 if n == 0 else math.pow(x, n) / math.factorial(n) + factorial_series(x, n - 1)


def powers(x: Any) -> Iterator[Any]:
    for n in range(3):
        yield math.pow(x, n)


@lift
def lifted(x: Any, n: int = 3) -> Any:
    return math.sqrt(lifted(x, n - 1)) if n else math.exp(x)


class Base:
    scale = 2.0

    def __init__(self, a: Any) -> None:
        self.a = math.exp(a)

    def value(self, x: Any) -> Any:
        return math.sin(self.a * x)

    def __call__(self, x: Any) -> Any:
        return self.value(x) * self.scale


class Model(Base):
    calls = 0

    def __init__(self, a: Any) -> None:
        super().__init__(a)
        self.function = helper

    def value(self, x: Any) -> Any:
        self.calls += 1
        return super().value(x) + self.function(x)

    @property
    def log(self) -> Any:
        return math.log(self.a)

    @staticmethod
    def tangent(x: Any) -> Any:
        return math.tan(x)

    @classmethod
    def of(cls, a: Any) -> Any:
        return cls(a)


class Properties:
    """Properties with setters, cached properties, attributes on demand."""

    def __init__(self, x: Any) -> None:
        self.value = x

    @property
    def value(self) -> Any:
        return math.exp(self._log)

    @value.setter
    def value(self, x: Any) -> None:
        self._log = math.log(x)

    @functools.cached_property
    def root(self) -> Any:
        return math.sqrt(self.value)

    def __getattr__(self, name: str) -> Any:
        if name == "sine":
            return math.sin
        raise AttributeError(name)

    def __enter__(self) -> Any:
        return math.cos(self._log)

    def __exit__(self, *_: Any) -> None: ...

    def __iter__(self) -> Iterator[Any]:
        for i in range(3):
            yield math.exp(i * self._log)


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: float

    def value(self, x: Any) -> Any:
        return math.exp(self.a * x) if self == Frozen(self.a) else 0.0


class Abstract(abc.ABC):
    @abc.abstractmethod
    def area(self) -> Any: ...

    def side(self) -> Any:
        return math.sqrt(self.area())


class Disc(Abstract):
    def __init__(self, r: Any) -> None:
        self.r = r

    def area(self) -> Any:
        return math.pow(self.r, 4)


@contextlib.contextmanager
def context(x: Any) -> Iterator[Any]:
    yield math.exp(x)


def with_statements(x: Any) -> Any:
    with context(x) as y, Properties(x) as z:
        return y * z


def local_class(x: Any) -> Any:
    class Local:
        turn = math.pi

        def value(self, y: Any) -> Any:
            return math.exp(y) * self.turn

    return Local().value(x)


def caught(x: Any) -> Any:
    try:
        return math.sqrt(-x)
    except ValueError:
        return math.sqrt(x)


MODEL = Model(0.0)
HELPERS = {"helper": helper}


def local_import(x: Any) -> Any:
    import math as m
    from math import cos

    return m.sin(x) * cos(x)


def nested(x: Any) -> Any:
    total = 0.0

    def add(y: Any) -> None:
        nonlocal total
        total += math.exp(y)

    for _ in range(2):
        add(x)
    return total


def closure(g: Any) -> Any:
    return lambda x: g(x)


LIFTED: dict[str, tuple[Any, Callable[[float], float]]] = {
    "from math import exp": (lambda x: exp(2 * x), lambda x: 2 * math.exp(2 * x)),
    "a helper": (helper, lambda x: 2 * math.cos(x)),
    "a default": (lambda x, f=math.exp: f(x), math.exp),
    "partial": (functools.partial(lambda a, x: math.exp(a * x), 3.0), lambda x: 3 * math.exp(3 * x)),
    "partial inside": (lambda x: functools.partial(helper, f=math.cos)(x), lambda x: -2 * math.sin(x)),
    "a decorated function": (decorated, lambda x: 2 * math.exp(x)),
    "a call of one": (lambda x: decorated(3 * x), lambda x: 6 * math.exp(3 * x)),
    "recursion": (lambda x: factorial_series(x, 20), math.exp),
    "a generator": (lambda x: sum(powers(x)), lambda x: 1 + 2 * x),
    "a lifted function inside": (lambda x: lifted(x), lambda x: math.exp(x / 8) / 8),
    "map": (lambda x: sum(map(math.sin, [x, 2 * x])), lambda x: math.cos(x) + 2 * math.cos(2 * x)),
    "a comprehension": (lambda x: sum([helper(x) for _ in range(3)]), lambda x: 6 * math.cos(x)),
    "imports inside": (local_import, lambda x: math.cos(2 * x)),
    "nonlocal": (nested, lambda x: 2 * math.exp(x)),
    "a bound method": (MODEL.value, lambda x: 3 * math.cos(x)),
    "a callable object": (MODEL, lambda x: 6 * math.cos(x)),
    "a method of a global": (lambda x: MODEL.value(x), lambda x: 3 * math.cos(x)),
    "an object made inside": (lambda x: Model(0.0)(x), lambda x: 6 * math.cos(x)),
    "an object made of a dual": (lambda x: Model(x).a, math.exp),
    "a property": (lambda x: Model(x).log * x, lambda x: 2 * x),
    "a static method": (lambda x: Model.tangent(x), lambda x: 1 + math.tan(x) ** 2),
    "a class method": (lambda x: Model.of(x).a, math.exp),
    "a setter": (lambda x: Properties(x)._log, lambda x: 1 / x),
    "a cached property": (lambda x: [(p := Properties(x)).root, p.root][1], lambda x: 0.5 / math.sqrt(x)),
    "__getattr__": (lambda x: Properties(x).sine(x), math.cos),
    "__iter__": (lambda x: sum(Properties(x)), lambda x: 1 + 2 * x),
    "with": (with_statements, lambda x: exp(x) * (math.cos(math.log(x)) - math.sin(math.log(x)) / x)),
    "a frozen dataclass": (lambda x: Frozen(x).value(2.0), lambda x: 2 * math.exp(2 * x)),
    "an abstract class": (lambda x: Disc(x).side(), lambda x: 2 * x),
    "a local class": (local_class, lambda x: math.pi * math.exp(x)),
    "a domain error": (caught, lambda x: 0.5 / math.sqrt(x)),
    "vectorize": (lambda x: np.vectorize(helper)(x * np.ones(2))[1], lambda x: 2 * math.cos(x)),
    "a function in a dict": (lambda x: HELPERS["helper"](x), lambda x: 2 * math.cos(x)),
    "float": (lambda x: float(x) ** 2, lambda x: 2 * x),
    "complex": (lambda x: abs(complex(x, 2 * x)) ** 2, lambda x: 10 * x),
    "a closure": (closure(helper), lambda x: 2 * math.cos(x)),
    "a derivative inside": (lambda x: derivative(helper)(x), lambda x: -2 * math.sin(x)),
}  # fmt: skip


@pytest.mark.parametrize("name", LIFTED)
@pytest.mark.parametrize("x", [0.3, np.float64(1.2)])
def test_what_is_lifted(name: str, x: float) -> None:
    f, slope = LIFTED[name]
    assert derivative(lift(f))(x) == pytest.approx(slope(float(x)), rel=1e-14)
    second = derivative(derivative(f, lift=True))(x)
    with mp.workdps(30):
        exact = mp.diff(lambda t: mpf(slope(float(t))), float(x), h=mpf(10) ** -4)
    assert second == pytest.approx(float(exact), rel=1e-5, abs=1e-5)
    if name != "a derivative inside":  # which raises without lift
        assert bits(lift(f)(x)) == bits(f(x))


def test_objects_stay_what_they_are() -> None:
    model = Model(0.0)

    def f(m: Any, x: Any) -> Any:
        assert isinstance(m, Model) and isinstance(MODEL, Model) and isinstance(Model(0.0), Base)
        assert issubclass(Model, Base) and m.__class__ is MODEL.__class__
        m.seen = x
        Model.calls = 7  # of the class, and from it to the object
        return m.value(x)

    assert derivative(f, argnums=1, lift=True)(model, 0.5) == pytest.approx(3 * math.cos(0.5))
    assert isinstance(model.seen, Dual) and Model.calls == 7 and model.calls == 8  # type: ignore[attr-defined]
    assert type(lift(lambda: MODEL.__dict__)()) is dict
    Model.calls = 0


def test_globals_are_live(monkeypatch: Any) -> None:
    f = lift(helper)
    assert derivative(f)(0.0) == 2.0
    monkeypatch.setattr(sys.modules[__name__], "GAIN", 5.0)
    assert derivative(f)(0.0) == 5.0
    assert lift(lambda: globals())() is globals()
    with pytest.raises(NameError, match="no_such_name"):
        lift(lambda: no_such_name)()  # type: ignore[name-defined]  # noqa: F821


def counting(x: Any) -> Any:
    global CALLS
    CALLS += 1
    return math.exp(x) * CALLS


def counting_generator(x: Any) -> Any:
    global CALLS
    CALLS += 1
    yield math.exp(x)


def test_writes_to_globals() -> None:
    global CALLS
    CALLS = 0
    assert derivative(lift(counting))(0.0) == 1.0
    assert CALLS == 1
    assert derivative(lambda x: counting(x) + counting(x), lift=True)(0.0) == 5.0
    assert CALLS == 3
    assert derivative(lambda x: next(counting_generator(x)), lift=True)(0.0) == 1.0
    assert CALLS == 4


@pytest.mark.usefixtures("counted_looks")
def test_closures_stay_shared() -> None:
    calls = 0
    g: Any = helper

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return g(x)

    slope = derivative(lift(f))
    assert slope(0.0) == 2.0 and calls == 1
    g = math.exp
    assert slope(0.0) == 1.0 and calls == 2


def test_what_is_not_reached_raises() -> None:
    with pytest.raises(TypeError, match="would lose the derivative") as caught:
        derivative(lambda x: eval("math.sin(x)"), lift=True)(0.5)
    assert "does not reach what eval and exec compile" in caught.value.__notes__[0]


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: Any) -> Iterator[Any]:
    package = tmp_path / "users_models"
    package.mkdir()
    (package / "__init__.py").write_text("from . import inner\n")
    (package / "inner.py").write_text(
        "import math\nfrom math import sqrt\nimport numpy\n\n"
        "def root(x):\n    out = numpy.zeros(2)\n    out[1] = sqrt(x)\n    return out.sum()\n"
        "def late(x):\n    from . import inner as again\n    return again.root(x) * math.exp(0)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("users_models")
    for name in ("users_models", "users_models.inner"):
        del sys.modules[name]


def test_modules_of_the_users(modules: Any) -> None:
    root = modules.inner.root
    for f in (root, lambda x: root(x), lambda x: modules.inner.root(x), modules.inner.late):
        assert derivative(lift(f))(4.0) == 0.25
        assert lift(f)(4.0) == 2.0

    def imports(x: Any) -> Any:
        import users_models.inner  # type: ignore[import-not-found]
        from users_models.inner import root

        return root(x) + users_models.inner.root(x)

    assert derivative(lift(imports))(4.0) == 0.5
    with pytest.raises(TypeError):
        derivative(root, lift=False)(4.0)


def test_other_code_sees_nothing() -> None:
    """While lifted code runs, another thread uses the same functions, with the originals."""
    inside, seen = threading.Event(), threading.Event()
    found: list[Any] = []

    def f(x: Any) -> Any:
        out = np.zeros(1)
        out[0] = helper(x)
        inside.set()
        assert seen.wait(10)
        return out[0]

    def other() -> None:
        assert inside.wait(10)
        found.extend([math.exp is exp, type(np.zeros(1)), helper(0.5), helper.__globals__["math"]])
        try:
            helper(Dual(0.5, 1.0))
        except TypeError:
            found.append("raised")
        seen.set()

    thread = threading.Thread(target=other)
    thread.start()
    assert derivative(lift(f))(0.5) == 2 * math.cos(0.5)
    thread.join()
    assert found == [True, np.ndarray, 2 * math.sin(0.5), math, "raised"]
    assert type(np.zeros(1)) is np.ndarray and sys.modules["math"] is math


# -- buffers -------------------------------------------------------------------------------


def views(x: Any) -> Any:
    out = np.zeros((3, 3))
    first, column, flat = out[0], out[:, 1], out.ravel()
    first[0] = x[0] ** 2
    column += x
    flat[8] = math.exp(x[1])
    out.T[0] *= 2.0
    out[2] += out[0] * x[2]
    out[1:, 1:][0, 1] = 5.0
    return out * 1.0, first + column, flat.reshape(3, 3)[2]


def whole_arrays(x: Any) -> Any:
    a = np.eye(3)
    a[0, 1], a[1, 2] = x[0], math.sin(x[1])
    b = np.ones(3) * 0.5
    b[:2] = x[1:]
    y = np.linalg.solve(a, b) + a @ b + np.exp(a).sum(axis=0)
    y[y > 100] = 0.0
    return np.concatenate([y, np.sqrt(b), [x[0]], a.T[1]]), np.where(b > 1, b, 0).max()


def in_place(x: Any) -> Any:
    out = np.full(3, 2.0)
    same = out
    out += x
    out *= out
    out[1] -= x[0]
    out /= 3
    np.multiply(out, 2.0, out=out)
    np.add.at(out, [0, 0, 2], x)
    np.copyto(out, x, where=[False, True, False])
    np.put(out, 2, out[2] * x[0])
    return same


def arrays_of_numbers(x: Any) -> Any:
    y = np.array([x[0], 0.0, 1.0])
    y[1] = x[1] * x[0]
    z = np.asarray([[0.0, 1.0], [x[2], 3.0]])
    z[0] = y[:2]
    w = np.array([0.5, 1.5, 2.5])
    w[1:] = y[1:] ** 2
    return [y, z, w, np.vstack([w, y])]


def temporaries(x: Any) -> Any:
    work = np.zeros((2, 3))
    total = np.zeros(3)
    for k in range(3):
        work[0] = x * (k + 1)
        work[1] = np.cumsum(work[0])
        total += work[1] * work[0, k]
        work.fill(0.0)
    assert not np.any(work)
    return total


def in_fortran_order(x: Any) -> Any:
    out = np.zeros((3, 2), order="F")
    flat, turned = out.ravel(order="F"), out.T.reshape(-1)
    flat[1] = x[0]
    turned[4] = x[1] * x[2]
    return out


def copied_into(x: Any) -> Any:
    out = [np.zeros(3) for _ in range(3)]
    np.copyto(out[0], x)
    np.put(out[1], [2, 0], x[:2])
    np.fill_diagonal(square := np.zeros((2, 2)), x[1])
    return [*out, square]


BUFFERS = [
    in_fortran_order,
    copied_into,
    views,
    whole_arrays,
    in_place,
    arrays_of_numbers,
    temporaries,
]


@pytest.mark.parametrize("program", BUFFERS, ids=lambda f: f.__name__)
def test_buffers(program: Any) -> None:
    """Plain numbers give the bits of the function itself; derivatives against differences."""
    f = lift(program)
    assert bits(f(X)) == bits(program(X))
    f = lift(lambda x: list(program(x)))  # math has no complex numbers
    check(f, X, analytic=False)


def test_nested_derivatives_through_one_buffer() -> None:
    """∂/∂y of y²·x at x, times x, in an array that holds both levels."""

    def f(x: Any) -> Any:
        out = np.zeros(3)
        view = out[1:]

        def inner(y: Any) -> Any:
            work = np.zeros(2)
            work[0] = x
            work[1] = y * y * work[0]
            view[1] = y  # of the inner derivative
            return work[1]

        out[0] = derivative(inner)(x) * x  # 2x³
        view[0] = x
        return out[0] + view[0] * out[1]

    for g in (lift(f), lambda x: lift(f)(x)):
        assert derivative(g)(3.0) == 6 * 9 + 6
        assert derivative(derivative(g))(3.0) == 12 * 3 + 2
    assert lift(f)(3.0) == 63.0


def test_older_levels_reach_views_too() -> None:
    def f(x: Any) -> Any:
        def inner(y: Any) -> Any:
            out = np.zeros((2, 2))
            row = out[0]
            row[0] = y
            out.T[0, 1] = x  # older than what is there
            row[1] = x * y
            return (out[0] * out[1, 0]).sum()  # (y + x·y)·x

        return derivative(inner)(x)  # x + x²

    assert derivative(lift(f))(3.0) == 7.0
    assert derivative(derivative(lift(f)))(3.0) == 2.0


def test_a_buffer_is_an_array() -> None:
    b, a = buffered(np.arange(6.0).reshape(2, 3)), np.arange(6.0).reshape(2, 3)
    assert isinstance(b, Buffer) and repr(b) == repr(a) and len(b) == 2 and 3.0 in b
    assert (b.shape, b.ndim, b.size, b.dtype, b.strides) == (a.shape, 2, 6, a.dtype, a.strides)
    assert b.tolist() == a.tolist() and [list(row) for row in b] == a.tolist()
    assert (
        type(b[1, 2]) is np.float64 and type(b > 2) is np.ndarray and list(b.flat) == list(a.flat)
    )
    assert b.sum() == 15 and b.mean(axis=0).content.tolist() == [1.5, 2.5, 3.5]
    for y in (b + 1, 1 - b, a * b, -b, abs(b), b @ a.T, a.T @ b, b**2, b // 2, b % 2, 2**b, +b):
        assert isinstance(y, Buffer)
    assert (divmod(b, 2)[1] if isinstance(divmod(b, 2), tuple) else None) is not None
    assert (b == a).all() and not (b != a).any() and (b <= a).all() and bool(b[:1, 1] >= 1)
    assert float(buffered(np.ones(1))[0]) == 1.0
    c = b.copy()
    c[0, 0] = 9.0
    assert b[0, 0] == 0.0
    parts = np.split(b, 3, axis=1)
    parts[1][0] = Dual(7.0, 1.0)
    assert b[0, 1].tangent == 1.0 and np.sum(b).tangent == 1.0
    with pytest.raises(TypeError, match="ctypes reads the memory of an array"):
        _ = b.ctypes
    with pytest.raises(TypeError, match="unhashable"):
        hash(b)
    m = buffered(np.eye(2))
    m @= np.ones((2, 2))
    assert m.tolist() == [[1, 1], [1, 1]]
    x = Dual(np.ones(2), np.ones(2))
    for z in (x * m, m * x, np.multiply(x, m), np.add(x, m, out=buffered(np.zeros((2, 2)))), x @ m):
        assert isinstance(unbuffered(z), DualArray)
    y = Dual(np.ones(2), np.ones(2))
    y[:] = m[0] * 2
    assert y.primal.tolist() == [2.0, 2.0]


def test_memory_that_others_hold() -> None:
    """A plain array of the same memory sees what is written, but could not see derivatives."""
    b = buffered(np.zeros(2))
    alias = np.asarray(b)
    part = alias[1:]
    b[1] = 3.0
    assert alias[1] == 3.0
    del alias
    with pytest.raises(TypeError, match="whose memory is in use by code that"):
        b[0] = Dual(1.0, 1.0)
    del part
    b[0] = Dual(1.0, 1.0)
    assert np.asarray(b).dtype == object


@pytest.mark.parametrize(
    "address",
    [lambda b: b.ctypes.data, lambda b: b.ctypes._as_parameter_.value],
    ids=["data", "parameter"],
)
def test_an_address_is_for_good(address: Callable[[Any], int]) -> None:
    """Nothing tells whether who has it still reads there, where no derivative would be."""
    b = buffered(np.array([1.0, 2.0]))
    place = address(b)
    ctypes.memmove(place, np.array([3.0]).ctypes.data, 8)
    assert b[0] == 3.0
    with pytest.raises(TypeError, match="whose memory is in use by code that"):
        b[0] = Dual(1.0, 1.0)
    assert ctypes.c_double.from_address(place).value == 3.0


@pytest.mark.parametrize(
    "lend", [lambda b: b.data, lambda b: b.ctypes.data_as(ctypes.c_void_p)], ids=["data", "ctypes"]
)
def test_memory_that_is_lent(lend: Callable[[Any], Any]) -> None:
    b = buffered(np.array([1.0, 2.0]))
    held = lend(b)
    ctypes.memmove(np.asarray(b).ctypes.data, np.array([3.0]).ctypes.data, 8)
    assert b[0] == 3.0
    with pytest.raises(TypeError, match="whose memory is in use by code that"):
        b[0] = Dual(1.0, 1.0)
    del held
    b[0] = Dual(1.0, 1.0)
    assert isinstance(unbuffered(b), DualArray)
    with pytest.raises(TypeError, match="reads the memory of an array"):
        lend(b)
    swapped = buffered(np.array([1.0])).byteswap()
    assert unbuffered(swapped).tobytes() == np.array([1.0]).byteswap().tobytes()


READERS_OF_MEMORY: dict[str, Callable[[Any], Any]] = {
    "memoryview": lambda a: memoryview(a).tolist(),
    "bytes": bytes,
    "hashlib": lambda a: hashlib.sha256(a).hexdigest(),
    "struct": lambda a: struct.unpack_from("d", a),
    "np.frombuffer": lambda a: np.frombuffer(a).tolist(),
    "ctypes": lambda a: (ctypes.c_double * 6).from_buffer(a)[2],
    "np.ndarray": lambda a: np.ndarray((3,), buffer=a).tolist(),
    "a file": lambda a: (f := io.BytesIO()).write(a) and f.getvalue(),
    "tobytes": lambda a: a.tobytes(),
    "data": lambda a: bytes(a.data),
}


LENDS = dualad.kernel_info().in_use or sys.version_info >= (3, 12)  # else classes cannot


@pytest.mark.parametrize("name", READERS_OF_MEMORY if LENDS else ("tobytes", "data"))
def test_memory_is_that_of_a_plain_array_until_it_holds_duals(name: str) -> None:
    read = READERS_OF_MEMORY[name]

    def f(x: Any, holds: bool = False) -> Any:
        a = np.zeros((2, 3))
        a[0] = 1.5
        if holds:
            a[1, 1] = x
        found.append(read(a))
        a[0, 0] = x  # nobody holds the memory any more
        return a.sum()

    found: list[Any] = []
    assert derivative(f, lift=True)(2.0) == 1.0
    f(2.0)
    assert found[0] == found[-1]
    with pytest.raises(TypeError, match="memory of an array"):
        derivative(lambda x: f(x, True), lift=True)(2.0)


LENDERS: dict[str, Callable[[Any], Any]] = {
    "np.frombuffer": np.frombuffer,
    "its part": lambda a: np.frombuffer(a)[1:],
    "np.ndarray": lambda a: np.ndarray(3, buffer=a),
    "of a view": lambda a: np.ndarray(2, buffer=a[1:]),
    "in compiled code": lambda a: next(map(np.ndarray, [3], [float], [a])),
    "memoryview": memoryview,
    "data": lambda a: a.data,
    "an object with its address": lambda a: _Addressed(a.__array_interface__),
    "np.from_dlpack": np.from_dlpack,
    "ctypes": lambda a: (ctypes.c_double * 3).from_buffer(a),
}
STORES: dict[str, Callable[[Any, Any], Any]] = {
    "an element": lambda a, x: operator.setitem(a, 1, x),
    "through a view": lambda a, x: operator.setitem(a[1:], 0, x),
    "in place": lambda a, x: operator.iadd(a, x),
    "out": lambda a, x: np.add(a, x, out=a),
}


class _Addressed:
    def __init__(self, interface: Any) -> None:
        self.__array_interface__ = interface


@pytest.mark.parametrize("lender", LENDERS if LENDS else ("data",))
@pytest.mark.parametrize("store", STORES)
def test_memory_that_is_held_keeps_duals_out(lender: str, store: str) -> None:
    lend, write = LENDERS[lender], STORES[store]

    def f(x: Any) -> Any:
        a = np.arange(3.0)
        m = lend(a)
        write(a, x)
        return np.asarray(m)[-1] + math.sin(x)

    assert f(2.0) != 0
    with pytest.raises(TypeError, match="whose memory is in use by code that"):
        derivative(f, lift=True)(2.0)


@pytest.mark.parametrize(
    ("make", "show"),
    [
        (lambda: np.zeros(3), lambda a: np.asarray(a.data)),
        (lambda: np.tile([1.0, 2.0], 2), lambda a: a.base[0]),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_memory_that_two_arrays_show(make: Any, show: Any, order: int) -> None:
    def f(x: Any) -> Any:
        a = make()
        m = show(a)
        for one, other in [(a, m), (m, a)][::order]:
            one[0] = x
            x = math.sin(other[0])
        return x

    assert f(2.0) == math.sin(math.sin(2.0))
    with pytest.raises(TypeError, match=r"lose the derivative|memory is in use by code that"):
        derivative(f, lift=True)(2.0)


def test_the_base_of_an_array_that_holds_duals() -> None:
    def f(x: Any) -> Any:
        a = np.tile([1.0, 2.0], 2)
        a[0] = x
        return a.base[0, 0] + math.sin(x)

    with pytest.raises(TypeError, match="memory of an array that holds duals"):
        derivative(f, lift=True)(2.0)


def test_a_view_of_memory_that_is_held_keeps_duals_out() -> None:
    def f(x: Any) -> Any:
        a = np.zeros(3)
        held = a.data
        a[0] = x
        return a[0] * held[1]

    with pytest.raises(TypeError, match="whose memory is in use by code that"):
        derivative(f, lift=True)(2.0)


@pytest.mark.filterwarnings("ignore:Setting the shape on a NumPy array")
def test_the_base_of_a_view_is_the_array_itself() -> None:
    def f(x: Any) -> Any:
        a = np.zeros((2, 3))
        b = a[0]
        are_same = b.base is a and b[1:].base is a and a.T.base is b.base and a.base is None
        a[0] = x
        b.base[0, 0] *= x
        a.shape = (3, 2)
        return a.sum() * (are_same and b.base is a and a.base is None and a[1].base is a)

    assert f(2.0) == 8.0
    assert value_and_grad(f, lift=True)(2.0) == (8.0, 6.0)


@pytest.mark.parametrize("lifted", [lift, lambda f: f])
def test_arrays_say_what_they_are(lifted: Any) -> None:
    def f(x: Any) -> Any:
        a = np.zeros((2, 3))
        is_array = type(a) is a.__class__ is np.ndarray and isinstance(a, np.ndarray)
        return (
            is_array,
            a.base is None,
            a[0].base is None,
            not LENDS or a.__array_interface__["shape"] == (2, 3) == np.shape(a),
            x.__class__ is float,
            pickle.loads(pickle.dumps(a)).tolist(),
        )

    value = lifted(f)(1.0)
    assert value == (True, True, False, True, True, np.zeros((2, 3)).tolist())


def real_part_in_place(x: Any) -> Any:
    z = np.zeros(2, complex)
    z.real += x
    z.imag = x
    return (z * (1 - 0j)).sum().real


def back_substitution(x: Any) -> Any:
    u, y = np.array([[2.0, 1.0], [0.0, x]]), np.zeros(2)
    for i in (1, 0):
        y[i] = (2.0 - u[i, i + 1 :] @ y[i + 1 :]) / u[i, i]
    return -y[0]  # 1/x − 1


CONVERSIONS: dict[str, tuple[Any, float]] = {  # at 2, with the derivative by hand
    "np.float64": (lambda x: np.float64(x) * x, 4.0),
    "np.float32": (lambda x: np.float32(x) * np.float32(3), 3.0),
    "float of one element": (lambda x: float(np.zeros(1)[0] + x) ** 2, 4.0),
    "complex of two": (lambda x: (complex(x, 2 * x) * (1 - 1j)).real, 3.0),
    "np.asarray with float": (lambda x: np.asarray([x, 2 * x], dtype=float).sum(), 3.0),
    "np.array of objects": (lambda x: np.array([x, 1.0], dtype=object)[0] * 3, 3.0),
    "copy if needed": (lambda x: np.array(x, copy=np._CopyMode.IF_NEEDED)[()] * 2, 2.0),  # type: ignore[attr-defined]
    "np.vectorize with otypes": (
        lambda x: np.vectorize(lambda v: v * math.exp(0.0), otypes=[float])([x, x * x]).sum(),
        5.0,
    ),
    "np.fromiter": (lambda x: np.fromiter((x * i for i in range(3)), float).sum(), 3.0),
    "np.arange to x": (lambda x: np.arange(0, x, 0.5).sum() * x, 3.0),
    "np.arange from x": (lambda x: np.arange(x, 9.5, x).sum(), 10.0),
    "np.nditer": (lambda x: sum(float(v) for v in np.nditer(np.array([x, x * x]))), 5.0),
    "a bool for out": (lambda x: x * np.greater(x, 1.0, out=np.zeros(2, bool)).sum(), 2.0),
    "real +=": (real_part_in_place, 2.0),
    "an empty slice": (back_substitution, -0.25),
    "dualad's functions": (lambda x: dualad.exp(np.array([0.0, 1.0]) * (x - 2)).sum(), 1.0),
    "isinstance of an array": (lambda x: x * isinstance(np.zeros(2), np.ndarray), 1.0),
}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_lifted_code_answers_as_plain_code(name: str) -> None:
    f, slope = CONVERSIONS[name]
    value, slopes = dualad.value_and_grad(f)(2.0)
    assert slopes == pytest.approx(slope, rel=1e-7)
    assert value == f(2.0)


def test_complex_numbers_are_not_cut() -> None:
    def f(x: Any) -> Any:
        out = np.zeros(2)
        out += x * 1j * np.ones(2)
        return out[0]

    with pytest.raises(TypeError, match="Cannot cast ufunc"):
        derivative(lift(f))(1.0)


def test_arrays_of_integers_stay_plain() -> None:
    assert lift(lambda: type(np.zeros(2, dtype=int)))() is np.ndarray
    assert lift(lambda: type(np.array([1, 2])))() is np.ndarray
    data = np.zeros(2)
    assert lift(lambda: np.asarray(data))() is data
    with pytest.raises(TypeError, match=r"np.zeros\(n, like=x\)"):
        lift(lambda x: np.asarray(data).__setitem__(0, x))(Dual(1.0, 1.0))
    assert lift(lambda: np.zeros(2, np.float32) * 1)().dtype == np.float32


ROWS_OF_ARRAYS = [name for name, rule in RULES.items() if name in dualad.__all__ and rule.slopes]
# Rules of the user's, defined in the tests: the table is the same for all of them.
OWN_ROWS: dict[str, Callable[[], Any]] = {
    "product_with_square": lambda: dualad.define_rule(
        lambda a, b: a * b**2, ["b**2", "2*a*b"], name="product_with_square"
    ),
    "first_of_two": lambda: dualad.define_rule(
        lambda a, b: a, ["1", "0"], name="first_of_two", over=(0.1, 2.0)
    ),
}


@pytest.mark.parametrize("name", [*ROWS_OF_ARRAYS, *OWN_ROWS])
def test_functions_of_the_table_take_arrays_made_in_lifted_code(name: str) -> None:
    f = OWN_ROWS[name]() if name in OWN_ROWS else getattr(dualad, name)
    rule = RULES[name]
    points: list[Any] = [np.linspace(low + (high - low) / 7, high, 3) for low, high in rule.over]
    if name in ("ldexp", "around"):
        points[1] = 1
    weights = np.array([1.0, -2.0, 0.5])

    def total(y: Any) -> Any:
        return sum(v @ weights for v in (y if isinstance(y, tuple) else (y,)))

    for i in range(len(points)):
        if rule.slopes[i] is None:  # it has no derivative there
            continue

        def made(x: Any, i: int = i) -> Any:
            args = [x if j == i else np.array(p) if np.ndim(p) else p for j, p in enumerate(points)]
            return total(f(*args))

        def taken(x: Any, i: int = i) -> Any:
            return total(f(*[x if j == i else p for j, p in enumerate(points)]))

        x = points[i]
        assert bits(made(x)) == bits(taken(x))
        for mode in ("forward", "reverse"):
            y, slope = dualad.value_and_grad(made, mode=mode, lift=True)(x)  # type: ignore[arg-type]
            expected = grad(taken, mode=mode, lift=False)(x)  # type: ignore[arg-type]
            assert bits(y) == bits(taken(x)) and bits(slope) == bits(expected)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: np.zeros(3),
        lambda: np.ones(6)[::2],
        lambda: np.arange(3.0),
        lambda: np.linspace(0, 1, 3),
        lambda: np.full(3, 0.5),
        lambda: np.eye(3)[1],
        lambda: np.array([1.0, 2.0, 3.0]),
    ],
)
def test_what_functions_of_the_table_give_takes_duals(make: Any, mode: Any) -> None:
    product_with_square, first_of_two = (define() for define in OWN_ROWS.values())

    def stored(x: Any) -> Any:
        t, u = product_with_square(make(), 2.0), dualad.sigmoid(make())
        same = first_of_two(w := make(), 0.0)
        t[0] = x[0]
        u[1] = x[1] * x[0]
        w[2] = x[2] ** 2
        return np.sum(product_with_square(t, x) * u) + same[2]

    def plainly(x: Any) -> Any:
        a = make()
        t = np.stack([x[0], 4.0 * a[1], 4.0 * a[2]])
        s = 1 / (1 + np.exp(-a))
        return np.sum(t * x**2 * np.stack([s[0], x[1] * x[0], s[2]])) + x[2] ** 2

    x = np.array([0.5, 1.5, 2.5])
    value, slope = dualad.value_and_grad(stored, mode=mode, lift=True)(x)
    assert value == stored(x)
    expected = grad(plainly, mode="forward", lift=False)(x)
    np.testing.assert_allclose(slope, expected, rtol=1e-14)


# -- programs ------------------------------------------------------------------------------


def runge_kutta(p: Any) -> Any:
    """A damped pendulum; p: damping, length, start angle."""
    n, h = 20, 0.05
    y = np.zeros((n + 1, 2))
    y[0] = [p[2], 0.0]
    k = np.zeros((4, 2))

    def field(state: Any) -> Any:
        dy = np.empty(2)
        dy[0] = state[1]
        dy[1] = -9.81 / p[1] * math.sin(state[0]) - p[0] * state[1]
        return dy

    for i in range(n):
        k[0] = field(y[i])
        k[1] = field(y[i] + h / 2 * k[0])
        k[2] = field(y[i] + h / 2 * k[1])
        k[3] = field(y[i] + h * k[2])
        y[i + 1] = y[i] + h / 6 * (k[0] + 2 * k[1] + 2 * k[2] + k[3])
    return y[::5]


def thomas(d: Any) -> Any:
    n = len(d)
    a, b, c = -np.ones(n), 4 * np.ones(n), -np.ones(n)
    b[0] = 4 + d[0] ** 2
    x, cp, dp = np.zeros(n), np.zeros(n), np.zeros(n)
    cp[0], dp[0] = c[0] / b[0], d[0] / b[0]
    for i in range(1, n):
        m = b[i] - a[i] * cp[i - 1]
        cp[i] = c[i] / m
        dp[i] = (d[i] - a[i] * dp[i - 1]) / m
    x[-1] = dp[-1]
    for i in range(n - 2, -1, -1):
        x[i] = dp[i] - cp[i] * x[i + 1]
    return x


def lu(p: Any) -> Any:
    a = np.array([[4.0, 3.0, 1.0], [2.0, 5.0, 1.0], [1.0, 0.5, 6.0]])
    a[0, 0], a[1, 2], a[2, 0] = 4 + p[0], p[1], p[2]
    n = len(a)
    lower, upper = np.eye(n), np.zeros((n, n))
    for i in range(n):
        for j in range(i, n):
            upper[i, j] = a[i, j] - sum(lower[i, k] * upper[k, j] for k in range(i))
        for j in range(i + 1, n):
            lower[j, i] = (a[j, i] - sum(lower[j, k] * upper[k, i] for k in range(i))) / upper[i, i]
    return [lower, upper, np.prod(np.diag(upper))]


def horner(p: Any) -> Any:
    b = np.zeros(len(p))
    b[-1] = p[-1]
    for i in range(len(p) - 2, -1, -1):
        b[i] = p[i] + b[i + 1] * math.sqrt(2)
    return b


def quadrature(p: Any) -> Any:
    n = 20
    x = np.linspace(0.0, 1.0, n + 1)
    y = np.empty(n + 1)
    for i in range(n + 1):
        y[i] = math.exp(-p[0] * x[i] ** 2) * math.cos(p[1] * x[i]) + math.hypot(p[2], x[i], 1.0)
    return (y[0] + 4 * np.sum(y[1:-1:2]) + 2 * np.sum(y[2:-1:2]) + y[-1]) / (3 * n)


def heat(p: Any) -> Any:
    n, r = 12, 0.2 + 0.1 * p[0]
    u = np.zeros(n)
    u[n // 2] = p[1]
    new = np.zeros_like(u)
    for _ in range(10):
        new[1:-1] = u[1:-1] + r * (u[2:] - 2 * u[1:-1] + u[:-2])
        new[0] = new[-1] = math.tanh(p[2])
        u, new = new, u
    return u


PROGRAMS = [runge_kutta, thomas, lu, horner, quadrature, heat]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(program: Any) -> None:
    f = lift(program)
    assert bits(f(X)) == bits(program(X))
    check(f, X, analytic=False)


def test_programs_in_closed_form() -> None:
    np.testing.assert_allclose(
        jacobian(horner, lift=True)(X),
        np.triu(math.sqrt(2) ** (np.arange(3) - np.arange(3)[:, None])),
        rtol=1e-15,
    )
    matrix = 4 * np.eye(3) - np.eye(3, k=1) - np.eye(3, k=-1)
    matrix[0, 0] += X[0] ** 2
    inverse = np.linalg.inv(matrix)
    slope = inverse.copy()
    slope[:, 0] -= inverse[:, 0] * 2 * X[0] * (inverse @ X)[0]
    np.testing.assert_allclose(jacobian(thomas, lift=True)(X), slope, rtol=1e-13)


def test_rosen_of_scipy() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    np.testing.assert_allclose(
        grad(optimize.rosen, lift=True)(X), optimize.rosen_der(X), rtol=1e-13
    )
    np.testing.assert_allclose(
        hessian(lambda x: optimize.rosen(np.array([x[0], math.sqrt(x[1]) ** 2, x[2]])), lift=True)(X),
        optimize.rosen_hess(X), rtol=1e-12,
    )  # fmt: skip


def test_without_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lift(lambda: np.zeros(3).sum())() == 0.0


# -- where callees come from -----------------------------------------------------------------------


class _Table:
    """Functions as attributes, methods and items."""

    exp = staticmethod(math.exp)

    def __init__(self) -> None:
        self.log, self.functions, self.inner = math.log, [math.sin, math.cos], self

    def curried(self, a: Any) -> Any:
        return lambda b: math.exp(a * b)


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: _TABLE.functions[0](x), math.cos(1.3)),
        (lambda x: (math.sin if x > 1 else math.cos)(x), math.cos(1.3)),
        (lambda x: (math.sin if x > 2 else math.cos)(x), -math.sin(1.3)),
        (lambda x: math.exp(math.log(x) if x > 1 else x), 1.0),
        (lambda x: math.exp((y := math.log(x)) + y), 2.6),
        (lambda x: _TABLE.inner.inner.exp(x), math.exp(1.3)),
        (lambda x: _TABLE.inner.log(_TABLE.exp(x)), 1.0),
        (lambda x: _TABLE.curried(x)(x), 2.6 * math.exp(1.69)),
        (lambda x: math.exp(*[x]), math.exp(1.3)),
        (lambda x: max(math.exp(x), *[math.sin(t) for t in (x, x)]), math.exp(1.3)),
        (lambda x: sum(math.exp(t) if t > 0 else math.sin(t) for t in (x, -x)), None),
        (lambda x, m=math: m.exp(m.log(x)), 1.0),
        (lambda x: __import__("math").exp(x), math.exp(1.3)),
        (lambda x: ({"f": math.exp}["f"](x) and math.log(x)) or math.exp(x), 1 / 1.3),
        (lambda x: (_sine or abs)(x), math.cos(1.3)),
        (lambda x: (_nothing or _sine)(x), math.cos(1.3)),
        (lambda x: ((x > 2 and abs) or _sine or abs)(x), math.cos(1.3)),
        (lambda x: (getattr(_TABLE, "sine", None) or abs or _sine)(_sine(x)), math.cos(1.3)),
        (lambda x: (_sine and _TABLE.log)((_nothing or _sine or abs)(x)), 1 / math.tan(1.3)),
        (lambda x: (y := _sine or abs)(x) + ((y and abs) or _sine)(x), math.cos(1.3) + 1),
    ],
)
def test_callees_of_all_kinds(f: Any, slope: float | None) -> None:
    right = math.exp(1.3) - math.cos(1.3) if slope is None else slope
    assert derivative(f, lift=True)(1.3) == pytest.approx(right, rel=1e-14)


def _sine(x: Any) -> Any:
    return math.sin(x)


_nothing = None
_TABLE = _Table()


def test_arguments_that_are_calculated_later_do_not_change_the_callee() -> None:
    def f(x: Any) -> Any:
        g = math.exp

        def swap(y: Any) -> Any:
            nonlocal g
            g = math.sin
            return y

        return g(swap(x)) + g(x)

    assert derivative(f, lift=True)(0.4) == pytest.approx(math.exp(0.4) + math.cos(0.4))


def test_a_module_may_be_any_object_later() -> None:
    """The same code, with a module in a cell and with an object that has a property there."""

    class Namespace:
        @property
        def scaled(self) -> Any:
            return lambda x: 2 * math.exp(x)

    def make(m: Any) -> Any:
        return lambda x: m.scaled(x) if m is not math else m.exp(x)

    assert derivative(make(math), lift=True)(0.5) == pytest.approx(math.exp(0.5))
    assert derivative(make(Namespace()), lift=True)(0.5) == pytest.approx(2 * math.exp(0.5))


# -- arrays that are copied, and that a function makes without needing lift for that --------------

K = np.array([0.3, 0.4, 0.5])
READ = "0.3 0.4"


class OfArrays:
    """Holds an array, and copies it."""

    def __init__(self) -> None:
        self.given = K

    def __call__(self, x: Any) -> Any:
        return stored(self.given.copy(), x)


def stored(y: Any, x: Any) -> Any:
    y[(-1,) * y.ndim] = x
    y[(0,) * y.ndim] *= x
    y -= x * x
    return y


MADE: dict[str, Callable[..., Any]] = {
    "copy": lambda x: stored(K.copy(), x),
    "copy of an argument": lambda x, given=K: stored(given.copy(), x),
    "copy of a part": OfArrays(),
    "copy in Fortran's order": lambda x: stored(np.outer(K, K).copy("F"), x),
    "np.ndarray.copy": lambda x: stored(np.ndarray.copy(K), x),
    "astype": lambda x: stored(K.astype(float), x),
    "astype of integers": lambda x: stored(np.arange(3).astype(float), x),
    "flatten": lambda x: stored(K.flatten(), x),
    "repeat": lambda x: stored(K.repeat(2), x),
    "copy.copy": lambda x: stored(copy.copy(K), x),
    "copy.deepcopy": lambda x: stored(copy.deepcopy(K), x),
    "zeros_like": lambda x: stored(np.zeros_like(K), x),
    "ones_like": lambda x: stored(np.ones_like(K), x),
    "empty_like": lambda x: stored(np.empty_like(K[:2]), x) * 0.5,
    "tile": lambda x: stored(np.tile(K, 2), x),
    "np.repeat": lambda x: stored(np.repeat(K, 2), x),
    "outer": lambda x: stored(np.outer(K, K), x),
    "kron": lambda x: stored(np.kron(K, K), x),
    "vstack": lambda x: stored(np.vstack((K, K)), x),
    "concatenate": lambda x: stored(np.concatenate((K, K)), x),
    "loadtxt": lambda x: stored(np.loadtxt(io.StringIO(READ)), x),
}


@pytest.mark.parametrize("lifted", [None, True])
@pytest.mark.parametrize("name", MADE)
def test_arrays_that_are_copied_or_made_take_duals(name: str, lifted: bool | None) -> None:
    f, before = MADE[name], K.copy()
    value, slope = jvp(f, (1.3,), (1.0,), lift=lifted)
    if name != "empty_like":  # of which the first number is anything
        want, up, down = f(1.3), f(1.3 + 2.0**-17), f(1.3 - 2.0**-17)
        assert bits(value) == bits(want)
        assert value.strides == want.strides
        np.testing.assert_allclose(slope, (up - down) * 2.0**16, rtol=1e-9)
    assert slope.flat[-1] == pytest.approx((1 - 2.6) * (0.5 if name == "empty_like" else 1))
    np.testing.assert_array_equal(K, before)


def test_what_shares_memory_is_no_copy() -> None:
    """What is stored there is seen in the array itself, which has no room."""
    given = K.copy()

    def f(x: Any) -> Any:
        same = given.astype(float, copy=False)
        assert same is given
        assert isinstance(given.astype(int), np.ndarray)
        assert [1.5].copy() == [1.5]
        assert copy.copy({"a": 1}) == {"a": 1}
        same[0] = x
        return same

    with pytest.raises(TypeError, match="would lose the derivative"):
        jacobian(f, lift=True)(1.3)
    np.testing.assert_array_equal(given, K)


def test_copies_alone_need_no_lift() -> None:
    """A function that takes duals as it is runs as it is."""
    seen = {}

    def f(x: Any) -> Any:
        seen["copy"], seen["zeros"] = K.copy(), np.zeros_like(K)
        return (seen["copy"] * x + seen["zeros"]).sum()

    assert derivative(f)(1.3) == pytest.approx(1.2)
    assert {type(y) for y in seen.values()} == {np.ndarray}


def shifted(z: Any, x: Any) -> Any:
    z -= x
    return z


def put_first(z: Any, x: Any) -> Any:
    z[0] = x
    return z


def put_two(z: Any, x: Any) -> Any:
    z[:2] = np.array([x, x])
    return z


def added_at(z: Any, x: Any) -> Any:
    np.add.at(z, 0, x)
    return z


@pytest.mark.parametrize("write", [shifted, put_first, put_two, added_at])
@pytest.mark.parametrize("lifted", [None, True])
def test_what_to_write_for_a_plain_array(write: Any, lifted: bool | None) -> None:
    """What has calculated the array is not looked into; the error says what helps."""
    with pytest.raises(TypeError, match=r"write (z = )?np\.array\(…\) or np\.copy\(…\)") as error:
        jacobian(lambda x: write(K * 1, x), lift=lifted)(1.3)
    assert "out=" not in str(error.value)
    for make in (np.array, np.copy):
        np.testing.assert_array_equal(
            jacobian(lambda x, make=make: write(make(K * 1), x), lift=lifted)(1.3),
            write(np.zeros(3), 1.0),
        )


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.nextafter(np.exp(x), len([x])), 1.5),
        (lambda x: np.unpackbits(np.exp([x]) * np.zeros(1)), 1.5),
        (lambda z: np.conj(z) * len([z]) + np.zeros(1)[0], 1.5 + 1j),
    ],
)
def test_f_is_not_called_again_for_what_lifting_does_not_cure(f: Any, x: Any) -> None:
    calls = []

    def counted(x: Any) -> Any:
        calls.append(x)
        return f(x)

    with pytest.raises(TypeError):
        derivative(counted, lift=True)(x)
    once = len(calls)
    with pytest.raises(TypeError):
        derivative(counted)(x)
    assert len(calls) == 2 * once


def gauss(a: Any, b: Any) -> Any:
    a, b, n = a.copy(), b.copy(), len(b)
    for i in range(n):
        for j in range(i + 1, n):
            m = a[j, i] / a[i, i]
            a[j, i:] -= m * a[i, i:]
            b[j] -= m * b[i]
    x = np.zeros(n)
    for i in reversed(range(n)):
        x[i] = (b[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return x


def test_elimination_differentiated_in_the_matrix_alone() -> None:
    """d(A⁻¹b) = −A⁻¹ dA A⁻¹b."""
    a = np.array([[4.0, 1.0, 0.5], [0.3, 3.0, -1.0], [1.0, 0.2, 5.0]])
    b = np.array([1.0, -2.0, 0.7])
    inverse = np.linalg.inv(a)
    expected = -np.einsum("ij,k->ijk", inverse, inverse @ b)
    for options in ({}, {"mode": "reverse"}):
        np.testing.assert_allclose(jacobian(gauss, **options)(a, b), expected, atol=1e-14)


def test_heat_conduction_from_a_given_state() -> None:
    start = np.sin(np.linspace(0, 3, 9))

    def heat(alpha: Any, u: Any = start) -> Any:
        u = u.copy()
        for _ in range(5):
            u[1:-1] += alpha * (u[2:] - 2 * u[1:-1] + u[:-2])
        return u

    expected = heat(0.2 + 1e-200j, start.astype(complex)).imag * 1e200
    for lifted in (None, True):
        np.testing.assert_allclose(jacobian(heat, lift=lifted)(0.2), expected, atol=1e-15)
