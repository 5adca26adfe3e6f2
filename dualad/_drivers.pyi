"""What wrappers.py uses of the compiled drivers."""

from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]

FINGERPRINT: int
SHORT_WAYS: dict[str, Function]

def along(f: Function, x: Any, v: Any) -> Any: ...
def connect(rooms: dict[str, Any]) -> None: ...
def connect_elements(
    levels: dict[int, set[int]], known: Function, note: Function, seeds: Function, refuse: Function
) -> None: ...
def connect_made(
    make: Function,
    decides: Function,
    same: Function,
    all_looks: tuple[Function, ...],
    data: object,
) -> None: ...
def quick(looks: list[tuple[Any, Any, list[Any]]]) -> list[tuple[Any, Any, list[Any]]]: ...
def are_same_looks(looks: list[tuple[Any, Any, list[Any]]]) -> bool: ...
def connect_series(begun: Function, scale: Function, most_nested: int) -> None: ...
def connect_reverse(
    level: Function,
    make: Function,
    sweep: Function,
    twice: Function,
    error: tuple[type, ...],
    numbers: int,
    elements: int,
) -> None: ...
