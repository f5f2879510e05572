"""Reader of index membership: lines of code, first day, last day."""

from collections.abc import Iterator
from typing import Literal

import polars as pl
from pydantic import Field

from intralpha.base.place import PlacePath
from intralpha.sources.absent import absent
from intralpha.sources.csv_text import names_of
from intralpha.sources.files import fingerprint, members
from intralpha.sources.source import QUARANTINE, Batch, Source, SourceError, SourceSpec
from intralpha.sources.symbols import index_of, to_symbols, why_no_symbol
from intralpha.sources.text import read_days, text_lines

INDEX_SYMBOLS = {
    "csi300": "000300.SH",
    "csi500": "000905.SH",
    "csi800": "000906.SH",
    "csi1000": "000852.SH",
    "csiall": "000985.SH",
}
NO_END = "2099-12-31"


class MembersSpec(SourceSpec):
    """Index membership as lines of code, first day, last day (included), of text or csv."""

    kind: Literal["index_members"] = "index_members"
    path: PlacePath = Field(
        description="folder or archive with csi300.txt, csi300.csv and the like"
    )
    indices: dict[str, str] = Field(
        default=INDEX_SYMBOLS,
        description="file name without .txt or .csv -> index symbol; files "
        "named by such a symbol need none",
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
        wanted, seen, used = self.spec.indices, [], False
        for name, content in members(self.spec.path):
            plain = name.lower().removesuffix(".gz").removesuffix(".zst")
            stem, _, kind = plain.rsplit("/", 1)[-1].rpartition(".")
            if kind not in ("txt", "csv"):
                continue
            seen.append(name.rsplit("/", 1)[-1].split(".", 1)[0])
            index = {known.lower(): symbol for known, symbol in wanted.items()}.get(stem)
            index = index or next((s for s in wanted.values() if index_of(stem) == s), None)
            if index is not None:
                used = True
                yield _periods(name, _records(name, content, kind), index)
        if not used:
            names = ", ".join(f"{stem}.txt" for stem in wanted)
            found = f"{', '.join(seen)} only" if seen else "no .txt or .csv"
            other = f"; others by `indices: {{{seen[0]}: 000300.SH}}`" if seen else ""
            raise SourceError(self.spec.path, found, f"one of {names}{other}")


def _records(name: str, content: bytes, kind: str) -> list[tuple[int, str, list[str]]]:
    """Number, text and fields of every line; in csv no last day is no end. Without the header."""
    lines = text_lines(name, content)
    if kind == "txt":
        return [(number, line, line.split()) for number, line in lines]
    split = [(number, line, names_of(line.encode(), ",")) for number, line in lines]
    if split and not any(letter.isdigit() for letter in split[0][1]):
        split = split[1:]
    none = pl.Series([fields[-1] for *_, fields in split], dtype=pl.String)
    ends = zip(split, absent(none), strict=True)
    return [(n, line, [*f[:-1], NO_END] if open_ else f) for (n, line, f), open_ in ends]


def _periods(name: str, records: list[tuple[int, str, list[str]]], index: str) -> Batch:
    """The periods of one index; lines whose code is none are set aside."""
    for number, line, found in records:
        if len(found) != 3:
            expected = "code, first and last day (2099-12-31 for no end)"
            raise SourceError(f"{name} line {number}", repr(line.strip()), expected)
    numbers = [number for number, *_ in records]
    codes, first, last = ([found[i] for *_, found in records] for i in range(3))
    symbols = to_symbols(pl.Series(codes, dtype=pl.String))
    rows = pl.DataFrame(
        {
            "index": pl.Series([index], dtype=pl.String).new_from_index(0, len(records)),
            "symbol": symbols,
            "in_date": read_days(name, numbers, first),
            "out_date": read_days(name, numbers, last),
        }
    )
    aside = pl.DataFrame(
        [
            (name, numbers[place], why_no_symbol(codes[place]), records[place][1].strip())
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
