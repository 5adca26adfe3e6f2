"""explain: a trace as a page in which one steps through it, forward and back.

The page is one file that needs no network: the table and the graph of the trace, the rows of the
table of rules that they use, written as JavaScript, and `page.js`, which calculates with these what
one sees. Where a row cannot be written so, as arrays and solvers, the page shows the numbers that
it was made with, and says that they cannot be changed.
"""

from __future__ import annotations

import inspect
import json
import math
import textwrap
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ..arguments import Argnums
from ..frames import is_ours
from ..promises import NotDeterministicError
from ..text import is_real, number_text
from .backward import trace_backward
from .formula import Formula, Number, Variable
from .forward import trace_forward
from .graph import ANY_NUMBER, Graph
from .javascript import NotInJavaScript, Written
from .printers import MathML, Text
from .recording import Given
from .rows import Row
from .trace import Trace

HERE = Path(__file__).parent
LARGEST = 150  # rows
Listing = tuple[str, int]


class Page:
    """What `explain` gives for a function; Jupyter shows it, `save` writes it.

    Attributes
    ----------
    forward, backward : Trace
        The same steps with their tangents, and with their adjoints.
    listing : (str, int)
        The function's source, where there is one, and the number of its first line.
    unwritten : tuple of str
        What JavaScript cannot calculate, and for which there are no sliders: rows, and functions
        such as floor, whose plain numbers are constants of the trace.

    Examples
    --------
    >>> from dualad.teach import explain
    >>> explain(lambda x: x * x, 3.0)
    <page of <lambda>: 1 step>
    """

    def __init__(
        self,
        forward: Trace,
        backward: Trace | None,
        listing: Listing = ("", 1),
        steps: tuple[str, ...] = (),
    ) -> None:
        self.forward, self.backward, self.listing = forward, backward, listing
        self._written = Written()
        rows = [row.name or row.expression for row in forward.rows if not self._can_write(row)]
        self.unwritten = (*steps, *rows)

    def __repr__(self) -> str:
        count = len(self.forward.steps)
        return f"<page of {self.forward.title}: {count} step{'s' * (count != 1)}>"

    def _repr_html_(self) -> str:
        """In a frame, so that its style and its script are its own."""
        page = escape(self.to_html(), quote=True)
        title = escape(f"the steps of {self.forward.title}", quote=True)
        return (
            f'<iframe title="{title}" srcdoc="{page}" '
            'style="width:100%;height:640px;border:0"></iframe>'
        )

    def _can_write(self, row: Row) -> bool:
        numbers = [row.value, *(a.value for a in row.args if isinstance(a, Number))]
        if not all(map(_is_float, numbers)):
            return False
        if row.kind != "step":
            return True
        if row.rule is None:
            return False
        try:
            self._written.add(row.rule.name)
        except NotInJavaScript:
            return False
        return True

    def to_html(self) -> str:
        """The whole page.

        Returns
        -------
        str
        """
        title = escape(self.forward.title)
        picture = Graph(self.backward or self.forward, fold=False, others=self._numbers())
        wide, least = round(picture.width), round(0.7 * picture.width)  # where text is legible
        size = f"max-width:{wide}px;min-width:{least}px"
        graph = f'<div class="picture" style="{size}">{picture.to_svg()}</div>'
        script = "\n".join([self._data(), self._written.text(), _file("page.js")])
        return (
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}, step by '
            'step</title><meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<style>{_file("page.css")}</style></head>\n<body><main id="page" class="forward">'
            f"<h1>{title}, step by step</h1>{self._controls()}{self._sliders()}"
            '<p id="status" role="status" aria-live="polite"></p>'
            f'<p id="printed"></p><p id="note" role="alert"></p>{self._listing()}\n'
            f'<div class="panes"><div class="scrolls" tabindex="0" role="region" '
            f'aria-label="the steps as a table">{self._table()}</div>\n'
            f'<div class="scrolls" tabindex="0" role="region" aria-label="the steps as a graph">'
            f"{graph}</div></div></main>\n<script>\n{script}</script></body></html>\n"
        )

    def save(self, path: str | Path) -> None:
        """Write the page to a file, which any browser shows.

        Parameters
        ----------
        path : str or Path
            Its name, with the ending .html.

        Raises
        ------
        ValueError
            If the name has another ending.
        """
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"a page is saved as HTML; got {path.name!r}, write page.html.")
        path.write_text(self.to_html(), encoding="utf-8")

    # parts

    def _numbers(self) -> dict[str, list[str]]:
        """The numbers that a row may show, in any direction and both ways."""
        both = zip(self.forward.rows, (self.backward or self.forward).rows, strict=True)
        return {
            row.name: [ANY_NUMBER, *map(number_text, (row.value, *row.tangents, *back.adjoints))]
            for row, back in both
            if row.kind != "branch"
        }

    def _controls(self) -> str:
        buttons = [("first", "|◀", "To the beginning"), ("back", "◀", "One step back"),
                   ("next", "▶", "Next step"), ("end", "▶|", "To the end")]  # fmt: skip
        modes = ["forward", "reverse"] if self.backward else ["forward"]
        options = "".join(f'<option value="{m}">{m}</option>' for m in modes)
        return (
            '<div class="controls" role="group" aria-label="Steps">'
            + "".join(
                f'<button id="{key}" type="button" title="{name}" aria-label="{name}">{sign}'
                "</button>"
                for key, sign, name in buttons
            )
            + f'<label>mode <select id="mode">{options}</select></label>'
            '<label>derivative <select id="direction"></select></label></div>'
        )

    def _sliders(self) -> str:
        if self.unwritten:
            many = "" if len(self.unwritten) < 6 else ", …"
            names = escape(", ".join(self.unwritten[:5]) + many)
            return (
                f"<p>The inputs cannot be changed here, for this page cannot calculate {names} by "
                "itself.</p>"
            )
        parts = []
        for i, row in enumerate(self.forward.rows):
            if row.kind != "input":
                continue
            x = float(row.value)
            reach = max(abs(x), 1.0)
            name = escape(Text()(row.formula))
            least, most = (_shortest(float(f"{x + k * reach:.6g}")) for k in (-2, 2))
            common = f'data-input="{i}" value="{_shortest(x)}" step="any"'
            parts.append(
                f'<label><span>{name}</span><input type="range" aria-label="{name}" '
                f'min="{least}" max="{most}" {common}>'
                f'<input type="number" aria-label="{name}, as a number" {common}></label>'
            )
        return f'<div class="sliders" role="group" aria-label="Inputs">{"".join(parts)}</div>'

    def _listing(self) -> str:
        """The function as it was written; the line of a step is marked."""
        text, first = self.listing
        lines = "".join(
            f'<span data-line="{i}">{escape(line)}</span>\n'
            for i, line in enumerate(text.splitlines(), first)
        )
        title = escape(self.forward.title)
        shown = f'<details open><summary>{title}</summary><pre tabindex="0">{lines}</pre></details>'
        return shown if text else ""

    def _table(self) -> str:
        show = MathML()

        def math(x: Formula) -> str:
            return f'<math displaystyle="true">{show(x)}</math>'

        lines = []
        backward = self.backward.rows if self.backward else self.forward.rows
        for i, (row, back) in enumerate(zip(self.forward.rows, backward, strict=True)):
            code = f"<code>{escape(row.source)}</code>" if row.source else ""
            if row.kind == "branch":
                cells = (
                    f'<th scope="row"></th><td>{math(row.formula)} ?</td>'
                    '<td class="n shown" data-value></td>'
                    '<td class="tangent" colspan="2"></td><td class="adjoint" colspan="3"></td>'
                )
            else:
                shares = "".join(
                    f'<div data-share="{k}">{math(share.whose)} <span>=</span> '
                    f"{math(share.formula)} = <span data-number></span></div>"
                    for k, share in enumerate(back.shares)
                    if row.kind != "input"
                )
                cells = (
                    f'<th scope="row">{math(row.variable)}</th><td>{math(row.formula)}</td>'
                    '<td class="n shown" data-value></td>'
                    f'<td class="tangent">{math(row.tangent_formula)}</td>'
                    '<td class="n tangent shown" data-tangent></td>'
                    f'<td class="adjoint">{math(row.variable.adjoint)}</td>'
                    f'<td class="n adjoint" data-adjoint></td><td class="adjoint">{shares}</td>'
                )
            lines.append(f'<tr data-row="{i}">{cells}<td>{code}</td></tr>')
        head = (
            '<th scope="col" colspan="2">step</th><th scope="col">value</th>'
            '<th scope="col" class="tangent" colspan="2">tangent</th>'
            '<th scope="col" class="adjoint" colspan="2">adjoint</th>'
            '<th scope="col" class="adjoint">gives back</th><th scope="col">source</th>'
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"

    def _data(self) -> str:
        rows = self.forward.rows
        backward = self.backward.rows if self.backward else rows
        place = {row.variable: i for i, row in enumerate(rows) if row.kind != "branch"}
        template = _Template(place)
        is_live = not self.unwritten
        count = {"input": 0, "output": 0}
        data = []
        for row, back in zip(rows, backward, strict=True):
            data.append(self._row(row, back, place, template, is_live, count))
            if row.kind in count:
                count[row.kind] += 1
        outputs = [Text()(v) for v in (self.backward.of or ())] if self.backward else []
        values = {
            "ROWS": data,
            "LIVE": is_live,
            "DIRECTIONS": [f"in {w}" for w in self.forward.wrt],
            "OUTPUTS": [f"of {y}" for y in outputs],
        }
        return "\n".join(f"const {name} = {_literal(value)};" for name, value in values.items())

    def _row(
        self, row: Row, back: Row, place: dict[Variable, int], template: _Template,
        is_live: bool, count: dict[str, int],
    ) -> dict[str, Any]:  # fmt: skip
        show = Text()
        result: dict[str, Any] = {
            "kind": row.kind,
            "name": row.name,
            "line": row.line,
            "source": row.source,
            "text": "" if row.kind == "input" else show(row.formula),
            "template": "" if row.kind in ("input", "output") else template(row.formula),
            "args": [],
            "shares": [],
            "value": row.value if row.kind == "branch" else _number(row.value, is_live),
            "tangents": [number_text(t) for t in row.tangents],
            "adjoints": [number_text(a) for a in back.adjoints],
            "slopes": [[place[v], number_text(s)] for v, s in back.slopes.items() if s is not None],
        }
        if row.kind == "branch":
            question: Any = row.formula
            result["sign"] = question.sign
        else:
            result |= {
                "dot": show(row.variable.tangent),
                "bar": show(row.variable.adjoint),
                "tangentText": "" if row.kind == "input" else show(row.tangent_formula),
                "tangentTemplate": "" if row.kind == "input" else template(row.tangent_formula),
            }
        if row.kind == "input":
            result |= {"now": result["value"], "direction": count["input"]}
        elif row.kind == "output":
            result |= {"output": count["output"], "args": [_argument(row.formula, place)]}
        elif is_live:
            result["args"] = [_argument(a, place) for a in row.args]
            result["rule"] = row.rule.name if row.rule else None
        for share in back.shares if row.kind != "input" else ():
            whose = share.whose
            assert isinstance(whose, Variable)
            result["shares"].append(
                {
                    "row": place[Variable(whose.letter, whose.index)],
                    "whose": show(whose),
                    "text": show(share.formula),
                    "template": template(share.formula),
                    "values": [number_text(v) for v in share.values],
                }
            )
        return result


def explain_function(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    wrt: Argnums | None,
    lift: bool | None,
) -> Page:
    """The page of a function at these arguments."""
    code = explain_function.__code__
    keys = tuple(Given(f, args, kwargs, wrt, is_forward=False).keys)
    title = getattr(f, "__name__", type(f).__name__)
    rows, names, steps = trace_forward(f, args, kwargs, keys, lift, code, is_alone=True)
    if len(rows) > LARGEST:
        raise ValueError(
            f"explain shows functions of up to {LARGEST} steps, and this one takes {len(rows)}; "
            "explain it at a smaller problem, or write trace(f, …)."
        )
    if any(is_array_output(row) for row in rows):
        return Page(Trace(title, rows, names), None, _listing_of(f), steps)
    back, labels, of = trace_backward(f, args, kwargs, keys, lift, code)
    if len(rows) != len(back) or not all(map(_is_same, rows, back)):
        raise NotDeterministicError(
            "explain: the function took other steps, or other values, when it ran again for "
            "reverse mode; it must do the same each time, without random numbers, counters or "
            "data that it modifies."
        )
    return Page(Trace(title, rows, names), Trace(title, back, labels, of), _listing_of(f), steps)


def _listing_of(f: Callable[..., Any]) -> Listing:
    """The source of a function and its first line; nothing for one that stands for another."""
    code = getattr(f, "__code__", None)
    if code is None or is_ours(code.co_filename) or hasattr(f, "__wrapped__"):
        return "", 1
    try:
        lines, first = inspect.getsourcelines(code)
    except (OSError, SyntaxError):  # not in a file, or written over since
        return "", 1
    return textwrap.dedent("".join(lines)), first


def _is_same(row: Row, other: Row) -> bool:
    """Whether a second run came to the same row, but for the last bits of sums."""
    a, b = np.asarray(row.value, complex), np.asarray(other.value, complex)
    is_near = a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=0, equal_nan=True)
    return row.kind == other.kind and is_near


def is_array_output(row: Row) -> bool:
    """Whether a row is an output with axes, from which no sweep goes back."""
    return row.kind == "output" and bool(getattr(row.value, "ndim", 0))


class _Template(Text):
    """Formulas in which variables are places for numbers: ⟦dot|3⟧."""

    def __init__(self, place: dict[Variable, int]) -> None:
        super().__init__()
        self.place = place

    def variable(self, v: Variable) -> str:
        return f"⟦{v.mark}|{self.place[Variable(v.letter, v.index)]}⟧"


def _is_float(x: Any) -> bool:
    return not getattr(x, "ndim", 0) and is_real(x) and not isinstance(x, str)


def _shortest(x: float) -> str:
    """The shortest text that is read as this number."""
    return repr(x).removesuffix(".0")


def _number(x: Any, is_live: bool) -> Any:
    return float(x) if is_live else number_text(x)


def _argument(x: Formula, place: dict[Variable, int]) -> dict[str, Any]:
    if isinstance(x, Variable):
        return {"row": place[x]}
    value: Any = x.value if isinstance(x, Number) else math.nan
    return {"number": float(value) if _is_float(value) else number_text(value)}


def _literal(x: Any) -> str:
    """JSON with NaN and Infinity, which a script understands; nothing in it ends the script."""
    return json.dumps(x, ensure_ascii=False).replace("<", "\\u003c")


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
