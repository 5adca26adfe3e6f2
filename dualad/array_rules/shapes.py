"""Shape and stacking functions: linear, so the tangent takes the same way as the value."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import bilinear, implements, linear, matmul
from ..dual import Dual, map_leaves, plain


@implements(np.sum)
def _(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return a.sum(axis=axis, keepdims=keepdims)


@implements(np.mean)
def _(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return a.mean(axis=axis, keepdims=keepdims)


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


@implements(np.broadcast_to)
def _(array: Any, shape: Any) -> Any:
    return linear(lambda x: np.broadcast_to(x, shape).copy(), array)


@implements(np.reshape)
def _(a: Any, shape: Any) -> Any:
    return linear(lambda x: np.reshape(x, shape), a)


@implements(np.transpose)
def _(a: Any, axes: Any = None) -> Any:
    return linear(lambda x: np.transpose(x, axes), a)


@implements(np.zeros_like)
def _(a: Any, dtype: Any = None) -> Any:
    return map_leaves(lambda x: np.zeros_like(x, dtype=dtype), a)


@implements(np.stack)
def _(arrays: Any, axis: int = 0) -> Any:
    return linear(lambda *xs: np.stack(xs, axis), *arrays)


@implements(np.concatenate)
def _(arrays: Any, axis: int | None = 0) -> Any:
    return linear(lambda *xs: np.concatenate(xs, axis), *arrays)


@implements(np.moveaxis)
def _(a: Any, source: Any, destination: Any) -> Any:
    return linear(lambda x: np.moveaxis(x, source, destination), a)


@implements(np.shape)
def _(a: Any) -> Any:
    return a.shape


@implements(np.ndim)
def _(a: Any) -> Any:
    return a.ndim


@implements(np.size)
def _(a: Any, axis: Any = None) -> Any:
    return a.size if axis is None else np.size(plain(a), axis)
