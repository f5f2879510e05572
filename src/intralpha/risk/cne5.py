"""The ten styles of CNE5, from prices and from what companies announced [Spec 9.1]."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.market import Lake
from intralpha.risk.exposures import price_descriptors, price_styles
from intralpha.risk.over_blocks import Block, styles_of
from intralpha.risk.spec import StyleWindows
from intralpha.risk.statements import Statements, cne5_descriptors

PRICE_STYLES = (
    "size",
    "beta",
    "momentum",
    "residual_volatility",
    "nonlinear_size",
    "liquidity",
)
STATEMENT_STYLES = {
    "book_to_price": {"btop": 1.0},
    "earnings_yield": {"epfwd": 0.68, "cetop": 0.21, "etop": 0.11},
    "growth": {"sgro": 0.47, "egro": 0.24, "egrlf": 0.18, "egrsf": 0.11},
    "leverage": {"mlev": 0.38, "dtoa": 0.35, "blev": 0.27},
}
CNE5_STYLES = (*PRICE_STYLES, *STATEMENT_STYLES)


class Cne5Spec(StyleWindows):
    """Ten styles: six of price and volume, four of statements and forecasts [Spec 9.1]."""

    kind: Literal["cne5"] = "cne5"

    def estimate(
        self,
        lake: Lake,
        dates: Shaped[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
        mask_DA: Bool[ndarray, "mask_D mask_A"],
    ) -> Panel:
        """Standardised exposures of every stock on every date.

        =================  =======================================================================
        six of price       as of :func:`intralpha.risk.exposures`
        book_to_price      book equity / total cap
        earnings_yield     0.68 EPFWD + 0.21 CETOP + 0.11 ETOP
        growth             0.47 SGRO + 0.24 EGRO + 0.18 EGRLF + 0.11 EGRSF
        leverage           0.38 MLEV + 0.35 DTOA + 0.27 BLEV
        =================  =======================================================================

        Items of ``fundamentals`` count from the day on which they are announced; their names are
        ``ITEMS`` of :mod:`intralpha.risk.statements`. Of descriptors that are missing the others
        take the weight; a stock without any has the median of its industry, and a style that
        nobody has is 0 for all.

        Parameters
        ----------
        lake : with ``daily`` and ``fundamentals``; ``industry`` if it has one
        dates : sessions of the lake, ascending
        assets : symbols; all of them make the market return, so give the whole market
        mask_DA : stocks over which each date is standardised, such as the universe

        Returns
        -------
        Panel, float32, shape [D, A, 10]
            Known at the close of each date. NaN for a stock that has never traded.

        Notes
        -----
        Growth looks at what was known on the same day of each of the last five years, not at five
        years of one statement: a restated year changes nothing before.
        """

        def make(block: Block) -> Float[ndarray, "D A K"]:
            parts = price_descriptors(block.history, block.rows, self)
            cap_DA = block.history.size_HA[block.rows]
            parts |= cne5_descriptors(Statements(lake, block.dates, assets), cap_DA)
            out = np.full((*block.mask_DA.shape, len(CNE5_STYLES)), np.nan)
            for d, present in block.present():
                one = {name: values[d, present] for name, values in parts.items()}
                cross = block.cross_section(d, present, self.winsor, "median")
                styles = price_styles(cross, one)
                told = {name: cross.style(one, w) for name, w in STATEMENT_STYLES.items()}
                out[d, present] = np.column_stack([(styles | told)[name] for name in CNE5_STYLES])
            return out

        return styles_of(lake, dates, assets, mask_DA, CNE5_STYLES, self.lookback_days, make)
