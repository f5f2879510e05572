"""Made: what a run has made, as figures and tables, whether it is planned here or was filed."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import polars as pl

from intralpha.backtest import PortfolioRun, load_run
from intralpha.evaluation import FactorReport, SetReport
from intralpha.factors.training_rows import FILE as DATE_WEIGHTS
from intralpha.factors.training_rows import WEIGHING, fold_of
from intralpha.pipeline.named_tables import read_tables
from intralpha.pipeline.nodes.attribution import GROUPS, YEARLY, told_tables
from intralpha.pipeline.nodes.explore import DISTRIBUTION, EXPLORE
from intralpha.pipeline.nodes.tracking import TRACKING

SET = "set/"
PORTFOLIO, FURTHER = "portfolio", "portfolio/"  # a kind of nodes, and how further ones are called


class Made(Protocol):
    """Nodes whose slices are folders: a :class:`~intralpha.pipeline.plan.Plan`, or a past run."""

    @property
    def kinds(self) -> Mapping[str, str]:
        """Node -> kind, inputs first; those of others have no folders."""
        ...

    def made(self, name: str) -> Mapping[str, Path]:
        """Slice -> folder of the slices of a node that are made."""
        ...

    def folders(self, name: str) -> Mapping[str, Path]:
        """The same, but empty if any of them, or the node, is not made."""
        ...


def finished_factors(run: Made) -> tuple[FactorReport, ...]:
    """Tests of the factors; empty if they are not made."""
    folders = run.folders("test").values()
    parts = sorted(p for folder in folders for p in folder.iterdir() if p.is_dir())
    return tuple(FactorReport.load(part) for part in parts)


def finished_sets(run: Made) -> tuple[SetReport, ...]:
    """Sets of factors that are made, under their names in the recipe."""
    return tuple(
        replace(SetReport.load(folder), name=node.removeprefix(SET))
        for node in run.kinds
        if node.startswith(SET)
        for folder in run.folders(node).values()
    )


def finished_tracking(run: Made) -> dict[str, pl.DataFrame]:
    """Tables of the factors that are followed; empty where that is not made."""
    for folder in run.folders(TRACKING).values():
        return read_tables(folder)
    return {}


def explored_tables(run: Made) -> dict[str, pl.DataFrame]:
    """Facts of the data of the run; empty where they are not made."""
    folders = run.folders(EXPLORE).values()
    out = {name: frame for folder in folders for name, frame in read_tables(folder).items()}
    for node in (name for name, kind in run.kinds.items() if kind == DISTRIBUTION):
        parts = [f / f"{DISTRIBUTION}.parquet" for f in run.folders(node).values()]
        if parts:
            out[node] = pl.concat([pl.read_parquet(part) for part in parts])
    return out


def attribution_tables(run: Made) -> dict[str, pl.DataFrame]:
    """Where the excess return came from, by title, if that is made."""
    folders = run.folders("attribution").values()
    named = {"Attribution of the excess return": YEARLY, "Attribution by industry": GROUPS}
    return {title: pl.read_parquet(f / name) for f in folders for title, name in named.items()}


def finished_beside(run: Made) -> dict[str, PortfolioRun]:
    """Replays of further portfolios by name, of those that are wholly made; no mixtures, which have
    no ledger.
    """
    nodes = [n for n, kind in run.kinds.items() if kind == PORTFOLIO and n.startswith(FURTHER)]
    found = {node.removeprefix(FURTHER): list(run.folders(node).values()) for node in nodes}
    return {name: load_run(folders) for name, folders in found.items() if folders}


def replay_tables(run: Made) -> dict[str, pl.DataFrame]:
    """What is kept of the whole replay, by name: attributions, holdings, hedge."""
    folders = run.folders("attribution").values()
    tables = {name: frame for folder in folders for name, frame in told_tables(folder).items()}
    for node in ("style_attribution", "hedge"):
        for folder in run.folders(node).values():
            tables |= read_tables(folder)
    return tables


def training_history(run: Made) -> pl.DataFrame | None:
    """History of every fold and seed that is made."""
    rows = [
        pl.read_parquet(folder / "history.parquet").with_columns(factor=pl.lit(name))
        for name, folders in _of_kind(run, "weights")
        for folder in folders.values()
    ]
    return pl.concat(rows, how="diagonal") if rows else None


def date_weights(run: Made) -> pl.DataFrame | None:
    """Weights of the training dates of every fold that is made, as its trainings read them.

    Parameters
    ----------
    run : planned or filed

    Returns
    -------
    DataFrame, or None where no factor weighs dates
        ``factor``, ``fold``, ``date``, ``weight`` (its mean over the fold is 1), dates ascending.
    """
    rows = [
        pl.read_parquet(folder / DATE_WEIGHTS).select(
            pl.lit(name).alias("factor"), pl.lit(fold_of(one)).alias("fold"), "date", "weight"
        )
        for name, folders in _of_kind(run, WEIGHING)
        for one, folder in folders.items()
    ]
    return pl.concat(rows) if rows else None


def _of_kind(run: Made, kind: str) -> list[tuple[str, Mapping[str, Path]]]:
    """Factor and its slices, of the nodes of a kind."""
    return [(n.partition("/")[2], run.made(n)) for n, of in run.kinds.items() if of == kind]
