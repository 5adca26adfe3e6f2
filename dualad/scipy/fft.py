"""scipy.fft: every transform is linear, so the transform of the tangent is the tangent.

>>> import numpy as np
>>> from dualad import jacobian
>>> jacobian(lambda x: dct(x, type=3))(np.zeros(2)).round(3)
array([[ 1.   ,  1.414],
       [ 1.   , -1.414]])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft as _scipy
from numpy.lib.array_utils import normalize_axis_tuple

from ..array.operands import as_operand
from ._calling import bridged
from ._contractions import along
from ._names import names_of

__all__ = [
    "dct",
    "dctn",
    "dst",
    "dstn",
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "hfft2",
    "hfftn",
    "idct",
    "idctn",
    "idst",
    "idstn",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "ihfft2",
    "ihfftn",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]

Function = Callable[..., Any]

_OPPOSITE = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


# -- Fourier transforms: NumPy's, which know tangents ---------------------------------------


def _of_one(name: str) -> Function:
    transform = getattr(np.fft, name)

    def composed(x: Any, n: Any = None, axis: int = -1, norm: Any = None, **_: Any) -> Any:
        return transform(as_operand(x), n, axis, norm)

    return bridged(getattr(_scipy, name), composed)


def _of_several(name: str) -> Function:
    hermitian = {"hfft": "irfftn", "ihfft": "rfftn"}.get(name[:-1])
    transform = getattr(np.fft, hermitian or f"{name[:-1]}n")
    default = (-2, -1) if name[-1] == "2" else None

    def composed(x: Any, s: Any = None, axes: Any = default, norm: Any = None, **_: Any) -> Any:
        x = as_operand(x)
        sizes = None if s is None else np.atleast_1d(s).tolist()
        given = _axes(x, sizes, axes)
        if hermitian == "irfftn":
            return transform(np.conj(x), sizes, given, _OPPOSITE[norm])
        y = transform(x, sizes, given, norm if hermitian is None else _OPPOSITE[norm])
        return y if hermitian is None else np.conj(y)

    return bridged(getattr(_scipy, name), composed)


def _axes(x: Any, sizes: Any, axes: Any) -> tuple[int, ...]:
    """The axes that are transformed: by default all, or as many of the last as there are sizes."""
    if axes is None:
        axes = range(-(np.ndim(x) if sizes is None else len(sizes)), 0)
    return normalize_axis_tuple(np.atleast_1d(axes).tolist(), np.ndim(x))


fft, ifft, rfft, irfft, hfft, ihfft = map(
    _of_one, ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
)
fft2, ifft2, rfft2, irfft2 = map(_of_several, ("fft2", "ifft2", "rfft2", "irfft2"))
fftn, ifftn, rfftn, irfftn = map(_of_several, ("fftn", "ifftn", "rfftn", "irfftn"))
hfft2, ihfft2, hfftn, ihfftn = map(_of_several, ("hfft2", "ihfft2", "hfftn", "ihfftn"))
fftshift = bridged(_scipy.fftshift, lambda x, axes=None: np.fft.fftshift(as_operand(x), axes))
ifftshift = bridged(_scipy.ifftshift, lambda x, axes=None: np.fft.ifftshift(as_operand(x), axes))


def _frequencies(name: str) -> Function:
    f = getattr(np.fft, name)
    return bridged(getattr(_scipy, name), lambda n, d=1.0, **_: f(n) / as_operand(d))


fftfreq, rfftfreq = map(_frequencies, ("fftfreq", "rfftfreq"))

# -- transforms by cosines and sines --------------------------------------------------------


def _real(name: str) -> Function:
    f = getattr(_scipy, name)

    def composed(
        x: Any,
        type: int = 2,
        n: Any = None,
        axis: int = -1,
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        orthogonalize: Any = None,
    ) -> Any:
        return _along(f, as_operand(x), type, n, axis, norm, orthogonalize)

    return bridged(getattr(_scipy, name), composed)


def _real_of_several(name: str) -> Function:
    f = getattr(_scipy, name[:-1])

    def composed(
        x: Any,
        type: int = 2,
        s: Any = None,
        axes: Any = None,
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        *,
        orthogonalize: Any = None,
    ) -> Any:
        x = as_operand(x)
        sizes = None if s is None else np.atleast_1d(s).tolist()
        given = _axes(x, sizes, axes)
        for axis, n in zip(given, sizes or [None] * len(given), strict=True):
            x = _along(f, x, type, n, axis, norm, orthogonalize)
        return x

    return bridged(getattr(_scipy, name), composed)


def _along(f: Function, x: Any, kind: int, n: Any, axis: int, norm: Any, weighed: Any) -> Any:
    old = np.shape(x)[axis]
    n = old if n is None else n
    is_orthogonal = norm == "ortho" if weighed is None else weighed

    def transposed(g: Any) -> Any:
        before, after = (1.0, 1.0) if is_orthogonal else _weights(f.__name__, kind, n)
        y = after * f(before * g, _PARTNER[kind], n, -1, norm, orthogonalize=weighed)
        return y[..., :old] if n >= old else np.pad(y, [*[(0, 0)] * (y.ndim - 1), (0, old - n)])

    return along(lambda v: f(v, kind, n, -1, norm, orthogonalize=weighed), x, axis, transposed)


_PARTNER = {1: 1, 2: 3, 3: 2, 4: 4}


def _weights(name: str, kind: int, n: int) -> tuple[Any, Any]:
    """The diagonals d, e with Mᵀ = e·P·d, where P is the matrix of the partner type.

    If M is not orthogonal, type 3 halves its first input (of sines, the last one) and type 1 of
    cosines its first and its last: https://docs.scipy.org/doc/scipy/tutorial/fft.html.
    """
    ends = np.ones(n)
    cosines = name.endswith("ct")
    ends[0 if cosines else -1] = 0.5
    if kind == 1 and cosines:
        ends[-1] = 0.5
        return 1 / ends, ends  # the other way round for halves: e·M·d with d = 1/e
    if name[0] == "i":
        kind = _PARTNER.get(kind, kind)
    return {2: (1 / ends, 1.0), 3: (1.0, ends)}.get(kind, (1.0, 1.0))


dct, idct, dst, idst = map(_real, ("dct", "idct", "dst", "idst"))
dctn, idctn, dstn, idstn = map(_real_of_several, ("dctn", "idctn", "dstn", "idstn"))

__getattr__, __dir__ = names_of(__name__)
