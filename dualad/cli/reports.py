"""Answers as a table for people, or as CSV or JSON for machines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..sentences import on_one_line, shorten
from ..tables import csv_text, text_table
from .answers import Answer
from .arguments import Request
from .numerals import Number, text_of, working_precision
from .problems import Problem


def as_table(problem: Problem, request: Request, answer: Answer) -> str:
    """The answer for people."""
    digits = request.digits
    name = shorten(problem.name, 100)
    single = len(answer.outputs) == 1
    if single:
        name += f"{answer.outputs[0]} = {text_of(answer.values[0], digits)}"
    held = [
        f"{n}={on_one_line(shorten(x, 40))}"
        for n, x in request.values.items()
        if n not in problem.wrt
    ]
    parts = [name + f"\nwith {', '.join(held)}" * bool(held)]
    if answer.variables or not single:
        parts.append(_table(_derivative_columns(request, answer, single)))
    if answer.hessian:
        titles = ["hessian", *answer.variables]
        matrix = [[text_of(x, digits) for x in column] for column in answer.hessian]
        parts.append(_table(dict(zip(titles, [answer.variables, *matrix], strict=True))))
    return "\n\n".join(parts)


def _derivative_columns(request: Request, answer: Answer, single: bool) -> dict[str, list[str]]:
    """The table by columns: one row for each output and variable."""
    digits = request.digits
    columns: dict[str, list[str]] = {} if single else {"output": [], "value": []}
    first, *higher = "derivative", *map(_ordinal, range(2, request.order + 1))
    columns |= {title: [] for title in ("variable", "at", first, "elasticity", *higher)}
    if not answer.variables:
        columns = {title: columns[title] for title in ("output", "value")}
    for i, (label, value) in enumerate(zip(answer.outputs, answer.values, strict=True)):
        rows = max(1, len(answer.variables))
        if not single:  # once for all the variables of an output
            columns["output"] += [label] + [""] * (rows - 1)
            columns["value"] += [text_of(value, digits)] + [""] * (rows - 1)
        for j, (variable, at) in enumerate(zip(answer.variables, answer.at, strict=True)):
            columns["variable"].append(variable)
            columns["at"].append(text_of(at, digits))
            for title, slopes in zip((first, *higher), answer.slopes, strict=True):
                columns[title].append(text_of(slopes[i][j], digits))
            elasticity = _elasticity(at, value, answer.slopes[0][i][j], digits)
            columns["elasticity"].append(
                "undefined" if elasticity is None else text_of(elasticity, digits)
            )
    return columns


def _ordinal(n: int) -> str:
    return f"{n}{'nd' if n == 2 else 'rd' if n == 3 else 'th'} derivative"


def _elasticity(at: Number, value: Number, slope: Number, digits: int | None) -> Number | None:
    """(p/y)·∂y/∂p, or None where it is not defined."""
    if value == 0:
        return None
    with working_precision(digits):
        result = at * slope / value
    if digits is None:
        result += 0.0  # no -0.0
    return result if result == result else None


def _table(columns: dict[str, list[str]]) -> str:
    return text_table(columns, texts=("output", "variable", "hessian"))


def as_csv(problem: Problem, request: Request, answer: Answer) -> str:
    """The answer as a spreadsheet takes it: each line has all that it is about."""
    columns = _derivative_columns(request, answer, single=False)
    columns["output"][0] = columns["output"][0] or problem.name  # one number has no name
    for title in ("output", "value"):
        for i, cell in enumerate(columns[title]):
            columns[title][i] = cell or columns[title][i - 1]
    rows = zip(*columns.values(), strict=True)
    return csv_text(dict(zip(columns, row, strict=True)) for row in rows).rstrip("\n")


def as_json(problem: Problem, request: Request, answer: Answer) -> str:
    """The answer for machines."""
    import json

    def encode(x: Number | None) -> float | str | None:
        if x is None or (request.digits is None and math.isfinite(x)):
            return x
        return text_of(x, request.digits)

    def by_variable(numbers: Sequence[Number | None]) -> dict[str, float | str | None]:
        return dict(zip(answer.variables, map(encode, numbers), strict=True))

    outputs: list[dict[str, Any]] = []
    for i, (label, value) in enumerate(zip(answer.outputs, answer.values, strict=True)):
        first = answer.slopes[0][i]
        elasticities = [
            _elasticity(p, value, slope, request.digits)
            for p, slope in zip(answer.at, first, strict=True)
        ]
        output: dict[str, Any] = {
            "name": label,
            "value": encode(value),
            "derivatives": by_variable(first),
            "elasticities": by_variable(elasticities),
        }
        if request.order > 1:
            output["higher_orders"] = {
                variable: {
                    str(k): encode(slopes[i][j]) for k, slopes in enumerate(answer.slopes[1:], 2)
                }
                for j, variable in enumerate(answer.variables)
            }
        outputs.append(output)
    document: dict[str, Any] = {problem.kind: problem.name, "at": by_variable(answer.at)}
    if held := {n: text for n, text in request.values.items() if n not in problem.wrt}:
        document["with"] = held
    if len(outputs) > 1:
        document["outputs"] = outputs
    else:
        document |= outputs[0]
        del document["name"]
    if request.hessian:
        rows = map(by_variable, answer.hessian)
        document["hessian"] = dict(zip(answer.variables, rows, strict=True))
    return json.dumps(document, indent=2, allow_nan=False)
