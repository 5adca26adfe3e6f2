"""Draw the README's pictures anew: python notebooks/pictures/make.py"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

import dualad
from dualad.teach import graph, plot_derivatives, plot_error

HERE = Path(__file__).parent


def survey(x1: Any, x2: Any) -> Any:
    """The classic example of Griewank & Walther, and of many surveys since."""
    return np.log(x1) + x1 * x2 - np.sin(x2)


def squire_trapp(x: Any) -> Any:
    """The function of Squire & Trapp, SIAM Review 40 (1998)."""
    return dualad.exp(x) / dualad.sqrt(dualad.sin(x) ** 3 + dualad.cos(x) ** 3)


def main() -> None:
    """Write graph.svg, derivatives.png and errors.png beside this file."""
    matplotlib.use("Agg")
    graph(survey, 2.0, 5.0).save(HERE / "graph.svg")
    pictures = {
        "derivatives.png": plot_derivatives(dualad.tanh, -4, 4),
        "errors.png": plot_error(squire_trapp, 1.5),
    }
    for name, ax in pictures.items():
        ax.figure.set_size_inches(6.4, 4.6)
        ax.figure.savefig(HERE / name, dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    main()
