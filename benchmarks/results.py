"""Read RESULTS.md back: the figures behind the README's table and the pictures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"


@dataclass(frozen=True)
class Results:
    """What a whole run of the benchmarks found.

    Attributes
    ----------
    environment : list of str
        Date, machine and versions.
    peers : list of str
        The columns of the table of medians.
    medians, errors : dict
        By workload and peer: the ratio to the plain function, and the error of the derivative.
    titles : dict
        By workload: what is differentiated.
    """

    environment: list[str]
    peers: list[str]
    medians: dict[str, dict[str, float]]
    errors: dict[str, dict[str, float]]
    titles: dict[str, str]


def read(path: Path = RESULTS) -> Results:
    """The figures in a RESULTS.md.

    Raises
    ------
    ValueError
        If the file has no table of medians.
    """
    head, *sections = re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    medians: dict[str, dict[str, float]] = {}
    errors: dict[str, dict[str, float]] = {}
    titles: dict[str, str] = {}
    peers: list[str] = []
    for section in sections:
        title, _, text = section.partition("\n")
        rows = [[c.strip(" *") for c in row.strip("|").split("|")] for row in _rows(text)]
        if title == "Medians":
            peers = rows[0][2:]
            for key, _, *figures in rows[2:]:
                medians[key] = {
                    p: float(f) for p, f in zip(peers, figures, strict=True) if f != "–"
                }
        else:
            key, _, name = title.partition(": ")
            titles[key] = name
            errors[key] = {row[0]: float(row[4]) for row in rows[2:] if row[4]}
    if not medians:
        raise ValueError(f"{path.name} has no table of medians; write it by python -m benchmarks.")
    return Results(re.findall(r"^- (.+)$", head, re.MULTILINE), peers, medians, errors, titles)


def _rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]
