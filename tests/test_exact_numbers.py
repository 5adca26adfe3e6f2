"""Numbers with more digits than floats: mpmath's and fractions, in `math` and in arrays of objects."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf
from programs.outcome import OURS

import dualad
from dualad import Dual, derivative, grad, value_and_grad
from dualad.array.protocols import ARRAY_FUNCTIONS

# -- math ------------------------------------------------------------------------------------

A, B = 0.6328125, Fraction(7, 3)  # a number of mpmath has all digits of both

# Functions of one number, and what mpmath calls them.
ONE = {
    name: name
    for name in (
        *("acos", "asin", "asinh", "atan", "atanh", "cos", "cosh", "degrees", "erf", "erfc", "exp"),
        *(
            "expm1",
            "gamma",
            "log",
            "log10",
            "log1p",
            "radians",
            "sin",
            "sinh",
            "sqrt",
            "tan",
            "tanh",
        ),
        "cbrt",
    )
}
SEVERAL: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "acosh": (lambda x, b: math.acosh(x + 1), lambda x, b: mp.acosh(x + 1)),
    "atan2": (lambda x, b: math.atan2(x, b), mp.atan2),
    "cbrt": (lambda x, b: math.cbrt(-x), lambda x, b: -mp.cbrt(x)),
    "copysign": (lambda x, b: math.copysign(x, -b), lambda x, b: -x),
    "dist": (lambda x, b: math.dist([x, b, 1], [1, 2, x]), lambda x, b: mp.norm([x - 1, b - 2, 1 - x])),
    "dist of one": (lambda x, b: math.dist([x], [b]), lambda x, b: b - x),
    "exp2": (lambda x, b: math.exp2(x), lambda x, b: mpf(2) ** x),
    "fabs": (lambda x, b: math.fabs(-x), lambda x, b: x),
    "fmod": (lambda x, b: math.fmod(-x, b / 9), lambda x, b: -x + b / 9 * 2),
    "frexp": (lambda x, b: math.frexp(3 * x)[0], lambda x, b: 3 * x / 2),
    "fsum": (lambda x, b: math.fsum([x, b, x * x]), lambda x, b: x + b + x * x),
    "fsum of constants": (lambda x, b: math.fsum([b, 1]) * x, lambda x, b: (b + 1) * x),
    "hypot": (lambda x, b: math.hypot(x, b), mp.hypot),
    "hypot of one": (lambda x, b: math.hypot(-x), lambda x, b: x),
    "hypot of three": (lambda x, b: math.hypot(x, b, 2), lambda x, b: mp.norm([x, b, 2])),
    "hypot of constants": (lambda x, b: math.hypot(b, 1) * x, lambda x, b: mp.hypot(b, 1) * x),
    "ldexp": (lambda x, b: math.ldexp(x, 3), lambda x, b: 8 * x),
    "lgamma": (lambda x, b: math.lgamma(x), lambda x, b: mp.loggamma(x)),
    "log2": (lambda x, b: math.log2(x), lambda x, b: mp.log(x) / mp.log(2)),
    "log to a base": (lambda x, b: math.log(x, b), lambda x, b: mp.log(x) / mp.log(b)),
    "log to a whole base": (lambda x, b: math.log(x, 3), lambda x, b: mp.log(x) / mp.log(3)),
    "log of a whole number": (lambda x, b: math.log(3, x), lambda x, b: mp.log(3) / mp.log(x)),
    "log of constants": (lambda x, b: math.log(b, 3) * x, lambda x, b: mp.log(b) / mp.log(3) * x),
    "modf": (lambda x, b: math.modf(3 * x)[0], lambda x, b: 3 * x - 1),
    "pow": (lambda x, b: math.pow(x, b), mp.power),
    "prod": (lambda x, b: math.prod([x, b], start=x), lambda x, b: x * x * b),
    "remainder": (lambda x, b: math.remainder(x, b / 9), lambda x, b: x - b / 9 * 2),
    "remainder in b": (lambda x, b: math.remainder(b, x), lambda x, b: b - 4 * x),
    "remainder of constants": (lambda x, b: math.remainder(b, 1) * x, lambda x, b: (b - 2) * x),
    "remainder of infinity": (lambda x, b: math.remainder(x, mp.inf), lambda x, b: x),
}  # fmt: skip
if hasattr(math, "fma"):
    SEVERAL["fma"] = (lambda x, b: math.fma(x, b, x), lambda x, b: x * b + x)
if hasattr(math, "sumprod"):
    SEVERAL["sumprod"] = (lambda x, b: math.sumprod([x, b], [x, x]), lambda x, b: x * x + b * x)
WHOLE = {
    *(
        "ceil",
        "comb",
        "factorial",
        "floor",
        "gcd",
        "isclose",
        "isfinite",
        "isinf",
        "isnan",
        "isqrt",
    ),
    *(
        "isnormal",
        "issubnormal",
        "lcm",
        "nextafter",
        "perm",
        "signbit",
        "trunc",
        "ulp",
        "fmax",
        "fmin",
    ),
}


def test_all_of_math_is_tried() -> None:
    names = {name for name in dir(math) if callable(getattr(math, name)) and name[0] != "_"}
    assert names <= {*ONE, *(name.split()[0] for name in SEVERAL), *WHOLE}


@pytest.mark.parametrize("name", [*ONE, *SEVERAL])
def test_math_keeps_fifty_digits(name: str) -> None:
    f, reference = SEVERAL.get(name) or (None, None)
    if f is None:
        of_one, of_mpmath = getattr(math, name), getattr(mp, ONE[name])
        f, reference = lambda x, b: of_one(x), lambda x, b: of_mpmath(x)
    with mp.workdps(50):
        x, b = mpf(A) + mpf(1) / 3000, mpf(7) / 3
        value, slope = value_and_grad(f, lift=True)(x, b)
        second = derivative(f, order=2, lift=True)(x, b)
        got = value, slope, second
        with mp.workdps(90):
            wanted = reference(x, b), *(mp.diff(lambda t: reference(t, b), x, k) for k in (1, 2))
        for g, want in zip(got, wanted, strict=True):
            assert isinstance(g, mpf) or g == want == 0
            assert abs(g - want) <= mpf(10) ** -46 * max(1, abs(want))


def test_whole_numbers_of_numpys_are_exact() -> None:
    for count in (3, np.int64(3), np.uint8(3)):
        assert value_and_grad(lambda x, n=count: x / n)(Fraction(1, 2)) == (
            Fraction(1, 6),
            Fraction(1, 3),
        )
        with mp.workdps(50):
            got = derivative(lambda x, n=count: x / n)(mpf(1))
            assert abs(got - mpf(1) / 3) < mpf(10) ** -49


# -- arrays of objects -----------------------------------------------------------------------

# Functions that write to files, make text, or write into their arguments.
OTHERS = re.compile(r"save|array_?(2string|repr|str)|copyto|put|place|fill|empty")


def _objects(numbers: list[Any]) -> Any:
    if all(isinstance(x, float) or isinstance(getattr(x, "primal", x), float) for x in numbers):
        return np.array(numbers)
    a = np.empty(len(numbers), object)
    a[:] = numbers
    return a


FORMS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "a vector": lambda v: (v(),),
    "a matrix": lambda v: (v().reshape(2, 2),),
    "two vectors": lambda v: (v(), v()),
    "two matrices": lambda v: (v().reshape(2, 2), v().reshape(2, 2)),
    "a count": lambda v: (v(), 1),
    "a list": lambda v: ([v(), v()],),
}


def _parts(y: Any) -> Iterator[Any]:
    if isinstance(y, (list, tuple)):
        for part in y:
            yield from _parts(part)
    elif isinstance(y, dualad.DualArray):
        yield from _parts([y[i] for i in np.ndindex(y.shape)])
    elif isinstance(y, np.ndarray):
        yield from y.ravel().tolist()
    else:
        yield y


def _tangents(y: Any) -> list[complex]:
    return [complex(p.tangent) if isinstance(p, Dual) else 0.0 for p in _parts(y)]


def _slope(f: Any, form: Any) -> Any:
    """By differences of the same on floats; None where that fails."""

    def at(t: float) -> Any:
        return np.array(
            [complex(p) for p in _parts(f(*form(lambda: np.array([3 * t, 0.25, t, 0.5]))))]
        )

    try:
        return (at(1.5 + 1e-6) - at(1.5 - 1e-6)) / 2e-6
    except (TypeError, ValueError, AttributeError, IndexError, np.linalg.LinAlgError):
        return None


@pytest.mark.parametrize("kind", [Fraction, mpf])
@pytest.mark.parametrize("form", FORMS)
def test_array_functions_of_objects_are_right_or_refused(form: str, kind: Any) -> None:
    """Where NumPy itself takes the plain objects, that is: its errors are the plain run's."""
    right, refused = 0, 0
    make = FORMS[form]
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        for f in ARRAY_FUNCTIONS:
            if OTHERS.search(f.__name__) or (want := _slope(f, make)) is None:
                continue

            def call(x: Any, f: Any = f) -> Any:
                return f(*make(lambda: _objects([3 * x, kind(0.25), x, kind(0.5)])))

            try:
                call(kind(1.5))
            except Exception:
                continue
            try:
                y = dualad.lift(call)(Dual(kind(1.5), kind(1)))
                got = _tangents(y)
            except Exception as error:
                assert OURS.search(str(error)), (f, error)
                assert not isinstance(error, RecursionError)
                refused += 1
                continue
            assert len(got) == len(want), f
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6, err_msg=f.__name__)
            right += 1
    assert right > refused and right > 20


def test_numbers_of_objects_in_operators() -> None:
    x = Dual(Fraction(3, 2), Fraction(1))
    for y in (x * np.array([1.0, 2.0]), np.array([1.0, 2.0]) * x):
        assert [(e.primal, e.tangent) for e in y] == [(1.5, 1), (3, 2)]
    want = Fraction(2, 3)
    assert derivative(lambda x: np.mean(np.array([x, x, 1], object)))(Fraction(1, 7)) == want
    assert value_and_grad(lambda x: np.mean(np.array([x, x, 1], object)))(Fraction(1, 7))[
        0
    ] == Fraction(3, 7)


def test_a_refusal_says_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"np\.max has no derivative for numbers of Fraction"):
        dualad.lift(lambda x: np.max(_objects([x, 2 * x])))(Dual(Fraction(1, 2), Fraction(1)))


@pytest.mark.parametrize("lift", [False, True])
def test_other_errors_stay_as_they_are(lift: bool) -> None:
    with pytest.raises(ValueError, match="cannot reshape") as caught:
        derivative(lambda x: np.reshape(np.stack([x, x]) if not lift else [x, x], 3), lift=lift)(
            2.0
        )
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_mesh_of_numbers(mode: Any) -> None:
    x = np.array([1.0, 2.0, 4.0])
    got = grad(lambda x: np.sum(np.ix_(x, x**2)[0] * np.ix_(x, x**2)[1]), mode=mode)(x)
    np.testing.assert_allclose(got, np.sum(x**2) + 2 * x * np.sum(x), rtol=1e-15)
