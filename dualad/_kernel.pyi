"""What dual.py and array.py use of the compiled kernel."""

from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]

FINGERPRINT: int
DIRECTIONS: int
ROWS: tuple[str, ...]
KINDS: tuple[type, ...]

def connect(
    kind: type,
    make: Function,
    given_table: dict[str, Any],
    given_protocols: dict[str, Function],
    given_levels: dict[str, Any],
    note: Function,
    given_readers: dict[str, str],
) -> None: ...
def dual(value: Any, tangent: Any, level: int) -> Any: ...
def function(name: str, readable: Function, doc: str | None) -> Function: ...
def together(objects: Any) -> tuple[Any, Any, int] | None: ...
def item_of(kind: type, readable: Function) -> Function: ...
def open_level() -> int: ...
def close_level(level: int) -> None: ...
def is_open(level: int) -> bool: ...
