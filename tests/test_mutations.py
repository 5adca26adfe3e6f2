"""Errors that are named as none in mutations.md are errors that tests/mutations.py would make."""

from __future__ import annotations

from pathlib import Path

import mutations

ROOM = Path(__file__).parents[1] / "dualad" / "array_rules"


def test_what_is_named_as_no_error_exists() -> None:
    named = mutations.equivalent()
    files = {name.partition(",")[0] for name in named}
    made = {e.name for file in files for e in mutations.of_a_file(ROOM / file)}
    assert sorted(set(named) - made) == []
    assert all(named.values())
    assert len(named) == mutations.EQUIVALENT.read_text("utf-8").count("\n- `")


def test_an_error_is_one_change() -> None:
    errors = list(mutations.of_a_file(ROOM / "fft.py"))
    assert len(errors) > 10
    sound = mutations.ast.unparse(mutations.ast.parse((ROOM / "fft.py").read_text("utf-8")))
    for error in errors:
        text = mutations.ast.unparse(error.module())
        different = [
            a for a, b in zip(sound.splitlines(), text.splitlines(), strict=True) if a != b
        ]
        assert len(different) == 1
