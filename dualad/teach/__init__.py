"""See it: evaluation traces, computational graphs, plots, and exercises to teach with.

A trace is recorded (`recording`, `steps`), told (`forward`, `backward`) in `rows` and formulas
(`notation`, `formula`), and printed (`render`, `printers`); graphs (`graph`, `layout`, `rounds`)
and pages (`explaining`, `page`, `javascript`) are made from it. `plots`, `style` and `exercises`
stand by themselves.

>>> from dualad.teach import trace
>>> trace(lambda x: x * x, 3.0).tangent
6.0
"""

from .exercises import check
from .explaining import explain
from .graph import Graph, graph
from .page import Page
from .plots import plot_derivatives, plot_error, plot_taylor, spy
from .rows import Row
from .style import caption, lesson_style
from .trace import Trace, trace

__all__ = [
    "Graph",
    "Page",
    "Row",
    "Trace",
    "caption",
    "check",
    "explain",
    "graph",
    "lesson_style",
    "plot_derivatives",
    "plot_error",
    "plot_taylor",
    "spy",
    "trace",
]


def __dir__() -> list[str]:
    return __all__
