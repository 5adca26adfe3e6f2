"""numpy.fft: linear over the reals, so the transform of the tangent is the tangent.

Directions stand in front, so axes are counted from the end. (np.fft.fftfreq and rfftfreq are
no functions of an array; their spacing d may be a dual without any rule.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..array.algebra import linear
from ..array.operands import as_operand
from ..array.protocols import implements_each
from ..dual import Dual
from .common import into


def _from_end(axes: Any, ndim: int) -> Any:
    """An axis, or several of which some may repeat, counted from the end."""
    numbers = normalize_axis_tuple(axes, ndim, allow_duplicate=True)
    behind = tuple(i - ndim for i in numbers)
    return behind[0] if np.ndim(axes) == 0 else behind


def _along_one(f: Callable[..., Any]) -> Callable[..., Any]:
    def transform(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
        a = as_operand(a)
        if not isinstance(a, Dual):  # only out= is one
            return into(out, f(a, n, axis, norm))
        behind = _from_end(axis, np.ndim(a))
        y = linear(lambda x: f(x, n, behind, norm), a, batched=lambda t: f(t, n, behind, norm))
        return into(out, y)

    return transform


def _along_several(default: Any) -> Callable[..., Any]:
    def make(f: Callable[..., Any]) -> Callable[..., Any]:
        def transform(
            a: Any, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None
        ) -> Any:
            a = as_operand(a)
            if not isinstance(a, Dual):
                return into(out, f(a, s, axes, norm))
            if axes is None:  # NumPy's rule: the last ones, as many as s has
                axes = range(-(np.ndim(a) if s is None else len(s)), 0)
            behind = _from_end(tuple(axes), np.ndim(a))
            y = linear(lambda x: f(x, s, behind, norm), a, batched=lambda t: f(t, s, behind, norm))
            return into(out, y)

        return transform

    return make


def _shifting(f: Callable[..., Any]) -> Callable[..., Any]:
    def shift(x: Any, axes: Any = None) -> Any:
        x = as_operand(x)
        behind = _from_end(range(np.ndim(x)) if axes is None else axes, np.ndim(x))
        return linear(lambda v: f(v, behind), x, batched=lambda t: f(t, behind))

    return shift


implements_each(
    _along_one, np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.fft.hfft, np.fft.ihfft
)
implements_each(_along_several((-2, -1)), np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.irfft2)
implements_each(_along_several(None), np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn)
implements_each(_shifting, np.fft.fftshift, np.fft.ifftshift)
