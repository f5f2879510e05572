"""Facts of one real day: daily bars, orders, the book, minutes, what is known at 10:30."""

import csv
import io
import tarfile
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from common import plain_level2 as plain
from scipy.stats import spearmanr

from intralpha.features import LibrarySpec
from intralpha.features.level2.enrich import enrich
from intralpha.features.level2.thresholds import BigOrderSpec
from intralpha.market import TABLES, Lake, read_ticks
from intralpha.sources import IngestReport, SourceSpec, ingest
from intralpha.sources.level2.day_check import check_day
from intralpha.sources.minutes_of_snapshots import MinutesOfSnapshotsSpec
from intralpha.sources.replay.check import aligned_rows, compare_books

FIELDS = ("open", "high", "low", "close", "volume", "amount")
CUT_MS, CUT_BARS, CUT_MINUTES = 37_800_000, 2, 60  # 10:30
SIDED = (
    "volume", "amount", "trades", "active_buy_volume", "active_sell_volume", "active_buy_amount",
    "active_sell_amount", "active_buy_trades", "active_sell_trades", "spread", "depth_imbalance",
)  # fmt: skip
BIG = ("big_buy_amount", "big_sell_amount")


def official(data: Path, on: date) -> dict[str, dict[str, float]]:
    """Daily bars of the three stocks as another vendor published them."""
    out = {}
    with tarfile.open(data / "daily_baostock_csi300.tar.xz") as archive:
        for symbol in ("sz.000001", "sh.600000", "sh.600519"):
            handle = archive.extractfile(f"data/{symbol}.csv")
            assert handle is not None
            for row in csv.DictReader(io.StringIO(handle.read().decode())):
                if row["date"] == str(on):
                    out[f"{symbol[3:]}.{symbol[:2].upper()}"] = {c: float(row[c]) for c in FIELDS}
    return out


def daily_equal(lake: Lake, data: Path, on: date) -> str:
    """Trades added up beside the official bars; how many of the figures are equal."""
    print("\ntrades beside the official daily bar")
    rows, equal, total = lake.scan("trades", on, on).sort("symbol", "seq").collect(), 0, 0
    for symbol, known in official(data, on).items():
        mine = rows.filter(pl.col("symbol") == symbol)
        price, volume = mine["price"].to_numpy(), mine["volume"].to_numpy()
        fen = int((np.rint(100 * price).astype(np.int64) * volume).sum())
        made = (price[0], price.max(), price.min(), price[-1], int(volume.sum()), fen / 100)
        same = [abs(a - b) < 0.005 for a, b in zip(made, known.values(), strict=True)]
        equal, total = equal + sum(same), total + len(same)
        told = " ".join(f"{x:,.2f}" for x in made)
        print(f"  {symbol} {mine.height:,} trades: {told}; equal {sum(same)} of {len(same)}")
    print(check_day(lake, on).to_text())
    return f"{equal}/{total}"


def shanghai_orders(data: Path, report: IngestReport) -> None:
    """How many of the trades' order numbers are in the order file, and what was put together."""
    trade, entrust = (plain.csv_of(data, plain.MOUTAI, f"{n}.csv") for n in ("trade", "entrust"))
    listed = entrust.filter(pl.col("OrderType") == "A")
    named = [*trade["TradeBuyNo"], *trade["TradeSellNo"]]
    numbers, known = set(named), set(listed["OrderNO"])
    shares, often = listed["Balance"].cast(pl.Int64).sum(), sum(n in known for n in named)
    print(
        f"\n600519: {len(numbers):,} order numbers in trades, "
        f"{len(numbers & known) / len(numbers):.1%} of them listed, "
        f"{often / len(named):.1%} of their {len(named):,} mentions"
    )
    for count in report.counts:
        if count.table == "orders" and count.repairs:
            print(
                f"  {len(known):,} orders listed with {shares:,} shares; put together: "
                f"{dict(count.repairs)}"
            )


def book(lake: Lake, on: date) -> float:
    """The book replayed beside the published snapshots of 600519; the share of equal levels."""
    stock = np.array(["600519.SH"])
    orders, trades = (
        next(iter(read_ticks(lake, t, on, tuple(TABLES[t].columns)[2:], stock)))
        for t in ("orders", "trades")
    )
    shown = pl.col("symbol") == stock[0]
    published = lake.scan("snapshots", on, on).filter(shown).sort("symbol", "time").collect()
    print()
    for align in ("time", "sums", "state"):
        found = compare_books(aligned_rows(orders, trades, published, align), published)
        print(
            f"book aligned by {align:5s} {found.snapshots:,} snapshots, sums "
            f"{found.sums_equal:.4f}, levels {found.levels_equal:.4f}, all twenty "
            f"{found.all_equal:.4f}"
        )
    return found.levels_equal


def minutes_and_days(lake: Lake, *days: date) -> None:
    """Minutes and auctions added up beside daily rows."""
    print("\nminutes and opening auction beside the daily row: open high low close volume")
    for on in days:
        bars = lake.scan("bars", on, on, freq=1).sort("symbol", "time").collect()
        first = {r["symbol"]: r for r in lake.scan("auctions", on, on).collect().to_dicts()}
        days_ = {r["symbol"]: r for r in lake.scan("daily", on, on).collect().to_dicts()}
        for (symbol,), rows in bars.group_by("symbol", maintain_order=True):
            own = rows.filter(pl.col("volume") > 0)
            start = first[symbol]
            made = (start["price"], max(own["high"].max(), start["price"]),
                    min(own["low"].min(), start["price"]), own["close"][-1],
                    own["volume"].sum() + start["volume"])  # fmt: skip
            known = days_.get(symbol)
            told = "no daily row" if known is None else _beside(made, known)
            print(f"  {on} {symbol}: {own.height} minutes with trades; {told}")


def _beside(made: tuple[float, ...], known: dict[str, float]) -> str:
    """Figures, each with the daily row's in brackets where that is another one."""
    told = []
    for x, n in zip(made, FIELDS[:5], strict=True):
        same = abs(x - known[n]) < max(0.005, 2e-7 * x)
        told.append(f"{x:,.2f}" + ("" if same else f" (not {known[n]:,.2f})"))
    return "  ".join(told)


def minutes_of_snapshots(source: SourceSpec, lake: Lake, on: date, folder: Path) -> None:
    """Minutes made of the snapshots of 600519 beside those of its trades."""
    other = Lake(folder, create=True)
    ingest([MinutesOfSnapshotsSpec(snapshots=source)], other, show_progress=False)
    mine = pl.col("symbol") == "600519.SH"
    a, b = (
        x.scan("bars", on, on, freq=1).filter(mine).sort("time").collect() for x in (lake, other)
    )
    print("\n600519, 240 minutes of snapshots beside those of trades")
    for name in ("open", "high", "low", "close", "volume", "trades"):
        x, y = (f[name].to_numpy().astype(np.float64) for f in (a, b))
        print(
            f"  {name:8} equal {(x == y).mean():6.1%}, correlation {plain.pearson(x, y):.4f}, "
            f"sum of differences {np.abs(x - y).sum() / np.abs(x).sum():.3%} of the sum"
        )


def cut_at(lake: Lake, on: date, folder: Path, stocks: np.ndarray, rule: BigOrderSpec) -> float:
    """Factors of the first two half hours from rows up to 10:30 beside those of the whole day.

    The daily row of the day is left with what is known before the open.
    """
    cut = _morning(lake, on, folder)
    enrich(cut, np.array([on], "datetime64[D]"), rule, show_progress=False)
    print("\nfrom rows up to 10:30 beside the whole day, bars 1 and 2")
    equal = total = 0
    for name in ("bar64_30", "bar64_level2_30"):
        features = LibrarySpec(library=name, big_order=rule, cache=False).make()
        days = np.array([on], "datetime64[D]")
        whole, part = (features.compute(x, days, stocks).values[0, :CUT_BARS] for x in (lake, cut))
        late = np.array([features.known_at_slot(n) != "bar end" for n in features.names])
        same = (whole == part) | (np.isnan(whole) & np.isnan(part))
        known, there = same[..., ~late], np.isfinite(whole[..., ~late])
        equal, total = equal + int(known.sum()), total + known.size
        names = [n for n, x in zip(features.names, late, strict=True) if x]
        print(
            f"  {name}: {known.sum()} of {known.size} values known at the bar's end are equal "
            f"({there.sum()} are numbers); said to be known later: {', '.join(names) or 'none'}; "
            f"of these {(~same[..., late]).sum()} of {same[..., late].size} differ"
        )
    columns = [
        x.scan("bars", on, on, freq=1)
        .sort("symbol", "time")
        .collect()
        .filter(pl.col("symbol").is_in(stocks.tolist()))
        for x in (lake, cut)
    ]
    for name in (*SIDED, *BIG):
        a, b = (
            f[name].to_numpy().astype(np.float64).reshape(len(stocks), 240)[:, :CUT_MINUTES]
            for f in columns
        )
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        if name in BIG:
            print(
                f"  minutes up to 10:30, {name}: equal {same.mean():.1%}, sum "
                f"{np.nansum(b) / np.nansum(a):.1%} of the whole day's"
            )
        else:
            equal, total = equal + int(same.sum()), total + same.size
    print(f"  {equal} of {total} values that are said to be known at 10:30 are equal")
    return equal / total


def _morning(lake: Lake, on: date, folder: Path) -> Lake:
    """What a lake holds at 10:30."""
    out = Lake(folder, create=True)
    out.append("instruments", lake.scan("instruments").collect())
    before = date(on.year - 1, 12, 1)
    today, close = pl.col("date") == on, pl.col("preclose")
    daily = lake.scan("daily", before, on).with_columns(
        *(pl.when(today).then(close).otherwise(n).alias(n) for n in FIELDS[:4]),
        volume=pl.when(today).then(1).otherwise("volume"),
        amount=pl.when(today).then(None).otherwise("amount"),
    )
    out.append("daily", daily.collect())
    for table in ("trades", "orders", "snapshots"):
        out.append(table, lake.scan(table, on, on).filter(pl.col("time") < CUT_MS).collect())
    return out


def in_time(lake: Lake, on: date, stocks: np.ndarray) -> None:
    """Over the minutes of one day: what a minute says of its own and of the next return."""
    print(
        "\nover the minutes of one day (no RankIC): correlation, rank correlation, n, 1 / sqrt(n)"
    )
    bars = lake.scan("bars", on, on, freq=1).sort("symbol", "time").collect()
    for symbol in stocks:
        b = bars.filter(pl.col("symbol") == symbol)
        x = {
            n: b[n].to_numpy().astype(np.float64)[:237]
            for n in b.columns
            if b[n].dtype.is_numeric()
        }
        ret = np.append(x["close"][0] / x["open"][0], x["close"][1:] / x["close"][:-1]) - 1
        ahead = np.append(ret[1:], np.nan)
        ahead[119] = np.nan  # lunch
        buys, sells = x["active_buy_amount"], x["active_sell_amount"]
        with np.errstate(invalid="ignore"):
            told = {
                "active imbalance": (buys - sells) / (buys + sells),
                "net buying, CNY": buys - sells,
            }
        if np.isfinite(x["depth_imbalance"]).any():
            told |= {"book imbalance": x["depth_imbalance"], "net bid, CNY": x["net_bid_amount"]}
        for name, series in told.items():
            for word, target in (("same", ret), ("next", ahead)):
                known = np.isfinite(series) & np.isfinite(target)
                n = int(known.sum())
                rank = spearmanr(series[known], target[known]).statistic
                print(
                    f"  {symbol} {name:18} {word} minute {plain.pearson(series, target):7.3f} "
                    f"{rank:7.3f} {n:4d} {n**-0.5:.3f}"
                )
