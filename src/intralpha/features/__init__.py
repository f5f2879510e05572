"""From raw facts to numbers known at a stated time.

A :class:`FeatureSet` is built from its spec, reads its own look-back from the lake, streams by
day and gives a Panel for exactly the dates and assets it is asked for.
"""

from intralpha.features.bar import BarFeatureSet, BarFrequencyMismatchError, BarSpec
from intralpha.features.bar_table import (
    BAR_FEATURE_NAMES,
    BAR_FEATURES,
    BarFeature,
    UncomputableFeatureError,
    UnknownBarFeatureError,
    computable,
)
from intralpha.features.build import FEATURE_SPECS, FeatureSpec, build
from intralpha.features.common import CommonFactors, CommonSpec
from intralpha.features.day import DayFeatureSet, DaySpec, MissingFloatSharesError
from intralpha.features.feature_set import (
    DAY_CLOSE,
    FeatureSet,
    UnknownFeatureError,
    UnknownSessionError,
)
from intralpha.features.language.library import libraries, load_library
from intralpha.features.language_set import LibrarySpec
from intralpha.features.library_set import LibraryFeatures
from intralpha.features.price_volume import ReversalVolSize, ReversalVolSizeSpec

__all__ = [
    "BAR_FEATURES",
    "BAR_FEATURE_NAMES",
    "DAY_CLOSE",
    "FEATURE_SPECS",
    "BarFeature",
    "BarFeatureSet",
    "BarFrequencyMismatchError",
    "BarSpec",
    "CommonFactors",
    "CommonSpec",
    "DayFeatureSet",
    "DaySpec",
    "FeatureSet",
    "FeatureSpec",
    "LibraryFeatures",
    "LibrarySpec",
    "MissingFloatSharesError",
    "ReversalVolSize",
    "ReversalVolSizeSpec",
    "UncomputableFeatureError",
    "UnknownBarFeatureError",
    "UnknownFeatureError",
    "UnknownSessionError",
    "build",
    "computable",
    "libraries",
    "load_library",
]
