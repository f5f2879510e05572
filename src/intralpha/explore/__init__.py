"""Explore: facts about a lake, from passes over its bars; nothing of it is used to trade."""

from intralpha.explore.exploration import Exploration, value_text
from intralpha.explore.lake import HorizonNameError, NoBarsError, explore

__all__ = ["Exploration", "HorizonNameError", "NoBarsError", "explore", "value_text"]
