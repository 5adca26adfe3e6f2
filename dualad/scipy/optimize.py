"""scipy.optimize: roots, fixed points, optima and fits with the tangents of what defines them.

SciPy finds the solution on plain numbers, with all its options. If the function turns out to
close over duals (or gets them in `args=`, or in the data), the solution gets its tangents from
the equation that it solves, see `_theorems`. Its value is SciPy's. Starting points and brackets
lose their tangents: they have no influence on where the solution is.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize as _scipy
from scipy.optimize import Bounds, OptimizeResult, RootResults

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..drivers import grad, jacobian
from ..dual import Dual
from ..pair import plain
from ..structure import leaves, rebuild
from ._names import names_of
from ._parts import Plain, stripped, with_value
from ._theorems import optimum_of, root_of

__all__ = [
    "Bounds",
    "OptimizeResult",
    "RootResults",
    "bisect",
    "brenth",
    "brentq",
    "curve_fit",
    "fixed_point",
    "fsolve",
    "least_squares",
    "minimize",
    "minimize_scalar",
    "newton",
    "ridder",
    "root",
    "root_scalar",
    "toms748",
]

Function = Callable[..., Any]


def _bound(f: Function, args: Any) -> Function:
    """f with its further arguments."""
    args = args if isinstance(args, tuple) else (args,)
    return (lambda *x: f(*x, *args)) if args else f


def _plainly(f: Any, args: Any) -> Any:
    """What SciPy's iterations see of a function among its options."""
    return Plain(_bound(f, args)) if callable(f) else f


def _has_duals(*given: Any) -> bool:
    return any(isinstance(as_operand(x), Dual) for x in leaves(given))


def _converged(success: Any, name: str, message: Any) -> None:
    if not np.all(success):
        raise NonDifferentiableError(
            f"{name} has not converged ({message}), and what is not a solution has no derivative."
        )


# -- roots of one function of one number ---------------------------------------------------


def _bracketing(name: str) -> Function:
    solver = getattr(_scipy, name)

    @functools.wraps(solver, assigned=("__name__", "__qualname__", "__module__"))
    def solve(f: Function, a: Any, b: Any, args: Any = (), **options: Any) -> Any:
        g = Plain(_bound(f, args))
        return _with_tangents(solver(g, plain(a), plain(b), **stripped(options)), g, name)

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


def _with_tangents(result: Any, g: Plain, name: str, elementwise: bool = False) -> Any:
    """A root, or with full_output=True a root and reports on it."""
    if not g.found:
        return result
    x, *reports = result if isinstance(result, tuple) else (result,)
    if reports:
        first = reports[0]
        converged = getattr(first, "converged", first)
        _converged(converged, name, getattr(first, "flag", "its steps ended early"))
    x = root_of(g.f, x, elementwise)
    if not reports:
        return x
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
    tol: float = 1.48e-8,
    maxiter: int = 50,
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
    fprime, args, tol, maxiter, fprime2, **options
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
    g, given = Plain(_bound(func, args)), (_plainly(fprime, args), _plainly(fprime2, args))
    result = _scipy.newton(
        g, stripped(x0), given[0], (), tol, maxiter, given[1], **stripped(options)
    )
    return _with_tangents(result, g, "newton", elementwise=np.ndim(as_operand(x0)) > 0)


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
    f = _bound(f, args)
    g = Plain(f)
    others = {k: _plainly(v, args) for k, v in stripped(options).items()}
    result = _scipy.root_scalar(g, method=method, fprime=_plainly(fprime, args), **others)
    if g.found:
        _converged(result.converged, "root_scalar", result.flag)
        result.root = root_of(_first(f) if fprime is True else f, result.root)
    return result


# -- systems of equations ------------------------------------------------------------------


def root(
    fun: Function, x0: Any, args: Any = (), method: str = "hybr", jac: Any = None, **options: Any
) -> Any:
    """scipy.optimize.root; `.x` has the tangents of fun and args, and `.fun` is fun there.

    Parameters
    ----------
    fun : callable
        As many equations as unknowns; the result may hold duals.
    x0 : array, shape (n,)
        Where to start; the root does not depend on it.
    args, method, jac, **options
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
    g = Plain(_bound(fun, args))
    result = _scipy.root(
        g, stripped(x0), method=method, jac=_plainly(jac, args), **stripped(options)
    )
    if g.found:
        _converged(result.success, "root", result.message)
        f = _first(g.f) if jac is True else g.f
        result.x = root_of(f, result.x)
        result.fun = as_operand(f(result.x))
    return result


def _first(f: Function) -> Function:
    """The function itself, where f gives it together with its derivative."""
    return lambda *x: f(*x)[0]


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
    g = Plain(_bound(func, args))
    result = _scipy.fsolve(
        g, stripped(x0), fprime=_plainly(fprime, args), full_output=full_output, **options
    )
    if not g.found:
        return result
    if full_output:
        _converged(result[2] == 1, "fsolve", result[3])
        return (root_of(g.f, result[0]), *result[1:])
    return root_of(g.f, result)


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
    >>> round(derivative(golden)(1.0) * 5**0.5, 12)  # of (1 + √(1 + 4a))/2
    1.0
    """
    g = Plain(_bound(func, args))
    x = _scipy.fixed_point(g, stripped(x0), **stripped(options))
    return root_of(lambda x: x - as_operand(g.f(x)), x) if g.found else x


# -- optima --------------------------------------------------------------------------------


def minimize(
    fun: Function,
    x0: Any,
    args: Any = (),
    method: Any = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    callback: Any = None,
    **options: Any,
) -> Any:
    """scipy.optimize.minimize; `.x` has the tangents of the optimum.

    The optimum keeps the gradient at zero, except where it pushes against a bound; there x moves
    with the bound. `.fun` and `.jac` are those at x; all other reports, as `.hess_inv`, are of
    the iterations, and plain.

    Parameters
    ----------
    fun : callable
        Of a vector; the result may be a dual. With `jac=True` it returns (value, gradient).
    x0 : array, shape (n,)
        Where to start; the optimum does not depend on it.
    bounds : sequence of pairs or Bounds
        May hold duals.
    args, method, jac, hess, hessp, **options
        As SciPy's. They serve the iterations; derivatives of the optimum are made from fun.

    Raises
    ------
    NonDifferentiableError
        If fun or bounds have duals, and the Hessian is singular, the optimum was not found, or
        it is at a bound by chance.
    TypeError
        If fun has duals, and there are constraints.

    Examples
    --------
    >>> from dualad import jacobian
    >>> valley = lambda x, a: (x[0] - a) ** 2 + (x[1] - x[0] ** 2) ** 2
    >>> jacobian(lambda a: minimize(valley, [0.0, 0.0], args=(a,)).x)(3.0).round(9)
    array([1., 6.])
    """
    f = _bound(fun, args)
    g = Plain(f)
    given = {"jac": jac, "hess": hess, "hessp": hessp}
    lower, upper, moving = _limits(bounds)
    result = _scipy.minimize(
        g,
        stripped(x0),
        method=method,
        **{name: _plainly(option, args) for name, option in given.items()},
        bounds=moving,
        constraints=constraints,
        callback=callback,
        **stripped(options),
    )
    if not (g.found or _has_duals(lower, upper)):
        return result
    if len(constraints) if isinstance(constraints, (tuple, list)) else constraints:
        raise TypeError(
            "minimize cannot differentiate an optimum under constraints=; write them as bounds, "
            "or solve for their multipliers with root."
        )
    cost = _first(f) if jac is True else f
    _converged(result.success, "minimize", result.message)
    result.x = optimum_of(cost, result.x, lower, upper)
    result.fun = cost(result.x)
    if "jac" in result:
        result.jac = grad(cost)(result.x)
    return result


def _limits(bounds: Any) -> tuple[Any, Any, Any]:
    """Lower and upper bounds as they are, and for SciPy as plain numbers."""
    if bounds is None:
        return None, None, None
    if hasattr(bounds, "lb"):
        plainly = Bounds(stripped(bounds.lb), stripped(bounds.ub), bounds.keep_feasible)
        return bounds.lb, bounds.ub, plainly
    pairs = list(bounds)
    if isinstance(pairs[0], Dual):
        raise TypeError("bounds is a sequence of pairs, got duals; write [(low, high), …].")
    lower = [-np.inf if low is None else low for low, _ in pairs]
    upper = [np.inf if high is None else high for _, high in pairs]
    return lower, upper, stripped(pairs)


def minimize_scalar(
    fun: Function, bracket: Any = None, bounds: Any = None, args: Any = (), **options: Any
) -> Any:
    """scipy.optimize.minimize_scalar; `.x` and `.fun` have the tangents of fun, args and bounds.

    Parameters and errors as for `minimize`; the options are SciPy's.

    Examples
    --------
    >>> from dualad import derivative
    >>> derivative(lambda a: minimize_scalar(lambda x: (x - a) ** 2 + a).fun)(3.0)
    1.0
    """
    g = Plain(_bound(fun, args))
    result = _scipy.minimize_scalar(g, stripped(bracket), stripped(bounds), **stripped(options))
    if g.found or _has_duals(bounds):
        _converged(result.success, "minimize_scalar", result.message)
        lower, upper = (None, None) if bounds is None else ([bounds[0]], [bounds[1]])
        x = optimum_of(lambda u: g.f(u[0]), [result.x], lower, upper)[0]
        result.x = with_value(x, result.x)
        result.fun = g.f(result.x)
    return result


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
    method: str = "trf",
    ftol: Any = 1e-8,
    xtol: Any = 1e-8,
    gtol: Any = 1e-8,
    x_scale: Any = None,
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
    x0, jac, method, ftol, xtol, gtol, x_scale, loss, f_scale, args, kwargs, **options
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
    f = _bound(f, args)
    g = Plain(f)
    jacobian_given: Any = functools.partial(jac, **kwargs) if callable(jac) and kwargs else jac
    if isinstance(bounds, Bounds):
        lower, upper = bounds.lb, bounds.ub
    else:
        lower, upper = bounds
    if x_scale is not None:  # SciPy's default depends on its version
        options["x_scale"] = stripped(x_scale)
    result = _scipy.least_squares(
        g,
        stripped(x0),
        jac=_plainly(jacobian_given, args),
        bounds=_limits(bounds)[2] if isinstance(bounds, Bounds) else stripped(bounds),
        method=method,
        ftol=ftol,
        xtol=xtol,
        gtol=gtol,
        loss=loss,
        f_scale=stripped(f_scale),
        **options,
    )
    if not (g.found or _has_duals(lower, upper, f_scale)):
        return result
    if callable(loss):
        raise TypeError(
            "least_squares cannot differentiate an optimum with a loss of your own; write its "
            f"name, one of {', '.join(_LOSSES)}, or use minimize."
        )
    _converged(result.success, "least_squares", result.message)

    def residuals(x: Any) -> Any:
        y = as_operand(f(x))
        return y if np.ndim(y) else np.stack([y])

    def cost(x: Any) -> Any:
        z = (residuals(x) / f_scale) ** 2
        return 0.5 * f_scale**2 * np.sum(_LOSSES[loss](z))

    result.x = optimum_of(cost, result.x, lower, upper)
    result.fun, result.cost = residuals(result.x), cost(result.x)
    result.jac, result.grad = jacobian(residuals)(result.x), grad(cost)(result.x)
    return result


def curve_fit(
    f: Function,
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: Any = None,
    bounds: Any = (-np.inf, np.inf),
    method: Any = None,
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
    p0, absolute_sigma, check_finite, method, jac, **options
        As SciPy's; only in plain fits, full_output and nan_policy.

    Returns
    -------
    popt : shape (n,)
    pcov : shape (n, n)
        The square roots of its diagonal are the standard errors.

    Raises
    ------
    NonDifferentiableError
        If there are duals, and the optimum is not isolated, or is at a bound by chance.
    TypeError
        If there are duals, and full_output or nan_policy is given.

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
    if isinstance(bounds, Bounds):
        lower, upper = bounds.lb, bounds.ub
    else:
        lower, upper = bounds
    numbers = rebuild([xdata, ydata, sigma], lambda x: plain(as_operand(x)))
    result = _scipy.curve_fit(
        g,
        *numbers[:2],
        stripped(p0),
        numbers[2],
        absolute_sigma,
        check_finite,
        _limits(bounds)[2] if isinstance(bounds, Bounds) else stripped(bounds),
        method,
        _plainly(jac, ()),
        **options,
    )
    if not (g.found or _has_duals(xdata, ydata, sigma, lower, upper)):
        return result
    if any(options.get(name) for name in ("full_output", "nan_policy")):
        raise TypeError("curve_fit takes no full_output or nan_policy with duals; omit it.")
    popt, pcov = result
    x, y = (as_operand(a) if _has_duals(a) else np.asarray(a, float) for a in (xdata, ydata))
    weight = None if sigma is None else as_operand(sigma)
    if weight is not None and np.ndim(weight) == 2:
        weight = np.linalg.cholesky(weight)

    def residuals(p: Any) -> Any:
        rest = np.reshape(as_operand(f(x, *p)) - y, -1)
        if weight is None:
            return rest
        return np.linalg.solve(weight, rest) if np.ndim(weight) == 2 else rest / weight

    best = optimum_of(lambda p: 0.5 * np.sum(residuals(p) ** 2), popt, lower, upper)
    j = jacobian(residuals)(best)
    covariance = np.linalg.inv(j.T @ j)
    if not absolute_sigma:
        covariance = covariance * (np.sum(residuals(best) ** 2) / (np.size(y) - np.size(popt)))
    return best, with_value(covariance, pcov)


__getattr__, __dir__ = names_of(__name__)
