"""The compiled short ways of DualArray's methods, in front of the readable ones."""

from __future__ import annotations

import operator
import sys
from typing import Any, TypeVar

import numpy as np

from ..kernel import ARRAY_KERNEL, KERNEL
from ..table import RULES

T = TypeVar("T", bound=type)

_COMPARISONS = {
    f"__{compare.__name__}__": compare
    for compare in (
        *(operator.lt, operator.le, operator.gt),
        *(operator.ge, operator.eq, operator.ne),
    )
}


def with_short_ways(kind: T) -> T:
    """The class itself; where there are kernels, they answer first for arrays of floats."""
    if KERNEL is None or ARRAY_KERNEL is None:
        return kind
    array: Any = kind
    place, transposed, store = ARRAY_KERNEL.place, ARRAY_KERNEL.transposed, array._store
    accumulate = ARRAY_KERNEL.accumulate

    def of_operator(name: str, operation: Any, *methods: Any) -> Any:
        square = RULES["square"] if name == "pow" else None
        return ARRAY_KERNEL.operators(RULES[name].called_as(operation), *methods, square)

    def in_place(operation: Any, general: Any) -> Any:
        def method(x: Any, y: Any) -> Any:
            return x if accumulate(x, y, operation) else general(x, y)

        return method

    def __setitem__(x: Any, index: Any, value: Any) -> None:
        if type(value) is kind and type(index) is int and x.ndim > 1:
            x._refuse_exchange(value, sys._getframe(1))
        if not place(x, index, value):
            store(x, index, value)

    def transpose(x: Any) -> Any:
        y = transposed(x)
        return np.transpose(x) if y is None else y

    array.__add__, array.__radd__ = of_operator("add", operator.add, array.__add__, array.__radd__)
    array.__sub__, array.__rsub__ = of_operator("sub", operator.sub, array.__sub__, array.__rsub__)
    array.__mul__, array.__rmul__ = of_operator("mul", operator.mul, array.__mul__, array.__rmul__)
    array.__truediv__, array.__rtruediv__ = of_operator(
        "div", operator.truediv, array.__truediv__, array.__rtruediv__
    )
    array.__pow__, array.__rpow__ = of_operator("pow", operator.pow, array.__pow__, array.__rpow__)
    array.__matmul__ = ARRAY_KERNEL.matmul_operator(array.__matmul__)
    array.__iadd__ = in_place(operator.iadd, array.__iadd__)
    array.__isub__ = in_place(operator.isub, array.__isub__)
    negative = RULES["neg"].called_as(operator.neg)
    array.__neg__ = ARRAY_KERNEL.unary_operator(negative, array.__neg__)
    for name, compare in _COMPARISONS.items():
        setattr(array, name, ARRAY_KERNEL.comparison(compare, getattr(array, name)))
    array.__array_ufunc__ = ARRAY_KERNEL.ufunc_protocol(array.__array_ufunc__)
    array.__array_function__ = ARRAY_KERNEL.function_protocol(array.__array_function__)
    array.__setitem__ = __setitem__
    array.T = property(transpose, doc=array.T.__doc__)
    KERNEL.connect_elements(array, ARRAY_KERNEL.item_getter(array.__getitem__))
    return kind
