"""A factor from elsewhere: scores in a csv or Parquet file, or a saved Panel."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import polars as pl
from pydantic import Field

from intralpha.base import ConfigError, DataError, Panel
from intralpha.base.file_digest import file_digest
from intralpha.base.node import Inputs, Node, Task, day_slices
from intralpha.base.place import PlacePath
from intralpha.factors.factor import UNIVERSE, FactorSpec, Ground, days_of
from intralpha.sources.absent import absent
from intralpha.sources.plain_csv import header, plain_csv
from intralpha.sources.source import SourceError
from intralpha.sources.symbols import normal_symbol
from intralpha.sources.when import days

DATES, SYMBOLS = ("date", "datetime"), ("symbol", "instrument", "asset")
Found = TypeVar("Found")


class FactorFileError(DataError):
    """A file of scores cannot be read as such."""

    def __init__(self, path: Path, found: str, expected: str) -> None:
        self.path, self.found, self.expected = path, found, expected
        super().__init__(f"factor file {path}: found {found}; expected {expected}.")


class FactorFileSpec(FactorSpec):
    """Scores that another program made.

    A csv or Parquet file has the columns ``date`` (2024-01-31, 20240131 or a date), ``symbol``
    (``600519.SH``, or any form that a source may have) and the score, in any order; text is utf-8
    or GBK. ``datetime`` and ``instrument`` (qlib) or ``asset`` (alphalens) will do. A folder is a
    Panel saved by :meth:`Panel.save`. A score of a date must have been known at its close: nothing
    here can check that.
    """

    kind: Literal["file"] = "file"
    path: PlacePath = Field(description="csv, Parquet, or the folder of a saved Panel")
    column: str = Field(default="score", description="column, or name in the Panel")
    sign: Literal[1, -1] = Field(default=1, description="-1 where low values are good")

    def content(self) -> str:
        """Digest of the file, so that another content is another factor."""
        digest = hashlib.blake2b(digest_size=16)
        for path in _files(Path(self.path)):
            digest.update(file_digest(path))
        return digest.hexdigest()

    def nodes(self, name: str, ground: Ground) -> tuple[Node, ...]:
        """Scores on the dates asked for, read in one go."""
        needs = {UNIVERSE: lambda at: ground.scored[at : at + 1]}
        slices = day_slices(ground.scored, reads_lake=False, needs=needs)
        inputs = {UNIVERSE: ground.universe}
        block = max(len(slices), 1)
        return (Node(f"score/{name}", make_score, self, slices, inputs, block=block),)

    def faults(self) -> tuple[str, ...]:
        """A file that is not there."""
        return () if Path(self.path).exists() else (f"path: no file or folder {self.path}",)


def make_score(spec: FactorFileSpec, inputs: Inputs, task: Task) -> None:
    """Scores of the universe's stocks; NaN where the file has none.

    Parameters
    ----------
    spec : the file, its column and sign
    inputs : the mask ``universe`` of the dates, and the A symbols
    task : a slice a date asked for; ``panel`` becomes the Panel ``score`` [D, A, 1]

    Raises
    ------
    FactorFileError
        A column is missing, a value is no number, or nothing lies on the recipe's dates and stocks.
    """
    days, assets = days_of(task), inputs.assets
    scores = read_scores(spec).reindex(days, assets)
    if not np.isfinite(scores.values).any():
        found = "no score of any date asked for and stock of the recipe"
        raise FactorFileError(Path(spec.path), found, "dates and symbols such as 600519.SH")
    inside = inputs.panel(UNIVERSE)[UNIVERSE] > 0
    values = np.where(inside[:, :, None], spec.sign * scores.values, np.nan)
    Panel(values, days, assets, ("score",)).save(task.folder("panel"))


def read_scores(spec: FactorFileSpec) -> Panel:
    """All scores of the file as a Panel with the one name of the spec's column.

    Raises
    ------
    FactorFileError
    """
    path = Path(spec.path)
    if path.is_dir():
        panel = Panel.load(path, mmap=False)
        if spec.column not in panel.names or panel.times is not None:
            raise FactorFileError(path, f"names {panel.names}", f"{spec.column}, one value a day")
        return panel.select((spec.column,))
    frame = _table(path, spec.column)
    date, symbol = _keys(path, frame.columns, spec.column)
    frame = frame.rename({date: "date", symbol: "symbol"})
    words = pl.col(pl.Categorical, pl.Enum).cast(pl.String)
    frame = frame.select("date", "symbol", spec.column).with_columns(words)
    for name, kind in frame.schema.items():
        if kind.is_nested() or kind in (pl.Binary, pl.Object, pl.Duration, pl.Time):
            found = f"column {name} of type {kind}"
            raise FactorFileError(path, found, "a date, a symbol and a number a row")
    rows = pl.DataFrame(
        {
            "date": days(frame["date"]),
            "symbol": frame.select(normal_symbol(pl.col("symbol"))).to_series(),
            spec.column: _numbers(frame[spec.column]),
        }
    )
    _check_read(path, frame, rows)
    _check_rows(path, rows)
    return Panel.from_polars(rows, (spec.column,))


def _numbers(values: pl.Series) -> pl.Series:
    """As numbers; those that are absent, however that is written, are null."""
    if values.dtype == pl.String:
        values = values.str.strip_chars().set(absent(values), None)
    return values.cast(pl.Float64, strict=False).fill_nan(None)


def _check_read(path: Path, frame: pl.DataFrame, rows: pl.DataFrame) -> None:
    """Refuse what is no date, symbol or number.

    Raises
    ------
    FactorFileError
        With the first such value and its row.
    """
    expected = ("dates such as 2024-01-31", "symbols such as 600519.SH", "numbers")
    for name, wanted in zip(frame.columns, expected, strict=True):
        given = frame[name]
        lost = rows[name].is_null() & ~absent(given)
        if lost.any():
            row = int(lost.arg_max() or 0)
            raise FactorFileError(path, f"{name} {given[row]!r} in row {row + 1}", wanted)


def _check_rows(path: Path, rows: pl.DataFrame) -> None:
    """Refuse rows without a key, a key that stands twice, and infinite scores.

    Raises
    ------
    FactorFileError
    """
    keyless = rows.select("date", "symbol").null_count().sum_horizontal().item()
    if keyless:
        raise FactorFileError(path, f"{keyless} empty dates or symbols", "both in every row")
    infinite = rows.filter(rows.to_series(2).abs() > float(np.finfo(np.float32).max))
    if infinite.height:
        row = infinite.row(0)
        raise FactorFileError(path, f"{row[0]} {row[1]} with score {row[2]}", "finite scores")
    twice = rows.select("date", "symbol").is_duplicated()
    if twice.any():
        row = rows.filter(twice).row(0)
        raise FactorFileError(path, f"{row[0]} {row[1]} twice", "one row a date and symbol")


def score_columns(path: Path) -> tuple[str, ...]:
    """Columns of a file, or names of a saved Panel, that can be scores.

    Parameters
    ----------
    path : as in :class:`FactorFileSpec`

    Returns
    -------
    tuple of str
        ``score`` alone if there is one; else everything that is neither date nor symbol nor index.

    Raises
    ------
    FactorFileError, FactorFileSuffixError
    """
    if path.is_dir():
        names = Panel.load(path).names
    elif path.suffix == ".parquet":
        names = tuple(_read(path, lambda: pl.read_parquet_schema(path)))
    elif path.suffix == ".csv":
        names = tuple(_read(path, lambda: header(path.name, path.read_bytes())))
    else:
        raise FactorFileSuffixError(path)
    scores = [n for n in names if n not in (*DATES, *SYMBOLS, "") and not n.startswith("__")]
    return ("score",) if "score" in scores else tuple(scores)


def _table(path: Path, score: str) -> pl.DataFrame:
    """The file as a table; of csv some columns, as text."""
    if path.suffix == ".parquet":
        return _read(path, lambda: pl.read_parquet(path))
    if path.suffix == ".csv":
        return _read(path, lambda: _csv(path, path.read_bytes(), score))
    raise FactorFileSuffixError(path)


def _read(path: Path, read: Callable[[], Found]) -> Found:
    """What is read of a file; what goes wrong is an error of ours."""
    try:
        return read()
    except SourceError as error:
        found = f"{error.origin.removeprefix(path.name)} {error.found}".strip()
        raise FactorFileError(path, found, error.expected) from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FactorFileError(path, str(error), "a readable table") from error


def _csv(path: Path, content: bytes, score: str) -> pl.DataFrame:
    names = header(path.name, content)
    if len(set(names)) < len(names):
        raise FactorFileError(path, f"columns {', '.join(names)}", "each name once")
    return plain_csv(path.name, content, (*_keys(path, names, score), score))


def _keys(path: Path, names: list[str], score: str) -> tuple[str, str]:
    """Names of the columns of dates and symbols.

    Raises
    ------
    FactorFileError
        One of them, or the score, is not there.
    """
    date = next((name for name in DATES if name in names), None)
    symbol = next((name for name in SYMBOLS if name in names), None)
    if date is None or symbol is None or score not in names:
        raise FactorFileError(path, f"columns {', '.join(names)}", f"date, symbol and {score}")
    return date, symbol


class FactorFileSuffixError(ConfigError):
    """A file whose name does not say how to read it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"factor file {path}: expected a name in .csv or .parquet, or a folder.")


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(p for p in path.iterdir() if p.is_file())
    return [path] if path.is_file() else []
