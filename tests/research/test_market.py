"""A first session from Python: a lake, an expression, its test, a network of one's own."""

import shutil
from collections.abc import Callable
from inspect import unwrap  # past the check of annotations, which users do not have
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

import intralpha as ia
from intralpha.base import ConfigError, IntralphaError, Panel
from intralpha.datasets import CrossSectionSpec, GlobalStandardSpec, RollingSpec
from intralpha.features import LibrarySpec
from intralpha.labels import HorizonError, HorizonReturnSpec
from intralpha.models import GRUSpec, Shapes
from intralpha.research import Market
from intralpha.research.kept import (
    BeforeFirstFoldError,
    NetworkNotNamedError,
    NothingKeptError,
    OtherFeaturesError,
)
from intralpha.research.market import NoNetworkError, UntestableError
from intralpha.training import NetworkOutputError, NoWeightsError, OtherTrainingError, TrainSpec


class Mine(nn.Module):
    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.head = nn.Linear(n_features, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x[:, -1]).squeeze(-1)


@pytest.fixture(scope="module")
def market(long_lake: Path) -> Market:
    return ia.market(long_lake, universe={"min_listed_days": 20, "exclude_st": False}, every=3)


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
        market.fit("gru", features)


@pytest.mark.slow
def test_settings_may_be_written_as_in_a_recipe(market: Market) -> None:
    features = market.factor({"kind": "library", "library": "price_volume", "names": ["ret20"]})
    spec = LibrarySpec(library="price_volume", names=("ret20",))
    np.testing.assert_array_equal(features.values, market.factor(spec).values)
    label = {"kind": "y_ret", "horizon": 3}
    written = market.fit(
        {"kind": "gru", "hidden": 2},
        features,
        window_days=3,
        label=label,
        schedule={"kind": "rolling", "train_days": 60, "valid_days": 12, "step_days": 60},
        transform={"kind": "cross_section", "mads": 3},
        objective={"kind": "neg_ic"},
        training={"max_epochs": 1},
    )
    specs = market.fit(
        GRUSpec(hidden=2),
        features,
        window_days=3,
        label=HorizonReturnSpec(horizon=3),
        schedule=RollingSpec(train_days=60, valid_days=12, step_days=60),
        transform=CrossSectionSpec(mads=3),
        training=TrainSpec(max_epochs=1),
    )
    np.testing.assert_array_equal(written.values, specs.values)
    assert np.isfinite(written.values).any()


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (
            lambda m, f: m.fit(Mine, f, training={"learning_rat": 1}),
            "training.learning_rat: unknown key; did you mean learning_rate?",
        ),
        (
            lambda m, f: m.fit(Mine, f, label={"kind": "y_ret", "horizn": 3}),
            "label.horizn: unknown key; did you mean horizon?",
        ),
        (
            lambda m, f: m.fit(Mine, f, schedule={"kind": "roling"}),
            "schedule: no kind roling; did you mean rolling?",
        ),
        (
            lambda m, f: m.fit({"kind": "gru", "hidden": 0}, f),
            "network.hidden: Input should be greater than 0 (found 0)",
        ),
        (
            lambda m, f: unwrap(Market.fit)(m, Mine, f, training=3),
            "training: found 3; expected a TrainSpec, or a mapping of its keys",
        ),
        (
            lambda m, f: m.factor({"kind": "library", "libary": "minute15"}),
            "factor.libary: unknown key; did you mean library?",
        ),
        (
            lambda m, f: unwrap(Market.factor)(m, ["a", "b"]),
            "found ['a', 'b']; expected an expression, a FeatureSpec or a mapping with its kind",
        ),
        (
            lambda m, f: m.test(f, n_group=5),
            "test.n_group: unknown key; did you mean n_groups?",
        ),
        (
            lambda m, f: ia.market(m.lake.root, universe={"min_listd_days": 3}),
            "universe.min_listd_days: unknown key; did you mean min_listed_days?",
        ),
    ],
)
def test_what_is_misspelt_is_named(
    market: Market, features: Panel, ask: Callable[[Market, Panel], object], says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        ask(market, features)
    text = str(caught.value)
    assert says in text
    assert "pydantic" not in text


# --- several inputs -----------------------------------------------------------------------------


class Spread(nn.Module):
    """The oldest step of one window less the newest of another; it learns a scale alone."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        assert {n: shape.sizes for n, shape in shapes.items()} == {"fast": (4, 1), "slow": (3, 1)}
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, slow: torch.Tensor, fast: torch.Tensor) -> torch.Tensor:
        return self.scale * (slow[:, 0, 0] - fast[:, -1, 0])


ONE_FOLD: dict[str, Any] = {
    "schedule": {"kind": "rolling", "train_days": 60, "valid_days": 12, "step_days": 60},
    "training": {"max_epochs": 1, "learning_rate": 1e-4},
}


def test_each_of_several_inputs_has_its_own_cut(
    market: Market, features: Panel, tmp_path: Path
) -> None:
    inputs = {"fast": features, "slow": {"features": features, "window_days": 3, "every": 5}}
    how: dict[str, Any] = {"window_days": 4, "transform": {"kind": "none"}}
    score = market.fit(Spread, inputs, keep=tmp_path / "spread", **how, **ONE_FOLD)
    raw = np.concatenate([np.full((10, len(market.assets)), np.nan), features["factor"][:-10]])
    raw = (raw - features["factor"])[np.isin(market.dates, score.dates)].astype(float)
    found = score["score"]
    known = np.isfinite(found)
    assert known.sum() > 300
    raw[~known] = np.nan
    z = (raw - np.nanmean(raw, 1, keepdims=True)) / np.nanstd(raw, 1, keepdims=True)
    np.testing.assert_allclose(found[known], z[known], atol=1e-4)
    again = market.predict(tmp_path / "spread", inputs, score.dates[:2], network=Spread)
    np.testing.assert_array_equal(again.values, score.values[:2])
    panels, last = {"slow": features, "fast": features}, market.dates[-1:]
    later = market.predict(tmp_path / "spread", panels, last, network=Spread)
    assert np.isfinite(later.values).sum() > 30
    other = Panel(features.values, features.dates, features.assets, ("other",))
    for change in ({**inputs["slow"], "every": 4}, other):
        with pytest.raises(OtherFeaturesError, match=r"slow: \w+ in .*slow: factor in 1 step"):
            market.predict(tmp_path / "spread", {**inputs, "slow": change}, last, network=Spread)


@pytest.mark.slow
def test_a_network_of_several_inputs_is_written_as_in_a_recipe(
    market: Market, features: Panel
) -> None:
    day = {"kind": "day", "mode": "window"}
    ratio = {"kind": "window_ratio"}
    inputs = {
        "week": {"features": day, "transform": ratio, "window_days": 2, "every": 5},
        "high": features,
    }
    network = {"kind": "multitask_gru", "tasks": ["week", "high"], "hidden": 2}
    objective = {"kind": "multitask"}
    score = market.fit(network, inputs, window_days=3, objective=objective, **ONE_FOLD)
    assert np.isfinite(score.values).sum() > 300
    assert np.nanstd(score.values) > 0.1


BOTH = {"kind": "multitask_gru", "tasks": ["day", "week"]}


@pytest.mark.parametrize(
    ("network", "change", "says"),
    [
        (BOTH, None, "wants inputs day, week; it is given x"),
        (BOTH, {"month": 0}, "wants inputs day, week; it is given day, month"),
        (BOTH, {"week": 2}, "one GRU reads these inputs, and day has 1, week has 2 features"),
        (Mine(1), {"week": 0}, "network Mine wants inputs x; it is given day, week"),
        (Mine, {"week": 0}, "Mine was called with the sizes of the inputs day, week and raised"),
        ({"kind": "gru"}, {"week": 0}, "wants one input, whatever its name; it is given day, week"),
        (Mine, {"Week": 0}, "features.Week"),
        (Mine, {"week": 3}, "features.week: found 3; expected a Panel, or a mapping with features"),
        (Mine, {"week": {"every": 5}}, "features.week: found keys every; expected a Panel"),
        (Mine, {"week": {"features": 0, "windw_days": 5}}, "did you mean window_days?"),
        (Mine, {}, "features: found none"),
    ],
)
def test_inputs_that_do_not_fit_are_told(
    market: Market, features: Panel, network: Any, change: dict[str, Any] | None, says: str
) -> None:
    wide = Panel(features.values.repeat(2, -1), features.dates, features.assets, ("a", "b"))
    panels = {0: features, 2: wide}
    inputs: Any = features
    if change is not None:
        inputs = {k: panels.get(v, v) if isinstance(v, int) else v for k, v in change.items()}
        inputs = {"day": features, **inputs} if change else {}
    objective = {"kind": "multitask"} if network is BOTH else {"kind": "neg_ic"}
    with pytest.raises(ConfigError) as caught:
        market.fit(network, inputs, objective=objective, window_days=4, **ONE_FOLD)
    assert says in str(caught.value)


def test_what_a_transform_looks_up_is_looked_up(market: Market, features: Panel) -> None:
    neutral = {"kind": "neutral"}
    score = market.fit(Mine, features, window_days=1, transform=neutral, **ONE_FOLD)
    assert np.isfinite(score.values).sum() > 300


# --- weights that are kept ----------------------------------------------------------------------

SHORT: dict[str, Any] = {
    "window_days": 4,
    "schedule": RollingSpec(train_days=60, valid_days=12, step_days=30),
    "training": TrainSpec(max_epochs=2, learning_rate=0.01),
    "seeds": (0, 1),
}


@pytest.fixture(scope="module")
def features(market: Market) -> Panel:
    return market.factor("carried / ago(carried, 5) - 1", frame="day")


@pytest.fixture(scope="module")
def kept(market: Market, features: Panel, made_once: Callable[..., Path]) -> Path:
    def make(folder: Path) -> None:
        market.fit(Mine, features, keep=folder / "mine", **SHORT).save(folder / "score")

    return made_once("kept", make)


@pytest.mark.slow
def test_kept_weights_say_again_what_the_fit_said(
    market: Market, features: Panel, kept: Path
) -> None:
    said = Panel.load(kept / "score")
    nothing_kept = market.fit(Mine, features, **SHORT)
    again = market.predict(kept / "mine", features, said.dates, network=Mine)
    np.testing.assert_array_equal(nothing_kept.values, said.values)
    np.testing.assert_array_equal(again.values, said.values)
    np.testing.assert_array_equal(again.dates, said.dates)
    assert np.isfinite(said.values).sum() > 500


def by_hand(market: Market, features: Panel, folder: Path, fold: str, day: np.datetime64):
    """Mean z-score of a linear map of the date's standardised features, over its samples."""
    seen = CrossSectionSpec().apply(features, market.inside["universe"] > 0, {}).at(np.array([day]))
    out = []
    for seed in (0, 1):
        weights = load_file(folder / f"{fold}-seed{seed}" / "weights.safetensors")
        raw = seen["factor"][0].astype(float) * weights["head.weight"][0, 0]
        raw += weights["head.bias"][0]
        out.append(raw)
    return np.array(out)


@pytest.mark.slow
def test_a_date_is_scored_by_the_newest_fold_trained_before_it(
    market: Market, features: Panel, kept: Path
) -> None:
    folds = sorted({p.name[:10] for p in (kept / "mine").iterdir() if p.is_dir()})
    assert len(folds) > 1
    second = int(np.searchsorted(market.dates, np.datetime64(folds[1])))
    days = market.dates[[second - 1, second, second + 1]]
    assert not set(days) <= set(market.samples)
    score = market.predict(kept / "mine", features, days[::-1], network=Mine)
    np.testing.assert_array_equal(score.dates, days)
    for day, fold in zip(days, (folds[0], folds[1], folds[1]), strict=True):
        found = score.at(np.array([day]))["score"][0]
        known = np.isfinite(found)
        assert known.sum() > 30
        raw = by_hand(market, features, kept / "mine", fold, day)[:, known]
        z = (raw - raw.mean(axis=1, keepdims=True)) / raw.std(axis=1, keepdims=True)
        np.testing.assert_allclose(found[known], z.mean(axis=0), atol=1e-4)


@pytest.mark.slow
def test_a_spec_is_kept_with_its_weights_and_a_fitted_transform_too(
    market: Market, features: Panel, tmp_path: Path
) -> None:
    short = SHORT | {"seeds": (0,), "transform": GlobalStandardSpec()}
    said = market.fit(GRUSpec(hidden=2), features, keep=str(tmp_path / "gru"), **short)
    again = market.predict(str(tmp_path / "gru"), features, said.dates)
    np.testing.assert_array_equal(again.values, said.values)
    assert np.nanstd(said.values) > 0.5


@pytest.mark.slow
def test_a_fit_that_was_cut_off_goes_on(
    market: Market, features: Panel, kept: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(kept / "mine", folder)
    *done, lost = sorted(p for p in folder.iterdir() if p.is_dir())
    shutil.rmtree(lost)
    said = Panel.load(kept / "score")
    with pytest.raises(NoWeightsError, match=lost.name):
        market.predict(folder, features, said.dates, network=Mine)
    before = [(p / "weights.safetensors").stat().st_mtime_ns for p in done]
    again = market.fit(Mine, features, keep=folder, **SHORT)
    np.testing.assert_array_equal(again.values, said.values)
    assert before == [(p / "weights.safetensors").stat().st_mtime_ns for p in done]


def test_a_folder_keeps_one_fit(market: Market, features: Panel, kept: Path) -> None:
    shuffled = Panel(features.values[:, ::-1], features.dates, features.assets, features.names)
    for panel, change, why in (
        (shuffled, {}, "not the same data"),
        (features, {"window_days": 5}, "window_days"),
        (features, {"seeds": (0,)}, "seeds"),
        (features, {"training": TrainSpec(max_epochs=3)}, "training"),
    ):
        with pytest.raises(OtherTrainingError, match=why):
            market.fit(Mine, panel, keep=kept / "mine", **(SHORT | change))


def test_what_kept_weights_cannot_score(
    market: Market, features: Panel, kept: Path, tmp_path: Path
) -> None:
    days = Panel.load(kept / "score").dates
    other = market.factor("carried", name="other", frame="day")
    cases: list[tuple[type[IntralphaError], str, Callable[[], Panel]]] = [
        (NothingKeptError, "fit.json", lambda: market.predict(tmp_path, features, days)),
        (NetworkNotNamedError, "network=", lambda: market.predict(kept / "mine", features, days)),
        (
            OtherFeaturesError,
            "features have other in 1 step.*know factor in 1 step",
            lambda: market.predict(kept / "mine", other, days, network=Mine),
        ),
        (
            BeforeFirstFoldError,
            f"trained before {market.dates[50]}; the first predicts from {days[0]}",
            lambda: market.predict(kept / "mine", features, market.dates[50:], network=Mine),
        ),
    ]
    for error, why, ask in cases:
        with pytest.raises(error, match=why):
            ask()


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


def test_a_small_market_says_that_its_dates_count_in_no_rank_ic(market: Market) -> None:
    close = market.factor("carried", frame="day")
    ten = Panel(close.values[:, :10], close.dates, close.assets[:10], close.names)
    report = market.test(ten, n_groups=5)
    assert report.summary["dates"] == 0
    said = f"{report.series.height} of them have fewer than 30 stocks with a score and a return"
    assert report.series.height > 20
    assert said in report.to_text()


@pytest.mark.slow
def test_a_network_that_speaks_within_the_day(market: Market, tmp_path: Path) -> None:
    """Other bars after its own change no bit of a score, and no label begins before they end."""
    bars = {"kind": "library", "library": "bar64_30", "rows": 30, "parameters": {"least": 1}}
    panel = market.factor(bars | {"names": ["bar_ret", "bar_range"]})
    settings: dict[str, Any] = {
        "window_days": 3,
        "schedule": RollingSpec(train_days=60, valid_days=12, step_days=200),
        "training": TrainSpec(max_epochs=1),
    }
    seen = {"features": panel, "until": 2}
    label = {"kind": "y_bars", "after": [2], "horizon": 4}
    about = (Mine, {"x": seen})
    score = market.fit(*about, label=label, keep=tmp_path / "kept", **settings)
    day = score.dates[-5:-4]
    at = int(np.searchsorted(market.dates, day[0]))
    assert np.isfinite(score.at(day).values).sum() > 20
    other = Panel(panel.values.copy(), panel.dates, panel.assets, panel.names, panel.times)
    other.values[at, 2:] *= -3
    other.values[at + 1 :] = 7
    again = market.predict(tmp_path / "kept", other, day, network=Mine)
    np.testing.assert_array_equal(again.values, score.at(day).values)
    other.values[at, 1] *= -3
    again = market.predict(tmp_path / "kept", other, day, network=Mine)
    assert (again.values != score.at(day).values).mean() > 0.3
    for early in ({**label, "after": [1]}, {"kind": "y_bars", "after": [1, 8]}):
        with pytest.raises(ConfigError, match=r"begin at 10:00 of the date, which .* until 10:30"):
            market.fit(*about, label=early, **settings)
    with pytest.raises(ConfigError, match=r"features\.x\.transform: reads rows .* at its close"):
        market.fit(Mine, {"x": seen | {"transform": {"kind": "neutral"}}}, label=label, **settings)
    with pytest.raises(ConfigError, match="until: found 9; expected at most 8"):
        market.fit(Mine, {"x": seen | {"until": 9}}, label=label, **settings)
