"""A dual looks like what it stands for: whatever is asked, the plain number's answer is right.

Each question is asked of the plain number and of its dual, in the compiled package and in the
readable one, in a first and in a second derivative.
"""

from __future__ import annotations

import collections.abc
import copy
import dataclasses
import functools
import json
import numbers
import pickle
import typing
from collections.abc import Callable
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from mpmath import mpc, mpf
from support.both import PACKAGES, pure

import dualad
from dualad import Dual, derivative, jacobian, jvp, lift, value_and_grad

NUMBERS: dict[str, Any] = {
    "float": 2.5,
    "whole float": 3.0,
    "complex": 2.5 - 1.5j,
    "np.float64": np.float64(2.5),
    "np.float32": np.float32(2.5),
    "np.longdouble": np.longdouble(2.5),
    "np.complex128": np.complex128(2.5 - 1.5j),
    "Fraction": Fraction(5, 2),
    "mpf": mpf("2.5"),
    "mpc": mpc(2.5, -1.5),
    "array": np.array([2.5, 3.0]),
    "array of float32": np.array([2.5, 3.0], np.float32),
    "array without axes": np.array(2.5),
    "matrix of complex": np.array([[2.5, 1j]]),
}
NUMPYS = [name for name in NUMBERS if name.startswith("np.")]


def asked(package: ModuleType, number: Any, order: int, question: Callable[[Any], Any]) -> Any:
    """What a question gives for a dual of this number, in the inmost of so many derivatives."""
    answers: list[Any] = []

    def f(x: Any) -> Any:
        answers.append(question(x))
        return x

    def nested(order: int) -> Callable[[Any], Any]:
        if order == 0:
            return f
        inner = nested(order - 1)
        return lambda x: package.jvp(inner, (x,), (one,))[1]

    one = np.ones_like(number) if isinstance(number, np.ndarray) else type(number)(1)
    one = 1.0 if type(number) is np.float64 else one  # which is compiled
    nested(order)(number)
    return answers[0]  # f may be called again, elsewhere: it keeps what it is asked


def in_all_ways(names: Any = tuple(NUMBERS)) -> Any:
    return lambda test: pytest.mark.parametrize("package", PACKAGES, ids=["compiled", "readable"])(
        pytest.mark.parametrize("order", [1, 2])(pytest.mark.parametrize("name", names)(test))
    )


# -- questions ---------------------------------------------------------------------------------

KINDS = (
    *(int, float, complex, str, np.generic, np.number, np.inexact, np.floating, np.float64),
    *(np.float32, np.complexfloating, np.ndarray, Fraction, mpf, mpc, list, tuple),
    *(numbers.Number, numbers.Complex, numbers.Real, numbers.Rational, numbers.Integral),
    *(collections.abc.Iterable, collections.abc.Sized, collections.abc.Sequence),
    *(collections.abc.Container, collections.abc.Mapping, collections.abc.Callable),
)


@functools.singledispatch
def sort(x: Any) -> str:
    return "something"


for _kind in (float, complex, np.floating, np.ndarray, numbers.Rational):
    sort.register(_kind, lambda x, name=_kind.__name__: name)


def matched(x: Any) -> str:
    match x:
        case np.ndarray():
            return "array"
        case np.float64():
            return "NumPy's"
        case float(y):
            return f"float {y > 2.7}"
        case complex():
            return "complex"
        case _:
            return "something"


QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "isinstance": lambda x: [kind.__name__ for kind in KINDS if isinstance(x, kind)],
    "isinstance of several": lambda x: isinstance(x, (int, float)),
    "isinstance of a union": lambda x: isinstance(x, int | np.ndarray),
    "class": lambda x: x.__class__.__name__,
    "class is": lambda x: x.__class__ is float,
    "issubclass": lambda x: issubclass(x.__class__, float),
    "singledispatch": sort,
    "match": matched,
    "np.isscalar": np.isscalar,
    "np.iterable": np.iterable,
    "np.shape": np.shape,
    "np.ndim": np.ndim,
    "np.size": np.size,
    "np.iscomplexobj": np.iscomplexobj,
    "np.isrealobj": np.isrealobj,
    "callable": callable,
    "SupportsAbs": lambda x: isinstance(x, typing.SupportsAbs),
    "SupportsComplex": lambda x: isinstance(x, np.ndarray) or hasattr(x, "conjugate"),
    "truth": lambda x: bool(x) if np.size(x) == 1 else None,
}


@in_all_ways()
def test_the_answer_is_that_of_the_number(package: ModuleType, order: int, name: str) -> None:
    number = NUMBERS[name]

    def answers(x: Any) -> dict[str, Any]:
        return {question: ask(x) for question, ask in QUESTIONS.items()}

    assert asked(package, number, order, answers) == answers(number)


NAMES = """
    shape ndim size dtype itemsize nbytes strides flags T real imag conj conjugate item tolist sum
    prod mean var std min max argmax argmin all any cumsum cumprod round clip reshape ravel flatten
    squeeze transpose swapaxes repeat take copy astype view fill sort is_integer as_integer_ratio
    hex fromhex limit_denominator ae __len__ __iter__ __getitem__ __setitem__ __contains__ __abs__
    __add__ __call__ __next__ __enter__ name units magnitude unit keys values append lower
    dot partition argpartition columns index loc nominal_value std_dev fget evalf detach numpy nonsense
"""
ATTRIBUTES = NAMES.split()


@in_all_ways()
def test_it_has_the_attributes_of_the_number(package: ModuleType, order: int, name: str) -> None:
    number = NUMBERS[name]

    def having(x: Any) -> list[str]:
        return [a for a in ATTRIBUTES if hasattr(x, a)]

    right = having(number)
    if name in NUMPYS and not package.kernel_info().in_use:
        right.remove("__getitem__")
    assert asked(package, number, order, having) == right


# -- what NumPy's numbers have -----------------------------------------------------------------

LINEAR: dict[str, Callable[[Any], Any]] = {  # their derivative is what they give for 1
    "T": lambda x: x.T,
    "real": lambda x: x.real,
    "conj": lambda x: x.conj(),
    "conjugate": lambda x: x.conjugate(),
    "item": lambda x: x.item(),
    "tolist": lambda x: x.tolist(),
    "sum": lambda x: x.sum(),
    "sum keepdims": lambda x: x.sum(keepdims=True),
    "prod": lambda x: x.prod(),
    "mean": lambda x: x.mean(),
    "max": lambda x: x.max(),
    "cumsum": lambda x: x.cumsum(),
    "reshape": lambda x: x.reshape(1, 1),
    "reshape()": lambda x: x.reshape(()),
    "ravel": lambda x: x.ravel(),
    "flatten": lambda x: x.flatten(),
    "squeeze": lambda x: x.squeeze(),
    "transpose": lambda x: x.transpose(),
    "repeat": lambda x: x.repeat(3),
    "take": lambda x: x.take(0),
    "copy": lambda x: x.copy(),
    "astype": lambda x: x.astype(np.complex128),
    "view": lambda x: x.view(),
    "clip": lambda x: x.clip(-1e3, 1e3),
}
PLAIN: dict[str, Callable[[Any], Any]] = {
    "dtype": lambda x: x.dtype,
    "shape": lambda x: x.shape,
    "ndim": lambda x: x.ndim,
    "size": lambda x: x.size,
    "itemsize": lambda x: x.itemsize,
    "nbytes": lambda x: x.nbytes,
    "strides": lambda x: x.strides,
    "argmax": lambda x: x.argmax(),
    "all": lambda x: x.all(),
    "round": lambda x: x.round(),
    "astype int": lambda x: x.astype(np.int64),
    "dtype ==": lambda x: x.dtype == float,
}


def kind_of(x: Any) -> Any:
    """All of a plain result: its type, dtype, shape and digits."""
    return type(x), getattr(x, "dtype", None), np.shape(x), repr(x)


@in_all_ways([name for name in NUMPYS if "complex" not in name])
def test_numpys_numbers_have_their_methods(package: ModuleType, order: int, name: str) -> None:
    number = NUMBERS[name]
    for what, ask in PLAIN.items():
        assert kind_of(asked(package, number, order, ask)) == kind_of(ask(number)), what
    for what, ask in LINEAR.items():
        value, tangent = package.jvp(ask, (number,), (type(number)(1),))
        assert kind_of(value) == kind_of(ask(number)), what
        assert np.array_equal(tangent, ask(type(number)(1))), what


@pytest.mark.skipif(not dualad.kernel_info().in_use, reason="only compiled numbers have them")
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.longdouble, np.complex128])
def test_numpys_numbers_have_elements(kind: Any) -> None:
    number = kind(2.5)
    for index in ((), None, ..., (None, ...), (None, None)):
        value, tangent = jvp(lambda x, i=index: x[i], (number,), (kind(1.0),))
        assert kind_of(value) == kind_of(number[index]), index
        assert np.array_equal(tangent, np.ones(np.shape(value)))
        assert derivative(lambda x, i=index: np.sum(x[i] ** 3))(number) == 18.75
        third = derivative(lambda x, i=index: np.sum(x[i] ** 3), order=3)
        assert third(number) == 6.0
    for x in (number, Dual(number, 1.0), Dual(Dual(number, 1.0), Dual(number, 1.0))):
        with pytest.raises(IndexError, match="invalid index to scalar variable"):
            x[0]
        with pytest.raises(TypeError, match="not iterable"):
            iter(x)
        assert not np.iterable(x) and not hasattr(x, "__iter__")
    with pytest.raises(TypeError, match="would lose the derivative"):
        np.zeros(2, number.dtype)[0] = Dual(number, 1.0)
    for package in PACKAGES:
        with pytest.raises(TypeError, match="not subscriptable"):
            package.Dual(2.5, 1.0)[()]


def test_second_derivatives_through_methods() -> None:
    for f in (lambda x: (x**3).sum(), lambda x: (x.reshape(1) ** 3).sum() * x.T / x.item()):
        assert derivative(f, order=2)(np.float64(2.5)) == pytest.approx(15.0)


# -- what Python's numbers have ----------------------------------------------------------------


@in_all_ways(["float", "whole float", "np.float64"])
def test_what_floats_have(package: ModuleType, order: int, name: str) -> None:
    number = NUMBERS[name]
    for ask in (
        lambda x: x.is_integer(),
        lambda x: x.fromhex("0x1.8p1"),
        lambda x: (int(x), round(x), x.__round__()),
    ):
        assert asked(package, number, order, ask) == ask(number)
    for ask in (lambda x: x.hex(), lambda x: x.as_integer_ratio()):
        with pytest.raises(
            TypeError, match=r"would lose the derivative .* write getattr\(x, 'primal', x\)\."
        ):
            asked(package, number, order, ask)


@pytest.mark.parametrize("package", PACKAGES)
def test_what_fractions_have(package: ModuleType) -> None:
    half = package.Dual(Fraction(1, 2), Fraction(1))
    with pytest.raises(
        AttributeError, match=r"x\.numerator would lose .* write getattr\(x, 'primal', x\)"
    ):
        half.numerator  # noqa: B018
    with pytest.raises(TypeError, match=r"x\.limit_denominator\(\) would lose"):
        half.limit_denominator(3)


# -- as objects ----------------------------------------------------------------------------------


@dataclasses.dataclass
class Point:
    x: float
    label: str = "p"


@in_all_ways()
def test_it_is_copied_and_pickled_as_a_dual(package: ModuleType, order: int, name: str) -> None:
    def copies(x: Any) -> bool:
        given = (
            *(copy.copy(x), copy.deepcopy(x), copy.deepcopy([x])[0]),
            *(pickle.loads(pickle.dumps(x, protocol)) for protocol in range(2, 6)),
            *(dataclasses.asdict(Point(x))["x"], dataclasses.replace(Point(0.0), x=x).x),
        )
        return all(
            type(y) is type(x)
            and isinstance(y, package.Dual)
            and y.__class__ is x.__class__
            and np.all(y == x)
            and y.level == x.level
            and np.all(y.tangent == x.tangent)
            for y in given
        )

    assert asked(package, NUMBERS[name], order, copies)


@in_all_ways(["float", "np.float64", "array"])
def test_its_json_is_that_of_the_plain_number(package: ModuleType, order: int, name: str) -> None:
    for options in ({}, {"indent": 1}):

        def text(x: Any, o: Any = options) -> str:
            return json.dumps({"x": [x, None]}, **o)

        if name == "array":
            with pytest.raises(TypeError, match="is not JSON serializable"):
                asked(package, NUMBERS[name], order, text)
        else:
            assert asked(package, NUMBERS[name], order, text) == text(NUMBERS[name])


def test_a_dual_made_by_hand_is_no_json() -> None:
    with pytest.raises(TypeError, match="is not JSON serializable"):
        lift(json.dumps)(Dual(1.0, 1.0))
    with pytest.raises(TypeError, match="is not JSON serializable"):
        json.dumps(Dual(1.0, 1.0))


def test_what_it_really_is() -> None:
    for package, other in (PACKAGES, PACKAGES[::-1]):
        for number in NUMBERS.values():
            x = asked(package, number, 1, lambda x: x)
            assert isinstance(x, package.Dual)
            assert isinstance(x, (str, package.Dual))
            assert not isinstance(x, other.Dual)
            assert not isinstance(number, package.Dual)
    assert issubclass(type(Dual(np.ones(2), np.ones(2))), Dual)
    assert not issubclass(float, Dual) and not isinstance(Dual, Dual)
    assert {"primal", "tangent", "is_integer"} <= set(dir(Dual(2.5, 1.0)))
    assert repr(Dual(2.5, 1.0)) == repr(pure.Dual(2.5, 1.0)) == "Dual(2.5, 1.0)"


# -- functions that ask ------------------------------------------------------------------------


def test_branches_are_those_of_the_plain_run() -> None:
    def by_kind(q: Any) -> Any:
        if not isinstance(q, (int, float, np.ndarray)):
            return 0.0
        return q**2 if np.isscalar(q) else np.sum(q**3)

    def by_attribute(q: Any) -> Any:
        return np.sum(q**3) if hasattr(q, "shape") else q**2

    def by_number(q: Any) -> Any:
        return q**2 if isinstance(q, numbers.Real) else 0.0

    for f, numbers_right, arrays_right in (
        (by_kind, (9.0, 6.0), (27.0, 27.0)),
        (by_attribute, (9.0, 6.0), (27.0, 27.0)),
        (by_number, (9.0, 6.0), None),
    ):
        assert value_and_grad(f)(3.0) == numbers_right
        if arrays_right is not None:
            assert value_and_grad(f)(np.array(3.0)) == arrays_right
    assert value_and_grad(by_attribute)(np.float64(3.0)) == (27.0, 27.0)
    assert derivative(by_attribute, order=2)(3.0) == 2.0
    assert value_and_grad(lambda v: by_attribute(v[0]))(np.array([3.0]))[0] == 27.0


@pytest.mark.parametrize("package", PACKAGES)
def test_number_systems_leave_operations_to_duals(package: ModuleType) -> None:
    slope = package.derivative
    assert slope(lambda x: Fraction(1, 4) * x + x / Fraction(1, 2))(3.0) == 2.25
    assert slope(lambda x: x**2 if Fraction(1, 2) < x else x)(3.0) == 6.0
    assert slope(lambda x: x**2 if Fraction(3) == x else x)(3.0) == 6.0
    assert slope(lambda x: mpf(2) * x + x * mpf(2))(3.0) == 4.0
    assert slope(lambda x: mpf(2) - x**2 if mpf(2) < x else x)(3.0) == -6.0
    with pytest.raises(TypeError):
        slope(Fraction)(3.0)


def test_arrays_are_viewed_as_arrays_only() -> None:
    v = np.array([3.0, 4.0])
    assert np.array_equal(jacobian(lambda a: a.view(np.ndarray)[::-1])(v), [[0, 1], [1, 0]])
    assert np.array_equal(jacobian(lambda a: a.view(np.float64))(v), np.eye(2))
    with pytest.raises(TypeError, match=r"read the memory .* write x\.astype"):
        jacobian(lambda a: a.view(np.int64))(v)
    with pytest.raises(TypeError, match="duals do not go with MaskedArray"):
        jacobian(lambda a: a.view(np.ma.MaskedArray))(v)
