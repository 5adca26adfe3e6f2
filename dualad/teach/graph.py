"""graph: the computational graph of a function, drawn as SVG.

Nodes are the rows of a trace, with value and tangent; an edge carries the partial derivative of
its end in its beginning. A tangent is the sum over all edges that come in of slope × tangent
there: the chain rule, to be read off with a finger. With adjoints it is read from the other end:
an adjoint is the sum over all edges that go out of slope × adjoint there.

>>> graph(lambda x: x * x, 3.0).to_svg().startswith("<svg ")
True
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Literal

from ..arguments import Argnums
from ..sentences import counted, shorten
from ..tables import write_whole
from ..text import number_text
from ..ways import Mode
from .formula import Variable
from .layout import LINE, PADDING, Edge, Node, laid_out, text_width
from .printers import Text
from .rounds import Fold, folded
from .rows import Row
from .style import scrolling
from .trace import Trace, traced

ANY_NUMBER = "0" * 11  # is as wide as numbers of four digits get
MOST = 40  # nodes; in larger graphs rounds of loops are folded, and then the middle
Slopes = Literal["numbers", "formulas", "none"]


class Graph:
    """What `graph` gives; Jupyter shows it, `save` writes it.

    Attributes
    ----------
    trace : Trace
        What is drawn.
    width, height : float
        Of the picture, in pixels.

    Examples
    --------
    >>> graph(lambda x: x * x + x, 3.0)
    <graph of <lambda>: 4 nodes, 4 edges>
    """

    def __init__(
        self, trace: Trace, direction: int = 0, digits: int = 4, slopes: Slopes = "numbers",
        fold: bool | None = None, others: Mapping[str, Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        self.trace = trace
        self.nodes, self.edges = _nodes_and_edges(trace, direction, digits, slopes, fold)
        self._make_room(others or {})
        self.width, self.height = laid_out(self.nodes, self.edges)

    def _make_room(self, others: Mapping[str, Sequence[str]]) -> None:
        """Sizes of boxes and labels, with room for other numbers that a page will show in them."""
        for node in self.nodes:
            room = max(map(text_width, others.get(node.key, ())), default=0.0)
            for kind, text in node.lines:
                head = text_width(text.partition(" = ")[0] + " = ") if kind == "dot" else 0.0
                wide = text_width(text) * (1.06 if kind == "name" else 1)
                least = head + room if kind in ("value", "dot") else 0.0
                node.width = max(node.width, wide + 2 * PADDING, least + 2 * PADDING)
            node.height = LINE * len(node.lines) + 2 * PADDING - 4
        for edge in self.edges:
            edge.room = text_width(ANY_NUMBER) if others else 0.0

    def __repr__(self) -> str:
        nodes, edges = counted(len(self.nodes), "node"), counted(len(self.edges), "edge")
        return f"<graph of {self.trace.title}: {nodes}, {edges}>"

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def _repr_html_(self) -> str:
        """In the page, not as an image: so it knows Jupyter's theme, and shrinks to the page.

        At most to 0.7 of its size, where its text is still legible; then it scrolls.
        """
        least = f'<div style="min-width:{round(0.7 * self.width)}px">{self.to_svg()}</div>'
        return scrolling(least)

    def to_svg(self) -> str:
        """The picture, for light and dark pages.

        Returns
        -------
        str
        """
        w, h = round(self.width), round(self.height)
        title, words = f"computational graph of {self.trace.title}", self._described()
        # Ids of its own, for there may be several pictures in a page.
        key = hashlib.sha1((title + words).encode(), usedforsecurity=False).hexdigest()[:8]
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="dualad-graph" width="{w}" height="{h}"'
            f' viewBox="0 0 {w} {h}" role="img" aria-labelledby="title-{key} desc-{key}">',
            f'<title id="title-{key}">{escape(title)}</title>',
            f'<desc id="desc-{key}">{escape(words)}</desc>',
            f"<style>{_style()}</style>",
            f'<defs><marker id="arrow-{key}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
            'markerHeight="8" orient="auto"><path class="tip" d="M0,0.8 L8,4 L0,7.2 z"/></marker>'
            "</defs>",
            *(_draw_edge(edge, key) for edge in self.edges),
            *map(_draw_slope, self.edges),
            *map(_draw_node, self.nodes),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _described(self) -> str:
        """The picture in words: each box, and the slopes that come in."""
        incoming: dict[Node, list[str]] = {}
        for edge in self.edges:
            if edge.slope:
                name = edge.way[0].lines[0][1].partition(" ")[0]
                incoming.setdefault(edge.way[-1], []).append(f"{name}: {edge.slope}")
        texts = []
        for node in self.nodes:
            slopes = f" (slopes {', '.join(incoming[node])})" if node in incoming else ""
            texts.append(", ".join(text for _, text in node.lines) + slopes)
        return "; ".join(texts)

    def save(self, path: str | Path) -> None:
        """Write the picture to a file, which browsers and editors of text documents can show.

        Parameters
        ----------
        path : str or Path
            Its name, with the ending .svg.

        Raises
        ------
        ValueError
            If the name has another ending.
        """
        path = Path(path)
        if path.suffix.lower() != ".svg":
            raise ValueError(f"a graph is saved as SVG; got {path.name!r}, write graph.svg.")
        write_whole(path, self.to_svg())


def graph(
    f: Trace | Callable[..., Any],
    /,
    *args: Any,
    wrt: Argnums | None = None,
    adjoints: bool = False,
    direction: int = 0,
    digits: int = 4,
    slopes: Slopes = "numbers",
    fold: bool | None = None,
    lift: bool | None = None,
    **kwargs: Any,
) -> Graph:
    """Draw the computational graph of a function, or of a trace.

    Parameters
    ----------
    f : callable or Trace
        A function, which is traced at the arguments that follow; or the trace itself.
    *args, wrt, lift, **kwargs
        As for `trace`.
    adjoints : bool
        Whether to show adjoints, as `trace` has them in reverse mode, instead of tangents.
    direction : int
        Which of the trace's directions the tangents belong to; which output the adjoints do.
    digits : int
        Decimals of each number.
    slopes : {"numbers", "formulas", "none"}
        What is written on the edges.
    fold : bool, optional
        Whether of a loop only the first and the last round are drawn, and of many nodes some; by
        default of graphs with more than 40 nodes.

    Returns
    -------
    Graph
        Steps that no output depends on are left out.

    Raises
    ------
    TypeError
        As `trace`, and if a trace is given together with arguments.
    ValueError
        If there is no such direction or kind of slopes, or a trace has no adjoints to show.

    Examples
    --------
    >>> g = graph(lambda x, y: x * y + x, 3.0, 2.0, adjoints=True)
    >>> "v̄₋₁ = 3" in g.to_svg(), g.trace.adjoints
    (True, (3.0, 3.0))
    """
    if not isinstance(f, Trace):
        mode: Mode = "reverse" if adjoints else None
        f = traced("graph", f, args, kwargs, wrt, mode, lift)
    elif adjoints and f.of is None:
        raise ValueError("this trace has no adjoints; make it by trace(f, …, mode='reverse').")
    elif args or kwargs or wrt is not None:
        raise TypeError("graph takes a trace alone, or a function with its arguments.")
    each = f.wrt if f.of is None else tuple(map(Text(), f.of))
    if not 0 <= direction < len(each):
        raise ValueError(
            f"the trace has the directions 0 to {len(each) - 1}, for {', '.join(each)}; "
            f"got direction={direction!r}."
        )
    if slopes not in ("numbers", "formulas", "none"):
        raise ValueError(f"graph: slopes is 'numbers', 'formulas' or 'none', got {slopes!r}.")
    return Graph(f, direction, digits, slopes, fold)


# -- nodes and edges -----------------------------------------------------------------------


def _nodes_and_edges(
    trace: Trace, direction: int, digits: int, slopes: Slopes, fold: bool | None
) -> tuple[list[Node], list[Edge]]:
    rows = [row for row in trace.rows if row.kind != "branch" and (row.used or row.kind == "input")]
    shown: list[Row | Fold] = list(rows)
    if fold or (fold is None and len(rows) > MOST):
        shown = folded(rows)
    if len(shown) > MOST and fold is not False:
        start, count = (MOST - 4) // 2, len(shown) - (MOST - 4)
        inside = shown[start : start + count]
        hidden = [r for x in inside for r in (x.rows if isinstance(x, Fold) else [x])]
        shown[start : start + count] = [Fold(tuple(hidden), len(hidden), "step")]
    nodes: dict[Variable, Node] = {}
    for x in shown:
        if isinstance(x, Fold):
            lines = [("name", "⋯"), ("value", f"{x.count} more"), ("value", x.unit + "s")]
            nodes |= dict.fromkeys((row.variable for row in x.rows), Node("fold", lines))
        else:
            nodes[x.variable] = _node(x, direction, digits)
    edges: dict[tuple[Node, Node], Edge] = {}
    for row in rows:
        there = nodes[row.variable]
        for variable, slope in row.slopes.items():
            here = nodes[variable]
            if here is there:
                continue
            is_bare = row.kind == "output" or "fold" in (here.kind, there.kind)
            text = "" if is_bare else _slope(row, variable, slope, digits, slopes)
            edges.setdefault((here, there), Edge([here, there], text, f"{here.key}>{there.key}"))
    return list(dict.fromkeys(nodes.values())), list(edges.values())


def _slope(row: Row, variable: Variable, slope: Any, digits: int, slopes: Slopes) -> str:
    if slopes == "none":
        return ""
    if slopes == "formulas":
        text = Text(digits)(row.slope_formulas[variable]) if variable in row.slope_formulas else ""
        return shorten(text, 24)
    return "" if slope is None else number_text(slope, digits)


def _node(row: Row, direction: int, digits: int) -> Node:
    show = Text(digits)
    v = row.variable
    marked, each = (v.adjoint, row.adjoints) if row.adjoints else (v.tangent, row.tangents)
    name, tangent = show(row.variable), show(marked)
    value, dot = number_text(row.value, digits), number_text(each[direction], digits)
    head = shorten(show(row.formula), 34)
    return Node(
        row.kind,
        [("name", f"{name} = {head}"), ("value", value), ("dot", f"{tangent} = {dot}")],
        name,
    )


# -- drawing -------------------------------------------------------------------------------


def _draw_node(node: Node) -> str:
    x, y = node.x - node.width / 2, node.y - node.height / 2
    box = (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{node.width:.1f}" height="{node.height:.1f}" '
        'rx="8"/>'
    )
    lines = [
        f'<text class="{kind}" x="{node.x:.1f}" y="{y + PADDING + LINE * (i + 0.65):.1f}">'
        f"{escape(text)}</text>"
        for i, (kind, text) in enumerate(node.lines)
    ]
    key = f' data-row="{escape(node.key)}"' if node.key else ""
    return f'<g class="{node.kind}"{key}>{box}{"".join(lines)}</g>'


def _draw_edge(edge: Edge, key: str) -> str:
    """From the bottom of a box to the top of another: upright in layers, curved in gaps.

    To the next column it goes below all of this one, up between both, and down into the layer.
    """
    start, end = edge.way[0], edge.way[-1]
    path = f"M{start.port:.1f},{start.y + start.height / 2:.1f}"
    for a, b in itertools.pairwise(edge.way):
        top, bottom = a.y + a.row / 2, b.y - b.row / 2 - (6 if b is end else 0)
        middle = (top + bottom) / 2
        if turn := edge.turns.get(b):
            path += (
                f" V{turn.low:.1f} H{turn.lane:.1f} V{turn.high:.1f} H{b.port:.1f} V{bottom:.1f}"
            )
            continue
        path += (
            f" V{top:.1f} C{a.port:.1f},{middle:.1f} {b.port:.1f},{middle:.1f} "
            f"{b.port:.1f},{bottom:.1f}"
        )
    path += f" V{end.y - end.height / 2 - 1:.1f}"
    return f'<path class="edge" d="{path}" marker-end="url(#arrow-{key})"/>'


def _draw_slope(edge: Edge) -> str:
    for node in edge.way:
        if node.kind == "label":
            key = f' data-edge="{escape(edge.key)}"'
            return (
                f'<text class="slope" x="{node.port + 4:.1f}" y="{node.y + 4:.1f}"{key}>'
                f"{escape(edge.slope)}</text>"
            )
    return ""


# Blue and orange of Okabe & Ito, which colour-blind readers can tell apart.
_LIGHT = {"ink": "#1f2328", "faint": "#8c959f", "box": "#f6f8fa"} | {
    "input": "#ddf0fb",
    "output": "#fdf0d0",
    "tangent": "#b34700",
}
_DARK = {"ink": "#e6edf3", "faint": "#7d8590", "box": "#1c2129"} | {
    "input": "#10344a",
    "output": "#453308",
    "tangent": "#ffb068",
}


def _style() -> str:
    """The colours: light; dark where the reader prefers it, or where Jupyter is."""
    dark = _colours(_DARK, ".dualad-graph ")
    jupyter = _colours(_DARK, '[data-jp-theme-light="false"] .dualad-graph ')
    light = _colours(_LIGHT, '[data-jp-theme-light="true"] .dualad-graph ')
    return (
        ".dualad-graph text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', "
        "sans-serif; text-anchor: middle; }\n"
        ".dualad-graph .name { font-weight: 600; }\n"
        ".dualad-graph .slope { font-size: 12px; font-style: italic; text-anchor: start; }\n"
        ".dualad-graph .edge { fill: none; stroke-width: 1.4; }\n"
        ".dualad-graph .fold rect { stroke-dasharray: 5 4; }\n"
        "@media print { .dualad-graph { max-width: 100%; max-height: 92vh; height: auto; } }\n"
        + _colours(_LIGHT, ".dualad-graph ")
        + f"@media (prefers-color-scheme: dark) {{\n{dark}}}\n"
        + jupyter
        + light
    )


def _colours(c: Mapping[str, str], where: str) -> str:
    rules = {
        "text": f"fill: {c['ink']}",
        ".dot": f"fill: {c['tangent']}",
        ".slope": f"fill: {c['tangent']}",
        "rect": f"fill: {c['box']}; stroke: {c['faint']}",
        ".input rect": f"fill: {c['input']}",
        ".output rect": f"fill: {c['output']}",
        ".edge": f"stroke: {c['faint']}",
        ".tip": f"fill: {c['faint']}",
    }
    return "".join(f"{where}{selector} {{ {rule}; }}\n" for selector, rule in rules.items())
