"""Messages: one sentence with what was wrong, what was got, and what to write instead of this call."""

import cmath
import dataclasses
import decimal
import functools
import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import dualad
import dualad.teach
from dualad import Dual, grad, hvp, jvp, vjp

ONES = np.ones(2)


def told(f: Callable[[], Any], kind: type[Exception] = TypeError) -> str:
    """The message of the error that f raises, with the notes on it."""
    with pytest.raises(kind) as info:
        f()
    assert type(info.value).__name__ == kind.__name__  # no private one
    return "\n".join([str(info.value), *getattr(info.value, "__notes__", ())])


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        (lambda f: grad(f), "grad needs a function, got int; write grad(f)(x)."),
        (lambda f: vjp(f, 1.0), "vjp needs a function, got int; write vjp(f, x)."),
        (lambda f: jvp(f, (1.0,), (1.0,)), "got int; write jvp(f, (x,), (v,))."),
        (lambda f: dualad.taylor(f, 2), "got int; write taylor(f, order)(x)."),
        (lambda f: hvp(f), "hvp needs a function, got int; write hvp(f)(x, v)."),
        (lambda f: dualad.lift(f), "lift needs a function, got int; write lift(f)(x)."),
        (lambda f: dualad.checkpoint(f), "checkpoint needs a function, got int; write checkpoint"),
        (lambda f: dualad.audit(f, 1.0), "got int; write audit(f, x)."),
        (lambda f: dualad.sensitivities(f, {}), "got int; write sensitivities(f, params)."),
        (lambda f: dualad.propagate(f, {}), "propagate needs a function, got int; write propagate"),
        (lambda f: dualad.define_rule(f, "1"), "got int; write define_rule(f, slope)."),
        (
            lambda f: dualad.teach.plot_derivatives(f, 0.0, 1.0),
            "plot_derivatives needs a function, got int; write plot_derivatives(f, a, b).",
        ),
        (
            lambda f: dualad.teach.plot_taylor(f, 0.0, -1.0, 1.0),
            "plot_taylor needs a function, got int; write plot_taylor(f, x, a, b).",
        ),
        (lambda f: dualad.teach.plot_error(f, 0.0), "got int; write plot_error(f, x)."),
        (lambda f: dualad.teach.trace(f, 0.0), "got int; write trace(f, x)."),
    ],
)
def test_what_is_no_function_is_told_how_to_call(call: Any, instead: str) -> None:
    assert instead in told(lambda: call(3))


def test_orders_of_plots() -> None:
    for plot, args in ((dualad.teach.plot_derivatives, ()), (dualad.teach.plot_taylor, (0.0,))):
        text = told(lambda: plot(np.sin, *args, 0.0, 1.0, orders=(1, -1)), ValueError)  # noqa: B023
        assert text == f"{plot.__name__}: order is a count, 0 or more; got -1."


def test_points_in_the_place_of_argnums() -> None:
    assert told(lambda: hvp(np.sum, 2.0)).endswith("; for the point x, write hvp(f)(x, v).")
    assert told(lambda: grad(np.sum, 2.0)).endswith("; for the point x, write grad(f)(x).")


MATRIX = np.zeros((1, 2)).view(np.matrix)  # whose maker warns


@dataclasses.dataclass
class Flow:
    speed: float


def test_an_argument_that_is_given_by_its_name() -> None:
    text = told(lambda: grad(lambda x: x * x)(x=3.0))
    assert text.endswith("0 positional arguments; write argnums='x' for the one of that name.")
    assert grad(lambda x: x * x, argnums="x")(x=3.0) == 6.0


@pytest.mark.parametrize(
    ("x", "advice"),
    [
        (np.array(["1"]), "got one of <U1; write x.astype(float) for numbers in text."),
        (np.array([b"1"]), "got one of |S1; write x.astype(float) for numbers in text."),
        (np.array([(1.0, 2)], "f8,i4"), "; give its fields as arguments of their own."),
        (np.array(["2020-01-01"], "M8[D]"), "; write (x - x[0]) / np.timedelta64(1, 's') for"),
        (np.array([1], "m8[D]"), "; write x / np.timedelta64(1, 's') for numbers of seconds."),
        (np.array([1.0], object), "got one of objects; write x.tolist(), a list of numbers."),
        (decimal.Decimal("0.1"), "got Decimal; write float(x), or mpmath.mpf(str(x)) or fraction"),
        ("1.5", "got str; write float(x) for a number in text, and other text in an argument of"),
        ({"a": 1.0, "name": "steel"}, "and other text in an argument of its own."),
        (MATRIX, "got matrix; write np.asarray(x)."),
        (Flow(1.0), "got Flow; write dataclasses.asdict(x), and Flow(**x) in the function."),
        ({1.0}, "got set; write list(x)."),
        (np.ma.array([1.0]), "got MaskedArray; write x.compressed() for the elements that are le"),
        (None, "tuples and dicts of them; got NoneType."),
    ],
)
def test_what_is_not_a_number(x: Any, advice: str) -> None:
    text = told(lambda: grad(lambda x: x)(x))
    assert text.startswith("grad differentiates with respect to ") and advice in text


def test_the_advice_for_what_is_not_a_number_works() -> None:
    def f(x: Any) -> Any:
        return np.sum(x * x)

    days = np.array(["2020-01-01", "2020-01-03"], "M8[D]")
    for x in (
        np.array(["1", "2"]).astype(float),
        (days - days[0]) / np.timedelta64(1, "s"),
        np.array([1.0, 2.0], object).tolist(),
        np.ma.array([1.0, 2.0], mask=[False, True]).compressed(),
        np.asarray(MATRIX),
    ):
        assert np.array_equal(grad(f)(np.array(x)), 2 * np.array(x))
    assert grad(lambda x: Flow(**x).speed ** 2)(dataclasses.asdict(Flow(3.0))) == {"speed": 6.0}
    import fractions

    import mpmath

    tenth = decimal.Decimal("0.1")
    assert dualad.derivative(lambda x: x * x)(fractions.Fraction(tenth)) == fractions.Fraction(1, 5)
    assert dualad.derivative(lambda x: x * x)(mpmath.mpf(str(tenth))) == 2 * mpmath.mpf("0.1")


@pytest.mark.parametrize("lift", [None, True, False])
def test_the_advice_for_a_plain_number_works_in_the_plain_run(lift: bool | None) -> None:
    table = {2.0: 5.0}

    def f(x: Any) -> Any:
        return x * table[getattr(x, "primal", x)]

    assert dualad.value_and_grad(f, lift=lift)(2.0) == (f(2.0), 5.0)


def test_the_advice_for_sets_and_memos_works() -> None:
    grid = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])

    def by_set(x: Any) -> Any:
        return sum(a * a * b for a, b in sorted(set(map(tuple, (x * grid).tolist()))))

    def by_unique(x: Any) -> Any:
        return sum(a * a * b for a, b in np.unique(x * grid, axis=0).tolist())

    @functools.cache
    def lattice(x: Any, n: int) -> Any:
        return x * x if n == 0 else (lattice(x * 1.1, n - 1) + lattice(x * 0.9, n - 1)) / 2

    with pytest.raises(TypeError, match=r"axis=0. for a set of points, or @functools.cache for a"):
        grad(by_set)(0.7)
    value, slope = dualad.value_and_grad(by_unique)(0.7)
    assert value == by_set(0.7) and slope == pytest.approx(3 * 0.125 * 0.7**2)
    value, slope = dualad.value_and_grad(lambda x: lattice(x, 3))(2.0)
    assert value == lattice(2.0, 3) and slope == pytest.approx(lattice(2.0, 3))


def test_adjoints_and_directions_are_told_as_such() -> None:
    pull = vjp(lambda x: [x, x], 1.0)[1]
    assert told(lambda: pull(["a", 1.0])).startswith("vjp: the adjoint is made of numbers,")
    text = told(lambda: jvp(np.sin, (ONES,), (np.array(["a", "b"]),)))
    assert text.startswith("jvp: the direction is made of arrays of numbers, got one of <U1")


@pytest.mark.parametrize(
    ("driver", "f", "advice"),
    [
        ("grad", lambda x: x, "an array of shape (2,); use jacobian."),
        ("grad", lambda x: x[0] * 1j, "a complex number; use jacobian."),
        ("hessian", lambda x: x, "an array of shape (2,); write jacobian(jacobian(f)) for the"),
        ("hessian", lambda x: [x[0]], "a list of 1; write jacobian(jacobian(f)) for the second"),
        ("hessian", lambda x: x[0] * 1j, "differentiate its .real and .imag, as in hessian(lambda"),
        ("hvp", lambda x: x, "an array of shape (2,); write jvp(jacobian(f), (x,), (v,)) for all"),
    ],
)
def test_functions_with_several_outputs(driver: str, f: Any, advice: str) -> None:
    args = (ONES, ONES) if driver == "hvp" else (ONES,)
    assert advice in told(lambda: getattr(dualad, driver)(f)(*args))


def test_the_advice_for_several_outputs_works() -> None:
    def f(x: Any) -> Any:
        return x**3

    second = dualad.jacobian(dualad.jacobian(f))(ONES)
    assert second.shape == (2, 2, 2) and second[0, 0, 0] == 6
    along = jvp(dualad.jacobian(f), (ONES,), (np.array([1.0, 0.0]),))[1]
    np.testing.assert_array_equal(along, [[6, 0], [0, 0]])
    real = dualad.hessian(lambda x: (x[0] ** 2 * 1j).imag)(ONES)
    np.testing.assert_array_equal(real, [[2, 0], [0, 0]])


def test_hvp_without_its_vector() -> None:
    product = hvp(lambda x: x[0] ** 2)
    missing = "hvp: the {} is missing in the call of hvp(f); write hvp(f)(x, v), with further"
    assert told(lambda: product(ONES)).startswith(missing.format("vector"))
    assert told(lambda: product()).startswith(missing.format("point"))
    assert told(lambda: product(v=ONES)).startswith(missing.format("point"))
    np.testing.assert_array_equal(product(v=ONES, x=ONES), [2, 0])


def test_what_a_function_with_aux_returned() -> None:
    for f, got in (
        (lambda x: x, "float"),
        (lambda x: x * ONES, "ndarray"),
        (lambda x: (x, x, x), "tuple of 3"),
        (lambda x: np.float64(1) * x, "float64"),
    ):
        text = told(lambda: grad(f, has_aux=True)(1.0))  # noqa: B023
        assert text.endswith(f"a function that returns (result, aux); this one returned {got}.")


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x: math.sin(2 * x), "math.sin(2 * x) would lose the derivative of a Dual; write np.sin(2 * x) or dualad.sin(2 * x), or "),
        (lambda x: math.erf(x), "math.erf(x) would lose the derivative of a Dual; write dualad.erf(x), or "),
        (lambda x: cmath.exp(x), "cmath.exp(x) would lose the derivative of a Dual; write np.exp(x) or dualad.exp(x), or "),
        (lambda x: float(x), "float(x) would lose the derivative of a Dual; write x itself, or "),
        (lambda x: complex(x), "complex(x) would lose the derivative of a Dual; write x + 0j, or "),
        (lambda x: np.zeros(2).__setitem__(0, x), "np.zeros(2).__setitem__(0, x) would lose the derivative of a Dual; write functions of NumPy or dualad for it, and arrays of np.zeros_like(x) or"),
        (lambda x: "%f" % x, "\"%f\" % x would lose the derivative of a Dual; write functions of NumPy"),  # noqa: UP031
        (lambda x: range(x), "range(x): using x as an index or a count would lose the derivative of a Dual; write int(x), or"),
    ],
)  # fmt: skip
def test_a_conversion_is_told_as_it_stands_there(f: Any, text: str) -> None:
    for x in (Dual(2.0, 1.0), Dual(np.float64(2.0), 1.0)):
        assert told(lambda: f(x)).startswith(text)  # noqa: B023
        is_open = "functions of NumPy" in text  # it may write into an array
        assert ("np.zeros_like" in told(lambda: f(x))) == is_open  # noqa: B023


def test_a_number_stored_in_an_array() -> None:
    table = {"a": np.zeros(3)}

    def store(x: Any) -> None:
        table["a"][1] = x

    assert told(lambda: store(Dual(2.0, 1.0))) == (
        'storing x in table["a"][1], in an array of float numbers, would lose the derivative of a '
        'Dual; where table["a"] is made, write table["a"] = np.array(…) or np.copy(…), whose arrays '
        "take duals in code that a driver or dualad.lift lifts, or np.zeros(n, like=x) or "
        "np.zeros_like(x), or write getattr(x, 'primal', x) for the plain number, whose derivative is zero."
    )


@pytest.mark.parametrize("lift", [None, False])
@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x: np.arange(3.0)[x[0]] * x[0], "np.arange(3.0)[x[0]]"),
        (lambda x: x[x[0]], "x[x[0]]"),
        (lambda x: np.arange(9.0).reshape(3, 3)[0, x[1]], "np.arange(9.0).reshape(3, 3)[0, x[1]]"),
    ],
)
def test_a_dual_as_an_index_of_an_array(f: Any, text: str, lift: Any) -> None:
    """NumPy swallows what the dual has said."""
    note = f"grad: {text} has a dual for an index or a count, which would lose its derivative; write int(x)"
    for mode in ("forward", "reverse"):
        assert note in told(lambda: grad(f, lift=lift, mode=mode)(ONES), IndexError)  # noqa: B023


def test_an_index_of_a_user_is_not_that_of_a_dual() -> None:
    def f(x: Any) -> Any:
        return x[0] * np.arange(3.0)[1.5]  # type: ignore[call-overload]

    assert "dual" not in told(lambda: grad(f)(ONES), IndexError)


def test_functions_that_cannot_go_are_named_as_they_were_called() -> None:
    def f(x: Any) -> Any:
        return np.linalg.svd(x)[1]

    x = np.eye(2)
    assert told(lambda: dualad.sparsity(f)(x)) == (
        "sparsity cannot tell what np.linalg.svd depends on; give the pattern, as "
        "jacobian(f, sparsity=pattern), or write it in other functions."
    )
    for driver in (dualad.jacobian, dualad.hessian):
        name = driver.__name__
        assert told(lambda: driver(lambda x: f(x), sparsity=True)(x)) == (  # noqa: B023
            f"{name} cannot tell what np.linalg.svd depends on; give the pattern, as "
            f"{name}(f, sparsity=pattern), or omit sparsity=."
        )


def test_rules_and_matrices() -> None:
    assert told(lambda: dualad.check_rule(3)) == (  # type: ignore[arg-type]
        "check_rule takes the name of a rule or a function that has one, got 3; write "
        "check_rule('sin')."
    )
    text = told(lambda: dualad.check_rule("sinn"), ValueError)
    assert text == "check_rule: there is no rule called 'sinn'; did you mean sin?"
    for pattern, got in ((3, "int"), (np.sin, "ufunc"), (ONES, "shape (2,)")):
        text = told(lambda: dualad.teach.spy(pattern))  # noqa: B023
        assert text == f"spy draws a matrix, got {got}; write spy(sparsity(f)(x))."
    text = told(lambda: dualad.propagate(lambda a: a, [1.0], cov=np.eye(3)), ValueError)
    assert "the model has 1 input, a; give a matrix of shape (1, 1)." in text


def test_the_text_of_a_polynomial() -> None:
    assert repr(np.poly1d(Dual(ONES, ONES))) == "poly1d(DualArray([1., 1.], [1., 1.]))"
    assert repr(Dual(ONES, ONES)) == "DualArray([1., 1.], [1., 1.])"
    seen = []
    grad(lambda x: [seen.append(repr(np.poly1d(x))), x[0]][1])(ONES)
    assert seen == [repr(np.poly1d(ONES))]
    for x in (0.7, -1e-12, 3e9, np.float64(2.0)):
        for kind in (np.polynomial.Polynomial, np.polynomial.Chebyshev):
            seen.clear()
            grad(lambda x, kind=kind: [seen.append(str(kind([x, 1.0, x * x]))), x][1])(x)
            assert seen[0] == str(kind([x, 1.0, x * x]))
    assert grad(lambda x: [print(np.polynomial.Polynomial([x, 1, 2])), x * x][1])(0.7) == 1.4


@pytest.mark.parametrize("f", [mpmath.sin, lambda x: x * mpmath.exp(x), lambda x: mpmath.sqrt(x)])
def test_functions_of_mpmath(f: Any) -> None:
    with pytest.raises((NotImplementedError, TypeError)) as caught:
        dualad.derivative(f)(mpmath.mpf(1))
    assert any("write dualad's of that name" in note for note in caught.value.__notes__)
