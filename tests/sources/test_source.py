"""SourceSpec: one table of kinds, each of which makes its reader; kinds of plug-ins join it."""

from collections.abc import Iterator
from typing import Literal

import polars as pl
import pytest
from pydantic import ValidationError

from intralpha.base import Spec
from intralpha.market import Lake
from intralpha.sources import Batch, Source, SourceSpec, ingest

DAILY = {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v", "symbol": "s"}
COLUMNS = {"symbol": "s", "time": "t", "seq": "n", "price": "p", "volume": "v"}
# The keys of each kind without a default.
NEEDED = {
    "daily_basic": {"path": "x"},
    "days_of_bars": {"bars": {"kind": "tdx", "path": "x"}},
    "index_members": {"path": "x"},
    "index_weight": {"path": "x"},
    "level2": {
        "path": "x",
        "streams": {"t": {"holds": "trades", "pattern": "*", "columns": COLUMNS}},
    },
    "minutes_of_snapshots": {"snapshots": {"kind": "tdx", "path": "x"}},
    "mapping": {"path": "x", "table": "daily", "columns": DAILY | {"date": "d"}},
    "qlib": {"path": "x"},
    "simulated": {"n_assets": 5},
    "statements": {"path": "x", "items": {"book_equity": "equity"}},
    "stock_basic": {"path": "x"},
    "tdx": {"path": "x"},
    "tdx_day": {"path": "x"},
}


class Recipe(Spec):
    sources: tuple[SourceSpec, ...]


class OneStockSpec(SourceSpec):
    kind: Literal["acme.one_stock"] = "acme.one_stock"
    symbol: str

    def make(self) -> "OneStock":
        return OneStock(self)


class OneStock(Source):
    name = "acme.one_stock"

    def __init__(self, spec: OneStockSpec) -> None:
        self.spec = spec

    def fingerprint(self) -> str:
        return self.spec.symbol

    def batches(self) -> Iterator[Batch]:
        row = {"symbol": [self.spec.symbol], "exchange": ["SSE"], "board": ["main"]}
        yield Batch("instruments", pl.DataFrame(row), "one")


def test_every_shipped_kind_is_in_the_table_and_makes_a_reader() -> None:
    shipped = {k for k in SourceSpec.kinds() if "." not in k}
    assert shipped == set(NEEDED)
    given = [{"kind": kind, **keys} for kind, keys in NEEDED.items()]
    specs = Recipe.model_validate({"sources": given}).sources
    assert [s.kind for s in specs] == list(NEEDED)  # type: ignore[attr-defined]
    names = {s.kind: s.make().name for s in specs}  # type: ignore[attr-defined]
    assert names == {kind: kind for kind in NEEDED}


def test_a_kind_of_a_plug_in_is_ingested_like_ours(tmp_path) -> None:
    given = {"sources": [{"kind": "acme.one_stock", "symbol": "600519.SH"}]}
    lake = Lake(tmp_path / "lake", create=True)
    ingest(Recipe.model_validate(given).sources, lake, show_progress=False)
    assert lake.scan("instruments").collect()["symbol"].to_list() == ["600519.SH"]


def test_faults_name_their_place() -> None:
    with pytest.raises(ValidationError, match="did you mean tdx") as caught:
        Recipe.model_validate({"sources": [{"kind": "qlib", "path": "x"}, {"kind": "tdxx"}]})
    assert caught.value.errors()[0]["loc"] == ("sources", 1)
    with pytest.raises(ValidationError, match="Extra inputs") as caught:
        Recipe.model_validate({"sources": [{"kind": "qlib", "path": "x", "pth": "y"}]})
    assert caught.value.errors()[0]["loc"] == ("sources", 0, "pth")
