"""Programs as SciPy's tutorials and textbooks have them, lifted, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import (
    fft,
    integrate,
    interpolate,
    linalg,
    ndimage,
    optimize,
    signal,
    sparse,
    special,
    stats,
)
from scipy.sparse.linalg import spsolve
from scipy.spatial.transform import Rotation

from dualad import grad, value_and_grad

T = np.linspace(0.0, 2.0, 21)
NOISE = np.cos(7.0 * np.arange(21.0) ** 1.3)


def drum(p: Any) -> Any:
    """A vibrating drumhead, as in the tutorial of special functions."""
    zero = special.jn_zeros(1, 2)[-1]
    r = np.linspace(0.1, 0.9, 5)
    return np.sum(np.cos(p[0] * T[:5]) * special.jn(1, r * zero * p[1])) * p[2]


def pendulum(p: Any) -> Any:
    def move(t: float, y: Any, b: Any, c: Any) -> Any:
        theta, omega = y
        return [omega, -b * omega - c * np.sin(theta)]

    found = integrate.solve_ivp(
        move, (0, 2), [p[2], 0.0], args=(p[0], 5 * p[1]), rtol=1e-9, atol=1e-10
    )
    return found.y[0, -1]


def airy_by_odeint(p: Any) -> Any:
    def gradient(y: Any, t: Any) -> Any:
        return [t * p[0] * y[1], y[0]]

    return integrate.odeint(gradient, [p[1], p[2]], [0.0, 0.5, 1.0], rtol=1e-10, atol=1e-10)[-1, 1]


def butterworth(p: Any) -> Any:
    b, a = signal.butter(3, 0.2 * p[0])
    y = signal.filtfilt(b, a, np.sin(p[1] * T) + 0.1 * p[2] * NOISE, padlen=6)
    return np.sum(y * y)


def chirp_spectrum(p: Any) -> Any:
    w = signal.windows.kaiser(21, 3 * p[0])
    y = np.abs(fft.rfft(w * (np.sin(9 * p[1] * T) + p[2])))
    return np.sum(y[:6] ** 2) / np.sum(y**2)


def diffusion(p: Any) -> Any:
    n = 8
    main, off = np.full(n, 1 + 2 * p[0]), np.full(n - 1, -p[0])
    step = sparse.diags([off, main, off], [-1, 0, 1], format="csc")
    u = np.sin(p[1] * np.arange(1.0, n + 1))
    for _ in range(3):
        u = spsolve(step, u)
    return np.sum(u) * p[2]


def mixture(p: Any) -> Any:
    """The likelihood of two normal distributions."""
    terms = [
        np.log(0.6) + stats.norm.logpdf(NOISE, p[0], 0.5),
        np.log(0.4) + stats.norm.logpdf(NOISE, -p[1], p[2]),
    ]
    return np.sum(special.logsumexp(terms, axis=0))


def low_pass(p: Any) -> Any:
    taps = signal.firwin(9, 0.3 * p[0], window=("kaiser", 4 * p[1]))
    response = signal.freqz(taps, worN=np.array([0.2, 0.9, 1.7]) * p[2])[1]
    return np.sum(np.abs(response) ** 2)


def kernel_density(p: Any) -> Any:
    kde = stats.gaussian_kde(np.tanh(p[0] * NOISE) + p[1], bw_method=0.4 * p[2])
    return np.sum(kde(np.array([0.1, 0.6, 1.2])) ** 2)


def turned(p: Any) -> Any:
    r = Rotation.from_euler("xyz", p) * Rotation.from_rotvec([0.1, 0.4, -0.2])
    return np.sum(r.apply([1.0, 2.0, 3.0]) * np.array([0.3, -0.5, 0.8])) + r.magnitude()


def blend(p: Any) -> Any:
    costs = np.stack([p[0], 2 * p[1], 3 * p[2]])
    found = optimize.linprog(
        costs, A_ub=[[-1.0, -3, 0], [0, -1, -2]], b_ub=np.stack([-p[1], -p[2]])
    )
    return found.fun


def ellipse(p: Any) -> Any:
    """The circumference, by its integral and by its elliptic one."""
    m = 1 - (0.5 * p[1] / p[0]) ** 2
    by_hand = integrate.quad(lambda t: np.sqrt(1 - m * np.sin(t) ** 2), 0, np.pi / 2)[0]
    return 4 * p[0] * (by_hand + special.ellipe(m)) * p[2]


def regression(p: Any) -> Any:
    x = np.sin(p[0] * T) + p[1] * T
    line = stats.linregress(x, np.exp(-p[2] * T) + 0.1 * NOISE)
    return line.slope + 2 * line.intercept + line.stderr


def resampled(p: Any) -> Any:
    y = signal.resample(np.sin(5 * p[0] * T), 15, window=("kaiser", 3 * p[1]))
    return np.sum(signal.savgol_filter(y, 5, 2) ** 2) * p[2]


def surface(p: Any) -> Any:
    x, y = np.arange(4.0), np.arange(5.0)
    z = np.sin(p[0] * x[:, None]) * np.cos(p[1] * y)
    f = interpolate.RegularGridInterpolator((x, y), z, method="linear")
    return f([[p[2], 2.2], [1.4, 3 * p[2]]]).sum()


def spline_area(p: Any) -> Any:
    spline = interpolate.CubicSpline(T[::4], np.exp(-p[0] * T[::4]) + p[1], bc_type="natural")
    return spline.integrate(0.1, 1.3) + spline(p[2], 1)


def van_der_waals(p: Any) -> Any:
    """The volume of a gas, by the root of its equation."""
    found = optimize.root_scalar(
        lambda v: (p[0] + p[1] / v**2) * (v - 0.1 * p[2]) - 8.0, bracket=[0.5, 30.0], xtol=1e-14
    )
    return found.root


def survival(p: Any) -> Any:
    """The likelihood of lives of which some are censored."""
    life, seen = np.array([0.4, 1.1, 2.0, 2.5]), np.array([True, True, False, True])
    d = stats.weibull_min(p[0] + 0.5, scale=p[1] + 1)
    return np.sum(np.where(seen, d.logpdf(life), d.logsf(life))) + p[2] * d.mean()


def blurred(p: Any) -> Any:
    image = np.outer(np.sin(p[0] * np.arange(6.0)), np.arange(6.0) * p[1])
    moved = ndimage.shift(ndimage.gaussian_filter(image, 1.0), (0.3, 0.2 * p[2]), order=3)
    return np.sum(moved[1:-1, 1:-1] ** 2)


def rotor(p: Any) -> Any:
    a = np.array([[0.0, 1.0], [-4.0, -0.4]]) * p[0]
    x = linalg.solve_continuous_lyapunov(a, -np.eye(2) * p[1])
    return np.trace(linalg.expm(a * p[2]) @ x)


PROGRAMS: list[Callable[[Any], Any]] = [
    drum,
    pendulum,
    airy_by_odeint,
    butterworth,
    chirp_spectrum,
    diffusion,
    mixture,
    low_pass,
    kernel_density,
    turned,
    blend,
    ellipse,
    regression,
    resampled,
    surface,
    spline_area,
    van_der_waals,
    survival,
    blurred,
    rotor,
]


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_a_program(f: Callable[[Any], Any]) -> None:
    p = np.array([1.1, 0.7, 0.9])
    value, forward = value_and_grad(f, mode="forward")(p)
    assert value == f(p)
    backward = grad(f, mode="reverse")(p)
    for i in range(3):

        def along(d: float, i: int = i) -> Any:
            return f(p + d * np.eye(3)[i])

        wide, narrow = ((along(d) - along(-d)) / (2 * d) for d in (2e-3, 1e-3))
        want = narrow + (narrow - wide) / 3
        assert forward[i] == pytest.approx(want, rel=1e-6, abs=1e-7)
        assert backward[i] == pytest.approx(forward[i], rel=1e-9, abs=1e-11)
