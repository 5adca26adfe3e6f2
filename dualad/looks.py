"""What a dual looks like, and what it really is.

It looks like what it stands for: `isinstance` asks for `__class__`, and a dual answers as its plain
number or array does. So must code of ours ask `is_plain` that has to know the difference.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

# Modules that convert what looks like one of Python's numbers, by functions in C that refuse a
# dual. What they do not know as a number does an operation itself, or is an error of theirs; so
# they are told that a dual is a dual.
_CONVERTERS = frozenset({"fractions", "json", "mpmath"})


# Packages whose functions in C put what they are given into arrays of objects. They ask the objects
# nothing; but code of theirs in Python asks for the `__class__` before.
_HOLDERS = frozenset({"pandas"})


# Where SciPy's sparse arrays ask whether they know the other side of an operator as an array.
_OPERATORS = frozenset({"_matmul_dispatch", "_rmatmul_dispatch", "_multiply_2d_with_broadcasting"})


def is_plain(x: Any, kinds: type | tuple[type, ...]) -> bool:
    """Whether x really is of this type, or of one of these; a dual never is.

    >>> is_plain(2.0, float), is_plain(2.0, (int, complex))
    (True, False)
    """
    return issubclass(type(x), kinds)


_GIVES_ARRAY = ("__array__", "__array_interface__", "__array_struct__")
_NOT_TAKEN_APART = (str, bytes, bytearray, memoryview, range, dict)


def is_sequence(x: Any) -> bool:
    """Whether NumPy takes x apart as a list: by its length and its items, and by nothing else.

    >>> from array import array
    >>> is_sequence([1.0]), is_sequence(range(2)), is_sequence(array("d", [1.0]))
    (True, False, False)
    """
    kind = type(x)
    if issubclass(kind, (list, tuple)):
        return True
    if hasattr(kind, "__array_ufunc__") or not hasattr(kind, "__getitem__"):  # an array or a number
        return False
    if not hasattr(kind, "__len__") or issubclass(kind, _NOT_TAKEN_APART):
        return False
    if any(hasattr(x, name) for name in _GIVES_ARRAY):
        return False
    try:
        len(x), iter(x)
    except Exception:  # as SciPy's sparse arrays and np.dtype say
        return False
    try:
        memoryview(x)  # which has numbers of its own kind, as array.array
    except TypeError:
        return True
    return False


def is_told(module: str | None) -> bool:
    """Whether code of this module is told what a dual really is.

    >>> is_told("mpmath.ctx_mp"), is_told("numbers")
    (True, False)
    """
    return module is not None and module.partition(".")[0] in _CONVERTERS


def is_holder(module: str | None) -> bool:
    """Whether what code of this module asks about becomes one of many objects.

    >>> is_holder("pandas.core.construction"), is_holder("numpy")
    (True, False)
    """
    return module is not None and module.partition(".")[0] in _HOLDERS


def asker() -> str | None:
    """The module whose code asks for the `__class__` of a dual, which calls this."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") == "abc":
        frame = frame.f_back  # it asked by isinstance(x, numbers.Rational)
    return None if frame is None else frame.f_globals.get("__name__")


def is_sparse(a: Any) -> bool:
    """Whether a is a sparse array of SciPy's: those that hold duals take no part in ufuncs.

    Its class is asked, for an object may have a `__getattr__` that answers to any name.
    """
    kind = type(a)
    return hasattr(kind, "tocsr") and getattr(kind, "__array_ufunc__", kind) is not None


# Makes a sparse array that takes duals of one of SciPy's: the package enters it here.
SPARSE: list[Callable[[Any], Any]] = []


# Whether there can be such a frame at all: it takes a twentieth of the time to ask.
are_sparse_loaded = functools.partial(sys.modules.__contains__, "scipy.sparse")


def of_sparse(frame: FrameType) -> bool:
    """Whether a frame runs code of SciPy's sparse arrays."""
    return str(frame.f_globals.get("__name__")).startswith("scipy.sparse.")


def is_made_sparse(frame: FrameType) -> bool:
    """Whether code of SciPy's sparse arrays that runs in a frame makes one of what it asks."""
    caller: FrameType | None = frame
    while caller is not None and caller.f_code.co_name in ("isdense", "isscalarlike"):
        caller = caller.f_back
    return caller is not None and caller.f_code.co_name == "__init__"


def is_operator_of_sparse(frame: FrameType) -> bool:
    """The same of their operators; `A.multiply(x)` itself has no other side to turn to."""
    caller = frame.f_back
    if caller is not None and caller.f_code.co_name == "multiply":
        before = caller.f_back
        return before is not None and before.f_code.co_name in ("__mul__", "__rmul__")
    return frame.f_code.co_name in _OPERATORS
