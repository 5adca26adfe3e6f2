"""A program as data, its source as anybody would write it, and how programs are drawn.

>>> program = draw(1)
>>> "def f(" in program.source() and program == draw(1)
True
"""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .steps import LAPACK, LIFTED, NOT_FINITE, POOLS, SMOOTH, STEPS, TABLE, Step

IMPORTS = """\
import bisect, cmath, collections, contextlib, copy, dataclasses, functools, heapq, itertools, math, numbers, operator, statistics, types
import numpy as np
"""
TOTAL = """
def total(parts):
    s = 0.0
    for i, part in enumerate(parts):
        s = s + np.sum(np.cos(i + np.arange(np.size(part))).reshape(np.shape(part)) * part)
    return s
"""
LARGEST = 40  # elements of a value; and values are smaller than LIMIT
LIMIT = 1e3
PREPARES = {"L": STEPS["list of arrays"], "K": STEPS["dict"], "B": STEPS["mask out"]}
PLACE = re.compile(r"\{([^{}]*)\}")

# driver: how f is called plainly, and by dualad; {a} are the arguments, {v} the direction
DRIVERS = {
    "jvp": ("f({a})", "dualad.jvp(f, ({a},), ({v},){lift})"),
    "jacobian": ("f({a})", "dualad.jacobian(f, argnums={n}{lift})({a})"),
    "jacobian chunk": ("f({a})", "dualad.jacobian(f, argnums={n}, chunk=2{lift})({a})"),
    "value_and_grad": ("f({a})", "dualad.value_and_grad(f, argnums={n}{lift})({a})"),
    "jvp of jvp": (
        "f({a})",
        "dualad.jvp(lambda *q: dualad.jvp(f, q, ({v},){lift})[1], ({a},), ({v},))",
    ),
    "hessian": ("f({a})", "dualad.hessian(f, argnums={n}{lift})({a})"),
    "hvp": ("f({a})", "dualad.hvp(f, argnums={n}{lift})({h})"),
    "jacobian of grad": (
        "f({a})",
        "dualad.jacobian(dualad.grad(f, argnums={n}{lift}), argnums={n})({a})",
    ),
    "line 2": ("(lambda t: f({l}))(0.0)", "dualad.derivative(lambda t: f({l}), order=2{lift})(0.0)"),
    "line 3": ("(lambda t: f({l}))(0.0)", "dualad.derivative(lambda t: f({l}), order=3{lift})(0.0)"),
    "jvp of jvp of jvp": (
        "f({a})",
        "dualad.jvp(lambda *p: dualad.jvp(lambda *q: dualad.jvp(f, q, ({v},){lift})[1], p, ({v},))[1],"
        " ({a},), ({v},))",
    ),
}  # fmt: skip
ORDERS = {"jvp of jvp": 2, "hessian": 2, "hvp": 2, "jacobian of grad": 2, "line 2": 2, "line 3": 3,
          "jvp of jvp of jvp": 3}  # fmt: skip
_ROWS = "dualad.jacobian(f, argnums={n}, mode='reverse'{lift})({a})"
BACKWARD = {  # the same, by sweeps
    "jvp": _ROWS,
    "jacobian": _ROWS,
    "jacobian chunk": _ROWS,
    "value_and_grad": "dualad.value_and_grad(f, argnums={n}, mode='reverse'{lift})({a})",
    "hessian": "dualad.hessian(f, argnums={n}, mode='reverse'{lift})({a})",
    "jacobian of grad": "dualad.jacobian(dualad.grad(f, argnums={n}, mode='reverse'{lift}),"
    " argnums={n}, mode='reverse')({a})",
}
SCALAR = ("value_and_grad", "hessian", "hvp", "jacobian of grad")  # of functions with one number
WEIGHTS = {"jvp": 30, "jacobian": 13, "jacobian chunk": 7, "value_and_grad": 12, "jvp of jvp": 6,
           "hessian": 12, "hvp": 7, "jacobian of grad": 8, "line 2": 3, "line 3": 3,
           "jvp of jvp of jvp": 3}  # fmt: skip


@dataclass(frozen=True)
class Input:
    """An argument of the program: an expression for it and for its direction."""

    name: str
    text: str
    direction: str


@dataclass(frozen=True)
class Line:
    """A step with its variables in place."""

    step: str
    text: str
    makes: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Program:
    """A whole program; everything that is run is made from it."""

    seed: int
    setup: str  # lines before the inputs, for those that share memory
    inputs: tuple[Input, ...]
    lines: tuple[Line, ...]
    outputs: tuple[str, ...]
    driver: str = "jvp"
    lift: bool | None = False
    pure: bool = False

    @property
    def order(self) -> int:
        return ORDERS.get(self.driver, 1)

    @property
    def scalar(self) -> bool:
        return self.driver in SCALAR

    def calls(self) -> tuple[str, str, str]:
        """How f is called plainly, by dualad, and by dualad backward (or not at all)."""
        names = [i.name for i in self.inputs]
        fill = {
            "a": ", ".join(names),
            "v": ", ".join(f"d{n}" for n in names),
            "h": ", ".join([names[0], f"({', '.join(f'd{n}' for n in names)},)", *names[1:]]),
            "n": f"({', '.join(map(str, range(len(names))))},)",
            "l": ", ".join(f"{n} + t * d{n}" for n in names),
            "lift": f", lift={self.lift}",
        }
        calls = *DRIVERS[self.driver], BACKWARD.get(self.driver, "")
        plain, forward, backward = (call.format(**fill) for call in calls)
        return plain, forward, backward

    def given(self) -> str:
        """The source of the inputs and their directions."""
        lines = [self.setup] if self.setup else []
        for i in self.inputs:
            lines += [f"{i.name} = {i.text}", f"d{i.name} = {i.direction}"]
        return "\n".join(lines)

    def function(self, seen: bool = False) -> str:
        """The source of f; with seen, a list SEEN gets what it is called with and returns."""
        body = [part for line in self.lines for part in line.text.split("\n")]
        result, names = f"[{', '.join(self.outputs)}]", ", ".join(i.name for i in self.inputs)
        if seen:
            body = [
                f"GIVEN.append(({names},))",
                *body,
                f"r_ = {result}",
                "SEEN.append((GIVEN[-1], r_))",
            ]
            result = "r_"
        body.append(f"return total({result})" if self.scalar else f"return {result}")
        head = f"def f({names}):"
        return "\n    ".join([head, *body])

    def source(self) -> str:
        """A script that shows the plain run beside that of dualad."""
        plain, call, backward = self.calls()
        pure = "import os\nos.environ['DUALAD_PURE'] = '1'\n" if self.pure else ""
        imports = [n for n in IMPORTS.splitlines()[0][7:].split(", ")
                   if re.search(rf"\b{n}\.", self.function())]  # fmt: skip
        needed = f"import {', '.join(imports)}\n" if imports else ""
        return (
            f"{pure}{needed}import numpy as np\nimport dualad\n"
            f"{TOTAL if self.scalar else ''}\n{self.function()}\n\n{self.given()}\n"
            f"print({plain})\nprint({call})\n{f'print({backward})' if backward else ''}\n"
        )


# -- values ----------------------------------------------------------------------------------


def letters(v: Any) -> str:
    """What a value may be taken for: the letters of the table."""
    if isinstance(v, np.ndarray) and type(v) is np.ndarray:
        kind = v.dtype.kind
        if kind == "b":
            return "B" if v.ndim else ""
        if kind in "iu":
            return "I" if v.ndim else ""
        if kind not in "fc":
            return ""
        found = "X" if v.ndim == 0 else "XA"
        if kind == "c":
            return found + ("Z" if v.ndim == 0 else "ZU")
        found += "R"
        if v.ndim:
            found += "D"
            found += "W" if v.flags.writeable else ""
            found += "V" if v.ndim == 1 and v.size else ""
            found += "M" if v.ndim == 2 and v.size else ""
            found += "Q" if v.ndim == 2 and v.size and v.shape[0] == v.shape[1] else ""
        return found
    if isinstance(v, (complex, np.complexfloating)):
        return "XZC"
    if isinstance(v, np.floating):
        return "XRNG"
    if isinstance(v, float):
        return "XRNP"
    if isinstance(v, list) and v and all("X" in letters(q) for q in v):
        return "L"
    if isinstance(v, dict) and v and all("X" in letters(q) for q in v.values()):
        return "K"
    return ""


def _leaves(v: Any) -> list[Any]:
    if isinstance(v, (list, tuple)):
        return [q for part in v for q in _leaves(part)]
    return _leaves(list(v.values())) if isinstance(v, dict) else [v]


def _fits(v: Any, finite: bool) -> bool:
    for q in _leaves(v):
        if isinstance(q, (float, complex, np.ndarray, np.inexact)):
            if np.size(q) > LARGEST:
                return False
            if isinstance(q, np.ndarray) and q.dtype not in FLOATS:
                continue
            size = np.abs(q).max(initial=0.0) if isinstance(q, np.ndarray) else abs(q)
            if size > LIMIT and (finite or np.isfinite(size)):
                return False
            if finite and not np.isfinite(size):
                return False
    return True


FLOATS = {
    np.dtype(t) for t in (np.float16, np.float32, float, np.longdouble, np.complex64, complex)
}


# -- drawing ---------------------------------------------------------------------------------


def _number(rng: random.Random, kind: str) -> str:
    def one() -> float:
        return round(rng.choice([-1, 1, 1]) * rng.uniform(0.1, 2.5), 3)

    return f"({one()}+{abs(one())}j)" if kind == "complex" else repr(one())


def _nested(rng: random.Random, shape: tuple[int, ...], kind: str) -> str:
    if not shape:
        return _number(rng, kind)
    return f"[{', '.join(_nested(rng, shape[1:], kind) for _ in range(shape[0]))}]"


def _array(rng: random.Random, shape: tuple[int, ...], kind: str) -> str:
    dtype = ", np.float32" if kind == "float32" else ""
    layout = rng.choice(["C", "C", "C", "strided", "reversed", "F", "T", "2d", "broadcast"])

    def made(shape: tuple[int, ...], more: str = "") -> str:
        return f"np.array({_nested(rng, shape, kind)}{dtype}{more})"

    if layout == "strided":
        return made((2 * shape[0] - 1, *shape[1:])) + "[::2]"
    if layout == "reversed":
        return made(shape) + "[::-1]"
    if len(shape) > 1:
        if layout == "F":
            return made(shape, ', order="F"')
        if layout == "T":
            return made(shape[::-1]) + ".T"
        if layout == "2d":
            return made((shape[0], 2 * shape[1] - 1, *shape[2:])) + "[:, ::2]"
        if layout == "broadcast":
            return f"np.broadcast_to({made(shape[1:])}, {shape})"
    return made(shape)


def _special(rng: random.Random, text: str) -> str:
    """Now and then zero, one, a tie, nan or inf among the numbers."""
    if rng.random() < 0.9 or "[" not in text:
        return text
    found = list(re.finditer(r"-?\d+\.\d+", text))
    if "j" in text or len(found) < 2:
        return text
    at = rng.choice(found[1:])
    new = rng.choice(["0.0", "0.0", "1.0", "-0.0", found[0].group(), "np.nan", "np.inf"])
    return text[: at.start()] + new + text[at.end() :]


def _inputs(rng: random.Random) -> tuple[str, list[Input]]:
    kind = rng.choices(["float", "float32", "complex"], [80, 10, 10])[0]
    n = rng.choice([2, 2, 3, 3, 4])
    shape: tuple[int, ...] = rng.choices(
        [(), (n,), (n, n), (n, 2), (2, 2, 3)], [20, 40, 28, 8, 4]
    )[0]  # fmt: skip
    if shape and rng.random() < 0.08 and kind == "float":  # two arguments that share memory
        if len(shape) == 2 and shape[0] == shape[1]:
            setup, texts = f"B = np.array({_nested(rng, shape, kind)})", ["B", "B.T"]
        else:
            setup = f"B = np.array({_nested(rng, (shape[0] + 1, *shape[1:]), kind)})"
            texts = ["B[:-1]", "B[1:]"]
    else:
        setup, texts = "", []
        for s in [shape, rng.choice([(), (n,), shape])][: rng.choice([1, 1, 2])]:
            if s:
                texts.append(_special(rng, _array(rng, s, kind)))
            else:
                number = _number(rng, kind)
                if kind == "float32":
                    number = f"np.float32({number})"
                elif kind == "float" and rng.random() < 0.3:
                    number = f"np.float64({number})"
                texts.append(number)
    inputs = []
    for name, text in zip(["x", "w"], texts):
        s = np.shape(eval(text, {"np": np, "B": None})) if not setup else shape
        direction = _nested(rng, s, "complex" if kind == "complex" else "float")
        wrapped = f"np.array({direction}{', np.float32' if kind == 'float32' else ''})" if s else (
            f"np.float32({direction})" if kind == "float32" else direction)  # fmt: skip
        inputs.append(Input(name, text, wrapped))
    return setup, inputs


def namespace() -> dict[str, Any]:
    """The modules that programs use."""
    found: dict[str, Any] = {}
    exec(IMPORTS + TOTAL, found)
    return found


MODULES = namespace()


def _filled(rng: random.Random, step: Step, known: dict[str, str], count: int) -> Line | None:
    """A step with variables and parameters; None if there is nothing for it to take."""
    names: dict[str, str] = {}
    for slot, letter in zip("abd", step.takes):
        fitting = [n for n, found in known.items() if letter in found]
        if not fitting:
            return None
        recent = fitting[-3:] if rng.random() < 0.7 else fitting
        names[slot] = rng.choice(recent)
    made: list[str] = []

    def place(match: re.Match[str]) -> str:
        inside = match.group(1)
        if inside in names:
            return names[inside]
        if inside in ("y", "z"):
            names[inside] = f"{'v' if inside == 'y' else 'u'}{count}"
            made.append(names[inside])
            return names[inside]
        if inside in ("t", "u"):
            return f"{'t' if inside == 't' else 's'}{count}"
        options = POOLS.get(inside, inside).split("|")
        option = rng.choice(options)
        return names.get(option, option) if len(option) == 1 and "|" in inside else option

    source = step.source
    while PLACE.search(source):
        source = PLACE.sub(place, source)
    used = tuple(n for s, n in names.items() if s in "abd")
    source = source.translate({ord("⏎"): "\n", ord("⟨"): "{", ord("⟩"): "}"})
    return Line(step.name, source, tuple(made), used)


def _tried(line: Line, values: dict[str, Any]) -> dict[str, Any] | None:
    """The variables after a step; None if it fails on them."""
    body = "\n    ".join(line.text.split("\n"))
    space = dict(MODULES)
    try:
        exec(f"def s({', '.join(values)}):\n    {body}\n    return locals()", space)
        after = space["s"](**values)
    except Exception:
        return None
    return {n: v for n, v in after.items() if n in values or n in line.makes}


def draw(
    seed: int, allowed: Collection[str] | None = None, must: str | None = None, longest: int = 12
) -> Program:
    """The program of a seed; only of allowed steps, or with a certain step in it."""
    rng = random.Random(seed)
    table = [s for s in TABLE if allowed is None or s.name in allowed]
    wanted = None if must is None else STEPS[must]
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        for _ in range(200):
            program = _drawn(rng, seed, table, wanted, longest)
            if program is not None:
                return program
    raise ValueError(f"no program for seed {seed}, must={must!r}")


def _drawn(
    rng: random.Random, seed: int, table: list[Step], wanted: Step | None, longest: int
) -> Program | None:
    setup, inputs = _inputs(rng)
    values: dict[str, Any] = {"np": np}
    exec(Program(seed, setup, tuple(inputs), (), ()).given(), values)
    values = {i.name: values[i.name] for i in inputs}
    finite = all(_fits(v, True) for v in values.values())
    known = {n: letters(v) for n, v in values.items()}
    due = [PREPARES[letter] for letter in wanted.takes if letter in PREPARES] if wanted else []
    due += [wanted] if wanted else []
    length = max(rng.randint(1, longest), len(due))
    at = rng.randint(0, length - len(due))
    lines: list[Line] = []
    tries = 0
    by_kind: dict[str, list[Step]] = {}
    for step in table:
        by_kind.setdefault(step.kind, []).append(step)
    kinds = list(by_kind)
    if rng.random() < 0.3:  # for the Taylor series
        kinds = [kind for kind in kinds if kind in SMOOTH] or kinds
        table = [step for step in table if step.kind in kinds]
    while len(lines) < length and tries < 8 * length:
        tries += 1
        is_due = bool(due) and len(lines) >= at
        if is_due:
            step = due[0]
        elif tries % 3:  # evenly over the kinds, and over the steps
            step = rng.choice(by_kind[rng.choice(kinds)])
        else:
            step = rng.choice(table)
        line = _filled(rng, step, known, len(lines) + 1)
        if line is None:
            continue
        if step.kind in LAPACK and not all(_fits(values[n], True) for n in line.uses):
            continue  # LAPACK may run for ever on nan
        after = _tried(line, values)
        if after is None:
            continue
        changed = [*line.makes, *line.uses]
        odd = step.kind == "not finite" or step.name in NOT_FINITE
        if not all(_fits(after.get(n), finite and not odd) for n in changed):
            continue
        finite = finite and not odd
        values = after
        lines.append(line)
        due = due[is_due:]
        for n in changed:
            known.pop(n, None)
            if n in values:
                known[n] = letters(values[n])
    if due or not lines:
        return None
    shown = [n for n, found in known.items() if set(found) & set("XBILK")]
    driver = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    is_complex = any("j" in i.text for i in inputs)
    if driver in SCALAR:
        real = [n for n in shown if "R" in known[n]]
        if real and not (is_complex and driver != "value_and_grad"):
            shown = real
        else:
            driver = "jvp"
    if not shown:
        return None
    outputs = list(dict.fromkeys([shown[-1], *rng.choices(shown, k=rng.randint(0, 3))]))
    lift = rng.choice([None, True, False])
    if lift is False and any(line.step in LIFTED for line in lines):
        lift = None
    return Program(seed, setup, tuple(inputs), tuple(lines), tuple(outputs), driver, lift,
                   rng.random() < 0.5)  # fmt: skip


__all__ = ["Input", "Line", "Program", "draw", "letters", "replace"]
