"""The table of rules as JavaScript: values and slopes of the rows that a page calculates itself.

>>> written = Written()
>>> written.add("sin")
>>> print(written.text())
const VALUE = {
  "sin": (x) => Math.sin(x),
  "cos": (x) => Math.cos(x),
};
const SLOPES = {
  "sin": [(x, y) => VALUE.cos(x)],
};
"""

from __future__ import annotations

import ast
import json
import math
from typing import Any

from ..rules import Rule
from ..table import RULES
from .formula import is_norm

_CONSTANTS = {"pi": "Math.PI", "ln2": "Math.LN2", "ln10": "Math.LN10", "inf": "Infinity",
              "nan": "NaN"}  # fmt: skip
_MATH = {"sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh",
         "acosh", "atanh", "exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "abs",
         "hypot", "pow", "floor", "ceil", "trunc", "sign"}  # fmt: skip
_OTHERS = {
    "exp2": "Math.pow(2, x)",
    "rint": "x % 1 === 0.5 || x % 1 === -0.5 ? 2 * Math.round(x / 2) : Math.round(x)",
    "degrees": f"x * {180 / math.pi!r}",
    "radians": f"x * {math.pi / 180!r}",
    "isfinite": "Number.isFinite(x)",
    "real": "x",
    "conj": "x",
    "imag": "0",
}
_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARED = {ast.Eq: "===", ast.NotEq: "!==", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">",
             ast.GtE: ">="}  # fmt: skip


class NotInJavaScript(Exception):
    """A row that JavaScript has no function for."""


class Written:
    """The rows that a page needs, with all that they are made of."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.slopes: dict[str, str] = {}

    def add(self, name: str) -> None:
        """Write a row, its value and its slopes.

        Raises
        ------
        NotInJavaScript
            If that is not possible; then nothing is written.
        """
        if is_norm(name):  # math.hypot, of which each count has its own row
            count = int(name[5:])
            self.values[name] = "Math.hypot"
            slope = "x[{0}] === 0 ? 0 : x[{1}] / x[{0}]"
            self.slopes[name] = f"[{', '.join(f'(...x) => {slope.format(count, k)}' for k in range(count))}]"
            return
        before = dict(self.values)
        try:
            rule = RULES[name]
            self._value(rule)
            if name not in self.slopes and rule.kind != "flat":
                args = (*rule.args, "y")
                each = [f"({', '.join(args)}) => {self._read(s, args)}" for s in rule.slopes if s]
                if len(each) != len(rule.args):
                    raise NotInJavaScript(name)
                self.slopes[name] = f"[{', '.join(each)}]"
        except (KeyError, NotInJavaScript) as error:
            self.values = before
            raise NotInJavaScript(name) from error

    def text(self) -> str:
        """All of it."""
        tables = {"VALUE": self.values, "SLOPES": self.slopes}
        return "\n".join(
            f"const {title} = {{\n"
            + "".join(f"  {json.dumps(name)}: {text},\n" for name, text in table.items())
            + "};"
            for title, table in tables.items()
        )

    def _value(self, rule: Rule) -> None:
        name = rule.name
        if name in self.values:
            return
        if name in _MATH:
            args = ", ".join(rule.args)
            self.values[name] = f"({args}) => Math.{name}({args})"
        elif name in _OTHERS:
            self.values[name] = f"(x) => {_OTHERS[name]}"
        else:
            self.values[name] = ""  # a row that is made of itself is not read twice
            self.values[name] = f"({', '.join(rule.args)}) => {self._read(rule.value, rule.args)}"

    def _read(self, text: Any, args: tuple[str, ...]) -> str:
        if not isinstance(text, str):
            raise NotInJavaScript(text)
        return self._node(ast.parse(text, mode="eval").body, args)

    def _node(self, node: ast.expr, args: tuple[str, ...]) -> str:
        def js(part: ast.expr) -> str:
            return self._node(part, args)

        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as value):
                return repr(value)
            case ast.Name(id=name) if name in args:
                return name
            case ast.Name(id=name) if name in _CONSTANTS:
                return _CONSTANTS[name]
            case ast.UnaryOp(op=ast.USub(), operand=x):
                return f"-({js(x)})"
            case ast.UnaryOp(op=ast.UAdd(), operand=x):
                return js(x)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
                return f"({js(left)} {_SIGNS[type(op)]} {js(right)})"
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return f"Math.pow({js(left)}, {js(right)})"
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
                return f"Math.floor({js(left)} / {js(right)})"
            case ast.BinOp(left=a, op=ast.Mod(), right=b):
                return f"({js(a)} - {js(b)} * Math.floor({js(a)} / {js(b)}))"
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARED:
                return f"{js(left)} {_COMPARED[type(op)]} {js(right)}"
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return f"({js(test)} ? {js(body)} : {js(orelse)})"
            case ast.Call(func=ast.Name(id="round"), args=[x, ast.Constant(value=0)]):
                return js(ast.Call(ast.Name("rint"), [x], []))
            case ast.Call(func=ast.Name(id=name), args=given):
                self._value(RULES[name])
                return f"VALUE.{RULES[name].name}({', '.join(map(js, given))})"
        raise NotInJavaScript(ast.unparse(node))
