"""Checks 1 to 5 and 10: single factors, and what report 002 makes of them [Spec 21]."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from intralpha.evaluation import average_ranks

from .claims import (
    AGREE,
    DISAGREE,
    UNTESTED,
    UNTOLD,
    Claim,
    Difference,
    mean_of,
    of_series,
    paired,
    values,
)
from .comparing import (
    ONE_BY_ONE,
    S002,
    S003,
    TEN_GROUPS,
    Runs,
    compare,
    correlation,
    label,
    missing,
)
from .ours import MAIN, OurRun
from .printed import Table, number


def single_factors(runs: Runs, table: Table) -> list[Claim]:
    """Check 1. What the factors pay is a fact of a market: a simulated one does not test it."""
    run = runs.get(ONE_BY_ONE)
    if run is None:
        return missing(ONE_BY_ONE)
    names = [row.name for row in table.rows if row.name in run.factors]
    claims = [
        _all_positive(run, names),
        _later_halves(run),
        _best_two(run, names),
    ]
    if run.simulated:
        claims = [_of_the_market(claim) for claim in claims]
    return [*claims, _turnover_order(run, table, names)]


def _of_the_market(claim: Claim) -> Claim:
    said = f"{claim.ours}; a simulated market pays what it was made to pay"
    return replace(claim, ours=said, verdict=UNTESTED)


def _all_positive(run: OurRun, names: Sequence[str]) -> Claim:
    found = [of_series(run.factors[n].series["rank_ic"].to_numpy()).verdict(1) for n in names]
    verdict = DISAGREE if DISAGREE in found else UNTOLD if UNTOLD in found else AGREE
    ours = f"{found.count(AGREE)} above 0, {found.count(DISAGREE)} below, the others not told apart"
    return Claim("all 27 RankICs are positive", "27 of 27", ours, verdict, label(run))


def _later_halves(run: OurRun) -> Claim:
    says = "shares of volume of the half-hours 3 to 7 have a higher RankIC than that of 2"
    first, later = run.factors["volume_perc2"], [f"volume_perc{k}" for k in range(3, 8)]
    rows = np.mean([values(run.factors[n], "rank_ic", first) for n in later], axis=0)
    found = of_series(rows - values(first, "rank_ic", run.factors[later[0]]))
    text = found.text(percent=True)
    return Claim(says, "4.00 to 4.73 % against 1.29 %", text, found.verdict(1), label(run))


def _best_two(run: OurRun, names: Sequence[str]) -> Claim:
    says = "down_single_amt_perc and down_vol_perc have the highest excess of TOP"
    best = ("down_single_amt_perc", "down_vol_perc")
    excess = {n: mean_of(run.factors[n], "top_excess") for n in names}
    order = sorted(excess, key=lambda n: -excess[n])
    rival = next(n for n in order if n not in best)
    weaker = min(best, key=lambda n: excess[n])
    found = paired(run.factors[weaker], run.factors[rival], "top_excess")
    ours = f"places {order.index(best[0]) + 1} and {order.index(best[1]) + 1}; {weaker} less "
    ours += f"{rival}, a week: {found.text(percent=True)}"
    return Claim(says, "17.95 and 15.82 % a year", ours, found.verdict(1), label(run))


def _turnover_order(run: OurRun, table: Table, names: Sequence[str]) -> Claim:
    says = "slow and fast factors: order of turnovers"
    column = list(table.columns).index("TOP two-sided turnover")
    printed = {row.name: number(row.printed[column]) for row in table.rows}
    both = np.array(
        [
            [printed[n] for n in names],
            [run.factors[n].summary["turnover_two_sided"] for n in names],
        ]
    )
    value = float(np.corrcoef(average_ranks(both))[0, 1])
    found = Difference(value, 1 / np.sqrt(len(names) - 1), len(names), "factors")
    ours = f"Spearman's correlation with the report's {found.text()}"
    return Claim(says, "13 % to 72 %", ours, found.verdict(1), label(run))


def correlation_signs(runs: Runs, tables: Sequence[Table]) -> list[Claim]:
    """Check 2. Of a correlation the mean alone is kept: its error is that of one cross-section."""
    run = runs.get(ONE_BY_ONE)
    if run is None or "hf27" not in run.sets:
        return missing(ONE_BY_ONE)
    report, error = run.sets["hf27"], 1 / np.sqrt(run.stocks)
    at = {name: k for k, name in enumerate(report.names)}
    out = []
    for table in (one for one in tables if one.id in ("F23, F24", "F35")):
        names = [row.name for row in table.rows]
        for i, row in enumerate(table.rows):
            for j in range(i):
                printed = number(row.printed[j])
                if abs(printed) < 0.4 or not {row.name, names[j]} <= {*at}:
                    continue
                signs = run.signs.get(row.name, 1.0) * run.signs.get(names[j], 1.0)
                value = signs * float(report.pearson_NN[at[row.name], at[names[j]]])
                found = Difference(value, error, int(run.stocks), "stocks")
                says = f"{row.name} with {names[j]}"
                verdict = found.verdict(int(np.sign(printed)))
                out.append(Claim(says, f"{printed:.2f}", found.text(), verdict, label(run)))
    return out


def deep_above_weights(runs: Runs) -> list[Claim]:
    """Check 3."""
    run = runs.get(S002)
    if run is None:
        return missing(S002)
    says = "the deep factor is above equal weights in the excess of TOP, a week"
    out = [compare(run, says, "26.20 against 12.14 % a year", "high", "high_equal", "top_excess")]
    less = "and in RankIC, by less"
    out.append(compare(run, less, "9.10 against 8.43 %", "high", "high_equal"))
    return [*out, _above_icir(run, runs.get(TEN_GROUPS))]


def _above_icir(run: OurRun, weighed: OurRun | None) -> Claim:
    """The weights by ICIR are of another run, on the same market and groups."""
    says, theirs = "above weights by ICIR", "26.20 against 10.85 % a year"
    if weighed is None or "signal" not in weighed.factors or "high" not in run.factors:
        how = f"`intralpha run {ONE_BY_ONE} --set test.preset=s002_deep --set name={TEN_GROUPS}`"
        return Claim(says, theirs, f"no run of {how}", UNTESTED)
    found = paired(run.factors["high"], weighed.factors["signal"], "top_excess")
    return Claim(says, theirs, found.text(percent=True), found.verdict(1), label(weighed))


def low_frequency(runs: Runs) -> list[Claim]:
    """Check 4."""
    run = runs.get(S002)
    if run is None:
        return missing(S002)
    pair = ("low", "day")
    return [
        compare(run, "lower RankIC than of days alone", "10.44, 10.93 %", *pair, sign=-1),
        compare(run, "higher excess of TOP, a week", "31.05, 25.26 % a year", *pair, "top_excess"),
        compare(run, "lower turnover, two-sided", "92, 116 %", *pair, "turnover", -1),
    ]


def fusion(runs: Runs) -> list[Claim]:
    """Check 5."""
    run = runs.get(S002)
    if run is None:
        return missing(S002)
    out = []
    for part, ic, excess in (("high", "9.10", "26.20"), ("low", "10.44", "31.05")):
        says = f"fusion above {part} in RankIC"
        out.append(compare(run, says, f"11.47, {ic} %", "fusion", part))
        says = f"and in the excess of TOP, a week, above {part}"
        printed = f"32.25, {excess} % a year"
        out.append(compare(run, says, printed, "fusion", part, "top_excess"))
    return [*out, _alike(run, "correlation of the two parts is about 0.28", "high", "low", 0.28)]


def _alike(run: OurRun, says: str, one: str, other: str, printed: float) -> Claim:
    value = correlation(run, one, other)
    found = Difference(value - printed, 1 / np.sqrt(run.stocks), int(run.stocks), "stocks")
    ours = f"{value:.2f}, differs by {found.text()}" if np.isfinite(value) else "no set has both"
    return Claim(says, f"{printed:.2f}", ours, found.verdict(0), label(run))


def caps(runs: Runs) -> list[Claim]:
    """Check 10."""
    out = []
    for recipe, theirs in ((S002, "32.39 % at a cap of 30 %"), (S003, "34.0 to 34.7 % at 30 %")):
        if recipe in runs and MAIN in runs[recipe].courses:
            out.append(_over_cap(runs[recipe], theirs))
        else:
            says = f"realised turnover exceeds the cap ({recipe})"
            out.append(Claim(says, theirs, f"no run of {recipe}", UNTESTED))
    return out


def _over_cap(run: OurRun, theirs: str) -> Claim:
    cap = run.past.recipe["portfolio"]["problem"]["turnover_two_sided"]
    traded = run.courses[MAIN].traded
    later = traded[traded > 0][1:]
    found = of_series(later - cap)
    above = f"; {np.mean(later > cap):.0%} of the rebalances above {cap:.0%}"
    says = "realised two-sided turnover exceeds the cap"
    ours = replace(found, of="rebalances").text(percent=True) + above
    return Claim(says, theirs, ours, found.verdict(1), label(run))
