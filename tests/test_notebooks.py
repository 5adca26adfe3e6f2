"""The lessons: stored without outputs, run through without a warning, figures with captions,
exercises that are open as stored and right with the solutions at the lesson's end."""

from __future__ import annotations

import json
import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import dualad

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))  # none where only the package and its tests are
NEEDED = ("ipykernel", "matplotlib", "nbclient", "scipy", "sympy")
ENGINE = "# The engine of lesson 2"  # cells that begin with this line are the same in all lessons
CHECK = re.compile(r'^check\((.+), "(\d+\.\d+)"\)$', re.MULTILINE)
SOLUTION = re.compile(
    r"<details><summary>Solution (\d+\.\d+)</summary>\n\n(.*?)\n</details>", re.DOTALL
)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def solutions_of(notebook: dict[str, Any]) -> dict[str, str]:
    """The code of each solution, by the number of its exercise."""
    texts = [source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    found = {}
    for number, body in SOLUTION.findall("\n\n".join(texts)):
        assert number not in found, f"two solutions of {number}"
        found[number] = "\n".join(PYTHON.findall(body))
    return found


def check_stored(notebook: dict[str, Any], lesson: int) -> None:
    """A lesson as it is kept: outputs stripped, asserts at the end, exercises with solutions."""
    cells = notebook["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert list(notebook["metadata"]) == ["kernelspec"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert len({cell["id"] for cell in cells}) == len(cells)
    assert not any(cell["outputs"] or cell["execution_count"] or cell["metadata"] for cell in code)
    assert 20 <= len(cells) <= 64
    assert source(cells[0]).startswith(f"# {lesson} · ")
    assert "assert " in source(code[-1]), "the last code cell asserts the lesson's claims"

    text = "\n".join(map(source, code))
    for kind in ("Figure", "Table"):
        found = re.findall(rf'"{kind} (\d+\.\d+)\.', text)
        assert found == [f"{lesson}.{k}" for k in range(1, len(found) + 1)], kind

    asked = [CHECK.search(source(cell)) for cell in code if "check(" in source(cell)]
    numbers = [match[2] for match in asked if match]
    assert numbers == [f"{lesson}.{k}" for k in range(1, len(asked) + 1)]
    assert len(numbers) >= 3, "three exercises or more"
    functions = [match for match in asked if match and f"def {match[1]}(" in match.string]
    assert len(functions) >= 2, "two of them ask for code"
    solutions = solutions_of(notebook)
    assert list(solutions) == numbers
    for number, solution in solutions.items():
        last = CHECK.search(solution)
        assert last and last[2] == number and solution.endswith(last[0] + "\n"), number
    held = vars(import_module(f"dualad.teach.exercises.lesson{lesson:02}"))
    assert sum(name.startswith("exercise_") for name in held) == len(numbers)


def check_shown(outputs: list[Any]) -> None:
    """What a lesson shows when it is run: no warnings, and a caption for each figure."""
    assert [o.text for o in outputs if o.get("name") == "stderr"] == []
    assert any(o.output_type == "stream" for o in outputs)  # it did run
    for data in (output.get("data", {}) for output in outputs):
        html = data.get("text/html", "")
        if "image/png" in data or "image/svg+xml" in data or "<svg" in html or "<img" in html:
            assert "<figcaption" in html, "show figures by caption(figure, text)"
            assert not re.search(r'<img(?![^>]* alt="[^"]{12,}")', html)


# a lesson's warnings are outputs, seen below; those of Jupyter's own packages are no concern of it
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    stored = json.loads(text)
    check_stored(stored, int(path.name[:2]))
    for link in re.findall(r"\]\(([^):]+\.ipynb)\)", text):  # to other lessons
        assert (path.parent / link).exists(), link
    for name in NEEDED:
        pytest.importorskip(
            name, reason='notebooks need the extra: pip install "dualad[notebooks]"'
        )
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient

    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    solutions = solutions_of(stored)
    notebook.cells += [nbformat.v4.new_code_cell(solution) for solution in solutions.values()]
    folder = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, kernel_name="python3", resources=folder, timeout=600)
    manager = client.create_kernel_manager()
    manager.kernel_spec_manager = KernelSpecManager(kernel_dirs=[])  # this Python, no other kernel
    here = str(Path(dualad.__file__).parents[1])  # the dualad of this test, installed or not
    found = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {k: v for k, v in os.environ.items() if k not in ("MPLBACKEND", "PYTHONWARNINGS")}
    client.execute(env=environment | {"PYTHONPATH": os.pathsep.join(found)})

    check_shown([output for cell in notebook.cells for output in cell.get("outputs", ())])
    said: list[tuple[str, str]] = []  # by check: the exercise, and how its answer is marked
    for cell in notebook.cells:
        match = CHECK.search(cell.source) if cell.cell_type == "code" else None
        if match:
            said.append((match[2], cell.outputs[-1]["data"]["text/plain"][0]))
    assert said == [(n, "…") for n in solutions] + [(n, "✓") for n in solutions]


def test_the_engine_is_the_same_in_all_lessons() -> None:
    found = {
        source(cell)
        for path in NOTEBOOKS
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if source(cell).startswith(ENGINE)
    }
    assert len(found) <= 1
