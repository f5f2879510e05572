"""Readers of vendor files and the simulated market: everything that feeds a lake."""

from intralpha.sources.exchange.market import SimulatedMarket, SimulatedSpec
from intralpha.sources.exchange.post import write_published
from intralpha.sources.files import PathError
from intralpha.sources.ingest import IngestReport, SourceSpec, build, ingest
from intralpha.sources.level2.spec import Level2Spec, level2_presets
from intralpha.sources.mapping import MappingSpec, load_mapping, presets
from intralpha.sources.qlib import QlibSpec
from intralpha.sources.quality import QualityReport, quality
from intralpha.sources.reference import DailyBasicSpec, MembersSpec, StockBasicSpec
from intralpha.sources.source import Batch, Source, SourceError
from intralpha.sources.tdx import TdxSpec

__all__ = [
    "Batch",
    "DailyBasicSpec",
    "IngestReport",
    "Level2Spec",
    "MappingSpec",
    "MembersSpec",
    "PathError",
    "QlibSpec",
    "QualityReport",
    "SimulatedMarket",
    "SimulatedSpec",
    "Source",
    "SourceError",
    "SourceSpec",
    "StockBasicSpec",
    "TdxSpec",
    "build",
    "ingest",
    "level2_presets",
    "load_mapping",
    "presets",
    "quality",
    "write_published",
]
