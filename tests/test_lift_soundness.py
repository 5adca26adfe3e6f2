"""Lifted code means what the code means: plain Python is the oracle.

Each test writes a function that needs lifting, and asks that it does to the world what it does when
it is called plainly: variables, objects, classes, caches, frames, threads.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import copy
import dataclasses
import enum
import functools
import gc
import inspect
import itertools
import linecache
import math
import operator
import pickle
import sys
import textwrap
import threading
import time
import traceback
import tracemalloc
import types
import typing
import warnings
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
import pytest
from support.both import bits
from support.processes import run_python

import dualad
from dualad import Dual, derivative, grad, jacobian, lift, value_and_grad
from dualad.kernel import KERNEL

N = 0
SCALE = 2.0
REGISTRY: dict[str, Any] = {}


def unlifted_reader() -> float:
    return N * 1.0


HELD = types.SimpleNamespace(read=unlifted_reader)


# -- variables of the module ---------------------------------------------------------------


def scaled(x: Any) -> Any:
    return SCALE * math.exp(x)


def test_a_global_that_changes_between_calls(monkeypatch: Any) -> None:
    d = derivative(scaled)
    assert d(0.0) == 2.0
    monkeypatch.setattr(sys.modules[__name__], "SCALE", 5.0)
    assert d(0.0) == 5.0
    monkeypatch.setattr(sys.modules[__name__], "math", types.SimpleNamespace(exp=lambda x: x * x))
    assert d(3.0) == 30.0


def inner(x: Any) -> Any:
    return x * x


def outer(x: Any) -> Any:
    return inner(x)


def test_a_function_that_comes_to_need_lifting(monkeypatch: Any) -> None:
    drivers = (
        derivative(outer),
        grad(outer, argnums=(0,)),
        jacobian(outer),
        jacobian(outer, chunk=1),
    )
    assert [d(2.0) for d in drivers] == [4.0, (4.0,), 4.0, 4.0]
    assert dualad.jvp(outer, (2.0,), (1.0,)) == (4.0, 4.0)
    assert dualad.vjp(outer, 2.0)[1](1.0) == (4.0,)
    monkeypatch.setattr(sys.modules[__name__], "inner", lambda x: math.exp(x))
    for _ in range(2):
        assert [d(0.0) for d in drivers] == [1.0, (1.0,), 1.0, 1.0]
        assert derivative(outer)(0.0) == grad(outer)(0.0) == jacobian(outer, chunk=1)(0.0) == 1.0
        assert dualad.jvp(outer, (0.0,), (1.0,)) == (1.0, 1.0)
        assert dualad.vjp(outer, 0.0)[1](1.0) == (1.0,)
    with pytest.raises(TypeError, match="math"):
        derivative(outer, lift=False)(0.0)


def changing(x: Any) -> Any:
    global SCALE
    before = scaled(x)
    SCALE = 10.0
    return before + scaled(x)


def test_a_global_that_changes_during_a_call(monkeypatch: Any) -> None:
    monkeypatch.setattr(sys.modules[__name__], "SCALE", 1.0)
    assert derivative(changing)(0.0) == 11.0
    assert SCALE == 10.0


helper_now: Any = math.sin


def late(x: Any) -> Any:
    globals()["helper_now"] = math.exp
    first = helper_now(x)
    sys.modules[__name__].helper_now = math.cos  # type: ignore[attr-defined]
    return first + helper_now(x)


def test_a_function_that_is_bound_anew_during_a_call(monkeypatch: Any) -> None:
    monkeypatch.setattr(sys.modules[__name__], "helper_now", math.sin)
    assert derivative(late)(0.0) == 1.0


def test_a_global_that_another_thread_changes(monkeypatch: Any) -> None:
    monkeypatch.setattr(sys.modules[__name__], "SCALE", 1.0)
    started, changed = threading.Event(), threading.Event()

    def f(x: Any) -> Any:
        first = scaled(x)
        started.set()
        assert changed.wait(10)
        return first + scaled(x)

    def change() -> None:
        global SCALE
        assert started.wait(10)
        SCALE = 4.0
        changed.set()

    thread = threading.Thread(target=change)
    thread.start()
    assert derivative(f)(0.0) == 5.0
    thread.join()


def counting(x: Any) -> Any:
    global N
    N += 1
    seen = HELD.read()  # not lifted by name, and sees the new value at once
    return math.exp(x) * seen


def test_what_is_written_is_seen_at_once(monkeypatch: Any) -> None:
    monkeypatch.setattr(sys.modules[__name__], "N", 0)
    d = derivative(counting)
    assert [d(0.0), d(0.0)] == [1.0, 2.0] and N == 2


def writing_generator(x: Any) -> Iterator[Any]:
    global N
    for _ in range(3):
        N += 1
        yield math.exp(x) * N


def test_generators_write_to_variables_too(monkeypatch: Any) -> None:
    monkeypatch.setattr(sys.modules[__name__], "N", 0)
    assert derivative(lambda x: sum(writing_generator(x)))(0.0) == 6.0 and N == 3


def deleting(x: Any) -> Any:
    global temporary
    temporary = math.exp(x)
    y = temporary * 2
    del temporary
    return y


def test_variables_that_are_deleted() -> None:
    assert derivative(deleting)(0.0) == 2.0
    assert "temporary" not in globals()


def through_text(x: Any) -> Any:
    local = 3.0
    assert (
        eval("local") == 3.0 and "local" in locals() and globals() is sys.modules[__name__].__dict__
    )
    names: dict[str, Any] = {}
    exec("made = N + 1", globals(), names)
    return math.exp(x) * names["made"] * local


def test_eval_exec_locals_and_globals_are_those_of_the_code(monkeypatch: Any) -> None:
    monkeypatch.setattr(sys.modules[__name__], "N", 1)
    assert derivative(through_text)(0.0) == 6.0


def test_functions_made_by_exec() -> None:
    for i in range(3):
        names: dict[str, Any] = {}
        exec(f"import math\nK = {i}\ndef f(x):\n    return K * math.exp(x)", names)
        assert derivative(names["f"])(0.0) == i


def test_code_that_is_replaced() -> None:
    def f(x: Any) -> Any:
        return math.exp(x)

    d = derivative(f)
    assert d(0.0) == 1.0
    f.__code__ = (lambda x: math.sin(x) * 7.0).__code__
    assert d(0.0) == 7.0
    f.__code__ = (lambda x, k=3.0: math.sin(x) * k).__code__
    f.__defaults__ = (4.0,)
    assert d(0.0) == 4.0


# -- closures ------------------------------------------------------------------------------


@pytest.mark.usefixtures("counted_looks")
def test_closures_are_the_callers() -> None:
    total, calls = 0.0, []

    def add(y: Any) -> None:
        nonlocal total
        total = total + math.exp(y)
        calls.append(1)

    def f(x: Any) -> Any:
        nonlocal total
        total = 0.0
        for _ in range(3):
            add(x)
        return total

    assert derivative(f)(0.0) == 3.0 and len(calls) == 3
    assert isinstance(total, Dual)


def recursive(n: int) -> Any:
    def power(x: Any, k: int) -> Any:
        return math.exp(0.0) if k == 0 else x * power(x, k - 1)

    return lambda x: power(x, n)


def test_recursive_closures_made_afresh() -> None:
    def run(n: int) -> None:
        for i in range(n):
            assert derivative(recursive(3))(1.0) == 3.0, i

    run(300)
    gc.collect()
    tracemalloc.start()
    run(300)
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    run(3000)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 50_000


def test_functions_that_are_gone_leave_nothing() -> None:
    class Big:
        pass

    def use() -> Any:
        big = Big()

        def f(x: Any) -> Any:
            return math.exp(x) if big else x

        assert derivative(f)(0.0) == 1.0
        return big

    import weakref

    ref = weakref.ref(use())
    gc.collect()
    assert ref() is None


# -- objects and classes -------------------------------------------------------------------


class Point:
    made: ClassVar[int] = 0

    def __init__(self, a: Any) -> None:
        type(self).made += 1
        self.a = math.exp(a)

    def value(self, x: Any) -> Any:
        return math.sin(x) * self.a

    @property
    def log(self) -> Any:
        return math.log(self.a)

    def __eq__(self, other: object) -> bool:
        return type(other) is Point and bool(self.a == other.a)

    __hash__ = None  # type: ignore[assignment]


def test_objects_are_of_the_users_class() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        p = Point(x)
        seen.append(p)
        assert type(p) is Point and isinstance(p, Point) and p.__class__ is Point
        assert type(copy.copy(p)) is Point and {Point: 1}[type(p)] == 1
        assert type(Point.value) is types.FunctionType
        return p.value(x) + p.log

    x = 0.5
    want = math.exp(x) * (math.sin(x) + math.cos(x)) + 1.0
    assert derivative(f)(x) == pytest.approx(want, rel=1e-14)
    assert type(seen[0]) is Point and vars(Point)["value"].__code__ is Point.value.__code__
    plain = Point(1.0)
    assert pickle.loads(pickle.dumps(plain)) == plain and type(plain.value).__name__ == "method"


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self, r: Any) -> Any: ...


class Disc(Shape):
    def area(self, r: Any) -> Any:
        return math.pi * math.pow(r, 2)


@Shape.register
class Square:
    def area(self, r: Any) -> Any:
        return math.pow(r, 2)


def test_abstract_classes_and_their_registries() -> None:
    def f(r: Any) -> Any:
        assert not isinstance(r, Shape) and isinstance(Square(), Shape)
        with pytest.raises(TypeError):
            Shape()  # type: ignore[abstract]
        return Disc().area(r) + Square().area(r)

    assert derivative(f)(2.0) == pytest.approx(4 * math.pi + 4)
    assert not isinstance("text", Shape) and issubclass(Square, Shape)


class Node:
    def __init__(self, s: Any) -> None:
        self.ready = math.exp(0.0) * s


class Literal(Node):
    def __new__(cls, s: Any) -> Any:
        return super().__new__(One)


class One(Literal):
    pass


class Counted:
    def __new__(cls, *args: Any) -> Any:
        self = super().__new__(cls)
        self.__dict__["log"] = [math.log(a) for a in args]
        return self


class Other:
    def __new__(cls, x: Any) -> Any:
        return math.exp(x)  # not an object of the class: __init__ is not called

    def __init__(self, x: Any) -> None:
        raise AssertionError


def test_new() -> None:
    assert derivative(lambda x: x * Literal(2.0).ready)(2.0) == 2.0
    assert type(Literal(1.0)) is One
    assert derivative(lambda x: Counted(x, x * x).log[1])(2.0) == 1.0  # type: ignore[attr-defined]
    assert derivative(lambda x: Other(x) * 1.0)(0.0) == 1.0  # type: ignore[operator]


class Plugin:
    kinds: ClassVar[list[type]] = []

    def __init_subclass__(cls, **options: Any) -> None:
        Plugin.kinds.append(cls)
        cls.options = options  # type: ignore[attr-defined]


class Exp(Plugin, name="exp"):
    def __call__(self, x: Any) -> Any:
        return math.exp(x)


class Registering(type):
    classes: ClassVar[list[str]] = []

    def __init__(cls, name: str, bases: Any, space: Any) -> None:
        super().__init__(name, bases, space)
        Registering.classes.append(name)


class Registered(metaclass=Registering):
    def f(self, x: Any) -> Any:
        return math.exp(x)


def test_classes_with_hooks_and_metaclasses() -> None:
    kinds, classes = list(Plugin.kinds), list(Registering.classes)
    assert derivative(lambda x: Plugin.kinds[0]()(x) + Registered().f(x))(0.0) == 2.0
    assert Plugin.kinds == kinds and Registering.classes == classes

    def local(x: Any) -> Any:
        class Local(Plugin, name="local"):
            def g(self, y: Any) -> Any:
                return math.exp(y)

        return Local().g(x)

    assert derivative(local)(0.0) == 1.0
    assert [k.__name__ for k in Plugin.kinds] == ["Exp", "Local"]
    Plugin.kinds.pop()


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a: Any) -> None:
        self.a = math.exp(a)

    def twice(self) -> Any:
        self.b = math.log(self.a)
        return self.b * 2


class Pair(typing.NamedTuple):
    a: Any
    b: Any

    def norm(self) -> Any:
        return math.hypot(self.a, self.b)


class Kind(enum.Enum):
    EXP = "exp"
    SIN = "sin"

    def of(self, x: Any) -> Any:
        return math.exp(x) if self is Kind.EXP else math.sin(x)


@dataclasses.dataclass
class Record:
    k: float
    more: list[Any] = dataclasses.field(default_factory=list)
    start: Any = None

    def __post_init__(self) -> None:
        self.start = math.exp(self.k)

    @functools.cached_property
    def root(self) -> Any:
        self.more.append(1)
        return math.sqrt(self.start)


class Child(Point):
    def __init__(self, a: Any) -> None:
        super().__init__(a)
        self.b = math.cos(a)

    def value(self, x: Any) -> Any:
        return super().value(x) * self.b

    @classmethod
    def of(cls, a: Any) -> Any:
        return cls(a)

    @staticmethod
    def half(a: Any) -> Any:
        return math.exp(a) / 2


def test_kinds_of_classes() -> None:
    assert derivative(lambda x: Slots(x).twice())(0.3) == pytest.approx(2.0)
    assert derivative(lambda x: Pair(3 * x, 4 * x).norm())(1.0) == 5.0
    assert derivative(lambda x: Kind("exp").of(x) + Kind.SIN.of(x))(0.0) == 2.0
    assert derivative(lambda x: Record(x).root)(0.0) == 0.5

    def cached(x: Any) -> Any:
        r = Record(x)
        y = r.root + r.root
        assert r.more == [1]
        return y

    assert derivative(cached)(0.0) == 1.0
    want = derivative(lambda x: dualad.exp(x) * dualad.sin(x) * dualad.cos(x))(0.3)
    assert derivative(lambda x: Child(x).value(x))(0.3) == pytest.approx(want, rel=1e-14)
    assert derivative(lambda x: Child.of(x).a + Child.half(x))(0.0) == 1.5
    assert derivative(Child(0.0).value)(0.0) == pytest.approx(1.0)


class Raising:
    def __init__(self, x: Any) -> None:
        return math.exp(x)  # type: ignore[return-value]  # noqa: PLE0101


def test_errors_are_those_of_python() -> None:
    def said(f: Any) -> str:
        with pytest.raises(TypeError) as caught:
            f()
        return str(caught.value)

    plain = said(lambda: Raising(1.0))
    assert said(lambda: derivative(lambda x: Raising(x) or x)(1.0)) == plain.replace(
        "float", "Dual"
    )
    assert said(lambda: Point()) == said(lambda: lift(lambda: Point())())  # type: ignore[call-arg]
    assert said(lambda: scaled()) == said(lambda: lift(lambda: scaled())())  # type: ignore[call-arg]


# -- functions in other hands --------------------------------------------------------------

TABLE = {"exp": math.exp, "scaled": lambda x: math.exp(2 * x)}
STEPS = [math.sin, math.exp]


@functools.cache
def cached(x: Any, n: int = 1) -> Any:
    return math.exp(x) * n


@functools.singledispatch
def dispatched(x: Any) -> Any:
    return math.exp(x)


@dispatched.register
def _of_text(x: str) -> Any:
    return math.exp(len(x))


def test_functions_that_are_found_otherwise() -> None:
    assert derivative(lambda x: TABLE["exp"](x) + TABLE["scaled"](x))(0.0) == 3.0
    assert derivative(lambda x: functools.reduce(lambda y, f: f(y), STEPS, x))(0.0) == 1.0
    assert derivative(lambda x: sum(f(x) for f in STEPS))(0.0) == 2.0
    assert derivative(lambda x: dispatched(x) * dispatched("ab"))(0.0) == pytest.approx(math.e**2)
    assert derivative(lambda x: sorted([x, -x], key=lambda v: math.exp(v))[1])(1.0) == 1.0
    assert derivative(lambda x: max([x, -x], key=math.exp))(1.0) == 1.0
    assert (
        derivative(lambda x: list(itertools.accumulate([x, x], lambda a, b: math.exp(a + b)))[1])(
            0.0
        )
        == 2.0
    )
    assert derivative(lambda x: getattr(math, "exp")(x))(0.0) == 1.0  # noqa: B009
    assert derivative(lambda x, g=math.exp: g(x))(0.0) == 1.0
    assert derivative(lambda g, x: g(x), argnums=1)(math.exp, 0.0) == 1.0
    assert derivative(functools.partial(lambda a, x: a * math.exp(x), 3.0))(0.0) == 3.0
    assert derivative(lambda x: np.vectorize(lambda v: math.exp(v))([x, x])[1])(0.0) == 1.0


@functools.lru_cache(maxsize=4)
def cube(x: Any) -> Any:
    return x**3


def test_what_is_under_a_cache_is_lifted_by_default() -> None:
    """Though it uses nothing else that needs it."""
    cube.cache_clear()
    for f in (
        cube,
        lambda x: cube(x),
        lambda x: next(c(x) for c in {cube: 1}),
        functools.partial(cube),
    ):
        assert value_and_grad(f)(2.0) == (8.0, 12.0)
    assert cube.cache_info().currsize == 0


def test_caches_are_not_asked_for_duals() -> None:
    cached.cache_clear()
    d = derivative(lambda x: cached(x) + cached(1.0))
    assert d(0.0) == 1.0 and d(0.0) == 1.0
    assert cached.cache_info().currsize == 1 and cached.cache_info().hits == 1
    assert type(cached(1.0)) is float
    memo: dict[Any, Any] = {}

    def memoised(x: Any) -> Any:
        if x not in memo:
            memo[x] = math.exp(x)
        return memo[x]

    with pytest.raises(TypeError, match="unhashable"):
        derivative(memoised)(0.0)
    assert not memo


def test_nothing_stays_behind() -> None:
    registry: list[Any] = []

    def f(x: Any) -> Any:
        registry.append(scaled)
        assert registry[-1] is scaled and scaled is sys.modules[__name__].scaled  # type: ignore[attr-defined]
        return scaled(x)

    d = derivative(f)
    before = dict(globals()), dict(vars(Point)), dict(vars(math)), dict(vars(np))
    d(0.0)
    assert before == (dict(globals()), dict(vars(Point)), dict(vars(math)), dict(vars(np)))
    assert registry == [scaled]


async def waiting(x: Any) -> Any:
    await asyncio.sleep(0)
    return math.exp(x)


def test_coroutines() -> None:
    async def both(x: Any) -> Any:
        a, b = await asyncio.gather(waiting(x), waiting(2 * x))
        return a + b

    assert derivative(lambda x: asyncio.run(both(x)))(0.0) == 3.0


def test_threads_run_different_derivatives_at_once() -> None:
    def f(x: Any, k: float) -> Any:
        out = np.zeros(50)
        for i in range(50):
            out[i] = math.exp(k * x) * i
            time.sleep(0)
        return out.sum()

    found: dict[int, Any] = {}
    d = derivative(f)
    threads = [
        threading.Thread(target=lambda k=k: found.__setitem__(k, d(0.0, float(k))))
        for k in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {k: 1225.0 * k for k in range(8)}


# -- frames --------------------------------------------------------------------------------


def failing(x: Any) -> Any:
    y = math.exp(x)
    return (y +
            math.sqrt(
                -y))  # fmt: skip


def test_tracebacks_show_the_users_lines() -> None:
    def said(f: Any) -> list[Any]:
        try:
            f(1.0)
        except ValueError as error:
            frames = [
                f for f in traceback.extract_tb(error.__traceback__) if f.filename == __file__
            ]
            return [(f.name, f.lineno, f.end_lineno, f.colno, f.end_colno) for f in frames][-1:]
        raise AssertionError

    assert said(derivative(failing)) == said(failing)
    assert linecache.getline(__file__, said(failing)[0][1]).strip().startswith("math.sqrt(")


def test_debuggers_and_coverage_see_the_lines() -> None:
    def lines(f: Any) -> list[int]:
        seen: list[int] = []

        def tracer(frame: Any, event: str, _: Any) -> Any:
            if frame.f_code.co_name != "changing_lines":
                return tracer if frame.f_code.co_filename == __file__ else None
            if event == "line":
                seen.append(frame.f_lineno)
            return tracer

        old = sys.gettrace()
        sys.settrace(tracer)
        try:
            f(0.5)
        finally:
            sys.settrace(old)
        return seen

    def changing_lines(x: Any) -> Any:
        total = 0.0
        for i in range(3):
            if i % 2:
                continue
            total = total + math.exp(x)
        try:
            total = total + [math.sin(x) for _ in range(2)][1]
        finally:
            total = total * 1.0
        return total  # fmt: skip

    assert lines(derivative(changing_lines)) == lines(changing_lines)


def test_warnings_name_the_line(recwarn: Any) -> None:
    def warning(x: Any) -> Any:
        warnings.warn("look", stacklevel=2)
        return math.exp(x)

    def caller(x: Any) -> Any:
        return warning(x)

    derivative(caller)(0.0)
    line = caller.__code__.co_firstlineno + 1
    assert [(w.filename, w.lineno) for w in recwarn if str(w.message) == "look"] == [
        (__file__, line)
    ]


def test_functions_look_like_themselves() -> None:
    def f(x: Any, *, k: float = 2.0) -> Any:
        "Text."
        frame = inspect.currentframe()
        assert frame is not None and frame.f_code.co_name == "f" and frame.f_locals["k"] == 3.0
        return math.exp(x) * k

    d = derivative(f)
    assert d(0.0, k=3.0) == 3.0 and d.__name__ == "f" and d.__doc__ == "Text."
    assert str(inspect.signature(d)) == str(inspect.signature(f))


# -- whether a function is lifted ----------------------------------------------------------


def test_functions_that_need_nothing_run_as_they_are() -> None:
    seen: list[Any] = []
    code_of = operator.attrgetter("f_code")

    def f(x: Any) -> Any:
        seen.append(code_of(sys._getframe()))
        return np.exp(x) * x**2

    def g(x: Any) -> Any:
        seen.append(code_of(sys._getframe()))
        return math.exp(x)

    derivative(f)(1.0)
    assert seen.pop() is f.__code__
    derivative(f, lift=True)(1.0)
    assert seen.pop() is not f.__code__
    derivative(g)(1.0)
    assert seen.pop() is not g.__code__
    with pytest.raises(TypeError, match="would lose the derivative"):
        derivative(g, lift=False)(1.0)
    with pytest.raises(TypeError, match="would lose the derivative"):
        derivative(g, order=2, lift=False)(1.0)
    with pytest.raises(TypeError, match="lift is True, False or None; got 'no'"):
        derivative(g, lift="no")  # type: ignore[arg-type]


def added_to(g: Any, x: Any) -> Any:
    return x + g(x)  # from Python 3.13 on, one instruction loads x and g


def test_a_function_that_is_given_is_lifted_where_it_is_called() -> None:
    assert grad(added_to, argnums=1)(lambda x: 3.0 * math.exp(x), 0.0) == 4.0


def test_every_helper_lifts_by_itself() -> None:
    def f(x: Any) -> Any:
        out = np.zeros(2)
        out[0], out[1] = math.exp(x[0]), math.sin(x[1])
        return out.sum()

    x = np.array([0.5, 0.25])
    want = [math.exp(0.5), math.cos(0.25)]
    np.testing.assert_allclose(grad(f)(x), want, rtol=1e-15)
    np.testing.assert_allclose(jacobian(f)(x), want, rtol=1e-15)
    np.testing.assert_allclose(np.diag(dualad.hessian(f)(x)), [math.exp(0.5), -math.sin(0.25)])
    np.testing.assert_allclose(dualad.hvp(f)(x, np.ones(2)), [math.exp(0.5), -math.sin(0.25)])
    assert dualad.jvp(f, (x,), (np.ones(2),))[1] == pytest.approx(sum(want))
    np.testing.assert_allclose(dualad.objective(f).jac(x), want, rtol=1e-15)
    assert dualad.check_derivative(f, x).digits > 12
    assert dualad.audit(f, x).findings == []
    report = str(dualad.sensitivities(lambda a, b: math.exp(a) * b, {"a": 0.0, "b": 2.0}))
    rows = [line.split() for line in report.splitlines() if line[:2] in ("a ", "b ")]
    assert {row[0]: row[2] for row in rows} == {"a": "2", "b": "1"}
    spread = dualad.propagate(lambda a: math.exp(a), {"a": 0.0}, std={"a": 0.1})
    assert "0.1" in str(spread)
    from dualad.teach import graph, trace

    assert trace(lambda t: math.exp(t) * t, 1.0).tangent == pytest.approx(2 * math.e)
    assert "exp" in str(graph(lambda t: math.exp(t) * t, 1.0).to_svg())


# -- SciPy's names -------------------------------------------------------------------------


def test_names_of_scipy() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    from scipy.integrate import quad
    from scipy.special import logsumexp

    root = derivative(lambda a: optimize.brentq(lambda x: math.exp(x) - a, 0.0, 5.0))
    assert root(2.0) == pytest.approx(0.5, rel=1e-12)  # log(a)
    area = derivative(lambda a: quad(lambda x: math.exp(-a * x), 0.0, 1.0)[0])
    want = math.exp(-1.0) * 2.0 - 1.0  # d/da (1 − exp(−a))/a at a = 1
    assert area(1.0) == pytest.approx(want, rel=1e-10)
    assert derivative(lambda a: logsumexp([a, 2 * a]))(0.0) == pytest.approx(1.5)
    assert optimize.brentq(lambda x: x - 1.0, 0.0, 3.0) == pytest.approx(1.0)


# -- what a function asks of its numbers ---------------------------------------------------------


def _appended(x: Any) -> Any:
    parts = []
    for k in (1.0, 3.0):
        parts.append(k * x)
    return np.dot(parts, np.ones(2))


@pytest.mark.parametrize(
    "f, x, slope",
    [
        (lambda x: x**2 if type(x) is float else x**3, 0.7, 1.4),
        (lambda x: type(x)(x) * x, 0.7, 1.4),
        (lambda x: {float: 3.0, np.float64: 2.0}[type(x)] * x, 0.7, 3.0),
        (lambda x: type("Holder", (), {"y": x})().y * 4.0, 0.7, 4.0),
        (lambda x: np.mean([x, 3 * x]), np.float64(0.7), 2.0),
        (lambda x: np.linalg.det([[x, 1.0], [1.0, 2.0]]), 0.7, 2.0),
        (lambda x: np.mean([k * x for k in (1.0, 3.0)]), 0.7, 2.0),
        (lambda x: np.median(sorted((x, 3 * x, 9.0))), 0.8, 3.0),
        (lambda x: np.sum(list({"a": x, "b": 3 * x}.values())), 0.7, 4.0),
        (lambda x: np.mean(np.stack([x, 3 * x]).tolist()), 0.7, 2.0),
        (_appended, 0.7, 4.0),
        (lambda x: np.sum(np.imag([1j * k * x for k in (1.0, 3.0)])), 0.7, 4.0),
        (lambda x: np.interp(0.25, [0.0, 1.0], [x, 4 * x]), 0.7, 1.75),
    ],
)
def test_types_and_lists(f: Any, x: Any, slope: float) -> None:
    value, got = dualad.value_and_grad(f)(x)
    assert value == f(x) and type(value) is type(f(x))
    np.testing.assert_allclose(got, slope, rtol=1e-15)


@np.vectorize
def _both(q: Any) -> Any:
    return math.sin(q), q * q


CALLS: list[Any] = []


def counted(f: Any) -> Any:
    """f, which takes note of the kinds of its arguments."""

    @functools.wraps(f)
    def call(*args: Any) -> Any:
        CALLS.append([type(x).__name__ for x in args])
        return f(*args)

    return call


POINTS = np.array([-1.0, 2.0, 3.0])
GRID = np.arange(6.0).reshape(2, 3)


def root(v: Any) -> Any:
    return math.sqrt(v) if v > 0 else 0.0


# Functions of NumPy that call functions: each of x, and of a function that counts and calls.
CALLING: dict[str, Callable[[Any, Any], Any]] = {
    "first result plain": lambda x, c: np.vectorize(c(lambda v: max(0.0, v)))(x * POINTS),
    "first result an int": lambda x, c: (
        x * np.vectorize(c(lambda v: 0 if v < 0 else v))(x * POINTS)
    ),
    "otypes": lambda x, c: np.vectorize(c(root), otypes=[float])(x * POINTS),
    "otypes of integers": lambda x, c: np.vectorize(c(root), otypes="l")(x * POINTS) * x,
    "cache": lambda x, c: np.vectorize(c(root), cache=True)(x * POINTS),
    "two results": lambda x, c: np.vectorize(c(lambda v: (v * v, 1.0)))(x * POINTS)[0],
    "two arguments": lambda x, c: np.vectorize(c(max))(x * POINTS, POINTS[:, None]),
    "excluded": lambda x, c: np.vectorize(c(lambda v, w: v * w), excluded=[1])(POINTS, x),
    "signature": lambda x, c: np.vectorize(c(np.sum), signature="(n)->()")(x * GRID),
    "signature, otypes": lambda x, c: np.vectorize(
        c(lambda v: v * 2), signature="(n)->(n)", otypes=[float]
    )(x * GRID),
    "closure": lambda x, c: np.vectorize(c(lambda v: v * x if v > 0 else 0.0))(POINTS),
    "Fortran's order": lambda x, c: np.vectorize(c(root))(x * np.asfortranarray(GRID)),
    "frompyfunc": lambda x, c: np.frompyfunc(c(root), 1, 1)(x * POINTS).astype(float),
    "frompyfunc, closure": lambda x, c: np.frompyfunc(c(lambda v: v * x), 1, 1)(POINTS).astype(
        float
    ),
    "frompyfunc, reduce": lambda x, c: np.frompyfunc(c(lambda v, w: v * w), 2, 1).reduce(
        x * POINTS
    ),
    "along an axis": lambda x, c: np.apply_along_axis(c(lambda r: r * r.sum()), 1, x * GRID),
    "along an axis, closure": lambda x, c: np.apply_along_axis(
        c(lambda r: 0.0 if r[0] < 1 else r[0] * math.sqrt(x)), 1, GRID
    ),
    "over axes": lambda x, c: np.apply_over_axes(c(np.sum), x * GRID, [0]),
    "piecewise": lambda x, c: np.piecewise(
        x * POINTS, [x * POINTS < 0, x * POINTS >= 0], [c(lambda v: -v), c(np.square)]
    ),
    "piecewise, closure": lambda x, c: np.piecewise(
        POINTS, [POINTS < 0], [x, c(lambda v: v * math.sqrt(x))]
    ),
    "piecewise, Fortran's order": lambda x, c: np.piecewise(
        np.asfortranarray(GRID), [GRID.T.T < 2], [c(lambda v, k: v * k), 0.0], x
    ),
    "fromfunction": lambda x, c: np.fromfunction(c(lambda i, j: i * x + j), (2, 3)),
    "fromiter": lambda x, c: np.fromiter(map(c(root), x * POINTS), float, count=2),
}


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize("name", CALLING)
def test_numpy_calls_functions_as_often_as_ever(name: str) -> None:
    f = CALLING[name]
    CALLS.clear()
    value = f(1.3, counted)
    calls = list(CALLS)

    def lifted(x: Any) -> Any:
        CALLS.clear()
        return lift(f)(x, counted)

    got = lifted(dualad.Dual(1.3, 1.0))
    assert calls == CALLS
    assert bits(np.asarray(got.primal, np.asarray(value).dtype)) == bits(np.asarray(value))
    assert np.asarray(got.primal).strides == np.asarray(value).strides
    up, down = (f(1.3 + h, counted) for h in (2.0**-20, -(2.0**-20)))
    np.testing.assert_allclose(got.tangent, (up - down) * 2.0**19, atol=1e-8)


class Whole(int):
    """A whole number that makes another float of itself, as NumPy does where it needs one."""

    def __float__(self) -> float:
        return 99.0


class Column:
    """Makes an array of itself."""

    def __init__(self, x: Any) -> None:
        self.numbers = np.zeros(3)
        self.numbers[1:] = x, math.sin(x)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.numbers


class Cell:
    """The same of one number, where it is not lifted."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.x)


TAKEN: dict[str, Callable[[Any], Any]] = {
    "one number": lambda x: np.asarray(Cell(x)) * x,
    "the kind of one number": lambda x: x * isinstance(np.asarray(Cell(x)) * 2, np.float64),
    "whole numbers in a list": lambda x: np.array([Whole(4), x]),
    "in rows": lambda x: np.array([[Whole(4), 1], [x, Whole(5)]]),
    "in a sum": lambda x: np.sum([Whole(4), x * math.sqrt(x)]),
    "by themselves": lambda x: np.stack([x * math.sqrt(x), Whole(4)]) + np.array([Whole(4), 1]),
    "sum of a column": lambda x: np.sum(Column(x)),
    "ufunc of it": lambda x: np.exp(Column(x)),
    "ufunc of two": lambda x: np.multiply(x, Column(x)),
    "product with it": lambda x: np.dot(np.arange(3.0), Column(x)),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_numpy_makes_numbers_of(name: str) -> None:
    f = TAKEN[name]
    value, slope = dualad.jvp(f, (1.3,), (1.0,))
    assert bits(np.asarray(value)) == bits(np.asarray(f(1.3)))
    differences = (f(1.3 + 2.0**-17) - f(1.3 - 2.0**-17)) * 2.0**16
    np.testing.assert_allclose(slope, differences, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("kind", [np.random.default_rng, np.random.RandomState])
def test_rows_that_compiled_code_exchanges_are_refused(kind: Any) -> None:
    """NumPy takes copies of the rows of its own arrays, and of others the rows, which are views."""

    def f(x: Any) -> Any:
        y = x * GRID.T
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of NumPy, which has its doubts
            kind(1).shuffle(y)
        return y

    assert bits(value_and_grad(lambda x: f(x)[2, 1])(1.5)[0]) == bits(f(1.5)[2, 1])
    for mode in ("forward", "reverse"):
        with pytest.raises(TypeError, match="exchanges rows of this array"):
            jacobian(f, lift=False, mode=mode)(1.5)


def test_what_np_vectorize_makes_is_an_array_of_numbers() -> None:
    x = np.array([0.3, -0.7])

    def f(x: Any) -> Any:
        a, b = _both(x)
        c = np.vectorize(lambda q: q**3)(x) * (1 + 0j)
        c.imag = a
        b.sort()
        return (a.dtype == float) * b[0] * np.array([1.0, 2.0]) + c.imag + c.real

    got = dualad.jacobian(f)(x)
    want = np.diag(np.cos(x) + 3 * x**2)
    want[:, 0] += [2 * x[0], 4 * x[0]]
    np.testing.assert_allclose(got, want, rtol=1e-14)
    assert np.array_equal(dualad.jvp(f, (x,), (x,))[0], f(x))
    for kind in (float, np.float32):
        g = np.vectorize(lambda q: q * q, otypes=[kind])
        y = dualad.jvp(g, (x,), (x,))
        assert y[0].dtype == y[1].dtype == kind
        np.testing.assert_allclose(y[1], 2 * x * x, rtol=1e-6)
    t = dualad.value_and_grad(lambda t: np.sum(np.vectorize(lambda q: q * t)(x)))(2.0)
    np.testing.assert_allclose(t, (2 * x.sum(), x.sum()), rtol=1e-15)
    h = dualad.hessian(lambda x: np.sum(np.vectorize(lambda q: q**3)(x)))(x)
    np.testing.assert_allclose(h, np.diag(6 * x), rtol=1e-15)


@pytest.mark.parametrize("at", [0.3, [0.3, 0.7]], ids=["number", "list"])
@pytest.mark.parametrize(
    "make",
    [
        lambda q: np.vectorize(lambda v: (v, 2 * v), otypes=[object])(q),
        lambda q: np.vectorize(lambda v: [v, 2 * v], otypes=[object])(q),
        lambda q: np.vectorize(lambda v: (v,), otypes=[object])(q),
        lambda q: np.vectorize(lambda v: (v, v), otypes=[object], excluded={0})(q),
        lambda q: np.vectorize(lambda v: (v, 2 * v))(q),
        lambda q: np.frompyfunc(lambda v: (v, 2 * v), 1, 1)(q),
    ],
)
def test_a_tuple_that_np_vectorize_keeps_is_one_object(make: Any, at: Any) -> None:
    def f(x: Any) -> Any:
        y = make([x * v for v in at] if isinstance(at, list) else x * at)
        return y.tolist() if isinstance(y, np.ndarray) else y

    want, (value, slope) = f(1.5), dualad.jvp(f, (1.5,), (1.0,), lift=True)
    assert str(value) == str(want)
    plainly = dualad.jvp(lambda x: [f(1.5), x], (1.0,), (1.0,), lift=True)[0][0]
    assert str(plainly) == str(want)
    numbers = [np.asarray(x, float) for x in (slope, want)]
    np.testing.assert_allclose(numbers[0], numbers[1] / 1.5, rtol=1e-15)  # all is linear


@pytest.mark.parametrize("lift", [None, True])
def test_arrays_lie_in_memory_as_numpy_lays_them(lift: bool | None) -> None:
    rows = np.arange(6.0).reshape(2, 3)
    for x in (rows, rows.T, rows[::-1], rows[:, ::2], np.broadcast_to(rows[0], (2, 3))):
        for f in (
            np.ascontiguousarray,
            np.asfortranarray,
            lambda x: np.array([x, x]),
            lambda x: np.array([x], order="F"),
            lambda x: np.asarray([x, np.ones(x.shape)]),
            lambda x: np.array(x),
            lambda x: np.array(x, order="C"),
            lambda x: np.asarray(x, order="F"),
            lambda x: np.array(list(x)),
            lambda x: np.require(x, requirements="C"),
        ):
            value, slope = dualad.jvp(lambda x, f=f: f(x), (x,), (x + 1,), lift=lift)
            assert np.array_equal(value, f(x))
            long = [i for i, n in enumerate(value.shape) if n > 1]
            assert [value.strides[i] for i in long] == [f(x).strides[i] for i in long]
            assert np.array_equal(slope, f(x + 1) if value.ndim < 3 else slope)


def test_scipys_decorated_functions_have_stand_ins() -> None:
    """They are closures, made by a decorator that all of them share."""
    linalg = pytest.importorskip("scipy.linalg")
    got = dualad.grad(lambda p: linalg.cholesky(p * np.eye(2))[0, 0])(2.0)
    np.testing.assert_allclose(got, 0.5 / math.sqrt(2.0), rtol=1e-15)
    got = dualad.grad(lambda p: linalg.solve_triangular(p * np.eye(2), np.ones(2))[0])(2.0)
    np.testing.assert_allclose(got, -0.25, rtol=1e-15)


def test_functions_that_were_met_before_the_users_classes_are_lifted() -> None:
    """In a new process, for hooks come once: with the first class that has methods of its own."""
    program = """
        import math
        from dualad import grad, lift

        grad(lift(lambda x: float(2) * int(3) * bool(1) * complex(x).real))(3.0)

        class Box:
            def __init__(self, v):
                self.v = v

            def __float__(self):
                return math.sin(self.v)

        print(grad(lift(lambda x: x * float(Box(x))))(3.0))
    """
    got = float(run_python("-c", textwrap.dedent(program)).stdout)
    assert got == pytest.approx(math.sin(3.0) + 3.0 * math.cos(3.0), rel=1e-15)


@pytest.mark.parametrize("dtype", [float, np.float32, complex])
def test_match_knows_arrays_made_in_lifted_code(dtype: Any) -> None:
    def f(x: Any) -> Any:
        v = np.zeros(3, dtype)
        v[1] = x
        match v:
            case float() | complex():
                return v[1] * 2
            case np.ndarray():
                return (v * 3).real.sum()
            case _:
                return v[1] * 4

    assert f(1.5) == 4.5
    for mode in ("forward", "reverse"):
        assert grad(f, mode=mode)(1.5) == 3


# Of arrays without duals that lifted code has made, and questions of masks.
PLAIN_METHODS: dict[str, Callable[[Any], Any]] = {
    "clip from below": lambda x: np.array([1.0, 2.0]).clip(1.5).sum(),
    "clip from above": lambda x: np.array([1.0, 2.0]).clip(None, 1.5).sum(),
    "clip by name": lambda x: np.array([1.0, 2.0]).clip(max=1.5).sum(),
    "clip by a dual": lambda x: np.array([1.0, 2.0]).clip(4 * x).sum() / x,
    "isMA": lambda x: np.ma.isMA(np.array([x, 1.0])) + 1.0,
    "isMaskedArray": lambda x: np.ma.isMaskedArray(np.ones(2) * x) + 1.0,
    "getmask": lambda x: np.ma.getmask(np.array([x, 1.0])) is np.ma.nomask,
    "getmaskarray": lambda x: np.ma.getmaskarray(np.array([x, 1.0])).size,
    "is_masked": lambda x: np.ma.is_masked([x, 1.0]) + 1.0,
}


@pytest.mark.parametrize("name", PLAIN_METHODS)
def test_methods_and_questions_of_plain_arrays(name: str) -> None:
    f = PLAIN_METHODS[name]
    value, slope = dualad.jvp(lambda x: x * f(x), (0.7,), (1.0,), lift=True)
    assert value == 0.7 * f(0.7)
    differences = (0.75 * f(0.75) - 0.65 * f(0.65)) * 10
    np.testing.assert_allclose(slope, differences, rtol=1e-12)


@pytest.mark.parametrize(
    "operate", ["__add__", "__radd__", "__sub__", "__mul__", "__rtruediv__", "__pow__", "__iadd__"]
)
def test_operators_of_written_arrays_by_their_names(operate: str) -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        y[0] = 3.0
        return getattr(y, operate)(2.0 * y) if operate != "__add__" else y.__add__(2.0 * y)

    x = np.array([1.5, 2.5])
    for g in (dualad.lift(f), f):
        np.testing.assert_array_equal(g(x), f(x))
    value, slope = dualad.jvp(f, (x,), (np.ones(2),), lift=True)
    np.testing.assert_array_equal(value, f(x))
    np.testing.assert_allclose(slope, (f(x + 1e-6) - f(x - 1e-6)) / 2e-6, 1e-7, 1e-8)


def test_operators_of_written_arrays_are_not_those_of_others() -> None:
    """Each is asked by hand for what it is not for, and says so instead of crashing."""
    from dualad.array.buffers import Buffer
    from dualad.array.dualarray import DualArray

    kernel = () if KERNEL is None else (KERNEL.Dual, KERNEL.Nested, KERNEL.Recorded)
    for kind in (Buffer, DualArray, *kernel):
        methods = [(name, getattr(kind, name, None)) for name in dir(kind)]
        for name, method in methods:
            if not callable(method) or name in ("__class__", "__new__"):
                continue
            for x in (np.ones(2), 1.0, None):
                for args in ((), (1.0,), (0, 2.0), (np.ones(2),)):
                    with contextlib.suppress(Exception):
                        method(x, *args)
