"""Checks 6 to 9: networks beside each other, with what three seeds say of them [Spec 21]."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from . import mechanisms
from .claims import (
    UNTESTED,
    Claim,
    Difference,
    apart,
    icir_difference,
    of_copies,
    of_series,
    of_values,
    values,
)
from .comparing import S000, S001, S003, S004, Runs, compare, correlation, label, missing
from .ours import OurRun

COMPOSITE = "composite"  # the factor of report 003 that its signal is


def data_sets(runs: Runs) -> list[Claim]:
    """Check 6."""
    run = runs.get(S001)
    if run is None:
        return missing(S001)
    out = []
    for name, sign, theirs in (
        ("ms", 1, "13.46, 13.08 %"),
        ("l2", 1, "11.21, 10.95 %"),
        ("day", 0, "13.28, 13.42 %"),
    ):
        says = f"many outputs {'as good as' if sign == 0 else 'above'} one on {name}, RankIC"
        out.append(compare(run, says, theirs, f"multi_{name}", f"uni_{name}", sign=sign))
    out += [_keeps(run, kind) for kind in ("uni", "multi")]
    return [*out, *(_least_alike(run, kind) for kind in ("uni", "multi"))]


def _keeps(run: OurRun, kind: str) -> Claim:
    """Share of the RankIC that is left after twenty sessions, l2 less day."""
    says = f"l2 keeps more of its RankIC over 20 sessions than day ({kind})"
    theirs = {"uni": "60 % against 33 %", "multi": "63 % against 34 %"}[kind]
    shares = [_share_left(run, f"{kind}_{name}") for name in ("l2", "day")]
    if None in shares:
        return Claim(says, theirs, "the run has not both", UNTESTED, label(run))
    (one, error, n), (other, of_other, _) = shares  # type: ignore[misc]
    found = apart(one, error, other, of_other, n)
    return Claim(says, theirs, found.text(percent=True), found.verdict(1), label(run))


def _share_left(run: OurRun, name: str) -> tuple[float, float, int] | None:
    if name not in run.factors:
        return None
    report = run.factors[name]
    course = report.decay.sort("lag")["rank_ic"].to_numpy()
    n = int(report.summary["dates"])
    error, share = report.summary["rank_ic_std"] / np.sqrt(n), course[-1] / course[0]
    return share, float(error * np.hypot(1, share) / abs(course[0])), n


def _least_alike(run: OurRun, kind: str) -> Claim:
    says = f"l2 with day is the least alike pair ({kind})"
    theirs = "0.50 against 0.54, 0.76" if kind == "uni" else "0.50 against 0.60, 0.76"
    found = [
        correlation(run, f"{kind}_{a}", f"{kind}_{b}")
        for a, b in (("l2", "day"), ("l2", "ms"), ("day", "ms"))
    ]
    error = float(np.sqrt(2 / run.stocks))
    gap = Difference(found[0] - min(found[1:]), error, int(run.stocks), "stocks")
    ours = "{:.2f} against {:.2f}, {:.2f}; less the lower one ".format(*found) + gap.text()
    return Claim(says, theirs, ours, gap.verdict(-1), label(run))


def angles(runs: Runs) -> list[Claim]:
    """Check 7, with what three seeds say of a mean of networks and of horizons."""
    out = _of_angles(runs[S003]) if S003 in runs else missing(S003)
    if mechanisms.RECIPE in runs:
        run = runs[mechanisms.RECIPE]
        out += mechanisms.composite_claims(run)
        out += mechanisms.horizon_claims(mechanisms.seeds_of(run, "composite"))
    return out


def _of_angles(run: OurRun) -> list[Claim]:
    out = [
        compare(run, f"composite above {one} in RankIC", f"11.64, {printed} %", COMPOSITE, one)
        for one, printed in (("all", "11.18"), ("itransformer", "11.12"), ("crossformer", "11.29"))
    ]
    says = "300 factors above the 27 in RankIC"
    out.append(compare(run, says, "11.18, 8.64 %", "all", "hand_made"))
    says = "a sequence of returns: lower excess of TOP than the composite, a week"
    printed = "21.69, 25.94 % a year"
    out.append(compare(run, says, printed, "sequence", COMPOSITE, "top_excess", -1))
    out.append(_higher_icir(run))
    says = "and a higher turnover, two-sided"
    out.append(compare(run, says, "106.62, 87.68 %", "sequence", COMPOSITE, "turnover"))
    known = [run.factors[COMPOSITE]] if COMPOSITE in run.factors else []
    return out + mechanisms.horizon_claims(known, where=label(run))


def _higher_icir(run: OurRun) -> Claim:
    says, theirs = "a higher ICIR of ranks", "1.20, 1.16"
    if not {"sequence", COMPOSITE} <= {*run.factors}:
        return Claim(says, theirs, "the run has not both", UNTESTED, label(run))
    found = icir_difference(run.factors["sequence"], run.factors[COMPOSITE])
    return Claim(says, theirs, found.text(), found.verdict(1), label(run))


def attention(runs: Runs) -> list[Claim]:
    """Check 8: of the run of report 004, over its labels and sizes of bar, and of three seeds."""
    out = _of_attention(runs[S004]) if S004 in runs else missing(S004)
    if mechanisms.RECIPE in runs:
        run = runs[mechanisms.RECIPE]
        out += mechanisms.attention_worth(run) + mechanisms.attention_claims(run)
    return out


def _of_attention(run: OurRun) -> list[Claim]:
    every = ("10", "10_sharpe", "30", "30_sharpe")
    ten, where = every[:2], label(run)
    pair, traded = ("attention", "rnn"), "turnover"
    less, more = ("residual", "rnn"), ("residual", "attention")
    higher = "attention: higher long excess at 10 minutes, a week"
    rows = [
        ("attention lowers the IC (of ranks)", "0.070, 0.066", pair, every, "rank_ic", -1),
        (higher, "0.38, 0.33 %", pair, ten, "top_excess", 1),
        ("attention: lower turnover, two-sided", "100, 146 %", pair, every, traded, -1),
        ("residual: lower turnover than plain", "126, 146 %", less, every, traded, -1),
        ("residual: higher turnover than attention", "126, 100 %", more, every, traded, 1),
    ]
    out = []
    for says, theirs, kinds, sizes, column, sign in rows:
        found = _over_settings(run, kinds, sizes, column)
        out.append(Claim(says, theirs, found.text(percent=True), found.verdict(sign), where))
    memory = _memories(run, "attention", "rnn", every)
    says = "attention: higher autocorrelation of a week"
    out.append(Claim(says, "0.31 to 0.65", memory.text(), memory.verdict(1), where))
    says = "plain network: 30 minutes above 10 in IC (of ranks)"
    return [*out, compare(run, says, "0.079, 0.070", "rnn_30", "rnn_10")]


def _over_settings(
    run: OurRun, kinds: tuple[str, str], sizes: Sequence[str], column: str
) -> Difference:
    """Difference of two networks date by date, over the settings that have both."""
    names = [tuple(f"{kind}_{size}" for kind in kinds) for size in sizes]
    tests = [[run.factors[n] for n in two] for two in names if {*two} <= {*run.factors}]
    found = [values(a, column, b) - values(b, column, a) for a, b in tests]
    if not found:
        return Difference(np.nan, np.nan, 0)
    return of_copies(found) if len(found) > 1 else of_series(found[0])


def _memories(run: OurRun, one: str, other: str, sizes: Sequence[str]) -> Difference:
    """Difference of autocorrelations; of a single setting with the error of a cross-section."""
    pairs = [(f"{one}_{size}", f"{other}_{size}") for size in sizes]
    known = [two for two in pairs if {*two} <= {*run.factors}]
    tests = [[run.factors[n].summary["autocorrelation"] for n in two] for two in known]
    found = of_values([a - b for a, b in tests], "settings")
    return replace(found, error=float(np.sqrt(2 / run.stocks))) if found.n == 1 else found


def blocks(runs: Runs) -> list[Claim]:
    """Check 9. A drawdown after January 2021 is a fact of the market."""
    theirs = "a marked drawdown after 2021-01, without figures"
    says = "the schedule of five validation days loses after 2021-01; blocks lose less"
    run = runs.get(S000)
    if run is None:
        return missing(S000)
    out = [Claim(says, theirs, "no such time in a simulated market", UNTESTED, label(run))]
    if not run.simulated:
        out = []
    return [*out, compare(run, "blocks above rolling in RankIC", theirs, "blocks", "ret_10")]
