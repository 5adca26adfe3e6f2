"""What sensitivities of a differential equation cost: `python -m benchmarks.solvers`.

Three ways to the derivative of y(T) in all parameters, at a tolerance of 1e-8: `solve_ivp` of
dualad.scipy with all directions at once; central differences of SciPy's solver; and duals sent
through the steps of a Runge–Kutta method written in NumPy. Each figure is the time as a ratio to
the plain solution in the same run, and the largest error next to the largest derivative. (The
truth is DOP853 at a tolerance of 1e-12.)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate

from dualad import jacobian
from dualad.scipy.integrate import solve_ivp

ROUNDS = 5
TOLERANCE = 1e-8


def lorenz(t: Any, y: Any, p: Any) -> Any:
    return np.stack([p[0] * (y[1] - y[0]), y[0] * (p[1] - y[2]) - y[1], y[0] * y[1] - p[2] * y[2]])


def epidemic(t: Any, y: Any, p: Any) -> Any:
    """SIR with births, waning immunity and an import of cases."""
    s, i, r = y[0], y[1], y[2]
    new, back = p[0] * s * i + p[4] * s, p[3] * r
    return np.stack(
        [p[2] * (1 - s) - new + back, new - (p[1] + p[2]) * i, p[1] * i - back - p[2] * r]
    )


def heat(t: Any, y: Any, p: Any) -> Any:
    """A rod of 40 points, its conductivity in 20 pieces: 20 parameters."""
    flow = np.repeat(p, 2)[1:] * (y[1:] - y[:-1])
    end = np.zeros(1)
    return 100 * (np.concatenate([flow, end]) - np.concatenate([end, flow]))


PROBLEMS: dict[str, tuple[Any, Any, Any, float, str]] = {
    "Lorenz": (lorenz, [10.0, 28.0, 8 / 3], [1.0, 2.0, 3.0], 1.0, "RK45"),
    "SIR": (epidemic, [0.9, 0.2, 0.01, 0.05, 0.001], [0.99, 0.01, 0.0], 60.0, "RK45"),
    "heat": (heat, np.linspace(1, 2, 20), np.sin(np.linspace(0, 3, 40)), 1.0, "RK45"),
    "heat, stiff": (heat, np.linspace(1, 2, 20), np.sin(np.linspace(0, 3, 40)), 1.0, "BDF"),
}


def differences(f: Callable[[Any], Any], p: Any) -> Any:
    """Central, with the step that balances truncation and the solver's error."""
    columns = []
    for i, x in enumerate(p):
        h = TOLERANCE ** (1 / 3) * abs(x)
        step = np.eye(len(p))[i] * h
        columns.append((f(p + step) - f(p - step)) / (2 * h))
    return np.stack(columns, axis=-1)


def runge_kutta(f: Any, y: Any, end: float, p: Any, steps: int) -> Any:
    """The classical method, with as many steps as make it as accurate."""
    h = end / steps
    for i in range(steps):
        t = i * h
        k1 = f(t, y, p)
        k2 = f(t + h / 2, y + h / 2 * k1, p)
        k3 = f(t + h / 2, y + h / 2 * k2, p)
        k4 = f(t + h, y + h * k3, p)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


def seconds(f: Callable[[], Any]) -> float:
    """The median of some rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return sorted(times)[ROUNDS // 2]


def measure(f: Any, p: Any, y0: Any, end: float, method: str) -> None:
    """The rows of one problem."""

    def solution(solver: Any, p: Any, tolerance: float = TOLERANCE, method: str = method) -> Any:
        options = {"rtol": tolerance, "atol": tolerance, "method": method, "args": (p,)}
        return solver(f, (0, end), y0, **options).y[:, -1]

    truth = jacobian(lambda p: solution(solve_ivp, p, 1e-12, "DOP853"))(p)
    exact = solution(scipy.integrate.solve_ivp, p, 1e-12, "DOP853")
    steps = 50
    with np.errstate(all="ignore"):  # too few steps may be unstable
        while not np.max(abs(runge_kutta(f, y0, end, p, steps) - exact)) < 100 * TOLERANCE:
            steps *= 2
    ways: dict[str, Callable[[], Any]] = {
        "dualad.scipy": lambda: jacobian(lambda p: solution(solve_ivp, p))(p),
        "central differences": lambda: differences(
            lambda p: solution(scipy.integrate.solve_ivp, p), p
        ),
        f"duals, {steps} RK steps": lambda: jacobian(lambda p: runge_kutta(f, y0, end, p, steps))(
            p
        ),
    }
    plain = seconds(lambda: solution(scipy.integrate.solve_ivp, p))
    print(f"  plain {plain * 1e3:.1f} ms, {len(y0)} states, {len(p)} parameters, {method}")
    for way, run in ways.items():
        error = np.max(abs(run() - truth)) / np.max(abs(truth))
        ratio = seconds(run) / plain
        print(f"  {way:22} {ratio:6.1f}  {ratio / len(p):5.2f} per parameter  error {error:.0e}")


def main() -> None:
    """Measure, and print a table."""
    for name, (f, p, y0, end, method) in PROBLEMS.items():
        print(name, flush=True)
        measure(f, np.asarray(p), np.asarray(y0), end, method)


if __name__ == "__main__":
    main()
