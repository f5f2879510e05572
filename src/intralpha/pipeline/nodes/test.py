"""The test of every factor and of the combined signal."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
from numpy import ndarray
from pydantic import Field

from intralpha.base import DataError, Panel, Spec
from intralpha.base.node import ALL, Inputs, Node, Slice, Task, names_of
from intralpha.evaluation import (
    FactorReport,
    FactorTestSpec,
    breakdown,
    neutralise,
    overlap_of,
    run_factor_test,
    with_days,
    with_luck,
)
from intralpha.factors import Ground
from intralpha.factors.features import feature_node
from intralpha.features import LibrarySpec
from intralpha.pipeline.nodes.bars import bars_node, began, tested_from_bar
from intralpha.pipeline.nodes.breakdown import breakdown_reads, divisions
from intralpha.pipeline.nodes.ground import within_node
from intralpha.pipeline.nodes.pools import POOLS, pools_node
from intralpha.pipeline.recipe import Recipe, TestSpec
from intralpha.sources import SimulatedMarket, SimulatedSpec

SIGNAL, ORACLE, OF_ORACLE = "signal", "oracle", "rank_ic_of_oracle"
STYLES = LibrarySpec(
    library="price_volume", names=("ret20", "vol20", "ln_amount20")
)  # what `neutral_to` names


class NoScoreError(DataError):
    """A factor has no score on any date."""

    def __init__(self, what: str, first: str, last: str) -> None:
        self.what, self.first, self.last = what, first, last
        super().__init__(
            f"{what} has no score from {first} to {last}; expected some.\n"
            "Hint: the log says what its features lack. Where it is a table, a look-back or other "
            "stocks to stand beside, leave the factor out (`factors: {NAME: null}`); or the "
            "universe is empty (universe.min_listed_days?)."
        )


class NothingToTestError(DataError):
    """No score date has a finished forward return inside the test period."""

    def __init__(
        self,
        what: str,
        dates: tuple[str, str],
        start: date | None,
        end: date | None,
        horizon: tuple[int, int],
    ) -> None:
        self.what, self.dates, self.horizon = what, dates, horizon
        period = f"between {start or 'the first score'} and {end or 'the last finished return'}"
        super().__init__(
            f"scores of {what} from {dates[0]} to {dates[1]} have no date to test {period}, with a "
            f"return that ends {horizon[1]} sessions later (the first of test.horizons).\n"
            "Hint: take a shorter horizon, widen test.start/test.end, train on more recent folds, "
            "or let data.end (with `assets: bars`: the bars) reach further, for a return needs "
            "daily rows up to its end."
        )


class FactorTests(Spec):
    """What is tested, how, and beside which oracle."""

    test: TestSpec
    factors: tuple[str, ...]
    with_signal: bool
    from_bars: dict[str, str] = Field(
        description="factors that speak before the close -> from when on their returns run"
    )
    simulated: SimulatedSpec | None


def test_nodes(
    recipe: Recipe, dates: ndarray, made: dict[str, Node], signal: Node, forward: Node
) -> list[Node]:
    """The test of all factors and, if there are several, of the signal, with what it needs.

    Parameters
    ----------
    recipe : names factors and tests
    dates : datetime64[D], the grid of tests; scores of other dates are not read
    made : nodes of the factors and the universe by name
    signal, forward : nodes
    """
    before: list[Node] = []
    inputs = {f"score/{n}": f"score/{n}" for n in recipe.factors}
    inputs |= {"signal": signal.name, "forward": forward.name, "universe": "universe"}
    early = {name: of for name, of in recipe.factors.items() if of.tested_by}
    for name, of in early.items():
        before.append(bars_node(name, of.tested_by, dates))
        inputs |= {node: node for node in (before[-1].name, f"universe/{name}")}
    if recipe.test.within:
        before.append(within_node(recipe.test.within, dates))
        inputs["within"] = "within"
    if recipe.test.pools:
        before.append(pools_node(recipe.test.pools, dates))
        inputs[POOLS] = POOLS
    if recipe.test.neutral_to:
        before.append(feature_node("styles", STYLES, Ground(dates, dates, dates)))
        inputs["styles"] = before[-1].name
    known = made | {node.name: node for node in (signal, forward, *before)}
    tested = set(names_of(dates))
    needs = {
        name: tuple(s.name for s in known[of].slices if s.name in tested)
        for name, of in inputs.items()
    }
    spec = FactorTests(
        test=recipe.test,
        factors=tuple(recipe.factors),
        with_signal=len(recipe.combined()) > 1,
        from_bars={name: began(of.tested_by) for name, of in early.items()},
        simulated=simulated_source(recipe),
    )
    reads = breakdown_reads(recipe.test.breakdown)
    one = Slice(ALL, (dates[0].item(), dates[-1].item()) if reads else None, None, needs)
    return [*before, Node("test", make_tests, spec, (one,), inputs, reads, "folders")]


def simulated_source(recipe: Recipe) -> SimulatedSpec | None:
    """The simulated market, if the data are nothing else: only then is there an oracle."""
    sources = recipe.data.sources
    only = sources[0] if len(sources) == 1 else None
    return only if isinstance(only, SimulatedSpec) else None


def make_tests(spec: FactorTests, inputs: Inputs, task: Task) -> None:
    """A folder a factor report, in the order of the report.

    Each factor is followed by its variants (neutral to styles, within indices, with returns that
    begin as soon as it speaks); then the combined signal, if it is made of several, and the oracle,
    if the data are simulated.

    Parameters
    ----------
    spec : what is tested and how
    inputs : ``score/NAME`` of every factor, ``signal``, ``universe`` and ``forward``; ``styles``
        and ``within`` where the spec asks for such variants, ``forward/NAME`` and ``universe/NAME``
        of factors that speak before the close, and the lake for a breakdown
    task : one slice, ``all``; its folder gets ``00``, ``01``, ... Forward returns are looked at, so
        nothing that trades may read it.

    Raises
    ------
    NothingToTestError
        A score has no date to test.
    """
    panels = {name: inputs.panel(f"score/{name}") for name in spec.factors}
    if spec.with_signal:
        panels[SIGNAL] = inputs.panel("signal")
    known = {name: panels[name] for name in spec.test.against}
    reports = []
    for name, panel in panels.items():
        others = {n: p for n, p in known.items() if n != name}
        reports += _reports(spec, inputs, name, panel, others)
    reports = with_luck(reports, spec.test.tried)
    if spec.simulated is not None:
        reports = _beside_oracle(spec, inputs, SimulatedMarket(spec.simulated), reports)
    for number, report in enumerate(reports):
        report.save(task.folder(ALL) / f"{number:02d}")
    task.finish(ALL)


def _reports(
    spec: FactorTests,
    inputs: Inputs,
    name: str,
    score: Panel,
    others: Mapping[str, Panel] | None = None,
    dates: ndarray | None = None,
) -> list[FactorReport]:
    """The plain test, and the variants that are asked for, on the test's own dates or others."""
    forward = inputs.panel("forward")
    dates = test_dates(spec.test, score, forward, name) if dates is None else dates
    factor, fwd = score.at(dates), forward.at(dates)
    inside = inputs.panel("universe").at(dates)["universe"] > 0
    if spec.test.fwd_exclude_blocked:
        inside &= fwd["fwd_buyable"] > 0
    rets = fwd.select(tuple(n for n in fwd.names if n != "fwd_buyable"))

    def test(
        label: str, values: Panel, mask_DA: ndarray, settings: FactorTestSpec = spec.test.factor
    ) -> FactorReport:
        mask = Panel(mask_DA[:, :, None].astype(np.float32), dates, factor.assets, ("inside",))
        report = run_factor_test(values, rets, mask, settings, label)
        return with_days(report, spec.test.by_day)

    out = [test(name, factor, inside)]
    if spec.test.breakdown is not None:
        out[0] = _with_parts(spec.test, inputs, out[0], factor, rets, inside)
    if spec.test.neutral_to:
        styles = inputs.panel("styles").at(dates).select(spec.test.neutral_to)
        left = neutralise(
            factor["score"].astype(np.float64), styles.values.astype(np.float64), inside
        )
        label = f"{name}, neutral to {' and '.join(spec.test.neutral_to)}"
        out.append(test(label, replace(factor, values=left[:, :, None]), inside))
    if others:
        known = np.stack([p.reindex(dates, factor.assets)["score"] for p in others.values()], -1)
        left = neutralise(factor["score"].astype(np.float64), known.astype(np.float64), inside)
        label = f"{name}, beyond {' and '.join(others)}"
        out.append(test(label, replace(factor, values=left[:, :, None]), inside))
    for pool, rules in spec.test.pools.items():
        members = inside & (inputs.panel(POOLS).at(dates)[pool] > 0)
        out.append(test(f"{name}, {pool}", factor, members, rules.settings(spec.test.factor)))
    if spec.test.within:
        members = inside & (inputs.panel("within").at(dates)["within"] > 0)
        # The membership history may end before the test does.
        rows = np.flatnonzero(members.any(axis=1)).tolist()
        part = test(f"{name}, within {' + '.join(spec.test.within)}", factor, members)
        out.append(replace(part, series=part.series[rows]))
    if name in spec.from_bars:
        later = inputs.panel(f"forward/{name}")
        score, label = score.at(test_dates(spec.test, score, later, name)), spec.from_bars[name]
        known = inputs.panel(f"universe/{name}").at(score.dates)
        out.append(tested_from_bar(score, later, known, spec.test.factor, f"{name}, from {label}"))
    return out


def _with_parts(
    test: TestSpec,
    inputs: Inputs,
    report: FactorReport,
    factor: Panel,
    rets: Panel,
    inside_DA: ndarray,
) -> FactorReport:
    """The report with its RankIC by industry and by size."""
    assert test.breakdown is not None
    first, last = test.horizons[0]
    dates, assets, every = factor.dates, factor.assets, test.factor.ic_every
    # Those that cannot be bought tomorrow are in a part, too: who is in it is known today.
    universe_DA = inputs.panel("universe").at(dates)["universe"] > 0
    found = breakdown(
        factor["score"],
        rets.reindex(dates, assets).values[:, :, 0],
        inside_DA,
        dates,
        divisions(test.breakdown, inputs.lake, dates, assets, universe_DA),
        test.breakdown.min_stocks,
        overlap_of(dates[::every], last - first),
        every,
    )
    return replace(report, more=report.more | found)


def _beside_oracle(
    spec: FactorTests, inputs: Inputs, market: SimulatedMarket, reports: list[FactorReport]
) -> list[FactorReport]:
    """The reports with their RankIC as a share of the oracle's, and the oracle's own test.

    The oracle is what the best forecast from the close of t+1 would say; for a test that starts
    at another session there is none.
    """
    first, last = spec.test.horizons[0]
    if first != 1:
        return reports
    forward = inputs.panel("forward")
    expected = market.true_expected_return((last - first,)).reindex(forward.dates, forward.assets)
    score = Panel(expected.values, forward.dates, forward.assets, ("score",))
    dates = reports[0].series["date"].to_numpy().astype("datetime64[D]")
    oracle = _reports(spec, inputs, ORACLE, score, dates=dates)[0]
    best = oracle.summary["rank_ic"]
    shared = [
        replace(r, summary=r.summary | {OF_ORACLE: r.summary["rank_ic"] / best})
        if r.more["horizons"]["horizon"][0] == f"{first}_{last}"
        else r
        for r in reports
    ]
    return [*shared, oracle]


def test_dates(test: TestSpec, score: Panel, forward: Panel, what: str) -> ndarray:
    """Score dates inside the test period whose first horizon is over.

    Parameters
    ----------
    test : start and end of the period, both included, and every how many score dates one counts
    score : Panel, name ``score``; a date on which no stock has one is passed over, and not counted
    forward : Panel of the forward returns, those of the first horizon first; NaN where it is not
        over
    what : the factor, for the message

    Returns
    -------
    ndarray of datetime64[D], ascending, at least one
        Dates of ``score`` that ``forward`` has, too. Later horizons may not be over.

    Raises
    ------
    NoScoreError, NothingToTestError
        There is none.
    """
    part = score.between(test.start or "1900-01-01", test.end or "2200-01-01")
    scored = part.dates[np.isfinite(part["score"]).any(axis=1)][:: test.every]
    scored = scored[np.isin(scored, forward.dates)]
    over = np.isfinite(forward.at(scored).values[:, :, 0]).any(axis=1)
    if not over.any():
        ends = str(score.dates[0]), str(score.dates[-1])
        if not np.isfinite(score["score"]).any():
            raise NoScoreError(what, *ends)
        raise NothingToTestError(what, ends, test.start, test.end, test.horizons[0])
    return scored[over]
