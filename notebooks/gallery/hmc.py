"""Hamiltonian Monte Carlo: samples of a density by rolling a ball over its negative logarithm.

The density has the shape of a banana. A ball gets a random push, rolls for a while without
friction along the gradient, and where it ends is the next sample. (Neal, 2011.)
"""

import numpy as np

from dualad import value_and_grad


def potential(x, y):
    return x * x / 2 + (y - x * x) ** 2 / 0.5  # −log density, but for a constant


slope = value_and_grad(potential, argnums=(0, 1))


def sample(count, step=0.12, seed=2011):
    rng = np.random.default_rng(seed)
    position = np.zeros(2)
    height, force = slope(*position.tolist())
    samples, accepted = [], 0
    for _ in range(count):
        speed = rng.normal(size=2)
        energy = height + speed @ speed / 2
        there, h, g = position, height, np.array(force)
        for _ in range(rng.integers(5, 30)):  # leapfrog: half a kick, a drift, half a kick
            speed = speed - step / 2 * g
            there = there + step * speed
            h, g = slope(*there.tolist())
            g = np.array(g)
            speed = speed - step / 2 * g
        if rng.random() < np.exp(min(0.0, energy - h - speed @ speed / 2)):
            position, height, force, accepted = there, h, g, accepted + 1
        samples.append(position)
    return np.array(samples), accepted / count


def main():
    samples, accepted = sample(2500)
    mean, variance = samples.mean(axis=0), samples.var(axis=0)
    print(f"accepted {accepted:.0%} of {len(samples)} proposals")
    # x is normal; y is x² and normal noise of variance ¼, so its mean is 1, its variance 2.25
    for name, found, right in (("mean", mean, (0, 1)), ("variance", variance, (1, 2.25))):
        print(f"{name:8} x {found[0]:6.3f} (right: {right[0]}), y {found[1]:6.3f} ({right[1]})")
    assert accepted > 0.8
    assert np.allclose(mean, (0, 1), atol=0.2)
    assert np.allclose(variance, (1, 2.25), rtol=0.5)


if __name__ == "__main__":
    main()
