"""A trace as text, HTML, Markdown, LaTeX and plain dicts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from html import escape
from typing import Any

from ..text import number_text
from .formula import Filled, Formula, Partial, Quoted, Variable
from .printers import Latex, MathML, Text, escaped
from .rounds import Fold, folded
from .rows import Row
from .steps import variable
from .style import scrolling

NOTHING = Quoted("")
FOLD = 200  # rows; longer traces show their beginning and their end


class Renderings:
    """What a trace can be shown as. `digits` are decimals, or digits behind the point of 1e−9."""

    rows: tuple[Row, ...]
    wrt: tuple[str, ...]
    title: str
    of: tuple[Variable, ...] | None
    numbers: bool
    constants_from: tuple[str, ...]

    def _notes(self, unused: bool) -> list[str]:
        """What is said below the table."""
        names = ", ".join(self.constants_from)
        return ["† not used by an output"] * unused + [
            f"{names} gave plain numbers, which are constants from there on"
        ] * bool(names)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        steps = sum(row.kind == "step" for row in self.rows)
        return f"<trace of {self.title}: {steps} step{'s' * (steps != 1)}>"

    def _repr_html_(self) -> str:
        return scrolling(self.to_html())

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def _repr_latex_(self) -> str:
        return self.to_latex()

    def _shown(self, fold: bool | None = None) -> list[Row | str]:
        """The rows; of loops the first and the last round, and in their place how many more."""
        if fold is False or (fold is None and len(self.rows) <= FOLD):
            return list(self.rows)
        shown: list[Row | str] = [
            f"{x.count} more {x.unit}s" if isinstance(x, Fold) else x for x in folded(self.rows)
        ]
        half = FOLD // 2
        if len(shown) <= FOLD:
            return shown
        return [*shown[:half], f"{len(shown) - 2 * half} more rows", *shown[-half:]]

    def _titles(self) -> tuple[list[str], list[str]]:
        """Of the columns for values and for derivatives: formulas, and behind them numbers."""
        show = Text()
        more = [""] * self.numbers
        if self.of is None:
            each = [f"∂/∂{show(variable(w))}" for w in self.wrt]
            derivatives = ["tangent", *more, *(each if len(each) > 1 else [""])]
        else:
            each = [f"∂{show(y)}" for y in self.of]
            derivatives = ["adjoint", "", *more, *(each if len(each) > 1 else [""] * len(each))]
        return ["", "value", *more, ""], derivatives

    def _lines(self, row: Row) -> list[tuple[list[Formula], tuple[Any, ...]]]:
        """What a row has in these columns: its tangent, or its lines of the sweep."""
        if self.of is None:
            lines = [([row.tangent_formula], row.tangents)]
        else:
            lines = [([s.whose, s.formula], s.values) for s in row.shares]
        if self.numbers:
            for (formulas, _), filled in zip(lines, self._filled[id(row)][1], strict=True):
                formulas.append(filled)
        return lines

    def _head(self, row: Row) -> list[Formula]:
        """What is written in front of its value."""
        return [row.variable, row.formula, *[self._filled[id(row)][0]] * self.numbers]

    @cached_property
    def _filled(self) -> dict[int, tuple[Formula, list[Formula]]]:
        """By row its formula, and those of its derivatives, with numbers for the variables.

        Nothing where there is nothing to calculate: in the rows of inputs and outputs.
        """
        values: dict[Formula, Any] = {r.variable: r.value for r in self.rows if r.kind != "branch"}
        for r in self.rows:
            each = r.slopes.items()
            values |= {Partial(r.variable, v): slope for v, slope in each if slope is not None}
        found: dict[int, tuple[Formula, list[Formula]]] = {}
        if self.of is None:
            values |= {r.variable.tangent: r.tangent for r in self.rows if r.kind != "branch"}
        for row in reversed(self.rows):  # adjoints as they are at that point of the sweep
            is_plain = row.kind in ("input", "output")
            if row.adjoints:
                values[row.variable.adjoint] = row.adjoint
            lines: list[Formula] = []
            for share in reversed(row.shares):
                lines.append(NOTHING if is_plain else Filled(share.formula, dict(values)))
                if not is_plain or row.kind == "output":
                    values[share.whose] = share.value
            if self.of is None:
                lines = [NOTHING if is_plain else Filled(row.tangent_formula, values)]
            formula = NOTHING if is_plain else Filled(row.formula, values)
            found[id(row)] = formula, lines[::-1]
        return found

    def to_text(self, digits: int = 4, source: bool = True, fold: bool | None = None) -> str:
        """Aligned text, with the lines of the source.

        Parameters
        ----------
        digits : int
            Decimals of each number.
        source : bool
            Whether to show where in the source a step was taken, if that is known.
        fold : bool, optional
            Whether of a loop only the first and the last round are shown; by default in traces of
            more than 200 rows.

        Returns
        -------
        str
        """
        show = Text(digits)
        source = source and any(row.source for row in self.rows)
        values, derivatives = self._titles()
        formulas = (1 if self.of is None else 2) + self.numbers
        titles = [*values, *derivatives, *["source"] * source]
        lines: list[list[str] | str] = []
        unused = False
        for row in self._shown(fold):
            if isinstance(row, str):
                lines.append(f"⋮    {row}")
                continue
            if row.kind == "branch":
                asked = [f"{show(formula)}?" for formula in self._head(row)[1:]]
                head = ["", *asked, "yes" if row.value else "no"]
                cells = [[""] * len(derivatives)]
            else:
                mark = "" if row.used else " †"
                unused = unused or not row.used
                head = [*map(show, self._head(row)), number_text(row.value, digits)]
                head[0] += mark
                cells = [
                    [*map(show, each), *(number_text(t, digits) for t in numbers)]
                    for each, numbers in self._lines(row)
                ] or [[""] * len(derivatives)]
            lines.append([*head, *cells[0], *[_at(row)] * source])
            lines += [[""] * len(values) + [*more, *[""] * source] for more in cells[1:]]
        before = len(values)
        numbers = {before - 1, *range(before + formulas, before + len(derivatives))}
        text = _columns(titles, lines, numbers)
        return "\n".join([text, *self._notes(unused)])

    def to_html(self, digits: int = 4, source: bool = True, fold: bool | None = None) -> str:
        """A table of HTML with formulas in MathML, for light and dark pages.

        Parameters
        ----------
        digits : int
            Decimals of each number.
        source : bool
            Whether to show where in the source a step was taken, if that is known.
        fold : bool, optional
            Whether of a loop only the first and the last round are shown; by default in traces of
            more than 200 rows.

        Returns
        -------
        str
        """
        show = MathML(digits)
        source = source and any(row.source for row in self.rows)
        values, derivatives = self._titles()
        formulas = (1 if self.of is None else 2) + self.numbers
        blank = len(values) * "<td></td>"

        def math(formula: Formula) -> str:
            if formula is NOTHING:
                return ""
            return f'<math displaystyle="true">{show(formula)}</math>'

        def number(x: Any) -> str:
            return f'<td class="n">{escape(number_text(x, digits))}</td>'

        columns = len(values) + len(derivatives)
        head = f'<th></th><th colspan="{len(values) - 1}">value</th>'
        head += f'<th colspan="{formulas}">{derivatives[0]}</th>'
        head += "".join(f'<th class="n">{escape(title)}</th>' for title in derivatives[formulas:])
        head += "<th>source</th>" if source else ""
        body = []
        for row in self._shown(fold):
            if isinstance(row, str):
                span = columns + source
                body.append(f'<tr class="more"><td colspan="{span}">⋮ {row}</td></tr>')
                continue
            rest = f'<td colspan="{len(derivatives)}"></td>'
            if row.kind == "branch":
                answer = "yes" if row.value else "no"
                asked = "".join(f"<td>{math(x)} ?</td>" for x in self._head(row)[1:])
                cells = f'<td></td>{asked}<td class="n">{answer}</td>'
                lines = [rest]
            else:
                formula, *others = map(math, self._head(row))
                mark = "" if row.used else " †"
                cells = "".join(f"<td>{x}</td>" for x in (formula + mark, *others))
                cells += number(row.value)
                lines = [
                    "".join(f"<td>{math(x)}</td>" for x in each) + "".join(map(number, numbers))
                    for each, numbers in self._lines(row)
                ] or [rest]
            code = ""
            if source:
                code = f"<code>{escape(row.source)}</code>" if row.source else ""
                line = f"<small>{row.line}</small> " if row.line and row.source else ""
                code = f"<td class='s'>{line}{code}</td>"
            kind = row.kind if row.used else f"{row.kind} unused"
            body.append(f'<tr class="{kind}">{cells}{lines[0]}{code}</tr>')
            last = "<td></td>" * source
            body += [f'<tr class="{kind}">{blank}{more}{last}</tr>' for more in lines[1:]]
        for note in self._notes(any(" unused" in line for line in body)):
            span = columns + source
            body.append(f'<tr class="note"><td colspan="{span}">{escape(note)}</td></tr>')
        return (
            f"{_STYLE}<table class='dualad-trace'><thead><tr>{head}</tr></thead>\n<tbody>"
            + "\n".join(body)
            + "</tbody></table>"
        )

    def to_markdown(self, digits: int = 4) -> str:
        """A table of Markdown with formulas in LaTeX.

        Parameters
        ----------
        digits : int
            Decimals of each number.

        Returns
        -------
        str
        """
        head, lines = self._latex_cells(digits)
        head = [h.replace("|", r"\|") for h in head]
        table = [head, ["---"] * len(head), *([f"${c}$" if c else "" for c in x] for x in lines)]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in table)

    def to_latex(self, digits: int = 4) -> str:
        """A LaTeX tabular.

        Parameters
        ----------
        digits : int
            Decimals of each number.

        Returns
        -------
        str
        """
        head, lines = self._latex_cells(digits)
        head = [escaped(h).replace("∂/∂", r"$\partial/\partial$ ") for h in head]
        head = [h.replace("∂", r"$\partial$ ").translate(_PLAIN_DIGITS) for h in head]
        body = [" & ".join(f"${c}$" if c else "" for c in cells) + r" \\" for cells in lines]
        equal = "@{${}={}$}"
        filled = f"{equal}l" * self.numbers
        formulas = ("l" if self.of is None else f"l{equal}l") + filled
        front = 3 + self.numbers
        numbers = "r" * (len(head) - front - formulas.count("l"))
        return "\n".join(
            [
                rf"\begin{{tabular}}{{ll{filled}{equal}r{formulas}{numbers}}}",
                r"\hline",
                " & ".join(["", rf"\multicolumn{{{front - 1}}}{{l}}{{{head[1]}}}", *head[front:]])
                + r" \\",
                r"\hline",
                *body,
                r"\hline",
                r"\end{tabular}",
            ]
        )

    def _latex_cells(self, digits: int) -> tuple[list[str], list[list[str]]]:
        show = Latex(digits)
        values, derivatives = self._titles()
        head = [*values, *derivatives]
        lines = []
        for row in self._shown():
            if isinstance(row, str):
                lines.append([r"\vdots", *[""] * (len(head) - 1)])
            elif row.kind == "branch":
                answer = rf"\text{{{'yes' if row.value else 'no'}}}"
                asked = map(show, self._head(row)[1:])
                lines.append(["", *asked, answer, *[""] * len(derivatives)])
            else:
                cells = [*map(show, self._head(row)), show.number(row.value)]
                each = [
                    [*map(show, formulas), *map(show.number, numbers)]
                    for formulas, numbers in self._lines(row)
                ] or [[""] * len(derivatives)]
                lines.append([*cells, *each[0]])
                lines += [[""] * len(values) + more for more in each[1:]]
        return head, lines

    def to_dict(self) -> dict[str, Any]:
        """Everything as lists, dicts, texts and numbers.

        Returns
        -------
        dict
            "function", "wrt", and "rows": of each row its kind, name, expression, value,
            tangent_expression and tangents, or adjoints and shares, slopes by variable, line,
            source, used.
        """
        show = Text()

        def derivatives(row: Row) -> dict[str, Any]:
            if self.of is None:
                return {
                    "tangent_expression": row.tangent_expression,
                    "tangents": list(row.tangents),
                }
            shares = [{"expression": s.expression, "values": list(s.values)} for s in row.shares]
            return {"adjoints": list(row.adjoints), "shares": shares}

        return {
            "function": self.title,
            "wrt": list(self.wrt),
            "rows": [
                {
                    "kind": row.kind,
                    "name": row.name,
                    "expression": row.expression,
                    "value": row.value,
                    **derivatives(row),
                    "slopes": {show(v): slope for v, slope in row.slopes.items()},
                    "line": row.line,
                    "source": row.source,
                    "used": row.used,
                }
                for row in self.rows
            ],
        }


_PLAIN_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def _at(row: Row) -> str:
    return f"{row.line}: {row.source}" if row.source else ""


# -- aligned text --------------------------------------------------------------------------


def width(text: str) -> int:
    """How many columns a text takes: a dot above a letter takes none.

    >>> width("v̇₋₁")
    3
    """
    return sum(not unicodedata.combining(c) for c in text)


_WHOLE = re.compile(r"−?(∞|\d*)")  # what is before the point; of 1 + 2i, 1


def _columns(titles: list[str], lines: Sequence[list[str] | str], numbers: set[int]) -> str:
    """Titles, and below them columns; numbers with their points below each other, behind a =."""
    rows = [line for line in lines if isinstance(line, list)]
    columns: list[list[str]] = []
    for i in range(len(titles)):
        cells = [row[i] for row in rows]
        if i in numbers:
            is_number = [c[:1].isdigit() or c[:1] in ("−", "∞") for c in cells]
            before = [
                len(_WHOLE.match(c)[0]) * n  # type: ignore[index]  # it matches nothing, too
                for c, n in zip(cells, is_number, strict=True)
            ]
            most = max(before, default=0)
            cells = [
                " " * (most - b) * n + c for c, b, n in zip(cells, before, is_number, strict=True)
            ]
            if not titles[i]:
                cells = [
                    f"= {c}" if n or c.startswith(("[", "array ")) else c
                    for c, n in zip(cells, is_number, strict=True)
                ]
        columns.append(cells)
    widths = [
        max(map(width, [title, *cells]), default=0)
        for title, cells in zip(titles, columns, strict=True)
    ]

    def join(cells: Sequence[str]) -> str:
        padded = [c + " " * (w - width(c)) for c, w in zip(cells, widths, strict=True)]
        return "  ".join(padded).rstrip()

    ruled = join(["-" * w for w in widths])
    body = iter([join(cells) for cells in zip(*columns, strict=True)])
    return "\n".join(
        [join(titles), ruled, *(line if isinstance(line, str) else next(body) for line in lines)]
    )


# -- style ---------------------------------------------------------------------------------

# currentColor is the page's own text colour: dark on light pages, light on dark ones.
_STYLE = """<style>
.dualad-trace { border-collapse: collapse; font-variant-numeric: tabular-nums; color: inherit; }
.dualad-trace :is(th, td) { padding: .28em .9em; text-align: left; border: 0; white-space: nowrap;
  background: none; }
.dualad-trace thead th { border-bottom: 1.5px solid currentColor; font-weight: 600; }
.dualad-trace .n { text-align: right; }
.dualad-trace td:nth-child(4) {
  border-left: 1px solid color-mix(in srgb, currentColor 25%, #0000); }
.dualad-trace tr.input + tr:not(.input) td, .dualad-trace tr:not(.output) + tr.output td {
  border-top: 1px solid color-mix(in srgb, currentColor 35%, #0000); }
.dualad-trace tr.output td { font-weight: 600; }
.dualad-trace tr:is(.branch, .more, .note) td { font-style: italic; opacity: .75; }
.dualad-trace tr.unused td { opacity: .7; }
.dualad-trace tbody tr:hover { background: color-mix(in srgb, currentColor 8%, #0000); }
.dualad-trace :is(code, small) { opacity: .7; background: none; }
.dualad-trace .unused :is(code, small) { opacity: 1; }
</style>"""
