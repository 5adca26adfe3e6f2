"""The project's checks, each by its name: `nox -s lint`; `nox -l` lists them.

The workflows run these sessions, and `.ci/run` the same commands, each lesson only once. With
`--no-venv` they run in the environment at hand, if it has what they need. What follows `--` goes
to pytest: `nox -s tests-3.13 -- -k atan2`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.4"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "tests"]


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, holes in the workflows."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("zizmor", "--offline", "--quiet", ".github")


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """The tests, on the compiled Dual; `-- oldest` or `-- nightly` with that NumPy."""
    session.install("-e", ".[test]")
    numpy = {"oldest": ["numpy==2.0.*"], "nightly": ["--pre", "--upgrade", *NIGHTLY, "numpy"]}
    which, options = set(session.posargs) & set(numpy), list(session.posargs)
    for name in which:
        session.install(*numpy[name])
        options.remove(name)
    session.run("python", "-m", "pytest", "-n", "auto", *options)
    session.run("python", "-c", "import dualad; assert dualad.kernel_info().in_use")


@nox.session
def pure(session: nox.Session) -> None:
    """Those tests once more, on the readable Dual, that can tell it from the compiled one."""
    session.install("-e", ".[test]")
    command = ["python", "-m", "pytest", "-n", "auto", "-m", "not once"]
    session.run(*command, *session.posargs, env={"DUALAD_PURE": "1"})


@nox.session
def notebooks(session: nox.Session) -> None:
    """The lessons, run through."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "tests/test_notebooks.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The docs site in build/docs, warnings as errors; `-- quick` does not run the lessons."""
    session.install("-e", ".[docs]")
    mode = "off" if "quick" in session.posargs else "cache"
    command = ["sphinx-build", "-q", "-W", "--keep-going", "-c", "docs", ".", "build/docs"]
    session.run(*command, env={"DUALAD_DOCS_EXECUTE": mode})


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks in a minute, beside the peers that are installed."""
    session.install("-e", ".[bench]")
    session.run("python", "-m", "benchmarks", "--quick", "--no-write", *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """Archive and wheel in dist/, checked; the wheel is installed and does its main job."""
    shutil.rmtree("dist", ignore_errors=True)
    session.install("build", "twine")
    session.run("python", "-m", "build")
    session.run("twine", "check", "--strict", "dist/*")
    session.install("numpy", "mpmath", *map(str, Path("dist").glob("*.whl")))
    session.chdir("dist")  # away from the sources
    session.run("python", "-m", "dualad", "log(x1) + x1*x2 - sin(x2)", "x1=2", "x2=5")


NIGHTLY = ["--extra-index-url", "https://pypi.anaconda.org/scientific-python-nightly-wheels/simple"]
