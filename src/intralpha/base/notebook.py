"""How results show themselves in a notebook: plain HTML tables and one small chart."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

WIDTH, HEIGHT = 480, 180
LEFT, RIGHT, TOP, BOTTOM = 56.0, 466.0, 26.0, 152.0  # where the axes are
DATE_WIDTH = 64  # of a date that is written out


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


def svg_line(values: Float[ndarray, " N"], dates: Shaped[ndarray, " N"], label: str) -> str:
    """A line chart of one dated series as inline SVG, with both axes and a line at zero.

    Parameters
    ----------
    values : ndarray of float, shape [N]
        What is not finite is left out.
    dates : ndarray of datetime64[D], shape [N], ascending
    label : what the values are; above the chart, and read out by screen readers

    Returns
    -------
    str
        Empty without two finite values.
    """
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 2:
        return ""
    ticks = _ticks(min(float(values[known].min()), 0.0), max(float(values[known].max()), 0.0))
    days = dates.astype("datetime64[D]").astype(np.float64)
    x = LEFT + (days - days[0]) / (days[-1] - days[0]) * (RIGHT - LEFT)
    scale = (BOTTOM - TOP) / (ticks[-1] - ticks[0])
    points = " ".join(
        f"{a:.1f},{b:.1f}"
        for a, b in zip(x[known], BOTTOM - (values[known] - ticks[0]) * scale, strict=True)
    )
    parts = [
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(label)}" font-size="11" fill="currentColor">',
        f"<title>{escape(label)}</title>",
        _text(LEFT, TOP - 8, "start", label),
        *(_value_tick(BOTTOM - (tick - ticks[0]) * scale, tick) for tick in ticks.tolist()),
        *(_date_tick(float(x[at]), str(dates[at])) for at in _shown(x)),
        _line(LEFT, TOP, LEFT, BOTTOM, 'class="values"'),
        _line(LEFT, BOTTOM, RIGHT, BOTTOM, 'class="dates"'),
        f'<polyline fill="none" stroke="#1f77b4" stroke-width="1.5" points="{points}"/></svg>',
    ]
    return "".join(parts)


def _ticks(low: float, high: float) -> Float[ndarray, " K"]:
    """Three to six round numbers at equal distances, from at most ``low`` to at least ``high``.

    Parameters
    ----------
    low, high : 0 or below, 0 or above
    """
    rough = (high - low or 1.0) / 4
    unit = 10.0 ** np.floor(np.log10(rough))
    step = unit * next(m for m in (1, 2, 5, 10) if m * unit >= rough * (1 - 1e-9))
    first, last = np.floor(low / step), np.ceil(high / step)
    return step * np.arange(first, max(last, first + 2) + 1) + 0.0  # no minus before a zero


def _shown(x: Float[ndarray, " N"]) -> list[int]:
    """Which dates are written out: the first, the last, and the one nearest the middle."""
    middle = int(np.abs(x - (LEFT + RIGHT) / 2).argmin())
    room = min(x[middle] - LEFT, RIGHT - x[middle]) > DATE_WIDTH * 1.5
    return [0, middle, len(x) - 1] if room else [0, len(x) - 1]


def _value_tick(y: float, value: float) -> str:
    """A line across at a value, darker at zero, and the value beside it."""
    shade = 'class="zero" stroke-opacity="0.8"' if value == 0 else 'stroke-opacity="0.15"'
    return _line(LEFT, y, RIGHT, y, shade) + _text(LEFT - 6, y + 4, "end", number_text(value))


def _date_tick(x: float, date: str) -> str:
    """A short line below the axis, and the date below it."""
    anchor = "start" if x == LEFT else "end" if x == RIGHT else "middle"
    return _line(x, BOTTOM, x, BOTTOM + 4) + _text(x, BOTTOM + 17, anchor, date)


def _line(x1: float, y1: float, x2: float, y2: float, more: str = "") -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="currentColor" {more}/>'


def _text(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def text_table(rows: Iterable[tuple[str, object]]) -> str:
    """Names and values as aligned lines of text."""
    lines = [(name, number_text(value)) for name, value in rows]
    width = max((len(name) for name, _ in lines), default=0)
    return "\n".join(f"{name:<{width}}  {text:>12}" for name, text in lines)
