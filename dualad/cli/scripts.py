"""Functions in the user's scripts: found, called, and their errors told in one sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from ..sentences import did_you_mean, listed, shorten
from .errors import InputError, ScriptError


@contextmanager
def beside(path: str) -> Iterator[None]:
    """While a script and its functions run: its directory is the first to import from."""
    search = sys.path[:]
    writes_bytecode = sys.dont_write_bytecode
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    sys.dont_write_bytecode = True  # running a script leaves nothing behind
    try:
        yield
    finally:
        sys.path[:] = search
        sys.dont_write_bytecode = writes_bytecode
        sys.modules.pop(_module_name(path), None)


def _module_name(path: str) -> str:
    return "dualad_script_" + os.path.splitext(os.path.basename(path))[0]


def load(path: str, name: str) -> Callable[..., Any]:
    """The function of that name in the script; each of its calls is `running`."""
    import importlib.util

    if not os.path.isfile(path):
        raise InputError(f"there is no file {path}.")
    if not name:
        raise InputError(f"{path}: names no function; write {path}:NAME for one in it.")
    spec = importlib.util.spec_from_file_location(_module_name(path), os.path.abspath(path))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # where dataclasses and pickle look for it
    with running(path):
        spec.loader.exec_module(module)
    f: Callable[..., Any] | None = getattr(module, name, None)
    if callable(f):
        return running(path)(f)
    if hasattr(module, name):
        raise InputError(f"{name} in {path} is not a function; it is of type {type(f).__name__}.")
    others = [n for n, x in vars(module).items() if callable(x) and not n.startswith("_")]
    raise InputError(
        f"there is no function {name} in {path}; "
        + did_you_mean(name, others, f"it has {listed(others)}.")
    )


@contextmanager
def running(path: str) -> Iterator[None]:
    """While the script runs: what it prints goes to stderr, its errors become `ScriptError`s."""
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (Exception, SystemExit) as error:
        path, line = os.path.abspath(path), None
        trace = error.__traceback__
        while trace is not None:
            if os.path.abspath(trace.tb_frame.f_code.co_filename) == path:
                line = trace.tb_lineno
            trace = trace.tb_next
        message = str(error)
        if isinstance(error, SyntaxError) and error.filename == path:
            line, message = error.lineno, error.msg
        message = shorten(" ".join(message.split()), 300).rstrip(".")
        if isinstance(error, TypeError) and "as an in" in message:  # an integer, an index
            message += "; a number that --wrt leaves out stays an integer"
        place = os.path.basename(path) + (f", line {line}" if line else "")
        sentence = f"{place}: {type(error).__name__}" + (f": {message}." if message else ".")
        raise ScriptError(sentence) from None
