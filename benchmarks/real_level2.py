"""What one real day of Level-2 can show: rows, daily bars, orders, books, minutes, factors, times.

    python benchmarks/real_level2.py --data FOLDER
    python benchmarks/real_level2.py --data FOLDER --quick    less of daily rows and simulation

FOLDER holds the real samples (INTRALPHA_REAL_DATA). Sources are those of recipes/real_level2.yaml:
orders, trades and snapshots of 600519, trades of 000001 and 600000 (2023-02-01), snapshots of five
stocks (2022-06-01). Factors stand beside a plain computation from the vendor's rows, which uses
nothing of the package (common/plain_level2.py), and in the distribution of a simulated market.
"""

import argparse
import os
import platform
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from common import level2_facts as facts
from common import plain_bars
from common import plain_level2 as plain

from intralpha.features import LibrarySpec, load_library
from intralpha.features.level2.enrich import enrich
from intralpha.features.level2.thresholds import BigOrderSpec
from intralpha.market import Lake
from intralpha.pipeline import load_recipe
from intralpha.sources import SimulatedSpec, ingest

DAY, BOOKS, FIRST = date(2023, 2, 1), date(2022, 6, 1), date(2023, 1, 3)
STOCKS = np.array(["000001.SZ", "600000.SH", "600519.SH"])
OTHERS = np.array(["000400.SZ", "300122.SZ", "300274.SZ", "300288.SZ", "300918.SZ"])
OWN = BigOrderSpec(rule="day_mean")
LIBRARIES = ("l2", "hf27", "level2_trades", "level2_parents", "level2_orders", "level2_minutes",
             "tick100", "bar64_30", "bar64_level2_30", "minute100", "minute15", "ms22",
             "hand_made_minutes", "hand_made",
             "volume100")  # fmt: skip
RECIPE = Path(__file__).parents[1] / "recipes" / "real_level2.yaml"


def library(name: str, rule: BigOrderSpec) -> LibrarySpec:
    """A library on minutes; only the sets that know big orders ask for a rule."""
    given = {"library": name, "base_freq": 1} if name == "ms22" else {"library": name}
    return LibrarySpec.model_validate(given | {"big_order": rule.model_dump()})


def values(
    lake: Lake, name: str, on: date, stocks: np.ndarray, rule: BigOrderSpec = OWN
) -> dict[str, np.ndarray]:
    """Factor -> its values of the stocks [..., A]."""
    panel = library(name, rule).make().compute(lake, np.array([on], "datetime64[D]"), stocks)
    return {n: panel[n][0].astype(np.float64) for n in panel.names}


def coverage(lake: Lake) -> int:
    """How many factors of every library have a value for each stock, and which have none."""
    print("\nfactors with a value: 000001 600000 600519 | 000400 300122 300274 300288 300918")
    found = 0
    for name in LIBRARIES:
        told = []
        for on, stocks in ((DAY, STOCKS), (BOOKS, OTHERS)):
            try:
                made = values(lake, name, on, stocks)
            except Exception as error:
                told.append(f"{type(error).__name__}: {str(error).splitlines()[0][:70]}")
                continue
            there = np.array(
                [np.isfinite(v).reshape(-1, len(stocks)).any(axis=0) for v in made.values()]
            )
            told.append(" ".join(f"{n:4d}" for n in there.sum(axis=0)))
            lacks = [n for n, here in zip(made, there[:, -1], strict=True) if not here]
            told[-1] += f" (the last lacks {', '.join(lacks)})" if 0 < len(lacks) < 5 else ""
            found += int(there.sum())
        print(f"  {name:18}{len(load_library(name).factors):4d}: {' | '.join(told)}")
    for name in ("level2_trades", "level2_parents"):
        made = values(lake, name, DAY, STOCKS, BigOrderSpec())
        lost = [n for n, v in made.items() if np.isnan(v).all()]
        print(f"  by the default rule, for want of five sessions, {name} lacks {', '.join(lost)}")
    return found


def beside_plain(lake: Lake, data: Path) -> tuple[int, float, dict[str, np.ndarray]]:
    """Factors beside the plain computation: how many, the worst difference, and the values."""
    made = (
        values(lake, "hf27", DAY, STOCKS)
        | values(lake, "l2", DAY, STOCKS)
        | values(lake, "tick100", DAY, STOCKS)
    )
    others = values(lake, "tick100", BOOKS, OTHERS)
    trades, books = plain.raw_trades(data), plain.raw_books(data)
    expected = {s: plain.minute_factors(t) | plain.trade_factors(t) for s, t in trades.items()}
    expected["600519.SH"] |= plain.order_factors(data)
    worst, count, names = 0.0, 0, dict[str, None]()
    print(
        "\nfactor                      stock        package          plain    relative difference"
    )
    for symbol, book in books.items():
        expected.setdefault(symbol, {}).update(plain.book_factors(book))
    for symbol, known in expected.items():
        source, axis = (made, STOCKS) if symbol in STOCKS else (others, OTHERS)
        at = axis.tolist().index(symbol)
        for name, want in known.items():
            got = float(source[name][at])
            gap = abs(got - want) / max(abs(want), 1e-6)
            worst, count = max(worst, gap if np.isfinite(gap) else np.inf), count + 1
            names[name] = None
            if symbol == "600519.SH" or not gap < 1e-5:
                print(f"  {name:26}{symbol:10}{got:16.8f}{want:16.8f}{gap:12.1e}")
    print(f"{len(names)} factors, {count} values, worst relative difference {worst:.1e}")
    return count, worst, {n: made[n] for n in names}


def bars_beside_plain(lake: Lake, data: Path) -> float:
    """Eight half hours of seven factors beside the plain computation; the worst difference."""
    made = values(lake, "bar64_level2_30", DAY, STOCKS)
    trades, book = plain.raw_trades(data), plain.raw_books(data)["600519.SH"]
    expected = {symbol: plain_bars.trade_bars(t) for symbol, t in trades.items()}
    expected["600519.SH"] |= plain_bars.book_bars(book, trades["600519.SH"])
    print("\nhalf hours of bar64_level2_30: worst absolute difference in eight bars")
    worst = 0.0
    for symbol, known in expected.items():
        at = STOCKS.tolist().index(symbol)
        gaps = {n: float(np.abs(made[n][:, at] - want).max()) for n, want in known.items()}
        worst = max(worst, *(g if np.isfinite(g) else np.inf for g in gaps.values()))
        print(f"  {symbol} " + ", ".join(f"{n} {g:.0e}" for n, g in gaps.items()))
    return worst


def in_simulated(
    folder: Path, made: dict[str, np.ndarray], stocks: int, days: int, **habits: float
) -> float:
    """Where real values lie among those of a simulated market; the share that lies within it."""
    lake = Lake(folder, create=True)
    spec = SimulatedSpec.model_validate(
        {"n_assets": stocks, "start": FIRST, "end": FIRST + timedelta(days - 1), "freq": 1,
         "seed": 3, "ticks": ("trades", "orders", "snapshots"), "habits": habits}
    )  # fmt: skip
    ingest([spec], lake, show_progress=False)
    dates = lake.dates("trades")
    enrich(lake, dates, OWN, show_progress=False)
    boards = lake.scan("instruments").filter(pl.col("board") != "index").collect()
    axis = np.array(sorted(boards["symbol"]))
    ours: dict[str, np.ndarray] = {}
    for name in ("hf27", "l2", "tick100"):
        panel = library(name, OWN).make().compute(lake, dates, axis)
        ours |= {n: panel[n].ravel() for n in panel.names}
    trades = lake.scan("trades").select(pl.len()).collect().item() / (len(dates) * len(axis))
    print(
        f"\nin {len(dates) * len(axis)} simulated stock-days ({habits or 'default habits'}, "
        f"{trades:,.0f} trades each):"
    )
    print(
        "  factor                           1 %      median        99 % | real values (percentiles)"
    )
    inside = total = 0
    for name, real in made.items():
        sim = ours[name][np.isfinite(ours[name])]
        low, middle, high = np.percentile(sim, [1, 50, 99])
        seen = [(x, 100 * (sim < x).mean()) for x in real[np.isfinite(real)]]
        inside += sum(low <= x <= high for x, _ in seen)
        total += len(seen)
        told = "  ".join(f"{x:10.4f} ({p:3.0f})" for x, p in seen)
        print(f"  {name:26}{low:11.4f}{middle:12.4f}{high:12.4f} | {told}")
    print(f"  {inside} of {total} real values lie within the 1st to the 99th percentile")
    return inside / total


def main() -> None:
    """Every part, then one line of results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("INTRALPHA_REAL_DATA"))
    parser.add_argument(
        "--quick", action="store_true", help="no CSI 300 file, fewer simulated stocks"
    )
    given = parser.parse_args()
    if given.data is None or not Path(given.data).is_dir():
        print("no real data: give --data or set INTRALPHA_REAL_DATA")
        print("RESULT daily_equal=nan book_equal=nan plain_worst=nan cut_equal=nan inside=nan")
        return
    data = Path(given.data)
    os.environ["INTRALPHA_REAL_DATA"] = str(data)
    os.environ["INTRALPHA_LAKES"] = "/nowhere"
    print(f"{platform.machine()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "lake", create=True)
        sources = load_recipe(RECIPE).data.sources
        if given.quick:
            sources = [s for s in sources if s.kind != "mapping"]
        report = ingest(sources, lake, show_progress=False)
        print(report.to_text())
        print(enrich(lake, lake.dates("trades"), OWN, show_progress=False).to_text())
        daily = facts.daily_equal(lake, data, DAY)
        facts.shanghai_orders(data, report)
        book = facts.book(lake, DAY)
        facts.minutes_and_days(lake, DAY, BOOKS)
        facts.minutes_of_snapshots(sources[0], lake, DAY, Path(folder) / "snapshots")
        coverage(lake)
        count, worst, made = beside_plain(lake, data)
        bars = bars_beside_plain(lake, data)
        cut = facts.cut_at(lake, DAY, Path(folder) / "cut", STOCKS, OWN)
        facts.in_time(lake, DAY, STOCKS)
        sizes = (12, 4) if given.quick else (60, 8)
        inside = in_simulated(Path(folder) / "sim", made, *sizes)
        if not given.quick:
            in_simulated(Path(folder) / "busy", made, 12, 4, orders_per_day=20_000)
    print(
        f"RESULT daily_equal={daily} book_equal={book:.4f} plain_values={count} "
        f"plain_worst={worst:.1e} bars_worst={bars:.1e} cut_equal={cut:.4f} inside={inside:.2f}"
    )


if __name__ == "__main__":
    main()
