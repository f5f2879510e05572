"""Session frames: what names mean over days, and over weeks and months of sessions.

A week is a block of 5 sessions and a month one of 20 that end today, whatever the calendar says, so
that no block is ever cut short by today [Spec 10.3, G-39]. Its series are expressions of the frame
``day``, looked at every so many sessions.
"""

from dataclasses import dataclass, field

from intralpha.features.language.frames import CONSTANTS, PRICES
from intralpha.features.language.units import CNY_UNIT, PLAIN, PRICE_UNIT, SHARE_UNIT

SERIES = {
    **PRICES,
    "vwap": PRICE_UNIT,
    "preclose": PRICE_UNIT,
    "volume": SHARE_UNIT,
    "amount": CNY_UNIT,
    "turnover": PLAIN,
    "ret": PLAIN,
}
MASKS = ("traded",)
OWN_NAMES = (*SERIES, *MASKS, *CONSTANTS)


@dataclass(frozen=True)
class SessionFrame:
    """Rows over time of one stock.

    Attributes
    ----------
    name : of the frame
    counted : argument that says how many rows a statistic reads
    sessions : of one row; rows before this one end as many sessions earlier each
    derived : name -> expression of the frame ``day``; empty for that frame itself
    """

    name: str
    counted: str
    sessions: int = 1
    derived: dict[str, str] = field(default_factory=dict)


def _blocks(name: str, sessions: int) -> SessionFrame:
    """The frame of blocks of that many sessions.

    Prices are those of the traded sessions; where there are none, a block is as a day without
    trades is: its prices are those that stand in its rows.
    """
    rows = f"days={sessions}, least=1"
    traded = f"count(volume[traded], days={sessions}, least=0) > 0"

    def price(statistic: str, series: str) -> str:
        inside = f"{statistic}({series}[traded], {rows})"
        return f"where({traded}, {inside}, {statistic}({series}, {rows}))"

    shares = f"sum((amount / vwap)[traded], {rows})"
    mean = f"sum(amount[traded], {rows}) / {shares}"
    close, preclose = price("last", "close"), price("first", "preclose")
    derived = {
        "open": price("first", "open"),
        "high": price("max", "high"),
        "low": price("min", "low"),
        "close": close,
        "vwap": f"where({traded}, {mean}, last(close, {rows}))",
        "preclose": preclose,
        **{series: f"sum({series}, {rows})" for series in ("volume", "amount", "turnover")},
        "ret": f"{close} / {preclose} - 1",
        "traded": traded,
    }
    return SessionFrame(name, f"{name}s", sessions, derived)


SESSION_FRAMES = {
    frame.name: frame
    for frame in (SessionFrame("day", "days"), _blocks("week", 5), _blocks("month", 20))
}
