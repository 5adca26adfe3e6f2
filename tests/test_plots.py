"""Plots: the curves in them, and the error theory that they show."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from typing import Any

import matplotlib
import numpy as np
import pytest
from mpmath import mp

import dualad
from dualad.teach import (
    caption,
    graph,
    lesson_style,
    plot_derivatives,
    plot_error,
    plot_taylor,
    spy,
    trace,
)
from dualad.teach.plots import curve, difference_errors
from dualad.teach.style import BLACK, COLOURS, DASHES

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def test_derivatives_of_tanh() -> None:
    ax = plot_derivatives(dualad.tanh, -3, 3, points=31)
    curves = [line for line in ax.get_lines() if line.get_label()[0] != "_"]
    assert [line.get_label() for line in curves] == ["f", "f′", "f′′", "f′′′"]
    for order, line in enumerate(curves):
        expected = [float(mp.diff(mp.tanh, x, order)) for x in line.get_xdata()]
        np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-9, atol=1e-9)
    assert ax.get_title() == "f = tanh"
    assert ax.get_xlim() == (-3, 3)
    assert plot_derivatives(lambda x: x**5, 0, 1, orders=[4], ax=ax) is ax
    assert ax.get_lines()[-2].get_label() == "f⁽⁴⁾"
    ax.figure.canvas.draw()


def f(x: Any) -> Any:
    """Squire & Trapp, SIAM Review 40 (1998), the example of the complex step."""
    return dualad.exp(x) / dualad.sqrt(dualad.sin(x) ** 3 + dualad.cos(x) ** 3)


def test_errors_have_their_orders() -> None:
    steps, errors, floor = difference_errors(f, 1.5, np.array([1e-2, 1e-3]))
    slopes = {name: np.log10(e[0] / e[1]) for name, e in errors.items()}
    for name, order in (("forward difference", 1), ("central difference", 2), ("complex step", 2)):
        assert slopes[name] == pytest.approx(order, abs=0.1)
    assert slopes["Richardson"] > 3.5
    assert floor < 4e-16
    _, errors, _ = difference_errors(f, 1.5, np.array([1e-15]))
    assert errors["forward difference"][0] > 1e-3  # cancellation
    assert errors["complex step"][0] < 1e-15  # none
    assert len(steps) == 2


def test_plot_error() -> None:
    ax = plot_error(f, 1.5)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [
        "forward difference",
        "central difference",
        "Richardson",
        "complex step",
        "dual numbers: no h",
    ]
    left, right = ax.get_xlim()
    assert left > right  # h shrinks to the right
    ax.figure.canvas.draw()


def test_functions_without_complex_values() -> None:
    _, errors, _ = difference_errors(lambda x: dualad.maximum(x, 0) * x, 1.0)
    assert np.isnan(errors["complex step"]).all()
    assert np.isfinite(errors["central difference"]).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_derivatives(dualad.sin, 1, 1), "needs an interval a < b, got 1 and 1."),
        (lambda: plot_derivatives(dualad.sin, 0, 1, [-1]), "order is a count, 0 or more; got -1."),
        (lambda: plot_error(dualad.cos, 0.0), "the derivative at 0.0 is 0.0, which has no"),
    ],
)
def test_refusals(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=re.escape('write pip install "dualad[notebooks]"')):
        plot_derivatives(dualad.sin, 0, 1)


def test_methods_that_fail_have_no_line() -> None:
    for f, x in ((math.sin, 1.0), (dualad.gamma, 2.5)):
        legend = plot_error(f, x).get_legend()
        each = zip(legend.get_texts(), legend.get_lines())
        lines = {text.get_text(): line.get_linestyle() for text, line in each}
        assert lines["no complex step: f takes no complex numbers"] == "None"
        assert "complex step" not in lines and len(lines) == 5


def test_functions_of_several_results_are_refused() -> None:
    for draw in (
        lambda f: plot_taylor(f, 1.0, 0.0, 2.0),
        lambda f: plot_derivatives(f, 0.0, 2.0),
        lambda f: plot_error(f, 1.0),
    ):
        with pytest.raises(TypeError, match="return one number, and this one returned list; write"):
            draw(lambda x: [x, x * x])


def test_small_marks_are_seen() -> None:
    """At any resolution: marks that are smaller than a pixel are not rounded to none."""
    axes = spy(np.eye(400))
    for dpi in (40, 60, 70, 100):
        axes.figure.set_dpi(dpi)
        axes.figure.canvas.draw()
        box, picture = axes.get_window_extent(), np.asarray(axes.figure.canvas.buffer_rgba())
        top = len(picture) - int(box.y1)
        inside = picture[top + 4 : top + int(box.height) - 4, int(box.x0) + 4 : int(box.x1) - 4, :3]
        assert np.sum(inside.min(axis=-1) < 200) > 100


def test_spy() -> None:
    pytest.importorskip("scipy.sparse")
    pattern = dualad.sparsity(lambda x: x[:-2] * x[1:-1] + x[2:])(np.ones(8))
    ax = spy(pattern)
    dots = [c.get_offsets().tolist() for c in ax.collections]
    assert len(dots) == 3
    for mine in dots:  # no direction gives two elements of a row
        rows = [y for _, y in mine]
        assert len(set(rows)) == len(rows)
    drawn = sorted((int(y), int(x)) for mine in dots for x, y in mine)
    assert drawn == sorted(zip(*np.nonzero(pattern.toarray()), strict=True))
    assert ax.get_title() == "6 × 8, 18 elements: 3 directions"
    arrow = np.eye(6, dtype=bool)
    arrow[0] = arrow[:, 0] = True
    assert spy(arrow, symmetric=True).get_title() == "6 × 6, 16 elements: 2 directions"
    dense_row = np.eye(6, dtype=bool)
    dense_row[0] = True
    assert spy(dense_row).get_title().endswith("2 directions back")
    both = np.eye(50)
    both[0] = both[:, 0] = 1.0
    assert spy(both).get_title() == "50 × 50, 148 elements: 3 directions, 1 of them back"
    ax.figure.canvas.draw()


def test_taylor_polynomials() -> None:
    ax = plot_taylor(dualad.sin, 0.0, -3, 3, orders=(1, 3), points=31)
    lines = {line.get_label(): line for line in ax.get_lines()}
    x = lines["f"].get_xdata()
    np.testing.assert_allclose(lines["f"].get_ydata(), np.sin(x), rtol=1e-14)
    np.testing.assert_allclose(lines["order 1"].get_ydata(), x, rtol=1e-14)
    np.testing.assert_allclose(lines["order 3"].get_ydata(), x - x**3 / 6, rtol=1e-14, atol=1e-15)
    assert ax.get_title() == "Taylor polynomials of sin at 0"
    with pytest.raises(ValueError, match="plot_taylor needs an interval"):
        plot_taylor(dualad.sin, 0.0, 1, 1)
    ax.figure.canvas.draw()


# -- nothing is drawn that is not there ----------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "breaks"),
    [
        (lambda x: 1 / x, [0.0]),
        (dualad.tan, [-np.pi / 2, np.pi / 2]),
        (np.floor, [-2.0, -1.0, 0.0, 1.0, 2.0]),
        (lambda x: x / abs(x), [0.0]),
        (lambda x: np.arctan(1 / (x - 1)), [1.0]),
        (np.cbrt, []),  # upright at 0, and joined
        (lambda x: np.sqrt(abs(x)), []),
        (lambda x: np.tanh(300 * x), []),
        (lambda x: np.sin(40 * x), []),
        (abs, []),
        (lambda x: 2.0, []),
    ],
)
def test_curves_end_at_jumps_and_poles(f: Any, breaks: list[float]) -> None:
    x, y = curve(f, np.linspace(-2.9, 2.95, 300))
    gaps = x[np.isnan(y)]
    assert len(gaps) == len(breaks)
    np.testing.assert_allclose(gaps, breaks, atol=0.02)


def test_curves_end_where_the_function_does() -> None:
    for f in (np.log, dualad.log, lambda x: dualad.sqrt(x) / x, lambda x: x**0.5 / x):
        x, y = curve(f, np.linspace(-2, 3, 101))
        assert np.isnan(y[x <= 0]).all() and np.isfinite(y[x > 0]).all()
    for line in plot_derivatives(np.log, -2, 3, points=51).get_lines()[:4]:
        assert np.isnan(line.get_ydata()[line.get_xdata() <= 0]).all()
    ax = plot_derivatives(lambda x: 1 / x, -2, 3, orders=(0, 1))
    assert max(map(abs, ax.get_ylim())) < 30  # not the 1e4 of the points beside the pole
    ax = plot_taylor(lambda x: 1 / (1 - x), 0.0, -2, 3, points=200)
    assert np.isnan(ax.get_lines()[0].get_ydata()).sum() == 1


def test_an_error_of_zero_is_a_mark_at_the_edge() -> None:
    steps = np.array([1.0, 1e-3, 1e-6])
    ax = plot_error(lambda x: x * x, 1.0, steps=steps)  # the central difference at h = 1 is exact
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert np.isnan(lines["central difference"].get_ydata()[0])
    marks = [line for line in ax.get_lines() if line.get_marker() == "v"]
    assert any(1.0 in line.get_xdata() for line in marks)
    assert "at the edge: error 0" in lines
    assert "dual numbers: no h" in lines  # a triangle too: the derivative is exact
    ax.figure.canvas.draw()


# -- how pictures look -------------------------------------------------------------------------


def linear(colour: str) -> Any:
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb: Any) -> Any:
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(to_xyz @ np.clip(rgb, 1e-3, 1) / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


SEEN_BY = {  # Machado, Oliveira & Fernandes (2009), for eyes that lack one kind of cone
    "all": np.eye(3),
    "protanopes": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopes": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopes": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def test_colours_stand_out_from_paper_and_from_one_another() -> None:
    for colour in COLOURS:
        luminance = linear(colour) @ [0.2126, 0.7152, 0.0722]
        assert 1.05 / (luminance + 0.05) >= 4.5, colour
    for who, matrix in SEEN_BY.items():
        seen = [lab(np.asarray(matrix) @ linear(colour)) for colour in COLOURS]
        for i, a in enumerate(seen):
            for b in seen[:i]:
                assert np.linalg.norm(a - b) > 14, (who, COLOURS[i])
    assert len(set(DASHES)) == len(DASHES) == len(COLOURS)
    assert COLOURS[-1] == BLACK and set(lesson_style()) <= set(matplotlib.rcParams)


def test_captions() -> None:
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(4, 3))
    for shown in (figure, ax):
        found = caption(shown, "Figure 1.2. A <b> & c.", alt='An "empty" box.')
        html = found._repr_html_()
        assert "<figcaption" in html and "<b>Figure 1.2.</b> A &lt;b&gt; &amp; c." in html
        assert 'alt="An &quot;empty&quot; box." width="384"' in html
        assert found._repr_png_()[:4] == b"\x89PNG"
        assert repr(found) == "Figure 1.2. A <b> & c."
    assert not plt.get_fignums()  # so Jupyter does not show it again
    for shown in (graph(lambda x: x * x, 3.0), trace(lambda x: x * x, 3.0)):
        found = caption(shown, "Two edges.")
        assert "<figcaption" in found._repr_html_() and found._repr_png_() is None
    with pytest.raises(
        TypeError, match="caption takes a figure, axes, a graph or a trace, got int"
    ):
        caption(3, "Three.")
    with pytest.raises(ValueError, match="caption needs a text"):
        caption(ax, " ")
