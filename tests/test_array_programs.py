"""Programs over arrays as people write them for NumPy, forward and back, first and second order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.oracle import complex_step, differences

from dualad import grad, hvp, value_and_grad

random = np.random.default_rng(5)
DATA = random.normal(size=(8, 4))
LABELS = (range(8), random.integers(0, 5, 8))
RECURRENT = random.normal(size=(3, 5)) / 2


def masked_output(x: Any) -> Any:
    y = np.zeros_like(x)
    np.multiply(x, x, out=y, where=[True, False, True])
    return np.sum(y * x)


def negated_diagonal(a: Any) -> Any:
    a = a * 1.0
    diagonal = np.einsum("ii->i", a)
    diagonal *= -1
    return np.sum(a**3) + diagonal[1] * diagonal[2]


def margins(scores: Any) -> Any:
    excess = scores - scores[LABELS][:, np.newaxis] + 1.0
    excess[excess <= 0] = 0
    excess[LABELS] = 0
    return excess.sum() / len(scores)


def largest_of_tiles(image: Any) -> Any:
    return np.sum(image.reshape(2, 2, 2, 3).max(axis=(1, 3)) ** 2)


def gated_memory(inputs: Any) -> Any:
    state = np.zeros(3)
    for x in inputs:
        gate = 1 / (1 + np.exp(-(RECURRENT @ np.concatenate([state, x]))))
        new = np.tanh(RECURRENT @ np.concatenate([state * gate, x]))
        state = (1 - gate) * state + gate * new
    return state @ state


def attention(qkv: Any) -> Any:
    q, k, v = qkv
    scores = q @ k.T / np.sqrt(3)
    weights = np.exp(scores)
    weights /= weights.sum(-1, keepdims=True)
    return np.sum((weights @ v) ** 2)


def heat(u: Any) -> Any:
    for _ in range(6):
        new = u.copy()
        around = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2]
        new[1:-1, 1:-1] += 0.1 * (around - 4 * u[1:-1, 1:-1])
        u = new
    return np.sum(u**3)


def elimination(a: Any) -> Any:
    a = a.copy()
    for k in range(len(a)):
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return np.sum(np.log(np.diag(a) ** 2))


def orthogonalised(a: Any) -> Any:
    q = np.zeros_like(a)
    for j in range(a.shape[1]):
        v = a[:, j].copy()
        for i in range(j):
            v -= (q[:, i] @ a[:, j]) * q[:, i]
        q[:, j] = v / np.sqrt(v @ v)
    return np.sum(q**3)


def two_layers(weights: Any) -> Any:
    parts, start = [], 0
    for shape in [(4, 3), (3,), (3, 2), (2,)]:
        size = int(np.prod(shape))
        parts.append(weights[start : start + size].reshape(shape))
        start += size
    first, bias, second, offset = parts
    hidden = np.dot(DATA, first) + bias
    hidden = (hidden - np.mean(hidden, axis=0)) / np.sqrt(np.var(hidden, axis=0) + 1e-3)
    return np.mean((np.tanh(hidden) @ second + offset - DATA[:, :2]) ** 2)


def forward_probabilities(logits: Any) -> Any:
    start, moves, seen = np.exp(logits[0]), np.exp(logits[1:4]), np.exp(logits[4:7])
    state = start / np.sum(start) * seen[:, 0]
    for i in (1, 0, 2, 2, 1):
        state = (state @ (moves / np.sum(moves, axis=1, keepdims=True))) * seen[:, i]
    return np.log(np.sum(state))


PROGRAMS: list[tuple[Callable[[Any], Any], Any]] = [
    (masked_output, [1.0, 2.0, 3.0]),
    (negated_diagonal, random.normal(size=(3, 3))),
    (margins, random.normal(size=(8, 5))),
    (largest_of_tiles, random.normal(size=(4, 6))),
    (gated_memory, random.normal(size=(4, 2))),
    (attention, random.normal(size=(3, 4, 3))),
    (heat, random.uniform(size=(5, 5))),
    (elimination, random.normal(size=(4, 4)) + 3 * np.eye(4)),
    (orthogonalised, random.normal(size=(4, 3))),
    (two_layers, random.normal(size=23) / 2),
    (forward_probabilities, random.normal(size=(7, 3))),
]
NOT_ANALYTIC = (margins, largest_of_tiles, two_layers)


@pytest.mark.parametrize(("f", "x"), PROGRAMS, ids=[f.__name__ for f, _ in PROGRAMS])
def test_programs(f: Callable[[Any], Any], x: Any) -> None:
    x = np.asarray(x)
    v = np.cos(np.arange(x.size)).reshape(x.shape)
    truth, near = (differences, 1e-7) if f in NOT_ANALYTIC else (complex_step, 1e-12)
    (want,) = truth(f, (x,), (v,))
    for mode in ("forward", "reverse"):
        value, slopes = value_and_grad(f, mode=mode)(x)  # type: ignore[call-overload]
        assert value == f(x.copy())
        np.testing.assert_allclose(np.sum(slopes * v), want, rtol=near, atol=near)
    h = 1e-3
    each = [grad(f)(x + k * h * v) for k in (-2, -1, 1, 2)]
    along = (each[0] - 8 * each[1] + 8 * each[2] - each[3]) / (12 * h)
    np.testing.assert_allclose(hvp(f)(x, v), along, rtol=1e-6, atol=1e-8 / h)
