"""The docstrings of the table's functions, read from their rows.

>>> print(description(RULES["sin"]).splitlines()[2])
With y the result: d/dx = cos(x).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .rules import Rule
from .table import RULES


def description(rule: Rule) -> str:
    """What the function of a row is, its slopes, what it takes, and a call of it."""
    head = f"{rule.name}({', '.join(rule.args)})"
    lines = [f"{head}{': ' + rule.says if rule.says else ''}."]
    if rule.slopes and rule.kind != "flat":
        given = [f"d/d{a} = {s}" for a, s in zip(rule.args, rule.slopes, strict=True) if s]
        lines.append(f"With y the result: {'; '.join(given)}{_helpers(rule)}.")
    elif rule.kind == "flat":
        lines.append("Its derivative is zero wherever it exists; the result is a plain number.")
    lines.append(
        "Takes numbers, NumPy arrays and duals, real"
        + (" or complex." if rule.is_complex else ".")
        + (f" Also called {', '.join(rule.aliases)}." if rule.aliases else "")
    )
    lines.append(f">>> from dualad import Dual\n>>> y = {rule.name}({', '.join(_arguments(rule))})")
    return "\n\n".join(lines)


def _helpers(rule: Rule) -> str:
    """What the helpers in the slopes are, in words of mathematics.

    >>> _helpers(RULES["sigmoid"])
    ', where _bump(x) is e⁻ˣ/(1 + e⁻ˣ)²'
    """
    text = " ".join(s for s in rule.slopes if isinstance(s, str))
    names = dict.fromkeys(re.findall(r"\b_\w+(?=\()", text))
    helpers = [RULES[name] for name in names if name in RULES]
    told = [f"{h.name}({', '.join(h.args)}) is {h.says}" for h in helpers]
    return f", where {'; '.join(told)}" if told else ""


def _arguments(rule: Rule) -> Iterator[str]:
    """A dual, and numbers beside it."""
    takes_dual = [slope is not None for slope in rule.slopes] or [True] * len(rule.args)
    first = takes_dual.index(True) if any(takes_dual) else 0
    for i, (low, high) in enumerate(rule.over):
        if i == first:
            yield f"Dual({0.5 if low <= 0.5 <= high else high / 2}, 1.0)"
        else:
            yield "2.0" if takes_dual[i] else "2"
