"""Rewrites functions of the standard library with hooks that change nothing, and runs them.

Needs nothing but the standard library, so that it runs on any Python:

    python tests/support/rewritten_library.py dualad/lifting/bytecode.py
"""

from __future__ import annotations

import argparse
import ast
import configparser
import contextlib
import copy
import dataclasses
import fractions
import graphlib
import importlib.util
import json.decoder
import json.encoder
import operator
import statistics
import sys
import textwrap
import tomllib
import types
import unittest
from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

asked: Counter[str] = Counter()


class Same:
    """Gives back what it is asked about."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __matmul__(self, x: Any) -> Any:
        asked[self.kind] += 1
        assert self.kind != "callee" or callable(x)
        return x


class Getter:
    def __init__(self, name: str) -> None:
        self.name = name

    def __matmul__(self, x: Any) -> Any:
        asked["getter"] += 1
        return getattr(x, self.name)


class Setter:
    def __init__(self, name: str) -> None:
        self.name = name

    def __matmul__(self, pair: Any) -> None:
        asked["setter"] += 1
        setattr(pair[1], self.name, pair[0])


class Deleter:
    def __init__(self, name: str) -> None:
        self.name = name

    def __matmul__(self, x: Any) -> None:
        asked["deleter"] += 1
        delattr(x, self.name)


class Applied:
    """Applies an operator to the tuple of its operands."""

    def __init__(self, f: Callable[..., Any], kind: str = "operator") -> None:
        self.f, self.kind = f, kind

    def __matmul__(self, operands: Any) -> Any:
        asked[self.kind] += 1
        return self.f(*operands)


OPERATORS = {
    **{"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv},
    **{"%": operator.mod, "%=": operator.imod, "+=": operator.iadd, "-x": operator.neg},
    **{"==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt},
    **{"in": lambda x, y: x in y, "not in": lambda x, y: x not in y},
    "[]": operator.getitem,
    "[]=": lambda value, x, i: operator.setitem(x, i, value),
    "del []": operator.delitem,
    "truth": bool,
}


def everything(n: Any) -> list[Any]:
    """Calls of all forms, loops, handlers, generators, comprehensions, matches."""
    out: list[Any] = []

    class A:
        __slots__ = ("gone", "v")

        def __init__(self, v: Any) -> None:
            self.v = v

        def get(self, *a: Any, k: int = 1, **kw: Any) -> Any:
            return self.v + sum(a) + k + sum(kw.values())

        @property
        def twice(self) -> Any:
            return self.v * 2

    class B(A):
        def get(self, *a: Any, **k: Any) -> Any:
            return super().get(*a, **k) + super(B, self).get(1)  # noqa: UP008

    x, args, kwargs = B(n), (1, 2), {"k": 5}
    out += [x.get(1, 2, k=3, z=4), x.get(*args, **kwargs), x.get(*args), x.get(0, *args, k=2)]
    x.v += 2
    out += [x.twice, [i * j for i in range(3) for j in range(4) if i != j]]
    out += [{k: v + 1 for k, v in zip("ab", [1, 2], strict=True)}, f"{n:>5}{n!r}{x.v=}"]
    try:
        try:
            raise ValueError(1)
        except* ValueError as e:
            out.append(len(e.exceptions))
        [].pop()
    except IndexError as e:
        out.append(str(e))
    finally:
        out.append("finally")
    with contextlib.suppress(KeyError), contextlib.nullcontext(3) as entered:
        out.append(entered)
        {}["x"]
    match {"a": [1, 2, 3]}:
        case {"a": [first, *rest]}:
            out.append((first, rest))

    def generator() -> Any:
        got = yield 1
        yield from (got, 2)

    walk = generator()
    next(walk)
    out += [walk.send(7), list(walk)]
    i = 0
    while True:
        i += 1
        if i > 300:
            break
        if i % 2:
            continue
        for j in range(3):
            if j == 2:
                break
        else:
            out.append("never")
    first, *rest = range(n)
    second, third = f"{first:{n}}", f"{rest!r:>9}"
    x.gone = x.v and (not x.v or [] or second)
    del x.gone
    out += [third, *rest, *(0 < first < n or first > n,), {*rest, 5}]
    out.append((lambda *a, **k: (a, k, i))(1, b=2))  # noqa: PLC3002
    out.append(sorted("bca", key=lambda c: -ord(c)))
    return out


async def numbers(n: int) -> AsyncIterator[int]:
    for i in range(n):
        yield i


@contextlib.asynccontextmanager
async def managed() -> AsyncIterator[int]:
    yield 5


async def awaiting(n: int) -> list[int]:
    found = [i async for i in numbers(n)]
    async for i in numbers(n):
        found.append(i)
        if i > 2:
            break
    async with managed() as v:
        found.append(v)
    found.append(await Waiting(n))
    return found


class Waiting:
    def __init__(self, n: int) -> None:
        self.n = n

    def __await__(self) -> Generator[None, None, int]:
        yield
        return self.n


def run(coroutine: Any) -> Any:
    try:
        while True:
            coroutine.send(None)
    except StopIteration as end:
        return end.value


def long_function() -> Callable[[int], int]:
    """One whose jumps and constants need more than a byte."""
    lines = [f"  if x > {k} and i != {k % 3}: t += g(x, {k})\n" for k in range(900)]
    source = "".join(("def big(x):\n t = 0\n for i in range(3):\n", *lines, " return t\n"))
    names: dict[str, Any] = {"g": lambda a, k: a + k}
    exec(source, names)
    found: Callable[[int], int] = names["big"]
    return found


def use_of_the_library() -> list[Any]:
    parser = argparse.ArgumentParser(prog="x")
    parser.add_argument("--n", type=int, default=3)
    parser.add_argument("files", nargs="*")
    options = configparser.ConfigParser()
    options.read_string("[a]\nb=1\n")

    @dataclasses.dataclass(order=True)
    class Point:
        x: int
        y: list[int] = dataclasses.field(default_factory=list)

    class Case(unittest.TestCase):
        def test(self) -> None:
            with self.subTest(a=1), self.assertRaises(ValueError):
                int("x")

    result = unittest.TestResult()
    Case("test").run(result)
    return [
        statistics.stdev([1.0, 2.0, 4.0]),
        statistics.linear_regression([1, 2, 3], [2, 4, 6.5]),
        fractions.Fraction(3, 4) + fractions.Fraction("1/3"),
        textwrap.wrap("a bb ccc dddd eeeee " * 5, 20),
        (Point(1) < Point(2), repr(dataclasses.replace(Point(1), x=3)).rpartition(".")[2]),
        json.decoder.JSONDecoder().decode('{"a": [1, 2.5, null]}'),
        json.encoder.JSONEncoder(indent=1).encode({"a": [1]}),
        (parser.parse_args(["--n", "4", "u"]).n, parser.format_help()),
        options["a"].getint("b"),
        tomllib.loads("a = [1, 2]\n[b]\nc = 'x'"),
        list(graphlib.TopologicalSorter({1: {2}, 2: {3}}).static_order()),
        ast.unparse(ast.parse("x = [i for i in range(3) if i]\nasync def f(): pass")),
        copy.deepcopy({"a": [1, (2,)]}),
        result.wasSuccessful(),
    ]


def functions_of(module: Any) -> set[types.FunctionType]:
    found: set[types.FunctionType] = set()

    def visit(x: Any, depth: int) -> None:
        if isinstance(x, (staticmethod, classmethod)):
            x = x.__func__
        if isinstance(x, types.FunctionType):
            if x.__module__ == module.__name__:
                found.add(x)
        elif isinstance(x, property):
            visit(x.fget, depth)
            visit(x.fset, depth)
        elif isinstance(x, type) and x.__module__ == module.__name__ and depth < 3:
            for member in list(vars(x).values()):
                visit(member, depth + 1)

    for x in list(vars(module).values()):
        visit(x, 0)
    return found


def main(path: str) -> None:
    spec = importlib.util.spec_from_file_location("bytecode", path)
    assert spec is not None and spec.loader is not None
    bytecode = importlib.util.module_from_spec(spec)
    sys.modules["bytecode"] = bytecode
    spec.loader.exec_module(bytecode)
    kinds = ("iterable", "special", "manager", "fresh")
    same = {kind: Same(kind) for kind in kinds}
    hooks = bytecode.Hooks(
        callee=lambda: Same("callee"),
        operators={symbol: Applied(f) for symbol, f in OPERATORS.items()},
        of_lists={symbol: Applied(OPERATORS[symbol], "of lists") for symbol in ("+", "*", "+=")},
        getter=Getter,
        method=Getter,
        setter=Setter,
        deleter=Deleter,
        is_plain=lambda _: False,
        **same,
    )

    def rewrite(f: types.FunctionType) -> None:
        f.__code__ = bytecode.rewritten(f.__code__, hooks, lambda _: None)

    def results() -> list[Any]:
        return [everything(3), run(awaiting(5)), big(450), use_of_the_library()]

    big = long_function()
    expected = results()
    assert not asked
    modules = (argparse, ast, configparser, contextlib, copy, dataclasses, fractions, graphlib)
    modules += (json.decoder, json.encoder, statistics, textwrap, tomllib._parser, unittest.case)  # type: ignore
    functions = set().union(*(functions_of(module) for module in modules))
    functions |= {everything, awaiting, numbers, use_of_the_library, big}
    for f in functions:
        lines = [line for *_, line in f.__code__.co_lines() if line is not None]
        rewrite(f)
        new = [line for *_, line in f.__code__.co_lines() if line is not None]
        assert list(dict.fromkeys(new)) == list(dict.fromkeys(lines))
    assert results() == expected
    print(len(functions), dict(asked))
    assert len(functions) > 500 and len(asked) == 10


if __name__ == "__main__":
    main(sys.argv[1])
