"""Boundary value problems, with the tangents of the equations that SciPy's solution fulfils."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate as _scipy

from ..array.operands import as_operand
from ..array_rules.common import has_duals
from ..dual import Dual
from ..pair import plain
from ._calling import take_places
from ._parts import Plain, stripped, with_value
from ._solving import plainly, refuse_unless_converged
from ._theorems import Regular
from .interpolate import CubicHermiteSpline

Function = Callable[..., Any]


def solve_bvp(
    fun: Function,
    bc: Function,
    x: Any,
    y: Any,
    p: Any = None,
    S: Any = None,
    fun_jac: Any = None,
    bc_jac: Any = None,
    **options: Any,
) -> Any:
    """scipy.integrate.solve_bvp; the solution has the tangents of fun and bc.

    SciPy's solution fulfils collocation equations on its mesh (Lobatto's, of fourth order, with
    the boundary conditions). Tangents are those that keep them at zero, on the same mesh; they are
    as accurate as the solution.

    Parameters
    ----------
    fun : callable
        fun(x, y) or fun(x, y, p), with x of shape (m,) and y of shape (n, m).
    bc : callable
        bc(ya, yb) or bc(ya, yb, p), of n numbers and one more for each of p.
    x : array, shape (m,)
        The first mesh; plain. To move an end, scale x.
    y, p
        Where to start; the solution does not depend on them.
    S, fun_jac, bc_jac, **options
        As SciPy's; S only in plain problems.

    Returns
    -------
    bunch
        SciPy's; `.y`, `.yp`, `.p` and `.sol` have tangents.

    Raises
    ------
    NonDifferentiableError
        If there are duals, and SciPy has not converged or the solution is not isolated.
    TypeError
        If there are duals in x, or S is given.

    Examples
    --------
    >>> from dualad import derivative
    >>> def middle(g):  # y″ = g, y(0) = y(1) = 0
    ...     equations = lambda x, y: np.stack([y[1], g + 0 * x])
    ...     ends = lambda a, b: np.stack([a[0], b[0]])
    ...     return solve_bvp(equations, ends, np.linspace(0, 1, 5), np.zeros((2, 5))).sol(0.5)[0]
    >>> round(derivative(middle)(2.0), 9)
    -0.125
    """
    if has_duals(x):
        raise TypeError(
            "solve_bvp takes a plain mesh x; scale x, so that its ends do not move, and write the "
            "scale as a factor in fun."
        )
    f, ends = Plain(fun), Plain(bc)
    result = _scipy.solve_bvp(
        f, ends, x, stripped(y), stripped(p), S, plainly(fun_jac), plainly(bc_jac), **options
    )
    if not (f.found or ends.found):
        return result
    if S is not None:
        raise TypeError(
            "solve_bvp cannot differentiate with S=; write the singular term in fun, and start "
            "the mesh next to the singular point."
        )
    refuse_unless_converged(result.success, "solve_bvp", result.message)
    n, m = result.y.shape
    k = 0 if result.p is None else len(result.p)
    mesh = result.x
    h = np.diff(mesh)

    def slopes(t: Any, u: Any, q: Any) -> Any:
        return as_operand(fun(t, u, q) if k else fun(t, u)) * np.ones((n, 1))

    def equations(z: Any) -> Any:
        u, q = np.reshape(z[: n * m], (n, m)), z[n * m :]
        g = slopes(mesh, u, q)
        middle = (u[:, 1:] + u[:, :-1]) / 2 - h / 8 * (g[:, 1:] - g[:, :-1])
        between = slopes(mesh[:-1] + h / 2, middle, q)
        rest = u[:, 1:] - u[:, :-1] - h / 6 * (g[:, :-1] + g[:, 1:] + 4 * between)
        first, last = u[:, 0], u[:, -1]
        edge = as_operand(bc(first, last, q) if k else bc(first, last))
        return np.concatenate([np.reshape(rest, -1), np.reshape(edge, -1)])

    start = np.concatenate([np.ravel(result.y), result.p if k else []])
    z = Regular(equations, start).solved()
    u, q = np.reshape(z[: n * m], (n, m)), z[n * m :]
    slope = slopes(mesh, u, q)
    result.y, result.yp = with_value(u, result.y), with_value(slope, result.yp)
    if k:
        result.p = with_value(q, result.p)
    result.sol = _Solution(result.sol, CubicHermiteSpline(mesh, u, slope, axis=1))
    return result


class _Solution:
    """SciPy's spline, with the tangents of another one; at plain and dual places."""

    stands_for = property(lambda self: self._sol)

    def __init__(self, sol: Any, spline: Any) -> None:
        self._sol, self._spline = sol, spline

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        y = self._spline(x, nu, extrapolate)
        value = self._sol(plain(as_operand(x)), nu, extrapolate)
        return with_value(y, value) if isinstance(y, Dual) else value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._spline, name)


take_places(globals(), _scipy)
