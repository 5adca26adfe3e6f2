"""Integrals of samples: sums of values y at points x, either of which may be duals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate as _scipy

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..array_rules.common import has_duals
from ..pair import plain
from ._calling import take_places
from ._parts import is_still, stripped, through, with_value

Function = Callable[..., Any]


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """scipy.integrate.trapezoid, which is numpy.trapezoid.

    Examples
    --------
    >>> from dualad import Dual
    >>> trapezoid(Dual(np.array([1.0, 3.0]), np.array([1.0, 1.0])), dx=0.5).tangent == 0.5
    True
    """
    return np.trapezoid(as_operand(y), x, dx, axis)


def romb(y: Any, dx: Any = 1.0, axis: int = -1, show: bool = False) -> Any:
    """scipy.integrate.romb: Romberg's rule for 2ⁿ + 1 samples at distances dx, linear in both.

    Examples
    --------
    >>> from dualad import Dual
    >>> float(romb(Dual(np.array([0.0, 1.0, 4.0]), np.ones(3))).tangent)
    2.0
    """
    result = _scipy.romb(*stripped([y, dx]), axis=axis, show=show)
    if not has_duals(y, dx):
        return result
    return with_value(dx * through(lambda v: _scipy.romb(v, 1.0, axis), as_operand(y)), result)


def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """scipy.integrate.simpson: parabolas through three samples each.

    Parameters
    ----------
    y : array
    x : array, optional
    dx : number
    axis : int
        As SciPy's; each may be a dual.

    Returns
    -------
    number or array

    Examples
    --------
    >>> from dualad import derivative
    >>> square = lambda b: simpson((np.linspace(0, 1, 5) * b) ** 2, np.linspace(0, 1, 5) * b)
    >>> round(derivative(square)(3.0), 12)
    9.0
    """
    result = _scipy.simpson(*stripped([y, x]), dx=stripped(dx), axis=axis)
    if not has_duals(y, x, dx):
        return result
    y, h = _samples(y, x, dx, axis)
    n = y.shape[-1]
    if n < 3:
        parts = np.trapezoid(y, axis=-1) * h[..., 0] if n == 2 else 0.0 * y[..., 0]
        return with_value(parts, result)
    total: Any = 0.0
    if n % 2 == 0:  # the last interval by the last parabola (Cartwright's correction)
        before, after = h[..., -2], h[..., -1]
        both = before + after
        total = (
            _share(after * (2 * after + 3 * before), 6 * both) * y[..., -1]
            + _share(after * (after + 3 * before), 6 * before) * y[..., -2]
            - _share(after**3, 6 * before * both) * y[..., -3]
        )
        y, h = y[..., :-1], h[..., :-1]
    before, after = h[..., :-1:2], h[..., 1::2]
    both, ratio = before + after, _share(before, after)
    each = both / 6 * (
        (2 - _share(1.0, ratio)) * y[..., :-2:2]
        + both * _share(both, before * after) * y[..., 1:-1:2]
        + (2 - ratio) * y[..., 2::2]
    )  # fmt: skip
    return with_value(total + np.sum(each, axis=-1), result)


def _share(a: Any, b: Any) -> Any:
    """a/b, and 0 where b is, as SciPy has it; that is a jump, so b must not move there."""
    is_zero = plain(as_operand(b)) == 0
    if not np.any(is_zero):
        return a / b
    if not is_still(np.broadcast_to(b, is_zero.shape)[is_zero]):
        raise NonDifferentiableError(
            "simpson has no derivative in x where two samples are at one place, since the parabola "
            "through them jumps; leave out one of them, or use trapezoid."
        )
    return np.where(is_zero, 0.0, a / np.where(is_zero, 1.0, b))


def cumulative_simpson(
    y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    """scipy.integrate.cumulative_simpson: the integrals up to each sample.

    Parameters and results as SciPy's; y, x, dx and initial may be duals.

    Examples
    --------
    >>> from dualad import Dual
    >>> cumulative_simpson(Dual(np.array([0.0, 1.0, 4.0]), np.ones(3))).tangent.round(12)
    array([1., 2.])
    """
    numbers = stripped([x, dx, initial])
    result = _scipy.cumulative_simpson(
        stripped(y), x=numbers[0], dx=numbers[1], axis=axis, initial=numbers[2]
    )
    if not has_duals(y, x, dx, initial):
        return result
    y, h = _samples(y, x, dx, axis)
    if y.shape[-1] < 3:
        each = h * (y[..., 1:] + y[..., :-1]) / 2
    else:
        first, second = _first_halves(y, h), _second_halves(y, h)
        m = y.shape[-1] - 1
        each = np.stack(
            [first[..., i] if i % 2 == 0 and i < m - 1 else second[..., i - 1] for i in range(m)],
            axis=-1,
        )
    return _summed(each, initial, axis, result)


def cumulative_trapezoid(
    y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    """scipy.integrate.cumulative_trapezoid: the integrals up to each sample.

    Parameters and results as SciPy's; y, x and dx may be duals.

    Examples
    --------
    >>> from dualad import Dual
    >>> cumulative_trapezoid(Dual(np.array([0.0, 1.0, 4.0]), np.ones(3))).tangent
    array([1., 2.])
    """
    numbers = stripped([x, dx])
    result = _scipy.cumulative_trapezoid(stripped(y), *numbers, axis=axis, initial=initial)
    if not has_duals(y, x, dx):
        return result
    y, h = _samples(y, x, dx, axis)
    return _summed(h * (y[..., 1:] + y[..., :-1]) / 2, initial, axis, result, shifted=False)


def _samples(y: Any, x: Any, dx: Any, axis: int) -> tuple[Any, Any]:
    """Samples along the last axis, and the distances between them."""
    y = np.moveaxis(as_operand(y) * 1.0, axis, -1)
    if x is None:
        return y, as_operand(dx) * np.ones(y.shape[-1] - 1)
    x = as_operand(x) * 1.0
    return y, np.diff(x if np.ndim(x) == 1 else np.moveaxis(x, axis, -1), axis=-1)


def _first_halves(y: Any, h: Any) -> Any:
    """The integral over the first of two intervals, of the parabola through their three ends."""
    before, after = h[..., :-1], h[..., 1:]
    a, b, c = y[..., :-2], y[..., 1:-1], y[..., 2:]
    share, ratio = before / (before + after), before / after
    return before / 6 * ((3 - share) * a + (3 + share * ratio + share) * b - share * ratio * c)


def _second_halves(y: Any, h: Any) -> Any:
    """The same of the second."""
    return _first_halves(y[..., ::-1], h[..., ::-1])[..., ::-1]


def _summed(each: Any, initial: Any, axis: int, result: Any, shifted: bool = True) -> Any:
    """The sums up to each; all begin with `initial`, and are shifted by it if they are."""
    sums = np.cumsum(each, axis=-1)
    if initial is not None:
        first = as_operand(initial) + 0 * each[..., :1]
        sums = np.concatenate([first, sums + initial if shifted else sums], axis=-1)
    return with_value(np.moveaxis(sums, -1, axis), result)


take_places(globals(), _scipy)
