"""How pictures look: colours, lines and letters for lessons and plots, and captions below figures.

Colours differ for colour-blind readers, in lightness as well, and stand out from white paper by
4.5 to 1 at least; each comes with a line style, so that curves differ in grey too.
"""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from html import escape
from typing import Any

BLUE, ORANGE, GREEN, PURPLE = "#0058A8", "#C04D00", "#008456", "#8A1C6E"
GREY, BLACK = "#606060", "#000000"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, GREY, BLACK)
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
WIDE = 700  # pixels of a picture with several axes beside each other
DOTS_PER_INCH = 150  # of a picture in a page, where an inch is 96 pixels


def lesson_style() -> dict[Any, Any]:  # matplotlib types its keys one by one
    """Matplotlib's settings for pictures in this style.

    Returns
    -------
    dict
        For `plt.rcParams.update(lesson_style())`, as each lesson begins, or for a while:
        `with plt.rc_context(lesson_style()): ...`

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> lesson_style()["axes.grid"]
    True
    """
    try:
        from cycler import cycler
    except ImportError:
        raise ImportError('plots need matplotlib; write pip install "dualad[notebooks]".') from None
    return {
        "figure.figsize": (7.0, 4.0),
        "figure.facecolor": "white",
        "figure.constrained_layout.use": True,
        "axes.facecolor": "white",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.titlesize": 13,
        "axes.titlelocation": "left",
        "axes.labelsize": 12,
        "axes.prop_cycle": cycler(color=list(COLOURS)) + cycler(linestyle=list(DASHES)),
        "grid.color": "#D8D8D8",
        "grid.linewidth": 0.6,
        "lines.linewidth": 2.0,
        "xtick.labelsize": 11,
        "ytick.labelsize": 11,
        "legend.fontsize": 11,
        "legend.frameon": False,
        "font.size": 11,
        "mathtext.fontset": "dejavusans",
    }


# What is cut in a <div class="dualad-scrolls"> fades at its right end, until it has been scrolled
# there. Browsers that cannot tell show it without a sign.
SCROLLING = """<style>.dualad-scrolls { overflow-x: auto; }
@supports (animation-timeline: scroll(self inline)) { @media not print {
  .dualad-scrolls { animation: dualad-more linear; animation-timeline: scroll(self inline); } } }
@keyframes dualad-more { 0%, 98% { mask-image: linear-gradient(to left, #0000, #000 3rem); }
  100% { mask-image: none; } }
@media print { .dualad-scrolls { overflow: visible; font-size: 75%; } }
</style>"""


def scrolling(html: str) -> str:
    """HTML that scrolls sideways where it is wider than the page, with a sign that it does.

    >>> scrolling("<table>")[-41:]
    '<div class="dualad-scrolls"><table></div>'
    """
    return f'{SCROLLING}<div class="dualad-scrolls">{html}</div>'


@dataclass(frozen=True)
class Captioned:
    """A figure with a caption, as Jupyter shows it: made by `caption`.

    Attributes
    ----------
    text : str
        The caption.
    alt : str
        What the figure shows, for those who do not see it.
    """

    text: str
    alt: str
    body: str
    png: bytes | None = None

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        below = "max-width:46em;margin:0.4em 0 0;font-size:0.92em;line-height:1.4"
        return (
            f'<figure style="margin:0.5em 0 1em">{self.body}'
            f'<figcaption style="{below}">{_emphasised(self.text)}</figcaption></figure>'
        )

    def _repr_png_(self) -> bytes | None:
        return self.png


def caption(figure: Any, text: str, alt: str = "") -> Captioned:
    """Show a figure with a caption below it, and with a text for those who do not see it.

    Parameters
    ----------
    figure : matplotlib Figure or Axes, or an object that Jupyter shows as SVG or HTML
        What to show: a plot, a graph, a trace. A matplotlib figure is closed, so that it is
        shown once.
    text : str
        The caption. A beginning such as "Figure 1.2." is set in bold.
    alt : str
        What the figure shows; by default the caption.

    Returns
    -------
    Captioned

    Raises
    ------
    TypeError
        If the figure is of another kind.
    ValueError
        If the caption is empty.

    Examples
    --------
    >>> from dualad.teach import graph
    >>> caption(graph(lambda x: x * x, 3.0), "Figure 1. Two edges lead to the product.")
    Figure 1. Two edges lead to the product.
    """
    if not text.strip():
        raise ValueError("caption needs a text, got an empty one.")
    alt = alt or text
    figure = getattr(figure, "figure", figure)  # that of axes
    if not hasattr(figure, "savefig"):
        return Captioned(text, alt, _body(figure, alt))
    import matplotlib.pyplot as plt

    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    plt.close(figure)
    png = picture.getvalue()
    width = round(float(figure.get_size_inches()[0]) * 96)
    data = base64.b64encode(png).decode()
    is_wide = width > WIDE  # on a narrow page it scrolls, for its letters would be too small
    least = f";min-width:{round(0.6 * width)}px" if is_wide else ""
    image = (
        f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}" width="{width}" '
        f'style="max-width:100%;height:auto{least}">'
    )
    return Captioned(text, alt, scrolling(image) if is_wide else image, png)


def _body(shown: Any, alt: str) -> str:
    if hasattr(shown, "_repr_svg_"):
        return f'<div role="img" aria-label="{escape(alt)}">{shown._repr_svg_()}</div>'
    if hasattr(shown, "_repr_html_"):
        html = shown._repr_html_()
        return html if html.startswith(SCROLLING) else scrolling(html)
    kind = type(shown).__name__
    raise TypeError(f"caption takes a figure, axes, a graph or a trace, got {kind}.")


def _emphasised(text: str) -> str:
    return re.sub(r"^(Figure|Table) [\d.]*\d\.", r"<b>\g<0></b>", escape(text, quote=False))
