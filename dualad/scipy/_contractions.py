"""Multilinear functions that SciPy alone knows: forward, backward and to any order, in one theorem.

A multilinear function y(x₁, …, xₙ) is a multilinear form T = Σ y·g of n + 1 arguments; the function
is its partial in g, and its transpose in x₁ the partial in x₁, which is multilinear again. So the
partials, on plain arrays, are all there is to know.

>>> import numpy as np
>>> scaled = Contraction(lambda g: 3 * g, lambda x: 3 * x)
>>> from dualad import Dual
>>> scaled.of(Dual(np.ones(2), np.array([1.0, 0.0])))
DualArray([3., 3.], [3., 0.])
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import ndimage as _ndimage
from scipy import signal as _signal

from ..array.algebra import linear, multilinear
from ..array.operands import as_operand
from ..array_rules.common import has_duals
from ..forms import Form, made_of
from ..pair import plain, shape_of
from ..patterns import Pattern

Function = Callable[..., Any]

_BLOCK = 256  # rows of a matrix that are made at once
_EACH = 1 << 20  # how many numbers a pattern looks at; with more, all depends on all


class Contraction:
    """A multilinear form by its partials on plain arrays.

    Parameters
    ----------
    *partials : callable
        The partial in each argument, in their order; each takes the other arguments in theirs. The
        last argument is the adjoint of the result, so the last partial is the function itself.
    """

    def __init__(self, *partials: Function) -> None:
        self.partials = partials

    def of(self, *args: Any) -> Any:
        """The function of arrays, duals and tangents of all kinds."""
        return self.partial(len(self.partials) - 1, *args)

    def partial(self, slot: int, *others: Any) -> Any:
        """The partial in one argument, at the others."""
        for j, x in enumerate(others):
            if isinstance(x, Form):
                return self._recorded(slot, others, j)
            if isinstance(x, Pattern):
                return self._pattern(slot, others, j)
        if not has_duals(*others):
            return self.partials[slot](*others)
        f = functools.partial(self.partial, slot)
        return linear(f, *others) if len(others) == 1 else multilinear(f, *others)

    def _at(self, slot: int, others: Sequence[Any], j: int, x: Any) -> Any:
        """The plain partial, with x in place of one of the others."""
        return self.partials[slot](*(x if i == j else plain(v) for i, v in enumerate(others)))

    def _recorded(self, slot: int, others: Sequence[Any], j: int) -> Form:
        x = others[j]
        y = np.asarray(self._at(slot, others, j, np.zeros(x.shape, x.dtype)))
        slots = [i for i in range(len(self.partials)) if i != slot]
        source = slots[j]
        given = {i: v for i, v in zip(slots, others, strict=True) if i != source}

        def pull(g: Any) -> Any:
            front = shape_of(g)[: len(shape_of(g)) - y.ndim]
            if not front:
                return (self._back(source, {**given, slot: g}),)
            rows = np.reshape(g, (-1, *y.shape))
            each = [self._back(source, {**given, slot: row}) for row in rows]
            return (np.reshape(np.stack(each), front + x.shape),)

        return made_of(y.shape, y.dtype, [x], pull)

    def _back(self, source: int, given: dict[int, Any]) -> Any:
        return self.partial(source, *(given[i] for i in sorted(given)))

    def _pattern(self, slot: int, others: Sequence[Any], j: int) -> Pattern:
        x = others[j]
        sets, numbers = x.sets, np.ravel(x.numbers)
        shape = np.shape(self._at(slot, others, j, np.zeros(x.shape)))
        size = int(np.prod(shape))
        if numbers.size * size > _EACH:
            union = sets.union(numbers[None])[0]
            return Pattern(sets, np.full(shape, union)[()])
        units = np.eye(numbers.size).reshape(numbers.size, *x.shape)
        each = [np.ravel(self._at(slot, others, j, unit)) != 0 for unit in units]
        mask = np.reshape(each, (numbers.size, size)).T
        return Pattern(sets, np.reshape(sets.union(np.where(mask, numbers, 0)), shape)[()])


def along_last(f: Function, x: Any, back: Function | None = None) -> Any:
    """A linear f that maps the rows of an array, plain or with tangents.

    Parameters
    ----------
    f : callable
        Of an array of shape (…, n), in plain numbers, to one of shape (…, m).
    x : array or dual, shape (…, n)
    back : callable, optional
        The transpose, from (…, m) to (…, n); without it f is asked for its matrix, a few rows at a
        time, when there is a way back.
    """
    n = shape_of(x)[-1]

    def by_matrix(g: Any) -> Any:
        found = []
        for start in range(0, n, _BLOCK):
            rows = f(np.eye(min(_BLOCK, n - start), n, start))
            found.append(g @ np.swapaxes(rows, -1, -2))
        return np.concatenate(found, axis=-1) if found else np.zeros((*np.shape(g)[:-1], 0))

    return Contraction(back or by_matrix, f).of(x)


def along(f: Function, x: Any, axis: int = -1, back: Function | None = None) -> Any:
    """The same along any axis; f and `back` work along the last."""
    moved = np.moveaxis(x, axis, -1)
    return np.moveaxis(along_last(f, moved, back), -1, axis)


# -- convolution ---------------------------------------------------------------------------


def _convolved(axes: tuple[int, ...] | None) -> Contraction:
    def back(b: Any, g: Any) -> Any:
        if axes is None:
            return _signal.convolve(g, np.flip(b), "valid")
        return _signal.fftconvolve(g, np.flip(b, axes), "valid", axes)

    def full(a: Any, b: Any) -> Any:
        return _signal.convolve(a, b) if axes is None else _signal.fftconvolve(a, b, axes=axes)

    return Contraction(back, back, full)


def convolution(a: Any, b: Any, axes: tuple[int, ...] | None = None) -> Any:
    """The full convolution of two arrays of as many axes, plain or with tangents.

    Along `axes`, by default all of them; along the others the arrays have the same lengths.
    """
    return _convolved(axes).of(a, b)


def _windowed(x: Any, w: Any) -> Any:
    y = _ndimage.correlate(x, w, mode="constant")
    return y[
        tuple(slice(m // 2, m // 2 + n - m + 1) for n, m in zip(x.shape, w.shape, strict=True))
    ]


def _spread(w: Any, g: Any) -> Any:
    """The transpose of `_windowed` in x."""
    return _windowed(np.pad(g, [(m - 1, m - 1) for m in w.shape]), np.flip(w))


def _moments(x: Any, g: Any) -> Any:
    """The transpose of `_windowed` in w."""
    shape = tuple(n - m + 1 for n, m in zip(x.shape, g.shape, strict=True))
    each = [
        np.sum(g * x[tuple(slice(i, i + m) for i, m in zip(place, g.shape, strict=True))])
        for place in np.ndindex(shape)
    ]
    return np.reshape(each, shape)


_WINDOWED = Contraction(_spread, _moments, _windowed)


def windowed(x: Any, w: Any) -> Any:
    """Sums of windows of x, weighted with w, of as many axes; only whole windows."""
    return _WINDOWED.of(x, w)


# -- filters that choose --------------------------------------------------------------------


def chosen(f: Function, x: Any, outside: Any = 0.0) -> Any:
    """What a filter chooses, which gives one of the numbers that it sees, by their order.

    Such a filter does to the ranks of numbers what it does to the numbers, so the ranks tell which
    one it has taken. Of several that are equal, the first and the last count with one half each.

    Parameters
    ----------
    f : callable
        The filter, of a plain array and of the number that stands outside of it.
    x : array or dual
    outside : number or dual
        That number.
    """
    x = as_operand(x)
    flat, shape = np.reshape(x, -1), np.shape(x)
    value, limit, n = plain(flat), plain(outside), int(np.size(x))

    def places(order: Any, is_below: Any) -> Any:
        """The places that it takes, if numbers have this order, and these are below the limit."""
        ranks = np.empty(n)
        ranks[order] = np.arange(n)
        found = np.asarray(f(ranks.reshape(shape), np.count_nonzero(is_below) - 0.5))
        inside = found == np.rint(found)
        return np.append(order, n)[np.where(inside, found, n).astype(int)]

    numbers = np.concatenate([flat, np.reshape(outside + np.zeros(1), -1)])
    first = np.argsort(value, kind="stable")
    last = n - 1 - np.argsort(value[::-1], kind="stable")
    one, other = places(first, value < limit), places(last, value <= limit)
    y = np.take(numbers, one)
    return y if np.all(one == other) else (y + np.take(numbers, other)) / 2
