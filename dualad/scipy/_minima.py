"""Minima, perhaps within bounds and constraints, with the tangents of what defines them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.optimize as _scipy
from scipy.optimize import Bounds, LinearConstraint, NonlinearConstraint

from ..array.operands import as_operand, from_objects
from ..array.undefined import NonDifferentiableError
from ..array_rules.common import duals_in, has_duals
from ..drivers import grad
from ..dual import Dual
from ..pair import plain
from ..refusals import refused
from ._calling import take_places
from ._kinks import inner_minimum, one_number, optimum
from ._parts import Plain, stripped, with_value
from ._solving import bound, first, plainly, refuse_unless_converged, reported
from ._theorems import CLOSE, Limits, Optimum, bounds_of

Function = Callable[..., Any]


# -- limits --------------------------------------------------------------------------------


def bounds_for(bounds: Any) -> tuple[Any, Any, Any]:
    """Lower and upper bounds as they are, and for SciPy as plain numbers."""
    if bounds is None:
        return None, None, None
    if hasattr(bounds, "lb"):
        plain_bounds = Bounds(stripped(bounds.lb), stripped(bounds.ub), bounds.keep_feasible)
        lower, upper = (_from_objects(x) for x in (bounds.lb, bounds.ub))
        return lower, upper, plain_bounds
    pairs = list(bounds)
    if pairs and isinstance(pairs[0], Dual):
        raise TypeError("bounds is a sequence of pairs, got duals; write [(low, high), …].")
    lower = [-np.inf if low is None else low for low, _ in pairs]
    upper = [np.inf if high is None else high for _, high in pairs]
    return lower, upper, stripped(pairs) if has_duals(pairs) else bounds


def _from_objects(x: Any) -> Any:
    return from_objects(x) if isinstance(x, np.ndarray) else x


class Constraints:
    """Constraints with duals: as SciPy's iterations see them, and as limits of an optimum.

    Attributes
    ----------
    plain
        In the form in which they were given, without duals.
    """

    def __init__(self, given: Any) -> None:
        self.plain: Any
        self._found: list[Plain] = []
        self._given: list[Any] = []
        self._has_duals = False
        if given is None or (isinstance(given, (list, tuple)) and not given):
            self.plain = given
            return
        is_one = not isinstance(given, (list, tuple))
        self._given = [given] if is_one else list(given)
        each = [self._plainly(c) for c in self._given]
        self.plain = each[0] if is_one else type(given)(each)

    def _seen(self, f: Any, args: Any = ()) -> Any:
        if not callable(f):
            return f
        self._found.append(plainly(f, args))
        return self._found[-1]

    def _plainly(self, c: Any) -> Any:
        if isinstance(c, dict):
            args = c.get("args", ())
            jac = {"jac": plainly(c["jac"], args)} if "jac" in c else {}
            rest = {k: v for k, v in c.items() if k not in ("args", "jac", "fun")}
            return {**rest, "fun": self._seen(c["fun"], args), **jac}
        if isinstance(c, LinearConstraint):
            if not has_duals(*(_from_objects(x) for x in (c.A, c.lb, c.ub))):
                return c
            self._has_duals = True
            A, lb, ub = (stripped(_from_objects(x)) for x in (c.A, c.lb, c.ub))
            return LinearConstraint(A, lb, ub, c.keep_feasible)
        if isinstance(c, NonlinearConstraint):
            self._has_duals = self._has_duals or has_duals(c.lb, c.ub)
            return NonlinearConstraint(
                self._seen(c.fun),
                stripped(c.lb),
                stripped(c.ub),
                plainly(c.jac),
                c.hess if not callable(c.hess) else plainly(c.hess),
                c.keep_feasible,
                c.finite_diff_rel_step,
                c.finite_diff_jac_sparsity,
            )
        if isinstance(c, Bounds):
            self._has_duals = self._has_duals or has_duals(c.lb, c.ub)
            return bounds_for(c)[2]
        raise TypeError(
            f"constraints are dicts, LinearConstraint, NonlinearConstraint or Bounds, got "
            f"{type(c).__name__}; write one of these."
        )

    @property
    def found(self) -> bool:
        """Whether duals have turned up in them."""
        return self._has_duals or any(f.found for f in self._found)

    def limits(self, x: Any) -> Limits:
        """What they say about an optimum at x."""
        result = Limits.none()
        for i, c in enumerate(self._given):
            result = result + _limits(c, x, f"constraint {i}" if len(self._given) > 1 else "")
        return result


def _limits(c: Any, x: Any, name: str) -> Limits:
    if isinstance(c, Bounds):
        return bounds_of(len(x), _from_objects(c.lb), _from_objects(c.ub))
    if isinstance(c, dict):
        f, is_equal = bound(c["fun"], c.get("args", ())), c["type"].lower() == "eq"
        m = len(_vector(f)(x))
        names = _names(name, m)
        return Limits(_vector(f), np.full(m, is_equal), names)
    matrix = None
    if isinstance(c, LinearConstraint):
        matrix = _from_objects(c.A)
        matrix = matrix.toarray() if hasattr(matrix, "toarray") else np.atleast_2d(matrix)

        def f(u: Any) -> Any:
            return matrix @ u
    else:
        f = c.fun
    m = len(_vector(f)(x))
    low, high = (as_operand(_from_objects(b)) + np.zeros(m) for b in (c.lb, c.ub))
    return Limits.between(_vector(f), low, high, _names(name, m), matrix)


def _vector(f: Function) -> Function:
    """f, whose result may be a number or a list."""

    def vector(u: Any) -> Any:
        y = as_operand(f(u))
        return np.reshape(y, -1) if np.ndim(y) else np.stack([y])

    return vector


def _names(name: str, m: int) -> list[str]:
    name = name or "the constraint"
    if m == 1:
        return [f"{name} is active"]
    return [f"element {j} of {name} is active" for j in range(m)]


# -- minimize ------------------------------------------------------------------------------


def minimize(
    fun: Function,
    x0: Any,
    args: Any = (),
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    **options: Any,
) -> Any:
    """scipy.optimize.minimize; `.x` has the tangents of the optimum.

    The optimum keeps the gradient at zero, except where it pushes against a bound or a
    constraint; there x moves with what holds it. `.fun` and `.jac` are those at x; all other
    numbers, as `.hess_inv`, are of the iterations, and have no derivative: its use is refused.

    Parameters
    ----------
    fun : callable
        Of a vector; the result may be a dual. With `jac=True` it returns (value, gradient).
    x0 : array, shape (n,)
        Where to start; the optimum does not depend on it.
    bounds : sequence of pairs or Bounds
        May hold duals.
    constraints : dict, LinearConstraint, NonlinearConstraint, Bounds, or a list of these
        Their functions, matrices and limits may hold duals.
    args, jac, hess, hessp, **options
        As SciPy's. They serve the iterations; derivatives of the optimum are made from fun.

    Raises
    ------
    NonDifferentiableError
        If there are duals, and the optimum is not isolated, was not found, or a bound or a
        constraint touches it without holding it.

    Examples
    --------
    >>> from dualad import jacobian
    >>> valley = lambda x, a: (x[0] - a) ** 2 + (x[1] - x[0] ** 2) ** 2
    >>> jacobian(lambda a: minimize(valley, [0.0, 0.0], args=(a,)).x)(3.0).round(9)
    array([1., 6.])

    The point of a line that is closest to zero:

    >>> def closest(c):
    ...     on_line = {"type": "eq", "fun": lambda x: x[0] + x[1] - c}
    ...     return minimize(lambda x: x[0] ** 2 + x[1] ** 2, [1.0, 0.0], constraints=on_line).x
    >>> jacobian(closest)(3.0).round(9)
    array([0.5, 0.5])
    """
    f = bound(fun, args)
    g, held = Plain(f), Constraints(constraints)
    given = {"jac": jac, "hess": hess, "hessp": hessp}
    lower, upper, plain_bounds = bounds_for(bounds)
    result = _scipy.minimize(
        g,
        stripped(x0),
        **{name: plainly(option, args) for name, option in given.items()},
        bounds=plain_bounds,
        constraints=held.plain,
        **stripped(options),
    )
    cost = first(f) if jac is True else f
    if not (g.found or held.found or has_duals(lower, upper)):
        return _from_start(result, cost, lower, upper, held, "minimize", x0, options)
    return _reported(result, cost, lower, upper, held, "minimize", x0)


def _from_start(
    result: Any, cost: Function, lower: Any, upper: Any, held: Constraints, name: str, *start: Any
) -> Any:
    """SciPy's report on a solution that does not depend on where the search started."""
    if not has_duals(start):
        return result
    if not result.success:
        x = np.asarray(result.x, float)
        limits = held.limits(x) + bounds_of(len(x), lower, upper)
        _optimum_at(cost, x, limits, False, name, result.message)
    return reported(result, start, start_only=True)


_SETTLED = 1e-6  # a search that has come so close to the optimum, in proportion, has found it


def _optimum_at(
    cost: Function, x: Any, limits: Limits, success: Any, name: str, message: Any
) -> Optimum:
    """The optimum where a solver has stopped: if it gave up, only where it is there all the same.

    Raises
    ------
    NonDifferentiableError
        If it is not, or the optimum has no derivative.
    """
    if success:
        return optimum(cost, x, limits)
    try:
        best = optimum(cost, x, limits)
    except NonDifferentiableError:
        best = None
    if best is not None:
        away = np.max(abs(plain(best.point) - x), initial=0)
        success = away <= _SETTLED * (1 + np.max(abs(x), initial=0))
    refuse_unless_converged(success, name, message)
    assert best is not None
    return best


def _reported(
    result: Any,
    cost: Function,
    lower: Any,
    upper: Any,
    held: Constraints,
    name: str,
    start: Any = None,
) -> Any:
    """SciPy's report on an optimum, with tangents."""
    x = np.asarray(result.x, float)
    limits = held.limits(x) + bounds_of(len(x), lower, upper)
    best = _optimum_at(cost, x, limits, result.success, name, result.message)
    result.x = with_value(best.x, result.x)
    result.fun = with_value(one_number(cost(best.point)), result.fun)
    if "jac" in result and np.shape(result.jac) == np.shape(x):
        slope = grad(lambda x: one_number(cost(x)))(best.point)
        result.jac = with_value(slope, result.jac)
    if "lowest_optimization_result" in result:
        lowest = result.lowest_optimization_result
        lowest.x, lowest.fun = with_value(best.x, lowest.x), with_value(result.fun, lowest.fun)
    return reported(result, lower, upper, start)


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
    g = Plain(bound(fun, args))
    result = _scipy.minimize_scalar(g, stripped(bracket), stripped(bounds), **stripped(options))
    if g.found or has_duals(bounds):
        refuse_unless_converged(result.success, "minimize_scalar", result.message)
        lower, upper = (None, None) if bounds is None else ([bounds[0]], [bounds[1]])
        result.x, result.fun = _of_number(g.f, result.x, lower, upper, result.fun)
        return reported(result, bounds, bracket)
    if has_duals(bracket, options):
        refuse_unless_converged(result.success, "minimize_scalar", result.message)
    return reported(result, bracket, options, start_only=True)


def _of_number(f: Function, x: Any, lower: Any, upper: Any, value: Any) -> tuple[Any, Any]:
    """Place and value of the minimum of a function of one number."""
    apart = CLOSE * (1 + abs(plain(x)))
    ends = [plain(as_operand(end[0])) for end in (lower, upper) if end is not None]
    if all(abs(x - end) > apart for end in ends):
        point = inner_minimum(f, plain(x))
        if point is not None:
            return with_value(point, x), with_value(one_number(f(point)), value)
    best = optimum(lambda u: f(u[0]), np.array([plain(x)], float), bounds_of(1, lower, upper))
    return with_value(best.x[0], x), with_value(one_number(f(best.point[0])), value)


# -- the other minimisers, a row each ------------------------------------------------------


def _minimiser(
    name: str, fun: str = "func", value: int | None = 1, bounds: str = "", functions: str = ""
) -> Function:
    """A minimiser of SciPy's that returns x, or a tuple of x and reports, or an OptimizeResult.

    Parameters
    ----------
    name : str
    fun : str
        What SciPy calls the function.
    value : int, optional
        Where in the tuple the value of the minimum stands.
    bounds : str
        What SciPy calls the bounds, or the two of them, "x1 x2".
    functions : str
        Further arguments that are functions, of x and args.
    """
    solver = getattr(_scipy, name)
    ends = bounds.split()

    @functools.wraps(solver, assigned=("__name__", "__qualname__"))
    def solve(**given: Any) -> Any:
        args = given.pop("args", ())
        if local := given.get("minimizer_kwargs"):
            given["minimizer_kwargs"], args = _of_local_minimiser(name, local, args)
        f = bound(given.pop(fun), args)
        g, held = Plain(f), Constraints(given.pop("constraints", ()))
        limits = [given.pop(end, None) for end in ends]
        lower = upper = plain_bounds = None
        if len(ends) == 1:
            lower, upper, plain_bounds = bounds_for(limits[0])
        rest = {}
        for option, x in given.items():
            rest[option] = plainly(x, args) if option in functions.split() else stripped(x)
        if limits and limits[0] is not None:
            if len(ends) == 2:
                lower, upper = ([x] for x in limits)
                rest |= dict(zip(ends, stripped(limits), strict=True))
            else:
                rest[bounds] = plain_bounds
        if held.plain:
            rest["constraints"] = held.plain
        is_whole = bool(given.get("full_output")) or name not in _WITH_OUTPUT
        whole = solver(**{fun: g}, **rest if is_whole else rest | {"full_output": True})
        result = whole
        if not is_whole:
            result = (whole[0], whole[-1]) if given.get("retall") else whole[0]
        start = [x for x in given.values() if has_duals(x)]
        is_alone = name not in _WITH_SLOPE or given.get("fprime") or given.get("approx_grad")
        if local and local.get("jac") is True:
            is_alone = False
        cost = f if is_alone else first(f)

        def reached(x: Any) -> Optimum:
            success = _has_converged(name, whole, g, rest)
            limits = bounds_of(len(x), lower, upper)
            return _optimum_at(cost, x, limits, success, name, "its steps ended early")

        if not (g.found or held.found or has_duals(limits)):
            if not start:
                return result
            if isinstance(result, _scipy.OptimizeResult):
                return _from_start(result, cost, lower, upper, held, name, start)
            if np.ndim(found := whole[0] if isinstance(whole, tuple) else whole):
                if not _has_converged(name, whole, g, rest):
                    reached(found)
            else:
                success = _has_converged(name, whole, g, rest)
                refuse_unless_converged(success, name, "its steps ended early")
            if not isinstance(result, tuple):
                return result
            kept = 1 + (value or 0) if is_whole else 1
            return result[:kept] + tuple(reported([*result[kept:]], start, start_only=True))
        if given.get("vectorized"):
            return _reported(result, lambda u: f(u[:, None])[0], lower, upper, held, name)
        if isinstance(result, _scipy.OptimizeResult):
            return _reported(result, cost, lower, upper, held, name)
        x, *reports = result if isinstance(result, tuple) else (result,)
        if np.ndim(x) == 0:
            success = _has_converged(name, whole, g, rest)
            refuse_unless_converged(success, name, "its steps ended early")
            y, least = _of_number(cost, x, lower, upper, 0.0)
        else:
            best = reached(x)
            y, least = best.x, one_number(cost(best.point))
        if not isinstance(result, tuple):
            return y
        if value is not None and (given.get("full_output") or name not in _WITH_OUTPUT):
            reports[value - 1] = with_value(least, reports[value - 1])
        return (y, *reported(reports, y, least, limits, start))

    solve.__doc__ = f"""scipy.optimize.{name}; the optimum has the tangents of {fun} and args.

    Parameters and reports are SciPy's. Tangents come from what the optimum keeps at zero, as for
    `minimize`; where the search starts has no influence.

    Raises
    ------
    NonDifferentiableError
        If there are duals, and the optimum is not isolated, or is not one.
    """
    return solve


def _of_local_minimiser(name: str, options: dict[str, Any], args: Any) -> tuple[Any, Any]:
    """The options of the minimiser that a global one calls, without its args, and these."""
    options = dict(options)
    args = options.pop("args", args)
    args = args if isinstance(args, tuple) else (args,)
    if duals := duals_in(options):
        raise refused(
            f"{name} takes no duals in minimizer_kwargs but in args, which would lose their "
            "derivatives; give the optimum to minimize as its start, with these options.",
            *duals,
        )
    for slope in ("jac", "hess", "hessp"):
        if callable(options.get(slope)):
            options[slope] = plainly(options[slope], args)
    return options, args


def _has_converged(name: str, result: Any, g: Any, options: dict[str, Any]) -> bool:
    """Whether a minimiser that returns a tuple says so, or says nothing."""
    if name in ("brent", "golden"):
        given = {"maxiter": options["maxiter"]} if "maxiter" in options else {}
        given |= {"xtol": options["tol"]} if "tol" in options else {}
        again = _scipy.minimize_scalar(g, options.get("brack"), method=name, options=given)
        return bool(again.success)
    if name == "fmin_l_bfgs_b":
        return bool(result[2]["warnflag"] == 0)
    if name == "fmin_tnc":
        return result[2] in (0, 1, 2)
    return not result[_WITH_OUTPUT[name]] if name in _WITH_OUTPUT else True


# where the tuple with full_output has a flag that is not 0 unless it has converged
_WITH_OUTPUT = {
    "fmin": 4, "fmin_powell": 5, "fmin_cg": 4, "fmin_bfgs": 6, "fmin_ncg": 5, "fminbound": 2
}  # fmt: skip
_WITH_SLOPE = ("fmin_l_bfgs_b", "fmin_tnc")  # f gives value and slope, unless told otherwise

fmin = _minimiser("fmin")
fmin_powell = _minimiser("fmin_powell")
fmin_cg = _minimiser("fmin_cg", "f", functions="fprime")
fmin_bfgs = _minimiser("fmin_bfgs", "f", functions="fprime")
fmin_ncg = _minimiser("fmin_ncg", "f", functions="fprime fhess fhess_p")
fmin_l_bfgs_b = _minimiser("fmin_l_bfgs_b", bounds="bounds", functions="fprime")
fmin_tnc = _minimiser("fmin_tnc", value=None, bounds="bounds", functions="fprime")
brent = _minimiser("brent")
golden = _minimiser("golden")
fminbound = _minimiser("fminbound", bounds="x1 x2")
basinhopping = _minimiser("basinhopping")
differential_evolution = _minimiser("differential_evolution", bounds="bounds")
dual_annealing = _minimiser("dual_annealing", bounds="bounds")
shgo = _minimiser("shgo", bounds="bounds")
direct = _minimiser("direct", bounds="bounds")


def brute(
    func: Function, ranges: Any, args: Any = (), Ns: int = 20, full_output: Any = 0, **options: Any
) -> Any:
    """scipy.optimize.brute; the minimum has the tangents of func, args and ranges.

    With `finish=None` it is the best point of the grid, which moves with the ranges alone. What
    full_output adds are the grid and the function on it.

    Raises
    ------
    NonDifferentiableError
        If there are duals in func, and what `finish` has found is not an isolated minimum.

    Examples
    --------
    >>> from dualad import Dual
    >>> a = Dual(1.1, 1.0)
    >>> round(brute(lambda x: (x[0] - a) ** 2, [(0, 3)])[0].tangent, 9)
    1.0
    >>> round(brute(lambda x: (x[0] - 1) ** 2, [(0, 3 * a)], Ns=4, finish=None).tangent, 9)
    1.0
    """
    f = bound(func, args)
    g, each = Plain(lambda x: f(np.reshape(x, -1))), [_range(r, Ns) for r in ranges]
    whole = _scipy.brute(g, stripped(each), full_output=True, **options)
    x, least, grid, costs = whole
    if not (g.found or has_duals(each)):
        return whole if full_output else x
    axes = [_places(*r) for r in each]
    at = np.unravel_index(np.argmin(costs), [len(axis) for axis in axes])
    if options.get("finish", f) is None:
        y = np.stack([axis[i] for axis, i in zip(axes, at, strict=True)])
        cost = one_number(f(y))
        y = y if np.ndim(x) else y[0]
    elif g.found:
        best = optimum(f, np.atleast_1d(x), Limits.none())
        y, cost = best.x if np.ndim(x) else best.x[0], one_number(f(best.point))
    else:
        y, cost = x, least
    y = with_value(y, x)
    if not full_output:
        return y
    moving = np.meshgrid(*axes, indexing="ij")
    points = np.stack([np.reshape(m, -1) for m in moving], axis=1)
    on_grid = np.reshape(np.stack([one_number(f(p)) for p in points]), np.shape(costs))
    whole_grid: Any = moving[0] if len(axes) == 1 else np.stack(moving)
    return y, with_value(cost, least), with_value(whole_grid, grid), with_value(on_grid, costs)


def _range(given: Any, n: int) -> Any:
    """(start, stop, step) of one axis of a grid; an imaginary step is a number of places."""
    if isinstance(given, slice):
        return given.start or 0, given.stop, 1 if given.step is None else given.step
    return (*given, complex(n)) if len(given) == 2 else tuple(given)


def _places(start: Any, stop: Any, step: Any) -> Any:
    """The places of one axis, which move with its ends, or its start and step."""
    value = np.mgrid[slice(*stripped([start, stop, step]))]
    count = np.arange(len(value))
    if isinstance(step, complex):
        step = (stop - start) / max(len(value) - 1, 1)
    return with_value(start + step * count, value)


def fmin_slsqp(
    func: Function,
    x0: Any,
    eqcons: Sequence[Function] = (),
    f_eqcons: Any = None,
    ieqcons: Sequence[Function] = (),
    f_ieqcons: Any = None,
    bounds: Any = (),
    args: Any = (),
    full_output: Any = 0,
    **options: Any,
) -> Any:
    """scipy.optimize.fmin_slsqp; the optimum has the tangents of all functions and bounds.

    Parameters and reports are SciPy's; errors as for `minimize`.

    Examples
    --------
    >>> from dualad import Dual
    >>> a = Dual(1.0, 1.0)
    >>> on_line = lambda x: x[0] + x[1] - a
    >>> x = fmin_slsqp(lambda x: x[0] ** 2 + x[1] ** 2, [1.0, 0.0], [on_line], iprint=0)
    >>> x.tangent.round(9)
    array([0.5, 0.5])
    """
    given: list[dict[str, Any]] = []
    for kind, several, one in (("eq", eqcons, f_eqcons), ("ineq", ieqcons, f_ieqcons)):
        each = [*several] if one is None else [one]
        given += [{"type": kind, "fun": f, "args": args} for f in each]
    held, g = Constraints(given), Plain(bound(func, args))
    seen = iter(held.plain)
    lower, upper, plain_bounds = bounds_for(bounds if len(bounds) else None)
    rest = {"f_eqcons": f_eqcons, "f_ieqcons": f_ieqcons}
    rest["eqcons"], rest["f_eqcons"] = _in_turn(eqcons, f_eqcons, seen)
    rest["ieqcons"], rest["f_ieqcons"] = _in_turn(ieqcons, f_ieqcons, seen)
    slopes = ("fprime", "fprime_eqcons", "fprime_ieqcons")
    rest |= {k: plainly(v, args) if k in slopes else stripped(v) for k, v in options.items()}
    result = _scipy.fmin_slsqp(
        g, stripped(x0), bounds=() if plain_bounds is None else plain_bounds,
        full_output=full_output, **rest,
    )  # fmt: skip
    start = [x0, options]
    if not (g.found or held.found or has_duals(lower, upper)):
        if not has_duals(start):
            return result
        rest["full_output"], rest["bounds"] = True, () if plain_bounds is None else plain_bounds
        whole = result if full_output else _scipy.fmin_slsqp(g, stripped(x0), **rest)
        refuse_unless_converged(whole[3] == 0, "fmin_slsqp", whole[4])
        return result
    x, *reports = result if full_output else (result,)
    if full_output:
        refuse_unless_converged(reports[2] == 0, "fmin_slsqp", reports[3])
    best = optimum(g.f, x, held.limits(x) + bounds_of(len(x), lower, upper))
    if not full_output:
        return best.x
    return (best.x, with_value(one_number(g.f(best.point)), reports[0]), *reports[1:])


def _in_turn(several: Any, one: Any, seen: Any) -> tuple[Any, Any]:
    """Constraints in the two forms of fmin_slsqp, as its iterations see them."""
    if one is not None:
        return several, next(seen)["fun"]
    return [next(seen)["fun"] for _ in several], None


def fmin_cobyla(
    func: Function, x0: Any, cons: Any, args: Any = (), consargs: Any = None, **options: Any
) -> Any:
    """scipy.optimize.fmin_cobyla; the optimum has the tangents of func, cons and their arguments.

    Parameters are SciPy's; errors as for `minimize`.

    Examples
    --------
    >>> from dualad import Dual
    >>> above = lambda x: x[0] - Dual(2.0, 1.0)
    >>> fmin_cobyla(lambda x: x[0] ** 2, [5.0], above).tangent.round(9)
    array([1.])
    """
    several = [cons] if callable(cons) else list(cons)
    more = args if consargs is None else consargs
    held = Constraints([{"type": "ineq", "fun": c, "args": more} for c in several])
    g = Plain(bound(func, args))
    seen = [c["fun"] for c in held.plain]
    x = _scipy.fmin_cobyla(g, stripped(x0), seen, consargs=(), **stripped(options))
    if not (g.found or held.found):
        if has_duals(x0):
            names = {"rhobeg": "rhobeg", "rhoend": "tol", "maxfun": "maxiter", "catol": "catol"}
            given = {
                new: stripped(options.get(old)) for old, new in names.items() if old in options
            }
            given = {"tol": 1e-4, **given}
            again = _scipy.minimize(
                g, stripped(x0), method="COBYLA", constraints=held.plain, options=given
            )
            refuse_unless_converged(again.success, "fmin_cobyla", again.message)
        return x
    return optimum(g.f, x, held.limits(x)).x


# -- linear programs -----------------------------------------------------------------------


def linprog(
    c: Any,
    A_ub: Any = None,
    b_ub: Any = None,
    A_eq: Any = None,
    b_eq: Any = None,
    bounds: Any = (0, None),
    integrality: Any = None,
    **options: Any,
) -> Any:
    """scipy.optimize.linprog; the optimal vertex moves with the limits that hold it.

    Parameters
    ----------
    c, A_ub, b_ub, A_eq, b_eq, bounds
        As SciPy's; each may hold duals.
    integrality, **options
        As SciPy's. Where x is an integer, it stays.

    Returns
    -------
    OptimizeResult
        `.x`, `.fun`, `.slack`, `.con` and the marginals have tangents; those of the marginals
        come from c and the matrices.

    Raises
    ------
    NonDifferentiableError
        If there are duals, and the vertex is degenerate or not the only optimum. (With integers
        the program is solved twice again, to see whether there is another.)

    Examples
    --------
    >>> from dualad import derivative
    >>> most = lambda b: linprog([-3.0, -2.0], A_ub=[[1.0, 1.0], [1.0, 0.0]], b_ub=[b, 2.0])
    >>> derivative(lambda b: most(b).fun)(5.0)
    -2.0
    """
    given = [c, A_ub, b_ub, A_eq, b_eq, bounds]
    numbers = [stripped(x) if has_duals(x) else x for x in given]
    if integrality is not None:
        options["integrality"] = integrality
    result = _scipy.linprog(*numbers, **options)
    if not has_duals(given):
        return result
    refuse_unless_converged(result.success, "linprog", result.message)
    x = np.asarray(result.x, float)
    n = len(x)
    c, A_ub, b_ub, A_eq, b_eq = (None if v is None else _dense(v) for v in given[:5])
    c, b_ub, b_eq = (None if v is None else np.ravel(v) for v in (c, b_ub, b_eq))  # as SciPy
    lower, upper = _pairs(bounds, n)
    if integrality is not None:
        plainly = [
            LinearConstraint(plain(matrix), low, plain(b))
            for matrix, low, b in ((A_ub, -np.inf, b_ub), (A_eq, plain(b_eq), b_eq))
            if matrix is not None and np.size(plain(b))
        ]
        limits = options.get("options")
        lower, upper = _where_whole(integrality, c, x, lower, upper, plainly, limits)
    sides = [("eqlin", "con", A_eq, b_eq), ("ineqlin", "slack", A_ub, b_ub)]
    sides = [side for side in sides if side[2] is not None and np.size(plain(side[3]))]
    limits = Limits.none()
    for kind, _, matrix, b in sides:
        is_equal = np.full(np.size(b), kind == "eqlin")
        limits += Limits(_rest(matrix, b), is_equal, _names(kind, np.size(b)), -matrix)
    best = _vertex(c, x, limits + bounds_of(n, lower, upper))
    result.x, point = best.x, best.point
    result.fun = with_value(np.sum(c * point), result.fun)
    start, reduced = 0, c
    for kind, report, matrix, b in sides:
        rest = _rest(matrix, b)(point)
        price = -best.multipliers[start : start + np.size(b)]  # of one unit of b
        start, reduced = start + np.size(b), reduced - price @ matrix
        result[report] = with_value(rest, result[report])
        if kind in result:
            result[kind].residual = with_value(rest, result[kind].residual)
            result[kind].marginals = with_value(price, result[kind].marginals)
    for kind, residual in (("lower", point - lower), ("upper", upper - point)):
        if kind in result:
            said = result[kind]
            said.residual = with_value(residual + 0 * reduced, said.residual)
            held = np.asarray(said.marginals) != 0
            said.marginals = with_value(np.where(held, reduced, 0 * reduced), said.marginals)
    return reported(result, given)


def _vertex(c: Any, x: Any, limits: Limits) -> Optimum:
    """The minimum of c @ u."""
    return Optimum(lambda u: np.sum(c * u), x, limits, lambda u: c + 0 * u)


def _dense(x: Any) -> Any:
    return x.toarray() if hasattr(x, "toarray") else as_operand(x) * 1.0


def _rest(matrix: Any, b: Any) -> Function:
    """What a linear limit leaves."""
    return lambda u: b - matrix @ u


def _pairs(bounds: Any, n: int) -> tuple[Any, Any]:
    """Lower and upper bounds of linprog: of each number, or the same two of all."""
    pairs = [(0, None)] if bounds is None else list(bounds)
    if len(pairs) == 2 and all(x is None or np.ndim(as_operand(x)) == 0 for x in pairs):
        pairs = [tuple(pairs)]
    if len(pairs) == 1:
        pairs = pairs * n
    lower = [-np.inf if low is None else low for low, _ in pairs]
    upper = [np.inf if high is None else high for _, high in pairs]
    return as_operand(lower) * 1.0, as_operand(upper) * 1.0


def _where_whole(
    integrality: Any, c: Any, x: Any, lower: Any, upper: Any, constraints: list[Any], options: Any
) -> tuple[Any, Any]:
    """The bounds, those of whole numbers at x, and so of numbers that may be zero alone and are.

    Where the options end the search early, x need not be a minimum, and is compared with none.

    Raises
    ------
    NonDifferentiableError
        If there are others that cost no more. (The one sum that tells them apart is as large and
        as small as it can be.)
    """
    kind = np.broadcast_to(integrality, x.shape)
    low, high = plain(lower), plain(upper)
    may_be_zero = (kind == 2) & ~((low <= 0) & (high >= 0))
    is_whole = (kind == 1) | (kind == 3)
    stays = is_whole | (may_be_zero & (x == 0))
    costs = plain(c) * (1e3 / (np.max(abs(plain(c))) or 1.0))
    level = LinearConstraint(costs, -np.inf, costs @ x + _TIE)
    weights = np.where(kind > 0, np.cos(1.0 + np.arange(len(x))), 0.0)
    ends_early = not _ENDING.isdisjoint(options or ())
    for cost in (weights, -weights) if stays.any() and not ends_early else ():
        other = _scipy.milp(
            cost, integrality=kind, bounds=Bounds(low, high), constraints=[*constraints, level]
        )
        if other.x is not None:
            is_other = is_whole & (abs(other.x - x) > 0.5)
            is_other |= may_be_zero & ((abs(other.x) < _TIE) != (x == 0))
        if other.x is None or is_other.any():
            raise NonDifferentiableError(
                "other whole numbers cost no more than those of the minimum, which so is not the "
                "only one, and has no derivative; change the costs a little."
            )
    return np.where(stays, x, lower), np.where(stays, x, upper)


_TIE = 1e-6  # costs so close together, in thousandths of the largest, are equal: HiGHS' limit
_ENDING = frozenset(("mip_rel_gap", "node_limit", "time_limit", "maxiter"))


def milp(
    c: Any, *, integrality: Any = None, bounds: Any = None, constraints: Any = None, **options: Any
) -> Any:
    """scipy.optimize.milp: a linear program some of whose numbers are integers, which stay.

    Parameters and results are SciPy's; c, bounds and constraints may hold duals, and `.x` and
    `.fun` have tangents then. Errors as for `linprog`.

    Examples
    --------
    >>> from dualad import derivative
    >>> most = lambda b: milp([-1.0, -1.0], integrality=[1, 0],
    ...                       constraints=LinearConstraint([[2.0, 1.0]], -np.inf, b))
    >>> round(derivative(lambda b: most(b).fun)(4.5), 9)
    -1.0
    """
    held = Constraints(_linear(constraints))
    lower, upper, plain_bounds = bounds_for(bounds)
    has_pairs = isinstance(plain_bounds, (list, tuple))
    plain_bounds = Bounds(*np.transpose(plain_bounds)) if has_pairs else plain_bounds
    result = _scipy.milp(
        stripped(c),
        integrality=integrality,
        bounds=plain_bounds,
        constraints=held.plain,
        **options,
    )
    if not (held.found or has_duals(c, lower, upper)):
        return result
    refuse_unless_converged(result.success, "milp", result.message)
    x = np.asarray(result.x, float)
    n, c = len(x), _dense(c)
    lower = (0.0 if lower is None else as_operand(lower)) + np.zeros(n)
    upper = (np.inf if upper is None else as_operand(upper)) + np.zeros(n)
    if integrality is not None:
        given = [] if held.plain is None else held.plain
        plainly = list(given) if isinstance(given, (list, tuple)) else [given]
        limits = options.get("options")
        lower, upper = _where_whole(integrality, c, x, lower, upper, plainly, limits)
    best = _vertex(c, x, held.limits(x) + bounds_of(n, lower, upper))
    result.x, result.fun = best.x, with_value(np.sum(c * best.point), result.fun)
    return reported(result, c, lower, upper)


def _linear(constraints: Any) -> Any:
    """Linear constraints in the forms of milp: one or several, each perhaps as a tuple."""
    if constraints is None or isinstance(constraints, LinearConstraint):
        return constraints
    if len(constraints) == 3 and not isinstance(constraints[0], (LinearConstraint, tuple)):
        return LinearConstraint(*constraints)
    return [c if isinstance(c, LinearConstraint) else LinearConstraint(*c) for c in constraints]


def quadratic_assignment(A: Any, B: Any, **options: Any) -> Any:
    """scipy.optimize.quadratic_assignment; `.col_ind` is plain, and `.fun` has tangents.

    Examples
    --------
    >>> from dualad import Dual
    >>> A = np.array([[0.0, 1.0], [2.0, 0.0]])
    >>> B = np.array([[0.0, 5.0], [1.0, 0.0]])
    >>> given = {"rng": np.random.default_rng(0)}
    >>> best = quadratic_assignment(Dual(A, np.ones((2, 2))), B, options=given)
    >>> best.fun.tangent
    6.0
    """
    result = _scipy.quadratic_assignment(*stripped([A, B]), **options)
    if has_duals(A, B):
        i = result.col_ind
        total = np.sum(as_operand(A) * as_operand(B)[np.ix_(i, i)])
        result.fun = with_value(total, result.fun)
    return result


def linear_sum_assignment(cost_matrix: Any, **options: Any) -> Any:
    """scipy.optimize.linear_sum_assignment, whose answer is made of places, which are plain.

    Examples
    --------
    >>> from dualad import Dual
    >>> rows, columns = linear_sum_assignment(Dual(np.array([[2.0, 1.0], [1.0, 3.0]]), np.eye(2)))
    >>> columns
    array([1, 0])
    """
    return _scipy.linear_sum_assignment(plain(as_operand(cost_matrix)), **options)


take_places(globals(), _scipy)
