"""A release: the version of the tag, what a package index shows, and workflows that fit the sessions."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.once import ONCE, runs_once

import dualad

HOME = Path(__file__).parents[1]
WORKFLOWS = sorted((HOME / ".github" / "workflows").glob("*.yml"))  # none in an archive


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """As much of the project as says its version."""
    pytest.importorskip("setuptools")
    if not shutil.which("git"):
        pytest.skip("needs git")
    (tmp_path / "dualad").mkdir()
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "dualad/__init__.py"):
        shutil.copy(HOME / name, tmp_path / name)
    return tmp_path


def asked(project: Path, *what: str) -> str:
    command = [sys.executable, "-W", "ignore", "setup.py", "-q", *what]
    return subprocess.run(
        command, cwd=project, capture_output=True, text=True, check=True, timeout=120
    ).stdout.strip()


def git(project: Path, *arguments: str) -> None:
    person = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *person, *arguments], cwd=project, check=True, capture_output=True)


def test_a_build_has_the_version_of_the_tag(project: Path) -> None:
    assert asked(project, "--version") == dualad.__version__  # an archive: no repository
    git(project, "init")
    git(project, "add", ".")
    git(project, "commit", "-m", "first")
    assert asked(project, "--version") == dualad.__version__  # a clone without tags
    git(project, "tag", "v9.8.7")
    assert asked(project, "--version") == "9.8.7"
    git(project, "commit", "--allow-empty", "-m", "second")
    assert asked(project, "--version") == dualad.__version__


def test_links_of_a_package_index_lead_somewhere(project: Path) -> None:
    link = re.compile(r"\]\(([^)]+)\)")
    assert link.findall((project / "README.md").read_text("utf-8"))
    assert not link.findall(asked(project, "--long-description"))
    path = project / "pyproject.toml"
    urls = '\n[project.urls]\nRepository = "https://example.org/dualad/"\n'
    path.write_text(path.read_text("utf-8") + urls, "utf-8")
    for found in link.findall(asked(project, "--long-description")):
        assert found.startswith(f"https://example.org/dualad/blob/v{dualad.__version__}/")


def test_all_say_the_same_version() -> None:
    changes = (HOME / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## {re.escape(dualad.__version__)}\b", changes, re.MULTILINE)
    citation = (HOME / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {dualad.__version__}\n" in citation
    recipe = HOME / "recipe" / "recipe.yaml"
    assert not recipe.exists() or f'  version: "{dualad.__version__}"' in recipe.read_text("utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_run_sessions_that_there_are(path: Path) -> None:
    sessions = re.findall(r"^def (\w+)\(session", (HOME / "noxfile.py").read_text("utf-8"), re.M)
    text = path.read_text("utf-8")
    called = [name.split("-")[0] for name in re.findall(r'nox -s "?([\w-]+)', text)]
    assert set(called) <= set(sessions)
    if path.stem == "tests":
        assert {"lint", "tests", "pure", "docs", "bench"} <= set(called)


def test_what_runs_once_is_there() -> None:
    assert [name for name in ONCE if not (HOME / name).exists()] == []
    assert runs_once(Path(__file__)) and not runs_once(HOME / "tests" / "test_dual.py")
