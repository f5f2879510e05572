"""Comparing: two factors of a run held against each other, as checks and claims need it."""

from collections.abc import Mapping

from .claims import UNTESTED, Claim, paired
from .ours import OurRun

Runs = Mapping[str, OurRun]
S000, S001, S002, S003 = (
    "s000_minute_platform",
    "s001_multifrequency_rnn",
    "s002_full_band",
    "s003_angles",
)
S004, ONE_BY_ONE = "s004_attention", "s002_factors"
TEN_GROUPS = "s002_factors_deep"  # the same in ten groups


def label(run: OurRun) -> str:
    """Recipe and size of a run."""
    return f"{run.recipe}, {run.size}"


def missing(recipe: str) -> list[Claim]:
    """The only claim of a check whose run is not there."""
    return [Claim("all of it", "", f"no run of {recipe}", UNTESTED)]


def compare(
    run: OurRun,
    says: str,
    theirs: str,
    one: str,
    other: str,
    column: str = "rank_ic",
    sign: int = 1,
) -> Claim:
    """Two factors of a run, date by date."""
    if not {one, other} <= {*run.factors}:
        lacks = " and ".join(sorted({one, other} - {*run.factors}))
        return Claim(says, theirs, f"the run has no {lacks}", UNTESTED, label(run))
    found = paired(run.factors[one], run.factors[other], column)
    return Claim(says, theirs, found.text(percent=True), found.verdict(sign), label(run))


def correlation(run: OurRun, one: str, other: str) -> float:
    """Mean Pearson correlation of two factors, of whichever set has both; NaN: none does."""
    for report in run.sets.values():
        names = {name.removeprefix("score "): k for k, name in enumerate(report.names)}
        if {one, other} <= {*names}:
            return float(report.pearson_NN[names[one], names[other]])
    return float("nan")
