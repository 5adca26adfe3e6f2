"""The table of the literature names places and tests that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "literature.md"
ROW = re.compile(
    r"^\| (?P<concept>.+?) \| (?P<shown>\[.+?\]\(.+?\)) \| `(?P<file>.+?)` `(?P<test>.+?)` \|$"
)
needs_docs = pytest.mark.skipif(not PAGE.exists(), reason="the documentation is not here")


def rows() -> list[re.Match[str]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("| ") and not line.startswith("| concept |")]
    found = [ROW.match(line) for line in table]
    assert all(found), [line for line, row in zip(table, found, strict=True) if not row]
    return [row for row in found if row]


def headings(notebook: Path) -> set[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = [
        line
        for cell in cells
        if cell["cell_type"] == "markdown"
        for line in "".join(cell["source"]).splitlines()
    ]
    return {line.lstrip("# ") for line in lines if line.startswith("#")}


@needs_docs
def test_the_places_exist() -> None:
    for row in rows():
        match = re.fullmatch(r"\[(.+)\]\((.+)\)", row["shown"])
        assert match, row["shown"]
        name, link = match[1], PAGE.parent / match[2]
        assert link.exists(), link
        if link.suffix == ".ipynb":
            number, _, heading = name.partition(" · ")
            assert link.name.startswith(f"{int(number):02}-"), name
            assert heading in headings(link), name
        elif link.parent.name == "gallery":
            assert name == f"gallery: {link.name}"


@needs_docs
def test_the_tests_exist() -> None:
    for file, test in {(row["file"], row["test"]) for row in rows()}:
        source = (TESTS / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {test}\(", source, re.MULTILINE), (file, test)


@needs_docs
def test_nothing_is_missing() -> None:
    """Each lesson and each program of the gallery has a row, and no concept stands twice."""
    found = rows()
    assert len(found) >= 70
    concepts = [row["concept"] for row in found]
    assert len(set(concepts)) == len(concepts)
    shown = {row["shown"].rpartition("/")[2].rstrip(")") for row in found}
    lessons = {path.name for path in (TESTS.parent / "notebooks").glob("[01]*.ipynb")}
    applied = {path.name for path in (TESTS.parent / "notebooks" / "gallery").glob("*.py")}
    assert shown >= lessons
    assert shown >= applied - {"option_book.py", "orbit.py"}  # beyond the literature
