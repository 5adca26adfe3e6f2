"""What SciPy's iterations see of a problem with duals in it: plain numbers, plain functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from scipy.optimize import OptimizeResult

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError, known, undefined
from ..dual import Dual
from ..pair import dual
from ..structure import leaves, rebuild
from ._parts import Plain, nilpotent

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


def refuse_unless_converged(success: Any, name: str, message: Any) -> None:
    """Raise NonDifferentiableError where a solver says that it has not found the solution."""
    if not np.all(success):
        raise NonDifferentiableError(
            f"{name} has not converged ({message}), and what is not a solution has no derivative."
        )


# -- what a solver reports beside its solution ---------------------------------------------

_SOLUTION = frozenset(["x", "fun", "root", "cost", "slack", "con", "residual", "marginals"])
_AT_SOLUTION = frozenset(["jac", "grad", "hess", "fvec"])  # plain, where the solution is
_MEASURED = frozenset(["execution_time"])  # no function of anything
_BESIDE = (
    "what a solver reports beside its solution depends on its iterations, and has no derivative; "
    "calculate it from the solution, as dualad.grad(f)(x) or dualad.hessian(f)(x)."
)


class _Unavailable:
    """An object of a solver, made of plain numbers that depend on duals."""

    __slots__ = ("_name",)
    __array_ufunc__ = None

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise NonDifferentiableError(f"{self._name}: {_BESIDE}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    __array__ = __call__ = __getitem__ = __len__ = __iter__ = _refuse
    __matmul__ = __rmatmul__ = __mul__ = __rmul__ = __add__ = __radd__ = _refuse
    __sub__ = __rsub__ = __truediv__ = __neg__ = __pow__ = _refuse

    def __repr__(self) -> str:
        return f"<{self._name}, derivative undefined>"


def reported(result: Any, *given: Any, start_only: bool = False) -> Any:
    """A solver's reports, without a derivative in the floats among them that have no tangents.

    Parameters
    ----------
    result
        An OptimizeResult, whose solution stays as it is, or reports alone, in any containers.
    given
        The solution, and whatever else the reports may depend on, with its tangents.
    start_only : bool
        Whether duals are only in what the solution does not depend on.
    """
    zero = _zero(dict(result) if isinstance(result, OptimizeResult) else result, given)
    kept = _SOLUTION | _MEASURED | (_AT_SOLUTION if start_only else frozenset())
    return _without_derivative(result, zero, kept, _BESIDE) if isinstance(zero, Dual) else result


def without_derivative(result: Any, given: Any, why: str) -> Any:
    """What a solver has given for plain numbers, without a derivative in any of its floats."""
    return _without_derivative(result, _zero(given), _MEASURED, why)


def _zero(*given: Any) -> Any:
    """A zero of the levels of all duals among these."""
    zero: Any = 0.0
    for x in leaves(given):
        x = as_operand(x)
        if isinstance(x, Dual):
            zero = zero + 0.0 * np.sum(nilpotent(known(x)[0]))
    return zero


def _without_derivative(result: Any, zero: Any, kept: frozenset[str], why: str) -> Any:
    def leaf(v: Any) -> Any:
        if isinstance(v, Dual):
            return v
        if isinstance(v, (float, complex, np.inexact)):
            return _undefined(np.asarray(v), zero, why)
        if isinstance(v, np.ndarray):
            return _undefined(v, zero, why) if v.dtype.kind in "fc" else v
        # What is left are messages, integers, and operators or sparse matrices.
        return _Unavailable(type(v).__name__) if hasattr(v, "shape") and _is_matrix(v) else v

    def walk(x: Any) -> Any:
        if isinstance(x, OptimizeResult):
            for key in x:
                if key not in kept:
                    x[key] = walk(x[key])
            return x
        if isinstance(x, dict):
            return {key: v if key in kept else rebuild(v, leaf) for key, v in x.items()}
        return rebuild(x, leaf)

    return [walk(x) for x in result] if isinstance(result, list) else walk(result)


def _is_matrix(v: Any) -> bool:
    return not isinstance(v, (Dual, np.generic)) and len(v.shape) == 2


def _undefined(v: Any, zero: Any, why: str) -> Any:
    """v at the levels of a zero, and undefined at each."""

    def at(z: Any) -> Any:
        if not isinstance(z, Dual):
            return v
        return undefined(dual(at(z.primal), z.tangent, z.level), True, why)

    return at(zero + np.zeros(v.shape))
