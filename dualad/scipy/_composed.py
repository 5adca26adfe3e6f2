"""Functions of SciPy whose tangents are composed of functions that know duals.

The values, and all errors and warnings of the numerics, are those of SciPy's own function on the
plain numbers; so are the signature and the places of arguments.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array.operands import as_operand
from ..array.undefined import Undefined, known, undefined
from ..dual import Dual
from ..numerics import quiet
from ..pair import own, plain
from ..structure import leaves, rebuild
from ._parts import stripped, with_value

Function = Callable[..., Any]


def has_duals_in(*given: Any) -> bool:
    """Whether there is a dual among arguments, also in lists and arrays of objects."""
    return any(isinstance(as_operand(x), Dual) for x in leaves(given))


def called_as(theirs: Function) -> Callable[[Function], Function]:
    """Enter a function as one of SciPy's, which names arguments as SciPy does: in SciPy's places.

    What is not given does not reach it; nor does leave to overwrite what there is a dual beside.
    """
    signature = inspect.signature(theirs)
    names = [n for n, p in signature.parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]

    def enter(f: Function) -> Function:
        @functools.wraps(f)
        def call(*args: Any, **kwargs: Any) -> Any:
            given = dict(zip(names, args, strict=False))
            if len(args) > len(names) or given.keys() & kwargs.keys():
                return theirs(*args, **kwargs)  # which raises
            given |= kwargs
            if has_duals_in(args, kwargs):
                given = {n: x for n, x in given.items() if not n.startswith("overwrite_")}
            return f(**given)

        call.__name__ = call.__qualname__ = theirs.__name__
        call.__signature__ = signature  # type: ignore[attr-defined]
        return call

    return enter


def composed(theirs: Function) -> Callable[[Function], Function]:
    """Enter a function as what one of SciPy's gives for duals.

    It is called as f(value, **arguments), where value is what SciPy gives for the plain numbers,
    and only the arguments that were given, duals as they are. It gives the same structure; a part
    that is not a dual, such as None, has no tangent.
    """
    signature = inspect.signature(theirs)

    def enter(f: Function) -> Function:
        @functools.wraps(f)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not has_duals_in(args, kwargs):
                return theirs(*args, **kwargs)
            given = dict(signature.bind(*args, **kwargs).arguments)
            given = {n: x for n, x in given.items() if not n.startswith("overwrite_")}
            given.update(given.pop("kwargs", {}))
            value = _called(theirs, signature, {n: _plain(x) for n, x in given.items()})
            with quiet():
                y = f(value, **{n: _owned(x) for n, x in given.items()})
            return paired(y, value)

        call.__signature__ = signature  # type: ignore[attr-defined]
        if not f.__doc__:
            call.__doc__ = f"{theirs.__module__.rpartition('._')[0]}.{theirs.__name__} of duals."
        return call

    return enter


def _called(f: Function, signature: inspect.Signature, given: dict[str, Any]) -> Any:
    first = [n for n, p in signature.parameters.items() if p.kind is p.POSITIONAL_ONLY]
    return f(*(given.pop(n) for n in first if n in given), **given)


def _plain(x: Any) -> Any:
    return stripped(x) if has_duals_in(x) else x


def _owned(x: Any) -> Any:
    """As it is now: a derivative may be asked for later."""
    return rebuild(x, lambda v: own(as_operand(v)) if _is_data(v) else v)


def _is_data(x: Any) -> bool:
    return isinstance(x, (Dual, np.ndarray))


def paired(y: Any, value: Any) -> Any:
    """The tangents of y on the parts of value."""
    if isinstance(value, (tuple, list)):
        parts = [paired(*pair) for pair in zip(y, value, strict=True)]
        return type(value)(parts) if type(value) in (tuple, list) else type(value)(*parts)
    y = as_operand(y)
    if isinstance(y, Undefined):
        rest, where = known(y)
        return undefined(with_value(np.reshape(rest, np.shape(value)), value), where, y.why)
    if not isinstance(y, Dual):
        return value
    return with_value(np.reshape(y, np.shape(value)), value)


def aligned(y: Any, vectors: Any, axis: int = -2) -> Any:
    """y with its vectors turned as SciPy's are, in sign or phase; they are the same otherwise."""
    rest, where = known(y)
    product = np.sum(np.conj(plain(rest)) * vectors, axis=axis, keepdims=True)
    size = abs(product)
    turned = rest * np.where(size > 0.5, product / np.where(size > 0, size, 1), 1)
    if isinstance(y, Undefined):
        return undefined(turned, where, y.why)
    return turned
