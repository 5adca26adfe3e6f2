"""scipy.spatial.distance: distances of all pairs of points, with tangents of the points.

>>> import numpy as np
>>> from dualad import jacobian
>>> jacobian(lambda x: pdist(np.stack([x, np.zeros(2)])))(np.array([3.0, 4.0]))
array([[0.6, 0.8]])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.spatial.distance as _scipy
from scipy.special import rel_entr

from ...array.operands import as_operand
from ...array_rules.common import array, has_duals
from ...dual import Dual
from ...pair import plain
from ...refusals import refused
from .._calling import bridged
from .._names import names_of

__all__ = ["cdist", "directed_hausdorff", "pdist", "squareform"]

Function = Callable[..., Any]

# -- what a metric makes of pairs of points u, v, whose coordinates are along the first axis ----


def _total(x: Any, w: Any) -> Any:
    return np.sum(x if w is None else w * x, axis=0)


def _length(x: Any, w: Any, p: Any = 2) -> Any:
    scaled = x if w is None else w ** (1 / p) * x
    if isinstance(p, Dual):
        return np.sum(abs(scaled) ** p, axis=0) ** (1 / p)
    return np.linalg.norm(scaled, p, axis=0)


def _counted(d: Any, w: Any) -> Any:
    return abs(d) if w is None else (plain(w) > 0) * abs(d)


def _cosine(u: Any, v: Any, w: Any) -> Any:
    along = _total(u * v, w)
    return 1 - along / np.sqrt(_total(u * u, w) * _total(v * v, w))


def _centred(u: Any, w: Any) -> Any:
    whole = u.shape[0] if w is None else np.sum(w)
    return u - _total(u, w) / whole


def _canberra(u: Any, v: Any, w: Any) -> Any:
    size = abs(u) + abs(v)
    empty = plain(size) == 0
    return _total(np.where(empty, 0.0, abs(u - v) / np.where(empty, 1.0, size)), w)


def _jensenshannon(u: Any, v: Any, w: Any) -> Any:
    p, q = (x / np.sum(x, axis=0) for x in (u, v))
    middle = (p + q) / 2
    return np.sqrt(np.sum(rel_entr(p, middle) + rel_entr(q, middle), axis=0) / 2)


# Each in u, v and their weights, and what it is called in short.
_METRICS: dict[str, tuple[Function, str]] = {
    "euclidean": (lambda u, v, w: _length(u - v, w), "euclid eu e"),
    "sqeuclidean": (lambda u, v, w: _total((u - v) ** 2, w), "sqe sqeuclid"),
    "cityblock": (lambda u, v, w: _total(abs(u - v), w), "cblock cb c manhattan"),
    "chebyshev": (lambda u, v, w: np.max(_counted(u - v, w), axis=0), "chebychev cheby cheb ch"),
    "cosine": (_cosine, "cos"),
    "correlation": (lambda u, v, w: _cosine(_centred(u, w), _centred(v, w), w), "co"),
    "canberra": (_canberra, ""),
    "braycurtis": (lambda u, v, w: _total(abs(u - v), w) / _total(abs(u + v), w), ""),
    "jensenshannon": (_jensenshannon, "js"),
}
_NAMES = {short: name for name, (_, more) in _METRICS.items() for short in (name, *more.split())}
_WITH_OPTIONS = {
    **dict.fromkeys(("minkowski", "mi", "m", "pnorm"), "minkowski"),
    **dict.fromkeys(("seuclidean", "se", "s"), "seuclidean"),
    **dict.fromkeys(("mahalanobis", "mahal", "mah"), "mahalanobis"),
}


def _metric(metric: Any, given: dict[str, Any], points: Any, pairs: int) -> Function:
    """A metric of pairs of points, which lie along so many axes; some need all points."""
    if callable(metric) and getattr(metric, "__module__", "") == _scipy.__name__:
        metric = metric.__name__
    if callable(metric):
        return lambda u, v: _one_by_one(metric, u, v, given)
    name = metric.lower().removeprefix("test_")
    w = given.get("w")
    n = np.shape(points)[1]

    def column(x: Any) -> Any:
        """A number for each coordinate, beside those of all pairs."""
        return np.reshape(array(x), (n, *(1,) * pairs))

    w = None if w is None else column(w)
    if name in _NAMES:
        f = _METRICS[_NAMES[name]][0]
        return lambda u, v: f(u, v, w)
    kind = _WITH_OPTIONS.get(name)
    if kind == "minkowski":
        p = given.get("p", 2)
        return lambda u, v: _length(u - v, w, p)
    if kind == "seuclidean":
        spread = given.get("V")
        variances = np.var(points, axis=0, ddof=1) if spread is None else spread
        return lambda u, v: np.linalg.norm((u - v) / np.sqrt(column(variances)), axis=0)
    if kind == "mahalanobis":
        inverse = given.get("VI")
        if inverse is None:
            inverse = np.linalg.inv(np.cov(np.transpose(points))).T
        return lambda u, v: _mahalanobis(u - v, array(inverse))
    raise refused(
        f"the metric {metric!r} of pdist and cdist has a step in each number, and no derivative; "
        "give getattr(x, 'primal', x).",
        points,
    )


def _mahalanobis(d: Any, inverse: Any) -> Any:
    square = np.sum(np.tensordot(inverse, d, (0, 0)) * d, axis=0)
    same = plain(square) == 0
    return np.where(same, 0.0, np.sqrt(np.where(same, 1.0, square)))


def _one_by_one(metric: Function, u: Any, v: Any, given: dict[str, Any]) -> Any:
    u, v = np.broadcast_arrays(u, v)
    pairs = (np.reshape(x, (x.shape[0], -1)).T for x in (u, v))
    found = [as_operand(metric(a, b, **given)) for a, b in zip(*pairs, strict=True)]
    return np.reshape(np.stack(found), u.shape[1:])


# -- all pairs --------------------------------------------------------------------------------


def _floats(x: Any) -> Any:
    x = array(x)
    return x if has_duals(x) or x.dtype.kind in "fc" else x.astype(float)


def _coordinates(x: Any) -> Any:
    """One coordinate of all points behind the other: points are many, coordinates are few."""
    return np.transpose(x).copy()


def _cdist(XA: Any, XB: Any, metric: Any = "euclidean", *, out: Any = None, **given: Any) -> Any:
    a, b = _floats(XA), _floats(XB)
    f = _metric(metric, given, np.concatenate([a, b]), 2)
    return f(_coordinates(a)[:, :, None], _coordinates(b)[:, None, :])


def _pdist(X: Any, metric: Any = "euclidean", *, out: Any = None, **given: Any) -> Any:
    x = _floats(X)
    first, second = np.triu_indices(np.shape(x)[0], 1)
    across = _coordinates(x)
    return _metric(metric, given, x, 1)(*(np.take(across, i, axis=1) for i in (first, second)))


def _squareform(X: Any, force: str = "no", checks: bool = True) -> Any:
    x = array(X)
    if np.ndim(x) == 1:
        n = int(np.ceil(np.sqrt(2 * np.shape(x)[0]))) or 1
        places = np.zeros((n, n), int)
        places[np.triu_indices(n, 1)] = np.arange(np.shape(x)[0]) + 1
        numbers = np.concatenate([np.zeros(1), x])
        return np.take(numbers, places + places.T)
    first, second = np.triu_indices(np.shape(x)[0], 1)
    return x[first, second]


def _directed_hausdorff(u: Any, v: Any, rng: Any = 0, **_: Any) -> Any:
    u, v = _floats(u), _floats(v)
    _, i, j = _scipy.directed_hausdorff(plain(u), plain(v), rng)
    return np.linalg.norm(u[i] - v[j]), i, j


cdist = bridged(_scipy.cdist, _cdist)
pdist = bridged(_scipy.pdist, _pdist)
squareform = bridged(_scipy.squareform, _squareform)
directed_hausdorff = bridged(_scipy.directed_hausdorff, _directed_hausdorff)

__getattr__, __dir__ = names_of(__name__)
