"""How results show themselves in a notebook: plain HTML tables and one small chart, no imports."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from numpy import ndarray

WIDTH, HEIGHT, MARGIN = 320, 70, 3


def html_table(
    header: Sequence[object], rows: Iterable[Sequence[object]], caption: str = ""
) -> str:
    """A table of text, every cell escaped.

    Parameters
    ----------
    header : one label a column
    rows : cells; floats are written with :func:`number_text`
    caption : shown above the table

    Examples
    --------
    >>> html_table(["<a>"], [[0.5]])
    '<table><thead><tr><th>&lt;a&gt;</th></tr></thead><tbody><tr><td>0.5</td></tr></tbody></table>'
    """
    top = f"<caption>{escape(caption)}</caption>" if caption else ""
    head = "".join(f"<th>{escape(str(h))}</th>" for h in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(number_text(c))}</td>" for c in row) + "</tr>"
        for row in rows
    )
    return f"<table>{top}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def number_text(value: object) -> str:
    """A float with four significant digits, anything else as it is."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def svg_line(values: ndarray, label: str) -> str:
    """A line chart of one series as inline SVG.

    Parameters
    ----------
    values : ndarray of float, shape [N]
        What is not finite is left out. The dotted line is zero.
    label : read out by screen readers and shown when pointed at

    Returns
    -------
    str
        Empty without two finite values.
    """
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 2:
        return ""
    low, high = min(values[known].min(), 0.0), max(values[known].max(), 0.0)
    span = high - low if high > low else 1.0
    x = MARGIN + known / (len(values) - 1) * (WIDTH - 2 * MARGIN)
    y = HEIGHT - MARGIN - (values[known] - low) / span * (HEIGHT - 2 * MARGIN)
    zero = HEIGHT - MARGIN + low / span * (HEIGHT - 2 * MARGIN)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"<title>{escape(label)}</title>"
        f'<line x1="0" x2="{WIDTH}" y1="{zero:.1f}" y2="{zero:.1f}" stroke="#999" '
        'stroke-dasharray="2 3"/>'
        f'<polyline fill="none" stroke="#1f4e79" stroke-width="1.5" points="{points}"/></svg>'
    )


def text_table(rows: Iterable[tuple[str, object]]) -> str:
    """Names and values as aligned lines of text."""
    lines = [(name, number_text(value)) for name, value in rows]
    width = max((len(name) for name, _ in lines), default=0)
    return "\n".join(f"{name:<{width}}  {text:>12}" for name, text in lines)
