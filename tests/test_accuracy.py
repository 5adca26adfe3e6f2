"""Every row against mpmath over a part of the mixed sample, and the table of figures is fresh."""

from __future__ import annotations

import pytest
from accuracy import (
    EVERY,
    FILE,
    HIGHEST,
    LIMIT,
    ROUTES,
    ROWS,
    cases,
    committed,
    exact,
    measure,
    points,
    reasons,
    sloped,
)
from mpmath import mpf

from dualad.rules import Rule
from dualad.table import RULES

FIGURES = committed()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("rule", ROWS, ids=lambda r: r.name)
def test_rows_are_as_exact_as_the_table_says(rule: Rule) -> None:
    for i in sloped(rule):
        figures = FIGURES[rule.name, rule.args[i]]
        for route in ROUTES:
            for n in range(1, HIGHEST + 1):
                found = measure(rule, route, i, n, EVERY)
                assert found.conditioned <= 1.05 * figures[route][n - 1] + 1, (i, route, n, found)


def test_all_rows_are_there_and_the_others_have_a_reason() -> None:
    assert list(FIGURES) == [(r.name, r.args[i]) for r in ROWS for i in sloped(r)]
    for (name, _), figures in FIGURES.items():
        worst = max(max(f) for f in figures.values())
        assert worst <= LIMIT or RULES[name].inexact, (name, worst)
    assert FILE.read_text(encoding="utf-8").endswith(reasons()), "python tests/accuracy.py --write"


def test_the_truth_is_confirmed() -> None:
    """With steps twice as small and more digits: the first 50 stay."""
    for name in ("pow", "log", "tanh", "asin", "atan2", "expm1", "cbrt"):
        rule = RULES[name]
        for args in points(rule)[::40]:
            for n in (1, 2, 3):
                orders = (n, *(0 for _ in rule.args[1:]))
                try:
                    once, again = (exact(name, args, orders, guard) for guard in (200, 400))
                except OverflowError:
                    continue
                assert abs(once - again) <= mpf(10) ** -50 * abs(again)


def test_conditions() -> None:
    """κ of 1/x is 1 in relative terms: between ½ and 2 in ulp."""
    ordinary = [c for c in cases(RULES["log"], 0, EVERY) if 1e-150 < c.args[0] < 1e150]
    assert ordinary
    assert all(0.49 <= c.conditions[0] <= 2.01 for c in ordinary)
