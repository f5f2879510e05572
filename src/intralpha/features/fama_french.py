"""Three factors of Fama and French from a day's cross-section, and what they leave of a stock."""

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy import ndarray

from intralpha.base.cross_section import sum_in_turn
from intralpha.market import Lake, announced, read_daily

BOOK = "book_equity"
LOW, HIGH = 0.3, 0.7  # quantiles of book to price
LEAST = 6  # stocks with size and book that a session needs


def three_factors(
    ret_DA: Float[ndarray, "D A"],
    cap_DA: Float[ndarray, "D A"],
    bp_DA: Float[ndarray, "D A"],
) -> Float[ndarray, "D 3"]:
    r"""Market, small minus big, high minus low; of each session.

    .. math:: SMB = \tfrac13 (SL + SM + SH) - \tfrac13 (BL + BM + BH), \qquad
              HML = \tfrac12 (SH + BH) - \tfrac12 (SL + BL)

    with six portfolios weighted by cap: small and big apart at the median of the caps, low,
    middle and high at the 30 % and 70 % quantiles of book to price [Spec 8; Fama and French 1993].
    The sorts are those of the close before each session; the risk-free rate is 0.

    Parameters
    ----------
    ret_DA : returns, NaN where not traded
    cap_DA : CNY, at the close before
    bp_DA : book to price, at the close before; stocks with none, or one below 0, make the market
        return and no more

    Returns
    -------
    ndarray of float64, shape [D, 3]
        NaN throughout on a session on which one of the six is empty.
    """
    out = np.full((len(ret_DA), 3), np.nan)
    for d, (ret, cap, bp) in enumerate(zip(ret_DA, cap_DA, bp_DA, strict=True)):
        there = np.isfinite(ret) & (np.nan_to_num(cap) > 0)
        sorted_ = there & (np.nan_to_num(bp) > 0)
        if sorted_.sum() < LEAST:
            continue
        small = cap <= np.median(cap[sorted_])
        low, high = np.quantile(bp[sorted_], (LOW, HIGH))
        value = np.where(bp <= low, 0, np.where(bp > high, 2, 1))
        six = np.array(
            [
                [_weighted(ret, cap, sorted_ & (small == side) & (value == v)) for v in range(3)]
                for side in (True, False)
            ]
        )
        if np.isfinite(six).all():
            smb = six[0].mean() - six[1].mean()
            out[d] = _weighted(ret, cap, there), smb, six[:, 2].mean() - six[:, 0].mean()
    return out


def _weighted(
    ret_A: Float[ndarray, "A"], cap_A: Float[ndarray, "A"], inside_A: Bool[ndarray, "A"]
) -> float:
    """Return of some stocks by cap; the same to the last bit whoever else stands there."""
    if not inside_A.any():
        return float("nan")
    cap, ret = cap_A[inside_A], ret_A[inside_A]
    return float(sum_in_turn((cap * ret)[None])[0] / sum_in_turn(cap[None])[0])


def what_is_left(
    ret_TA: Float[ndarray, "T A"], factors_TK: Float[ndarray, "T K"], min_days: int
) -> tuple[Float[ndarray, "A"], Float[ndarray, "A"]]:
    """Standard deviation of each stock's residuals on the factors, and 1 - R-squared.

    Parameters
    ----------
    ret_TA : returns of a window, NaN where not traded
    factors_TK : returns of the factors, NaN where there are none; an intercept is added
    min_days : sessions with both that a stock needs

    Returns
    -------
    (deviation, share) : ndarrays of float64, shape [A]
        Population form. NaN with fewer sessions, and the share also for a stock that does not
        move.

    Notes
    -----
    Normal equations added session by session, and solved stock by stock: a value does not depend,
    to the last bit, on which other stocks stand there.
    """
    told = np.isfinite(factors_TK).all(axis=1)
    y, factors = ret_TA[told], factors_TK[told]
    seen = np.isfinite(y)
    count = seen.sum(axis=0)
    at = np.flatnonzero(count >= max(min_days, factors.shape[1] + 2))
    out = np.full((2, ret_TA.shape[1]), np.nan)
    if not len(at):
        return out[0], out[1]
    y, seen, n = np.where(seen, y, 0.0)[:, at], seen[:, at].astype(np.float64), count[at]
    y = np.where(seen > 0, y - _in_turn(y) / n, 0.0)
    scale = np.where(factors.std(axis=0) > 0, factors.std(axis=0), 1.0)
    x = np.column_stack([np.ones(len(factors)), (factors - factors.mean(axis=0)) / scale])
    normal = np.zeros((len(at), x.shape[1], x.shape[1]))
    right = np.zeros((len(at), x.shape[1]))
    for row, one, there in zip(x, y, seen, strict=True):
        normal += there[:, None, None] * np.outer(row, row)
        right += one[:, None] * row
    solved = np.linalg.pinv(normal, rcond=1e-12, hermitian=True)
    explained = (right * (solved * right[:, None, :]).sum(axis=-1)).sum(axis=-1)
    total = _in_turn(y**2)
    rest = np.maximum(total - explained, 0.0)
    out[0, at] = np.sqrt(rest / n)
    out[1, at] = np.divide(rest, total, out=np.full(len(at), np.nan), where=total > 0)
    return out[0], out[1]


def residual_risk(
    lake: Lake,
    sessions: Shaped[ndarray, "H"],
    ends: Int[ndarray, "D"],
    assets: Shaped[ndarray, "A"],
    days: int,
    min_days: int,
) -> Float[ndarray, "D A 2"]:
    """What the three factors of all stocks of the lake leave of some, window by window.

    Parameters
    ----------
    lake : as of :func:`read_sessions`
    sessions : of the lake, without gaps
    ends : places among the sessions on which a window ends
    assets : symbols
    days : returns in a window, fewer where the sessions begin later
    min_days : as of :func:`what_is_left`

    Returns
    -------
    ndarray of float64
        Deviation and share, see :func:`what_is_left`; NaN for a stock that the lake does not know.
        Known at the close of each end.
    """
    known, ret, factors = read_sessions(lake, sessions)
    mine = np.isin(assets, known)
    place = np.searchsorted(known, assets[mine])
    out = np.full((len(ends), len(assets), 2), np.nan)
    for d, end in enumerate(ends.tolist()):
        span = slice(max(end - days, 0), end)
        out[d, mine] = np.column_stack(what_is_left(ret[span][:, place], factors[span], min_days))
    return out


def _in_turn(values_TA: Float[ndarray, "T A"]) -> Float[ndarray, "A"]:
    """Sums over sessions, the oldest first."""
    return sum_in_turn(values_TA.T)


def read_sessions(
    lake: Lake, sessions: Shaped[ndarray, "H"]
) -> tuple[Shaped[ndarray, "A"], Float[ndarray, "T A"], Float[ndarray, "T 3"]]:
    """Returns of all stocks of the lake and the three factors, of sessions in a row but the first.

    Parameters
    ----------
    lake : with ``daily.total_shares``, and ``book_equity`` in ``fundamentals``
    sessions : of the lake, without gaps

    Returns
    -------
    (assets, ret, factors) : str [A] sorted; float64 [H - 1, A] and [H - 1, 3]
        Returns are close / preclose - 1 of days that traded. A stock without a row at the close
        before is in no sort.
    """
    names = ("close", "preclose", "total_shares", "traded")
    daily = read_daily(lake, names, sessions[0].item(), sessions[-1].item())
    cap = (daily["close"] * daily["total_shares"])[:-1]
    book = announced(lake, daily.dates[:-1], daily.assets, (BOOK,))[BOOK]
    bp = book / np.where(cap > 0, cap, np.nan)
    ret = np.where(daily["traded"] == 1, daily["close"] / daily["preclose"] - 1, np.nan)[1:]
    return daily.assets, ret, three_factors(ret, cap, bp)
