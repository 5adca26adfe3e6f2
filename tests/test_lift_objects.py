"""Special methods of users' classes, values kept from earlier calls, text, and foreign code."""

from __future__ import annotations

import array
import ast
import collections
import copy
import dataclasses
import datetime
import decimal
import dis
import fractions
import functools
import io
import itertools
import json
import logging
import marshal
import math
import operator
import pickle
import pprint
import random
import statistics
import struct
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support.both import bits

from dualad import Dual, derivative, grad, hessian, jacobian, jvp, lift, value_and_grad, vjp
from dualad.lifting import lift as lifted_code
from dualad.lifting import operators
from dualad.lifting.effects import may_keep

# -- special methods ---------------------------------------------------------------------------


class Two:
    """Two numbers, with `math` in each special method."""

    def __init__(self, a: Any, b: Any) -> None:
        self.a, self.b = a, b

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, Two):
            return NotImplemented
        return Two(math.fsum([self.a, other.a]), self.b + other.b)

    def __radd__(self, other: Any) -> Any:
        return self if other == 0 else NotImplemented

    def __mul__(self, k: Any) -> Any:
        return Two(math.exp(math.log(self.a) + math.log(k)), self.b)

    __rmul__ = __mul__

    def __iadd__(self, other: Any) -> Any:
        self.a = math.sqrt(self.a**2 + other.a**2)
        return self

    def __neg__(self) -> Any:
        return Two(-math.sin(self.a), self.b)

    def __abs__(self) -> Any:
        return math.hypot(self.a, self.b)

    def __pow__(self, n: int) -> Any:
        return math.pow(self.a, n)

    def __matmul__(self, other: Any) -> Any:
        return math.exp(self.a) * other.b

    def __getitem__(self, i: int) -> Any:
        return (math.sin(self.a), math.cos(self.b))[i]

    def __setitem__(self, i: int, x: Any) -> None:
        setattr(self, "ab"[i], math.exp(x))

    def __contains__(self, x: Any) -> bool:
        return math.sin(self.a) > math.sin(x)

    def __lt__(self, other: Any) -> bool:
        return math.sin(self.a) < math.sin(other.a)

    def __len__(self) -> int:
        return math.floor(math.sqrt(self.a) * 3)

    def __float__(self) -> Any:
        return math.sqrt(self.a)

    def __iter__(self) -> Iterator[Any]:
        yield math.sin(self.a)
        yield math.cos(self.b)

    def __call__(self, x: Any) -> Any:
        return math.exp(self.a * x)

    def __enter__(self) -> Any:
        return math.sin(self.a)

    def __exit__(self, *error: Any) -> None: ...


class Derived(Two):
    def __radd__(self, other: Any) -> Any:
        return Two(math.exp(self.a) * other.a, self.b)


class Steps:
    def __init__(self, x: Any) -> None:
        self.x, self.n = x, 0

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        self.n += 1
        if self.n > 3:
            raise StopIteration
        return math.sin(self.x * self.n)


class Logarithm:
    """A descriptor that keeps the logarithm."""

    def __get__(self, x: Any, kind: Any = None) -> Any:
        return math.exp(x.kept)

    def __set__(self, x: Any, value: Any) -> None:
        x.kept = math.log(value)


class Holder:
    d = Logarithm()


def in_place(x: Any) -> Any:
    v = Two(x, 2.0)
    v += Two(x, 1.0)
    return v.a


def stored(x: Any) -> Any:
    v = Two(1.0, 1.0)
    v[0] = x
    return v.a


def entered(x: Any) -> Any:
    with Two(x, 1.0) as y:
        return 2 * y


def described(x: Any) -> Any:
    holder = Holder()
    holder.d = x
    return holder.d * 2


METHODS: dict[str, tuple[Callable[[Any], Any], Callable[[float], float]]] = {
    "a + b": (lambda x: (Two(x, 1.0) + Two(x, x)).a, lambda x: 2),
    "a + derived": (
        lambda x: (Two(x, 1.0) + Derived(x, 1.0)).a,
        lambda x: math.exp(x) * (x + 1),
    ),
    "sum": (lambda x: sum([Two(x, 1.0), Two(2.0, x)]).b, lambda x: 1),  # type: ignore[call-overload]
    "a * k": (lambda x: (Two(x, 1.0) * x).a, lambda x: 2 * x),
    "k * a": (lambda x: (2.0 * Two(x, 1.0)).a, lambda x: 2),
    "x * a": (lambda x: (x * Two(x, 1.0)).a, lambda x: 2 * x),
    "a += b": (in_place, lambda x: math.sqrt(2)),
    "-a": (lambda x: (-Two(x, 1.0)).a, lambda x: -math.cos(x)),
    "abs": (lambda x: abs(Two(x, 2.0)), lambda x: x / math.hypot(x, 2)),
    "a ** n": (lambda x: Two(x, 1.0) ** 3, lambda x: 3 * x**2),
    "a @ b": (lambda x: Two(x, 1.0) @ Two(1.0, x), lambda x: math.exp(x) * (x + 1)),
    "a[0]": (lambda x: Two(x, 1.0)[0], math.cos),
    "a[0] = x": (stored, math.exp),
    "x in a": (lambda x: x if 0.1 in Two(x, 1.0) else -x, lambda x: 1),
    "x not in a": (lambda x: x if 0.1 not in Two(x, 1.0) else -x, lambda x: -1),
    "a < b": (lambda x: x if Two(x, 1.0) < Two(1.5, 1.0) else -x, lambda x: 1),
    "a > b": (lambda x: x if Two(1.5, 1.0) > Two(x, 1.0) else -x, lambda x: 1),
    "len": (lambda x: x * len(Two(x, 1.0)), lambda x: 3),
    "float": (lambda x: float(Two(x, 1.0)), lambda x: 0.5 / math.sqrt(x)),
    "for": (lambda x: sum(v * 2 for v in Two(x, 1.0)), lambda x: 2 * math.cos(x)),
    "for, by steps": (
        lambda x: sum(v * 2 for v in Steps(x)),
        lambda x: sum(2 * n * math.cos(n * x) for n in (1, 2, 3)),
    ),
    "call": (lambda x: Two(2.0, 1.0)(x), lambda x: 2 * math.exp(2 * x)),
    "with": (entered, lambda x: 2 * math.cos(x)),
    "operator.add": (
        lambda x: functools.reduce(operator.add, [Two(x, 1.0), Two(x, 1.0)]).a,
        lambda x: 2,
    ),
    "a descriptor": (described, lambda x: 2),
    "float.__mul__": (lambda x: float.__mul__(math.exp(x), 2.0), lambda x: 2 * math.exp(x)),
}


LEFT, SINGLE, BASE = np.complex128(0.4 + 0.1j), np.complex64(0.6 - 0.1j), np.float64(3)
ARRAY = np.linspace(0.1, 9, 500)
# Operators as functions, and where they stand for themselves: these two are the same to the bit.
AS_FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], complex]] = {
    "mul": (lambda x: operator.mul(LEFT, x), lambda x: LEFT * x, 0.2 + 0.9j),
    "imul": (lambda x: operator.imul(LEFT, x), lambda x: LEFT * x, 0.2 + 0.9j),
    "truediv": (lambda x: operator.truediv(SINGLE, x), lambda x: SINGLE / x, 0.3 - 0.4j),
    "pow": (lambda x: pow(BASE, x), lambda x: BASE**x, -1.3),
    "operator.pow": (lambda x: operator.pow(BASE, x), lambda x: BASE**x, -1.3),
    "ipow": (lambda x: operator.ipow(BASE, x), lambda x: BASE**x, -1.3),
    "pow of an array": (lambda x: pow(ARRAY, x), lambda x: ARRAY**x, 0.5),
    "math.prod": (lambda x: math.prod([SINGLE, x]), lambda x: SINGLE * x, 0.3 - 0.4j),
    "math.prod from a start": (
        lambda x: math.prod(iter([x, x]), start=SINGLE),
        lambda x: SINGLE * x * x,
        0.3 - 0.4j,
    ),
    "reduce": (
        lambda x: functools.reduce(operator.mul, [LEFT, x, x]),
        lambda x: LEFT * x * x,
        0.2 + 0.9j,
    ),
    "accumulate": (
        lambda x: list(itertools.accumulate([LEFT, x], operator.mul))[1],
        lambda x: LEFT * x,
        0.2 + 0.9j,
    ),
    "map": (lambda x: next(map(operator.mul, [LEFT], [x])), lambda x: LEFT * x, 0.2 + 0.9j),
    "starmap": (
        lambda x: next(itertools.starmap(operator.mul, [(LEFT, x)])),
        lambda x: LEFT * x,
        0.2 + 0.9j,
    ),
}


@pytest.mark.parametrize("has_hooks", [False, True])
@pytest.mark.parametrize("name", AS_FUNCTIONS)
def test_operators_as_functions_round_as_operators(name: str, has_hooks: bool) -> None:
    """Also once operators of classes have hooks, which replace these functions."""
    f, infix, x = AS_FUNCTIONS[name]
    if has_hooks:
        assert derivative(lambda x: (Two(x, 1.0) * 2.0).a, lift=True)(0.5) == pytest.approx(2)
        assert lifted_code.OPERATORS
    steps = [0.0] if name == "pow of an array" else np.linspace(-0.3, 0.3, 50)
    for step in steps:
        at = x * (1 + step)
        for given in (at, np.asarray(at)[()]):
            value, slope = jvp(f, (given,), (type(given)(1),), lift=True)
            want, its_slope = jvp(infix, (given,), (type(given)(1),), lift=True)
            assert type(value) is type(f(given))
            assert bits(value) == bits(f(given)) == bits(want)
            np.testing.assert_array_equal(slope, its_slope)


def test_in_place_powers_of_plain_arrays_are_refused() -> None:
    given = ARRAY.copy()
    with pytest.raises(TypeError, match="cannot hold derivatives"):
        jacobian(lambda x: operator.ipow(given, x), lift=True)(0.5)
    np.testing.assert_array_equal(given, ARRAY)


@pytest.mark.parametrize("name", METHODS)
def test_special_methods_are_lifted(name: str) -> None:
    f, slope = METHODS[name]
    value, got = value_and_grad(f)(1.2)
    assert bits(value) == bits(f(1.2))
    assert got == pytest.approx(slope(1.2), rel=1e-14)
    assert derivative(lift(f))(1.2) == got


def test_operators_without_an_answer_raise_pythons_errors() -> None:
    with pytest.raises(TypeError, match=r"unsupported operand .* 'Two' and 'str'"):
        derivative(lambda x: (Two(math.exp(x), 1.0) + "a").a)(1.0)
    assert derivative(lambda x: math.exp(x) * (Two(x, x) == Two(x, x)))(0.0) == 0.0


class Vector:
    """It takes sequences on either side."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __add__(self, other: Any) -> Any:
        return Vector(*(math.exp(a) + b for a, b in zip(self.parts, other, strict=False)))

    def __mul__(self, other: Any) -> Any:
        return Vector(*(math.exp(a) * b for a, b in zip(self.parts, other, strict=False)))

    __radd__, __rmul__ = __add__, __mul__


def to_a_list(x: Any) -> Any:
    v: Any = [1.0]
    v += Vector(x)
    return v.parts[0]


SEQUENCES: dict[str, Callable[[Any], Any]] = {
    "a list": lambda x: operator.add([1.0], Vector(x)).parts[0],
    "a tuple": lambda x: ((1.0,) * Vector(x)).parts[0],
    "bytes": lambda x: (b"a" + Vector(x)).parts[0],  # type: ignore[operator]
    "in place": to_a_list,
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_operators_of_sequences_are_asked_last(name: str) -> None:
    assert derivative(SEQUENCES[name])(0.5) == math.exp(0.5)
    assert derivative(lambda x: len([Two(x, x)] * operator.index(3)) * x)(0.5) == 3.0
    with pytest.raises(TypeError, match="can only concatenate list"):
        derivative(lambda x: operator.add([x], Two(math.exp(x), x)))(0.5)


def test_a_subclass_is_asked_first_in_comparisons() -> None:
    class Base:
        def __init__(self, x: Any) -> None:
            self.x = math.exp(x)

        def __lt__(self, other: Any) -> Any:
            return self.x

        def __gt__(self, other: Any) -> Any:
            return math.exp(self.x * 0) * self.x * 2

    class Inheriting(Base):
        pass

    def f(x: Any) -> Any:
        return Base(x) < Inheriting(x)

    assert value_and_grad(f)(0.5) == (f(0.5), f(0.5)) == (2 * math.exp(0.5), 2 * math.exp(0.5))


def fresh(program: str) -> str:
    """What a program prints in a process of its own, in which no operators are lifted yet."""
    command = [sys.executable, "-c", textwrap.dedent(program)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_operators_of_classes_in_a_command_are_lifted() -> None:
    program = """
        import math
        from dualad import derivative
        class One:
            def __init__(self, x):
                self.x = x
            def __add__(self, other):
                return math.exp(self.x) + other
        print(derivative(lambda x: One(x) + 1.0)(0.0))
    """
    assert fresh(program) == "1.0"


def test_operators_are_found_at_the_end_of_a_long_list() -> None:
    program = """
        import math
        from dualad import derivative
        class Node:
            rest = None
        class One:
            def __add__(self, x):
                return math.exp(x)
        first = node = Node()
        for _ in range(3000):
            node.rest = node = Node()
        node.rest = One()
        del node
        def f(x):
            end = first
            while type(end) is Node:
                end = end.rest
            return end + x
        print(derivative(f)(0.0))
    """
    assert fresh(program) == "1.0"


def test_classes_that_need_no_hooks_are_read_once(monkeypatch: Any) -> None:
    class Plain:
        def __add__(self, other: Any) -> Any:
            return other

    read: list[Any] = []
    monkeypatch.setattr(lifted_code, "OPERATORS", {})
    monkeypatch.setattr(operators, "needs_lift", read.append)

    def f() -> Any:
        return Plain() + 1.0

    for _ in range(3):
        operators.meet(f)
    assert read == [Plain.__add__]


def test_fractions_leave_operations_to_duals_where_operators_have_hooks() -> None:
    x, k = fractions.Fraction(3, 4), fractions.Fraction(9, 16)
    assert derivative(lambda x: (Two(x, 1.0) * 2.0).a, lift=True)(0.5) == pytest.approx(2)
    assert lifted_code.OPERATORS
    for f, slope in (
        (lambda x: k * x, k),
        (lambda x: k - x, -1),
        (lambda x: k / x, -1),
        (lambda x: x**2 * k + k, 2 * k * x),
    ):
        found = derivative(f, lift=True)(x)
        assert type(found) is fractions.Fraction and found == slope


CHANGES = {  # what becomes of p, which was a number in the calls before
    "global": "p = V(); call = lambda: derivative(f)(0.0)",
    "cell": "call = lambda: derivative(made(V()))(0.0)",
    "default": "def_f.__defaults__ = (V(),); call = lambda: derivative(def_f)(0.0)",
    "module": "sys.modules['held'].p = V(); call = lambda: derivative(of_module)(0.0)",
    "other globals": "call = lambda: derivative(types.FunctionType(f.__code__, space))(0.0)",
    "builtin": "import builtins; builtins.q = V(); call = lambda: derivative(of_builtin)(0.0)",
    "list": "held[0] = V(); call = lambda: derivative(of_list)(0.0)",
}


@pytest.mark.parametrize("change", CHANGES)
def test_names_that_come_to_mean_objects_with_operators(change: str) -> None:
    """What the names of a function meant is known from earlier calls, and looked at again."""
    program = f"""
        import math, sys, types
        from dualad import derivative
        class V:
            def __mul__(self, x):
                return math.exp(2.0 * x)
        module = sys.modules["held"] = types.ModuleType("held")
        module.p = p = 1.0
        held = [1.0]
        def f(x):
            return p * math.sin(x)
        def made(p):
            return lambda x: p * math.sin(x)
        def def_f(x, p=1.0):
            return p * math.sin(x)
        def of_module(x):
            return module.p * math.sin(x)
        def of_list(x):
            return held[0] * math.sin(x)
        def of_builtin(x):
            return (q if "q" in dir(__builtins__) else 1.0) * math.sin(x)
        space = dict(globals(), p=V())
        for _ in range(3):
            for g in (f, made(1.0), def_f, of_module, of_list, of_builtin):
                assert derivative(g)(0.0) == 1.0
        {CHANGES[change]}
        print(call())
    """
    assert fresh(program) == "2.0"


def test_hooks_come_at_once(monkeypatch: Any) -> None:
    """A copy that is made while another thread brings the hooks has them."""

    def f(x: Any) -> Any:
        return x + 1.0

    def rewritten(code: Any, hooks: Any, made: Any) -> Any:
        copy = original(code, hooks, made)
        if not lifted_code.OPERATORS:
            other = threading.Thread(target=operators._start)
            other.start()
            other.join()
        return copy

    original = lifted_code.rewritten
    monkeypatch.setattr(lifted_code, "OPERATORS", {})
    monkeypatch.setattr(lifted_code, "FUNCTIONS", dict(lifted_code.FUNCTIONS))
    monkeypatch.setattr(lifted_code, "rewritten", rewritten)
    copy = lifted_code.code_for(f)
    assert any(isinstance(c, type(lifted_code.OPERATORS["+"])) for c in copy.co_consts)


# -- what was kept from an earlier call --------------------------------------------------------


class Kept:
    """The pattern of f and its gradient in SciPy: one evaluation for both."""

    last: Any = None
    value: Any = None

    def __init__(self, is_same: Callable[[Any, Any], Any]) -> None:
        self.is_same = is_same

    def f(self, x: Any) -> Any:
        if self.last is None or not self.is_same(self.last, x):
            self.last, self.value = np.copy(x), np.sum(x**3)
        return self.value


SAME: dict[str, Callable[[Any, Any], Any]] = {
    "array_equal": np.array_equal,
    "all": lambda a, b: np.all(a == b),
    "not any": lambda a, b: not np.any(a != b),
    "norm": lambda a, b: np.linalg.norm(a - b) < 1e-12,
    "allclose": lambda a, b: np.allclose(a, b),
    "elements": lambda a, b: all(p == q for p, q in zip(a, b, strict=True)),
}
AT = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize("mode", [None, "forward", "reverse"])
@pytest.mark.parametrize("name", SAME)
def test_a_value_that_a_plain_call_kept_is_refused(name: str, mode: Any) -> None:
    kept = Kept(SAME[name])
    kept.f(AT)
    with pytest.raises(TypeError, match="grad: the function recognised its argument"):
        grad(kept.f, mode=mode)(AT)
    fresh = Kept(SAME[name])
    assert np.array_equal(grad(fresh.f, mode=mode)(AT), 3 * AT**2)


@pytest.mark.parametrize(
    "call",
    [
        lambda f: derivative(f)(2.0),
        lambda f: value_and_grad(f)(2.0),
        lambda f: hessian(f)(2.0),
        lambda f: jacobian(f)(2.0),
        lambda f: jvp(f, (2.0,), (1.0,)),
        lambda f: vjp(f, 2.0),
        lambda f: derivative(lambda t: t * derivative(f)(t))(2.0),
    ],
)
@pytest.mark.parametrize("is_lifted", [True, False])
def test_every_driver_looks_for_what_was_kept(call: Any, is_lifted: bool) -> None:
    kept: list[Any] = [None, None]

    def f(x: Any) -> Any:
        if kept[0] != x:
            kept[:] = [x, math.exp(x) if is_lifted else x * x]
        return kept[1] * 3 + x

    f(2.0)
    with pytest.raises(TypeError, match="returned a cached value"):
        call(f)
    assert not isinstance(f(2.5), Dual)


def test_a_number_found_by_rounding_is_refused() -> None:
    kept: dict[float, Any] = {}

    def f(x: Any) -> Any:
        key = round(x, 6)
        if key not in kept:
            kept[key] = math.exp(x)
        return kept[key]

    assert derivative(f)(1.0) == math.exp(1.0)
    f(2.0)
    with pytest.raises(TypeError, match="returned a cached value"):
        derivative(f)(2.0)


def memo(f: Any) -> Any:
    last: dict[str, Any] = {}

    @functools.wraps(f)
    def g(x: Any, *more: Any) -> Any:
        if "x" not in last or last["x"] != x:
            last.update(x=x, y=f(x, *more))
        return last["y"]

    return g


def through(inner: Any) -> Any:
    return lambda x: inner(x) * 2


def handed_on(x: Any, model: Any) -> Any:
    return model(x) * 2


def handed_in_a_loop(x: Any, model: Any) -> Any:
    return sum(model(t) for t in [x])


def handed_in_a_list(x: Any, models: Any) -> Any:
    return models[0](x) * 2


def cube(x: Any) -> Any:
    return x**3


KEPT_IN: dict[str, Callable[[], Callable[[Any], Any]]] = {
    "a decorator": lambda: memo(cube),
    "a closure": lambda: through(memo(cube)),
    "a partial": lambda: through(functools.partial(memo(cube))),
    "a list": lambda: functools.partial(handed_in_a_list, models=[memo(cube)]),
}


@pytest.mark.parametrize("name", KEPT_IN)
def test_wherever_it_was_kept(name: str) -> None:
    assert derivative(through(cube))(2.0) == 24.0  # whose code others share
    assert not may_keep(through(cube))
    f = KEPT_IN[name]()
    f(2.0)
    with pytest.raises(TypeError, match="returned a cached value"):
        derivative(f)(2.0)


@pytest.mark.parametrize("f", [handed_on, handed_in_a_loop, handed_in_a_list])
def test_a_function_that_is_given_may_keep(f: Any) -> None:
    model = memo(cube)
    f(2.0, [model] if f is handed_in_a_list else model)
    with pytest.raises(TypeError, match="returned a cached value"):
        derivative(f)(2.0, [model] if f is handed_in_a_list else model)


def test_functions_made_on_the_way_are_read() -> None:
    def f(x: Any) -> Any:
        def g(t: Any) -> Any:
            return t * x

        h = lambda t: t  # noqa: E731
        return g(x) + h(x) + sum(g(t) for t in [x])

    assert not may_keep(f)


def test_subscripts_as_python_3_14_writes_them(monkeypatch: Any) -> None:
    def f(x: Any, known: Any) -> Any:
        known[0] = x
        return known[x]

    original = dis.get_instructions

    def renamed(code: Any) -> Iterator[Any]:
        for step in original(code):
            is_subscript = step.opname == "BINARY_SUBSCR"
            yield step._replace(opname="BINARY_OP", argrepr="[]") if is_subscript else step

    monkeypatch.setattr(dis, "get_instructions", renamed)
    assert may_keep(f, by_key=True)


@pytest.mark.parametrize("chunk", [None, 1])
def test_an_element_found_by_rounding_is_refused(chunk: int | None) -> None:
    """Where others of the same array have their derivatives."""
    kept: dict[float, Any] = {}

    def f(x: Any) -> Any:
        key = round(x[0], 6)
        if key not in kept:
            kept[key] = x[0] ** 2
        return np.stack([kept[key], x[1] * x[2]])

    x = np.array([1.0, 5.0, 3.0])
    f(x)
    with pytest.raises(TypeError, match="returned a cached value"):
        jacobian(f, chunk=chunk)(x)


def test_ties_that_decide_nothing_are_no_reuse() -> None:
    class Counting:
        n = 0

        def f(self, x: Any) -> Any:
            self.n += 1
            return np.sin(x) / x if x != 0 else 1.0 + 0 * x

        def g(self, x: Any) -> Any:
            self.n += 1
            return x if x == 2.0 else math.exp(x)

    assert derivative(Counting().f)(0.0) == 0.0
    assert derivative(Counting().g)(2.0) == 1.0
    assert derivative(lambda x: 0.0 if x == 0 else x)(0.0) == 0.0  # keeps nothing


# -- text ----------------------------------------------------------------------------------------

TEXTS: dict[str, Callable[[Any], str]] = {
    "f-string": lambda x: f"{x:.3f} {x}",
    "str": str,
    "repr": repr,
    "format": lambda x: format(x, "8.2e"),
    "percent": lambda x: "%.2f|%s" % (x, x),  # noqa: UP031
    "percent of one": lambda x: "%8.3f" % x,  # noqa: UP031
    "percent of a dict": lambda x: "%(x).2f" % {"x": x},  # noqa: UP031
    "str.format": lambda x: "{:.2f} {}".format(x, x),  # noqa: UP032
    "a list": lambda x: str([x, (x, 2)]),
    "NumPy's": lambda x: f"{np.exp(x)} {np.exp(x)!r}",
    "an array": lambda x: str(np.array([x, 2 * x])),
    "print": lambda x: _printed(x),
}


def _printed(x: Any) -> str:
    out = io.StringIO()
    print("x:", x, file=out)
    return out.getvalue()


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_that_of_the_plain_run(name: str) -> None:
    text = TEXTS[name]
    expected = text(1.5)

    def f(x: Any) -> Any:
        return x * 2 if text(x) == expected else 0.0 * x

    assert value_and_grad(f)(1.5) == (3.0, 2.0)
    assert grad(grad(lambda x: x * f(x)))(1.5) == 4.0


def test_a_dual_by_hand_shows_its_tangent() -> None:
    assert repr(Dual(1.5, 1.0)) == str(Dual(1.5, 1.0)) == "Dual(1.5, 1.0)"
    assert f"{Dual(1.5, 1.0):.1f}" == "1.5 + 1.0ε"


def test_a_number_read_back_from_text_is_refused() -> None:
    with pytest.raises(
        TypeError, match=r"float\('1.500'\) reads a number from text that was made from a dual"
    ):
        derivative(lambda x: x * float(f"{x:.3f}"))(1.5)
    with pytest.raises(TypeError, match="reads a number from text that was made from a dual"):
        derivative(lambda x: x * float(("x=%.2f" % x).split("=")[1]))(1.5)  # noqa: UP031
    assert derivative(lambda x: x * float("1.5"))(1.25) == 1.5


READ: dict[str, Callable[[Any], Any]] = {
    "Decimal": lambda x: x * float(decimal.Decimal(str(x))),
    "repr": lambda x: x * float(decimal.Decimal(repr(x))),
    "!r": lambda x: x * float(fractions.Fraction(f"{x!r}")),
    "%r": lambda x: x * float(decimal.Decimal("%r" % x)),  # noqa: UP031
    "ascii": lambda x: x * ast.literal_eval(ascii(x)),
    "repr in a list": lambda x: x * ast.literal_eval(str([x]))[0],
    "pformat": lambda x: x * ast.literal_eval(pprint.pformat({"x": x}))["x"],
    "eval": lambda x: x * eval(f"{x}"),
    "json": lambda x: x * json.loads(f"[{x}]")[0],
    "an array": lambda x: x * np.array([x]).astype(str).astype(float)[0],
    "genfromtxt": lambda x: x * np.genfromtxt([f"{x}"]),
}


@pytest.mark.parametrize("lift", [None, False])
@pytest.mark.parametrize("name", READ)
def test_numbers_read_from_text_in_other_ways_are_refused(name: str, lift: bool | None) -> None:
    """Each is x squared, of which half the derivative would be lost."""
    f = READ[name]
    assert f(1.5) == 2.25
    for driver in (derivative, grad, hessian):
        with pytest.raises(
            TypeError, match="turns a dual into text, and its values move otherwise"
        ):
            driver(f, lift=lift)(1.5)
    many = np.linspace(1, 2, 40).tolist()  # floats of Python's, as text too
    with pytest.raises(TypeError, match=r"grad: the function turns a dual into text"):
        grad(lambda v: sum(f(x) for x in v), lift=lift)(many)
    with pytest.raises(TypeError, match=r"vjp: the function turns a dual into text"):
        vjp(f, 1.5, lift=lift)


def test_a_number_that_another_program_reads_is_refused() -> None:
    def f(x: Any) -> Any:
        command = [sys.executable, "-S", "-c", f"print({x} * 2)"]
        return x * json.loads(subprocess.check_output(command))

    with pytest.raises(TypeError, match=r"by 6\.0\d*, not 3\.0"):
        derivative(f)(1.5)


@pytest.mark.usefixtures("counted_looks")
def test_text_beside_the_numbers_is_no_loss() -> None:
    """Differences that agree, or do not settle, refuse nothing, and are seldom made again."""
    calls: list[str] = []

    def f(v: Any) -> Any:
        calls.append(f"{v}")
        return abs(v[0]) + v[1] ** 3 + float(np.maximum(v[0], v[1])) * 0 + 1e6

    x = np.array([0.0, 2.0])
    assert grad(f)(x).tolist() == [0.0, 12.0]
    first = len(calls)
    for _ in range(7):  # at the second, the fourth and the eighth call they are
        assert grad(f)(x).tolist() == [0.0, 12.0]
    assert len(calls) == 4 * first + 4


@pytest.mark.parametrize("other", ["2", "1", "104", ".1"])
def test_other_numbers_are_not_read_back(other: str) -> None:
    assert derivative(lambda x: x * float(other) if f"{x:.3f}" else x)(2.104) == float(other)


def test_empty_text_is_no_number_of_a_dual() -> None:
    with pytest.raises(ValueError, match="could not convert string to float"):
        derivative(lambda x: x * float("") if f"{x:.3f}" else x)(2.104)


def test_logging(caplog: Any) -> None:
    log = logging.getLogger("dualad.test")

    def f(x: Any) -> Any:
        log.warning("x = %.2f", x)
        logging.warning("again %s", x)
        return math.exp(x)

    assert derivative(f)(1.0) == math.exp(1.0)
    assert [r.getMessage() for r in caplog.records] == ["x = 1.00", "again 1.0"]
    assert {r.funcName for r in caplog.records} == {"f"}


# -- the library ---------------------------------------------------------------------------------

DATA = [1.3, 2.0, 4.0, 3.1]


@pytest.mark.parametrize(
    "name",
    [
        *("mean", "fmean", "median", "variance", "pvariance", "stdev", "pstdev"),
        *("geometric_mean", "harmonic_mean"),
    ],
)
def test_statistics(name: str) -> None:
    f = getattr(statistics, name)
    value, slopes = value_and_grad(lambda x: f(x))(DATA)
    assert bits(value) == bits(f(DATA))
    for i, slope in enumerate(slopes):

        def moved(h: float, i: int = i) -> Any:
            return f([v + h * (j == i) for j, v in enumerate(DATA)])

        h = 1e-3
        right = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
        assert slope == pytest.approx(right, rel=1e-9)


DRAWN: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "normal": ((1.2, 0.7), (1, 1)),
    "laplace": ((1.2, 0.7), (1, 1)),
    "logistic": ((1.2, 0.7), (1, 1)),
    "gumbel": ((1.2, 0.7), (1, 1)),
    "uniform": ((0.3, 2.1), (1, 1)),
    "exponential": ((0.7,), (1,)),
    "rayleigh": ((0.7,), (1,)),
    "lognormal": ((0.2, 0.7), (1, 1)),
}


@pytest.mark.parametrize("kind", [np.random.default_rng, np.random.RandomState])
@pytest.mark.parametrize("size", [None, 4])
@pytest.mark.parametrize("name", DRAWN)
def test_families_of_location_and_scale(name: str, size: Any, kind: Any) -> None:
    at, _ = DRAWN[name]

    def f(*p: Any) -> Any:
        return getattr(kind(3), name)(*p, size=size)

    value, _ = jvp(f, at, (1.0,) * len(at))
    assert bits(value) == bits(f(*at))
    slopes = jacobian(lambda p: f(*p))(list(at))
    for i in range(len(at)):

        def moved(h: float, i: int = i) -> Any:
            return f(*(v + h * (j == i) for j, v in enumerate(at)))

        h = 1e-3
        right = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
        got = slopes[i] if size is None else slopes[:, i]
        assert got == pytest.approx(right, rel=1e-8)


def test_other_families_are_refused_by_name() -> None:
    for name in ("gamma", "poisson", "beta", "chisquare"):
        more = (1.0,) if name in ("beta",) else ()
        with pytest.raises(TypeError, match=f"{name} of np.random has no derivative"):
            derivative(lambda x, n=name, m=more: getattr(np.random.default_rng(1), n)(x, *m))(1.5)
    assert derivative(lambda x: random.Random(1).gauss(x, 1.0))(1.5) == 1.0


ROWS = np.random.default_rng(5).uniform(0.1, 2, (6, 4))


def shuffled(rng: Any, x: Any, **axis: Any) -> Any:
    y = x * 1.0
    rng.shuffle(y, **axis)
    return y


def filled_and_shuffled(rng: Any, x: Any) -> Any:
    y = np.zeros(np.shape(x))
    y[1:] = x[1:]
    rng.shuffle(y)
    return y


def permuted_into(rng: Any, x: Any) -> Any:
    out = x * 0.0
    assert rng.permuted(x, axis=1, out=out) is out
    return out


def shuffled_rows(rng: Any, x: Any) -> Any:
    rows = [row * 1.0 for row in x]
    rng.shuffle(rows)
    return np.array(rows)


CHOSEN: dict[str, Callable[[Any, Any], Any]] = {
    "shuffle": shuffled,
    "shuffle of a view": lambda rng, x: shuffled(rng, x.T[1:]),
    "shuffle of one axis": lambda rng, x: shuffled(rng, x[0]),
    "shuffle of a buffer": filled_and_shuffled,
    "shuffle of a list": shuffled_rows,
    "permutation": lambda rng, x: rng.permutation(x),
    "permutation of one axis": lambda rng, x: rng.permutation(x[:, 1]),
    "permutation of a list": lambda rng, x: rng.permutation([x[0, 0], x[1, 1], 3.0]),
    "choice": lambda rng, x: rng.choice(x[:, 0], (5, 5)),
    "choice by name": lambda rng, x: rng.choice(a=x[:, 0], size=20, p=np.arange(6) / 15),
    "choice of one": lambda rng, x: rng.choice(x[2]),
}
CHOSEN_BY_GENERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "shuffle along an axis": lambda rng, x: shuffled(rng, x, axis=1),
    "permutation along an axis": lambda rng, x: rng.permutation(x, axis=1),
    "permuted": lambda rng, x: rng.permuted(x),
    "permuted along an axis": lambda rng, x: rng.permuted(x, axis=0),
    "permuted into": permuted_into,
    "choice of rows": lambda rng, x: rng.choice(x, 4, replace=False),
    "choice of columns": lambda rng, x: rng.choice(x, 30, axis=1),
}


def legacy(seed: int) -> Any:
    np.random.seed(seed)
    return np.random


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("kind", [np.random.default_rng, np.random.RandomState, legacy])
def test_random_choices_are_those_of_the_plain_run(kind: Any, mode: Any) -> None:
    of_kind = CHOSEN_BY_GENERATORS if kind is np.random.default_rng else {}
    for name, choose in (CHOSEN | of_kind).items():

        def f(x: Any, choose: Any = choose) -> Any:
            rng = kind(3)
            y = choose(rng, x)
            weights = np.arange(1.0, np.size(y) + 1).reshape(np.shape(y))
            return np.sum(y), np.sum(y * weights) + rng.normal()

        values = [value_and_grad(lambda x, i=i: f(x)[i], mode=mode)(ROWS) for i in range(2)]
        assert [bits(value) for value, _ in values] == [bits(value) for value in f(ROWS)], name
        slopes = [f(e.reshape(6, 4))[1] - f(ROWS * 0)[1] for e in np.eye(24)]
        np.testing.assert_allclose(values[1][1].ravel(), slopes, atol=1e-12, err_msg=name)


# -- code that is not reached --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "call"),
    [
        (lambda x: math.exp(x) * array.array("d", [x])[0], 'array.array("d", [x])'),
    ],
)
def test_what_is_not_reached_says_whose_call_it_was(f: Any, call: str) -> None:
    for driver in (derivative, grad, jacobian):
        with pytest.raises((TypeError, ValueError)) as caught:
            driver(f)(1.5)
        (note,) = caught.value.__notes__
        assert note.startswith(f"{driver.__name__}: {call} leads to code that lifting does not")
        assert "dualad.lift(f)" not in str(caught.value)


DOUBLES = struct.Struct("d")


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (lambda x: x * datetime.timedelta(seconds=x).days, "timedelta"),
        (lambda x: x * len(struct.pack("d", x)), r"struct\.pack"),
        (lambda x: x * len(DOUBLES.pack(x)), r"struct\.Struct\.pack"),
        (lambda x: x * len(struct.Struct("<d").pack(x)), r"struct\.Struct\.pack"),
        (lambda x: math.exp(x) * fractions.Fraction(x).numerator, "Fraction"),
    ],
)
def test_some_of_it_is_refused_by_its_name(f: Any, name: str) -> None:
    for driver in (derivative, grad, jacobian):
        with pytest.raises(TypeError, match=rf"{name}.* would lose the derivative"):
            driver(f)(1.5)


def test_errors_of_the_users_code_get_no_note() -> None:
    def f(x: Any) -> Any:
        return math.exp(x) * int("no number")

    with pytest.raises(ValueError, match="invalid literal") as caught:
        derivative(f)(1.0)
    assert not getattr(caught.value, "__notes__", [])


# -- makers of arrays ----------------------------------------------------------------------------


def test_orders_and_aliases_of_contiguous_arrays() -> None:
    def f(x: Any) -> Any:
        a = np.ascontiguousarray(np.outer(x, np.array([1.0, 2.0])).T)
        b = np.ascontiguousarray(a)
        b[0, 0] = 5.0 * x[1]
        return a.ravel() if a.flags.c_contiguous and np.shares_memory(a, b) else 0.0 * x

    x = np.array([1.5, 2.5])
    assert np.array_equal(jvp(f, (x,), (np.ones(2),))[0], f(x))
    assert np.array_equal(jacobian(f)(x), [[0, 5], [0, 1], [2, 0], [0, 2]])


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: np.polyfit([0.0, 1.0, 2.0], [x, 1.0, 3.0], 1)[0], -0.5),
        (lambda x: np.vectorize(lambda t: math.exp(t), otypes=[float])([x, 2.0]).sum(), np.e),
        (lambda x: np.fromiter((t * x for t in (1.0, 2.0)), float).sum(), 3.0),
        (lambda x: np.arange(0, 4 * x, x).sum(), 6.0),
        (lambda x: sum(v * 2.0 for v in np.nditer(np.array([x, 2 * x]))), 6.0),
        (lambda x: np.array([x, 1.0]).conj()[:0].sum() + math.sin(x), math.cos(1.0)),
    ],
)
def test_makers(f: Any, slope: float) -> None:
    value, got = jvp(f, (1.0,), (1.0,))
    assert value == f(1.0)
    assert got == pytest.approx(slope, rel=1e-13)


def test_correlation_of_lists() -> None:
    def f(x: Any) -> Any:
        return np.corrcoef([x, 1.0, 2.0], [1.0, 2.0, 4.0])[0, 1]

    h = 1e-3
    right = (8 * (f(1.3 + h) - f(1.3 - h)) - (f(1.3 + 2 * h) - f(1.3 - 2 * h))) / (12 * h)
    value, slope = jvp(f, (1.3,), (1.0,))
    assert value == f(1.3)
    assert slope == pytest.approx(right, rel=1e-9)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_nditer_goes_through_several_arrays_side_by_side(mode: Any) -> None:
    def weighted(x: Any) -> Any:
        total, k = 0.0, 1
        for u, v, w in np.nditer([x, x**2, 2.0]):
            total, k = total + k * u * v * w, k + 1
        for (u,) in [[u] for u in np.nditer([x])]:
            total += u
        return total

    x = np.array([[1.0, 2.0, -1.0], [3.0, 0.5, 1.5]])
    for given, order in ((x, "C"), (np.asfortranarray(x), "F"), (x.T, "F")):
        k = np.arange(1.0, 7.0).reshape(given.shape, order=order)
        value, slopes = value_and_grad(weighted, mode=mode)(given)
        assert value == weighted(given) and (slopes == 6 * k * given**2 + 1).all()


def test_masked_arrays_and_marshal_are_refused_by_name() -> None:
    x = np.array([1.0, 2.0, 3.0])
    for f, name in (
        (lambda x: np.ma.masked_array(x, x > 2).sum(), "np.ma.MaskedArray"),
        (lambda x: np.ma.masked_invalid(x).std(), "np.ma.masked_invalid"),
        (lambda x: marshal.dumps(x[0]), "marshal.dumps"),
    ):
        with pytest.raises(TypeError, match=f"{name} would lose the derivative"):
            grad(f)(x)


def test_notes_for_masked_arrays_in_code_that_is_not_lifted() -> None:
    for f in (
        lambda x: np.ma.masked_array(x, x > 2).max(),
        lambda x: np.ma.median(np.ma.masked_array(x, x > 2)),
        lambda x: np.ma.masked_array(x, x > 2).std(),
    ):
        with pytest.raises(TypeError) as caught:
            grad(f, lift=False)(np.array([1.0, 2.0, 3.0]))
        assert "for a masked array" in caught.value.__notes__[0]


def test_nditer_with_options_is_refused() -> None:
    def f(x: Any) -> Any:
        a = np.array([x, 1.0])
        with np.nditer(a, op_flags=[["readwrite"]]) as steps:
            for v in steps:
                v[...] = 2 * v
        return a.sum()

    with pytest.raises(TypeError, match=r"np.nditer takes no options"):
        derivative(f)(1.0)


@dataclasses.dataclass
class Compared:
    a: float = 1.0


@pytest.mark.parametrize("left", [Compared(), Compared(2.0)])
@pytest.mark.parametrize("right", [None, 1.0, "a", Compared(), Compared, NotImplemented])
def test_objects_whose_eq_has_no_answer(left: Any, right: Any) -> None:
    def f(x: Any) -> Any:
        answers = left == right, right == left, left != right, right != left, left in [right]
        return sum((2.0**i * x * answer for i, answer in enumerate(answers)), 0.0 * x)

    class Operated:  # for which operators are lifted at all
        def __mul__(self, x: Any) -> Any:
            return math.sin(x)

    assert derivative(lambda x: f(x) + 0.0 * (Operated() * x))(1.0) == f(1.0)


def twice(v: Any) -> Any:
    return 2.0 * math.sin(v)


def _keep_no_more(v: Any) -> Any:
    return v


# Objects that keep a function, and show or copy it: whether it is the same is asked of each.
KEEPING: dict[str, Callable[[Any], Any]] = {
    "partial": lambda x: functools.partial(twice, 1).func is twice,
    "argument": lambda x: functools.partial(map, twice).args[0] is twice,
    "keyword": lambda x: functools.partial(sorted, key=twice).keywords["key"] is twice,
    "wraps": lambda x: functools.wraps(twice)(_keep_no_more).__wrapped__ is twice,  # type: ignore[attr-defined]
    "update_wrapper": lambda x: functools.update_wrapper(lambda: 0, twice).__wrapped__ is twice,
    "factory": lambda x: collections.defaultdict(list).default_factory is list,
    "float": lambda x: collections.defaultdict(float).default_factory is float,
    "pickled": lambda x: pickle.loads(pickle.dumps(functools.partial(math.pow, 2.0)))(3.0) == 8.0,
    "copied": lambda x: copy.deepcopy(functools.partial(math.pow, 2.0))(3.0) == 8.0,
    "dicts": lambda x: copy.deepcopy(collections.defaultdict(dict, a={1: 2}))["a"] == {1: 2},
    "called": lambda x: functools.partial(twice, x)() == functools.partial(twice)(x),
    "mapped": lambda x: sum(map(functools.partial(math.pow, x), [1.0, 2.0])) == x + x * x,
}


@pytest.mark.parametrize("name", KEEPING)
def test_functions_that_objects_keep_are_the_users(name: str) -> None:
    asked = KEEPING[name]
    assert asked(0.5)
    assert derivative(lambda x: math.sin(x) * asked(x))(0.5) == math.cos(0.5)
