"""Files of the simulated exchanges on disk: layout, resuming, and the truth recovered from them."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from intralpha.cli.main import app
from intralpha.sources import SimulatedMarket, SimulatedSpec, write_published
from intralpha.sources.exchange.layouts.layout import (
    UnknownLayoutError,
    UnknownStockError,
    layout_of,
)

SPEC = SimulatedSpec(n_assets=6, start=date(2023, 1, 3), end=date(2023, 1, 5), freq=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("post")
    written = dict(write_published(SimulatedMarket(SPEC), root))
    assert sum(written.values()) == len(list(root.glob("2023*/*")))
    return root


def test_trades_in_the_files_make_the_daily_bar(folder):
    market = SimulatedMarket(SPEC)
    daily = pl.concat(b.frame for b in market.batches() if b.table == "daily")
    checked = 0
    for stock in folder.glob("2023*/*"):
        on = date.fromisoformat(
            f"{stock.parent.name[:4]}-{stock.parent.name[4:6]}-{stock.parent.name[6:]}"
        )
        trades = pl.read_csv(stock / "trade.csv", schema_overrides={"ExecType": pl.String})
        if stock.name.endswith("SH"):
            price, volume = trades["TradPrice"], trades["TradVolume"]
        else:
            trades = trades.filter(pl.col("ExecType") == "F")
            price, volume = trades["TradePrice"], trades["TradeQty"]
        row = daily.row(
            by_predicate=(pl.col("symbol") == stock.name) & (pl.col("date") == on), named=True
        )
        assert volume.sum() == row["volume"]
        assert (price[0], price.max(), price.min(), price[-1]) == pytest.approx(
            tuple(row[n] for n in ("open", "high", "low", "close")), abs=1e-9
        )
        checked += 1
    assert checked >= 12


def test_a_session_that_is_there_is_kept_and_a_partial_one_made_again(folder, tmp_path):
    market = SimulatedMarket(SPEC)
    (tmp_path / ".20230103.partial" / "rubbish").mkdir(parents=True)
    (tmp_path / "20230104").mkdir()
    written = dict(write_published(market, tmp_path))
    assert written[date(2023, 1, 4)] == 0
    assert not list((tmp_path / "20230104").iterdir())
    assert not (tmp_path / ".20230103.partial").exists()
    for file in sorted((folder / "20230103").rglob("*.csv")):
        other = tmp_path / file.relative_to(folder)
        assert other.read_bytes() == file.read_bytes()


def test_only_the_stocks_asked_for(tmp_path):
    market = SimulatedMarket(SPEC)
    list(write_published(market, tmp_path, ["000001.SZ"]))
    assert {p.name for p in tmp_path.glob("2023*/*")} == {"000001.SZ"}
    with pytest.raises(UnknownStockError, match=r"no 600519\.SH; it has"):
        list(write_published(market, tmp_path / "none", ["600519.SH"]))
    assert not (tmp_path / "none").exists()


def test_the_command_says_what_it_wrote(tmp_path):
    arguments = ["simulate", str(tmp_path / "f"), "--preset", "tiny", "--end", "2023-01-04"]
    result = CliRunner().invoke(app, [*arguments, "--symbol", "600001.SH"])
    assert result.exit_code == 0, result.output
    assert "2 stock-days written, 2 sessions" in result.output
    assert {p.name for p in (tmp_path / "f" / "20230103" / "600001.SH").iterdir()} == {
        "entrust.csv",
        "trade.csv",
    }


def test_layouts_are_listed_and_a_wrong_name_has_its_nearest(tmp_path):
    listed = CliRunner().invoke(app, ["simulate", str(tmp_path), "--layout", "list"])
    assert listed.exit_code == 0
    assert "exchanges" in listed.output
    with pytest.raises(UnknownLayoutError, match="did you mean exchanges"):
        layout_of("exchange")
    lacking = CliRunner().invoke(app, ["simulate", str(tmp_path)])
    assert lacking.exit_code == 2
