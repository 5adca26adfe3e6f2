"""Draw the figures of RESULTS.md: what gradients and all else cost, and how exact they are."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .results import Results

# On a dark page light and dark change places, and colours stay; the page shows through.
DARK = "@media (prefers-color-scheme: dark) { svg { filter: invert(1) hue-rotate(180deg) } }"

# Ours in blue and thick; the others are told apart by colour and marker.
OURS = {"dualad": "o", "dualad forward": "^", "dualad reverse": "v"}
OTHERS = {
    "fastdual": ("#C04D00", "s"),
    "num_dual": ("#8A1C6E", "D"),
    "hyperjet": ("#606060", "P"),
    "dualpy": ("#B08000", "X"),
    "uncertainties": ("#008456", "<"),
    "autograd": ("#A8324A", ">"),
    "mygrad": ("#B04FB0", "1"),
    "advect": ("#2F8F9F", "2"),
    "jax": ("#404080", "h"),
    "jax jit": ("#000000", "*"),
    "torch.func": ("#7A5C00", "p"),
    "differences": ("#507090", "x"),
    "scipy": ("#907050", "+"),
}
GRADIENTS = {"S3 list": "a loop over a list of n", "A2": "arrays of n"}


def draw(results: Results, folder: Path) -> list[Path]:
    """Write gradients.svg, costs.svg and errors.svg into a folder.

    Returns
    -------
    list of Path
        The files.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "svg.hashsalt": "dualad",  # the same file from the same figures
        "svg.fonttype": "none",
        "font.size": 11,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#DDDDDD",
    }
    paths = []
    with plt.rc_context(settings):
        for name, make in (("gradients", gradients), ("costs", costs), ("errors", errors)):
            figure = make(plt, results)
            figure.text(0.01, 0.005, "\n".join(results.environment), fontsize=8, va="bottom")
            paths.append(folder / f"{name}.svg")
            figure.savefig(paths[-1], metadata={"Date": None})
            text = paths[-1].read_text("utf-8").replace("</style>", f"{DARK}</style>", 1)
            paths[-1].write_text(text, "utf-8")
            plt.close(figure)
    return paths


def look(peer: str) -> dict[str, Any]:
    """Colour and marker of a peer."""
    if peer in OURS:
        return {"color": "#0058A8", "marker": OURS[peer], "zorder": 3}
    color, marker = OTHERS.get(peer, ("#999999", "."))
    return {"color": color, "marker": marker}


def shown(results: Results) -> Iterator[str]:
    """The peers in a picture: ours once, and the others."""
    return (peer for peer in results.peers if peer != "dualad anew")


def gradients(plt: Any, results: Results) -> Any:
    """The cost of a gradient over the number of inputs."""
    figure, panels = plt.subplots(1, 2, figsize=(8.5, 5.0), sharey=True)
    for axes, (group, title) in zip(panels, GRADIENTS.items(), strict=True):
        keys = {
            int(match[1]): key
            for key in results.medians
            if (match := re.fullmatch(rf"{group} (\d+)", key))
        }
        for peer in shown(results):
            points = [
                (n, results.medians[key][peer])
                for n, key in sorted(keys.items())
                if peer in results.medians[key]
            ]
            width = 2.5 if peer in OURS else 1.0
            axes.loglog(*zip(*points, strict=True), label=peer, lw=width, **look(peer))  # or none
        axes.set(title=f"Rosenbrock, {title}", xlabel="n")
    panels[0].set_ylabel("time of a gradient, in evaluations of the function")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="center right", frameon=False, fontsize=10)
    figure.subplots_adjust(left=0.09, right=0.8, top=0.92, bottom=0.25, wspace=0.08)
    for axes in panels:
        axes.title.set_fontsize(10)
    return figure


def costs(plt: Any, results: Results) -> Any:
    """The cost of each workload that other packages take, by everyone."""
    without = {*OURS, "dualad anew", "differences", "scipy"}
    keys = [key for key, row in results.medians.items() if key != "P1" and row.keys() - without]
    figure, axes = plt.subplots(figsize=(8.5, 1.6 + 0.4 * len(keys)))
    for peer in shown(results):
        there = [
            (results.medians[k][peer], i) for i, k in enumerate(keys) if peer in results.medians[k]
        ]
        if there:
            size = 60 if peer in OURS else 28
            axes.scatter(*zip(*there, strict=True), s=size, label=peer, **look(peer))
    axes.axvline(1.0, color="#888888", lw=1)
    titles = [textwrap.fill(f"{key}: {results.titles[key]}", 40) for key in keys]
    axes.set_yticks(range(len(keys)), titles, fontsize=9.5)
    axes.set(xscale="log", xlabel="time, in evaluations of the function", ylim=(len(keys), -1))
    if keys:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9.5)
    low = 0.85 / figure.get_size_inches()[1]
    figure.subplots_adjust(left=0.38, right=0.82, top=0.98, bottom=low + 0.04)
    return figure


def errors(plt: Any, results: Results) -> Any:
    """The error of each derivative, by everyone."""
    peers = list(shown(results))
    figure, axes = plt.subplots(figsize=(8.5, 4.8))
    for i, peer in enumerate(peers):
        found = [row[peer] for row in results.errors.values() if peer in row]
        found = [max(error, 1e-17) for error in found]  # 0 has no place on this axis
        axes.scatter(found, [i] * len(found), s=36, alpha=0.6, **look(peer))
    axes.axvline(2.2e-16, color="#888888", lw=1)
    axes.text(2.4e-16, -0.75, "rounding", fontsize=9.5, color="#555555")
    axes.set_yticks(range(len(peers)), peers)
    axes.set(xscale="log", xlabel="error, relative to the largest entry; one mark per workload")
    axes.set_ylim(len(peers) - 0.5, -1)
    figure.subplots_adjust(left=0.14, right=0.97, top=0.97, bottom=0.25)
    return figure
