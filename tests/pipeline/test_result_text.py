"""What a run prints of its factors: a table, and why figures of it are empty."""

from pathlib import Path

import numpy as np

from intralpha.base import Panel
from intralpha.evaluation import FactorReport, FactorTestSpec, run_factor_test
from intralpha.pipeline.run import RunResult

DATES = np.array(["2023-01-03", "2023-01-04"], "datetime64[D]")


def report(name: str, stocks: int) -> FactorReport:
    assets = np.array([f"{600000 + k}.SH" for k in range(stocks)])
    rng = np.random.default_rng(1)

    def panel(column: str, values: np.ndarray) -> Panel:
        return Panel(values.astype(np.float32)[..., None], DATES, assets, (column,))

    score, fwd = (rng.normal(size=(2, stocks)) for _ in range(2))
    mask = panel("inside", np.ones((2, stocks)))
    settings = FactorTestSpec(n_groups=2, top_share=0.5)
    return run_factor_test(panel("score", score), panel("fwd_1_2", fwd), mask, settings, name)


def text_of(*reports: FactorReport) -> str:
    return RunResult(Path("report.html"), reports, {}, 1.0, 0.1, {}).to_text()


def test_factors_of_three_stocks_say_why_they_have_no_rank_ic() -> None:
    text = text_of(report("low", 3), report("high", 3), report("wide", 40))
    said = [line for line in text.splitlines() if "stocks" in line]
    assert said == [
        "low, high: 2 test dates have fewer than 30 stocks with a score and a return and count in "
        "no IC or RankIC: widen the universe"
    ]
    assert "fewer than" not in text_of(report("wide", 40))
