"""Bar settle: bars in which nothing traded derive their prices when bars or daily rows land.

A session starts from the preclose of its daily row, which knows of dividends and splits, else from
the last close of the stock's bars in the lake before it. So a session that changes may change those
after it, and they derive anew until nothing changes any more.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from intralpha.market.bar_carry import carried, empty_bars, session_starts
from intralpha.market.derived import PRICES
from intralpha.market.merge import Merged
from intralpha.market.partition import day_of, freq_of
from intralpha.market.schemas import TABLES, ascending, in_order
from intralpha.market.settled import Settled, changed_parts, other_values

SCHEMA, DAILY = TABLES["bars"], TABLES["daily"]
KEY = ["date", "symbol"]
PRECLOSE = {"date": pl.Date(), "symbol": pl.String(), "preclose": pl.Float64()}
Closes = dict[str, float | None]
NEAR = 5  # sessions that are looked into one by one for the last close
FEW = 200  # stocks that are then looked for in all files at once
ROWS_A_RUN = 2_000_000  # of sessions that derive together
BY_STOCK = ("symbol", "date", "time")


class BarSettle:
    """Sessions of one frequency, from the first that changes on.

    Parameters
    ----------
    root : of the lake
    freq : minutes of one bar
    merged : new rows, not yet written, among all rows of their stocks in the same sessions
    daily : months of ``daily`` that are not yet written, by their partition
    """

    def __init__(
        self, root: Path, freq: int, merged: Merged | None, daily: Mapping[str, pl.DataFrame]
    ) -> None:
        self._root, self._folder = root, f"bars/freq={freq}min"
        self._merged, self._daily = merged, daily
        self._files = {
            day_of(p.name): p for p in sorted((root / self._folder).glob("date=*.parquet"))
        }
        rows = None if merged is None else merged.rows
        self._landed = set() if rows is None else set(rows["date"].unique())
        self._days = sorted(self._files.keys() | self._landed)
        self._closes: dict[date, Closes] = {}
        self._done: dict[str, pl.DataFrame] = {}
        self._rederived = self._unpriced = 0

    def settle(self, touched: pl.DataFrame) -> Settled:
        """Derive anew what the sessions and stocks that changed have a part in.

        Parameters
        ----------
        touched : ``date``, ``symbol`` of which a bar, or the preclose, is new or another one
        """
        landed = None if self._merged is None else self._merged.rows
        stocks = (touched if landed is None else landed)["symbol"].unique()
        if touched.is_empty() or not self._derives(min(touched["date"].unique())):
            old = None if self._merged is None else self._merged.old
            rows = in_order("bars", landed) if landed is not None else None
            return Settled({} if rows is None else changed_parts(SCHEMA, rows, old), stocks)
        pending: set[str] = set()
        moving = set(touched["date"].unique())
        place, last = bisect_left(self._days, min(moving)), max(moving)
        while place < len(self._days) and (pending or self._days[place] <= last):
            run = self._run(place, moving)
            if run[0] in moving or pending:
                pending = self._derive(run, stocks, pending)
            place += len(run)
        return Settled(self._done, stocks, self._rederived, self._unpriced)

    def _run(self, place: int, moving: set[date]) -> list[date]:
        """Sessions one after the other that changed, as many as may be held at once; at least one.

        Rows that landed are in memory already.
        """
        run, rows = self._days[place : place + 1], 0
        for day in self._days[place + 1 :]:
            if day not in moving or run[0] not in moving:
                break
            if day not in self._landed:
                rows += pq.read_metadata(self._files[day]).num_rows
            if rows > ROWS_A_RUN:
                break
            run.append(day)
        return run

    def _derive(self, run: list[date], stocks: pl.Series, pending: set[str]) -> set[str]:
        """Some sessions; returns stocks whose last close before the next one is another one now."""
        rows, old = self._now_and_was(run, stocks)
        if rows.is_empty():
            return pending
        if not ascending(rows, BY_STOCK):
            rows = rows.sort(BY_STOCK)
        new = carried(rows, *self._starts(run[0], rows))
        parts = changed_parts(SCHEMA, in_order("bars", new), old)
        self._done |= parts
        if parts:
            changed = self._merged.changed if self._merged is not None else rows[:0]
            now = new.select(*SCHEMA.key, *PRICES)
            self._rederived += other_values(old, now, changed, list(SCHEMA.key))
            self._unpriced += _unpriced(parts.values(), old)
        if run[-1] == self._days[-1]:
            return set()
        here = set(new["symbol"].unique())
        return (pending - here) | _moved_on(new, old)

    def _now_and_was(
        self, run: list[date], stocks: pl.Series
    ) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Bars of the stocks in some sessions, and those of them that the files hold, in order."""
        files = [self._files[day] for day in run if day not in self._landed]
        now, was = [], []
        if len(files) < len(run):
            assert self._merged is not None
            assert self._merged.rows is not None
            mine = None if self._landed <= set(run) else pl.col("date").is_in(run)
            now = [_where(self._merged.rows, mine)]
            was = [] if self._merged.old is None else [_where(self._merged.old, mine)]
        if files:
            rows = pl.scan_parquet(files, schema=SCHEMA.columns, missing_columns="insert")
            here = rows.filter(pl.col("symbol").is_in(stocks.implode())).collect()
            now, was = [*now, here], [*was, here]
        return pl.concat(now), in_order("bars", pl.concat(was)) if was else None

    def _derives(self, first: date) -> bool:
        """Whether any bar from a day on derives anything."""
        rows = None if self._merged is None else self._merged.rows
        if rows is not None and rows["derived"].null_count() < rows.height:
            return True
        rest = (p for d, p in self._files.items() if d >= first and d not in self._landed)
        return any(has_derived(p) for p in rest)

    def _starts(self, first: date, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Precloses of the sessions that need one, and closes before the first of them.

        Parameters
        ----------
        first : session of the first rows
        rows : sorted by symbol, date and time
        """
        opening = pl.Series(session_starts(rows)) & empty_bars(rows)
        wanted = rows.lazy().select(KEY).filter(opening).collect()
        given = self._precloses(wanted)
        unknown = wanted.join(given, on=KEY, how="anti")["symbol"].unique().to_list()
        closes = self._close_before(first, unknown)
        schema = {"symbol": pl.String(), "before": pl.Float64()}
        before = pl.DataFrame({"symbol": list(closes), "before": list(closes.values())}, schema)
        return given.rename({"preclose": "start"}), before

    def _precloses(self, wanted: pl.DataFrame) -> pl.DataFrame:
        """Precloses of sessions of stocks, of those that have a daily row."""
        names = {f"daily/month={day:%Y-%m}.parquet" for day in wanted["date"].unique()}
        columns = list(PRECLOSE)
        parts = [rows.select(columns) for name, rows in self._daily.items() if name in names]
        files = [self._root / name for name in sorted(names - set(self._daily))]
        files = [path for path in files if path.is_file()]
        if files:
            rows = pl.scan_parquet(files, schema=DAILY.columns, missing_columns="insert")
            parts.append(rows.select(columns).join(wanted.lazy(), on=KEY, how="semi").collect())
        known = pl.concat(parts) if parts else pl.DataFrame(schema=PRECLOSE)
        return known.join(wanted, on=KEY, how="semi")

    def _close_before(self, day: date, symbols: list[str]) -> Closes:
        """Last close before a session, null where it is not known either."""
        found: Closes = {}
        wanted = symbols
        earlier = self._days[: bisect_left(self._days, day)]
        near = len(earlier) - NEAR
        first = min(map(day_of, self._done), default=date.max)
        while wanted and earlier:
            if len(earlier) <= near and len(wanted) <= FEW and earlier[-1] < first:
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
        """Last closes of a session: of all stocks, or of those that it was derived anew for."""
        if day not in self._closes:
            rows = self._done.get(f"{self._folder}/date={day}.parquet")
            if rows is None:
                rows = pl.read_parquet(self._files[day], columns=["symbol", "close"])
            self._closes[day] = _closes(rows)
        return self._closes[day]


def settle_bars(root: Path, merged: Merged) -> Settled:
    """Derive new bars, and what later bars of the same stocks derive from them.

    Parameters
    ----------
    root : of the lake
    merged : new rows, not yet written, among all rows of their stocks in the same sessions
    """
    freqs = sorted(merged.changed["freq"].unique())
    parts = []
    for freq in freqs:
        mine = merged if len(freqs) == 1 else _of_freq(merged, freq)
        touched = mine.changed.select(KEY).unique()
        parts.append(BarSettle(root, freq, mine, {}).settle(touched))
    return _joined(parts)


def settle_precloses(root: Path, daily: Mapping[str, pl.DataFrame]) -> Settled:
    """Derive bars anew whose sessions start from precloses that have changed.

    Parameters
    ----------
    root : of the lake
    daily : rows of ``daily`` that are not yet written, by their partition
    """
    parts = []
    for folder in sorted((root / "bars").glob("freq=*min")):
        marked = {
            day_of(path.name): path
            for path in sorted(folder.glob("date=*.parquet"))
            if f"daily/month={path.name[5:12]}.parquet" in daily and has_derived(path)
        }
        if marked:
            settling = BarSettle(root, freq_of(f"bars/{folder.name}/"), None, daily)
            parts.append(settling.settle(_moved(root, daily, marked)))
    return _joined(parts)


def _joined(parts: list[Settled]) -> Settled:
    rows = {name: frame for part in parts for name, frame in part.rows.items()}
    stocks = [part.stocks for part in parts if part.stocks is not None]
    return Settled(
        rows,
        pl.concat(stocks).unique() if stocks else pl.Series("symbol", [], pl.String),
        sum(p.rederived for p in parts),
        sum(p.unpriced for p in parts),
    )


def _of_freq(merged: Merged, freq: int) -> Merged:
    """The part of an append that has bars of one frequency."""
    mine = pl.col("freq") == freq
    rows, old = _filled(merged.rows, mine), _filled(merged.old, mine)
    return Merged(
        rows, merged.added, merged.replaced, merged.kept, old, merged.changed.filter(mine)
    )


def _filled(rows: pl.DataFrame | None, mine: pl.Expr) -> pl.DataFrame | None:
    return None if rows is None else rows.filter(mine)


def _where(rows: pl.DataFrame, mine: pl.Expr | None) -> pl.DataFrame:
    return rows if mine is None else rows.filter(mine)


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


def _moved(root: Path, daily: Mapping[str, pl.DataFrame], bars: dict[date, Path]) -> pl.DataFrame:
    """Sessions of stocks that derive bars and whose preclose is new or another one.

    Parameters
    ----------
    root : of the lake
    daily : rows of ``daily`` that are not yet written, by their partition
    bars : session -> its file
    """
    names = sorted({f"daily/month={day:%Y-%m}.parquet" for day in bars})
    columns = list(PRECLOSE)
    new = pl.concat(daily[name].select(columns) for name in names)
    files = [root / name for name in names if (root / name).is_file()]
    if files:
        old = pl.scan_parquet(files, schema=DAILY.columns, missing_columns="insert")
        new = new.join(old.select(columns).collect(), on=columns, how="anti")
    rows = pl.scan_parquet(list(bars.values()), schema=SCHEMA.columns, missing_columns="insert")
    marked = rows.filter(pl.col("derived").is_not_null()).select(KEY).unique()
    return new.select(KEY).join(marked.collect(), on=KEY, how="semi")


def _moved_on(new: pl.DataFrame, old: pl.DataFrame | None) -> set[str]:
    """Stocks whose last close is another one than it was, or was not there."""
    last = new.group_by("symbol").agg(pl.col("date").last(), now=pl.col("close").last())
    if old is None:
        return set(last["symbol"])
    mine = old.join(last.select(KEY), on=KEY, how="semi", maintain_order="left")
    was = mine.group_by("symbol").agg(was=pl.col("close").last(), there=pl.lit(value=True))
    both = last.join(was, on="symbol", how="left")
    same = pl.col("there").is_not_null() & pl.col("now").eq_missing(pl.col("was"))
    return set(both.filter(~same)["symbol"])


def _unpriced(parts: Iterable[pl.DataFrame], old: pl.DataFrame | None) -> int:
    """Bars without a price, of those that did not lack it before."""
    lost = [rows.filter(pl.col("close").is_null()).select(SCHEMA.key) for rows in parts]
    now = pl.concat(lost)
    if old is None or now.is_empty():
        return now.height
    was = old.filter(pl.col("close").is_null()).select(SCHEMA.key)
    return now.join(was, on=list(SCHEMA.key), how="anti").height


def _closes(rows: pl.DataFrame) -> Closes:
    """Last close of each symbol of sorted rows."""
    last = rows.unique("symbol", keep="last", maintain_order=True)
    return dict(last.select("symbol", "close").iter_rows())
