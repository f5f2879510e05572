"""SetReport: a set of factors side by side, how alike they are, and what they resemble."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Float
from numpy import ndarray

from intralpha.evaluation.correlation import mixed_table
from intralpha.evaluation.leg_figures import ic_figures, leg_figures
from intralpha.evaluation.overlap import overlap_of
from intralpha.evaluation.set_days import SetDays
from intralpha.evaluation.spacing import periods_per_year

GOOD_IC = 0.05  # RankIC above which 001 counts a unit
EDGES = np.linspace(
    -0.2, 0.2, 41
)  # of the histogram of RankICs; what lies outside counts at an end


@dataclass(frozen=True, eq=False)
class SetReport:
    """A set of factors.

    Attributes
    ----------
    name : of the set
    names : its factors, then what stands beside them
    own : how many of the names are its own
    figures : a row a factor: direction, RankIC, t-statistics, legs, turnover, autocorrelation.
        Those of the legs are of the factor times its direction
    pearson_NN, spearman_NN : mean correlation, raw signs
    """

    name: str
    names: tuple[str, ...]
    own: int
    figures: pl.DataFrame
    pearson_NN: Float[ndarray, "N N"]
    spearman_NN: Float[ndarray, "N N"]

    @classmethod
    def of(
        cls, name: str, parts: Sequence[SetDays], sessions: int, per_year: float | None = None
    ) -> "SetReport":
        """Join what was measured of blocks of dates.

        Parameters
        ----------
        name : of the set
        parts : in time order, of the same names
        sessions : of the leading return, for t-statistics
        per_year : dates in a year; default: by their spacing
        """
        first = parts[0]
        dates = np.concatenate([part.dates for part in parts])
        year = per_year or periods_per_year(dates)
        whole = {n: np.concatenate([p.figures[n] for p in parts]) for n in first.figures}
        overlap = overlap_of(dates, sessions)
        rows = []
        for k, factor in enumerate(first.names[: first.own]):
            ranks = ic_figures(whole["rank_ic"][:, k], year, overlap)
            sign = -1.0 if ranks["mean"] < 0 else 1.0
            side = "top" if sign > 0 else "bottom"
            legs = leg_figures(whole[f"{side}_excess"][:, k], dates, year)
            row = {f"rank_ic_{n}": v for n, v in ranks.items()} | {
                "ic_mean": _mean(whole["ic"][:, k])
            }
            row |= {f"top_{n}": v for n, v in legs.items()}
            row["turnover_two_sided"] = _mean(whole[f"{side}_turnover"][:, k])
            row["autocorrelation"] = _mean(whole["autocorrelation"][:, k])
            rows.append({"factor": factor, "direction": int(sign), **row})
        means = []
        for kind in ("pearson", "spearman"):
            total = sum(getattr(p, kind).total_NN for p in parts)
            days = sum(getattr(p, kind).dates_NN for p in parts)
            means.append(np.where(days > 0, total / np.maximum(days, 1), np.nan))
        return cls(name, first.names, first.own, pl.DataFrame(rows), *means)

    @property
    def direction_N(self) -> Float[ndarray, "N"]:
        """Sign of each factor's RankIC; 1 for what stands beside the set."""
        signs = self.figures["direction"].to_numpy().astype(np.float64)
        return np.concatenate([signs, np.ones(len(self.names) - self.own)])

    def correlations(self, adjusted: bool = True) -> Float[ndarray, "F F"]:
        """Of the set's own factors, Pearson above the diagonal and Spearman below it [001 T9].

        Parameters
        ----------
        adjusted : each factor times its direction, as 002 prints them; or raw signs, as 003
        """
        sign = self.direction_N if adjusted else np.ones(len(self.names))
        both = [m * sign[:, None] * sign[None, :] for m in (self.pearson_NN, self.spearman_NN)]
        return mixed_table(*both)[: self.own, : self.own]

    def beside(self, adjusted: bool = False) -> pl.DataFrame:
        """Mean Pearson correlation of each factor with what stands beside the set [001 T15, T16].

        Parameters
        ----------
        adjusted : the set's factors times their directions
        """
        sign = self.direction_N[: self.own, None] if adjusted else 1.0
        values = self.pearson_NN[: self.own, self.own :] * sign
        columns = {n: values[:, k] for k, n in enumerate(self.names[self.own :])}
        return pl.DataFrame({"factor": self.names[: self.own], **columns})

    def strongest(self, name: str, count: int = 15) -> pl.DataFrame:
        """The set's factors that resemble something beside it most, in either direction [000].

        Parameters
        ----------
        name : of what stands beside the set, such as a model's score
        count : rows
        """
        frame = self.beside().select("factor", correlation=name)
        known = frame.filter(pl.col("correlation").is_finite())
        return known.sort(pl.col("correlation").abs(), descending=True).head(count)

    def histogram(self) -> pl.DataFrame:
        """How many factors have a mean RankIC between edges; the ends take what lies outside."""
        values = np.clip(self.figures["rank_ic_mean"].to_numpy(), EDGES[0], EDGES[-1])
        counts, _ = np.histogram(values[np.isfinite(values)], EDGES)
        return pl.DataFrame({"from": EDGES[:-1], "to": EDGES[1:], "factors": counts})

    def units(self) -> pl.DataFrame:
        """Units by random seed: mean RankIC, how many above 5 %, ICIR, alikeness [001 T6, T7].

        ``mean_correlation`` is the mean absolute Pearson correlation of two units. A set without
        units counts as one seed without a name.
        """
        seeds = [_seed(name) for name in self.names[: self.own]]
        rows = []
        for seed in dict.fromkeys(seeds):
            at = np.array([k for k, one in enumerate(seeds) if one == seed])
            ic = self.figures["rank_ic_mean"].to_numpy()[at]
            ratio = self.figures["rank_ic_icir"].to_numpy()[at]
            alike = np.abs(self.pearson_NN[np.ix_(at, at)])[~np.eye(len(at), dtype=bool)]
            rows.append(
                {
                    "seed": seed,
                    "factors": len(at),
                    "rank_ic": _mean(ic),
                    "above": int((ic > GOOD_IC).sum()),
                    "icir": _mean(ratio),
                    "mean_correlation": _mean(alike),
                }
            )
        return pl.DataFrame(rows)

    def save(self, folder: Path) -> None:
        """Write tables and matrices into a folder, made if it is absent."""
        folder.mkdir(parents=True, exist_ok=True)
        self.figures.write_parquet(folder / "figures.parquet")
        np.savez(folder / "matrices.npz", pearson=self.pearson_NN, spearman=self.spearman_NN)
        facts = {"name": self.name, "names": self.names, "own": self.own}
        (folder / "set.json").write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path) -> "SetReport":
        """Read what :meth:`save` wrote."""
        facts = json.loads((folder / "set.json").read_text())
        figures = pl.read_parquet(folder / "figures.parquet")
        with np.load(folder / "matrices.npz") as kept:
            pearson, spearman = kept["pearson"], kept["spearman"]
        names = tuple(facts["names"])
        return cls(facts["name"], names, facts["own"], figures, pearson, spearman)


def _seed(name: str) -> str:
    found = re.match(r"(seed\d+)_", name)
    return found[1] if found else ""


def _mean(values: Float[ndarray, "n"]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
