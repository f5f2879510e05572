"""Steps that lay the ground: ingest, axes and masks, forward returns."""

import json
from pathlib import Path

import numpy as np
import polars as pl

from intralpha.base import DataError, Panel, spec_hash
from intralpha.base.panel import as_days
from intralpha.labels import fwd_buyable, fwd_return
from intralpha.market import Lake, members, read_daily, universe
from intralpha.pipeline.artifacts import Store
from intralpha.pipeline.code_version import code_version
from intralpha.pipeline.plan import Step, Workshop
from intralpha.pipeline.recipe import Recipe, expand_path
from intralpha.sources import ingest, quality

INGEST = "ingest"


class NoAssetsError(DataError):
    """The lake has no stock that the recipe could use."""

    def __init__(self, lake: Path, why: str) -> None:
        self.lake, self.why = lake, why
        super().__init__(f"{lake} has no stock {why}.\nHint: check data.assets and data.bar_freq.")


def ingest_key(recipe: Recipe) -> str:
    """Changes when a source, its files, its reader or the lake's place change."""
    prints = [spec.make().fingerprint() for spec in recipe.data.sources]
    sources = [spec.model_dump(mode="json") for spec in recipe.data.sources]
    return spec_hash(INGEST, sources, prints, recipe.data.lake, code_version("sources"))


def ingested_version(recipe: Recipe, store: Store) -> str | None:
    """Version of the lake if the recipe's sources are in it unchanged, else None."""
    root = expand_path(recipe.data.lake)
    if not recipe.data.sources:
        return Lake(root).version()
    key = ingest_key(recipe)
    if not root.is_dir() or not store.has(INGEST, key):
        return None
    version = Lake(root).version()
    return version if store.get(INGEST, key).facts["lake_version"] == version else None


def run_ingest(recipe: Recipe, store: Store, show_progress: bool) -> str:
    """Ingest the recipe's sources, record the result and return the lake's version."""
    lake = Lake(expand_path(recipe.data.lake), create=True)
    report = ingest(recipe.data.sources, lake, show_progress=show_progress)
    found = quality(lake, recipe.data.bar_freq)
    facts = {"step": INGEST, "run": recipe.name, "lake_version": lake.version()}
    with store.making(INGEST, ingest_key(recipe), facts) as folder:
        (folder / "ingest.txt").write_text(report.to_text())
        (folder / "quality.txt").write_text(found.to_text())
        (folder / "quality.json").write_text(json.dumps(found.summary()))
    return lake.version()


def axes_step(recipe: Recipe) -> Step:
    """Dates, assets, and the masks every later step shares."""
    spec = (recipe.data, recipe.universe, recipe.test.within)
    return Step("axes", "axes", "labels", _without_sources(spec), (), _make_axes)


def forward_step(recipe: Recipe) -> Step:
    """Forward returns of every horizon of the test."""
    return Step("forward", "forward", "labels", recipe.test.horizons, ("axes",), _make_forward)


def _without_sources(spec: tuple) -> list:
    data, *others = spec
    plain = data.model_dump(mode="json", exclude={"sources", "lake"})
    return [plain, *(o.model_dump(mode="json") if hasattr(o, "model_dump") else o for o in others)]


def _make_axes(shop: Workshop, folder: Path) -> None:
    recipe, lake = shop.recipe, shop.lake
    dates, assets = _axes(recipe, lake)
    masks = {
        "universe": universe(lake, recipe.universe, dates, assets),
        "fwd_buyable": fwd_buyable(lake, dates, assets),
        "traded": read_daily(lake, ("traded",), dates[0].item(), dates[-1].item(), assets).at(
            dates
        )["traded"]
        == 1,
    }
    if recipe.test.within:
        masks["within"] = members(lake, recipe.test.within, dates, assets)
    values = np.stack(list(masks.values()), axis=-1).astype(np.float32)
    Panel(values, dates, assets, tuple(masks)).save(folder / "panel")


def _axes(recipe: Recipe, lake: Lake) -> tuple[np.ndarray, np.ndarray]:
    """Sessions of the daily table in range; stocks of the admitted boards, sorted."""
    data = recipe.data
    days = lake.dates("daily")
    lo = as_days([data.start])[0] if data.start else days[0]
    hi = as_days([data.end])[0] if data.end else days[-1]
    days = days[(days >= lo) & (days <= hi)]
    boards = lake.scan("instruments").filter(pl.col("board").is_in(recipe.universe.boards))
    admitted = boards.select("symbol").collect()["symbol"]
    if data.assets == "bars":
        sessions = lake.dates("bars", data.bar_freq)
        first, last = sessions[0].item(), sessions[-1].item()
        rows = lake.scan("bars", first, last, data.bar_freq)
        days = days[(days >= sessions[0]) & (days <= sessions[-1])]
    else:
        rows = lake.scan("daily", days[0].item(), days[-1].item())
    present = rows.select(pl.col("symbol").unique()).collect()["symbol"]
    assets = np.array(sorted(set(present) & set(admitted)), dtype=str)
    if len(assets) == 0 or len(days) == 0:
        raise NoAssetsError(lake.root, f"with {data.assets} on the recipe's boards and dates")
    return days, assets


def _make_forward(shop: Workshop, folder: Path) -> None:
    axes = shop.panel("axes")
    parts = [
        fwd_return(shop.lake, axes.dates, axes.assets, first, last)
        for first, last in shop.recipe.test.horizons
    ]
    names = tuple(name for part in parts for name in part.names)
    values = np.concatenate([part.values for part in parts], axis=-1)
    Panel(values, axes.dates, axes.assets, names).save(folder / "panel")
