"""Which command was meant, what it prints, and with which status it ends.

    python -m dualad "log(x1) + x1*x2 - sin(x2)" x1=2 x2=5
    python -m dualad model.py:profit price=3 costs=[1,2.5] sold=@sales.csv

The arguments become a `Problem`: a function, its arguments, and which of them to differentiate.
The drivers make an `Answer` of it, which is printed as a table, as CSV or as JSON.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from ..pair import shape_of
from ..sentences import closest, on_one_line, shorten
from ..structure import leaves
from ..ways import Mode
from . import sens
from .answers import calculate, calculate_to_digits
from .arguments import TRY, Request, help_text, read_arguments
from .completion import candidates, script_for
from .errors import InputError, ScriptError
from .files import write
from .numerals import working_precision
from .problems import Problem, expression_problem, script_problem
from .progress import waiting_for
from .reports import as_csv, as_json, as_table
from .scripts import beside


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        The arguments; by default those of the process.

    Returns
    -------
    int
        The exit status: 0, or 2 for bad input, 1 for an error in the user's script.
    """
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments:
        print(TRY, end="", file=sys.stderr)
        return 2
    try:
        reply = _reply(arguments)
    except (InputError, ScriptError) as error:
        return _fail(error.status, " ".join([str(error), *getattr(error, "__notes__", ())]))
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # of the drivers, or a mistake of ours: no traceback either
        return _fail(1, f"{type(error).__name__}: {error}")
    try:
        _print(reply)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is not yet out
        if not isinstance(error, BrokenPipeError):  # of a reader, as head, that has enough
            return _fail(1, f"cannot write the result: {error.strerror}.")
    return 0


def _reply(arguments: list[str]) -> str:
    """What to print for these arguments."""
    if arguments[0] == "sens" and not any(a.startswith("sens=") for a in arguments):
        return sens.reply(arguments[1:])
    if "--help" in arguments or "-h" in arguments:
        return help_text().rstrip()
    if "--version" in arguments:
        from importlib.metadata import version  # takes its time to import

        return f"dualad {version('dualad')}"
    if arguments[0] == "--complete":
        return "\n".join(candidates(arguments[1:]))
    if arguments[0].partition("=")[0] == "--completion":
        return script_for(" ".join(arguments).removeprefix("--completion")[1:])
    if ".py:" in "".join(arguments[1:2]) and closest(arguments[0], ["sens"]):
        raise InputError(f"there is no command {arguments[0]}; did you mean sens?")
    request = read_arguments(arguments)
    path, _, name = request.subject.rpartition(":")
    if path.endswith(".py"):
        with beside(path):
            return _solve(script_problem(request, path, name), request)
    if request.subject.endswith(".py"):
        raise InputError(
            f"{request.subject} is a script; write {request.subject}:NAME for a function in it."
        )
    return _solve(expression_problem(request), request)


def _solve(problem: Problem, request: Request) -> str:
    shown = _show(problem, request) if request.trace is not None or request.graph else ""
    if request.trace is not None:
        return shown + _written(request)
    with waiting_for(_title(problem, request)):
        if request.digits is None:
            answer = calculate(problem, request)
        else:
            answer = calculate_to_digits(problem, request, request.digits)
    if request.json:
        return as_json(problem, request, answer)
    if request.csv:
        return as_csv(problem, request, answer)
    return as_table(problem, request, answer) + _written(request)


def _written(request: Request) -> str:
    """The sentence about a file, below what is printed for people."""
    return f"\n\nwritten: {request.graph}" if request.graph else ""


def _title(problem: Problem, request: Request) -> str:
    """What is calculated."""
    parts = ["first derivatives" if request.order == 1 else f"derivatives to order {request.order}"]
    if request.hessian:
        parts.append("the matrix of second derivatives")
    digits = f" to {request.digits} digits" if request.digits else ""
    return f"{shorten(problem.name, 30)}: {' and '.join(parts)}{digits}"


def _show(problem: Problem, request: Request) -> str:
    """The trace as text; its graph in a file, if asked for."""
    from ..teach import graph, trace

    names = list(problem.wrt)
    if not names:
        asked = "--graph" if request.trace is None else "--trace"
        raise InputError(f"{asked} needs a variable to differentiate; give one a value.")
    wrt: Any = tuple(names) if request.reverse else request.trace or names[0]
    mode: Mode = "reverse" if request.reverse else None

    def f(**inputs: Any) -> Any:
        y = problem.call(inputs)
        shape = next(filter(None, map(shape_of, leaves(y))), None)
        if request.reverse and shape:
            raise InputError(
                f"--reverse goes back from numbers, and {problem.name} returned an array of shape "
                f"{shape}; leave it out, or let the function return one element, or the sum."
            )
        return y

    f.__name__ = problem.name
    with working_precision(request.digits):
        steps = trace(f, wrt=wrt, mode=mode, **problem.values())  # type: ignore[arg-type]
    if request.graph:
        write("--graph", request.graph, graph(steps).to_svg())
    return f"{shorten(problem.name, 100)}\n\n{steps.to_text(request.digits or 4)}"


def _fail(status: int, sentence: str) -> int:
    print(f"dualad: {on_one_line(sentence)}", file=sys.stderr)
    return status


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except UnicodeEncodeError:  # a terminal that cannot show every letter of a name
        print(text.encode("ascii", "backslashreplace").decode(), flush=True)
