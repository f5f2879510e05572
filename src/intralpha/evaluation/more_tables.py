"""Tables that a report gains from several horizons or tests: by day, and what luck gives."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from intralpha.evaluation.deflated import best_of, chance_above, ratio_of
from intralpha.evaluation.factor_report import FactorReport


def with_days(report: FactorReport, days: int) -> FactorReport:
    """The report with the RankIC of each day from t+1, alone and cumulated [003 F37].

    Parameters
    ----------
    report : with the horizons (k, k + 1) and (1, k + 1) for k = 1 .. days
    days : 0 leaves it as it is
    """
    if days == 0:
        return report
    known = dict(report.more["horizons"].select("horizon", "mean").iter_rows())
    ratio = dict(report.more["horizons"].select("horizon", "icir").iter_rows())
    rows = [
        {
            "day": k,
            "single": known[f"{k}_{k + 1}"],
            "cumulative": known[f"1_{k + 1}"],
            "single_icir": ratio[f"{k}_{k + 1}"],
            "cumulative_icir": ratio[f"1_{k + 1}"],
        }
        for k in range(1, days + 1)
    ]
    return replace(report, more=report.more | {"by_day": pl.DataFrame(rows)})


def with_luck(reports: Sequence[FactorReport], elsewhere: int = 0) -> list[FactorReport]:
    """The reports with a count of what was tried, and what the best of so many has by luck.

    Parameters
    ----------
    reports : of one recipe; each is a trial
    elsewhere : trials made before, which are counted with them

    Returns
    -------
    list of FactorReport
        With a table ``luck``: ``tried``, the test's own ICIR a date, the ICIR that the best of as
        many trials without skill is expected to have, and the probability that the true one lies
        above that. The deviation of the trials' ICIRs is that of the reports; of a single one it is
        that of an estimate without skill, 1 / sqrt(dates) [Bailey and Lopez de Prado 2014].
    """
    series = [r.series["rank_ic"].to_numpy() for r in reports]
    ratios = [ratio_of(one) for one in series]
    known = [ratio for ratio in ratios if np.isfinite(ratio)]
    tried = len(reports) + elsewhere
    out = []
    for report, one, ratio in zip(reports, series, ratios, strict=True):
        dates = int(np.isfinite(one).sum())
        alone = 1 / np.sqrt(max(dates, 1))
        spread = float(np.std(known, ddof=1)) if len(known) > 1 else float(alone)
        best = best_of(spread, tried)
        row = {"tried": tried, "icir": ratio, "best_by_luck": best}
        frame = pl.DataFrame([row | {"chance_above": chance_above(one, best)}])
        out.append(replace(report, more=report.more | {"luck": frame}))
    return out
