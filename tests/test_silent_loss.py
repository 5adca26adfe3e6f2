"""Routes on which a derivative could be lost: each raises, with the rewrite in the text, or is right.

One table of (program, what is expected), run on the compiled and the readable number and, where the
program takes it, on an array. Expected is the derivative at 2.0, or a text of the error.
Only text is beyond reach: float(str(x)) fails because `str` is no number, but a program that takes
x.primal out of x has asked for the plain number.
"""

from __future__ import annotations

import array
import bisect
import cmath
import ctypes
import decimal
import fractions
import functools
import heapq
import itertools
import json
import math
import operator
import pickle
import random
import re
import statistics
import struct
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from support.both import PACKAGES

LOST = FLOAT = "would lose the derivative.*write "
# SciPy's C code goes on after our error, with whatever lay in memory: ours is its cause.
RAISED = f"{LOST}|returned a result with an exception set|must have different signs"
PLAIN = r"a plain array of float64 was to be written to.*np\.array\(…\).*np\.zeros_like\(x\)\."
UNHASHABLE = r"a Dual is unhashable.*write getattr\(x, 'primal', x\) for the key"
RATIO = r"x\.as_integer_ratio\(\) would lose .* write getattr\(x, 'primal', x\)"
INDEX = r"using x as an index or a count would lose .*; write int\(x\)"
OUT = "out= of np.* is a plain array.*np.zeros_like"
ARRAY = "an array of float64 would lose the derivatives of a DualArray; write x itself"

cached = functools.lru_cache(lambda x: x * x)
cached(2.0)


def put(how: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A program that writes x into an array of floats somehow."""

    def program(x: Any) -> Any:
        a = np.zeros(3)
        how_result = how(a)(x)
        return a if how_result is None else how_result

    return program


def assigned(a: Any) -> Callable[[Any], Any]:
    return lambda x: a.__setitem__(0, x)


def popped(heap: list[Any], x: Any) -> Any:
    heapq.heappush(heap, x)
    return heapq.heappop(heap) * heapq.heappop(heap)


def inserted(x: Any) -> Any:
    numbers = [1.0, 3.0]
    bisect.insort(numbers, x)
    return numbers[1] * 5


NUMBERS: list[tuple[str, Callable[[Any], Any], Any]] = [
    # conversions
    ("float", float, FLOAT),
    ("complex", complex, LOST),
    ("operator.index", operator.index, INDEX),
    ("bin", bin, INDEX),
    ("chr", chr, INDEX),
    ("list[x]", lambda x: [1, 2, 3][x], INDEX),
    ("range", range, INDEX),
    ("list * x", lambda x: [0.0] * x, INDEX),
    ("int", int, 2),
    ("bool", bool, True),
    ("round", round, 2),
    ("math.floor", math.floor, 2),
    ("math.ceil", math.ceil, 2),
    ("math.trunc", math.trunc, 2),
    ("x // 1", lambda x: x // 1 * 3.0, 6.0),
    ("float(str)", lambda x: float(str(x)), "could not convert string to float"),
    ("np.float64", np.float64, FLOAT),
    ("np.float32", np.float32, FLOAT),
    ("np.complex128", np.complex128, LOST),
    # the standard library
    *((f"math.{name}", getattr(math, name), FLOAT) for name in
      ("sin", "exp", "log", "sqrt", "atan", "erf", "gamma", "fabs", "degrees", "isfinite", "ulp")),
    ("math.pow", lambda x: math.pow(x, 2), FLOAT),
    ("math.hypot", lambda x: math.hypot(x, 2), FLOAT),
    ("math.atan2", lambda x: math.atan2(1, x), FLOAT),
    ("math.fsum", lambda x: math.fsum([x, 1.0]), FLOAT),
    ("math.dist", lambda x: math.dist([x], [1.0]), FLOAT),
    ("math.isclose", lambda x: math.isclose(x, 2.0), FLOAT),
    ("math.ldexp", lambda x: math.ldexp(x, 2), FLOAT),
    ("math.comb", lambda x: math.comb(x, 2), INDEX),
    ("math.factorial", math.factorial, INDEX),
    ("math.gcd", lambda x: math.gcd(x, 4), INDEX),
    ("math.prod", lambda x: math.prod([x, x, 3.0]), 12.0),
    ("cmath.sin", cmath.sin, LOST),
    ("cmath.polar", cmath.polar, LOST),
    ("statistics.mean", lambda x: statistics.mean([x, 4.0]), RATIO),
    ("statistics.fmean", lambda x: statistics.fmean([x, 4.0]), FLOAT),
    ("statistics.stdev", lambda x: statistics.stdev([x, 4.0]), RATIO),
    ("statistics.median", lambda x: statistics.median([1.0, 5.0, x]) * 3, 3.0),
    ("fractions", fractions.Fraction, "argument should be a string or a Rational"),
    ("Fraction * x", lambda x: fractions.Fraction(1, 2) * x, 0.5),
    ("decimal", decimal.Decimal, "conversion from Dual to Decimal is not supported"),
    ("Decimal * x", lambda x: decimal.Decimal(2) * x, "unsupported operand"),
    ("struct", lambda x: struct.pack("d", x), "required argument is not a float"),
    ("array.array", lambda x: array.array("d", [x]), FLOAT),
    ("array.append", lambda x: array.array("d").append(x), FLOAT),
    ("memoryview", memoryview, "bytes-like"),
    ("memoryview[0] =", put(lambda a: lambda x: memoryview(a).__setitem__(0, x)), "invalid type for format"),
    ("ctypes", ctypes.c_double, FLOAT),
    ("json", json.dumps, "not JSON serializable"),
    ("pickle", lambda x: pickle.loads(pickle.dumps(x)) ** 2, 4.0),
    ("'%f'", lambda x: "%f".__mod__(x), FLOAT),
    ("'%d'", lambda x: "%d".__mod__(x), "2"),
    ("f-string", lambda x: f"{x:.3f}", "2.000 + 1.000ε"),
    ("str.format", lambda x: f"{x:8.1e}", " 2.0e+00 +  1.0e+00ε"),
    ("lru_cache", cached, UNHASHABLE),
    ("set", lambda x: {x}, UNHASHABLE),
    ("dict key", lambda x: {x: 1}, UNHASHABLE),
    ("dict get", lambda x: {2.0: 5.0}.get(x), UNHASHABLE),
    ("x in set", lambda x: x in {2.0}, UNHASHABLE),
    ("random.gauss", lambda x: random.gauss(x, 0.0) * 3, 3.0),
    ("random.uniform", lambda x: random.uniform(x, x), 1.0),
    ("random.seed", random.seed, f"seed|{UNHASHABLE}"),
    ("random.randrange", random.randrange, f"{INDEX}|non-integer"),
    ("time.sleep", time.sleep, INDEX),
    ("bisect", inserted, 5.0),
    ("heapq", lambda x: popped([3.0], x), 3.0),
    ("sorted", lambda x: sorted([3.0, x])[0] * 2, 2.0),
    ("sum", lambda x: sum([x, x, 1.0]), 2.0),
    ("max", lambda x: max(1.0, x) * 2, 2.0),
    ("min", lambda x: min(5.0, x) * 2, 2.0),
    ("divmod", lambda x: divmod(x, 1.5)[1], 1.0),
    ("pow with modulus", lambda x: pow(x, 2, 3), "3rd argument not allowed"),
    ("accumulate", lambda x: list(itertools.accumulate([x, x, x]))[2], 3.0),
    ("reduce", lambda x: functools.reduce(operator.mul, [x, x]), 4.0),
    ("repeat", lambda x: list(itertools.repeat(1, x)), INDEX),
    # NumPy: writing and making
    ("a[0] = x", put(assigned), FLOAT),
    ("a[:] = x", put(lambda a: lambda x: a.__setitem__(slice(None), x)), LOST),
    ("a[:] = [x]", put(lambda a: lambda x: a.__setitem__(slice(None), [x, x, x])), FLOAT),
    ("a.fill", put(lambda a: lambda x: a.fill(x)), FLOAT),
    ("a.put", put(lambda a: lambda x: a.put(0, x)), LOST),
    ("a.itemset", put(lambda a: lambda x: a.flat.__setitem__(0, x)), "setting single item"),
    ("np.put", put(lambda a: lambda x: np.put(a, 0, x)), PLAIN),
    ("np.copyto", put(lambda a: lambda x: np.copyto(a, x)), PLAIN),
    ("np.place", put(lambda a: lambda x: np.place(a, [True, False, False], x)), PLAIN),
    ("np.putmask", put(lambda a: lambda x: np.putmask(a, [True, False, False], x)), PLAIN),
    ("np.fill_diagonal", lambda x: np.fill_diagonal(np.zeros((2, 2)), x), LOST),
    ("np.add.at", put(lambda a: lambda x: np.add.at(a, 0, x)), r"np.add.at would store duals in a plain array.*np\.array\(…\).*np\.zeros_like\(x\)\."),
    ("a += x", put(lambda a: lambda x: a.__iadd__(x)), PLAIN),
    ("out=", lambda x: np.multiply(x, x, out=np.zeros(())), OUT),
    ("where=", lambda x: np.multiply(x, x, where=True), 4.0),
    ("np.asarray float", lambda x: np.asarray(x, dtype=float), FLOAT),
    ("np.array float", lambda x: np.array([x, 1.0], dtype=float), FLOAT),
    ("astype", lambda x: np.array([x, 1.0]).astype(float), FLOAT),
    ("np.array", lambda x: np.array([x, 1.0])[0] * 3, 3.0),
    ("np.array sum", lambda x: np.array([x, x, 1.0]).sum(), 2.0),
    ("np.array prod", lambda x: np.prod(np.array([x, x, 1.0])), 4.0),
    ("np.array mean", lambda x: np.mean(np.array([x, x])), 1.0),
    ("np.array max", lambda x: np.max(np.array([x, 1.0])), 1.0),
    ("np.array dot", lambda x: np.dot(np.array([x, 1.0]), np.array([x, 1.0])), 4.0),
    ("np.array std", lambda x: np.var(np.array([x, 0.0])), 1.0),
    ("np.array sin", lambda x: np.square(np.array([x]))[0], 4.0),
    ("np.asarray(x)", lambda x: np.asarray(x)[()] * 3, 3.0),
    ("np.full", lambda x: np.full(2, x)[0] * 3, 3.0),
    ("np.full float", lambda x: np.full(2, x, dtype=float), PLAIN),
    ("np.full_like", lambda x: np.full_like(np.zeros(2), x), PLAIN),
    ("np.linspace", lambda x: np.linspace(0.0, x, 3)[1], 0.5),
    ("np.linspace start", lambda x: np.linspace(x, 4.0, 3)[1], 0.5),
    ("np.arange", lambda x: np.arange(0.0, x, 0.5), LOST),
    ("np.fromiter", lambda x: np.fromiter([x, x], float), FLOAT),
    ("np.frompyfunc", lambda x: np.frompyfunc(lambda v: v * v, 1, 1)(x), 4.0),
    ("np.vectorize", lambda x: np.vectorize(lambda v: v * v)(x), 4.0),
    ("np.isclose", lambda x: np.isclose(x, 2.0), True),
    ("np.interp", lambda x: np.interp(x, [0.0, 4.0], [0.0, 8.0]), 2.0),
    ("np.where", lambda x: np.where(True, x * x, 0.0), 4.0),
    ("np.clip", lambda x: np.clip(x, 0.0, 9.0), 1.0),
    ("random.normal", lambda x: np.random.default_rng(0).normal(x, 1.0), LOST),
    ("np.random.normal", lambda x: np.random.normal(x, 1.0), LOST),
    ("random.poisson", lambda x: np.random.default_rng(0).poisson(x), LOST),
    ("random.choice", lambda x: np.random.default_rng(0).choice([x, x]) * 3, 3.0),
    ("np.save", lambda x: np.asarray(x).tobytes() and np.frombuffer(np.float64(x)), FLOAT),
]  # fmt: skip


VIEW = r"raw memory without derivatives; write getattr\(x, 'primal', x\)"
ARRAYS: list[tuple[str, Callable[[Any], Any], Any]] = [
    ("float", lambda v: float(v[:1]), LOST),
    ("math.sin", lambda v: math.sin(v[0]), LOST),
    ("np.asarray float", lambda v: np.asarray(v, dtype=float), ARRAY),
    ("np.array float", lambda v: np.array(v, float), ARRAY),
    ("np.array", lambda v: np.array(v)[1] * 2, 2.0),
    ("np.asarray", lambda v: np.asarray(v).sum(), 2.0),
    ("a[:] = v", lambda v: np.zeros(2).__setitem__(slice(None), v), LOST),
    ("a[0] = v[0]", lambda v: np.zeros(2).__setitem__(0, v[0]), LOST),
    ("a += v", lambda v: np.zeros(2).__iadd__(v), PLAIN),
    ("a @= v", lambda v: operator.imatmul(np.eye(2), v), PLAIN),
    ("out=", lambda v: np.sin(v, out=np.zeros(2)), OUT),
    ("sum out=", lambda v: np.sum(v, out=np.zeros(())), "cannot hold derivatives"),
    ("dot out=", lambda v: np.dot(v, v, out=np.zeros(())), "cannot hold derivatives"),
    ("concatenate out=", lambda v: np.concatenate([v, v], out=np.zeros(4)), ARRAY),
    ("np.copyto", lambda v: np.copyto(np.zeros(2), v), PLAIN),
    ("np.put", lambda v: np.put(np.zeros(2), [0, 1], v), PLAIN),
    ("put_along_axis", lambda v: np.put_along_axis(np.zeros(2), np.array([0, 1]), v, 0), PLAIN),
    ("np.linspace", lambda v: np.linspace(v[0], v[1], 3)[1], 1.0),
    ("np.linspace arrays", lambda v: np.linspace(v, 3 * v, 3).sum(), 12.0),
    ("np.interp", lambda v: np.interp(v, [0.0, 4.0], [0.0, 8.0]).sum(), 4.0),
    ("mixed", lambda v: np.array([v[0], 1.0, v[1]]).sum(), 2.0),
    ("np.block", lambda v: np.block([v, np.ones(2)]).sum(), 2.0),
    ("np.fromiter", lambda v: np.fromiter(v, float), LOST),
    ("np.random", lambda v: np.random.default_rng(0).normal(v), LOST),
    ("multivariate", lambda v: np.random.default_rng(0).multivariate_normal(v, np.eye(2)).sum(), 2.0),
    ("choice p", lambda v: np.random.default_rng(0).choice(2, p=v), LOST),
    ("tolist", lambda v: sum(v.tolist()), 2.0),
    ("item", lambda v: v[:1].item() * 2, 2.0),
    ("astype float", lambda v: v.astype(np.float32).sum(), 2.0),
    ("astype int", lambda v: v.astype(int).sum(), 5),
    ("tobytes", lambda v: v.tobytes(), VIEW),
    ("v.data", lambda v: v.data, VIEW),
    ("v.ctypes", lambda v: v.ctypes, VIEW),
    ("v.dump", lambda v: v.dump("nowhere"), VIEW),
    ("memoryview", memoryview, "bytes-like"),
    ("bytes", bytes, INDEX),
    ("array.array", lambda v: array.array("d", v), LOST),
    ("frombuffer", np.frombuffer, "bytes-like"),
    ("struct", lambda v: struct.pack("2d", *v), "required argument is not a float"),
    ("math.fsum", math.fsum, LOST),
    ("math.hypot", lambda v: math.hypot(*v), LOST),
    ("statistics.fmean", statistics.fmean, LOST),
    ("sum", sum, 2.0),
    ("max", lambda v: max(v) * 2, 2.0),
    ("json", json.dumps, "not JSON serializable"),
    ("pickle", lambda v: pickle.loads(pickle.dumps(v)).sum(), 2.0),
    ("hash", lambda v: {v}, UNHASHABLE),
    ("set of elements", set, UNHASHABLE),
    ("np.unique", lambda v: np.unique(v).sum(), 2.0),
    ("np.vectorize", lambda v: np.vectorize(lambda x: x * 2.0)(v).sum(), 4.0),
    ("apply_along_axis", lambda v: np.apply_along_axis(lambda r: r.sum(), 0, v), 2.0),
    ("np.piecewise", lambda v: np.piecewise(v, [v < 2.5], [lambda x: 2 * x, 5.0]).sum(), 2.0),
    ("np.savetxt", lambda v: np.savetxt("/dev/null", v), "save x.primal and x.tangent"),
    ("np.histogram", lambda v: int(np.histogram(v, 2)[0].sum()), 2),
    ("ma.array", lambda v: np.ma.array(v).sum(), 2.0),
]  # fmt: skip


def scipy_routes() -> list[tuple[str, Callable[[Any], Any], Any]]:
    integrate = pytest.importorskip("scipy.integrate")
    optimize = pytest.importorskip("scipy.optimize")
    from scipy import interpolate, linalg, special, stats
    from scipy.linalg import cython_blas  # noqa: F401 what solve and the like call

    return [
        ("quad", lambda x: integrate.quad(lambda t: t * x, 0, 1)[0], LOST),
        ("quad bound", lambda x: integrate.quad(lambda t: t, 0, x)[0], LOST),
        ("brentq", lambda x: optimize.brentq(lambda t: t - x, 0, 9), RAISED),
        ("brentq args", lambda x: optimize.brentq(lambda t, a: t - a, 0, 9, args=(x,)), RAISED),
        ("minimize", lambda x: optimize.minimize(lambda t: (t[0] - x) ** 2, [0.0]).x[0],
         f"{ARRAY}|{LOST}|must return a scalar"),  # SciPy 1.18 asks for a float, or says this itself
        ("solve", lambda x: linalg.solve(np.eye(2), [x, 1.0]), "object arrays are not supported"),
        ("blas", lambda x: linalg.blas.ddot([x, 1.0], [1.0, 1.0]), LOST),
        ("CubicSpline", lambda x: interpolate.CubicSpline([0.0, 1, 2], [x, 1.0, 2.0])(0.5), LOST),
        ("solve_ivp", lambda x: integrate.solve_ivp(lambda t, y: [x * y[0]], (0, 1), [1.0]).y[0, -1], LOST),
        ("odeint", lambda x: integrate.odeint(lambda y, t: x * y, 1.0, [0, 1])[-1, 0], ARRAY),
        ("special.erf", special.erf, 2 / math.sqrt(math.pi) * math.exp(-4)),
        ("special.jv", lambda x: special.jv(0, x), -0.5767248077568734),
        ("special.mathieu_a", lambda x: special.mathieu_a(1, x), "no derivative rule"),
        ("stats.norm.pdf", stats.norm.pdf, "not supported for the input types"),
    ]  # fmt: skip


def pandas_routes() -> list[tuple[str, Callable[[Any], Any], Any]]:
    pd = pytest.importorskip("pandas")
    return [
        ("Series sum", lambda x: pd.Series([x, x, 1.0]).sum(), 2.0),
        ("Series mul", lambda x: (pd.Series([x, 1.0]) * 3)[0], 3.0),
        ("Series float", lambda x: pd.Series([x, 1.0], dtype=float), LOST),
        ("Series astype", lambda x: pd.Series([x, 1.0]).astype(float), LOST),
        (
            "Series loc",
            lambda x: pd.Series([1.0, 2.0]).__setitem__(0, x),
            "Invalid value|Could not|invalid",
        ),
        ("DataFrame", lambda x: pd.DataFrame({"a": [x, x]})["a"].sum(), 2.0),
        ("to_numpy", lambda x: pd.Series([x, x]).to_numpy(float), LOST),
        ("to_numeric", lambda x: pd.to_numeric(pd.Series([x, x])), UNHASHABLE),
    ]


def made(package: ModuleType) -> Any:
    return package.Dual(2.0, 1.0)


def outcome(program: Callable[[Any], Any], x: Any) -> Any:
    """The derivative, a plain answer, or the error."""
    try:
        y = program(x)
    except Exception as error:
        return error
    if isinstance(y, np.ndarray) and y.dtype == object and y.size == 1:
        y = y.reshape(-1)[0]
    return getattr(y, "tangent", y)


@pytest.mark.parametrize("package", PACKAGES, ids=["dualad", "pure"])
@pytest.mark.parametrize("name, program, expected", NUMBERS, ids=[n for n, *_ in NUMBERS])
def test_numbers(package: ModuleType, name: str, program: Any, expected: Any) -> None:
    got = outcome(program, made(package))
    hold(got, expected)


@pytest.mark.parametrize("package", PACKAGES, ids=["dualad", "pure"])
@pytest.mark.parametrize("name, program, expected", ARRAYS, ids=[n for n, *_ in ARRAYS])
def test_arrays(package: ModuleType, name: str, program: Any, expected: Any) -> None:
    hold(outcome(program, package.Dual(np.array([2.0, 3.0]), np.ones(2))), expected)


@pytest.mark.parametrize("package", PACKAGES, ids=["dualad", "pure"])
@pytest.mark.parametrize("routes", [scipy_routes, pandas_routes])
def test_other_packages(package: ModuleType, routes: Any) -> None:
    for name, program, expected in routes():
        got = outcome(program, made(package))
        try:
            hold(got, expected)
        except AssertionError as error:
            raise AssertionError(f"{name}: {got!r}, expected {expected!r}") from error


def hold(got: Any, expected: Any) -> None:
    if isinstance(got, str):
        assert got == expected
    elif isinstance(expected, str):
        assert isinstance(got, Exception), got
        assert re.search(expected, str(got)), str(got)
    else:
        assert not isinstance(got, Exception), got
        assert np.ndim(got) == 0 and got == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("package", PACKAGES, ids=["dualad", "pure"])
def test_no_attribute_called_value(package: ModuleType) -> None:
    """Packages of units and parameters read getattr(x, "value", x) as a plain number."""
    for x in (package.Dual(2.0, 1.0), package.Dual(np.ones(2), np.ones(2))):
        assert getattr(x, "value", x) is x
        with pytest.raises(AttributeError, match=r"write getattr\(x, 'primal', x\)"):
            _ = x.value
