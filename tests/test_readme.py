"""README and docs: generated blocks are fresh, links lead somewhere, commands print what is shown."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from readme import COMMAND, HOME, PAGES, README, fresh, output_of

from dualad.__main__ import main

TEXT = README.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(HOME).as_posix())
def test_generated_blocks_are_fresh(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert fresh(text) == text, "run: python tests/readme.py --write"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(HOME).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, place = link.partition("#")
        if path.startswith(("http:", "https:")):
            continue
        target = page.parent / path if path else page
        assert target.exists(), link
        if place:
            assert place in anchors(target), link


def anchors(page: Path) -> list[str]:
    """The headings of a page as they stand in links."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads]


def test_the_readme_is_two_screens() -> None:
    assert len(TEXT.splitlines()) <= 110


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


COMMANDS = [
    pytest.param(match[1], match[2], id=f"{page.stem}: {match[1]}")
    for page in PAGES
    for match in COMMAND.finditer(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("command", "shown"), COMMANDS)
def test_commands_print_what_the_docs_show(command: str, shown: str) -> None:
    printed = output_of(command)
    assert re.sub(NUMBER, "0", printed) == re.sub(NUMBER, "0", shown)
    numbers = [list(map(float, re.findall(NUMBER, text))) for text in (printed, shown)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-12)  # libm's last bits differ


NUMBER = r"(?<![\w.])\d+(?:\.\d+)?(?:e[+-]\d+)?"


@pytest.mark.parametrize("package", ["jax", "autograd", "uncertainties"])
@pytest.mark.filterwarnings("ignore::FutureWarning")  # uncertainties' own, of comparisons
def test_what_others_need_gives_the_same(package: str) -> None:
    module = pytest.importorskip(package, reason=f"compared where {package} is installed")
    text = (HOME / "docs" / "coming-from.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {package}\n")[2]
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", section, re.DOTALL)[0], names)
    f = names["highest_level"]
    if package == "uncertainties":
        at = [module.ufloat(250.0, 1.0), module.ufloat(6.0, 1.0)]
        slopes = [f(*at).derivatives[x] for x in at]
    else:
        slopes = [float(module.grad(f, i)(250.0, 6.0)) for i in (0, 1)]
    shown = re.search(r"; ([\d.]+) per mg, ([\d.]+) per hour", TEXT)
    assert shown and slopes == pytest.approx([float(shown[1]), float(shown[2])], rel=1e-4)
