"""Layout: the family of vendors' file layouts; and those that are made session by session."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import ClassVar

from intralpha.base import ConfigError, Kinded
from intralpha.sources.exchange.floor import Floor
from intralpha.sources.exchange.market import SimulatedMarket
from intralpha.sources.exchange.skeleton import Day
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


class UnknownLayoutError(ConfigError):
    """No layout has that name."""

    def __init__(self, name: str, hint: str) -> None:
        self.name = name
        super().__init__(f"no layout {name!r}; {hint}.\nHint: `--layout list` tells what each is.")


class Layout(Kinded):
    """How a vendor lays out files: headers, units, forms of codes, stamps.

    A new one is one file in this folder: a subclass of :class:`SessionLayout`, which gets every
    order and trade, or of :class:`~intralpha.sources.exchange.layouts.sheets.SheetLayout`, which
    gets tables.

    Attributes
    ----------
    about : what the files hold, in a line
    freq : minutes of the bars, where the layout has bars
    """

    homes: ClassVar[tuple[str, ...]] = ("intralpha.sources.exchange.layouts",)
    about: ClassVar[str]
    freq: ClassVar[int | None] = None

    def write(
        self, market: SimulatedMarket, folder: Path, symbols: list[str] | None = None
    ) -> Iterator[tuple[date, int]]:
        """Write the market's files.

        Parameters
        ----------
        market : its sessions are traded, whatever the stocks asked for
        folder : gets the files
        symbols : stocks to write; default: all

        Yields
        ------
        Every session, and how many stock-days of it were written; 0 if it was there.

        Raises
        ------
        UnknownStockError
        """
        raise NotImplementedError(f"{type(self).__name__} writes no files")


class SessionLayout(Layout):
    """A layout whose files hold one session each, made of what happened in it."""

    def files(self, day: Day, symbol: str, tape: Tape) -> Iterator[tuple[str, bytes]]:
        """Name, in the folder of the session, and content of every file of a stock-day.

        Parameters
        ----------
        day : the session
        symbol : of a stock that traded
        tape : all its orders, trades and cancels
        """
        raise NotImplementedError(f"{type(self).__name__} writes no files")

    def write(
        self, market: SimulatedMarket, folder: Path, symbols: list[str] | None = None
    ) -> Iterator[tuple[date, int]]:
        """Write a folder a session, which appears under its name only when it is whole.

        Parameters
        ----------
        market, folder, symbols : see :meth:`Layout.write`
        """
        wanted = set(asked(market, symbols))
        numbers = {i for i, symbol in enumerate(market.stock_symbols) if symbol in wanted}
        floor = Floor(market.spec.seed, market.spec.habits)
        for day in market.days():
            done = folder / f"{day.on:%Y%m%d}"
            if done.is_dir():
                yield day.on, 0
                continue
            partial = folder / f".{done.name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            tapes = {i: tape for i, tape in floor.trade(day)[1].items() if i in numbers}
            for i, tape in tapes.items():
                for name, content in self.files(day, market.stock_symbols[i], tape):
                    path = partial / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
            partial.rename(done)
            yield day.on, len(tapes)


def layout_of(name: str) -> Layout:
    """The layout of a name.

    Raises
    ------
    UnknownLayoutError
        With the nearest name.
    """
    found = Layout.of_kind(name)
    if found is None:
        raise UnknownLayoutError(name, Layout.hint(name))
    return found()  # type: ignore[return-value]


def layouts() -> dict[str, str]:
    """What each layout's files hold, by its name."""
    return {name: kind.about for name, kind in Layout.kinds().items()}  # type: ignore[attr-defined]


def asked(market: SimulatedMarket, symbols: list[str] | None) -> list[str]:
    """The stocks that were asked for, else all of them.

    Raises
    ------
    UnknownStockError
    """
    there: list[str] = market.symbols.tolist()
    missing = [s for s in symbols or [] if s not in set(there)]
    if missing:
        raise UnknownStockError(missing, market)
    return symbols or there
