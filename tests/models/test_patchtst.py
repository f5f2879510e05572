"""patchtst: its contract and its equations [Nie et al. 2023]."""

import numpy as np
import pytest
import torch

from intralpha.models import PatchTSTSpec, WindowShape

from .contract import Case, Contract
from .equations import encoder_layer, line, part, shaken, weights_of, with_dropout_times

SMALL = PatchTSTSpec(patch=4, stride=3, width=8, heads=2, layers=2, inner=12)


class TestPatchTST(Contract):
    cases = (
        Case("patchtst", SMALL),
        Case("patchtst-last", SMALL.model_copy(update={"pool": "last"}), {"x": WindowShape(9, 4)}),
    )


@pytest.mark.parametrize(("pool", "times"), [("mean", 1), ("last", 1), ("mean", 2)])
def test_scores_equal_the_equations(pool: str, times: float) -> None:
    """Nine steps and patches of four, three apart: one step is missing at the front.

    Where dropout is, numbers are multiplied.
    """
    torch.manual_seed(0)
    spec = SMALL.model_copy(update={"pool": pool})
    network = with_dropout_times(shaken(spec.make({"x": WindowShape(9, 3)})), times)
    weights = weights_of(network)
    own = part(weights, "encoder.tokens")
    x = torch.randn(2, 9, 3, dtype=torch.float64)
    expected = []
    for window in x.numpy():
        longer = np.concatenate([window[:1], window])
        state = []
        for series in longer.T:
            patches = np.stack([series[0:4], series[3:7], series[6:10]])
            y = times * (line(patches, own, "embedding") + own["positions.table"])
            for layer in range(2):
                y = encoder_layer(y, part(own, f"layers.{layer}"), 2, times)
            token = y.mean(0) if pool == "mean" else y[-1]
            state.append(line(token, weights, "encoder.line")[0])
        expected.append(line(np.array(state), weights, "head.layers.line")[0])
    np.testing.assert_allclose(network(x).score.detach().numpy(), expected, atol=1e-12)


def test_a_variable_is_told_by_its_own_series() -> None:
    torch.manual_seed(0)
    encoder = SMALL.encoder(WindowShape(12, 6)).eval()
    x = torch.randn(3, 12, 6)
    other = x.clone()
    other[:, :, 0] += 1
    before, after = encoder(x), encoder(other)
    torch.testing.assert_close(after[:, 1:], before[:, 1:])
    assert not torch.isclose(after[:, 0], before[:, 0], atol=1e-4).any()


@pytest.mark.parametrize(
    ("length", "patch", "stride", "missing", "patches"),
    [(40, 5, 5, 0, 8), (480, 24, 24, 0, 20), (12, 16, 8, 4, 1), (12, 5, 4, 1, 3), (13, 5, 4, 0, 3)],
)
def test_patches_cover_the_window_to_its_end(
    length: int, patch: int, stride: int, missing: int, patches: int
) -> None:
    tokens = SMALL.model_copy(update={"patch": patch, "stride": stride}).tokens(
        WindowShape(length, 2)
    )
    x = torch.arange(2.0 * length).reshape(1, length, 2)
    cut = tokens.cut(x)
    assert tokens.missing == missing
    assert tuple(cut.shape) == (1, 2, patches, patch)
    assert cut[0, :, -1, -1].tolist() == x[0, -1].tolist()
    assert cut[0, :, 0, 0].tolist() == x[0, 0].tolist()
