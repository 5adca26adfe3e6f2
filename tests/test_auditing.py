"""audit: each thing that deserves a look is reported with its line, and nothing else is."""

from __future__ import annotations

import copy
import math
import pickle
import threading
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from mpmath import mpf

import dualad
from dualad import Dual, audit, derivative, grad
from dualad.array.protocols import ARRAY_FUNCTIONS, PLAIN_ANSWERS
from dualad.auditing import LOOKED_AT


def found(f: Callable[..., Any], *args: Any) -> list[tuple[str, str]]:
    with warnings.catch_warnings(action="ignore"):
        return [(x.kind, x.what) for x in audit(f, *args).findings]


A = np.array([1.0, 0.0, 2.0, 2.0])
NUMBERS: list[tuple[Callable[[Any], Any], float, list[tuple[str, str]]]] = [
    # comparisons
    (lambda x: 1.0 if x == 0 else x, 0.0, [("tie", "==")]),
    (lambda x: 1.0 if x != 0 else x, 0.0, [("tie", "!=")]),
    (lambda x: x if x > 1 else x * x, 1.0, [("tie", ">")]),
    (lambda x: x if x < 1 else x * x, 1.0, [("tie", "<")]),
    (lambda x: x if np.float64(1.0) >= x else x * x, 1.0, [("tie", ">=")]),
    (lambda x: x if np.less(x, 1.0) else x * x, 1.0, [("tie", "<")]),
    (lambda x: x and 2 * x, 0.0, [("tie", "truth")]),
    (lambda x: max(x, 1.0), 1.0, [("tie", "<")]),
    (lambda x: 1.0 if x > 0 else -1.0, 2.0, [("constant", ">")]),
    (lambda x: 3.0 if x == 2 else x + 1, 2.0, [("tie", "==")]),
    (lambda x: 3.0, 2.0, []),
    (lambda x: sorted([x, 1.0])[0], 1.0, [("tie", ">")]),
    (lambda x: x if x > 1 else x * x, 1.5, []),
    (lambda x: x if 0 * x == 0 else x * x, 1.5, []),  # they move together
    (lambda x: x if x <= x + 0 else x * x, 1.5, []),
    # kinks
    (abs, 0.0, [("kink", "abs")]),
    (lambda x: abs(0 * x), 0.0, []),
    (lambda x: dualad.maximum(x, 0), 0.0, [("kink", "maximum")]),
    (lambda x: dualad.minimum(x, x), 0.0, []),
    (lambda x: np.hypot(x, 0), 0.0, [("kink", "hypot")]),
    (lambda x: dualad.clip(x, 0, 1), 1.0, [("kink", "minimum")]),
    (lambda x: np.fmax(x, 3.0), 3.0, [("kink", "fmax")]),
    # jumps
    (math.floor, 2.0, [("jump", "floor")]),
    (math.floor, 2.5, [("rounding", "floor")]),
    (int, 3.5, [("rounding", "trunc")]),
    (lambda x: x // 2, 5.0, [("rounding", "floordiv")]),
    (lambda x: x % 2, 5.0, []),
    (int, 3.0, [("jump", "trunc")]),
    (round, 2.5, [("jump", "round")]),
    (np.sign, 0.0, [("jump", "sign")]),
    (lambda x: x % 2, 4.0, [("jump", "mod")]),
    (lambda x: x // 2, 4.0, [("jump", "floordiv")]),
    # slopes
    (np.sqrt, 0.0, [("infinite slope", "sqrt"), ("first inf", "the tangent of sqrt")]),
    (lambda x: np.sqrt(0 * x), 1.0, [("strong zero", "infinite slope of sqrt")]),
    (lambda x: (-2.0) ** x, 3.0, [("nan slope", "pow in b"), ("first nan", "the tangent of pow")]),
    (np.sqrt, 4.0, []),
    # the first of them
    (lambda x: (np.exp(x) - np.exp(x)) * 2, 1000.0, [
        ("infinite slope", "exp"), ("first inf", "the value of exp"),
        ("first inf", "the tangent of exp"), ("first nan", "the value of sub"),
        ("first nan", "the tangent of sub")]),
    (lambda x: x + 1, math.inf, [("first inf", "the value of the arguments")]),
    # inside inner derivatives
    (lambda x: derivative(lambda y: y * x if y * x > 6 else y)(2.0), 3.0, [("tie", ">")]),
]  # fmt: skip
ARRAYS: list[tuple[Callable[[Any], Any], Any, list[tuple[str, str]]]] = [
    (np.max, A, [("kink", "np.max")]),
    (lambda v: v.max(), A, [("kink", "np.max")]),
    (lambda v: np.maximum.reduce(v), A, [("kink", "np.maximum.reduce")]),
    (np.min, A, []),
    (np.median, np.array([1.0, 1.0, 3.0]), [("kink", "np.median")]),
    (np.sort, A, [("kink", "np.sort")]),
    (np.argmax, A, [("kink", "np.argmax")]),
    (lambda v: np.max(np.stack([v, v]), axis=0), A, []),
    (lambda v: np.max(np.stack([v, 2 * v]), axis=0), A, [("kink", "np.max")]),
    (lambda v: np.where(v > 0, v, 0).sum(), A, [("tie", ">")]),
    (lambda v: v[v >= 1].sum(), A, [("tie", ">=")]),
    (np.abs, A, [("kink", "abs")]),
    (lambda v: np.linalg.norm(v - np.array([1.0, 0, 2, 2])), A, [("kink", "np.linalg.norm")]),
    (np.linalg.norm, A, []),
    (lambda v: np.round(v / 4), A, [("jump", "round"), ("rounding", "round")]),
    (lambda v: np.round(v, 1), np.array([0.25]), [("jump", "round")]),
    (lambda v: np.round(v, 1), np.array([0.5, 2.5]), [("rounding", "round")]),
    (lambda v: v.round(decimals=1), np.array([0.25, 1.0]), [
        ("jump", "round"), ("rounding", "round")]),
    (np.fix, np.array([0.5, 2.0]), [("jump", "trunc"), ("rounding", "trunc")]),
    (lambda v: v.astype(int), np.array([0.5, 1.5]), [("rounding", "trunc")]),
    (lambda v: np.max(a=v), A, [("kink", "np.max")]),
    (lambda v: np.max([v[2], v[3]]), A, [("kink", "np.max")]),
    (lambda v: np.max(v.reshape(2, 2), 0), A, []),
    (lambda v: np.max(v.reshape(2, 2), 1), A, [("kink", "np.max")]),
    (lambda v: np.max(v.reshape(1, 2, 2), axis=(0, -1)), A, [("kink", "np.max")]),
    (np.ptp, A, [("kink", "np.ptp")]),
    (np.ptp, np.array([1.0, 2.0, 2.0, 3.0]), []),
    (lambda v: np.quantile(v, 0.25), np.array([1.0, 2.0, 2.0, 3.0, 4.0]), [("kink", "np.quantile")]),
    (lambda v: np.quantile(v, 0.9), np.array([1.0, 2.0, 2.0, 3.0, 4.0]), []),
    (lambda v: np.percentile(v, [0, 100]), A, [("kink", "np.percentile")]),
    (lambda v: np.partition(v, 2), A, [("kink", "np.partition")]),
    (lambda v: v[np.argpartition(v, 2)], A, [("kink", "np.argpartition")]),
    (lambda v: v[np.argmin(v)], A, []),
    (lambda v: v[np.lexsort((np.arange(4.0), v))], A, [("kink", "np.lexsort")]),
    (lambda v: v[np.lexsort((v, np.arange(4.0)))], A, []),
    (lambda v: v[np.lexsort((v, np.ones(4)))], A, [("kink", "np.lexsort")]),
    (lambda v: v[np.searchsorted([0.0, 1.5], v)], A, [("tie", "np.searchsorted")]),
    (lambda v: v * np.digitize(v, [0.5, 2.0]), A, [("tie", "np.digitize")]),
    (lambda v: v * np.digitize(v, [0.5, 1.5]), A, []),
    (lambda v: v[np.nonzero(v)], A, [("tie", "np.nonzero")]),
    (lambda v: v if np.array_equal(v[2:3], v[3:]) else 2 * v, A, [("tie", "np.array_equal")]),
    (lambda v: np.log(v), A, [
        ("infinite slope", "log"), ("first inf", "the value of log"),
        ("first inf", "the tangent of log")]),
    (lambda v: v @ v + np.cumsum(v).prod(), A, []),
    (lambda v: [x for x in v if x > 0], A, [("tie", ">")]),
    (lambda v: np.array(list(v), dtype=object) > 1, A, [("tie", ">")]),
]  # fmt: skip


# Of the functions that select, or have plain answers, those that no order of numbers decides about:
# they ask for places, shapes and kinds, for what is infinite, or for a rank.
NOT_ABOUT_ORDER = """
    compress extract take take_along_axis trim_zeros diag_indices_from tril_indices_from
    triu_indices_from ravel_multi_index unravel_index can_cast common_type einsum_path iscomplex
    iscomplexobj isreal isrealobj may_share_memory min_scalar_type ndim result_type shape
    shares_memory size isneginf isposinf matrix_rank
"""


def test_all_that_looks_at_an_order_is_looked_at() -> None:
    room = "dualad.array_rules.selecting"
    entered = {f for f, ours in ARRAY_FUNCTIONS.items() if ours.__module__ == room}
    names = {f.__name__ for f in (entered | PLAIN_ANSWERS) - LOOKED_AT}
    assert names == set(NOT_ABOUT_ORDER.split())


@pytest.mark.parametrize("f, x, expected", NUMBERS)
def test_numbers(f: Any, x: float, expected: Any) -> None:
    assert found(f, x) == expected
    if not expected:
        assert "no tie, kink" in str(audit(f, x))


@pytest.mark.parametrize("f, x, expected", ARRAYS)
def test_arrays(f: Any, x: Any, expected: Any) -> None:
    assert found(f, x) == expected


def test_file_line_value_and_count() -> None:
    def f(x: Any) -> Any:
        for _ in range(3):
            y = abs(x)  # here
        return y

    (finding,) = audit(f, 0.0).findings
    assert (finding.kind, finding.count, finding.value) == ("kink", 3, "0.0")
    assert finding.file == __file__ and finding.source == "y = abs(x)  # here"
    assert finding.line == f.__code__.co_firstlineno + 2
    text = str(audit(f, 0.0))
    assert "test_auditing.py:" in text and "kink: abs at 0.0 (3 times)" in text


def test_cells_of_notebooks_are_called_so() -> None:
    code = compile("f = lambda x: x if x > 1 else x * x", "ipykernel_7/123456.py", "exec")
    names: dict[str, Any] = {}
    exec(code, names)
    assert repr(audit(names["f"], 1.0)) == "cell:1: tie: > at 1.0"


def test_where_in_an_array() -> None:
    (finding,) = audit(np.abs, np.array([[1.0, 0.0], [0.0, 2.0]])).findings
    assert finding.value == "0.0 in element [0, 1] and 1 more"


def test_the_result_is_the_functions_own() -> None:
    def f(v: Any, scale: float) -> Any:
        w = np.sort(v * scale)
        w[0] = np.sin(w[1])
        w += 1
        return {"sum": w.sum(), "all": [w, w.copy(), w.reshape(2, 2), copy.deepcopy(w)]}

    result = audit(f, A, 3.0).result
    expected = f(A.copy(), 3.0)
    assert result["sum"] == expected["sum"]
    for got, want in zip(result["all"], expected["all"], strict=True):
        assert type(got) is np.ndarray
        np.testing.assert_array_equal(got, want)


def test_derivatives_are_those_of_an_ordinary_pass() -> None:
    """The tangents under audit, taken in the function itself."""
    kept: list[Any] = []

    def f(x: Any) -> Any:
        y = np.tanh(x) * dualad.exp(-x) + x**3 / (1 + abs(x)) + derivative(lambda t: t * t * x)(2.0)
        kept.append(y.tangent)
        return y

    audit(f, 0.7)
    assert kept[0] == derivative(f)(0.7)


@pytest.mark.parametrize("x", [mpf(0), Fraction(0), 0, np.float32(0), 0.0])
def test_every_number_system(x: Any) -> None:
    assert found(lambda t: abs(t) * t, x) == [("kink", "abs")]
    assert found(lambda p: abs(p[0]) * p[1], [x, x]) == [("kink", "abs")]


def test_arguments_by_name_and_structure() -> None:
    assert [
        f.kind for f in audit(lambda a, b: abs(b) + abs(a), 0.0, 0.0, argnums="b").findings
    ] == ["kink"]
    assert found(lambda p: max(p["a"], p["b"][0]), {"a": 1.0, "b": [1.0]}) == [("tie", ">")]


def test_nobody_else_notices() -> None:
    def f(x: Any) -> Any:
        assert type(x) is not type(Dual(0.0, 1.0))
        other = derivative(lambda t: abs(t) if t == 0 else t)(0.0)  # not of x: not looked at
        results: list[Any] = []
        thread = threading.Thread(target=lambda: results.append(grad(lambda t: abs(t[0]))([0.0])))
        thread.start()
        thread.join()
        assert results == [[0.0]]
        assert type(pickle.loads(pickle.dumps(x))) is type(x)  # it is looked at still
        return x * other

    assert audit(f, 0.0, lift=False).findings == []
    assert type(Dual(0.0, 1.0) * 2) is type(Dual(0.0, 1.0))


def test_an_error_of_the_function_brings_the_findings() -> None:
    def f(x: Any) -> Any:
        return math.sqrt(abs(x))

    with pytest.raises(TypeError) as caught:
        audit(f, 0.0, lift=False)
    assert "kink: abs at 0.0" in caught.value.__notes__[0]


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match=r"audit needs a function, got float; write audit\(f, x\)"):
        audit(2.0, lambda x: x)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="audit differentiates with respect to numbers"):
        audit(lambda x: x, "a")


def test_a_number_is_no_array_in_a_report() -> None:
    def halved(M: float) -> float:
        low, high = 0.0, 3.0
        for _ in range(20):
            x = (low + high) / 2
            low, high = (x, high) if x - 0.8 * np.sin(x) < M else (low, x)
        return x

    (finding,) = audit(halved, 0.5).findings
    assert (finding.kind, finding.what) == ("constant", "<")
    assert finding.value.endswith(" and 0.5") and "array" not in finding.value
