"""Partial derivatives of a text of the table, as a text: what a slope is, read from the rows.

>>> partial("xlogy(a - 1, x) - x", "a")
'(log(x))'
>>> partial("xlogy(a - 1, x) - x", "loc")
'0'
"""

from __future__ import annotations

import ast
from typing import Any

from ..rules import RULES, Rule
from ..special_rules import TABLE


def partial(text: str, name: str) -> str:
    """The derivative of an expression of the table's functions in one of its variables.

    Parameters
    ----------
    text : str
        As the texts of rows are written, with `+ - * /`, calls and `a if c else b`.
    name : str
        The variable.

    Returns
    -------
    str
        An expression in the same variables; '0' if it does not depend on this one.

    Raises
    ------
    ValueError
        If there is something in the text whose slope is not text.
    """
    return _partial(ast.parse(text, mode="eval").body, name) or "0"


def _partial(node: Any, name: str) -> str:
    """The same of a part of it; nothing for zero."""
    if isinstance(node, ast.Constant):
        return ""
    if isinstance(node, ast.Name):
        return "1" if node.id == name else ""
    if isinstance(node, ast.UnaryOp):
        inner = _partial(node.operand, name)
        return inner and f"-({inner})"
    if isinstance(node, ast.BinOp):
        return _of_operator(node, name)
    if isinstance(node, ast.IfExp):
        a, b = (
            "nan" if isinstance(branch, ast.Name) and branch.id == "nan" else _partial(branch, name)
            for branch in (node.body, node.orelse)
        )
        return f"({a or 0} if {ast.unparse(node.test)} else {b or 0})" if a or b else ""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _of_call(node, node.func.id, name)
    raise ValueError(f"{ast.unparse(node)} in a text of the table has no derivative.")


def _of_operator(node: ast.BinOp, name: str) -> str:
    a, b = f"({ast.unparse(node.left)})", f"({ast.unparse(node.right)})"
    by_a, by_b = _partial(node.left, name), _partial(node.right, name)
    if isinstance(node.op, (ast.Add, ast.Sub)):
        sign = "+" if isinstance(node.op, ast.Add) else "-"
        return f"{by_a} {sign} ({by_b})" if by_a and by_b else by_a or (by_b and f"{sign}({by_b})")
    if isinstance(node.op, ast.Mult):
        return _sum(_times(by_a, b), _times(by_b, a))
    if isinstance(node.op, ast.Div):
        return _sum(by_a and f"({by_a})/{b}", by_b and f"-({a}/{b})*({by_b})/{b}")
    raise ValueError(f"{ast.unparse(node)} in a text of the table is to be written as a call.")


def _of_call(node: ast.Call, function: str, name: str) -> str:
    inner = [_partial(arg, name) for arg in node.args]
    if not any(inner):
        return ""
    rule: Rule = TABLE.get(function) or RULES[function]
    given = dict(zip(rule.args, node.args, strict=True)) | {"y": node}
    if not rule.slopes and isinstance(rule.value, str):
        return _partial(_filled(rule.value, given), name)
    terms = []
    for slope, each in zip(rule.slopes, inner, strict=True):
        if each and not isinstance(slope, str):
            raise ValueError(f"{function} has no slope of text to derive {name} from.")
        if each and slope != "0":
            terms.append(_times(each, f"({ast.unparse(_filled(str(slope), given))})"))
    return _sum(*terms)


def _filled(text: str, given: dict[str, ast.expr]) -> ast.expr:
    """A text, its variables replaced by expressions."""

    class Fill(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return given.get(node.id, node)

    filled: ast.expr = Fill().visit(ast.parse(text, mode="eval")).body
    return filled


def _times(factor: str, other: str) -> str:
    return other if factor == "1" else factor and f"({factor})*{other}"


def _sum(*terms: str) -> str:
    return " + ".join(f"({term})" if len(terms) > 1 else term for term in terms if term)
