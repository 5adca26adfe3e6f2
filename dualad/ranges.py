"""Slopes beyond the range of floats, where a tangent brings the product back into it.

The slope of 1/x at 1e200 is −1e-400, which is no float. If x has the tangent 1e200 there, that of
1/x is −1e-200 all the same. So where a slope has left the range, and the tangent is far on the
other side, their product is calculated again with a wider exponent, and only then rounded: for
the elements and directions concerned, so that it does not matter what stands beside them.

A faint slope beside an ordinary tangent, as where a function is saturated, stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .kernel import ARRAY_KERNEL, KERNEL
from .kinds import DualLike, Tangent
from .levels import ParticipatingLevel
from .looks import is_plain
from .numerics import quiet, underflow
from .pair import Pair, dual, fit, map_leaves, moved, newest, parts, shape_of
from .rules import Rule
from .zeros import in_front, is_finite


class Range(NamedTuple):
    """Of one precision: below `faint` digits are lost, and tangents beyond `far` make up for it."""

    faint: float
    far: float
    wider: Any  # what has the same digits, and a wider exponent


DOUBLE = Range(float(np.finfo(np.float64).tiny), 2.0**64, np.longdouble)
SINGLE = Range(float(np.finfo(np.float32).tiny), 2.0**32, np.float64)
_RANGES = {"f": SINGLE, "F": SINGLE._replace(wider=np.complex128)}
if np.finfo(np.longdouble).maxexp > np.finfo(np.float64).maxexp:  # not on all systems
    _RANGES |= {"d": DOUBLE, "D": DOUBLE._replace(wider=np.clongdouble)}


def may_matter(rule: Rule, i: int, slope: DualLike, tangent: Tangent) -> bool:
    """A cheap test whether the slope in argument i may have left the range, where that matters."""
    if rule.kind == "kinked" or rule.slopes[i] in ("1", "-1", *rule.args):
        return False  # which are never calculated
    if type(slope) is float and type(tangent) is float:
        return bool(_is_lost(slope, tangent, DOUBLE))
    if ARRAY_KERNEL:
        return bool(ARRAY_KERNEL.out_of_range(slope, tangent))
    return has_far(tangent) or not is_finite(slope)


def has_far(x: Tangent) -> bool:
    """Whether a number is far, in single precision if that is its own."""
    if isinstance(x, Pair):
        if KERNEL and (ends := KERNEL.range_of_number(x)):
            return bool(ends[0])
        return has_far(x.primal) or has_far(x.tangent)
    found: bool | None = ARRAY_KERNEL.has_far(x) if ARRAY_KERNEL else None
    if found is not None:
        return found
    here = range_of(x)
    if here is None:
        return False
    if not isinstance(x, np.ndarray):  # by Python: a ufunc would clear the flags of the plain run
        return max(abs(float(x.real)), abs(float(x.imag))) > here.far
    with quiet():
        return bool(np.any(np.abs(x) > here.far))


def has_faint(x: DualLike) -> bool:
    """Whether a number is below the range."""
    if isinstance(x, Pair):
        if KERNEL and (ends := KERNEL.range_of_number(x)):
            return bool(ends[1])
        return has_faint(x.primal) or has_faint(x.tangent)
    here = None if x is None else range_of(x)
    with quiet():
        return here is not None and bool(np.any(np.abs(x) < here.faint))


def regained(
    term: Tangent,
    slope: DualLike,
    a: DualLike,
    y: DualLike,
    apply: Callable[[Rule, tuple[DualLike, ...]], DualLike],
    rule: Rule,
    numbers: Sequence[DualLike],
    i: int,
) -> Tangent:
    """`term`, which is slope·ȧ, where the slope is in range; elsewhere calculated again.

    Parameters
    ----------
    term, slope, a, y
        The product, the slope, the dual that has the tangent, and the value of the row.
    apply, rule, numbers, i
        The chain rule, the row, its arguments without the tangents of this level, and which of
        them a is.
    """
    here = range_of(term, slope, a, y)
    if here is None:
        return term
    where = _lost(slope, in_front(a.tangent, a.primal, y), here)
    met = _anywhere(where, shape_of(y))
    if not np.any(met):
        return term
    numbers = list(map(_of_numbers, numbers))
    args = [wider(_at(met, x, shape_of(x), isinstance(x, Pair)), here) for x in numbers]
    moving = numbers[i], _of_numbers(a.tangent)
    args[i] = dual(*[wider(_at(met, x, shape_of(a.primal)), here) for x in moving], a.level)
    try:
        product = apply(rule.table_row, tuple(args))
    except (TypeError, ValueError, ArithmeticError):  # not for such numbers
        return term
    return _with(term, where, met, product.tangent)


def range_of(*numbers: DualLike) -> Range | None:
    """The range of all numbers in these; None if some have another one, or are no numbers."""
    leaves = [leaf for x in numbers for leaf in _leaves(x)]
    if not all(is_plain(leaf, (float, complex, np.generic, np.ndarray, int)) for leaf in leaves):
        return None
    return _RANGES.get(np.result_type(*leaves).char)


def _leaves(x: DualLike) -> list[Any]:
    if _has_numbers(x):
        return _leaves(x.primal) + _leaves(x.tangent)
    return _leaves(x.primal) if isinstance(x, Pair) else [x]


def _has_numbers(x: Any) -> bool:
    """Whether this is a dual whose tangent is made of numbers, and moves as that of any dual."""
    return isinstance(x, Pair) and not isinstance(x.level, ParticipatingLevel)


def _of_numbers(x: DualLike) -> DualLike:
    """x without tangents that are not made of numbers."""
    if _has_numbers(x):
        return dual(_of_numbers(x.primal), _of_numbers(x.tangent), x.level)
    return _of_numbers(x.primal) if isinstance(x, Pair) else x


# -- where slopes are lost: for each number in slope·tangent an answer, or an array of answers --


def _is_lost(slope: Any, tangent: Any, here: Range) -> Any:
    s, t = abs(slope), abs(tangent)
    if type(s) is float and type(t) is float:
        return (s < here.faint and t > here.far) or (not s < np.inf and 0 < t < 1)
    return ((s < here.faint) & (t > here.far)) | (np.logical_not(s < np.inf) & (t > 0) & (t < 1))


def lost(slope: DualLike, g: Any) -> Any:
    """The answers for an adjoint times a slope."""
    here = range_of(slope, g)
    return False if here is None else _lost(slope, g, here)


def with_undefined(x: DualLike, where: Any) -> DualLike:
    """x, nan there."""
    if isinstance(x, Pair) and not _has_numbers(x):
        return dual(with_undefined(x.primal, where), x.tangent, x.level)
    if isinstance(x, Pair):
        first, second = where if isinstance(where, tuple) else (where, where)
        return dual(with_undefined(x.primal, first), with_undefined(x.tangent, second), x.level)
    return np.where(where, np.nan, x)[()] if np.any(where) else x


def _lost(slope: DualLike, tangent: Tangent, here: Range) -> Any:
    """The answers for a product of duals are a pair, by the product rule.

    Those for tangents that are not made of numbers are left out.
    """
    if not (isinstance(slope, Pair) or isinstance(tangent, Pair)):
        return _is_lost(slope, tangent, here)
    level = newest([slope, tangent])
    (s, s_dot), (t, t_dot) = parts(slope, level), parts(tangent, level)
    if isinstance(level, ParticipatingLevel):
        return _lost(s, t, here)
    dots = []
    if s_dot is not None:
        dots.append(_lost(in_front(s_dot, s, t), t, here))
    if t_dot is not None:
        dots.append(_lost(s, in_front(t_dot, t, s), here))
    return _lost(s, t, here), dots[0] if len(dots) == 1 else _either(*dots)


def _either(a: Any, b: Any) -> Any:
    return tuple(map(_either, a, b)) if isinstance(a, tuple) else a | b


def _anywhere(lost: Any, shape: tuple[int, ...]) -> Any:
    """At which elements any of the numbers is lost."""
    if isinstance(lost, tuple):
        return _anywhere(lost[0], shape) | _anywhere(lost[1], shape)
    many = tuple(range(np.ndim(lost) - len(shape)))
    return np.broadcast_to(np.any(lost, many) if many else lost, shape)


# -- numbers taken out there, and put back ---------------------------------------------------


def _at(met: Any, x: DualLike, shape: tuple[int, ...], is_spread: bool = True) -> DualLike:
    """The elements of x there, which has this shape behind its directions.

    A number is there everywhere; as an array, if it `is_spread`, so that it can have tangents.
    """
    if not met.ndim:
        return x
    own = len(shape)

    def taken(leaf: Any) -> Any:
        if not isinstance(leaf, np.ndarray):
            return np.full(np.count_nonzero(met), leaf) if is_spread else leaf
        many = leaf.shape[: leaf.ndim - own]
        ones = (1,) * (met.ndim - own)
        leaf = leaf.reshape(many + ones + leaf.shape[leaf.ndim - own :])
        return np.broadcast_to(leaf, many + met.shape)[..., met]

    return map_leaves(taken, x)


def _with(term: Tangent, where: Any, met: Any, product: DualLike) -> Tangent:
    """The term, where a number is lost that of the product, which is of the elements met."""
    if isinstance(term, Pair) and not _has_numbers(term):
        return dual(_with(term.primal, where, met, product), term.tangent, term.level)
    if isinstance(term, Pair):
        value, dot = parts(product, term.level)
        tangent = term.tangent if dot is None else _with(term.tangent, where[1], met, dot)
        return dual(_with(term.primal, where[0], met, value), tangent, term.level)
    kind = np.result_type(term)
    new = np.asarray(product).astype(kind)
    if np.any((np.abs(new) < np.finfo(kind).tiny) & (np.asarray(product) != 0)):
        underflow.met = True  # of which a sweep is to know: the cast does not tell
    if not isinstance(term, np.ndarray):
        return type(term)(new) if where and np.isfinite(new) else term
    is_new = np.broadcast_to(where, term.shape)
    if not met.ndim:
        return np.where(is_new & np.isfinite(new), new, term)
    result = term.copy("K")
    result[..., met] = np.where(is_new[..., met] & np.isfinite(new), new, term[..., met])
    return result


# -- numbers that are calculated with a wider exponent from the start ------------------------


def wider(x: DualLike, here: Range) -> DualLike:
    """The same numbers with a wider exponent; whole numbers stay such."""

    def wide(leaf: Any) -> Any:
        if (
            is_plain(leaf, (int, np.integer))
            or getattr(leaf, "dtype", np.dtype(float)).kind in "bui"
        ):
            return leaf
        return leaf.astype(here.wider) if is_plain(leaf, np.ndarray) else here.wider(leaf)

    if isinstance(x, Pair) and not _has_numbers(x):
        return moved(wider(x.primal, here), x.tangent, x.level)
    return map_leaves(wide, x)


def nears_end(x: DualLike, here: Range) -> bool:
    """Whether a product of such numbers may leave the range."""
    if isinstance(x, Pair):
        return nears_end(x.primal, here) or (_has_numbers(x) and nears_end(x.tangent, here))
    if type(x) is float:  # mostly
        end = 16 * math.sqrt(here.faint)
        return 0 < abs(x) < end or abs(x) > 1 / end
    size, least = np.abs(x), np.float64(16 * here.faint**0.5)  # a double, also beside float32
    return bool(np.any((size != 0) & ((size < least) | (size > 1 / least))))


def narrowed(new: DualLike, old: DualLike, here: Range) -> DualLike:
    """Numbers of a wider exponent in the old precision; the old ones where they are not finite."""
    if isinstance(new, Pair) or isinstance(old, Pair):
        level = newest([new, old])
        (value, dot), (old_value, old_dot) = parts(new, level), parts(old, level)
        if isinstance(level, ParticipatingLevel):
            result = narrowed(value, old_value, here)
            return result if dot is None else moved(result, fit(dot, result), level)
        dots = [0.0 if x is None else x for x in (dot, old_dot)]
        return dual(narrowed(value, old_value, here), narrowed(dots[0], dots[1], here), level)
    kind = np.result_type(new).char.translate(_NARROW[np.dtype(here.wider).char.lower()])
    result = np.where(np.isfinite(new), np.asarray(new).astype(kind), old)
    if isinstance(old, np.ndarray) or isinstance(new, np.ndarray):
        return result
    return result[()] if is_plain(old, np.generic) else result.item()


_NARROW = {"g": str.maketrans("gG", "dD"), "d": str.maketrans("dD", "fF")}


if ARRAY_KERNEL:
    ARRAY_KERNEL.connect_ranges(has_far, has_faint, is_finite)
