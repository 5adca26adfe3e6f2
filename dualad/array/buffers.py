"""Buffer: an array of floats that becomes dual when a dual is stored in it.

What `np.zeros(n)` gives in lifted code (see `lift`). A buffer starts as a plain array, and works
as one. When a dual is stored, its array is replaced by a DualArray with the same values and room
for the tangents: of one level, or of as many as are nested. Views follow, because a view
is kept as the steps that lead to it from the whole array:

    content = steps(whole)

Python code and NumPy's functions see the array through NumPy's protocols. Code that takes the
memory itself (`np.asarray` outside of lifted code) gets the plain array; while it holds that,
the buffer refuses to become dual, because the plain array would not follow.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..dual import Dual
from ..kernel import ARRAY_KERNEL, LIFTING
from ..levels import ParticipatingLevel
from ..looks import is_plain
from ..pair import plain
from ..refusals import refused
from ..structure import leaves, rebuild
from .algebra import levels_of, with_room
from .dualarray import DualArray, Flat, answer_to_sparse, is_basic
from .operands import ArrayProxy, as_operand, unbuffered
from .promotion import make_room

Step = Callable[[Any], Any]
_SNAPSHOTS = ("byteswap", "dump", "dumps", "tobytes", "tofile")  # read memory, as it is now
_LENT: tuple[str, ...] = ("ctypes", "data")  # hand it out
_ADDRESSES = ("__array_interface__", "__array_struct__")  # the same, held by nothing
if LIFTING or sys.version_info >= (3, 12):  # else NumPy would take these before `__array__`
    _LENT += (*_ADDRESSES, "__dlpack__", "__dlpack_device__")
# How np.ndarray(buffer=a) asks for memory, which it gives back at once, and goes on using.
_ANY_CONTIGUOUS = 0x98


# -- the buffer ----------------------------------------------------------------------------


class _AnyWhole:
    """The array of a buffer and all its views."""

    __slots__ = ("array", "aliases")

    def __init__(self, array: Any) -> None:
        self.array = array
        self.aliases: list[Callable[[], Any]] = []  # plain arrays of this memory in other hands


class _Room:
    """The elements of a buffer, one by one."""

    __slots__ = ("_content", "_owner", "_seen", "_steps", "_whole")

    def __init__(self, whole: Any, steps: tuple[Step, ...] = (), owner: Any = None) -> None:
        self._whole, self._steps, self._owner = whole, steps, owner
        self._seen: Any = None
        self._content: Any = None

    @property
    def content(self) -> Any:
        """The array as it is now: an ndarray or a DualArray, never a copy."""
        return self.followed()  # type: ignore[attr-defined]

    def __getitem__(self, index: Any) -> Any:
        return self.read(index)  # type: ignore[attr-defined]

    def __setitem__(self, index: Any, x: Any) -> None:
        self.store(index, x)  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return len(self.content)

    def __buffer__(self, flags: int) -> memoryview:
        return memoryview(self.lent_as(flags))  # type: ignore[attr-defined]

    def __release_buffer__(self, view: memoryview) -> None:
        """Nothing; since it is here, np.frombuffer holds the memory by a memoryview."""
        view.release()


if not TYPE_CHECKING and LIFTING:
    _AnyWhole, _Room = LIFTING.Whole, LIFTING.Room


class _Whole(_AnyWhole):
    __slots__ = ()

    def take(self, x: Dual) -> None:
        """Make room for the tangents of x."""
        array, is_nested = self.array, isinstance(x.primal, Dual) or isinstance(x.tangent, Dual)
        if isinstance(array, Dual):
            if array.level != x.level or is_nested:
                make_room(array, x)
            return
        if isinstance(x.level, ParticipatingLevel) and not x.level.holds_arrays:
            new: Any = array.astype(object)
        else:
            new = with_room(array, levels_of(x))
        if any(alias() is not None for alias in self.aliases):
            raise refused(
                "cannot store a dual in an array of floats whose memory is in use by code that "
                "dualad.lift does not reach; make the array with np.zeros_like(x).",
                x,
            )
        self.array = new


class _Memory:
    """Hands out the memory of an array; all arrays made of it have it as their base."""

    def __init__(self, array: Any) -> None:
        self.array = array
        self.__array_interface__ = array.__array_interface__


class _Ctypes:
    """`ctypes` of a buffer: an address, as `data` is one, is held by nothing."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer

    def __getattr__(self, name: str) -> Any:
        is_held = name in ("data_as", "shape", "shape_as", "strides", "strides_as")
        return getattr(self._buffer.lent(for_good=not is_held).ctypes, name)


def _operator(f: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
    def forward(self: Buffer, other: Any) -> Any:
        return buffered(f(self.content, unbuffered(other)))

    def reflected(self: Buffer, other: Any) -> Any:
        return buffered(f(unbuffered(other), self.content))

    return LIFTING.operators_of_rooms(f, unbuffered) if LIFTING else (forward, reflected)


def _in_place(operate: Callable[[Any, Any], Any]) -> Any:
    def method(self: Buffer, other: Any) -> Any:
        if isinstance(other, (np.ndarray, ArrayProxy)):
            other = as_operand(other)
        self._take([other])
        operate(self.content, other)
        return self

    return method


def _conversion(f: Callable[[Any], Any]) -> Any:
    return lambda self: f(self.content)


class Buffer(_Room, ArrayProxy):
    """An array that becomes dual when a dual is stored in it.

    Made by `buffered`. Everything that an ndarray has comes from its content.
    """

    __slots__ = ("__weakref__",)

    def followed(self) -> Any:
        """The content, where the whole array may be another one than when it was last seen."""
        if self._seen is not self._whole.array:
            content = self._whole.array
            for step in self._steps:
                view = step(content)
                if not _is_view(view, content):
                    raise TypeError(
                        "a view of an array of floats could not follow when a dual was stored; "
                        "make the array with np.zeros_like(x)."
                    )
                content = view
            self._content, self._seen = content, self._whole.array
        return self._content

    def _view(self, step: Step) -> Buffer:
        return Buffer(
            self._whole, (*self._steps, step), self if self._owner is None else self._owner
        )

    def _take(self, others: Any) -> None:
        for x in leaves(others):
            x = as_operand(x) if isinstance(x, (np.ndarray, ArrayProxy)) else x
            if isinstance(x, Dual):
                self._whole.take(x)

    # elements

    def read(self, index: Any) -> Any:
        """self[index]; a view, if NumPy gives one."""
        if type(index) is not int:
            index = rebuild(index, unbuffered)
        y = self.content[index]
        if not isinstance(y, np.ndarray):
            return y
        if is_basic(index if isinstance(index, tuple) else (index,)):
            return self._view(operator.itemgetter(index))
        return buffered(y)

    def store(self, index: Any, x: Any) -> None:
        """self[index] = x."""
        if type(index) is not int:
            index = rebuild(index, unbuffered)
        x = as_operand(x)
        if isinstance(x, Dual):
            self._whole.take(x)
        self.content[index] = x

    def __iter__(self) -> Iterator[Any]:
        return map(self.__getitem__, range(len(self)))

    def __contains__(self, x: Any) -> bool:
        return unbuffered(x) in self.content

    @property
    def shape(self) -> Any:
        """The shape of the array."""
        return self.content.shape

    @shape.setter
    def shape(self, new: Any) -> None:
        def step(content: Any) -> Any:
            return np.reshape(content, new)

        if not _is_view(step(self.content), self.content):
            raise AttributeError("this array cannot get another shape in place; use x.reshape.")
        self._steps, self._seen = (*self._steps, step), None

    @property
    def base(self) -> Any:
        """The array whose memory this one shows; None if it is its own."""
        if self._owner is not None:
            return self._owner
        base = plain(self._whole.array).base
        if base is not None:
            self.lent(for_good=True)
        return base

    @property
    def flat(self) -> Any:
        """The elements in one axis, to read and to write."""
        return Flat(self)  # type: ignore[arg-type]

    @flat.setter
    def flat(self, x: Any) -> None:
        self._write("flat", x)

    @property
    def real(self) -> Any:
        """The real parts, a view."""
        return self._apply(operator.attrgetter("real"), (self,), {})

    @real.setter
    def real(self, x: Any) -> None:
        self._write("real", x)

    @property
    def imag(self) -> Any:
        """The imaginary parts, a view."""
        return self._apply(operator.attrgetter("imag"), (self,), {})

    @imag.setter
    def imag(self, x: Any) -> None:
        self._write("imag", x)

    def _write(self, name: str, x: Any) -> None:
        """Set an attribute of the array, which writes into it."""
        self._take([x])
        setattr(self.content, name, as_operand(x))

    def fill(self, value: Any) -> None:
        """Set all elements to one number."""
        self[...] = value

    def put(self, *args: Any, **kwargs: Any) -> None:
        """np.put."""
        np.put(self, *args, **kwargs)  # type: ignore[arg-type]

    def resize(self, *shape: Any, refcheck: bool = True) -> None:
        """As of an array: other shape and size in place, with zeros behind the elements.

        Raises
        ------
        ValueError
            If this is a view of another array.
        """
        if self._owner is not None:
            raise ValueError("cannot resize this array: it does not own its data")
        if not shape or shape[0] is None:
            return
        shape = np.empty(shape if len(shape) > 1 else shape[0], bool).shape
        order: Any = "C" if self.content.flags.c_contiguous else "F"  # the elements as they lie
        size, elements = math.prod(shape), np.reshape(self.content, -1, order=order)
        rest = np.zeros(max(size - elements.size, 0), elements.dtype)
        every = np.concatenate((elements[:size], rest))
        self._whole.array = np.reshape(every, shape, order=order)
        self._steps, self._seen = (), None

    def __dlpack__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__getattr__("__dlpack__")(*args, **kwargs)  # an older NumPy asks the class

    def __getattr__(self, name: str) -> Any:
        if name in _SNAPSHOTS and is_plain(self.content, np.ndarray):
            return getattr(self.content, name)
        if name in _LENT and is_plain(self.content, np.ndarray):
            if name == "ctypes":
                return _Ctypes(self)
            return getattr(self.lent(for_good=name in _ADDRESSES), name)
        if name in (*_SNAPSHOTS, "ctypes", "data"):
            raise refused(
                f"{name} reads the memory of an array, in which a dual does not lie as a float; "
                f"write getattr(a, 'primal', a).{name} for the plain numbers.",
                self.content,
            )
        is_known = hasattr(DualArray, name) and name not in Dual.__slots__
        if not is_known and hasattr(np.ndarray, name) and is_plain(self.content, np.ndarray):
            return getattr(self.lent(), name)
        if name.startswith("_") or not is_known:
            raise AttributeError(f"an array made in lifted code has no attribute {name!r}.")
        if not callable(getattr(self.content, name)):
            return self._apply(lambda x: getattr(x, name), (self,), {})

        def method(*args: Any, **kwargs: Any) -> Any:
            return self._apply(lambda x, *a, **k: getattr(x, name)(*a, **k), (self, *args), kwargs)

        return method

    # operators

    __add__, __radd__ = _operator(operator.add)
    __sub__, __rsub__ = _operator(operator.sub)
    __mul__, __rmul__ = _operator(operator.mul)
    __truediv__, __rtruediv__ = _operator(operator.truediv)
    __floordiv__, __rfloordiv__ = _operator(operator.floordiv)
    __mod__, __rmod__ = _operator(operator.mod)
    __divmod__, __rdivmod__ = _operator(divmod)
    __pow__, __rpow__ = _operator(operator.pow)
    __matmul__, __rmatmul__ = _operator(operator.matmul)
    __iadd__, __isub__, __imul__ = map(_in_place, (operator.iadd, operator.isub, operator.imul))
    __itruediv__, __ifloordiv__ = map(_in_place, (operator.itruediv, operator.ifloordiv))
    __imod__, __ipow__ = map(_in_place, (operator.imod, operator.ipow))
    __imatmul__ = _in_place(operator.imatmul)
    __lt__, __gt__ = _operator(operator.lt)[0], _operator(operator.gt)[0]
    __le__, __ge__ = _operator(operator.le)[0], _operator(operator.ge)[0]
    __eq__, __ne__ = _operator(operator.eq)[0], _operator(operator.ne)[0]
    __hash__ = None  # type: ignore[assignment]

    def __neg__(self) -> Any:
        return buffered(-self.content)

    def __pos__(self) -> Any:
        return buffered(+self.content)

    def __abs__(self) -> Any:
        return buffered(abs(self.content))

    __bool__, __int__, __float__ = map(_conversion, (bool, int, float))
    __complex__, __index__ = _conversion(complex), _conversion(operator.index)
    __repr__, __str__ = _conversion(repr), _conversion(str)

    # copies

    def __copy__(self) -> Any:
        return self.copy("K")

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy("K")

    def __reduce__(self) -> Any:
        return buffered, (self.content.copy(),)

    # NumPy

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        content = self.content
        if isinstance(content, Dual):
            answer = answer_to_sparse(content, sys._getframe(1))
            return content.__array__(dtype) if answer is None else answer
        if copy:
            return np.array(content, dtype=dtype)
        alias = np.asarray(_Memory(content))
        self._whole.aliases = [a for a in self._whole.aliases if a() is not None]
        self._whole.aliases.append(weakref.ref(alias))
        return np.asarray(alias, dtype=dtype)

    def lent_as(self, flags: int) -> Any:
        """The memory for who asks for it with these flags of a Py_buffer."""
        return self.lent(for_good=flags & _ANY_CONTIGUOUS == _ANY_CONTIGUOUS)

    def lent(self, for_good: bool = False) -> Any:
        """The memory in an array of other hands, if it holds no duals.

        `for_good`: nothing tells when they have done with it.
        """
        if isinstance(self.content, Dual):
            raise memory_refused(self.content)
        alias = self.__array__()
        if for_good:
            self._whole.aliases = [lambda: alias]
        return alias

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Sequence[Any] = (), **kwargs: Any
    ) -> Any:
        targets = inputs[:1] if method == "at" else out
        for target in targets:
            if isinstance(target, Buffer):
                target._take(inputs)
        if out:
            kwargs["out"] = tuple(map(unbuffered, out))
        y = getattr(ufunc, method)(*map(unbuffered, inputs), **rebuild(kwargs, unbuffered))
        if not out:
            return rebuild(y, buffered)
        results = y if isinstance(y, tuple) else (y,)
        given = tuple(
            buffered(r) if o is None else o
            for r, o in zip(results, (*out, *[None] * len(results)), strict=False)
        )
        return given if isinstance(y, tuple) else given[0]

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        place, names = _place_of_out(func)
        if len(args) > place:
            args, kwargs = args[:place], kwargs | dict(zip(names, args[place:], strict=False))
        if func in WRITING or kwargs.get("out") is not None:
            for x in leaves([args, kwargs]):
                if isinstance(x, Buffer):
                    x._take([args, kwargs])
        return self._apply(func, args, kwargs)

    def _apply(self, f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """f of the contents. Views of this buffer stay views, and new arrays are buffers."""

        def call(content: Any) -> Any:
            def substitute(x: Any) -> Any:
                return content if x is self else unbuffered(x)

            return f(*rebuild(args, substitute), **rebuild(kwargs, substitute))

        content = self.content
        others = [unbuffered(x) for x in leaves([args, kwargs]) if x is not self]

        def result(y: Any, step: Step) -> Any:
            if isinstance(y, DualArray):
                return y
            if _is_view(y, content):
                # Of a class of the user's own, with attributes and products of its own, or of other
                # numbers, as those in the fields of a structure, it is lent.
                is_alike = type(y) is np.ndarray and y.real.dtype == content.real.dtype
                return self._view(step) if is_alike else step(np.asarray(self))
            return y if any(_is_view(y, x) for x in others) else rebuild(y, buffered)

        y = call(content)
        if kwargs.get("out") is not None:  # of no axes, np.dot gives the number in it
            return kwargs["out"] if isinstance(y, (np.ndarray, DualArray)) else y
        if isinstance(y, (list, tuple)) and not hasattr(y, "_fields"):
            return type(y)([result(part, _item(call, i)) for i, part in enumerate(y)])
        return result(y, call)


def memory_refused(x: Any) -> TypeError:
    """The refusal to hand out the memory of an array of duals."""
    return refused(
        "the memory of an array that holds duals has no derivatives in it, and arrays of a class "
        "derived from np.ndarray are such memory; write memoryview(getattr(a, 'primal', a)), or "
        "getattr(a, 'primal', a) for a, "
        "for the plain numbers.",
        x,
    )


def _item(call: Step, i: int) -> Step:
    return lambda content: call(content)[i]


@functools.cache
def _place_of_out(func: Callable[..., Any]) -> tuple[float, tuple[str, ...]]:
    """Where the argument out= of an array function may stand, and the names from there on."""
    try:
        parameters = inspect.signature(func).parameters.values()
    except ValueError:  # in C, without one in older NumPys
        parameters = ()  # type: ignore[assignment]
    names = tuple([p.name for p in parameters if p.kind <= p.POSITIONAL_OR_KEYWORD])
    place = names.index("out") if "out" in names else math.inf
    return place, names[place:] if isinstance(place, int) else ()


# Functions that write into their first argument.
WRITING = (np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal)


def _is_view(y: Any, content: Any) -> bool:
    """Whether y is an array in the memory of content. (An empty array is.)"""
    if not all(isinstance(x, (np.ndarray, DualArray)) for x in (y, content)):
        return False
    y, content = plain(y), plain(content)
    return np.may_share_memory(y, content) or (y.size == 0 and y.base is not None)


def buffered(x: Any) -> Any:
    """A new array of floats or complex numbers as a buffer; everything else as it is.

    A DualArray takes duals of all levels by itself. What shows memory of others, as np.asarray of a
    memoryview, takes none.
    """
    if type(x) is np.ndarray and x.dtype.kind in "fc" and not isinstance(x.base, memoryview):
        return Buffer(_Whole(x))
    return x


if LIFTING:
    LIFTING.connect_arrays(DualArray, Buffer, _Whole)
if ARRAY_KERNEL:
    ARRAY_KERNEL.connect_buffers(Buffer)
