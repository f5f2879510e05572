"""Style exposures from price, volume and share counts: eight styles of [Spec 9.1, fall-back]."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.cross_section import check_mask
from intralpha.base.panel import UnknownNameError, as_days
from intralpha.market import Lake, industry_codes
from intralpha.risk import descriptors as raw
from intralpha.risk.history import History, read_history
from intralpha.risk.spec import StyleWindows
from intralpha.risk.standardise import fill_missing, residual, standardise

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
BLOCK_SESSIONS = 250


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
    amihud                 ln mean(|return| / amount), 20 days
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
    days = as_days(dates)
    check_mask(mask_DA, (len(days), len(assets)))
    out = Panel.full(days, assets, STYLES)
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
    for block in _blocks(rows):
        first = max(int(rows[block][0]) - spec.lookback_days, 0)
        history = read_history(lake, sessions[first : int(rows[block][-1]) + 1], assets)
        values = _styles(history, rows[block] - first, mask_DA[block], codes[block], spec)
        out.values[block] = values.astype(np.float32)
    return out


def _blocks(rows: Int[ndarray, "D"]) -> Iterator[slice]:
    """Runs of dates that span at most so many sessions."""
    start = 0
    while start < len(rows):
        stop = int(np.searchsorted(rows, rows[start] + BLOCK_SESSIONS, side="left"))
        yield slice(start, stop)
        start = stop


def _styles(
    history: History,
    rows: Int[ndarray, "D"],
    mask_DA: Bool[ndarray, "D A"],
    codes_DA: Int[ndarray, "D A"],
    spec: StyleWindows,
) -> Float[ndarray, "D A K"]:
    """Exposures of the dates at these rows of the history."""
    beta, hsigma = raw.beta(history, rows, spec)
    stom, stoq, stoa = raw.turnovers(history, rows, spec)
    parts = {
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
    out = np.full((*mask_DA.shape, len(STYLES)), np.nan)
    for d, row in enumerate(rows.tolist()):
        present = np.isfinite(history.price_HA[row])
        one = {name: values[d, present] for name, values in parts.items()}
        core, codes, cap = mask_DA[d, present], codes_DA[d, present], history.cap_HA[row, present]
        out[d, present] = _CrossSection(core, codes, cap, spec).styles(one)
    return out


class _CrossSection:
    """Stocks of one date that have a price, on whose core (the mask) everything is standardised."""

    def __init__(
        self,
        core: Bool[ndarray, "A"],
        codes: Int[ndarray, "A"],
        cap: Float[ndarray, "A"],
        spec: StyleWindows,
    ) -> None:
        self._core, self._codes, self._cap, self._winsor = core, codes, cap, spec.winsor

    def styles(self, part: dict[str, Float[ndarray, "A"]]) -> Float[ndarray, "A K"]:
        """All styles, in the order of ``STYLES``."""
        z = {name: self._scaled(values) for name, values in part.items()}
        size, beta = self._filled(z["size"]), self._filled(z["beta"])
        volatility = self._filled(self._scaled(_mix(z, VOLATILITY_WEIGHTS)))
        liquidity = self._filled(self._scaled(_mix(z, LIQUIDITY_WEIGHTS)))
        both = np.column_stack([size, beta])
        styles = {
            "size": size,
            "beta": beta,
            "momentum": self._filled(z["momentum"]),
            "residual_volatility": self._apart(volatility, both),
            "nonlinear_size": self._apart(size**3, size[:, None]),
            "liquidity": self._apart(liquidity, size[:, None]),
            "reversal": self._filled(z["reversal"]),
            "amihud": self._filled(z["amihud"]),
        }
        return np.column_stack([styles[name] for name in STYLES])

    def _scaled(self, values: Float[ndarray, "A"]) -> Float[ndarray, "A"]:
        return standardise(values, self._core, self._cap, self._winsor)

    def _filled(self, z: Float[ndarray, "A"]) -> Float[ndarray, "A"]:
        return fill_missing(z, self._core, self._codes, np.ones(len(z), dtype=bool))

    def _apart(self, y: Float[ndarray, "A"], x: Float[ndarray, "A K"]) -> Float[ndarray, "A"]:
        """Residual on x, standardised; 0 for all if nothing is left."""
        return self._filled(self._scaled(residual(y, x, self._core)))


def _mix(z: dict[str, Float[ndarray, "A"]], weights: dict[str, float]) -> Float[ndarray, "A"]:
    """Weighted mean of the descriptors that are there; NaN where none is."""
    stack = np.stack([z[name] for name in weights])
    weight = np.array(list(weights.values()))[:, None] * np.isfinite(stack)
    total = (weight * np.nan_to_num(stack)).sum(axis=0)
    share = weight.sum(axis=0)
    return np.divide(total, share, out=np.full(total.shape, np.nan), where=share > 0)
