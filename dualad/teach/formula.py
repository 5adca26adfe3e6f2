"""Formulas of a trace: what a step calculates, and its tangent, read from the table of rules.

A step of a trace applies a row of the table. Its tangent is Σ slope·v̇ with the slopes' own text:
parsed, its conditionals decided at the point of the trace, and simplified only so far that
1·v̇ is v̇, (1/v)·v̇ is v̇/v, and v·v is v². `printers` writes formulas as text, LaTeX and MathML.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from ..dual import namespace_for
from ..rules import Rule, compile_text
from ..table import RULES
from ..text import is_complex

# -- formulas ------------------------------------------------------------------------------


class Formula:
    """A formula: one of the classes below."""


@dataclass(frozen=True)
class Number(Formula):
    """A constant: a number, or an array of them."""

    value: Any

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Number):
            return NotImplemented
        if isinstance(self.value, np.ndarray) or isinstance(other.value, np.ndarray):
            return bool(np.array_equal(self.value, other.value))
        return (self.value,) == (other.value,)  # as the other formulas, so nan is itself

    def __hash__(self) -> int:
        return hash(self.value)


@dataclass(frozen=True)
class Constant(Formula):
    """A constant with a name: pi, ln2, …"""

    name: str


@dataclass(frozen=True)
class Variable(Formula):
    """v₁, x₂, or with a dot its tangent, with a bar its adjoint."""

    letter: str
    index: int | None = None
    mark: Literal["", "dot", "bar"] = ""

    @property
    def tangent(self) -> Variable:
        """The same with a dot."""
        return Variable(self.letter, self.index, "dot")

    @property
    def adjoint(self) -> Variable:
        """The same with a bar."""
        return Variable(self.letter, self.index, "bar")


@dataclass(frozen=True)
class Partial(Formula):
    """∂v₂/∂v₁."""

    of: Variable
    by: Variable


@dataclass(frozen=True)
class Infix(Formula):
    """A·b of matrices and vectors, or their outer product a ⊗ b."""

    left: Formula
    sign: Literal["·", "⊗"]
    right: Formula


@dataclass(frozen=True)
class Transposed(Formula):
    """Aᵀ."""

    of: Formula


@dataclass(frozen=True)
class Quoted(Formula):
    """What is shown as it was written: axis=0, or an expression of the user's."""

    text: str


@dataclass(frozen=True)
class Named(Formula):
    """An argument with its name: initial=v₁."""

    name: str
    of: Formula


@dataclass(frozen=True)
class Listed(Formula):
    """[v₁, v₂]."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Element(Formula):
    """v₁[0], or with what is stored there: v₁ with [0] = v₂."""

    whole: Formula
    index: str | Formula
    stored: Formula | None = None


@dataclass(frozen=True)
class Call(Formula):
    """A function of the table, or a user's own."""

    name: str
    args: tuple[Formula, ...]


@dataclass(frozen=True)
class Power(Formula):
    """base**exponent."""

    base: Formula
    exponent: Formula


@dataclass(frozen=True)
class Product(Formula):
    """over·over·…/(under·under·…)."""

    over: tuple[Formula, ...]
    under: tuple[Formula, ...] = ()


@dataclass(frozen=True)
class Sum(Formula):
    """±term ± term …, each with its sign +1 or −1."""

    terms: tuple[tuple[int, Formula], ...]


@dataclass(frozen=True)
class Comparison(Formula):
    """a < b: what a branch was decided by."""

    left: Formula
    sign: str
    right: Formula


@dataclass(frozen=True)
class Filled(Formula):
    """A formula with numbers in the place of its variables: 1 × 5 + 2 × 0."""

    of: Formula
    values: Mapping[Formula, Any]


ZERO, ONE = Number(0), Number(1)


# -- from the table ------------------------------------------------------------------------

# Slopes that the table has in another form, for the sake of their last digits, as they are known.
_IN_PRINT = {
    "pow": ("b*a**(b - 1)", "y*log(a)"),
    "exp2": ("y*ln2",),
    "sigmoid": ("y*(1 - y)",),
    "radians": ("degree",),
    "degrees": ("radian",),
    "tanh": ("1 - y*y",),
    "asin": ("1/sqrt(1 - x*x)",),
    "acos": ("-1/sqrt(1 - x*x)",),
    "atan": ("1/(1 + x*x)",),
    "asinh": ("1/sqrt(1 + x*x)",),
    "acosh": ("1/sqrt(x*x - 1)",),
    "atanh": ("1/(1 - x*x)",),
    "atan2": ("b/(a*a + b*b)", "-a/(a*a + b*b)"),
    "hypot": ("0 if y == 0 else a/y", "0 if y == 0 else b/y"),
    "logaddexp": ("sigmoid(a - b)", "sigmoid(b - a)"),
    "sinc": ("(cos(pi*x) - y)/x",),
    "erf": ("2/sqrt(pi)*exp(-x*x)",),
    "erfc": ("-2/sqrt(pi)*exp(-x*x)",),
    "scipy.special.erf": ("2/sqrtpi*exp(-x*x)",),
    "scipy.special.erfc": ("-2/sqrtpi*exp(-x*x)",),
    "scipy.special.expit": ("y*(1 - y)",),
    "scipy.special.ndtr": ("exp(-x*x/2)/sqrt2pi",),
    "scipy.special.ellipk": ("(ellipe(m)/(1 - m) - y)/(2*m)",),
    "scipy.special.ellipe": ("(y - ellipk(m))/(2*m)",),
}

# Rows whose names begin with _ because SciPy's ufuncs have such names; not helpers.
_UFUNCS = {"_zeta", "_riemann_zeta", "_lambertw"}

# Rows that are written with operators; all others as functions.
_WRITTEN = {"add", "sub", "mul", "div", "neg", "pos", "square", "reciprocal", "fma"}


def value_formula(rule: Rule, args: Sequence[Formula]) -> Formula:
    """What a row calculates, as in v₋₁ × v₀."""
    if rule.name == "pow":
        return Power(args[0], args[1])
    if rule.name in _WRITTEN:
        return _RowReader(rule, dict(zip(rule.args, args, strict=True)), {}).read(rule.value)
    return Call(_of_any_count(rule) or rule.name, tuple(args))


def tangent_formula(
    rule: Rule, args: Sequence[Formula], slopes: Sequence[Formula | None]
) -> Formula:
    """Its tangent: Σ slope·v̇ over the arguments that are variables, by their `slope_formulas`."""
    terms: list[tuple[int, Formula]] = []
    for i, (a, slope, factor) in enumerate(zip(args, rule.slopes, slopes, strict=True)):
        if not isinstance(a, Variable) or factor is None:
            continue
        if isinstance(slope, str) and slope in rule.args:  # as in v̇₋₁ × v₀ + v₋₁ × v̇₀
            is_first = i < rule.args.index(slope)
            pair = (a.tangent, factor) if is_first else (factor, a.tangent)
            terms.append((1, Product(pair)))
            continue
        terms.append((1, simplified(Product((factor, a.tangent)))))
    return _sum(terms)


def is_linear_part(rule: Rule, values: Sequence[Any]) -> bool:
    """Whether a row is the real part, imaginary part or conjugate of complex numbers."""
    return rule.name in ("real", "imag", "conj") and any(map(is_complex_value, values))


def is_complex_value(x: Any) -> bool:
    """Whether x is a complex number, or an array of them."""
    return is_complex(x) or getattr(getattr(x, "dtype", None), "kind", "") == "c"


def slope_formulas(
    rule: Rule, args: Sequence[Formula], y: Formula, values: Sequence[Any], value: Any
) -> list[Formula | None]:
    """The slopes of a row, of the arguments that are variables; else None.

    Parameters
    ----------
    rule : Rule
        The row.
    args, y : Formula
        Arguments and result.
    values, value : numbers
        The same as numbers, by which conditionals of the slopes are decided.

    Raises
    ------
    Undecided
        If a conditional has no one answer, as for the elements of an array.
    """
    names = (*rule.args, "y")
    formulas = dict(zip(names, (*args, y), strict=True))
    reader = _RowReader(rule, formulas, dict(zip(names, (*values, value), strict=True)))
    found: list[Formula | None] = []
    slopes = _slopes_in_print(rule)
    for i, (a, slope) in enumerate(zip(args, slopes, strict=True)):
        if not isinstance(a, Variable) or rule.slopes[i] is None:
            found.append(None)
            continue
        try:
            found.append(simplified(reader.read(slope)))
        except Unreadable:
            if _of_any_count(rule):
                assert isinstance(y, Variable)
                found.append(Partial(y, a))
                continue
            partial = f"∂{short_name(rule)}/∂{rule.args[i]}"
            found.append(Call(f"{short_name(rule)}′" if len(args) == 1 else partial, tuple(args)))
    return found


def _slopes_in_print(rule: Rule) -> Sequence[Any]:
    """The slopes of a row as they are known."""
    if is_norm(rule.name):
        return [f"0 if y == 0 else {x}/y" for x in rule.args]
    return _IN_PRINT.get(rule.name, rule.slopes)


def is_norm(name: str) -> bool:
    """Whether a row is `math.hypot` of so many numbers, of which each count has its own."""
    return name.startswith("_norm") and name[5:].isdecimal()


def _of_any_count(rule: Rule) -> str:
    """What a function of any count of numbers is called, whose row is of this many; else ""."""
    if is_norm(rule.name):
        return "hypot"
    match = re.fullmatch(r"_([a-z_]+)(\d+)", rule.name)  # _mean3(x0, x1, x2)
    return match[1] if match and int(match[2]) == len(rule.args) > 0 else ""


def short_name(rule: Rule) -> str:
    """The name of a row without its package."""
    return rule.name.rpartition(".")[2]


def share_formula(
    adjoint: Variable,
    factors: Sequence[Formula],
    total: Callable[[Formula], Formula] = lambda term: term,
) -> Formula:
    """What a step adds to an adjoint: its own, times the slopes.

    The factor 1 is kept, as in v̄₄ × 1. `total`: the sum by which broadcasting is undone.
    """
    terms: list[tuple[int, Formula]] = []
    for factor in factors:
        if isinstance(factor, Number):
            term: Formula = Product((adjoint, factor))
        else:
            term = _adjoint_first(adjoint, simplified(Product((adjoint, factor))))
        terms.append((1, total(term)))
    flat = [(s * t, x) for s, term in terms for t, x in signed_terms(term)]
    return flat[0][1] if len(flat) == 1 and flat[0][0] == 1 else Sum(tuple(flat))


def added(share: Formula, before: Formula | None) -> Formula:
    """A share with what was there before it, if there was something."""
    return share if before is None else Sum(((1, before), *signed_terms(share)))


def _adjoint_first(adjoint: Variable, x: Formula) -> Formula:
    match x:
        case Sum(terms=((sign, term),)):
            return Sum(((sign, _adjoint_first(adjoint, term)),))
        case Product(over=over, under=under) if adjoint in over:
            rest = tuple(f for f in over if f != adjoint)
            return Product((adjoint, *rest), under)
    return x


def signed_terms(x: Formula) -> tuple[tuple[int, Formula], ...]:
    """The terms of a sum with their signs; of another formula, itself."""
    return x.terms if isinstance(x, Sum) else ((1, x),)


@cache
def parsed(text: str) -> ast.expr:
    """An expression of the table."""
    return ast.parse(text, mode="eval").body


class Unreadable(Exception):
    """A slope that is not a formula but a program, or that is calculated by one."""


class Undecided(Exception):
    """A conditional of a slope that has no one answer at these values."""


class Reader:
    """A text into a formula: +, −, ·, /, **, @, x.T, x[i], functions; names stand for `env`."""

    def __init__(self, env: dict[str, Formula]) -> None:
        self.env = env

    def read(self, text: Any) -> Formula:
        """The formula.

        Raises
        ------
        Unreadable
            If there is anything else in it.
        """
        if not isinstance(text, str):
            raise Unreadable
        return self._node(parsed(text))

    def _node(self, node: ast.expr) -> Formula:
        go = self._node
        match node:
            case ast.Constant(value=value):
                return Number(value)
            case ast.Name(id=name):
                return self.env[name] if name in self.env else Constant(name)
            case ast.UnaryOp(op=ast.USub(), operand=x):
                return Sum(((-1, go(x)),))
            case ast.UnaryOp(op=ast.UAdd(), operand=x):
                return go(x)
            case ast.BinOp(left=a, op=ast.Add(), right=b):
                return Sum(((1, go(a)), (1, go(b))))
            case ast.BinOp(left=a, op=ast.Sub(), right=b):
                return Sum(((1, go(a)), (-1, go(b))))
            case ast.BinOp(left=a, op=ast.Mult(), right=b):
                return Product((go(a), go(b)))
            case ast.BinOp(left=a, op=ast.Div(), right=b):
                return Product((go(a),), (go(b),))
            case ast.BinOp(left=a, op=ast.Pow(), right=b):
                return Power(go(a), go(b))
            case ast.BinOp(left=a, op=ast.MatMult(), right=b):
                return Infix(go(a), "·", go(b))
            case ast.Attribute(value=x, attr="T"):
                return Transposed(go(x))
            case ast.Subscript(value=x, slice=index):
                return Element(go(x), go(index))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return go(body if self._is_true(test) else orelse)
            case ast.Call(func=ast.Name(id="outer"), args=[a, b]):
                return Infix(go(a), "⊗", go(b))
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._call(name, node, args)
        raise Unreadable

    def _is_true(self, test: ast.expr) -> bool:
        raise Unreadable

    def _call(self, name: str, node: ast.Call, given: Sequence[ast.expr]) -> Formula:
        return Call(name, tuple(map(self._node, given)))


class _RowReader(Reader):
    """A text of a row of the table; its conditionals are decided at values."""

    def __init__(self, rule: Rule, env: dict[str, Formula], values: dict[str, Any]) -> None:
        super().__init__(env)
        self.values = values
        self.rows: Mapping[str, Rule] = RULES
        self.is_special = rule.name.startswith("scipy.special.")
        if self.is_special:
            from ..special_rules import TABLE

            self.rows = TABLE

    def _is_true(self, test: ast.expr) -> bool:
        try:
            return bool(self._at_the_point(test))
        except (ArithmeticError, TypeError, ValueError) as error:
            raise Undecided from error

    def _call(self, name: str, node: ast.Call, given: Sequence[ast.expr]) -> Formula:
        """Helper rows, whose names begin with _, are written out."""
        if name not in self.rows and name not in RULES:
            raise Unreadable
        rule = self.rows.get(name) or RULES[name]
        args = [self._node(a) for a in given]
        if not name.startswith("_") or name in _UFUNCS:
            return Call(rule.name, tuple(args))
        if self.is_special:
            raise Unreadable
        try:
            if rule.kind == "flat":
                return Number(self._at_the_point(node))
            values = [self._at_the_point(a) for a in given]
        except (ArithmeticError, TypeError, ValueError) as error:
            raise Undecided from error
        each = (dict(zip(rule.args, x, strict=True)) for x in (args, values))
        return _RowReader(rule, *each).read(rule.complex_value or rule.value)

    def _at_the_point(self, node: ast.expr) -> Any:
        numbers, text = tuple(self.values.values()), ast.unparse(node)
        if self.is_special:
            from ..special_rules import expression

            return expression(text, tuple(self.values))(*numbers)
        namespace = namespace_for(numbers)
        assert namespace is not None
        numbers = tuple(map(namespace.convert, numbers))
        return compile_text(text, tuple(self.values), namespace)(*numbers)


# -- simplification: no more than a reader would do in passing -------------------------------


def simplified(x: Formula) -> Formula:
    """The same formula without factors 1, terms 0 and repeated factors."""
    match x:
        case Sum(terms=terms):
            return _sum([(sign, simplified(term)) for sign, term in terms])
        case Product(over=over, under=under):
            return _product(list(map(simplified, over)), list(map(simplified, under)))
        case Power(base=base, exponent=exponent):
            return _power(simplified(base), simplified(exponent))
        case Call(name="square", args=(a,)):
            return Power(simplified(a), Number(2))
        case Call(name=name, args=args):
            return Call(name, tuple(map(simplified, args)))
        case Named(name=name, of=of):
            return Named(name, simplified(of))
        case Infix(left=left, sign=sign, right=right):
            left, right = simplified(left), simplified(right)
            return ZERO if is_zero(left) or is_zero(right) else Infix(left, sign, right)
    return x


def is_zero(x: Formula) -> bool:
    """Whether a formula is the number 0."""
    return isinstance(x, Number) and not np.ndim(x.value) and bool(x.value == 0)


def _sum(terms: Sequence[tuple[int, Formula]]) -> Formula:
    flat: list[tuple[int, Formula]] = []
    for sign, term in terms:
        flat += [(sign * s, t) for s, t in signed_terms(term) if not is_zero(t)]
    if all(isinstance(t, Number) and not np.ndim(t.value) for _, t in flat):
        total = sum(s * t.value for s, t in flat if isinstance(t, Number))
        return Number(total)
    return flat[0][1] if len(flat) == 1 and flat[0][0] == 1 else Sum(tuple(flat))


def _power(base: Formula, exponent: Formula) -> Formula:
    if is_zero(exponent):
        return ONE
    is_one = isinstance(exponent, Number) and not np.ndim(exponent.value) and exponent.value == 1
    return base if is_one else Power(base, exponent)


def _product(over: list[Formula], under: list[Formula]) -> Formula:
    tops: list[Formula] = []
    bottoms: list[Formula] = []
    sign, coefficient, divisor = 1, 1, 1
    todo = [(f, False) for f in over] + [(f, True) for f in under]
    while todo:
        factor, below = todo.pop(0)
        match factor:
            case Product():
                todo[:0] = [(f, below) for f in factor.over] + [
                    (f, not below) for f in factor.under
                ]
            case Sum(terms=((s, term),)):
                sign *= s
                todo.insert(0, (term, below))
            case Number(value=value) if not np.ndim(value):
                if below:
                    divisor *= value
                else:
                    coefficient *= value
            case _:
                (bottoms if below else tops).append(factor)
    if coefficient == 0:
        return ZERO
    if not is_complex(coefficient) and coefficient < 0:
        sign, coefficient = -sign, -coefficient
    if bottoms and coefficient == 0.5:
        coefficient, divisor = 1, 2 * divisor
    if not tops and not bottoms and divisor == 1:
        return Number(sign * coefficient)
    tops = [Number(coefficient)] * (coefficient != 1) + _with_powers(tops)
    bottoms = [Number(divisor)] * (divisor != 1) + _with_powers(bottoms)
    result = tops[0] if len(tops) == 1 and not bottoms else Product(tuple(tops), tuple(bottoms))
    return result if sign == 1 else Sum(((-1, result),))


def _counted(factors: list[Formula]) -> list[tuple[Formula, int]]:
    """Each factor, and how often it stands there; arrays of numbers stand for themselves."""
    found: dict[Any, tuple[Formula, int]] = {}
    for f in factors:
        key = id(f) if isinstance(f, Number) else repr(f)
        found[key] = f, found.get(key, (f, 0))[1] + 1
    return list(found.values())


def _with_powers(factors: list[Formula]) -> list[Formula]:
    return [f if count == 1 else Power(f, Number(count)) for f, count in _counted(factors)]
