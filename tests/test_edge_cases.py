"""The edge cases: on the readable Dual and the kernel, on arrays, and with several directions."""

from __future__ import annotations

import cmath
import functools
import math
import operator
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from edge_cases import CASES, Case, Module, by_dualad, close, matrix, verdict
from mpmath import mp, mpf
from support.both import PACKAGES

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, of the values
TWO = pytest.mark.parametrize("package", PACKAGES, ids=["as imported", "readable"])
LIST = pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.number}: {c.text}")


def with_module(case: Case, package: Any) -> Callable[[Any], Any]:
    module = Module(np, sigmoid=package.sigmoid, softplus=package.softplus)
    return lambda x: case.f(module, x)


@TWO
@LIST
def test_of_numbers(case: Case, package: Any) -> None:
    f = with_module(case, package)
    y = package.jvp(f, (float(case.at),), (1.0,))[0]
    assert close(float(y), case.value)
    for n, slope in enumerate(case.slopes, 1):
        assert close(float(package.derivative(f, order=n)(float(case.at))), slope)


@TWO
@LIST
def test_in_several_directions(case: Case, package: Any) -> None:
    """Of which the first and the last have a zero tangent: it stays zero beside the others."""
    y = with_module(case, package)(package.Dual(float(case.at), np.array([0.0, 1.0, 2.0, 0.0])))
    slope = case.slopes[0]
    if not isinstance(y, package.Dual):  # a step
        assert slope == 0
        return
    tangent = np.reshape(y.tangent, 4).tolist()
    assert tangent[0] == tangent[3] == 0
    assert close(tangent[1], slope)
    assert close(tangent[2], 2 * slope)


@TWO
@pytest.mark.parametrize(
    "case", [c for c in CASES if c.elementwise], ids=lambda c: f"{c.number}: {c.text}"
)
def test_of_arrays(case: Case, package: Any) -> None:
    """Among ordinary elements, to each order."""
    f = with_module(case, package)
    x = np.array([case.at, case.at, 0.5])
    for n, slope in enumerate(case.slopes, 1):
        got = package.derivative(f, order=n)(x)
        assert close(float(got[0]), slope)
        assert close(float(got[1]), slope)
        assert close(float(got[2]), float(package.derivative(f, order=n)(0.5)))
    y = f(package.Dual(x, np.stack([np.zeros(3), np.ones(3)])))
    if isinstance(y, package.Dual):
        assert close(float(y.primal[1]), case.value)
        assert not np.any(y.tangent[0])
        assert close(float(y.tangent[1, 1]), case.slopes[0])


def test_none_is_silently_wrong() -> None:
    run = by_dualad()
    assert {verdict(case, run) for case in CASES} == {"right", "convention"}


# -- cases that are more than a number and its slope -------------------------------------------


@TWO
def test_5_the_exponent_of_a_negative_base(package: Any) -> None:
    x, y = jvp_of(package, lambda a, b: a**b, (-2.0, 3.0), (1.0, 0.0))
    assert (x, y) == (-8, 12)
    assert math.isnan(jvp_of(package, lambda a, b: a**b, (-2.0, 3.0), (0.0, 1.0))[1])


def jvp_of(package: Any, f: Any, at: Any, along: Any) -> Any:
    result: Any = package.jvp(f, at, along)
    return result


@TWO
def test_14_ties_in_max(package: Any) -> None:
    def stacked(x: Any) -> Any:
        return np.max(np.stack([x, 1.0, 1.0]))

    assert package.derivative(stacked)(1.0) == 1 / 3
    np.testing.assert_allclose(
        package.grad(lambda v: np.max(v))(np.array([1.0, 1.0, 1.0])), [1 / 3] * 3
    )

    # NumPy compares the elements of an array of objects itself: one side of the kink
    def of_objects(x: Any) -> Any:
        return np.max(np.array([x, 1.0, 1.0]))

    assert package.derivative(of_objects, lift=False)(1.0) == 1
    assert package.derivative(of_objects)(1.0) == 1 / 3


@TWO
def test_17_unique_takes_the_first(package: Any) -> None:
    def f(v: Any) -> Any:
        return np.sum(np.unique(v) ** 2)

    value, slopes = package.value_and_grad(f)(np.array([1.0, 2.0, 1.0, 2.0, 3.0]))
    assert value == 14
    assert slopes.tolist() == [2, 4, 0, 0, 6]


@TWO
def test_18_the_branch_that_was_not_chosen(package: Any) -> None:
    x = np.array([-1.0, 0.0, 2.0])
    got = package.jacobian(lambda v: np.where(v > 0, np.log(v), 0.0))(x)
    assert got.tolist() == np.diag([0, 0, 0.5]).tolist()


@TWO
def test_20_complex_exponential(package: Any) -> None:
    f = lambda x: np.exp(1j * x)  # noqa: E731
    assert package.derivative(f)(0.0) == 1j
    assert package.derivative(f, order=2)(0.0) == -1


@TWO
def test_38_39_vectors_of_repeated_values_raise(package: Any) -> None:
    eye = matrix(np, 1.0, 0.0, 0.0, 1.0)
    along = matrix(np, 0.0, 1.0, 1.0, 0.0)
    for f in (
        lambda t: np.linalg.eigh(eye + t * along)[1],
        lambda t: np.linalg.svd(eye + t * along)[0],
        lambda t: np.linalg.svd(eye + t * along)[2],
    ):
        with pytest.raises(
            (ArithmeticError, ValueError), match=r"(?i)repeated|equal|no derivative"
        ):
            float(np.sum(package.derivative(f)(0.0)))


@TWO
def test_41_42_losing_a_derivative_is_an_error(package: Any) -> None:
    for x in (package.Dual(0.5, 1.0), package.Dual(0.5, np.ones(3))):
        for f in (float, math.sin, cmath.sin, complex, operator.index):
            with pytest.raises(TypeError, match=r"write|lose"):
                f(x)
        assert (int(x), math.floor(x), math.ceil(x), round(x)) == (0, 0, 1, 0)
        assert not isinstance(math.floor(x), package.Dual)


@TWO
def test_43_assignment_into_floats(package: Any) -> None:
    for x in (package.Dual(0.5, 1.0), package.Dual(0.5, np.ones(3))):
        a = np.zeros(2)
        with pytest.raises((TypeError, ValueError), match=r"np\.zeros_like|setting an array"):
            a[0] = x
        assert a.tolist() == [0, 0]


@TWO
def test_44_what_somebody_else_holds(package: Any) -> None:
    x = package.Dual(np.ones(2), np.ones(2))
    b = x
    a = np.ones(2)
    c = a
    a = a + x
    b += x
    assert c.tolist() == [1, 1]
    c += 1
    assert a.primal.tolist() == [2, 2]
    plain = np.ones(2)
    with pytest.raises(TypeError, match=r"derivative|write"):
        np.add(plain, x, out=plain)
    assert plain.tolist() == [1, 1]


@TWO
def test_45_integers_promote_and_singles_stay(package: Any) -> None:
    for x in (np.array([2, 3]), np.array([True, True])):
        got = package.jacobian(lambda v: v**2)(x)
        assert got.dtype == float
        assert got.tolist() == np.diag(2.0 * x).tolist()
    assert package.derivative(lambda x: x**2)(3) == 6
    assert package.derivative(np.sin)(np.ones(2, np.float32)).dtype == np.float32


@TWO
@pytest.mark.parametrize("n", [1, 2, 3])
def test_46_as_many_directions_as_inputs(package: Any, n: int) -> None:
    x, t = np.arange(1.0, n + 1), np.arange(float(n * n)).reshape(n, n)
    y = package.Dual(x, t)
    np.testing.assert_array_equal((y * x).tangent, t * x)
    np.testing.assert_array_equal((y[:, None] * x).tangent, t[:, :, None] * x)
    np.testing.assert_array_equal((x[:, None] * y).tangent, t[:, None, :] * x[:, None])
    np.testing.assert_array_equal(np.sum(y).tangent, t.sum(1))


@pytest.mark.usefixtures("counted_looks")
@TWO
def test_47_empty_and_shapeless(package: Any) -> None:
    calls = []

    def f(v: Any) -> Any:
        calls.append(1)
        return v * 2

    assert package.jacobian(f)(np.zeros((0, 3))).shape == (0, 3, 0, 3)
    assert len(calls) == 1
    assert package.jacobian(f)(np.array(2.0)).shape == ()
    assert package.derivative(f)(np.array([[2.0]])).shape == (1, 1)


@TWO
def test_48_constants(package: Any) -> None:
    assert package.derivative(lambda x: 3.0)(1.0) == 0
    assert package.grad(lambda x: 3.0)(np.ones(2)).tolist() == [0, 0]
    assert package.jacobian(lambda x: np.ones(3))(np.ones(2)).tolist() == np.zeros((3, 2)).tolist()
    for driver in (package.derivative, package.grad, package.jacobian):
        with pytest.raises(TypeError, match="None"):
            driver(lambda x: None)(1.0)


@TWO
def test_49_structures_and_mutation(package: Any) -> None:
    got = package.jacobian(lambda x: {"a": (x, [x * x, 1.0])})(3.0)
    assert got == {"a": (1, [6, 0])}

    def mutates(v: Any) -> Any:
        v[0] = v[0] * 2
        return v

    x = np.array([1.0, 2.0])
    for chunk in (1, 2):
        assert package.jacobian(mutates, chunk=chunk)(x).tolist() == [[2, 0], [0, 1]]
    assert x.tolist() == [1, 2]
    with pytest.raises(TypeError, match="generator"):
        package.jacobian(sum)(v for v in (1.0, 2.0))


@TWO
def test_50_mixed_arrays_keep_the_tangent(package: Any) -> None:
    x = package.Dual(2.0, 1.0)
    for made in (np.array([x, 1.0]), np.stack([x, 1.0]), np.hstack([x, 1.0])):
        assert np.sum(made * made).tangent == 4
    v = package.Dual(np.ones(2), np.ones(2))
    for made in (np.concatenate([v, np.ones(2)]), np.append(v, 1.0), np.array([*v, 1.0])):
        assert np.sum(made * made).tangent == 4


@TWO
def test_51_nested_in_each_other(package: Any) -> None:
    D = package.derivative
    assert D(lambda x: x * D(lambda y: x + y)(1.0))(1.0) == 1

    class Adds:
        def __init__(self, x: Any) -> None:
            self.x = x

        def __call__(self, y: Any) -> Any:
            return self.x + y

    class Times(Adds):
        def __call__(self, y: Any) -> Any:
            return y * D(Adds(y))(1.0)

    assert D(Times(0.0))(1.0) == 1


@TWO
def test_52_the_amazing_bug(package: Any) -> None:
    def s(u: Any) -> Any:
        return lambda f: lambda x: f(x + u)

    def h(f: Any) -> Any:
        return lambda x: package.derivative(lambda u: s(u)(f)(x))(3.0)

    assert h(h(package.exp))(5.0) == pytest.approx(math.exp(11), rel=1e-15)


@TWO
def test_53_threads(package: Any) -> None:
    wrong = []

    def run() -> None:
        D = package.derivative
        for _ in range(300):
            if D(lambda x: x * D(lambda y: x + y)(1.0))(1.0) != 1:
                wrong.append(1)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not wrong


@TWO
def test_54_all_digits(package: Any) -> None:
    with mp.workdps(50):
        assert abs(package.derivative(package.exp2)(mpf(1)) - 2 * mp.log(2)) < mpf(10) ** -48
        got = package.derivative(lambda x: package.log10(x) + package.sinc(x))(mpf("0.5"))
        truth = mp.diff(lambda x: mp.log10(x) + mp.sincpi(x), mpf("0.5"))
        assert abs(got - truth) < mpf(10) ** -40
    x = mpf(3)
    with mp.workdps(40):  # more than at seeding
        assert abs(package.derivative(package.log2)(x) - 1 / (3 * mp.log(2))) < mpf(10) ** -39


@TWO
def test_55_caches(package: Any) -> None:
    @functools.lru_cache
    def f(x: Any) -> Any:
        return x * x

    assert f(2.0) == 4
    with pytest.raises(TypeError, match="unhashable"):
        package.derivative(f, lift=False)(2.0)
    assert package.derivative(f)(2.0) == 4  # lifted, it runs uncached


# -- dividing by what is too large for a float (29) --------------------------------------------


@TWO
def test_functions_are_flat_at_infinity(package: Any) -> None:
    for f in (
        lambda x: 1 / (1 + np.exp(-x)),
        lambda x: 1 / np.exp(-x),
        lambda x: np.exp(-np.exp(-x)),
        lambda x: np.arctan(np.exp(-x)),
        lambda x: np.tanh(np.exp(-x)),
    ):
        for order in (1, 2):
            assert package.derivative(f, order=order)(-800.0) == 0
            got = package.derivative(f, order=order)(np.array([-800.0, 1.0]))
            assert got[0] == 0
            assert math.isclose(got[1], package.derivative(f, order=order)(1.0), rel_tol=1e-13)
        assert package.grad(lambda v, f=f: f(v[0]) * v[1])(np.array([-800.0, 2.0]))[0] == 0
    rows = package.Dual(np.array([-800.0, 0.0]), np.ones((3, 2)))
    assert (1 / (1 + np.exp(-rows))).tangent.tolist() == [[0, 0.25]] * 3
    column = package.Dual(np.array([[-800.0], [0.0]]), np.ones((3, 2, 1)))
    assert (np.ones(4) / (1 + np.exp(-column))).tangent.shape == (3, 2, 4)


@TWO
def test_nan_is_told(package: Any) -> None:
    """Infinity is not taken for flat where the tangent is unknown, or where the slope is not 0."""
    x = package.Dual(math.inf, math.nan)
    assert math.isnan((1 / x).tangent)
    assert math.isnan((1 / package.Dual(np.array([math.inf]), np.array([math.nan]))).tangent[0])
    assert package.derivative(lambda x: np.exp(-x) * 2)(-800.0) == -math.inf


@TWO
def test_36_determinants_of_many_small_matrices(package: Any) -> None:
    """Their minors are matrices without elements, whose determinant is 1."""
    a, b = np.arange(2.0).reshape(2, 1, 1), np.array([3.0, 5.0]).reshape(2, 1, 1)
    for order, there in ((1, [3, 5]), (2, [0, 0]), (3, [0, 0])):
        got = package.derivative(lambda t: np.linalg.det(a + t * b), order=order)(0.0)
        assert np.ravel(got).tolist() == there
    empty = np.linalg.det(package.Dual(np.zeros((2, 0, 0)), np.zeros((3, 2, 0, 0))))
    assert empty.primal.tolist() == [1, 1]
    assert not np.any(empty.tangent)
