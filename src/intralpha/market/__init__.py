"""Raw facts and the rules of the exchange: the Lake, its tables, calendar, session and universe."""

from intralpha.market.append import AppendResult
from intralpha.market.bars import aggregate_bars, iter_bars, read_bars
from intralpha.market.calendar import Calendar, CalendarEndError
from intralpha.market.caps import cap_weights, float_cap
from intralpha.market.daily import fill_forward, read_daily
from intralpha.market.industry import industry_codes
from intralpha.market.lake import Lake, NoLakeError
from intralpha.market.manifest import LakeBusyError, LakeWriteError
from intralpha.market.merge import ConflictError
from intralpha.market.restriction import UndeclaredReadError
from intralpha.market.schemas import TABLES, RowError, SchemaError, split_valid, validate
from intralpha.market.session import bar_times, has_closing_auction
from intralpha.market.tick_blocks import read_ticks
from intralpha.market.ticks import Ticks, UnsortedTicksError
from intralpha.market.trading_rules import TradingRules, board_of
from intralpha.market.universe import UniverseSpec, members, universe

__all__ = [
    "TABLES",
    "AppendResult",
    "Calendar",
    "CalendarEndError",
    "ConflictError",
    "Lake",
    "LakeBusyError",
    "LakeWriteError",
    "NoLakeError",
    "RowError",
    "SchemaError",
    "Ticks",
    "TradingRules",
    "UndeclaredReadError",
    "UniverseSpec",
    "UnsortedTicksError",
    "aggregate_bars",
    "bar_times",
    "board_of",
    "cap_weights",
    "fill_forward",
    "float_cap",
    "has_closing_auction",
    "industry_codes",
    "iter_bars",
    "members",
    "read_bars",
    "read_daily",
    "read_ticks",
    "split_valid",
    "universe",
    "validate",
]
