"""Tune a PID controller: differentiate the simulation with respect to its three gains.

A motor turns a shaft with friction and a spring. The controller sees the error, its integral and
its rate, and each has a gain. The cost of a run is the error that is left, and the effort; BFGS
makes it small, with exact gradients of the whole loop. (Yang et al., 2008, trained such
controllers by automatic differentiation.)
"""

import numpy as np
from scipy.optimize import minimize

from dualad import check_derivative, value_and_grad

DT, STEPS = 0.02, 400


def simulate(gains):
    """The angle of the shaft over eight seconds, and the cost of the run."""
    p, i, d = gains
    angle, speed, total, cost, angles = 0.0, 0.0, 0.0, 0.0, []
    for _ in range(STEPS):
        error = 1.0 - angle  # the shaft shall turn to 1
        total = total + error * DT
        torque = p * error + i * total - d * speed
        speed = speed + (torque - 0.5 * speed - 2.0 * angle) * DT
        angle = angle + speed * DT
        cost = cost + (error * error + 0.002 * torque * torque) * DT
        angles.append(angle)
    return angles, cost


def cost(gains):
    return simulate(gains)[1]


def main():
    start = np.array([1.0, 0.0, 0.0])
    check_derivative(cost, start)
    tuned = minimize(value_and_grad(cost), start, jac=True, method="BFGS")
    for name, gains in (("before", start), ("after", tuned.x)):
        angles, price = simulate(gains)
        p, i, d = gains
        print(f"{name:6} P {p:6.3f}  I {i:6.3f}  D {d:6.3f}   cost {price:.4f}", end="   ")
        print(f"overshoot {max(angles) - 1:+.1%}, at the end {angles[-1]:.4f}")
    assert cost(tuned.x) < cost(start) / 4
    assert abs(simulate(tuned.x)[0][-1] - 1) < 0.02
    assert np.max(np.abs(value_and_grad(cost)(tuned.x)[1])) < 1e-4


if __name__ == "__main__":
    main()
