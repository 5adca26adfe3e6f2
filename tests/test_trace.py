"""Traces: the literature's tables row for row, and the very numbers of the drivers."""

from __future__ import annotations

import cmath
import json
import math
import re
import statistics
import warnings
import xml.etree.ElementTree as ET
from collections import namedtuple
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from unicodedata import combining

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.linalg
import scipy.signal
from hypothesis import given, settings
from mpmath import mp
from scipy.interpolate import interp1d
from scipy.optimize import brentq, fsolve
from support.cases import listed
from support.formulas import agrees
from support.processes import run_python
from test_higher_order import every_case
from test_reverse import FORWARD_ONLY

import dualad
from dualad import Dual, derivative, jacobian, jvp
from dualad.__main__ import main
from dualad.dual import function
from dualad.rules import table
from dualad.structure import leaves
from dualad.table import RULES
from dualad.teach import Trace, explain, graph, trace
from dualad.teach.printers import Latex, MathML, Text
from dualad.text import number_text


def survey(x1: Any, x2: Any) -> Any:
    """Baydin, Pearlmutter, Radul & Siskind, JMLR 18 (2018), Table 2."""
    return np.log(x1) + x1 * x2 - np.sin(x2)


def chain(x1: Any, x2: Any) -> Any:
    return x1 * np.sqrt(np.log(x1 / np.sin(x2**2)))


def table_of(t: Trace) -> list[tuple[str, str, str, str, str]]:
    return [
        (r.name, r.expression, number_text(r.value), r.tangent_expression, number_text(r.tangent))
        for r in t
    ]


# -- the literature ------------------------------------------------------------------------


def test_survey_row_for_row() -> None:
    expected = [
        ("v₋₁", "x₁", "2", "ẋ₁", "1"),
        ("v₀", "x₂", "5", "ẋ₂", "0"),
        ("v₁", "ln v₋₁", "0.6931", "v̇₋₁/v₋₁", "0.5"),
        ("v₂", "v₋₁ × v₀", "10", "v̇₋₁ × v₀ + v₋₁ × v̇₀", "5"),
        ("v₃", "sin v₀", "−0.9589", "cos v₀ × v̇₀", "0"),
        ("v₄", "v₁ + v₂", "10.6931", "v̇₁ + v̇₂", "5.5"),
        ("v₅", "v₄ − v₃", "11.6521", "v̇₄ − v̇₃", "5.5"),
        ("y", "v₅", "11.6521", "v̇₅", "5.5"),
    ]
    assert table_of(trace(survey, 2, 5)) == expected
    assert table_of(trace(survey, 2.0, 5.0, wrt="x1")) == expected
    assert table_of(trace(survey, x1=2.0, x2=5.0, wrt="x1")) == expected


def test_survey_with_numbers() -> None:
    """Table 1 of the survey, with what stands between the formula and its value."""
    t = trace(survey, 2.0, 5.0, numbers=True)
    rows = [line.split("  ") for line in t.to_text(source=False).splitlines()[2:]]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert cells == [
        ["v₋₁", "x₁", "=", "2", "ẋ₁", "= 1"],
        ["v₀", "x₂", "=", "5", "ẋ₂", "= 0"],
        ["v₁", "ln v₋₁", "ln 2", "=", "0.6931", "v̇₋₁/v₋₁", "1/2", "= 0.5"],
        ["v₂", "v₋₁ × v₀", "2 × 5", "= 10", "v̇₋₁ × v₀ + v₋₁ × v̇₀", "1 × 5 + 2 × 0", "= 5"],
        ["v₃", "sin v₀", "sin 5", "= −0.9589", "cos v₀ × v̇₀", "cos 5 × 0", "= 0"],
        ["v₄", "v₁ + v₂", "0.6931 + 10", "= 10.6931", "v̇₁ + v̇₂", "0.5 + 5", "= 5.5"],
        ["v₅", "v₄ − v₃", "10.6931 + 0.9589", "= 11.6521", "v̇₄ − v̇₃", "5.5 − 0", "= 5.5"],
        ["y", "v₅", "= 11.6521", "v̇₅", "= 5.5"],
    ]
    for shown in (t.to_latex(), t.to_markdown()):
        assert r"1 \cdot 5 + 2 \cdot 0" in shown
    assert {line.count("&") for line in t.to_latex().splitlines()[4:-2]} == {6}
    assert {line.count("|") for line in t.to_markdown().splitlines()} == {8}
    body = ET.fromstring(re.sub("^.*</style>", "", t.to_html(source=False), flags=re.S))
    assert {len(row) for row in body.findall("tbody/tr")} == {7}


def test_chain_with_numbers() -> None:
    """The blog's table at (4, 1.2), where each number is what stands in its row."""
    t = trace(chain, 4.0, 1.2, wrt="x2", numbers=True)
    text = t.to_text(source=False)
    for filled in ("1.2²", "2 × 1.2 × 1", "sin 1.44", "cos 1.44 × 2.4", "4/0.9915", "ln 4.0345",
                   "√1.3949", "(−0.3157)/(2 × 1.181)", "4 × 1.181"):  # fmt: skip
        assert filled in text, filled

    def signs(x: Any) -> Any:
        return (x * -3.0) ** 2 - x + abs(x) / x

    text = trace(signs, -2.0, numbers=True).to_text(source=False)
    for filled in ("(−2) × (−3)", "6²", "36 + 2", "|−2|", "2/(−2)"):
        assert filled in text, filled


def test_statements_stay_in_order() -> None:
    def f(x: Any, y: Any) -> Any:
        a = x * y + x - np.sin(y)  # sin is numbered before +, as in print
        return a * (x / y) + np.exp(y)

    steps = [r.expression for r in trace(f, 2.0, 5.0).steps]
    assert steps == [
        *("v₋₁ × v₀", "sin v₀", "v₁ + v₋₁", "v₃ − v₂"),
        *("v₋₁/v₀", "exp v₀", "v₄ × v₅", "v₇ + v₆"),
    ]


def test_a_users_own_rules() -> None:
    def square(x: float) -> float:
        return x * x

    def product(a: float, b: float) -> float:
        return a * b

    f = dualad.define_rule(square, lambda x, y: 2 * x, name="own_square")
    g = dualad.define_rule(
        product, [lambda a, b, y: b, lambda a, b, y: a], name="own_product"
    )  # fmt: skip
    try:
        t = trace(lambda x: g(f(x), x), 3.0)
    finally:
        del RULES["own_square"], RULES["own_product"]
    assert [r.expression for r in t.steps] == ["own_square v₀", "own_product(v₁, v₀)"]
    assert t["v₁"].tangent_expression == "own_square′ v₀ × v̇₀"
    assert t["v₂"].tangent_expression == (
        "∂own_product/∂a(v₁, v₀) × v̇₁ + ∂own_product/∂b(v₁, v₀) × v̇₀"
    )
    assert r"\frac{\partial \operatorname{own\_product}}{\partial a}" in t.to_latex()
    assert (t.value, t.tangent) == (27.0, 27.0)


def test_chain_row_for_row() -> None:
    """The values by mpmath; v̇₅ = ½·v₄^(−½)·v̇₄ is positive, since v₅ = √v₄."""
    t = trace(chain, 2.0, 1.0)
    assert [row[1::2] for row in table_of(t)[2:]] == [
        ("v₀²", "2 × v₀ × v̇₀"),
        ("sin v₁", "cos v₁ × v̇₁"),
        ("v₋₁/v₂", "v̇₋₁/v₂ − v₃ × v̇₂ / v₂"),
        ("ln v₃", "v̇₃/v₃"),
        ("√v₄", "v̇₄/(2 × v₅)"),
        ("v₋₁ × v₅", "v̇₋₁ × v₅ + v₋₁ × v̇₅"),
        ("v₆", "v̇₆"),
    ]
    with mp.workdps(40):
        x1, x2 = mp.mpf(2), mp.mpf(1)
        v: dict[int, Any] = {1: x2**2, 2: mp.sin(x2**2)}
        v[3] = x1 / v[2]
        v[4] = mp.log(v[3])
        v[5] = mp.sqrt(v[4])
        v[6] = x1 * v[5]
        d = {1: 0, 2: 0, 3: 1 / v[2], 4: 1 / x1}
        d[5] = d[4] / 2 / mp.sqrt(v[4])
        d[6] = v[5] + x1 * d[5]
    for i, row in enumerate(t.steps, 1):
        assert row.value == pytest.approx(float(v[i]), rel=1e-14)
        assert row.tangent == pytest.approx(float(d[i]), rel=1e-14)
    assert t["v₅"].tangent > 0
    t = trace(chain, 2.0, 1.0, wrt="x2")
    assert t["v₅"].tangent == pytest.approx(0.5 * t["v₄"].value ** -0.5 * t["v₄"].tangent)
    assert t["v₅"].tangent < 0


# -- every row of the table ----------------------------------------------------------------

SMOOTH = [rule for rule in table() if rule.slopes and rule.kind != "flat" and rule.over]


@pytest.mark.parametrize("rule", SMOOTH, ids=lambda rule: rule.name)
def test_every_rule(rule: Any) -> None:
    """Numbers as of the drivers; and the tangent's text, calculated as Python, gives the tangent."""
    f = function(rule)
    point = [low + 0.37 * (high - low) if low < high else low for low, high in rule.over]
    for i, slope in enumerate(rule.slopes):
        if slope is None:
            continue
        held = [int(x) if s is None else x for x, s in zip(point, rule.slopes)]

        def along(x: Any, i: int = i, held: list[Any] = held) -> Any:
            return f(*held[:i], x, *held[i + 1 :])

        t = trace(along, point[i])
        assert t.value == along(point[i])
        assert t.tangent == derivative(along)(point[i])
        for row in t.steps:
            for show in (Text(), Latex(), MathML()):
                assert show(row.formula) and show(row.tangent_formula)
            if not rule.name.startswith("_"):
                assert "_" not in row.tangent_expression
                values = {r.variable: (r.value, r.tangent) for r in t.rows if r.kind != "branch"}
                found = calculated(row.tangent_formula, values)
                assert found == pytest.approx(row.tangent, rel=1e-12, abs=1e-300)


def calculated(formula: Any, values: dict[Any, Any]) -> Any:
    """A formula as a number."""
    from dualad.teach import formula as F

    def go(x: Any) -> Any:
        match x:
            case F.Number(value=value):
                return value
            case F.Constant(name=name):
                named = {"pi": np.pi, "degree": np.pi / 180, "radian": 180 / np.pi}
                return (named | {"ln2": np.log(2), "ln10": np.log(10)})[name]
            case F.Variable():
                plain = F.Variable(x.letter, x.index)
                return values[plain][1 if x.mark == "dot" else 0]
            case F.Call(name=name, args=args):
                return function(dualad.rules.RULES[name])(*map(go, args))
            case F.Power(base=base, exponent=exponent):
                return go(base) ** go(exponent)
            case F.Product(over=over, under=under):
                return np.prod([*map(go, over)]) / np.prod([*map(go, under)])
            case F.Sum(terms=terms):
                return sum(sign * go(term) for sign, term in terms)
        raise AssertionError(x)

    return go(formula)


def test_functions_of_scipy_in_their_notation() -> None:
    special = pytest.importorskip("scipy.special")
    shown = {
        special.psi: ("ψ v₀", "ψ′ v₀ × v̇₀"),
        special.gamma: ("Γ v₀", "v₁ × ψ v₀ × v̇₀"),
        special.gammaln: ("ln Γ v₀", "ψ v₀ × v̇₀"),
        special.erf: ("erf v₀", "2 × exp(−v₀²) × v̇₀ / √π"),
        special.ndtr: ("Φ v₀", "exp(−v₀² / 2) × v̇₀ / √(2π)"),
        special.ellipk: ("K(v₀)", "(E(v₀) / (1 − v₀) − v₁) × v̇₀ / (2 × v₀)"),
        special.expit: ("σ v₀", "v₁ × (1 − v₁) × v̇₀"),
        special.j0: ("J₀(v₀)", "−J₁(v₀) × v̇₀"),
        special.exp1: ("E₁(v₀)", "−exp(−v₀) × v̇₀ / v₀"),
    }
    for f, (value, tangent) in shown.items():
        (step,) = trace(f, 0.5).steps
        assert (step.expression, step.tangent_expression) == (value, tangent)
    t = trace(lambda x: special.polygamma(1, x) + special.polygamma(5, x), 0.5)
    assert [step.expression for step in t.steps] == ["ψ′ v₀", "ψ⁽⁵⁾ v₀", "v₁ + v₂"]
    assert [step.tangent_expression for step in t.steps[:2]] == ["ψ′′ v₀ × v̇₀", "ψ⁽⁶⁾ v₀ × v̇₀"]
    assert r"\psi^{(5)} v_{0}" in t.to_latex() and r"\psi'' v_{0}" in t.to_latex()
    t = trace(special.betainc, 2.0, 3.0, 0.5, wrt=(0, 1, 2))
    assert "∂betainc/∂a(v₋₂, v₋₁, v₀) × v̇₋₂" in t["v₁"].tangent_expression
    assert trace(special.betaln, 2.0, 3.0)["v₁"].expression == "ln B(v₋₁, v₀)"


SPECIAL = [
    "jv",
    "iv",
    "gammainc",
    "betainc",
    "hyp1f1",
    "zeta",
    "lambertw",
    "ellipk",
    "elliprj",
    "stdtr",
    "log_ndtr",
    "kl_div",
]


def test_rows_of_scipy_special() -> None:
    """Those with helpers, with derivatives by mpmath, with many arguments: no KeyError anywhere."""
    pytest.importorskip("scipy")
    from dualad.special_rules import TABLE

    for name in [*SPECIAL, *list(TABLE)[::9]]:
        rule = TABLE.get(name)
        if rule is None or name.startswith("_") or not rule.slopes:
            continue
        point = [low + 0.37 * (high - low) if low < high else low for low, high in rule.over]
        held = [int(x) if s is None else x for x, s in zip(point, rule.slopes, strict=True)]
        i = max(i for i, s in enumerate(rule.slopes) if s is not None)
        f = function(rule)

        def along(x: Any, i: int = i, held: list[Any] = held, f: Any = f) -> Any:
            return f(*held[:i], x, *held[i + 1 :])

        for mode in ("forward", "reverse"):
            t = trace(along, point[i], mode=mode)
            np.testing.assert_allclose(t.value, along(point[i]), rtol=1e-15)
            slope = t.adjoints[0] if mode == "reverse" else t.tangent
            np.testing.assert_allclose(slope, derivative(along)(point[i]), rtol=1e-12)
            assert t.to_text() and t.to_latex() and t.to_html()


# -- arrays, solvers, structures -----------------------------------------------------------

A = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 4.0]])
B = np.array([3.0, 5.0, 1.0])


def test_steps_of_arrays() -> None:
    """One row each, with tangents that are known from books, checked by differences of NumPy's."""
    shown = {
        lambda a, b: a @ b: ("v₋₁ · v₀", "v̇₋₁ · v₀ + v₋₁ · v̇₀"),
        lambda a, b: np.linalg.solve(a, b): ("solve(v₋₁, v₀)", "solve(v₋₁, v̇₀ − v̇₋₁ · v₁)"),
        lambda a: np.linalg.inv(a): ("inv v₀", "−v₁ · v̇₀ · v₁"),
        lambda a: np.linalg.det(a): ("det v₀", "v₁ × trace(v₀⁻¹ · v̇₀)"),
        lambda a: np.mean(a): ("mean v₀", "mean v̇₀"),
        lambda a: np.var(a): ("var v₀", "2 × mean((v₀ − mean v₀) × v̇₀)"),
        lambda a: np.std(a): ("std v₀", "mean((v₀ − mean v₀) × v̇₀) / v₁"),
        lambda a: np.linalg.norm(a): ("norm v₀", "∑(v₀ × v̇₀) / v₁"),
        lambda a: np.fft.fft(a): ("fft v₀", "fft v̇₀"),
        lambda a: np.sum(a, axis=0): ("∑(v₀, axis=0)", "∑(v̇₀, axis=0)"),
        lambda a: np.linalg.eigvalsh(a): ("eigvalsh v₀", "∂v₁/∂v₀ · v̇₀"),
        lambda a: np.cumsum(a, axis=1): ("cumsum(v₀, axis=1)", "cumsum(v̇₀, axis=1)"),
        lambda a: np.prod(a + 1.0): ("∏ v₁", "v₂ × ∑(v̇₁/v₁)"),
    }
    step = np.zeros((3, 3))
    step[0, 0] = 1e-6
    for f, (value, tangent) in shown.items():
        args = (A, B)[: f.__code__.co_argcount]
        t = trace(f, *args)
        last = t.steps[-1]
        assert (last.expression, last.tangent_expression) == (value, tangent)
        np.testing.assert_array_equal(t.value, f(*args))
        if "eig" not in value:
            rest = args[1:]
            difference = (f(A + step, *rest) - f(A - step, *rest)) / 2e-6
            np.testing.assert_allclose(t.tangent, difference, rtol=1e-6, atol=1e-8)
    sort = trace(np.sort, B)
    assert sort["v₁"].tangent_expression == "v̇₀[argsort v₀]"
    np.testing.assert_array_equal(sort.tangent, [0.0, 1.0, 0.0])


def check_tangent(row: Any, t: Any, name: str) -> bool:
    """Whether a tangent's formula can be calculated by NumPy; then it gives the tangent."""
    numbers = {r.variable: r.value for r in t if r.kind != "branch"}
    numbers |= {r.variable.tangent: r.tangent for r in t if r.kind != "branch"}
    return agrees(row.tangent_formula, numbers, row.tangent, name)


def test_formulas_that_hold_only_somewhere() -> None:
    """Where what is written in books would give other numbers, ∂v₁/∂v₀ stands."""
    grid, zeros, equal = np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0.0, 2.0, 3.0]), np.ones(2)
    z = np.array([1 + 2j, 3 - 1j])
    where: list[tuple[Any, Any]] = [
        (np.sort, grid), (np.max, grid), (np.min, grid), (np.prod, zeros), (np.cumprod, zeros),
        (np.max, equal), (np.std, equal), (np.linalg.norm, np.zeros(2)), (np.var, z), (np.std, z),
        (np.linalg.norm, z), (np.linalg.det, np.zeros((2, 2))), (np.linalg.det, np.stack([grid] * 2)),
    ]  # fmt: skip
    for f, x in where:
        (step,) = trace(f, x).steps
        assert step.tangent_expression == "∂v₁/∂v₀ · v̇₀", f
    here: list[tuple[Any, Any]] = [
        (np.sort, zeros), (np.max, zeros), (np.prod, zeros + 1), (np.var, zeros), (np.prod, z),
        (np.linalg.det, grid), (np.linalg.inv, grid), (np.cumprod, grid + 1), (np.linalg.norm, grid),
    ]  # fmt: skip
    for f, x in here:
        t = trace(f, x)
        assert check_tangent(t.steps[0], t, f.__name__), f
    x, w = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0])
    for g in (
        lambda x, w: np.average(x, weights=w),
        lambda x, w: np.trapezoid(x, w),
        lambda x, w: np.gradient(x, w),
        lambda x, w: np.trapezoid(x, x=w),
    ):
        for wrt in (0, 1, (0, 1)):
            t = trace(g, x, w, wrt=wrt)
            row = t.steps[0]
            assert "∂" in row.tangent_expression or check_tangent(row, t, "of two")


def test_arrays_of_every_kind_forward() -> None:
    """Values of the plain run and tangents of jvp, for array functions of all families.

    And their tangents' formulas, where NumPy can calculate them.
    """
    cases, written = every_case(), 0
    for name in sorted(cases.keys() - FORWARD_ONLY.keys()):
        case = cases[name]
        seeds = [np.zeros(np.shape(a), np.asarray(a).dtype)[()] for a in case.args]
        first = np.asarray(seeds[0])
        first[(0,) * first.ndim] = 1
        seeds[0] = first[()]

        def f(*xs: Any, f: Any = case.f) -> Any:
            return list(leaves(listed(f(*xs))))

        with warnings.catch_warnings(action="ignore"):
            t = trace(f, *case.args)
            values, tangents = jvp(f, case.args, tuple(seeds))
        for row, value, tangent in zip(t.outputs, values, tangents, strict=True):
            np.testing.assert_array_equal(row.value, value, err_msg=name)
            np.testing.assert_allclose(row.tangent, tangent, rtol=1e-12, atol=1e-12, err_msg=name)
        written += sum(check_tangent(row, t, name) for row in t.steps)
        assert t.to_text() and t.to_latex() and t.to_html()

    assert written > 20


def test_constants_that_are_arrays_are_compared_as_arrays() -> None:
    from dualad.teach import formula as F

    one, same, other = (F.Sum(((1, F.Number(np.array(x))),)) for x in ([1, 2], [1.0, 2.0], [1, 3]))
    assert one == same and one != other and F.Number(np.zeros(2)) != F.ZERO
    assert F.Number(0.0) == F.ZERO and hash(F.Number(0.0)) == hash(F.ZERO)


def test_constants_that_are_whole_numbers() -> None:
    """They vanish from tangents as other constants do; places stay."""

    def stored(x: Any) -> Any:
        y = np.zeros(2)
        y[0] = x[0]
        y[1] = 3
        return y

    shown: dict[Any, str] = {
        lambda x: np.where(x > 0, x, 3): "where([1, 0], v̇₀, 0)",
        lambda x: np.concatenate([x, np.array([1, 2])]): "concatenate([v̇₀, [0, 0]])",
        lambda x: np.append(x, np.array([1, 2])): "append(v̇₀, [0, 0])",
        lambda x: np.insert(x, 1, 7): "insert(v̇₀, 1, 0)",
        lambda x: np.pad(x, 1, constant_values=4): "pad(v̇₀, 1)",
        lambda x: np.sum(x, initial=3): "∑ v̇₀",
        stored: "v̇₂ with [1] = 0",
        lambda x: np.take(x, [1, 0]): "take(v̇₀, [1, 0])",
    }
    for f, tangent in shown.items():
        assert trace(f, np.array([1.0, -2.0])).steps[-1].tangent_expression == tangent


def test_what_has_no_way_back_goes_forward() -> None:
    for name in FORWARD_ONLY:
        case = every_case()[name]
        t = trace(case.f, *case.args)
        np.testing.assert_array_equal(t.value, case.f(*case.args))
        seed = np.zeros_like(case.args[0])
        seed[(0,) * seed.ndim] = 1
        _, tangent = jvp(case.f, case.args, (seed,))
        np.testing.assert_allclose(t.tangent, tangent, rtol=1e-12)


def test_solvers_are_one_step() -> None:
    optimize = pytest.importorskip("scipy.optimize")

    def f(a: Any) -> Any:
        root = optimize.brentq(lambda x: x * x - a, 0, 5)
        return 3 * root

    for mode in ("forward", "reverse"):
        t = trace(f, 2.0, mode=mode)
        assert [r.expression for r in t.steps] == ["brentq(v₀, …)", "3 × v₁"]
        assert not [r for r in t if r.kind == "branch"]
        assert t["v₁"].source == "optimize.brentq(lambda x: x * x - a, 0, 5)"
        slope = t.adjoints[0] if mode == "reverse" else t.tangent
        assert slope == pytest.approx(1.5 / 2**0.5, rel=1e-12)


@dataclass
class Spring:
    stiffness: float
    mass: float


def test_dataclasses_and_long_names() -> None:
    def frequency(spring: Spring) -> Any:
        return np.sqrt(spring.stiffness / spring.mass)

    t = trace(frequency, Spring(8.0, 2.0), wrt="spring")
    assert t.wrt == ("spring.stiffness", "spring.mass") and t.tangents == (0.125, -0.5)
    assert [r.tangent_expression for r in t.inputs] == ["v̇₋₁", "v̇₀"]
    t = trace(frequency, Spring(8.0, 2.0), mode="reverse")
    assert t.adjoints == (0.125, -0.5)
    assert t.inputs[0].shares[0].expression == "∂y/∂spring.stiffness = v̄₋₁"


def test_parts_of_complex_numbers() -> None:
    t = trace(lambda x: abs(np.exp(1j * x) - 0.5), 0.4)
    shown = {r.expression: r.tangent_expression for r in t.steps}
    assert shown["i × v₀"] == "i × v̇₀"
    assert (shown["Re v₃"], shown["Im v₃"]) == ("Re v̇₃", "Im v̇₃")
    assert trace(lambda z: np.conj(z) * 2, 1 + 2j)["v₁"].tangent_expression == "conj v̇₀"
    z = 0.4
    exact = np.sin(z) / (2 * np.sqrt(1.25 - np.cos(z)))  # |e^{ix} − ½|² = 1.25 − cos x
    assert t.tangent == pytest.approx(exact, rel=1e-14)
    t = trace(lambda x: abs(np.exp(1j * x) - 0.5), 0.4, mode="reverse")
    lines = {s.expression for r in t.steps for s in r.shares}
    assert "v̄₃ = v̄₅ × (−i)" in lines and t.adjoints[0] == pytest.approx(exact, rel=1e-14)


def test_the_adjoint_of_a_real_number_is_real() -> None:
    """It is the real part of what comes from a complex sum; by differences of the plain run."""
    functions: list[tuple[Any, tuple[float, ...]]] = [
        (lambda R, L, w: cmath.phase(complex(R, w * L)), (3.0, 0.5, 8.0)),
        (lambda a: abs(complex(a, 2.0)), (1.0,)),
        (lambda a, b: (complex(a, b) ** 2).real, (1.0, 2.0)),
        (lambda a, b: cmath.polar(complex(a, b))[1], (1.0, 2.0)),
        (lambda x: abs((x * 1j) ** 2 + complex(0.1, x)), (0.7,)),
    ]
    for f, at in functions:
        t = trace(f, *at, mode="reverse")
        for i, slope in enumerate(t.adjoints):
            high, low = (tuple(x + h * (j == i) for j, x in enumerate(at)) for h in (1e-6, -1e-6))
            assert isinstance(slope, float)
            assert slope == pytest.approx((f(*high) - f(*low)) / 2e-6, rel=1e-8, abs=1e-8)
        for row in t.steps:  # also on the way
            assert isinstance(row.adjoint, complex) <= isinstance(row.value, complex)
    t = trace(functions[0][0], *functions[0][1], mode="reverse")
    lines = [s.expression for row in t.steps for s in row.shares]
    assert "v̄₋₂ = Re(v̄₃ × 1)" in lines and "v̄₁ = Re(v̄₂ × i)" in lines


def test_numbers_become_text_as_in_the_plain_run(capsys: pytest.CaptureFixture[str]) -> None:
    def f(a: Any) -> Any:
        print(f"a = {a:.3f}", a, str(a), f"{a:.2f}")
        return a * len(f"{a:.3g}") * (2 if str(a).startswith("2") else 5)

    assert f(2.0) == trace(f, 2.0).value == trace(f, 2.0, mode="reverse").value == 4.0
    plain, *others = capsys.readouterr().out.splitlines()
    assert others == [plain, plain]
    kept: list[Any] = []
    trace(lambda x: kept.append(x) or x * 1.0, 2.0)
    assert repr(kept[0]).startswith("Dual(")  # it is over


def test_a_count_gives_way_to_a_float() -> None:
    def chebyshev(n: int, x: Any) -> Any:
        return 1.0 if n == 0 else x if n == 1 else 2 * x * chebyshev(n - 1, x) - chebyshev(n - 2, x)

    t = trace(chebyshev, 4, 0.3)
    assert t.wrt == ("x",) and t.tangent == pytest.approx(32 * 0.3**3 - 16 * 0.3, rel=1e-14)
    t = trace(lambda p: p["n"] * p["x"], {"n": 3, "x": 2.0})
    assert t.wrt == ("p.x",) and t.tangent == 3.0
    assert trace(lambda n, m: n * m, 3, 4).wrt == ("n",)


def test_a_value_without_its_steps_is_a_row() -> None:
    """np.unwrap adds multiples of 2π, which have no tangent: the value is not that of its source."""
    x = np.array([0.5, 7.0, -3.0])
    for mode in ("forward", "reverse"):
        t = trace(lambda x: np.unwrap(x)[1], x, mode=mode)
        assert t.value == np.unwrap(x)[1] != x[1]
    assert [r.expression for r in t.steps] == ["unwrap v₀", "v₁[1]"]


def test_functions_that_change_are_refused() -> None:
    calls: list[int] = []

    def f(a: Any, b: Any) -> Any:
        calls.append(1)
        return a * b if len(calls) % 2 else a + b

    assert trace(f, 2.0, 3.0, wrt=("a", "b")).tangents == (3.0, 2.0)
    assert len(calls) == 1  # floats carry all directions
    with pytest.raises(dualad.NotDeterministicError, match="other steps, or other values, when it"):
        trace(f, Fraction(2), Fraction(3), wrt=("a", "b"))


# -- random programs -----------------------------------------------------------------------

UNARY = ["sin", "cos", "exp", "tanh", "atan", "softplus", "abs", "square", "erf", "neg", "sigmoid"]
BINARY = ["add", "sub", "mul", "div", "hypot", "maximum", "logaddexp", "atan2"]
PROGRAMS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(UNARY), st.integers(0, 9)),
        st.tuples(st.sampled_from(BINARY), st.integers(0, 9), st.integers(0, 9)),
        st.tuples(st.sampled_from(BINARY), st.integers(0, 9), st.sampled_from([0.5, 2.0, -3.0])),
    ),
    min_size=1,
    max_size=12,
)


@given(PROGRAMS, st.floats(-3, 3), st.floats(-3, 3))
@settings(max_examples=150, deadline=None)
def test_random_programs(program: Any, a: float, b: float) -> None:
    """The last row says exactly what `jacobian` says."""

    def f(x: Any, y: Any) -> Any:
        found = [x, y]
        for name, *places in program:
            args = [p if isinstance(p, float) else found[-1 - p % len(found)] for p in places]
            found.append(getattr(dualad, name)(*args))
        return found[-1]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = jacobian(f, argnums=(0, 1), chunk=1)(a, b)
        except (ArithmeticError, ValueError):
            with pytest.raises((ArithmeticError, ValueError)):
                trace(f, a, b, wrt=(0, 1))
            return
        t = trace(f, a, b, wrt=(0, 1))
        np.testing.assert_array_equal(t.tangents, expected)
        np.testing.assert_array_equal(t.value, f(a, b))
        for row in t.steps:  # the chain rule along the slopes
            by_name = {r.variable: r for r in (*t.inputs, *t.steps)}
            dots = {v: by_name[v].tangent for v in row.slopes}
            if not np.all(np.isfinite([*dots.values()])):
                continue  # 0·∞ and 0·nan have conventions: see test_strong_zero
            total = sum(s * dots[v] for v, s in row.slopes.items() if dots[v])
            np.testing.assert_allclose(total, row.tangent, rtol=1e-12, atol=1e-12)
        ET.fromstring(re.sub("^.*</style>", "", t.to_html(), flags=re.S))


# -- programs ------------------------------------------------------------------------------


def test_loops_branches_and_helpers() -> None:
    def helper(z: Any) -> Any:
        return z * z

    def f(x: Any, n: Any) -> Any:
        s = x
        for _ in range(n):
            s = helper(s) / 2
        if s > 100:
            return s
        return -s

    t = trace(f, 3.0, 2)
    assert [r.name for r in t.inputs] == ["v₀"]  # n stayed a count
    assert [r.expression for r in t.steps] == ["v₀ × v₀", "v₁/2", "v₂ × v₂", "v₃/2", "−v₄"]
    (branch,) = [r for r in t if r.kind == "branch"]
    assert (branch.expression, branch.value, branch.source) == ("v₄ > 100", False, "s > 100")
    assert (t.value, t.tangent) == (-10.125, derivative(f)(3.0, 2))
    assert t["v₁"].source == "z * z" and t["v₂"].source == "helper(s) / 2"
    assert t["v₂"].line == t["v₄"].line == t["v₁"].line + 5


Point = namedtuple("Point", "a b")


def test_containers_and_arrays() -> None:
    def f(p: Any, q: Any, w: Any) -> Any:
        return {"u": p["x"][0] * q.b, "rest": [np.sum(w * q.a), (1.0,)]}

    t = trace(f, {"x": (2.0,)}, Point(3.0, 4.0), np.array([1.0, 2.0]), wrt=("p", "q"))
    assert t.wrt == ("p.x[0]", "q.a", "q.b")
    assert [r.name for r in t.outputs] == ["y₁", "y₂", "y₃"]
    assert [r.value for r in t.outputs] == [8.0, 9.0, 1.0]
    assert [r.tangents for r in t.outputs] == [(4.0, 0, 2.0), (0, 3.0, 0), (0, 0, 0)]
    with pytest.raises(ValueError, match="3 outputs"):
        _ = t.value
    x = np.array([2.0, 5.0])
    t = trace(lambda x: np.log(x[0]) + x[0] * x[1] - np.sin(x[1]), x, wrt=0)
    assert [r.expression for r in t.inputs] == ["x"] and t.wrt == ("x[0]", "x[1]")
    assert [r.expression for r in t.steps[:3]] == ["v₀[0]", "v₀[1]", "ln v₁"]
    assert t.tangents == (5.5, 1.7163378145367738)
    assert trace(lambda x: np.dot(x, x), x).tangent == 4.0
    t = trace(lambda x: np.log(x[0]) + x[0] * x[1] - np.sin(x[1]), x.tolist(), wrt=0)
    assert [r.expression for r in t.inputs] == ["x[0]", "x[1]"]


def test_numpy_on_single_numbers() -> None:
    assert trace(lambda x: np.where(x > 1, x * x, x), 3.0).tangent == 6.0
    assert trace(lambda x: np.clip(x, 0, 1) + x, 3.0).tangent == 1.0
    assert trace(lambda x: x * np.floor(x), 2.5).tangent == 2.0
    with np.errstate(all="ignore"):
        t = trace(lambda x: np.log(x) + x, -1.0)
        assert np.isnan(t.value) and np.isnan(t.tangent)  # what is nan has nan derivatives
        assert all(np.isnan(row.value) == np.isnan(row.tangent) for row in t)
        t = trace(lambda a, b: (np.sqrt(a) + b, b * b), np.float64(-1.0), 2.0, wrt=1)
        assert np.isnan(t.outputs[0].tangent) and t.outputs[1].tangent == 4.0
        t = trace(lambda x: np.sqrt(x) * 2, np.array([-1.0, 4.0]))
        np.testing.assert_array_equal(t.tangent, [np.nan, 0.0])
    with pytest.raises(ValueError):
        trace(lambda x: dualad.log(x), -1.0)
    with pytest.raises(TypeError, match="would lose the derivative"):
        trace(lambda x: float(x), 1.0, lift=False)
    assert trace(lambda x: float(x) * x, 3.0).tangent == 6.0


def test_repeated_inputs_in_place_and_unused() -> None:
    def f(x: Any, y: Any) -> Any:
        x += y
        x *= x
        _ = y * 3
        return x

    t = trace(f, 2.0, 2.0, wrt=(0, 1))
    assert t.tangents == (8.0, 8.0)
    assert [r.used for r in t.steps] == [True, True, False]
    assert t["v₂"].slopes == {t["v₁"].variable: 8.0}
    assert "v₃ †" in t.to_text() and t.to_text().endswith("† not used by an output")
    page = t.to_html()  # not in a title, which neither a keyboard nor a printer reaches
    assert page.count("†") == 2 and "† not used by an output</td>" in page


def test_other_numbers() -> None:
    t = trace(lambda x: x / 3, Fraction(1, 2))
    assert (t.value, t.tangent) == (Fraction(1, 6), Fraction(1, 3))
    with mp.workdps(30):
        t = trace(dualad.log, mp.mpf(2))
        assert (t.value, t.tangent) == (mp.log(2), mp.mpf(1) / 2)
        assert "0.693147180559945309417" in t.to_text(30)
    t = trace(lambda z: z * z, 1 + 2j)
    assert t.tangent == 2 + 4j
    assert "−3 + 4i" in t.to_text()
    for z in (1 + 2j, np.complex64(1 + 2j), mp.mpc(1, 2)):
        t = trace(lambda z: z ** (2 + 0j) * (1 - 1j), z)
        for shown in (t.to_text(), t.to_html(), t.to_latex(), graph(t).to_svg()):
            assert shown
        assert complex(t.tangent) == pytest.approx((2 + 4j) * (1 - 1j))
    assert trace(lambda x: x ** float("inf"), 2.0).steps[0].expression == "v₀^∞"
    assert trace(lambda x: x**-2.0, 2.0).steps[0].expression == "v₀⁻²"
    assert trace(lambda x: x**-0.5, 2.0).steps[0].expression == "v₀^(−0.5)"
    assert trace(lambda x: x * x, np.float32(2)).tangent == 4.0


def test_nested_derivatives() -> None:
    def f(x: Any) -> Any:
        return derivative(lambda t: np.sin(t * x))(2.0) * x

    t = trace(f, 3.0)
    assert t.tangent == derivative(f)(3.0)
    assert not [r for r in t if r.kind == "branch"]
    g = derivative(lambda a: trace(lambda x: a * x * x, 3.0).tangent)  # a trace inside
    assert g(5.0) == 6.0


def test_a_trace_leaves_nothing_behind() -> None:
    with pytest.raises(ZeroDivisionError):
        trace(lambda x: 1 / 0, 2.0)
    trace(survey, 2.0, 5.0)
    out = run_python("-c", "import dualad, sys; print('dualad.teach' in sys.modules)")
    assert out.stdout == "False\n"


# -- refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trace(3.0, 1.0), "trace needs a function, got float; write trace(f, x)."),
        (lambda: trace(survey, 1.0, 2.0, wrt="z"), "wrt='z', but the call gives no argument"),
        (lambda: trace(survey, 1.0, 2.0, wrt=5), "wrt=5, but the call gives 2 positional"),
        (lambda: trace(lambda s: s, "a"), "needs a number to differentiate among the arguments"),
        (lambda: trace(lambda x: None, 1.0), "returned NoneType; does it lack a return?"),
        (lambda: trace(lambda x: (None, x), 1.0), "NoneType in one place; put a number there"),
        (lambda: trace(lambda x: "a", 1.0), "returned str."),
        (lambda: trace(lambda x: x, 1.0, wrt=()), "trace: wrt=() names no argument; leave it out"),
        (lambda: trace(lambda argnums: argnums, 1.0, wrt="argnum"), "did you mean argnums?"),
        (lambda: trace(lambda x: x, 1.0, wrt=(0, 0)), "trace: wrt=(0, 0) names an argument twice."),
        (lambda: trace(lambda: 3.0), "trace: f takes no arguments, so there is nothing to differ"),
        (lambda: explain(lambda s: s, "a"), "explain needs a number to differentiate among the"),
        (lambda: explain(lambda s: s), "explain runs a function at a point, and none was given;"),
        (lambda: graph(3.0, 1.0), "graph needs a function, got float; write graph(f, x)."),
        (lambda: graph(np.exp, np.ones(2), adjoints=True), "graph goes back from numbers in rev"),
        (
            lambda: graph(lambda x: x, 2.0, wrt="y"),
            "graph: wrt='y', but the call gives no argument",
        ),
        (lambda: trace(lambda x: sum(x for _ in range(10**5)), 1.0), "more than 10000 steps"),
        (lambda: explain("a"), "explain takes a dual number, got str."),
    ],
)
def test_refusals(call: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        call()


# -- renderings ----------------------------------------------------------------------------


def test_text_is_aligned() -> None:
    assert trace(survey, 2, 5).to_text().splitlines()[2].startswith("v₋₁  x₁        =  2       ẋ₁")
    lines = trace(chain, 2.0, 1.0, wrt=(0, 1)).to_text().splitlines()
    ruled = lines[1].split("  ")
    assert lines[0].split() == ["value", "tangent", "∂/∂x₁", "∂/∂x₂", "source"]
    starts, at = [], 0
    for dashes in ruled:
        starts.append(at)
        at += len(dashes) + 2
    for line in lines[2:]:
        letters = [c for c in line if not combining(c)]
        assert all(letters[s - 1] == " " for s in starts[1:] if s <= len(letters))


def test_renderings() -> None:
    t = trace(chain, 2.0, 1.0)
    assert r"\frac{\dot{v}_{4}}{2 \cdot v_{5}}" in t.to_latex()
    latex = t.to_latex().splitlines()
    assert latex[0].startswith(r"\begin{tabular}") and latex[-1] == r"\end{tabular}"
    assert {line.count("&") for line in latex[4:-2]} == {4}
    markdown = t.to_markdown().splitlines()
    assert {line.count("|") for line in markdown} == {6}
    assert "$\\dot{v}_{6}$" in markdown[-1]
    html = t.to_html()
    body = ET.fromstring(re.sub("^.*</style>", "", html, flags=re.S))
    assert len(body.findall("tbody/tr")) == len(t.rows)
    assert "prefers-color-scheme" not in html and "currentColor" in html
    d = json.loads(json.dumps(t.to_dict()))
    assert d["rows"][-1]["tangents"] == [t.tangent]
    assert d["rows"][4]["slopes"] == {"v₋₁": 1 / t["v₂"].value, "v₂": -2 / t["v₂"].value ** 2}
    assert repr(t) == "<trace of chain: 6 steps>"


def test_names_are_escaped_in_latex_and_markdown() -> None:
    """Labels may be any text: keys of a dict."""
    p = {"growth % a": 1.0, "R&D|x": 2.0, "t_0": 3.0}
    t = trace(lambda p: p["growth % a"] * p["R&D|x"] * p["t_0"], p, wrt=0)
    for shown in (t.to_latex(), *t.to_markdown().splitlines()[1:]):
        assert not re.search(r"(?<!\\)%", shown)
    assert {len(re.findall(r"(?<!\\)&", line)) for line in t.to_latex().splitlines()[4:-2]} == {6}
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in t.to_markdown().splitlines()} == {8}
    assert r"\mathit{p.t\_0}" in t.to_latex() and r"p.t\_0" in t.to_latex().splitlines()[2]
    assert r"\textit{p['R\&D\textbar{}x']}" in t.to_latex()
    assert {re.sub(r"\\[\[\]{}]", "", line).count("{") - line.count("}") for line in
            t.to_latex().splitlines()} == {0}  # fmt: skip


def test_long_traces_are_folded() -> None:
    def f(x: Any) -> Any:
        for _ in range(500):
            x = x * 1.001
        return x

    t = trace(f, 1.0)
    assert len(t.rows) == 502
    assert len(t.to_text().splitlines()) == 7 and "⋮    498 more rounds" in t.to_text()
    assert "498 more rounds" in t.to_html() and r"\vdots" in t.to_latex()
    assert len(t.to_text(fold=False).splitlines()) == 504

    def newton(x: Any) -> Any:
        y = x
        for _ in range(6):
            y = (y + x / y) / 2
        return y

    t = trace(newton, 2.0)
    assert "more" not in t.to_text()
    lines = t.to_text(fold=True, source=False).splitlines()
    assert len(lines) == 11 and lines[6] == "⋮    4 more rounds"

    def mixed(x: Any) -> Any:
        functions = [np.sin, np.cos, np.tanh, np.square, np.arctan, np.arcsinh, np.negative]
        for i in range(250):
            x = functions[int(1000 * math.sin(i * i)) % 7](x)
        return x

    t = trace(mixed, 0.5)
    assert len(t.to_text().splitlines()) == 203 and "52 more rows" in t.to_text()


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1e-5, "1e−5"),
        (-12345678.0, "−1.2346e7"),
        (0.99999999, "1"),
        (float("inf"), "∞"),
        (float("nan"), "nan"),
        (3, "3"),
        (True, "true"),
        (1 - 2j, "1 − 2i"),
    ],
)
def test_numbers(x: Any, text: str) -> None:
    assert number_text(x) == text


# -- Jupyter -------------------------------------------------------------------------------


def test_duals_in_jupyter() -> None:
    assert Dual(2.0, 1.0)._repr_latex_() == r"$2.0 + 1.0\,\varepsilon$"
    assert Dual(2.0, -1.5)._repr_latex_() == r"$2.0 - 1.5\,\varepsilon$"
    assert Dual(Fraction(1, 3), 1.0)._repr_latex_() == r"$1/3 + 1.0\,\varepsilon$"
    x = Dual(np.array([[1.0, 2.0]]), np.array([[0.0, -1.0]]))
    html = x._repr_html_()
    assert "1 + 0 ε" in html and "2 − 1 ε" in html and "1 × 2" in html
    ET.fromstring(f"<div>{html}</div>")
    assert Dual(np.zeros(50), np.ones(50))._repr_html_().count("<tr>") == 21
    assert "<pre>" in Dual(np.zeros(2), np.ones((3, 2)))._repr_html_()


def test_explain() -> None:
    assert explain(Dual(2.0, -1.0)) == "2.0 − 1.0ε: the value is 2.0, its tangent -1.0."
    assert "shape (2,)" in explain(Dual(np.ones(2), np.ones(2)))
    assert "2.0 is a plain number" in explain(2.0)
    seen: list[str] = []
    derivative(lambda x: seen.append(explain(x)) or x)(1.0)
    assert seen[0].endswith("It belongs to a differentiation that is running.")


# -- the command line ----------------------------------------------------------------------


def test_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    formula = "log(x1) + x1*x2 - sin(x2)"
    assert main([formula, "x1=2", "x2=5", "--trace", "x1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(formula + "\n\n") and "source" not in out
    rows = trace(survey, 2.0, 5.0).to_text().splitlines()
    assert [line.split()[:6] for line in out.splitlines()[4:]] == [r.split()[:6] for r in rows[2:]]
    path = tmp_path / "out.svg"
    assert main([formula, "x1=2", "x2=5", "--graph", str(path)]) == 0
    assert "derivative" in capsys.readouterr().out
    ET.parse(path)
    assert main(["sqrt(x)", "x=2", "--trace", "x", "--digits", "25"]) == 0
    assert "1.414213562373095048801689" in capsys.readouterr().out


def test_command_line_script(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    script = tmp_path / "model.py"
    script.write_text("def f(x, n):\n    for _ in range(n):\n        x = x * x\n    return x\n")
    assert main([f"{script}:f", "x=3", "n=2", "--trace=x"]) == 0
    out = capsys.readouterr().out
    assert "3: x * x" in out and "v̇₁ × v₁ + v₁ × v̇₁" in out and " n " not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--trace", "z"], "--trace z: z has no value; the variables are x."),
        (["--graph", "a.png"], "--graph writes files that end in .svg; got 'a.png'."),
        (["--trace", "x", "--json"], "--trace prints a table of steps; leave out --json."),
        (["--trace"], "--trace needs a value; write --trace x."),
        (
            ["--graph", "/no/such/place/a.svg"],
            "--graph /no/such/place/a.svg: there is no directory /no/such/place",
        ),
    ],
)
def test_command_line_refusals(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["x**2", "x=3", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"dualad: {message}") and err.count("\n") == 1


def test_no_sweep_from_an_array_on_the_command_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    script = tmp_path / "model.py"
    script.write_text("import numpy as np\ndef curve(a): return a * np.arange(3.0)\n")
    for options in (["--trace"], ["--graph", str(tmp_path / "g.svg")]):
        assert main([f"{script}:curve", "a=2", *options, "--reverse"]) == 2
        assert capsys.readouterr().err == (
            "dualad: --reverse goes back from numbers, and model.py:curve returned an array of "
            "shape (3,); leave it out, or let the function return one element, or the sum.\n"
        )
    assert main([f"{script}:curve", "a=2", "--trace", "a"]) == 0


def test_an_array_that_is_filled() -> None:
    def f(x: Any) -> Any:
        a = np.zeros(2)
        a[0] = x
        return a[0] * x

    text = str(trace(f, 2.0))
    assert "[0, 0] with [0] = v₀" in text and text.splitlines()[-1].endswith("= 4")


# -- names and places ----------------------------------------------------------------------


def test_a_result_beside_an_input_called_y() -> None:
    for mode in ("forward", "reverse"):
        t = trace(lambda x, y: x * y, 2.0, 3.0, mode=mode)
        assert [row.name for row in t.outputs] == ["z"] and t.value == 6.0
    assert [row.name for row in trace(lambda x, y: (x, y), 2.0, 3.0).outputs] == ["z₁", "z₂"]


def test_numbers_are_not_put_into_partial_derivatives() -> None:
    t = trace(lambda x: np.linalg.eigvalsh(x * np.eye(2))[0], 2.0, numbers=True)
    assert "∂v₂/∂v₁ · [[1, 0], [0, 1]]" in t.to_text()


def test_parts_of_what_a_solver_gives() -> None:
    integrate = pytest.importorskip("scipy.integrate")

    def decay(k: Any) -> Any:
        return integrate.solve_ivp(lambda t, u: -k * u, (0, 1), [1.0]).y[0, -1]

    for mode in ("forward", "reverse"):
        steps = trace(decay, 0.5, mode=mode).steps
        assert [row.expression for row in steps] == ["solve_ivp(v₀, …)", "v₁[0, -1]"]
        assert all(row.used for row in steps) and steps[0].source.startswith("integrate.solve_ivp(")
        assert steps[0].value.shape[0] == 1 and abs(steps[1].value - np.exp(-0.5)) < 1e-3


def test_orders_accuracies_and_names_of_scipy() -> None:
    special = pytest.importorskip("scipy.special")
    shown = {
        "J₂(v₀)": lambda x: special.jv(2, x),
        "W₀(v₀)": lambda x: special.lambertw(x),
        "ζ(3, v₀)": lambda x: special.zeta(3.0, x),
        "softmax v₀": lambda x: special.softmax(x),
    }
    for expression, f in shown.items():
        step, *_ = trace(f, np.array([0.5, 1.5]) if "softmax" in expression else 0.5).steps
        assert step.expression == expression and step.source.startswith("special.")
    (step,) = trace(shown["ζ(3, v₀)"], 0.5).steps
    assert step.tangent_expression == "−3 × ζ(4, v₀) × v̇₀"


def test_conversions_truths_and_stores_are_no_steps() -> None:
    assert [r.expression for r in trace(lambda x: cmath.exp(1j * x), 0.4).steps] == [
        "i × v₀", "exp v₁"]  # fmt: skip
    assert trace(lambda x: x * (x > 1), 2.0)["v₁"].expression == "v₀ × 1"
    t = trace(lambda a, b: math.hypot(a, b), 3.0, 4.0)
    assert t["v₁"].tangent_expression == "v₋₁ × v̇₋₁ / v₁ + v₀ × v̇₀ / v₁"

    def scaled(x: Any) -> Any:
        a = np.ones(2) * x
        a[1:] *= 2
        return a.sum()

    expressions = [r.expression for r in trace(scaled, 3.0).steps]
    assert expressions[1:] == ["v₁[1:]", "v₂ × 2", "v₁ with [1:] = v₃", "∑ v₄"]


def test_a_trace_without_a_point() -> None:
    with pytest.raises(ValueError, match=r"at a point, and none was given; write trace\(f, 2.0\)"):
        trace(lambda x: x * x)
    with pytest.raises(ValueError, match=r"these are of type str; write trace\(f, 2.0\), if f"):
        trace(lambda x: x * x, "a")


def test_complex_numbers_stand_in_a_column() -> None:
    text = trace(lambda z: z**2 + 1 / z, 1 + 2j).to_text(source=False)
    assert "=  1 + 2i " in text and "= −3 + 4i " in text and "=  0.2 − 0.4i " in text


def test_a_part_of_a_part_has_both_indices() -> None:
    steps = trace(lambda x: x[1:][::-1][0] * x.T[0], np.arange(4.0)).steps
    expressions = ["transpose v₀", "v₀[1:][::-1][0]", "v₁[0]", "v₂ × v₃"]
    assert [s.expression for s in steps if s.used] == expressions


def test_a_part_of_a_view_is_read_from_the_view() -> None:
    at = np.arange(6.0).reshape(2, 3)
    cases: list[tuple[Any, Any, list[str]]] = [
        (lambda x: (2 * x).reshape(-1)[2], at, ["2 × v₀", "reshape(v₁, −1)", "v₂[2]"]),
        (lambda x: (2 * x).T[0].sum(), at, ["2 × v₀", "transpose v₁", "v₂[0]", "∑ v₃"]),
        (lambda x: x.reshape(2, 3)[1, 2], at.ravel(), ["reshape(v₀, (2, 3))", "v₁[1, 2]"]),
        (lambda x: x.T[1:][0, 1], at, ["transpose v₀", "v₁[1:][0, 1]"]),
        (lambda x: np.ravel(x)[1] * 2, at, ["ravel v₀", "v₁[1]", "v₂ × 2"]),
        (lambda x: fsolve(lambda t: t * t - x, 1.0)[0], 2.0, ["fsolve(v₀, …)", "v₁[0]"]),
        (lambda x: scipy.linalg.inv(x)[0][1], at[:, 1:], ["inv v₀", "v₁[0][1]"]),
        (lambda x: scipy.signal.lfilter([1, 2], [1], x)[1], at[0], ["lfilter(v₀, …)", "v₁[1]"]),
        (lambda x: float(interp1d([0, 1], [2, 3])(x)), 0.5, ["interp1d(v₀, …)"]),
    ]
    for f, x, expected in cases:
        for mode in ("forward", "reverse"):
            t = trace(f, x, mode=mode)
            assert [s.expression for s in t.steps] == expected
            assert "†" not in t.to_text() and t.outputs[0].value == f(x)
    back = trace(cases[0][0], at, mode="reverse")
    assert back.steps[2].shares[0].expression == "v̄₂ = 0 with [2] = v̄₃"
    np.testing.assert_array_equal(back.steps[0].adjoint, [[0, 0, 1], [0, 0, 0]])
    steps = trace(lambda x: np.vectorize(math.sin)(x).sum(), at[0]).steps
    assert [s.expression for s in steps][-2:] == ["stack([v₅, v₆, v₇])", "∑ v₈"]


def test_what_is_stored_through_a_view_has_its_index_in_the_whole() -> None:
    def stored(x: Any) -> Any:
        y = 2 * x
        row, first = y.reshape(-1), y.T[0]
        before = row[0]
        row[1] = x[1, 1] ** 2
        first[1] = 7.0
        row[3:5] *= 2
        return before + row[1] * row[2] + first[1] * row[4]

    at = 1 + np.arange(6.0).reshape(2, 3)
    t = trace(stored, at, mode="reverse")
    shown = [s.expression for s in t.steps]
    assert "v₁ with [0, 1] = v₅" in shown and not any("…" in each for each in shown)
    assert any(each.endswith(" with [1, 0] = 7") for each in shown)
    assert any("with [[1, 1], [0, 1]] = " in each for each in shown)
    # 2a + e²·2c + 14·4e, by hand
    assert t.outputs[0].value == stored(at) == 2 + 25 * 6 + 14 * 20
    expected = [[2, 0, 50], [0, 2 * 5 * 6 + 56, 0]]
    np.testing.assert_array_equal(t.rows[0].adjoint, expected)


def test_nothing_is_said_to_be_left_out_where_nothing_is() -> None:
    assert trace(lambda x, y: math.fsum([x, y]), 1.0, 2.0).steps[0].expression == "fsum(v₋₁, v₀)"
    assert trace(lambda x: math.fsum([x, 1.0]), 1.0).steps[0].expression == "fsum(v₀, …)"


def test_a_logarithm_of_a_base_is_divided_by_that_of_the_base() -> None:
    for mode in ("forward", "reverse"):
        steps = trace(lambda x: math.log(x, 3) * math.log(5, x), 0.5, mode=mode).steps
        shown = [s.expression for s in steps]
        assert shown == ["ln v₀", "ln v₀", "v₁/ln(3)", "ln(5) / v₂", "v₃ × v₄"]
    assert "1.0986" in trace(lambda x: x / math.log(3), 0.5).to_text()
    page = explain(lambda x: math.log(x, 3), 0.5)
    assert not page.unwritten and "1.09861228866810" in page.to_html()


def test_steps_give_way_to_arguments_of_their_name() -> None:
    """No name stands for two things, in text, LaTeX and graphs, forward and in reverse mode."""

    def stop(v0: Any, a: Any) -> Any:
        return v0**2 / (2 * a)

    for found in (trace(stop, 20.0, 5.0), trace(stop, 20.0, 5.0, mode="reverse")):
        names = [row.name for row in found.rows]
        assert names == ["w₋₁", "w₀", "w₁", "w₂", "w₃", "y"] and found["w₋₁"].expression == "v₀"
        assert "$w_{-1}$ & $v_{0}$" in found.to_latex() and "v_{1}" not in found.to_latex()
        assert [node.key for node in graph(found).nodes] == names
    taken = trace(lambda v1, w, y, y01: v1 * w * y * y01, 1.0, 2.0, 3.0, 4.0)
    assert [row.name for row in taken.rows[-2:]] == ["u₃", "z"]
    assert [row.expression for row in taken.inputs] == ["v₁", "w", "y", "y01"]
    assert trace(lambda y, z, w, u, q, r: y, *[1.0] * 6).outputs[0].name == "a"
    assert trace(lambda v, v_0: v * v_0, 1.0, 2.0).steps[0].name == "v₁"  # these are others
    with pytest.raises(KeyError, match="no row 'x'; its rows are called w₋₁, w₁, y and the like"):
        trace(stop, 20.0, 5.0)["x"]


def test_degrees_in_formulas() -> None:
    t = trace(lambda x: np.degrees(np.radians(x)), 30.0, mode="reverse")
    assert [s.expression for row in t.steps for s in row.shares] == [
        "v̄₀ = v̄₁ × π/180", "v̄₁ = v̄₂ × 180/π"
    ]  # fmt: skip
    forward = trace(lambda x: np.degrees(np.radians(x)), 30.0)
    assert [row.tangent_expression for row in forward.steps] == ["π/180 × v̇₀", "180/π × v̇₁"]
    assert r"\frac{\pi}{180} \cdot \dot{v}_{0}" in forward.to_latex()


def test_errors_of_the_function_say_what_to_write() -> None:
    for mode in ("forward", "reverse"):
        with pytest.raises(TypeError, match="for \\^: 'Dual' and 'int'") as error:
            trace(lambda x: x ^ 2, 2.0, mode=mode)
        assert error.value.__notes__ == ["trace: ^ is no power in Python; write ** for it."]
    for program, call in (
        (lambda x: math.factorial(x), r"math\.factorial\(x\)"),
        (lambda x: range(x), r"range\(x\)"),
        (lambda x: [1.0, 2.0][x], r"\[1\.0, 2\.0\]\[x\]"),
    ):
        message = f"^{call}: using x as an index or a count would lose"
        with pytest.raises(TypeError, match=message):
            trace(program, 1.0)
        with pytest.raises(TypeError, match=message):
            derivative(program)(1.0)
    with pytest.raises(TypeError) as error:
        derivative(lambda x: x ^ 2)(2.0)
    assert error.value.__notes__ == ["derivative: ^ is no power in Python; write ** for it."]


def test_what_gives_plain_numbers_is_told() -> None:
    def interest(balance: Any) -> Any:
        balance = balance * 1.05
        return round(balance, 2)

    note = "round gave plain numbers, which are constants from there on"
    for mode in ("forward", "reverse"):
        t = trace(interest, 100.0, mode=mode)
        assert t.constants_from == ("round",)
        assert t.to_text().endswith(f"† not used by an output\n{note}") and note in t.to_html()
    assert trace(lambda x: x * int(x) + x // 0.5, 2.7).constants_from == ("int", "floordiv")
    for f in (lambda x: x if x.is_integer() else 2 * x, lambda x: x * len(f"{x:.1f}")):
        assert trace(f, 2.7).constants_from == () and "plain" not in trace(f, 2.7).to_text()


def test_functions_keep_their_names_and_their_other_arguments() -> None:
    x, a = np.array([0.7, 1.9]), np.array([[2.0, 1.0], [1.0, 3.0]])
    calls: list[tuple[Any, Any, str]] = [
        (lambda x: np.add.outer(x, x).sum(), x, "add.outer(v₀, v₀)"),
        (lambda x: np.logaddexp.reduce(x), x, "logaddexp.reduce v₀"),
        (lambda x: np.maximum.accumulate(x).sum(), x, "maximum.accumulate v₀"),
        (lambda x: x[np.argsort(-x)].sum(), x, "v₀[[1, 0]]"),
        (lambda x: x[x > 1.0].sum(), x, "v₀[[False, True]]"),
        (lambda x: x[np.argsort(-x)][0] * 2, x, "v₂[0]"),
        (lambda x: np.piecewise(x, [x > 1], [np.sin, lambda t: t]).sum(), x, "[sin, lambda]"),
        (lambda x: np.vectorize(math.sin)(x).sum(), x, "stack([v₄, v₅])"),
        (lambda x: math.fsum([x, x * x, 1.0]), 2.0, "fsum(v₀, v₁, …)"),
        (lambda x: float(fsolve(lambda t: t**3 + t - x, 1.0)[0]), 2.0, "fsolve(v₀, …)"),
        (lambda x: scipy.linalg.solve(a, x).sum(), x, "solve(v₀, …)"),
        (lambda x: scipy.linalg.expm(x).sum(), a, "expm v₀"),
        (lambda x: statistics.mean([x, 1.0]), 2.0, "mean(v₀, 1)"),
    ]
    for f, at, text in calls:
        shown = trace(f, at).to_text(source=False)
        assert text in shown and "0x" not in shown and "float v" not in shown, shown
    t = trace(lambda a: np.linalg.multi_dot([a, a, a]).sum(), a)
    assert t.steps[0].tangent_expression == (
        "multi_dot([v̇₀, v₀, v₀]) + multi_dot([v₀, v̇₀, v₀]) + multi_dot([v₀, v₀, v̇₀])"
    )
    back = trace(lambda x: np.max([x, x * x, 1.0]), 2.0, mode="reverse")
    assert [s.expression for s in back["v₂"].shares] == [
        "v̄₁ = (0 with [argmax([v₀, v₁, 1])] = v̄₂)[1]",
        "v̄₀ = (0 with [argmax([v₀, v₁, 1])] = v̄₂)[0]",
    ]


def test_powers_of_numbers_without_a_logarithm() -> None:
    """A whole exponent that is not differentiated needs none."""
    shown = trace(lambda x, n: x**n, -2.0, 3, numbers=True).to_text(source=False)
    assert "ln" not in shown and "3 × (−2)^(3 − 1) × 1" in shown
    assert "ln" in trace(lambda x, n: x**n, 2.0, 3).to_text()
    assert trace(lambda x, n: x**n, 0.0, 0).steps[0].tangent_expression == "0"


def test_slopes_that_tangents_tell_have_numbers() -> None:
    """Of one direction the slope in one variable, of two those in two."""
    shown = trace(lambda x: np.interp(x, [0.0, 2.0], [0.0, 12.0]), 1.5, numbers=True).to_text()
    assert "6 × 1" in shown
    f = lambda a, b: brentq(lambda x: x**3 + a * x - b, 0.0, 9.0)  # noqa: E731
    row = trace(f, 2.0, 3.0, wrt=(0, 1)).steps[0]
    np.testing.assert_allclose(list(row.slopes.values()), [-0.2, 0.2], rtol=1e-9)
    assert list(trace(f, 2.0, 3.0).steps[0].slopes.values())[1] is None
