"""What fails today: for each step that does, the shortest program found. To be emptied."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .outcome import FAULTS
from .pool import Finding, Job, Task, run_many
from .program import Input, Line, Program
from .steps import STEPS

PATH = Path(__file__).with_name("failing_today.json")
NO_STEP = "no step"  # the inputs and the driver suffice
EACH = 5  # programs per step
RANDOM, ROUNDS = 500, 12  # and then of many steps


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
    """The list: step → fault, detail, program."""
    found: dict[str, dict[str, Any]] = json.loads(PATH.read_text("utf-8"))
    return found


def culprits(findings: Iterable[Finding]) -> dict[str, Finding]:
    """A finding for each step that fails by itself, or together with others that do not."""
    found: dict[str, Finding] = {}

    def weight(f: Finding) -> tuple[int, int, int]:
        steps = len({line.step for line in f.program.lines})
        return steps, FAULTS.index(f.outcome.fault), len(f.program.source())

    for f in sorted(findings, key=weight):
        steps = list(dict.fromkeys(line.step for line in f.program.lines)) or [NO_STEP]
        if not any(step in found for step in steps):
            found[steps[-1]] = f
    return found


def write(ignore: tuple[str, ...], workers: int) -> dict[str, Finding]:
    """Try every step by itself, then random programs of those that pass; write down what fails."""
    jobs: list[Job] = [(seed, name) for name in STEPS for seed in range(EACH)]
    found = culprits(run_many(jobs, Task(None, ignore, 2, longest=2), workers).findings.values())
    for _ in range(ROUNDS):
        core = frozenset(STEPS) - frozenset(found)
        jobs = [(seed, None) for seed in range(RANDOM)] + [(0, name) for name in sorted(core)]
        more = culprits(run_many(jobs, Task(core, ignore, 30), workers).findings.values())
        found |= more
        _write(found)
        if not more:
            break
    return found


def _write(found: dict[str, Finding]) -> None:
    data = {
        name: {
            "fault": f.outcome.fault,
            "detail": f.outcome.detail[:300],
            "program": as_data(f.program),
        }
        for name, f in sorted(found.items())
    }
    PATH.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
