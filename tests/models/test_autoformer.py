"""autoformer: its contract, and equality with direct sums over lags [Spec 12.15]."""

import math

import numpy as np
import pytest
import torch

from intralpha.models import AutoformerSpec, WindowShape
from intralpha.models.autoformer import AutoCorrelation, Seasonal

from .contract import Case, Contract
from .equations import Weights, line, shaken, softmax, weights_of, with_dropout_times

SMALL = AutoformerSpec(width=8, layers=2, inner=12, average=5)


class TestAutoformer(Contract):
    cases = (
        Case("autoformer", SMALL),
        Case(
            "autoformer-sample",
            SMALL.model_copy(update={"lags": "sample", "layers": 1, "trend": "kept"}),
        ),
    )


def likeness(x: np.ndarray, weights: Weights) -> np.ndarray:
    """R(l) = mean over channels of sum_t q_t k_(t-l), by the direct sum over T^2 pairs."""
    query, key, _ = np.split(line(x, weights, "project"), 3, axis=1)
    length, width = query.shape
    found = np.zeros(length)
    for lag in range(length):
        for t in range(length):
            found[lag] += query[t] @ key[(t - lag) % length] / width
    return found


def looked_up(x: np.ndarray, weights: Weights, lags: np.ndarray) -> np.ndarray:
    """sum_l w_l roll(V, -l), w = softmax(R) over the lags, projected."""
    value = np.split(line(x, weights, "project"), 3, axis=1)[2]
    shares = softmax(likeness(x, weights)[lags])
    found = sum(w * np.roll(value, -lag, axis=0) for w, lag in zip(shares, lags, strict=True))
    return line(found, weights, "out")


def less_average(x: np.ndarray, average: int) -> np.ndarray:
    """x less the mean of the steps around each, the ends repeated [Wu et al. 2021, 3.1]."""
    half = average // 2
    padded = np.concatenate([x[:1]] * half + [x] + [x[-1:]] * half)
    return x - np.stack([padded[t : t + average].mean(0) for t in range(len(x))])


@pytest.mark.parametrize("length", [12, 15])
def test_each_sample_looks_at_its_own_lags(length: int) -> None:
    torch.manual_seed(0)
    layer = shaken(AutoCorrelation(6, 3, "batch"))
    weights, x = weights_of(layer), torch.randn(4, length, 6, dtype=torch.float64)
    found = layer(x).detach().numpy()
    chosen = set()
    for b, window in enumerate(x.numpy()):
        lags = np.argsort(likeness(window, weights))[::-1][:3]
        chosen.add(frozenset(lags))
        np.testing.assert_allclose(found[b], looked_up(window, weights, lags), atol=1e-12)
    assert len(chosen) > 1


def test_in_training_the_mean_of_the_batch_chooses_unless_it_is_told_otherwise() -> None:
    torch.manual_seed(0)
    together, alone = AutoCorrelation(6, 3, "batch"), AutoCorrelation(6, 3, "sample")
    weights = weights_of(shaken(together))
    alone.double().load_state_dict(together.state_dict())
    x = torch.randn(4, 12, 6, dtype=torch.float64)
    mean = np.mean([likeness(window, weights) for window in x.numpy()], axis=0)
    lags = np.argsort(mean)[::-1][:3]
    expected = np.stack([looked_up(window, weights, lags) for window in x.numpy()])
    found = together.train()(x).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-12)
    torch.testing.assert_close(alone.train()(x), together.eval()(x))
    assert not np.allclose(found, together(x).detach().numpy())


def test_a_series_that_repeats_is_found_at_its_period() -> None:
    """With queries and keys of the series itself, and k = 1."""
    layer = AutoCorrelation(2, 1, "sample").eval()
    with torch.no_grad():
        layer.project.weight.copy_(torch.eye(2).repeat(3, 1))
        likeness_ = torch.zeros(1, 12)
        likeness_[0, [3, 6]] = torch.tensor([1.0, 2.0])
    assert layer.weights(likeness_).tolist() == [[0.0] * 6 + [1.0] + [0.0] * 5]


@pytest.mark.parametrize(("length", "average"), [(30, 25), (6, 9), (4, 1)])
def test_a_seasonal_part_is_what_a_moving_average_leaves(length: int, average: int) -> None:
    x = torch.randn(2, length, 3)
    found = Seasonal(length, average)(x).numpy()
    for b, window in enumerate(x.numpy().astype(float)):
        np.testing.assert_allclose(found[b], less_average(window, average), atol=1e-6)


@pytest.mark.parametrize(("trend", "times"), [("dropped", 1), ("kept", 1), ("kept", 2)])
def test_states_equal_the_equations(trend: str, times: float) -> None:
    """Where dropout is, numbers are multiplied."""
    spec = AutoformerSpec(width=6, layers=2, inner=7, average=5, trend=trend)
    encoder = with_dropout_times(shaken(spec.encoder(WindowShape(12, 3))), times)
    weights, x = weights_of(encoder), torch.randn(3, 12, 3, dtype=torch.float64)
    found = encoder(x).detach().numpy()
    gelu = np.vectorize(lambda v: v * (1 + math.erf(v / math.sqrt(2))) / 2)
    for b, window in enumerate(x.numpy()):
        y, lost = times * line(window, weights, "embedding"), np.zeros(6)
        for at in range(2):
            if at:
                lost += (y - less_average(y, 5)).mean(0)
                y = less_average(y, 5)
            start = f"correlations.{at}."
            own = {n.removeprefix(start): w for n, w in weights.items() if n.startswith(start)}
            lags = np.argsort(likeness(y, own))[::-1][: spec.lags_of(12)]
            y = y + times * looked_up(y, own, lags)
            lost += (y - less_average(y, 5)).mean(0)
            y = less_average(y, 5)
            inner = gelu(line(y, weights, f"feeds.{at}.0"))
            y = y + times * line(inner, weights, f"feeds.{at}.2")
        expected = np.r_[y.mean(0), lost] if trend == "kept" else y.mean(0)
        np.testing.assert_allclose(found[b], expected, atol=1e-6)


def test_as_many_lags_as_the_logarithm_of_the_length() -> None:
    lags = [AutoformerSpec(factor=c).lags_of(n) for c, n in ((1, 480), (3, 40), (1, 1), (9, 3))]
    assert lags == [6, 11, 1, 3]


def test_a_kept_trend_knows_the_level_of_the_window() -> None:
    """Which what is left of a trend does not: all it sees of a level is 0."""
    for trend, knows in (("dropped", False), ("kept", True)):
        torch.manual_seed(0)
        spec = SMALL.model_copy(update={"trend": trend})
        encoder = spec.encoder(WindowShape(12, 6)).eval()
        x = torch.randn(3, 12, 6)
        changed = not torch.allclose(encoder(x), encoder(x + 1), atol=1e-5)
        assert changed is knows


def test_half_precision_is_near() -> None:
    torch.manual_seed(0)
    encoder = SMALL.encoder(WindowShape(12, 3)).eval()
    x = torch.randn(4, 12, 3)
    with torch.autocast("cpu", torch.bfloat16):
        found = encoder(x)
    torch.testing.assert_close(found.float(), encoder(x), rtol=0.05, atol=0.05)


def test_an_average_without_a_middle_is_refused() -> None:
    with pytest.raises(ValueError, match="found 24 steps; expected an odd number"):
        AutoformerSpec(average=24)
