"""Nested lists, tuples, dicts and dataclasses: their leaves, their labels, the same structure anew.

A label is what one would write to get there: `p[0]` in a list, `p.rate` for a field or a key that
is a name, `p['per day']` for another key, `m[0,1]` in an array. What is in the outermost dict is
called by its key alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple

import numpy as np

_CONTAINERS = (list, tuple, dict)


def leaves(x: Any) -> Iterator[Any]:
    """Everything in x that is not a list, tuple or dict, in order.

    >>> list(leaves({"a": [1.0, 2.0], "b": 3.0}))
    [1.0, 2.0, 3.0]
    """
    kind = type(x)  # what x looks like is a slower question, where x is a dual
    if issubclass(kind, (list, tuple)):
        for part in x:
            if issubclass(type(part), _CONTAINERS):
                yield from leaves(part)
            else:
                yield part
    elif issubclass(kind, dict):
        yield from leaves(list(x.values()))
    else:
        yield x


def rebuild(x: Any, leaf: Callable[[Any], Any]) -> Any:
    """The structure of x in new containers, with leaf(v) for each leaf v.

    >>> rebuild({"a": [1.0, 2.0], "b": 3.0}, lambda v: v + 1)
    {'a': [2.0, 3.0], 'b': 4.0}
    """
    kind = type(x)
    if issubclass(kind, (list, tuple)):
        parts = [
            rebuild(part, leaf) if issubclass(type(part), _CONTAINERS) else leaf(part) for part in x
        ]
        if issubclass(kind, list):
            return parts
        return _record(kind, parts) if hasattr(x, "_fields") else tuple(parts)
    if issubclass(kind, dict):
        copy = x.copy()  # of the same class, as OrderedDict or defaultdict
        copy.update({key: rebuild(part, leaf) for key, part in x.items()})
        return copy
    return leaf(x)


def _record(kind: Any, parts: list[Any]) -> Any:
    """A namedtuple of these fields."""
    try:
        return kind(*parts)
    except TypeError as error:  # it knows more than its fields, as SciPy's results of tests do
        raise TypeError(
            f"a {kind.__name__} cannot be made anew of its fields {', '.join(kind._fields)} alone; "
            f"return some of them, such as result.{kind._fields[0]}, or tuple(result)."
        ) from error


def ordered_as(x: Any, model: Any) -> Any:
    """The structure of x, its dicts in the order of the model's where they have the same keys.

    What is matched leaf by leaf with the model goes through here first: dicts have no order to
    whoever writes them. Namedtuples are matched as dicts of their fields; one whose fields the
    model's has not becomes a dict, which no tuple matches.

    >>> ordered_as([{"b": 2.0, "a": 1.0}], [{"a": 0.0, "b": 0.0}])
    [{'a': 1.0, 'b': 2.0}]
    """
    kind, other = type(x), type(model)
    if hasattr(kind, "_fields") and hasattr(other, "_fields") and kind._fields != other._fields:
        named = ordered_as(x._asdict(), model._asdict())
        return list(named.values()) if x._asdict().keys() == model._asdict().keys() else named
    if issubclass(kind, (list, tuple)) and issubclass(other, (list, tuple)):
        parts = [ordered_as(*pair) for pair in zip(x, model, strict=False)]
        return [*parts, *x[len(parts) :]]
    if issubclass(kind, dict) and issubclass(other, dict) and x.keys() == model.keys():
        return {key: ordered_as(x[key], part) for key, part in model.items()}
    return x


def keys_of(x: Any) -> Iterator[Any]:
    """The keys of all dicts in x, in order.

    >>> list(keys_of([{"b": 2.0, "a": {1: 3.0}}]))
    ['b', 'a', 1]
    """
    kind = type(x)
    if issubclass(kind, dict):
        yield from x
        x = list(x.values())
    if issubclass(kind, (list, tuple, dict)):
        for part in x:
            yield from keys_of(part)


# -- labels --------------------------------------------------------------------------------


class Part(NamedTuple):
    """A part of a structure: its label, what it is, and the annotation of a field."""

    label: str
    value: Any
    annotation: Any = None


def labelled(
    x: Any, label: str = "", *, annotation: Any = None, dataclasses: bool = False
) -> Iterator[Part]:
    """The leaves of x with their labels, in order; with dataclasses=True, these are containers too.

    >>> [(name, v) for name, v, _ in labelled({"a": [1.0, 2.0], "b": {"c": 3.0}})]
    [('a[0]', 1.0), ('a[1]', 2.0), ('b.c', 3.0)]
    """
    parts = _parts(x, label, dataclasses)
    if parts is None:
        yield Part(label, x, annotation)
    else:
        for name, part, declared in parts:
            yield from labelled(part, name, annotation=declared, dataclasses=dataclasses)


def labelled_numbers(x: Any, label: str = "") -> Iterator[tuple[str, Any]]:
    """The numbers in x with their labels, those in arrays too.

    >>> list(labelled_numbers({"b": 3.0, "m": np.array([[1, 2]])}, "p"))[:2]
    [('p.b', 3.0), ('p.m[0,0]', np.int64(1))]
    """
    for name, leaf, _ in labelled(x, label):
        if np.ndim(leaf):
            shape = np.shape(leaf)
            for element, index in zip(element_labels(name, shape), np.ndindex(shape), strict=True):
                yield element, leaf[index]
        else:
            yield name, leaf


def element_labels(label: str, shape: Sequence[int]) -> list[str]:
    """The labels of the numbers in an array of this shape; of a single number, its own.

    >>> element_labels("m", (2, 1)), element_labels("x", ())
    (['m[0,0]', 'm[1,0]'], ['x'])
    """
    if not len(shape):
        return [label]
    return [f"{label}[{','.join(map(str, index))}]" for index in np.ndindex(*shape)]


def rebuild_labelled(
    x: Any, leaf: Callable[[str, Any], Any], label: str = "", *, dataclasses: bool = False
) -> Any:
    """The structure of x in new containers, with leaf(label, v) for each leaf of `labelled`.

    A dataclass is made by its own constructor.

    >>> rebuild_labelled({"a": [1.0, 2.0]}, lambda name, v: f"{name} = {v}", "p")
    {'a': ['p.a[0] = 1.0', 'p.a[1] = 2.0']}
    """
    walk = labelled(x, label, dataclasses=dataclasses)

    def each(v: Any) -> Any:
        if dataclasses and is_record(v):
            return replace(v, **{name: rebuild(getattr(v, name), each) for name in _annotations(v)})
        return leaf(next(walk).label, v)

    return rebuild(x, each)


def is_record(x: Any) -> bool:
    """Whether the parts of x have names of their own: a namedtuple, or a dataclass."""
    if isinstance(x, tuple):
        return hasattr(x, "_fields")
    return is_dataclass(x) and not isinstance(x, (type, list, dict))


def _parts(x: Any, label: str, dataclasses: bool) -> list[Part] | None:
    """The parts of a container; None for a leaf."""
    if isinstance(x, dict):
        return [Part(_label_within(label, key), part) for key, part in x.items()]
    if isinstance(x, (list, tuple)) and not is_record(x):
        return [Part(f"{label}[{i}]", part) for i, part in enumerate(x)]
    if isinstance(x, tuple) or (dataclasses and is_record(x)):
        return [
            Part(_label_within(label, name), getattr(x, name), annotation)
            for name, annotation in _annotations(x).items()
        ]
    return None


def _annotations(record: Any) -> dict[str, Any]:
    """The names that the constructor of a record takes, with what they are declared to be."""
    if is_dataclass(record):
        return {field.name: field.type for field in fields(record) if field.init}
    declared = getattr(type(record), "__annotations__", {})
    return {name: declared.get(name) for name in record._fields}


def _label_within(label: str, key: Any) -> str:
    """The label of what has this key in what has this label."""
    if not label:
        return str(key)
    if not isinstance(key, str):
        return f"{label}[{key}]"
    return f"{label}.{key}" if key.isidentifier() else f"{label}[{key!r}]"


def argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """What f calls its first positional arguments; x1, x2, … where it has no names for them.

    >>> argument_names(lambda a, *others: a, 3)
    ['a', 'x2', 'x3']
    """
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [*named[:count], *(f"x{i}" for i in range(len(named) + 1, count + 1))]
