"""math and cmath of objects and subclasses of numbers that convert themselves: as CPython does."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

import pytest

from dualad import value_and_grad

METHODS: dict[str, Callable[[Any], Any]] = {
    "__float__": lambda self: 0.25,
    "__index__": lambda self: 2,
    "__complex__": lambda self: 0.5 + 0.125j,
}
GIVEN = [(), *[(name,) for name in METHODS], ("__float__", "__complex__"), tuple(METHODS)]
ONE = ("sqrt", "exp", "log", "log10", "sin", "atan", "isfinite")
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    **{f"math.{n}": getattr(math, n) for n in (*ONE, "log2", "gamma", "fabs", "ulp", "floor")},
    **{f"cmath.{n}": getattr(cmath, n) for n in (*ONE, "phase", "polar")},
    "math.hypot": lambda v: math.hypot(v, 1.0),
    "math.fsum": lambda v: math.fsum([v, 1.0]),
    "math.dist": lambda v: math.dist([v], [1.0]),
    "math.atan2": lambda v: math.atan2(1.0, v),
    "cmath.rect": lambda v: cmath.rect(v, 1.0),
    "float": float,
    "complex": complex,
}


def outcome(f: Callable[[Any], Any], x: float, lift: bool) -> Any:
    def g(x: Any) -> Any:
        y = f(None)
        total = sum(y) if isinstance(y, tuple) else y
        return abs(total) * x

    try:
        return value_and_grad(g, lift=True)(x) if lift else (g(x), g(1.0))
    except (TypeError, ValueError) as error:
        return type(error)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("base", [object, float, int, complex])
def test_numbers_that_convert_themselves(name: str, base: Any) -> None:
    for given in GIVEN:
        kind = type("Own", (base,), {method: METHODS[method] for method in given})
        v = kind() if base is object else kind(3)

        def f(_: Any, v: Any = v) -> Any:
            return FUNCTIONS[name](v)

        assert outcome(f, 0.7, True) == outcome(f, 0.7, False), given


def test_the_derivative_of_what_converts_itself() -> None:
    class Both:
        def __init__(self, u: Any) -> None:
            self.u = u

        def __complex__(self) -> Any:
            return 1 + 1j * self.u

        def __float__(self) -> Any:
            return self.u * 1.0

    f = lambda x: cmath.exp(Both(x)).real  # noqa: E731
    value, slope = value_and_grad(f, lift=True)(0.7)
    assert value == f(0.7)
    assert slope == pytest.approx(-math.e * math.sin(0.7), rel=1e-14)
    assert value_and_grad(lambda x: math.exp(Both(x)), lift=True)(0.0) == (1.0, 1.0)
