"""What the steps of a trace are in formulas: their values, their tangents, what they give back.

Rows of the table are read by `formula`. A function of arrays is linear in what it is given, or a
product, or has a line of its own in `_ROWS`; of everything else a derivative is written ∂v₂/∂v₁.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..forms import Form
from ..pair import plain, shape_of
from .formula import (
    ONE,
    ZERO,
    Call,
    Element,
    Formula,
    Infix,
    Listed,
    Number,
    Partial,
    Power,
    Product,
    Quoted,
    Sum,
    Transposed,
    Variable,
    is_complex_value,
    is_linear_part,
    parsed,
    share_formula,
    simplified,
    slope_formulas,
    tangent_formula,
    value_formula,
)
from .printers import Text
from .steps import Entry, values_of

# -- functions of arrays -------------------------------------------------------------------

# What is linear in each of its arguments by itself; `linear` in all of them together is everything
# else that has a way back in reverse mode.
_PRODUCTS = {"matmul", "dot", "inner", "vdot", "outer", "kron", "tensordot", "einsum", "convolve",
             "correlate", "cross", "vecdot", "matvec", "vecmat", "multi_dot"}  # fmt: skip
_ALSO_LINEAR = {"average", "diff", "ediff1d", "gradient", "trapezoid", "nansum", "nanmean",
                "astype", "cumulative_sum", "nancumsum", "atleast_1d", "atleast_2d", "atleast_3d",
                "split", "array_split", "hsplit", "vsplit", "dsplit", "unstack", "meshgrid",
                "broadcast_arrays"}  # fmt: skip
_NOT_LINEAR = {"multiply", "divide", "solve", "choose"}  # of forms they are, by a number

# A function without further options: its arguments, its tangent, and what it gives to each
# argument. y is the result, n the size of a; da and db are tangents, g is the adjoint of y.
_ROWS: dict[str, tuple[str, ...]] = {
    "sum": ("a", "sum(da)", "g"),
    "mean": ("a", "mean(da)", "g/n"),
    "var": ("a", "2*mean((a - mean(a))*da)", "g*2*(a - mean(a))/n"),
    "std": ("a", "mean((a - mean(a))*da)/y", "g*(a - mean(a))/(n*y)"),
    "prod": ("a", "y*sum(da/a)", "g*y/a"),
    "norm": ("a", "sum(a*da)/y", "g*a/y"),
    "sort": ("a", "da[argsort(a)]"),
    "max": ("a", "da[argmax(a)]"),
    "min": ("a", "da[argmin(a)]"),
    "amax": ("a", "da[argmax(a)]"),
    "amin": ("a", "da[argmin(a)]"),
    "cumprod": ("a", "y*cumsum(da/a)"),
    "inv": ("a", "-(y @ da @ y)", "-(y.T @ g @ y.T)"),
    "det": ("a", "y*trace(a**-1 @ da)", "g*y*(a**-1).T"),
    "solve": ("a, b", "solve(a, db - da @ y)", "-outer(solve(a.T, g), y)", "solve(a.T, g)"),
}


@cache
def _linear_names() -> frozenset[str]:
    names = {getattr(f, "__name__", "") for f in Form.FUNCTIONS}
    rows = set(_ROWS) - {"sum", "mean"}
    return frozenset(names | _ALSO_LINEAR) - _NOT_LINEAR - _PRODUCTS - rows


class Option:
    """An argument with its name."""

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, value


def flat(operands: Any) -> Iterator[Any]:
    """All operands of a step, those in lists too."""
    for x in operands:
        if isinstance(x, list):
            yield from flat(x)
        else:
            yield x.value if isinstance(x, Option) else x


# -- values --------------------------------------------------------------------------------


def value_of_step(entry: Entry) -> Formula:
    """What a step calculates."""
    return _value(entry, arguments_of_step(entry))


def arguments_of_step(entry: Entry) -> tuple[Formula, ...]:
    """What a step is made of, one after the other; a row of the table calculates with truths."""
    if entry.rule is None:
        return tuple(map(operand, entry.operands))
    return tuple(operand(int(x) if isinstance(x, (bool, np.bool_)) else x) for x in entry.operands)


def _value(entry: Entry, args: tuple[Formula, ...]) -> Formula:
    if entry.rule is not None:
        return value_formula(entry.rule, args)
    kind, text = entry.text[:1], entry.text[1:]
    if kind == "[":
        return Element(args[0], text)
    if kind == "=":
        return Element(args[0], text, args[1])
    if kind == "?":
        return Call(_called(entry.place.source), args)
    name, _, index = entry.text.partition("/")
    call = Infix(args[0], "·", args[1]) if name == "matmul" and len(args) == 2 else Call(name, args)
    return Element(call, index) if index else call


def _called(source: str) -> str:
    """The name of the function that an expression calls: a solver's."""
    try:
        node = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError):
        return "f"
    while not isinstance(node, ast.Call) or isinstance(node.func, ast.Call):
        match node:
            case ast.Subscript(value=inner) | ast.Attribute(value=inner) | ast.Call(func=inner):
                node = inner  # CubicSpline(…)(x) is a CubicSpline
            case _:
                return "f"
    return ast.unparse(node.func).rpartition(".")[2]


def operand(x: Any) -> Formula:
    """An operand as it stands in a formula."""
    if isinstance(x, Entry):
        return x.variable
    if isinstance(x, list):
        return Listed(tuple(map(operand, x)))
    if isinstance(x, Option):
        value = x.value
        text = Text()(value.variable) if isinstance(value, Entry) else repr(value)
        return Quoted(f"{x.name}={text}")
    number = plain(x)
    if isinstance(number, (str, type(None), bool, tuple, slice, type)) or callable(number):
        return Quoted(repr(number))
    return Number(number)


# -- tangents ------------------------------------------------------------------------------


def tangent_of_step(entry: Entry, sources: Sequence[Entry]) -> Formula:
    """The tangent of a step that is made of these."""
    rule, v = entry.rule, entry.variable
    operands = entry.operands
    args = arguments_of_step(entry)
    if rule is not None:
        numbers = tuple(map(plain, values_of(operands)))
        try:
            return tangent_formula(rule, args, v, numbers, plain(entry.value))
        except (ValueError, TypeError, ArithmeticError):  # undecided for all elements at once
            return _by_partials(entry, sources)
    dotted = tuple(map(_tangent, operands))
    if entry.text[:1] in ("[", "="):
        if dotted[0] == ZERO:  # stored in a constant array
            dotted = (Number(np.zeros(shape_of(entry.value))), *dotted[1:])
        return _value(entry, dotted)
    name = entry.text.partition("/")[0]
    if name in _PRODUCTS:
        places = [i for i, x in enumerate(operands) if any(isinstance(v, Entry) for v in flat([x]))]
        each = [_value(entry, (*args[:i], dotted[i], *args[i + 1 :])) for i in places]
        return each[0] if len(each) == 1 else Sum(tuple((1, term) for term in each))
    if name in _linear_names():  # sum and mean along axes, too
        return _value(entry, dotted)
    if (row := _row(entry)) is not None:
        names = row[0].split(", ")
        tangents = {f"d{n}": t for n, t in zip(names, dotted, strict=True)}
        return _read(row[1], {**dict(zip(names, args, strict=True)), **tangents, "y": v})
    return _by_partials(entry, sources)


def _by_partials(entry: Entry, sources: Sequence[Entry]) -> Formula:
    terms: list[Formula] = []
    for x in sources:
        partial, dotted = Partial(entry.variable, x.variable), x.variable.tangent
        are_arrays = shape_of(x.value) or shape_of(entry.value)
        terms.append(Infix(partial, "·", dotted) if are_arrays else Product((partial, dotted)))
    return terms[0] if len(terms) == 1 else Sum(tuple((1, term) for term in terms))


def _tangent(x: Any) -> Formula:
    """An operand of a linear function in its tangent: constants vanish."""
    if isinstance(x, Entry):
        return x.variable.tangent
    if isinstance(x, list):
        return Listed(tuple(map(_tangent, x)))
    formula = operand(x)
    is_number = isinstance(formula, Number) and not isinstance(plain(x), (int, np.integer))
    return ZERO if is_number and not is_index(x) else formula


def is_index(x: Any) -> bool:
    """Whether x is made of whole numbers or truths: a place, a shape, a condition."""
    return np.asarray(plain(x)).dtype.kind in "iub"


def _row(entry: Entry) -> tuple[str, ...] | None:
    row = _ROWS.get(entry.text.partition("/")[0])
    if row is None or len(row[0].split(", ")) != len(entry.operands) or entry.text[-1] != "/":
        return None
    if any(isinstance(x, Option) for x in entry.operands):
        return None
    return row


def slopes_of_step(
    entry: Entry, sources: Sequence[Entry], is_back: bool = False
) -> dict[Variable, Formula]:
    """The partial derivatives of a step in what it is made of, as formulas.

    Of a function of arrays what comes along from each: A · v̇₁, sum v̇₁, v̇₁[0]; or, in reverse
    mode, what goes back to each: Aᵀ · v̄₂.
    """
    v, operands = entry.variable, entry.operands
    found: dict[Variable, Formula] = {x.variable: Partial(v, x.variable) for x in sources}
    numbers = tuple(map(plain, values_of(operands)))
    if entry.rule is None or is_linear_part(entry.rule, numbers):
        if is_back:
            each = {x.variable: share_of_step(entry, x, None) for x in sources}
        else:
            each = _terms_by_source(tangent_of_step(entry, sources), sources)
        return found | {of: x for of, x in each.items() if not _has_partial(x)}
    args = arguments_of_step(entry)
    try:
        slopes = slope_formulas(entry.rule, args, v, numbers, plain(entry.value))
    except (ValueError, TypeError, ArithmeticError):  # undecided for all elements at once
        return found
    for x in sources:
        terms = [s for s, o in zip(slopes, operands, strict=False) if o is x and s is not None]
        if terms:
            is_same = all(term == terms[0] for term in terms)
            total = Product((Number(len(terms)), terms[0])) if is_same else None
            found[x.variable] = simplified(total or Sum(tuple((1, term) for term in terms)))
    return found


def _terms_by_source(tangent: Formula, sources: Sequence[Entry]) -> dict[Variable, Formula]:
    """The terms of a tangent by the one variable that each comes from, where that is so."""
    found: dict[Variable, Formula] = {}
    for sign, term in _terms(tangent):
        dotted = {part for part in _parts_of(term) if isinstance(part, Variable)}
        whose = [x.variable for x in sources if x.variable.tangent in dotted]
        if len(whose) == 1 and whose[0] not in found:
            found[whose[0]] = term if sign == 1 else Sum(((sign, term),))
    return found


def _parts_of(x: Any) -> Iterator[Any]:
    """A formula and all that it is made of."""
    yield x
    parts = vars(x).values() if isinstance(x, Formula) else x if isinstance(x, tuple) else ()
    for part in parts:
        yield from _parts_of(part)


def _has_partial(x: Formula) -> bool:
    return any(isinstance(part, Partial) for part in _parts_of(x))


# -- what goes back ------------------------------------------------------------------------


def share_of_step(entry: Entry, x: Entry, before: Formula | None) -> Formula:
    """What the adjoint of x is when a step has given its share to what came before."""
    v, rule, operands = entry.variable, entry.rule, entry.operands
    numbers = tuple(map(plain, values_of(operands)))
    if rule is not None and is_linear_part(rule, numbers):
        return _added(_back_of_part(rule.name, v.adjoint), before)
    places = [i for i, o in enumerate(operands) if o is x]
    if rule is not None:
        args = arguments_of_step(entry)
        try:
            found = slope_formulas(rule, args, v, numbers, plain(entry.value))
        except (ValueError, TypeError, ArithmeticError):  # undecided for all elements at once
            found = []
        slopes = [s for i in places if found and (s := found[i])]
        if slopes:
            total = shape_of(x.value) != shape_of(entry.value)
            return share_formula(v.adjoint, slopes, before, total)
    else:
        share = _back_of_selection(entry, x)
        if share is None and len(places) == 1:
            share = _back(entry, places[0])
        if share is not None:
            return _added(share, before)
    if shape_of(x.value) or shape_of(entry.value):
        return _added(Infix(v.adjoint, "·", Partial(v, x.variable)), before)
    return share_formula(v.adjoint, [Partial(v, x.variable)], before)


def _added(share: Formula, before: Formula | None) -> Formula:
    return share if before is None else Sum(((1, before), *_terms(share)))


def _terms(x: Formula) -> tuple[tuple[int, Formula], ...]:
    return x.terms if isinstance(x, Sum) else ((1, x),)


def _back_of_part(name: str, g: Formula) -> Formula:
    """Of the real part ẏ = Re ẋ, of ẏ = Im ẋ = Re(−i·ẋ), and of the conjugate."""
    if name == "real":
        return Product((g, ONE))
    return Product((g, Number(-1j))) if name == "imag" else Call("conj", (g,))


def _back_of_selection(entry: Entry, x: Entry) -> Formula | None:
    """What goes back to the place in x that it came from; None where that is not so simple."""
    g, kind, index = entry.variable.adjoint, entry.text[:1], entry.text[1:]
    name, operands = entry.text.partition("/")[0], entry.operands
    if sum(o is x for o in flat(operands)) != 1:
        return None
    if kind == "[":  # an array of places may name one twice
        return None if _basic(index) is None else Element(ZERO, index, g)
    if kind == "=":
        if operands[0] is x:
            return Element(g, index, ZERO)
        place = _basic(index)
        if place is None:
            return None
        shape = shape_of(plain(entry.value)[place])
        is_spread = not shape_of(x.value) and bool(shape)
        back = Element(g, index)
        return Call("sum", (back,)) if is_spread else back if shape == shape_of(x.value) else None
    if name == "stack" and len(operands) == 1 and isinstance(operands[0], list):
        which = next(i for i, o in enumerate(operands[0]) if o is x)
        return Element(g, str(which))
    if name == "where" and len(operands) == 3 and shape_of(x.value) == shape_of(entry.value):
        condition = operand(operands[0])
        chosen = (g, ZERO) if operands[1] is x else (ZERO, g)
        return Call("where", (condition, *chosen))
    row = _row(entry)
    if row is not None and row[1].startswith("da[arg"):  # max, min, sort
        numbers = plain(x.value)
        if np.unique(numbers).size == np.size(numbers):  # equal ones share what goes back
            return Element(ZERO, f"{row[1][3:].partition('(')[0]} {Text()(x.variable)}", g)
    return None


def _basic(index: str) -> tuple[Any, ...] | None:
    """An index of whole numbers and slices, from its text; None if it is another one."""
    parts = index.split(", ")
    if not all(re.fullmatch(r"-?\d+|-?\d*:-?\d*(:-?\d+)?", part) for part in parts):
        return None
    return tuple(
        slice(*(int(end) if end else None for end in part.split(":"))) if ":" in part else int(part)
        for part in parts
    )


def _back(entry: Entry, i: int) -> Formula | None:
    name, v = entry.text.partition("/")[0], entry.variable
    if name == "matmul" and len(entry.operands) == 2:
        return _back_of_product(entry, i)
    row = _row(entry)
    if row is None or len(row) < 3 or any(map(is_complex_value, values_of(entry.operands))):
        return None
    names = row[0].split(", ")
    env = dict(zip(names, map(operand, entry.operands), strict=True))
    if name == "sum":  # spread over all elements
        return Product((v.adjoint, ONE))
    if name == "solve" and i == 0 and len(shape_of(entry.value)) != 1:
        return None
    n = Number(int(np.prod(shape_of(plain(values_of(entry.operands)[0])))))
    return _read(row[2 + i], {**env, "y": v, "g": v.adjoint, "n": n})


def _back_of_product(entry: Entry, i: int) -> Formula | None:
    """A·b gives ȳ ⊗ b to A and Aᵀ·ȳ to b; A·B gives ȳ·Bᵀ and Aᵀ·ȳ; a·b gives ȳ × b, a × ȳ."""
    shapes = [shape_of(plain(value)) for value in values_of(entry.operands)]
    other, g = operand(entry.operands[1 - i]), entry.variable.adjoint
    if any(map(is_complex_value, values_of(entry.operands))):
        return None
    match len(shapes[0]), len(shapes[1]), i:
        case (1, 1, _):
            return Product((g, other))
        case (2, 1, 0):
            return Infix(g, "⊗", other)
        case (1, 2, 1):
            return Infix(other, "⊗", g)
        case (2, 1 | 2, 1):
            return Infix(Transposed(other), "·", g)
        case (1 | 2, 2, 0):
            return Infix(g, "·", Transposed(other))
    return None


# -- a row's text as a formula -------------------------------------------------------------


def _read(text: str, env: dict[str, Formula]) -> Formula:
    return simplified(_formula(parsed(text), env))


def _formula(node: ast.expr, env: dict[str, Formula]) -> Formula:
    def go(x: ast.expr) -> Formula:
        return _formula(x, env)

    match node:
        case ast.Constant(value=value):
            return Number(value)
        case ast.Name(id=name):
            return env[name]
        case ast.UnaryOp(operand=ast.Constant(value=int() as value)):
            return Number(-value)
        case ast.UnaryOp(operand=x):
            return Sum(((-1, go(x)),))
        case ast.BinOp(left=a, op=ast.Add() | ast.Sub() as op, right=b):
            return Sum(((1, go(a)), (1 if isinstance(op, ast.Add) else -1, go(b))))
        case ast.BinOp(left=a, op=ast.Mult(), right=b):
            return Product((go(a), go(b)))
        case ast.BinOp(left=a, op=ast.Div(), right=b):
            return Product((go(a),), (go(b),))
        case ast.BinOp(left=a, op=ast.MatMult(), right=b):
            return Infix(go(a), "·", go(b))
        case ast.BinOp(left=a, op=ast.Pow(), right=b):
            return Power(go(a), go(b))
        case ast.Call(func=ast.Name(id="outer"), args=[a, b]):
            return Infix(go(a), "⊗", go(b))
        case ast.Call(func=ast.Name(id=name), args=args):
            return Call(name, tuple(map(go, args)))
        case ast.Attribute(value=x):
            return Transposed(go(x))
        case ast.Subscript(value=x, slice=index):
            return Element(go(x), Text()(go(index)))
    raise AssertionError(ast.unparse(node))
