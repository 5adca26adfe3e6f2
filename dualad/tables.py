"""Tables as text, HTML and CSV, reports made of them, and files written whole or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

ROWS = 40  # how many rows of a table reports print


def text_table(columns: Mapping[str, Sequence[str]], texts: Collection[str]) -> str:
    """Columns under their titles; numbers are aligned at their decimal points.

    >>> print(text_table({"name": ["a", "b"], "at": ["1.5", "-10"]}, texts=["name"]))
    name  at
    ----  -----
    a       1.5
    b     -10
    """
    finished = []
    for title, cells in columns.items():
        lines = [title, *(cells if title in texts else _aligned(cells))]
        width = max(map(len, lines))
        finished.append([line.ljust(width) for line in (lines[0], "-" * width, *lines[1:])])
    return "\n".join("  ".join(line).rstrip() for line in zip(*finished, strict=True))


def _aligned(cells: Sequence[str]) -> list[str]:
    before = [len(cell.partition(".")[0].partition("e")[0]) for cell in cells]
    most = max(before, default=0)
    return [" " * (most - n) + cell for n, cell in zip(before, cells, strict=True)]


def html_table(
    heading: str, columns: Mapping[str, Sequence[str]], texts: Collection[str], notes: str = ""
) -> str:
    """The same as HTML.

    >>> html_table("a < b", {"at": ["1.5"]}, texts=[])[:43]
    '<div class="dualad-scrolls"><table><caption'
    """
    from html import escape

    def cell(tag: str, title: str, text: str) -> str:
        side = "left" if title in texts else "right"
        return f'<{tag} style="text-align:{side}">{escape(text)}</{tag}>'

    head = "".join(cell("th", title, title) for title in columns)
    rows = zip(*columns.values(), strict=True)
    body = "".join(
        "<tr>" + "".join(cell("td", *pair) for pair in zip(columns, row, strict=True)) + "</tr>"
        for row in rows
    )
    return (
        '<div class="dualad-scrolls"><table>'
        f"<caption>{escape(heading)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>" + (f"<p>{escape(notes)}</p>" if notes else "")
    )


def csv_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows of the same keys as CSV, with the keys as the first line.

    >>> csv_text([{"name": "a", "at": 1.5}])
    'name,at\\na,1.5\\n'
    """
    import csv

    file = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
    return file.getvalue()


def write_whole(path: str | os.PathLike[str], text: str) -> None:
    """Write a file; if it is interrupted, the old one is left, or none."""
    path = os.fspath(path)
    unfinished = f"{path}.{os.getpid()}.part"
    try:
        with open(unfinished, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.replace(unfinished, path)
    except BaseException:
        if os.path.exists(unfinished):
            os.remove(unfinished)
        raise


# -- reports -------------------------------------------------------------------------------


def short(x: float) -> str:
    """A number as reports print it.

    >>> short(2 / 3), short(-0.0), short(float("nan"))
    ('0.666667', '0', 'undefined')
    """
    return "undefined" if x != x else f"{x + 0.0:.6g}"


def typeset(x: float) -> str:
    """The same with a minus sign, as in print.

    >>> typeset(-2e-6)
    '−2e−06'
    """
    return short(x).replace("-", "−")


class Section(NamedTuple):
    """A part of a report: a table with a heading and a note."""

    heading: str
    columns: Mapping[str, Sequence[str]]
    note: str = ""


class Report:
    """A report in sections, which prints as text and shows as HTML."""

    _texts: Collection[str] = ()  # the columns that are not numbers

    def _sections(self, number: Callable[[float], str]) -> Iterator[Section]:
        """The report, with its numbers as this function prints them."""
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n\n".join(
            text
            for heading, columns, note in self._sections(short)
            for text in (heading, text_table(columns, self._texts), note)
            if text
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "".join(
            html_table(heading, columns, self._texts, note)
            for heading, columns, note in self._sections(typeset)
        )


def plain_lists(x: Any) -> Any:
    """Nested dicts of arrays with lists in their place."""
    if isinstance(x, dict):
        return {key: plain_lists(part) for key, part in x.items()}
    return x.tolist() if isinstance(x, np.ndarray) else x
