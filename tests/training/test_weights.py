"""Weights that are kept: equal when read back, refused when they are another's."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from intralpha.models import GRUSpec, RNNSpec, WindowShape
from intralpha.training import (
    NoWeightsError,
    OtherNetworkError,
    load_fitted,
    load_network,
    save_fitted,
    save_network,
)

SHAPES = {"x": WindowShape(7, 4)}


@pytest.mark.parametrize("spec", [GRUSpec(hidden=5, layers=2), RNNSpec(hidden=6)], ids=repr)
def test_a_network_read_back_predicts_the_same(spec: GRUSpec | RNNSpec, tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = spec.make(SHAPES)
    x = torch.randn(20, 7, 4)
    network(x)  # moves the running statistics of a batch norm
    save_network(tmp_path, spec, SHAPES, network)
    expected = network.eval()(x).score
    assert torch.equal(load_network(tmp_path, spec)(x).score, expected)
    assert torch.equal(load_network(tmp_path, spec.make(SHAPES))(x).score, expected)


def test_another_network_is_refused(tmp_path: Path) -> None:
    save_network(tmp_path, GRUSpec(hidden=5), SHAPES, GRUSpec(hidden=5).make(SHAPES))
    narrow = GRUSpec(hidden=5).make({"x": WindowShape(7, 3)})
    for other in (GRUSpec(hidden=6), RNNSpec(hidden=5), narrow):
        with pytest.raises(OtherNetworkError, match="holds the weights of"):
            load_network(tmp_path, other)


def test_a_module_of_ones_own_needs_no_spec(tmp_path: Path) -> None:
    module = nn.Linear(2, 1)
    save_network(tmp_path, None, SHAPES, module)
    fresh = nn.Linear(2, 1)
    start = fresh.weight.clone()
    assert torch.equal(load_network(tmp_path, fresh).weight, module.weight)
    assert torch.equal(fresh.weight, start), "the module that was given is left as it is"


def test_tied_weights_are_kept(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    module[1].weight = module[0].weight
    save_network(tmp_path, None, SHAPES, module)
    read = load_network(tmp_path, module)
    assert torch.equal(read[1].weight, module[0].weight)


def test_weights_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    with pytest.raises(NoWeightsError, match=r"network\.json"):
        load_network(tmp_path, GRUSpec())
    save_network(tmp_path, GRUSpec(), SHAPES, GRUSpec().make(SHAPES))
    whole = (tmp_path / "weights.safetensors").read_bytes()
    (tmp_path / "weights.safetensors").write_bytes(whole[:100])
    with pytest.raises(NoWeightsError, match="no weights can be read"):
        load_network(tmp_path, GRUSpec())


def test_fitted_numbers_come_back_bit_for_bit(tmp_path: Path) -> None:
    fitted = {"low": np.array([-np.inf, 0.1], np.float32), "mean": np.ones((2, 3), np.float32)}
    for numbers in (fitted, {}):
        save_fitted(tmp_path, numbers)
        found = load_fitted(tmp_path)
        assert found.keys() == numbers.keys()
        for name, value in numbers.items():
            np.testing.assert_array_equal(found[name], value)
            assert found[name].dtype == np.float32
