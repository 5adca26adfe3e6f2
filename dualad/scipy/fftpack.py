"""scipy.fftpack: the transforms of scipy.fft as it packs them, and what multiplies each wave.

>>> import numpy as np
>>> from dualad import jacobian
>>> jacobian(rfft)(np.zeros(3)).round(3)
array([[ 1.   ,  1.   ,  1.   ],
       [ 1.   , -0.5  , -0.5  ],
       [ 0.   , -0.866,  0.866]])
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fftpack as _scipy

from ..array.operands import as_operand
from . import fft as _fft
from ._calling import bridged
from ._names import names_of

__all__ = [
    "cc_diff",
    "cs_diff",
    "dct",
    "dctn",
    "diff",
    "dst",
    "dstn",
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "hilbert",
    "idct",
    "idctn",
    "idst",
    "idstn",
    "ifft",
    "ifft2",
    "ifftn",
    "ihilbert",
    "irfft",
    "itilbert",
    "rfft",
    "rfftfreq",
    "sc_diff",
    "shift",
    "ss_diff",
    "tilbert",
]

Function = Callable[..., Any]

# -- those of scipy.fft ----------------------------------------------------------------------


def _as_in_fft(name: str) -> Function:
    """A transform that scipy.fft has too: the inverse by cosines and sines there divides."""
    is_inverse = name[0] == "i" and name[2] in "cs"
    f = getattr(_fft, name.removeprefix("i") if is_inverse else name)

    def composed(x: Any, shape: Any = None, **given: Any) -> Any:
        if is_inverse:
            kind = given.get("type", 2)
            given["type"] = {2: 3, 3: 2}.get(kind, kind)
        return f(x, **given if shape is None else {**given, "s": shape})

    return bridged(getattr(_scipy, name), composed)


fft, ifft, fft2, ifft2, fftn, ifftn = map(
    _as_in_fft, ("fft", "ifft", "fft2", "ifft2", "fftn", "ifftn")
)
dct, idct, dst, idst = map(_as_in_fft, ("dct", "idct", "dst", "idst"))
dctn, idctn, dstn, idstn = map(_as_in_fft, ("dctn", "idctn", "dstn", "idstn"))
fftfreq = bridged(_scipy.fftfreq, lambda n, d=1.0, **_: np.fft.fftfreq(n) / as_operand(d))
rfftfreq = bridged(_scipy.rfftfreq, lambda n, d=1.0: _scipy.rfftfreq(n) / as_operand(d))

# -- real and imaginary parts in one row -------------------------------------------------------


@functools.partial(bridged, _scipy.rfft)
def rfft(x: Any, n: Any = None, axis: int = -1) -> Any:
    """scipy.fftpack.rfft, in the order [y₀, Re y₁, Im y₁, Re y₂, …]."""
    x = np.moveaxis(as_operand(x), axis, -1)
    n = np.shape(x)[-1] if n is None else n
    y = np.fft.rfft(x, n)
    parts = np.stack([np.real(y), np.imag(y)], axis=-1).reshape(*np.shape(y)[:-1], -1)
    return np.moveaxis(np.take(parts, [0, *range(2, n + 1)], axis=-1), -1, axis)


@functools.partial(bridged, _scipy.irfft)
def irfft(x: Any, n: Any = None, axis: int = -1) -> Any:
    """scipy.fftpack.irfft, the inverse of `rfft`."""
    x = np.moveaxis(as_operand(x), axis, -1)
    n = np.shape(x)[-1] if n is None else n
    front = [(0, 0)] * (np.ndim(x) - 1)
    x = np.pad(x, [*front, (0, max(0, n - np.shape(x)[-1]))])[..., :n]
    none = np.zeros(
        (*np.shape(x)[:-1], 1)
    )  # the imaginary part of y₀, and of the last if n is even
    parts = np.concatenate([x[..., :1], none, x[..., 1:], *[none] * (n % 2 == 0)], axis=-1)
    return np.moveaxis(np.fft.irfft(parts[..., ::2] + 1j * parts[..., 1::2], n), -1, axis)


# -- what multiplies each wave ------------------------------------------------------------------


def _of_waves(name: str, factor: Function, mean: Function, nyquist: Any = None) -> Function:
    """A function of periodic sequences, in which waves do not meet.

    Parameters
    ----------
    factor : callable
        Of the wave number, which is not zero, and the parameters.
    mean : callable
        The same of what is constant.
    nyquist : callable, optional
        The factor of the wave of two samples; without it that wave is left out.
    """

    def composed(x: Any, period: Any = None, **given: Any) -> Any:
        x = as_operand(x)
        n = np.shape(x)[-1]
        k = np.rint(np.fft.fftfreq(n) * n)
        scale = 1.0 if period is None else 2 * np.pi / period
        factors: Any = np.where(k == 0, mean(**given), factor(np.where(k, k, 1) * scale, **given))
        if n % 2 == 0:
            last = 0.0 if nyquist is None else nyquist(n / 2 * scale, **given)
            factors = np.where(k == -n / 2, last, factors)
        y = np.fft.ifft(np.fft.fft(x) * factors)
        return y if np.iscomplexobj(x) else np.real(y)

    return bridged(getattr(_scipy, name), composed, plain_only="order")


def _nothing(**_: Any) -> float:
    return 0.0


def _slope(k: Any, order: int = 1) -> Any:
    return (1j * k) ** order


def _no_slope(_: Any = None, *, order: int = 1) -> float:
    return float(order == 0)


diff = _of_waves("diff", _slope, _no_slope, nyquist=_no_slope)
hilbert = _of_waves("hilbert", lambda k: 1j * np.sign(k), _nothing)
ihilbert = _of_waves("ihilbert", lambda k: -1j * np.sign(k), _nothing)
tilbert = _of_waves("tilbert", lambda k, h: 1j / np.tanh(h * k), _nothing)
itilbert = _of_waves("itilbert", lambda k, h: -1j * np.tanh(h * k), _nothing)
cs_diff = _of_waves("cs_diff", lambda k, a, b: -1j * np.cosh(a * k) / np.sinh(b * k), _nothing)
sc_diff = _of_waves("sc_diff", lambda k, a, b: 1j * np.sinh(a * k) / np.cosh(b * k), _nothing)


def _of_sines(k: Any, a: Any, b: Any) -> Any:
    return np.sinh(a * k) / np.sinh(b * k)


def _of_cosines(k: Any, a: Any, b: Any) -> Any:
    return np.cosh(a * k) / np.cosh(b * k)


ss_diff = _of_waves("ss_diff", _of_sines, lambda a, b: a / b, nyquist=_of_sines)
cc_diff = _of_waves("cc_diff", _of_cosines, lambda a, b: 1.0, nyquist=_of_cosines)


def _shifted(k: Any, a: Any) -> Any:
    return np.exp(1j * a * k)


def _last_shifted(k: Any, a: Any) -> Any:
    return np.cos(a * k) + np.sin(a * k)  # as SciPy adds them


shift = _of_waves("shift", _shifted, lambda a: 1.0, nyquist=_last_shifted)

__getattr__, __dir__ = names_of(__name__)
