"""What the families share: array-likes, axes, out=, dtype=."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..array.algebra import linear, with_shape
from ..array.dualarray import DualArray
from ..array.operands import (
    ArrayProxy,
    as_objects,
    as_operand,
    converted,
    from_objects,
    unbuffered,
)
from ..array.protocols import ARRAY_FUNCTIONS, implements
from ..dual import Dual
from ..looks import is_plain
from ..numerics import plainly, quiet
from ..pair import fit, is_array, map_leaves, moved, newest, parts, plain
from ..refusals import MAKE_ROOM
from ..structure import leaves, rebuild


def array(x: Any) -> Any:
    """An array-like with its shape: a dual, or an array."""
    x = as_operand(x)
    if not isinstance(x, Dual):
        return np.asarray(x)
    return x if is_array(x) else with_shape(x)


def in_order_of(x: np.ndarray[Any, Any], y: Any) -> Any:
    """An array of duals, new, with its axes in memory in the order of those of x."""
    if x.flags.c_contiguous:
        return y
    axes = sorted(range(x.ndim), key=lambda i: -abs(x.strides[i]))
    return np.transpose(np.transpose(y, axes).copy("C"), np.argsort(axes))


def as_floats(x: Any) -> Any:
    """Whole numbers of NumPy's as doubles: their own types may not hold their differences."""
    kind = getattr(getattr(x, "dtype", None), "kind", "")
    return x.astype(np.float64) if kind and kind in "biu" else x


def in_double(a: Any) -> Any:
    """An array in double precision, as some functions of NumPy take it whatever its type is."""
    number = plain(a)
    dtype = np.dtype(np.complex128 if np.iscomplexobj(number) else np.float64)
    return a if number.dtype == dtype else converted(a, dtype)


def unboxed(x: Any) -> Any:
    """An array without axes as the number that NumPy's reductions give."""
    return x[()] if isinstance(x, (np.ndarray, DualArray)) else x


def has_duals(*given: Any) -> bool:
    """Whether there is a dual among these: also in containers, and in arrays of objects.

    >>> has_duals(1.0, [2.0, {"rate": Dual(3.0, 1.0)}]), has_duals(1.0, np.ones(2))
    (True, False)
    """
    for x in given:
        if isinstance(x, Dual):
            return True
        if is_plain(x, np.ndarray):
            if x.dtype.char == "O" and any(isinstance(e, Dual) for e in x.flat):
                return True
        elif isinstance(x, (list, tuple)):
            if has_duals(*x):
                return True
        elif isinstance(x, dict):
            if has_duals(*x.values()):
                return True
        elif isinstance(x, ArrayProxy) and has_duals(x.content):
            return True
    return False


def duals_in(*given: Any) -> list[Any]:
    """These duals; an array of objects counts as one.

    >>> duals_in([Dual(2.0, 1.0), 1.0], np.ones(2))
    [Dual(2.0, 1.0)]
    """
    return [as_operand(x) for x in leaves(given) if has_duals(x)]


def along(f: Callable[..., Any], *args: Any) -> Any:
    """`linear` for an f that takes tangents with directions in front just like values.

    That is, f names its axes from the end, or works on whole rows.
    """
    return linear(f, *args, batched=f) if has_duals(*args) else f(*args)


def axis_from_end(axis: Any, ndim: int) -> int:
    """The axis counted from the end, where directions in front do not shift it."""
    return int(normalize_axis_index(axis, ndim)) - ndim


def axes_from_end(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes (an index, several, or None for all) counted from the end."""
    if axis is None:
        return tuple(range(-ndim, 0))
    if isinstance(axis, int):
        return (normalize_axis_index(axis, ndim) - ndim,)
    return tuple([i - ndim for i in normalize_axis_tuple(axis, ndim)])


def reduced_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """The same as ufuncs take them: several are a tuple, and True is none."""
    if axis is None:
        return axes_from_end(None, ndim)
    axes = axis if isinstance(axis, tuple) else (axis,)
    if ndim:  # where there are no axes, NumPy counts them before it looks at what they are
        refuse_bool(axes)
    return axes_from_end(tuple(map(operator.index, axes)), ndim)


def refuse_bool(axes: tuple[Any, ...]) -> None:
    """Refuse True and False where NumPy takes other integers only."""
    if any(isinstance(i, bool) for i in axes):
        raise TypeError("an integer is required")  # as NumPy says


def passing(axis: Any, a: Any) -> Any:
    """The axis of a reduction; none where NumPy lets one pass that is not there."""
    if isinstance(axis, tuple):
        refuse_bool(axis)
        return axis
    return () if axis is not None and _is_let_pass(axis, a) else axis


def _is_let_pass(axis: Any, a: Any) -> bool:
    """Whether this is axis 0 or -1 of what has no axes."""
    refuse_bool((axis,))
    return operator.index(axis) in (0, -1) and not array(a).ndim


def with_axis(a: Any, axis: Any) -> tuple[Any, Any]:
    """An array and its axis; all elements in one for None, and where NumPy lets one pass."""
    if axis is None or _is_let_pass(axis, a):
        return np.reshape(a, -1), -1
    return a, axis


def merged(a: Any, axis: Any) -> Any:
    """The given axes of a as one, which is the last."""
    axes = axes_from_end(axis, a.ndim)
    if axes == (-1,):
        return a
    rest = [n for i, n in enumerate(a.shape) if i - a.ndim not in axes]
    if rest:
        a = np.moveaxis(a, axes, range(-len(axes), 0))
    return np.reshape(a, (*rest, int(np.prod(a.shape[len(rest) :]))))


def reduced(shape: tuple[int, ...], axis: Any, keepdims: bool) -> tuple[int, ...]:
    """What a reduction over the axes leaves of a shape."""
    ndim, axes = len(shape), axes_from_end(axis, len(shape))
    places = [(1 if i - ndim in axes else n) for i, n in enumerate(shape)]
    return tuple(n for i, n in enumerate(places) if keepdims or i - ndim not in axes)


def valued(
    f: Callable[..., Any], composed: Callable[..., Any], args: Any, kwargs: dict[str, Any]
) -> Any:
    """What f gives for these arguments, with the tangents of what is composed to give the same.

    So the values, and all that NumPy has to say about them, are those of the plain run.
    """

    def operand(x: Any) -> Any:
        return from_objects(x) if is_plain(x, np.ndarray) else unbuffered(x)

    args, kwargs = rebuild(args, operand), rebuild(kwargs, operand)
    duals = [x for x in leaves([args, kwargs]) if isinstance(x, Dual)]
    if not duals:
        with plainly():
            return f(*args, **kwargs)
    level = newest(duals)

    def primal(x: Any) -> Any:
        return parts(x, level)[0]

    with quiet():
        result = composed(*args, **kwargs)
    args, kwargs = rebuild(args, primal), rebuild(kwargs, primal)
    if f in ARRAY_FUNCTIONS and any(isinstance(x, Dual) for x in leaves([args, kwargs])):
        y = ARRAY_FUNCTIONS[f](*args, **kwargs)  # an older level may have its own way, as series do
    else:
        y = valued(f, composed, args, kwargs)
    return _paired(y, result, level)


def _paired(y: Any, result: Any, level: int) -> Any:
    if isinstance(y, (list, tuple)):
        parts_of_y = [_paired(part, r, level) for part, r in zip(y, result, strict=True)]
        return type(y)(*parts_of_y) if hasattr(y, "_fields") else type(y)(parts_of_y)
    tangent = parts(as_operand(result), level)[1]
    if tangent is None:
        return y
    if is_array(y) and not is_array(tangent):  # an array without axes
        tangent = with_shape(tangent)
    # a view of the tangent of an operand must not stay one where the value is no view of its value
    return moved(y, map_leaves(_owned, fit(tangent, y)), level)


def _owned(x: Any) -> Any:
    return x if getattr(x, "base", None) is None else x.copy()


def composing(*numpy_functions: Callable[..., Any]) -> Callable[..., Any]:
    """Enter what is composed to give the same as these functions, whose values it has."""

    def enter(composed: Callable[..., Any]) -> Callable[..., Any]:
        code = composed.__code__
        names = code.co_varnames[: code.co_argcount]
        place = names.index("out") if "out" in names else None

        def with_values_of(f: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                out = kwargs.pop("out", None)
                if place is not None and len(args) > place:
                    out, args = args[place], (*args[:place], None, *args[place + 1 :])
                return into(out, valued(f, composed, args, kwargs))

            return call

        for f in numpy_functions:
            implements(f)(with_values_of(f))
        return composed

    return enter


def with_value(y: Any, result: Any) -> Any:
    """y, calculated by NumPy itself, with the tangent of a result that was composed."""
    return moved(y, fit(result.tangent, y), result.level) if has_duals(result) else y


def as_dtype(a: Any, dtype: Any) -> Any:
    """a in another precision; whole numbers have no derivative."""
    if dtype is None:
        return a
    if has_duals(a) and np.dtype(dtype).kind not in "fc":
        raise TypeError(
            f"dtype={np.dtype(dtype)} would lose the derivatives; give a float or complex dtype, "
            "or pass getattr(x, 'primal', x) for the plain array."
        )
    return converted(a, dtype)


def into(out: Any, y: Any) -> Any:
    """y, stored in `out` if one is given."""
    if out is None:
        return y
    if isinstance(out, tuple):
        (out,) = out
    if np.shape(plain(out)) != np.shape(plain(y)):
        raise ValueError(
            f"out= has shape {np.shape(plain(out))}, but the result has shape {np.shape(plain(y))}."
        )
    if np.iscomplexobj(plain(y)) and not np.iscomplexobj(plain(out)):
        raise TypeError("out= is real, but the result is complex; make out= a complex array.")
    if is_plain(out, np.ndarray) and has_duals(y) and out.dtype != object:
        raise TypeError(
            f"out= is a plain array of {out.dtype}, which cannot hold derivatives; make it with "
            "np.zeros_like(x), or omit out=."
        )
    store(out, ..., y)
    return out


def store(target: Any, index: Any, x: Any) -> None:
    """target[index] = x, in an array that has room for the derivatives of x."""
    if is_plain(target, np.ndarray) and has_duals(x):
        if target.dtype != object:
            raise TypeError(
                f"a plain array of {target.dtype} was to be written to, which cannot hold "
                f"derivatives; {MAKE_ROOM}."
            )
        x = as_objects(x)
    elif not isinstance(target, (np.ndarray, DualArray)):
        raise TypeError(f"an array was to be written to, got {type(target).__name__}.")
    target[index] = x
