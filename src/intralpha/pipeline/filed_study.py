"""Filed study: what a study leaves in a folder of its own, and how it is read again."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs

from intralpha.base.yaml_text import parse_yaml
from intralpha.pipeline.dated import dated_folder, keep_newest
from intralpha.pipeline.full_disk import telling
from intralpha.pipeline.listing import STUDY
from intralpha.pipeline.plan import Plan
from intralpha.pipeline.recipe import dump_recipe
from intralpha.pipeline.study import render_study
from intralpha.pipeline.study_result import StudyResult
from intralpha.pipeline.trials import Study
from intralpha.search import RangeSpec, Space

TIMED = "seconds"  # the one column of a history that the same work does not fill alike
PAGE, NEWEST, RECIPE = "report.html", "study.html", "recipe.yaml"


def file_study(study: Study, result: StudyResult) -> Path:
    """File a study beside the runs of its recipe.

    Parameters
    ----------
    study : of :func:`plan_study`
    result : of :func:`run_study`

    Returns
    -------
    Path
        ``runs/NAME/TIME``, with ``study.json`` (settings, figures, errors, every training by epoch;
        the same bytes for the same study), ``report.html``, of which a copy is
        ``runs/NAME/study.html``, and ``recipe.yaml``, that of the first trial.

    Raises
    ------
    StoreWriteError
        The disk is full or refuses.
    """
    recipe = study.trials[0].plan.recipe
    facts = facts_of(result, study.space, [trial.settings for trial in result.trials])
    search = None if study.search is None else study.search.model_dump(mode="json")
    facts |= {"search": search, "needs": needs([trial.plan for trial in result.trials])}
    with telling(study.runs):
        folder = dated_folder(study.runs / recipe.name)
        (folder / RECIPE).write_text(dump_recipe(recipe), encoding="utf-8")
        text = json.dumps(facts, allow_nan=False, ensure_ascii=False, indent=1)
        (folder / STUDY).write_text(text + "\n", encoding="utf-8")
        keep_newest(render_study(result, folder / PAGE), NEWEST)
    return folder


def facts_of(
    result: StudyResult, space: Space, settings: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What was found, as JSON has it: a figure that is none is null.

    Parameters
    ----------
    result : of :func:`run_study`
    space : what was varied
    settings : of each trial
    """
    trained = result.trainings.drop(TIMED, strict=False).with_columns(cs.float().fill_nan(None))
    return {
        "factor": result.factor,
        "varied": {key: _among(values) for key, values in space.items()},
        "tried": len(result.table),
        "chosen": result.chosen,
        "best": result.best,
        "luck": None if result.best is None else _number(result.luck),
        "deflated": _number(result.deflated),
        "trials": [
            {"trial": row["trial"], "settings": dict(own)}
            | {k: _number(v) for k, v in row.items() if k not in ("trial", *result.settings)}
            for row, own in zip(result.table.iter_rows(named=True), settings, strict=True)
        ],
        "trainings": trained.to_dict(as_series=False),
    }


def needs(plans: Sequence[Plan]) -> dict[str, list[str]]:
    """Kind -> addresses of all that trials are made of.

    Parameters
    ----------
    plans : the work of each trial
    """
    out: dict[str, set[str]] = {}
    for planned in plans:
        for node in planned.nodes:
            out.setdefault(node.kind, set()).update(planned.addresses[node.name].values())
    return {kind: sorted(keys) for kind, keys in sorted(out.items())}


@dataclass(frozen=True)
class FiledStudy:
    """A study as it was filed.

    Attributes
    ----------
    folder : ``runs/NAME/TIME``
    facts : of ``study.json``
    """

    folder: Path
    facts: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path) -> "FiledStudy":
        """Read a study.

        Parameters
        ----------
        folder : that :func:`file_study` returned
        """
        return cls(folder, json.loads((folder / STUDY).read_text(encoding="utf-8")))

    @property
    def name(self) -> str:
        """Name of the recipe."""
        return self.folder.parent.name

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """The recipe of the first trial."""
        return parse_yaml((self.folder / RECIPE).read_text(encoding="utf-8"))

    @property
    def factor(self) -> str:
        """Which was compared."""
        return self.facts["factor"]

    @property
    def varied(self) -> dict[str, Any]:
        """Key -> its values, or its range."""
        return self.facts["varied"]

    def trial(self, settings: Mapping[str, Any]) -> dict[str, Any] | None:
        """Settings, figures and errors of a trial; None: it was not tried.

        Parameters
        ----------
        settings : key -> value, all keys that were varied
        """
        found = (one for one in self.facts["trials"] if one["settings"] == settings)
        return next(found, None)

    @cached_property
    def trainings(self) -> pl.DataFrame:
        """A row an epoch of every training; none where nothing was trained."""
        return pl.DataFrame(self.facts["trainings"], infer_schema_length=None)


def filed_studies(runs: Path) -> list[FiledStudy]:
    """Studies that are filed, the newest of each recipe last.

    Parameters
    ----------
    runs : folder of the runs
    """
    return [FiledStudy.open(path.parent) for path in sorted(runs.glob(f"*/*/{STUDY}"))]


def _among(values: RangeSpec | Sequence[Any]) -> Any:
    return values.model_dump(mode="json") if isinstance(values, RangeSpec) else list(values)


def _number(value: Any) -> Any:
    """A figure; None where it is no number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
