"""See it: evaluation traces, computational graphs, and plots to teach with.

>>> from dualad.teach import trace
>>> trace(lambda x: x * x, 3.0).tangent
6.0
"""

from .graph import Graph, graph
from .plots import plot_derivatives, plot_error, plot_taylor, spy
from .rows import Row
from .show import explain
from .trace import Trace, trace

__all__ = [
    "Graph",
    "Row",
    "Trace",
    "explain",
    "graph",
    "plot_derivatives",
    "plot_error",
    "plot_taylor",
    "spy",
    "trace",
]


def __dir__() -> list[str]:
    return __all__
