"""Deep-learning alpha factors for Chinese A-shares, from raw market data to an honest back-test.

``import intralpha as ia`` imports nothing heavy; what a researcher needs comes when it is named.
``m = ia.market("lake", every=5)`` opens a lake; ``m.factor``, ``m.test`` and ``m.fit`` work on it.
``ia.market`` is the folder of the lake's tables, too.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from intralpha import market
    from intralpha.base import Panel
    from intralpha.base.plugins import load_plugins
    from intralpha.market import Lake
    from intralpha.pipeline import execute, load_recipe, plan
    from intralpha.research import Market, open_market

__version__ = "0.1.0"

_HOMES = {
    "Lake": "intralpha.market",
    "Market": "intralpha.research",
    "Panel": "intralpha.base",
    "execute": "intralpha.pipeline",
    "load_plugins": "intralpha.base.plugins",
    "load_recipe": "intralpha.pipeline",
    "open_market": "intralpha.research",
    "plan": "intralpha.pipeline",
}
__all__ = [
    "Lake",
    "Market",
    "Panel",
    "execute",
    "load_plugins",
    "load_recipe",
    "market",
    "open_market",
    "plan",
]


class _Market(ModuleType):
    """The folder ``intralpha.market``, which opens a lake when it is called."""

    def __call__(self, lake: Any, **settings: Any) -> Any:
        """What :func:`intralpha.research.open_market` gives."""
        return importlib.import_module("intralpha.research").open_market(lake, **settings)


class _Package(ModuleType):
    """The package: names are imported when they are asked for."""

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system binds a submodule here as soon as it is imported.
        if name == "market" and isinstance(value, ModuleType):
            value.__class__ = _Market
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name == "market":
            return importlib.import_module("intralpha.market")
        if name not in _HOMES:
            raise AttributeError(f"module 'intralpha' has no attribute {name!r}")
        return getattr(importlib.import_module(_HOMES[name]), name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *__all__})


sys.modules[__name__].__class__ = _Package
