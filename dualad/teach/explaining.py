"""What a dual number says, in a sentence, and the steps of a function, as a page.

>>> from dualad import Dual
>>> print(explain(Dual(2.0, 1.0)))
2.0 + 1.0ε: the value is 2.0, its tangent 1.0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

import numpy as np

from ..arguments import Argnums
from ..array.dualarray import DualArray
from ..dual import Dual
from ..levels import HAND_MADE
from .page import Page, explain_function


@overload
def explain(x: Callable[..., Any], /, *args: Any, wrt: Argnums | None = None,
            lift: bool | None = None, **kwargs: Any) -> Page: ...  # fmt: skip
@overload
def explain(x: Any, /) -> str: ...
def explain(
    x: Any, /, *args: Any, wrt: Argnums | None = None, lift: bool | None = None, **kwargs: Any
) -> str | Page:
    """What a dual number says, in a sentence; or the steps of a function, as a page.

    Parameters
    ----------
    x : Dual or number, or callable
        With a function, a page in which one steps through its trace, forward and backward; where
        it is made of numbers, sliders change the inputs.
    *args, wrt, lift, **kwargs
        The function's arguments, and as for `trace`; by default all arguments that are made of
        floats are differentiated.

    Returns
    -------
    str or Page

    Raises
    ------
    TypeError
        If x is neither a number nor a function; and as `trace`.
    ValueError
        As `trace`, and if the function takes more than 150 steps.
    NotDeterministicError
        If the function does something else when it runs again, for reverse mode.

    Examples
    --------
    >>> page = explain(lambda a, b: a * b, 2.0, 5.0)
    >>> page, len(page.to_html()) > 1000
    (<page of <lambda>: 1 step>, True)
    >>> explain(3.0)
    '3.0 is a plain number: it carries no tangent, and its derivative is zero.'
    """
    if callable(x) and not isinstance(x, Dual):
        return explain_function(x, args, kwargs, wrt, lift)
    if args or kwargs or wrt is not None:
        raise TypeError("explain takes a function with its arguments, or one number alone.")
    if not isinstance(x, Dual):
        if not isinstance(x, (int, float, complex, np.generic, np.ndarray)):
            raise TypeError(f"explain takes a dual number, got {type(x).__name__}.")
        return f"{x!r} is a plain number: it carries no tangent, and its derivative is zero."
    whose = "" if x.level == HAND_MADE else " It belongs to a differentiation that is running."
    if isinstance(x, DualArray):
        many = np.ndim(x.tangent) - x.ndim
        k = f" in each of {np.shape(x.tangent)[0]} directions" if many else ""
        return f"an array of duals of shape {x.shape}, with a tangent of that shape{k}.{whose}"
    if np.ndim(x.tangent):
        numbers = ", ".join(repr(t) for t in np.asarray(x.tangent).tolist())
        return f"the value is {x.primal!r}, its tangents in each direction {numbers}.{whose}"
    if isinstance(x.primal, Dual):
        return (
            f"the value is a dual of an older level, {x.primal!r}; its tangent is {x.tangent!r}: "
            f"derivatives of derivatives.{whose}"
        )
    return f"{_sum(x)}: the value is {x.primal!r}, its tangent {x.tangent!r}.{whose}"


def _sum(x: Any) -> str:
    tangent = repr(x.tangent)
    sign, tangent = ("−", tangent[1:]) if tangent.startswith("-") else ("+", tangent)
    return f"{x.primal!r} {sign} {tangent}ε"
