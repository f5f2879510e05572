"""Record: what a rule learned, date by date, as a table."""

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from intralpha.combination.spec import WEIGHTS

LEARNED = "learned.json"
GAIN = "gain"


def weights_over_time(folders: Mapping[str, Path]) -> pl.DataFrame:
    """Weight of each factor on each date on which a rule learned.

    Parameters
    ----------
    folders : date -> folder with ``learned.json``

    Returns
    -------
    pl.DataFrame
        date, factor, weight; of trees the share of the gain of their splits. Known at the close of
        the date.
    """
    rows = []
    for day, folder in folders.items():
        learned = json.loads((folder / LEARNED).read_text(encoding="utf-8"))
        weights = learned.get(WEIGHTS, learned.get(GAIN))
        rows += [(day, name, w) for name, w in zip(learned["names"], weights, strict=True)]
    schema = {"date": pl.String, "factor": pl.String, "weight": pl.Float64}
    frame = pl.DataFrame(rows, schema, orient="row")
    return frame.with_columns(pl.col("date").str.to_date())
