"""What the steps of a trace are in formulas: their values, their tangents, what they give back.

Rows of the table are read by `formula`. A function of arrays is linear in what it is given, or a
product, or has a line of its own in `_ROWS`; of everything else a derivative is written ∂v₂/∂v₁.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..forms import Form
from ..pair import plain, shape_of
from ..rules import Rule
from .formula import (
    ONE,
    ZERO,
    Call,
    Element,
    Formula,
    Infix,
    Listed,
    Named,
    Number,
    Partial,
    Product,
    Quoted,
    Reader,
    Sum,
    Transposed,
    Undecided,
    Variable,
    added,
    is_complex_value,
    is_linear_part,
    share_formula,
    signed_terms,
    simplified,
    slope_formulas,
    tangent_formula,
    value_formula,
)
from .steps import Called, Entry, Index, Read, Store, values_of

# -- functions of arrays -------------------------------------------------------------------

# What is linear in each of its arguments by itself; `linear` in all of them together is everything
# else that has a way back in reverse mode.
_PRODUCTS = {"matmul", "dot", "inner", "vdot", "outer", "kron", "tensordot", "einsum", "convolve",
             "correlate", "cross", "vecdot", "matvec", "vecmat", "multi_dot",
             "trapezoid"}  # fmt: skip
_ALSO_LINEAR = {"diff", "ediff1d", "nansum", "nanmean", "astype",
                "cumulative_sum", "nancumsum", "atleast_1d", "atleast_2d", "atleast_3d", "split",
                "array_split", "hsplit", "vsplit", "dsplit", "unstack", "meshgrid",
                "broadcast_arrays"}  # fmt: skip
_LINEAR_IN_FIRST = {"average", "gradient"}  # not in weights and places
_VALUES = {"where": (1, 2), "append": (1,), "insert": (2,)}  # where whole numbers are no places
_VALUE_OPTIONS = {"initial", "constant_values", "end_values", "prepend", "append",
                  "to_begin", "to_end"}  # fmt: skip
_ADDED = {"initial", "constant_values", "end_values"}  # of these, whose zeros need not be written
_NOT_LINEAR = {"multiply", "divide", "solve", "choose"}  # of forms they are, by a number


def _is_real(a: Any, y: Any) -> Any:
    return not is_complex_value(a)


def _is_real_and_not_0(a: Any, y: Any) -> Any:
    return _is_real(a, y) and y != 0


def _has_no_0(a: Any, y: Any) -> Any:
    return np.all(np.asarray(a) != 0)


def _is_vector(a: Any, y: Any) -> Any:
    return np.ndim(a) == 1


def _is_alone(a: Any, y: Any) -> Any:
    """Whether one element of a vector is the largest, or the smallest; several would share."""
    return _is_vector(a, y) and np.sum(np.asarray(a) == y) == 1


def _is_matrix(a: Any, *others: Any) -> Any:
    return np.ndim(a) == 2


def _is_regular(a: Any, y: Any) -> Any:
    return _is_matrix(a) and y != 0


class _Row(NamedTuple):
    """A function without further options.

    `arguments`, its tangent, and what it gives back to each argument: y is the result, n the size
    of a; da and db are tangents, g is the adjoint of y. `holds`: for which arguments and result.
    """

    arguments: tuple[str, ...]
    tangent: str
    back: tuple[str, ...] = ()
    holds: Callable[..., Any] = lambda *_: True


_EXTREMES = dict.fromkeys(("max", "amax"), _Row(("a",), "da[argmax(a)]", holds=_is_alone))
_EXTREMES |= dict.fromkeys(("min", "amin"), _Row(("a",), "da[argmin(a)]", holds=_is_alone))

_ROWS = _EXTREMES | {
    "sum": _Row(("a",), "sum(da)"),
    "mean": _Row(("a",), "mean(da)", ("g/n",)),
    "var": _Row(("a",), "2*mean((a - mean(a))*da)", ("g*2*(a - mean(a))/n",), _is_real),
    "std": _Row(("a",), "mean((a - mean(a))*da)/y", ("g*(a - mean(a))/(n*y)",), _is_real_and_not_0),
    "prod": _Row(("a",), "y*sum(da/a)", ("g*y/a",), _has_no_0),
    "norm": _Row(("a",), "sum(a*da)/y", ("g*a/y",), _is_real_and_not_0),
    "sort": _Row(("a",), "da[argsort(a)]", holds=_is_vector),
    "cumprod": _Row(("a",), "y*cumsum(da/a)", holds=_has_no_0),
    "inv": _Row(("a",), "-(y @ da @ y)", ("-(y.T @ g @ y.T)",), _is_matrix),
    "det": _Row(("a",), "y*trace(a**-1 @ da)", ("g*y*(a**-1).T",), _is_regular),
    "solve": _Row(
        ("a", "b"),
        "solve(a, db - da @ y)",
        ("-outer(solve(a.T, g), y)", "solve(a.T, g)"),
        _is_matrix,
    ),
}


@cache
def _linear_names() -> frozenset[str]:
    names = {getattr(f, "__name__", "") for f in Form.FUNCTIONS}
    rows = set(_ROWS) - {"sum", "mean"}
    return frozenset(names | _ALSO_LINEAR) - _NOT_LINEAR - _PRODUCTS - _LINEAR_IN_FIRST - rows


class Option:
    """An argument with its name."""

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, value


def flat(operands: Any) -> Iterator[Any]:
    """All operands of a step, those in lists too."""
    for x in operands:
        x = x.value if isinstance(x, Option) else x
        if isinstance(x, list):
            yield from flat(x)
        else:
            yield x


def _has_entries(x: Any) -> bool:
    return any(isinstance(v, Entry) for v in flat([x]))


def _number(x: Any) -> Any:
    """An operand as a number, or an array."""
    if isinstance(x, list):
        return np.array(list(map(_number, x)))
    return plain(x.value if isinstance(x, Entry) else x)


def _row(entry: Entry) -> _Row | None:
    """What is known of a function with these arguments."""
    match entry.operation:
        case Called(name=name, result=None) if name in _ROWS:
            row = _ROWS[name]
        case _:
            return None
    if len(row.arguments) != len(entry.operands) or any(
        isinstance(x, Option) for x in entry.operands
    ):
        return None
    return row if row.holds(*map(_number, entry.operands), plain(entry.value)) else None


# -- values --------------------------------------------------------------------------------


def value_of_step(entry: Entry) -> Formula:
    """What a step calculates."""
    return _value(entry, _arguments_in_print(entry))


def arguments_of_step(entry: Entry) -> tuple[Formula, ...]:
    """What a step is made of, one after the other; a row of the table calculates with truths."""
    if entry.rule is None:
        return tuple(map(operand, entry.operands))
    return tuple(operand(int(x) if isinstance(x, (bool, np.bool_)) else x) for x in entry.operands)


def _arguments_in_print(entry: Entry) -> tuple[Formula, ...]:
    """The same, but math.log(x, 3) divides by ln 3."""
    args, source = arguments_of_step(entry), entry.place.source
    if entry.rule is not None and entry.rule.name == "div" and "log(" in source:
        match _parsed(source):
            case ast.Call(
                func=ast.Attribute(attr="log") | ast.Name(id="log"), args=[_, _] as given
            ):
                return tuple(map(_as_logarithm, args, given))
    return args


def _as_logarithm(x: Formula, of: ast.expr) -> Formula:
    match x, of:
        case Number(value=value), ast.Constant(value=int() | float() as number) if number > 0:
            return Call("log", (Number(number),)) if math.log(number) == value else x
    return x


def _parsed(source: str) -> ast.expr | None:
    try:
        return ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _value(entry: Entry, args: tuple[Formula, ...]) -> Formula:
    match entry.operation:
        case Rule() as rule:
            return value_formula(rule, args)
        case Read(index=index):
            return Element(args[0], str(index))
        case Store(index=index):
            return Element(args[0], str(index), args[1])
        case Called(name="matmul") if len(args) == 2:
            return Infix(args[0], "·", args[1])
        case Called(name=name, result=result):
            call = Call(name, args)
            return call if result is None else Element(call, str(result))
    is_gathered = shape_of(entry.value) and not entry.place.is_solver
    name, given = ("array", None) if is_gathered else _called(entry.place.source)
    match given:
        case ast.Name() if len(args) == 1 and shape_of(values_of(entry.operands)[0]):
            return Call(name, args)
        case ast.List(elts=each) | ast.Tuple(elts=each) if len(args) == len(each):
            return Call(name, args)
    return Call(name, (*args, Quoted("…")))  # what else it was given is not known


_CONVERSIONS = {"float", "int", "complex", "abs", "round", "str", "print"}


def _called(source: str) -> tuple[str, ast.expr | None]:
    """The function that an expression calls, a solver's, and its argument, if it has only one."""
    node = _parsed(source)
    if node is None:
        return "f", None
    while not isinstance(node, ast.Call) or isinstance(node.func, ast.Call) or _converts(node):
        match node:
            case ast.Call(func=ast.Name(), args=[inner, *_]):
                node = inner  # float(brentq(…)) is a brentq
            case ast.Subscript(value=inner) | ast.Attribute(value=inner) | ast.Call(func=inner):
                node = inner  # CubicSpline(…)(x) is a CubicSpline
            case _:
                return "f", None
    is_of_one = len(node.args) == 1 and not node.keywords
    return ast.unparse(node.func).rpartition(".")[2], node.args[0] if is_of_one else None


def _converts(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in _CONVERSIONS and bool(call.args)


def operand(x: Any) -> Formula:
    """An operand as it stands in a formula."""
    if isinstance(x, Entry):
        return x.variable
    if isinstance(x, list):
        return Listed(tuple(map(operand, x)))
    if isinstance(x, Option):
        return Named(x.name, operand(x.value))
    number = plain(x)
    if isinstance(number, type) or callable(number):  # whose repr is an address
        name = getattr(number, "__name__", type(number).__name__)
        return Quoted(name.strip("<>"))
    if isinstance(number, (str, type(None), bool, tuple, slice)):
        return Quoted(repr(number))
    return Number(number)


# -- tangents ------------------------------------------------------------------------------


def tangent_of_step(entry: Entry, sources: Sequence[Entry]) -> Formula:
    """The tangent of a step that is made of these."""
    v, operands = entry.variable, entry.operands
    args = _arguments_in_print(entry)
    if entry.rule is not None:
        if is_linear_part(entry.rule, _numbers(entry)):
            return Call(entry.rule.name, tuple(a.tangent for a in args if isinstance(a, Variable)))
        slopes = _slopes(entry)
        return tangent_formula(entry.rule, args, slopes) if slopes else _by_partials(entry, sources)
    values = _values_of(entry.operation)
    dotted = tuple(_tangent(x, i in values) for i, x in enumerate(operands))
    if isinstance(entry.operation, (Read, Store)):
        return _value(entry, dotted)
    if not isinstance(entry.operation, Called):
        return _by_partials(entry, sources)
    name = entry.operation.name
    places = [i for i, x in enumerate(operands) if _has_entries(x)]
    options = [x for x in operands if isinstance(x, Option)]
    if any(x.name not in _VALUE_OPTIONS and _has_entries(x) for x in options):
        return _by_partials(entry, sources)
    if name in _PRODUCTS:
        each = [
            _value(entry, (*args[:i], factor, *args[i + 1 :]))
            for i in places
            for factor in _factors(entry, i, args[i], dotted[i])
        ]
        return each[0] if len(each) == 1 else Sum(tuple((1, term) for term in each))
    if name in _LINEAR_IN_FIRST and places == [0]:
        return _value(entry, (dotted[0], *args[1:]))
    if name in _linear_names():  # sum and mean along axes, too
        none = [
            isinstance(x, Option) and x.name in _ADDED and not _has_entries(x) for x in operands
        ]
        return _value(entry, tuple(t for t, n in zip(dotted, none, strict=True) if not n))
    if (row := _row(entry)) is not None:
        named = zip(row.arguments, operands, dotted, strict=True)
        tangents = {f"d{n}": t if _has_entries(x) else ZERO for n, x, t in named}
        env = dict(zip(row.arguments, args, strict=True)) | tangents | {"y": v}
        return simplified(Reader(env).read(row.tangent))
    return _by_partials(entry, sources)


def _factors(entry: Entry, i: int, whole: Formula, dotted: Formula) -> Iterator[Formula]:
    """An argument of a product in its tangent; of a list of factors, each of them by itself."""
    assert isinstance(entry.operation, Called)
    if entry.operation.name != "multi_dot":
        yield dotted
        return
    assert isinstance(whole, Listed) and isinstance(dotted, Listed)
    for j, x in enumerate(entry.operands[i]):
        if _has_entries(x):
            yield Listed((*whole.parts[:j], dotted.parts[j], *whole.parts[j + 1 :]))


def _values_of(operation: Any) -> tuple[int, ...]:
    """Which operands are values for certain, whatever they are made of."""
    match operation:
        case Store():
            return (0, 1)
        case Called(name=name):
            return _VALUES.get(name, ())
    return ()


def _numbers(entry: Entry) -> tuple[Any, ...]:
    return tuple(map(plain, values_of(entry.operands)))


def _slopes(entry: Entry) -> list[Formula | None] | None:
    """The slopes of a row of the table; None if they are undecided for all elements at once."""
    assert entry.rule is not None
    args, v = _arguments_in_print(entry), entry.variable
    try:
        slopes = slope_formulas(entry.rule, args, v, _numbers(entry), plain(entry.value))
    except Undecided:
        return None
    return _slopes_of_power(entry, slopes) if entry.rule.name == "pow" else slopes


def _slopes_of_power(entry: Entry, slopes: list[Formula | None]) -> list[Formula | None]:
    """Of aᵇ where b·aᵇ⁻¹ or aᵇ·ln a, taken literally, is no number: at a ≤ 0."""
    (a, b), (by_a, by_b) = _numbers(entry), slopes
    if np.ndim(a) or np.ndim(b) or is_complex_value(a) or is_complex_value(b) or a > 0:
        return slopes
    if b == 0 and by_a is not None:
        by_a = ZERO
    exponent = entry.operands[1]
    if a == 0 and plain(entry.value) == 0 and by_b is not None:
        by_b = ZERO
    elif isinstance(exponent, Entry) and not exponent.varies:
        by_b = None
    return [by_a, by_b]


def _by_partials(entry: Entry, sources: Sequence[Entry]) -> Formula:
    terms: list[Formula] = []
    for x in sources:
        partial, dotted = Partial(entry.variable, x.variable), x.variable.tangent
        are_arrays = shape_of(x.value) or shape_of(entry.value)
        terms.append(Infix(partial, "·", dotted) if are_arrays else Product((partial, dotted)))
    return terms[0] if len(terms) == 1 else Sum(tuple((1, term) for term in terms))


def _tangent(x: Any, is_value: bool = False) -> Formula:
    """An operand of a linear function in its tangent: constants vanish.

    Whole numbers may be places, or a shape, and stay, unless they stand among values.
    """
    if isinstance(x, Entry):
        return x.variable.tangent
    if isinstance(x, list):
        is_value = is_value or _has_entries(x)
        return Listed(tuple(_tangent(v, is_value) for v in x))
    if isinstance(x, Option) and x.name in _VALUE_OPTIONS:
        shape = np.shape(_number(x.value))
        zeros = Number(np.zeros(shape)) if shape else ZERO
        return Named(x.name, _tangent(x.value, is_value=True) if _has_entries(x) else zeros)
    formula = operand(x)
    if not isinstance(formula, Number) or (is_index(x) and not is_value):
        return formula
    return Number(np.zeros(shape_of(x))) if is_value and shape_of(x) else ZERO


def is_index(x: Any) -> bool:
    """Whether x is made of whole numbers or truths: a place, a shape, a condition."""
    return np.asarray(plain(x)).dtype.kind in "iub"


def slopes_of_step(
    entry: Entry, sources: Sequence[Entry], is_back: bool = False
) -> dict[Variable, Formula]:
    """The partial derivatives of a step in what it is made of, as formulas.

    Of a function of arrays what comes along from each: A · v̇₁, sum v̇₁, v̇₁[0]; or, in reverse
    mode, what goes back to each: Aᵀ · v̄₂.
    """
    v, operands = entry.variable, entry.operands
    found: dict[Variable, Formula] = {x.variable: Partial(v, x.variable) for x in sources}
    if entry.rule is None or is_linear_part(entry.rule, _numbers(entry)):
        if is_back:
            each = {x.variable: share_of_step(entry, x, None) for x in sources}
        else:
            each = _terms_by_source(tangent_of_step(entry, sources), sources)
        return found | {of: x for of, x in each.items() if not _has_partial(x)}
    slopes = _slopes(entry) or []
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
    for sign, term in signed_terms(tangent):
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
    share = _share(entry, x)
    if is_complex_value(plain(entry.value)) and not is_complex_value(plain(x.value)):
        share = Call("real", (share,))  # the adjoint of a real number is one
    return added(share, before)


def _share(entry: Entry, x: Entry) -> Formula:
    v, rule = entry.variable, entry.rule
    places = [i for i, o in enumerate(entry.operands) if o is x]
    if rule is not None:
        if is_linear_part(rule, _numbers(entry)):
            return _back_of_part(rule.name, v.adjoint)
        found = _slopes(entry) or []
        slopes = [s for i in places if found and (s := found[i])]
        if slopes:
            return share_formula(v.adjoint, slopes, _total(x, entry))
    else:
        share = _back_of_selection(entry, x)
        if share is None and len(places) == 1:
            share = _back(entry, places[0])
        if share is not None:
            return share
    if shape_of(x.value) or shape_of(entry.value):
        return Infix(v.adjoint, "·", Partial(v, x.variable))
    return share_formula(v.adjoint, [Partial(v, x.variable)])


def _total(x: Entry, entry: Entry) -> Callable[[Formula], Formula]:
    """The sum that undoes the broadcasting of x."""
    shape, whole = shape_of(x.value), shape_of(entry.value)
    new = len(whole) - len(shape)
    stretched = [i for i, n in enumerate(shape, new) if n != whole[i]]
    axes = (*range(new), *stretched)
    axis = Named("axis", Quoted(str(axes[0] if len(axes) == 1 else axes)))
    keep = Named("keepdims", Quoted("True"))

    def total(term: Formula) -> Formula:
        if not axes:
            return term
        if not shape:
            return Call("sum", (term,))
        if not stretched:
            return Call("sum", (term, axis))
        kept = Call("sum", (term, axis, keep))
        return Element(kept, ", ".join("0" * new)) if new else kept

    return total


def _back_of_part(name: str, g: Formula) -> Formula:
    """Of the real part ẏ = Re ẋ, of ẏ = Im ẋ = Re(−i·ẋ), and of the conjugate."""
    if name == "real":
        return Product((g, ONE))
    return Product((g, Number(-1j))) if name == "imag" else Call("conj", (g,))


def _back_of_selection(entry: Entry, x: Entry) -> Formula | None:
    """What goes back to the place in x that it came from; None where that is not so simple."""
    g, operands = entry.variable.adjoint, entry.operands
    if sum(o is x for o in flat(operands)) != 1:
        return None
    match entry.operation:
        case Read(index=index):  # an array of places may name one twice
            return None if index.basic is None else Element(ZERO, str(index), g)
        case Store(index=index) if operands[0] is x:
            return Element(g, str(index), ZERO)
        case Store(index=index):
            return _back_of_store(entry, x, index)
        case Called(name="stack") if len(operands) == 1 and isinstance(operands[0], list):
            which = next(i for i, o in enumerate(operands[0]) if o is x)
            return Element(g, str(which))
        case Called(name="where") if len(operands) == 3:
            if shape_of(x.value) != shape_of(entry.value):
                return None
            chosen = (g, ZERO) if operands[1] is x else (ZERO, g)
            return Call("where", (operand(operands[0]), *chosen))
        case Called(name="max" | "min" | "amax" | "amin" | "sort") if row := _row(entry):
            if np.unique(_number(operands[0])).size == np.size(_number(operands[0])):
                of = Reader({"a": operand(operands[0]), "da": g}).read(row.tangent)
                assert isinstance(of, Element)
                whole = Element(ZERO, of.index, g)  # equal ones would share what goes back
                if operands[0] is x:
                    return whole
                return Element(whole, str(next(i for i, o in enumerate(operands[0]) if o is x)))
    return None


def _back_of_store(entry: Entry, x: Entry, index: Index) -> Formula | None:
    """What goes back to x, which was stored there."""
    if index.basic is None:
        return None
    back = Element(entry.variable.adjoint, str(index))
    shape = shape_of(plain(entry.value)[index.basic])
    if shape and not shape_of(x.value):  # spread over all that part
        return Call("sum", (back,))
    return back if shape == shape_of(x.value) else None


def _back(entry: Entry, i: int) -> Formula | None:
    match entry.operation:
        case Called(name="matmul") if len(entry.operands) == 2:
            return _back_of_product(entry, i)
        case Called(name=name):
            row = _row(entry)
        case _:
            return None
    values = _numbers(entry)
    if row is None or any(map(is_complex_value, values)):
        return None
    v, g = entry.variable, entry.variable.adjoint
    if name == "sum":  # spread over all elements
        return Product((g, ONE))
    if not row.back or (name == "solve" and i == 0 and len(shape_of(entry.value)) != 1):
        return None
    env = dict(zip(row.arguments, map(operand, entry.operands), strict=True))
    env |= {"y": v, "g": g, "n": Number(int(np.prod(shape_of(values[0]))))}
    return simplified(Reader(env).read(row.back[i]))


def _back_of_product(entry: Entry, i: int) -> Formula | None:
    """A·b gives ȳ ⊗ b to A and Aᵀ·ȳ to b; A·B gives ȳ·Bᵀ and Aᵀ·ȳ; a·b gives ȳ × b, a × ȳ."""
    shapes = [shape_of(value) for value in _numbers(entry)]
    other, g = operand(entry.operands[1 - i]), entry.variable.adjoint
    if any(map(is_complex_value, _numbers(entry))):
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
