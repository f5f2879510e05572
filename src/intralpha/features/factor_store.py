"""FactorStore: daily values that were computed once, so that a new day costs a day.

A file holds some factors of one session. It is named by what they were made from (the bars'
checksum, the numbers of the day, frame and segments; of a window, those of all its sessions), and
a factor by its expression, so nothing stale is ever read: a changed file, limit price or formula is
another name.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Shaped
from numpy import ndarray

from intralpha.base import spec_hash
from intralpha.base.summed import load_summed, save_summed
from intralpha.features.language.library import Library
from intralpha.features.session_reader import Session
from intralpha.market import Lake
from intralpha.market.bar_day import CACHE
from intralpha.market.manifest import replacing

MACHINE_VERSION = 3


def factor_keys(library: Library) -> tuple[str, ...]:
    """What each factor's values are filed under."""
    return tuple(
        spec_hash(" ".join(f.expr.split()), f.on_locked, MACHINE_VERSION) for f in library.factors
    )


class FactorStore:
    """Values of one frame and segmentation, in ``.cache`` inside the lake.

    The folder is listed once, when it is first needed: what another process files later is computed
    again, and what it drops counts as absent.

    Parameters
    ----------
    lake : the values are of
    frame : folder: frame, frequency of the bars, minutes of a segment
    freq : minutes of the bars
    """

    def __init__(self, lake: Lake, frame: str, freq: int) -> None:
        self._folder = lake.root / CACHE / "factors" / frame
        self._checksums = lake.checksums("bars", freq)
        self._listed: dict[str, set[str]] | None = None

    @property
    def folder(self) -> Path:
        """Where the files are; it can be deleted at any time."""
        return self._folder

    def key(self, session: Session) -> str:
        """Name of everything a session's values depend on."""
        digest = hashlib.blake2b(self._checksums[session.on].encode(), digest_size=12)
        digest.update("\n".join(session.day.symbols.tolist()).encode())
        for name, values in sorted(session.numbers.items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def names(self, on: date, key: str) -> set[str]:
        """Factors that are there."""
        return {n for _, names in self._parts(on, key) for n in names}

    def symbols(self, on: date, key: str) -> Shaped[ndarray, "S"]:
        """Stocks of the values; empty where none were filed with them."""
        try:
            found = load_summed(self._folder / f"{on}.{key}.symbols.npy")
        except FileNotFoundError:
            found = None
        return np.empty(0, dtype=str) if found is None else found

    def load(self, on: date, key: str, wanted: tuple[str, ...]) -> dict[str, Float32[ndarray, "S"]]:
        """Factor -> values [segments], of those that are there.

        Parameters
        ----------
        on, key : as for :meth:`keep`
        wanted : factors, what :func:`factor_keys` says

        Returns
        -------
        dict of float32 [S], mapped from the files
            Without the factors that are not there, or whose file is damaged.
        """
        out: dict[str, ndarray] = {}
        for about, names in self._parts(on, key):
            here = [n for n in names if n in wanted and n not in out]
            if here:
                try:
                    values = load_summed(about.with_suffix(".npy"))
                except FileNotFoundError:  # another process dropped it
                    continue
                if values is None or len(values) != len(names):
                    continue
                out |= {n: values[names.index(n)] for n in here}
        return out

    def keep(
        self,
        on: date,
        key: str,
        names: tuple[str, ...],
        values: Float32[ndarray, "S F"],
        symbols: Shaped[ndarray, "S"] | None = None,
    ) -> None:
        """File values of some factors; what the session had under another key is dropped.

        Parameters
        ----------
        on, key : session, and the name of what the values depend on
        names : factors, what :func:`factor_keys` says
        values : float32 [S, F]
        symbols : str [S], where the values are not those of all stocks with bars on the day; the
            same ones every time for one key
        """
        stale = [n for n in self._files(on) if n.split(".")[1] != key]
        if symbols is not None:
            self._write(on, f"{on}.{key}.symbols.npy", symbols)
        name = f"{on}.{key}.{spec_hash(*names)}"
        self._write(on, f"{name}.npy", np.ascontiguousarray(values.T))
        with replacing(self._folder / f"{name}.json") as partial:
            partial.write_text(json.dumps(names))
        self._files(on).add(f"{name}.json")
        for old in stale:
            (self._folder / old).unlink(missing_ok=True)
            self._files(on).discard(old)

    def _write(self, on: date, name: str, values: ndarray) -> None:
        with replacing(self._folder / name) as partial:
            save_summed(partial, values)
        self._files(on).add(name)

    def _parts(self, on: date, key: str) -> Iterator[tuple[Path, list[str]]]:
        """Files of a session that are whole, and the factors in each."""
        for name in sorted(self._files(on)):
            if name.startswith(f"{on}.{key}.") and name.endswith(".json"):
                try:
                    names = json.loads((self._folder / name).read_text())
                except (FileNotFoundError, ValueError):  # dropped by another process, or damaged
                    continue
                if name == f"{on}.{key}.{spec_hash(*names)}.json":
                    yield self._folder / name, names

    def _files(self, on: date) -> set[str]:
        """Names of the files of a session; a listing for every session would cost the square."""
        if self._listed is None:
            self._listed = {}
            for path in self._folder.iterdir() if self._folder.is_dir() else ():
                self._listed.setdefault(path.name.split(".")[0], set()).add(path.name)
        return self._listed.setdefault(str(on), set())


class KeptValues:
    """Values of a library's factors: those that are filed, and what is computed for the rest.

    Parameters
    ----------
    store : None: nothing is filed, everything is computed
    library : whose factors
    """

    def __init__(self, store: FactorStore | None, library: Library) -> None:
        self._store, self._names = store, factor_keys(library)

    def values(
        self,
        session: Session,
        more: str,
        compute: Callable[[tuple[int, ...]], Float32[ndarray, "S some"]],
    ) -> Float32[ndarray, "S F"]:
        """Values of all factors on a session; what was missing is filed.

        Parameters
        ----------
        session : with the numbers that the values depend on
        more : what else they depend on
        compute : values of some factors, by their places; of all for none
        """
        if self._store is None:
            return compute(())
        key = self._store.key(session)
        key = spec_hash(key, more)[:24] if more else key
        have = self._store.load(session.on, key, self._names)
        missing = tuple(i for i, name in enumerate(self._names) if name not in have)
        if missing:
            made = compute(missing)
            names = tuple(self._names[i] for i in missing)
            self._store.keep(session.on, key, names, made)
            have |= dict(zip(names, made.T, strict=True))
        return np.stack([have[name] for name in self._names], axis=1)
