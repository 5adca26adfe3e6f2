"""Arrays that lifted code makes of memory, and of arrays, that something else holds."""

from __future__ import annotations

import array
import ctypes
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dualad import derivative

MEMORY: dict[str, Callable[[], Any]] = {
    "array": lambda: array.array("d", bytes(64)),
    "ctypes": lambda: (ctypes.c_double * 8)(),
    "memoryview": lambda: memoryview(array.array("d", bytes(64))),
}
CONVERTERS = (np.asarray, np.asanyarray, np.ascontiguousarray, np.require, np.asarray_chkfinite)


@pytest.mark.parametrize("convert", CONVERTERS)
@pytest.mark.parametrize("name", MEMORY)
def test_memory_of_others_takes_no_duals(name: str, convert: Any) -> None:
    def stored(x: Any) -> Any:
        memory = MEMORY[name]()
        convert(memory)[0] = x
        return memory[0] * 1.0

    def read(x: Any) -> Any:
        return convert(MEMORY[name]()).sum() + x

    def copied(x: Any) -> Any:
        v = np.array(MEMORY[name]())
        v[0] = x
        return v[0] * v[0]

    assert stored(0.7) == 0.7
    with pytest.raises(TypeError, match="would lose the derivative"):
        derivative(stored, lift=True)(0.7)
    assert derivative(read, lift=True)(0.7) == 1.0
    assert derivative(copied, lift=True)(0.7) == 1.4


def test_arrays_of_numbers_and_lists_with_more_axes_take_duals() -> None:
    def f(x: Any) -> Any:
        a, b = np.array(1.0, ndmin=1), np.array([1.0], ndmin=2)
        a[0], b[0, 0] = x, x
        return a[0] * b[0, 0]

    assert derivative(f, lift=True)(0.7) == 1.4


def test_an_array_that_an_object_holds_takes_no_duals() -> None:
    held = np.zeros(3)

    class Holder:
        __array_interface__ = held.__array_interface__

    def f(x: Any) -> Any:
        np.asarray(Holder())[0] = x
        return held[0] * 1.0

    with pytest.raises(TypeError, match="would lose the derivative"):
        derivative(f, lift=True)(0.7)


def test_arrays_in_arrays_of_objects_are_the_same_arrays() -> None:
    def beside(x: Any) -> Any:
        a = np.zeros(2)
        o = np.array([a, None], dtype=object)
        a[0] = x
        return o[0][0]

    def within(x: Any) -> Any:
        a = np.zeros(2)
        inner = [a, 1.0]
        o = np.array([inner, None], dtype=object)
        inner[1] = x
        a[0] = x
        return o[0][0][0] * o[0][1]

    def in_dict(x: Any) -> Any:
        a = np.zeros(2)
        o = np.array([{"a": a}, None], dtype=object)
        a[0] = x
        return o[0]["a"][0]

    def iterated(x: Any) -> Any:
        a = np.zeros(2)
        o = np.fromiter([a, None], object)
        o[0][0] = x
        return a[0]

    for f, expected in ((beside, 1.0), (within, 1.4), (in_dict, 1.0), (iterated, 1.0)):
        assert derivative(f, lift=True)(0.7) == expected


@pytest.mark.parametrize("kind", [[("p", "f8"), ("v", "f8")], "i8", "f4"])
def test_views_as_other_numbers_take_no_duals(kind: Any) -> None:
    def before(x: Any) -> Any:
        a = np.zeros(4)
        view = a.view(kind)
        a[0] = x
        return (view["p"] if a.dtype != view.dtype and view.dtype.names else view)[0] * 1.0

    def into(x: Any) -> Any:
        view = np.zeros(4).view(kind)
        part = view["p"] if view.dtype.names else view
        part[0] = x
        return part.sum() * 1.0

    with pytest.raises(TypeError, match="whose memory is in use"):
        derivative(before, lift=True)(0.7)
    if kind != "i8":
        with pytest.raises(TypeError, match="would lose the derivative"):
            derivative(into, lift=True)(0.7)


WRITES: dict[str, Callable[[Any, Any], Any]] = {
    "copyto": lambda b, x: np.copyto(b, [x, x * x]),
    "copyto where": lambda b, x: np.copyto(b, [x, x * x], where=[False, True]),
    "putmask": lambda b, x: np.putmask(b, [True, False], [x, x * x]),
    "place": lambda b, x: np.place(b, [True, True], [x, x * x]),
    "put": lambda b, x: np.put(b, [1, 0], [x, x * x]),
}


@pytest.mark.parametrize("name", WRITES)
def test_what_writes_into_an_array_takes_duals_in_lists(name: str) -> None:
    def f(x: Any) -> Any:
        b = np.zeros(2)
        view = b[1:]
        WRITES[name](b, x)
        return b[0] * 2.0 + view[0] * 3.0

    x, h = 0.7, 1e-6
    assert derivative(f, lift=True)(x) == pytest.approx((f(x + h) - f(x - h)) / (2 * h), rel=1e-9)


def test_weak_references_to_arrays() -> None:
    def f(x: Any) -> Any:
        a = np.ones(2)
        there = weakref.ref(a)
        a[0] = x
        found = there()
        assert found is a
        del a, found
        return there() is None

    def g(x: Any) -> Any:
        a = np.ones(2)
        a[0] = x
        return weakref.ref(a)()[0] * 2.0  # type: ignore[index]

    assert f(0.7)
    assert derivative(lambda x: f(x) * x, lift=True)(0.7) == 1.0
    assert derivative(g, lift=True)(0.7) == 2.0


def test_an_object_that_is_an_array_of_lifted_code() -> None:
    class Held:
        def __init__(self) -> None:
            self.data = np.ones(3)

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return self.data

    def f(x: Any) -> Any:
        held = Held()
        np.asarray(held)[0] = x
        return held.data.sum() * np.array(held)[0]

    assert f(0.7) == pytest.approx(2.7 * 0.7)
    assert derivative(f, lift=True)(0.7) == pytest.approx(3.4)


def test_an_object_that_answers_to_any_name_beside_a_dual() -> None:
    class Record:
        def __getattr__(self, name: str) -> Any:
            return 0.0

        def __rmul__(self, other: Any) -> Any:
            return 3.0 * other

    for lift in (False, True):
        assert derivative(lambda x: x * Record(), lift=lift)(0.7) == 3.0
        assert derivative(lambda x: (x * np.float64(1.0)) * Record(), lift=lift)(0.7) == 3.0
        assert derivative(lambda x: ((x + 0j) * Record()).real, lift=lift)(0.7) == 3.0
