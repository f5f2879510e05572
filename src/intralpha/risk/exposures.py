"""Style exposures from price, volume and share counts: eight styles of [Spec 9.1, fall-back]."""

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.market import Lake
from intralpha.risk import descriptors as raw
from intralpha.risk.cross_section import CrossSection, Descriptors
from intralpha.risk.history import History
from intralpha.risk.over_blocks import Block, styles_of
from intralpha.risk.spec import StyleWindows

STYLES = (
    "size",
    "beta",
    "momentum",
    "residual_volatility",
    "nonlinear_size",
    "liquidity",
    "reversal",
    "amihud",
)
VOLATILITY_WEIGHTS = {"dastd": 0.74, "cmra": 0.16, "hsigma": 0.10}
LIQUIDITY_WEIGHTS = {"stom": 0.35, "stoq": 0.35, "stoa": 0.30}


def exposures(
    lake: Lake,
    dates: Shaped[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
    mask_DA: Bool[ndarray, "mask_D mask_A"],
    spec: StyleWindows,
) -> Panel:
    """Standardised style exposures.

    =====================  =====================================================================
    size                   ln(total cap)
    beta                   slope on the cap-weighted market, 252 days, half-life 63
    momentum               log returns of 504 days, half-life 126, the last 21 left out
    residual_volatility    0.74 DASTD + 0.16 CMRA + 0.10 HSIGMA, less size and beta
    nonlinear_size         cube of size, less size
    liquidity              0.35 STOM + 0.35 STOQ + 0.30 STOA, less size
    reversal               ln(P_t / P_{t-21}), not turned round
    amihud                 ln mean(abs(return) / amount), 20 days
    =====================  =====================================================================

    Descriptors are winsorised and standardised over the mask (cap-weighted mean 0, equal-weight
    std 1), then added up with the weights of those that are there, standardised again, and
    filled with the mean of the industry. What is "less" something is the residual of a
    least-squares fit after that, standardised once more.

    Parameters
    ----------
    lake : with ``daily``; ``industry`` if it has one
    dates : sessions of the lake, ascending
    assets : symbols; all of them make the market return, so give the whole market
    mask_DA : stocks over which each date is standardised, such as the universe
    spec : windows, those above by default

    Returns
    -------
    Panel, float32, shape [D, A, 8], names ``STYLES``
        Known at the close of each date, and the same to the last bit whatever other dates, and
        stocks that come later, are asked for. Stocks outside the mask are measured by the same
        scale.
        NaN for a stock that has never traded before. A window needs 60 % of its days: at the
        beginning of a lake long windows give way to the industry mean, and a style that no stock
        has yet is 0 for all.

    Raises
    ------
    MaskShapeError
    UnknownNameError
        A date is not a session of the lake.

    Notes
    -----
    Total cap is total shares x close. Where fewer than half of the stocks have share counts, the
    float cap of :func:`intralpha.market.float_cap` takes its place, and without that the mean
    amount of 60 days. Turnover likewise falls back to amount / float cap and to the amount.

    Memory: about ten columns of ``lookback_days + 250`` sessions at a time: 0.2 GB for 2,000
    stocks over 18 months.
    """
    return styles_of(lake, dates, assets, mask_DA, STYLES, spec.lookback_days, _Styles(spec))


class _Styles:
    """Exposures of the dates of a block."""

    def __init__(self, spec: StyleWindows) -> None:
        self._spec = spec

    def __call__(self, block: Block) -> Float[ndarray, "D A K"]:
        """NaN for stocks that have never traded."""
        parts = price_descriptors(block.history, block.rows, self._spec)
        out = np.full((*block.mask_DA.shape, len(STYLES)), np.nan)
        for d, present in block.present():
            one = {name: values[d, present] for name, values in parts.items()}
            styles = price_styles(block.cross_section(d, present, self._spec.winsor), one)
            out[d, present] = np.column_stack([styles[name] for name in STYLES])
        return out


def price_descriptors(
    history: History, rows: Int[ndarray, "D"], spec: StyleWindows
) -> dict[str, Float[ndarray, "D A"]]:
    """Raw descriptors of price and volume.

    Parameters
    ----------
    history : past sessions
    rows : positions of the dates in it
    spec : windows
    """
    beta, hsigma = raw.beta(history, rows, spec)
    stom, stoq, stoa = raw.turnovers(history, rows, spec)
    return {
        "size": raw.size(history, rows),
        "beta": beta,
        "momentum": raw.momentum(history, rows, spec),
        "dastd": raw.daily_volatility(history, rows, spec),
        "cmra": raw.cumulative_range(history, rows, spec),
        "hsigma": hsigma,
        "stom": stom,
        "stoq": stoq,
        "stoa": stoa,
        "reversal": raw.reversal(history, rows, spec),
        "amihud": raw.illiquidity(history, rows, spec),
    }


def price_styles(cross: CrossSection, part: Descriptors) -> dict[str, Float[ndarray, "A"]]:
    """The eight styles of price and volume, by name.

    Parameters
    ----------
    cross : stocks of one date
    part : their raw descriptors, of :func:`price_descriptors`
    """
    size = cross.filled(cross.scaled(part["size"]))
    beta = cross.filled(cross.scaled(part["beta"]))
    volatility = cross.style(part, VOLATILITY_WEIGHTS)
    liquidity = cross.style(part, LIQUIDITY_WEIGHTS)
    return {
        "size": size,
        "beta": beta,
        "momentum": cross.filled(cross.scaled(part["momentum"])),
        "residual_volatility": cross.apart(volatility, np.column_stack([size, beta])),
        "nonlinear_size": cross.apart(size**3, size[:, None]),
        "liquidity": cross.apart(liquidity, size[:, None]),
        "reversal": cross.filled(cross.scaled(part["reversal"])),
        "amihud": cross.filled(cross.scaled(part["amihud"])),
    }
