"""How far away is what two eyes see? Depth from a stereo pair, by an energy.

A near object is seen at different places by the two eyes; the shift is called disparity. The energy
asks for a disparity at each pixel with which the pictures agree, and which changes little from
pixel to pixel. It has as many unknowns as pixels, and a gradient by reverse mode. (Pock et al.,
2007.)
"""

import numpy as np
from scipy.optimize import minimize

from dualad import value_and_grad

SIZE = 32
COLUMN, ROW = np.meshgrid(np.arange(SIZE) + 0.0, np.arange(SIZE) + 0.0)


def texture(x, y):
    """A wall with a pattern, as a function of the place on it."""
    return np.sin(0.9 * x + 0.5 * np.sin(0.3 * y)) + 0.5 * np.cos(0.5 * y - 0.35 * x)


def true_disparity():
    near = (COLUMN - 16) ** 2 + (ROW - 15) ** 2 < 60  # a ball before the wall
    return np.where(near, 1.5, 0.5)


def energy(disparity, left):
    d = disparity.reshape(SIZE, SIZE)
    seen = np.sum((texture(COLUMN + d, ROW) - left) ** 2)
    across, down = np.diff(d, axis=1), np.diff(d, axis=0)
    return seen + 0.3 * (np.sum(np.sqrt(across**2 + 1e-3)) + np.sum(np.sqrt(down**2 + 1e-3)))


def main():
    truth = true_disparity()
    noise = 0.1 * np.random.default_rng(5).normal(size=truth.shape)
    left = texture(COLUMN + truth, ROW) + noise
    start = np.full(SIZE * SIZE, 1.0)
    both = value_and_grad(energy)
    along = (energy(start + 1e-6, left) - energy(start - 1e-6, left)) / 2e-6  # to compare with
    assert np.isclose(np.sum(both(start, left)[1]), along, rtol=1e-6)
    found = minimize(
        both, start, args=(left,), jac=True, method="L-BFGS-B", options={"maxiter": 80}
    )
    disparity = found.x.reshape(SIZE, SIZE)
    for row in disparity[3::4]:
        print("".join("·░▒▓█"[int(np.clip(4 * d / 1.6, 0, 4))] for d in row))
    wrong = np.mean(np.abs(disparity - truth) > 0.4)
    print(f"{wrong:.1%} of the pixels are off by more than 0.4; at the start all of them were")
    assert wrong < 0.1


if __name__ == "__main__":
    main()
