"""What SciPy's iterations see of a problem with duals in it: plain numbers, plain functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..dual import Dual
from ..structure import leaves
from ._parts import Plain

Function = Callable[..., Any]


def bound(f: Function, args: Any) -> Function:
    """f with its further arguments."""
    args = args if isinstance(args, tuple) else (args,)
    return (lambda *x: f(*x, *args)) if args else f


def plainly(f: Any, args: Any = ()) -> Any:
    """What SciPy's iterations see of a function among its options."""
    return Plain(bound(f, args)) if callable(f) else f


def first(f: Function) -> Function:
    """The function itself, where f gives it together with its derivative."""
    return lambda *x: f(*x)[0]


def has_duals(*given: Any) -> bool:
    """Whether there are duals among these (containers of) numbers."""
    return any(isinstance(as_operand(x), Dual) for x in leaves(given))


def refuse_unless_converged(success: Any, name: str, message: Any) -> None:
    """Raise NonDifferentiableError where a solver says that it has not found the solution."""
    if not np.all(success):
        raise NonDifferentiableError(
            f"{name} has not converged ({message}), and what is not a solution has no derivative."
        )
