"""NumPy's warnings and errors of numbers are those of the plain run: text, category and count."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dualad import jvp
from dualad.kernel import KERNEL

UFUNCS = """
    exp expm1 exp2 log log2 log10 log1p sqrt cbrt square reciprocal sin cos tan arcsin arccos
    arctanh arccosh sinh cosh tanh absolute sign floor rint degrees radians
"""
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    **{name: getattr(np, name) for name in UFUNCS.split()},
    **{name: getattr(np, name) for name in ("sum", "mean", "std", "var", "prod", "cumsum", "ptp")},
    **{name: getattr(np, name) for name in ("cumprod", "max", "median", "diff", "gradient")},
    **{name: getattr(np, name) for name in ("nansum", "nanmean", "nanmax", "nanstd", "nanprod")},
    **{name: getattr(np, name) for name in ("trapezoid", "sort", "sinc", "unwrap", "angle")},
    **{name: getattr(np, name) for name in ("average", "cov", "nan_to_num", "i0", "nancumsum")},
    "dot": lambda x: np.dot(x, x),
    "@": lambda x: x @ x,
    "matmul": lambda x: np.matmul(np.outer(x, x), x),
    "dot of constants": lambda x: np.array([np.inf, 1.0, 0.0]).dot(x[:3]),
    "norm": np.linalg.norm,
    "norm of order 1": lambda x: np.linalg.norm(x, 1),
    "norm of order 3": lambda x: np.linalg.norm(x, 3),
    "norm of a matrix": lambda x: np.linalg.norm(x.reshape(3, 4)),
    "inv": lambda x: np.linalg.inv(x[:4].reshape(2, 2)),
    "det": lambda x: np.linalg.det(x[:9].reshape(3, 3)),
    "solve": lambda x: np.linalg.solve(np.eye(3) * x[0], x[:3]),
    "einsum": lambda x: np.einsum("i,i", x, x),
    "convolve": lambda x: np.convolve(x, x),
    "reduce": np.add.reduce,
    "accumulate": np.multiply.accumulate,
    "x * x": lambda x: x * x,
    "x / x": lambda x: x / x,
    "x - x": lambda x: x - x,
    "x**3": lambda x: x**3,
    "1 / x": lambda x: 1 / x,
    "x % 2": lambda x: x % 2,
    "x // 2": lambda x: x // 2,
    "hypot": lambda x: np.hypot(x, x[::-1]),
    "logaddexp": lambda x: np.logaddexp(x, x[::-1]),
    "of elements": lambda x: x[0] * x[0] + np.exp(x[9]),
    "average with weights": lambda x: np.average(x, weights=np.arange(12.0)),
    "clip": lambda x: np.clip(x, -1, 1),
    "polyval": lambda x: np.polyval(x, 2.0),
}
POINTS = [
    np.array([1e308, -1e308, 1e-308, np.inf, -np.inf, np.nan, 0.0, -0.0, 1.0, 800.0, -800.0, 2.0]),
    np.array([1e-3, 0.0, -0.0, *[1.0] * 9]),
    np.linspace(0.1, 2, 12) * 1e200,
]
TANGENTS = [np.full(12, 1e308), np.where(np.arange(12) % 2, np.inf, 1e-310)]
STATES: list[dict[str, Any]] = [{}, {"all": "warn"}, {"all": "raise"}, {"all": "ignore"}]

Recorded = tuple[list[tuple[str, str]], Any]


def recorded(f: Callable[[], Any], state: dict[str, Any]) -> Recorded:
    """The warnings, and the error, of one call."""
    error = None
    with warnings.catch_warnings(record=True) as seen, np.errstate(**state):
        warnings.simplefilter("always")
        try:
            f()
        except (ArithmeticError, np.linalg.LinAlgError) as raised:
            error = type(raised).__name__, str(raised)
    return sorted((str(w.message), w.category.__name__) for w in seen), error


@pytest.mark.parametrize("lift", [None, True])
@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_warnings_are_those_of_the_plain_run(f: Any, lift: bool | None) -> None:
    inside: list[Any] = []

    def listening(x: Any) -> Any:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            y = f(x)
        inside.append(sorted((str(w.message), w.category.__name__) for w in seen))
        return y

    for x in POINTS:
        for state in STATES:
            plain = recorded(lambda: f(x), state)  # noqa: B023
            for t in TANGENTS:
                call = lambda f: jvp(f, (x,), (t,), lift=lift)  # noqa: E731, B023
                assert recorded(lambda: call(f), state) == plain, (x, t, state)  # noqa: B023
                if plain[1] is None:
                    inside.clear()
                    recorded(lambda: call(listening), state)  # noqa: B023
                    assert inside == [plain[0]] * len(inside), (x, t, state)


NUMBERS: dict[str, Callable[[Any], Any]] = {
    "log": lambda x: np.log(x - 2),
    "log of a float": lambda x: np.log(float(x) - 2),
    "divide": lambda x: x / (x - x),
    "divide by": lambda x: np.float64(1) / (x - x),
    "power": lambda x: (x + 1e200) ** 3,
    "maximum": lambda x: np.sqrt(np.maximum(-x, -2.0)),
    "arrays": lambda x: np.sqrt(np.stack([-x, x])),
}


@pytest.mark.skipif(KERNEL is None, reason="the readable Dual calls NumPy, whose line it names")
@pytest.mark.parametrize("name", NUMBERS)
def test_warnings_are_shown_where_the_users_code_is(name: str) -> None:
    def places(call: Callable[[], Any]) -> list[Any]:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            call()
        return [(str(w.message), w.category, w.filename, w.lineno) for w in heard]

    f, x = NUMBERS[name], np.float64(0.5)
    told = places(lambda: f(x))
    assert told and told[0][2] == __file__
    assert places(lambda: jvp(f, (x,), (1.0,))) == told
