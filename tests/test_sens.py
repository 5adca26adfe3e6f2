"""The command `python -m dualad sens`: its files, its refusals, its bar, and Ctrl-C."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.processes import started_python

from dualad import workers
from dualad.__main__ import main
from dualad.cli.pictures import spider, tornado

SCRIPT = """
import time
import numpy as np

def profit(price, sold, cost=2.0, *, steps: int = 2, name="shop"):
    print("working")
    assert type(steps) is int
    return {"margin": price - cost, "profit": (price - cost) * sold}

def series(p):
    return p["A"] * np.exp(-np.mean(p["k"]) * np.arange(4.0))

def undefined(x):
    return x - 2.0, 1e400 * x

def wrong(price):
    return price.no_such_thing

def slow(x):
    time.sleep(0.4)
    return x**2

def forever(x):
    print("started", flush=True)
    while True:
        time.sleep(0.01)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: Any) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(SCRIPT)
    (tmp_path / "params.json").write_text('{"price": 5, "sold": 100.0, "steps": 3, "name": "x"}')
    (tmp_path / "series.toml").write_text("A = 5.0\nk = [0.5, 0.9]\n")
    (tmp_path / "params.csv").write_text("name,value,std\nprice,5,0.5\nsold,100,\n")
    (tmp_path / "wide.csv").write_text("price;sold\n5;100\n")
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: Any) -> Callable[..., str]:
    def call(*arguments: str) -> str:
        status = main(["sens", *arguments])
        out, err = capsys.readouterr()
        assert status == 0, err
        assert set(err.split("\n")) <= {"working", ""}
        return str(out)

    return call


@pytest.fixture
def refusal(folder: Path, capsys: Any) -> Callable[..., str]:
    def call(*arguments: str, status: int = 2) -> str:
        before = sorted(p.name for p in folder.iterdir())
        assert main(["sens", *arguments]) == status
        out, err = capsys.readouterr()
        err = err.replace("working\n", "")
        assert out == "" and err.startswith("dualad: ") and err.count("\n") == 1
        assert sorted(p.name for p in folder.iterdir()) == before
        return str(err).removeprefix("dualad: ").rstrip()

    return call


TABLE = """\
margin = 3

parameter  at   derivative  elasticity
---------  ---  ----------  ----------
price        5  1           1.66667
sold       100  0           0

profit = 300

parameter  at   derivative  elasticity
---------  ---  ----------  ----------
price        5  100         1.66667
sold       100    3         1
"""


@pytest.mark.parametrize("file", ["params.json", "params.csv", "wide.csv"])
def test_the_table(run: Callable[..., str], file: str) -> None:
    printed = run("model.py:profit", "--at", file)
    assert printed.startswith(TABLE)
    assert ("uncertainty" in printed) == (file == "params.csv")


def test_toml_and_arrays(run: Callable[..., str]) -> None:
    printed = run("model.py:series", "--at=series.toml", "--second-order")
    assert "series: 4 numbers" in printed and "k[1]" in printed and "interactions" in printed
    only = run("model.py:series", "--at", "series.toml", "--wrt", "A")
    assert "k[1]" not in only


def test_defaults_of_the_model(run: Callable[..., str], folder: Path) -> None:
    (folder / "loan.py").write_text(
        "def paid(loan, rate=-0.5, fee=2.0, years=3):\n    return -loan * rate * years + fee\n"
        "def fixed(rate=-0.5, fee=2.0, years=3):\n    return 10 * rate * years + fee\n"
    )
    (folder / "loan.json").write_text('{"loan": 10.0}')
    as_given = run("loan.py:paid", "--at", "loan.json")
    assert "\nfee" not in as_given
    assert as_given.endswith("At their defaults, as constants: rate = -0.5, fee = 2.\n")
    named = run("loan.py:paid", "--at", "loan.json", "--wrt", "rate", "--std", "fee=0.5")
    assert "rate       -0.5  -30" in named and "paid    17    0.5  100" in named
    assert "as constants" not in named
    assert "rate       -0.5  30" in run("loan.py:fixed")  # years counts
    run("loan.py:paid", "--at", "loan.json", "--wrt", "rate", "--out", "r.html")
    html = Path("r.html").read_text()
    assert "paid = 17" in html and ">−30<" in html and ">−0.5<" in html
    assert "constants: fee = 2." in html
    run("loan.py:fixed", "--out", "r.html")
    assert "fixed = −13" in Path("r.html").read_text()


def test_deviations(run: Callable[..., str], folder: Path) -> None:
    (folder / "std.json").write_text('{"price": 0.5}')
    texts = [
        run("model.py:profit", "--at", *arguments)
        for arguments in (
            ["params.csv"],
            ["params.json", "--std", "price=0.5"],
            ["params.json", "--std", "std.json"],
        )
    ]
    assert texts[0] == texts[1] == texts[2]
    assert "profit  300   50    100" in texts[0].split("uncertainty")[1]
    relative = run("model.py:profit", "--at", "params.json", "--std", "price=10%,sold=1 %")
    assert "Standard deviations assumed: price 0.5, sold 1." in relative
    (folder / "percent.csv").write_text("name,value,std\nprice,-5,10%\nsold,100,\n")
    assert "assumed: price 0.5." in run("model.py:profit", "--at", "percent.csv")
    second = run("model.py:profit", "--at", "params.json", "--std=price=.5,sold=1", "--order", "2")
    assert "doubtful" in second


def test_an_option_given_twice(run: Any, refusal: Any, folder: Path) -> None:
    """Lists are joined; of what has one setting, two are refused."""
    at = ["model.py:profit", "--at", "params.json"]
    joined = run(*at, "--std", "price=0.5,sold=1", "--wrt", "price,sold")
    assert run(*at, "--std", "price=0.5", "--std=sold=1", "--wrt", "price", "--wrt=sold") == joined
    (folder / "std.json").write_text('{"price": 0.5}')
    assert run(*at, "--std", "std.json", "--std", "sold=1", "--wrt=price,sold") == joined
    # profit = (5 - 2)*100, with slopes 100 and 3
    assert f"profit  300   {(50**2 + 3**2) ** 0.5:.6g}" in joined
    assert "Standard deviations assumed: price 0.5, sold 1." in joined
    beside = run("model.py:profit", "--at", "params.csv", "--std", "sold=1")
    assert "Standard deviations assumed: price 0.5, sold 1." in beside
    assert "assumed: price 0.2." in run("model.py:profit", "--at=params.csv", "--std=price=0.2")
    assert refusal(*at, "--std", "price=1", "--std", "price=2") == (
        "--std gives price twice, 1.0 and 2.0; give one."
    )
    assert refusal(*at, "--wrt", "price", "--wrt", "price") == (
        "--wrt takes names, each once; got 'price,price', write --wrt x,y."
    )
    for option, first, second in (
        ("--at", "params.json", "x.json"),
        ("--order", "1", "2"),
        ("--out", "a.csv", "b.csv"),
    ):
        given = ["model.py:profit", option, first, f"{option}={second}"]
        assert refusal(*given) == f"{option} is given twice, {first} and {second}; give one."


def test_what_a_model_was_not_given(run: Any, refusal: Any, folder: Path) -> None:
    (folder / "swing.py").write_text(
        "def period(length, g=9.81):\n    return 6.28 * (length / g) ** 0.5\n"
        "def ratio(x, ratio=1, scale=2.0):\n    return x * ratio * scale\n"
        "def first(lengths):\n    return lengths['length'] * 2.0\n"
    )
    at = folder / "at.json"
    at.write_text('{"lenght": 1.0}')
    assert refusal("swing.py:period", "--at", "at.json", status=1).endswith(
        " period has no lenght; did you mean length?"
    )
    at.write_text('{"length": 1.0}')  # close to its name, and right
    assert "first = 2\n" in run("swing.py:first", "--at", "at.json")
    at.write_text('{"length": "9 m"}')
    assert refusal("swing.py:period", "--at", "at.json").endswith(
        "to differentiate; length is the text '9 m'; write the number alone, 9."
    )
    at.write_text('{"length": "1e-3 m", "g": 9.8}')
    assert refusal("swing.py:period", "--at", "at.json", status=1).endswith(
        " length is the text '1e-3 m'; write the number alone, 1e-3."
    )
    at.write_text('{"length": "long", "g": 9.8}')
    assert refusal("swing.py:period", "--at", "at.json", status=1).endswith(
        " length is the text 'long'; does period take a number there?"
    )
    at.write_text('{"x": 3.0}')
    assert refusal("swing.py:ratio", "--at", "at.json", "--wrt", "ratio") == (
        "ratio has an integer default, which is a constant; write ratio=1.0 in the script, or "
        "give ratio a value with --at."
    )
    everything = run("swing.py:ratio", "--at", "at.json", "--wrt", "all")
    assert "\nx " in everything and "\nscale " in everything and "constants" not in everything


def test_reports_in_files(run: Callable[..., str], folder: Path) -> None:
    arguments = ["model.py:profit", "--at", "params.json", "--std", "price=0.5,sold=1"]
    for kind in ("csv", "json", "html"):
        assert run(*arguments, "--out", f"report.{kind}") == f"written: report.{kind}\n"
    with open("report.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(r["output"], r["parameter"], float(r["derivative"])) for r in rows] == [
        ("margin", "price", 1.0),
        ("margin", "sold", 0.0),
        ("profit", "price", 100.0),
        ("profit", "sold", 3.0),
    ]
    assert [float(r["contribution"]) for r in rows] == [0.25, 0.0, 2500.0, 9.0]
    assert [float(r["assumed_std"]) for r in rows] == [0.5, 1.0, 0.5, 1.0]
    assert float(rows[2]["std"]) == pytest.approx(2509**0.5)
    document = json.loads(Path("report.json").read_text())
    assert document["outputs"]["profit"]["derivatives"] == {"price": 100.0, "sold": 3.0}
    assert document["propagation"]["contributions"]["profit"]["price"] == 2500.0
    assert document["propagation"]["input_std"] == {"price": 0.5, "sold": 1.0}
    assert run(*arguments, "--out", "REPORT.CSV") == "written: REPORT.CSV\n"
    assert Path("REPORT.CSV").read_text() == Path("report.csv").read_text()
    html = Path("report.html").read_text()
    assert html.index("<table>") < html.index("<figure>") and "<dt>elasticity</dt>" in html
    assert "<p>Standard deviations assumed: price 0.5, sold 1." in html
    assert "First order only; order 2 shows whether curvature matters." in html
    scrolled = re.findall('<div class="dualad-scrolls">(.*?)</div>', html)
    assert len(scrolled) == 3 and all(s.endswith("</table>") for s in scrolled)
    assert html.count("<table>") == 3 and "<title>Sensitivities of profit</title>" in html
    assert "prefers-color-scheme: dark" in html and "https://" not in html
    figures = ET.fromstring(f"<div>{''.join(re.findall('<figure>.*?</figure>', html, re.S))}</div>")
    labels = [svg.get("aria-label") for svg in figures.iter("{http://www.w3.org/2000/svg}svg")]
    assert labels == [
        "elasticity of margin: price +1.667",
        "elasticity of profit: price +1.667, sold +1",
        "change of profit as one parameter changes, to first order: price +1.667 % for 1 %, "
        "sold +1 % for 1 %",
    ]
    assert not list(folder.glob("*.part"))


def test_pictures_say_what_they_do_not_show() -> None:
    """Bars in proportion, at most fifteen of them; labels of lines that meet are apart."""
    effects = [(f"p{i}", (-1.0) ** i * (i + 1)) for i in range(20)]
    root = ET.fromstring(tornado("<y>", [*effects, ("q", 0.0), ("r", float("nan"))], "effect"))
    bars = [float(bar.get("width", 0)) for bar in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert len(bars) == 15 and bars == sorted(bars, reverse=True)
    assert bars[0] / bars[9] == pytest.approx(20 / 11, rel=1e-3)
    caption = root.find("figcaption")
    assert caption is not None
    assert caption.text == "effect of <y> (other parameters: 5 smaller, 2 zero or undefined)"
    assert tornado("y", [("q", 0.0)], "effect") == spider("y", effects[:1]) == ""
    slopes = [("a", 1.0), ("b", 1.02), ("c", 1.04), ("d", -1.04), ("e", -1.04)]
    web = ET.fromstring(spider("y", slopes))
    places = {t.text: float(t.get("y", 0)) for t in web.iter("{http://www.w3.org/2000/svg}text")}
    heights = sorted(places[name] for name in ("a", "b", "c", "d, e"))  # d and e are one line
    assert min(b - a for a, b in pairwise(heights)) >= 15.9
    assert places["c"] < places["b"] < places["a"] < places["d, e"]
    ticks = places["+10 %"]
    assert min(heights) >= 12 and max(heights) <= ticks - 13  # all in the picture, and legible


def test_long_names_leave_room_for_the_picture() -> None:
    name = "rates." + "x" * 90
    for draw in (
        tornado("y", [(name, 1.0), ("b", -2.0)], "effect"),
        spider("y", [(name, 1.0), ("b", -2.0)]),
    ):
        root = ET.fromstring(draw)
        svg = root.find("{http://www.w3.org/2000/svg}svg")
        assert svg is not None and name in str(svg.get("aria-label"))
        bars = [float(bar.get("width", 0)) for bar in root.iter("{http://www.w3.org/2000/svg}rect")]
        assert all(width > 20 for width in bars)
        for path in root.iter("{http://www.w3.org/2000/svg}path"):
            ends = [float(x) for x in re.findall(r"[MLH](-?[\d.]+)", str(path.get("d")))]
            assert min(ends) > 0 and ends == sorted(ends[:2]) + ends[2:]


def test_json_knows_no_nan(run: Callable[..., str], folder: Path) -> None:
    (folder / "x.json").write_text('{"x": 2}')
    run("model.py:undefined", "--at", "x.json", "--out", "report.json")

    def refuse(name: str) -> None:
        raise AssertionError(name)

    document = json.loads(Path("report.json").read_text(), parse_constant=refuse)
    assert document["outputs"]["undefined[0]"]["elasticities"] == {"x": None}
    assert document["outputs"]["undefined[1]"]["derivatives"] == {"x": "inf"}


def test_help_and_expressions_called_sens(run: Callable[..., str], capsys: Any) -> None:
    assert run("--help").startswith("usage: python -m dualad sens SCRIPT.py:MODEL [--at")
    assert main(["sens**2", "sens=3"]) == 0 and main(["sens", "sens=3"]) == 0
    assert "sens = 3.0" in capsys.readouterr().out


def test_refusals(refusal: Callable[..., str], folder: Path) -> None:
    at = ["--at", "params.json"]
    assert refusal("model.py", *at).startswith("sens needs a model as SCRIPT.py:FUNCTION; got")
    assert refusal() == "sens needs a model; write sens model.py:profit --at params.json."
    assert "--order 2 is for the propagation of errors; add" in refusal(
        "model.py:profit", *at, "--order=2"
    )
    assert "files that end in .csv, .json, .html" in refusal(
        "model.py:profit", *at, "--out", "report"
    )
    assert refusal("model.py:profit") == (
        "sens needs the parameters, for price has no default; write --at params.json."
    )
    assert refusal("model.py:profit", "--at", "no.json") == (
        "--at no.json: cannot read no.json: No such file or directory."
    )
    assert refusal("model.py:profits", *at) == (
        "there is no function profits in model.py; did you mean profit?"
    )
    assert (
        refusal("model.py:profit", "--atr", "x") == "there is no option --atr; did you mean --at?"
    )
    assert refusal("model.py:profit", *at, "--csv") == (
        "there is no option --csv; write --out FILE.csv."
    )
    assert refusal("model.py:profit", "--at", "price=3") == (
        "--at price=3: write the parameters in a file, such as params.json."
    )
    assert "--at needs a value" in refusal("model.py:profit", "--at")
    assert "got two models" in refusal("model.py:profit", "price=3", *at)
    assert "--order is 1 or 2; got '3'" in refusal("model.py:profit", *at, "--order=3")
    assert "files that end in .csv, .json, .html" in refusal(
        "model.py:profit", *at, "--out", "r.pdf"
    )
    assert "there is no directory no" in refusal("model.py:profit", *at, "--out", "no/r.csv")
    assert "did you mean price?" in refusal("model.py:profit", *at, "--wrt", "prise")
    assert "std: there is no parameter prise" in refusal("model.py:profit", *at, "--std", "prise=1")
    assert "--std price is 'x', which is not a number" in refusal(
        "model.py:profit", *at, "--std=price=x"
    )
    for text, why in [
        ("[1, 2]", "write names and numbers"),
        ("{", "cannot be understood"),
        ('{"price": [[1, 2], [3]]}', "the rows of an array have the same length"),
        ('{"sold": 3}', "price is missing"),
        ('{"price": 1, "sold": 3, "color": 3}', "color is unknown"),
    ]:
        (folder / "params.json").write_text(text)
        assert why in refusal("model.py:profit", *at)
    for text in ("name,value\nprice,high\n", "price\n", "a,b\n1,2\n3,4\n", "a,a\n1,2\n"):
        (folder / "bad.csv").write_text(text)
        assert "bad.csv" in refusal("model.py:profit", "--at", "bad.csv")
    (folder / "x.json").write_text('{"price": 2}')
    assert "model.py, line 17: AttributeError" in refusal(
        "model.py:wrong", "--at", "x.json", "--out", "r.csv", status=1
    )


@pytest.mark.parametrize("with_tqdm", [False, True])
def test_a_bar_for_what_takes_long(
    folder: Path, capsys: Any, monkeypatch: Any, with_tqdm: bool
) -> None:
    if with_tqdm:
        pytest.importorskip("tqdm", reason="tqdm's bar is tested where tqdm is: pip install tqdm")
    else:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(workers.Bar.__init__, "__defaults__", (0.1,))
    (folder / "x.json").write_text('{"x": 2}')
    assert main(["sens", "model.py:slow", "--at", "x.json"]) == 0
    out, err = capsys.readouterr()
    assert "passes" not in err and out.startswith("slow = 4\n")  # a file has no use for a bar
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["sens", "model.py:slow", "--at", "x.json"]) == 0
    out, err = capsys.readouterr()
    assert "passes: " in err and "0/1" in err and out.startswith("slow = 4\n")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (
            "deep.json",
            "[" * 100_000 + "]" * 100_000,
            "--at deep.json: the file is nested too deeply.",
        ),
        (
            "deep.toml",
            "a = " + "[" * 5000 + "]" * 5000,
            "--at deep.toml: the file is nested too deeply.",
        ),
        ("long.json", '{"x": ' + "9" * 400 + "}", "x: a number of 400 digits is too large."),
        ("long.json", '{"x": [1, ' + "9" * 400 + "]}", "x[1]: a number of 400 digits is too"),
        (
            "longer.json",
            '{"x": ' + "9" * 5000 + "}",
            "longer.json: the file cannot be understood: ",
        ),
        (
            "bad.json",
            '{"x": 1,}',
            "understood: Expecting property name enclosed in double quotes: line",
        ),
        ("nan.json", '{"x": NaN}', "the file cannot be understood: JSON has no NaN."),
        ("nan.toml", "x = nan", "--at nan.toml: x is nan; write a number, or leave it out."),
        ("nan.csv", "name,value\nx,nan", "--at nan.csv: x is 'nan', which is not a number."),
        ("twice.json", '{"x": 1, "x": 2}', "cannot be understood: 'x' is there twice."),
        ("twice.json", '{"a": {"x": 1, "x": 2}}', "cannot be understood: 'x' is there twice."),
        ("wide.csv", "name,value\nx," + "9" * 140_000, "line 2 of wide.csv cannot be understood"),
    ],
)
def test_files_that_go_too_far(folder: Path, refusal: Any, name: str, text: str, why: str) -> None:
    (folder / name).write_text(text)
    assert why in refusal("model.py:slow", "--at", name)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to one process")
def test_interrupting_leaves_no_file(folder: Path) -> None:
    (folder / "x.json").write_text('{"x": 2}')
    (folder / "report.csv").write_text("old")
    before = sorted(p.name for p in folder.iterdir())
    start = (  # a shell's background jobs ignore SIGINT, and so do their children
        "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "runpy.run_module('dualad', run_name='__main__', alter_sys=True)"
    )
    command = ["sens", "model.py:forever", "--at", "x.json", "--out", "report.csv"]
    with started_python("-c", start, *command) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "started\n"
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 130 and out == "" and "Traceback" not in err
    assert sorted(p.name for p in folder.iterdir()) == before
    assert (folder / "report.csv").read_text() == "old"
