"""Output: what a network says of the samples of a batch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Float
from torch import Tensor

# Part of an output -> how its columns are named in saved Panels, and the number of the first.
PARTS = {
    "unit": ("unit_{:02d}", 0),
    "h": ("h{:02d}", 1),
    "task": ("task_{:02d}", 1),
    "class": ("class_{}", 0),
    "layer": ("layer_{}", 0),
}

# Part of an output -> the recipe lines that give it.
GIVERS = {
    "unit": "head: {kind: units}",
    "h": "head: {kind: horizons}, or the model seq_decoder",
    "task": "the model multitask_gru",
    "class": "head: {kind: classes}",
    "layer": "layer_scores: true of gru, rnn, rnn_nn and transformer",
}


def wants_of(network: Callable[..., Any]) -> tuple[str, ...]:
    """What a network asks for besides its windows; see :class:`~intralpha.models.ModelSpec`."""
    wants: Any = getattr(network, "wants", ())
    return tuple(wants)


@dataclass(frozen=True, eq=False)
class Output:
    """A score a sample, and what else the network gives.

    Attributes
    ----------
    score : [B], higher for what should return more
    parts : [B, N] by the name of the part: ``unit``, K factors [Spec 12.2]; ``h``, predicted
        returns of H steps or horizons [Spec 12.8]; ``task``, sub-predictions [Spec 12.4];
        ``class``, logits from the lowest class to the highest; ``layer``, scores of layers before
        the last, for losses that look at them
    """

    score: Float[Tensor, " B"]
    parts: Mapping[str, Float[Tensor, "B _"]] = field(default_factory=dict)


def column_names(part: str, count: int) -> tuple[str, ...]:
    """Names of a part's columns in a Panel: ``unit_00``, ``unit_01``, ...; ``h01``, ...

    Parameters
    ----------
    part : a key of :data:`PARTS`
    count : N, columns
    """
    form, first = PARTS[part]
    return tuple(form.format(first + at) for at in range(count))
