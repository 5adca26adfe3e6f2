"""Arrays whose elements are stored one by one, backward: the right values are complex steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualad
from dualad import forms, grad, hessian, jacobian

Filling = Callable[[Any, Any], Any]


def recursion(x: Any, kind: Any) -> Any:
    h = np.zeros(len(x), kind)
    h[0] = x[0]
    for i in range(1, len(x)):
        h[i] = 0.9 * h[i - 1] + np.sin(x[i])
    return h.sum() * h[-1]


def smoothing(x: Any, kind: Any) -> Any:
    u = np.zeros(len(x), kind)
    u[:] = x
    for _ in range(2):
        for i in range(1, len(u) - 1):
            u[i] = 0.5 * (u[i - 1] + u[i + 1]) + 0.1 * u[i] ** 2
    return np.sum(u * u)


def two_axes(x: Any, kind: Any) -> Any:
    n = int(len(x) ** 0.5)
    a = np.ones((n, n), kind)
    for i in range(1, n):
        for j in range(n):
            a[i, j] = x[i * n + j] * a[i - 1, j] + a[-i, -1 - j]
    return np.sum(np.sin(a))


def constants_between(x: Any, kind: Any) -> Any:
    h = np.ones(len(x), kind)
    for i in range(0, len(x), 2):
        h[i] = x[i] ** 2
    for i in range(0, len(x), 4):
        h[i] = 3.0
    for i in range(1, len(x), 2):
        h[i] = h[i - 1] * x[i]
    h[3] = x[3]
    h[3] = x[0] * x[1]  # once more: what was there has no say
    return h @ h


def rows(x: Any, kind: Any) -> Any:
    h = np.zeros((len(x) // 2, 2), kind)
    last = h[:, 1]
    for i, row in enumerate(h):
        row[0] = x[2 * i] ** 2
        last[i] = x[2 * i + 1] * h[i, 0]
    h[1] = h[0] * 2
    h.T[1, 1] = x[0] * last[0]
    return np.sum(h * h) + last[1:].prod() * 1e-3


def looked_at(x: Any, kind: Any) -> Any:
    h, total = np.zeros(len(x), kind), 0.0
    for i in range(len(x)):
        h[i] = x[i] * (h[i - 1] if i else 1.0)
        total = total + h[: i + 1].sum() * h[i // 2]
    return total + np.dot(h, h)


def long_ago(x: Any, kind: Any) -> Any:
    """More elements than are worth places at once, and few of them stored."""
    h = np.zeros(5000, kind)
    for i in range(len(x)):
        h[100 * i] = x[i] ** 3
        h[100 * i + 1] = h[100 * i] * x[0]
    for i in range(400):
        h[i] = h[i + 1] * 0.5 + h[i]
    return np.sum(h**2)


FILLINGS: list[Filling] = [
    *(recursion, smoothing, two_axes, constants_between, rows, looked_at, long_ago),
]


def steps(f: Filling, x: Any) -> Any:
    columns = np.eye(len(x)) * 1e-30j
    return np.array([f(x + c, complex).imag / 1e-30 for c in columns])


def as_users_write(f: Filling) -> Callable[[Any], Any]:
    return lambda x: f(x, float)


@pytest.mark.parametrize("f", FILLINGS)
@pytest.mark.parametrize("n", [4, 36])
def test_slopes_of_stored_numbers(f: Filling, n: int) -> None:
    x = np.random.default_rng(n).normal(size=n)
    assert np.allclose(
        grad(as_users_write(f), mode="reverse")(x), steps(f, x), rtol=1e-13, atol=1e-13
    )


@pytest.mark.parametrize("f", FILLINGS[:-1])
def test_second_slopes_of_stored_numbers(f: Filling) -> None:
    x, g = np.random.default_rng(1).normal(size=9), as_users_write(f)
    h = 1e-5
    lines = [steps(f, x + h * e) - steps(f, x - h * e) for e in np.eye(9)]
    right = np.array(lines) / (2 * h)
    backward = grad(g, mode="reverse")
    for found in (
        hessian(g)(x),
        jacobian(backward, mode="reverse")(x),
        jacobian(backward, mode="forward")(x),
        jacobian(grad(g, mode="forward"), mode="reverse")(x),
    ):
        assert np.allclose(found, right, rtol=1e-7, atol=1e-7 * np.abs(right).max())
    v = np.cos(np.arange(9.0))
    assert np.allclose(dualad.hvp(g)(x, v), right @ v, rtol=1e-7, atol=1e-7 * np.abs(right).max())


def test_stored_numbers_are_no_steps_of_the_record(monkeypatch: Any) -> None:
    if not dualad.kernel_info().in_use:
        pytest.skip("the places of elements are the kernel's")
    made: list[object] = []

    class Store(forms.Store):
        __slots__ = ()

        def __init__(self, *args: Any) -> None:
            made.append(args)
            super().__init__(*args)

    monkeypatch.setattr(forms, "Store", Store)
    grad(lambda x: recursion(x, float), mode="reverse")(np.ones(200))
    assert len(made) <= 1


def test_elements_read_before_an_array_is_looked_at_are_forgotten() -> None:
    def f(p: Any) -> Any:
        x, read = p * 1.0, 0.0
        for i in range(200):
            x[i] = p[i] * 2.0
        for i in np.arange(100):
            read = read + x[i]
        x[0] = p[0] * 5.0
        return x[0] + 0.0 * np.sum(x) + 0.0 * read

    slopes = grad(f, mode="reverse")(np.linspace(1.0, 2.0, 2048))
    assert slopes[0] == 5.0 and not slopes[1:].any()


def test_a_number_of_another_differentiation_is_stored_too() -> None:
    def f(x: Any) -> Any:
        h = np.zeros(3)
        for i in range(3):
            h[i] = x[i] * 2
            h[i] = grad(lambda t, k=h[i]: k * t**3)(x[i])
        return np.sum(h)

    x = np.array([1.0, 2.0, 3.0])  # 2x·3x² = 6x³, of which the slope is 18x²
    assert np.allclose(grad(f, mode="reverse")(x), 18 * x**2)
    assert np.allclose(hessian(f)(x), np.diag(36 * x))


def test_an_array_that_outlives_its_differentiation_is_known() -> None:
    kept = []

    def f(x: Any) -> Any:
        h = np.zeros(4)
        for i in range(4):
            h[i] = x[i] ** 2
        kept.append(h)
        return h[0] * h[1]

    assert grad(f, mode="reverse")(np.arange(1.0, 5.0)).tolist() == [8.0, 4.0, 0.0, 0.0]
    assert kept[0].sum().primal == 30.0
