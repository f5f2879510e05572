"""Rows of trades and orders: valid tables that agree with the bars made beside them."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from intralpha.market import Lake, validate
from intralpha.sources import ingest
from intralpha.sources.exchange.market import SimulatedMarket, SimulatedSpec

SPEC = SimulatedSpec(
    n_assets=8,
    start=date(2023, 1, 3),
    end=date(2023, 1, 6),
    freq=5,
    ticks=("trades", "orders", "snapshots"),
)


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    parts: dict[str, list[pl.DataFrame]] = {}
    for batch in SimulatedMarket(SPEC).batches():
        parts.setdefault(batch.table, []).append(batch.frame)
    return {name: validate(name, pl.concat(frames)) for name, frames in parts.items()}


def test_trades_make_the_daily_rows(tables: dict[str, pl.DataFrame]) -> None:
    made = (
        tables["trades"]
        .sort("date", "symbol", "seq")
        .group_by("date", "symbol", maintain_order=True)
        .agg(
            open=pl.col("price").first(),
            high=pl.col("price").max(),
            low=pl.col("price").min(),
            close=pl.col("price").last(),
            volume=pl.col("volume").sum(),
            fen=(pl.col("price") * 100).round().cast(pl.Int64).mul(pl.col("volume")).sum(),
        )
    )
    daily = tables["daily"].join(made, on=["date", "symbol"], suffix="_made")
    assert daily.height == made.height > 25
    for name in ("open", "high", "low", "close", "volume"):
        assert daily[name].to_list() == daily[f"{name}_made"].to_list()
    assert (daily["amount"] * 100).round().cast(pl.Int64).to_list() == daily["fen"].to_list()


def test_the_last_snapshot_is_the_day(tables: dict[str, pl.DataFrame]) -> None:
    last = tables["snapshots"].sort("time").group_by("date", "symbol").last()
    both = tables["daily"].join(last, on=["date", "symbol"], suffix="_seen")
    assert both.height == last.height > 25
    assert both["last"].to_list() == both["close"].to_list()
    assert both["volume_seen"].to_list() == both["volume"].to_list()
    assert both["amount_seen"].to_list() == pytest.approx(both["amount"].to_list(), rel=1e-12)


def test_bars_hold_all_trades(tables: dict[str, pl.DataFrame]) -> None:
    bars = tables["bars"].group_by("date", "symbol").agg(pl.col("trades").sum())
    counted = tables["trades"].group_by("date", "symbol").agg(pl.len().cast(pl.Int64).alias("n"))
    both = bars.join(counted, on=["date", "symbol"])
    assert both["trades"].cast(pl.Int64).to_list() == both["n"].to_list()


def test_orders_are_trades_cancels_and_rest(tables: dict[str, pl.DataFrame]) -> None:
    key = ["date", "symbol", "id"]
    orders = tables["orders"]
    entered = orders.filter(~pl.col("cancel")).select(*key, "side", "volume")
    taken = orders.filter("cancel").group_by(key).agg(taken=pl.col("volume").sum())
    filled = pl.concat(
        [
            tables["trades"].select("date", "symbol", pl.col(c).alias("id"), "volume")
            for c in ("buy_id", "sell_id")
        ]
    )
    filled = filled.group_by(key).agg(filled=pl.col("volume").sum())
    whole = entered.join(taken, on=key, how="left").join(filled, on=key, how="left").fill_null(0)
    assert whole.height == entered.height
    rest = whole["volume"] - whole["taken"] - whole["filled"]
    assert (rest >= 0).all()
    assert (rest.filter(whole["taken"] > 0) == 0).all()
    assert filled.join(entered, on=key, how="anti").height == 0


def test_a_preset_is_a_start_that_other_keys_change() -> None:
    spec = SimulatedSpec.model_validate({"preset": "tiny", "seed": 4, "end": "2023-01-20"})
    assert (spec.n_assets, spec.seed, spec.end) == (12, 4, date(2023, 1, 20))
    assert SimulatedSpec(preset="demo").n_assets == 300
    with pytest.raises(ValidationError, match="tiny"):
        SimulatedSpec.model_validate({"preset": "huge"})


@pytest.mark.slow
def test_lakes_are_the_same_for_any_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {}
    for threads in (1, 2, 4):
        monkeypatch.setenv("INTRALPHA_THREADS", str(threads))
        lake = Lake(tmp_path / str(threads), create=True)
        ingest([SPEC], lake, show_progress=False)
        files[threads] = {
            p.relative_to(lake.root).as_posix(): p.read_bytes()
            for p in sorted(lake.root.rglob("*.parquet"))
        }
    assert len(files[1]) > 10
    assert files[1] == files[2] == files[4]
