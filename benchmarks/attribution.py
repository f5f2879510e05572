"""Ten years of a portfolio of 5,000 stocks taken apart by industries and by styles.

Random prices, a new portfolio of 300 names every week against weights of all, exposures to the
country, 30 industries and 10 styles. Measured are Brinson's effects, and the contributions of the
factors twice: with factor returns that are there (as a risk model keeps them), and with each
session's fitted on the way. Nothing is read and no portfolio is traded. Seconds are those of the
processor, so that other work on the machine counts little.

    python benchmarks/attribution.py            10 years, 5,000 stocks
    python benchmarks/attribution.py --quick    2 years, 1,000 stocks
"""

import argparse
from time import process_time

import numpy as np
import polars as pl
from numpy import ndarray

from intralpha.backtest import Exposed, Ledger, attribute, attribute_styles
from intralpha.base import Panel
from intralpha.risk.cross_section_fit import fit_cross_section
from intralpha.risk.design import Design

YEAR, WEEK, HELD, INDUSTRIES, STYLES = 244, 5, 300, 30, 10
LABELS = tuple(f"{code:02d}" for code in range(INDUSTRIES))


def design_of(rng: np.random.Generator, industry: ndarray) -> Design:
    """Exposures of all stocks: the country, their industry, random styles."""
    count = len(industry)
    columns = [np.ones((count, 1)), industry[:, None] == np.arange(INDUSTRIES)]
    styles = rng.standard_normal((count, STYLES))
    names = ("country", *(f"industry:{one}" for one in LABELS), *(f"s{k}" for k in range(STYLES)))
    loadings = np.concatenate([*columns, styles], axis=1).astype(np.float64)
    return Design(names, loadings, slice(1, 1 + INDUSTRIES))


def books(days: ndarray, assets: ndarray, rng: np.random.Generator) -> Ledger:
    """A ledger that holds other names every week; its returns are not those of the names."""
    on = [day.item() for day in days[1:]]
    earned = 0.01 * rng.standard_normal((2, len(on)))
    daily = {"date": on, "ret": earned[0], "benchmark_ret": earned[1]}
    daily |= {"cost_yuan": np.zeros(len(on)), "nav_yuan": 1e8 * np.cumprod(1 + earned[0])}
    dates, symbols = [], []
    for day in on[::WEEK]:
        names = rng.choice(assets, HELD, replace=False).tolist()
        dates, symbols = dates + [day] * HELD, symbols + names
    weight = np.full(len(dates), 1 / HELD)
    held = pl.DataFrame({"date": dates, "symbol": symbols, "weight": weight})
    return Ledger(pl.DataFrame(daily), pl.DataFrame(), pl.DataFrame(), held, pl.DataFrame())


def main() -> None:
    """Print seconds of the three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    years, count = (2, 1_000) if parser.parse_args().quick else (10, 5_000)
    rng, sessions = np.random.default_rng(0), years * YEAR
    assets = np.array([f"{600000 + i}.SH" for i in range(count)])
    days = np.datetime64("2014-01-01") + np.arange(sessions + 1)
    ret = 0.02 * rng.standard_normal((sessions + 1, count))
    preclose = np.full(ret.shape, 10.0)
    prices = np.stack([preclose * (1 + ret), preclose], axis=-1)
    market = Panel(prices, days, assets, ("close", "preclose"))
    decided, industry = days[:-1:WEEK], np.arange(count) % INDUSTRIES
    level = np.full((len(decided), count, 1), 1 / count)
    benchmark, ledger = Panel(level, decided, assets, ("weight",)), books(days, assets, rng)
    known, caps = design_of(rng, industry), np.exp(rng.standard_normal(count))
    exposed = Exposed(known.names, known.loadings_AK)
    row = {day: i for i, day in enumerate(days)}
    there = dict.fromkeys(known.names, 0.001)

    def fitted(day: np.datetime64, decision: np.datetime64) -> dict[str, float]:
        del decision
        fit = fit_cross_section(ret[row[day]], known, caps, np.ones(count, dtype=bool))
        return dict(zip(known.names, fit.returns_K.tolist(), strict=True))

    took = {}
    started = process_time()
    attribute(ledger, market, benchmark, np.tile(industry, (len(decided), 1)), LABELS)
    took["brinson"] = process_time() - started
    for name, earned in (("styles", lambda *_: there), ("styles_fitted", fitted)):
        started = process_time()
        found = attribute_styles(ledger, market, benchmark, lambda _: exposed, earned)
        found.by_factor()
        found.by_year()
        took[name] = process_time() - started
    print(f"{years} years, {count:,} stocks, {sessions:,} sessions, {len(known.names)} factors")
    print("RESULT", *(f"seconds_{name}={value:.2f}" for name, value in took.items()))


if __name__ == "__main__":
    main()
