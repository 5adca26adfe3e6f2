"""Write the generated blocks of the README and the docs: `python tests/readme.py --write`."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.polynomial  # else its functions are not in the lists
from numpy.testing.overrides import (
    get_overridable_numpy_array_functions,
    get_overridable_numpy_ufuncs,
)

sys.path.insert(0, str(Path(__file__).parent.parent))  # for the figures of the benchmarks

import dualad
import dualad.teach
from benchmarks import results
from dualad import DualArray
from dualad.__main__ import main
from dualad.array.protocols import (
    ARRAY_FUNCTIONS,
    CREATORS,
    PLAIN_ANSWERS,
    RECORDS,
    REFUSED,
    is_question,
    named,
)
from dualad.rules import table
from dualad.table import RULES

HOME = Path(__file__).parent.parent
README = HOME / "README.md"
PAGES = [README, *sorted((HOME / "docs").rglob("*.md"))]
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


def helpers() -> str:
    """The rows that slopes are written with."""
    lines = ["| helper | is | slopes |", "|---|---|---|"]
    for rule in table():
        if rule.name.startswith("_"):
            head = f"`{rule.name}({', '.join(rule.args)})`"
            slopes = ", ".join("–" if s is None else f"`{s}`" for s in rule.slopes)
            lines.append(f"| {head} | {rule.says} | {slopes} |")
    return "\n".join(lines) + "\n"


SUPPORTED, PLAIN, REFUSING, NOTHING = "supported", "plain answer", "refused", "no rule"


def array_functions() -> dict[str, str]:
    """Every array function that NumPy lets us override, and what duals get from it."""
    found = {}
    for f in get_overridable_numpy_array_functions():
        if f.__module__ in ("numpy.strings", "numpy.char"):
            continue  # they take text, and are in the list only if somebody has imported them
        kind = PLAIN if f in PLAIN_ANSWERS else REFUSING if f in REFUSED else SUPPORTED
        if f not in ARRAY_FUNCTIONS and f not in CREATORS and named(f) is None:
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


COSTS = {  # rows of benchmarks/RESULTS.md, and what they are
    "S1 math": "derivative of code with `math`",
    "S3 list 20": "gradient of a loop over 20 numbers",
    "S4": "Hessian of a loop over 8 numbers",
    "S5": "Jacobian of bundle adjustment, 15 → 3",
    "A1 10000": "derivative on an array of 10,000",
    "A2 1000": "gradient in an array of 1,000",
    "A4 scalar": "Lorenz' equations, 1000 steps, 6 → 3",
}
PEERS = [
    *("dualad", "fastdual", "num_dual", "jax jit", "autograd", "torch.func", "uncertainties"),
    "differences",
]


def costs() -> str:
    """What the README says of cost, digits and changed lines, from the last run of the benchmarks."""
    found = results.read()
    lines = [f"| | {' | '.join(PEERS)} |", "|---" + "|--:" * len(PEERS) + "|"]
    for key, what in COSTS.items():
        medians = [found.medians[key].get(name) for name in PEERS]
        texts = ["–" if m is None else f"{m:.1f}" if m < 9.95 else f"{m:,.0f}" for m in medians]
        best = min((m for m in medians if m is not None), default=0.0)
        texts = [f"**{t}**" if m == best else t for t, m in zip(texts, medians, strict=True)]
        lines.append(f"| {what} | {' | '.join(texts)} |")
    worst = [max(found.errors[key].get(name, 0.0) for key in COSTS) for name in PEERS]
    lines.append(f"| largest relative error | {' | '.join(f'{error:.0e}' for error in worst)} |")
    changed = changed_lines()
    lines.append(
        "| lines to change in the function above | "
        f"{' | '.join(str(changed.get(name, '–')) for name in PEERS)} |"
    )
    return "\n".join(lines) + "\n"


def changed_lines() -> dict[str, int]:
    """How many lines of the README's function each package's version in the docs does not have."""
    ports = (HOME / "docs" / "coming-from.md").read_text(encoding="utf-8")
    found = {"dualad": 0, "differences": 0}
    for name, key in (("jax", "jax jit"), ("autograd", "autograd"), ("uncertainties",) * 2):
        section = ports.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        port = [line.split("#")[0].strip() for line in section.splitlines()]
        found[key] = sum(line not in port for line in body_of_the_example())
    return found


def body_of_the_example() -> list[str]:
    """The lines of the README's function, as they stand there."""
    example = README.read_text(encoding="utf-8").partition(">>> def ")[2].partition("\n\n")[0]
    return [line.removeprefix("...").strip() for line in example.splitlines()[1:]]


def teach() -> str:
    """The public names of dualad.teach, for autodoc."""
    lines = ["```{eval-rst}", ".. currentmodule:: dualad.teach", ""]
    for name in dualad.teach.__all__:
        thing = getattr(dualad.teach, name)
        is_class = isinstance(thing, type)
        lines.append(f".. auto{'class' if is_class else 'function'}:: {name}")
        lines += ["   :members:"] * is_class
    return "\n".join([*lines, "```"]) + "\n"


ARGUMENTS = {  # where 0.5, 1.5 and 2.0 are outside a function's domain, or make a dull example
    "acosh": "x=2.0",
    "fma": "x, 2.0, 3.0",
    "ldexp": "x, 3",
    "round": "x, 1",
    "clip": "x, 0.0, 1.0",
    "heaviside": "x, 0.5",
    "copysign": "x, -1.0",
    "polygamma": "1, x",
}


def examples() -> str:
    """A value and its slope for each function of the table."""
    lines = ["```python", ">>> x = dualad.Dual(0.5, 1.0)"]
    for rule in table():
        name = rule.name
        if name.startswith("_"):
            continue
        given = ARGUMENTS.get(name, ", ".join(["x", "2.0"][: len(rule.args)]))
        call = f"dualad.{name}({given})".replace("(x=2.0)", "(x + 1.5)")
        y = eval(call, {"dualad": dualad, "x": dualad.Dual(0.5, 1.0)})
        several = isinstance(y, tuple)
        lines += [f">>> show({'*' * several}{call})", *map(shown, y if several else [y])]
    return "\n".join([*lines, "", "```"]) + "\n"


def shown(y: Any) -> str:
    """What the page's `show` prints."""
    value, slope = getattr(y, "primal", y), getattr(y, "tangent", 0.0)
    return f"{value:.6g} {'-' if slope < 0 else '+'} {abs(slope):.6g}ε" if slope else f"{value:.6g}"


NUMPY = ".".join(np.__version__.split(".")[:2])
BLOCKS = {
    "rules": rules,
    "helpers": helpers,
    "coverage": coverage,
    "costs": costs,
    "examples": examples,
    "teach": teach,
}


def fresh(text: str) -> str:
    """The text with its blocks generated anew, as far as this version of NumPy can say."""

    def block(m: re.Match[str]) -> str:
        other = re.search(r"of NumPy (\d+\.\d+)", m[3])
        known = other is None or other[1] == NUMPY or "--write" in sys.argv
        return m[1] + (BLOCKS[m[2]]() if known else m[3]) + m[4]

    return BLOCK.sub(block, text)


COMMAND = re.compile(
    r"^```console\n\$ python -m dualad (.*)\n((?:.*\n)*?)```$",
    re.MULTILINE,
)


def output_of(command: str) -> str:
    """What `python -m dualad` prints, without blanks at the ends of its lines."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if main(shlex.split(command)):
            raise ValueError(f"python -m dualad {command} fails")
    return "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())


def with_commands_run(text: str) -> str:
    """The text with the output of each command that it shows."""

    def block(m: re.Match[str]) -> str:
        return f"```console\n$ python -m dualad {m[1]}\n{output_of(m[1])}```"

    return COMMAND.sub(block, text)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    for page in PAGES:
        text = with_commands_run(fresh(page.read_text(encoding="utf-8")))
        page.write_text(text, encoding="utf-8")
