"""The whole reader: simulated exchanges and their truth, an invented vendor, files that grow."""

import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from intralpha.market import Lake
from intralpha.sources import Level2Spec, SimulatedMarket, SimulatedSpec, ingest, write_published
from intralpha.sources.exchange.floor import Floor
from intralpha.sources.exchange.habits import HabitSpec
from intralpha.sources.exchange.truth import order_rows, trade_rows
from intralpha.sources.level2 import source as reader
from intralpha.sources.level2 import trades as t
from intralpha.sources.level2.orders import NO_TRADES
from intralpha.sources.source import Batch

from .conftest import ENTERED, ORDER_LINES, TRADE_LINES, Write, datayes, entered, read

# Providers that leave a side empty: so some orders neither rest nor trade and are not published.
SPARSE = HabitSpec(cancel_share=0.45, requote=1e6, deep_share=0.0)
SIMULATED = SimulatedSpec(n_assets=6, start=date(2023, 1, 3), end=date(2023, 1, 4), habits=SPARSE)
KEY = ["date", "symbol", "seq"]
ORDER = ["date", "symbol", "id"]
SHANGHAI = pl.col("symbol").str.ends_with(".SH")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    list(write_published(SimulatedMarket(SIMULATED), folder))
    return folder


@pytest.fixture(scope="module")
def truth() -> dict[str, pl.DataFrame]:
    market = SimulatedMarket(SIMULATED)
    floor, symbols = Floor(SIMULATED.seed, SIMULATED.habits), np.array(market.stock_symbols)
    parts: dict[str, list[pl.DataFrame]] = {"trades": [], "orders": []}
    for day in market.days():
        tapes = floor.trade(day)[1]
        parts["trades"].append(trade_rows(day, symbols, tapes))
        parts["orders"].append(order_rows(day, symbols, tapes))
    return {table: pl.concat(frames).sort(KEY) for table, frames in parts.items()}


def rows_of(batch: Batch) -> pl.DataFrame:
    return batch.frame.sort(KEY)


def simulated(folder: Path, **keys: object) -> Level2Spec:
    return Level2Spec.model_validate({"preset": "simulated_files", "path": str(folder), **keys})


def test_shenzhen_files_give_the_truth(published: Path, truth: dict[str, pl.DataFrame]) -> None:
    found = read(simulated(published))
    for table in ("trades", "orders"):
        expected = truth[table].filter(~SHANGHAI)
        assert expected.height > 1_000
        rows = found[table].frame.filter(~SHANGHAI).sort(KEY)
        assert rows.equals(expected.select(rows.columns))


def test_shanghai_trades_are_the_truth_under_other_numbers(
    published: Path, truth: dict[str, pl.DataFrame]
) -> None:
    batch = read(simulated(published))["trades"]
    rows = batch.frame.filter(SHANGHAI).sort(KEY).drop("seq")
    expected = truth["trades"].filter(SHANGHAI).select(rows.columns)
    assert expected.height > 1_000
    assert rows.equals(expected)
    assert batch.notes == {t.COMPARED: expected.filter(pl.col("side") != 0).height}


def test_shanghai_orders_are_the_truth_but_for_what_is_not_published(
    published: Path, truth: dict[str, pl.DataFrame]
) -> None:
    """Not published: orders that neither rest nor trade; the kind of an order, the limit of one
    that was filled at once, and what a market order did not fill."""
    batch = read(simulated(published))["orders"]
    rows = batch.frame.filter(SHANGHAI, ~pl.col("cancel"))
    expected = truth["orders"].filter(SHANGHAI, ~pl.col("cancel"))
    assert expected.height > 1_000
    assert rows.join(expected, on=ORDER, how="anti").is_empty()
    fills = _active(truth["trades"].filter(SHANGHAI))
    lost = expected.join(rows, on=ORDER, how="anti")
    assert set(lost["kind"]) == {"market", "own_best"}
    assert lost.filter(pl.col("price") > 0).is_empty()
    assert lost.join(fills, on=ORDER, how="semi").is_empty()
    both = expected.join(rows, on=ORDER, suffix="_read").join(fills, on=ORDER, how="left")
    for column in ("time", "side"):
        assert both[column].equals(both[f"{column}_read"])
    assert set(both["kind_read"]) == {"limit"}
    market = pl.col("kind") == "market"
    same_size = pl.col("volume") == pl.col("volume_read")
    assert both.filter(~market, ~same_size).is_empty()
    assert both.filter(market, pl.col("volume_read") != pl.col("filled")).is_empty()
    assert both.filter(market, ~same_size).height > 0
    at_once = pl.col("filled") == pl.col("volume_read")
    assert both.filter(
        ~market, ~at_once.fill_null(value=False), pl.col("price") != pl.col("price_read")
    ).is_empty()
    assert both.filter(at_once, pl.col("price_read") != pl.col("worst")).is_empty()
    assert both.filter(at_once, ~market, pl.col("price") != pl.col("price_read")).height > 0
    # In the order they were entered.
    assert both.sort("date", "symbol", "seq")["id"].equals(
        both.sort("date", "symbol", "seq_read")["id"]
    )


def _active(trades: pl.DataFrame) -> pl.DataFrame:
    """Shares and worst price of every order's active fills, by hand from the truth."""
    buys = pl.col("side") > 0
    return (
        trades.filter(pl.col("side") != 0)
        .with_columns(id=pl.when(buys).then("buy_id").otherwise("sell_id"))
        .group_by(ORDER)
        .agg(
            filled=pl.col("volume").sum(),
            worst=pl.when(buys.first())
            .then(pl.col("price").max())
            .otherwise(pl.col("price").min()),
        )
    )


def test_shanghai_cancels_are_the_truth_but_for_those_of_orders_that_never_rest(
    published: Path, truth: dict[str, pl.DataFrame]
) -> None:
    rows = read(simulated(published))["orders"].frame.filter(SHANGHAI, "cancel")
    expected = truth["orders"].filter(SHANGHAI, "cancel")
    lost = expected.join(rows, on=ORDER, how="anti")
    assert set(lost["kind"]) == {"market", "own_best"}
    kept = expected.join(rows, on=ORDER, how="semi").sort(ORDER)
    assert kept.height > 500
    columns = [*ORDER, "time", "side", "price", "volume", "cancel"]
    assert rows.sort(ORDER).select(columns).equals(kept.select(columns))


@pytest.mark.slow
def test_the_way_in_memory_or_on_disk_does_not_matter(published: Path) -> None:
    """Bounded memory: 50 kB are held, everything goes to disk by stock."""
    whole = read(simulated(published))
    for hold_bytes in (50_000, 400_000):
        pieces = read(simulated(published), hold_bytes=hold_bytes)
        for table in ("trades", "orders"):
            assert rows_of(pieces[table]).equals(rows_of(whole[table]))
            for name in ("repairs", "notes", "rows_read"):
                assert getattr(pieces[table], name) == getattr(whole[table], name)


@pytest.mark.slow
def test_one_file_of_a_whole_day_goes_through_the_disk(write: Write, monkeypatch) -> None:
    """Forty stocks in one file in time order; chunks of 500 bytes, 3 kB held."""
    monkeypatch.setattr("intralpha.sources.level2.chunks.CHUNK_BYTES", 500)
    names = [f"{600001 + k}" for k in range(40)]
    lines = [
        [x.replace("600001", n) for x in file for n in names] for file in (ORDER_LINES, TRADE_LINES)
    ]
    source = reader.Level2Source(datayes(write(*lines)), hold_bytes=3_000)
    batches = [b for b in source.batches() if b.table == "orders" and b.frame.height]
    assert len(batches) > 5
    for batch in batches:
        for symbol in batch.frame["symbol"].unique():
            rows = batch.frame.filter(pl.col("symbol") == symbol, ~pl.col("cancel"))
            columns = rows.select("id", "seq", "time", "side", "price", "volume").rows()
            assert {row[0]: row[1:] for row in columns} == ENTERED
    assert sum(b.frame["symbol"].n_unique() for b in batches) == 40


INVENTED = """
kind: level2
path: {path}
streams:
  feed:
    holds: merged
    pattern: "{{date}}/feed_*.txt"
    encoding: gbk
    separator: "|"
    columns: {{symbol: 代码, exchange: 市场, time: 时间, channel: 频道, seq: 序号, what: 类型,
      buy_id: 买号, sell_id: 卖号, side: 方向, price: 价格, volume: 数量, kind: 种类}}
    time_format: HHMMSSmmm
    price_scale: 10000
    what_codes: {{1: order, 2: cancel, 3: trade, "": trade, 9: ignore}}
    side_codes: {{1: buy, 2: sell, 0: none}}
    kind_codes: {{0: limit, 1: market, 2: own_best}}
    exchange_codes: {{1: SH, 2: SZ}}
"""
FEED = """代码|市场|时间|频道|序号|类型|买号|卖号|方向|价格|数量|种类|备注
1|2|91500010|7|1|1|0|0|1|100000|300|0|中文
1|2|93000000|7|2|1|0|0|2|100100|500|0|
1|2|93001000|7|3|1|0|0|1|100500|200|1|
1|2|93001000|7|4||3|2|0|100100|200|0|
1|2|93002000|7|5|2|1|0|1|0|300|0|
1|2|93003000|7|6|1|0|0|2|100000|100|2|
600000|1|93000000|3|1|1|0|11|2|100000|300|0|
600000|1|93001000|3|2|3|12|11|1|100000|100|0|
600000|1|93001000|3|3|1|12|0|1|100100|50|0|
600000|1|93001000|3|4|9|0|0|0|0|0|0|
"""


def test_a_new_vendor_is_a_yaml_file(tmp_path: Path) -> None:
    """A merged stream of both exchanges: prices x 10,000, codes 1/2, HHMMSSmmm, gbk, no own ids.

    The third order is a market order, whatever its price; a trade may come without its code.
    """
    (tmp_path / "20230103").mkdir()
    (tmp_path / "20230103" / "feed_1.txt").write_text(FEED, encoding="gbk")
    spec = Level2Spec.model_validate(yaml.safe_load(INVENTED.format(path=tmp_path)))
    found = read(spec)
    assert found["trades"].frame.drop("date").rows() == [
        ("000001.SZ", 4, 34_201_000, 10.01, 200, 3, 2, 1),
        ("600000.SH", 2, 34_201_000, 10.0, 100, 12, 11, 1),
    ]
    columns = ("symbol", "seq", "id", "side", "price", "volume", "kind", "cancel")
    assert found["orders"].frame.select(columns).rows() == [
        ("000001.SZ", 1, 1, 1, 10.0, 300, "limit", False),
        ("000001.SZ", 2, 2, -1, 10.01, 500, "limit", False),
        ("000001.SZ", 3, 3, 1, 0.0, 200, "market", False),
        ("000001.SZ", 5, 1, 1, 10.0, 300, "limit", True),
        ("000001.SZ", 6, 6, -1, 10.0, 100, "own_best", False),
        ("600000.SH", 1, 11, -1, 10.0, 300, "limit", False),
        ("600000.SH", 2, 12, 1, 10.01, 150, "limit", False),
    ]
    assert found["orders"].notes == {}
    assert found["trades"].frame["date"].unique().to_list() == [date(2023, 1, 3)]


def test_parquet_and_columns_in_other_types(write: Write, tmp_path: Path) -> None:
    """Numbers and times in their own type, a file for each stock, no symbol column."""
    path = write()
    made = tmp_path / "made"
    for name, clock in (("entrust", "OrderTime"), ("trade", "TradTime")):
        rows = pl.read_csv(path / "20230201" / f"{name}.csv").with_columns(
            pl.col(clock).str.to_time("%H:%M:%S%.3f")
        )
        (made / name).mkdir(parents=True)
        rows.drop("SecurityID").write_parquet(made / name / "SH600001_2023-02-01.parquet")
    common = {"format": "parquet", "exchange": "SH"}
    spec = datayes(path).model_dump()
    for stream, name in (("orders", "entrust"), ("trades", "trade")):
        keys = (
            spec["streams"][stream] | common | {"pattern": f"{name}/SH{{symbol}}_{{date}}.parquet"}
        )
        keys["columns"] = {k: v for k, v in keys["columns"].items() if k != "symbol"}
        spec["streams"][stream] = keys
    del spec["streams"]["snapshots"]
    found = read(Level2Spec.model_validate(spec | {"preset": None, "path": str(made)}))
    assert entered(found["orders"]) == ENTERED
    assert found["trades"].frame.equals(read(datayes(path))["trades"].frame)


def test_csv_without_a_header(write: Write) -> None:
    path = write()
    names = {}
    for stream, name in (("orders", "entrust"), ("trades", "trade")):
        file = path / "20230201" / f"{name}.csv"
        header, rest = file.read_text().split("\n", 1)
        file.write_text(rest)
        names[stream] = {"names": header.split(",")}
    assert entered(read(datayes(path, streams=names))["orders"]) == ENTERED


def test_byte_order_mark_quotes_and_windows_line_ends(write: Write) -> None:
    path = write()
    file = path / "20230201" / "entrust.csv"
    quoted = "\r\n".join(
        ",".join(f'"{field}"' for field in line.split(",")) for line in file.read_text().split()
    )
    file.write_bytes(b"\xef\xbb\xbf" + quoted.encode() + b"\r\n")
    assert entered(read(datayes(path))["orders"]) == ENTERED


def tables(lake: Lake) -> dict[str, pl.DataFrame]:
    return {name: lake.scan(name).collect() for name in ("trades", "orders")}


QUIET = {"show_progress": False}


def until(lines: Iterable[str], number: int) -> list[str]:
    """Lines up to a sequence number."""
    return [line for line in lines if int(line.rsplit(",", 1)[1]) <= number]


def grown(write: Write, lake: Lake, cut: int, behind: int, live: bool) -> dict[str, pl.DataFrame]:
    """Tables after the orders up to a number, the trades a few behind, and then the whole day."""
    part = write(until(ORDER_LINES, cut), until(TRADE_LINES, cut - behind))
    ingest([datayes(part, live=live)], lake, on_conflict="replace", **QUIET)
    ingest([datayes(write())], lake, on_conflict="replace", **QUIET)
    return tables(lake)


@pytest.mark.slow
def test_a_day_in_pieces_is_the_day_at_once(write: Write, tmp_path: Path) -> None:
    whole = Lake(tmp_path / "whole", create=True)
    ingest([datayes(write())], whole, **QUIET)
    for cut in (5, 7, 10):
        for behind in (-2, 0, 3):
            lake = Lake(tmp_path / f"{cut}{behind}", create=True)
            assert all(
                rows.equals(tables(whole)[table])
                for table, rows in grown(write, lake, cut, behind, live=True).items()
            ), (cut, behind)
    # Without `live` order 30 is taken as it is listed: its record stays beside the whole order.
    lake = Lake(tmp_path / "careless", create=True)
    ids = grown(write, lake, 7, 3, live=False)["orders"].filter(~pl.col("cancel"))["id"]
    assert ids.value_counts().filter(pl.col("count") > 1)["id"].to_list() == [30]


def test_ingesting_again_changes_nothing(published: Path, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", create=True)
    first = ingest([simulated(published)], lake, show_progress=False)
    assert sum(c.added for c in first.counts) > 20_000
    assert ingest([simulated(published)], lake, show_progress=False).unchanged
    assert lake.verify() == ()


@pytest.mark.slow
def test_stock_by_stock_is_the_day_at_once(published: Path, tmp_path: Path) -> None:
    whole, lake = Lake(tmp_path / "whole", create=True), Lake(tmp_path / "lake", create=True)
    ingest([simulated(published)], whole, **QUIET)
    stocks = sorted({p.name for p in published.glob("2023*/*")})
    assert len(stocks) >= 5
    for arrived in (stocks[:1], stocks[1:4], stocks[4:]):
        for folder in published.glob("2023*/*"):
            if folder.name in arrived:
                shutil.copytree(folder, tmp_path / "growing" / folder.parent.name / folder.name)
        ingest([simulated(tmp_path / "growing")], lake, **QUIET)
    assert lake.version() == whole.version()


def test_columns_of_the_vendor_may_have_any_name(tmp_path: Path) -> None:
    """Names that this reader uses itself, and a time in one of two columns."""
    (tmp_path / "20230103.csv").write_text(
        "stock,line,date,time,file,reason\n"
        "600001,5,10.01,,100,09:31:00.000\n"
        "600001,6,10.02,09:32:00.000,200,\n"
        "600001,7,x,09:33:00.000,200,\n"
    )
    columns = {"symbol": "stock", "seq": "line", "price": "date", "volume": "file"}
    columns |= {"time": ("time", "reason")}
    stream = {"holds": "trades", "pattern": "*.csv", "columns": columns}
    found = read(Level2Spec.model_validate({"path": str(tmp_path), "streams": {"t": stream}}))
    shown = found["trades"].frame.select("symbol", "seq", "time", "price", "volume")
    assert shown.rows() == [
        ("600001.SH", 5, 34_260_000, 10.01, 100),
        ("600001.SH", 6, 34_320_000, 10.02, 200),
    ]
    (bad,) = found["trades"].quarantined.rows(named=True)
    assert (bad["line"], bad["reason"]) == (4, "price is not a number")
    assert bad["row"] == "x,200,7,,600001,09:33:00.000"


@pytest.mark.parametrize("over", ["channel", "stock"])
def test_numbers_of_records_that_are_not_used_count_as_seen(tmp_path: Path, over: str) -> None:
    """States of the market, what is set aside and prices that are none have numbers, too."""
    day = tmp_path / "20231201"
    day.mkdir()
    lines = [
        "no,ch,code,t,what,buy,sell,px,qty,flag",
        "1,1,600519,09:14:59.000,S,0,0,0,0,OCALL",
        "2,1,600519,09:15:00.010,A,5,0,10.00,1000,B",
        "3,1,600519,09:15:00.020,A,0,6,nothing,400,S",
        "4,1,600519,09:25:00.000,T,5,6,10.00,400,N",
        "6,1,600519,09:30:00.000,S,0,0,0,0,TRADE",
        *(["7,1,none,09:30:00.500,S,0,0,0,0,TRADE"] if over == "channel" else []),
        "8,1,600519,09:30:01.000,T,5,9,10.00,600,S",
    ]
    (day / "a.csv").write_text("\n".join(lines) + "\n")
    columns = {"symbol": "code", "time": "t", "channel": "ch", "seq": "no", "what": "what"}
    columns |= {"buy_id": "buy", "sell_id": "sell", "price": "px", "volume": "qty", "side": "flag"}
    stream = {"holds": "merged", "pattern": "{date}/a.csv", "columns": columns, "exchange": "SH"}
    stream |= {"what_codes": {"A": "order", "T": "trade", "S": "ignore"}}
    given = {"path": str(tmp_path), "gap_free": over, "streams": {"all": stream}}
    notes = read(Level2Spec.model_validate(given))["orders"].notes
    where = "channel 1 of SH" if over == "channel" else "600519.SH"
    missing = {name: n for name, n in notes.items() if name.startswith("numbers missing")}
    expected = 1 if over == "channel" else 2  # number 5; and 7, where no line has it
    assert missing == {f"numbers missing in {where} on 2023-12-01": expected}


def test_stock_days_of_orders_without_trades_are_noted(write: Write) -> None:
    lone = "600002,4,09:31:00.000,A,60,7.10,300,S,15"
    assert read(datayes(write()))["orders"].notes.get(NO_TRADES) is None
    assert read(datayes(write((*ORDER_LINES, lone))))["orders"].notes[NO_TRADES] == 1
