"""DualArray: an array of dual numbers as two plain arrays, and NumPy's two protocols.

The value is one array of shape S, the tangent one array of shape S, or (k, *S) for k directions
at once; never an array of objects. User code stays unmodified NumPy: NumPy itself hands over
its ufuncs (`__array_ufunc__`) and array functions (`__array_function__`).
"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from .dual import PROTOCOLS, Dual, evaluate, function
from .kernel import ARRAY_KERNEL, KERNEL
from .namespaces import ARRAY
from .numerics import quiet, resume_warnings, stop_warnings
from .pair import (
    KINDS,
    as_number,
    as_numpy,
    as_primal,
    dual,
    fit,
    is_operand,
    map_leaves,
    newest,
    parts,
    plain,
    shape_of,
)
from .rules import Rule
from .structure import leaves, rebuild
from .table import RULES
from .text import text_of
from .zeros import is_finite

# glibc hands the memory of arrays beyond 128 kB back to the system as soon as they are gone, and
# getting it once more costs as much as the arithmetic, until a larger one has come and gone.
np.empty(1 << 19)

# -- tangents of array functions -----------------------------------------------------------


def directions(args: Sequence[Any], level: int) -> tuple[int, ...]:
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


def linear(f: Callable[..., Any], *args: Any, batched: Callable[..., Any] | None = None) -> Any:
    """f is linear in all its arguments together: apply it to the values, and to the tangents.

    This is the one hook through which array functions move tangents. With k directions f runs
    k times, or, if it is given, `batched` once on tangents with the axis of directions in front.
    """
    if len(args) == 1:
        (a,) = args
        y = f(a.primal)
        return _alike(y, fit(_pushed(f, a, y, batched), y), a.level, args)
    level = newest(args)
    split = [parts(a, level) for a in args]
    y = f(*(value for value, _ in split))
    tangents = [np.zeros(np.shape(v), _float(v)) if t is None else t for v, t in split]
    many = directions(args, level)
    if not many:
        return _alike(y, fit(f(*tangents), y), level, args)
    if batched is not None:
        k = many[0]
        stacks = [
            np.zeros((k, *np.shape(t)), t.dtype) if dot is None else t
            for t, (_, dot) in zip(tangents, split, strict=True)
        ]
        return _alike(y, fit(batched(*stacks), y), level, args)
    rows = [
        f(*(t if dot is None else t[j] for t, (_, dot) in zip(tangents, split, strict=True)))
        for j in range(many[0])
    ]
    tangent = np.stack(rows) if rows else np.zeros((0, *np.shape(y)), _float(y))
    return _alike(y, fit(tangent, y), level, args)


def _alike(y: Any, tangent: Any, level: int, args: Sequence[Any]) -> Any:
    """The result: a view in value and tangent alike, or in neither."""
    if isinstance(y, (np.ndarray, DualArray)) and np.size(plain(tangent)):
        for a in args:
            if not isinstance(a, DualArray) or a.level != level:
                continue
            is_view = np.may_share_memory(plain(y), plain(a.primal))
            if is_view != np.may_share_memory(plain(tangent), plain(a.tangent)) or y is a.primal:
                y, tangent = y.copy(), tangent.copy()
                if is_view:  # but its tangent could not be one: writing must not go astray
                    plain(y).flags.writeable = y.ndim == 0
                break
    return dual(y, tangent, level)


def _pushed(f: Callable[..., Any], a: Any, y: Any, batched: Callable[..., Any] | None) -> Any:
    """What the tangent of a becomes under a linear f, where a.primal becomes y."""
    t = a.tangent
    if len(shape_of(t)) == len(shape_of(a.primal)):
        return f(t)
    if batched is not None:
        return batched(t)
    return np.stack([f(row) for row in t]) if len(t) else np.zeros((0, *np.shape(y)), _float(y))


def multilinear(f: Callable[..., Any], *args: Any) -> Any:
    """f sums products of elements of its arguments: the product rule, one term per dual."""
    level = newest(args)
    values = [parts(a, level)[0] for a in args]
    directions(args, level)
    y = f(*values)
    terms = []
    for i, a in enumerate(args):
        if values[i] is not a:
            alone = functools.partial(_in_place, f, values[:i], values[i + 1 :])
            terms.append(_pushed(alone, a, y, None))
    return dual(y, fit(sum(terms[1:], terms[0]), y), level)


def _in_place(f: Callable[..., Any], before: list[Any], behind: list[Any], x: Any) -> Any:
    if len(before) + len(behind) == 1:
        (other,) = before or behind
        return _strong((lambda t, w: f(w, t)) if before else f, x, other)
    return f(*before, x, *behind)


def bilinear(f: Callable[..., Any], a: Any, b: Any) -> Any:
    """f sums products of elements of its two arguments: f(v̇, w) + f(v, ẇ)."""
    return multilinear(f, a, b)


def _strong(product: Callable[[Any, Any], Any], tangent: Any, w: Any) -> Any:
    """product(tangent, w), to which an infinite element of w adds nothing where it meets a zero."""
    with quiet():
        y = product(tangent, w)
        if isinstance(y, Dual) or is_finite(y) or not np.isrealobj(y) or np.isfinite(w).all():
            return y

        def meet(some: Any, others: Any) -> Any:
            """Where elements of these two kinds are multiplied with each other."""
            return product(np.asarray(some, float), np.asarray(others, float)) > 0

        up = meet(tangent > 0, w == np.inf) | meet(tangent < 0, w == -np.inf)
        down = meet(tangent > 0, w == -np.inf) | meet(tangent < 0, w == np.inf)
        undefined = meet(tangent != tangent, ~np.isfinite(w)) | meet(tangent != 0, w != w)
        y = product(tangent, np.where(np.isfinite(w), w, 0))
        y = y + np.where(up, np.inf, 0) - np.where(down, np.inf, 0)
        return np.where(undefined, np.nan, y)[()]


def _float(x: Any) -> Any:
    """The dtype of tangents that belong to x."""
    return np.result_type(getattr(plain(x), "dtype", type(plain(x))), np.float16)


# -- the array -----------------------------------------------------------------------------


def matmul(a: Any, b: Any) -> Any:
    """a @ b where at least one is dual: v̇ @ w + v @ ẇ.

    Directions are one more stack axis in front, so every direction is a matrix product of its
    own. (One product for all of them would be rounded differently for different k.)
    """
    level = newest((a, b))
    if not directions((a, b), level):
        return bilinear(operator.matmul, a, b)
    (v, v_dot), (w, w_dot) = parts(a, level), parts(b, level)
    y = v @ w
    row, column = len(shape_of(v)) == 1, len(shape_of(w)) == 1  # vectors count as these
    left, right = (v[None, :] if row else v), (w[:, None] if column else w)
    terms = []
    if v_dot is not None:
        stack = v_dot[:, None, :] if row else v_dot
        terms.append(_strong(operator.matmul, _behind(stack, len(shape_of(right))), right))
    if w_dot is not None:
        stack = w_dot[..., None] if column else w_dot
        terms.append(_strong(lambda t, w: w @ t, _behind(stack, len(shape_of(left))), left))
    tangent = terms[0] if len(terms) == 1 else terms[0] + terms[1]
    if column:
        tangent = tangent[..., 0]
    if row:
        tangent = tangent[..., 0] if column else tangent[..., 0, :]
    return dual(y, fit(tangent, y), level)


def _behind(tangent: Any, ndim: int) -> Any:
    """Make room between directions and matrices for the stack axes of the other operand."""
    missing = ndim + 1 - len(shape_of(tangent))
    if missing <= 0:
        return tangent
    return tangent.reshape(tangent.shape[:1] + (1,) * missing + tangent.shape[1:])


_BASIC = (int, np.integer, slice, type(None), type(Ellipsis))


def _is_basic(index: tuple[Any, ...]) -> bool:
    """Whether an index has no arrays in it (a bool counts as an array)."""
    return all(isinstance(i, _BASIC) and not isinstance(i, bool) for i in index)


_RAW = (
    *("base", "byteswap", "ctypes", "data", "dump", "dumps", "getfield", "resize", "setfield"),
    *("setflags", "to_device", "tobytes", "tofile", "__array_interface__", "__array_struct__"),
)


def _method(name: str) -> Callable[..., Any]:
    """A function of NumPy as a method."""
    f: Callable[..., Any] = getattr(np, name)

    def method(self: DualArray, *args: Any, **kwargs: Any) -> Any:
        return f(self, *args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"np.{name}(x, …)."
    return method


def _operators(name: str, forward: Any, reflected: Any) -> tuple[Any, Any]:
    """The methods of an operator, with a compiled short way for arrays of floats."""
    if ARRAY_KERNEL is None:
        return forward, reflected
    square = RULES["square"] if name == "pow" else None
    methods: tuple[Any, Any] = ARRAY_KERNEL.operators(RULES[name], forward, reflected, square)
    return methods


def _assigning(operate: Callable[[Any, Any], Any]) -> Any:
    """The method behind `x += y`: a view writes to the array that it is a view of.

    Any other array stays as it is, for somebody else may hold it: x then names a new one.
    """

    def method(self: DualArray, other: Any) -> Any:
        if plain(self).base is None:
            return NotImplemented
        y = operate(self, other)
        if np.iscomplexobj(plain(y)) and not np.iscomplexobj(plain(self)):
            raise TypeError(
                "a view of a real array cannot take complex numbers; "
                "make the array that it is a view of a complex one."
            )
        self[...] = y
        return self

    return method


def _constant(x: Any, like: Dual) -> Any:
    """An array as one of the level of `like`, with zero tangent."""
    many = directions((like,), like.level)
    return dual(x, np.zeros(many + x.shape, _float(x)), like.level)


class _Flat:
    """x.flat: the elements in one axis, read and written through x."""

    def __init__(self, x: DualArray) -> None:
        self.x = x

    def __len__(self) -> int:
        return self.x.size

    def __iter__(self) -> Iterator[Any]:
        return (self.x[place] for place in np.ndindex(self.x.shape))

    def _place(self, index: Any) -> tuple[Any, ...]:
        return np.unravel_index(np.arange(self.x.size)[index], self.x.shape)

    def __getitem__(self, index: Any) -> Any:
        return self.x[self._place(index)]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.x[self._place(index)] = value

    def copy(self) -> Any:
        return self.x.flatten()


class DualArray(Dual):
    """An array of dual numbers: value + tangent·ε, both plain arrays.

    Made by `Dual(array, tangent)`, and by every function that turns duals into arrays.

    Attributes
    ----------
    value : ndarray, shape S
        (A DualArray of an older level inside nested derivatives.)
    tangent : ndarray, shape S or (k, *S)
        One direction, or k of them.

    Examples
    --------
    >>> x = Dual(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    >>> np.sum(x * x)
    Dual(5.0, 2.0)
    """

    __slots__ = ()

    # shape

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """Shape of the value."""
        return tuple(self.primal.shape)

    @property
    def ndim(self) -> int:  # type: ignore[override]
        """Number of axes of the value."""
        return int(self.primal.ndim)

    @property
    def size(self) -> int:  # type: ignore[override]
        """Number of elements of the value."""
        return int(self.primal.size)

    @property
    def dtype(self) -> Any:
        """Type of the value's elements."""
        return plain(self).dtype

    @property
    def itemsize(self) -> int:
        """Bytes of one element of the value."""
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of the value."""
        return int(plain(self).nbytes)

    @property
    def flags(self) -> Any:
        """Flags of the value's memory."""
        return plain(self).flags

    @property
    def strides(self) -> tuple[int, ...]:
        """Strides of the value's memory."""
        return tuple(plain(self).strides)

    @property
    def device(self) -> str:
        """Where the value lies: "cpu"."""
        return str(plain(self).device)

    @property
    def T(self) -> Any:
        """The transpose, a view."""
        return np.transpose(self)

    @property
    def mT(self) -> Any:
        """The transpose of the last two axes, a view."""
        return np.matrix_transpose(self)

    @property
    def real(self) -> Any:
        """The real parts, a view."""
        return np.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary parts, a view."""
        return np.imag(self)

    @property
    def flat(self) -> _Flat:
        """The elements in one axis, to read and to write."""
        return _Flat(self)

    def __len__(self) -> int:
        return len(self.primal)

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array; write x[()] for its one element.")
        return map(self.__getitem__, range(len(self)))

    # operators: the table's rows, as for numbers

    __add__, __radd__ = _operators("add", Dual.__add__, Dual.__radd__)
    __sub__, __rsub__ = _operators("sub", Dual.__sub__, Dual.__rsub__)
    __mul__, __rmul__ = _operators("mul", Dual.__mul__, Dual.__rmul__)
    __truediv__, __rtruediv__ = _operators("div", Dual.__truediv__, Dual.__rtruediv__)
    __pow__, __rpow__ = _operators("pow", Dual.__pow__, Dual.__rpow__)
    if ARRAY_KERNEL:
        __neg__ = ARRAY_KERNEL.unary_operator(RULES["neg"], Dual.__neg__)
        __array_ufunc__ = ARRAY_KERNEL.ufunc_protocol(Dual.__array_ufunc__)

    __iadd__, __isub__ = _assigning(operator.add), _assigning(operator.sub)
    __imul__, __itruediv__ = _assigning(operator.mul), _assigning(operator.truediv)
    __ipow__, __imatmul__ = _assigning(operator.pow), _assigning(operator.matmul)
    __imod__, __ifloordiv__ = _assigning(operator.mod), _assigning(operator.floordiv)

    # elements

    def __getitem__(self, index: Any) -> Any:
        if ARRAY_KERNEL:
            x = ARRAY_KERNEL.view(self, index)
            if x is not None:
                return x
        if not isinstance(index, tuple):
            index = (index,)
        self.even_out()
        value, tangent = self.primal[index], self._tangent_at(index)
        if len(shape_of(value)) == 0:  # a number of its own, no view of the array
            tangent = tangent.copy() if len(shape_of(tangent)) else as_number(tangent)
        return dual(value, tangent, self.level)

    def _tangent_at(self, index: tuple[Any, ...]) -> Any:
        tangent = self.tangent
        if tangent.ndim > self.ndim:
            if _is_basic(index):
                tangent = tangent[(slice(None), *index)]
            else:  # directions last, where index arrays cannot move them
                tangent = np.moveaxis(tangent, 0, -1)[_leave_last(index)]
                tangent = np.ascontiguousarray(np.moveaxis(tangent, -1, 0))
        else:
            tangent = tangent[index]
        return tangent

    def __setitem__(self, index: Any, x: Any) -> None:
        if not isinstance(index, tuple):
            index = (index,)
        x = as_operand(x)
        if not is_operand(x):
            raise TypeError(f"a DualArray holds numbers, got {type(x).__name__}.")
        if isinstance(x, Dual) and x.level > self.level:
            raise TypeError(
                "cannot store a dual of an inner derivative in an array of an outer one; "
                "make the array from the inner variable, as np.zeros_like(x)."
            )
        value, tangent = parts(x, self.level)
        if tangent is not None and directions((x,), self.level) != directions((self,), self.level):
            raise ValueError(
                f"cannot store a dual with tangent of shape {np.shape(tangent)} in an array "
                f"with tangent of shape {self.tangent.shape}."
            )
        if not plain(self).flags.writeable:
            raise ValueError(
                "cannot write into this array: it is read-only, or a view whose tangent has "
                "another memory order; write x.copy() first."
            )
        self.even_out()
        for new in (value, tangent):
            if isinstance(new, Dual) and new.level > getattr(self.primal, "level", -1):
                self._take_older(new)
        self.primal[index] = value
        if self.tangent.ndim > self.ndim:
            target = np.moveaxis(self.tangent, 0, -1)
            target[_leave_last(index)] = 0.0 if tangent is None else np.moveaxis(tangent, 0, -1)
        else:
            self.tangent[index] = 0.0 if tangent is None else tangent

    def even_out(self) -> None:
        """Inside nested derivatives: let value and tangent be arrays of the same older level.

        Done before a view is taken, so that it can be written through both.
        """
        value, tangent = self.primal, self.tangent
        if type(value) is type(tangent) is np.ndarray:
            return
        for one, other in ((value, tangent), (tangent, value)):
            if isinstance(other, Dual) and getattr(one, "level", -1) < other.level:
                even = _constant(one, other)
                if one is value:
                    self.primal = even
                else:
                    self.tangent = even

    def _take_older(self, x: Dual) -> None:
        """Make room for the tangents of an older level, which this array has not met yet."""
        for part in (self.primal, self.tangent):
            array = plain(part)
            if array.base is not None or sys.getrefcount(array) > 4:
                raise TypeError(
                    "cannot store a dual of an outer derivative in a view of an array that does "
                    "not depend on it yet; make the array with np.zeros_like of what is stored."
                )
        self.primal, self.tangent = _constant(self.primal, x), _constant(self.tangent, x)

    # methods of ndarray

    def __matmul__(self, other: Any) -> Any:
        other = as_operand(other)
        return matmul(self, other) if is_operand(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        other = as_operand(other)
        return matmul(other, self) if is_operand(other) else NotImplemented

    sum, prod, mean, var, std = map(_method, ("sum", "prod", "mean", "var", "std"))
    max, min, argmax, argmin = map(_method, ("max", "min", "argmax", "argmin"))
    all, any, nonzero = map(_method, ("all", "any", "nonzero"))
    cumsum, cumprod, trace = map(_method, ("cumsum", "cumprod", "trace"))
    dot, clip, round, ravel = map(_method, ("dot", "clip", "round", "ravel"))
    squeeze, swapaxes, diagonal = map(_method, ("squeeze", "swapaxes", "diagonal"))
    repeat, take, compress, put = map(_method, ("repeat", "take", "compress", "put"))
    argsort, argpartition = map(_method, ("argsort", "argpartition"))
    searchsorted, choose = map(_method, ("searchsorted", "choose"))

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
        """The same elements in another shape; a view where NumPy gives one."""
        new = shape[0] if len(shape) == 1 else shape
        result = np.reshape(self, new, order=order)  # type: ignore[call-overload]
        return result.copy() if copy else result

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order, a view."""
        order = axes[0] if len(axes) == 1 else axes or None
        return np.transpose(self, order)

    def flatten(self, order: str = "C") -> Any:
        """The elements in one axis, a copy."""
        return self.ravel(order).copy()

    def copy(self, order: str = "C") -> Any:
        """An array of its own."""
        return dual(self.primal.copy(order), self.tangent.copy(order), self.level)

    __copy__ = copy

    def view(self) -> Any:
        """The same memory under another name."""
        return self[...]

    def astype(self, dtype: Any, **options: Any) -> Any:
        """Another precision, or complex; integers and booleans are steps, and plain."""
        kind = np.dtype(dtype).kind
        if kind == "O":
            return self.__array__()
        if kind not in "fc":
            return plain(self).astype(dtype, **options)
        options.pop("copy", None)
        return linear(lambda x: x.astype(dtype, **options), self)

    def item(self, *index: Any) -> Any:
        """One element, as a number of Python's own."""
        if not index and self.size != 1:
            raise ValueError("item() takes an array of one element; give an index.")
        place = index[0] if len(index) == 1 else index or 0
        if not isinstance(place, tuple):
            place = np.unravel_index(range(self.size)[place], self.shape)
        return as_number(self[tuple(place)])

    def tolist(self) -> Any:
        """Nested lists of duals."""
        return (
            [x.tolist() if isinstance(x, DualArray) else x for x in self] if self.ndim else self[()]
        )

    def fill(self, value: Any) -> None:
        """Set all elements to one number."""
        self[...] = value

    def sort(self, axis: int = -1, **options: Any) -> None:
        """Sort in place."""
        self[...] = np.sort(self, axis, **options)

    def partition(self, kth: Any, axis: int = -1, **options: Any) -> None:
        """Partition in place."""
        self[...] = np.partition(self, kth, axis, **options)

    def __contains__(self, x: Any) -> bool:
        return bool((plain(self) == plain(x)).any())

    def __getattr__(self, name: str) -> Any:
        if name in _RAW:
            raise AttributeError(
                f"x.{name} would hand out raw memory without derivatives; "
                f"write x.primal.{name} for the plain array."
            )
        return super().__getattr__(name)

    # text, and ways out

    def __repr__(self) -> str:
        return f"DualArray({text_of(self.primal)}, {text_of(self.tangent)})"

    def _repr_html_(self) -> str:
        from .text import array_html

        return array_html(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if dtype is not None and np.dtype(dtype) != object:
            raise TypeError(
                f"an array of {np.dtype(dtype)} would lose the derivatives of a DualArray; "
                "write x itself, np.array(x) without dtype, or x.primal for the plain array."
            )
        result = np.empty(self.shape, dtype=object)
        for index in np.ndindex(self.shape):
            result[index] = self[index]
        return result

    def __float__(self) -> NoReturn:
        if self.size == 1:
            super().__float__()
        raise TypeError("only an array of size 1 can become one number.")


class Standing:
    """What stands for an array, without being one; `content` is the array as it is now."""

    __slots__ = ()

    @property
    def content(self) -> Any:
        """The array: an ndarray or a DualArray."""
        raise NotImplementedError


def unbuffered(x: Any) -> Any:
    """The array that x stands for, if it does; everything else as it is."""
    return x.content if isinstance(x, Standing) else x


def _leave_last(index: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same index for an array with one more axis behind."""
    return (*index, slice(None)) if any(i is Ellipsis for i in index) else index


if KERNEL:  # one number out of an array, in C
    DualArray.__getitem__ = KERNEL.item_of(DualArray, DualArray.__getitem__)  # type: ignore[method-assign]


def from_objects(x: Any) -> Any:
    """An array of objects with duals among them as one DualArray; other arrays as they are."""
    if x.dtype != object:
        return x
    found = KERNEL and KERNEL.together(x)
    if found is not None:
        return dual(*found)
    flat = list(x.ravel())
    if not any(isinstance(e, Dual) for e in flat):
        return x
    flat = [as_primal(e) for e in flat]
    return linear(lambda *elements: np.stack(elements).reshape(x.shape), *flat)


# -- NumPy's protocols ---------------------------------------------------------------------

# np function → the same for duals. Called with the caller's arguments.
ARRAY_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}


# The same for functions that make arrays; called with what was given as like= in front.
CREATORS: dict[Callable[..., Any], Callable[..., Any]] = {}

PLAIN_ANSWERS: set[Callable[..., Any]] = set()


def plain_answer(*numpy_functions: Callable[..., Any], out: int | None = None) -> None:
    """Enter functions that have nothing to differentiate: they work on values.

    `out`: the place of their argument out=, if they have one.
    """
    for f in numpy_functions:
        PLAIN_ANSWERS.add(f)
        ARRAY_FUNCTIONS[f] = _on_values(f, out)


REFUSED: set[Callable[..., Any]] = set()
RECORDS = "numpy.lib.recfunctions"  # all of them


def refuse(instead: str, *numpy_functions: Callable[..., Any]) -> None:
    """Enter functions that duals cannot go through, and what to write instead."""

    def refusing(f: Callable[..., Any]) -> Callable[..., Any]:
        def handler(*args: Any, **kwargs: Any) -> NoReturn:
            raise TypeError(f"np.{f.__name__} cannot take duals; {instead}.")

        return handler

    for f in numpy_functions:
        REFUSED.add(f)
        ARRAY_FUNCTIONS[f] = refusing(f)


def _on_values(f: Callable[..., Any], place: int | None) -> Callable[..., Any]:
    def value(x: Any) -> Any:
        return plain(from_objects(x) if isinstance(x, np.ndarray) and x.dtype == object else x)

    def answer(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if place is not None and len(args) > place:
            out, args = args[place], (*args[:place], None, *args[place + 1 :])
        y = f(*rebuild(args, value), **rebuild(kwargs, value))
        if out is None:
            return y
        out[...] = y
        return out

    return answer


def as_operand(x: Any) -> Any:
    """What array functions take: a dual, or an array; lists and arrays of duals become one."""
    x = unbuffered(x)
    if isinstance(x, (list, tuple)):
        if any(isinstance(part, (Dual, Standing)) for part in leaves(x)):
            return np.stack([as_operand(part) for part in x])
        x = np.asarray(x)
    if isinstance(x, np.ndarray) and x.dtype == object:
        return from_objects(x)
    return x


def converted(x: Any, dtype: Any) -> Any:
    """np.astype, which came with NumPy 2.1."""
    x = as_operand(x)
    return x.astype(dtype) if np.ndim(x) else np.stack([x]).astype(dtype)[0]


def implements(*numpy_functions: Callable[..., Any]) -> Callable[..., Any]:
    """Enter a function as what these functions of NumPy do to duals."""

    def enter(f: Callable[..., Any]) -> Callable[..., Any]:
        ARRAY_FUNCTIONS.update(dict.fromkeys(numpy_functions, f))
        if f.__name__ == "_" or "<locals>" in f.__qualname__:  # for Python's own messages
            f.__name__ = f.__qualname__ = f"np.{numpy_functions[0].__name__}"
        return f

    return enter


def implements_each(make: Callable[[Any], Callable[..., Any]], *numpy_functions: Any) -> None:
    """Enter make(f) as what f does to duals, for each of these functions f of NumPy."""
    for f in numpy_functions:
        implements(f)(make(f))


# Rows for real numbers whose namesakes in scipy.special take complex ones too.
ALSO_COMPLEX = {"erf", "erfc", "gamma", "digamma", "xlogy"}


def rule_of(ufunc: Any) -> Rule:
    """The row for a ufunc, by its name; SciPy's ufuncs have a table of their own."""
    rule = RULES.get(ufunc.__name__)
    if rule is not None and len(rule.args) != ufunc.nin:
        rule = None
    if rule is not None and rule.name not in ALSO_COMPLEX:
        if ARRAY_KERNEL:
            ARRAY_KERNEL.follow(ufunc, rule)
        return rule
    if "scipy.special" in sys.modules:
        from . import special_rules

        rule = special_rules.RULES.get(ufunc, rule)
    if rule is None:
        homes = {"np.": np, "scipy.special.": sys.modules.get("scipy.special")}
        home = next((h for h, m in homes.items() if getattr(m, ufunc.__name__, None) is ufunc), "")
        raise TypeError(
            f"{home}{ufunc.__name__} has no derivative rule; "
            "write it in other functions, or give it one with dualad.define_rule."
        )
    return rule


@functools.cache
def is_question(ufunc: Any) -> bool:
    """Whether a ufunc gives plain answers: comparisons, isnan, logical_and, spacing, …"""
    if ufunc is np.spacing:
        return True
    answers = {t.partition("->")[2] for t in ufunc.types if t[0] in "fd"}
    return answers == {"?"}


@functools.cache
def _is_python(ufunc: Any) -> bool:
    """Whether a ufunc comes from np.frompyfunc: it calls a Python function on each element."""
    return all(set(signature) <= set("O->") for signature in ufunc.types)


def _as_objects(x: Any) -> Any:
    if not isinstance(x, Dual):
        return x
    objects = np.empty(x.shape, dtype=object)
    objects[...] = x.__array__() if isinstance(x, DualArray) else x
    return objects


# Methods of ufuncs by name, called as f(ufunc, rule, *inputs, **options).
UFUNC_METHODS: dict[str, Callable[..., Any]] = {}


def ufunc_method(name: str) -> Callable[..., Any]:
    """Enter a function as what this method of ufuncs does to duals."""

    def enter(f: Callable[..., Any]) -> Callable[..., Any]:
        UFUNC_METHODS[name] = f
        return f

    return enter


def array_ufunc(ufunc: Any, method: str, inputs: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """What a ufunc does to duals."""
    if ufunc.__name__ not in RULES and _is_python(ufunc):
        results = getattr(ufunc, method)(*map(_as_objects, inputs), **kwargs)
        return rebuild(results, as_operand)
    if any(isinstance(x, (list, tuple)) for x in inputs):
        index = 1 if method in ("at", "reduceat") else None
        inputs = [x if i == index else as_operand(x) for i, x in enumerate(inputs)]
    if method == "__call__" and not kwargs and ufunc.signature is None:
        if is_question(ufunc):
            return ufunc(*map(plain, inputs))
        return _call(rule_of(ufunc), tuple(inputs))
    outs = kwargs.pop("out", ())
    if any(isinstance(x, Standing) for x in (*inputs, *outs)):
        return NotImplemented
    for out in outs:
        if out is not None and not isinstance(out, DualArray):
            raise TypeError(
                f"out= of np.{ufunc.__name__} is a plain array, which cannot hold derivatives; "
                "leave out= away, or make it with np.zeros_like(x)."
            )
    if is_question(ufunc):
        return getattr(ufunc, method)(*map(plain, inputs), **kwargs)
    where = kwargs.pop("where", True) if method == "__call__" else True
    dtype = kwargs.pop("dtype", None) if method == "__call__" else None
    for name in ("casting", "order", "subok"):
        kwargs.pop(name, None)
    if ufunc.signature is not None and method == "__call__":  # np.matmul and its like
        result = ARRAY_FUNCTIONS[ufunc](*inputs, **kwargs)
    elif method == "__call__":
        if kwargs:
            raise TypeError(
                f"np.{ufunc.__name__} with {', '.join(kwargs)}= is not supported for duals."
            )
        result = _call(rule_of(ufunc), tuple(inputs))
    else:
        result = UFUNC_METHODS[method](ufunc, rule_of(ufunc), *inputs, **kwargs)
    if not outs and where is True and dtype is None:
        return result
    results = result if isinstance(result, tuple) else (result,)
    if dtype is not None:
        results = tuple(converted(r, dtype) for r in results)
    if where is not True:  # without out=, NumPy leaves the other places undefined
        old = outs or (0.0,) * len(results)
        results = tuple(np.where(where, r, o) for r, o in zip(results, old, strict=True))
    for out, r in zip(outs, results, strict=False):
        if out is not None:
            if np.iscomplexobj(plain(r)) and not np.iscomplexobj(plain(out)):
                raise TypeError(
                    f"np.{ufunc.__name__} gives complex numbers, but out= is real; "
                    "make it a complex array."
                )
            out[...] = r
    results = tuple(outs) or results
    return results[0] if len(results) == 1 else results


def _call(rule: Rule, inputs: tuple[Any, ...]) -> Any:
    """A ufunc warns and gives inf or nan where a function of Python's math would raise."""
    try:
        return function(rule)(*inputs)
    except TypeError:
        if any(isinstance(x, Standing) for x in inputs):
            return NotImplemented  # it will be asked next
        raise
    except (ArithmeticError, ValueError):
        numbers = [x for x in map(plain, inputs) if isinstance(x, (int, float, complex))]
        if len(numbers) < len(inputs):
            raise
        return evaluate(rule, tuple(map_leaves(as_numpy, x) for x in inputs))


def array_function(
    x: Dual,
    func: Callable[..., Any],
    types: Sequence[type],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """What an array function of NumPy does to duals; x is the one that NumPy asks."""
    if len(types) > 1 and any(issubclass(kind, Standing) for kind in types):
        return NotImplemented
    if func in CREATORS:  # x is what was given as like=
        return CREATORS[func](x, *args, **kwargs)
    if func in ARRAY_FUNCTIONS:
        if kwargs:  # _NoValue is NumPy's own "not given"
            kwargs = {name: x for name, x in kwargs.items() if x is not np._NoValue}
        return ARRAY_FUNCTIONS[func](*args, **kwargs)
    name = getattr(func, "__name__", str(func))
    if getattr(func, "__module__", "") == RECORDS:  # not imported for that: it takes its time
        raise TypeError(f"np.{name} cannot take duals; write x[field] for each field of a record.")
    raise TypeError(f"np.{name} has no derivative rule; write it in functions that have one.")


def array_attribute(x: Dual, name: str) -> Any:
    """x.sum(), x.T and so on of a number that came out of an array, as NumPy's numbers have."""
    if isinstance(plain(x), np.generic) and not name.startswith("_") and hasattr(DualArray, name):
        return getattr(map_leaves(np.asarray, x), name)
    raise AttributeError(f"a {type(x).__name__} has no attribute {name!r}.")


if ARRAY_KERNEL:
    ARRAY_KERNEL.connect(DualArray, ARRAY, stop_warnings, resume_warnings)
KINDS.update({np.ndarray: DualArray, DualArray: DualArray})
PROTOCOLS.update(
    ufunc=array_ufunc,
    function=array_function,
    attribute=array_attribute,
    operand=as_operand,
)
