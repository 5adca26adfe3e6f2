"""Make the table for the terminal and for RESULTS.md."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path

import numpy as np

import dualad

from .measure import FULL, Figure, Row
from .peers import GRADIENTS_ONLY, PEERS
from .workloads import WORKLOADS

STARTS = "process start to first derivative, ms after `import numpy`"
ABOUT = f"""\
Every figure is the time of a derivative as a ratio to the plain function, which is measured in the
same process just before: the median over {FULL.rounds} rounds, in which everyone has a turn of some
{FULL.turn * 1000:.0f} ms. Slow packages have as many turns as fit in {FULL.most:.0f} s, spread over
the rounds; the number is in the column "turns". The plain time stands beside each figure, so that
nobody is misled by a slow plain function. Calls go through the public interface, with the wrapper
(`g = grad(f)`) made once; "dualad anew" makes it in every call. A package's own arrays are made
before. Every result was checked first: to 1e-8 where derivatives claim to be exact, to 1e-5 for
differences. P1 is in milliseconds after `import numpy`."""


# Why a peer can be ahead of dualad; told in rows where one is.
AHEAD = {
    "S3 list 100": "fastdual keeps only the nonzero derivatives, two of them in most of these "
    "steps; dualad carries all 100 directions. (Where all are nonzero, dualad is several times as "
    "fast.)",
    "S3 ndarray": "fastdual is given `x.tolist()`, so that the loop reads a list; dualad takes the "
    "array as it is, and every x[i] is a new number taken out of it.",
    "A4 arrays": "fastdual's arrays are arrays of objects, which suit vectors of three numbers; "
    "dualad makes them two plain arrays, which pays off from tens of numbers on.",
}


def ahead(row: Row) -> list[str]:
    """The reason, if a peer is ahead and it is known."""
    ours = row.figures.get("dualad")
    if ours is None or all(f.median >= ours.median for f in row.figures.values()):
        return []
    return [why for key, why in AHEAD.items() if f"{row.key} ".startswith(f"{key} ")]


def title(key: str) -> str:
    return STARTS if key == "P1" else WORKLOADS[key].title


def seconds(t: float) -> str:
    """A time with its unit: "3.1 µs"."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if t >= scale:
            return f"{three_digits(t / scale)} {unit}"
    return f"{t * 1e9:.0f} ns"


def three_digits(x: float) -> str:
    """1.23, 12.3, 123, 1234."""
    digits = 2 if abs(x) < 9.995 else 1 if abs(x) < 99.95 else 0
    return f"{x:.{digits}f}"


def spread(figure: Figure) -> str:
    low, high = figure.range
    return f"{three_digits(low)}–{three_digits(high)}"


def kernel() -> str:
    """Which Dual of real numbers is in use."""
    info = getattr(dualad, "kernel_info", None)
    if info is None:
        return "readable Dual"
    kind = "compiled" if info().in_use else "readable"
    return f"{kind} Dual ({info().reason})"


def environment(peers: list[str]) -> list[str]:
    """What the figures hold for: versions and the processor."""
    versions = {}
    for name in peers:
        version = PEERS[name].version()
        if version and PEERS[name].package != "dualad":
            versions[PEERS[name].package] = version
    others = ", ".join(f"{package} {version}" for package, version in versions.items())
    return [
        f"{datetime.date.today().isoformat()}, {processor()}, {os.cpu_count()} cores",
        f"Python {platform.python_version()}, NumPy {np.__version__}",
        f"dualad {dualad.__version__}, {kernel()}",
        *([others] if others else []),
    ]


def processor() -> str:
    """The processor's model, as the system knows it."""
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def row_text(row: Row) -> str:
    """One workload for the terminal, fastest first."""
    lines = [f"{row.key}  {title(row.key)}; plain {seconds(row.plain)}"]
    for name, figure in sorted(row.figures.items(), key=lambda item: item[1].median):
        text = f"    {name:14}{three_digits(figure.median):>9}  {spread(figure):17}"
        text += f"{len(figure.ratios):>3} turns"
        if row.key != "P1":
            text += f"  error {figure.error:.0e}"
            if PEERS[name].compiled:
                text += f"  first call {seconds(figure.first)}"
        lines.append(text)
    lines += [f"    {why}" for why in ahead(row)]
    lines += [f"    {name:14}{reason}" for name, reason in row.reasons.items()]
    return "\n".join(lines)


def table_text(rows: list[Row], peers: list[str]) -> str:
    """All medians, aligned."""
    cells = [["", "plain", *peers]]
    for row in rows:
        figures = [row.figures.get(name) for name in peers]
        medians = [three_digits(f.median) if f else "–" for f in figures]
        cells.append([row.key, seconds(row.plain), *medians])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            c.rjust(w) if i else c.ljust(w)
            for i, (c, w) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    )


def markdown(rows: list[Row], peers: list[str], missing: list[str]) -> str:
    """The text of RESULTS.md."""
    lines = ["# What a derivative costs", "", ABOUT, ""]
    lines += ["Written by `python -m benchmarks`; the table's functions are in `workloads.py`.", ""]
    lines += [f"- {line}" for line in environment(peers)]
    lines += ["", "## Medians", "", f"| | plain | {' | '.join(peers)} |"]
    lines.append("|---" + "|---:" * (len(peers) + 1) + "|")
    for row in rows:
        figures = [row.figures.get(name) for name in peers]
        best = min((three_digits(f.median) for f in figures if f), key=float, default="")
        medians = [three_digits(f.median) if f else "–" for f in figures]
        marked = [f"**{text}**" if text == best else text for text in medians]
        lines.append(f"| {row.key} | {seconds(row.plain)} | {' | '.join(marked)} |")
    lines += ["", "The fastest in bold; – has its reason below."]
    for row in rows:
        lines += ["", f"## {row.key}: {title(row.key)}", "", f"Plain: {seconds(row.plain)}.", ""]
        lines += _details(row)
    if missing:
        lines += ["", f"Not installed: {', '.join(missing)}."]
    return "\n".join(lines) + "\n"


def _details(row: Row) -> list[str]:
    lines = []
    if row.figures:
        lines += [
            "| | median | min–max | turns | error | first call |",
            "|---|---:|---:|---:|---:|---:|",
        ]
    for name, figure in sorted(row.figures.items(), key=lambda item: item[1].median):
        error = "" if row.key == "P1" else f"{figure.error:.0e}"
        first = seconds(figure.first) if PEERS[name].compiled and row.key != "P1" else ""
        lines.append(
            f"| {name} | {three_digits(figure.median)} | {spread(figure)} "
            f"| {len(figure.ratios)} | {error} | {first} |"
        )
    lines += [line for why in ahead(row) for line in ("", why)]
    reasons = [f"- {n}: {reason}" for n, reason in row.reasons.items() if reason != GRADIENTS_ONLY]
    if reasons:
        lines += ["", *reasons]
    return lines
