"""Similarity: how far the features of blocks lie from each other; a diagnosis [Spec 15.2]."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Bool, Float
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.cross_section import zscore
from intralpha.base.node import Inputs, Task
from intralpha.base.panel import as_days
from intralpha.evaluation import Moments, frechet_distance
from intralpha.factors.factor import UNIVERSE

EARLIER = "earlier"
MOMENTS, DISTANCES = "moments.npz", "distances.parquet"


def features_input(key: str) -> str:
    """Under which name the node gets the features of an input."""
    return f"features.{key}"


def make_similarity(spec: None, inputs: Inputs, task: Task) -> None:
    """Means and covariances of each block's features, and distances to the blocks before it.

    Parameters
    ----------
    spec : nothing
    inputs : ``features.KEY`` of every input and ``universe`` of the training dates, and ``earlier``
        blocks, which are finished
    task : a slice a block, whose ``about`` names the inputs; its folder gets ``moments.npz`` and
        ``distances.parquet``: the Fréchet distance to each earlier block, over all inputs (the root
        of the sum of their squares)

    Notes
    -----
    Features are standardised on each date (and bar) over the universe, so that only how they go
    together, and what is absent, differs between blocks; what is absent is 0, the mean. Memory:
    one date.
    """
    del spec
    for one in task.slices:
        days = as_days(one.needs[UNIVERSE])
        mask_DA = inputs.panel(UNIVERSE).at(days)[UNIVERSE] > 0
        own = {
            key: Moments.of(
                _rows(inputs.panel(features_input(key)), days, mask_DA),
                len(inputs.panel(features_input(key)).names),
            )
            for key in one.about
        }
        folders = inputs.folders(EARLIER) if one.needs.get(EARLIER) else {}
        before = {name: _read(folders[name], one.about) for name in one.needs.get(EARLIER, ())}
        rows = {
            "block": [one.name] * len(before),
            "other": list(before),
            "distance": [
                float(np.sqrt(sum(frechet_distance(own[k], other[k]) ** 2 for k in own)))
                for other in before.values()
            ],
        }
        types = {"block": pl.String, "other": pl.String, "distance": pl.Float64}
        pl.DataFrame(rows, schema=types).write_parquet(task.folder(one.name) / DISTANCES)
        _write(task.folder(one.name), own)
        task.finish(one.name)


def _rows(
    features: Panel, days: ndarray, mask_DA: Bool[ndarray, "D A"]
) -> Iterator[Float[ndarray, "N F"]]:
    """Standardised features of the universe, a date at a time; of bars a row each."""
    for place, inside in zip(np.searchsorted(features.dates, days), mask_DA, strict=True):
        block = features.values[place][..., inside, :].astype(np.float64)
        z = zscore(block, axis=-2, flat="zero")
        yield np.nan_to_num(z).reshape(-1, block.shape[-1])


def _write(folder: Path, moments: dict[str, Moments]) -> None:
    arrays = {}
    for key, one in moments.items():
        arrays |= {f"{key}.mean": one.mean_F, f"{key}.cov": one.cov_FF}
        arrays |= {f"{key}.rows": np.array(one.rows)}
    np.savez(folder / MOMENTS, **arrays)


def _read(folder: Path, keys: tuple[str, ...]) -> dict[str, Moments]:
    with np.load(folder / MOMENTS) as held:
        return {
            key: Moments(held[f"{key}.mean"], held[f"{key}.cov"], int(held[f"{key}.rows"]))
            for key in keys
        }
