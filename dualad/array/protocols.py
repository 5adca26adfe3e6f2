"""NumPy's two protocols: how its ufuncs and array functions reach the rules for duals.

User code stays unmodified NumPy: NumPy itself hands over its ufuncs (`__array_ufunc__`) and its
array functions (`__array_function__`). Rules register here.
"""

from __future__ import annotations

import builtins
import dis
import functools
import inspect
import math
import operator
import re
import sys
import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..array_tangents import ArrayTangent
from ..conversions import as_numpy
from ..differentiations import (
    NEAR,
    answered,
    compared,
    count_answers,
    look_for_search,
    note_equal,
    note_step,
)
from ..dual import PROTOCOLS, Dual, apply, evaluate, function, of_duals
from ..frames import expression_at
from ..kernel import ARRAY_KERNEL, KERNEL
from ..looks import is_plain
from ..namespaces import ARRAY, is_exact, is_plain_array, namespace_of, not_plain
from ..numerics import quiet, resume_warnings, stop_warnings, watched
from ..pair import DUAL_OF, dual, fit, is_array, map_leaves, newest, plain
from ..ranges import has_faint, has_far
from ..refusals import MAKE_ROOM, for_good, is_for_good, refused
from ..rules import Rule
from ..structure import leaves, rebuild
from ..table import RULES
from ..zeros import is_finite
from .algebra import with_shape
from .dualarray import DualArray, assign
from .operands import ArrayProxy, as_objects, as_operand, converted, from_objects, unbuffered

# np function → the same for duals. Called with the caller's arguments.
ARRAY_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}

# Those that call functions of the user's, which have warnings and errors of their own.
_CALLING = {np.piecewise, np.apply_along_axis, np.apply_over_axes}

# The same for functions that make arrays; called with what was given as like= in front.
CREATORS: dict[Callable[..., Any], Callable[..., Any]] = {}
# The same by the whole names of functions, in modules that are not loaded for that.
_NAMED: dict[str, Callable[..., Any]] = {}

PLAIN_ANSWERS: set[Callable[..., Any]] = set()


def plain_answer(*numpy_functions: Callable[..., Any], out: int | None = None) -> None:
    """Enter functions that have nothing to differentiate: they work on values.

    `out`: the place of their argument out=, if they have one.
    """
    for f in numpy_functions:
        PLAIN_ANSWERS.add(f)
        ARRAY_FUNCTIONS[f] = _on_values(f, out)
    if ARRAY_KERNEL:
        noted = {*_NEARNESS, *_PRESENCE, *_STEPS, *_SEARCHING}
        notes = {f: _note_answer if f in noted else None for f in numpy_functions}
        ARRAY_KERNEL.connect_answers(notes, note_step)


REFUSED: set[Callable[..., Any]] = set()
_PACKAGE = __name__.partition(".")[0]
RECORDS = "numpy.lib.recfunctions"  # all of them


def refuse(instead: str, *numpy_functions: Callable[..., Any]) -> None:
    """Enter functions that duals cannot go through, and what to write instead."""

    def refusing(f: Callable[..., Any]) -> Callable[..., Any]:
        def handler(*args: Any, **kwargs: Any) -> NoReturn:
            raise for_good(TypeError(f"np.{f.__name__} cannot take duals; {instead}."))

        return handler

    for f in numpy_functions:
        REFUSED.add(f)
        ARRAY_FUNCTIONS[f] = refusing(f)


_NEARNESS = (np.array_equal, np.array_equiv, np.allclose, np.isclose)
_PRESENCE = (np.any, np.count_nonzero)  # of what is not zero
_STEPS = (np.round, np.around, np.fix, np.searchsorted, np.digitize)
_COMPARISONS = (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)


def _apart_from_least(_y: Any, a: Any, _axis: Any = None) -> float:
    """How far the greatest number is from the least: on a grid that becomes finer, ever less."""
    numbers = np.ravel(plain(a) if isinstance(a, Dual) else rebuild(a, plain))
    if not 1 < numbers.size <= _FEW or numbers.dtype.kind != "f":
        return np.inf
    apart = float(np.max(numbers)) - float(np.min(numbers))
    return apart if apart > 0 else np.inf


def _apart_from_steps(y: Any, steps: Any, x: Any) -> float:
    """How far a number is from the nearest of those in order between which it belongs."""
    steps, x = plain(steps), plain(x)
    if type(x) not in (float, np.float64) or np.ndim(steps) != 1:
        return np.inf
    near = [float(plain(steps[i])) for i in (y - 1, y) if 0 <= i < len(steps)]
    return min((t for step in near if (t := abs(step - float(x))) > 0), default=np.inf)


_FEW = 1000
# What code may search by, beside comparisons, and the names of what is compared.
_SEARCHING: dict[Callable[..., Any], Callable[..., float]] = {
    **dict.fromkeys((np.argmin, np.argmax, np.nanargmin, np.nanargmax), _apart_from_least),
    np.searchsorted: _apart_from_steps,
    np.digitize: lambda y, x, steps: _apart_from_steps(y, steps, x),
}
_SEARCHED = ("a", "x", "v", "bins")


def _look_for_search(f: Callable[..., Any], y: Any, given: Sequence[Any]) -> None:
    """Note how many answers this one is worth; and how near numbers were that decide it.

    The latter from the second on, for one alone comes not nearer. After the 64th in a pass none is
    looked at: they are those of a loop over a table.
    """
    numbers = [x for x in given if isinstance(x, Dual)]
    numbers = numbers or [x for x in leaves(given) if isinstance(x, Dual)]
    if not numbers:  # they are in an array of objects
        return
    level = newest(numbers)
    if _asked[0] != level:
        _asked[:] = level, 0
    _asked[1] += 1
    if _asked[1] > _MOST_ASKED:
        return
    count_answers(math.log2(max(2, *(np.size(plain(x)) for x in given if x is not None))), *numbers)
    if _asked[1] > 1 and (apart := _SEARCHING[f](y, *given)) < np.inf:
        look_for_search(*numbers, apart=apart)


_asked = [0, 0]  # the last level, and how often
_MOST_ASKED = 64


def _on_values(f: Callable[..., Any], place: int | None) -> Callable[..., Any]:
    def value(x: Any) -> Any:
        return plain(from_objects(x) if is_of_objects(x) else x)

    def answer(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if place is not None and len(args) > place:
            out, args = args[place], (*args[:place], None, *args[place + 1 :])
        y = f(*rebuild(args, value), **rebuild(kwargs, value))
        y = answered(f, y, *leaves(args))
        _note_answer(f, y, args, kwargs)
        if out is None:
            return y
        out[...] = y
        return out

    return answer


def _note_answer(f: Callable[..., Any], y: Any, args: Any, kwargs: dict[str, Any]) -> None:
    """Note what a plain answer about duals may mean for code that goes on with it."""
    if (f in _NEARNESS and np.all(y)) or (f in _PRESENCE and not np.any(y)):
        note_equal(*leaves(args), *leaves(kwargs))
    elif f in _STEPS:
        for x in leaves(args):
            note_step(x)
    if f in _SEARCHING:
        _look_for_search(f, y, (*args[:2], *(kwargs[n] for n in _SEARCHED if n in kwargs)))


def implements(*numpy_functions: Callable[..., Any]) -> Callable[..., Any]:
    """Enter a function as what these functions of NumPy do to duals."""

    def enter(f: Callable[..., Any]) -> Callable[..., Any]:
        ARRAY_FUNCTIONS.update(dict.fromkeys(numpy_functions, f))
        if "<locals>" in f.__qualname__:  # for Python's own messages
            f.__name__ = f.__qualname__ = f"np.{numpy_functions[0].__name__}"
        return f

    return enter


def implements_named(name: str) -> Callable[..., Any]:
    """Enter a function for one of NumPy with this whole name, whose module may not be loaded."""

    def enter(f: Callable[..., Any]) -> Callable[..., Any]:
        _NAMED[name] = f
        return f

    return enter


def named(func: Callable[..., Any]) -> Callable[..., Any] | None:
    """What was entered for a function of NumPy by its whole name; None if nothing was."""
    return _NAMED.get(f"{getattr(func, '__module__', '')}.{getattr(func, '__name__', '')}")


def implements_each(make: Callable[[Any], Callable[..., Any]], *numpy_functions: Any) -> None:
    """Enter make(f) as what f does to duals, for each of these functions f of NumPy."""
    for f in numpy_functions:
        implements(f)(make(f))


# Rows for real numbers whose namesakes in scipy.special take complex ones too.
ALSO_COMPLEX = {"erf", "erfc", "gamma", "digamma", "xlogy"}


# Where ufuncs that are not NumPy's find their rows: functions from a ufunc to its row, or None.
RULE_SOURCES: list[Callable[[Any], Rule | None]] = []


def rule_of(ufunc: Any) -> Rule:
    """The row for a ufunc, by its name, or from one of `RULE_SOURCES`."""
    rule = RULES.get(ufunc.__name__)
    if rule is not None and len(rule.args) != ufunc.nin:
        rule = None
    if rule is not None and rule.name not in ALSO_COMPLEX:
        if ARRAY_KERNEL:
            ARRAY_KERNEL.follow(ufunc, rule.called_as(ufunc))
        return rule
    for find in RULE_SOURCES:
        rule = find(ufunc) or rule
    if rule is None:
        homes = {"np.": np, "scipy.special.": sys.modules.get("scipy.special")}
        home = next((h for h, m in homes.items() if getattr(m, ufunc.__name__, None) is ufunc), "")
        error = TypeError(
            f"{home}{ufunc.__name__} has no derivative rule; "
            "write it in other functions, or give it one with dualad.define_rule."
        )
        raise for_good(error) if home == "np." else error
    return rule


def is_of_objects(x: Any) -> bool:
    """Whether x is an array of objects, which holds duals as they are."""
    return type(x) is np.ndarray and x.dtype.kind == "O"


@functools.cache
def is_question(ufunc: Any) -> bool:
    """Whether a ufunc gives plain answers: comparisons, isnan, logical_and, spacing, …"""
    if ufunc is np.spacing:
        return True
    answers = {t.partition("->")[2] for t in ufunc.types if t[0] in "fd"}
    return answers == {"?"}


@functools.cache
def _is_python(ufunc: Any) -> bool:
    """Whether a ufunc comes from np.frompyfunc: it calls a Python function on each element."""
    return all(set(signature) <= set("O->") for signature in ufunc.types)


# Methods of ufuncs by name, called as f(ufunc, rule, *inputs, **options).
UFUNC_METHODS: dict[str, Callable[..., Any]] = {}


def ufunc_method(name: str) -> Callable[..., Any]:
    """Enter a function as what this method of ufuncs does to duals."""

    def enter(f: Callable[..., Any]) -> Callable[..., Any]:
        UFUNC_METHODS[name] = f
        return f

    return enter


def array_ufunc(ufunc: Any, method: str, inputs: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """What a ufunc does to duals."""
    if ufunc.__name__ not in RULES and _is_python(ufunc):
        objects = [as_objects(x) if isinstance(x, Dual) else x for x in inputs]
        return getattr(ufunc, method)(*objects, **kwargs)
    if any(isinstance(x, (list, tuple)) for x in inputs):
        index = 1 if method in ("at", "reduceat") else None
        inputs = [x if i == index else as_operand(x) for i, x in enumerate(inputs)]
    if method == "__call__" and not kwargs and ufunc.signature is None:
        if is_question(ufunc):
            if ufunc in _COMPARISONS:
                return compared(ufunc, *inputs)
            if ufunc is np.signbit:
                look_for_search(*inputs, 0.0)
            return ufunc(*map(plain, inputs))
        return _call(ufunc, tuple(inputs))
    for name in ("array", "indices")[: len(inputs)]:  # NumPy hands them over twice
        kwargs.pop(name, None)
    outs = kwargs.pop("out", ())
    if any(isinstance(x, ArrayProxy) for x in (*inputs, *outs)):
        return NotImplemented
    if is_question(ufunc):  # and a plain array takes the answer
        given = {name: plain(x) for name, x in kwargs.items()}
        if any(isinstance(out, DualArray) for out in outs):
            given.pop("where", None)
        elif outs:
            given["out"] = outs
        result = getattr(ufunc, method)(*map(plain, inputs), **given)
        if "out" in given or not outs:
            return result
    else:
        result = None
    if result is None and outs and all(is_of_objects(out) for out in outs):
        objects = [as_objects(x) if isinstance(x, Dual) else x for x in inputs]
        return getattr(ufunc, method)(*objects, out=tuple(outs), **kwargs)
    for out in outs:
        if out is not None and not isinstance(out, DualArray):
            if out is inputs[0]:  # as by an operator, a += x
                raise TypeError(
                    f"a plain array of {out.dtype} was to be written to, which cannot hold "
                    f"derivatives; {MAKE_ROOM}."
                )
            raise TypeError(
                f"out= of np.{ufunc.__name__} is a plain array, which cannot hold derivatives; "
                "omit out=, or make it with np.zeros_like(x)."
            )
    for x in inputs:
        if is_plain(x, np.ndarray) and not is_plain_array(type(x)):
            raise TypeError(not_plain(type(x)))
    again = _on_plain_numbers(ufunc, method, inputs, outs, kwargs)
    where = kwargs.pop("where", True) if method == "__call__" else True
    names = ("dtype", "casting", "order", "subok") if method == "__call__" else ()
    options = {name: kwargs.pop(name) for name in names if name in kwargs}
    dtype = options.get("dtype")
    if result is not None:
        pass
    elif dtype is not None and np.dtype(dtype).kind not in "fc":  # a step
        result = ufunc(*map(plain, inputs), **options)
    elif ufunc.signature is not None and method == "__call__":  # np.matmul and its like
        if dtype is not None:
            inputs = [converted(x, dtype) for x in inputs]
        result = watched(_plain_run, ufunc, ARRAY_FUNCTIONS[ufunc], inputs, kwargs)
    elif method == "__call__":
        if kwargs:
            raise TypeError(
                f"np.{ufunc.__name__} with {', '.join(kwargs)}= is not supported for duals."
            )
        call = functools.partial(_call, ufunc, options=tuple(options.items()))
        if where is True:
            result = call(tuple(inputs))
        else:  # calculated everywhere, and NumPy tells of the places that are chosen
            given = {"where": where, "out": tuple(outs) or None, **options}
            result = watched(_plain_run, ufunc, lambda *x, **_: call(x), inputs, given)
    else:
        f = functools.partial(UFUNC_METHODS[method], ufunc, rule_of(ufunc))
        result = watched(_plain_run, getattr(ufunc, method), f, inputs, kwargs)
    if not outs and where is True:
        return result
    results = result if isinstance(result, tuple) else (result,)
    if where is not True:  # without out=, NumPy leaves the other places undefined
        old = outs or (0.0,) * len(results)
        results = tuple(np.where(where, r, o) for r, o in zip(results, old, strict=True))
    for i, (out, r) in enumerate(zip(outs, results, strict=False)):
        if out is not None:
            there, write = plain(out), functools.partial(again, i)
            meet = there.flags.writeable and any(
                x is not there and np.may_share_memory(x, there) for x in map(plain, inputs)
            )
            value = _value_in_place(there, write) if meet else None
            assign(out, r, write)
            if value is not None:
                there[...] = value
    if outs:
        results = tuple([r if out is None else out for out, r in zip(outs, results, strict=True)])
    return results[0] if len(results) == 1 else results


def _on_plain_numbers(
    ufunc: Any, method: str, inputs: Sequence[Any], outs: Sequence[Any], kwargs: dict[str, Any]
) -> Callable[[int, Any], Any]:
    """The same call without derivatives, for NumPy's errors: a function of one of the outs."""
    options = rebuild(dict(kwargs), plain)

    def again(i: int, out: Any) -> Any:
        given = tuple(out if j == i else None for j in range(len(outs)))
        return getattr(ufunc, method)(*map(plain, inputs), out=given, **options)

    return again


def _value_in_place(out: Any, again: Callable[[Any], Any]) -> Any:
    """What NumPy writes into out, which shares memory with an input: it may round otherwise."""
    before = out.copy()
    again(out)
    value = out.copy()
    out[...] = before
    return value


_OPERATIONS: dict[Any, Callable[..., Any]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
    np.power: operator.pow,
    np.remainder: operator.mod,
    np.floor_divide: operator.floordiv,
    np.divmod: divmod,
}


def _by_operator(ufunc: Any, inputs: tuple[Any, ...]) -> bool:
    """Whether the user wrote c**x, not np.power(c, x): they may differ in the last bit.

    NumPy asks for the ufunc in both cases if c is a number or an array of its own.
    """
    if ufunc not in _OPERATIONS or not is_plain(inputs[0], (np.generic, np.ndarray)):
        return False
    if is_plain(inputs[0], np.ndarray) and ufunc is not np.power:
        return False
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
    if frame is None:
        return False
    if dis.opname[frame.f_code.co_code[frame.f_lasti]] == "BINARY_OP":
        return True
    meant = [_meant_by(name, frame) for name in _names_at(frame)]
    if meant and isinstance(meant[0], np.ufunc):  # np.power(c, sum(x))
        return False
    return any(isinstance(f, types.BuiltinFunctionType) and f in _BY_NAME for f in meant)


# Functions that do what operators do, on their arguments or on what is given to them.
_BY_NAME = frozenset((pow, divmod, sum, math.prod, operator.ipow, *_OPERATIONS.values()))
_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_names: dict[tuple[types.CodeType, int], list[str]] = {}


def _names_at(frame: types.FrameType) -> list[str]:
    """The names in the call that a frame has come to, that of what is called first."""
    place = frame.f_code, frame.f_lasti
    names = _names.get(place)
    if names is None:
        if len(_names) > 1000:
            _names.clear()
        _names[place] = names = _NAME.findall(expression_at(*place, frame.f_globals)[1])
    return names


def _meant_by(name: str, frame: types.FrameType) -> Any:
    """What a name stands for where a frame is; None if that is not seen from the name."""
    first, *attributes = name.split(".")
    found = frame.f_locals.get(first, frame.f_globals.get(first, getattr(builtins, first, None)))
    for attribute in attributes:
        found = vars(found).get(attribute) if isinstance(found, types.ModuleType) else None
    return found


def _is_ours(frame: types.FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] == _PACKAGE


@functools.cache
def _with_options(ufunc: Any, options: tuple[tuple[str, Any], ...]) -> Callable[..., Any]:
    """A ufunc with dtype= and the like, as a function of its inputs."""
    return functools.partial(ufunc, **dict(options))


def _call(ufunc: Any, inputs: tuple[Any, ...], options: tuple[tuple[str, Any], ...] = ()) -> Any:
    """A ufunc calculates the value itself; of a number of Python it makes one of NumPy."""
    rule = rule_of(ufunc)
    if options:
        rule = rule.called_as(_with_options(ufunc, options))
    else:
        rule = rule.called_as(_OPERATIONS[ufunc] if _by_operator(ufunc, inputs) else ufunc)
    if not rule.slopes and not any(_is_of_numpy(v) or is_exact(v) for v in map(plain, inputs)):
        inputs = tuple(map_leaves(as_numpy, x) if isinstance(x, Dual) else x for x in inputs)
    try:
        return evaluate(rule, inputs)
    except TypeError:
        if any(isinstance(x, ArrayProxy) for x in inputs):
            return NotImplemented  # it will be asked next
        raise


def _is_of_numpy(x: Any) -> bool:
    """Whether x has a precision, which numbers of Python beside it take."""
    return isinstance(x, (np.generic, np.ndarray))


def array_function(
    x: Dual,
    func: Callable[..., Any],
    types: Sequence[type],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """What an array function of NumPy does to duals; x is the one that NumPy asks."""
    if len(types) > 1:
        for kind in types:
            if issubclass(kind, (ArrayProxy, ArrayTangent)):
                return NotImplemented  # it is asked next
            if issubclass(kind, np.ndarray) and not is_plain_array(kind):
                raise TypeError(not_plain(kind))
    if func in CREATORS:  # x is what was given as like=
        return CREATORS[func](x, *args, **kwargs)
    if func in ARRAY_FUNCTIONS:
        if kwargs:  # _NoValue is NumPy's own "not given"
            kwargs = {name: x for name, x in kwargs.items() if x is not np._NoValue}
            if not args:
                args, kwargs = in_front(func, kwargs)
        return by_its_rule(func, args, kwargs)
    if (known := named(func)) is not None:
        return watched(_plain_run, func, known, args, kwargs)
    name, home = getattr(func, "__name__", str(func)), getattr(func, "__module__", "")
    if home == RECORDS:  # not imported for that: it takes its time
        told = f"np.{name} cannot take duals; write x[field] for each field of a record."
    else:
        told = f"np.{name} has no derivative rule; write it in functions that have one."
    raise for_good(TypeError(told))


def by_its_rule(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What an array function that is entered here does to duals; it warns as in the plain run."""
    f = ARRAY_FUNCTIONS[func]
    try:
        if func in _CALLING:
            return f(*args, **kwargs)
        return watched(_plain_run, func, f, args, kwargs)
    except Exception as error:
        if func not in _CALLING and not is_for_good(error):  # as of what writes a file
            _raise_plain(error, func, args, kwargs)
        if isinstance(error, _ERRORS_OF_OBJECTS):
            _refuse_objects(func, error, args, kwargs)
        raise


def _raise_plain(
    error: Exception, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Raise the error of the plain run where code that expects it would not catch a rule's own."""
    with quiet(), warnings.catch_warnings(action="ignore"):
        try:
            _plain_run(func, args, kwargs)
        except Exception as plain_error:
            told = plain_error
        else:
            return
    kind = next(k for k in type(told).__mro__ if not k.__name__.startswith("_"))
    if not isinstance(error, kind):
        raise told from None


def _plain_run(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The same on plain numbers, of which what is written to is a copy."""

    def value(x: Any) -> Any:
        number = plain(from_objects(x) if is_of_objects(x) else unbuffered(x))
        return number.copy("K") if isinstance(number, np.ndarray) else number

    return func(*rebuild(args, value), **rebuild(kwargs, value))


_ERRORS_OF_OBJECTS = (TypeError, ValueError, AttributeError, AssertionError)
_OF_OBJECTS = ", which NumPy holds as objects; "


def _refuse_objects(
    func: Callable[..., Any], error: Exception, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Raise what to say of an error in a rule, if it comes of mpf or Fractions in arrays."""
    tells_of_objects = any(word in str(error) for word in ("object_", "dtype('O')"))
    if (isinstance(error, ValueError) and not tells_of_objects) or _OF_OBJECTS in str(error):
        return
    exact = next(filter(is_exact, _elements([*args, *kwargs.values()])), None)
    if exact is not None:
        raise TypeError(
            f"np.{func.__name__} has no derivative for numbers of {type(exact).__name__}"
            f"{_OF_OBJECTS}write it as a loop over these numbers, or differentiate at floats."
        ) from error


def _elements(given: Any) -> Any:
    """The plain numbers in arrays of objects."""
    for x in map(plain, leaves(given)):
        if is_of_objects(x):
            yield from map(plain, x.ravel().tolist())


def in_front(func: Callable[..., Any], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Arguments that were all given by name, the first in its place: rules have other names."""
    first = _first_of(func)
    if first not in kwargs:
        return (), kwargs
    return (kwargs[first],), {name: x for name, x in kwargs.items() if name != first}


@functools.cache
def _first_of(func: Callable[..., Any]) -> str:
    try:
        return next(iter(inspect.signature(func).parameters))
    except ValueError:  # in C, without one in older NumPys
        return ""


# -- what a dual of a number has: what its number has ---------------------------------------

_OF_MEMORY = ("device", "dtype", "flags", "itemsize", "nbytes", "ndim", "shape", "size", "strides")
_OF_NUMPY = ("__array_namespace__", "__array_priority__")
_ANSWERS = ("from_float", "from_number", "fromhex", "is_integer")  # without a derivative


# For a function of an array of objects, NumPy calls the methods of its elements that have its name.
_METHODS = """
    arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt cos cosh deg2rad degrees exp exp2
    expm1 fabs fmod hypot log log10 log1p log2 rad2deg radians rint sin sinh sqrt tan tanh
"""
_ASKED = frozenset(_METHODS.split())


def attribute(x: Dual, name: str) -> Any:
    """x.sum(), x.dtype or x.is_integer() of a dual, if its number has that; else AttributeError."""
    if name in _ASKED:
        return functools.partial(function(RULES[name]), x)
    number = plain(x)
    if name in _OF_NUMPY and hasattr(number, name):
        return getattr(number, name)
    if name.startswith("_") or isinstance(x, DualArray) or not hasattr(number, name):
        raise AttributeError(f"a {type(x).__name__} has no attribute {name!r}.")
    if isinstance(number, np.generic):
        if name in _OF_MEMORY or name == "base":
            return getattr(number, name)
        if hasattr(DualArray, name):
            return _as_array(x, name)
    there = getattr(number, name)
    if name in _ANSWERS:
        return lambda *args: answered(there, there(*args), x)
    if not callable(there):
        raise AttributeError(
            f"x.{name} would lose the derivative of a Dual; write getattr(x, 'primal', x).{name}."
        )

    def refusing(*args: Any, **kwargs: Any) -> NoReturn:
        raise refused(
            f"x.{name}() would lose the derivative of a Dual; write "
            f"getattr(x, 'primal', x).{name}() for that of "
            "the plain number.",
            x,
        )

    return refusing


def _as_array(x: Dual, name: str) -> Any:
    """What a number of NumPy has because arrays have it: what that of an array without axes is."""
    there = getattr(with_shape(x), name)
    if not callable(there):
        return _as_number(there)
    return lambda *args, **kwargs: _as_number(there(*args, **kwargs))


def _as_number(x: Any) -> Any:
    return x[()] if is_array(x) and not np.ndim(x) else x


def element(x: Dual, index: Any) -> Any:
    """x[()], x[None] and so on, which a number of NumPy has."""
    plain(x)[index]  # it raises if there is nothing
    return x if type(index) is tuple and not index else with_shape(x)[index]


if ARRAY_KERNEL:
    ARRAY_KERNEL.connect(
        *(DualArray, ARRAY, of_duals(ARRAY), stop_warnings, resume_warnings, dual),
        *(as_operand, look_for_search, NEAR),
    )
    ARRAY.functions["choose"] = ARRAY_KERNEL.choice(ARRAY.functions["choose"])
    ARRAY.functions["_step"] = ARRAY_KERNEL.steps(RULES["_step"].value_in(ARRAY))
DUAL_OF.update({np.ndarray: DualArray, DualArray: DualArray})
if KERNEL:  # in Python, a class with elements is one of sequences, which NumPy's numbers are not

    class NumPyDual(Dual):
        """A dual of one of NumPy's numbers that is not compiled: those have elements, x[()]."""

        __slots__ = ()
        __getitem__ = element

    NumPyDual.__name__ = NumPyDual.__qualname__ = "Dual"  # in messages
    DUAL_OF.update(dict.fromkeys((np.generic, NumPyDual), KERNEL.subscripted(NumPyDual)))

    def _rule_on_numbers(ufunc: Any) -> Rule | None:
        """The row of a ufunc that gives one number with a derivative, and has one of that name."""
        rule = RULES.get(ufunc.__name__)
        if ufunc.nout > 1 or rule is None or len(rule.args) != ufunc.nin or is_question(ufunc):
            return None
        return None if rule.name in ALSO_COMPLEX else rule

    KERNEL.connect_numbers(
        Dual,
        NumPyDual,
        namespace_of,
        stop_warnings,
        resume_warnings,
        _rule_on_numbers,
        _OPERATIONS,
        inspect.unwrap(apply),
        (of_duals, evaluate, fit, is_finite, has_far, has_faint),
    )
    for part in ("real", "imag"):
        of_part = KERNEL.of_one_number(RULES[part], getattr(Dual, part).fget)
        setattr(Dual, part, property(of_part, doc=getattr(Dual, part).__doc__))
    Dual.conjugate = KERNEL.of_one_number(RULES["conj"], Dual.conjugate)  # type: ignore[method-assign]
PROTOCOLS.update(
    ufunc=array_ufunc,
    function=array_function,
    attribute=attribute,
    element=element,
    operand=as_operand,
    proxy=ArrayProxy,
    objects=as_objects,
)
