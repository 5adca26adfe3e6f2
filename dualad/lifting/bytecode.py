"""The same code, in which what is called, read or walked through is first handed to a hook.

`rewritten` gives a copy of a code object with the same file, lines, names, variables and cells.
Before each call there stands

    callee = hook @ callee

(where the callee is loaded, if it is not calculated), and in the same way for attributes, for what
a loop goes through, and for all else of which Python calls a special method. Everything else is
left as it is, so that a function made of the copy reads and writes the module's own variables, the
same closure, and the same objects.
"""

from __future__ import annotations

import dis
import itertools
import opcode
import sys
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any, NamedTuple

Position = tuple[int | None, int | None, int | None, int | None]
Op = tuple[str, int]


class Hooks(NamedTuple):
    """What stands before the steps of the code; each is asked by `hook @ x`.

    Attributes
    ----------
    callee : callable
        Makes the hook of what is called in one place.
    iterable : object
        Of what a loop goes through, or is unpacked.
    special : object
        Of what has another special method called: by `await`, or in an f-string.
    manager : object
        Of what `with` enters.
    operators : dict
        By the symbol of an operator, its hook: from the tuple of its operands to the result. That
        of "truth" says, as a bool, which way `if`, `while`, `and`, `or` and `not` take.
    of_lists : dict
        The same for an operator of which an operand is seen to be a list, and for ``@``.
    fresh : object
        Of something new that goes into a variable which is written to.
    getter, method, setter, deleter : callable
        From the name of an attribute to the hook that reads it of an object; that reads what is to
        be called; that writes it: of the pair (value, object); or that deletes it.
    is_plain : callable
        Whether a global name stands for a module, whose attributes are read without asking.
    """

    callee: Callable[[], Any]
    iterable: Any
    special: Any
    manager: Any
    operators: dict[str, Any]
    of_lists: dict[str, Any]
    fresh: Any
    getter: Callable[[str], Any]
    method: Callable[[str], Any]
    setter: Callable[[str], Any]
    deleter: Callable[[str], Any]
    is_plain: Callable[[str], bool]


class _Step:
    """An instruction: what it has become, and where it jumps to."""

    __slots__ = ("ops", "position", "target", "offset", "widths")

    def __init__(self, ops: list[Op], position: Position) -> None:
        self.ops, self.position = ops, position
        self.target: _Step | None = None  # of a jump, which is the last of ops
        self.offset = 0
        self.widths: list[int] = []


IS_KNOWN = sys.version_info < (3, 15)  # the code of newer Pythons may be of other instructions
_OLD_CALLS = sys.version_info < (3, 13)  # an empty place, or a method, below what is called
_FULL_CALLS = sys.version_info >= (3, 14)  # f(*args) has a place for **kwargs in any case
_NAMED_ATTRIBUTE = sys.version_info >= (3, 12)  # LOAD_ATTR has a bit for methods
_MATMUL = 4  # BINARY_OP's number for @
_MATMULS = (_MATMUL, _MATMUL + 13)  # and for @=
_SYMBOLS = {  # of operators with an instruction of their own
    **{"BINARY_SUBSCR": "[]", "STORE_SUBSCR": "[]=", "DELETE_SUBSCR": "del []"},
    **{"BINARY_SLICE": "[]", "STORE_SLICE": "[]="},
    **{"UNARY_NEGATIVE": "-x", "UNARY_POSITIVE": "+x", "UNARY_INVERT": "~x"},
}
_OF_ONE = ("-x", "+x", "~x")
# Before these, what lies on top has a special method called: `__iter__`, or another one.
_WALKING = (
    *("GET_ITER", "GET_YIELD_FROM_ITER", "UNPACK_SEQUENCE", "UNPACK_EX"),
    *("LIST_EXTEND", "SET_UPDATE"),
)
_SPECIAL = (
    *("BEFORE_ASYNC_WITH", "GET_AWAITABLE", "GET_AITER", "GET_ANEXT"),
    *("CONVERT_VALUE", "FORMAT_SIMPLE"),
)
_EXITS = ("__exit__", "__aexit__")
# Which way these go is a question of truth, up to Python 3.12; later, TO_BOOL asks it.
_OR_POP = {
    "JUMP_IF_TRUE_OR_POP": "POP_JUMP_FORWARD_IF_TRUE",
    "JUMP_IF_FALSE_OR_POP": "POP_JUMP_FORWARD_IF_FALSE",
}
_WAYS = ("_IF_TRUE", "_IF_FALSE")
_HAS_TO_BOOL = sys.version_info >= (3, 13)
_CACHES: Any = opcode._inline_cache_entries  # type: ignore[attr-defined]
_HAS_JUMP = frozenset(opcode.hasjrel) | frozenset(opcode.hasjabs)


def _caches(name: str) -> int:
    number = opcode.opmap[name]
    count: int = _CACHES.get(name, 0) if isinstance(_CACHES, dict) else _CACHES[number]
    return count


def rewritten(code: CodeType, hooks: Hooks, done: Callable[[CodeType], None]) -> CodeType:
    """The copy; `done` is told of it, and of the code of functions that it makes."""
    if not IS_KNOWN:
        version = ".".join(map(str, sys.version_info[:2]))
        raise NotImplementedError(
            f"lift knows the code of Python 3.11 to 3.14, got Python {version}; write lift=False, "
            "with dualad's functions in place of math's."
        )
    consts = list(code.co_consts)
    for i, inner in enumerate(consts):
        if isinstance(inner, CodeType):
            consts[i] = rewritten(inner, hooks, done)
    steps, by_offset = _steps(code, _Writer(code, hooks, consts))
    table = _exceptions(code, by_offset)
    new = code.replace(
        co_code=_assembled(steps),
        co_consts=tuple(consts),
        co_stacksize=code.co_stacksize + 4,
        co_linetable=_lines(code.co_firstlineno, steps),
        co_exceptiontable=_written(table, steps),
    )
    done(new)
    return new


# -- what becomes of an instruction --------------------------------------------------------


class _Writer:
    """Instructions of one code object, with its hooks among the constants."""

    def __init__(self, code: CodeType, hooks: Hooks, consts: list[Any]) -> None:
        self.code, self.hooks, self.consts = code, hooks, consts
        self.places: dict[int, int] = {}
        self.seen = _Seen(code)

    def ask(self, hook: Any) -> list[Op]:
        """The hook's answer to what lies on top, in place of it."""
        if id(hook) not in self.places:
            self.places[id(hook)] = len(self.consts)
            self.consts.append(hook)
        return [("LOAD_CONST", self.places[id(hook)]), ("SWAP", 2), ("BINARY_OP", _MATMUL)]

    def ask_about(self, depth: int) -> list[Op]:
        """The same for what lies deeper."""
        ops = self.ask(self.hooks.callee())
        return ops if depth == 1 else [("SWAP", depth), *ops, ("SWAP", depth)]

    def become(self, step: dis.Instruction, is_plain: bool, is_called: bool) -> list[Op] | None:
        """What an instruction that loads, stores or walks becomes; None if it stays.

        `is_plain`: an attribute of a module; `is_called`: a callee.
        """
        new = self._become(step, is_plain, is_called)
        is_object = step.opname in _LOADS and step.argval in _OBJECTS
        if is_object or (
            is_called and (is_plain or step.opname not in ("LOAD_ATTR", "LOAD_METHOD"))
        ):
            new = [*(new or [(step.opname, step.arg or 0)]), *self.ask(self.hooks.callee())]
        return new

    def attribute(self, name: str, native: Op, is_plain: bool, is_called: bool) -> list[Op]:
        if is_plain:
            return [native]
        return self.ask((self.hooks.method if is_called else self.hooks.getter)(name))

    def _become(self, step: dis.Instruction, is_plain: bool, is_called: bool) -> list[Op] | None:
        kind, arg = step.opname, step.arg or 0
        if kind == "LOAD_METHOD":
            read = self.attribute(step.argval, ("LOAD_ATTR", arg), is_plain, is_called)
            return [("PUSH_NULL", 0), ("SWAP", 2), *read]
        if kind == "LOAD_ATTR":
            is_method = _NAMED_ATTRIBUTE and arg & 1
            name = self.code.co_names[arg >> 1 if _NAMED_ATTRIBUTE else arg]
            native = ("LOAD_ATTR", arg - bool(is_method))
            read = self.attribute(name, native, is_plain, is_called)
            return _with_place(read) if is_method else read
        if kind == "LOAD_SUPER_ATTR" and arg & 1:
            if _OLD_CALLS:  # three are taken, so that there is no place below them
                return [("LOAD_SUPER_ATTR", arg - 1), ("PUSH_NULL", 0), ("SWAP", 2)]
            return [("LOAD_SUPER_ATTR", arg - 1), ("PUSH_NULL", 0)]
        if step.offset in self.seen.fresh:
            return [*self.ask(self.hooks.fresh), (kind, arg)]
        if kind == "STORE_ATTR":
            hook = self.hooks.setter(self.code.co_names[arg])
            return [("BUILD_TUPLE", 2), *self.ask(hook), ("POP_TOP", 0)]
        if (found := self.operator(step) or self.truth(kind, arg)) is not None:
            return found
        if kind == "DELETE_ATTR":
            return [*self.ask(self.hooks.deleter(self.code.co_names[arg])), ("POP_TOP", 0)]
        if kind in _WALKING:
            return [*self.ask(self.hooks.iterable), (kind, arg)]
        if kind == "CALL_FUNCTION_EX":  # its arguments, which may lie below those with names
            has_names = _FULL_CALLS or arg & 1
            swap = [("SWAP", 2)] if has_names else []
            return [*swap, *self.ask(self.hooks.iterable), *swap, (kind, arg)]
        if kind == "BEFORE_WITH":
            return [*self.ask(self.hooks.manager), (kind, arg)]
        if kind in _SPECIAL:
            return [*self.ask(self.hooks.special), (kind, arg)]
        if kind == "FORMAT_WITH_SPEC" or (kind == "FORMAT_VALUE" and arg & 4):
            return [("SWAP", 2), *self.ask(self.hooks.special), ("SWAP", 2), (kind, arg)]
        if kind == "FORMAT_VALUE":
            return [*self.ask(self.hooks.special), (kind, arg)]
        if kind == "LOAD_SPECIAL" and step.argrepr in _EXITS:  # in Python 3.14, after COPY
            hook = self.hooks.special if step.argrepr == "__aexit__" else self.hooks.manager
            return [("POP_TOP", 0), *self.ask(hook), ("COPY", 1), (kind, arg)]
        return None

    def truth(self, kind: str, arg: int = 0) -> list[Op] | None:
        """What an instruction becomes that asks whether something is true; a jump comes last."""
        hook = self.hooks.operators.get("truth")
        if hook is None:
            return None
        asking = [("BUILD_TUPLE", 1), *self.ask(hook)]
        if kind == "TO_BOOL":
            return asking
        if _HAS_TO_BOOL:
            return None
        if kind in _OR_POP:  # and a step that pops follows
            return [("COPY", 1), *asking, (_OR_POP[kind], arg)]
        if kind == "UNARY_NOT" or (kind.startswith("POP_JUMP") and kind.endswith(_WAYS)):
            return [*asking, (kind, arg)]
        return None

    def operator(self, step: dis.Instruction) -> list[Op] | None:
        """What an operator becomes, if there is a hook for it."""
        symbol = _SYMBOLS.get(step.opname, "")
        if step.opname in ("BINARY_OP", "COMPARE_OP"):
            symbol = step.argrepr.removeprefix("bool(").removesuffix(")")
        if step.opname == "CALL_INTRINSIC_1" and "UNARY_POSITIVE" in step.argrepr:
            symbol = "+x"  # from Python 3.12 on
        if step.opname == "CONTAINS_OP":
            symbol = "not in" if step.arg else "in"
        hook = self.hooks.operators.get(symbol)
        if step.opname == "BINARY_OP" and (
            step.arg in _MATMULS or step.offset in self.seen.of_lists
        ):
            hook = self.hooks.of_lists.get(symbol, hook)
        if hook is None:
            return None
        before = [("BUILD_SLICE", 2)] if step.opname.endswith("_SLICE") else []
        count = 3 if symbol == "[]=" else 1 if symbol in _OF_ONE else 2
        ops = [*before, ("BUILD_TUPLE", count), *self.ask(hook)]
        if symbol in ("[]=", "del []"):
            ops.append(("POP_TOP", 0))
        if step.argrepr.startswith("bool("):
            ops += self.truth("TO_BOOL") or [("TO_BOOL", 0)]
        return ops


def _with_place(read: list[Op]) -> list[Op]:
    """Read an attribute, with an empty place where a method would have its object."""
    if _OLD_CALLS:
        return [("PUSH_NULL", 0), ("SWAP", 2), *read]
    return [*read, ("PUSH_NULL", 0)]


def _steps(code: CodeType, writer: _Writer) -> tuple[list[_Step], dict[int, _Step]]:
    """The steps, and which of them stands for what was at an offset."""
    found = [i for i in dis.get_instructions(code) if i.opname != "CACHE"]
    empty = _empty_places(code, found) if _OLD_CALLS else {}
    loaded = {i.offset: _place_of_callee(i, empty) for i in found}
    called = set(loaded.values())
    steps: list[_Step] = []
    by_offset: dict[int, _Step] = {}
    waiting: list[int] = []  # offsets of EXTENDED_ARG, which belong to the next instruction
    jumps: list[tuple[_Step, int]] = []
    before: dis.Instruction | None = None
    for i, after in zip(found, [*found[1:], None], strict=True):
        waiting.append(i.offset)
        if i.opname == "EXTENDED_ARG":
            continue
        is_plain = (
            before is not None
            and before.opname in ("LOAD_GLOBAL", "LOAD_NAME")
            and writer.hooks.is_plain(str(before.argval))
        )
        is_called = i.offset in called or (_is_to_call(i, after) and not is_plain)
        ops = writer.become(i, is_plain, is_called) or [(i.opname, i.arg or 0)]
        p: Any = i.positions
        step = _Step(ops, (p.lineno, p.end_lineno, p.col_offset, p.end_col_offset))
        depth = _depth_of_callee(i, empty)
        if depth and loaded[i.offset] is None:
            home = step
            if before is not None and before.opname in ("KW_NAMES", "PRECALL"):
                home = steps[-1]
                if len(steps) > 1 and steps[-2].ops[-1][0] == "KW_NAMES":
                    home = steps[-2]
            home.ops[:0] = writer.ask_about(depth)
        if i.opcode in _HAS_JUMP:
            jumps.append((step, int(i.argval)))
        steps.append(step)
        by_offset.update(dict.fromkeys(waiting, step))
        if i.opname in _OR_POP and ops[-1][0] != i.opname:
            steps.append(_Step([("POP_TOP", 0)], step.position))
        waiting = []
        before = i
    for step, target in jumps:
        step.target = by_offset[target]
    end = _Step([], (None, None, None, None))
    by_offset[len(code.co_code)] = end
    steps.append(end)
    return steps, by_offset


def _is_to_call(i: dis.Instruction, after: dis.Instruction | None) -> bool:
    """Whether an instruction reads an attribute to call it, as from Python 3.13 on it tells.

    Or the next one does, where the module imports something under the name of the object.
    """
    if _OLD_CALLS or i.opname != "LOAD_ATTR":
        return False
    return bool((i.arg or 0) & 1) or (after is not None and after.opname == "PUSH_NULL")


def _place_of_callee(i: dis.Instruction, empty: dict[int, Places]) -> int | None:
    """Where one instruction has loaded what CALL calls; None if that is not so."""
    places = empty.get(i.offset) if i.opname == "CALL" else None
    if places is None:
        return None
    empty_place, callee = places[-(i.arg or 0) - 2 :][:2]
    return callee - 1 if empty_place == _EMPTY and callee else None


def _depth_of_callee(i: dis.Instruction, empty: dict[int, Places]) -> int:
    """How deep on the stack lies what an instruction calls; 0 if it calls nothing."""
    n = i.arg or 0
    if i.opname == "CALL":
        if not _OLD_CALLS:
            return n + 2
        places = empty.get(i.offset)
        if places is None:  # never reached
            return 0
        return n + 1 if places[-n - 2] == _EMPTY else n + 2
    if i.opname == "CALL_KW":
        return n + 3
    if i.opname == "CALL_FUNCTION_EX":
        return 4 if _FULL_CALLS else (2 if _OLD_CALLS else 3) + (n & 1)
    return 0


# The stack: an empty place, or 0; but what stands above an empty one is a callee, and is told by
# the offset of the instruction that has loaded it, plus 1.
Places = tuple[int, ...]
_EMPTY = -1
_OBJECTS = ("r_", "c_", "mgrid", "ogrid")  # of NumPy, which stand-ins are for as for what is called
_LOADS = ("LOAD_FAST", "LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_ATTR")


def _empty_places(code: CodeType, found: list[dis.Instruction]) -> dict[int, Places]:
    """Which places of the stack are empty before each call, in Python up to 3.12."""
    at = {i.offset: k for k, i in enumerate(found)}
    handlers = list(_parsed(code.co_exceptiontable))
    seen: dict[int, Places] = {}
    todo: list[tuple[int, Places]] = [(0, ())]
    while todo:
        k, places = todo.pop()
        while k < len(found):
            i = found[k]
            was = seen.get(i.offset, places)
            if i.offset in seen and was == (places := _in_common(was, places)):
                break
            seen[i.offset] = places
            for start, end, target, depth, lasti in handlers:
                if start <= i.offset < end and target not in seen:
                    todo.append((at[target], places[:depth] + (0,) * (1 + lasti)))
            arg = i.arg if i.opcode >= dis.HAVE_ARGUMENT else None
            if i.opcode in _HAS_JUMP:
                after = _moved(places, dis.stack_effect(i.opcode, arg, jump=True), i)
                todo.append((at[int(i.argval)], after))
            if i.opname in _LEAVES:
                break
            places = _moved(places, dis.stack_effect(i.opcode, arg, jump=False), i)
            k += 1
    return seen


def _in_common(places: Places, others: Places) -> Places:
    """What two ways to an instruction agree in: a callee may have been loaded in either."""
    return tuple([a if a == b else 0 for a, b in zip(places, others, strict=True)])


_LEAVES = frozenset(
    (
        *("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "JUMP_FORWARD"),
        *("JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"),
    )
)


def _moved(places: Places, effect: int, i: dis.Instruction) -> Places:
    name, n, loader = i.opname, i.arg or 0, i.offset + 1
    if name == "PUSH_NULL":
        return (*places, _EMPTY)
    if name == "LOAD_GLOBAL" and n & 1:
        return (*places, _EMPTY, loader)
    if name == "LOAD_METHOD" or (name == "LOAD_ATTR" and _NAMED_ATTRIBUTE and n & 1):
        return (*places[:-1], _EMPTY, loader)  # as it becomes
    if name == "LOAD_SUPER_ATTR" and n & 1:
        return (*places[:-3], _EMPTY, 0)
    if name == "SWAP":
        changed = list(places)
        changed[-1], changed[-n] = changed[-n], changed[-1]
        return tuple(changed)
    if name == "PRECALL":  # of Python 3.11, which counts what CALL takes here
        return places
    if name == "CALL":
        return (*places[: -n - 2], 0)
    if name in _LOADS:
        below = places if effect else places[:-1]
        return (*below, loader if below and below[-1] == _EMPTY else 0)
    if effect > 0:
        return places + (0,) * effect
    kept = places[: len(places) + effect]
    if name == "CALL_FUNCTION_EX" or (kept and kept[-1] > 0):  # it may have been calculated now
        return (*kept[:-1], 0)
    return kept


# -- what is seen of values ----------------------------------------------------------------


class _Seen:
    """What is read from instructions in their order; it may miss things, or see what is not there.

    Attributes
    ----------
    of_lists : set of int
        Offsets of the operators of which an operand is a list or tuple that the code makes.
    fresh : set of int
        Offsets where something that was just made goes into a variable that is written to, by
        `v[i] = x` or `v += x`.
    """

    def __init__(self, code: CodeType) -> None:
        self.of_lists: set[int] = set()
        self.fresh: set[int] = set()
        self._lists: set[str] = set()  # variables of lists,
        self._written: set[str] = set()  # and those that are written to
        self._made: dict[int, str] = {}  # by offset, the variable that something new goes into
        found = [i for i in dis.get_instructions(code) if i.opname not in _UNSEEN]
        known = -1
        while known != (known := len(self._lists)):
            self._read(found)
        self.fresh = {offset for offset, name in self._made.items() if name in self._written}

    def _is_list(self, x: Any) -> bool:
        return x is True or x in self._lists

    def _store(self, name: str, x: Any) -> None:
        if self._is_list(x):
            self._lists.add(name)

    def _read(self, found: list[dis.Instruction]) -> None:
        stack: list[Any] = []  # True for a list, the name of a variable, or that of what makes one
        before = ""
        for i in found:
            kind, n = i.opname, i.arg or 0
            given = (i.argval,) if isinstance(i.argval, str) else i.argval
            effect = dis.stack_effect(
                i.opcode, n if i.opcode >= dis.HAVE_ARGUMENT else None, jump=False
            )
            if kind.startswith("LOAD_FAST") or kind in _VARIABLES:
                stack += [*[None] * (effect - len(given)), *given]
            elif kind.startswith("STORE_FAST") or kind in _STORES:
                name, *more = given
                if before in _MAKING and kind not in _STORES:
                    self._made[i.offset] = name
                self._store(name, _popped(stack))
                if kind == "STORE_FAST_LOAD_FAST":
                    stack += more
                elif more:
                    self._store(more[0], _popped(stack))
            elif kind in ("BUILD_LIST", "BUILD_TUPLE"):
                del stack[len(stack) - n :]
                stack.append(True)
            elif kind in ("STORE_SUBSCR", "STORE_SLICE"):  # value, container, and one or two more
                if isinstance(container := (stack[effect + 1 :] or [None])[0], str):
                    self._written.add(container)
                del stack[effect:]
            elif kind == "COPY":
                stack.append(stack[-n] if len(stack) >= n else None)
            elif kind == "SWAP" and len(stack) >= n:
                stack[-1], stack[-n] = stack[-n], stack[-1]
            elif kind == "BINARY_OP":
                operands = stack[-2:]
                is_of_list = any(map(self._is_list, operands))
                if is_of_list:
                    self.of_lists.add(i.offset)
                is_in_place = i.argrepr[-1] == "="
                if is_in_place and isinstance((operands or [None])[0], str):
                    self._written.add(operands[0])
                kind = "in place" if is_in_place else kind
                del stack[-2:]
                stack.append(is_of_list and i.argrepr in ("+", "*", "+=", "*="))
            elif kind == "CALL":
                made = _LISTCOMP in stack[-n - 2 :]
                del stack[-n - 2 :]
                stack.append(made)
            elif kind == "LOAD_CONST":
                stack.append(_LISTCOMP if _is_listcomp(i) else None)
            elif kind == "MAKE_FUNCTION":
                function = _popped(stack)
                del stack[len(stack) + effect :]
                stack.append(function)
            else:
                stack = stack[:effect] if effect < 0 else stack + [None] * effect
                if stack and not kind.startswith(_TAKING):
                    stack[-1] = None
            before = kind


def _popped(stack: list[Any]) -> Any:
    return stack.pop() if stack else None


def _is_listcomp(i: dis.Instruction) -> bool:
    return isinstance(i.argval, CodeType) and i.argval.co_name == _LISTCOMP


_LISTCOMP = "<listcomp>"
_VARIABLES = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF")
_STORES = ("STORE_DEREF", "STORE_GLOBAL", "STORE_NAME")
_UNSEEN = ("CACHE", "NOP", "RESUME", "PRECALL", "KW_NAMES", "EXTENDED_ARG", "NOT_TAKEN")
_MAKING = ("CALL", "CALL_KW", "CALL_FUNCTION_EX", "BINARY_OP", "UNARY_NEGATIVE")
_TAKING = ("POP_", "STORE_", "DELETE_", "LIST_", "JUMP_", "END_", "RETURN_", "CALL_INTRINSIC_1")

# -- putting it together -------------------------------------------------------------------


def _width(arg: int) -> int:
    """How many units an instruction with this argument takes, without its caches."""
    return 1 + (arg > 0xFF) + (arg > 0xFFFF) + (arg > 0xFFFFFF)


def _assembled(steps: list[_Step]) -> bytes:
    for step in steps:
        step.widths = [_width(arg) for _, arg in step.ops]
        if step.target is not None:
            step.widths[-1] = 1
    while True:
        offset = 0
        for step in steps:
            step.offset = offset
            offset += sum(step.widths) + sum(_caches(name) for name, _ in step.ops)
        is_settled = True
        for step, after in itertools.pairwise(steps):
            if step.target is None:
                continue
            distance = step.target.offset - after.offset
            name, _ = step.ops[-1]
            is_backward = "BACKWARD" in name or name == "END_ASYNC_FOR"  # in Python 3.14
            arg = -distance if is_backward else distance
            step.ops[-1] = name, arg
            if _width(arg) > step.widths[-1]:
                step.widths[-1], is_settled = _width(arg), False
        if is_settled:
            break
    out = bytearray()
    extended = opcode.opmap["EXTENDED_ARG"]
    for step in steps:
        for (name, arg), width in zip(step.ops, step.widths, strict=True):
            for k in range(width - 1, 0, -1):
                out += bytes((extended, arg >> 8 * k & 0xFF))
            out += bytes((opcode.opmap[name], arg & 0xFF))
            out += bytes(2 * _caches(name))
    return bytes(out)


def _exceptions(
    code: CodeType, by_offset: dict[int, _Step]
) -> list[tuple[_Step, _Step, _Step, int, bool]]:
    return [
        (by_offset[start], by_offset[end], by_offset[target], depth, lasti)
        for start, end, target, depth, lasti in _parsed(code.co_exceptiontable)
    ]


def _parsed(table: bytes) -> Iterator[tuple[int, int, int, int, bool]]:
    """From, to, handler, depth of the stack, and whether the place of the error is pushed."""
    numbers = iter(table)

    def read() -> int:
        byte = next(numbers)
        value = byte & 63
        while byte & 64:
            byte = next(numbers)
            value = value << 6 | byte & 63
        return value

    while True:
        try:
            start = 2 * read()
        except StopIteration:
            return
        end = start + 2 * read()
        target, rest = 2 * read(), read()
        yield start, end, target, rest >> 1, bool(rest & 1)


def _written(table: list[tuple[_Step, _Step, _Step, int, bool]], steps: list[_Step]) -> bytes:
    out = bytearray()
    for start, end, target, depth, lasti in table:
        numbers = (start.offset, end.offset - start.offset, target.offset, depth << 1 | lasti)
        for i, number in enumerate(numbers):
            parts = [number & 63]
            while number > 63:
                number >>= 6
                parts.append(number & 63 | 64)
            parts.reverse()
            parts[0] |= 128 * (i == 0)
            out += bytes(parts)
    return bytes(out)


def _lines(first: int, steps: list[_Step]) -> bytes:
    """The table of positions; see Objects/locations.md of Python's sources."""
    out, line = bytearray(), first

    def varint(x: int) -> None:
        while x > 63:
            out.append(x & 63 | 64)
            x >>= 6
        out.append(x)

    for step, after in itertools.pairwise(steps):
        left = after.offset - step.offset
        number, end, column, end_column = step.position
        while left > 0:
            count = min(left, 8)
            left -= count
            if number is None:
                out.append(128 | 15 << 3 | count - 1)
                continue
            is_long = end is not None and column is not None and end_column is not None
            out.append(128 | (14 if is_long else 13) << 3 | count - 1)
            varint((number - line) << 1 if number >= line else (line - number) << 1 | 1)
            line = number
            if end is not None and column is not None and end_column is not None:
                varint(end - number)
                varint(column + 1)
                varint(end_column + 1)
    return bytes(out)
