"""The command line in a shell: completion, a full disk, a sign of life, texts as arguments."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from support.processes import environment

from dualad.__main__ import main
from dualad.cli import progress
from dualad.cli.completion import BASH, SCRIPTS, candidates

SCRIPT = """\
import math
from typing import Literal

raise_if_run = 1 / 1

def growth(x, rate=2.0, mode="fast", kind: Literal["up", "down"] = "up", exact=False):
    y = math.exp(rate * x) if mode == "fast" else x
    return (y if kind == "up" else -y) + (1.0 if exact else 0.0)

def _hidden(x): return x
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model.py").write_text(SCRIPT)
    (tmp_path / "broken.py").write_text("def f(:")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: Any, *arguments: str, status: int = 0) -> str:
    assert main(list(arguments)) == status
    out, err = capsys.readouterr()
    return str(err if status else out)


# -- texts as arguments ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (["mode=slow"], "model.py:growth = 3.0"),
        (["mode='slow'"], "model.py:growth = 3.0"),
        (['mode="slow"', "kind=down"], "model.py:growth = -3.0"),
        (["mode=3", "exact=True"], "model.py:growth = 4.0"),
        (["mode=x", "exact=False"], "model.py:growth = 3.0"),
    ],
)
def test_texts(capsys: Any, arguments: list[str], first: str) -> None:
    lines = told(capsys, "model.py:growth", "x=3", *arguments).splitlines()
    assert lines[0] == first
    assert lines[1] == f"with {', '.join(arguments)}"
    assert [line.split()[0] for line in lines if line.startswith("x ")] == ["x"]


def test_a_text_for_a_number(capsys: Any) -> None:
    err = told(capsys, "model.py:growth", "x=slow", status=2)
    assert err == (
        "dualad: x=slow: slow has no value here; write a number, or x='\"slow\"' for a text.\n"
    )
    err = told(capsys, "model.py:growth", "x=3", "mode=slow", "--wrt", "mode", status=2)
    assert err == "dualad: mode=slow is not a number; --wrt and --trace take numbers.\n"


def test_a_matrix_of_second_derivatives_has_a_limit(folder: Path, capsys: Any) -> None:
    (folder / "sum.py").write_text("def total(x): return (x * x).sum()")
    err = told(capsys, "sum.py:total", f"x=[{','.join('1' * 1001)}]", "--hessian", status=2)
    assert "--hessian is for 1000 variables at most; got 1001." in err and err.count("\n") == 1


# -- what is written ---------------------------------------------------------------------------


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a full disk is tried on /dev/full")
def test_a_full_disk() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "dualad", "x*2", "x=1"],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr == "dualad: cannot write the result: No space left on device.\n"


def test_a_sign_of_life(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    for is_terminal in (False, True):
        monkeypatch.setattr(sys.stderr, "isatty", lambda is_terminal=is_terminal: is_terminal)
        with progress.waiting_for("x**2: first derivatives"):
            threading.Event().wait(0.2)
        err = capsys.readouterr().err
        assert ("x**2: first derivatives: " in err) is is_terminal
        assert err.endswith("\r\033[K") is is_terminal


# -- completion --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--he"], ["--hessian", "--help"]),
        (["x**2", "--dig"], ["--digits"]),
        (["sens", "--o"], ["--order", "--out"]),
        (["mo"], ["model.py:"]),
        (["./mo"], ["./model.py:"]),
        (["se"], ["sens"]),
        (["model.py:"], ["model.py:growth"]),
        (["model.py:g"], ["model.py:growth"]),
        (["broken.py:"], []),
        (["missing.py:"], []),
        (["model.py:growth", "x=1", ""], ["rate=", "mode=", "kind=", "exact="]),
        (["model.py:growth", "mo"], ["mode="]),
        (["nowhere/x"], []),
        (["--completion", ""], ["bash", "zsh", "fish"]),
        (["sens", "model.py:growth", "--at", ""], []),
    ],
)
def test_candidates(words: list[str], found: list[str], capsys: Any) -> None:
    assert candidates(words) == found
    assert told(capsys, "--complete", *words).split() == found


def test_completion_scripts(capsys: Any) -> None:
    for shell, script in SCRIPTS.items():
        for form in (["--completion", shell], [f"--completion={shell}"]):
            assert told(capsys, *form) == script
    err = told(capsys, "--completion", "bach", status=2)
    assert err == "dualad: --completion is for bash, zsh and fish; got 'bach'; did you mean bash?\n"


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("dualad --he", "--hessian --help"),
        ("dualad model.py:gr", "growth"),
        ("dualad model.py:growth mo", "mode="),
        ("dualad model.py:growth x=1 ", "rate= mode= kind= exact="),
        ("dualad sens model.py:growth --at p.json --o", "--order --out"),
        ("dualad sens model.py:growth --at params.j", ""),
    ],
)
def test_bash(line: str, found: str) -> None:
    program = (
        f'dualad() {{ "{sys.executable}" -m dualad "$@"; }}\n{BASH}\n'
        f"COMP_LINE='{line}' COMP_POINT={len(line)}\n_dualad 2>/dev/null\n"
        'echo "${#COMPREPLY[@]}: ${COMPREPLY[*]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    # where there is nothing, no empty word either: bash completes the names of files then
    assert done.stdout.strip() == f"{len(found.split())}: {found}".strip()
