"""Matrices that repeat a vector along their diagonals: numbers picked by their places."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as _scipy

from ..array_rules.common import array
from ._calling import bridged


def _circulant(c: Any) -> Any:
    c = array(c)
    i = np.arange(np.shape(c)[-1])
    return c[..., np.subtract.outer(i, i) % len(i)]


def _toeplitz(c: Any, r: Any = None) -> Any:
    c = array(c)
    r = np.conj(c) if r is None else array(r)
    n, m = np.shape(c)[-1], np.shape(r)[-1]
    numbers = np.concatenate([np.flip(c, -1), r[..., 1:]], axis=-1)
    return numbers[..., n - 1 - np.subtract.outer(np.arange(n), np.arange(m))]


def _hankel(c: Any, r: Any = None) -> Any:
    c = np.reshape(array(c), -1)
    r = np.zeros(np.shape(c)) if r is None else np.reshape(array(r), -1)
    numbers = np.concatenate([c, r[1:]])
    return numbers[np.add.outer(np.arange(np.shape(c)[0]), np.arange(np.shape(r)[0]))]


circulant = bridged(_scipy.circulant, _circulant)
toeplitz = bridged(_scipy.toeplitz, _toeplitz)
hankel = bridged(_scipy.hankel, _hankel)
