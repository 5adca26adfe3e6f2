"""Derivatives inside derivatives: closures, mutation, objects, callbacks, threads, generators."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf
from programs.nested import Nested

import dualad
from dualad import (
    Dual,
    derivative,
    exp,
    grad,
    hessian,
    jacobian,
    jvp,
    sin,
    value_and_grad,
    vjp,
)

D = derivative


def classic(x: float = 1.0) -> Any:
    return D(lambda x: x * D(lambda y: x + y)(1.0))(x)


def test_the_classic() -> None:
    assert classic() == 1.0


def test_the_classic_through_callable_objects() -> None:
    class Plus:
        def __init__(self, x: Any) -> None:
            self.x = x

        def __call__(self, y: Any) -> Any:
            return self.x + y

    assert D(lambda x: x * D(Plus(x))(1.0))(1.0) == 1.0


def test_the_amazing_bug() -> None:
    """Curried operators (Manzyuk, Pearlmutter and others): s shifts, h differentiates the shift."""

    def s(u: Any) -> Any:
        return lambda f: lambda x: f(x + u)

    def shifted_slope(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: D(lambda u: s(u)(f)(x))(3.0)

    assert shifted_slope(shifted_slope(exp))(5.0) == pytest.approx(np.exp(11.0), rel=1e-15)
    with pytest.raises(TypeError, match="returned function"):
        D(s)(3.0)  # a driver cannot return functions: the derivative is taken at the end


@given(st.integers(0, 4), st.integers(0, 4), st.floats(-2, 2), st.floats(-2, 2))
def test_mixed_partials_in_any_order(m: int, n: int, x: float, y: float) -> None:
    def f(a: Any, b: Any) -> Any:
        return exp(a * 0.5) * sin(b * 2) + a**3 * b**2

    expected = 0.5**m * np.exp(x * 0.5) * 2**n * np.sin(2 * y + n * np.pi / 2)
    expected += float(mp.diff(lambda t: t**3, x, m) * mp.diff(lambda t: t**2, y, n))
    one = D(lambda a: D(lambda b: f(a, b), order=n)(y), order=m)(x)
    other = D(lambda b: D(lambda a: f(a, b), order=m)(x), order=n)(y)
    assert one == pytest.approx(expected, rel=1e-10, abs=1e-10)
    assert other == pytest.approx(expected, rel=1e-10, abs=1e-10)


def test_powers_where_the_exponent_passes_zero() -> None:
    """∂/∂a of a**b is 0 at b = 0, but not its derivatives in b."""
    found = [D(lambda x: x**x, order=k)(1.0) for k in range(7)]
    np.testing.assert_allclose(found, [1, 1, 2, 3, 8, 10, 54], rtol=1e-15)  # A005727
    for a in (2.0, 2j, mpf(3), np.array([2.0, 0.5])):
        np.testing.assert_allclose(
            np.array(D(lambda b, a=a: D(lambda x: x**b)(a))(0.0 * a), complex),
            np.array(1 / a, complex), rtol=1e-15)  # fmt: skip
    for a in (0.0, 5e-324, -1e-310, np.inf, np.nan):
        assert D(lambda x: x**0)(a) == 0.0 == D(lambda x: x**0.0, order=2)(a)
    third = D(lambda b: D(lambda a: a**b)(2.0), order=2)(0.0)
    assert third == pytest.approx(np.log(2), rel=1e-15)  # 2·log(a)/a


def test_a_closure_that_is_mutated() -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x)
        return D(lambda y: y * kept[-1] * kept[-1])(3.0)

    assert D(f)(5.0) == 10.0
    # what escaped is told, in outputs and in inputs
    for f, x in ((lambda x: x * kept[0], 2.0), (lambda x: x * 2, kept[0])):
        with pytest.raises(TypeError, match=r"a differentiation that is over, of value (5|10)\.0"):
            D(f)(x)
    assert D(lambda x: x * kept[0].primal)(2.0) == 5.0


def test_inner_results_used_outside() -> None:
    def f(x: Any) -> Any:
        inner = []
        D(lambda y: inner.append(y * x) or y)(2.0)
        return inner[0].primal  # 2·x, still dual in x

    assert D(f)(7.0) == 2.0


def test_hand_made_duals_inside_drivers() -> None:
    e = Dual(0.0, 1.0)
    result = D(lambda x: x * (x + e))(3.0)
    assert (result.primal, result.tangent) == (6.0, 1.0)


def test_every_driver_inside_every_driver() -> None:
    a = np.array([[2.0, 1.0], [1.0, 3.0]])

    def energy(v: Any) -> Any:
        return v @ (a @ v) * v[0]

    x = np.array([0.5, -1.5])
    h = hessian(energy)(x)
    np.testing.assert_allclose(jacobian(grad(energy))(x), h, rtol=1e-14)
    np.testing.assert_allclose(jvp(grad(energy), (x,), (x,))[1], h @ x, rtol=1e-14)
    third = jacobian(hessian(energy))(x)
    assert third.shape == (2, 2, 2)
    assert (third == third.transpose(1, 0, 2)).all()
    np.testing.assert_allclose(third @ x, h)  # cubic: homogeneous of degree 3
    np.testing.assert_allclose(
        grad(lambda v: np.sum(grad(energy)(v) ** 2))(x), 2 * h @ grad(energy)(x)
    )
    np.testing.assert_allclose(D(lambda t: grad(energy)(x * t))(2.0), h @ x * 2, rtol=1e-14)
    assert D(D(lambda t: energy(x * t)))(2.0) == pytest.approx(6 * 2 * energy(x))
    np.testing.assert_allclose(D(lambda t: jacobian(lambda v: v**2 * t)(x))(1.0), np.diag(2 * x))


def test_a_solver_as_a_callback() -> None:
    """Newton's iteration, which differentiates its function, differentiated itself."""

    def root(f: Callable[[Any], Any], x: Any) -> Any:
        for _ in range(30):
            x = x - f(x) / D(f)(x)
        return x

    def cube_root(a: Any) -> Any:
        return root(lambda x: x**3 - a, 1.5)

    assert cube_root(5.0) == pytest.approx(5 ** (1 / 3), rel=1e-15)
    assert D(cube_root)(5.0) == pytest.approx(5 ** (-2 / 3) / 3, rel=1e-14)
    assert D(cube_root, order=2)(5.0) == pytest.approx(-2 / 9 * 5 ** (-5 / 3), rel=1e-13)


def test_generators_keep_their_own_level() -> None:
    def powers(x: Any) -> Any:
        y = x
        while True:
            yield D(lambda t, y=y: t * y)(1.0)
            y = y * x

    def f(x: Any) -> Any:
        g = powers(x)
        inner = D(lambda t: t * next(g))(2.0)  # runs inside another derivative
        return inner + next(g)

    assert D(f)(3.0) == 1.0 + 6.0


def test_threads() -> None:
    wrong: list[Any] = []

    def work(x: float) -> None:
        for _ in range(400):
            if (
                classic(x) != 1.0
                or D(lambda t: t * grad(lambda v: np.sum(v * t))(np.ones(2))[0])(x) != 2 * x
            ):
                wrong.append(x)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(float(i + 1),)) for i in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


def test_arrays_of_an_older_level_where_a_sweep_records() -> None:
    a, x, w = np.array([1.0, 2.0, 0.5]), np.array([0.3, -0.7, 1.1]), np.array([2.0, 1.0, -1.0])
    expected = np.diag(2 * x * w)  # of the pullbacks of a·x² and x²·a, differentiated in a
    for f in (lambda a, x: a * x**2, lambda a, x: x**2 * a):
        found = jacobian(lambda a, f=f: vjp(lambda x: f(a, x), x)[1](w)[0])(a)
        np.testing.assert_allclose(found, expected, rtol=1e-15)
    v = np.array([1.0, -1.0, 0.5])
    # d/dx of the product with a matrix that depends on x, too: x·(x xᵀ)·v = (x·x)(x·v)
    g = grad(lambda x: x @ np.outer(x, x) @ v)
    np.testing.assert_allclose(g(x), 2 * x * (x @ v) + (x @ x) * v, rtol=1e-14)
    along = jvp(lambda a: grad(lambda x: np.sum((np.outer(a, a) @ x) ** 2))(x), (a,), (v,))[1]
    # the gradient is 2(a·a)(a·x)a
    expected = 4 * (a @ v) * (a @ x) * a + 2 * (a @ a) * ((v @ x) * a + (a @ x) * v)
    np.testing.assert_allclose(along, expected, rtol=1e-13)
    with_newer = grad(lambda x: np.sum(jvp(lambda y: x * y * np.sin(x), (a,), (v,))[1]))(x)
    np.testing.assert_allclose(with_newer, v * (np.sin(x) + x * np.cos(x)), rtol=1e-14)


def test_deep_nesting() -> None:
    assert D(lambda x: exp(2 * x), order=9)(0.0) == 512.0
    with mp.workdps(50):
        got = D(lambda x: dualad.sin(x) * dualad.exp(x), order=8)(mpf(1))
        assert abs(got - 16 * mp.sin(1) * mp.exp(1)) < mpf(10) ** -46


@pytest.mark.parametrize("kind", [list, tuple])
@pytest.mark.parametrize("n", [31, 32, 33, 64])
def test_gradients_of_many_numbers_in_other_derivatives(n: int, kind: Any) -> None:
    """Whichever way the gradient goes: of Σ x³, along 1."""
    x, ones = kind([0.5] * n), kind([1.0] * n)

    def cubes(x: Any) -> Any:
        return sum(v * v * v for v in x)

    def total(x: Any) -> Any:
        return sum(grad(cubes)(x))

    np.testing.assert_allclose(grad(total)(x), np.full(n, 3.0))
    np.testing.assert_allclose(jvp(grad(cubes), (x,), (ones,))[1], np.full(n, 3.0))
    np.testing.assert_allclose(vjp(grad(cubes), x)[1](ones)[0], np.full(n, 3.0))
    np.testing.assert_allclose(jacobian(grad(cubes))(x), 3.0 * np.eye(n))
    scaled = derivative(lambda c: value_and_grad(cubes)(kind([c * v for v in x]))[1][3], order=2)
    assert scaled(1.0) == pytest.approx(1.5)


def test_directions_beside_arrays_without_axes() -> None:
    """The median's slopes are constant: a zero has as many directions as what it meets."""
    x = np.array([0.3, 1.2, -0.7])

    def f(x: Any) -> Any:
        return dualad.hvp(lambda q: (dualad.hvp(np.median)(q, x) * q).sum())(x, x)

    assert not f(x).any()
    for mode in ("forward", "reverse"):
        assert not jacobian(f, mode=mode)(x).any()


# -- what a driver hands out, inside another one ------------------------------------------------


def plain_kind(x: Any) -> Any:
    """Type, dtype and shape of all numbers in x, without the tangents of any level."""
    if isinstance(x, (list, tuple)):
        return [type(x), *map(plain_kind, x)]
    if isinstance(x, dict):
        return {key: plain_kind(part) for key, part in x.items()}
    while isinstance(x, Dual):
        x = x.primal
    return (type(x), x.dtype, x.shape) if isinstance(x, np.ndarray) else type(x)


def slope_kind(x: Any) -> Any:
    """The same of the derivative of such a number: Python's, unless Python has no such precision."""
    if isinstance(x, (list, tuple)):
        return [type(x), *map(slope_kind, x)]
    if isinstance(x, dict):
        return {key: slope_kind(part) for key, part in x.items()}
    kind = plain_kind(x)
    return float if kind in (int, np.float64) else kind


def numbers_in(x: Any) -> list[Any]:
    if isinstance(x, (list, tuple, dict)):
        parts = x.values() if isinstance(x, dict) else x
        return [number for part in parts for number in numbers_in(part)]
    return [x]


def ones_like(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return type(x)([ones_like(part) for part in x])
    if isinstance(x, dict):
        return {key: ones_like(part) for key, part in x.items()}
    return np.ones_like(x) if isinstance(x, np.ndarray) else type(x)(1)


POINTS: dict[str, Any] = {
    "float": 0.5,
    "int": 2,
    "float64": np.float64(0.5),
    "float32": np.float32(0.5),
    "longdouble": np.longdouble(0.5),
    "array of no axis": np.array(0.5),
    "float32 of no axis": np.array(0.5, np.float32),
    "one element": np.array([0.5]),
    "array": np.array([0.5, 0.25, 1.5]),
    "array of float32": np.array([0.5, 0.25, 1.5], np.float32),
    "list": [0.5, 0.25],
    "tuple of one": (0.5,),
    "list of kinds": [0.5, np.float64(0.25), np.float32(1.5)],
    "dict": {"a": 0.5, "b": np.array([0.25, 1.5])},
    "complex": 0.5 + 0.25j,
    "complex64": np.complex64(0.5 + 0.25j),
    "complex array": np.array([0.5 + 0.25j]),
    "mpf": mpf("0.5"),
}


def each_part(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def g(x: Any) -> Any:
        if isinstance(x, (list, tuple)):
            return type(x)([g(part) for part in x])
        return {key: g(part) for key, part in x.items()} if isinstance(x, dict) else f(x)

    return g


def summed_up(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The sum over all numbers, or its real part."""

    def g(x: Any) -> Any:
        parts = [f(part) for part in numbers_in(x)]
        total = sum(np.sum(part) if np.ndim(part) else part for part in parts)
        return getattr(total, "real", total)

    return g


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "cube": lambda x: x * x * x,
    "linear": lambda x: 2 * x,
    "constant": lambda x: 3.0,
    "sine": lambda x: np.sin(x) * x,
}


def of_functions(f: Callable[[Any], Any], x: Any) -> dict[str, Callable[[Any], Any]]:
    """All drivers, as functions of the point."""
    each, total, along = each_part(f), summed_up(f), ones_like(x)
    found: dict[str, Callable[[Any], Any]] = {
        "grad": lambda y: grad(total)(y),
        "grad back": lambda y: grad(total, mode="reverse")(y),
        "value_and_grad": lambda y: value_and_grad(total)(y),
        "jacobian": lambda y: jacobian(each)(y),
        "jacobian back": lambda y: jacobian(each, mode="reverse")(y),
        "jvp of a number": lambda y: jvp(total, (y,), (along,)),
        "jvp": lambda y: jvp(each, (y,), (along,)),
        "jvp along the point": lambda y: jvp(total, (y,), (y,)),
        "vjp of a number": lambda y: vjp(total, y)[1](1.0),
        "taylor": lambda y: dualad.taylor(each, 2)(y),
        "taylor of a number": lambda y: dualad.taylor(total, 2)(y),
    }
    if not any(map(np.iscomplexobj, numbers_in(x))):
        found["jacobian of a number"] = lambda y: jacobian(total)(y)
        found["hvp"] = lambda y: dualad.hvp(total)(y, along)
        found["hessian"] = lambda y: hessian(total)(y)
    if not isinstance(x, (list, tuple, dict)):
        for order in (1, 2, 3):
            found[f"derivative {order}"] = lambda y, order=order: D(f, order=order)(y)
    return found


def outer_ways(f: Callable[[Any], Any], x: Any, like: Any) -> dict[str, Callable[[], Any]]:
    """Runs of f inside other drivers, which give what should be of the kind of a slope."""
    total, along = summed_up(lambda y: y), ones_like(x)
    found: dict[str, Callable[[], Any]] = {
        "jvp": lambda: (jvp(f, (x,), (along,))[1], slope_kind(like)),
        "vjp": lambda: (vjp(f, x)[1](ones_like(like))[0], slope_kind(x)),
        "forward": lambda: (grad(lambda y: total(f(y)), mode="forward")(x), slope_kind(x)),
        "reverse": lambda: (grad(lambda y: total(f(y)), mode="reverse")(x), slope_kind(x)),
        "series": lambda: (dualad.taylor(f, 1)(x)[0], plain_kind(like)),
    }
    if isinstance(x, float) and isinstance(like, float):
        found["derivative"] = lambda: (jvp(D(f), (x,), (along,))[0], slope_kind(like))
    return found


@pytest.mark.parametrize("point", POINTS)
def test_a_driver_hands_out_one_kind_of_number_wherever_it_is_called(point: str) -> None:
    x = POINTS[point]
    is_real = not isinstance(x, mpf) and not any(map(np.iscomplexobj, numbers_in(x)))
    for name, f in FUNCTIONS.items():
        if name in ("sine", "constant") and isinstance(x, mpf):
            continue
        for driver, run in of_functions(f, x).items():
            if name == "constant" and np.ndim(x) and driver.startswith("derivative"):
                continue
            at_plain, seen = run(x), []

            def noted(y: Any, run: Any = run, seen: Any = seen) -> Any:
                result = run(y)
                seen.append(plain_kind(result))
                return result

            for way, outer in outer_ways(noted, x, at_plain).items():
                if way in ("vjp", "reverse") and isinstance(x, mpf):
                    continue
                found, expected = outer()
                where = f"{driver} of {name} in {way}"
                assert all(kind == plain_kind(at_plain) for kind in seen), where
                assert plain_kind(found) == expected or not is_real, where
                seen.clear()


# -- infinite and undefined slopes ---------------------------------------------------------------

AT_A_KINK: dict[str, tuple[Callable[[Any], Any], list[float]]] = {
    "sqrt": (lambda x: np.sqrt(x[0]) * x[1], [0.0, 2.0]),
    "sqrt of an array": (lambda x: np.sum(np.sqrt(x)), [0.0, 2.0]),
    "sqrt(x)*x": (lambda x: np.sqrt(x[0]) * x[0] + x[1] ** 2, [0.0, 2.0]),
    "sqrt(x) @ x": (lambda x: np.sqrt(x) @ x, [0.0, 2.0]),
    "cbrt": (lambda x: np.cbrt(x[0]) * x[1], [0.0, 2.0]),
    "cbrt(x)*x": (lambda x: np.sum(np.cbrt(x) * x), [0.0, 2.0]),
    "a root": (lambda x: x[0] ** 0.3 * x[1], [0.0, 2.0]),
    "a root beside 0": (lambda x: np.sqrt(0 * x[0]) + x[1] ** 2, [1.0, 2.0]),
    "abs by sqrt": (lambda x: np.sqrt(x[0] ** 2) + x[1], [0.0, 2.0]),
    "norm": (lambda x: np.linalg.norm(x), [0.0, 0.0]),
    "hypot": (lambda x: np.hypot(x[0], x[1]) * x[0], [0.0, 0.0]),
    "arctan2": (lambda x: np.arctan2(x[0], x[1]) * x[0], [0.0, 0.0]),
    "std": (lambda x: np.std(x), [1.0, 1.0]),
    "log": (lambda x: np.sum(np.log(x)), [0.0, 2.0]),
    "x*log(x)": (lambda x: np.sum(x * np.log(x)), [0.0, 2.0]),
    "nan": (lambda x: np.log(x[0]) * x[1], [-1.0, 2.0]),
    "nan that is not chosen": (
        lambda x: np.where(x[0] < 0, 0.0, np.log(x[0])) + x[1] ** 3, [-1.0, 2.0]),
    "logistic": (lambda x: np.sum(1 / (1 + np.exp(-x))), [-800.0, 2.0]),
    "arcsin": (lambda x: np.arcsin(x[0]) * x[1], [1.0, 2.0]),
    "prod": (lambda x: np.prod(np.sqrt(x)), [0.0, 2.0]),
    "cumsum": (lambda x: np.cumsum(np.sqrt(x))[-1] * x[1], [0.0, 2.0]),
    "a loop": (lambda x: sum(np.sqrt(e) * e for e in x), [0.0, 2.0]),
}  # fmt: skip


@pytest.mark.parametrize("name", AT_A_KINK)
@pytest.mark.filterwarnings("ignore")
def test_slopes_that_are_not_finite_are_the_same_in_all_orders_of_nesting(name: str) -> None:
    """Forward over forward says what they are."""
    f, point = AT_A_KINK[name]
    x, units = np.array(point), np.eye(2)

    def gradient(mode: Any) -> Callable[[Any], Any]:
        return lambda x: grad(f, mode=mode)(x)

    def pulled(g: Any) -> Callable[[Any], Any]:
        return lambda x: np.stack([vjp(g, x)[1](e)[0] for e in units])

    def pushed(g: Any) -> Callable[[Any], Any]:
        return lambda x: np.stack([jvp(g, (x,), (e,))[1] for e in units], axis=-1)

    def inside(g: Any, mode: Any) -> Callable[[Any], Any]:
        return lambda x: jacobian(g, mode=mode)(x)

    first = {mode: gradient(mode) for mode in ("forward", "reverse")}
    second = {(way, mode): inside(g, way) for way in first for mode, g in first.items()}
    expected = second["forward", "forward"](x)
    for mode, g in first.items():
        np.testing.assert_allclose(g(x), first["forward"](x), rtol=1e-13)
        for found in (second["reverse", mode], pulled(g), pushed(g)):
            np.testing.assert_allclose(found(x), expected, rtol=1e-13, err_msg=mode)
    along = np.stack([dualad.hvp(f)(x, e) for e in units], axis=-1)
    np.testing.assert_allclose(along, expected, rtol=1e-13)
    third = inside(second["forward", "forward"], "forward")(x)
    for modes, g in second.items():
        for way in first:
            np.testing.assert_allclose(inside(g, way)(x), third, rtol=1e-13, err_msg=f"{modes}")


def test_passes_in_which_a_driver_inside_goes_another_way() -> None:
    """The series of a function of floats is compiled, that of duals is not, and rounds otherwise."""

    def f(x: Any) -> Any:
        def along(t: Any) -> Any:
            moved = [2 * e + c * t for e, c in zip(x, (-0.236, 0.893, -0.342), strict=True)]
            return sum(np.log1p(np.hypot(e, 1.5) ** 2) ** 2 for e in moved)

        return D(along, order=3)(0.0)

    x = (0.3, 0.3 + 0.1, 0.3 + 0.2)
    np.testing.assert_allclose(jacobian(f, chunk=1)(x), jacobian(f)(x), rtol=1e-13)


# -- random programs -----------------------------------------------------------------------------


def test_random_programs_of_drivers_within_drivers() -> None:
    """Against nested differences of a hundred digits; DUALAD_PROGRAMS says how many."""
    for seed in range(int(os.environ.get("DUALAD_PROGRAMS", "100"))):
        program = Nested(seed)
        expected = program.expected()
        if abs(expected) < 1e100:  # else it overflows on the way
            assert abs(program.found() - expected) <= 1e-9 * max(1, abs(expected)), program
