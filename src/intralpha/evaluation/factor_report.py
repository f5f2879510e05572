"""FactorReport: what a factor was worth, as numbers, as files and in a notebook."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from intralpha.base.notebook import html_table, number_text, svg_line, text_table
from intralpha.evaluation.ic import MIN_STOCKS

TABLES = ("series", "yearly", "decay")
FEW_STOCKS = f"dates_under_{MIN_STOCKS}_stocks"  # figure: dates that have no IC for that reason


@dataclass(frozen=True, eq=False, repr=False)
class FactorReport:
    """What a factor was worth.

    Attributes
    ----------
    name : factor, with its variant
    summary : figure -> value; fractions, not percent
    series : one row a test date: date, rank_ic, universe return, top excess, turnover, group_1..G
    yearly : one row a year: dates, rank_ic, icir, top_excess a year
    decay : lag in test dates -> mean RankIC
    periods_per_year : test dates in a year
    more : further tables by name: ``legs``, ``coefficients``, ``horizons``, ``printed``
    """

    name: str
    summary: dict[str, float]
    series: pl.DataFrame
    yearly: pl.DataFrame
    decay: pl.DataFrame
    periods_per_year: float
    more: dict[str, pl.DataFrame] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write summary (JSON) and tables (Parquet) into a folder, made if it is absent."""
        folder.mkdir(parents=True, exist_ok=True)
        facts = {
            "name": self.name,
            "summary": self.summary,
            "periods_per_year": self.periods_per_year,
            "more": list(self.more),
        }
        (folder / "summary.json").write_text(json.dumps(facts, indent=1))
        for name in TABLES:
            getattr(self, name).write_parquet(folder / f"{name}.parquet")
        for name, frame in self.more.items():
            frame.write_parquet(folder / f"more_{name}.parquet")

    @classmethod
    def load(cls, folder: Path) -> "FactorReport":
        """Read what :meth:`save` wrote."""
        facts = json.loads((folder / "summary.json").read_text())
        series, yearly, decay = (pl.read_parquet(folder / f"{n}.parquet") for n in TABLES)
        return cls(
            name=facts["name"],
            summary=facts["summary"],
            series=series,
            yearly=yearly,
            decay=decay,
            periods_per_year=facts["periods_per_year"],
            more={n: pl.read_parquet(folder / f"more_{n}.parquet") for n in facts["more"]},
        )

    def to_text(self) -> str:
        """Name, period and figures as lines of text, with groups and decay."""
        return f"{self._title()}\n{text_table(self._figures())}"

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        total = self.series["rank_ic"].fill_nan(0.0).cum_sum().to_numpy()
        table = html_table(("figure", "value"), self._figures(), self._title())
        return table + svg_line(total, self.series["date"].to_numpy(), "cumulative RankIC")

    def _figures(self) -> list[tuple[str, object]]:
        """The summary; mean return of each group, lowest scores first; RankIC by lag."""
        groups = self.series.select(pl.col("^group_.*$").fill_nan(None).mean())
        lags = ", ".join(map(str, self.decay["lag"]))
        return [
            *self.summary.items(),
            (f"mean return of group 1 to {groups.width}", _listed(groups.row(0))),
            (f"decay at lag {lags}", _listed(self.decay["rank_ic"])),
        ]

    def _title(self) -> str:
        days = self.series["date"]
        period = f"{days[0]} to {days[-1]}" if len(days) else "no date"
        said = f"FactorReport of {self.name}, {period}, {len(days):,} test dates"
        return said + self._few("; {} of them")

    def without_ic(self) -> str:
        """Why there is no RankIC of any date, if too few stocks are the reason; else empty."""
        few = int(self.summary.get(FEW_STOCKS, 0))
        return self._few("{} test dates") if few and few == self.series.height else ""

    def _few(self, dates: str) -> str:
        """What to say of dates that have too few stocks for an IC; empty if none has."""
        few, total = int(self.summary.get(FEW_STOCKS, 0)), self.series.height
        if not few:
            return ""
        fault = (
            f"{dates.format(f'{few:,}')} have fewer than {MIN_STOCKS} stocks with a score and a "
            "return and count in no IC or RankIC"
        )
        return f"{fault}: widen the universe" if few == total else fault


def _listed(values: Iterable[float | None]) -> str:
    return ", ".join("nan" if v is None else number_text(v) for v in values)
