"""DualArray: an array of dual numbers as two plain arrays.

The primal is one array of shape S, the tangent one array of shape S, or (k, *S) for k directions
at once; never an array of objects.
"""

from __future__ import annotations

import opcode
import operator
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from ..conversions import as_number
from ..differentiations import note_refusals, note_step, note_text, text_for
from ..dual import Dual
from ..looks import (
    are_sparse_loaded,
    is_made_sparse,
    is_operator_of_sparse,
    is_sparse,
    of_sparse,
)
from ..memory import copied, is_overwritten, overlaps_itself
from ..mixing import elementwise, note_mixing
from ..namespaces import not_plain
from ..numerics import quiet
from ..pair import is_array, is_operand, moved, parts, plain, shape_of
from ..refusals import converted_array, note_objects, refused
from ..text import text_of
from .algebra import (
    directions,
    even_out,
    linear,
    matmul,
    sparse_times,
    times_sparse,
)
from .operands import ARRAYS, as_objects, as_operand
from .promotion import make_room
from .short_ways import with_short_ways

# glibc hands the memory of arrays beyond 128 kB back to the system as soon as they are gone, and
# getting it once more costs as much as the arithmetic, until a larger one has come and gone.
np.empty(1 << 19)

_OF_POLY1D = np.poly1d.__repr__.__code__
_BASIC = (int, np.integer, slice, type(None), type(Ellipsis))


def is_basic(index: tuple[Any, ...]) -> bool:
    """Whether an index has no arrays in it (a bool counts as an array)."""
    return all(isinstance(i, _BASIC) and not isinstance(i, bool) for i in index)


_RAW = (
    *("base", "byteswap", "ctypes", "data", "dump", "dumps", "getfield", "resize", "setfield"),
    *("to_device", "tobytes", "tofile", "__array_interface__", "__array_struct__"),
    *("__buffer__", "__dlpack__", "__dlpack_device__"),
)


_SPARSE = (
    "SciPy's sparse arrays hold plain numbers; make this one by the function of that name in "
    "dualad.scipy.sparse, or write x * A for A * x and A.multiply(x)."
)


def answer_to_sparse(x: Any, frame: FrameType) -> Any:
    """The array that SciPy's sparse arrays get, if it is they who ask for that of x; or None."""
    if not of_sparse(frame):
        return None
    if is_operator_of_sparse(frame):  # nothing that it knows: the other side is asked
        return np.array(None, object)
    raise refused(_SPARSE, x)


def _method(name: str) -> Callable[..., Any]:
    """A function of NumPy as a method."""
    f: Callable[..., Any] = getattr(np, name)

    def method(self: DualArray, *args: Any, **kwargs: Any) -> Any:
        return f(self, *args, **kwargs)

    method.__name__ = name
    method.__doc__ = f"np.{name}(x, …)."
    return method


def assign(target: Any, y: Any, again: Callable[[Any], Any]) -> None:
    """Write y into an array as a ufunc writes into out=.

    `again` does the same with the plain numbers and the plain array that it gets: where NumPy
    raises an error, so does it.
    """
    here, there = plain(y), plain(target)
    if there.flags.writeable and not (
        np.shape(here) == there.shape
        and np.can_cast(np.result_type(here), there.dtype, "same_kind")
    ):
        again(there.copy())
    target[...] = y


def refuse_overlap(x: Any, name: str) -> None:
    """Refuse what goes through the elements in an order of its own, where some are the same."""
    if overlaps_itself(plain(x)):
        raise refused(
            f"{name} writes into elements that share their memory with others, and what comes out "
            "depends on the order in which it does; write x.copy() first.",
            x,
        )


def _assigning(operate: Callable[[Any, Any], Any], in_place: Callable[[Any, Any], Any]) -> Any:
    """The method behind `x += y`, which writes into x."""

    @elementwise
    def method(self: DualArray, other: Any) -> Any:
        value, there = None, plain(self)
        if in_place is operator.ipow and there.dtype.kind == "c" and there.flags.writeable:
            # in place, NumPy rounds otherwise than into an array without gaps
            value = in_place(copied(there), plain(as_operand(other)))
        try:
            y = operate(self, other)
        except (FloatingPointError, RuntimeWarning):
            in_place(there.copy(), plain(as_operand(other)))  # which may not even begin
            raise
        assign(self, y, lambda x: in_place(x, plain(as_operand(other))))
        if value is not None:
            there[...] = value
        return self

    return method


def _is_everything(part: Any) -> bool:
    """Whether a part of an index is `...` or `:`."""
    return part is Ellipsis or (isinstance(part, slice) and part == slice(None))


class Flat:
    """x.flat: the elements in one axis, read and written through x."""

    def __init__(self, x: DualArray) -> None:
        self.x = x

    def __len__(self) -> int:
        return self.x.size

    def __iter__(self) -> Iterator[Any]:
        return (self.x[place] for place in np.ndindex(self.x.shape))

    def _place(self, index: Any) -> tuple[Any, ...]:
        return np.unravel_index(np.arange(self.x.size).flat[index], self.x.shape)

    def __getitem__(self, index: Any) -> Any:
        return self.x[self._place(index)]

    def __setitem__(self, index: Any, value: Any) -> None:
        """Store elements one by one, which begin anew where they are too few."""
        if isinstance(index, tuple) and not index:
            raise IndexError("x.flat stores at no place (); write x.flat[...] for all of them.")
        place = self._place(index)
        value, shape = as_operand(value), np.shape(place[0])
        if np.ndim(value) and shape:
            if is_overwritten(plain(self.x), place, plain(value)):
                raise refused(
                    "x.flat stores one by one, and what is stored lies in the memory of x, where "
                    "it is overwritten on the way; write y.copy() for what is stored.",
                    self.x,
                )
            value = np.reshape(value, -1)
            if not len(value):
                return
            value = value[np.arange(np.size(place[0])) % len(value)].reshape(shape)
        self.x[place] = value

    def copy(self) -> Any:
        return self.x.flatten()


@with_short_ways
class DualArray(Dual):
    """An array of dual numbers: primal + tangent·ε, both plain arrays.

    Made by `Dual(array, tangent)`, and by every function that turns duals into arrays.

    Attributes
    ----------
    primal : ndarray, shape S
        (A DualArray of an older level inside nested derivatives.)
    tangent : ndarray, shape S or k directions before S
        One direction, or k of them.

    Examples
    --------
    >>> x = Dual(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    >>> np.sum(x * x)
    Dual(5.0, 2.0)
    """

    __slots__ = ()

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """What it stands for; sparse arrays are told, and leave their operators to it."""
        if not are_sparse_loaded() or not of_sparse(frame := sys._getframe(1)):
            return np.ndarray
        if is_made_sparse(frame):
            raise refused(_SPARSE, self)
        return DualArray

    # shape

    @property
    def shape(self) -> Any:
        """Shape of the value."""
        return tuple(self.primal.shape)

    @shape.setter
    def shape(self, new: Any) -> None:
        other: Any = np.reshape(self, new)
        if not np.may_share_memory(plain(other), plain(self)) and self.size:
            raise AttributeError("this array cannot get another shape in place; use x.reshape.")
        self.primal, self.tangent = other.primal, other.tangent

    @property
    def ndim(self) -> int:
        """Number of axes of the value."""
        return int(self.primal.ndim)

    @property
    def size(self) -> int:
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

    @real.setter
    def real(self, x: Any) -> None:
        np.real(self)[...] = x

    @property
    def imag(self) -> Any:
        """The imaginary parts, a view."""
        return np.imag(self)

    @imag.setter
    def imag(self, x: Any) -> None:
        if not np.iscomplexobj(plain(self)):
            raise TypeError("a real array has no imaginary part to set; make it complex.")
        np.imag(self)[...] = x

    @property
    def flat(self) -> Flat:
        """The elements in one axis, to read and to write."""
        return Flat(self)

    @flat.setter
    def flat(self, x: Any) -> None:
        Flat(self)[...] = x

    def __len__(self) -> int:
        return len(self.primal)

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array; write x[()] for its one element.")
        return map(self.__getitem__, range(len(self)))

    # operators write in place; those that do not are those of numbers

    __iadd__ = _assigning(operator.add, operator.iadd)
    __isub__ = _assigning(operator.sub, operator.isub)
    __imul__ = _assigning(operator.mul, operator.imul)
    __itruediv__ = _assigning(operator.truediv, operator.itruediv)
    __ifloordiv__ = _assigning(operator.floordiv, operator.ifloordiv)
    __imod__ = _assigning(operator.mod, operator.imod)
    __ipow__ = _assigning(operator.pow, operator.ipow)
    __imatmul__ = _assigning(operator.matmul, operator.imatmul)

    # elements

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, tuple):
            index = (index,)
        even_out(self)
        value, tangent = self.primal[index], self._tangent_at(index)
        if not is_array(value):  # a number of its own, no view of the array
            tangent = np.copy(tangent) if len(shape_of(tangent)) else as_number(tangent)
        return moved(value, tangent, self.level)

    def _tangent_at(self, index: tuple[Any, ...]) -> Any:
        tangent = self.tangent
        if tangent.ndim > self.ndim:
            if is_basic(index):
                tangent = tangent[(slice(None), *index)]
            else:  # directions last, where index arrays cannot move them
                tangent = np.moveaxis(tangent, 0, -1)[_leave_last(index)]
                tangent = np.copy(np.moveaxis(tangent, -1, 0), "C")
        else:
            tangent = tangent[index]
        return tangent

    def _refuse_exchange(self, row: Any, asking: FrameType) -> None:
        """Refuse to take a row of this array from a function of C, such as np.random's shuffle.

        It would take copies of an array of NumPy; of any other it takes the rows, which are views.
        """
        if not np.may_share_memory(plain(self), plain(row)):
            return
        if opcode.opname[asking.f_code.co_code[asking.f_lasti]].startswith("CALL"):
            raise refused(
                "a function that is not written in Python exchanges rows of this array, which are "
                "views of it; write x[...] = x[np.random.permutation(len(x))] for a shuffle.",
                self,
            )

    def __setitem__(self, index: Any, x: Any) -> None:
        if type(x) is DualArray and type(index) is int and self.ndim > 1:
            self._refuse_exchange(x, sys._getframe(1))
        self._store(index, x)

    def _store(self, index: Any, x: Any) -> None:
        if not isinstance(index, tuple):
            index = (index,)
        x = as_operand(x)
        note_mixing(self.level)
        if not is_operand(x):
            plain(self).copy()[index] = x  # where NumPy has an error of its own
            raise TypeError(f"a DualArray holds numbers, got {type(x).__name__}.")
        if isinstance(x, Dual) and (
            x.level != self.level or isinstance(x.primal, Dual) or isinstance(x.tangent, Dual)
        ):
            make_room(self, x, all(map(_is_everything, index)))
        value, tangent = parts(x, self.level)
        if tangent is not None and directions((x,), self.level) != directions((self,), self.level):
            raise ValueError(
                f"cannot store a dual with tangent of shape {np.shape(tangent)} in an array "
                f"with tangent of shape {self.tangent.shape}."
            )
        if not plain(self).flags.writeable:
            note_refusals(self)  # plain NumPy may have a view that it can write into
            raise ValueError(
                "cannot write into this array: it is read-only, or a view whose tangent has "
                "another memory order; write x.copy() first."
            )
        even_out(self)
        self.primal[index] = value
        if np.iscomplexobj(plain(value)) and not np.iscomplexobj(plain(self)):
            tangent = None if tangent is None else np.real(tangent)  # as NumPy has done to value
        with quiet():  # where a tangent is too large for the precision of the array
            if self.tangent.ndim > self.ndim:
                target = np.moveaxis(self.tangent, 0, -1)
                target[_leave_last(index)] = 0.0 if tangent is None else np.moveaxis(tangent, 0, -1)
            else:
                self.tangent[index] = 0.0 if tangent is None else tangent

    # methods of ndarray

    def __matmul__(self, other: Any) -> Any:
        other = as_operand(other)
        if is_operand(other):
            return matmul(self, other)
        return times_sparse(self, other) if is_sparse(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        other = as_operand(other)
        if is_operand(other):
            return matmul(other, self)
        return sparse_times(other, self) if is_sparse(other) else NotImplemented

    sum, prod, mean, var, std = map(_method, ("sum", "prod", "mean", "var", "std"))
    max, min, argmax, argmin = map(_method, ("max", "min", "argmax", "argmin"))
    all, any, nonzero = map(_method, ("all", "any", "nonzero"))
    cumsum, cumprod, trace = map(_method, ("cumsum", "cumprod", "trace"))
    dot, round, ravel = map(_method, ("dot", "round", "ravel"))
    squeeze, swapaxes, diagonal = map(_method, ("squeeze", "swapaxes", "diagonal"))
    repeat, take = map(_method, ("repeat", "take"))
    argsort, argpartition = map(_method, ("argsort", "argpartition"))
    searchsorted, choose = map(_method, ("searchsorted", "choose"))

    def compress(self, condition: Any, axis: Any = None, out: Any = None) -> Any:
        """The elements along an axis where the condition holds."""
        return np.compress(condition, self, axis, out)

    def put(self, indices: Any, values: Any, mode: Any = "raise") -> None:
        """Set elements, which are counted in C order."""
        np.put(self, indices, values, mode)  # type: ignore[arg-type]

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
        """The same elements in another shape; a view where NumPy gives one."""
        new = shape[0] if len(shape) == 1 else shape
        options = {} if order == "C" else {"order": order}
        result = np.reshape(self, new, **options)  # type: ignore[call-overload]
        return result.copy() if copy else result

    def conj(self) -> Any:
        """The complex conjugate; a real array itself, as in NumPy."""
        return super().conjugate() if np.iscomplexobj(plain(self)) else self

    conjugate = conj

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order, a view."""
        order = axes[0] if len(axes) == 1 else axes or None
        return np.transpose(self, order)

    def flatten(self, order: str = "C") -> Any:
        """The elements in one axis, a copy."""
        return self.ravel(order).copy()

    @elementwise
    def copy(self, order: Any = "C") -> Any:
        """An array of its own."""
        return moved(np.copy(self.primal, order), np.copy(self.tangent, order), self.level)

    def __copy__(self) -> Any:
        return self.copy("K")

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy("K")

    def clip(self, min: Any = None, max: Any = None, out: Any = None, **options: Any) -> Any:
        """np.clip(x, …), which before NumPy 2.1 has other names for the bounds."""
        return np.clip(self, min, max, out, **options)

    def view(self, dtype: Any = None, type: Any = None) -> Any:
        """The same memory under another name."""
        for kind in (dtype, type):
            if kind is None or kind is np.ndarray:
                continue
            if np.ndarray in getattr(kind, "__mro__", ()):
                raise refused(not_plain(kind), self)
            if np.dtype(kind) != self.dtype:
                raise refused(
                    "a view as another type would read the memory of a DualArray, not its numbers; "
                    "write x.astype(dtype), or getattr(x, 'primal', x).view(dtype) for the plain "
                    "array.",
                    self,
                )
        return self[...]

    def astype(
        self,
        dtype: Any,
        order: Any = "K",
        casting: Any = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Any:
        """Another precision, or complex; integers and booleans are steps, and plain."""
        kind = np.dtype(dtype).kind
        if kind == "O":
            note_objects(self)
            return as_objects(self)
        if kind not in "fc":
            (note_text if kind in "US" else note_step)(self)
            return plain(self).astype(dtype, order, casting, subok, copy)
        x = self
        if kind == "f" and plain(self).dtype.kind == "c":
            plain(self).astype(dtype, casting=casting)  # which warns, once
            x = self.real
        elif not copy and plain(self).astype(dtype, order, casting, subok, copy) is plain(self):
            return self
        y = linear(lambda x: x.astype(dtype, casting=casting), x)
        return y if order == "K" else y.copy(order)

    def item(self, *index: Any) -> Any:
        """One element, as a number of Python's own."""
        if not index and self.size != 1:
            raise ValueError("item() takes an array of one element; give an index.")
        place = index[0] if len(index) == 1 else index or 0
        if not isinstance(place, tuple):
            place = np.unravel_index(range(self.size)[place], self.shape)
        return as_number(self[tuple(place)])

    def tolist(self) -> Any:
        """Nested lists of duals, which are Python's numbers."""
        if not self.ndim:
            return self.item()
        return [x.tolist() if isinstance(x, DualArray) else as_number(x) for x in self]

    def setflags(self, write: Any = None, align: Any = None, uic: Any = None) -> None:
        """Whether the array can be written to."""
        plain(self).setflags(write=write, align=align, uic=uic)

    def fill(self, value: Any) -> None:
        """Set all elements to one number."""
        self[...] = value

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None, **options: Any) -> None:
        """Sort in place."""
        refuse_overlap(self, "sort")
        self[...] = np.sort(self, axis, kind, order, **options)

    def partition(
        self, kth: Any, axis: int = -1, kind: Any = "introselect", order: Any = None
    ) -> None:
        """Partition in place."""
        refuse_overlap(self, "partition")
        self[...] = np.partition(self, kth, axis, kind, order)

    def __contains__(self, x: Any) -> bool:
        return bool((plain(self) == plain(x)).any())

    def __getattr__(self, name: str) -> Any:
        if name in _RAW:
            raise AttributeError(
                f"x.{name} would hand out raw memory without derivatives; "
                f"write getattr(x, 'primal', x).{name} for the plain array."
            )
        return super().__getattr__(name)

    # text, and ways out

    def __repr__(self) -> str:
        if text := text_for(self, repr):
            return text
        text = f"DualArray({text_of(self.primal)}, {text_of(self.tangent)})"
        # np.poly1d takes "array(" and ")" off the text of its coefficients
        return f"array({text})" if sys._getframe(1).f_code is _OF_POLY1D else text

    def _repr_html_(self) -> str:
        from ..text import array_html

        return array_html(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        answer = answer_to_sparse(self, sys._getframe(1))
        if answer is not None:
            return answer
        if dtype is not None and np.dtype(dtype) != object:
            raise converted_array(np.dtype(dtype), self)
        if copy is False:
            raise ValueError(
                "an array of the numbers in a DualArray is a copy; omit copy=False, or write "
                "x itself."
            )
        note_objects(self)
        if dtype is not None:
            return as_objects(self)
        return as_objects(self, lambda x: x)  # they stand for the elements of an array of floats

    def __float__(self) -> NoReturn:
        if self.size == 1:
            super().__float__()
        raise TypeError("only an array of size 1 can become one number.")


def _leave_last(index: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same index for an array with one more axis behind."""
    return (*index, slice(None)) if any(i is Ellipsis for i in index) else index


ARRAYS.add(DualArray)
