"""What is known to fail: for each step that does, the shortest program found. To be kept empty."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .pool import Finding, Job, Tally, Task, run_many
from .program import Input, Line, Program
from .steps import STEPS

PATH = Path(__file__).with_name("known_failures.json")
NO_STEP = "no step"  # the inputs and the driver suffice
EACH = 5  # programs per step
RANDOM = 500  # and then of many steps: those of the test
EVERY = 10**6  # fault is shrunk


def as_data(program: Program) -> dict[str, Any]:
    """A program in lists and dicts, as json takes them."""
    return {
        "setup": program.setup,
        "inputs": [[i.name, i.text, i.direction] for i in program.inputs],
        "lines": [[line.step, *line.text.split("\n")] for line in program.lines],
        "outputs": list(program.outputs),
        "driver": program.driver,
        "lift": program.lift,
        "pure": program.pure,
    }


def from_data(data: dict[str, Any]) -> Program:
    """And back."""
    inputs = tuple(Input(*i) for i in data["inputs"])
    lines = tuple(Line(step, "\n".join(text)) for step, *text in data["lines"])
    return Program(-1, data["setup"], inputs, lines, tuple(data["outputs"]), data["driver"],
                   data["lift"], data["pure"])  # fmt: skip


def read() -> dict[str, dict[str, Any]]:
    """The list: the steps of a program (with + between) → fault, detail, program."""
    found: dict[str, dict[str, Any]] = json.loads(PATH.read_text("utf-8"))
    return found


def name_of(program: Program) -> str:
    """The steps that are left in a shrunk program."""
    return " + ".join(sorted({line.step for line in program.lines})) or NO_STEP


def core_without(names: Iterable[str]) -> frozenset[str]:
    """The steps that do not fail by themselves."""
    return frozenset(STEPS) - set(names)


def each_step(core: Iterable[str], count: int) -> list[Job]:
    """So many programs for every step."""
    return [(seed, name) for name in sorted(core) for seed in range(count)]


def at_random(count: int, seed: int = 0) -> list[Job]:
    """Programs of many steps."""
    return [(seed + i, None) for i in range(count)]


def write(ignore: tuple[str, ...], workers: int) -> dict[str, Finding]:
    """Try every step by itself, then random programs of those that pass; write down what fails."""
    few = Task(None, ignore, EVERY, longest=2)
    found = _named(run_many(each_step(STEPS, EACH), few, workers))
    while True:
        core = core_without(found)
        few, many = Task(core, ignore, EVERY, longest=2), Task(core, ignore, EVERY)
        more = _named(run_many(each_step(core, 1), few, workers))
        more |= _named(run_many(at_random(RANDOM), many, workers))
        found = more | found
        _write(found)
        if not core & set(more):
            return found


def _named(tally: Tally) -> dict[str, Finding]:
    return {name_of(f.program): f for f in tally.findings.values()}


def _write(found: dict[str, Finding]) -> None:
    lines = []
    for name, f in sorted(found.items()):
        entry = {
            "fault": f.outcome.fault,
            "detail": f.outcome.detail[:200],
            "program": as_data(f.program),
        }
        lines.append(f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}")
    PATH.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
