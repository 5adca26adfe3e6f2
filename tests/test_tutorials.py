"""Programs on the topics of SciPy's tutorials, under SciPy's own names, unmodified.

Each takes an array of parameters. Its value, gradient and second derivatives are held against the
plain run, a formula or differences.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import fft, integrate, interpolate, linalg, ndimage, optimize, signal, special, stats
from scipy.sparse import diags_array
from scipy.sparse.linalg import cg, eigsh, expm_multiply
from scipy.spatial.transform import Rotation, Slerp
from support.gradients import Program, by_differences, check

from dualad import grad, hessian

# -- signals ---------------------------------------------------------------------------------------

T = np.linspace(0, 1, 100)


def notch(p: Any) -> Any:
    """What is left of two tones behind a notch filter."""
    frequency, quality, amplitude = p
    b, a = signal.iirnotch(frequency, quality, fs=100.0)
    x = amplitude * np.sin(2 * np.pi * 7 * T) + 0.5 * np.sin(2 * np.pi * 20 * T)
    return np.sqrt(np.mean(signal.filtfilt(b, a, x) ** 2))


def spectral_centroid(p: Any) -> Any:
    """The mean frequency of a chirp in a window, by Welch's method."""
    first, last, width = p
    x = signal.chirp(T, first, 1.0, last) * signal.windows.gaussian(100, std=width)
    frequencies, power = signal.welch(x, fs=100.0, nperseg=32)
    return np.sum(frequencies * power) / np.sum(power)


def compressed(p: Any) -> Any:
    """The error of a signal of which fifteen coefficients of the cosine transform are kept."""
    x = np.exp(-T * p[0]) * np.cos(p[1] * T)
    y = fft.dct(x, norm="ortho")
    kept = np.zeros(100)
    kept[:15] = y[:15]
    return np.sum((fft.idct(kept, norm="ortho") - x) ** 2)


def highest(p: Any) -> Any:
    """The place of a peak after smoothing, between samples."""
    x = np.exp(-((T - p[0]) ** 2) / p[1]) + 0.2 * T
    y = signal.savgol_filter(x, 11, 3)
    i = signal.find_peaks(y)[0][0]
    bend, slope = y[i - 1] - 2 * y[i] + y[i + 1], (y[i + 1] - y[i - 1]) / 2
    return T[i] - slope / bend * T[1]


def driven(p: Any) -> Any:
    """A damped oscillator in state space, driven by a sine."""
    system = signal.StateSpace(
        np.array([[0.0, 1.0], [-p[0], -p[1]]]), [[0.0], [1.0]], [[1.0, 0.0]], [[0.0]]
    )
    times = np.linspace(0, 4, 21)
    return signal.lsim(system, np.sin(times), times)[1][-1]


# -- integrals, differential equations -------------------------------------------------------------


def bessel_integral(p: Any) -> Any:
    return integrate.quad(lambda x: special.jv(2.5, p[0] * x), 0, p[1])[0]


def of_bessel_integral(p: Any) -> Any:
    """With I = ∫₀ᵇ J(a·x) dx and a·x for x: ∂I/∂b = J(a·b), ∂I/∂a = (b·J(a·b) - I)/a."""
    end = special.jv(2.5, p[0] * p[1])
    nodes, weights = np.polynomial.legendre.leggauss(60)
    whole = p[1] / 2 * weights @ special.jv(2.5, p[0] * p[1] / 2 * (nodes + 1))
    return np.array([(p[1] * end - whole) / p[0], end])


def three_bounces(p: Any) -> Any:
    """When a ball comes down for the third time."""
    speed, gravity, restitution = p

    def fall(t: Any, y: Any) -> Any:
        return [y[1], -gravity]

    def ground(t: Any, y: Any) -> Any:
        return y[0]

    ground.terminal, ground.direction = True, -1  # type: ignore[attr-defined]
    total, y = 0.0, [0.0, speed]
    for _ in range(3):
        s = integrate.solve_ivp(fall, [0, 9.0], y, events=ground, rtol=1e-10)
        total = total + s.t_events[0][0]
        y = [0.0, -restitution * s.y_events[0][0][1]]
    return total


def of_three_bounces(p: Any) -> Any:
    """Of 2·v/g·(1 + r + r²)."""
    v, g, r = p
    times = 1 + r + r * r
    return 2 / g * np.array([times, -v / g * times, v * (1 + 2 * r)])


# -- optima and roots ------------------------------------------------------------------------------


def nearest_on_ellipse(p: Any) -> Any:
    """The distance of a point from an ellipse, with a constraint that is a function."""

    def squared(x: Any) -> Any:
        return (x[0] - p[0]) ** 2 + (x[1] - p[1]) ** 2

    on_it = {"type": "eq", "fun": lambda x: x[0] ** 2 + (x[1] / p[2]) ** 2 - 1}
    found = optimize.minimize(
        squared, [1.0, 0.5], method="SLSQP", constraints=on_it, options={"ftol": 1e-14}
    )
    return np.sqrt(squared(found.x))


def of_nearest_on_ellipse(p: Any) -> Any:
    """By the angle on the ellipse, found by bisection, and the envelope theorem."""

    def slope(angle: float) -> float:
        x, y = math.cos(angle), p[2] * math.sin(angle)
        return (x - p[0]) * -math.sin(angle) + (y - p[1]) * p[2] * math.cos(angle)

    low, high = 0.0, math.pi / 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    x, y = math.cos(low), p[2] * math.sin(low)
    apart = np.array([p[0] - x, p[1] - y])
    return np.append(apart, -apart[1] * math.sin(low)) / np.linalg.norm(apart)


def two_fixed_points(p: Any) -> Any:
    x = optimize.fixed_point(
        lambda x, a, b: np.sqrt(a / (x + b)), [1.2, 1.3], xtol=1e-14,
        args=(np.array([10.0, 12.0]) * p[0], np.array([3.0, 5.0]) + p[1]),
    )  # fmt: skip
    return x.sum()


# -- interpolation, images, rotations --------------------------------------------------------------


def surface(p: Any) -> Any:
    x, y = np.mgrid[-1:1:9j, -1:1:9j]
    z = (x + y) * np.exp(-p[0] * (x * x + y * y))
    s = interpolate.RectBivariateSpline(x[:, 0], y[0], z)
    return s.ev(0.3, 0.2) + s.integral(-1, p[1], -1, 1)


def scattered(p: Any) -> Any:
    places = np.random.default_rng(2).uniform(-1, 1, (20, 2))
    z = np.sum(places, axis=1) * np.exp(-p[0] * np.sum(places**2, axis=1))
    return interpolate.RBFInterpolator(places, z, smoothing=p[1])(np.array([[0.2, 0.1]]))[0]


def sharpness(p: Any) -> Any:
    """The edges of a blurred spot, turned, and where its middle is."""
    y, x = np.mgrid[0:10, 0:10]
    image = ndimage.gaussian_filter(np.exp(-((x - p[0]) ** 2 + (y - 4.7) ** 2) / p[1]), 1.0)
    c, s = np.cos(p[2]), np.sin(p[2])
    turned = ndimage.affine_transform(image, np.array([[c, -s], [s, c]]), mode="nearest")
    return ndimage.center_of_mass(turned)[1] * ndimage.sobel(turned).std()


def on_the_way(p: Any) -> Any:
    """A vector that is turned, two fifths of the way to an attitude."""
    turns = Rotation.from_euler("zyx", [[0.0, 0.0, 0.0], p])
    return Slerp([0.0, 1.0], turns)(0.4).apply([1.0, 2.0, 3.0])[1]


# -- matrices --------------------------------------------------------------------------------------


def slowest_pole(p: Any) -> Any:
    """A linear quadratic regulator."""
    a, b = np.array([[0.0, 1.0], [p[0], -p[1]]]), np.array([[0.0], [1.0]])
    x = linalg.solve_continuous_are(a, b, np.eye(2), np.array([[p[2]]]))
    return linalg.eigvals(a - b @ (b.T @ x) / p[2]).real.max()


def chain(p: Any) -> Any:
    """A Markov chain in continuous time."""
    q = np.array([[-p[0], p[0], 0.0], [p[1], -p[1] - p[2], p[2]], [0.0, 0.3, -0.3]])
    moved = linalg.expm(2.0 * q)
    return moved[0, 2] * np.log(moved[1, 1])


def lowest_mode(p: Any) -> Any:
    """A chain of springs in a well, by Lanczos' method near zero."""
    n = 20
    side = np.full(n - 1, -1.0) * p[0]
    well = 2 * p[0] + p[1] * np.linspace(0, 1, n) ** 2
    a = diags_array([side, well, side], offsets=[-1, 0, 1], format="csc")
    return eigsh(a, k=1, sigma=0, return_eigenvectors=False, v0=np.ones(n))[0]


def hottest(p: Any) -> Any:
    """A rod whose conductivity varies, by conjugate gradients, after it has cooled for a while."""
    n = 12
    k = np.exp(p[0] * np.linspace(0, 1, n + 1))
    a = diags_array([-k[1:-1], k[:-1] + k[1:], -k[1:-1]], offsets=[-1, 0, 1], format="csr")
    u, _ = cg(a, np.full(n, p[1]), rtol=1e-14)
    return expm_multiply(-0.3 * a, u).max()


# -- statistics ------------------------------------------------------------------------------------


def density(p: Any) -> Any:
    sample = np.array([1.2, 0.4, 2.2, 3.1, 1.9, 0.8, 2.6]) * p[0] + p[1]
    estimate = stats.gaussian_kde(sample)
    return estimate(np.array([2.0]))[0] * estimate.integrate_box_1d(0, p[1] + 1.5)


def welch(x: Any) -> Any:
    return stats.ttest_ind(x[:4], x[4:], equal_var=False).pvalue


def copula(p: Any) -> Any:
    """The likelihood of a Gaussian copula."""
    r = np.tanh(p[0])
    z = stats.norm.ppf(np.array([[0.2, 0.4], [0.6, 0.5], [0.9, 0.7]]))
    joint = stats.multivariate_normal(np.zeros(2), np.array([[1.0, r], [r, 1.0]]))
    return np.sum(joint.logpdf(z) - stats.norm.logpdf(z).sum(axis=1))


def posterior(p: Any) -> Any:
    """A bound for a rate, and a prediction, after so many successes and failures."""
    return stats.beta(2 + p[0], 3 + p[1]).ppf(0.05) + stats.betabinom.pmf(2, 5, 2 + p[0], 3 + p[1])


def differences(f: Any, at: list[float], rel: float) -> Program:
    return Program(f, np.array(at), by_differences(f), rel)


PROGRAMS = {
    "notch": differences(notch, [20.0, 10.0, 1.2], 1e-7),
    "spectral centroid": differences(spectral_centroid, [8.0, 30.0, 20.0], 1e-7),
    "compressed": differences(compressed, [1.3, 20.0], 1e-8),
    "highest": differences(highest, [0.43, 0.02], 1e-7),
    "driven": differences(driven, [1.5, 0.4], 1e-8),
    "Bessel": Program(bessel_integral, np.array([1.1, 4.5]), of_bessel_integral),
    "three bounces": Program(three_bounces, np.array([5.0, 9.8, 0.8]), of_three_bounces, 1e-8),
    "ellipse": Program(nearest_on_ellipse, np.array([1.5, 1.1, 0.7]), of_nearest_on_ellipse, 1e-6),
    "fixed points": differences(two_fixed_points, [1.0, 0.1], 1e-8),
    "surface": differences(surface, [1.3, 0.4], 1e-8),
    "scattered": differences(scattered, [1.0, 0.1], 1e-8),
    "sharpness": differences(sharpness, [4.3, 4.0, 0.1], 1e-7),
    "on the way": differences(on_the_way, [0.5, 0.3, -0.2], 1e-8),
    "slowest pole": differences(slowest_pole, [0.5, 0.2, 0.7], 1e-7),
    "chain": differences(chain, [0.5, 0.2, 0.4], 1e-8),
    "lowest mode": differences(lowest_mode, [1.0, 0.5], 1e-8),
    "hottest": differences(hottest, [0.5, 1.0], 1e-8),
    "density": differences(density, [1.1, 0.2], 1e-8),
    "Welch": differences(welch, [1.0, 1.4, 2.0, 1.2, 2.1, 2.5, 1.9], 1e-8),
    "copula": differences(copula, [0.4], 1e-8),
    "posterior": differences(posterior, [1.0, 2.0], 1e-8),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    check(PROGRAMS[name])


@pytest.mark.parametrize(
    "name",
    [
        "compressed",
        "Bessel",
        "surface",
        "chain",
        "lowest mode",
        "copula",
        "posterior",
    ],
)
def test_second_derivatives(name: str) -> None:
    """Against differences of gradients, which the test above holds against other means."""
    program = PROGRAMS[name]
    slope = grad(program.run, mode="forward")
    want = [
        by_differences(lambda p, i=i: slope(p)[i], 2e-3)(program.at) for i in range(len(program.at))
    ]
    got = hessian(program.run)(program.at)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
