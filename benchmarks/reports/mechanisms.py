"""Mechanisms: what the reports say of networks, of the run of the recipe ``mechanisms``.

Its factors are named KIND_SEED, one network of one seed each, so that a difference between two
kinds is taken seed by seed and date by date.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

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
WHOLE = (*(f"{part}_all" for part in PARTS), "oracle")  # without a seed of their own
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
    parts = [unit_correlations(run, penalty) for penalty in PENALTIES]
    low, high = _seeded(parts[1], parts[0]), _seeded(parts[2], parts[1])
    flat = "a penalty of 20 makes them no less alike than 1"
    return [
        _claim("units are less alike with a penalty of 1 than without", "0.55 to 0.28", low, -1),
        _claim(flat, "0.28 at 1, 0.32 at 10, 0.33 at 100", high, 0),
    ]


def horizon_claims(
    reports: Sequence[FactorReport], theirs: str = "a figure", where: str = WHERE
) -> list[Claim]:
    """RankIC by day: single days fall, cumulated it rises.

    Parameters
    ----------
    reports : tests with a table by day, of one or several networks
    theirs, where : what the claims say of the report and of the run
    """
    known = [one for one in reports if "by_day" in one.more]
    if not known:
        return []
    single = "the RankIC of a single day falls with its distance: slope a day"
    risen = f"the cumulated RankIC rises with the horizon: day {known[0].more['by_day'].height}"
    return [
        _claim(single, theirs, _shared([_slope(one) for one in known]), -1, True, where),
        _claim(f"{risen} less day 1", theirs, _shared([_rise(x) for x in known]), 1, True, where),
    ]


def _shared(found: Sequence[Difference]) -> Difference:
    """Mean of copies that share their dates: so does their error."""
    mean, error = (float(np.mean([getattr(x, n) for x in found])) for n in ("mean", "error"))
    return Difference(mean, error, found[0].n)


def _slope(one: FactorReport) -> Difference:
    """Least squares over days whose returns, and so whose errors, do not overlap."""
    frame = one.more["by_day"].sort("day")
    day = frame["day"].to_numpy() - frame["day"].mean()
    errors = np.array([day_error(one, "single", k)[0] for k in frame["day"]])
    weight = day / (day**2).sum()
    n = day_error(one, "single", 1)[1]
    mean = float(weight @ frame["single"].to_numpy())
    return Difference(mean, float(np.sqrt((weight**2) @ errors**2)), n)


def _rise(one: FactorReport) -> Difference:
    """Last horizon less the first, errors as of independent ones: too wide, if anything."""
    frame = one.more["by_day"].sort("day")
    first, last = frame["day"][0], frame["day"][-1]
    (error_1, n), (error_2, _) = (day_error(one, "cumulative", k) for k in (first, last))
    return apart(frame["cumulative"][-1], error_2, frame["cumulative"][0], error_1, n)


def page_lines(run: OurRun) -> list[str]:
    """Each mechanism: figures seed by seed, then what is claimed and found."""
    out = ["Figures of networks, one line a seed:", "", *_network_table(run), ""]
    out += ["Differences, seed by seed:", "", *_seed_table(run), ""]
    out += ["Units of a network of many outputs, by penalty:", "", *_unit_table(run), ""]
    out += ["RankIC by day of the mean of three networks:", "", *_day_table(run), ""]
    return [*out, *claim_lines(all_claims(run))]


def all_claims(run: OurRun) -> list[Claim]:
    """What is claimed of each mechanism."""
    out = [*attention_worth(run), *attention_claims(run), *penalty_claims(run)]
    return [*out, *composite_claims(run), *horizon_claims(seeds_of(run, "composite"))]


def _network_table(run: OurRun) -> list[str]:
    head = ["network", "seed", "RankIC", "ICIR", "autocorrelation", "turnover of TOP, two-sided"]
    known = [(k, s, one) for k in KINDS for s, one in zip(SEEDS, seeds_of(run, k), strict=False)]
    known += [(n, "", run.factors[n]) for n in WHOLE if n in run.factors]
    rows = []
    for kind, seed, one in known:
        found = one.summary
        error = found["rank_ic_std"] / np.sqrt(found["dates"])
        figures = [f"{found['rank_ic']:.4f} ± {error:.4f}", f"{found['icir']:.3f}"]
        figures += [f"{found['autocorrelation']:.3f}", f"{found['turnover_two_sided']:.1%}"]
        rows.append([kind, seed, *figures, f"{found['dates']:.0f}"])
    return grid([*head, "dates"], rows)


def _seed_table(run: OurRun) -> list[str]:
    """Differences of each seed alone; against three seeds of a network as one, of the composite."""
    pairs = [("attention", "plain", column) for column in ("rank_ic", "turnover")]
    pairs += [("residual", "plain", column) for column in ("rank_ic", "turnover")]
    pairs += [("composite", part, "rank_ic") for part in PARTS]
    rows = []
    for one, other, column in pairs:
        found = [paired(a, b, column) for a, b in _pairs(run, one, other)]
        rows.append([f"{one} less {other}", column, *(x.text(percent=True) for x in found)])
    for part in PARTS:
        whole = run.factors.get(f"{part}_all")
        if whole is not None:
            found = [paired(one, whole, "rank_ic") for one in seeds_of(run, "composite")]
            title = f"composite less {part}, three seeds as one"
            rows.append([title, "rank_ic", *(x.text(percent=True) for x in found)])
    return grid(["", "", *(f"seed {seed}" for seed in SEEDS)], rows)


def _unit_table(run: OurRun) -> list[str]:
    head = ["penalty", "seed", "mean |correlation|, test", "validation", "kept epoch", "epochs"]
    rows = []
    for penalty in PENALTIES:
        for seed, alike in enumerate(unit_correlations(run, penalty)):
            fits = run.training.filter(factor=f"penalty_{penalty}", seed=seed)
            kept = fits.filter(pl.col("epoch") == pl.col("best_epoch"))
            said = [f"{alike:.3f}", f"{kept['unit_correlation'].mean():.3f}"]
            said += [f"{kept['best_epoch'].mean():.1f}", f"{fits.height / max(kept.height, 1):.1f}"]
            rows.append([penalty, str(seed), *said])
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
