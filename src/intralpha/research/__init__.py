"""Research from Python: a lake opened with its universe and grid, factors, tests, networks."""

from intralpha.research.market import Market, NoNetworkError, open_market

__all__ = ["Market", "NoNetworkError", "open_market"]
