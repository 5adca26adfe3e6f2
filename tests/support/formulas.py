"""Formulas of traces, calculated as they stand: by NumPy, SciPy and Python, not by the package.

What is not written out, ∂v₂/∂v₁, f′ and functions named only, is told apart by `Unknown`.
"""

from __future__ import annotations

import ast
import cmath
import math
import operator
import statistics
from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np
import scipy.fft
import scipy.linalg
import scipy.special

from dualad.teach.formula import (
    Call,
    Comparison,
    Constant,
    Element,
    Formula,
    Infix,
    Listed,
    Named,
    Number,
    Partial,
    Power,
    Product,
    Quoted,
    Sum,
    Transposed,
    Variable,
)
from dualad.teach.printers import Text

MODULES = (np, np.linalg, np.fft, math, scipy.special, scipy.linalg, scipy.fft, cmath, statistics)
SPECIAL = {"log": np.log, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
           "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
           "atan2": np.arctan2, "pow": np.power, "sigmoid": scipy.special.expit,
           "abs": np.abs, "digamma": scipy.special.digamma, "rint": np.rint, "gamma":
           scipy.special.gamma, "lgamma": scipy.special.gammaln, "sign": np.sign,
           "sqrt": np.emath.sqrt, "conj": np.conj,
           "_ieee_remainder": math.remainder}  # fmt: skip
CONSTANTS = {"pi": math.pi, "degree": math.pi / 180, "radian": 180 / math.pi, "ln2": math.log(2),
             "ln10": math.log(10), "inf": math.inf, "nan": math.nan, "sqrt2": math.sqrt(2),
             "sqrtpi": math.sqrt(math.pi), "sqrt2pi": math.sqrt(2 * math.pi)}  # fmt: skip
COMPARED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
            "==": operator.eq, "!=": operator.ne}  # fmt: skip


class Unknown(Exception):
    """A part of a formula that is named and not written out."""


def agrees(formula: Formula, numbers: Mapping[Any, Any], wanted: Any, about: Any = "") -> bool:
    """Whether a formula is written out; then it gives this number, in one of its meanings.

    Several modules may have a function of a name. A number may stand for an array of the same.
    """
    found = []
    for module in MODULES:
        try:
            with np.errstate(all="ignore"):
                y = _Calculation(numbers, np.shape(wanted), module).number(formula)
            found.append(np.broadcast_to(y, np.shape(wanted)))
        except Unknown:
            return False
        except (AttributeError, TypeError, ValueError, IndexError):
            continue
        # zeros are stronger than ∞ and nan, and what is nan has no derivative: NumPy knows nothing
        number = np.where(np.isnan(found[-1]) & (np.asarray(wanted) == 0), 0, found[-1])
        number = np.where(np.isnan(wanted), wanted, number)
        if np.allclose(number, wanted, rtol=1e-9, atol=1e-9, equal_nan=True):
            return True
    raise AssertionError(f"{Text()(formula)} gives {found}, not {wanted}: {about}")


class _Calculation:
    def __init__(self, values: Mapping[Any, Any], shape: tuple[int, ...], module: Any) -> None:
        self.values, self.shape, self.module = values, shape, module

    def number(self, x: Formula) -> Any:
        go = self.number
        match x:
            case Number(value=value):
                return value
            case Constant(name=name):
                return CONSTANTS[name]
            case Variable() | Partial():
                if x not in self.values or self.values[x] is None:
                    raise Unknown
                return self.values[x]
            case Infix(left=a, sign="·", right=b):
                return np.matmul(go(a), go(b))
            case Infix(left=a, right=b):
                return np.outer(go(a), go(b))
            case Transposed(of=a):
                return np.transpose(go(a))
            case Listed(parts=parts):
                return list(map(go, parts))
            case Element(whole=whole, index=index, stored=stored):
                return self._element(go(whole), index, stored)
            case Power(base=a, exponent=b):
                if (
                    isinstance(b, Number)
                    and not np.ndim(b.value)
                    and b.value == -1
                    and np.ndim(go(a)) == 2
                ):
                    return np.linalg.inv(go(a))
                return np.asarray(go(a))[()] ** go(b)
            case Product(over=over, under=under):
                top = reduce(operator.mul, [np.asarray(go(f))[()] for f in over], 1)
                return reduce(operator.truediv, map(go, under), top)
            case Sum(terms=terms):
                return sum(sign * np.asarray(go(term))[()] for sign, term in terms)
            case Comparison(left=a, sign=sign, right=b):
                return COMPARED[sign](go(a), go(b))
            case Call(name=name, args=args):
                return self._call(name, args)
            case Quoted(text=text):
                if "…" in text:
                    raise Unknown
                try:
                    return ast.literal_eval(text)
                except (SyntaxError, ValueError):
                    raise Unknown from None  # the name of a function
        raise TypeError(type(x).__name__)

    def _element(self, whole: Any, index: Any, stored: Formula | None) -> Any:
        if isinstance(index, str) and ("…" in index or index.startswith("array (")):
            raise Unknown
        if isinstance(index, str):
            places = [eval(f"np.s_[{part}]", {"np": np}) for part in index.split("][")]
        else:
            places = [self.number(index)]
        places = [np.array(p) if isinstance(p, list) else p for p in places]
        if stored is None:
            for place in places:
                is_whole = isinstance(whole, (tuple, list)) and isinstance(place, int)
                whole = whole[place] if is_whole else np.asarray(whole)[place]
            return whole
        whole = np.array(np.broadcast_to(whole, self.shape or np.shape(whole) or (9,)))
        new = np.asarray(self.number(stored))
        whole = whole.astype(np.result_type(whole, new))
        part = whole
        for place in places[:-1]:
            part = part[place]
        part[places[-1]] = new
        return whole

    def _call(self, name: str, args: tuple[Formula, ...]) -> Any:
        if "′" in name or "∂" in name or name == "f":
            raise Unknown
        given: list[Any] = []
        named: dict[str, Any] = {}
        for x in args:
            if isinstance(x, Named):
                named[x.name] = self.number(x.of)
            else:
                given.append(self.number(x))
        if name in SPECIAL and not named:
            return SPECIAL[name](*given)
        if name == "astype":
            return given[0]
        f = self._function(name)
        if name.endswith(".at"):
            whole = np.array(given[0])
            f(whole, *given[1:])
            return whole
        if f is np.sum and len(given) == 1 and isinstance(given[0], list):
            return sum(given[0])
        if f in (max, min):
            return reduce(np.maximum if f is max else np.minimum, given)
        return f(given) if self.module is statistics else f(*given, **named)

    def _function(self, name: str) -> Any:
        name = name.removeprefix("scipy.special.").lstrip("_")
        owner = self.module
        for part in name.split("."):
            owner = getattr(owner, part)
        return owner
