"""Formulas of a trace: what a step calculates, and its tangent, read from the table of rules.

A step of a trace applies a row of the table. Its tangent is Σ slope·v̇ with the slopes' own text:
parsed, its conditionals decided at the point of the trace, and simplified only so far that
1·v̇ is v̇, (1/v)·v̇ is v̇/v, and v·v is v². Three printers write formulas as text, LaTeX and MathML.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal
from unicodedata import normalize

from ..dual import namespace_for
from ..rules import Rule, compile_text
from ..table import RULES
from ..text import is_complex, number_text

# -- formulas ------------------------------------------------------------------------------


class Formula:
    """A formula: one of the classes below."""


@dataclass(frozen=True)
class Number(Formula):
    """A constant."""

    value: Any


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
    def dotted(self) -> bool:
        """Whether it is a tangent."""
        return self.mark == "dot"

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
class Quoted(Formula):
    """What is shown as it was written: axis=0, or an expression of the user's."""

    text: str


@dataclass(frozen=True)
class Listed(Formula):
    """[v₁, v₂]."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Element(Formula):
    """v₁[0], or with what is stored there: v₁ with [0] = v₂."""

    whole: Formula
    index: str
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


ZERO, ONE = Number(0), Number(1)


# -- from the table ------------------------------------------------------------------------

# Rows that are written with operators; all others as functions.
_WRITTEN = {"add", "sub", "mul", "div", "neg", "pos", "square", "reciprocal", "fma"}


def value_formula(rule: Rule, args: Sequence[Formula]) -> Formula:
    """What a row calculates, as in v₋₁ × v₀."""
    if rule.name == "pow":
        return Power(args[0], args[1])
    if rule.name in _WRITTEN:
        return _Reader(dict(zip(rule.args, args, strict=True)), {}).read(str(rule.value))
    return Call(rule.name, tuple(args))


def tangent_formula(
    rule: Rule, args: Sequence[Formula], y: Formula, values: Sequence[Any], value: Any
) -> Formula:
    """Its tangent: Σ slope·v̇ over the arguments that are variables.

    Parameters
    ----------
    rule : Rule
        The row.
    args, y : Formula
        Arguments and result.
    values, value : numbers
        The same as numbers, by which conditionals of the slopes are decided.
    """
    factors = slope_formulas(rule, args, y, values, value)
    terms: list[tuple[int, Formula]] = []
    for i, (a, slope) in enumerate(zip(args, rule.slopes, strict=True)):
        factor = factors[i]
        if not isinstance(a, Variable) or factor is None:
            continue
        if isinstance(slope, str) and slope in rule.args:  # as in v̇₋₁ × v₀ + v₋₁ × v̇₀
            is_first = i < rule.args.index(slope)
            pair = (a.tangent, factor) if is_first else (factor, a.tangent)
            terms.append((1, Product(pair)))
            continue
        terms.append((1, simplified(Product((factor, a.tangent)))))
    return _sum([(s, t) for s, t in terms])


def slope_formulas(
    rule: Rule, args: Sequence[Formula], y: Formula, values: Sequence[Any], value: Any
) -> list[Formula | None]:
    """The slopes of a row, of the arguments that are variables; else None.

    Parameters are those of `tangent_formula`.
    """
    env = dict(zip((*rule.args, "y"), (*args, y), strict=True))
    reader = _Reader(env, dict(zip((*rule.args, "y"), (*values, value), strict=True)))
    found: list[Formula | None] = []
    for i, (a, slope) in enumerate(zip(args, rule.slopes, strict=True)):
        if not isinstance(a, Variable):
            found.append(None)
        elif isinstance(slope, str):
            found.append(simplified(reader.read(slope)))
        else:  # a slope that is a program
            partial = f"∂{rule.name}/∂{rule.args[i]}"
            found.append(Call(f"{rule.name}′" if len(args) == 1 else partial, tuple(args)))
    return found


def share_formula(
    adjoint: Variable, factors: Sequence[Formula], before: Formula | None, total: bool = False
) -> Formula:
    """What a step adds to an adjoint: its own, times the slopes, added to what was there before.

    The factor 1 is kept, as in v̄₄ × 1. `total`: broadcasting is undone by a sum.
    """
    terms: list[tuple[int, Formula]] = [] if factors else [(1, adjoint)]
    for factor in factors:
        if isinstance(factor, Number):
            term: Formula = Product((adjoint, factor))
        else:
            term = _adjoint_first(adjoint, simplified(Product((adjoint, factor))))
        terms.append((1, Call("sum", (term,)) if total else term))
    terms = terms if before is None else [(1, before), *terms]
    flat = [(s * t, x) for s, term in terms for t, x in _signed(term)]
    return flat[0][1] if len(flat) == 1 and flat[0][0] == 1 else Sum(tuple(flat))


def _adjoint_first(adjoint: Variable, x: Formula) -> Formula:
    match x:
        case Sum(terms=((sign, term),)):
            return Sum(((sign, _adjoint_first(adjoint, term)),))
        case Product(over=over, under=under) if adjoint in over:
            rest = tuple(f for f in over if f != adjoint)
            return Product((adjoint, *rest), under)
    return x


def _signed(x: Formula) -> Sequence[tuple[int, Formula]]:
    return x.terms if isinstance(x, Sum) else ((1, x),)


class _Reader:
    """Python's text into a formula."""

    def __init__(self, env: dict[str, Formula], values: dict[str, Any]) -> None:
        self.env, self.values = env, values

    def read(self, text: str) -> Formula:
        return self._node(ast.parse(text, mode="eval").body)

    def _node(self, node: ast.expr) -> Formula:
        match node:
            case ast.Constant(value=value):
                return Number(value)
            case ast.Name(id=name):
                return self.env[name] if name in self.env else Constant(name)
            case ast.UnaryOp(op=ast.USub(), operand=x):
                return Sum(((-1, self._node(x)),))
            case ast.UnaryOp(operand=x):
                return self._node(x)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return Sum(((1, self._node(left)), (1, self._node(right))))
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return Sum(((1, self._node(left)), (-1, self._node(right))))
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return Product((self._node(left), self._node(right)))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return Product((self._node(left),), (self._node(right),))
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return Power(self._node(left), self._node(right))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._node(body if self._at_the_point(test) else orelse)
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._call(name, node, [self._node(a) for a in args])
        raise TypeError(f"a slope has {ast.unparse(node)!r}, which is not a formula.")

    def _call(self, name: str, node: ast.expr, args: list[Formula]) -> Formula:
        """Helper rows, whose names begin with _, are written out."""
        rule = RULES[name]
        if not name.startswith("_"):
            return Call(rule.name, tuple(args))
        if rule.kind == "flat":
            return Number(self._at_the_point(node))
        if rule.value is None:
            return Call(name, tuple(args))
        texts = [ast.unparse(a) for a in node.args] if isinstance(node, ast.Call) else []
        values = [self._at_the_point(ast.parse(t, mode="eval").body) for t in texts]
        inner = _Reader(
            dict(zip(rule.args, args, strict=True)), dict(zip(rule.args, values, strict=True))
        )
        return inner.read(str(rule.complex_value or rule.value))

    def _at_the_point(self, node: ast.expr) -> Any:
        numbers = tuple(self.values.values())
        namespace = namespace_for(numbers)
        assert namespace is not None
        numbers = tuple(map(namespace.convert, numbers))
        return compile_text(ast.unparse(node), tuple(self.values), namespace)(*numbers)


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
    return x


def _sum(terms: Sequence[tuple[int, Formula]]) -> Formula:
    flat: list[tuple[int, Formula]] = []
    for sign, term in terms:
        inner = term.terms if isinstance(term, Sum) else ((1, term),)
        flat += [(sign * s, t) for s, t in inner if t != ZERO]
    if all(isinstance(t, Number) for _, t in flat):
        total = sum(s * t.value for s, t in flat if isinstance(t, Number))
        return Number(total)
    return flat[0][1] if len(flat) == 1 and flat[0][0] == 1 else Sum(tuple(flat))


def _power(base: Formula, exponent: Formula) -> Formula:
    if exponent == ONE:
        return base
    return ONE if exponent == ZERO else Power(base, exponent)


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
            case Number(value=value) if below:
                divisor *= value
            case Number(value=value):
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


def _with_powers(factors: list[Formula]) -> list[Formula]:
    return [
        f if factors.count(f) == 1 else Power(f, Number(factors.count(f)))
        for f in dict.fromkeys(factors)
    ]


# -- printers ------------------------------------------------------------------------------

SUM, PRODUCT, CALL, ATOM = range(4)  # how tightly a formula holds together


_SUBSCRIPTS = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
DOT, BAR = "\u0307", "\u0304"

# What functions are called in print: as text, in LaTeX. Others keep their name.
_NAMES = {
    "log": ("ln", r"\ln"),
    "log2": ("log₂", r"\log_2"),
    "log10": ("log₁₀", r"\log_{10}"),
    "asin": ("arcsin", r"\arcsin"),
    "acos": ("arccos", r"\arccos"),
    "atan": ("arctan", r"\arctan"),
    "asinh": ("arsinh", r"\operatorname{arsinh}"),
    "acosh": ("arcosh", r"\operatorname{arcosh}"),
    "atanh": ("artanh", r"\operatorname{artanh}"),
    "maximum": ("max", r"\max"),
    "minimum": ("min", r"\min"),
    "gamma": ("Γ", r"\Gamma"),
    "lgamma": ("ln Γ", r"\ln\Gamma"),
    "digamma": ("ψ", r"\psi"),
    "sigmoid": ("σ", r"\sigma"),
    "sign": ("sign", r"\operatorname{sign}"),
}
_NAMES |= {
    name: (name, f"\\{name}")
    for name in ("exp", "sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh")
}

_CONSTANTS = {  # those of the table
    "pi": ("π", r"\pi"),
    "ln2": ("ln 2", r"\ln 2"),
    "ln10": ("ln 10", r"\ln 10"),
    "inf": ("∞", r"\infty"),
    "nan": ("nan", r"\mathrm{nan}"),
}


class Text:
    """Formulas in Unicode: v̇₂ = v̇₋₁ × v₀ + v₋₁ × v̇₀."""

    times, minus, plus, comma = " × ", " − ", " + ", ", "
    negative = "−"

    def __init__(self, digits: int = 4) -> None:
        self.digits = digits

    def __call__(self, x: Formula, at_least: int = SUM) -> str:
        """The formula, in parentheses if it holds together less than asked for."""
        text, tightness = self._show(x)
        return self.group(text) if tightness < at_least else text

    def _show(self, x: Formula) -> tuple[str, int]:
        match x:
            case Number(value=value):
                text = self.number(value)
                return text, SUM if text.startswith(self.negative) else ATOM
            case Constant(name=name):
                return self.constant(name), ATOM if name == "pi" else CALL
            case Variable():
                return self.variable(x), ATOM
            case Partial(of=of, by=by):
                return self.partial(of, by), ATOM
            case Quoted(text=text):
                return self.quoted(text), ATOM
            case Listed(parts=parts):
                return self.quoted("[") + self.comma.join(map(self, parts)) + self.quoted("]"), ATOM
            case Element(whole=whole, index=index, stored=None):
                return self(whole, ATOM) + self.quoted(f"[{index}]"), ATOM
            case Element(whole=whole, index=index, stored=stored):
                assert stored is not None
                place = self.quoted(f" with [{index}] = ")
                return self(whole, ATOM) + place + self(stored), SUM
            case Power(base=base, exponent=exponent):
                return self.power(base, exponent), CALL
            case Call(name="abs", args=(a,)):
                return self.absolute(a), ATOM
            case Call(name="sqrt", args=(a,)):
                return self.root(a), CALL
            case Call(name=name, args=args):
                return self.call(name, args), ATOM if len(args) > 1 else CALL
            case Product(over=over, under=()):
                return self.times.join(self(f, CALL) for f in over), PRODUCT
            case Product(over=over, under=under):
                return self.fraction(over or (ONE,), under), PRODUCT
            case Sum(terms=terms):
                return self._sum(terms), SUM
            case Comparison(left=left, sign=sign, right=right):
                return f"{self(left)} {self.compare(sign)} {self(right)}", SUM
        raise TypeError(f"{type(x).__name__} is not a formula.")

    def _sum(self, terms: Sequence[tuple[int, Formula]]) -> str:
        text = ""
        for sign, term in terms:
            if text:
                text += self.plus if sign == 1 else self.minus
            elif sign == -1:
                text += self.negative
            text += self(term, PRODUCT)
        return text

    def group(self, text: str) -> str:
        """In parentheses."""
        return f"({text})"

    def number(self, x: Any) -> str:
        """A constant."""
        return number_text(x, self.digits)

    def constant(self, name: str) -> str:
        """A constant with a name."""
        return _CONSTANTS[name][0]

    def variable(self, v: Variable) -> str:
        """A variable with its dot or bar, and its index."""
        dot = {"": "", "dot": DOT, "bar": BAR}[v.mark]
        index = "" if v.index is None else str(v.index).translate(_SUBSCRIPTS)
        return normalize("NFC", v.letter[0] + dot) + v.letter[1:] + index

    def partial(self, of: Variable, by: Variable) -> str:
        """A partial derivative."""
        return f"∂{self(of)}/∂{self(by)}"

    def quoted(self, text: str) -> str:
        """What is shown as it is."""
        return text

    def power(self, base: Formula, exponent: Formula) -> str:
        """A power."""
        below = self(base, ATOM)
        if isinstance(exponent, Number):
            text = self.number(exponent.value).replace("−", "-")
            text = text.removesuffix(".0")  # as mpmath writes whole numbers
            if text.lstrip("-").isdecimal():
                return below + text.translate(_SUPERSCRIPTS)
        return f"{below}^{self(exponent, ATOM)}"

    def absolute(self, x: Formula) -> str:
        """An absolute value."""
        return f"|{self(x)}|"

    def root(self, x: Formula) -> str:
        """A square root."""
        return f"√{self(x, ATOM)}"

    def call(self, name: str, args: Sequence[Formula]) -> str:
        """A function: sin v₀, sin(v₀ + 1), max(v₀, v₁)."""
        title = self.title(name)
        if len(args) == 1 and isinstance(args[0], Variable):
            return f"{title} {self(args[0])}"
        return title + self.group(self.comma.join(map(self, args)))

    def title(self, name: str) -> str:
        """What a function is called."""
        return _NAMES[name][0] if name in _NAMES else name.lstrip("_")

    def fraction(self, over: Sequence[Formula], under: Sequence[Formula]) -> str:
        """A quotient."""
        top = self.times.join(self(f, CALL) for f in over)
        bottom = self(under[0], CALL) if len(under) == 1 else self(Product(tuple(under)), ATOM)
        bar = "/" if len(over) == 1 and isinstance(over[0], (Variable, Number)) else " / "
        return top + bar + bottom

    def compare(self, sign: str) -> str:
        """<, ≤, =, …"""
        return {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}.get(sign, sign)


_ESCAPED = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}


class Latex(Text):
    r"""Formulas in LaTeX: \dot v_{2} = \dot v_{-1} \, v_{0} + …"""

    times, minus, plus = r" \cdot ", " - ", " + "
    negative = "-"

    def group(self, text: str) -> str:
        return rf"\left({text}\right)"

    def number(self, x: Any) -> str:
        text = number_text(x, self.digits).replace("−", "-").replace("∞", r"\infty")
        mantissa, e, exponent = text.partition("e")
        return (
            rf"{mantissa} \cdot 10^{{{exponent}}}" if e and exponent.strip("-").isdigit() else text
        )

    def constant(self, name: str) -> str:
        return _CONSTANTS[name][1]

    def variable(self, v: Variable) -> str:
        escaped = v.letter.replace("_", r"\_").replace("{", r"\{").replace("}", r"\}")
        letter = escaped if len(v.letter) == 1 else rf"\mathit{{{escaped}}}"
        marked = rf"\{v.mark}{{{letter}}}" if v.mark else letter
        return marked + ("" if v.index is None else f"_{{{v.index}}}")

    def partial(self, of: Variable, by: Variable) -> str:
        return rf"\frac{{\partial {self(of)}}}{{\partial {self(by)}}}"

    def quoted(self, text: str) -> str:
        escaped = "".join(_ESCAPED.get(c, f"\\{c}" if c in "_{}%&#$" else c) for c in text)
        return rf"\text{{{escaped}}}"

    def power(self, base: Formula, exponent: Formula) -> str:
        return f"{{{self(base, ATOM)}}}^{{{self(exponent)}}}"

    def absolute(self, x: Formula) -> str:
        return rf"\left\lvert {self(x)} \right\rvert"

    def root(self, x: Formula) -> str:
        return rf"\sqrt{{{self(x)}}}"

    def title(self, name: str) -> str:
        if name in _NAMES:
            return _NAMES[name][1]
        texts = {"_": r"\_", "′": "'", "∂": r"\partial "}
        return rf"\operatorname{{{''.join(texts.get(c, c) for c in name.strip('_'))}}}"

    def fraction(self, over: Sequence[Formula], under: Sequence[Formula]) -> str:
        top, bottom = (self(f[0] if len(f) == 1 else Product(tuple(f))) for f in (over, under))
        return rf"\frac{{{top}}}{{{bottom}}}"

    def compare(self, sign: str) -> str:
        return {"<=": r"\le", ">=": r"\ge", "==": "=", "!=": r"\ne"}.get(sign, sign)


class MathML(Text):
    """Formulas in MathML, which browsers show without any help."""

    times, minus, plus = "<mo>×</mo>", "<mo>−</mo>", "<mo>+</mo>"
    comma = "<mo>,</mo>"
    negative = '<mo form="prefix">−</mo>'

    def group(self, text: str) -> str:
        grows = "" if "<mfrac>" in text else ' stretchy="false"'
        return f"<mrow><mo{grows}>(</mo>{text}<mo{grows}>)</mo></mrow>"

    def number(self, x: Any) -> str:
        text = number_text(x, self.digits)
        sign, text = (self.negative, text[1:]) if text.startswith("−") else ("", text)
        mantissa, e, exponent = text.partition("e")
        if e and exponent.strip("−").isdigit():
            power = f"<msup><mn>10</mn><mn>{exponent}</mn></msup>"
            return f"{sign}<mn>{mantissa}</mn><mo>·</mo>{power}"
        return f"{sign}<mn>{escape(text)}</mn>"

    def constant(self, name: str) -> str:
        return f"<mi>{_CONSTANTS[name][0]}</mi>"

    def variable(self, v: Variable) -> str:
        letter, rest = f"<mi>{escape(v.letter[0])}</mi>", escape(v.letter[1:])
        if v.mark:
            above = "˙" if v.mark == "dot" else "¯"
            letter = f'<mover accent="true">{letter}<mo>{above}</mo></mover>'
            letter += f"<mi>{rest}</mi>" * bool(rest)
        else:
            letter = f"<mi>{escape(v.letter)}</mi>"
        if v.index is None:
            return letter
        minus = "<mo>−</mo>" if v.index < 0 else ""
        return f"<msub>{letter}<mrow>{minus}<mn>{abs(v.index)}</mn></mrow></msub>"

    def partial(self, of: Variable, by: Variable) -> str:
        top, bottom = (f"<mo>∂</mo>{self(v)}" for v in (of, by))
        return f"<mfrac><mrow>{top}</mrow><mrow>{bottom}</mrow></mfrac>"

    def quoted(self, text: str) -> str:
        return f"<mtext>{escape(text).replace(' ', '&#160;')}</mtext>"

    def power(self, base: Formula, exponent: Formula) -> str:
        return f"<msup><mrow>{self(base, ATOM)}</mrow><mrow>{self(exponent)}</mrow></msup>"

    def absolute(self, x: Formula) -> str:
        return f"<mrow><mo>|</mo>{self(x)}<mo>|</mo></mrow>"

    def root(self, x: Formula) -> str:
        return f"<msqrt>{self(x)}</msqrt>"

    def call(self, name: str, args: Sequence[Formula]) -> str:
        title = f"<mi>{escape(self.title(name))}</mi>"
        if len(args) == 1 and isinstance(args[0], Variable):
            return f'{title}<mspace width="0.17em"/>{self(args[0])}'
        return title + self.group(self.comma.join(map(self, args)))

    def fraction(self, over: Sequence[Formula], under: Sequence[Formula]) -> str:
        top, bottom = (self(f[0] if len(f) == 1 else Product(tuple(f))) for f in (over, under))
        return f"<mfrac><mrow>{top}</mrow><mrow>{bottom}</mrow></mfrac>"

    def compare(self, sign: str) -> str:
        return f"<mo>{escape(super().compare(sign))}</mo>"
