"""Write the generated blocks of the README: `python tests/readme.py --write`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import numpy.polynomial  # else its functions are not in the lists
from numpy.testing.overrides import (
    get_overridable_numpy_array_functions,
    get_overridable_numpy_ufuncs,
)

from dualad import DualArray
from dualad.array.protocols import (
    ARRAY_FUNCTIONS,
    CREATORS,
    PLAIN_ANSWERS,
    RECORDS,
    REFUSED,
    is_question,
)
from dualad.rules import table
from dualad.table import RULES

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


SUPPORTED, PLAIN, REFUSING, NOTHING = "supported", "plain answer", "refused", "no rule"


def array_functions() -> dict[str, str]:
    """Every array function that NumPy lets us override, and what duals get from it."""
    found = {}
    for f in get_overridable_numpy_array_functions():
        if f.__module__ in ("numpy.strings", "numpy.char"):
            continue  # they take text, and are in the list only if somebody has imported them
        kind = PLAIN if f in PLAIN_ANSWERS else REFUSING if f in REFUSED else SUPPORTED
        if f not in ARRAY_FUNCTIONS and f not in CREATORS:
            kind = REFUSING if f.__module__ == RECORDS else NOTHING
        name = f"{f.__module__}.{f.__name__}".replace("numpy.", "np.")
        if found.get(name, NOTHING) == NOTHING:  # NumPy lists some twice, with and without like=
            found[name] = kind
    return found


def ufuncs() -> dict[str, str]:
    """The same for ufuncs, those over integers and dates left out: they take no duals."""
    found = {}
    for f in get_overridable_numpy_ufuncs():
        if not any(types[0] in "fd" for types in f.types):
            continue
        rule = RULES.get(f.__name__)
        if is_question(f) or (rule is not None and rule.kind == "flat"):
            kind = PLAIN
        elif f in ARRAY_FUNCTIONS or (rule is not None and len(rule.args) == f.nin):
            kind = SUPPORTED
        else:
            kind = REFUSING
        found[f"np.{f.__name__}"] = kind
    return found


def methods() -> dict[str, str]:
    """The same for the methods and attributes of ndarray."""
    x = DualArray(np.ones((1, 1)), np.ones((1, 1)))
    plain = [
        "all",
        "any",
        "argmax",
        "argmin",
        "argpartition",
        "argsort",
        "nonzero",
        "round",
        "searchsorted",
    ]
    plain += ["device", "dtype", "flags", "itemsize", "nbytes", "ndim", "shape", "size", "strides"]
    found = {}
    for name in dir(np.ndarray):
        if not name.startswith("_"):
            kind = PLAIN if name in plain else SUPPORTED
            found[f"x.{name}"] = kind if hasattr(x, name) else REFUSING
    return found


def coverage() -> str:
    """How many of NumPy's functions work on duals, and which give something else."""
    kinds = (SUPPORTED, PLAIN, REFUSING)
    lines = [f"| of NumPy {NUMPY} | {' | '.join(kinds)} |", "|---|---|---|---|"]
    told = []
    for what, found in (
        ("array functions", array_functions()),
        ("ufuncs of floats", ufuncs()),
        ("methods and attributes of arrays", methods()),
    ):
        counts = [list(found.values()).count(kind) for kind in kinds]
        lines.append(f"| {what} | {' | '.join(map(str, counts))} |")
        for kind in kinds[1:]:
            names = sorted(f"`{name}`" for name, k in found.items() if k == kind)
            told.append(f"{kind.capitalize()}, {what}: {', '.join(names)}.")
    details = ["<details><summary>All that are not simply supported</summary>", *told, "</details>"]
    return "\n".join([*lines, "", "\n\n".join(details)]) + "\n"


NUMPY = ".".join(np.__version__.split(".")[:2])
BLOCKS = {"rules": rules, "coverage": coverage}


def fresh(text: str) -> str:
    """The text with its blocks generated anew, as far as this version of NumPy can say."""

    def block(m: re.Match[str]) -> str:
        other = re.search(r"of NumPy (\d+\.\d+)", m[3])
        known = other is None or other[1] == NUMPY or "--write" in sys.argv
        return m[1] + (BLOCKS[m[2]]() if known else m[3]) + m[4]

    return BLOCK.sub(block, text)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    README.write_text(fresh(README.read_text(encoding="utf-8")), encoding="utf-8")
