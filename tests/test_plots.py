"""Plots: the curves in them, and the error theory that they show."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import matplotlib
import numpy as np
import pytest
from mpmath import mp

import dualad
from dualad.teach import plot_derivatives, plot_error, plot_taylor, spy
from dualad.teach.plots import difference_errors

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
