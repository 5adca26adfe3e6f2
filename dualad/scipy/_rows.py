"""Rows of the table under SciPy's names, where SciPy has a function in Python: steps of a trace."""

from __future__ import annotations

from typing import Any

from scipy import special as sc

from ..array.operands import as_operand
from ..dual import Dual, function
from ..special_rules import TABLE


def polygamma(n: Any, x: Any) -> Any:
    """The n-th derivative of digamma, as `scipy.special.polygamma`; n is a count.

    >>> round(polygamma(1, Dual(1.0, 1.0)).tangent, 12)  # −2·ζ(3)
    -2.404113806319
    """
    x = as_operand(x)
    return function(TABLE["_polygamma"])(n, x) if isinstance(x, Dual) else sc.polygamma(n, x)
