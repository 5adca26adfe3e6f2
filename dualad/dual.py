"""Dual: a number that carries its tangent, and the one line that moves it through a function.

    f(v + v̇ε) = f(v) + f′(v)·v̇ε          ε² = 0

`apply` is that line, for every row of the table, every number system and every level.
The operators of `Dual` are the rows `add`, `mul`, … of the same table.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

import numpy as np

from . import levels as _levels
from .kernel import ARRAY_KERNEL, KERNEL
from .levels import HAND_MADE, seen
from .namespaces import ARRAY, CONSTANTS, MATH, Namespace, is_number, namespace_of, quiet, unhush
from .rules import RULES, Rule

Function = Callable[..., Any]

# Levels of which somebody wants to see each rule as it is applied: (rule, args) goes in, the
# result comes out. Empty, and without cost, unless a trace is being made (see teach/trace.py).
RECORDERS: dict[int, Function] = {}


# -- the chain rule ------------------------------------------------------------------------


def apply(rule: Rule, args: tuple[Any, ...]) -> Any:
    """Apply a rule to arguments of which at least one is a dual number.

    The newest level among the arguments is differentiated; older duals are its numbers.
    """
    if RECORDERS:
        newest = max([a.level for a in args if isinstance(a, Dual)])
        if newest in RECORDERS:
            return RECORDERS[newest](rule, args)
    if rule.has_line:
        result = ARRAY_KERNEL.on_arrays(rule, args) if ARRAY_KERNEL else None
        if result is None:
            result = _on_arrays(rule, args)
        if result is not None:
            return result
    level: Any = max([a.level for a in args if isinstance(a, Dual)])
    if type(level) is not int:  # somebody looks on
        level.sees(rule, args)
    values = tuple([a.primal if isinstance(a, Dual) and a.level == level else a for a in args])
    namespace = namespace_for(values)
    if namespace is None:
        return _elementwise(rule, args)
    if rule.is_composed(namespace):
        return rule.composition_in(_lifted(namespace))(*args)
    values = tuple(map(namespace.convert, values))
    y = evaluate(rule, values)
    if rule.kind == "flat":
        return y
    if isinstance(y, int):  # as in maximum(x, 0)
        y = float(y)
    tangent = None
    for i, a in enumerate(args):
        if not isinstance(a, Dual) or a.level != level:
            continue
        if rule.kind == "linear":
            term = evaluate(rule, (a.tangent,))
        else:
            slope = _slope(rule, i, namespace, (*values, y))
            term = scale(slope, a, y, rule.kind == "kinked")
        tangent = term if tangent is None else _sum(tangent, term)
    return dual(y, tangent, level)


def evaluate(rule: Rule, args: tuple[Any, ...]) -> Any:
    """The function of a row, on plain numbers, arrays or duals."""
    for a in args:
        if isinstance(a, Dual):
            result = _on_floats(rule)(*args)
            return apply(rule, args) if result is None else result
    return _at_length(rule, args)


def _at_length(rule: Rule, args: tuple[Any, ...]) -> Any:
    for a in args:
        if isinstance(a, Dual):
            return apply(rule, args)
    namespace = namespace_of(*args)
    return rule.value_in(namespace)(*args) if namespace else _elementwise(rule, args)


def scale(slope: Any, a: Dual, y: Any, kinked: bool) -> Any:
    """slope·ȧ, in the shape of the result y. A zero tangent stays zero."""
    tangent = a.tangent
    if not (isinstance(tangent, _ARRAYS) or isinstance(y, _ARRAYS)):
        if isinstance(slope, np.generic):  # Python's own numbers do not warn of inf*0
            slope = slope.item()
        product = slope * tangent
        return (
            product
            if product == product
            else _strong(slope, tangent, kinked or _is_far(a.primal, tangent))
        )
    directions = shape_of(tangent)[: len(shape_of(tangent)) - len(shape_of(a.primal))]
    missing = len(shape_of(y)) - len(shape_of(a.primal))
    if directions and missing:
        tangent = tangent.reshape(directions + (1,) * missing + shape_of(a.primal))
    token = quiet()
    try:
        product = slope * tangent
        if not is_finite(product):
            product = _strong(slope, tangent, kinked or _is_far(a.primal, tangent))
    finally:
        unhush(token)
    shape = directions + shape_of(y)
    if shape_of(product) != shape:
        product = np.broadcast_to(product, shape).copy()
    return fit(product, y)


def fit(tangent: Any, y: Any) -> Any:
    """The tangent in the precision of its value: float32 stays float32; numbers are Python's."""
    if isinstance(tangent, np.generic):
        return tangent.item()
    here, there = (getattr(plain(x), "dtype", None) for x in (tangent, y))
    if here is None or there is None or here == there or here.kind != there.kind:
        return tangent
    return map_leaves(lambda x: x.astype(there), tangent)


def _is_far(value: Any, tangent: Any) -> Any:
    """Where a number is infinite, mostly because it was too large for a float."""
    value, tangent = plain(value), plain(tangent)
    if isinstance(value, np.ndarray) or isinstance(tangent, np.ndarray):
        return np.isinf(value) & ~np.isnan(tangent)
    return abs(value) == math.inf and tangent == tangent


def _strong(slope: Any, tangent: Any, flat: Any) -> Any:
    """slope·tangent, where a zero tangent is stronger than an infinite slope.

    Where the function may be flat a zero slope is as strong: on a kink, where the branch that was
    not taken has no say, and at infinity, as in 1/(1 + exp(800)).
    """
    if isinstance(slope, Dual) or isinstance(tangent, Dual):
        level = max(x.level for x in (slope, tangent) if isinstance(x, Dual))
        s, s_dot = parts(slope, level)
        t, t_dot = parts(tangent, level)
        terms = []
        if t_dot is not None:
            terms.append(_strong(s, _in_front(t_dot, t, s), flat))
        if s_dot is not None:
            terms.append(_strong(_in_front(s_dot, s, t), t, True))
        return dual(_strong(s, t, flat), sum(terms[1:], terms[0]), level)
    if isinstance(slope, np.ndarray) or isinstance(tangent, np.ndarray):
        product = slope * tangent
        zero = (tangent == 0) | (flat & (slope == 0))
        return np.where(zero & (product != product), 0, product)
    product = slope * tangent
    if product != product and (tangent == 0 or (flat and slope == 0)):
        return type(product)(0)
    return product


def _in_front(tangent: Any, value: Any, other: Any) -> Any:
    """Directions stay in front when the value is broadcast to the axes of another one."""
    missing = len(shape_of(other)) - len(shape_of(value))
    if missing <= 0 or len(shape_of(tangent)) == len(shape_of(value)):
        return tangent
    return tangent.reshape(tangent.shape[:1] + (1,) * missing + tangent.shape[1:])


def parts(x: Any, level: int) -> tuple[Any, Any]:
    """Value and tangent of x at a level; the tangent is None if x is constant there."""
    if isinstance(x, Dual) and x.level == level:
        return x.primal, x.tangent
    return x, None


def is_finite(x: Any) -> bool:
    """Quickly: whether a sum over all numbers is finite. (It may say no too often.)"""
    if isinstance(x, Dual):
        return is_finite(x.primal) and is_finite(x.tangent)
    if type(x) is np.ndarray and x.size < 8192 and x.dtype.kind == "f":
        flat = x.ravel()
        token = quiet()
        try:
            return math.isfinite(flat.dot(flat))  # BLAS is fastest, until it starts threads
        finally:
            unhush(token)
    return bool(np.isfinite(np.add.reduce(x, axis=None)))


def _sum(s: Any, t: Any) -> Any:
    if shape_of(s) != shape_of(t):
        raise ValueError(
            f"cannot combine duals with tangents of shapes {shape_of(s)} and {shape_of(t)}; "
            f"give both the same number of directions."
        )
    return s + t


# -- slopes, also where a number system would raise ----------------------------------------


def _slope(rule: Rule, i: int, namespace: Namespace, args: tuple[Any, ...]) -> Any:
    slope = rule.slope_in(namespace, i)
    try:
        if namespace.name != "numpy":
            return slope(*args)
        with np.errstate(all="ignore"):
            return slope(*args)
    except (ArithmeticError, ValueError):  # an infinite slope, as in sqrt at 0
        system = next(x for x in map(plain, args) if is_number(x))
        ieee = tuple(map_leaves(as_numpy, x) for x in args)
        there = namespace_for(ieee)
        if there is None or there.name != "numpy":
            raise
        with np.errstate(all="ignore"):
            result = rule.slope_in(there, i)(*ieee)
        return map_leaves(lambda x: _from_ieee(x, system), result)


def as_numpy(x: Any) -> Any:
    """The same number as a NumPy scalar, for which 1/0 is inf and log(-1) is nan."""
    if isinstance(x, (np.ndarray, np.generic)):
        return x
    return np.complex128(x) if isinstance(x, complex) or hasattr(x, "_mpc_") else np.float64(x)


def as_number(x: Any) -> Any:
    """NumPy's scalars as Python's own."""
    return map_leaves(lambda v: v.item() if isinstance(v, np.generic) else v, x)


def _from_ieee(x: Any, system: Any) -> Any:
    """Back to the number system of `system`, which must not lose digits by the detour."""
    if isinstance(x, np.ndarray):
        return x
    if hasattr(system, "context"):
        if np.isfinite(x) and x != 0:
            raise ArithmeticError("mpmath has no finite slope here at its working precision.")
        return system.context.convert(x)
    return x.item() if isinstance(x, np.generic) else x


def map_leaves(f: Function, x: Any) -> Any:
    """Apply f to all plain numbers inside a (nested) dual."""
    if isinstance(x, Dual):
        return dual(map_leaves(f, x.primal), map_leaves(f, x.tangent), x.level)
    return f(x)


# -- namespaces of duals -------------------------------------------------------------------


def plain(x: Any) -> Any:
    """The number itself, without the tangents of any level."""
    while isinstance(x, Dual):
        x = x.primal
    return x


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a number or an array, or of a dual of any level."""
    shape: tuple[int, ...] = getattr(plain(x), "shape", ())
    return shape


def namespace_for(args: tuple[Any, ...]) -> Namespace | None:
    """The namespace that takes all these numbers and duals; None for arrays of objects."""
    namespace = namespace_of(*map(plain, args))
    if namespace is not None and any(isinstance(a, Dual) for a in args):
        return _lifted(namespace)
    return namespace


def _lifted(namespace: Namespace) -> Namespace:
    """The same namespace, its functions taking duals; constants keep their precision."""
    if namespace.supply is not None:
        return namespace
    if "lifted" not in namespace.compiled:
        namespace.compiled["lifted"] = Namespace(
            namespace.name,
            {n: f for n, f in namespace.functions.items() if n in (*CONSTANTS, "choose")},
            is_complex=namespace.is_complex,
            is_array=namespace.is_array,
            convert=namespace.convert,
            supply=function,
        )
    lifted: Namespace = namespace.compiled["lifted"]
    return lifted


_FUNCTIONS: dict[Rule, Function] = {}


def function(rule: Rule) -> Function:
    """The function of a row, for numbers, arrays and duals of any kind."""
    if rule not in _FUNCTIONS:
        n = len(rule.args)
        on_floats = _on_floats(rule)

        def call(*args: Any) -> Any:
            if len(args) != n:
                raise TypeError(
                    f"{rule.name} takes {n} argument{'s' * (n > 1)} ({', '.join(rule.args)}), "
                    f"got {len(args)}."
                )
            result = on_floats(*args)
            return _at_length(rule, args) if result is None else result

        call.__name__ = call.__qualname__ = rule.name
        call.__doc__ = describe(rule)
        _FUNCTIONS[rule] = KERNEL.function(rule.name, call, call.__doc__) if KERNEL else call
    return _FUNCTIONS[rule]


@cache
def _on_floats(rule: Rule) -> Function:
    """The short way for one dual of floats, or two of the same level, in one compiled line.

    It says what `apply` says, in a tenth of the time; where it cannot, it gives None.
    """
    linear = rule.kind == "linear" and isinstance(rule.slopes[0], str) and rule.slopes != ("0",)
    if not (rule.has_line or linear) or len(rule.slopes) > 2:
        return lambda *args: None
    lines: dict[tuple[bool, ...], Function] = {}

    def line(quiet: bool, *active: bool) -> Function:
        key = quiet, *active
        if key not in lines:
            lines[key] = rule.line_in(MATH, active)
            if quiet:  # arrays warn
                lines[key] = np.errstate(all="ignore")(lines[key])
        return lines[key]

    def unary(x: Any) -> Any:
        if type(x) not in _SCALARS:
            return None
        value, dot = x.primal, x.tangent
        if type(value) not in _FLOATS or type(dot) not in _TANGENTS:
            return None
        try:
            y, tangent = line(type(dot) is not float, True)(float(value), dot)
        except (ArithmeticError, ValueError):
            return None
        return finish(y, tangent, x.level, type(value) is np.float64)

    def binary(a: Any, b: Any) -> Any:
        da: Any = None
        db: Any = None
        level = HAND_MADE
        if type(a) in _SCALARS:
            active = (True, type(b) in _SCALARS)
            if active[1] and a.level != b.level:
                return None
            level, da, a = a.level, a.tangent, a.primal
        elif type(b) in _SCALARS:
            active = (False, True)
        else:
            return None
        if active[1]:
            level, db, b = b.level, b.tangent, b.primal
            if active[0] and (type(da) is not type(db) or shape_of(da) != shape_of(db)):
                return None
        dot = db if da is None else da
        if not (type(dot) in _TANGENTS and type(a) in _REALS and type(b) in _REALS):
            return None
        is_numpy = type(a) is np.float64 or type(b) is np.float64
        if is_numpy:
            a, b = float(a), float(b)
        try:
            y, tangent = line(type(dot) is not float, *active)(a, b, da, db)
        except (ArithmeticError, ValueError):
            return None
        return finish(y, tangent, level, is_numpy)

    def finish(y: Any, tangent: Any, level: int, is_numpy: bool) -> Any:
        if type(y) is not float:
            return None
        if type(tangent) is float:
            if tangent != tangent:
                return None
        elif type(tangent) is not np.ndarray or tangent.dtype != float or not is_finite(tangent):
            return None
        return dual(np.float64(y) if is_numpy else y, tangent, level)

    return unary if len(rule.slopes) == 1 else binary


_FLOATS = (float, np.float64)
_REALS = (float, int, np.float64)
_TANGENTS = (float, np.ndarray)


def _on_arrays(rule: Rule, args: tuple[Any, ...]) -> Any:
    """The short way for arrays of floats and one level, as `_on_floats` for numbers."""
    values: list[Any] = []
    tangents: list[Any] = []
    level: Any = None
    active = 0
    arrays = False
    for a in args:
        if isinstance(a, Dual):
            if level is None:
                level = a.level
                if type(level) is not int:
                    return None
            elif level != a.level:
                return None
            active |= 1 << len(values)
            tangents.append(a.tangent)
            a = a.primal
        else:
            tangents.append(None)
        if type(a) is np.ndarray:
            if a.dtype.kind != "f":
                return _elementwise(rule, args) if a.dtype.kind == "O" else None
            arrays = True
        elif type(a) not in _REALS:
            return None
        values.append(a)
    if not arrays:
        return None
    if active not in rule.array_lines:
        on = [bool(active >> i & 1) for i in range(len(args))]
        rule.array_lines[active] = rule.value_in(ARRAY), rule.tangent_in(ARRAY, on)
    value, line = rule.array_lines[active]
    y = value(*values)
    if type(y) is not np.ndarray:  # of shape ()
        return None
    shape = y.shape
    directions: Any = None
    for i, t in enumerate(tangents):
        if t is None:
            continue
        v_shape = values[i].shape if type(values[i]) is np.ndarray else ()
        if type(t) is float:
            many: tuple[int, ...] = ()
        elif type(t) is np.ndarray:
            many = t.shape[: len(t.shape) - len(v_shape)]
        else:
            return None
        if directions is None:
            directions = many
        elif many != directions:
            return None
        if many:
            shape = many + y.shape
            if len(v_shape) < len(y.shape):
                ones = (1,) * (len(y.shape) - len(v_shape))
                tangents[i] = t.reshape(t.shape[:1] + ones + v_shape)
    token = quiet()
    try:
        tangent = np.asarray(line(*values, y, *tangents))
        if not rule.is_sum and not is_finite(tangent):
            return None
    finally:
        unhush(token)
    if tangent.shape != shape:
        tangent = np.broadcast_to(tangent, shape).copy()
    if tangent.dtype is not y.dtype:
        tangent = tangent.astype(y.dtype)
    result = object.__new__(_KINDS[np.ndarray])
    result.primal, result.tangent, result.level = y, tangent, level
    return result


def describe(rule: Rule) -> str:
    """The docstring of a function, read from its row."""
    head = f"{rule.name}({', '.join(rule.args)})"
    lines = [f"{head}{': ' + rule.says if rule.says else ''}."]
    if rule.slopes and rule.kind != "flat":
        given = [f"d/d{a} = {s}" for a, s in zip(rule.args, rule.slopes, strict=True) if s]
        lines.append(f"With y the result: {'; '.join(given)}.")
    elif rule.kind == "flat":
        lines.append("Its derivative is zero wherever it exists; the result is a plain number.")
    lines.append(
        "Takes numbers, NumPy arrays and duals, real"
        + (" or complex." if rule.is_complex else ".")
        + (f" Also called {', '.join(rule.aliases)}." if rule.aliases else "")
    )
    return "\n\n".join(lines)


def _elementwise(rule: Rule, args: tuple[Any, ...]) -> Any:
    """Arrays of objects: duals among them make one DualArray; else one after the other."""
    args = tuple(_PROTOCOLS["operand"](a) if isinstance(a, np.ndarray) else a for a in args)
    if not any(isinstance(a, np.ndarray) and a.dtype == object for a in args):
        return evaluate(rule, args)
    objects = [np.asarray(a, dtype=object) for a in args]
    return np.frompyfunc(lambda *xs: evaluate(rule, xs), len(args), 1)(*objects)


# -- the number ----------------------------------------------------------------------------

_LOST = (
    "{what} would lose the derivative of a Dual; write {instead}, "
    "or x.primal for the plain number, whose derivative is zero."
)
_ROOM = (
    "np.zeros_like(x) or np.zeros(n, like=x), or leave the code as it is "
    "and differentiate dualad.lift(f) for f"
)


def _operators(name: str) -> tuple[Function, Function]:
    """A row of the table as a pair of methods: x∘other and other∘x."""
    rule = RULES[name]
    on_floats = _on_floats(rule)

    def forward(self: Dual, other: Any) -> Any:
        result = on_floats(self, other)
        if result is not None:
            return result
        other = _operand(self, other)
        return NotImplemented if other is None else apply(rule, (self, other))

    def reflected(self: Dual, other: Any) -> Any:
        result = on_floats(other, self)
        if result is not None:
            return result
        other = _operand(self, other)
        return NotImplemented if other is None else apply(rule, (other, self))

    return forward, reflected


def _operand(x: Dual, other: Any) -> Any:
    """The other side of an operator; None if it is nothing to calculate with."""
    if isinstance(x, _ARRAYS):  # beside an array, a list is one too
        other = _PROTOCOLS["operand"](other)
    return other if is_operand(other) else None


def _comparison(compare: Function) -> Function:
    def method(self: Dual, other: Any) -> Any:
        other = _operand(self, other)
        return NotImplemented if other is None else compare(plain(self), plain(other))

    return method


def is_operand(x: Any) -> bool:
    return isinstance(x, Dual) or is_number(x)


class Dual:
    """A dual number: value + tangent·ε, with ε² = 0.

    Parameters
    ----------
    value : number, ndarray or Dual
        int, float, complex, Fraction, NumPy number, mpmath number, ndarray (the result is then
        a `DualArray`), or a dual of another level. Integers and booleans become floats.
    tangent : number or ndarray
        In the value's shape, or with one leading axis more: several directions at once.

    Attributes
    ----------
    primal, tangent
        The two parts.
    level : int
        Which differentiation the tangent belongs to. All duals made by hand share one level.

    Raises
    ------
    TypeError
        If value or tangent is not a number.
    ValueError
        If the tangent's shape does not fit the value's.

    Examples
    --------
    >>> x = Dual(2.0, 1.0)
    >>> x**3 + 1
    Dual(9.0, 12.0)
    """

    __slots__ = ("primal", "tangent", "level")
    primal: Any
    tangent: Any
    level: int

    def __new__(cls, value: Any, tangent: Any = 0.0) -> Any:
        value, tangent = as_value(value), as_value(tangent)
        shape, tangent_shape = np.shape(value), np.shape(tangent)
        if shape not in (tangent_shape, tangent_shape[1:]):
            raise ValueError(
                f"a tangent has its value's shape {shape}, or one leading axis more; "
                f"got shape {tangent_shape}."
            )
        return dual(own(value), laid_out_like(value, own(tangent)), HAND_MADE)

    def __reduce__(self) -> Any:
        return _restore, (self.primal, self.tangent, self.level)

    # arithmetic: the table's rows

    __add__, __radd__ = _operators("add")
    __sub__, __rsub__ = _operators("sub")
    __mul__, __rmul__ = _operators("mul")
    __truediv__, __rtruediv__ = _operators("div")
    __floordiv__, __rfloordiv__ = _operators("floordiv")
    __mod__, __rmod__ = _operators("mod")
    __divmod__, __rdivmod__ = _operators("divmod")
    __pow__, __rpow__ = _operators("pow")

    def __neg__(self) -> Any:
        return apply(RULES["neg"], (self,))

    def __pos__(self) -> Any:
        return apply(RULES["pos"], (self,))

    def __abs__(self) -> Any:
        return function(RULES["abs"])(self)

    @property
    def real(self) -> Any:
        """The real part, a dual."""
        return apply(RULES["real"], (self,))

    @property
    def imag(self) -> Any:
        """The imaginary part, a dual."""
        return apply(RULES["imag"], (self,))

    def conjugate(self) -> Any:
        """The complex conjugate, a dual."""
        return apply(RULES["conj"], (self,))

    # comparisons look at values only

    __eq__ = _comparison(operator.eq)
    __ne__ = _comparison(operator.ne)
    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)

    def __bool__(self) -> bool:
        return bool(self.primal)

    def __hash__(self) -> int:
        raise TypeError(
            "a Dual is unhashable, so that no cache, set or dict can return a number "
            "without its derivative; write x.primal for the key."
        )

    # steps have derivative zero, and give plain numbers

    def __int__(self) -> int:
        n: int = int(plain(self))
        return n

    def __trunc__(self) -> int:
        n: int = math.trunc(plain(self))
        return n

    def __floor__(self) -> int:
        n: int = math.floor(plain(self))
        return n

    def __ceil__(self) -> int:
        n: int = math.ceil(plain(self))
        return n

    def __round__(self, ndigits: int | None = None) -> Any:
        return round(plain(self), ndigits)

    # what would lose the derivative

    def __float__(self) -> NoReturn:
        raise TypeError(
            _LOST.format(
                what="float(x), math.sin(x), or storing x in an array of floats",
                instead=f"x itself, np.sin(x) or dualad.sin(x), {_ROOM}",
            )
        )

    def __complex__(self) -> NoReturn:
        raise TypeError(
            _LOST.format(
                what="complex(x), cmath.sin(x), or storing x in an array of complex numbers",
                instead=f"x + 0j, np.sin(x) or dualad.sin(x), {_ROOM}",
            )
        )

    def __index__(self) -> NoReturn:
        raise TypeError(_LOST.format(what="using x as an index or a count", instead="int(x)"))

    # NumPy

    ndim, shape, size = 0, (), 1

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _PROTOCOLS["ufunc"](ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _PROTOCOLS["function"](self, func, types, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "value":
            raise AttributeError(
                "a Dual has no attribute 'value', which packages of units and parameters read as a "
                "number without a derivative; write x.primal."
            )
        # np.sin over an array of objects calls x.sin()
        if name.startswith("_") or name not in RULES:
            return _PROTOCOLS["attribute"](self, name)
        f = function(RULES[name])
        return lambda *others: f(self, *others)

    # text

    def __repr__(self) -> str:
        return f"Dual({text_of(self.primal)}, {text_of(self.tangent)})"

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        tangent = _formatted(self.tangent, spec)
        sign, tangent = ("-", tangent[1:]) if tangent.startswith("-") else ("+", tangent)
        return f"{_formatted(self.primal, spec)} {sign} {tangent}ε"

    def _repr_latex_(self) -> str:
        from .teach.show import latex

        return latex(self)


def text_of(x: Any) -> str:
    if isinstance(x, np.ndarray):
        return np.array2string(x, separator=", ", floatmode="unique", prefix=" " * 5)
    return repr(x.item() if isinstance(x, (np.floating, np.complexfloating)) else x)


def _formatted(x: Any, spec: str) -> str:
    if isinstance(x, np.ndarray):
        return f"[{', '.join(format(e, spec) for e in x.ravel().tolist())}]"
    return f"({format(x, spec)})" if isinstance(x, Dual) else format(x, spec)


def as_value(x: Any) -> Any:
    """A number of a system we know; integers and booleans become floats."""
    if isinstance(x, Dual):
        return x
    if not is_number(x):
        raise TypeError(
            f"a Dual is made of numbers or NumPy arrays, got {type(x).__name__}"
            + ("; write np.array(x)." if isinstance(x, (list, tuple)) else ".")
        )
    if isinstance(x, (bool, int, np.integer, np.bool_)):
        return float(x)
    if isinstance(x, np.ndarray) and x.dtype.kind in "biu":
        return x.astype(float)
    if isinstance(x, np.ndarray) and x.dtype == object:
        raise TypeError("a Dual takes arrays of floats or complex numbers, got one of objects.")
    return x


def own(x: Any) -> Any:
    """A copy of an array in its own layout, so that nobody else can change it."""
    array: Any = x
    return array.copy("K") if isinstance(x, _ARRAYS) else x


def laid_out_like(value: Any, tangent: Any) -> Any:
    """A tangent in the memory order of its value, so that views are views of both."""
    array = plain(value)
    if len(shape_of(array)) < 2 or array.flags.c_contiguous or not isinstance(tangent, np.ndarray):
        return tangent
    many = tangent.ndim - array.ndim
    order = [*range(many), *(many + i for i in np.argsort([-abs(s) for s in array.strides]))]
    return tangent.transpose(order).copy().transpose(np.argsort(order))


# The class for values that are arrays, and NumPy's protocols: array.py enters them here.
_KINDS: dict[type, type[Dual]] = {}
_ARRAYS: tuple[type, ...] = (np.ndarray,)
_PROTOCOLS: dict[str, Function] = {}


def use_for_arrays(kind: type[Dual], **protocols: Function) -> None:
    """Make `kind` the class of duals whose value is an array, with what NumPy asks of them."""
    global _ARRAYS
    _KINDS.update({np.ndarray: kind, kind: kind})
    _ARRAYS = (np.ndarray, kind)
    _PROTOCOLS.update(protocols)


def _readable_dual(value: Any, tangent: Any, level: Any) -> Any:
    """Put a dual together from parts that fit; nothing is checked."""
    if type(level) is not int:
        return level.made(value, tangent)
    result = object.__new__(_KINDS.get(type(value), Dual))
    result.primal = value
    result.tangent = tangent
    result.level = level
    return result


# Duals of real floats come from the compiled kernel, if there is one. It knows what is usual, and
# hands over to the code above in every other case.
dual: Function = _readable_dual
_SCALARS: tuple[type, ...] = (Dual,)
if KERNEL:
    KERNEL.connect(Dual, _readable_dual, RULES, _PROTOCOLS, vars(_levels))
    dual = KERNEL.dual
    _SCALARS = (Dual, *KERNEL.KINDS)


def _restore(value: Any, tangent: Any, level: int) -> Any:
    return dual(value, tangent, seen(level))
