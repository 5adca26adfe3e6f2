"""Text as numbers and numbers as text: floats, or mpmath numbers where digits were asked for."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import InputError

if TYPE_CHECKING:
    from mpmath import mpf

Number: TypeAlias = "float | mpf"

CONSTANTS = ("pi", "tau", "e", "inf")
LARGEST = 10_000  # mpmath numbers beyond 10**±LARGEST would take forever to write down


def number(literal: str | int, exact: bool) -> Number:
    """A decimal literal as a float, or exactly that decimal at mpmath's working precision."""
    if exact:
        from mpmath import mp

        return mp.mpf(literal.replace("_", "") if isinstance(literal, str) else literal)
    return float(literal)


def constant(name: str, exact: bool) -> Number:
    """One of the `CONSTANTS`, as a float or at mpmath's working precision."""
    if name not in CONSTANTS:
        raise InputError(f"{name} has no value here; write a number.")
    if not exact:
        x: float = getattr(math, name)
        return x
    from mpmath import mp

    return 2 * mp.pi if name == "tau" else +getattr(mp, name)


def working_precision(digits: int | None) -> AbstractContextManager[object]:
    """A context where mpmath carries enough digits to print this many; None changes nothing."""
    if digits is None:
        return nullcontext()
    from mpmath import mp

    precision: AbstractContextManager[object] = mp.workdps(digits + 15)
    return precision


def is_decimal(text: str) -> bool:
    """Whether a text, as of a CSV file, is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def is_finite(x: Any) -> bool:
    """Whether x is neither infinite nor nan, in any number system."""
    return bool(x - x == 0)


def is_out_of_range(x: Any) -> bool:
    """Whether x is an mpmath number beyond 10**LARGEST or below 10**-LARGEST."""
    if not hasattr(x, "_mpf_") or not x or not is_finite(x):
        return False
    from mpmath import mp

    return bool(abs(mp.mag(x)) > LARGEST / math.log10(2))


def text_of(x: Number, digits: int | None) -> str:
    """A number as text: the shortest that gives the same float, or this many digits."""
    if digits is None:
        return repr(x)
    from mpmath import mp

    return str(mp.nstr(x, digits)).lstrip("+")


def brief(x: Any) -> str:
    """A number for a message: at most 17 digits."""
    if not hasattr(x, "_mpf_"):
        return repr(float(x))
    from mpmath import mp

    return str(mp.nstr(x, min(17, mp.dps)))
