"""dualad.scipy.optimize: optima held by constraints, linear programs, and every minimiser."""

from __future__ import annotations

import importlib
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize

from dualad import Dual, NonDifferentiableError, derivative, grad, hessian, jacobian, jvp
from dualad.scipy import optimize

ROOMS = ("integrate", "interpolate", "linalg", "optimize", "special", "stats")


@pytest.mark.parametrize("room", ROOMS)
def test_arguments_stand_where_scipy_has_them(room: str) -> None:
    ours, theirs = (importlib.import_module(f"{p}.{room}") for p in ("dualad.scipy", "scipy"))
    for name in ours.__all__:
        f, original = getattr(ours, name), getattr(theirs, name, object)
        if inspect.isclass(original) or isinstance(original, np.ufunc):
            continue
        try:
            want = inspect.signature(original)
        except ValueError:  # compiled, and it does not say
            continue
        got = [(p.name, p.kind, repr(p.default)) for p in inspect.signature(f).parameters.values()]
        assert got == [(p.name, p.kind, repr(p.default)) for p in want.parameters.values()], name


def test_wrong_calls_are_told_as_scipy_tells_them() -> None:
    for args, options in (((np.sin, 0, 1, (), 1e-9, 1e-9, 9, False, True, 3), {}), ((np.sin,), {}),
                          ((np.sin, 0, 1), {"xtoll": 3}), ((np.sin, 0, 1), {"f": np.sin})):  # fmt: skip
        with pytest.raises(TypeError):
            optimize.brentq(*args, **options)
    assert optimize.brentq(np.cos, 1, 2, (), 1e-3) == scipy.optimize.brentq(np.cos, 1, 2, (), 1e-3)
    got = derivative(lambda a: optimize.root_scalar(lambda x: x * x - a, (), "brentq", [0, 3]).root)
    assert got(4.0) == pytest.approx(0.25, rel=1e-12)


# -- constraints ---------------------------------------------------------------------------------


def ellipse(x: Any, p: Any) -> Any:
    return x[0] ** 2 + p[0] * x[1] ** 2


def line(x: Any, p: Any) -> Any:
    return x[0] + x[1] - p[1]


def on_line(p: Any) -> Any:
    """The least x₀² + a·x₁² with x₀ + x₁ = c."""
    a, c = p[0], p[1]
    return np.stack([a * c / (1 + a), c / (1 + a)])


P = np.array([2.0, 3.0])

CONSTRAINTS: dict[str, Callable[[Any], Any]] = {
    "dict, equal": lambda p: {"type": "eq", "fun": line, "args": (p,)},
    "dict, above": lambda p: [{"type": "ineq", "fun": lambda x: line(x, p)}],
    "one that holds and one that does not": lambda p: [
        {"type": "ineq", "fun": lambda x: x[0] + p[0]},
        {"type": "ineq", "fun": line, "args": (p,)},
    ],
    "linear": lambda p: optimize.LinearConstraint([[1.0, 1.0]], p[1], np.inf),
    "nonlinear": lambda p: optimize.NonlinearConstraint(
        lambda x: [line(x, p), x[0] * p[0]], [0.0, -9.0], [np.inf, 30.0]
    ),
}
SOLVERS: dict[str, dict[str, Any]] = {
    "SLSQP": {"tol": 1e-10},
    "trust-constr": {"tol": 1e-10},
    "COBYLA": {"tol": 1e-8},
    "COBYQA": {"tol": 1e-8},
}


def least(p: Any, method: str, kind: str, module: Any = optimize) -> Any:
    options: dict[str, Any] = {"method": method, "constraints": CONSTRAINTS[kind](p)}
    return module.minimize(ellipse, [2.0, 2.0], (p,), **options, **SOLVERS[method])


@pytest.mark.filterwarnings("ignore:delta_grad")  # of trust-constr, about linear constraints
@pytest.mark.parametrize(
    ("method", "kind"),
    [*(("SLSQP", kind) for kind in CONSTRAINTS), *((m, "linear") for m in SOLVERS if m != "SLSQP"),
     ("trust-constr", "nonlinear"), ("COBYLA", "dict, above")],
)  # fmt: skip
def test_an_optimum_under_constraints(method: str, kind: str) -> None:
    if not hasattr(scipy.optimize._minimize, "_minimize_cobyqa") and method == "COBYQA":
        pytest.skip("this SciPy does not have it")
    plainly = least(P, method, kind, scipy.optimize)
    result = least(Dual(P, np.eye(2)), method, kind)
    np.testing.assert_array_equal(result.x.primal, plainly.x)
    assert result.fun.primal == plainly.fun
    np.testing.assert_allclose(result.x.tangent.T, jacobian(on_line)(P), rtol=1e-9)
    fun = grad(lambda p: ellipse(on_line(p), p))(P)
    np.testing.assert_allclose(result.fun.tangent, fun, rtol=1e-9)
    if kind == "dict, above" and method == "SLSQP":
        got = jacobian(jacobian(lambda p: least(p, method, kind).x))(P)
        np.testing.assert_allclose(got, jacobian(jacobian(on_line))(P), rtol=1e-8, atol=1e-10)
        backward = jacobian(lambda p: least(p, method, kind).x, mode="reverse")(P)
        np.testing.assert_allclose(backward, jacobian(on_line)(P), rtol=1e-9)


def test_curved_constraints_bounds_and_multipliers_together() -> None:
    """The least x + 2y with x·y ≥ a², x ≤ b: free while b > a·√2, then at the bound."""

    def f(a: Any, b: Any) -> Any:
        held = {"type": "ineq", "fun": lambda x: x[0] * x[1] - a * a}
        return optimize.minimize(
            lambda x: x[0] + 2 * x[1], [1.0, 2.0], bounds=[(0.1, b), (0.1, 50)], constraints=held,
            method="SLSQP", tol=1e-12,
        ).x  # fmt: skip

    root = math.sqrt(2)
    free = jacobian(f, argnums=(0, 1))(1.5, 4.0)
    np.testing.assert_allclose(free, [[root, 1 / root], [0, 0]], atol=1e-9)
    held = jacobian(f, argnums=(0, 1))(1.5, 1.2)
    np.testing.assert_allclose(held, [[0, 2 * 1.5 / 1.2], [1, -(1.5**2) / 1.2**2]], atol=1e-9)
    bend = hessian(lambda v: f(v[0], v[1])[1])(np.array([1.5, 1.2]))
    want = [[2 / 1.2, -3 / 1.44], [-3 / 1.44, 2 * 2.25 / 1.2**3]]
    np.testing.assert_allclose(bend, want, rtol=1e-8)


def test_duals_in_constraints_only() -> None:
    def f(c: Any) -> Any:
        matrix = np.array([[1.0, 1.0]]) * c
        held = optimize.LinearConstraint(matrix, 6.0, np.inf)
        return optimize.minimize(lambda x: x[0] ** 2 + x[1] ** 2, [3.0, 1.0], constraints=held)

    assert derivative(lambda c: f(c).x[0])(2.0) == pytest.approx(-3 / 4, rel=1e-9)
    assert derivative(lambda c: f(c).fun)(2.0) == pytest.approx(-36 / 8, rel=1e-7)


def test_degenerate_constraints_are_refused() -> None:
    a = Dual(1.0, 1.0)

    def held(*constraints: Any, start: Any = (2.0, 2.0)) -> Any:
        given = [{"type": "ineq", "fun": c} for c in constraints]
        return optimize.minimize(
            lambda x: (x[0] - a) ** 2 + (x[1] - a) ** 2, start, constraints=given, method="SLSQP"
        )

    with pytest.raises(NonDifferentiableError, match="active, but the gradient does not push"):
        held(lambda x: x[0] - 1.0)  # the free optimum, by chance
    with pytest.raises(NonDifferentiableError, match=r"singular|does not push"):
        held(lambda x: x[0] - 2.0, lambda x: 2 * x[0] - 4.0)  # twice the same
    with pytest.raises(NonDifferentiableError, match="has not converged"):
        held(lambda x: x[0] - 2.0, lambda x: 1.0 - x[0])  # none fulfils both
    with pytest.raises(NonDifferentiableError, match=r"close to|not a minimum"):
        optimize.minimize(lambda z: 1e-7 * (np.cos(z[0]) + 0.2 * a * z[0]), [0.5])  # at its start
    with pytest.raises(NonDifferentiableError, match="not a minimum"):
        optimize.minimize(lambda z: z[0] ** 4 - a * z[0] ** 2, [0.0])  # a maximum
    with pytest.raises(TypeError, match="Constraints must be defined using a dictionary"):
        optimize.minimize(lambda z: a * z[0] ** 2, [0.0], constraints=[3])


# -- every minimiser -----------------------------------------------------------------------------


def bowl(x: Any, p: Any) -> Any:
    """Its minimum is at (p₀, p₀·p₁)."""
    return np.cosh(x[0] - p[0]) + (x[1] - x[0] * p[1]) ** 2


def slope(x: Any, p: Any) -> Any:
    rest = 2 * (x[1] - x[0] * p[1])
    return np.stack([np.sinh(x[0] - p[0]) - p[1] * rest, rest])


B = [(-1.0, 3.0), (-1.0, 3.0)]
Q = np.array([1.2, 0.7])
MINIMISERS: dict[str, Callable[[Any, Any], Any]] = {
    "fmin": lambda m, p: m.fmin(bowl, [0.5, 0.5], (p,), disp=0),
    "fmin, report": lambda m, p: m.fmin(bowl, [0.5, 0.5], (p,), full_output=1, disp=0)[0],
    "fmin_powell": lambda m, p: m.fmin_powell(bowl, [0.5, 0.5], (p,), disp=0),
    "fmin_cg": lambda m, p: m.fmin_cg(bowl, [0.5, 0.5], slope, (p,), disp=0),
    "fmin_bfgs": lambda m, p: m.fmin_bfgs(bowl, [0.5, 0.5], args=(p,), disp=0),
    "fmin_ncg": lambda m, p: m.fmin_ncg(bowl, [0.5, 0.5], slope, args=(p,), disp=0),
    "fmin_l_bfgs_b": lambda m, p: m.fmin_l_bfgs_b(bowl, [0.5, 0.5], None, (p,), True, bounds=B)[0],
    "fmin_l_bfgs_b, slope": lambda m, p: m.fmin_l_bfgs_b(
        lambda x, p: (bowl(x, p), slope(x, p)), [0.5, 0.5], args=(p,)
    )[0],
    "fmin_tnc": lambda m, p: m.fmin_tnc(
        bowl, [0.5, 0.5], args=(p,), approx_grad=1, bounds=B, messages=0
    )[0],
    "fmin_slsqp": lambda m, p: m.fmin_slsqp(bowl, [0.5, 0.5], args=(p,), iprint=0),
    "fmin_cobyla": lambda m, p: m.fmin_cobyla(
        lambda x: bowl(x, p), [0.5, 0.5], [lambda x: 9 - x[0]], rhoend=1e-3
    ),
    "brute": lambda m, p: m.brute(bowl, B, (p,), 9),
    "basinhopping": lambda m, p: (
        m.basinhopping(lambda x: bowl(x, p), [0.5, 0.5], 2, rng=np.random.default_rng(1)).x
    ),
    "differential_evolution": lambda m, p: (
        m.differential_evolution(bowl, B, (p,), popsize=5, rng=np.random.default_rng(1)).x
    ),
    "dual_annealing": lambda m, p: (
        m.dual_annealing(bowl, B, (p,), 9, rng=np.random.default_rng(1)).x
    ),
    "shgo": lambda m, p: m.shgo(bowl, B, (p,)).x,
    "direct": lambda m, p: m.direct(bowl, B, args=(p,), len_tol=1e-3).x,
}
NUMBERS: dict[str, Callable[[Any, Any], Any]] = {
    "brent": lambda m, a: m.brent(lambda x, a: x - a * np.log(x), (a,), (1.0, 2.0, 30.0)),
    "golden": lambda m, a: m.golden(lambda x, a: x - a * np.log(x), (a,), (1.0, 2.0, 30.0)),
    "fminbound": lambda m, a: m.fminbound(lambda x, a: x - a * np.log(x), 0.1, 30.0, (a,)),
}


@pytest.mark.parametrize("name", MINIMISERS)
def test_every_minimiser(name: str) -> None:
    f = MINIMISERS[name]
    result = f(optimize, Dual(Q, np.eye(2)))
    np.testing.assert_array_equal(result.primal, f(scipy.optimize, Q))
    np.testing.assert_allclose(result.tangent, [[1, 0.7], [0, 1.2]], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(f(optimize, Q), f(scipy.optimize, Q))


@pytest.mark.parametrize("name", NUMBERS)
def test_minimisers_of_a_number(name: str) -> None:
    """x − a·log(x) has its minimum at a."""
    f = NUMBERS[name]
    assert derivative(lambda a: f(optimize, a))(3.0) == pytest.approx(1.0, rel=1e-9)
    assert derivative(lambda a: f(optimize, a), order=2)(3.0) == pytest.approx(0.0, abs=1e-8)
    assert f(optimize, Dual(3.0, 1.0)).primal == f(scipy.optimize, 3.0)


def test_reports_of_minimisers() -> None:
    p = Dual(P, np.eye(2))
    report = optimize.fmin_slsqp(
        ellipse, [2.0, 2.0], f_eqcons=line, args=(p,), full_output=1, iprint=0, acc=1e-12
    )
    np.testing.assert_allclose(report[0].tangent.T, jacobian(on_line)(P), rtol=1e-9)
    want = grad(lambda p: ellipse(on_line(p), p))(P)
    np.testing.assert_allclose(report[1].tangent, want, rtol=1e-9)
    moving = derivative(
        lambda c: optimize.fmin_l_bfgs_b(lambda x: (x[0] - 3) ** 2, [0.0], approx_grad=1,
                                         bounds=[(None, c)])[0][0]
    )  # fmt: skip
    assert moving(2.0) == pytest.approx(1.0, rel=1e-9)
    assert derivative(lambda c: optimize.fminbound(lambda x: x, c, 5.0))(1.0) == 1.0


# -- linear programs and linear least squares ----------------------------------------------------


def test_linear_programs() -> None:
    """Most of 3x + 2y with x + y ≤ b₀, x ≤ b₁: the vertex (b₁, b₀ − b₁)."""

    def f(c: Any, a: Any, b: Any, module: Any = optimize) -> Any:
        return module.linprog(c, A_ub=a, b_ub=b, bounds=[(0, None), (0, None)])

    c, a, b = -np.array([3.0, 2.0]), np.array([[1.0, 1.0], [1.0, 0.0]]), np.array([5.0, 2.0])
    np.testing.assert_allclose(jacobian(lambda b: f(c, a, b).x)(b), [[0, 1], [1, -1]], atol=1e-12)
    np.testing.assert_allclose(grad(lambda b: f(c, a, b).fun)(b), [-2, -1], atol=1e-12)
    np.testing.assert_allclose(grad(lambda c: f(c, a, b).fun)(c), [2, 3], atol=1e-12)
    vertex = jacobian(lambda a: f(c, a, b).x)(a)
    np.testing.assert_allclose(vertex, jacobian(lambda a: np.linalg.solve(a, b))(a), atol=1e-12)
    prices = jacobian(lambda c: f(c, a, b).ineqlin.marginals)(c)
    np.testing.assert_allclose(prices, jacobian(lambda c: np.linalg.solve(a.T, c))(c), atol=1e-12)
    twice = hessian(lambda t: f(c * t[0], a * t[1], b).fun)(np.ones(2))  # −12·t₀/t₁
    np.testing.assert_allclose(twice, [[0, 12], [12, -24]], atol=1e-9)
    plainly, dual = f(c, a, b, scipy.optimize), f(Dual(c, np.ones(2)), a, b)
    assert dual.fun.primal == plainly.fun
    np.testing.assert_array_equal(dual.x.primal, plainly.x)
    np.testing.assert_array_equal(dual.slack.primal, plainly.slack)
    np.testing.assert_array_equal(dual.lower.marginals.primal, plainly.lower.marginals)

    def portfolio(m: Any, top: Any) -> Any:
        return optimize.linprog(
            [-1.0, -2.0, -3.0], A_eq=[[1.0, 1.0, 1.0]], b_eq=[m], bounds=[(0, 1), (0, 1), (0, top)]
        )

    np.testing.assert_allclose(
        [derivative(lambda m, i=i: portfolio(m, 0.5).x[i])(1.2) for i in range(3)], [0, 1, 0]
    )
    np.testing.assert_allclose(
        [derivative(lambda t, i=i: portfolio(1.2, t).x[i])(0.5) for i in range(3)], [0, -1, 1]
    )
    assert derivative(lambda m: portfolio(m, 0.5).upper.marginals[2])(1.2) == 0.0
    with pytest.raises(NonDifferentiableError, match=r"not isolated|does not push"):
        f(-np.array([1.0, 1.0]), a, Dual(b, b))  # a whole edge
    with pytest.raises(NonDifferentiableError, match="has not converged"):
        f(c, a, Dual(-b, b))
    whole = derivative(
        lambda c: optimize.linprog([-c, -1.0], [[2.0, 1.0]], [4.5], integrality=1).fun
    )
    assert whole(3.0) == -2.0

    def columns(m: Any, top: float = 0.5) -> Any:  # as SciPy takes them, too
        c, b = np.array([[-1.0], [-2.0], [-3.0]]), np.reshape([m], (1, 1))
        return optimize.linprog(c * m, A_eq=[[1.0] * 3], b_eq=b, bounds=[(0, 1), (0, 1), (0, top)])

    np.testing.assert_array_equal(jvp(lambda m: columns(m).x, (1.2,), (1.0,))[1], [0, 1, 0])
    assert derivative(lambda m: columns(m).fun)(1.2) == pytest.approx(-(2.9 + 2.4), rel=1e-12)


def test_programs_with_integers() -> None:
    """Most of 3x + 2y + z with 2x + y + z ≤ b, x whole, y ≤ u: x = 2, y = u, z = b − 4 − u."""

    def f(c: Any, b: Any, u: Any, module: Any = optimize) -> Any:
        held = scipy.optimize.LinearConstraint([[2.0, 1.0, 1.0]], -np.inf, b)
        return module.milp(
            c, integrality=[1, 0, 0], constraints=held, bounds=optimize.Bounds([0, 0, 0], [2, u, 9])
        )

    c = -np.array([3.0, 2.0, 1.0])
    got = [derivative(lambda t: f(c, t, 0.5).x[2]), derivative(lambda t: f(c, 5.25, t).fun)]
    assert got[0](5.25) == pytest.approx(1.0) and got[1](0.5) == pytest.approx(-1.0)
    np.testing.assert_allclose(grad(lambda c: f(c, 5.25, 0.5).fun)(c), [2, 0.5, 0.75], atol=1e-9)
    assert f(Dual(c, c), 5.25, 0.5).fun.primal == f(c, 5.25, 0.5, scipy.optimize).fun
    a, b = np.array([[0.0, 1.0], [3.0, 0.0]]), np.array([[0.0, 5.0], [1.0, 0.0]])
    given = {"rng": np.random.default_rng(0)}
    total = grad(lambda a: optimize.quadratic_assignment(a, b, options=given).fun)(a)
    assert np.sum(total * a) == scipy.optimize.quadratic_assignment(a, b, options=given).fun


def test_whole_numbers_that_are_not_the_only_ones() -> None:
    """A tie of two choices is a kink of the minimum, and a derivative of one of them is none."""

    def program(c: Any, b: Any, kind: Any = 1, low: Any = 0.0, of: str = "fun") -> Any:
        found = optimize.linprog(
            -c, [[2.0, 1.0]], np.reshape(b, 1), bounds=[(low, 2), (0, 3)], integrality=kind
        )
        return getattr(found, of)

    def mixed(c: Any, b: Any) -> Any:
        held = optimize.LinearConstraint([[2.0, 1.0]], -np.inf, b)
        bounds = optimize.Bounds([0, 0], [2, 3])
        return optimize.milp(-c, integrality=[1, 0], constraints=held, bounds=bounds).fun

    tied, apart = np.array([2.0, 1.0]), np.array([2.0, 1.1])
    for f in (lambda c: program(c, 4.0), lambda c: mixed(c, 4.0)):
        with pytest.raises(NonDifferentiableError, match="other whole numbers cost no more"):
            grad(f)(tied)  # 2x + y, at most 4: (2, 0) as (1, 2)
    np.testing.assert_allclose(grad(lambda c: program(c, 4.5))(apart), [-1, -2], atol=1e-9)
    np.testing.assert_allclose(grad(lambda c: mixed(c, 4.5))(apart), [-1, -2.5], atol=1e-9)
    assert derivative(lambda b: mixed(apart, b))(4.5) == pytest.approx(-1.1, rel=1e-9)
    with pytest.raises(NonDifferentiableError):
        derivative(lambda b: program(tied, b))(4.5)
    for unit in (1e-4, 1e6):  # of the costs, which no tie depends on
        for f in (program, mixed):
            close = np.array([1.0, 1 + 1e-6])
            assert np.sum(grad(lambda c, f=f: f(c, 4.5))(unit * close) * close) < -3
            with pytest.raises(NonDifferentiableError, match="other whole numbers"):
                grad(lambda c, f=f: f(c, 4.0))(unit * tied)

    def roughly(c: Any) -> Any:  # what ends the search early gives one of the good choices
        return optimize.linprog(
            -c, [[2.0, 1.0]], [4.5], bounds=[(0, 2), (0, 3)], integrality=1,
            options={"mip_rel_gap": 0.1},
        ).fun  # fmt: skip

    assert np.sum(grad(roughly)(tied) * tied) == pytest.approx(-4, rel=1e-12)

    # What is zero or at least 0.5, and moves where it is not zero.
    semi = [2, 0]
    assert derivative(lambda b: program(np.array([3.0, 1.0]), b, semi, 0.5))(3.5) == -1.5
    slope = derivative(lambda b: program(np.array([3.0, 1.0]), b, semi, 0.5, "x")[0])(3.5)
    assert slope == pytest.approx(0.5, rel=1e-9)
    assert derivative(lambda b: program(np.array([0.1, 1.0]), b, semi, 0.5))(2.5) == -1.0


def test_linear_least_squares() -> None:
    random = np.random.default_rng(3)
    a, b = random.normal(size=(6, 3)), random.normal(size=6)
    held = scipy.optimize.nnls(a, b)[0] == 0
    assert 0 < held.sum() < 3

    def free(a: Any, b: Any) -> Any:
        return np.linalg.lstsq(a[:, ~held], b)[0]

    for i, x in ((0, a), (1, b)):
        got = jacobian(lambda *v: optimize.nnls(*v)[0], i)(a, b)
        np.testing.assert_allclose(got[~held], jacobian(free, i)(a, b), atol=1e-10)
        np.testing.assert_allclose(got[held], 0 * got[held], atol=1e-12)
        same = jacobian(lambda *v: optimize.lsq_linear(*v, (0, np.inf)).x, i)(a, b)
        np.testing.assert_allclose(same, got, atol=1e-9)
        norm = grad(lambda *v: optimize.nnls(*v)[1], i)(a, b)
        want = grad(lambda *v: np.linalg.norm(v[0][:, ~held] @ free(*v) - v[1]), i)(a, b)
        np.testing.assert_allclose(norm, want, rtol=1e-8, atol=1e-12)
        assert norm.shape == x.shape
    box = derivative(
        lambda c: optimize.lsq_linear(a, b, optimize.Bounds(-c * np.ones(3), c * np.ones(3))).cost
    )
    free_cost = derivative(lambda c: optimize.lsq_linear(a, b, (-c, c)).cost)
    assert box(0.1) == pytest.approx(free_cost(0.1)) and box(0.1) < 0 and box(9.0) == 0
    dual = optimize.nnls(a, Dual(b, b))
    np.testing.assert_array_equal(dual[0].primal, scipy.optimize.nnls(a, b)[0])
    with pytest.raises(NonDifferentiableError, match="at its bound"):
        optimize.nnls(np.eye(2), Dual(np.array([1.0, 0.0]), np.ones(2)))


def test_leastsq_is_curve_fit() -> None:
    x, y = np.arange(6.0), np.exp(-0.4 * np.arange(6.0)) + 0.05 * np.cos(np.arange(6.0))

    def residuals(b: Any, y: Any) -> Any:
        return b[0] * np.exp(-b[1] * x) - y

    def both(y: Any) -> Any:
        best, covariance, *_ = optimize.leastsq(residuals, [1.0, 0.5], (y,), full_output=True)
        return np.concatenate([best, np.ravel(covariance) * np.sum(residuals(best, y) ** 2) / 4])

    def fit(y: Any) -> Any:
        best, covariance = optimize.curve_fit(lambda x, a, b: a * np.exp(-b * x), x, y, [1.0, 0.5])
        return np.concatenate([best, np.ravel(covariance)])

    np.testing.assert_allclose(jacobian(both)(y), jacobian(fit)(y), rtol=1e-4, atol=1e-6)
    best = optimize.leastsq(residuals, [1.0, 0.5], (Dual(y, y),))[0]
    np.testing.assert_array_equal(best.primal, scipy.optimize.leastsq(residuals, [1, 0.5], (y,))[0])
    np.testing.assert_allclose(best.tangent, [best.primal[0], 0], atol=1e-9)  # a scale of y


def test_multiple_roots_and_assignments() -> None:
    with pytest.raises(NonDifferentiableError, match=r"regular root|singular"):
        jacobian(lambda p: optimize.fsolve(lambda z: (z - p) ** 2, [4.04]))(2.67)
    cost = np.array([[4.0, 1.0, 3.0], [2.0, 0.0, 5.0], [3.0, 2.0, 2.0]])
    total = grad(lambda c: np.sum(c[optimize.linear_sum_assignment(c)]))(cost)
    assert total.sum() == 3.0 and cost[total == 1].sum() == 5.0
    root = scipy.optimize.newton(lambda z: z + 0.1 * z**3 - Q, np.ones(2))
    for name in ("anderson", "broyden1", "broyden2", "newton_krylov", "diagbroyden"):
        solver = getattr(optimize, name)
        got = jacobian(lambda p, f=solver: f(lambda z: z + 0.1 * z**3 - p, np.ones(2), f_tol=1e-9))
        np.testing.assert_allclose(got(Q), np.diag(1 / (1 + 0.3 * root**2)), rtol=1e-9)


@pytest.mark.parametrize("module", [optimize, scipy.optimize])
def test_linear_constraints_of_lists(module: Any) -> None:
    """As of arrays: of duals, of numbers, in lifted code and by the name of ours."""
    forms: tuple[Callable[[Any], Any], ...] = (
        lambda x: module.LinearConstraint(np.stack([np.stack([1.0, x[1]])]), -np.inf, x[2]),
        lambda x: module.LinearConstraint([[1.0, x[1]]], -np.inf, x[2]),
        lambda x: module.LinearConstraint([1.0, x[1]], [-np.inf], [x[2]]),
        lambda x: module.LinearConstraint(lb=(-np.inf, -9.0), A=([1, x[1]], [0, 1]), ub=(x[2], 9)),
    )
    x = np.array([1.0, 0.5, 1.2])
    want = [[0.2, -0.608, 0.8], [-0.4, -0.544, 0.4]]  # of the projection on a line
    for form in forms:
        assert isinstance(form(x), scipy.optimize.LinearConstraint)
        for mode in ("forward", "reverse"):

            def solve(x: Any, form: Callable[[Any], Any] = form) -> Any:
                def f(z: Any) -> Any:
                    return (z[0] - x[0]) ** 2 + (z[1] - 1) ** 2

                return scipy.optimize.minimize(f, [0.5, 0.5], constraints=form(x)).x

            np.testing.assert_allclose(jacobian(solve, mode=mode)(x), want, atol=1e-6)


def test_what_a_local_minimiser_is_given() -> None:
    """Its args and slopes, which a global one hands on; in its other options duals are refused."""

    def f(z: Any, x: Any) -> Any:
        return (z[0] - x[0]) ** 2 + x[1] * (z[1] - x[0] * x[1]) ** 2

    def df(z: Any, x: Any) -> Any:
        return np.stack([2 * (z[0] - x[0]), 2 * x[1] * (z[1] - x[0] * x[1])])

    x, m = np.array([1.0, 0.5]), scipy.optimize
    cases: tuple[Callable[[Any], Any], ...] = (
        lambda x: m.basinhopping(f, [0.0, 0.0], 3, rng=1, minimizer_kwargs={"args": (x,)}).x,
        lambda x: m.basinhopping(f, [0.0, 0.0], 3, rng=1, minimizer_kwargs={"args": x}).x,
        lambda x: (
            m.basinhopping(f, [0.0, 0.0], 3, rng=1, minimizer_kwargs={"args": (x,), "jac": df}).x
        ),
        lambda x: (
            m.basinhopping(
                lambda z: (f(z, x), df(z, x)), [0.0, 0.0], 3, rng=1, minimizer_kwargs={"jac": True}
            ).x
        ),
        lambda x: (
            m.dual_annealing(
                f,
                [(-3, 3)] * 2,
                (x,),
                maxiter=9,
                rng=1,
                minimizer_kwargs={"jac": df, "method": "BFGS"},
            ).x
        ),
    )
    for solve in cases:
        for mode in ("forward", "reverse"):
            slopes = jacobian(solve, mode=mode)(x)
            np.testing.assert_allclose(slopes, [[1, 0], [0.5, 1]], atol=1e-9)
        np.testing.assert_array_equal(jvp(solve, (x,), (x,))[0], solve(x))
    for solver, start in ((m.basinhopping, [0.0, 0.0]), (m.shgo, [(-1, 1)] * 2)):
        with pytest.raises(TypeError, match="takes no duals in minimizer_kwargs but in args"):
            jacobian(
                lambda x, solver=solver, start=start: (
                    solver(lambda z: f(z, x), start, minimizer_kwargs={"bounds": [(0, x[1])] * 2}).x
                )
            )(x)
