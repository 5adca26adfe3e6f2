"""Shape and stacking functions: linear, so the tangent takes the same way as the value."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import implements, linear
from ..dual import map_leaves, plain


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
