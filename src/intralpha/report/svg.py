"""Draw a Chart as SVG inside a figure of HTML: it needs no library, and no script to be seen."""

import json
import math

import numpy as np
from markupsafe import Markup

from intralpha.report.chart import COLOURS, Band, Bars, Cells, Chart, Line
from intralpha.report.heat import heat_map
from intralpha.report.language import Text, text
from intralpha.report.plot import HEIGHT, WIDTH, Plot, draw_axes, plot_of
from intralpha.report.scale import day_text, numbers
from intralpha.report.shapes import draw_band, draw_bars, draw_line, draw_marks

MOST_HOVER = 400


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
    plot = plot_of(chart)
    if plot is None:
        return Markup('<p class="none">{}</p>').format(text("no value"))
    draw_axes(plot)
    bars = [t for t in chart.traces if isinstance(t, Bars)]
    for i, trace in enumerate(chart.traces):
        open_ = f'<g data-s="{i}" class="{_colour(trace.colour)[0]}"{_colour(trace.colour)[1]}>'  # type: ignore[union-attr]
        plot.shapes.append(open_)
        if isinstance(trace, Bars):
            draw_bars(plot, trace, bars.index(trace), len(bars))
        elif isinstance(trace, Band):
            draw_band(plot, trace)
        elif isinstance(trace, Line):
            draw_line(plot, trace)
        plot.shapes.append("</g>")
    draw_marks(plot, chart)
    hover = json.dumps(_hover(plot, chart), separators=(",", ":"), ensure_ascii=False)
    svg = Markup(
        '<svg viewBox="0 0 {} {}" role="img" tabindex="0" aria-label="{}" data-hover="{}">{}</svg>'
    )
    label = f"{text(chart.title)}, {text(chart.unit)}"
    shapes = Markup("".join(plot.shapes))  # noqa: S704 - numbers, and names that are escaped
    return svg.format(WIDTH, HEIGHT, label, hover, shapes)


def _hover(plot: Plot, chart: Chart) -> dict[str, object]:
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


def _place_text(plot: Plot, place: float) -> str:
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
