"""Every table of a run as files: csv, Parquet, and one workbook of all of them."""

import re
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from intralpha.backtest import PortfolioRecord, PortfolioRun
from intralpha.backtest.record import TABLES
from intralpha.base import ConfigError
from intralpha.datasets.effective_dates import effective_dates
from intralpha.pipeline.beside import MAIN
from intralpha.pipeline.compare import PastRun
from intralpha.pipeline.made import (
    Made,
    date_weights,
    explored_tables,
    finished_beside,
    finished_factors,
    finished_sets,
    finished_tracking,
    training_history,
)
from intralpha.pipeline.named_tables import read_tables
from intralpha.pipeline.nodes.combination import COMBINATION
from intralpha.pipeline.plan import Plan
from intralpha.pipeline.report import (
    NothingMadeError,
    beside_tables,
    courses_of,
    finished_run,
    portfolio_record,
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
        training dates and of the combination, the ledger, and what is told of the replay; of
        further portfolios theirs, and the figures of all in one.

    Raises
    ------
    NothingMadeError
        Nothing of it is made.
    """
    run = finished_run(planned)
    traded = run is not None and len(run.ledger.daily)  # or what is decided is not traded yet
    record = portfolio_record(planned, run) if run is not None and traded else None
    further = finished_beside(planned)
    out = _tables(planned, run, record, further)
    if not out:
        raise NothingMadeError(planned.to_text())
    courses = courses_of(planned, ({} if run is None else {MAIN: run}) | further)
    beside = beside_tables(planned, courses)
    return out | {f"portfolios/{title}": frame for title, frame in beside.items()}


def past_tables(run: PastRun) -> dict[str, pl.DataFrame]:
    """The same of a finished run, from what it filed and what of that is still there.

    What an export reads from the lake or counts by the recipe is left out: of what the benchmark is
    made, figures as a certain report counts them, and mixtures of portfolios.
    """
    return _tables(run, run.replay, run.record(), finished_beside(run))


def _tables(
    made: Made,
    run: PortfolioRun | None,
    record: PortfolioRecord | None,
    further: Mapping[str, PortfolioRun],
) -> dict[str, pl.DataFrame]:
    out: dict[str, pl.DataFrame] = {}
    factors = finished_factors(made)
    if factors:
        figures = [{"factor": f.name} | f.summary for f in factors]
        out["factors"] = pl.concat([pl.DataFrame([row]) for row in figures], how="diagonal")
    for factor in factors:
        known = {"series": factor.series, "yearly": factor.yearly, "decay": factor.decay}
        out |= {f"factor/{factor.name}/{n}": frame for n, frame in (known | factor.more).items()}
    out |= {f"set/{one.name}/figures": one.figures for one in finished_sets(made)}
    history = training_history(made)
    out |= {} if history is None else {"training": history}
    out |= _date_weights(made)
    for folder in made.folders(COMBINATION).values():
        out |= {f"combination/{n}": frame for n, frame in read_tables(folder).items()}
    out |= {f"tracking/{n}": frame for n, frame in finished_tracking(made).items()}
    out |= {f"explore/{n}": frame for n, frame in explored_tables(made).items()}
    out |= _portfolio(MAIN, run, record)
    out |= _beside(further, record)
    return {name: frame for name, frame in out.items() if frame.width}


def _date_weights(made: Made) -> dict[str, pl.DataFrame]:
    weights = date_weights(made)
    if weights is None:
        return {}
    return {"training/date_weights": weights, "training/effective_dates": effective_dates(weights)}


def _beside(
    runs: Mapping[str, PortfolioRun], own: PortfolioRecord | None
) -> dict[str, pl.DataFrame]:
    """Tables of further portfolios, and the figures of all in one."""
    records = {name: PortfolioRecord.of(run) for name, run in runs.items() if len(run.ledger.daily)}
    out: dict[str, pl.DataFrame] = {}
    for name, run in runs.items():
        out |= _portfolio(f"portfolios/{name}", run, records.get(name))
    if records and own is not None:
        lines = {MAIN: own} | records
        figures = [{"portfolio": name} | record.figures for name, record in lines.items()]
        out["portfolios"] = pl.concat([pl.DataFrame([row]) for row in figures], how="diagonal")
    return out


def _portfolio(
    place: str, run: PortfolioRun | None, record: PortfolioRecord | None
) -> dict[str, pl.DataFrame]:
    out = {}
    if record is not None:
        out = {"figures": pl.DataFrame([record.figures]), "yearly": record.yearly}
    if run is not None:
        out |= {name: getattr(run.ledger, name) for name in TABLES}
    if record is not None:
        out |= record.notes | {f"told_{name}": frame for name, frame in record.tables.items()}
    return {f"{place}/{name}": frame for name, frame in out.items()}


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
                path = folder / form / f"{plain_name(name)}.{form}"
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


def csv_text(frame: pl.DataFrame) -> str:
    """A table as csv: NaN is empty, lists are text."""
    return _flat(frame).write_csv()


def plain_name(name: str) -> str:
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
