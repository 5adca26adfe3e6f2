"""python -m tests.programs --count 10000 --seed 1: run random programs, and say what they did."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from programs import failing
from programs.outcome import FAULTS, outcome
from programs.pool import Finding, Tally, Task, run_many
from programs.program import draw
from programs.shrink import shrunk
from programs.steps import STEPS, TABLE


def main() -> None:
    """Read the options, run, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="how many programs")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--seconds", type=float, default=math.inf, help="and then stop")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--shrink", type=int, default=40, help="of each fault and worker, so many")
    parser.add_argument("--ignore", default="", help="faults to pass over, with commas between")
    parser.add_argument("--steps", default="", help="only kinds of steps or steps of these names")
    parser.add_argument("--show", type=int, default=10, help="scripts of each fault")
    parser.add_argument("--show-seed", type=int, help="one program: as drawn, and shrunk")
    parser.add_argument(
        "--core", action="store_true", help="without the steps that are known to fail"
    )
    parser.add_argument("--write-failing", action="store_true", help="try each step by itself")
    options = parser.parse_args()
    names = [n.strip() for n in options.steps.split(",") if n.strip()]
    allowed = frozenset(s.name for s in TABLE if s.name in names or s.kind in names) or None
    ignore = tuple(n.strip() for n in options.ignore.split(",") if n.strip())
    if options.show_seed is not None:
        program = draw(options.show_seed, allowed)
        got = outcome(program, ignore)
        print(program.source(), got, sep="\n")
        if got.is_fault:
            program, got = shrunk(program, got, lambda p: outcome(p, ignore))
            print("\nshrunk:\n", program.source(), got, sep="\n")
        return
    start = time.time()
    if options.write_failing:
        found = failing.write(ignore, options.workers)
        print(f"{len(found)} programs fail: {', '.join(sorted(found))}")
        return
    if options.core:
        allowed = (allowed or frozenset(STEPS)) & failing.core_without(failing.read())
    seeds = range(options.seed, options.seed + options.count)
    task = Task(allowed, ignore, options.shrink)
    tally = run_many([(seed, None) for seed in seeds], task, options.workers, options.seconds)
    print(report(tally, options.show))
    print(f"{tally.outcomes.total()} programs in {time.time() - start:.0f} s")
    sys.exit(any(tally.outcomes[f] for f in FAULTS))


def report(tally: Tally, show: int) -> str:
    """All that was counted, as Markdown."""
    faults = [f for f in ("ok", "refused", *FAULTS) if tally.outcomes[f]]
    lines = ["# Outcomes", ""]
    lines += [f"    {tally.outcomes[f]:7d}  {f}" for f in [*faults, "no program"]]
    lines += ["", "Derivatives: " + ", ".join(f"{n} {c}" for n, c in tally.notes.most_common())]
    for title, table in (("step", tally.by_kind), ("driver", tally.by_driver)):
        lines += ["", f"# By kind of {title}", ""]
        head = "".join(f"{f.replace('wrong ', ''):>12}" for f in faults)
        lines.append(f"    {'':18}{head}")
        for kind, counts in sorted(table.items()):
            lines.append(f"    {kind:18}" + "".join(f"{counts[f]:12d}" for f in faults))
    lines += ["", "# Refusals", ""]
    for message, count in tally.refusals.most_common():
        seed, text = tally.refused_by[message]
        how = "lifted: " if message.startswith("lifted: ") else ""
        lines.append(f"    {count:6d}  {how}{text[:200]}  (seed {seed})")
    for fault in FAULTS:
        found = [f for (what, *_), f in tally.findings.items() if what == fault]
        if not found:
            continue
        alone = Counter[str]()
        for f in found:
            alone.update(dict.fromkeys({q.step for q in f.program.lines}, f.count))
        lines += ["", f"# {fault}: {tally.outcomes[fault]}", ""]
        lines.append("Steps: " + ", ".join(f"{n} {c}" for n, c in alone.most_common()))
        groups: dict[str, list[Finding]] = {}  # one script for each message, or for each step
        for f in sorted(found, key=lambda f: len(f.program.source())):
            last = f.program.lines[-1].step if f.program.lines else ""
            groups.setdefault(f.outcome.message or last, []).append(f)
        ranked = sorted(groups.values(), key=lambda group: -sum(f.count for f in group))
        for group in ranked[:show]:
            seeds = [seed for f in group for seed in f.seeds][:5]
            times = sum(f.count for f in group)
            lines += ["", f"{times} times, seeds {seeds}: {group[0].outcome.detail[:400]}", ""]
            lines += ["    " + line for line in group[0].program.source().splitlines()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
