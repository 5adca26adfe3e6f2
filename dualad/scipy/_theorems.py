"""The derivative of what an equation defines: the one mechanism of these bridges.

An x with F(x, θ) = 0 is found on plain numbers, by whatever solver. With θ = θ₀ + nilpotent, the
simplified Newton iteration

    x ← x − F′⁻¹·F(x, θ)          F′ = ∂F/∂x at the plain solution

gains one order of the nilpotent part per step: for tangents of m levels, and for a series of order
m, m steps are exact. (The first is the implicit function theorem.) It needs F in duals, and F′⁻¹ on
plain numbers, which is what every solver of linear systems is. Roots, fixed points, optima, linear
systems, square roots of matrices and splines are all of this kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import nnls

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..drivers import derivative, grad, jacobian
from ..numerics import quiet
from ..pair import moved, plain, shape_of
from ._parts import order_of, through, with_value

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
    for step in range(order_of(r)):
        if step:
            r = as_operand(residual(y))
        y = y - through(divide, r, back)
    return with_value(y, x if value is None else value, moved)


# -- roots ---------------------------------------------------------------------------------

_STEPS = 6  # of Newton's method, from where the solver has stopped
_ROUNDING = 64  # times eps: a step that is nothing else
_CONDITION = 1e14
_NEAR = 0.01  # how far these may go, in proportion to 1 + |x|


class Regular:
    """A regular root of a function of a vector or a number, close to where a solver has stopped.

    Newton's method brings the plain x closer to the root first, so that the tangents are those
    of the root and not of the point where a solver's tolerance was met.

    Parameters
    ----------
    f : callable
        From shape (n,) to shape (n,), or from a number to a number, in duals.
    x : ndarray, shape (n,), or number
        Where the solver has stopped.
    elementwise : bool
        Whether f is, so that its Jacobian is diagonal; of a number it is.
    free : int, optional
        How many of the numbers must stay close to x; all of them if it is left out.
    slope : ndarray, optional
        The Jacobian, where f is affine.

    Attributes
    ----------
    x : ndarray or number
        The root, to rounding.
    slope : ndarray
        The Jacobian there, or its diagonal.

    Raises
    ------
    NonDifferentiableError
        If f has a singular Jacobian there, or no zero close by.
    """

    def __init__(
        self,
        f: Function,
        x: Any,
        elementwise: bool = False,
        free: int | None = None,
        slope: Any = None,
    ) -> None:
        self.f, self.elementwise, self.constant_slope = f, elementwise, slope
        times = np.multiply if elementwise else np.matmul
        u = np.asarray(x, np.result_type(x, 1.0)) if np.ndim(x) else x * 1.0

        def bounded(u: Any) -> Any:
            return u[:free] if np.ndim(u) else u

        given, scale = bounded(u), _NEAR * (1 + _largest(bounded(u)))
        self.slope: Any = None
        before: Any
        taken: Any
        size = float("inf")
        step = self.slope
        try:
            for _ in range(_STEPS):
                before, last, taken = self.slope, size, step
                self.slope, rest = self._at(u)
                step = self.divide(rest)
                size = _norm(step)
                # At a double root, steps halve. Else they have come down to rounding errors, if
                # the slope has settled.
                if not size < 0.45 * last:
                    if before is None:
                        raise ArithmeticError
                    turn = _divided(before, times(self.slope, taken), elementwise) - taken
                    if not np.all(abs(turn) <= 0.25 * _largest(taken)):
                        raise ArithmeticError
                    break
                u = u - step
                if not _largest(bounded(u) - given) <= scale:
                    raise ArithmeticError
                tiny = _ROUNDING * np.finfo(np.result_type(u)).eps * _norm(u)
                if before is not None and size <= tiny:
                    break
        except ArithmeticError as error:
            if isinstance(error, NonDifferentiableError):
                raise
            raise NonDifferentiableError(
                "Newton's method does not converge to a point close to where the solver stopped, "
                "so that is not a regular root, and has no derivative; lower the solver's "
                "tolerance."
            ) from None
        self.x = u

    def _at(self, u: Any) -> tuple[Any, Any]:
        """The plain slope and value of f."""
        if self.constant_slope is not None:
            return self.constant_slope, plain(self.f(u))
        if self.elementwise:
            return plain(derivative(self.f)(u)), plain(self.f(u))
        slope, value = jacobian(lambda u: (self.f(u),) * 2, has_aux=True)(u)
        return plain(slope), plain(value)

    def divide(self, r: Any) -> Any:
        """F′⁻¹·r."""
        return _divided(self.slope, r, self.elementwise)

    def back(self, g: Any) -> Any:
        """Its transpose."""
        return g / self.slope if self.elementwise else np.linalg.solve(self.slope.T, g)

    def solved(self, value: Any = None) -> Any:
        """The root with its tangents; its value is replaced if one is given."""
        return solved(self.f, self.x, self.divide, value, self.back)


def root_of(f: Function, x: Any, elementwise: bool = False) -> Any:
    """x with the tangents of the root of f; its value stays as it is.

    Raises
    ------
    NonDifferentiableError
        If x is not a regular root: f has a singular Jacobian there, or no zero close by.
    """
    given, shape = plain(x), np.shape(x)
    is_number = not isinstance(given, np.ndarray)

    def flat(u: Any) -> Any:
        y = as_operand(f(u if len(shape) < 2 else np.reshape(u, shape)))
        came = shape_of(y)
        if math.prod(came) != math.prod(shape):
            raise ValueError(
                f"a root needs as many equations as unknowns; shape {shape} went in, "
                f"{came} came out."
            )
        if is_number:
            return np.reshape(y, -1)[0] if came else y
        return y if len(came) == 1 else np.reshape(y, -1) if came else np.stack([y])

    if is_number:
        return Regular(flat, given, elementwise=True).solved(given)
    start = np.reshape(given, -1)
    return np.reshape(Regular(flat, start, elementwise or start.size == 1).solved(start), shape)


def _norm(v: Any) -> float:
    return float(np.linalg.norm(v) if np.ndim(v) else abs(v))


def _largest(v: Any) -> Any:
    return np.max(abs(v), initial=0) if np.ndim(v) else abs(v)


def _divided(slope: Any, r: Any, elementwise: bool) -> Any:
    return _quotient(slope, r) if elementwise else _solution(slope, r)


def _quotient(slope: Any, r: Any) -> Any:
    if np.any(slope == 0):
        raise NonDifferentiableError(
            "the root is not regular: the function has slope 0 there, so that the root is not "
            "simple, and has no derivative."
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

CLOSE = 1e-3  # a solver stops so close to a limit that holds x, in proportion to 1 + |x|
WEAK = 1e-7  # below that, in proportion, a multiplier or a distance is taken for zero


class Limits:
    """What holds an optimum: c(x) = 0, or c(x) ≥ 0, for several c at once.

    Parameters
    ----------
    c : callable
        From shape (n,) to shape (m,), in duals.
    equal : ndarray of bool, shape (m,)
        Which of them are equations.
    names : list of str
        What each is called in messages.
    matrix : shape (m, n), optional
        Of linear ones their Jacobian, in duals.
    """

    def __init__(self, c: Function, equal: Any, names: list[str], matrix: Any = None) -> None:
        self.c, self.equal, self.names = c, np.asarray(equal, bool), names
        self.matrix = matrix

    @classmethod
    def none(cls) -> Limits:
        """Nothing holds x."""
        return cls(lambda u: u[:0], [], [])

    def __add__(self, other: Limits) -> Limits:
        if not len(self.equal) or not len(other.equal):
            return self if len(self.equal) else other
        are_linear = self.matrix is not None and other.matrix is not None
        return Limits(
            lambda u: np.concatenate([self.c(u), other.c(u)]),
            np.concatenate([self.equal, other.equal]),
            self.names + other.names,
            np.concatenate([self.matrix, other.matrix]) if are_linear else None,
        )

    def slopes(self, u: Any) -> Any:
        """The Jacobian at u."""
        return jacobian(self.c)(u) if self.matrix is None else self.matrix

    @classmethod
    def between(
        cls, f: Function, low: Any, high: Any, names: list[str], matrix: Any = None
    ) -> Limits:
        """low ≤ f(x) ≤ high, each of shape (m,), for all that are finite; equal ones are one.

        `matrix`: of a linear f.
        """
        low, high = as_operand(low), as_operand(high)
        fixed = plain(low) == plain(high)
        is_low, is_high = np.isfinite(plain(low)) & ~fixed, np.isfinite(plain(high)) & ~fixed
        parts: list[Function] = []
        if fixed.any():
            parts.append(lambda u: (f(u) - low)[fixed])
        if is_low.any():
            parts.append(lambda u: (f(u) - low)[is_low])
        if is_high.any():
            parts.append(lambda u: (high - f(u))[is_high])
        where = np.concatenate([np.flatnonzero(w) for w in (fixed, is_low, is_high)])
        if not len(where):
            return cls.none()
        signs = np.repeat([1.0, 1.0, -1.0], [fixed.sum(), is_low.sum(), is_high.sum()])
        return cls(
            lambda u: np.concatenate([part(u) for part in parts]),
            np.arange(len(where)) < fixed.sum(),
            [names[i] for i in where],
            None if matrix is None else signs[:, None] * matrix[where],
        )


class Optimum:
    """The minimum of f of a vector, where limits hold (Karush, Kuhn and Tucker).

    The gradient is a combination of those of the limits that hold x, and these stay at zero:

        ∇f(x) = Σ mᵢ·∇cᵢ(x)          cᵢ(x) = 0          i active

    With strict complementarity (mᵢ > 0 at an active inequality, cᵢ > 0 at the others), the same
    limits hold x for neighbouring parameters, and x and the multipliers are a regular root.

    Parameters
    ----------
    f : callable
        From shape (n,) to a number, in duals.
    x : ndarray, shape (n,)
        Where the solver has stopped.
    limits : Limits, optional
    gradient : callable, optional
        That of f, where it is known.
    hessian : ndarray, optional
        Of an f that is quadratic, where the limits are linear: its second derivatives, plain.

    Attributes
    ----------
    x : shape (n,)
        The solver's x with the tangents of the optimum.
    point : shape (n,)
        The optimum to rounding, with the same tangents.
    multipliers : shape (m,)
        Those of all limits, zero where they do not hold x.

    Raises
    ------
    NonDifferentiableError
        If the optimum is not isolated, is not close to x, is no minimum, or a limit touches it
        without holding it.
    """

    def __init__(
        self,
        f: Function,
        x: Any,
        limits: Limits | None = None,
        gradient: Function | None = None,
        hessian: Any = None,
    ) -> None:
        self.hessian = hessian
        self.f, self.limits = f, limits or Limits.none()
        self.gradient = gradient or grad(f)
        x = np.asarray(plain(x), float)
        self.n, self.given = len(x), x
        self.active = self.limits.equal.copy()
        m = self._first_multipliers(x) if len(self.active) else np.zeros(0)
        for _ in range(2 * len(self.active) + 1):
            where = np.flatnonzero(self.active)
            root = Regular(
                lambda z, where=where: self._equations(z, where),
                np.concatenate([x, m[where]]),
                free=self.n,
                slope=self._slope(where),
            )
            c, m = self._at(root.x, where)
            if not self._has_changed(c, m):
                break
        else:
            raise NonDifferentiableError(
                "it cannot be decided which limits hold the optimum; lower the solver's tolerance."
            )
        self._refuse_degenerate(root, c, m)
        z = root.solved()
        self.point = z[: self.n]
        self.x = with_value(self.point, x)
        self.multipliers = np.zeros(len(self.active))
        if len(where):
            places = (where[:, None] == np.arange(len(self.active))) * 1.0
            self.multipliers = z[self.n :] @ places

    def _slope(self, where: Any) -> Any:
        """The Jacobian of the equations, where they are affine."""
        matrix = self.limits.matrix
        if self.hessian is None or (len(where) and matrix is None):
            return None
        c = plain(matrix)[where] if len(where) else np.zeros((0, self.n))
        return np.block([[self.hessian, -c.T], [c, np.zeros((len(c), len(c)))]])

    def _equations(self, z: Any, where: Any) -> Any:
        x, m = z[: self.n], z[self.n :]
        if not len(where):
            return self.gradient(x)
        if self.limits.matrix is not None:
            slope = self.gradient(x) - m @ self.limits.matrix[where]
        else:
            slope = grad(lambda u: self.f(u) - np.sum(m * self.limits.c(u)[where]))(x)
        return np.concatenate([slope, self.limits.c(x)[where]])

    def _first_multipliers(self, x: Any) -> Any:
        """Those of the limits next to x that leave least of the gradient; decides who is active."""
        equal = self.limits.equal
        c, j = plain(self.limits.c(x)), plain(self.limits.slopes(x))
        sizes = np.linalg.norm(j, axis=1)
        near = equal | (c <= CLOSE * sizes * (1 + np.max(abs(x), initial=0)))
        rows = np.where(near[:, None], j, 0)
        both, _ = nnls(np.concatenate([rows, -rows[equal]]).T, plain(self.gradient(x)))
        m = both[: len(c)]
        m[equal] -= both[len(c) :]
        self.active = equal | (m > 0)
        return m

    def _at(self, z: Any, where: Any) -> tuple[Any, Any]:
        """All limits and multipliers, each in proportion to what is called zero."""
        x, m = z[: self.n], np.zeros(len(self.active))
        m[where] = z[self.n :]
        if not len(m):
            return m, m
        c, j = plain(self.limits.c(x)), plain(self.limits.slopes(x))
        self.sizes = np.linalg.norm(j, axis=1)
        self.steepness = float(np.linalg.norm(plain(self.gradient(x))))
        self.scale = 1 + np.max(abs(x), initial=0)
        return c, m

    def _has_changed(self, c: Any, m: Any) -> bool:
        """Let go of what pulls, and take in what is violated most."""
        if not len(m):
            return False
        free = ~self.limits.equal
        pulls = free & self.active & (m * self.sizes < -WEAK * self.steepness)
        over = np.where(
            free & ~self.active & (c < -WEAK * self.sizes * self.scale),
            c / np.where(self.sizes > 0, self.sizes, 1),
            0,
        )
        self.active = self.active & ~pulls
        if over.any():
            self.active[np.argmin(over)] = True
        return bool(pulls.any() or over.any())

    def _refuse_degenerate(self, root: Regular, c: Any, m: Any) -> None:
        n = self.n
        if len(m):
            free = ~self.limits.equal
            weak = free & self.active & (m * self.sizes < WEAK * max(self.steepness, WEAK))
            weak |= free & ~self.active & (c < WEAK * self.sizes * self.scale)
            if weak.any():
                raise NonDifferentiableError(
                    f"{self.limits.names[int(np.argmax(weak))]}, but the gradient does not push "
                    "against it, so that the optimum has a kink there; move the limit, or omit it."
                )
        bend, held = root.slope[:n, :n], root.slope[n:, :n]
        if len(held):
            inside = np.linalg.svd(held)[2][len(held) :]
            bend = inside @ bend @ inside.T
        if bend.size and not np.all(np.linalg.eigvalsh((bend + bend.T) / 2) > 0):
            raise NonDifferentiableError(
                "the point where the solver stopped is stationary but not a minimum, and so has "
                "no derivative as one; start the solver elsewhere, or lower its tolerance."
            )


def bounds_of(n: int, lower: Any, upper: Any) -> Limits:
    """lower ≤ x ≤ upper for a vector of n numbers; None for no bounds."""
    low = as_operand(-np.inf if lower is None else lower) + np.zeros(n)
    high = as_operand(np.inf if upper is None else upper) + np.zeros(n)
    names = [f"x[{i}] is at its bound" for i in range(n)]
    return Limits.between(lambda u: u, low, high, names, np.eye(n))


# -- differential equations ----------------------------------------------------------------


def stepped(f: Function, t: Any, y: Any, d: Any) -> Any:
    """The solution of y′ = f(t, y), a nilpotent time d after it was y.

    One step of the classical Runge–Kutta method, whose error d⁵ is zero for four levels.
    """
    if order_of(d) > 4:
        raise NotImplementedError(
            "derivatives in a time or a limit go up to the fourth order; this is the "
            f"{order_of(d)}th."
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
