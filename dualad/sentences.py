"""Parts of the sentences in messages: what was probably meant, lists of names, long texts."""

from __future__ import annotations

from collections.abc import Iterable


def closest(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant, if there is one; capitals make no difference.

    >>> closest("Prise", ["price", "sold"])
    'price'
    """
    import difflib

    spelled = {n.lower(): n for n in names}
    found = difflib.get_close_matches(name.lower(), list(spelled), n=1, cutoff=0.7)
    return spelled[found[0]] if found else None


def did_you_mean(name: str, names: Iterable[str], otherwise: str) -> str:
    """The end of a sentence about a name that does not exist.

    >>> did_you_mean("prise", ["price", "sold"], otherwise="there are price, sold.")
    'did you mean price?'
    """
    hint = closest(name, names)
    return f"did you mean {hint}?" if hint else otherwise


def listed(names: Iterable[str]) -> str:
    """The names with commas between them; "none" if there are none."""
    return ", ".join(names) or "none"


def counted(count: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "edge"), counted(2, "edge")
    ('1 edge', '2 edges')
    """
    return f"{count} {what}{'s' * (count != 1)}"


def why_no_number(part: object, returned: object) -> str:
    """The end of a sentence that says of which type a part of a function's result is.

    >>> why_no_number(None, None), why_no_number("a", "a")
    ('; does it lack a return?', '.')
    >>> why_no_number(None, (None, 1.0))
    ' in one place; put a number there, or leave it out.'
    """
    if part is not None:
        return "."
    if returned is None:
        return "; does it lack a return?"
    return " in one place; put a number there, or leave it out."


def shorten(text: str, length: int = 60) -> str:
    """The text, or its beginning and end if it is long."""
    if len(text) <= length:
        return text
    half = (length - 3) // 2
    return f"{text[:half]} … {text[-half:]}"


def on_one_line(text: str) -> str:
    """The text with its line breaks and control characters written as Python escapes them."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
