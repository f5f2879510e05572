"""Daily settle: daily rows that land in a lake, and later ones of their stocks, derive anew."""

from datetime import date
from pathlib import Path

import polars as pl

from intralpha.market.daily_chain import KNOWN, NEAR_DAYS, chained, limits
from intralpha.market.derived import LISTING, says
from intralpha.market.merge import Merged
from intralpha.market.schemas import TABLES, ascending, in_order, shape
from intralpha.market.settled import Settled, changed_parts, other_values

SCHEMA = TABLES["daily"]
KEY = ["date", "symbol"]
NO_CLOSE = "nothing traded, and no close before it is known"


def settle_daily(root: Path, merged: Merged) -> Settled:
    """Derive new rows, and what later rows of the same stocks derive from them.

    Parameters
    ----------
    root : of the lake
    merged : new rows, not yet written, among all rows of their stocks in the months from the first
        of them on

    Notes
    -----
    Reads of the months before the first new row what the stocks need. Memory: about three times the
    rows of ``merged``.
    """
    rows, changed = merged.rows, merged.changed.select(KEY)
    if rows is None or changed.is_empty():
        return Settled({})
    stocks = rows["symbol"].unique()
    if rows["derived"].null_count() == rows.height:
        return Settled(changed_parts(SCHEMA, in_order("daily", rows), merged.old), stocks)
    first: date = changed["date"].min()  # type: ignore[assignment]
    done = _chained_from(root, rows, changed, first)
    lost = pl.col("close").is_null()
    refused = done.filter(lost).with_columns(pl.lit(NO_CLOSE).alias("reason"))
    good = done.filter(~lost) if refused.height else done
    rederived = other_values(merged.old, good, changed, KEY)
    whole = in_order("daily", good)
    return Settled(changed_parts(SCHEMA, whole, merged.old), stocks, rederived, 0, refused)


def _chained_from(
    root: Path, rows: pl.DataFrame, changed: pl.DataFrame, first: date
) -> pl.DataFrame:
    """All rows, those of the stocks with new ones derived from a day on."""
    if rows["date"].min() == first and changed["symbol"].n_unique() == rows["symbol"].n_unique():
        still, moving = rows[:0], rows
    else:
        mine = pl.col("symbol").is_in(changed["symbol"].unique().implode())
        mine &= pl.col("date") >= first
        still, moving = rows.filter(~mine), rows.filter(mine)
    ground = _ground(root, moving["symbol"].unique(), first)
    moving = moving.with_columns(pl.lit(value=False).alias(KNOWN))
    if ground.height:
        ground = ground.with_columns(pl.lit(value=True).alias(KNOWN))
        moving = pl.concat([ground, moving], how="diagonal")
    if not ascending(moving, ("symbol", "date")):
        moving = moving.sort("symbol", "date")
    done = chained(moving, listings(root, moving)).select(list(SCHEMA.columns))
    return pl.concat([still, done]) if still.height else done


def settle_listings(root: Path, merged: Merged) -> Settled:
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


def _moved_listings(merged: Merged) -> pl.DataFrame:
    """Symbols whose day of listing is new or another one; the old one beside it."""
    columns = ["symbol", "list_date"]
    new = merged.changed.select(columns)
    old = new[:0] if merged.old is None else merged.old.select(columns)
    both = new.join(old, on="symbol", how="left", suffix="_old")
    return both.filter(pl.col("list_date").ne_missing(pl.col("list_date_old")))


def _month(day: pl.Expr) -> pl.Expr:
    """Partition that a day belongs to."""
    return pl.format("daily/month={}.parquet", day.dt.strftime("%Y-%m")).alias("partition")


def month_files(root: Path, first: str) -> list[Path]:
    """Files of ``daily`` from a month's on, ascending.

    Parameters
    ----------
    root : of the lake
    first : name of the month's file, relative to the lake
    """
    return [path for path in _files(root) if path.name >= first.rsplit("/", 1)[1]]


def _files(root: Path) -> list[Path]:
    return sorted((root / "daily").glob("month=*.parquet"))


def _read(root: Path, name: str) -> pl.DataFrame:
    return shape("daily", pl.read_parquet(root / name))


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
    return Settled(out, rederived=rederived)
