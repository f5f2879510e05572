"""Some dates of a set of factors: figures of each factor a date, and sums of correlations."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base.arrays import check_count, check_shape
from intralpha.base.cross_section import check_mask
from intralpha.evaluation.order import ordering
from intralpha.evaluation.pairs import MeanMatrix, pair_correlations
from intralpha.evaluation.ranks import average_ranks
from intralpha.evaluation.sweep import Sweep, sweep

FIGURES = (
    "rank_ic",
    "ic",
    "top_excess",
    "bottom_excess",
    "top_turnover",
    "bottom_turnover",
    "autocorrelation",
)


@dataclass(frozen=True, eq=False)
class SetDays:
    """What some dates say of a set.

    Attributes
    ----------
    dates : datetime64[D] [D]
    names : factors of the set, then what stands beside it [N]
    own : how many of the names are the set's
    figures : name of ``FIGURES`` -> [D, own]; NaN where there is none
    pearson, spearman : of all names
    """

    dates: Shaped[ndarray, "D"]
    names: tuple[str, ...]
    own: int
    figures: dict[str, Float[ndarray, "D F"]]
    pearson: MeanMatrix
    spearman: MeanMatrix

    def save(self, path: Path) -> None:
        """Write one file."""
        matrices = {
            f"{name}_{part}": getattr(getattr(self, name), f"{part}_NN")
            for name in ("pearson", "spearman")
            for part in ("total", "dates")
        }
        names = np.array(self.names)
        own = np.array(self.own)
        np.savez(path, dates=self.dates, names=names, own=own, **self.figures, **matrices)  # type: ignore

    @classmethod
    def load(cls, path: Path) -> "SetDays":
        """Read what :meth:`save` wrote."""
        with np.load(path) as kept:
            matrix = {
                name: MeanMatrix(kept[f"{name}_total"], kept[f"{name}_dates"])
                for name in ("pearson", "spearman")
            }
            return cls(
                kept["dates"],
                tuple(map(str, kept["names"])),
                int(kept["own"]),
                {name: kept[name] for name in FIGURES},
                matrix["pearson"],
                matrix["spearman"],
            )


def measure_days(
    values_DAN: Float[ndarray, "D A N"],
    fwd_rets: dict[str, Float[ndarray, "D A"]],
    mask_DA: Bool[ndarray, "D A"],
    dates: Shaped[ndarray, "D"],
    names: tuple[str, ...],
    own: int,
    share: float = 0.1,
    held: str | None = None,
    skip: int = 0,
) -> SetDays:
    """Measure each factor of a set, and how alike all of them are.

    Parameters
    ----------
    values_DAN : known at the close of each date; what is not finite is absent
    fwd_rets : horizon -> simple returns earned afterwards; the first leads the ICs
    mask_DA : universe
    dates, names : of the values
    own : names that are tested; the others only stand beside them in the correlations
    share : of the universe in each leg
    held : horizon that the legs earn; default: the first
    skip : dates in front that are there for turnover and autocorrelation alone

    Returns
    -------
    SetDays
        Without the dates that are skipped. RankIC and IC need 30 stocks, and so do correlations.

    Raises
    ------
    ArrayFormError, CountError
        Values that are not of the dates, the mask and the names; more own names than there are.

    Notes
    -----
    Peak memory beside the values: two copies of one date, and 40 bytes a cell of one factor.
    """
    check_shape("values_DAN", values_DAN, (len(dates), None, len(names)), "f")
    check_mask(mask_DA, values_DAN.shape[:2])
    check_count("own", own, 0, len(names))
    check_count("skip", skip, 0, len(dates))
    found: dict[str, list[ndarray]] = {name: [] for name in FIGURES}
    after = ordering(next(iter(fwd_rets.values())))
    for k in range(own):
        score = np.ascontiguousarray(values_DAN[:, :, k], np.float64)
        swept = sweep(score, fwd_rets, mask_DA, 2, share, held=held, pearson=True, after=after)
        for name, series in _figures(swept).items():
            found[name].append(series[skip:])
    figures = {
        name: np.stack(parts, axis=1) if parts else np.empty((len(dates) - skip, 0))
        for name, parts in found.items()
    }
    pearson, spearman = MeanMatrix.empty(len(names)), MeanMatrix.empty(len(names))
    for d in range(skip, len(dates)):
        inside = np.ascontiguousarray(values_DAN[d, mask_DA[d]].T, np.float64)
        pearson.add(pair_correlations(inside))
        spearman.add(pair_correlations(average_ranks(inside)))
    return SetDays(dates[skip:], names, own, figures, pearson, spearman)


def _figures(swept: Sweep) -> dict[str, Float[ndarray, "D"]]:
    assert swept.ic_D is not None
    assert swept.autocorrelation_D is not None
    return {
        "rank_ic": next(iter(swept.rank_ic.values())),
        "ic": swept.ic_D,
        "top_excess": swept.top.ret_D - swept.universe_D,
        "bottom_excess": swept.bottom.ret_D - swept.universe_D,
        "top_turnover": swept.top.turnover_D,
        "bottom_turnover": swept.bottom.turnover_D,
        "autocorrelation": swept.autocorrelation_D,
    }
