"""The programs of the gallery run through, assert what they claim, and print a result."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

import dualad

FOLDER = Path(__file__).parents[1] / "notebooks" / "gallery"
PROGRAMS = sorted(FOLDER.glob("*.py"))  # none where only the package and its tests are
LOOPS = ("epidemic", "hmc", "orbit", "pid_tuning")  # over single numbers: slow without the kernel


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("scipy")
    if path.stem in LOOPS and not dualad.kernel_info().in_use:
        pytest.skip("loops over single numbers are for the kernel")
    source = path.read_text(encoding="utf-8")
    assert "assert " in source
    assert len(source.splitlines()) <= 90, "a program of the gallery is short"
    runpy.run_path(str(path), run_name="__main__")
    assert re.search(r"\d", capsys.readouterr().out)


@pytest.mark.skipif(not PROGRAMS, reason="the gallery is not here")
def test_the_list_is_complete() -> None:
    listed = re.findall(r"\]\((\w+\.py)\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == [path.name for path in PROGRAMS]
