"""Random programs against Taylor series of many digits, with an error bound that knows the
condition of each program (see taylor.py).

A program is a list of steps, each of which takes earlier results, so that what fails shrinks to
a few lines. DUALAD_PROGRAMS=100000 in the environment runs that many, from the seed DUALAD_SEED if
it is given.
"""

from __future__ import annotations

import math
import os
import warnings
from collections import Counter
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from mpmath import mp
from support import taylor
from support.taylor import BINARY, DIGITS, FUNCTIONS, ORDER, Series, Undecided

import dualad
from dualad import derivative

COUNT = int(os.environ.get("DUALAD_PROGRAMS", "2500"))
SAFETY = 16  # how many times the bound; slopes of third order take some more roundings

NUMBERS = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, 3.0, -2.0, 1e-150, 1e150, -1e-8, 1e8, 1e-300, 5e-324]),
    st.floats(-4, 4).map(lambda x: float(np.float32(x))),
    st.floats(-4, 4),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
BACK = st.one_of(st.integers(0, 2), st.integers(0, 12))  # how many results back
SEVERAL = st.lists(BACK, min_size=1, max_size=4)
USUAL = ["sin", "cos", "exp", "log", "sqrt", "tanh", "square", "abs", "atan"]
NUMPYS = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh",
          "acosh": "arccosh", "atanh": "arctanh", "neg": "negative", "atan2": "arctan2",
          "sub": "subtract", "mul": "multiply", "div": "divide", "pow": "power"}  # fmt: skip
ELSEWHERE = ("sigmoid", "softplus", "erf", "erfc")  # not in NumPy
ELEMENTWISE = sorted(set(FUNCTIONS) - set(ELSEWHERE) - {"floor", "sign"})
REDUCTIONS = ["sum", "prod", "mean", "max", "min", "norm", "dot", "cumsum", "var"]
STEPS = st.one_of(
    st.tuples(st.just("binary"), st.sampled_from(sorted(BINARY)[:8]), BACK, BACK),
    st.tuples(st.just("binary"), st.sampled_from(["add", "sub", "mul", "div"]), BACK, BACK),
    st.tuples(st.just("binary"), st.sampled_from(sorted(BINARY)), BACK, BACK),
    st.tuples(st.just("function"), st.sampled_from(USUAL), BACK, st.booleans()),
    st.tuples(st.just("function"), st.sampled_from(sorted(FUNCTIONS)), BACK, st.booleans()),
    st.tuples(st.just("number"), NUMBERS, st.sampled_from("+-*/"), BACK),
    st.tuples(st.just("power"), st.sampled_from([0, 1, 2, 3, -1, -2, 0.5, 1.5, -0.5, 2.5]), BACK),
    st.tuples(st.just("branch"), BACK, BACK, BACK, BACK),
    st.tuples(st.just("loop"), st.integers(1, 4), BACK, BACK),
    st.tuples(st.just("container"), st.sampled_from(["list", "dict", "array"]), SEVERAL, BACK),
    st.tuples(st.just("reduction"), st.sampled_from(REDUCTIONS), SEVERAL),
    st.tuples(st.just("elementwise"), st.sampled_from(ELEMENTWISE), SEVERAL, BACK),
    st.tuples(st.just("where"), BACK, SEVERAL),
)
PROGRAMS = st.lists(STEPS, min_size=1, max_size=12)
LINES = st.lists(st.tuples(NUMBERS, st.sampled_from([1.0, 0.0, -1.0, 0.5, 2.0, -0.3])), min_size=1,
                 max_size=3)  # fmt: skip


class Floats:
    """What the steps mean for numbers and duals: plain Python and NumPy."""

    @staticmethod
    def function(name: str, x: Any, numpy: bool) -> Any:
        if numpy and name not in ELSEWHERE:
            return getattr(np, NUMPYS.get(name, name))(x)
        return getattr(dualad, name)(x)

    @staticmethod
    def binary(name: str, a: Any, b: Any) -> Any:
        match name:
            case "add":
                return a + b
            case "sub":
                return a - b
            case "mul":
                return a * b
            case "div":
                return a / b
            case "pow":
                return a**b
        return getattr(dualad, name)(a, b)

    @staticmethod
    def array(parts: list[Any]) -> Any:
        return np.stack(parts)

    @staticmethod
    def reduction(name: str, parts: list[Any]) -> Any:
        x = np.stack(parts)
        match name:
            case "norm":
                return np.linalg.norm(x)
            case "dot":
                return x @ x[::-1]
            case "cumsum":
                return np.cumsum(x)[-1]
        return getattr(x, name)()

    @staticmethod
    def elementwise(name: str, parts: list[Any]) -> Any:
        return getattr(np, NUMPYS.get(name, name))(np.stack(parts))

    @staticmethod
    def where(x: Any, parts: list[Any]) -> Any:
        a = np.stack(parts)
        return np.where(a < x, a, 2 * a).sum()


class Exact:
    """And for Taylor series."""

    @staticmethod
    def function(name: str, x: Series, numpy: bool) -> Series:
        return FUNCTIONS[name](x)

    @staticmethod
    def binary(name: str, a: Series, b: Series) -> Series:
        return BINARY[name](a, b)

    @staticmethod
    def array(parts: list[Series]) -> list[Series]:
        return parts

    @staticmethod
    def reduction(name: str, parts: list[Series]) -> Series:
        total = taylor.series(0)
        match name:
            case "max" | "min":
                return taylor.extreme(parts, 1 if name == "max" else -1)
            case "norm":
                return taylor.norm(parts)
            case "mean":
                return taylor.mean(parts)
            case "prod":
                total = taylor.series(1)
                for part in parts:
                    total = total * part
                return total
            case "dot":
                for a, b in zip(parts, parts[::-1]):
                    total = total + a * b
                return total
            case "var":
                center = taylor.mean(parts)
                return taylor.mean([(p - center) * (p - center) for p in parts])
        for part in parts:
            total = total + part
        return total

    @staticmethod
    def elementwise(name: str, parts: list[Series]) -> list[Series]:
        return [FUNCTIONS[name](p) for p in parts]

    @staticmethod
    def where(x: Series, parts: list[Series]) -> Series:
        total = taylor.series(0)
        for p in parts:
            total = total + (p if p < x else 2 * p)
        return total


def run(program: Any, inputs: list[Any], world: Any) -> Any:
    results = list(inputs)

    def back(n: int) -> Any:
        return results[-1 - n % len(results)]

    def several(places: list[int]) -> list[Any]:
        return [back(n) for n in places]

    for step in program:
        match step:
            case ("binary", name, i, j):
                y = world.binary(name, back(i), back(j))
            case ("function", name, i, numpy):
                y = world.function(name, back(i), numpy)
            case ("number", x, sign, i):
                a = back(i)
                y = (
                    a + x
                    if sign == "+"
                    else x - a
                    if sign == "-"
                    else a * x
                    if sign == "*"
                    else x / a
                )
            case ("power", r, i):
                y = taylor.power(back(i), r) if world is Exact else back(i) ** r
            case ("branch", i, j, k, n):
                y = back(k) if back(i) < back(j) else back(n)
            case ("loop", n, i, j):
                y = back(i)
                for _ in range(n):
                    y = world.function("atan", y * 0.5 + back(j), False)
            case ("container", "list", places, n):
                y = several(places)[n % len(places)]
            case ("container", "dict", places, n):
                y = dict(enumerate(several(places)))[n % len(places)]
            case ("container", "array", places, n):
                y = world.array(several(places))[n % len(places)]
            case ("reduction", name, places):
                y = world.reduction(name, several(places))
            case ("elementwise", name, places, n):
                y = world.elementwise(name, several(places))[n % len(places)]
            case ("where", i, places):
                y = world.where(back(i), several(places))
        results.append(y)
    return results[-1]


def disagreement(program: Any, line: list[tuple[float, float]], seen: Counter[str]) -> str:
    """What is wrong with the derivatives along a line through the inputs; "" if nothing is."""
    seen["programs"] += 1
    with mp.workdps(DIGITS):
        taylor.Ball.extent = 0
        try:
            start = [
                Series([taylor.Ball(x), taylor.Ball(v), *[taylor.Ball(0)] * (ORDER - 1)])
                for x, v in line
            ]
            want = run(program, start, Exact).c
        except Undecided:
            seen["undecided"] += 1
            return ""
    seen["decided"] += 1

    def f(t: float) -> Any:
        return run(program, [x + v * t if v else x for x, v in line], Floats)

    for order in range(ORDER + 1):
        ball = want[order]
        # Slopes of slopes are products of k + 1 such numbers, and floats go from 2**-1022 to 2**1023
        if ball.rad == taylor.INF or (order and taylor.Ball.extent * (order + 1) > 1000):
            seen["out of range"] += 1
            continue
        exact = ball.mid * math.factorial(order)
        bound = SAFETY * math.factorial(order) * (ball.rad + taylor.U * abs(ball.mid))
        try:
            with warnings.catch_warnings(action="ignore"):
                got = float(derivative(f, order=order)(0.0))
        except Exception as error:
            return f"order {order}: {type(error).__name__}: {error}, but it is {exact}"
        if not (math.isfinite(got) and abs(got - exact) <= bound):
            return f"order {order}: {got!r}, but it is {mp.nstr(exact, 20)} ± {mp.nstr(bound, 3)}"
        seen["compared"] += 1
        seen["sharp"] += bool(bound <= 1e-9 * abs(exact)) or exact == 0
    return ""


def test_random_programs() -> None:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=COUNT, deadline=None, database=None,
        derandomize=COUNT == 2500 and "DUALAD_SEED" not in os.environ,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )  # fmt: skip
    @given(PROGRAMS, LINES)
    def hold(program: Any, line: list[tuple[float, float]]) -> None:
        assert disagreement(program, line, seen) == ""

    if "DUALAD_SEED" in os.environ:
        hold = seed(int(os.environ["DUALAD_SEED"]))(hold)
    hold()
    print(dict(seen))
    assert seen["decided"] >= 0.3 * seen["programs"]  # the others overflow or leave a domain
    assert seen["sharp"] >= 0.8 * seen["compared"]  # and the bounds say something
