"""The store: what nodes made, a slice at a time, under addresses that say what it was made of."""

import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from intralpha.base import DataError, Panel
from intralpha.base.panel import as_days

FACTS = "artifact.json"
DAYS = "days"


class UnknownArtifactError(DataError):
    """No artifact of that address is in the store."""

    def __init__(self, kind: str, key: str, root: Path) -> None:
        self.kind, self.key, self.root = kind, key, root
        super().__init__(
            f"no artifact {kind}/{key} under {root}.\nHint: `intralpha ls` lists what is there."
        )


@dataclass(frozen=True)
class Artifact:
    """A finished folder and the facts of its making.

    Attributes
    ----------
    kind : of the node, such as ``weights``
    key : address
    path : folder with the files
    facts : node, slice, spec, inputs, code, git commit, seconds and time of making
    """

    kind: str
    key: str
    path: Path
    facts: dict[str, Any]


class Store:
    """A folder of artifacts; each appears complete or not at all.

    Folders lie under ``KIND/ADDRESS``, days of Panels in one small file each under
    ``KIND/days/AD/ADDRESS``. A day's file holds the stocks that have any value, so that it does not
    depend on which others the lake knows.

    Parameters
    ----------
    root : folder, made when the first artifact is written
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def has(self, kind: str, form: str, key: str) -> bool:
        """Whether a slice is finished.

        Parameters
        ----------
        kind : of the node
        form : ``days`` or ``folders``, see :class:`intralpha.base.node.Node`
        key : address
        """
        path = self._day(kind, key) if form == DAYS else self.root / kind / key / FACTS
        return path.is_file()

    def get(self, kind: str, key: str) -> Artifact:
        """A finished folder.

        Raises
        ------
        UnknownArtifactError
            There is none of that address.
        """
        path = self.root / kind / key
        if not (path / FACTS).is_file():
            raise UnknownArtifactError(kind, key, self.root)
        return Artifact(kind, key, path, json.loads((path / FACTS).read_text()))

    def work(self, kind: str, key: str) -> Path:
        """A folder that outlives a killed run, for work that is resumed."""
        folder = self.root / ".work" / f"{kind}-{key}"
        while not folder.is_dir():
            with suppress(FileNotFoundError):  # another worker, done, takes the empty place away
                folder.mkdir(parents=True, exist_ok=True)
        return folder

    def discard(self, folder: Path) -> None:
        """Remove a folder of :meth:`work`, and the place it stood in if that is empty."""
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            folder.parent.rmdir()

    def keep_folder(self, kind: str, key: str, made: Path, facts: dict[str, Any]) -> None:
        """Take a finished folder in; one of that address that is there is replaced.

        Parameters
        ----------
        kind : of the node
        key : address
        made : folder on the same disk, moved and not copied
        facts : of its making, as JSON can hold them (else as text), kept as ``artifact.json``
            with kind, key and time
        """
        target = self.root / kind / key
        target.parent.mkdir(parents=True, exist_ok=True)
        full = {"kind": kind, "key": key, **facts, "made": _now()}
        (made / FACTS).write_text(json.dumps(full, indent=1, default=str))
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)

    def keep_days(
        self,
        kind: str,
        keys: dict[np.datetime64, str],
        panel: Panel,
        since: np.ndarray | None = None,
    ) -> None:
        """File every day of a Panel that has an address.

        Parameters
        ----------
        kind : of the node
        keys : date -> address; each date must be on the Panel's axis
        panel : [D, A, F] or [D, T, A, F]; stocks without any finite value on a day are left out
        since : datetime64[D] [A], the day from which on each stock is known; before it, it is left
            out, or a day's file would tell which stocks were made with it. Default: all always are
        """
        times = None if panel.times is None else [t.isoformat() for t in panel.times]
        row = {day: i for i, day in enumerate(panel.dates)}
        for day, key in keys.items():
            values = panel.values[row[day]]
            other = tuple(i for i in range(values.ndim) if i != values.ndim - 2)
            there = np.isfinite(values).any(axis=other)
            kept = np.flatnonzero(there if since is None else there & (since <= day))
            head = {
                "date": str(day),
                "names": panel.names,
                "times": times,
                "symbols": self._keep_symbols(panel.assets[kept]),
            }
            self._write_day(self._day(kind, key), head, values[..., kept, :])

    def panel(
        self,
        kind: str,
        keys: Sequence[tuple[date, str]],
        assets: np.ndarray | None = None,
        into: Path | None = None,
    ) -> Panel:
        """Days of the store as one Panel.

        Parameters
        ----------
        kind : of the node
        keys : (date, address), ascending, at least one
        assets : axis; default: every symbol that a day holds. Those not held are NaN
        into : folder to save the Panel in, memory-mapped, instead of holding it

        Raises
        ------
        UnknownArtifactError
            A day is not there.
        """
        first = self._head(kind, keys[0][1])
        if assets is None:
            symbols = {self._head(kind, key)["symbols"] for _, key in keys}
            assets = np.unique(np.concatenate([self._symbols(s) for s in symbols]))
        times = None if first["times"] is None else tuple(map(time.fromisoformat, first["times"]))
        days = as_days([d for d, _ in keys])
        bars = () if times is None else (len(times),)
        shape = (len(days), *bars, len(assets), len(first["names"]))
        places: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        with Laying(into, shape, np.dtype(first["dtype"])) as values:
            for i, (_, key) in enumerate(keys):
                head, held = self._read(kind, key)
                name = head["symbols"]
                if name not in places:
                    places[name] = _places(assets, self._symbols(name))
                to, of = places[name]
                values[i, ..., to, :] = np.moveaxis(held[..., of, :], -2, 0)
        panel = Panel(values, days, assets, tuple(first["names"]), times)
        if into is not None:
            panel.save_axes(into)
            return Panel.load(into)
        return panel

    def size(self, kind: str, key: str) -> int:
        """Bytes of a day."""
        return self._day(kind, key).stat().st_size

    def note(self, kind: str, stem: str, facts: dict[str, Any]) -> None:
        """File what days were made from, once for all that are made from the same.

        Parameters
        ----------
        kind : of the node
        stem : hash of kind, code and spec, which all its days have in common; facts that were
            filed under it before stay
        facts : node, run, spec, inputs, reads and git commit
        """
        path = self.root / kind / "made" / f"{stem}.json"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f".{path.name}.{os.getpid()}")
            partial.write_text(
                json.dumps({"kind": kind, **facts, "made": _now()}, indent=1, default=str)
            )
            partial.replace(path)

    def all(self) -> list[Artifact]:
        """Every finished folder, oldest first."""
        found = [
            self.get(p.parent.parent.name, p.parent.name) for p in self.root.glob(f"*/*/{FACTS}")
        ]
        return sorted(found, key=lambda a: a.facts["made"])

    def days_by_kind(self) -> dict[str, tuple[int, int]]:
        """Kind -> number of days that are kept, and their bytes."""
        out: dict[str, tuple[int, int]] = {}
        for path in sorted(self.root.glob(f"*/{DAYS}/*/*")):
            count, size = out.get(path.parts[-4], (0, 0))
            out[path.parts[-4]] = (count + 1, size + path.stat().st_size)
        return out

    def addresses(self) -> dict[tuple[str, str], Path]:
        """(kind, address) -> file or folder of everything that is kept."""
        out = {
            (p.parent.parent.name, p.parent.name): p.parent for p in self.root.glob(f"*/*/{FACTS}")
        }
        return out | {(p.parts[-4], p.name): p for p in self.root.glob(f"*/{DAYS}/*/*")}

    def remove(self, paths: Iterable[Path]) -> None:
        """Delete artifacts."""
        for path in paths:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _day(self, kind: str, key: str) -> Path:
        return self.root / kind / DAYS / key[:2] / key

    def _write_day(self, path: Path, head: dict[str, Any], values: np.ndarray) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        text = json.dumps(head | {"dtype": str(values.dtype)}).encode()
        with partial.open("wb") as handle:
            np.save(handle, np.frombuffer(text, dtype=np.uint8))
            np.save(handle, np.ascontiguousarray(values))
        partial.replace(path)

    def _read(self, kind: str, key: str) -> tuple[dict[str, Any], np.ndarray]:
        """Head and values of a day."""
        with self._open(kind, key) as handle:
            return json.loads(_array(handle).tobytes()), _array(handle)

    def _head(self, kind: str, key: str) -> dict[str, Any]:
        with self._open(kind, key) as handle:
            return json.loads(_array(handle).tobytes())

    def _open(self, kind: str, key: str) -> BinaryIO:
        try:
            return self._day(kind, key).open("rb")
        except FileNotFoundError as error:
            raise UnknownArtifactError(kind, key, self.root) from error

    def _keep_symbols(self, symbols: np.ndarray) -> str:
        """File a list of symbols once; returns its name."""
        raw = np.char.encode(symbols.astype(str)) if len(symbols) else np.empty(0, dtype="S9")
        name = hashlib.blake2b(b"\n".join(raw.tolist()), digest_size=8).hexdigest()
        path = self.root / "symbols" / f"{name}.npy"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f".{name}.{os.getpid()}")
            with partial.open("wb") as handle:
                np.save(handle, raw)
            partial.replace(path)
        return name

    def _symbols(self, name: str) -> np.ndarray:
        return np.load(self.root / "symbols" / f"{name}.npy").astype(str)


def _array(handle: BinaryIO) -> np.ndarray:
    """The next array that NumPy saved in a file; what it says about a day takes longer to parse
    than the values to read.
    """
    np.lib.format.read_magic(handle)
    length = handle.read(2)
    shape, dtype = _form(length + handle.read(int.from_bytes(length, "little")))
    return np.frombuffer(handle.read(math.prod(shape) * dtype.itemsize), dtype).reshape(shape)


@cache
def _form(header: bytes) -> tuple[tuple[int, ...], np.dtype]:
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(BytesIO(header))
    assert not by_column, "days are written row by row"
    return shape, dtype


class Laying:
    """An array that is filled in memory, or in ``folder/values.npy``.

    Parameters
    ----------
    folder : None for memory
    shape, dtype : of the array, which begins as NaN
    """

    def __init__(self, folder: Path | None, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self._folder, self._shape, self._dtype = folder, shape, dtype

    def __enter__(self) -> np.ndarray:
        if self._folder is None:
            self._values = np.full(self._shape, np.nan, self._dtype)
        else:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / "values.npy"
            self._values = np.lib.format.open_memmap(path, "w+", self._dtype, self._shape)
            self._values[...] = np.nan
        return self._values

    def __exit__(self, *error: object) -> None:
        if isinstance(self._values, np.memmap):
            self._values.flush()


def _places(assets: np.ndarray, symbols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where symbols stand on the axis, and which of them stand on it at all."""
    _, to, of = np.intersect1d(assets, symbols, return_indices=True)
    return to, of


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
