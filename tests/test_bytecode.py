"""Rewritten code does what it did: on functions of the standard library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dualad.lifting import bytecode


def test_functions_of_the_standard_library_do_what_they_did() -> None:
    script = Path(__file__).parent / "support" / "rewritten_library.py"
    subprocess.run([sys.executable, str(script), bytecode.__file__], check=True, timeout=300)


def test_pythons_whose_code_is_not_known_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytecode, "IS_KNOWN", False)
    with pytest.raises(NotImplementedError, match="lift=False"):
        bytecode.rewritten((lambda x: x).__code__, None, print)  # type: ignore[arg-type]
