"""Expressions from outside, as the command line takes them: read, checked, then calculated.

Nothing of the text is ever executed. Python's parser makes a tree of it; whatever is no number,
name, operator, condition or function of the table is refused; then the tree is walked with the
table's functions, on floats, mpmath numbers and duals of them.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from .dual import Dual, function
from .pair import plain
from .rules import Rule
from .table import RULES
from .text import is_complex

CONSTANTS = ("pi", "tau", "e", "inf")

LONGEST = 5000  # characters
DEEPEST = 100  # parentheses, powers and calls inside each other; sums and products do not count
LARGEST = 10_000  # mpmath numbers beyond 10**±LARGEST would take forever to write down

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
}
_SIGNS: dict[type[ast.unaryop], str] = {ast.USub: "neg", ast.UAdd: "pos"}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

# What other programs call functions that the table has too.
_OTHER_SPELLINGS = {
    "ln": "log",
    "max": "maximum",
    "min": "minimum",
    "log1": "log1p",
    "sgn": "sign",
    "divmod": "mod",
}

# Arguments that count: whole numbers without a derivative, by their index.
COUNTS = {"ldexp": 1, "polygamma": 0, "round": 1}

_REFUSED: dict[type[ast.AST], str] = {
    ast.Attribute: "an attribute",
    ast.Await: "an await",
    ast.Dict: "a dict",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.JoinedStr: "an f-string",
    ast.Lambda: "a lambda",
    ast.List: "a list",
    ast.ListComp: "a comprehension",
    ast.NamedExpr: "an assignment",
    ast.Set: "a set",
    ast.SetComp: "a comprehension",
    ast.Starred: "an unpacking",
    ast.Subscript: "a subscript",
    ast.Tuple: "a tuple",
    ast.Yield: "a yield",
    ast.YieldFrom: "a yield",
}


class InputError(ValueError):
    """Input that is refused, or an expression without a value at this point; one sentence."""


class Expression:
    """A formula in some variables.

    Parameters
    ----------
    text : str
        Numbers, names, ``+ - * / // % **``, the functions of the table, and
        ``a if condition else b``, where a condition compares.
    lists : bool
        Whether the whole may be a (nested) list of formulas.

    Attributes
    ----------
    text : str
        The formula on one line.
    names : tuple of str
        What it needs values for, in the order of appearance. The `CONSTANTS` are among them
        if they occur, for a value given to such a name comes first.
    is_list : bool
        Whether the whole is a list.

    Raises
    ------
    InputError
        If the text is anything else.

    Examples
    --------
    >>> f = Expression("log(a) + a*b")
    >>> f.names
    ('a', 'b')
    >>> f({"a": 1.0, "b": Dual(2.0, 1.0)})
    Dual(2.0, 1.0)
    """

    def __init__(self, text: str, *, lists: bool = False) -> None:
        self.text = " ".join(text.split())
        self._tree = _parse(self.text)
        self._bytes = self.text.encode()  # the tree counts its columns in these
        names: dict[str, None] = {}
        todo = [(self._tree, 0, lists)]
        while todo:  # no recursion: nothing is known yet about the depth
            node, depth, lists_here = todo.pop()
            if depth > DEEPEST:
                raise InputError(_too_deep(self.text))
            if isinstance(node, ast.Name):
                self._check_name(node)
                names[node.id] = None
            if isinstance(node, ast.List) and lists_here:
                parts: Iterable[ast.expr] = node.elts
            else:
                parts, lists_here = self._parts(node), False
            chain = node.left if isinstance(node, ast.BinOp) else None
            for part in reversed(list(parts)):
                todo.append((part, depth + (part is not chain), lists_here))
        self.names = tuple(names)
        self.is_list = isinstance(self._tree, ast.List)

    # reading

    def _parts(self, node: ast.expr) -> list[ast.expr]:
        """The parts of an allowed value; others are refused."""
        match node:
            case ast.Name():
                return []
            case ast.Constant(value=value) if type(value) in (int, float):
                return []
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return [left, right]
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNS:
                return [operand]
            case ast.Call():
                self._check_call(node)
                return node.args
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return [body, *self._condition_parts(test), orelse]
        raise InputError(self._refusal(node))

    def _condition_parts(self, test: ast.expr) -> list[ast.expr]:
        """The values that a condition compares."""
        parts: list[ast.expr] = []
        todo = [test]
        for _ in range(DEEPEST):
            if not todo:
                return parts
            node = todo.pop(0)
            match node:
                case ast.BoolOp(values=values):
                    todo += values
                case ast.UnaryOp(op=ast.Not(), operand=operand):
                    todo.append(operand)
                case ast.Compare(ops=ops) if all(type(op) in _COMPARISONS for op in ops):
                    parts += [node.left, *node.comparators]
                case _:
                    raise InputError(
                        f"{self._quote(node)} is no condition; write a comparison, as in "
                        "'a if x > 0 else b'."
                    )
        raise InputError(_too_deep(self.text))

    def _check_name(self, node: ast.Name) -> None:
        if node.id.startswith("__"):
            raise InputError(f"{node.id!r} is no name for a variable; choose another one.")

    def _check_call(self, node: ast.Call) -> None:
        called = self._quote(node.func)
        if not isinstance(node.func, ast.Name):
            raise InputError(f"{called} is no function; write * between factors.")
        if node.keywords:
            raise InputError(
                f"{self._quote(node)} has a keyword argument; write the numbers alone, in order."
            )
        rule = _rule(node.func.id)
        if rule is None:
            name = node.func.id
            hint = _OTHER_SPELLINGS.get(name) or closest(name, function_names())
            raise InputError(
                f"there is no function {name}; did you mean {hint}?"
                if hint
                else f"there is no function {name}; write * between factors, and see --help for "
                "the functions."
            )
        if len(node.args) != len(rule.args):
            n = len(rule.args)
            raise InputError(
                f"{node.func.id} takes {n} argument{'s' * (n > 1)}, "
                f"{node.func.id}({', '.join(rule.args)}); got {len(node.args)}."
            )

    def _refusal(self, node: ast.expr) -> str:
        quoted = self._quote(node)
        match node:
            case ast.BinOp(op=ast.BitXor()):
                return f"{quoted}: write ** for powers, as in x**2."
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                return f"{quoted} is a condition; write one as in 'a if x > 0 else b'."
            case ast.BinOp() | ast.UnaryOp():
                return f"{quoted} has an operator that numbers lack; they have + - * / // % **."
            case ast.Constant(value=value):
                kinds = {str: "a string", bytes: "a string", complex: "a complex number"}
                what = kinds.get(type(value), "no number")
            case _:
                what = _REFUSED.get(type(node), f"a {type(node).__name__}")
        return f"{quoted} is {what}; an expression has numbers, names, operators and functions."

    def _source(self, node: ast.expr) -> str:
        return self._bytes[node.col_offset : node.end_col_offset].decode()

    def _quote(self, node: ast.expr) -> str:
        return repr(shorten(self._source(node)))

    # calculating

    def __call__(self, values: Mapping[str, Any], *, exact: bool = False) -> Any:
        """The value of the expression.

        Parameters
        ----------
        values : dict
            A float, mpmath number, or dual of these for each name.
        exact : bool
            Calculate with mpmath numbers, at mpmath's working precision.

        Raises
        ------
        InputError
            If there is no real number to give, or a value is missing.
        """
        return self._value(self._tree, values, exact)

    def _value(self, node: ast.expr, values: Mapping[str, Any], exact: bool) -> Any:
        def value(part: ast.expr) -> Any:
            return self._value(part, values, exact)

        match node:
            case ast.Constant():
                return self._number(node, exact)
            case ast.Name():
                return values[node.id] if node.id in values else constant(node.id, exact)
            case ast.List():
                return [value(part) for part in node.elts]
            case ast.IfExp():
                return value(node.body if self._holds(node.test, value) else node.orelse)
            case ast.UnaryOp():
                return self._apply(node, _SIGNS[type(node.op)], [value(node.operand)], values)
            case ast.Call(func=ast.Name(id=name)):
                return self._apply(node, name, [value(a) for a in node.args], values)
        chain = []  # a + b + c + … is as deep as it is long, but needs no recursion
        while isinstance(node, ast.BinOp):
            chain.append(node)
            node = node.left
        result = value(node)
        for step in reversed(chain):
            name = _OPERATORS[type(step.op)]
            result = self._apply(step, name, [result, value(step.right)], values)
        return result

    def _holds(self, test: ast.expr, value: Callable[[ast.expr], Any]) -> bool:
        match test:
            case ast.BoolOp(op=op, values=tests):
                each = (self._holds(t, value) for t in tests)
                return all(each) if isinstance(op, ast.And) else any(each)
            case ast.UnaryOp(operand=operand):
                return not self._holds(operand, value)
            case ast.Compare(left=left, ops=ops, comparators=others):
                a = value(left)
                for comparison, other in zip(ops, others, strict=True):
                    b = value(other)
                    if not _COMPARISONS[type(comparison)](a, b):
                        return False
                    a = b
        return True

    def _number(self, node: ast.Constant, exact: bool) -> Any:
        literal = node.value if isinstance(node.value, int) else self._source(node)
        try:
            x = number(literal, exact)
        except OverflowError:
            x = math.inf
        if not _is_finite(x) or is_out_of_range(x):
            raise InputError(f"{self._quote(node)} is too large a number.")
        return x

    def _apply(self, node: ast.expr, name: str, args: list[Any], values: Mapping[str, Any]) -> Any:
        """A row of the table on numbers; where it has no real value, say so."""
        rule = _rule(name)
        assert rule is not None
        if rule.name in COUNTS:
            self._check_count(node, rule, args)
        try:
            y = function(rule)(*args)
        except ZeroDivisionError:
            raise InputError(f"{self._place(node, values)} divides by zero.") from None
        except OverflowError:
            y = math.inf
        except ValueError:
            y = math.nan
        except (ArithmeticError, TypeError) as error:
            place = self._place(node, values)
            raise InputError(f"{place}: {str(error).rstrip('.')}.") from None
        if isinstance(y, bool):
            return float(y)
        x = plain(y)
        if is_complex(x) or (not _is_finite(x) and all(map(_is_finite, map(plain, args)))):
            place = self._place(node, values)
            exact = any(hasattr(plain(a), "_mpf_") for a in args)
            if not is_complex(x) and abs(x) == math.inf and not exact:
                raise InputError(f"{place} is too large for a float; try --digits 17.")
            given = ", ".join(brief(plain(a)) for a in args)
            raise InputError(f"{place} is no real number: {rule.name}({given}).")
        if is_out_of_range(x):
            raise InputError(
                f"{self._place(node, values)} is beyond 10**{LARGEST} or below 10**-{LARGEST}."
            )
        return y

    def _check_count(self, node: ast.expr, rule: Rule, args: list[Any]) -> None:
        """Make a whole number of an argument that has to be one."""
        i = COUNTS[rule.name]
        called = f"{self._quote(node)}: argument {i + 1} of {rule.name}"
        if isinstance(args[i], Dual):
            raise InputError(f"{called} has no derivative; name the other variables with --wrt.")
        if not (abs(args[i]) <= 1000 and args[i] == int(args[i])):
            raise InputError(f"{called} is a whole number, at most 1000; got {brief(args[i])}.")
        args[i] = int(args[i])

    def _place(self, node: ast.expr, values: Mapping[str, Any]) -> str:
        """A part of the expression, and where it was calculated."""
        inside = (n.id for n in ast.walk(node) if isinstance(n, ast.Name))
        given = [f"{n}={brief(plain(values[n]))}" for n in dict.fromkeys(inside) if n in values]
        if len(given) > 5:
            given[4:] = ["…"]
        return shorten(self._source(node)) + f" at {', '.join(given)}" * bool(given)


def _parse(text: str) -> ast.expr:
    if not text:
        raise InputError("the expression is empty; write one such as 'x**2'.")
    if len(text) > LONGEST:
        raise InputError(
            f"the expression has {len(text)} characters, but may have {LONGEST}; "
            "write a function in a script."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python's style, as for 1if x else 2
            return ast.parse(text, mode="eval").body
    except (MemoryError, RecursionError):
        raise InputError(_too_deep(text)) from None
    except SyntaxError as error:
        message = error.msg or ""
        if "too many nested" in message:
            raise InputError(_too_deep(text)) from None
        at = min(max((error.offset or 1) - 1, 0), len(text))
        rest = repr(shorten(text[at:], 20)) if text[at:] else "the end"
        hint = "; write * between factors" if "literal" in message else ""
        raise InputError(
            f"{shorten(text)!r} is no expression: it cannot be read at {rest}{hint}."
        ) from None
    except ValueError:  # a null byte, or half a character
        raise InputError(f"{shorten(text)!r} is no expression.") from None


def _too_deep(text: str) -> str:
    return f"{shorten(text)!r} is nested too deeply; write a function in a script."


def shorten(text: str, length: int = 60) -> str:
    """The text, or its beginning and end if it is long."""
    if len(text) <= length:
        return text
    half = (length - 3) // 2
    return f"{text[:half]} … {text[-half:]}"


def closest(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant, if there is one; capitals make no difference."""
    import difflib

    spelled = {n.lower(): n for n in names}
    found = difflib.get_close_matches(name.lower(), list(spelled), n=1, cutoff=0.7)
    return spelled[found[0]] if found else None


# -- numbers -------------------------------------------------------------------------------


def number(literal: str | int, exact: bool) -> Any:
    """A decimal literal as a float, or exactly that decimal at mpmath's working precision."""
    if exact:
        from mpmath import mp

        return mp.mpf(literal.replace("_", "") if isinstance(literal, str) else literal)
    return float(literal)


def constant(name: str, exact: bool) -> Any:
    """One of the `CONSTANTS`, as a float or at mpmath's working precision."""
    if name not in CONSTANTS:
        raise InputError(f"{name} has no value here; write a number.")
    if not exact:
        return getattr(math, name)
    from mpmath import mp

    return 2 * mp.pi if name == "tau" else +getattr(mp, name)


def brief(x: Any) -> str:
    """A number for a message: at most 17 digits."""
    if not hasattr(x, "_mpf_"):
        return repr(float(x))
    from mpmath import mp

    return str(mp.nstr(x, min(17, mp.dps)))


def _is_finite(x: Any) -> bool:
    return bool(x - x == 0)


def is_out_of_range(x: Any) -> bool:
    """Whether x is an mpmath number with more than `LARGEST` digits before or behind the point."""
    if not hasattr(x, "_mpf_") or not x or not _is_finite(x):
        return False
    from mpmath import mp

    return bool(abs(mp.mag(x)) > LARGEST / math.log10(2))


# -- functions -----------------------------------------------------------------------------


def _rule(name: str) -> Rule | None:
    """The row of the table that an expression may use under this name."""
    rule = None if name.startswith("_") else RULES.get(name)
    return None if rule is None or _is_pair(rule) else rule


@cache
def _is_pair(rule: Rule) -> bool:
    """Whether the function gives two numbers at once, as divmod."""
    text = rule.value if isinstance(rule.value, str) else "0"
    return isinstance(ast.parse(text, mode="eval").body, ast.Tuple)


def function_names() -> list[str]:
    """What an expression can call: names of the table, then their other spellings."""
    names = [name for name in RULES if _rule(name) is not None]
    return sorted(names, key=lambda name: RULES[name].name != name)
