"""Kinds that look ahead on purpose, in every table that a lake can have, and honest twins."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Literal

import numpy as np
import polars as pl
from numpy import ndarray

from intralpha.audit.futures import NOON
from intralpha.audit.moment import dated_by
from intralpha.base import Panel
from intralpha.base.node import EVERYTHING, Inputs, Node, Read, Task, day_slices
from intralpha.base.panel import as_days
from intralpha.datasets import RowFilterSpec, TransformSpec
from intralpha.factors import FactorSpec, Ground
from intralpha.factors.features import feature_node
from intralpha.factors.inputs import make_seen
from intralpha.features import FeatureSet, FeatureSpec
from intralpha.labels import fwd_return
from intralpha.market import TABLES, Lake, bar_times, read_daily


class PeekSpec(FeatureSpec):
    """A column's sum on the next day of each stock, or on its last one, and how far that is."""

    kind: Literal["leaks.peek"] = "leaks.peek"
    table: str
    column: str
    cheats: bool = True

    def make(self) -> "Peek":
        return Peek(self)

    def reads(self) -> tuple[Read, ...]:
        return (Read(self.table),)


class Peek(FeatureSet):
    name, names, times, lookback_days = "peek", ("seen",), None, 0

    def __init__(self, spec: PeekSpec) -> None:
        self.spec = spec

    def days(
        self, lake: Lake, dates: ndarray, assets: ndarray
    ) -> Iterator[tuple[np.datetime64, ndarray]]:
        schema, column = TABLES[self.spec.table], self.spec.column
        dated = column if column == schema.end else dated_by(schema)
        kind = schema.columns[column]
        number = pl.col(column).hash() % 997 if kind == pl.String else pl.col(column)
        number = (pl.col(column) - date(2000, 1, 1)).dt.total_days() if kind == pl.Date else number
        rows = lake.scan(schema.name).select("symbol", pl.col(dated).alias("on"), number.alias("x"))
        rows = rows.drop_nulls().collect()
        for day in dates:
            later = pl.col("on") > day.item()
            found = rows.filter(later if self.spec.cheats else ~later)
            edge = pl.col("on").min() if self.spec.cheats else pl.col("on").max()
            near = found.filter(pl.col("on") == edge.over("symbol"))
            away = (pl.col("on") - day.item()).dt.total_days()
            total = (pl.col("x").cast(float).sum() + away.first()).alias("v")
            value = near.group_by("symbol", maintain_order=True).agg(total)
            laid = pl.DataFrame({"symbol": assets.tolist()}).join(value, on="symbol", how="left")
            yield day, laid["v"].fill_null(np.nan).to_numpy().astype(np.float32)[:, None]


class BarsSpec(FeatureSpec):
    """Close of a bar, or of the next one of the same day."""

    kind: Literal["leaks.bars"] = "leaks.bars"
    cheats: bool = True

    def make(self) -> "Bars":
        return Bars(self.cheats)

    def reads(self) -> tuple[Read, ...]:
        return (Read("bars", 30, back=0),)


class Bars(FeatureSet):
    name, names, lookback_days = "bars", ("close",), 0
    times = bar_times(30)

    def __init__(self, cheats: bool) -> None:
        self.cheats = cheats

    def known_at_slot(self, name: str) -> Literal["bar end"]:
        return "bar end"

    def days(
        self, lake: Lake, dates: ndarray, assets: ndarray
    ) -> Iterator[tuple[np.datetime64, ndarray]]:
        for day in dates:
            rows = lake.scan("bars", day.item(), day.item(), 30).collect()
            out = np.full((len(self.times), len(assets), 1), np.nan, np.float32)
            for symbol, at, close in rows.select("symbol", "time", "close").iter_rows():
                place = np.searchsorted(assets, symbol)
                if place < len(assets) and assets[place] == symbol:
                    out[self.times.index(at), place, 0] = close
            yield day, np.roll(out, -1, axis=0) if self.cheats else out


class MorningSpec(FeatureSpec):
    """Rows of a table with a time up to noon, or of the whole day, said to be known at noon."""

    kind: Literal["leaks.morning"] = "leaks.morning"
    table: str
    cheats: bool = True

    def make(self) -> "Morning":
        return Morning(self)

    def reads(self) -> tuple[Read, ...]:
        return (Read(self.table, back=0),)


class Morning(FeatureSet):
    name, names, times, lookback_days = "morning", ("rows",), None, 0
    known_at = NOON

    def __init__(self, spec: MorningSpec) -> None:
        self.spec = spec

    def days(
        self, lake: Lake, dates: ndarray, assets: ndarray
    ) -> Iterator[tuple[np.datetime64, ndarray]]:
        last = 86_400_000 if self.spec.cheats else 41_400_000
        for day in dates:
            rows = lake.scan(self.spec.table, day.item(), day.item()).filter(pl.col("time") <= last)
            count = rows.group_by("symbol").agg(pl.len().cast(pl.Float32).alias("v")).collect()
            laid = pl.DataFrame({"symbol": assets.tolist()}).join(count, on="symbol", how="left")
            yield day, laid["v"].fill_null(np.nan).to_numpy()[:, None]


class KeepSpec(TransformSpec):
    """Drops the rows whose next day's value is lower: a processor that knows the label."""

    kind: Literal["leaks.keep"] = "leaks.keep"
    alone: ClassVar[bool] = True
    cheats: bool = True

    def apply(self, features: Panel, mask_DA: ndarray, fitted: dict[str, ndarray]) -> Panel:
        if not self.cheats:
            return features
        gone = np.zeros_like(features.values, dtype=bool)
        gone[:-1] = features.values[1:] < features.values[:-1]
        values = np.where(gone, np.float32(np.nan), features.values)
        return Panel(values, features.dates, features.assets, features.names)


class RisersSpec(RowFilterSpec):
    """Trains on the stocks that rise today, or will tomorrow."""

    kind: Literal["leaks.risers"] = "leaks.risers"
    cheats: bool = True

    def reads(self) -> tuple[Read, ...]:
        return (Read("daily"),)

    def keeps(self, lake: Lake, dates: ndarray, assets: ndarray, mask_DA: ndarray) -> ndarray:
        daily = read_daily(lake, ("close", "preclose"), assets=assets)
        rises = daily["close"] > daily["preclose"]
        at = np.searchsorted(daily.dates, dates) + self.cheats
        return rises[np.minimum(at, len(rises) - 1)] & mask_DA


class DroppedSpec(FactorSpec):
    """Today's close, through a transform, without the stocks whose return will be bad."""

    kind: Literal["leaks.dropped"] = "leaks.dropped"
    transform: KeepSpec
    by_label: bool = False

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        spec = PeekSpec(table="daily", column="close", cheats=False)
        features = feature_node(name, spec, ground)
        same_day = {p: lambda at: ground.dates[at : at + 1] for p in ("features", "universe")}
        slices = day_slices(ground.dates, reads_lake=False, needs=same_day)
        inputs = {"features": features.name, "universe": "universe"}
        seen = Node(f"seen/{name}", make_seen, self.transform, slices, inputs)
        needs = {"seen": lambda at: ground.scored[at : at + 1]}
        slices = day_slices(ground.scored, self.by_label, needs)
        reads = (Read("daily", ahead=2),) if self.by_label else ()
        return features, seen, Node(
            f"score/{name}", make_score, self, slices, {"seen": seen.name}, reads
        )  # fmt: skip


class ChosenSpec(FactorSpec):
    """Today's close, weighed by its IC over all days there are: chosen on the test segment."""

    kind: Literal["leaks.chosen"] = "leaks.chosen"

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        spec = PeekSpec(table="daily", column="close", cheats=False)
        features = feature_node(name, spec, ground)
        slices = day_slices(ground.scored, True, {"seen": lambda _: ground.scored})
        inputs, reads = {"seen": features.name}, (Read("daily", ahead=EVERYTHING),)
        return features, Node(f"score/{name}", make_chosen, self, slices, inputs, reads)


def make_chosen(spec: ChosenSpec, inputs: Inputs, task: Task) -> None:
    seen = inputs.panel("seen")
    label = fwd_return(inputs.lake, seen.dates, inputs.assets, 1, 2).values
    both = np.isfinite(seen.values) & np.isfinite(label)
    ic = np.corrcoef(seen.values[both], label[both])[0, 1]
    there = seen.at(as_days([one.name for one in task.slices]))
    score = (there.values * ic).astype(np.float32)
    Panel(score, there.dates, there.assets, ("score",)).save(task.folder("panel"))


class RawSpec(FactorSpec):
    """A feature as it is, of the last bar of the day where there are bars."""

    kind: Literal["leaks.raw"] = "leaks.raw"
    features: FeatureSpec

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        features = feature_node(name, self.features, ground)
        needs = {"seen": lambda at: ground.scored[at : at + 1]}
        slices = day_slices(ground.scored, False, needs)
        inputs = {"seen": features.name}
        return features, Node(f"score/{name}", make_raw, self, slices, inputs)


def make_raw(spec: RawSpec, inputs: Inputs, task: Task) -> None:
    seen = inputs.panel("seen")
    values = seen.values if seen.times is None else seen.values[:, -1]
    apart = np.arange(len(seen.assets), dtype=np.float32)[:, None] / 100  # so that none is flat
    Panel(values + apart, seen.dates, seen.assets, ("score",)).save(task.folder("panel"))


def make_score(spec: DroppedSpec, inputs: Inputs, task: Task) -> None:
    days = as_days([one.name for one in task.slices])
    seen = inputs.panel("seen").at(days)
    values = seen.values.copy()
    if spec.by_label:
        label = fwd_return(inputs.lake, days, inputs.assets, 1, 2).values
        values[label < 0] = np.nan
    Panel(values, days, seen.assets, ("score",)).save(task.folder("panel"))


PEEKS = {
    "tomorrow's close": ("daily", "close"),
    "tomorrow's limit": ("daily", "up_limit"),
    "a bar to come": ("bars", "close"),
    "trade counts to come": ("bars", "trades"),
    "the next auction": ("auctions", "volume"),
    "who will be active": ("trades", "side"),
    "orders to come": ("orders", "volume"),
    "tomorrow's book": ("snapshots", "ask_volume3"),
    "members to come": ("membership", "weight"),
    "who will leave": ("membership", "out_date"),
    "industry to come": ("industry", "code"),
    "restated fundamentals": ("fundamentals", "value"),
    "a dividend to come": ("corporate_actions", "cash_yuan"),
    "a delisting to come": ("instruments", "delist_date"),
}
