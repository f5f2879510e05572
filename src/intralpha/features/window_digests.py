"""WindowDigests: digests of everything that values of a window of sessions depend on.

No bars are read: a digest is made of checksums of the manifest and of daily numbers.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from jaxtyping import Int, Shaped
from numpy import ndarray

from intralpha.features.session_reader import BLOCK_SESSIONS
from intralpha.market import Lake

IN_WINDOW, ON_THE_DAY = ("suspended", "adj_factor"), ("up_limit", "down_limit")


@dataclass(frozen=True, eq=False)
class WindowDigests:
    """Keys of some sessions.

    Attributes
    ----------
    keys : position among the lake's sessions -> key
    symbols : str, sorted; stocks with a daily row in any of the windows, indices left out
    """

    keys: dict[int, str]
    symbols: ndarray


def index_symbols(lake: Lake) -> Shaped[ndarray, "S"]:
    """Symbols that are indices, sorted."""
    table = lake.scan("instruments").filter(pl.col("board") == "index").select("symbol")
    return table.collect()["symbol"].sort().to_numpy().astype(str)


def window_digests(
    lake: Lake,
    sessions: Shaped[ndarray, "N"],
    wanted: Int[ndarray, "D"],
    length: int,
    about: str,
) -> WindowDigests:
    """Keys of the sessions ``wanted``, each with the ``length - 1`` before it.

    A key holds, of every session of the window, the checksums of its minutes and opening auctions
    (also that there are none) and who was suspended and the adjustment factor; of the last one the
    price limits, too. A stock without a daily row is not in it.

    Parameters
    ----------
    lake : with ``daily``
    sessions : of ``daily``, ascending
    wanted : int, positions among them
    length : sessions in a window
    about : what else the values depend on

    Notes
    -----
    Peak memory: 120 sessions of four daily columns.
    """
    first = np.maximum(wanted - length + 1, 0)
    inside = [np.arange(a, b + 1) for a, b in zip(first, wanted, strict=True)]
    needed = np.unique(np.concatenate([np.empty(0, np.int64), *inside]))
    part = _Sessions(lake, sessions)
    found = {n: content for block in _blocks(needed) for n, content in part.read(block)}
    keys = {}
    for a, b in zip(first.tolist(), wanted.tolist(), strict=True):
        parts = [about, *(found[n][0] for n in range(a, b + 1)), found[b][1]]
        keys[b] = hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()
    return WindowDigests(keys, np.array(sorted(part.symbols), dtype=str))


def _blocks(needed: ndarray) -> Iterator[ndarray]:
    """Positions that span no more than a block of sessions each."""
    while len(needed):
        end = int(np.searchsorted(needed, needed[0] + BLOCK_SESSIONS))
        yield needed[:end]
        needed = needed[end:]


class _Sessions:
    """What values take from single sessions, in two digests: always, and from the last one."""

    def __init__(self, lake: Lake, sessions: ndarray) -> None:
        self._lake, self._sessions = lake, sessions
        self._bars, self._auctions = lake.checksums("bars", 1), lake.checksums("auctions")
        self._indices = index_symbols(lake)
        self.symbols: set[str] = set()

    def read(self, block: ndarray) -> Iterator[tuple[int, tuple[str, str]]]:
        """Digests of some sessions, by position."""
        days = self._sessions[block]
        columns = [pl.col(n).cast(pl.Float64) for n in (*IN_WINDOW, *ON_THE_DAY)]
        rows = self._lake.scan("daily", days[0].item(), days[-1].item())
        stocks = rows.filter(~pl.col("symbol").is_in(self._indices.tolist()))
        frame = stocks.select("date", "symbol", *columns).sort("date", "symbol").collect()
        dates = frame["date"].to_numpy()
        edges = np.stack([np.searchsorted(dates, days, side) for side in ("left", "right")])
        numbers = {c: frame[c].to_numpy() for c in (*IN_WINDOW, *ON_THE_DAY)}
        for number, (lo, hi) in zip(block.tolist(), edges.T.tolist(), strict=True):
            symbols = frame["symbol"][lo:hi].to_list()
            self.symbols.update(symbols)
            yield number, self._digests(number, symbols, {c: x[lo:hi] for c, x in numbers.items()})

    def _digests(
        self, number: int, symbols: list[str], numbers: dict[str, ndarray]
    ) -> tuple[str, str]:
        on = self._sessions[number].item()
        head = "\n".join([str(on), self._bars.get(on, "-"), self._auctions.get(on, "-"), *symbols])
        return _digest(head, numbers, IN_WINDOW), _digest(head, numbers, ON_THE_DAY)


def _digest(head: str, numbers: dict[str, ndarray], names: tuple[str, ...]) -> str:
    digest = hashlib.blake2b(head.encode(), digest_size=12)
    for name in names:
        digest.update(np.ascontiguousarray(numbers[name]).tobytes())
    return digest.hexdigest()
