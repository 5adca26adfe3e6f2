"""The errors that the command line tells in one sentence, and their exit statuses."""

from __future__ import annotations


class InputError(ValueError):
    """Input that is refused, or an expression without a value at this point; one sentence."""

    status = 2


class ScriptError(Exception):
    """An error that the user's script raised; one sentence."""

    status = 1
