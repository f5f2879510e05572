"""FactorStore: daily values that were computed once, so that a new day costs a day.

A file holds some factors of one session. It is named by what they were made from (the bars'
checksum, the numbers of the day, frame and segments), and a factor by its expression, so nothing
stale is ever read: a changed file, limit price or formula is another name.
"""

import hashlib
import json
from datetime import date

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from intralpha.base import spec_hash
from intralpha.features.bar_day import CACHE
from intralpha.features.language.library import Library
from intralpha.features.session_reader import Session
from intralpha.market import Lake
from intralpha.market.manifest import replacing

MACHINE_VERSION = 1


def factor_keys(library: Library) -> tuple[str, ...]:
    """What each factor's values are filed under."""
    return tuple(
        spec_hash(" ".join(f.expr.split()), f.on_locked, MACHINE_VERSION) for f in library.factors
    )


class FactorStore:
    """Values of one frame and segmentation, in ``.cache`` inside the lake.

    Parameters
    ----------
    lake : the values are of
    frame : folder: frame, frequency of the bars, minutes of a segment
    """

    def __init__(self, lake: Lake, frame: str, freq: int) -> None:
        self._folder = lake.root / CACHE / "factors" / frame
        self._checksums = lake.checksums("bars", freq)

    def key(self, session: Session) -> str:
        """Name of everything a session's values depend on."""
        digest = hashlib.blake2b(self._checksums[session.on].encode(), digest_size=12)
        digest.update("\n".join(session.day.symbols.tolist()).encode())
        for name, values in sorted(session.numbers.items()):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def load(self, on: date, key: str, wanted: tuple[str, ...]) -> dict[str, ndarray]:
        """Factor -> values [segments], of those that are there."""
        out: dict[str, ndarray] = {}
        for about in sorted(self._folder.glob(f"{on}.{key}.*.json")):
            names = json.loads(about.read_text())
            here = [n for n in names if n in wanted and n not in out]
            if here:
                values = np.load(about.with_suffix(".npy"), mmap_mode="r")
                out |= {n: values[names.index(n)] for n in here}
        return out

    def keep(
        self, on: date, key: str, names: tuple[str, ...], values: Float32[ndarray, "S F"]
    ) -> None:
        """File values of some factors; what the session had under another key is dropped."""
        stale = [p for p in self._folder.glob(f"{on}.*") if p.name.split(".")[1] != key]
        path = self._folder / f"{on}.{key}.{spec_hash(*names)}.npy"
        with replacing(path) as partial, partial.open("wb") as handle:
            np.save(handle, np.ascontiguousarray(values.T))
        with replacing(path.with_suffix(".json")) as partial:
            partial.write_text(json.dumps(names))
        for old in stale:
            old.unlink(missing_ok=True)
