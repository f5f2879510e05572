"""Reader of index constituents as they stand at some days, such as the end of each month."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import BeforeValidator, Field, model_validator

from intralpha.base.place import PlacePath
from intralpha.sources.files import fingerprint
from intralpha.sources.reference_rows import (
    LINE,
    number,
    read_each,
    set_aside,
    timed_notes,
    why_unused,
)
from intralpha.sources.shipped import check_fields, quoted
from intralpha.sources.source import Batch, Source, SourceError, SourceSpec
from intralpha.sources.symbols import normal_symbol, to_indices
from intralpha.sources.when import days

FIELDS = ("index", "symbol", "date", "weight")
TUSHARE = {"index": "index_code", "symbol": "con_code", "date": "trade_date", "weight": "weight"}
KEY = ["index", "symbol", "in_date"]
NO_INDEX = "index of unknown form"
NOT_WHOLE = "lists whose weights do not add up to 100 %"
SLACK = 0.01  # of the whole, for weights with few digits
FAR_OFF = 0.2


class IndexWeightSpec(SourceSpec):
    """A Parquet or csv of index, stock, day and weight: who belonged to an index at some days.

    A list holds from its day to the day before the next list of that index. What changes between
    two lists is known only from the second one on.
    """

    kind: Literal["index_weight"] = "index_weight"
    path: PlacePath = Field(description="Parquet or csv file, or a folder of them")
    columns: Annotated[dict[str, str], BeforeValidator(quoted)] = Field(
        default=TUSHARE,
        description="index, symbol, date and perhaps weight -> column of the vendor; default: "
        "those of tushare",
    )
    weight_unit: Literal["percent", "fraction"] = Field(
        default="percent", description="percent: the weights of a list add up to 100"
    )

    @model_validator(mode="after")
    def _fields_are_known(self) -> "IndexWeightSpec":
        check_fields(self.columns, FIELDS)
        lacking = [f for f in ("index", "symbol", "date") if f not in self.columns]
        if lacking:
            raise ValueError(f"columns lacks {', '.join(lacking)}")
        return self

    def make(self) -> "IndexWeightSource":
        """The reader."""
        return IndexWeightSource(self)


class IndexWeightSource(Source):
    """Lists of constituents as periods of ``membership``, each with the weight of its list.

    Parameters
    ----------
    spec : which files
    """

    name = "index_weight"

    def __init__(self, spec: IndexWeightSpec) -> None:
        self.spec = spec

    def fingerprint(self) -> str:
        """Names, sizes and times of the files."""
        return fingerprint(self.spec.path)

    def batches(self) -> Iterator[Batch]:
        """One batch of all files: where a list ends, the next one says."""
        needed = tuple(dict.fromkeys(self.spec.columns.values()))
        parts, timed = [], Counter[str]()
        for name, raw in read_each(self.spec.path, needed):
            parts.append(self._list(name, raw))
            timed.update(timed_notes(raw, [self.spec.columns["date"]]))
        if not parts:
            return
        rows = pl.concat([good for good, _ in parts])
        aside = pl.concat([bad for _, bad in parts])
        known = rows.unique(maintain_order=True)
        repairs = {"exact duplicate rows left out": rows.height - known.height}
        read = rows.height + aside.height
        notes, first = self._sums(known)
        notes |= timed
        frame = periods(known)
        yield Batch(
            "membership", frame, self.spec.path, aside, repairs, read, notes, first, lists=True
        )

    def _list(self, name: str, raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Index, stock, day and weight of a file's rows, and those that cannot be used."""
        given = raw.select(LINE, *(pl.col(c).alias(f) for f, c in self.spec.columns.items()))
        day, index = days(given["date"]), to_indices(given["index"].cast(pl.String))
        why = why_unused(given["symbol"].cast(pl.String), given["date"], day, "date").fill_null("")
        why = why.set(index.is_null() & (why == ""), NO_INDEX)
        why = why.set(day.is_null() & (why == ""), "date is empty").replace("", None)
        weight = pl.Series([None], dtype=pl.Float64).new_from_index(0, given.height)
        if "weight" in given.columns:
            weight, why = self._weights(given, why)
        marked = given.with_columns(
            day.alias("(day)"), index.alias("(index)"), weight.alias("(weight)")
        )
        rows, aside = set_aside(name, marked, why)
        return rows.select(
            pl.col("(index)").alias("index"),
            normal_symbol(pl.col("symbol")).alias("symbol"),
            pl.col("(day)").alias("in_date"),
            pl.col("(weight)").alias("weight"),
        ), aside

    def _weights(self, given: pl.DataFrame, why: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Weights as fractions, and the reasons with those of weights that cannot be used."""
        weight, junk, _ = number(given, "weight", percent=self.spec.weight_unit == "percent")
        wrong = junk | (weight < 0).fill_null(value=False)
        why = why.set(wrong & why.is_null(), "weight is no number from 0 on")
        return weight / (100 if self.spec.weight_unit == "percent" else 1), why

    def _sums(self, rows: pl.DataFrame) -> tuple[dict[str, int], dict[str, str]]:
        """How many lists have weights that do not add up to the whole, and one of them.

        Raises
        ------
        SourceError
            They add up to a hundred times as much or a hundredth: the unit is the other one.
        """
        whole = pl.col("weight").is_not_null().all()
        sums = rows.group_by("index", "in_date", maintain_order=True).agg(
            pl.col("weight").sum(), whole.alias("whole")
        )
        sums = sums.filter("whole", pl.col("weight") > 0)
        if sums.is_empty():
            return {}, {}
        middle = float(np.median(sums["weight"].to_numpy()))
        for factor, unit in ((0.01, "fraction"), (100.0, "percent")):
            if abs(middle / factor - 1) < FAR_OFF and self.spec.weight_unit != unit:
                found = f"lists whose weights add up to about {middle:g} times the index"
                expected = f"weights in {self.spec.weight_unit}; `weight_unit: {unit}` fits"
                raise SourceError(self.spec.path, found, expected)
        off = sums.filter((pl.col("weight") - 1).abs() > SLACK)
        if off.is_empty():
            return {}, {}
        index, day, weight, _ = off.row(0)
        said = f"{index} {day}: {100 * weight:.6g} %; constituents that are missing, or twice?"
        return {NOT_WHOLE: off.height}, {NOT_WHOLE: said}


def beside_lists(new: pl.DataFrame, there: pl.DataFrame, keep: bool) -> pl.DataFrame:
    """New lists with the ends that lists of the lake give them, and those that they end there.

    Parameters
    ----------
    new : rows of ``membership`` of lists, each key once
    there : rows of the lake; those of the same index count as lists too if both have weights, or
        neither has: periods from elsewhere have none
    keep : whether the lake's weights stand where the new ones differ

    Returns
    -------
    DataFrame
        Every new row, and every row of the lake that now ends on another day
    """
    kind = new.group_by("index").agg(pl.col("weight").is_not_null().any().alias("(told)"))
    day = ["index", "in_date"]
    told = there.with_columns(pl.col("weight").is_not_null().any().over(day).alias("(told)"))
    lists = told.join(kind, on=["index", "(told)"], how="semi", maintain_order="left")
    first, second = (lists.select(new.columns), new) if keep else (new, lists.select(new.columns))
    rows = pl.concat([first, second]).unique(KEY, keep="first", maintain_order=True)
    ended = periods(rows).select(new.columns)
    stands = ended.join(there, on=new.columns, how="semi", nulls_equal=True)
    moved = ended.join(stands, on=KEY, how="anti")
    same = stands.join(new, on=KEY, how="semi")
    return pl.concat([moved, same]).sort(KEY)


def periods(lists: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``membership``: each list holds up to the day before the next one of its index.

    Parameters
    ----------
    lists : ``index``, ``symbol``, ``in_date``, ``weight``
    """
    starts = lists.select("index", "in_date").unique().sort("index", "in_date")
    ends = starts.with_columns(
        out_date=pl.col("in_date").shift(-1).over("index") - timedelta(days=1)
    )
    lists = lists.select("index", "symbol", "in_date", "weight")
    joined = lists.join(ends, on=["index", "in_date"], how="left", maintain_order="left")
    return joined.select("index", "symbol", "in_date", "out_date", "weight").sort(KEY)
