"""Daily settle: daily rows that land in a lake, and later ones of their stocks, derive anew."""

from datetime import date
from pathlib import Path

import polars as pl

from intralpha.market.daily_chain import KNOWN, NEAR_DAYS, chained, limits
from intralpha.market.derived import LISTING, says
from intralpha.market.merge import Merged
from intralpha.market.schemas import TABLES, shape
from intralpha.market.settled import Settled, other_values

SCHEMA = TABLES["daily"]
KEY = ["date", "symbol"]
NO_CLOSE = "nothing traded, and no close before it is known"


def settle_daily(root: Path, merged: list[Merged]) -> Settled:
    """Derive new rows, and what later rows of the same stocks derive from them.

    Parameters
    ----------
    root : of the lake
    merged : months with new rows among them, not yet written

    Notes
    -----
    Reads the months from the first new row on, and of those before it what the stocks need.
    """
    changed = pl.concat([m.changed.select(KEY) for m in merged])
    if changed.is_empty():
        return Settled({})
    first: date = changed["date"].min()  # type: ignore[assignment]
    symbols = changed["symbol"].unique()
    months = _months(root, merged, first)
    mine = pl.col("symbol").is_in(symbols.implode()) & (pl.col("date") >= first)
    parts = [rows.filter(mine).with_columns(partition=pl.lit(n)) for n, (_, rows) in months.items()]
    open_rows = pl.concat(parts)
    if open_rows["derived"].null_count() == open_rows.height:
        return Settled({m.partition: m.rows for m in merged if m.rows is not None})
    ground = _ground(root, symbols, first).with_columns(pl.lit(value=True).alias(KNOWN))
    rows = open_rows.with_columns(pl.lit(value=False).alias(KNOWN))
    rows = pl.concat([ground, rows], how="diagonal").sort("symbol", "date")
    done = chained(rows, listings(root, rows))
    good = done.filter(pl.col("close").is_not_null())
    refused = done.filter(pl.col("close").is_null()).drop("partition")
    refused = refused.with_columns(pl.lit(NO_CLOSE).alias("reason"))
    return _sorted_in(months, mine, good, changed, refused)


def settle_listings(root: Path, merged: list[Merged]) -> Settled:
    """Limits of the first sessions after listings that a lake did not know, or knows otherwise.

    Parameters
    ----------
    root : of the lake
    merged : ``instruments`` with new rows among them, not yet written
    """
    moved = _moved_listings(merged)
    files = _files(root)
    if moved.is_empty() or not files:
        return Settled({})
    mine = pl.col("symbol").is_in(moved["symbol"].implode())
    rows = pl.scan_parquet(files, schema=SCHEMA.columns, missing_columns="insert").filter(mine)
    firsts = rows.group_by("symbol").agg(first=pl.col("date").min()).collect()
    days = pl.concat(
        moved.select("symbol", day=c).drop_nulls() for c in ("list_date", "list_date_old")
    )
    days = pl.concat([days, firsts.select("symbol", day="first")]).unique()
    near = pl.col("date").is_between("day", pl.col("day").dt.offset_by(f"{NEAR_DAYS}d"))
    found = rows.join(days.lazy(), on="symbol").filter(near & says("limits")).drop("day")
    wanted = found.unique(KEY).sort(KEY).collect()
    if wanted.is_empty():
        return Settled({})
    known = dict(moved.select("symbol", "list_date").drop_nulls().iter_rows())
    listed = _first_rows(root, wanted, known) | known
    up, down = limits(wanted, listed)
    new = wanted.with_columns(up, down, _month(pl.col("date")))
    return _replaced(root, new)


def listings(root: Path, rows: pl.DataFrame) -> dict[str, date]:
    """First session of stocks, as ``instruments`` knows it, else from the first row.

    Parameters
    ----------
    root : of the lake
    rows : of ``daily``: those of its stocks that are not in the lake yet

    Returns
    -------
    dict
        Symbol -> date. From the first row of a stock only where its source says that its history
        begins before that row.
    """
    path = root / "instruments" / "instruments.parquet"
    known: dict[str, date] = {}
    if path.is_file():
        found = pl.read_parquet(path, columns=["symbol", "list_date"]).drop_nulls()
        known = dict(found.iter_rows())
    return _first_rows(root, rows, known) | known


def _first_rows(root: Path, rows: pl.DataFrame, known: dict[str, date]) -> dict[str, date]:
    """First session of stocks without a known one, where their first row says that it is."""
    asked = rows.filter(says(LISTING), ~pl.col("symbol").is_in(list(known)))["symbol"].unique()
    if asked.is_empty():
        return {}
    columns = ["symbol", "date", "derived"]
    mine = pl.col("symbol").is_in(asked.implode())
    frames = [rows.lazy().select(columns)]
    files = _files(root)
    if files:
        stored = pl.scan_parquet(files, schema=SCHEMA.columns, missing_columns="insert")
        frames.append(stored.select(columns))
    first = pl.concat(frames).filter(mine).group_by("symbol").agg(pl.all().sort_by("date").first())
    return dict(first.filter(says(LISTING)).select("symbol", "date").collect().iter_rows())


def _moved_listings(merged: list[Merged]) -> pl.DataFrame:
    """Symbols whose day of listing is new or another one; the old one beside it."""
    columns = ["symbol", "list_date"]
    new = pl.concat([m.changed.select(columns) for m in merged])
    was = [m.old.select(columns) for m in merged if m.old is not None]
    old = pl.concat([*was, new[:0]])
    both = new.join(old, on="symbol", how="left", suffix="_old")
    return both.filter(pl.col("list_date").ne_missing(pl.col("list_date_old")))


def _month(day: pl.Expr) -> pl.Expr:
    """Partition that a day belongs to."""
    return pl.format("daily/month={}.parquet", day.dt.strftime("%Y-%m")).alias("partition")


def _files(root: Path) -> list[Path]:
    return sorted((root / "daily").glob("month=*.parquet"))


def _read(root: Path, name: str) -> pl.DataFrame:
    return shape("daily", pl.read_parquet(root / name))


def _months(
    root: Path, merged: list[Merged], first: date
) -> dict[str, tuple[pl.DataFrame | None, pl.DataFrame]]:
    """Months from a day on as they were and as they are with the new rows."""
    out: dict[str, tuple[pl.DataFrame | None, pl.DataFrame]] = {}
    for part in merged:
        rows = part.rows if part.rows is not None else part.old
        if rows is not None:
            out[part.partition] = part.old, rows
    for path in _files(root):
        name = str(path.relative_to(root))
        if name not in out and path.name >= f"month={first:%Y-%m}.parquet":
            rows = _read(root, name)
            out[name] = rows, rows
    return dict(sorted(out.items()))


def _ground(root: Path, symbols: pl.Series, first: date) -> pl.DataFrame:
    """Of each stock the rows before a day that its next ones start from.

    The last row, and all since the last one with a price or a preclose of its own.
    """
    found: list[pl.DataFrame] = []
    wanted = symbols
    anchor = ~says("prices") | ~says("preclose")
    for path in reversed(_files(root)):
        if wanted.is_empty():
            break
        if path.name > f"month={first:%Y-%m}.parquet":
            continue
        mine = pl.col("symbol").is_in(wanted.implode()) & (pl.col("date") < first)
        rows = pl.scan_parquet(path, schema=SCHEMA.columns, missing_columns="insert")
        part = rows.filter(mine).collect()
        since = part.filter(anchor).group_by("symbol").agg(_since=pl.col("date").max())
        part = part.join(since, on="symbol", how="left")
        part = part.filter(pl.col("_since").is_null() | (pl.col("date") >= pl.col("_since")))
        found.append(part.drop("_since"))
        wanted = wanted.filter(~wanted.is_in(since["symbol"].implode()))
    return pl.concat(found) if found else pl.DataFrame(schema=SCHEMA.columns)


def _sorted_in(
    months: dict[str, tuple[pl.DataFrame | None, pl.DataFrame]],
    mine: pl.Expr,
    good: pl.DataFrame,
    changed: pl.DataFrame,
    refused: pl.DataFrame,
) -> Settled:
    """Derived rows in their months' files, beside the rows that do not derive from the new ones."""
    out: dict[str, pl.DataFrame] = {}
    rederived = 0
    by_part = good.partition_by("partition", as_dict=True, include_key=False)
    of_month = changed.with_columns(_month(pl.col("date"))).partition_by(
        "partition", as_dict=True, include_key=False
    )
    for name, (old, rows) in months.items():
        rest = rows.filter(~mine)
        new = by_part.get((name,), rest[:0])
        final = pl.concat([rest, new.select(rest.columns)]).sort(SCHEMA.sort).rechunk()
        if old is not None and final.equals(old):
            continue
        out[name] = final
        new_keys = of_month.get((name,), changed[:0])
        if refused.height or new.height > new_keys.height:
            rederived += other_values(old, new, new_keys, KEY)
    return Settled({n: r for n, r in out.items() if r.height}, rederived, 0, refused)


def _replaced(root: Path, new: pl.DataFrame) -> Settled:
    """Some rows in the files of their months, in place of those with the same key."""
    out: dict[str, pl.DataFrame] = {}
    rederived = 0
    parts = new.partition_by("partition", as_dict=True, include_key=False, maintain_order=True)
    for (name,), part in sorted(parts.items()):
        old = _read(root, str(name))
        rest = old.join(part.select(KEY), on=KEY, how="anti")
        final = pl.concat([rest, part.select(rest.columns)]).sort(SCHEMA.sort).rechunk()
        if not final.equals(old):
            out[str(name)] = final
            rederived += other_values(old, part.select(rest.columns), part[:0], KEY)
    return Settled(out, rederived)
