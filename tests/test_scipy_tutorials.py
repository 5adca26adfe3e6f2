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
from scipy.sparse.linalg import factorized, splu, spsolve
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


# -- the user guide ----------------------------------------------------------------------------


def bessel_integral(p: Any) -> Any:
    """The integral of a Bessel function, by quad over special functions."""
    return integrate.quad(lambda x: special.jv(2.5, x * p[0]), 0, 4.5 * p[1])[0] * p[2]


def exponential_integral(p: Any) -> Any:
    def integrand(t: float, n: int, x: Any) -> Any:
        return np.exp(-x * t) / t**n

    def expint(n: int, x: Any) -> Any:
        return integrate.quad(integrand, 1, np.inf, args=(n, x))[0]

    return sum(expint(3, x) for x in np.array([1.0, 1.5]) * p[0]) + p[1] * special.expn(2, p[2])


def triangle(p: Any) -> Any:
    return integrate.dblquad(lambda y, x: p[0] * x * y, 0, 0.5 * p[1], 0, lambda x: 1 - p[2] * x)[0]


def samples(p: Any) -> Any:
    x = np.array([1.0, 3.0, 4.0])
    y = p[0] * x**2 + p[1]
    return integrate.simpson(y, x=x) + p[2] * integrate.romb(np.sin(p[0] * np.arange(5.0)), dx=0.3)


def chemistry(p: Any) -> Any:
    """Robertson's reaction, for a short time, by a stiff method."""

    def rates(t: float, y: Any) -> list[Any]:
        a = 0.04 * p[0] * y[0]
        b, c = 1e2 * p[1] * y[1] * y[2], 3e3 * p[2] * y[1] ** 2
        return [-a + b, a - b - c, c]

    found = integrate.solve_ivp(
        rates, (0, 1), [1.0, 0.0, 0.0], method="BDF", rtol=1e-10, atol=1e-13, t_eval=[0.5, 1.0]
    )
    return 10 * found.y[1].sum() + found.y[2, -1]


def bratu(p: Any) -> Any:
    def fun(x: Any, y: Any) -> Any:
        return np.vstack((y[1], -p[0] * np.exp(y[0])))

    def bc(ya: Any, yb: Any) -> Any:
        return np.array([ya[0] - 0.1 * p[1], yb[0]])

    x = np.linspace(0, 1, 5)
    return integrate.solve_bvp(fun, bc, x, np.zeros((2, x.size)), tol=1e-8).sol(0.4 * p[2])[0]


def rosenbrock(p: Any) -> Any:
    def rosen(x: Any, a: Any, b: Any) -> Any:
        return np.sum(a * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0) + b * x[0]

    def slope(x: Any, a: Any, b: Any) -> Any:
        return grad(rosen)(x, a, b)

    res = optimize.minimize(
        rosen, [1.3, 0.7, 0.8], args=(5 * p[0], p[1]), method="BFGS", jac=slope,
        options={"gtol": 1e-12},
    )  # fmt: skip
    return res.x.sum() * p[2]


def constrained(p: Any) -> Any:
    def objective(x: Any) -> Any:
        return (x[0] - p[0]) ** 2 + (x[1] - 2.5 * p[1]) ** 2

    constraints = (
        {"type": "ineq", "fun": lambda x: x[0] - 2 * x[1] + 2 * p[2]},
        {"type": "ineq", "fun": lambda x: -x[0] - 2 * x[1] + 6},
    )
    res = optimize.minimize(
        objective, (2, 0), method="SLSQP", bounds=((0, None), (0, None)), constraints=constraints,
        options={"ftol": 1e-14},
    )  # fmt: skip
    return res.x[0] + 2 * res.x[1]


def enzyme(p: Any) -> Any:
    """The fit of an enzymatic reaction, as in the tutorial of least squares."""
    u = np.array([4.0, 2.0, 1.0, 5.0e-1, 2.5e-1, 1.67e-1])
    y = np.array([1.957e-1, 1.947e-1, 1.735e-1, 1.6e-1, 8.44e-2, 6.27e-2]) * p[0]

    def model(x: Any, u: Any) -> Any:
        return x[0] * (u**2 + x[1] * u) / (u**2 + x[2] * u + 0.1 * p[1])

    def fun(x: Any, u: Any, y: Any) -> Any:
        return np.append(model(x, u) - y, 0.3 * (x - p[2]))

    options = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15, "jac": "3-point"}
    res = optimize.least_squares(fun, [0.2, 0.5, 0.5], args=(u, y), **options)
    return res.x.sum()


def cubic_system(p: Any) -> Any:
    def func(x: Any) -> list[Any]:
        return [x[0] * np.cos(x[1]) - 4 * p[0], x[1] * x[0] - x[1] - 5 * p[1]]

    return np.sum(optimize.fsolve(func, [1, 1], xtol=1e-12)) * p[2]


def diet(p: Any) -> Any:
    c = np.array([-29.0, -45.0, 0.0, 0.0]) * p[0]
    a_ub = np.array([[1.0, -1.0, -3.0, 0.0], [-2.0, 3.0, 7.0, -3.0]])
    b_ub = np.array([5.0, -10.0 - 0.1 * p[1]])
    a_eq = np.array([[2.0, 8.0, 1.0, 0.0], [4.0, 4.0, 0.0, 1.0]])
    b_eq = np.array([60.0, 54.0 + 60 * (p[2] - 0.8)])
    bounds = [(0, None), (0, 6.0), (-np.inf, 0.5), (-3.0, None)]
    return optimize.linprog(c, A_ub=a_ub, b_ub=b_ub, A_eq=a_eq, b_eq=b_eq, bounds=bounds).fun


def parametric_spline(p: Any) -> Any:
    phi = np.linspace(0, 2.0 * np.pi, 9)
    r = 0.5 + np.cos(p[0] * phi)
    spl = interpolate.make_interp_spline(phi, np.c_[r * np.cos(phi), r * np.sin(phi) * p[1]])
    return spl(0.7 * p[2]).sum() + spl.derivative()(1.1)[0]


def smoothing(p: Any) -> Any:
    x = np.arange(0, 2 * np.pi + np.pi / 4, 2 * np.pi / 8)
    tck = interpolate.splrep(x, np.sin(p[0] * x), s=0)
    inner = interpolate.splev(0.7 * p[1], interpolate.splder(tck))
    return inner + interpolate.splint(0, p[2], tck)


def scattered(p: Any) -> Any:
    points = np.random.default_rng(2).random((20, 2))
    values = np.sin(p[0] * points[:, 0]) * np.cos(p[1] * points[:, 1])
    grid = np.array([[0.4, 0.5], [0.6, 0.3]])
    smooth = interpolate.RBFInterpolator(points, values, kernel="thin_plate_spline")(grid)
    return interpolate.griddata(points, values, grid, method="linear").sum() + p[2] * smooth.sum()


def spectrum(p: Any) -> Any:
    n, t = 32, 1.0 / 40.0
    x = np.arange(n) * t
    y = np.sin(5.0 * p[0] * 2.0 * np.pi * x) + 0.5 * np.sin(8.0 * p[1] * 2.0 * np.pi * x)
    w = signal.windows.blackman(n)
    yf = fft.fft(y * w)
    return np.sum(2.0 / n * np.abs(yf[: n // 2]) ** 2) + p[2] * fft.dct(y, type=2, norm="ortho")[3]


def filtered(p: Any) -> Any:
    """An elliptic-looking filter in sections, its response, and the power of what passes."""
    sos = signal.cheby1(4, p[0], 0.3, output="sos")
    y = signal.sosfilt(sos, np.sin(0.1 * p[1] * np.arange(64.0)))
    _, power = signal.welch(y, fs=2.0 * p[2], nperseg=32)
    return np.sum(power) + np.abs(signal.sosfreqz(sos, worN=5)[1]).sum()


def linear_algebra(p: Any) -> Any:
    a = np.array([[1.0, 3.0, 5.0], [2.0, 5.0, 1.0], [2.0, 3.0, 8.0]]) * p[0] + p[1] * np.eye(3)
    b = np.array([[10.0], [8.0], [3.0]]) * p[2]
    x = linalg.solve(a, b)
    return x.sum() + linalg.det(a) / 30 + linalg.norm(linalg.inv(a), 1) + linalg.svdvals(a)[1]


def matrix_functions(p: Any) -> Any:
    a = np.array([[1.5, 0.4], [0.3, 1.1]]) * p[0]
    c, low = linalg.cho_factor(a @ a.T + p[1] * np.eye(2))
    q, r = linalg.qr(a)
    y = linalg.cho_solve((c, low), np.array([1.0, p[2]]))
    return y.sum() + linalg.sqrtm(a).sum() + linalg.logm(a)[0, 1] + q[0, 0] * r[1, 1]


def poisson_equation(p: Any) -> Any:
    n = 6
    laplace = sparse.diags([np.ones(n - 1), -2.0 * np.ones(n) - 0.1 * p[0], np.ones(n - 1)],
                           [-1, 0, 1], format="csc")  # fmt: skip
    u = spsolve(laplace, -p[1] * np.ones(n) / n**2)
    return np.sum(u) * p[2] + sparse.linalg.norm(laplace)


def statistics_of_samples(p: Any) -> Any:
    """A t test, a correlation, and a line through data, as in the tutorial of statistics."""
    x, y = T + 0.1 * p[0] * NOISE, 0.5 * p[1] * T + 0.1 * p[2] * NOISE
    line = stats.linregress(x, y)
    test = stats.ttest_1samp(x, popmean=1.1)
    moments = stats.skew(x) + stats.kurtosis(y) + stats.describe(x).variance
    return line.slope + line.rvalue + test.statistic + test.pvalue + moments


def distributions(p: Any) -> Any:
    rv = stats.gamma(2.0 * p[0], scale=p[1])
    frozen = stats.norm(loc=p[2], scale=0.5)
    return rv.sf(1.3) + rv.ppf(0.3) + rv.std() + frozen.logpdf(0.2) + frozen.interval(0.9)[1]


def precomputed(p: Any) -> Any:
    """What is the same in every call is made once, outside."""
    inner = HEAT.solve(np.sin(p[0] * np.arange(6.0))) + HEAT_BY_CALL(p[1] * np.ones(6))
    place = np.stack([0.3 * p[2], 0.4])
    return inner.sum() + TERRAIN(place)[0] + CURVE(p[2]) + CURVE.integrate(0, p[0])


_HEAT = sparse.csc_array(np.diag(np.full(6, 3.0)) - np.eye(6, k=1) - np.eye(6, k=-1))
HEAT, HEAT_BY_CALL = splu(_HEAT), factorized(_HEAT)
TERRAIN = interpolate.LinearNDInterpolator(
    np.random.default_rng(2).random((20, 2)), np.random.default_rng(3).random(20)
)
CURVE = interpolate.CubicSpline(T, NOISE)


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
    bessel_integral,
    exponential_integral,
    triangle,
    samples,
    chemistry,
    bratu,
    rosenbrock,
    constrained,
    enzyme,
    cubic_system,
    diet,
    parametric_spline,
    smoothing,
    scattered,
    spectrum,
    filtered,
    linear_algebra,
    matrix_functions,
    poisson_equation,
    statistics_of_samples,
    distributions,
    precomputed,
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
