"""Real Level-2 files of three vendors' layouts against the official daily bars."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intralpha.sources.files import members
from intralpha.sources.level2 import shanghai, snapshots, trades
from intralpha.sources.level2.source import Level2Spec
from intralpha.sources.source import Batch

from .conftest import read

pytestmark = pytest.mark.real_data
MOUTAI = "sh600519_20230201_datayes.zip"
MIXED = "trades_sz000001_sh600000_20230201.zip"
SNAPSHOTS = "snapshots_5sz_20220601.zip"
FILES = {"datayes_shanghai": MOUTAI, "mixed_trades": MIXED, "md_snapshots": SNAPSHOTS}
Ingested = Callable[[str], dict[str, Batch]]


@pytest.fixture(scope="module")
def ingested(real_data: Path) -> Ingested:
    known: dict[str, dict[str, Batch]] = {}

    def by_preset(preset: str) -> dict[str, Batch]:
        if preset not in known:
            path = str(real_data / "level2" / FILES[preset])
            known[preset] = read(Level2Spec.model_validate({"preset": preset, "path": path}))
        return known[preset]

    return by_preset


def official(real_data: Path, symbol: str, day: str) -> dict[str, float]:
    """The day's bar as the exchange publishes it."""
    number, exchange = symbol.split(".")
    name = f"{exchange.lower()}.{number}.csv"
    ((_, content),) = members(str(real_data / "daily_baostock_csi300.tar.xz"), name)
    for row in csv.DictReader(io.StringIO(content.decode())):
        if row["date"] == day:
            return {c: float(row[c]) for c in ("open", "high", "low", "close", "volume", "amount")}
    raise LookupError(f"{symbol} has no row of {day}")


@pytest.mark.parametrize(
    ("preset", "symbol"),
    [
        ("datayes_shanghai", "600519.SH"),
        ("mixed_trades", "000001.SZ"),
        ("mixed_trades", "600000.SH"),
    ],
)
def test_trades_make_the_official_daily_bar(
    real_data: Path, ingested: Ingested, preset: str, symbol: str
) -> None:
    rows = ingested(preset)["trades"].frame.filter(pl.col("symbol") == symbol)
    price, volume = rows["price"].to_numpy(), rows["volume"].to_numpy()
    # Whole fen, so that the sum is exact.
    amount = int((np.rint(price * 100).astype(np.int64) * volume).sum()) / 100
    made = (price[0], price.max(), price.min(), price[-1], volume.sum(), amount)
    expected = official(real_data, symbol, "2023-02-01")
    assert made == tuple(expected.values())


def test_flag_and_ids_agree(
    ingested: Ingested, record_property: Callable[[str, object], None]
) -> None:
    """The mismatch rate of the active side is 0 of 26,572 and 0 of 14,572."""
    for preset, compared in (("datayes_shanghai", 26_572), ("mixed_trades", 14_572)):
        notes = ingested(preset)["trades"].notes
        assert notes[trades.COMPARED] == compared
        differs = notes.get(trades.DIFFERS, 0)
        record_property(f"{preset}: sides that differ", f"{differs} of {compared}")
        assert differs == 0


def test_moutai_as_published(ingested: Ingested) -> None:
    """3,397,389 shares and 6,244,678,924.61 CNY; nothing is wrong with the files."""
    found = ingested("datayes_shanghai")
    last = found["snapshots"].frame.tail(1).row(0, named=True)
    assert (last["volume"], last["amount"], last["trades"]) == (3_397_389, 6_244_678_924.61, 27_135)
    assert found["trades"].frame.height == 27_135
    for batch in found.values():
        assert batch.quarantined.is_empty()
    assert set(found["trades"].notes) == {trades.COMPARED}
    assert found["orders"].notes == {}
    assert found["trades"].frame["side"].value_counts().sort("side").rows() == [
        *((-1, 13_971), (0, 563), (1, 12_601)),
    ]


def test_moutai_orders_as_entered(real_data: Path, ingested: Ingested) -> None:
    """Rebuilt against a plain loop over the lines: 39,067 listed orders are 58,117 entered ones."""
    batch = ingested("datayes_shanghai")["orders"]
    assert batch.repairs == {shanghai.PARTLY: 963, shanghai.FILLED: 19_050}
    files = {
        Path(name).name: list(csv.DictReader(io.StringIO(content.decode())))
        for name, content in members(str(real_data / "level2" / MOUTAI), "*.csv")
    }
    size: dict[int, int] = {}
    seq: dict[int, int] = {}
    worst: dict[int, float] = {}
    for row in files["trade.csv"]:
        if row["TradeBSFlag"] == "N":
            continue
        buys = row["TradeBSFlag"] == "B"
        mine = int(row["TradeBuyNo" if buys else "TradeSellNo"])
        price = round(float(row["TradPrice"]), 2)
        size[mine] = size.get(mine, 0) + int(row["TradVolume"])
        seq.setdefault(mine, int(row["BizIndex"]))
        worst[mine] = (max if buys else min)(worst.get(mine, price), price)
    for row in files["entrust.csv"]:
        if row["OrderType"] == "A":
            number = int(row["OrderNO"])
            size[number] = size.get(number, 0) + int(row["Balance"])
            seq.setdefault(number, int(row["BizIndex"]))
            worst[number] = round(float(row["OrderPrice"]), 2)
    rows = batch.frame.filter(~pl.col("cancel"))
    assert rows.height == 58_117
    assert dict(rows.select("id", "volume").rows()) == size
    assert dict(rows.select("id", "seq").rows()) == seq
    assert dict(rows.select("id", "price").rows()) == worst


def test_moutai_orders_are_whole(ingested: Ingested) -> None:
    """No order has more fills and cancels than shares; all but what rests at the close is gone."""
    found = ingested("datayes_shanghai")
    events, fills = found["orders"].frame, found["trades"].frame
    gone = pl.concat(
        [
            fills.select(id="buy_id", gone="volume"),
            fills.select(id="sell_id", gone="volume"),
            events.filter("cancel").select("id", gone="volume"),
        ]
    )
    total = gone.group_by("id").agg(pl.col("gone").sum())
    orders = events.filter(~pl.col("cancel")).join(total, on="id", how="left")
    assert total.join(orders, on="id", how="anti").is_empty()
    left = orders["volume"] - orders["gone"].fill_null(0)
    assert (left >= 0).all()
    taken = orders.join(events.filter("cancel").select("id"), on="id", how="semi")
    assert (taken["volume"] == taken["gone"]).all(), "a cancel takes back all that is left"


def test_every_snapshot_is_a_moment_of_the_trades(ingested: Ingested) -> None:
    """Volume, amount and number of trades of every snapshot are sums up to one trade.

    Stamps are whole seconds and may stand before trades of that second which are in it: taken by
    time alone 64 % of the snapshots agree.
    """
    found = ingested("datayes_shanghai")
    fills, snaps = found["trades"].frame, found["snapshots"].frame
    volume, amount = (
        np.concatenate([[0], np.cumsum(x)])
        for x in (fills["volume"], (fills["price"] * fills["volume"]).round(2))
    )
    place = np.searchsorted(volume, snaps["volume"])
    np.testing.assert_array_equal(volume[place], snaps["volume"])
    np.testing.assert_array_equal(place, snaps["trades"])
    np.testing.assert_allclose(amount[place], snaps["amount"], atol=0.5, rtol=0)
    by_time = np.searchsorted(fills["time"], snaps["time"], side="right")
    assert np.mean(by_time == place) == pytest.approx(0.6405, abs=1e-4)
    inside = place > 0
    late = fills["time"].to_numpy()[place[inside] - 1] - snaps["time"].to_numpy()[inside]
    assert late.max() < 1_000
    assert (np.diff(snaps["time"]) > 0).all()
    assert found["snapshots"].repairs == {
        snapshots.NOTHING: 31,
        snapshots.AFTER_HOURS: 36,
        snapshots.SUPERSEDED: 10,
    }


def test_mixed_file(ingested: Ingested) -> None:
    """SZ: 133,815 trades, 32,996 cancels with an id each; SH: 14,872 trades by BizIndex."""
    found = ingested("mixed_trades")
    counts = found["trades"].frame["symbol"].value_counts().sort("symbol").rows()
    assert counts == [("000001.SZ", 133_815), ("600000.SH", 14_872)]
    cancels = found["orders"].frame
    assert cancels.height == 32_996
    assert cancels["cancel"].all()
    assert cancels["side"].is_in([1, -1]).all()
    assert (cancels["id"] < cancels["seq"]).all()


def test_ten_levels(ingested: Ingested) -> None:
    batch = ingested("md_snapshots")["snapshots"]
    rows = batch.frame
    assert rows["symbol"].unique().sort().to_list() == [
        *("000400.SZ", "300122.SZ", "300274.SZ", "300288.SZ", "300918.SZ"),
    ]
    assert rows.height + batch.repairs[snapshots.NOTHING] == 20_980
    best = rows.filter(pl.col("bid_price1").is_not_null(), pl.col("ask_price1").is_not_null())
    assert (best["bid_price1"] <= best["ask_price1"]).all()
    free = best.filter(pl.col("time").is_between(34_200_000, 53_819_999))
    assert (free["bid_price1"] < free["ask_price1"]).all()
    for k in range(2, 11):
        assert (rows[f"bid_price{k}"] < rows[f"bid_price{k - 1}"]).all()
        assert (rows[f"ask_price{k}"] > rows[f"ask_price{k - 1}"]).all()
    assert free["bid_orders10"].null_count() < free.height / 100
    assert batch.notes == {}
