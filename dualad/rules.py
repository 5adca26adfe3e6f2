"""What a rule is: text turned into a function and its slopes, in one number system at a time.

A row of the table (`table.py`) says what a function is called and what its slopes are. A `Rule`
holds it, and compiles it for one `Namespace` at a time: the function itself, and its slopes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from .namespaces import CONSTANTS, Namespace
from .numerics import quiet

RULE_TEXT = "<rule: "  # what the file names of compiled texts begin with

Interval = tuple[float, float]
Slope = str | Callable[..., Any] | None
Kind = Literal["smooth", "linear", "flat", "kinked"]


class Rule:
    """One row of the table.

    Parameters
    ----------
    head : str
        "name(arguments)", and " = text" if not every number system has the function itself: how
        to calculate it. Array-API spelling; names that start with `_` are helpers of other rows.
    *slopes : str, callable or None
        Per argument an expression in the arguments and y, a callable of (arguments…, y), or None
        for "refused". No slopes at all: the text is a composition of other rows, and
        differentiates itself.
    kind : {"smooth", "linear", "flat", "kinked"}
        Linear: the function is applied to the tangent. Flat: the derivative is zero wherever
        it exists, and results are plain numbers. Kinked: slopes jump, and a zero slope
        switches a branch off.
    z : bool or str
        Whether the rule holds for complex numbers too; the text for them, if it is another one.
    over : (low, high), or one per argument
        Where tests sample.
    at : dict
        {arguments: (value, *slopes)}: special points and what must be there.
    aka : str
        Other names, such as NumPy's older spelling.
    says : str
        What the function is, if its name does not say it.
    inexact : str
        Why a derivative up to order 3 may be off by more than 4 ulp, beyond what its condition
        explains. (tests/accuracy.py measures it.)
    value : callable, optional
        The function itself, in place of a text.
    """

    def __init__(
        self,
        head: str,
        *slopes: Slope,
        kind: Kind = "smooth",
        z: bool | str = False,
        over: Sequence[Any] = (-4, 4),
        at: Mapping[Any, tuple[float, ...]] | None = None,
        aka: str = "",
        says: str = "",
        inexact: str = "",
        value: Callable[..., Any] | None = None,
    ) -> None:
        signature, _, text = head.partition(" = ")
        self.name, _, args = signature.rstrip(")").partition("(")
        self.args = tuple(args.split(", "))
        self.value: str | Callable[..., Any] | None = text or value
        self.slopes = slopes
        self.kind = kind
        self.is_complex = bool(z)
        self.complex_value = z if isinstance(z, str) else None
        intervals = over if isinstance(over[0], Sequence) else [over] * len(self.args)
        self.over = tuple((float(low), float(high)) for low, high in intervals)
        self.points = {k if isinstance(k, tuple) else (k,): v for k, v in (at or {}).items()}
        self.aliases = tuple(aka.split())
        self.says, self.inexact = says, inexact
        # whether the chain rule for this row is Σ slope·ȧ with slopes of text
        texts = bool(slopes) and all(isinstance(slope, str) for slope in slopes)
        self.is_compilable = texts and (kind in ("smooth", "kinked") or slopes in (("1",), ("-1",)))
        self.mixes = True  # whether real arguments beside complex ones become complex: (-2)**1j
        # what the user called, if it takes the place of the row's own function: `called_as`
        self.called: Callable[..., Any] | None = None
        self.table_row = self
        self.variants: dict[Callable[..., Any], Rule] = {}

    def __repr__(self) -> str:
        return f"<rule {self.name}({', '.join(self.args)})>"

    def called_as(self, f: Callable[..., Any]) -> Rule:
        """The same row, its values calculated by what the user called: an operator, a ufunc, …

        A value is then that of the plain run to the last bit, of the same kind, with the same
        warnings and exceptions. The slopes stay those of the row.
        """
        variant = self.variants.get(f)
        if variant is None:
            variant = copy.copy(self)
            variant.called = f
            self.variants[f] = variant
        return variant

    def is_composed(self, namespace: Namespace) -> bool:
        """Whether `value`, run on dual numbers, is all there is to differentiate."""
        steps = namespace.is_complex and self.kind in ("flat", "kinked")
        return not self.slopes or (steps and self.complex_value is not None)

    def value_in(self, namespace: Namespace) -> Callable[..., Any]:
        """The function itself in a number system."""
        define(self.table_row, namespace)
        function: Callable[..., Any] = self.called_in(namespace) or namespace.functions[self.name]
        return function

    def called_in(self, namespace: Namespace) -> Callable[..., Any] | None:
        """What the user called, if it knows the numbers of this system: Python's or NumPy's."""
        return self.called if namespace.name in ("math", "cmath", "numpy") else None

    def composition_in(self, namespace: Namespace) -> Callable[..., Any]:
        """`value`, compiled, as a function of the arguments."""
        row = self.table_row
        if row not in namespace.compiled:
            text = self.complex_value if namespace.is_complex else None
            namespace.compiled[row] = compile_text(str(text or self.value), self.args, namespace)
        result: Callable[..., Any] = namespace.compiled[row]
        return result

    def slope_in(self, namespace: Namespace, i: int) -> Callable[..., Any]:
        """The slope in argument i, as a function of (arguments…, y)."""
        key = self.table_row, i
        if key not in namespace.compiled:
            slope = self.slopes[i]
            if slope is None:
                raise TypeError(
                    f"{self.name} has no derivative in its argument {self.args[i]!r}; "
                    f"pass a plain number there."
                )
            if isinstance(slope, str):
                slope = compile_text(slope, (*self.args, "y"), namespace)
            namespace.compiled[key] = slope
        result: Callable[..., Any] = namespace.compiled[key]
        return result


RULES: dict[str, Rule] = {}  # by name and by alias


def table() -> Iterable[Rule]:
    """Each row once, in the order of the table."""
    return dict.fromkeys(RULES.values())


# -- text into functions -------------------------------------------------------------------


def compile_text(text: str, args: Sequence[str], namespace: Namespace) -> Callable[..., Any]:
    """Turn an expression of the table into a function for one number system."""
    import ast  # not needed before the first derivative

    class ChooseForIf(ast.NodeTransformer):
        """Arrays cannot branch: `a if c else b` becomes choose(c, lambda: a, lambda: b)."""

        def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
            test, *branches = [self.visit(part) for part in (node.test, node.body, node.orelse)]
            nothing = ast.arguments([], [], None, [], [], None, [])
            later: list[ast.expr] = [ast.Lambda(nothing, branch) for branch in branches]
            return ast.Call(ast.Name("choose", ast.Load()), [test, *later], [])

    tree = ast.parse(f"lambda {', '.join(args)}: {text}", mode="eval")
    branches = any(isinstance(node, ast.IfExp) for node in ast.walk(tree))
    if namespace.is_array and branches:
        tree = ast.fix_missing_locations(ChooseForIf().visit(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in RULES:
            define(RULES[node.id], namespace)
    code = compile(tree, f"{RULE_TEXT}{text}>", "eval")
    function: Callable[..., Any] = eval(code, namespace.functions)
    if namespace.is_array and branches:  # the branch not taken must not warn
        return _silent(function)
    return function


def _silent(function: Callable[..., Any]) -> Callable[..., Any]:
    def silent(*args: Any) -> Any:
        with quiet():
            return function(*args)

    return silent


def define(rule: Rule, namespace: Namespace) -> None:
    """Put the function into the namespace, if its number system does not have it already."""
    if rule.name in namespace.functions:
        return
    if namespace.supply is not None:
        function = namespace.supply(rule)
    elif namespace.is_complex and not rule.is_complex:
        raise TypeError(f"{rule.name} is for real numbers; got a complex one.")
    elif callable(rule.value):
        function = rule.value
    elif rule.value is None and rule.complex_value is None:
        raise TypeError(f"{rule.name} is not available for numbers of {namespace.name}.")
    else:
        function = rule.composition_in(namespace)
    namespace.functions[rule.name] = function


# -- entering rows ------------------------------------------------------------------------


def row(head: str, *slopes: Slope, **facts: Any) -> Rule:
    """Add a row, as `Rule` describes it."""
    return register(Rule(head, *slopes, **facts))


def register(rule: Rule) -> Rule:
    """Enter a rule under its name and aliases; names are given once."""
    names = (rule.name, *rule.aliases)
    if taken := [n for n in names if n in RULES or n in CONSTANTS]:
        raise ValueError(f"the table has a rule called {taken[0]!r} already; choose another name.")
    RULES.update(dict.fromkeys(names, rule))
    return rule
