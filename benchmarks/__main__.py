"""Print what a derivative costs: `python -m benchmarks [--quick]`.

Every figure is a ratio to the plain function, measured in the same process in turns, so that a
noisy machine disturbs both alike; the median over the rounds is shown, and the plain time beside
it, so that nobody is misled by a slow plain function.
"""

from __future__ import annotations

import argparse
import math
import platform
import statistics
import timeit
from collections.abc import Callable
from typing import Any

import numpy as np

import dualad
from dualad import derivative, grad

Workload = tuple[str, Callable[[], Any], Callable[[], Any]]  # name, plain, derivative


def textbook(sqrt: Any, log: Any, sin: Any) -> Callable[[Any, Any], Any]:
    """x₁·√(log(x₁/sin(x₂²)))"""
    return lambda x1, x2: x1 * sqrt(log(x1 / sin(x2**2)))


def recurrence(sin: Any) -> Callable[[Any], Any]:
    """1000 steps of s = 0.5·s + sin(x)·x"""

    def f(x: Any) -> Any:
        s = 0.0
        for _ in range(1000):
            s = 0.5 * s + sin(x) * x
        return s

    return f


def rosenbrock(x: Any) -> Any:
    return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1))


def rosenbrock_arrays(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def smooth(x: Any) -> Any:
    return np.exp(-x * x) * np.sin(3 * x) + np.sqrt(1 + x * x) / (2 + np.cos(x))


def workloads() -> list[Workload]:
    plain = textbook(math.sqrt, math.log, math.sin)
    dual = textbook(dualad.sqrt, dualad.log, dualad.sin)
    numpy = textbook(np.sqrt, np.log, np.sin)
    steps, dual_steps = recurrence(math.sin), recurrence(dualad.sin)
    found: list[Workload] = [
        ("textbook, math", lambda: plain(2.0, 1.0), lambda: derivative(dual, 1)(2.0, 1.0)),
        ("textbook, np", lambda: numpy(2.0, 1.0), lambda: derivative(numpy, 1)(2.0, 1.0)),
        ("recurrence, 1000 steps", lambda: steps(1.5), lambda: derivative(dual_steps)(1.5)),
    ]
    for n in (8, 20):
        x = [0.5 + 0.01 * i for i in range(n)]
        found.append(
            (
                f"Rosenbrock loop, n = {n}",
                lambda x=x: rosenbrock(x),  # type: ignore[misc]
                lambda x=x: grad(rosenbrock)(x),  # type: ignore[misc]
            )
        )
    for n in (10, 100, 1000):
        v = np.linspace(0.5, 1.5, n)
        found.append(
            (
                f"Rosenbrock arrays, n = {n}",
                lambda v=v: rosenbrock_arrays(v),  # type: ignore[misc]
                lambda v=v: grad(rosenbrock_arrays)(v),  # type: ignore[misc]
            )
        )
    for n in (100, 10_000, 1_000_000):
        v = np.linspace(-2, 2, n)
        found.append(
            (
                f"smooth array, n = {n}",
                lambda v=v: smooth(v),  # type: ignore[misc]
                lambda v=v: derivative(smooth)(v),  # type: ignore[misc]
            )
        )
    return found


def measure(workload: Workload, seconds: float) -> tuple[float, float]:
    """Median ratio of derivative to plain, and the plain function's time in seconds."""
    _, plain, dual = workload
    dual()
    once = min(timeit.repeat(plain, number=1, repeat=3))
    number = max(1, int(seconds / 40 / max(once, 1e-7)))
    ratios, times = [], []
    rounds = 10
    for _ in range(rounds):
        p = timeit.timeit(plain, number=number) / number
        repeats = max(1, number // 10)
        d = timeit.timeit(dual, number=repeats) / repeats
        ratios.append(d / p)
        times.append(p)
    return statistics.median(ratios), statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the time, rough figures")
    quick = parser.parse_args().quick
    print(
        f"dualad {dualad.__version__}, NumPy {np.__version__}, Python {platform.python_version()}"
    )
    print(f"{'workload':28}{'plain':>12}{'derivative ÷ plain':>22}")
    for workload in workloads():
        ratio, time = measure(workload, 0.1 if quick else 1.0)
        print(f"{workload[0]:28}{time * 1e6:>9.2f} µs{ratio:>22.1f}")


if __name__ == "__main__":
    main()
