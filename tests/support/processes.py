"""Processes of Python beside the tests: they find this dualad, and none runs for ever."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dualad

TIMEOUT = 120.0  # seconds
HOME = str(Path(str(dualad.__file__)).parents[1])


def environment(**changes: str) -> dict[str, str]:
    """The environment in which `import dualad` finds the package that is tested, in the same mode."""
    pure = "0" if dualad.kernel_info().in_use else "1"
    return {**os.environ, "PYTHONPATH": HOME, "DUALAD_PURE": pure, **changes}


def run_python(
    *arguments: str | Path, check: bool = True, text: bool = True, **changes: str
) -> subprocess.CompletedProcess[Any]:
    """Run Python to its end; `changes` are variables of its environment."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment(**changes),
        capture_output=True,
        text=text,
        check=check,
        timeout=TIMEOUT,
    )


@contextmanager
def started_python(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A process of Python to talk to, killed when its time is up or the block is left."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        watchdog = threading.Timer(TIMEOUT, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()
