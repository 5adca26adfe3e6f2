"""What the instructions of a function, unlifted, say of it: read, not run."""

from __future__ import annotations

import builtins
import dis
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..dual import Dual
from .lift import is_left_alone


class Mark:
    """What may lie on the stack, beside things that are known."""


UNKNOWN = Mark()
FRESH = Mark()  # what nothing else holds: a number, or a list or an array that the code has made
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
    return names[name] if name in names else getattr(builtins, name, UNKNOWN)


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


# -- what lies on the stack ----------------------------------------------------------------

Leaves = Callable[[dis.Instruction, str, list[Any]], Any]


def followed(
    code: types.CodeType, leaves: Leaves
) -> Iterator[tuple[dis.Instruction, str, list[Any]]]:
    """The instructions, each with what lies on the stack before it, the last on top.

    That is known from one place to which code jumps to the next; below, there is more.

    Parameters
    ----------
    leaves : callable
        What an instruction leaves on top, of what it takes.
    """
    stack: list[Any] = []
    for step, op in instructions(code):
        if step.is_jump_target:
            stack.clear()
        yield step, op, stack
        n = step.arg or 0
        if op == "COPY":
            stack.append(stack[-n] if n <= len(stack) else UNKNOWN)
        elif op == "SWAP" and n <= len(stack):
            stack[-1], stack[-n] = stack[-n], stack[-1]
        elif (change := _change(op, n)) is None:
            stack.clear()
        else:
            takes, gives = change
            taken = stack[max(0, len(stack) - takes) :]
            del stack[len(stack) - len(taken) :]
            if gives:
                under = [] if op == "LOAD_GLOBAL" and NULL_COMES_LAST else [UNKNOWN] * (gives - 1)
                over = [UNKNOWN] * (gives - 1 - len(under))
                stack += [*under, leaves(step, op, taken), *over]


def _change(op: str, n: int) -> tuple[int, int] | None:
    """How many things an instruction takes from the stack, and how many it leaves there."""
    if op in _CHANGES:
        takes, gives = _CHANGES[op]
        return takes, gives
    if op in _BUILDING:
        return n * (2 if op == "BUILD_MAP" else 1), 1
    if op == "CALL":
        return n + 2, 1
    if op == "LOAD_GLOBAL":
        return 0, 1 + (n & 1)
    if op == "LOAD_ATTR":
        return 1, 1 + (n & 1 if sys.version_info >= (3, 12) else 0)
    if op == "MAKE_FUNCTION":
        return (1 if NULL_COMES_LAST else 1 + (n & 15).bit_count()), 1
    return None


_BUILDING = ("BUILD_LIST", "BUILD_TUPLE", "BUILD_SET", "BUILD_STRING", "BUILD_SLICE", "BUILD_MAP")
_CHANGES = {
    **dict.fromkeys(("LOAD_CONST", "LOAD_FAST", "LOAD_DEREF", "LOAD_NAME", "PUSH_NULL"), (0, 1)),
    **dict.fromkeys(("LOAD_CLOSURE", "LOAD_SMALL_INT", "LOAD_FAST_BORROW"), (0, 1)),
    **dict.fromkeys(("LOAD_FAST_CHECK",), (0, 1)),
    **dict.fromkeys(("BINARY_OP", "BINARY_SUBSCR", "COMPARE_OP", "CONTAINS_OP", "IS_OP"), (2, 1)),
    **dict.fromkeys(("UNARY_NEGATIVE", "UNARY_NOT", "UNARY_INVERT", "GET_ITER"), (1, 1)),
    **dict.fromkeys(("STORE_FAST", "STORE_DEREF", "STORE_GLOBAL", "STORE_NAME", "POP_TOP"), (1, 0)),
    **dict.fromkeys(("LIST_EXTEND", "LIST_APPEND", "SET_UPDATE", "SET_ADD", "DICT_UPDATE"), (1, 0)),
    **dict.fromkeys(("STORE_ATTR", "DELETE_SUBSCR"), (2, 0)),
    "STORE_SUBSCR": (3, 0),
    "STORE_SLICE": (4, 0),
    "BINARY_SLICE": (3, 1),
    "SET_FUNCTION_ATTRIBUTE": (2, 1),
    "LOAD_METHOD": (1, 2),
}
