"""Further tables of a test: legs, coefficients, columns of a report, days, and what luck gives."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.stats import spearmanr

from intralpha.base import Panel
from intralpha.evaluation import (
    FactorPanelError,
    FactorReport,
    FactorTestSpec,
    run_factor_test,
    with_days,
    with_luck,
)

D, A = 30, 40
DAYS = np.arange("2024-01-05", "2024-12-31", 7, dtype="datetime64[D]")[:D]
ASSETS = np.array([f"{600000 + i}.SH" for i in range(A)])
NAMES = ("fwd_1_11", "fwd_1_6", "fwd_1_2", "fwd_2_3", "fwd_1_3")


def panels() -> tuple[Panel, Panel]:
    rng = np.random.default_rng(0)
    fwd = 0.02 * rng.standard_normal((D, A, len(NAMES)))
    score = fwd[..., :2].sum(axis=-1, keepdims=True) + 0.05 * rng.standard_normal((D, A, 1))
    return Panel(score, DAYS, ASSETS, ("score",)), Panel(fwd, DAYS, ASSETS, NAMES)


def test_legs_earn_the_return_that_is_held() -> None:
    """Means of the ten highest and lowest of forty, month by month, without any of our code."""
    score, fwd = panels()
    columns = ("top_win", "top_annualised", "turnover_one_sided", "long_short_per_date")
    spec = FactorTestSpec(
        n_groups=4, top_share=0.25, held=(1, 6), periods_per_year=50, columns=columns
    )
    found = run_factor_test(score, fwd, spec=spec)
    order, ret = np.argsort(score["score"], axis=1), fwd["fwd_1_6"]
    top, bottom = (
        np.take_along_axis(ret, part, axis=1).mean(axis=1)
        for part in (order[:, -10:], order[:, :10])
    )
    excess = top - ret.mean(axis=1)
    months = DAYS.astype("datetime64[M]")
    won = [np.prod(1 + excess[months == m]) > 1 for m in np.unique(months)]
    traded = [
        1 - len(set(a) & set(b)) / 10
        for a, b in zip(order[1:, -10:], order[:-1, -10:], strict=True)
    ]
    expected = {
        "top_win": np.mean(won),
        "top_annualised": np.prod(1 + excess) ** (50 / D) - 1,
        "turnover_one_sided": np.mean(traded),
        "long_short_per_date": np.mean(top - bottom),
    }
    printed = found.more["printed"]
    assert printed.columns == list(columns)
    assert printed.row(0, named=True) == pytest.approx(expected, abs=1e-12)
    # The control: the leading return gives something else.
    other = run_factor_test(score, fwd, spec=spec.model_copy(update={"held": None}))
    assert other.more["printed"]["top_annualised"][0] != pytest.approx(expected["top_annualised"])


def test_coefficients_of_every_second_date() -> None:
    score, fwd = panels()
    spec = FactorTestSpec(n_groups=4, ic_every=2, ic_per_year=52, periods_per_year="calendar")
    found = run_factor_test(score, fwd, spec=spec)
    daily = [spearmanr(score["score"][d], fwd["fwd_1_11"][d])[0] for d in range(0, D, 2)]
    row = found.more["coefficients"].row(0, named=True)
    assert row["mean"] == pytest.approx(np.mean(daily), abs=1e-12)
    ratio = np.mean(daily) / np.std(daily, ddof=1)
    assert row["icir_annualised"] == pytest.approx(ratio * np.sqrt(52), abs=1e-12)
    assert found.summary["dates"] == D / 2
    assert found.periods_per_year == pytest.approx(365.2425 / 7)
    assert found.series["top_excess"].is_not_nan().sum() == D


def test_days_alone_and_cumulated_and_luck(tmp_path: Path) -> None:
    score, fwd = panels()
    plain = run_factor_test(score, fwd, spec=FactorTestSpec(n_groups=4))
    found = with_luck([with_days(plain, 2), plain], elsewhere=98)[0]
    known = dict(found.more["horizons"].select("horizon", "mean").iter_rows())
    days = found.more["by_day"]
    assert days["single"].to_list() == [known["1_2"], known["2_3"]]
    assert days["cumulative"].to_list() == [known["1_2"], known["1_3"]]
    luck = found.more["luck"].row(0, named=True)
    assert luck["tried"] == 100
    assert luck["icir"] == pytest.approx(found.summary["icir"])
    alone = with_luck([plain])[0].more["luck"].row(0, named=True)
    assert (alone["tried"], alone["best_by_luck"]) == (1, 0.0)
    found.save(tmp_path)
    again = FactorReport.load(tmp_path)
    assert list(again.more) == list(found.more)
    for name, frame in found.more.items():
        assert_frame_equal(again.more[name], frame)
    assert with_days(plain, 0) is plain


def test_a_return_that_is_held_must_be_there() -> None:
    score, fwd = panels()
    with pytest.raises(FactorPanelError, match="expected fwd_1_9, too"):
        run_factor_test(score, fwd, spec=FactorTestSpec(held=(1, 9)))


def test_a_million_tries_need_more_than_two() -> None:
    rng = np.random.default_rng(2)
    reports = []
    for at in range(2):
        series = pl.DataFrame({"date": DAYS, "rank_ic": 0.05 + 0.05 * at + rng.random(D) / 9})
        reports.append(FactorReport(str(at), {}, series, series, series, 50.0))
    few, many = (with_luck(reports, n)[1].more["luck"].row(0, named=True) for n in (0, 10**6))
    assert few["best_by_luck"] < many["best_by_luck"]
    assert few["chance_above"] > many["chance_above"]
