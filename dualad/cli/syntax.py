"""What an expression may be: Python's parser makes a tree of the text, and the tree is checked.

Nothing of the text is ever executed. Whatever is not a number, name, operator, condition or
function of the table is refused.
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from ..rules import Rule
from ..sentences import closest, shorten
from ..table import RULES
from .errors import InputError

LONGEST = 5000  # characters
DEEPEST = 100  # parentheses, powers and calls inside each other; sums and products do not count

OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
}
SIGNS: dict[type[ast.unaryop], str] = {ast.USub: "neg", ast.UAdd: "pos"}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
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
}

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


class Source:
    """The text of an expression on one line, and its tree once it has been checked.

    Parameters
    ----------
    text : str
        The text.
    lists : bool
        Whether the whole may be a (nested) list of expressions.

    Attributes
    ----------
    text : str
        The text on one line.
    tree : ast.expr
        The tree. It holds only what an expression may have.
    names : tuple of str
        The variables and constants, in the order of appearance.

    Raises
    ------
    InputError
        If the text is anything else.
    """

    def __init__(self, text: str, *, lists: bool = False) -> None:
        self.text = " ".join(text.split())
        self.tree = _parse(self.text)
        self._bytes = self.text.encode()  # the tree counts its columns in these
        names: dict[str, None] = {}
        todo = [(self.tree, 0, lists)]
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

    def part(self, node: ast.expr) -> str:
        """The text of a part of the tree."""
        return self._bytes[node.col_offset : node.end_col_offset].decode()

    def quote(self, node: ast.expr) -> str:
        """The same for a message: in quotes, and shortened."""
        return repr(shorten(self.part(node)))

    def _parts(self, node: ast.expr) -> list[ast.expr]:
        """The parts of an allowed value; others are refused."""
        match node:
            case ast.Name():
                return []
            case ast.Constant(value=value) if type(value) in (int, float):
                return []
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                return [left, right]
            case ast.UnaryOp(op=op, operand=operand) if type(op) in SIGNS:
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
                case ast.Compare(ops=ops) if all(type(op) in COMPARISONS for op in ops):
                    parts += [node.left, *node.comparators]
                case _:
                    raise InputError(
                        f"{self.quote(node)} is not a condition; write a comparison, as in "
                        "'a if x > 0 else b'."
                    )
        raise InputError(_too_deep(self.text))

    def _check_name(self, node: ast.Name) -> None:
        if node.id.startswith("__"):
            raise InputError(f"{node.id!r} is not a name for a variable; choose another one.")

    def _check_call(self, node: ast.Call) -> None:
        called = self.quote(node.func)
        if not isinstance(node.func, ast.Name):
            if isinstance(node.func, ast.Attribute):
                raise InputError(self._refusal(node.func))
            raise InputError(f"{called} is not a function; write * between factors.")
        if node.keywords:
            raise InputError(
                f"{self.quote(node)} has a keyword argument; write the numbers alone, in order."
            )
        name = node.func.id
        rule = rule_named(name)
        if rule is None:
            if name in RULES and not name.startswith("_"):
                raise InputError(f"{name} gives two numbers, where an expression has one.")
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
                f"{name} takes {n} argument{'s' * (n > 1)}, "
                f"{name}({', '.join(rule.args)}); got {len(node.args)}"
                + ("; write round(x, 0)." if name == "round" else ".")
            )

    def _refusal(self, node: ast.expr) -> str:
        quoted = self.quote(node)
        match node:
            case ast.BinOp(op=ast.BitXor()):
                return f"{quoted}: write ** for powers, as in x**2."
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                return f"{quoted} is a condition; write one as in 'a if x > 0 else b'."
            case ast.BinOp() | ast.UnaryOp():
                return f"{quoted} has an operator that numbers lack; they have + - * / // % **."
            case ast.Tuple() if re.fullmatch(r"[-+]?\d+,\d+", self.part(node)):
                return f"{quoted} has a comma; write {self.part(node).replace(',', '.')}."
            case ast.Constant(value=value):
                kinds = {str: "a string", bytes: "a string", complex: "a complex number"}
                what = kinds.get(type(value), "not a number")
            case _:
                what = _REFUSED.get(type(node), f"a {type(node).__name__}")
        return f"{quoted} is {what}; an expression has numbers, names, operators and functions."


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
        at = min(error.offset - 1, len(text)) if error.offset else len(text)
        literal = "literal" in message  # 2x: in the middle of it, or at its end
        while literal and at and re.match(r"[\w.]", text[at - 1]):
            at -= 1
        rest = repr(shorten(text[at:], 20)) if text[at:] else "the end"
        raise InputError(
            f"{shorten(text)!r} is not an expression: it cannot be read at {rest}"
            f"{_what_is_missing(text[:at], text[at:], literal)}."
        ) from None
    except ValueError:  # a null byte, or half a character
        raise InputError(f"{shorten(text)!r} is not an expression.") from None


def _what_is_missing(before: str, after: str, literal: bool) -> str:
    """A hint where two values stand side by side: parentheses after a function, or a factor."""
    if text := re.fullmatch(r"([-\d.]+)\s*(deg|degrees|°)", before + after):
        return f"; write {text[1]}*pi/180"
    for opening, closing in ("()", "[]"):
        missing = (before + after).count(opening) - (before + after).count(closing)
        if missing:
            bracket = closing if missing > 0 else opening
            verb = "is" if abs(missing) == 1 else "are"
            return f"; {'a' if verb == 'is' else abs(missing)} {bracket} {verb} missing"
    word, value = re.search(r"(\w+)\s+$", before), re.match(r"[\w.]+", after)
    name = word[1] if word else ""
    if value and (name in _OTHER_SPELLINGS or rule_named(name)):
        return f"; write {_OTHER_SPELLINGS.get(name, name)}({value[0]})"
    beside = re.search(r"[\w.)]\s*$", before) and re.match(r"[\w.(]", after)
    return "; write * between factors" if literal or beside else ""


def _too_deep(text: str) -> str:
    return f"{shorten(text)!r} is nested too deeply; write a function in a script."


# -- functions -----------------------------------------------------------------------------


def rule_named(name: str) -> Rule | None:
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
    names = [name for name in RULES if rule_named(name) is not None]
    return sorted(names, key=lambda name: RULES[name].name != name)
