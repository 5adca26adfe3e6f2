"""Traces in reverse mode: the literature's tables row for row, and the very numbers of the drivers."""

from __future__ import annotations

import json
import math
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from mpmath import mp
from support.cases import Case, listed
from test_higher_order import every_case
from test_reverse import FORWARD_ONLY, PROGRAMS, X, cotangent
from test_trace import BINARY, UNARY, chain, survey

import dualad
from dualad import Dual, derivative, grad, vjp
from dualad.__main__ import main
from dualad.structure import leaves
from dualad.teach import Trace, graph, trace
from dualad.text import number_text

Line = tuple[str, str, list[tuple[str, str]]]


def table_of(t: Trace) -> list[Line]:
    return [
        (
            r.name,
            f"{r.expression} = {number_text(r.value)}",
            [(s.expression, number_text(s.value)) for s in r.shares],
        )
        for r in t
    ]


# -- the literature ------------------------------------------------------------------------


def test_survey_row_for_row() -> None:
    """Baydin, Pearlmutter, Radul & Siskind, Table 2; the right side is read upwards."""
    expected: list[Line] = [
        ("v₋₁", "x₁ = 2", [("x̄₁ = v̄₋₁", "5.5")]),
        ("v₀", "x₂ = 5", [("x̄₂ = v̄₀", "1.7163")]),
        ("v₁", "ln v₋₁ = 0.6931", [("v̄₋₁ = v̄₋₁ + v̄₁/v₋₁", "5.5")]),
        (
            "v₂",
            "v₋₁ × v₀ = 10",
            [("v̄₀ = v̄₀ + v̄₂ × v₋₁", "1.7163"), ("v̄₋₁ = v̄₂ × v₀", "5")],
        ),
        ("v₃", "sin v₀ = −0.9589", [("v̄₀ = v̄₃ × cos v₀", "−0.2837")]),
        ("v₄", "v₁ + v₂ = 10.6931", [("v̄₂ = v̄₄ × 1", "1"), ("v̄₁ = v̄₄ × 1", "1")]),
        ("v₅", "v₄ − v₃ = 11.6521", [("v̄₃ = v̄₅ × (−1)", "−1"), ("v̄₄ = v̄₅ × 1", "1")]),
        ("y", "v₅ = 11.6521", [("v̄₅ = ȳ", "1")]),
    ]
    for args in ((2, 5), (2.0, 5.0)):
        t = trace(survey, *args, mode="reverse")
        assert table_of(t) == expected
        assert t.adjoints == (5.5, 2 - math.cos(5.0)) and t.wrt == ("x1", "x2")
        assert t.value == trace(survey, *args).value
    assert trace(survey, 2.0, 5.0, wrt="x2", mode="reverse").adjoints == (2 - math.cos(5.0),)


def test_survey_with_numbers() -> None:
    """Table 2 with numbers: an adjoint stands in a sum as it is at that point of the sweep."""
    t = trace(survey, 2.0, 5.0, mode="reverse", numbers=True)
    lines = [
        re.split(" {2,}", line.replace("=  ", "= "))[-3:]
        for line in t.to_text(source=False).splitlines()[4:]
    ]
    assert lines == [
        ["v̄₋₁ + v̄₁/v₋₁", "5 + 1/2", "= 5.5"],
        ["v̄₀ + v̄₂ × v₋₁", "−0.2837 + 1 × 2", "= 1.7163"],
        ["v̄₂ × v₀", "1 × 5", "= 5"],
        ["v̄₃ × cos v₀", "(−1) × cos 5", "= −0.2837"],
        ["v̄₄ × 1", "1 × 1", "= 1"],
        ["v̄₄ × 1", "1 × 1", "= 1"],
        ["v̄₅ × (−1)", "1 × (−1)", "= −1"],
        ["v̄₅ × 1", "1 × 1", "= 1"],
        ["v̄₅", "ȳ", "= 1"],
    ]
    body = ET.fromstring(re.sub("^.*</style>", "", t.to_html(source=False), flags=re.S))
    assert {sum(int(c.get("colspan", 1)) for c in row) for row in body.findall("tbody/tr")} == {8}


def test_chain_row_for_row() -> None:
    """x₁·√(ln(x₁/sin x₂²)): the adjoint of x₁ is what comes by v₆, and then by v₃."""
    t = trace(chain, 2.0, 1.0, mode="reverse")
    lines = [s.expression for r in t for s in r.shares]
    assert lines == [
        "x̄₁ = v̄₋₁",
        "x̄₂ = v̄₀",
        "v̄₀ = v̄₁ × 2 × v₀",
        "v̄₁ = v̄₂ × cos v₁",
        "v̄₂ = −v̄₃ × v₃ / v₂",
        "v̄₋₁ = v̄₋₁ + v̄₃/v₂",
        "v̄₃ = v̄₄/v₃",
        "v̄₄ = v̄₅/(2 × v₅)",
        "v̄₅ = v̄₆ × v₋₁",
        "v̄₋₁ = v̄₆ × v₅",
        "v̄₆ = ȳ",
    ]
    with mp.workdps(30):
        x1, x2 = mp.mpf(2), mp.mpf(1)
        s = mp.sin(x2**2)
        root = mp.sqrt(mp.log(x1 / s))
        exact = {
            "v₋₁": root + 1 / (2 * root),
            "v₀": -x1 * x2 * mp.cot(x2**2) / root,
            "v₁": -x1 * mp.cot(x2**2) / (2 * root),
            "v₂": -x1 / (2 * root * s),
            "v₃": s / (2 * root),
            "v₄": x1 / (2 * root),
            "v₅": x1,
            "v₆": 1,
        }
    for name, value in exact.items():
        assert t[name].adjoint == pytest.approx(float(value), rel=1e-14)
    assert t["v₆"].shares[1].value == pytest.approx(float(root), rel=1e-15)  # one path
    assert t["v₃"].shares[1].value == pytest.approx(float(exact["v₋₁"]), rel=1e-15)  # and both


def test_vector_jacobian_products() -> None:
    """j(exp) = y·ȳ, j(+) = (ȳ, ȳ), j(/), j(log), j(A·β) = (ȳ ⊗ β, Aᵀ·ȳ): a trace has them."""
    random = np.random.default_rng(0)
    x, z, g = random.uniform(0.5, 2, (3, 4))
    a, beta, h = random.normal(size=(5, 4)), random.normal(size=4), random.normal(size=5)
    of_exp = trace(lambda x: np.sum(np.exp(x) * g), x, mode="reverse")
    assert of_exp["v₁"].shares[0].expression == "v̄₀ = v̄₁ × v₁"
    np.testing.assert_allclose(of_exp.adjoints[0], g * np.exp(x), rtol=1e-15)
    of_add = trace(lambda x, z: np.sum((x + z) * g), x, z, mode="reverse")
    assert [s.expression for s in of_add["v₁"].shares] == ["v̄₀ = v̄₁ × 1", "v̄₋₁ = v̄₁ × 1"]
    np.testing.assert_array_equal(of_add.adjoints, [g, g])
    of_div = trace(lambda x, z: np.sum(x / z * g), x, z, mode="reverse")
    assert of_div["v₁"].shares[1].expression == "v̄₋₁ = v̄₁/v₀"
    np.testing.assert_allclose(of_div.adjoints, [g / z, -g * x / z**2], rtol=1e-14)
    of_log = trace(lambda x: np.sum(np.log(x) * g), x, mode="reverse")
    assert of_log["v₁"].shares[0].expression == "v̄₀ = v̄₁/v₀"
    np.testing.assert_allclose(of_log.adjoints[0], g / x, rtol=1e-15)
    of_product = trace(lambda a, b: (a @ b) @ h, a, beta, mode="reverse")
    assert of_product["v₁"].expression == "v₋₁ · v₀"
    assert [s.expression for s in of_product["v₁"].shares] == ["v̄₀ = v₋₁ᵀ · v̄₁", "v̄₋₁ = v̄₁ ⊗ v₀"]
    np.testing.assert_allclose(of_product.adjoints[0], np.outer(h, beta), rtol=1e-14)
    np.testing.assert_allclose(of_product.adjoints[1], a.T @ h, rtol=1e-13)


def evaluated(x: Any, numbers: dict[Any, Any]) -> Any:
    """A formula of arrays by NumPy."""
    from dualad.teach import formula as F

    def go(x: Any) -> Any:
        match x:
            case F.Number(value=value):
                return value
            case F.Variable():
                return numbers[x]
            case F.Call(name=name, args=args):
                f = getattr(np.linalg, name) if name == "solve" else getattr(np, name)
                return f(*map(go, args))
            case F.Power(base=base, exponent=exponent):
                a, n = go(base), go(exponent)
                return np.linalg.inv(a) if np.ndim(a) == 2 and n == -1 else a**n
            case F.Product(over=over, under=under):
                return math.prod(map(go, over)) / math.prod(map(go, under))
            case F.Sum(terms=terms):
                return sum(sign * go(term) for sign, term in terms)
            case F.Infix(left=left, sign=sign, right=right):
                return go(left) @ go(right) if sign == "·" else np.outer(go(left), go(right))
            case F.Transposed(of=of):
                return go(of).T
            case F.Element(whole=whole, index=index, stored=stored):
                place = int(index) if isinstance(index, str) else go(index)
                if stored is None:
                    return go(whole)[place]
                a = np.array(go(whole) + np.zeros_like(numbers[F.Variable("v", 0)]))
                a[place] = go(stored)
                return a
        raise AssertionError(x)

    return go(x)


def test_formulas_of_array_functions_give_their_numbers() -> None:
    """What is written for a tangent and for a share is what NumPy calculates from it."""
    random = np.random.default_rng(3)
    a, v, w = random.uniform(0.5, 2, (3, 3)) + 3 * np.eye(3), *random.uniform(0.5, 2, (2, 3))
    functions: list[Any] = [np.linalg.inv, np.linalg.det, np.linalg.solve, np.sum, np.mean, np.var]
    functions += [np.std, np.prod, np.linalg.norm, np.sort, np.max, np.min, np.cumprod, np.matmul]
    for f in functions:
        two, on_matrices = f in (np.linalg.solve, np.matmul), f in functions[:3]
        many = [(a, v), (a, a.T), (v, a), (v, w)] if f is np.matmul else [(a, v)] if two else []
        for args in many or [(a,) if on_matrices else (v,)]:
            wrt = tuple(range(len(args)))
            forward = trace(f, *args, wrt=wrt)
            row = forward.steps[0]
            numbers = {r.variable: r.value for r in forward}
            for k in range(len(forward.wrt)):
                numbers |= {r.variable.tangent: r.tangents[k] for r in forward}
                found = evaluated(row.tangent_formula, numbers)
                np.testing.assert_allclose(found, row.tangents[k], rtol=1e-12, atol=1e-13)
            weights = random.normal(size=np.shape(row.value))
            t = trace(
                lambda *xs, f=f, w=weights: np.sum(f(*xs) * w), *args, wrt=wrt, mode="reverse"
            )
            step = t.steps[0]
            numbers = {r.variable: r.value for r in t} | {step.variable.adjoint: step.adjoint}
            for share in step.shares:
                if "∂" not in share.expression:
                    found = evaluated(share.formula, numbers) + np.zeros(np.shape(share.value))
                    np.testing.assert_allclose(found, share.value, rtol=1e-12, atol=1e-13)
            unwritten = {np.cumprod}
            assert (f in unwritten) == any("∂" in share.expression for share in step.shares)


# -- the very numbers of the drivers -------------------------------------------------------

CASES = every_case()


@pytest.mark.parametrize("name", sorted(CASES.keys() - FORWARD_ONLY.keys())[::4])
def test_functions_of_arrays(name: str) -> None:
    case: Case = CASES[name]
    with warnings.catch_warnings(action="ignore"):
        value, _ = vjp(lambda *xs: listed(case.f(*xs)), *case.args)
        weights = [cotangent(v, 3) for v in leaves(value)]

        def f(*xs: Any) -> Any:
            parts = list(leaves(listed(case.f(*xs))))
            return sum(np.sum(np.real(p * w)) for p, w in zip(parts, weights, strict=True))

        t = trace(f, *case.args, wrt=tuple(range(len(case.args))), mode="reverse")
        want = leaves(grad(f, tuple(range(len(case.args))), mode="reverse")(*case.args))
        for got, exact in zip(t.adjoints, want, strict=True):
            size = max(1.0, float(np.max(np.abs(exact), initial=0)))
            np.testing.assert_allclose(got, exact, rtol=0, atol=1e-12 * size)
        assert t.to_text() and t.to_latex() and t.to_markdown() and t.to_html()


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(f: Callable[[Any], Any]) -> None:
    before = X.copy()
    t = trace(f, X, mode="reverse")
    assert t.value == f(X.copy())
    np.testing.assert_allclose(t.adjoints[0], grad(f, mode="forward")(X), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(X, before)
    in_list = trace(lambda x: f(np.stack(x)), X.tolist(), mode="reverse")
    np.testing.assert_allclose(in_list.adjoints, t.adjoints[0], rtol=1e-12, atol=1e-12)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(UNARY), st.integers(0, 9)),
            st.tuples(st.sampled_from(BINARY), st.integers(0, 9), st.integers(0, 9)),
            st.tuples(st.sampled_from(BINARY), st.integers(0, 9), st.sampled_from([0.5, -3.0])),
        ),
        min_size=1,
        max_size=12,
    ),
    st.floats(-3, 3),
    st.floats(-3, 3),
)
@settings(max_examples=60, deadline=None)
def test_random_programs(program: Any, a: float, b: float) -> None:
    """The first rows say what `grad` says, and each adjoint is the sum over the edges."""

    def f(x: Any, y: Any) -> Any:
        found = [x, y]
        for name, *places in program:
            args = [p if isinstance(p, float) else found[-1 - p % len(found)] for p in places]
            found.append(getattr(dualad, name)(*args))
        return found[-1]

    with warnings.catch_warnings(action="ignore"):
        try:
            expected = grad(f, argnums=(0, 1))(a, b)
        except (ArithmeticError, ValueError, TypeError):
            return
        t = trace(f, a, b, mode="reverse")
        np.testing.assert_array_equal(t.value, f(a, b))
        if not np.all(np.isfinite(expected)):
            return
        shares = [s.value for row in t for s in row.shares]
        size = max([1.0, *(abs(v) for v in shares if np.isfinite(v))])  # what may cancel
        np.testing.assert_allclose(t.adjoints, expected, rtol=1e-11, atol=1e-11 * size)
        for row in (*t.inputs, *t.steps):
            users = [r for r in (*t.steps, *t.outputs) if row.variable in r.slopes]
            total = sum(r.slopes[row.variable] * r.adjoint for r in users if r.adjoint)
            if np.isfinite(total):
                np.testing.assert_allclose(row.adjoint, total, rtol=1e-11, atol=1e-11 * size)


# -- programs ------------------------------------------------------------------------------


def test_what_is_written_into_an_array() -> None:
    def f(x: Any) -> Any:
        y = x * 2
        v = y[1:]
        y[1] = x[0] ** 2
        v *= 3.0
        y[:] += 1.0
        return np.sum(y * x)

    x = np.array([2.0, 3.0, 5.0])
    t = trace(f, x, mode="reverse")
    np.testing.assert_allclose(t.adjoints[0], [4 * 2 + 1 + 3 * 2 * 2 * 3, 13, 61])
    assert "v₁ with [1] = v₃" in [r.expression for r in t.steps]


def test_lifted_code_and_branches() -> None:
    def f(x: Any, n: int) -> Any:
        out = np.zeros(n)
        for i in range(n):
            out[i] = math.exp(x) * (i + 1)
        if x > 100:
            return out[0]
        return np.sum(out)

    t = trace(f, 0.5, 3, mode="reverse")
    assert t.adjoints == pytest.approx((6 * math.exp(0.5),), rel=1e-15) and t.wrt == ("x",)
    (branch,) = [r for r in t if r.kind == "branch"]
    assert (branch.expression, branch.value, branch.shares) == ("v₀ > 100", False, ())
    assert t.steps[0].source == "math.exp(x)"


def test_several_outputs_and_structures() -> None:
    def f(p: Any, q: Any) -> Any:
        z = p["a"] * q[0]
        return {"z": z, "w": [z * q[1], 3.0]}

    t = trace(f, {"a": 2.0}, (3.0, 5.0), mode="reverse")
    assert t.wrt == ("p.a", "q[0]", "q[1]")
    assert [r.adjoints for r in t.inputs] == [(3.0, 15.0, 0), (2.0, 10.0, 0), (0, 6.0, 0)]
    assert [r.name for r in t.outputs] == ["y₁", "y₂", "y₃"]
    assert t.steps[1].shares[1].expression == "v̄₁ = v̄₁ + v̄₂ × v₀"
    assert t.outputs[0].shares[0].expression == "v̄₁ = ȳ₁"
    assert "∂y₁" in t.to_text().splitlines()[0]
    with pytest.raises(ValueError, match="3 outputs"):
        _ = t.adjoints


def test_other_numbers() -> None:
    t = trace(lambda x: x * x / 3, Fraction(1, 2), mode="reverse")
    assert t.adjoints == (Fraction(1, 3),)
    with mp.workdps(40):
        (slope,) = trace(lambda x: dualad.exp(x * x), mp.mpf(1) / 3, mode="reverse").adjoints
        assert abs(slope - 2 * mp.exp(mp.mpf(1) / 9) / 3) < mp.mpf(10) ** -38
    assert trace(lambda x: x * x, np.float32(3), mode="reverse").adjoints == (6.0,)
    t = trace(lambda z: (z * z).real, 1 + 2j, mode="reverse")
    assert t.adjoints == (2 + 4j,)
    (g,) = trace(lambda x: np.sum(x * x), np.float32([1, 2]), mode="reverse").adjoints
    assert g.dtype == np.float32
    with np.errstate(all="ignore"):
        t = trace(lambda x, y: np.log(x) + y, np.float64(-1), 2.0, mode="reverse")
    assert np.isnan(t.value) and np.isnan(t.adjoints).all()
    assert np.isnan([s.value for row in t for s in row.shares]).all() and np.isnan(
        t.outputs[0].adjoint
    )


def test_conventions_as_the_drivers() -> None:
    assert trace(lambda x: np.sqrt(x * 0.0), 2.0, mode="reverse").adjoints == (0.0,)
    assert trace(abs, 0.0, mode="reverse").adjoints == (0.0,)
    assert trace(lambda x: np.sqrt(x), 0.0, mode="reverse").adjoints == (math.inf,)
    assert trace(lambda x: x * np.floor(x), 2.5, mode="reverse").adjoints == (2.0,)
    assert trace(lambda x: 3.0, 2.5, mode="reverse").adjoints == (0.0,)
    assert trace(lambda x: +x * np.clip(x, 0, 9), 2.5, mode="reverse").adjoints == (5.0,)


def test_nested_derivatives_and_solvers() -> None:
    def f(x: Any) -> Any:
        return derivative(lambda t: np.sin(t * x))(2.0) * x

    assert trace(f, 3.0, mode="reverse").adjoints == pytest.approx((derivative(f)(3.0),))
    assert derivative(lambda a: trace(lambda x: a * x * x, 3.0, mode="reverse").adjoints[0])(
        5.0
    ) == pytest.approx(6.0)
    pytest.importorskip("scipy")
    from dualad.scipy.integrate import quad

    t = trace(lambda a: quad(lambda x: a * x * x, 0, a)[0] * a, 2.0, mode="reverse")
    assert t.adjoints[0] == pytest.approx(5 * 2.0**4 / 3, rel=1e-12)
    assert "quad" in t.to_text(source=False)


def test_a_trace_leaves_nothing_behind() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.append(x)
        return x * x

    trace(f, 2.0, mode="reverse")
    assert isinstance(seen[0], Dual) and derivative(lambda x: x * x)(3.0) == 6.0


# -- refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trace(survey, 1.0, 2.0, mode="backward"), "trace: mode is 'forward', 'reverse'"),
        (lambda: trace(np.exp, np.ones(3), mode="reverse"), "returned an array of shape (3,)"),
        (lambda: trace(lambda s: s, "a", mode="reverse"), "needs a number to differentiate"),
        (lambda: trace(lambda x: None, 1.0, mode="reverse"), "returned NoneType; does it lack"),
        (lambda: trace(survey, 1.0, 2.0, wrt="z", mode="reverse"), "wrt='z', but the call gives"),
        (lambda: graph(trace(survey, 1.0, 2.0), adjoints=True), "has no adjoints; make it by"),
        (lambda: graph(survey, 1.0, 2.0, adjoints=True, direction=1), "directions 0 to 0, for y"),
        (
            lambda: trace(lambda x: sum(x for _ in range(10**5)), 1.0, mode="reverse"),
            "more than 10000 steps",
        ),
    ],
)
def test_refusals(call: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        call()


# -- shown ---------------------------------------------------------------------------------


def test_renderings() -> None:
    t = trace(survey, 2.0, 5.0, mode="reverse")
    lines = t.to_text().splitlines()
    assert len(lines) == 2 + 11 and lines[0].split() == ["value", "adjoint", "source"]
    body = ET.fromstring(re.sub("^.*</style>", "", t.to_html(), flags=re.S))
    rows = body.findall("tbody/tr")
    assert len(rows) == 11
    for row in rows:
        assert sum(int(cell.get("colspan", 1)) for cell in row) == 7
    assert r"\bar{v}_{-1} + \frac{\bar{v}_{1}}{v_{-1}}" in t.to_latex()
    latex = t.to_latex().splitlines()
    assert {line.count("&") for line in latex[4:-2]} == {5}
    assert {line.count("|") for line in t.to_markdown().splitlines()} == {7}
    d = json.loads(json.dumps(t.to_dict()))
    assert d["rows"][0]["adjoints"] == [5.5]
    assert d["rows"][2]["shares"] == [{"expression": "v̄₋₁ = v̄₋₁ + v̄₁/v₋₁", "values": [5.5]}]
    assert repr(t) == "<trace of survey: 5 steps>"


def test_arrays_are_shown_with_their_shapes() -> None:
    w = np.ones((64, 10))
    t = trace(lambda x, w: np.sum(np.tanh(x @ w)), np.ones((3, 64)), w, mode="reverse")
    text = t.to_text()
    assert "= array (64, 10)" in text and "v₋₁ · v₀" in text
    assert t.adjoints[1].shape == (64, 10)
    small = trace(lambda x: x @ np.array([1.0, 2.0]), np.array([3.0, 4.5]), mode="reverse")
    assert "[3, 4.5]" in small.to_text() and "= [1, 2]" in small.to_text()
    for shown in (t.to_html(), t.to_latex(), t.to_markdown(), graph(t).to_svg()):
        assert "array (64, 10)" in shown


def test_graph_with_adjoints(tmp_path: Any) -> None:
    g = graph(survey, 2.0, 5.0, adjoints=True)
    svg = g.to_svg()
    ET.fromstring(svg)
    for text in ("v̄₋₁ = 5.5", "v̄₀ = 1.7163", "v̄₃ = −1", "ȳ = 1"):
        assert text in svg
    assert "v̇" not in svg
    assert len(g.edges) == 9 and len(g.nodes) == 8
    g.save(tmp_path / "g.svg")


def test_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    formula = ["log(x1) + x1*x2 - sin(x2)", "x1=2", "x2=5"]
    path = tmp_path / "g.svg"
    for options in (["--trace", "--reverse"], ["--reverse", "--trace"], ["--reverse", "--graph",
                    str(path), "--trace"]):  # fmt: skip
        assert main([*formula, *options]) == 0
        out = capsys.readouterr().out
        lines = trace(survey, 2.0, 5.0, mode="reverse").to_text(source=False).splitlines()
        written = ["", f"written: {path}"] if "--graph" in options else []
        assert out.splitlines()[2:] == lines + written
    assert "v̄₀ = 1.7163" in path.read_text("utf-8")
    assert main([*formula, "--trace=x2", "--reverse"]) == 0
    out = capsys.readouterr().out
    assert "x̄₂" in out and "x̄₁" not in out
    for options, message in (
        (["--reverse"], "--reverse shows a sweep back; write --trace --reverse."),
        (["--trace"], "--trace needs a value; write --trace x."),
        (["--trace", "--reverse", "--json"], "--trace prints a table of steps; leave out --json."),
    ):
        assert main([*formula, *options]) == 2
        assert capsys.readouterr().err == f"dualad: {message}\n"
    assert main(["2 + 3", "--trace", "--reverse"]) == 2
    assert "needs a variable to differentiate" in capsys.readouterr().err


def shares_of(f: Callable[..., Any], *args: Any) -> list[str]:
    """What goes back to the first input, and the number of it is the gradient's."""
    t = trace(f, *args, mode="reverse")
    np.testing.assert_allclose(t.adjoints[0], grad(f)(*args), rtol=1e-14)
    return [s.expression for row in t.steps for s in row.shares]


def test_what_selections_give_back() -> None:
    x, A = np.array([3.0, 1.0, 2.0]), np.arange(6.0).reshape(2, 3)

    def stored(x: Any) -> Any:
        out = np.zeros((2, 3))
        out[0] = x
        out[1, 1:] = x[0]
        return np.sum(A * out)

    assert shares_of(lambda x: x[1] * 2.0, x)[0] == "v̄₀ = 0 with [1] = v̄₁"
    assert shares_of(lambda x: np.sum(x[:-1] * 2.0), x)[0] == "v̄₀ = 0 with [:-1] = v̄₁"
    assert "∂v₁/∂v₀" in shares_of(lambda x: np.sum(x[[0, 0]]), x)[0]  # twice from one place
    assert shares_of(np.max, x)[0] == "v̄₀ = 0 with [argmax v₀] = v̄₁"
    assert "∂v₁/∂v₀" in shares_of(np.max, np.ones(2))[0]  # they share it
    assert shares_of(lambda x: np.sort(x) @ x, x)[0] == "v̄₀ = v̄₀ + (0 with [argsort v₀] = v̄₁)"
    assert shares_of(lambda a, b: np.stack([a, b]) @ x[:2], 1.0, 2.0)[:2] == [
        "v̄₀ = v̄₁[1]",
        "v̄₋₁ = v̄₁[0]",
    ]
    assert "∂v₁/∂v₀" in shares_of(lambda a: np.stack([a, a]) @ x[:2], 1.0)[0]
    assert "∂v₁/∂v₀" in shares_of(lambda x: np.sum(np.where(x > 1.5, x, x)), x)[0]
    where = shares_of(lambda x: np.sum(np.where(x > 1.5, x, 0.0)), x)
    assert where[0] == "v̄₀ = where([1, 0, 1], v̄₁, 0)"
    assert shares_of(stored, x)[:5] == [
        "v̄₀ = v̄₀ + v̄₁[0]",
        "v̄₀ = 0 with [0] = v̄₂",
        "v̄₂ = ∑(v̄₃[1, 1:])",
        "v̄₁ = v̄₃ with [1, 1:] = 0",
        "v̄₃ = v̄₄ × [[0, 1, 2], [3, 4, 5]]",
    ]


def into_a_view(x: Any) -> Any:
    a = x * 2.0
    t = a[::-1]
    np.sin(t, out=t)
    t *= x[0]
    return np.sum(a)


def into_parts(x: Any) -> Any:
    a = x * 2.0
    even, odd = a[::2], a[1::2]
    np.add(odd, x[0], out=even)
    even[1] = x[1] ** 2
    np.multiply.at(odd, [0, 0, 2], x[2])
    np.exp(a, out=a)
    return np.sum(even * x[:3]) + odd[0]


def into_what_is_turned(x: Any) -> Any:
    a = x * 2.0
    t = a.reshape(2, 3).T
    np.multiply(t, x[1], out=t)
    np.cumsum(a[2:], out=a[2:])
    np.put(a[1:4], [0, 1], x[:2] ** 2)
    np.modf(a, out=(a, np.zeros_like(a)))
    return np.sum(a * x) + t[2, 1]


@pytest.mark.parametrize("f", [into_a_view, into_parts, into_what_is_turned])
def test_what_is_written_into_views(f: Any) -> None:
    x = np.array([0.5, -0.7, 0.3, 1.2, -0.4, 0.9])
    t = trace(f, x, mode="reverse")
    assert t.value == f(x)
    np.testing.assert_allclose(t.adjoints[0], grad(f, mode="forward")(x), rtol=1e-12)
    np.testing.assert_allclose(trace(f, x, wrt=0).tangents, t.adjoints[0], rtol=1e-12)


def test_a_step_into_a_view_is_the_step_and_a_store() -> None:
    t = trace(into_a_view, np.array([0.5, -0.7, 0.3]), mode="reverse")
    assert [row.expression for row in t.steps][2:6] == [
        "sin v₂",
        "v₁ with [::-1] = v₃",
        "v₄[::-1]",
        "v₀[0]",
    ]
