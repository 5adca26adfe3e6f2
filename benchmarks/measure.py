"""Run one workload in a process of its own: check every peer's result, then time them in turns.

The process reports step by step through a pipe. If it dies or hangs, the step tells which peer did
it; that peer is left out with the reason, and the workload starts again.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter as clock
from typing import Any

import numpy as np

from .peers import PEERS, Call, Cannot, apply
from .workloads import WORKLOADS, Workload

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Effort:
    """How much time to spend.

    Attributes
    ----------
    rounds : int
        So often everyone has a turn; the median is over them.
    turn : float
        Seconds of one turn.
    most : float
        Seconds for all turns of one peer, with those of the plain function before them; who is
        slower has fewer turns. It bounds the time of a workload: so many seconds for each peer.
    patience : float
        Seconds until a step of a peer counts as hanging.
    starts : int
        Process starts per peer.
    """

    rounds: int
    turn: float
    most: float
    patience: float
    starts: int


FULL = Effort(rounds=25, turn=0.02, most=2.0, patience=30.0, starts=15)
QUICK = Effort(rounds=7, turn=0.008, most=0.3, patience=20.0, starts=5)


@dataclass
class Figure:
    """What one peer's derivative costs: in times of the plain function, or milliseconds."""

    ratios: list[float]
    first: float  # seconds of the first call
    error: float  # of the result, relative to its largest entry

    @property
    def median(self) -> float:
        return statistics.median(self.ratios)

    @property
    def range(self) -> tuple[float, float]:
        return min(self.ratios), max(self.ratios)


@dataclass
class Row:
    """One workload, measured: the plain time in seconds, and a figure or a reason per peer."""

    key: str
    plain: float = 0.0
    figures: dict[str, Figure] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


# -- in the parent -------------------------------------------------------------------------


def measure(key: str, peers: list[str], effort: Effort) -> Row:
    """Measure one workload; every peer ends with a figure or a reason."""
    lost: dict[str, str] = {}
    while True:
        asked = [name for name in peers if name not in lost]
        row, step, end = _attempt(key, asked, effort)
        if not end:
            row.reasons.update(lost)
            return row
        if step not in asked:
            reasons = dict.fromkeys(asked, f"the plain function: {end}")
            return Row(key, reasons=reasons | lost)
        lost[step] = end


def _attempt(key: str, peers: list[str], effort: Effort) -> tuple[Row, str, str]:
    """The row; or the step at which the process ended, and how."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_child, args=(key, peers, effort, theirs), daemon=True)
    process.start()
    theirs.close()
    step = ""
    try:
        while ours.poll(effort.patience):
            message = ours.recv()
            if isinstance(message, Row):
                return message, step, ""
            step = message
        return Row(key), step, f"no result within {effort.patience:.0f} s"
    except EOFError:
        process.join()
        code = process.exitcode or 0
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Row(key), step, f"crashed ({how})"
    finally:
        process.kill()
        process.join()


# -- in the child --------------------------------------------------------------------------


def _child(key: str, peers: list[str], effort: Effort, parent: Connection) -> None:
    if os.name == "posix":  # what packages print belongs in no table
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    workload, row = WORKLOADS[key], Row(key)
    right = np.asarray(workload.reference())
    calls = {"plain": apply(workload.plain, workload.args)}
    calls["plain"].run()
    for name in peers:
        parent.send(name)
        try:
            calls[name], row.figures[name] = _checked(workload, name, right)
        except Cannot as reason:
            row.reasons[name] = str(reason)
        except Exception as error:
            row.reasons[name] = _phrase(name, error)
    _take_turns(calls, row, effort, parent)
    parent.send(row)


def _checked(workload: Workload, name: str, right: Any) -> tuple[Call, Figure]:
    """The call, and a figure that still lacks its times."""
    peer = PEERS[name]()
    call = peer.prepare(workload)
    start = clock()
    result = call.run()
    first = clock() - start
    found = np.asarray(result, dtype=float)
    if found.size != right.size:
        raise Cannot(f"wrong: shape {found.shape}, not {right.shape}")
    error = float(np.max(np.abs(found.reshape(right.shape) - right)) / np.max(np.abs(right)))
    if not error <= max(peer.tolerance, workload.tolerance):
        raise Cannot(f"wrong: off by {error:.0e}")
    return call, Figure([], first, error)


def _phrase(name: str, error: Exception) -> str:
    """Why a peer cannot, in a few words."""
    text = " ".join(str(error).split())
    for piece, meaning in PEERS[name].reasons.items():
        if piece in text:
            return meaning
    return f"{type(error).__name__}: {text[:60]}{'…' * (len(text) > 60)}"


def _take_turns(calls: dict[str, Call], row: Row, effort: Effort, parent: Connection) -> None:
    gc.collect()
    gc.freeze()  # imported modules are not the functions' garbage
    numbers: dict[str, int] = {}
    turns: dict[str, int] = {}
    before = 0.0  # seconds of the plain function's turn, which goes before each
    for name, call in calls.items():
        parent.send(name)
        first = 0.0
        if name != "plain" and not PEERS[name].slow_start:
            first = row.figures[name].first
        if first > effort.most / 3:
            numbers[name], one_turn = 1, first
        else:
            numbers[name], one_turn = _calibrated(call, effort.turn)
        before = before or one_turn
        turns[name] = max(1, min(effort.rounds, int(effort.most / (before + one_turn) + 0.5)))
    plain_times = []
    names = list(row.figures)
    for i in range(effort.rounds):
        for name in names[i % len(names) :] + names[: i % len(names)]:
            if _has_turn(i, turns[name], effort.rounds):
                parent.send(name)
                plain = calls["plain"].time(numbers["plain"], clock) / numbers["plain"]
                spent = calls[name].time(numbers[name], clock) / numbers[name]
                row.figures[name].ratios.append(spent / plain)
                plain_times.append(plain)
    row.plain = statistics.median(plain_times) if plain_times else 0.0


def _has_turn(i: int, turns: int, rounds: int) -> bool:
    """Whether a peer with so many turns, spread evenly over the rounds, has one in round i."""
    return (i + 1) * turns // rounds > i * turns // rounds


def _calibrated(call: Call, turn: float) -> tuple[int, float]:
    """How many executions make a turn, and the seconds they take."""
    number = 1
    while True:
        spent = call.time(number, clock)
        if spent >= turn / 2:
            return max(1, round(number * turn / spent)), max(turn, spent)
        number *= 2


# -- process starts ------------------------------------------------------------------------


def measure_starts(peers: list[str], effort: Effort) -> Row:
    """Milliseconds that the first derivative takes after `import numpy`, in a new process."""
    row = Row("P1")
    # NumPy in each, so that a package which does without it is not ahead by what NumPy takes
    programs = {n: f"import numpy\n{PEERS[n].first}" for n in peers if PEERS[n].first}
    for name, program in list(programs.items()):
        try:
            first = _start(program, effort.patience)  # and its bytecode is written
            row.figures[name] = Figure([], first, 0.0)
        except subprocess.TimeoutExpired:
            row.reasons[name] = f"no result within {effort.patience:.0f} s"
        except subprocess.CalledProcessError as error:
            row.reasons[name] = f"exit code {error.returncode}"
    _start("import numpy", effort.patience)
    times = []
    for i in range(effort.starts):
        for name, figure in row.figures.items():
            turns = max(3, min(effort.starts, int(10 * effort.most / figure.first)))
            if _has_turn(i, turns, effort.starts):
                numpy = _start("import numpy", effort.patience)
                spent = _start(programs[name], effort.patience)
                figure.ratios.append((spent - numpy) * 1000)
                times.append(numpy)
    row.plain = statistics.median(times) if times else 0.0
    return row


def _start(program: str, patience: float) -> float:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = clock()
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        timeout=patience,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return clock() - start
