"""Derivatives of order 2 to 4 through array functions, where a tangent is a dual itself.

Expected values are worked out by hand, or come from interpolating the plain function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import test_choosing
import test_linalg
import test_polynomials
import test_products
import test_reductions
import test_selecting
import test_shapes
from numpy.polynomial import Chebyshev
from support.both import PACKAGES
from support.cases import Case, listed
from support.gradients import by_differences

from dualad import Dual, derivative, grad, hessian, hvp, jacobian, jvp, lift, sweeps
from dualad.kernel import KERNEL
from dualad.structure import leaves

X = np.array([3.0, 5.0])
EYE = np.eye(2)


# -- elements that are picked, repeated, masked, stored ----------------------------------------

# A scalar function of two numbers, and its Hessian at (3, 5).
PICKED: dict[str, tuple[Callable[..., Any], Any]] = {
    "picked twice": (lambda v: np.sum((v**2)[[0, 1]][[1, 0]]), 2 * EYE),
    "mask": (lambda v: np.sum((v**3)[v > 0][[0, 1]]), np.diag([18.0, 30])),
    "mask, one": (lambda v: np.sum((v**3)[v > 4]), np.diag([0.0, 30])),
    "repeat": (lambda v: np.sum(np.repeat(v**2, 2)[[0, 3]]), 2 * EYE),
    "repeat counts": (lambda v: np.sum(np.repeat(v**2, [3, 1])), np.diag([6.0, 2])),
    "diff": (lambda v: np.sum(np.diff(v[[1, 0]]) ** 2), [[2, -2], [-2, 2]]),
    "tile": (lambda v: np.sum(np.tile(v, 2)[2:6] ** 2), 2 * EYE),
    "tile all": (lambda v: np.sum(np.tile(v, (3, 2)) ** 2), 12 * EYE),
    "take": (lambda v: np.prod(np.take(v, [0, 1, 1])), [[0, 10], [10, 6]]),
    "take along axis": (
        lambda v: np.sum(np.take_along_axis(np.outer(v, v), np.array([[1], [0]]), 1)),
        [[0, 2], [2, 0]],
    ),
    "outer, picked": (lambda v: np.outer(v, v)[[0, 1], [1, 1]].sum(), [[0, 1], [1, 2]]),
    "arrays apart": (
        lambda v: (v[:, None, None] * v[:, None] * v)[[0, 1], :, [1, 1]].sum(),
        [[10, 26], [26, 42]],
    ),
    "cumsum": (lambda v: np.sum(np.cumsum(v[[1, 0, 1]]) ** 2), [[4, 6], [6, 12]]),
    "cumprod": (lambda v: np.cumprod(v[[0, 1, 1]])[-1], [[0, 10], [10, 6]]),
    "sort": (lambda v: np.sum(np.sort(v[[1, 0, 1]]) ** 3 * [1, 2, 4]), np.diag([18.0, 180])),
    "max": (lambda v: np.max(v[[1, 0]]) ** 2, np.diag([0.0, 2])),
    "median": (lambda v: np.median(v[[0, 1, 1, 1, 0]]) ** 3, np.diag([0.0, 30])),
    "fft": (lambda v: np.sum(np.abs(np.fft.fft(v[[0, 1, 1, 0]])) ** 2), 16 * EYE),
    "rfft": (lambda v: np.sum(np.fft.rfft(v[[1, 0, 1]]).imag ** 2), [[1.5, -1.5], [-1.5, 1.5]]),
    "convolve": (lambda v: np.convolve(v[[1, 0]], v)[1], 2 * EYE),
    "einsum": (lambda v: np.einsum("i,i->", v[[1, 0]], v), [[0, 2], [2, 0]]),
    "interp": (lambda v: np.interp(4.5, [0.0, 4, 5], np.stack([v[1], *v[[0, 1]] ** 2])), EYE),
    "where": (lambda v: np.sum(np.where([True, False], v[[1, 0]], v[[0, 0]] * v)), [[0, 1], [1, 0]]),
    "unwrap": (lambda v: np.sum(np.unwrap((v * v)[[1, 0]])), 2 * EYE),
    "roll": (lambda v: np.roll(v, 1) @ v, [[0, 2], [2, 0]]),
    "clip": (lambda v: np.sum(np.clip(v[[0, 1]] ** 2, 0, 20.0)), np.diag([2.0, 0])),
    "unique": (lambda v: np.sum(np.unique(v[[0, 1, 0]]) ** 2), 2 * EYE),
    "float32 steps": (lambda v: np.sum(v[[0, 1]].astype(np.float32) ** 2), 2 * EYE),
    "complex": (lambda v: np.sum((v.astype(complex)[[1, 0]] * 1j) ** 2).real, -2 * EYE),
    "dtype": (lambda v: np.sum(v[[1, 0]] ** 2, dtype=np.float32), 2 * EYE),
    "inverse": (lambda v: np.linalg.inv(np.diag(v[[1, 0]]))[0, 0], np.diag([0.0, 2 / 125])),
    "determinant": (lambda v: np.linalg.det(v[[[0, 1], [1, 1]]]), [[0, 1], [1, -2]]),
}  # fmt: skip


def stores(write: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The sum of an array made of v, after something was written into it."""

    def f(v: Any) -> Any:
        z = np.zeros_like(v, shape=(2, 3)) if write.__name__ == "rows" else v * np.ones(2)
        write(z, v)
        return np.sum(z)

    return f


def one(z: Any, v: Any) -> None:
    z[1] = z[0] * v[1]


def several(z: Any, v: Any) -> None:
    z[[1, 0]] = (v**3)[[0, 1]]


def masked(z: Any, v: Any) -> None:
    z[z > 4] = v[0] ** 2 * v[1]


def rows(z: Any, v: Any) -> None:
    z[:, 1] = v**2
    z[0] = v[1] * z[1, 1]


def in_place(z: Any, v: Any) -> None:
    z[:1] *= v[1:] ** 2


def by_put(z: Any, v: Any) -> None:
    np.put(z, [1], v[0] * v[1])


def by_add_at(z: Any, v: Any) -> None:
    np.add.at(z, [0, 0, 1], (v[[0, 0, 1]]) ** 2)


STORED: dict[str, tuple[Callable[..., Any], Any]] = {
    "one": (stores(one), [[0, 1], [1, 0]]),
    "several": (stores(several), np.diag([18.0, 30])),
    "masked": (stores(masked), [[10, 6], [6, 0]]),
    "rows": (stores(rows), [[0, 0], [0, 6 * 3 * 5 + 2]]),
    "in place": (stores(in_place), [[0, 10], [10, 6]]),
    "put": (stores(by_put), [[0, 1], [1, 0]]),
    "add.at": (stores(by_add_at), np.diag([4.0, 2])),
}


@pytest.mark.parametrize("name", [*PICKED, *STORED])
def test_hessians(name: str) -> None:
    f, expected = {**PICKED, **STORED}[name]
    tolerance = {"rtol": 1e-6 if "32" in name or name == "dtype" else 1e-12, "atol": 1e-12}
    hold_second(f, X, np.asarray(expected, float), **tolerance)


@pytest.mark.parametrize(("ufunc", "sign"), [(np.add, 1), (np.subtract, -1)])
def test_adding_at_places_to_any_order(ufunc: Any, sign: int) -> None:
    """Where the array and what is added to it are duals of different levels, too."""
    line = np.polynomial.Polynomial([0.5, 1.0])

    def moving(t: Any) -> Any:
        a = np.full(2, 0.5) + t
        ufunc.at(a, [0, 0, 1], np.stack([a[0] ** 2, a[0] ** 3, a[1]]))
        return a[0] ** 2 * a[1]

    def fixed(t: Any) -> Any:
        a = np.zeros(2)
        ufunc.at(a, [1, 1], np.stack([0.5 + t, (0.5 + t) ** 3]))
        return a[1] ** 2

    for f, polynomial in (
        (moving, (line + sign * (line**2 + line**3)) ** 2 * (line + sign * line)),
        (fixed, (line + line**3) ** 2),
    ):
        for order in range(1, 6):
            want = polynomial.deriv(order)(0.0)
            assert derivative(f, order=order)(0.0) == pytest.approx(want, rel=1e-13, abs=1e-12)


def hold_second(f: Callable[..., Any], x: Any, h: Any, **tolerance: Any) -> None:
    """All ways to a second derivative, with one direction or several at either level."""
    v, w = np.array([1.0, -2.0]), np.array([0.5, 3.0])
    np.testing.assert_allclose(hessian(f)(x), h, **tolerance)
    for chunk in (1, 2):
        for inner in (1, 2):
            second = jacobian(jacobian(f, chunk=inner), chunk=chunk)(x)
            np.testing.assert_allclose(second, h, **tolerance)
    np.testing.assert_allclose(hvp(f)(x, v), h @ v, **tolerance)
    np.testing.assert_allclose(jvp(grad(f), (x,), (v,))[1], h @ v, **tolerance)
    np.testing.assert_allclose(grad(lambda y: jvp(f, (y,), (v,))[1])(x), h @ v, **tolerance)
    mixed = derivative(lambda s: derivative(lambda t: f(x + s * v + t * w))(0.0))(0.0)
    np.testing.assert_allclose(mixed, v @ h @ w, **tolerance)


def test_a_gradient_inside_a_gradient() -> None:
    def h(p: Any) -> Any:
        inner = grad(lambda w: np.sum((w**2 * p)[[0, 1]][[1, 0]]))
        return np.sum(inner(np.array([1.0, 2.0])) ** 2)  # Σ (2·w·p)²

    np.testing.assert_allclose(grad(h)(np.array([2.0, 3.0])), [16, 96], rtol=1e-14)
    np.testing.assert_allclose(hessian(h)(np.array([2.0, 3.0])), np.diag([8, 32]), rtol=1e-14)


def test_each_level_carries_other_directions() -> None:
    """Three numbers outside, two inside, and one between."""

    def outside(p: Any) -> Any:
        def between(t: Any) -> Any:
            inner = grad(lambda w: np.sum((w**3)[[1, 0]] * p[[2, 1]]) * t**2)
            return np.sum(np.repeat(inner(X), 2)[[0, 2]])  # 3·t²·(9·p₁ + 25·p₂)

        return derivative(between)(2.0)

    np.testing.assert_allclose(grad(outside)(np.ones(3)), [0, 108, 300], rtol=1e-14)


# A function of one number and its derivative of this order at 0.2.
HIGHER: dict[str, tuple[Callable[..., Any], int, float]] = {
    "cumprod": (lambda t: np.cumprod(np.stack([t, t, t]))[-1], 3, 6.0),
    "cumprod 4": (lambda t: np.cumprod(np.stack([t] * 5))[-1], 4, 120 * 0.2),
    "prod": (lambda t: np.prod(np.arange(1.0, 6) + t), 4, 24 * 15 + 120 * 0.2),
    "prod with zeros": (lambda t: np.prod(np.stack([t - 0.2, t - 0.2, t, t])), 4, 24.0),
    "nanprod": (lambda t: np.nanprod(np.stack([t, t, np.nan, t])), 3, 6.0),
    "cumulative products": (lambda t: np.multiply.accumulate(np.stack([t] * 4))[2], 3, 6.0),
    "matrix power": (
        lambda t: np.linalg.matrix_power(np.stack([np.stack([t, 0 * t]), np.stack([t, t])]), 4)[1, 0],
        4, 96.0,
    ),
    "vander": (lambda t: np.vander(np.stack([t, 2 * t]), 5)[1, 0], 4, 16 * 24.0),
    "picked": (lambda t: np.sum((t ** np.arange(6.0))[[4, 0, 5]]), 4, 24 + 120 * 0.2),
    "masked": (lambda t: np.sum((t * np.arange(3.0))[np.arange(3) > 1] ** 4), 4, 16 * 24.0),
    "sorted": (lambda t: np.sort(np.stack([1 - t, t, t**2]))[0] ** 2, 4, 24.0),
    "convolved": (lambda t: np.convolve(np.stack([t, t]), np.stack([t**2, 1 - t]))[0], 3, 6.0),
    "polyval": (lambda t: np.polyval(np.stack([t, t, 1 - t]), t), 3, 6.0),
    "solve": (lambda t: np.linalg.solve(np.diag(np.stack([t, 2 * t])), np.ones(2))[1], 3, -3 / 0.2**4),
    "determinant": (lambda t: np.linalg.det(np.eye(5) * t), 4, 120 * 0.2),
    "norm": (lambda t: np.linalg.norm(np.stack([3 * t**4, 4 * t**4])), 4, 120.0),
    "fft": (lambda t: np.fft.ifft(np.fft.fft(np.stack([t**4, t])[[1, 0]]))[1].real, 4, 24.0),
    "einsum": (lambda t: np.einsum("i,i,i->", *[np.stack([t, 2 * t])[[1, 0]]] * 3), 3, 54.0),
}  # fmt: skip


def stored(t: Any) -> Any:
    z = t * np.ones(3)
    z[1] = z[0] * t
    return np.sum(z)


def stored_powers(t: Any) -> Any:
    z = t * np.ones(5)
    for i in range(1, 5):
        z[i] = z[i - 1] * t
    return z[-1]


def stored_in_zeros(t: Any) -> Any:
    z = np.zeros(3, like=t)
    z[0], z[1:] = t**4, t**3
    return np.sum(z[::-1] * z[[0, 0, 1]])  # 3·t⁷


HIGHER |= {
    "stored": (stored, 2, 2.0),
    "stored 3": (stored, 3, 0.0),
    "stored powers": (stored_powers, 4, 120 * 0.2),
    "stored in zeros": (stored_in_zeros, 4, 3 * 7 * 6 * 5 * 4 * 0.2**3),
}


def by_gradients(f: Callable[..., Any], order: int) -> Callable[..., Any]:
    return by_gradients(grad(f), order - 1) if order else f


def by_directions(f: Callable[..., Any], order: int) -> Callable[..., Any]:
    """The same, each level carrying two directions."""
    if not order:
        return f

    def slope(t: Any) -> Any:
        return jacobian(lambda s: f(s[1]), chunk=2)(np.stack([0 * t, t]))[1]

    return by_directions(slope, order - 1)


@pytest.mark.parametrize("name", HIGHER)
def test_one_number_to_a_higher_order(name: str) -> None:
    f, order, expected = HIGHER[name]
    close = pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert derivative(f, order=order)(0.2) == close
    assert by_gradients(f, order)(0.2) == close
    assert by_directions(f, order)(0.2) == close


def test_lifted_arrays_of_higher_order() -> None:
    def f(t: Any) -> Any:
        z = np.zeros(4)
        z[0] = t
        for i in range(1, 4):
            z[i] = z[i - 1] * t
        return z[[3, 0]].sum()

    assert derivative(lift(f), order=4)(0.2) == pytest.approx(24.0, rel=1e-14)
    assert derivative(lift(f), order=3)(0.2) == pytest.approx(24 * 0.2, rel=1e-14)


def test_a_view_takes_an_outer_dual() -> None:
    """What is stored in a view shows in its array, and the other way round."""

    def f(s: Any) -> Any:
        def g(t: Any) -> Any:
            z = t * np.ones(3)
            part = z[1:]
            part[0] = s * t
            return np.sum(z)  # t·(2 + s)

        return derivative(g)(1.0)

    assert derivative(f)(2.0) == 1.0

    def whole(s: Any) -> Any:
        def g(t: Any) -> Any:
            z = t * np.ones(3)
            part = z[1:]
            z[1] = s * t
            return np.sum(part)  # t·(1 + s)

        return derivative(g)(1.0)

    assert derivative(whole)(2.0) == 1.0


def test_an_outer_dual_in_an_array_of_its_own() -> None:
    def f(s: Any) -> Any:
        def g(t: Any) -> Any:
            z = t * np.ones(3)
            z[1] = s * t**2
            z[2] = z[1] * s
            return np.sum(z)  # t + s·t² + s²·t²

        return derivative(g)(3.0)  # 1 + 6·s + 6·s²

    assert derivative(f)(2.0) == 30.0


# -- every case of the tables, along curves ----------------------------------------------------


def every_case() -> dict[str, Case]:
    found: dict[str, Case] = {}
    for room in (test_choosing, test_polynomials, test_products, test_reductions, test_selecting):
        found |= {f"{room.__name__[5:]}: {name}": case for name, case in room.CASES.items()}
    square, cube = test_shapes.SQUARE, test_shapes.CUBE
    for name, f in test_shapes.ONE.items():
        found[f"shapes: {name}"] = Case(f, cube)
    for name, f in test_shapes.STACKING.items():
        found[f"stacking: {name}"] = Case(f, square, np.cos(square))
    for name, along in {**test_shapes.ALONG, **test_shapes.ALONG_NEW}.items():
        found[f"along: {name}"] = Case(lambda x, f=along: f(x, 1), cube)
    matrix = test_linalg.matrices(3, 3)
    for name, f in test_linalg.ALL.items():
        found[f"linalg: {name}"] = Case(f, matrix)
    for name in ("fft", "ifft", "rfft", "hfft", "ihfft", "fft2", "irfftn", "fftshift"):
        found[f"fft: {name}"] = Case(getattr(np.fft, name), cube)
    return found


CASES = every_case()
POINT = np.array([0.3, 0.5])


def curve(case: Case) -> Callable[[Any], Any]:
    """The case as a scalar function of two numbers, which reach its arguments as picked elements.

    So tangents have come through an index array before they come to the function of the case.
    """
    random = np.random.default_rng(1)
    places = [random.integers(0, 2, a.shape) for a in case.args]

    def f(v: Any) -> Any:
        moves = np.stack([v[0] * v[1], v[1] ** 2 / 2]) / 8
        y = case.f(*(a + moves[p] for a, p in zip(case.args, places, strict=True)))
        total: Any = 0.0
        weights = np.random.default_rng(2)
        for part in leaves(listed(y)):
            w = weights.uniform(0.5, 1.5, np.shape(part))
            total = total + np.sum(np.real(part) * w + np.imag(part) * (2 - w))
        return total

    return f


def derivatives_along(f: Callable[[Any], Any], u: Any) -> Any:
    """Derivatives of order 0, 1, 2, 3 at POINT along u, from a polynomial through values of f."""
    radius = 0.1
    p = Chebyshev.interpolate(
        np.vectorize(lambda t: f(POINT + t * u), otypes=[float]), 10, [-radius, radius]
    )
    return [p.deriv(k)(0.0) if k else p(0.0) for k in range(4)]


@pytest.mark.parametrize("name", CASES)
def test_every_array_function_to_the_third_order(name: str) -> None:
    f = curve(CASES[name])
    first, second, both = (np.array(u) for u in ([1.0, 0.0], [0.0, 1.0], [1.0, 1.0]))
    along = [derivatives_along(f, u) for u in (first, second, both)]
    cross = (along[2][2] - along[0][2] - along[1][2]) / 2
    want = np.array([[along[0][2], cross], [cross, along[1][2]]])
    scale = max(1.0, abs(float(f(POINT))), float(np.max(np.abs(want))))
    h = hessian(f)(POINT)
    np.testing.assert_allclose(h, want, rtol=0, atol=1e-7 * scale)
    np.testing.assert_allclose(jacobian(jacobian(f, chunk=1))(POINT), h, rtol=1e-9, atol=1e-12)
    third = jvp(lambda v: hessian(f)(v), (POINT,), (both,))[1]
    scale = max(scale, abs(along[2][3]))
    assert both @ third @ both == pytest.approx(along[2][3], abs=1e-5 * scale)
    assert derivative(lambda t: f(POINT + t * both), order=3)(0.0) == pytest.approx(
        along[2][3], abs=1e-5 * scale
    )


def test_the_reference_itself() -> None:
    f = curve(Case(lambda a: np.exp(a) * 8, [0.0, 0.0]))
    assert isinstance(f(Dual(POINT, POINT)), Dual)
    got = derivatives_along(lambda v: np.exp(2 * v[0]), np.array([1.0, 0.0]))
    np.testing.assert_allclose(got, np.exp(0.6) * 2.0 ** np.arange(4), rtol=1e-7)


@pytest.mark.parametrize("package", PACKAGES, ids=["dualad", "pure"])
@pytest.mark.parametrize("x", [1.5, np.float64(1.5), np.float32(1.5), np.array([1.5, 2.0])])
def test_linear_rows_of_cubes(package: ModuleType, x: Any) -> None:
    """Their function is applied to tangents, which are duals at higher order."""
    for f, slope in (
        (np.deg2rad, np.pi / 180),
        (np.degrees, 180 / np.pi),
        (np.negative, -1),
        (np.real, 1),
        (np.conj, 1),
    ):
        for order, right in enumerate((3 * x * x, 6 * x, 6 + 0 * x, 0 * x), start=1):
            got = package.derivative(lambda t, f=f: f(t**3), order=order, lift=False)(x)
            np.testing.assert_allclose(got, slope * right, rtol=1e-6)


# -- Hessians in any structure, of functions that make arrays ---------------------------------


def _decay(p: Any) -> Any:
    level = np.zeros(5)
    level[0] = p[0]
    for i in range(1, 5):
        level[i] = level[i - 1] * math.exp(-p[1]) + p[2] * p[2]
    return level[-1]


def _fit(p: Any) -> Any:
    t = np.linspace(0.0, 1.0, 7)
    return np.sum((p[0] * np.exp(-p[1] * t) + p[2] * t) ** 2)


def _loop(p: Any) -> Any:
    total = p[0]
    for x in p:
        total = total * x + math.sin(x)
    return total


def _swallowing(p: Any) -> Any:
    try:
        return _fit(p)
    except:  # noqa: E722 -- as users write
        return 0.0


X3 = [1.3, 0.4, 0.7]
STRUCTURES: dict[str, tuple[Any, Callable[[Any], list[Any]]]] = {
    "list": (X3, list),
    "tuple": (tuple(X3), list),
    "dict": ({"a": 1.3, "b": 0.4, "c": 0.7}, lambda d: list(d.values())),
    "nested": ({"a": [1.3, 0.4], "b": (0.7,), "c": []}, lambda x: list(leaves(x))),
    "vector": (np.array(X3), list),
}


@pytest.mark.parametrize("mode", [None, "forward", "reverse"])
@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("f", [_decay, _fit, _loop, _swallowing])
def test_hessians_in_any_structure(f: Callable[..., Any], name: str, mode: Any) -> None:
    x, numbers = STRUCTURES[name]
    expected = [
        by_differences(lambda v, i=i: by_differences(f)(v)[i])(np.array(X3)) for i in range(3)
    ]
    found = hessian(lambda p: f(numbers(p)), mode=mode)(x)
    if name != "vector":
        found = [rows_in(row, x) for row in rows_in(found, x)]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def rows_in(rows: Any, x: Any) -> list[Any]:
    """What stands in the places of the numbers in x."""
    if isinstance(x, dict):
        return [part for key in x for part in rows_in(rows[key], x[key])]
    if isinstance(x, (list, tuple)):
        return [part for row, e in zip(rows, x, strict=True) for part in rows_in(row, e)]
    return [rows]


def test_hessians_in_several_arguments() -> None:
    def f(a: Any, b: Any, data: Any, c: Any) -> Any:
        return np.sum(_fit([a, b, c]) * data)

    args = 1.3, 0.4, np.ones(2), 0.7
    want = np.array(hessian(lambda p: 2 * _fit(p))(X3))
    found = hessian(f, argnums=(0, 1, 3))(*args)
    assert isinstance(found, tuple)
    np.testing.assert_allclose(found, want, rtol=1e-13)
    (((alone,),),) = (hessian(f, argnums=(3,))(*args),)
    np.testing.assert_allclose(alone, want[2, 2], rtol=1e-13)


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.skipif(KERNEL is None, reason="without the kernel, Hessians of lists go forward")
def test_large_tangents_take_few_directions_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x: Any) -> Any:
        calls.append(1)
        x = np.array(x) if type(x) is list else x
        return x @ np.outer(x, x) @ x

    x = np.linspace(0.5, 1.0, 20)
    for point in (x, x.tolist()):
        calls: list[int] = []
        want = np.array(hessian(f)(point))
        usual = len(calls)
        with monkeypatch.context() as patch:
            patch.setattr(sweeps, "TANGENTS", 1000)  # of outer, two rows of 400
            calls.clear()
            found = np.array(hessian(f)(point))
        assert len(calls) >= 10 > usual
        np.testing.assert_allclose(found, want, rtol=1e-13)
        exact = 8 * np.outer(x, x) + 4 * (x @ x) * np.eye(20)
        np.testing.assert_allclose(want, exact, rtol=1e-12)
