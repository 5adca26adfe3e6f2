"""A look into a function leaves what the function keeps as it was.

Each way to keep a state is in a function whose results are doubtful in each way, and each driver
differentiates it: what is kept then is what is kept when nothing is looked into.
"""

from __future__ import annotations

import array
import collections
import contextlib
import dataclasses
import functools
import operator
import random
import sys
import types
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from support.both import PACKAGES

both = pytest.mark.parametrize("package", PACKAGES, ids=["as imported", "pure"])

Step = Callable[[], Any]  # which a function does each time when it is called
State = Callable[[], Any]  # what tells it


# -- ways to keep a state ----------------------------------------------------------------------


class Counter:
    n = 0
    of_class = 0
    log: Any = None

    def step(self) -> None:
        self.n += 1
        self.log = [*(self.log or ()), self.n]

    def step_class(self) -> None:
        type(self).of_class += 1

    @functools.cached_property
    def cached(self) -> int:
        self.n += 1
        return self.n

    @property
    def twice(self) -> int:
        return 2 * self.n

    @twice.setter
    def twice(self, value: int) -> None:
        self.n = value // 2


def attribute() -> tuple[Step, State]:
    kept = Counter()
    return kept.step, lambda: vars(kept)


def set_by_a_property() -> tuple[Step, State]:
    kept = Counter()

    def step() -> None:
        kept.twice += 2

    return step, lambda: vars(kept)


def of_a_class() -> tuple[Step, State]:
    class Own(Counter):
        pass

    return Own().step_class, lambda: Own.of_class


def cached_and_forgotten() -> tuple[Step, State]:
    kept = Counter()

    def step() -> None:
        vars(kept).pop("cached", None)
        assert kept.cached > 0

    return step, lambda: vars(kept)


class Slotted:
    __slots__ = ("late", "n")

    def __init__(self) -> None:
        self.n = 0


def slots() -> tuple[Step, State]:
    kept = Slotted()

    def step() -> None:
        kept.n += 1
        if kept.n > 1:
            kept.late = kept.n

    return step, lambda: (kept.n, getattr(kept, "late", None))


@dataclasses.dataclass(frozen=True)
class Frozen:
    n: int = 0

    def step(self) -> None:
        object.__setattr__(self, "n", self.n + 1)


def frozen() -> tuple[Step, State]:
    kept = Frozen()
    return kept.step, lambda: kept.n


class Listed(list[int]):
    n = 0

    def step(self) -> None:
        self.append(self.n)
        self.n += 1


def of_a_list_with_attributes() -> tuple[Step, State]:
    kept = Listed()
    return kept.step, lambda: (list(kept), kept.n)


def deep_within() -> tuple[Step, State]:
    kept = Counter()
    kept.log = {"parts": (types.SimpleNamespace(numbers=[0], array=np.zeros(2)),)}

    def step() -> None:
        (inner,) = kept.log["parts"]
        inner.numbers[0] += 1
        inner.array[1] += 1

    return step, lambda: (kept.log["parts"][0].numbers[0], kept.log["parts"][0].array.tolist())


def around() -> tuple[Step, State]:
    n = 0

    def step() -> None:
        nonlocal n
        n += 1

    return step, lambda: n


count = 0
settings = types.ModuleType("settings")
settings.count = 0  # type: ignore[attr-defined]


def global_variable() -> tuple[Step, State]:
    globals()["count"] = 0

    def step() -> None:
        global count
        count += 1

    return step, lambda: count


def of_a_module() -> tuple[Step, State]:
    settings.count = 0  # type: ignore[attr-defined]

    def step() -> None:
        settings.count += 1

    return step, lambda: settings.count


def of_a_function() -> tuple[Step, State]:
    def step() -> None:
        vars(step)["n"] = vars(step).get("n", 0) + 1

    return step, lambda: vars(step)


def default() -> tuple[Step, State]:
    def step(kept: Any = [], *, more: Any = {}) -> None:  # noqa: B006
        kept.append(len(kept))
        more[len(more)] = 1

    return step, lambda: (step.__defaults__, step.__kwdefaults__)


def by_its_method() -> tuple[Step, State]:
    kept: Any = []
    return functools.partial(kept.append, 1), lambda: kept


def in_a_container(kept: Any, step: Callable[[Any], Any]) -> Callable[[], tuple[Step, State]]:
    """`kept` makes it, and `step` changes it, in place."""

    def make() -> tuple[Step, State]:
        container = kept()

        def change() -> None:
            step(container)

        return change, lambda: container

    return make


def raise_all(x: Any) -> None:
    x += 1


def raise_first(x: Any) -> None:
    x[0] += 1


def of_random_numbers(kept: Any, draw: Callable[[Any], Any]) -> Callable[[], tuple[Step, State]]:
    """The state of a stream is told by what comes next."""

    def make() -> tuple[Step, State]:
        stream = kept()

        def step() -> None:
            draw(stream)

        return step, lambda: draw(stream)

    return make


def seeded(module: Any) -> Any:
    module.seed(5)
    return module


WAYS: dict[str, Callable[[], tuple[Step, State]]] = {
    "attribute": attribute,
    "property": set_by_a_property,
    "class": of_a_class,
    "cached property": cached_and_forgotten,
    "slots": slots,
    "frozen": frozen,
    "list with attributes": of_a_list_with_attributes,
    "deep within": deep_within,
    "around": around,
    "global variable": global_variable,
    "module": of_a_module,
    "function": of_a_function,
    "default": default,
    "method": by_its_method,
    "list": in_a_container(list, lambda x: x.append(len(x))),
    "shorter list": in_a_container(lambda: [3] * 50, lambda x: x.pop()),
    "dict": in_a_container(lambda: {"n": 0}, lambda x: x.update(n=x["n"] + 1)),
    "order of a dict": in_a_container(
        lambda: dict.fromkeys("abcde"), lambda x: x.update([(next(iter(x)), x.pop(next(iter(x))))])
    ),
    "ordered": in_a_container(
        lambda: collections.OrderedDict.fromkeys("abcde"), lambda x: x.move_to_end(next(iter(x)))
    ),
    "defaultdict": in_a_container(
        lambda: collections.defaultdict(int), lambda x: x.update(n=x["n"] + 1)
    ),
    "counter": in_a_container(collections.Counter, lambda x: x.update("a")),
    "set": in_a_container(set, lambda x: x.add(len(x))),
    "deque": in_a_container(lambda: collections.deque(range(50), 50), lambda x: x.rotate(1)),
    "bytes": in_a_container(bytearray, lambda x: x.append(1)),
    "array.array": in_a_container(lambda: array.array("d"), lambda x: x.append(1.0)),
    "array": in_a_container(lambda: np.zeros((2, 3)), raise_all),
    "array by columns": in_a_container(lambda: np.zeros((4, 3)).T[::2], raise_all),
    "array without axes": in_a_container(lambda: np.zeros(()), raise_all),
    "array of objects": in_a_container(lambda: np.array([0, "a"], object), raise_first),
    "in an array of objects": in_a_container(
        lambda: np.array([0, [0]], object), lambda x: x[1].append(1)
    ),
    "masked array": in_a_container(lambda: np.ma.zeros(2), raise_all),
    "records": in_a_container(
        lambda: np.zeros(2, [("a", int)]), lambda x: x["a"].__setitem__(0, x["a"][0] + 1)
    ),
    "np.random": of_random_numbers(lambda: seeded(np.random), lambda x: x.normal()),
    "Generator": of_random_numbers(lambda: np.random.default_rng(5), lambda x: x.normal()),
    "RandomState": of_random_numbers(lambda: np.random.RandomState(5), lambda x: x.normal()),
    "bits": of_random_numbers(lambda: np.random.MT19937(5), lambda x: x.random_raw()),
    "random": of_random_numbers(lambda: seeded(random), lambda x: x.gauss(0, 1)),
    "Random": of_random_numbers(lambda: random.Random(5), lambda x: x.gauss(0, 1)),
}


# -- doubts ------------------------------------------------------------------------------------


def found_equal(x: Any) -> Any:
    return x * x if x != 2.0 else 1.0 * x * x


def swallowed(x: Any) -> Any:
    with contextlib.suppress(TypeError, KeyError):
        return {}[x]
    return x * x


def written(x: Any) -> Any:
    return x * x * (len(f"{x:.3f}") > float("1"))


def looked_up(x: Any) -> Any:
    return {2.0: 1.0}.get(round(x, 3), 1.0) * x * x


def searched(x: Any) -> Any:
    low, high = 0.0, 8.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if middle > x else (middle, high)
    return x * x + (low - high) * x


DOUBTS: dict[str, Callable[[Any], Any]] = {
    f.__name__.replace("_", " "): f for f in (found_equal, swallowed, written, looked_up, searched)
}

# Those that run f once.
DRIVERS: dict[str, Callable[[ModuleType, Any], Any]] = {
    "derivative": lambda package, f: package.derivative(f)(2.0),
    "grad": lambda package, f: package.grad(f)(2.0),
    "value_and_grad": lambda package, f: package.value_and_grad(f)(2.0),
    "backward": lambda package, f: package.grad(f, mode="reverse")(2.0),
    "jacobian": lambda package, f: package.jacobian(f)(2.0),
    "jvp": lambda package, f: package.jvp(f, (2.0,), (1.0,)),
    "vjp": lambda package, f: package.vjp(f, 2.0)[1](1.0),
}


def told(state: State) -> str:
    return repr(state())


def anew(f: Any) -> Any:
    """A function of other code, which has not been looked into."""
    code = f.__code__.replace()
    return types.FunctionType(code, f.__globals__, f.__name__, f.__defaults__, f.__closure__)


def run(make: Any, doubt: Callable[[Any], Any], call: Callable[[Any], Any]) -> str:
    """What is kept when a function with a doubt has been differentiated."""
    step, state = make()
    doubt = anew(doubt)

    def f(x: Any) -> Any:
        step()
        return doubt(x)

    call(anew(f))
    return told(state)


@both
@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_kept_is_that_of_one_run(package: ModuleType, way: str, driver: str) -> None:
    once = run(WAYS[way], lambda x: x * x, lambda f: f(2.0))
    twice = run(WAYS[way], lambda x: x * x, lambda f: (f(2.0), f(2.0)))
    assert once != twice
    for name, doubt in DOUBTS.items():
        found = run(WAYS[way], doubt, lambda f: DRIVERS[driver](package, f))
        assert found == once, name


def square(x: Any) -> Any:
    return x * x


def cubes_by_key(step: Step = lambda: None) -> tuple[Callable[[Any], Any], dict[Any, Any]]:
    """A function that keeps what it gives; and where."""
    kept: dict[Any, Any] = {}

    def f(x: Any) -> Any:
        step()
        key = round(x, 6)
        if key not in kept:
            kept[key] = x**3
        return kept[key]

    return f, kept


@both
@pytest.mark.parametrize("way", WAYS)
def test_it_is_put_back_where_a_result_is_refused(package: ModuleType, way: str) -> None:
    wanted = run(WAYS[way], square, lambda f: [f(2.0), f(2.0)])
    step, state = WAYS[way]()
    f, kept = cubes_by_key(step)
    f(2.0)
    with pytest.raises(TypeError, match="returned a cached value"):
        package.derivative(anew(f))(2.0)
    assert told(state) == wanted
    assert kept == {2.0: 8.0} and type(kept[2.0]) is float


@both
@pytest.mark.parametrize("way", WAYS)
def test_it_is_put_back_within_another_derivative(package: ModuleType, way: str) -> None:
    """Where duals of the outer one are around, and in what is kept."""
    once = run(WAYS[way], square, lambda f: f(2.0))
    step, state = WAYS[way]()
    seen = []

    def outer(a: Any) -> Any:
        seen[:] = [a]

        def inner(x: Any) -> Any:
            if not seen[0] > x:  # which is a doubt of the outer one, too
                step()
            return found_equal(x) * a

        return package.jvp(anew(inner), (2.0,), (1.0,))[1]

    assert package.jvp(anew(outer), (1.5,), (1.0,)) == (6.0, 4.0)
    assert told(state) == once


@both
@pytest.mark.parametrize("lift", [None, True])
def test_arrays_of_an_outer_derivative_are_put_back(package: ModuleType, lift: Any) -> None:
    def outer(a: Any) -> Any:
        kept = np.zeros(2) * a + [a, 0.0]

        def inner(x: Any) -> Any:
            kept[1] = kept[1] + kept[0]
            return found_equal(x) * a

        return package.vjp(anew(inner), 2.0, lift=lift)[0] + kept[1]

    assert package.jvp(outer, (1.5,), (1.0,)) == (7.5, 5.0)


@both
def test_names_stand_for_the_same_things_as_before(package: ModuleType) -> None:
    kept = Counter()
    inner: Any = [0]
    kept.log = {"list": inner, "array": np.zeros(2)}
    kept.log["view"] = kept.log["array"][:1]
    before = [kept.log, *kept.log.values()]

    def f(x: Any, counter: Counter) -> Any:
        counter.n += 1
        counter.log = {key: value[:] for key, value in counter.log.items()}
        kept.log["view"] += 1
        return found_equal(x)

    keeping = Counter()
    keeping.log = kept.log
    assert package.derivative(f)(2.0, keeping) == 4.0
    assert kept.log is before[0] and all(map(operator.is_, kept.log.values(), before[1:]))
    assert kept.log["array"].tolist() == [1.0, 0.0] and inner == [0]
    assert keeping.n == 1 and keeping.log is not kept.log  # which f has made so


@both
@pytest.mark.parametrize("name", ["random", "numpy.random"])
def test_streams_that_all_have_in_common_go_on(package: ModuleType, name: str) -> None:
    """Also where f draws of them by no name that could be read."""

    def f(x: Any) -> Any:
        drawn = sys.modules[name].random()
        return found_equal(x) * (drawn < 2)

    stream: Any = sys.modules[name]
    following = []
    for call in (f, lambda x: package.vjp(anew(f), x)):
        stream.seed(7)
        call(2.0)
        following.append(stream.random())
    assert following[0] == following[1]


@both
def test_where_duals_are_kept_all_is_left(package: ModuleType) -> None:
    """What is kept beside them may tell that they hold."""
    kept = Counter()

    def f(x: Any) -> Any:
        kept.log = x
        kept.step_class()
        kept.n = x.primal if isinstance(x, package.Dual) else x
        return found_equal(x)

    package.derivative(f)(2.0)
    assert kept.n != 2.0 and kept.log == kept.n  # of the last plain call


@both
def test_what_is_too_large_is_left(package: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    for most in (10**5, 10**4):
        monkeypatch.setattr(sys.modules[f"{package.__name__}.lifting.state"], "MOST_COST", most)
        kept = np.zeros(4000)
        n = 0

        def f(x: Any, kept: Any = kept) -> Any:
            nonlocal n
            n += 1
            kept[0] += 1
            return found_equal(x)

        package.vjp(f, 2.0)
        counts.append((n, kept[0]))
    assert counts[0] == (1, 1.0) and counts[1][0] == counts[1][1] > 1


@both
def test_things_of_a_kind_of_their_own_are_no_obstacle(package: ModuleType) -> None:
    class Proxy:
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError(name)

    class Sized(dict[Any, Any]):
        def __len__(self) -> int:
            raise RuntimeError("unknown")

    large = np.broadcast_to(np.zeros(1), (2**40,))  # which cannot be written to
    others = [Proxy(), Sized(), random.SystemRandom(), iter([1]), sys, np.float32(1.0), large]
    kept = Counter()

    def f(x: Any) -> Any:
        kept.step()
        return found_equal(x) * len(others)

    assert package.derivative(f)(2.0) == 28.0
    assert kept.n == 1
