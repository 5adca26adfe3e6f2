from collections.abc import Callable
from typing import Any

from .namespaces import Namespace
from .rules import Rule

Method = Callable[..., Any]

FINGERPRINT: int

def connect(
    kind: type, namespace: Namespace, be_quiet: Callable[[], Any], end_quiet: Callable[[Any], None]
) -> None: ...
def follow(ufunc: Any, rule: Rule) -> None: ...
def on_arrays(rule: Rule, args: tuple[Any, ...]) -> Any: ...
def operators(
    rule: Rule, forward: Method, reflected: Method, square: Rule | None = None
) -> tuple[Method, Method]: ...
def unary_operator(rule: Rule, general: Method) -> Method: ...
def ufunc_protocol(general: Method) -> Method: ...
def view(x: Any, index: Any) -> Any: ...
def connect_forms(
    kind: type,
    node: type,
    strong: Any,
    product: Method,
    narrowed: Method,
    numbers: Method,
) -> None: ...
