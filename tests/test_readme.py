"""The README: its generated blocks are fresh, and it shows what the program prints."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from readme import README, fresh

from dualad.__main__ import main

TEXT = README.read_text(encoding="utf-8")


def test_generated_blocks_are_fresh() -> None:
    assert fresh(TEXT) == TEXT, "run: python tests/readme.py --write"


def test_the_first_command_prints_what_the_readme_shows(capsys: Any) -> None:
    lines = [line.strip() for line in TEXT.splitlines()]
    command = next(line for line in lines if "python -m dualad " in line)
    assert main(shlex.split(command.partition("python -m dualad ")[2])) == 0
    printed = [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    start = lines.index(printed[0])
    assert [line for line in lines[start : start + len(printed) + 1] if line] == printed


@pytest.mark.parametrize(
    "promise", ["pip install -e .", 'pip install -e ".[test]" && python -m pytest']
)
def test_the_two_commands_are_there(promise: str) -> None:
    assert promise in TEXT
