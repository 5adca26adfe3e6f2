"""SciPy's distributions and statistics, for numbers that carry tangents.

>>> import dualad
>>> from dualad.scipy.stats import gamma, norm
>>> round(dualad.derivative(norm.cdf)(0.0), 12)
0.398942280401
>>> round(dualad.derivative(lambda a: gamma(a, scale=2.0).mean())(3.0), 12)
2.0

Each distribution is SciPy's own, derived from its class, with functions that take duals: in the
variable, in shapes, loc and scale, and frozen. Values are those that SciPy calculates; slopes
follow from one row of a table per distribution. What is drawn by `rvs` moves with its parameters,
u = cdf(y) being fixed. Counts have no derivative, and what a distribution has no formula for is
refused.
"""

from __future__ import annotations

import copy
import functools
from typing import Any

import numpy as np
import scipy.stats
from scipy.stats._distn_infrastructure import (
    rv_continuous,
    rv_continuous_frozen,
    rv_discrete,
    rv_discrete_frozen,
    rv_frozen,
    rv_generic,
)

from ..array.operands import as_operand
from ..array_rules.common import duals_in
from ..pair import Function
from ..refusals import refused
from . import _multivariate
from ._density import METHODS as DENSITY_METHODS
from ._density import gaussian_kde
from ._distribution_rules import function_of
from ._distributions import TABLE
from ._moments import has_integral
from ._names import names_of
from ._parts import stripped, with_value
from ._statistics import FUNCTIONS

_OF_NUMBERS = [name for name in TABLE if hasattr(scipy.stats, name)]
NAMES = [*_OF_NUMBERS, *_multivariate.NAMES]  # of distributions
FUNCTIONS["gaussian_kde"] = gaussian_kde
__all__ = sorted({*NAMES, *FUNCTIONS})  # noqa: PLE0605


def _by_rule(name: str) -> Function:
    """A function that is a row of its own: of one number, if any, and the parameters."""
    takes = 0 if name in ("mean", "var", "std", "entropy") else 1

    @functools.wraps(getattr(rv_continuous, name, None) or getattr(rv_discrete, name))
    def method(self: Any, *args: Any, **kwds: Any) -> Any:
        if not duals_in(args, kwds):
            return getattr(super(_Distribution, self), name)(*args, **kwds)
        first, rest = args[:takes], args[takes:]
        for key in ("x", "k", "q"):  # which may be given by name
            if takes and not first and key in kwds:
                first = (kwds.pop(key),)
        shapes, *where = self._parse_args(*rest, **kwds)
        if isinstance(self, rv_discrete):
            where = where[:1]
        d = TABLE[self.name]
        has_slope = {"std": "var"}.get(name, name) in d.moments or has_integral(d)
        if not takes and not has_slope and duals_in(shapes):
            raise _refusal(self, name, "dualad.scipy.integrate.quad over pdf", args, kwds)
        given = map(as_operand, (*first, *shapes, *where))
        return function_of(self.name, name)(*given)

    return method


class _Distribution:
    """What distributions have in common: their functions, for duals."""

    name: str

    cdf, logcdf, sf, logsf = map(_by_rule, ("cdf", "logcdf", "sf", "logsf"))
    ppf, isf = map(_by_rule, ("ppf", "isf"))
    mean, var, std, entropy = map(_by_rule, ("mean", "var", "std", "entropy"))

    @functools.wraps(rv_continuous.stats)
    def stats(self, *args: Any, **kwds: Any) -> Any:
        """Mean and variance, as `moments` says."""
        if not duals_in(args, kwds):
            return super().stats(*args, **kwds)  # type: ignore[misc]
        *given, moments = self._parse_args_stats(*args, **kwds)  # type: ignore[attr-defined]
        if not set(moments) <= set("mv"):
            raise _refusal(self, f"stats(moments={moments!r})", "moments='mv'", args, kwds)
        shapes, *where = given
        where = where[: 1 if isinstance(self, rv_discrete) else 2]
        of = {"m": self.mean, "v": self.var}
        found = tuple(of[m](*shapes, *where) for m in "mv" if m in moments)
        return found if len(found) > 1 else found[0]

    @functools.wraps(rv_continuous.nnlf)
    def nnlf(self, theta: Any, x: Any) -> Any:
        """The negative logarithm of the likelihood of x; theta are all parameters."""
        if not duals_in(theta, x):
            return super().nnlf(theta, x)  # type: ignore[misc]
        value = super().nnlf(stripped(theta), stripped(x))  # type: ignore[misc]
        x = as_operand(x)
        log = getattr(self, "logpmf" if isinstance(self, rv_discrete) else "logpdf")
        y = -np.sum(log(x, *theta))
        return with_value(y, value)

    @functools.wraps(rv_continuous.rvs)
    def rvs(self, *args: Any, **kwds: Any) -> Any:
        """Random numbers, which move with the parameters that they were drawn with."""
        duals = duals_in(args, kwds)
        if not duals:
            return super().rvs(*args, **kwds)  # type: ignore[misc]
        if isinstance(self, rv_discrete):
            raise _refusal(self, "rvs", "a derivative of mean, or of a sum over pmf", args, kwds)
        named = {key: x for key, x in kwds.items() if key not in ("size", "random_state")}
        n = len(TABLE[self.name].shapes) + 2  # what comes after is the size
        shapes, loc, scale = self._parse_args(*args[:n], **named)  # type: ignore[attr-defined]
        y = super().rvs(*stripped(args), **stripped(kwds))  # type: ignore[misc]
        return function_of(self.name, "rvs")(y, *map(as_operand, (*shapes, loc, scale)))

    @functools.wraps(rv_continuous.freeze)
    def freeze(self, *args: Any, **kwds: Any) -> Any:
        """The distribution with these parameters, which may be duals."""
        frozen = super().freeze(*stripped(args), **stripped(kwds))  # type: ignore[misc]
        frozen.args, frozen.kwds = args, kwds
        return frozen

    @functools.wraps(rv_continuous.expect)
    def expect(self, *args: Any, **kwds: Any) -> Any:
        """Refused for duals."""
        if duals_in(args, kwds):
            raise _refusal(
                self, "expect", "dualad.scipy.integrate.quad of func(x)*pdf(x)", args, kwds
            )
        return super().expect(*args, **kwds)  # type: ignore[misc]

    @functools.wraps(rv_continuous.fit)
    def fit(self, *args: Any, **kwds: Any) -> Any:
        """Refused for duals."""
        if duals_in(args, kwds):
            instead = "minimize from dualad.scipy.optimize, of the negative log-likelihood"
            raise _refusal(self, "fit", instead, args, kwds)
        return super().fit(*args, **kwds)  # type: ignore[misc]

    @functools.wraps(rv_continuous.moment)
    def moment(self, order: Any, *args: Any, **kwds: Any) -> Any:
        """The first moment, and the second; others are refused for duals."""
        if not duals_in(args, kwds):
            return super().moment(order, *args, **kwds)  # type: ignore[misc]
        if order not in (1, 2):
            raise _refusal(self, f"moment({order})", "mean and var", args, kwds)
        mean = self.mean(*args, **kwds)
        value = super().moment(order, *stripped(args), **stripped(kwds))  # type: ignore[misc]
        y = mean if order == 1 else self.var(*args, **kwds) + mean * mean
        return with_value(y, value)

    @functools.wraps(rv_continuous.support)
    def support(self, *args: Any, **kwds: Any) -> Any:
        """Where the density ends, at both sides."""
        if not duals_in(args, kwds):
            return super().support(*args, **kwds)  # type: ignore[misc]
        values = super().support(*stripped(args), **stripped(kwds))  # type: ignore[misc]
        ends = (self.ppf(q, *args, **kwds) for q in (0.0, 1.0))
        return tuple(with_value(y, value) for y, value in zip(ends, values, strict=True))


def _refusal(x: Any, what: str, instead: str, *given: Any) -> TypeError:
    name = getattr(x, "name", type(x).__name__)
    return refused(
        f"scipy.stats.{name}.{what} cannot be differentiated with respect to its arguments; "
        f"write {instead}, or getattr(x, 'primal', x) for a plain number.",
        *duals_in(given),
    )


class _Continuous(_Distribution):
    pdf, logpdf = map(_by_rule, ("pdf", "logpdf"))


class _Discrete(_Distribution):
    pmf, logpmf = map(_by_rule, ("pmf", "logpmf"))


# -- SciPy's distributions, and ours -----------------------------------------------------------


@functools.cache
def _ours(name: str) -> Any:
    """A distribution of SciPy's for duals, by its name."""
    theirs = getattr(scipy.stats, name)
    kind = _Discrete if TABLE[name].is_discrete else _Continuous
    cls = type(type(theirs).__name__, (kind, type(theirs)), {"__doc__": theirs.__doc__})
    return cls(**theirs._updated_ctor_param())


def _for_duals(x: Any) -> Any:
    """Ours in place of a distribution of SciPy's, or of one that it has frozen."""
    if isinstance(x, _Distribution):
        return x
    if isinstance(x, rv_frozen):
        x = copy.copy(x)
        x.dist = _for_duals(x.dist)
        return x
    theirs: Any = getattr(scipy.stats, x.name) if x.name in _OF_NUMBERS else None
    if type(theirs) is not type(x) or (theirs.a, theirs.b) != (x.a, x.b):
        raise refused(
            f"the distribution {x.name or type(x).__name__} has no derivatives in dualad; write "
            f"its density as a function, or use one of {', '.join(NAMES[:5])}, …"
        )
    return _ours(x.name)


def _stand_in(f: Function) -> Function:
    """A method of SciPy's, and ours where duals are among what it is given, or frozen."""
    name = f.__name__

    @functools.wraps(f)
    def call(self: Any, *args: Any, **kwds: Any) -> Any:
        held = (self.args, self.kwds) if isinstance(self, rv_frozen) else ()
        if isinstance(self, _Distribution) or not duals_in(args, kwds, held):
            return f(self, *args, **kwds)
        mine = _for_duals(self)
        method = getattr(mine, name) if mine is not self else functools.partial(f, self)
        return method(*args, **kwds)

    return call


# What lifted code calls in place of SciPy's methods.
METHODS: dict[Any, Function] = {
    f: _stand_in(f)
    for kind in (
        *(*rv_continuous.__mro__, *rv_discrete.__mro__),
        *(rv_frozen, rv_continuous_frozen, rv_discrete_frozen),
        *(type(x) for x in vars(scipy.stats).values() if isinstance(x, rv_generic)),
    )
    if kind is not object
    for name, f in vars(kind).items()
    if callable(f) and (not name.startswith("_") or name == "__call__")
}
METHODS |= _multivariate.METHODS | DENSITY_METHODS


def __getattr__(name: str) -> Any:
    if name in _OF_NUMBERS:
        return _ours(name)
    if name in NAMES:
        return _multivariate.for_duals(name)
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    return _name_of_scipy(name)


_name_of_scipy, __dir__ = names_of(__name__)
