"""Bar settle: bars in which nothing traded derive their prices when bars or daily rows land.

A session starts from the preclose of its daily row, which knows of dividends and splits, else from
the last close of the stock's bars in the lake before it. So a session that changes may change those
after it, and they derive anew until nothing changes any more.
"""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from intralpha.market.bar_carry import carried
from intralpha.market.derived import PRICES, says
from intralpha.market.merge import Merged
from intralpha.market.partition import day_of, freq_of
from intralpha.market.schemas import TABLES, shape
from intralpha.market.settled import Settled, other_values

SCHEMA = TABLES["bars"]
PRECLOSE = {"date": pl.Date(), "symbol": pl.String(), "preclose": pl.Float64()}
Closes = dict[str, float | None]
NEAR = 5  # sessions that are looked into one by one for the last close
FEW = 200  # stocks that are then looked for in all files at once


class BarSettle:
    """Sessions of one frequency, from the first that changes on.

    Parameters
    ----------
    root : of the lake
    freq : minutes of one bar
    merged : sessions with new rows among them, not yet written
    daily : months of ``daily`` that are not yet written, by their partition
    """

    def __init__(
        self, root: Path, freq: int, merged: list[Merged], daily: Mapping[str, pl.DataFrame]
    ) -> None:
        self._root, self._folder = root, f"bars/freq={freq}min"
        self._merged = {day_of(m.partition): m for m in merged}
        self._daily = daily
        self._files = {
            day_of(p.name): p for p in sorted((root / self._folder).glob("date=*.parquet"))
        }
        self._days = sorted(self._files.keys() | self._merged.keys())
        self._first = date.max
        self._closes: dict[date, Closes] = {}
        self._precloses: dict[str, pl.DataFrame] = {}
        self._rows: dict[str, pl.DataFrame] = {}
        self._rederived = self._unpriced = 0

    def settle(self, touched: dict[date, set[str]]) -> Settled:
        """Derive anew what the sessions and stocks that changed have a part in.

        Parameters
        ----------
        touched : session -> symbols of which a bar, or the preclose, is new or another one
        """
        if not touched or not self._derives(min(touched)):
            merged = self._merged.values()
            return Settled({m.partition: m.rows for m in merged if m.rows is not None})
        self._first = min(touched)
        pending: set[str] = set()
        last = max([*touched, *self._merged])
        for day in self._days:
            if day < min(touched):
                continue
            if day > last and not pending:
                break
            pending = self._session(day, touched.get(day, set()) | pending, pending)
        return Settled(self._rows, self._rederived, self._unpriced)

    def _session(self, day: date, symbols: set[str], pending: set[str]) -> set[str]:
        """One session; returns stocks whose last close before the next one is another one now."""
        part = self._merged.get(day)
        if not symbols:
            return pending
        whole = self._whole(day)
        mine = whole.filter(pl.col("symbol").is_in(sorted(symbols)))
        here = set(mine["symbol"].unique())
        new = carried(mine, self._starts(day, mine))
        old = part.old if part is not None else whole
        was = {} if old is None else _closes(old.filter(pl.col("symbol").is_in(sorted(here))))
        now = _closes(new)
        if not new.equals(mine) or (part is not None and part.rows is not None):
            self._put(day, whole, mine, new)
        known = self._closes.get(day)
        if known is not None:
            known.update(now)
        absent = object()
        return (pending - here) | {s for s in here if was.get(s, absent) != now[s]}

    def _put(self, day: date, whole: pl.DataFrame, mine: pl.DataFrame, new: pl.DataFrame) -> None:
        part = self._merged.get(day)
        rows = whole
        if not new.equals(mine):
            names = new["symbol"].unique()
            rest = whole.filter(~pl.col("symbol").is_in(names.implode()))
            rows = pl.concat([rest, new]).sort(SCHEMA.sort)
        old = part.old if part is not None else whole
        if old is not None and rows.equals(old):
            return
        self._rows[f"{self._folder}/date={day}.parquet"] = rows
        changed = part.changed if part is not None else whole[:0]
        self._rederived += other_values(
            old, new.select(*SCHEMA.key, *PRICES), changed, list(SCHEMA.key)
        )
        self._unpriced += new["close"].null_count()

    def _whole(self, day: date) -> pl.DataFrame:
        """All bars of a session, new ones among them."""
        name = f"{self._folder}/date={day}.parquet"
        if name in self._rows:
            return self._rows[name]
        part = self._merged.get(day)
        if part is not None:
            rows = part.rows if part.rows is not None else part.old
            assert rows is not None
            return rows
        return shape("bars", pl.read_parquet(self._files[day]))

    def _derives(self, first: date) -> bool:
        """Whether any bar from a day on derives anything."""
        for part in self._merged.values():
            rows = part.rows if part.rows is not None else part.old
            if rows is not None and rows["derived"].null_count() < rows.height:
                return True
        rest = (p for d, p in self._files.items() if d >= first and d not in self._merged)
        return any(has_derived(p) for p in rest)

    def _starts(self, day: date, rows: pl.DataFrame) -> pl.DataFrame:
        """Price that a session starts from, of the stocks whose first bar needs one."""
        empty = says("row") | says("prices")
        wanted = rows.group_by("symbol", maintain_order=True).agg(empty.first().alias("empty"))
        symbols = wanted.filter("empty")["symbol"].to_list()
        found: Closes = {}
        if symbols:
            found = self._preclose(day, symbols)
            found |= self._close_before(day, [s for s in symbols if s not in found])
        schema = {"symbol": pl.String(), "start": pl.Float64()}
        return pl.DataFrame({"symbol": list(found), "start": list(found.values())}, schema=schema)

    def _preclose(self, day: date, symbols: list[str]) -> Closes:
        """Precloses of a session, of those stocks that have a daily row."""
        name = f"daily/month={day:%Y-%m}.parquet"
        if name not in self._precloses:
            columns = list(PRECLOSE)
            rows = pl.DataFrame(schema=PRECLOSE)
            if name in self._daily:
                rows = self._daily[name].select(columns)
            elif (self._root / name).is_file():
                rows = pl.read_parquet(self._root / name, columns=columns)
            self._precloses[name] = rows
        mine = pl.col("date").eq(day) & pl.col("symbol").is_in(symbols)
        rows = self._precloses[name].filter(mine)
        return dict(rows.select("symbol", "preclose").iter_rows())

    def _close_before(self, day: date, symbols: list[str]) -> Closes:
        """Last close before a session, null where it is not known either."""
        found: Closes = {}
        wanted = symbols
        earlier = self._days[: bisect_left(self._days, day)]
        near = len(earlier) - NEAR
        while wanted and earlier:
            if len(earlier) <= near and len(wanted) <= FEW and earlier[-1] < self._first:
                return found | self._far_before(earlier, wanted)
            closes = self._closes_of(earlier.pop())
            found |= {s: closes[s] for s in wanted if s in closes}
            wanted = [s for s in wanted if s not in closes]
        return found

    def _far_before(self, days: list[date], symbols: list[str]) -> Closes:
        """Last close of a few stocks in files that nobody changes, in one pass."""
        rows = pl.scan_parquet(
            [self._files[d] for d in days], schema=SCHEMA.columns, missing_columns="insert"
        )
        mine = rows.filter(pl.col("symbol").is_in(symbols)).select(
            "symbol", "date", "time", "close"
        )
        last = mine.group_by("symbol").agg(pl.col("close").sort_by("date", "time").last())
        return dict(last.collect().iter_rows())

    def _closes_of(self, day: date) -> Closes:
        if day not in self._closes:
            name = f"{self._folder}/date={day}.parquet"
            if name in self._rows or day in self._merged:
                self._closes[day] = _closes(self._whole(day))
            else:
                rows = pl.read_parquet(self._files[day], columns=["symbol", "close"])
                self._closes[day] = _closes(rows)
        return self._closes[day]


def settle_bars(root: Path, merged: list[Merged]) -> Settled:
    """Derive new bars, and what later bars of the same stocks derive from them.

    Parameters
    ----------
    root : of the lake
    merged : sessions with new rows among them, not yet written
    """
    parts = []
    for freq in sorted({freq_of(m.partition) for m in merged}):
        mine = [m for m in merged if freq_of(m.partition) == freq]
        settling = BarSettle(root, freq, mine, {})
        touched = {day_of(m.partition): set(m.changed["symbol"].unique()) for m in mine}
        parts.append(settling.settle({day: stocks for day, stocks in touched.items() if stocks}))
    return _joined(parts)


def settle_precloses(root: Path, daily: Mapping[str, pl.DataFrame]) -> Settled:
    """Derive bars anew whose sessions start from precloses that have changed.

    Parameters
    ----------
    root : of the lake
    daily : months of ``daily`` that are not yet written, by their partition
    """
    parts = []
    for folder in sorted((root / "bars").glob("freq=*min")):
        files = {day_of(p.name): p for p in sorted(folder.glob("date=*.parquet"))}
        moved: dict[date, set[str]] = {}
        for name, rows in daily.items():
            days = [d for d in files if name == f"daily/month={d:%Y-%m}.parquet"]
            marked = {d: files[d] for d in days if has_derived(files[d])}
            moved |= _moved(root / name, rows, marked) if marked else {}
        settling = BarSettle(root, freq_of(f"bars/{folder.name}/"), [], daily)
        parts.append(settling.settle(moved))
    return _joined(parts)


def _joined(parts: list[Settled]) -> Settled:
    rows = {name: frame for part in parts for name, frame in part.rows.items()}
    return Settled(rows, sum(p.rederived for p in parts), sum(p.unpriced for p in parts))


def has_derived(path: Path) -> bool:
    """Whether a file has any row with a word in ``derived``, from its own statistics."""
    facts = pq.read_metadata(path)
    for g in range(facts.num_row_groups):
        group = facts.row_group(g)
        for c in range(group.num_columns):
            column = group.column(c)
            if column.path_in_schema == "derived":
                known = column.statistics
                if known is None or not known.has_null_count:
                    return True
                if known.null_count < group.num_rows:
                    return True
    return False


def _moved(path: Path, rows: pl.DataFrame, bars: dict[date, Path]) -> dict[date, set[str]]:
    """Of sessions of a month, stocks that derive bars and whose preclose is new or another one."""
    columns = ["date", "symbol", "preclose"]
    new = rows.filter(pl.col("date").is_in(list(bars))).select(columns)
    if path.is_file():
        new = new.join(pl.read_parquet(path, columns=columns), on=columns, how="anti")
    out = {}
    for day, symbols in new.group_by("date").agg("symbol").iter_rows():
        marked = pl.scan_parquet(bars[day]).filter(pl.col("derived").is_not_null())
        here = marked.select(pl.col("symbol").unique()).collect()["symbol"]
        if found := set(symbols) & set(here):
            out[day] = found
    return out


def _closes(rows: pl.DataFrame) -> Closes:
    """Last close of each symbol of sorted rows."""
    last = rows.unique("symbol", keep="last", maintain_order=True)
    return dict(last.select("symbol", "close").iter_rows())
