"""One row of a trace: a step with its value, its tangents, and the formulas of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ..rules import Rule
from .formula import ZERO, Formula, Variable
from .printers import Text


@dataclass(frozen=True)
class Share:
    """A line of a sweep: what a row adds to the adjoint of something that it is made of.

    Attributes
    ----------
    whose : Formula
        The adjoint, or the derivative of the output in an input.
    formula : Formula
        What it is then: the row's own times the slope, added to what has come before.
    values : tuple of numbers or arrays
        Its value, one for each output of the trace.
    """

    whose: Formula
    formula: Formula
    values: tuple[Any, ...]

    @property
    def expression(self) -> str:
        """The line as text, such as v̄₀ = v̄₀ + v̄₂ × v₋₁."""
        show = Text()
        return f"{show(self.whose)} = {show(self.formula)}"

    @property
    def value(self) -> Any:
        """The value for the first output."""
        return self.values[0]


@dataclass(frozen=True)
class Row:
    """One row of a trace.

    Attributes
    ----------
    kind : {"input", "step", "branch", "output"}
        A branch is a comparison that the function made; it has no name and no tangent.
    variable : Formula
        v₁, or y for an output.
    formula, tangent_formula : Formula
        What it is calculated from.
    value : number
        Its value; True or False for a branch.
    tangents : tuple of numbers
        One for each direction of the trace.
    slopes : dict
        {variable it comes from: partial derivative}; None for one that is not a number.
    slope_formulas : dict
        The same as formulas.
    line : int or None
        The line of the user's source that did it.
    source : str
        The expression on that line.
    used : bool
        Whether an output depends on it.
    adjoints : tuple of numbers or arrays
        In reverse mode the derivative of each output of the trace in this variable.
    shares : tuple of Share
        In reverse mode what the row adds to the adjoints of others, in the order of print: the
        last one comes first.
    rule : Rule or None
        The row of the table that a step applies, if it is one.
    args : tuple of Formula
        What it is applied to; what a branch compares.

    Examples
    --------
    >>> from dualad.teach import trace
    >>> row = trace(lambda x: x * x, 3.0).rows[1]
    >>> row.kind, row.value, row.tangent
    ('step', 9.0, 6.0)
    """

    kind: Literal["input", "step", "branch", "output"]
    variable: Variable
    formula: Formula
    value: Any
    tangent_formula: Formula = ZERO
    tangents: tuple[Any, ...] = ()
    slopes: dict[Variable, Any] = field(default_factory=dict)
    slope_formulas: dict[Variable, Formula] = field(default_factory=dict)
    line: int | None = None
    source: str = ""
    used: bool = True
    adjoints: tuple[Any, ...] = ()
    shares: tuple[Share, ...] = ()
    rule: Rule | None = None
    args: tuple[Formula, ...] = ()

    @property
    def name(self) -> str:
        """v₁ as text; empty for a branch."""
        return "" if self.kind == "branch" else Text()(self.variable)

    @property
    def expression(self) -> str:
        """What the value is calculated from, as text."""
        return Text()(self.formula)

    @property
    def tangent_expression(self) -> str:
        """What the tangent is calculated from, as text."""
        return "" if self.kind == "branch" else Text()(self.tangent_formula)

    @property
    def tangent(self) -> Any:
        """The tangent in the first direction."""
        return self.tangents[0] if self.tangents else None

    @property
    def adjoint(self) -> Any:
        """The derivative of the first output in this variable."""
        return self.adjoints[0] if self.adjoints else None
