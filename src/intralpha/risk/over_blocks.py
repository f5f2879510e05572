"""Exposures of many dates, made a block of sessions at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.cross_section import check_mask
from intralpha.base.panel import UnknownNameError, as_days
from intralpha.market import Lake, industry_codes
from intralpha.risk.cross_section import CrossSection
from intralpha.risk.history import History, read_history, runs
from intralpha.risk.standardise import Middle


@dataclass(frozen=True, eq=False)
class Block:
    """Some dates and what their exposures are made from.

    Attributes
    ----------
    history : past sessions up to the last date
    rows : positions of the dates in it
    mask_DA : stocks by which a date is scaled
    codes_DA : industries
    """

    history: History
    rows: Int[ndarray, "D"]
    mask_DA: Bool[ndarray, "D A"]
    codes_DA: Int[ndarray, "D A"]

    @property
    def dates(self) -> Shaped[ndarray, "D"]:
        """The dates."""
        return self.history.dates[self.rows]

    def present(self) -> Iterator[tuple[int, Bool[ndarray, "A"]]]:
        """Of each date the stocks that have ever traded."""
        for d, row in enumerate(self.rows.tolist()):
            yield d, np.isfinite(self.history.price_HA[row])

    def cross_section(
        self, d: int, present_A: Bool[ndarray, "A"], winsor: float, middle: Middle = "mean"
    ) -> CrossSection:
        """Its stocks on one date.

        Parameters
        ----------
        d : which date
        present_A : which stocks
        winsor, middle : as of :class:`CrossSection`
        """
        cap = self.history.cap_HA[self.rows[d], present_A]
        core, codes = self.mask_DA[d, present_A], self.codes_DA[d, present_A]
        return CrossSection(core, codes, cap, winsor, middle)


def styles_of(
    lake: Lake,
    dates: Shaped[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
    mask_DA: Bool[ndarray, "mask_D mask_A"],
    names: tuple[str, ...],
    lookback_days: int,
    make: Callable[[Block], Float[ndarray, "D A K"]],
) -> Panel:
    """Exposures of all dates, as ``make`` gives them of a block.

    Parameters
    ----------
    lake : with ``daily``; ``industry`` if it has one
    dates : sessions of the lake, ascending
    assets : symbols; all of them make the market return, so give the whole market
    mask_DA : stocks over which each date is standardised
    names : of the styles
    lookback_days : sessions before a date that its exposures look at
    make : what is asked of each block

    Returns
    -------
    Panel, float32, shape [D, A, K]

    Raises
    ------
    MaskShapeError
    UnknownNameError
        A date is not a session of the lake.
    """
    days = as_days(dates)
    check_mask(mask_DA, (len(days), len(assets)))
    out = Panel.full(days, assets, names)
    if len(days) == 0:
        return out
    sessions = lake.limited(None, days[-1].item()).dates("daily")
    absent = days[~np.isin(days, sessions)]
    if len(absent):
        raise UnknownNameError(
            "date", absent.astype(str).tolist(), sessions[-20:].astype(str).tolist()
        )
    rows = np.searchsorted(sessions, days)
    codes, _ = industry_codes(lake, days, assets)
    for part in runs(rows):
        first = max(int(rows[part][0]) - lookback_days, 0)
        history = read_history(lake, sessions[first : int(rows[part][-1]) + 1], assets)
        block = Block(history, rows[part] - first, mask_DA[part], codes[part])
        out.values[part] = make(block).astype(np.float32)
    return out
