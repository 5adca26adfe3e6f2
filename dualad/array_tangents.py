"""Tangents of arrays that are not arrays themselves, but move as arrays do.

A participating level brings them along: the forms of reverse mode, the patterns of sparsity. What
is done to them comes through NumPy's protocols, and is looked up in a table of the class.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, Self

import numpy as np

from .frames import name_of_call
from .pair import Pair


class ArrayTangent:
    """A tangent of another kind, with the shape of its primal and memory that views share."""

    __slots__ = ()
    __array_priority__ = 1000
    __hash__ = None  # type: ignore[assignment]

    # What NumPy's functions, ufuncs and methods of ufuncs do to tangents of this class.
    FUNCTIONS: ClassVar[dict[Any, Callable[..., Any]]]

    @abstractmethod
    def refuse(self, what: str) -> NoReturn:
        """Raise TypeError for what cannot be done to tangents of this kind."""

    # memory

    @abstractmethod
    def is_view_of(self, other: Any) -> bool:
        """Whether what is stored in one is seen in the other."""

    @abstractmethod
    def room(self, shape: tuple[int, ...]) -> Self:
        """Zeros in one axis, as many as the shape has: places for tangents of this kind."""

    @abstractmethod
    def within(self, numbers: Any) -> Self:
        """The elements of a room with these numbers, as a view."""

    def elements(self, numbers: Any) -> Self | None:
        """The elements with these numbers, counted in C order, as a view; None if there is none."""
        return None

    # sums and slopes

    @abstractmethod
    def total(self) -> Self:
        """The sum of all elements."""

    def chosen(self, slope: Any) -> Self:
        """What is left of this where the slope of a kink is not zero."""
        return self

    # as an array

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """The shape of the tangent."""

    @property
    def ndim(self) -> int:
        """How many axes the tangent has."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    @abstractmethod
    def copy(self, *order: Any) -> Self:
        """The tangent as it is now."""

    def __copy__(self) -> Self:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Self:
        return self.copy()

    def __reduce__(self) -> NoReturn:
        self.refuse("a pickle of a tangent")

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """The same numbers in another shape."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order."""
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    @property
    def T(self) -> Any:
        """The transpose."""
        return self.transpose()

    def __matmul__(self, other: Any) -> Any:
        return self.FUNCTIONS[np.matmul](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self.FUNCTIONS[np.matmul](other, self)

    # questions: never nan, and taken for something else than zero

    def __eq__(self, other: object) -> Any:
        return np.full(self.shape, other is self)[()]

    def __ne__(self, other: object) -> Any:
        return np.full(self.shape, other is not self)[()]

    def __abs__(self) -> NoReturn:
        self.refuse("the size of a tangent")

    def __array__(self, *args: Any, **options: Any) -> NoReturn:
        self.refuse(name_of_call(sys._getframe(1)) or "an array of a tangent")

    def __bool__(self) -> bool:  # noqa: PLE0304  (it raises)
        self.refuse("the truth of a tangent")

    # NumPy's protocols

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(x, Pair) for x in inputs):
            return NotImplemented
        f = self.FUNCTIONS.get(ufunc if method == "__call__" else (ufunc, method))
        if f is None:
            self.refuse(f"np.{ufunc.__name__}{'' if method == '__call__' else '.' + method}")
        return f(*inputs, **options)

    def __array_function__(self, f: Any, types: Any, args: Any, options: Any) -> Any:
        rule = self.FUNCTIONS.get(f)
        if rule is None:
            return self.otherwise(f, args, options)
        return rule(*args, **options)

    def otherwise(self, f: Any, args: Any, options: Any) -> Any:
        """What an array function does that is not in the table."""
        self.refuse(f"np.{getattr(f, '__name__', f)}")
