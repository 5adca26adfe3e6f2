"""Numbers brought into another system, or precision: for slopes, and where Python raises.

And those of a user's subclass of a number: into the class that they derive from, or left alone.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from types import WrapperDescriptorType
from typing import Any

import numpy as np

from .kernel import KERNEL
from .kinds import DualLike, Number
from .levels import ParticipatingLevel
from .looks import SPARSE, is_sparse
from .namespaces import Namespace, in_slope, is_number
from .numerics import quiet
from .pair import Function, Pair, is_array, map_leaves, plain
from .rules import Rule


def as_numpy(x: DualLike) -> Number:
    """The same number as a NumPy scalar, for which 1/0 is inf and log(-1) is nan."""
    if isinstance(x, (np.ndarray, np.generic)) or not is_number(x):
        return x
    return np.complex128(x) if isinstance(x, complex) or hasattr(x, "_mpc_") else np.float64(x)


_Recorded: Any = KERNEL.Recorded if KERNEL else None


def as_number(x: DualLike) -> DualLike:
    """NumPy's scalars as Python's own."""
    return _converted(lambda v: v.item() if isinstance(v, np.generic) else v, x)


def _converted(f: Function, x: DualLike) -> DualLike:
    """The number x with f done to all plain numbers in it."""
    if type(x) is _Recorded:  # a number on a tape keeps its place
        made = x.level.tape.number(_converted(f, x.primal), x.place, x.level)
        if made is not NotImplemented:
            return made
    return map_leaves(f, x)


def of_same_kind(x: DualLike, y: DualLike) -> DualLike:
    """The number x as one of the kind of y, Python's or NumPy's; complex if it is."""
    kind: Any = type(plain(y))
    if not issubclass(kind, (float, complex, np.inexact)):  # an exact one
        return _converted(lambda v: kind(v) if type(v) is int else v, x)
    is_numpys = issubclass(kind, np.generic)
    of_complex = np.result_type(kind, np.complex64).type if is_numpys else complex
    of_real: Any = kind if is_numpys else float if issubclass(kind, float) else complex

    def converted(v: Any) -> Any:
        if not isinstance(v, (complex, float, int, np.generic)):
            return v
        return (of_complex if np.iscomplexobj(v) else of_real)(v)

    return _converted(converted, x)


def as_slope(g: DualLike, x: DualLike) -> DualLike:
    """The derivative in a number x: Python's, or of its type if Python has no such precision."""
    kind = type(plain(x))
    if kind not in _OF_OTHER_PRECISION:
        return as_number(g)

    def precise(v: Any) -> Any:
        if not isinstance(v, (complex, float, int, np.generic, np.ndarray)):
            return v  # what is recorded has the precision of its steps
        return (np.result_type(kind, np.complex64).type if np.iscomplexobj(v) else kind)(v)

    with quiet():  # it may be too large for it
        return map_leaves(precise, g)


_OF_OTHER_PRECISION = (np.float16, np.float32, np.longdouble, np.complex64, np.clongdouble)


def as_python(numbers: tuple[Any, ...]) -> tuple[Any, ...]:
    """Integers and doubles as Python's, which are faster than NumPy's, if there is nothing else.

    As NumPy's where the last is one of these and nan: where Python's raise, or turn complex.
    """
    if not all(map(_is_as_python, numbers)):
        return numbers
    y = plain(numbers[-1])
    if y != y and isinstance(y, np.generic):
        return tuple([x if _is_numpys_int(x) else map_leaves(as_numpy, x) for x in numbers])
    return tuple(map(as_number, numbers))


def _is_as_python(x: DualLike) -> bool:
    """Whether x is an integer or a double, which may be one of NumPy's, or a dual of one."""
    while isinstance(x, Pair):
        if isinstance(x.level, ParticipatingLevel):
            return False  # its duals are more than numbers
        x = x.primal
    return isinstance(x, (float, int, np.integer, np.bool_))


def _is_numpys_int(x: Any) -> bool:
    """Whether x is a whole number for which NumPy has a type; it makes objects of larger ones."""
    return isinstance(x, int) and -(2**63) <= x < 2**63


def in_slopes(rule: Rule, namespace: Namespace, numbers: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments and result of a rule as its slopes take them: in the precision of the result."""
    *args, y = map(namespace.convert, numbers)
    there = getattr(plain(y), "dtype", None)
    if namespace.name != "numpy" or there is None:
        return (*args, y)
    is_complex = namespace.is_complex and rule.mixes

    def fitted(x: DualLike, is_count: bool) -> Any:
        if getattr(x, "dtype", None) == there:
            return x
        return map_leaves(lambda v: in_slope(v, there, is_count, is_complex), x)

    return (*[fitted(x, s is None) for x, s in zip(args, rule.slopes, strict=True)], y)


def by_ieee(f: Function, args: tuple[DualLike, ...]) -> Any:
    """f of the same numbers as NumPy's, for which 1/0 is infinite, back in their own system."""
    system = next(x for x in map(plain, args) if is_number(x))
    with quiet():
        result = f(*(map_leaves(as_numpy, x) for x in args))
    return map_leaves(lambda x: _from_ieee(x, system), result)


def _from_ieee(x: DualLike, system: Any) -> Any:
    """Back to the number system of `system`, which must not lose digits by the detour."""
    if isinstance(x, np.ndarray):
        return x
    if hasattr(system, "context"):
        if np.isfinite(x) and x != 0:
            raise ArithmeticError("mpmath has no finite slope here at its working precision.")
        return system.context.convert(x)
    return x.item() if isinstance(x, np.generic) else x


_NUMBERS = (int, float, complex, Fraction)
_LEFT = (float, complex, np.ndarray, np.generic)  # who may know what to do with another number
_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


@functools.lru_cache(maxsize=1024)
def _base_of(kind: type) -> Any:
    """The number that a user's subclass derives from, as `float` of a `class dB(float)`."""
    if not issubclass(kind, (*_NUMBERS, np.number)):
        return None
    base = next(c for c in kind.__mro__ if c in _NUMBERS or c.__module__ == "numpy")
    return None if base is kind or kind is bool else base


def as_bases(rule: Rule, args: tuple[DualLike, ...]) -> tuple[DualLike, ...]:
    """Numbers of subclasses as those that they derive from, whose operators are the usual ones.

    NumPy asks them for the number, where Python takes the one that they hold.
    """
    kinds: list[Any] = [type(a) for a in args]
    bases = [_base_of(kind) for kind in kinds]
    if not any(bases):
        return args
    is_numpys = isinstance(rule.called, np.ufunc) or any(map(is_array, args))

    def converted(x: Any, base: Any) -> DualLike:
        return base(np.asarray(x).item()) if is_numpys else base.__pos__(x)

    return tuple([converted(a, base) if base else a for a, base in zip(args, bases, strict=True)])


def as_given(primals: tuple[DualLike, ...], args: tuple[DualLike, ...]) -> tuple[DualLike, ...]:
    """The primals of arguments, numbers of subclasses among them as they are.

    Beside those a number of NumPy's may come out as one of Python's, or a float32 as a float64.
    """
    return tuple([p if isinstance(a, Pair) else a for p, a in zip(primals, args, strict=True)])


def is_asked_first(number: DualLike, operation: Function, beside: DualLike) -> bool:
    """Whether `beside ∘ number` is calculated by the number's own reflected operator.

    That is Python's rule for a subclass of the number on the left, which a dual is not by its type;
    and where the number on the left has no answer.
    """
    kind: Any = type(number)
    name = operation.__name__
    base = _base_of(kind)
    reflected = f"__{_MIRRORED.get(name, 'r' + name)}__"
    if base is None or getattr(kind, reflected, None) is getattr(base, reflected, None):
        return False
    left = plain(beside)
    if name in _MIRRORED:  # an answer that is true or false has no derivative
        return not isinstance(operation(left, number), (bool, np.bool_, np.ndarray))
    knows = issubclass(base, (int, float, complex, np.number))
    if issubclass(kind, type(left)) or not knows or not isinstance(left, _LEFT):
        return True
    forward = getattr(type(left), f"__{name}__", None)
    return forward is None or forward(left, number) is NotImplemented


# What NumPy looks for at objects that it does not know: to ask them, or to make arrays of them.
_KNOWN_TO_NUMPY = ("__array_ufunc__", "__array__", "__array_interface__", "__len__")
_LOWEST = np.float64(0).__array_priority__


def handed(x: DualLike, other: Any) -> DualLike:
    """What NumPy's number x is to the operators of an object: a number of Python.

    NumPy makes objects of both, unless the object is to be asked first.
    """
    if not isinstance(plain(x), np.generic) or is_number(other) or isinstance(other, Pair):
        return x
    if any(hasattr(type(other), name) for name in _KNOWN_TO_NUMPY):
        return x
    return x if getattr(other, "__array_priority__", _LOWEST) > _LOWEST else as_number(x)


def beside(operation: Function, a: Any, b: Any) -> Any:
    """a∘b where one side is not a number: it may be a sparse array of SciPy's, or any object.

    Where the object has no operator of its own, the answer, or the error, is that of the plain run.
    """
    if is_sparse(a) or is_sparse(b):
        return operation(*(SPARSE[0](x) if is_sparse(x) else x for x in (a, b)))
    name, is_left = operation.__name__, isinstance(a, Pair)
    is_comparison = name in _MIRRORED
    asked = _MIRRORED[name] if is_comparison else f"r{name}" if is_left else name
    kind = type(b if is_left else a)
    if name == "mul" and hasattr(kind, "__len__"):
        return NotImplemented  # it asks for a count, and a dual says why it is none
    own = getattr(kind, f"__{asked}__", None)
    if own is None or type(own) is WrapperDescriptorType:
        answer = operation(plain(a), plain(b))
        return answer if is_comparison else NotImplemented
    if is_left and not is_comparison and (number := handed(a, b)) is not a:
        return operation(number, b)
    return NotImplemented
