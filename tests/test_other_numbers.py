"""Beside a number of another type, a dual gives the kind of number that the plain run gives.

NumPy's float64 times a user's subclass of float is a float of Python, float32 beside a member of an
IntEnum is float64, and math's functions make a float of whatever there is. A branch, an exception
or a rounding further on may depend on it. So everything is asked of plain numbers and of duals, and
the answers are compared whole: their types, dtypes and digits, or their errors.
"""

from __future__ import annotations

import contextlib
import copy
import enum
import math
import operator
import warnings
from collections.abc import Callable
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from support.both import PACKAGES
from test_kinds import stripped

import dualad

both = pytest.mark.parametrize("package", PACKAGES, ids=["compiled", "readable"])
Function = Callable[..., Any]


class OfFloat(float):
    pass


class OfInt(int):
    pass


class OfComplex(complex):
    pass


class OfFloat64(np.float64):
    pass


class Doubling(float):
    def __radd__(self, other: Any) -> Any:
        return (float(self) + other) * 2


class Member(enum.IntEnum):
    TWO = 2


OTHERS: dict[str, Any] = {
    "float": 0.5,
    "int": 2,
    "bool": True,
    "big": 2**70,
    "complex": 1j,
    "Fraction": Fraction(1, 3),
    "OfFloat": OfFloat(0.5),
    "OfInt": OfInt(2),
    "OfComplex": OfComplex(0.5),
    "OfFloat64": OfFloat64(0.5),
    "Doubling": Doubling(0.5),
    "IntEnum": Member.TWO,
    "np.float64": np.float64(0.5),
    "np.float32": np.float32(0.3),
    "np.float16": np.float16(0.3),
    "np.longdouble": np.longdouble(0.5),
    "np.complex64": np.complex64(1j),
    "np.int8": np.int8(2),
    "np.uint8": np.uint8(2),
    "np.int64": np.int64(2),
    "np.bool": np.True_,
    "float64 array": np.array(0.5),
    "float32 array": np.array(0.3, np.float32),
}
OPERATIONS: dict[str, Function] = {
    **{
        name: getattr(operator, name)
        for name in ("add", "sub", "mul", "truediv", "pow", "floordiv", "mod", "iadd", "imul")
    },
    **{name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")},
    **{f.__name__: f for f in (divmod, max, min)},
    **{
        f"math.{name}": getattr(math, name)
        for name in ("hypot", "fmod", "pow", "atan2", "copysign", "remainder", "dist", "log")
    },
    **{
        f"np.{name}": getattr(np, name)
        for name in (
            *("add", "multiply", "divide", "hypot", "maximum", "fmin", "arctan2", "power"),
            *("float_power", "copysign", "fmod", "logaddexp", "floor_divide", "remainder"),
        )
    },
}
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
KINDS: dict[str, Any] = {
    "float": 0.75,
    "np.float64": np.float64(0.75),
    "np.float32": np.float32(0.7),
    "np.float16": np.float16(0.7),
}


def answer(f: Function, x: Any) -> Any:
    """What f gives, or its error."""
    try:
        return f(x)
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        return error


def told(y: Any) -> Any:
    """All that can be told of a number, or of an error."""
    if isinstance(y, tuple):
        return tuple(map(told, y))
    if isinstance(y, Exception):
        return next(c for c in type(y).__mro__ if c.__module__ == "builtins")
    y = stripped(getattr(stripped(y), "content", y))  # of a buffer
    return type(y).__name__, getattr(y, "dtype", None), repr(y)


def ways(name: str, other: str) -> list[Function]:
    """An operation with the other number on the right and on the left."""
    f = OPERATIONS[name]
    number = lambda: copy.copy(OTHERS[other])  # noqa: E731  # an array may be written to
    if name == "math.dist":
        return [lambda x: f([x, x], [number(), 1]), lambda x: f([number(), 1], [x, x])]
    if name in COMPARISONS:  # which side was left, a dual is not told: whose bool it is, may differ
        return [lambda x: bool(f(x, number())), lambda x: bool(f(number(), x))]
    return [lambda x: f(x, number()), lambda x: f(number(), x)]


def is_refused(name: str, other: str, error: Any) -> bool:
    """Whether a dual may refuse what plain numbers do: it says what it lacks."""
    if not isinstance(error, TypeError):
        return False
    if other in ("complex", "OfComplex"):
        return str(error) == f"{name.partition('.')[2]} is for real numbers; got a complex one."
    if name in ("iadd", "imul") and "array" in other:
        return "plain array of float" in str(error)
    has_log = "has no callable log method" in str(error)
    return has_log and "pow" in name and other in ("big", "Fraction")


def failures(package: ModuleType, lift: bool | None, kind: str, other: str) -> list[Any]:
    """What differs from the plain run."""
    x, wrong = KINDS[kind], []
    for name in OPERATIONS:
        if lift is False and name.startswith("math."):
            continue  # they take duals in lifted code
        for f in ways(name, other):
            found: list[Any] = []

            def g(x: Any, f: Function = f, found: list[Any] = found) -> Any:
                found.append(answer(f, x))
                return x

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                right = answer(f, x)
                if other == "Fraction" and (
                    name == "math.copysign" or isinstance(right, Exception)
                ):
                    continue  # duals take Fractions in more functions, some of which stay exact
                with contextlib.suppress(TypeError):  # an error of a dual was caught
                    package.jvp(g, (x,), (type(x)(1),), lift=lift)
            if told(found[0]) != told(right) and not is_refused(name, other, found[0]):
                wrong.append((name, right, found[0]))
    return wrong


@both
@pytest.mark.parametrize("lift", [None, True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", OTHERS)
def test_kinds(package: ModuleType, lift: bool | None, kind: str, other: str) -> None:
    assert not failures(package, lift, kind, other)


# -- where the kind decides ----------------------------------------------------------------


@both
@pytest.mark.parametrize("lift", [None, True, False])
def test_derivatives_of_what_the_kind_decides(package: ModuleType, lift: bool | None) -> None:
    half = OfFloat(0.5)

    def caught(x: Any) -> Any:
        try:
            return 1 / (half * x - 0.25)
        except ZeroDivisionError:  # np.float64 would give inf
            return 3 * x

    x = np.float64(0.5)
    assert package.value_and_grad(caught, lift=lift)(x) == (1.5, 3.0)
    f = lambda x: ((OfFloat(-0.5) * x) ** 0.5).real  # noqa: E731  # a complex number; np.float64 gives nan
    value, slope = package.value_and_grad(f, lift=lift)(x)
    assert value == f(x)
    assert slope == pytest.approx(0, abs=1e-15)
    third = lambda x: OfFloat(1 / 3) * x  # noqa: E731
    value, slope = package.value_and_grad(third, lift=lift)(np.float32(0.1))
    assert (value, slope) == (np.float32(0.1) / np.float64(3), 1 / 3)
    value, slope = package.jvp(third, (np.ones(2, np.float32),), (np.ones(2),), lift=lift)
    assert value.dtype == slope.dtype == np.float64
    assert (slope == 1 / 3).all()


@both
@pytest.mark.parametrize("order", [1, 2, 3])
def test_higher_derivatives_beside_members_of_an_enum(package: ModuleType, order: int) -> None:
    f = lambda x: Member.TWO * x**3 + x**Member.TWO  # noqa: E731
    expected = {1: 6 * 0.25 + 1, 2: 12 * 0.5 + 2, 3: 12.0}[order]
    assert package.derivative(f, order=order)(np.float64(0.5)) == pytest.approx(expected)
    assert package.derivative(f, order=order)(np.float32(0.5)) == pytest.approx(expected)


# -- objects -------------------------------------------------------------------------------


class Amount:
    def __init__(self, number: Any) -> None:
        self.number = number

    def __rmul__(self, other: Any) -> Any:
        return Amount(self.number * other)

    def __radd__(self, other: Any) -> Any:
        return Amount(self.number + math.sin(other))

    def __rpow__(self, other: Any) -> Any:
        return NotImplemented


class First(Amount):
    __array_priority__ = 1.0


@both
@pytest.mark.parametrize("lift", [None, True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("of", [Amount, First])
def test_objects_are_given_the_numbers_of_the_plain_run(
    package: ModuleType, lift: bool | None, kind: str, of: Any
) -> None:
    x, found = KINDS[kind], []

    def f(x: Any) -> Any:
        found.append((x * of(2.0)).number)
        return found[-1]

    right = f(x)
    slope = package.jvp(f, (x,), (type(x)(1),), lift=lift)[1]
    assert told(found[1]) == told(right)
    assert slope == 2.0
    if lift is not False:
        g = lambda x: (x + of(2.0)).number  # noqa: E731
        assert package.derivative(g, lift=lift)(x) == pytest.approx(math.cos(x))


def test_branches_on_what_an_object_is_given() -> None:
    def f(x: Any) -> Any:
        try:
            return 1 / ((x * Amount(2.0)).number - 1)
        except ZeroDivisionError:
            return 3 * x

    for lift in (None, True, False):
        assert dualad.value_and_grad(f, lift=lift)(np.float64(0.5)) == (1.5, 3.0)


WITHOUT_ANSWER = (
    *("x+None", "None+x", "x*None", "x**None", "x<None", "x+'a'", "'a'+x"),
    *("x-{}", "{}/x", "x//'a'", "x%'a'", "divmod(x, None)", "x-set()"),
    *("set()-x", "x*len", "object()-x", "x/object()", "x<'a'", "x==None", "x!='a'", "'a'==x"),
)


@both
@pytest.mark.parametrize("lift", [None, True, False])
@pytest.mark.parametrize("kind", [*KINDS, "array"])
def test_errors_name_the_types_of_the_plain_run(
    package: ModuleType, lift: bool | None, kind: str
) -> None:
    x = KINDS.get(kind, np.array([0.5, 1.0]))
    for text in WITHOUT_ANSWER:
        f = eval(f"lambda x: {text}")
        found: list[Any] = []

        def g(x: Any, f: Function = f, found: list[Any] = found) -> Any:
            found.append(answer(f, x))
            return x

        package.jvp(g, (x,), (np.ones_like(x) if kind == "array" else type(x)(1),), lift=lift)
        right = answer(f, x)
        assert (told(found[0]), str(stripped(found[0]))) == (told(right), str(right)), text


# -- functions of NumPy that make arrays, or draw ------------------------------------------


@both
@pytest.mark.parametrize("lift", [None, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("draw", ["normal", "uniform", "exponential", "laplace", "lognormal"])
def test_draws_are_in_doubles(package: ModuleType, lift: bool, kind: str, draw: str) -> None:
    def f(x: Any) -> Any:
        return getattr(np.random.default_rng(0), draw)(*parameters(x))

    def parameters(x: Any) -> Any:
        return {"exponential": (x,), "uniform": (0, x)}.get(draw, (x, 0.5))

    x, h = KINDS[kind], 1e-6
    value, slope = package.value_and_grad(f, lift=lift)(x)
    assert told(value) == told(f(x))
    v = float(x)
    assert slope == pytest.approx((f(v + h) - f(v - h)) / (2 * h), rel=1e-6)


@both
@pytest.mark.parametrize("lift", [None, True])
@pytest.mark.parametrize("kind", KINDS)
def test_plain_arrays_are_models_of_those_filled_with_duals(
    package: ModuleType, lift: bool, kind: str
) -> None:
    x, model = KINDS[kind], np.ones(3)

    def f(x: Any) -> Any:
        a = np.full_like(model, x * 2)
        a[0] = 3 * x
        return a.sum()

    value, slope = package.value_and_grad(f, lift=lift)(x)
    assert told(value) == told(f(x))
    assert slope == 7
    assert (model == 1).all()
    whole = lambda x: np.full_like([1, 2], x).sum() + x  # noqa: E731  # of integers
    assert package.value_and_grad(whole, lift=lift)(x) == (whole(x), 1)


@both
@pytest.mark.parametrize("lift", [None, True])
def test_select_keeps_the_precision_of_its_default(package: ModuleType, lift: bool) -> None:
    x = np.array([1.7, 0.9], np.float32)
    for f in (
        lambda x: np.select([x > 1], [1.0], default=x),
        lambda x: np.select([x > 1], [[1.0, 2.0]], x),
        lambda x: np.select([x > 1, x < 1], [x, 1], 0.1),
    ):
        value, tangent = package.jvp(f, (x,), (np.ones_like(x),), lift=lift)
        right = f(x)
        assert (value.dtype, value.tolist()) == (right.dtype, right.tolist())
        assert tangent.tolist() == [float(a == b) for a, b in zip(right, x, strict=True)]
