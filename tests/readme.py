"""Write the generated blocks of the README: `python tests/readme.py --write`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from dualad.rules import table

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"(<!-- generated: (\w+) .*?-->\n)(.*?)(<!-- end -->)", re.DOTALL)


def rules() -> str:
    """The public rows: function, slopes, other names."""
    lines = ["| function | slopes | also called |", "|---|---|---|"]
    for rule in table():
        if rule.name.startswith("_"):
            continue
        head = f"`{rule.name}({', '.join(rule.args)})`"
        if rule.kind == "flat":
            slopes = "0: a step"
        elif not rule.slopes:
            slopes = f"as `{rule.value}`"
        else:
            slopes = ", ".join("refused" if s is None else f"`{s}`" for s in rule.slopes)
        lines.append(f"| {head} | {slopes} | {', '.join(rule.aliases)} |")
    return "\n".join(lines) + "\n"


BLOCKS = {"rules": rules}


def fresh(text: str) -> str:
    """The text with its blocks generated anew."""
    return BLOCK.sub(lambda m: m[1] + BLOCKS[m[2]]() + m[4], text)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    README.write_text(fresh(README.read_text(encoding="utf-8")), encoding="utf-8")
