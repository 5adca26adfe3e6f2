"""Numbers of users' subclasses beside duals: Python asks a subclass's reflected operator first."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from dualad import derivative, value_and_grad

OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": operator.pow,
    "mod": operator.mod,
    "floordiv": operator.floordiv,
    "divmod": divmod,
}
NUMBERS = {"float": float, "int": int, "Fraction": Fraction, "complex": complex, "np": np.float64}


def subclass(base: Any, *names: str) -> Any:
    """A subclass whose operators of these names do something of their own."""

    def method(self: Any, other: Any) -> Any:
        return other * other * 3.0

    return type("Own", (base,), {f"__{name}__": method for name in names})


def single(y: Any) -> Any:
    return (y[0] + y[1]) if isinstance(y, tuple) else y


def at(f: Callable[[Any], Any], x: Any, lift: bool) -> tuple[Any, Any]:
    """Value and derivative, of a real or complex result, by parts."""

    def parts(x: Any) -> Any:
        y = f(x)
        return np.array([np.real(y), np.imag(y)])

    value = parts(x)
    return value, derivative(parts, lift=lift)(x)


@pytest.mark.parametrize("lift", [False, True])
@pytest.mark.parametrize("of", [float, np.float64])
@pytest.mark.parametrize("base", NUMBERS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_reflected_operators_are_asked_as_in_the_plain_run(
    name: str, base: str, of: Any, lift: bool
) -> None:
    other = subclass(NUMBERS[base], f"r{name}")(3)
    if of is np.float64 and base == "complex" and name in ("mod", "floordiv", "divmod"):
        with pytest.raises(TypeError):  # NumPy's numbers do not ask
            OPERATIONS[name](of(0.7), other)
        with pytest.raises(TypeError):
            derivative(lambda x: single(OPERATIONS[name](x, other)), lift=lift)(of(0.7))
        return

    def f(x: Any) -> Any:
        return single(OPERATIONS[name](x, other))

    x, h = of(0.7), 1e-6
    plain = f(x)
    slope = (f(of(x + h)) - f(of(x - h))) / (2 * h)
    value, found = at(f, x, lift)
    assert complex(*value) == plain
    assert complex(*found) == pytest.approx(slope, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("lift", [False, True])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow"])
@pytest.mark.parametrize("base", ["float", "int", "np"])
def test_slopes_are_not_made_by_the_operators_of_a_subclass(
    base: str, name: str, lift: bool
) -> None:
    every = ("add", "sub", "mul", "truediv", "pow", "radd", "rsub", "rmul", "rtruediv", "rpow")
    others = [n for n in every if n not in (f"r{name}", name)]
    other = subclass(NUMBERS[base], *others)(3)
    usual = NUMBERS[base](3)
    f = OPERATIONS[name]
    for x in (0.7, np.float64(0.7)):
        for g, expected in (
            (lambda x: f(x, other), lambda x: f(x, usual)),
            (lambda x: f(other, x), lambda x: f(usual, x)),
        ):
            assert value_and_grad(g, lift=lift)(x) == value_and_grad(expected)(x)
    of_array = derivative(lambda t: f(t * np.ones(2), other).sum())(0.7)
    assert of_array == derivative(lambda t: f(t * np.ones(2), usual).sum())(0.7)


class Level(float):
    """A level in decibels, which adds up by powers."""

    def __radd__(self, other: Any) -> Any:
        return 10 * math.log10(10 ** (other / 10) + 10 ** (float(self) / 10))


def test_sums_of_levels() -> None:
    level = Level(3.0)
    expected = 10**0.07 / (10**0.07 + 10**0.3)
    for f in (lambda x: x + level, lambda x: sum([x, level])):
        value, slope = value_and_grad(f, lift=True)(0.7)
        assert value == f(0.7)
        assert slope == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("lift", [False, True])
def test_comparisons(lift: bool) -> None:
    class Soft(float):
        """Greater by a soft step; equal to whatever is near."""

        def __lt__(self, other: Any) -> Any:
            return other * other

        def __eq__(self, other: Any) -> Any:
            return abs(float(self) - other) < 0.1

        __hash__ = None  # type: ignore[assignment]

    assert derivative(lambda x: x > Soft(0.1), lift=lift)(0.7) == pytest.approx(1.4)
    f = lambda x: x * 2 if x == Soft(0.72) else x  # noqa: E731
    assert derivative(f, lift=lift)(0.7) == 2.0

    class Shy(float):
        def __eq__(self, other: Any) -> Any:
            return NotImplemented

        __hash__ = None  # type: ignore[assignment]

    g = lambda x: x * x if x == Shy(0.7) else x  # noqa: E731
    assert derivative(g, lift=lift)(0.7) == pytest.approx(1.4)


@pytest.mark.parametrize("of", ["add", "multiply", "hypot"])
def test_ufuncs_ask_a_subclass_for_its_number(of: str) -> None:
    class Own(float):
        def __float__(self) -> float:
            return 0.25

    f, own = getattr(np, of), Own(3.0)
    assert float(f(0.7, own)) == f(0.7, 0.25)
    assert value_and_grad(lambda x: f(x, own))(0.7) == value_and_grad(lambda x: f(x, 0.25))(0.7)
