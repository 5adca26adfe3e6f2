"""Moments of distributions at ordinary, large and tiny shapes, against mpmath."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from mpmath import mp, mpf
from test_scipy_stats import NAMES, shapes_of

from dualad import derivative, jvp
from dualad.scipy import stats
from dualad.scipy._distribution_rules import function_of
from dualad.scipy._distributions import TABLE
from dualad.special_rules import TABLE as HELPERS

# -- by integrals of densities, at forty digits ------------------------------------------------


def _bradford(c: Any, x: Any) -> Any:
    return mp.log(c) - mp.log1p(c * x) - mp.log(mp.log1p(c))


def _chi(k: Any, x: Any) -> Any:
    return (1 - k / 2) * mp.log(2) - mp.loggamma(k / 2) + (k - 1) * mp.log(x) - x * x / 2


def _gamma(a: Any, x: Any) -> Any:
    return (a - 1) * mp.log(x) - x - mp.loggamma(a)


def _student(v: Any, x: Any) -> Any:
    log_beta = mp.loggamma(v / 2) + mp.loggamma(mpf(1) / 2) - mp.loggamma((v + 1) / 2)
    return -(v + 1) / 2 * mp.log1p(x * x / v) - mp.log(v) / 2 - log_beta


def _rdist(c: Any, x: Any) -> Any:
    log_beta = mp.loggamma(c / 2) + mp.loggamma(mpf(1) / 2) - mp.loggamma((c + 1) / 2)
    return (c / 2 - 1) * mp.log1p(-x * x) - log_beta


def _argus(chi: Any, x: Any) -> Any:
    mass = mp.gammainc(mpf(3) / 2, 0, chi * chi / 2) * mp.sqrt(2) / chi**3
    return mp.log(x) + mp.log1p(-x * x) / 2 - chi * chi * (1 - x * x) / 2 - mp.log(mass)


def _around(middle: Any, width: Any, lowest: Any = None) -> list[Any]:
    places = [middle + k * width for k in (-40, -12, -5, -2, 0, 2, 5, 12, 40)]
    return places if lowest is None else [p for p in (lowest, *places) if p >= lowest]


INTEGRALS: list[tuple[str, Callable[..., Any], tuple[float, ...], list[Any]]] = [
    *(("bradford", _bradford, (c,), [0, 1]) for c in (1e-8, 1e-3)),
    ("chi", _chi, (1e8,), _around(1e4, 0.8, 1e-60)),
    ("gamma", _gamma, (1e6,), _around(1e6, 1e3, 1e-60)),
    ("t", _student, (1e8,), _around(0, 1)),
    ("rdist", _rdist, (30.0,), [-1, -0.5, 0.5, 1]),
    *(("argus", _argus, (chi,), [0, 1]) for chi in (1e-3, 3.0)),
]


def _slope(f: Callable[..., Any], shapes: tuple[float, ...], i: int) -> Any:
    return derivative(lambda s: f(*shapes[:i], s, *shapes[i + 1 :]))(shapes[i])


def _moment(log: Callable[[Any], Any], method: str, places: list[Any]) -> Any:
    def mean_of(g: Callable[[Any], Any]) -> Any:
        return mp.quad(lambda x: g(x) * mp.exp(log(x)), places)

    if method == "entropy":
        return -mean_of(log)
    mean = mean_of(lambda x: x)
    return mean if method == "mean" else mean_of(lambda x: (x - mean) ** 2)


@pytest.mark.parametrize(
    ("name", "log", "shapes", "places"),
    [pytest.param(*case, id=f"{case[0]}-{case[2]}") for case in INTEGRALS],
)
def test_by_integrals_of_densities(
    name: str, log: Callable[..., Any], shapes: tuple[float, ...], places: list[Any]
) -> None:
    for method in ("mean", "var", "entropy"):
        if name in ("t", "rdist") and method != "entropy":
            continue
        f = getattr(getattr(scipy.stats, name), method)
        for i in range(len(shapes)):
            with mp.workdps(40):

                def moment(s: Any, i: int = i, method: str = method) -> Any:
                    at = [*map(mpf, shapes[:i]), s, *map(mpf, shapes[i + 1 :])]
                    return _moment(lambda x: log(*at, x), method, places)

                h = mpf(shapes[i]) * mpf(10) ** -9
                steps = [
                    (moment(shapes[i] + d) - moment(shapes[i] - d)) / (2 * d) for d in (h, 2 * h)
                ]
                want = float((4 * steps[0] - steps[1]) / 3)
            got = _slope(f, shapes, i)
            assert got == pytest.approx(want, rel=1e-9), (method, i)


# -- all closed formulas, at all sizes of shapes -----------------------------------------------

_EXACT: dict[str, Any] = {
    "abs": abs,
    "beta": mp.beta,
    "betaln": lambda a, b: mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b),
    "entr": lambda p: -p * mp.log(p),
    "gammaln": mp.loggamma,
    "hyp1f1": mp.hyp1f1,
    "i0e": lambda x: mp.besseli(0, x) * mp.exp(-x),
    "i1e": lambda x: mp.besseli(1, x) * mp.exp(-x),
    "isinf": mp.isinf,
    "kve": lambda v, x: mp.besselk(v, x) * mp.exp(x),
    "log_ndtr": lambda x: mp.log(mp.erfc(-x / mp.sqrt(2)) / 2),
    "minimum": min,
    "mpf": mpf,
    "poch": mp.rf,
    "polygamma": mp.psi,
    "pow": lambda a, b: a**b,
    "psi": lambda x: mp.psi(0, x),
    "exp1": mp.e1,
    "square": lambda x: x * x,
    "_zeta": mp.zeta,
    **{f: getattr(mp, f) for f in ("log", "log1p", "exp", "expm1", "sqrt", "hypot", "erf")},
    **{f: getattr(mp, f) for f in ("gamma", "sin", "sinh", "cosh", "tanh", "inf", "nan", "pi")},
}


class _Numbers(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Call(ast.Name("mpf", ast.Load()), [ast.Constant(repr(node.value))], [])


def exactly(text: str, names: tuple[str, ...]) -> Callable[..., Any]:
    """A text of the table as a function of mpmath's numbers, read by the test alone."""
    tree = ast.parse(f"lambda {', '.join(names)}: {text}", mode="eval")
    space = dict(_EXACT)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ("sqrt2", "sqrtpi", "sqrt2pi"):
            space[node.id] = mp.sqrt({"sqrt2": 2, "sqrtpi": mp.pi, "sqrt2pi": 2 * mp.pi}[node.id])
        elif isinstance(node, ast.Name) and node.id not in (*names, *space):
            helper = HELPERS[node.id]
            space[node.id] = exactly(str(helper.value), tuple(helper.args))
    tree = ast.fix_missing_locations(_Numbers().visit(tree))
    f: Callable[..., Any] = eval(compile(tree, text, "eval"), space)
    return f


SIZES = (1e-8, 1e-3, 1e3, 1e8)
# Bessel and Kummer's functions of large numbers take mpmath minutes, the others SciPy seconds.
SLOW = {"geninvgauss", "rice", "halfgennorm", "kappa4", "vonmises", "vonmises_line"}


def _places(name: str) -> list[tuple[float, ...]]:
    usual = shapes_of(name)
    d = TABLE[name]
    free = [i for i, s in enumerate(d.shapes) if s not in d.fixed]
    found = []
    for i, size in itertools.product(free, SIZES):
        found.append((*usual[:i], size, *usual[i + 1 :]))
    return [usual, *found]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of SciPy's own
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize("name", [n for n in NAMES if TABLE[n].shapes and n not in SLOW])
def test_closed_formulas_at_all_sizes(name: str) -> None:
    d, theirs = TABLE[name], getattr(scipy.stats, name)
    for method in ("mean", "var", "std", "entropy"):
        text = d.moments.get("var" if method == "std" else method, "")
        if not text or (text == "0"):
            continue
        with mp.workdps(120):
            moment = exactly(f"sqrt({text})" if method == "std" else text, d.shapes)
        f = getattr(theirs, method)
        for shapes, (i, s) in itertools.product(_places(name), enumerate(d.shapes)):
            try:
                with np.errstate(all="ignore"):
                    value = f(*shapes)
            except ValueError:  # SciPy's integral has not found the median
                continue
            if s in d.fixed or not np.isfinite(value):
                continue
            with mp.workdps(120):
                at = list(map(mpf, shapes))
                h = at[i] * mpf(10) ** -30

                def along(k: int, at: list[Any] = at, i: int = i, h: Any = h) -> Any:
                    return moment(*at[:i], at[i] + k * h, *at[i + 1 :])  # noqa: B023

                size = abs(along(0)) or 1
                want = float((8 * (along(1) - along(-1)) - (along(2) - along(-2))) / (12 * h))
            if abs(want * shapes[i]) < 1e-50 * size:
                want = 0.0
            got = _slope(f, shapes, i)
            assert got == pytest.approx(want, rel=1e-9, abs=1e-300), (method, s, shapes)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of SciPy's own
def test_what_is_infinite_has_no_derivative() -> None:
    d = np.array([0.5, 1.5, 3.0])
    y, slope = jvp(stats.t.var, (d,), (np.ones(3),))
    assert not np.isfinite(y[:2]).any() and np.isnan(slope[:2]).all()
    assert slope[2] == pytest.approx(-2.0)
    for f, at in (
        (stats.invgamma.mean, (0.7,)),
        (stats.pareto.var, (1.3,)),
        (stats.t.mean, (0.5,)),
        (stats.kappa3.mean, (0.5,)),
        (stats.zipf.mean, (1.5,)),
        (stats.mielke.std, (1.7, 1.2)),
    ):
        assert not np.isfinite(f(*at)), f
        for i in range(len(at)):
            assert np.isnan(derivative(f, i)(*at)), f
    assert np.isnan(derivative(lambda loc: stats.pareto.mean(0.5, loc))(1.0))
    assert np.isnan(derivative(lambda scale: stats.pareto.var(0.5, 0.0, scale))(1.0))
    # SciPy goes on beyond where it is finite
    assert np.isfinite(stats.invweibull.var(1.7)) and np.isnan(
        derivative(stats.invweibull.var)(1.7)
    )


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
def test_higher_orders_and_zeros() -> None:
    with mp.workdps(60):
        beta = exactly(TABLE["beta"].moments["entropy"], ("a", "b"))
        at = (mpf(2e6), mpf(3))
        want = float(mp.diff(beta, at, (1, 1), relative=True))
    slope = derivative(lambda b: derivative(lambda a: stats.beta.entropy(a, b))(2e6))(3.0)
    assert slope == pytest.approx(want, rel=1e-12)
    assert derivative(stats.rdist.entropy)(2.0) == 0.0
    for c in (0.3, 0.7, 1.0):  # whose density is not bounded: that of a beta, stretched
        of_beta = derivative(lambda c: stats.beta.entropy(c / 2, c / 2))(c)
        assert derivative(stats.rdist.entropy)(c) == pytest.approx(of_beta, rel=1e-12)
    for i in range(4):
        at = [0.3, 0.7, 1.9, 2.6]

        def f(x: Any, i: int = i, at: list[float] = at) -> Any:
            return stats.dpareto_lognorm.entropy(*at[:i], x, *at[i + 1 :])

        slopes = derivative(f)
        want = (slopes(at[i] + 1e-4) - slopes(at[i] - 1e-4)) / 2e-4
        assert derivative(f, order=2)(at[i]) == pytest.approx(want, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("h", "k"), [(1.5, 0.3), (0.0, 0.3), (-0.4, 0.3), (1e-6, -0.2)])
def test_the_entropy_of_kappa4(h: float, k: float) -> None:
    # the mean of -log(pdf) over probabilities exp(-t), whose quantiles are known
    def entropy(h: Any, k: Any) -> Any:
        def of(t: Any) -> Any:
            u = t if h == 0 else -mp.expm1(-h * t) / h
            return (-(1 - k) * mp.log(u) + (1 - h) * t) * mp.exp(-t)

        return mp.quad(of, [0, 1, 5, 20, 100])

    with mp.workdps(30):
        step = mpf(10) ** -8
        by_h = float((entropy(h + step, k) - entropy(h - step, k)) / (2 * step))
        by_k = float((entropy(h, k + step) - entropy(h, k - step)) / (2 * step))
    f = function_of("kappa4", "entropy")
    assert derivative(f, 0, lift=False)(h, k, 0.0, 1.0) == pytest.approx(by_h, rel=1e-9)
    assert derivative(f, 1, lift=False)(h, k, 0.0, 1.0) == pytest.approx(by_k, rel=1e-9)
