"""Expressions as the command line takes them: formulas that are calculated on any numbers.

The tree that `syntax` has checked is walked with the table's functions, on floats, mpmath numbers
and duals of these. Nothing of the text is ever executed.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ..dual import Dual, function
from ..pair import plain
from ..rules import Rule
from ..sentences import shorten
from ..text import is_complex
from .errors import InputError
from .numerals import LARGEST, Number, brief, constant, is_finite, is_out_of_range, number
from .syntax import COMPARISONS, OPERATORS, SIGNS, Source, rule_named

Operand: TypeAlias = "Number | Dual"

# Arguments that count: whole numbers without a derivative, by their index.
COUNTS = {"ldexp": 1, "polygamma": 0, "round": 1}


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
        self._source = Source(text, lists=lists)
        self.text = self._source.text
        self.names = self._source.names
        self.is_list = isinstance(self._source.tree, ast.List)

    def __call__(self, values: Mapping[str, Operand], *, exact: bool = False) -> Any:
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
            If the value is not a real number, or a variable has no value.
        """
        return self._value(self._source.tree, values, exact)

    def _value(self, node: ast.expr, values: Mapping[str, Operand], exact: bool) -> Any:
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
                return self._apply(node, SIGNS[type(node.op)], [value(node.operand)], values)
            case ast.Call(func=ast.Name(id=name)):
                return self._apply(node, name, [value(a) for a in node.args], values)
        chain = []  # a + b + c + … is as deep as it is long, but needs no recursion
        while isinstance(node, ast.BinOp):
            chain.append(node)
            node = node.left
        result = value(node)
        for step in reversed(chain):
            name = OPERATORS[type(step.op)]
            result = self._apply(step, name, [result, value(step.right)], values)
        return result

    def _holds(self, test: ast.expr, value: Callable[[ast.expr], Operand]) -> bool:
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
                    if not COMPARISONS[type(comparison)](a, b):
                        return False
                    a = b
        return True

    def _number(self, node: ast.Constant, exact: bool) -> Number:
        literal = node.value if isinstance(node.value, int) else self._source.part(node)
        try:
            x = number(literal, exact)
        except OverflowError:
            x = math.inf
        if not is_finite(x) or is_out_of_range(x):
            raise InputError(f"{self._source.quote(node)} is too large a number.")
        return x

    def _apply(
        self, node: ast.expr, name: str, args: list[Operand], values: Mapping[str, Operand]
    ) -> Operand:
        """A row of the table on numbers; where it has no real value, say so."""
        rule = rule_named(name)
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
        if is_complex(x) or (not is_finite(x) and all(map(is_finite, map(plain, args)))):
            place = self._place(node, values)
            exact = any(hasattr(plain(a), "_mpf_") for a in args)
            if not is_complex(x) and abs(x) == math.inf and not exact:
                raise InputError(f"{place} is too large for a float; try --digits 17.")
            given = ", ".join(brief(plain(a)) for a in args)
            raise InputError(f"{place} is not a real number: {rule.name}({given}).")
        if is_out_of_range(x):
            raise InputError(
                f"{self._place(node, values)} is beyond 10**{LARGEST} or below 10**-{LARGEST}."
            )
        return y

    def _check_count(self, node: ast.expr, rule: Rule, args: list[Operand]) -> None:
        """Make a whole number of an argument that has to be one."""
        i = COUNTS[rule.name]
        called = f"{self._source.quote(node)}: argument {i + 1} of {rule.name}"
        if isinstance(args[i], Dual):
            raise InputError(f"{called} has no derivative; name the other variables with --wrt.")
        if not (abs(args[i]) <= 1000 and args[i] == int(args[i])):
            raise InputError(f"{called} is a whole number, at most 1000; got {brief(args[i])}.")
        args[i] = int(args[i])

    def _place(self, node: ast.expr, values: Mapping[str, Operand]) -> str:
        """A part of the expression, and where it was calculated."""
        inside = (n.id for n in ast.walk(node) if isinstance(n, ast.Name))
        given = [f"{n}={brief(plain(values[n]))}" for n in dict.fromkeys(inside) if n in values]
        if len(given) > 5:
            given[4:] = ["…"]
        return shorten(self._source.part(node)) + f" at {', '.join(given)}" * bool(given)
