"""Numbers and duals as text, LaTeX and HTML.

What is given only needs the attributes of a dual number, so that this room stands above `Dual`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .looks import is_plain

MOST_ROWS, MOST_COLUMNS = 20, 8  # of an array in HTML
MOST_ELEMENTS = 6  # of an array in a line


def is_complex(x: Any) -> bool:
    """Whether x is a complex number of Python, NumPy or mpmath."""
    return is_plain(x, (complex, np.complexfloating)) or hasattr(x, "_mpc_")


# -- numbers for people --------------------------------------------------------------------


def number_text(x: Any, digits: int = 4) -> str:
    """A number for people: so many decimals, or so many behind the point of a power of ten.

    Of arrays with more than 6 elements, only the shape.

    >>> number_text(2.0), number_text(0.69314718), number_text(1.5e-9)
    ('2', '0.6931', '1.5e−9')
    >>> number_text(np.array([0.5, 2.0])), number_text(np.zeros((64, 10)))
    ('[0.5, 2]', 'array (64, 10)')
    """
    if is_plain(x, np.ndarray) and x.ndim:
        if x.size > MOST_ELEMENTS:
            return f"array {x.shape}"
        return f"[{', '.join(number_text(part, digits) for part in x)}]"
    if isinstance(x, bool):
        return "true" if x else "false"
    if is_complex(x):
        imag = number_text(x.imag, digits)
        return f"{number_text(x.real, digits)} {'−' if imag[0] == '−' else '+'} {imag.strip('−')}i"
    if isinstance(x, int):
        return str(x).replace("-", "−")
    if not is_real(x):
        return repr(x)
    if hasattr(x, "_mpf_") and digits > 15:
        return str(x.context.nstr(x, digits)).replace("-", "−")
    x = float(x)
    if not math.isfinite(x):
        return "−∞" if x < 0 else "∞" if x > 0 else "nan"
    if x == 0 or 10**-3 <= abs(x) < 10**6:
        text = f"{x:.{digits}f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text.replace("-", "−")
    mantissa, _, exponent = f"{x:.{digits}e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}".replace("-", "−")


def is_real(x: Any) -> bool:
    """Whether x is one plain real number; a dual of an outer differentiation is not."""
    if is_complex(x):  # NumPy's would become real, with a warning
        return False
    try:
        float(x)
    except TypeError:
        return False
    return True


# -- numbers for Python --------------------------------------------------------------------


def text_of(x: Any) -> str:
    """A part of a dual as its repr shows it."""
    if is_plain(x, np.ndarray):
        return np.array2string(x, separator=", ", floatmode="unique", prefix=" " * 5)
    return repr(x.item() if is_plain(x, (np.floating, np.complexfloating)) else x)


def formatted(x: Any, spec: str) -> str:
    """A dual, or a part of one, by a format specification."""
    if is_plain(x, np.ndarray):
        return f"[{', '.join(format(e, spec) for e in x.ravel().tolist())}]"
    if not _is_dual(x):
        return format(x, spec)
    sign, size = _signed(_in_brackets(x.tangent, spec))
    return f"{_in_brackets(x.primal, spec)} {sign} {size}ε"


def _in_brackets(x: Any, spec: str) -> str:
    return f"({formatted(x, spec)})" if _is_dual(x) else formatted(x, spec)


def _is_dual(x: Any) -> bool:
    return hasattr(x, "tangent")


def _signed(tangent: str, minus: str = "-") -> tuple[str, str]:
    """The sign of a number's text, and the text without it."""
    return (minus, tangent[1:]) if tangent.startswith(minus) else ("+", tangent)


# -- duals for Jupyter ---------------------------------------------------------------------


def latex(x: Any) -> str:
    r"""A dual number for Jupyter, as $2.0 + 1.0\,\varepsilon$."""
    sign, size = _signed(_part(x.tangent))
    return rf"${_part(x.primal)} {sign} {size}\,\varepsilon$"


def _part(x: Any) -> str:
    if _is_dual(x):
        return f"({latex(x).strip('$')})"
    if isinstance(x, np.ndarray):
        return f"[{', '.join(map(_part, x.ravel().tolist()))}]"
    return str(x) if hasattr(x, "numerator") else format(x, ".6")  # a Fraction has no format


def array_html(x: Any) -> str:
    """A DualArray as a table: a number with its tangent in each cell.

    The first 20 rows and 8 columns of arrays with one or two axes; of other arrays the repr.
    """
    single = np.shape(x.tangent) == x.shape
    if not (single and 1 <= x.ndim <= 2 and x.size) or _is_dual(x.primal):
        from html import escape

        return f"<pre>{escape(repr(x))}</pre>"
    rows = [x[i : i + 1] if x.ndim == 1 else x[i] for i in range(min(len(x), MOST_ROWS))]
    body = ""
    for row in rows:
        cells = [_cell(row[j]) for j in range(min(len(row), MOST_COLUMNS))]
        cells += ["<td>…</td>"] * (len(row) > MOST_COLUMNS)
        body += f"<tr>{''.join(cells)}</tr>\n"
    if len(x) > MOST_ROWS:
        body += "<tr><td>⋮</td></tr>"
    shape = " × ".join(map(str, x.shape))
    return (
        f"<table><tbody>{body}</tbody></table><small>DualArray, {shape}: value + tangent·ε</small>"
    )


def _cell(x: Any) -> str:
    sign, size = _signed(number_text(x.tangent), "−")
    text = f"{number_text(x.primal)} {sign} {size} ε"
    return f'<td style="text-align:right;white-space:nowrap">{text}</td>'
