"""Steps that judge factors: the standard test of every factor and of the signal."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from intralpha.base import DataError, Panel
from intralpha.evaluation import FactorReport, neutralise, run_factor_test
from intralpha.features import ReversalVolSizeSpec
from intralpha.features import build as build_features
from intralpha.pipeline.plan import Step, Workshop
from intralpha.pipeline.recipe import Recipe
from intralpha.pipeline.steps_factor import combined
from intralpha.sources import SimulatedMarket, SimulatedSpec

IN = ("inside",)
SIGNAL, ORACLE, OF_ORACLE = "signal", "oracle", "rank_ic_of_oracle"


class NothingToTestError(DataError):
    """No score date has a finished forward return inside the test period."""

    def __init__(self, first: str, last: str, start: date | None, end: date | None) -> None:
        self.first, self.last = first, last
        super().__init__(
            f"scores from {first} to {last} have no date to test between {start} and {end}.\n"
            "Hint: widen test.start/test.end, or train on more recent folds."
        )


def factor_test_step(recipe: Recipe) -> Step:
    """Tests of all factors and, if there are several, of the combined signal."""
    scores = tuple(f"score/{name}" for name in recipe.factors)
    inputs = ("axes", "forward", "signal", *scores)
    spec = (recipe.test, recipe.grid, simulated_source(recipe))
    return Step("test", "test", "evaluation", spec, inputs, _make_tests)


def simulated_source(recipe: Recipe) -> SimulatedSpec | None:
    """The simulated market, if the data are nothing else: only then is there an oracle."""
    sources = recipe.data.sources
    only = sources[0] if len(sources) == 1 else None
    return only if isinstance(only, SimulatedSpec) else None


def _make_tests(shop: Workshop, folder: Path) -> None:
    panels = {name: shop.panel(f"score/{name}") for name in shop.recipe.factors}
    if len(combined(shop.recipe)) > 1:
        panels[SIGNAL] = shop.panel("signal")
    reports = [r for name, panel in panels.items() for r in _reports(shop, name, panel)]
    simulated = simulated_source(shop.recipe)
    if simulated is not None:
        reports = _beside_oracle(shop, SimulatedMarket(simulated), reports)
    for number, report in enumerate(reports):
        report.save(folder / f"{number:02d}")


def _reports(
    shop: Workshop, name: str, score: Panel, dates: np.ndarray | None = None
) -> list[FactorReport]:
    """The plain test, and the variants the recipe asks for, on its own test dates or others."""
    recipe = shop.recipe
    axes, forward = shop.panel("axes"), shop.panel("forward")
    dates = _test_dates(shop, score, forward) if dates is None else dates
    masks, values = axes.at(dates), score.at(dates)
    inside = masks["universe"] > 0
    if recipe.test.fwd_exclude_blocked:
        inside &= masks["fwd_buyable"] > 0

    def test(label: str, factor: Panel, mask: np.ndarray) -> FactorReport:
        universe = replace(axes, values=mask[:, :, None].astype(np.float32), dates=dates, names=IN)
        return run_factor_test(factor, forward, universe, recipe.test.factor, label)

    out = [test(name, values, inside)]
    if recipe.test.neutral_to:
        base = build_features(ReversalVolSizeSpec()).compute(shop.lake, dates, axes.assets)
        exposures = base.select(recipe.test.neutral_to).values.astype(np.float64)
        left = neutralise(values["score"].astype(np.float64), exposures, inside)
        neutral = replace(values, values=left[:, :, None])
        out.append(
            test(f"{name}, neutral to {' and '.join(recipe.test.neutral_to)}", neutral, inside)
        )
    if recipe.test.within:
        members = inside & (masks["within"] > 0)
        # The membership history may end before the test does.
        known = members.any(axis=1)
        part = test(f"{name}, within {' + '.join(recipe.test.within)}", values, members)
        rows = np.flatnonzero(known).tolist()
        out.append(replace(part, series=part.series[rows]))
    return out


def _beside_oracle(
    shop: Workshop, market: SimulatedMarket, reports: list[FactorReport]
) -> list[FactorReport]:
    """The reports with their RankIC as a share of the oracle's, and the oracle's own test.

    The oracle is what the best forecast from the close of t+1 would say; for a test that starts
    at another session there is none.
    """
    first, last = shop.recipe.test.horizons[0]
    if first != 1:
        return reports
    axes = shop.panel("axes")
    expected = market.true_expected_return((last - first,)).reindex(axes.dates, axes.assets)
    score = Panel(expected.values, axes.dates, axes.assets, ("score",))
    dates = reports[0].series["date"].to_numpy().astype("datetime64[D]")
    oracle = _reports(shop, ORACLE, score, dates)[0]
    best = oracle.summary["rank_ic"]
    return [
        *(
            replace(r, summary=r.summary | {OF_ORACLE: r.summary["rank_ic"] / best})
            for r in reports
        ),
        oracle,
    ]


def _test_dates(shop: Workshop, score: Panel, forward: Panel) -> np.ndarray:
    """Score dates inside the test period whose first horizon is over."""
    test = shop.recipe.test
    part = score.between(test.start or "1900-01-01", test.end or "2200-01-01")
    scored = part.dates[np.isfinite(part["score"]).any(axis=1)][:: test.every]
    lead = forward.at(scored).values[:, :, 0] if len(scored) else np.empty((0, 0))
    dates = scored[np.isfinite(lead).any(axis=1)] if len(scored) else scored
    if len(dates) == 0:
        first, last = str(score.dates[0]), str(score.dates[-1])
        raise NothingToTestError(first, last, test.start, test.end)
    return dates


def load_factor_reports(folder: Path) -> tuple[FactorReport, ...]:
    """Every factor report of a test artifact, in order."""
    return tuple(FactorReport.load(p) for p in sorted(folder.iterdir()) if p.is_dir())
