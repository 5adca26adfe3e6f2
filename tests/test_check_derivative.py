"""check_derivative: wrong derivatives are named, right ones never are."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import numpy as np
import pytest
from support.programs import POINT, PROGRAMS

import dualad
from dualad import check_derivative, define_rule, grad
from dualad.rules import RULES, table

NAMES = (f"checked_{i}" for i in itertools.count())


def rule(value: Any, slope: Any) -> Any:
    return define_rule(value, slope, name=next(NAMES))


def compiled(x: Any) -> Any:
    """A function that takes nothing but floats."""
    return rule(math.sin, lambda x, y: dualad.cos(x))(x)


RIGHT: list[tuple[Any, Any, str]] = [
    (lambda x: x * dualad.exp(x), 2.0, "mpmath"),
    (lambda x: x * np.sin(x), 2.0, "complex step"),
    (compiled, 0.3, "differences"),
    (np.sqrt, 1e-9, "mpmath"),
    (np.log, np.array([1e-5, 1e10]), "complex step"),
    (lambda x: x**2, 0.0, "mpmath"),
    (lambda x: np.sin(1e6 * x), 1.0, "complex step"),
    (lambda x: np.exp(-1 / x**2), 0.01, "complex step"),
    (lambda x: abs(x) * x, -3.0, "mpmath"),
    (lambda x: np.real(x) * np.sin(x), 3.0, "differences"),  # not analytic
    (lambda x: 3.0, 2.0, "differences"),
    (grad(lambda v: np.sum(v**3 * v[0])), np.array([1.0, 2.0]), "differences"),
    (lambda p: {"a": [p["k"] * p["v"]], "b": p["v"].sum()}, {"k": 2.0, "v": POINT}, ""),
]


@pytest.mark.parametrize("f, x, by", RIGHT)
def test_right(f: Any, x: Any, by: str) -> None:
    report = check_derivative(f, x)
    assert {e.by for e in report.entries} == {by} or not by
    assert report.digits > (7 if by == "differences" else 11)
    assert {e.remark for e in report.entries} == {""}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(program: Any) -> None:
    assert check_derivative(program, POINT).digits > 7


@pytest.mark.parametrize("row", [r for r in table() if r.slopes and None not in r.slopes], ids=str)
def test_rows(row: Any) -> None:
    """At a point of each row's own interval, steps and kinks included."""
    x = [0.37 * low + 0.63 * high for low, high in row.over]
    f = dualad.dual.function(row)
    for i in range(len(x)):
        check_derivative(f, *x, argnums=i)


@pytest.mark.parametrize("x", [0.5, 1e-8, 100.0, -3.0])
@pytest.mark.parametrize("factor", [1 + 1e-6, -1.0, 2.0, 0.0, math.nan])
@pytest.mark.parametrize("f", [math.sin, np.sin, dualad.sin], ids=["float", "complex", "mpmath"])
def test_wrong(f: Any, factor: float, x: float) -> None:
    bad = rule(f, lambda x, y: dualad.cos(x) * factor)
    with pytest.raises(AssertionError, match=r"(?s)1 of 1 derivatives differ, .*differs"):
        check_derivative(bad, x)


def test_the_entries_are_named() -> None:
    half = rule(lambda x: x * x, lambda x, y: x)

    def model(p: Any, t: float) -> Any:
        return {"a": p["k"] * t, "b": [1.0, half(p["v"][1]) + p["v"][0]]}

    p = {"k": 2.0, "v": np.array([1.0, 3.0])}
    with pytest.raises(AssertionError) as error:
        check_derivative(model, p, 5.0)
    text = str(error.value)
    assert text.startswith("1 of 9 derivatives differ, ∂model.b[1]/∂p.v[1]:\n")
    line = next(line for line in text.splitlines() if line.endswith("differs"))
    assert line.split()[:3] == ["∂model.b[1]/∂p.v[1]", "3", "6"]


def test_rows_and_rules_name_their_arguments() -> None:
    for f, names in ((dualad.sin, "x"), (dualad.atan2, "ab"), (rule(lambda x: x, "1 + 0*x"), "x")):
        entries = check_derivative(f, *(0.5 for _ in names), argnums=tuple(range(len(names))))
        assert [e.name.rpartition("∂")[2] for e in entries.entries] == list(names)


@pytest.mark.parametrize(
    ("slope", "message"),
    [
        ("coss(x)", "the slope 'coss(x)' has an unknown coss; did you mean cos?"),
        ("cos(t)", "the slope 'cos(t)' has an unknown t; a slope is written in x, y."),
        ("cos(x", "the slope 'cos(x' is not an expression ("),
        ("y = 2*x", "the slope 'y = 2*x' is not an expression ("),
    ],
)
def test_a_slope_is_refused_when_it_is_given(slope: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"define_rule: {message}")):
        define_rule(math.sin, slope, name="never_defined")
    assert "never_defined" not in RULES


@pytest.mark.parametrize(
    ("slopes", "options", "message"),
    [
        (
            3,
            {},
            "a slope, which is a callable, a text or None, or a list with one per argument; got 3.",
        ),
        ({"x": "1"}, {}, "one per argument; got {'x': '1'}."),
        (["1", 2.0], {}, "one per argument; got ['1', 2.0]."),
        ((), {}, "one per argument; got ()."),
        ("1", {"over": 3}, "low < high, or a list of 1 such pair, one per slope; got 3."),
        ("1", {"over": (1, 2, 3)}, "1 such pair, one per slope; got (1, 2, 3)."),
        ("1", {"over": (2, 1)}, "1 such pair, one per slope; got (2, 1)."),
        ("1", {"over": ("a", "b")}, "1 such pair, one per slope; got ('a', 'b')."),
        (["1", "1"], {"over": [(0, 1)]}, "2 such pairs, one per slope; got [(0, 1)]."),
    ],
)
def test_a_rule_is_refused_in_a_sentence(slopes: Any, options: Any, message: str) -> None:
    with pytest.raises(TypeError, match=r"^define_rule.*" + re.escape(message)):
        define_rule(lambda *xs: sum(xs), slopes, name="never_defined", **options)
    assert "never_defined" not in RULES


@pytest.mark.parametrize("name", [3, "", "a b"])
def test_a_rule_needs_a_name(name: Any) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{name!r} is not a name for a function")):
        define_rule(math.sin, "cos(x)", name=name)


def test_a_rule_of_many_arguments() -> None:
    """It has names for them, and an error on the way leaves the name of the rule free."""
    slopes, name = [f"{i}*x{i}" for i in range(1, 10)], next(NAMES)
    with pytest.raises(ValueError, match=r"unknown t; a slope is written in x1, x2, .*, x9, y"):
        define_rule(lambda *xs: 0.0, [*slopes[:-1], "t"], name=name)
    of_nine = define_rule(
        lambda *xs: sum(i * x**2 / 2 for i, x in enumerate(xs, 1)), slopes, name=name
    )
    assert dualad.grad(of_nine, argnums=range(9))(*range(1, 10)) == tuple(
        i * i for i in range(1, 10)
    )


def test_arguments() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * np.sin(y)

    assert [e.name for e in check_derivative(f, 1.0, 2.0, argnums=(0, 1)).entries] == [
        "∂f/∂x",
        "∂f/∂y",
    ]
    (entry,) = check_derivative(f, 1.0, y=2.0, argnums="y").entries
    assert entry.dual == math.cos(2.0) and entry.name == "∂f/∂y"
    assert "∂f/∂y" in str(check_derivative(f, 1.0, y=2.0, argnums="y"))


def test_kinks() -> None:
    (entry,) = check_derivative(abs, 0.0).entries
    assert entry.dual == 0.0
    assert entry.remark == "kink: the one-sided differences are -1 and 1"
    entries = check_derivative(np.max, np.array([1.0, 2.0, 2.0])).entries
    assert [bool(e.remark) for e in entries] == [False, True, True]
    wrong = rule(abs, lambda x, y: 3.0)
    with pytest.raises(AssertionError, match="differs; kink: the one-sided differences"):
        check_derivative(wrong, 0.0)


@pytest.mark.parametrize(
    "f, x", [(np.sqrt, 0.0), (np.cbrt, 0.0), (lambda x: math.floor(x) * x, 2.0)]
)
def test_what_cannot_be_checked(f: Any, x: float) -> None:
    (entry,) = check_derivative(f, x).entries
    assert entry.by == "nothing" and entry.remark.startswith("cannot be checked")


def test_one_end_of_a_domain() -> None:
    (entry,) = check_derivative(
        lambda x: x * math.sqrt(2.0) if x >= 0 else math.log(float(x)), 0.0
    ).entries
    assert (entry.remark, entry.dual) == ("", math.sqrt(2.0)) and entry.digits > 7


def test_long_reports_are_cut() -> None:
    text = str(check_derivative(np.sin, np.linspace(0, 1, 6)))
    assert len(text.splitlines()) == 22 and text.endswith(
        "and 16 entries that agree as well or better"
    )


def test_wrong_arguments() -> None:
    with pytest.raises(
        TypeError, match=r"needs a function, got float; write check_derivative\(f, x\)"
    ):
        check_derivative(2.0, 1.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a point of real numbers"):
        check_derivative(np.sin, 1j)
    with pytest.raises(TypeError, match=r"real results; take .real and [.]imag"):
        check_derivative(lambda x: x * 1j, 1.0)
