"""dualad.scipy.optimize: sensitivities of roots and optima against closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from dualad import Dual, NonDifferentiableError, derivative, grad, hessian, jacobian, value_and_grad
from dualad.pair import dual
from dualad.scipy import optimize

# -- roots of one function of one number: x·exp(x) = a, Lambert's function ---------------------


def lambert(x: Any, a: Any) -> Any:
    return x * np.exp(x) - a


SCALAR: dict[str, Callable[[Any, Any], Any]] = {
    **{
        name: (lambda m, a, name=name: getattr(m, name)(lambert, 0.0, 3.0, (a,)))
        for name in ("brentq", "brenth", "bisect", "ridder", "toms748")
    },
    "newton": lambda m, a: m.newton(lambert, 1.0, args=(a,)),
    "newton, slope": lambda m, a: m.newton(
        lambert, 1.0, fprime=lambda x, a: (1 + x) * np.exp(x), args=(a,)
    ),
    "newton, closure": lambda m, a: m.newton(lambda x: lambert(x, a), 1.0),
    "newton, report": lambda m, a: m.newton(lambert, 1.0, args=(a,), full_output=True)[1].root,
    "brentq, coarse": lambda m, a: m.brentq(lambert, 0.0, 3.0, (a,), xtol=1e-4),
    "brentq, report": lambda m, a: m.brentq(lambert, 0.0, 3.0, (a,), full_output=True)[0],
    "root_scalar": lambda m, a: m.root_scalar(lambert, args=(a,), bracket=(0.0, 3.0)).root,
    "root_scalar, fprime": lambda m, a: (
        m.root_scalar(lambda x: (lambert(x, a), (1 + x) * np.exp(x)), x0=1.0, fprime=True).root
    ),
    "fsolve": lambda m, a: m.fsolve(lambert, 1.0, args=(a,))[0],
    "fsolve, report": lambda m, a: m.fsolve(lambert, 1.0, args=(a,), full_output=True)[0][0],
    "root": lambda m, a: m.root(lambert, 1.0, args=(a,)).x[0],
    "fixed_point": lambda m, a: m.fixed_point(lambda x: np.log(a) - np.log(x), 1.2),
}


@pytest.mark.parametrize("name", SCALAR)
def test_derivatives_of_a_root_are_exact(name: str) -> None:
    """Four orders, whatever the solver's tolerance is."""
    f = SCALAR[name]
    for a in (2.0, 5.5):
        with mp.workdps(40):
            exact = [float(mp.diff(mp.lambertw, a, n)) for n in range(5)]
        for order in range(1, 5):
            got = derivative(lambda a: f(optimize, a), order=order)(a)
            assert got == pytest.approx(exact[order], rel=1e-12), order


@pytest.mark.parametrize("name", SCALAR)
def test_plain_numbers_give_what_scipy_gives(name: str) -> None:
    f = SCALAR[name]
    y = f(optimize, 2.0)
    assert y == f(scipy.optimize, 2.0)
    assert type(y) is type(f(scipy.optimize, 2.0))
    if name != "root_scalar, fprime":
        assert f(optimize, Dual(2.0, 1.0)).primal == y


@pytest.mark.parametrize("name", ["brentq", "newton", "root", "fixed_point"])
def test_several_directions(name: str) -> None:
    w = mp.lambertw(3.0)
    slope = float(1 / (mp.exp(w) * (1 + w)))
    got = SCALAR[name](optimize, Dual(3.0, np.array([1.0, 0.0, -2.0])))
    np.testing.assert_allclose(got.tangent, [slope, 0.0, -2 * slope], rtol=1e-12)


def test_brackets_and_starts_have_no_influence() -> None:
    got = grad(lambda a, b: optimize.brentq(lambda x: x**2 - 2 * a, 0 * b, b), argnums=(0, 1))(
        2.0, 5.0
    )
    assert got == (pytest.approx(0.5, rel=1e-14), 0.0)
    assert derivative(lambda b: optimize.newton(lambda x: x**2 - 2, b))(1.0) == 0.0


@given(st.lists(st.floats(0.1, 50), min_size=1, max_size=5))
@settings(max_examples=20, deadline=None)
def test_newton_of_an_array_is_elementwise(a: list[float]) -> None:
    x = np.array(a)

    def f(a: Any) -> Any:
        return optimize.newton(lambda x, a: x**3 - a, np.full(len(a), 2.0), args=(a,))

    np.testing.assert_allclose(derivative(f)(x), x ** (-2 / 3) / 3, rtol=1e-12)
    np.testing.assert_allclose(derivative(f, order=2)(x), -2 / 9 * x ** (-5 / 3), rtol=1e-12)
    np.testing.assert_allclose(jacobian(f)(x), np.diag(x ** (-2 / 3) / 3), rtol=1e-12)


# -- systems -------------------------------------------------------------------------------


def kepler(x: Any, m: Any, e: Any) -> Any:
    """Eccentric anomaly and radius; a list of numbers is returned."""
    return [x[0] - e * np.sin(x[0]) - m, x[1] - (1 - e * np.cos(x[0]))]


@pytest.mark.parametrize("method", ["hybr", "lm", "broyden1", "krylov", "df-sane"])
def test_a_system_of_equations(method: str) -> None:
    """∂E/∂M = 1/r, ∂r/∂e at fixed M = −cos(true anomaly), and second derivatives."""
    m, e = 0.8, 0.3
    options = {"tol": 1e-9}

    def f(m: Any, e: Any) -> Any:
        return optimize.root(kepler, [0.8, 1.0], args=(m, e), method=method, **options).x

    with mp.workdps(40):

        def exact(m: Any, e: Any) -> Any:
            return mp.findroot(lambda x: x - e * mp.sin(x) - m, 0.8)

        u = exact(m, e)
        r = 1 - e * mp.cos(u)
        first = [[1 / r, mp.sin(u) / r], [e * mp.sin(u) / r, (e - mp.cos(u)) / r]]
        second = mp.diff(exact, (m, e), (1, 1))
    got = jacobian(f, argnums=(0, 1))(m, e)
    np.testing.assert_allclose(np.transpose(got), np.array(first, float), rtol=1e-12)
    mixed = derivative(lambda m: derivative(f, argnums=1)(m, e)[0])(m)
    assert mixed == pytest.approx(float(second), rel=1e-11)


@given(st.integers(1, 6), st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_a_linear_system_is_solved_with_its_tangents(n: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(n, n)) + 3 * np.eye(n) * n, random.normal(size=n)
    duals = Dual(a, random.normal(size=(2, n, n))), Dual(b, random.normal(size=(2, n)))
    got = optimize.fsolve(lambda x: duals[0] @ x - duals[1], np.zeros(n))
    np.testing.assert_allclose(got.tangent, np.linalg.solve(*duals).tangent, rtol=1e-9, atol=1e-12)


def test_a_fixed_point_of_a_vector() -> None:
    """x = cos(a·x) elementwise, coupled by a rotation."""
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])

    def f(a: Any) -> Any:
        return optimize.fixed_point(lambda x: np.cos(a * (turn @ x)) / 2, [0.4, 0.4])

    x = f(1.0)
    for _ in range(100):  # SciPy stops at 1e-8
        x = np.cos(turn @ x) / 2
    s = -np.sin(turn @ x) / 2
    want = np.linalg.solve(np.eye(2) - s[:, None] * turn, s * (turn @ x))
    np.testing.assert_allclose(derivative_of(f), want, rtol=1e-12)


def derivative_of(f: Any) -> Any:
    return f(Dual(1.0, 1.0)).tangent


# -- what is no root has no derivative ---------------------------------------------------------


def test_roots_that_have_no_derivative() -> None:
    with pytest.raises(NonDifferentiableError, match=r"singular|regular root"):
        optimize.newton(lambda x: Dual(1.0, 1.0) * (x - 1) ** 2, 0.9, maxiter=200)
    with pytest.raises(NonDifferentiableError, match="jumps over zero"):
        optimize.brentq(lambda x: np.sign(x - 0.3) + 0 * Dual(1.0, 1.0), 0, 1)
    with pytest.raises(NonDifferentiableError, match="regular root"):
        optimize.brentq(lambda x: Dual(1.0, 1.0) / (x - 0.3), 0, 1)  # a pole
    with pytest.raises(NonDifferentiableError, match="root has not converged"):
        optimize.root(lambda x: x**2 + Dual(1.0, 1.0), [3.0])
    with pytest.warns(RuntimeWarning), pytest.raises(NonDifferentiableError, match="not simple"):
        optimize.newton(lambda x: Dual(0.0, 1.0) * x, np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="as many equations as unknowns"):
        optimize.root(lambda x: Dual(np.ones(3), np.ones(3)) * x[0] - 1, [1.0, 2.0], method="lm")


# -- optima --------------------------------------------------------------------------------


def portfolio(x: Any, p: Any) -> Any:
    """Quartic, so that no solver finds it exactly; the optimum is x = (p₀, p₀·p₁)."""
    return (x[0] - p[0]) ** 4 + (x[0] - p[0]) ** 2 + (x[1] - x[0] * p[1]) ** 2 + 3 * p[0]


METHODS = ["BFGS", "L-BFGS-B", "CG", "Powell", "TNC", "SLSQP", "trust-constr", "COBYLA"]


@pytest.mark.parametrize("method", [None, "Nelder-Mead", *METHODS])
def test_the_optimum_moves_as_it_must(method: str | None) -> None:
    def f(p: Any) -> Any:
        return optimize.minimize(portfolio, [0.5, 0.5], args=(p,), method=method)

    p = np.array([1.5, 0.7])
    np.testing.assert_allclose(
        jacobian(lambda p: f(p).x)(p), [[1, 0], [0.7, 1.5]], rtol=1e-12, atol=1e-12
    )
    np.testing.assert_allclose(
        jacobian(jacobian(lambda p: f(p).x[1]))(p), [[0, 1], [1, 0]], rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(grad(lambda p: f(p).fun)(p), [3, 0], atol=1e-6)
    np.testing.assert_array_equal(f(Dual(p, np.ones(2))).x.primal, f(p).x)


def test_solvers_get_derivatives_as_they_want_them() -> None:
    p = np.array([1.5, 0.7])

    def both(x: Any, p: Any) -> Any:
        return (portfolio(x, p), grad(portfolio)(x, p))

    calls: list[Callable[[Any], Any]] = [
        lambda p: optimize.minimize(both, [0.5, 0.5], (p,), jac=True, method="BFGS"),
        lambda p: optimize.minimize(portfolio, [0.5, 0.5], (p,), jac=grad(portfolio)),
        lambda p: optimize.minimize(
            portfolio, [0.5, 0.5], (p,), "trust-exact", grad(portfolio), hessian(portfolio)
        ),
    ]
    for f in calls:
        got = jacobian(lambda p, f=f: f(p).x)(p)
        np.testing.assert_allclose(got, [[1, 0], [0.7, 1.5]], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", ["L-BFGS-B", "TNC", "SLSQP", "trust-constr", "Nelder-Mead"])
def test_where_a_bound_is_active_x_moves_with_it(method: str) -> None:
    """x₀ ≤ c is active; x₁ follows x₀; another bound is not active."""

    def f(p: Any) -> Any:
        bounds = [(None, p[2]), (0, 30)]
        return optimize.minimize(portfolio, [0.9, 0.5], (p,), method=method, bounds=bounds).x

    got = jacobian(f)(np.array([1.5, 0.7, 1.0]))
    np.testing.assert_allclose(got, [[0, 0, 1], [0, 1, 0.7]], rtol=1e-12, atol=1e-12)
    fixed = optimize.Bounds([-np.inf, 0.0], [1.0, 30.0])
    got = jacobian(
        lambda p: optimize.minimize(portfolio, [0.9, 0.5], (p,), method=method, bounds=fixed).x
    )(np.array([1.5, 0.7]))
    np.testing.assert_allclose(got, [[0, 0], [0, 1]], rtol=1e-12, atol=1e-12)


def test_optima_that_have_no_derivative() -> None:
    a = Dual(1.0, 1.0)
    with pytest.raises(NonDifferentiableError, match="close to where the solver stopped"):
        # SciPy says that (1, 0) is the optimum, which is (1, 0.7)
        start, bounds = [0.5, 0.5], [(None, 1.0), (0, 30)]
        p = Dual(np.array([1.5, 0.7]), np.eye(2))
        optimize.minimize(portfolio, start, (p,), method="Nelder-Mead", bounds=bounds)
    with pytest.raises(NonDifferentiableError, match="singular"):
        optimize.minimize(lambda x: (x[0] + x[1] - a) ** 2, [0.0, 0.0])
    with pytest.raises(NonDifferentiableError, match="does not push"):
        optimize.minimize(lambda x: (x[0] - a) ** 2, [0.0], bounds=[(None, 1.0)])
    with pytest.raises(TypeError, match="sequence of pairs"):
        optimize.minimize(lambda x: x[0] ** 2, [0.0], bounds=Dual(np.ones((1, 2)), np.ones((1, 2))))


@pytest.mark.parametrize("method", ["brent", "golden", "bounded"])
def test_the_minimum_of_a_function_of_one_number(method: str) -> None:
    """x − a·log(x) has its minimum a − a·log(a) at a."""

    def f(a: Any) -> Any:
        bounds = (0.1, 30.0) if method == "bounded" else None
        bracket = None if bounds else (1.0, 2.0, 30.0)
        return optimize.minimize_scalar(
            lambda x, a: x - a * np.log(x), bracket, bounds, (a,), method=method
        )

    for order, want in ((1, 1.0), (2, 0.0)):
        assert derivative(lambda a: f(a).x, order=order)(3.0) == pytest.approx(want, abs=1e-11)
    assert derivative(lambda a: f(a).fun)(3.0) == pytest.approx(-math.log(3), rel=1e-7)

    def cut(c: Any) -> Any:
        return optimize.minimize_scalar(lambda x: x, bounds=(c, 5.0), method="bounded").x

    assert derivative(cut)(1.0) == 1.0


# -- fits ----------------------------------------------------------------------------------

X = np.array([0.0, 1.0, 2.0, 3.0, 5.0])
Y = np.array([1.1, 2.2, 2.6, 4.4, 5.9])
W = np.array([1.0, 0.5, 2.0, 1.0, 1.5])


def normal_equations(x: Any, y: Any, w: Any) -> tuple[Any, Any]:
    """A line by weighted least squares, in NumPy: parameters and their covariance."""
    rows = np.stack([np.ones(5), x], axis=1) / w[:, None]
    inverse = np.linalg.inv(rows.T @ rows)
    best = inverse @ (rows.T @ (y / w))
    rest = rows @ best - y / w
    return best, inverse * (rest @ rest / 3)


def fitted(x: Any, y: Any, w: Any) -> tuple[Any, Any]:
    return optimize.curve_fit(lambda x, a, b: a + b * x, x, y, sigma=w)


def bilinear(x: Any, y: Any, w: Any) -> tuple[Any, Any]:
    """The same line from other parameters, which makes the problem nonlinear."""
    (a, b), covariance = optimize.curve_fit(
        lambda x, a, b: a**3 + a * b * x, x, y, p0=[1.0, 1.0], sigma=w, jac=None
    )
    return np.stack([a**3, a * b]), covariance


@pytest.mark.parametrize("argnum", [0, 1, 2])
def test_a_fit_and_its_covariance_depend_on_the_data(argnum: int) -> None:
    """Against the normal equations, differentiated as NumPy code."""
    for part, f in ((0, fitted), (1, fitted), (0, bilinear)):
        want = jacobian(lambda *a, part=part: normal_equations(*a)[part], argnum)(X, Y, W)
        got = jacobian(lambda *a, f=f, part=part: f(*a)[part], argnum)(X, Y, W)
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9 * np.max(abs(want)))


def test_curve_fit_with_other_options() -> None:
    correlated = np.diag(W**2) + 0.1
    rows = np.stack([np.ones(5), X], axis=1)
    inverse = np.linalg.inv(rows.T @ np.linalg.inv(correlated) @ rows)
    slope = inverse @ rows.T @ np.linalg.inv(correlated)

    def f(y: Any) -> Any:
        return optimize.curve_fit(
            lambda x, a, b: a + b * x, X, y, sigma=correlated, absolute_sigma=True
        )

    np.testing.assert_allclose(jacobian(lambda y: f(y)[0])(Y), slope, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(jacobian(lambda y: f(y)[1])(Y), np.zeros((2, 2, 5)), atol=1e-12)
    plain, expected = (
        f(Y),
        scipy.optimize.curve_fit(
            lambda x, a, b: a + b * x, X, Y, sigma=correlated, absolute_sigma=True
        ),
    )
    for got, want in zip(plain, expected):
        np.testing.assert_array_equal(got, want)
    held = jacobian(
        lambda y: optimize.curve_fit(lambda x, a, b: a + b * x, X, y, bounds=([0, 0], [1, 0.5]))[0]
    )(Y)
    np.testing.assert_allclose(held, np.zeros((2, 5)), atol=1e-12)
    report = optimize.curve_fit(lambda x, a: a * x, X, Dual(Y, Y), full_output=True)
    np.testing.assert_allclose(report[2]["fvec"].tangent, report[2]["fvec"].primal, atol=1e-9)
    with pytest.raises(TypeError, match="nan_policy"):
        optimize.curve_fit(lambda x, a: a * x, X, Dual(Y, Y), nan_policy="omit")


def decay(b: Any, y: Any) -> Any:
    return b[0] * np.exp(-b[1] * X) - y


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares_has_the_second_derivatives_of_the_residuals(method: str) -> None:
    """A fit with large residuals, against its equations solved by mpmath for other data."""
    y = np.array([3.0, 1.0, 2.0, 0.3, 0.5])

    def exact(i: int) -> Any:
        with mp.workdps(40):

            def best(t: Any) -> Any:
                data = [mp.mpf(v) + (t if i == j else 0) for j, v in enumerate(y)]

                def equations(a: Any, b: Any) -> Any:
                    terms = [(mp.exp(-b * x), x, v) for x, v in zip(X, data)]
                    return [
                        mp.fsum((a * e - v) * e for e, _, v in terms),
                        mp.fsum((a * e - v) * e * x for e, x, v in terms),
                    ]

                return mp.findroot(equations, (2.7, 0.5))

            h = mp.mpf(10) ** -12
            return [float(v) for v in (best(h) - best(-h)) / (2 * h)]

    def f(y: Any) -> Any:
        return optimize.least_squares(decay, [2.7, 0.5], method=method, args=(y,))

    want = np.array([exact(i) for i in range(5)]).T
    np.testing.assert_allclose(jacobian(lambda y: f(y).x)(y), want, rtol=1e-11)
    # the envelope theorem: cost changes with the data as if b stayed
    np.testing.assert_allclose(grad(lambda y: f(y).cost)(y), -f(y).fun, rtol=1e-5, atol=1e-7)
    plain = scipy.optimize.least_squares(decay, [2.7, 0.5], method=method, args=(y,))
    np.testing.assert_array_equal(f(y).x, plain.x)


@pytest.mark.parametrize("loss", ["soft_l1", "huber", "cauchy", "arctan"])
def test_robust_losses(loss: str) -> None:
    """A location with an outlier: its estimating equation Σψ(b − y) = 0, by implicit function."""
    y, scale = np.array([1.0, 1.2, 0.9, 1.1, 4.0]), 0.5
    rho = {
        "soft_l1": lambda z: 2 * (mp.sqrt(1 + z) - 1),
        "huber": lambda z: z if z <= 1 else 2 * mp.sqrt(z) - 1,
        "cauchy": lambda z: mp.log(1 + z),
        "arctan": mp.atan,
    }[loss]

    def f(y: Any) -> Any:
        # SciPy's cost: its value must be the one that we differentiate
        return optimize.least_squares(lambda b: b[0] - y, [1.0], loss=loss, f_scale=scale)

    result = f(y)
    with mp.workdps(30):
        curvature = [mp.diff(lambda r: rho((r / scale) ** 2), result.x[0] - v, 2) for v in y]
        want = [float(c / mp.fsum(curvature)) for c in curvature]
    np.testing.assert_allclose(jacobian(lambda y: f(y).x[0])(y), want, rtol=1e-6, atol=1e-9)
    assert f(Dual(y, y)).cost.primal == pytest.approx(result.cost, rel=1e-12)


def test_least_squares_within_bounds() -> None:
    y = np.array([3.0, 1.9, 1.0, 0.7, 0.2])

    def f(c: Any) -> Any:
        return optimize.least_squares(decay, [2.0, 0.3], bounds=([0, 0], [c, 9]), args=(y,)).x

    inner = derivative(lambda c: f(c)[0])(2.5)
    assert inner == pytest.approx(1.0, rel=1e-14)
    assert derivative(lambda c: f(c)[0])(25.0) == 0.0
    with pytest.raises(TypeError, match="loss of your own"):
        optimize.least_squares(
            decay, [2.0, 0.3], args=(Dual(y, y),), loss=lambda z: np.stack([z, z**0, 0 * z])
        )


def test_a_ridge_parameter() -> None:
    """The sensitivity of a fit to a hyperparameter, twice: b = (AᵀA + λ)⁻¹Aᵀy."""
    a = np.vander(X, 3)

    def f(penalty: Any) -> Any:
        return optimize.minimize(
            lambda b: np.sum((a @ b - Y) ** 2) + penalty * np.sum(b**2), np.zeros(3)
        ).x

    def closed(penalty: Any) -> Any:
        return np.linalg.solve(a.T @ a + penalty * np.eye(3), a.T @ Y)

    for order in (1, 2):
        got, want = (nth(g, order) for g in (f, closed))
        np.testing.assert_allclose(got, want, rtol=1e-10)


def nth(f: Any, order: int) -> Any:
    for _ in range(order):
        f = jacobian(f)
    return f(0.7)


# -- what solvers report beside the solution, and where they stop early ------------------------


def valley(x: Any, a: Any) -> Any:
    return (x[0] - a) ** 2 + (x[1] - x[0] ** 2) ** 2 + a


def sum_is(a: Any) -> dict[str, Any]:
    return {"type": "eq", "fun": lambda x: x[0] + x[1] - a}


REPORTS: dict[str, Callable[[Any, Any], Any]] = {
    "BFGS": lambda m, a: m.minimize(valley, [0.0, 0.0], args=(a,), method="BFGS").hess_inv,
    "Nelder-Mead": lambda m, a: m.minimize(
        valley, [0.0, 0.0], args=(a,), method="Nelder-Mead"
    ).final_simplex[0],
    "SLSQP": lambda m, a: (
        m.minimize(valley, [0.0, 0.0], (a,), method="SLSQP", constraints=sum_is(a)).multipliers
    ),
    "fmin_bfgs": lambda m, a: m.fmin_bfgs(valley, [0.0, 0.0], args=(a,), full_output=1, disp=0)[3],
    "fmin_l_bfgs_b": lambda m, a: m.fmin_l_bfgs_b(valley, [0.0, 0.0], args=(a,), approx_grad=True)[
        2
    ]["grad"],
    "lsq_linear": lambda m, a: m.lsq_linear(
        np.eye(2), np.stack([a, a]), bounds=(-1.0, 9.0)
    ).unbounded_sol[0],
    "fsolve": lambda m, a: m.fsolve(lambert, 1.0, args=(a,), full_output=True)[1]["r"],
    "root": lambda m, a: m.root(lambert, 1.0, args=(a,)).fjac,
    "from x0": lambda m, a: (
        m.minimize(lambda x: (x[0] - 1) ** 4 + x[0] ** 2, np.stack([a]), method="BFGS").hess_inv
    ),
}


@pytest.mark.parametrize("name", REPORTS)
def test_reports_beside_the_solution_refuse_their_derivative(name: str) -> None:
    """They have the value of the plain run, forward, in reverse mode, and nested."""
    f = REPORTS[name]
    np.testing.assert_array_equal(f(optimize, Dual(1.5, 1.0)).primal, f(scipy.optimize, 1.5))
    for transform in (
        lambda f: jacobian(f)(np.array([1.5])),
        lambda f: hessian(lambda u: np.sum(f(u)))(np.array([1.5])),
    ):
        with pytest.raises(NonDifferentiableError, match="beside its solution"):
            transform(lambda u: f(optimize, u[0]))
    a = dual(dual(1.5, 1.0, 1), 1.0, 2)
    with pytest.raises(NonDifferentiableError, match="beside its solution"):
        _ = f(optimize, a).tangent
    with pytest.raises(NonDifferentiableError, match="beside its solution"):
        _ = f(optimize, a).primal.tangent


def test_reports_that_are_no_numbers() -> None:
    """Integers and messages stay; operators refuse; a solution within a report has tangents."""
    a = Dual(1.5, 1.0)
    best = optimize.minimize(valley, [0.0, 0.0], args=(a,), method="L-BFGS-B")
    plain = scipy.optimize.minimize(valley, [0.0, 0.0], args=(1.5,), method="L-BFGS-B")
    assert (best.nit, best.message, best.success) == (plain.nit, plain.message, plain.success)
    for use in (lambda h: h.todense(), lambda h: h @ np.ones(2), lambda h: h(np.ones(2))):
        with pytest.raises(NonDifferentiableError, match="LbfgsInvHessProduct"):
            use(best.hess_inv)
    hops = optimize.basinhopping(
        lambda x: (x[0] - a) ** 2, [0.0], niter=1, rng=np.random.default_rng(1)
    )
    assert hops.lowest_optimization_result.x[0].tangent == pytest.approx(1.0)
    _, report, *_ = optimize.fsolve(lambert, 1.0, args=(a,), full_output=True)
    np.testing.assert_allclose(report["fvec"].tangent, 0.0, atol=1e-12)
    trust = optimize.minimize(
        valley, [0.0, 0.0], (a,), method="trust-constr", hess=lambda x, a: 2 * np.eye(2)
    )
    assert isinstance(trust.execution_time, float)
    assert f"{trust.optimality:.0e}".endswith("(derivative undefined)")
    with pytest.raises(NonDifferentiableError, match="beside its solution"):
        _ = trust.tr_radius + 1


def bowl(x: Any) -> Any:
    return (x[0] - 1.0) ** 4 + (x[1] + x[0]) ** 2


def cubic(x: Any) -> Any:
    return x**3 + x - 1.0


EARLY: dict[str, Callable[[Any, Any], Any]] = {
    **{
        method: (
            lambda m, a, method=method: (
                m.minimize(bowl, np.stack([3 * a, a]), method=method, options={"maxiter": 1}).x
            )
        )
        for method in ("BFGS", "L-BFGS-B", "SLSQP", "CG", "Powell")
    },
    "fmin": lambda m, a: m.fmin(bowl, np.stack([3 * a, a]), maxiter=1, disp=0),
    "fmin, report": lambda m, a: m.fmin(
        bowl, np.stack([3 * a, a]), maxiter=1, disp=0, full_output=1
    )[0],
    "fmin_bfgs": lambda m, a: m.fmin_bfgs(bowl, np.stack([3 * a, a]), maxiter=1, disp=0, retall=1)[
        0
    ],
    "fmin_powell": lambda m, a: m.fmin_powell(bowl, np.stack([3 * a, a]), maxiter=1, disp=0),
    "fmin_l_bfgs_b": lambda m, a: m.fmin_l_bfgs_b(
        bowl, np.stack([3 * a, a]), approx_grad=True, maxiter=1
    )[0],
    "fmin_slsqp": lambda m, a: m.fmin_slsqp(bowl, np.stack([3 * a, a]), iter=1, iprint=0),
    "minimize_scalar": lambda m, a: (
        m.minimize_scalar(lambda x: (x - 1) ** 4, bracket=(-a, 3 * a), options={"maxiter": 2}).x
    ),
    "fmin_cobyla": lambda m, a: m.fmin_cobyla(
        bowl, np.stack([3 * a, a]), lambda x: x[0] + 9.0, maxfun=8
    ),
    "brent": lambda m, a: m.brent(lambda x: (x - 1) ** 4, brack=(-a, 3 * a), maxiter=2),
    "brentq": lambda m, a: m.brentq(cubic, -a, 2 * a, maxiter=2, disp=False),
    "bisect, report": lambda m, a: m.bisect(
        cubic, -a, 2 * a, maxiter=2, disp=False, full_output=True
    )[0],
    "newton": lambda m, a: m.newton(cubic, 9 * a, maxiter=2, disp=False),
    "root_scalar": lambda m, a: m.root_scalar(cubic, bracket=(-a, 2 * a), maxiter=2).root,
    "root": lambda m, a: m.root(cubic, 9 * a, options={"maxfev": 3}).x,
    "least_squares": lambda m, a: m.least_squares(cubic, 9 * a, max_nfev=2).x,
}


@pytest.mark.parametrize("name", EARLY)
def test_what_has_not_converged_depends_on_its_start(name: str) -> None:
    """Plain SciPy's result does, and here it is refused, though only the start is a dual."""
    f = EARLY[name]
    assert np.any(f(scipy.optimize, 1.0) != f(scipy.optimize, 1.1))
    with pytest.raises(NonDifferentiableError, match="has not converged"):
        f(optimize, Dual(1.0, 1.0))


UNFINISHED: dict[str, Callable[[Any], Any]] = {
    **{
        solve.__name__: lambda a, solve=solve: solve(
            lambda x: x**3 + 1.3 * x - a, -1, 2, maxiter=2, disp=False
        )
        for solve in (
            *(optimize.bisect, optimize.brentq, optimize.brenth),
            *(optimize.ridder, optimize.toms748),
        )
    },
    "newton": lambda a: optimize.newton(
        lambda x: x**3 + 1.3 * x - a, 0.4, maxiter=1, disp=False
    ),
    "newton's method": lambda a: optimize.newton(
        lambda x: x**3 + 1.3 * x - a, 0.4, lambda x: 3 * x**2 + 1.3, maxiter=1, disp=False
    ),
    "newton of several": lambda a: optimize.newton(
        lambda x: x**3 + 1.3 * x - a * np.array([1, 99]), np.array([0.46, 0.4]), maxiter=4
    ),
    "fsolve": lambda a: optimize.fsolve(lambda x: x**3 + 1.3 * x - a, [0.4], maxfev=3),
    "root_scalar": lambda a: optimize.root_scalar(
        lambda x: x**3 + 1.3 * x - a, x0=0.4, maxiter=1
    ).root,
    "fminbound": lambda a: optimize.fminbound(lambda x: (x - a) ** 4, 0, 2, maxfun=3),
    "brent": lambda a: optimize.brent(lambda x: (x - a) ** 2 + x**4, maxiter=2),
    "golden": lambda a: optimize.golden(lambda x: (x - a) ** 2, maxiter=3),
    "fmin_cg": lambda a: optimize.fmin_cg(
        lambda x: (x[0] - a) ** 2 + (x[0] - a) ** 4, [0.4], maxiter=1, disp=False
    ),
    "fmin_ncg": lambda a: optimize.fmin_ncg(
        lambda x: (x[0] - a) ** 2 + x[0] ** 4, [0.4],
        lambda x: 2 * (x - a) + 4 * x**3, maxiter=1, disp=False,
    ),
    "fmin_tnc": lambda a: optimize.fmin_tnc(
        lambda x: (x[0] - a) ** 2 + x[0] ** 4, [0.4], approx_grad=True, maxfun=2, disp=0
    )[0],
    "leastsq": lambda a: optimize.leastsq(lambda x: x**3 + 1.3 * x - a, [0.4], maxfev=3)[0],
    "lsq_linear": lambda a: optimize.lsq_linear(
        np.stack([[a, 1.0], [0.3, a]]), [1.0, 2.0], (0, 0.5), max_iter=1, method="bvls"
    ).x,
}  # fmt: skip


@pytest.mark.parametrize("name", UNFINISHED)
@pytest.mark.filterwarnings("ignore")
def test_what_has_not_converged_has_no_derivative(name: str) -> None:
    """Close to the solution or not, and whether or not reports are asked for."""
    for mode in ("forward", "reverse"):
        with pytest.raises(NonDifferentiableError, match=r"has not converged"):
            jacobian(lambda a: np.ravel(UNFINISHED[name](a)), mode=mode)(0.7)


def test_converged_does_not_depend_on_its_start() -> None:
    """Plain values, and no refusal."""
    a = Dual(1.0, 1.0)
    start = np.stack([3 * a, a])
    assert np.all(
        optimize.fmin_bfgs(bowl, start, disp=0)
        == scipy.optimize.fmin_bfgs(bowl, [3.0, 1.0], disp=0)
    )
    assert optimize.brentq(cubic, -a, 2 * a) == scipy.optimize.brentq(cubic, -1.0, 2.0)
    assert optimize.newton(cubic, a) == scipy.optimize.newton(cubic, 1.0)
    best = optimize.minimize(bowl, start)
    got, plain = (
        m.fmin_cobyla(bowl, x0, lambda x: x[0] + 9.0)
        for m, x0 in ((optimize, start), (scipy.optimize, [3.0, 1.0]))
    )
    assert np.all(got == plain)
    assert not isinstance(best.x, Dual)
    assert optimize.golden(lambda x: (x - 1) ** 2, brack=(-a, 3 * a)) == scipy.optimize.golden(
        lambda x: (x - 1) ** 2, brack=(-1.0, 3.0)
    )


def test_the_best_of_a_grid_moves_only_with_the_grid() -> None:
    """brute without a finish: a place that stays, and the cost there."""

    def least(a: Any, **given: Any) -> Any:
        return optimize.brute(lambda x: (x[0] - a) ** 2, [(0, 3)], Ns=7, finish=None, **given)

    a = Dual(1.1, 1.0)
    assert least(a) == 1.0
    assert least(a, full_output=True)[1].tangent == pytest.approx(0.2)  # −2·(1 − 1.1)
    given = {"Ns": 7, "finish": None, "full_output": True}
    x, least, grid, costs = optimize.brute(lambda x: (x[0] - 1) ** 2, [(0, 3 * a)], **given)
    for h, y in ((0.0, x), (1e-3, x)):
        moved = scipy.optimize.brute(lambda x: (x[0] - 1) ** 2, [(0, 3.3 + 3 * h)], **given)
        assert moved[0] == pytest.approx(y.primal + h * y.tangent, abs=1e-12)
        assert moved[2] == pytest.approx(grid.primal + h * grid.tangent, abs=1e-12)
        assert moved[3] == pytest.approx(costs.primal + h * costs.tangent, abs=1e-5)
        assert moved[1] == pytest.approx(least.primal + h * least.tangent, abs=1e-5)
    steps = (slice(0, 3 * a, 0.5), (a, 2.0, 3j))
    y = optimize.brute(lambda x: (x[0] - 1) ** 2 + x[1], steps, finish=None)
    assert y.tangent == pytest.approx([0.0, 1.0])


def test_a_search_that_ended_early_has_found_nothing_for_duals_in_f_either() -> None:
    def cost(a: Any) -> Any:
        return lambda x: (x[0] - a) ** 2 + (x[1] - 1) ** 2

    a = Dual(1.3, 1.0)
    with pytest.raises(NonDifferentiableError, match="fmin has not converged"):
        optimize.fmin(cost(a), [1.0, 2.0], maxiter=5, disp=False)
    found = optimize.fmin_bfgs(cost(a), [1.0, 2.0], maxiter=4, gtol=0, disp=False)  # is there
    assert found.tangent == pytest.approx([1.0, 0.0])
    x = optimize.minimize(cost(1.3), np.stack([a, a]), options={"gtol": 0, "maxiter": 4}).x
    assert not isinstance(x, Dual)


def test_a_root_has_the_kind_that_it_has_in_the_plain_run() -> None:
    """A Python float where SciPy gives one."""
    a = Dual(2.0, 1.0)
    for name in ("brentq", "toms748", "newton", "root_scalar", "fixed_point"):
        got, plain = SCALAR[name](optimize, a), SCALAR[name](scipy.optimize, 2.0)
        assert type(got.primal) is type(plain), name


# -- trial points, of which only the value is asked for -----------------------------------------


def shoot(k: Any) -> Any:
    """The slope at the start of y'' = k·y⁴ − 1/10 with y(0) = 1, y(3/2) = 1/2."""

    def end(s: Any) -> Any:
        run = scipy.integrate.solve_ivp(
            lambda x, y: [y[1], k * y[0] ** 4 - 0.1], (0, 1.5), [1.0, s], rtol=1e-10, atol=1e-12
        )
        return run.y[0, -1] - 0.5

    return scipy.optimize.brentq(end, -3, 3, xtol=1e-13)  # at 3, y goes to infinity


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_trial_solution_may_blow_up(mode: Any) -> None:
    true = (shoot(0.501) - shoot(0.499)) / 0.002
    value, slope = value_and_grad(shoot, mode=mode)(0.5)
    assert value == shoot(0.5)
    assert abs(slope - true) < 1e-6


def turned(k: Any, trials: list[Any]) -> Any:
    def f(s: Any) -> Any:
        off = k - 0.5 + 0.5 * s
        _, v = np.linalg.eigh(np.array([[1 + s, off], [off, 1 - s]]))
        trials.append(v[0, 0])
        return v[0, 0] ** 2 + s - 1.2

    return scipy.optimize.brentq(f, 0.0, 3.0, xtol=1e-14)  # at 0, an eigenvalue is repeated


def test_a_trial_point_may_have_no_derivative() -> None:
    true = (turned(0.5001, []) - turned(0.4999, [])) / 0.0002
    assert abs(derivative(lambda k: turned(k, []))(0.5) - true) < 1e-7
    with pytest.raises(NonDifferentiableError, match="a repeated eigenvalue"):

        def first_trial(k: Any) -> Any:
            turned(k, trials := [])
            return 2 * trials[0]

        derivative(first_trial)(0.5)


def test_a_derivative_taken_at_a_trial_point_must_exist() -> None:
    def f(k: Any) -> Any:
        def vector(u: Any) -> Any:
            return np.linalg.eigh(np.array([[1.0, u], [u, 1.0]]))[1][0, 1]

        return scipy.optimize.brentq(lambda s: k * s + derivative(vector)(0.0), -1, 2)

    with pytest.raises(NonDifferentiableError, match="a repeated eigenvalue"):
        f(1.0)
    with pytest.raises(NonDifferentiableError, match="a repeated eigenvalue"):
        derivative(f)(1.0)


def test_a_fit_without_a_degree_of_freedom_warns_as_scipy_does() -> None:
    def f(c: Any) -> Any:
        return scipy.optimize.curve_fit(lambda x, a: a * a * x, [1.0], [c], p0=[1.0])[0][0]

    with pytest.warns(scipy.optimize.OptimizeWarning) as told:
        slope = derivative(f)(0.3)
    assert len(told) == 1
    assert slope == pytest.approx(0.5 / np.sqrt(0.3))
