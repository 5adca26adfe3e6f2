"""A function through dualad.scipy against SciPy's own: values, both ways, two orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualad import derivative, grad, jvp
from dualad.structure import leaves


def flat(y: Any) -> Any:
    """All numbers of a result, in one axis."""
    parts = [np.ravel(np.asarray(v)) for v in leaves(list(y) if isinstance(y, tuple) else y)]
    return np.concatenate(parts) if parts else np.zeros(0)


def assert_agree(
    f: Callable[..., Any],
    theirs: Any,
    ours: Any,
    args: Sequence[Any],
    *,
    second: bool = True,
    rtol: float = 3e-8,
) -> None:
    """Hold f(ours, *args) against differences of f(theirs, *args).

    Its value bit for bit, its tangents along one direction to the first and second order, and its
    adjoints against its tangents.

    Parameters
    ----------
    f : callable
        Of a module, SciPy's or ours, and of the arguments.
    theirs, ours : module
    args : sequence of float or complex arrays
    second : bool
        Whether it has second derivatives at this point.
    rtol : float
        Of the differences, which are extrapolated.
    """
    random = np.random.default_rng(3)
    args = [np.asarray(a) for a in args]
    along = [np.asarray(random.normal(size=a.shape)) for a in args]

    def at(module: Any, t: Any) -> Any:
        return f(module, *(a + t * d for a, d in zip(args, along, strict=True)))

    value = f(theirs, *args)
    y, tangent = jvp(lambda *x: f(ours, *x), args, along)
    for u, v in zip(leaves(_listed(y)), leaves(_listed(value)), strict=True):
        assert np.asarray(u).dtype == np.asarray(v).dtype
        assert np.array_equal(u, v, equal_nan=True)
    t = flat(tangent)

    def slope(h: float) -> Any:
        return (flat(at(theirs, h)) - flat(at(theirs, -h))) / (2 * h)

    found = (4 * slope(1e-4) - slope(2e-4)) / 3
    size = 1 + np.max(abs(found), initial=0)
    np.testing.assert_allclose(t, found, rtol=0, atol=rtol * size)

    if second:
        h = 1e-3
        base = flat(value)
        bends = [(flat(at(theirs, s)) - 2 * base + flat(at(theirs, -s))) / s**2 for s in (h, 2 * h)]
        expected = (4 * bends[0] - bends[1]) / 3
        bent = derivative(lambda s: flatten(at(ours, s)), order=2)(0.0)
        size = 1 + np.max(abs(expected), initial=0)
        np.testing.assert_allclose(bent, expected, rtol=0, atol=1e-4 * size)

    weights = random.normal(size=t.shape) + 1j * random.normal(size=t.shape)

    def weighed(*x: Any) -> Any:
        return np.sum(np.real(flatten(f(ours, *x)) * weights))

    adjoints = grad(weighed, argnums=tuple(range(len(args))), mode="reverse")(*args)
    both = sum(np.sum(np.asarray(g) * d) for g, d in zip(adjoints, along, strict=True))
    there = np.real(np.sum(weights * t))
    np.testing.assert_allclose(both, there, rtol=1e-9, atol=1e-9 * (1 + np.sum(abs(t))))


def flatten(y: Any) -> Any:
    """The same of duals."""
    return np.concatenate([np.reshape(v, -1) for v in leaves(_listed(y))])


def _listed(y: Any) -> Any:
    return list(y) if isinstance(y, tuple) else y
