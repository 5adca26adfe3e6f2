"""scipy.sparse: sparse arrays whose stored numbers carry tangents.

SciPy's own sparse arrays hold plain numbers. What is made here of duals is a `SparseArray`: one of
SciPy's for the values, the places of the stored numbers, and these numbers as duals. What only
moves stored numbers (transposing, slicing, stacking, another format) is done by SciPy to their
ordinals, which says where each of them goes; products and sums are those of the stored numbers.
Without duals, everything is SciPy's own.

A constant sparse array of SciPy's takes dual vectors as it is: `A @ x`, `x @ A`, `A + x`.

>>> import numpy as np
>>> from dualad import grad
>>> from dualad.scipy.sparse import csr_array
>>> places = np.array([0, 1, 1]), np.array([0, 0, 1])
>>> grad(lambda k: (csr_array((k, places)) @ np.ones(2))[1])(np.array([2.0, 3.0, 5.0]))
array([0., 1., 1.])
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as _scipy

from ...array.operands import as_operand
from ...array_rules.common import duals_in
from ...dual import Dual
from ...pair import plain
from ...refusals import refused
from .._names import names_of
from . import linalg
from ._arrays import (
    SparseArray,
    as_sparse,
    found_in,
    has_tangents,
    kron_of,
    like_scipys,
    moved,
    with_value,
)

__all__ = [
    "SparseArray",
    "as_sparse",
    "block_array",
    "block_diag",
    "bmat",
    "coo_array",
    "coo_matrix",
    "csc_array",
    "csc_matrix",
    "csr_array",
    "csr_matrix",
    "dia_array",
    "dia_matrix",
    "diags",
    "diags_array",
    "find",
    "hstack",
    "issparse",
    "kron",
    "kronsum",
    "linalg",
    "spdiags",
    "tril",
    "triu",
    "vstack",
]


def _format(theirs: Any) -> Callable[..., Any]:
    """A class of SciPy's as a function, which makes a `SparseArray` of duals."""
    form = theirs.__name__[:3]
    coo_like = _scipy.coo_matrix if issubclass(theirs, _scipy.spmatrix) else _scipy.coo_array

    @like_scipys(theirs)
    def make(arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False) -> Any:
        if not has_tangents(arg1):
            return theirs(arg1, shape, dtype, copy)
        if not isinstance(arg1, tuple):  # dense or sparse
            arg1 = arg1 if isinstance(arg1, SparseArray) else as_operand(arg1)
            return moved(lambda a: theirs(a, shape), arg1, dtype=dtype)
        data, *places = arg1
        if len(places) == 1 and form != "dia":  # (data, (row, col)), perhaps repeated
            entries = moved(lambda v: coo_like((v, *places), shape), as_operand(data), dtype=dtype)
            return entries.asformat(form)
        return moved(lambda v: theirs((v, *places), shape), as_operand(data), dtype=dtype)

    return make


csr_array, csr_matrix = _format(_scipy.csr_array), _format(_scipy.csr_matrix)
csc_array, csc_matrix = _format(_scipy.csc_array), _format(_scipy.csc_matrix)
coo_array, coo_matrix = _format(_scipy.coo_array), _format(_scipy.coo_matrix)
dia_array, dia_matrix = _format(_scipy.dia_array), _format(_scipy.dia_matrix)


def _moving(theirs: Callable[..., Any]) -> Callable[..., Any]:
    """A function of SciPy's that puts the numbers in its first argument into places."""

    @like_scipys(theirs)
    def make(first: Any, *args: Any, **options: Any) -> Any:
        if not has_tangents(first):
            return theirs(first, *args, **options)
        dtype = options.pop("dtype", None)
        return moved(lambda a: theirs(a, *args, **options), first, dtype=dtype)

    return make


block_array, bmat, block_diag, hstack, vstack = map(
    _moving, (_scipy.block_array, _scipy.bmat, _scipy.block_diag, _scipy.hstack, _scipy.vstack)
)
diags, diags_array, spdiags = map(_moving, (_scipy.diags, _scipy.diags_array, _scipy.spdiags))
tril, triu = _moving(_scipy.tril), _moving(_scipy.triu)


@like_scipys(_scipy.kron)
def kron(A: Any, B: Any, format: Any = None) -> Any:
    if not has_tangents(A, B):
        return _scipy.kron(A, B, format)
    return kron_of(A, B, format)


@like_scipys(_scipy.issparse)
def issparse(x: Any) -> bool:
    return isinstance(x, SparseArray) or _scipy.issparse(x)


@like_scipys(_scipy.kronsum)
def kronsum(A: Any, B: Any, format: Any = None) -> Any:
    if not has_tangents(A, B):
        return _scipy.kronsum(A, B, format)
    eyes = (_scipy.eye_array(n, format="coo") for n in (B.shape[0], A.shape[0]))
    first, second = next(eyes), next(eyes)
    return (kron(first, A) + kron(B, second)).asformat(format)


@like_scipys(_scipy.find)
def find(A: Any) -> Any:
    if not has_tangents(A):
        return _scipy.find(A)
    return found_in(A)


# -- SciPy's own arrays of plain numbers, and a dual -------------------------------------------


def _method(theirs: Callable[..., Any]) -> Callable[..., Any]:
    """A method of SciPy's, and that of a `SparseArray` where it meets duals."""
    name = theirs.__name__

    @functools.wraps(theirs)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(self, SparseArray) or not has_tangents(args, kwargs):
            return theirs(self, *args, **kwargs)
        if name in ("__setitem__", "setdiag"):
            raise refused(
                f"{type(self).__name__}.{name} would lose the derivatives of a dual, since SciPy's "
                "sparse arrays hold plain numbers; collect rows, columns and numbers, and write "
                "coo_array((numbers, (rows, columns)), shape).",
                *duals_in(args, kwargs),
            )
        if (
            name in ("dot", "__matmul__")
            and isinstance(x := as_operand(*args, **kwargs), Dual)
            and np.ndim(x)
        ):
            return with_value(self @ x, theirs(self, plain(x)))
        return getattr(as_sparse(self), name)(*args, **kwargs)

    return call


_KINDS = {
    kind
    for name in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
    for form in ("array", "matrix")
    for kind in getattr(_scipy, f"{name}_{form}").__mro__
}
# What lifted code calls in place of SciPy's methods.
METHODS = {
    f: _method(f)
    for kind in _KINDS
    for name in (
        "__mul__",
        "__matmul__",
        "__truediv__",
        "__setitem__",
        "setdiag",
        "dot",
        "multiply",
        "maximum",
        "minimum",
    )
    if inspect.isfunction(f := vars(kind).get(name))
}

__getattr__, __dir__ = names_of(__name__)
