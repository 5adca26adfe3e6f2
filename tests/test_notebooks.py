"""The notebooks: stored without outputs, of a readable length, and run through without a warning."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

import dualad

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))  # none where only the package and its tests are
NEEDED = ("ipykernel", "matplotlib", "nbclient", "scipy", "sympy")


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def check_stored(notebook: dict[str, Any]) -> None:
    """A lesson as it is kept: outputs stripped, 20 to 40 cells, asserts at the end."""
    cells = notebook["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert list(notebook["metadata"]) == ["kernelspec"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert len({cell["id"] for cell in cells}) == len(cells)
    assert not any(cell["outputs"] or cell["execution_count"] or cell["metadata"] for cell in code)
    assert 20 <= len(cells) <= 40
    assert source(cells[0]).startswith("# ")
    assert "assert " in source(code[-1]), "the last code cell asserts the lesson's claims"
    answers = [cell for cell in cells if "<summary>Answer</summary>" in source(cell)]
    assert len(answers) >= 3, "three exercises with hidden answers"


# a lesson's warnings are outputs, seen below; those of Jupyter's own packages are no concern of it
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    check_stored(json.loads(text))
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
    folder = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, kernel_name="python3", resources=folder, timeout=600)
    manager = client.create_kernel_manager()
    manager.kernel_spec_manager = KernelSpecManager(kernel_dirs=[])  # this Python, no other kernel
    here = str(Path(dualad.__file__).parents[1])  # the dualad of this test, installed or not
    found = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {k: v for k, v in os.environ.items() if k not in ("MPLBACKEND", "PYTHONWARNINGS")}
    client.execute(env=environment | {"PYTHONPATH": os.pathsep.join(found)})

    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert [o.text for o in outputs if o.get("name") == "stderr"] == []  # warnings among them
    assert any(o.output_type == "stream" for o in outputs)  # it did run
