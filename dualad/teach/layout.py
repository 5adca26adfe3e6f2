"""The layers of a graph, from top to bottom: where its boxes, labels and edges have their places.

Ranks that make all edges together as short as they can be; then few crossings, by medians (Eades &
Wormald, Algorithmica 11, 1994) and transposes of neighbours (Gansner, Koutsofios, North & Vo, IEEE
Trans. Software Eng. 19, 1993); then places close to the neighbours above and below. The label of an
edge has a place of its own between two layers, so that labels touch nothing. A picture too high for
a printed page goes on at the top of a next column.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

WIDEST = 1080.0  # pixels; a layer that is wider is wrapped
LINE, PADDING = 17, 9  # of text in boxes
GAP, APART, BEND = 26, 22, 12  # between layers, between boxes, around an edge that passes
MARGIN = 14
LANE = 10  # of an edge on its way to the next column
PAPER = 718.0, 963.0  # pixels of a printed page: A4 without its margins
LEGIBLE = 0.6  # the least scale for which text of 13 pixels can be read in print


@dataclass(eq=False)
class Node:
    """A box of the picture: its lines of text, and the place of its middle."""

    kind: str  # "input", "step", "output", "fold"; "label" or "bend" of an edge that passes by
    lines: list[tuple[str, str]] = field(default_factory=list)  # class and text
    key: str = ""  # which row it is
    layer: int = 0
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    row: float = 0.0  # the height of its layer; edges turn in the gaps between layers only

    @property
    def port(self) -> float:
        """Where edges go through: in the middle; of a label, on its left."""
        return self.x - self.width / 2 + 2 if self.kind == "label" else self.x


@dataclass(frozen=True)
class Turn:
    """How an edge gets to the next column: below its own, up in the lane, above the other."""

    low: float
    lane: float
    high: float


@dataclass(eq=False)
class Edge:
    """A way from one node to another over bends, with the slope on it."""

    way: list[Node]
    slope: str = ""
    key: str = ""
    room: float = 0.0  # the least width of its label
    turns: dict[Node, Turn] = field(default_factory=dict)  # in front of the first in a column


Links = dict[Node, list[Node]]


def laid_out(nodes: list[Node], edges: list[Edge]) -> tuple[float, float]:
    """Give each node its place, and each edge its way; the size of the picture.

    Parameters
    ----------
    nodes : list of Node
        With their sizes; what an edge comes from stands before what it goes to.
    edges : list of Edge
        From one node to another; each gets the bends and the label between them.
    """
    _rank(nodes, edges)
    _wrap(nodes)
    layers = _layers(nodes, edges)
    _reduce_crossings(layers, edges)
    width, height = _place(layers, edges)
    count = _columns(width, height)
    return _in_columns(layers, edges, height, count) if count > 1 else (width, height)


# -- ranks ---------------------------------------------------------------------------------


def _rank(nodes: list[Node], edges: list[Edge]) -> None:
    """The layers for which all edges together are shortest.

    First the longest path from above. Then sets of nodes move down as long as more edges leave
    them than enter: what hangs on an edge without slack moves along.
    """
    below: Links = {node: [] for node in nodes}
    above: Links = {node: [] for node in nodes}
    for edge in edges:
        below[edge.way[0]].append(edge.way[-1])
        above[edge.way[-1]].append(edge.way[0])
    for node in nodes:
        node.layer = 1 + max((n.layer for n in above[node]), default=-1)

    def closed(start: set[Node]) -> set[Node]:
        found, todo = set(start), list(start)
        while todo:
            node = todo.pop()
            for n in below[node]:
                if n not in found and n.layer == node.layer + 1:
                    found.add(n)
                    todo.append(n)
        return found

    def gain(some: set[Node]) -> int:
        leaving = sum(n not in some for node in some for n in below[node])
        return leaving - sum(n not in some for node in some for n in above[node])

    def best(node: Node) -> set[Node]:
        some = closed({node})
        while True:
            others = {n for m in some for n in above[m]} - some
            grown = max((closed(some | {n}) for n in others), key=gain, default=some)
            if gain(grown) <= gain(some):
                return some
            some = grown

    moved = True
    while moved:
        moved = False
        for node in reversed(nodes):
            if all(n.layer == node.layer + 1 for n in below[node]):
                continue  # without slack it moves with others at most
            some = best(node)
            if gain(some) > 0:
                slack = [n.layer - m.layer - 1 for m in some for n in below[m] if n not in some]
                for m in some:
                    m.layer += max(1, min(slack))
                moved = True
    for part in _parts(nodes, above, below):  # each begins at the top
        first = min(node.layer for node in part)
        for node in part:
            node.layer -= first


def _parts(nodes: list[Node], above: Links, below: Links) -> Iterator[list[Node]]:
    """The parts of the picture that no edge joins; an input that is not used is one."""
    left = dict.fromkeys(nodes)
    while left:
        part, todo = [], [next(iter(left))]
        while todo:
            node = todo.pop()
            if node in left:
                del left[node]
                part.append(node)
                todo += above[node] + below[node]
        yield part


def _wrap(nodes: list[Node]) -> None:
    """Spread layers that are too wide over several."""
    layers: dict[int, list[Node]] = {}
    for node in nodes:
        layers.setdefault(node.layer, []).append(node)
    layer = 0
    for number in sorted(layers):
        width = 0.0
        for node in layers[number]:
            if width and width + node.width > WIDEST:
                layer, width = layer + 1, 0.0
            width += node.width + APART
            node.layer = layer
        layer += 1


def _layers(nodes: list[Node], edges: list[Edge]) -> list[list[Node]]:
    """Boxes in the even layers, labels between them; what passes by gets bends."""
    layers: list[list[Node]] = [[] for _ in range(2 * max((n.layer for n in nodes), default=0) + 1)]
    for node in nodes:
        node.layer *= 2
        layers[node.layer].append(node)
    for edge in edges:
        start, end = edge.way
        bends = [Node("bend", layer=k) for k in range(start.layer + 1, end.layer)]
        if edge.slope:
            label = bends[-1]
            label.kind, label.lines = "label", [("slope", edge.slope)]
            label.width, label.height = max(text_width(edge.slope), edge.room) + 6, LINE
        for bend in bends:
            layers[bend.layer].append(bend)
        edge.way = [start, *bends, end]
    return layers


def _links(edges: list[Edge]) -> tuple[Links, Links]:
    """The neighbours of each node above, and below."""
    above: Links = {}
    below: Links = {}
    for edge in edges:
        for a, b in itertools.pairwise(edge.way):
            below.setdefault(a, []).append(b)
            above.setdefault(b, []).append(a)
    return above, below


# -- crossings -----------------------------------------------------------------------------


def _reduce_crossings(layers: list[list[Node]], edges: list[Edge]) -> None:
    """Keep the order with the fewest crossings of several, from several beginnings."""
    above, below = _links(edges)
    best, fewest = [layer[:] for layer in layers], crossings(layers, below)
    for order in _beginnings(layers, above):
        layers[:] = order
        since = 0  # sweeps without gain
        for sweep in range(12):
            if not fewest or since == 4:
                break
            since += 1
            downward = sweep % 2 == 0
            steps = range(1, len(layers)) if downward else range(len(layers) - 2, -1, -1)
            for k in steps:
                others = {n: i for i, n in enumerate(layers[k - 1 if downward else k + 1])}
                here = {n: float(i) for i, n in enumerate(layers[k])}
                links = above if downward else below
                middle = _median if sweep % 4 < 2 else _mean
                wanted = {n: middle(links.get(n, ()), others, here[n]) for n in layers[k]}
                layers[k].sort(key=wanted.__getitem__)
            _transpose(layers, above, below)
            count = crossings(layers, below)
            if count < fewest:
                best, fewest, since = [layer[:] for layer in layers], count, 0
    layers[:] = best


def _beginnings(layers: list[list[Node]], above: Links) -> list[list[list[Node]]]:
    """As the steps were taken; the other way round; and as one comes to them from the outputs."""
    seen: dict[Node, int] = {}

    def visit(node: Node) -> None:
        todo = [node]
        while todo:
            n = todo.pop()
            if n not in seen:
                seen[n] = len(seen)
                todo += reversed(above.get(n, []))

    for layer in reversed(layers):
        for node in layer:
            visit(node)
    walked = [sorted(layer, key=seen.__getitem__) for layer in layers]
    return [[layer[:] for layer in layers], walked, [layer[::-1] for layer in layers]]


def _mean(neighbours: Any, places: dict[Node, int], otherwise: float) -> float:
    return sum(places[n] for n in neighbours) / len(neighbours) if neighbours else otherwise


def _median(neighbours: Any, places: dict[Node, int], otherwise: float) -> float:
    found = sorted(places[n] for n in neighbours)
    if not found:
        return otherwise
    half = len(found) // 2
    return float(found[half]) if len(found) % 2 else (found[half - 1] + found[half]) / 2


def _transpose(layers: list[list[Node]], above: Links, below: Links) -> None:
    """Swap neighbours as long as that removes crossings."""
    for _ in range(8):
        improved = False
        for k, layer in enumerate(layers):
            sides = []
            if k:
                sides.append((above, {n: i for i, n in enumerate(layers[k - 1])}))
            if k + 1 < len(layers):
                sides.append((below, {n: i for i, n in enumerate(layers[k + 1])}))
            near = [[[place[n] for n in links.get(node, ())] for links, place in sides]
                    for node in layer]  # fmt: skip
            for i in range(len(layer) - 1):
                change = 0
                for left, right in zip(near[i], near[i + 1], strict=True):
                    for m in left:
                        for n in right:
                            change += (m > n) - (m < n)
                if change > 0:
                    layer[i], layer[i + 1] = layer[i + 1], layer[i]
                    near[i], near[i + 1] = near[i + 1], near[i]
                    improved = True
        if not improved:
            return


def crossings(layers: list[list[Node]], below: Links) -> int:
    """How often edges cross between the layers, in this order."""
    count = 0
    for layer, following in itertools.pairwise(layers):
        place = {n: i for i, n in enumerate(following)}
        seen: list[int] = []
        for node in layer:
            ends = [place[n] for n in below.get(node, ())]
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


# -- places --------------------------------------------------------------------------------


def _place(layers: list[list[Node]], edges: list[Edge]) -> tuple[float, float]:
    """Give each node its place; the size of the picture."""
    y = float(MARGIN)
    for layer in layers:
        height = max((node.height for node in layer), default=0.0)
        for node in layer:
            node.y, node.row = y + height / 2, height
        y += height + GAP
    for layer in layers:
        _spread(layer, [60.0 * i for i in range(len(layer))])
    above, below = _links(edges)
    for sweep in range(40):  # to the mean place of the neighbours, without touching
        downward = sweep % 2 == 0
        for layer in layers if downward else reversed(layers):
            links = (above, below) if sweep < 24 else ((above,) if downward else (below,))
            wanted = []
            for node in layer:
                near = [n.port for side in links for n in side.get(node, ())]
                shift = node.x - node.port
                wanted.append(sum(near) / len(near) + shift if near else node.x)
            _spread(layer, wanted)
    left = min(node.x - node.width / 2 for layer in layers for node in layer)
    for layer in layers:
        for node in layer:
            node.x += MARGIN - left
    right = max(node.x + node.width / 2 for layer in layers for node in layer)
    return right + MARGIN, y - GAP + MARGIN


def _spread(layer: list[Node], wanted: list[float]) -> None:
    """The places closest to those wanted, in this order and without overlap.

    Least squares under order: pool neighbours that violate it, and put them at their mean.
    """
    if not layer:  # as between inputs that are not used, in several layers
        return
    offsets = [0.0]
    for a, b in itertools.pairwise(layer):
        gap = BEND if {a.kind, b.kind} & {"bend", "label"} else APART
        offsets.append(offsets[-1] + (a.width + b.width) / 2 + gap)
    pools: list[tuple[float, int]] = []
    for target, offset in zip(wanted, offsets, strict=False):
        mean, n = target - offset, 1
        while pools and pools[-1][0] > mean:
            other, m = pools.pop()
            mean, n = (mean * n + other * m) / (n + m), n + m
        pools.append((mean, n))
    bases = [mean for mean, n in pools for _ in range(n)]
    for node, base, offset in zip(layer, bases, offsets, strict=True):
        node.x = base + offset


# -- columns -------------------------------------------------------------------------------


def _columns(width: float, height: float) -> int:
    """How many columns a picture has: more than one where its text is too small in print."""

    def scale(count: int) -> float:
        return min(1.0, PAPER[0] / (count * width), PAPER[1] * count / height)

    return 1 if scale(1) >= LEGIBLE else max(range(1, 9), key=scale)


def _in_columns(
    layers: list[list[Node]], edges: list[Edge], height: float, count: int
) -> tuple[float, float]:
    """Move the layers into columns, and lead the edges from each to the next; the size."""
    cuts = _cuts(layers, edges, height, count)
    left, size = float(MARGIN), 0.0
    crossing: list[tuple[Edge, Node, Node]] = []  # into this column
    for start, stop in itertools.pairwise([0, *cuts, len(layers)]):
        column = [node for layer in layers[start:stop] for node in layer]
        right_of = left + LANE * (len(crossing) + 1) * bool(crossing)
        shift = right_of - min(node.x - node.width / 2 for node in column)
        top = MARGIN + LANE * len(crossing)
        lift = top + (GAP if crossing else 0) - min(node.y - node.row / 2 for node in column)
        for node in column:
            node.x, node.y = node.x + shift, node.y + lift
        by_end = sorted(crossing, key=lambda way: -way[2].port)  # the farthest is the highest
        for i, (edge, a, b) in enumerate(crossing):
            turn = Turn(a.y + a.row / 2 + LANE * (i + 1), left + LANE * i,
                        float(MARGIN + LANE * by_end.index((edge, a, b))))  # fmt: skip
            edge.turns[b] = turn
        crossing = _crossing(edges, stop)
        bottom = max(node.y + node.row / 2 for node in column)
        size = max(size, bottom + LANE * len(crossing))
        left = max(node.x + node.width / 2 for node in column) + 2 * LANE
    return left - 2 * LANE + MARGIN, size + MARGIN


def _crossing(edges: list[Edge], cut: int) -> list[tuple[Edge, Node, Node]]:
    """The edges that go on in this layer from the one above; the rightmost turns first."""
    found = [
        (edge, a, b)
        for edge in edges
        for a, b in itertools.pairwise(edge.way)
        if b.layer == cut and a.layer == cut - 1
    ]
    return sorted(found, key=lambda way: -way[1].port)


def _cuts(layers: list[list[Node]], edges: list[Edge], height: float, count: int) -> list[int]:
    """Where columns begin: with boxes, about equally high, and where few edges pass."""
    tops = {i: min(n.y - n.row / 2 for n in layers[i]) for i in range(2, len(layers), 2)}
    passing = {i: len(_crossing(edges, i)) for i in tops}
    cuts: list[int] = []
    for k in range(1, count):
        goal = height * k / count
        reach = height / count / 6
        near = [i for i, y in tops.items() if abs(y - goal) <= reach]
        near = near or [min(tops, key=lambda i: abs(tops[i] - goal))]
        cuts.append(min(near, key=lambda i: (passing[i], abs(tops[i] - goal))))
    return sorted(set(cuts))


CHARACTER = 7.9  # pixels, more than a character of 13 pixels takes in any common font
_NARROW = dict.fromkeys("₀₁₂₃₄₅₆₇₈₉₋⁰¹²³⁴⁵⁶⁷⁸⁹⁻ .()|/,′", 0.62) | dict.fromkeys("\u0307\u0304", 0.0)


def text_width(text: str) -> float:
    """An estimate, rather too large, of how wide a text is in pixels."""
    return CHARACTER * sum(_NARROW.get(c, 1.0) for c in text)
