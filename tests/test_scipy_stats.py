"""dualad.scipy.stats: every row of its table against extrapolated differences of SciPy's values."""

from __future__ import annotations

import contextlib
import copy
import inspect
import itertools
import math
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from mpmath import mp
from scipy.stats import (
    dirichlet,
    gaussian_kde,
    invwishart,
    multivariate_normal,
    multivariate_t,
    norm,
    wishart,
)
from support.densities import density

from dualad import Dual, derivative, grad, hessian, jacobian, jvp, taylor, value_and_grad
from dualad.scipy import stats
from dualad.scipy._distribution_rules import function_of
from dualad.scipy._distributions import TABLE
from dualad.scipy._moments import by_integral, has_integral
from dualad.special_rules import SPACES
from dualad.special_rules import row as helper

NAMES = [name for name in TABLE if hasattr(scipy.stats, name)]
# Shapes to test with; what is not here has 1.7, 2.6.
SHAPES: dict[str, tuple[Any, ...]] = {
    "betabinom": (5, 2.3, 0.63),
    "betanbinom": (5, 3.3, 0.63),
    "crystalball": (1.2, 3.4),
    "dpareto_lognorm": (0.3, 0.7, 1.9, 2.6),
    "genexpon": (0.7, 1.9, 1.2),
    "genhyperbolic": (0.5, 1.7, -0.6),
    "geninvgauss": (2.3, 1.5),
    "kappa4": (0.3, -0.2),
    "norminvgauss": (2.1, 0.8),
    "pearson3": (0.7,),
    "reciprocal": (0.3, 2.4),
    "skewcauchy": (0.7,),
    "trapezoid": (0.2, 0.7),
    "truncpareto": (1.7, 4.2),
    "truncweibull_min": (1.7, 0.4, 2.6),
    "yulesimon": (2.7,),
    "bernoulli": (0.3,),
    "binom": (7, 0.4),
    "boltzmann": (0.9, 8),
    "dweibull": (2.1,),
    "erlang": (3,),
    "f": (4.5, 6.2),
    "genextreme": (-0.1,),
    "genhalflogistic": (0.7,),
    "genpareto": (0.2,),
    "geom": (0.3,),
    "invgamma": (4.1,),
    "invweibull": (2.7,),
    "lomax": (3.2,),
    "laplace_asymmetric": (1.3,),
    "logser": (0.6,),
    "loguniform": (0.3, 2.4),
    "nbinom": (4.2, 0.4),
    "pareto": (2.6,),
    "t": (3.6,),
    "triang": (0.4,),
    "truncnorm": (-0.7, 1.9),
    "wrapcauchy": (0.4,),
    "zipf": (3.5,),
    "betaprime": (1.7, 3.6),
}
ALL = ("pdf", "logpdf", "pmf", "logpmf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf")
MOMENTS = ("mean", "var", "std", "entropy")
BY_QUANTILE = ("ppf", "isf")


def shapes_of(name: str) -> tuple[Any, ...]:
    return SHAPES.get(name, (1.7, 2.6)[: len(TABLE[name].shapes)])


def extrapolated(f: Callable[[float], Any], h: float) -> Any:
    """f′(0) by central differences."""
    wide, narrow = ((f(d) - f(-d)) / (2 * d) for d in (h, h / 2))
    return (4 * narrow - wide) / 3


def curvature(f: Callable[[float], Any], h: float) -> Any:
    """f″(0) by central differences."""
    found = [(f(h / 2**i) - 2 * f(0.0) + f(-h / 2**i)) / (h / 2**i) ** 2 for i in range(3)]
    for k in range(1, 3):
        found = [(4**k * b - a) / (4**k - 1) for a, b in itertools.pairwise(found)]
    return found[0]


def cases(name: str) -> list[tuple[str, list[Any], list[int]]]:
    """Methods, what they are called with, and the arguments that have a derivative."""
    d, theirs = TABLE[name], getattr(scipy.stats, name)
    shapes = list(shapes_of(name))
    free = [i for i, s in enumerate(d.shapes) if s not in d.fixed]
    where: list[Any] = [2] if d.is_discrete else [0.3, 1.7]
    found = []
    for method in ALL:
        if not hasattr(theirs, method) or (d.is_discrete and method in BY_QUANTILE):
            continue
        if method in BY_QUANTILE or d.is_discrete:
            first: Any = 0.3
        if method not in BY_QUANTILE:
            first = theirs.ppf(0.31, *shapes, *where).item()
        is_cdf = method not in ("pdf", "logpdf", "pmf", "logpmf")
        has_slope = bool(d.cdf) or d.begin is not None or not is_cdf
        active = [1 + i for i in free if has_slope]
        if not d.is_discrete:
            active = [0, *active, 1 + len(shapes), 2 + len(shapes)]
        found.append((method, [first, *shapes, *where], active))
    for method in MOMENTS if name != "halfgennorm" else ():  # SciPy integrates for seconds
        if shapes and {"std": "var"}.get(method, method) not in d.moments:
            continue
        active = free if d.is_discrete else [*free, len(shapes), len(shapes) + 1]
        if np.isfinite(getattr(theirs, method)(*shapes, *where)):
            found.append((method, [*shapes, *where], active))
    return found


def in_all(f: Callable[..., Any], args: list[Any], active: list[int]) -> Callable[[Any], Any]:
    """f along a line through all arguments, so that every slope of it counts."""

    def along(h: Any) -> Any:
        given = list(args)
        for k, i in enumerate(active):
            given[i] = args[i] + h * (0.9 - 0.2 * k) * max(abs(args[i]), 0.1)
        return f(*given)

    return along


def of_list(f: Callable[..., Any], args: list[Any], active: list[int]) -> Callable[[Any], Any]:
    """f of a list of its arguments."""

    def call(p: Any) -> Any:
        given = list(args)
        for i, x in zip(active, p, strict=True):
            given[i] = x
        return f(*given)

    return call


@pytest.mark.parametrize("name", NAMES)
def test_slopes(name: str) -> None:
    ours, theirs = getattr(stats, name), getattr(scipy.stats, name)
    for method, args, active in cases(name):
        f, g = getattr(theirs, method), getattr(ours, method)
        value = f(*args)
        if not active:
            continue
        y = in_all(g, args, active)(Dual(0.0, 1.0))
        assert y.primal == value and type(y.primal) is type(value), method
        want = extrapolated(in_all(f, args, active), 0.004)
        assert y.tangent == pytest.approx(want, rel=2e-7, abs=2e-8 * (1 + abs(value))), method


@pytest.mark.parametrize("name", NAMES)
def test_second_order_and_reverse(name: str) -> None:
    ours, theirs = getattr(stats, name), getattr(scipy.stats, name)
    for method, args, active in cases(name):
        if method not in ("pmf", "logpdf", "logcdf", "ppf") or not active:
            continue
        f, g = getattr(theirs, method), getattr(ours, method)
        got = derivative(in_all(g, args, active), order=2, lift=False)(0.0)
        want = curvature(in_all(f, args, active), 0.02)
        size = {"rel": 2e-4, "abs": 2e-5 * (1 + abs(f(*args)))}
        assert got == pytest.approx(want, **size), method
        p, at = [float(args[i]) for i in active], of_list(g, args, active)
        forward = grad(at, mode="forward", lift=False)(p)
        assert grad(at, mode="reverse", lift=False)(p) == pytest.approx(forward, rel=1e-13)


def test_against_mpmath() -> None:
    """Far out, where differences have nothing to say."""
    with mp.workdps(40):

        def exact(f: Callable[..., Any], *at: float) -> float:
            return float(mp.diff(f, *(mp.mpf(x) for x in at)))

        assert derivative(stats.norm.cdf)(-20.0) == pytest.approx(exact(mp.ncdf, -20), rel=1e-12)
        assert derivative(stats.norm.logcdf)(-20.0) == pytest.approx(
            exact(lambda x: mp.log(mp.ncdf(x)), -20), rel=1e-12
        )
        assert derivative(stats.norm.isf)(1e-12) == pytest.approx(
            float(-1 / mp.npdf(mp.mpf(float(scipy.stats.norm.isf(1e-12))))), rel=1e-10
        )

        def gamma_cdf(a: Any, x: Any) -> Any:
            return mp.gammainc(a, 0, x, regularized=True)

        got = derivative(lambda a: stats.gamma.sf(60.0, a))(3.0)
        assert got == pytest.approx(exact(lambda a: 1 - gamma_cdf(a, 60), 3), rel=1e-9)
        got = derivative(lambda a: stats.gamma.ppf(1e-8, a))(3.0)
        x = mp.mpf(float(scipy.stats.gamma.ppf(1e-8, 3.0)))
        slope = mp.diff(lambda a: gamma_cdf(a, x), 3)
        density = x**2 * mp.exp(-x) / 2
        assert got == pytest.approx(float(-slope / density), rel=1e-9)

        def mass(a: Any) -> Any:
            return (mp.ncdf(9) - mp.ncdf(a)) ** -1

        got = derivative(lambda a: stats.truncnorm.pdf(8.5, a, 9.0))(8.0)
        assert got == pytest.approx(float(mp.npdf(8.5)) * exact(mass, 8), rel=1e-9)


# -- the ends of the support, and kinds of numbers ---------------------------------------------


def test_the_ends_of_the_support() -> None:
    """Inside counts where the density jumps; where it bends, both sides do."""
    assert derivative(stats.expon.pdf)(0.0) == -1.0
    assert derivative(stats.expon.cdf)(0.0) == derivative(stats.uniform.cdf)(1.0) == 0.5
    assert derivative(stats.expon.sf)(0.0) == -0.5
    for f in (stats.expon.pdf, stats.expon.logpdf, stats.expon.cdf, stats.expon.logsf):
        assert derivative(f)(-1.0) == 0.0
    assert derivative(lambda x: stats.gamma.pdf(x, 2.0))(0.0) == pytest.approx(0.5)
    assert derivative(lambda x: stats.gamma.pdf(x, 3.0))(0.0) == 0.0
    assert derivative(lambda x: stats.gamma.pdf(x, 1.5))(0.0) > 1e100
    assert derivative(lambda x: stats.beta.pdf(x, 1.5, 2.0))(1.0) == pytest.approx(
        -1 / (2 * scipy.special.beta(1.5, 2.0))
    )
    assert derivative(lambda s: stats.gamma.pdf(0.0, 2.0, scale=s))(3.0) == 0.0
    assert derivative(lambda a: stats.uniform(0.0, a).ppf(1.0))(3.0) == 1.0
    assert derivative(lambda c: stats.genextreme.ppf(1.0, c))(0.5) == pytest.approx(-4.0)
    assert derivative(lambda s: stats.norm.pdf(math.inf, 0.0, s))(3.0) == 0.0
    assert derivative(lambda s: stats.norm.cdf(-math.inf, 0.0, s))(3.0) == 0.0
    assert math.isnan(derivative(lambda s: stats.norm.pdf(1.0, 0.0, s))(-1.0))
    assert math.isnan(derivative(stats.norm.cdf)(math.nan))


def test_arrays_broadcast_and_keep_their_kind() -> None:
    x = np.array([[0.5], [1.5], [-1.0]])
    a = np.array([1.5, 2.5])

    def f(x: Any, a: Any, scale: Any) -> Any:
        return scipy.stats.gamma.pdf(x, a, scale=scale)

    want = f(x, a, 2.0)
    y = stats.gamma.pdf(Dual(x, np.ones_like(x)), Dual(a, np.ones_like(a)), scale=2.0)
    assert np.array_equal(y.primal, want) and y.tangent.shape == (3, 2)
    for i in range(3):
        for j in range(2):
            t = extrapolated(lambda h, i=i, j=j: float(f(x[i, 0] + h, a[j] + h, 2.0)), 0.002)
            assert y.tangent[i, j] == pytest.approx(t, rel=1e-8, abs=1e-10)
    assert jacobian(lambda v: stats.norm.cdf([v[0], 1.0, v[1]]))(np.array([0.0, 2.0])).shape == (
        3,
        2,
    )
    single = np.array([0.5, 1.5], np.float32)
    y = stats.norm.pdf(Dual(single, np.ones_like(single)))
    assert y.primal.dtype == y.tangent.dtype == scipy.stats.norm.pdf(single).dtype
    with pytest.raises(ValueError, match="broadcast"):
        stats.norm.pdf(Dual(np.ones(3), np.ones(3)), np.ones(2))


# -- moments without a formula -----------------------------------------------------------------

# Beside a kink, or where tails are heavy, the integrals of these do not converge,
REFUSED = {
    *((f"crystalball-{moment}", s) for moment in ("mean", "var", "entropy") for s in ("beta",)),
    ("crystalball-entropy", "m"),
    ("zipf-entropy", "a"),
    ("yulesimon-entropy", "alpha"),
    *(("betanbinom-entropy", s) for s in ("a", "b")),
}
INFINITE = {
    "alpha",
    "dpareto_lognorm",
    "foldcauchy",
    "skewcauchy",
    "rel_breitwigner",
    "kappa3",
}  # of some of their moments
# and those of these neither, of which there are formulas.
BY_FORMULA_ALONE = {
    *("dgamma", "dweibull", "triang", "trapezoid", "laplace_asymmetric", "truncnorm", "mielke"),
    *("zipf", "yulesimon", "betanbinom"),
}
SLOW = {
    "recipinvgauss",
    "kappa4",
    "vonmises",
    "vonmises_line",
    "genhyperbolic",
}  # SciPy itself, for seconds


def integrated() -> list[Any]:
    return [
        pytest.param(name, method, s, id=f"{name}-{method}-{s}")
        for name, d in TABLE.items()
        for method in ("mean", "var", "entropy")
        for s in d.shapes
        if method not in d.moments and s not in d.fixed and has_integral(d)
        if method == "entropy" or name not in SLOW
    ]


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.filterwarnings("ignore:expect.*did not converge:RuntimeWarning")
@pytest.mark.parametrize(("name", "method", "shape"), integrated())
def test_moments_by_integrals(name: str, method: str, shape: str) -> None:
    shapes = [float(x) for x in shapes_of(name)]
    i = TABLE[name].shapes.index(shape)
    theirs = getattr(scipy.stats, name)

    def f(x: Any) -> Any:
        return getattr(theirs, method)(*shapes[:i], x, *shapes[i + 1 :])

    with np.errstate(all="ignore"):
        value = f(shapes[i])
    if (f"{name}-{method}", shape) in REFUSED:
        with pytest.raises(TypeError, match="does not converge at"):
            derivative(f)(shapes[i])
        return
    y, slope = value_and_grad(f)(shapes[i])
    assert y == value or np.isnan(value)
    if not np.isfinite(value):
        assert name in INFINITE and np.isnan(slope)
        return
    want = extrapolated(lambda h: f(shapes[i] + h), 0.01 * shapes[i])
    # of the variance with heavy tails, SciPy's integrals and differences have fewer digits
    rel = 1e-4 if method == "var" and name in ("powerlognorm", "crystalball") else 2e-6
    assert slope == pytest.approx(want, rel=rel, abs=1e-7 * (1 + abs(value)))


@pytest.mark.parametrize("name", [n for n, d in TABLE.items() if d.shapes and d.has_cdf])
def test_integrals_of_moments_are_what_the_formulas_say(name: str) -> None:
    d = TABLE[name]
    shapes = [float(x) for x in shapes_of(name)]
    where = (0.0,) if d.is_discrete else (0.0, 1.0)
    mean = function_of(name, "mean")
    for method, s in itertools.product(d.moments, d.shapes):
        if s in d.fixed or not np.isfinite(getattr(scipy.stats, name)(*shapes).stats("v")):
            continue
        i = d.shapes.index(s)
        want = derivative(function_of(name, method), i, lift=False)(*shapes, *where)
        try:
            got = by_integral(d, method, s, lambda *p: mean(*p, *where))(*shapes)
        except TypeError:
            assert name in BY_FORMULA_ALONE
            continue
        assert got == pytest.approx(want, rel=1e-8, abs=1e-10), (method, s)


def test_the_variance_on_the_circle() -> None:
    with mp.workdps(25):

        def variance(kappa: Any) -> Any:
            def density(x: Any) -> Any:
                return mp.exp(kappa * mp.cos(x)) / (2 * mp.pi * mp.besseli(0, kappa))

            return 2 * mp.quad(lambda x: x * x * density(x), [0, 0.5, 1.5, mp.pi])

        want = float(mp.diff(variance, 1.7))
    assert derivative(stats.vonmises.var)(1.7) == pytest.approx(want, rel=1e-10)


def test_moments_by_integrals_of_arrays_and_of_higher_order() -> None:
    c = np.array([[0.7], [1.9]])
    s = np.array([0.4, 0.8, 1.1])

    def f(c: Any, s: Any) -> Any:
        return stats.powerlognorm.var(c, s, scale=1.5)

    y = jvp(f, (c, s), (np.ones_like(c), np.ones_like(s)))[1]
    for i, j in itertools.product(range(2), range(3)):
        one = derivative(lambda h, i=i, j=j: f(c[i, 0] + h, s[j] + h))(0.0)
        assert y[i, j] == pytest.approx(one, rel=1e-11)
    for name in ("exponweib", "recipinvgauss", "poisson", "skellam", "genhalflogistic"):
        at = [float(x) for x in shapes_of(name)]
        dist = getattr(stats, name)
        along = in_all(dist.entropy, at, list(range(len(at))))
        want = extrapolated(derivative(along, lift=False), 0.01)
        assert derivative(along, order=2, lift=False)(0.0) == pytest.approx(want, rel=1e-6)


@pytest.mark.filterwarnings("ignore:expect.*did not converge:RuntimeWarning")
def test_what_has_no_derivative_is_refused() -> None:
    with pytest.raises(TypeError, match="no derivative in its argument 'k'"):
        derivative(lambda k: stats.poisson.pmf(k, 2.0))(1.0)
    with pytest.raises(TypeError, match="no derivative in its argument 'n'"):
        derivative(lambda n: stats.binom.pmf(1, n, 0.5))(3.0)
    with pytest.raises(
        TypeError, match=r"pearson3\.entropy .* write dualad\.scipy\.integrate\.quad"
    ):
        derivative(stats.pearson3.entropy)(1.0)
    with pytest.raises(TypeError, match=r"zipf\.entropy: the sum for its derivative in a does"):
        derivative(stats.zipf.entropy)(3.0)
    for call in (
        lambda m: stats.poisson.rvs(m, random_state=1),
        lambda m: stats.norm.expect(lambda x: x, loc=m),
        lambda m: stats.norm.fit([m, 1.0]),
        lambda m: stats.norm.moment(3, m),
        lambda m: stats.norm.stats(m, moments="mvs"),
        lambda m: scipy.stats.levy_stable.pdf(m, 1.5, 0.5),
        lambda m: type(norm)(a=0.0, name="norm").pdf(m),
    ):
        with pytest.raises(TypeError, match=r"write|dualad"):
            derivative(call)(1.0)
    with pytest.raises(TypeError):
        derivative(lambda m: stats.norm.pdf(m, wrong=2.0))(1.0)


# -- frozen, lifted, drawn -------------------------------------------------------------------


def test_frozen_and_lifted_under_scipys_names() -> None:
    frozen = norm(0.0, 2.0)

    def program(p: Any) -> Any:
        each = scipy.stats.gamma(p[0], scale=p[1])
        return (
            each.logpdf(2.0)
            + each.mean()
            + each.ppf(0.3)
            + each.interval(0.5)[1]
            + frozen.cdf(p[0])
            + norm.cdf(p[0], loc=p[1])
            + norm(p[1]).median()
            + scipy.stats.norm.stats(p[0], p[1])[1]
            + isinstance(each, scipy.stats._distn_infrastructure.rv_frozen)
            + scipy.stats.poisson(p[0]).pmf(2)
            + each.support()[0]
            + each.moment(2)
        )

    p = np.array([2.0, 3.0])
    value, slopes = value_and_grad(program)(p)
    assert value == program(p)
    for i in range(2):
        want = extrapolated(lambda h, i=i: program(p + h * np.eye(2)[i]), 0.005)
        assert slopes[i] == pytest.approx(want, rel=1e-8)
    assert grad(program, mode="reverse")(p) == pytest.approx(slopes, rel=1e-12)
    assert frozen.cdf(1.0) == norm.cdf(1.0, 0.0, 2.0)


def test_ours_are_scipys_for_plain_numbers() -> None:
    assert isinstance(stats.norm, type(norm)) and stats.norm.name == "norm"
    assert stats.norm.cdf(0.3) == norm.cdf(0.3)
    assert stats.norm(1.0).interval(0.9) == norm(1.0).interval(0.9)
    assert stats.norm.fit([1.0, 2.0]) == norm.fit([1.0, 2.0])
    assert stats.beta.expect(args=(2.0, 3.0)) == scipy.stats.beta.expect(args=(2.0, 3.0))
    for name in ("pdf", "cdf", "rvs", "mean", "interval", "stats", "nnlf", "support"):
        mine, theirs = (getattr(m.norm, name) for m in (stats, scipy.stats))
        assert inspect.signature(mine) == inspect.signature(theirs), name
    assert copy.copy(stats.norm).cdf(Dual(0.0, 1.0)).tangent == norm.pdf(0.0)
    assert pickle.loads(pickle.dumps(scipy.stats.gamma)).name == "gamma"


def test_what_is_drawn_moves_with_its_parameters() -> None:
    def drawn(p: Any, seed: int = 5) -> Any:
        return scipy.stats.norm.rvs(p[0], p[1], size=4, random_state=seed)

    p = np.array([0.5, 2.0])
    plain = drawn(p)
    got = jacobian(drawn)(p)
    assert np.array_equal(value_and_grad(lambda q: np.sum(drawn(q)))(p)[0], np.sum(plain))
    np.testing.assert_allclose(got, np.stack([np.ones(4), (plain - 0.5) / 2], 1), rtol=1e-12)

    def gammas(a: Any) -> Any:  # u = cdf(y) being fixed
        return scipy.stats.gamma(a, scale=2.0).rvs(size=3, random_state=3)

    u = scipy.stats.gamma.cdf(gammas(2.5), 2.5, scale=2.0)
    for i in range(3):
        want = extrapolated(lambda h, i=i: scipy.stats.gamma.ppf(u[i], 2.5 + h, scale=2.0), 0.005)
        assert derivative(gammas)(2.5)[i] == pytest.approx(want, rel=1e-8)
        second = curvature(lambda h, i=i: scipy.stats.gamma.ppf(u[i], 2.5 + h, scale=2.0), 0.1)
        assert derivative(gammas, order=2)(2.5)[i] == pytest.approx(second, rel=1e-5)


# a quantile, or what is drawn, in a shape; and where
IN_SHAPES: list[tuple[str, Callable[..., Any], float]] = [
    ("gamma", lambda d, a: d.ppf(0.3, a), 1.5),
    ("chi2", lambda d, a: d.isf(0.3, a), 3.5),
    ("beta", lambda d, a: d.ppf(0.3, a, 2.0), 1.5),
    ("weibull_min", lambda d, a: d.ppf(0.3, a), 1.5),
    ("truncnorm", lambda d, a: d.ppf(0.3, a, 2.0), -1.5),
    ("lognorm", lambda d, a: d.isf(0.3, a), 0.5),
    ("genextreme", lambda d, a: d.ppf(0.3, a), 0.5),
    ("pareto", lambda d, a: d.ppf(0.3, a), 1.5),
    ("nakagami", lambda d, a: d.ppf(0.3, a), 1.5),
    ("skewnorm", lambda d, a: d.ppf(0.3, a), 1.5),
    ("vonmises", lambda d, a: d.ppf(0.3, a), 1.5),
    ("vonmises", lambda d, a: d.cdf(-0.4, a), 1.5),
    ("nbinom", lambda d, a: d.cdf(3, a, 0.4), 4.5),
    ("betabinom", lambda d, a: d.cdf(3, 9, a, 0.4), 4.5),
    ("gamma", lambda d, a: d.rvs(a, random_state=1), 1.5),
    ("beta", lambda d, a: d.rvs(a, 2.0, 1.0, a, random_state=1), 1.5),
    ("weibull_min", lambda d, a: d.rvs(a, scale=a, random_state=1), 1.5),
]


@pytest.mark.parametrize("name, f, at", IN_SHAPES)
def test_higher_orders_in_shapes(name: str, f: Callable[..., Any], at: float) -> None:
    theirs = getattr(scipy.stats, name)

    def of(a: Any) -> Any:
        return f(theirs, a)

    coefficients, nested = taylor(of, 3)(at), of
    assert coefficients[0] == f(theirs, at)
    for n in (1, 2, 3):
        nested = derivative(nested)
        want = nested(at)
        assert derivative(of, order=n)(at) == pytest.approx(want, rel=1e-10)
        assert coefficients[n] * math.factorial(n) == pytest.approx(want, rel=1e-10)
    if "rvs" not in f.__code__.co_names:  # which draws another number beside
        assert want == pytest.approx(
            extrapolated(lambda h: derivative(of, order=2)(at + h), 0.01), rel=1e-6
        )


def test_likelihoods() -> None:
    data = np.array([0.7, 1.9, 3.1, 0.4])

    def likelihood(p: Any) -> Any:
        return scipy.stats.weibull_min.nnlf((p[0], 0.0, p[1]), data)

    p = np.array([1.4, 2.2])
    value, slopes = value_and_grad(likelihood)(p)
    assert value == likelihood(p)
    for i in range(2):
        want = extrapolated(lambda h, i=i: likelihood(p + h * np.eye(2)[i]), 0.002)
        assert slopes[i] == pytest.approx(want, rel=1e-9, abs=1e-10)
    second = hessian(likelihood)(p)
    want = curvature(lambda h: likelihood(p + h * np.array([1.0, 1.0])), 0.05)
    assert np.sum(second) == pytest.approx(want, rel=1e-7)


# -- statistics of samples ---------------------------------------------------------------------

RANDOM = np.random.default_rng(0)
A, B, C = RANDOM.gamma(3, 1, 7), RANDOM.gamma(3, 1, 7), RANDOM.gamma(3, 1, (5, 3))
SAMPLES: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "gmean": ("gmean", (A,), {}),
    "gmean, weighted": ("gmean", (A,), {"weights": B}),
    "gmean, everywhere": ("gmean", (C,), {"axis": None}),
    "hmean": ("hmean", (C,), {"axis": 1}),
    "hmean, weighted": ("hmean", (C,), {"weights": C[::-1]}),
    "pmean": ("pmean", (A, 2.5), {}),
    "trim_mean": ("trim_mean", (A, 0.2), {}),
    "moment": ("moment", (C, 3), {}),
    "moment, off": ("moment", (A, 2), {"center": 1.0}),
    "moment, several": ("moment", (A, [1, 2, 4]), {}),
    "skew": ("skew", (C,), {}),
    "skew, unbiased": ("skew", (A,), {"bias": False}),
    "kurtosis": ("kurtosis", (A,), {"bias": False, "fisher": False}),
    "kurtosis, kept": ("kurtosis", (C,), {"keepdims": True}),
    "describe": ("describe", (A,), {}),
    "sem": ("sem", (C,), {}),
    "variation": ("variation", (A,), {"ddof": 1}),
    "gstd": ("gstd", (A,), {}),
    "zscore": ("zscore", (C,), {}),
    "zscore, everywhere": ("zscore", (C,), {"axis": None}),
    "zmap": ("zmap", (A, B), {}),
    "iqr": ("iqr", (A,), {}),
    "entropy": ("entropy", (A,), {"base": 2}),
    "entropy, relative": ("entropy", (A, B), {}),
    "pearsonr": ("pearsonr", (A, B), {}),
    "pearsonr, one side": ("pearsonr", (A, B), {"alternative": "less"}),
    "linregress": ("linregress", (A, B), {}),
    "ttest_1samp": ("ttest_1samp", (A, 2.0), {}),
    "ttest_rel": ("ttest_rel", (A, B), {"alternative": "greater"}),
    "ttest_ind": ("ttest_ind", (A, B), {}),
    "ttest_ind, Welch": ("ttest_ind", (A, B), {"equal_var": False}),
    "tmean": ("tmean", (C,), {"limits": (1.5, None), "axis": 0}),
    "tmean, everywhere": ("tmean", (C,), {"limits": (1.5, 4.0), "inclusive": (False, True)}),
    "tvar": ("tvar", (C,), {"limits": (None, 4.0)}),
    "tstd": ("tstd", (C,), {"axis": 1, "ddof": 0}),
    "tsem": ("tsem", (A,), {"limits": (1.5, 5.0)}),
    "tmin": ("tmin", (C, 1.5), {}),
    "tmax": ("tmax", (C, 4.0), {"axis": 1, "inclusive": False}),
    "gzscore": ("gzscore", (C,), {"axis": 1, "ddof": 1}),
    "trim1": ("trim1", (A, 0.3), {"tail": "left"}),
    "trimboth": ("trimboth", (C, 0.3), {}),
    "sigmaclip": ("sigmaclip", (A, 1.35, 1.5), {}),
    "scoreatpercentile": ("scoreatpercentile", (A, 35.0), {}),
    "scoreatpercentile, several": ("scoreatpercentile", (C, np.array([12.0, 78.0])), {"axis": 1}),
    "scoreatpercentile, of some": (
        "scoreatpercentile",
        (C, 40.0),
        {"limit": (1.0, 4.0), "interpolation_method": "lower"},
    ),
    "f_oneway": ("f_oneway", (A, B, C[:, 0]), {}),
    "f_oneway, rows": ("f_oneway", (C, C[:3] ** 2), {"axis": 0, "keepdims": True}),
    "f_oneway, everywhere": ("f_oneway", (C, C[:3] ** 2), {"axis": None}),
    "levene": ("levene", (A, B, C[:, 0]), {}),
    "levene, mean": ("levene", (C.T, C[:3].T ** 2), {"axis": 1, "center": "mean"}),
    "levene, trimmed": ("levene", (A, B), {"center": "trimmed", "proportiontocut": 0.2}),
    "bartlett": ("bartlett", (A, B, C[:, 1]), {}),
    "obrientransform": ("obrientransform", (A, B), {}),
    "theilslopes": ("theilslopes", (A, B), {}),
    "theilslopes, joint": ("theilslopes", (A,), {"method": "joint", "alpha": 0.5}),
    "siegelslopes": ("siegelslopes", (A, B), {}),
    "siegelslopes, separate": ("siegelslopes", (A, B), {"method": "separate"}),
    "kstat": ("kstat", (A,), {}),
    **{f"kstat, {n}": ("kstat", (C, n), {"axis": 0}) for n in (1, 3, 4)},
    "kstatvar": ("kstatvar", (C,), {"axis": 0}),
    "kstatvar, of the mean": ("kstatvar", (A, 1), {}),
    "pointbiserialr": ("pointbiserialr", (A > 2, B), {}),
    "lmoment": ("lmoment", (C,), {}),
    "lmoment, one": ("lmoment", (A, 5), {"standardize": False}),
    "lmoment, two": ("lmoment", (np.sort(A), [3, 1]), {"sorted": True}),
    "expectile": ("expectile", (A, 0.3), {"weights": B}),
    **{
        f"power_divergence, {power}": ("power_divergence", (C,), {"lambda_": power, "ddof": 1})
        for power in (None, "log-likelihood", "mod-log-likelihood", "neyman", 2.5)
    },
    "chi2_contingency": ("chi2_contingency", (C * 9,), {}),
    "chi2_contingency, Yates": ("chi2_contingency", (C[:2, :2] * 9,), {}),
    "chi2_contingency, three axes": (
        "chi2_contingency",
        (C[:4].reshape(2, 3, 2) * 9,),
        {"correction": False, "lambda_": "log-likelihood"},
    ),
    "skewtest": ("skewtest", (np.append(A, B),), {"alternative": "less"}),
    "kurtosistest": ("kurtosistest", (np.append(A, B),), {}),
    "normaltest": ("normaltest", (np.append(C, C**2, axis=0),), {}),
    **{
        f"differential_entropy, {method}": (
            "differential_entropy",
            (np.append(A, B),),
            {"method": method, "base": 2.0},
        )
        for method in ("auto", "vasicek", "van es", "correa", "ebrahimi")
    },
    "differential_entropy": ("differential_entropy", (C,), {"window_length": 2}),
    "bayes_mvs": ("bayes_mvs", (A, 0.8), {}),
    **{
        f"combine_pvalues, {method}": ("combine_pvalues", (C / 9,), {"method": method})
        for method in ("fisher", "pearson", "mudholkar_george", "tippett", "stouffer")
    },
    "combine_pvalues, weighted": ("combine_pvalues", (0.2 + A / 15, "stouffer", B), {}),
    "binned_statistic": ("binned_statistic", (A, B), {"bins": 3}),
    "binned_statistic, of edges": (
        "binned_statistic",
        (A, B, "std", np.array([1.0, 2.0, 5.0])),
        {},
    ),
    "binned_statistic, several": (
        "binned_statistic",
        (A, [B, A], lambda x: np.sum(x**2), 4),
        {"range": (1.0, 4.0)},
    ),
    "ttest_ind_from_stats": ("ttest_ind_from_stats", (2.1, 0.7, 9, 2.6, 1.1, 7), {}),
    "ttest_ind_from_stats, Welch": (
        "ttest_ind_from_stats",
        (2.1, 0.7, 9.0, 2.6, 1.1, 7.0),
        {"equal_var": False, "alternative": "less"},
    ),
    "yeojohnson_llf": ("yeojohnson_llf", (0.7, C - 2.0), {}),
}
COUNTS = {
    **{"moment": 1, "moment, off": 1, "moment, several": 1, "trim_mean": 1, "tmin": 1, "tmax": 1},
    **{"trim1": 1, "trimboth": 1, "kstatvar, of the mean": 1, "lmoment, one": 1, "lmoment, two": 1},
    **{f"kstat, {n}": 1 for n in (1, 3, 4)},
    "binned_statistic, several": 2,
    "scoreatpercentile, of some": 1,
}
# Plain arguments: of yes and no, names, counts and functions.
STILL = {("pointbiserialr", 0), ("combine_pvalues, weighted", 1), ("binned_statistic, of edges", 2)}
# New in SciPy 1.15 and 1.16
SAMPLES = {case: row for case, row in SAMPLES.items() if hasattr(scipy.stats, row[0])}
if "equal_var" in inspect.signature(scipy.stats.f_oneway).parameters:
    SAMPLES["f_oneway, Welch"] = ("f_oneway", (A, B, C[:, 0]), {"equal_var": False})
if hasattr(scipy.stats, "quantile"):
    for method in ("linear", "hazen", "weibull", "median_unbiased", "normal_unbiased"):
        SAMPLES[f"quantile, {method}"] = ("quantile", (A, 0.37), {"method": method})
    SAMPLES["quantile, rows"] = ("quantile", (C, np.full((1, 2), 0.41)), {"axis": 1})
    SAMPLES["quantile, many"] = ("quantile", (C, np.array([0.3, 0.7])), {"axis": None})


def numbers(y: Any) -> list[Any]:
    """All numbers in a result."""
    if isinstance(y, (tuple, list)) or np.ndim(y):
        return [v for part in y for v in numbers(part)]
    return [y]


@pytest.mark.parametrize("case", SAMPLES)
def test_statistics_of_samples(case: str) -> None:
    name, args, options = SAMPLES[case]
    theirs, ours = getattr(scipy.stats, name), getattr(stats, name)
    assert inspect.signature(ours) == inspect.signature(theirs)
    value = theirs(*args, **options)
    for i in range(COUNTS.get(case, len(args))):
        if (case, i) in STILL:
            continue
        x = np.asarray(args[i])[()]
        step = np.reshape(np.cos(np.arange(x.size)), x.shape)[()]

        def moved(f: Any, h: Any, i: int = i, x: Any = x, step: Any = step) -> Any:
            v = x + h * step  # a number, if x is one
            return f(*args[:i], v, *args[i + 1 :], **options)

        y = moved(ours, Dual(0.0, 1.0))
        assert type(y) is type(value) or isinstance(y, Dual)
        for k, (got, plain) in enumerate(zip(numbers(y), numbers(value), strict=True)):
            want = extrapolated(lambda h, k=k: float(numbers(moved(theirs, h))[k]), 0.002)
            if isinstance(got, Dual):
                assert got.primal == plain
                assert got.tangent == pytest.approx(want, rel=1e-7, abs=1e-8)
            else:
                assert got == plain and want == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("case", SAMPLES)
def test_statistics_of_samples_backward_and_twice(case: str) -> None:
    """Under SciPy's own names, in lifted code; of lists too."""
    name, args, options = SAMPLES[case]
    f = getattr(scipy.stats, name)
    for i in range(COUNTS.get(case, len(args))):
        if (case, i) in STILL:
            continue
        x = np.asarray(args[i], float)[()]
        step = np.reshape(np.cos(np.arange(x.size)), x.shape)[()]

        def along(h: Any, i: int = i, x: Any = x, step: Any = step) -> Any:
            v = x + h[0] * step
            y = f(*args[:i], v, *args[i + 1 :], **options)
            return np.stack(numbers(y)) * np.ones(1)

        zero = np.zeros(1)
        forward = jacobian(along, mode="forward")(zero)
        backward = jacobian(along, mode="reverse")(zero)
        np.testing.assert_allclose(backward, forward, rtol=1e-10, atol=1e-12)
        value, _ = jvp(along, (zero,), (np.ones(1),))
        np.testing.assert_array_equal(value, along(zero))
        second = jacobian(jacobian(along))(zero)[:, 0, 0]
        want = curvature(lambda h: along([h]), 0.003)
        np.testing.assert_allclose(second, want, rtol=2e-4, atol=2e-5 * (1 + np.max(abs(want))))
        if x.ndim == 1:
            listed = grad(lambda v, i=i: sum_of(f(*args[:i], v, *args[i + 1 :], **options)))
            assert np.dot(listed(x.tolist()), step) == pytest.approx(np.sum(forward), 1e-9, 1e-9)


def test_statistics_of_what_has_none() -> None:
    """Samples that are empty, too small or constant: SciPy's answer, without a warning of ours."""
    x, same = A[:5], np.full(5, 2.0)
    for f in (
        lambda a: scipy.stats.tmean(np.zeros(0) * a),
        lambda a: scipy.stats.tvar([a]),
        lambda a: scipy.stats.lmoment(x[:2] * a)[2:] if hasattr(scipy.stats, "lmoment") else np.nan,
        lambda a: scipy.stats.f_oneway(x * a, [])[0],
        lambda a: scipy.stats.f_oneway([a, a], [a, a])[0],
        lambda a: scipy.stats.bartlett([a, a], [2.0, 2.0])[0],
        lambda a: scipy.stats.theilslopes(x * a, same).slope,
        lambda a: scipy.stats.differential_entropy([a, 2.0]),
        lambda a: scipy.stats.skewtest(x * a)[0],
        lambda a: scipy.stats.binned_statistic(x, x * a, "mean", [100.0, 101.0])[0],
    ):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            value = f(1.3)
        with warnings.catch_warnings(record=True) as again:
            warnings.simplefilter("always")
            found, slope = jvp(f, (1.3,), (1.0,))
        assert np.all(np.isnan(value) & np.isnan(found) & np.isnan(slope))
        assert [str(w.message) for w in told] == [str(w.message) for w in again]
    for f in (
        lambda a: scipy.stats.tstd([a, a, a]),
        lambda a: scipy.stats.expectile([a, a], 0.3) - a,
        lambda a: scipy.stats.sigmaclip([a, a, a])[1] - a,
        lambda a: scipy.stats.chi2_contingency([[30 * a, 40 * a], [3.0, 4.0]])[0],
    ):
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            assert value_and_grad(f)(1.3) == (f(1.3), 0.0)


def test_statistics_that_jump_are_refused() -> None:
    ties = np.array([0.0, 1.0, 1.0, 2.5])
    for f, told in (
        (lambda a: scipy.stats.theilslopes(A[:4], ties * a)[0], "two x that are duals meet"),
        (lambda a: scipy.stats.siegelslopes(A[:4], ties * a)[0], "two x that are duals meet"),
        (lambda a: scipy.stats.skewtest(np.arange(-4.0, 5.0) * a)[0], "skewness is 0"),
        (lambda a: scipy.stats.scoreatpercentile(np.arange(5.0), 50 * a), "has a kink"),
        (lambda a: scipy.stats.scoreatpercentile(np.arange(5.0), 100 * a), "has a kink"),
        (lambda a: scipy.stats.binned_statistic_2d(A * a, B, A)[0], "no duals but in the values"),
        (lambda a: scipy.stats.power_divergence(A, lambda_=a)[0], "no dual lambda_"),
    ):
        with pytest.raises(TypeError, match=told):
            derivative(f)(1.0)


def test_statistics_in_bins_of_several_axes() -> None:
    for f in (
        lambda a: scipy.stats.binned_statistic_2d(A, B, A * a**2, "std", [3, 2])[0],
        lambda a: scipy.stats.binned_statistic_2d(
            A, B, [A * a, B * a**2], np.sum, 2, expand_binnumbers=True
        )[0],
        lambda a: scipy.stats.binned_statistic_dd([A, B, A - B], A * np.exp(a * B), "median", 2)[0],
    ):
        value, got = jvp(f, (1.2,), (1.0,))
        np.testing.assert_array_equal(value, f(1.2))
        want = extrapolated(lambda h, f=f: f(1.2 + h), 0.002)
        np.testing.assert_allclose(
            got, np.where(np.isnan(value), np.nan, want), rtol=1e-8, atol=1e-9
        )


def test_frequencies_that_keep_their_sum() -> None:
    for power in (None, "log-likelihood", "mod-log-likelihood", -2.5):

        def f(a: Any, power: Any = power) -> Any:
            seen = A * np.exp(a * B)
            expected = B * np.sum(seen) / np.sum(B)
            return np.stack([*scipy.stats.power_divergence(seen, expected, lambda_=power)])

        want = extrapolated(lambda h, f=f: f(0.1 + h), 0.002)
        np.testing.assert_allclose(jvp(f, (0.1,), (1.0,))[1], want, rtol=1e-8, atol=1e-10)


def test_distributions_of_mean_variance_and_spread() -> None:
    for i, method in itertools.product(range(3), ("mean", "std")):

        def f(a: Any, i: int = i, method: str = method) -> Any:
            return getattr(scipy.stats.mvsdist(A * np.exp(a * B))[i], method)()

        want = extrapolated(lambda h, f=f: f(0.1 + h), 0.002)
        assert value_and_grad(f)(0.1) == (f(0.1), pytest.approx(want, rel=1e-8))


def test_scores_are_steps() -> None:
    for f in (
        lambda a: scipy.stats.percentileofscore(A * a, 3.0),
        lambda a: scipy.stats.percentileofscore(A, [3.0 * a, 2.0]),
        lambda a: scipy.stats.fligner(A * a, B)[0],
    ):
        value, slope = jvp(f, (1.0,), (1.0,))
        assert np.array_equal(value, f(1.0)) and not np.any(slope)


def sum_of(y: Any) -> Any:
    return sum(numbers(y))


def test_statistics_lifted() -> None:
    def program(x: Any) -> Any:
        line = scipy.stats.linregress(np.arange(7.0), x)
        return line.slope + line.intercept_stderr + scipy.stats.zscore(x)[2] + line[3]

    value, slopes = value_and_grad(program)(A)
    assert value == program(A)
    want = extrapolated(lambda h: program(A + h * B), 0.002)
    assert slopes @ B == pytest.approx(want, rel=1e-8)
    assert grad(program, mode="reverse")(A) == pytest.approx(slopes, rel=1e-10)
    second = hessian(lambda x: scipy.stats.skew(x))(A)
    assert B @ second @ B == pytest.approx(
        curvature(lambda h: float(scipy.stats.skew(A + h * B)), 0.05), rel=1e-6
    )


def test_numbers_of_the_sample_among_statistics_of_ranks() -> None:
    x, y = np.array([0.3, 1.9, 1.1, 2.8]), np.array([1.4, 2.2, 3.1])
    both = np.concatenate([x, y])

    def median(both: Any) -> Any:
        return scipy.stats.median_test(both[:4], both[4:]).median

    def farthest(both: Any) -> Any:
        return scipy.stats.ks_2samp(both[:4], both[4:]).statistic_location

    assert jacobian(median)(both).tolist() == (both == np.median(both)).astype(float).tolist()
    there = scipy.stats.ks_2samp(x, y).statistic_location
    for mode in ("forward", "reverse"):
        assert grad(farthest, mode=mode)(both).tolist() == (both == there).tolist()
    rows = jacobian(lambda b: scipy.stats.ks_2samp(b[None, :4], b[None, 4:], axis=1).statistic)
    assert not rows(both).any()


def test_likelihood_of_counts() -> None:
    counts = np.array([0, 2, 1, 4])

    def cost(rate: Any) -> Any:
        return scipy.stats.poisson.nnlf((rate, 0), counts)

    assert abs(derivative(cost)(1.3) - (4 - 7 / 1.3)) < 1e-12


def test_ranks_are_steps() -> None:
    got = stats.spearmanr(Dual(A, np.ones(7)), B)
    assert got.statistic == scipy.stats.spearmanr(A, B).statistic
    assert not np.any(jacobian(lambda x: scipy.stats.rankdata(x) * 1.0)(A))


def test_options_that_are_not_there_are_refused() -> None:
    with pytest.raises(TypeError, match="takes no method="):
        derivative(
            lambda h: stats.pearsonr(A + h, B, method=scipy.stats.PermutationMethod(n_resamples=9))[
                0
            ]
        )(0.0)
    with pytest.raises(TypeError, match="takes no trim="):
        derivative(lambda h: stats.ttest_ind(A + h, B, trim=0.1)[0])(0.0)
    with pytest.raises(TypeError, match="takes no nan_policy="):
        derivative(lambda h: stats.skew(np.array([1.0, np.nan, 2.0]) + h, nan_policy="omit"))(0.0)
    assert derivative(lambda h: stats.gmean(A * h, nan_policy="omit"))(1.0) == pytest.approx(
        scipy.stats.gmean(A)
    )


# -- vectors and matrices ----------------------------------------------------------------------

MEAN, COV = np.array([0.1, 0.2]), np.array([[2.0, 0.3], [0.3, 1.0]])
POINTS, SCATTER = RANDOM.normal(size=(4, 2)), np.array([[3.0, 0.5], [0.5, 2.0]])


def symmetric(a: Any) -> Any:
    return (a + a.T) / 2


VECTORS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "normal in x": (lambda x: multivariate_normal.logpdf(x, MEAN, COV), POINTS),
    "normal in the mean": (lambda m: multivariate_normal.pdf(POINTS, m, COV), MEAN),
    "normal in the covariance": (
        lambda c: multivariate_normal.logpdf(POINTS, MEAN, symmetric(c)),
        COV,
    ),
    "normal, one variance": (lambda c: multivariate_normal.logpdf(POINTS, MEAN, c), 1.3),
    "normal, variances": (
        lambda c: multivariate_normal.logpdf(POINTS, MEAN, c),
        np.array([1.3, 2.0]),
    ),
    "normal, frozen": (lambda c: multivariate_normal(MEAN, symmetric(c)).logpdf(POINTS), COV),
    "normal, frozen, in x": (lambda x: multivariate_normal(MEAN, COV).pdf(x), POINTS),
    "normal of a line": (
        lambda x: multivariate_normal.logpdf(x, 0.5, 2.0),
        np.array([0.1, 0.3]),
    ),
    "normal, entropy": (lambda c: multivariate_normal(MEAN, symmetric(c)).entropy(), COV),
    "t in the shape": (lambda s: multivariate_t.logpdf(POINTS, MEAN, symmetric(s), 3.0), COV),
    "t in df": (lambda df: multivariate_t(MEAN, COV, df).logpdf(POINTS), 3.0),
    "dirichlet": (
        lambda a: dirichlet.logpdf(np.array([0.2, 0.5, 0.3]), a),
        np.array([1.5, 2.0, 3.0]),
    ),
    "dirichlet, frozen": (
        lambda a: dirichlet(a).pdf(np.array([0.2, 0.5])),
        np.array([1.5, 2.0, 3.0]),
    ),
    "dirichlet, mean": (lambda a: dirichlet(a).mean(), np.array([1.5, 2.0, 3.0])),
    "dirichlet, var": (lambda a: dirichlet.var(a), np.array([1.5, 2.0, 3.0])),
    "dirichlet, entropy": (lambda a: dirichlet.entropy(a), np.array([1.5, 2.0, 3.0])),
    "wishart in x": (lambda x: wishart.logpdf(symmetric(x), 4.5, COV), SCATTER),
    "wishart in df": (lambda df: wishart.logpdf(SCATTER, df, COV), 4.5),
    "wishart in the scale": (lambda s: wishart(4.5, symmetric(s)).pdf(SCATTER), COV),
    "inverse wishart": (lambda s: invwishart(4.5, symmetric(s)).logpdf(SCATTER), COV),
    "inverse wishart in x": (lambda x: invwishart.logpdf(symmetric(x), 4.5, COV), SCATTER),
}


@pytest.mark.parametrize("case", VECTORS)
def test_vectors_and_matrices(case: str) -> None:
    f, x = VECTORS[case]
    step = np.reshape(np.cos(np.arange(np.size(x))), np.shape(x))[()]
    value = f(x)

    def along(h: Any) -> Any:
        return f(x + h * step)

    y = along(np.float64(0.0))
    got, second = derivative(along)(0.0), derivative(along, order=2)(0.0)
    assert np.array_equal(y, value)
    for k in range(np.size(value)):

        def one(h, k=k):
            return float(np.ravel(along(h))[k])

        assert np.ravel(got)[k] == pytest.approx(extrapolated(one, 0.002), rel=1e-8, abs=1e-11)
        assert np.ravel(second)[k] == pytest.approx(curvature(one, 0.05), rel=1e-5, abs=1e-8)

    def total(v):
        return np.sum(f(v))

    forward, reverse = (grad(total, mode=mode)(x) for mode in ("forward", "reverse"))
    np.testing.assert_allclose(reverse, forward, rtol=1e-11, atol=1e-14)


def test_vectors_unlifted_and_refused() -> None:
    def f(c: Any) -> Any:
        return stats.multivariate_normal(MEAN, symmetric(c)).logpdf(POINTS)

    want = jacobian(VECTORS["normal, frozen"][0])(COV)
    np.testing.assert_allclose(jacobian(f, lift=False)(COV), want, rtol=1e-13)
    frozen = stats.multivariate_normal(Dual(MEAN, np.ones(2)), COV)
    assert isinstance(frozen, type(multivariate_normal()))
    assert np.array_equal(frozen.mean.tangent, np.ones(2))
    assert stats.dirichlet([1.0, 2.0]).mean().tolist() == dirichlet([1.0, 2.0]).mean().tolist()
    with pytest.raises(TypeError, match=r"multivariate_normal\.cdf cannot be differentiated"):
        derivative(lambda m: multivariate_normal.cdf(POINTS, MEAN + m, COV)[0])(0.0)
    with pytest.raises(TypeError, match=r"multivariate_normal\.rvs cannot be differentiated"):
        derivative(lambda m: multivariate_normal(MEAN + m, COV).rvs(random_state=1)[0])(0.0)
    with pytest.raises(TypeError, match="covariance is singular"):
        derivative(
            lambda s: multivariate_normal.logpdf([0.0, 0.0], None, s * np.ones((2, 2)), True)
        )(1.0)


def test_beyond_the_support_the_shapes_have_no_influence() -> None:
    x = np.array([-0.2, 0.0, 0.5, 1.0, 1.2])
    got = derivative(lambda a: stats.beta.cdf(x, a, 2.0))(1.3)
    want = extrapolated(lambda h: scipy.stats.beta.cdf(0.5, 1.3 + h, 2.0), 0.01)
    assert got == pytest.approx([0, 0, want, 0, 0], rel=1e-8)
    got = derivative(lambda b: stats.rice.sf(np.array([-1.0, 0.0, 0.7]), b), order=2)(1.3)
    want = curvature(lambda h: scipy.stats.rice.sf(0.7, 1.3 + h), 0.02)
    assert got == pytest.approx([0, 0, want], rel=1e-6)


def test_a_helper_does_not_take_the_name_of_another() -> None:
    for name in ("_bell", "_erfcx"):  # of the table, and of scipy.special
        with pytest.raises(ValueError, match=f"there is a helper {name} already"):
            helper(f"{name}(x) = x")


def test_a_kernel_density() -> None:
    """In points, data, weights and bandwidth; of two dimensions too."""
    data, grid = np.array([0.1, 0.4, 0.5, 1.2, 2.0, 2.2]), np.array([0.3, 1.1])

    def plane(a: Any) -> Any:
        return gaussian_kde(np.stack([data * a, np.cos(data) + a * a * data[::-1]]))

    def by_neff(kde: Any) -> Any:
        return 2.0 / kde.neff

    known = gaussian_kde(data)
    for f in (
        lambda a: known(grid * a),
        lambda a: known.logpdf(a),
        lambda a: known.integrate_box_1d(a, a * a + 1),
        lambda a: gaussian_kde(data * a, "silverman").pdf(grid),
        lambda a: gaussian_kde(data, a).evaluate(grid),
        lambda a: gaussian_kde(data, by_neff, np.exp(a * data)).logpdf(grid),
        lambda a: gaussian_kde(data, weights=np.exp(a * data)).integrate_box_1d(0.0, a),
        lambda a: plane(a)(np.array([[0.3, a], [0.5, 0.7]])),
        lambda a: plane(1.0)([a, 0.5]),
    ):
        got, want = jacobian(f)(0.8), extrapolated(lambda h, f=f: f(0.8 + h), 0.002)
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-9)
        np.testing.assert_array_equal(
            value_and_grad(lambda a, f=f: f(a).sum())(0.8)[0], f(0.8).sum()
        )
        back = jacobian(lambda p, f=f: f(p[0]), mode="reverse")(np.array([0.8]))[..., 0]
        np.testing.assert_allclose(back, got, rtol=1e-12, atol=1e-14)
    with pytest.raises(AttributeError, match=r"kde\.plain\.resample"):
        derivative(lambda a: gaussian_kde(data * a).resample(3).sum())(1.0)


SAMPLE = np.array([0.3, 1.1, -0.4, 2.2, 0.9, 1.7, -1.2])
OTHER = np.array([1.0, 0.2, 0.7, 1.9, -0.3, 0.4])
OF_SAMPLES: dict[str, Callable[[Any], Any]] = {
    "median_abs_deviation": lambda a: scipy.stats.median_abs_deviation(
        SAMPLE + a * SAMPLE**2, scale="normal"
    ),
    "boxcox": lambda a: scipy.stats.boxcox(SAMPLE**2 + a, a),
    "boxcox, of a logarithm": lambda a: scipy.stats.boxcox(SAMPLE**2 + 0.1, lmbda=a - 1.2),
    "boxcox_llf": lambda a: scipy.stats.boxcox_llf(a, SAMPLE**2 + a),
    "yeojohnson": lambda a: scipy.stats.yeojohnson(SAMPLE * a, a),
    "circmean": lambda a: scipy.stats.circmean(SAMPLE * a, high=6.0 + a),
    "circvar": lambda a: scipy.stats.circvar(SAMPLE * a),
    "circstd": lambda a: scipy.stats.circstd(SAMPLE.reshape(1, 7) * a, axis=1),
    "wasserstein_distance": lambda a: scipy.stats.wasserstein_distance(SAMPLE * a, OTHER),
    "energy_distance": lambda a: scipy.stats.energy_distance(SAMPLE, OTHER * a),
    "jarque_bera": lambda a: np.stack([*scipy.stats.jarque_bera(SAMPLE + a * SAMPLE**2)]),
    "chisquare": lambda a: np.stack([*scipy.stats.chisquare(np.stack([9 * a, 12.0, 7 * a * a]))]),
}


@pytest.mark.parametrize("name", OF_SAMPLES)
def test_more_statistics_of_samples(name: str) -> None:
    f = OF_SAMPLES[name]
    value, moved = jvp(f, (1.2,), (1.0,))
    np.testing.assert_array_equal(value, f(1.2))
    want = extrapolated(lambda h: f(1.2 + h), 0.002)
    np.testing.assert_allclose(moved, want, rtol=1e-7, atol=1e-9)
    back = jacobian(lambda p: f(p[0]), mode="reverse")(np.array([1.2]))[..., 0]
    np.testing.assert_allclose(back, moved, rtol=1e-12, atol=1e-14)
    second = extrapolated(lambda h: jacobian(f)(1.2 + h), 0.002)
    got = jvp(lambda x: jacobian(f)(x), (1.2,), (1.0,))[1]
    np.testing.assert_allclose(got, second, rtol=1e-6, atol=1e-8)


def test_transformations_do_not_choose_their_parameter() -> None:
    for f in (scipy.stats.boxcox, scipy.stats.yeojohnson):
        with pytest.raises(TypeError, match=rf"{f.__name__}_normmax\(getattr\(x, 'primal', x\)\)"):
            derivative(lambda a, f=f: f(SAMPLE**2 + a)[0][0])(1.2)


# -- in the tails ------------------------------------------------------------------------------

# Where SciPy's own logcdf and logsf have few digits far out, and differences of them have none.
NOISY = {
    *("alpha", "argus", "bradford", "burr", "burr12", "fisk", "foldcauchy", "foldnorm", "genexpon"),
    *("genhalflogistic", "genhyperbolic", "geninvgauss", "genpareto", "jf_skew_t", "kappa4"),
    *("levy_l", "loguniform", "mielke", "norminvgauss", "reciprocal", "semicircular"),
    *("skewcauchy", "skewnorm", "trapezoid", "triang", "truncpareto", "truncweibull_min"),
}


def far_out(theirs: Any, method: str, shapes: list[Any], level: float) -> float | None:
    """Where this logarithm falls to a level; None if it does not, for it jumps."""
    low, high = theirs.support(*shapes)
    f, inner = getattr(theirs, method), float(theirs.median(*shapes))
    end = float(high if method == "logsf" else low)
    step = 1.0
    while math.isinf(end) and step < 1e300:
        outer, step = inner + math.copysign(step, end), 4 * step
        end = outer if f(outer, *shapes) <= level else end
    outer = end
    for _ in range(60):
        middle = (inner + outer) / 2
        if inner * outer > 0 and not 0.5 < inner / outer < 2:
            middle = math.copysign(math.sqrt(abs(inner)) * math.sqrt(abs(outer)), inner)
        inner, outer = (middle, outer) if f(middle, *shapes) > level else (inner, middle)
    return inner if level / 0.9 < f(inner, *shapes) < -1 else None


@pytest.mark.parametrize("name", [n for n in NAMES if n not in NOISY and not TABLE[n].is_discrete])
def test_slopes_in_the_tails(name: str) -> None:
    """Probabilities down to 1e-250 move as the differences of SciPy's logarithms of them say."""
    d, theirs, ours = TABLE[name], getattr(scipy.stats, name), getattr(stats, name)
    shapes = [float(s) for s in shapes_of(name)]
    active = [1 + i for i, s in enumerate(d.shapes) if s not in d.fixed and d.has_cdf]
    ends = theirs.support(*shapes)
    for method in ("logcdf", "logsf"):
        f = getattr(theirs, method)
        for level in (-46.0, -276.0, -575.0):
            with np.errstate(all="ignore"):  # on the way there
                x = far_out(theirs, method, shapes, level)
            if x is None or min(abs(x - end) for end in ends) < 0.1 * abs(x):
                continue  # no room for differences
            args = [x, *shapes]
            for i in [0, *active]:

                def along(h: float, f: Any = f, i: int = i, args: Any = args) -> Any:
                    given = list(args)
                    given[i] += h
                    return f(*given)

                steps = [abs(args[i]) * 10.0**-k for k in range(2, 6)]
                args_of_dual = list(args)
                args_of_dual[i] = Dual(float(args[i]), 1.0)
                with np.errstate(all="ignore"):  # SciPy warns
                    wants = [extrapolated(along, h) for h in steps]
                    y = getattr(ours, method)(*args_of_dual)
                    assert y.primal == along(0.0)
                errors = [abs(y.tangent - w) / abs(w) for w in wants if w and math.isfinite(w)]
                assert not errors or min(errors) < 1e-6, (method, x, d.shapes[i - 1] if i else "x")


# Bessel functions of large order and argument, for which mpmath takes minutes
LONG = {("ncx2", 1e6), ("geninvgauss", 1e3), ("geninvgauss", 1e6), ("genhyperbolic", 1e3)} | {
    ("genhyperbolic", 1e6)
}


def places_of(theirs: Any, shapes: list[float]) -> list[float]:
    """Places inside the support of a distribution: in its middle, far out, and anywhere."""
    low, high = theirs.support(*shapes)
    sizes = (1e-8, 0.1, 0.9, 2.0, 1e3, 1e14)
    places = {*sizes, *(-x for x in sizes)}
    for f, q in itertools.product((theirs.ppf, theirs.isf), (1e-200, 1e-9, 0.3)):
        with contextlib.suppress(ValueError, ArithmeticError):  # of SciPy's search for it
            places.add(float(f(q, *shapes)))
    return sorted(x for x in places if low < x < high and math.isfinite(x))


@pytest.mark.filterwarnings("ignore")  # of SciPy's quantiles
@pytest.mark.parametrize("name", [n for n in NAMES if not TABLE[n].is_discrete])
def test_a_cdf_has_the_slope_of_its_density(name: str) -> None:
    """At shapes small and large, and anywhere: to a few ulp times the density's condition."""
    theirs, ours, d = getattr(scipy.stats, name), getattr(stats, name), TABLE[name]
    count = 0
    for size in (1e-3, 1.0, 1e3, 1e6) if d.shapes else (1.0,):
        shapes = [float(s) * size for s in shapes_of(name)]
        if not np.all(theirs._argcheck(*shapes)) or (name, size) in LONG:
            continue
        with np.errstate(all="ignore"), mp.workdps(60):
            for x in places_of(theirs, shapes):
                at = dict(zip(d.shapes, map(mp.mpf, shapes), strict=True), x=mp.mpf(x))
                want = mp.re(density(name, **at))
                if not 1e-290 < want < 1e290:
                    continue
                h = mp.mpf("1e-15")
                beside = [mp.re(density(name, **at | {v: at[v] * (1 + h)})) for v in at]
                condition = sum(abs(y / want - 1) / h for y in beside)
                if condition > 1e10:  # at an end of the support
                    continue
                error = float(abs(ours.cdf(Dual(x, 1.0), *shapes).tangent / want - 1))
                assert error < 1.2e-13 + 5e-16 * condition, (shapes, x)
                count += 1
    assert count > 3


# Of cdfs whose slopes in a shape are differences of what is nearly equal
CDFS: dict[str, tuple[Callable[..., Any], list[tuple[float, ...]]]] = {
    "alpha": (lambda x, a: mp.ncdf(a - 1 / x) / mp.ncdf(a), [(1e-3,), (1.7,), (1e3,)]),
    "foldnorm": (lambda x, c: mp.ncdf(x - c) - mp.ncdf(-x - c), [(1e-3,), (1.7,), (1e3,)]),
    "truncnorm": (
        lambda x, a, b: (mp.ncdf(x) - mp.ncdf(a)) / (mp.ncdf(b) - mp.ncdf(a)),
        [(-1e-3, 2e-3), (-0.7, 1.9), (8.0, 9.0)],
    ),
}


@pytest.mark.parametrize("name", CDFS)
def test_slopes_in_shapes_have_their_digits_in_both_tails(name: str) -> None:
    cdf, sizes = CDFS[name]
    theirs, ours = getattr(scipy.stats, name), getattr(stats, name)
    for shapes in sizes:
        for f, q in itertools.product((theirs.ppf, theirs.isf), (1e-100, 1e-9, 0.3)):
            x, (low, high) = float(f(q, *shapes)), theirs.support(*shapes)
            for i in range(len(shapes)) if low < x < high else ():
                with mp.workdps(250):

                    def along(v: Any, x: float = x, i: int = i, at: Any = shapes) -> Any:
                        return cdf(mp.mpf(x), *map(mp.mpf, at[:i]), v, *map(mp.mpf, at[i + 1 :]))

                    want = float(mp.diff(along, mp.mpf(shapes[i])))
                given: list[Any] = list(shapes)
                given[i] = Dual(shapes[i], 1.0)
                assert ours.cdf(x, *given).tangent == pytest.approx(want, rel=1e-10, abs=1e-290)


def test_every_logarithm_that_scipy_calculates_itself_has_a_text() -> None:
    """It goes on where the cdf has become 0, and so has its slope to."""
    for name in NAMES:
        theirs = type(getattr(scipy.stats, name))
        base = scipy.stats.rv_discrete if TABLE[name].is_discrete else scipy.stats.rv_continuous
        for method in ("logcdf", "logsf"):
            own = getattr(theirs, f"_{method}") is not getattr(base, f"_{method}")
            if own and (name, method) not in (  # log(cdf) after all
                ("nbinom", "logcdf"),
                ("dpareto_lognorm", "logcdf"),
                ("dpareto_lognorm", "logsf"),
            ):
                assert TABLE[name].logs[method], (name, method)


def gamma_tail(a: Any, x: Any) -> Any:
    return mp.gammainc(a, x, mp.inf, regularized=True)


def beta_head(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


def bessel_density(t: float, p: float, a: float, b: float) -> float:
    """Of the hyperbolic distributions, as Wikipedia has it, with SciPy's Bessel function."""
    g, r, k = math.sqrt(a * a - b * b), math.hypot(1.0, t), scipy.special.kve
    size = g**p * k(p - 0.5, a * r) / (k(p, g) * (r / a) ** (0.5 - p) * math.sqrt(2 * math.pi))
    return float(size * math.exp(b * t - a * r + g))


def circle_tail(x: Any, kappa: Any) -> Any:
    return mp.quad(lambda t: mp.exp(kappa * mp.cos(t)), [x, mp.pi]) / (
        2 * mp.pi * mp.besseli(0, kappa)
    )


def wald_terms(x: Any, m: Any) -> tuple[Any, Any]:
    r = mp.sqrt(1 / x)
    return r * (x / m - 1), mp.exp(2 / m) * mp.ncdf(-r * (x / m + 1))


# (distribution, method, arguments, the one that varies, its logarithm by mpmath)
FAR: dict[str, tuple[Any, ...]] = {
    "gamma": ("logsf", (100.0, 0.5), 1, lambda x, a: gamma_tail(a, x)),
    "gamma, more": ("logsf", (650.0, 3.0), 1, lambda x, a: gamma_tail(a, x)),
    "chi2": ("logsf", (1000.0, 55.0), 1, lambda x, n: gamma_tail(n / 2, x / 2)),
    "chi": ("logsf", (35.0, 5.5), 1, lambda x, n: gamma_tail(n / 2, x * x / 2)),
    "invgamma": ("logcdf", (0.002, 3.5), 1, lambda x, a: gamma_tail(a, 1 / x)),
    "loggamma": ("logsf", (6.2, 2.5), 1, lambda x, c: gamma_tail(c, mp.exp(x))),
    "gengamma": ("logsf", (90.0, 2.5, 1.3), 2, lambda x, a, c: gamma_tail(a, x**c)),
    "gengamma, a": ("logsf", (90.0, 2.5, 1.3), 1, lambda x, a, c: gamma_tail(a, x**c)),
    "gennorm": ("logcdf", (-40.0, 1.3), 1, lambda x, b: gamma_tail(1 / b, (-x) ** b) / 2),
    "poisson": ("logcdf", (3.0, 300.0), 1, lambda k, m: gamma_tail(k + 1, m)),
    "beta": ("logsf", (0.9, 50.0, 80.0), 2, lambda x, a, b: beta_head(b, a, 1 - x)),
    "beta, a": ("logsf", (0.9, 50.0, 80.0), 1, lambda x, a, b: beta_head(b, a, 1 - x)),
    "beta, left": ("logcdf", (1e-12, 9.0, 2.0), 1, lambda x, a, b: beta_head(a, b, x)),
    "t": ("logsf", (1e5, 30.0), 1, lambda x, n: beta_head(n / 2, 0.5, n / (n + x * x)) / 2),
    "f": (
        "logsf",
        (1e8, 29.0, 18.0),
        2,
        lambda x, m, n: beta_head(n / 2, m / 2, n / (n + m * x)),
    ),
    "betaprime": ("logsf", (1e8, 5.0, 6.0), 1, lambda x, a, b: beta_head(b, a, 1 / (1 + x))),
    "betaprime, b": ("logsf", (1e30, 5.0, 6.0), 2, lambda x, a, b: beta_head(b, a, 1 / (1 + x))),
    "nbinom": ("logsf", (900.0, 4.2, 0.4), 1, lambda k, n, p: 1 - beta_head(n, k + 1, p)),
    "exponweib": ("logsf", (8.0, 1.7, 2.6), 1, lambda x, a, c: 1 - (1 - mp.exp(-(x**c))) ** a),
    "kappa3": ("logsf", (1e30, 1.7), 1, lambda x, a: 1 - x * (a + x**a) ** (-1 / a)),
    "jf_skew_t": (
        "sf",
        (1e7, 1.7, 2.6),
        2,
        lambda x, a, b: beta_head(b, a, (1 - x / mp.sqrt(a + b + x * x)) / 2),
    ),
    "crystalball": (
        "logsf",
        (12.0, 1.2, 3.4),
        2,
        lambda x, b, m: mp.ncdf(-x) / (m / b / (m - 1) * mp.npdf(b) + mp.ncdf(b)),
    ),
    "zipf": ("sf", (400.0, 3.5), 1, lambda k, a: mp.zeta(a, k + 1) / mp.zeta(a)),
    "logser": (
        "sf",
        (20.0, 0.6),
        1,
        lambda k, p: mp.nsum(lambda j: p**j / j, [k + 1, mp.inf]) / -mp.log(1 - p),
    ),
    "vonmises": ("sf", (2.9, 300.0), 1, circle_tail),
    "gumbel_r": ("logcdf", (-50.0,), 0, lambda x: mp.exp(-mp.exp(-x))),
    "gumbel_l": ("logsf", (50.0,), 0, lambda x: mp.exp(-mp.exp(x))),
    "kappa4": ("logcdf", (-50.0, 0.0, 0.0), 0, lambda x, h, k: mp.exp(-mp.exp(-x))),
    "norm": ("logcdf", (-1e4,), 0, lambda x: mp.ncdf(x)),
    "norm, right": ("logsf", (1e4,), 0, lambda x: mp.ncdf(-x)),
    "rayleigh": ("logsf", (1e6,), 0, lambda x: mp.exp(-x * x / 2)),
    "powernorm": ("logsf", (1e4, 1.7), 0, lambda x, c: mp.ncdf(-x) ** c),
    "powernorm, c": ("logsf", (1e4, 1.7), 1, lambda x, c: mp.ncdf(-x) ** c),
    "weibull_min": ("logsf", (500.0, 1.9), 1, lambda x, c: mp.exp(-(x**c))),
    "weibull_max": ("logcdf", (-500.0, 1.9), 1, lambda x, c: mp.exp(-((-x) ** c))),
    "lognorm": ("logsf", (1e40, 0.7), 1, lambda x, s: mp.ncdf(-mp.log(x) / s)),
    "invgauss": (
        "logsf",
        (5000.0, 1.3),
        1,
        lambda x, m: mp.ncdf(-wald_terms(x, m)[0]) - wald_terms(x, m)[1],
    ),
    "invgauss, left": (
        "logcdf",
        (1e-4, 1.3),
        1,
        lambda x, m: mp.ncdf(wald_terms(x, m)[0]) + wald_terms(x, m)[1],
    ),
    "truncnorm": (
        "logsf",
        (50.0, 40.0, 60.0),
        1,
        lambda x, a, b: (mp.ncdf(-x) - mp.ncdf(-b)) / (mp.ncdf(-a) - mp.ncdf(-b)),
    ),
    "genextreme": ("logcdf", (-9.0, -0.1), 1, lambda x, c: mp.exp(-((1 - c * x) ** (1 / c)))),
    "burr12": ("logsf", (1e90, 1.7, 6.6), 2, lambda x, c, d: (1 + x**c) ** -d),
    "cauchy": ("logsf", (1e250,), 0, lambda x: mp.acot(x) / mp.pi),
    "halfcauchy": ("logsf", (1e250,), 0, lambda x: 2 * mp.acot(x) / mp.pi),
}


@pytest.mark.parametrize("case", FAR)
def test_far_out_against_mpmath(case: str) -> None:
    name = case.partition(",")[0]
    method, args, i, tail = FAR[case]
    with mp.workdps(60):
        given = [mp.mpf(x) for x in args]

        def exact(v: Any) -> Any:
            y = tail(*given[:i], v, *given[i + 1 :])
            return mp.log(y) if method.startswith("log") else y

        with mp.extradps(700 if name in ("nbinom", "exponweib", "kappa3", "burr12") else 0):
            want = float(mp.diff(exact, given[i], h=abs(given[i]) * mp.mpf(10) ** -20))
    f = getattr(getattr(stats, name), method)
    got = derivative(f, i)(*args)
    assert got == pytest.approx(want, rel=1e-11, abs=0)


def test_hyperbolic_tails() -> None:
    for f, args, p in (
        (stats.norminvgauss.sf, [20.0, 2.1, 0.8], -0.5),
        (lambda x, a, b: stats.genhyperbolic.sf(x, 0.5, a, b), [30.0, 1.7, -0.6], 0.5),
    ):
        for i in (1, 2):

            def tail(h: float, args: Any = args, p: float = p, i: int = i) -> float:
                x, *shapes = args
                shapes[i - 1] += h
                return float(
                    scipy.integrate.quad(
                        bessel_density, x, x + 90, (p, *shapes), epsabs=0, epsrel=1e-12, limit=500
                    )[0]
                )

            got = derivative(f, i)(*args)
            assert got == pytest.approx(extrapolated(tail, 1e-3), rel=1e-7, abs=0)


def test_second_order_far_out() -> None:
    got = derivative(lambda a: stats.gamma.logsf(200.0, a), order=2)(3.0)
    with mp.workdps(60):
        want = mp.diff(lambda a: mp.log(gamma_tail(a, 200)), 3, 2)
    assert got == pytest.approx(float(want), rel=1e-9)
    for x in (1e3, 1e8):
        with mp.workdps(60):
            want = mp.diff(lambda v: mp.log(mp.ncdf(v)), -mp.mpf(x), 2, h=mp.mpf(10) ** -12)
        assert derivative(stats.norm.logcdf, order=2)(-x) == pytest.approx(float(want), rel=1e-9)


def test_circles_turn() -> None:
    """The cdf in kappa is periodic, and odd: nothing is lost after many turns."""
    for x, kappa in ((1000.0, 3.99390425810714), (100.0, 100.0), (-7.5, 0.3), (1e-7, 3.0)):
        with mp.workdps(40):
            r = mp.mpf(x) - 2 * mp.pi * mp.nint(mp.mpf(x) / (2 * mp.pi))
            want = -mp.diff(lambda k, r=r: circle_tail(abs(r), k), mp.mpf(kappa)) * mp.sign(r)
        got = derivative(lambda k, x=x: stats.vonmises.cdf(x, k))(kappa)
        assert got == pytest.approx(float(want), rel=1e-9)


def test_the_median_of_an_even_density_stays() -> None:
    for name, s in (("gennorm", 1.3), ("dgamma", 1.3), ("dgamma", 0.4), ("dweibull", 2.1)):
        each = getattr(stats, name)
        with np.errstate(divide="ignore"):  # in SciPy's density, which may be infinite there
            slopes = [derivative(each.median)(s), derivative(lambda s, d=each: d.ppf(0.5, s))(s)]
        assert slopes == [0.0, 0.0]


RESULTS: dict[str, Callable[[Any], Any]] = {
    "pearsonr": lambda p: scipy.stats.pearsonr(p[:5], p[5:]),
    "linregress": lambda p: scipy.stats.linregress(p[:5], p[5:]),
    "ttest_ind": lambda p: scipy.stats.ttest_ind(p[:5], p[5:]),
    "ttest_1samp": lambda p: scipy.stats.ttest_1samp(p, 0.0),
    "ttest_rel": lambda p: scipy.stats.ttest_rel(p[:5], p[5:]),
    "ks_2samp": lambda p: scipy.stats.ks_2samp(p[:5], p[5:]),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_that_know_more_than_their_fields(name: str) -> None:
    """They cannot be made anew of derivatives, which is told; their fields can be returned."""
    f, x = RESULTS[name], np.cos(np.arange(10.0) ** 2)
    for call in (lambda f: jvp(f, (x,), (x,)), lambda f: jacobian(f)(x)):
        with pytest.raises(TypeError, match=r"its fields \w+, .* alone; return some of them"):
            call(f)
        call(lambda p: tuple(f(p)))
        call(lambda p: f(p)[0])


PAGE = Path(__file__).parent.parent / "docs" / "scipy.md"
TEN_VALUES = np.cos(np.arange(10.0) ** 2)
REFUSED_OPTIONS: dict[str, Callable[[Any], Any]] = {
    "trim": lambda p: scipy.stats.ttest_ind(p[:5], p[5:], trim=0.2)[0],
    "wasserstein_distance": lambda p: scipy.stats.wasserstein_distance(
        p[:5], p[5:], abs(p[:5]) + 1, abs(p[5:]) + 1
    ),
    "boxcox": lambda p: scipy.stats.boxcox(p + 2)[0],
    "multivariate_normal.cdf": lambda p: multivariate_normal.cdf(p[:2]),
    "wishart.entropy": lambda p: wishart.entropy(4, np.eye(2) * (2 + p[0])),
}


@pytest.mark.parametrize("name", REFUSED_OPTIONS)
def test_options_that_the_page_lists_as_refused(name: str) -> None:
    with pytest.raises(TypeError, match=r"scipy\.stats\."):
        jvp(REFUSED_OPTIONS[name], (TEN_VALUES,), (TEN_VALUES,))
    assert f"`{name}`" in PAGE.read_text()


def test_terms_that_cancel_at_small_and_large_shapes() -> None:
    """Of boltzmann, whose terms are 1/λ, and of yulesimon at k = 1, where they are 1/α."""

    def share(t: Any, k: int, n: int) -> Any:
        return mp.expm1(-t * (k + 1)) / mp.expm1(-t * n)

    def mass(t: Any, k: int, n: int) -> Any:
        return -t * k + mp.log(mp.expm1(-t) / mp.expm1(-t * n))

    with mp.workdps(400):
        for t, (n, k) in itertools.product(
            (1e-8, 1e-3, 0.04, 0.6), ((19, 0), (19, 8), (19, 17), (1000, 998))
        ):
            for f, exact in ((stats.boltzmann.cdf, share), (stats.boltzmann.logpmf, mass)):
                got = derivative(lambda t, f=f, k=k, n=n: f(k, t, n))(t)
                h = t * mp.mpf(2) ** -99
                slope = (exact(t + h, k, n) - exact(t - h, k, n)) / (2 * h)
                assert got == pytest.approx(float(slope), rel=1e-14), (f, t, n, k)
        for alpha, k in itertools.product((1e-3, 2.0, 1e6), (1, 2, 7)):
            got = derivative(lambda a, k=k: stats.yulesimon.logpmf(k, a))(alpha)
            slope = 1 / mp.mpf(alpha) - mp.fsum(1 / (mp.mpf(alpha) + j) for j in range(1, k + 1))
            assert got == pytest.approx(float(slope), rel=1e-14), (alpha, k)


def test_distributions_of_the_users_own_are_refused_by_name() -> None:
    class Bell(scipy.stats.rv_continuous):
        def _pdf(self, x: Any) -> Any:
            return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)

    bell = Bell(name="bell")
    assert derivative(lambda x: x * bell.pdf(0.0))(2.0) == pytest.approx(norm.pdf(0.0))
    with pytest.raises(
        TypeError, match="the distribution bell has no derivatives in dualad; write"
    ):
        derivative(lambda x: bell.pdf(x))(0.5)


@pytest.mark.parametrize("b", [-300.0, -2.0, 1.8])
def test_a_truncated_power_may_rise(b: float) -> None:
    given = {"x": 4.9, "b": b, "c": 5.0}

    def share(x: Any, b: Any, c: Any) -> Any:
        return (1 - x**-b) / (1 - c**-b)

    exact: dict[str, Callable[..., Any]] = {
        "cdf": share,
        "sf": lambda x, b, c: 1 - share(x, b, c),
        "pdf": lambda x, b, c: b * x ** (-b - 1) / (1 - c**-b),
        "logpdf": lambda x, b, c: mp.log(b * x ** (-b - 1) / (1 - c**-b)),
        "logcdf": lambda x, b, c: mp.log(share(x, b, c)),
        "mean": lambda x, b, c: b / (b - 1) * (c**b - c) / (c**b - 1),
    }
    for (name, f), shape in itertools.product(exact.items(), given):
        if name == "mean" and shape == "x":
            continue

        def ours(t: Any, name: str = name, shape: str = shape) -> Any:
            x, b, c = (given | {shape: t}).values()
            return getattr(stats.truncpareto, name)(*(() if name == "mean" else (x,)), b, c)

        with mp.workdps(50):
            at = {key: mp.mpf(v) for key, v in given.items()}
            slope = mp.diff(lambda t, f=f, at=at, s=shape: f(**(at | {s: t})), at[shape])
        assert derivative(ours)(given[shape]) == pytest.approx(float(slope), rel=1e-9), (
            name,
            shape,
        )


def test_an_integral_over_nothing_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the density has no value anywhere, a moment's derivative is refused, and not 0."""
    assert np.isfinite(derivative(stats.truncpareto.mean)(2.0, 5.0))
    none = {"_truncpareto_log": lambda x, *_: x * math.nan}
    monkeypatch.setattr(SPACES[True], "functions", SPACES[True].functions | none)
    with pytest.raises(TypeError, match="does not converge"):
        derivative(stats.truncpareto.mean)(2.0, 5.0)
