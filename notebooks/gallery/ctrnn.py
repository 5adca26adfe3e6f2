"""Train a continuous-time recurrent network to behave like a nonlinear process.

Each of its neurons obeys x′ = −x + W·tanh(x) + input. The weights are found by reverse mode
through the whole integration. Then the network runs with Taylor steps of third order, whose
derivatives in time are nested forward derivatives: x″ is the derivative of x′ along x′, and so
on. (Al Seyab and Cao, 2008, used derivatives above the second order for such networks.)
"""

import numpy as np
from scipy.optimize import minimize

from dualad import jvp, value_and_grad

NEURONS, DT, STEPS = 4, 0.1, 40
SHAPE = (NEURONS, NEURONS + 1)


def rate(x, weights):
    return weights[:, :-1] @ np.tanh(x) - x + weights[:, -1]


def run(weights, step):
    x, out = np.zeros(NEURONS), []
    for _ in range(STEPS):
        x = x + step(x, weights)
        out.append(x[0])  # the first neuron is the answer
    return np.stack(out)


def euler(x, weights):
    return DT * rate(x, weights)


def third_order(x, weights):
    def first(x):
        return rate(x, weights)

    def second(x):
        return jvp(first, (x,), (first(x),))[1]

    third = jvp(second, (x,), (first(x),))[1]
    return DT * (first(x) + DT / 2 * (second(x) + DT / 3 * third))


def process():
    """A tank that fills through a valve and empties through a hole: a rise, then a sag."""
    level, levels = 0.0, []
    for k in range(STEPS):
        inflow = 1.0 if k < STEPS // 2 else 0.4
        level += DT * (inflow - np.sqrt(level))
        levels.append(level)
    return np.array(levels)


def main():
    target = process()

    def loss(w):
        return np.sum((run(w.reshape(SHAPE), euler) - target) ** 2)

    start = 0.5 * np.random.default_rng(3).normal(size=NEURONS * (NEURONS + 1))
    both, h = value_and_grad(loss, mode="reverse"), 1e-6 * np.ones_like(start)
    along = (loss(start + h) - loss(start - h)) / 2e-6  # to compare with
    assert np.isclose(np.sum(both(start)[1]), along, rtol=1e-5)

    trained = minimize(both, start, jac=True, options={"maxiter": 30})
    print(f"loss {loss(start):.4f} at first, {trained.fun:.4f} after {trained.nit} steps of BFGS")
    assert trained.fun < loss(start) / 20

    weights, x = trained.x.reshape(SHAPE), np.full(NEURONS, 0.3)
    fine = x
    for _ in range(1000):
        fine = fine + DT / 1000 * rate(fine, weights)
    for name, step in (("Euler", euler), ("third order", third_order)):
        print(f"error of one step, {name:11}: {np.max(np.abs(x + step(x, weights) - fine)):.1e}")
    assert np.max(np.abs(x + third_order(x, weights) - fine)) < 1e-3
    assert np.max(np.abs(x + euler(x, weights) - fine)) > 1e-3


if __name__ == "__main__":
    main()
