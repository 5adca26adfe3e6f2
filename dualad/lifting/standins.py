"""math, cmath and NumPy's makers of arrays, for lifted code: the same names, and duals go in too.

Plain numbers get the function itself: the same result, the same exceptions. A dual first goes
through it as a plain number too, so that it raises where math raises.
"""

from __future__ import annotations

import cmath
import copy
import functools
import math
import operator
import sys
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from ..array.algebra import levels_of, with_room
from ..array.buffers import buffered
from ..array.dualarray import DualArray
from ..array.operands import SINGLE, ArrayProxy, as_objects, from_objects, listed, unbuffered
from ..array.protocols import ARRAY_FUNCTIONS, by_its_rule, in_front
from ..array_rules.common import has_duals, in_order_of, valued
from ..array_rules.creation import array_of, require
from ..array_rules.others import as_strided
from ..conversions import as_number
from ..differentiations import answered, note_equal, text_for
from ..dual import Dual, function
from ..functions import atan2, cos, sin
from ..kernel import KERNEL, LIFTING
from ..looks import is_plain, is_sequence
from ..namespaces import is_exact, is_number, namespace_of
from ..pair import Function, dual, is_array, map_leaves, moved, newest, parts, plain
from ..refusals import refuse_text_of_dual
from ..rules import Rule
from ..structure import leaves, rebuild
from ..table import RULES


def _number(x: Any, f: Any = None) -> Any:
    """A number as f of math or cmath takes it: one of Python's own, or a dual of one."""
    x = unbuffered(x)
    if _converts_itself(x, f):
        x = _converted(x, f)
    if is_plain(x, np.integer):
        return int(x)  # which may be a count
    if is_plain(x, (np.number, np.bool_, np.ndarray)):
        return x if _takes_complex(f) else float(x)
    if not isinstance(x, Dual) or type(x.primal) is float:
        return x
    if np.ndim(x):
        raise TypeError(
            f"math and cmath take numbers, got an array of shape {np.shape(x)}; "
            "use NumPy's function."
        )
    if isinstance(plain(x), np.ndarray):
        x = map_leaves(lambda v: v[()] if isinstance(v, np.ndarray) else v, x)
    x = as_number(x)
    return number_of(float, x) if isinstance(plain(x), np.longdouble) else x


def _has_own(x: Any, name: str) -> bool:
    """Whether Python code of its class makes a number of x."""
    if isinstance(x, Dual) or is_exact(x):
        return False
    return type(getattr(type(x), name, None)) is FunctionType


def _takes_complex(f: Any) -> bool:
    return getattr(f, "__module__", "") == "cmath" and f is not cmath.rect


def _converts_itself(x: Any, f: Any = None) -> bool:
    """Whether f of math or cmath may have Python code of its class make a number of x."""
    return _has_own(x, "__float__") or (_takes_complex(f) and _has_own(x, "__complex__"))


def _converted(x: Any, f: Any) -> Any:
    """The number that f takes of such an x: the one that a subclass of its own kind holds."""
    if _takes_complex(f):
        if is_plain(x, complex):
            return complex.__pos__(x)
        if _has_own(x, "__complex__"):
            return FUNCTIONS[complex](x)
    if is_plain(x, float):
        return float.__pos__(x)
    return int.__pos__(x) if is_plain(x, int) and f in _LOGARITHMS else FUNCTIONS[float](x)


_LOGARITHMS = (math.log, math.log2, math.log10)  # of an integer, which may be too large for a float


def _stand_in(f: Function, on_duals: Function) -> Function:
    """f, and on_duals where a dual is among the arguments and f takes their plain numbers."""

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        for x in args:
            if type(x) is not float and (
                isinstance(x, (Dual, ArrayProxy)) or is_exact(x) or _converts_itself(x, f)
            ):
                args = tuple([_number(x, f) for x in args])
                try:
                    y = f(*map(plain, args), **kwargs)
                except Exception as error:
                    answered(f, error, *args)
                    raise
                if not (has_duals(*args) or any(map(is_exact, args))):
                    return y
                result = on_duals(*args)
                is_precise = any(is_exact(plain(x)) for x in args)
                return result if is_precise else with_plain(y, result)
        return f(*args, **kwargs)

    return call


def with_plain(y: Any, x: Any) -> Any:
    """The tangents of x on another plain number, or those of several on several."""
    if isinstance(y, tuple):
        return tuple(map(with_plain, y, x))
    return moved(with_plain(y, x.primal), x.tangent, x.level) if isinstance(x, Dual) else y


def _of_row(f: Function, name: str, readable: Function | None = None) -> Function:
    rule = RULES[name]
    readable = _stand_in(f, function(rule)) if readable is None else readable
    row = KERNEL.row_number(rule.name) if KERNEL else -1
    if not LIFTING or row < 0:
        return _of_several(f, name, readable)
    return LIFTING.Row(row, f, readable, len(rule.args), None in rule.slopes)  # type: ignore[no-any-return]


def _of_several(f: Function, name: str, readable: Function) -> Function:
    """The compiled function, if there is one."""
    if not (LIFTING and KERNEL) or name not in LIFTING.COMPOSITES:
        return readable
    return LIFTING.Several(name, f, readable, KERNEL.row_number)  # type: ignore[no-any-return]


def _answer(f: Function) -> Function:
    """A question, or a step: it has a plain answer."""

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        y = f(*(plain(_number(x, f)) for x in args), **{k: plain(v) for k, v in kwargs.items()})
        if y and is_nearness:
            note_equal(*map(unbuffered, args))
        return answered(f, y, *map(unbuffered, args))

    is_nearness = f.__name__ == "isclose"  # what is found is noted
    return LIFTING.Answer(f, call, note_equal if is_nearness else None) if LIFTING else call


# -- math ----------------------------------------------------------------------------------


def _log(f: Function) -> Function:
    log = function(RULES["log"])

    def of_base(x: Any, base: Any = None) -> Any:
        if base is None:
            return log(x)
        x, base = _in_one_system(x, base)
        return log(x) / log(base)

    return of_base if f is math.log else lambda x, base=None: of_base(x, base)


def _in_one_system(*numbers: Any) -> tuple[Any, ...]:
    """Beside numbers of mpmath, Python's are such too, before a function rounds them."""
    namespace = namespace_of(*map(plain, numbers))
    return tuple(map(namespace.convert, numbers)) if namespace else numbers


def _context(numbers: Any) -> Any:
    """Mpmath's functions for the numbers that are mpmath's, or None."""
    return next((x.context for x in numbers if hasattr(x, "context")), None)


def _length(*numbers: Any) -> Any:
    context = _context(numbers)
    return math.hypot(*numbers) if context is None else context.norm(numbers, 2)


@functools.cache
def _norms(n: int) -> tuple[Function, Function]:
    """The norm of n numbers, and the first of them over it: what `hypot` and `_along` are for two.

    At zero, where the norm has a kink, its slopes are 0.
    """
    square = function(RULES["square"])

    def first(i: int, numbers: Any) -> Any:
        return numbers[i], *numbers[:i], *numbers[i + 1 :]

    def of_norm(i: int) -> Function:
        def slope(*given: Any) -> Any:
            *xs, y = given
            if y == 0:
                return 0.0
            is_large = abs(xs[i]) > 0.75 * y  # and 1 − (xᵢ/y)², in the next slopes, is small
            is_simple = y < math.inf and (type(y) is float or not is_large)
            return xs[i] / y if is_simple else part(*first(i, xs))

        return slope

    def of_part(i: int) -> Function:
        def slope(*given: Any) -> Any:
            *xs, y = given
            others = range(1, n) if i == 0 else (i,)
            length, shares = norm(*xs), [part(*first(j, xs)) for j in others]
            return -y * (shares[0] / length) if i else sum(map(square, shares)) / length

        return slope

    def beside_others(x: Any, *others: Any) -> Any:
        is_finite = abs(x) < math.inf
        return x / norm(x, *others) if is_finite else math.copysign(1, x) - 0 * sum(others)

    names = ", ".join(f"x{i}" for i in range(n))
    norm = function(Rule(f"_norm{n}({names})", *map(of_norm, range(n)), value=_length))
    part = function(Rule(f"_part{n}({names})", *map(of_part, range(n)), value=beside_others))
    return norm, part


def _hypot(*coordinates: Any) -> Any:
    n = len(coordinates)
    return function(RULES["hypot"])(*coordinates) if n == 2 else _norms(n)[0](*coordinates)


@functools.wraps(math.dist)
def _dist(p: Any, q: Any, /) -> Any:
    p, q = [_number(x) for x in p], [_number(x) for x in q]
    if not (has_duals(p, q) or _context([*p, *q])):
        return math.dist(p, q)
    math.dist([plain(a) for a in p], [plain(b) for b in q])
    return _hypot(*(a - b for a, b in zip(p, q, strict=True)))


@functools.wraps(math.fsum)
def _fsum(seq: Any, /) -> Any:
    items = [_number(x) for x in seq]
    if not has_duals(*items):
        context = _context(items)
        return math.fsum(items) if context is None else context.fsum(items)
    level = newest(items)
    split = [parts(x, level) for x in items]
    tangent = sum(t for _, t in split if t is not None)
    return moved(_fsum([value for value, _ in split]), tangent, level)


@functools.wraps(sum)
def summed(numbers: Any, /, start: Any = 0) -> Any:
    """The sum, whose value is Python's: from 3.12 on, it carries the rounding errors of floats."""
    numbers = list(numbers)
    y = sum(numbers, start)
    if type(plain(y)) is float and isinstance(y, Dual):
        values = [plain(unbuffered(x)) for x in (start, *numbers)]
        if all(isinstance(v, (int, float)) for v in values):
            correction = sum(values[1:], values[0]) - plain(y)
            if correction and correction == correction:
                y = y + correction  # which is small, so that nothing is rounded
    return y


SUM_IS_EXACT = sys.version_info >= (3, 12)


def _sumprod(p: Any, q: Any, /) -> Any:
    p, q = [_number(x) for x in p], [_number(x) for x in q]
    if not has_duals(p, q):
        return math.sumprod(p, q)  # type: ignore[attr-defined, unused-ignore]
    level = newest([*p, *q])
    (v, v_dot), (w, w_dot) = (zip(*(parts(x, level) for x in xs), strict=True) for xs in (p, q))
    value = _sumprod(v, w)
    terms = [a * b for a, b in zip(v_dot, w, strict=True) if a is not None]
    terms += [a * b for a, b in zip(v, w_dot, strict=True) if b is not None]
    return dual(value, sum(terms), level)


def _ieee_remainder(a: Any, b: Any) -> Any:
    context = _context((a, b))
    if context is None:
        return math.remainder(a, b)
    if abs(b) == math.inf:
        return a
    with context.extraprec(max(0, context.mag(a) - context.mag(b))):
        whole = context.nint(a / b)
    return context.fsub(a, context.fmul(whole, b, exact=True))


_REMAINDER = Rule(
    "_ieee_remainder(a, b)", "1", "rint((y - a)/b)", kind="kinked", value=_ieee_remainder
)


def _modf(x: Any) -> Any:
    number = plain(x)
    if number == number and abs(number) < math.inf:
        return function(RULES["modf"])(x)
    return (x if number != number else type(number)(0)), number


_MATH: dict[str, Function] = {
    name: _of_row(getattr(math, name), name)
    for name in (
        *("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "copysign", "cos"),
        *("cosh", "degrees", "erf", "erfc", "exp", "exp2", "expm1", "fabs", "fma", "fmod", "frexp"),
        *("gamma", "ldexp", "lgamma", "log10", "log1p", "log2", "pow", "radians", "sin"),
        *("sinh", "sqrt", "tan", "tanh"),
    )
    if hasattr(math, name)
}
_MATH |= {
    name: _answer(getattr(math, name))
    for name in (
        *("isclose", "isfinite", "isinf", "isnan", "isnormal", "issubnormal", "signbit", "ulp"),
    )
    if hasattr(math, name)
}
_MATH |= {
    name: _of_several(getattr(math, name), name, readable)
    for name, readable in (
        ("log", _stand_in(math.log, _log(math.log))),
        ("modf", _stand_in(math.modf, _modf)),
        ("hypot", _stand_in(math.hypot, _hypot)),
        ("dist", _dist),
        ("fsum", _fsum),
        ("remainder", _stand_in(math.remainder, function(_REMAINDER))),
    )
}
if hasattr(math, "sumprod"):  # Python 3.12
    _MATH["sumprod"] = functools.wraps(math.sumprod)(_sumprod)


# -- cmath ---------------------------------------------------------------------------------


def _is_single(x: Any) -> bool:
    """Whether x is a plain number: not an array, and not a tangent of another kind."""
    return is_number(x) and not isinstance(x, np.ndarray)


def _complex(x: Any) -> Any:
    """A dual with complex numbers in it, as cmath makes them of real ones."""

    def convert(v: Any) -> Any:
        return complex(v) if _is_single(v) else v.astype(complex)

    return map_leaves(convert, x) if isinstance(x, Dual) else complex(x)


def _on_complex(f: Function, on_duals: Function) -> Function:
    return _stand_in(f, lambda *args: on_duals(*map(_complex, args)))


def _complex_row(name: str) -> Function:
    f = getattr(cmath, name)
    readable = _on_complex(f, function(RULES[name]))
    return LIFTING.ComplexRow(RULES[name], f, readable) if LIFTING else readable


def _phase(z: Any) -> Any:
    return atan2(z.imag, z.real)


def _rect(r: Any, phi: Any) -> Any:
    return _complex(r * cos(phi)) + 1j * (r * sin(phi))


_CMATH: dict[str, Function] = {
    name: _complex_row(name)
    for name in (
        *("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "log10"),
        *("sin", "sinh", "sqrt", "tan", "tanh"),
    )
}
_CMATH |= {
    name: _answer(getattr(cmath, name)) for name in ("isclose", "isfinite", "isinf", "isnan")
}
_CMATH |= {
    "log": _on_complex(cmath.log, _log(cmath.log)),
    "phase": _on_complex(cmath.phase, _phase),
    "polar": _on_complex(cmath.polar, lambda z: (abs(z), _phase(z))),
    "rect": _stand_in(cmath.rect, _rect),
}


# -- NumPy's makers of arrays --------------------------------------------------------------


def _makes_buffers(f: Function) -> Function:
    """What f makes of plain numbers, as a buffer: duals can be stored in it."""

    @functools.wraps(f)
    def make(*args: Any, **kwargs: Any) -> Any:
        y = f(*args, **kwargs)
        given = [unbuffered(x) for x in leaves([args, kwargs])]
        old = [x for x in given if is_plain(x, np.ndarray)]

        def new(part: Any) -> Any:
            is_old = any(np.may_share_memory(plain(part), x) for x in old)
            return part if is_old or not is_array(part) else buffered(part)

        return rebuild(y, new) if isinstance(y, tuple) else new(y)  # with retstep, two

    return make


def _copies(f: Function) -> Function:
    """f, which copies: an array of floats as a buffer, everything else as f itself does."""

    @functools.wraps(f)
    def make(x: Any, *args: Any, **kwargs: Any) -> Any:
        y = f(x, *args, **kwargs)
        is_new = type(x) is type(y) is np.ndarray and not np.may_share_memory(x, y)
        return buffered(y) if is_new else y

    return make


@functools.wraps(np.ndarray.astype)
def _astype(x: Any, dtype: Any, order: Any = "K", *args: Any, **kwargs: Any) -> Any:
    if type(x) is np.ndarray and x.dtype == object and np.dtype(dtype) != object and _any_dual(x):
        y = _of_numbers(x, dtype)
        return y if order == "K" else y.copy(order)
    return np.ndarray.astype(x, dtype, order, *args, **kwargs)


_ORDERS: dict[Function, Any] = {np.ascontiguousarray: "C", np.asfortranarray: "F"}


def _makes_arrays(f: Function, copies: bool) -> Function:
    """f, which makes an array of what it gets; duals in it keep their tangents."""

    @functools.wraps(f)
    def make(x: Any, dtype: Any = None, order: Any = None, **options: Any) -> Any:
        if _has_own(x, "__array__"):
            y = x.__array__()
            if type(y) is np.ndarray:
                y = from_objects(y)  # which that made where it is not lifted
            if isinstance(y, (ArrayProxy, Dual)):
                x = y  # which NumPy would not take for an array
        if options.get("like") is not None or dtype in (object, "O") or not _any_dual(x):
            order = {} if order is None else {"order": order}
            given: dict[int, Any] = {}
            y = f(_plainly(x, given), dtype, **order, **options)
            if isinstance(unbuffered(x), np.ndarray) and np.may_share_memory(y, unbuffered(x)):
                return x if y is unbuffered(x) else y
            if isinstance(x, (list, tuple, complex, float, int, np.generic)):
                return buffered(_with_given(y, given))
            return y if _is_held(y) else buffered(y)
        order = _ORDERS.get(f, order)
        copy = options.get("copy", copies or None)
        copy = None if copy is np._CopyMode.IF_NEEDED else copy
        ndmin = options.get("ndmin", int(f in _ORDERS))
        y = array_of(x, dtype, copy=copy, order=order or "K", ndmin=ndmin)
        return x if y is unbuffered(x) else buffered(y)

    return make


def _plainly(x: Any, given: dict[int, Any]) -> Any:
    """A list as NumPy takes it apart, without arrays of lifted code; `given`: what was replaced."""
    y = unbuffered(x)
    if isinstance(x, (list, tuple)):
        parts = [_plainly(part, given) for part in x]
        if any(new is not old for new, old in zip(parts, x, strict=True)):
            y = parts if isinstance(x, list) else tuple(parts)
    if y is not x:
        given[id(y)] = y, x
    return y


def _with_given(y: Any, given: dict[int, Any]) -> Any:
    """An array of objects with what was given among them, not what stood for it."""
    if y.dtype == object and given:
        elements = y.reshape(-1)
        for i, e in enumerate(elements):
            if id(e) in given:
                elements[i] = given[id(e)][1]
    return y


def _holders(y: Any) -> int:
    return sys.getrefcount(y)


def _holders_of_new() -> int:
    y = np.zeros(1)
    return _holders(y)


_HOLDERS_OF_NEW = _holders_of_new()


def _is_held(y: Any) -> bool:
    """Whether somebody besides the caller holds a plain array, or its memory."""
    is_plain_array = type(y) is np.ndarray
    return is_plain_array and (y.base is not None or sys.getrefcount(y) > _HOLDERS_OF_NEW)


def _may_be_in_arrays(x: Dual) -> bool:
    return type(x.level) is int or getattr(x.level, "holds_arrays", True)


_PLAIN = frozenset((float, int, complex, bool, str, type(None), np.float64))


def _any_dual(x: Any) -> bool:
    kind = type(x)
    if issubclass(kind, (list, tuple)):
        return not _PLAIN.issuperset(map(type, x)) and any(map(_any_dual, x))
    if issubclass(kind, dict):
        return any(map(_any_dual, x.values()))
    x = unbuffered(x)
    if isinstance(x, Dual):
        return _may_be_in_arrays(x)
    if isinstance(x, np.ndarray):
        return x.dtype == object and any(map(_any_dual, x.ravel().tolist()))
    return kind not in _PLAIN and is_sequence(x) and any(map(_any_dual, x))


_FEW = 1024  # numbers that are put together at once


@functools.wraps(np.full)
def _full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", **options: Any) -> Any:
    if not _any_dual(fill_value):
        return buffered(np.full(shape, rebuild(fill_value, unbuffered), dtype, order, **options))
    if dtype is None and type(fill_value) in SINGLE and type(shape) is int and 0 < shape <= _FEW:
        return buffered(array_of([fill_value] * shape))
    fill_value = array_of(fill_value)
    if dtype is None and not fill_value.ndim and type(fill_value.level) is int:
        return buffered(np.broadcast_to(fill_value, shape).copy(order))
    y = np.zeros(shape, plain(fill_value).dtype if dtype is None else dtype, order)
    y = with_room(y, levels_of(fill_value)) if y.dtype.kind in "fc" else y
    y[...] = fill_value
    return buffered(y)


@functools.wraps(np.fromiter)
def _fromiter(iter: Any, dtype: Any, count: int = -1, **options: Any) -> Any:
    if np.dtype(dtype) == object:
        return np.fromiter(iter, dtype, count, **options)
    items = (
        [unbuffered(x) for _, x in zip(range(count), iter, strict=False)]
        if count >= 0
        else [unbuffered(x) for x in iter]
    )
    if _any_dual(items):
        return buffered(array_of(items, dtype))
    return buffered(np.fromiter(items, dtype, count, **options))


_JOINING = frozenset((np.concatenate, np.stack))  # short ways take their lists as they are


_WAYS = [kind.__array_function__ for kind in (Dual, DualArray)]
if KERNEL:
    _WAYS.append(KERNEL.Dual.__array_function__)


def _with_own_way(given: Any) -> Any:
    """The first dual whose class has a way of its own with array functions; None if there is none.

    It gets lists as they are: so traces and audits see functions of lists, too.
    """
    for x in leaves(given):
        if isinstance(x, Dual) and type(x).__array_function__ not in _WAYS:
            return x
    return None


def _on_duals(func: Function) -> Function:
    """What an array function does to duals, or arrays of objects that hold them."""

    def array_function(*args: Any, **kwargs: Any) -> Any:
        if func not in ARRAY_FUNCTIONS:
            return func(*args, **kwargs)
        is_list = bool(args) and isinstance(args[0], (list, tuple))
        arrays = (x for x in leaves([args, kwargs]) if type(x) is DualArray)  # with short ways
        if (func in _JOINING or not is_list) and (array := next(arrays, None)) is not None:
            return array.__array_function__(func, (DualArray,), args, kwargs)
        return by_its_rule(func, args, kwargs)

    return array_function


# Of these, a list is one of arrays, each of its own shape.
_OF_ARRAYS = frozenset(
    (
        *(np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.block),
        *(np.select, np.choose, np.histogramdd, np.linalg.multi_dot, np.lexsort),
        np.trim_zeros,  # which gives a part of the list itself
    )
)
# What NumPy calls of an object that has a method of that name; some go by another one.
_BY_METHOD = frozenset(
    (
        *("all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip"),
        *("compress", "cumprod", "cumsum", "diagonal", "max", "mean", "min", "nonzero", "prod"),
        *("ravel", "repeat", "reshape", "round", "searchsorted", "squeeze", "std", "sum"),
        *("swapaxes", "take", "transpose", "var"),
    )
)
_METHOD_OF = {np.amax: "max", np.amin: "min", np.around: "round"}


def _taken_by(f: Function) -> tuple[Function, Function]:
    """What of an array function's arguments holds duals that NumPy does not see, and what it takes.

    What has a method that NumPy calls instead is not asked.
    """
    method = _METHOD_OF.get(f, f.__name__)
    is_by_method = method in _BY_METHOD

    def holds_duals(x: Any) -> bool:
        if type(x) is np.ndarray:
            return x.dtype == object and _any_dual(x)
        if is_by_method and type(x) not in (list, tuple) and hasattr(type(x), method):
            return False
        return is_sequence(x) and _any_dual(x)

    make = listed if f in _OF_ARRAYS else array_of

    def taken(x: Any) -> Any:
        return x if f is np.trim_zeros or type(x) is np.ndarray else make(x)

    return holds_duals, taken


def _takes_lists(f: Function) -> Function:
    """An array function of NumPy, for duals in lists and in arrays of objects too.

    NumPy itself looks for duals among the arguments, but not into them. What holds duals is handed
    on as the array that NumPy makes of it, and everything else as it is.
    """
    on_duals = _on_duals(f)
    holds_duals, taken = _taken_by(f)

    def call(*args: Any, **kwargs: Any) -> Any:
        args = tuple([_as_array(x, f.__name__) for x in args])
        given = [*args, *kwargs.values()]
        places = [i for i, x in enumerate(given) if holds_duals(x)]
        if not places:
            return f(*args, **kwargs)
        if (own := _with_own_way(given)) is not None:
            return own.__array_function__(f, (type(own),), args, kwargs)
        for i in places:
            given[i] = taken(given[i])
        kwargs = dict(zip(kwargs, given[len(args) :], strict=True))
        args = tuple(given[: len(args)])
        if not args:
            args, kwargs = in_front(f, kwargs)
        if any(isinstance(x, ArrayProxy) for x in given):  # which makes room for them
            return f(*args, **kwargs)
        return on_duals(*args, **kwargs)

    call.__name__ = call.__qualname__ = f.__name__
    call.__wrapped__ = f  # type: ignore[attr-defined]  # all that wraps does is too slow for them all
    return LIFTING.Lists(f, call, True, f in _OF_ARRAYS) if LIFTING else call


def _as_array(x: Any, name: str = "") -> Any:
    """What `__array__` gives of an object of the user's, which may hold duals; else x itself.

    Of which NumPy does not rather call a method of this name.
    """
    if not _has_own(x, "__array__") or any(hasattr(type(x), n) for n in (*_PROTOCOLS, name)):
        return x
    return x.__array__()


_PROTOCOLS = ("__array_ufunc__", "__array_function__")


def in_array(x: Any) -> Any:
    """A list with duals in it as the array that NumPy makes of it; everything else as it is."""
    return array_of(x) if is_sequence(x) and _any_dual(x) else x


@functools.lru_cache(512)
def on_lists(ufunc: Any) -> Function:
    """A ufunc or its method, for duals in lists too; arrays of objects stay NumPy's own."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return ufunc(*[in_array(_as_array(x)) for x in args], **kwargs)

    call.__name__ = call.__qualname__ = ufunc.__name__
    return LIFTING.Lists(ufunc, call, False) if LIFTING else call


def _array_functions(module: ModuleType) -> dict[str, Function]:
    there = set(module.__all__)  # looked up one by one, they would load numpy.testing and others
    return {
        name: _takes_lists(f)
        for name, f in vars(module).items()
        if name in there and callable(f) and f in ARRAY_FUNCTIONS and not isinstance(f, np.ufunc)
    }


_NUMPY: dict[str, Function] = _array_functions(np)
_NUMPY |= {name: on_lists(f) for name, f in vars(np).items() if isinstance(f, np.ufunc)}
_MAKERS = (
    *("zeros", "empty", "ones", "eye", "identity", "tri", "arange", "linspace", "logspace"),
    *("geomspace", "vander", "diag", "diagflat", "zeros_like", "ones_like", "empty_like"),
    *("full_like", "copy", "fromfunction", "tile", "repeat", "outer", "kron", "concatenate"),
    *("stack", "vstack", "hstack", "column_stack", "loadtxt", "indices"),
)
# These are not right on duals without lift: what they make takes no duals, or is made of floats.
_NEEDED = (
    *("zeros", "empty", "ones", "eye", "identity", "arange", "linspace", "logspace", "copy"),
    *("geomspace", "full_like", "fromfunction", "vander", "diag", "tri", "select"),
    "pad",
)
_CONVERTERS = ("array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray")


def _maker(f: Function) -> Function:
    readable = _makes_buffers(_takes_lists(f))
    return LIFTING.Maker(f, readable, False) if LIFTING else readable


_NUMPY |= {name: _maker(getattr(np, name)) for name in _MAKERS}
_NUMPY |= {name: _makes_arrays(getattr(np, name), copies=name == "array") for name in _CONVERTERS}
if LIFTING:
    for _name in ("array", "asarray", "asanyarray"):
        _NUMPY[_name] = LIFTING.Maker(getattr(np, _name), _NUMPY[_name], True, _name == "array")


def _asks_all(f: Function) -> Function:
    """f with its rule where a dual is in any argument; NumPy does not ask all of them."""
    on_duals = _on_duals(f)
    holds_duals, taken = _taken_by(f)

    def operand(x: Any) -> Any:
        return taken(x) if holds_duals(x) else x

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not _any_dual([*args, *kwargs.values()]):
            return f(*args, **kwargs)
        if (own := _with_own_way([args, kwargs])) is not None:
            args, kwargs = rebuild(args, unbuffered), rebuild(kwargs, unbuffered)
            return own.__array_function__(f, (type(own),), args, kwargs)
        args, kwargs = tuple(map(operand, args)), {k: operand(x) for k, x in kwargs.items()}
        return on_duals(*rebuild(args, unbuffered), **rebuild(kwargs, unbuffered))

    return call


_full_like = _asks_all(np.full_like)  # not what fills it
_NUMPY["full_like"] = _makes_buffers(_full_like)
if LIFTING:
    _NUMPY["full_like"] = LIFTING.Maker(_full_like, _NUMPY["full_like"], False)
_NUMPY["select"] = _asks_all(np.select)  # not the default
_NUMPY["pad"] = _asks_all(np.pad)  # not the values beside the array


@functools.wraps(np.arange)
def _arange(*args: Any, **kwargs: Any) -> Any:
    if "like" in kwargs or not _any_dual([*args, *kwargs.values()]):
        return _PLAIN_ARANGE(*args, **kwargs)
    given = dict(zip(("start", "stop", "step"), args, strict=False)) | kwargs
    given = {name: unbuffered(x) for name, x in given.items() if x is not None}
    if args and "stop" not in given:
        given["stop"] = given.pop("start")
    numbers: dict[str, Any] = {name: plain(x) for name, x in given.items()}
    y: Any = np.arange(**numbers)  # type: ignore[call-overload]
    start, step = given.get("start", 0.0), given.get("step", 1.0)
    if y.dtype.kind not in "fc" or not _any_dual([start, step]):
        return buffered(y)
    moving = lambda start, step: start + np.arange(len(y)) * step  # noqa: E731
    return valued(lambda *_: y, moving, (start, step), {})


_PLAIN_ARANGE = _NUMPY["arange"]


@functools.wraps(np.nditer)
def _nditer(op: Any, *args: Any, **kwargs: Any) -> Any:
    given = op if isinstance(op, (list, tuple)) else [op]
    if (args or kwargs) and any(isinstance(unbuffered(x), Dual) for x in given):
        raise TypeError(
            "np.nditer takes no options where duals are in its arrays; write a loop over the "
            "places in np.ndindex(a.shape), which reads and writes a[place]."
        )
    if args or kwargs or not _any_dual(op):
        return np.nditer(rebuild(op, unbuffered), *args, **kwargs)
    elements = _side_by_side([array_of(x, copy=None) for x in given])
    return elements if len(given) > 1 else (x for (x,) in elements)


def _side_by_side(arrays: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Elements of arrays, broadcast, without axes, in the order in which NumPy takes them."""
    walk = np.nditer([plain(x) for x in arrays], flags=["multi_index"])
    arrays = [np.broadcast_to(x, walk.shape) for x in arrays]
    for _ in walk:
        yield tuple([x[*walk.multi_index, ...] for x in arrays])


@functools.wraps(np.ndenumerate)
def _ndenumerate(arr: Any) -> Any:
    if not _any_dual(arr):
        return np.ndenumerate(arr)
    x = array_of(arr)
    return ((place, x[place]) for place in np.ndindex(x.shape))


class Vectorized(np.vectorize):
    """np.vectorize, whose results of duals are duals."""

    def _vectorize_call(self, func: Function, args: Any) -> Any:
        """What NumPy does, which asks here for the results of what it has sorted out."""
        kinds: Any
        if not args:
            return func()
        if self.signature is not None:
            free = np.vectorize(func, signature=self.signature)  # of otypes when all is known
            y = free(*args) if _any_dual(args) else super()._vectorize_call(func, args)  # type: ignore[misc]
            kinds = self.otypes or [None] * len(_as_tuple(y))
            found = tuple(map(_of_numbers, _as_tuple(y), kinds))
            return found if isinstance(y, tuple) else found[0]
        arrays = [array_of(x) if _any_dual(x) else np.asanyarray(unbuffered(x)) for x in args]
        kinds = self.otypes
        waiting: list[Any] = []
        if kinds is None:
            if not all(x.size for x in arrays):
                raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
            first = func(*(x.flat[0] for x in arrays))  # NumPy looks of what kinds results are
            kinds = [np.asarray(plain(x)).dtype for x in _as_tuple(first)]
            waiting = [first] * bool(self.cache)

        def call(*given: Any) -> Any:
            return waiting.pop() if waiting else func(*given)

        if self.otypes is not None:  # where a number stays what it is, np.float64 too
            kept = [isinstance(a, (Dual, np.generic)) and not is_array(a) for a in args]
            arrays = [_object(a) if k else x for k, a, x in zip(kept, args, arrays, strict=True)]
        given = (
            as_objects(x) if isinstance(x, Dual) else np.asanyarray(x, dtype=object) for x in arrays
        )
        results = np.frompyfunc(call if waiting else func, len(arrays), len(kinds))(*given)
        if len(kinds) == 1 and isinstance(results, (tuple, list)):  # which is one object
            return np.asanyarray(_object(results), dtype=kinds[0])
        if len(kinds) == 1:
            return _of_numbers(results, kinds[0])
        return tuple(map(_of_numbers, results, kinds))


def _as_tuple(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)


def _of_numbers(x: Any, kind: Any) -> Any:
    """An array of objects as one of duals, of the kind that is named, if it has duals in it."""
    if kind == "O":
        return x if isinstance(x, np.ndarray) else _object(x)
    if not _any_dual(x):
        return x if kind is None else np.asanyarray(x, dtype=kind)
    found = KERNEL and KERNEL.together(x)
    if found is not None:
        y: Any = dual(*found)
    else:
        y = array_of(x.tolist() if isinstance(x, np.ndarray) else x)
    if isinstance(x, np.ndarray):
        y = in_order_of(x, y)
    return buffered(y if kind is None or y.dtype == kind else y.astype(kind))


def _object(x: Any) -> Any:
    """An array of one object."""
    y = np.empty((), object)
    y[()] = x
    return y


_NUMPY |= {"full": _full, "fromiter": _fromiter, "arange": _arange, "nditer": _nditer}
_NUMPY |= {"ndenumerate": _ndenumerate}


@functools.wraps(np.require)
def _require(a: Any, dtype: Any = None, requirements: Any = None, **options: Any) -> Any:
    if options.get("like") is not None or not _any_dual(a):
        y = np.require(rebuild(a, unbuffered), dtype, requirements, **options)
        if not isinstance(a, (list, tuple, ArrayProxy)) and _is_held(y):
            return y
    else:
        y = require(array_of(a, copy=None), a, dtype, requirements)
    return a if y is unbuffered(a) else buffered(y)


@functools.wraps(np.asarray_chkfinite)
def _asarray_chkfinite(a: Any, dtype: Any = None, order: Any = None) -> Any:
    y = _NUMPY["asarray"](a, dtype, order)
    np.asarray_chkfinite(plain(unbuffered(y)))  # it raises if there is anything to say
    return y


@functools.wraps(np.poly1d, updated=())
def _poly1d(c_or_r: Any, r: bool = False, variable: str | None = None) -> Any:
    return np.poly1d(in_array(c_or_r), r, variable)


_NUMPY |= {"require": _require, "asarray_chkfinite": _asarray_chkfinite, "poly1d": _poly1d}


@functools.wraps(np.lib.stride_tricks.as_strided)
def _as_strided(x: Any, *args: Any, **kwargs: Any) -> Any:
    f = as_strided if _any_dual(x) else np.lib.stride_tricks.as_strided
    return f(x, *args, **kwargs)


_LINALG, _FFT = _array_functions(np.linalg), _array_functions(np.fft)
_STRIDE_TRICKS: dict[str, Function] = {
    "as_strided": _as_strided,
    "sliding_window_view": _takes_lists(np.lib.stride_tricks.sliding_window_view),
}


# -- Python's own ---------------------------------------------------------------------------


@functools.wraps(float)
def _float(*args: Any) -> Any:
    if len(args) == 1 and isinstance(args[0], (Dual, ArrayProxy)):
        x = unbuffered(args[0])
        if isinstance(x, Dual) and _is_of(float, x):
            return x
        if isinstance(x, Dual) and not _may_be_in_arrays(x):
            return float(x)
        y = float(plain(x))
        return number_of(float, x) if isinstance(x, Dual) else y
    if args and type(args[0]) is str:
        refuse_text_of_dual(args[0])
    if len(args) == 1 and _has_own(args[0], "__float__"):
        y = args[0].__float__()
        if type(y) is float or isinstance(y, Dual):
            return _float(y)
    return float(*args)


def _is_of(kind: type, x: Dual) -> bool:
    """Whether kind(x) is x itself."""
    return type(plain(x)) is kind


def number_of(kind: Callable[[Any], Any], x: Any) -> Any:
    """The number that is in a dual, at all its levels, as of a kind."""
    if np.ndim(plain(x)):
        x = np.reshape(x, ())
    if isinstance(plain(x), np.ndarray):
        x = x[()]

    def convert(v: Any) -> Any:
        if _is_single(v):
            return kind(v)
        return v if isinstance(v, np.ndarray) else v.astype(kind)

    return map_leaves(convert, x)


@functools.wraps(complex)
def _to_complex(*args: Any, **kwargs: Any) -> Any:
    if KERNEL and not kwargs and (z := KERNEL.complex_of(args)) is not None:
        return z
    if len(args) == 1 and not kwargs and isinstance(args[0], Dual) and _is_of(complex, args[0]):
        return args[0]
    if len(args) == 1 and _has_own(args[0], "__complex__"):
        z = args[0].__complex__()
        return _to_complex(z) if isinstance(z, (complex, Dual)) else complex(args[0])
    if not any(isinstance(x, (Dual, ArrayProxy)) for x in (*args, *kwargs.values())):
        return complex(*args, **kwargs)
    given = dict(zip(("real", "imag"), args, strict=False)) | kwargs
    y = complex(**{name: plain(unbuffered(x)) for name, x in given.items()})
    each = {name: number_of(complex, unbuffered(x)) for name, x in given.items()}
    if "imag" not in each:
        return each["real"]
    return with_plain(y, each.get("real", 0.0) + each["imag"] * 1j)


def _as_kind(kind: Any, x: Any) -> Any:
    """The number in a dual, at all its levels, as one of NumPy's; tangents in its precision."""
    if not isinstance(x, Dual):
        return kind(x)

    def fitting(t: Any) -> Any:
        return kind(t).item() if _is_single(t) else t.astype(kind)

    tangent = map_leaves(fitting, x.tangent)
    if kind is np.longdouble:
        tangent = x.tangent
    return moved(_as_kind(kind, x.primal), tangent, x.level)


def _of_numpy(kind: Any) -> Function:
    """np.float64 and its like, which make a number of a number, and an array of a list."""

    @functools.wraps(kind)
    def convert(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs:
            if type(args[0]) is float or type(args[0]) is int:
                return kind(args[0])
            x = unbuffered(args[0])
            if isinstance(x, DualArray) and x.ndim:
                return buffered(x.astype(kind, copy=False))
            if isinstance(x, Dual):
                kind(plain(x))
                if np.iscomplexobj(plain(x)) and not np.iscomplexobj(kind(0)):
                    x = np.real(x)
                return _as_kind(kind, x)
            if isinstance(x, (list, tuple)) and _any_dual(x):
                return buffered(array_of(x, kind))
        return kind(*args, **kwargs)

    return convert


def _of_integers(kind: Any) -> Function:
    """np.int_ and its like, which cut the numbers of an array or list, as x.astype(int) does."""

    @functools.wraps(kind)
    def convert(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs:
            x = in_array(unbuffered(args[0]))
            if isinstance(x, DualArray):
                return kind(plain(x))
        return kind(*args, **kwargs)

    return convert


def _text_of_number(f: Function) -> Function:
    """A function of NumPy's that writes a number as text, as f"{x}" does."""

    @functools.wraps(f)
    def text(x: Any, *args: Any, **kwargs: Any) -> Any:
        x = unbuffered(x)
        written = None
        if isinstance(x, Dual):
            written = text_for(x, lambda v: f(v, *args, **kwargs))
        return f(x, *args, **kwargs) if written is None else written

    return text


def shown(x: Any) -> Any:
    """What an object of ours stands for, as a spline of duals for one of SciPy's; others as is."""
    kind = type(x)
    is_ours = hasattr(kind, "stands_for") and str(kind.__module__).startswith("dualad.")
    return x.stands_for if is_ours else x


@functools.wraps(isinstance)
def _isinstance(x: Any, kinds: Any, /) -> bool:
    if isinstance(x, ArrayProxy):
        return isinstance(x, kinds) or issubclass(np.ndarray, kinds)
    if not isinstance(x, Dual):
        return isinstance(shown(x), kinds) or isinstance(x, kinds)
    # protocols look for the methods of the number, which its dual may lack, or have besides
    if isinstance(plain(x), kinds):
        return True
    each = leaves([getattr(kinds, "__args__", kinds)])
    return isinstance(x, tuple([k for k in each if isinstance(k, type) and issubclass(k, Dual)]))


@functools.wraps(hasattr)
def _hasattr(x: Any, name: str, /) -> bool:
    x = unbuffered(x)
    is_private = name.startswith("_") and not name.startswith("__")  # as mpmath's _mpf_
    return hasattr(x if is_private or name in _PARTS else plain(x), name)


_PARTS = frozenset(("primal", "tangent", "level"))


def _type(*args: Any, **kwargs: Any) -> Any:
    if len(args) == 1 and not kwargs and isinstance(x := unbuffered(args[0]), Dual):
        return type(plain(x))
    if len(args) == 1 and isinstance(args[0], ArrayProxy):
        return np.ndarray
    return type(*map(shown, args), **kwargs)


def _operator_of_float(f: Any, on_duals: Function) -> Function:
    """float.__add__ and its like, which some call by these names."""

    @functools.wraps(f)
    def call(*operands: Any) -> Any:
        if not any(isinstance(x, Dual) for x in operands):
            return f(*operands)
        y = f(*map(plain, operands))
        return y if y is NotImplemented else with_plain(y, on_duals(*operands))

    return call


def _reflected(f: Function) -> Function:
    return lambda x, other: f(other, x)


def as_infix(f: Function, name: str, otherwise: Function) -> Function:
    """operator.mul and its like: what the infix operator gives, to the last bit.

    A number of NumPy on the left asks for a ufunc, which may round otherwise (and so does an array
    that is raised to a power). That it is an operator is seen of the code where one stands.
    """
    kinds = (np.generic, np.ndarray) if f in (pow, operator.pow) else (np.generic,)

    @functools.wraps(f)
    def call(*operands: Any) -> Any:
        if len(operands) == 2 and isinstance(b := operands[1], Dual):
            a = operands[0]
            if is_plain(a, kinds) and a.dtype.kind in "fciu":
                y = getattr(b, name)(a)
                if y is not NotImplemented:
                    return y
        return otherwise(*operands)

    return call


# Operators as functions, each with the method by which the right side does the same.
INFIX: dict[Function, str] = {
    f: f"__r{name}__"
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")
    for f in (getattr(operator, name), getattr(operator, f"i{name}"))
}
INFIX[pow] = "__rpow__"


def _prod(items: Any, /, *, start: Any = 1) -> Any:
    items = list(items)
    if not has_duals(start, *items):
        return math.prod(items, start=start)
    return functools.reduce(FUNCTIONS[operator.mul], items, start)


_OF_FLOAT: dict[str, Function] = {
    name: getattr(operator, name)
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "pos", "abs")
}
_OF_FLOAT |= {f"r{name}": _reflected(f) for name, f in list(_OF_FLOAT.items())[:7]}

_PYTHON: dict[Any, Function] = {
    float: _of_row(float, "pos", _float),
    complex: _to_complex,
    isinstance: _isinstance,
    hasattr: _hasattr,
}
_PYTHON[type] = _type
_PYTHON |= {f: _text_of_number(f) for f in (np.format_float_positional, np.format_float_scientific)}
if SUM_IS_EXACT:
    _PYTHON[sum] = summed
SLOTS = {
    getattr(float, f"__{name}__"): _operator_of_float(getattr(float, f"__{name}__"), f)
    for name, f in _OF_FLOAT.items()
}
_PYTHON |= {
    kind: _of_numpy(kind)
    for kind in (np.float64, np.float32, np.longdouble, np.complex128, np.complex64)
}
_PYTHON |= {
    kind: _of_integers(kind)
    for kind in set(np.sctypeDict.values())
    if issubclass(kind, (np.integer, np.bool_))
}

# -- all of them -----------------------------------------------------------------------------

_TABLES: tuple[tuple[Any, dict[str, Function]], ...] = (
    *((math, _MATH), (cmath, _CMATH), (np, _NUMPY), (np.linalg, _LINALG), (np.fft, _FFT)),
    (np.lib.stride_tricks, _STRIDE_TRICKS),
)
FUNCTIONS: dict[Any, Function] = {
    getattr(module, name): f for module, functions in _TABLES for name, f in functions.items()
}
FUNCTIONS |= _PYTHON | SLOTS | {f: as_infix(f, name, f) for f, name in INFIX.items()}
FUNCTIONS[math.prod] = functools.wraps(math.prod)(_prod)

# Methods of plain arrays that copy, by their names.
COPYING: dict[str, Function] = {
    name: _copies(getattr(np.ndarray, name)) for name in ("copy", "flatten", "repeat")
} | {"astype": _copies(_astype)}
FUNCTIONS |= {getattr(np.ndarray, name): f for name, f in COPYING.items()}
FUNCTIONS |= {f: _copies(f) for f in (copy.copy, copy.deepcopy)}
# What makes arrays that take duals here, and plain ones otherwise.
MAKERS = frozenset((copy.copy, copy.deepcopy, *(getattr(np, name) for name in _MAKERS)))

# The kinds of the objects of NumPy that make arrays of what stands in their brackets.
INDEXED = tuple(map(type, (np.r_, np.c_, np.mgrid, np.ogrid)))

# Who knows stand-ins for functions of a package, and enters them above when one is met.
LOADERS: dict[str, Callable[[str], None]] = {}

# What a function must be lifted for, if it calls it; all others do without on duals, if need be.
NEEDS_LIFT = frozenset(
    f
    for module, names in (
        *((math, _MATH), (cmath, _CMATH), (np, (*_NEEDED, *_CONVERTERS))),
        *((np, ("full", "fromiter", "require", "asarray_chkfinite", "nditer", "vectorize")),),
        (np.lib.stride_tricks, ("as_strided",)),
    )
    for f in (getattr(module, name) for name in names)
) | {*_PYTHON, eval, exec} - {isinstance, hasattr}
