"""What functions of public packages do that lifted code once did not reach, one test a kind."""

from __future__ import annotations

import logging
import math
import operator
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from support.both import bits

from dualad import derivative, jacobian, jvp, value_and_grad

# -- attributes by name ------------------------------------------------------------------------


class Disc:
    """A disc whose numbers are all set and read through properties that use `math`."""

    def __init__(self, r: Any) -> None:
        setattr(self, "r", r)  # noqa: B010

    @property
    def r(self) -> Any:
        return self._r

    @r.setter
    def r(self, value: Any) -> None:
        self._r, self.log = float(value), math.log(value)

    @property
    def area(self) -> Any:
        return math.pi * math.pow(self.r, 2)

    def scaled(self, a: Any, *, b: Any = 1.0) -> Any:
        return math.exp(a * b) * self.area


class Box:
    def __init__(self, disc: Disc) -> None:
        self.disc = disc


AREA = operator.attrgetter("area")
SCALED = operator.methodcaller("scaled", 0.5)


def absent(x: Any) -> Any:
    with pytest.raises(AttributeError, match="nothing"):
        getattr(Disc(x), "nothing")  # noqa: B009
    return getattr(Disc(x), "nothing", 3.0) * x


@pytest.mark.parametrize(
    ("f", "right"),
    [
        (lambda x: getattr(Disc(x), "area"), lambda x: 2 * math.pi * x),  # noqa: B009
        (lambda x: Disc(x).log, lambda x: 1 / x),
        (absent, lambda x: 3.0),
        (lambda x: AREA(Disc(x)), lambda x: 2 * math.pi * x),
        (lambda x: sorted([Disc(3 * x), Disc(x)], key=AREA)[1].r, lambda x: 3.0),
        (lambda x: sum(map(AREA, [Disc(x), Disc(2 * x)])), lambda x: 10 * math.pi * x),
        (
            lambda x: sum(operator.attrgetter("disc.r", "disc.area")(Box(Disc(x)))),
            lambda x: 1 + 2 * math.pi * x,
        ),
        (lambda x: SCALED(Disc(x)), lambda x: 2 * math.pi * x * math.exp(0.5)),
        (
            lambda x: operator.methodcaller("scaled", 0.5, b=x)(Disc(1.0)),
            lambda x: 0.5 * math.pi * math.exp(0.5 * x),
        ),
    ],
)
def test_attributes_by_name(f: Any, right: Any) -> None:
    value, slope = value_and_grad(f)(1.3)
    assert bits(value) == bits(f(1.3))
    assert slope == pytest.approx(right(1.3), rel=1e-14)


# -- what is read of a function ----------------------------------------------------------------


def test_a_class_of_a_registry_that_exec_reads_is_lifted() -> None:
    """Its `__module__` is "builtins", as that of code without a `__name__`."""
    names: dict[str, Any] = {}
    exec(
        "import numpy as np\n"
        "class Gas:\n"
        "    def h(self, T):\n"
        "        T = np.asarray(T, dtype=float)\n"
        "        return 2.5 * T + T**2\n",
        names,
    )
    gas = names["Gas"]()
    assert type(gas).__module__ == "builtins"
    value, slope = value_and_grad(lambda T: gas.h(T))(3.0)
    assert (value, slope) == (gas.h(3.0), 8.5)


def test_float_of_an_object_of_a_class_in_the_function() -> None:
    def f(x: Any) -> Any:
        class Length:
            def __float__(self) -> Any:
                return 2 * x

        return float(Length()) ** 2

    assert value_and_grad(f)(3.0) == (36.0, 24.0)


def test_functions_of_frompyfunc_are_lifted() -> None:
    def f(x: Any) -> Any:
        both = np.frompyfunc(lambda a: (math.sin(a * x), 1.0), 1, 2)
        assert both.nout == 2
        number = np.frompyfunc(lambda a: math.sin(a * x), 1, 1)(2.0)
        return np.append(both(np.array([1.0, 2.0]))[0].astype(float), number)

    a = np.array([1.0, 2.0, 2.0])
    np.testing.assert_allclose(jacobian(f)(0.7), a * np.cos(0.7 * a), rtol=1e-15)


# -- arrays ------------------------------------------------------------------------------------


def test_in_place_into_an_array_of_objects() -> None:
    def f(x: Any) -> Any:
        q = np.empty(2, dtype=object)
        q[0], q[1] = 3 * x, 4 * x
        q /= np.hypot(q[0], q[1]) / x
        np.multiply(q, x, out=q)
        return q[0]

    assert derivative(f)(2.0) == pytest.approx(2 * 0.6 * 2.0, rel=1e-15)


# -- solvers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "solve",
    [
        lambda a: minimize(lambda v: (v - a) ** 2 + a, 0.3).x[0],
        lambda a: minimize(lambda v: (v - a) ** 2 + a, [0.3]).fun,
        lambda a: minimize(lambda v: np.array([(v[0] - a) ** 2 + a]), [0.3]).x[0],
        lambda a: minimize(
            lambda v: (v - a) ** 2, [0.3], bounds=[(0.0, 9.0)], method="Nelder-Mead"
        ).x[0],
        lambda a: minimize_scalar(lambda v: np.array([(v - a) ** 2 + a])[0]).fun,
    ],
)
def test_a_cost_in_an_array_of_one_number(solve: Any) -> None:
    assert derivative(solve)(1.5) == pytest.approx(1.0, rel=1e-6)


# -- what is looked into, and how often --------------------------------------------------------


class Flow:
    """Compares with a bound that x meets, and writes to itself."""

    def __init__(self) -> None:
        self.calls = 0
        self.kept: Any = (None, None)
        self.keeps = False

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        if x == 2.0:
            self.last = "at the bound"
        if self.keeps:
            if self.kept[0] != x:
                self.kept = x, x**3
            return self.kept[1]
        return x**3


def test_a_value_that_is_kept_later_is_noticed() -> None:
    f = Flow()
    assert derivative(f)(2.0) == 12.0
    f.keeps = True
    f(2.0)
    with pytest.raises(TypeError, match="returned a cached value"):
        derivative(f)(2.0)


def test_a_logger_that_is_not_enabled_makes_no_text(caplog: Any) -> None:
    log = logging.getLogger("dualad.tests.packages")

    class Level:
        texts = 0

        def __str__(self) -> str:
            self.texts += 1
            return "full"

    level = Level()

    calls = []

    def f(x: Any) -> Any:
        calls.append(type(x))
        log.debug("at %.2f: %s", x, level)
        return x * x

    with caplog.at_level(logging.INFO, log.name):
        assert derivative(f)(1.5) == 3.0
    assert not caplog.messages and level.texts == 0
    assert len(calls) == 1  # nothing was read from the text of a dual
    with caplog.at_level(logging.DEBUG, log.name):
        assert derivative(f)(1.5) == 3.0
    assert set(caplog.messages) == {"at 1.50: full"}
    assert {record.funcName for record in caplog.records} == {"f"}


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.float64])
@pytest.mark.parametrize("f", [lambda A, v: A.dot(v), lambda A, v: v.dot(A.T), np.dot])
def test_dot_as_a_method_has_the_bits_of_blas(f: Any, dtype: Any) -> None:
    rng = np.random.default_rng(3)
    A, v = rng.integers(-9, 9, (678, 5)).astype(dtype), rng.normal(size=5) * 1e6
    value, slope = jvp(lambda v: f(A, v), (v,), (np.ones(5),))
    np.testing.assert_array_equal(value, f(A, v))
    np.testing.assert_allclose(slope, A.sum(axis=1), rtol=1e-14)
