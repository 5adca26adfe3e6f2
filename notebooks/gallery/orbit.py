"""A satellite: forces from a potential, and a shot that arrives.

The force is minus the gradient of the potential of a planet that is a little flat. The orbit is
integrated by leapfrog steps, and differentiated as a whole: the matrix of the final state by the
initial one is symplectic, as mechanics demands. Newton's method then finds the velocity with
which the satellite arrives at a given place.
"""

import numpy as np

from dualad import grad, jacobian

DT, STEPS = 0.02, 150


def potential(x, y):
    r2 = x * x + y * y
    return -1.0 / np.sqrt(r2) * (1.0 + 0.01 / r2)


force = grad(potential, argnums=(0, 1))


def fly(state):
    """Position and velocity after a while."""
    x, y, u, v = state
    a, b = force(x, y)
    for _ in range(STEPS):
        u, v = u - DT / 2 * a, v - DT / 2 * b
        x, y = x + DT * u, y + DT * v
        a, b = force(x, y)
        u, v = u - DT / 2 * a, v - DT / 2 * b
    return np.stack([x, y, u, v])


def energy(state):
    return potential(state[0], state[1]) + (state[2] ** 2 + state[3] ** 2) / 2


def main():
    start = np.array([1.0, 0.0, 0.0, 1.0])
    end, J = fly(start), jacobian(fly)(start)
    print("after", DT * STEPS, "time units:", end.round(6))
    print(f"energy changed by {energy(end) - energy(start):.1e}")
    swap = np.block([[np.zeros((2, 2)), np.eye(2)], [-np.eye(2), np.zeros((2, 2))]])
    print(f"JᵀΩJ − Ω: {np.max(np.abs(J.T @ swap @ J - swap)):.0e}")
    assert np.max(np.abs(J.T @ swap @ J - swap)) < 1e-10
    assert abs(energy(end) - energy(start)) < 1e-4

    target, velocity = np.array([-1.2, 0.1]), start[2:]

    def miss(velocity):
        return fly(np.concatenate([start[:2], velocity]))[:2] - target

    for k in range(6):
        print(f"round {k}: misses by {np.linalg.norm(miss(velocity)):.1e}")
        velocity = velocity - np.linalg.solve(jacobian(miss)(velocity), miss(velocity))
    print("velocity for the shot:", velocity.round(6))
    assert np.linalg.norm(miss(velocity)) < 1e-10


if __name__ == "__main__":
    main()
