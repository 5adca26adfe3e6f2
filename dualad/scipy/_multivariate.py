"""SciPy's distributions of vectors and matrices, for duals: their densities as NumPy writes them.

Values are SciPy's own. `_LOGS` has the logarithms of the densities, in the parameters that SciPy's
methods take; a density is exp of it.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats
from scipy.stats import Covariance

from ..array.operands import as_operand, unbuffered
from ..array_rules.common import duals_in
from ..pair import Function, plain
from ..refusals import refused
from ._parts import stripped, with_value

Log = Callable[..., Any]


def _matrix(cov: Any, n: int) -> Any:
    """A covariance as SciPy takes it: a number, the diagonal, the matrix, or an object."""
    if isinstance(cov, Covariance):
        cov = cov.covariance
    cov = as_operand(unbuffered(cov))
    if np.ndim(cov) == 2:
        return cov
    return cov * np.eye(n) if np.ndim(cov) == 0 else np.diag(cov)


def _regular(a: Any, what: str) -> Any:
    """The logarithm of the determinant of a matrix, which must be positive definite."""
    sign, log = np.linalg.slogdet(a)
    values = np.linalg.eigvalsh(plain(a))
    if not np.all(plain(sign) > 0) or values[0] <= 1e-14 * values[-1]:
        raise refused(
            f"{what} is singular, so that its density has no derivative in it; write the density "
            "of the variables that are independent.",
            a,
        )
    return log


def _form(d: Any, a: Any) -> Any:
    """dᵀ·a⁻¹·d of the vectors along the last axis."""
    flat = np.reshape(d, (-1, np.shape(d)[-1]))
    return np.reshape(np.sum(flat * np.linalg.solve(a, flat.T).T, axis=-1), np.shape(d)[:-1])


def _centred(x: Any, mean: Any, cov: Any) -> tuple[Any, Any]:
    x = as_operand(unbuffered(x))
    if mean is None:
        shape = cov.shape if isinstance(cov, Covariance) else np.shape(plain(unbuffered(cov)))
        n = shape[-1] if shape else 1
        mean = np.zeros(n)
    mean = np.reshape(as_operand(unbuffered(mean)), -1)
    n = max(np.size(mean), (np.shape(_matrix(cov, 1)) or (1,))[0])
    x = np.reshape(x, (1,)) if np.ndim(x) == 0 else x
    x = np.reshape(x, (*np.shape(x), 1)) if n == 1 and np.shape(x)[-1] != 1 else x
    return x - mean, _matrix(cov, n)


def _normal(x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
    d, a = _centred(x, mean, cov)
    constant = np.shape(a)[0] * math.log(2 * math.pi)
    return -0.5 * (constant + _regular(a, "the covariance") + _form(d, a))


def _student(
    x: Any, loc: Any = None, shape: Any = 1, df: Any = 1, allow_singular: bool = False
) -> Any:
    d, a = _centred(x, loc, shape)
    n = np.shape(a)[0]
    constant = sc.gammaln((df + n) / 2) - sc.gammaln(df / 2) - n / 2 * np.log(df * math.pi)
    return constant - _regular(a, "the shape") / 2 - (df + n) / 2 * np.log1p(_form(d, a) / df)


def _dirichlet(x: Any, alpha: Any) -> Any:
    x, alpha = as_operand(unbuffered(x)), as_operand(unbuffered(alpha))
    if np.shape(x)[0] == np.shape(alpha)[0] - 1:
        x = np.concatenate([x, np.reshape(1 - np.sum(x, axis=0), (1, *np.shape(x)[1:]))])
    constant = sc.gammaln(np.sum(alpha)) - np.sum(sc.gammaln(alpha))
    alpha = np.reshape(alpha, (-1,) + (1,) * (np.ndim(x) - 1))
    return constant + np.sum(sc.xlogy(alpha - 1, x), axis=0)


def _log_gamma(a: Any, n: int) -> Any:
    """The logarithm of the multivariate gamma function."""
    terms = [sc.gammaln(a - j / 2) for j in range(n)]
    return n * (n - 1) / 4 * math.log(math.pi) + sum(terms[1:], terms[0])


def _matrices(x: Any, n: int) -> Any:
    """The matrices along the last axis of x, as SciPy takes them."""
    x = as_operand(unbuffered(x))
    if np.ndim(x) < 2:
        x = x * np.eye(n) if np.ndim(x) == 0 else np.diag(x) if n > 1 else np.reshape(x, (1, 1, -1))
    return np.reshape(x, (*np.shape(x), 1)) if np.ndim(x) == 2 else x


def _wishart(x: Any, df: Any, scale: Any) -> Any:
    a = _square(scale)
    n = np.shape(a)[0]
    x = _matrices(x, n)
    each = []
    for i in range(np.shape(x)[2]):
        trace = np.trace(np.linalg.solve(a, x[:, :, i]))
        each.append((df - n - 1) / 2 * _regular(x[:, :, i], "x") - trace / 2)
    constant = df * n / 2 * math.log(2) + df / 2 * _regular(a, "the scale") + _log_gamma(df / 2, n)
    return np.stack(each) - constant


def _inverse_wishart(x: Any, df: Any, scale: Any) -> Any:
    a = _square(scale)
    n = np.shape(a)[0]
    x = _matrices(x, n)
    each = []
    for i in range(np.shape(x)[2]):
        trace = np.trace(np.linalg.solve(x[:, :, i], a))
        each.append(-(df + n + 1) / 2 * _regular(x[:, :, i], "x") - trace / 2)
    constant = df * n / 2 * math.log(2) - df / 2 * _regular(a, "the scale") + _log_gamma(df / 2, n)
    return np.stack(each) - constant


def _square(scale: Any) -> Any:
    scale = as_operand(unbuffered(scale))
    return scale if np.ndim(scale) == 2 else _matrix(scale, 1)


_LOGS: dict[str, Log] = {
    "multivariate_normal": _normal,
    "multivariate_t": _student,
    "dirichlet": _dirichlet,
    "wishart": _wishart,
    "invwishart": _inverse_wishart,
}


# -- entropies and moments -----------------------------------------------------------------------


def _normal_entropy(mean: Any = None, cov: Any = 1) -> Any:
    n = np.size(plain(unbuffered(mean))) if mean is not None else 1
    a = _matrix(cov, n)
    return 0.5 * (np.shape(a)[0] * (1 + math.log(2 * math.pi)) + _regular(a, "the covariance"))


def _dirichlet_mean(alpha: Any) -> Any:
    alpha = as_operand(unbuffered(alpha))
    return alpha / np.sum(alpha)


def _dirichlet_var(alpha: Any) -> Any:
    alpha = as_operand(unbuffered(alpha))
    total = np.sum(alpha)
    return alpha * (total - alpha) / (total * total * (total + 1))


def _dirichlet_entropy(alpha: Any) -> Any:
    alpha = as_operand(unbuffered(alpha))
    total, n = np.sum(alpha), np.shape(alpha)[0]
    log = np.sum(sc.gammaln(alpha)) - sc.gammaln(total)
    return log + (total - n) * sc.psi(total) - np.sum((alpha - 1) * sc.psi(alpha))


def _wishart_mean(df: Any, scale: Any) -> Any:
    return df * _square(scale)


_OTHERS: dict[tuple[str, str], Log] = {
    ("multivariate_normal", "entropy"): _normal_entropy,
    ("dirichlet", "mean"): _dirichlet_mean,
    ("dirichlet", "var"): _dirichlet_var,
    ("dirichlet", "entropy"): _dirichlet_entropy,
    ("wishart", "mean"): _wishart_mean,
}


# -- SciPy's objects, for duals ----------------------------------------------------------------

NAMES = [name for name in _LOGS if hasattr(scipy.stats, name)]


def _result(name: str, method: str, given: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What a method gives for duals."""
    theirs = getattr(scipy.stats, name)
    f = getattr(theirs, method)
    value = f(*stripped(given), **stripped(options))
    log = _LOGS[name] if method in ("pdf", "logpdf") else _OTHERS.get((name, method))
    if log is None:
        instead = "it with logpdf"
        if "cdf" in method:
            instead = "dualad.scipy.integrate.nquad over pdf (of one variable norm.cdf)"
        raise refused(
            f"scipy.stats.{name}.{method} cannot be differentiated with respect to its "
            f"arguments; write {instead}, or getattr(x, 'primal', x) for a plain number.",
            *duals_in(given, options),
        )
    y = log(*given, **options)
    y = np.exp(y) if method == "pdf" else y
    shape = np.shape(value)
    y = np.reshape(y, shape) if np.shape(y) != shape else y
    return with_value(y, value)


def _parameters(name: str) -> list[str]:
    names = list(inspect.signature(_LOGS[name]).parameters)[1:]
    return [n for n in names if n != "allow_singular"]


def _public(kind: type) -> dict[str, Function]:
    found: dict[str, Function] = {}
    for base in reversed(kind.__mro__):
        if base is not object:
            found |= {n: f for n, f in vars(base).items() if inspect.isfunction(f) and n[0] != "_"}
    return found


def _method(name: str, method: str, f: Function) -> Function:
    @functools.wraps(f)
    def call(self: Any, *args: Any, **kwds: Any) -> Any:
        if not duals_in(args, kwds):
            return f(self, *args, **kwds)
        return _result(name, method, args, kwds)

    return call


def _freezes(name: str, f: Function) -> Function:
    """A distribution with its parameters, which may be duals."""

    @functools.wraps(f)
    def call(self: Any, *args: Any, **kwds: Any) -> Any:
        frozen = f(self, *stripped(args), **stripped(kwds))
        if duals_in(args, kwds):
            given = inspect.signature(f).bind(self, *args, **kwds)
            given.apply_defaults()
            theirs: Any = type(frozen)
            frozen.__class__ = _frozen_kind(name, theirs)
            frozen._duals = {n: given.arguments[n] for n in _parameters(name)}
        return frozen

    return call


@functools.cache
def _frozen_kind(name: str, theirs: Any) -> Any:
    """The class of distributions that are frozen with duals."""

    def read(n: str) -> property:
        return property(lambda self: self._duals[n])

    own: dict[str, Any] = {n: read(n) for n in _parameters(name)}
    own |= {method: _of_frozen(name, method, f) for method, f in _public(theirs).items()}
    return type(theirs.__name__, (theirs,), own)


def _of_frozen(name: str, method: str, f: Function) -> Function:
    @functools.wraps(f)
    def call(self: Any, *args: Any, **kwds: Any) -> Any:
        held = getattr(self, "_duals", None)
        if held is None:
            if not duals_in(args, kwds):
                return f(self, *args, **kwds)
            held = {n: getattr(self, n) for n in _parameters(name)}
        return _result(name, method, args, held | kwds)

    return call


@functools.cache
def for_duals(name: str) -> Any:
    """SciPy's distribution of this name, with methods that take duals."""
    theirs = getattr(scipy.stats, name)
    kind = type(theirs)
    own = {method: _method(name, method, f) for method, f in _public(kind).items()}
    own["__call__"] = _freezes(name, kind.__call__)
    return type(kind.__name__, (kind,), own | {"__doc__": theirs.__doc__})()


_EXAMPLES: dict[str, tuple[Any, ...]] = {  # of parameters, where there are no defaults
    "dirichlet": ([1.0, 1.0],),
    "wishart": (1.0, 1.0),
    "invwishart": (1.0, 1.0),
}
METHODS: dict[Any, Function] = {}  # what lifted code calls in place of SciPy's methods
for _name in NAMES:
    _kind = type(getattr(scipy.stats, _name))
    METHODS[_kind.__call__] = _freezes(_name, _kind.__call__)
    _own = {m: f for m, f in _public(_kind).items() if m in vars(_kind)}
    METHODS |= {f: _method(_name, m, f) for m, f in _own.items()}
    _frozen = type(getattr(scipy.stats, _name)(*_EXAMPLES.get(_name, ())))
    METHODS |= {f: _of_frozen(_name, m, f) for m, f in _public(_frozen).items()}
