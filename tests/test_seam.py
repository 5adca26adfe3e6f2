"""The seam of levels: others take part in a differentiation without changing the package.

Small versions of what can stand behind it: an onlooker, recorded linear forms (reverse mode), and
power series, each in the few lines that the seam asks for. (Sparsity is in `patterns`.)
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mpmath import mp

import dualad
from dualad import Dual, grad
from dualad.dual import function
from dualad.levels import ParticipatingLevel, fresh_level
from dualad.namespaces import CONSTANTS, MATH, Namespace
from dualad.pair import dual, zero_like
from dualad.table import RULES

X = np.array([0.3, -0.7, 1.1, 0.9, -0.2])


# -- an onlooker ---------------------------------------------------------------------------


class Onlooker(ParticipatingLevel):
    def __init__(self, level: int) -> None:
        self.rows: list[str] = []
        self.duals = 0

    def applies(self, rule: Any, args: tuple[Any, ...]) -> Any:
        self.rows.append(rule.name)
        return NotImplemented

    def made(self, primal: Any, tangent: Any) -> Any:
        self.duals += 1
        return NotImplemented


def test_a_level_sees_each_row_and_each_dual() -> None:
    level = Onlooker(fresh_level())
    x = dual(2.0, 1.0, level)
    y = np.sin(x) * x + 1
    assert level.rows == ["sin", "mul", "add"] and level.duals == 4
    assert (y.primal, y.tangent) == (np.sin(2.0) * 2 + 1, np.cos(2.0) * 2 + np.sin(2.0))
    before = len(level.rows)
    assert grad(lambda t: t * t)(3.0) == 6.0 and len(level.rows) == before  # nothing is global


def test_a_level_may_answer_itself() -> None:
    class Answers(ParticipatingLevel):
        def applies(self, rule: Any, args: tuple[Any, ...]) -> Any:
            return f"{rule.name} of {len(args)}"

    x = dual(2.0, 1.0, Answers(fresh_level()))
    assert np.exp(x) == "exp of 1" and x - 1 == "sub of 2" and 1 - x == "sub of 2"
    assert dualad.hypot(x, 3.0) == "hypot of 2" and -x == "neg of 1"


def test_a_participating_level_stays_here() -> None:
    level = Onlooker(fresh_level())
    assert copy.deepcopy(level) is level
    there = pickle.loads(pickle.dumps(level))
    assert type(there) is int and there == level


# -- linear forms: recorded, and read backwards ----------------------------------------------


class Form:
    """A linear function of the inputs: what it is made of, with the way back."""

    __array_priority__ = 1000

    def __init__(self, shape: Any, sources: Any = ()) -> None:
        self.shape, self.sources = tuple(shape), list(sources)
        self.ndim, self.dtype = len(self.shape), np.dtype(float)

    def __mul__(self, c: Any) -> Form:
        shape = np.broadcast_shapes(self.shape, np.shape(c))
        return Form(shape, [(self, lambda g: summed(g * c, self.shape))])

    __rmul__ = __mul__

    def __add__(self, other: Any) -> Form:
        forms = [x for x in (self, other) if isinstance(x, Form)]
        shape = np.broadcast_shapes(*(x.shape for x in forms))
        return Form(shape, [(x, lambda g, x=x: summed(g, x.shape)) for x in forms])

    __radd__ = __add__

    def __neg__(self) -> Form:
        return self * -1.0

    def __sub__(self, other: Any) -> Form:
        return self + -other

    def __ne__(self, other: object) -> bool:
        return False  # never nan

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, index: Any) -> Form:
        def back(g: Any) -> Any:
            whole = np.zeros(self.shape)
            np.add.at(whole, index, g)
            return whole

        return Form(np.empty(self.shape)[index].shape, [(self, back)])

    def copy(self, *order: Any) -> Form:
        return self

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
        a, b = (*args, None)[:2]
        if method == "reduce":  # over all axes
            return Form((), [(self, lambda g: np.broadcast_to(g, self.shape))])
        if ufunc is np.multiply:
            return b * a if isinstance(b, Form) else a * b
        if ufunc is np.add:
            return a + b if isinstance(a, Form) else b + a
        return NotImplemented

    def __array_function__(self, f: Any, types: Any, args: Any, options: Any) -> Any:
        return np.add.reduce(self) if f is np.sum else NotImplemented


def summed(g: Any, shape: tuple[int, ...]) -> Any:
    """A cotangent back in the shape that was broadcast."""
    g = np.sum(g, axis=tuple(range(np.ndim(g) - len(shape))))
    axes = tuple(i for i, n in enumerate(shape) if n == 1)
    return np.sum(g, axis=axes, keepdims=True) if axes else g


class Recording(ParticipatingLevel):
    def zero_like(self, tangent: Any, shape: tuple[int, ...]) -> Form:
        return Form(shape)


def backward(f: Callable[[Any], Any], x: Any) -> Any:
    level, leaf = Recording(fresh_level()), Form(x.shape)
    adjoint = np.zeros(x.shape)

    def sweep(form: Form, g: Any) -> None:
        nonlocal adjoint
        if form is leaf:
            adjoint = adjoint + g
        for source, back in form.sources:
            sweep(source, back(g))

    sweep(f(dual(x, leaf, level)).tangent, 1.0)
    return adjoint


SCALARS: dict[str, Callable[[Any], Any]] = {
    "ufuncs": lambda x: np.sum(np.sin(x) ** 2 * x),
    "rosenbrock": lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    "a loop": lambda x: sum((x[i] * x[i - 1] for i in range(1, 5)), x[0] ** 2),
    "an index array": lambda x: np.sum((x**3)[[0, 3, 1, 0]]),
    "numbers and arrays": lambda x: np.sum(x[0] * x) / x[2] - np.tanh(x[4]),
}


@pytest.mark.parametrize("name", SCALARS)
def test_linear_forms_as_tangents(name: str) -> None:
    f = SCALARS[name]
    np.testing.assert_allclose(backward(f, X), grad(f)(X), rtol=1e-13, atol=1e-13)


def test_zero_likes_are_made_by_the_level() -> None:
    level = Recording(fresh_level())
    assert isinstance(zero_like(level, Form((2,)), (3,)), Form)
    assert zero_like(int(level), np.ones(2), (3, 2)).tolist() == [[0, 0]] * 3
    assert zero_like(int(level), 1.5, ()) == 0.0
    nested = zero_like(int(level), Dual(1.0, 2.0), ())
    assert (nested.primal, nested.tangent) == (0.0, 0.0)


# -- series: the table's slopes, integrated --------------------------------------------------


class Series:
    """y = Σ cₖ·tᵏ, whose coefficients come from y′ = Σ slope·x′ when they are asked for."""

    def __init__(self, rule: Any = None, args: Any = (), known: Any = ()) -> None:
        self.rule, self.args, self.known = rule, args, list(known)

    def __getitem__(self, k: int) -> float:
        while len(self.known) <= k:
            n = len(self.known)
            if self.rule is None:
                self.known.append(0.0)
            elif not n:
                self.known.append(function(self.rule)(*(at(a, 0) for a in self.args)))
            else:
                terms = (
                    j * a[j] * at(self.slope(i), n - j)
                    for i, a in enumerate(self.args)
                    if isinstance(a, Series)
                    for j in range(1, n + 1)
                )
                self.known.append(sum(terms) / n)
        return self.known[k]

    def slope(self, i: int) -> Any:
        name = f"slope {i}"
        if name not in vars(self):
            setattr(self, name, self.rule.slope_in(SERIES, i)(*self.args, self))
        return getattr(self, name)

    def __add__(self, other: Any) -> Any:
        return of("add")(self, other)

    def __mul__(self, other: Any) -> Any:
        return of("mul")(self, other)

    def __rmul__(self, other: Any) -> Any:
        return of("mul")(other, self)

    def __truediv__(self, other: Any) -> Any:
        return of("div")(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return of("div")(other, self)

    def __neg__(self) -> Any:
        return of("neg")(self)


def at(x: Any, k: int) -> float:
    return x[k] if isinstance(x, Series) else x if k == 0 else 0.0


def of(rule: Any) -> Callable[..., Any]:
    rule = RULES[rule] if isinstance(rule, str) else rule

    def call(*args: Any) -> Any:
        if any(isinstance(a, Series) for a in args):
            return Series(rule, args)
        return function(rule)(*args)

    return call


SERIES = Namespace("series", {n: MATH.functions[n] for n in CONSTANTS}, supply=of)


def test_series_from_the_slopes_of_the_table() -> None:
    x = Series(known=[0.3, 1.0])
    for got, f in (
        (of("exp")(x * x), lambda x: mp.exp(x * x)),
        (of("log")(1.0 * x + 2.0), lambda x: mp.log(x + 2)),
        (of("sqrt")(x), mp.sqrt),
        (1.0 / (of("exp")(-x) + 1.0), lambda x: 1 / (mp.exp(-x) + 1)),
    ):
        with mp.workdps(40):
            expected = mp.taylor(f, mp.mpf(0.3), 8)
        for k, c in enumerate(expected):
            assert got[k] == pytest.approx(float(c), rel=1e-12)
