"""Scores of layers before the last, for losses that look at them [000: layer-wise losses]."""

from typing import Annotated, Any

from pydantic import Field

LayerScores = Annotated[
    bool,
    Field(
        description="say a score after each layer before the last, too: the part `layer`, which "
        "the objective `layerwise` needs"
    ),
]


def of_several_layers(wanted: bool, info: Any) -> bool:
    """Refuse scores of earlier layers where there are none; the key ``layers`` stands before.

    Parameters
    ----------
    wanted : whether they are asked for
    info : pydantic's ValidationInfo, a protocol that cannot be checked: ``data`` is what was
        validated before

    Raises
    ------
    ValueError
        There is one layer; a recipe's reader turns this into a ConfigError.
    """
    if wanted and info.data.get("layers") == 1:
        raise ValueError("found layers: 1; expected 2 or more, so that one is before the last")
    return wanted
