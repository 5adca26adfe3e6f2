"""Many programs in worker processes: one that dies, or hangs, names its program."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .outcome import Outcome, outcome
from .program import Program, draw
from .shrink import shrunk
from .steps import STEPS

PATIENCE = 60.0  # seconds of its worker for one program, or ten times as long by the clock
BATCH = 50
SLICE = 0.02  # seconds to wait for one worker while others work


@dataclass
class Finding:
    """A program that fails, shrunk, and how many fail in the same way."""

    program: Program
    outcome: Outcome
    count: int = 1
    seeds: list[int] = field(default_factory=list)


@dataclass
class Tally:
    """What many programs did."""

    outcomes: Counter[str] = field(default_factory=Counter)
    by_kind: dict[str, Counter[str]] = field(default_factory=dict)  # of the steps in a program
    by_driver: dict[str, Counter[str]] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    refused_by: dict[str, tuple[int, str]] = field(default_factory=dict)  # seed, text
    findings: dict[Any, Finding] = field(default_factory=dict)

    def add(self, program: Program, got: Outcome) -> None:
        """Count one program."""
        self.outcomes[got.fault] += 1
        self.notes.update(got.notes)
        for kind in {STEPS[line.step].kind for line in program.lines}:
            self.by_kind.setdefault(kind, Counter())[got.fault] += 1
        self.by_driver.setdefault(program.driver, Counter())[got.fault] += 1
        if got.fault == "refused":
            message = f"{'' if program.lift is False else 'lifted: '}{got.message}"
            self.refusals[message] += 1
            self.refused_by.setdefault(message, (program.seed, got.detail))

    def find(self, program: Program, got: Outcome) -> None:
        """Keep a fault under the steps that its shrunk program still has."""
        steps = tuple(sorted({line.step for line in program.lines}))
        key = (got.fault, got.message, steps)
        known = self.findings.get(key)
        if known is None:
            self.findings[key] = Finding(program, got, 1, [program.seed])
            return
        known.count += 1
        known.seeds.append(program.seed)
        if len(program.source()) < len(known.program.source()):
            known.program, known.outcome = program, got

    def merge(self, other: Tally) -> None:
        """Add what another process counted."""
        self.outcomes += other.outcomes
        self.notes += other.notes
        self.refusals += other.refusals
        for mine, theirs in ((self.by_kind, other.by_kind), (self.by_driver, other.by_driver)):
            for key, counts in theirs.items():
                mine.setdefault(key, Counter()).update(counts)
        self.refused_by = other.refused_by | self.refused_by
        for key, finding in other.findings.items():
            known = self.findings.setdefault(key, finding)
            if known is not finding:
                known.count += finding.count
                known.seeds += finding.seeds
                if len(finding.program.source()) < len(known.program.source()):
                    known.program, known.outcome = finding.program, finding.outcome


@dataclass(frozen=True)
class Task:
    """Which programs to run, and how."""

    allowed: frozenset[str] | None = None  # steps
    ignore: tuple[str, ...] = ()  # faults
    shrink: int = 40  # programs of each fault, and step that must be, are shrunk by a worker
    longest: int = 12  # steps


Job = tuple[int, str | None]  # a seed, and a step that must be in its program


def _used(pid: int | None) -> float:
    """The seconds that a process has had of a CPU, which others may be keeping busy."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):  # not Linux
        return time.monotonic() / 2


def _work(task: Task, jobs: Sequence[Job], current: Any, pipe: Any) -> None:
    tally, taken = Tally(), Counter[Any]()
    for k, (seed, must) in enumerate(jobs):
        current.value = -2 - k  # being drawn
        program = draw(seed, task.allowed, must, task.longest)
        current.value = k
        got = outcome(program, task.ignore)
        tally.add(program, got)
        if got.is_fault:
            taken[got.fault, must] += 1
            if taken[got.fault, must] <= task.shrink:
                program, got = shrunk(program, got, lambda p: outcome(p, task.ignore))
                tally.find(program, got)
        if k % BATCH == BATCH - 1:
            pipe.send((k + 1, tally))
            tally = Tally()
    pipe.send((len(jobs), tally))
    pipe.close()


class _Worker:
    """A process that runs some seeds, and is started anew behind one that killed it."""

    def __init__(self, task: Task, jobs: Sequence[Job]) -> None:
        self.task, self.jobs = task, jobs
        self.start()

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.current = context.Value("q", -1, lock=False)
        self.pipe, other = context.Pipe(duplex=False)
        self.process = context.Process(
            target=_work, args=(self.task, self.jobs, self.current, other), daemon=True
        )
        self.process.start()
        other.close()
        self.seen, self.since, self.used = -1, time.monotonic(), 0.0

    def step(self, tally: Tally) -> bool:
        """Take what has come; False when there is no more."""
        try:
            while self.pipe.poll(SLICE):
                done, part = self.pipe.recv()
                tally.merge(part)
                if done == len(self.jobs):
                    self.process.join()
                    return False
        except (EOFError, ConnectionError):
            self.process.join()
            self.restart(tally, "crash", f"exit code {self.process.exitcode}")
            return bool(self.jobs)
        now = self.current.value
        if now != self.seen:
            self.seen, self.since, self.used = now, time.monotonic(), _used(self.process.pid)
        elif (
            time.monotonic() - self.since > 10 * PATIENCE
            or _used(self.process.pid) - self.used > PATIENCE
        ):
            os.kill(self.process.pid or 0, signal.SIGKILL)
            self.process.join()
            self.restart(tally, "hang", f"more than {PATIENCE:.0f} s")
            return bool(self.jobs)
        return True

    def restart(self, tally: Tally, fault: str, detail: str) -> None:
        """Note the program that did it; what its batch counted before it is lost."""
        k = self.current.value
        if k == -1:
            raise RuntimeError(f"a worker did not start: {detail}")
        if k < -1:
            k = -2 - k
            tally.outcomes["no program"] += 1
        else:
            seed, must = self.jobs[k]
            program = draw(seed, self.task.allowed, must, self.task.longest)
            got = Outcome(fault, detail)
            tally.add(program, got)
            tally.find(*in_a_process(program, got) if fault == "crash" else (program, got))
        self.jobs = self.jobs[k + 1 :]
        if self.jobs:
            self.start()


def in_a_process(program: Program, first: Outcome) -> tuple[Program, Outcome]:
    """Shrink a program that kills the interpreter, each try in a process of its own."""

    def run(candidate: Program) -> Outcome:
        child = os.fork()
        if not child:
            try:
                outcome(candidate)
            finally:
                os._exit(0)
        died = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        return Outcome("crash", first.detail) if died else Outcome("ok")

    return shrunk(program, first, run, most=100)


def run_many(jobs: Sequence[Job], task: Task, workers: int = 2, seconds: float = math.inf) -> Tally:
    """Run these programs, or as many of them as the time allows."""
    tally, end = Tally(), time.monotonic() + seconds
    at_work = [_Worker(task, jobs[i::workers]) for i in range(min(workers, len(jobs)))]
    while at_work and time.monotonic() < end:
        at_work = [worker for worker in at_work if worker.step(tally)]
    for worker in at_work:
        worker.process.kill()
    return tally
