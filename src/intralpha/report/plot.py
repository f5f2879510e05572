"""Plot: the axes of a chart in pixels, and the shapes that are drawn between them."""

import math
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from markupsafe import escape
from numpy import ndarray

from intralpha.report.chart import Band, Bars, Cells, Chart, Line
from intralpha.report.scale import (
    Scale,
    date_scale,
    kind_of,
    log_scale,
    number_scale,
    numbers,
    plain_scale,
)

WIDTH, HEIGHT = 560, 290
LEFT, RIGHT, TOP, BOTTOM = 66, 10, 10, 28


@dataclass
class Plot:
    """The axes of a chart, and what is drawn so far."""

    x: Scale
    y: Scale
    kind: str
    names: list[str]
    log: bool
    shapes: list[str] = field(default_factory=list)

    def places(self, values: object) -> Float[ndarray, "N"]:
        """Values of the level axis as numbers."""
        if self.kind == "name":
            return np.array([self.names.index(str(v)) for v in values], float)  # type: ignore[attr-defined]
        return numbers(values)  # type: ignore[arg-type]

    def heights(self, values: object) -> Float[ndarray, "N"]:
        """Values of the upright axis; logarithms on a logarithmic one."""
        found = numbers(values)  # type: ignore[arg-type]
        found = np.where(np.isfinite(found), found, np.nan)
        if not self.log:
            return found
        return np.log10(np.where(found > 0, found, np.nan))


def plot_of(chart: Chart) -> Plot | None:
    """Axes that hold all values; None where there is none."""
    xs = [t.x for t in chart.traces if not isinstance(t, Cells)]
    kind = next((kind_of(x) for x in xs if len(x)), "number")
    names = list(dict.fromkeys(str(v) for x in xs for v in x)) if kind == "name" else []
    blank = Scale(0, 1, LEFT, WIDTH - RIGHT, ())
    plot = Plot(blank, blank, kind, names, chart.log)
    ys = np.concatenate([plot.heights(v) for t in chart.traces for v in _uprights(t)] or [[]])
    at = np.concatenate([plot.places(x) for x in xs] or [[]])
    ys, at = ys[np.isfinite(ys)], at[np.isfinite(at)]
    if not len(ys) or not len(at):
        return None
    zero = any(isinstance(t, Bars) or getattr(t, "area", False) for t in chart.traces)
    low, high = float(ys.min()), float(ys.max())
    if zero and not chart.log:
        low, high = min(low, 0.0), max(high, 0.0)
    foot, head = HEIGHT - BOTTOM, TOP
    plot.y = (
        log_scale(low, high, foot, head)
        if chart.log
        else number_scale(low, high, foot, head, chart.form)
    )
    plot.x = _level(plot, chart, float(at.min()), float(at.max()), at)
    return plot


def _level(plot: Plot, chart: Chart, low: float, high: float, at: ndarray) -> Scale:
    ends = LEFT, WIDTH - RIGHT
    if plot.kind == "name":
        room = max(max(map(len, plot.names)) * 8, 30)
        every = max(math.ceil(len(plot.names) * room / (WIDTH - LEFT)), 1)
        ticks = tuple((float(i), n[:24]) for i, n in enumerate(plot.names) if i % every == 0)
        return Scale(-0.5, len(plot.names) - 0.5, *ends, ticks)
    if any(isinstance(t, Bars) for t in chart.traces):
        half = gap(at) / 2
        low, high = low - half, high + half
    if high == low:
        low, high = low - 1, high + 1
    return date_scale(low, high, *ends) if plot.kind == "date" else plain_scale(low, high, *ends)


def gap(at: ndarray) -> float:
    """The least distance of two places; 1 where there are no two."""
    found = np.diff(np.unique(at))
    return float(found.min()) if len(found) else 1.0


def _uprights(trace: object) -> tuple:
    if isinstance(trace, Band):
        return trace.low, trace.high
    return (trace.y,) if isinstance(trace, Line | Bars) else ()


def draw_axes(plot: Plot) -> None:
    """Lines and labels of the upright axis, ticks and labels of the level one."""
    foot = HEIGHT - BOTTOM
    for value, label in plot.y.ticks:
        y = plot.y.at(value)
        line = "zero" if value == 0 and not plot.log else "grid"
        plot.shapes.append(f'<path class="{line}" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        plot.shapes.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" class="e">{label}</text>')
    for value, label in plot.x.ticks:
        x = plot.x.at(value)
        side = "s" if x < LEFT + 24 else "e" if x > WIDTH - RIGHT - 24 else "m"
        plot.shapes.append(f'<path class="tick" d="M{x:.1f} {foot}v4"/>')
        plot.shapes.append(
            f'<text x="{x:.1f}" y="{foot + 18}" class="{side}">{escape(label)}</text>'
        )
