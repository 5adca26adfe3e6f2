"""Dual: a number that carries its tangent, and the one line that moves it through a function.

    f(v + v̇ε) = f(v) + f′(v)·v̇ε          ε² = 0

`apply` is that line, for every row of the table, every number system and every level.
The operators of `Dual` are the rows `add`, `mul`, … of the same table.
"""

from __future__ import annotations

import inspect
import math
import operator
from typing import Any, NoReturn

import numpy as np

from . import differentiations, levels, refusals
from .conversions import as_bases, as_given, as_python, beside, by_ieee, in_slopes, is_asked_first
from .descriptions import description
from .differentiations import compared, is_itself, note_refusals, text_for
from .kernel import KERNEL, compiled_first
from .kinds import DualLike, Tangent
from .levels import ParticipatingLevel
from .looks import asker, is_holder, is_plain, is_told
from .mixing import elementwise
from .namespaces import ARRAY, CONSTANTS, Namespace, is_number, namespace_of
from .numerics import quiet
from .pair import (
    DUAL_OF,
    Function,
    Pair,
    fit,
    hand_made,
    is_array,
    is_operand,
    moved,
    newest,
    parts,
    plain,
    readable_dual,
)
from .pickles import pickled
from .ranges import may_matter, regained
from .refusals import UNHASHABLE, converted, note_objects, shown_class
from .rules import Rule
from .structure import leaves
from .table import RULES
from .text import formatted, latex, text_of
from .zeros import scale, total

# -- the chain rule ------------------------------------------------------------------------


@compiled_first
@elementwise
def apply(rule: Rule, given: tuple[DualLike, ...]) -> DualLike:
    """Apply a rule to arguments of which at least one is a dual number.

    The newest level among the arguments is differentiated; older duals are its numbers. Their
    value is that of the very function that the user called (`Rule.called_as`), as in a plain run.
    """
    args, level = as_bases(rule, given), newest(given)
    result = level.applies(rule, args) if isinstance(level, ParticipatingLevel) else NotImplemented
    if result is not NotImplemented:
        return result
    primals = tuple([a.primal if isinstance(a, Dual) and a.level == level else a for a in args])
    namespace = namespace_for(primals)
    if namespace is None:
        return _elementwise(rule, args)
    asked = primals if args is given or not rule.called_in(namespace) else as_given(primals, given)
    if rule.is_composed(namespace):
        return _composed(rule, args, asked, of_duals(namespace))
    y = differentiations.noted_of(rule, value_of(rule, asked), args)
    if rule.kind == "flat":
        return y
    namespace, numbers = for_slopes(rule, as_python((*primals, y)))
    tangent = None
    with quiet():  # the plain run calculates none of this
        for i, a in enumerate(args):
            if not isinstance(a, Dual) or a.level != level:
                continue
            if rule.kind == "linear":
                term = _of_tangent(rule, a.tangent)
            else:
                slope = slope_of(rule, i, namespace, numbers)
                term = scale(slope, a, y, zero_slope_wins=rule.kind == "kinked")
                if may_matter(rule, i, slope, a.tangent):
                    term = regained(term, slope, a, y, apply, rule, primals, i)
            tangent = term if tangent is None else total(tangent, term)
    return moved(y, tangent, level)


def _composed(
    rule: Rule, args: tuple[DualLike, ...], primals: Any, namespace: Namespace
) -> DualLike:
    """A rule made of others: its tangents, and the values of the function that the user called."""
    called, composition = rule.called_in(namespace), rule.composition_in(namespace)
    if called is None:
        return composition(*args)
    ys = called(*primals)
    with quiet():  # the call above has issued the warnings
        xs = composition(*args)
    level = newest(args)

    def with_value(x: DualLike, y: DualLike) -> DualLike:
        tangent = parts(x, level)[1]
        return y if tangent is None else moved(y, fit(tangent, y), level)

    return tuple(map(with_value, xs, ys)) if isinstance(ys, tuple) else with_value(xs, ys)


def evaluate(rule: Rule, args: tuple[DualLike, ...]) -> DualLike:
    """The function of a row, on plain numbers, arrays or duals."""
    for a in args:
        if isinstance(a, Dual):
            return apply(rule, args)
    namespace = namespace_of(*args)
    if namespace is None:
        return _elementwise(rule, args)
    return rule.value_in(namespace)(*map(namespace.convert, args))


def value_of(rule: Rule, primals: tuple[DualLike, ...]) -> DualLike:
    """The value of a row; one that has slopes is never a whole number, as in maximum(x, 0)."""
    y = evaluate(rule, primals)
    return float(y) if rule.kind != "flat" and is_plain(y, int) else y


def for_slopes(rule: Rule, args: tuple[DualLike, ...]) -> tuple[Namespace, tuple[DualLike, ...]]:
    """Arguments and result as the slopes of a row take them, and the namespace for these."""
    namespace = namespace_for(args)
    assert namespace is not None
    return namespace, in_slopes(rule, namespace, args)


def _of_tangent(rule: Rule, tangent: Tangent) -> Tangent:
    """A linear function of a tangent; one that is not made of numbers dispatches as NumPy's do."""
    if isinstance(tangent, Dual) or is_number(tangent):
        return evaluate(rule.table_row, (tangent,))
    return rule.table_row.value_in(ARRAY)(tangent)


def slope_of(rule: Rule, i: int, namespace: Namespace, args: tuple[DualLike, ...]) -> DualLike:
    """The slope in argument i at (arguments…, y)."""
    try:
        with quiet():
            return rule.slope_in(namespace, i)(*args)
    except (ArithmeticError, ValueError):  # an infinite slope, as in sqrt at 0
        if all(isinstance(plain(a), (np.generic, np.ndarray)) for a in args):
            raise

    def by_numpy(*ieee: DualLike) -> DualLike:
        each = zip(args, ieee, (*rule.slopes, "y"), strict=True)  # whole numbers stay such
        there, numbers = for_slopes(rule, tuple([a if s is None else x for a, x, s in each]))
        return rule.slope_in(there, i)(*numbers)

    return by_ieee(by_numpy, args)


def _elementwise(rule: Rule, given: tuple[DualLike, ...]) -> DualLike:
    """Arrays of objects: duals among them make one DualArray; else one after the other."""
    args = tuple(PROTOCOLS["operand"](a) if isinstance(a, np.ndarray) else a for a in given)
    if namespace_for(args) is not None:
        return evaluate(rule, args)
    objects = map(PROTOCOLS["objects"], args)
    y = np.frompyfunc(lambda *xs: evaluate(rule, xs), len(args), 1)(*objects)
    is_own = any(is_plain(a, np.ndarray) and a.dtype == object for a in given)
    has_dual_array = any(isinstance(a, Dual) and is_array(a) for a in given)
    return y if is_own and not has_dual_array else PROTOCOLS["operand"](y)


# -- functions and namespaces of duals -----------------------------------------------------


def namespace_for(args: tuple[DualLike, ...]) -> Namespace | None:
    """The namespace that takes all these numbers and duals; None for arrays of objects."""
    namespace = namespace_of(*map(plain, args))
    if namespace is not None and any(isinstance(a, Dual) for a in args):
        return of_duals(namespace)
    return namespace


def of_duals(namespace: Namespace) -> Namespace:
    """The same namespace, its functions taking duals; constants keep their precision."""
    if namespace.supply is not None:
        return namespace
    if "of duals" not in namespace.compiled:
        namespace.compiled["of duals"] = Namespace(
            namespace.name,
            {n: f for n, f in namespace.functions.items() if n in (*CONSTANTS, "choose")},
            is_complex=namespace.is_complex,
            is_array=namespace.is_array,
            convert=namespace.convert,
            supply=function,
        )
    result: Namespace = namespace.compiled["of duals"]
    return result


_FUNCTIONS: dict[Rule, Function] = {}


def function(rule: Rule) -> Function:
    """The function of a row, for numbers, arrays and duals of any kind."""
    rule = rule.table_row  # whoever called it
    if rule not in _FUNCTIONS:
        n = len(rule.args)

        def call(*args: DualLike) -> Any:
            if len(args) != n:
                raise TypeError(
                    f"{rule.name} takes {n} argument{'s' * (n > 1)} ({', '.join(rule.args)}), "
                    f"got {len(args)}."
                )
            for a in args:
                if issubclass(type(a), PROTOCOLS["proxy"]):  # an array made in lifted code
                    return a.__array_function__(call, (), args, {})
            return evaluate(rule, args)

        call.__name__ = call.__qualname__ = rule.name
        call.__doc__ = description(rule)
        given = [inspect.Parameter(a, inspect.Parameter.POSITIONAL_ONLY) for a in rule.args]
        call.__signature__ = inspect.Signature(given)  # type: ignore[attr-defined]
        text = f"{rule.name}({', '.join(rule.args)}, /)\n--\n\n{call.__doc__}"  # as C has it
        _FUNCTIONS[rule] = KERNEL.function(rule.name, call, text) if KERNEL else call
    return _FUNCTIONS[rule]


# -- the number ----------------------------------------------------------------------------

# What NumPy asks of duals: the rooms of arrays enter it here.
PROTOCOLS: dict[str, Any] = {}


def _operators(name: str, operation: Function) -> tuple[Function, Function]:
    """A row of the table as a pair of methods: x∘other and other∘x."""
    rule, repeats = RULES[name].called_as(operation), operation is operator.mul

    def forward(self: Dual, given: DualLike, modulus: Any = None) -> DualLike:
        if modulus is not None:  # of pow, which says that it is for whole numbers
            return pow(*map(plain, (self, given, modulus)))
        if is_asked_first(given, operation, self):
            return NotImplemented
        other = _operand(self, given, repeats)
        return beside(operation, self, given) if other is None else apply(rule, (self, other))

    def reflected(self: Dual, given: DualLike) -> DualLike:
        other = _operand(self, given, repeats)
        return beside(operation, given, self) if other is None else apply(rule, (other, self))

    return forward, reflected


def _operand(x: Dual, other: DualLike, repeats: bool = False) -> DualLike:
    """The other side of an operator, which may repeat lists; None if it is not a number."""
    is_list = repeats and isinstance(other, (list, tuple))
    # beside an array or a number of NumPy, a list is an array too
    if is_array(x) or (isinstance(plain(x), np.generic) and not is_list):
        other = PROTOCOLS["operand"](other)
    return other if is_operand(other) else None


def _comparison(compare: Function) -> Function:
    def method(self: Dual, given: DualLike) -> Any:
        if (other := _operand(self, given)) is None:
            return beside(compare, self, given)
        asked = is_asked_first(other, compare, self)
        return NotImplemented if asked else compared(compare, self, other)

    return method


def _step(f: Function) -> Function:
    return lambda self, *digits: differentiations.stepped(f, self, *digits)


class Dual(Pair):
    """A dual number: primal + tangent·ε, with ε² = 0.

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

    __slots__ = ()

    def __new__(cls, value: DualLike, tangent: Tangent = 0.0) -> Any:
        return hand_made(value, tangent)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """The type of the plain number, for those who ask by isinstance."""
        return shown_class(self, asker())

    # arithmetic: the table's rows

    __add__, __radd__ = _operators("add", operator.add)
    __sub__, __rsub__ = _operators("sub", operator.sub)
    __mul__, __rmul__ = _operators("mul", operator.mul)
    __truediv__, __rtruediv__ = _operators("div", operator.truediv)
    __floordiv__, __rfloordiv__ = _operators("floordiv", operator.floordiv)
    __mod__, __rmod__ = _operators("mod", operator.mod)
    __divmod__, __rdivmod__ = _operators("divmod", divmod)
    __pow__, __rpow__ = _operators("pow", operator.pow)

    def __neg__(self) -> DualLike:
        return apply(RULES["neg"].called_as(operator.neg), (self,))

    def __pos__(self) -> DualLike:
        return self if is_itself(self) else apply(RULES["pos"].called_as(operator.pos), (self,))

    def __abs__(self) -> DualLike:
        return apply(RULES["abs"].called_as(operator.abs), (self,))

    @property
    def real(self) -> DualLike:
        """The real part, a dual."""
        return self if is_itself(self) else apply(RULES["real"], (self,))

    @property
    def imag(self) -> DualLike:
        """The imaginary part, a dual."""
        return apply(RULES["imag"], (self,))

    def conjugate(self) -> DualLike:
        """The complex conjugate, a dual."""
        return self if is_itself(self) else apply(RULES["conj"], (self,))

    # comparisons look at values only

    __eq__ = _comparison(operator.eq)
    __ne__ = _comparison(operator.ne)
    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)

    def __bool__(self) -> bool:
        return differentiations.truth(self)

    def __hash__(self) -> int:
        differentiations.note_hash(self)
        raise TypeError(
            f"{UNHASHABLE}, so that no cache, set or dict can return a number "
            "without its derivative; write getattr(x, 'primal', x) for the key (again while that "
            "is a dual), np.unique(a, axis=0) for a set of points, or @functools.cache for a memo."
        )

    # steps have derivative zero, and give plain numbers

    __int__ = _step(int)
    __trunc__ = _step(math.trunc)
    __floor__ = _step(math.floor)
    __ceil__ = _step(math.ceil)
    __round__ = _step(round)

    # what would lose the derivative

    def __float__(self) -> NoReturn:
        raise converted("float", self)

    def __complex__(self) -> NoReturn:
        raise converted("complex", self)

    def __index__(self) -> NoReturn:
        raise converted("index", self)

    # NumPy

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        try:
            return PROTOCOLS["ufunc"](ufunc, method, inputs, kwargs)
        except TypeError:
            note_refusals(*leaves(inputs))
            raise

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        try:
            return PROTOCOLS["function"](self, func, types, args, kwargs)
        except TypeError:
            note_refusals(self, *leaves(args))
            raise

    def __getattr__(self, name: str) -> Any:
        if name == "value":
            raise AttributeError(
                "a Dual has no attribute 'value', which packages of units and parameters read as a "
                "number without a derivative; write getattr(x, 'primal', x)."
            )
        if name == "__array__":  # NumPy asks each element of np.array([x, y]) for it
            note_objects(self)
        return PROTOCOLS["attribute"](self, name)

    # text

    __reduce__ = pickled

    def __repr__(self) -> str:
        return text_for(self, repr) or f"Dual({text_of(self.primal)}, {text_of(self.tangent)})"

    def __str__(self) -> str:
        return text_for(self, str) or repr(self)

    def __format__(self, spec: str) -> str:
        return text_for(self, format, spec) or (formatted(self, spec) if spec else repr(self))

    def _repr_latex_(self) -> str:
        return latex(self)


DUAL_OF.update({object: Dual, Dual: Dual})
if KERNEL:
    KERNEL.connect(
        *(Dual, readable_dual, RULES, PROTOCOLS, levels.clocks),
        *(vars(differentiations) | vars(refusals), ARRAY.functions, is_told, is_holder),
    )
