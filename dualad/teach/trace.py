"""trace: the steps that a function takes on the way to its value and its tangent.

The function runs on duals of a level that takes part (`levels.ParticipatingLevel`): it notes each
row of the table, each function of arrays, store and comparison (`recording.py`). Values and
tangents are calculated as everywhere in the package: a trace ends in the very numbers that
`derivative` gives. The steps are numbered as in Griewank & Walther, Evaluating Derivatives (SIAM
2008), section 2.2: n inputs are v₁₋ₙ … v₀, then come v₁, v₂, …; the outputs are y. Where an
argument has such a name itself, as v0, the steps are w₁, w₂, …; where one is called y, the output
is z.

>>> import dualad
>>> t = trace(lambda x1, x2: dualad.log(x1) + x1 * x2 - dualad.sin(x2), 2.0, 5.0)
>>> print(t.to_text(source=False))
     value                tangent
---  --------  ---------  -------------------  -----
v₋₁  x₁        =  2       ẋ₁                   = 1
v₀   x₂        =  5       ẋ₂                   = 0
v₁   ln v₋₁    =  0.6931  v̇₋₁/v₋₁              = 0.5
v₂   v₋₁ × v₀  = 10       v̇₋₁ × v₀ + v₋₁ × v̇₀  = 5
v₃   sin v₀    = −0.9589  cos v₀ × v̇₀          = 0
v₄   v₁ + v₂   = 10.6931  v̇₁ + v̇₂              = 5.5
v₅   v₄ − v₃   = 11.6521  v̇₄ − v̇₃              = 5.5
y    v₅        = 11.6521  v̇₅                   = 5.5
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..arguments import Argnums
from ..ways import Mode, refuse_unless_mode
from ..wrappers import refuse_unless_callable
from .backward import trace_backward
from .formula import Variable
from .forward import trace_forward
from .recording import Given
from .render import Renderings
from .rows import Row


class Trace(Renderings):
    """What `trace` gives; `print` it, or let Jupyter show it.

    Attributes
    ----------
    rows : tuple of Row
        Inputs, steps and branches in the order they were taken, outputs.
    wrt : tuple of str
        The inputs that were differentiated: forward, one direction each.
    title : str
        The function's name.
    of : tuple of Variable or None
        Of a trace in reverse mode the outputs, whose adjoints are swept back.
    numbers : bool
        Whether it is shown with the numbers in each formula.
    constants_from : tuple of str
        Functions such as round, whose plain numbers are constants of the trace.

    Examples
    --------
    >>> t = trace(lambda a, b: a * b, 2.0, 5.0, wrt=("a", "b"))
    >>> t.value, t.tangents
    (10.0, (5.0, 2.0))
    >>> t["v₁"].tangent_expression
    'v̇₋₁ × v₀ + v₋₁ × v̇₀'
    """

    def __init__(
        self,
        title: str,
        rows: tuple[Row, ...],
        wrt: tuple[str, ...],
        of: tuple[Variable, ...] | None = None,
        numbers: bool = False,
        constants_from: tuple[str, ...] = (),
    ) -> None:
        self.title, self.rows, self.wrt, self.of, self.numbers = title, rows, wrt, of, numbers
        self.constants_from = constants_from

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name and name:
                return row
        names = ", ".join(
            row.name for row in (*self.inputs[:1], *self.steps[:1], *self.outputs[:1])
        )
        raise KeyError(f"the trace has no row {name!r}; its rows are called {names} and the like.")

    @property
    def inputs(self) -> tuple[Row, ...]:
        """The rows of the inputs."""
        return tuple(row for row in self.rows if row.kind == "input")

    @property
    def steps(self) -> tuple[Row, ...]:
        """The rows of the steps."""
        return tuple(row for row in self.rows if row.kind == "step")

    @property
    def outputs(self) -> tuple[Row, ...]:
        """The rows of the outputs."""
        return tuple(row for row in self.rows if row.kind == "output")

    def _only(self) -> Row:
        if len(self.outputs) != 1:
            raise ValueError(
                f"the function has {len(self.outputs)} outputs; write [r.value for r in t.outputs]."
            )
        return self.outputs[0]

    @property
    def value(self) -> Any:
        """The value of the one output."""
        return self._only().value

    @property
    def tangent(self) -> Any:
        """Its tangent in the first direction."""
        return self._only().tangent

    @property
    def tangents(self) -> tuple[Any, ...]:
        """Its tangents in all directions."""
        return self._only().tangents

    @property
    def adjoints(self) -> tuple[Any, ...]:
        """Of a trace in reverse mode: the derivatives of the one output in all inputs."""
        self._only()
        return tuple(row.adjoint for row in self.inputs)


def trace(
    f: Callable[..., Any],
    /,
    *args: Any,
    wrt: Argnums | None = None,
    mode: Mode = None,
    numbers: bool = False,
    lift: bool | None = None,
    **kwargs: Any,
) -> Trace:
    """Run a function and note each of its steps, with values and tangents, or with adjoints.

    Parameters
    ----------
    f : callable
        A function of numbers and arrays, and of nested lists, tuples, dicts and dataclasses of
        them, that returns the same. A function of arrays, or one of dualad.scipy, is one step.
    *args, **kwargs
        Its arguments. Numbers and arrays of floats are inputs v₀, …; of these, arrays that `wrt`
        does not name, and all that is not a number, are constants. An integer that is not
        differentiated still counts.
    wrt : int, str, or a sequence of these
        Which arguments to differentiate, by index or name: one direction for each of their
        numbers. By default the first float, or the first number if all are integers; in reverse
        mode all arguments that are made of floats.
    mode : {"forward", "reverse"}, optional
        With tangents, or with the adjoints of a sweep back; by default forward.
    numbers : bool
        Whether each formula is shown with the numbers in it, too: 1 × 5 + 2 × 0.
    lift : bool, optional
        As for `derivative`.

    Returns
    -------
    Trace
        Comparisons of traced numbers are noted as branches. Steps such as floor give plain
        numbers, whose tangent is zero; they are constants from there on.

    Raises
    ------
    TypeError
        If f is not a function, or an argument to differentiate or a result is not made of numbers.
    ValueError
        If there is no number among the arguments, f takes more than 10000 steps, or f returns an
        array in reverse mode.

    Examples
    --------
    >>> import numpy as np
    >>> trace(lambda x: np.sin(x) ** 2, 0.0).steps[1].expression
    'v₁²'
    >>> t = trace(lambda x1, x2: np.log(x1) + x1 * x2 - np.sin(x2), 2.0, 5.0, mode="reverse")
    >>> print(t.to_text(source=False))
         value                adjoint
    ---  --------  ---------  -------  -------------  ---------
    v₋₁  x₁        =  2       x̄₁       v̄₋₁            =  5.5
    v₀   x₂        =  5       x̄₂       v̄₀             =  1.7163
    v₁   ln v₋₁    =  0.6931  v̄₋₁      v̄₋₁ + v̄₁/v₋₁   =  5.5
    v₂   v₋₁ × v₀  = 10       v̄₀       v̄₀ + v̄₂ × v₋₁  =  1.7163
                              v̄₋₁      v̄₂ × v₀        =  5
    v₃   sin v₀    = −0.9589  v̄₀       v̄₃ × cos v₀    = −0.2837
    v₄   v₁ + v₂   = 10.6931  v̄₂       v̄₄ × 1         =  1
                              v̄₁       v̄₄ × 1         =  1
    v₅   v₄ − v₃   = 11.6521  v̄₃       v̄₅ × (−1)      = −1
                              v̄₄       v̄₅ × 1         =  1
    y    v₅        = 11.6521  v̄₅       ȳ              =  1
    """
    return traced("trace", f, args, kwargs, wrt, mode, lift, numbers)


def traced(
    caller: str,
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    wrt: Argnums | None,
    mode: Mode,
    lift: bool | None,
    numbers: bool = False,
) -> Trace:
    """The same for `caller`, whom messages name."""
    refuse_unless_callable(caller, f, f"{caller}(f, x)")
    refuse_unless_mode(caller, mode)
    title = getattr(f, "__name__", type(f).__name__)
    given = Given(caller, f, args, kwargs, wrt, is_forward=mode != "reverse")
    if mode == "reverse":
        rows, names, of, steps = trace_backward(given, lift, traced.__code__)
        return Trace(title, rows, names, of, numbers, _numbers_from(steps))
    rows, names, steps = trace_forward(given, lift, traced.__code__)
    return Trace(title, rows, names, None, numbers, _numbers_from(steps))


def _numbers_from(steps: dict[str, bool]) -> tuple[str, ...]:
    return tuple(name for name, are_numbers in steps.items() if are_numbers)
