"""The compiled Dual against the readable one, to the last bit: every row, special points, random
programs, exceptions and texts. (Without the kernel both are the readable one, and agree too.)"""

from __future__ import annotations

import copy
import math
import os
import pickle
from collections.abc import Callable
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.both import PACKAGES, agree, bits, pure, said
from support.processes import run_python

import dualad
from dualad import Dual, kernel_info
from dualad.kernel import KERNEL
from dualad.rules import Rule, table
from dualad.structure import rebuild
from dualad.table import RULES

INSIDE = KERNEL.DIRECTIONS if KERNEL else 16
COMPILED = set(KERNEL.ROWS) if KERNEL else set()
needs_kernel = pytest.mark.skipif(KERNEL is None, reason="no compiled kernel")

SPECIAL = (
    0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 1e-320, 1e-160, 1e160, 1.7e308, -1.7e308, math.inf, -math.inf,
    math.nan, 0.1, -3.7, 709.0, 20.0, 2.5, 1e16,
)  # fmt: skip
SLOW = ("gamma", "lgamma", "digamma", "polygamma")  # mpmath, which takes its time far out
ROWS = [r for r in table() if r.name != "divmod"]


def name_of(x: Any) -> str:
    return x.name if isinstance(x, Rule) else str(x)


# -- the table ---------------------------------------------------------------------------------


@needs_kernel
def test_which_rows_are_left_to_the_readable_dual() -> None:
    """Three arguments, steps with other results than floats, and what libm does not have."""
    assert {r.name for r in table()} - COMPILED == {
        "fma", "clip", "divmod", "floor", "ceil", "trunc", "round", "isfinite", "isinf", "isnan",
        "heaviside", "nan_to_num", "sinc", "_sinc", "imag", "conj", "frexp", "modf", "_exponent",
    }  # fmt: skip


def points(rule: Rule) -> list[tuple[float, ...]]:
    """The row's own intervals, its special points, and numbers from all over."""
    random = np.random.default_rng(len(rule.name))
    inside = random.uniform(*np.transpose(rule.over), (20, len(rule.args))).tolist()
    n = len(rule.args)
    wild = (random.standard_normal((30, n)) * 10 ** random.uniform(-9, 9, (30, n))).tolist()
    special = list(product(SPECIAL[:: n * n], repeat=n)) if n < 3 else []
    whole = [a == b for a, b in rule.over]
    if rule.name in SLOW:
        wild, special = [], []
    return [
        tuple(int(x) if w and math.isfinite(x) else x for x, w in zip(p, whole, strict=True))
        for p in [*inside, *wild, *special, *rule.points]
    ]


def row_at(package: ModuleType, name: str, args: list[Any]) -> Any:
    return package.dual.function(package.rules.RULES[name])(*args)


def seeds(k: int | None, i: int) -> Any:
    """A tangent: a number, or k directions."""
    if k is None:
        return (0.7, -1.3, 0.2)[i]
    return np.linspace(-1.1 + i, 1.7, k) if k else np.zeros(0)


@pytest.mark.parametrize("kind", [float, np.float64], ids=["float", "float64"])
@pytest.mark.parametrize("rule", ROWS, ids=name_of)
def test_every_row_says_the_same(rule: Rule, kind: Any) -> None:
    """As a function, with each argument dual or not, with a number and with directions."""
    n = len(rule.args)
    for j, point in enumerate(points(rule)):
        for active in range(1, 1 << n):
            k = (None, 1, 3)[j % 3]

            agree(
                lambda package, point=point, active=active, k=k: row_at(
                    package, rule.name, [
                        package.Dual(kind(x), seeds(k, i)) if active >> i & 1 else x
                        for i, x in enumerate(point)
                    ]
                )
            )  # fmt: skip


@pytest.mark.parametrize("rule", [r for r in ROWS if r.name not in SLOW], ids=name_of)
def test_every_row_says_the_same_at_second_order(rule: Rule) -> None:
    n = len(rule.args)
    for j, point in enumerate(points(rule)[::2]):
        for kinds in list(product(range(4), repeat=n))[j % 2 :: 2 * n]:
            older, newer = ((None, None), (2, None), (None, 3), (3, 2))[j % 4]

            if any(kinds):
                agree(
                    lambda package, point=point, kinds=kinds, older=older, newer=newer: row_at(
                        package, rule.name, [
                            two_levels(package, x, kinds[i], i, older, newer)
                            for i, x in enumerate(point)
                        ]
                    )
                )  # fmt: skip


def two_levels(
    package: ModuleType, x: Any, kind: int, i: int, older: int | None, newer: int | None
) -> Any:
    """x as it is, as a dual of an older level, of a newer one, or of both."""
    dual = package.pair.dual
    if isinstance(x, float):
        if kind & 1:
            x = dual(x, seeds(older, i), 5)
        if kind & 2:
            x = dual(x, seeds(newer, i + 1), 7)
    return x


@pytest.mark.parametrize("older, newer", [(40, None), (None, 40), (33, 35), (70, 2)])
@pytest.mark.parametrize("rule", [r for r in ROWS if r.name not in SLOW], ids=name_of)
def test_every_row_says_the_same_in_many_directions(
    rule: Rule, older: int | None, newer: int | None
) -> None:
    """Of those of the older level the kernel takes 32 at once."""
    n = len(rule.args)
    for point in points(rule)[:3]:
        for kinds in product(range(4), repeat=n):
            if any(kinds):
                agree(
                    lambda package, point=point, kinds=kinds: row_at(
                        package, rule.name, [
                            two_levels(package, x, kinds[i], i, older, newer)
                            for i, x in enumerate(point)
                        ]
                    )
                )  # fmt: skip


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("n", [16, 17, 33, 65])
def test_second_derivatives_in_many_directions(n: int, mode: Any) -> None:
    """They are those of Σ tₖ·xᵢ·xⱼ, and of one class of duals, without falling back."""
    x, kinds = np.linspace(0.1, 0.9, n), set()
    wanted = np.zeros((n, n))
    for i in range(n):
        wanted[i, (i + 1) % n] += i + 1
        wanted[(i + 1) % n, i] += i + 1

    def f(x: Any) -> Any:
        y = 0.0
        for i in range(n):
            y = y + (i + 1) * x[i] * x[(i + 1) % n]
            kinds.add(type(y))
        return y

    gradient = dualad.grad(f, mode=mode)
    np.testing.assert_allclose(dualad.jacobian(gradient)(x), wanted)
    np.testing.assert_allclose(dualad.jacobian(gradient)(x.tolist()), wanted)
    np.testing.assert_allclose(dualad.jvp(gradient, (x,), (x,))[1], wanted @ x)
    np.testing.assert_allclose(dualad.hessian(f, mode=mode)(x), wanted)
    if KERNEL is not None:
        assert kinds - {float, np.float64} <= {KERNEL.Nested, KERNEL.Recorded}


@pytest.mark.parametrize("level", [4, 5, 6])
@pytest.mark.parametrize("older", [None, 2])
@pytest.mark.parametrize("n", [None, 2, 40])
def test_tangents_that_are_duals(level: int, older: int | None, n: int | None) -> None:
    """Of the level of the value, or of another one."""

    def program(package: ModuleType) -> Any:
        dual = package.pair.dual
        t: Any = 3.0 if n is None else np.arange(1.0, n + 1)
        shape = ((older,) if older else ()) + np.shape(t)
        t_dot: Any = np.cos(np.arange(math.prod(shape))).reshape(shape) if shape else 0.5
        x = dual(dual(2.0, seeds(older, 0), 5), dual(t, t_dot, level), 7)
        return x, x * x, package.sin(x)

    agree(program)


BINARY = [r for r in ROWS if len(r.args) == 2 and r.name not in SLOW and r.kind != "flat"]


@pytest.mark.parametrize("rule", BINARY, ids=name_of)
@pytest.mark.parametrize("levels", list(product([(5, 7), (6, 7), (5, 6), (5,), (7,)], repeat=2)))
@pytest.mark.parametrize("older", [(None, None), (2, 2), (2, 3), (None, 2)])
def test_rows_with_arguments_of_other_levels(rule: Rule, levels: Any, older: Any) -> None:
    """Tangents of three levels are never mixed up, nor those of other numbers of directions."""

    def program(package: ModuleType) -> Any:
        args: list[Any] = [(low + high) / 2 + 0.1 for low, high in rule.over]
        for i, mine in enumerate(levels):
            for level in mine:
                t = 1.5 + i if level == 7 else seeds(older[i], i)
                args[i] = package.pair.dual(args[i], t, level)
        return row_at(package, rule.name, args)

    agree(program)


@needs_kernel
@pytest.mark.parametrize("name", sorted(n for n in COMPILED if not n.startswith("_")))
def test_compiled_rows_stay_compiled(name: str) -> None:
    """At a usual point they do not fall back, at first and second order."""
    rule = RULES[name]
    if rule.kind == "flat":
        pytest.skip("gives plain numbers")
    point = [float(a + b) / 2 + 0.1 for a, b in rule.over]
    assert KERNEL is not None
    f = KERNEL.function(name, readable_is_asked, "")

    def of_duals(make: Callable[[float], Any]) -> Any:
        is_count = [slope is None for slope in rule.slopes]
        return f(*(round(x) if c else make(x) for x, c in zip(point, is_count, strict=True)))

    try:
        one = of_duals(lambda x: Dual(x, 1.0))
        two = of_duals(lambda x: dualad.pair.dual(Dual(x, 1.0), 1.0, 9))
    finally:
        dualad.dual._FUNCTIONS.pop(rule, None)
        dualad.dual.function(rule)
    assert [type(one), type(two)] == list(KERNEL.KINDS)


def readable_is_asked(*args: Any) -> Any:
    raise AssertionError("this point is usual")


# -- directions --------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [0, 1, 2, INSIDE - 1, INSIDE, INSIDE + 1, INSIDE + 3, 40])
def test_any_number_of_directions(k: int) -> None:
    def program(package: ModuleType) -> Any:
        x, y = package.Dual(1.3, seeds(k, 0)), package.Dual(0.4, seeds(k, 1))
        z = dualad_like(package, x, y)
        return z, z.tangent.shape, repr(z), f"{z:.3f}"

    agree(program)


def dualad_like(package: ModuleType, x: Any, y: Any) -> Any:
    return package.sin(x * y) / (2 - x) + y**2 - 3 * package.exp(-x) + x**y - abs(-y)


def test_tangents_of_other_shapes_do_not_meet() -> None:
    for one, other in (((), (3,)), ((2,), (3,)), ((1,), ()), ((INSIDE + 1,), (INSIDE + 2,))):
        for operation in ("__add__", "__mul__", "__pow__"):
            told = agree(
                lambda p, a=one, b=other, op=operation: getattr(p.Dual(1.0, np.ones(a)[()]), op)(
                    p.Dual(2.0, np.ones(b)[()])
                )
            )
            assert told[0] == "ValueError"


def test_one_pass_says_what_many_passes_say() -> None:
    def f(x: list[Any]) -> Any:
        return sum((x[i + 1] - x[i] ** 2) ** 2 for i in range(len(x) - 1)) / dualad.cosh(x[0])

    for n in (1, 2, INSIDE, INSIDE + 1, 50):
        x = [0.1 * i for i in range(n)]
        one = dualad.grad(f)(x)
        many = dualad.jacobian(f, chunk=1)(x)
        assert np.array_equal(one, many)  # up to the sign of zeros


# -- the number in all other respects ----------------------------------------------------------

OPERANDS = (
    "3", "True", "2**70", "0.5", "0.0", "np.float64(0.5)", "np.float32(0.5)", "np.int64(3)", "1j",
    "Fraction(1, 3)", "mpf(2)", "np.array([1.0, 2.0])", "'a'", "None", "[1.0]", "x", "y", "k",
    "package.Dual(Fraction(1, 3), 1)", "package.Dual(np.array([1.0, 2.0]), np.ones(2))",
    "package.Dual(2j, 1.0)", "z", "2**53 + 1",
)  # fmt: skip
OPERATIONS = ("+", "-", "*", "/", "**", "//", "%", "<", "<=", "==", "!=", ">", ">=")
FUNCTIONS = """
    repr str bool int float complex hash abs round math.floor math.ceil math.trunc math.sin np.sin
    np.exp np.floor np.isnan np.real np.imag np.shape np.ndim np.asarray np.sign np.cos package.sin
    package.floor package.gamma package.clip len iter bytes copy.copy copy.deepcopy operator.index
"""
EXPRESSIONS = [
    *(f"x {op} ({other})" for op in OPERATIONS for other in OPERANDS),
    *(f"({other}) {op} x" for op in OPERATIONS[:8] for other in OPERANDS
      if (other, op) != ("'a'", "%")),  # a text takes what has x[()], as the compiled one has
    *(f"{f}(x, {other})" for f in ("package.atan2", "package.maximum", "np.hypot", "divmod", "pow")
      for other in OPERANDS),
    *(f"{f}({a})" for a in ("x", "k", "z", "n") for f in FUNCTIONS.split()),
    *(f"{a}.{name}" for a in ("x", "k", "z", "n") for name in
      ("value", "tangent", "level", "real", "imag", "ndim", "shape", "size", "foo", "_foo",
       "conjugate()", "sin()", "arctan2(2.0)", "sqrt(3)", "_repr_latex_()", "__class__.__name__",
       "__reduce__()[1]", "__dict__", "__float__()", "__weakref__")),
    "round(x, 1)", "-x", "+x", "f'{x:.3f}'", "f'{k:.2e}'", "f'{x}'", "f'{x:q}'", "pow(x, 2, 3)",
    "divmod(x, 0.3)", "[1, 2, 3][x]", "range(x)", "'%d' % x", "'%.2f' % x", "np.sqrt(-x)",
    "package.sqrt(-x)", "x / 0", "(x - x)**-1", "(-x)**0.5", "(-k)**0.5", "n / 0.0", "x**1e4",
    "package.exp(x * 1e4)", "np.exp(x * 1e4)", "package.sin(x, x)", "package.sin()", "package.sin('a')",
    "package.atan2(x)", "np.add(x, 1, where=True)", "np.add.reduce([x, x])", "np.sum([x, y])",
    "np.dot([x, y], [y, x])", "np.array([x, 1.0])", "np.array([x], dtype=float)", "{x: 1}",
    "type(x)(3.0, 1.0)", "type(x)()", "type(z)(1.0)",
    "isinstance(x, package.Dual)", "isinstance(z, package.Dual)", "isinstance(x, float)",
    "np.float64(2) * x", "np.ones(2) * x", "np.sin(x, 1)", "np.matmul(x, x)", "np.arctan2(x, n)",
    "sum([x, y, 1])", "max(x, y, 1.0)", "sorted([x, y, k])", "x is +x", "x.tangent + 1", "x == n",
    "n < 1", "n == np.float64(0.3)", "z < x", "np.maximum(x, 2)", "package.maximum(x, 0)",
    "package.sinc(x)", "package.fma(x, y, 2.0)", "package.fma(2.0, 3.0, z)", "np.where(True, x, y)",
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_in_every_respect_the_same(expression: str) -> None:
    def program(package: ModuleType) -> Any:
        x = package.Dual(1.7, 1.0)
        names = {
            "package": package, "x": x, "y": package.Dual(-0.3, 0.5), "np": np, "math": math,
            "k": package.Dual(0.2, np.array([1.0, -2.0])), "n": package.Dual(np.float64(0.3), 2.0),
            "z": package.pair.dual(x, 0.5, 3), "copy": copy,
            **{name: __import__(m).__dict__[name] for m, name in
               (("fractions", "Fraction"), ("mpmath", "mpf"))},
            "operator": __import__("operator"),
        }  # fmt: skip
        return eval(expression, names)

    agree(program)


def test_an_object_array_calls_methods() -> None:
    def program(package: ModuleType) -> Any:
        objects = np.array([package.Dual(0.3, 1.0), package.Dual(0.5, 2.0)], dtype=object)
        return np.sin(objects).tolist(), np.arctan2(objects, 2.0).tolist(), sum(objects)

    agree(program)


ELEMENTS = (
    "x", "y", "k", "n", "2", "0.5", "True", "np.float64(3)", "np.float32(3)", "2**70", "1j", "None", "z",
    "package.Dual(1j, 1.0)", "package.Dual(0.5, np.ones(3))", "package.Dual(np.ones(2), np.ones(2))",
)  # fmt: skip


@pytest.mark.parametrize("first", ELEMENTS)
def test_object_arrays_become_one_array(first: str) -> None:
    def program(package: ModuleType, second: str, shape: tuple[int, ...]) -> Any:
        x = package.Dual(1.7, 1.0)
        names = {
            "package": package, "np": np, "x": x, "y": package.Dual(-0.3, 0.5),
            "k": package.Dual(0.2, np.array([1.0, -2.0])), "n": package.Dual(np.float64(0.3), 2.0),
            "z": package.pair.dual(x, 0.5, 3),
        }  # fmt: skip
        objects = np.empty(4, dtype=object)
        objects[:] = [eval(first, names), eval(second, names), 1.5, eval(first, names)]
        objects = objects.reshape(shape)
        return package.array.operands.from_objects(objects), np.ones(
            shape
        ) * package.array.operands.from_objects(objects.T[::-1])

    for second in ELEMENTS:
        for shape in ((4,), (2, 2), (4, 1), (1, 2, 2)):
            agree(lambda package, s=second, shape=shape: program(package, s, shape))


def test_arrays_and_object_arrays_mix() -> None:
    def program(package: ModuleType) -> Any:
        def f(p: Any) -> Any:
            s = p[1:]
            for _ in range(3):
                a = np.array([p[0] * s[1], s[0] - s[2], s[0] * s[1]])
                s = s + 0.5 * a + a * s - np.array([1.0, 2.0, 3.0]) / a
            return s

        return rebuild(package.jacobian(f)(np.array([0.3, 0.5, 1.5, 0.7])), lambda v: v + 0.0)

    agree(program)


def test_elements_of_arrays() -> None:
    value = np.arange(12.0).reshape(3, 4)

    def program(package: ModuleType) -> Any:
        results: list[Any] = []
        for v, t in (
            (value[0], value[1]), (value[0], np.arange(20.0).reshape(5, 4)), (value[:, 1], value[1, :3]),
            (value, value.T.reshape(3, 4)), (value, np.arange(24.0).reshape(2, 3, 4)),
            (value.astype(np.float32), value), (value[0] * 1j, value[1]),
            (value[0], np.arange(4 * (INSIDE + 2), dtype=float).reshape(INSIDE + 2, 4)),
        ):  # fmt: skip
            x = package.Dual(v, t)
            z = package.pair.dual(package.pair.dual(v, t, 3), np.ones((2, *v.shape)), 5)
            for index in (0, -1, 2, 7, -9, 2**70, (1,), (1, 2), (-1, -4), (0, 9), True, None, 1.0,
                          slice(1), np.int64(1), ..., (), "a", (1, True)):  # fmt: skip
                results.append(said(lambda x=x, i=index: x[i]))
                results.append(said(lambda z=z, i=index: z[i]))
            results += [said(list, x), said(lambda x=x: list(iter(x))), said(list, z)]
        return results

    agree(program)


def test_pickles_go_from_one_to_the_other() -> None:
    for make in ("D(1.5, 2.0)", "D(0.5, np.arange(3.0))", "dual(D(1.5, 2.0), np.ones(2), 9)"):
        code = (
            "import pickle, sys, numpy as np; from dualad import Dual as D, kernel_info; "
            f"from dualad.pair import dual; x = {make}; "
            "sys.stdout.buffer.write(pickle.dumps((x, kernel_info().in_use)))"
        )
        for pure_there in ("0", "1"):
            sent = run_python("-c", code, text=False, DUALAD_PURE=pure_there).stdout
            x, was_compiled = pickle.loads(sent)
            assert not (was_compiled and pure_there == "1")
            assert was_compiled or pure_there == "1" or not kernel_info().in_use
            names = {"D": Dual, "np": np, "dual": dualad.pair.dual}
            assert bits(x) == bits(eval(make, names))
            assert type(x) is type(eval(make, names))
            assert bits(pickle.loads(pickle.dumps(x))) == bits(x)


# -- random programs ---------------------------------------------------------------------------

FLOATS = st.one_of(
    st.sampled_from(SPECIAL),
    st.floats(-4, 4),
    st.floats(),
    st.integers(-3, 3),
    st.floats(-4, 4).map(np.float64),
)
UNARY = sorted(r.name for r in ROWS if len(r.args) == 1 and r.name not in SLOW)
BINARY = sorted(
    r.name for r in ROWS if len(r.args) == 2 and r.name not in (*SLOW, "round", "ldexp")
)
OPERATORS = ["__add__", "__sub__", "__mul__", "__truediv__", "__pow__", "__mod__", "__floordiv__"]


def trees(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def extend(tree: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        usual = st.sampled_from(["sin", "exp", "log", "sqrt", "tanh", "atan", "square"])
        return st.one_of(
            st.tuples(st.just("operator"), st.sampled_from(OPERATORS), tree, tree),
            st.tuples(st.just("operator"), st.sampled_from(OPERATORS[:3]), tree, tree),
            st.tuples(st.just("unary"), st.one_of(usual, st.sampled_from(UNARY)), tree),
            st.tuples(st.just("binary"), st.sampled_from(BINARY), tree, tree),
            st.tuples(st.just("numpy"), usual, tree),
            st.tuples(st.just("branch"), tree, tree, tree),
            st.tuples(st.just("loop"), st.integers(1, 4), tree, tree),
            st.tuples(st.just("derivative"), tree, tree),
        )

    return st.recursive(leaf, extend, max_leaves=12)


PROGRAMS = trees(st.one_of(st.integers(0, 2).map(lambda i: ("input", i)),
                           FLOATS.map(lambda v: ("number", v))))  # fmt: skip


def run(tree: Any, package: ModuleType, inputs: list[Any]) -> Any:
    """A program on these inputs, in the functions of this package."""

    def at(part: Any, values: list[Any] = inputs) -> Any:
        return run(part, package, values)

    match tree:
        case ("input", i):
            return inputs[i]
        case ("number", v):
            return v
        case ("operator", name, a, b):
            return getattr(__import__("operator"), name)(at(a), at(b))
        case ("unary", name, a):
            return package.dual.function(package.rules.RULES[name])(at(a))
        case ("binary", name, a, b):
            return package.dual.function(package.rules.RULES[name])(at(a), at(b))
        case ("numpy", name, a):
            return getattr(np, {"atan": "arctan"}.get(name, name))(at(a))
        case ("branch", a, b, c):
            return at(b) if at(a) < at(c) else at(c)
        case ("loop", n, a, b):
            s = at(b)
            for _ in range(n):
                s = 0.5 * s + at(a, [s, *inputs[1:]])
            return s
        case ("derivative", a, b):
            inner = package.derivative(lambda t: at(a, [*inputs[:2], t]) * inputs[0])
            return inner(at(b))
    raise AssertionError(tree)


@settings(max_examples=600, deadline=None)
@given(PROGRAMS, st.tuples(FLOATS, FLOATS, FLOATS), st.sampled_from([None, 1, 2, 3, INSIDE + 1]))
def test_random_programs(tree: Any, point: tuple[Any, ...], k: int | None) -> None:
    def program(package: ModuleType) -> Any:
        inputs = [package.Dual(x, seeds(k, i)) for i, x in enumerate(point[:2])]
        return run(tree, package, [*inputs, point[2]])

    agree(program)


@needs_kernel
@settings(max_examples=int(os.environ.get("DUALAD_PROGRAMS", "80")), deadline=None)
@given(PROGRAMS, st.tuples(FLOATS, FLOATS, FLOATS))
@example(("binary", "maximum", ("input", 0), ("input", 0)), (0.0, 0.0, 1.7e308))
def test_random_programs_through_the_drivers(tree: Any, point: tuple[Any, ...]) -> None:
    for driver in ("derivative", "grad", "value_and_grad", "hessian", "jacobian"):
        for make in (list, lambda p: np.array(p, float), tuple):

            def program(package: ModuleType, driver: str = driver, make: Any = make) -> Any:
                if driver == "derivative":
                    f = package.derivative(lambda t: run(tree, package, [t, *point[1:]]), order=2)
                    return f(point[0])
                f = getattr(package, driver)(lambda x: run(tree, package, list(x)))
                # one pass or several: a zero may come with either sign
                return rebuild(f(make(point)), lambda v: v + 0.0)

            agree(program)


# -- the drivers' short ways -----------------------------------------------------------------------

ARGUMENTS = [
    1.5, 2, -0.0, np.float64(0.3), True, 2**70, 1j, np.float32(0.5), np.int64(2), math.inf, None, "a",
    [1.5, 2.0], [1.5], [], [2, np.float64(0.3)], [True, 1.0], [[1.0, 2.0], 3.0], [1.0, "a"],
    (1.5, 2.0), (1.5,), (), (1, 2.0), ((1.0, 2.0), (3.0,)),
    {"a": 1.0, "b": 2.0}, np.array([1.5, 2.0]), np.array([1.5]), np.array([]), np.ones((2, 2)),
    np.array([1, 2]), np.array([1.5, 2.0], np.float32), np.arange(6.0)[::-2], np.array(1.5),
    [0.1 * i for i in range(INSIDE + 3)], np.linspace(0.1, 1.0, INSIDE + 3), [0.01] * 300,
]  # fmt: skip
OUTPUTS: dict[str, Any] = {
    "number": lambda p, x: total(x) ** 2,
    "sine": lambda p, x: p.sin(total(x)) / 3,
    "constant": lambda p, x: 3,
    "text": lambda p, x: "a",
    "nothing": lambda p, x: None,
    "list": lambda p, x: [total(x), 2.0, total(x) ** 2],
    "tuple": lambda p, x: (p.exp(-total(x)), 5),
    "empty": lambda p, x: [],
    "nested": lambda p, x: [[total(x)], (total(x) ** 2, {"a": total(x)})],
    "objects": lambda p, x: np.array([total(x), total(x) ** 3]),
    "objects and numbers": lambda p, x: np.array([total(x), 1.0], dtype=object),
    "array": lambda p, x: total(x) * np.array([1.0, 2.0, 3.0]),
    "itself": lambda p, x: x,
    "a step": lambda p, x: math.floor(total(x)),
    "complex": lambda p, x: total(x) * 1j,
    "with a string": lambda p, x: [total(x), "a"],
    "error": lambda p, x: 1 / (total(x) - total(x)),
    "closed over": lambda p, x: p.derivative(lambda t: t * total(x))(2.0),
    "elementwise": lambda p, x: p.sin(x) * x,
    "an array of the outer level": lambda p, x: p.derivative(lambda t: total(x) * np.ones(2))(np.ones(2)),
    "of an inner level": lambda p, x: p.jacobian(lambda t: [t * total(x), t[0] * total(x)])([2.0]),
}  # fmt: skip


def total(x: Any) -> Any:
    if isinstance(x, dict):
        x = list(x.values())
    return sum(map(total, x)) if isinstance(x, (list, tuple)) or np.ndim(x) else x * (x + 0.5)


@pytest.mark.parametrize("driver", ["derivative", "grad", "value_and_grad", "jacobian", "hessian"])
@pytest.mark.parametrize("output", OUTPUTS)
def test_short_ways_say_what_the_general_way_says(driver: str, output: str) -> None:
    for x in ARGUMENTS:
        if driver == "hessian" and isinstance(x, list):
            x = x[: INSIDE + 3]  # beyond what its short way takes, and not as slow as more

        def program(package: ModuleType, x: Any = x) -> Any:
            wrapper = getattr(package, driver)(lambda x: OUTPUTS[output](package, x))
            return rebuild(wrapper(x), lambda v: v if isinstance(v, str) else v + 0.0)

        agree(program)


@pytest.mark.parametrize("outer", ["derivative", "grad", "jacobian"])
@pytest.mark.parametrize("inner", ["derivative", "grad", "value_and_grad", "jacobian"])
@pytest.mark.parametrize("x", [0.7, [0.7, 0.2], (0.7, 0.2), np.array([0.7, 0.2])], ids=repr)
def test_short_ways_inside_each_other(outer: str, inner: str, x: Any) -> None:
    def program(package: ModuleType) -> Any:
        def within(x: Any) -> Any:
            found = getattr(package, inner)(lambda t: package.sin(t * total(x)) * t)(0.3)
            return found if outer == "jacobian" or inner != "value_and_grad" else found[1]

        wrapper = getattr(package, outer)(within)
        return rebuild(wrapper(x), lambda v: v + 0.0)

    agree(program)


@pytest.mark.usefixtures("counted_looks")
@needs_kernel
def test_the_usual_case_goes_the_short_way() -> None:
    def f(x: Any) -> Any:
        calls.append(type(x))
        if driver is dualad.jacobian:
            return [total(x), 1.0]
        return x * x if driver is dualad.derivative else total(x)

    calls: list[type] = []
    for driver in (dualad.derivative, dualad.grad, dualad.value_and_grad, dualad.jacobian):
        for x in (0.3, 2, np.float64(0.3), [0.3, 0.2], [0.3], (0.3, 0.2), np.array([0.3, 0.2])):
            if driver is dualad.derivative and isinstance(x, (list, tuple)):
                continue
            wrapper: Any = driver(f)
            if driver is dualad.derivative and np.ndim(x):
                for _ in range(2):  # the first calls for an array see whether f is elementwise
                    wrapper(x)
                calls.clear()
            before = len(calls)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(dualad.drivers, "Inputs", readable_is_asked)
                wrapper(x)
            assert len(calls) == before + 1


@pytest.mark.usefixtures("counted_looks")
@needs_kernel
def test_a_function_is_called_once() -> None:
    """Whatever it returns, but for arrays of objects, and steps of code that may keep values."""
    for x in (0.3, [0.3, 0.2], (0.3,), np.array([0.3, 0.2])):
        for driver in (dualad.derivative, dualad.grad, dualad.value_and_grad, dualad.jacobian):
            if driver is dualad.derivative and np.ndim(x):
                continue
            for name, output in OUTPUTS.items():
                calls: list[Any] = []

                def f(x: Any, output: Any = output, calls: list[Any] = calls) -> Any:
                    calls.append(x)
                    return output(dualad, x)

                said(driver(f), x)
                # What became an array of objects is compared with plain runs; a step may be the
                # key of what f has kept, which calls what it was given.
                assert len(calls) == 1 or name.startswith(("objects", "a step"))


# -- and the tests themselves --------------------------------------------------------------------


@needs_kernel
def test_the_two_packages_are_two() -> None:
    assert not pure.kernel_info().in_use
    assert type(PACKAGES[0].Dual(1.0)) is not dualad.Dual
    assert type(PACKAGES[1].Dual(1.0)) is pure.Dual
    assert bits(0.0) != bits(-0.0)
    assert bits(np.float64(1.0)) != bits(1.0)
