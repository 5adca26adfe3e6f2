"""Rows of the table under SciPy's names, where SciPy has a function in Python: steps of a trace."""

from __future__ import annotations

from typing import Any

from scipy import special as sc

from ..array.operands import as_operand
from ..array_rules.common import array
from ..dual import Dual, function
from ..special_rules import TABLE


def polygamma(n: Any, x: Any) -> Any:
    """The n-th derivative of digamma, as `scipy.special.polygamma`; n is a count.

    An array without axes where n and x are numbers, as SciPy has it.

    >>> round(float(polygamma(1, Dual(1.0, 1.0)).tangent), 12)  # −2·ζ(3)
    -2.404113806319
    """
    x = as_operand(x)
    if not isinstance(x, Dual):
        return sc.polygamma(n, x)
    return array(function(TABLE["_polygamma"])(as_operand(n), x))


def diric(x: Any, n: Any) -> Any:
    """The Dirichlet kernel sin(nx/2)/(n·sin(x/2)), as `scipy.special.diric`; n is a count.

    An array without axes where x and n are numbers, as SciPy has it.

    >>> diric(Dual(0.0, 1.0), 3).tangent
    array(-0.)
    """
    x = as_operand(x)
    if not isinstance(x, Dual):
        return sc.diric(x, n)
    return array(function(TABLE["_diric"])(x, as_operand(n)))
