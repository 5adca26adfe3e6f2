"""The first functions: sum, mean, dot, where, zeros_like."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import DualArray, as_operand, bilinear, implements, linear, matmul
from ..dual import Dual, dual, map_leaves, plain


@implements(np.sum)
def _(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if not isinstance(a, DualArray):
        a = as_operand(a)
    y = a.value.sum(axis=axis, keepdims=keepdims)
    if a.tangent.ndim == a.ndim:
        return dual(y, a.tangent.sum(axis=axis, keepdims=keepdims), a.level)
    axes = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    behind = tuple(i % a.ndim + 1 for i in axes)
    return dual(y, a.tangent.sum(axis=behind, keepdims=keepdims), a.level)


@implements(np.mean)
def _(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    total = np.sum(a, axis=axis, keepdims=keepdims)
    return total / (np.size(a) / max(1, np.size(total)))


@implements(np.dot)
def _(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    return matmul(a, b) if np.ndim(a) < 3 and np.ndim(b) < 3 else bilinear(np.dot, a, b)


@implements(np.where)
def _(condition: Any, a: Any = None, b: Any = None) -> Any:
    if a is None and b is None:
        return np.where(plain(condition))
    condition = plain(condition)
    if not isinstance(a, Dual) and not isinstance(b, Dual):
        return np.where(condition, a, b)
    shape = np.broadcast_shapes(np.shape(condition), np.shape(a), np.shape(b))
    return linear(
        lambda x, y: np.where(condition, np.broadcast_to(x, shape), np.broadcast_to(y, shape)), a, b
    )


@implements(np.zeros_like)
def _(a: Any, dtype: Any = None) -> Any:
    return map_leaves(lambda x: np.zeros_like(x, dtype=dtype), a)
