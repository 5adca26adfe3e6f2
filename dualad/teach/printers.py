"""Formulas in print: as text, LaTeX and MathML.

>>> from .formula import Power, Variable
>>> Text()(Power(Variable("v", 1), Variable("v", 0))), Latex()(Variable("x", 2).tangent)
('v₁^v₀', '\\\\dot{x}_{2}')
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from unicodedata import normalize

import numpy as np

from ..text import is_complex, is_real, number_text
from .formula import (
    ONE,
    Call,
    Comparison,
    Constant,
    Element,
    Filled,
    Formula,
    Infix,
    Listed,
    Named,
    Number,
    Partial,
    Power,
    Product,
    Quoted,
    Sum,
    Transposed,
    Variable,
)

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
    # of scipy.special
    "gammaln": ("ln Γ", r"\ln\Gamma"),
    "loggamma": ("ln Γ", r"\ln\Gamma"),
    "psi": ("ψ", r"\psi"),
    "beta": ("B", r"\mathrm{B}"),
    "zeta": ("ζ", r"\zeta"),
    "riemann_zeta": ("ζ", r"\zeta"),
    "ellipk": ("K", "K"),
    "ellipe": ("E", "E"),
    "real": ("Re", r"\operatorname{Re}"),
    "imag": ("Im", r"\operatorname{Im}"),
    "expit": ("σ", r"\sigma"),
    "ndtr": ("Φ", r"\Phi"),
    "ndtri": ("Φ⁻¹", r"\Phi^{-1}"),
    "betaln": ("ln B", r"\ln\mathrm{B}"),
    "rgamma": ("1/Γ", r"\tfrac{1}{\Gamma}"),
    "jv": ("J", "J"),
    "yv": ("Y", "Y"),
    "iv": ("I", "I"),
    "kv": ("K", "K"),
    "expn": ("E", "E"),
    "expi": ("Ei", r"\operatorname{Ei}"),
    "ai": ("Ai", r"\operatorname{Ai}"),
    "aip": ("Ai′", r"\operatorname{Ai}'"),
    "bi": ("Bi", r"\operatorname{Bi}"),
    "bip": ("Bi′", r"\operatorname{Bi}'"),
    "lambertw": ("W", "W"),
    "ieee_remainder": ("remainder", r"\operatorname{remainder}"),
    # of arrays
    "sum": ("∑", r"\sum"),
    "prod": ("∏", r"\prod"),
}
_NAMES |= {
    name: (name, f"\\{name}")
    for name in ("exp", "sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh")
}

# Functions with an order, which argument it is, and how many there are without accuracies.
_ORDERED = {"jv": (0, 2), "yv": (0, 2), "iv": (0, 2), "kv": (0, 2), "expn": (0, 2),
            "lambertw": (1, 2)}  # fmt: skip
# Functions of one order: which function, and which order.
_OF_ORDER = {f"{kind}{order}": (f"{kind}v", order) for kind in "jyik" for order in (0, 1)}
_OF_ORDER |= {"exp1": ("expn", 1)}

_CONSTANTS = {  # those of the table, and of slopes in print
    "pi": ("π", r"\pi"),
    "degree": ("π/180", r"\frac{\pi}{180}"),
    "radian": ("180/π", r"\frac{180}{\pi}"),
    "ln2": ("ln 2", r"\ln 2"),
    "ln10": ("ln 10", r"\ln 10"),
    "inf": ("∞", r"\infty"),
    "nan": ("nan", r"\mathrm{nan}"),
    "sqrt2": ("√2", r"\sqrt{2}"),
    "sqrtpi": ("√π", r"\sqrt{\pi}"),
    "sqrt2pi": ("√(2π)", r"\sqrt{2\pi}"),
}


class Text:
    """Formulas in Unicode: v̇₂ = v̇₋₁ × v₀ + v₋₁ × v̇₀."""

    times, minus, plus, comma, space = " × ", " − ", " + ", ", ", " "
    negative = "−"

    def __init__(self, digits: int = 4, values: Mapping[Formula, Any] | None = None) -> None:
        self.digits = digits
        self.values = values or {}  # numbers that are written in the place of variables

    def __call__(self, x: Formula, at_least: int = SUM) -> str:
        """The formula, in parentheses if it holds together less than asked for."""
        text, tightness = self._show(x)
        return self.group(text) if tightness < at_least else text

    def _show(self, x: Formula) -> tuple[str, int]:
        match x:
            case Number(value=value):
                text = self.number(value)
                return text, SUM if self._is_signed(text, value) else ATOM
            case Constant(name=name):
                return self.constant(name), ATOM if name == "pi" else CALL
            case Filled(of=of, values=values):
                return type(self)(self.digits, values)._show(of)
            case Variable() | Partial() if x in self.values:
                return self._show(Number(self.values[x]))
            case Variable():
                return self.variable(x), ATOM
            case Partial(of=of, by=by):
                return self.partial(of, by), ATOM
            case Infix(left=left, sign=sign, right=right):
                return self(left, PRODUCT) + self.infix(sign) + self(right, CALL), PRODUCT
            case Transposed(of=of):
                return self.transposed(of), ATOM
            case Quoted(text=text):
                return self.quoted(text), ATOM
            case Named(name=name, of=of):
                return self.quoted(f"{name}=") + self(of), ATOM
            case Listed(parts=parts):
                return self.quoted("[") + self.comma.join(map(self, parts)) + self.quoted("]"), ATOM
            case Element(whole=whole, index=index, stored=None):
                return self(whole, ATOM) + self.place("[", index, "]"), ATOM
            case Element(whole=whole, index=index, stored=stored):
                assert stored is not None
                place = self.place(" with [", index, "] = ")
                return self(whole, ATOM) + place + self(stored), SUM
            case Power(base=base, exponent=exponent):
                return self.power(base, exponent), CALL
            case Call(name="abs", args=(a,)):
                return self.absolute(a), ATOM
            case Call(name="sqrt", args=(a,)):
                return self.root(a), CALL
            case Call(
                name="polygamma" | "scipy.special.polygamma" | "scipy.special._polygamma",
                args=(Number(value=n), a),
            ) if not np.ndim(n):
                return self.call("digamma" + ("′" * int(n) if n < 4 else f"[{int(n)}]"), (a,)), CALL
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

    def _is_signed(self, text: str, value: Any) -> bool:
        return text.startswith(self.negative) or (is_complex(value) and bool(value.real))

    def _sum(self, terms: Sequence[tuple[int, Formula]]) -> str:
        text = ""
        for sign, term in terms:
            if isinstance(term, Variable) and (below := _below_zero(self.values.get(term))):
                sign, term = -sign, Number(below)  # 10 + 0.5 rather than 10 − (−0.5)
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
        return _imaginary(x, self.digits) or number_text(x, self.digits)

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
        return f"∂{self.variable(of)}/∂{self.variable(by)}"

    def infix(self, sign: str) -> str:
        """The sign of a product of matrices or vectors."""
        return f" {sign} "

    def transposed(self, x: Formula) -> str:
        """A transpose."""
        return f"{self(x, ATOM)}ᵀ"

    def place(self, before: str, index: str | Formula, behind: str) -> str:
        """The index of an element between brackets."""
        if isinstance(index, str):
            return self.quoted(before + index + behind)
        return self.quoted(before) + self(index) + self.quoted(behind)

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
        name, args, order = _without_order(name, args)
        title = self.title(name)
        is_letter = len(title) == 1 and title.isascii()  # J₂(v₁) and K(v₁), but ln v₁
        title = self.head(title, order)
        if len(args) == 1 and isinstance(args[0], Variable) and not is_letter:
            return title + self.space + self(args[0], ATOM)
        return title + self.group(self.comma.join(map(self, args)))

    def head(self, title: str, order: int | None) -> str:
        """The name of a function, with its order: J₂."""
        return title if order is None else title + str(order).translate(_SUBSCRIPTS)

    def title(self, name: str) -> str:
        """What a function is called; also its derivative f′, and ∂f/∂x."""
        if name.endswith("′"):
            return self.title(name[:-1]) + "′"
        if name.startswith("∂"):
            top, _, bottom = name[1:].partition("/∂")
            return f"∂{self.title(top.lstrip('_'))}/∂{bottom}"
        if name.endswith("]"):  # a derivative of high order
            name, _, order = name[:-1].partition("[")
            return f"{self.title(name)}⁽{order.translate(_SUPERSCRIPTS)}⁾"
        return _NAMES[name][0] if name in _NAMES else name

    def fraction(self, over: Sequence[Formula], under: Sequence[Formula]) -> str:
        """A quotient."""
        top = self.times.join(self(f, CALL) for f in over)
        bottom = self(under[0], CALL) if len(under) == 1 else self(Product(tuple(under)), ATOM)
        bar = "/" if len(over) == 1 and isinstance(over[0], (Variable, Number)) else " / "
        return top + bar + bottom

    def compare(self, sign: str) -> str:
        """<, ≤, =, …"""
        return {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}.get(sign, sign)


def _without_order(name: str, args: Sequence[Formula]) -> tuple[str, Sequence[Formula], int | None]:
    """A function's name without its package, its arguments without its order, and the order."""
    name = name.removeprefix("scipy.special.").lstrip("_")
    if name in _OF_ORDER:
        name, order = _OF_ORDER[name]
        return name, args, order
    if name not in _ORDERED:
        return name, args, None
    place, count = _ORDERED[name]
    given = args[place] if len(args) >= count else None
    if not isinstance(given, Number) or np.ndim(given.value) or given.value != int(given.value):
        return name, args, None
    return name, [a for i, a in enumerate(args[:count]) if i != place], int(given.value)


def _below_zero(x: Any) -> Any:
    """−x if x is a negative real number, else None."""
    if x is None or is_complex(x) or not is_real(x):
        return None
    return -x if x < 0 else None


def _imaginary(x: Any, digits: int) -> str:
    """i, 2i or −0.5i; nothing if x is another number."""
    if not is_complex(x) or x.real or not x.imag or x != x:
        return ""
    text = number_text(x.imag, digits)
    return f"{'' if text == '1' else '−' if text == '−1' else text}i"


_ESCAPED = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
            "|": r"\textbar{}"}  # fmt: skip


def escaped(text: str) -> str:
    r"""Text for LaTeX, also in a table of Markdown.

    >>> escaped("growth_% a|b")
    'growth\\_\\% a\\textbar{}b'
    """
    return "".join(_ESCAPED.get(c, f"\\{c}" if c in "_{}%&#$" else c) for c in text)


class Latex(Text):
    r"""Formulas in LaTeX: \dot v_{2} = \dot v_{-1} \, v_{0} + …"""

    times, minus, plus = r" \cdot ", " - ", " + "
    negative = "-"

    def group(self, text: str) -> str:
        return rf"\left({text}\right)"

    def number(self, x: Any) -> str:
        text = super().number(x).replace("−", "-").replace("∞", r"\infty")
        mantissa, e, exponent = text.partition("e")
        return (
            rf"{mantissa} \cdot 10^{{{exponent}}}" if e and exponent.strip("-").isdigit() else text
        )

    def constant(self, name: str) -> str:
        return _CONSTANTS[name][1]

    def variable(self, v: Variable) -> str:
        font = r"\mathit" if re.fullmatch(r"[\w.[\]]+", v.letter) else r"\textit"
        is_letter = len(v.letter) == 1 and v.letter.isalpha()
        letter = v.letter if is_letter else f"{font}{{{escaped(v.letter)}}}"
        marked = rf"\{v.mark}{{{letter}}}" if v.mark else letter
        return marked + ("" if v.index is None else f"_{{{v.index}}}")

    def partial(self, of: Variable, by: Variable) -> str:
        return rf"\frac{{\partial {self.variable(of)}}}{{\partial {self.variable(by)}}}"

    def infix(self, sign: str) -> str:
        return {"·": r" \, ", "⊗": r" \otimes "}[sign]

    def transposed(self, x: Formula) -> str:
        return f"{{{self(x, ATOM)}}}^{{\\mathsf{{T}}}}"

    def quoted(self, text: str) -> str:
        return rf"\text{{{escaped(text)}}}"

    def power(self, base: Formula, exponent: Formula) -> str:
        return f"{{{self(base, ATOM)}}}^{{{self(exponent)}}}"

    def absolute(self, x: Formula) -> str:
        return rf"\left\lvert {self(x)} \right\rvert"

    def root(self, x: Formula) -> str:
        return rf"\sqrt{{{self(x)}}}"

    def head(self, title: str, order: int | None) -> str:
        return title if order is None else f"{title}_{{{order}}}"

    def title(self, name: str) -> str:
        if name.endswith("′"):
            return self.title(name[:-1]) + "'"
        if name.startswith("∂"):
            top, _, bottom = name[1:].partition("/∂")
            return rf"\frac{{\partial {self.title(top.lstrip('_'))}}}{{\partial {bottom}}}"
        if name.endswith("]"):
            name, _, order = name[:-1].partition("[")
            return f"{self.title(name)}^{{({order})}}"
        if name in _NAMES:
            return _NAMES[name][1]
        if not re.fullmatch(r"[\w.]+", name):
            return rf"\operatorname{{{self.quoted(name)}}}"
        return rf"\operatorname{{{escaped(name)}}}"

    def fraction(self, over: Sequence[Formula], under: Sequence[Formula]) -> str:
        top, bottom = (self(f[0] if len(f) == 1 else Product(tuple(f))) for f in (over, under))
        return rf"\frac{{{top}}}{{{bottom}}}"

    def compare(self, sign: str) -> str:
        return {"<=": r"\le", ">=": r"\ge", "==": "=", "!=": r"\ne"}.get(sign, sign)


class MathML(Text):
    """Formulas in MathML, which browsers show without any help."""

    times, minus, plus = "<mo>×</mo>", "<mo>−</mo>", "<mo>+</mo>"
    comma, space = "<mo>,</mo>", '<mspace width="0.17em"/>'
    negative = '<mo form="prefix">−</mo>'

    def group(self, text: str) -> str:
        grows = "" if "<mfrac>" in text else ' stretchy="false"'
        return f"<mrow><mo{grows}>(</mo>{text}<mo{grows}>)</mo></mrow>"

    def number(self, x: Any) -> str:
        text = super().number(x)
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
        top, bottom = (f"<mo>∂</mo>{self.variable(v)}" for v in (of, by))
        return f"<mfrac><mrow>{top}</mrow><mrow>{bottom}</mrow></mfrac>"

    def infix(self, sign: str) -> str:
        return f"<mo>{sign}</mo>"

    def transposed(self, x: Formula) -> str:
        return f"<msup><mrow>{self(x, ATOM)}</mrow><mi>T</mi></msup>"

    def quoted(self, text: str) -> str:
        return f"<mtext>{escape(text).replace(' ', '&#160;')}</mtext>"

    def power(self, base: Formula, exponent: Formula) -> str:
        return f"<msup><mrow>{self(base, ATOM)}</mrow><mrow>{self(exponent)}</mrow></msup>"

    def absolute(self, x: Formula) -> str:
        return f"<mrow><mo>|</mo>{self(x)}<mo>|</mo></mrow>"

    def root(self, x: Formula) -> str:
        return f"<msqrt>{self(x)}</msqrt>"

    def head(self, title: str, order: int | None) -> str:
        title = f"<mi>{escape(title)}</mi>"
        if order is None:
            return title
        minus = "<mo>−</mo>" * (order < 0)
        return f"<msub>{title}<mrow>{minus}<mn>{abs(order)}</mn></mrow></msub>"

    def fraction(self, over: Sequence[Formula], under: Sequence[Formula]) -> str:
        top, bottom = (self(f[0] if len(f) == 1 else Product(tuple(f))) for f in (over, under))
        return f"<mfrac><mrow>{top}</mrow><mrow>{bottom}</mrow></mfrac>"

    def compare(self, sign: str) -> str:
        return f"<mo>{escape(super().compare(sign))}</mo>"
