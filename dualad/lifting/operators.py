"""Operators and other special methods of the user's classes, lifted.

`a * b` calls `type(a).__mul__` without a word of lifted code. So code is copied with a hook before
its operators, which does what Python does and calls the twins of these methods; but only from when
on a class is met whose operators need it, since the hook costs time. Classes are met where a
function that a driver is given, or one that it calls by name, names one of them or an object of it.
"""

from __future__ import annotations

import builtins
import operator
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..kernel import LIFTING
from ..pair import Function
from . import lift
from .lift import inspected, is_left_alone, stand_in
from .reach import needs_lift
from .standins import FUNCTIONS, SUM_IS_EXACT, summed


def _is_in(x: Any, parts: Any) -> bool:
    return x in parts


_BINARY: dict[str, tuple[str, Function]] = {
    "+": ("add", operator.add),
    "-": ("sub", operator.sub),
    "*": ("mul", operator.mul),
    "/": ("truediv", operator.truediv),
    "//": ("floordiv", operator.floordiv),
    "%": ("mod", operator.mod),
    "**": ("pow", operator.pow),
    "@": ("matmul", operator.matmul),
    "&": ("and", operator.and_),
    "|": ("or", operator.or_),
    "^": ("xor", operator.xor),
    "<<": ("lshift", operator.lshift),
    ">>": ("rshift", operator.rshift),
}
_COMPARISONS: dict[str, tuple[str, str, Function]] = {
    "<": ("lt", "gt", operator.lt),
    "<=": ("le", "ge", operator.le),
    "==": ("eq", "eq", operator.eq),
    "!=": ("ne", "ne", operator.ne),
    ">": ("gt", "lt", operator.gt),
    ">=": ("ge", "le", operator.ge),
}
_UNARY: dict[str, tuple[str, Function]] = {
    "-x": ("neg", operator.neg),
    "+x": ("pos", operator.pos),
    "~x": ("invert", operator.invert),
}
_CONTAINERS: dict[str, tuple[str, Function]] = {
    "[]": ("getitem", operator.getitem),
    "[]=": ("setitem", lambda value, x, i: operator.setitem(x, i, value)),
    "del []": ("delitem", operator.delitem),
    "in": ("contains", _is_in),
    "not in": ("contains", lambda x, parts: x not in parts),
}
# Functions of Python that call a special method of their first argument.
_FUNCTIONS = {
    **{f: f.__name__ for f in (abs, len, round, divmod, pow, complex, float, int, next)},
    **{f: f.__name__ for f in (str, repr, format, bool)},
}


def _python_method(kind: type, name: str) -> Any:
    """A special method of the user's class that is to be lifted; None if there is none."""
    if kind.__flags__ & lift.HEAP_TYPE:
        f = inspected(kind, f"__{name}__")
        if type(f) is types.FunctionType and stand_in(f) is not f:
            return f
    return None


def _call(f: Any, kind: type, name: str, *args: Any) -> Any:
    """The special method of a class: its twin, or as it is; NotImplemented if there is none."""
    if f is not None:
        return stand_in(f)(*args)
    method = getattr(kind, f"__{name}__", None)
    return NotImplemented if method is None else method(*args)


def _both(forward: str, reflected: str, native: Function) -> Function:
    """An operator of two sides, as Python calls their methods."""

    def is_its_own(derived: type, base: type) -> bool:
        name = f"__{reflected}__"
        return inspected(derived, name) is not inspected(base, name)

    def apply(a: Any, b: Any) -> Any:
        left, right = type(a), type(b)
        f, g = _python_method(left, forward), _python_method(right, reflected)
        if f is None and g is None:
            return native(a, b)
        sides = [(f, left, forward, a, b), (g, right, reflected, b, a)]
        if left is right and forward != reflected and native not in _COMPARE:
            del sides[1]
        elif right is not left and issubclass(right, left) and is_its_own(right, left):
            sides.reverse()
        for side in sides:
            result = _call(*side)
            if result is not NotImplemented:
                return result
        return native(a, b)  # which raises the error, or compares identities

    return apply


def _in_place(name: str, binary: Function) -> Function:
    native: Function = getattr(operator, f"i{name.strip('_')}")

    def apply(a: Any, b: Any) -> Any:
        f = _python_method(type(a), f"i{name}")
        if f is not None:
            result = stand_in(f)(a, b)
            return binary(a, b) if result is NotImplemented else result
        return native(a, b) if inspected(type(a), f"__i{name}__") else binary(a, b)

    return apply


def _of_one(name: str, native: Function, place: int = 0) -> Function:
    """An operator or function that calls one method, of its operand in one place."""
    arranged = _ARRANGED.get(name)

    def apply(*operands: Any, **options: Any) -> Any:
        if place < len(operands):
            f = _python_method(type(operands[place]), name)
            if f is not None:
                given = arranged(*operands) if arranged else operands
                return stand_in(f)(*given, **options)
        return native(*operands, **options)

    return apply


# How the method has what lies on the stack.
_ARRANGED: dict[str, Function] = {
    "setitem": lambda value, x, i: (x, i, value),
    "contains": lambda x, parts: (parts, x),
}


def _as_truth(f: Function, is_negated: bool) -> Function:
    return lambda *operands: bool(f(*operands)) is not is_negated


_COMPARE = frozenset(native for _, _, native in _COMPARISONS.values())


def _sum(numbers: Any, /, start: Any = 0) -> Any:
    parts = list(lift.walked(numbers))
    if not any(_python_method(type(x), "add") or _python_method(type(x), "radd") for x in parts):
        return summed(parts, start) if SUM_IS_EXACT else sum(parts, start)
    for x in parts:
        start = _ADD(start, x)
    return start


def _all_hooks() -> Iterator[tuple[str, Function, Function]]:
    """Each symbol, with what it does to plain things, and to the user's."""
    for symbol, (name, native) in _BINARY.items():
        binary: Function = _both(name, f"r{name}", native)
        yield symbol, native, binary
        in_place: Function = getattr(operator, f"i{name.strip('_')}")
        yield f"{symbol}=", in_place, _in_place(name, binary)
    for symbol, (forward, reflected, native) in _COMPARISONS.items():
        yield symbol, native, _both(forward, reflected, native)
    for symbol, (name, native) in _UNARY.items():
        yield symbol, native, _of_one(name, native)
    for symbol, (name, native) in _CONTAINERS.items():
        hook: Function = _of_one(name, native, int(name in _ARRANGED))
        if name == "contains":
            hook = _as_truth(_of_one(name, _is_in, 1), symbol == "not in")
        yield symbol, native, hook


class Operator:
    """Operator() @ (a, b) is what the operator gives of them."""

    def __init__(self, symbol: str, native: Function, lifted: Callable[[Any], Any]) -> None:
        self.symbol, self.native, self.lifted = symbol, native, lifted

    def __matmul__(self, operands: tuple[Any, ...]) -> Any:
        return self.lifted(operands)


def _unpacked(f: Function) -> Callable[[Any], Any]:
    return lambda operands: f(*operands)


_HOOKS = {symbol: (native, lifted) for symbol, native, lifted in _all_hooks()}
_ADD = _HOOKS["+"][1]


def _start() -> None:
    """From now on, copies of code have hooks before their operators."""
    make: Function = LIFTING.Operator if LIFTING else Operator
    remainder = _HOOKS["%"][1], _HOOKS["%="][1]
    for symbol, (native, lifted) in _HOOKS.items():
        if lifted in remainder:
            native, lifted = map(lift.of_text_or, (native, lifted))
        lift.OPERATORS[symbol] = make(symbol, native, _unpacked(lifted))
        if getattr(operator, native.__name__, None) is native and symbol not in ("in", "not in"):
            FUNCTIONS[native] = lifted
    for f, name in _FUNCTIONS.items():
        known = FUNCTIONS.get(f, f)
        FUNCTIONS[f] = lift.named_as(f, _of_one(name, known))
    FUNCTIONS[sum] = _sum
    lift.forget_copies()


# -- which classes are met -------------------------------------------------------------------

_TELLING = frozenset(
    name
    for names in (
        *((n, f"r{n}", f"i{n}") for n, _ in _BINARY.values()),
        *((n, r) for n, r, _ in _COMPARISONS.values()),
        *((n,) for n, _ in (*_UNARY.values(), *_CONTAINERS.values())),
        tuple(_FUNCTIONS.values()),
    )
    for name in names
) - {"str", "repr", "format", "bool", "int", "len", "next", "complex"}
_FEW = 100
_DUALAD = __name__.partition(".")[0]


def meet(x: Any, seen: set[int] | None = None) -> None:
    """Look whether operators of classes that x, a function or class, names are to be lifted."""
    seen = set() if seen is None else seen
    if lift.OPERATORS or id(x) in seen:
        return
    seen.add(id(x))
    if isinstance(x, types.MethodType):
        meet(x.__self__, seen)
        x = x.__func__
    kind = type(x)
    if kind is types.FunctionType:
        if x.__closure__ or not is_left_alone(x.__globals__.get("__name__", ""), x.__code__):
            for named in _named_by(x):
                meet(named, seen)
    elif isinstance(x, type):
        _meet_class(x, seen)
    elif kind in (list, tuple, set, dict):
        for part in list(x.values() if kind is dict else x)[:_FEW]:
            meet(part, seen)
    elif kind.__flags__ & lift.HEAP_TYPE and not is_left_alone(kind.__module__):
        _meet_class(kind, seen)
        for part in list(getattr(x, "__dict__", {}).values())[:_FEW]:
            if type(part) not in _PLAIN:
                meet(part, seen)


_PLAIN = frozenset((int, float, complex, str, bool, bytes, type(None), np.ndarray, np.float64))


def _meet_class(cls: type, seen: set[int]) -> None:
    if lift.OPERATORS:
        return
    for kind in cls.__mro__:
        if is_left_alone(kind.__module__) or kind.__module__.partition(".")[0] == _DUALAD:
            continue
        for name, f in list(vars(kind).items()):
            f = getattr(f, "__func__", getattr(f, "fget", f))
            if type(f) is not types.FunctionType:
                continue
            is_made = f.__code__.co_filename == "<string>"  # by dataclasses
            if name[:2] == "__" and name[2:-2] in _TELLING and not is_made and needs_lift(f):
                _start()
                return
            meet(f, seen)


def _named_by(f: types.FunctionType) -> Iterator[Any]:
    """What a function may mean by the names in its code."""
    names = set(_names_in(f.__code__))
    for cell in f.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue
    yield from f.__defaults__ or ()
    for name in names:
        x = f.__globals__.get(name, getattr(builtins, name, None))
        if isinstance(x, types.ModuleType):
            if not is_left_alone(x.__name__):
                yield from _parts_of(x, names, set())
        elif x is not None:
            yield x


def _parts_of(module: types.ModuleType, names: set[str], seen: set[int]) -> Iterator[Any]:
    seen.add(id(module))
    for name in names:
        part = vars(module).get(name)
        if isinstance(part, types.ModuleType):
            if id(part) not in seen and not is_left_alone(part.__name__):
                yield from _parts_of(part, names, seen)
        elif part is not None:
            yield part


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _names_in(inner)


lift.MEETERS.append(meet)
