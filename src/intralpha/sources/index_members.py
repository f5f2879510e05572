"""Reader of index membership: lines of code, first day, last day."""

from collections.abc import Iterator
from typing import Literal

import polars as pl
from pydantic import Field

from intralpha.base.place import PlacePath
from intralpha.sources.files import fingerprint, members
from intralpha.sources.source import Batch, Source, SourceError, SourceSpec
from intralpha.sources.symbols import normal_symbol

INDEX_SYMBOLS = {
    "csi300": "000300.SH",
    "csi500": "000905.SH",
    "csi800": "000906.SH",
    "csi1000": "000852.SH",
    "csiall": "000985.SH",
}


class MembersSpec(SourceSpec):
    """Index membership as lines of code, first day, last day (included)."""

    kind: Literal["index_members"] = "index_members"
    path: PlacePath = Field(description="folder or archive with csi300.txt and the like")
    indices: dict[str, str] = Field(
        default=INDEX_SYMBOLS, description="file name without .txt -> index symbol"
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
        for name, content in members(self.spec.path, "*.txt"):
            stem = name.rsplit("/", 1)[-1].removesuffix(".txt")
            if stem not in self.spec.indices:
                continue
            lines = [line.split() for line in content.decode().splitlines() if line.strip()]
            if any(len(fields) != 3 for fields in lines):
                at = next(i for i, fields in enumerate(lines, 1) if len(fields) != 3)
                raise SourceError(
                    f"{name} line {at}", str(lines[at - 1]), "code, first and last day"
                )
            raw = pl.DataFrame(lines, schema=["code", "in", "out"], orient="row")
            rows = raw.select(
                pl.lit(self.spec.indices[stem]).alias("index"),
                normal_symbol(pl.col("code")).alias("symbol"),
                pl.col("in").str.to_date().alias("in_date"),
                pl.col("out").str.to_date().alias("out_date"),
            )
            joined = join_periods(rows)
            repairs = {"periods joined to the one before": rows.height - joined.height}
            yield Batch("membership", joined, name, repairs=repairs, rows_read=rows.height)


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
