"""Covariance and correlation, composed by their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array.operands import as_operand
from ..pair import plain
from .common import array, as_dtype, composing, in_double, unboxed
from .reductions import average


@composing(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    if ddof is not None and ddof != int(ddof):
        raise ValueError(f"np.cov takes a whole number ddof, got {ddof}.")
    x = _variables(m, rowvar)
    if not x.shape[0]:
        return np.empty((0, 0), plain(x).dtype)
    if y is not None:
        x = np.concatenate([x, _variables(y, rowvar)])
    x = as_dtype(x, dtype)
    if ddof is None:
        ddof = 0 if bias else 1
    frequencies = None if fweights is None else _weights(fweights, x, "fweights")
    weights = None if aweights is None else _weights(aweights, x, "aweights")
    if frequencies is not None and np.any(plain(frequencies) != np.rint(plain(frequencies))):
        raise TypeError("np.cov takes whole numbers as fweights; aweights may be any.")
    if frequencies is not None and weights is not None:
        w = frequencies * weights
    else:
        w = frequencies if weights is None else weights
    total = x.shape[1] if w is None else np.sum(w)
    freedom = total - ddof * (1 if weights is None or not ddof else np.sum(w * weights) / total)
    if plain(freedom) <= 0:
        freedom = 0.0
    x = x - average(x, 1, w)[:, None]
    other = np.conj(x) if np.iscomplexobj(plain(x)) else x
    with np.errstate(all="ignore"):
        c = np.dot(x if w is None else x * w, other.T) / np.asarray(freedom)[()]
    return unboxed(np.squeeze(c))


def _variables(m: Any, rowvar: bool) -> Any:
    """One row per variable, one column per observation."""
    m = array(m)
    if m.ndim > 2:
        raise ValueError(f"np.cov takes arrays of at most two axes, got {m.ndim}.")
    if m.ndim < 2:
        return np.reshape(m, (1, -1))
    return m if rowvar else m.T


def _weights(w: Any, x: Any, name: str) -> Any:
    w = array(w)
    if w.shape != x.shape[1:]:
        raise RuntimeError(
            f"np.cov takes {name} of shape {x.shape[1:]}, one per observation; got {w.shape}."
        )
    if np.any(plain(w) < 0):
        raise ValueError(f"np.cov takes {name} that are not negative.")
    return in_double(np.real(w))  # NumPy warns of complex ones, and drops their imaginary parts


@composing(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    x, y = as_operand(x), None if y is None else as_operand(y)
    c = cov(x, y, rowvar, dtype=dtype)
    if not np.ndim(c):
        return c / c
    spread = np.sqrt(np.diag(c).real)
    c = c / spread[:, None] / spread[None, :]
    return c
