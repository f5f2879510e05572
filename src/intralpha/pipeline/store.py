"""The store: what nodes made, a slice at a time, under addresses that say what it was made of."""

import hashlib
import io
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from intralpha.base import DataError, Panel
from intralpha.base.file_digest import file_digest
from intralpha.base.half import HalfPanel, halved, widened
from intralpha.base.mapped import mapped
from intralpha.base.panel import as_days
from intralpha.pipeline.day_file import DamagedBytesError, day_bytes, read_day

FACTS = "artifact.json"
FILES = "files"  # of the facts: name -> checksum
DAYS = "days"
EXPONENTS = "exponents"  # of a day's head, where it is kept as float16
log = logging.getLogger(__name__)


class UnknownArtifactError(DataError):
    """No artifact of that address is in the store."""

    def __init__(self, kind: str, key: str, root: Path) -> None:
        self.kind, self.key, self.root = kind, key, root
        super().__init__(
            f"no artifact {kind}/{key} under {root}.\nHint: `intralpha ls` lists what is there."
        )


class DamagedArtifactError(DataError):
    """An artifact is not what was filed: its bytes differ from their checksum, or are gone.

    Who makes artifacts takes it out of the store, so that it is made again.
    """

    def __init__(self, kind: str, key: str, path: Path, found: str) -> None:
        self.kind, self.key, self.path, self.found = kind, key, path, found
        super().__init__(
            f"{path} of artifact {kind}/{key} is damaged: {found}.\n"
            "Hint: `intralpha run` of the same recipe makes it again."
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
    read_only : whether what is damaged stays where it is, for who looks and makes nothing again
    """

    def __init__(self, root: Path, read_only: bool = False) -> None:
        self.root, self.read_only = root, read_only

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
        DamagedArtifactError
            A file of it is gone or differs from its checksum.
        """
        path = self.root / kind / key
        try:
            stat = (path / FACTS).stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise UnknownArtifactError(kind, key, self.root) from error
        fault = _fault(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns))
        if fault:
            if not self.read_only:
                shutil.rmtree(path, ignore_errors=True)
            raise DamagedArtifactError(kind, key, path / fault[0], fault[1])
        return Artifact(kind, key, path, json.loads((path / FACTS).read_text()))

    def work(self, kind: str, key: str, run: str = "") -> Path:
        """A folder that outlives a killed run, for work that is resumed.

        Parameters
        ----------
        kind : of the node
        key : address
        run : name of the recipe that works there; noted beside the folder, see :meth:`worker_of`
        """
        folder = self.root / ".work" / f"{kind}-{key}"
        while not folder.is_dir():
            with suppress(FileNotFoundError):  # another worker, done, takes the empty place away
                folder.mkdir(parents=True, exist_ok=True)
        if run and self.worker_of(folder) != run:
            with _put_in_place(_note_of(folder)) as partial:
                partial.write_text(run, encoding="utf-8")
        return folder

    def worker_of(self, folder: Path) -> str:
        """Name of the recipe that works in a folder of :meth:`work`, or did last; empty: unknown.

        A link is not followed: what is read is shown to people.
        """
        note = _note_of(folder)
        try:
            return "" if note.is_symlink() else note.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def discard(self, folder: Path) -> None:
        """Remove a folder of :meth:`work`, and the place it stood in if that is empty."""
        shutil.rmtree(folder, ignore_errors=True)
        _note_of(folder).unlink(missing_ok=True)
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
            with kind, key, time and a checksum of every file
        """
        target = self.root / kind / key
        target.parent.mkdir(parents=True, exist_ok=True)
        (made / FACTS).unlink(missing_ok=True)
        full = {"kind": kind, "key": key, **facts, "made": _now(), FILES: _checksums(made)}
        (made / FACTS).write_text(json.dumps(full, indent=1, default=str))
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)
        _note_of(made).unlink(missing_ok=True)

    def keep_days(
        self,
        kind: str,
        keys: dict[np.datetime64, str],
        panel: Panel,
        since: np.ndarray | None = None,
        half: bool = False,
    ) -> None:
        """File every day of a Panel that has an address.

        Parameters
        ----------
        kind : of the node
        keys : date -> address; each date must be on the Panel's axis
        panel : [D, A, F] or [D, T, A, F]; stocks without any finite value on a day are left out
        since : datetime64[D] [A], the day from which on each stock is known; before it, it is left
            out, or a day's file would tell which stocks were made with it. Default: all always are
        half : whether to keep float16, as of :func:`~intralpha.base.half.halved`; numbers that
            become 0 are counted in the day's file and in the log
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
            self._write_day(self._day(kind, key), head, values[..., kept, :], half)

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
        DamagedArtifactError
            The bytes of a day differ from their checksum.
        """
        with self._laid(kind, keys, assets, into, half=False) as (values, _, axes):
            panel = Panel(values, *axes)
        if into is not None:
            panel.save_axes(into)
            return Panel.load(into)
        return panel

    def half_panel(
        self, kind: str, keys: Sequence[tuple[date, str]], assets: np.ndarray, into: Path
    ) -> HalfPanel:
        """Days that are kept as float16, laid out as that.

        Parameters
        ----------
        kind, keys, assets, into : as of :meth:`panel`

        Raises
        ------
        UnknownArtifactError, DamagedArtifactError
            As of :meth:`panel`.
        """
        with self._laid(kind, keys, assets, into, half=True) as (values, exponents_DF, axes):
            HalfPanel(values, exponents_DF, *axes).save_axes(into)
        return HalfPanel.load(into)

    @contextmanager
    def _laid(
        self,
        kind: str,
        keys: Sequence[tuple[date, str]],
        assets: np.ndarray | None,
        into: Path | None,
        half: bool,
    ) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[Any, ...]]]:
        """Values of days on one axis, exponents [D, F] of those that are float16, and the axes."""
        first, held = self._read(kind, keys[0][1])
        if assets is None:
            symbols = {self._read(kind, key)[0]["symbols"]: key for _, key in keys}
            assets = np.unique(
                np.concatenate([self._symbols(kind, key, name) for name, key in symbols.items()])
            )
        times = None if first["times"] is None else tuple(map(time.fromisoformat, first["times"]))
        days, bars = as_days([d for d, _ in keys]), () if times is None else (len(times),)
        shape = (len(days), *bars, len(assets), len(first["names"]))
        exponents_DF = np.zeros((len(days), len(first["names"])), np.int16)
        places: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        kept = held.dtype if half else _wide(first, held[..., :0, :]).dtype
        with Laying(into, shape, kept) as values:
            for i, (_, key) in enumerate(keys):
                head, held = self._read(kind, key)
                name = head["symbols"]
                if name not in places:
                    places[name] = _places(assets, self._symbols(kind, key, name))
                to, of = places[name]
                one = held[..., of, :]
                values[i, ..., to, :] = np.moveaxis(one if half else _wide(head, one), -2, 0)
                exponents_DF[i] = head.get(EXPONENTS, 0)
        yield values, exponents_DF, (days, assets, tuple(first["names"]), times)

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
            with _put_in_place(path) as partial:
                partial.write_text(
                    json.dumps({"kind": kind, **facts, "made": _now()}, indent=1, default=str)
                )

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

    def _write_day(self, path: Path, head: dict[str, Any], values: np.ndarray, half: bool) -> None:
        if half:
            values, exponents_F, lost = halved(values)
            head = head | {EXPONENTS: exponents_F.tolist(), "lost": lost}
            if lost:
                log.info(
                    "float16: %s: %d of %d numbers too small beside the largest of their name "
                    "are kept as 0",
                    head["date"],
                    lost,
                    values.size,
                )
        with _put_in_place(path) as partial:
            partial.write_bytes(day_bytes(head, values))

    def _read(self, kind: str, key: str) -> tuple[dict[str, Any], np.ndarray]:
        """Head and values of a day."""
        path = self._day(kind, key)
        try:
            return read_day(path.read_bytes())
        except FileNotFoundError as error:
            raise UnknownArtifactError(kind, key, self.root) from error
        except DamagedBytesError as error:
            raise self._without(kind, key, path, str(error)) from error

    def _without(self, kind: str, key: str, path: Path, found: str) -> DamagedArtifactError:
        """Take a day out, and the file that is the reason."""
        for one in () if self.read_only else (self._day(kind, key), path):
            with suppress(OSError):
                one.unlink(missing_ok=True)
        return DamagedArtifactError(kind, key, path, found)

    def _keep_symbols(self, symbols: np.ndarray) -> str:
        """File a list of symbols once; returns its name."""
        raw = np.char.encode(symbols.astype(str)) if len(symbols) else np.empty(0, dtype="S9")
        name = _symbols_name(raw)
        path = self.root / "symbols" / f"{name}.npy"
        if not path.is_file():
            with _put_in_place(path) as partial, partial.open("wb") as handle:
                np.save(handle, raw)
        return name

    def _symbols(self, kind: str, key: str, name: str) -> np.ndarray:
        """A list of symbols that a day names."""
        path = self.root / "symbols" / f"{name}.npy"
        try:
            raw = np.load(io.BytesIO(path.read_bytes()))
            sound = _symbols_name(raw) == name
        except Exception:  # whatever NumPy makes of bytes that are none of its own
            sound, raw = False, np.empty(0, dtype="S9")
        if not sound:
            raise self._without(kind, key, path, "found other symbols than its name says")
        return raw.astype(str)


def _note_of(folder: Path) -> Path:
    """File beside a folder of work that names the recipe."""
    return folder.with_name(f"{folder.name}.run")


@contextmanager
def _put_in_place(path: Path) -> Iterator[Path]:
    """A temporary path that takes the name ``path`` when the block succeeds, and goes if not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _symbols_name(raw: np.ndarray) -> str:
    return hashlib.blake2b(b"\n".join(raw.tolist()), digest_size=8).hexdigest()


def _checksums(folder: Path) -> dict[str, str]:
    """Relative path -> SHA-256 of every file in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): file_digest(path).hex() for path in files}


@lru_cache(maxsize=2**14)
def _fault(folder: Path, stamp: tuple[int, int, int]) -> tuple[str, str] | None:
    """File of a finished folder that is not what was filed, and what it is; None: all are.

    Parameters
    ----------
    folder : filed before there were checksums, it is taken as it is
    stamp : of its facts, which are written once: a folder is looked at once in a process
    """
    del stamp
    try:
        facts = json.loads((folder / FACTS).read_text())
        expected = dict(facts.get(FILES, {}))
    except (ValueError, TypeError, AttributeError):
        return FACTS, "found no facts as JSON"
    found = _checksums(folder)
    for name, checksum in expected.items():
        if found.get(name) != checksum:
            there = "it is missing" if name not in found else "its bytes differ from their checksum"
            return name, there
    return None


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
            self._values = mapped(path, self._shape, self._dtype)
            self._values[...] = np.nan
        return self._values

    def __exit__(self, *error: object) -> None:
        if isinstance(self._values, np.memmap):
            self._values.flush()


def _wide(head: dict[str, Any], held: np.ndarray) -> np.ndarray:
    """Values of a day as they are worked with."""
    if EXPONENTS not in head:
        return held
    return widened(held, np.array(head[EXPONENTS], np.int16))


def _places(assets: np.ndarray, symbols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where symbols stand on the axis, and which of them stand on it at all."""
    _, to, of = np.intersect1d(assets, symbols, return_indices=True)
    return to, of


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
