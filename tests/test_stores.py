"""Values kept under keys so coarse that all points nearby have the same; and what keeps none."""

from __future__ import annotations

import bisect
import collections
import dataclasses
import functools
import heapq
import itertools
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_kept import DRIVERS, STORES_BY_KEY, cube, in_dict, times

from dualad import derivative, grad, promises, taylor, value_and_grad

Key = Callable[[Any], Any]
GRID = [i / 10 for i in range(-20, 80)]
PLACES = np.array(GRID)
COARSE: dict[str, Key] = {
    "round to none": lambda x: round(x, 0),
    "round to one": lambda x: round(x, 1),
    "round to two": lambda x: round(x, 2),
    "text of one": lambda x: f"{x:.1f}",
    "text of two": lambda x: f"{x:.2g}",
    "int": lambda x: int(x * 10),
    "floor": lambda x: math.floor(x * 20),
    "//": lambda x: x // 0.1,
    "bisect": lambda x: bisect.bisect(GRID, x),
    "searchsorted": lambda x: int(np.searchsorted(PLACES, x)),
    "digitize": lambda x: int(np.digitize(x, PLACES)),
    "argmin": lambda x: int(np.argmin(abs(PLACES - x))),
}


@pytest.fixture(autouse=True)
def nothing_is_known(monkeypatch: Any) -> None:
    monkeypatch.setattr(promises, "_keeps_nothing", promises._Looks())
    monkeypatch.setattr(promises, "_keeps_by_key", promises._Notes())


# -- more stores -----------------------------------------------------------------------------


def place(key: Key, x: Any) -> int:
    return sum(map(ord, str(key(x)))) * 7 % 500


def nan_where_not_filled(key: Key) -> Any:
    kept = np.full(500, np.nan)

    def f(x: Any) -> Any:
        i = place(key, x)
        if np.isnan(kept[i]):
            kept[i] = cube(x)
        return kept[i]

    return f


def zero_where_not_filled(key: Key) -> Any:
    kept = np.zeros(500)

    def f(x: Any) -> Any:
        i = place(key, x)
        if kept[i] == 0:
            kept[i] = cube(x)
        return kept[i]

    return f


def none_where_not_filled(key: Key) -> Any:
    kept = [None] * 500

    def f(x: Any) -> Any:
        i = place(key, x)
        if kept[i] is None:
            kept[i] = cube(x)
        return kept[i]

    return f


def under_a_mask(key: Key) -> Any:
    kept, is_there = [0.0] * 500, np.zeros(500, bool)

    def f(x: Any) -> Any:
        i = place(key, x)
        if not is_there[i]:
            kept[i], is_there[i] = cube(x), True
        return kept[i]

    return f


def in_a_dict_of_dicts(key: Key) -> Any:
    kept: dict[str, dict[Any, Any]] = {"cube": {}, "other": {"a": 1.0}}

    def f(x: Any) -> Any:
        of_cube = kept["cube"]
        k = key(x)
        if k not in of_cube:
            of_cube[k] = cube(x)
        return of_cube[k]

    return f


def beside_settings(key: Key) -> Any:
    kept: dict[Any, Any] = {"scale": 2.0, "calls": 0}

    def f(x: Any) -> Any:
        kept["calls"] += 1
        k = key(x)
        if k not in kept:
            kept[k] = cube(x) * kept["scale"]
        return kept[k] / 2

    return f


def in_an_attribute(key: Key) -> Any:
    class Model:
        def __init__(self) -> None:
            self.kept: dict[Any, Any] = {}
            self.scale = 1.0

        def __call__(self, x: Any) -> Any:
            k = key(x)
            if k not in self.kept:
                self.kept[k] = cube(x) * self.scale
            return self.kept[k]

    return Model()


def given_on(key: Key) -> Any:
    def look(into: Any, k: Any, x: Any) -> Any:
        if k not in into:
            into[k] = cube(x)
        return into[k]

    kept: dict[Any, Any] = {}
    return lambda x: look(kept, key(x), x)


def from_a_function(key: Key) -> Any:
    kept: dict[Any, Any] = {}

    def cache() -> Any:
        return kept

    def f(x: Any) -> Any:
        known = cache()
        k = key(x)
        if k not in known:
            known[k] = cube(x)
        return known[k]

    return f


def by_default(key: Key) -> Any:
    kept: Any = collections.defaultdict(lambda: None)

    def f(x: Any) -> Any:
        k = key(x)
        if kept[k] is None:
            kept[k] = cube(x)
        return kept[k]

    return f


def beside_a_fine_one(key: Key) -> Any:
    coarse, fine = in_dict(key), in_dict(lambda x: round(x, 9))
    return lambda x: coarse(x) + fine(2 * x) - fine(2 * x)


def beside_a_log(key: Key) -> Any:
    h = in_dict(key)
    log: list[Any] = []

    def f(x: Any) -> Any:
        log.append(x)
        return h(x)

    return f


def in_a_loop_over_two(key: Key) -> Any:
    one: dict[Any, Any] = {}
    other: dict[Any, Any] = {}

    def f(x: Any) -> Any:
        k = key(x)
        for kept in (one, other):
            if k not in kept:
                kept[k] = cube(x)
        return (one[k] + other[k]) / 2

    return f


def in_parts_of_a_list(key: Key) -> Any:
    parts: Any = [{}, {}]

    def f(x: Any) -> Any:
        k = key(x)
        for _, kept in enumerate(parts):
            if k not in kept:
                kept[k] = cube(x)
        return parts[1][k]

    return f


def in_what_get_gives(key: Key) -> Any:
    parts: Any = {"cube": {}}

    def f(x: Any) -> Any:
        k, kept = key(x), parts.get("cube")
        if k not in kept:
            kept[k] = cube(x)
        return kept[k]

    return f


def behind_a_property(key: Key) -> Any:
    class Model:
        def __init__(self) -> None:
            self._kept: Any = {}

        @property
        def kept(self) -> Any:
            return self._kept

        def value(self, x: Any) -> Any:
            k = key(x)
            if k not in self.kept:
                self.kept[k] = cube(x)
            return self.kept[k]

    return Model().value


def in_slots(key: Key) -> Any:
    class Model:
        __slots__ = ("k", "v")

        def __init__(self) -> None:
            self.k: Any = None

        def value(self, x: Any) -> Any:
            k = key(x)
            if k != self.k:
                self.k, self.v = k, cube(x)
            return self.v

    return Model().value


def in_a_user_dict(key: Key) -> Any:
    return in_mapping(key, collections.UserDict())


def in_a_chain_of_maps(key: Key) -> Any:
    return in_mapping(key, collections.ChainMap({}, {"a": 1.0}))


def in_mapping(key: Key, kept: Any) -> Any:
    def f(x: Any) -> Any:
        k = key(x)
        if k not in kept:
            kept[k] = cube(x)
        return kept[k]

    return f


def by_a_class_of_methods(key: Key) -> Any:
    class Kept(dict[Any, Any]):
        def __setitem__(self, k: Any, v: Any) -> None:
            super().__setitem__(k, v)

    return in_mapping(key, Kept())


def in_what_is_replaced(key: Key) -> Any:
    kept: Any = {}

    def f(x: Any) -> Any:
        nonlocal kept
        k = key(x)
        if k not in kept:
            kept = {**kept, k: cube(x)}
        return kept[k]

    return f


def by_a_mark_of_its_own(key: Key) -> Any:
    nothing = object()
    kept: list[Any] = [nothing] * 500

    def f(x: Any) -> Any:
        i = place(key, x)
        if kept[i] is nothing:
            kept[i] = cube(x)
        return kept[i]

    return f


def by_a_hook(key: Key) -> Any:
    kept: dict[Any, Any] = {}
    hooks = [lambda k, v: kept.__setitem__(k, v)]

    def f(x: Any) -> Any:
        k = key(x)
        if k in kept:
            return kept[k]
        v = cube(x)
        for hook in hooks:
            hook(k, v)
        return v

    return f


MORE = [
    *(in_a_loop_over_two, in_parts_of_a_list, in_what_get_gives, behind_a_property, in_slots),
    *(in_a_user_dict, in_a_chain_of_maps, by_a_class_of_methods, in_what_is_replaced),
    *(by_a_mark_of_its_own, by_a_hook),
    *(nan_where_not_filled, zero_where_not_filled, none_where_not_filled, under_a_mask, given_on),
    *(in_a_dict_of_dicts, beside_settings, in_an_attribute, by_default, from_a_function),
    *(beside_a_fine_one, beside_a_log),
]
POINTS = [0.0623, 0.2749, 0.5123456, 0.97, 1.25, 1.333, 2.041, 3.68, 4.449, 5.55]


@pytest.mark.parametrize("store", [*STORES_BY_KEY, *MORE])
@pytest.mark.parametrize("name", COARSE)
def test_what_was_kept_by_a_coarse_key_is_no_constant(name: str, store: Any) -> None:
    for i, x in enumerate(POINTS):
        f = times(store(COARSE[name]))
        for other in POINTS[: 3 * (i % 2)]:
            f(other)
        f(x * (1 + 1e-5 * (i % 3)))
        f(x)
        # By default f is read once, and the key is another each time, in the same code.
        lift = True if name == "bisect" else None
        with pytest.raises(TypeError, match="cached value"):
            pytest.fail(f"{x}: {derivative(f, lift=lift)(x)}")


def test_what_was_kept_by_a_place_in_what_is_sorted_is_no_constant() -> None:
    kept: dict[int, Any] = {}

    def h(x: Any) -> Any:
        i = bisect.bisect_left(GRID, x)
        if i not in kept:
            kept[i] = cube(x)
        return kept[i]

    for x in POINTS:
        f = times(h)
        assert derivative(f)(x) == pytest.approx(taylor(lambda x: cube(x) * x, 1)(x)[1])
        kept.clear()
        f(x)
        with pytest.raises(TypeError, match="cached value"):
            derivative(f)(x)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("lift", [None, False])
def test_no_driver_takes_what_was_kept_by_a_coarse_key(driver: str, lift: Any) -> None:
    for name in ("round to none", "text of one", "int"):
        f = times(in_dict(COARSE[name]))
        f(0.51)
        with pytest.raises(TypeError, match="cached value"):
            pytest.fail(f"{name}: {DRIVERS[driver](f, lift)}")


@pytest.mark.parametrize("store", [*STORES_BY_KEY, *MORE])
@pytest.mark.parametrize("name", COARSE)
def test_what_is_kept_by_a_coarse_key_from_now_on_is_no_loss(name: str, store: Any) -> None:
    if store in (nan_where_not_filled, zero_where_not_filled, beside_a_fine_one):
        return  # arrays take no duals
    for x in POINTS[2:5]:
        slope = derivative(times(store(COARSE[name])))(x)
        assert slope == pytest.approx(taylor(lambda x: cube(x) * x, 1)(x)[1], rel=1e-12)


def test_stores_are_as_they_were() -> None:
    kept: dict[Any, Any] = {}

    def f(x: Any) -> Any:
        k = round(x, 1)
        if k not in kept:
            kept[k] = cube(x)
        return kept[k] * x

    for x in POINTS:
        f(x)
    before = list(kept.items())
    with pytest.raises(TypeError, match="cached value"):
        derivative(f)(1.25)
    assert list(kept.items())[: len(before)] == before


# -- what keeps no values in place of derivatives ---------------------------------------------

Honest = Callable[[], tuple[Callable[[Any], Any], Callable[[float], float]]]
HONEST: list[Honest] = []  # each makes a function and its slope, where that is not at a step


def honest(make: Honest) -> Honest:
    HONEST.append(make)
    return make


YS = [math.sin(g) for g in GRID]


def on_grid(x: float, places: list[float] = GRID) -> int:
    return bisect.bisect(places, x) - 1


def chord(x: float) -> float:
    i = on_grid(x)
    return (YS[i + 1] - YS[i]) / (GRID[i + 1] - GRID[i])


def interpolated(x: Any) -> Any:
    i = bisect.bisect(GRID, x) - 1
    t = (x - GRID[i]) / (GRID[i + 1] - GRID[i])
    return YS[i] + t * (YS[i + 1] - YS[i])


@honest
def a_table_by_bisect() -> Any:
    return lambda x: YS[bisect.bisect(GRID, x) - 1] * x, lambda x: YS[on_grid(x)]


@honest
def interpolation_by_bisect() -> Any:
    return interpolated, chord


@honest
def interpolation_and_a_log() -> Any:
    log: list[Any] = []
    return lambda x: (log.append(x), interpolated(x))[1], chord


@honest
def interpolation_and_a_log_of_texts() -> Any:
    log: list[Any] = []
    return lambda x: (log.append(f"{x:.2f}"), interpolated(x))[1], chord


@honest
def a_table_by_int_and_a_counter() -> Any:
    calls = [0]
    table = [2.0 + i * i for i in range(100)]

    def f(x: Any) -> Any:
        calls[0] += 1
        return table[int(x * 10)] * x

    return f, lambda x: table[int(x * 10)]


@honest
def a_table_by_round_in_a_dict_and_hits() -> Any:
    table = {i / 10: 1.0 + i for i in range(100)}
    hits: dict[Any, int] = {}

    def f(x: Any) -> Any:
        k = round(x, 1)
        hits[k] = hits.get(k, 0) + 1
        return table[k] * x * x

    return f, lambda x: 2 * table[round(x, 1)] * x


@honest
def a_table_with_a_default_and_a_log() -> Any:
    table = {0.5: 3.0, 1.2: 4.0}
    seen = set()

    def f(x: Any) -> Any:
        k = round(x, 1)
        seen.add(k)
        return table.get(k, 1.0) * x

    return f, lambda x: table.get(round(x, 1), 1.0)


@honest
def a_histogram() -> Any:
    counts = [0] * 100

    def f(x: Any) -> Any:
        counts[int(x * 10)] += 1
        return np.exp(x)

    return f, math.exp


@honest
def a_histogram_in_an_array() -> Any:
    counts = np.zeros(100)

    def f(x: Any) -> Any:
        counts[int(x * 10)] += 1
        return np.exp(x)

    return f, math.exp


@honest
def a_histogram_by_counter() -> Any:
    counts: collections.Counter[Any] = collections.Counter()

    def f(x: Any) -> Any:
        counts[round(x, 1)] += 1
        return np.exp(x)

    return f, math.exp


@honest
def a_histogram_by_digitize() -> Any:
    counts: Any = collections.defaultdict(int)

    def f(x: Any) -> Any:
        counts[int(np.digitize(x, PLACES))] += 1
        return x**3

    return f, lambda x: 3 * x**2


@honest
def a_path_of_newton() -> Any:
    path: list[Any] = []

    def f(x: Any) -> Any:
        y = 1.0
        for i in range(8):
            path.append((i, round(y, 3)))
            y = (y + x / y) / 2
        return y

    return f, lambda x: 0.5 / math.sqrt(x)


@honest
def a_path_of_newton_that_starts_anew() -> Any:
    path: list[Any] = []

    def f(x: Any) -> Any:
        path.clear()
        path.append(1.0)
        while len(path) < 9:
            path.append((path[-1] + x / path[-1]) / 2)
        f"{path[-1]:.3f}"
        return path[-1]

    return f, lambda x: 0.5 / math.sqrt(x)


@honest
def newton_on_a_warm_start() -> Any:
    last = {"root": 1.0}

    def f(x: Any) -> Any:
        y = last["root"]
        for _ in range(60):
            y = (y + x / y) / 2
        last["root"] = float(round(y, 2)) if not hasattr(y, "tangent") else round(y, 2)
        return y

    return f, lambda x: 0.5 / math.sqrt(x)


@honest
def a_simulation_with_an_event_list() -> Any:
    events: list[Any] = []
    log: list[Any] = []

    def f(x: Any) -> Any:
        events.clear()
        heapq.heappush(events, (0.0, 0))
        total = 0.0
        while events:
            t, n = heapq.heappop(events)
            log.append(f"{t:.1f}")
            total = total + t
            if n < 4:
                heapq.heappush(events, (t + x, n + 1))
        return total

    return f, lambda x: 10.0


@honest
def a_simulation_in_an_object() -> Any:
    class Sim:
        def __init__(self) -> None:
            self.t, self.y, self.trace = 0.0, 0.0, []

        def run(self, x: Any) -> Any:
            self.t, self.y, self.trace = 0.0, 1.0, []
            for _ in range(10):
                self.y = self.y + 0.1 * x * self.y
                self.t += 0.1
                self.trace.append((round(self.t, 1), self.y))
            return self.trace[int(self.t)][1] * 0 + self.y

    return Sim().run, lambda x: 10 * 0.1 * (1 + 0.1 * x) ** 9


@honest
def a_memo_of_this_call() -> Any:
    def f(x: Any) -> Any:
        memo: dict[Any, Any] = {}

        def power(n: int) -> Any:
            if n not in memo:
                memo[n] = x * power(n - 1) if n else 1.0
            return memo[n]

        return power(int(x) + 3)

    return f, lambda x: (int(x) + 3) * x ** (int(x) + 2)


@honest
def a_memo_that_is_cleared() -> Any:
    memo: dict[Any, Any] = {}

    def f(x: Any) -> Any:
        memo.clear()
        for k in (1, 2, 1):
            at = round(x * k, 2)
            if at not in memo:
                memo[at] = cube(x * k)
        return memo[round(x, 2)]

    return f, lambda x: 2 * x * math.sin(x) + x * x * math.cos(x)


@honest
def a_memo_of_integers() -> Any:
    memo = {0: 1}

    def factorial(n: int) -> int:
        if n not in memo:
            memo[n] = n * factorial(n - 1)
        return memo[n]

    def f(x: Any) -> Any:
        return x ** int(x + 2) / factorial(int(x + 2))

    return f, lambda x: x ** (int(x + 2) - 1) / math.factorial(int(x + 2) - 1)


@honest
def nodes_of_a_table_on_demand() -> Any:
    nodes: dict[int, float] = {}

    def node(i: int) -> float:
        if i not in nodes:
            nodes[i] = math.sin(i / 10)
        return nodes[i]

    def f(x: Any) -> Any:
        i = math.floor(x * 10)
        t = x * 10 - i
        return node(i) * (1 - t) + node(i + 1) * t

    def slope(x: float) -> float:
        i = math.floor(x * 10)
        return (math.sin((i + 1) / 10) - math.sin(i / 10)) * 10

    return f, slope


@honest
def nodes_of_a_table_under_a_cache() -> Any:
    @functools.lru_cache
    def node(i: int) -> float:
        return math.sin(i / 10)

    count = [0]

    def f(x: Any) -> Any:
        count[0] += 1
        i = math.floor(x * 10)
        return node(i) + (x * 10 - i) * (node(i + 1) - node(i))

    def slope(x: float) -> float:
        i = math.floor(x * 10)
        return (math.sin((i + 1) / 10) - math.sin(i / 10)) * 10

    return f, slope


@honest
def nodes_in_an_array_on_demand() -> Any:
    nodes = np.full(200, np.nan)

    def f(x: Any) -> Any:
        i = int(x * 10)
        for j in (i, i + 1):
            if np.isnan(nodes[j]):
                nodes[j] = math.sin(j / 10)
        return nodes[i] + (x * 10 - i) * (nodes[i + 1] - nodes[i])

    def slope(x: float) -> float:
        i = int(x * 10)
        return (math.sin((i + 1) / 10) - math.sin(i / 10)) * 10

    return f, slope


@honest
def a_table_that_is_made_at_first() -> Any:
    table: list[float] = []

    def f(x: Any) -> Any:
        if not table:
            table.extend(math.cos(i / 10) for i in range(100))
        return table[int(x * 10)] * x

    return f, lambda x: math.cos(int(x * 10) / 10)


@honest
def a_buffer_that_is_filled_anew() -> Any:
    buffer: list[Any] = [0.0] * 4

    def f(x: Any) -> Any:
        for i in range(4):
            buffer[i] = x ** (i + 1)
        return buffer[int(x) % 2] + buffer[2]

    return f, lambda x: (1 if int(x) % 2 == 0 else 2 * x) + 3 * x * x


@honest
def a_ring_of_the_last_values() -> Any:
    ring: Any = collections.deque(maxlen=5)
    n = itertools.count()

    def f(x: Any) -> Any:
        ring.append(round(x, 2))
        next(n)
        return x * x * ring[-1] / round(x, 2)

    return f, lambda x: 2 * x


@honest
def a_global_counter() -> Any:
    names: Any = {}
    code = "n = 0\ntable = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]\n"
    exec(code + "def f(x):\n global n\n n += 1\n return table[int(x)] * x * x", names)
    return names["f"], lambda x: 2 * (1.0 + int(x)) * x


@honest
def a_best_so_far() -> Any:
    best = {"x": None, "y": math.inf}

    def f(x: Any) -> Any:
        y = (x - 2) ** 2
        if y < best["y"]:
            best["x"], best["y"] = round(x, 3), y
        return y

    return f, lambda x: 2 * (x - 2)


@honest
def a_timer_by_names() -> Any:
    times_of: dict[str, float] = {}

    def timed(name: str, g: Any, x: Any) -> Any:
        y = g(x)
        times_of[name] = times_of.get(name, 0.0) + 1e-3
        return y

    def f(x: Any) -> Any:
        return timed("exp", np.exp, x) * timed(f"{x:.1f}", np.sin, x)

    return f, lambda x: math.exp(x) * (math.sin(x) + math.cos(x))


@honest
def settings_that_are_read() -> Any:
    settings = {"mode": "fast", "scale": 2.0}
    runs: dict[str, int] = {}

    def f(x: Any) -> Any:
        runs[settings["mode"]] = runs.get(settings["mode"], 0) + 1
        return settings["scale"] * x ** int(x + 1)

    return f, lambda x: 2 * int(x + 1) * x ** (int(x + 1) - 1)


@honest
def a_setting_that_is_set_in_the_call() -> Any:
    class Model:
        order = 1
        scale = 1.0

        def set_up(self, x: Any) -> None:
            self.order = int(x) + 1
            self.scale = 2.0

        def __call__(self, x: Any) -> Any:
            self.set_up(x)
            return self.scale * x**self.order

    return Model(), lambda x: 2.0 * (int(x) + 1) * x ** int(x)


@honest
def a_dispatch_by_range() -> Any:
    def low(x: Any) -> Any:
        return x * x

    def high(x: Any) -> Any:
        return 3 * x - 1

    table: dict[int, Any] = {0: low, 1: high}
    used: Any = collections.Counter()

    def f(x: Any) -> Any:
        k = min(int(x), 1)
        used[k] += 1
        return table[k](x)

    return f, lambda x: 2 * x if x < 1 else 3.0


@honest
def a_class_of_pieces() -> Any:
    @dataclasses.dataclass
    class Piece:
        start: float
        slope: float
        uses: int = 0

        def __call__(self, x: Any) -> Any:
            self.uses += 1
            return self.slope * (x - self.start)

    pieces = [Piece(float(i), 1.0 + i) for i in range(8)]
    return lambda x: pieces[math.floor(x)](x), lambda x: 1.0 + math.floor(x)


@honest
def a_dict_of_lists() -> Any:
    trace: Any = collections.defaultdict(list)

    def f(x: Any) -> Any:
        trace[int(x)].append(x)
        trace["all"].append(f"{x}")
        return trace[int(x)][-1] ** 2

    return f, lambda x: 2 * x


@honest
def a_set_of_what_was_seen() -> Any:
    seen: set[Any] = set()

    def f(x: Any) -> Any:
        if round(x, 2) not in seen:
            seen.add(round(x, 2))
        return x**3

    return f, lambda x: 3 * x**2


@honest
def a_graph_of_states() -> Any:
    states = {"a": ("b", 1.0), "b": ("c", 2.0), "c": ("a", 0.5)}
    visits: dict[str, int] = {}

    def f(x: Any) -> Any:
        state, y = "a", x
        for _ in range(int(x) + 3):
            visits[state] = visits.get(state, 0) + 1
            state, factor = states[state]
            y = y * factor
        return y

    def slope(x: float) -> float:
        return math.prod(itertools.islice(itertools.cycle((1.0, 2.0, 0.5)), int(x) + 3))

    return f, slope


@honest
def messages_of_a_format() -> Any:
    messages: list[str] = []
    table = {"low": 1.0, "high": 2.0}

    def f(x: Any) -> Any:
        messages.append("x = {:.2f}".format(x))  # noqa: UP032
        return table["low" if x < 1 else "high"] * x

    return f, lambda x: 1.0 if x < 1 else 2.0


@honest
def random_numbers_by_a_seed() -> Any:
    draws: list[float] = []

    def f(x: Any) -> Any:
        rng = random.Random(3)
        draws.append(rng.random())
        return x * rng.random() * [1.0, 2.0][int(x) % 2]

    def slope(x: float) -> float:
        rng = random.Random(3)
        rng.random()
        return rng.random() * [1.0, 2.0][int(x) % 2]

    return f, slope


@honest
def a_matrix_that_is_assembled() -> Any:
    cells: dict[tuple[int, int], Any] = {}

    def f(x: Any) -> Any:
        for i in range(2):
            for j in range(2):
                cells[i, j] = x ** (i + j)
        return cells[0, 0] * cells[1, 1] + cells[int(x) % 2, 1]

    return f, lambda x: 2 * x + (1.0 if int(x) % 2 == 0 else 2 * x)


@honest
def a_cache_that_is_off() -> Any:
    kept: dict[Any, Any] = {0.1: 1.0}
    is_on = False

    def f(x: Any) -> Any:
        k = round(x, 1)
        if is_on and k in kept:
            return kept[k]
        y = cube(x)
        if is_on:
            kept[k] = y
        return y

    return f, lambda x: 2 * x * math.sin(x) + x * x * math.cos(x)


@honest
def a_cache_that_is_written_and_not_read() -> Any:
    kept: dict[Any, Any] = {}

    def f(x: Any) -> Any:
        kept[round(x, 1)] = y = cube(x)
        return y * {0: 1.0, 1: 2.0}[int(x) % 2]

    return f, lambda x: (1 + int(x) % 2) * (2 * x * math.sin(x) + x * x * math.cos(x))


@honest
def a_check_of_limits_that_warns_once() -> Any:
    warned: dict[str, bool] = {}

    def f(x: Any) -> Any:
        name = f"{x:.0f}"
        if name not in warned:
            warned[name] = True
        return np.log(x)

    return f, lambda x: 1 / x


@honest
def points_of_a_quadrature() -> Any:
    rules: dict[int, Any] = {}

    def nodes(n: int) -> Any:
        if n not in rules:
            rules[n] = np.polynomial.legendre.leggauss(n)
        return rules[n]

    def f(x: Any) -> Any:
        places, parts = nodes(int(x) + 8)
        return sum(w * np.exp(x * t) for t, w in zip(places, parts, strict=True))

    return f, lambda x: 2 * math.cosh(x) / x - 2 * math.sinh(x) / x**2


@honest
def coefficients_on_demand() -> Any:
    rows = [[1]]

    def row(n: int) -> list[int]:
        while len(rows) <= n:
            last = rows[-1]
            rows.append([1, *(a + b for a, b in itertools.pairwise(last)), 1])
        return rows[n]

    def f(x: Any) -> Any:
        n = int(x) + 3
        return sum(c * x**k for k, c in enumerate(row(n)))

    return f, lambda x: (int(x) + 3) * (1 + x) ** (int(x) + 2)


@honest
def a_stack_of_a_parser() -> Any:
    stack: list[Any] = []

    def f(x: Any) -> Any:
        for token in ("x", "x", "*", "3", "+"):
            if token == "*":
                stack.append(stack.pop() * stack.pop())
            elif token == "+":
                stack.append(stack.pop() + stack.pop())
            else:
                stack.append({"x": x, "3": 3.0 * int(x)}[token])
        return stack.pop()

    return f, lambda x: 2 * x


@honest
def a_pool_of_buffers() -> Any:
    pool: list[Any] = []

    def f(x: Any) -> Any:
        buffer = pool.pop() if pool else [0.0] * 3
        buffer[:] = [x, x * x, float(int(x))]
        y = buffer[0] * buffer[1]
        pool.append(buffer)
        return y

    return f, lambda x: 3 * x * x


@honest
def numbers_of_calls_as_attributes() -> Any:
    def f(x: Any) -> Any:
        f.calls += 1
        return [1.0, 2.0, 3.0, 4.0, 5.0, 6.0][int(x)] * x

    f.calls = 0
    return f, lambda x: 1.0 + int(x)


@honest
def an_observer() -> Any:
    class Observed:
        def __init__(self) -> None:
            self.values: list[Any] = []
            self.observers = [self.values.append]

        def tell(self, x: Any) -> None:
            for observer in self.observers:
                observer(x)

    observed = Observed()

    def f(x: Any) -> Any:
        observed.tell(round(x, 1))
        return np.sqrt(x)

    return f, lambda x: 0.5 / math.sqrt(x)


@honest
def a_property_that_is_derived() -> Any:
    class Model:
        def __init__(self) -> None:
            self._p: Any = 1.0
            self.n = 0

        @property
        def p(self) -> Any:
            return self._p

        @p.setter
        def p(self, x: Any) -> None:
            self._p, self.n = x, int(x)

    model = Model()

    def f(x: Any) -> Any:
        model.p = x
        return model.p**2 * [1.0, 2.0][model.n % 2]

    return f, lambda x: 2 * x * (1 + int(x) % 2)


TIMES = [0.3, 0.7, 1.1, 2.5, 4.2]


@honest
def doses_until_now() -> Any:
    plan = [(t, 1.0 + i) for i, t in enumerate(TIMES)]
    seen: list[int] = []

    def f(x: Any) -> Any:
        n = bisect.bisect([t for t, _ in plan], x)
        seen.append(n)
        return sum(dose * np.exp(t - x) for t, dose in plan[:n]) + x

    def slope(x: float) -> float:
        return 1 - sum((1 + i) * math.exp(t - x) for i, t in enumerate(TIMES) if t <= x)

    return f, slope


@honest
def a_spline_in_an_object() -> Any:
    class Spline:
        def __init__(self) -> None:
            self.at, self.to, self.last = GRID, [g**2 for g in GRID], 0

        def __call__(self, x: Any) -> Any:
            self.last = i = bisect.bisect(self.at, x, 1, len(self.at) - 1) - 1
            t = (x - self.at[i]) / (self.at[i + 1] - self.at[i])
            return self.to[i] * (1 - t) + self.to[i + 1] * t

    return Spline(), lambda x: GRID[on_grid(x)] + GRID[on_grid(x) + 1]


@honest
def a_hunt_from_the_last_place() -> Any:
    class Table:
        last = 0

        def __call__(self, x: Any) -> Any:
            if not GRID[self.last] <= x < GRID[self.last + 1]:
                self.last = bisect.bisect(GRID, x) - 1
            i = self.last
            t = (x - GRID[i]) / (GRID[i + 1] - GRID[i])
            return YS[i] + t * (YS[i + 1] - YS[i])

    return Table(), chord


@honest
def nearest_of_some_points() -> Any:
    used: Any = collections.Counter()

    def f(x: Any) -> Any:
        i = int(np.argmin(abs(PLACES - x)))
        used[i] += 1
        return (x - PLACES[i]) ** 2 + x

    return f, lambda x: 2 * (x - GRID[int(np.argmin(abs(PLACES - x)))]) + 1


@honest
def an_array_by_searchsorted() -> Any:
    values, log = np.sin(PLACES), []

    def f(x: Any) -> Any:
        i = np.searchsorted(PLACES, x)
        log.append(int(i))
        return values[i] * x * x

    return f, lambda x: 2 * math.sin(GRID[int(np.searchsorted(PLACES, x))]) * x


@honest
def interpolation_by_numpy() -> Any:
    log: list[str] = []

    def f(x: Any) -> Any:
        log.append(f"{x:.3f}")
        return np.interp(x, GRID, YS)

    return f, chord


@honest
def a_table_of_pairs() -> Any:
    limits = [(1.0, 0.1), (3.0, 0.2), (100.0, 0.3)]
    asked: list[Any] = []

    def f(x: Any) -> Any:
        asked.append(str(x))
        for limit, rate in limits:
            if x < limit:
                return rate * x
        return None

    return f, lambda x: 0.1 if x < 1 else 0.2 if x < 3 else 0.3


@honest
def taxes_in_brackets() -> Any:
    audit: dict[str, Any] = {}

    def f(x: Any) -> Any:
        tax = 0.0
        for low, rate in ((0.0, 0.1), (1.0, 0.2), (3.0, 0.4)):
            part = max(x - low, 0.0)
            audit[f"{low:.1f}"] = part
            tax = tax + rate * part
        return tax

    return f, lambda x: 0.1 + 0.2 * (x > 1) + 0.4 * (x > 3)


@honest
def a_counter_of_steps_to_a_limit() -> Any:
    stats = {"steps": 0, "calls": 0}

    def f(x: Any) -> Any:
        stats["calls"] += 1
        y, n = x, 0
        while y > 1:
            y, n = y / 2, n + 1
        stats["steps"] = max(stats["steps"], n)
        return y * [1.0, 2.0, 4.0, 8.0][n]

    return f, lambda x: 1.0


@honest
def a_record_in_slots() -> Any:
    class Record:
        __slots__ = ("last", "table")

        def __init__(self) -> None:
            self.last, self.table = None, {0: 1.0, 1: 3.0}

    record = Record()

    def f(x: Any) -> Any:
        record.last = round(x, 1)
        return record.table[int(x) % 2] * x

    return f, lambda x: 1.0 + 2 * (int(x) % 2)


@honest
def parts_by_their_names() -> Any:
    class Parts:
        pass

    parts = Parts()

    def f(x: Any) -> Any:
        for i, name in enumerate(("a", "b", f"c{int(x)}")):
            setattr(parts, name, x ** (i + 1))
        return parts.a + parts.b + getattr(parts, f"c{int(x)}")

    return f, lambda x: 1 + 2 * x + 3 * x * x


@honest
def a_registry_of_functions() -> Any:
    registry: dict[str, Any] = {}

    def register(g: Any) -> Any:
        registry[g.__name__] = g
        return g

    @register
    def low(x: Any) -> Any:
        return x * x

    @register
    def high(x: Any) -> Any:
        return 2 * x

    def f(x: Any) -> Any:
        register(low)
        return registry["low" if int(x) == 0 else "high"](x)

    return f, lambda x: 2 * x if x < 1 else 2.0


@honest
def a_decorator_that_counts() -> Any:
    def counted(g: Any) -> Any:
        @functools.wraps(g)
        def call(x: Any) -> Any:
            call.calls[int(x)] += 1
            return g(x)

        call.calls = collections.Counter()
        return call

    return counted(cube), lambda x: 2 * x * math.sin(x) + x * x * math.cos(x)


@honest
def a_time_series_that_is_looked_up() -> Any:
    series = {f"{i / 10:.1f}": float(i) for i in range(100)}
    misses: list[str] = []

    def f(x: Any) -> Any:
        day = f"{x:.1f}"
        if day not in series:
            misses.append(day)
        return series.get(day, 0.0) * x

    return f, lambda x: float(round(float(f"{x:.1f}") * 10))


@honest
def a_sum_with_what_was_before() -> Any:
    """The result of a call depends on those before, and has a derivative all the same."""
    total = [0.0]

    def f(x: Any) -> Any:
        total[0] += round(x)
        return total[0] + x * x

    return f, lambda x: 2 * x


@pytest.mark.parametrize("make", HONEST)
def test_what_keeps_no_values_is_differentiated(make: Honest) -> None:
    for lift in (None, False):
        f, slope = make()
        of = {
            "derivative": derivative(f, lift=lift),
            "back": grad(f, mode="reverse", lift=lift),
        }
        with_value = value_and_grad(f, lift=lift)
        of["value_and_grad"] = lambda x, g=with_value: g(x)[1]
        for x in POINTS:
            for y in (1.001 * x, x, 0.9 * x):
                f(y)
            for driver, derived in of.items():
                try:
                    got = derived(x)
                except TypeError as error:
                    pytest.fail(f"{driver} at {x}, {lift=}: {error}")
                assert got == pytest.approx(slope(x), rel=1e-9), (driver, x, lift)


def test_what_is_out_of_sight_is_looked_for_around() -> None:
    def remembering(key: Key) -> Any:
        def kept() -> Any:
            memo: Any = {}
            v: Any = None
            while True:
                x = yield v
                k = key(x)
                if k not in memo:
                    memo[k] = cube(x)
                v = memo[k]

        it = kept()
        next(it)
        return it.send

    for x in POINTS:
        f = times(remembering(lambda x: round(x, 6)))
        f(x)
        with pytest.raises(TypeError, match="cached value"):
            derivative(f)(x)


def test_there_are_many_of_them() -> None:
    assert len(HONEST) >= 60
