"""Vocabulary: what an expression over the rows of a stock and day may name, with units."""

from dataclasses import dataclass, field

from intralpha.features.language.units import CNY_UNIT, PRICE_UNIT, SHARE_UNIT, TRADE_UNIT, Unit

PRICES = dict.fromkeys(("open", "high", "low", "close"), PRICE_UNIT)
CONSTANTS = {"SHARE": SHARE_UNIT, "CNY": CNY_UNIT, "TRADE": TRADE_UNIT}
MASKS = ("locked", "limit")  # series of 0 and 1 that the data give
LEAST_IN_BAR = 5


@dataclass(frozen=True)
class Vocabulary:
    """Names over the rows of one frame.

    Attributes
    ----------
    name : of the frame
    rows : series given by the data, with their units
    days : numbers of the day given by the data
    derived : name -> expression
    minutes : of one row; 0 where rows are no bars of time
    least : fewest observations of a statistic that does not say
    lunch : row that begins the afternoon (from 0); 0 where there is none
    whole_day : derived numbers that the data give where segments are bars: they are of the whole
        day and known at its close only
    late : series that are known at the close only
    """

    name: str
    rows: dict[str, Unit]
    days: dict[str, Unit]
    derived: dict[str, str]
    minutes: int
    least: int
    lunch: int = 0
    whole_day: dict[str, Unit] = field(default_factory=dict)
    late: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """Everything an expression may name."""
        own = {"row", "locked", "cont"} if self.minutes else {"row", "rows_left"}
        return sorted({*self.rows, *self.days, *self.derived, *own, *CONSTANTS})
