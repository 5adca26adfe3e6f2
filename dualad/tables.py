"""Tables as text and as HTML, and files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence


def text_table(columns: Mapping[str, Sequence[str]], texts: Collection[str]) -> str:
    """Columns under their titles; numbers stand with their points below each other.

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
    return [" " * (max(before) - n) + cell for n, cell in zip(before, cells, strict=True)]


def html_table(
    heading: str, columns: Mapping[str, Sequence[str]], texts: Collection[str], notes: str = ""
) -> str:
    """The same as HTML.

    >>> html_table("a < b", {"at": ["1.5"]}, texts=[])[:42]
    '<table><caption>a &lt; b</caption><thead><'
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
        f"<table><caption>{escape(heading)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>" + (f"<p>{escape(notes)}</p>" if notes else "")
    )


def write_whole(path: str | os.PathLike[str], text: str) -> None:
    """Write a file; who stops it in the middle finds the old one, or none."""
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
