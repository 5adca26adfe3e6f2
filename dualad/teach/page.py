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
import sys
import textwrap
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from ..arguments import Argnums
from ..frames import is_ours
from ..tables import write_whole
from ..text import is_real, number_text
from .backward import trace_backward
from .formula import Formula, Number, Variable
from .forward import trace_forward
from .graph import ANY_NUMBER, Graph
from .javascript import NotInJavaScript, Written
from .printers import MathML, Text
from .recording import Given, refuse_unless_same
from .rows import Row, Share
from .steps import variable
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
        such as floor and isclose, whose plain answers are constants of the trace.

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
        self._is_live = not self.unwritten and all(
            math.isfinite(row.value) for row in forward.rows if row.kind == "input"
        )

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
        write_whole(path, self.to_html())

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
                "<p>The inputs cannot be changed here, because this page cannot calculate "
                f"{names} by itself.</p>"
            )
        if not self._is_live:
            return "<p>The inputs cannot be changed here, because one of them is not finite.</p>"
        parts = []
        for i, row in enumerate(self.forward.rows):
            if row.kind != "input":
                continue
            x = float(row.value)
            name = escape(Text()(row.formula))
            least, most = map(_shortest, _range_around(x))
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
                    f'<div data-share="{k}">{math(share.whose)} <span>←</span> '
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
                    '<td class="n adjoint"><span data-adjoint></span></td>'
                    f'<td class="adjoint">{shares}</td>'
                )
            lines.append(f'<tr data-row="{i}">{cells}<td>{code}</td></tr>')
        head = (
            '<th scope="col" colspan="2">step</th><th scope="col">value</th>'
            '<th scope="col" class="tangent" colspan="2">tangent</th>'
            '<th scope="col" class="adjoint" colspan="2">adjoint</th>'
            '<th scope="col" class="adjoint">passes back</th><th scope="col">source</th>'
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"

    def _data(self) -> str:
        backward = self.backward or self.forward
        data = _Data(self.forward, self._is_live)
        outputs = map(Text(), backward.of or ())
        values = {
            "ROWS": [
                data.row(*both) for both in zip(self.forward.rows, backward.rows, strict=True)
            ],
            "LIVE": self._is_live,
            "DIRECTIONS": [f"with respect to {Text()(variable(w))}" for w in self.forward.wrt],
            "OUTPUTS": [f"of {y}" for y in outputs],
        }
        return "\n".join(f"const {name} = {_literal(value)};" for name, value in values.items())


class _Data:
    """The rows of a trace as page.js reads them."""

    def __init__(self, forward: Trace, is_live: bool) -> None:
        self.is_live, self.show = is_live, Text()
        rows = enumerate(forward.rows)
        self.place = {row.variable: i for i, row in rows if row.kind != "branch"}
        self.template = _Template(self.place)
        each = (forward.inputs, forward.outputs)
        self.number = {row.variable: i for rows in each for i, row in enumerate(rows)}

    def row(self, row: Row, back: Row) -> dict[str, Any]:
        """A row, and the same row of the sweep."""
        show, place = self.show, self.place
        result: dict[str, Any] = {
            "kind": row.kind,
            "name": row.name,
            "line": row.line,
            "source": row.source,
            "text": "" if row.kind == "input" else show(row.formula),
            "template": "" if row.kind in ("input", "output") else self.template(row.formula),
            "args": [],
            "shares": [],
            "value": row.value if row.kind == "branch" else self._number(row.value),
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
                "tangentTemplate": ""
                if row.kind == "input"
                else self.template(row.tangent_formula),
            }
        if row.kind == "input":
            label, direction = show(row.formula), self.number[row.variable]
            return result | {"label": label, "now": result["value"], "direction": direction}
        if row.kind == "output":
            result |= {"output": self.number[row.variable], "args": [self._argument(row.formula)]}
        elif self.is_live:
            result |= {"args": list(map(self._argument, row.args)), "raises": _raises(row)}
            result["rule"] = row.rule.name if row.rule else None
        result["shares"] = list(map(self._share, back.shares))
        return result

    def _share(self, share: Share) -> dict[str, Any]:
        whose = share.whose
        assert isinstance(whose, Variable)
        return {
            "row": self.place[Variable(whose.letter, whose.index)],
            "whose": self.show(whose),
            "text": self.show(share.formula),
            "template": self.template(share.formula),
            "values": [number_text(v) for v in share.values],
        }

    def _argument(self, x: Formula) -> dict[str, Any]:
        if isinstance(x, Variable):
            return {"row": self.place[x]}
        value: Any = x.value if isinstance(x, Number) else math.nan
        return {"number": float(value) if _is_float(value) else number_text(value)}

    def _number(self, x: Any) -> Any:
        return float(x) if self.is_live else number_text(x)


def _raises(row: Row) -> bool:
    """Whether Python has an exception, or a complex number, where a step has no finite value.

    NumPy's numbers have inf and nan there, and so have sums and products of Python's.
    """
    is_sum = row.rule is not None and row.rule.name in ("add", "sub", "mul", "neg", "abs")
    return type(row.value) is float and not is_sum


def explain_function(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    wrt: Argnums | None,
    lift: bool | None,
) -> Page:
    """The page of a function at these arguments."""
    code = explain_function.__code__
    given = Given("explain", f, args, kwargs, wrt, is_forward=False)
    title = getattr(f, "__name__", type(f).__name__)
    rows, names, steps = trace_forward(given, lift, code)
    if len(rows) > LARGEST:
        raise ValueError(
            f"explain shows functions of up to {LARGEST} steps, and this one takes {len(rows)}; "
            "explain it at a smaller problem, or write trace(f, …)."
        )
    if any(is_array_output(row) for row in rows):
        return Page(Trace(title, rows, names), None, _listing_of(f), tuple(steps))
    back, labels, of, _ = trace_backward(given, lift, code)
    refuse_unless_same("explain", rows, back, "for reverse mode")
    return Page(
        Trace(title, rows, names), Trace(title, back, labels, of), _listing_of(f), tuple(steps)
    )


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


def is_array_output(row: Row) -> bool:
    """Whether a row is an output with axes, from which no sweep goes back."""
    return row.kind == "output" and bool(getattr(row.value, "ndim", 0))


class _Template(Text):
    """Formulas in which variables are places for numbers: ⟦dot|3⟧."""

    def __init__(self, rows: dict[Variable, int]) -> None:
        super().__init__()
        self.rows = rows

    def variable(self, v: Variable) -> str:
        return f"⟦{v.mark}|{self.rows[Variable(v.letter, v.index)]}⟧"


def _is_float(x: Any) -> bool:
    return not getattr(x, "ndim", 0) and is_real(x) and not isinstance(x, str)


def _range_around(x: float) -> tuple[float, float]:
    """The least and the largest number of a slider: HTML takes none that is infinite."""
    reach = 2 * max(abs(x), 1.0)
    least, most = float(f"{x - reach:.6g}"), float(f"{x + reach:.6g}")
    if math.isfinite(most - least):
        return least, most
    limit = sys.float_info.max
    return (0.0, limit) if x > 0 else (-limit, 0.0)


def _shortest(x: float) -> str:
    """The shortest text that is read as this number."""
    return repr(x).removesuffix(".0")


def _literal(x: Any) -> str:
    """JSON with NaN and Infinity, which a script understands; nothing in it ends the script."""
    return json.dumps(x, ensure_ascii=False).replace("<", "\\u003c")


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
