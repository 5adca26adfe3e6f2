"""objective: every method of scipy that takes derivatives, and evaluations shared but not stale."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from scipy import optimize
from scipy.integrate import solve_ivp

import dualad
from dualad import jacobian, objective

START = np.array([1.3, 0.7, 0.8, 1.9, 1.2])

JAC = ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP"]
HESS = ["Newton-CG", "dogleg", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr"]
HESSP = ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"]


class Counted:
    """A function that counts the calls on plain arrays and on duals."""

    def __init__(self, f: Any) -> None:
        self.f, self.plain, self.passes = f, 0, 0

    def __call__(self, x: Any, *args: Any) -> Any:
        if isinstance(x, dualad.Dual):
            self.passes += 1
        else:
            self.plain += 1
        return self.f(x, *args)


def test_derivatives_are_those_that_scipy_wrote_by_hand() -> None:
    o = objective(optimize.rosen)
    p = np.arange(5.0)
    np.testing.assert_allclose(o.fun(START), optimize.rosen(START), rtol=1e-15)
    np.testing.assert_allclose(o.jac(START), optimize.rosen_der(START), rtol=1e-13)
    np.testing.assert_allclose(o.hess(START), optimize.rosen_hess(START), rtol=1e-13)
    np.testing.assert_allclose(o.hessp(START, p), optimize.rosen_hess_prod(START, p), rtol=1e-13)


@pytest.mark.parametrize("method", JAC + HESS)
def test_methods_with_gradients(method: str) -> None:
    o, start = objective(optimize.rosen), START if method != "dogleg" else np.full(5, 1.05)
    hess, by_hand = (o.hess, optimize.rosen_hess) if method in HESS else (None, None)
    expected = optimize.minimize(
        optimize.rosen, start, jac=optimize.rosen_der, hess=by_hand, method=method
    )
    for fun, jac in ((o.fun, o.jac), (o, o.jac), (o.value_and_grad, True)):
        result = optimize.minimize(fun, start, jac=jac, hess=hess, method=method)
        assert result.success
        np.testing.assert_allclose(result.x, expected.x, rtol=1e-4)
        np.testing.assert_allclose(result.x, np.ones(5), rtol=1e-2)


@pytest.mark.parametrize("method", HESSP)
def test_methods_with_products(method: str) -> None:
    o = objective(optimize.rosen)
    result = optimize.minimize(o.fun, START, jac=o.jac, hessp=o.hessp, method=method)
    assert result.success
    np.testing.assert_allclose(result.x, np.ones(5), rtol=1e-3)


def test_other_solvers_are_one_liners() -> None:
    def residuals(b: Any, t: Any, y: Any) -> Any:
        return b[0] * np.exp(-b[1] * t) - y

    t = np.linspace(0, 3, 9)
    fit = optimize.least_squares(
        residuals, [1.0, 1.0], jac=jacobian(residuals), args=(t, 2.5 * np.exp(-0.7 * t))
    )
    np.testing.assert_allclose(fit.x, [2.5, 0.7], rtol=1e-7)

    def circle(x: Any) -> Any:
        return np.array([x[0] ** 2 + x[1] ** 2 - 1, x[0] - x[1]])

    root = optimize.root(circle, [1.0, 0.3], jac=jacobian(circle))
    np.testing.assert_allclose(root.x, np.sqrt([0.5, 0.5]), rtol=1e-12)

    def stiff(t: Any, y: Any) -> Any:
        return np.stack([-1000 * (y[0] - np.cos(y[1])), 1.0 + 0 * y[1]])

    for method in ("Radau", "BDF"):
        jac = jacobian(stiff, argnums=1)
        np.testing.assert_allclose(
            jac(0.0, np.array([2.0, 0.5])), [[-1000, -1000 * np.sin(0.5)], [0, 0]]
        )
        solved = solve_ivp(stiff, (0, 1), [1.0, 0.0], method=method, jac=jac, rtol=1e-6)
        assert solved.success and abs(solved.y[1, -1] - 1) < 1e-9
    assert (
        abs(
            optimize.newton(lambda x: x**2 - 2, 1.0, fprime=dualad.derivative(lambda x: x**2))
            - 2**0.5
        )
        < 1e-12
    )


def test_evaluations_are_shared() -> None:
    f = Counted(optimize.rosen)
    o = objective(f)
    o.jac(START + 1)  # rosen makes an array of objects: once it is compared with plain runs
    f.plain = f.passes = 0
    o.jac(START), o.fun(START), o.jac(START.copy()), o.value_and_grad(START)
    assert (f.plain, f.passes) == (0, 1)
    o.hess(START)
    passes = f.passes
    o.hess(START)
    assert f.passes == passes
    g = Counted(optimize.rosen)
    o = objective(g)
    o.jac(START + 1)
    g.plain = g.passes = 0
    first = optimize.minimize(o.value_and_grad, START, jac=True, method="BFGS")
    assert (g.plain, g.passes) == (0, first.nfev)


def test_nothing_is_stale() -> None:
    f = Counted(lambda x, a: np.sum(a * x**2))
    o = objective(f)
    x, a = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    g = o.jac(x, a)
    np.testing.assert_array_equal(g, [6, 16])
    g[:] = 99  # the caller's own
    o.jac(x, a)[:] = 98
    np.testing.assert_array_equal(o.jac(x, a), [6, 16])
    x[0] = 5.0  # the same object with other numbers, as solvers do
    np.testing.assert_array_equal(o.jac(x, a), [30, 16])
    assert o.fun(x, a) == 91
    a[1] = 0.0
    np.testing.assert_array_equal(o.jac(x, a), [30, 0])
    assert o.fun(x, a) == 75
    assert o.fun(x.astype(np.float32), a) == 75
    assert objective(lambda x, a: a * x[0])([1.0], 1) == 1
    assert o.fun(np.array([0.0]), 1.0) == 0 and o.jac(np.array([-0.0]), 1.0)[0] == 0


def test_arguments_that_do_not_tell_are_not_remembered() -> None:
    f = Counted(lambda x, settings: settings["a"] * x[0])
    o, settings, x = objective(f), {"a": 1.0}, np.array([2.0])
    assert o.fun(x, settings) == 2
    settings["a"] = 3.0
    assert o.fun(x, settings) == 6 and o.jac(x, settings)[0] == 3
    assert not o._known


def test_few_points_are_remembered() -> None:
    o = objective(optimize.rosen)
    for i in range(50):
        o.jac(START + i)
    assert len(o._known) == dualad.solvers.POINTS


def test_threads() -> None:
    o = objective(optimize.rosen)
    wrong: list[Any] = []

    def work(seed: int) -> None:
        random = np.random.default_rng(seed)
        for _ in range(150):
            x = np.round(random.uniform(0, 2, 3))  # few points, often the same
            if o.fun(x) != optimize.rosen(x) or np.any(o.jac(x) != optimize.rosen_der(x)):
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_one_number_in_an_array_is_one_number() -> None:
    o = objective(lambda x: (x - 3) ** 4 + x**2)  # gives shape (1,)
    np.testing.assert_array_equal(o.jac(np.array([2.0])), [0.0])
    assert o.hess(np.array([2.0])) == [[14.0]]
    assert np.shape(o.fun(np.array([2.0]))) == ()
    result = optimize.minimize(o.fun, [0.0], jac=o.jac, hess=o.hess, method="trust-exact")
    np.testing.assert_allclose(result.x, 2.0, rtol=1e-6)


def test_refusals() -> None:
    with pytest.raises(TypeError, match="objective needs a function, got float"):
        objective(3.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"array of shape \(2,\); use jacobian"):
        objective(lambda x: x).jac(np.ones(2))
