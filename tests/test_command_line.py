"""The command line: what it prints, what it refuses, and in which words."""

from __future__ import annotations

import json
import math
import re
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mpmath import mp
from support.processes import TIMEOUT, run_python, started_python

import dualad
from dualad.__main__ import main
from dualad.cli import expressions, sens, syntax
from dualad.cli.arguments import help_text
from dualad.cli.errors import InputError
from dualad.cli.expressions import Expression
from dualad.dual import function
from dualad.table import RULES

EXAMPLE = ["log(x1) + x1*x2 - sin(x2)", "x1=2", "x2=5"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command line that is fine; gives its output."""

    def call(*arguments: str) -> str:
        status = main(list(arguments))
        out, err = capsys.readouterr()
        assert (status, err) == (0, ""), err
        return out

    return call


@pytest.fixture
def answer(run: Callable[..., str]) -> Callable[..., dict[str, Any]]:
    """The same with --json, decoded; NaN and Infinity are no JSON."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    def call(*arguments: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(run(*arguments, "--json"), parse_constant=refuse)
        return document

    return call


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command line that is not fine; gives its one sentence."""

    def call(*arguments: str, status: int = 2) -> str:
        assert main(list(arguments)) == status
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("dualad: ") and err.count("\n") == 1
        assert err.rstrip()[-1] in ".?"
        return err.removeprefix("dualad: ").rstrip()

    return call


# -- tables --------------------------------------------------------------------------------


def test_example(run: Callable[..., str]) -> None:
    assert run(*EXAMPLE) == (
        "log(x1) + x1*x2 - sin(x2) = 11.652071455223084\n"
        "\n"
        "variable  at   derivative          elasticity\n"
        "--------  ---  ------------------  ------------------\n"
        "x1        2.0  5.5                 0.9440381516944105\n"
        "x2        5.0  1.7163378145367738  0.7364947173265999\n"
    )


def test_orders_and_hessian(run: Callable[..., str]) -> None:
    assert run("x**3*y", "x=2", "y=-10", "--order", "3", "--hessian") == (
        "x**3*y = -80.0\n"
        "\n"
        "variable  at     derivative  elasticity  2nd derivative  3rd derivative\n"
        "--------  -----  ----------  ----------  --------------  --------------\n"
        "x           2.0  -120.0      3.0         -120.0          -60.0\n"
        "y         -10.0     8.0      1.0            0.0            0.0\n"
        "\n"
        "hessian  x       y\n"
        "-------  ------  ----\n"
        "x        -120.0  12.0\n"
        "y          12.0   0.0\n"
    )


def test_held_constant(run: Callable[..., str]) -> None:
    out = run("a*b*c", "a=2", "b=3", "c=1/4", "--wrt", "b")
    assert out.startswith("a*b*c = 1.5\nwith a=2, c=1/4\n\n")
    assert [line.split()[0] for line in out.splitlines()[5:]] == ["b"]


def test_without_variables(run: Callable[..., str]) -> None:
    assert run("2*sin(pi/2) + 1") == "2*sin(pi/2) + 1 = 3.0\n"


def test_points_below_each_other(run: Callable[..., str]) -> None:
    lines = run("1e-300*a + b*1000 + d", "a=1", "b=2", "d=-3.25").splitlines()
    assert lines[4:] == [
        "a          1.0      1e-300    5.008138224615e-304",
        "b          2.0   1000.0       1.001627644923",
        "d         -3.25     1.0      -0.0016276449229998748",
    ]


def test_infinite_derivative_is_no_error(run: Callable[..., str]) -> None:
    assert run("sqrt(x) + 1", "x=0").splitlines()[-1].split() == ["x", "0.0", "inf", "undefined"]
    assert run("sqrt(x) + 1", "x=0", "--digits", "20").splitlines()[-1].split()[2] == "inf"


def test_elasticity_where_the_value_is_0(run: Callable[..., str]) -> None:
    assert run("x - 2", "x=2").splitlines()[-1].split() == ["x", "2.0", "1.0", "undefined"]


def test_slope_that_is_not_real(run: Callable[..., str]) -> None:
    for digits in ([], ["--digits", "20"]):
        row = run("(-2)**y", "y=3", *digits).splitlines()[-1].split()
        assert row == ["y", "3.0", "nan", "undefined"]


def test_long_expressions_are_shortened(run: Callable[..., str]) -> None:
    out = run("+".join(["x"] * 2000), "x=1")
    assert " … " in out and out.splitlines()[0].endswith(" = 2000.0")
    assert max(map(len, out.splitlines())) < 120


def test_an_expression_may_begin_with_minus(run: Callable[..., str]) -> None:
    assert run("-x**2", "x=3").startswith("-x**2 = -9.0\n")
    assert run("-x", "x=-3").startswith("-x = 3.0\n")


def test_order_of_arguments_does_not_matter(run: Callable[..., str]) -> None:
    assert run("x2=5", "--order", "1", EXAMPLE[0], "x1=2") == run(*EXAMPLE)
    assert run(*EXAMPLE, "--order=2") == run("--order", "2", *EXAMPLE)


def test_terminal_without_the_letters(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["2*σ", "σ=3"]) == 0
    assert b"2*\\u03c3 = 6.0" in stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_names_are_compared_as_python_spells_them(run: Callable[..., str]) -> None:
    micro, mu = "\u00b5", "\u03bc"
    assert "= 6.0" in run(f"2*{micro}", f"{micro}=3", "--wrt", micro)
    assert "= 6.0" in run(f"2*{mu}", f"{micro}=3")


# -- JSON ----------------------------------------------------------------------------------


def test_json(answer: Callable[..., dict[str, Any]]) -> None:
    assert answer(*EXAMPLE, "--hessian", "--order", "3", "--wrt", "x1") == {
        "expression": EXAMPLE[0],
        "at": {"x1": 2.0},
        "with": {"x2": "5"},
        "value": 11.652071455223084,
        "derivatives": {"x1": 5.5},
        "elasticities": {"x1": 0.9440381516944105},
        "higher_orders": {"x1": {"2": -0.25, "3": 0.25}},
        "hessian": {"x1": {"x1": -0.25}},
    }


def test_csv(run: Callable[..., str]) -> None:
    """exp(2x) has the derivatives 2 exp(2x), 4 exp(2x)."""
    printed = run("exp(2*x)*y", "x=0", "y=3", "--csv", "--order", "2")
    assert printed == (
        "output,value,variable,at,derivative,elasticity,2nd derivative\n"
        "exp(2*x)*y,3.0,x,0.0,6.0,0.0,12.0\n"
        "exp(2*x)*y,3.0,y,3.0,1.0,1.0,0.0\n"
    )


def test_json_of_numbers_that_json_lacks(answer: Callable[..., dict[str, Any]]) -> None:
    given = answer("sqrt(x)", "x=0")
    assert given["derivatives"] == {"x": "inf"}
    assert given["elasticities"] == {"x": None}
    assert answer("-x", "x=inf")["value"] == "-inf"
    assert answer("(-2)**x", "x=3")["derivatives"] == {"x": "nan"}


def test_json_to_many_digits(answer: Callable[..., dict[str, Any]]) -> None:
    given = answer("exp(x)", "x=1", "--digits", "30")
    assert given["value"] == given["derivatives"]["x"] == "2.71828182845904523536028747135"
    assert given["at"] == {"x": "1.0"}


# -- numbers against mpmath ----------------------------------------------------------------

FORMULAS: list[tuple[str, Callable[..., Any], dict[str, str]]] = [
    (EXAMPLE[0], lambda a, b: mp.log(a) + a * b - mp.sin(b), {"x1": "2", "x2": "5"}),
    ("exp(-a*b)/(1 + a**b)", lambda a, b: mp.exp(-a * b) / (1 + a**b), {"a": "0.3", "b": "1.7"}),
    ("hypot(a, b) % 1", lambda a, b: mp.hypot(a, b) % 1, {"a": "2", "b": "3"}),
    ("erf(a)*gamma(b)", lambda a, b: mp.erf(a) * mp.gamma(b), {"a": "0.4", "b": "2.6"}),
    ("a if a < b else b*a**2", lambda a, b: b * a**2, {"a": "3.1", "b": "1.2"}),
]


def close(numbers: Iterable[Any]) -> Any:
    return pytest.approx([float(x) for x in numbers], rel=1e-13, abs=1e-15)


def exactly(texts: dict[str, str]) -> list[Any]:
    return [mp.mpf(text) for text in texts.values()]


@pytest.mark.parametrize(("text", "f", "at"), FORMULAS)
def test_numbers(
    answer: Callable[..., dict[str, Any]], text: str, f: Callable[..., Any], at: dict[str, str]
) -> None:
    with mp.workdps(40):
        point = exactly(at)
        value = f(*point)
        first = [mp.diff(f, point, n) for n in ((1, 0), (0, 1))]
        second = [mp.diff(f, point, n) for n in ((2, 0), (1, 1), (0, 2))]
        elasticities = [p * d / value for p, d in zip(point, first, strict=True)]
    arguments = [text, *(f"{name}={x}" for name, x in at.items())]
    given = answer(*arguments, "--order", "2", "--hessian")
    x, y = at
    assert [given["value"]] == close([value])
    assert list(given["derivatives"].values()) == close(first)
    assert list(given["elasticities"].values()) == close(elasticities)
    assert [given["higher_orders"][n]["2"] for n in at] == close([second[0], second[2]])
    h = given["hessian"]
    assert [h[x][x], h[x][y], h[y][y]] == close(second)
    assert h[x][y] == h[y][x]


@pytest.mark.parametrize("digits", [1, 5, 16, 50, 120])
@pytest.mark.parametrize(("text", "f", "at"), FORMULAS)
def test_all_digits_are_right(
    answer: Callable[..., dict[str, Any]],
    text: str,
    f: Callable[..., Any],
    at: dict[str, str],
    digits: int,
) -> None:
    with mp.workdps(2 * digits + 50):
        point = exactly(at)
        value = f(*point)
        first = [mp.diff(f, point, n) for n in ((1, 0), (0, 1))]
        expected = [
            mp.nstr(x, digits)
            for x in (value, *first, *(p * d / value for p, d in zip(point, first, strict=True)))
        ]
    arguments = [text, *(f"{name}={x}" for name, x in at.items())]
    given = answer(*arguments, "--digits", str(digits))
    assert [
        given["value"],
        *given["derivatives"].values(),
        *given["elasticities"].values(),
    ] == expected


def test_decimals_are_exact(answer: Callable[..., dict[str, Any]]) -> None:
    assert answer("0.1 + x", "x=0.2", "--digits", "60")["value"] == "0.3"
    assert answer("x", "x=1_0.000_000_000_000_000_000_001", "--digits", "40")["value"] == (
        "10.000000000000000000001"
    )
    assert answer("x + 1/3", "x=1/3", "--digits", "25")["value"] == "0." + "6" * 24 + "7"


@pytest.mark.parametrize("name", ["pi", "tau", "e"])
def test_constants(answer: Callable[..., dict[str, Any]], name: str) -> None:
    assert answer(name)["value"] == getattr(math, name)
    with mp.workdps(60):
        expected = mp.nstr({"pi": mp.pi, "tau": 2 * mp.pi, "e": mp.e}[name] * 1, 50)
    assert answer(name, "--digits", "50")["value"] == expected


def test_a_given_value_comes_before_a_constant(answer: Callable[..., dict[str, Any]]) -> None:
    given = answer("e*gamma*gamma(e)", "e=3", "gamma=2")
    assert given["value"] == 12.0
    assert list(given["derivatives"]) == ["e", "gamma"]


def test_digits_that_cancel(answer: Callable[..., dict[str, Any]]) -> None:
    given = answer("(1e40 + x) - 1e40", "x=1e-20", "--digits", "12")
    assert given["value"] == "1.0e-20"
    given = answer("(1 - cos(x))/x**2", "x=1e-25", "--digits", "12")
    assert given["value"] == "0.5"
    assert given["derivatives"]["x"] == "-8.33333333333e-27"


def test_what_cancels_to_0_is_0(answer: Callable[..., dict[str, Any]]) -> None:
    given = answer("sin(pi*x)", "x=1", "--digits", "30")
    assert given["value"] == "0.0"
    assert given["derivatives"]["x"] == "-3.14159265358979323846264338328"
    assert given["elasticities"]["x"] is None


def test_numbers_beyond_floats(answer: Callable[..., dict[str, Any]]) -> None:
    with mp.workdps(40):
        expected = mp.nstr(mp.exp(-3000), 20)
    assert answer("exp(-x)", "x=3000", "--digits", "20")["value"] == expected


def test_values_beyond_floats(answer: Callable[..., dict[str, Any]]) -> None:
    given = answer("x*y", "x=1e400", "y=1e-450", "--digits", "5")
    assert given["value"] == "1.0e-50" and given["derivatives"]["x"] == "1.0e-450"


def test_many_variables(answer: Callable[..., dict[str, Any]]) -> None:
    names = [f"x{i}" for i in range(40)]
    given = answer("*".join(names), *(f"{n}=2" for n in names), "--order", "2")
    assert given["derivatives"] == dict.fromkeys(names, 2.0**39)
    assert given["elasticities"] == dict.fromkeys(names, 1.0)
    assert given["higher_orders"] == {n: {"2": 0.0} for n in names}


def test_precision_of_mpmath_is_left_alone(run: Callable[..., str]) -> None:
    before = mp.prec
    run("x", "x=1", "--digits", "70")
    assert mp.prec == before


# -- expressions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2**2", -4),
        ("2**3**2", 512),
        ("(1 + 2)*3 - 4/8", 8.5),
        ("-7 // 2 + -7 % 3", -2),
        ("+x - -x", 4),
        ("0x10 + 1_000 + .5e1", 1021),
        ("x if x > 1 else 1/0", 2),
        ("1/0 if x < 1 else x", 2),
        ("1 if 1 < x < 3 else 0", 1),
        ("1 if 1 < x < 2 else 0", 0),
        ("1 if x == 2 and x != 3 and x <= 2 and x >= 2 else 0", 1),
        ("1 if not (x < 2 or 1/x > 3) else 0", 1),
        ("1 if x < 3 or 1/0 > 1 else 0", 1),
        ("1 if x > 3 else 2 if x > 2 else 3", 3),
        ("arcsin(1)*2 - pi", 0),
        ("clip(x, 0, 1)", 1),
        ("round(2.26, 1) + ldexp(1, 3)", 10.3),
        ("isfinite(x)", 1),
    ],
)
@pytest.mark.parametrize("exact", [False, True])
def test_values(text: str, value: float, exact: bool) -> None:
    x = mp.mpf(2) if exact else 2.0
    given = Expression(text)({"x": x}, exact=exact)
    assert float(given) == pytest.approx(value, abs=1e-15)
    assert not isinstance(given, bool)


def test_derivatives_go_through_the_chosen_branch(answer: Callable[..., dict[str, Any]]) -> None:
    for x, slope in ((3, 6.0), (-3, -1.0)):
        given = answer("x**2 if x > 0 else -x", f"x={x}")
        assert given["derivatives"] == {"x": slope}


def test_names_in_order_of_appearance() -> None:
    assert Expression("b*a + b if c > a else sin(pi*d)").names == ("b", "a", "c", "pi", "d")


@pytest.mark.parametrize("name", syntax.function_names())
def test_every_function_of_the_table(name: str) -> None:
    rule = RULES[name]
    point = [round(low + 0.6 * (high - low), 2) for low, high in rule.over]
    if rule.name == "round":
        point[1] = 1.0
    text = f"{name}({', '.join(map(repr, point))})"
    whole = [int(x) if rule.name in expressions.COUNTS and x == int(x) else x for x in point]
    assert Expression(text)({}) == float(function(rule)(*whole))


def test_only_the_table() -> None:
    names = set(syntax.function_names())
    assert names == {name for name in RULES if not name.startswith("_")} - {
        "divmod",
        "frexp",
        "modf",
    }
    assert "_sinc" in RULES


def test_chains_need_no_recursion() -> None:
    text = "x" + "+x" * 2000 + "*x" * 400
    assert Expression(text)({"x": 1.0}) == 2001.0


HOSTILE = [
    "__import__('os')",
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "x.__class__",
    "__builtins__",
    "x.real",
    "(lambda: 1)()",
    "lambda: x",
    "[x for x in (1, 2)]",
    "{x for x in (1, 2)}",
    "{x: x for x in (1, 2)}",
    "sum(x for x in (1, 2))",
    "sin(*x)",
    "sin(**x)",
    "sin(x=1)",
    "x[0]",
    "x[0:1]",
    "(y := 2)",
    "f'{x}'",
    "'x'*1000",
    "b'x'",
    "eval('1')",
    "exec('1')",
    "open('file')",
    "getattr(x, 'real')",
    "print(x)",
    "_sinc(1, x)",
    "_gauss(x)",
    "sin(sin)",
    "sin(x)(x)",
    "(sin)(x).real",
    "9**9**9**9",
    "9.0**9**9",
    "2**2**2**2**2**2",
    "1 << 99999999",
    "10**400",
    "1e999",
    "9" * 4000,
    "9" * 4900,
    "0x" + "f" * 4000,
    "gamma(1e300)",
    "polygamma(10**9, x)",
    "round(x, 10**9)",
    "ldexp(x, 10**9)",
    "ldexp(x, 0.5)",
    "x and x",
    "x or 1",
    "not x",
    "x < 1",
    "1 if x else 2",
    "1 if sin(x) else 2",
    "1 if x is 1 else 2",
    "1 if x in (1, 2) else 2",
    "x if x < 'a' else 2",
    "1j*x",
    "None",
    "True",
    "...",
    "~x",
    "x @ x",
    "x & x",
    "(x, x)",
    "[x]",
    "*x",
    "await x",
    "yield x",
    "x; x",
    "x = 1",
    "import os",
    "x\0",
    "\ud800",
    "(" * 10000 + "x" + ")" * 10000,
    "(" * 2000 + "x" + ")" * 2000,
    "(" * 190 + "-" * 110 + "x" + ")" * 190,
    "-" * 200 + "x",
    "-" * 4900 + "x",
    "x**" * 200 + "x",
    "1" + "+1" * 50000,
    "sin(" * 150 + "x" + ")" * 150,
    "1 if x > 0 else " * 200 + "x",
    "1 if " + "not " * 200 + "x > 0 else 2",
    "1 if " + "not " * 1000 + "x > 0 else 2",
    "x" * 6000,
    "",
    " \n ",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:30]))
@pytest.mark.parametrize("digits", [[], ["--digits", "20"]])
def test_hostile_expressions(refusal: Callable[..., str], text: str, digits: list[str]) -> None:
    # gamma(1e300), 9**9**9 and such are right, but larger than what may be printed
    assert len(refusal(text, "x=1", *digits)) < 250


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:30]))
def test_hostile_values(refusal: Callable[..., str], text: str) -> None:
    assert len(refusal("y", f"y={text}")) < 250


def test_nothing_is_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any) -> None:
        raise AssertionError("the text of an expression was executed")

    for name in ("eval", "exec", "compile", "__import__"):
        for module in (expressions, syntax):
            monkeypatch.setattr(module, name, forbidden, raising=False)
    with pytest.raises(InputError):
        Expression("__import__('os')")
    assert Expression("2*x + 1")({"x": 3.0}) == 7.0


# -- refusals, word by word ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        # names
        ("x+y|x=1", "y has no value; add y=VALUE."),
        ("x1*2|x_1=3", "x1 has no value; add x1=VALUE, or did you mean x_1?"),
        ("r*Pi|r=3", "Pi has no value; add Pi=VALUE, or did you mean pi?"),
        ("sin + 1", "sin is a function; write sin(…) to call it."),
        ("x|x=1|y=2", "y is not in the expression; the variables there are x."),
        ("1|y=2", "y is not in the expression; the variables there are none."),
        ("x|x=1|x=2", "x has two values, 1 and 2; give one."),
        ("x|x=", "x= lacks its value; write x=2 without spaces."),
        ("lambda*x|lambda=1|x=2", "lambda is a keyword of Python; choose another name."),
        ("__x__|__x__=1", "'__x__' is not a name for a variable; choose another one."),
        # values
        ("x|x=y", "x=y: y has no value here; write a number."),
        ("x|x=1,5", "x=1,5: '1,5' has a comma; write 1.5."),
        ("x|x=1/0", "x=1/0: 1/0 divides by zero."),
        ("x|x=1e400", "x=1e400: '1e400' is too large a number."),
        (
            "x|x=[1,2]",
            "x=[1,2]: an expression takes numbers; write a function in a script.",
        ),
        ("x|x=@f.csv", "x=@f.csv: an expression takes numbers; write a function in a script."),
        # functions
        ("sine(x)|x=1", "there is no function sine; did you mean sin?"),
        ("ln(x)|x=1", "there is no function ln; did you mean log?"),
        ("max(x, 2)|x=1", "there is no function max; did you mean maximum?"),
        (
            "x(2)|x=1",
            "there is no function x; write * between factors, and see --help for the functions.",
        ),
        ("2(x)|x=1", "'2' is not a function; write * between factors."),
        ("atan2(x)|x=1", "atan2 takes 2 arguments, atan2(a, b); got 1."),
        ("round(x)|x=1", "round takes 2 arguments, round(x, n); got 1; write round(x, 0)."),
        ("divmod(x, 2)|x=1", "divmod gives two numbers, where an expression has one."),
        (
            "__import__('os').system('x')",
            "\"__import__('os').system\" is an attribute; an expression has numbers, names, "
            "operators and functions.",
        ),
        ("sin(x, 2)|x=1", "sin takes 1 argument, sin(x); got 2."),
        (
            "sin(x=1)|x=1",
            "'sin(x=1)' has a keyword argument; write the numbers alone, in order.",
        ),
        (
            "ldexp(x, n)|x=2|n=3",
            "'ldexp(x, n)': argument 2 of ldexp has no derivative; name the other variables "
            "with --wrt.",
        ),
        (
            "round(x, 0.5)|x=2",
            "'round(x, 0.5)': argument 2 of round is a whole number, at most 1000; got 0.5.",
        ),
        # syntax
        ("x^2|x=1", "'x^2': write ** for powers, as in x**2."),
        (
            "2x|x=1",
            "'2x' is not an expression: it cannot be read at '2x'; write * between factors.",
        ),
        (
            "x y|x=1|y=2",
            "'x y' is not an expression: it cannot be read at 'y'; write * between factors.",
        ),
        ("sin x|x=1", "'sin x' is not an expression: it cannot be read at 'x'; write sin(x)."),
        (
            "1 + ln y|y=1",
            "'1 + ln y' is not an expression: it cannot be read at 'y'; write log(y).",
        ),
        (
            "x*sin(x|x=1",
            "'x*sin(x' is not an expression: it cannot be read at '(x'; a ) is missing.",
        ),
        ("x)|x=1", "'x)' is not an expression: it cannot be read at ')'; a ( is missing."),
        ("1,5*x|x=1", None),
        ("x + |x=1", "'x +' is not an expression: it cannot be read at the end."),
        ("x**|x=1", "'x**' is not an expression: it cannot be read at the end."),
        (
            "3 + 30k|x=1",
            "'3 + 30k' is not an expression: it cannot be read at '30k'; write * between factors.",
        ),
        (
            "x|x=[1,2.5",
            "x=[1,2.5: an expression takes numbers; write a function in a script.",
        ),
        ("[1,2.5", "'[1,2.5' is not an expression: it cannot be read at '[1,2.5'; a ] is missing."),
        (
            "x.real|x=1",
            "'x.real' is an attribute; an expression has numbers, names, operators and functions.",
        ),
        ("x > 1|x=1", "'x > 1' is a condition; write one as in 'a if x > 0 else b'."),
        (
            "1 if x else 2|x=1",
            "'x' is not a condition; write a comparison, as in 'a if x > 0 else b'.",
        ),
        ("~x|x=1", "'~x' has an operator that numbers lack; they have + - * / // % **."),
        ("", "the expression is empty; write one such as 'x**2'."),
        # no value there
        ("1 + log(x - 3)|x=2", "log(x - 3) at x=2.0 is not a real number: log(-1.0)."),
        ("sqrt(a*b)|a=1|b=-2", "sqrt(a*b) at a=1.0, b=-2.0 is not a real number: sqrt(-2.0)."),
        ("log(0)", "log(0) is not a real number: log(0.0)."),
        ("x**0.5|x=-4", "x**0.5 at x=-4.0 is not a real number: pow(-4.0, 0.5)."),
        ("gamma(x)|x=0", "gamma(x) at x=0.0 is not a real number: gamma(0.0)."),
        ("atanh(x)|x=1", "atanh(x) at x=1.0 is not a real number: atanh(1.0)."),
        ("1/(x - 2)|x=2", "1/(x - 2) at x=2.0 divides by zero."),
        ("x % 0|x=2", "x % 0 at x=2.0 divides by zero."),
        ("0**x|x=-1", "0**x at x=-1.0 divides by zero."),
        # options
        ("x|x=1|--ordr|2", "there is no option --ordr; did you mean --order?"),
        (
            "x|x=1|--verbose",
            "there is no option --verbose; the options are --hessian, --json, --csv, --reverse, --help, "
            "--version, --wrt, --order, --digits, --trace, --graph.",
        ),
        ("x|x=1|--order|0", "--order takes a whole number from 1 to 10; got '0'."),
        ("x|x=1|--order=1.5", "--order takes a whole number from 1 to 10; got '1.5'."),
        ("x|x=1|--digits|-3", "--digits takes a whole number from 1 to 1000; got '-3'."),
        ("x|x=1|--digits|99999999999", None),
        ("x|x=1|--order|2|--order=3", "--order is given twice, 2 and 3; give one."),
        ("x|x=1|--digits|20|--digits|30", "--digits is given twice, 20 and 30; give one."),
        (
            "x*y|x=1|y=2|--trace|x,y",
            "--trace is for one variable; got 'x,y', write --trace x, or --trace --reverse for "
            "all of them.",
        ),
        (
            "x**3*y|x=2|y=3|--trace|x|--wrt|y",
            "--trace x is with respect to x; leave out --wrt y, or write --trace --reverse for "
            "all of them.",
        ),
        ("x|x=1|--trace|x|--order|3", "--trace prints a table of steps; leave out --order."),
        ("x|x=1|--trace|x|--hessian", "--trace prints a table of steps; leave out --hessian."),
        ("x|x=1|--trace|x|--csv", "--trace prints a table of steps; leave out --csv."),
        (
            "x|x=1|--json|--csv",
            "--json and --csv are two ways to print the numbers; leave one out.",
        ),
        (
            "x|x=1|--csv|--hessian",
            "--csv has no place for a matrix; leave out --hessian, or write --json.",
        ),
        ("x|x=1|--graph|g.png", "--graph writes files that end in .svg; got 'g.png'."),
        ("x|x=1|--graph|no/g.svg", "--graph no/g.svg: there is no directory no."),
        ("x|x=1|--order", "--order needs a value; write --order 2."),
        ("x|x=1|--wrt|y", "--wrt y: y has no value; the variables are x."),
        ("rate|rate=1|--wrt|rte", "--wrt rte: rte has no value; did you mean rate?"),
        ("x|x=1|--wrt|x,x", "--wrt takes names, each once; got 'x,x', write --wrt x,y."),
        ("x|x=1|--wrt|", "--wrt takes names, each once; got '', write --wrt x,y."),
        ("x|x=1|--json=1", None),
        ("x=1|--json", "there is no expression; write one first, such as 'x**2' x=3."),
        (
            "x|+|1|x=2",
            "got 3 expressions, 'x' and '+'; write one in quotes, and each value as NAME=VALUE "
            "without spaces.",
        ),
        (
            "x|x==2",
            "got 2 expressions, 'x' and 'x==2'; write one in quotes, and each value as "
            "NAME=VALUE without spaces.",
        ),
        # scripts
        ("nowhere.py:f|x=1", "there is no file nowhere.py."),
        (
            "model.py|x=1",
            "model.py is a script; write model.py:NAME for a function in it.",
        ),
    ],
)
def test_refusals(refusal: Callable[..., str], arguments: str, sentence: str | None) -> None:
    given = refusal(*arguments.split("|"))
    assert sentence is None or given == sentence


def test_units_of_angles(refusal: Callable[..., str]) -> None:
    assert refusal("sin(x)", "x=45deg").endswith("; write 45*pi/180.")


@pytest.mark.parametrize(
    "arguments",
    ["log(x)|x=-1", "log(x)|x=0", "x**0.5|x=-4", "asin(x)|x=2", "gamma(x)|x=-3", "atanh(x)|x=1"],
)
def test_domains_are_the_same_to_all_digits(refusal: Callable[..., str], arguments: str) -> None:
    assert refusal(*arguments.split("|")) == refusal(*arguments.split("|"), "--digits", "30")


def test_too_large(refusal: Callable[..., str]) -> None:
    assert refusal("2*exp(x)", "x=1000") == (
        "exp(x) at x=1000.0 is too large for a float; try --digits 17."
    )
    assert refusal("x*10", "x=1e308").startswith("x*10 at x=1e+308 is too large for a float;")
    assert refusal("exp(exp(x))", "x=1000", "--digits", "17") == (
        "exp(exp(x)) at x=1000.0 is beyond 10**10000 or below 10**-10000."
    )


def test_too_large_a_derivative(refusal: Callable[..., str]) -> None:
    assert refusal("log(x)", "x=1e-9999", "--order", "3", "--digits", "5") == (
        "a result is beyond 10**10000 or below 10**-10000."
    )


def test_without_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Try\n" in err and "--help" in err
    assert err.count("\n  python -m dualad ") == 3


def test_help(run: Callable[..., str]) -> None:
    text = run("--help")
    assert text == run("x", "-h") == help_text().rstrip() + "\n"
    assert max(map(len, text.splitlines())) <= 100
    for option in ("--wrt", "--order", "--hessian", "--digits", "--json", "--help", "--version"):
        assert f"\n  {option} " in text
    functions = text[text.index("Functions are") : text.index("values of")]
    assert " hypot," in functions and " _sinc" not in functions and "arccos" not in functions


def test_help_can_be_run_literally(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All examples, on the one model in the docs."""
    page = Path(__file__).parent.parent / "docs" / "guides" / "command-line.md"
    text = page.read_text(encoding="utf-8")
    files = re.findall(r"<!-- file: (.*) -->\n\n((?:(?:    .*)?\n)+)", text)
    assert [name for name, _ in files] == ["model.py", "sales.csv", "params.json", "params.toml"]
    for name, lines in files:
        (tmp_path / name).write_text(textwrap.dedent(lines))
    monkeypatch.chdir(tmp_path)
    found = re.findall(r"^ +python -m dualad (.*)", f"{help_text()}\n{sens.HELP}\n{text}", re.M)
    examples = [line for line in found if not re.match("[A-Z]|sens [A-Z]", line)]
    assert len(examples) > 10
    printed = {}
    for line in examples:
        words = shlex.split(re.split("    | > ", line)[0])
        assert main(words) == 0, (words, capsys.readouterr().err)
        printed[line] = capsys.readouterr().out
    # (3 - 1)*10 + (3 - 2.5)*20 = 30, and 0.7 of it
    firsts = [out.splitlines()[0] for line, out in printed.items() if "profit price" in line]
    assert "model.py:profit = 30.0" in firsts and "model.py:profit = 21.0" in firsts
    assert (tmp_path / "report.html").exists()


def test_options_are_joined(run: Callable[..., str], tmp_path: Path) -> None:
    given = ["x*y*z", "x=1", "y=2", "z=3"]
    assert run(*given, "--wrt", "x", "--wrt", "z") == run(*given, "--wrt", "x,z")
    path = str(tmp_path / "graph.svg")
    assert run(*given, "--graph", path).endswith(f"\n\nwritten: {path}\n")
    assert run(*given, "--trace", "x", "--graph", path).endswith(f"\n\nwritten: {path}\n")
    json.loads(run(*given, "--json", "--graph", path))


def test_version(run: Callable[..., str]) -> None:
    assert run("--version") == f"dualad {dualad.__version__}\n"


# -- scripts -------------------------------------------------------------------------------

SCRIPT = """\
import math
from typing import NamedTuple

import numpy as np

import helper_of_this_script

print("printed while loading")
rate = 0.1


class Pair(NamedTuple):
    low: float
    high: float


def profit(price, costs, sold):
    print("printed while running")
    return np.sum(sold["n"] * price) - costs @ np.array([1.0, 2.0]) * np.sum(sold["n"])


def series(x, n: int, scale=2.0):
    return scale * sum(x**k for k in range(n))


def powers(x, n):
    return [x**k for k in range(n)]


def outputs(a, b=2.0):
    return {"mean": a * b, "all": [a, (b, 1)], "array": np.array([3.0, 4.0]) * b, "p": Pair(a, b)}


def by_position(a, b=5.0, /):
    return a / b


def by_name(**given):
    return given["x"] * given["y"]


def cubes(m):
    return np.sum(m * m * m)


def product(a, data):
    return np.sum(a * data)


def total(**columns):
    return sum(np.sum(c) for c in columns.values())


def uses_helper(x):
    return helper_of_this_script.double(x)


def constant(x):
    return 3


def nothing(x):
    x + 1


def switch(x, squared=True):
    return x**2 if squared else x


def uses_names(x, data):
    return x * (data["a\\nb"].sum() + 10 * data["c" + chr(0x2028) + "d"].sum())


def text(x):
    return "text"


def empty(x):
    return []


def complex_number(x):
    return 1j * x


def lost(x):
    return x.__float__()


def fails(x):
    return 1 / (x - x)


def fails_in_helper(x):
    return helper_of_this_script.fail(x)


def leaves(x):
    raise SystemExit("enough")


def endless(x):
    return endless(x)


hypot = math.hypot
builtin = dict
"""


def line(text: str) -> int:
    """The number of the script's line that has this text."""
    return 1 + next(i for i, there in enumerate(SCRIPT.splitlines()) if text in there)


HELPER = """\
def double(x):
    return 2 * x


def fail(x):
    raise ValueError("first line\\nsecond line.")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "model.py").write_text(SCRIPT)
    (tmp_path / "helper_of_this_script.py").write_text(HELPER)
    (tmp_path / "sales.csv").write_text("n, price\n1,2.5\n\n3,4\n")
    (tmp_path / "one.csv").write_text("1\n2\n3.5\n")
    (tmp_path / "two.csv").write_text("1;2\n3;4\n")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("helper_of_this_script", None)


@pytest.fixture
def script(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a function of the script with --json; gives the decoded answer."""

    def call(name: str, *arguments: str) -> Any:
        status = main([f"model.py:{name}", *arguments, "--json"])
        out, err = capsys.readouterr()
        assert status == 0, err
        return json.loads(out)

    return call


@pytest.fixture
def failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run a function of the script that fails; gives status and sentence."""

    def call(name: str, *arguments: str) -> tuple[int, str]:
        status = main([f"model.py:{name}", *arguments])
        out, err = capsys.readouterr()
        assert out == ""
        lines = [line for line in err.splitlines() if not line.startswith("printed")]
        assert len(lines) == 1 and lines[0].startswith("dualad: ")
        return status, lines[0].removeprefix("dualad: ")

    return call


def test_script(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model.py:profit", "price=3", "costs=[1,2.5]", "sold=@sales.csv"]) == 0
    out, err = capsys.readouterr()
    assert out == (
        "model.py:profit = -12.0\n"
        "with sold=@sales.csv\n"
        "\n"
        "variable  at   derivative  elasticity\n"
        "--------  ---  ----------  -------------------\n"
        "price     3.0   4.0        -1.0\n"
        "costs[0]  1.0  -4.0         0.3333333333333333\n"
        "costs[1]  2.5  -8.0         1.6666666666666667\n"
    )
    assert err.startswith("printed while loading\nprinted while running\n")


def test_script_with_several_outputs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model.py:outputs", "a=3", "b=2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "model.py:outputs",
        "",
        "output     value  variable  at   derivative  elasticity",
        "---------  -----  --------  ---  ----------  ----------",
    ]
    assert lines[4:8] == [
        "mean       6.0    a         3.0  2.0         1.0",
        "                  b         2.0  3.0         1.0",
        "all[0]     3.0    a         3.0  1.0         1.0",
        "                  b         2.0  0.0         0.0",
    ]
    labels = " ".join(line.split()[0] for line in lines[4::2])
    assert labels == "mean all[0] all[1][0] all[1][1] array[0] array[1] p.low p.high"


def test_several_outputs_of_constants(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model.py:powers", "x=2", "n=2", "--wrt", "x"]) == 0
    assert "[1]     2.0" in capsys.readouterr().out
    assert main(["model.py:product", "a=2", "data=@one.csv:1", "--wrt", "a"]) == 0
    assert capsys.readouterr().out.startswith("model.py:product = 13.0\n")


def test_json_of_several_outputs(script: Callable[..., Any]) -> None:
    given = script("powers", "x=3", "n=3", "--wrt", "x", "--order", "2")
    assert given["function"] == "model.py:powers"
    assert given["at"] == {"x": 3.0} and given["with"] == {"n": "3"}
    assert given["outputs"][2] == {
        "name": "[2]",
        "value": 9.0,
        "derivatives": {"x": 6.0},
        "elasticities": {"x": 2.0},
        "higher_orders": {"x": {"2": 2.0}},
    }


@pytest.mark.parametrize("digits", [[], ["--digits", "30"]])
def test_arrays(script: Callable[..., Any], digits: list[str]) -> None:
    given = script("cubes", "m=[[1, 2], [3, 0.5]]", "--order", "3", "--hessian", *digits)
    names = ["m[0,0]", "m[0,1]", "m[1,0]", "m[1,1]"]
    point = dict(zip(names, (1.0, 2.0, 3.0, 0.5), strict=True))
    for x, at in point.items():
        assert float(given["derivatives"][x]) == 3 * at**2
        assert {n: float(d) for n, d in given["higher_orders"][x].items()} == {"2": 6 * at, "3": 6}
        assert {y: float(h) for y, h in given["hessian"][x].items()} == {
            y: 6 * at if x == y else 0.0 for y in names
        }


def test_hessian_of_numbers_and_arrays(script: Callable[..., Any]) -> None:
    (Path("model.py")).write_text("def f(a, b, c):\n    return a**2 * b[0] * b[1] * c\n")
    given = script("f", "a=2", "b=[3, 5]", "c=7", "--hessian")
    assert given["derivatives"] == {"a": 420.0, "b[0]": 140.0, "b[1]": 84.0, "c": 60.0}
    assert [list(row.values()) for row in given["hessian"].values()] == [
        [210.0, 140.0, 84.0, 60.0],
        [140.0, 0.0, 28.0, 20.0],
        [84.0, 28.0, 0.0, 12.0],
        [60.0, 20.0, 12.0, 0.0],
    ]


def test_decimals_in_scripts_are_exact(script: Callable[..., Any]) -> None:
    assert script("by_position", "a=0.1", "b=3", "--digits", "20") == {
        "function": "model.py:by_position",
        "at": {"a": "0.1", "b": "3.0"},
        "value": "0.033333333333333333333",
        "derivatives": {"a": "0.33333333333333333333", "b": "-0.011111111111111111111"},
        "elasticities": {"a": "1.0", "b": "-1.0"},
    }


def test_ways_to_take_arguments(script: Callable[..., Any]) -> None:
    assert script("by_position", "b=4", "a=2")["derivatives"] == {"b": -0.125, "a": 0.25}
    assert script("by_position", "a=2")["value"] == 0.4
    assert script("by_name", "x=2", "y=3")["derivatives"] == {"x": 3.0, "y": 2.0}
    assert script("uses_helper", "x=2")["derivatives"] == {"x": 2.0}
    assert script("constant", "x=2")["derivatives"] == {"x": 0.0}


def test_integers(script: Callable[..., Any], failure: Callable[..., tuple[int, str]]) -> None:
    given = script("series", "x=2", "n=3")  # annotated
    assert given["value"] == 14.0 and given["derivatives"] == {"x": 10.0}
    assert script("series", "x=2", "n=3", "--wrt", "scale", "scale=1")["derivatives"] == {
        "scale": 7.0
    }
    assert len(script("powers", "x=2", "n=3", "--wrt", "x")["outputs"]) == 3
    status, sentence = failure("powers", "x=2", "n=3")
    assert status == 1
    assert sentence.startswith(f"model.py, line {line('return [x**k')}: TypeError: ")
    assert sentence.endswith("; a number that --wrt leaves out stays an integer.")


def test_true_and_false(script: Callable[..., Any]) -> None:
    for text, slope in (("true", 6.0), ("True", 6.0), ("false", 1.0), ("False", 1.0)):
        assert script("switch", "x=3", f"squared={text}")["derivatives"] == {"x": slope}


def test_cells_of_several_lines(folder: Path, script: Callable[..., Any]) -> None:
    """A quoted cell may have line breaks, which are part of a column's name."""
    (folder / "lines.csv").write_bytes('"a\nb","c\u2028d"\n1,2\n3,4\n'.encode())
    answer = script("uses_names", "x=2", "data=@lines.csv")
    assert answer["value"] == 2.0 * (1 + 3 + 10 * (2 + 4))


def test_files(script: Callable[..., Any]) -> None:
    assert script("product", "a=2", "data=@one.csv")["derivatives"] == {"a": 6.5}
    given = script("product", "a=2", "data=@two.csv", "--wrt", "data")
    assert given["value"] == 20.0 and given["at"]["data[1,0]"] == 3.0
    assert script("product", "a=2", "data=@two.csv:2")["value"] == 12.0
    assert script("product", "a=2", "data=@sales.csv:price")["value"] == 13.0
    assert script("product", "a=2", "data=@sales.csv:1")["value"] == 8.0
    Path("bom.csv").write_bytes(b"\xef\xbb\xbfn\tm\r\n1\t2\r\n")
    assert script("product", "a=2", "data=@bom.csv:n")["value"] == 2.0


@pytest.mark.parametrize("digits", [[], ["--digits", "30"]])
def test_scripts_may_change_their_arguments(script: Callable[..., Any], digits: list[str]) -> None:
    Path("model.py").write_text(
        "def f(x, a, data, c):\n    a *= 2\n    data['n'] += 1\n    c[0] *= 3\n"
        "    return x * a.sum() * data.pop('n').sum() + x**3 * c[0]\n"
    )
    wrt = ["--wrt", "x,a", "--order", "2", "--hessian"]
    given = script("f", "x=2", "a=[1,2]", "data=@sales.csv", "c=[5]", *wrt, *digits)
    assert float(given["value"]) == 2 * 6 * 6 + 8 * 15
    assert {n: float(x) for n, x in given["derivatives"].items()} == {
        "x": 36 + 12 * 15,
        "a[0]": 24,
        "a[1]": 24,
    }
    assert float(given["hessian"]["x"]["x"]) == float(given["higher_orders"]["x"]["2"]) == 180


@pytest.mark.parametrize("digits", [[], ["--digits", "30"]])
def test_derivatives_with_respect_to_data(script: Callable[..., Any], digits: list[str]) -> None:
    arguments = ["price=3", "costs=[1,2.5]", "sold=@sales.csv", "--wrt", "sold", *digits]
    given = script("profit", *arguments)
    assert {name: float(x) for name, x in given["derivatives"].items()} == {
        "sold.n[0]": -3.0,
        "sold.n[1]": -3.0,
        "sold.price[0]": 0.0,
        "sold.price[1]": 0.0,
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("profits|price=1", "there is no function profits in model.py; did you mean profit?"),
        ("rate", "rate in model.py is not a function; it is of type float."),
        ("profit|price=1", "model.py:profit needs costs, sold too; add costs=VALUE sold=VALUE."),
        ("series|x=1|n=2|scal=3", "model.py:series has no argument scal; did you mean scale?"),
        ("fails|y=1", "model.py:fails has no argument y; the arguments are x."),
        ("builtin|x=1", "model.py:builtin has no signature to read; wrap it in a def."),
        (
            "nothing|x=1",
            "model.py:nothing has to return numbers, arrays, or lists, tuples and dicts of them; "
            "it returned NoneType; does it lack a return?",
        ),
        (
            "text|x=1",
            "model.py:text has to return numbers, arrays, or lists, tuples and dicts of them; "
            "it returned str.",
        ),
        ("empty|x=1", "model.py:empty returned no numbers."),
        (
            "complex_number|x=1",
            "model.py:complex_number returned a complex number; return its real and imaginary "
            "parts.",
        ),
        (
            "outputs|a=1|--hessian",
            "--hessian is for one number, but model.py:outputs returned 8.",
        ),
        ("cubes|m=[[1,2],[3]]", "m=[[1,2],[3]]: the rows of an array have the same length."),
        (
            "cubes|m=[1,sin]",
            "m=[1,sin]: sin has no value here; write a number.",
        ),
        (
            "cubes|m=sin([1,2])",
            "m=sin([1,2]): '[1,2]' is a list; an expression has numbers, names, operators and "
            "functions.",
        ),
        (
            "product|a=1|data=@no.csv",
            "data=@no.csv: cannot read no.csv: No such file or directory.",
        ),
        (
            "product|a=1|data=@bad.csv",
            "data=@bad.csv: line 3 has 'x', which is not a number.",
        ),
        (
            "product|a=1|data=@short.csv",
            "data=@short.csv: line 2 has 1 column, but the first has 2.",
        ),
        ("product|a=1|data=@empty.csv", "data=@empty.csv: there are no numbers in the file."),
        ("product|a=1|data=@twice.csv", "data=@twice.csv: two columns have the same name."),
        (
            "product|a=1|data=@latin.csv",
            "data=@latin.csv: cannot read latin.csv: it is not text in UTF-8.",
        ),
        (
            "product|a=1|data=@sales.csv:prise",
            "data=@sales.csv:prise: there is no column prise; did you mean price?",
        ),
        (
            "product|a=1|data=@two.csv:3",
            "data=@two.csv:3: there is no column 3; the columns are 1, 2.",
        ),
    ],
)
def test_refusals_for_scripts(
    failure: Callable[..., tuple[int, str]], arguments: str, sentence: str
) -> None:
    Path("bad.csv").write_text("a\n1\nx\n")
    Path("short.csv").write_text("1,2\n3\n")
    Path("empty.csv").write_text("\n")
    Path("twice.csv").write_text("a,a\n1,2\n")
    Path("latin.csv").write_bytes(b"\xe4\n1\n")
    name, *rest = arguments.split("|")
    assert failure(name, *rest) == (2, sentence)


@pytest.mark.parametrize(
    ("name", "where", "sentence"),
    [
        ("fails", "1 / (x - x)", "ZeroDivisionError: "),
        ("fails_in_helper", "script.fail(x)", "ValueError: first line second line."),
        ("leaves", "SystemExit", "SystemExit: enough."),
        (
            "lost",
            "x.__float__()",
            "TypeError: x.__float__() would lose the derivative of a Dual; write",
        ),
        ("endless", "return endless", "RecursionError: maximum recursion depth exceeded"),
    ],
)
def test_errors_of_scripts(
    failure: Callable[..., tuple[int, str]], name: str, where: str, sentence: str
) -> None:
    status, given = failure(name, "x=1")
    assert status == 1 and given.startswith(f"model.py, line {line(where)}: {sentence}")


def test_scripts_that_do_not_load(failure: Callable[..., tuple[int, str]]) -> None:
    Path("model.py").write_text("def f(x:\n    return x\n")
    assert failure("f", "x=1") == (1, "model.py, line 1: SyntaxError: '(' was never closed.")
    Path("model.py").write_text("\nimport nowhere_to_be_found\n")
    assert failure("f", "x=1") == (
        1,
        "model.py, line 2: ModuleNotFoundError: No module named 'nowhere_to_be_found'.",
    )


def test_errors_of_drivers_are_no_tracebacks(failure: Callable[..., tuple[int, str]]) -> None:
    Path("model.py").write_text(
        "calls = []\ndef f(x, y):\n    calls.append(0)\n    return [x * y] * len(calls)\n"
    )
    status, sentence = failure("f", "x=1", "y=2", "--digits=30")  # a pass for each direction
    assert status == 1 and "jacobian: the function returned other shapes" in sentence


def test_scripts_leave_nothing_behind(
    folder: Path, script: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path, modules, files = sys.path[:], set(sys.modules), set(folder.iterdir())
    script("uses_helper", "x=1")
    assert sys.path == path
    assert set(sys.modules) - modules <= {"helper_of_this_script"}
    assert not [name for name in sys.modules if name.startswith("dualad_script")]
    assert set(folder.iterdir()) == files
    assert not sys.dont_write_bytecode


def test_scripts_elsewhere(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = folder / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    assert main(["../model.py:uses_helper", "x=2"]) == 0
    assert main([f"{folder / 'model.py'}:uses_helper", "x=2"]) == 0
    assert capsys.readouterr().out.count("model.py:uses_helper = 4.0\n") == 2
    assert main(["../model.py:fails", "x=2"]) == 1
    assert f"model.py, line {line('1 / (x - x)')}: ZeroDivisionError" in capsys.readouterr().err


def test_scripts_are_modules(script: Callable[..., Any]) -> None:
    Path("model.py").write_text(
        "from __future__ import annotations\n"
        "import sys\nfrom dataclasses import dataclass\n\n"
        "if __name__ == '__main__':\n    raise SystemExit('not to be run as a program')\n\n"
        "@dataclass\nclass Point:\n    x: float\n\n"
        "def f(x, n: int):\n    assert sys.modules[__name__].Point is Point\n"
        "    assert type(n) is int\n    return Point(x).x * n\n"
    )
    assert script("f", "x=2", "n=3")["derivatives"] == {"x": 3.0}


# -- the process ---------------------------------------------------------------------------


def test_process() -> None:
    done = run_python("-m", "dualad", *EXAMPLE)
    assert done.stdout.startswith(f"{EXAMPLE[0]} = 11.652071455223084\n") and not done.stderr
    done = run_python("-m", "dualad", "1/x", "x=0", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "dualad: 1/x at x=0.0 divides by zero.\n"


def test_imports_only_what_it_needs() -> None:
    code = (
        "import sys\nfrom dualad.__main__ import main\n"
        "assert main(['sin(x)', 'x=1']) == 0\n"
        "late = {'mpmath', 'scipy', 'json', 'csv', 'difflib', 'argparse'} & set(sys.modules)\n"
        "assert late <= set(sys.argv[1:]), late\n"
    )
    with_numpy = run_python("-c", "import sys, numpy; print(*sys.modules)").stdout.split()
    run_python("-c", code, *with_numpy)


def test_a_reader_that_has_enough() -> None:
    with started_python("-m", "dualad", *EXAMPLE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(TIMEOUT) == 0


def test_interrupted(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dualad.cli.main.calculate", interrupt)
    assert main(["x", "x=1"]) == 130
    assert capsys.readouterr() == ("", "")
