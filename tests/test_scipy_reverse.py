"""dualad.scipy backward: every public function has a way back, of the first and second order."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dualad import grad, jacobian, jvp, value_and_grad, vjp

pytest.importorskip("scipy")

from test_scipy_interpolate import KINDS

from dualad.scipy import integrate, interpolate, linalg, optimize, special

P = np.array([0.7, 1.3, 0.4])
M = np.array([[2.0, 0.3, 0.1], [0.2, 1.7, -0.4], [0.5, 0.1, 1.9]])
S = M @ M.T
T = np.linspace(0.0, 2.0, 7)


def matrix(p: Any) -> Any:
    """A general matrix that depends on all of p."""
    return M + np.outer(np.sin(p), p * p)


def symmetric(p: Any) -> Any:
    return S + np.outer(p, p)


def lotka(t: Any, y: Any, p: Any) -> Any:
    return np.stack([p[0] * y[0] - p[1] * y[0] * y[1], -y[1] + p[2] * y[0] * y[1]])


def fall(p: Any) -> Any:
    def ground(t: Any, y: Any) -> Any:
        return y[0]

    ground.terminal, ground.direction = True, -1  # type: ignore[attr-defined]
    result = integrate.solve_ivp(
        lambda t, y: np.stack([y[1], -9.81 - p[0] * y[1]]),
        (0.0, 9.0),
        [p[1], p[2]],
        events=ground,
        rtol=1e-6,
        atol=1e-6,
    )
    return np.stack([result.t[-1], result.y[1, -1]])


BANDS = np.array([[0.0, 0.4, 0.3, 0.2], [3.0, 2.5, 2.8, 3.1], [0.1, 0.2, 0.5, 0.0]])


Case = Callable[[Any], Any]

CASES: dict[str, Case] = {
    "integrate.quad": lambda p: integrate.quad(lambda x: np.exp(-p[0] * x) * p[1], p[2], 3.0)[0],
    "integrate.quad args": lambda p: integrate.quad(
        lambda x, a, b: a * x**b, 0, 1, args=(p[0], p[1])
    )[0],
    "integrate.quad branches": lambda p: integrate.quad(
        lambda x: p[0] * x if x < 0.5 else p[1] * x * p[2], 0, 1, points=[0.5]
    )[0],
    "integrate.quad of roots": lambda p: integrate.quad(
        lambda a: optimize.brentq(lambda z: z**3 + p[0] * z - a - p[1], -5, 5) * p[2], 0, 1
    )[0],
    "integrate.solve_ivp of integrals": lambda p: integrate.solve_ivp(
        lambda t, y: [-p[0] * y[0] * integrate.quad(lambda s: np.exp(-p[1] * s * s), 0, 1)[0]],
        (0, 1),
        [p[2]],
        rtol=1e-3,
    ).y[0, -1],
    "integrate.fixed_quad": lambda p: integrate.fixed_quad(lambda x: np.sin(p[0] * x), 0, p[1])[0],
    "integrate.quad frequency": lambda p: integrate.quad(
        lambda x: x * p[1], 0, p[2], weight="cos", wvar=p[0]
    )[0],
    "integrate.quad_vec": lambda p: integrate.quad_vec(
        lambda x: np.exp(-p[0] * x) * p[:2], p[2], 3.0
    )[0],
    "integrate.dblquad": lambda p: integrate.dblquad(
        lambda y, x: x * y * p[0] + p[1], 0, p[2], 0, lambda x: p[1] * x
    )[0],
    "integrate.simpson": lambda p: integrate.simpson(np.exp(p[0] * T) * p[1], p[2] * T),
    "integrate.cumulative_trapezoid": lambda p: integrate.cumulative_trapezoid(p * p, p[0] * T[:3]),
    "integrate.cumulative_simpson": lambda p: integrate.cumulative_simpson(
        np.exp(p[0] * T) * p[1], x=p[2] * T, initial=0
    ),
    "integrate.romb": lambda p: integrate.romb(np.exp(p[0] * T[:5]) * p[1], p[2]),
    "integrate.solve_bvp": lambda p: integrate.solve_bvp(
        lambda x, y: np.stack([y[1], -p[0] * y[0] + p[1]]),
        lambda u, v: np.stack([u[0], v[0] - p[2]]),
        T[:5],
        np.ones((2, 5)),
        tol=0.1,
    ).sol(0.4),
    "integrate.trapezoid": lambda p: integrate.trapezoid(np.exp(p[0] * T) * p[1], p[2] * T),
    "integrate.solve_ivp": lambda p: integrate.solve_ivp(
        lambda t, y: lotka(t, y, p), (0, 2), [1.0, p[1]], rtol=1e-6, atol=1e-6
    ).y[:, -1],
    "integrate.solve_ivp events": fall,
    "integrate.solve_ivp within a root": lambda p: optimize.brentq(
        lambda end: (
            integrate.solve_ivp(
                lambda t, y: np.stack([y[1], -9.81]), (0, end), [p[0], p[1]], rtol=1e-6, atol=1e-6
            ).y[0, -1]
            * p[2]
        ),
        0.1,
        9.0,
    ),
    "integrate.solve_ivp times": lambda p: (
        integrate.solve_ivp(
            lotka,
            (0, 2 * p[0]),
            [1.0, 0.5],
            "DOP853",
            args=(p,),
            t_eval=np.stack([p[2], 2 * p[0]]),
            rtol=1e-6,
            atol=1e-6,
        ).y
    ),
    "integrate.solve_ivp implicit": lambda p: integrate.solve_ivp(
        lotka, (0, 1), [1.0, 0.5], "Radau", args=(p,), rtol=1e-4, atol=1e-4
    ).y[:, -1],
    "integrate.solve_ivp complex": lambda p: np.abs(
        integrate.solve_ivp(
            lambda t, y: (-p[0] + 1j * p[1]) * y + p[2], (0, 1), [1.0 + 0.5j], rtol=1e-4
        ).y[0, -1]
        + 1j * p[0]
    ),
    "integrate.odeint": lambda p: integrate.odeint(
        lambda y, t: lotka(t, y, p), [1.0, 0.5], [0.0, 1.0, 2.0], rtol=1e-6, atol=1e-6
    ),
    **{
        f"optimize.{name}": lambda p, name=name: getattr(optimize, name)(
            lambda x: x * np.exp(x) - p[0] - p[1] * p[2], 0.0, 3.0
        )
        for name in ("bisect", "brenth", "brentq", "ridder", "toms748")
    },
    "optimize.newton": lambda p: optimize.newton(lambda x: x**3 - p, np.ones(3)),
    "optimize.root_scalar": lambda p: (
        optimize.root_scalar(lambda x, a: x**3 - a, args=(p[0] + p[1],), x0=1.0).root
    ),
    "optimize.root": lambda p: (
        optimize.root(lambda x: np.stack([x[0] * x[1] - p[0], x[0] - x[1] ** 2 + p[1]]), [1, 1.0]).x
    ),
    "optimize.fsolve": lambda p: optimize.fsolve(lambda x: x**3 + M @ x * 0.1 - p, np.ones(3)),
    "optimize.fixed_point": lambda p: optimize.fixed_point(lambda x: np.cos(p * x), np.ones(3) / 2),
    "optimize.minimize": lambda p: (
        optimize.minimize(lambda x: np.sum((x - p) ** 2) + 0.1 * np.sum(x**4), np.zeros(3)).x
    ),
    "optimize.minimize bounds": lambda p: optimize.minimize(
        lambda x: np.sum((x - 2 * p) ** 2) + x[0] * x[1], np.zeros(3), bounds=[(0, p[2])] * 3
    ).x[:2],
    "optimize.minimize constraints": lambda p: (
        optimize.minimize(
            lambda x: np.sum((x - p) ** 2) + 0.1 * x[0] * x[1],
            np.ones(3),
            constraints={"type": "eq", "fun": lambda x: x[0] + p[1] * x[1] - p[2]},
        ).x
    ),
    "optimize.fmin_slsqp": lambda p: optimize.fmin_slsqp(
        lambda x: np.sum((x - p) ** 2), np.ones(3), [lambda x: x[0] + p[1] * x[1] - p[2]], iprint=0
    ),
    "optimize.fmin_cobyla": lambda p: optimize.fmin_cobyla(
        lambda x: np.sum((x - p) ** 2), np.ones(3), [lambda x: x[0] + x[1] - 3 * p[1]]
    ),
    "optimize.linprog": lambda p: (
        optimize.linprog(-p, A_ub=matrix(p)[:2], b_ub=np.stack([p[1], 1.0]), bounds=(0, 9)).x
    ),
    "optimize.milp": lambda p: (
        optimize.milp(
            -p,
            integrality=[0, 1, 0],
            constraints=optimize.LinearConstraint(
                matrix(p)[:2], -np.inf, np.stack([p[1] + 3, 4.0])
            ),
            bounds=optimize.Bounds(0, 9),
        ).x
    ),
    "optimize.quadratic_assignment": lambda p: (
        optimize.quadratic_assignment(
            np.outer(p, p), np.outer(p[::-1], p * p), options={"rng": np.random.default_rng(0)}
        ).fun
    ),
    "optimize.linear_sum_assignment": lambda p: np.outer(p, p[::-1])[
        optimize.linear_sum_assignment(np.outer(p, p[::-1]))
    ],
    "optimize.nnls": lambda p: optimize.nnls(matrix(p), p * p)[0],
    "optimize.lsq_linear": lambda p: optimize.lsq_linear(matrix(p), p, (0.1 * p[2], 9.0)).x,
    "optimize.fmin_l_bfgs_b": lambda p: optimize.fmin_l_bfgs_b(
        lambda x: np.sum((x - p[:2]) ** 2) + p[2] * x[0] * x[1],
        [0.5, 0.5],
        approx_grad=1,
        bounds=[(-1, 3)] * 2,
    )[0],
    "optimize.newton_krylov": lambda p: optimize.newton_krylov(
        lambda x: x + 0.1 * x**3 - p, np.ones(3)
    ),
    "optimize.leastsq": lambda p: optimize.leastsq(
        lambda b: b[0] * np.exp(-b[1] * T) - np.exp(-p[0] * T) - p[1] * T, [1.0, 0.5]
    )[0],
    "optimize.minimize_scalar": lambda p: (
        optimize.minimize_scalar(lambda x: (x - p[0]) ** 2 + p[1] * np.exp(p[2] * x)).x
    ),
    "optimize.least_squares": lambda p: (
        optimize.least_squares(
            lambda b: b[0] * np.exp(-b[1] * T) - np.cos(p[0] * T) * p[1],
            [1.0, 0.5],
            xtol=1e-14,
            ftol=1e-14,
            gtol=1e-14,
        ).x
    ),
    "optimize.curve_fit": lambda p: np.concatenate(
        [
            np.ravel(part)
            for part in optimize.curve_fit(
                lambda t, a, b: a * np.exp(-b * t), T, np.exp(-p[0] * T) + p[1] * T, [1.0, 0.5]
            )
        ]
    ),
    "interpolate.CubicSpline": lambda p: interpolate.CubicSpline(
        [0.0, 1.0, p[1] + 1, 4.0, 5.0], np.sin(p[0] * np.arange(5.0))
    )(p[2]),
    "interpolate.CubicSpline ends": lambda p: interpolate.CubicSpline(
        np.arange(4.0), np.stack([p[0], p[1], p[2], p[0] * p[1]]), bc_type=((1, p[2]), (2, 0.0))
    )([0.5, 2.2]),
    "interpolate.CubicHermiteSpline": lambda p: interpolate.CubicHermiteSpline(
        np.arange(3.0), p, p**2
    )([0.5, 1.7]),
    "interpolate.PchipInterpolator": lambda p: interpolate.PchipInterpolator(
        np.arange(3.0), np.cumsum(p)
    )([0.5, 1.7]),
    "interpolate.Akima1DInterpolator": lambda p: interpolate.Akima1DInterpolator(
        np.arange(6.0), np.concatenate([p, p**2])
    )([0.5, 3.7]),
    "interpolate.make_interp_spline": lambda p: interpolate.make_interp_spline(
        np.arange(6.0), np.concatenate([p, p**2])
    )(np.stack([p[2], 3.7])),
    "interpolate.Spline": lambda p: (
        interpolate.CubicSpline(np.arange(3.0), p).derivative()(0.3)
        + interpolate.CubicSpline(np.arange(3.0), p).integrate(0.3, p[1])
    ),
    "linalg.solve": lambda p: linalg.solve(matrix(p), p),
    "linalg.solve pos": lambda p: linalg.solve(symmetric(p), np.outer(p, p), assume_a="pos"),
    "linalg.inv": lambda p: linalg.inv(matrix(p)),
    "linalg.det": lambda p: linalg.det(matrix(p)),
    "linalg.lstsq": lambda p: linalg.lstsq(matrix(p)[:, :2], p)[0],
    "linalg.solve_triangular": lambda p: linalg.solve_triangular(matrix(p), p, trans=1),
    "linalg.solve_triangular lower": lambda p: linalg.solve_triangular(
        matrix(p), np.outer(p, p), lower=True, unit_diagonal=True
    ),
    "linalg.solve_banded": lambda p: linalg.solve_banded(
        (1, 1), BANDS * p[0], np.stack([p[0], p[1], p[2], 1.0])
    ),
    "linalg.solveh_banded": lambda p: linalg.solveh_banded(
        BANDS[:2] + 0.1 * p[1], np.stack([p[0], p[1], p[2], 1.0])
    ),
    "linalg.cholesky": lambda p: linalg.cholesky(symmetric(p)),
    "linalg.cho_factor": lambda p: linalg.cho_solve(linalg.cho_factor(symmetric(p)), p),
    "linalg.cho_solve": lambda p: linalg.cho_solve(linalg.cho_factor(S), p * p),
    "linalg.lu_factor": lambda p: linalg.lu_factor(matrix(p))[0],
    "linalg.lu_solve": lambda p: linalg.lu_solve(linalg.lu_factor(matrix(p)), p, trans=1),
    "linalg.solve_sylvester": lambda p: linalg.solve_sylvester(matrix(p), S, np.outer(p, p)),
    "linalg.solve_continuous_lyapunov": lambda p: linalg.solve_continuous_lyapunov(
        matrix(p), np.outer(p, p * p)
    ),
    "linalg.solve_discrete_lyapunov": lambda p: linalg.solve_discrete_lyapunov(
        matrix(p) / 5, np.outer(p, p * p)
    ),
    "linalg.solve_continuous_are": lambda p: linalg.solve_continuous_are(
        matrix(p), M, symmetric(p), S
    ),
    "linalg.expm": lambda p: linalg.expm(matrix(p)),
    "linalg.logm": lambda p: linalg.logm(symmetric(p)),
    "linalg.sqrtm": lambda p: linalg.sqrtm(symmetric(p)),
    "linalg.eigh": lambda p: linalg.eigh(matrix(p), symmetric(p))[1],
    "linalg.eigvalsh": lambda p: linalg.eigvalsh(matrix(p), subset_by_index=[1, 2]),
    "linalg.eig": lambda p: np.abs(linalg.eig(matrix(p))[1]),
    "linalg.eigvals": lambda p: np.abs(linalg.eigvals(matrix(p), S)),
    "linalg.eig_banded": lambda p: linalg.eig_banded(BANDS[:2] * p[0] + p[1])[1],
    "linalg.eigvals_banded": lambda p: linalg.eigvals_banded(BANDS[:2] * p[0] + p[1]),
    "linalg.eigh_tridiagonal": lambda p: linalg.eigh_tridiagonal(p, p[:2])[1],
    "linalg.eigvalsh_tridiagonal": lambda p: linalg.eigvalsh_tridiagonal(p, p[1:]),
    "linalg.svd": lambda p: linalg.svd(matrix(p))[2],
    "linalg.svdvals": lambda p: linalg.svdvals(matrix(p)),
    "linalg.orth": lambda p: linalg.orth(matrix(p)[:, :2]),
    "linalg.pinv": lambda p: linalg.pinv(matrix(p)[:, :2]),
    "linalg.pinvh": lambda p: linalg.pinvh(symmetric(p)),
    "linalg.norm": lambda p: linalg.norm(matrix(p), 2),
    "linalg.qr": lambda p: linalg.qr(matrix(p))[0],
    "linalg.rq": lambda p: linalg.rq(matrix(p)[:2], mode="economic")[1],
    "linalg.lu": lambda p: linalg.lu(matrix(p))[2],
    "linalg.polar": lambda p: linalg.polar(matrix(p))[0],
    "linalg.cholesky_banded": lambda p: linalg.cholesky_banded(BANDS[:2] + 0.1 * p[1]),
    "linalg.cho_solve_banded": lambda p: linalg.cho_solve_banded((BANDS[:2, 1:] * p[2], False), p),
    "linalg.subspace_angles": lambda p: linalg.subspace_angles(matrix(p)[:, :2], S[:, 1:]),
    "linalg.khatri_rao": lambda p: linalg.khatri_rao(matrix(p), M),
    "linalg.orthogonal_procrustes": lambda p: linalg.orthogonal_procrustes(matrix(p), M)[0],
    "linalg.solve_discrete_are": lambda p: linalg.solve_discrete_are(
        matrix(p) / 3, M, symmetric(p), S
    ),
    "linalg.solve_lyapunov": lambda p: linalg.solve_lyapunov(matrix(p), np.outer(p, p)),
    "linalg.solve_toeplitz": lambda p: linalg.solve_toeplitz((2 + p**2, p + 1), p),
    "linalg.matmul_toeplitz": lambda p: linalg.matmul_toeplitz((p, p[::-1]), M * p),
    "linalg.solve_circulant": lambda p: linalg.solve_circulant(p**2, p),
    "linalg.circulant": lambda p: linalg.circulant(p * p),
    "linalg.toeplitz": lambda p: linalg.toeplitz(p * p, p),
    "linalg.hankel": lambda p: linalg.hankel(p * p),
    "linalg.cosm": lambda p: linalg.cosm(matrix(p)),
    "linalg.sinm": lambda p: linalg.sinm(matrix(p)),
    "linalg.tanm": lambda p: linalg.tanm(matrix(p) / 5),
    "linalg.coshm": lambda p: linalg.coshm(matrix(p)),
    "linalg.sinhm": lambda p: linalg.sinhm(matrix(p)),
    "linalg.tanhm": lambda p: linalg.tanhm(matrix(p)),
    "linalg.signm": lambda p: linalg.signm(matrix(p) - 2 * np.eye(3)),
    "linalg.fractional_matrix_power": lambda p: linalg.fractional_matrix_power(
        S[:2, :2] * p[1], p[0]
    ),
    "linalg.expm_frechet": lambda p: linalg.expm_frechet(matrix(p) / 3, matrix(p))[1],
    "special.logsumexp": lambda p: special.logsumexp(p, b=p[::-1]),
    "special.softmax": lambda p: special.softmax(p * p),
    "special.log_softmax": lambda p: special.log_softmax(p * p),
    "special.diric": lambda p: special.diric(p, 3),
    "special.polygamma": lambda p: special.polygamma(1, p),
    "special.spherical_jn": lambda p: special.spherical_jn(2, p),
    "special.spherical_yn": lambda p: special.spherical_yn(2, p, True),
    "special.spherical_in": lambda p: special.spherical_in(2, p),
    "special.spherical_kn": lambda p: special.spherical_kn(2, p),
}

# One row each of what one function makes, as the other that stands in CASES.
ROWS = {
    "optimize.newton_krylov": (
        *("anderson", "broyden1", "broyden2", "diagbroyden", "excitingmixing", "linearmixing"),
    ),
    "integrate.dblquad": ("nquad", "tplquad"),
    "optimize.fmin_l_bfgs_b": (
        *("fmin", "fmin_powell", "fmin_cg", "fmin_bfgs", "fmin_ncg", "fmin_tnc", "brent"),
        *("golden", "fminbound", "brute", "basinhopping", "differential_evolution"),
        *("dual_annealing", "shgo", "direct"),
    ),
}

NOT_FUNCTIONS = {
    "optimize.Bounds": "holds bounds",
    "optimize.LinearConstraint": "holds a constraint",
    "optimize.NonlinearConstraint": "holds a constraint",
    "optimize.OptimizeResult": "holds results",
    "optimize.RootResults": "holds results",
    "linalg.LinAlgError": "an error",
}


FIRST_ORDER = {  # of many steps: one of their kind goes further
    *("integrate.solve_ivp events", "integrate.solve_ivp times", "integrate.solve_ivp implicit"),
    *("integrate.solve_ivp complex", "integrate.solve_ivp of integrals"),
    *("integrate.quad of roots", "integrate.odeint"),
}


def test_every_public_name() -> None:
    """Here, or in the table of interpolants, which go backward there."""
    named = {n for f, _ in KINDS.values() for n in f.__code__.co_names}
    for room in ("integrate", "interpolate", "linalg", "optimize", "special"):
        for name in importlib.import_module(f"dualad.scipy.{room}").__all__:
            full = f"{room}.{name}"
            is_row = any(case in CASES and name in rows for case, rows in ROWS.items())
            is_case = any(c.split(" ")[0] == full for c in CASES)
            is_there = room == "interpolate" and name in named
            assert full in NOT_FUNCTIONS or is_row or is_case or is_there, full


@pytest.mark.parametrize("name", CASES)
def test_backward_as_forward(name: str) -> None:
    """By sweeps of one adjoint and of several, and forward over reverse."""
    f = CASES[name]
    want = jacobian(f, mode="forward")(P)
    size = np.max(np.abs(want))
    tolerance = 1e-4 if "solve_ivp" in name or "odeint" in name else 1e-10
    np.testing.assert_allclose(jacobian(f, mode="reverse")(P), want, rtol=0, atol=tolerance * size)
    value, pullback = vjp(f, P)
    g = np.cos(np.arange(np.size(value))).reshape(np.shape(value))
    exact = np.tensordot(g, want, np.ndim(g))
    np.testing.assert_allclose(pullback(g)[0], exact, rtol=0, atol=10 * tolerance * size)

    def total(p: Any) -> Any:
        return np.sum(f(p) ** 2 * g)

    if name in FIRST_ORDER:
        return
    along = np.array([0.3, -0.5, 0.9])
    twice = jvp(grad(total, mode="forward"), (P,), (along,))[1]
    size = max(1.0, float(np.max(np.abs(twice))))
    np.testing.assert_allclose(
        jvp(grad(total, mode="reverse"), (P,), (along,))[1],
        twice,
        rtol=0,
        atol=1e2 * tolerance * size,
    )
    x = P.tolist()  # numbers, on the tape of the kernel
    plain, slopes = value_and_grad(lambda q: total(np.stack(q)), mode="reverse")(x)
    assert plain == pytest.approx(float(total(P)), rel=1e-4)
    np.testing.assert_allclose(
        slopes, grad(total, mode="forward")(P), rtol=0, atol=1e2 * tolerance * size
    )


@pytest.mark.usefixtures("counted_looks")
def test_which_way_is_cheaper() -> None:
    """Backward through a solver with few parameters; forward where it would carry as many."""
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        rate = np.mean(x**2)
        return integrate.solve_ivp(lambda t, y: -rate * y, (0, 1), [1.0], rtol=1e-9).y[0, -1]

    x = np.linspace(0, 1, 400)
    exact = -np.exp(-np.mean(x**2)) * 2 * x / x.size
    np.testing.assert_allclose(grad(f)(x), exact, rtol=1e-6, atol=1e-12)
    assert calls == 1

    def g(y: Any) -> Any:
        rates = np.linspace(0, 1, 130)
        return np.sum(integrate.solve_ivp(lambda t, y: -rates * y, (0, 1), y, rtol=1e-4).y[:, -1])

    y = np.linspace(1, 2, 130)
    np.testing.assert_array_equal(grad(g)(y), grad(g, mode="forward")(y))
    np.testing.assert_allclose(
        grad(g, mode="reverse")(y), np.exp(-np.linspace(0, 1, 130)), rtol=1e-3
    )


# -- complex matrices ------------------------------------------------------------------------

Z = M + 1j * M[::-1] + 3 * np.eye(3)
ZB = np.array([[0.0, 0.4 + 0.2j, 0.3], [3.0, 2.5, 2.8]])

COMPLEX: dict[str, Callable[[Any, Any], Any]] = {
    "solve": linalg.solve,
    "solve her": lambda a, b: linalg.solve(a @ a.conj().T, b, assume_a="her"),
    "solve pos": lambda a, b: linalg.solve(a @ a.conj().T, b, lower=True, assume_a="pos"),
    "solve_triangular": linalg.solve_triangular,
    "solve_triangular C": lambda a, b: linalg.solve_triangular(a, b, trans="C", lower=True),
    "cho_solve": lambda a, b: linalg.cho_solve(linalg.cho_factor(a @ a.conj().T), b),
    "lu_solve": lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b),
    "lu_solve C": lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b, trans=2),
    "solve_banded": lambda a, b: linalg.solve_banded((0, 1), ZB * a[0, 0], b),
    "solveh_banded": lambda a, b: linalg.solveh_banded(ZB * np.abs(a[0, 0]), b),
    "solve_sylvester": lambda a, b: linalg.solve_sylvester(a, Z, np.outer(b, b)),
    "solve_continuous_lyapunov": lambda a, b: linalg.solve_continuous_lyapunov(a, np.outer(b, b)),
    "solve_discrete_lyapunov": lambda a, b: linalg.solve_discrete_lyapunov(a / 15, np.outer(b, b)),
    "solve_continuous_are": lambda a, b: linalg.solve_continuous_are(a, Z, S, S),
    "expm": lambda a, b: linalg.expm(a / 5),
    "logm": lambda a, b: linalg.logm(a),
    "sqrtm": lambda a, b: linalg.sqrtm(a),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_matrices(name: str) -> None:
    """Re⟨ȳ, J·ẋ⟩ = Re⟨Jᵀ·ȳ, ẋ⟩."""
    random = np.random.default_rng(0)

    def some(shape: Any) -> Any:
        return random.normal(size=shape) + 1j * random.normal(size=shape)

    b, along = some(3), (some((3, 3)), some(3))
    value, moved = jvp(COMPLEX[name], (Z, b), along)
    _, pullback = vjp(COMPLEX[name], Z, b)
    g = some(np.shape(value))
    want = np.sum((g * moved).real)
    got = sum(np.sum((x * v).real) for x, v in zip(pullback(g), along, strict=True))
    assert got == pytest.approx(want, rel=1e-10, abs=1e-10)


# What real numbers become complex in: beside a constant that is complex, or by themselves.
NEGATIVE = np.array([[-1.0, 0.3, 0.1], [0.3, -2.0, 0.2], [0.2, 0.1, -3.0]])
TURNING = np.array([[0.2, 1.0, 0.0], [-1.5, 0.1, 0.2], [0.1, 0.3, 2.0]])  # with complex eigenvalues
DIAGONAL = np.array([[0.0], [3.0]])
ROTATED = {
    "cho_solve": lambda a: linalg.cho_solve(linalg.cho_factor(a @ a.conj().T), Z[0]),
    "cho_solve_banded": lambda a: linalg.cho_solve_banded((np.abs(a[:2]) + 1, True), a[0]),
    "cholesky": lambda a: linalg.cholesky(a @ a.conj().T),
    "cholesky_banded": lambda a: linalg.cholesky_banded((a / 9)[:2] + DIAGONAL),
    "eig": lambda a: linalg.eig(a)[0] @ linalg.eig(a)[1],
    "eig_banded": lambda a: linalg.eig_banded((a / 9)[:2] + DIAGONAL, eigvals_only=True),
    "eigh": lambda a: linalg.eigh(a + a.conj().T)[0],
    "expm_frechet": lambda a: linalg.expm_frechet(a / 5, a)[1],
    "fractional_matrix_power": lambda a: linalg.fractional_matrix_power(a, 0.7),
    "khatri_rao": lambda a: linalg.khatri_rao(a, a),
    "lstsq": lambda a: linalg.lstsq(a[:, :2], a[:, 2])[0],
    "lu": lambda a: linalg.lu(a)[2],
    "lu_solve": lambda a: linalg.lu_solve(linalg.lu_factor(a), a[0]),
    "matmul_toeplitz": lambda a: linalg.matmul_toeplitz(a[0], a),
    "polar": lambda a: linalg.polar(a)[0],
    "qr": lambda a: linalg.qr(a)[1],
    "rq": lambda a: linalg.rq(a)[0],
    "solve": lambda a: linalg.solve(a, a[0]),
    "solve_banded": lambda a: linalg.solve_banded((0, 1), a[:2], a[2]),
    "solve_circulant": lambda a: linalg.solve_circulant(a[0] + [9, 0, 0], a[1]),
    "solve_continuous_are": lambda a: linalg.solve_continuous_are(a, a, S, S),
    "solve_continuous_lyapunov": lambda a: linalg.solve_continuous_lyapunov(a, a),
    "solve_discrete_are": lambda a: linalg.solve_discrete_are(a / 9, a, S, S),
    "solve_discrete_lyapunov": lambda a: linalg.solve_discrete_lyapunov(a / 15, a),
    "solve_sylvester": lambda a: linalg.solve_sylvester(a, Z, a),
    "solve_toeplitz": lambda a: linalg.solve_toeplitz(a[0] + [9, 0, 0], a[1]),
    "solve_triangular": lambda a: linalg.solve_triangular(a, a[0], trans="C"),
    "solveh_banded": lambda a: linalg.solveh_banded((a / 9)[:2].real + DIAGONAL, a[2]),
    "svd": lambda a: linalg.svd(a)[1],
    "subspace_angles": lambda a: linalg.subspace_angles(a[:, :1], Z[:, 1:2]),
    **{
        f.__name__: f
        for f in (
            *(linalg.coshm, linalg.cosm, linalg.det, linalg.eigvals, linalg.expm, linalg.inv),
            *(linalg.logm, linalg.norm, linalg.pinv, linalg.sinhm, linalg.sinm, linalg.sqrtm),
            *(linalg.svdvals, linalg.tanhm, linalg.tanm),
        )
    },
}
GROWN = {
    "logm": linalg.logm,
    "sqrtm": linalg.sqrtm,
    "fractional_matrix_power": lambda a: linalg.fractional_matrix_power(a, 0.7),
    "eigvals": lambda a: linalg.eigvals(a + 3 * TURNING),
    "eig": lambda a: linalg.eig(a + 3 * TURNING)[1][:, 0] ** 2,
}
OF_REAL_NUMBERS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    **{
        f"{name} of a + 1j*b": (lambda a, f=f: f(a + 1j * TURNING), M)
        for name, f in ROTATED.items()
    },
    **{f"complex {name}": (f, NEGATIVE) for name, f in GROWN.items()},
}


@pytest.mark.parametrize("name", OF_REAL_NUMBERS)
def test_complex_results_of_real_numbers(name: str) -> None:
    """Forward and backward, through both parts of the result, as differences."""
    f, at = OF_REAL_NUMBERS[name]
    along = np.cos(np.arange(9.0)).reshape(3, 3)

    def parts(a: Any) -> Any:
        y = f(a)
        return np.stack([np.real(y), np.imag(y), np.abs(y)])

    wide, narrow = ((parts(at + h * along) - parts(at - h * along)) / (2 * h) for h in (2e-3, 1e-3))
    want = (4 * narrow - wide) / 3
    value, moved = jvp(parts, (at,), (along,))
    np.testing.assert_allclose(moved, want, rtol=1e-7, atol=1e-7 * np.max(abs(want)))
    np.testing.assert_array_equal(value, parts(at))
    g = np.cos(2.0 + np.arange(value.size)).reshape(value.shape)
    (pulled,) = vjp(parts, at)[1](g)
    assert np.sum(pulled * along) == pytest.approx(np.sum(g * moved), rel=1e-9)


def _numbers_of_a_cell(x: float, p: Any) -> Any:
    """Elements of what is made within the solver, of elements of what comes from outside."""
    made = np.array([p[0] * x, p[1], p[2] * p[2]])
    made[1] = made[0] * made[2] + p[1]
    return made[1] * made[1] * x + made[2]


# Each in x, p, and numbers a, b made of p outside; its integral over x by hand in p alone.
INSIDE: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "numbers": (lambda x, p, a, b: a * x + b * b * a, lambda p: _a(p) / 2 + _b(p) ** 2 * _a(p)),
    "nothing of p": (lambda x, p, a, b: x * 3.0, lambda p: 1.5),
    "one for some x": (
        lambda x, p, a, b: a * x if x > 0.5 else b * x,
        lambda p: 3 / 8 * _a(p) + _b(p) / 8,
    ),
    "elements": (lambda x, p, a, b: p[0] * x + p[2] * p[1], lambda p: p[0] / 2 + p[2] * p[1]),
    "elements and numbers": (
        lambda x, p, a, b: p[0] * a * x + b * p[1],
        lambda p: p[0] * _a(p) / 2 + _b(p) * p[1],
    ),
    "arrays": (lambda x, p, a, b: np.sum(p * p) * a * x, lambda p: np.sum(p * p) * _a(p) / 2),
    "arrays made inside": (
        lambda x, p, a, b: _numbers_of_a_cell(x, p),
        lambda p: _expanded(p[0], p[1], p[2]),
    ),
    "another integral": (
        lambda x, p, a, b: p[0] * integrate.quad(lambda u: a * u * x + b, 0.0, 1.0)[0],
        lambda p: p[0] * (_a(p) / 4 + _b(p)),
    ),
}


def _a(p: Any) -> Any:
    return p[0] * p[1]


def _b(p: Any) -> Any:
    return p[1] * p[2] * p[2]


def _expanded(p: Any, q: Any, r: Any) -> Any:
    """∫ (p·x·r² + q)²·x + r² from 0 to 1."""
    return p**2 * r**4 / 4 + 2 * p * r**2 * q / 3 + q**2 / 2 + r**2


@pytest.mark.parametrize("name", INSIDE)
def test_what_a_solver_calls_is_made_of_what_comes_from_outside(name: str) -> None:
    inner, by_hand = INSIDE[name]

    def f(p: Any) -> Any:
        a, b = _a(p), _b(p)
        return integrate.quad(lambda x: inner(x, p, a, b), 0.0, 1.0, points=[0.5])[0] * 1.0

    def g(p: Any) -> Any:
        """The same as a differential equation, from a start that moves."""
        a, b = _a(p), _b(p)
        return integrate.odeint(
            lambda y, t: [inner(t, p, a, b) + y[1], 0.0 * y[0] + p[1]], [p[2], 0.0], [0.0, 1.0],
            tcrit=[0.5], rtol=1e-11, atol=1e-11,
        )[-1, 0]  # fmt: skip

    want = jacobian(lambda p: by_hand(p) + 0.0 * p[0], mode="forward")(P)
    np.testing.assert_allclose(grad(f, mode="reverse")(P), want, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(grad(f, mode="forward")(P), want, rtol=1e-9, atol=1e-12)
    more = np.array([0.0, 0.5, 1.0])  # of p[1]·t and of the start
    np.testing.assert_allclose(grad(g, mode="reverse")(P), want + more, rtol=1e-6, atol=1e-8)
    if name not in ("another integral", "one for some x"):
        hessian = jacobian(grad(f, mode="reverse"), mode="reverse")(P)
        twice = jacobian(jacobian(lambda p: by_hand(p) + 0.0 * p[0]), mode="forward")(P)
        np.testing.assert_allclose(hessian, twice, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "f",
    [
        lambda p: integrate.quad(lambda s: np.exp(-p[0] * s), 0, p[1])[0],
        lambda p: integrate.quad(lambda s, a: np.exp(-a * s), 0, p[1], args=(p[0],))[0],
        lambda p: np.sum(integrate.quad_vec(lambda s: np.exp(-p[0] * s) * p[:2], 0, p[1])[0]),
        lambda p: integrate.solve_ivp(
            lambda t, y: [-p[0] * np.exp(y[0])], (0, p[1]), [1.0], rtol=1e-9, atol=1e-11
        ).y[0, -1],
    ],
)
def test_a_sweep_over_derivatives_of_integrals(f: Callable[[Any], Any]) -> None:
    want = jacobian(grad(f, mode="forward"), mode="forward")(P)
    assert np.all(want[:2, :2] != 0.0)
    for mode in ("forward", "reverse"):
        got = jacobian(grad(f, mode=mode), mode="reverse")(P)
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-9)
