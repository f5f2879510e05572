"""Recurrent layers that use the machine: GRU and LSTM of torch, fused on the CPU."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.models.recurrent.fused import FusedGRU, FusedLSTM

lazily(__name__)
