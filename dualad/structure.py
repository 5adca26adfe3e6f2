"""Nested lists, tuples and dicts of numbers: their leaves, and the same structure anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def leaves(x: Any) -> Iterator[Any]:
    """Everything in x that is no list, tuple or dict, in order.

    >>> list(leaves({"a": [1.0, 2.0], "b": 3.0}))
    [1.0, 2.0, 3.0]
    """
    if isinstance(x, (list, tuple)):
        for part in x:
            yield from leaves(part)
    elif isinstance(x, dict):
        yield from leaves(list(x.values()))
    else:
        yield x


def rebuild(x: Any, leaf: Callable[[Any], Any]) -> Any:
    """The structure of x in new containers, with leaf(v) for each leaf v.

    >>> rebuild({"a": [1.0, 2.0], "b": 3.0}, lambda v: v + 1)
    {'a': [2.0, 3.0], 'b': 4.0}
    """
    if isinstance(x, (list, tuple)):
        parts = [rebuild(part, leaf) for part in x]
        if isinstance(x, list):
            return parts
        return type(x)(*parts) if hasattr(x, "_fields") else tuple(parts)  # a namedtuple
    if isinstance(x, dict):
        copy = x.copy()  # of the same class, as OrderedDict or defaultdict
        copy.update({key: rebuild(part, leaf) for key, part in x.items()})
        return copy
    return leaf(x)
