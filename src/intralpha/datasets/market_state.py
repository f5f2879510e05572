"""Market state: a few numbers that say what the market of the last sessions was like."""

import numpy as np
from jaxtyping import Float, Shaped
from numpy import ndarray

from intralpha.market import Lake, read_daily

STATES = ("ret", "volatility", "dispersion", "turnover", "size_ret")
SESSIONS_AT_A_TIME = 250
COLUMNS = ("close", "preclose", "volume", "float_shares", "traded")


def market_states(
    lake: Lake,
    sessions: Shaped[ndarray, " S"],
    days: int,
    assets: Shaped[ndarray, " A"] | None = None,
) -> Float[ndarray, "S K"]:
    """State of the market at the close of each session, over the stocks that traded.

    ``ret``, mean over the last ``days`` sessions of the mean return; ``volatility``, deviation of
    that return over them; ``dispersion``, mean deviation of returns across stocks; ``turnover``,
    mean of ln of the median share of the free float that changed hands; ``size_ret``, mean return
    of the smaller half by float capitalisation less that of the larger half.

    Parameters
    ----------
    lake : with ``daily``; rows after the last session are not looked at
    sessions : datetime64[D], shape [S], ascending, without gaps
    days : sessions of a state, up to and with its own
    assets : str, shape [A], stocks that count; default: all of the lake

    Returns
    -------
    ndarray of float64, shape [S, K]
        NaN where fewer than half of the sessions have the number (no ``float_shares``: turnover and
        size_ret never have). Known at the close of each session.

    Notes
    -----
    Memory: 250 sessions of all stocks.
    """
    blocks = range(0, len(sessions), SESSIONS_AT_A_TIME)
    daily_SK = np.concatenate(
        [_of_days(lake, sessions[b : b + SESSIONS_AT_A_TIME], assets) for b in blocks]
    )
    out = np.full((len(sessions), len(STATES)), np.nan)
    for s in range(len(sessions)):
        window = daily_SK[max(s - days + 1, 0) : s + 1]
        for k, (name, column) in enumerate(zip(STATES, (0, 0, 1, 2, 3), strict=True)):
            known = window[np.isfinite(window[:, column]), column]
            if 2 * len(known) >= days:
                out[s, k] = known.std() if name == "volatility" else known.mean()
    return out


def _of_days(
    lake: Lake, sessions: Shaped[ndarray, " S"], assets: Shaped[ndarray, " A"] | None
) -> Float[ndarray, "S 4"]:
    """Mean return, its deviation across stocks, turnover, small less large, of each session."""
    first, last = sessions[0].item(), sessions[-1].item()
    daily = read_daily(lake, COLUMNS, first, last, assets).at(sessions)
    out = np.full((len(sessions), 4), np.nan)
    for s in range(len(sessions)):
        traded = (daily["traded"][s] == 1) & (daily["preclose"][s] > 0)
        close, preclose = daily["close"][s, traded], daily["preclose"][s, traded]
        volume, shares = daily["volume"][s, traded], daily["float_shares"][s, traded]
        if not traded.any():
            continue
        ret = close / preclose - 1
        out[s, :2] = ret.mean(), ret.std()
        known = shares > 0
        if known.any():
            out[s, 2] = np.log(np.median(volume[known] / shares[known]))
            cap = (preclose * shares)[known]
            small = cap <= np.median(cap)
            if not small.all():
                out[s, 3] = ret[known][small].mean() - ret[known][~small].mean()
    return out
