"""A function of SciPy for duals: its signature, its value, and the tangents of what is composed."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array.operands import ArrayProxy, as_operand, unbuffered
from ..array_rules.common import into, valued
from ..differentiations import refused
from ..dual import Dual
from ..pair import plain
from ..structure import leaves
from ._parts import Plain, stripped, with_value

Function = Callable[..., Any]


def duals_in(*given: Any) -> list[Any]:
    """The duals among arguments, also in containers and in arrays of objects."""
    found = (as_operand(x) if type(x) is np.ndarray else unbuffered(x) for x in leaves(given))
    return [x for x in found if isinstance(x, Dual)]


def bridged(
    f: Function, composed: Function, *, plain_only: str = "", calls: str = "", name: str = ""
) -> Function:
    """f for duals: its signature and value, and the tangents of what is composed.

    Parameters
    ----------
    f : callable
        The function of SciPy.
    composed : callable
        Takes the same arguments, some of them duals, and gives the same result within rounding, in
        functions that know duals. An argument `output` is none of its: what is given for it is
        written to.
    plain_only : str
        The names of arguments that take no duals.
    calls : str
        The name of an argument that is a function, which may give duals where it is given none.
    name : str, optional
        What f is called in messages.

    Raises
    ------
    TypeError
        When called: if an argument that takes no duals has some, or the result is of integers.
    """
    called = name or f"{(f.__module__ or 'scipy').split('._')[0]}.{f.__name__}"
    signature = inspect.signature(f)
    more = (n for n, p in signature.parameters.items() if p.kind == p.VAR_KEYWORD)
    rest = next(more, "")

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        found = duals_in(args, kwargs)
        if not found and not calls:
            return f(*args, **kwargs)
        given = signature.bind(*args, **kwargs).arguments
        given |= given.pop(rest, {})
        for each in plain_only.split():
            if each in given and duals_in(given[each]):
                raise refused(
                    f"{called} cannot take a dual {each}; give {each}.primal, without derivatives.",
                    *duals_in(given[each]),
                )
        if given.get(calls) is not None:
            inner = Plain(given[calls])
            value = f(**stripped({**given, calls: inner}))
            if not found and not inner.found:
                return value
        output = given.pop("output", None)
        kind = None if output is None or _is_array(output) else output
        if kind is not None and np.dtype(kind).kind not in "fc":
            raise refused(
                f"{called} with output={np.dtype(kind)} would lose the derivatives; omit output=.",
                *found,
            )
        if given.get(calls) is not None:
            result = with_value(composed(**given), value)
        else:
            result = valued(functools.partial(_with_output, f, kind), composed, (), given)
        for x in duals_in(result):
            if np.result_type(plain(x)).kind not in "fc":
                raise refused(
                    f"{called} gives whole numbers here, which have no derivatives; convert its "
                    "input by x.astype(float).",
                    x,
                )
        if not _is_array(output):
            return result
        if isinstance(output, ArrayProxy):
            output[...] = result  # type: ignore[index]
            return output
        return into(output, result)

    call.__doc__ = f"`{called}` for arguments with tangents: the same arguments, the same value."
    return call


def _with_output(f: Function, kind: Any, **given: Any) -> Any:
    return f(**given) if kind is None else f(**given, output=kind)


def _is_array(x: Any) -> bool:
    return isinstance(x, (np.ndarray, Dual, ArrayProxy))
