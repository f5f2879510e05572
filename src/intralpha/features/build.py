"""From a spec to a feature set: the registry of every kind that recipes can name."""

from typing import Annotated

from pydantic import Field

from intralpha.features.bar import BarFeatureSet, BarSpec
from intralpha.features.common import CommonFactors, CommonSpec
from intralpha.features.day import DayFeatureSet, DaySpec
from intralpha.features.feature_set import FeatureSet
from intralpha.features.language.frames import TICK_FRAMES
from intralpha.features.language.session_frames import SESSION_FRAMES
from intralpha.features.language_set import LibrarySpec, library_of
from intralpha.features.library_set import LibraryFeatures
from intralpha.features.price_volume import ReversalVolSize, ReversalVolSizeSpec
from intralpha.features.session_set import SessionFeatures
from intralpha.features.tick_set import TickFeatures
from intralpha.features.volume_bar_set import VolumeBarFeatures

FeatureSpec = Annotated[
    DaySpec | BarSpec | ReversalVolSizeSpec | CommonSpec | LibrarySpec, Field(discriminator="kind")
]

FEATURE_SPECS: dict[
    str, type[DaySpec | BarSpec | ReversalVolSizeSpec | CommonSpec | LibrarySpec]
] = {
    "day": DaySpec,
    "bar": BarSpec,
    "price_volume": ReversalVolSizeSpec,
    "common": CommonSpec,
    "library": LibrarySpec,
}


def build(spec: DaySpec | BarSpec | ReversalVolSizeSpec | CommonSpec | LibrarySpec) -> FeatureSet:
    """The feature set that a spec describes.

    Raises
    ------
    ConfigError
        If the settings contradict each other; the children say how.

    Examples
    --------
    >>> build(BarSpec(base_freq=15, freq=30)).names
    ('tval_rel', 'bar_ret', 'bar_range', 'bar_clv', 'bar_vwap_dev', 'bar_val_share')
    """
    match spec:
        case DaySpec():
            return DayFeatureSet(spec.mode, spec.turnover)
        case BarSpec():
            return BarFeatureSet(
                spec.base_freq, spec.freq, spec.names, spec.min_obs, spec.tval_days
            )
        case ReversalVolSizeSpec():
            return ReversalVolSize()
        case CommonSpec():
            return CommonFactors(spec.names, spec.days, spec.min_days)
        case LibrarySpec():
            return _of_library(spec)


def _of_library(spec: LibrarySpec) -> FeatureSet:
    """The feature set for the frame of the library."""
    library = library_of(spec)
    if library.frame in SESSION_FRAMES:
        return SessionFeatures(spec, library)
    if library.frame in TICK_FRAMES:
        return TickFeatures(spec, library)
    if library.frame == "vbar":
        return VolumeBarFeatures(spec, library)
    return LibraryFeatures(spec, library)
