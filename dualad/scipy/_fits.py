"""Fits: least squares with the tangents of the data, the bounds and whatever the model holds."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize as _scipy
from scipy.optimize import Bounds

from ..array.operands import as_operand
from ..array_rules.common import has_duals
from ..drivers import grad, jacobian
from ..numerics import quiet
from ..pair import plain
from ..structure import rebuild
from ._calling import take_places
from ._kinks import optimum
from ._minima import bounds_for
from ._parts import Plain, stripped, with_value
from ._solving import bound, plainly, refuse_unless_converged, reported
from ._theorems import Limits, Optimum, bounds_of

Function = Callable[..., Any]

# -- fits ----------------------------------------------------------------------------------

_LOSSES: dict[str, Function] = {
    "linear": lambda z: z,
    "soft_l1": lambda z: 2 * (np.sqrt(1 + z) - 1),
    "huber": lambda z: np.where(z <= 1, z, 2 * np.sqrt(np.where(z <= 1, 1, z)) - 1),
    "cauchy": np.log1p,
    "arctan": np.arctan,
}


def least_squares(
    fun: Function,
    x0: Any,
    jac: Any = "2-point",
    bounds: Any = (-np.inf, np.inf),
    loss: Any = "linear",
    f_scale: Any = 1.0,
    args: Any = (),
    kwargs: Any = None,
    **options: Any,
) -> Any:
    """scipy.optimize.least_squares; `.x` has the tangents of the optimum.

    The optimum keeps the gradient of the cost at zero, with the second derivatives of the
    residuals, which matter unless the fit is perfect. `.fun`, `.cost`, `.jac` and `.grad` are
    those at x.

    Parameters
    ----------
    fun : callable
        The residuals, a vector; it may hold duals, from data or hyperparameters.
    bounds : pair of numbers or arrays, or Bounds
        May hold duals.
    x0, jac, loss, f_scale, args, kwargs, **options
        As SciPy's. `jac=dualad.jacobian(fun)` is exact. A dual f_scale counts.

    Raises
    ------
    NonDifferentiableError
        If there are duals, and the optimum is not isolated, was not found, or is at a bound by
        chance.
    TypeError
        If there are duals, and loss is a function.

    Examples
    --------
    >>> from dualad import Dual
    >>> y = Dual(np.array([1.0, 3.0, 2.0]), np.array([0.0, 1.0, 0.0]))
    >>> fit = least_squares(lambda b: b[0] - y, [0.0])  # the mean
    >>> fit.x.tangent.round(8), round(fit.cost.tangent, 8)
    (array([0.33333333]), 1.0)
    """
    kwargs = kwargs or {}
    f: Any = functools.partial(fun, **kwargs) if kwargs else fun
    f = bound(f, args)
    g = Plain(f)
    jacobian_given: Any = functools.partial(jac, **kwargs) if callable(jac) and kwargs else jac
    lower, upper, plain_bounds = _both(bounds)
    result = _scipy.least_squares(
        g,
        stripped(x0),
        jac=plainly(jacobian_given, args),
        bounds=plain_bounds,
        loss=loss,
        f_scale=stripped(f_scale),
        **stripped(options),
    )
    if not (g.found or has_duals(lower, upper, f_scale)):
        if has_duals(x0):
            refuse_unless_converged(result.success, "least_squares", result.message)
            return reported(result, x0, start_only=True)
        return result
    if callable(loss):
        raise TypeError(
            "least_squares cannot differentiate an optimum with a loss of your own; write its "
            f"name, one of {', '.join(_LOSSES)}, or use minimize."
        )
    refuse_unless_converged(result.success, "least_squares", result.message)

    def residuals(x: Any) -> Any:
        y = as_operand(f(x))
        return y if np.ndim(y) else np.stack([y])

    def cost(x: Any) -> Any:
        z = (residuals(x) / f_scale) ** 2
        return 0.5 * f_scale**2 * np.sum(_LOSSES[loss](z))

    best = optimum(cost, result.x, bounds_of(len(result.x), lower, upper))
    result.x, point = best.x, best.point
    at = {"fun": residuals, "cost": cost, "grad": grad(cost)}
    if isinstance(result.jac, np.ndarray):
        at["jac"] = jacobian(residuals)
    for name, f_there in at.items():
        result[name] = with_value(f_there(point), result[name])
    return reported(result, lower, upper, f_scale, x0)


def _both(bounds: Any) -> tuple[Any, Any, Any]:
    """Two bounds for all numbers, or of each, as they are and as plain numbers."""
    if isinstance(bounds, Bounds):
        return bounds_for(bounds)
    lower, upper = bounds
    return lower, upper, stripped(bounds) if has_duals(lower, upper) else bounds


def curve_fit(
    f: Function,
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    bounds: Any = (-np.inf, np.inf),
    jac: Any = None,
    **options: Any,
) -> Any:
    """scipy.optimize.curve_fit; parameters and covariance have the tangents of the data.

    Parameters
    ----------
    f : callable
        The model f(x, *p), which may close over duals.
    xdata, ydata, sigma, bounds
        As SciPy's; each may hold duals. sigma has shape (m,) or (m, m).
    p0, absolute_sigma, jac, **options
        As SciPy's; nan_policy="omit" only in plain fits.

    Returns
    -------
    popt : shape (n,)
    pcov : shape (n, n)
        The square roots of its diagonal are the standard errors.
    infodict, mesg, ier
        With full_output=True, as SciPy's; plain, but for infodict["fvec"].

    Raises
    ------
    NonDifferentiableError
        If there are duals, and the optimum is not isolated, or is at a bound by chance.
    TypeError
        If there are duals, and nan_policy is "omit".

    Examples
    --------
    >>> from dualad import Dual
    >>> y = Dual(np.array([1.0, 3.0, 5.0, 8.0]), np.ones(4))  # all higher by one
    >>> popt, pcov = curve_fit(lambda x, a, b: a + b * x, np.arange(4.0), y)
    >>> popt.tangent.round(9) + 0.0
    array([1., 0.])
    """
    g = Plain(f)
    g.__signature__ = inspect.signature(f)  # type: ignore[attr-defined]  # counted by SciPy
    lower, upper, plain_bounds = _both(bounds)
    numbers = rebuild([xdata, ydata, sigma], lambda x: plain(as_operand(x)))
    result = _scipy.curve_fit(
        g,
        *numbers[:2],
        p0=stripped(p0),
        sigma=numbers[2],
        absolute_sigma=absolute_sigma,
        bounds=plain_bounds,
        jac=plainly(jac),
        **options,
    )
    if not (g.found or has_duals(xdata, ydata, sigma, lower, upper)):
        return result
    if options.get("nan_policy") == "omit":
        raise TypeError(
            'curve_fit does not take nan_policy="omit" with duals; leave the missing points out '
            "of the data."
        )
    popt, pcov, *reports = result
    x, y = (as_operand(a) if has_duals(a) else np.asarray(a, float) for a in (xdata, ydata))
    weight = None if sigma is None else as_operand(sigma)
    if weight is not None and np.ndim(weight) == 2:
        weight = np.linalg.cholesky(weight)

    def residuals(p: Any) -> Any:
        rest = np.reshape(as_operand(f(x, *p)) - y, -1)
        if weight is None:
            return rest
        return np.linalg.solve(weight, rest) if np.ndim(weight) == 2 else rest / weight

    best = optimum(
        lambda p: 0.5 * np.sum(residuals(p) ** 2), popt, bounds_of(len(popt), lower, upper)
    )
    point = best.point
    j = jacobian(residuals)(point)
    covariance = np.linalg.inv(j.T @ j)
    if not absolute_sigma:
        with quiet():  # of as many points as parameters SciPy has told
            covariance = covariance * (np.sum(residuals(point) ** 2) / (np.size(y) - len(popt)))
    if reports and "fvec" in reports[0] and np.shape(reports[0]["fvec"]) == (np.size(y),):
        reports[0]["fvec"] = with_value(residuals(point), reports[0]["fvec"])
    return (best.x, with_value(covariance, pcov), *reported(reports, best.x))


def leastsq(func: Function, x0: Any, args: Any = (), Dfun: Any = None, **options: Any) -> Any:
    """scipy.optimize.leastsq; the optimum, and its covariance, have the tangents of func and args.

    Parameters and results are SciPy's; with full_output, `cov_x` and `infodict["fvec"]` have
    tangents too.

    Raises
    ------
    NonDifferentiableError
        If there are duals, and the optimum is not isolated or was not found.

    Examples
    --------
    >>> from dualad import Dual
    >>> y = Dual(np.array([1.0, 3.0, 2.0]), np.array([0.0, 1.0, 0.0]))
    >>> x, _ = leastsq(lambda b: b[0] - y, [0.0])  # the mean
    >>> x.tangent.round(8)
    array([0.33333333])
    """
    g = Plain(bound(func, args))
    result = _scipy.leastsq(g, stripped(x0), Dfun=plainly(Dfun, args), **stripped(options))
    if not g.found and not has_duals(x0):
        return result
    refuse_unless_converged(result[-1] in (1, 2, 3, 4), "leastsq", f"ier = {result[-1]}")
    if not g.found:
        x, *reports = result
        return (x, *reported(reports, x0, start_only=True))

    def residuals(x: Any) -> Any:
        y = as_operand(g.f(x))
        return np.reshape(y, -1) if np.ndim(y) else np.stack([y])

    best = optimum(lambda x: 0.5 * np.sum(residuals(x) ** 2), np.atleast_1d(result[0]))
    if len(result) == 2:
        return (best.x, *result[1:])
    _, covariance, report, *others = result
    if covariance is not None:
        j = jacobian(residuals)(best.point)
        covariance = with_value(np.linalg.inv(j.T @ j), covariance)
    report["fvec"] = with_value(residuals(best.point), report["fvec"])
    return (best.x, covariance, *reported([report, *others], best.x))


# -- linear least squares ------------------------------------------------------------------


def nnls(A: Any, b: Any, **options: Any) -> Any:
    """scipy.optimize.nnls: the x ≥ 0 that makes |A·x − b| least, and that norm.

    Parameters
    ----------
    A : shape (m, n)
    b : shape (m,)
        Both may be duals.
    **options
        As SciPy's.

    Returns
    -------
    x : shape (n,)
    rnorm : number

    Raises
    ------
    NonDifferentiableError
        If there are duals, and A has dependent columns among those in use, or a number of x is 0
        without being held there.

    Examples
    --------
    >>> from dualad import Dual
    >>> x, _ = nnls(np.eye(2), Dual(np.array([1.0, -1.0]), np.ones(2)))
    >>> x.tangent.round(9) + 0.0
    array([1., 0.])
    """
    x, norm = _scipy.nnls(*stripped([A, b]), **options)
    if not has_duals(A, b):
        return x, norm
    A, b = as_operand(A), as_operand(b)
    best = _of_linear(A, b, x, bounds_of(len(x), 0.0, None))
    return best.x, with_value(np.linalg.norm(A @ best.point - b), norm)


def lsq_linear(A: Any, b: Any, bounds: Any = (-np.inf, np.inf), **options: Any) -> Any:
    """scipy.optimize.lsq_linear: the x within bounds that makes |A·x − b| least.

    Parameters
    ----------
    A : shape (m, n)
        An array, which may be a dual one; plain, also a sparse matrix.
    b : shape (m,)
    bounds : pair of numbers or arrays, or Bounds
    **options
        As SciPy's.

    Returns
    -------
    OptimizeResult
        `.x`, `.fun` and `.cost` have tangents.

    Raises
    ------
    NonDifferentiableError
        If there are duals, and the optimum is not isolated, or is at a bound by chance.

    Examples
    --------
    >>> from dualad import derivative
    >>> fit = lambda c: lsq_linear(np.eye(2), [1.0, 4.0], bounds=(0.0, c)).x[1]
    >>> round(derivative(fit)(2.0), 9)
    1.0
    """
    lower, upper, plain_bounds = _both(bounds)
    matrix = A if hasattr(A, "toarray") else stripped(A)
    result = _scipy.lsq_linear(matrix, stripped(b), bounds=plain_bounds, **options)
    if not has_duals(b, lower, upper, *([] if matrix is A else [A])):
        return result
    refuse_unless_converged(result.success, "lsq_linear", result.message)
    A, b = A.toarray() if hasattr(A, "toarray") else as_operand(A), as_operand(b)
    best = _of_linear(A, b, result.x, bounds_of(len(result.x), lower, upper))
    rest = A @ best.point - b
    result.x, result.fun = best.x, with_value(rest, result.fun)
    result.cost = with_value(0.5 * np.sum(rest**2), result.cost)
    return reported(result, b, lower, upper)


def _of_linear(A: Any, b: Any, x: Any, limits: Limits) -> Optimum:
    """The x within limits that makes |A·x − b| least."""
    matrix = plain(A)
    return Optimum(
        lambda u: 0.5 * np.sum((A @ u - b) ** 2),
        x,
        limits,
        lambda u: A.T @ (A @ u - b),
        matrix.T @ matrix,
    )


take_places(globals(), _scipy)
