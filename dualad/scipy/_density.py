"""scipy.stats.gaussian_kde for duals: in the points, the data, the weights and the bandwidth.

A density of normal distributions around the data, whose covariance is that of the data times the
square of the bandwidth (Scott, Multivariate Density Estimation). Values are SciPy's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats

from ..array_rules.common import array, has_duals
from ..pair import Function, plain
from ._parts import stripped, with_value


class KernelDensity:
    """What `gaussian_kde` gives where there are duals, by the names of SciPy's class.

    Parameters
    ----------
    dataset : array, shape (d, n) or (n,)
    bw_method : "scott", "silverman", number or callable, optional
        The bandwidth, or what it is calculated by; a callable is given this object.
    weights : array, shape (n,), optional

    Attributes
    ----------
    plain : scipy.stats.gaussian_kde
        That of the plain numbers.
    dataset, weights, factor, covariance
        As SciPy's, with tangents.
    """

    stands_for = property(lambda self: self.plain)

    def __init__(self, dataset: Any, bw_method: Any = None, weights: Any = None) -> None:
        bandwidth = _plain_bandwidth(bw_method)
        self.plain = scipy.stats.gaussian_kde(stripped(dataset), bandwidth, stripped(weights))
        self.dataset = _rows(array(dataset))
        self.d, self.n = self.plain.d, self.plain.n
        w = np.ones(self.n) if weights is None else array(weights)
        self.weights = with_value(w / np.sum(w), self.plain.weights)
        self.set_bandwidth(bw_method)

    @property
    def neff(self) -> Any:
        """How many equal weights would be worth as much."""
        return with_value(1 / np.sum(self.weights**2), self.plain.neff)

    def scotts_factor(self) -> Any:
        """Scott's bandwidth."""
        return self.neff ** (-1.0 / (self.d + 4))

    def silverman_factor(self) -> Any:
        """Silverman's bandwidth."""
        return (self.neff * (self.d + 2.0) / 4.0) ** (-1.0 / (self.d + 4))

    def covariance_factor(self) -> Any:
        """The bandwidth."""
        return self.factor

    def set_bandwidth(self, bw_method: Any = None) -> None:
        """Take another bandwidth."""
        self.plain.set_bandwidth(_plain_bandwidth(bw_method))
        factor: Any
        if callable(bw_method):
            factor = bw_method(self)
        elif bw_method is None or isinstance(bw_method, str):
            factor = self.silverman_factor() if bw_method == "silverman" else self.scotts_factor()
        else:
            factor = bw_method
        self.factor = with_value(factor, self.plain.factor)
        away = self.dataset - (self.dataset @ self.weights)[:, None]
        whole = (away * self.weights) @ away.T / (1 - np.sum(self.weights**2))
        self.covariance = with_value(whole * self.factor**2, self.plain.covariance)

    def _logs(self, points: Any) -> Any:
        """The logarithm of the density at points, shape (d, m)."""
        away = self.dataset[:, :, None] - points[:, None, :]
        flat = np.reshape(away, (self.d, -1))
        energy = np.sum(flat * np.linalg.solve(self.covariance, flat), axis=0) / 2
        energy = np.reshape(energy, np.shape(away)[1:])
        least = np.min(plain(energy), axis=0)
        log = np.log(self.weights @ np.exp(least - energy)) - least
        return log - np.linalg.slogdet(2 * np.pi * self.covariance)[1] / 2

    def _at(self, points: Any) -> Any:
        points = _rows(array(points))
        return points.T if np.shape(points) == (1, self.d) and self.d > 1 else points

    def evaluate(self, points: Any) -> Any:
        """The density."""
        value = self.plain.evaluate(stripped(points))
        return with_value(np.exp(self._logs(self._at(points))), value)

    __call__ = pdf = evaluate

    def logpdf(self, x: Any) -> Any:
        """Its logarithm."""
        return with_value(self._logs(self._at(x)), self.plain.logpdf(stripped(x)))

    def integrate_box_1d(self, low: Any, high: Any) -> Any:
        """The probability between two limits, for data of one dimension."""
        value = self.plain.integrate_box_1d(*stripped([low, high]))
        width = np.sqrt(self.covariance[0, 0])
        below = (sc.ndtr((limit - self.dataset[0]) / width) for limit in (low, high))
        first, second = below
        return with_value(np.sum(self.weights * (second - first)), value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"a gaussian_kde of duals has no {name!r}; write kde.plain.{name} for that of the "
            "plain numbers, without derivatives."
        )


def _rows(x: Any) -> Any:
    """At least two axes."""
    return x if np.ndim(x) > 1 else np.reshape(x, (1, -1))


def _plain_bandwidth(bw_method: Any) -> Any:
    if callable(bw_method):
        return lambda kde: stripped(bw_method(kde))
    return stripped(bw_method)


def gaussian_kde(dataset: Any, bw_method: Any = None, weights: Any = None) -> Any:
    """SciPy's, or with tangents where there are duals."""
    if has_duals(dataset, bw_method, weights):
        return KernelDensity(dataset, bw_method, weights)
    return scipy.stats.gaussian_kde(dataset, bw_method, weights)


def _method(theirs: Callable[..., Any]) -> Function:
    """A method of SciPy's, and ours at points that are duals."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(self, KernelDensity) or not has_duals(args, kwargs):
            return theirs(self, *args, **kwargs)
        ours = KernelDensity(self.dataset, self.covariance_factor(), self.weights)
        ours.plain = self
        return getattr(ours, theirs.__name__)(*args, **kwargs)

    return call


# What lifted code calls in place of SciPy's methods.
METHODS: dict[Any, Function] = {
    f: _method(f)
    for f in (
        scipy.stats.gaussian_kde.evaluate,
        scipy.stats.gaussian_kde.pdf,
        scipy.stats.gaussian_kde.logpdf,
        scipy.stats.gaussian_kde.integrate_box_1d,
    )
}
