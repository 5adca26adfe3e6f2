"""The shortest program that fails in the same way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from .outcome import Outcome, outcome
from .program import Program
from .steps import LIFTED


def shrunk(
    program: Program,
    first: Outcome,
    run: Callable[[Program], Outcome] = outcome,
    most: int = 300,
) -> tuple[Program, Outcome]:
    """Drop steps, outputs and circumstances as long as the fault stays what it is."""
    best, tries = (program, first), 0
    changed = True
    while changed and tries < most:
        changed = False
        for candidate in _simpler(best[0]):
            tries += 1
            got = run(candidate)
            if got.fault == first.fault and got.message == first.message:
                best, changed = (candidate, got), True
                break
            if tries >= most:
                break
    return best


def _simpler(p: Program) -> Iterator[Program]:
    if len(p.outputs) > 1:
        for name in p.outputs:
            yield replace(p, outputs=(name,))
        for name in p.outputs:
            yield replace(p, outputs=tuple(n for n in p.outputs if n != name))
    yield from _shorter(p)
    if p.driver != "jvp":
        yield replace(p, driver="jvp")
        if p.order > 2:
            yield replace(p, driver="jvp of jvp")
    if p.lift is None:
        yield replace(p, lift=True)
    if p.lift is not False and not any(line.step in LIFTED for line in p.lines):
        yield replace(p, lift=False)
    if p.pure:
        yield replace(p, pure=False)
    if len(p.inputs) > 1:
        for i in p.inputs:
            others = [j for j in p.inputs if j is not i]
            yield _renamed(replace(p, inputs=tuple(others)), i.name, others[0].name)
    for k, i in enumerate(p.inputs):
        for plainer in (re.sub(r"(\)|\])\[[-:, 0-9]+\]$", r"\1", i.text),
                        i.text.replace(', order="F"', ""), i.text.removesuffix(".T"),
                        i.text.replace(", np.float32", "")):  # fmt: skip
            if plainer != i.text:
                new = replace(i, text=plainer)
                if "B" not in plainer and _shape(plainer) != _shape(i.direction):
                    continue  # its direction would be that of another input
                yield replace(p, inputs=(*p.inputs[:k], new, *p.inputs[k + 1 :]))


def _shape(text: str) -> tuple[int, ...]:
    return np.shape(eval(text, {"np": np}))


def _shorter(p: Program) -> Iterator[Program]:
    for k in reversed(range(len(p.lines))):
        line = p.lines[k]
        rest = replace(p, lines=p.lines[:k] + p.lines[k + 1 :])
        if not line.makes:
            yield rest
            continue
        before = [i.name for i in p.inputs] + [n for q in p.lines[:k] for n in q.makes]
        for other in dict.fromkeys([*line.uses, *before[:1], *before[-2:]]):
            candidate = rest
            for name in line.makes:
                candidate = _renamed(candidate, name, other)
            yield candidate


def _renamed(p: Program, old: str, new: str) -> Program:
    """Another variable in its place, everywhere."""

    def swap(text: str) -> str:
        return re.sub(rf"\b{old}\b", new, text)

    lines = tuple(
        replace(
            q, text=swap(q.text), uses=tuple(map(swap, q.uses)), makes=tuple(map(swap, q.makes))
        )
        for q in p.lines
    )
    return replace(p, lines=lines, outputs=tuple(dict.fromkeys(map(swap, p.outputs))))
