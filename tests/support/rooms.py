"""The rooms of a package: who imports whom, held against the order that its docs print."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

# What hands over to the rooms and is no room itself: it may import all of them, and none may
# import it.
DOORS = ("__init__.py", "__main__.py")


class Import(NamedTuple):
    """One import of a part of the package: who, whom, which of its names, and in which line."""

    importer: str
    imported: str
    name: str
    line: int


# -- the table ---------------------------------------------------------------------------------


def rooms_of(page: str) -> list[str]:
    """The rooms in the table of how-it-works.md, from top to bottom and from left to right."""
    section = page.partition("\n## The rooms\n")[2].partition("\n## ")[0]
    firsts = re.findall(r"^\| ([^|]*`[^|]*) \|", section, re.MULTILINE)
    return [name for cell in firsts for name in re.findall(r"`([^`]+)`", cell)]


def place_of(module: str, rooms: list[str]) -> int | None:
    """Where a module (a path in the package) stands: in a row of its own or its folder's."""
    compiled = module.replace(".pyi", ".pyx")  # where the types of a compiled one stand too
    for name in (compiled, *(f"{p.as_posix()}/" for p in Path(module).parents)):
        if name in rooms:
            return rooms.index(name)
    return None


# -- the imports -------------------------------------------------------------------------------


def modules_of(package: Path) -> list[str]:
    """The modules of a package, as paths in it, with the types of compiled ones."""
    found = [path for kind in ("*.py", "*.pyx", "*.pyi") for path in package.rglob(kind)]
    return sorted(path.relative_to(package).as_posix() for path in found)


def tree_of(path: Path) -> ast.Module:
    """A module as a tree; of a compiled one, only its imports."""
    text = path.read_text("utf-8")
    if path.suffix == ".pyx":
        text = "\n".join(map(import_in, text.splitlines()))
    return _parsed(text)


_parsed = functools.cache(ast.parse)


def import_in(line: str) -> str:
    """The import that a line of Cython starts, as one of Python's; else an empty line."""
    match = re.match(r"\s*(?:from\s+(\S+)\s+)?c?import\s+(\w[\w.]*)?", line)
    if not match:
        return ""
    module, name = match[1], match[2] or "names_in_the_lines_below"
    return f"from {module} import {name}" if module else f"import {name}"


def imports_of(package: Path) -> Iterator[Import]:
    """Every import of one part of the package by another, at every level of nesting."""
    modules = modules_of(package)
    for importer in modules:
        for node in ast.walk(tree_of(package / importer)):
            for target, name in targets(node, dotted(package, importer), importer):
                whole, parent = (found(package, t, modules) for t in (f"{target}.{name}", target))
                imported = whole or parent
                if imported and imported != importer:
                    yield Import(importer, imported, "" if whole else name, node.lineno)  # type: ignore[attr-defined]


def targets(node: ast.AST, module: str, path: str) -> Iterator[tuple[str, str]]:
    """(module, name) of what a node imports, relative names resolved."""
    parts = module.split(".") + ["__init__"] * path.endswith("__init__.py")
    match node:
        case ast.Import(names):
            yield from ((alias.name, "") for alias in names)
        case ast.ImportFrom(name, names, level):
            base = ".".join([*(parts[:-level] if level else []), *([name] if name else [])])
            yield from ((base, alias.name) for alias in names)
        case ast.Call(ast.Name(called) | ast.Attribute(attr=called), [ast.Constant(str(name)), *_]):
            if called in ("import_module", "__import__"):
                level = len(name) - len(name.lstrip("."))
                yield ".".join([*(parts[:-level] if level else []), name.lstrip(".")]), ""


def dotted(package: Path, path: str) -> str:
    """The name of a module in imports."""
    parts = (package.name, *Path(path).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def found(package: Path, name: str, modules: list[str]) -> str | None:
    """The path of a module of the package that is imported under a name, if there is one."""
    first, *rest = name.rstrip(".").split(".")
    path = "/".join(rest)
    names = (f"{path}.py", f"{path}.pyx", f"{path}/__init__.py" if path else "__init__.py")
    return next((n for n in names if first == package.name and n in modules), None)


# -- what is wrong -----------------------------------------------------------------------------


def problems(package: Path, page: str) -> list[str]:
    """What stands against the order of the rooms, one sentence each."""
    rooms, modules, imports = rooms_of(page), modules_of(package), list(imports_of(package))
    return [
        *missing(package, rooms, modules),
        *dict.fromkeys(upward(rooms, imports)),  # once for several names in one statement
        *(f"a circle: {' imports '.join(c)}" for c in circles(imports)),
    ]


def missing(package: Path, rooms: list[str], modules: list[str]) -> Iterator[str]:
    """Modules that stand in no row, and rows that stand for nothing."""
    for room in rooms:
        if not (package / room).exists():
            yield f"the table has {room}, which is not there"
    for module in modules:
        if module not in DOORS and place_of(module, rooms) is None:
            yield f"{module} stands in no row of the table"


def upward(rooms: list[str], imports: Iterable[Import]) -> Iterator[str]:
    """Imports of what stands below, or of the doors.

    Compiled modules import nothing of the package (what they use is handed to them), so that
    they may be loaded from anywhere, and stand in the table beside what they are twins of.
    """
    for importer, imported, _, line in imports:
        where = f"{importer}:{line} imports {imported}"
        here, there = place_of(importer, rooms), place_of(imported, rooms)
        if importer in DOORS or imported.endswith(".pyx"):
            continue
        if imported in DOORS:
            yield f"{where}, which hands over to the rooms"
        elif importer.endswith(".pyx"):
            yield f"{where}, but is compiled: it should be handed what it uses"
        elif here is not None and there is not None and here < there:
            yield f"{where}, which stands below it"


def circles(imports: Iterable[Import]) -> list[list[str]]:
    """A circle for each import that closes one, from its first name; doors are not looked at."""
    graph: dict[str, set[str]] = {}
    for importer, imported, _, _ in imports:
        if importer not in DOORS and imported not in DOORS:
            graph.setdefault(importer, set()).add(imported)
    closed: list[list[str]] = []
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> None:
        if module in path:
            circle = path[path.index(module) :]
            first = circle.index(min(circle))
            closed.append([*circle[first:], *circle[: first + 1]])
        elif module not in done:
            for imported in sorted(graph.get(module, ())):
                visit(imported, [*path, module])
            done.add(module)

    for module in sorted(graph):
        visit(module, [])
    return closed


def bad_names(package: Path) -> list[str]:
    """Functions and classes called `_`, and private names that another module imports."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    bad = [
        f"{module}:{node.lineno} defines `_`"
        for module in modules_of(package)
        for node in ast.walk(tree_of(package / module))
        if isinstance(node, kinds) and node.name == "_"
    ]
    for importer, imported, name, line in imports_of(package):
        if name.startswith("_") and not name.endswith("__"):
            bad.append(f"{importer}:{line} imports {name} of {imported}")
    return bad
