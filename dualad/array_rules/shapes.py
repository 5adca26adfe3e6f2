"""Shape and stacking functions: linear, so the tangent takes the same way as the value.

What NumPy gives as a view is a view here too, of value and tangent alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..array.algebra import even_out, linear, zero_tangent
from ..array.dualarray import DualArray
from ..array.operands import as_operand, converted, counted
from ..array.protocols import implements, implements_each, plain_answer
from ..dual import Dual
from ..kernel import ARRAY_KERNEL
from ..looks import is_plain
from ..pair import is_array, moved, plain
from ..structure import leaves, rebuild
from .common import along, array, as_dtype, axis_from_end, composing, unboxed

plain_answer(
    np.shape,
    np.ndim,
    np.size,
    np.tril_indices_from,
    np.triu_indices_from,
    np.diag_indices_from,
    np.may_share_memory,
    np.shares_memory,
    np.result_type,
    np.can_cast,
    np.min_scalar_type,
    np.common_type,
)


# -- axes in another order, or split and joined: the directions stay in front --------------


def _as_a_method(f: Callable[..., Any]) -> Callable[..., Any]:
    """f of arrays, where NumPy asks its argument for a method.

    That of one of NumPy's numbers gives such a number; others become arrays before.
    """

    def called(a: Any, *args: Any, **kwargs: Any) -> Any:
        a = as_operand(a)
        if is_array(a):
            return f(a, *args, **kwargs)
        y = f(array(a), *args, **kwargs)
        return y if np.ndim(y) or not isinstance(plain(a), np.generic) else unboxed(y)

    return called


def _permuting(f: Callable[..., Any]) -> Callable[..., Any]:
    """f only changes the order of axes."""

    @_as_a_method
    def permuted(a: Any, *args: Any, **kwargs: Any) -> Any:
        a = a[...]
        numbered = np.broadcast_to(False, range(1, np.ndim(a) + 1))
        order = [n - 1 for n in f(numbered, *args, **kwargs).shape]
        behind = [0, *(i + 1 for i in order)]
        return linear(
            lambda x: np.transpose(x, order), a, batched=lambda t: np.transpose(t, behind)
        )

    return permuted


def _reshaping(f: Callable[..., Any]) -> Callable[..., Any]:
    """f keeps the elements in their order."""

    def reshaped(a: Any, *args: Any, **kwargs: Any) -> Any:
        a = array(a)
        shape = f(np.empty(np.shape(a), np.bool_), *args, **kwargs).shape
        return linear(
            lambda x: np.reshape(x, shape),
            a[...],
            batched=lambda t: np.reshape(t, t.shape[:1] + shape),
        )

    return reshaped


implements_each(
    _permuting,
    np.transpose,
    np.permute_dims,
    np.matrix_transpose,
    np.swapaxes,
    np.moveaxis,
    np.rollaxis,
)


def viewing(f: Callable[..., Any]) -> Callable[..., Any]:
    """f gives a view, or where it cannot a copy, of one array: elements at other places."""

    def viewed(a: Any, *args: Any, **kwargs: Any) -> Any:
        a = as_operand(a)
        a = a if is_array(a) else np.stack([a])[0:1].reshape(())  # a number
        return linear(lambda x: f(x, *args, **kwargs), a)

    return viewed


implements_each(_reshaping, np.expand_dims)


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    a = as_operand(a)
    if is_array(a) and np.squeeze(plain(a), axis) is plain(a):
        return a
    return _as_a_method(_reshaping(np.squeeze))(a, axis)


@implements(np.ix_)
def ix_(*args: Any) -> Any:
    """Of numbers it makes a mesh to calculate on."""
    args = tuple(map(as_operand, args))
    places = np.ix_(*map(plain, args))
    return tuple(
        np.reshape(x, i.shape) if isinstance(x, Dual) else i
        for x, i in zip(args, places, strict=True)
    )


@implements(np.reshape)
def reshape(a: Any, /, shape: Any, order: Any = "C", *, copy: bool | None = None) -> Any:
    if order == "A":
        order = _order_of(a)
    if order != "F":
        result = _as_a_method(_reshaping(np.reshape))(a, shape)
    else:  # first axis fastest: the last one of the transpose
        turned = np.empty(np.shape(a), np.bool_).reshape(shape, order="F").shape
        result = np.transpose(np.reshape(np.transpose(a), turned[::-1]))
    is_view = np.may_share_memory(plain(result), plain(a))
    if copy is False and not is_view and plain(result).size:
        raise ValueError("Unable to avoid creating a copy while reshaping.")
    return result.copy(order) if copy and is_view else result


def _order_of(a: Any) -> Any:
    """What "A" means for an array: "F" if it lies so, else "C"."""
    a = plain(as_operand(a))
    return "F" if np.ndim(a) and a.flags.f_contiguous and not a.flags.c_contiguous else "C"


def _axes_as_they_lie(a: Any) -> list[int]:
    """The axes from the outermost in memory to the innermost, as NumPy's iterator takes them.

    Those that do not move in memory, of length 1 or broadcast, keep their places beside others.
    """
    steps = [0 if n == 1 else abs(s) for n, s in zip(a.shape, a.strides, strict=True)]
    order: list[int] = []  # from the innermost
    for axis in reversed(range(a.ndim)):
        place = len(order)
        for i in reversed(range(len(order))):
            there = steps[order[i]]
            if steps[axis] and there:
                if there <= steps[axis]:
                    break
                place = i
        order.insert(place, axis)
    return order[::-1]


@implements(np.ravel)
def ravel(a: Any, order: Any = "C") -> Any:
    a = as_operand(a)
    if order == "K" and isinstance(a, DualArray):
        even_out(a)
        return np.ravel(np.transpose(a, _axes_as_they_lie(plain(a))))
    order = _order_of(a) if order == "A" else order
    result = np.reshape(a, -1, order=order)
    # of an array with gaps, reshape still gives a view
    return result if plain(result).flags.c_contiguous else result.copy()


def _at_least(f: Callable[..., Any]) -> Callable[..., Any]:
    """f gives arrays the axes that they lack, by an index as NumPy does: those take no steps."""
    indices: dict[Any, Any] = {
        (np.atleast_2d, 1): np.s_[None, :],
        (np.atleast_3d, 1): np.s_[None, :, None],
        (np.atleast_3d, 2): np.s_[:, :, None],
    }

    def of_one(a: Any) -> Any:
        if not is_plain(a, DualArray) or not np.ndim(a):
            return _reshaping(f)(a) if isinstance(a, Dual) else f(a)
        index = indices.get((f, np.ndim(a)))
        return a if index is None else a[index]

    def raised(*arrays: Any) -> Any:
        results = tuple(of_one(as_operand(a)) for a in arrays)
        return results[0] if len(results) == 1 else results

    return raised


implements_each(_at_least, np.atleast_1d, np.atleast_2d, np.atleast_3d)


# -- parts: slices of value and tangent ----------------------------------------------------


def _along(axis: int, index: Any) -> tuple[Any, ...]:
    return (slice(None),) * axis + (index,)


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    m = array(m)
    turned = range(m.ndim) if axis is None else normalize_axis_tuple(axis, m.ndim)
    return m[tuple(slice(None, None, -1 if i in turned else 1) for i in range(m.ndim))]


@implements(np.flipud)
def flipud(m: Any) -> Any:
    return np.flip(m, 0)


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    return np.flip(m, 1)


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    np.rot90(np.broadcast_to(0, np.shape(m)), k, axes)  # raises
    first, second = axes
    if k % 4 == 0:
        return m[...]
    if k % 4 == 2:
        return np.flip(m, (first, second))
    if k % 4 == 1:
        return np.swapaxes(np.flip(m, second), first, second)
    return np.flip(np.swapaxes(m, first, second), second)


def _split(ary: Any, sections: Any, axis: int, uneven: bool = False) -> list[Any]:
    n = ary.shape[axis]
    if isinstance(sections, (int, np.integer)):
        lengths = [len(p) for p in (np.array_split if uneven else np.split)(np.arange(n), sections)]
        cuts = [0, *np.cumsum(lengths).tolist()]
    else:
        cuts = [0, *(int(i) for i in sections), n]
    pairs = pairwise(cuts)
    return [ary[_along(axis % ary.ndim, slice(start, stop))] for start, stop in pairs]


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    return _split(ary, indices_or_sections, axis)


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    return _split(ary, indices_or_sections, axis, uneven=True)


@implements(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> Any:
    np.vsplit(np.broadcast_to(0, np.shape(ary)), [])  # raises
    return _split(ary, indices_or_sections, 0)


@implements(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> Any:
    return _split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


@implements(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> Any:
    return _split(ary, indices_or_sections, 2)


if hasattr(np, "unstack"):  # NumPy 2.1

    @implements(np.unstack)
    def unstack(x: Any, /, *, axis: int = 0) -> Any:
        return tuple(np.moveaxis(x, axis, 0))


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    a, shift = array(a), rebuild(shift, plain)
    if axis is None:
        return np.reshape(np.roll(np.reshape(a, -1), shift, 0), a.shape)
    axes = normalize_axis_tuple(axis, a.ndim, allow_duplicate=True)
    axes = tuple(axis_from_end(i, a.ndim) for i in axes)
    return along(lambda t: np.roll(t, shift, axes), a)


# -- elements at other places --------------------------------------------------------------


def gathering(f: Callable[..., Any]) -> Callable[..., Any]:
    """f only moves, repeats or leaves out elements: it moves their numbers alike."""

    def gathered(a: Any, *args: Any, **kwargs: Any) -> Any:
        a = array(a)
        args, kwargs = rebuild(args, plain), rebuild(kwargs, plain)
        if not isinstance(a, Dual):
            return f(a, *args, **kwargs)
        places = f(np.arange(np.size(a)).reshape(np.shape(a)), *args, **kwargs)
        y, t = f(a.primal, *args, **kwargs), a.tangent
        if not np.size(a):  # what is new is zero
            return moved(y, zero_tangent(y, a), a.level)
        many = np.shape(t)[: np.ndim(t) - np.ndim(a)]
        tangent = np.reshape(t, (*many, np.size(a)))[(slice(None),) * len(many) + (places,)]
        return moved(y, tangent, a.level)

    return gathered


implements_each(gathering, np.repeat, np.tile, np.resize, np.delete)
implements_each(viewing, np.diagonal)


def _placing(f: Callable[..., Any]) -> Callable[..., Any]:
    """f places elements among zeros."""

    def placed(v: Any, k: int = 0) -> Any:
        return linear(lambda x: f(x, k), as_operand(v))

    return placed


implements_each(_placing, np.tril, np.triu, np.diagflat)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    if np.ndim(v) == 1:
        return _placing(np.diag)(v, k)
    np.diag(np.broadcast_to(0, np.shape(v)))  # raises
    return np.diagonal(v, k)


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return viewing(np.broadcast_to)(array, shape)


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    args = tuple(map(array, args))
    shape = np.broadcast_shapes(*map(np.shape, args))
    if all(np.shape(a) == shape for a in args):
        return args
    return tuple(np.broadcast_to(a, shape) for a in args)


@implements(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    axes = list(range(len(xi)))
    if indexing == "xy":
        axes[:2] = axes[:2][::-1]
    shapes = [[-1 if i == j else 1 for j in range(len(xi))] for i in axes]
    found = list(map(np.reshape, xi, shapes))
    if not sparse:
        found = list(np.broadcast_arrays(*found))
    return tuple(x.copy() for x in found) if copy else tuple(found)


# -- several arrays together ---------------------------------------------------------------


def _numbers_joined(f: Callable[[Any], Any], arrays: Any) -> Any:
    """f(arrays), which joins, if there are numbers alone in the arrays; else None.

    The numbers become one array at once, as those of a list do, and f says where each goes.
    """
    numbers: list[Any] = []
    places = counted(arrays, numbers)
    return None if places is None else as_operand(numbers)[np.asarray(f(places)).astype(np.intp)]


def _joining(f: Callable[..., Any]) -> Callable[..., Any]:
    """f joins a sequence of arrays."""

    def joined(arrays: Any, *args: Any, out: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
        casting = kwargs.pop("casting", "same_kind")
        numbers = _numbers_joined(lambda xs: f(xs, *args, **kwargs), arrays)
        if numbers is not None:
            return _finished(numbers, [numbers], out, dtype, casting)
        parts = [as_operand(a) for a in arrays]
        result = linear(lambda *xs: f(xs, *args, **kwargs), *parts)
        return _finished(result, parts, out, dtype, casting)

    return joined


def _finished(result: Any, parts: Sequence[Any], out: Any, dtype: Any, casting: Any) -> Any:
    """What out=, dtype= and casting= ask for."""
    if dtype is not None or casting != "same_kind":
        kinds = [np.empty(0, np.result_type(plain(a))) for a in parts]
        np.concatenate(kinds, dtype=dtype, casting=casting)  # NumPy's refusal
    if dtype is not None:
        result = converted(result, dtype)
    if out is None:
        return result
    out[...] = result  # a plain array refuses
    return out


implements_each(_joining, np.vstack, np.hstack, np.dstack, np.column_stack)


@implements(np.concatenate)
def concatenate(
    arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    numbers = _numbers_joined(lambda xs: np.concatenate(xs, axis), arrays)
    if numbers is not None:
        return _finished(numbers, [numbers], out, dtype, casting)
    parts = [as_operand(a) for a in arrays]
    if axis is None:
        if dtype is None:  # Python's numbers take the precision of the others
            dtype = np.result_type(*map(plain, parts))
        parts, axis = [np.reshape(a, -1) for a in parts], 0
    behind = axis if axis < 0 else axis - max(map(np.ndim, parts))
    result = linear(
        lambda *xs: np.concatenate(xs, axis),
        *parts,
        batched=lambda *ts: np.concatenate(ts, behind),
    )
    return _finished(result, parts, out, dtype, casting)


@implements(np.stack)
def stack(
    arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    numbers = _numbers_joined(lambda xs: np.stack(xs, axis), arrays)
    if numbers is not None:
        return _finished(numbers, [numbers], out, dtype, casting)
    parts = [as_operand(a) for a in arrays]
    behind = axis if axis < 0 else axis - 1 - max(map(np.ndim, parts))
    result = linear(
        lambda *xs: np.stack(xs, axis), *parts, batched=lambda *ts: np.stack(ts, behind)
    )
    return _finished(result, parts, out, dtype, casting)


@implements(np.block)
def block(arrays: Any) -> Any:
    numbers = _numbers_joined(np.block, arrays)
    if numbers is not None:
        return numbers
    parts = [as_operand(a) for a in leaves(arrays)]

    def f(*xs: Any) -> Any:
        each = iter(xs)
        return np.block(rebuild(arrays, lambda _: next(each)))

    return linear(f, *parts)


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    if axis is None:  # of arrays, and so numbers of Python's are in doubles
        arr, values, axis = np.ravel(as_operand(arr)), np.ravel(as_operand(values)), 0
    return np.concatenate((arr, values), axis)


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    arr, values, obj = as_operand(arr), as_operand(values), plain(obj)
    kind = np.asarray(plain(arr)).dtype
    if kind.kind not in "fc":  # NumPy would cut off the digits of the values
        values = as_dtype(values, kind)
    return linear(lambda a, v: np.insert(a, obj, v, axis), arr, values)


# -- padding -------------------------------------------------------------------------------


@composing(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    array = as_operand(array)
    if callable(mode) or mode == "empty":
        raise TypeError(
            f"np.pad with mode={mode!r} is not supported for duals; use np.concatenate."
        )
    if mode in ("edge", "reflect", "symmetric", "wrap") and options.get("reflect_type") != "odd":
        return gathering(np.pad)(array, pad_width, mode, **options)
    if mode in _STATISTICS:
        return _pad_with(getattr(np, _STATISTICS[mode]), array, pad_width, **options)
    if mode in ("reflect", "symmetric"):  # oddly
        widths, shift = _pairs(pad_width, array.ndim), int(mode == "reflect")
        if all(max(pair) <= n - shift for pair, n in zip(widths, array.shape, strict=True)):
            return _pad_oddly(array, widths, shift)
    fill = {"constant": "constant_values", "linear_ramp": "end_values"}.get(mode)
    if mode == "linear_ramp" and fill not in options:
        return _pad_with_ramps(array, pad_width)
    if fill is None or fill not in options:
        return linear(lambda x: np.pad(x, pad_width, mode, **options), array)
    ends = _in_lists(options[fill])
    if plain(array).dtype.kind not in "fc":  # which holds whole numbers of them
        return np.pad(array, pad_width, mode, **{fill: rebuild(ends, plain)})
    numbers = list(leaves(ends))
    padded: Any = np.pad(array, pad_width, mode)
    for i, end in enumerate(numbers):  # linear in each of them
        unit = _unit(ends, i)
        share: Any = np.pad(np.zeros(np.shape(array)), pad_width, mode, **{fill: unit})
        padded = padded + share * end
    return padded


def _in_lists(x: Any) -> Any:
    """The numbers of an array in nested lists; of lists and tuples as they are."""
    return [_in_lists(part) for part in x] if is_array(x) and np.ndim(x) else x


def _unit(structure: Any, i: int) -> Any:
    """1 in place i of a structure of numbers, 0 elsewhere."""
    numbers = itertools.count()
    return rebuild(structure, lambda _: float(next(numbers) == i))


_STATISTICS = {"maximum": "max", "minimum": "min", "median": "median", "mean": "mean"}


def _pad_with(
    statistic: Callable[..., Any], a: Any, pad_width: Any, stat_length: Any = None
) -> Any:
    """One axis after the other, each end filled with a statistic of its neighbourhood."""
    widths = _pairs(pad_width, a.ndim)
    lengths = _pairs(stat_length, a.ndim)
    for axis, ((before, after), (first, last)) in enumerate(zip(widths, lengths, strict=True)):
        n = a.shape[axis]
        left = statistic(a[_along(axis, slice(0, first))], axis=axis, keepdims=True)
        right = statistic(
            a[_along(axis, slice(0 if last is None else max(0, n - last), n))],
            axis=axis,
            keepdims=True,
        )
        a = np.concatenate((np.repeat(left, before, axis), a, np.repeat(right, after, axis)), axis)
    return a


def _pad_oddly(a: Any, widths: list[tuple[int, int]], shift: int) -> Any:
    """One axis after the other, mirrored at its edge, which is left out by a shift of 1."""
    for axis, (before, after) in enumerate(widths):
        n = a.shape[axis]
        first, last = a[_along(axis, slice(0, 1))], a[_along(axis, slice(-1, None))]
        left = np.flip(a[_along(axis, slice(shift, shift + before))], axis)
        right = np.flip(a[_along(axis, slice(n - shift - after, n - shift))], axis)
        a = np.concatenate((2 * first - left, a, 2 * last - right), axis)
    return a


def _pad_with_ramps(a: Any, pad_width: Any) -> Any:
    """One axis after the other, from zero to the edge."""
    for axis, (before, after) in enumerate(_pairs(pad_width, a.ndim)):
        first, last = a[_along(axis, slice(0, 1))], a[_along(axis, slice(-1, None))]
        left, right = (
            np.reshape(np.arange(n) / max(n, 1), (-1, *[1] * (a.ndim - 1 - axis)))
            for n in (before, after)
        )
        a = np.concatenate((first * left, a, last * np.flip(right)), axis)
    return a


def _pairs(given: Any, ndim: int) -> list[tuple[Any, Any]]:
    """(before, after) for each axis, from NumPy's short forms."""
    if given is None:
        return [(None, None)] * ndim
    if isinstance(given, dict):
        pairs: Sequence[Any] = [given.get(i, given.get(i - ndim, 0)) for i in range(ndim)]
        return [(p, p) if np.ndim(p) == 0 else (p[0], p[1]) for p in pairs]
    return [(int(b), int(a)) for b, a in np.broadcast_to(given, (ndim, 2))]


# -- where there is nothing else to do ----------------------------------------------------

# With a kernel, these of arrays of one level are NumPy's own of the values and of the tangents.
if ARRAY_KERNEL:
    ARRAY_KERNEL.connect_moving(
        (
            *(np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.matrix_transpose),
            *(np.expand_dims, np.squeeze, np.flip, np.flipud, np.fliplr, np.rot90, np.roll),
            *(np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack),
            *(np.repeat, np.tile, np.take, np.diag, np.diagonal, np.triu, np.tril),
            *(np.broadcast_to, np.delete, np.cumsum),
        )
    )
