"""Reverse mode: the same table, read backwards."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from support.cases import Case, listed
from test_higher_order import every_case

from dualad import jacobian, jvp, vjp
from dualad.structure import leaves, rebuild

CASES = every_case()


def product(a: Any, b: Any) -> float:
    """⟨a, b⟩, over all leaves; Re Σ a·b for complex numbers."""
    pairs = zip(leaves(a), leaves(b), strict=True)
    return float(sum(np.sum(np.real(np.asarray(x) * np.asarray(y))) for x, y in pairs))


def cotangent(value: Any, seed: int) -> Any:
    """Random numbers in the structure of a value, complex where it is."""
    random = np.random.default_rng(seed)

    def each(v: Any) -> Any:
        g = random.normal(size=np.shape(v))
        if np.iscomplexobj(v):
            g = g + 1j * random.normal(size=np.shape(v))
        return g if np.ndim(v) else g[()]

    return rebuild(value, each)


def hold_adjoint(f: Callable[..., Any], args: Sequence[Any], along: Sequence[Any]) -> None:
    """⟨ȳ, J·ẋ⟩ = ⟨Jᵀ·ȳ, ẋ⟩, for two cotangents by one pullback; and all rows at once."""
    value, pullback = vjp(f, *args)
    plain, moved = jvp(f, tuple(args), tuple(along))
    for v, p in zip(leaves(value), leaves(plain), strict=True):
        np.testing.assert_array_equal(v, p)
        assert np.asarray(v).dtype == np.asarray(p).dtype
    for seed in (1, 2):
        g = cotangent(value, seed)
        back = pullback(g)
        for x, part in zip(args, back, strict=True):
            assert np.shape(part) == np.shape(x)
        size = sum(float(np.sum(np.abs(np.asarray(p) * x))) for p, x in zip(back, along, strict=True))
        size += sum(float(np.sum(np.abs(np.asarray(m)))) for m in leaves(moved))
        assert product(g, moved) == pytest.approx(product(back, along), abs=1e-12 * max(1.0, size))


@pytest.mark.parametrize("name", CASES)
def test_every_array_function(name: str) -> None:
    case: Case = CASES[name]
    with warnings.catch_warnings(action="ignore"):
        f = lambda *xs: listed(case.f(*xs))  # noqa: E731
        hold_adjoint(f, case.args, case.steps())
        places = tuple(range(len(case.args)))
        rows = jacobian(f, places, mode="reverse")(*case.args)
        for a, b in zip(leaves(rows), leaves(jacobian(f, places)(*case.args)), strict=True):
            size = max(1.0, float(np.max(np.abs(b), initial=0)))
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-11 * size)
