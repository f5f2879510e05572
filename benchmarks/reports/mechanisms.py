"""Mechanisms: what the reports say of networks, of the run of the recipe ``mechanisms``.

Its factors are named KIND_SEED, one network of one seed each, so that a difference between two
kinds is taken seed by seed and date by date.
"""

from collections.abc import Sequence

import numpy as np

from intralpha.evaluation import FactorReport

from .claims import (
    Claim,
    Difference,
    apart,
    icir_difference,
    of_copies,
    of_values,
    paired,
    values,
)
from .markdown import claim_lines, grid
from .ours import OurRun, day_error

RECIPE = "mechanisms"
SEEDS = ("0", "1", "2")
KINDS = ("plain", "attention", "residual", "transformer", "composite")
PARTS = ("plain", "attention", "transformer")
PENALTIES = ("0", "1", "20")
WHERE = "mechanisms, three seeds"


def seeds_of(run: OurRun, kind: str) -> list[FactorReport]:
    """Tests of a kind of network, a seed each; empty where one is missing."""
    found = [run.factors.get(f"{kind}_{seed}") for seed in SEEDS]
    return [one for one in found if one is not None] if None not in found else []


def between(run: OurRun, one: str, other: str, column: str) -> Difference:
    """Difference of two kinds in a column of their tests, over seeds and dates."""
    pairs = _pairs(run, one, other)
    found = [values(a, column, b) - values(b, column, a) for a, b in pairs]
    return of_copies(found) if found else Difference(np.nan, np.nan, 0)


def by_seed(run: OurRun, one: str, other: str, column: str) -> list[Difference]:
    """The same of each seed alone."""
    pairs = _pairs(run, one, other)
    return [paired(a, b, column) for a, b in pairs]


def _pairs(run: OurRun, one: str, other: str) -> list[tuple[FactorReport, FactorReport]]:
    """Tests of two kinds, seed by seed; none where one of them is missing."""
    return list(zip(seeds_of(run, one), seeds_of(run, other), strict=False))


def autocorrelations(run: OurRun, kind: str) -> list[float]:
    """Correlation of a score with that of the test date before, of each seed."""
    return [one.summary["autocorrelation"] for one in seeds_of(run, kind)]


def attention_claims(run: OurRun) -> list[Claim]:
    """Attention beside the plain network: steadier scores, less trading; residual in between."""
    memory = _seeded(autocorrelations(run, "attention"), autocorrelations(run, "plain"))
    out = [
        _claim("attention raises the autocorrelation of a week", "0.31 to 0.65", memory, 1),
        _claim(
            "attention lowers the turnover of the top tenth, two-sided",
            "146 % to 100 %",
            between(run, "attention", "plain", "turnover"),
            -1,
            percent=True,
        ),
    ]
    low = _seeded(autocorrelations(run, "residual"), autocorrelations(run, "plain"))
    high = _seeded(autocorrelations(run, "attention"), autocorrelations(run, "residual"))
    out += [
        _claim("residual attention: autocorrelation above the plain one", "0.31, 0.48", low, 1),
        _claim("and below that of attention", "0.48, 0.65", high, 1),
    ]
    return out


def attention_worth(run: OurRun) -> list[Claim]:
    """Attention beside the plain network: what the score is worth."""
    ratios = _pairs(run, "attention", "plain")
    found = [icir_difference(a, b) for a, b in ratios]
    ratio = of_values([one.mean for one in found], "seeds")
    wider = max([ratio.error, *(one.error / np.sqrt(len(found)) for one in found)], default=np.nan)
    return [
        _claim(
            "attention lowers the IC (ours: of ranks)",
            "0.070 to 0.066 (10 min), 0.079 to 0.067 (30 min)",
            between(run, "attention", "plain", "rank_ic"),
            -1,
        ),
        _claim(
            "attention lowers the ICIR (ours: of ranks, a date)",
            "9.16 to 7.29, 9.47 to 7.09 a year",
            Difference(ratio.mean, wider, ratio.n, "seeds"),
            -1,
        ),
    ]


def composite_claims(run: OurRun) -> list[Claim]:
    """A mean of three networks beside each of them."""
    return [
        _claim(
            f"a mean of three networks has a higher RankIC than {part} alone",
            "11.64 % against 11.12 to 11.29 %",
            between(run, "composite", part, "rank_ic"),
            1,
            percent=True,
        )
        for part in PARTS
    ]


def unit_correlations(run: OurRun, penalty: str) -> list[float]:
    """Mean absolute correlation of two units on the test dates, of each seed."""
    report = run.sets.get(f"penalty_{penalty}")
    return [] if report is None else report.units()["mean_correlation"].to_list()


def penalty_claims(run: OurRun) -> list[Claim]:
    """Each penalty beside the one below it."""
    out = []
    printed = ("0.55 at 0.1 to 0.28 at 1", "0.28 at 1, 0.32 at 10, 0.33 at 100: flat from 1 on")
    for low, high, theirs in zip(PENALTIES[:-1], PENALTIES[1:], printed, strict=True):
        found = _seeded(unit_correlations(run, high), unit_correlations(run, low))
        says = f"units are less alike with a penalty of {high} than of {low}"
        out.append(_claim(says, theirs, found, -1))
    return out


def horizon_claims(
    reports: Sequence[FactorReport], theirs: str = "a figure", where: str = WHERE
) -> list[Claim]:
    """RankIC by day: single days fall, cumulated it rises.

    Parameters
    ----------
    reports : tests with a table by day, of one or several networks
    theirs, where : what the claims say of the report and of the run
    """
    out = []
    for which, sign, says in (
        ("single", -1, "the RankIC of a single day falls with its distance"),
        ("cumulative", 1, "the cumulated RankIC rises with the horizon"),
    ):
        found = [_last_less_first(one, which) for one in reports if "by_day" in one.more]
        if found:
            mean = float(np.mean([one.mean for one in found]))
            error = float(np.mean([one.error for one in found]))  # copies share their dates
            both = Difference(mean, error, found[0].n)
            last = reports[0].more["by_day"].height
            out.append(_claim(f"{says}: day {last} less day 1", theirs, both, sign, True, where))
    return out


def _last_less_first(report: FactorReport, which: str) -> Difference:
    frame = report.more["by_day"].sort("day")
    first, last = frame["day"][0], frame["day"][-1]
    (error_1, n), (error_2, _) = day_error(report, which, first), day_error(report, which, last)
    return apart(frame[which][-1], error_2, frame[which][0], error_1, n)


def page_lines(run: OurRun) -> list[str]:
    """Each mechanism: figures seed by seed, then what is claimed and found."""
    out = ["Figures of networks, one line a seed:", "", *_network_table(run), ""]
    out += ["Units of a network of many outputs, by penalty:", "", *_unit_table(run), ""]
    out += ["RankIC by day of the mean of three networks:", "", *_day_table(run), ""]
    return [*out, *claim_lines(all_claims(run))]


def all_claims(run: OurRun) -> list[Claim]:
    """What is claimed of each mechanism."""
    out = [*attention_worth(run), *attention_claims(run), *penalty_claims(run)]
    return [*out, *composite_claims(run), *horizon_claims(seeds_of(run, "composite"))]


def _network_table(run: OurRun) -> list[str]:
    head = ["network", "seed", "RankIC", "ICIR", "autocorrelation", "turnover of TOP, two-sided"]
    rows = []
    for kind in KINDS:
        for seed, one in zip(SEEDS, seeds_of(run, kind), strict=False):
            known = one.summary
            error = known["rank_ic_std"] / np.sqrt(known["dates"])
            figures = [f"{known['rank_ic']:.4f} ± {error:.4f}", f"{known['icir']:.3f}"]
            figures += [f"{known['autocorrelation']:.3f}", f"{known['turnover_two_sided']:.1%}"]
            rows.append([kind, seed, *figures])
    return grid([*head, "dates"], [[*row, _dates(run)] for row in rows])


def _dates(run: OurRun) -> str:
    return f"{next(iter(run.factors.values())).summary['dates']:.0f}"


def _unit_table(run: OurRun) -> list[str]:
    head = ["penalty", "seed", "mean |correlation|, test", "mean RankIC of a unit"]
    rows = []
    for penalty in PENALTIES:
        if f"penalty_{penalty}" in run.sets:
            for row in run.sets[f"penalty_{penalty}"].units().iter_rows(named=True):
                said = [f"{row['mean_correlation']:.3f}", f"{row['rank_ic']:.4f}"]
                rows.append([penalty, row["seed"].removeprefix("seed"), *said])
    return grid(head, rows)


def _day_table(run: OurRun) -> list[str]:
    rows = []
    for seed, one in zip(SEEDS, seeds_of(run, "composite"), strict=False):
        for which in ("single", "cumulative"):
            days = one.more["by_day"].sort("day")
            errors = [day_error(one, which, day)[0] for day in days["day"]]
            pairs = zip(days[which], errors, strict=True)
            rows.append([seed, which, *(f"{100 * v:.2f} ± {100 * e:.2f}" for v, e in pairs)])
    width = len(rows[0]) - 2 if rows else 0
    return grid(["seed", "RankIC, %", *(f"day {k}" for k in range(1, width + 1))], rows)


def _seeded(one: Sequence[float], other: Sequence[float]) -> Difference:
    """Difference of two kinds, seed by seed, with the error over seeds."""
    if len(one) != len(other):
        return Difference(np.nan, np.nan, 0, "seeds")
    return of_values([a - b for a, b in zip(one, other, strict=True)], "seeds")


def _claim(
    says: str, theirs: str, found: Difference, sign: int, percent: bool = False, where: str = WHERE
) -> Claim:
    return Claim(says, theirs, found.text(percent), found.verdict(sign), where)
