"""Objects of SciPy's that are made outside of f, of plain numbers, and reached in it with a dual.

Each method of each public class has the slope that differences say, or is refused by a sentence of
dualad's that names it, in code that is compiled, too.
"""

from __future__ import annotations

import copy
import importlib
import math
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy")

from scipy import integrate, interpolate, optimize, signal, sparse, spatial, stats
from scipy.sparse import linalg
from scipy.spatial import transform

from dualad import derivative
from dualad.pair import plain
from dualad.scipy import interpolate as dualad_interpolate
from dualad.scipy._decisions import DECISIONS

R = np.random.default_rng(4)
X, Y, LINE = np.linspace(0, 1, 8), R.normal(size=8), np.arange(1.0, 9)
PLACES, HEIGHTS = R.uniform(size=(14, 2)), R.normal(size=14)
GRID = (np.linspace(0, 1, 5), np.linspace(0, 1, 6))
SURFACE = R.normal(size=(5, 6))
SCATTER = R.uniform(size=(2, 60))
MATRIX = sparse.csc_array(np.diag([2.0, 3.0, 4.0]) + 0.1)
TURNS = transform.Rotation.from_euler("z", [[0.1], [0.5], [1.2]])
DOWN = integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0], dense_output=True).sol
STARTED = optimize.BFGS()
STARTED.initialize(2, "hess")


def three(x: Any) -> Any:
    return np.stack([x, 2 * x, x * x])


def two(x: Any) -> Any:
    return np.stack([x, x * x + 0.1])


def places(x: Any) -> Any:
    return np.stack([two(x), two(x) + 0.1])


def calls(*names: str) -> tuple[Callable[[Any, Any], Any], ...]:
    """Methods of one number."""
    return tuple(lambda o, x, name=name: getattr(o, name)(x) for name in names)


def call(o: Any, x: Any) -> Any:
    return o(x)


SPLINE = (
    *(call, *calls("solve"), lambda o, x: o.integrate(0, x), lambda o, x: o.derivative()(x)),
    *(lambda o, x: o.antiderivative()(x), lambda o, x: o(x, nu=1)),
)
OF_FITPACK = (
    *(call, *calls("derivatives"), lambda o, x: o.integral(0, x), lambda o, x: o.derivative()(x)),
    lambda o, x: o.antiderivative()(x),
)
OF_SURFACE = (
    *(lambda o, x: o(x, 0.4), lambda o, x: o.ev(x, x), lambda o, x: o.integral(0, x, 0, 0.5)),
    lambda o, x: o.partial_derivative(1, 0)(x, 0.4),
)
TREE = (
    *(lambda o, x: o.query(two(x))[0], lambda o, x: len(o.query_ball_point(two(x), 0.3)) * x),
    *(lambda o, x: len(o.query_ball_point([0.3, 0.3], x)), lambda o, x: len(o.query_pairs(x))),
    *(lambda o, x: o.count_neighbors(o, x), lambda o, x: o.sparse_distance_matrix(o, x).sum()),
)
DISTRIBUTION = calls("cdf", "pdf", "logpdf", "icdf", "ccdf", "logcdf")
STEPS = (lambda o, x: o.matvec(three(x)), lambda o, x: o @ three(x), lambda o, x: o.dot(three(x)))
SYSTEM = (
    lambda o, x: o.freqresp(w=two(x))[1].real,
    lambda o, x: o.bode(w=two(x))[1],
    lambda o, x: o.output(three(x), np.arange(3.0))[1],
)
OBJECTS: dict[str, tuple[Any, tuple[Callable[[Any, Any], Any], ...]]] = {
    "SuperLU": (
        linalg.splu(MATRIX),
        (*(lambda o, x, t=t: o.solve(three(x), t) for t in "NTH"), lambda o, x: o.solve(np.stack([three(x)] * 2, 1))),
    ),
    "spilu": (linalg.spilu(MATRIX), (lambda o, x: o.solve(three(x)),)),
    "factorized": (linalg.factorized(MATRIX), (lambda o, x: o(three(x)),)),
    "LinearOperator": (linalg.aslinearoperator(MATRIX), STEPS),
    "LaplacianNd": (linalg.LaplacianNd((3,)), STEPS),
    "LbfgsInvHessProduct": (optimize.LbfgsInvHessProduct(np.eye(3)[:1], np.eye(3)[:1]), STEPS),
    "BFGS": (STARTED, (lambda o, x: o.dot(two(x)), lambda o, x: o.update(two(x), two(x)))),
    "CZT": (signal.CZT(3), (lambda o, x: o(three(x)).real,)),
    "ZoomFFT": (signal.ZoomFFT(3, 0.4), (lambda o, x: o(three(x)).real,)),
    "ShortTimeFFT": (
        signal.ShortTimeFFT(np.hanning(8), 4, 1.0),
        tuple(
            lambda o, x, name=name: abs(getattr(o, name)(np.sin(LINE * x)))
            for name in ("stft", "spectrogram")
        ),
    ),
    "lti": (signal.lti([1.0], [1.0, 2.0]), SYSTEM),
    "dlti": (signal.dlti([1.0], [1.0, 0.2]), SYSTEM[:2]),
    "Delaunay": (
        spatial.Delaunay(PLACES),
        tuple(
            lambda o, x, name=name: getattr(o, name)(places(x)) * x
            for name in ("find_simplex", "plane_distance", "lift_points")
        ),
    ),
    "KDTree": (spatial.KDTree(PLACES), TREE),
    "cKDTree": (spatial.cKDTree(PLACES), TREE),
    "ConvexHull": (
        spatial.ConvexHull(PLACES, incremental=True),
        (lambda o, x: o.add_points(places(x)),),
    ),
    "Voronoi": (
        spatial.Voronoi(PLACES, incremental=True),
        (lambda o, x: o.add_points(places(x)),),
    ),
    "HalfspaceIntersection": (
        spatial.HalfspaceIntersection(
            np.array([[-1.0, 0, 0], [0, -1, 0], [1, 1, -1]]), np.array([0.2, 0.2]), incremental=True
        ),
        (lambda o, x: o.add_halfspaces(np.stack([np.stack([x, 1.0, -0.9])])),),
    ),
    "Rectangle": (
        spatial.Rectangle([0, 0], [1, 1]),
        (lambda o, x: o.min_distance_point(two(x) + 2), lambda o, x: o.max_distance_point(two(x))),
    ),
    "Rotation": (transform.Rotation.from_euler("z", 0.3), (lambda o, x: o.apply(three(x)),)),
    "RigidTransform": (
        transform.RigidTransform.from_translation([1.0, 2.0, 3.0]),
        (lambda o, x: o.apply(three(x)),),
    ),
    "Slerp": (transform.Slerp([0, 0.4, 1], TURNS), (lambda o, x: o(x).as_matrix(),)),
    "RotationSpline": (
        transform.RotationSpline([0, 0.4, 1], TURNS),
        (lambda o, x: o(x).as_matrix(),),
    ),
    "Bounds": (optimize.Bounds([0, 0], [1, 1]), (lambda o, x: o.residual(two(x))[0],)),
    "LinearConstraint": (
        optimize.LinearConstraint(np.eye(2), [0, 0], [1, 1]),
        (lambda o, x: o.residual(two(x))[0],),
    ),
    "OdeSolution": (DOWN, (call,)),
    "DenseOutput": (DOWN.interpolants[0], (call,)),
    "ode": (
        integrate.ode(lambda t, y: -y).set_initial_value([1.0], 0.0),
        calls("integrate", "set_initial_value"),
    ),
    "AAA": (interpolate.AAA(X, np.exp(X)), (call,)),
    "FloaterHormannInterpolator": (interpolate.FloaterHormannInterpolator(X, Y), (call,)),
    "BPoly": (interpolate.BPoly([[1.0], [2.0], [0.5]], [0, 1]), (call, *SPLINE[2:])),
    "PPoly": (interpolate.PPoly([[1.0], [2.0], [-0.5]], [0, 1]), SPLINE),
    "NdPPoly": (
        interpolate.NdPPoly(R.normal(size=(2, 2, 1, 1)), ([0, 1.0], [0, 1.0])),
        (lambda o, x: o(places(x)), lambda o, x: o.integrate([[0, x], [0, x]])),
    ),
    "BSpline": (interpolate.make_interp_spline(X, Y), (call, *SPLINE[2:])),
    "NdBSpline": (
        interpolate.NdBSpline((np.r_[0, 0, 0, 0, LINE / 9, 1, 1, 1, 1],), R.normal(size=12), 3),
        (lambda o, x: o(np.stack([np.stack([x])])),),
    ),
    **{
        name: (getattr(interpolate, name)(X, Y), SPLINE)
        for name in ("CubicSpline", "PchipInterpolator", "Akima1DInterpolator")
    },
    "CubicHermiteSpline": (interpolate.CubicHermiteSpline(X, Y, Y), SPLINE),
    "UnivariateSpline": (interpolate.UnivariateSpline(X, Y, s=0), OF_FITPACK),
    "InterpolatedUnivariateSpline": (interpolate.InterpolatedUnivariateSpline(X, Y), OF_FITPACK),
    "LSQUnivariateSpline": (interpolate.LSQUnivariateSpline(X, Y, [0.5]), OF_FITPACK),
    **{
        name: (getattr(interpolate, name)(X, Y), (call, *calls("derivative", "derivatives")))
        for name in ("BarycentricInterpolator", "KroghInterpolator")
    },
    "interp1d": (interpolate.interp1d(X, Y), (call,)),
    **{
        name: (
            getattr(interpolate, name)(PLACES, HEIGHTS),
            (lambda o, x: o(x, 0.4), lambda o, x: o(places(x))),
        )
        for name in ("CloughTocher2DInterpolator", "LinearNDInterpolator", "NearestNDInterpolator")
    },
    "RBFInterpolator": (
        interpolate.RBFInterpolator(PLACES, HEIGHTS),
        (lambda o, x: o(places(x)),),
    ),
    "Rbf": (interpolate.Rbf(*PLACES.T, HEIGHTS), (lambda o, x: o(x, x),)),
    "RegularGridInterpolator": (
        interpolate.RegularGridInterpolator(GRID, SURFACE),
        (lambda o, x: o(two(x)), lambda o, x: o(two(x), method="cubic")),
    ),
    "RectBivariateSpline": (interpolate.RectBivariateSpline(*GRID, SURFACE), OF_SURFACE),
    "SmoothBivariateSpline": (
        interpolate.SmoothBivariateSpline(*SCATTER, R.normal(size=60)),
        OF_SURFACE,
    ),
    "LSQBivariateSpline": (
        interpolate.LSQBivariateSpline(*SCATTER, R.normal(size=60), [0.5], [0.5]),
        OF_SURFACE,
    ),
    **{
        name: (getattr(stats, name)(**given), DISTRIBUTION)
        for name, given in {"Normal": {}, "Logistic": {}, "Uniform": {"a": 0.0, "b": 1.0}}.items()
    },
    "Binomial": (stats.Binomial(n=4, p=0.3), calls("cdf", "pmf")),
    "Mixture": (stats.Mixture([stats.Normal()]), DISTRIBUTION[:3]),
    "Covariance": (
        stats.Covariance.from_diagonal([1.0, 2.0]),
        tuple(
            lambda o, x, name=name: getattr(o, name)(two(x)) for name in ("whiten", "colorize")
        ),
    ),
    "gaussian_kde": (
        stats.gaussian_kde(Y),
        (call, *calls("logpdf", "evaluate"), lambda o, x: o.integrate_box_1d(0, x)),
    ),
    "rv_histogram": (stats.rv_histogram(np.histogram(Y)), calls("cdf", "pdf", "ppf")),
    "rv_continuous": (stats.gamma, tuple(lambda o, x, n=n: getattr(o, n)(x, 2.0) for n in
        ("cdf", "pdf", "ppf"))),
    "rv_discrete": (stats.rv_discrete(values=([1, 2], [0.4, 0.6])), calls("pmf", "cdf")),
    "a frozen distribution": (stats.gamma(2.0), calls("cdf", "pdf", "ppf", "logsf")),
    "EmpiricalDistributionFunction": (
        stats.ecdf([1.0, 2.0, 3.0]).cdf,
        (lambda o, x: o.evaluate(x) * x,),
    ),
    "multivariate_normal": (
        stats.multivariate_normal([0.0, 0.0]),
        (lambda o, x: o.pdf(two(x)), lambda o, x: o.cdf(two(x))),
    ),
}  # fmt: skip
SAID = (
    "cannot take duals",
    "cannot be differentiated",
    "has no derivatives in dualad",
    "sparse arrays hold plain numbers",
    "takes duals in",
    "with duals",
    "has no",
)
# Classes whose objects have no method that takes numbers, are abstract, or are made of others here.
OTHERS = re.findall(
    r"\w+",
    """
    StateSpace TransferFunction ZerosPolesGain SphericalVoronoi errstate BroydenFirst
    HessianUpdateStrategy InverseJacobian KrylovJacobian NonlinearConstraint OptimizeResult
    RootResults SR1 BDF DOP853 LSODA OdeSolver RK23 RK45 Radau complex_ode BivariateSpline interp2d
    LSQSphereBivariateSpline RectSphereBivariateSpline SmoothSphereBivariateSpline BootstrapMethod
    CensoredData MonteCarloMethod PermutationMethod ClusterNode DisjointSet
    """,
)


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_made_outside(name: str) -> None:
    o, methods = OBJECTS[name]
    for i, method in enumerate(methods):

        def f(x: Any, method: Any = method) -> Any:
            return np.sum(method(o, x))

        try:
            slope = derivative(f)(0.37)
        except (TypeError, AttributeError) as error:
            said = str(error)
            assert any(words in said for words in SAID), (i, said)
            continue
        h = 1e-4
        want = (8 * (f(0.37 + h) - f(0.37 - h)) - (f(0.37 + 2 * h) - f(0.37 - 2 * h))) / (12 * h)
        assert slope == pytest.approx(want, rel=1e-6, abs=1e-7), i


def test_all_public_classes_are_met() -> None:
    classes = {
        name
        for part in DECISIONS
        if part != "sparse"
        for name in getattr(importlib.import_module(f"scipy.{part}"), "__all__", ())
        if isinstance(kind := getattr(importlib.import_module(f"scipy.{part}"), name), type)
        and not issubclass(kind, (Exception, Warning))
    }
    assert not classes - {*OBJECTS, *OTHERS}


ROWS = [0.0, 1.0, 2.0, 3.0, 4.0]
CURVE = [0.0, 1.0, 3.0, 2.0, 5.0]
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.4, 0.7]])
# SciPy's classes, each with what makes an object of it; a dual is in the second, by way of s.
MADE: dict[Any, Callable[[Any], Any]] = {
    interpolate.CubicSpline: lambda s: interpolate.CubicSpline(ROWS, [s * v for v in CURVE]),
    interpolate.PPoly: lambda s: interpolate.PPoly([[s, s], [1.0, s]], [0.0, 1.0, 2.0]),
    interpolate.BSpline: lambda s: interpolate.make_interp_spline(ROWS, [s * v for v in CURVE]),
    interpolate.PchipInterpolator: lambda s: interpolate.PchipInterpolator(
        ROWS, [s * v for v in CURVE]
    ),
    interpolate.Akima1DInterpolator: lambda s: interpolate.Akima1DInterpolator(
        ROWS, [s * v for v in CURVE]
    ),
    interpolate.interp1d: lambda s: interpolate.interp1d(ROWS, [s * v for v in CURVE]),
    interpolate.UnivariateSpline: lambda s: interpolate.InterpolatedUnivariateSpline(
        ROWS, [s * v for v in CURVE]
    ),
    interpolate.BarycentricInterpolator: lambda s: interpolate.BarycentricInterpolator(
        ROWS, [s * v for v in CURVE]
    ),
    interpolate.RegularGridInterpolator: lambda s: interpolate.RegularGridInterpolator(
        (ROWS,), [s * v for v in CURVE]
    ),
    interpolate.RectBivariateSpline: lambda s: interpolate.RectBivariateSpline(
        ROWS, ROWS, s * np.outer(CURVE, CURVE)
    ),
    interpolate.LinearNDInterpolator: lambda s: interpolate.LinearNDInterpolator(
        CORNERS, [s * v for v in CURVE]
    ),
    interpolate.NearestNDInterpolator: lambda s: interpolate.NearestNDInterpolator(
        CORNERS, [s * v for v in CURVE]
    ),
    stats.gaussian_kde: lambda s: stats.gaussian_kde([s * v for v in CURVE]),
    sparse.csr_array: lambda s: sparse.csr_array([[s, 0.0], [1.0, s]]),
    sparse.csc_matrix: lambda s: sparse.csc_matrix([[s, 0.0], [1.0, s]]),
    transform.Rotation: lambda s: transform.Rotation.from_rotvec([s, 0.0, 0.0]),
    transform.Slerp: lambda s: transform.Slerp(
        [0, 1], transform.Rotation.from_rotvec([[s, 0.0, 0.0], [0.0, 1.0, 0.0]])
    ),
    interpolate.CubicHermiteSpline: lambda s: interpolate.CubicHermiteSpline(
        ROWS, [s * v for v in CURVE], CURVE
    ),
    interpolate.KroghInterpolator: lambda s: interpolate.KroghInterpolator(
        ROWS, [s * v for v in CURVE]
    ),
    interpolate.RBFInterpolator: lambda s: interpolate.RBFInterpolator(
        CORNERS, [s * v for v in CURVE]
    ),
    integrate.OdeSolution: lambda s: (
        integrate.solve_ivp(lambda t, y: -y, (0, 1), [s], dense_output=True).sol
    ),
    type(stats.norm()): lambda s: stats.norm(s, 2.0),
}


@pytest.mark.parametrize("kind", MADE, ids=lambda kind: kind.__name__)
def test_objects_are_of_the_classes_of_scipy(kind: Any) -> None:
    make = MADE[kind]
    theirs = make(1.5)

    def is_alike(s: Any) -> bool:
        y = make(s)
        is_it = isinstance(y, kind) and isinstance(y, (int, kind)) and not isinstance(y, dict)
        is_it = is_it and all(isinstance(y, base) for base in type(theirs).__mro__)
        return is_it and issubclass(type(y), kind) and type(y) is y.__class__ is type(theirs)

    assert is_alike(1.5)
    assert derivative(lambda x: math.sin(x) * is_alike(1.5), lift=True)(0.3) == math.cos(0.3)
    assert derivative(lambda x: math.sin(x) * is_alike(x), lift=True)(1.5) == math.cos(1.5)


def test_interpolants_of_ours_can_be_copied_and_pickled() -> None:
    spline = dualad_interpolate.CubicSpline(ROWS, CURVE)
    for made in (spline, dualad_interpolate.RegularGridInterpolator((ROWS,), CURVE)):
        for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            assert type(other) is type(made)
            assert np.array_equal(plain(other([0.5])), plain(made([0.5])))


def bowl(u: Any) -> Any:
    slopes = np.zeros(2)
    slopes[0], slopes[1] = 2 * (u[0] - 1), 2 * (u[1] - 2)
    return (u[0] - 1) ** 2 + (u[1] - 2) ** 2, slopes


EIGHT = np.diag(np.arange(1.0, 9.0))
# Compiled code, and SciPy's own, that takes arrays of NumPy alone: each makes its own in lifted code.
LENT: dict[str, Callable[[], Any]] = {
    "splu": lambda: linalg.splu(MATRIX).solve(np.ones(3))[0],
    "spilu": lambda: linalg.spilu(MATRIX).solve(np.ones(3))[0],
    "factorized": lambda: linalg.factorized(MATRIX)(np.ones(3))[0],
    "splu of outside": lambda: FACTORS.solve(np.ones(3), trans="T")[0],
    "eigsh": lambda: linalg.eigsh(EIGHT + np.eye(8), k=2, v0=np.ones(8))[0][0],
    "eigs": lambda: linalg.eigs(EIGHT + np.eye(8), k=2, v0=np.ones(8))[0][0].real,
    "svds": lambda: linalg.svds(EIGHT + np.eye(8), k=2, v0=np.ones(8))[1][0],
    "lsqr": lambda: linalg.lsqr(np.eye(3), np.ones(3))[0][0],
    "L-BFGS-B": lambda: optimize.minimize(bowl, np.zeros(2), jac=True, method="L-BFGS-B").x[1],
    "SLSQP": lambda: optimize.minimize(bowl, np.zeros(2), jac=True, method="SLSQP").x[1],
    "fmin_l_bfgs_b": lambda: optimize.fmin_l_bfgs_b(bowl, np.zeros(2))[0][1],
}
FACTORS = linalg.splu(MATRIX)


@pytest.mark.parametrize("name", LENT)
def test_compiled_code_is_lent_plain_arrays(name: str) -> None:
    f = LENT[name]
    assert derivative(lambda x: math.sin(x) * f(), lift=True)(0.3) == math.cos(0.3) * f()
