"""The benchmark of an index in a recipe: a snapshot that is announced after the last session."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from intralpha.backtest.benchmark_index import IndexBenchmarkSpec
from intralpha.base.node import EVERYTHING
from intralpha.market import Lake
from intralpha.pipeline.address import LakePrints
from intralpha.pipeline.nodes.desk import benchmark_node

DAYS = np.array(["2024-01-02", "2024-01-03"], dtype="datetime64[D]")


def test_a_later_snapshot_is_read_where_it_is_asked_for(tmp_path: Path) -> None:
    """Only then does it count, and only then does the address move with it."""
    lake = Lake(tmp_path, create=True)

    def announced(symbol: str) -> None:
        row = {"symbol": symbol, "announce_date": DAYS[1].item() + timedelta(days=20)}
        lake.append("fundamentals", pl.DataFrame([row | {"item": "float_cap", "value": 1.0}]))

    def printed(spec: IndexBenchmarkSpec) -> str:
        node = benchmark_node(spec, DAYS)
        read = next(read for read in node.reads if read.table == "fundamentals")
        return LakePrints(Lake(tmp_path), DAYS).of(read, 0, 0)

    ahead = IndexBenchmarkSpec(index="000905.SH", fwd_snapshot=True)
    plain = IndexBenchmarkSpec(index="000905.SH")
    assert {read.ahead for read in benchmark_node(ahead, DAYS).reads} == {EVERYTHING}
    assert {read.ahead for read in benchmark_node(plain, DAYS).reads} == {0}
    announced("000001.SZ")
    before = printed(plain), printed(ahead)
    announced("000002.SZ")
    assert printed(plain) == before[0]
    assert printed(ahead) != before[1]
