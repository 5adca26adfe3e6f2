"""A search by comparisons loses the derivative of what it finds: it is noticed, and nothing else is.

The searches are the usual ones, written out; differences of plain calls say what is right.
"""

from __future__ import annotations

import bisect
import collections
import enum
import functools
import itertools
import math
import random
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from dualad import derivative, grad, hessian, hvp, jacobian, jvp, taylor, value_and_grad, vjp
from dualad.scipy.optimize import brentq

Function = Callable[[Any], Any]


def bisected(f: Function, a: float = 0.0, b: float = 4.0, near: float = 1e-10) -> Any:
    while b - a > near:
        m = (a + b) / 2
        a, b = (a, m) if f(m) > 0 else (m, b)
    return a


def by_products(f: Function, a: float = 0.0, b: float = 4.0) -> Any:
    at_a = f(a)
    for _ in range(60):
        m = (a + b) / 2
        at_m = f(m)
        if at_a * at_m <= 0:
            b = m
        else:
            a, at_a = m, at_m
    return m


def by_target(f: Function, target: Any, a: float = 0.0, b: float = 4.0) -> Any:
    for _ in range(50):
        m = (a + b) / 2
        if f(m) < target:
            a = m
        else:
            b = m
    return m


def by_signs(f: Function, a: float = 0.0, b: float = 4.0) -> Any:
    for _ in range(50):
        m = (a + b) / 2
        if np.sign(f(m)) == np.sign(f(a)):
            a = m
        else:
            b = m
    return m


def golden(f: Function, a: float = 0.0, b: float = 4.0) -> Any:
    part = (math.sqrt(5) - 1) / 2
    c, d = b - part * (b - a), a + part * (b - a)
    while b - a > 1e-8:
        if f(c) < f(d):
            b = d
        else:
            a = c
        c, d = b - part * (b - a), a + part * (b - a)
    return (a + b) / 2


def kepler(mean: Any) -> Any:
    """Sinnott's binary search for the eccentric anomaly."""
    anomaly, step = math.pi / 2, math.pi / 4
    for _ in range(53):
        anomaly += math.copysign(step, mean - (anomaly - 0.3 * math.sin(anomaly)))
        step /= 2
    return anomaly


def by_finer_steps(x: Any) -> Any:
    t, step = 0.0, 0.5
    while step > 1e-9:
        while (t + step) ** 2 < x:
            t += step
        step /= 2
    return t


def by_sign_bits(x: Any) -> Any:
    a, b = 0.0, 4.0
    for _ in range(50):
        m = (a + b) / 2
        a, b = (m, b) if np.signbit(m * m - x) else (a, m)
    return a


def by_the_least_of_two(x: Any) -> Any:
    a, b = 0.0, 4.0
    for _ in range(50):
        m = (a + b) / 2
        a, b = (a, m) if np.argmin([m * m, x]) else (m, b)
    return a


def by_finer_grids(x: Any) -> Any:
    near, step = 2.0, 0.4
    for _ in range(14):
        grid = near + step * np.arange(-5, 6)
        near, step = grid[np.argmin((grid * grid - x) ** 2)], step / 5
    return near


def by_finer_tables(x: Any) -> Any:
    a, b = 0.0, 4.0
    for _ in range(13):
        grid = np.linspace(a, b, 9)
        i = int(np.searchsorted(grid**2, x))
        a, b = grid[i - 1], grid[i]
    return a


def by_finer_bins(x: Any) -> Any:
    a, b = 0.0, 4.0
    for _ in range(13):
        grid = np.linspace(a, b, 9)
        i = int(np.digitize(x, bins=grid**2))
        a, b = grid[i - 1], grid[i]
    return a


def by_quotients(x: Any) -> Any:
    a, b = 0.1, 4.0
    for _ in range(50):
        m = (a + b) / 2
        if m > x / m:
            b = m
        else:
            a = m
    return m


def of_an_array(x: Any) -> Any:
    low, high = np.zeros(3), np.full(3, 4.0)
    for _ in range(60):
        m = (low + high) / 2
        is_below = m**2 < x * np.array([1.0, 2.0, 3.0])
        low, high = np.where(is_below, m, low), np.where(is_below, high, m)
    return np.sum(m)


def by_binary_digits(x: Any) -> Any:
    found, digit, rest = 0.0, 1.0, x / 2
    for _ in range(50):
        rest = 2 * rest
        if rest >= 1:
            rest, found = rest - 1, found + digit
        digit /= 2
    return found


def logarithm_by_bits(x: Any) -> Any:
    found, bit, rest = 0.0, 0.5, x * 1.7
    while rest >= 2:
        rest, found = rest / 2, found + 1
    for _ in range(45):
        rest = rest * rest
        if rest >= 2:
            rest, found = rest / 2, found + bit
        bit /= 2
    return found


def sine_by_turns(x: Any) -> Any:
    """CORDIC."""
    a, b, angle, scale = 0.6072529350088813, 0.0, x, 1.0
    for _ in range(40):
        sign = 1 if angle >= 0 else -1
        a, b = a - sign * b * scale, b + sign * a * scale
        angle, scale = angle - sign * math.atan(scale), scale / 2
    return b


def by_fractions(x: Any) -> Any:
    """Down the tree of Stern and Brocot."""
    a, b, c, d = 0, 1, 1, 0
    for _ in range(300):
        m, n = a + c, b + d
        a, b, c, d = (a, b, m, n) if m > x * n else (m, n, c, d)
    return m / n


def by_climbing(x: Any) -> Any:
    draw, near, width = random.Random(0), 1.0, 0.5
    least = (near * near - x) ** 2
    for _ in range(400):
        t = near + width * (draw.random() - 0.5)
        if (off := (t * t - x) ** 2) < least:
            near, least = t, off
        else:
            width *= 0.97
    return near


def by_two_grids(x: Any) -> Any:
    grid = np.linspace(0.0, 4.0, 4001)
    k = int(np.argmin(abs(grid * grid - x)))
    grid = np.linspace(grid[k - 1], grid[k + 1], 4001)
    return grid[np.argmin(abs(grid * grid - x))]


def in_whole_numbers(x: Any) -> Any:
    """Ternary search."""
    low, high = 0, 1 << 20
    while high - low > 2:
        a, b = low + (high - low) // 3, high - (high - low) // 3
        if (a / 2**18 - x) ** 2 < (b / 2**18 - x) ** 2:
            high = b
        else:
            low = a
    return low / 2**18


def by_fibonacci(x: Any) -> Any:
    numbers, a, b = [1, 1], 0.0, 4.0
    while len(numbers) < 40:
        numbers.append(numbers[-1] + numbers[-2])
    for n in range(39, 2, -1):
        c = a + (b - a) * numbers[n - 2] / numbers[n]
        d = a + (b - a) * numbers[n - 1] / numbers[n]
        a, b = (a, d) if (c * c - x) ** 2 < (d * d - x) ** 2 else (c, b)
    return (a + b) / 2


SEARCHES: dict[str, Function] = {
    "bisection": lambda x: bisected(lambda t: t * t - x),
    "bisection, less near": lambda x: bisected(lambda t: t * t - x, near=1e-6),
    "products": lambda x: by_products(lambda t: t * t - x),
    "target": lambda x: by_target(lambda t: t * t, x),
    "signs": lambda x: by_signs(lambda t: t * t - x),
    "array": of_an_array,
    "number of NumPy": lambda x: bisected(lambda t: np.sum(np.array([t * t - x]))),
    "golden section": lambda x: golden(lambda t: (t - x) ** 2 + t**4 / 10),
    "copysign": kepler,
    "finer steps": by_finer_steps,
    "sign bits": by_sign_bits,
    "the least of two": by_the_least_of_two,
    "finer grids": by_finer_grids,
    "finer tables": by_finer_tables,
    "finer bins": by_finer_bins,
    "within": lambda x: math.exp(-bisected(lambda t: t**3 + t - x)) * x,
    "quotients": lambda x: by_target(lambda t: t, x, 0.5) + by_quotients(x),
    "another comparison": lambda x: bisected(lambda t: t * t - x if x > 0.1 else x),
    "large numbers": lambda x: bisected(lambda t: t * t - x * 1e9, 0.0, 1e6, 1e-6),
    "two": lambda x: bisected(lambda t: t - x) + bisected(lambda t: t * t - x),
    "binary digits": by_binary_digits,
    "a part of it": lambda x: x * by_binary_digits(x),
    "logarithm": logarithm_by_bits,
    "CORDIC": sine_by_turns,
    "fractions": lambda x: by_fractions(x * math.pi / 3),
    "hill climbing": by_climbing,
    "two grids": by_two_grids,
    "whole numbers": in_whole_numbers,
    "Fibonacci": by_fibonacci,
}

DRIVERS: dict[str, Callable[[Function, float], Any]] = {
    "derivative": lambda f, x: derivative(f)(x),
    "grad of a list": lambda f, x: grad(lambda v: f(v[0]))([x, 1.0]),
    "grad of a vector": lambda f, x: value_and_grad(lambda v: f(v[0]))(np.array([x, 1.0])),
    "grad of many": lambda f, x: grad(lambda v: f(v[0]) + np.sum(v))(np.linspace(x, 2, 100)),
    "back": lambda f, x: grad(f, mode="reverse")(x),
    "vjp": lambda f, x: vjp(f, x),
    "jacobian": lambda f, x: jacobian(lambda v: [f(v[0])])([x]),
    "jvp": lambda f, x: jvp(f, (x,), (1.0,)),
    "hessian": lambda f, x: hessian(lambda v: f(v[0]))(np.array([x, 1.0])),
    "hvp": lambda f, x: hvp(lambda v: f(v[0]))(np.array([x, 1.0]), np.array([1.0, 0.0])),
    "second": lambda f, x: derivative(f, order=2)(x),
    "taylor": lambda f, x: taylor(f, 3)(x),
    "nested": lambda f, x: derivative(lambda y: derivative(f)(y) * y)(x),
}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("name", SEARCHES)
def test_what_was_searched_for_is_refused(name: str, driver: str) -> None:
    for x in (1.3, 0.8, 1.3, 1.3, 1.3):  # each time
        with pytest.raises(TypeError, match="searches for its result by comparisons"):
            DRIVERS[driver](SEARCHES[name], x)


def newton(x: Any) -> Any:
    t = 1.0
    while abs(t * t - x) > 1e-12:
        t -= (t * t - x) / (2 * t)
    return t


def fixed_point(x: Any) -> Any:
    t, last = 0.5, 0.0
    while abs(t - last) > 1e-10:
        t, last = math.cos(0.9 * t * x), t
    return t


def false_position(x: Any) -> Any:
    a, b = 0.0, 4.0
    for _ in range(200):
        m = (a * (b * b - x) - b * (a * a - x)) / (b * b - a * a)
        if abs(m * m - x) < 1e-13:
            break
        a, b = (a, m) if m * m > x else (m, b)
    return m


def polished(x: Any) -> Any:
    t = bisected(lambda t: t * t - x)
    return t - (t * t - x) / (2 * t)


def looked_up(x: Any) -> Any:
    grid = np.linspace(0.0, 3.0, 5000).tolist()
    i = bisect.bisect(grid, x) - 1
    return grid[i] ** 2 + (x - grid[i]) * (grid[i] + grid[i + 1])


def looked_up_often(x: Any) -> Any:
    grid = np.linspace(0.0, 4.0, 5000)
    total = 0.0
    for n in range(1, 60):
        t = x / n
        i = int(np.searchsorted(grid, t)) - 1
        total += grid[i] ** 2 + (t - grid[i]) * (grid[i] + grid[i + 1])
    return total


def pivoted(x: Any) -> Any:
    """A system of equations solved by elimination, the largest pivot first."""
    n = 6
    a = np.zeros((n, n + 1))
    for i in range(n):
        for j in range(n):
            a[i, j] = 1 / (i + j + x)
        a[i, n] = x * i
    for k in range(n):
        p = k + int(np.argmax(abs(a[k:, k])))
        a[[k, p]] = a[[p, k]]
        for i in range(n):
            if i != k:
                a[i] = a[i] - a[k] * (a[i, k] / a[k, k])
    return sum(a[i, n] / a[i, i] for i in range(n)) / 1e6


def adaptive(x: Any) -> Any:
    """An integral whose intervals are halved until the error is small."""

    def part(a: float, b: float) -> Any:
        m = (a + b) / 2
        coarse, fine = math.exp(-x * m) * (b - a), 0.0
        for c in ((a + m) / 2, (m + b) / 2):
            fine += math.exp(-x * c) * (b - a) / 2
        return fine if abs(fine - coarse) < 1e-6 else part(a, m) + part(m, b)

    return part(0.0, 2.0)


def payoffs(x: Any) -> Any:
    draw = random.Random(3)
    return sum(max(x * math.exp(draw.gauss(0.0, 0.2)) - 1.0, 0.0) for _ in range(3000)) / 3000


def taxes(x: Any) -> Any:
    """With a jump at a threshold, which the derivative of the code leaves out."""
    draw, total = random.Random(5), 0.0
    for _ in range(2000):
        income = draw.random() * x * 2
        total += 0.3 * income + 0.05 if income > 1.0 else 0.2 * income
    return total


def nearest(x: Any) -> Any:
    grid = [0.001 * i for i in range(3000)]
    best, least = grid[0], 9.0
    for g in grid:
        if abs(g - x) < least:
            best, least = g, abs(g - x)
    return best * x


def bracket(x: Any) -> Any:
    """Of a table of tax rates, truly constant between its steps."""
    steps = [(0.037 * i, 0.01 * i) for i in range(1, 200)]
    return next(rate for step, rate in steps if x <= step) * x


def classified(x: Any) -> Any:
    scores = [math.cos(i * x) for i in range(40)]
    return float(max(range(40), key=scores.__getitem__)) + x


def clipped(x: Any) -> Any:
    return sum(min(max(x * i, 1.0), 30.0) for i in range(60))


HONEST: dict[str, Function] = {
    "brackets": bracket,
    "the largest score": classified,
    "clipped": clipped,
    "taxes": taxes,
    "the nearest of a grid": nearest,
    "Newton": newton,
    "fixed point": fixed_point,
    "false position": false_position,
    "bisection with a step of Newton": polished,
    "a table": looked_up,
    "a table, often": looked_up_often,
    "pivots": pivoted,
    "adaptive quadrature": adaptive,
    "a simulation": payoffs,
    "brentq": lambda x: brentq(lambda t: t * t - x, 0.0, 4.0),
    "sorted": lambda x: sum(sorted(x * math.sin(7.0 * i) for i in range(500))[:100]),
    "cumulated": lambda x: list(itertools.accumulate([x / 2**i for i in range(60)], max))[-1],
    "a series": lambda x: sum(
        itertools.takewhile(lambda t: t > 1e-15, (x**n / math.factorial(n) for n in range(99)))
    ),
    "what is not used": lambda x: x * x + 0 * bisected(lambda t: t * t - x),
    "a constant": lambda x: 3.0 if bisected(lambda t: t * t - x) > 0.1 else 4.0,
}


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("name", HONEST)
def test_what_is_right_is_not_refused(name: str, driver: str) -> None:
    f, orders_lost = HONEST[name], name.endswith("Newton") and driver not in FIRST
    for x in (1.3, 0.8, 1.3, 1.3):
        if not orders_lost and (name, driver) != ("brentq", "taylor"):  # it has no series
            DRIVERS[driver](f, x)
        h = 1e-5
        slope = (f(x + h) - f(x - h)) / (2 * h)
        if name not in ("a simulation", "taxes"):  # of which some numbers are cut elsewhere
            assert derivative(f)(x) == pytest.approx(slope, rel=1e-4, abs=1e-9)


FIRST = ("derivative", "grad of a list", "grad of a vector", "back", "vjp", "jacobian", "jvp")


@pytest.mark.usefixtures("counted_looks")
def test_few_plain_calls_are_made() -> None:
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return fixed_point(x)

    for again in (derivative(f), lambda x: derivative(f)(x)):
        for _ in range(64):
            again(1.1)
        assert calls <= 64 + 3 * 7
        calls = 0


def in_halves(f: Function) -> Any:
    """One that several functions have in common."""
    return bisected(f)


def test_a_search_is_looked_into_for_each_function_that_searches_so() -> None:
    def right(x: Any) -> Any:
        t = in_halves(lambda t: t * t - x)
        return t - (t * t - x) / (2 * t)

    def wrong(x: Any) -> Any:
        return in_halves(lambda t: t * t - x)

    for _ in range(5):
        derivative(right)(1.3)
    for again in (derivative(wrong), lambda x: derivative(wrong)(x)):
        with pytest.raises(TypeError, match="searches for its result"):
            again(1.3)


def newton(t: Any, x: Any) -> Any:
    for _ in range(2):
        t = t - (t * t - x) / (2 * t)
    return t


def no_newton(t: Any, x: Any) -> Any:
    return t


class Holding:
    def __init__(self, **held: Any) -> None:
        self.__dict__.update(held)

    def __call__(self, t: Any, x: Any) -> Any:
        return self.held(t, x)

    def of_one(self, x: Any) -> Any:
        return self.held(x)


class InSlot:
    __slots__ = ("held",)

    def __init__(self, held: Any) -> None:
        self.held = held


class Step(enum.Enum):
    NEWTON, NONE = "newton", "none"


class Pair(NamedTuple):
    n: int
    held: Any


# What holds something, and what gets it from there.
HELD: dict[str, tuple[Function, Function]] = {
    "dict of an object": (lambda h: Holding(cfg={"step": h}), lambda o: o.cfg["step"]),
    "list of lists": (lambda h: [[h]], lambda o: o[0][0]),
    "dict of dicts": (lambda h: {"a": {"b": h}}, lambda o: o["a"]["b"]),
    "object of objects": (lambda h: Holding(a=Holding(a=Holding(a=h))), lambda o: o.a.a.a),
    "slots": (lambda h: InSlot(InSlot([h])), lambda o: o.held.held[0]),
    "named tuple": (lambda h: Pair(1, Pair(2, h)), lambda o: o.held.held),
    "deque": (lambda h: [collections.deque([h])], lambda o: o[0][0]),
    "view": (lambda h: [types.MappingProxyType({"step": h})], lambda o: o[0]["step"]),
    "chain": (lambda h: [collections.ChainMap({}, {"step": h})], lambda o: o[0]["step"]),
    "array": (lambda h: np.array([h, 0.0], dtype=object), lambda o: o[0]),
    "class": (lambda h: [type("C", (), {"held": [h]})], lambda o: o[0].held[0]),
    "partial": (
        lambda h: functools.partial(lambda held: held[0], [h]),
        lambda o: o(),
    ),
    "among many": (
        lambda h: Holding(**{f"c{i}": 1.0 * i for i in range(60)}, held=h),
        lambda o: o.held,
    ),
    "among more than is gone through": (lambda h: [math.sin] * 5000 + [h], lambda o: o[5000]),
}
CHOICES: dict[str, tuple[Any, Any, Function]] = {  # of which the second takes no step
    "function": (newton, no_newton, lambda h: h),
    "flag": (True, False, lambda h: newton if h else no_newton),
    "None": (1.0, None, lambda h: newton if h is not None else no_newton),
    "word": ("newton", "none", lambda h: newton if h == "newton" else no_newton),
    "member": (Step.NEWTON, Step.NONE, lambda h: newton if h is Step.NEWTON else no_newton),
}
ONE_BY_ONE: dict[str, Callable[[Function], Any]] = {
    "derivative": lambda f: derivative(f)(1.3),
    "grad": lambda f: grad(lambda v: f(v[0]))([1.3]),
    "jacobian": lambda f: jacobian(f)(np.array(1.3)),
    "hessian": lambda f: hessian(f)(1.3),
    "back": lambda f: grad(f, mode="reverse")(1.3),
}


@pytest.mark.parametrize("driver", ONE_BY_ONE)
@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("name", HELD)
def test_what_is_held_tells_one_search_from_another(name: str, choice: str, driver: str) -> None:
    hold, get = HELD[name]
    with_step, without, chosen = CHOICES[choice]

    def made(held: Any) -> Function:
        def f(x: Any) -> Any:
            t = in_halves(lambda t: t * t - x)
            return chosen(get(held))(t, x)

        return f

    for _ in range(5):
        ONE_BY_ONE[driver](made(hold(with_step)))
    with pytest.raises(TypeError, match="searches for its result"):
        pytest.fail(f"{ONE_BY_ONE[driver](made(hold(without)))}")


def test_which_of_two_is_taken_tells_them_apart() -> None:
    def made(steps: dict[str, Function]) -> Function:
        return lambda x: steps["taken"](in_halves(lambda t: t * t - x), x)

    for _ in range(5):
        derivative(made({"a": newton, "b": no_newton, "taken": newton}))(1.3)
    with pytest.raises(TypeError, match="searches for its result"):
        derivative(made({"a": newton, "b": no_newton, "taken": no_newton}))(1.3)


def steps_by_cell(n: Any) -> Function:
    return lambda x: stepped(x, n)


def steps_by_default(n: Any) -> Function:
    return lambda x, n=n: stepped(x, n)  # type: ignore[misc]


def steps_by_part(parts: Any) -> Function:
    return lambda x: stepped(x, parts[0])


def stepped(x: Any, n: Any) -> Any:
    t = in_halves(lambda t: t * t - x)
    for _ in range(int(n)):
        t = t - (t * t - x) / (2 * t)
    return t


class Stepping:
    def __init__(self, n: int) -> None:
        self.n = n

    def __call__(self, x: Any) -> Any:
        return stepped(x, self.n)


STEPPING: dict[str, Callable[[int], Function]] = {
    "cell": steps_by_cell,
    "default": steps_by_default,
    "list": lambda n: steps_by_part([n]),
    "array": lambda n: steps_by_part(np.array([1.0 * n])),
    "text": lambda n: steps_by_part(f"{n} steps"),
    "partial": lambda n: functools.partial(lambda n, x: stepped(x, n), n),
    "object": Stepping,
    "method": lambda n: Stepping(n).__call__,
    "object in an object": lambda n: Holding(held=Stepping(n)).of_one,
}


@pytest.mark.parametrize("driver", ONE_BY_ONE)
@pytest.mark.parametrize("name", STEPPING)
def test_closures_and_objects_are_told_apart_by_their_numbers(name: str, driver: str) -> None:
    make = STEPPING[name]
    for _ in range(40):  # of which there may be any number
        ONE_BY_ONE[driver](make(3))
    with pytest.raises(TypeError, match="searches for its result"):
        pytest.fail(f"{ONE_BY_ONE[driver](make(0))}")


@pytest.mark.parametrize("near", [1e-2, 1.5])
def test_a_coarse_search_takes_no_turns_of_a_fine_one(near: float) -> None:
    def made(near: float) -> Function:
        return lambda x: bisected(lambda t: t * t - x, near=near)

    tolerance = [near]
    f = made(near)
    again = derivative(lambda x: bisected(lambda t: t * t - x, near=tolerance[0]))
    for _ in range(5):
        assert derivative(f)(1.3) == again(1.3) == 0.0
    tolerance[0] = 1e-10
    for fine in (derivative(made(1e-10)), again):
        with pytest.raises(TypeError, match="searches for its result"):
            fine(1.3)


@pytest.mark.parametrize("n", [0, 0.0])
def test_a_search_is_looked_into_for_the_counts_that_are_given(n: Any) -> None:
    again = grad(stepped)
    for of in (again, derivative(stepped), lambda x, n: jacobian(stepped)(x, n=n)):
        for _ in range(5):
            of(1.3, type(n)(3))
        with pytest.raises(TypeError, match="searches for its result"):
            of(1.3, n)


def test_numbers_that_were_there_before_are_looked_into_no_more_often() -> None:
    calls = 0

    def counted(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return stepped(x, 2)

    def scaled(c: float) -> Function:
        return lambda x: c * counted(x)

    for _ in range(64):
        derivative(scaled(2.0))(1.3)
    assert calls <= 64 + 3 * 7


@pytest.mark.parametrize("of", [derivative, functools.partial(grad, mode="reverse")])
def test_a_search_may_be_in_another_branch_or_come_later(of: Any) -> None:
    is_polished = [True]

    def f(x: Any) -> Any:
        if x > 2.0:
            return by_target(lambda t: t * t, x)
        t = bisected(lambda t: t * t - x)
        return t - (t * t - x) / (2 * t) if is_polished[0] else t

    again = of(f)
    for _ in range(5):
        assert again(1.3) == pytest.approx(0.5 / math.sqrt(1.3))
    with pytest.raises(TypeError, match="searches for its result"):
        again(2.5)
    is_polished[0] = False
    with pytest.raises(TypeError, match="searches for its result"):
        again(1.3)


def test_a_count_that_changes_is_met_at_the_next_look() -> None:
    steps = {"count": 2}

    def f(x: Any) -> Any:
        t = bisected(lambda t: t * t - x)
        for _ in range(steps["count"]):
            t = t - (t * t - x) / (2 * t)
        return t

    again = derivative(f)
    for _ in range(7):
        assert again(1.3) == pytest.approx(0.5 / math.sqrt(1.3))
    steps["count"] = 0
    with pytest.raises(TypeError, match="searches for its result"):
        again(1.3)


def test_two_steps_of_newton_make_three_orders_right() -> None:
    def f(x: Any) -> Any:
        t = bisected(lambda t: t * t - x)
        for _ in range(2):
            t = t - (t * t - x) / (2 * t)
        return t

    assert derivative(f, order=2)(2.0) == pytest.approx(-(2.0**-1.5) / 4)
    assert derivative(f, order=3)(2.0) == pytest.approx(3 * 2.0**-2.5 / 8)


@pytest.mark.parametrize("size", [2e-12, 2e9, 2e20])
def test_inputs_of_other_sizes(size: float) -> None:
    def f(p: Any) -> Any:
        return by_target(lambda t: t * t, p, 0.0, 3 * math.sqrt(size))

    with pytest.raises(TypeError, match="searches for its result"):
        derivative(f)(size)


def test_single_precision() -> None:
    def f(v: Any) -> Any:
        return by_target(lambda t: np.float32(t) * t, v[0])

    with pytest.raises(TypeError, match="searches for its result"):
        grad(f)(np.array([1.3, 1.0], np.float32))


def test_near_the_end_of_what_is_defined() -> None:
    def f(x: Any) -> Any:  # √x, found coarsely, where it may be asked
        if x > 2.005:
            return math.nan
        return bisected(lambda m: m * m - x, near=1e-6)

    with pytest.raises(TypeError, match="searches for its result by comparisons"):
        derivative(f)(2.0)


def by_halves(p: Any) -> Any:
    """The solution y of y³ + y = p, by bisection."""
    low, high = 0.0, 5.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if middle**3 + middle > p else (middle, high)
    return (low + high) / 2


def and_newton(y: Any, p: Any) -> Any:
    return y - (y**3 + y - p) / (3 * y**2 + 1)


SECOND: dict[str, Callable[[Any], Any]] = {
    "derivative": lambda f: derivative(f, order=2)(10.0),
    "derivative of one": lambda f: derivative(derivative(f))(10.0),
    "hessian of a list": lambda f: hessian(lambda v: f(v[0]))([10.0])[0][0],
    "hessian": lambda f: hessian(lambda v: f(v[0]))(np.array([10.0]))[0, 0],
    "hessian back": lambda f: hessian(lambda v: f(v[0]), mode="reverse")([10.0, 1.0])[0][0],
    "hvp": lambda f: hvp(lambda v: f(v[0]))([10.0, 1.0], [1.0, 0.0])[0],
    "taylor": lambda f: 2 * taylor(f, 2)(10.0)[2],
    "third of a series": lambda f: 2 * taylor(f, 3)(10.0)[2],
    "jacobian of grad": lambda f: jacobian(grad(lambda v: f(v[0])))(np.array([10.0]))[0, 0],
}


@pytest.mark.parametrize("name", SECOND)
def test_each_order_is_looked_into_by_itself(name: str) -> None:
    """After one step of Newton's method the first derivative is right, and the second is lost."""
    y = 2.0
    slope = 1 / (3 * y**2 + 1)

    def once(p: Any) -> Any:
        return and_newton(by_halves(p), p)

    def twice(p: Any) -> Any:
        return and_newton(once(p), p)

    for _ in range(9):
        assert derivative(once)(10.0) == pytest.approx(slope, rel=1e-5)
        with pytest.raises(TypeError, match="searches"):
            SECOND[name](once)
        assert SECOND[name](twice) == pytest.approx(-6 * y * slope**3, rel=1e-5)
