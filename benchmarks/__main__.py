"""Print what a derivative costs, and write RESULTS.md: `python -m benchmarks [--quick]`.

A whole run with all peers takes half an hour, `--quick --peers dualad` a minute or two; `--plot`
draws the figures of RESULTS.md instead of measuring.

Every figure is a ratio to the plain function, which is measured in the same process just before,
so that a noisy machine disturbs both alike. The median over the rounds is shown, and the plain
time beside it. Every workload has a process of its own. A package that is not installed is
skipped by name.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from . import report, results
from .measure import FULL, QUICK, measure, measure_starts
from .peers import PEERS
from .workloads import WORKLOADS

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"


def main() -> None:
    chosen = _arguments()
    if chosen.plot:
        from .plots import draw

        print("\n".join(f"drawn in {path}" for path in draw(results.read(), PICTURES)))
        return
    effort = QUICK if chosen.quick else FULL
    names = chosen.peers or list(PEERS)
    missing = [name for name in names if PEERS[name].version() is None]
    peers = [name for name in names if name not in missing]
    print("\n".join(report.environment(peers)))
    for name in missing:
        print(f"{name}: not installed")
    rows = []
    for key in [*WORKLOADS, "P1"]:
        if chosen.only and key not in chosen.only and key.split()[0] not in chosen.only:
            continue
        row = measure_starts(peers, effort) if key == "P1" else measure(key, peers, effort)
        rows.append(row)
        print(f"\n{report.row_text(row)}", flush=True)
    print(f"\n{report.table_text(rows, peers)}")
    if not (chosen.no_write or chosen.quick or chosen.only or chosen.peers):
        results.RESULTS.write_text(report.markdown(rows, peers, missing), encoding="utf-8")
        print(f"\nwritten to {results.RESULTS.name}; now draw them: --plot")


def _arguments() -> argparse.Namespace:
    groups = sorted({key.split()[0] for key in WORKLOADS} | {"P1"})
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the time, rough figures")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="KEY",
        choices=[*groups, *WORKLOADS],
        help=f"some of {', '.join(groups)}, or a row's whole name",
    )
    parser.add_argument(
        "--peers",
        nargs="+",
        metavar="NAME",
        choices=list(PEERS),
        help=f"some of {', '.join(PEERS)}",
    )
    parser.add_argument(
        "--no-write", action="store_true", help="do not write RESULTS.md; only a whole run does"
    )
    parser.add_argument(
        "--plot", action="store_true", help="draw RESULTS.md in docs/pictures/, without measuring"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
