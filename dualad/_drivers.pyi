"""What wrappers.py uses of the compiled drivers."""

from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]

FINGERPRINT: int
SHORT_WAYS: dict[str, Function]

def connect(kind: type, go_on: Function, known: Function, doubtful: Function) -> None: ...
def connect_reverse(
    level: Function,
    make: Function,
    sweep: Function,
    error: tuple[type, ...],
    numbers: int,
    elements: int,
) -> None: ...
