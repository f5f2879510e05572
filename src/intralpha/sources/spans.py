"""Spans: which days a source will bring, as far as that is cheap to know before it is ingested."""

from datetime import date
from pathlib import Path

from intralpha.sources.exchange.market import SimulatedSpec
from intralpha.sources.files import locate
from intralpha.sources.mapping import MappingSpec
from intralpha.sources.raw_rows import read_rows
from intralpha.sources.source import SourceSpec

READ_AT_MOST = 1 << 26  # bytes of a vendor's files, which take a few seconds


def span_of(spec: SourceSpec) -> tuple[date, date] | None:
    """First and last day that a source has rows of; None where that is not known.

    A simulated market says them; a vendor's files are read for them where they are small.

    Parameters
    ----------
    spec : the source

    Raises
    ------
    PathError, SourceError
        Files that are read for it are not there, or cannot be read at all.
    """
    if isinstance(spec, SimulatedSpec):
        return spec.start, spec.end
    if not isinstance(spec, MappingSpec) or _size(locate(spec.path)) > READ_AT_MOST:
        return None
    first, last = [], []
    for file in read_rows(spec.path, spec.pattern or f"*.{spec.format}", spec.form):
        if file.rows.height:
            first.append(file.rows["date"].min())
            last.append(file.rows["date"].max())
    return (min(first), max(last)) if first else None


def _size(root: Path) -> int:
    """Bytes of all files behind a path."""
    files = root.rglob("*") if root.is_dir() else root.parent.glob(root.name)
    return sum(file.stat().st_size for file in files if file.is_file())
