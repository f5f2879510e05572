"""Was risk forecast right? Bias statistics, R-squared and QLIKE of the risk models, by setting.

Every five sessions the covariance is estimated from what is known at the close, and the returns of
portfolios over the next five sessions are set against five times their forecast variance:

    random     50 names at equal weights against all names at equal weights (active)
    long       the same 50 names, held alone
    style      a third of the names with the largest exposure against the third with the smallest
    optimised  inverse covariance times a random vector of mean 0 (what an optimiser would hold)
    neutral    the same, held to no exposure to any factor
    least      inverse covariance times 1: nobody's portfolio, the most that an optimiser exploits

A bias statistic is the standard deviation of return over forecast volatility; 1 is right, above 1
is too little risk forecast. The peer of QLIKE is the covariance of the same year of returns shrunk
to its diagonal (half and half), that of speed is statsmodels' WLS on the same daily fits.

    python benchmarks/risk_model.py                  300 simulated stocks, 3 years
    python benchmarks/risk_model.py --data FOLDER    961 real stocks (INTRALPHA_REAL_DATA)
    python benchmarks/risk_model.py --quick          60 simulated stocks, 16 months

With --keep FOLDER what the sessions were made of stays there, and a run that was cut goes on.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import numpy as np
from common.risk_portfolios import AHEAD, SORTS, Portfolios, figures, shrunken, variances

from intralpha.base import Panel
from intralpha.market import Lake, UniverseSpec, read_daily, universe
from intralpha.risk import (
    FactorRiskSpec,
    PcaRiskSpec,
    PriceVolumeSpec,
    RiskEstimate,
    SessionReturns,
    load_session,
    rolling_estimates,
    save_session,
)
from intralpha.risk.cross_section_fit import fit_cross_section
from intralpha.risk.design import Design, designs
from intralpha.risk.laid import LaidSessions
from intralpha.risk.past_returns import caps_of
from intralpha.sources import (
    QlibSpec,
    SimulatedMarket,
    SimulatedSpec,
    SourceSpec,
    StockBasicSpec,
    ingest,
)
from intralpha.sources.exchange.habits import HabitSpec

TABLES = ("daily", "instruments", "industry")
BLOCK, DESIGN = 125, "design.npz"
SHORT = PriceVolumeSpec(
    momentum_days=100, beta_days=100, volatility_days=100, month_days=15, year_months=6
)
SETTINGS = {
    "fit_error: false": {"fit_error": False},
    "default": {},
    "lags: 0": {"lags": 0},
    "lags: 5": {"lags": 5},
    "half_life_days: 42": {"half_life_days": 42.0},
    "half_life_days: 180, window_days: 504": {"half_life_days": 180.0, "window_days": 504},
    "decile_weight: 0.5": {"decile_weight": 0.5},
    "regime_half_life_days: 42": {"regime_half_life_days": 42.0},
    "eigenfactor: 1.2": {"eigenfactor": 1.2},
    "eigenfactor: 1.2, regime_half_life_days: 42": {
        "eigenfactor": 1.2,
        "regime_half_life_days": 42.0,
    },
}
QUICK = ("fit_error: false", "default", "eigenfactor: 1.2")


def simulated(stocks: int, start: date, end: date, folder: Path) -> Lake:
    """Daily rows of a simulated market: few orders, as only daily rows are looked at."""
    lake = Lake(folder, create=True)
    habits = HabitSpec(orders_per_day=150)
    spec = SimulatedSpec(n_assets=stocks, start=start, end=end, habits=habits, seed=5)
    for batch in SimulatedMarket(spec).batches():
        if batch.table in TABLES:
            lake.append(batch.table, batch.frame)
    return lake


def real(data: Path, folder: Path) -> Lake:
    """961 stocks of the daily benchmark; no share counts, and industries of 2026, 110 of them."""
    lake = Lake(folder, create=True)
    sources: list[SourceSpec] = [
        QlibSpec.model_validate({"path": str(data / "daily_qlib_960.tar.xz")}),
        StockBasicSpec.model_validate({"path": str(data / "reference" / "stock_basic.parquet")}),
    ]
    ingest(sources, lake, show_progress=False)
    return lake


@dataclass
class Market:
    """What the models are tried on."""

    lake: Lake
    spec: FactorRiskSpec
    first: int
    every: int
    folder: Path

    def __post_init__(self) -> None:
        self.sessions = self.lake.dates("daily")
        instruments = self.lake.scan("daily").select("symbol").unique().collect()["symbol"]
        self.assets = np.array(sorted(instruments.to_list()))
        self.days = self.sessions[self.first :]
        self.mask = universe(self.lake, UniverseSpec(min_listed_days=60), self.days, self.assets)
        price = read_daily(self.lake, ("filled_close",), assets=self.assets)
        self.close = price.at(self.sessions)["filled_close"]
        self.dates = self.days[self.spec.window_days : -AHEAD - 1 : self.every]

    def record(self) -> None:
        """Keep what every session's returns were made of, and the exposures of the dates."""
        for start in range(1, len(self.days), BLOCK):
            part = slice(start, min(start + BLOCK, len(self.days)))
            days, core = self.days[part], self.mask[part.start - 1 : part.stop - 1]
            if not (self.folder / str(days[-1]) / "session.npz").exists():
                for one in self.spec.explain(self.lake, days, self.assets, core):
                    save_session(one, self.folder / str(one.date))
            dates = days[np.isin(days, self.dates)]
            if len(dates) and not (self.folder / str(dates[-1]) / DESIGN).exists():
                self._record_designs(days, dates)

    def _record_designs(self, days: np.ndarray, dates: np.ndarray) -> None:
        mask = self.mask[np.searchsorted(self.days, dates)]
        caps = caps_of(self.lake, days, self.assets)[np.searchsorted(days, dates)]
        spec = self.spec
        where = self.lake, dates, self.assets, mask, spec.exposures
        made = designs(*where, spec.scheme, spec.industry_min_stocks)
        for day, one, cap in zip(dates, made, caps, strict=True):
            np.savez_compressed(self.folder / str(day) / DESIGN, names=np.array(one.names), cap=cap,
                                x=one.loadings_AK, stop=one.industries.stop)  # fmt: skip

    def walk(self) -> Iterator[tuple[SessionReturns, Design | None, np.ndarray]]:
        """Sessions in turn, and design and caps of those that are dates."""
        wanted = set(self.dates.tolist())
        for day in self.days[1:]:
            folder = self.folder / str(day)
            one = load_session(folder)
            if day.item() not in wanted:
                yield one, None, self.close[0]
                continue
            with np.load(folder / DESIGN) as kept:
                names = tuple(kept["names"].tolist())
                yield one, Design(names, kept["x"], slice(1, int(kept["stop"]))), kept["cap"]

    def pool(self, day: np.datetime64, known: RiskEstimate) -> np.ndarray:
        """Stocks of a date's universe that the model knows."""
        inside = self.mask[int(np.searchsorted(self.days, day))]
        return self.assets[inside & np.isin(self.assets, known.assets)]

    def moved(self, day: np.datetime64, pool: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns of the next sessions, and daily ones of the year before."""
        at, a = int(np.searchsorted(self.sessions, day)), np.searchsorted(self.assets, pool)
        span = self.close[max(at - 252, 0) : at + 1, a]
        ahead = self.close[at + AHEAD, a] / self.close[at, a] - 1
        return np.nan_to_num(ahead), span[1:] / span[:-1] - 1


def judge(market: Market, specs: dict[str, FactorRiskSpec]) -> dict[str, dict]:
    """Setting -> figures; also of ``shrunk``, and R-squared by year.

    Parameters
    ----------
    market : recorded
    specs : settings of the model
    """
    longest = max(spec.past_days for spec in specs.values())
    past: list[SessionReturns] = []
    laid = {name: LaidSessions(market.assets) for name in specs}
    r2, seen = [], {name: [] for name in (*specs, "shrunk")}
    for one, design, cap in market.walk():
        past = [*past[-longest + 1 :], one]
        r2.append((one.date, one.r2))
        if design is None:
            continue
        core = market.mask[int(np.searchsorted(market.days, one.date))]
        at = int(np.searchsorted(market.sessions, one.date))
        for name, spec in specs.items():
            known = spec.estimated(design, cap, core, laid[name], past)
            pool = market.pool(one.date, known)
            known, (ahead, before) = known.on(pool), market.moved(one.date, pool)
            for sort, weights in Portfolios(at).of(known, known).items():
                got = weights @ ahead
                seen[name].append((one.date, sort, got, AHEAD * variances(known, weights)))
                if name == "default":
                    peer = AHEAD * shrunken(before, weights)
                    seen["shrunk"].append((one.date, sort, got, peer))
    found = {name: figures(rows) for name, rows in seen.items()}
    return found | {"pca": components(market), "r2": by_year(r2)}


def components(market: Market) -> dict[str, dict]:
    """Figures of the statistical model on the same dates; its styles are its components."""
    inside = Panel(market.mask[:, :, None].astype(np.float32), market.days, market.assets,
                   ("universe",))  # fmt: skip
    rows = []
    spec = PcaRiskSpec(window_days=market.spec.window_days)
    for one, known in rolling_estimates(spec, market.lake, market.dates, inside):
        if known is None:
            continue
        pool = market.pool(one.date, known)
        mine, (ahead, _) = known.on(pool), market.moved(one.date, pool)
        at = int(np.searchsorted(market.sessions, one.date))
        for sort, weights in Portfolios(at).of(mine, mine).items():
            rows.append((one.date, sort, weights @ ahead, AHEAD * variances(mine, weights)))
    return figures(rows)


def by_year(r2: list[tuple]) -> dict[int, float]:
    """Mean R-squared of the daily fits by year; 0 for all."""
    years = np.array([int(str(day)[:4]) for day, _ in r2])
    values = np.array([value for _, value in r2])
    told = {int(y): float(np.nanmean(values[years == y])) for y in np.unique(years)}
    return {0: float(np.nanmean(values))} | told


def speed(stocks: int, days: int) -> float:
    """Time of statsmodels' weighted fits over ours, of the same days."""
    if find_spec("statsmodels") is None:
        return float("nan")
    import statsmodels.api as sm

    rng = np.random.default_rng(0)
    industry = rng.integers(0, 30, stocks)
    x = np.column_stack([np.ones(stocks), np.eye(30)[industry], rng.standard_normal((stocks, 10))])
    cap = np.exp(rng.normal(23, 1, stocks))
    design = Design(tuple(map(str, range(41))), x, slice(1, 31))
    ret, everyone = rng.normal(0, 0.02, (days, stocks)), np.ones(stocks, dtype=bool)
    share = np.bincount(industry, cap)
    free = np.delete(x, 30, axis=1)
    free[:, 1:30] -= x[:, 30:31] * share[:29] / share[29]
    since = perf_counter()
    ours = [fit_cross_section(one, design, cap, everyone).returns_K for one in ret]
    middle = perf_counter()
    theirs = [sm.WLS(one, free, weights=np.sqrt(cap)).fit().params for one in ret]
    end = perf_counter()
    differ = np.abs(np.delete(np.array(ours), 30, axis=1) - np.array(theirs)).max()
    if differ > 1e-10:
        raise SystemExit(f"statsmodels finds other factor returns: {differ:.3g}")
    print(f"a fit of {stocks} stocks: {1e3 * (middle - since) / days:.2f} ms, statsmodels "
          f"{1e3 * (end - middle) / days:.2f} ms, factor returns within {differ:.1e}")  # fmt: skip
    return (end - middle) / (middle - since)


def show(found: dict[str, dict]) -> None:
    """Tables for a results file."""
    print("| setting | " + " | ".join(SORTS) + " |\n" + "|---" * (len(SORTS) + 1) + "|")
    models = [name for name in found if name not in ("r2", "shrunk")]
    for name in models:
        cells = [f"{found[name][s]['bias']:.3f} ± {found[name][s]['error']:.3f}" for s in SORTS]
        print(f"| {name} | " + " | ".join(cells) + " |")
    told = [name for name in (*models, "shrunk") if name in (*QUICK, "pca", "shrunk")]
    print("\n| year | R2 | " + " | ".join(f"QLIKE {n}" for n in told) + " |")
    print("|---" * (len(told) + 2) + "|")
    for year, r2 in found["r2"].items():
        cells = [f"{found[n]['random']['years'].get(year, np.nan):.3f}" for n in told]
        print(f"| {year or 'all'} | {r2:.3f} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="60 simulated stocks, 16 months")
    parser.add_argument("--sessions", type=int, default=3700, help="last ones that are explained")
    parser.add_argument("--data", type=Path, help="folder of the real samples")
    parser.add_argument("--keep", type=Path, help="folder where a run goes on")
    parser.add_argument("--min-stocks", type=int, default=10, help="industry_min_stocks")
    parser.add_argument("--every", type=int, default=5, help="sessions between two estimates")
    parser.add_argument("--only", nargs="*", help="settings, besides default")
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        root = given.keep or Path(folder)
        more: dict[str, object] = {"industry_min_stocks": given.min_stocks}
        ready = (root / "lake" / "manifest.json").exists() and (root / "market").exists()
        if given.data:
            lake = Lake(root / "lake") if ready else real(given.data, root / "lake")
            first, more["exposures"] = -given.sessions, PriceVolumeSpec()
        else:
            stocks, end = (60, date(2024, 4, 30)) if given.quick else (300, date(2025, 12, 31))
            start = date(2023, 1, 3) if given.quick else date(2022, 1, 4)
            lake = Lake(root / "lake") if ready else simulated(stocks, start, end, root / "lake")
            first, more["exposures"] = 100, SHORT
            more |= {"window_days": 120} if given.quick else {}
        (root / "market").touch()
        base = FactorRiskSpec.model_validate(more)
        market = Market(lake, base, first, given.every, root / f"explained_{given.min_stocks}")
        since = perf_counter()
        market.record()
        names = QUICK if given.quick else tuple(SETTINGS)
        names = names if given.only is None else ("default", *given.only)
        specs = {name: base.model_copy(update=SETTINGS[name]) for name in names}
        middle = perf_counter()
        found = judge(market, specs)
        print(f"{len(market.dates)} estimates, {len(market.days) - 1} sessions, "
              f"{len(market.assets)} symbols; explained in {middle - since:.0f} s, judged in "
              f"{perf_counter() - middle:.0f} s")  # fmt: skip
    show(found)
    ratio = speed(1_000 if given.quick else 5_000, 20 if given.quick else 50)
    mine = found["default"]
    gain = mine["random"]["years"][0] - found["shrunk"]["random"]["years"][0]
    told = " ".join(f"bias_{sort}={mine[sort]['bias']:.3f}" for sort in SORTS)
    print(f"RESULT {told} r2={found['r2'][0]:.3f} qlike_less_shrunk={gain:.4f} "
          f"x_statsmodels={ratio:.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
