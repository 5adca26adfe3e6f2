"""Programs as textbooks and SciPy's tutorials write them, unmodified, against independent values.

Each program takes an array of parameters, and knows nothing of derivatives. Its value with them is
that of the plain run; its gradient, forward and backward, is what a formula or another method says.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad, solve_bvp, solve_ivp
from scipy.interpolate import CubicSpline
from scipy.linalg import cho_factor, cho_solve, expm
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.optimize import brentq, curve_fit, fsolve, minimize, newton
from scipy.sparse import csr_array, eye_array
from scipy.sparse.linalg import spsolve
from scipy.spatial.distance import cdist
from scipy.stats import norm
from support.gradients import Program, by_differences, check

# -- finance -----------------------------------------------------------------------------------


def black_scholes(p: Any) -> Any:
    """A European call: Hull, Options, Futures, and Other Derivatives."""
    spot, strike, rate, sigma, years = p
    d1 = (np.log(spot / strike) + (rate + sigma**2 / 2) * years) / (sigma * np.sqrt(years))
    d2 = d1 - sigma * np.sqrt(years)
    return spot * norm.cdf(d1) - strike * np.exp(-rate * years) * norm.cdf(d2)


def greeks(p: Any) -> Any:
    spot, strike, rate, sigma, years = p
    d1 = (math.log(spot / strike) + (rate + sigma**2 / 2) * years) / (sigma * math.sqrt(years))
    d2 = d1 - sigma * math.sqrt(years)
    n1, n2 = (math.erfc(-d / math.sqrt(2)) / 2 for d in (d1, d2))
    density, discount = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi), math.exp(-rate * years)
    theta = spot * density * sigma / (2 * math.sqrt(years)) + rate * strike * discount * n2
    vega = spot * density * math.sqrt(years)
    return np.array([n1, -discount * n2, strike * years * discount * n2, vega, theta])


def implied_volatility(p: Any) -> Any:
    price, spot = p
    return brentq(lambda sigma: black_scholes([spot, 100.0, 0.02, sigma, 0.75]) - price, 0.01, 2.0)


def of_implied_volatility(p: Any) -> Any:
    delta, _, _, vega, _ = greeks([p[1], 100.0, 0.02, implied_volatility(p), 0.75])
    return np.array([1 / vega, -delta / vega])


def bond_yield(p: Any) -> Any:
    """A spline through a curve of zero rates, and the yield of a bond priced on it."""
    curve = CubicSpline([0.5, 1.0, 2.0, 5.0, 10.0], p)
    times = np.arange(1.0, 8.0)
    price = np.sum(4.0 * np.exp(-curve(times) * times)) + 100.0 * np.exp(-curve(7.0) * 7.0)

    def gap(y: Any) -> Any:
        return np.sum(4.0 * np.exp(-y * times)) + 100.0 * np.exp(-y * 7.0) - price

    return brentq(gap, -0.1, 0.5, xtol=1e-14)


# -- statistics ----------------------------------------------------------------------------------

DOSES = np.array([0.1, 0.4, 0.8, 1.1, 1.6, 2.0])
COSTS = np.array([1.3, 1.2, 2.4, 2.6, 5.1, 6.9])


def gamma_glm(p: Any) -> Any:
    """A gamma regression with a logarithmic link, by Fisher's scoring: McCullagh and Nelder."""
    x = np.column_stack([np.ones(6), DOSES])
    beta = np.array([1.0, 0.5])
    for _ in range(30):
        mu = np.exp(x @ beta)
        beta = beta + np.linalg.solve(x.T @ x, x.T @ ((p - mu) / mu))
    return beta[1]


def of_gamma_glm(y: Any) -> Any:
    """The implicit function theorem on the score, Σ x·(y/mu - 1) = 0."""
    x = np.column_stack([np.ones(6), DOSES])
    beta = np.linalg.lstsq(x, np.log(y), rcond=None)[0]
    for _ in range(60):
        w = y * np.exp(-x @ beta)
        beta = beta + np.linalg.solve((x.T * w) @ x, x.T @ (w - 1))
    w = y * np.exp(-x @ beta)
    return np.linalg.solve((x.T * w) @ x, x.T * np.exp(-x @ beta))[1]


def reliability(p: Any) -> Any:
    """The time by which a tenth has failed, by maximum likelihood: Meeker and Escobar."""

    def cost(theta: Any) -> Any:
        shape, scale = np.exp(theta[0]), np.exp(theta[1])
        return -np.sum(stats.weibull_min.logpdf(p, shape, scale=scale))

    best = minimize(cost, np.array([0.4, 1.0]), method="BFGS")
    return stats.weibull_min(np.exp(best.x[0]), scale=np.exp(best.x[1])).ppf(0.1)


def of_reliability(t: Any) -> Any:
    """The profile likelihood's equation in the shape alone, by bisection, and differences."""

    def life(t: Any) -> Any:
        def score(c: float) -> Any:
            w = t**c
            return np.sum(w * np.log(t)) / np.sum(w) - 1 / c - np.mean(np.log(t))

        low, high = 0.2, 20.0
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if score(middle) < 0 else (low, middle)
        return (-math.log(0.9) * np.mean(t**low)) ** (1 / low)

    return by_differences(life, 1e-2)(t)


OBSERVED = np.array([0.3, -0.2, 0.5, 1.1, 0.9, 1.6, 1.2])


def kalman_smoother(p: Any) -> Any:
    """The likelihood of a local level, and its smoothed mean: Durbin and Koopman."""
    noise, drift = p
    mean, variance, means, variances, forecasts = 0.0, 2.0, [], [], []
    likelihood = 0.0
    for y in OBSERVED:
        variance = variance + drift
        spread = variance + noise
        likelihood += norm.logpdf(y, mean, np.sqrt(spread))
        gain = variance / spread
        forecasts.append((mean, variance))
        mean, variance = mean + gain * (y - mean), (1 - gain) * variance
        means.append(mean)
        variances.append(variance)
    smooth = means[-1]
    for t in range(len(OBSERVED) - 2, -1, -1):
        smooth = means[t] + variances[t] / forecasts[t + 1][1] * (smooth - forecasts[t + 1][0])
    return likelihood + smooth


def of_kalman_smoother(p: Any) -> Any:
    """The same from the joint normal distribution of all, without a filter."""

    def joint(p: Any) -> Any:
        n = len(OBSERVED)
        levels = 2.0 + p[1] * np.minimum.outer(np.arange(1.0, n + 1), np.arange(1.0, n + 1))
        cov = levels + p[0] * np.eye(n)
        smooth = levels[0] @ np.linalg.solve(cov, OBSERVED)
        log = -(n * math.log(2 * math.pi) + np.linalg.slogdet(cov)[1]) / 2
        return log - OBSERVED @ np.linalg.solve(cov, OBSERVED) / 2 + smooth

    return by_differences(joint)(p)


PLACES = np.array([0.0, 0.7, 1.1, 2.0, 2.6])


def gaussian_process(p: Any) -> Any:
    """The marginal likelihood: Rasmussen and Williams, Algorithm 2.1."""
    length, amplitude, noise = p
    y = np.sin(PLACES)
    apart = PLACES[:, None] - PLACES[None, :]
    k = amplitude**2 * np.exp(-(apart**2) / (2 * length**2)) + noise**2 * np.eye(5)
    c, low = cho_factor(k, lower=True)
    alpha = cho_solve((c, low), y)
    return -0.5 * y @ alpha - np.sum(np.log(np.diag(c))) - 2.5 * np.log(2 * np.pi)


def of_gaussian_process(p: Any) -> Any:
    """tr((αα' - K⁻¹)·∂K)/2, Rasmussen and Williams, (5.9)."""
    length, amplitude, noise = p
    apart = (PLACES[:, None] - PLACES[None, :]) ** 2
    k = amplitude**2 * np.exp(-apart / (2 * length**2))
    inverse = np.linalg.inv(k + noise**2 * np.eye(5))
    alpha = inverse @ np.sin(PLACES)
    m = np.outer(alpha, alpha) - inverse
    each = (k * apart / length**3, 2 * k / amplitude, 2 * noise * np.eye(5))
    return np.array([np.trace(m @ d) / 2 for d in each])


DESIGN = np.array(
    [[1.0, 0.2, -0.5], [0.3, 1.4, 0.1], [-0.7, 0.4, 1.2], [0.9, -0.3, 0.6], [0.1, 0.8, -0.9]]
)
TARGET = np.array([2.0, 0.9, -1.4, 1.7, 0.4])


def lasso(p: Any) -> Any:
    """Coordinate descent with soft thresholds: Hastie, Tibshirani and Wainwright."""
    lam, scale = p
    y = scale * TARGET
    beta = np.zeros(3)
    for _ in range(200):
        for j in range(3):
            rest = y - DESIGN @ beta + DESIGN[:, j] * beta[j]
            rho = DESIGN[:, j] @ rest
            size = np.maximum(abs(rho) - lam, 0.0)
            beta[j] = np.sign(rho) * size / (DESIGN[:, j] @ DESIGN[:, j])
    return np.sum(beta**2)


def of_lasso(p: Any) -> Any:
    """On the active set, beta = (X'X)⁻¹·(X'y - lam·sign): the one that all conditions hold for."""
    lam, scale = p
    y = scale * TARGET
    for signs in itertools.product((-1.0, 0.0, 1.0), repeat=3):
        s = np.array(signs)
        x, s = DESIGN[:, s != 0], s[s != 0]
        beta = np.linalg.solve(x.T @ x, x.T @ y - lam * s)
        if np.all(beta * s > 0) and np.all(abs(DESIGN.T @ (y - x @ beta)) < lam + 1e-9):
            by_lam = np.linalg.solve(x.T @ x, -s)
            return np.array([2 * beta @ by_lam, 2 * beta @ np.linalg.solve(x.T @ x, x.T @ TARGET)])
    raise AssertionError("no set fits")


LABELS = np.array([1.0, 1.0, 0.0, 1.0, 0.0])


def logistic_regression(p: Any) -> Any:
    """Coefficients as the penalty moves."""

    def cost(beta: Any) -> Any:
        z = DESIGN @ beta
        return np.sum(np.logaddexp(0, z) - LABELS * z) + p[0] * beta @ beta / 2

    return minimize(cost, np.zeros(3), method="BFGS").x @ np.array([1.0, 2.0, 3.0])


def of_logistic_regression(p: Any) -> Any:
    beta = np.zeros(3)
    for _ in range(50):
        q = 1 / (1 + np.exp(-DESIGN @ beta))
        h = (DESIGN.T * q * (1 - q)) @ DESIGN + p[0] * np.eye(3)
        beta = beta - np.linalg.solve(h, DESIGN.T @ (q - LABELS) + p[0] * beta)
    return -np.linalg.solve(h, beta)[None] @ np.array([1.0, 2.0, 3.0])


TIMES = np.linspace(0.0, 4.0, 9)


def decay_fit(p: Any) -> Any:
    """The rate of a decay from counts, by least squares: SciPy's tutorial of curve_fit."""

    def model(t: Any, a: Any, k: Any) -> Any:
        return a * np.exp(-k * t)

    found, _ = curve_fit(model, TIMES, p, p0=(2.0, 1.0), ftol=1e-14, xtol=1e-14)
    return found[1]


def of_decay_fit(y: Any) -> Any:
    """Variable projection to one equation in k, solved by bisection, and differences."""

    def rate(y: Any) -> Any:
        def slope(k: float) -> float:
            e = np.exp(-k * TIMES)
            a = (e @ y) / (e @ e)
            return float((y - a * e) @ (TIMES * e))

        low, high = 0.3, 2.0
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if slope(low) * slope(middle) > 0 else (low, middle)
        return low

    return by_differences(rate, 1e-2)(y)


# -- control and differential equations ----------------------------------------------------------


def pid_step(p: Any) -> Any:
    """The step response of a plant y″ + y′ + y = u under a controller: Åström and Murray."""
    kp, ki, kd = p

    def loop(t: Any, state: Any) -> Any:
        y, v, total = state
        u = kp * (1.0 - y) + ki * total - kd * v
        return [v, u - v - y, 1.0 - y]

    run = solve_ivp(loop, (0.0, 3.0), [0.0, 0.0, 0.0], rtol=1e-8, atol=1e-10)
    return run.y[0, -1]


def of_pid_step(p: Any) -> Any:
    """The loop is linear: the matrix exponential, and differences."""

    def response(p: Any) -> Any:
        kp, ki, kd = p
        a = np.array([[0, 1, 0, 0], [-1 - kp, -1 - kd, ki, kp], [-1, 0, 0, 1], [0, 0, 0, 0]], float)
        return expm(3.0 * a)[0, 3]

    return by_differences(response)(p)


def heat(p: Any) -> Any:
    """A rod by the method of lines and BDF; its mean temperature at the end."""
    conductivity, left = p
    n = 9
    h = 1.0 / (n + 1)
    x = np.linspace(h, 1 - h, n)

    def rhs(t: Any, u: Any) -> Any:
        whole = np.concatenate([[left], u, [0.0]])
        return conductivity * np.diff(whole, 2) / h**2

    run = solve_ivp(rhs, (0.0, 0.1), np.sin(np.pi * x), method="BDF", rtol=1e-7, atol=1e-9)
    return np.mean(run.y[:, -1])


def of_heat(p: Any) -> Any:
    """Modes of the discrete Laplacian."""
    conductivity, left = p
    n, h = 9, 0.1
    j = np.arange(1, n + 1)
    modes = math.sqrt(2 / (n + 1)) * np.sin(np.outer(j, j) * np.pi / (n + 1))
    rates = 4 / h**2 * np.sin(j * np.pi / (2 * (n + 1))) ** 2
    steady = 1 - j * h  # per unit of left
    fade = np.exp(-conductivity * rates * 0.1)
    start = modes.T @ (np.sin(np.pi * j * h) - left * steady)
    by_conductivity = modes @ (-rates * 0.1 * fade * start)
    by_left = steady - modes @ (fade * (modes.T @ steady))
    return np.array([np.mean(by_conductivity), np.mean(by_left)])


def shooting(p: Any) -> Any:
    """y″ = -k·y between two ends: the slope at the left one, by shooting."""
    k, end = p

    def miss(slope: Any) -> Any:
        run = solve_ivp(
            lambda t, y: [y[1], -k * y[0]], (0.0, 1.0), [1.0, slope], rtol=1e-6, atol=1e-8
        )
        return run.y[0, -1] - end

    return brentq(miss, -10.0, 10.0)


def of_shooting(p: Any) -> Any:
    """(end - cos w)·w/sin w with w = √k."""
    k, end = p
    w = math.sqrt(k)
    s, c = math.sin(w), math.cos(w)
    by_w = w + (end - c) * (s - w * c) / s**2
    return np.array([by_w / (2 * w), w / s])


def predators(p: Any) -> Any:
    """Lotka and Volterra: the number of prey after a while."""
    birth, hunger = p

    def rhs(t: Any, z: Any) -> Any:
        x, y = z
        return [birth * x - 0.5 * x * y, 0.2 * x * y - hunger * y]

    return solve_ivp(rhs, (0.0, 2.0), [2.0, 1.0], rtol=1e-8, atol=1e-10).y[0, -1]


def of_predators(p: Any) -> Any:
    """Classical Runge–Kutta steps, many and small, and differences."""

    def prey(p: Any) -> Any:
        def rhs(z: Any) -> Any:
            return np.array([p[0] * z[0] - 0.5 * z[0] * z[1], 0.2 * z[0] * z[1] - p[1] * z[1]])

        z, h = np.array([2.0, 1.0]), 0.005
        for _ in range(400):
            k1 = rhs(z)
            k2 = rhs(z + h / 2 * k1)
            k3 = rhs(z + h / 2 * k2)
            z = z + h / 6 * (k1 + 2 * k2 + 2 * k3 + rhs(z + h * k3))
        return z[0]

    return by_differences(prey, 1e-2)(p)


def boundary_values(p: Any) -> Any:
    """The same by collocation, k an argument; the slope at the left end."""
    k, end = p

    def rhs(t: Any, y: Any) -> Any:
        return np.vstack([y[1], -k * y[0]])

    def ends(left: Any, right: Any) -> Any:
        return np.array([left[0] - 1.0, right[0] - end])

    mesh = np.linspace(0.0, 1.0, 11)
    return solve_bvp(rhs, ends, mesh, np.ones((2, 11)), tol=1e-6).sol(0.0)[1]


# -- under constraints ---------------------------------------------------------------------------

RETURNS = np.array([0.08, 0.11, 0.15])
RISKS = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]])


def portfolio(p: Any) -> Any:
    """Markowitz: the variance of the best portfolio with a budget and a return."""
    budget, wanted = p
    rows = (
        {"type": "eq", "fun": lambda w: np.sum(w) - budget},
        {"type": "eq", "fun": lambda w: RETURNS @ w - wanted},
    )
    best = minimize(lambda w: w @ RISKS @ w, np.ones(3) / 3, constraints=rows, method="SLSQP")
    return best.x[2]


def of_portfolio(p: Any) -> Any:
    """The weights are linear in budget and return: Lagrange."""
    a = np.stack([np.ones(3), RETURNS])
    inverse = np.linalg.inv(RISKS)
    return (inverse @ a.T @ np.linalg.inv(a @ inverse @ a.T))[2]


def support_vectors(p: Any) -> Any:
    """The margin of a linear classifier: Cortes and Vapnik."""
    points = np.array([[0.0, 0.0], [p[0], p[1]], [-1.0, -0.5], [3.0, 3.5]])
    labels = np.array([-1.0, 1.0, -1.0, 1.0])
    apart = {"type": "ineq", "fun": lambda z: labels * (points @ z[:2] + z[2]) - 1.0}
    best = minimize(
        lambda z: z[:2] @ z[:2] / 2, np.array([1.0, 1.0, -1.0]), constraints=apart, method="SLSQP"
    )
    return 2 / np.sqrt(best.x[:2] @ best.x[:2])


def of_support_vectors(p: Any) -> Any:
    """Between two points that support it, the margin is their distance."""
    return p / np.hypot(*p)


def truss(p: Any) -> Any:
    """Two bars, the lightest that sag no more than they may: the area of the first."""
    load, sag = p
    lengths = np.array([1.0, 1.6])
    limit = {"type": "ineq", "fun": lambda a: sag - load * np.sum(lengths / a)}
    best = minimize(
        lambda a: lengths @ a,
        np.array([1.5, 1.5]),
        bounds=[(0.1, 10.0)] * 2,
        constraints=limit,
        method="SLSQP",
    )
    return best.x[0]


def of_truss(p: Any) -> Any:
    """All areas are load·Σlengths/sag, since each bar is as long in cost as in sag."""
    load, sag = p
    return np.array([2.6 / sag, -2.6 * load / sag**2])


# -- sparse systems, images, places ----------------------------------------------------------------


def ridge(p: Any) -> Any:
    """Ridge regression by the normal equations of a sparse design."""
    x = csr_array(DESIGN)
    return spsolve((x.T @ x + eye_array(3)).tocsc(), x.T @ (p * TARGET))[1]


def of_ridge(p: Any) -> Any:
    x = DESIGN
    return np.linalg.solve(x.T @ x + np.eye(3), x.T * TARGET)[1]


ROWS, COLUMNS = np.mgrid[0:12, 0:12].astype(float)
IMAGE = gaussian_filter(np.random.default_rng(4).normal(size=(12, 12)), 1.5)
MOVED = gaussian_filter(np.random.default_rng(5).normal(size=(12, 12)), 1.5)


def registration(p: Any) -> Any:
    """How well an image fits another that is shifted and turned."""
    c, s = np.cos(p[2]), np.sin(p[2])
    y, x = ROWS - 5.5, COLUMNS - 5.5
    places = np.stack([c * y - s * x + 5.5 + p[0], s * y + c * x + 5.5 + p[1]])
    return np.sum((map_coordinates(IMAGE, places, order=3, mode="nearest") - MOVED) ** 2)


WELLS = np.array([[0.1, 0.2], [0.9, 0.3], [0.4, 0.8], [0.7, 0.7]])
LEVELS = np.array([1.2, 0.7, 1.9, 1.4])


def kriging(p: Any) -> Any:
    """Ordinary kriging at a place, with an exponential variogram of some range."""
    place, reach = p[:2], p[2]
    n = len(WELLS)
    a = np.ones((n + 1, n + 1))
    a[n, n] = 0.0
    a[:n, :n] = 1 - np.exp(-cdist(WELLS, WELLS) / reach)
    b = np.append(1 - np.exp(-cdist(WELLS, place[None, :])[:, 0] / reach), 1.0)
    return np.linalg.solve(a, b)[:n] @ LEVELS


def of_kriging(p: Any) -> Any:
    """Dual kriging, its coefficients fixed but for the range."""

    def system(reach: float) -> Any:
        apart = np.sqrt(np.sum((WELLS[:, None] - WELLS[None]) ** 2, -1))
        one = np.ones((4, 1))
        return np.block([[1 - np.exp(-apart / reach), one], [one.T, np.zeros((1, 1))]]), apart

    (a, apart), place, reach = system(p[2]), p[:2], p[2]
    weights = np.linalg.solve(a, np.append(LEVELS, 0.0))
    d = np.sqrt(np.sum((WELLS - place) ** 2, -1))
    e = np.exp(-d / reach)
    by_place = weights[:4] @ ((e / reach / d)[:, None] * (place - WELLS))
    by_a = np.zeros((5, 5))
    by_a[:4, :4] = -np.exp(-apart / reach) * apart / reach**2
    b = np.append(1 - e, 1.0)
    by_reach = weights[:4] @ (-e * d / reach**2) - b @ np.linalg.solve(a, by_a @ weights)
    return np.array([*by_place, by_reach])


# -- physics and chemistry -------------------------------------------------------------------------


def kepler(p: Any) -> Any:
    """The true anomaly of an orbit, from its mean anomaly and eccentricity."""
    mean, e = p
    big = newton(lambda x: x - e * np.sin(x) - mean, mean, tol=1e-14)
    return 2 * np.arctan(np.sqrt((1 + e) / (1 - e)) * np.tan(big / 2))


def of_kepler(p: Any) -> Any:
    mean, e = p
    big = mean
    for _ in range(60):
        big = mean + e * math.sin(big)
    true = 2 * math.atan(math.sqrt((1 + e) / (1 - e)) * math.tan(big / 2))
    by_mean = (1 + e * math.cos(true)) ** 2 / (1 - e * e) ** 1.5
    by_e = math.sin(true) * (2 + e * math.cos(true)) / (1 - e * e)
    return np.array([by_mean, by_e])


def equilibrium(p: Any) -> Any:
    """A weak acid in water: its pH, by the balances of mass and charge."""
    acid, log_k = p
    k, water = 10.0**log_k, 1e-14

    def balance(z: Any) -> Any:
        h = np.exp(z[0])
        return [np.log(h) - np.log(water / h + acid * k / (k + h))]

    return -fsolve(balance, [-7.0])[0] / np.log(10.0)


def of_equilibrium(p: Any) -> Any:
    def ph(p: Any) -> Any:
        k = 10.0 ** p[1]
        roots = np.roots([1.0, k, -(1e-14 + p[0] * k), -1e-14 * k])
        return -math.log10(max(roots.real))

    return by_differences(ph, 1e-3)(p)


def radiance(p: Any) -> Any:
    """Planck's law over a band, by quad."""
    low, high, temperature = p
    value, _ = quad(lambda x: x**3 / np.expm1(x / temperature), low, high)
    return value


def of_radiance(p: Any) -> Any:
    low, high, temperature = p
    ends = [x**3 / math.expm1(x / temperature) for x in (low, high)]
    nodes, weights = np.polynomial.legendre.leggauss(60)
    x = (high - low) / 2 * nodes + (high + low) / 2
    slope = x**4 * np.exp(x / temperature) / (temperature * np.expm1(x / temperature)) ** 2
    return np.array([-ends[0], ends[1], (high - low) / 2 * weights @ slope])


def oscillator(p: Any) -> Any:
    """The ground state of an anharmonic oscillator, in a basis of 24 states."""
    frequency, quartic = p
    n = np.arange(24)
    up = np.diag(np.sqrt(n[1:]), -1)
    x = (up + up.T) / np.sqrt(2 * frequency)
    h = np.diag(frequency * (n + 0.5)) + quartic * np.linalg.matrix_power(x, 4)
    return np.linalg.eigvalsh(h)[0]


PROGRAMS = {
    "Black and Scholes": Program(black_scholes, np.array([105.0, 100.0, 0.03, 0.25, 0.8]), greeks),
    "implied volatility": Program(
        implied_volatility, np.array([9.0, 101.0]), of_implied_volatility
    ),
    "bond yield": Program(
        bond_yield, np.array([0.01, 0.015, 0.02, 0.024, 0.03]), by_differences(bond_yield), 1e-7
    ),
    "gamma GLM": Program(gamma_glm, COSTS, of_gamma_glm),
    "reliability": Program(reliability, np.array([0.6, 1.1, 1.9, 2.8, 3.3]), of_reliability, 1e-6),
    "Kalman smoother": Program(kalman_smoother, np.array([0.4, 0.2]), of_kalman_smoother, 1e-8),
    "Gaussian process": Program(gaussian_process, np.array([0.9, 1.2, 0.3]), of_gaussian_process),
    "lasso": Program(lasso, np.array([0.4, 1.0]), of_lasso),
    "logistic regression": Program(logistic_regression, np.array([0.7]), of_logistic_regression),
    "decay fit": Program(
        decay_fit, 2.1 * np.exp(-0.9 * TIMES) + 0.05 * np.cos(5 * TIMES), of_decay_fit, 1e-6
    ),
    "PID step response": Program(pid_step, np.array([2.0, 1.0, 0.5]), of_pid_step, 1e-6),
    "heat equation": Program(heat, np.array([0.8, 0.5]), of_heat, 1e-5),
    "shooting": Program(shooting, np.array([2.0, 0.5]), of_shooting, 1e-4),
    "boundary values": Program(boundary_values, np.array([2.0, 0.5]), of_shooting, 1e-5),
    "portfolio": Program(portfolio, np.array([1.0, 0.11]), of_portfolio, 1e-6),
    "support vectors": Program(support_vectors, np.array([1.5, 1.0]), of_support_vectors, 1e-6),
    "truss": Program(truss, np.array([1.2, 1.5]), of_truss, 1e-6),
    "ridge": Program(ridge, np.array([1.0, 0.9, 1.1, 1.0, 1.2]), of_ridge),
    "registration": Program(
        registration, np.array([0.4, -0.3, 0.05]), by_differences(registration), 1e-6
    ),
    "kriging": Program(kriging, np.array([0.5, 0.5, 0.6]), of_kriging),
    "predators": Program(predators, np.array([1.1, 0.7]), of_predators, 1e-6),
    "Kepler": Program(kepler, np.array([0.9, 0.3]), of_kepler),
    "equilibrium": Program(equilibrium, np.array([0.05, -4.8]), of_equilibrium, 1e-7),
    "radiance": Program(radiance, np.array([0.5, 4.0, 1.3]), of_radiance),
    "oscillator": Program(oscillator, np.array([1.0, 0.1]), by_differences(oscillator), 1e-7),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    check(PROGRAMS[name])
