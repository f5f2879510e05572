"""Readers of vendor files and the simulated market: everything that feeds a lake."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.sources.daily_basic import DailyBasicSpec
    from intralpha.sources.exchange.market import SimulatedMarket, SimulatedSpec
    from intralpha.sources.exchange.post import write_published
    from intralpha.sources.files import PathError
    from intralpha.sources.index_members import MembersSpec
    from intralpha.sources.ingest import IngestReport, ingest
    from intralpha.sources.level2.source import Level2Spec
    from intralpha.sources.mapping import MappingSpec
    from intralpha.sources.qlib import QlibSpec
    from intralpha.sources.quality import QualityError, QualityReport, QualitySpec, quality
    from intralpha.sources.ranked_spec import RankedIndexSpec, RankedIndicesSpec
    from intralpha.sources.replay.rebuild_spec import RebuildSpec
    from intralpha.sources.shipped import level2_presets, presets
    from intralpha.sources.source import Batch, NothingReadError, Source, SourceError, SourceSpec
    from intralpha.sources.statements import StatementsSpec
    from intralpha.sources.stock_basic import StockBasicSpec
    from intralpha.sources.tdx import TdxSpec

lazily(__name__)
