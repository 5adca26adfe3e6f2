"""The kind of every number and array in the middle of a function is that of the plain run.

Each row is asked of plain numbers and of duals, and the answers are compared whole: the type, the
dtype, the shape, the digits, where an array lies, and whether it is another view of its argument.
"""

from __future__ import annotations

import collections.abc
import functools
import itertools
import math
import operator
import re
import typing
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from support.both import PACKAGES

import dualad
from dualad import Dual, derivative, grad, jacobian, jvp
from dualad.array.operands import unbuffered

Row = Callable[[Any], Any]

both = pytest.mark.parametrize("package", PACKAGES, ids=["compiled", "readable"])


def stripped(x: Any) -> Any:
    """The plain number or array in x."""
    x = unbuffered(x)
    while hasattr(type(x), "tangent") or isinstance(x, tuple(p.Dual for p in PACKAGES)):
        x = x.primal
    return x


def kind_of(x: Any) -> Any:
    """All that can be told of a result: its type, its digits, and how it lies in memory."""
    if isinstance(x, (list, tuple)):
        return type(x).__name__, [kind_of(part) for part in x]
    x = stripped(x)
    if isinstance(x, np.ndarray):
        flags = x.flags.c_contiguous, x.flags.f_contiguous, x.flags.writeable
        numbers = [kind_of(part) for part in x.ravel().tolist()]
        return "array", x.dtype.str, x.shape, x.strides, flags, numbers
    return type(x).__name__, repr(x)


def asked(package: ModuleType, f: Row, x: Any, lift: bool | None = True) -> Any:
    """What f, asked inside a derivative, says of the dual of x."""
    answers: list[Any] = []

    def g(x: Any) -> Any:
        answers.append(f(x))
        return x

    one = np.ones_like(x) if isinstance(x, (np.ndarray, np.generic)) else type(x)(1)
    package.jvp(g, (x,), (one,), lift=lift)
    return answers[0]  # f may be called again, elsewhere


def told(text: str, y: Any, x: Any) -> Any:
    """All that can be told of y, and whether it is x, or shares memory with it."""
    if "nditer" in text:  # its elements are copies here
        return [(np.shape(v), repr(stripped(v).item())) for v in y]
    here, there = stripped(y), stripped(x)
    are_arrays = isinstance(here, np.ndarray) and isinstance(there, np.ndarray)
    return kind_of(y), are_arrays and np.shares_memory(here, there), are_arrays and y is x


# -- arrays and their views ----------------------------------------------------------------------

_CUBE = np.arange(1.0, 25.0).reshape(2, 3, 4)
_MATRIX = np.arange(1.0, 7.0).reshape(2, 3)
LAYOUTS: dict[str, Any] = {
    "cube": _CUBE,
    "columns first": np.asfortranarray(_CUBE),
    "with gaps, reversed": _CUBE[:, ::2, ::-1],
    "vector": np.arange(1.0, 7.0),
    "vector with gaps": np.arange(1.0, 13.0)[::2],
    "reversed vector": np.arange(1.0, 7.0)[::-1],
    "one element": np.array([2.0]),
    "matrix": _MATRIX,
    "transpose": _MATRIX.T,
    "square": np.arange(1.0, 17.0).reshape(4, 4),
    "column": np.array([[1.0], [2.0]]),
    "axes of length 1": np.ones((1, 1, 3, 1)),
    "broadcast": np.broadcast_to(np.arange(1.0, 4.0), (2, 3)),
    "complex": _MATRIX + 1j,
    "single precision": _MATRIX.astype(np.float32),
    "without axes": np.array(2.0),
    "np.float64": np.float64(2.0),
    "np.float32": np.float32(2.5),
    "float": 2.5,
}
_VIEWS = """
    np.asarray(x)  np.atleast_1d(x)  np.atleast_2d(x)  np.atleast_3d(x)  x[...]  x[None]  x[...,None]
    x[()]  x[::-1]  x[1:]  x[0:1]  x[0]  x[...,0]  x[...,::2]  x[[0]]  x[x>1]  x.T  x.mT  x.real
    x.imag  x.ravel()  x.ravel("F")  x.ravel("K")  x.ravel("A")  np.ravel(x)  x.flatten()
    x.reshape(-1)  x.reshape(-1,1)  x.reshape(1,-1)  x.reshape(-1,order="F")  x.reshape(x.shape)
    x.reshape(x.shape[::-1])  x.reshape((1,)+x.shape)  np.reshape(x,-1,copy=True)
    np.expand_dims(x,0)  np.expand_dims(x,-1)  np.expand_dims(x,(0,2))  np.squeeze(x)  x.squeeze()
    np.squeeze(x,0)  np.broadcast_to(x,(2,*np.shape(x)))  np.swapaxes(x,0,1)  x.swapaxes(0,-1)
    np.moveaxis(x,0,-1)  np.rollaxis(x,-1)  np.transpose(x)  np.permute_dims(x)
    np.matrix_transpose(x)  np.diagonal(x)  x.diagonal()  np.diag(x)  np.flip(x)  np.flip(x,0)
    np.fliplr(x)  np.rot90(x)  np.rot90(x,2)  np.rot90(x,-1)  np.split(x,1)[0]  np.array_split(x,2)
    np.hsplit(x,1)  np.vsplit(x,1)  np.dsplit(x,1)  np.real(x)  np.imag(x)  np.conj(x)  x.conj()
    np.copy(x)  x.copy()  x.copy("K")  np.array(x)  np.array(x,ndmin=2)  np.array(x,order="F")
    np.ascontiguousarray(x)  np.asfortranarray(x)  x.view()  x.astype(float,copy=False)
    x.astype(np.float32)  np.astype(x,np.float32)  np.meshgrid(x,x)[0]  np.take(x,[0],0)
    np.repeat(x,2,0)  np.tile(x,2)  np.roll(x,1)  np.sort(x)  np.delete(x,0,0)  np.append(x,1.0)
    np.concatenate([x,x])  np.concatenate([x,x],-1)  np.stack([x,x],-1)  np.vstack([x,x])
    np.column_stack([x,x])  np.tril(x)  np.where(x>1,x,0)  np.pad(x,1)  np.diff(x)
    np.cumsum(x,0)  np.cumulative_sum(x,axis=0,include_initial=True)  np.sum(x,0)
    np.sum(x,-1,keepdims=True)  np.mean(x,0)  np.max(x,-1)  np.outer(x,x)  np.einsum("ij->ji",x)
    np.einsum("ii->i",x)  np.einsum("...i->i...",x)  x*x  x+x.T  -x  np.add(x,1,order="F")
    np.zeros_like(x)  np.array([x,x])  np.asarray([x])  np.float64(x)  x.tolist()  list(x)
    list(x.flat)  x.flat[0]  list(np.nditer(x))  list(np.ndenumerate(x))  x==x  x>1  np.isnan(x)
    np.argsort(x)  np.nonzero(x)  x*2  x*np.int64(2)  x*np.float32(2)  x*np.array(2.5)  x*1j  2.5-x
    np.float64(2)*x  np.float32(2)*x  np.ones(1,np.float32)*x  x//1  x%2  divmod(x,2)  np.round(x,1)
    np.modf(x)  np.sign(x)  np.linspace(0,x,3)  np.result_type(x,np.float32)  np.iscomplexobj(x)
    x+np.int64(3)  np.int64(3)-x  x/np.int64(0)  np.int64(3)/x  x**np.int64(-2)  np.int64(2)**x
    x%np.int64(2)  np.int64(7)//x  divmod(x,np.int64(-2))  x<np.int64(3)  np.int64(2)==x
    x*np.int64(2**53+1)  np.int64(-2**63)+x  np.hypot(x,np.int64(3))  x*np.int32(3)  np.uint8(3)-x
"""
VIEWS = _VIEWS.split()


@both
@pytest.mark.parametrize("layout", LAYOUTS)
def test_results_are_of_the_kind_of_the_plain_run(package: ModuleType, layout: str) -> None:
    number = LAYOUTS[layout]
    is_readable = not package.kernel_info().in_use
    tried = 0
    for text in VIEWS:
        if is_readable and layout.startswith("np.") and "[" in text:
            continue  # only compiled numbers have elements
        f = eval(f"lambda x: {text}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                right = told(text, f(number), number)
            except (TypeError, ValueError, IndexError, AttributeError):
                continue
            tried += 1
            y, x = asked(package, lambda x, f=f: (f(x), x), number)
        assert told(text, y, x) == right, text
    assert tried > 40


def test_what_plain_numpy_refuses_is_refused() -> None:
    cube, vector = np.ones((2, 2, 2)), np.ones(2)
    refused: list[tuple[Row, Any]] = [(np.diag, cube), (lambda v: np.vsplit(v, 2)[0], vector)]
    for f, x in refused:
        with pytest.raises(ValueError, match=r"Input must be|2 or more dimensions"):
            f(x)
        with pytest.raises(ValueError, match=r"Input must be|2 or more dimensions"):
            jvp(f, (x,), (x,))


def test_elements_come_in_the_order_in_which_they_lie() -> None:
    a = np.arange(6.0).reshape(2, 3)
    for x in (a, a.T, a[:, ::-1], a[::-1, ::-1], a[::-1].T, a[0, ::-1], a[:, ::2], a + 1j):

        def f(x: Any, y: Any = x) -> Any:
            pairs = [v.item() * w.item() for v, w in np.nditer([x, y])]
            return np.array(pairs + [v.item() for v in np.nditer(x)])

        assert np.array_equal(stripped(asked(dualad, f, x)), f(x))
    with pytest.raises(ValueError, match="zero-sized"):
        asked(dualad, lambda x: list(np.nditer(x)), np.ones((0, 2)))


def test_axes_that_are_added_keep_the_derivatives() -> None:
    v = np.array([1.0, 2.0, 3.0])
    for f in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
        for shape in ((3,), (3, 1), (1, 3, 1)):
            j = jacobian(lambda x, f=f, s=shape: f((x**3).reshape(s)))(v)
            np.testing.assert_allclose(j.reshape(3, 3), np.diag(3 * v**2), rtol=1e-15)
    rows = np.atleast_2d(np.ones(3), v)
    found = jvp(lambda x: np.atleast_2d(np.ones(3), x), (v,), (v,))
    assert [np.shape(x) for x in found[0]] == [x.shape for x in rows]


# -- objects -------------------------------------------------------------------------------------

VALUES = np.array([0.3, 1.7, 2.2, 0.9, 1 / 3, 0.7, 0.1, 1e16, 3.3, 2.2])


def division(v: Any) -> Any:
    try:
        return 1 / (v - v)
    except ZeroDivisionError:
        return v / 3


OBJECTS: dict[str, Row] = {
    "elements": lambda x: np.frompyfunc(lambda v: v.__class__.__name__, 1, 1)(x),
    "a branch": lambda x: np.frompyfunc(division, 1, 1)(x),
    "sum": lambda x: np.frompyfunc(lambda v: v * v / 3, 1, 1)(x).sum(),
    "prod": lambda x: np.frompyfunc(lambda v: v * v / 3, 1, 1)(x).prod(),
    "several": lambda x: np.frompyfunc(lambda v: (v * 2, v > 1), 1, 2)(x),
    "with a number": lambda x: np.frompyfunc(lambda v, w: v * w, 2, 1)(x, np.float64(0.7)),
    "reduce": lambda x: np.frompyfunc(lambda v, w: v * w + 1, 2, 1).reduce(np.ravel(x)),
    "accumulate": lambda x: np.frompyfunc(lambda v, w: v * w + 1, 2, 1).accumulate(np.ravel(x)),
    "outer": lambda x: np.frompyfunc(lambda v, w: v * w + 1, 2, 1).outer(x, x),
    "NumPy's in them": lambda x: np.frompyfunc(np.sin, 1, 1)(x),
    "astype": lambda x: np.asarray(np.frompyfunc(lambda v: v / 3, 1, 1)(x)).astype(float).sum(),
    "array of them": lambda x: np.array(np.frompyfunc(lambda v: v / 3, 1, 1)(x), dtype=float),
    "and back": lambda x: np.asarray(x).astype(object).astype(float),
    "sum of objects": lambda x: np.asarray(x).astype(object).sum(),
    "asarray": lambda x: [type(v) for v in np.asarray(x, dtype=object).ravel()],
    "vectorize": lambda x: np.vectorize(lambda v: v * v)(x),
    "vectorize to objects": lambda x: np.vectorize(lambda v: v * v, otypes=[object])(x),
    "stored": lambda x: [type(v) for v in filled(np.shape(x), x).flat],
}


def filled(shape: Any, x: Any) -> Any:
    a = np.empty(shape, object)
    a[...] = x
    return a


@both
@pytest.mark.parametrize("name", OBJECTS)
def test_objects_are_those_of_the_plain_run(package: ModuleType, name: str) -> None:
    f = OBJECTS[name]
    for x in (VALUES, VALUES[::2].reshape(1, 5).T, np.float64(1.3), np.array(1.3), 1.3):
        if name in ("asarray", "stored") and not isinstance(x, np.ndarray):
            continue  # a number is kept as it is
        if name in ("sum", "prod") and not np.ndim(x):
            continue  # it is a float, which has no such method
        assert kind_of(asked(package, f, x)) == kind_of(f(x)), x


def test_objects_keep_their_derivatives() -> None:
    cube = np.frompyfunc(lambda v: v * v * v, 1, 1)
    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(grad(lambda x: cube(x).sum())(x), 3 * x**2)
    np.testing.assert_array_equal(jacobian(lambda x: cube(x).astype(float))(x), np.diag(3 * x**2))
    np.testing.assert_array_equal(jacobian(cube)(x), np.diag(3 * x**2))
    assert jacobian(lambda x: cube(x).astype(float), lift=True)(x).dtype == np.float64


# -- operators -----------------------------------------------------------------------------------

_NUMBERS = (0.0, -0.0, 1.0, -2.5, 3.0, math.inf, -math.inf, math.nan, 5e-324, 1e-310, 1.7e308, 0.1)
PAIRS = [
    *itertools.product(_NUMBERS, _NUMBERS),
    *np.random.default_rng(5).uniform(0.1, 9, (200, 2)).tolist(),
]
NUMBER_KINDS: dict[str, Callable[[float], Any]] = {
    "float": float,
    "np.float64": np.float64,
    "np.float32": np.float32,
    "array": np.array,
}
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "np.power": lambda a, b: np.power(a, b),
    "divmod": divmod,
    **{f.__name__: f for f in (operator.mul, operator.sub, operator.truediv, operator.pow)},
}


def outcome(f: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return kind_of(f(a, b))
        except (ArithmeticError, ValueError) as error:
            return type(error).__name__


@both
@pytest.mark.parametrize("name", OPERATORS)
def test_operators_of_all_kinds_give_the_bits_of_the_plain_run(
    package: ModuleType, name: str
) -> None:
    f = OPERATORS[name]
    for left, right in itertools.product(NUMBER_KINDS.values(), NUMBER_KINDS.values()):
        for v, w in PAIRS:
            with np.errstate(over="ignore"):
                a, b = left(v), right(w)
            expected = outcome(f, a, b)
            if "complex" in str(expected):  # a negative base
                continue
            x, y = package.Dual(a, left(1.0)), package.Dual(b, right(1.0))
            assert outcome(f, x, y) == outcome(f, a, y) == outcome(f, x, b) == expected, (a, b)


LARGE = (10**400, -(10**400), 2**1024, 2**1024 - 2**970 - 1, 2**53 + 1, 10**25)  # no floats
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    **{f.__name__: f for f in (operator.lt, operator.le, operator.eq, operator.ne)},
    **{f.__name__: f for f in (operator.gt, operator.ge)},
    "min": min,
}


@both
@pytest.mark.parametrize("kind", [float, np.float64])
@pytest.mark.parametrize("name", COMPARISONS | OPERATORS)
def test_whole_numbers_that_are_no_floats(package: ModuleType, kind: Any, name: str) -> None:
    f = (COMPARISONS | OPERATORS)[name]
    for value, n in itertools.product((0.7, -0.7, 2.0**53, 1e25, math.inf, math.nan), LARGE):
        number = kind(value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected = [kind_of(f(number, n)), kind_of(f(n, number))]
            except (ArithmeticError, TypeError):  # the latter of np.power
                continue
        if "complex" not in str(expected):  # a negative base
            x = package.Dual(number, kind(1.0))
            assert [outcome(f, x, n), outcome(f, n, x)] == expected, (number, n)


@both
def test_a_number_that_is_not_whole_has_no_power_to_a_modulus(package: ModuleType) -> None:
    for number in (1.5, np.float64(1.5)):
        with pytest.raises(TypeError) as plain:
            pow(number, 2, 3)  # type: ignore[call-overload]
        x = package.Dual(number, 1.0)
        with pytest.raises(TypeError, match=re.escape(str(plain.value))):
            pow(x, 2, 3)
        for numbers in ((2, x, 3), (2, 3, x)):
            with pytest.raises(TypeError, match="pow"):
                pow(*numbers)


_pow = operator.pow
CALLED: dict[str, Callable[[Any, Any], Any]] = {
    "operator.pow": lambda a, b: operator.pow(a, b),
    "another name": lambda a, b: _pow(a, b),
    "pow": lambda a, b: pow(a, b),
    "reduce": lambda a, b: functools.reduce(operator.pow, [a, b]),
    "map": lambda a, b: next(map(pow, [a], [b])),
    "accumulate": lambda a, b: list(itertools.accumulate([a, b], operator.pow))[-1],
}


@both
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_an_operator_may_be_called_by_its_function(package: ModuleType, kind: Any) -> None:
    pairs = [(kind(a), kind(b)) for a, b in PAIRS[-200:]]
    assert any(a**b != np.power(a, b) for a, b in pairs)  # they round otherwise
    for name, f in CALLED.items():
        for a, b in pairs:
            assert kind_of(f(a, package.Dual(b, kind(1)))) == kind_of(a**b), (name, a, b)
    for a, b in pairs:
        x = package.Dual(b, kind(1))
        assert kind_of(np.power(a, x)) == kind_of(np.power(a, b)), (a, b)
        assert kind_of(np.power(a, sum([x, kind(0)]))) == kind_of(np.power(a, b)), (a, b)


# -- questions -----------------------------------------------------------------------------------

ASKED: dict[str, Any] = {
    "float": 2.5,
    "complex": 2.5 - 1.5j,
    "np.float64": np.float64(2.5),
    "np.float32": np.float32(2.5),
    "np.complex128": np.complex128(2.5 - 1.5j),
    "array": np.array([[2.5, 3.0]]),
}


@typing.runtime_checkable
class HasArray(typing.Protocol):
    def __array__(self) -> Any: ...


PROTOCOLS = (
    *(typing.SupportsIndex, typing.SupportsFloat, typing.SupportsInt, typing.SupportsComplex),
    *(typing.SupportsAbs, typing.SupportsRound, HasArray),
    *(getattr(collections.abc, name) for name in collections.abc.__all__),
)
NAMES = sorted({name for x in (*ASKED.values(), 2, [], "") for name in dir(x)})
NAMES = [name for name in NAMES if not re.match("_[a-z]", name)]  # those are NumPy's own


@pytest.mark.filterwarnings("ignore:'collections.abc.ByteString' is deprecated")
@both
@pytest.mark.parametrize("name", ASKED)
def test_lifted_code_is_told_what_the_number_is(package: ModuleType, name: str) -> None:
    def f(x: Any) -> Any:
        protocols = [p.__name__ for p in PROTOCOLS if isinstance(x, p)]
        return protocols, isinstance(x, PROTOCOLS), [n for n in NAMES if hasattr(x, n)]

    assert asked(package, f, ASKED[name]) == f(ASKED[name])


def test_a_dual_is_still_told_from_a_number_in_lifted_code() -> None:
    def f(x: Any) -> Any:
        return isinstance(x, Dual), isinstance(x, (str, Dual)), hasattr(x, "tangent")

    for x in ASKED.values():
        assert asked(dualad, f, x) == (True, True, True)
        assert f(x) == (False, False, False)


@both
@pytest.mark.parametrize("lift", [True, False])
def test_what_other_code_is_told(package: ModuleType, lift: bool) -> None:
    for name in ("np.float64", "array"):
        x = ASKED[name]
        for f in (
            lambda x: x.__array_namespace__() is np,
            lambda x: hasattr(x, "__array_namespace__"),
            lambda x: x.__array_priority__,
        ):
            assert asked(package, f, x, lift) == f(x), name
    assert asked(package, lambda x: x.base, np.float64(2.5), lift) is None


@pytest.mark.skipif(not dualad.kernel_info().in_use, reason="compiled numbers are told")
def test_a_compiled_dual_is_no_index() -> None:
    for number in (2.5, np.float64(2.5)):
        for order in (1, 2):
            said: list[Any] = []

            def f(x: Any, said: list[Any] = said) -> Any:
                said.append(isinstance(x, typing.SupportsIndex))
                said += [hasattr(x, "__index__"), hasattr(x, "__complex__")]
                return x * x

            derivative(f, order=order, lift=False)(number)
            assert said and not any(said)
        x = Dual(number, 1.0)
        with pytest.raises(TypeError, match=r"as an index or a count .* write int\(x\)"):
            [1, 2][x]
        with pytest.raises(TypeError, match="would lose the derivative"):
            complex(x)


# -- arguments -----------------------------------------------------------------------------------

GIVEN: dict[str, tuple[Any, Any]] = {  # what f sees of it where it is differentiated
    "int": (3, float),
    "bool": (True, float),
    "np.int64": (np.int64(3), np.float64),
    "np.uint8": (np.uint8(3), np.float64),
    "np.bool": (np.bool_(True), np.float64),
    "float": (3.0, float),
    "np.float64": (np.float64(3.0), np.float64),
    "np.float32": (np.float32(3.0), np.float32),
}


@both
@pytest.mark.parametrize("name", GIVEN)
def test_the_kinds_of_arguments(package: ModuleType, name: str) -> None:
    number, kind = GIVEN[name]
    for driver in (package.grad, package.derivative, package.jacobian, package.hessian):
        seen: list[Any] = []

        def f(x: Any, y: Any, seen: list[Any] = seen) -> Any:
            seen.append((type(stripped(x)), type(stripped(y))))
            return x * 1.0 + y * 0.0

        driver(f)(number, number)
        assert set(seen) == {(kind, type(number))}
        seen.clear()
        driver(f, argnums=1)(number, number)
        assert set(seen) == {(type(number), kind)}
    for there in ([number], (number,), {"a": number}):
        seen = []
        package.grad(lambda x, seen=seen: inner(x, seen))(there)
        assert set(seen) == {kind}


def inner(x: Any, seen: list[Any]) -> Any:
    (number,) = x.values() if isinstance(x, dict) else x
    seen.append(type(stripped(number)))
    return number * 1.0
