"""What holds for all tests: patience, a table of rules that no test finds changed, and the mark of
those that are not repeated on the readable Dual."""

from __future__ import annotations

import sys

import pytest
from hypothesis import settings
from support.once import runs_once

from dualad.rules import Rule
from dualad.table import RULES

# Property tests have no deadline: a busy machine is not an error of the package.
settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")

TABLE: dict[str, Rule] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if runs_once(item.path):
            item.add_marker("once")


def pytest_collection_finish() -> None:
    TABLE.update(RULES)


@pytest.fixture(autouse=True)
def the_table_as_it_was() -> None:
    """Without the rules that other tests, or the README's examples, have defined."""
    RULES.clear()
    RULES.update(TABLE)


@pytest.fixture
def counted_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What f counts includes how often it is called when its results are looked into."""
    for package in ("dualad", "pure_dualad"):
        if state := sys.modules.get(f"{package}.lifting.state"):
            monkeypatch.setattr(state.State, "put_back", lambda _: None)
