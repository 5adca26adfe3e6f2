"""What the instructions of a function, unlifted, say of it: read, not run."""

from __future__ import annotations

import builtins
import dis
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..dual import Dual
from .lift import is_left_alone


class Mark:
    """What may lie on the stack, beside things that are known."""


UNKNOWN = Mark()
NULL = Mark()  # beside what is called
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
_NOTHING = frozenset(("CACHE", "EXTENDED_ARG", "NOP", "NOT_TAKEN", "PRECALL", "RESUME"))
MOST_PARTS = 4096  # that are gone through


class Step(NamedTuple):
    """One instruction, under the name that it has in the oldest Python that is known."""

    op: str
    arg: int
    argval: Any
    text: str  # of the argument: the symbol of an operator
    keywords: tuple[str, ...]  # by which a call passes its last arguments
    entries: tuple[int, ...]  # offsets to which code jumps to come here
    target: int | None  # the offset to which it jumps, if it goes on from there


def instructions(code: types.CodeType) -> Iterator[Step]:
    """Those that do something; one that loads or stores two variables counts as two."""
    entries: tuple[int, ...] = ()
    keywords: tuple[str, ...] = ()
    constant: Any = ()
    for step in dis.get_instructions(code):
        op, argval = step.opname, step.argval
        if step.is_jump_target:
            entries = (*entries, step.offset)
        if op in _NOTHING:
            continue
        if op == "KW_NAMES":
            keywords = code.co_consts[step.arg or 0]
            continue
        if op == "CALL_KW":
            keywords = constant
        elif op == "BINARY_OP" and step.argrepr == "[]":  # from Python 3.14 on
            op = "BINARY_SUBSCR"
        jumps = argval if step.opcode in _JUMPING else None
        halves = _HALVES.get(op)
        named = zip(halves, argval, strict=True) if halves else ((_SAME.get(op, op), argval),)
        for each, name in named:
            yield Step(each, step.arg or 0, name, step.argrepr, keywords, entries, jumps)
            entries = ()
        if op in ("CALL", "CALL_KW"):
            keywords = ()
        constant = argval if op == "LOAD_CONST" else ()


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
    """Its parts, or the first where there are more: then nothing is known (`Made.is_whole`)."""
    return list(container.values() if type(container) is dict else container)[:MOST_PARTS]


def has_code_that_stays(f: types.FunctionType) -> bool:
    """Whether a function is of a package that is not lifted."""
    return is_left_alone(f.__globals__.get("__name__", ""), f.__code__)


def home_of(x: Any) -> Any:
    """The module of a function or class, or of the class of anything else."""
    return x.__module__ if isinstance(x, (type, types.FunctionType)) else type(x).__module__


# -- what lies on the stack ----------------------------------------------------------------

Leaves = Callable[[Step, list[Any]], Any]


def followed(code: types.CodeType, leaves: Leaves) -> Iterator[tuple[Step, list[Any]]]:
    """The instructions, each with what it takes from the stack, the last on top.

    Where branches meet, that is what they agree in; what lies below a loop stays there. Where it
    cannot be told, it is less than the instruction takes.

    Parameters
    ----------
    leaves : callable
        What an instruction leaves on top, of what it takes.
    """
    stack: list[Any] = []
    arriving: dict[int, list[list[Any]]] = {}
    is_reached = True
    for step in instructions(code):
        if step.entries:
            stacks = [each for at in step.entries for each in arriving.pop(at, ())]
            stack[:] = _joined([*stacks, [*stack]] if is_reached else stacks)
        yield step, _follow(step, stack, leaves, arriving)
        is_reached = step.op not in _GOING_AWAY


def _joined(stacks: list[list[Any]]) -> list[Any]:
    """What stacks that meet agree in."""
    if len(stacks) < 2:
        return stacks[0] if stacks else []
    first, *others = (each[::-1] for each in stacks)
    each = zip(first, *others, strict=False)  # below the least of them, nothing is known
    return [x if all(x is y for y in more) else UNKNOWN for x, *more in each][::-1]


def _follow(
    step: Step, stack: list[Any], leaves: Leaves, arriving: dict[int, list[list[Any]]]
) -> list[Any]:
    """Let an instruction take from the stack, and leave there; and jump."""
    op, n = step.op, step.arg
    if op == "COPY":
        stack.append(stack[-n] if n <= len(stack) else UNKNOWN)
        return []
    if op == "SWAP" and n <= len(stack):
        stack[-1], stack[-n] = stack[-n], stack[-1]
        return []
    if (change := _change(op, n)) is None:
        stack.clear()
        return []
    if step.target is not None:
        after = dis.stack_effect(dis.opmap[op], n, jump=True)
        there = [*stack, *[UNKNOWN] * after] if after >= 0 else stack[:after]
        arriving.setdefault(step.target, []).append(there)
    takes, gives = change
    taken = stack[max(0, len(stack) - takes) :]
    del stack[len(stack) - len(taken) :]
    if gives:
        top = NULL if op == "PUSH_NULL" else leaves(step, taken)
        if op == "UNPACK_SEQUENCE":
            stack += [top] * gives
        elif op == "LOAD_GLOBAL" and gives == 2:
            stack += [top, NULL] if NULL_COMES_LAST else [NULL, top]
        else:
            stack += [top, *[UNKNOWN] * (gives - 1)]
    return taken


def called_by(step: Step, taken: list[Any]) -> tuple[Any, list[Any]]:
    """What a call calls, and its arguments, those by keywords last; or UNKNOWN."""
    n = step.arg
    if len(taken) < n + 2:
        return UNKNOWN, [UNKNOWN] * n
    first, second = taken[:2]  # beside what is called lies NULL, or the object of a method
    return second if first is NULL else first, taken[2 : n + 2]


def _change(op: str, n: int) -> tuple[int, int] | None:
    """How many things an instruction takes from the stack, and how many it leaves there."""
    if op in _CHANGES:
        takes, gives = _CHANGES[op]
        return takes, gives
    if op in _BUILDING:
        return n * (2 if op == "BUILD_MAP" else 1), 1
    if op in ("CALL", "CALL_KW"):
        return n + 2 + (op == "CALL_KW"), 1
    if op == "CALL_FUNCTION_EX":
        return 1 - dis.stack_effect(dis.opmap[op], n), 1
    if op == "LOAD_GLOBAL":
        return 0, 1 + (n & 1)
    if op in ("LOAD_ATTR", "LOAD_SUPER_ATTR"):
        takes = 1 if op == "LOAD_ATTR" else 3
        return takes, 1 + (n & 1 if sys.version_info >= (3, 12) else 0)
    if op == "MAKE_FUNCTION":
        return (1 if NULL_COMES_LAST else 1 + (n & 15).bit_count()), 1
    if op == "FORMAT_VALUE":
        return 1 + bool(n & 4), 1
    if op == "BUILD_CONST_KEY_MAP":
        return n + 1, 1
    if op == "UNPACK_SEQUENCE":
        return 1, n
    if op.startswith("POP_JUMP"):
        return 1, 0
    return None


_BUILDING = ("BUILD_LIST", "BUILD_TUPLE", "BUILD_SET", "BUILD_STRING", "BUILD_SLICE", "BUILD_MAP")
_CHANGES = {
    **dict.fromkeys(("LOAD_CONST", "LOAD_FAST", "LOAD_DEREF", "LOAD_NAME", "PUSH_NULL"), (0, 1)),
    **dict.fromkeys(("LOAD_CLOSURE", "LOAD_FAST_AND_CLEAR", "LOAD_BUILD_CLASS"), (0, 1)),
    **dict.fromkeys(("LOAD_ASSERTION_ERROR", "LOAD_COMMON_CONSTANT"), (0, 1)),
    **dict.fromkeys(("BINARY_OP", "BINARY_SUBSCR", "COMPARE_OP", "CONTAINS_OP", "IS_OP"), (2, 1)),
    **dict.fromkeys(("UNARY_NEGATIVE", "UNARY_NOT", "UNARY_INVERT", "UNARY_POSITIVE"), (1, 1)),
    **dict.fromkeys(("GET_ITER", "TO_BOOL", "CONVERT_VALUE", "FORMAT_SIMPLE"), (1, 1)),
    **dict.fromkeys(("LIST_TO_TUPLE", "CALL_INTRINSIC_1"), (1, 1)),
    **dict.fromkeys(("STORE_FAST", "STORE_DEREF", "STORE_GLOBAL", "STORE_NAME", "POP_TOP"), (1, 0)),
    **dict.fromkeys(("LIST_EXTEND", "LIST_APPEND", "SET_UPDATE", "SET_ADD", "DICT_UPDATE"), (1, 0)),
    **dict.fromkeys(("DICT_MERGE", "DELETE_ATTR", "POP_ITER"), (1, 0)),
    **dict.fromkeys(("STORE_ATTR", "DELETE_SUBSCR", "MAP_ADD"), (2, 0)),
    **dict.fromkeys(("DELETE_FAST", "MAKE_CELL", "COPY_FREE_VARS", "DELETE_DEREF"), (0, 0)),
    **dict.fromkeys(("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"), (0, 0)),
    **dict.fromkeys(("JUMP_IF_FALSE_OR_POP", "JUMP_IF_TRUE_OR_POP"), (1, 0)),
    "FOR_ITER": (0, 1),
    "END_FOR": (1 if NULL_COMES_LAST else 2, 0),
    "STORE_SUBSCR": (3, 0),
    "STORE_SLICE": (4, 0),
    "BINARY_SLICE": (3, 1),
    "FORMAT_WITH_SPEC": (2, 1),
    "SET_FUNCTION_ATTRIBUTE": (2, 1),
    **dict.fromkeys(("LOAD_METHOD", "LOAD_SPECIAL", "BEFORE_WITH"), (1, 2)),
}
_GOING_AWAY = frozenset(
    (
        *("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "RETURN_VALUE"),
        *("RETURN_CONST", "RAISE_VARARGS", "RERAISE"),
    )
)
_JUMPING = frozenset((*dis.hasjrel, *dis.hasjabs))
_SAME = {
    **dict.fromkeys(("LOAD_FAST_BORROW", "LOAD_FAST_CHECK"), "LOAD_FAST"),
    "LOAD_SMALL_INT": "LOAD_CONST",
}
_HALVES = {
    **dict.fromkeys(
        ("LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW"), ("LOAD_FAST", "LOAD_FAST")
    ),
    "STORE_FAST_LOAD_FAST": ("STORE_FAST", "LOAD_FAST"),
    "STORE_FAST_STORE_FAST": ("STORE_FAST", "STORE_FAST"),
}
