"""graph: the computational graph of a function, drawn as SVG.

Nodes are the rows of a trace, with value and tangent; an edge carries the partial derivative of
its end in its beginning. A tangent is the sum over all edges that come in of slope × tangent
there: the chain rule, to be read off with a finger. With adjoints it is read from the other end:
an adjoint is the sum over all edges that go out of slope × adjoint there.

The layers are the longest paths from the inputs; crossings are reduced by barycentres, the sweeps
of Sugiyama, Tagawa & Toda, IEEE Trans. SMC 11 (1981); edges over several layers bend around the
nodes between.

>>> graph(lambda x: x * x, 3.0).to_svg().startswith("<svg ")
True
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from ..arguments import Argnums
from ..sweeps import Mode
from ..text import number_text
from .formula import Variable
from .printers import BAR, DOT, Text
from .rows import Row
from .trace import Trace, trace

MOST = 40  # nodes; of larger graphs the middle is folded into one node


@dataclass(eq=False)
class Node:
    """A box of the picture: its lines of text, and the place of its middle."""

    kind: str  # "input", "step", "output", "fold", or "bend" of an edge that passes by
    lines: list[tuple[str, str]] = field(default_factory=list)  # class and text
    layer: int = 0
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    column: float = 0.0  # the width of its layer; edges turn in the gaps between layers only


@dataclass(eq=False)
class Edge:
    """A way from one node to another over bends, with the slope on it."""

    way: list[Node]
    slope: str = ""


class Graph:
    """What `graph` gives; Jupyter shows it, `save` writes it.

    Attributes
    ----------
    trace : Trace
        What is drawn.
    width, height : float
        Of the picture, in pixels.
    """

    def __init__(self, trace: Trace, direction: int = 0, digits: int = 4) -> None:
        self.trace = trace
        self.nodes, self.edges = _nodes_and_edges(trace, direction, digits)
        layers = _layers(self.nodes, self.edges)
        _reduce_crossings(layers, self.edges)
        self.width, self.height = _place(layers, self.edges)

    def __repr__(self) -> str:
        return f"<graph of {self.trace.title}: {len(self.nodes)} nodes, {len(self.edges)} edges>"

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def _repr_html_(self) -> str:
        """In the page, not as an image: so it knows Jupyter's theme, and shrinks to the page.

        At most to 0.7 of its size, where its text is still legible; then it scrolls.
        """
        least = f'<div style="min-width:{round(0.7 * self.width)}px">{self.to_svg()}</div>'
        return f'<div style="overflow-x:auto">{least}</div>'

    def to_svg(self) -> str:
        """The picture, for light and dark pages.

        Returns
        -------
        str
        """
        w, h = round(self.width), round(self.height)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="dualad-graph" width="{w}" height="{h}"'
            f' viewBox="0 0 {w} {h}" role="img" aria-label="computational graph of '
            f'{escape(self.trace.title, quote=True)}">',
            f"<style>{_style()}</style>",
            '<defs><marker id="dualad-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
            'markerHeight="8" orient="auto"><path class="tip" d="M0,0.8 L8,4 L0,7.2 z"/></marker>'
            "</defs>",
            *map(_draw_edge, self.edges),
            *map(_draw_slope, self.edges),
            *map(_draw_node, self.nodes),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

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
        path.write_text(self.to_svg(), encoding="utf-8")


def graph(
    f: Trace | Callable[..., Any],
    /,
    *args: Any,
    wrt: Argnums | None = None,
    adjoints: bool = False,
    direction: int = 0,
    digits: int = 4,
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

    Returns
    -------
    Graph
        Up to 40 nodes; of more the middle is folded into one, with a note. Steps that no output
        depends on are left out.

    Raises
    ------
    TypeError
        As `trace`, and if a trace is given together with arguments.
    ValueError
        If there is no such direction, or adjoints are asked of a trace that has none.

    Examples
    --------
    >>> g = graph(lambda x, y: x * y + x, 3.0, 2.0, adjoints=True)
    >>> "v̄₋₁ = 3" in g.to_svg(), g.trace.adjoints
    (True, (3.0, 3.0))
    """
    if not isinstance(f, Trace):
        mode: Mode = "reverse" if adjoints else None
        f = trace(f, *args, wrt=wrt, mode=mode, lift=lift, **kwargs)
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
    return Graph(f, direction, digits)


# -- nodes and edges -----------------------------------------------------------------------


def _nodes_and_edges(trace: Trace, direction: int, digits: int) -> tuple[list[Node], list[Edge]]:
    rows = [row for row in trace.rows if row.kind != "branch" and (row.used or row.kind == "input")]
    folded = len(rows) - (MOST - 4) if len(rows) > MOST else 0
    start = (len(rows) - folded) // 2
    nodes: dict[Variable, Node] = {}
    fold = Node("fold", [("name", "⋯"), ("value", f"{folded} more"), ("value", "steps")])
    for i, row in enumerate(rows):
        inside = start <= i < start + folded
        nodes[row.variable] = fold if inside else _node(row, direction, digits)
    edges: dict[tuple[Node, Node], Edge] = {}
    for row in rows:
        there = nodes[row.variable]
        for variable, slope in row.slopes.items():
            here = nodes[variable]
            if here is there:
                continue
            plain_end = row.kind == "output" or fold in (here, there)
            text = "" if plain_end or slope is None else number_text(slope, digits)
            edges.setdefault((here, there), Edge([here, there], text))
    return list(dict.fromkeys(nodes.values())), list(edges.values())


def _node(row: Row, direction: int, digits: int) -> Node:
    show = Text(digits)
    v = row.variable
    marked, each = (v.adjoint, row.adjoints) if row.adjoints else (v.tangent, row.tangents)
    name, tangent = show(row.variable), show(marked)
    value, dot = number_text(row.value, digits), number_text(each[direction], digits)
    head = show(row.formula)
    if len(head) > 34:
        head = head[:33] + "…"
    return Node(
        row.kind, [("name", f"{name} = {head}"), ("value", value), ("dot", f"{tangent} = {dot}")]
    )


# -- layers --------------------------------------------------------------------------------


def _layers(nodes: list[Node], edges: list[Edge]) -> list[list[Node]]:
    """Nodes by their longest path from an input; edges over several layers get bends."""
    incoming: dict[Node, list[Node]] = {node: [] for node in nodes}
    for edge in edges:
        incoming[edge.way[-1]].append(edge.way[0])
    for node in nodes:  # in the order of the trace, so that sources come first
        node.layer = 1 + max((n.layer for n in incoming[node]), default=-1)
    last = max((node.layer for node in nodes), default=0)
    for node in nodes:
        if node.kind == "output":
            node.layer = last
    layers: list[list[Node]] = [[] for _ in range(last + 1)]
    for node in nodes:
        layers[node.layer].append(node)
    for edge in edges:
        start, end = edge.way
        bends = [Node("bend", layer=k) for k in range(start.layer + 1, end.layer)]
        for bend in bends:
            layers[bend.layer].append(bend)
        edge.way = [start, *bends, end]
    return layers


Links = dict[Node, list[Node]]


def _links(edges: list[Edge]) -> tuple[Links, Links]:
    """The neighbours of each node on the left, and on the right."""
    left: Links = {}
    right: Links = {}
    for edge in edges:
        for a, b in zip(edge.way, edge.way[1:], strict=False):
            right.setdefault(a, []).append(b)
            left.setdefault(b, []).append(a)
    return left, right


def _reduce_crossings(layers: list[list[Node]], edges: list[Edge]) -> None:
    """Sort each layer by the mean place of the neighbours; keep the best of some sweeps."""
    left, right = _links(edges)
    best, fewest = [layer[:] for layer in layers], _crossings(layers, right)
    for sweep in range(24):
        forward = sweep % 2 == 0
        for k in range(1, len(layers)) if forward else range(len(layers) - 2, -1, -1):
            others = {n: i for i, n in enumerate(layers[k - 1 if forward else k + 1])}
            links = left if forward else right
            here = {n: float(i) for i, n in enumerate(layers[k])}
            means = {n: _mean(links.get(n, ()), others, here[n]) for n in layers[k]}
            if sweep % 4 > 1:  # ties the other way round
                layers[k].reverse()
            layers[k].sort(key=means.__getitem__)
        crossings = _crossings(layers, right)
        if crossings < fewest:
            best, fewest = [layer[:] for layer in layers], crossings
    layers[:] = best


def _mean(neighbours: Any, places: Mapping[Node, float], otherwise: float) -> float:
    return sum(places[n] for n in neighbours) / len(neighbours) if neighbours else otherwise


def _crossings(layers: list[list[Node]], right: Links) -> int:
    count = 0
    for layer, following in itertools.pairwise(layers):
        place = {n: i for i, n in enumerate(following)}
        ends = [sorted(place[n] for n in right.get(node, ())) for node in layer]
        for i, mine in enumerate(ends):
            count += sum(a > b for a in mine for other in ends[i + 1 :] for b in other)
    return count


# -- places --------------------------------------------------------------------------------

CHARACTER = 7.9  # pixels, more than a character of 13 pixels takes in any common font
LINE, PADDING = 17, 9
GAP, APART, BEND = 76, 22, 16  # between layers, between boxes, around an edge that passes
MARGIN = 14


def _place(layers: list[list[Node]], edges: list[Edge]) -> tuple[float, float]:
    """Give each node its place; the size of the picture."""
    for layer in layers:
        for node in layer:
            longest = max((text_width(text) for _, text in node.lines), default=0.0)
            node.width = longest + 2 * PADDING if node.lines else 0.0
            node.height = LINE * len(node.lines) + 2 * PADDING - 4 if node.lines else 0.0
    x = float(MARGIN)
    for layer in layers:
        width = max((node.width for node in layer), default=0.0)
        for node in layer:
            node.x, node.column = x + width / 2, width
        x += width + GAP
    for layer in layers:
        _spread(layer, [40.0 * i for i in range(len(layer))])
    left, right = _links(edges)
    for sweep in range(30):  # to the mean height of the neighbours, without touching
        forward = sweep % 2 == 0
        for layer in layers if forward else reversed(layers):
            links = (left, right) if sweep < 20 else ((left,) if forward else (right,))
            wanted = []
            for node in layer:
                near = [n.y for side in links for n in side.get(node, ())]
                wanted.append(sum(near) / len(near) if near else node.y)
            _spread(layer, wanted)
    top = min(node.y - node.height / 2 for layer in layers for node in layer)
    for layer in layers:
        for node in layer:
            node.y += MARGIN + 8 - top
    bottom = max(node.y + node.height / 2 for layer in layers for node in layer)
    return x - GAP + MARGIN, bottom + MARGIN + 8


def _spread(layer: list[Node], wanted: list[float]) -> None:
    """The heights closest to those wanted, in this order and without overlap.

    Least squares under order: pool neighbours that violate it, and put them at their mean.
    """
    offsets = [0.0]
    for a, b in itertools.pairwise(layer):
        gap = BEND if "bend" in (a.kind, b.kind) else APART
        offsets.append(offsets[-1] + (a.height + b.height) / 2 + gap)
    pools: list[tuple[float, int]] = []
    for target, offset in zip(wanted, offsets, strict=False):
        mean, n = target - offset, 1
        while pools and pools[-1][0] > mean:
            other, m = pools.pop()
            mean, n = (mean * n + other * m) / (n + m), n + m
        pools.append((mean, n))
    bases = [mean for mean, n in pools for _ in range(n)]
    for node, base, offset in zip(layer, bases, offsets, strict=True):
        node.y = base + offset


def text_width(text: str) -> float:
    """An estimate, rather too large, of how wide a text is in pixels."""
    widths = dict.fromkeys((DOT, BAR), 0.0) | dict.fromkeys("₀₁₂₃₄₅₆₇₈₉₋⁰¹²³⁴⁵⁶⁷⁸⁹⁻ .()|/", 0.62)
    return CHARACTER * sum(widths.get(c, 1.0) for c in text)


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
    return f'<g class="{node.kind}">{box}{"".join(lines)}</g>'


def _draw_edge(edge: Edge) -> str:
    """From the right side of a box to the left of another: level in layers, curved in gaps."""
    start, end = edge.way[0], edge.way[-1]
    path = f"M{start.x + start.width / 2:.1f},{start.y:.1f}"
    for a, b in zip(edge.way, edge.way[1:], strict=False):
        x0, x1 = _gap(a, b)
        middle = (x0 + x1) / 2
        path += f" H{x0:.1f} C{middle:.1f},{a.y:.1f} {middle:.1f},{b.y:.1f} {x1:.1f},{b.y:.1f}"
    path += f" H{end.x - end.width / 2 - 1:.1f}"
    return f'<path class="edge" d="{path}" marker-end="url(#dualad-arrow)"/>'


def _gap(a: Node, b: Node) -> tuple[float, float]:
    """Where the gap between the layers of two nodes begins and ends; arrows need some room."""
    return a.x + a.column / 2, b.x - b.column / 2 - 8


def _draw_slope(edge: Edge) -> str:
    if not edge.slope:
        return ""
    a, b = edge.way[-2:]
    x, y = sum(_gap(a, b)) / 2, (a.y + b.y) / 2 + 4
    return f'<text class="slope" x="{x:.1f}" y="{y:.1f}">{escape(edge.slope)}</text>'


# Blue and orange of Okabe & Ito, which colour-blind readers can tell apart.
_LIGHT = {"page": "#ffffff", "ink": "#1f2328", "faint": "#8c959f", "box": "#f6f8fa"} | {
    "input": "#ddf0fb",
    "output": "#fdf0d0",
    "tangent": "#b34700",
}
_DARK = {"page": "#0d1117", "ink": "#e6edf3", "faint": "#7d8590", "box": "#1c2129"} | {
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
        ".dualad-graph .slope { font-size: 12px; font-style: italic; paint-order: stroke; "
        "stroke-width: 5px; stroke-linejoin: round; }\n"
        ".dualad-graph .edge { fill: none; stroke-width: 1.4; }\n"
        ".dualad-graph .fold rect { stroke-dasharray: 5 4; }\n"
        + _colours(_LIGHT, ".dualad-graph ")
        + f"@media (prefers-color-scheme: dark) {{\n{dark}}}\n"
        + jupyter
        + light
    )


def _colours(c: Mapping[str, str], where: str) -> str:
    rules = {
        "text": f"fill: {c['ink']}",
        ".dot": f"fill: {c['tangent']}",
        ".slope": f"fill: {c['tangent']}; stroke: {c['page']}",
        "rect": f"fill: {c['box']}; stroke: {c['faint']}",
        ".input rect": f"fill: {c['input']}",
        ".output rect": f"fill: {c['output']}",
        ".edge": f"stroke: {c['faint']}",
        ".tip": f"fill: {c['faint']}",
    }
    return "".join(f"{where}{selector} {{ {rule}; }}\n" for selector, rule in rules.items())
