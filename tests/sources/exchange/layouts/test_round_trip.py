"""Every layout read back through the shipped mapping gives the market that was written.

What a layout does not hold is stated beside it: columns that are compared within the vendor's own
rounding, columns that are not compared, rows that the vendor does not give.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from polars.testing import assert_frame_equal
from pydantic import TypeAdapter
from typer.testing import CliRunner

from intralpha.base.place import placed
from intralpha.cli.main import app
from intralpha.market import Lake
from intralpha.sources import Batch, MappingSpec, SourceSpec, ingest, presets
from intralpha.sources.exchange.layouts.layout import Layout, layout_of, layouts
from intralpha.sources.exchange.layouts.sheets import SheetLayout
from intralpha.sources.joined import JoinSpec
from intralpha.sources.shipped import joined_presets

from .conftest import DIVIDEND, EX_DAY, HALTED, SPECIAL, market

PRICES = ("open", "high", "low", "close")
FACTS = ("preclose", "adj_factor", "suspended")
LIMITS = ("up_limit", "down_limit")
KEY = ["date", "symbol"]
PAGES = Path(__file__).parents[4] / "docs" / "vendors"
SOURCES = TypeAdapter(tuple[SourceSpec, ...])
CENT = 1e-9
FLOAT32 = 1e-7  # relative


@dataclass(frozen=True)
class Way:
    """What the files of a layout give back, read as the page of the vendor says.

    Attributes
    ----------
    same : columns of ``daily`` that are the market's to the last bit, beside prices and volume
    near : column -> by how much it may be off
    relative : column -> by how much of itself it may be off
    idle_days : whether days without a trade have rows
    limits_of_st : whether the limits of stocks under special treatment are right
    lots : whether volumes are rounded to lots
    """

    same: tuple[str, ...] = (*FACTS, *LIMITS)
    near: dict[str, float] = field(default_factory=dict)
    relative: dict[str, float] = field(default_factory=dict)
    idle_days: bool = True
    limits_of_st: bool = False
    lots: bool = False


WAYS = {
    "tushare": Way(
        (*FACTS, *LIMITS, "float_shares", "total_shares"),
        near={"amount": 0.5},  # thousand CNY with three digits
        idle_days=False,
        limits_of_st=True,
    ),
    "akshare": Way(
        relative={"float_shares": 0.02},  # turnover with two digits
        idle_days=False,
        lots=True,
    ),
    "baostock": Way(
        (*FACTS, *LIMITS, "amount", "st"),
        relative={"float_shares": 1e-5},
        limits_of_st=True,
    ),
    "jqdata": Way((*FACTS, *LIMITS, "amount"), limits_of_st=True),
    "ricequant": Way((*FACTS, *LIMITS, "amount"), limits_of_st=True),
    "tdx": Way(
        ("suspended",),  # no previous close, so no factor and no limits on ex-dividend days
        relative={"amount": FLOAT32},
        idle_days=False,
    ),
    "tdx_text": Way(("suspended", "amount"), idle_days=False),
    "qmt": Way((*FACTS, *LIMITS, "amount"), lots=True),
    "datayes": Way((*FACTS, *LIMITS, "amount", "float_shares", "total_shares")),
}


def recipes() -> dict[str, dict[str, Any]]:
    """The recipes of the pages by their names."""
    pages = "".join(page.read_text(encoding="utf-8") for page in sorted(PAGES.glob("*.md")))
    blocks = re.findall(r"^```yaml\n(.*?)^```$", pages, re.DOTALL | re.MULTILINE)
    found = [yaml.safe_load(block) for block in blocks]
    return {recipe["name"]: recipe for recipe in found}


@pytest.fixture(scope="module")
def read(
    written: Callable[[str], Path], made_once: Callable[..., Path]
) -> Callable[[str], tuple[Lake, str]]:
    """The lake that the files of a layout give, and what the ingest said."""

    def make(name: str) -> tuple[Lake, str]:
        files = written(name)

        def fill(folder: Path) -> None:
            sources = recipes()[name]["data"]["sources"]
            specs = SOURCES.validate_python(tuple(sources), context=placed(files))
            report = ingest(specs, Lake(folder / "lake", create=True), show_progress=False)
            (folder / "said.txt").write_text(report.to_text())

        folder = made_once(f"read {name}", fill)
        return Lake(folder / "lake"), (folder / "said.txt").read_text()

    return make


@pytest.mark.one_in(9)
@pytest.mark.parametrize("name", sorted(WAYS))
def test_daily_rows_come_back(
    name: str, read: Callable[[str], tuple[Lake, str]], truth: Lake
) -> None:
    way, (lake, said) = WAYS[name], read(name)
    found, wanted = lake.scan("daily").collect(), truth.scan("daily").collect()
    wanted = wanted if way.idle_days else wanted.filter(pl.col("volume") > 0)
    assert "quarantined" not in said, said
    assert wanted.height > 40
    volume = () if way.lots else ("volume",)
    same = [c for c in (*PRICES, *volume, *way.same) if c not in LIMITS]
    assert_frame_equal(found.select(*KEY, *same), wanted.select(*KEY, *same), check_exact=True)
    if LIMITS[0] in way.same:
        these = pl.lit(value=True) if way.limits_of_st else pl.col("symbol") != SPECIAL
        left, right = (f.filter(these).select(*KEY, *LIMITS) for f in (found, wanted))
        assert_frame_equal(left, right, check_exact=True)
    near = way.near | ({"volume": 50.0} if way.lots else {})
    for column, slack in near.items():
        assert (found[column] - wanted[column]).abs().max() <= slack, column
    for column, slack in way.relative.items():
        known = wanted["volume"] > 0
        off = (found[column] / wanted[column] - 1).abs().filter(known)
        assert off.max() <= slack, column


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", sorted(WAYS))
def test_bars_come_back(name: str, read: Callable[[str], tuple[Lake, str]], truth: Lake) -> None:
    way, (lake, _) = WAYS[name], read(name)
    columns = ["date", "freq", "symbol", "time", *PRICES, "auc_in_first"]
    found, wanted = lake.scan("bars").collect(), truth.scan("bars").collect()
    assert wanted.height == 8 * 7 * 48
    if name == "tdx":  # float32, rounded to the fund's tick of 0.001
        columns = columns[:4]
        assert (found["close"] - wanted["close"]).abs().max() < CENT
    assert_frame_equal(found.select(columns), wanted.select(columns), check_exact=True)
    slack = 50 if way.lots else 0
    assert (found["volume"] - wanted["volume"]).abs().max() <= slack
    relative = (found["amount"] - wanted["amount"]).abs() / wanted["amount"].clip(1)
    assert relative.max() <= (FLOAT32 if name == "tdx" else 0)


def test_members_of_the_index_come_back(read: Callable[[str], tuple[Lake, str]]) -> None:
    found = read("tushare")[0].scan("membership").collect()
    wanted = pl.concat(b.frame for b in market() if b.table == "membership").sort("symbol")
    first = found.filter(pl.col("in_date") == wanted["in_date"].min()).sort("symbol")
    assert first["symbol"].to_list() == wanted["symbol"].to_list()
    off = (first["weight"] - wanted["weight"]).abs().max()
    assert off <= 5e-7  # percent with four digits


def test_stocks_come_back(read: Callable[[str], tuple[Lake, str]], truth: Lake) -> None:
    columns = ["symbol", "exchange", "board", "name", "list_date", "delist_date"]
    wanted = truth.scan("instruments").select(columns).collect()
    for name in ("tushare", "jqdata"):
        found = read(name)[0].scan("instruments").select(columns).collect()
        assert_frame_equal(found, wanted)


def test_capitalisation_comes_back(
    written: Callable[[str], Path], truth: Lake, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    spec = {"kind": "daily_basic", "path": "tushare/daily_basic"}
    specs = SOURCES.validate_python((spec,), context=placed(written("tushare")))
    ingest(specs, lake, show_progress=False)
    found = lake.scan("fundamentals").collect().pivot("item", values="value")
    key = ["symbol", "date"]
    daily = truth.scan("daily").filter(pl.col("volume") > 0).collect()
    both = found.rename({"announce_date": "date"}).join(daily, on=key)
    assert both.height == found.height == daily.height
    for cap, shares in (("float_cap", "float_shares"), ("total_cap", "total_shares")):
        off = (both[cap] - both[shares] * both["close"]).abs()
        assert off.max() <= 0.51  # ten thousand CNY with four digits


def test_stocks_that_are_asked_for_alone_are_written(tmp_path: Path) -> None:
    list(layout_of("akshare").put(market(), tmp_path / "f", [DIVIDEND]))
    names = sorted(str(p.relative_to(tmp_path / "f")) for p in (tmp_path / "f").rglob("*.csv"))
    assert names == ["5min/600001.csv", "daily/600001.csv"]
    assert not list(tmp_path.rglob("*.partial"))


def test_files_are_replaced_only_when_all_are_whole(tmp_path: Path) -> None:
    def breaks() -> Iterator[Batch]:
        yield from market()[:3]
        raise OSError("disk full")

    layout = layout_of("akshare")
    list(layout.put(market(), tmp_path))
    before = {p: p.read_bytes() for p in tmp_path.rglob("*.csv")}
    with pytest.raises(OSError, match="disk full"):
        list(layout.put(breaks(), tmp_path))
    assert {p: p.read_bytes() for p in before} == before
    list(layout.put(market(), tmp_path))  # what the broken run left is in nobody's way
    assert {p: p.read_bytes() for p in tmp_path.rglob("*.csv")} == before


def test_the_command_writes_a_layout(tmp_path: Path) -> None:
    arguments = ["simulate", str(tmp_path / "f"), "--layout", "qmt", "--preset", "tiny"]
    arguments += ["--end", "2023-01-04", "--symbol", "600001.SH"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "2 stock-days written, 2 sessions" in result.output
    names = sorted(str(p.relative_to(tmp_path / "f")) for p in (tmp_path / "f").rglob("*.*"))
    assert names == ["1d/600001.SH.csv", "5m/600001.SH.csv"]


def test_every_layout_of_tables_is_read_back() -> None:
    tables = {n for n, kind in Layout.kinds().items() if issubclass(kind, SheetLayout)}
    assert tables == set(WAYS) == set(recipes())
    assert {*presets()} >= {s["preset"] for r in recipes().values() for s in _mappings(r)}


def _mappings(recipe: dict[str, Any]) -> list[dict[str, Any]]:
    return [s for s in recipe["data"]["sources"] if s["kind"] == "mapping"]


def test_every_mapping_stands_on_a_page_and_is_whole() -> None:
    text = (PAGES / "README.md").read_text(encoding="utf-8")
    ours = [n for n in presets() if n.split("_")[0] in {way.split("_")[0] for way in WAYS}]
    assert len(ours) >= 20
    for name in ours:
        assert f"`{name}`" in text
        MappingSpec.model_validate({"kind": "mapping", "preset": name, "path": "x"})
    for name in joined_presets():
        assert f"`{name}`" in text
        JoinSpec.model_validate({"preset": name, "path": "x"})


def test_the_default_layout_is_none_of_tables() -> None:
    tables = {n for n, kind in Layout.kinds().items() if issubclass(kind, SheetLayout)}
    assert "exchanges" in set(layouts()) - tables


def test_what_the_market_holds(truth: Lake) -> None:
    """The comparison would be worth little without a dividend, a halt and ST among the rows."""
    daily = truth.scan("daily").collect()
    ex = daily.filter(pl.col("symbol") == DIVIDEND, pl.col("date") == EX_DAY)
    assert ex["adj_factor"].item() > 1.01
    halted = daily.filter("suspended")
    assert (halted["symbol"].unique().to_list(), halted.height) == ([HALTED], 2)
    assert daily.filter("st")["symbol"].unique().to_list() == [SPECIAL]
