"""A finished run told to MLflow: settings, curves, figures and the report, once."""

import json
import logging
import math
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from time import time
from typing import Any

from intralpha import __version__
from intralpha.base import spec_hash
from intralpha.pipeline.code import git_commit
from intralpha.pipeline.made import finished_factors, training_history
from intralpha.pipeline.mlflow_spec import MlflowSpec
from intralpha.pipeline.plan import Plan
from intralpha.pipeline.report import finished_portfolio
from intralpha.pipeline.turns import in_turn

RUN, CONTENT, TRIAL = "intralpha.run", "intralpha.content", "intralpha.trial"  # tags
FILES = ("report.html", "recipe.yaml")
APART = {"mlflow", "workers", "executor", "study"}  # keys on which no result depends
LONGEST_KEY, LONGEST_VALUE, AT_ONCE = 250, 6000, 100  # that MLflow takes
KEYS = ("factor", "fold", "seed", "epoch")
log = logging.getLogger(__name__)

Figure = tuple[str, float, int]  # name, value, epoch


@dataclass(frozen=True)
class Told:
    """All that is told of a run but its files.

    Attributes
    ----------
    settings : key of the recipe -> value as text
    figures : of trainings by epoch, of tests and of the portfolio
    """

    settings: dict[str, str]
    figures: tuple[Figure, ...]

    @property
    def digest(self) -> str:
        """Hash of it."""
        return spec_hash(self.settings, self.figures)


def tell_run(planned: Plan, folder: Path | None, trial: str = "") -> str:
    """Tell a finished run to MLflow as the recipe asks, if it does; a failure is told, not raised.

    Parameters
    ----------
    planned : the run; what of it is made is read from the store
    folder : of the run, with its report; None of the trial of a study, which has none
    trial : settings of the trial in words

    Returns
    -------
    str
        Id of the run of MLflow; empty where none was asked for, or MLflow failed: then a warning
        says why, and the same command tells it again.
    """
    if planned.recipe.mlflow is None:
        return ""
    try:
        return log_run(planned, folder, trial)
    except Exception as error:  # whatever a data base, a server or a client of it may raise
        log.warning(
            "the run is finished, but MLflow could not be told: %s: %s\n"
            "Hint: the same command tells it again; nothing is made twice.",
            type(error).__name__,
            error,
        )
        return ""


def log_run(planned: Plan, folder: Path | None, trial: str = "") -> str:
    """One run of MLflow for one run of ours, however often it is told.

    A run is known by the addresses of all its slices. Where one of the same content is there, it
    stays; one that was not finished, or told less, is replaced.

    Parameters
    ----------
    planned, folder, trial : as of :func:`tell_run`; the recipe has the key ``mlflow``

    Returns
    -------
    str
        Id of the run of MLflow.

    Raises
    ------
    Exception
        Whatever MLflow raises.
    """
    spec, root = planned.recipe.mlflow, planned.store.root
    assert spec is not None
    told = told_of(planned)
    with in_turn(root, ("mlflow",)):
        client, experiment = _opened(spec, root.parent)
        tags = {RUN: run_key(planned), CONTENT: told.digest}
        tags |= {"code": f"intralpha {__version__}, commit {git_commit()}"}
        tags |= {"data version": planned.data_version}
        tags |= {TRIAL: trial} if trial else {}
        found = client.search_runs([experiment], f"tags.`{RUN}` = '{tags[RUN]}'")
        for one in found:
            if one.info.status == "FINISHED" and one.data.tags.get(CONTENT) == told.digest:
                return str(one.info.run_id)
        for one in found:
            client.delete_run(one.info.run_id)
        name = f"{planned.recipe.name}: {trial}" if trial else planned.recipe.name
        made = client.create_run(experiment, tags=tags, run_name=name[:LONGEST_KEY]).info.run_id
        try:
            _write(client, made, told, folder)
        except BaseException:
            with suppress(Exception):
                client.set_terminated(made, "FAILED")
            raise
        client.set_terminated(made)
    return str(made)


def run_key(planned: Plan) -> str:
    """What tells a run from others: its name and the addresses of all that it is made of."""
    return spec_hash(planned.recipe.name, planned.keys)


def told_of(planned: Plan) -> Told:
    """What is told of a run, from its recipe and from what is made of it.

    Parameters
    ----------
    planned : the run
    """
    raw = planned.recipe.model_dump(mode="json")
    settings = dict(_leaves({key: value for key, value in raw.items() if key not in APART}))
    return Told(settings, (*_curves(planned), *_figures(planned)))


def _leaves(raw: dict[str, Any], place: str = "") -> Iterator[tuple[str, str]]:
    """Dotted key and value of everything that is no mapping."""
    for key, value in raw.items():
        here = f"{place}.{_plain(key)}" if place else _plain(key)
        if isinstance(value, dict) and value:
            yield from _leaves(value, here)
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield here[-LONGEST_KEY:], text[:LONGEST_VALUE]


def _curves(planned: Plan) -> Iterator[Figure]:
    """Every figure of every epoch, fold and seed."""
    history = training_history(planned)
    if history is None:
        return
    drawn = ("train_loss", "unit_correlation")
    shown = [c for c in history.columns if c in drawn or c.startswith("valid_")]
    for row in history.select(*KEYS, *shown).iter_rows(named=True):
        place = f"{_plain(row['factor'])}/{_plain(row['fold'])}/seed {row['seed']}"
        for name in shown:
            yield from _one(f"{place}/{_plain(name)}", row[name], row["epoch"])


def _figures(planned: Plan) -> Iterator[Figure]:
    """Figures of tests and of the portfolio."""
    for factor in finished_factors(planned):
        for name, value in factor.summary.items():
            yield from _one(f"test/{_plain(factor.name)}/{_plain(name)}", value)
    record = finished_portfolio(planned)
    for name, value in record.figures.items() if record else ():
        yield from _one(f"portfolio/{_plain(name)}", value)


def _one(name: str, value: object, epoch: int = 0) -> Iterator[Figure]:
    """A figure that is a number; what is not has no place in a curve."""
    if isinstance(value, int | float) and math.isfinite(value):
        yield name[-LONGEST_KEY:], float(value), epoch


def _plain(name: str) -> str:
    """A name as MLflow takes it."""
    return re.sub(r"[^\w.\- ]", "_", name).strip(". ") or "_"


def _opened(spec: MlflowSpec, runs: Path) -> tuple[Any, str]:
    """A client, and the id of the experiment, which is made if it is not there."""
    spec.demand()
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # it calls home unless it is told
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    address = spec.address(runs)
    client = import_module("mlflow.tracking").MlflowClient(address)
    known = client.get_experiment_by_name(spec.experiment)
    if known is not None:
        return client, str(known.experiment_id)
    local = address.startswith("sqlite:")  # a server has a place of its own for files
    place = (runs.absolute() / "mlflow").as_uri() if local else None
    return client, str(client.create_experiment(spec.experiment, artifact_location=place))


def _write(client: Any, run: str, told: Told, folder: Path | None) -> None:
    entities, now = import_module("mlflow.entities"), int(time() * 1000)
    settings = [entities.Param(key, value) for key, value in told.settings.items()]
    figures = [entities.Metric(name, value, now, epoch) for name, value, epoch in told.figures]
    for at in range(0, len(settings), AT_ONCE):
        client.log_batch(run, params=settings[at : at + AT_ONCE])
    for at in range(0, len(figures), 5 * AT_ONCE):
        client.log_batch(run, metrics=figures[at : at + 5 * AT_ONCE])
    if folder is not None:
        for path in (folder / name for name in FILES):
            if path.is_file():
                client.log_artifact(run, str(path))
