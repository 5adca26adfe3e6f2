"""The derivative of what an equation defines: the one mechanism of these bridges.

An x with F(x, θ) = 0 is found on plain numbers, by whatever solver. With θ = θ₀ + nilpotent, the
simplified Newton iteration

    x ← x − F′⁻¹·F(x, θ)          F′ = ∂F/∂x at the plain solution

gains one order of the nilpotent part per step: for tangents of m levels, m steps are exact. (The
first is the implicit function theorem.) It needs F in duals, and F′⁻¹ on plain numbers, which is
what every solver of linear systems is. Roots, fixed points, optima, linear systems, square roots
of matrices and splines are all of this kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..drivers import derivative, grad, jacobian
from ..numerics import quiet
from ..pair import plain
from ._parts import levels_of, through, with_value

Function = Callable[..., Any]


def solved(
    residual: Function, x: Any, divide: Function, value: Any = None, back: Function | None = None
) -> Any:
    """x with the tangents that keep the residual at zero.

    Parameters
    ----------
    residual : callable
        F(x, θ) in duals, of the shape of x; it closes over θ.
    x : number or ndarray
        The plain solution.
    divide : callable
        F′⁻¹·r for a plain r, linear.
    value : number or ndarray, optional
        What the result shall have as its value; x itself if it is left out.
    back : callable, optional
        The transpose of `divide`, for reverse mode.
    """
    y, r = x, as_operand(residual(x))
    for _ in levels_of(r):
        y = y - through(divide, r, back)
        r = as_operand(residual(y))
    return with_value(y, x if value is None else value)


# -- roots ---------------------------------------------------------------------------------

_STEPS = 6  # of Newton's method, from where the solver has stopped
_CONDITION = 1e14


def root_of(f: Function, x: Any, elementwise: bool = False) -> Any:
    """x with the tangents of the root of f; its value stays as it is.

    Newton's method brings the plain x closer to the root first, so that the tangents are those
    of the root and not of the point where a solver's tolerance was met.

    Raises
    ------
    NonDifferentiableError
        If x is not a regular root: f has a singular Jacobian there, or no zero close by.
    """
    x, shape = plain(x), np.shape(x)

    def flat(u: Any) -> Any:
        y = as_operand(f(np.reshape(u, shape) if shape else u[0]))
        if np.size(y) != np.size(plain(u)):
            raise ValueError(
                f"a root needs as many equations as unknowns; shape {shape} went in, "
                f"{np.shape(y)} came out."
            )
        return np.reshape(y, -1) if np.ndim(y) else np.stack([y])

    slope = derivative(flat) if elementwise else jacobian(flat)
    divide, times = (_quotient, np.multiply) if elementwise else (_solution, np.matmul)
    u = np.reshape(np.asarray(x, np.result_type(x, 1.0)), -1)
    j: Any = None
    size, step = float("inf"), j
    try:
        for _ in range(_STEPS):
            before, last, taken, j = j, size, step, plain(slope(u))
            step = divide(j, plain(flat(u)))
            size, scale = float(np.linalg.norm(step)), float(np.linalg.norm(u))
            if not size < last / 2:  # rounding errors only, if the slope has settled
                if before is None:
                    raise ArithmeticError
                turn = divide(before, times(j, taken)) - taken
                if not np.all(abs(turn) <= 0.25 * np.max(abs(taken))):
                    raise ArithmeticError
                break
            u = u - step
            if size <= np.finfo(u.dtype).eps * scale:
                break
    except ArithmeticError as error:
        if isinstance(error, NonDifferentiableError):
            raise
        raise NonDifferentiableError(
            "Newton's method does not converge from the point where the solver stopped, so it is "
            "no regular root, and has no derivative; lower the solver's tolerance."
        ) from None
    back = (lambda g: g / j) if elementwise else (lambda g: np.linalg.solve(j.T, g))
    result = solved(flat, u, lambda r: divide(j, r), np.reshape(x, -1), back)
    return np.reshape(result, shape) if shape else result[0]


def _quotient(slope: Any, r: Any) -> Any:
    if np.any(slope == 0):
        raise NonDifferentiableError(
            "the root is not simple: the function has slope 0 there, and the root no derivative."
        )
    return r / slope


def _solution(j: Any, r: Any) -> Any:
    rows = np.max(abs(j), axis=1, initial=0)
    if j.size and np.all(rows > 0):
        balanced = j / rows[:, None]
        columns = np.max(abs(balanced), axis=0)
        if np.all(columns > 0) and np.linalg.cond(balanced / columns) < _CONDITION:
            return np.linalg.solve(j, r)
    if not j.size:
        return r
    raise NonDifferentiableError(
        "the Jacobian of the equations is singular at the solution, which is not isolated or "
        "not simple there, and has no derivative."
    )


# -- optima --------------------------------------------------------------------------------


def optimum_of(f: Function, x: Any, lower: Any = None, upper: Any = None) -> Any:
    """x with the tangents of the minimum (or maximum) of f of a vector, perhaps within bounds.

    Where the gradient pushes against a bound, x moves with the bound; everywhere else the
    gradient stays zero.

    Raises
    ------
    NonDifferentiableError
        If the Hessian is singular, or x is at a bound by chance, without pushing against it.
    """
    gradient = grad(f)
    x = np.asarray(plain(x), float)
    low = as_operand(-np.inf if lower is None else lower) + np.zeros(x.shape)
    high = as_operand(np.inf if upper is None else upper) + np.zeros(x.shape)
    if np.all(np.isinf(plain(low)) & np.isinf(plain(high))):
        return root_of(gradient, x)
    # As the primal-dual active set method decides: where would the gradient move x?
    g, h = plain(gradient(x)), np.diagonal(plain(jacobian(gradient)(x)))
    move = g / np.where(h == 0, 1, abs(h))
    below, above = x - plain(low), plain(high) - x
    at_low, at_high = move > below, -move > above
    scale = 1e-7 * (1 + abs(x))
    weak = (abs(move) < scale) & (np.minimum(below, above) < scale)
    if np.any(weak & (plain(low) < plain(high))):
        raise NonDifferentiableError(
            f"x[{int(np.argmax(weak))}] is at its bound, but the gradient does not push against "
            "it, so that the optimum has a kink there; move the bound, or omit it."
        )
    bound = np.where(at_low, low, np.where(at_high, high, 0.0))
    active = at_low | at_high
    return root_of(lambda u: np.where(active, u - bound, gradient(u)), x)


# -- differential equations ----------------------------------------------------------------


def stepped(f: Function, t: Any, y: Any, d: Any) -> Any:
    """The solution of y′ = f(t, y), a nilpotent time d after it was y.

    One step of the classical Runge–Kutta method, whose error d⁵ is zero for four levels.
    """
    if len(levels_of(d)) > 4:
        raise NotImplementedError(
            "derivatives in a time or a limit go up to the fourth order; this is the "
            f"{len(levels_of(d))}th."
        )

    def after(d: Any, k: Any) -> Any:
        with quiet():  # of a slope that is infinite
            return y + d * k

    k1 = f(t, y)
    k2 = f(t + d / 2, after(d / 2, k1))
    k3 = f(t + d / 2, after(d / 2, k2))
    k4 = f(t + d, after(d, k3))
    with quiet():
        k = (k1 + 2 * (k2 + k3) + k4) / 6
    return after(d, k)
