"""Pictures for reports: which parameter moves an output, and how far, as SVG with a text beside it.

>>> tornado("y", [("a", 2.0), ("b", -0.5)], "elasticity").startswith("<figure>")
True
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from html import escape

from ..sentences import shorten
from ..teach.style import BLUE, ORANGE

MOST_BARS, MOST_LINES = 15, 6
_DASHES = ("", "9 4", "3 3", "12 3 3 3", "2 6", "16 5")
_WIDTH, _ROW, _CHARACTER = 460.0, 26.0, 7.6  # small enough to be read on a phone
_LONGEST = 20  # characters of a name; the text beside the picture has all of it

# Light and dark; blue and orange keep 4.5 to 1 against both pages.
STYLE = f"""
.picture {{ --ink: #1f2328; --page: #fff; --up: {BLUE}; --down: {ORANGE}; --line: #6e7781;
  max-width: 100%; height: auto; }}
.picture text {{ font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
  fill: var(--ink); }}
.picture .up {{ fill: var(--up); }} .picture .down {{ fill: var(--down); }}
.picture .axis {{ stroke: var(--line); stroke-width: 1; }}
.picture .curve {{ stroke-width: 2; }}
.picture .curve.up {{ stroke: var(--up); }} .picture .curve.down {{ stroke: var(--down); }}
.picture .curve, .picture .axis {{ fill: none; }}
figure {{ margin: 1em 0; max-width: {_WIDTH:.0f}px; break-inside: avoid; }}
.pictures {{ display: flex; flex-wrap: wrap; gap: 0 2em; }}
@media (prefers-color-scheme: dark) {{
  .picture {{ --ink: #e6edf3; --page: #0d1117; --up: #6cb6ff; --down: #ffb068; --line: #9198a1; }}
}}
"""


def tornado(output: str, effects: Sequence[tuple[str, float]], what: str) -> str:
    """Bars for the effects of parameters on an output, the largest on top.

    Parameters
    ----------
    output : str
        Its label.
    effects : sequence of (str, float)
        The parameters, and how far each moves the output. Those that are not finite are left out.
    what : str
        What the numbers are.

    Returns
    -------
    str
        A figure of HTML; nothing if no effect is other than zero.
    """
    known = [(name, x) for name, x in effects if math.isfinite(x) and x]
    if not known:
        return ""
    shown = sorted(known, key=lambda effect: -abs(effect[1]))[:MOST_BARS]
    most = abs(shown[0][1])
    names = [shorten(name, _LONGEST) for name, _ in shown]
    left = 12 + _CHARACTER * max(map(len, names))
    number = 16 + _CHARACTER * max(len(_signed(x)) for _, x in shown)
    half = (_WIDTH - left - 2 * number) / 2
    zero, height = left + number + half, _ROW * len(shown) + 8
    parts = [f'<path class="axis" d="M{zero:.1f},0 V{height:.0f}"/>']
    for i, (name, (_, x)) in enumerate(zip(names, shown, strict=True)):
        y, length = _ROW * i + 4, half * abs(x) / most
        start = zero - length * (x < 0)
        end, anchor = (zero + length + 5, "start") if x > 0 else (zero - length - 5, "end")
        side = "up" if x > 0 else "down"
        parts.append(
            f'<text x="{left - 6:.1f}" y="{y + 15:.1f}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="{side}" x="{start:.1f}" y="{y:.1f}" width="{length:.1f}" height="18"/>'
            f'<text x="{end:.1f}" y="{y + 14:.1f}" text-anchor="{anchor}">{_signed(x)}</text>'
        )
    caption = f"{what} of {output}{_cut(len(known) - len(shown), len(effects) - len(known))}"
    alt = f"{what} of {output}: " + ", ".join(f"{name} {_signed(x)}" for name, x in shown)
    return _figure("".join(parts), height, caption, alt)


def spider(output: str, elasticities: Sequence[tuple[str, float]]) -> str:
    """Lines for how an output moves, to first order, while one parameter moves by up to 10 %.

    Parameters are those of `tornado`.
    """
    known = [(name, x) for name, x in elasticities if math.isfinite(x) and x]
    if len(known) < 2:
        return ""
    shown = sorted(known, key=lambda effect: -abs(effect[1]))[:MOST_LINES]
    most = 10 * abs(shown[0][1])
    left, top, height = 70.0, 12.0, 300.0
    middle = top + height / 2
    lines: dict[int, str] = {}  # by where they end: those that lie on one another are one
    for name, x in shown:
        end = round(middle - height / 2 * 10 * x / most)
        lines[end] = f"{lines[end]}, {name}" if end in lines else name
    names = [shorten(name, _LONGEST) for name in lines.values()]
    right = 16 + _CHARACTER * max(map(len, names))
    width = _WIDTH - left - right
    parts = [
        f'<path class="axis" d="M{left:.1f},{top} V{top + height} H{left + width:.1f} '
        f'M{left:.1f},{middle:.1f} H{left + width:.1f}"/>'
    ]
    for t in (-10, -5, 0, 5, 10):
        x = left + width * (t + 10) / 20
        parts.append(
            f'<text x="{x:.1f}" y="{top + height + 18}" text-anchor="middle">{_signed(t)} %</text>'
        )
    for part in (-1, 0, 1):
        y = middle - part * height / 2
        parts.append(f'<text x="{left - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">'
                     f"{_signed(part * most)} %</text>")  # fmt: skip
    places = _apart(list(lines), 16, top, top + height)
    for name, dash, y, label in zip(names, _DASHES, lines, places, strict=False):
        side = "up" if y < middle else "down"
        parts.append(
            f'<path class="curve {side}" stroke-dasharray="{dash}" '
            f'd="M{left:.1f},{2 * middle - y:.0f} L{left + width:.1f},{y:.0f}"/>'
            f'<text x="{left + width + 6:.1f}" y="{label + 4:.1f}">{escape(name)}</text>'
        )
    cut = _cut(len(known) - len(shown), len(elasticities) - len(known))
    caption = f"change of {output} as one parameter changes, to first order{cut}"
    alt = f"{caption}: " + ", ".join(f"{name} {_signed(x)} % for 1 %" for name, x in shown)
    return _figure("".join(parts), top + height + 26, caption, alt)


def _apart(wanted: Sequence[float], gap: float, top: float, bottom: float) -> list[float]:
    """Places for labels close to those wanted, and apart, between the top and the bottom."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    places = list(wanted)
    for a, b in itertools.pairwise(order):
        places[b] = max(places[b], places[a] + gap)
    below = max(0.0, places[order[-1]] - wanted[order[-1]])  # what is pushed down goes half back up
    for rank, i in enumerate(order):
        lowest = bottom - gap * (len(order) - 1 - rank)
        places[i] = min(max(places[i] - below / 2, top + gap * rank), lowest)
    return places


def _signed(x: float) -> str:
    return "0" if x == 0 else f"{'+' if x > 0 else '−'}{abs(x):.4g}"


def _cut(more: int, undefined: int) -> str:
    """What the picture does not show."""
    parts = [f"{more} smaller"] * bool(more)
    parts += [f"{undefined} zero or undefined"] * bool(undefined)
    return f" (other parameters: {', '.join(parts)})" if parts else ""


def _figure(body: str, height: float, caption: str, alt: str) -> str:
    return (
        f'<figure><svg class="picture" xmlns="http://www.w3.org/2000/svg" width="{_WIDTH:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {_WIDTH:.0f} {height:.0f}" role="img" '
        f'aria-label="{escape(alt, quote=True)}">{body}</svg>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
