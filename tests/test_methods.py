"""Methods of arrays: every form of call that ndarray takes, with its values and derivatives.

Values are held against the same method of a plain array, bit for bit; derivatives against
extrapolated differences of the plain method.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dualad import Dual, DualArray, jacobian

SINCE_2_1 = np.lib.NumpyVersion(np.__version__) >= "2.1.0"
A = np.array([[3.0, 1.0, 2.0], [0.5, 4.0, 7.0]])
F = np.asfortranarray(A)
V = np.array([3.0, 1.0, 2.0, -1.5])
B = np.array([2.0, 5.0, 7.0])
S = np.array([[2.0, 1.5], [1.0, 3.0]])
L = A > 1
ORDER = np.argsort(V)
COLUMN = A.mean(0, keepdims=True)


class Call:
    """An array, and the arguments of one of its methods."""

    def __init__(self, array: Any, *args: Any, **kwargs: Any) -> None:
        self.array, self.args, self.kwargs = array, args, kwargs

    def __call__(self, array: Any, method: str) -> Any:
        return getattr(array, method)(*self.args, **self.kwargs)


c = Call
CALLS: dict[str, list[Call]] = {
    "all": [c(A), c(A, 0), c(A, axis=1, keepdims=True), c(A, where=L)],
    "any": [c(A, 0), c(A, axis=(0, 1)), c(A, where=L)],
    "argmax": [c(A), c(A, 1), c(A, 1, None, keepdims=True), c(A, axis=0)],
    "argmin": [c(A), c(A, 1), c(A, axis=0, keepdims=True)],
    "argpartition": [c(V, 1), c(A, 1, 0), c(A, 1, axis=None), c(V, 1, -1, "introselect", None)],
    "argsort": [c(V), c(A, 0), c(A, 0, "stable"), c(A, axis=None), c(A, stable=True)],
    "astype": [
        *(c(A, complex), c(A, np.float32), c(A, dtype=float), c(A, float, "F"), c(A, int)),
        *(c(A, float, "C", "unsafe", True, False), c(A, float, copy=False, order="F")),
        *(c(F, float, "C"), c(A, complex, casting="safe")),
    ],
    "clip": [
        *(c(A, 1.5, 3.5), c(A, 1.5), c(A, min=1.5), c(A, max=3.5), c(A, None, 3.5), c(A, B / 3)),
        *(c(A, 1.5, None), c(A, min=1.5, max=B), c(A, 1.5, 3.5, None)),
    ],
    "compress": [
        *(c(V, [True, False, True]), c(A, [True, False, True], 1), c(A, [0, 1, 1, 0])),
        *(c(A, condition=[False, True], axis=0), c(A, [0, 1], 0, None), c(A, axis=0, condition=[1])),
    ],
    "conj": [c(A), c(A + 2j)],
    "conjugate": [c(A), c(A + 2j)],
    "copy": [c(F), c(F, "F"), c(F, order="K"), c(A, "A")],
    "cumprod": [c(A), c(A, 1), c(A, axis=0, dtype=complex), c(A, 1, np.float32)],
    "cumsum": [c(A), c(A, 1), c(A, 0, np.float32), c(A, dtype=complex), c(A, 0, None, None)],
    "diagonal": [c(A), c(A, 1), c(A, 0, 1, 0), c(A, offset=-1), c(A, axis1=1, axis2=0)],
    "dot": [c(A, B), c(A, 2.0), c(V, V), c(A, B, None), c(S, A)],
    "flatten": [c(F), c(F, "F"), c(F, "A"), c(F, order="K"), c(A, "K")],
    "item": [c(A, 1), c(A, 1, 2), c(A, (1, 2)), c(A, -1), c(A[:1, :1])],
    "max": [
        *(c(A), c(A, 1), c(A, 1, None, True), c(A, axis=0, initial=2.5), c(A, (0, 1))),
        *(c(A, where=A < 5, initial=0.0), c(A, 0, None, False, 2.5), c(A, 0, None, False, 2.5, L)),
    ],
    "min": [c(A), c(A, 1, None, True), c(A, axis=0, initial=2.5), c(A, 0, None, False, 2.5, L)],
    "mean": [
        *(c(A), c(A, 1), c(A, 1, None, None), c(A, dtype=complex, keepdims=True), c(A, where=L)),
        c(A, 0, np.float32),
    ],
    "nonzero": [c(A)],
    "partition": [c(V, 2), c(A, 1, 0), c(A, kth=1, axis=1), c(V, 2, -1, "introselect")],
    "prod": [
        *(c(A), c(A, 1), c(A, 1, None, None, True), c(A, 1, None, None, False, 2.0)),
        *(c(A, 1, None, None, False, 2.0, L), c(A, dtype=complex, initial=3.0)),
    ],
    "put": [
        *(c(A, [0, 5], [9.0, 8.0]), c(A, [0, 5], 9.0), c(A, [0, 7], [9.0, 8.0], "wrap")),
        *(c(A, indices=[1], values=[3.0], mode="clip"), c(A, [0, 1, 2], [1.0, 2.0])),
    ],
    "ravel": [c(F), c(F, "F"), c(F, "K"), c(F, order="A"), c(A, "K"), c(A[:, ::-1], "K")],
    "repeat": [c(A, 2), c(A, [1, 2], 0), c(A, repeats=2, axis=1), c(A, [1, 0, 2], axis=1)],
    "reshape": [
        *(c(A, 3, 2), c(A, (3, 2)), c(A, -1), c(A, 3, 2, order="F"), c(A, [3, 2])),
        *(c(F, -1, order="A"), *([c(A, (3, 2), copy=True)] if SINCE_2_1 else [])),
    ],
    "round": [c(A), c(A * 1.26, 1), c(A * 1.26, decimals=1), c(A * 1.26, 1, None)],
    "searchsorted": [
        *(c(np.sort(V), 2.0), c(np.sort(V), [2.0, 0.0], "right"), c(V, [1.0], sorter=ORDER)),
        *(c(np.sort(V), v=[1.0], side="right"), c(V, [1.0, 2.0], "left", ORDER)),
    ],
    "sort": [c(V), c(A, 0), c(A, 0, "stable"), c(A, axis=1, kind="stable"), c(A, stable=True)],
    "squeeze": [c(A[None]), c(A[None], 0), c(A[None], axis=0), c(A[None], (0,))],
    "std": [
        *(c(A), c(A, 1), c(A, 1, None, None, 1), c(A, 1, None, None, 1, keepdims=True)),
        *(c(A, ddof=1), c(A, axis=0, mean=COLUMN), c(A, where=A > 0.6), c(A, 0, np.float32)),
    ],
    "var": [c(A), c(A, 1), c(A, 1, None, None, 1), c(A, ddof=1), c(A, where=A > 0.6)],
    "sum": [
        *(c(A), c(A, 1), c(A, 1, None, None, True), c(A, 1, None, None, False, 2.0)),
        *(c(A, 1, None, None, False, 2.0, L), c(A, axis=(0, 1), dtype=complex)),
        c(A, -1, np.float32),
    ],
    "swapaxes": [c(A, 0, 1), c(A[None], -1, 0)],
    "take": [
        *(c(A, [0, 5, 2]), c(A, 1, 1), c(A, [[0, 1]], axis=1), c(A, [0, 7], None, None, "wrap")),
        *(c(A, indices=[0, 9], mode="clip"), c(A, 1, 0, None, "raise"), c(A, [0, 5], 1, None, "clip")),
    ],
    "tolist": [c(A)],
    "trace": [
        *(c(S), c(A, 1), c(A, offset=-1), c(A[None], 0, 1, 2), c(A, 0, 0, 1, complex)),
        *(c(A, 0, 0, 1, np.float32, None), c(A, dtype=complex)),
    ],
    "transpose": [c(A), c(A, 1, 0), c(A, (1, 0)), c(A, None), c(A[None], 2, 0, 1), c(A, [1, 0])],
    "view": [c(A)],
    "fill": [c(A, 2.0)],
}  # fmt: skip
IN_PLACE = {"fill", "partition", "put", "sort"}
STEPS = {"argmax", "argmin", "argpartition", "argsort", "searchsorted", "nonzero", "round"}
NO_LIST = [(name, i) for name, calls in CALLS.items() for i in range(len(calls))]


def flat(y: Any) -> list[Any]:
    return [x for part in y for x in flat(part)] if isinstance(y, (list, tuple)) else [y]


@pytest.mark.parametrize("name, i", NO_LIST, ids=[f"{name}-{i}" for name, i in NO_LIST])
@pytest.mark.parametrize("many", [False, True], ids=["one direction", "two directions"])
def test_method(name: str, i: int, many: bool) -> None:
    call = CALLS[name][i]
    a = call.array
    order = "F" if a is F else "C"
    rng = np.random.default_rng(0)
    directions = [np.asarray(rng.normal(size=a.shape), order=order) for _ in range(1 + many)]

    def plainly(h: float, direction: Any) -> list[Any]:
        b = np.array(a + h * direction, order="K")
        y = call(b, name)
        return flat(b if name in IN_PLACE else y)

    x = Dual(a, np.stack(directions) if many else directions[0])[...]
    y = call(x, name)
    ours = flat(x if name in IN_PLACE else y)
    expected = plainly(0.0, directions[0])
    assert len(ours) == len(expected)
    for place, (value, dual) in enumerate(zip(expected, ours, strict=True)):
        primal = getattr(dual, "primal", dual)
        assert np.shape(primal) == np.shape(value)
        assert np.asarray(primal).dtype == np.asarray(value).dtype
        np.testing.assert_array_equal(primal, value)
        assert isinstance(dual, (DualArray, np.ndarray)) == isinstance(value, np.ndarray)
        if isinstance(value, np.ndarray) and value.ndim > 1:
            assert primal.flags.f_contiguous == value.flags.f_contiguous
        if np.asarray(value).dtype.kind not in "fc" or name in STEPS:
            assert not isinstance(dual, Dual)
            continue
        assert isinstance(dual, Dual)
        tangents = dual.tangent if many else [dual.tangent]
        for tangent, direction in zip(tangents, directions, strict=True):
            h = 1e-3
            at = {s: np.asarray(plainly(s * h, direction)[place]) for s in (-2, -1, 1, 2)}
            slope = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * h)
            rough = np.asarray(value).dtype == np.float32
            np.testing.assert_allclose(tangent, slope, rtol=1e-7, atol=1e-2 if rough else 1e-8)


def test_choose_of_an_array_of_integers() -> None:
    y = jacobian(lambda v: np.array([0, 1, 0]).choose([2 * v, 3 * v]))(B)
    np.testing.assert_array_equal(y, np.diag([2.0, 3.0, 2.0]))


def test_no_method_of_arrays_is_forgotten() -> None:
    """What is not above is an attribute, or is refused in one sentence."""
    x = Dual(A, A)
    for name in sorted(n for n in dir(np.ndarray) if not n.startswith("_")):
        if (
            name in CALLS
            or name in ("choose", "setflags")
            or name
            in ("itemset", "newbyteorder", "ptp", "tostring")  # older NumPys have them still
            or not callable(getattr(np.ndarray, name))
        ):
            continue
        with pytest.raises(
            AttributeError, match=rf"write getattr\(x, 'primal', x\)\.{name} for the plain array"
        ):
            getattr(x, name)


def test_astype_without_a_copy_is_the_array_itself() -> None:
    x = Dual(A, A)
    assert x.astype(float, copy=False) is x
    assert x.astype(float) is not x and x.astype(float, "F", copy=False) is not x
    with pytest.raises(TypeError, match="Cannot cast"):
        x.astype(np.float32, casting="safe")


@pytest.mark.parametrize(
    "name",
    ["__array_interface__", "__array_struct__", "__buffer__", "__dlpack__", "__dlpack_device__",
     "base", "ctypes", "data", "getfield", "tobytes"],
)  # fmt: skip
def test_no_way_to_the_memory(name: str) -> None:
    with pytest.raises(AttributeError, match=f"x.{name} would hand out raw memory"):
        getattr(Dual(A, A), name)
    with pytest.raises(AttributeError):
        getattr(Dual(2.0, 1.0), name)
