"""What dual.py, array.py and drivers.py use of the compiled kernel."""

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
) -> None: ...
def dual(value: Any, tangent: Any, level: int) -> Any: ...
def function(name: str, readable: Function, doc: str | None) -> Function: ...
def item(value: Any, tangent: Any, level: int, index: Any) -> Any: ...
def derivative(f: Function, argnum: int, make: Function, collect: Function) -> Function: ...
def gradient(
    f: Function, argnum: int, make: Function, collect: Function, with_value: bool
) -> Function: ...
def jacobian(f: Function, argnum: int, make: Function, collect: Function) -> Function: ...
def hessian(f: Function, argnum: int, make: Function) -> Function: ...
