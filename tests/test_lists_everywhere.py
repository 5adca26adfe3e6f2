"""Every function of NumPy, on lists of all forms with duals in them, as on the array of them."""

from __future__ import annotations

import ctypes
import inspect
import re
import warnings
from array import array
from collections import UserList, deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from dualad import derivative, jvp, value_and_grad

Call = Callable[[Any, Any], Any]


class Sequence:
    """What NumPy takes apart as it does a list."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, i: Any) -> Any:
        return self.parts[i]


FORMS: dict[str, Callable[[Any], Any]] = {
    "list": lambda x: [x, 1.0, 2.5],
    "nested": lambda x: [[x, 1.0], [2.5, x]],
    "tuple": lambda x: (x, 2.0),
    "tuples": lambda x: ((x, 2.0), (0.5, 3.0)),
    "deque": lambda x: deque([x, 1.0, 2.5]),
    "UserList": lambda x: UserList([x, 1.0, 2.5]),
    "sequence": lambda x: Sequence(x, 1.0, 2.5),
    "of arrays": lambda x: [np.array([1.0, 2.0]) * x, np.array([3.0, 0.5])],
    "mixed": lambda x: [[x, 1.0], np.array([2.0, 3.0])],
    "of np.float64": lambda x: [np.float64(1) * x, 2.0],
    "ragged": lambda x: ([x, 1.0], [x]),
    "cube": lambda x: [[[x, 1.0], [2.5, x]], [[0.5, x], [1.0, 3.0]]],
}
CALLS: dict[str, Call] = {
    "x": lambda f, x: f(x),
    "x, x": lambda f, x: f(x, x),
    "a, x": lambda f, x: f(np.array([1.0, 2.0, 3.5]), x),
    "b, x": lambda f, x: f(np.array([1.0, 2.0]), x),
    "x, a": lambda f, x: f(x, np.array([1.0, 2.0, 3.5])),
    "x, 1": lambda f, x: f(x, 1),
    "1, x": lambda f, x: f(1, x),
    "m, x, a": lambda f, x: f([True, False, True], x, np.array([1.0, 2.0, 3.5])),
    "1, a, x": lambda f, x: f(1.5, np.array([1.0, 2.0, 3.5]), x),
}
# Arguments that are numbers of places, orders and the like, and no arrays.
NO_ARRAYS = {
    *("ord", "axis", "indices", "indices_or_sections", "q", "sorter", "decimals", "repeats"),
    *("return_index", "obj", "side", "n", "deg", "fweights", "minlength", "rcond", "rtol", "tol"),
    *("bins", "lengths", "range"),
}
# Steps and counts, whose differences are those of a staircase; the kinks of clip; what is undefined.
NO_SLOPE = {"round", "around", "rint", "clip", "histogram", "histogram2d", "histogramdd"}
UNDEFINED = {"empty_like", "piecewise"}  # without a function, piecewise fills with the numbers
# Functions that NumPy itself gives lists as lists, or that cut floats in lists, not in arrays.
OF_LISTS = {"trim_zeros", "bincount", "intersect1d"}
REFUSED = {"nextafter", "pinv", "asmatrix", "bmat", "busday_count"}
OF_NUMPY = {"test", "info", "show_config", "show_runtime"}  # about itself


def functions() -> Iterator[Any]:
    for module in (np, np.linalg, np.fft):
        for name in sorted(module.__all__):
            f = getattr(module, name)
            is_function = callable(f) and not isinstance(f, type) and not name.startswith("_")
            if is_function and name not in UNDEFINED | OF_LISTS | REFUSED | OF_NUMPY:
                yield pytest.param(f, id=f"{module.__name__}.{name}")


def has_sense(f: Any, call: str) -> bool:
    """Whether no list is given for a flag or a count."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return True
    given = zip(call.split(", "), parameters, strict=False)
    return not any(
        x == "x" and (isinstance(p.default, (bool, str)) or p.name in NO_ARRAYS) for x, p in given
    )


def kinds(y: Any) -> Any:
    if isinstance(y, (list, tuple)):
        return type(y).__name__, *map(kinds, y)
    if isinstance(y, (np.ndarray, np.generic)):
        return type(y).__name__, str(y.dtype), y.shape, y.tobytes()
    return type(y).__name__, repr(y)


def numbers(y: Any) -> Any:
    parts = y if isinstance(y, (list, tuple)) else [y]
    return np.concatenate([np.ravel(np.asarray(v)) for v in parts])


def slope(f: Callable[[float], Any], x: float, h: float) -> Any:
    return (numbers(f(x + h)) - numbers(f(x - h))) / (2 * h)


def is_of_numbers(y: Any) -> bool:
    if isinstance(y, (list, tuple)):
        return len(y) > 0 and all(map(is_of_numbers, y))
    return isinstance(y, (np.ndarray, np.generic, float)) and np.asarray(y).dtype.kind in "fciu"


@pytest.mark.parametrize("f", list(functions()))
def test_functions_take_lists_as_arrays(f: Any) -> None:
    for form, make in FORMS.items():
        for text, call in CALLS.items():
            if not has_sense(f, text):
                continue

            def g(x: Any, make: Any = make, call: Any = call) -> Any:
                return call(f, make(x))

            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                try:
                    plain = g(0.75)
                except Exception:
                    continue
                if not is_of_numbers(plain):
                    continue
                value, tangent = jvp(g, (0.75,), (1.0,), lift=True)
                assert kinds(value) == kinds(plain), (form, text)
                if f.__name__ in NO_SLOPE or numbers(plain).dtype.kind not in "fc":
                    continue
                wanted = (4 * slope(g, 0.75, 5e-6) - slope(g, 0.75, 1e-5)) / 3
            if np.all(np.isfinite(wanted)):
                np.testing.assert_allclose(numbers(tangent), wanted, 1e-5, 1e-6, err_msg=text)


# -- what has no duals is handed on as it is -----------------------------------------------


class Summed(Sequence):
    """A sequence with a method that NumPy calls in place of its own."""

    def sum(self, *_: Any, **__: Any) -> Any:
        return self.parts[0] * 7.0


class Given:
    """What gives an array of itself."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.arange(3.0)

    def __len__(self) -> int:
        return 1

    def __getitem__(self, i: int) -> float:
        raise AssertionError("NumPy does not ask for items")


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.cumsum(np.multiply(array("b", [100, 100]), array("b", [2, 2]))) * x,
        lambda x: np.cumsum(array("f", [0.1, 0.2])).astype(float) * x,
        lambda x: np.cumsum((ctypes.c_float * 2)(0.1, 0.2)).astype(float) * x,
        lambda x: np.sum(Summed(x, 1.0)),
        lambda x: np.sum(Summed(2.0, 1.0)) * x,
        lambda x: np.cumsum(Given()) * x,
        lambda x: np.sum(range(3)) * x,
        lambda x: np.size(["a", "b"]) * x,
    ],
)
def test_other_sequences_stay_as_they_are(f: Any) -> None:
    value, slope = jvp(f, (0.75,), (1.0,), lift=True)
    assert kinds(value) == kinds(f(0.75))
    np.testing.assert_allclose(slope, (f(0.75 + 1e-6) - f(0.75 - 1e-6)) / 2e-6, 1e-9)


def test_traces_of_sparse_arrays() -> None:
    scipy_sparse = pytest.importorskip("scipy.sparse")
    a = scipy_sparse.csr_array(np.eye(2))
    assert derivative(lambda x: a.trace() * x, lift=True)(2.0) == 2.0
    for lift in (True, False):
        with pytest.raises(Exception) as plain:
            np.trace(a)
        with pytest.raises(type(plain.value), match=re.escape(str(plain.value))):
            derivative(lambda x: np.trace(a) * x, lift=lift)(2.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum([[x, 1.0], [x]]),
        lambda x: np.array([[x, 1.0], 2.0]).sum(),
        lambda x: np.dot([x, 1.0], [x, 1.0, 2.0]),
        lambda x: np.cumsum([x, 1.0], axis=1)[0],
    ],
)
def test_errors_are_those_of_numpy(f: Any) -> None:
    with pytest.raises(Exception) as plain:
        f(0.75)
    with pytest.raises(type(plain.value)) as raised:
        derivative(f, lift=True)(0.75)
    assert str(raised.value) == str(plain.value)


def test_results_go_where_out_says() -> None:
    def f(x: Any) -> Any:
        a = np.zeros(3)
        np.concatenate(([x, 1.0], [x * x]), out=a)
        b = np.zeros(2)
        np.cumsum(deque([x, 2.0 * x]), 0, None, b)
        return (a * [1.0, 2.0, 3.0]).sum() + b[1] + np.einsum("i,i", b, [0.0, 0.0])

    assert value_and_grad(f)(2.0) == (f(2.0), 16.0)


# -- operators and methods -----------------------------------------------------------------

W = np.random.default_rng(1).normal(size=(5, 5))
V = W[0].copy()


def in_variables(x: Any) -> Any:
    p = [x, 1.0, 2.0, x * x, -0.5]
    q = p
    return (V * p).sum() + (W @ q)[1] + (V - p)[0]


def in_place(x: Any) -> Any:
    a = np.zeros(2)
    a += [x, 2.0]
    a -= (x * x, 1.0)
    return a[0] * a[1]


def in_place_of_a_list(x: Any) -> Any:
    a: Any = [x, 1.0, 2.0, x * x, -0.5]
    b = a
    a -= V  # which makes an array, and leaves the list as it is
    c: Any = (x, 2.0)
    c *= W[0, :2]
    d: Any = [x, 2.0]
    d += W[1, :2]
    e: Any = [x, 3.0]
    e **= np.float64(2.0)
    return a, a[0] * b[3] + c[1] * c[0] + d[0] + e[0]


OPERATORS: dict[str, Callable[[Any], Any]] = {
    "@": lambda x: W @ [x, 0.3, x * x, 0.7, 1.1],
    "@ on the right": lambda x: [x, 0.3, x * x, 0.7, 1.1] @ W,
    "*": lambda x: (V * [x, 0.3, x * x, 0.7, 1.1]).sum(),
    "- on the right": lambda x: ([x, 1.0, 2.0, 3.0, x] - V).mean(),
    "/ and [0]": lambda x: (V / [x, 1.0, 2.0, 3.0, x])[0],
    "**": lambda x: np.abs(V) ** (x, 1.0, 2.0, 3.0, x),
    "//": lambda x: (V // [x, 1.0, 2.0, 3.0, x]).sum() * x,
    "of a comprehension": lambda x: (V * [x * i for i in range(5)]).sum(),
    "of a list repeated": lambda x: (V * ([x] * 5)).sum(),
    "with a number of NumPy": lambda x: (np.float64(2.0) - [x, 1.0])[0],
    "of lists alone": lambda x: ([x] + [1.0, x] * 2)[-1] * x,
    "of tuples alone": lambda x: len((x, *((1.0,) * 2 + (x,)))) * x,
    "dot": lambda x: V.dot([x, 0.3, x * x, 0.7, 1.1]),
    "searchsorted": lambda x: np.arange(5.0).searchsorted([x, 2.0]) * x,
    "joined": lambda x: np.concatenate(([x, 1.0], [x])).sum() + np.stack([[x], [1.0]])[0, 0],
    "pairs of fillings": lambda x: np.pad(
        np.array([[x, 2.0]]), ((1, 1), (0, 0)), constant_values=(x * 2, x * 3)
    )[-1].sum(),
    "filling of plain numbers": lambda x: np.pad(np.ones(2), 1, constant_values=x)[0],
    "fillings of a plain list": lambda x: np.pad([1.0, 2.0], 1, constant_values=(x, x * x)).prod(),
    "filling of whole numbers": lambda x: x * np.pad([1, 2], 1, constant_values=x)[0],
    "ends of ramps of plain numbers": lambda x: np.pad(
        np.ones(2), 2, "linear_ramp", end_values=x
    ).prod(),
    "fillings of a list": lambda x: np.pad([x, 1.0], 1, constant_values=(x, 2 * x))[3],
    "ends of ramps": lambda x: np.pad([x, 1.0], 2, "linear_ramp", end_values=(x, x * x)).prod(),
    "in variables": in_variables,
    "in place": in_place,
    "in place of a list": in_place_of_a_list,
}


@pytest.mark.parametrize("lift", [None, True])
@pytest.mark.parametrize("f", OPERATORS.values(), ids=OPERATORS)
def test_operators_take_lists_as_arrays(f: Any, lift: bool | None) -> None:
    value, tangent = jvp(f, (0.75,), (1.0,), lift=lift)
    assert kinds(value) == kinds(f(0.75))
    wanted = (4 * slope(f, 0.75, 5e-6) - slope(f, 0.75, 1e-5)) / 3
    np.testing.assert_allclose(numbers(tangent), wanted, 1e-6)


def test_a_list_is_not_multiplied_by_a_number_of_numpy() -> None:
    with pytest.raises(TypeError, match="can't multiply sequence by non-int"):
        derivative(lambda x: (np.float64(2.0) * [x, 1.0])[0], lift=True)(0.75)


@pytest.mark.usefixtures("counted_looks")
def test_functions_that_make_arrays_of_objects_are_lifted_once() -> None:
    calls: list[float] = []

    def f(x: Any) -> Any:
        calls.append(1)
        return (V * [x, 1.0, 2.0, 3.0, x]).sum()

    g = derivative(f)
    first = g(0.75), len(calls)
    assert (g(0.75), len(calls) - first[1]) == (first[0], 1)
