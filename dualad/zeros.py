"""0·∞: strong zeros, infinite slopes, and where the two meet.

A zero tangent beats an infinite slope: sqrt(0·x) has derivative 0. A zero slope beats an infinite
tangent only where the function may be flat: on a kink, where the branch that was not taken has no
say, and where a number has overflowed, as in 1/(1 + exp(800)).
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .array_tangents import ArrayTangent
from .kernel import ARRAY_KERNEL
from .kinds import DualLike, Tangent
from .looks import is_plain
from .numerics import quiet
from .pair import Pair, dual, fit, is_array, newest, parts, plain, shape_of


def scale(slope: DualLike, a: DualLike, y: DualLike, *, zero_slope_wins: bool) -> Tangent:
    """slope·ȧ, in the shape of the result y. A zero tangent stays zero.

    Where `zero_slope_wins`, or a number is infinite, a zero slope makes it zero, too.
    """
    tangent = a.tangent
    if not (is_array(tangent) or is_array(y)):
        if is_plain(slope, np.generic):  # Python's own numbers do not warn of inf*0
            slope = slope.item()
        if is_plain(tangent, np.generic):
            with quiet():
                return _number_scaled(slope, a, zero_slope_wins)
        return _number_scaled(slope, a, zero_slope_wins)
    directions = shape_of(tangent)[: len(shape_of(tangent)) - len(shape_of(a.primal))]
    missing = len(shape_of(y)) - len(shape_of(a.primal))
    if directions and missing:
        tangent = np.reshape(tangent, directions + (1,) * missing + shape_of(a.primal))
    if zero_slope_wins and isinstance(tangent, ArrayTangent):
        tangent = tangent.chosen(slope)
    with quiet():
        product = slope * tangent
        if not is_finite(product):
            wins = zero_slope_wins or where_infinite(a.primal, tangent)
            product = strong_product(slope, tangent, wins)
    shape = directions + shape_of(y)
    if shape_of(product) != shape:
        product = np.copy(np.broadcast_to(product, shape), "C")
    return fit(product, y)


def _number_scaled(slope: DualLike, a: DualLike, zero_slope_wins: bool) -> Tangent:
    product = slope * a.tangent
    if is_finite(product) if isinstance(product, Pair) else product == product:
        return product
    return strong_product(slope, a.tangent, zero_slope_wins or where_infinite(a.primal, a.tangent))


def where_infinite(primal: DualLike, tangent: Tangent) -> Any:
    """Where a number is infinite, mostly because it was too large for a float."""
    primal, tangent = plain(primal), plain(tangent)
    if isinstance(primal, np.ndarray) or isinstance(tangent, np.ndarray):
        return np.isinf(primal) & ~np.isnan(tangent)
    return abs(primal) == math.inf and tangent == tangent


def strong_product(slope: DualLike, tangent: Tangent, zero_slope_wins: Any) -> Tangent:
    """slope·tangent, where a zero tangent beats an infinite slope.

    Where `zero_slope_wins`, a zero slope beats an infinite tangent, too.
    """
    if isinstance(slope, ArrayTangent) or isinstance(tangent, ArrayTangent):
        return slope * tangent  # it has no numbers to look at, and is of a newer level than duals
    if isinstance(slope, Pair) or isinstance(tangent, Pair):
        level = newest((slope, tangent))
        s, s_dot = parts(slope, level)
        t, t_dot = parts(tangent, level)
        terms = []
        if t_dot is not None:
            terms.append(strong_product(s, in_front(t_dot, t, s), zero_slope_wins))
        if s_dot is not None:
            terms.append(strong_product(in_front(s_dot, s, t), t, True))
        return dual(strong_product(s, t, zero_slope_wins), sum(terms[1:], terms[0]), level)
    if isinstance(slope, np.ndarray) or isinstance(tangent, np.ndarray):
        product = slope * tangent
        zero = (tangent == 0) | (zero_slope_wins & (slope == 0))
        return np.where(zero & (product != product), 0, product)
    product = slope * tangent
    if product != product and (tangent == 0 or (zero_slope_wins and slope == 0)):
        return type(product)(0)
    return product


def in_front(tangent: Tangent, primal: DualLike, other: DualLike) -> Tangent:
    """Directions stay in front when the primal is broadcast to the axes of another one."""
    missing = len(shape_of(other)) - len(shape_of(primal))
    if missing <= 0 or len(shape_of(tangent)) == len(shape_of(primal)):
        return tangent
    return np.reshape(tangent, shape_of(tangent)[:1] + (1,) * missing + shape_of(tangent)[1:])


def strong_sum(
    f: Callable[..., Any],
    args: Sequence[Any],
    strong: frozenset[int],
    starting_with: Callable[[frozenset[int]], Callable[..., Any]] | None = None,
) -> Any:
    """f(*args), a sum of products, where a zero of some arguments beats what is not finite.

    Parameters
    ----------
    f : callable
        Sums products of elements of its arguments, so that it counts them where these are ones.
    args : sequence
        Numbers, arrays, and tangents of other kinds.
    strong : frozenset of int
        The places in args where a zero is strong: those of tangents.
    starting_with : callable, optional
        Gives, for `strong`, f with the factors there in front: a zero then stays one before the
        others overflow.

    Examples
    --------
    >>> strong_sum(np.dot, (np.array([0.0, 2.0]), np.array([math.inf, 3.0])), frozenset({0}))
    np.float64(6.0)
    """
    with quiet():
        y = f(*args)
        if is_finite(y):
            return y
        finite = [np.isfinite(a) for a in args]

        def of_finite(factors: Sequence[Any]) -> Any:
            return f(*(np.where(ok, a, 0) for ok, a in zip(finite, factors, strict=True)))

        rest = of_finite(args)
        if starting_with and not is_finite(rest):
            f = starting_with(strong)
            rest = of_finite(args)

        def count(factors: Sequence[Any]) -> Any:
            """The sum over the products of which not all factors are finite."""
            return np.rint(f(*factors) - of_finite(factors))

        there = [a != 0 if i in strong else np.ones(np.shape(a)) for i, a in enumerate(args)]
        met = count([np.asarray(a, float) for a in there])
        if np.iscomplexobj(y):  # whose infinities have no sign
            return np.where(met > 0, y, rest)[()]
        signs = [np.asarray(a > 0, float) - np.asarray(a < 0, float) for a in args]
        infinite, surplus = count([abs(s) for s in signs]), count(signs)
        y = rest + np.where(infinite + surplus > 0, np.inf, 0)
        y = y - np.where(infinite - surplus > 0, np.inf, 0)
        return np.where(met > infinite, np.nan, y)[()]


def is_finite(x: DualLike) -> bool:
    """A cheap test that all numbers are finite; where the sum of many overflows, it may say no.

    What is not made of floats, as a tangent of another kind, is never infinite.
    """
    if type(x) is float or type(x) is complex:  # a ufunc would clear the flags of the plain run
        return cmath.isfinite(x)
    if isinstance(x, Pair):
        return is_finite(x.primal) and is_finite(x.tangent)
    found: bool | None = ARRAY_KERNEL.is_finite(x) if ARRAY_KERNEL else None
    if found is not None:
        return found
    kind = getattr(getattr(x, "dtype", None), "kind", "")
    if type(x) is np.ndarray and x.size < 8192 and kind == "f":
        flat = x.ravel()
        with quiet():
            if math.isfinite(flat.dot(flat)):  # BLAS is fastest, until it starts threads
                return True
            return bool(np.isfinite(flat).all())  # squares may overflow
    if not isinstance(x, np.ndarray) or kind not in "fc":
        return not isinstance(x, (float, complex, np.inexact)) or bool(np.isfinite(x))
    return bool(np.isfinite(np.add.reduce(x, axis=None)))


def total(s: Tangent, t: Tangent) -> Tangent:
    """The sum of two terms of a tangent, which carry the same directions."""
    if shape_of(s) != shape_of(t):
        raise ValueError(
            f"cannot combine duals with tangents of shapes {shape_of(s)} and {shape_of(t)}; "
            f"give both the same number of directions."
        )
    return s + t
