"""The compiled chain rule over duals of older levels: against the readable one to the last bit, and
where they are recorded against forward mode."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from support.both import agree

import dualad
from dualad.kernel import KERNEL
from dualad.rules import Rule, table

# -- to the last bit ---------------------------------------------------------------------------------

VALUES = (0.3125, -1.6875, 2.5, 1.0, 0.0, -0.0, 1e-320, 1e300, 3.0, math.inf, math.nan)
TANGENTS = (1.0, -0.7, 0.0, 1e200, 5e-324)
ROWS = [
    r
    for r in table()
    if len(r.args) < 3 and r.name not in ("gamma", "lgamma", "digamma", "polygamma", "_sinc")
]
MAKE: dict[str, Callable[[float], Any]] = {
    "float": float,
    "float64": np.float64,
}


def deep(package: ModuleType, kind: str, i: int) -> dict[str, Any]:
    """Duals of the levels 3, 5 and 7 over each other, some with levels left out, and numbers."""
    make, dual = MAKE[kind], package.pair.dual
    v, w = (make(VALUES[j % len(VALUES)]) for j in (i, 5 * i + 2))
    t, u, s = (TANGENTS[(i + j) % len(TANGENTS)] for j in (0, 1, 3))
    one, other = dual(v, t, 3), dual(w, u, 3)
    return {
        "x": dual(dual(one, s, 5), dual(dual(0.5, t, 3), 2.0, 5), 7),
        "y": dual(dual(other, dual(s, u, 3), 5), 1.5, 7),
        "p": dual(w, dual(dual(t, u, 3), s, 5), 7),
        "a": dual(dual(other, 1.0, 5), dual(np.array([1.0, -2.0]), np.array([t, 0.5]), 3), 7),
        "b": dual(dual(one, u, 5), np.array([u, 1.0]), 7),
        "n": dual(dual(np.float64(w.real), 0.25, 3), s, 5),
        "q": dual(dual(other, np.array([0.5, t]), 5), 0.25, 7),
        "o": other, "c": w, "np": np, "package": package,
    }  # fmt: skip


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "**", "%", "<", "==", "//"])
def test_operators_say_the_same(kind: str, operator: str) -> None:
    others = ("x", "y", "p", "a", "n", "q", "o", "c", "2", "-1", "0.5", "0", "np.float64(2)", "1j")
    more = ("np.float32(2)", "np.array([1.0, 2.0])", "'a'", "2**70")
    for k, (x, other) in enumerate(product("xb", others + more)):
        texts = [f"{x} {operator} {other}", f"({other}) {operator} {x}"]
        for text in texts[: 1 if other == "'a'" else 2]:  # which formats with %
            for i in range(k % 3, len(VALUES), 3):
                agree(lambda p, text=text, i=i: eval(text, deep(p, kind, i)))


UNARY = """
    -x +x abs(x) x.real x.imag x.conjugate() np.exp(x) np.sin(x) np.sqrt(x) np.log(x) np.tanh(x)
    np.abs(x) np.square(x) np.negative(b) np.arctan(a) np.isnan(x) np.add(x,y) np.multiply(c,x)
    np.divide(x,a) np.power(c,x) np.power(x,2) np.subtract(1,x) np.add(x,1,dtype=float) np.sign(x)
    np.maximum(x,y) np.floor(x) np.arctan2(x,y) np.less(x,y) np.copysign(x,y) np.hypot(x,b)
    package.exp(x) package.atan2(x,y) package.abs(b) package.log(x,y) package.sinc(x) pow(x,2,3)
    x*x*x-y/x (x-x)*y x/x+package.sqrt(x*x) np.float64(0.5)**x np.float64(2)/x bool(x) int(x)
"""


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("text", UNARY.split())
def test_functions_say_the_same(kind: str, text: str) -> None:
    for i in range(len(VALUES)):
        agree(lambda p, i=i: eval(text, deep(p, kind, i)))


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("rule", ROWS, ids=lambda rule: rule.name)
def test_rows_say_the_same(rule: Rule, kind: str) -> None:
    for i in range(len(VALUES)):
        for names in ("xy", "xc", "oy", "bx", "pq")[i % 2 :: 2]:

            def program(package: ModuleType, names: str = names, i: int = i) -> Any:
                given = deep(package, kind, i)
                args = [given[name] for name in names[: len(rule.args)]]
                return package.dual.function(package.rules.RULES[rule.name])(*args)

            agree(program)


# -- recorded ----------------------------------------------------------------------------------------


def rosenbrock(x: Any) -> Any:
    total = 0.0
    for i in range(len(x) - 1):
        total = total + 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def mixture(x: Any) -> Any:
    total = x[0] / x[1]
    for i, v in enumerate(x):
        total = dualad.sin(total * v) + dualad.exp(-v * v) ** 1.5 + max(v, 0.3) * abs(v - i)
        total = total + dualad.atan2(v, 1 + total * total) + 2**v
    return total


X, ALONG = [0.4, -0.7, 1.1], [1.0, -2.0, 0.0]


def third(f: Any, x: Any) -> Any:
    """The third derivative of f along a line."""
    return dualad.derivative(lambda s: f([a + s * b for a, b in zip(x, ALONG)]), order=3)(0.0)


OF_GRADIENTS: dict[str, Callable[[Any, Any], Any]] = {
    "jvp": lambda f, x: dualad.jvp(f, (x,), (ALONG,))[1],
    "tangents that move": lambda f, x: dualad.jvp(f, (x,), (x,))[1],
    "closure": lambda f, x: dualad.derivative(lambda s: f([a * s for a in x]))(1.0),
    "second": lambda f, x: dualad.jvp(lambda y: dualad.jvp(f, (y,), (ALONG,))[1], (x,), (x,))[1],
    "third": third,
    "Jacobian": lambda f, x: sum(g * w for g, w in zip(dualad.jacobian(f)(x), ALONG)),
    "many at once": lambda f, x: sum(g * v for g, v in zip(dualad.grad(f, mode="forward")(x), x)),
    "Hessian": lambda f, x: dualad.hessian(f)(x)[1][2] * x[0],
    "hvp": lambda f, x: sum(a * b for a, b in zip(dualad.hvp(f)(x, ALONG), x)),
    "numbers of NumPy": lambda f, x: dualad.jvp(f, ([v * np.float64(1) for v in x],), (ALONG,))[1],
    "back again": lambda f, x: dualad.jvp(dualad.grad(f, mode="reverse"), (x,), (ALONG,))[1][1],
    "array": lambda f, x: dualad.jvp(f, (np.array(x) * 1.0,), (np.array(ALONG),))[1],
}


@pytest.mark.parametrize("name", OF_GRADIENTS)
@pytest.mark.parametrize("f", [rosenbrock, mixture], ids=lambda f: f.__name__)
def test_reverse_over_forward_is_forward_over_forward(f: Any, name: str) -> None:
    inner = OF_GRADIENTS[name]
    right = dualad.grad(lambda x: inner(f, x), mode="forward")(X)
    y, found = dualad.value_and_grad(lambda x: inner(f, x), mode="reverse")(X)
    assert y == pytest.approx(inner(f, X), rel=1e-13)  # drivers inside may go another way
    assert np.allclose(found, right, rtol=1e-11, atol=1e-11)
    rows = dualad.jacobian(lambda x: [inner(f, x), x[1] * inner(f, x)], mode="reverse")(X)
    assert np.allclose(rows[0], right, rtol=1e-11, atol=1e-11)
    _, pull = dualad.vjp(lambda x: inner(f, x), X)
    assert np.allclose(pull(1.0), right, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", OF_GRADIENTS)
def test_a_hessian_of_what_is_a_derivative_already(name: str) -> None:
    def h(x: Any) -> Any:
        return OF_GRADIENTS[name](rosenbrock, x)

    right = dualad.jacobian(dualad.grad(h, mode="forward"), mode="forward")(X)
    for outer, inner in (("reverse", "reverse"), ("forward", "reverse"), ("reverse", "forward")):
        found = dualad.jacobian(dualad.grad(h, mode=inner), mode=outer)(X)
        assert np.allclose(found, right, rtol=1e-10, atol=1e-10), (outer, inner)


@pytest.mark.parametrize("name", ["tangents that move", "closure"])
def test_zeros_stay_strong_and_slopes_infinite(name: str) -> None:
    """On kinks, at branch points of roots, and beside them."""
    for f, x in (
        (lambda v: v[0] ** 1.5 + 0 * v[1], [0.0, 2.0]),
        (lambda v: dualad.sqrt(v[0] * 0.0) + v[1] * v[1], [3.0, 2.0]),
        (lambda v: dualad.sqrt(v[0]) * 1e200 * v[1], [0.0, 1e-200]),
        (lambda v: abs(v[0]) * v[1] + dualad.maximum(v[0], v[1]) ** 2, [1.0, 1.0]),
    ):

        def h(v: Any, f: Any = f) -> Any:
            return OF_GRADIENTS[name](f, v)

        forward, reverse = (dualad.grad(h, mode=mode)(x) for mode in ("forward", "reverse"))
        assert np.allclose(forward, reverse, equal_nan=True), (forward, reverse)


@pytest.mark.skipif(KERNEL is None, reason="the kernel's numbers alone have places on a tape")
def test_the_readable_chain_rule_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that are recorded reach the tape from within duals of newer levels."""
    from dualad import zeros

    calls = []
    strong = zeros._number_scaled

    def counted(*args: Any) -> Any:
        calls.append(args)
        return strong(*args)

    monkeypatch.setattr(zeros, "_number_scaled", counted)
    dualad.grad(lambda x: OF_GRADIENTS["jvp"](mixture, x), mode="reverse")(X)
    assert not calls


@pytest.mark.parametrize("name", ["gamma", "gammaln", "digamma", "erfcx", "zeta"])
def test_values_that_are_arrays_of_no_axes(name: str) -> None:
    f = getattr(dualad, name, None) or (lambda x: dualad.polygamma(1, x))
    x = np.array([0.75, 1.375])

    def h(v: Any) -> Any:
        return dualad.hessian(lambda v: f(v[1]) * v[0], mode="forward")(v)

    value, back = dualad.vjp(h, x)
    np.testing.assert_allclose(value, h(x.tolist()), rtol=1e-13)
    bar = np.array([[0.5, -1.0], [2.0, 0.25]])
    of_forward = np.tensordot(bar, dualad.jacobian(h, mode="forward")(x), 2)
    np.testing.assert_allclose(back(bar)[0], of_forward, rtol=1e-13)
