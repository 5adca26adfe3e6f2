"""The rooms of the package stand in the order that the docs print, and use only those above."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from support.rooms import bad_names, circles, imports_of, modules_of, problems, rooms_of

import dualad

PACKAGE = Path(str(dualad.__file__)).parent
ROOMS = Path(__file__).parents[1] / "docs" / "how-it-works.md"


def test_each_room_uses_only_rooms_above_it() -> None:
    found = problems(PACKAGE, ROOMS.read_text("utf-8"))
    assert not found, "\n".join(found)


def test_what_others_use_has_a_name_of_its_own() -> None:
    found = bad_names(PACKAGE)
    assert not found, "\n".join(found)


def test_the_picture_has_rooms_of_the_table_in_its_order() -> None:
    picture = (ROOMS.parent / "pictures" / "rooms.svg").read_text("utf-8")
    shown = re.findall(r"[a-z_]+(?:\.pyx?|/)(?= ·|<)", picture)
    rooms = rooms_of(ROOMS.read_text("utf-8"))
    assert len(shown) > 20
    kernel = shown.index("_kernel.pyx")
    for part in (shown[:kernel], shown[kernel:]):
        assert part == sorted(part, key=rooms.index)


def test_the_definition_is_read_in_one_sitting() -> None:
    said = ROOMS.read_text("utf-8").partition("The definition, which is read in one sitting, is")[2]
    names = re.findall(r"`(\w+\.py)`", said.partition("(")[0])
    lines = {name: len((PACKAGE / name).read_text("utf-8").splitlines()) for name in names}
    assert set(lines) >= {"rules.py", "levels.py", "pair.py", "dual.py", "passes.py"}
    assert sum(lines.values()) <= 1150, lines


def test_no_class_asks_whether_there_is_a_kernel() -> None:
    found = [
        f"{path.name}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for kind in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(kind, ast.ClassDef)
        for node in ast.walk(kind)
        if isinstance(node, ast.Name) and node.id in ("KERNEL", "ARRAY_KERNEL", "DRIVERS")
    ]
    assert not found


# -- that the test can fail --------------------------------------------------------------------

TABLE = """
## The rooms

| room | what is in it |
|---|---|
| `rules.py`, `dual.py` | the table; `apply` |
| `_fast.pyx` | compiled |
| `array/` | arrays |
| `drivers.py` | grad |

## Next

| `other.py` | not a room |
"""
HOUSE = {
    "__init__.py": "from .drivers import grad\nfrom .array import Array",
    "__main__.py": "from . import grad",
    "rules.py": "import math\nTABLE = {}",
    "dual.py": "from .rules import TABLE\ndef load():\n    from . import _fast",
    "_fast.pyi": "from .rules import TABLE",
    "_fast.pyx": "import numpy\nfrom cpython.ref cimport (\n    Py_REFCNT,\n)\ncdef int f(int x): return x",
    "array/__init__.py": "from .dualarray import Array",
    "array/algebra.py": "from ..dual import load",
    "array/dualarray.py": "from . import algebra\nimport house.rules",
    "drivers.py": "from house.array import Array\nfrom .array import algebra\nfrom . import dual",
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    package = tmp_path / "house"
    (package / "array").mkdir(parents=True)
    for name, text in HOUSE.items():
        (package / name).write_text(text)
    return package


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + "\n" + text)


def test_the_table_is_read_in_its_order() -> None:
    assert rooms_of(TABLE) == ["rules.py", "dual.py", "_fast.pyx", "array/", "drivers.py"]
    assert rooms_of(ROOMS.read_text("utf-8"))


def test_imports_are_found_and_resolved(house: Path) -> None:
    found = {(i.importer, i.imported, i.name) for i in imports_of(house)}
    assert found == {
        ("__init__.py", "drivers.py", "grad"),
        ("__init__.py", "array/__init__.py", "Array"),
        ("__main__.py", "__init__.py", "grad"),
        ("dual.py", "rules.py", "TABLE"),
        ("dual.py", "_fast.pyx", ""),
        ("_fast.pyi", "rules.py", "TABLE"),
        ("array/__init__.py", "array/dualarray.py", "Array"),
        ("array/algebra.py", "dual.py", "load"),
        ("array/dualarray.py", "array/algebra.py", ""),
        ("array/dualarray.py", "rules.py", ""),
        ("drivers.py", "array/__init__.py", "Array"),
        ("drivers.py", "array/algebra.py", ""),
        ("drivers.py", "dual.py", ""),
    }
    assert len(modules_of(house)) == len(HOUSE)


def test_a_house_in_order_has_no_problems(house: Path) -> None:
    assert problems(house, TABLE) == [] == bad_names(house)


@pytest.mark.parametrize(
    "statement",
    [
        "from .drivers import grad",
        "from . import drivers",
        "import house.drivers as d",
        "from house.drivers import grad",
        "def f():\n    def g():\n        from house import drivers",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .drivers import grad",
        "try:\n    pass\nexcept ImportError:\n    import house.drivers",
        "import importlib\nd = importlib.import_module('house.drivers')",
        "from importlib import import_module\nd = import_module('.drivers', __package__)",
        "d = __import__('house.drivers')",
        "class A:\n    from .drivers import grad",
    ],
)
@pytest.mark.parametrize("room", ["rules.py", "array/algebra.py"])
def test_an_import_of_a_room_below_is_found(house: Path, room: str, statement: str) -> None:
    if "/" in room:
        statement = statement.replace("from .", "from ..").replace("'.", "'..")
    append(house / room, statement)
    (found, *others) = problems(house, TABLE)
    assert found.startswith(f"{room}:")
    assert found.endswith("imports drivers.py, which stands below it")
    # drivers.py uses array/, which is a circle; it does not use rules.py but through others
    assert len(others) >= 1 and all(o.startswith("a circle: ") for o in others)


def test_the_order_holds_inside_a_row_too(house: Path) -> None:
    append(house / "rules.py", "from .dual import load")
    below, circle = problems(house, TABLE)
    assert below == "rules.py:3 imports dual.py, which stands below it"
    assert circle == "a circle: dual.py imports rules.py imports dual.py"


def test_a_circle_within_a_folder_is_found(house: Path) -> None:
    append(house / "array" / "algebra.py", "def f():\n    from .dualarray import Array")
    (circle,) = problems(house, TABLE)
    assert (
        circle == "a circle: array/algebra.py imports array/dualarray.py imports array/algebra.py"
    )
    assert len(circles(imports_of(house))) == 1


def test_a_module_without_a_row_and_a_row_without_a_module(house: Path) -> None:
    (house / "extra.py").write_text("")
    (house / "teach").mkdir()
    (house / "teach" / "graph.py").write_text("")
    (house / "drivers.py").unlink()
    (house / "__init__.py").write_text("")
    assert problems(house, TABLE) == [
        "the table has drivers.py, which is not there",
        "extra.py stands in no row of the table",
        "teach/graph.py stands in no row of the table",
    ]


def test_the_doors_are_not_imported(house: Path) -> None:
    append(house / "drivers.py", "def f():\n    import house")
    assert problems(house, TABLE) == [
        "drivers.py:5 imports __init__.py, which hands over to the rooms"
    ]


def test_compiled_modules_import_nothing_of_the_package(house: Path) -> None:
    append(house / "_fast.pyx", "def g(x):\n    from .rules import TABLE")
    assert problems(house, TABLE) == [
        "_fast.pyx:7 imports rules.py, but is compiled: it should be handed what it uses"
    ]


def test_types_of_compiled_modules_use_rooms_above_them(house: Path) -> None:
    append(house / "_fast.pyi", "from .drivers import grad")
    assert problems(house, TABLE) == ["_fast.pyi:2 imports drivers.py, which stands below it"]


def test_names(house: Path) -> None:
    append(house / "rules.py", "def _(x):\n    def _hidden(): pass")
    append(house / "dual.py", "class _: pass\nfrom .rules import _hidden, __doc__")
    assert bad_names(house) == [
        "dual.py:4 defines `_`",
        "rules.py:3 defines `_`",
        "dual.py:5 imports _hidden of rules.py",
    ]
