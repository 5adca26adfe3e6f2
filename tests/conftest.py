"""What holds for all tests: patience, and a table of rules that no test finds changed."""

from __future__ import annotations

import pytest
from hypothesis import settings

from dualad.rules import Rule
from dualad.table import RULES

# Property tests have no deadline: a busy machine is not an error of the package.
settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")

TABLE: dict[str, Rule] = {}


def pytest_collection_finish() -> None:
    TABLE.update(RULES)


@pytest.fixture(autouse=True)
def the_table_as_it_was() -> None:
    """Without the rules that other tests, or the README's examples, have defined."""
    RULES.clear()
    RULES.update(TABLE)
