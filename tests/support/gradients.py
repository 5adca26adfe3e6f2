"""Programs that know nothing of derivatives, and their gradients by other means than ours."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dualad import value_and_grad


@dataclass
class Program:
    """A program, where it is run, and its gradient there by other means."""

    run: Callable[[Any], Any]
    at: Any
    gradient: Callable[[Any], Any]
    rel: float = 1e-9


def by_differences(f: Callable[[Any], Any], h: float = 1e-3) -> Callable[[Any], Any]:
    """The gradient of a plain program, extrapolated from central differences."""

    def gradient(p: Any) -> Any:
        found = []
        for e in np.eye(len(p)) * np.maximum(abs(p), 0.1)[:, None]:
            each = [(f(p + d * e) - f(p - d * e)) / (2 * d * np.max(e)) for d in (h, h / 2, h / 4)]
            first = [(4 * b - a) / 3 for a, b in itertools.pairwise(each)]
            found.append((16 * first[1] - first[0]) / 15)
        return np.array(found)

    return gradient


def check(program: Program) -> None:
    """Hold value and gradient, forward and backward, against the plain run and other means."""
    plain, want = program.run(program.at), program.gradient(program.at)
    for mode in ("forward", "reverse"):
        value, got = value_and_grad(program.run, mode=mode)(program.at)
        assert value == plain, mode
        np.testing.assert_allclose(got, want, rtol=program.rel, atol=program.rel, err_msg=mode)
