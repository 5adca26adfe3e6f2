"""Roots and fixed points with the tangents of the equations that define them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize as _scipy
from scipy.optimize import RootResults

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..array_rules.common import has_duals
from ..pair import plain
from ._branches import Branch, may_hold_duals, switches
from ._calling import take_places
from ._parts import Plain, stripped, with_value
from ._solving import bound, first, plainly, refuse_unless_converged, reported
from ._theorems import root_of

Function = Callable[..., Any]

# -- roots of one function of one number ---------------------------------------------------


def _bracketing(name: str) -> Function:
    solver = getattr(_scipy, name)

    @functools.wraps(solver, assigned=("__name__", "__qualname__"))
    def solve(f: Function, a: Any, b: Any, args: Any = (), **options: Any) -> Any:
        g = Plain(bound(f, args))
        given = stripped(options) | {"full_output": True}
        result = solver(g, plain(a), plain(b), **given)
        found = _with_tangents(result, g, name, has_duals(a, b), xtol=options.get("xtol"))
        return found if plain(options.get("full_output", False)) else found[0]

    solve.__doc__ = f"""scipy.optimize.{name}; the root has the tangents of f and args.

    Parameters
    ----------
    f : callable
        A function of a number, whose result may be a dual.
    a, b : number
        The bracket. The root does not depend on it.
    args : tuple
        Further arguments of f, duals among them.
    **options
        As SciPy's.

    Raises
    ------
    NonDifferentiableError
        If the root is not simple, or no root but a jump or a pole.
    """
    return solve


def refuse_jump(f: Function, x: Any, xtol: Any) -> None:
    """Raise NonDifferentiableError if f does not go through zero next to x, but jumps over it."""
    x = float(np.ravel(plain(x))[0])
    near = max(1e-9 * (1 + abs(x)), 4 * (plain(xtol) or 0.0))
    try:
        if not Branch.run(f, x).questions:
            return
        low, high = (_value_of(Branch.run(f, u)) for u in (x - near, x + near))
        jump, place = 0.0, x
        for switch in switches(lambda u: Branch.run(f, u), [x - near, x, x + near]):
            place = switch.place
            before, after = (
                _value_of(Branch.run(f, place, forced=run.questions)) for run in switch[1:]
            )
            jump += abs(before - after)
    except (TypeError, ValueError, AttributeError, ArithmeticError):  # of code for plain x only
        return
    if low * high < 0 and jump > abs(high - low) / 2:
        raise NonDifferentiableError(
            f"the function jumps over zero at {place} and has no root there, so that there is no "
            "derivative; solve for what the jump depends on."
        )


def _value_of(run: Branch) -> float:
    return float(np.ravel(plain(run.value))[0])


def _with_tangents(
    result: Any,
    g: Plain,
    name: str,
    are_starts_dual: bool,
    elementwise: bool = False,
    xtol: Any = None,
) -> Any:
    """A root and the reports on it, which say whether it is one."""
    x, *reports = result
    if not elementwise and (g.found or may_hold_duals(g)):
        refuse_jump(g.f, x, xtol)
    if not (g.found or are_starts_dual):
        return result
    if isinstance(reports[0], RootResults):
        refuse_unless_converged(reports[0].converged, name, reports[0].flag)
    else:
        early = "its steps ended early"
        why = "the slope is 0, and a root not simple" if np.any(reports[1]) else early
        refuse_unless_converged(reports[0], name, why)
    if not g.found:
        return result
    x = root_of(g.f, x, elementwise)
    if isinstance(reports[0], RootResults):
        reports[0].root = x
    kind: Any = type(result)
    return kind(x, *reports) if hasattr(kind, "_fields") else (x, *reports)


bisect = _bracketing("bisect")
brentq = _bracketing("brentq")
brenth = _bracketing("brenth")
ridder = _bracketing("ridder")
toms748 = _bracketing("toms748")


def newton(
    func: Function,
    x0: Any,
    fprime: Any = None,
    args: Any = (),
    fprime2: Any = None,
    **options: Any,
) -> Any:
    """scipy.optimize.newton; the root has the tangents of func and args.

    Parameters
    ----------
    func : callable
        A function of a number, or elementwise of an array if x0 is one.
    x0 : number or array
        Where to start; the root does not depend on it.
    fprime, args, fprime2, **options
        As SciPy's; `fprime=dualad.derivative(func)` is exact.

    Raises
    ------
    NonDifferentiableError
        If the root is not simple, or an element has not converged.

    Examples
    --------
    >>> from dualad import Dual
    >>> print(f"{newton(lambda x, a: x**2 - a, 1.0, args=(Dual(4.0, 1.0),)):.12g}")
    2 + 0.25ε
    """
    g = Plain(bound(func, args))
    slopes = {"fprime": plainly(fprime, args), "fprime2": plainly(fprime2, args)}
    given = stripped(options) | {"full_output": True}
    result = _scipy.newton(g, stripped(x0), **slopes, **given)
    elementwise = np.ndim(as_operand(x0)) > 0
    found = _with_tangents(result, g, "newton", has_duals(x0, options.get("x1")), elementwise)
    return found if plain(options.get("full_output", False)) else found[0]


def root_scalar(
    f: Function, args: Any = (), method: Any = None, fprime: Any = None, **options: Any
) -> Any:
    """scipy.optimize.root_scalar; `.root` has the tangents of f and args.

    Parameters
    ----------
    f, args, method, fprime, **options
        As SciPy's; bracket and starting points lose their tangents.

    Raises
    ------
    NonDifferentiableError
        If f depends on duals and the root is not simple, or was not found.

    Examples
    --------
    >>> from dualad import derivative
    >>> round(derivative(lambda a: root_scalar(lambda x: x**3 - a, x0=1.0).root)(8.0) * 12, 12)
    1.0
    """
    f = bound(f, args)
    g = Plain(f)
    others = {k: plainly(v, args) for k, v in stripped(options).items()}
    result = _scipy.root_scalar(g, method=method, fprime=plainly(fprime, args), **others)
    f = first(f) if fprime is True else f
    if g.found or may_hold_duals(g):
        refuse_jump(f, result.root, options.get("xtol"))
    if g.found:
        refuse_unless_converged(result.converged, "root_scalar", result.flag)
        result.root = root_of(f, result.root)
    elif has_duals(options):
        refuse_unless_converged(result.converged, "root_scalar", result.flag)
    return result


# -- systems of equations ------------------------------------------------------------------


def root(fun: Function, x0: Any, args: Any = (), jac: Any = None, **options: Any) -> Any:
    """scipy.optimize.root; `.x` has the tangents of fun and args, and `.fun` is fun there.

    Parameters
    ----------
    fun : callable
        As many equations as unknowns; the result may hold duals.
    x0 : array, shape (n,)
        Where to start; the root does not depend on it.
    args, jac, **options
        As SciPy's. `jac=dualad.jacobian(fun)` is exact.

    Raises
    ------
    NonDifferentiableError
        If fun depends on duals and the Jacobian is singular, or the root was not found.

    Examples
    --------
    >>> from dualad import jacobian
    >>> line_and_circle = lambda x, r: np.stack([x[0] - x[1], x[0] ** 2 + x[1] ** 2 - r**2])
    >>> jacobian(lambda r: root(line_and_circle, [1.0, 1.0], args=(r,)).x)(2.0)
    array([0.70710678, 0.70710678])
    """
    g = Plain(bound(fun, args))
    result = _scipy.root(g, stripped(x0), jac=plainly(jac, args), **stripped(options))
    if g.found:
        refuse_unless_converged(result.success, "root", result.message)
        f = first(g.f) if jac is True else g.f
        result.x = root_of(f, result.x)
        result.fun = with_value(as_operand(f(result.x)), result.fun)
        return reported(result, x0)
    if has_duals(x0):
        refuse_unless_converged(result.success, "root", result.message)
        return reported(result, x0, start_only=True)
    return result


def fsolve(
    func: Function,
    x0: Any,
    args: Any = (),
    fprime: Any = None,
    full_output: Any = 0,
    **options: Any,
) -> Any:
    """scipy.optimize.fsolve; the root has the tangents of func and args.

    Parameters and errors as for `root`; the options are SciPy's.

    Examples
    --------
    >>> from dualad import Dual
    >>> print(f"{fsolve(lambda x: x**2 - Dual(4.0, 1.0), [1.0])[0]:.12g}")
    2 + 0.25ε
    """
    g = Plain(bound(func, args))
    given = {"fprime": plainly(fprime, args), **stripped(options)}
    x, report, flag, message = _scipy.fsolve(g, stripped(x0), full_output=1, **given)
    if not g.found and not has_duals(x0):
        if not full_output and flag != 1:
            return _scipy.fsolve(g, stripped(x0), **given)  # which warns
        return (x, report, flag, message) if full_output else x
    refuse_unless_converged(flag == 1, "fsolve", message)
    if g.found:
        x = root_of(g.f, x)
    if not full_output:
        return x
    if not g.found:
        return (x, *reported([report, flag, message], x0, start_only=True))
    report = dict(report)
    report["fvec"] = with_value(np.reshape(as_operand(g.f(x)), -1), report["fvec"])
    return (x, *reported([report, flag, message], x, x0))


def fixed_point(func: Function, x0: Any, args: Any = (), **options: Any) -> Any:
    """scipy.optimize.fixed_point; x = func(x) has the tangents of func and args.

    Parameters
    ----------
    func : callable
        From a number to a number, or from an array to one of its shape.
    x0, args, **options
        As SciPy's.

    Raises
    ------
    NonDifferentiableError
        If the fixed point is not isolated.

    Examples
    --------
    >>> from dualad import derivative
    >>> golden = lambda a: fixed_point(lambda x: 1 + a / x, 1.5)
    >>> print(round(derivative(golden)(1.0) * 5**0.5, 12))  # of (1 + √(1 + 4a))/2
    1.0
    """
    g = Plain(bound(func, args))
    x = _scipy.fixed_point(g, stripped(x0), **stripped(options))
    return root_of(lambda x: x - as_operand(g.f(x)), x) if g.found else x


def _quasi_newton(name: str) -> Function:
    solver = getattr(_scipy, name)

    @functools.wraps(solver, assigned=("__name__", "__qualname__"))
    def solve(F: Function, xin: Any, **options: Any) -> Any:
        g = Plain(F)
        x = solver(g, stripped(xin), **stripped(options))
        return root_of(F, x) if g.found else x

    solve.__doc__ = f"""scipy.optimize.{name}; the root has the tangents of F.

    Parameters
    ----------
    F : callable
        From an array to one of its shape, which may hold duals.
    xin, **options
        As SciPy's; the root does not depend on where the solver starts.

    Raises
    ------
    NonDifferentiableError
        If the root is not isolated.
    """
    return solve


anderson = _quasi_newton("anderson")
broyden1 = _quasi_newton("broyden1")
broyden2 = _quasi_newton("broyden2")
diagbroyden = _quasi_newton("diagbroyden")
excitingmixing = _quasi_newton("excitingmixing")
linearmixing = _quasi_newton("linearmixing")
newton_krylov = _quasi_newton("newton_krylov")

take_places(globals(), _scipy)
