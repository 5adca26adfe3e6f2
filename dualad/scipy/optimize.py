"""scipy.optimize: roots, fixed points, optima and fits with the tangents of what defines them.

SciPy finds the solution on plain numbers, with all its options. If the function turns out to
close over duals (or gets them in `args=`, or in the data), the solution gets its tangents from
the equation that it solves, see `_theorems`. Its value is SciPy's. Starting points and brackets
lose their tangents: they have no influence on where the solution is. Where a solver stops
early they have one, which is refused; and so is the derivative of what it reports beside the
solution.
"""

from __future__ import annotations

from scipy.optimize import Bounds, NonlinearConstraint, OptimizeResult, RootResults
from scipy.optimize import LinearConstraint as _LinearConstraint

from ._fits import curve_fit, least_squares, leastsq, lsq_linear, nnls
from ._minima import (
    basinhopping,
    brent,
    brute,
    differential_evolution,
    direct,
    dual_annealing,
    fmin,
    fmin_bfgs,
    fmin_cg,
    fmin_cobyla,
    fmin_l_bfgs_b,
    fmin_ncg,
    fmin_powell,
    fmin_slsqp,
    fmin_tnc,
    fminbound,
    golden,
    linear_sum_assignment,
    linprog,
    milp,
    minimize,
    minimize_scalar,
    quadratic_assignment,
    shgo,
)
from ._names import names_of, of_arrays
from ._roots import (
    anderson,
    bisect,
    brenth,
    brentq,
    broyden1,
    broyden2,
    diagbroyden,
    excitingmixing,
    fixed_point,
    fsolve,
    linearmixing,
    newton,
    newton_krylov,
    ridder,
    root,
    root_scalar,
    toms748,
)

LinearConstraint = of_arrays(_LinearConstraint)

__all__ = [
    "Bounds",
    "LinearConstraint",
    "NonlinearConstraint",
    "OptimizeResult",
    "RootResults",
    "anderson",
    "basinhopping",
    "bisect",
    "brent",
    "brenth",
    "brentq",
    "broyden1",
    "broyden2",
    "brute",
    "curve_fit",
    "diagbroyden",
    "differential_evolution",
    "direct",
    "dual_annealing",
    "excitingmixing",
    "fixed_point",
    "fmin",
    "fmin_bfgs",
    "fmin_cg",
    "fmin_cobyla",
    "fmin_l_bfgs_b",
    "fmin_ncg",
    "fmin_powell",
    "fmin_slsqp",
    "fmin_tnc",
    "fminbound",
    "fsolve",
    "golden",
    "least_squares",
    "leastsq",
    "linear_sum_assignment",
    "linearmixing",
    "linprog",
    "lsq_linear",
    "milp",
    "minimize",
    "minimize_scalar",
    "newton",
    "newton_krylov",
    "nnls",
    "quadratic_assignment",
    "ridder",
    "root",
    "root_scalar",
    "shgo",
    "toms748",
]

__getattr__, __dir__ = names_of(__name__)
