"""Reader of index membership: lines of code, first day, last day."""

from collections.abc import Iterator
from typing import Literal

import polars as pl
from pydantic import Field

from intralpha.base.place import PlacePath
from intralpha.sources.files import fingerprint, members
from intralpha.sources.source import QUARANTINE, Batch, Source, SourceError, SourceSpec
from intralpha.sources.symbols import to_symbols, why_no_symbol
from intralpha.sources.text import read_days, text_lines

INDEX_SYMBOLS = {
    "csi300": "000300.SH",
    "csi500": "000905.SH",
    "csi800": "000906.SH",
    "csi1000": "000852.SH",
    "csiall": "000985.SH",
}
NO_END = b"2099-12-31"


class MembersSpec(SourceSpec):
    """Index membership as lines of code, first day, last day (included), of text or csv."""

    kind: Literal["index_members"] = "index_members"
    path: PlacePath = Field(
        description="folder or archive with csi300.txt, csi300.csv and the like"
    )
    indices: dict[str, str] = Field(
        default=INDEX_SYMBOLS, description="file name without .txt or .csv -> index symbol"
    )

    def make(self) -> "MembersSource":
        """The reader."""
        return MembersSource(self)


class MembersSource(Source):
    """Membership history; periods that follow each other without a gap in days become one."""

    name = "index_members"

    def __init__(self, spec: MembersSpec) -> None:
        self.spec = spec

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.spec.path)

    def batches(self) -> Iterator[Batch]:
        """One batch an index."""
        wanted, seen = self.spec.indices, []
        for name, content in members(self.spec.path):
            plain = name.removesuffix(".gz").removesuffix(".zst")
            stem, _, kind = plain.rsplit("/", 1)[-1].rpartition(".")
            if kind not in ("txt", "csv"):
                continue
            seen.append(stem)
            if stem in wanted:
                text = _of_csv(content) if kind == "csv" else content
                yield _periods(name, text, wanted[stem])
        if not set(seen) & set(wanted):
            names = ", ".join(f"{stem}.txt" for stem in wanted)
            found = f"{', '.join(seen)} only" if seen else "no .txt or .csv"
            raise SourceError(self.spec.path, found, f"one of {names}")


def _of_csv(content: bytes) -> bytes:
    """The same lines with spaces for commas; a header is a comment, and no last day is no end."""
    lines = [line.strip() for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    ended = [line + NO_END if line.endswith(b",") else line for line in lines]
    if ended and not any(byte in b"0123456789" for byte in ended[0]):
        ended[0] = b"#" + ended[0]
    return b"\n".join(ended).replace(b",", b" ").replace(b'"', b"")


def _periods(name: str, content: bytes, index: str) -> Batch:
    """The periods of one index; lines whose code is none are set aside."""
    lines = text_lines(name, content)
    words = [line.split() for _, line in lines]
    for (number, line), found in zip(lines, words, strict=True):
        if len(found) != 3:
            expected = "code, first and last day (2099-12-31 for no end)"
            raise SourceError(f"{name} line {number}", repr(line.strip()), expected)
    numbers = [number for number, _ in lines]
    codes, first, last = ([found[i] for found in words] for i in range(3))
    symbols = to_symbols(pl.Series(codes, dtype=pl.String))
    rows = pl.DataFrame(
        {
            "index": pl.Series([index], dtype=pl.String).new_from_index(0, len(lines)),
            "symbol": symbols,
            "in_date": read_days(name, numbers, first),
            "out_date": read_days(name, numbers, last),
        }
    )
    aside = pl.DataFrame(
        [
            (name, lines[place][0], why_no_symbol(codes[place]), lines[place][1].strip())
            for place in symbols.is_null().arg_true()
        ],
        schema=QUARANTINE,
        orient="row",
    )
    known = rows.filter(pl.col("symbol").is_not_null())
    joined = join_periods(known)
    repairs = {"periods joined to the one before": known.height - joined.height}
    return Batch("membership", joined, name, aside, repairs, rows.height)


def join_periods(rows: pl.DataFrame) -> pl.DataFrame:
    """Join periods of the same index and symbol that touch or overlap (gap of at most one day)."""
    key = ["index", "symbol"]
    ordered = rows.sort(*key, "in_date", "out_date")
    reach = pl.col("out_date").cum_max().shift(1).over(key)
    fresh = (reach.is_null() | (pl.col("in_date") > reach + pl.duration(days=1))).alias("fresh")
    runs = ordered.with_columns(fresh).with_columns(
        pl.col("fresh").cum_sum().over(key).alias("run")
    )
    joined = runs.group_by(*key, "run", maintain_order=True).agg(
        pl.col("in_date").min(), pl.col("out_date").max()
    )
    return joined.drop("run").with_columns(weight=pl.lit(None, pl.Float64))
