"""Slopes and 0·∞: strong zeros, precision, infinite slopes, and IEEE where Python raises.

A zero tangent beats an infinite slope: sqrt(0·x) has derivative 0. A zero slope beats an infinite
tangent only where the function may be flat: on a kink, where the branch that was not taken has no
say, and where a number has overflowed, as in 1/(1 + exp(800)).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .array_tangents import ArrayTangent
from .kinds import DualLike, Number, Tangent
from .levels import ParticipatingLevel
from .looks import is_plain
from .namespaces import Namespace, in_slope, is_number
from .numerics import quiet
from .pair import (
    Function,
    Pair,
    dual,
    fit,
    is_array,
    map_leaves,
    newest,
    parts,
    plain,
    shape_of,
)
from .rules import Rule


def scale(slope: DualLike, a: DualLike, y: DualLike, kinked: bool) -> Tangent:
    """slope·ȧ, in the shape of the result y. A zero tangent stays zero."""
    tangent = a.tangent
    if not (is_array(tangent) or is_array(y)):
        if is_plain(slope, np.generic):  # Python's own numbers do not warn of inf*0
            slope = slope.item()
        if is_plain(tangent, np.generic):
            with quiet():
                return _number_scaled(slope, a, kinked)
        return _number_scaled(slope, a, kinked)
    directions = shape_of(tangent)[: len(shape_of(tangent)) - len(shape_of(a.primal))]
    missing = len(shape_of(y)) - len(shape_of(a.primal))
    if directions and missing:
        tangent = np.reshape(tangent, directions + (1,) * missing + shape_of(a.primal))
    if kinked and isinstance(tangent, ArrayTangent):
        tangent = tangent.chosen(slope)
    with quiet():
        product = slope * tangent
        if not is_finite(product):
            product = strong_product(slope, tangent, kinked or has_overflowed(a.primal, tangent))
    shape = directions + shape_of(y)
    if shape_of(product) != shape:
        product = np.copy(np.broadcast_to(product, shape), "C")
    return fit(product, y)


def _number_scaled(slope: DualLike, a: DualLike, kinked: bool) -> Tangent:
    product = slope * a.tangent
    if is_finite(product) if isinstance(product, Pair) else product == product:
        return product
    return strong_product(slope, a.tangent, kinked or has_overflowed(a.primal, a.tangent))


def has_overflowed(primal: DualLike, tangent: Tangent) -> Any:
    """Where a number is infinite, mostly because it was too large for a float."""
    primal, tangent = plain(primal), plain(tangent)
    if isinstance(primal, np.ndarray) or isinstance(tangent, np.ndarray):
        return np.isinf(primal) & ~np.isnan(tangent)
    return abs(primal) == math.inf and tangent == tangent


def strong_product(slope: DualLike, tangent: Tangent, zero_slope_wins: Any) -> Tangent:
    """slope·tangent, where a zero tangent beats an infinite slope.

    Where `zero_slope_wins`, a zero slope beats an infinite tangent, too.
    """
    if isinstance(slope, Pair) or isinstance(tangent, Pair):
        level = newest((slope, tangent))
        s, s_dot = parts(slope, level)
        t, t_dot = parts(tangent, level)
        terms = []
        if t_dot is not None:
            terms.append(strong_product(s, _in_front(t_dot, t, s), zero_slope_wins))
        if s_dot is not None:
            terms.append(strong_product(_in_front(s_dot, s, t), t, True))
        return dual(strong_product(s, t, zero_slope_wins), sum(terms[1:], terms[0]), level)
    if isinstance(slope, np.ndarray) or isinstance(tangent, np.ndarray):
        product = slope * tangent
        zero = (tangent == 0) | (zero_slope_wins & (slope == 0))
        return np.where(zero & (product != product), 0, product)
    product = slope * tangent
    if isinstance(product, ArrayTangent):  # it has no numbers to look at
        return product
    if product != product and (tangent == 0 or (zero_slope_wins and slope == 0)):
        return type(product)(0)
    return product


def _in_front(tangent: Tangent, primal: DualLike, other: DualLike) -> Tangent:
    """Directions stay in front when the primal is broadcast to the axes of another one."""
    missing = len(shape_of(other)) - len(shape_of(primal))
    if missing <= 0 or len(shape_of(tangent)) == len(shape_of(primal)):
        return tangent
    return np.reshape(tangent, shape_of(tangent)[:1] + (1,) * missing + shape_of(tangent)[1:])


def is_finite(x: DualLike) -> bool:
    """A cheap test that all numbers are finite; where a sum of them overflows, it says no too.

    What is not made of floats, as a tangent of another kind, is never infinite.
    """
    if isinstance(x, Pair):
        return is_finite(x.primal) and is_finite(x.tangent)
    kind = getattr(getattr(x, "dtype", None), "kind", "")
    if type(x) is np.ndarray and x.size < 8192 and kind == "f":
        flat = x.ravel()
        with quiet():
            return math.isfinite(flat.dot(flat))  # BLAS is fastest, until it starts threads
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


# -- the numbers that slopes are made of ---------------------------------------------------


def as_numpy(x: DualLike) -> Number:
    """The same number as a NumPy scalar, for which 1/0 is inf and log(-1) is nan."""
    if isinstance(x, (np.ndarray, np.generic)) or not is_number(x):
        return x
    return np.complex128(x) if isinstance(x, complex) or hasattr(x, "_mpc_") else np.float64(x)


def as_number(x: DualLike) -> DualLike:
    """NumPy's scalars as Python's own."""
    return map_leaves(lambda v: v.item() if isinstance(v, np.generic) else v, x)


def as_python(numbers: tuple[Any, ...]) -> tuple[Any, ...]:
    """Integers and doubles as Python's, which are faster than NumPy's, if there is nothing else.

    As NumPy's where the last is one of these and nan: where Python's raise, or turn complex.
    """
    if not all(map(_is_as_python, numbers)):
        return numbers
    y = plain(numbers[-1])
    if y != y and isinstance(y, np.generic):
        return tuple([map_leaves(as_numpy, x) for x in numbers])
    return tuple(map(as_number, numbers))


def _is_as_python(x: DualLike) -> bool:
    """Whether x is an integer or a double, which may be one of NumPy's, or a dual of one."""
    while isinstance(x, Pair):
        if isinstance(x.level, ParticipatingLevel):
            return False  # its duals are more than numbers
        x = x.primal
    return isinstance(x, (float, int, np.integer, np.bool_))


def in_slopes(rule: Rule, namespace: Namespace, numbers: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments and result of a rule as its slopes take them: in the precision of the result."""
    *args, y = map(namespace.convert, numbers)
    there = getattr(plain(y), "dtype", None)
    if namespace.name != "numpy" or there is None:
        return (*args, y)
    is_complex = namespace.is_complex and rule.mixes

    def fitted(x: DualLike, is_count: bool) -> Any:
        if getattr(x, "dtype", None) == there:
            return x
        return map_leaves(lambda v: in_slope(v, there, is_count, is_complex), x)

    return (*[fitted(x, s is None) for x, s in zip(args, rule.slopes, strict=True)], y)


# -- where a number system raises ----------------------------------------------------------


def by_ieee(f: Function, args: tuple[DualLike, ...]) -> Any:
    """f of the same numbers as NumPy's, for which 1/0 is infinite, back in their own system."""
    system = next(x for x in map(plain, args) if is_number(x))
    with quiet():
        result = f(*(map_leaves(as_numpy, x) for x in args))
    return map_leaves(lambda x: _from_ieee(x, system), result)


def _from_ieee(x: DualLike, system: Any) -> Any:
    """Back to the number system of `system`, which must not lose digits by the detour."""
    if isinstance(x, np.ndarray):
        return x
    if hasattr(system, "context"):
        if np.isfinite(x) and x != 0:
            raise ArithmeticError("mpmath has no finite slope here at its working precision.")
        return system.context.convert(x)
    return x.item() if isinstance(x, np.generic) else x
