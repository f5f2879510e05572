"""acme.rank: ranks across the stocks of a day, centred."""

from typing import ClassVar, Literal

import numpy as np
from numpy import ndarray

from intralpha.base import Panel
from intralpha.datasets import TransformSpec


class RankSpec(TransformSpec):
    kind: Literal["acme.rank"] = "acme.rank"
    alone: ClassVar[bool] = True

    def apply(self, features: Panel, mask_DA: ndarray, fitted: dict[str, ndarray]) -> Panel:
        out = np.zeros(features.values.shape, np.float32)
        for day, inside, to in zip(features.values, mask_DA, out, strict=True):
            order = day[inside].argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
            known = np.isfinite(day[inside])
            to[inside] = np.where(known, order / max(inside.sum() - 1, 1) - 0.5, 0)
        return Panel(out, features.dates, features.assets, features.names)
