"""The fit loop: golden losses, learning, early stopping, exact resumption, determinism."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from intralpha.datasets import Fold, Samples
from intralpha.models import GRUSpec, RNNSpec
from intralpha.training import (
    DamagedCheckpointError,
    MseBnSpec,
    NegICSpec,
    NetworkOutputError,
    NothingToLearnError,
    OtherTrainingError,
    TrainingDivergedError,
    TrainSpec,
    UnmeasurableError,
    fit,
    predict,
)

from .conftest import make_fold, make_samples

SPEC = TrainSpec(learning_rate=0.01, max_epochs=3, patience=3)
MODEL = GRUSpec(hidden=8)
ONE = TrainSpec(max_epochs=1)


def plain_losses(samples: Samples, fold: Fold, epochs: int) -> list[float]:
    """The same training written as one plain loop on torch alone, without the project's code."""
    torch.manual_seed(3)
    rnn = nn.GRU(3, 8, 1, batch_first=True)
    norm, head = nn.BatchNorm1d(8), nn.Linear(8, 1)
    parameters = [*rnn.parameters(), *norm.parameters(), *head.parameters()]
    adam = torch.optim.Adam(parameters, lr=0.01)
    x_all = torch.from_numpy(samples.windows["x"].panel.values)
    y_all = torch.from_numpy(samples.label.values[:, :, 0])
    place = {d: i for i, d in enumerate(samples.dates)}
    out = []
    for epoch in range(1, epochs + 1):
        order = np.random.default_rng([3, epoch]).permutation(fold.train)
        losses = []
        for day in order:
            t = place[day]
            x, y = x_all[t - 4 : t + 1].transpose(0, 1), y_all[t]
            s = torch.sigmoid(head(norm(rnn(x)[1][-1])))[:, 0]
            s, y = s - s.mean(), y - y.mean()
            loss = -(s * y).mean() / (s.square().mean().sqrt() * y.square().mean().sqrt())
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_value_(parameters, 3.0)
            adam.step()
            losses.append(loss.item())
        out.append(float(np.mean(losses)))
    return out


@pytest.mark.slow
def test_without_a_folder_nothing_is_kept(samples: Samples, fold: Fold, folder: Path) -> None:
    done = fit(MODEL, NegICSpec(), samples, fold, ONE, 3)
    kept = fit(MODEL, NegICSpec(), samples, fold, ONE, 3, folder)
    assert done.history["train_loss"].to_list() == kept.history["train_loss"].to_list()


def test_losses_equal_a_plain_loop(samples: Samples, fold: Fold, folder: Path) -> None:
    twice = TrainSpec(learning_rate=0.01, max_epochs=2, patience=2)
    done = fit(MODEL, NegICSpec(), samples, fold, twice, 3, folder)
    np.testing.assert_allclose(
        done.history["train_loss"], plain_losses(samples, fold, 2), atol=1e-5
    )


@pytest.mark.parametrize("batch", ["day", pytest.param("pooled", marks=pytest.mark.slow)])
def test_a_planted_signal_is_learned_and_noise_is_not(batch: str, tmp_path: Path) -> None:
    spec = TrainSpec(learning_rate=0.01, max_epochs=6, patience=6, batch=batch, batch_size=200)
    found = []
    for strength in (0.7, 0.0):
        samples = make_samples(strength=strength)
        fold = make_fold(samples)
        done = fit(MODEL, NegICSpec(), samples, fold, spec, 0, tmp_path / str(strength))
        scores = predict(done.model, samples, fold.predict)["score"]
        labels = samples.label.at(fold.predict)["fwd_label"]
        found.append(
            np.mean([np.corrcoef(s, y)[0, 1] for s, y in zip(scores, labels, strict=True)])
        )
    assert found[0] > 0.5
    assert abs(found[1]) < 0.15


def test_the_best_epoch_is_kept_and_patience_ends_the_training(folder: Path) -> None:
    samples = make_samples(strength=0.0)
    fold = make_fold(samples)
    spec = TrainSpec(learning_rate=0.05, max_epochs=30, patience=3)
    done = fit(MODEL, NegICSpec(), samples, fold, spec, 1, folder)
    scores = done.history["valid_rank_ic"].to_list()
    assert done.best_epoch == int(np.argmax(scores)) + 1
    assert len(scores) == done.best_epoch + 3
    assert len(scores) < 30


class Killed(Exception):
    pass


@pytest.mark.one_in(2)
@pytest.mark.parametrize("model", [MODEL, RNNSpec(hidden=8, dropout=0.5)])
def test_a_killed_training_continues_bit_for_bit(
    samples: Samples, fold: Fold, tmp_path: Path, model: GRUSpec | RNNSpec
) -> None:
    whole = fit(model, NegICSpec(), samples, fold, SPEC, 0, tmp_path / "whole")

    def kill(row: dict) -> None:
        if row["epoch"] == 2:
            raise Killed

    with pytest.raises(Killed):
        fit(model, NegICSpec(), samples, fold, SPEC, 0, tmp_path / "killed", kill)
    seen: list[int] = []
    resumed = fit(
        model,
        NegICSpec(),
        samples,
        fold,
        SPEC,
        0,
        tmp_path / "killed",
        lambda row: seen.append(row["epoch"]),
    )
    assert seen == [3], "epochs 1 and 2 were not trained again"
    for column in ("train_loss", "valid_rank_ic"):
        assert resumed.history[column].to_list() == whole.history[column].to_list()
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_same_seed_same_weights_other_seed_other_weights(
    samples: Samples, fold: Fold, tmp_path: Path
) -> None:
    runs = [
        fit(MODEL, NegICSpec(), samples, fold, ONE, seed, tmp_path / name)
        for seed, name in ((5, "a"), (5, "b"), (6, "c"))
    ]
    a, b, c = (run.model.head.layers.line.weight for run in runs)
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_labels_of_predicted_days_are_never_read(
    samples: Samples, fold: Fold, tmp_path: Path
) -> None:
    before = fit(MODEL, NegICSpec(), samples, fold, ONE, 0, tmp_path / "a")
    expected = predict(before.model, samples, fold.predict).values
    samples.label.values[50:] = np.nan
    after = fit(MODEL, NegICSpec(), samples, fold, ONE, 0, tmp_path / "b")
    np.testing.assert_array_equal(predict(after.model, samples, fold.predict).values, expected)


def test_infinite_features_end_in_an_error_that_says_where(fold: Fold, folder: Path) -> None:
    samples = make_samples()
    samples.windows["x"].panel.values[20] = np.inf
    with pytest.raises(TrainingDivergedError, match="the loss became nan in epoch 1"):
        fit(MODEL, NegICSpec(), samples, fold, SPEC, 0, folder)


CHANGES = {
    "model": {"model": GRUSpec(hidden=9)},
    "objective": {"objective": MseBnSpec()},
    "training": {"spec": TrainSpec(max_epochs=1, learning_rate=0.5)},
    "fold": {"fold": lambda f: Fold(f.name, f.train[1:], f.valid, f.predict)},
    "seed": {"seed": 4},
    "data": {"samples": make_samples(seed=1)},
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("changed", CHANGES)
def test_the_checkpoint_of_another_training_is_refused(
    samples: Samples, fold: Fold, folder: Path, changed: str
) -> None:
    asked = {"model": MODEL, "objective": NegICSpec(), "samples": samples, "fold": fold,
             "spec": ONE, "seed": 3, "checkpoint": folder}  # fmt: skip
    fit(**asked)
    change = {k: v(fold) if callable(v) else v for k, v in CHANGES[changed].items()}
    with pytest.raises(OtherTrainingError, match=f"not the same .*{changed}") as caught:
        fit(**(asked | change))
    assert changed in caught.value.differ
    assert fit(**asked).history.height == 1, "its own training goes on"


def test_a_label_that_changed_is_another_training(
    samples: Samples, fold: Fold, folder: Path
) -> None:
    fit(MODEL, NegICSpec(), samples, fold, ONE, 0, folder)
    samples.label.values[20] *= -1
    with pytest.raises(OtherTrainingError, match="not the same data"):
        fit(MODEL, NegICSpec(), samples, fold, ONE, 0, folder)


def test_a_damaged_checkpoint_says_so(samples: Samples, fold: Fold, folder: Path) -> None:
    fit(MODEL, NegICSpec(), samples, fold, ONE, 0, folder)
    for path, cut in ((next(folder.glob("state-*")), 80), (folder / "facts.json", 20)):
        path.write_bytes(path.read_bytes()[:cut])
        with pytest.raises(DamagedCheckpointError, match="remove the folder"):
            fit(MODEL, NegICSpec(), samples, fold, ONE, 0, folder)


def test_a_bit_of_a_checkpoint_that_changed_is_no_number_to_go_on_from(
    samples: Samples, fold: Fold, folder: Path
) -> None:
    fit(MODEL, NegICSpec(), samples, fold, ONE, 0, folder)
    state = next(folder.glob("state-*"))
    content = bytearray(state.read_bytes())
    content[-3] ^= 1
    state.write_bytes(content)
    with pytest.raises(DamagedCheckpointError, match="its bytes differ from their checksum"):
        fit(MODEL, NegICSpec(), samples, fold, ONE, 0, folder)


def test_too_few_names_to_validate_is_an_error_before_training(folder: Path) -> None:
    samples = make_samples(assets=24)
    with pytest.raises(UnmeasurableError, match=r"at most 24 samples .* at most 24 of them") as e:
        fit(MODEL, NegICSpec(), samples, make_fold(samples), ONE, 0, folder)
    assert "needs 30 stocks" in str(e.value)
    assert not folder.exists()


def test_labels_that_are_no_numbers_are_an_error(
    samples: Samples, fold: Fold, folder: Path
) -> None:
    label = samples.label.values
    label[42:50, :51] = np.nan
    with pytest.raises(UnmeasurableError, match=r"at most 80 samples .* at most 29 of them"):
        fit(MODEL, NegICSpec(), samples, fold, ONE, 0, folder)
    label[42:50] = 1.0
    with pytest.raises(UnmeasurableError, match="all labels of a date are equal"):
        fit(MODEL, NegICSpec(), samples, fold, ONE, 0, folder)
    label[:] = np.nan
    with pytest.raises(NothingToLearnError, match="none of 36 training dates"):
        fit(MODEL, NegICSpec(), samples, fold, ONE, 0, folder)


class Constant(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.level.expand(len(x))


def test_a_network_whose_scores_never_vary_is_an_error(
    samples: Samples, fold: Fold, folder: Path
) -> None:
    with pytest.raises(UnmeasurableError, match="equal or no numbers in every epoch"):
        fit(Constant(), MseBnSpec(), samples, fold, TrainSpec(max_epochs=2), 0, folder)


class Wrong(nn.Module):
    """Gives something else than a score a stock."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how, self.head = how, nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> object:
        sequence = self.head(x)[..., 0]
        found = {"column": sequence[:, -1:], "sequence": sequence, "scalar": sequence.mean()}
        return found.get(self.how, (sequence[:, -1],))


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ("column", r"shape \(\d+, 1\)"),
        ("sequence", r"shape \(\d+, 5\)"),
        ("scalar", r"shape \(\)"),
        ("tuple", "<class 'tuple'>"),
    ],
)
def test_scores_are_one_a_stock(samples: Samples, fold: Fold, how: str, found: str) -> None:
    for work in (
        lambda: fit(Wrong(how), NegICSpec(), samples, fold, ONE, seed=0),
        lambda: predict(Wrong(how), samples, fold.predict),
    ):
        with pytest.raises(NetworkOutputError, match=f"returned {found}; expected a tensor") as one:
            work()
        assert one.value.expected.startswith("a tensor of shape")
