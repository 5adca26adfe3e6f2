"""Functions under `functools.cache` and `lru_cache`: as in the plain run, and each dual by itself."""

from __future__ import annotations

import functools
import gc
import math
import random
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from dualad import derivative, grad, hessian, hvp, jacobian, jvp, taylor, value_and_grad, vjp
from dualad.differentiations import MEMOS

calls = 0


@functools.cache
def fibonacci(x: Any, n: int) -> Any:
    global calls
    calls += 1
    return math.exp(x) if n < 2 else fibonacci(x, n - 1) + fibonacci(x, n - 2)


@functools.cache
def down(x: Any) -> Any:
    global calls
    calls += 1
    return x * x if x < 2 else down(x - 1) + down(x - 2)


FORWARD: dict[str, Callable[[Any, float], Any]] = {
    "derivative": lambda f, x: derivative(f)(x),
    "grad of a list": lambda f, x: grad(lambda v: f(v[0]))([x, 1.0])[0],
    "grad of a vector": lambda f, x: grad(lambda v: f(v[0]))(np.array([x, 1.0]))[0],
    "value_and_grad": lambda f, x: value_and_grad(f)(x)[1],
    "jacobian": lambda f, x: jacobian(lambda x: [f(x)])(x)[0],
    "jvp": lambda f, x: jvp(f, (x,), (1.0,))[1],
}
BACK: dict[str, Callable[[Any, float], Any]] = {
    "grad, back": lambda f, x: grad(f, mode="reverse")(x),
    "jacobian, back": lambda f, x: jacobian(f, mode="reverse")(x),
    "vjp": lambda f, x: vjp(f, x)[1](1.0)[0],
    "taylor": lambda f, x: taylor(f, 3)(x)[1],
    "second": lambda f, x: derivative(f, order=2)(x),
    "hessian": lambda f, x: hessian(lambda v: f(v[0]))([x])[0][0],
    "hessian of a vector": lambda f, x: hessian(lambda v: f(v[0]))(np.array([x, 1.0]))[0, 0],
    "jacobian of grad": lambda f, x: jacobian(grad(lambda v: f(v[0])))(np.array([x, 1.0]))[0, 0],
    "hvp": lambda f, x: hvp(lambda v: f(v[0]))(np.array([x, 1.0]), np.array([1.0, 0.0]))[0],
}


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize("name", [*FORWARD, *BACK])
def test_a_recursion_is_as_short_as_in_the_plain_run(name: str) -> None:
    global calls
    calls = 0
    slope = (FORWARD | BACK)[name](lambda x: fibonacci(x, 25), 0.5)
    assert calls <= 2 * 26  # where there are two passes
    assert slope == pytest.approx(121393 * math.exp(0.5))
    assert not MEMOS


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize("name", FORWARD)
def test_numbers_that_are_made_anew_are_known_by_their_tangents(name: str) -> None:
    global calls
    calls = 0
    slope = FORWARD[name](down, 16.5)
    assert calls <= 2 * 17  # few enough to be no search
    h = 1e-6
    assert slope == pytest.approx((down(16.5 + h) - down(16.5 - h)) / (2 * h), rel=1e-6)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_equal_numbers_with_other_tangents_are_others(mode: Any) -> None:
    @functools.lru_cache
    def g(x: Any, y: Any = 1.0) -> Any:
        return x * x * y

    assert grad(lambda v: g(v[0]) + 5 * g(v[1]), mode=mode)([2.0, 2.0]) == [4.0, 20.0]
    assert grad(lambda v: g(v[0], 1.0) + 5 * g(2.0, v[1]), mode=mode)([2.0, 1.0]) == [4.0, 20.0]
    assert grad(lambda v: g(v[0], y=v[1]), mode=mode)([2.0, 1.0]) == [4.0, 4.0]
    along = derivative(lambda x: g(x, 2.0) + 5 * g(2.0, x))  # the same numbers in other places
    assert along(2.0) == 8.0 + 20.0
    inner = lambda x: derivative(lambda y: g(x, y) + 5 * g(y, y))(2.0)  # noqa: E731
    assert derivative(inner)(2.0) == 4.0
    summed = lambda x: derivative(lambda y: g(y + x) + 5 * g(y + 2.0))(3.0)  # noqa: E731
    assert derivative(summed)(2.0) == 2.0
    nested = lambda x: g(x) + derivative(lambda y: g(x) * g(y))(x)  # noqa: E731  # x² + 2x³
    assert derivative(nested)(3.0) == 6.0 + 54.0
    assert not MEMOS


def arguments(x: Any) -> list[Any]:
    chosen = random.Random(1)
    at = [x, x + 1, x - x, -x, x * 1.0, x + 2, x * np.float64(1.0), 2 * x, 0.0 * x, -0.0 * x]
    return [chosen.choice(at) for _ in range(60)]


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("maxsize", [None, 0, 1, 2, 3, 128])
@pytest.mark.parametrize("x", [0.5, 0.0, -0.0])
def test_values_counts_and_evictions_are_those_of_the_plain_cache(
    x: float, maxsize: int | None, typed: bool
) -> None:
    evaluations = 0

    @functools.lru_cache(maxsize, typed)
    def g(x: Any) -> Any:
        nonlocal evaluations
        evaluations += 1
        return math.atan2(x, -1.0) * x

    def f(x: Any) -> Any:
        given = [g(v) for v in arguments(x)]
        infos.append(g.cache_info())
        return given

    infos: list[Any] = []
    want = f(x)
    first = evaluations
    g.cache_clear()
    value, _ = jvp(f, (x,), (1.0,))
    assert list(map(repr, value)) == list(map(repr, want))
    assert infos[0] == infos[1]
    if x:  # else other tangents come with equal numbers
        assert evaluations == 2 * first
    assert g.cache_info().currsize == 0 and not MEMOS


class Halved:
    made = 0

    @functools.lru_cache(maxsize=8)  # noqa: B019
    def by(self, x: Any) -> Any:
        return math.exp(x / 2)

    @classmethod
    @functools.lru_cache(maxsize=8)
    def of(cls, x: Any) -> Any:
        cls.made += 1
        return math.exp(x / 2)


@pytest.mark.parametrize("drive", [derivative, functools.partial(grad, mode="reverse")])
def test_methods_under_a_cache_tell_what_they_do_in_the_plain_run(drive: Any) -> None:
    halved, infos = Halved(), []

    def f(x: Any) -> Any:
        y = halved.by(x) * halved.by(x) + Halved.of(x) * halved.of(x)
        infos.append((halved.by.cache_info(), Halved.of.cache_info()))  # type: ignore[attr-defined]
        return y

    f(0.7)
    Halved.by.cache_clear()
    Halved.of.cache_clear()  # type: ignore[attr-defined]
    Halved.made = 0
    assert drive(f)(0.7) == pytest.approx(2 * math.exp(0.7))
    assert infos[0] == infos[1]
    assert Halved.made == 1


def test_what_other_tangents_take_is_not_counted() -> None:
    infos: list[Any] = []

    @functools.lru_cache(maxsize=3)
    def g(x: Any, n: int) -> Any:
        return x if n == 0 else g(x, n - 1) * x

    def f(v: Any) -> Any:
        y = g(v[0], 4) + 5 * g(v[1], 4)
        infos.append(g.cache_info())
        return y

    f([2.0, 2.0])
    g.cache_clear()
    assert grad(f)([2.0, 2.0]) == [80.0, 400.0]
    assert infos[0] == infos[1]


def test_the_first_of_equal_numbers_is_taken_as_by_the_plain_cache() -> None:
    @functools.cache
    def side(x: Any) -> Any:
        return math.copysign(1.0, x) * x

    f = lambda x: side(-x) + side(x)  # noqa: E731
    want = f(0.0)
    side.cache_clear()
    assert value_and_grad(f)(0.0) == (want, 0.0)  # of -0.0 twice: x - x
    g = lambda x: side(x) + side(-x)  # noqa: E731
    assert derivative(g)(0.0) == 0.0
    assert derivative(lambda x: side(x) + 3 * side(-x))(0.0) == -2.0


def test_clearing_and_asking_within_the_function() -> None:
    count = 0

    @functools.cache
    def g(x: Any) -> Any:
        nonlocal count
        count += 1
        return math.sin(x)

    def f(x: Any) -> Any:
        g.cache_clear()
        y = g(x) * g(x)
        assert g.cache_info()[:2] == (1, 1)
        g.cache_clear()
        assert g.cache_info().currsize == 0
        return y * g(x)

    assert derivative(f)(0.5) == pytest.approx(3 * math.sin(0.5) ** 2 * math.cos(0.5))
    assert count == 2


def test_nothing_is_kept_when_it_is_over() -> None:
    class Result:
        def __init__(self, x: Any) -> None:
            self.x = x

    kept: list[Any] = []

    @functools.cache
    def g(x: Any) -> Any:
        kept.append(weakref.ref(y := Result(math.sin(x))))
        return y

    def failing(x: Any) -> Any:
        return g(x).x / 0

    assert derivative(lambda x: g(x).x * g(x).x)(0.5) == pytest.approx(math.sin(1.0))
    with pytest.raises(ZeroDivisionError):
        derivative(failing)(0.5)
    gc.collect()
    assert len(kept) == 2 and [r() for r in kept] == [None, None] and not MEMOS


def test_what_has_no_hash_is_refused_as_by_the_plain_cache() -> None:
    @functools.cache
    def g(x: Any) -> Any:
        return x[0] * x[0]

    for f in (lambda x: g([x]), lambda x: g(np.array([x]))):
        with pytest.raises(TypeError, match="unhashable type"):
            f(2.0)
        with pytest.raises(TypeError, match="unhashable type"):
            derivative(f)(2.0)
    assert derivative(lambda x: g((x, 1)))(2.0) == 4.0


def test_methods_and_static_ones() -> None:
    class Model:
        count = 0

        @functools.lru_cache  # noqa: B019
        def value(self, x: Any) -> Any:
            Model.count += 1
            return math.exp(x)

        @staticmethod
        @functools.cache
        def root(x: Any) -> Any:
            Model.count += 1
            return math.sqrt(x)

    m = Model()
    f = lambda x: m.value(x) * m.value(x) + Model.root(x) * m.root(x)  # noqa: E731
    assert derivative(f)(0.5) == pytest.approx(2 * math.exp(1.0) + 1)
    assert Model.count == 2


def test_threads_within_one_function() -> None:
    @functools.lru_cache(maxsize=8)
    def g(x: Any, n: int) -> Any:
        return math.sin(x) * n

    def f(x: Any) -> Any:
        found: list[Any] = [None] * 4

        def work(i: int) -> None:
            found[i] = sum(g(x, n % 20) for n in range(200))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return sum(found)

    assert derivative(f)(0.5) == pytest.approx(4 * 10 * 190 * math.cos(0.5))
    assert not MEMOS


def test_it_may_recur_about_as_deeply_as_without_duals() -> None:
    @functools.cache
    def deep(x: Any, n: int) -> Any:
        return x if n == 0 else deep(x, n - 1) * 1.0

    assert derivative(lambda x: deep(x, 150))(2.0) == 1.0


@dataclass(frozen=True)
class Spring:
    """The hash of this object is that of a number, which may be a dual."""

    stiffness: Any

    @functools.cache  # noqa: B019
    def energy(self, x: float) -> Any:
        return self.stiffness * x**2 / 2


def test_an_object_that_holds_a_dual_is_not_looked_for() -> None:
    def f(k: Any) -> Any:
        spring = Spring(k)
        return spring.energy(2.0) + spring.energy(2.0) * k

    assert derivative(f)(3.0) == 2 + 12
    assert derivative(f, order=2)(3.0) == 4
    assert grad(f, mode="reverse")(3.0) == 14
    assert f(3.0) == 6 + 18


def test_another_error_of_a_hash_is_the_users_own() -> None:
    class Bad:
        def __hash__(self) -> int:
            raise TypeError("no hash here")

    @functools.cache
    def f(bad: Any, x: float) -> float:
        return x

    with pytest.raises(TypeError, match="no hash here"):
        derivative(lambda x: f(Bad(), 1.0) * x)(2.0)
