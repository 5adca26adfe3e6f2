"""What the instructions of a function, unlifted, say of it: read, not run."""

from __future__ import annotations

import builtins
import dis
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..dual import Dual
from .lift import is_left_alone


class Mark:
    """What may lie on the stack, beside things that are known."""


UNKNOWN = Mark()
CONTAINERS = frozenset((list, tuple, set, frozenset, dict))
DATA = frozenset(
    (bool, int, float, complex, str, bytes, type(None), range, slice, np.ndarray, np.float64)
)
# Attributes that numbers, arrays and containers have: those of an unknown object are theirs.
COMMON = frozenset(
    name
    for kind in (np.ndarray, np.float64, Dual, float, complex, int, list, tuple, dict, set, str)
    for name in dir(kind)
)
NULL_COMES_LAST = sys.version_info >= (3, 13)
_NOTHING = frozenset(("CACHE", "EXTENDED_ARG", "NOP", "NOT_TAKEN", "PRECALL", "RESUME", "KW_NAMES"))
_FEW = 1000


def instructions(code: types.CodeType) -> Iterator[tuple[dis.Instruction, str]]:
    """Those that do something, and what each is called in the oldest Python that is known."""
    for step in dis.get_instructions(code):
        if step.opname == "BINARY_OP" and step.argrepr == "[]":  # from Python 3.14 on
            yield step, "BINARY_SUBSCR"
        elif step.opname not in _NOTHING:
            yield step, step.opname


def last_of(loaded: Any) -> str:
    """The variable that an instruction leaves on top: from Python 3.13 on, one loads two."""
    return str(loaded[-1] if isinstance(loaded, tuple) else loaded)


def value_of_name(name: str, names: dict[str, Any]) -> Any:
    """What a global variable stands for."""
    return names.get(name, getattr(builtins, name, UNKNOWN))


def cells_of(f: types.FunctionType) -> dict[str, Any]:
    """The variables around a function that it uses; UNKNOWN if they are not filled yet."""
    cells = {}
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        try:
            cells[name] = cell.cell_contents
        except ValueError:
            cells[name] = UNKNOWN
    return cells


def defaults_of(f: types.FunctionType) -> tuple[Any, ...]:
    """What a function takes for arguments that are not given."""
    return (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values())


def parts_of(container: Any) -> list[Any]:
    """The first of its parts; there may be millions."""
    return list(container.values() if type(container) is dict else container)[:_FEW]


def has_code_that_stays(f: types.FunctionType) -> bool:
    """Whether a function is of a package that is not lifted."""
    return is_left_alone(f.__globals__.get("__name__", ""), f.__code__)


def home_of(x: Any) -> Any:
    """The module of a function or class, or of the class of anything else."""
    return x.__module__ if isinstance(x, (type, types.FunctionType)) else type(x).__module__
