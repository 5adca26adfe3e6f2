"""What lifting/ uses of the compiled hooks."""

from collections.abc import Callable
from types import CodeType
from typing import Any

Function = Callable[..., Any]

FINGERPRINT: int
Callee: type
Getter: Function
Method: Function
Setter: Function
Iterable: type
Row: Function
Answer: Function
ComplexRow: Function
Several: Function
COMPOSITES: dict[str, int]
Lists: Function
ListOperator: Function
Membership: Function
Memoised: Function
Remainder: Function
Fresh: type
Maker: Function
Whole: type
Room: type

def connect(
    given_functions: dict[Any, Function],
    given_stand_in: Function,
    given_code_for: Function,
    read: Function,
    write: Function,
    walk: Function,
) -> None: ...
def connect_arrays(dual_array: type, buffer: type, memory: type) -> None: ...
def connect_memos(
    memo: type, kept: type, parts: tuple[type, ...], memos: dict[int, Any]
) -> None: ...
def connect_others(is_of_others: Function, lent: Function) -> None: ...
def connect_reach(needs: Function, twin_of: Function) -> None: ...
def combined(y: float, numbers: list[Any], slopes: list[float]) -> Any: ...
def operators_of_rooms(f: Function, unbuffered: Function) -> tuple[Function, Function]: ...
def values_of(numbers: list[Any]) -> list[Any] | None: ...
def needs(f: Function) -> bool: ...
def needs_anew(f: Function) -> bool: ...
def get_note(code: CodeType, default: Any) -> Any: ...
def set_note(code: CodeType, value: Any) -> None: ...
def stand_in_for(x: Any) -> Any: ...
def begin() -> None: ...
def end() -> int: ...
