"""EncoderSpec: what a user's encoder may get wrong."""

from typing import Literal

import pytest
import torch
from torch import Tensor

from intralpha.models import Encoder, EncoderSpec, StateWidthError, WindowShape


class Wide(Encoder):
    """Says three numbers and gives five."""

    width = 3

    def forward(self, x: Tensor) -> Tensor:
        return x[:, -1, :5]


class WideSpec(EncoderSpec):
    kind: Literal["tests.wide"] = "tests.wide"

    def encoder(self, shape: WindowShape) -> Wide:
        return Wide()


def test_a_state_of_another_width_than_declared_is_told_with_both() -> None:
    network = WideSpec().make({"x": WindowShape(4, 6)})
    with pytest.raises(StateWidthError, match=r"5 numbers.*width 3") as error:
        network(torch.zeros(2, 4, 6))
    assert (error.value.found, error.value.expected) == (5, 3)
