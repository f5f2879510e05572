"""Shapes: a line, points, a band, bars and marks as SVG on the axes of a Plot."""

import math

import numpy as np
from markupsafe import escape
from numpy import ndarray

from intralpha.base.stretches import stretches
from intralpha.report.chart import Band, Bars, Chart, Line
from intralpha.report.language import text
from intralpha.report.plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Plot, gap

MOST_POINTS = 700  # of a line; longer ones keep the least and the most of each stretch


def draw_line(plot: Plot, trace: Line) -> None:
    """A line, parted where a value is absent, or points; down to 0 filled if it asks for that."""
    x, y = plot.places(trace.x), plot.heights(trace.y)
    px, py = plot.x.at(x), plot.y.at(y)
    if trace.points:
        dots = "".join(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3"/>'
            for a, b in zip(px, py, strict=True)
            if math.isfinite(a) and math.isfinite(b)
        )
        plot.shapes.append(dots)
        return
    px, py = _thinned(px, py)
    for part in _parts(px, py):
        path = _path(px[part], py[part], trace.step)
        if trace.area:
            base = plot.y.at(0.0)
            first, last = px[part][0], px[part][-1]
            plot.shapes.append(
                f'<path class="area" d="{path}L{last:.1f} {base:.1f}L{first:.1f} {base:.1f}Z"/>'
            )
        plot.shapes.append(f'<path class="l d{trace.dash}" d="{path}"/>')


def _path(px: ndarray, py: ndarray, step: bool) -> str:
    pairs = [f"{a:.1f} {b:.1f}" for a, b in zip(px, py, strict=True)]
    if not step:
        return "M" + "L".join(pairs)
    return f"M{pairs[0]}" + "".join(
        f"H{a:.1f}V{b:.1f}" for a, b in zip(px[1:], py[1:], strict=True)
    )


def _parts(px: ndarray, py: ndarray) -> list[slice]:
    """Stretches without a gap."""
    return [slice(*ends) for ends in stretches(np.isfinite(px) & np.isfinite(py))]


def _thinned(px: ndarray, py: ndarray) -> tuple[ndarray, ndarray]:
    """Least and most of each stretch of a long line: no peak is lost."""
    if len(px) <= MOST_POINTS:
        return px, py
    kept = {0, len(px) - 1}
    for part in np.array_split(np.arange(len(px)), MOST_POINTS // 2):
        known = part[np.isfinite(py[part])]
        if len(known):
            kept |= {int(known[py[known].argmin()]), int(known[py[known].argmax()])}
        if len(known) < len(part):
            kept.add(int(part[~np.isfinite(py[part])][0]))
    at = sorted(kept)
    return px[at], py[at]


def draw_band(plot: Plot, trace: Band) -> None:
    """What lies between low and high."""
    px = plot.x.at(plot.places(trace.x))
    low, high = (plot.y.at(plot.heights(v)) for v in (trace.low, trace.high))
    for part in _parts(px, low + high):
        there, back = (
            _path(px[part], low[part], False),
            _path(px[part][::-1], high[part][::-1], False),
        )
        plot.shapes.append(f'<path class="area" d="{there}L{back[1:]}Z"/>')


def draw_bars(plot: Plot, trace: Bars, place: int, of: int) -> None:
    """Bars from 0, beside those of the other traces.

    Parameters
    ----------
    plot : takes the shapes
    trace : the bars
    place, of : which of how many traces of bars, from 0
    """
    at, y = plot.places(trace.x), plot.heights(trace.y)
    every = 1.0 if plot.kind == "name" else gap(at[np.isfinite(at)])
    room = max(abs(plot.x.at(every) - plot.x.at(0.0)) * 0.8, 1.0)
    wide = room / of
    base = plot.y.at(plot.y.low if plot.log else 0.0)
    for a, b, value in zip(plot.x.at(at), plot.y.at(y), y, strict=True):
        if math.isfinite(a) and math.isfinite(b):
            left, top, tall = a - room / 2 + place * wide, min(b, base), abs(base - b)
            other = ' class="below"' if trace.signed and value < 0 else ""
            plot.shapes.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" '
                f'height="{tall:.1f}"{other}/>'
            )


def draw_marks(plot: Plot, chart: Chart) -> None:
    """Upright lines and what they say, in both languages."""
    for mark in chart.marks:
        x = plot.x.at(plot.places([mark.x])[0])
        if LEFT <= x <= WIDTH - RIGHT:
            side = "e" if x > WIDTH / 2 else "s"
            plot.shapes.append(f'<path class="mark" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
            shift = x - 4 if side == "e" else x + 4
            for language in ("en", "zh"):
                said = escape(text(mark.name).told(language))
                at = f'x="{shift:.1f}" y="{TOP + 12}"'
                plot.shapes.append(f'<text {at} class="{side} {language}">{said}</text>')
