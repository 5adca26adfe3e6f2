"""The pair of primal and tangent: how it is made, taken apart, and moved to other numbers.

A tangent has its primal's shape, or one leading axis more: the directions. What is done to it
here and in the rooms below uses NumPy's functions and operators, which dispatch, so that a
tangent may itself be a dual of an older level, or whatever else a level brings along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .kernel import KERNEL
from .kinds import DualLike, Number, Tangent
from .levels import HAND_MADE, ParticipatingLevel, advance_clock_past
from .looks import is_plain
from .memory import copied, laid_out_like
from .mixing import MIXING, note_mixing
from .namespaces import is_number
from .numerics import quiet

Function = Callable[..., Any]
Kind: Any = KERNEL.Kind if KERNEL else type  # compiled duals are instances of the classes, too


class Pair(metaclass=Kind):  # type: ignore[metaclass]
    """A primal and its tangent at a level. `Dual` adds what can be done with it."""

    __slots__ = ("primal", "tangent", "level")
    primal: DualLike
    tangent: Tangent
    level: int

    def __dir__(self) -> Any:
        return {*dir(type(self)), *dir(plain(self))}


# -- making one ----------------------------------------------------------------------------

# The class of duals, by the type of the primal. Subclasses count as what they derive from;
# whatever is not here makes a Dual.
DUAL_OF: dict[type, type[Pair]] = {}


def kind_of(primal: DualLike) -> type[Pair]:
    """The class of duals that have such a primal."""
    kind = DUAL_OF.get(type(primal)) or DUAL_OF.get(primal.__class__)
    if kind is None:
        known = (DUAL_OF[base] for base in primal.__class__.__mro__ if base in DUAL_OF)
        kind = DUAL_OF[primal.__class__] = next(known, DUAL_OF[object])
    return kind


def readable_dual(primal: DualLike, tangent: Tangent, level: Any) -> DualLike:
    """Put a dual together from parts that fit; nothing is checked."""
    if type(level) is not int and (made := level.made(primal, tangent)) is not NotImplemented:
        return made
    return of_parts(primal, tangent, level)


def of_parts(primal: DualLike, tangent: Tangent, level: Any) -> DualLike:
    """The readable dual, about which no level is asked."""
    if MIXING and is_array(primal):
        note_mixing(level)
    result = object.__new__(kind_of(primal))
    result.primal = primal
    result.tangent = tangent
    result.level = level
    return result


# Duals of real floats come from the compiled kernel, if there is one; it hands over in all
# other cases.
dual: Function = KERNEL.dual if KERNEL else readable_dual


def moved(primal: DualLike, tangent: Tangent, level: Any) -> DualLike:
    """The dual whose tangent is linear, direction by direction, in those that it comes from.

    So are a series' coefficients; what knows first derivatives alone makes a `dual`.
    """
    made = NotImplemented if type(level) is int else level.moved(primal, tangent)
    return dual(primal, tangent, level) if made is NotImplemented else made


def restored(primal: DualLike, tangent: Tangent, level: int) -> DualLike:
    return dual(primal, tangent, advance_clock_past(level))


def hand_made(primal: DualLike, tangent: Tangent) -> DualLike:
    """The dual that a user writes down, its parts checked and copied.

    Raises
    ------
    TypeError
        If primal or tangent is not a number.
    ValueError
        If the tangent's shape does not fit.
    """
    primal, tangent = as_primal(primal), as_primal(tangent)
    shape, tangent_shape = np.shape(primal), np.shape(tangent)
    if shape not in (tangent_shape, tangent_shape[1:]):
        raise ValueError(
            f"a tangent has its value's shape {shape}, or one leading axis more; "
            f"got shape {tangent_shape}."
        )
    primal, tangent = (x.copy("K") if is_array(x) else x for x in (primal, tangent))
    return dual(primal, laid_out_like(plain(primal), tangent), HAND_MADE)


def as_primal(x: DualLike) -> DualLike:
    """A number of a system we know; integers and booleans become floats."""
    if isinstance(x, Pair):
        return x
    if not is_number(x):
        raise TypeError(
            f"a Dual is made of numbers or NumPy arrays, got {type(x).__name__}"
            + ("; write np.array(x)." if isinstance(x, (list, tuple)) else ".")
        )
    if isinstance(x, (np.integer, np.bool_)):
        return np.float64(x)
    if isinstance(x, int):
        return float(x)
    if isinstance(x, np.ndarray) and x.dtype.kind in "biu":
        return x.astype(float)
    if isinstance(x, np.ndarray) and x.dtype == object:
        raise TypeError("a Dual takes arrays of floats or complex numbers, got one of objects.")
    return x


def own(x: DualLike) -> DualLike:
    """A copy of an array that lies in memory as it does, so that nobody else can change it."""
    if isinstance(x, Pair):
        if not is_array(x):
            return x
        if type(x) is kind_of(x.primal):
            return moved(own(x.primal), own(x.tangent), x.level)
        return np.copy(x, "K")  # type: ignore[call-overload]
    if isinstance(x, np.ndarray):
        return copied(x) if type(x) is np.ndarray else x.copy("K")
    return np.copy(x) if hasattr(type(x), "__array_function__") else x


def zero_like(level: int, tangent: Tangent, shape: tuple[int, ...], dtype: Any = None) -> Tangent:
    """A zero of this full shape, directions included, of the kind of a tangent of the level.

    `dtype` is its precision if the tangent is made of floats; by default that of the tangent.
    """
    if isinstance(level, ParticipatingLevel):
        zero = level.zero_like(tangent, shape)
        if zero is not NotImplemented:
            is_complex = dtype is not None and np.dtype(dtype).kind == "c"  # of a real one, too
            return zero.astype(dtype) if is_complex else zero
    if isinstance(tangent, Pair):  # at all its levels
        many = shape_of(tangent.tangent)[: len(shape_of(tangent.tangent)) - len(shape_of(tangent))]
        return moved(
            zero_like(level, tangent.primal, shape, dtype),
            zero_like(tangent.level, tangent.tangent, many + shape, dtype),
            tangent.level,
        )
    if shape or isinstance(tangent, np.ndarray):
        is_objects = isinstance(tangent, np.ndarray) and tangent.dtype.kind == "O"
        return np.zeros(shape, tangent_dtype(tangent) if dtype is None or is_objects else dtype)
    return 0.0 if isinstance(tangent, float) else type(tangent)(0)


def tangent_dtype(x: DualLike) -> Any:
    """The dtype of tangents that belong to x."""
    return np.result_type(getattr(plain(x), "dtype", type(plain(x))), np.float16)


# -- taking it apart -----------------------------------------------------------------------


def parts(x: DualLike, level: int) -> tuple[Any, Any]:
    """Primal and tangent of x at a level; the tangent is None if x is constant there."""
    if isinstance(x, Pair) and x.level == level:
        return x.primal, x.tangent
    return x, None


def newest(args: Sequence[Any]) -> int:
    """The newest level among the arguments, which is the one to be differentiated."""
    return max([a.level for a in args if isinstance(a, Pair)])


def plain(x: DualLike) -> Number:
    """The number itself, without the tangents of any level."""
    while isinstance(x, Pair):
        x = x.primal
    return x


def map_leaves(f: Function, x: DualLike) -> DualLike:
    """Apply f to all plain numbers inside a (nested) dual."""
    if isinstance(x, Pair):
        return moved(map_leaves(f, x.primal), map_leaves(f, x.tangent), x.level)
    return f(x)


def shape_of(x: DualLike) -> tuple[int, ...]:
    """The shape of a number or an array, or of a dual of any level."""
    shape: tuple[int, ...] = getattr(plain(x), "shape", ())
    return shape


def is_array(x: DualLike) -> bool:
    """Whether x is an array, or a dual of one."""
    while isinstance(x, Pair):
        x = x.primal
    return isinstance(x, np.ndarray)


def is_operand(x: DualLike) -> bool:
    """Whether x is something to calculate with: a dual, or a number of a system we know."""
    return isinstance(x, Pair) or is_number(x)


def fit(tangent: Tangent, y: DualLike) -> Tangent:
    """The tangent in the precision of its primal: float32 stays float32; numbers are Python's.

    That of a complex array is complex, so that its parts can be viewed as those of its primal are;
    that of a complex number, of which there are no views, stays real where it is.
    """
    if is_plain(tangent, np.generic):
        return tangent.item()
    here, there = (getattr(plain(x), "dtype", None) for x in (tangent, y))
    if here is None or there is None or here == there:
        return tangent
    if here.kind != there.kind and not (here.kind == "f" and there.kind == "c" and is_array(y)):
        return tangent
    with quiet():  # the plain run has no such cast
        return map_leaves(lambda t: t.astype(there) if hasattr(t, "dtype") else t, tangent)
