"""Heads: states ``[B, E]`` in, scores and parts out, one kind a file."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.models.heads.bn_sigmoid import BnSigmoidHeadSpec
    from intralpha.models.heads.classes import ClassesHeadSpec
    from intralpha.models.heads.horizons import HorizonsHeadSpec
    from intralpha.models.heads.linear import LinearHeadSpec
    from intralpha.models.heads.nn import NNHeadSpec
    from intralpha.models.heads.units import UnitsHeadSpec

lazily(__name__)
