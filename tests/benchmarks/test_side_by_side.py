"""The page: ours below what is printed, and verdicts of runs whose figures are made by hand."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from benchmarks.reports import acceptance, mechanisms
from benchmarks.reports.claims import AGREE, DISAGREE, UNTESTED, UNTOLD
from benchmarks.reports.folders import runs_in
from benchmarks.reports.ours import OurRun
from benchmarks.reports.page import filled, table_lines
from benchmarks.reports.printed import Table, printed_tables
from tests.benchmarks.filed import file_run, printed, report

from intralpha.evaluation import SetReport

NOISE = np.random.default_rng(0).normal(0, 0.01, 40)


@pytest.fixture(scope="module")
def tables() -> dict[tuple[str, str], Table]:
    return {(one.report, one.id): one for one in printed_tables()}


def of(runs: Path) -> dict[str, OurRun]:
    return runs_in([runs])


def test_ours_stands_below_what_is_printed(tmp_path: Path, tables) -> None:
    figures = printed(rank_ic_mean=0.05, rank_ic_icir=0.4, top_max_drawdown=0.123)
    factors = [report("multi_ms", NOISE + 0.05, more=figures)]
    runs = of(file_run(tmp_path, "s001_multifrequency_rnn_demo", factors))
    lines = table_lines(tables["001", "T8"], runs)
    at = next(i for i, line in enumerate(lines) if line.startswith("| multivariate ms"))
    assert lines[at].startswith("| multivariate ms | report | 13.46% | 1.42 |")
    assert lines[at + 1] == "|  | ours, demo | 5.00% ± 1.00 | 0.40 |  |  |  | -12.30% |  | 40 |"
    assert filled(tables["001", "T8"], runs)
    other = table_lines(tables["004", "T1"], runs)
    assert other[2] == "Not run: `intralpha run s004_attention`."
    assert not filled(tables["004", "T1"], runs)


def test_the_largest_size_counts(tmp_path: Path) -> None:
    for name in ("s002_full_band_tiny", "s002_full_band_demo", "s003_angles_tiny"):
        file_run(tmp_path, name, [report("signal", NOISE)])
    found = of(tmp_path)
    assert {n: run.size for n, run in found.items()} == {
        "s002_full_band": "demo",
        "s003_angles": "tiny",
    }


def test_correlations_by_hand(tmp_path: Path, tables) -> None:
    names = ("ret", "score uni_day", "score uni_ms")
    pearson = np.array([[1, -0.3, 0.1], [-0.3, 1, 0.7], [0.1, 0.7, 1]])
    made = SetReport("common", names, 1, pl.DataFrame({"factor": ["ret"]}), pearson, pearson - 0.1)
    runs = of(file_run(tmp_path, "s001_multifrequency_rnn_tiny", (), [made]))
    lines = table_lines(tables["001", "T9"], runs)
    assert "|  | ours, tiny | 1 | 0.70 |  |  |  |" in lines, "Pearson above the diagonal"
    assert "|  | ours, tiny | 0.60 | 1 |  |  |  |" in lines, "Spearman below it"


@pytest.mark.parametrize(("gap", "verdict"), [(0.01, AGREE), (-0.01, DISAGREE), (0.0005, UNTOLD)])
def test_low_frequency_by_hand(tmp_path: Path, gap: float, verdict: str) -> None:
    """Check 4: lower RankIC, higher excess, lower turnover than days alone."""
    other = NOISE[::-1]
    factors = [
        report("low", NOISE - gap, NOISE + gap, NOISE - gap),
        report("day", other, other, other),
    ]
    runs = of(file_run(tmp_path, "s002_full_band", factors))
    check = acceptance.checks(runs, printed_tables())[3]
    assert [claim.verdict for claim in check.claims] == [verdict] * 3
    assert check.verdict == verdict


def test_what_has_no_run_is_not_tested(tmp_path: Path) -> None:
    found = acceptance.checks(of(tmp_path), printed_tables())
    assert [check.number for check in found] == list(range(1, 11))
    assert {check.verdict for check in found} == {UNTESTED}
    assert found[3].claims[0].ours == "no run of s002_full_band"


def test_a_simulated_market_does_not_test_what_factors_pay(tmp_path: Path, tables) -> None:
    names = [row.name for row in tables["002", "F7, F26, F37"].rows]
    summaries = [{"turnover_two_sided": 0.1 * k} for k in range(len(names))]
    factors = [
        report(name, NOISE + 0.05, summary=s) for name, s in zip(names, summaries, strict=True)
    ]
    for market, verdict in (("simulated", UNTESTED), ("tushare", AGREE)):
        recipe = {"data": {"sources": [{"kind": market}]}}
        runs = of(file_run(tmp_path / market, "s002_factors", factors, (), recipe))
        check = acceptance.checks(runs, printed_tables())[0]
        assert check.claims[0].verdict == verdict
        assert check.claims[0].ours.startswith("27 above 0, 0 below")
        assert check.claims[3].verdict == UNTOLD, "turnover is counted on any market"


def seeds(kind: str, **figures: float) -> list:
    memory = figures.pop("autocorrelation", 0.5)
    out = []
    for k, shift in enumerate((-0.001, 0.0, 0.001)):
        own = {"autocorrelation": memory + shift, "turnover_two_sided": 1.0}
        rows = [figures.get(column, 0.0) + shift + NOISE for column in ("rank_ic", "turnover")]
        out.append(report(f"{kind}_{k}", rows[0], None, rows[1], own))
    return out


def test_mechanisms_by_hand(tmp_path: Path) -> None:
    factors = [
        *seeds("plain", turnover=1.5, rank_ic=0.05, autocorrelation=0.3),
        *seeds("attention", turnover=1.0, rank_ic=0.05, autocorrelation=0.6),
        *seeds("residual", turnover=1.2, autocorrelation=0.45),
    ]
    runs = of(file_run(tmp_path, "mechanisms", factors))
    claims = mechanisms.attention_claims(runs["mechanisms"])
    assert [claim.verdict for claim in claims] == [AGREE] * 4
    assert claims[0].ours == "+0.300 ± 0.000 (3 seeds)"
    assert claims[1].ours.startswith("-50.00 points")
    worth = mechanisms.attention_worth(runs["mechanisms"])
    assert worth[0].verdict == UNTOLD, "as good as the plain one"
    missing = mechanisms.composite_claims(runs["mechanisms"])
    assert {claim.verdict for claim in missing} == {UNTESTED}


def test_horizons_by_hand() -> None:
    columns = {"day": [1, 2, 3], "single": [0.05, 0.03, 0.01], "cumulative": [0.05, 0.051, 0.052]}
    names = ["1_2", "2_3", "3_4", "1_3", "1_4"]
    errors = pl.DataFrame({"horizon": names, "se": [0.006, 0.5, 0.008, 0.008, 0.008]})
    one = report("signal", NOISE, more={"by_day": pl.DataFrame(columns), "horizons": errors})
    single, cumulative = mechanisms.horizon_claims([one])
    # Of three days the slope is half the difference of the outer two: 0.02, and sqrt(6² + 8²) / 2.
    assert (single.verdict, single.ours) == (AGREE, "-2.00 points ± 0.50 (40 dates)")
    assert cumulative.ours == "+0.20 points ± 1.00 (40 dates)"
    assert cumulative.verdict == UNTOLD
