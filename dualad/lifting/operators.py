"""Operators and other special methods of the user's classes, lifted.

`a * b` calls `type(a).__mul__` without a word of lifted code. So code is copied with a hook before
its operators, which does what Python does and calls the twins of these methods; but only from when
on a class is met whose operators need it, since the hook costs time. Classes are met where a
function that a driver is given, or one that it calls by name, names one of them or an object of it.
"""

from __future__ import annotations

import array
import bisect
import builtins
import collections
import functools
import heapq
import math
import operator
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..array.operands import unbuffered
from ..conversions import handed
from ..dual import Dual
from ..kernel import LIFTING
from ..pair import Function, Pair, plain
from . import lift
from .callbacks import extreme
from .lift import inspected, is_left_alone, is_opened, stand_in
from .reach import needs_lift
from .standins import FUNCTIONS, INFIX, SUM_IS_EXACT, as_infix, summed


def _is_in(x: Any, parts: Any) -> bool:
    if type(parts) in _LISTS and any(_python_method(type(v), "eq") for v in (x, *parts)):
        return any(v is x or _truth(_hooks["=="] @ (v, x)) for v in parts)
    return lift.is_in(x, parts if _has(type(parts), "contains") else lift.walked(parts))


def _item(x: Any, key: Any) -> Any:
    """x[key], with the `__missing__` of the user's dicts lifted."""
    missing = _python_method(type(x), "missing") if isinstance(x, dict) else None
    return x[key] if missing is None or key in x else stand_in(missing)(x, key)


def _set_item(value: Any, x: Any, key: Any) -> None:
    x[key] = value


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
    "[]": ("getitem", _item),
    "[]=": ("setitem", _set_item),
    "del []": ("delitem", operator.delitem),
    "in": ("contains", _is_in),
    "not in": ("contains", lambda x, parts: not _is_in(x, parts)),
}
_LISTS = (list, tuple, collections.deque)
_PLAIN = frozenset((int, float, complex, str, bool, bytes, type(None), np.ndarray, np.float64))
_TRUTH = ("bool", "len")  # asked in this order
# Functions of Python that call a special method of their first argument: those that look at what
# it gives, and those that hand it on.
_JUDGING = (len, complex, float, int, hash, operator.index)
_FUNCTIONS = {
    f: f.__name__ for f in (*_JUDGING, abs, round, next, math.trunc, math.floor, math.ceil)
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
    method = inspected(kind, f"__{name}__")  # and not what the class of the class has, as type's |
    if not _has(kind, name) or _is_of_sequences(method):
        return NotImplemented  # Python asks these after all others: `native` does
    if type(method) is types.WrapperDescriptorType:  # which takes None for the lack of an object
        return method(*args)
    bind = inspected(type(method), "__get__")
    return method(*args[1:]) if bind is None else bind(method, args[0], kind)(*args[1:])


def _has(kind: type, name: str) -> bool:
    """Whether a class has a special method, or None in the place of one."""
    return any(f"__{name}__" in base.__dict__ for base in kind.__mro__)


def _call_unlifted(kind: type, name: str, *args: Any) -> Any:
    return _call(None, kind, name.strip("_"), *args)


def _is_of_sequences(method: Any) -> bool:
    return type(method) is types.WrapperDescriptorType and method in _OF_SEQUENCES


_SEQUENCES = (list, tuple, str, bytes, bytearray, collections.deque, array.array)
# What + and * of sequences are: they refuse what the other side may take.
_OF_SEQUENCES = frozenset(
    getattr(kind, name) for kind in _SEQUENCES for name in ("__add__", "__mul__", "__rmul__")
)


def _unanswered(symbol: str, native: Function, a: Any, b: Any) -> Any:
    """What Python does if neither side has an answer: no method is asked again."""
    if symbol in ("==", "!="):
        return (a is b) is (symbol == "==")
    if isinstance(a, _SEQUENCES) or isinstance(b, _SEQUENCES):
        return native(a, b)
    names = " and ".join(repr(type(plain(x)).__name__) for x in (a, b))
    if symbol in _COMPARISONS:
        raise TypeError(f"{symbol!r} not supported between instances of {names}")
    full = "** or pow()" if symbol == "**" else symbol
    raise TypeError(f"unsupported operand type(s) for {full}: {names}")


def _both(symbol: str, forward: str, reflected: str, native: Function) -> Function:
    """An operator of two sides, as Python calls their methods."""

    def is_its_own(derived: type, base: type) -> bool:
        name = f"__{reflected}__"
        if _has(derived, reflected) is not _has(base, reflected):
            return True
        return inspected(derived, name) is not inspected(base, name)

    def apply(a: Any, b: Any) -> Any:
        left, right = type(a), type(b)
        f, g = _python_method(left, forward), _python_method(right, reflected)
        if f is None and g is None:
            return native(a, b)
        if f is None and symbol not in _COMPARISONS:
            a = handed(a, b)
            left = type(a)
        sides = [(f, left, forward, a, b), (g, right, reflected, b, a)]
        is_comparison = symbol in _COMPARISONS
        if left is right and not is_comparison:
            del sides[1]
        elif (
            left is not right
            and issubclass(right, left)
            and (is_comparison or is_its_own(right, left))
        ):
            sides.reverse()
        for side in sides:
            result = _call(*side)
            if result is not NotImplemented:
                return result
        return _unanswered(symbol, native, a, b)

    return apply


def _in_place(name: str, native: Function, binary: Function, otherwise: Function) -> Function:
    def apply(a: Any, b: Any) -> Any:
        f = _python_method(type(a), f"i{name}")
        if f is not None:
            result = stand_in(f)(a, b)
            return otherwise(a, b) if result is NotImplemented else result
        if type(a) is list and name == "add":
            b = lift.walked(b)
        g = _python_method(type(b), f"r{name}")
        if g is not None and _is_of_sequences(getattr(type(a), f"__{name}__", None)):
            result = stand_in(g)(b, a)
            if result is not NotImplemented:
                return result
        return native(a, b) if inspected(type(a), f"__i{name}__") else binary(a, b)

    return apply


def _of_one(name: str, native: Function, place: int = 0) -> Function:
    """An operator that calls one method, of its operand in one place."""
    arranged = _ARRANGED.get(name)

    def apply(*operands: Any) -> Any:
        f = _python_method(type(operands[place]), name)
        if f is None:
            return native(*operands)
        return stand_in(f)(*(arranged(*operands) if arranged else operands))

    return apply


# How the method has what lies on the stack.
_ARRANGED: dict[str, Function] = {
    "setitem": lambda value, x, i: (x, i, value),
    "contains": lambda x, parts: (parts, x),
}


def _of_method(f: Any, name: str) -> Function:
    """A function of Python that calls one method of its first argument, and may judge it."""
    native = FUNCTIONS.get(f, f)

    @functools.wraps(f)
    def call(*args: Any, **options: Any) -> Any:
        if not args or _python_method(type(args[0]), name) is None:
            return native(*args, **options)
        if f in _JUDGING and len(args) == 1 and not options:
            method = _python_method(type(args[0]), name)
            return _judged(f, args[0], f"__{name}__", stand_in(method)(args[0]))
        return f(lift.view_of(args[0], f"__{name}__"), *args[1:], **options)

    return call


def _judged(f: Any, x: Any, name: str, answer: Any) -> Any:
    """What a function of Python gives if its special method of x has given this answer."""
    if f in (float, complex) and isinstance(unbuffered(answer), Dual):
        return FUNCTIONS[f](answer)
    return f(_answering(type(x).__name__, name)(answer))


@functools.lru_cache(500)
def _answering(name: str, method: str) -> type:
    """The objects of a class of this name, each of which has one answer."""

    def keep(self: Any, answer: Any) -> None:
        self.answer = answer

    def give(self: Any) -> Any:
        return self.answer

    return type(name, (), {"__slots__": ("answer",), "__init__": keep, method: give})


def _truth(x: Any = False, /) -> bool:
    """bool(x)."""
    for name in _TRUTH:
        method = _python_method(type(x), name)
        if method is not None:
            answer = stand_in(method)(x)
            return answer if type(answer) is bool else _judged(bool, x, f"__{name}__", answer)
        if _has(type(x), name):
            break
    return bool(x)


def _as_truth(f: Function, is_negated: bool) -> Function:
    return lambda *operands: bool(f(*operands)) is not is_negated


_power = _both("**", "pow", "rpow", FUNCTIONS[pow])


@functools.wraps(pow)
def _pow(base: Any, exp: Any, mod: Any = None) -> Any:
    if mod is None:
        return _power(base, exp)
    has_method = _python_method(type(base), "pow") is not None
    return pow(lift.view_of(base, "__pow__") if has_method else base, exp, mod)


def _sum(numbers: Any, /, start: Any = 0) -> Any:
    parts = list(lift.walked(numbers))
    kinds = set(map(type, parts))
    if not any(_python_method(kind, "add") or _python_method(kind, "radd") for kind in kinds):
        return summed(parts, start) if SUM_IS_EXACT else sum(parts, start)
    add = _hooks["+"]
    for x in parts:
        start = add @ (start, x)
    return start


class _Hook(NamedTuple):
    """What an operator does to plain things, and to the user's.

    `sides`: who has a method of it, of the names `methods`: both sides, also if they are of one
    class ("compared"), the left one "in place", or one. `otherwise`: what is done where the left
    one has no answer in place.
    """

    native: Function
    lifted: Function
    sides: str
    methods: tuple[str, ...]
    otherwise: Function | None = None


def _all_hooks() -> Iterator[tuple[str, _Hook]]:
    for symbol, (name, native) in _BINARY.items():
        methods = _dunder(name, f"r{name}", f"i{name}")
        yield symbol, _Hook(native, _both(symbol, name, f"r{name}", native), "both", methods)
        symbol, in_place = f"{symbol}=", getattr(operator, f"i{name}")
        binary, otherwise = (_both(symbol, name, f"r{name}", f) for f in (in_place, native))
        lifted: Function = _in_place(name, in_place, binary, otherwise)
        yield symbol, _Hook(in_place, lifted, "in place", methods, otherwise)
    for symbol, (forward, reflected, native) in _COMPARISONS.items():
        lifted = _both(symbol, forward, reflected, native)
        yield symbol, _Hook(native, lifted, "compared", _dunder(forward, reflected, forward))
    for symbol, (name, native) in _UNARY.items():
        yield symbol, _Hook(native, _of_one(name, native), "one", _dunder(name, name, name))
    for symbol, (name, native) in _CONTAINERS.items():
        lifted = _of_one(name, native, int(name in _ARRANGED))
        native = operator.getitem if name == "getitem" else native
        if name == "contains":
            lifted = _as_truth(_of_one(name, _is_in, 1), symbol == "not in")
        yield symbol, _Hook(native, lifted, "one", _dunder(name, name, name))
    yield "truth", _Hook(bool, _truth, "truth", _dunder("bool", "bool", "bool"))


def _dunder(*names: str) -> tuple[str, ...]:
    return tuple(sys.intern(f"__{name}__") for name in names)


# -- what is sorted ------------------------------------------------------------------------


class _Key:
    """Something of the user's, or a sequence with such a thing, compared by lifted operators."""

    __slots__ = ("x",)
    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None  # numbers of NumPy leave comparisons to keys

    def __init__(self, x: Any) -> None:
        self.x = x

    def __lt__(self, other: Any) -> Any:
        return _compared("<", self.x, _bare(other))

    def __gt__(self, other: Any) -> Any:
        return _compared(">", self.x, _bare(other))

    def __eq__(self, other: object) -> Any:
        return _compared("==", self.x, _bare(other))


def _bare(x: Any) -> Any:
    return x.x if type(x) is _Key else x


def _compared(symbol: str, a: Any, b: Any) -> Any:
    if type(a) is type(b) and type(a) in (tuple, list):
        for v, w in zip(a, b, strict=False):
            if not (v is w or _truth(_compared("==", v, w))):
                return symbol != "==" and _compared(symbol, v, w)
        a, b = len(a), len(b)
    return _hooks[symbol] @ (a, b)


def _key(x: Any) -> Any:
    return _Key(x) if _is_ordered_by_user(x) else x


def _is_ordered_by_user(x: Any) -> bool:
    kind = type(x)
    if kind in _PLAIN:
        return False
    if kind in (tuple, list):
        return any(map(_is_ordered_by_user, x[:_FEW]))
    return any(_python_method(kind, name) for name in ("lt", "gt", "eq"))


def _key_by(key: Any) -> Function:
    """A key function of the user's, of things that are compared by lifted operators."""
    if key is None:
        return _key
    of = stand_in(key)
    return lambda x: _key(of(x))


def _key_for(parts: Any, key: Any) -> Function | None:
    """The same for what parts holds, all of it; None if Python orders that by itself."""
    if key is not None:
        return _key_by(key)
    return _Key if any(map(_is_ordered_by_user, parts)) else None


@functools.wraps(sorted)
def _sorted(parts: Any, /, *, key: Any = None, **options: Any) -> Any:
    parts = list(lift.walked(parts))
    return sorted(parts, key=_key_for(parts, key), **options)


@functools.wraps(list.sort)
def _sort(parts: Any, /, *, key: Any = None, **options: Any) -> None:
    list.sort(parts, key=_key_for(list.__iter__(parts), key), **options)


def _by_key(parts: Any, key: Any) -> tuple[Any, Any]:
    parts = list(parts)
    return parts, _key_for(parts, key)


def _outermost(f: Any) -> Function:
    """nsmallest or nlargest."""

    @functools.wraps(f)
    def call(n: Any, iterable: Any, key: Any = None) -> Any:
        return f(n, lift.walked(iterable), key=_key_by(key))

    return call


@functools.wraps(heapq.merge)
def _merge(*iterables: Any, key: Any = None, reverse: Any = False) -> Any:
    return heapq.merge(*map(lift.walked, iterables), key=_key_by(key), reverse=reverse)


# heapq's own functions, with its order of comparisons: ties come out as they do there.


def _is_less(a: Any, b: Any) -> Any:
    if _is_ordered_by_user(a) or _is_ordered_by_user(b):
        return _truth(_compared("<", a, b))
    return a < b


def _is_less_in(heap: list[Any], a: Any, b: Any) -> Any:
    size = len(heap)
    answer = _is_less(a, b)
    if len(heap) != size:
        raise RuntimeError("list changed size during iteration")
    return answer


def _rise(heap: list[Any], start: int, place: int) -> None:
    """Exchange what is in a place with its parents, up to the start, while it is less."""
    while place > start:
        parent = (place - 1) >> 1
        if not _is_less_in(heap, heap[place], heap[parent]):
            break
        heap[place], heap[parent] = heap[parent], heap[place]
        place = parent


def _sink(heap: list[Any], start: int) -> None:
    """Let the lesser children rise, down to a leaf, and what was at the start from there."""
    place, size = start, len(heap)
    while place < size >> 1:
        child = 2 * place + 1
        if child + 1 < size and not _is_less_in(heap, heap[child], heap[child + 1]):
            child += 1
        heap[place], heap[child] = heap[child], heap[place]
        place = child
    _rise(heap, start, place)


def _heappush(heap: list[Any], item: Any) -> None:
    heap.append(item)
    _rise(heap, 0, len(heap) - 1)


def _heappop(heap: list[Any]) -> Any:
    if len(heap) < 2:
        return heapq.heappop(heap)
    return _heapreplace(heap, heap.pop())


def _heapreplace(heap: list[Any], item: Any) -> Any:
    if not heap:
        return heapq.heapreplace(heap, item)
    least, heap[0] = heap[0], item
    _sink(heap, 0)
    return least


def _heappushpop(heap: list[Any], item: Any) -> Any:
    if not heap or not _is_less(heap[0], item):
        return item
    return _heapreplace(heap, item)


def _heapify(heap: list[Any]) -> None:
    if not any(map(_is_ordered_by_user, heap)):
        return heapq.heapify(heap)
    keys = list(map(_Key, heap))
    try:
        heapq.heapify(keys)
    finally:
        heap[:] = map(_bare, keys)


def _of_heap(f: Any, lifted: Function) -> Function:
    """A function of heapq, which takes lists, and what is in those of derived classes."""

    @functools.wraps(f)
    def call(heap: Any, *item: Any) -> Any:
        if type(heap) is list:
            return lifted(heap, *item)
        if not isinstance(heap, list):
            return f(heap, *item)
        parts = list.copy(heap)
        try:
            return lifted(parts, *item)
        finally:
            list.__setitem__(heap, slice(None), parts)

    return call


def _in_sorted(f: Any, insert: bool) -> Function:
    """A function of bisect."""

    @functools.wraps(f)
    def call(a: Any, x: Any, *args: Any, key: Any = None, **options: Any) -> Any:
        of = (lambda v: v) if key is None else stand_in(key)
        wanted = of(x) if insert else x
        place = f(a, _key(wanted), *args, key=lambda v: _key(of(v)), **options)
        return a.insert(place, x) if insert else place

    return call


# Functions that order what they are given, by operators that they call from C.
_ORDERING: dict[Any, Function] = {
    sorted: _sorted,
    list.sort: _sort,
    **{f: extreme(f, _by_key) for f in (min, max)},
    **{f: _outermost(f) for f in (heapq.nsmallest, heapq.nlargest)},
    heapq.merge: _merge,
    **{
        f: _of_heap(f, lifted)
        for f, lifted in (
            (heapq.heappush, _heappush),
            (heapq.heappop, _heappop),
            (heapq.heapify, _heapify),
            (heapq.heapreplace, _heapreplace),
            (heapq.heappushpop, _heappushpop),
        )
    },
    **{f: _in_sorted(f, False) for f in (bisect.bisect_left, bisect.bisect_right)},
    bisect.insort_left: _in_sorted(bisect.bisect_left, True),
    bisect.insort_right: _in_sorted(bisect.bisect_right, True),
}


# -- hooks ---------------------------------------------------------------------------------


class Operator:
    """Operator() @ (a, b) is what the operator gives of them."""

    def __init__(self, lifted: Callable[[Any], Any]) -> None:
        self.lifted = lifted

    def __matmul__(self, operands: tuple[Any, ...]) -> Any:
        return self.lifted(operands)


def _unpacked(f: Function) -> Callable[[Any], Any]:
    return lambda operands: f(*operands)


_HOOKS = dict(_all_hooks())
_hooks: dict[str, Any] = {}  # by symbol, once they are needed


def _asking(f: Any) -> Function:
    """any or all."""
    return functools.wraps(f)(lambda parts: f(map(_truth, lift.walked(parts))))


def _filter(f: Any, parts: Any) -> Any:
    """The builtin `filter`."""
    return filter(_truth if f is None else stand_in(f), lift.walked(parts))


def _start() -> None:
    """From now on, copies of code have hooks before their operators."""
    hooks = _hooks
    functions: dict[Any, Function] = {}
    for symbol, hook in _HOOKS.items():
        native, lifted, *more = hook
        if symbol in ("%", "%="):
            native, lifted = map(lift.of_text_or, (native, lifted))
        call = _unpacked(lifted)
        hooks[symbol] = LIFTING.Operator(symbol, native, call, *more) if LIFTING else Operator(call)
        is_function = getattr(operator, getattr(native, "__name__", ""), None) is native
        if is_function and symbol not in ("in", "not in"):
            name = INFIX.get(native)
            functions[native] = as_infix(native, name, lifted) if name else lifted
    for f, name in _FUNCTIONS.items():
        call = _of_method(f, name)
        if LIFTING:
            judge = f if f in _JUDGING else None
            call = LIFTING.OfMethod(*_dunder(name), FUNCTIONS.get(f, f), call, judge)
        functions[f] = call
    functions[pow] = _pow
    functions[sum] = _sum
    functions[bool] = _truth
    functions |= {f: _asking(f) for f in (any, all)}
    functions[filter] = _filter
    functions[divmod] = _both("divmod()", "divmod", "rdivmod", divmod)
    functions[operator.contains] = lambda parts, x: _hooks["in"] @ (x, parts)
    functions |= _ORDERING
    lift.take_operators(hooks, functions)


# -- which classes are met -------------------------------------------------------------------

_TELLING = frozenset(
    name
    for names in (
        *((n, f"r{n}", f"i{n}") for n, _ in _BINARY.values()),
        *((n, r) for n, r, _ in _COMPARISONS.values()),
        *((n,) for n, _ in (*_UNARY.values(), *_CONTAINERS.values())),
        tuple(_FUNCTIONS.values()),
        ("bool", "missing", "divmod", "rdivmod"),
    )
    for name in names
)
_FEW = 100
_DUALAD = __name__.partition(".")[0]


_met: dict[int, weakref.ref[Any]] = {}  # functions and classes that need no hooks


def _is_met(x: Any) -> bool:
    known = _met.get(id(x))
    return known is not None and known() is x


def meet(x: Any) -> None:
    """Look whether operators of classes that x, a function or class, names are to be lifted.

    What x itself names is looked at in each call, since variables change; what functions and
    classes beyond it name, once.
    """
    if lift.OPERATORS or (_is_met(x) if isinstance(x, type) else _is_as_it_was(x)):
        return
    seen: dict[int, Any] = {}
    todo = [x]
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen[id(part)] = part
        if part is x or not _is_met(part):
            if (isinstance(part, type) and _needs_hooks(part)) or _is_sparse(part):
                _start()
                return
            todo += _parts_of(part)
    for key, part in seen.items():
        if isinstance(part, (type, types.FunctionType)) and not _is_met(part):
            _met[key] = weakref.ref(part, functools.partial(_forget, key))
    if type(x) is types.FunctionType and _holds_numbers(x):
        _meanings.set(x.__code__, _meanings_of(x))


# What the names in code without hooks have meant: where they are looked up, and what is there.
_Meanings = list[tuple[dict[str, Any], str, Any]]
_meanings = lift.OfCode()
_LASTING = (type, types.FunctionType, types.BuiltinFunctionType, np.ufunc, type(np.sum))


def _is_as_it_was(f: Any) -> bool:
    """Whether all that a function names and holds is known to need no hooks."""
    if type(f) is not types.FunctionType:
        return False
    known: _Meanings = _meanings.get(f.__code__, ())
    if not known or known[0][0] is not f.__globals__ or not _holds_numbers(f):
        return False
    for space, name, before in known:
        now = space.get(name)
        if now is not before and not (before is _PLAIN and type(now) in _PLAIN):
            return False
    return True


def _holds_numbers(f: types.FunctionType) -> bool:
    """Whether a function holds in cells and defaults what has no hooks, whatever its value."""
    try:
        held = [cell.cell_contents for cell in f.__closure__ or ()]
    except ValueError:  # an empty cell
        return False
    held += f.__defaults__ or ()
    return all(type(x) in _PLAIN or issubclass(type(x), Pair) for x in held)


def _meanings_of(f: types.FunctionType) -> _Meanings:
    """What `_named_by` goes by; nothing where there is an object, which may change by itself."""
    names = set(_names_in(f.__code__))
    spaces, found = [f.__globals__, vars(builtins)], _Meanings()
    for space in spaces:  # those of modules are added
        for name in names:
            x = space.get(name)
            if isinstance(x, types.ModuleType):
                if _is_looked_at(x) and not any(vars(x) is known for known in spaces):
                    spaces.append(vars(x))
            elif type(x) in _PLAIN:
                x = _PLAIN
            elif not isinstance(x, _LASTING):
                return []
            found.append((space, name, x))
    return found


def _forget(key: int, gone: weakref.ref[Any]) -> None:
    if _met.get(key) is gone:
        del _met[key]


def _parts_of(x: Any) -> Iterator[Any]:
    """What x may lead to: what a function names, a class defines, and an object holds."""
    kind = type(x)
    if kind is types.MethodType:
        yield from (x.__self__, x.__func__)
    elif kind is types.FunctionType:
        if x.__closure__ or not is_left_alone(x.__globals__.get("__name__", ""), x.__code__):
            yield from _named_by(x)
    elif isinstance(x, type):
        yield from (f for _, _, f in _methods_of(x))
    elif kind in (list, tuple, set, dict):
        yield from list(x.values() if kind is dict else x)[:_FEW]
    elif kind.__flags__ & lift.HEAP_TYPE and not is_left_alone(kind.__module__):
        yield kind
        held = list(getattr(x, "__dict__", {}).values())[:_FEW]
        yield from (part for part in held if type(part) not in _PLAIN)


def _methods_of(cls: type) -> Iterator[tuple[type, str, types.FunctionType]]:
    for kind in cls.__mro__:
        home = kind.__module__
        if (is_left_alone(home) and not is_opened(home)) or home.partition(".")[0] == _DUALAD:
            continue
        for name, f in list(vars(kind).items()):
            f = getattr(f, "__func__", getattr(f, "fget", f))
            if type(f) is types.FunctionType:
                yield kind, name, f


def _needs_hooks(cls: type) -> bool:
    """Whether a special method of the class, or of one that it is derived from, needs lifting."""
    return any(
        name[:2] == "__"
        and name[2:-2] in _TELLING
        and not _is_of_dataclasses(kind, name, f)
        and needs_lift(f)
        for kind, name, f in _methods_of(cls)
    )


def _is_of_dataclasses(kind: type, name: str, f: types.FunctionType) -> bool:
    """Whether a comparison has been made by `dataclasses`, from the text of its code."""
    is_text = f.__code__.co_filename == "<string>" and "__dataclass_fields__" in vars(kind)
    return is_text and name in ("__eq__", "__lt__", "__le__", "__gt__", "__ge__")


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
            if _is_looked_at(x):
                yield from _parts_of_module(x, names, set())
        elif x is not None:
            yield x


def _is_looked_at(module: types.ModuleType) -> bool:
    """Whether a module may have classes whose operators are lifted."""
    return module.__name__ in ("scipy", "scipy.sparse") or not is_left_alone(module.__name__)


def _is_sparse(x: Any) -> bool:
    """Whether x is, or makes, one of SciPy's sparse arrays, whose operators have stand-ins."""
    home = x if isinstance(x, (type, types.FunctionType)) else type(x)
    return str(getattr(home, "__module__", "")).startswith("scipy.sparse._")


def _parts_of_module(module: types.ModuleType, names: set[str], seen: set[int]) -> Iterator[Any]:
    seen.add(id(module))
    for name in names:
        part = vars(module).get(name)
        if isinstance(part, types.ModuleType):
            if id(part) not in seen and _is_looked_at(part):
                yield from _parts_of_module(part, names, seen)
        elif part is not None:
            yield part


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _names_in(inner)


lift.connect(meet)
if LIFTING:
    LIFTING.connect_operators(_call_unlifted, _unanswered, _judged, handed)
