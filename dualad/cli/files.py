"""Files that are given on the command line: their text, and the lines of CSV files."""

from __future__ import annotations

import io
import os
from collections.abc import Collection

from ..sentences import shorten
from ..tables import write_whole
from .errors import InputError
from .numerals import is_decimal


def text_in(given: str, path: str) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Parameters
    ----------
    given : str
        What was written on the command line; errors begin with it.
    path : str
        The file.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise InputError(f"{given}: cannot read {path}: {reason}.") from None


def csv_lines(given: str, path: str) -> list[tuple[int, list[str]]]:
    """The lines of a CSV file that are not blank: their numbers in the file, and their cells."""
    import csv

    text = text_in(given, path)
    first = text.splitlines()[0] if text else ""
    delimiter = max(",;\t", key=first.count)
    file = io.StringIO(text, newline="")  # a cell in quotes may have several lines
    reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
    lines = ((reader.line_num, [cell.strip() for cell in line]) for line in reader)
    try:
        return [(i, cells) for i, cells in lines if any(cells)]
    except csv.Error as error:
        reason = f"line {reader.line_num} of {path} cannot be understood: {error}"
        raise InputError(f"{given}: {reason}.") from None


def number_table(given: str, path: str) -> tuple[list[str], list[list[str]]]:
    """The names of a CSV file's columns, if its first line has names; and rows of decimals."""
    lines = csv_lines(given, path)
    names: list[str] = []
    if lines and not all(map(is_decimal, lines[0][1])):
        names = lines.pop(0)[1]
    if not lines:
        raise InputError(f"{given}: there are no numbers in the file.")
    width = len(names or lines[0][1])
    for i, cells in lines:
        if len(cells) != width:
            raise InputError(
                f"{given}: line {i} has {len(cells)} column{'s' * (len(cells) != 1)}, "
                f"but the first has {width}."
            )
        if bad := [cell for cell in cells if not is_decimal(cell)]:
            raise InputError(f"{given}: line {i} has {shorten(bad[0])!r}, which is not a number.")
    if len(set(names)) < len(names):
        raise InputError(f"{given}: two columns have the same name.")
    return names, [cells for _, cells in lines]


def refuse_unwritable(option: str, path: str, kinds: Collection[str]) -> None:
    """Raise InputError, before anything is calculated, if no such file can be written.

    Parameters
    ----------
    option, path : str
        What was written on the command line.
    kinds : collection of str
        The endings that the file may have, in small or capital letters.
    """
    if kind_of(path) not in kinds:
        raise InputError(f"{option} writes files that end in {', '.join(kinds)}; got {path!r}.")
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise InputError(f"{option} {path}: there is no directory {folder}.")


def kind_of(path: str) -> str:
    """The ending of a file's name.

    >>> kind_of("report.HTML")
    '.html'
    """
    return os.path.splitext(path)[1].lower()


def write(option: str, path: str, text: str) -> None:
    """Write a file that an option names, whole or not at all."""
    try:
        write_whole(path, text)
    except OSError as error:
        raise InputError(f"{option} {path}: cannot write: {error.strerror}.") from None
