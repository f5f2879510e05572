"""Runs whose tests and sets are written by hand, filed as the product files them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from intralpha.evaluation import FactorReport, SetReport
from intralpha.pipeline.store import Store

START = np.datetime64("2022-01-05")
RECIPE = {"data": {"sources": [{"kind": "simulated"}]}, "factors": {}}


def report(
    name: str,
    rank_ic: Sequence[float],
    top_excess: Sequence[float] | None = None,
    turnover: Sequence[float] | None = None,
    summary: Mapping[str, float] | None = None,
    more: Mapping[str, pl.DataFrame] | None = None,
) -> FactorReport:
    """A test with the columns that are read, a date a week."""
    n, known = len(rank_ic), np.array(rank_ic)
    dates = START + 7 * np.arange(n)
    zero = [0.0] * n
    series = pl.DataFrame(
        {
            "date": dates,
            "rank_ic": known,
            "top_excess": zero if top_excess is None else top_excess,
            "turnover": zero if turnover is None else turnover,
        }
    )
    facts = {"dates": float(n), "stocks": 100.0, "rank_ic": float(known.mean())}
    facts |= {"rank_ic_std": float(known.std(ddof=1)), "icir": 1.0, "autocorrelation": 0.5}
    lags = pl.DataFrame({"lag": range(5), "rank_ic": [0.10, 0.08, 0.06, 0.05, 0.04]})
    return FactorReport(
        name, facts | dict(summary or {}), series, pl.DataFrame(), lags, 48.6, dict(more or {})
    )


def printed(**figures: float) -> dict[str, pl.DataFrame]:
    """Tables that a preset adds: what it prints, and the errors of means."""
    rows = [{"coefficient": "rank_ic", "se": 0.01}, {"coefficient": "ic", "se": 0.02}]
    legs = [{"leg": leg, "per_date_se": 0.003} for leg in ("top", "bottom", "long_short")]
    frames = {"printed": pl.DataFrame([figures]), "coefficients": pl.DataFrame(rows)}
    return frames | {"legs": pl.DataFrame(legs)}


def file_run(
    runs: Path,
    name: str,
    factors: Sequence[FactorReport] = (),
    sets: Sequence[SetReport] = (),
    recipe: Mapping[str, object] | None = None,
) -> Path:
    """A run in a folder of runs, with its artifacts in the store beside it."""
    store, nodes = Store(runs / "artifacts"), {}
    if factors:
        work = store.work("test", f"{name}-test")
        for k, one in enumerate(factors):
            one.save(work / f"{k:02}")
        store.keep_folder("test", f"{name}-test", work, {})
        nodes["test"] = {"kind": "test", "slices": {"all": f"{name}-test"}}
    for one in sets:
        key = f"{name}-{one.name}"
        work = store.work("set", key)
        one.save(work)
        store.keep_folder("set", key, work, {})
        nodes[f"set/{one.name}"] = {"kind": "set", "slices": {"all": key}}
    folder = runs / name / "2026-01-02T030405"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"name": name, "nodes": nodes}))
    whole = {"name": name} | RECIPE | dict(recipe or {})
    (folder / "recipe.yaml").write_text(yaml.safe_dump(whole))
    return runs


def file_study(
    runs: Path, name: str, key: str, tried: Mapping[float, Sequence[Mapping[str, float]]], at: str
) -> Path:
    """A study that varied one key: value -> what each seed reached, kept at its first epoch.

    Parameters
    ----------
    runs, name : where it is filed
    key : of the recipe
    tried : value -> a mapping a seed: ``valid_rank_ic``, ``unit_correlation`` and ``epochs``
    at : time of the folder
    """
    rows, trials = [], []
    for trial, (value, seeds) in enumerate(tried.items()):
        facts = {"trial": trial, "settings": {key: value}, "seeds": len(seeds), "problem": None}
        for column in ("valid_rank_ic", "unit_correlation", "epochs"):
            found = np.array([seed[column] for seed in seeds])
            facts[column] = float(found.mean())
            several = len(found) > 1
            facts[f"{column}_se"] = found.std(ddof=1) / len(found) ** 0.5 if several else None
        trials.append(facts)
        for number, seed in enumerate(seeds):
            for epoch in range(1, int(seed["epochs"]) + 1):
                reached = {c: seed[c] for c in ("valid_rank_ic", "unit_correlation")}
                places = {"trial": trial, "factor": "f", "fold": "a", "seed": number}
                rows.append(places | {"epoch": epoch, "best_epoch": 1} | reached)
    whole = {"factor": "f", "varied": {key: list(tried)}, "trials": trials}
    whole["trainings"] = pl.DataFrame(rows).to_dict(as_series=False)
    folder = runs / name / at
    folder.mkdir(parents=True)
    (folder / "study.json").write_text(json.dumps(whole))
    return runs
