"""The drivers: structures in and out, argnums, passes and chunks, and what they refuse."""

from __future__ import annotations

import copy
import math
import pickle
import warnings
from collections import OrderedDict, namedtuple
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mpmath import mp, mpf

import dualad
from dualad import derivative, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp


def survey(x1: Any, x2: Any) -> Any:
    """The running example of Baydin and Pearlmutter's survey."""
    return dualad.log(x1) + x1 * x2 - dualad.sin(x2)


def rosenbrock(x: Any) -> Any:
    return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1))


def rosenbrock_arrays(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_the_surveys_example() -> None:
    value, (d1, d2) = value_and_grad(survey, argnums=(0, 1))(2.0, 5.0)
    assert value == pytest.approx(11.652071455223084, rel=2e-16)
    assert d1 == 5.5
    assert d2 == pytest.approx(1.7163378145367738, rel=2e-16)


POINTS = [(2.0, 1.0), (0.7, 0.5), (5.0, 0.01), (1.5, 0.9), (100.0, 1.7), (3.0, 2.6), (1e8, 1e-3)]


@pytest.mark.parametrize("point", POINTS)
def test_the_textbooks_example_to_4_ulp(point: tuple[float, float]) -> None:
    """x₁·√(log(x₁/sin(x₂²))), both partials, against mpmath at 50 digits."""

    def f(x1: Any, x2: Any) -> Any:
        return x1 * dualad.sqrt(dualad.log(x1 / dualad.sin(x2**2)))

    value, slopes = value_and_grad(f, argnums=(0, 1))(*point)
    with mp.workdps(50):

        def exact(x1: Any, x2: Any) -> Any:
            return x1 * mp.sqrt(mp.log(x1 / mp.sin(x2**2)))

        a, b = map(mpf, point)
        truths = exact(a, b), mp.diff(lambda t: exact(t, b), a), mp.diff(lambda t: exact(a, t), b)
    for got, truth in zip((value, *slopes), truths, strict=True):
        assert abs(got - truth) <= 4 * math.ulp(float(truth)), (got, float(truth))


def test_the_textbooks_example_where_it_is_ill_conditioned() -> None:
    """cos(x₂²) next to its zero: rounding x₂² alone moves it by several ulp."""

    def f(x: Any) -> Any:
        return 1.5 * dualad.sqrt(dualad.log(1.5 / dualad.sin(x**2)))

    with mp.workdps(50):
        truth = mp.diff(lambda t: 1.5 * mp.sqrt(mp.log(1.5 / mp.sin(t**2))), mpf(1.2))
    condition = 1.2**2 * math.tan(1.2**2)
    assert abs(derivative(f)(1.2) - truth) <= (4 + condition) * math.ulp(float(truth))


def test_derivative_of_numbers_and_arrays() -> None:
    assert derivative(lambda x: x**3)(2.0) == 12.0
    assert type(derivative(lambda x: x**3)(2)) is float
    assert [derivative(lambda x: x**5, order=k)(2.0) for k in range(7)] == [
        32,
        80,
        160,
        240,
        240,
        120,
        0,
    ]
    x = np.array([[0.1, 0.2], [0.3, 0.4]])
    np.testing.assert_allclose(derivative(np.sin, order=2)(x), -np.sin(x), rtol=1e-15)
    assert derivative(lambda x: np.array([x, x**2, 1.0]))(3.0).tolist() == [1, 6, 0]
    assert derivative(lambda x: {"a": x * x, "b": (1.0, x)})(3.0) == {"a": 6.0, "b": (0.0, 1.0)}
    assert derivative(lambda a, b: a * b * b, argnums="b")(2.0, b=5.0) == 20.0
    assert derivative(lambda a, b: a**2 * b**2, argnums=(0, 1), order=2)(2.0, 5.0) == (50.0, 8.0)
    assert derivative(lambda x: 1.0)(3.0) == 0.0
    assert derivative(lambda x: np.ones(2))(3.0).tolist() == [0, 0]
    assert derivative(lambda z: z**2)(1 + 2j) == 2 + 4j
    assert isinstance(derivative(lambda x: x / 3)(Fraction(1, 2)), Fraction)


def test_argnums() -> None:
    def f(a: Any, b: Any, *, c: Any = 2.0) -> Any:
        return a * b**2 * c**3

    assert grad(f)(3.0, 5.0) == 200.0
    assert grad(f, argnums=-1)(3.0, 5.0) == 240.0
    assert grad(f, argnums="a")(3.0, 5.0) == 200.0
    assert grad(f, argnums="c")(3.0, 5.0, c=2.0) == 900.0
    assert grad(f, argnums=("c", 0))(3.0, 5.0, c=2.0) == (900.0, 200.0)
    assert grad(f, argnums=[0])(3.0, 5.0) == (200.0,)
    assert grad(f, argnums=())(3.0, 5.0) == ()
    for argnums, message in (
        (2, "argnums=2, but the call gives 2 positional arguments"),
        ("d", "argnums='d', but the call gives no argument of that name"),
        ("c", "argnums='c', but the call gives no argument of that name"),
        (1.0, "argnums takes an index, a name, or a tuple of these; got 1.0"),
        (True, "argnums takes an index"),
    ):
        with pytest.raises(TypeError, match=message):
            grad(f, argnums=argnums)(3.0, 5.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="names an argument twice"):
        grad(f, argnums=(0, "a"))(3.0, 5.0)


def test_a_misspelt_argument() -> None:
    def cost(price: Any, *, weight: Any = 2.0) -> Any:
        return price * weight

    for misspelt, hint in (("prise", "price"), ("wieght", "weight")):
        with pytest.raises(TypeError, match=rf"of that name; did you mean {hint}\?$"):
            grad(cost, argnums=misspelt)(3.0, weight=2.0)


def test_structures_in() -> None:
    Point = namedtuple("Point", "x y")

    def f(p: Any) -> Any:
        return p["a"] * p["b"][0] + np.sum(p["b"][1] ** 2) * p["c"].x - p["c"].y

    p = {"a": 2.0, "b": [3.0, np.array([1.0, 2.0])], "c": Point(4, np.array(1.0))}
    g = grad(f)(p)
    assert list(g) == ["a", "b", "c"]
    assert (g["a"], g["b"][0], g["c"].x) == (3.0, 2.0, 5.0)
    assert g["b"][1].tolist() == [8.0, 16.0]
    assert type(g["c"]) is Point and g["c"].y.shape == () and g["c"].y == -1
    ordered = grad(lambda d: d["u"] * d["v"])(OrderedDict(u=2.0, v=3.0))
    assert type(ordered) is OrderedDict and ordered["u"] == 3.0
    h = hessian(f)(p)
    assert h["b"][1]["b"][1].tolist() == [[8.0, 0.0], [0.0, 8.0]]
    assert h["c"].x["b"][1].tolist() == h["b"][1]["c"].x.tolist() == [2.0, 4.0]


def test_structures_out() -> None:
    def f(x: Any) -> Any:
        return {"list": [x[0] * x[1], 3.0], "array": np.sin(x), "objects": np.array([x[0], 1.0])}

    x = np.array([1.0, 2.0])
    j = jacobian(f)(x)
    assert j["list"][0].tolist() == [2.0, 1.0]
    assert j["list"][1].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(j["array"], np.diag(np.cos(x)))
    assert j["objects"].tolist() == [[1.0, 0.0], [0.0, 0.0]]
    both = jacobian(lambda a, b: (a * b, a), argnums=(0, 1))(2.0, x)
    assert both[0][0].tolist() == [1.0, 2.0]
    assert both[0][1].tolist() == [[2.0, 0.0], [0.0, 2.0]]
    assert (both[1][0], both[1][1].tolist()) == (1.0, [0.0, 0.0])
    assert jacobian(lambda v: [v[0] * v[1], v[0]])([2.0, 3.0]) == [[3.0, 2.0], [1.0, 0.0]]


def test_shapes() -> None:
    x = np.arange(6.0).reshape(2, 3)
    j = jacobian(lambda v: np.sin(v[:, :2]) * 2)(x)
    assert j.shape == (2, 2, 2, 3)
    assert hessian(lambda v: np.sum(v**3))(x).shape == (2, 3, 2, 3)
    assert jacobian(lambda v: v * 2)(np.array(3.0)).shape == ()
    assert jacobian(lambda v: v * 2)(np.array(3.0)) == 2.0


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
def test_nothing_to_differentiate(shape: tuple[int, ...]) -> None:
    calls = []

    def f(v: Any) -> Any:
        calls.append(1)
        return v * 2

    assert jacobian(f)(np.zeros(shape)).shape == shape + shape
    assert len(calls) == 1
    assert grad(np.sum)(np.zeros(shape)).shape == shape
    assert hessian(lambda v: np.sum(v * v))(np.zeros(shape)).shape == shape + shape
    assert jacobian(lambda v: 1.0)([]) == []


def test_has_aux() -> None:
    def f(x: Any) -> Any:
        y = x * x
        return np.sum(y), {"y": y, "text": "done"}

    x = np.array([1.0, 2.0])
    (value, aux), g = value_and_grad(f, has_aux=True)(x)
    assert (value, g.tolist(), aux["text"]) == (5.0, [2.0, 4.0], "done")
    assert type(aux["y"]) is np.ndarray and aux["y"].tolist() == [1.0, 4.0]
    g, aux = grad(f, has_aux=True)(x)
    assert g.tolist() == [2.0, 4.0]
    j, aux = jacobian(f, has_aux=True)(x)
    assert j.tolist() == [2.0, 4.0]
    with pytest.raises(
        TypeError, match=r"has_aux=True needs a function that returns \(result, aux\)"
    ):
        grad(np.sum, has_aux=True)(x)


def test_wrappers_keep_name_and_docstring() -> None:
    for driver in (derivative, grad, value_and_grad, jacobian, hessian, hvp):
        assert driver(survey).__name__ == "survey"  # type: ignore[operator]
        assert driver(survey).__doc__ == survey.__doc__  # type: ignore[operator]
        with pytest.raises(
            TypeError, match=rf"^{driver.__name__} needs a function, got float; write"
        ):
            driver(2.0)  # type: ignore[operator]
    with pytest.raises(TypeError, match="jvp needs a function"):
        jvp(2.0, (1.0,), (1.0,))  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(arrays(float, st.integers(1, 9), elements=st.floats(-2, 2)))
def test_every_chunk_gives_the_same(x: Any) -> None:
    """Exactly, for array code and for scalar code, with all that rounds in between."""
    a = np.sin(np.arange(x.size * 3.0)).reshape(3, x.size)

    def f(v: Any) -> Any:
        w = np.exp(-v * v) * np.sin(3 * v) / (2 + np.cos(v))
        return [a @ w, np.sum(w**3), w[0] * w[-1], w @ w, np.hypot(v, 1.0)]

    for function, point in ((f, x), (rosenbrock, x), (rosenbrock, x.tolist())):
        default = jacobian(function)(point)
        for chunk in (1, 3, x.size):
            other = jacobian(function, chunk=chunk)(point)
            for p, q in zip(default, other, strict=True):
                np.testing.assert_array_equal(p, q)


@settings(max_examples=40, deadline=None)
@given(arrays(float, st.integers(2, 6), elements=st.floats(-2, 2)))
def test_gradient_and_hessian_of_rosenbrock(x: Any) -> None:
    """Against the formulas of the literature; scalar code and array code alike."""
    n = len(x)
    g, h = np.zeros(n), np.zeros((n, n))
    for i in range(n - 1):
        g[i] += -400 * x[i] * (x[i + 1] - x[i] ** 2) - 2 * (1 - x[i])
        g[i + 1] += 200 * (x[i + 1] - x[i] ** 2)
        h[i, i] += 1200 * x[i] ** 2 - 400 * x[i + 1] + 2
        h[i + 1, i + 1] += 200
        h[i, i + 1] = h[i + 1, i] = -400 * x[i]
    for f, point in ((rosenbrock, x), (rosenbrock, x.tolist()), (rosenbrock_arrays, x)):
        np.testing.assert_allclose(np.array(grad(f)(point)), g, rtol=1e-12, atol=1e-10)
        H = np.array(hessian(f)(point))
        np.testing.assert_allclose(H, h, rtol=1e-12, atol=1e-10)
        assert (H == H.T).all()
        v = np.cos(np.arange(n))
        hv = np.array(hvp(f)(point, v if isinstance(point, np.ndarray) else v.tolist()))
        np.testing.assert_allclose(hv, h @ v, rtol=1e-11, atol=1e-9)
        value, along = jvp(f, (point,), (v if isinstance(point, np.ndarray) else v.tolist(),))
        assert along == pytest.approx(g @ v, rel=1e-11, abs=1e-9)
        assert value == pytest.approx(f(x))


@pytest.mark.parametrize("make", [list, tuple])
@pytest.mark.parametrize("chunk", [None, 1, 2])
def test_jacobian_is_indexed_by_output_first_for_a_list_of_numbers_too(
    make: Any, chunk: Any
) -> None:
    x = make([2.0, 3.0])
    j = jacobian(lambda v: np.array([v[0] * v[1], v[1] ** 2, 1.0]), chunk=chunk)(x)
    assert type(j) is np.ndarray and j.tolist() == [[3, 2], [0, 6], [0, 0]]
    j = jacobian(lambda v: np.outer([1.0, 2.0], [1.0, 1.0, 1.0]) * v[0] * v[1], chunk=chunk)(x)
    assert j.shape == (2, 3, 2) and j[1, 0].tolist() == [6, 4]
    j = jacobian(lambda v: np.ones(3), chunk=chunk)(x)
    assert j.tolist() == np.zeros((3, 2)).tolist()
    j = jacobian(lambda v: [v[0] * np.ones(3), v[1] * v[0]], chunk=chunk)(x)
    assert j[0].tolist() == [[1, 0]] * 3 and j[1] == make([3, 2])
    a, b = jacobian(lambda v, w: w * v[0] * np.ones(3), (0, 1), chunk=chunk)(x, 5.0)
    assert a.tolist() == [[5, 0]] * 3 and b.tolist() == [2, 2, 2]
    inner = jacobian(lambda v: jacobian(lambda w: np.array([w[0] ** 2 * w[1], w[0]]))(v)[0, 0])
    assert inner(x) == make([6, 4])  # d²/dw₀dw of w₀²·w₁


def test_jacobian_keeps_other_structures() -> None:
    Point = namedtuple("Point", "x y")

    def f(p: Any) -> Any:
        return np.array([1.0, 2.0]) * sum(np.sum(x) for x in p)

    assert [c.tolist() for c in jacobian(f)(Point(1.0, 2.0))] == [[1, 2], [1, 2]]
    assert [c.shape for c in jacobian(f)([1.0, np.ones(3)])] == [(2,), (2, 3)]
    assert jacobian(lambda p: f(p.values()))({"a": 1.0})["a"].tolist() == [1, 2]


def test_namedtuples_are_matched_by_name() -> None:
    Point, Turned = namedtuple("Point", "x y"), namedtuple("Turned", "y x")
    Else = namedtuple("Else", "x z")
    p = Point(1.0, 2.0)

    def f(p: Any) -> Any:
        return 10 * p.x**2 + p.y**2

    _, back = vjp(lambda v: Point(2 * v, 3 * v), 1.0)
    assert back(Turned(y=0.0, x=1.0)) == back(Point(1.0, 0.0)) == back((1.0, 0.0)) == (2.0,)
    assert jvp(f, (p,), (Turned(y=0.0, x=1.0),))[1] == 20.0
    assert hvp(f)(p, Turned(y=0.0, x=1.0)) == Point(20.0, 0.0)
    nested = jvp(lambda d: f(d["p"][0]), ({"p": [p]},), ({"p": [Turned(y=0.0, x=1.0)]},))
    assert nested[1] == 20.0
    with pytest.raises(ValueError, match=r"\{'x': \(\), 'y': \(\)\}; got \{'x': \(\), 'z': \(\)\}"):
        back(Else(1.0, 0.0))
    with pytest.raises(ValueError, match=r"got \[\{'x': \(\), 'z': \(\)\}\]"):
        jvp(f, (p,), (Else(1.0, 0.0),))


def test_hvp_takes_arguments_as_scipy_gives_them() -> None:
    def f(x: Any, scale: float, shift: float = 0.0) -> Any:
        return scale * np.sum(x**3) + shift

    x, v = np.array([1.0, 2.0]), np.array([1.0, -1.0])
    assert hvp(f)(x, v, 2.0, shift=1.0).tolist() == [12.0, -24.0]
    assert hvp(lambda a, b: a * b**2, argnums=1)(3.0, 1.0, 5.0) == 6.0
    assert hvp(lambda a, b: a * b**2, argnums=(0, 1))(3.0, (1.0, 0.0), 5.0) == (0.0, 10.0)


def test_jvp_refuses_what_does_not_match() -> None:
    with pytest.raises(TypeError, match=r"write jvp\(f, \(x,\), \(v,\)\)"):
        jvp(np.sum, np.ones(3), np.ones(3))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"structure and shapes of the arguments, \[\(3,\)\]; got"):
        jvp(np.sum, (np.ones(3),), (np.ones(2),))
    with pytest.raises(ValueError, match="structure and shapes"):
        jvp(survey, (1.0, 2.0), (1.0,))
    with pytest.raises(ValueError, match="hvp: the direction must have"):
        hvp(np.sum)(np.ones(3), np.ones(2))


def test_inputs_are_never_modified() -> None:
    def careless(x: Any, data: Any, names: Any) -> Any:
        x[0] = x[0] * 2
        data[0] += 1
        names.append("more")
        return np.sum(x) * data[0] * len(names)

    x, data, names = np.ones(3), np.zeros(2), ["one"]
    for chunk in (1, 2, None):
        assert jacobian(careless, chunk=chunk)(x, data, names).tolist() == [4.0, 2.0, 2.0]
    assert x.tolist() == [1, 1, 1] and data.tolist() == [0, 0] and names == ["one"]
    numbers = [1.0, 2.0]

    def careless_list(v: Any) -> Any:
        v.append(3.0)
        v[0] = v[0] * v[2]
        return v[0] * v[1]

    assert grad(careless_list)(numbers) == [6.0, 3.0]
    assert numbers == [1.0, 2.0]


def test_an_iterator_serves_every_pass() -> None:
    def f(x: Any, weights: Any) -> Any:
        return sum(w * v**2 for w, v in zip(weights, x, strict=True))

    for chunk in (1, 2, None):
        assert jacobian(f, chunk=chunk)([1.0, 2.0, 3.0], iter([1, 2, 3])) == [2.0, 8.0, 18.0]


def test_read_only_and_other_layouts() -> None:
    x = np.arange(6.0).reshape(2, 3).T[::-1]
    x.flags.writeable = False
    np.testing.assert_array_equal(grad(lambda v: np.sum(v**2))(x), 2 * x)
    assert grad(lambda v: np.sum(v * 2))(np.arange(3)).tolist() == [2, 2, 2]
    assert grad(lambda v: np.sum(v * 2))(np.array([True, False])).tolist() == [2, 2]
    assert grad(lambda v: np.sum(v * v))(np.ones(3, np.float32)).dtype == np.float32


@pytest.mark.parametrize("mode", ["forward", "reverse", None])
@pytest.mark.parametrize("n", [3, 80])
def test_a_gradient_has_the_precision_of_its_input(n: int, mode: Any) -> None:
    single = grad(lambda p: np.sum(p["a"].astype(np.float32) ** 2) * p["b"], mode=mode)
    found = single({"a": np.ones(n), "b": 3.0})
    assert found["a"].dtype == np.float64 and (found["a"] == 6).all() and found["b"] == n
    double = grad(lambda x: np.sum(x.astype(np.float64) ** 2), mode=mode)(np.ones(n, np.float32))
    assert double.dtype == np.float32 and (double == 2).all()
    z = np.ones(n, np.complex64)
    assert grad(lambda z: np.sum(abs(z.astype(complex)) ** 2), mode=mode)(z).dtype == z.dtype


OF_ONE_NUMBER: Any = {
    "a product": lambda x: x * x,
    "in double precision": lambda x: math.sin(x),
    "an array": lambda x: np.sum(np.array([x, x]) ** 2),
    "nothing": lambda x: 1.0,
}


@pytest.mark.parametrize("kind", [float, np.float16, np.float32, np.longdouble])
@pytest.mark.parametrize("name", OF_ONE_NUMBER)
def test_the_gradient_in_a_number_is_of_its_type(name: str, kind: Any) -> None:
    """In a list, too, and in each mode; those of doubles are Python's."""
    f, x = OF_ONE_NUMBER[name], kind(1.5)
    for mode in ("forward", "reverse", None):
        assert type(grad(f, mode=mode)(x)) is kind
        many = grad(lambda xs: f(xs[0]) + f(xs[1]), mode=mode)([x, x, x])
        assert list(map(type, many)) == [kind] * 3
    assert type(vjp(f, x)[1](1.0)[0]) is kind


@pytest.mark.usefixtures("counted_looks")
@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda z: z**3 - 2 * z + 1, lambda z: 3 * z**2 - 2),
        (lambda z: [z * z, 2.0], lambda z: [2 * z, 0.0]),
        (lambda z: (1j * z, 1 / z), lambda z: (1j, -1 / z**2)),
    ],
)
def test_of_complex_numbers_f_is_called_once(f: Any, slope: Any) -> None:
    calls = []

    def counted(z: complex) -> Any:
        calls.append(z)
        return f(z)

    z = 0.3 + 0.4j
    assert np.allclose(derivative(counted)(z), slope(z), 1e-14, 0)
    assert len(calls) == 1


@pytest.mark.parametrize("f", [abs, lambda z: z.conjugate() * z, lambda z: [z, z.real]])
def test_what_is_not_holomorphic_is_refused(f: Any) -> None:
    with pytest.raises(TypeError, match="not holomorphic"):
        derivative(f)(0.3 + 0.4j)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.longdouble])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_complex_slopes_in_a_number_stay_complex(mode: Any, kind: Any) -> None:
    assert jacobian(lambda v: v * v * (1 + 2j), mode=mode)(kind(3)) == 6 + 12j
    by_each = jacobian(lambda a, b: a * b * (1 + 2j), argnums=(0, 1), mode=mode)(kind(3), 2.0)
    assert by_each == (2 + 4j, 3 + 6j)


def test_gradients_of_gradients_in_single_precision() -> None:
    f, x = (lambda x: grad(lambda y: y * y * y)(x) / 3), np.float32(1.1)
    value, slope = value_and_grad(f)(x)
    assert (type(value), value) == (np.float32, f(x))
    assert type(slope) is np.float32
    assert type(hessian(lambda x: x * x * x)(x)) is np.float32
    for mode in ("forward", "reverse"):
        assert grad(f, mode=mode)(x) == pytest.approx(2 * x, rel=1e-6)
        both = grad(lambda x: grad(lambda t: t * t * x[0])(x[1]), mode=mode)
        np.testing.assert_allclose(both(np.float32([0.7, 0.3])), [0.6, 1.4], rtol=1e-6)


def test_a_slope_too_large_for_its_type_is_no_error() -> None:
    for x in (np.float32(3), np.full(2, 3, np.float32)):
        with np.errstate(all="raise"), warnings.catch_warnings(action="error"):
            assert np.all(grad(lambda a: np.sum(np.float64(1) * a * 1e300))(x) == np.inf)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("f", "given"),
    [
        (lambda x: x * np.sin(x), None),
        (lambda x: x.astype(np.float64) ** 3, np.float64),
        (lambda x: x.astype(np.float32) * 2, np.float32),
        (lambda x: np.sqrt(x) / x, None),
    ],
)
def test_later_calls_of_a_derivative_give_what_the_first_gave(
    f: Any, given: Any, dtype: Any
) -> None:
    # from the second call on f is known to be elementwise, and kernels have a way of their own
    x = np.asfortranarray(np.linspace(0.5, 2.0, 12, dtype=dtype).reshape(3, 4))
    slope = derivative(f)
    first, second = slope(x), slope(x)
    assert first.dtype == second.dtype == (given or dtype)
    assert first.tobytes() == second.tobytes()
    h = 1e-6
    wide = x.astype(np.float64)
    if given is not np.float32:
        middle = (f(wide + h) - f(wide - h)) / (2 * h)
        np.testing.assert_allclose(first, middle, rtol=1e-5 if dtype is np.float32 else 1e-8)
    x[1, 2] = np.nan
    assert np.isnan(slope(x)[1, 2]) and np.isfinite(slope(x)[0]).all()


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (
            lambda x: x,
            "grad needs a function with one real output; this one returned an array of shape "
            "(3,); use jacobian.",
        ),
        (
            lambda x: x[:1],
            "grad needs a function with one real output; this one returned an array of shape "
            "(1,); use jacobian.",
        ),
        (
            lambda x: [x[0]],
            "grad needs a function with one real output; this one returned a list of 1; use jacobian.",
        ),
        (
            lambda x: x[0] * 1j,
            "grad needs a function with one real output; this one returned a complex number; "
            "use jacobian.",
        ),
        (
            lambda x: None,
            "grad needs a function that returns numbers, arrays, or lists, tuples and dicts of "
            "them; this one returned NoneType; does it lack a return?",
        ),
        (
            lambda x: "text",
            "grad needs a function that returns numbers, arrays, or lists, tuples and dicts of "
            "them; this one returned str.",
        ),
    ],
)
def test_grad_says_what_it_needs(f: Any, message: str) -> None:
    with pytest.raises(TypeError) as info:
        grad(f)(np.ones(3))
    assert str(info.value) == message


@pytest.mark.parametrize("driver", [value_and_grad, hessian, hvp], ids=lambda d: d.__name__)
def test_errors_name_the_driver_that_was_called(driver: Any) -> None:
    x = np.ones(3)
    args = (x, x) if driver is hvp else (x,)
    name = driver.__name__
    for f, message in (
        (lambda x: x, f"{name} needs a function with one real output; this one returned an array"),
        (lambda x: "text", f"{name} needs a function that returns numbers, arrays, or lists"),
        (lambda x: None, f"{name} needs a function that returns numbers, arrays, or lists"),
    ):
        with pytest.raises(TypeError, match=f"^{message}"):
            driver(f)(*args)
    for wrong in ("a", [None]):
        with pytest.raises(TypeError, match=f"^{name} differentiates with respect to numbers"):
            driver(lambda *args: 1.0)(wrong, *args[1:])


@pytest.mark.parametrize("x", [1.0, np.ones(2), [1.0, 2.0], {"a": 1.0}, 1j, None], ids=repr)
def test_a_point_in_place_of_argnums_is_refused_at_once(x: Any) -> None:
    for driver in (derivative, grad, value_and_grad, jacobian, hessian, hvp):
        name, point = driver.__name__, r"\(x, v\)" if driver is hvp else r"\(x\)"
        with pytest.raises(
            TypeError,
            match=rf"^{name}: argnums takes .*; got .*; for the point x, write {name}\(f\){point}\.$",
        ):
            driver(rosenbrock, x)  # type: ignore[operator]


def test_what_a_driver_gives_can_be_pickled_and_copied() -> None:
    """By the call that made it, for functions that pickle finds by name."""
    x, v = [0.3, 0.7, 1.1], [1.0, 0.0, 2.0]
    for g, args in (
        (grad(rosenbrock), (x,)),
        (grad(rosenbrock, lift=True), (x,)),
        (grad(rosenbrock, has_aux=False), (x,)),
        (grad(survey, (0, 1)), (2.0, 5.0)),
        (grad(survey, "x2"), (2.0, 5.0)),
        (value_and_grad(rosenbrock), (x,)),
        (jacobian(rosenbrock), (x,)),
        (jacobian(rosenbrock, 0, False, chunk=2), (x,)),
        (hessian(rosenbrock), (x,)),
        (hessian(rosenbrock, chunk=1), (x,)),
        (hvp(rosenbrock), (x, v)),
        (derivative(survey), (2.0, 5.0)),
        (derivative(survey, 1, 3), (2.0, 5.0)),
        (derivative(survey, order=0), (2.0, 5.0)),
        (derivative(derivative(survey, 1)), (2.0, 5.0)),
    ):
        for again in (pickle.loads(pickle.dumps(g)), copy.deepcopy(g)):
            assert again(*args) == g(*args)
            assert again.__name__ == g.__name__
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(grad(lambda x: x))


def test_wrong_arguments_are_refused_before_the_first_pass() -> None:
    calls = []

    def f(*args: Any) -> Any:
        calls.append(args)
        return args[0]

    for call, error, message in (
        (lambda: grad(f)("x"), TypeError, "tuples and dicts of them; got str"),
        (lambda: grad(f)([1.0, None]), TypeError, "tuples and dicts of them; got NoneType"),
        (lambda: grad(f)(np.array([1.0, "a"], object)), TypeError, r"write x.tolist\(\)"),
        (lambda: jacobian(f, chunk=0)(1.0), ValueError, "chunk is the number of directions"),
        (lambda: jacobian(f, chunk=2.0)(1.0), ValueError, "got 2.0"),  # type: ignore[arg-type]
        (lambda: derivative(f, order=-1)(1.0), ValueError, "order is a count, 0 or more; got -1"),
        (lambda: derivative(f, order=1.5)(1.0), ValueError, "got 1.5"),  # type: ignore[arg-type]
        (
            lambda: derivative(f)([1.0]),
            TypeError,
            "derivative takes a number or an array, got list",
        ),
    ):
        with pytest.raises(error, match=message):
            call()
    assert calls == []


@pytest.mark.parametrize("n", [1, 2, 7, 33])
def test_elementwise_functions_whose_derivatives_are_rounding_alone(n: int) -> None:
    x = np.linspace(0.1, 3, n)
    for f in (
        lambda x: np.log(np.exp(x)),
        lambda x: np.exp(np.log(x)),
        lambda x: np.sqrt(x) ** 2,
        lambda x: np.tan(np.arctan(x)),
    ):
        np.testing.assert_allclose(derivative(f)(x), np.ones(n), rtol=1e-14)
        for order in (2, 3, 4):
            np.testing.assert_allclose(derivative(f, order=order)(x), np.zeros(n), atol=1e-11)
    for f in (
        lambda x: x + 1e-3 * np.roll(x, n // 2),
        lambda x: np.log(np.exp(x)) * np.sum(x),
        lambda x: np.log(np.exp(x)) + 1e-5 * np.roll(x, 1) ** 2,
    ):
        if n > 1:
            with pytest.raises(ValueError, match="needs an elementwise function"):
                derivative(f)(x)


def test_derivative_of_an_array_must_be_elementwise() -> None:
    with pytest.raises(
        ValueError, match=r"shape \(3,\) went in, \(\) came out; use grad or jacobian"
    ):
        derivative(np.sum)(np.ones(3))


def test_a_function_that_changes_its_mind() -> None:
    shapes = iter([2, 3])
    with pytest.raises(ValueError, match="other shapes in a later pass"):
        jacobian(lambda x: np.ones(next(shapes)) * x[0], chunk=1)(np.ones(2))


def test_errors_of_the_function_come_through() -> None:
    def f(x: Any) -> Any:
        raise KeyError("mine")

    for driver in (derivative, grad, jacobian, hessian):
        with pytest.raises(KeyError, match="mine"):
            driver(f)(1.0)  # type: ignore[operator]


def test_lists_of_mpf_stay_mpf() -> None:
    with mp.workdps(50):
        x = [mpf("0.3"), mpf("1.7")]
        g = grad(lambda v: dualad.exp(v[0]) * dualad.log(v[1]))(x)
        assert abs(g[0] - mp.exp(x[0]) * mp.log(x[1])) < mpf(10) ** -49
        assert abs(g[1] - mp.exp(x[0]) / x[1]) < mpf(10) ** -49
        h = hessian(lambda v: dualad.exp(v[0]) * dualad.log(v[1]))(x)
        assert abs(h[0][1] - mp.exp(x[0]) / x[1]) < mpf(10) ** -49
        h = hessian(lambda v: v[0] ** 2 * v[1])(x)
        assert all(isinstance(e, mpf) for row in h for e in row)


def test_argnums_may_be_an_integer_of_numpy() -> None:
    assert derivative(lambda x: x**3, np.int64(0), order=2)(2.0) == 12.0
