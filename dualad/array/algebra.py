"""Tangents of array functions: what linear and multilinear functions do to them.

Nothing here needs to know what a tangent is: an array, a dual of another level, or whatever else
takes NumPy's functions and operators.
"""

from __future__ import annotations

import copy
import functools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..array_tangents import ArrayTangent
from ..dual import Dual
from ..kernel import ARRAY_KERNEL
from ..kinds import DualLike, Tangent
from ..levels import ParticipatingLevel
from ..memory import followed, laid_out_like, lies_like
from ..namespaces import is_number
from ..numerics import quiet
from ..pair import (
    Pair,
    dual,
    fit,
    is_array,
    map_leaves,
    moved,
    newest,
    parts,
    plain,
    shape_of,
    tangent_dtype,
    zero_like,
)
from ..zeros import is_finite, strong_sum


def with_shape(x: DualLike) -> Any:
    """A number as an array without axes, which may be written to: its tangents are its own.

    They are in its precision, which the tangents of numbers, Python's own, do not have.
    """
    there = getattr(plain(x), "dtype", None)

    def boxed(v: Any) -> Any:
        if not is_number(v):
            return copy.copy(v)
        a = np.array(v)
        return a if there is None or a.dtype.kind != there.kind else a.astype(there, copy=False)

    return map_leaves(boxed, x)


def directions(args: Sequence[DualLike], level: int) -> tuple[int, ...]:
    """(k,) if the duals of this level carry k directions, else (). All must carry as many."""
    found: tuple[int, ...] | None = None
    for a in args:
        value, tangent = parts(a, level)
        if tangent is not None:
            many = tuple(shape_of(tangent)[: len(shape_of(tangent)) - len(shape_of(value))])
            if found is None:
                found = many
            elif many != found:
                told = [f"{n[0]} directions" if n else "one direction" for n in (found, many)]
                raise ValueError(
                    f"cannot combine duals with {told[0]} and with {told[1]}; "
                    "give both the same number of directions."
                )
    return found or ()


def linear(
    f: Callable[..., Any], *args: DualLike, batched: Callable[..., Any] | None = None
) -> DualLike:
    """f is linear in all its arguments together: apply it to the values, and to the tangents.

    This is the one hook through which array functions move tangents. With k directions f runs
    k times, or, if it is given, `batched` once on tangents with the axis of directions in front.
    """
    if len(args) == 1:
        (a,) = args
        y = f(a.primal)
        with quiet():
            if _is_view(y, a.primal):
                return _view(f, a, y, batched)
            tangent = fit(_pushed(f, a, y, batched), y)
        return moved(y, np.copy(tangent) if _is_view(tangent, a.tangent) else tangent, a.level)
    level = newest(args)
    many = directions(args, level)
    split = [parts(a, level) for a in args]
    y = f(*(value for value, _ in split))
    like = next(a for a in args if isinstance(a, Dual) and a.level == level)
    tangents = [zero_tangent(v, like) if t is None else t for v, t in split]
    with quiet():
        if not many:
            tangent = f(*tangents)
        elif batched is not None:
            tangent = batched(*tangents)
        else:
            rows = [f(*(t[j] for t in tangents)) for j in range(many[0])]
            tangent = np.stack(rows) if rows else zero_tangent(y, like)
    return _apart(y, fit(tangent, y), level, args)


def _is_view(y: DualLike, x: DualLike) -> bool:
    """Whether y is an array in the memory of x, or some part of it a tangent that is."""
    return any(_share_memory(y, x))


def _share_memory(y: DualLike, x: DualLike) -> list[bool]:
    """For each number in y whether it is in the memory of what stands there in x."""
    if isinstance(y, Dual):
        value, tangent = parts(x, y.level)
        return _share_memory(y.primal, value) + _share_memory(y.tangent, tangent)
    if isinstance(y, np.ndarray):
        return [isinstance(plain(x), np.ndarray) and np.may_share_memory(y, plain(x))]
    return [isinstance(y, ArrayTangent) and y.is_view_of(x)]


def _apart(y: DualLike, tangent: Tangent, level: int, args: Sequence[DualLike]) -> Any:
    """The result of several arguments, which is a view of none of them."""
    for a in args:
        is_dual = isinstance(a, Dual) and a.level == level
        if is_dual and (_is_view(y, a.primal) or _is_view(tangent, a.tangent)):
            y, tangent = np.copy(y, "C"), np.copy(tangent, "C")
    return moved(y, tangent, level)


def _view(
    f: Callable[..., Any], a: DualLike, y: DualLike, batched: Callable[..., Any] | None
) -> Any:
    """The view y of a.primal with the same view of the tangent."""
    before = a.primal
    even_out(a)
    if a.primal is not before:  # it has more levels now
        y = f(a.primal)
    t, here, there = a.tangent, plain(a), plain(y)
    if batched is not None or len(shape_of(t)) == here.ndim:
        tangent = fit(_pushed(f, a, y, batched), y)
        if type(tangent) is np.ndarray and _is_view(tangent, t) and lies_like(tangent, there):
            return moved(y, tangent, a.level)
    if all(isinstance(n, np.ndarray) and lies_like(n, here) for n in numbers_in(t)):
        tangent = map_leaves(lambda n: followed(n, here, there), t)
    else:  # a tangent of another kind, or elements of the primal that share their memory
        is_whole = batched is not None or len(shape_of(t)) == here.ndim
        pushed = fit(_pushed(f, a, y, batched), y) if is_whole else None
        if pushed is None or not all(_share_memory(pushed, t)):
            tangent = _parts_of_view(t, here, there, f(np.arange(here.size).reshape(here.shape)))
        else:
            tangent = pushed
        if tangent is None:
            tangent = fit(_pushed(f, a, y, batched), y) if pushed is None else pushed
            if there.flags.writeable:
                there.flags.writeable = False
    return moved(y, tangent, a.level)


def _parts_of_view(t: Tangent, here: Any, there: Any, numbers: Any) -> Tangent | None:
    """The view of a tangent at elements of these numbers; None where a part of it has none."""
    if isinstance(t, Dual):
        primal = _parts_of_view(t.primal, here, there, numbers)
        tangent = _parts_of_view(_stored(t), here, there, numbers)
        return None if primal is None or tangent is None else moved(primal, tangent, t.level)
    if isinstance(t, np.ndarray):
        return followed(t, here, there) if lies_like(t, here) else None
    if not isinstance(t, ArrayTangent):
        return None
    many = t.shape[: t.ndim - here.ndim]
    rows = np.arange(int(np.prod(many))).reshape(many + (1,) * numbers.ndim)
    return t.elements(rows * here.size + numbers)


def numbers_in(x: DualLike) -> list[Any]:
    """The plain numbers and arrays in a (nested) dual."""
    return numbers_in(x.primal) + numbers_in(_stored(x)) if isinstance(x, Dual) else [x]


_TANGENT: Any = vars(Pair)["tangent"]


def _stored(x: DualLike) -> Any:
    """The tangent as it lies in memory; that of an array is something even where it has none."""
    return _TANGENT.__get__(x) if is_array(x) else x.tangent


def even_out(x: DualLike) -> None:
    """Let the tangent of an array be one that follows it into views.

    It gets the strides of the primal; and inside nested derivatives all parts become arrays of
    the same older levels. Done before a view is taken, so that there is none yet that would stay
    behind.
    """
    value, tangent = x.primal, _TANGENT.__get__(x)
    if type(value) is type(tangent) is np.ndarray:
        if not lies_like(tangent, value):
            _store(x, laid_out_like(value, tangent))
        return
    if isinstance(plain(value), np.ndarray) and isinstance(plain(tangent), np.ndarray):
        older = levels_of(value) | levels_of(tangent)
        x.primal = with_room(value, older)
        _store(x, with_room(tangent, older))
        if isinstance(x.primal, Dual):
            even_out(x.primal)
        _lay_out_like(plain(value), _stored(x), functools.partial(_store, x))


def levels_of(x: DualLike) -> dict[int, Dual]:
    """All levels inside x, each with a dual of that level."""
    if not isinstance(x, Dual):
        return {}
    return {**levels_of(x.primal), **levels_of(_stored(x)), x.level: x}


def with_room(array: DualLike, levels: dict[int, Dual]) -> Any:
    """The array, its memory included, with zero tangents at all of these levels."""
    for level in sorted(levels):
        array = _with_level(array, levels[level])
    return array


def _with_level(array: DualLike, like: Dual) -> DualLike:
    if not isinstance(plain(array), np.ndarray):  # a tangent of another kind
        return array
    if not isinstance(array, Dual) or array.level < like.level:
        tangent = with_room(zero_tangent(array, like), levels_of(array))
        return moved(array, tangent, like.level)
    if array.level == like.level:
        return array
    old = array.primal, _stored(array)
    value, tangent = (_with_level(part, like) for part in old)
    is_new = value is not old[0] or tangent is not old[1]
    return moved(value, tangent, array.level) if is_new else array


def _lay_out_like(here: Any, tangent: Tangent, store: Callable[[Any], None]) -> None:
    """Let all arrays in a tangent lie like this one."""
    if isinstance(tangent, Dual):
        _lay_out_like(here, tangent.primal, functools.partial(setattr, tangent, "primal"))
        _lay_out_like(here, _stored(tangent), functools.partial(_store, tangent))
    elif isinstance(tangent, np.ndarray) and not lies_like(tangent, here):
        store(laid_out_like(here, tangent))


def _store(x: DualLike, tangent: Tangent) -> None:
    """Give a dual array another tangent."""
    _TANGENT.__set__(x, tangent)


def _pushed(
    f: Callable[..., Any], a: DualLike, y: DualLike, batched: Callable[..., Any] | None
) -> Tangent:
    """What the tangent of a becomes under a linear f, where a.primal becomes y."""
    t = a.tangent
    if len(shape_of(t)) == len(shape_of(a.primal)):
        return f(t)
    if batched is not None:
        return batched(t)
    return np.stack([f(row) for row in t]) if len(t) else zero_tangent(y, a)


class SumOfProducts:
    """A function that sums products of elements of its arguments, which may be duals.

    Parameters
    ----------
    f : callable
        The function.
    strong : collection of int
        The places of tangents among the arguments: a zero there beats what is not finite.
    starting_with : callable, optional
        As for `zeros.strong_sum`.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        strong: Iterable[int] = (),
        starting_with: Callable[[frozenset[int]], Callable[..., Any]] | None = None,
    ) -> None:
        self.f, self.strong, self.starting_with = f, frozenset(strong), starting_with

    def __call__(self, *args: DualLike) -> Any:
        if not self.strong:
            return self.f(*args)
        if not any(isinstance(a, Pair) for a in args):
            return strong_sum(self.f, args, self.strong, self.starting_with)
        with quiet():
            y = self.f(*args)
            return y if is_finite(y) else multilinear(self, *args)

    def strong_at(self, *places: int) -> SumOfProducts:
        """The same function, where there are tangents at these places, too."""
        return SumOfProducts(self.f, self.strong.union(places), self.starting_with)


def multilinear(f: Callable[..., Any], *args: DualLike) -> DualLike:
    """f sums products of elements of its arguments: the product rule, one term per dual."""
    f = f if isinstance(f, SumOfProducts) else SumOfProducts(f)
    level = newest(args)
    if isinstance(level, ParticipatingLevel):
        result = level.product(f, args)
        if result is not NotImplemented:
            return result
    values = [parts(a, level)[0] for a in args]
    directions(args, level)
    y = f(*values)
    terms = []
    with quiet():
        for i, a in enumerate(args):
            if values[i] is not a:
                others = values[:i], values[i + 1 :]
                alone = functools.partial(_beside_others, f.strong_at(i), *others)
                terms.append(_pushed(alone, a, y, None))
        return dual(y, fit(sum(terms[1:], terms[0]), y), level)


def _beside_others(f: Callable[..., Any], before: list[Any], behind: list[Any], x: DualLike) -> Any:
    return f(*before, x, *behind)


# -- tangents of constants -----------------------------------------------------------------


def zero_tangent(x: DualLike, like: Dual) -> Tangent:
    """The tangent of x, a constant, as one of the level of `like`; laid out in memory as x is."""
    shape = directions((like,), like.level) + shape_of(x)
    zeros = zero_like(like.level, like.tangent, shape, tangent_dtype(x))
    if not shape and is_array(x):  # zeros are numbers, but for the directions of older levels
        kind = tangent_dtype(x)
        zeros = map_leaves(lambda t: np.zeros(np.shape(t), kind) if is_number(t) else t, zeros)
    return map_leaves(functools.partial(laid_out_like, plain(x)), zeros)


def constant(x: DualLike, like: Dual) -> DualLike:
    """x as a dual of the level of `like`, with zero tangent."""
    return moved(x, zero_tangent(x, like), like.level)


# -- matrix products -----------------------------------------------------------------------

_OF_FIRST, _OF_SECOND = (SumOfProducts(operator.matmul, {place}) for place in (0, 1))


def matmul(a: DualLike, b: DualLike) -> DualLike:
    """a @ b where at least one is dual: v̇ @ w + v @ ẇ.

    Directions are one more stack axis in front, so every direction is a matrix product of its
    own. (One product for all of them would be rounded differently for different k.)
    """
    if ARRAY_KERNEL and (found := ARRAY_KERNEL.product(a, b)) is not None:
        return found
    level = newest((a, b))
    if isinstance(level, ParticipatingLevel) or not directions((a, b), level):
        return multilinear(operator.matmul, a, b)
    (v, v_dot), (w, w_dot) = parts(a, level), parts(b, level)
    y = v @ w
    row, column = len(shape_of(v)) == 1, len(shape_of(w)) == 1  # vectors count as these
    left, right = (v[None, :] if row else v), (w[:, None] if column else w)
    terms = []
    with quiet():
        if v_dot is not None:
            stack = v_dot[:, None, :] if row else v_dot
            terms.append(_OF_FIRST(_behind(stack, len(shape_of(right))), right))
        if w_dot is not None:
            stack = w_dot[..., None] if column else w_dot
            terms.append(_OF_SECOND(left, _behind(stack, len(shape_of(left)))))
        tangent = terms[0] if len(terms) == 1 else terms[0] + terms[1]
    if column:
        tangent = tangent[..., 0]
    if row:
        tangent = tangent[..., 0] if column else tangent[..., 0, :]
    return dual(y, fit(tangent, y), level)


def times_sparse(x: DualLike, a: DualLike) -> Any:
    """x @ a for a sparse matrix of SciPy's, which is constant: linear in x."""
    return _by_sparse(lambda v, a: v @ a, x, a, (lambda t: t @ a) if x.ndim == 1 else None)


def sparse_times(a: DualLike, x: DualLike) -> Any:
    """a @ x for a sparse matrix of SciPy's, which is constant: linear in x."""

    def product(v: DualLike, a: Any) -> Any:
        if isinstance(v, (np.ndarray, Dual)):
            return a @ v
        return np.transpose(np.transpose(v) @ a.T)  # a tangent of another kind

    turned = a.T
    return _by_sparse(product, x, a, (lambda t: t @ turned) if x.ndim == 1 else None)


def _by_sparse(
    product: Callable[[Any, Any], Any], x: DualLike, a: Any, batched: Callable[..., Any] | None
) -> Any:
    stored = a.tocsr() if a.format in ("lil", "dok") else a
    if is_finite(stored.data):
        return linear(lambda v: product(v, a), x, batched=batched)
    return multilinear(lambda v, n: product(v, with_numbers(stored, n)), x, stored.data)


def with_numbers(a: Any, numbers: Any) -> Any:
    """A sparse matrix of SciPy's that has other numbers in its places."""
    a = copy.copy(a)
    a.data = numbers
    return a


def _behind(tangent: Tangent, ndim: int) -> Any:
    """Make room between directions and matrices for the stack axes of the other operand."""
    missing = ndim + 1 - len(shape_of(tangent))
    if missing <= 0:
        return tangent
    shape = shape_of(tangent)
    return np.reshape(tangent, shape[:1] + (1,) * missing + shape[1:])
