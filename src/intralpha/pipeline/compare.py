"""Compare: finished runs side by side, read from what each of them filed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from intralpha.backtest import PortfolioRecord, load_run
from intralpha.base import ConfigError
from intralpha.base.yaml_text import parse_yaml
from intralpha.evaluation import FactorReport
from intralpha.pipeline.nodes.attribution import told_tables
from intralpha.pipeline.report import reports_in
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

    def folders(self, node: str) -> list[Path]:
        """Folders of a node's slices in their order; none where one of them is gone."""
        filed = self.nodes.get(node)
        if filed is None:
            return []
        store = Store(self.folder.parent.parent / "artifacts", read_only=True)
        kind, keys = filed["kind"], list(filed["slices"].values())
        if not all(store.has(kind, "folders", key) for key in keys):
            return []
        return [store.get(kind, key).path for key in keys]

    def factors(self) -> tuple[FactorReport, ...]:
        """Its tests."""
        return reports_in(self.folders("test"))

    def record(self) -> PortfolioRecord | None:
        """Its replay; None without one."""
        folders = self.folders("portfolio")
        if not folders:
            return None
        told = [told_tables(folder) for folder in self.folders("attribution")]
        return PortfolioRecord.of(load_run(folders), None, told[0] if told else None)


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
        Compared(n, run.factors(), run.record()) for n, run in zip(names, found, strict=True)
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
