"""The primal is the plain run, bit for bit, and a derivative is right or refused.

Random programs, see programs/. DUALAD_PROGRAMS=100000 in the environment runs that many, from the
seed DUALAD_SEED if it is given; `python -m tests.programs` prints what they did.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from programs import failing
from programs.outcome import Outcome, outcome
from programs.pool import Finding, Tally, Task, run_many
from programs.program import Program, draw
from programs.shrink import shrunk
from programs.steps import TABLE
from programs.truth import differences

import dualad
from dualad.pair import moved

COUNT = int(os.environ.get("DUALAD_PROGRAMS", "500"))

# Steps that are known to break the promise, alone or together with others, each with the shortest program
# that shows it. Whoever mends one takes it out; `python -m tests.programs --write-failing` with
# --ignore for KNOWN_FAULTS writes the list anew.
KNOWN_FAILURES = failing.read()

# Faults that any step is known to have, and where; the random programs look for the others only.
KNOWN_FAULTS: dict[str, str] = {}

CORE = failing.core_without(KNOWN_FAILURES)
TASK = Task(CORE, tuple(KNOWN_FAULTS), failing.EVERY)


def told(finding: Finding) -> str:
    """A fault with a script that shows it."""
    return f"{finding.outcome.fault}: {finding.outcome.detail}\n{finding.program.source()}"


def assert_clean(tally: Tally) -> None:
    new = [f for f in tally.findings.values() if failing.name_of(f.program) not in KNOWN_FAILURES]
    shown = sorted(map(told, new), key=len)
    assert not shown, "\n\n".join(shown[:5])


def test_the_table_is_large_enough() -> None:
    assert len(TABLE) >= 150
    assert len(CORE) >= 150


def test_every_step() -> None:
    """Each by itself, or with another before it."""
    assert_clean(run_many(failing.each_step(CORE, 1), replace(TASK, longest=2)))


def test_random_programs() -> None:
    seed = 0 if COUNT == 500 else random.randrange(2**31)
    seed = int(os.environ.get("DUALAD_SEED", seed))
    print("seed", seed)
    tally = run_many(failing.at_random(COUNT, seed), TASK)
    assert_clean(tally)
    done = tally.outcomes.total()
    assert tally.outcomes["no program"] <= 0.02 * done
    assert tally.outcomes["refused"] <= 0.3 * done
    assert tally.notes["compared"] >= 0.3 * done  # derivatives are seldom left out
    assert tally.notes["backward"] >= 0.3 * done  # and nor are sweeps


@pytest.mark.parametrize("name", sorted(KNOWN_FAILURES))
def test_what_is_known_to_fail(name: str) -> None:
    """A list of faults must not outlive them."""
    entry = KNOWN_FAILURES[name]
    if entry["fault"] in ("crash", "hang"):
        pytest.skip("would end this process")
    if not (entry["program"]["pure"] or dualad.kernel_info().in_use):
        pytest.skip("was found with the kernel")
    got = outcome(failing.from_data(entry["program"]), tuple(KNOWN_FAULTS))
    assert got.is_fault, f"{name} is mended: take it out of programs/known_failures.json"


# -- the machine itself ------------------------------------------------------------------------


def test_a_program_is_drawn_again_from_its_seed() -> None:
    for seed in range(20):
        assert draw(seed) == draw(seed)
        program = draw(seed)
        again = failing.from_data(failing.as_data(program))
        assert again.source() == program.source()


def test_a_program_is_shrunk_to_what_matters() -> None:
    def run(program: Program) -> Outcome:
        return Outcome("wrong value" if "np.sin(" in program.function() else "ok")

    seed = next(
        s for s in range(1000) if "np.sin(" in draw(s).function() and len(draw(s).lines) > 6
    )
    small, _ = shrunk(draw(seed), Outcome("wrong value"), run)
    assert len(small.lines) == 1
    assert small.driver == "jvp" and not small.lift and not small.pure


def test_differences_are_as_exact_as_they_say() -> None:
    import numpy as np

    for order, want in {1: 1.0, 2: 0.0, 3: -1.0}.items():
        got, error = differences(lambda t: np.array([np.sin(t)]), order, 2.0**-52)
        assert abs(got[0] - want) <= error[0] <= 1e-4
    _, error = differences(lambda t: np.array([abs(t - 0.001) * 1e3]), 1, 2.0**-52)
    assert error[0] > 0.1


ROOTS = {
    "setup": "",
    "inputs": [["x", "2.3", "1.7"]],
    "lines": [
        ["np.roots", "v1 = np.sort(np.abs(np.roots(np.stack([x] * 8))))"],
        ["np.roots", "v2 = (v1 - 1.0) * 1e4"],
    ],
    "outputs": ["v2"],
    "driver": "jvp",
    "lift": None,
    "pure": False,
}
# The standard deviation of equal numbers is a kink, whose square is none.
EQUAL = {
    "setup": "",
    "inputs": [["x", "np.full(3, 0.7)", "np.array([1.3, -0.4, 0.9])"]],
    "lines": [["np.std", "v1 = np.std(x)"], ["np.std", "v2 = v1 * v1"]],
    "outputs": ["v2"],
    "driver": "hessian",
    "lift": None,
    "pure": False,
}


@pytest.mark.parametrize("data", [ROOTS, EQUAL])
def test_residues_and_jumps_at_the_point_are_no_faults(data: dict[str, Any]) -> None:
    assert outcome(failing.from_data(data)).fault == "ok"


@pytest.mark.parametrize("off", [1e-2, 1e-5])
def test_a_broken_rule_is_found_all_the_same(off: float, monkeypatch: Any) -> None:
    rules = dualad.array.protocols.ARRAY_FUNCTIONS
    roots = rules[np.roots]

    lines = [
        ["np.roots", "v1 = np.sort(np.abs(np.roots(np.stack([1.0, x, 0.3]))))"],
        ["np.roots", "v2 = v1 * 2.0"],
    ]
    data = dict(ROOTS, lines=lines)
    assert outcome(failing.from_data(data)).fault == "ok"

    def wrong(p: Any) -> Any:
        y = roots(p)
        return moved(y.primal, y.tangent * (1 + off), y.level) if isinstance(y, dualad.Dual) else y

    monkeypatch.setitem(rules, np.roots, wrong)
    assert outcome(failing.from_data(data)).fault == "wrong derivative"
