"""Frames of the call stack: which of them run dualad's own code, and which the user's."""

from __future__ import annotations

import contextlib
import linecache
import os
import sys
from types import CodeType, FrameType
from typing import Any

import numpy as np

from .rules import RULE_TEXT

_PACKAGE = __name__.partition(".")[0]
_DUALAD = os.path.dirname(os.path.abspath(__file__)) + os.sep
_DEFINITION = tuple(f"{_DUALAD}{room}.py" for room in ("pair", "zeros", "dual"))
_NUMPY = os.path.dirname(os.path.abspath(np.__file__))
_OTHERS = (
    _NUMPY + os.sep,
    os.path.join(os.path.dirname(_NUMPY), "scipy", ""),
    "<__array_function__",  # NumPy's dispatcher
    contextlib.__file__,
)


_DISPATCH = tuple(
    f"{_DUALAD}{os.path.join(*room)}.py"
    for room in (("array", "protocols"), ("lifting", "standins"))
)
_ARGUMENTS = f"{_DUALAD}arguments.py"  # which calls what is differentiated
_LIFTING = os.path.join(_DUALAD, "lifting", "")
_SOLVERS = f"{_DUALAD}scipy{os.sep}"
_NO_SOLVERS = (
    f"{_SOLVERS}_names.py",  # runs SciPy's own Python
    f"{_SOLVERS}_calling.py",  # arguments in their places
    f"{_SOLVERS}_rows.py",  # rows of the table
)


def expression_at(
    code: CodeType, instruction: int, names: dict[str, Any]
) -> tuple[int | None, str]:
    """The line of an instruction, and its expression; "" if that spans several lines.

    `names`: the globals of the code, for what is not in a file.
    """
    first, last, start, stop = list(code.co_positions())[instruction // 2]
    if first is None or first != last or start is None or stop is None:
        return first, ""
    line = linecache.getline(code.co_filename, first, names).encode()
    return first, line[start:stop].decode(errors="replace").strip()


def is_ours(file: str) -> bool:
    """Whether a file, or a text that was compiled, belongs to dualad."""
    return file.startswith((_DUALAD, RULE_TEXT))


def is_users(file: str) -> bool:
    """Whether a file is none of dualad's, NumPy's or SciPy's."""
    return not (is_ours(file) or file.startswith(_OTHERS))


def is_hook(file: str) -> bool:
    """Whether a file does what an operator of the user's lifted code says."""
    return file == f"{_DUALAD}lifting{os.sep}operators.py"


def is_chain_rule(file: str) -> bool:
    """Whether a file is of the definition itself, whose comparisons are not the user's."""
    return file.startswith(RULE_TEXT) or file in _DEFINITION


def user_frame(outermost: CodeType | None = None) -> FrameType | None:
    """The innermost frame that is none of dualad's, NumPy's or SciPy's.

    None if there is none inside the frame of `outermost`, or none at all.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not outermost:
        file = frame.f_code.co_filename
        if is_users(file):
            return frame
        frame = frame.f_back
    return None


def caller_of(frame: FrameType | None) -> FrameType | None:
    """The user's frame that has called this one, whatever of dualad's is between."""
    while frame is not None:
        frame = frame.f_back
        if frame is not None and is_users(frame.f_code.co_filename):
            return frame
    return None


def stacklevel_of_user() -> int:
    """The stacklevel at which a warning of the function that asks is shown in the user's code."""
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    return level


def is_in_rule() -> bool:
    """Whether the text of a rule is running, since the user's code was left."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_users(file := frame.f_code.co_filename):
        if file.startswith(RULE_TEXT):
            return True
        frame = frame.f_back
    return False


def asking_frame(outermost: CodeType | None = None) -> FrameType | None:
    """The user's frame that called one of dualad.scipy's functions, within which all is happening.

    None if nothing of dualad.scipy is running inside the frame of `outermost`.
    """
    frame: FrameType | None = sys._getframe(1)
    asking, is_wanted = None, False
    while frame is not None and frame.f_code is not outermost:
        file = frame.f_code.co_filename
        if file.startswith(_SOLVERS) and file not in _NO_SOLVERS:
            is_wanted = True
        elif is_wanted and is_users(file):
            asking, is_wanted = frame, False
        frame = frame.f_back
    return asking


def name_of_call(frame: FrameType | None) -> str:
    """What the user has called, by its public name, where a function of ours is running."""
    name = ""
    while frame is not None:
        code, given = frame.f_code, frame.f_locals
        file = code.co_filename
        if is_users(file) or (name and file == _ARGUMENTS):
            break  # at the user's code, or at the driver that called such a function itself
        if file in _DISPATCH and code.co_name in ("array_function", "array_ufunc"):
            f: Any = given.get("func", given.get("ufunc"))
            home = str(getattr(f, "__module__", "numpy")).replace("numpy", "np", 1)
            return f"{home}.{f.__name__}"
        f = given.get("original") or getattr(given.get("places"), "original", None)
        if file.startswith(_SOLVERS) and f is not None:  # whose place this one takes
            name = _public(f"{_PACKAGE}.{f.__module__}.{f.__name__}")
        elif "operation" in given:  # a method for an operator
            name = f"operator.{given['operation'].__name__}"
        elif not (name and file.startswith((_LIFTING, *_OTHERS))):
            name = _public(f"{frame.f_globals.get('__name__')}.{code.co_name}")
        frame = frame.f_back
    return name


def _public(name: str) -> str:
    first, *rest = name.split(".")
    return ".".join([first, *(part for part in rest if not part.startswith("_"))])
