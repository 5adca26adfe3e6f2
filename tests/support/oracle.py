"""Derivatives of array functions without dual numbers: complex steps and differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualad import Dual, derivative
from dualad.array.operands import from_objects
from dualad.structure import leaves, rebuild

STEP = 1e-150  # imaginary; nothing is subtracted, so it can be that small


def complex_step(f: Callable[..., Any], args: Sequence[Any], along: Sequence[Any]) -> list[Any]:
    """The directional derivative of an analytic function, exact to rounding."""
    y = f(*(a + 1j * STEP * v for a, v in zip(args, along, strict=True)))
    return [np.imag(part) / STEP for part in leaves(list(y) if isinstance(y, tuple) else y)]


def differences(f: Callable[..., Any], args: Sequence[Any], along: Sequence[Any]) -> list[Any]:
    """The same by central differences of order 6: about 10 digits."""
    h = 1e-3

    def at(step: float) -> list[Any]:
        y = f(*(a + step * h * v for a, v in zip(args, along, strict=True)))
        return [np.asarray(part) for part in leaves(list(y) if isinstance(y, tuple) else y)]

    weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
    pairs = [(w, at(s), at(-s)) for s, w in weights.items()]
    return [sum(w * (p[i] - m[i]) for w, p, m in pairs) / h for i in range(len(pairs[0][1]))]


def check(
    f: Callable[..., Any],
    *args: Any,
    analytic: bool = True,
    second: bool = True,
    rtol: float = 1e-12,
) -> None:
    """Hold values and tangents of f at arrays against f itself.

    One direction, several, none; nested once; and views: the arguments stay as they were.
    """
    random = np.random.default_rng(7)
    args = tuple(np.asarray(a, float) for a in args)
    along = [[_like(a, random) for a in args] for _ in range(2)]
    truth = complex_step if analytic else differences
    tolerance = {"rtol": rtol, "atol": rtol} if analytic else {"rtol": 1e-7, "atol": 1e-7}
    values = [np.asarray(v) for v in leaves(_listed(f(*args)))]

    def parts(y: Any, k: tuple[int, ...]) -> list[tuple[Any, Any]]:
        found = []
        for part, value in zip(leaves(_listed(y)), values, strict=True):
            if isinstance(part, np.ndarray) and part.dtype == object:
                part = from_objects(part)
            if not isinstance(part, Dual):  # nothing in it depends on the arguments
                part = Dual(part, np.zeros(k + np.shape(part)))
            assert np.shape(part.primal) == value.shape, (np.shape(part.primal), value.shape)
            assert np.shape(part.tangent) == k + value.shape
            found.append((part.primal, np.asarray(part.tangent)))
        return found

    expected = [truth(f, args, v) for v in along]
    single = parts(f(*(Dual(a, v) for a, v in zip(args, along[0], strict=True))), ())
    stacked = [np.stack(v) for v in zip(*along, strict=True)]
    duals = [Dual(a, v) for a, v in zip(args, stacked, strict=True)]
    several = parts(f(*duals), (2,))
    for i, value in enumerate(values):
        np.testing.assert_allclose(single[i][0], value, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(single[i][1], expected[0][i], **tolerance)
        np.testing.assert_allclose(several[i][1][0], expected[0][i], **tolerance)
        np.testing.assert_allclose(several[i][1][1], expected[1][i], **tolerance)
    for a, d, v in zip(args, duals, stacked, strict=True):
        np.testing.assert_array_equal(d.primal, a)
        np.testing.assert_array_equal(d.tangent, v)
    parts(f(*(Dual(a, np.zeros((0, *a.shape))) for a in args)), (0,))
    if second:
        at = [lambda t, a=a, v=v: a + t * v for a, v in zip(args, along[0], strict=True)]
        slope = derivative(lambda t: _listed(f(*(line(t) for line in at))))
        curvature = derivative(slope)(0.25)
        moved = [line(0.25) for line in at]
        want = differences(lambda *xs: truth(f, xs, along[0]), moved, along[0])
        scale = max([1.0, *(float(np.max(np.abs(w), initial=0)) for w in want)])
        for got, w in zip(leaves(curvature), want, strict=True):
            np.testing.assert_allclose(got, w, rtol=1e-6, atol=1e-6 * scale)


def _like(a: Any, random: Any) -> Any:
    """Random numbers in the memory layout of a: what is a view depends on it."""
    v = np.empty_like(a)
    v[...] = random.normal(size=a.shape)
    return v


def _listed(y: Any) -> Any:
    """Tuples, named or not, as lists."""
    return rebuild(list(y), lambda v: v) if isinstance(y, tuple) else y
