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
from ._calling import bridged, paired
from ._distribution_rules import function_of
from ._parts import stripped

FUNCTIONS: dict[str, Function] = {}  # by SciPy's name


def _statistic(formula: Callable[..., Any]) -> Callable[..., Any]:
    """A function of SciPy's whose tangents are those of a formula, which takes some of its options.

    The others must be left at what they are, but for those that only say how.
    """
    name = formula.__name__.lstrip("_")
    theirs = getattr(scipy.stats, name)
    parameters = inspect.signature(theirs).parameters
    defaults = {n: p.default for n, p in parameters.items() if p.default is not p.empty}
    taken = set(inspect.signature(formula).parameters)

    def tangents(**given: Any) -> Any:
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
        given = {k: _operand(x) for k, x in (defaults | given).items() if k in taken}
        if given.get("axis", 0) is None:
            given = {k: np.ravel(x) if np.ndim(plain(x)) else x for k, x in given.items()}
            given["axis"] = 0
        return formula(**given)

    FUNCTIONS[name] = bridged(theirs, tangents)
    return formula


def _operand(x: Any) -> Any:
    x = as_operand(x) if isinstance(x, (list, tuple)) else unbuffered(x)
    return as_operand(x) if isinstance(x, (np.ndarray, Dual)) else x


def _is_omitting(option: str, x: Any, given: Any) -> bool:
    """Whether numbers are to be left out, and there are such."""
    if option != "nan_policy" or x != "omit":
        return False
    return any(np.any(np.isnan(plain(v))) for v in map(_operand, given.values())
               if isinstance(plain(v), np.ndarray) and plain(v).dtype.kind == "f")  # fmt: skip


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


# -- transformations towards a normal distribution -----------------------------------------------


def _refuse_to_choose(name: str, x: Any, lmbda: Any) -> None:
    if lmbda is None:
        raise refused(
            f"scipy.stats.{name} with duals takes lmbda=, which it would choose by what they are; "
            f"give lmbda=scipy.stats.{name}_normmax(x.primal).",
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
def _chisquare(f_obs: Any, f_exp: Any, ddof: Any, axis: Any) -> Any:
    if f_exp is None:
        f_exp = np.mean(f_obs, axis=axis, keepdims=True)
    y = np.sum(_power(f_obs - f_exp, 2) / f_exp, axis=axis)
    df = np.shape(f_obs)[axis] - 1 - ddof
    return {"statistic": y, "pvalue": function_of("chi2", "sf")(y, df, 0, 1)}


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
    if equal_var:
        pooled = ((n - 1) * v + (m - 1) * w) / (n + m - 2)
        return _t_test(apart, np.sqrt(pooled * (1 / n + 1 / m)), n + m - 2, alternative)
    v, w = v / n, w / m
    df = (v + w) ** 2 / (v * v / (n - 1) + w * w / (m - 1))
    return _t_test(apart, np.sqrt(v + w), df, alternative)


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
def _ks_2samp(data1: Any, data2: Any, alternative: str, method: str, axis: Any) -> Any:
    value = scipy.stats.ks_2samp(*stripped([data1, data2, alternative, method]), axis=axis)
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


for _name in (
    *("rankdata", "spearmanr", "kendalltau", "weightedtau", "somersd", "mannwhitneyu", "ranksums"),
    *("kruskal", "friedmanchisquare", "cramervonmises_2samp", "brunnermunzel"),
    *("mood", "ansari", "tiecorrect", "wilcoxon"),
):
    if hasattr(scipy.stats, _name):
        _plain_answer(_name)
