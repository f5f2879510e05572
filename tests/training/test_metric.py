"""Metrics of the validation days, by hand; what the best epoch is chosen by."""

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr, spearmanr
from torch import nn

from intralpha.datasets import Fold, Samples
from intralpha.models import GRUSpec, RNNSpec
from intralpha.models.heads import UnitsHeadSpec
from intralpha.training import (
    MetricSpec,
    MseBnSpec,
    NegICSpec,
    TrainSpec,
    UnmeasurableError,
    Validation,
    fit,
    predict,
)
from intralpha.training.losses import MseSpec
from intralpha.training.metrics import (
    ICIRMetricSpec,
    ICMetricSpec,
    LossMetricSpec,
    RankICMetricSpec,
)
from intralpha.training.unit_correlation import unit_correlation
from intralpha.training.validation import validate

from .conftest import make_fold, make_samples

N = 40
SEED = 2


def ordered(swaps: int) -> np.ndarray:
    """0, 1, 2, ... of which the first pairs are swapped: each takes 12 / (N^3 - N) of Spearman."""
    order = np.arange(float(N))
    for at in range(swaps):
        order[2 * at : 2 * at + 2] = order[2 * at : 2 * at + 2][::-1]
    return order


def test_icir_by_hand() -> None:
    """Three days with RankICs 1, 1 - 5 c and 1 - 10 c, c = 12 / (N^3 - N), and one without."""
    score = np.stack([ordered(0), ordered(5), ordered(10), np.full(N, np.nan)])
    found = Validation(score, np.tile(np.arange(float(N)), (4, 1)))
    c = 12 / (N**3 - N)
    mean, std = 1 - 5 * c, 5 * c  # of (1, 1 - 5c, 1 - 10c), with n - 1
    assert RankICMetricSpec().of(found) == pytest.approx(mean, rel=1e-12)
    assert ICIRMetricSpec().of(found) == pytest.approx(mean / std, rel=1e-6)


def test_ic_and_rank_ic_are_scipys() -> None:
    rng = np.random.default_rng(0)
    score, label = rng.standard_normal((2, 5, N)) ** 3
    found = Validation(score, label)
    pairs = list(zip(score, label, strict=True))
    assert ICMetricSpec().of(found) == pytest.approx(np.mean([pearsonr(*p)[0] for p in pairs]))
    assert RankICMetricSpec().of(found) == pytest.approx(np.mean([spearmanr(*p)[0] for p in pairs]))


def test_one_day_has_no_icir() -> None:
    found = Validation(ordered(3)[None], ordered(0)[None])
    assert np.isnan(ICIRMetricSpec().of(found))


def test_the_loss_of_validation_days_is_that_of_the_scores(samples: Samples, fold: Fold) -> None:
    """Days of other sizes count alike; samples without a label count nothing."""
    samples.label.values[43, :30] = np.nan
    model = fit(GRUSpec(hidden=4), MseSpec(), samples, fold, TrainSpec(max_epochs=1), 0).model
    found = validate(model, samples, fold.valid, MseSpec().loss)
    scores = predict(model, samples, fold.valid)["score"].astype(np.float64)
    gap = scores - samples.label.at(fold.valid)["fwd_label"]
    assert found.loss == pytest.approx(np.nanmean(gap**2, axis=1).mean(), rel=1e-5)
    assert np.isnan(validate(model, samples, fold.valid).loss), "it was not asked for"


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("metric", "better"),
    [
        (ICIRMetricSpec(), np.argmax),
        (ICMetricSpec(), np.argmax),
        (LossMetricSpec(), np.argmin),
    ],
)
def test_the_best_epoch_is_that_of_the_metric(metric: MetricSpec, better: type) -> None:
    samples = make_samples(strength=0.0)
    spec = TrainSpec(learning_rate=0.05, max_epochs=12, patience=3, metric=metric)
    done = fit(GRUSpec(hidden=8), MseBnSpec(), samples, make_fold(samples), spec, 1)
    rows = done.history
    figures = rows[f"valid_{metric.kind}"].to_list()
    assert done.best_epoch == int(better(figures)) + 1
    assert len(figures) == min(done.best_epoch + 3, 12)
    assert set(rows["metric"]) == {f"valid_{metric.kind}"}
    assert rows["valid_rank_ic"].is_finite().all(), "RankIC is told in any case"
    again = validate(done.model, samples, make_fold(samples).valid, MseBnSpec().loss)
    assert metric.of(again) == metric.sign * max(metric.sign * f for f in figures)


def test_metrics_choose_differently() -> None:
    """Else the test above would not tell one from another."""
    samples = make_samples(days=30, strength=0.0)
    fold = Fold("f", samples.dates[4:20], samples.dates[21:26], samples.dates[27:])
    spec = TrainSpec(learning_rate=0.05, max_epochs=5, patience=5, metric=LossMetricSpec())
    rows = fit(GRUSpec(hidden=8), MseSpec(), samples, fold, spec, SEED).history
    assert rows["valid_loss"].arg_min() != rows["valid_rank_ic"].arg_max()


def test_an_icir_needs_two_days(samples: Samples) -> None:
    whole = make_fold(samples)
    fold = Fold("f", whole.train, whole.valid[:1], whole.predict)
    spec = TrainSpec(max_epochs=1, metric=ICIRMetricSpec())
    with pytest.raises(UnmeasurableError, match=r"the ICIR .* needs 2 dates .* found 1"):
        fit(GRUSpec(hidden=4), NegICSpec(), samples, fold, spec, 0)


def test_a_loss_needs_no_thirty_stocks() -> None:
    samples = make_samples(assets=12)
    spec = TrainSpec(max_epochs=2, metric=LossMetricSpec())
    done = fit(GRUSpec(hidden=4), NegICSpec(), samples, make_fold(samples), spec, 0)
    assert done.history["valid_loss"].is_finite().all()
    assert done.history["valid_rank_ic"].is_nan().all()


def test_units_by_hand() -> None:
    a = torch.tensor([1.0, -1.0, 1.0, -1.0])
    b = torch.tensor([1.0, 1.0, -1.0, -1.0])
    flat = torch.full((4,), 7.0)
    both = torch.stack([a, b, -(a + b)], dim=1)
    half = 1 / 2**0.5  # of -(a + b) with a and with b, without the sign
    assert unit_correlation(both) == pytest.approx(2 * half / 3)
    assert unit_correlation(torch.stack([a, 3 - 2 * a, flat], dim=1)) == pytest.approx(1.0)
    assert np.isnan(unit_correlation(torch.stack([a, flat], dim=1)))


@pytest.mark.slow
def test_the_history_has_the_correlation_of_units(samples: Samples, fold: Fold) -> None:
    model = RNNSpec(hidden=8, head=UnitsHeadSpec(units=3))
    done = fit(model, NegICSpec(), samples, fold, TrainSpec(max_epochs=1), 0)
    units = predict(done.model, samples, fold.valid).values[:, :, 1:]
    daily = [np.abs(np.corrcoef(day.T)[np.triu_indices(3, 1)]).mean() for day in units]
    assert done.history["unit_correlation"][0] == pytest.approx(np.mean(daily), rel=1e-5)
    plain = fit(RNNSpec(hidden=8), NegICSpec(), samples, fold, TrainSpec(max_epochs=1), 0)
    assert plain.history["unit_correlation"].to_list() == [None]


class Still(nn.Module):
    """Scores that never vary."""

    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.level.expand(len(x))


def test_the_error_of_scores_that_never_vary_names_the_metric(samples: Samples, fold: Fold) -> None:
    spec = TrainSpec(max_epochs=1, metric=ICMetricSpec())
    with pytest.raises(UnmeasurableError, match=r"the IC of none .* equal or no numbers"):
        fit(Still(), MseBnSpec(), samples, fold, spec, 0)
