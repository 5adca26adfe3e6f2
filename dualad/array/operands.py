"""What array functions take: duals, arrays, lists and arrays of duals, and what stands for them."""

from __future__ import annotations

import opcode
import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..conversions import as_number
from ..dual import Dual
from ..kernel import KERNEL
from ..looks import is_plain, is_sequence
from ..namespaces import is_exact
from ..pair import as_primal, is_array, moved, plain
from ..structure import leaves, rebuild
from .algebra import linear

_MATCH_CLASS = opcode.opmap["MATCH_CLASS"]


class ArrayProxy:
    """What stands for an array, without being one; `content` is the array as it is now."""

    __slots__ = ()

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """What it stands for, if `match` asks; lifted code has an `isinstance` of its own."""
        asking = sys._getframe(1)
        is_matched = asking.f_code.co_code[asking.f_lasti] == _MATCH_CLASS
        return np.ndarray if is_matched else type(self)

    @property
    def content(self) -> Any:
        """The array: an ndarray or a DualArray."""
        raise NotImplementedError


def unbuffered(x: Any) -> Any:
    """The array that x stands for, if it does; everything else as it is."""
    return x.content if issubclass(type(x), ArrayProxy) else x


def as_operand(x: Any) -> Any:
    """What array functions take: a dual, or an array; lists and arrays of duals become one."""
    kind = type(x)
    if kind is np.ndarray:
        return from_objects(x)
    if kind is float:
        return x
    if kind is list and (kinds := set(map(type, x))) <= SINGLE:
        if kinds <= _FLOATS:
            return np.asarray(x)
        return from_objects(np.fromiter(x, object, len(x)))  # which asks them nothing
    if kind in (list, tuple) and {np.ndarray} < {np.ndarray, *map(type, x)} <= ARRAYS:
        return _stacked(x)
    x = unbuffered(x)
    if is_sequence(x):
        x = listed(x)
        if any(isinstance(part, (Dual, ArrayProxy)) for part in leaves(x)):
            if SINGLE.issuperset(map(type, x)):
                return from_objects(np.fromiter(x, object, len(x)))
            if any(map(_is_float_by_method, leaves(x))):
                x = rebuild(x, lambda v: float(v) if _is_float_by_method(v) else v)
            return _stacked([_row(part) for part in x])
        x = np.asarray(x)
    return from_objects(x) if is_plain(x, np.ndarray) else x


def _stacked(rows: Any) -> Any:
    """An array of these rows; NumPy's own error where they have different shapes."""
    try:
        return np.stack(rows)
    except ValueError:
        np.asarray([plain(unbuffered(row)) for row in rows])
        raise


def _row(x: Any) -> Any:
    """The same of what lies in a list: of a range or an array.array too, as NumPy takes it."""
    y = as_operand(x)
    return y if isinstance(y, Dual) or not hasattr(type(y), "__len__") else np.asarray(y)


def listed(x: Any) -> Any:
    """A sequence as nested lists or tuples, if it is not of these alone."""
    if isinstance(x, (list, tuple)) and SINGLE.issuperset(map(type, x)):
        return x
    parts = [listed(part) if is_sequence(part) else part for part in x]
    is_listed = isinstance(x, (list, tuple)) and all(map(operator.is_, parts, x))
    return x if is_listed else parts


def _is_float_by_method(x: Any) -> bool:
    """Whether x is of a class of integers with a `__float__` of its own.

    NumPy asks that for the float in an array of floats, and takes the integer everywhere else.
    """
    kind = type(x)
    return issubclass(kind, int) and kind.__float__ is not int.__float__


ARRAYS: set[type] = {np.ndarray}  # and DualArray
_NUMBERS = (float, complex, int, np.number)
# What the kernel puts together at once, as a right-hand side of a differential equation gives it.
_FLOATS = frozenset((float, np.float64))
SINGLE = frozenset((KERNEL.Dual, KERNEL.Recorded, *_FLOATS)) if KERNEL else frozenset()


def counted(x: Any, numbers: list[Any]) -> Any:
    """Nested lists of numbers, which are added to `numbers`, as those of their places there.

    None if there is anything in them that the kernel does not put together at once.
    """
    if type(x) in SINGLE:
        numbers.append(x)
        return len(numbers) - 1
    if not isinstance(x, (list, tuple)):
        return None
    if SINGLE.issuperset(map(type, x)):
        numbers.extend(x)
        return list(range(len(numbers) - len(x), len(numbers)))
    found = []
    for part in x:
        places = counted(part, numbers)
        if places is None:
            return None
        found.append(places)
    return found


def from_objects(x: Any) -> Any:
    """An array of objects with duals among them as one DualArray; of numbers, or empty, of numbers.

    Other arrays are left as they are.
    """
    if x.dtype.char != "O":
        return x
    found = KERNEL and KERNEL.together(x)
    if found is not None:
        return moved(*found)
    flat = list(x.ravel())
    if not any(isinstance(e, Dual) for e in flat):
        are_numbers = all(isinstance(e, _NUMBERS) for e in flat)
        return np.array(flat).reshape(x.shape) if are_numbers else x
    has_exact = any(is_exact(plain(e)) for e in flat)
    flat = [e if has_exact and type(e) is int else as_primal(e) for e in flat]
    return linear(lambda *elements: np.stack(elements).reshape(x.shape), *flat)


def as_objects(x: Any, number: Callable[[Any], Any] = as_number) -> Any:
    """The elements of x in an array of objects: Python's numbers, as NumPy makes of its own."""
    x = unbuffered(x)
    if not isinstance(x, Dual):
        return np.asarray(x, dtype=object)
    elements: Any = x
    objects = np.empty_like(plain(x), dtype=object, subok=False)  # in the order of x in memory
    apart = KERNEL.apart(x) if KERNEL and number is as_number else None
    if apart is not None:
        objects[...] = np.fromiter(apart, object, len(apart)).reshape(objects.shape)
    elif not is_array(x):
        objects[()] = number(x)
    elif x.ndim == 1:  # objects[i] = … would ask them whether they are sequences
        objects[:] = np.fromiter(map(number, elements), object, len(elements))
    else:
        for index in np.ndindex(objects.shape):
            objects[index] = number(elements[index])
    return objects


def converted(x: Any, dtype: Any) -> Any:
    """np.astype, which came with NumPy 2.1."""
    x = as_operand(x)
    return x.astype(dtype) if is_array(x) else np.stack([x]).astype(dtype)[0]
