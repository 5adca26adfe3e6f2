"""SciPy's statistics of samples: means, moments, correlation, lines and tests, for duals.

Each is written once more in NumPy's functions, for what its tangents are; its value is SciPy's own.
Statistics of ranks are steps: they have a plain answer.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats

from ..array.operands import as_operand, unbuffered
from ..array_rules.common import duals_in, has_duals
from ..dual import Dual
from ..pair import Function, plain
from ..refusals import refused
from ..structure import leaves
from ._calling import composed, paired
from ._decisions import DECISIONS
from ._distribution_rules import function_of
from ._parts import is_still, stripped

FUNCTIONS: dict[str, Function] = {}  # by SciPy's name


def _statistic(formula: Callable[..., Any]) -> Callable[..., Any]:
    """A function of SciPy's whose tangents are those of a formula, which takes some of its options.

    The others must be left at what they are, but for those that only say how. The formula may take
    SciPy's value too. What this SciPy does not have is left out.
    """
    name = formula.__name__.lstrip("_")
    theirs = getattr(scipy.stats, name, None)
    if theirs is None:
        return formula
    parameters = inspect.signature(theirs).parameters
    defaults = {n: p.default for n, p in parameters.items() if p.default is not p.empty}
    several = [n for n, p in parameters.items() if p.kind is p.VAR_POSITIONAL]
    taken = set(inspect.signature(formula).parameters)

    def tangents(value: Any, /, **given: Any) -> Any:
        for option, x in given.items():
            says_how = option in ("keepdims", "nan_policy") and not _is_omitting(option, x, given)
            if option in taken or says_how:
                continue
            if isinstance(x, (Dual, np.ndarray)) or x != defaults[option]:
                raise refused(
                    f"scipy.stats.{name} takes no {option}= where duals are in the sample; write "
                    "it in sums.",
                    *duals_in(given),
                )
        samples = (_operand(x) for name in several for x in given[name])
        if not all(map(np.size, (*duals_in(given), *samples))):  # of an empty sample
            return {} if hasattr(value, "_fields") else value
        given = {
            k: [_operand(sample) for sample in x] if k in several else _operand(x)
            for k, x in (defaults | given).items()
            if k in taken
        }
        if given.get("axis", 0) is None:
            given = {k: _raveled(x) for k, x in given.items()}
            given["axis"] = 0
        if "value" in taken:
            given["value"] = value
        return formula(**given)

    FUNCTIONS[name] = composed(theirs)(tangents)
    return formula


def _operand(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return x if any(v is None for v in x) else as_operand(x)
    x = unbuffered(x)
    return as_operand(x) if isinstance(x, (np.ndarray, Dual)) else x


def _raveled(x: Any) -> Any:
    if isinstance(x, list):
        return [np.ravel(sample) for sample in x]
    return np.ravel(x) if isinstance(x, (np.ndarray, Dual)) and np.ndim(x) else x


def _is_omitting(option: str, x: Any, given: Any) -> bool:
    """Whether numbers are to be left out, and there are such."""
    if option != "nan_policy" or x != "omit":
        return False
    numbers = (plain(v) for v in leaves(given) if isinstance(v, (float, np.ndarray, Dual)))
    return any(np.any(np.isnan(v)) for v in numbers if np.result_type(v).kind == "f")


# -- means and moments -----------------------------------------------------------------------


def _mean(x: Any, axis: Any, weights: Any = None) -> Any:
    if weights is None:
        return np.mean(x, axis=axis)
    if np.ndim(weights) == 1 and np.ndim(x) > 1:
        weights = np.reshape(
            weights, [-1 if i == axis % np.ndim(x) else 1 for i in range(np.ndim(x))]
        )
    return np.sum(x * weights, axis=axis) / np.sum(weights + 0 * plain(x), axis=axis)


def _apart(x: Any, axis: Any) -> Any:
    return x - np.mean(x, axis=axis, keepdims=True)


def _power(d: Any, n: int) -> Any:
    """d·d·…, of which zero has slopes too."""
    return functools.reduce(np.multiply, [d] * n) if n else np.ones_like(plain(d))


def _central(x: Any, n: int, axis: Any) -> Any:
    return np.mean(_power(_apart(x, axis), n), axis=axis)


@_statistic
def _gmean(a: Any, axis: Any, weights: Any) -> Any:
    return np.exp(_mean(np.log(a), axis, weights))


@_statistic
def _hmean(a: Any, axis: Any, weights: Any) -> Any:
    return 1 / _mean(1 / a, axis, weights)


@_statistic
def _pmean(a: Any, p: Any, axis: Any, weights: Any) -> Any:
    if isinstance(p, Dual) or p != 0:
        return _mean(a**p, axis, weights) ** (1 / p)
    return np.exp(_mean(np.log(a), axis, weights))


@_statistic
def _trim_mean(a: Any, proportiontocut: float, axis: Any) -> Any:
    n = np.shape(a)[axis]
    cut = int(proportiontocut * n)
    return np.mean(np.take(np.sort(a, axis=axis), np.arange(cut, n - cut), axis=axis), axis=axis)


@_statistic
def _moment(a: Any, order: Any, axis: Any, center: Any) -> Any:
    d = _apart(a, axis) if center is None else a - center
    orders = np.ravel(order)
    each = [np.mean(_power(d, int(n)), axis=axis) for n in orders]
    if center is None:  # the first is zero, whatever x is
        each = [0 * y if n == 1 else y for n, y in zip(orders, each, strict=True)]
    return np.stack([np.asarray(y) if not isinstance(y, Dual) else y for y in each]) if (
        np.ndim(order)) else each[0]  # fmt: skip


def _skewness(a: Any, axis: Any, bias: bool) -> Any:
    n, m2 = np.shape(a)[axis], _central(a, 2, axis)
    factor = 1.0 if bias or n < 3 else np.sqrt(n * (n - 1.0)) / (n - 2.0)
    return factor * _central(a, 3, axis) / m2**1.5


def _excess(a: Any, axis: Any, fisher: bool, bias: bool) -> Any:
    n = np.shape(a)[axis]
    y = _central(a, 4, axis) / _power(_central(a, 2, axis), 2)
    if not bias and n > 3:
        y = ((n * n - 1) * y - 3 * (n - 1) ** 2) / ((n - 2) * (n - 3)) + 3
    return y - 3 if fisher else y


@_statistic
def _skew(a: Any, axis: Any, bias: bool) -> Any:
    return _skewness(a, axis, bias)


@_statistic
def _kurtosis(a: Any, axis: Any, fisher: bool, bias: bool) -> Any:
    return _excess(a, axis, fisher, bias)


@_statistic
def _describe(a: Any, axis: Any, ddof: int, bias: bool) -> Any:
    return {
        "minmax": (np.min(a, axis=axis), np.max(a, axis=axis)),
        "mean": np.mean(a, axis=axis),
        "variance": np.var(a, axis=axis, ddof=ddof),
        "skewness": _skewness(a, axis, bias),
        "kurtosis": _excess(a, axis, True, bias),
    }


@_statistic
def _sem(a: Any, axis: Any, ddof: int) -> Any:
    return np.std(a, axis=axis, ddof=ddof) / np.sqrt(np.shape(a)[axis])


@_statistic
def _variation(a: Any, axis: Any, ddof: int) -> Any:
    return np.std(a, axis=axis, ddof=ddof) / np.mean(a, axis=axis)


@_statistic
def _gstd(a: Any, axis: Any, ddof: int) -> Any:
    return np.exp(np.std(np.log(a), axis=axis, ddof=ddof))


@_statistic
def _zmap(scores: Any, compare: Any, axis: Any, ddof: int) -> Any:
    spread = np.std(compare, axis=axis, ddof=ddof, keepdims=True)
    return (scores - np.mean(compare, axis=axis, keepdims=True)) / spread


@_statistic
def _zscore(a: Any, axis: Any, ddof: int) -> Any:
    return _apart(a, axis) / np.std(a, axis=axis, ddof=ddof, keepdims=True)


@_statistic
def _iqr(x: Any, axis: Any, rng: Any) -> Any:
    return np.percentile(x, max(rng), axis=axis) - np.percentile(x, min(rng), axis=axis)


@_statistic
def _entropy(pk: Any, qk: Any, base: Any, axis: Any) -> Any:
    pk = pk / np.sum(pk, axis=axis, keepdims=True)
    if qk is None:
        y = np.sum(sc.entr(pk), axis=axis)
    else:
        y = np.sum(sc.rel_entr(pk, qk / np.sum(qk, axis=axis, keepdims=True)), axis=axis)
    return y if base is None else y / np.log(base)


@_statistic
def _median_abs_deviation(x: Any, axis: Any, center: Any, scale: Any) -> Any:
    middle = (center or np.median)(x, axis=axis)
    y = np.median(abs(x - np.expand_dims(middle, axis)), axis=axis)
    return y / (sc.ndtri(0.75) if isinstance(scale, str) else scale)


@_statistic
def _kstat(data: Any, n: int, axis: Any) -> Any:
    return _cumulant(data, n, axis)


@_statistic
def _kstatvar(data: Any, n: int, axis: Any) -> Any:
    size, k2 = np.shape(data)[axis], _cumulant(data, 2, axis)
    if n == 1:
        return k2 / size
    k4 = _cumulant(data, 4, axis)
    return (2 * size * k2 * k2 + (size - 1) * k4) / (size * (size + 1))


def _cumulant(x: Any, n: int, axis: Any) -> Any:
    """Fisher's unbiased estimate of a cumulant (Stuart and Ord, Kendall's Advanced Theory 12)."""
    size = float(np.shape(x)[axis])
    if n == 1:
        return np.mean(x, axis=axis)
    if n < 4:
        return _central(x, n, axis) * (size ** (n - 1) / np.prod(size - np.arange(1, n)))
    m2, m4 = _central(x, 2, axis), _central(x, 4, axis)
    factor = size * size / ((size - 1) * (size - 2) * (size - 3))
    return factor * ((size + 1) * m4 - 3 * (size - 1) * m2 * m2)


@_statistic
def _lmoment(sample: Any, order: Any, axis: Any, sorted: bool, standardize: bool) -> Any:
    x = np.moveaxis(sample, axis, -1)
    x = x if sorted else np.sort(x, axis=-1)
    n, order = np.shape(x)[-1], np.arange(1, 5) if order is None else np.asarray(order)
    r = np.arange(np.max(order))
    at, k = r[:, None], r[None]
    weights = sc.binom(np.arange(n), at) / np.where(at < n, sc.binom(n - 1, at), 1.0) / n
    legendre = (-1.0) ** (at - k) * sc.binom(at, k) * sc.binom(at + k, k)
    moments = x @ (legendre @ weights).T
    if standardize:
        moments = moments / np.where(r < 2, 1.0, moments[..., 1:2]) if len(r) > 2 else moments
    return np.moveaxis(np.take(moments, order - 1, axis=-1), -1, 0) if order.ndim else (
        moments[..., order - 1])  # fmt: skip


@_statistic
def _differential_entropy(
    values: Any, window_length: Any, base: Any, axis: Any, method: Any
) -> Any:
    """But for what is constant, in which the methods of Vasicek and Ebrahimi differ."""
    x = np.sort(np.moveaxis(values, axis, -1), axis=-1)
    n, method = np.shape(x)[-1], method.lower()
    m = int(np.sqrt(n) + 0.5) if window_length is None else window_length
    if method == "van es" or (method == "auto" and n <= 10):
        y = np.sum(np.log(x[..., m:] - x[..., :-m]), axis=-1) / (n - m)
    else:
        x = np.pad(x, [*[(0, 0)] * (np.ndim(x) - 1), (m, m)], "edge")
        if method == "correa":
            steps = np.arange(-m, m + 1)[:, None]
            d = _apart(np.take(x, np.arange(m, n + m) + steps, axis=-1), -2)
            y = -np.mean(np.log(np.sum(d * steps, axis=-2) / np.sum(d * d, axis=-2)), axis=-1)
        else:
            y = np.mean(np.log(x[..., 2 * m :] - x[..., : -2 * m]), axis=-1)
    return y if base is None else y / np.log(base)


# -- within limits -------------------------------------------------------------------------------


def _inside(a: Any, limits: Any, inclusive: Any = (True, True)) -> Any:
    """Which numbers are within both limits; each counts or not, if it is one itself."""
    a, inside = plain(a), np.ones(np.shape(a), bool)
    lower, upper = (None, None) if limits is None else stripped(limits)
    if lower is not None:
        inside &= (a >= lower) if inclusive[0] else (a > lower)
    if upper is not None:
        inside &= (a <= upper) if inclusive[1] else (a < upper)
    return inside


@_statistic
def _tmean(a: Any, limits: Any, inclusive: Any, axis: Any) -> Any:
    return np.mean(a, axis=axis, where=_inside(a, limits, inclusive))


@_statistic
def _tvar(a: Any, limits: Any, inclusive: Any, axis: Any, ddof: int) -> Any:
    return np.var(a, axis=axis, ddof=ddof, where=_inside(a, limits, inclusive))


@_statistic
def _tstd(a: Any, limits: Any, inclusive: Any, axis: Any, ddof: int) -> Any:
    return np.std(a, axis=axis, ddof=ddof, where=_inside(a, limits, inclusive))


@_statistic
def _tsem(a: Any, limits: Any, inclusive: Any, axis: Any, ddof: int) -> Any:
    inside = _inside(a, limits, inclusive)
    return np.std(a, axis=axis, ddof=ddof, where=inside) / np.sqrt(np.sum(inside, axis=axis))


@_statistic
def _tmin(a: Any, lowerlimit: Any, axis: Any, inclusive: bool) -> Any:
    inside = _inside(a, (lowerlimit, None), (inclusive, True))
    return np.min(np.where(inside, a, np.inf), axis=axis)


@_statistic
def _tmax(a: Any, upperlimit: Any, axis: Any, inclusive: bool) -> Any:
    inside = _inside(a, (None, upperlimit), (True, inclusive))
    return np.max(np.where(inside, a, -np.inf), axis=axis)


# -- between the numbers of a sample, in their order ----------------------------------------------


def _between(x: Any, place: Any, name: str) -> Any:
    """What is at a place among sorted numbers, along the last axis: on lines between them."""
    before = np.floor(plain(place))
    if not is_still(place[plain(place) == before]):
        raise refused(
            f"scipy.stats.{name} has a kink where it gives a number of the sample itself; give a "
            "plain number, or one that is beside it.",
            *duals_in(place),
        )
    last = np.shape(x)[-1] - 1
    one, next_one = (
        np.take_along_axis(x, np.clip(i, 0, last).astype(int), axis=-1)
        for i in (before, before + 1)
    )
    return one + (place - before) * (next_one - one)


@_statistic
def _scoreatpercentile(a: Any, per: Any, limit: Any, interpolation_method: str, axis: Any) -> Any:
    if np.size(limit):
        a = np.ravel(a)[np.ravel(_inside(a, limit))]
        axis = 0
    x = np.sort(np.moveaxis(a, axis, -1), axis=-1)
    place = np.ravel(per) / 100.0 * (np.shape(x)[-1] - 1)
    if interpolation_method != "fraction":
        step = np.floor if interpolation_method == "lower" else np.ceil
        place = step(plain(place))
    place = place + np.zeros((*np.shape(x)[:-1], 1))
    return np.moveaxis(_between(x, place, "scoreatpercentile"), -1, 0)


# Where a quantile is, as Hyndman and Fan (The American Statistician 50, 1996) number them: 4 to 9.
_PLACES: dict[str, Callable[[Any], Any]] = {
    "interpolated_inverted_cdf": lambda p: 0.0,
    "hazen": lambda p: 0.5,
    "weibull": lambda p: p,
    "linear": lambda p: 1 - p,
    "median_unbiased": lambda p: p / 3 + 1 / 3,
    "normal_unbiased": lambda p: p / 4 + 3 / 8,
}


@_statistic
def _quantile(x: Any, p: Any, method: str, axis: Any) -> Any:
    if method not in _PLACES:
        raise refused(
            f"scipy.stats.quantile with duals takes no method={method!r}; give one of "
            f"{', '.join(_PLACES)}, or take it of np.sort(x).",
            *duals_in(x, p),
        )
    p = np.reshape(p, (1,) * (np.ndim(x) - np.ndim(p)) + np.shape(p))
    x, p = np.sort(np.moveaxis(x, axis, -1), axis=-1), np.moveaxis(p, axis, -1)
    front = np.broadcast_shapes(np.shape(x)[:-1], np.shape(p)[:-1])
    x, p = (np.broadcast_to(v, (*front, np.shape(v)[-1])) for v in (x, p))
    n = np.shape(x)[-1]
    place = np.clip(p * n + _PLACES[method](p) - 1, 0, n - 1)
    return np.moveaxis(_between(x, place, "quantile"), -1, axis)


# -- transformations towards a normal distribution -----------------------------------------------


def _refuse_to_choose(name: str, x: Any, lmbda: Any) -> None:
    if lmbda is None:
        raise refused(
            f"scipy.stats.{name} with duals takes lmbda=, which it would choose by what they are; "
            f"give lmbda=scipy.stats.{name}_normmax(getattr(x, 'primal', x)).",
            *duals_in(x),
        )


@_statistic
def _boxcox(x: Any, lmbda: Any) -> Any:
    _refuse_to_choose("boxcox", x, lmbda)
    return sc.boxcox(x, lmbda)


@_statistic
def _boxcox_llf(lmb: Any, data: Any, axis: Any) -> Any:
    spread = np.log(np.var(sc.boxcox(data, lmb), axis=axis))
    return (lmb - 1) * np.sum(np.log(data), axis=axis) - np.shape(data)[axis] / 2 * spread


@_statistic
def _yeojohnson(x: Any, lmbda: Any) -> Any:
    _refuse_to_choose("yeojohnson", x, lmbda)
    rises = plain(x) >= 0
    up, down = np.where(rises, x, 0.0), np.where(rises, 0.0, -x)
    return np.where(rises, sc.boxcox1p(up, lmbda), -sc.boxcox1p(down, 2 - lmbda))


@_statistic
def _yeojohnson_llf(lmb: Any, data: Any, axis: Any) -> Any:
    spread = np.log(np.var(_yeojohnson(data, lmb), axis=axis))
    size = np.sign(plain(data)) * np.log1p(abs(data))
    return (lmb - 1) * np.sum(size, axis=axis) - np.shape(data)[axis] / 2 * spread


# -- on the circle (Mardia, Statistics of Directional Data) --------------------------------------


def _directions(samples: Any, period: Any, axis: Any) -> tuple[Any, Any]:
    angles = samples * (2 * np.pi / period)
    return np.mean(np.sin(angles), axis=axis), np.mean(np.cos(angles), axis=axis)


@_statistic
def _circmean(samples: Any, high: Any, low: Any, axis: Any) -> Any:
    period = high - low
    angle = np.arctan2(*_directions(samples, period, axis))
    return (angle * (period / (2 * np.pi)) - low) % period + low


@_statistic
def _circvar(samples: Any, high: Any, low: Any, axis: Any) -> Any:
    return 1 - np.hypot(*_directions(samples, high - low, axis))


@_statistic
def _circstd(samples: Any, high: Any, low: Any, axis: Any, normalize: bool) -> Any:
    y = np.sqrt(-2 * np.log(np.hypot(*_directions(samples, high - low, axis))))
    return y if normalize else y * ((high - low) / (2 * np.pi))


# -- between two distributions: what is between their steps ----------------------------------------


def _steps(u: Any, v: Any) -> tuple[Any, Any]:
    """How far two cumulative distributions are apart, and for how long."""
    both = np.sort(np.concatenate([u, v]))
    first, second = (
        np.searchsorted(np.sort(plain(x)), plain(both)[:-1], "right") / np.size(x) for x in (u, v)
    )
    return abs(first - second), np.diff(both)


@_statistic
def _wasserstein_distance(u_values: Any, v_values: Any) -> Any:
    height, width = _steps(u_values, v_values)
    return np.sum(height * width)


@_statistic
def _energy_distance(u_values: Any, v_values: Any) -> Any:
    height, width = _steps(u_values, v_values)
    return np.sqrt(2 * np.sum(height**2 * width))


# -- correlation, lines and tests ----------------------------------------------------------------


def _p_value(name: str, statistic: Any, alternative: str, *shapes: Any) -> Any:
    """How likely a statistic is that is so large, or so far off."""
    if alternative == "two-sided":
        return 2 * function_of(name, "sf")(abs(statistic), *shapes)
    side = {"greater": "sf", "less": "cdf"}[alternative]
    return function_of(name, side)(statistic, *shapes)


def _correlation(x: Any, y: Any, axis: Any) -> Any:
    dx, dy = _apart(x, axis), _apart(y, axis)
    norms = np.sqrt(np.sum(dx * dx, axis=axis)) * np.sqrt(np.sum(dy * dy, axis=axis))
    return np.sum(dx * dy, axis=axis) / norms


@_statistic
def _pearsonr(x: Any, y: Any, alternative: str, axis: Any) -> Any:
    r, n = _correlation(x, y, axis), np.shape(x)[axis]
    p = _p_value("beta", r, alternative, n / 2 - 1, n / 2 - 1, -1, 2)
    return {"statistic": r, "pvalue": p, "correlation": r}


@_statistic
def _linregress(x: Any, y: Any, alternative: str, axis: Any) -> Any:
    df = np.shape(x)[axis] - 2
    dx = _apart(x, axis)
    mean, spread = np.mean(x, axis=axis), np.mean(dx * dx, axis=axis)
    slope = np.mean(dx * y, axis=axis) / spread
    r = _correlation(x, y, axis)
    error = np.sqrt((1 - r * r) * _central(y, 2, axis) / spread / df)
    return {
        "slope": slope,
        "intercept": np.mean(y, axis=axis) - slope * mean,
        "rvalue": r,
        "pvalue": _p_value("t", r * np.sqrt(df / ((1 - r) * (1 + r))), alternative, df, 0, 1),
        "stderr": error,
        "intercept_stderr": error * np.sqrt(spread + mean * mean),
    }


@_statistic
def _jarque_bera(x: Any, axis: Any) -> Any:
    s, k = _skewness(x, axis, True), _excess(x, axis, True, True)
    y = np.shape(x)[axis] / 6 * (s * s + k * k / 4)
    return {"statistic": y, "pvalue": function_of("chi2", "sf")(y, 2, 0, 1)}


@_statistic
def _pointbiserialr(x: Any, y: Any, axis: Any) -> Any:
    return _pearsonr(x * 1.0, y, "two-sided", axis)


@_statistic
def _skewtest(a: Any, axis: Any, alternative: str) -> Any:
    z = _skewness_score(a, axis)
    return {"statistic": z, "pvalue": _p_value("norm", z, alternative, 0, 1)}


@_statistic
def _kurtosistest(a: Any, axis: Any, alternative: str) -> Any:
    z = _kurtosis_score(a, axis)
    return {"statistic": z, "pvalue": _p_value("norm", z, alternative, 0, 1)}


@_statistic
def _normaltest(a: Any, axis: Any) -> Any:
    s, k = _skewness_score(a, axis), _kurtosis_score(a, axis)
    y = s * s + k * k
    return {"statistic": y, "pvalue": function_of("chi2", "sf")(y, 2, 0, 1)}


def _skewness_score(a: Any, axis: Any) -> Any:
    """Skewness as a normal deviate (D'Agostino, Biometrika 57, 1970)."""
    n, y = np.float64(np.shape(a)[axis]), _skewness(a, axis, True)
    if np.any(plain(y) == 0):
        raise refused("SciPy's skewtest jumps where the skewness is 0.", *duals_in(a))
    y = y * np.sqrt((n + 1) * (n + 3) / (6 * (n - 2)))
    beta = (3 * (n**2 + 27 * n - 70) * (n + 1) * (n + 3)
            / ((n - 2) * (n + 5) * (n + 7) * (n + 9)))  # fmt: skip
    w = np.sqrt(2 * (beta - 1)) - 1
    return np.arcsinh(y / np.sqrt(2 / (w - 1))) / np.sqrt(np.log(w) / 2)


def _kurtosis_score(a: Any, axis: Any) -> Any:
    """Kurtosis as a normal deviate (Anscombe and Glynn, Biometrika 70, 1983)."""
    n = np.float64(np.shape(a)[axis])
    mean = 3 * (n - 1) / (n + 1)
    variance = 24 * n * (n - 2) * (n - 3) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    x = (_excess(a, axis, False, True) - mean) / np.sqrt(variance)
    skewness = (6 * (n * n - 5 * n + 2) / ((n + 7) * (n + 9))
                * np.sqrt(6 * (n + 3) * (n + 5) / (n * (n - 2) * (n - 3))))  # fmt: skip
    df = 6 + 8 / skewness * (2 / skewness + np.sqrt(1 + 4 / skewness**2))
    root = np.cbrt((1 - 2 / df) / (1 + x * np.sqrt(2 / (df - 4))))
    return (1 - 2 / (9 * df) - root) / np.sqrt(2 / (9 * df))


@_statistic
def _chisquare(f_obs: Any, f_exp: Any, ddof: Any, axis: Any) -> Any:
    return _divergence(f_obs, f_exp, ddof, axis, 1)


@_statistic
def _power_divergence(f_obs: Any, f_exp: Any, ddof: Any, axis: Any, lambda_: Any) -> Any:
    return _divergence(f_obs, f_exp, ddof, axis, lambda_)


@_statistic
def _chi2_contingency(observed: Any, correction: bool, lambda_: Any, value: Any) -> Any:
    o, axes = observed, range(np.ndim(observed))
    sums = [np.sum(o, axis=tuple(j for j in axes if j != i), keepdims=True) for i in axes]
    expected = functools.reduce(np.multiply, sums) / np.sum(o) ** (len(axes) - 1)
    if value.dof == 0:
        return {"expected_freq": expected}
    if value.dof == 1 and correction:
        off = expected - o
        o = np.where(abs(plain(off)) < 0.5, expected, o + 0.5 * np.sign(plain(off)))
    found = _divergence(np.ravel(o), np.ravel(expected), np.size(o) - 1 - value.dof, 0, lambda_)
    return found | {"expected_freq": expected}


_POWERS = {
    None: 1, "pearson": 1, "log-likelihood": 0, "freeman-tukey": -0.5, "mod-log-likelihood": -1,
    "neyman": -2, "cressie-read": 2 / 3,
}  # fmt: skip


def _divergence(observed: Any, expected: Any, ddof: Any, axis: Any, power: Any) -> Any:
    """Between frequencies (Cressie and Read, J. Royal Statistical Society B 46, 1984)."""
    if expected is None:
        expected = np.mean(observed, axis=axis, keepdims=True)
    if isinstance(power, Dual):
        raise refused(
            "scipy.stats.power_divergence takes no dual lambda_; give getattr(x, 'primal', x).",
            power,
        )
    power = _POWERS.get(power, power)
    if power == 1:
        terms = _power(observed - expected, 2) / expected
    elif power == 0:
        terms = 2 * sc.xlogy(observed, observed / expected)
    elif power == -1:
        terms = 2 * sc.xlogy(expected, expected / observed)
    else:
        terms = observed * ((observed / expected) ** power - 1) * (2 / (power * (power + 1)))
    y = np.sum(terms, axis=axis)
    df = np.shape(observed)[axis] - 1 - ddof
    return {"statistic": y, "pvalue": function_of("chi2", "sf")(y, df, 0, 1)}


@_statistic
def _combine_pvalues(pvalues: Any, method: str, weights: Any, axis: Any) -> Any:
    n, logs = np.shape(pvalues)[axis], np.log(pvalues)
    if method == "tippett":
        y = np.min(pvalues, axis=axis)
        return {"statistic": y, "pvalue": function_of("beta", "cdf")(y, 1, n, 0, 1)}
    if method == "stouffer":
        weights = 1.0 if weights is None else weights
        weights = weights + np.zeros(np.shape(pvalues))
        z = function_of("norm", "isf")(pvalues, 0, 1)
        y = np.sum(weights * z, axis=axis) / np.sqrt(np.sum(weights * weights, axis=axis))
        return {"statistic": y, "pvalue": function_of("norm", "sf")(y, 0, 1)}
    above = np.sum(np.log1p(-pvalues), axis=axis)
    if method == "pearson":
        return {
            "statistic": 2 * above,
            "pvalue": function_of("chi2", "cdf")(-2 * above, 2 * n, 0, 1),
        }
    if method == "fisher":
        y = -2 * np.sum(logs, axis=axis)
        return {"statistic": y, "pvalue": function_of("chi2", "sf")(y, 2 * n, 0, 1)}
    y, df = above - np.sum(logs, axis=axis), 5 * n + 4  # Mudholkar and George
    scaled = y * np.sqrt(3 / n * df / (df - 2)) / np.pi
    return {"statistic": y, "pvalue": function_of("t", "sf")(scaled, df, 0, 1)}


# -- between several samples ----------------------------------------------------------------------


def _groups(samples: Any, axis: int) -> list[Any]:
    """Samples along the last axis, of as many axes."""
    n = max(map(np.ndim, samples))
    return [np.moveaxis(x, axis - n if axis >= 0 else axis, -1) for x in samples]


def _of_variances(samples: list[Any]) -> Any:
    """The variance between samples, next to that within them."""
    k, sizes = len(samples), [np.shape(x)[-1] for x in samples]
    means, n = [np.mean(x, axis=-1) for x in samples], sum(sizes)
    mean = sum(m * size for m, size in zip(means, sizes, strict=True)) / n
    between = sum(size * _power(m - mean, 2) for m, size in zip(means, sizes, strict=True))
    within = sum(np.sum(_power(_apart(x, -1), 2), axis=-1) for x in samples)
    return _f_test(between / (k - 1) / (within / (n - k)), k - 1, n - k)


def _f_test(y: Any, dfn: Any, dfd: Any) -> Any:
    return {"statistic": y, "pvalue": function_of("f", "sf")(y, dfn, dfd, 0, 1)}


@_statistic
def _f_oneway(samples: Any, axis: Any, equal_var: bool = True) -> Any:
    samples = _groups(samples, axis)
    if equal_var:
        return _of_variances(samples)
    k, sizes = len(samples), [np.shape(x)[-1] for x in samples]
    means = [np.mean(x, axis=-1) for x in samples]
    weights = [n / np.var(x, axis=-1, ddof=1) for x, n in zip(samples, sizes, strict=True)]
    total = sum(weights)
    mean = sum(w * m for w, m in zip(weights, means, strict=True)) / total
    between = sum(w * _power(m - mean, 2) for w, m in zip(weights, means, strict=True)) / (k - 1)
    rest = sum(_power(1 - w / total, 2) / (n - 1) for w, n in zip(weights, sizes, strict=True))
    each = rest / (k * k - 1)
    return _f_test(between / (1 + 2 * (k - 2) * each), k - 1, 1 / (3 * each))


@_statistic
def _levene(samples: Any, center: str, proportiontocut: float, axis: Any) -> Any:
    def middle(x: Any) -> Any:
        if center == "trimmed":
            return _trim_mean(x, proportiontocut, -1)
        return (np.mean if center == "mean" else np.median)(x, axis=-1)

    return _of_variances([abs(x - np.expand_dims(middle(x), -1)) for x in _groups(samples, axis)])


@_statistic
def _bartlett(samples: Any, axis: Any) -> Any:
    samples = _groups(samples, axis)
    df = [np.shape(x)[-1] - 1 for x in samples]
    variances = [np.var(x, axis=-1, ddof=1) for x in samples]
    pooled = sum(n * v for n, v in zip(df, variances, strict=True)) / sum(df)
    y = sum(n * np.log(pooled / v) for n, v in zip(df, variances, strict=True))
    k = len(samples)
    y = y / (1 + (sum(1 / n for n in df) - 1 / sum(df)) / (3 * (k - 1)))
    return {"statistic": y, "pvalue": function_of("chi2", "sf")(y, k - 1, 0, 1)}


# -- lines by medians -----------------------------------------------------------------------------


def _of_rows(f: Callable[..., Any], axis: int, y: Any, x: Any) -> Any:
    """f of y and x, one pair of rows after the other."""
    y = np.moveaxis(y, axis, -1)
    x = np.arange(np.shape(y)[-1]) * 1.0 if x is None else np.moveaxis(x, axis, -1)
    if isinstance(x, Dual) and np.any(np.diff(np.sort(plain(x), axis=-1), axis=-1) == 0):
        raise refused("a line by medians jumps where two x that are duals meet.", *duals_in(x))
    y, x = np.broadcast_arrays(y, x)
    found = [f(y[i], x[i]) for i in np.ndindex(np.shape(y)[:-1])]
    return {
        name: np.reshape(np.stack([each[name] for each in found]), np.shape(y)[:-1])
        for name in found[0]
    }


@_statistic
def _theilslopes(y: Any, x: Any, alpha: Any, method: str, value: Any, axis: Any = 0) -> Any:
    limits = iter(np.stack([np.ravel(value.low_slope), np.ravel(value.high_slope)], axis=-1))

    def line(y: Any, x: Any) -> Any:
        later, earlier = np.nonzero(plain(x)[:, None] > plain(x))
        if not later.size:  # all x are the same
            return dict.fromkeys(value._fields, np.nan)
        slopes = (y[later] - y[earlier]) / (x[later] - x[earlier])
        slope = np.median(slopes)
        joint = method == "joint"
        intercept = np.median(y - slope * x) if joint else np.median(y) - slope * np.median(x)
        low, high = (_among(slopes, found) for found in next(limits))
        return {"slope": slope, "intercept": intercept, "low_slope": low, "high_slope": high}

    return _of_rows(line, axis, y, x)


def _among(x: Any, found: float) -> Any:
    """The number that was found, or the mean of those that are equal."""
    off = abs(plain(x) - found)
    return np.mean(x, where=off == np.min(off))


@_statistic
def _siegelslopes(y: Any, x: Any, method: str, axis: Any = 0) -> Any:
    def line(y: Any, x: Any) -> Any:
        others = [plain(x) != at for at in plain(x)]
        if not np.any(others):
            return dict.fromkeys(("slope", "intercept"), np.nan)
        each = [np.median(((y - b) / (x - a))[i]) for a, b, i in zip(x, y, others, strict=True)]
        slope = np.median(np.stack(each))
        if method == "hierarchical":
            return {"slope": slope, "intercept": np.median(y - slope * x)}
        ends = [
            np.median(((y * a - b * x) / (a - x))[i]) for a, b, i in zip(x, y, others, strict=True)
        ]
        return {"slope": slope, "intercept": np.median(np.stack(ends))}

    return _of_rows(line, axis, y, x)


# -- tests of means -------------------------------------------------------------------------------


def _t_test(estimate: Any, error: Any, df: Any, alternative: str) -> Any:
    t = estimate / error
    p = _p_value("t", t, alternative, df, 0, 1)
    found = {"statistic": t, "pvalue": p, "df": df}
    return found | {"_estimate": estimate, "_standard_error": error}


@_statistic
def _ttest_1samp(a: Any, popmean: Any, axis: Any, alternative: str) -> Any:
    n = np.shape(a)[axis]
    error = np.std(a, axis=axis, ddof=1) / np.sqrt(n)
    found = _t_test(np.mean(a, axis=axis) - popmean, error, n - 1, alternative)
    return found | {"_estimate": np.mean(a, axis=axis)}


@_statistic
def _ttest_rel(a: Any, b: Any, axis: Any, alternative: str) -> Any:
    n, d = np.shape(a)[axis], a - b
    error = np.std(d, axis=axis, ddof=1) / np.sqrt(n)
    return _t_test(np.mean(d, axis=axis), error, n - 1, alternative)


@_statistic
def _ttest_ind(a: Any, b: Any, axis: Any, equal_var: bool, alternative: str) -> Any:
    n, m = np.shape(a)[axis], np.shape(b)[axis]
    v, w = np.var(a, axis=axis, ddof=1), np.var(b, axis=axis, ddof=1)
    apart = np.mean(a, axis=axis) - np.mean(b, axis=axis)
    return _of_two_means(apart, v, n, w, m, equal_var, alternative)


@_statistic
def _ttest_ind_from_stats(
    mean1: Any, std1: Any, nobs1: Any, mean2: Any, std2: Any, nobs2: Any, equal_var: bool,
    alternative: str,
) -> Any:  # fmt: skip
    variances = std1 * std1, std2 * std2
    found = _of_two_means(
        mean1 - mean2, variances[0], nobs1, variances[1], nobs2, equal_var, alternative
    )
    return {name: found[name] for name in ("statistic", "pvalue")}


def _of_two_means(
    apart: Any, v: Any, n: Any, w: Any, m: Any, equal_var: bool, alternative: str
) -> Any:
    """Student's test with their pooled variance, or Welch's with that of each."""
    if equal_var:
        pooled = ((n - 1) * v + (m - 1) * w) / (n + m - 2)
        return _t_test(apart, np.sqrt(pooled * (1 / n + 1 / m)), n + m - 2, alternative)
    v, w = v / n, w / m
    df = (v + w) ** 2 / (v * v / (n - 1) + w * w / (m - 1))
    return _t_test(apart, np.sqrt(v + w), df, alternative)


# -- in bins --------------------------------------------------------------------------------------

_OF_BINS: dict[str, Callable[..., Any]] = {
    "max": np.max, "mean": np.mean, "median": np.median, "min": np.min, "std": np.std,
    "sum": np.sum,
}  # fmt: skip


def _binned(values: Any, statistic: Any, found: Any, numbers: Any, sizes: Any) -> Any:
    """The statistic of what is in each bin; that of an empty one is SciPy's."""
    f = _OF_BINS.get(statistic) if isinstance(statistic, str) else statistic
    values = _operand(values)
    if f is None or not has_duals(values):
        return found
    flat = np.reshape(found, (*np.shape(values)[:-1], -1))
    places = np.full(tuple(n + 2 for n in sizes), -1)  # those outside have numbers too
    places[(slice(1, -1),) * len(sizes)] = np.arange(flat.shape[-1]).reshape(sizes)
    place = np.ravel(places)[numbers]
    rows = np.reshape(values, (-1, len(place)))
    columns = []
    for i in range(flat.shape[-1]):
        inside = place == i
        column = flat[..., i]
        if np.any(inside):
            column = np.reshape(np.stack([f(row[inside]) for row in rows]), np.shape(column))
        columns.append(column)
    return np.reshape(np.stack(columns, axis=-1), np.shape(found))


@_statistic
def _binned_statistic(
    x: Any, values: Any, statistic: Any, bins: Any, range: Any, value: Any
) -> Any:
    edges = value.bin_edges
    if isinstance(bins, Dual):
        edges = bins
    elif not np.ndim(bins):
        low, high = (np.min(x), np.max(x)) if range is None else _operand(range)
        edges = low + (high - low) * np.linspace(0.0, 1.0, len(edges))
    found = _binned(values, statistic, value.statistic, value.binnumber, [len(edges) - 1])
    return {"statistic": found, "bin_edges": edges}


@_statistic
def _binned_statistic_2d(
    x: Any, y: Any, values: Any, statistic: Any, bins: Any, range: Any, expand_binnumbers: bool,
    value: Any,
) -> Any:  # fmt: skip
    edges = [value.x_edge, value.y_edge]
    return _in_cells(values, statistic, value, edges, expand_binnumbers, x, y, bins, range)


@_statistic
def _binned_statistic_dd(
    sample: Any, values: Any, statistic: Any, bins: Any, range: Any, expand_binnumbers: bool,
    binned_statistic_result: Any, value: Any,
) -> Any:  # fmt: skip
    edges = value.bin_edges
    return _in_cells(values, statistic, value, edges, expand_binnumbers, sample, bins, range)


def _in_cells(
    values: Any, statistic: Any, value: Any, edges: Any, expanded: bool, *places: Any
) -> Any:
    if duals := duals_in(*places):
        raise refused(
            "bins of several axes take no duals but in the values; give getattr(x, 'primal', x).",
            *duals,
        )
    sizes, numbers = [len(e) - 1 for e in edges], value.binnumber
    if expanded:
        numbers = np.ravel_multi_index(tuple(numbers), [n + 2 for n in sizes])
    return {"statistic": _binned(values, statistic, value.statistic, numbers, sizes)}


# -- of ranks, with a number of the sample among them --------------------------------------------


@functools.wraps(scipy.stats.median_test)
def _median_test(*samples: Any, **options: Any) -> Any:
    value = scipy.stats.median_test(*stripped(samples), **stripped(options))
    if not has_duals(samples):
        return value
    every = np.concatenate([np.ravel(as_operand(x)) for x in samples])
    if options.get("nan_policy") == "omit":
        every = every[~np.isnan(plain(every))]
    return paired({"median": np.median(every)}, value)


@_statistic
def _ks_2samp(data1: Any, data2: Any, alternative: str, method: str, axis: Any, value: Any) -> Any:
    both = np.concatenate([np.moveaxis(x, axis, -1) for x in (data1, data2)], axis=-1)
    there = plain(both) == np.expand_dims(value.statistic_location, -1)
    found = np.sum(np.where(there, both, 0.0), axis=-1) / np.sum(there, axis=-1)
    return {"statistic_location": found}


FUNCTIONS["median_test"] = _median_test

# -- ranks -----------------------------------------------------------------------------------------


def _plain_answer(name: str) -> None:
    """A function that is constant between ties."""
    theirs = getattr(scipy.stats, name)

    @functools.wraps(theirs)
    def call(*args: Any, **kwds: Any) -> Any:
        if has_duals(args, kwds):
            args, kwds = stripped(args), stripped(kwds)
        return theirs(*args, **kwds)

    FUNCTIONS[name] = call


for _name in DECISIONS["stats"].plain:
    if hasattr(scipy.stats, _name):
        _plain_answer(_name)
