"""Research from Python: a lake opened with its universe and grid, factors, tests, networks."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.research.given import SettingsError
    from intralpha.research.kept import Kept
    from intralpha.research.market import Market, NoFactorError, NoNetworkError, open_market

lazily(__name__)
