"""Read: which part of a lake a computation needs, stated as data; nodes and tables share it."""

from intralpha.base.node import Read

__all__ = ["Read"]
