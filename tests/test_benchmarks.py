"""The benchmarks' figures: read back from RESULTS.md, and drawn."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
sys.path.insert(0, str(HOME))

from benchmarks import results  # noqa: E402
from benchmarks.packages import PACKAGES  # noqa: E402


def test_figures_are_read_as_they_stand() -> None:
    found = results.read()
    text = results.RESULTS.read_text("utf-8")
    for key, row in found.medians.items():
        line = next(line for line in text.splitlines() if line.startswith(f"| {key} |"))
        assert line.replace("*", "").count("–") == len(found.peers) - len(row)
        assert key in found.titles
        for peer, error in found.errors[key].items():
            assert peer in row and 0.0 <= error < 1e-4
    assert set(found.medians) == set(found.titles)


def test_a_file_without_figures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text("# Nothing\n")
    with pytest.raises(ValueError, match="no table of medians"):
        results.read(path)


def test_pictures_are_of_the_last_run(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures are drawn by matplotlib")
    from benchmarks.plots import draw

    found = results.read()
    for path in draw(found, tmp_path):
        kept = (HOME / "docs" / "pictures" / path.name).read_text("utf-8")
        for text in (path.read_text("utf-8"), kept):
            assert found.environment[0] in text and found.environment[1] in text
            assert "dualad" in text


def test_a_package_without_figures_is_drawn_nowhere(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures are drawn by matplotlib")
    from benchmarks.plots import draw

    found = results.read()
    several = results.Results(
        ["a day", "a machine"],
        ["dualad", "dualad reverse", "nobody"],
        {"S3 list 8": {"dualad": 2.0, "dualad reverse": 3.0}, "P1": {"nobody": 1.0}},
        {"S3 list 8": {"dualad": 0.0}},
        found.titles,
    )
    texts = [path.read_text("utf-8") for path in draw(several, tmp_path)]
    assert len(texts) == 3 and all("a machine" in text for text in texts)
    assert "dualad reverse" in texts[0] and "nobody" not in texts[1]


def test_the_page_of_packages_lists_them_all() -> None:
    """And what else says how many they are says the same."""
    here = Path(__file__).parent.parent
    page = (here / "docs" / "packages.md").read_text("utf-8")
    missing = {name for name in PACKAGES if f"\n| {name} " not in page}
    assert not missing, f"make it anew: python -m benchmarks.packages --write, for {missing}"
    for name in ("docs/packages.md", "docs/guides/code-as-it-is.md", "CHANGELOG.md"):
        said = re.findall(r"(\d+) (?:public )?packages", (here / name).read_text("utf-8"))
        assert set(said) == {str(len(PACKAGES))}, name
