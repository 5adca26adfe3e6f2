"""Lay one cloud of points over another, of which a third is wrong.

Three parameters: an angle and two shifts. Least squares is pulled away by the outliers. A robust
price, which grows ever more slowly with the distance, leaves them alone; once it is written
down, its gradient and Hessian need no work.
"""

import numpy as np
from scipy.optimize import minimize

from dualad import objective

TRUTH = np.array([0.3, 1.0, -0.5])


def moved(pose, points):
    c, s = np.cos(pose[0]), np.sin(pose[0])
    turn = np.stack([np.stack([c, -s]), np.stack([s, c])])
    return points @ turn.T + pose[1:]


def clouds(count=90):
    rng = np.random.default_rng(90)
    points = rng.uniform(-2, 2, size=(count, 2))
    seen = moved(TRUTH, points) + 0.02 * rng.normal(size=points.shape)
    seen[: count // 3] = rng.uniform(0, 4, size=(count // 3, 2))  # mismatches
    return points, seen


def squares(distance2):
    return distance2


def robust(distance2):
    return distance2 / (0.1 + distance2)  # Geman and McClure: at most 1 a point


def register(price, pose, points, seen):
    def loss(pose):
        return np.sum(price(np.sum((moved(pose, points) - seen) ** 2, axis=1)))

    goal = objective(loss)
    return minimize(goal.fun, pose, jac=goal.jac, hess=goal.hess, method="trust-exact").x


def main():
    points, seen = clouds()
    plain = register(squares, np.zeros(3), points, seen)
    better = register(robust, plain, points, seen)
    print("truth        ", TRUTH)
    print("least squares", plain.round(4))
    print("robust       ", better.round(4))
    assert np.max(np.abs(plain - TRUTH)) > 0.1
    assert np.max(np.abs(better - TRUTH)) < 0.02


if __name__ == "__main__":
    main()
