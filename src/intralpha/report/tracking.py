"""Section of the factors that are followed: alarms first, then bands, strength, highs, crowding."""

from collections.abc import Mapping

import polars as pl

from intralpha.report.chart import Band, Chart, Line, of_each_factor, one_of_many
from intralpha.report.language import Text, name, text
from intralpha.report.section import Section, Tile
from intralpha.report.tables import frame_table

BAND = {"low": "lower_end_of_the_band", "high": "upper_end_of_the_band"}


def tracking_sections(tables: Mapping[str, pl.DataFrame]) -> list[Section]:
    """What the node of the tracking keeps; nothing without it.

    Parameters
    ----------
    tables : alarms, controls, strength, highs, events, fading, crowding; what is absent is left out
    """
    if not tables:
        return []
    shown = []
    for key, title in (
        ("alarms", "Control bands, newest"),
        ("events", "Drawdowns in named events"),
    ):
        if key in tables:
            frame = tables[key].rename(BAND, strict=False)
            shown.append((text(title), frame_table(frame)))
    made = [*_controls(tables.get("controls")), *_strength(tables), *_crowding(tables)]
    alarms = tables.get("alarms")
    tiles = () if alarms is None else (_tile(alarms),)
    note = text("no band yet: the history is too short") if alarms is None else _note(alarms)
    return [Section("Tracking", tuple(shown), tuple(made), tiles, note=note)]


def _tile(alarms: pl.DataFrame) -> Tile:
    count = alarms["alarm"].sum()
    value = text("{} of {}", str(count), str(alarms.height))
    note = text("rolling RankIC below the band of its own history")
    return Tile(value, text("factors in alarm"), note)


def _note(alarms: pl.DataFrame) -> Text:
    low = alarms.filter("alarm")
    if low.is_empty():
        return text("No alarm: every rolling RankIC is inside its band or above it.")
    told = ", ".join(f"{f} ({since})" for f, since in low.select("factor", "since").iter_rows())
    return text("Alarm, rolling RankIC below its band since: {}", told)


def _controls(controls: pl.DataFrame | None) -> list[Chart]:
    """A band and a mean a factor; points where it is below."""
    charts = []
    parts = () if controls is None else controls.group_by("factor", maintain_order=True)
    for (factor,), rows in parts:
        low = rows.filter(pl.col("alarm"))
        traces = (
            Band(rows["date"], rows["low"], rows["high"], text("band of the history")),
            Line(rows["date"], rows["mean"], text("rolling RankIC"), 0),
            Line(low["date"], low["mean"], text("alarm"), 1, points=True),
        )
        unit = "rolling mean, dates of scores"
        charts.append(Chart(text("RankIC in its control band, {}", str(factor)), unit, traces))
    return charts


def _columns(frame: pl.DataFrame, names: list[str]) -> tuple[Line, ...]:
    """A line a column."""
    return tuple(one_of_many(i, frame["date"], frame[n], n) for i, n in enumerate(names))


def _strength(tables: Mapping[str, pl.DataFrame]) -> list[Chart]:
    charts = []
    if (strength := tables.get("strength")) is not None:
        unit = "rolling return of the long side over the mean of all"
        lines = _columns(strength, strength.columns[1:])
        charts.append(Chart("Relative strength", unit, lines, form="percent"))
    if (highs := tables.get("highs")) is not None:
        value = "value of 1, long side over the universe, before cost"
        charts.append(Chart("Long sides", value, of_each_factor(highs, "value")))
        charts.append(
            Chart(
                "Days since the last high",
                "calendar days",
                of_each_factor(highs, "days_since_high"),
            )
        )
        falls = of_each_factor(highs, "drawdown")
        charts.append(Chart("Drawdown of the long sides", "below the high", falls, form="percent"))
    if (fading := tables.get("fading")) is not None:
        unit = "rolling mean RankIC; broken: of older scores"
        charts.append(Chart("Fading", unit, _fading(fading)))
    return charts


def _fading(fading: pl.DataFrame) -> tuple[Line, ...]:
    """Newest scores whole, older ones broken, in the colour of their factor."""
    lines: list[Line] = []
    for i, ((factor,), rows) in enumerate(fading.group_by("factor", maintain_order=True)):
        said, group = name(str(factor)), str(factor)
        lines.append(Line(rows["date"], rows["fresh"], said, i, group=group))
        lines.append(Line(rows["date"], rows["stale"], said, i, 1, group=group))
    return tuple(lines)


def _crowding(tables: Mapping[str, pl.DataFrame]) -> list[Chart]:
    crowding = tables.get("crowding")
    if crowding is None:
        return []
    alike = Line(crowding["date"], crowding["holdings_correlation"])
    names = [c for c in crowding.columns if c not in {"date", "holdings_correlation"}]
    share = _columns(crowding, names)
    unit = "mean correlation of the holdings of every two factors"
    of_all = "turnover of the long side, share of the universe's amount"
    return [
        Chart("Likeness of the long sides", unit, (alike,)),
        Chart("Crowding", of_all, share, form="percent"),
    ]
