"""From raw facts to numbers known at a stated time.

A :class:`FeatureSet` is made by its spec, reads its own look-back from the lake, streams by day and
gives a Panel for exactly the dates and assets it is asked for.
"""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.features.day import DayFeatureSet, DaySpec, MissingFloatSharesError
    from intralpha.features.expression_spec import ExpressionSpec
    from intralpha.features.feature_set import (
        DAY_CLOSE,
        FeatureSet,
        FeatureSpec,
        UnknownFeatureError,
        UnknownSessionError,
    )
    from intralpha.features.level2.enrich_spec import EnrichSpec
    from intralpha.features.libraries import libraries, load_library
    from intralpha.features.library_features import LibraryFeatures
    from intralpha.features.library_spec import LibrarySpec

lazily(__name__)
