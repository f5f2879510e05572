"""Files in vendors' Level-2 layouts, made by the simulated exchange and read through the presets.

What a layout cannot hold is stated in `WAYS`; all else is the truth (Shenzhen) or what the exchange
publishes of it (Shanghai) to the last bit.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from polars.testing import assert_frame_equal

from intralpha.sources import Level2Spec, SimulatedMarket, SimulatedSpec
from intralpha.sources.exchange.floor import Floor
from intralpha.sources.exchange.layouts.layout import layout_of
from intralpha.sources.exchange.truth import order_rows, snapshot_rows, trade_rows
from intralpha.sources.source import Batch

from .conftest import read

SPEC = SimulatedSpec(n_assets=5, start=date(2023, 1, 3), end=date(2023, 1, 3))
SHANGHAI = pl.col("symbol").str.ends_with(".SH")
KEYS = {"orders": ["date", "symbol", "seq"], "trades": ["date", "symbol", "seq"]}
KEYS["snapshots"] = ["date", "symbol", "time"]


PAGES = Path(__file__).parents[3] / "docs" / "vendors" / "level2"


@dataclass(frozen=True)
class Way:
    """How a layout is read, and what it cannot hold.

    Attributes
    ----------
    preset : that reads it
    numbered : whether Shanghai's records have the exchange's numbers
    ms : of Shanghai's times
    lots : whether snapshots count lots
    trades : whether snapshots count trades
    """

    preset: str
    numbered: bool = False
    ms: int = 1
    lots: bool = False
    trades: bool = True


WAYS = {
    "qmt_level2": Way("qmt_level2", lots=True),
    "wind_level2": Way("wind_csv", trades=False),
    "ax_log": Way("ax_log", numbered=True, ms=10),
}


@pytest.fixture(scope="module")
def truth() -> dict[str, pl.DataFrame]:
    market = SimulatedMarket(SPEC)
    symbols = np.array(market.stock_symbols)
    (day,) = market.days()
    tapes = Floor(SPEC.seed, SPEC.habits).trade(day)[1]
    made = {"trades": trade_rows, "orders": order_rows, "snapshots": snapshot_rows}
    return {table: rows(day, symbols, tapes) for table, rows in made.items()}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], dict[str, Batch]]:
    known: dict[str, dict[str, Batch]] = {}

    def found(layout: str, preset: str) -> dict[str, Batch]:
        if layout not in known:
            folder = tmp_path_factory.mktemp(layout)
            assert [n for _, n in layout_of(layout).write(SimulatedMarket(SPEC), folder)] == [5]
            spec = Level2Spec.model_validate({"preset": preset, "path": str(folder)})
            known[layout] = read(spec)
        return known[layout]

    return found


Lakes = Callable[[str, str], dict[str, Batch]]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", WAYS)
def test_shenzhen_comes_back_bit_by_bit(
    name: str, lake: Lakes, truth: dict[str, pl.DataFrame]
) -> None:
    found = lake(name, WAYS[name].preset)
    for table in ("trades", "orders"):
        wanted = truth[table].filter(~SHANGHAI).sort(KEYS[table])
        assert wanted.height > 500
        rows = found[table].frame.filter(~SHANGHAI).sort(KEYS[table])
        assert rows.equals(wanted.select(rows.columns))
        assert found[table].quarantined.is_empty()


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", WAYS)
def test_shanghai_is_what_the_exchange_publishes(name: str, lake: Lakes) -> None:
    """The reader of the exchange's own files is tested against the truth elsewhere."""
    way, published = WAYS[name], lake("exchanges", "simulated_files")
    found = lake(name, way.preset)
    for table, same in (("trades", ["buy_id", "sell_id"]), ("orders", ["id", "cancel"])):
        both = []
        for batch in (published[table], found[table]):
            rows = batch.frame.filter(SHANGHAI).with_columns(pl.col("time") // way.ms * way.ms)
            drop = [] if way.numbered else ["seq"]
            both.append(rows.drop(drop).sort("symbol", *same))
        assert both[0].height > 500
        assert_frame_equal(both[1], both[0], check_exact=True)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", WAYS)
def test_snapshots_come_back(name: str, lake: Lakes, truth: dict[str, pl.DataFrame]) -> None:
    way = WAYS[name]
    rows = lake(name, way.preset)["snapshots"].frame.sort(KEYS["snapshots"])
    wanted = truth["snapshots"].sort(KEYS["snapshots"])
    counts = [c for c in wanted.columns if "_orders" in c] + ([] if way.trades else ["trades"])
    assert rows.select(counts).null_count().sum_horizontal().item() == rows.height * len(counts)
    volumes = [c for c in wanted.columns if "volume" in c]
    if way.lots:
        wanted = wanted.with_columns(pl.col(volumes) // 100 * 100)
    assert wanted["bid_price1"].count() > 1_000
    kept = [c for c in rows.columns if c not in counts]
    assert_frame_equal(rows.select(kept), wanted.select(kept), check_exact=True, check_dtypes=False)


def test_every_preset_has_a_page_whose_yaml_is_whole() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in sorted(PAGES.glob("*.md")))
    sources = [
        source
        for block in re.findall(r"^```yaml\n(.*?)^```$", pages, re.DOTALL | re.MULTILINE)
        for source in yaml.safe_load(block)
    ]
    specs = [Level2Spec.model_validate(source) for source in sources]
    assert {spec.preset for spec in specs} >= {way.preset for way in WAYS.values()}
    assert all(spec.streams for spec in specs)
