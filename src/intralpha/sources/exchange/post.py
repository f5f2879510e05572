"""Post: writes what the exchanges publish of the simulated market as files of a vendor's layout."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from intralpha.base import ConfigError
from intralpha.sources.exchange.floor import Floor
from intralpha.sources.exchange.market import SimulatedMarket
from intralpha.sources.exchange.publish import shanghai_files, shenzhen_files
from intralpha.sources.exchange.tape import Tape


class UnknownStockError(ConfigError):
    """A symbol that the simulated market does not have."""

    def __init__(self, missing: list[str], market: SimulatedMarket) -> None:
        self.missing = missing
        first, last = market.symbols[0], market.symbols[-1]
        super().__init__(
            f"the simulated market has no {', '.join(missing)}; it has {len(market.symbols)} "
            f"stocks from {first} to {last}.\nHint: stocks are listed in `instruments`."
        )


def write_published(
    market: SimulatedMarket, folder: Path, symbols: list[str] | None = None
) -> Iterator[tuple[date, int]]:
    """Write order and trade files, session by session; a session that is there is not made again.

    Parameters
    ----------
    market : its sessions are traded, whatever the stocks asked for
    folder : gets ``20230103/600001.SH/entrust.csv`` and ``trade.csv`` for Shanghai,
        ``20230103/000001.SZ/order.csv`` and ``trade.csv`` for Shenzhen
    symbols : stocks to write; default: all

    Yields
    ------
    The session and how many stock-days were written; 0 if it was there. A session appears under
    its name only when it is whole.

    Raises
    ------
    UnknownStockError
    """
    names = dict(zip(market.stock_symbols, range(len(market.stock_symbols)), strict=True))
    missing = [s for s in symbols or [] if s not in set(market.symbols.tolist())]
    if missing:
        raise UnknownStockError(missing, market)
    wanted = {names[s] for s in symbols or market.symbols.tolist()}
    floor = Floor(market.spec.seed, market.spec.habits)
    for day in market.days():
        done = folder / f"{day.on:%Y%m%d}"
        if done.is_dir():
            yield day.on, 0
            continue
        partial = folder / f".{done.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        tapes = {i: tape for i, tape in floor.trade(day)[1].items() if i in wanted}
        for i, tape in tapes.items():
            _write(partial / market.stock_symbols[i], tape, day.on)
        partial.rename(done)
        yield day.on, len(tapes)


def _write(folder: Path, tape: Tape, on: date) -> None:
    """Two files of one stock-day."""
    folder.mkdir()
    code = folder.name[:6]
    if folder.name.endswith("SH"):
        files: dict[str, pl.DataFrame] = dict(
            zip(("entrust", "trade"), shanghai_files(tape, code), strict=True)
        )
    else:
        files = dict(zip(("order", "trade"), shenzhen_files(tape, code, on), strict=True))
    for name, rows in files.items():
        rows.write_csv(folder / f"{name}.csv")
