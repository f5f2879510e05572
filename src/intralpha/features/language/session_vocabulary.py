"""SessionVocabulary: what names mean over sessions, and over blocks of sessions.

A block ends today, whatever the calendar says, so that no block is ever cut short by today [Spec
10.3, G-39]. Its series are expressions over single sessions, looked at every so many of them.
"""

from dataclasses import dataclass, field

from intralpha.features.language.units import CNY_UNIT, PLAIN, PRICE_UNIT, SHARE_UNIT
from intralpha.features.language.vocabulary import CONSTANTS, PRICES

SERIES = {
    **PRICES,
    "vwap": PRICE_UNIT,
    "preclose": PRICE_UNIT,
    "carried": PRICE_UNIT,
    "volume": SHARE_UNIT,
    "amount": CNY_UNIT,
    "turnover": PLAIN,
    "ret": PLAIN,
}
MASKS = ("traded",)
OWN_NAMES = (*SERIES, *MASKS, *CONSTANTS)


@dataclass(frozen=True)
class SessionVocabulary:
    """Names over the sessions of one stock.

    Attributes
    ----------
    name : of the frame
    counted : argument that says how many rows a statistic reads
    sessions : of one row; rows before this one end as many sessions earlier each
    derived : name -> expression over single sessions; empty where rows are those
    """

    name: str
    counted: str
    sessions: int = 1
    derived: dict[str, str] = field(default_factory=dict)


DAY = SessionVocabulary("day", "days")


def blocks(name: str, sessions: int) -> SessionVocabulary:
    """Names over blocks of sessions.

    Prices are those of the traded sessions; where there are none, a block is as a day without
    trades is: its prices are those that stand in its rows.

    Parameters
    ----------
    name : of the frame, ``week``; its statistics take ``weeks=``
    sessions : of a block
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
        "carried": "carried",
        **{series: f"sum({series}, {rows})" for series in ("volume", "amount", "turnover")},
        "ret": f"{close} / {preclose} - 1",
        "traded": traded,
    }
    return SessionVocabulary(name, f"{name}s", sessions, derived)
