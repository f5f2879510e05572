"""A first session from Python: a lake, an expression, its test, a network of one's own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

import intralpha as ia
from intralpha.base import Panel
from intralpha.datasets import RollingSpec
from intralpha.labels import HorizonError
from intralpha.research import Market
from intralpha.research.market import NoNetworkError, UntestableError
from intralpha.sources import SimulatedSpec, ingest
from intralpha.training import NetworkOutputError, TrainSpec


class Mine(nn.Module):
    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.head = nn.Linear(n_features, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x[:, -1]).squeeze(-1)


@pytest.fixture(scope="module")
def market(made_once: Callable[..., Path]) -> Market:
    def make(folder: Path) -> None:
        spec = SimulatedSpec(
            seed=3,
            n_assets=60,
            start="2023-01-03",
            end="2023-09-28",
            freq=30,  # type: ignore[arg-type]
        )
        ingest([spec], ia.Lake(str(folder / "lake"), create=True), show_progress=False)

    lake = made_once("research", make) / "lake"
    return ia.market(lake, universe={"min_listed_days": 20, "exclude_st": False}, every=3)


def test_an_expression_becomes_a_panel_and_a_test(market: Market) -> None:
    late = market.factor("sum(amount[clock('14:30', '15:00')]) / day_amount")
    assert late.values.shape == (len(market.dates), len(market.assets), 1)
    known = late.values[np.isfinite(late.values)]
    assert ((known >= 0) & (known <= 1)).all()
    report = market.test(late, n_groups=5, top_share=0.2)
    assert report.summary["dates"] > 40
    assert abs(report.summary["rank_ic"]) < 0.2
    assert "<svg" in report._repr_html_()
    assert "sessions" in repr(market)


def test_what_is_known_at_the_close_is_all_that_is_read(market: Market) -> None:
    day = market.factor("carried / ago(carried, 5) - 1", frame="day")
    close = market.factor("carried", frame="day")["factor"]
    np.testing.assert_allclose(day["factor"][30], close[30] / close[25] - 1, atol=1e-6)


def test_a_network_of_ones_own_is_trained_out_of_sample(market: Market) -> None:
    features = market.factor("carried / ago(carried, 5) - 1", frame="day")
    score = market.fit(
        Mine,
        features,
        window_days=4,
        schedule=RollingSpec(train_days=60, valid_days=12, step_days=30),
        training=TrainSpec(max_epochs=2, learning_rate=0.01),
        seeds=(0,),
    )
    assert score.names == ("score",)
    assert set(score.dates) <= set(market.samples)
    assert np.isfinite(score.values).any(axis=(1, 2)).all()
    # On the dates it predicts, a linear map of one feature orders stocks as the feature does, or
    # the other way round.
    value = features.at(score.dates)["factor"]
    for day in range(len(score.dates)):
        both = np.isfinite(score["score"][day]) & np.isfinite(value[day])
        if both.sum() > 20:
            order = np.corrcoef(
                score["score"][day][both].argsort().argsort(), value[day][both].argsort().argsort()
            )
            assert abs(order[0, 1]) > 0.8
    assert market.test(score, n_groups=5).summary["dates"] >= 20


def test_scores_from_elsewhere_are_tested_the_same_way(market: Market, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"date": day.item(), "symbol": str(s), "score": float(rng.normal())}
        for day in market.samples[20:60]
        for s in market.assets[::-1]
    ]
    pl.DataFrame(rows).write_csv(tmp_path / "scores.csv")
    score = market.factor(tmp_path / "scores.csv")
    assert isinstance(score, Panel)
    direct = Panel.from_polars(pl.DataFrame(rows), ("score",))
    ours = market.test(score, n_groups=5)
    assert ours.summary == market.test(direct, n_groups=5).summary
    assert abs(ours.summary["rank_ic"]) < 0.1


def test_what_is_no_network_is_refused(market: Market) -> None:
    features = market.factor("carried", frame="day")
    with pytest.raises(NoNetworkError, match="found 'gru'"):
        market.fit("gru", features)  # type: ignore[arg-type]


@pytest.mark.parametrize("horizon", [(-1, 3), (6, 1), (1, 1)])
def test_a_horizon_that_looks_back_is_refused(market: Market, horizon: tuple[int, int]) -> None:
    close = market.factor("carried", frame="day")
    with pytest.raises(HorizonError, match=r"expected 0 <= first < last"):
        market.test(close, [horizon], n_groups=5)


def test_a_horizon_beyond_the_lake_and_a_score_of_nothing_say_so(market: Market) -> None:
    close = market.factor("carried", frame="day")
    with pytest.raises(UntestableError, match=r"horizon \(1, 400\) finished by 2023-09-28"):
        market.test(close, [(1, 400)], n_groups=5)
    with pytest.raises(UntestableError, match="0 sessions have a score"):
        market.test(Panel.full(close.dates, close.assets, ("x",)), n_groups=5)


class Column(Mine):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x[:, -1])


def test_a_network_that_gives_a_column_is_told_what_is_expected(market: Market) -> None:
    features = market.factor("carried / ago(carried, 5) - 1", frame="day")
    with pytest.raises(NetworkOutputError, match=r"(?s)Column, .*, 1\); expected .*squeeze\(-1\)"):
        market.fit(
            Column,
            features,
            window_days=4,
            schedule=RollingSpec(train_days=60, valid_days=12, step_days=30),
        )
