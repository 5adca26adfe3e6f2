"""Values kept from earlier calls: however they are recognised, and wherever they are kept."""

from __future__ import annotations

import bisect
import collections
import contextlib
import functools
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from dualad import derivative, grad, jacobian, promises
from dualad.lifting.effects import may_keep

Same = Callable[[Any, Any], Any]

COMPARISONS: dict[str, Same] = {
    "==": lambda a, x: a == x,
    "!=": lambda a, x: not (a != x),  # noqa: SIM202
    "near": lambda a, x: abs(a - x) < 1e-12,
    "not <, not >": lambda a, x: not (a < x or a > x),
    "between": lambda a, x: a <= x <= a,
    "truth": lambda a, x: not (a - x),
    "max, min": lambda a, x: max(a, x) == min(a, x),
    "sign": lambda a, x: np.sign(a - x) == 0,
    "math.isclose": lambda a, x: math.isclose(a, x),
    "np.isclose": lambda a, x: np.isclose(a, x),
    "array_equal": lambda a, x: np.array_equal([a], [x]),
    "floor": lambda a, x: a * 1e9 // 1 == x * 1e9 // 1,
    "round": lambda a, x: round(a, 9) == round(x, 9),
    "bisect": lambda a, x: bisect.bisect_left([a], x) == 0 and not a > x,
    "cmp": lambda a, x: (a > x) - (a < x) == 0,
    "in": lambda a, x: x in [a],
    "tuples": lambda a, x: (a, 1) == (x, 1),
}


def slow(x: Any) -> Any:
    return math.sin(x) * x


def attribute(same: Same) -> Any:
    class Model:
        x = math.inf
        v: Any = None

        def value(self, x: Any) -> Any:
            if not same(self.x, x):
                self.x, self.v = x, slow(x)
            return self.v

    return Model().value


last: Any = (math.inf, None)


def module(same: Same) -> Any:
    def f(x: Any) -> Any:
        global last
        if not same(last[0], x):
            last = x, slow(x)
        return last[1]

    return f


def around(same: Same) -> Any:
    a, v = math.inf, None

    def f(x: Any) -> Any:
        nonlocal a, v
        if not same(a, x):
            a, v = x, slow(x)
        return v

    return f


def list_of_pairs(same: Same) -> Any:
    mem: Any = []

    def f(x: Any) -> Any:
        for a, v in mem:
            if same(a, x):
                return v
        mem.append((x, slow(x)))
        return mem[-1][1]

    return f


def default(same: Same) -> Any:
    def f(x: Any, cache: Any = []) -> Any:  # noqa: B006
        if cache and same(cache[0], x):
            return cache[1]
        del cache[:]
        cache += [x, slow(x)]
        return cache[1]

    return f


def default_only_added(same: Same) -> Any:
    def f(x: Any, cache: Any = []) -> Any:  # noqa: B006
        for a, v in cache:
            if same(a, x):
                return v
        cache += [(x, slow(x))]
        return cache[-1][1]

    return f


def other_name(same: Same) -> Any:
    mem: Any = []

    def f(x: Any) -> Any:
        for a, v in mem:
            if same(a, x):
                return v
        more = [(x, slow(x))]
        known = mem
        known += more
        return mem[-1][1]

    return f


def deque(same: Same) -> Any:
    mem: Any = collections.deque()

    def f(x: Any, q: Any = mem) -> Any:
        for a, v in q:
            if same(a, x):
                return v
        q += [(x, slow(x))]
        return q[-1][1]

    return f


def joined(same: Same) -> Any:
    def f(x: Any, mem: Any = {}) -> Any:  # noqa: B006
        for a, v in mem.values():
            if same(a, x):
                return v
        mem |= {len(mem): (x, slow(x))}
        return mem[len(mem) - 1][1]

    return f


def bound_method(same: Same) -> Any:
    mem: Any = []
    remember = mem.append

    def f(x: Any) -> Any:
        for a, v in mem:
            if same(a, x):
                return v
        v = slow(x)
        remember((x, v))
        return v

    return f


def bound_partial(same: Same) -> Any:
    mem: Any = {"x": math.inf}
    put = functools.partial(mem.update)

    def f(x: Any) -> Any:
        if not same(mem["x"], x):
            put(x=x, v=slow(x))
        return mem["v"]

    return f


def by_operator(same: Same) -> Any:
    mem: Any = {"x": math.inf}

    def f(x: Any) -> Any:
        if not same(mem["x"], x):
            operator.setitem(mem, "v", slow(x))
            operator.setitem(mem, "x", x)
        return mem["v"]

    return f


def context(same: Same) -> Any:
    mem: Any = {"x": math.inf}

    @contextlib.contextmanager
    def saving(x: Any, v: Any) -> Iterator[None]:
        yield
        mem["x"], mem["v"] = x, v

    def f(x: Any) -> Any:
        if same(mem["x"], x):
            return mem["v"]
        v = slow(x)
        with saving(x, v):
            pass
        return v

    return f


def dirty(same: Same) -> Any:
    return through_flag(same, lambda self, n, v: super(type(self), self).__setattr__(n, v))


def dirty_of_object(same: Same) -> Any:
    return through_flag(same, object.__setattr__)


def through_flag(same: Same, put: Any) -> Any:
    class Sim:
        def __init__(self) -> None:
            self.p: Any = math.inf
            self.dirty: Any = True

        def __setattr__(self, n: str, v: Any) -> None:
            if n == "p" and not same(getattr(self, "p", math.inf), v):
                put(self, "dirty", True)
            put(self, n, v)

        def run(self) -> Any:
            if self.dirty:
                self.v, self.dirty = slow(self.p), False
            return self.v

    sim = Sim()

    def f(x: Any) -> Any:
        sim.p = x
        return sim.run()

    return f


class Flagged:
    def __init__(self) -> None:
        self.p: Any = 0.0
        self.dirty: Any = True

    def __setattr__(self, n: str, v: Any) -> None:
        if n == "p" and getattr(self, "p", None) != v:
            super().__setattr__("dirty", True)
        super().__setattr__(n, v)

    def run(self) -> Any:
        if self.dirty:
            self.v = slow(self.p)
            self.dirty = False
        return self.v


STORES = [
    *(attribute, module, around, list_of_pairs, default, default_only_added, other_name, deque),
    *(joined, bound_method, bound_partial, by_operator, context, dirty, dirty_of_object),
]


@pytest.fixture(autouse=True)
def nothing_is_known(monkeypatch: Any) -> None:
    monkeypatch.setattr(promises, "_keeps_nothing", promises._Looks())


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("name", COMPARISONS)
def test_what_a_plain_call_kept_is_no_constant(name: str, store: Any) -> None:
    f = store(COMPARISONS[name])
    assert f(1.25) == slow(1.25)
    try:
        slope = derivative(f)(1.25)
    except TypeError:
        return
    assert slope == pytest.approx(math.cos(1.25) * 1.25 + math.sin(1.25))


def test_a_flag_that_is_set_where_an_attribute_is() -> None:
    sim = Flagged()
    f = lambda x: (setattr(sim, "p", x), sim.run())[1]  # noqa: E731
    f(1.25)
    with pytest.raises(TypeError):
        derivative(f)(1.25)


ARRAYS: dict[str, Same] = {
    "not <, not >": lambda a, x: not ((a < x).any() or (a > x).any()),
    "between": lambda a, x: np.all(a <= x) and np.all(x <= a),
    "any": lambda a, x: not np.any(a - x),
    "max": lambda a, x: np.max(np.abs(a - x)) == 0,
    "truth": lambda a, x: not any(a - x),
    "lists": lambda a, x: np.array_equal(list(a), list(x)),
}


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_that_a_plain_call_kept_is_no_constant(name: str, mode: Any) -> None:
    kept: dict[str, Any] = {"x": np.full(3, np.inf)}

    def f(x: Any) -> Any:
        if not ARRAYS[name](kept["x"], x):
            kept["x"], kept["v"] = x.copy(), (x**3).sum()
        return kept["v"]

    at = np.array([1.0, 2.0, 3.0])
    f(at)
    with pytest.raises(TypeError):
        grad(f, mode=mode)(at)


def test_sums_of_what_is_made_here_are_no_writing() -> None:
    def f(x: Any) -> Any:
        s = 0.0
        parts = [1.0]
        parts += [x]
        for t in parts:
            s += t
        return s

    def g(x: Any, parts: Any) -> Any:
        parts += [x]
        return x

    assert not may_keep(f)
    assert may_keep(g)


def test_random_numbers_are_not_kept_values() -> None:
    rng = np.random.default_rng(1)

    def f(x: Any) -> Any:
        draws.append(rng.normal())
        return max(x, 2.0) * draws[-1] + x * draws[-1]

    draws: list[float] = []
    assert derivative(f)(2.0) / 2 in draws


def test_points_nearby_are_made_in_silence() -> None:
    """An infinite number has none: it stays as it is."""
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen[:] = [1.0]
        return x * 2.0 if np.array_equal(x, x) else x * 3.0

    x = np.array([np.inf, 1.5, -np.inf, 5e307, 0.0])
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(jacobian(f)(x), 2 * np.eye(5))
