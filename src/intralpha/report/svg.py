"""Draw a Chart as SVG inside a figure of HTML: it needs no library, and no script to be seen."""

import json
import math
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from markupsafe import Markup, escape
from numpy import ndarray

from intralpha.base.stretches import stretches
from intralpha.report.chart import COLOURS, Band, Bars, Cells, Chart, Line
from intralpha.report.heat import heat_map
from intralpha.report.language import Text, text
from intralpha.report.scale import (
    Scale,
    date_scale,
    day_text,
    kind_of,
    log_scale,
    number_scale,
    numbers,
    plain_scale,
)

WIDTH, HEIGHT = 560, 290
LEFT, RIGHT, TOP, BOTTOM = 66, 10, 10, 28
MOST_POINTS = 700  # of a line; longer ones keep the least and the most of each stretch
MOST_HOVER = 400


@dataclass
class _Plot:
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


def draw(chart: Chart) -> Markup:
    """A chart as a figure of HTML.

    Parameters
    ----------
    chart : what is drawn; one without any value says so

    Returns
    -------
    Markup
        Title and unit, legend, drawing; names are escaped. Colours are variables of the page.
    """
    title, unit = text(chart.title), text(chart.unit)
    if any(isinstance(t, Cells) for t in chart.traces):
        body, keys = heat_map(next(t for t in chart.traces if isinstance(t, Cells))), Markup("")
    else:
        body, keys = _drawing(chart), _legend(chart)
    below = Markup('<p class="x">{}</p>').format(text(chart.x_title)) if chart.x_title else ""
    head = Markup('<figcaption><b>{}</b> <span class="unit">{}</span></figcaption>')
    label = Markup('<figure class="chart" aria-label="{}">{}{}{}{}</figure>')
    return label.format(f"{title}, {unit}", head.format(title, unit), keys, body, below)


def _drawing(chart: Chart) -> Markup:
    plot = _plot(chart)
    if plot is None:
        return Markup('<p class="none">{}</p>').format(text("no value"))
    _axes(plot)
    bars = [t for t in chart.traces if isinstance(t, Bars)]
    for i, trace in enumerate(chart.traces):
        open_ = f'<g data-s="{i}" class="{_colour(trace.colour)[0]}"{_colour(trace.colour)[1]}>'  # type: ignore[union-attr]
        plot.shapes.append(open_)
        if isinstance(trace, Bars):
            _bars(plot, trace, bars.index(trace), len(bars))
        elif isinstance(trace, Band):
            _band(plot, trace)
        elif isinstance(trace, Line):
            _line(plot, trace)
        plot.shapes.append("</g>")
    _marks(plot, chart)
    hover = json.dumps(_hover(plot, chart), separators=(",", ":"), ensure_ascii=False)
    svg = Markup(
        '<svg viewBox="0 0 {} {}" role="img" tabindex="0" aria-label="{}" data-hover="{}">{}</svg>'
    )
    label = f"{text(chart.title)}, {text(chart.unit)}"
    shapes = Markup("".join(plot.shapes))  # noqa: S704 - numbers, and names that are escaped
    return svg.format(WIDTH, HEIGHT, label, hover, shapes)


def _plot(chart: Chart) -> _Plot | None:
    """Axes that hold all values; None where there is none."""
    xs = [t.x for t in chart.traces if not isinstance(t, Cells)]
    kind = next((kind_of(x) for x in xs if len(x)), "number")
    names = list(dict.fromkeys(str(v) for x in xs for v in x)) if kind == "name" else []
    blank = Scale(0, 1, LEFT, WIDTH - RIGHT, ())
    plot = _Plot(blank, blank, kind, names, chart.log)
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


def _level(plot: _Plot, chart: Chart, low: float, high: float, at: ndarray) -> Scale:
    ends = LEFT, WIDTH - RIGHT
    if plot.kind == "name":
        room = max(max(map(len, plot.names)) * 8, 30)
        every = max(math.ceil(len(plot.names) * room / (WIDTH - LEFT)), 1)
        ticks = tuple((float(i), n[:24]) for i, n in enumerate(plot.names) if i % every == 0)
        return Scale(-0.5, len(plot.names) - 0.5, *ends, ticks)
    if any(isinstance(t, Bars) for t in chart.traces):
        half = _gap(at) / 2
        low, high = low - half, high + half
    if high == low:
        low, high = low - 1, high + 1
    return date_scale(low, high, *ends) if plot.kind == "date" else plain_scale(low, high, *ends)


def _gap(at: ndarray) -> float:
    found = np.diff(np.unique(at))
    return float(found.min()) if len(found) else 1.0


def _uprights(trace: object) -> tuple:
    if isinstance(trace, Band):
        return trace.low, trace.high
    return (trace.y,) if isinstance(trace, Line | Bars) else ()


def _axes(plot: _Plot) -> None:
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


def _line(plot: _Plot, trace: Line) -> None:
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


def _band(plot: _Plot, trace: Band) -> None:
    px = plot.x.at(plot.places(trace.x))
    low, high = (plot.y.at(plot.heights(v)) for v in (trace.low, trace.high))
    for part in _parts(px, low + high):
        there, back = (
            _path(px[part], low[part], False),
            _path(px[part][::-1], high[part][::-1], False),
        )
        plot.shapes.append(f'<path class="area" d="{there}L{back[1:]}Z"/>')


def _bars(plot: _Plot, trace: Bars, place: int, of: int) -> None:
    at, y = plot.places(trace.x), plot.heights(trace.y)
    every = 1.0 if plot.kind == "name" else _gap(at[np.isfinite(at)])
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


def _marks(plot: _Plot, chart: Chart) -> None:
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


def _hover(plot: _Plot, chart: Chart) -> dict[str, object]:
    """Places, what stands there, and the values of every trace: what the pointer shows."""
    traces = [(i, t) for i, t in enumerate(chart.traces) if isinstance(t, Line | Bars)]
    places = np.unique(np.concatenate([plot.places(t.x) for _, t in traces] or [[]]))
    places = places[np.isfinite(places)]
    if len(places) > MOST_HOVER:
        kept = np.linspace(0, len(places) - 1, MOST_HOVER).round().astype(int)
        places = places[kept]
    rows = []
    for i, trace in traces:
        known = dict(zip(plot.places(trace.x).tolist(), numbers(trace.y).tolist(), strict=True))
        values = [_short(known.get(p)) for p in places.tolist()]
        rows.append([i, *(text(trace.name).told(n) for n in ("en", "zh")), values])
    written = [_place_text(plot, p) for p in places.tolist()]
    pixels = [round(float(p), 1) for p in plot.x.at(places)]
    return {"x": pixels, "t": written, "s": rows, "p": int(chart.form == "percent")}


def _place_text(plot: _Plot, place: float) -> str:
    if plot.kind == "name":
        return plot.names[int(place)]
    return day_text(place) if plot.kind == "date" else f"{place:.6g}"


def _short(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.4g}")


def _colour(colour: int | float) -> tuple[str, str]:
    """Class and style of a place in the palette, or of a share of the way from low to high."""
    if isinstance(colour, int):
        return f"c{colour % COLOURS}", ""
    ends = ("var(--low)", "var(--middle)") if colour < 0.5 else ("var(--middle)", "var(--high)")
    share = 200 * colour if colour < 0.5 else 200 * colour - 100
    return "cx", f' style="color:color-mix(in srgb,{ends[0]},{ends[1]} {share:.0f}%)"'


def _legend(chart: Chart) -> Markup:
    """A button a group of traces, which hides and shows them."""
    groups: dict[str, list[int]] = {}
    shown: dict[str, tuple[str | Text, object]] = {}
    for i, trace in enumerate(chart.traces):
        if isinstance(trace, Cells) or not trace.name:
            continue
        key = getattr(trace, "group", "") or str(trace.name)
        groups.setdefault(key, []).append(i)
        shown.setdefault(key, (trace.name, trace))
    if len(groups) < 2:
        return Markup("")
    one = Markup('<button type="button" class="key" aria-pressed="true" data-s="{}">{}{}</button>')
    keys = []
    for key, places in groups.items():
        said, trace = shown[key]
        kind, style = _colour(trace.colour)  # type: ignore[attr-defined]
        dash = f" d{trace.dash}" if isinstance(trace, Line) and not trace.points else " box"
        swatch = Markup(f'<i class="{kind}{dash}"{style}></i>')  # noqa: S704 - no name in it
        keys.append(one.format(" ".join(map(str, places)), swatch, text(said)))
    return Markup('<div class="keys">{}</div>').format(Markup("").join(keys))
