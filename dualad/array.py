"""DualArray: an array of dual numbers as two plain arrays, and NumPy's two protocols.

The value is one array of shape S, the tangent one array of shape S, or (k, *S) for k directions
at once; never an array of objects. User code stays unmodified NumPy: NumPy itself hands over
its ufuncs (`__array_ufunc__`) and array functions (`__array_function__`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from .dual import (
    Dual,
    as_number,
    as_numpy,
    dual,
    evaluate,
    fit,
    function,
    is_operand,
    map_leaves,
    parts,
    plain,
    text_of,
    use_for_arrays,
)
from .kernel import KERNEL
from .rules import RULES, Rule

# -- tangents of array functions -----------------------------------------------------------


def newest(args: Sequence[Any]) -> int:
    """The level that is to be differentiated."""
    return max(a.level for a in args if isinstance(a, Dual))


def directions(args: Sequence[Any], level: int) -> tuple[int, ...]:
    """(k,) if the duals of this level carry k directions, else ()."""
    for a in args:
        value, tangent = parts(a, level)
        if tangent is not None:
            return tuple(np.shape(tangent)[: np.ndim(tangent) - np.ndim(value)])
    return ()


def linear(f: Callable[..., Any], *args: Any, batched: Callable[..., Any] | None = None) -> Any:
    """f is linear in all its arguments together: apply it to the values, and to the tangents.

    This is the one hook through which array functions move tangents. With k directions f runs
    k times, or, if it is given, `batched` once on tangents with the axis of directions in front.
    """
    level = newest(args)
    split = [parts(a, level) for a in args]
    y = f(*(value for value, _ in split))
    tangents = [np.zeros(np.shape(v), _float(v)) if t is None else t for v, t in split]
    many = directions(args, level)
    if not many:
        return dual(y, fit(f(*tangents), y), level)
    if batched is not None:
        k = many[0]
        stacks = [
            np.zeros((k, *np.shape(t)), t.dtype) if dot is None else t
            for t, (_, dot) in zip(tangents, split, strict=True)
        ]
        return dual(y, fit(batched(*stacks), y), level)
    rows = [
        f(*(t if dot is None else t[j] for t, (_, dot) in zip(tangents, split, strict=True)))
        for j in range(many[0])
    ]
    tangent = np.stack(rows) if rows else np.zeros((0, *np.shape(y)), _float(y))
    return dual(y, fit(tangent, y), level)


def bilinear(f: Callable[..., Any], a: Any, b: Any) -> Any:
    """f is linear in each of its two arguments: the product rule, one term per operand."""
    level = newest((a, b))
    (v, v_dot), (w, w_dot) = parts(a, level), parts(b, level)
    if v_dot is None:
        return linear(lambda x: f(v, x), b)
    if w_dot is None:
        return linear(lambda x: f(x, w), a)
    left, right = linear(lambda x: f(x, w), a), linear(lambda x: f(v, x), b)
    return dual(left.value, left.tangent + right.tangent, level)


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
    row, column = np.ndim(v) == 1, np.ndim(w) == 1  # vectors count as these
    left, right = (v[None, :] if row else v), (w[:, None] if column else w)
    terms = []
    if v_dot is not None:
        stack = v_dot[:, None, :] if row else v_dot
        terms.append(_behind(stack, np.ndim(right)) @ right)
    if w_dot is not None:
        stack = w_dot[..., None] if column else w_dot
        terms.append(left @ _behind(stack, np.ndim(left)))
    tangent = terms[0] if len(terms) == 1 else terms[0] + terms[1]
    if column:
        tangent = tangent[..., 0]
    if row:
        tangent = tangent[..., 0] if column else tangent[..., 0, :]
    return dual(y, fit(tangent, y), level)


def _behind(tangent: Any, ndim: int) -> Any:
    """Make room between directions and matrices for the stack axes of the other operand."""
    missing = ndim + 1 - np.ndim(tangent)
    if missing <= 0:
        return tangent
    return tangent.reshape(tangent.shape[:1] + (1,) * missing + tangent.shape[1:])


_BASIC = (int, np.integer, slice, type(None), type(Ellipsis))


def _is_basic(index: tuple[Any, ...]) -> bool:
    """Whether an index has no arrays in it (a bool counts as an array)."""
    return all(isinstance(i, _BASIC) and not isinstance(i, bool) for i in index)


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
        return tuple(self.value.shape)

    @property
    def ndim(self) -> int:  # type: ignore[override]
        """Number of axes of the value."""
        return int(self.value.ndim)

    @property
    def size(self) -> int:  # type: ignore[override]
        """Number of elements of the value."""
        return int(self.value.size)

    @property
    def dtype(self) -> Any:
        """Type of the value's elements."""
        return plain(self).dtype

    @property
    def T(self) -> Any:
        """The transpose."""
        return linear(np.transpose, self)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array; write x[()] for its one element.")
        return map(self.__getitem__, range(len(self)))

    # elements

    def __getitem__(self, index: Any) -> Any:
        if KERNEL:
            x = KERNEL.item(self.value, self.tangent, self.level, index)
            if x is not None:
                return x
        if not isinstance(index, tuple):
            index = (index,)
        value, tangent = self.value[index], self._tangent_at(index)
        if np.ndim(value) == 0:  # a number of its own, no view of the array
            tangent = tangent.copy() if np.ndim(tangent) else as_number(tangent)
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
        if isinstance(x, (list, tuple)):
            x = np.array(x)
        if isinstance(x, np.ndarray) and x.dtype == object:
            x = from_objects(x)
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
        self.value[index] = value
        if self.tangent.ndim > self.ndim:
            target = np.moveaxis(self.tangent, 0, -1)
            target[_leave_last(index)] = 0.0 if tangent is None else np.moveaxis(tangent, 0, -1)
        else:
            self.tangent[index] = 0.0 if tangent is None else tangent

    # methods of ndarray

    def __matmul__(self, other: Any) -> Any:
        return matmul(self, other) if is_operand(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        return matmul(other, self) if is_operand(other) else NotImplemented

    def sum(self, axis: Any = None, *, keepdims: bool = False) -> Any:
        """Sum of the elements, over all axes or the given ones."""
        axes = range(self.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        y = self.value.sum(axis=axis, keepdims=keepdims)
        shift = self.tangent.ndim - self.ndim
        shifted = tuple(a % self.ndim + shift for a in axes)
        return dual(y, self.tangent.sum(axis=shifted, keepdims=keepdims), self.level)

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> Any:
        """Mean of the elements, over all axes or the given ones."""
        total = self.sum(axis=axis, keepdims=keepdims)
        return total / (self.size / max(1, np.size(plain(total))))

    def dot(self, other: Any) -> Any:
        """np.dot(self, other)."""
        return np.dot(self, other)

    def reshape(self, *shape: Any) -> Any:
        """The same elements in another shape."""
        return linear(lambda x: x.reshape(*shape), self)

    def ravel(self) -> Any:
        """The same elements in one axis."""
        return self.reshape(-1)

    def copy(self) -> Any:
        """An array of its own."""
        return dual(self.value.copy(), self.tangent.copy(), self.level)

    def tolist(self) -> list[Any]:
        """Nested lists of duals."""
        return [x.tolist() if isinstance(x, DualArray) else x for x in self]

    # text, and ways out

    def __repr__(self) -> str:
        return f"DualArray({text_of(self.value)}, {text_of(self.tangent)})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if dtype is not None and np.dtype(dtype) != object:
            raise TypeError(
                f"an array of {np.dtype(dtype)} would lose the derivatives of a DualArray; "
                "write x itself, np.array(x) without dtype, or x.value for the plain array."
            )
        result = np.empty(self.shape, dtype=object)
        for index in np.ndindex(self.shape):
            result[index] = self[index]
        return result

    def __float__(self) -> NoReturn:
        if self.size == 1:
            super().__float__()
        raise TypeError("only an array of size 1 can become one number.")


def _leave_last(index: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same index for an array with one more axis behind."""
    return (*index, slice(None)) if any(i is Ellipsis for i in index) else index


def from_objects(x: Any) -> Any:
    """An array of objects with duals among them as one DualArray; other arrays as they are."""
    flat = list(x.ravel())
    if not any(isinstance(e, Dual) for e in flat):
        return x
    return linear(lambda *elements: np.array(elements).reshape(x.shape), *flat)


# -- NumPy's protocols ---------------------------------------------------------------------

# np function → the same for duals. Called with the caller's arguments.
ARRAY_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}


def implements(*numpy_functions: Callable[..., Any]) -> Callable[..., Any]:
    """Enter a function as what these functions of NumPy do to duals."""

    def enter(f: Callable[..., Any]) -> Callable[..., Any]:
        ARRAY_FUNCTIONS.update(dict.fromkeys(numpy_functions, f))
        return f

    return enter


def rule_of(ufunc: Any) -> Rule:
    """The row of the table for a ufunc, by its name."""
    rule = RULES.get(ufunc.__name__)
    if rule is None or len(rule.args) != ufunc.nin:
        raise TypeError(
            f"np.{ufunc.__name__} has no derivative rule; "
            "write it in other functions, or give it one with dualad.define_rule."
        )
    return rule


def _is_question(ufunc: Any) -> bool:
    """Whether a ufunc answers with booleans: comparisons, isnan, logical_and, …"""
    answers = {t.partition("->")[2] for t in ufunc.types if t[0] in "fd"}
    return answers == {"?"}


def array_ufunc(ufunc: Any, method: str, inputs: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """What a ufunc does to duals."""
    out = kwargs.pop("out", (None,))[0]
    if out is not None and not isinstance(out, DualArray):
        raise TypeError(
            f"out= of np.{ufunc.__name__} is a plain array, which cannot hold derivatives; "
            "leave out= away, or make it with np.zeros_like(x)."
        )
    if ufunc is np.matmul and method == "__call__":
        result = matmul(*inputs)
    elif _is_question(ufunc):
        return getattr(ufunc, method)(*map(plain, inputs), **kwargs)
    elif method == "__call__" and not kwargs:
        result = _call(rule_of(ufunc), tuple(inputs))
    elif ufunc is np.add and method == "reduce":
        axis = kwargs.get("axis", 0)
        result = inputs[0].sum(axis=axis, keepdims=kwargs.get("keepdims", False))
    else:
        given = f".{method}" if method != "__call__" else f" with {', '.join(kwargs)}="
        raise TypeError(f"np.{ufunc.__name__}{given} is not supported for duals.")
    if out is not None:
        out[...] = result
        return out
    return result


def _call(rule: Rule, inputs: tuple[Any, ...]) -> Any:
    """A ufunc warns and gives inf or nan where a function of Python's math would raise."""
    try:
        return function(rule)(*inputs)
    except (ArithmeticError, ValueError):
        numbers = [x for x in map(plain, inputs) if isinstance(x, (int, float, complex))]
        if len(numbers) < len(inputs):
            raise
        return evaluate(rule, tuple(map_leaves(as_numpy, x) for x in inputs))


def array_function(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What an array function of NumPy does to duals."""
    if func in ARRAY_FUNCTIONS:
        return ARRAY_FUNCTIONS[func](*args, **kwargs)
    name = getattr(func, "__name__", str(func))
    raise TypeError(f"np.{name} has no derivative rule; write it in functions that have one.")


use_for_arrays(DualArray, array_ufunc, array_function)
