"""Pages that step through a trace: what they calculate, and what a browser makes of them."""

from __future__ import annotations

import functools
import json
import math
import re
import shutil
import subprocess
import warnings
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualad
from dualad import derivative, jacobian, jvp
from dualad.cli.pictures import STYLE
from dualad.rules import table
from dualad.scipy.integrate import quad
from dualad.scipy.optimize import fsolve
from dualad.teach import caption, explain, graph, trace
from dualad.teach.javascript import NotInJavaScript, Written
from dualad.teach.layout import text_width
from dualad.teach.printers import Text
from dualad.teach.style import scrolling
from dualad.text import number_text

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
BROWSER = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def survey(x1: Any, x2: Any) -> Any:
    return np.log(x1) + x1 * x2 - np.sin(x2)


LISTEN = """<script>addEventListener("error", (event) => {
  document.documentElement.dataset.error = event.message; });</script>"""
# The browser writes what it shows once all frames are loaded, and one stays open until then.
WAIT = """<script>{ const frame = document.createElement("iframe"); frame.hidden = true;
  document.body.append(frame); frame.contentDocument.open();
  const look = () => document.getElementById("found") || document.documentElement.dataset.error
    ? frame.contentDocument.close() : setTimeout(look, 10);
  look(); }</script>"""


def asked(page: str, script: str, tmp_path: Path, *options: str) -> Any:
    """What a script finds in a page, in a browser without a network; no script may fail in it."""
    path = tmp_path / "page.html"
    result = f"{WAIT}<script>{script}</script></body>"
    path.write_text(LISTEN + page.replace("</body>", result), encoding="utf-8")
    assert CHROMIUM is not None
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--timeout=60000",
         "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}",
         *options, "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    failed = re.search('<html[^>]* data-error="(.*?)"', done.stdout)
    assert not failed, unescape(failed[1])
    found = re.search('<pre id="found">(.*?)</pre>', done.stdout, re.S)
    assert found, done.stderr[-2000:]
    return json.loads(unescape(found[1]))


HELPERS = """
const found = {};
const keep = () => { const pre = document.createElement("pre"); pre.id = "found";
  pre.textContent = JSON.stringify(found); document.body.append(pre); };
const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const set = (id, value) => { $(id).value = value; $(id).dispatchEvent(new Event("change")); };
const drag = (i, x) => { const s = document.querySelector(`.sliders [data-input="${i}"]`);
  s.value = x; s.dispatchEvent(new Event("input")); };
const text = (selector) => document.querySelector(selector).textContent;
const texts = (selector) => all(selector).map((x) => x.textContent);
"""


@BROWSER
def test_stepping_and_dragging(tmp_path: Path) -> None:
    script = (
        HELPERS
        + """
    found.start = $("status").textContent;
    press("End"); found.end = $("status").textContent; found.printed = text("#printed");
    press("Home"); found.home = $("status").textContent;
    found.later = all("tr.later").length;
    press("ArrowRight"); press("ArrowRight"); found.second = $("status").textContent;
    const isSeen = (x) => getComputedStyle(document.querySelector(x)).visibility === "visible";
    found.slopes = ["v₋₁>v₁", "v₀>v₂", "v₁>v₄"].map((key) => isSeen(`svg [data-edge="${key}"]`));
    set("mode", "reverse"); found.cell = isSeen("tr.now td.n.adjoint"); set("mode", "forward");
    found.now = document.querySelector("tr.now").dataset.row;
    found.box = document.querySelector("svg g.now").dataset.row;
    $("back").click(); found.first = $("status").textContent;
    set("direction", "1"); press("End"); found.in_x2 = $("status").textContent;
    set("mode", "reverse"); found.turned = $("status").textContent; found.adjoints = texts("[data-adjoint]");
    press("End"); found.all = text("#printed"); press("ArrowLeft"); press("ArrowLeft"); found.sweep = $("status").textContent;
    found.waiting = all("[data-share].waiting").length;
    press("Home"); for (let k = 0; k < 8; k++) $("next").click();
    found.back = $("status").textContent;
    press("End"); drag(0, 3); drag(1, -1.5);
    found.dragged = texts("[data-value]"); found.gradient = texts("[data-adjoint]");
    found.boxes = texts("svg g .dot");
    found.slope = text('svg [data-edge="v₋₁>v₁"]');
    $("end").focus(); $("end").click(); found.focus = document.activeElement.id;
    found.at_the_end = all("button").map((x) => x.getAttribute("aria-disabled"));
    found.small = all("button, select, .sliders input, summary").filter((x) => x.offsetHeight < 44).length;
    found.named = all("button, input").every((x) => x.getAttribute("aria-label"));
    found.wide = document.documentElement.scrollWidth <= window.innerWidth;
    keep();
    """
    )
    page = explain(survey, 2.0, 5.0).to_html()
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page
    found = asked(page, script, tmp_path)
    assert found["start"] == "The inputs. 5 steps to go: press → or ▶."
    assert found["end"] == "The result: y = v₅ = 11.6521; ẏ = v̇₅ = 5.5."
    assert found["printed"] == (
        f"Forward mode, derivative with respect to x₁, at x₁ = 2, x₂ = 5. {found['end']}"
    )
    assert found["home"] == found["start"] and found["later"] == 6
    assert found["second"] == (
        "Step 2 of 5: v₂ = v₋₁ × v₀ = 2 × 5 = 10; v̇₂ = v̇₋₁ × v₀ + v₋₁ × v̇₀ = 1 × 5 + 2 × 0 = 5."
    )
    assert (found["now"], found["box"]) == ("3", "v₂")
    assert found["slopes"] == [True, True, False] and found["cell"]
    assert found["first"].startswith("Step 1 of 5: v₁ = ln v₋₁ = ln 2 = 0.6931;")
    assert found["in_x2"].endswith("ẏ = v̇₅ = 1.7163.")
    assert found["turned"] == "The result: y = v₅ = 11.6521."  # the place is kept
    assert found["all"] == (
        "Reverse mode, derivatives of y, at x₁ = 2, x₂ = 5. The result: y = v₅ = 11.6521. "
        "v̄₋₁ = 5.5, v̄₀ = 1.7163."
    )
    assert found["adjoints"] == ["5.5", "1.7163", "1", "1", "−1", "1", "1", "1"]
    assert found["sweep"].startswith(
        "Back through step 3 of 5: v̄₀ ← v̄₃ × cos v₀ = (−1) × cos 5 = −0.2837"
    )
    assert found["waiting"] == 3
    assert found["back"] == (
        "Back through step 5 of 5: v̄₃ ← v̄₅ × (−1) = 1 × (−1) = −1; v̄₄ ← v̄₅ × 1 = 1 × 1 = 1."
    )
    assert found["dragged"][-1] == "−2.4039" and found["slope"] == "0.3333"
    x1, x2 = 3.0, -1.5
    assert found["dragged"][-1] == f"{math.log(x1) + x1 * x2 - math.sin(x2):.4f}".replace("-", "−")
    slopes = [1 / x1 + x2, x1 - math.cos(x2)]
    assert found["gradient"][:2] == [f"{s:.4f}".replace("-", "−") for s in slopes]
    assert found["boxes"][:1] == ["v̄₋₁ = −1.1667"]
    assert found["focus"] == "end" and found["at_the_end"] == ["false", "false", "true", "true"]
    assert found["small"] == 0 and found["named"] and found["wide"]


def program(a: Any, b: Any, c: Any) -> Any:
    s = np.tanh(a) * b**2 + np.hypot(b, c) - a / c
    if s > 1:
        s = np.logaddexp(s, np.abs(a)) * np.sqrt(c)
    return np.maximum(s, b) + np.exp2(-s), np.arctan2(s, c) % 1.5


@BROWSER
def test_what_a_step_is_about_is_in_sight(tmp_path: Path) -> None:
    """On a narrow screen: the step on the way forward, and what it passes back on the way back."""
    script = (
        HELPERS
        + """
    const box = document.querySelector(".scrolls").getBoundingClientRect();
    const isIn = (x) => { const at = document.querySelector(x).getBoundingClientRect();
      return at.left >= box.left - 1 && at.right <= box.right + 1; };
    set("mode", "reverse");
    for (let k = 0; k < 3; k++) $("next").click();
    found.forward = isIn("tr.now th");
    for (let k = 0; k < 6; k++) $("next").click();
    found.back = isIn("tr.now [data-share]");
    for (let k = 0; k < 6; k++) $("back").click();
    found.again = isIn("tr.now th");
    found.source = document.querySelector("tbody tr:nth-child(7) code").getClientRects().length;
    keep();
    """
    )
    found = asked(explain(survey, 2.0, 5.0).to_html(), script, tmp_path, "--window-size=500,900")
    assert found["forward"] and found["back"] and found["again"]
    assert found["source"] <= 2  # lines


@BROWSER
def test_numbers_are_those_of_the_drivers(tmp_path: Path) -> None:
    script = (
        HELPERS
        + """
    const numbers = () => { const n = calculate();
      return { value: n.value.filter((x) => typeof x !== "boolean"), adjoint: n.adjoint, tangent: n.tangent }; };
    found.at = [];
    for (const [a, b, c] of [[0.5, 1.25, 2], [1, 0.1, 0.3], [0.5, 2, 1]]) {
      drag(0, a); drag(1, b); drag(2, c);
      set("mode", "forward"); set("direction", "1");
      const forward = numbers(); set("mode", "reverse"); set("direction", "1");
      found.at.push([[a, b, c], forward.value, forward.tangent, numbers().adjoint, $("note").textContent]);
    }
    keep();
    """
    )
    found = asked(explain(program, 0.5, 1.25, 2.0).to_html(), script, tmp_path)
    for at, value, tangent, adjoint, note in found["at"]:
        assert ("a different path" in note) == (program(*at)[0] != pytest.approx(value[-2]))
        if note:
            continue
        np.testing.assert_allclose(value[-2:], program(*at), rtol=1e-14)
        rows = jacobian(program, (0, 1, 2))(*at)
        np.testing.assert_allclose(tangent[-2:], [row[1] for row in rows], rtol=1e-12)
        np.testing.assert_allclose(adjoint[:3], rows[1], rtol=1e-12)
    assert [bool(note) for *_, note in found["at"]] == [False, True, False]


@BROWSER
def test_numbers_that_are_not_finite(tmp_path: Path) -> None:
    """What is nan has nan derivatives; zeros are stronger than infinities; as of the drivers."""
    script = (
        HELPERS
        + """
    found.at = [];
    for (const x of POINTS) {
      drag(0, x); set("mode", "forward"); const forward = calculate();
      found.told = [$("status").textContent, ...(found.told ?? [])];
      set("mode", "reverse"); const reverse = calculate();
      found.at.push([forward.value, forward.tangent, reverse.adjoint].map((n) => n.map(String)));
    }
    keep();
    """
    )
    functions: list[tuple[Any, float, list[float]]] = [
        (lambda x: 2 * np.sqrt(x), 1.0, [-1.0, 0.0]),
        (lambda x: np.sqrt(x * x) * np.log(x), 1.0, [0.0, -1.0]),
        (lambda x: np.sqrt(x * 0.0) + x / np.float64(1.0), 1.0, [0.5, -1.0]),
        (lambda x: np.exp(x) * np.sqrt(x), 1.0, [0.0, -0.5]),
    ]
    for f, x, points in functions:
        page = explain(f, np.float64(x)).to_html()
        found = asked(page, script.replace("POINTS", json.dumps(points)), tmp_path)
        for at, texts in zip(points, found["at"], strict=True):
            value, tangent, adjoint = (
                [float(t.replace("Infinity", "inf")) for t in each] for each in texts
            )
            with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
                want = [f(np.float64(at)), derivative(f)(np.float64(at))]
                back = trace(f, np.float64(at), mode="reverse")
            np.testing.assert_allclose([value[-1], tangent[-1]], want, rtol=1e-14)
            np.testing.assert_array_equal(np.isnan(tangent), np.isnan(value))
            np.testing.assert_allclose(adjoint, [row.adjoint for row in back], rtol=1e-14)
            assert not re.search("nan = [^n]", "".join(found["told"]))


SPECIAL = (0.0, -1.0, 0.5, 1.0, -2.5, math.inf, -math.inf, math.nan)


@BROWSER
def test_every_row_in_javascript(tmp_path: Path) -> None:
    """Values and slopes of all rows that can be written, against Python's."""
    written, calls, expected = Written(), [], []
    for rule in table():
        if rule.name.startswith("_") or rule.kind == "flat" or not rule.slopes:
            continue
        try:
            written.add(rule.name)
        except NotInJavaScript:
            continue
        inside = [low + 0.37 * (high - low) for low, high in rule.over]
        f = getattr(dualad, rule.name)
        for point in [inside, *([np.float64(x)] * len(inside) for x in SPECIAL)]:
            with warnings.catch_warnings(action="ignore"):
                try:
                    made = [jvp(f, point, unit) for unit in np.eye(len(point)).tolist()]
                except (ArithmeticError, TypeError, ValueError):
                    continue
            calls.append([rule.name, point])
            expected.append([made[0][0], *(slope for _, slope in made)])
    assert len({name for name, _ in calls}) > 45 and len(calls) > 250
    script = (
        f"const CALLS = {json.dumps(calls)};\n{written.text()}\n"
        + """
    const found = CALLS.map(([name, args]) => {
      const y = VALUE[name](...args);
      return [y, ...SLOPES[name].map((slope) => Number.isNaN(y) ? y : slope(...args, y))].map(String);
    });
    const pre = document.createElement("pre"); pre.id = "found";
    pre.textContent = JSON.stringify(found); document.body.append(pre);
    """
    )
    found = asked("<body></body>", script, tmp_path)
    for (name, at), texts, want in zip(calls, found, expected, strict=True):
        got = [float(text.replace("Infinity", "inf")) for text in texts]
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-15, err_msg=f"{name} at {at}")


def piece(x: Any) -> Any:
    if x < 0:
        return -x
    if x < 1:
        return x**2
    return 2 * x - 1


@BROWSER
def test_what_another_path_leads_to_is_not_shown(tmp_path: Path) -> None:
    """At 1.5 the function gives 2 and 2, where these steps would give 2.25 and 3."""
    script = (
        HELPERS
        + """
    const all_of = () => { const page = $("page").cloneNode(true);
      page.querySelectorAll("pre, .sliders, style, desc, script").forEach((x) => x.remove()); return page.textContent; };
    const type = (x) => { const s = document.querySelector("input[type=number]");
      s.value = x; s.dispatchEvent(new Event("input")); };
    found.boxes = all(".sliders input").map((x) => [x.value, x.min, x.max]);
    press("ArrowRight"); press("ArrowRight"); press("ArrowRight");
    found.line = texts("pre .now"); found.listing = texts("pre [data-line]").length;
    press("End"); type(1.5); found.note = text("#note"); found.forward = all_of();
    found.values = texts("[data-value]"); found.lost = all("tr.lost, svg g.lost").length;
    set("mode", "reverse"); found.reverse = all_of(); found.status = text("#status");
    found.adjoints = texts("[data-adjoint]");
    type(0.7); found.right = texts("[data-adjoint]"); found.note_there = text("#note");
    drag(0, 0.123456789); found.twin = document.querySelector("input[type=number]").value;
    keep();
    """
    )
    found = asked(explain(piece, 0.7).to_html(), script, tmp_path)
    assert found["boxes"] == [["0.7", "-1.3", "2.7"], ["0.7", "", ""]]
    assert found["line"] == ["        return x**2"] and found["listing"] == 6
    assert found["note"] == (
        "At these inputs v₀ < 1 is false: the function would take a different path, so the steps "
        "below do not apply."
    )
    assert found["values"] == ["1.5", "no", "no", "", ""] and found["lost"] == 4
    for shown in (found["forward"], found["reverse"]):
        assert "2.25" not in shown and "3" not in shown and "1.5" in shown
    assert found["status"] == "Not known at these inputs." and set(found["adjoints"]) == {""}
    assert found["right"] == ["1.4", "1", "1"] and found["note_there"] == ""
    assert found["twin"] == "0.123"


@BROWSER
def test_where_python_has_no_number(tmp_path: Path) -> None:
    """math.sqrt raises there, and x**0.5 is complex: what the steps would give is not shown."""
    script = (
        HELPERS
        + """
    press("End"); drag(0, -1); found.note = text("#note"); found.values = texts("[data-value]");
    found.status = text("#status"); drag(0, 2.25); found.right = texts("[data-value]"); found.no = text("#note");
    keep();
    """
    )
    for f in (lambda x: 2 * math.sqrt(x), lambda x: 2 * x**0.5):
        found = asked(explain(f, 1.0).to_html(), script, tmp_path)
        assert "has no finite value: Python raises an exception there" in found["note"]
        assert (
            found["values"] == ["−1", "", "", ""]
            and found["status"] == "Not known at these inputs."
        )
        assert found["right"] == ["2.25", "1.5", "3", "3"] and found["no"] == ""


@BROWSER
def test_keys_scroll_what_has_the_focus(tmp_path: Path) -> None:
    script = (
        HELPERS
        + """
    const from = (box, key) => { box.focus(); box.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      return state.at; };
    const [table, graph] = all(".scrolls");
    table.style.width = "100px"; table.style.maxHeight = "50px"; graph.style.maxHeight = "none";
    found.still = ["ArrowRight", "End"].map((key) => from(table, key));
    table.style.width = table.style.maxHeight = "9999px"; found.moved = from(table, "ArrowRight");
    found.button = from($("next"), "ArrowRight");
    set("mode", "reverse"); found.place = state.at;
    found.waiting = all("[data-adjoint].waiting").map((x) => x.textContent);
    press("End"); found.arrived = all("[data-adjoint].waiting").length;
    let writes = 0; new MutationObserver((all) => writes += all.length).observe($("note"), { childList: true });
    press("ArrowLeft"); press("ArrowLeft"); setTimeout(() => { found.announced = writes; keep(); }, 50);
    """
    )
    found = asked(explain(survey, 2.0, 5.0).to_html(), script, tmp_path)
    assert found["still"] == [0, 0] and found["moved"] == 1 and found["button"] == 2
    assert found["waiting"] == ["5.5", "1.7163", "1", "1", "−1", "1", "1", "1"]  # for print
    assert found["arrived"] == 0 and found["announced"] == 0 and found["place"] == 2


A = np.array([[2.0, 1.0], [1.0, 3.0]])
XS = np.array([1.0, 2.0])


def bent(a: Any) -> Any:
    x = fsolve(lambda x: x**3 + x - a, 1.0)[0]
    if x > 0:
        x = x * a
    return x, np.sin(a)


# With sliders and without: of numbers, arrays and solvers; constants of the trace; not finite.
PAGES: list[tuple[Any, tuple[Any, ...], bool]] = [
    (survey, (2.0, 5.0), True),
    (piece, (0.5,), True),
    (lambda x: np.sum(x * x), (XS,), False),
    (lambda x: np.sum(np.linalg.solve(A, x) ** 2) + x[0], (XS,), False),
    (lambda w, x: np.sum(np.tanh(w @ x)), (A, XS), False),
    (lambda x: x * np.ones(2), (0.5,), False),
    (bent, (2.0,), False),
    (lambda x: quad(lambda t: np.exp(-x * t), 0.0, 1.0)[0], (2.0,), False),
    (lambda x: math.gamma(x) * x, (2.5,), False),
    (lambda x: np.sinc(x) + math.erf(x), (0.25,), False),
    (lambda x: x * math.floor(x) + x * round(x, 1) + x // 0.5, (2.7,), False),
    (lambda x: math.copysign(x, -1.0) * len(f"{x:.3g}"), (2.7,), False),
    (lambda x: x * x, (math.nan,), False),
    (lambda x, y: x / y, (1.0, math.inf), False),
]


@BROWSER
@pytest.mark.parametrize(("f", "args", "has_sliders"), PAGES)
def test_each_page_shows_the_numbers_of_its_traces(
    f: Any, args: Any, has_sliders: bool, tmp_path: Path
) -> None:
    script = (
        HELPERS
        + """
    const shown = () => ["[data-value]", "[data-tangent]", "[data-adjoint]", "[data-number]"].map(texts);
    found.sliders = all(".sliders input").length; found.start = text("#status"); found.modes = {};
    for (const mode of all("#mode option").map((x) => x.value)) {
      set("mode", mode); found.modes[mode] = [];
      for (const direction of all("#direction option").map((x) => x.value)) {
        set("direction", direction); press("Home");
        const seen = [text("#status")];
        for (let k = 0; k < last(); k++) { k % 2 ? press("ArrowRight") : $("next").click(); seen.push(text("#status")); }
        const at = all("tr.now, svg g.now").length; $("back").click(); press("ArrowLeft"); press("End");
        found.modes[mode].push({ seen, at, shown: shown(), boxes: texts("svg g .dot"), values: texts("svg g .value") });
      }
    }
    keep();
    """
    )
    page = explain(f, *args)
    found = asked(page.to_html(), script, tmp_path)
    assert bool(found["sliders"]) == has_sliders
    count, rows = len(page.forward.steps), page.forward.rows
    assert found["start"].startswith(f"The inputs. {count} step{'s' * (count != 1)} to go")
    moves = sum(row.kind != "input" for row in rows)
    value = [
        ("yes" if row.value else "no") if row.kind == "branch" else number_text(row.value)
        for row in rows
    ]
    for mode, steps in {"forward": page.forward, "reverse": page.backward}.items():
        if steps is None:
            assert "reverse" not in found["modes"]
            continue
        directions = found["modes"][mode]
        assert len(directions) == len(page.forward.wrt if mode == "forward" else steps.of or ())
        for d, seen in enumerate(directions):
            assert len(seen["seen"]) == 1 + moves * (1 + (steps.of is not None))
            assert all(seen["seen"]) and seen["at"] in (1, 2)
            assert all(a != b or "comparison" in a for a, b in pairwise(seen["seen"]))
            values, tangents, adjoints, shares = seen["shown"]
            assert values == value
            named = [row for row in steps if row.kind != "branch"]
            drawn = [number_text(row.value) for row in named if row.used or row.kind == "input"]
            assert sorted(seen["values"]) == sorted(drawn)
            if mode == "forward":
                assert tangents == [number_text(row.tangents[d]) for row in named]
                expected = [f"{name(row.variable.tangent)} = {number_text(row.tangents[d])}"
                            for row in named if row.used or row.kind == "input"]  # fmt: skip
            else:
                assert adjoints == [number_text(row.adjoints[d]) for row in named]
                assert shares == [number_text(share.values[d]) for row in named
                                  if row.kind != "input" for share in row.shares]  # fmt: skip
                expected = [f"{name(row.variable.adjoint)} = {number_text(row.adjoints[d])}"
                            for row in named if row.used or row.kind == "input"]  # fmt: skip
            assert sorted(seen["boxes"]) == sorted(expected)


def name(variable: Any) -> str:
    return Text()(variable)


@BROWSER
def test_the_graph_in_words_is_what_is_seen(tmp_path: Path) -> None:
    script = (
        HELPERS
        + """
    found.start = text("svg desc"); press("ArrowRight"); found.first = text("svg desc");
    press("End"); drag(0, 3); found.dragged = text("svg desc");
    set("mode", "reverse"); found.turned = text("svg desc"); press("End"); found.swept = text("svg desc");
    keep();
    """
    )
    found = asked(explain(lambda a, b: a * b, 2.0, 5.0).to_html(), script, tmp_path)
    assert found == {
        "start": "v₋₁ = a, 2, v̇₋₁ = 1; v₀ = b, 5, v̇₀ = 0; v₁ = v₋₁ × v₀; y = v₁",
        "first": "v₋₁ = a, 2, v̇₋₁ = 1; v₀ = b, 5, v̇₀ = 0; "
        "v₁ = v₋₁ × v₀, 10, v̇₁ = 5 (slopes v₋₁: 5, v₀: 2); y = v₁",
        "dragged": "v₋₁ = a, 3, v̇₋₁ = 1; v₀ = b, 5, v̇₀ = 0; "
        "v₁ = v₋₁ × v₀, 15, v̇₁ = 5 (slopes v₋₁: 5, v₀: 3); y = v₁, 15, ẏ = 5",
        "turned": "v₋₁ = a, 3; v₀ = b, 5; v₁ = v₋₁ × v₀, 15 (slopes v₋₁: 5, v₀: 3); y = v₁, 15",
        "swept": "v₋₁ = a, 3, v̄₋₁ = 5; v₀ = b, 5, v̄₀ = 3; "
        "v₁ = v₋₁ × v₀, 15, v̄₁ = 1 (slopes v₋₁: 5, v₀: 3); y = v₁, 15, ȳ = 1",
    }


def test_what_decides_unseen_cannot_be_changed() -> None:
    """Decisions that no comparison in the trace shows: at other inputs they may be others."""

    def guarded(x: Any) -> Any:
        try:
            return math.sqrt(x - 1)
        except ValueError:
            return 2 * x

    def heron(a: Any) -> Any:
        x = a
        while not math.isclose(x * x, a, rel_tol=1e-9):
            x = 0.5 * (x + a / x)
        return x

    for f, names in (
        (heron, ("isclose",)),
        (lambda x: 2 * x if np.isclose(x, 1.0) else x, ("isclose",)),
        (lambda x: 2 * x if x.is_integer() else x, ("is_integer",)),
        (lambda x: [x, x * x][np.argmax([x, x * x])], ("argmax",)),
        (lambda x: x * len(f"{x:.3g}"), ("format",)),
        (lambda x: x if str(x).startswith("2") else 3 * x, ("str",)),
        (guarded, ("sqrt",)),
        (lambda x: x if np.less(x, 1) else 2 * x, ()),
        (lambda x: x if np.isnan(x) else 2 * x, ()),
    ):
        page = explain(f, 0.7)
        assert page.unwritten == names
        assert ('type="range"' in page.to_html()) == (not names)


def test_what_steps_make_of_inputs_cannot_be_changed() -> None:
    """At other inputs floor is another number, which the trace has as a constant."""
    for f, names in (
        (lambda x: x * math.floor(x), ("floor",)),
        (lambda x: x * int(x), ("int",)),
        (lambda x: x * round(x, 1), ("round",)),
        (lambda x: x * (x // 0.5), ("floordiv",)),
        (lambda x: x * np.sign(x), ("sign",)),
        (lambda x: x if math.isnan(x) else x * abs(x), ()),
    ):
        page = explain(f, 0.7)
        assert page.unwritten == names
        assert ("cannot be changed here" in page.to_html()) == bool(names)


def test_numbers_of_inputs_are_short() -> None:
    page = explain(lambda a, b: a * b, 0.7, 1.3).to_html()
    numbers = re.findall('(?:min|max|value)="([-.e0-9]+)"', page)
    assert set(numbers) == {"0.7", "1.3", "-1.3", "2.7", "3.9"}
    for x, ends in (
        (1e308, ("0", "1.7976931348623157e+308")),
        (-1e308, ("-1.7976931348623157e+308", "0")),
    ):
        page = explain(lambda x: x * 1, x).to_html()
        assert [re.search(f'{end}="([^"]*)"', page)[1] for end in ("min", "max")] == list(ends)  # type: ignore[index]
    for x in (math.inf, math.nan):
        page = explain(lambda x: x * 1, x).to_html()
        assert "cannot be changed here, because one of them is not finite" in page


def test_listings() -> None:
    page = explain(piece, 0.5)
    assert page.listing[0].startswith("def piece(x: Any)") and page.listing[1] > 100
    assert '<span data-line="' in page.to_html()
    for f in (functools.wraps(piece)(lambda x: x), dualad.sin, functools.partial(piece)):
        assert explain(f, 0.5).listing == ("", 1)  # what it would show is another function
    made: dict[str, Any] = {}
    exec("def f(x):\n    return x * x", made)
    assert (
        explain(made["f"], 0.5).listing == ("", 1)
        and "<pre" not in explain(made["f"], 0.5).to_html()
    )


def contrast(a: str, b: str) -> float:
    """WCAG's ratio of two colours."""

    def lightness(colour: str) -> float:
        if len(colour) == 4:
            colour = "#" + "".join(c * 2 for c in colour[1:])
        parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((lightness(a), lightness(b)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_texts() -> None:
    """At least 4.5 to 1, on light and on dark pages."""
    css = (Path(dualad.__file__).parent / "teach" / "page.css").read_text(encoding="utf-8")
    for style, inks, papers in (
        (css, ("ink", "dim", "dot"), ("page", "mark", "button")),
        (STYLE, ("ink", "up", "down"), ("page",)),
    ):
        themes = re.findall(r"\{([^{}]*--ink:[^{}]*)\}", style)
        assert len(themes) == 2
        for theme in themes:
            colour = dict(re.findall(r"--(\w+): (#\w+)", theme))
            for ink in inks:
                for paper in papers:
                    assert contrast(colour[ink], colour[paper]) >= 4.5, (ink, paper, theme)
    # What is to come is in another colour: seen through, it would be too pale. Buttons may be.
    assert re.findall(r"([^{}]+)\{[^{}]*opacity", css) == ['\nbutton[aria-disabled="true"] ']
    dims = re.findall(r"--dim: (#\w+)", css)
    svg = graph(survey, 2.0, 5.0).to_svg()
    for start, dim in zip((0, svg.index("prefers-color-scheme")), dims, strict=True):
        part = svg[start:]
        fills = [
            re.search(rf"\.dualad-graph {selector} {{ fill: (#\w+)", part)[1]  # type: ignore[index]
            for selector in ("text", r"\.dot", "rect", r"\.input rect", r"\.output rect")
        ]
        for ink in (*fills[:2], dim):
            assert all(contrast(ink, paper) >= 4.5 for paper in fills[2:])


def test_what_scrolls() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    steps = trace(survey, 2.0, 5.0)
    for shown in (steps, graph(steps), caption(steps, "The steps.")):
        assert shown._repr_html_().count('<div class="dualad-scrolls">') == 1
    for width, scrolls in ((9.0, True), (7.0, False)):
        html = caption(plt.figure(figsize=(width, 3.0)), "Nothing to see.")._repr_html_()
        assert ("dualad-scrolls" in html, "min-width:518px" in html) == (scrolls, scrolls)


@BROWSER
def test_what_is_cut_fades(tmp_path: Path) -> None:
    wide, small = (scrolling(f'<div style="width:{w}px">x</div>') for w in (3000, 30))
    script = """
    // The animation stands still until frames are drawn.
    let left = 40;
    const look = () => {
      const masks = [...document.querySelectorAll(".dualad-scrolls")].map(
        (x) => getComputedStyle(x).maskImage.slice(0, 15));
      if (masks[0] === "none" && left-- > 0) return requestAnimationFrame(look);
      const pre = document.createElement("pre"); pre.id = "found";
      pre.textContent = JSON.stringify(masks); document.body.append(pre); };
    requestAnimationFrame(look);
    """
    found = asked(f"<!DOCTYPE html><body>{wide}{small}</body>", script, tmp_path)
    assert found == ["linear-gradient", "none"]


def test_boxes_have_room_for_numbers_of_all_directions() -> None:
    page = explain(lambda w, x: np.sum(np.tanh(w @ x) ** 2), np.eye(2) / 7, np.array([1.0, 2.0]))
    svg = page.to_html()
    for row in page.forward.steps:
        box = re.search(rf'data-row="{row.name}"><rect [^>]*width="([\d.]+)"', svg)
        assert box
        for tangent in row.tangents:
            assert float(box[1]) >= text_width(f"v̇₁ = {number_text(tangent)}")


def test_both_ways_are_of_the_same_run() -> None:
    random = np.random.default_rng(1)
    for f in (lambda x: x * random.random(), lambda x: x if random.random() > 0.5 else x + x):
        with pytest.raises(dualad.NotDeterministicError, match="explain: the function took other"):
            for _ in range(20):
                explain(f, 2.0)
    with np.errstate(invalid="ignore"):
        assert len(explain(lambda x: np.log(x) * 2.0, -1.0).forward.steps) == 2  # nan is nan


def test_what_cannot_be_calculated_is_said(tmp_path: Path) -> None:
    a = np.array([[2.0, 1.0], [1.0, 3.0]])
    page = explain(lambda x: np.sum(np.linalg.solve(a, x) ** 2), np.array([1.0, 2.0]))
    html = page.to_html()
    assert "because this page cannot calculate v₀, v₁, v₂, v₃ by itself" in html
    assert 'type="range"' not in html and "const LIVE = false;" in html
    assert explain(dualad.erf, 0.5).unwritten == ("v₁",)
    parts = explain(lambda x: np.sort(x) @ x + x[1], np.array([3.0, 1.0])).to_html()
    assert "with" in parts and "argsort" in parts
    both = explain(lambda x: np.sin(x) * np.ones(2), 0.5)
    assert both.backward is None and 'value="reverse"' not in both.to_html()
    page.save(tmp_path / "f.html")
    assert (tmp_path / "f.html").read_text("utf-8") == html
    assert "</script>" not in explain(lambda p: p["</script>"] * 2, {"</script>": 1.0})._data()
    assert page._repr_html_().startswith("<iframe title=")
    with pytest.raises(ValueError, match=re.escape("saved as HTML; got 'f.pdf', write page.html")):
        page.save("f.pdf")
    with pytest.raises(ValueError, match="up to 150 steps, and this one takes 202"):
        explain(lambda x: sum(x * k for k in range(100)), 1.0)
    with pytest.raises(TypeError, match="a function with its arguments, or one number alone"):
        explain(3.0, 2.0)
