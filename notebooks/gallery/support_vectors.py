"""A support vector machine, and its penalty chosen by a derivative through the training.

Squared hinge loss, trained by SciPy's minimizer. How the trained machine moves with the penalty
follows from the implicit function theorem: the gradient stays zero. So the loss on other data is a
function of the penalty with a derivative, and its minimum is a root. (Chapelle et al., 2002.)
"""

import numpy as np
from scipy.optimize import brentq, minimize

from dualad import derivative, grad


def data(count, rng):
    side = rng.integers(0, 2, count) * 2 - 1
    x = rng.normal(size=(count, 6))
    x[:, 0] += 0.8 * side
    x[:, 1] -= 0.5 * side
    return np.hstack([x, np.ones((count, 1))]), side


def loss(w, log_penalty, x, side):
    hinge = np.maximum(1 - side * (x @ w), 0.0)
    return np.mean(hinge**2) + np.exp(log_penalty) * np.sum(w[:-1] ** 2)


def main():
    rng = np.random.default_rng(8)
    x, side = data(40, rng)
    other, truth = data(400, rng)

    def trained(log_penalty):
        slope = grad(loss)
        return minimize(
            loss, np.zeros(7), args=(log_penalty, x, side), jac=slope, options={"gtol": 1e-7}
        ).x

    def validation(log_penalty):
        return np.mean(np.maximum(1 - truth * (other @ trained(log_penalty)), 0.0) ** 2)

    slope = derivative(validation)
    h = 1e-3
    by_differences = (validation(-2 + h) - validation(-2 - h)) / (2 * h)
    print(f"slope of the loss at −2: {slope(-2.0):.6f}; by differences {by_differences:.6f}")
    assert np.isclose(slope(-2.0), by_differences, rtol=1e-3)

    best = brentq(slope, -6.0, 1.0, xtol=1e-3)
    print(f"log penalty {best:.3f} is best: loss {validation(best):.4f}")
    print(f"with hardly any {validation(-9.0):.4f}, with a large one {validation(0.0):.4f}")
    margin = 1 - side * (x @ trained(best))
    print(f"{np.sum(margin > 0)} of {len(side)} points are support vectors")
    assert validation(best) <= min(validation(p) for p in (-9.0, -4.0, -2.0, 0.0))


if __name__ == "__main__":
    main()
