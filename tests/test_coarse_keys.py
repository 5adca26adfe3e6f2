"""Values kept by a key so coarse that all points nearby have the same; and tables that are honest."""

from __future__ import annotations

import collections
import functools
import heapq
import math
import random
from collections.abc import Callable
from concurrent import futures
from typing import Any

import numpy as np
import pytest

from dualad import derivative, grad, hessian, jacobian, jvp, promises, value_and_grad, vjp
from dualad.pair import plain

Function = Callable[[Any], Any]
AT = 0.537


@pytest.fixture(autouse=True)
def nothing_is_known(monkeypatch: Any) -> None:
    monkeypatch.setattr(promises, "_keeps_nothing", promises._Looks())
    monkeypatch.setattr(promises, "_keeps_by_key", promises._Notes())


KEYS: dict[str, Function] = {
    "round": lambda x: round(x, 1),
    "int": lambda x: int(x * 10),
    "floor": lambda x: math.floor(x * 10),
    "//": lambda x: int(x // 0.1),
    "f-string": lambda x: f"{x:.1f}",
    "searchsorted": lambda x: int(np.searchsorted(np.array([0.0, 0.25, 0.5, 0.75]), x)),
    "digitize": lambda x: int(np.digitize(x, np.array([0.0, 0.25, 0.5, 0.75]))),
}


def in_names(key: Function) -> Function:
    names: Any = {"kept": {}, "key": key, "sin": math.sin}
    exec(
        "def h(x):\n k = key(x)\n if k not in kept: kept[k] = sin(x)\n return kept[k]\n"
        "def f(x): return h(x) * x",
        names,
    )
    return names["f"]


def in_cell(key: Function) -> Function:
    kept: dict[Any, Any] = {}

    def h(x: Any) -> Any:
        k = key(x)
        if k not in kept:
            kept[k] = math.sin(x)
        return kept[k]

    return lambda x: h(x) * x


def in_default(key: Function) -> Function:
    def f(x: Any, kept: Any = {}) -> Any:  # noqa: B006
        k = key(x)
        if k not in kept:
            kept[k] = math.sin(x)
        return kept[k] * x

    f.__defaults__ = ({},)
    return f


def in_object(key: Function) -> Function:
    class Model:
        def __init__(self) -> None:
            self.kept: dict[Any, Any] = {}

        def value(self, x: Any) -> Any:
            k = key(x)
            if k not in self.kept:
                self.kept[k] = math.sin(x)
            return self.kept[k] * x

    return Model().value


def in_pairs(key: Function) -> Function:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        k = key(x)
        for a, v in kept:
            if a == k:
                return v * x
        kept.append((k, math.sin(x)))
        return kept[-1][1] * x

    return f


def in_decorator(key: Function) -> Function:
    def memoised(f: Function) -> Function:
        kept: Any = collections.OrderedDict()

        @functools.wraps(f)
        def g(x: Any) -> Any:
            k = key(x)
            if k not in kept:
                kept[k] = f(x)
            return kept[k]

        return g

    return memoised(lambda x: math.sin(x) * x)


STORES = [in_names, in_cell, in_default, in_object, in_pairs, in_decorator]


def lazy_list(blank: Any, is_blank: Function) -> Function:
    kept = [blank] * 10

    def f(x: Any) -> Any:
        i = int(x * 10)
        if is_blank(kept[i]):
            kept[i] = math.sin(x)
        return kept[i] * x

    return f


def lazy_array(blank: float, is_blank: Function) -> Function:
    kept = np.full(10, blank)

    def f(x: Any) -> Any:
        i = int(x * 10)
        if is_blank(kept[i]):
            kept[i] = math.sin(x)
        return kept[i] * x

    return f


LAZY: dict[str, Function] = {
    "None": lazy_list(None, lambda v: v is None),
    "nan": lazy_list(math.nan, math.isnan),
    "array of nan": lazy_array(math.nan, np.isnan),
    "array of zeros": lazy_array(0.0, lambda v: v == 0),
}

DRIVERS: dict[str, Callable[[Function, Any], Any]] = {
    "derivative": lambda f, x: derivative(f)(x),
    "second": lambda f, x: derivative(f, order=2)(x),
    "grad": lambda f, x: grad(lambda v: f(v[0]) * v[1])([x, 1.0]),
    "grad of an array": lambda f, x: grad(lambda v: f(v[0]) * v[1])(np.array([x, 1.0])),
    "back": lambda f, x: grad(f, mode="reverse")(x),
    "value_and_grad": lambda f, x: value_and_grad(f)(x),
    "jacobian": lambda f, x: jacobian(lambda x: [f(x), x])(x),
    "hessian": lambda f, x: hessian(f)(x),
    "jvp": lambda f, x: jvp(f, (x,), (1.0,)),
    "vjp": lambda f, x: vjp(f, x),
}


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("name", KEYS)
def test_what_a_plain_call_kept_by_a_coarse_key_is_no_constant(name: str, store: Any) -> None:
    f = store(KEYS[name])
    f(AT)
    with pytest.raises(TypeError, match="cached value"):
        pytest.fail(str(derivative(f)(AT)))
    at_first = store(KEYS[name])
    right = math.sin(AT) + AT * math.cos(AT)
    assert derivative(at_first)(AT) == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize("name", DRIVERS)
def test_no_driver_takes_it(name: str) -> None:
    for key in ("round", "int"):
        f = in_cell(KEYS[key])
        f(AT)
        with pytest.raises(TypeError, match="cached value"):
            pytest.fail(str(DRIVERS[name](f, AT)))


@pytest.mark.parametrize("name", LAZY)
def test_a_list_that_is_filled_by_and_by(name: str) -> None:
    f = LAZY[name]
    f(AT)
    with pytest.raises(TypeError, match="cached value"):
        pytest.fail(str(derivative(f)(AT)))


# -- what is honest --------------------------------------------------------------------------

SINES = [math.sin(i / 10) for i in range(20)]
COEFFICIENTS, SLOPES = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.1, 0.0, 0.3, 0.4])


def between(table: Any) -> Function:
    def f(x: Any) -> Any:
        i = int(x * 10)
        u = x * 10 - i
        return (1 - u) * table[i] + u * table[i + 1]

    return f


def filled_on_the_grid(table: Any, is_blank: Callable[[Any, int], bool]) -> Function:
    def f(x: Any) -> Any:
        i = int(x * 10)
        u = x * 10 - i
        for j in (i, i + 1):
            if is_blank(table, j):
                table[j] = math.sin(j / 10)
        return (1 - u) * table[i] + u * table[i + 1]

    return f


def logging_to(write: Callable[[Any], Any], of: Function = lambda x: x**3) -> Function:
    def f(x: Any) -> Any:
        write(x)
        return of(x)

    return f


class Model:
    shared: Any

    def __init__(self) -> None:
        self.calls = 0
        self.last: Any = None
        self.kept: Any = {}
        self.table, self.parameters = list(SINES), {"scale": 2.0}

    def interpolated(self, x: Any) -> Any:
        self.calls += 1
        i = self.last = int(x * 10)
        u = x * 10 - i
        return self.parameters["scale"] * ((1 - u) * self.table[i] + u * self.table[i + 1])

    def lazily(self, x: Any) -> Any:
        i = int(x * 10)
        for j in (i, i + 1):
            if j not in self.kept:
                self.kept[j] = 2 * self.table[j]
        return self.kept[i] + (x * 10 - i) * (self.kept[i + 1] - self.kept[i])


counts: Any = {}
buckets: Any = collections.defaultdict(list)
recent: Any = collections.deque(maxlen=3)
histogram = np.zeros(10)
seen: Any = set()
log: list[Any] = []
path: list[Any] = []
steps: Any = {}
nodes: Any = {}
expansions: Any = {}
factorials: Any = {0: 1}
fibonacci = [0, 1]
draws: Any = {}
once: Any = {}
number = [0]
events: list[Any] = []
start = [1.0]


def counted(x: Any) -> None:
    counts[round(x, 1)] = counts.get(round(x, 1), 0) + 1


def in_histogram(x: Any) -> None:
    histogram[int(x * 10)] += 1


def newton(x: Any) -> Any:
    t = 1.0
    for _ in range(9):
        path.append(round(t, 3))
        t = t - (t * t - x) / (2 * t)
    return t


def newton_from_the_last(x: Any) -> Any:
    t = float(plain(start[0]))
    for _ in range(8):
        t = t - (t * t - x) / (2 * t)
    start[0] = round(t, 12)
    return t


def simulated(x: Any) -> Any:
    events.clear()
    events.append((0.0, x))
    total = 0.0
    for _ in range(5):
        t, v = heapq.heappop(events)
        total = total + v
        heapq.heappush(events, (t + 1 + int(v), v * 0.5))
    return total


def within_one_call(x: Any) -> Any:
    once.clear()
    for t in (x, 2 * x, x):
        if round(t, 3) not in once:
            once[round(t, 3)] = math.sin(t)
    return sum(once.values())


def steps_of(x: Any) -> Any:
    k = int(x * 10)
    if k not in steps:
        steps[k] = k + 3
    return sum(math.sin(x * i) / steps[k] for i in range(steps[k]))


def by_quadrature(x: Any) -> Any:
    n = int(x) + 5
    if n not in nodes:
        nodes[n] = np.polynomial.legendre.leggauss(n)
    return sum(w * math.exp(x * t) for t, w in zip(*nodes[n], strict=True))


def by_expansion(x: Any) -> Any:
    k = round(x, 1)
    if k not in expansions:
        expansions[k] = math.exp(k)
    return expansions[k] * (1 + (x - k) + (x - k) ** 2 / 2)


def by_factorial(x: Any) -> Any:
    n = int(4 * x)
    for i in range(1, n + 1):
        if i not in factorials:
            factorials[i] = factorials[i - 1] * i
    return x**n / factorials[n]


def by_fibonacci(x: Any) -> Any:
    n = int(10 * x)
    while len(fibonacci) <= n:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    return fibonacci[n] * x


def with_common_numbers(x: Any) -> Any:
    for i in range(int(x * 10)):
        if i not in draws:
            draws[i] = random.Random(i).gauss(0.0, 1.0)
    return sum(x * z for z in draws.values())


def set_up_once(x: Any) -> Any:
    if not once:
        once["factor"] = 2.5
    return once.get("factor", 2.5) * x * math.ceil(x)


def at_a_knot(x: Any) -> Any:
    """Where what is not in the table makes no difference to the value."""
    number[0] += 1
    i = int((x - x + 0.5) * 4)
    return COEFFICIENTS[i] + SLOPES[i] * (x - AT)


def by_default(x: Any) -> Any:
    number[0] += 1
    return counts.get(int(x * 10) + 100, 0.0) * (x - AT) + x


model = Model()
HONEST: dict[str, Function] = {
    "a list": between(SINES),
    "an array": between(np.array(SINES)),
    "a dict": between(dict(enumerate(SINES))),
    "a dict on the grid": filled_on_the_grid({}, lambda t, j: j not in t),
    "a list on the grid": filled_on_the_grid([None] * 20, lambda t, j: t[j] is None),
    "an array on the grid": filled_on_the_grid(np.full(20, np.nan), lambda t, j: np.isnan(t[j])),
    "zeros on the grid": filled_on_the_grid(np.zeros(20), lambda t, j: t[j] == 0),
    "counted": logging_to(counted),
    "histogram": logging_to(in_histogram),
    "log": logging_to(lambda x: log.append(round(x, 2))),
    "log of numbers": logging_to(lambda x: log.append((round(x, 2), plain(x)))),
    "seen": logging_to(lambda x: seen.add(round(x, 3))),
    "recent": logging_to(lambda x: recent.append(round(x, 2))),
    "buckets": logging_to(lambda x: buckets[int(x * 10)].append(1)),
    "steps": logging_to(lambda x: number.__setitem__(0, int(x)), lambda x: round(x, 1) * 2),
    "steps of a table": logging_to(lambda x: log.append(0), lambda x: SINES[int(x * 10)]),
    "times a step": logging_to(counted, lambda x: SINES[int(x * 10)] * x),
    "a method": model.interpolated,
    "a lazy method": model.lazily,
    "an object": lambda x: model.interpolated(x) * model.lazily(x),
    **{
        f.__name__: f
        for f in (
            *(newton, newton_from_the_last, simulated, within_one_call, steps_of, by_quadrature),
            *(by_expansion, by_factorial, by_fibonacci, with_common_numbers, set_up_once),
            *(at_a_knot, by_default),
        )
    },
}


@pytest.mark.parametrize("name", HONEST)
def test_what_is_honest_is_not_refused(name: str) -> None:
    f = HONEST[name]
    for _ in range(3):
        f(AT)
        h = 1e-6
        slope = (f(AT + h) - f(AT - h)) / (2 * h)
        assert derivative(f)(AT) == pytest.approx(slope, rel=1e-5, abs=1e-8)
        assert grad(f, mode="reverse")(AT) == pytest.approx(slope, rel=1e-5, abs=1e-8)
        once.clear()


def shown(x: Any) -> Any:
    """Contents and identities, in order."""
    if isinstance(x, dict):
        return id(x), [(k, shown(v)) for k, v in x.items()]
    if isinstance(x, (list, tuple, collections.deque)):
        return id(x), [shown(v) for v in x]
    return (id(x), x.tolist()) if isinstance(x, np.ndarray) else (id(x), repr(x))


def test_what_f_holds_is_left_alone(monkeypatch: Any) -> None:
    """By the copies of f; the passes that come before them are the driver's."""
    looks = []
    is_found = promises._is_found_in_store

    def looked(inputs: Any, forward: Any) -> bool:
        held = (counts, buckets, recent, histogram, log, path, steps, nodes, expansions, draws)
        held = (*held, factorials, fibonacci, number, events, start, vars(model), SINES)
        before = shown(held)
        try:
            return is_found(inputs, forward)
        finally:
            looks.append(before == shown(held))

    monkeypatch.setattr(promises, "_is_found_in_store", looked)
    for f in HONEST.values():
        f(AT)
        derivative(f)(AT)
    for key in KEYS.values():
        for store in STORES:
            f = store(key)
            f(AT)
            with pytest.raises(TypeError):
                derivative(f)(AT)
    assert all(looks) and len(looks) > 30


def test_errors_within_copies_are_not_told() -> None:
    table: dict[int, Any] = {5: 2.0}

    def f(x: Any) -> Any:
        number[0] += 1
        if not table:
            raise SystemError("the table is gone")
        return table[int(x * 10)] * x

    f(AT)
    assert derivative(f)(AT) == 2.0
    assert table == {5: 2.0}


def test_threads_look_each_for_itself() -> None:
    def told(_: int) -> bool:
        f = in_cell(KEYS["round"])
        f(AT)
        with pytest.raises(TypeError, match="cached value"):
            derivative(f)(AT)
        return bool(derivative(HONEST["a dict on the grid"])(AT) > 0)

    with futures.ThreadPoolExecutor(4) as pool:
        assert all(pool.map(told, range(20)))


# -- whose calls they are ----------------------------------------------------------------------


def bisected(x: Any) -> Any:
    low, high = 0.0, 4.0
    for _ in range(50):
        m = (low + high) / 2
        low, high = (low, m) if m * m > x else (m, high)
    m = (low + high) / 2
    return m - (m * m - x) / (2 * m)


LOOKED_INTO: dict[str, Function] = {
    "step": lambda x: x * SINES[int(x * 10)],
    "text": lambda x: x * len(f"{x}"),
    "equal": lambda x: x * x if x == AT else x,
    "search": bisected,
}


class Tally:
    def __init__(self) -> None:
        self.calls, self.kept = 0, {"last": 0}


@pytest.mark.parametrize("driver", ["derivative", "grad", "back", "jvp", "vjp"])
@pytest.mark.parametrize("name", LOOKED_INTO)
def test_logs_see_the_calls_of_the_driver_alone(name: str, driver: str) -> None:
    calls: list[float] = []
    total = 0
    of_class = Tally()

    def f(x: Any) -> Any:
        nonlocal total
        total += 1
        calls.append(total)
        of_class.calls += 1
        of_class.kept["last"] = total
        return LOOKED_INTO[name](x)

    for _ in range(4):
        calls.clear()
        DRIVERS[driver](f, AT)
        assert len(calls) <= 2
        assert of_class.calls == total == of_class.kept["last"]


def test_a_function_that_cannot_be_copied_is_looked_into_itself() -> None:
    class Slotted:
        __slots__ = ("kept",)

    of_slots, of_class = Slotted(), Model
    of_slots.kept = {}
    of_class.shared = {}

    def by_slot(x: Any) -> Any:
        k = round(x, 6)
        if k not in of_slots.kept:
            of_slots.kept[k] = math.sin(x)
        return of_slots.kept[k] * x

    def by_class(x: Any) -> Any:
        k = round(x, 6)
        if k not in of_class.shared:
            of_class.shared[k] = math.sin(x)
        return of_class.shared[k] * x

    for f in (by_slot, by_class):
        f(AT)
        with pytest.raises(TypeError, match="cached value"):
            pytest.fail(str(derivative(f)(AT)))
