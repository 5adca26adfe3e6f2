"""Arrays that lifted code makes of memory, and of arrays, that something else holds."""

from __future__ import annotations

import array
import ctypes
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
