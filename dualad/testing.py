"""Check derivative rules against numbers that were not made with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .dual import Dual, function
from .rules import RULES, Rule

# Central differences of order 8 on step h; their error is about h⁸ next to rounding ε/h.
_WEIGHTS = (4 / 5, -1 / 5, 4 / 105, -1 / 280)


def check_rule(
    rule: str | Callable[..., Any],
    reference: Callable[..., Any] | None = None,
    *,
    samples: int = 20,
    rtol: float | None = None,
) -> None:
    """Check that the slopes of a rule are the derivatives of its function.

    Samples the rule's own intervals. With a reference for mpmath numbers, value and slopes are
    held against it at 50 digits; without one, the slopes against differences of order 8 of the
    function itself, which see about 10 digits.

    Parameters
    ----------
    rule : str or callable
        A rule's name, or the function that `define_rule` gave back.
    reference : callable, optional
        The same function for mpmath numbers, from another source.
    samples : int
        How many points.
    rtol : float, optional
        Relative tolerance; by default 1e-13 with a reference and 1e-7 without. Next to a zero
        of the slope the tolerance is relative to the slope's size over the samples.

    Raises
    ------
    AssertionError
        If a slope (or, with a reference, the value) is off; the message says where.
    ValueError
        If there is no such rule.

    Examples
    --------
    >>> check_rule("tanh")
    >>> import mpmath
    >>> check_rule("tanh", mpmath.tanh)
    """
    name = rule if isinstance(rule, str) else getattr(rule, "__name__", "")
    if name not in RULES:
        raise ValueError(f"there is no rule called {name!r}; make one with define_rule.")
    row = RULES[name]
    value = function(row)
    random = np.random.default_rng(0)
    points = [tuple(map(float, random.uniform(*np.transpose(row.over)))) for _ in range(samples)]
    if reference is not None:
        expected = [_mpmath_value(reference, p) for p in points]
        _compare(f"{name}", points, [value(*p) for p in points], expected, rtol or 1e-13)
    for i, argument in enumerate(row.args):
        if row.slopes[i] is None:
            continue
        slopes = [_slope(row, i, p) for p in points]
        if reference is not None:
            expected = [_mpmath_slope(reference, i, p) for p in points]
        else:
            expected = [_difference(value, i, p, row.over[i]) for p in points]
        tolerance = rtol or (1e-13 if reference is not None else 1e-7)
        _compare(f"the slope of {name} in {argument}", points, slopes, expected, tolerance)


def _slope(rule: Rule, i: int, point: tuple[float, ...]) -> float:
    args: list[Any] = list(point)
    args[i] = Dual(point[i], 1.0)
    result = function(rule)(*args)
    return float(result.tangent) if isinstance(result, Dual) else 0.0


def _mpmath_value(reference: Callable[..., Any], point: tuple[float, ...]) -> float:
    from mpmath import mp

    with mp.workdps(50):
        return float(reference(*map(mp.mpf, point)))


def _mpmath_slope(reference: Callable[..., Any], i: int, point: tuple[float, ...]) -> float:
    from mpmath import mp

    with mp.workdps(50):
        exact = list(map(mp.mpf, point))
        return float(mp.diff(lambda t: reference(*exact[:i], t, *exact[i + 1 :]), exact[i]))


def _difference(
    value: Callable[..., float], i: int, point: tuple[float, ...], over: tuple[float, float]
) -> float:
    h = 0.01 * (over[1] - over[0]) / 8

    def at(step: int) -> float:
        return float(value(*point[:i], point[i] + step * h, *point[i + 1 :]))

    return sum(w * (at(k) - at(-k)) for k, w in enumerate(_WEIGHTS, start=1)) / h


def _compare(
    what: str,
    points: list[tuple[float, ...]],
    got: list[float],
    expected: list[float],
    rtol: float,
) -> None:
    size = float(np.median(np.abs(expected)))
    for point, g, e in zip(points, got, expected, strict=True):
        if not abs(g - e) <= rtol * max(abs(e), size):
            raise AssertionError(
                f"{what} at {', '.join(map(repr, point))} is {g!r}, but should be {e!r}."
            )


def check_derivative(f: Any, *args: Any) -> Any:
    raise NotImplementedError
