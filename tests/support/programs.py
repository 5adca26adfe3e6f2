"""Functions as people write them, in plain NumPy and plain Python, without a thought of duals.

Test functions of optimisation, models of science and finance, numerical methods of textbooks.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np


def ackley(x: Any) -> Any:
    a, b, c = 20, 0.2, 2 * np.pi
    s1 = -a * np.exp(-b * np.sqrt(np.mean(x**2)))
    s2 = -np.exp(np.mean(np.cos(c * x)))
    return s1 + s2 + a + np.exp(1)


def rastrigin(x: Any) -> Any:
    return 10 * len(x) + np.sum(x**2 - 10 * np.cos(2 * np.pi * x))


def griewank(x: Any) -> Any:
    i = np.arange(1, len(x) + 1)
    return np.sum(x**2) / 4000 - np.prod(np.cos(x / np.sqrt(i))) + 1


def levy(x: Any) -> Any:
    w = 1 + (x - 1) / 4
    first = np.sin(np.pi * w[0]) ** 2
    middle = np.sum((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2))
    last = (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)
    return first + middle + last


def himmelblau(p: Any) -> Any:
    x, y = p[0], p[1]
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def beale(p: Any) -> Any:
    x, y = p[:2]
    return sum((c - x + x * y ** (i + 1)) ** 2 for i, c in enumerate((1.5, 2.25, 2.625)))


def powell(x: Any) -> Any:
    a, b, c, d = x
    return (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4


def styblinski_tang(x: Any) -> Any:
    return np.polyval([1, 0, -16, 5, 0], x).sum() / 2


def lorenz_field(state: Any) -> Any:
    x, y, z = state[:3]
    sigma, rho, beta = 10.0, 28.0, 8 / 3
    return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


def lorenz_rk4(state: Any) -> Any:
    h, state = 0.01, state[:3]
    for _ in range(20):
        k1 = lorenz_field(state)
        k2 = lorenz_field(state + h / 2 * k1)
        k3 = lorenz_field(state + h / 2 * k2)
        k4 = lorenz_field(state + h * k3)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state


def lotka_volterra(rates: Any) -> Any:
    alpha, beta, delta, gamma = rates
    prey, predators = 10.0, 5.0
    history = []
    for _ in range(50):
        prey, predators = (
            prey + 0.01 * (alpha * prey - beta * prey * predators),
            predators + 0.01 * (delta * prey * predators - gamma * predators),
        )
        history.append(prey)
    return np.array(history)


def planck(x: Any) -> Any:
    wavelength, temperature = x[0] * 1e-6, x[1] * 5000
    c1, c2 = 1.191042972e-16, 1.438776877e-2
    return c1 / wavelength**5 / np.expm1(c2 / (wavelength * temperature)) * 1e-13


def van_der_waals(x: Any) -> Any:
    volume, temperature = 20 + x[0], 300 * x[1]
    a, b, gas = 1.36, 0.0318, 0.08206
    return gas * temperature / (volume - b) - a / volume**2


def michaelis_menten_residuals(p: Any) -> Any:
    substrate = np.array([0.038, 0.194, 0.425, 0.626, 1.253, 2.5, 3.74])
    rate = np.array([0.05, 0.127, 0.094, 0.2122, 0.2729, 0.2665, 0.3317])
    return rate - p[0] * substrate / (p[1] + substrate)


def gaussian_mixture_log_likelihood(p: Any) -> Any:
    data = np.linspace(-2, 4, 9)[:, None]
    means, log_widths = p[:2], p[2:4]
    densities = np.exp(-0.5 * ((data - means) / np.exp(log_widths)) ** 2 - log_widths)
    return np.sum(np.log(np.mean(densities, axis=1)))


def logistic_regression(w: Any) -> Any:
    features = np.cos(np.arange(20.0)).reshape(5, 4)
    labels = np.array([0, 1, 1, 0, 1])
    z = features @ w
    return np.mean(np.logaddexp(0, z) - labels * z) + 0.01 * np.dot(w, w)


def small_network(w: Any) -> Any:
    inputs = np.sin(np.arange(6.0)).reshape(3, 2)
    hidden = np.tanh(inputs @ np.stack([w[:2], w[2:]]).T)
    out = hidden.sum(axis=1)
    return np.mean((out - np.array([0.5, -0.2, 0.1])) ** 2)


def softmax_cross_entropy(z: Any) -> Any:
    shifted = z - np.max(z)
    return np.log(np.sum(np.exp(shifted))) - shifted[1]


def newton_cube_root(a: Any) -> Any:
    x = a * 0 + 1.0
    for _ in range(40):
        x = x - (x**3 - a) / (3 * x**2)
    return x


def simpson(p: Any) -> Any:
    n = 40
    t = np.linspace(0, 1, n + 1)
    y = np.exp(-p[0] * t**2) * np.sin(p[1] * t)
    return (y[0] + 4 * y[1:-1:2].sum() + 2 * y[2:-1:2].sum() + y[-1]) / (3 * n)


def horner(c: Any) -> Any:
    result = 0.0
    for coefficient in c:
        result = result * 1.5 + coefficient
    return result


def thomas_algorithm(d: Any) -> Any:
    """A tridiagonal system with 4 on the diagonal and −1 beside it, solved for d."""
    n = len(d)
    c, x = [0.0] * n, [0.0] * n
    for i in range(n):
        m = 4.0 + (c[i - 1] if i else 0.0)
        c[i] = -1.0 / m
        x[i] = (d[i] + (x[i - 1] if i else 0.0)) / m
    for i in reversed(range(n - 1)):
        x[i] -= c[i] * x[i + 1]
    return np.array(x)


def cholesky_log_determinant(a: Any) -> Any:
    matrix = np.outer(a, a) + np.diag(np.arange(2.0, 6.0))
    rows: list[list[Any]] = []
    for i in range(4):
        row: list[Any] = []
        for j in range(i + 1):
            s = matrix[i, j] - sum(row[k] * (rows[j][k] if j < i else row[k]) for k in range(j))
            row.append(np.sqrt(s) if i == j else s / rows[j][j])
        rows.append(row)
    return 2 * sum(np.log(rows[i][i]) for i in range(4))


def projectile_with_drag(p: Any) -> Any:
    velocity = np.array([10 + p[0], 12 + p[1]])
    position = np.zeros(2)
    for _ in range(60):
        speed = np.sqrt(velocity[0] ** 2 + velocity[1] ** 2)
        velocity = velocity + 0.01 * (np.array([0.0, -9.81]) - 0.05 * p[2] ** 2 * speed * velocity)
        position = position + 0.01 * velocity
    return position


def lennard_jones(x: Any) -> Any:
    atoms = np.array([[0, 0, 0], [1.1, 0, 0], [0.5, 1.0, 0], [0.5, 0.4, 0.9]]) + np.outer(
        0.1 * x, np.ones(3)
    )
    energy = 0.0
    for i, j in itertools.combinations(range(len(atoms)), 2):
        r2 = np.sum((atoms[i] - atoms[j] * np.array([1.0, 1.1, 0.9])) ** 2)
        energy = energy + 4 * (1 / r2**6 - 1 / r2**3)
    return energy


def rodrigues(x: Any) -> Any:
    axis, point = x[:3], np.array([0.3, -0.2, 1.5])
    theta = np.sqrt(axis @ axis)
    k = axis / theta
    turned = (
        point * np.cos(theta)
        + np.cross(k, point) * np.sin(theta)
        + k * (k @ point) * (1 - np.cos(theta))
    )
    u, v = turned[0] / (3 + turned[2]), turned[1] / (3 + turned[2])
    r2 = u * u + v * v
    return np.array([u, v]) * (1 + x[3] * r2)


def collatz_like_branches(x: Any) -> Any:
    total = 0.0
    for value in x:
        v = value
        while abs(v) > 0.5:
            v = v / 2 if v > 0 else v * v / 3 - 0.1
        total = total + v * value
    return total


PROGRAMS = [
    *(ackley, rastrigin, griewank, levy, himmelblau, beale, powell, styblinski_tang),
    *(lorenz_field, lorenz_rk4, lotka_volterra, planck, van_der_waals),
    *(michaelis_menten_residuals, gaussian_mixture_log_likelihood, logistic_regression),
    *(small_network, softmax_cross_entropy, newton_cube_root, simpson, horner, thomas_algorithm),
    *(cholesky_log_determinant, projectile_with_drag, lennard_jones, rodrigues),
    collatz_like_branches,
]
# np.cross, np.max and logaddexp of complex numbers, and abs, are not analytic in NumPy
NOT_ANALYTIC = (logistic_regression, softmax_cross_entropy, collatz_like_branches)
POINT = np.array([0.8, 1.3, 0.6, 1.1])
