"""Explore: facts about a lake, from passes over its bars; nothing of it is used to trade."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.explore.distribution import distribution_summary, distribution_table
    from intralpha.explore.exploration import Exploration, value_text
    from intralpha.explore.lake import HorizonNameError, NoBarsError, explore
    from intralpha.explore.memory import ReturnMemory, UnknownStocksError, return_memory
    from intralpha.explore.spec import ExploreSpec

lazily(__name__)
