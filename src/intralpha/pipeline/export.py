"""Every table of a run as files: csv, Parquet, and one workbook of all of them."""

import re
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from intralpha.backtest.record import TABLES
from intralpha.base import ConfigError
from intralpha.datasets.effective_dates import effective_dates
from intralpha.pipeline.named_tables import read_tables
from intralpha.pipeline.nodes.combination import COMBINATION
from intralpha.pipeline.plan import Plan
from intralpha.pipeline.report import (
    NothingMadeError,
    date_weights,
    finished_factors,
    finished_run,
    finished_sets,
    finished_tracking,
    portfolio_record,
    training_history,
)

Form = Literal["csv", "parquet", "xlsx"]
FORMS: tuple[Form, ...] = get_args(Form)
SHEET = 31  # letters of a sheet's name, which is all that Excel takes
ROWS = 1_048_575  # below the head of a sheet


class NoWorkbookError(ConfigError):
    """A workbook was asked for, but nothing that writes one is installed."""

    def __init__(self) -> None:
        super().__init__(
            "a workbook needs XlsxWriter, which is not installed.\n"
            "Hint: pip install 'intralpha[excel]', or ask for csv or parquet."
        )


class UnknownFormError(ConfigError):
    """A form of files that we do not write."""

    def __init__(self, form: str) -> None:
        self.form = form
        super().__init__(f"form {form}: known are {', '.join(FORMS)}")


def known_forms(wanted: list[str]) -> tuple[Form, ...]:
    """Forms by name; all of them for none, but the workbook where nothing writes one.

    Raises
    ------
    UnknownFormError
    """
    if not wanted:
        return FORMS if find_spec("xlsxwriter") else ("csv", "parquet")
    lost = [one for one in wanted if one not in FORMS]
    if lost:
        raise UnknownFormError(lost[0])
    return tuple(one for one in FORMS if one in wanted)


def run_tables(planned: Plan) -> dict[str, pl.DataFrame]:
    """Every table of a run that is made, under a name such as ``factor/signal/legs``.

    Parameters
    ----------
    planned : the run

    Returns
    -------
    dict of name -> DataFrame
        Whole tables, as they are kept: a report cuts long ones. Tests, sets, fits, weights of
        training dates and of the combination, the ledger, and what is told of the replay.

    Raises
    ------
    NothingMadeError
        Nothing of it is made.
    """
    out: dict[str, pl.DataFrame] = {}
    factors = finished_factors(planned)
    if factors:
        figures = [{"factor": f.name} | f.summary for f in factors]
        out["factors"] = pl.concat([pl.DataFrame([row]) for row in figures], how="diagonal")
    for factor in factors:
        known = {"series": factor.series, "yearly": factor.yearly, "decay": factor.decay}
        out |= {f"factor/{factor.name}/{n}": frame for n, frame in (known | factor.more).items()}
    out |= {f"set/{one.name}/figures": one.figures for one in finished_sets(planned)}
    history = training_history(planned)
    out |= {} if history is None else {"training": history}
    out |= _date_weights(planned)
    for folder in planned.folders(COMBINATION).values():
        out |= {f"combination/{n}": frame for n, frame in read_tables(folder).items()}
    out |= {f"tracking/{n}": frame for n, frame in finished_tracking(planned).items()}
    out |= _portfolio(planned)
    if not out:
        raise NothingMadeError(planned.to_text())
    return {name: frame for name, frame in out.items() if frame.width}


def _date_weights(planned: Plan) -> dict[str, pl.DataFrame]:
    weights = date_weights(planned)
    if weights is None:
        return {}
    return {"training/date_weights": weights, "training/effective_dates": effective_dates(weights)}


def _portfolio(planned: Plan) -> dict[str, pl.DataFrame]:
    run = finished_run(planned)
    if run is None:
        return {}
    ledger = {f"portfolio/{name}": getattr(run.ledger, name) for name in TABLES}
    if not len(run.ledger.daily):  # what is decided is not traded yet
        return ledger
    record = portfolio_record(planned, run)
    out = {"portfolio/figures": pl.DataFrame([record.figures]), "portfolio/yearly": record.yearly}
    out |= ledger
    out |= {f"portfolio/{title}": frame for title, frame in record.notes.items()}
    return out | {f"portfolio/told_{name}": frame for name, frame in record.tables.items()}


def export_tables(
    tables: Mapping[str, pl.DataFrame], folder: Path, forms: tuple[Form, ...] = FORMS
) -> list[Path]:
    """Write tables as files, and all of them as one workbook.

    Parameters
    ----------
    tables : by name; a slash makes a folder
    folder : made if it is absent; files of the same names are replaced
    forms : ``csv`` and ``parquet`` give a file a table, ``xlsx`` the workbook ``tables.xlsx`` with
        a sheet a table and a first sheet that says which is which

    Returns
    -------
    list of Path
        What was written. Dates stay dates; NaN is empty in csv and workbook.

    Raises
    ------
    NoWorkbookError
    """
    if "xlsx" in forms and find_spec("xlsxwriter") is None:
        raise NoWorkbookError
    out = []
    for name, frame in tables.items():
        for form in forms:
            if form != "xlsx":
                path = folder / form / f"{_plain(name)}.{form}"
                path.parent.mkdir(parents=True, exist_ok=True)
                _write(frame, path)
                out.append(path)
    if "xlsx" in forms:
        folder.mkdir(parents=True, exist_ok=True)
        out.append(_workbook(tables, folder / "tables.xlsx"))
    return out


def _write(frame: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        _flat(frame).write_csv(path)


def _plain(name: str) -> str:
    """A name as a path: what a file system does not like is an underscore."""
    parts = [re.sub(r"[^\w.+-]+", "_", part).strip("_.") or "_" for part in name.split("/")]
    return "/".join(parts)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Without NaN and lists, which neither csv nor a workbook has."""
    lists = [c for c, kind in frame.schema.items() if kind.is_nested()]
    texts = [pl.Series(c, [str(value) for value in frame[c].to_list()]) for c in lists]
    return frame.with_columns(pl.selectors.float().fill_nan(None), *texts)


def _workbook(tables: Mapping[str, pl.DataFrame], path: Path) -> Path:
    """One sheet a table; rows beyond what a sheet holds are left to the other forms, counted."""
    workbook = import_module("xlsxwriter").Workbook
    sheets = _sheets(list(tables))
    rows = [
        {"sheet": sheets[n], "table": n, "rows": f.height, "left_out": max(f.height - ROWS, 0)}
        for n, f in tables.items()
    ]
    partial = path.with_name(path.name + ".partial")
    with workbook(str(partial), {"strings_to_formulas": False}) as book:
        pl.DataFrame(rows).write_excel(book, "contents")
        for name, frame in tables.items():
            _flat(frame.head(ROWS)).write_excel(book, sheets[name])
    return partial.replace(path)


def _sheets(names: list[str]) -> dict[str, str]:
    """A sheet's name for every table: short, allowed, and no two alike."""
    out: dict[str, str] = {}
    for number, name in enumerate(names, start=1):
        short = re.sub(r"[\[\]:*?/\\']+", " ", name).strip()
        out[name] = f"{number} {short}"[:SHEET].rstrip()
    return out
