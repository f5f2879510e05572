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
