"""What a dual looks like, and what it really is.

It looks like what it stands for: `isinstance` asks for `__class__`, and a dual answers as its plain
number or array does. So must code of ours ask `is_plain` that has to know the difference.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

# Modules that convert what looks like one of Python's numbers, by functions in C that refuse a
# dual. What they do not know as a number does an operation itself, or is an error of theirs; so
# they are told that a dual is a dual.
_CONVERTERS = frozenset({"fractions", "json", "mpmath"})


def is_plain(x: Any, kinds: type | tuple[type, ...]) -> bool:
    """Whether x really is of this type, or of one of these; a dual never is.

    >>> is_plain(2.0, float), is_plain(2.0, (int, complex))
    (True, False)
    """
    return issubclass(type(x), kinds)


def is_told(module: str | None) -> bool:
    """Whether code of this module is told what a dual really is.

    >>> is_told("mpmath.ctx_mp"), is_told("numbers")
    (True, False)
    """
    return module is not None and module.partition(".")[0] in _CONVERTERS


def is_asker_told() -> bool:
    """The same of the code that asks for the `__class__` of a dual, which calls this."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") == "abc":
        frame = frame.f_back  # it asked by isinstance(x, numbers.Rational)
    return frame is not None and is_told(frame.f_globals.get("__name__"))
