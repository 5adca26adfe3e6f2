"""Find clusters by Newton's method: soft k-means as a smooth function of its centres.

Each point counts for the nearest centre, but softly, so that the loss is smooth: minus the
logarithm of a sum of bells. Its gradient and Hessian need no work.
"""

import numpy as np
from scipy.optimize import minimize

from dualad import objective

CENTRES = np.array([[0.0, 0.0], [3.0, 0.5], [1.0, 2.5]])


def loss(flat, points):
    centres = flat.reshape(-1, 2)
    distance2 = np.sum((points[:, None, :] - centres) ** 2, axis=2)
    nearest = np.min(distance2, axis=1, keepdims=True)
    bells = np.sum(np.exp(-(distance2 - nearest) / 0.5), axis=1)
    return np.mean(nearest[:, 0] - 0.5 * np.log(bells))


def main():
    rng = np.random.default_rng(3)
    points = np.concatenate([c + 0.4 * rng.normal(size=(60, 2)) for c in CENTRES])
    start = (points.mean(axis=0) + 0.3 * rng.normal(size=(3, 2))).ravel()
    goal = objective(loss)
    found = minimize(
        goal.fun, start, args=(points,), jac=goal.jac, hess=goal.hess, method="trust-exact"
    )
    centres = found.x.reshape(-1, 2)
    for c in CENTRES:
        nearest = centres[np.argmin(np.sum((centres - c) ** 2, axis=1))]
        print(f"points were drawn around {c}, found {nearest.round(3)}")
        assert np.max(np.abs(nearest - c)) < 0.25
    print(f"{found.nit} steps; largest slope {np.max(np.abs(found.jac)):.0e}")
    assert np.max(np.abs(found.jac)) < 1e-4


if __name__ == "__main__":
    main()
