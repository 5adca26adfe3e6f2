"""What a thing really is: a dual looks like what it stands for.

`isinstance` asks for `__class__`, and a dual answers as the plain number or array does.
"""

from __future__ import annotations

from typing import Any


def is_plain(x: Any, kinds: type | tuple[type, ...]) -> bool:
    """Whether x really is of this type, or of one of these; a dual never is.

    >>> is_plain(2.0, float), is_plain(2.0, (int, complex))
    (True, False)
    """
    return issubclass(type(x), kinds)
