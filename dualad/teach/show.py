"""How duals look in Jupyter, and what to say about one.

>>> from dualad import Dual
>>> print(explain(Dual(2.0, 1.0)))
2.0 + 1.0ε: the value is 2.0, its tangent 1.0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array.dualarray import DualArray
from ..dual import Dual
from ..levels import HAND_MADE


def explain(x: Any) -> str:
    """What a dual number says, in a sentence.

    Parameters
    ----------
    x : Dual or number

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If x is not a number.

    Examples
    --------
    >>> explain(3.0)
    '3.0 is a plain number: it carries no tangent, and its derivative is zero.'
    """
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
