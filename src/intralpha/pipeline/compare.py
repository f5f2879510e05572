"""Compare: finished runs side by side, read from what each of them filed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from intralpha.backtest import PortfolioRecord, PortfolioRun, load_run
from intralpha.base import ConfigError
from intralpha.base.yaml_text import parse_yaml
from intralpha.pipeline.made import attribution_tables, finished_factors, replay_tables
from intralpha.pipeline.store import Store
from intralpha.report import TearSheet, render
from intralpha.report.compare import Compared, comparison_sections

FILED = "run.json"


class NoRunError(ConfigError):
    """What was named is no finished run."""

    def __init__(self, wanted: str, runs: Path) -> None:
        self.wanted = wanted
        super().__init__(
            f"{wanted} is no finished run: expected a folder with {FILED}, or the name of a run "
            f"under {runs}.\nHint: `intralpha ls` lists the runs that are there."
        )


@dataclass(frozen=True)
class PastRun:
    """A finished run as it was filed.

    Attributes
    ----------
    folder : ``runs/NAME/TIME``
    recipe : as it was resolved then
    nodes : name -> kind, and address of every slice
    """

    folder: Path
    recipe: dict[str, Any]
    nodes: dict[str, dict[str, Any]]

    @classmethod
    def open(cls, wanted: str, runs: Path) -> "PastRun":
        """Read a run by its folder or its name, of which the newest is taken.

        Parameters
        ----------
        wanted : folder or name
        runs : folder of the runs

        Raises
        ------
        NoRunError
        """
        for place in (Path(wanted), runs / wanted):
            found = sorted(place.glob(f"*/{FILED}"), key=lambda p: p.parent.name)
            filed = place / FILED if (place / FILED).is_file() else found[-1] if found else None
            if filed is not None:
                text = (filed.parent / "recipe.yaml").read_text(encoding="utf-8")
                return cls(filed.parent, parse_yaml(text), json.loads(filed.read_text())["nodes"])
        raise NoRunError(wanted, runs)

    @property
    def kinds(self) -> dict[str, str]:
        """Node -> kind, inputs first."""
        return {name: filed["kind"] for name, filed in self.nodes.items()}

    def made(self, name: str) -> dict[str, Path]:
        """Slice -> folder of the slices of a node that are still there."""
        store = Store(self.folder.parent.parent / "artifacts", read_only=True)
        kind, keys = self.nodes[name]["kind"], self.nodes[name]["slices"]
        there = {one: key for one, key in keys.items() if store.has(kind, "folders", key)}
        return {one: store.get(kind, key).path for one, key in there.items()}

    def folders(self, name: str) -> dict[str, Path]:
        """The same of all slices; empty where one of them is gone, or the run has no such node."""
        made = self.made(name) if name in self.nodes else {}
        return made if made and len(made) == len(self.nodes[name]["slices"]) else {}

    @cached_property
    def replay(self) -> PortfolioRun | None:
        """Its replay; None without one."""
        folders = self.folders("portfolio")
        return load_run(list(folders.values())) if folders else None

    def record(self) -> PortfolioRecord | None:
        """What a report shows of its replay; None without one, or without a session of it."""
        if self.replay is None or not len(self.replay.ledger.daily):
            return None
        return PortfolioRecord.of(self.replay, attribution_tables(self), replay_tables(self))


def compare_runs(wanted: Sequence[str], runs: Path, path: Path) -> Path:
    """Write a page that shows runs side by side.

    Parameters
    ----------
    wanted : folders or names of finished runs
    runs : folder of the runs that are named
    path : HTML file; replaced in one step

    Returns
    -------
    Path
        The same path. Nothing is computed again; what a run no longer has is left out.

    Raises
    ------
    NoRunError
    """
    return render(comparison(wanted, runs), path)


def comparison(wanted: Sequence[str], runs: Path) -> TearSheet:
    """Runs side by side, as what a page shows; parameters and errors of :func:`compare_runs`."""
    found = [PastRun.open(one, runs) for one in wanted]
    names = _names(found)
    compared = [
        Compared(n, finished_factors(run), run.record())
        for n, run in zip(names, found, strict=True)
    ]
    settings = differing(dict(zip(names, (run.recipe for run in found), strict=True)))
    facts = {name: str(run.folder) for name, run in zip(names, found, strict=True)}
    sections = tuple(comparison_sections(compared, settings))
    return TearSheet("Comparison", ", ".join(names), facts, more=sections)


def _names(found: Sequence[PastRun]) -> list[str]:
    """Names of the recipes; with the time of the run where two are alike."""
    plain = [str(run.recipe["name"]) for run in found]
    timed = [f"{name} {run.folder.name}" for name, run in zip(plain, found, strict=True)]
    shown = [t if plain.count(p) > 1 else p for p, t in zip(plain, timed, strict=True)]
    return [n if shown.count(n) == 1 else f"{n} ({i})" for i, n in enumerate(shown, start=1)]


def differing(recipes: Mapping[str, dict[str, Any]]) -> pl.DataFrame:
    """Keys that not all recipes have alike.

    Parameters
    ----------
    recipes : name of a run -> its recipe

    Returns
    -------
    DataFrame
        ``key``, as of --set, and a column of text a run; null where a recipe lacks the key.
    """
    flat = {name: dict(_flat(recipe)) for name, recipe in recipes.items()}
    keys = list(dict.fromkeys(key for one in flat.values() for key in one))
    apart = [k for k in keys if len({json.dumps(one.get(k, "…")) for one in flat.values()}) > 1]
    columns = {n: [_text(one[k]) if k in one else None for k in apart] for n, one in flat.items()}
    return pl.DataFrame(
        {"key": apart} | columns, schema_overrides=dict.fromkeys(columns, pl.String)
    )


def _flat(value: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    out = []
    for key, inner in value.items():
        place = f"{before}{key}"
        out += _flat(inner, f"{place}.") if isinstance(inner, dict) and inner else [(place, inner)]
    return out


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
