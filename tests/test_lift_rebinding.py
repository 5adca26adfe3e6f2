"""What lifted code knows of classes is forgotten as soon as somebody rebinds it."""

from __future__ import annotations

import abc
import functools
import gc
import math
import operator
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dualad import derivative, hvp, jvp, value_and_grad, vjp

Program = Callable[[Any], Any]
Maker = Callable[[], Program]
PROGRAMS: dict[str, tuple[Maker, int, int]] = {}


def gives(a: int, b: int) -> Callable[[Maker], Maker]:
    """The program that is made gives a·x + b·eˣ: its classes are from code that is not lifted."""

    def enter(make: Maker) -> Maker:
        PROGRAMS[make.__name__] = make, a, b
        return make

    return enter


def gives_within(a: int, b: int) -> Callable[[Program], Program]:
    """The same of a program that makes its classes itself."""

    def enter(f: Program) -> Program:
        PROGRAMS[f.__name__] = (lambda: f), a, b
        return f

    return enter


def exponential(self: Any, v: Any) -> None:
    self.v = math.exp(v)


@gives(1, 2)
def rebound_init() -> Program:
    class P:
        def __init__(self, v: Any) -> None:
            self.v = v

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(3):
            total += P(x).v
            if i == 0:
                P.__init__ = exponential  # type: ignore[method-assign]
        return total

    return f


@gives(1, 2)
def rebound_init_of_a_base() -> Program:
    class Base:
        def __init__(self, v: Any) -> None:
            self.v = v

    class P(Base):
        pass

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(3):
            total += P(x).v
            if i == 0:
                Base.__init__ = exponential  # type: ignore[method-assign]
        return total

    return f


@gives(1, 2)
def init_that_comes_and_goes() -> Program:
    class Base:
        def __init__(self, v: Any) -> None:
            self.v = math.exp(v)

    class P(Base):
        pass

    def plain(self: Any, v: Any) -> None:
        self.v = v

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(3):
            if i == 1:
                P.__init__ = plain  # type: ignore[method-assign]
            total += P(x).v
            if i == 1:
                del P.__init__
        return total

    return f


@gives(1, 2)
def rebound_code() -> Program:
    class P:
        def __init__(self, v: Any) -> None:
            self.v = v

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(3):
            total += P(x).v
            if i == 0:
                P.__init__.__code__ = exponential.__code__  # type: ignore[attr-defined]
        return total

    return f


@gives(1, 2)
def rebound_new() -> Program:
    class P:
        v: Any

        def __new__(cls, v: Any) -> Any:
            self = super().__new__(cls)
            self.v = v
            return self

    def new(cls: Any, v: Any) -> Any:
        self = object.__new__(cls)
        self.v = math.exp(v)
        return self

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(3):
            total += P(x).v
            if i == 0:
                P.__new__ = new  # type: ignore[method-assign, assignment]
        return total

    return f


@gives(1, 2)
def rebound_bases() -> Program:
    class A:
        def __init__(self, v: Any) -> None:
            self.v = v

    class B:
        __init__ = exponential

    class P(A):
        pass

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(3):
            total += P(x).v
            if i == 0:
                P.__bases__ = (B,)
        return total

    return f


@gives(1, 2)
def a_metaclass_that_is_called_later() -> Program:
    class Meta(type):
        pass

    class P(metaclass=Meta):
        def __init__(self, v: Any) -> None:
            self.v = v

    def call(cls: Any, v: Any) -> Any:
        self = object.__new__(cls)
        self.v = math.exp(1.0) ** v
        return self

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(3):
            total += P(x).v
            if i == 0:
                Meta.__call__ = call  # type: ignore[method-assign, assignment]
        return total

    return f


@gives(1, 2)
def rebound_call() -> Program:
    class P:
        def __call__(self, v: Any) -> Any:
            return v

    def f(x: Any) -> Any:
        p, total = P(), 0.0
        for i in range(3):
            total += p(x)
            if i == 0:
                P.__call__ = lambda self, v: math.exp(v)  # type: ignore[method-assign]
        return total

    return f


@gives(1, 2)
def another_class_of_an_object_that_is_called() -> Program:
    class P:
        def __call__(self, v: Any) -> Any:
            return v

    class Q:
        def __call__(self, v: Any) -> Any:
            return math.exp(v)

    Q.__name__ = Q.__qualname__ = "P"

    def f(x: Any) -> Any:
        p, total = P(), 0.0
        for i in range(3):
            total += p(x)
            if i == 0:
                p.__class__ = Q  # type: ignore[assignment]
        return total

    return f


@gives(1, 2)
def classes_of_the_same_name() -> Program:
    def make(f: Any) -> Any:
        class P:
            def __init__(self, v: Any) -> None:
                self.v = f(v)

            @property
            def w(self) -> Any:
                return self.v

        return P

    def f(x: Any) -> Any:
        total = 0.0
        for f in (float, math.exp, math.exp):
            total += make(f)(x).w
        return total

    return f


@gives(1, 2)
def rebound_operator() -> Program:
    class P:
        def __add__(self, other: Any) -> Any:
            return other

    def f(x: Any) -> Any:
        p, total = P(), 0.0
        for i in range(3):
            total += p + x
            if i == 0:
                P.__add__ = lambda self, v: math.exp(v)  # type: ignore[method-assign]
        return total

    return f


@gives(1, 2)
def rebound_reflected_operator_of_a_base() -> Program:
    class Base:
        def __rmul__(self, other: Any) -> Any:
            return other

    class P(Base):
        pass

    def f(x: Any) -> Any:
        p, total = P(), 0.0
        for i in range(3):
            total += x * p
            if i == 0:
                Base.__rmul__ = lambda self, v: math.exp(v)  # type: ignore[method-assign]
        return total

    return f


@gives(1, 2)
def another_class_of_an_operand() -> Program:
    class P:
        def __getitem__(self, v: Any) -> Any:
            return v

    class Q:
        def __getitem__(self, v: Any) -> Any:
            return math.exp(v)

    def f(x: Any) -> Any:
        p, total = P(), 0.0
        for i in range(3):
            total += p[x]
            if i == 0:
                p.__class__ = Q  # type: ignore[assignment]
        return total

    return f


@gives(1, 2)
def an_operator_that_an_object_seems_to_have() -> Program:
    class P:
        def __add__(self, other: Any) -> Any:
            return other

    def f(x: Any) -> Any:
        p, total = P(), 0.0
        p.__add__ = lambda v: math.exp(v)  # type: ignore[method-assign]
        total += p + x  # Python looks in the class
        for _ in range(2):
            total += p.__add__(x)
        return total

    return f


@gives(1, 2)
def rebound_method() -> Program:
    class P:
        def dot(self, v: Any) -> Any:
            return v

    def f(x: Any) -> Any:
        p, total = P(), 0.0
        for i in range(3):
            total += p.dot(x)
            if i == 0:
                P.dot = lambda self, v: math.exp(v)  # type: ignore[method-assign]
        return total

    return f


@gives(1, 2)
def a_method_that_an_object_shadows() -> Program:
    class P:
        def copy(self, v: Any) -> Any:
            return v

    def f(x: Any) -> Any:
        p, total = P(), 0.0
        for i in range(3):
            total += p.copy(x)
            if i == 0:
                p.copy = lambda v: math.exp(v)  # type: ignore[method-assign]
        return total

    return f


@gives_within(1, 2)
def rebound_property(x: Any) -> Any:
    class P:
        @property
        def v(self) -> Any:
            return x

    p, total = P(), 0.0
    for i in range(3):
        total += p.v if i != 1 else getattr(p, "v")  # noqa: B009
        if i == 0:
            P.v = property(lambda self: math.exp(x))  # type: ignore[assignment, method-assign]
    return total


@gives(1, 2)
def an_attribute_that_becomes_a_property() -> Program:
    class P:
        v: Any = None
        x: Any = None

    def power(self: Any) -> Any:
        return math.exp(self.x)

    def f(x: Any) -> Any:
        p, total = P(), 0.0
        p.v = p.x = x
        for i in range(3):
            total += p.v
            if i == 0:
                P.v = property(power)
        return total

    return f


@gives_within(1, 2)
def a_property_that_becomes_an_attribute(x: Any) -> Any:
    class P:
        @property
        def v(self) -> Any:
            return math.exp(x)

    p, total = P(), 0.0
    p.__dict__["v"] = x
    for i in range(3):
        total += p.v
        if i == 1:
            del P.v
    return total


@gives_within(1, 2)
def a_property_that_falls_back(x: Any) -> Any:
    class P:
        is_there = True

        @property
        def v(self) -> Any:
            if self.is_there:
                return x
            raise AttributeError("v")

    p, total = P(), 0.0
    for i in range(3):
        total += p.v
        if i == 0:
            p.is_there = False
            P.__getattr__ = lambda self, name: operator.add(0, 0) + _e(x)  # type: ignore[attr-defined]
    return total


def _e(x: Any) -> Any:
    return math.exp(x)


@gives_within(1, 2)
def a_cached_property_that_is_emptied(x: Any) -> Any:
    class P:
        way = staticmethod(float)

        @functools.cached_property
        def v(self) -> Any:
            return self.way(x)

    p, total = P(), 0.0
    for i in range(3):
        total += p.v
        if i == 0:
            P.way = staticmethod(math.exp)  # type: ignore[assignment]
            assert p.v is vars(p)["v"]
            del p.v
    return total


@gives(1, 2)
def rebound_setter() -> Program:
    class P:
        w: Any = None

        def put(self, v: Any) -> None:
            self.w = v

        v = property(None, put)

    def f(x: Any) -> Any:
        p, total = P(), 0.0
        for i in range(3):
            p.v = x
            total += p.w
            if i == 0:
                P.v = property(None, lambda self, v: setattr(self, "w", math.exp(v)))
        return total

    return f


@gives_within(1, 2)
def rebound_length(x: Any) -> Any:
    class P:
        def __abs__(self) -> Any:
            return x

    p, total = P(), 0.0
    for i in range(3):
        total += abs(p)
        if i == 0:
            P.__abs__ = lambda self: math.exp(x)  # type: ignore[method-assign]
    return total


@gives_within(1, 2)
def rebound_iteration(x: Any) -> Any:
    class P:
        def __iter__(self) -> Any:
            yield x

    p, total = P(), 0.0
    for i in range(3):
        for v in p:
            total += v
        if i == 0:
            P.__iter__ = lambda self: (math.exp(v) for v in [x])  # type: ignore[method-assign]
    return total


@gives(1, 1)
def what_new_gives_is_only_initialized_if_it_is_of_the_class() -> Program:
    class Other:
        v: Any = 0.0

        def __init__(self, v: Any) -> None:
            self.v = 7.0

    class P(abc.ABC):  # noqa: B024
        def __new__(cls, v: Any) -> Any:
            other = object.__new__(Other)
            other.v = math.exp(v)
            return other

    P.register(Other)

    def f(x: Any) -> Any:
        return P(x).v + x

    return f


@pytest.mark.parametrize("name", PROGRAMS)
def test_rebinding_is_seen_at_once(name: str) -> None:
    make, a, b = PROGRAMS[name]
    x = 0.375
    e = math.exp(x)
    plain = make()(x)
    assert plain == pytest.approx(a * x + b * e, rel=1e-15)
    for _ in range(2):
        value, slope = value_and_grad(make(), lift=True)(x)
        assert value == plain
        assert slope == pytest.approx(a + b * e, rel=1e-14)


class Point:
    """Its class is written to between calls, not in them."""

    def __init__(self, v: Any) -> None:
        self.v = math.exp(v)

    def __add__(self, other: Any) -> Any:
        return self.v + other


def test_what_is_rebound_between_calls(monkeypatch: Any) -> None:
    f = derivative(lambda x: Point(x) + x)
    assert f(0.0) == 2.0
    monkeypatch.setattr(Point, "__init__", lambda self, v: setattr(self, "v", math.exp(3 * v)))
    assert f(0.0) == 4.0
    monkeypatch.setattr(Point, "__add__", lambda self, other: self.v - other)
    assert f(0.0) == 2.0
    monkeypatch.undo()
    assert f(0.0) == 2.0


@pytest.mark.usefixtures("counted_looks")
def test_methods_are_called_as_often_as_plain_code_calls_them() -> None:
    calls: list[str] = []

    class P:
        def __init__(self) -> None:
            calls.append("init")

        def refuse(name: str) -> Any:  # type: ignore[misc]
            def method(self: Any, other: Any) -> Any:
                calls.append(name + str(math.floor(1.5)))
                return NotImplemented

            return method

        __add__, __radd__, __iadd__, __lt__, __gt__, __eq__, __pow__, __imul__ = map(
            refuse, ("add", "radd", "iadd", "lt", "gt", "eq", "pow", "imul")
        )

    def f(x: Any) -> Any:
        p, q = P(), P()
        texts = []
        for left, right in ((p, q), (p, x), (x, p)):
            y = left
            try:
                y += right
            except TypeError as e:
                texts.append(str(e).replace("=:", ":").replace("Dual", "float"))
            for g in (
                lambda a, b: a + b,
                lambda a, b: a < b,
                lambda a, b: a**b,
                operator.iadd,
                operator.imul,
            ):
                try:
                    g(left, right)
                except TypeError as e:  # which of * and *= is asked last, the text does not tell
                    texts.append(str(e).replace("=:", ":").replace("Dual", "float"))
        assert (p == q) is False and (p == p) is True and (p != q) is True
        seen.append(texts)
        return math.exp(x)

    seen: list[list[str]] = []
    f(0.0)
    before = calls.copy()
    calls.clear()
    assert derivative(f, lift=True)(0.0) == 1.0
    assert calls == before and len(before) > 25
    assert seen[0] == seen[1] and len(seen[0]) == 18


def test_classes_are_let_go() -> None:
    def program() -> tuple[Program, Any]:
        class P:
            def __init__(self, v: Any) -> None:
                self.v = math.exp(v)

            def __call__(self) -> Any:
                return self.v

            def __add__(self, other: Any) -> Any:
                return other + self.v

        return lambda x: P(x) + P(x)(), weakref.ref(P)

    made = []
    for _ in range(1500):  # more than are known at a time
        f, ref = program()
        assert derivative(f, lift=True)(0.0) == 2.0
        made.append(ref)
        del f
    gc.collect()
    assert sum(ref() is not None for ref in made) <= 1


def test_classes_in_threads() -> None:
    """Each thread makes classes of one name, and writes to them, while the others run."""
    wrong: list[Any] = []

    def program(k: int) -> Program:
        class P:
            def __init__(self, v: Any) -> None:
                self.v = math.exp(k * v)

            def __add__(self, other: Any) -> Any:
                return self.v + other.v

        def init(self: Any, v: Any) -> None:
            self.v = math.expm1(k * v)

        def add(_: Any, other: Any) -> Any:
            return math.exp(other.v)

        def f(x: Any) -> Any:
            y = P(x) + P(x)
            P.__init__ = init  # type: ignore[method-assign]
            y += P(x) + P(x)
            P.__add__ = add  # type: ignore[method-assign]
            return y + (P(x) + P(x))

        return f

    def work(k: int) -> None:
        for _ in range(100):
            if derivative(program(k), lift=True)(0.0) != 5.0 * k:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_functions_that_are_called_for_attributes() -> None:
    class P:
        @property
        def v(self) -> Any:
            return math.exp(self.x)

        x: Any = None

    def f(x: Any) -> Any:
        p = P()
        p.x = x
        missing = getattr(p, "w", x)
        with pytest.raises(AttributeError, match="'P' object has no attribute 'w'"):
            getattr(p, "w")  # noqa: B009
        with pytest.raises(TypeError):
            getattr(p, 3)  # type: ignore[call-overload]
        assert isinstance(p, P) and isinstance(x, float) and not isinstance(x, (P, int))
        assert type(p) is P and type(x) is float and type([]) is list
        assert type("Q", (P,), {}).__mro__[1] is P
        return getattr(p, "v", None) + missing

    assert derivative(f, lift=True)(0.0) == 2.0


DRIVERS: dict[str, Callable[[Program], Any]] = {
    "derivative": lambda f: derivative(f)(1.3),
    "jvp": lambda f: jvp(f, (1.3,), (1.0,))[1],
    "vjp": lambda f: vjp(f, 1.3)[1](1.0)[0],
    "hvp": lambda f: hvp(f)(1.3, 1.0),
}


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize("name", DRIVERS)
def test_a_function_is_lifted_when_what_it_calls_comes_to_need_it(name: str) -> None:
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return called(x)

    called: Program = lambda x: x * x  # noqa: E731  # which needs no lifting
    DRIVERS[name](f)
    called = lambda x: np.add.reduce([x, 1.0]) * np.sum(np.array([x, x]))  # noqa: E731
    assert DRIVERS[name](f) == pytest.approx(4.0 if name == "hvp" else 2 * (2 * 1.3 + 1))
    calls = 0
    DRIVERS[name](f)
    assert calls == 1  # it is lifted at once
