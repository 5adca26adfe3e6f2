"""Sensitivities: labels for every way to call a model, closed forms, tables, files, plots."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections import namedtuple
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualad import sensitivities
from dualad.sensitivity import Sensitivities
from dualad.tables import write_whole

T = np.linspace(0.0, 4.0, 9)


def power_law(a: Any, b: Any, c: Any) -> Any:
    return a * b**c


@dataclass(frozen=True)
class Rates:
    a: float
    b: float
    c: float
    label: str = "rates"
    steps: int = 3


@dataclass
class Checked:
    """With a derived field, which the constructor has to make anew."""

    radius: float
    area: float = field(init=False)

    def __post_init__(self) -> None:
        if not self.radius > 0:
            raise ValueError("the radius is positive")
        self.area = math.pi * self.radius * self.radius


class Point(NamedTuple):
    a: float
    b: float
    c: float
    steps: int = 3


@dataclass
class Result:
    total: Any
    series: Any


def by_attribute(p: Any) -> Any:
    assert type(p.steps) is int and (isinstance(p, Point) or p.label == "rates")
    return p.a * p.b**p.c


def by_item(p: dict[str, Any], scale: float = 1.0) -> Any:
    return scale * p["a"] * p["b"] ** p["c"]


VALUES = {"a": 2.0, "b": 3.0, "c": 1.5}


@pytest.mark.parametrize(
    ("f", "params"),
    [
        (power_law, VALUES),
        (power_law, [2.0, 3.0, 1.5]),
        (power_law, (2, 3, 1.5)),
        (lambda **p: power_law(**p), VALUES),
        (lambda a, b, /, c: power_law(a, b, c), VALUES),
        (lambda a, *, b, c: power_law(a, b, c), VALUES),
        (by_item, VALUES),
        (by_attribute, Rates(2.0, 3.0, 1.5)),
        (by_attribute, Point(2.0, 3.0, 1.5)),
        (lambda p: by_item(p["x"]), {"x": VALUES}),
    ],
)
def test_every_way_to_call(f: Any, params: Any) -> None:
    report = sensitivities(f, params)
    (output,) = report.values
    y = 2 * 3**1.5
    expected = {"a": 1.0, "b": 1.5, "c": 1.5 * math.log(3)}
    prefix = "x." if isinstance(params, dict) and "x" in params else ""
    assert report.values[output] == pytest.approx(y, rel=1e-15)
    assert list(report.parameters) == [prefix + n for n in expected]
    for n, e in expected.items():
        assert report.elasticities[output][prefix + n] == pytest.approx(e, rel=1e-14)
        slope = e * y / VALUES[n]
        assert report.derivatives[output][prefix + n] == pytest.approx(slope, rel=1e-14)
    assert report.ranking[output] == [prefix + n for n in ("c", "b", "a")]


@given(
    a=st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-3),
    b=st.floats(1e-3, 1e3),
    c=st.floats(-5, 5),
)
def test_elasticities_of_a_power_law(a: float, b: float, c: float) -> None:
    e = sensitivities(power_law, {"a": a, "b": b, "c": c}).elasticities["power_law"]
    assert e["a"] == pytest.approx(1.0, rel=1e-13)
    assert e["b"] == pytest.approx(c, rel=1e-13, abs=1e-300)
    assert e["c"] == pytest.approx(c * math.log(b), rel=1e-13, abs=1e-300)


def decay(A: Any, k: Any) -> Any:
    return A * np.exp(-k * T)


def test_a_time_series() -> None:
    report = sensitivities(decay, {"A": 5.0, "k": 0.7})
    series = np.exp(-0.7 * T)
    np.testing.assert_allclose(report.values["decay"], 5 * series, rtol=1e-15)
    np.testing.assert_allclose(report.derivatives["decay"]["A"], series, rtol=1e-15)
    np.testing.assert_allclose(report.derivatives["decay"]["k"], -5 * T * series, rtol=1e-14)
    np.testing.assert_allclose(report.elasticities["decay"]["k"], -0.7 * T, rtol=1e-14)
    assert report.ranking["decay"] == ["A", "k"]


def test_array_parameters_and_several_outputs() -> None:
    m = np.array([[1.0, 2.0], [3.0, -4.0]])

    def f(m: Any, v: Any) -> Any:
        return Result(total=np.sum(m) * v[0], series={"product": m @ np.stack(v), "steps": 3})

    report = sensitivities(f, {"m": m, "v": [5.0, 7.0]})
    assert list(report.values) == ["total", "series.product", "series.steps"]
    assert list(report.parameters) == ["m", "v[0]", "v[1]"]
    product = report.derivatives["series.product"]
    np.testing.assert_array_equal(product["m"], np.einsum("ij,k->ijk", np.eye(2), [5.0, 7.0]))
    np.testing.assert_array_equal(product["v[1]"], [2, -4])
    assert report.derivatives["total"]["v[0]"] == 2 and report.derivatives["total"]["v[1]"] == 0
    np.testing.assert_array_equal(report.derivatives["series.steps"]["m"], np.zeros((2, 2)))
    assert report.ranking["total"] == ["m[1,1]", "m[1,0]", "m[0,1]", "v[0]", "m[0,0]", "v[1]"]
    relative = report.elasticities["series.product"]["m"]
    np.testing.assert_allclose(relative[0], [[5 / 19, 14 / 19], [0, 0]], rtol=1e-15)
    # of an array of objects, as old code makes them
    made = sensitivities(lambda a, b: np.array([a * b, a, 1.0]), [2.0, 3.0])
    np.testing.assert_array_equal(made.derivatives["model"]["a"], [3, 1, 0])


def test_second_order_and_interactions() -> None:
    def f(a: Any, b: Any) -> Any:
        return {"y": a**2 * b[0] + b[1] ** 3, "series": np.stack([a * b[0], b[0] * b[1]])}

    report = sensitivities(f, [3.0, np.array([2.0, 5.0])], second_order=True)
    assert report.hessians is not None
    h = report.hessians["y"]
    assert h["a"]["a"] == 4.0
    np.testing.assert_array_equal(h["a"]["b"], [6, 0])
    np.testing.assert_array_equal(h["b"]["a"], [6, 0])
    np.testing.assert_array_equal(h["b"]["b"], [[0, 0], [0, 30]])
    series = report.hessians["series"]
    np.testing.assert_array_equal(series["a"]["b"], [[1, 0], [0, 0]])
    np.testing.assert_array_equal(series["b"]["b"], [[[0, 0], [0, 0]], [[0, 1], [1, 0]]])
    assert report.interactions["y"] == {
        ("a", "b[0]"): pytest.approx(3 * 2 * 6 / 143),
        ("a", "b[1]"): 0,
        ("b[0]", "b[1]"): 0,
    }
    norm = math.hypot(6, 10)
    assert list(report.interactions["series"]) == [("b[0]", "b[1]"), ("a", "b[0]"), ("a", "b[1]")]
    assert report.interactions["series"]["a", "b[0]"] == pytest.approx(6 / norm)
    assert "y: interactions" in str(report)
    with pytest.raises(ValueError, match="second_order=True"):
        _ = sensitivities(f, [3.0, np.array([2.0, 5.0])]).interactions


def test_hessians_of_blocks_of_unlike_shapes_are_symmetric() -> None:
    def f(m: Any, v: Any) -> Any:
        return np.tensordot(m, m, 2) * np.stack([v[0] * v[1] * v[2], np.sum(v) ** 3])

    m, v = np.arange(1.0, 5).reshape(2, 2), np.array([1.0, 2.0, 4.0])
    report = sensitivities(f, {"m": m, "v": v}, second_order=True)
    assert report.hessians is not None
    h = report.hessians["f"]
    products = np.array([8.0, 4.0, 2.0])
    np.testing.assert_allclose(h["m"]["v"][0], 2 * m[:, :, None] * products, rtol=1e-14)
    np.testing.assert_array_equal(h["v"]["m"], np.moveaxis(h["m"]["v"], -1, 1))
    eye = np.einsum("ik,jl->ijkl", np.eye(2), np.eye(2))
    np.testing.assert_allclose(h["m"]["m"][1], 2 * eye * 343, rtol=1e-14)


# -- what is differentiated ----------------------------------------------------------------


def test_wrt_and_constants() -> None:
    def f(a: float, n: int, settings: Any, quiet: bool = False) -> Any:
        assert type(n) is int and settings["name"] == "x" and quiet is True
        return sum(a * settings["rate"] for _ in range(n))

    params = {"a": 2.0, "n": 4, "settings": {"name": "x", "rate": 0.5}, "quiet": True}
    assert list(sensitivities(f, params).parameters) == ["a", "settings.rate"]
    assert list(sensitivities(f, params, wrt="settings").parameters) == ["settings.rate"]
    assert list(sensitivities(f, params, wrt=["a"]).parameters) == ["a"]
    with pytest.raises(ValueError, match=r"no parameter setings; did you mean settings\.?"):
        sensitivities(f, params, wrt=["setings"])
    with pytest.raises(TypeError, match="quiet is not a number; leave it out of wrt"):
        sensitivities(f, params, wrt=["quiet"])


def test_a_dataclass_is_made_by_its_own_constructor() -> None:
    report = sensitivities(lambda c: c.area, Checked(3.0))
    assert report.derivatives["model"]["radius"] == pytest.approx(6 * math.pi)
    # and one that comes out shows all its fields
    out = sensitivities(lambda r: Checked(r), [3.0])
    assert list(out.values) == ["radius"]


def test_one_number_or_array() -> None:
    assert sensitivities(lambda x: x**2, 3.0).derivatives["model"]["x"] == 6
    report = sensitivities(lambda p: np.sum(p**2), np.array([1.0, -2.0]))
    np.testing.assert_array_equal(report.derivatives["model"]["p"], [2, -4])
    assert report.ranking["model"] == ["p[1]", "p[0]"]
    assert list(sensitivities(lambda *x: x[0] * x[1], [2.0, 3.0]).parameters) == ["x1", "x2"]


def test_an_output_without_a_derivative_other_than_0_is_told() -> None:
    def interest(balance: Any, rate: Any) -> Any:
        exact = balance * rate
        return {"rounded": round(exact, 2), "exact": exact}

    note = "All derivatives are 0; what round, floor or int gives is constant."
    rounded, exact = str(sensitivities(interest, [100.0, 0.05])).split("exact = ")
    assert note in rounded and note not in exact


def test_undefined_elasticities_are_said() -> None:
    report = sensitivities(lambda a, b: (a - b, math.inf * a), [2.0, 2.0])
    assert math.isnan(report.elasticities["model[0]"]["a"])
    assert "undefined" in str(report)
    # at p = 0 the elasticity is 0, and the derivative breaks the tie
    zero = sensitivities(lambda a, b: 5 + a + 3 * b, [0.0, 0.0])
    assert zero.ranking["model"] == ["b", "a"]


def test_refusals() -> None:
    calls: list[Any] = []

    def f(price: Any, cost: Any = 1.0) -> Any:
        calls.append(price)
        return price

    with pytest.raises(
        TypeError, match=r"model\(.*\) does not take .*: f and price are missing; p"
    ):
        sensitivities(lambda f, price, cost: 0, {"cost": 1.0, "pirce": 2.0})
    with pytest.raises(TypeError, match="does not take 3 positional arguments"):
        sensitivities(f, [1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="sensitivities needs a function, got dict"):
        sensitivities({}, f)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no number among the parameters"):
        sensitivities(f, {"price": "high"})
    with pytest.raises(TypeError, match="price is complex"):
        sensitivities(f, {"price": 1j})
    with pytest.raises(ValueError, match=r"two numbers are both called a\.b"):
        sensitivities(lambda p: 0.0, {"a.b": 1.0, "a": {"b": 2.0}})
    assert calls == []
    with pytest.raises(TypeError, match="model is of type NoneType; does it lack a return"):
        sensitivities(lambda x: None, [1.0])
    with pytest.raises(TypeError, match="state is of type str"):
        sensitivities(lambda x: {"y": x, "state": "fine"}, [1.0])
    with pytest.raises(TypeError, match="model is complex"):
        sensitivities(lambda x: x * 1j, [1.0])
    with pytest.raises(TypeError, match="returned no numbers"):
        sensitivities(lambda x: [], [1.0])


def test_workers_and_progress() -> None:
    done: list[Any] = []
    serial = sensitivities(power_law, VALUES, second_order=True)
    parallel = sensitivities(
        power_law, VALUES, second_order=True, workers=2, chunk=1, progress=lambda *n: done.append(n)
    )
    assert parallel == serial and done == [(1, 3), (2, 3), (3, 3)] * 2


# -- tables and files ----------------------------------------------------------------------


def test_the_table() -> None:
    assert str(sensitivities(power_law, {"a": 2.0, "b": 4.0, "c": -0.5})) == (
        "power_law = 1\n"
        "\n"
        "parameter  at    derivative  elasticity\n"
        "---------  ----  ----------  ----------\n"
        "a           2     0.5         1\n"
        "c          -0.5   1.38629    -0.693147\n"
        "b           4    -0.125      -0.5"
    )
    text = str(sensitivities(decay, {"A": 5.0, "k": 0.7}))
    assert text.startswith("decay: 9 numbers from 0.30405 to 5\n")
    slope = 1.5 * 5 * math.exp(-0.7 * 1.5)  # the largest: k·t is nearest to 1
    assert f"k          0.7  {-slope:.5f}" in text and "[3]" in text
    many = str(sensitivities(lambda x: np.sum(x**2), np.arange(1.0, 101)))
    assert "… and 60 more, which matter less." in many and many.count("\n") < 60


def test_dict_rows_frame_and_csv(tmp_path: Path, monkeypatch: Any) -> None:
    report = sensitivities(decay, {"A": 5.0, "k": 0.7}, second_order=True)
    document = json.loads(json.dumps(report.to_dict()))
    assert document["model"] == "decay" and document["parameters"] == {"A": 5.0, "k": 0.7}
    entry = document["outputs"]["decay"]
    assert entry["ranking"] == ["A", "k"] and len(entry["derivatives"]["A"]) == 9
    assert entry["interactions"][0]["parameters"] == ["A", "k"]
    rows = list(report.rows())
    assert len(rows) == 18
    report.to_csv(tmp_path / "report.csv")
    with open(tmp_path / "report.csv", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert [float(row["derivative"]) for row in read] == [row["derivative"] for row in rows]
    assert read[1]["output"] == "decay[1]" and read[-1]["rank"] == "2"
    assert [p.name for p in tmp_path.iterdir()] == ["report.csv"]
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="to_frame needs pandas; pip install pandas"):
        report.to_frame()


def test_frame() -> None:
    pytest.importorskip("pandas", reason="frames are pandas': pip install pandas")
    report = sensitivities(decay, {"A": 5.0, "k": 0.7})
    frame = report.to_frame()
    assert list(frame.columns) == [
        "output",
        "value",
        "parameter",
        "at",
        "derivative",
        "elasticity",
        "rank",
    ]
    assert frame.to_dict("records") == list(report.rows())


def test_html_is_escaped() -> None:
    html = sensitivities(lambda p: p["<b>"] ** 2, {"<b>": 2.0})._repr_html_()
    assert "<caption>model = 4</caption>" in html and "&lt;b&gt;" in html and "<b>" not in html


def test_plot(tmp_path: Path, monkeypatch: Any) -> None:
    pytest.importorskip("matplotlib", reason="plots are matplotlib's: pip install matplotlib")

    def f(A: Any, k: Any) -> Any:
        return {"series": decay(A, k), "half-life": np.log(2) / k + 0 * A}

    report = sensitivities(f, {"A": 5.0, "k": 0.7})
    figure = report.plot()
    curves, bars = figure.axes
    assert [line.get_label() for line in curves.lines[:2]] == ["A", "k"]
    np.testing.assert_allclose(curves.lines[1].get_ydata(), -0.7 * 5 * T * np.exp(-0.7 * T))
    assert [bar.get_width() for bar in bars.patches] == pytest.approx([0.0, -1.0])
    figure.savefig(tmp_path / "plot.png")
    single = report.plot("series", x=T)
    np.testing.assert_array_equal(single.axes[0].lines[0].get_xdata(), T)
    with pytest.raises(ValueError, match="there is no output serie; there are series, half-life"):
        report.plot("serie")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="plot needs matplotlib; pip install matplotlib"):
        report.plot()


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "report.csv"
    path.write_text("old")

    def interrupted(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_whole(path, "new")
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["report.csv"]
    write_whole(path, "new")
    assert path.read_text() == "new"


def test_the_report_is_a_value() -> None:
    report = sensitivities(power_law, VALUES)
    assert isinstance(report, Sensitivities) and repr(report) == str(report)
    Pair = namedtuple("Pair", "x y")
    assert list(sensitivities(lambda p: Pair(p.x, p.y), Pair(1.0, 2.0)).values) == ["x", "y"]
