"""The docs site: `python -m nox -s docs`, or `sphinx-build -W -c docs . build/docs`.

The root of the sources is that of the repository, so that the lessons, the benchmarks and the
change log are pages by reference, and links between files are the same here and in the repository.
Lessons are executed once and kept in build/; with DUALAD_DOCS_EXECUTE=off they have no outputs.
Nothing is loaded from the network when the site is read.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert

import dualad

HOME = Path(__file__).parent.parent

project = "dualad"
author = "The dualad developers"
copyright = "The dualad developers, MIT license"
version = release = dualad.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "notebooks/**.ipynb",
    "notebooks/**README.md",
    "benchmarks/*.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
]
exclude_patterns = [".*", "build", "dist", "tests", "dualad", "**/.ipynb_checkpoints"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = os.environ.get("DUALAD_DOCS_EXECUTE", "cache")
nb_execution_cache_path = str(HOME / "build" / "lessons")
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_typehints = "none"  # the docstrings say what goes in
napoleon_use_rtype = False
napoleon_use_ivar = True
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

html_math_renderer = "mathml"
pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_theme = "furo"
html_title = f"dualad {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
templates_path = ["_templates"]
html_additional_pages = {"index": "to_home.html"}
html_show_sphinx = False
html_copy_source = False


def mathml(formula: str, display: str = "inline") -> str:
    """A formula as MathML; dots above letters are accents, else they are as small as indices."""
    text = convert(formula, display=display)
    return re.sub(r"<mover>(<mi>.</mi><mo>&#x002D9;)", r'<mover accent="true">\1', text)


def inline_formula(writer: Any, node: nodes.Element) -> None:
    """A formula as MathML, which browsers show without a script."""
    writer.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def block_formula(writer: Any, node: nodes.Element) -> None:
    """The same, on lines of its own."""
    text = node.astext()
    if "\\\\" in text and "\\begin" not in text:
        text = f"\\begin{{gathered}}{text}\\end{{gathered}}"
    writer.body.append(f'<div class="math">{mathml(text, "block")}</div>')
    raise nodes.SkipNode


def prepare(app: Any, docname: str, source: list[str]) -> None:
    """Drop the empty line that ends an example for doctest; list lessons and programs."""
    source[0] = source[0].replace("\n\n```\n", "\n```\n")
    if docname == "notebooks/README":
        source[0] += "\n```{toctree}\n:glob:\n:hidden:\n\n[0-9]*\n```\n"
    if docname == "notebooks/gallery/README":
        for path in sorted((HOME / "notebooks" / "gallery").glob("*.py")):
            title = path.stem.replace("_", " ").capitalize()
            source[0] += f"\n## {title}\n\n```{{literalinclude}} {path.name}\n```\n"


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (inline_formula, None), (block_formula, None))
    app.connect("source-read", prepare)
