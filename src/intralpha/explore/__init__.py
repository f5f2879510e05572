"""Explore: facts about a lake, from passes over its bars; nothing of it is used to trade."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.explore.exploration import Exploration, value_text
    from intralpha.explore.lake import HorizonNameError, NoBarsError, explore

lazily(__name__)
