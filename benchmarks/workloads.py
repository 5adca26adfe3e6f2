"""The functions whose derivatives are measured, each written once over a namespace `m`.

`build(m)` gives the function with the functions of m: `math` or `numpy` for the plain one, and for
each package its own. No function is bent towards a package; `traced` alone is a second text of
the same function, with a compiler's own loop (`m.repeat`), since compilers unroll Python loops.

The right results come from complex steps, Im f(x + ih)/h with a tiny h: exact to rounding, and
independent of everything that is measured.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

Function = Callable[..., Any]
Build = Callable[[Any], Function]

SPARSE = ("sparse", "detection", "sparse_hessian", "sparse_newton")
LARGE = 2000  # inputs; the gradient of more is that by hand
STEP = 1e-30  # of the complex step: its square is far below the rounding
NUMPY = SimpleNamespace(
    **{name: getattr(np, name) for name in ("sin", "cos", "exp", "log", "sqrt")},
    **{name: getattr(np, name) for name in ("sum", "mean", "maximum")},
    vector=np.array,
    constant=np.asarray,
)


@dataclass(frozen=True)
class Workload:
    """One row of the table.

    Attributes
    ----------
    key : str
        How to ask for it; the first word is its group: "S3 list 8".
    title : str
        What is computed.
    kind : str
        Which derivative, a method of `peers.Peer`: derivative, gradient, hessian, jacobian,
        elementwise, newton, newton_arrays, data, product (of the Hessian with a vector), network
        (value and gradient), sparse (the elements of a Jacobian whose pattern is known),
        detection (of that pattern), sparse_hessian, sparse_newton (iterated to the end), tenth and
        eighth (derivative, of a number and elementwise).
    style : str
        "scalar": over numbers, plain with `math`; "ufuncs": over numbers, plain with `numpy`;
        "arrays": over arrays; "as written": with `math` and `np` as people write it, whoever
        differentiates it.
    build : callable
        From a namespace to the function.
    args : tuple
        The arguments at which it is measured.
    argnum : int
        Which of them to differentiate.
    traced : callable or None
        As build, with `m.repeat(n, step, state)` in place of a long loop.
    tolerance : float
        How far any result may be off, for functions in single precision.
    same : callable or None
        The same function for complex numbers, where it is not: from it comes the right result.
    right : callable or None
        The right result, by hand.
    """

    key: str
    title: str
    kind: str
    style: str
    build: Build
    args: tuple[Any, ...]
    argnum: int = 0
    traced: Build | None = None
    tolerance: float = 0.0
    same: Function | None = None
    right: Function | None = None

    @property
    def plain(self) -> Function:
        """The function itself; for Newton's iteration its value at all starts."""
        f = self.build(math if self.style == "scalar" else NUMPY)
        if self.kind == "product":
            return lambda x, v: f(x)
        if self.kind != "newton":
            return f

        def values(starts: list[float], anomalies: list[float]) -> list[float]:
            found = []
            for start, anomaly in zip(starts, anomalies, strict=True):
                found.append(f(start, anomaly))
            return found

        return values

    def reference(self) -> Any:
        """The right derivative."""
        if self.kind in SPARSE or self.kind in ("tenth", "eighth"):
            assert self.right is not None
            return self.right(*self.args)
        f = self.same or self.build(cmath if self.style == "scalar" else NUMPY)
        if self.kind in ("newton", "newton_arrays"):
            starts, anomalies = (np.asarray(x) for x in self.args)
            g = self.build(NUMPY)
            return starts - g(starts, anomalies) / (1 - ECCENTRICITY * np.cos(starts))
        if self.kind == "hessian":
            return complex_step(rosenbrock_gradient, self.args[0])
        if self.kind == "product":
            x, v = (np.asarray(a) for a in self.args)
            return np.imag(rosenbrock_gradient(x + STEP * 1j * v)) / STEP
        if self.kind == "network":
            return network_gradient(*self.args)
        if self.kind == "gradient" and len(self.args[0]) > LARGE:
            return np.asarray(rosenbrock_gradient(self.args[0]))
        if self.kind in ("gradient", "jacobian"):
            return complex_step(f, self.args[0])
        if self.kind == "data":
            return complex_step(lambda p: f(p, *self.args[1:]), self.args[0])
        args = [x.astype(float) if isinstance(x, np.ndarray) else x for x in self.args]
        args[self.argnum] = args[self.argnum] + STEP * 1j
        return np.imag(f(*args)) / STEP


def complex_step(f: Function, x: Any) -> Any:
    """The Jacobian of f at a list or vector x, of shape out + in."""
    columns = []
    for i in range(len(x)):
        z = np.array(x, dtype=complex)
        z[i] += STEP * 1j
        y = f(z if isinstance(x, np.ndarray) else z.tolist())
        columns.append(np.imag(y) / STEP)
    return np.stack(columns, axis=-1)


# -- numbers -------------------------------------------------------------------------------


def textbook(m: Any) -> Function:
    def f(x1: Any, x2: Any) -> Any:
        return x1 * m.sqrt(m.log(x1 / m.sin(x2**2)))

    return f


def recurrence(m: Any) -> Function:
    sin = m.sin

    def f(x: Any) -> Any:
        s = 0.0
        for _ in range(1000):
            s = 0.5 * s + sin(x) * x
        return s

    return f


def recurrence_traced(m: Any) -> Function:
    return lambda x: m.repeat(1000, lambda s: 0.5 * s + m.sin(x) * x, 0.0 * x)


def rosenbrock(_: Any) -> Function:
    def f(x: Any) -> Any:
        s = 0.0
        for i in range(len(x) - 1):
            s += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
        return s

    return f


def rosenbrock_gradient(x: Any) -> list[Any]:
    """By hand; its complex step is the right Hessian."""
    slopes = [0.0] * len(x)
    for i in range(len(x) - 1):
        bend = 200.0 * (x[i + 1] - x[i] ** 2)
        slopes[i] += -2.0 * x[i] * bend - 2.0 * (1.0 - x[i])
        slopes[i + 1] += bend
    return slopes


def bundle_adjustment(m: Any) -> Function:
    """How far a point lies from where a camera with a depth sensor saw it.

    15 inputs: Rodrigues vector (3), translation (3), focal lengths (2), principal point (2),
    radial distortion (2), point (3). 3 outputs: column and row of the picture, and depth.
    """
    column, row, depth = 331.0, 214.0, 5.1

    def f(p: Any) -> list[Any]:
        r1, r2, r3, t1, t2, t3, fx, fy, cx, cy, k1, k2, x, y, z = p
        angle = m.sqrt(r1 * r1 + r2 * r2 + r3 * r3)
        n1, n2, n3 = r1 / angle, r2 / angle, r3 / angle
        sine, cosine = m.sin(angle), m.cos(angle)
        along = (n1 * x + n2 * y + n3 * z) * (1.0 - cosine)
        cam_x = x * cosine + (n2 * z - n3 * y) * sine + n1 * along + t1
        cam_y = y * cosine + (n3 * x - n1 * z) * sine + n2 * along + t2
        cam_z = z * cosine + (n1 * y - n2 * x) * sine + n3 * along + t3
        u, v = cam_x / cam_z, cam_y / cam_z
        square = u * u + v * v
        radial = 1.0 + square * (k1 + k2 * square)
        return [fx * radial * u + cx - column, fy * radial * v + cy - row, cam_z - depth]

    return f


CAMERA = [
    *(0.1, -0.2, 0.15),  # Rodrigues vector
    *(0.05, -0.1, 0.4),  # translation
    *(520.0, 525.0),  # focal lengths
    *(320.0, 240.0),  # principal point
    *(-0.25, 0.08),  # radial distortion
    *(0.3, -0.4, 4.8),  # point
]

ECCENTRICITY = 0.3


def kepler(m: Any) -> Function:
    def f(eccentric: Any, mean: Any) -> Any:
        return eccentric - ECCENTRICITY * m.sin(eccentric) - mean

    return f


# -- arrays --------------------------------------------------------------------------------


def smooth(m: Any) -> Function:
    def f(x: Any) -> Any:
        return m.exp(-x * x) * m.sin(3 * x) + m.sqrt(1 + x * x) / (2 + m.cos(x))

    return f


def rosenbrock_arrays(m: Any) -> Function:
    def f(x: Any) -> Any:
        return m.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return f


def _network_arguments() -> tuple[Any, ...]:
    """Weights and biases of two layers, and 64 samples with their targets."""
    random = np.random.default_rng(0)
    first, second = random.normal(size=(1000, 100)) / 30, random.normal(size=(100, 10)) / 10
    x, y = random.normal(size=(64, 1000)), random.normal(size=(64, 10))
    return first, np.zeros(100), second, np.zeros(10), x, y


NETWORK = _network_arguments()


def network(m: Any) -> Function:
    """The mean squared error of two layers."""

    def f(first: Any, bias: Any, second: Any, offset: Any, x: Any, y: Any) -> Any:
        hidden = m.maximum(x @ first + bias, 0.0)
        return m.mean((hidden @ second + offset - y) ** 2)

    return f


def network_gradient(first: Any, bias: Any, second: Any, offset: Any, x: Any, y: Any) -> Any:
    """By hand, all of it in one axis."""
    hidden = np.maximum(x @ first + bias, 0.0)
    error = 2 * (hidden @ second + offset - y) / y.size
    back = (error @ second.T) * (hidden > 0)
    each = x.T @ back, back.sum(0), hidden.T @ error, error.sum(0)
    return np.concatenate([part.ravel() for part in each])


def peaks(m: Any) -> Function:
    """200 residuals of 16 Gaussian peaks (height, place, width) on a straight line: 50 inputs."""
    t = np.linspace(0.0, 10.0, 200)
    t, data = m.constant(t), m.constant(np.sin(t))
    column = t[:, None]

    def f(p: Any) -> Any:
        height, place, width = p[2:18], p[18:34], p[34:50]
        signal = m.sum(height * m.exp(-(((column - place) / width) ** 2)), axis=1)
        return p[0] + p[1] * t + signal - data

    return f


PEAKS = np.concatenate(
    [[0.1, 0.02], np.linspace(1.0, 2.0, 16), np.linspace(0.3, 9.7, 16), np.linspace(0.4, 0.6, 16)]
)

# The Lorenz system: three parameters, then three initial values.
LORENZ = [10.0, 28.0, 8.0 / 3.0, 1.0, 1.5, 20.0]
STEPS, TIME_STEP = 1000, 0.005


def _runge_kutta_numbers(sigma: Any, rho: Any, beta: Any) -> Function:
    h = TIME_STEP

    def slope(x: Any, y: Any, z: Any) -> tuple[Any, Any, Any]:
        return sigma * (y - x), x * (rho - z) - y, x * y - beta * z

    def step(s: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        x, y, z = s
        a1, a2, a3 = slope(x, y, z)
        b1, b2, b3 = slope(x + 0.5 * h * a1, y + 0.5 * h * a2, z + 0.5 * h * a3)
        c1, c2, c3 = slope(x + 0.5 * h * b1, y + 0.5 * h * b2, z + 0.5 * h * b3)
        d1, d2, d3 = slope(x + h * c1, y + h * c2, z + h * c3)
        return (
            x + h / 6 * (a1 + 2 * b1 + 2 * c1 + d1),
            y + h / 6 * (a2 + 2 * b2 + 2 * c2 + d2),
            z + h / 6 * (a3 + 2 * b3 + 2 * c3 + d3),
        )

    return step


def lorenz_numbers(_: Any) -> Function:
    def f(p: Any) -> list[Any]:
        sigma, rho, beta, x, y, z = p
        step = _runge_kutta_numbers(sigma, rho, beta)
        s = (x, y, z)
        for _ in range(STEPS):
            s = step(s)
        return list(s)

    return f


def lorenz_numbers_traced(m: Any) -> Function:
    def f(p: Any) -> list[Any]:
        step = _runge_kutta_numbers(p[0], p[1], p[2])
        return list(m.repeat(STEPS, step, (p[3], p[4], p[5])))

    return f


def _runge_kutta_arrays(m: Any, sigma: Any, rho: Any, beta: Any) -> Function:
    h = TIME_STEP

    def slope(s: Any) -> Any:
        x, y, z = s[0], s[1], s[2]
        return m.vector([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])

    def step(s: Any) -> Any:
        a = slope(s)
        b = slope(s + 0.5 * h * a)
        c = slope(s + 0.5 * h * b)
        d = slope(s + h * c)
        return s + h / 6 * (a + 2 * b + 2 * c + d)

    return step


def lorenz_arrays(m: Any) -> Function:
    def f(p: Any) -> Any:
        step = _runge_kutta_arrays(m, p[0], p[1], p[2])
        s = p[3:]
        for _ in range(STEPS):
            s = step(s)
        return s

    return f


def lorenz_arrays_traced(m: Any) -> Function:
    return lambda p: m.repeat(STEPS, _runge_kutta_arrays(m, p[0], p[1], p[2]), p[3:])


# -- sparse matrices and series --------------------------------------------------------------


def broyden(x: Any) -> Any:
    """Broyden's tridiagonal function."""
    y = (3 - 2 * x) * x + 1
    y[1:] -= x[:-1]
    y[:-1] -= 2 * x[1:]
    return y


def broyden_elements(x: Any) -> Any:
    """The elements of its Jacobian, row by row."""
    rows = np.stack([-np.ones_like(x), 3 - 4 * x, np.full_like(x, -2.0)], axis=1).ravel()
    return rows[1:-1]


GRID, GROWTH, SPREAD = 100, 1.8, 0.1


def brusselator(y: Any) -> Any:
    """Two substances that react and spread on a periodic grid."""
    u, v = y.reshape(2, GRID, GRID)

    def laplace(w: Any) -> Any:
        around = np.roll(w, 1, 0) + np.roll(w, -1, 0) + np.roll(w, 1, 1) + np.roll(w, -1, 1)
        return around - 4 * w

    reaction = u * u * v
    first = 1 + reaction - (GROWTH + 1) * u + SPREAD * laplace(u)
    second = GROWTH * u - reaction + SPREAD * laplace(v)
    return np.stack([first, second]).ravel()


def brusselator_matrix(y: Any) -> Any:
    """Its Jacobian, by hand."""
    from scipy import sparse

    n = GRID * GRID
    u, v = y[:n], y[n:]
    numbers = np.arange(n).reshape(GRID, GRID)
    laplace = sparse.csr_array(-4 * SPREAD * sparse.eye_array(n))
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        there = np.roll(numbers, step, axis).ravel()
        ones = np.full(n, SPREAD)
        laplace = laplace + sparse.csr_array((ones, (numbers.ravel(), there)), shape=(n, n))
    diagonals = 2 * u * v - GROWTH - 1, u * u, GROWTH - 2 * u * v, -u * u
    a, b, c, d = map(sparse.diags_array, diagonals)
    result = sparse.csr_array(sparse.block_array([[a + laplace, b], [c, d + laplace]]))
    result.sort_indices()
    return result


STATE = np.concatenate(
    [
        1 + 0.1 * np.sin(np.arange(GRID * GRID) / 7),
        GROWTH + 0.1 * np.cos(np.arange(GRID * GRID) / 5),
    ]
)


def rosenbrock_elements(x: Any) -> Any:
    """The elements of the Hessian of Rosenbrock's function, row by row."""
    d = np.zeros(len(x))
    d[:-1] += 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    d[1:] += 200
    off = -400 * x[:-1]
    rows = np.stack([np.append(0.0, off), d, np.append(off, 0.0)], axis=1).ravel()
    return rows[1:-1]


def wave(m: Any) -> Function:
    return lambda x: m.exp(-x) * m.sin(x) / (1 + x**2)


def wave_derivative(order: int) -> Function:
    """By mpmath, which comes with dualad."""
    from mpmath import mp, mpf

    def derivative(x: Any) -> Any:
        with mp.workdps(60):

            def at(t: float) -> float:
                f = lambda z: mp.exp(-z) * mp.sin(z) / (1 + z**2)  # noqa: E731
                return float(mp.taylor(f, mpf(t), order)[order] * math.factorial(order))

            return np.array([at(t) for t in np.ravel(x).tolist()]).reshape(np.shape(x))

    return derivative


def powers(m: Any) -> Function:
    """exp(x/2)·x³, whose derivatives are known."""
    return lambda x: m.exp(0.5 * x) * (x * x * x)


def eighth_of_powers(x: Any) -> Any:
    """By Leibniz: Σ C(8, k)·(x³)⁽ᵏ⁾·2⁻⁽⁸⁻ᵏ⁾·exp(x/2)."""
    parts = (x**3, 3 * x**2, 6 * x, 6.0)
    terms = [math.comb(8, k) * p * 0.5 ** (8 - k) for k, p in enumerate(parts)]
    return np.exp(0.5 * x) * sum(terms)


# -- code as people write it ---------------------------------------------------------------


def as_written(f: Function) -> Build:
    """The function itself, whatever the namespace."""
    return lambda _: f


def filling(x: Any) -> Any:
    """A running sum in an array that is made before."""
    out, s = np.zeros(len(x)), 0.0
    for i in range(len(x)):
        s += math.exp(-x[i]) * 0.5
        out[i] = s
    return out


def recursion(x: Any, n: int = 1000) -> Any:
    """Each element from the one before."""
    out = np.zeros(n)
    out[0] = x
    for i in range(1, n):
        out[i] = out[i - 1] + 0.001 * math.sin(out[i - 1])
    return out[n - 1]


def recursion_complex(x: Any, n: int = 1000) -> Any:
    for _ in range(1, n):
        x = x + 0.001 * cmath.sin(x)
    return x


def arm(angles: Any) -> Any:
    """Where the hand of a planar arm of three links is."""
    hand = np.array([0.3, 0.0])
    for angle in angles[::-1]:
        c, s = np.cos(angle), np.sin(angle)
        hand = np.array([[c, -s], [s, c]]) @ hand + np.array([0.4, 0.0])
    return hand


def trajectory(p: Any, kind: Any = float) -> Any:
    """Lorenz by Runge-Kutta, all steps kept."""

    def slope(s: Any) -> Any:
        return np.array(
            [p[0] * (s[1] - s[0]), s[0] * (p[1] - s[2]) - s[1], s[0] * s[1] - p[2] * s[2]]
        )

    states, h = np.zeros((50, 3), kind), 0.01
    states[0] = [1.0, 1.5, 20.0]
    for k in range(49):
        s = states[k]
        a = slope(s)
        b = slope(s + h / 2 * a)
        c = slope(s + h / 2 * b)
        d = slope(s + h * c)
        states[k + 1] = s + h / 6 * (a + 2 * b + 2 * c + d)
    return states[-1]


SIGNAL = np.sin(np.arange(30.0)) + 0.1


def kalman(p: Any, kind: Any = float) -> Any:
    """The log-likelihood of a signal, by a Kalman filter of two states."""
    noise, error, spring = p
    move, see = np.array([[1.0, 0.1], [-spring, 0.95]]), np.array([[1.0, 0.0]])
    mean, cov, total = np.zeros(2, kind), np.eye(2), 0.0
    for z in SIGNAL:
        mean = move @ mean
        cov = move @ cov @ move.T + noise * np.eye(2)
        spread = see @ cov @ see.T + np.array([[error]])
        gain = cov @ see.T @ np.linalg.inv(spread)
        miss = z - see @ mean
        mean = mean + gain @ miss
        cov = cov - gain @ see @ cov
        total += -0.5 * (np.log(2 * np.pi * spread[0, 0]) + miss[0] ** 2 / spread[0, 0])
    return total


class Oscillator:
    """A model with attributes."""

    def __init__(self, stiffness: float, damping: float) -> None:
        self.stiffness, self.damping = stiffness, damping

    def energy(self, x: Any) -> Any:
        decay = self.stiffness * math.exp(-self.damping * x)
        return decay * math.cos(x) + math.sqrt(x) * self.stiffness


def oscillator_complex(x: Any) -> Any:
    return 2.0 * cmath.exp(-0.3 * x) * cmath.cos(x) + cmath.sqrt(x) * 2.0


class Vector:
    """A point of the plane, as people write one."""

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y = x, y

    def __add__(self, other: Vector) -> Vector:
        return Vector(self.x + other.x, self.y + other.y)

    def __sub__(self, other: Vector) -> Vector:
        return Vector(self.x - other.x, self.y - other.y)

    def __mul__(self, scale: Any) -> Vector:
        return Vector(self.x * scale, self.y * scale)

    def norm(self, sqrt: Function) -> Any:
        return sqrt(self.x * self.x + self.y * self.y)


def bodies(mass: Any, sqrt: Function = math.sqrt, steps: int = 20) -> Any:
    """Three bodies that attract each other, in steps of symplectic Euler; how far the last gets."""
    masses = [mass, 0.7, 0.4]
    places = [Vector(0.0, 0.0), Vector(1.0, 0.2), Vector(-0.6, 1.1)]
    speeds = [Vector(0.0, 0.1), Vector(0.2, 0.9), Vector(-0.8, 0.1)]
    for _ in range(steps):
        for i, place in enumerate(places):
            for j, other in enumerate(places):
                if i != j:
                    apart = other - place
                    pull = masses[j] / apart.norm(sqrt) ** 3
                    speeds[i] = speeds[i] + apart * (pull * 0.01)
        places = [place + speed * 0.01 for place, speed in zip(places, speeds, strict=True)]
    return places[2].norm(sqrt)


def mixture(x: Any, n: int = 50) -> Any:
    """Functions of math that are not everywhere in C."""
    s = 0.0
    for k in range(1, n):
        s += math.hypot(x, k) * math.atan2(x, k) - math.lgamma(x + k) / k
        s += math.ldexp(math.pow(x, 1.5), -k) + math.remainder(x, 2.0) * float(x)
        if math.isfinite(s):
            s += math.floor(x) * math.fsum([x, 0.1, math.dist((x, 1.0), (k, 0.0))])
    return s


def mixture_complex(x: Any, n: int = 50) -> Any:
    """The same for numbers about 1.7."""
    from scipy.special import loggamma

    s = 0.0
    for k in range(1, n):
        s += cmath.sqrt(x * x + k * k) * cmath.atan(x / k) - loggamma(x + k) / k
        s += x**1.5 * 2.0**-k + (x - 2.0) * x
        s += x + 0.1 + cmath.sqrt((x - k) ** 2 + 1.0)
    return s


def escape(x: Any, y: float = 0.3) -> Any:
    """Steps of the Mandelbrot set, as long as they stay within |z| = 2."""
    z, c = 0j, complex(x, y)
    for _ in range(30):
        z = z * z + c
        if abs(z) > 2.0:
            break
    return abs(z)


def escape_parts(x: Any, y: float = 0.3) -> Any:
    """The same point, which never leaves, by real and imaginary parts."""
    re = im = 0.0
    for _ in range(30):
        re, im = re * re - im * im + x, 2 * re * im + y
    return np.sqrt(re * re + im * im)


def impedance(resistance: Any) -> Any:
    """Of a coil with a resistance beside a capacitor, the mean over ten frequencies, in decibel."""
    total = 0.0
    for k in range(1, 11):
        omega = 2.0 * math.pi * 100.0 * k
        coil, capacitor = resistance + 1j * omega * 0.01, 1 / (1j * omega * 1e-5)
        total += 20.0 * math.log10(abs(coil * capacitor / (coil + capacitor)))
    return total / 10


def impedance_parts(resistance: Any) -> Any:
    """The same by the squares of the moduli."""
    total = 0.0
    for k in range(1, 11):
        omega = 2.0 * math.pi * 100.0 * k
        reactance = omega * 0.01 - 1 / (omega * 1e-5)
        above = (resistance**2 + (omega * 0.01) ** 2) / (omega * 1e-5) ** 2
        total += 10.0 * np.log10(above / (resistance**2 + reactance**2))
    return total / 10


def cube_root(x: Any) -> Any:
    """The real part of a complex root, by Newton's method."""
    z, c = -0.5 + 1j, complex(x, 0.0)
    for _ in range(12):
        z = z - (z**3 - c) / (3 * z**2)
    return z.real


def single(x: Any) -> Any:
    """50 steps in single precision."""
    s, half = np.float32(0), np.float32(0.5)
    for _ in range(50):
        s = half * s + np.sin(x) * x - x / (s + np.float32(2))
    return s


def single_in_double(x: Any) -> Any:
    s = 0.0
    for _ in range(50):
        s = 0.5 * s + np.sin(x) * x - x / (s + 2.0)
    return s


def fit(p: Any, t: Any, data: Any) -> Any:
    return np.sum((p[0] * np.exp(-p[1] * t) - data) ** 2)


# -- the table -----------------------------------------------------------------------------


def _all() -> Iterator[Workload]:
    at = (2.0, 1.0)
    formula = "∂/∂x₂ of x₁·√(log(x₁/sin(x₂²)))"
    yield Workload("S1 math", formula, "derivative", "scalar", textbook, at, 1)
    yield Workload("S1 np", f"{formula}, np functions", "derivative", "ufuncs", textbook, at, 1)
    yield Workload(
        *("S2", "1000 steps of s = 0.5·s + sin(x)·x", "derivative", "scalar"),
        *(recurrence, (1.5,), 0, recurrence_traced),
    )
    for n in (8, 20, 100, 1000, 10_000):
        x = np.linspace(0.5, 1.5, n)
        for form, start in (("list", x.tolist()), ("ndarray", x))[: 1 + (n <= 1000)]:
            title = f"gradient of Rosenbrock, loop, {form} of {n}"
            yield Workload(f"S3 {form} {n}", title, "gradient", "scalar", rosenbrock, (start,))
    start = np.linspace(0.5, 1.5, 8).tolist()
    yield Workload(
        "S4", "Hessian of the same, list of 8", "hessian", "scalar", rosenbrock, (start,)
    )
    start = np.linspace(0.5, 1.5, 60).tolist()
    title = "Hessian of the same, list of 60"
    yield Workload("S4 60", title, "hessian", "scalar", rosenbrock, (start,))
    x, v = np.linspace(0.5, 1.5, 40), np.cos(np.arange(40.0))
    title = "Hessian times a vector of the same, list of 40"
    yield Workload("S7", title, "product", "scalar", rosenbrock, (x.tolist(), v.tolist()))
    title = "Jacobian of bundle adjustment, 15 → 3"
    yield Workload("S5", title, "jacobian", "scalar", bundle_adjustment, (CAMERA,))
    mean = np.linspace(0.1, 6.0, 1000)
    title = "a Newton step, Kepler's equation, 1000 starts"
    starts = (mean.tolist(), mean.tolist())
    yield Workload("S6 loop", f"{title}, one by one", "newton", "scalar", kepler, starts)
    vectors = (mean, mean.copy())
    yield Workload("S6 array", f"{title}, one array", "newton_arrays", "arrays", kepler, vectors)
    for n in (100, 10_000, 1_000_000):
        title = f"derivative of a smooth function, array of {n}"
        x = np.linspace(-2.0, 2.0, n)
        yield Workload(f"A1 {n}", title, "elementwise", "arrays", smooth, (x,))
    title = "derivative of the same function in float32, array of 10000"
    x = np.linspace(-2.0, 2.0, 10_000, dtype=np.float32)
    yield Workload(
        *("A1 float32", title, "elementwise", "arrays", smooth, (x,)),
        tolerance=1e-5,
    )
    for n in (10, 100, 1000, 100_000):
        title = f"gradient of Rosenbrock, arrays of {n}"
        x = np.linspace(0.5, 1.5, n)
        yield Workload(f"A2 {n}", title, "gradient", "arrays", rosenbrock_arrays, (x,))
    title = "a network 1000 → 100 → 10, 64 samples: value and gradient"
    yield Workload("A5", title, "network", "arrays", network, NETWORK)
    title = "Jacobian of least squares, 50 → 200"
    yield Workload("A3", title, "jacobian", "arrays", peaks, (PEAKS,))
    title = "Lorenz, 1000 Runge-Kutta steps, Jacobian 6 → 3"
    yield Workload(
        *("A4 arrays", f"{title}, arrays", "jacobian", "arrays"),
        *(lorenz_arrays, (np.array(LORENZ),), 0, lorenz_arrays_traced),
    )
    yield Workload(
        *("A4 scalar", f"{title}, numbers", "jacobian", "scalar"),
        *(lorenz_numbers, (LORENZ,), 0, lorenz_numbers_traced),
    )

    yield from _as_written(formula, at)
    yield from _sparse_and_series()


def _as_written(formula: str, at: tuple[Any, ...]) -> Iterator[Workload]:
    """W1 to W14: nothing is bent towards dualad; its drivers lift the functions."""
    style = "as written"
    yield Workload(
        *("W1", f"{formula}, math as written", "derivative", style),
        *(as_written(textbook(math)), at, 1),
        same=textbook(cmath),
    )
    title = "a loop that fills np.zeros(20), Jacobian"
    yield Workload(
        *("W2", title, "jacobian", style, as_written(filling), (np.linspace(0.1, 1.0, 20),)),
        same=lambda x: np.cumsum(np.exp(-x) * 0.5),
    )
    title = "a recursion in np.zeros(1000)"
    yield Workload(
        *("W3", title, "derivative", style, as_written(recursion), (0.7,)), same=recursion_complex
    )
    title = "planar arm, three matrices by np.array, Jacobian"
    yield Workload("W4", title, "jacobian", style, as_written(arm), (np.array([0.1, 0.2, 0.3]),))
    title = "Runge-Kutta into np.zeros((50, 3)), Jacobian in 3 parameters"
    yield Workload(
        *("W5", title, "jacobian", style, as_written(trajectory), (np.array([10.0, 28.0, 8 / 3]),)),
        same=lambda p: trajectory(p, complex),
    )
    title = "Kalman filter, 2×2, gradient in 3 parameters"
    yield Workload(
        *("W6", title, "gradient", style, as_written(kalman), (np.array([0.1, 0.2, 0.3]),)),
        same=lambda p: kalman(p, complex),
    )
    title = "a method with attributes and math"
    yield Workload(
        *("W7", title, "derivative", style, as_written(Oscillator(2.0, 0.3).energy), (0.7,)),
        same=oscillator_complex,
    )
    t = np.linspace(0.0, 1.0, 20)
    title = "gradient of a fit with data as further arguments"
    yield Workload(
        *("W8", title, "data", style, as_written(fit)),
        (np.array([2.0, 1.5]), t, np.exp(-t)),
    )
    title = "50 steps of hypot, atan2, lgamma, remainder and others of math"
    yield Workload(
        *("W9", title, "derivative", style, as_written(mixture), (1.7,)), same=mixture_complex
    )
    for key, what, f, x, same in (
        ("W10", "30 steps of Mandelbrot", escape, -0.2, escape_parts),
        ("W11", "impedances at ten frequencies", impedance, 5.0, impedance_parts),
        ("W12", "a complex cube root by Newton", cube_root, 2.0, lambda x: -0.5 * x ** (1 / 3)),
    ):
        title = f"{what}, Python's complex numbers"
        yield Workload(key, title, "derivative", style, as_written(f), (x,), same=same)
    yield Workload(
        *("W13", "50 steps in np.float32", "derivative", style, as_written(single)),
        (np.float32(1.5),),
        tolerance=1e-5,
        same=lambda x: single_in_double(np.complex128(x)),
    )
    yield Workload(
        *("W14", "three bodies as objects of a class", "derivative", style, as_written(bodies)),
        (1.3,),
        same=lambda x: bodies(x, cmath.sqrt),
    )


def _sparse_and_series() -> Iterator[Workload]:
    """X1 to X6."""
    style = "as written"
    for n in (10_000, 1_000_000):
        title = f"Broyden's tridiagonal function, {n} inputs, Jacobian of a known pattern"
        yield Workload(
            *(f"X1 {n}", title, "sparse", style, as_written(broyden)),
            (np.linspace(0.1, 1.0, n),),
            right=broyden_elements,
        )
    title = "the Brusselator on a grid of 2×100×100"
    for key, what, kind, right in (
        ("X2", "Jacobian of a known pattern", "sparse", lambda y: brusselator_matrix(y).data),
        ("X2 pattern", "its pattern", "detection", lambda y: brusselator_matrix(y).indices),
    ):
        yield Workload(
            *(key, f"{title}, {what}", kind, style, as_written(brusselator), (STATE,)),
            right=right,
        )
    title = "Hessian of Rosenbrock, arrays of 10000, known pattern"
    yield Workload(
        *("X3", title, "sparse_hessian", style, as_written(rosenbrock_arrays(NUMPY))),
        (np.linspace(0.5, 1.5, 10_000),),
        right=rosenbrock_elements,
    )
    title = "Newton's method for the Brusselator at rest, to 1e-12"
    yield Workload(
        *("X4", title, "sparse_newton", style, as_written(brusselator), (STATE,)),
        right=lambda y: np.repeat([1.0, GROWTH], GRID * GRID),
    )
    title = "10th derivative of exp(−x)·sin(x)/(1 + x²)"
    yield Workload("X5", title, "tenth", "scalar", wave, (1.3,), right=wave_derivative(10))
    title = "8th derivative of exp(x/2)·x³, array of 10000"
    yield Workload(
        *("X6", title, "eighth", "arrays", powers, (np.linspace(-2.0, 2.0, 10_000),)),
        right=eighth_of_powers,
    )


WORKLOADS = {workload.key: workload for workload in _all()}
