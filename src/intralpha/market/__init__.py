"""Raw facts and the rules of the exchange: the Lake, its tables, calendar, session and universe."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.market.append import AppendResult
    from intralpha.market.bars import aggregate_bars, read_bars
    from intralpha.market.boards import boards_of
    from intralpha.market.calendar import Calendar, CalendarEndError
    from intralpha.market.caps import cap_weights, float_cap, size_cap, with_snapshots
    from intralpha.market.closing import closing_auctions
    from intralpha.market.codes import UnknownCodeError, board_of, code_range
    from intralpha.market.daily import carried, fill_forward, last_known, read_daily
    from intralpha.market.fundamentals import announced, years_before
    from intralpha.market.hours import bar_times
    from intralpha.market.index_weights import constituents, index_weights
    from intralpha.market.industry import industry_codes
    from intralpha.market.lake import Lake, NoLakeError
    from intralpha.market.lake_step import LakeStep, StepDone
    from intralpha.market.limits import at_down_limit, at_up_limit, locked
    from intralpha.market.manifest import LakeBusyError, LakeWriteError
    from intralpha.market.merge import ConflictError
    from intralpha.market.restriction import UndeclaredReadError
    from intralpha.market.schemas import TABLES, RowError, SchemaError, split_valid, validate
    from intralpha.market.tick_blocks import read_ticks
    from intralpha.market.ticks import Ticks, UnsortedTicksError
    from intralpha.market.trading_rules import TradingRules
    from intralpha.market.universe import UniverseSpec, members, universe
    from intralpha.market.vwap import vwap_outside

lazily(__name__)
