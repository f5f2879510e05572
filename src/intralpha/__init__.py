"""Deep-learning alpha factors for Chinese A-shares, from raw market data to an honest back-test.

``import intralpha as ia`` imports nothing heavy; what a researcher needs comes when it is named.
``m = ia.market("lake", every=5)`` opens a lake; ``m.factor``, ``m.test`` and ``m.fit`` work on it.
``ia.market`` is the folder of the lake's tables, too.
"""
# ruff: noqa: E402  what a command says after Ctrl-C stands before the imports that it may cut off

import sys


def _say_interrupted(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """Ctrl-C while the command imports this package is one line; see :mod:`intralpha.cli.start`."""
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write("\nInterrupted before anything began.\n")
    else:
        sys.__excepthook__(kind, error, trace)  # type: ignore[arg-type]


if ("-m", __name__) in zip(sys.orig_argv, sys.orig_argv[1:], strict=False) or (
    sys.argv and sys.argv[0].replace("\\", "/").rpartition("/")[2].partition(".")[0] == __name__
):
    sys.excepthook = _say_interrupted

import importlib
from typing import TYPE_CHECKING, Any

import intralpha.market
from intralpha.base.lazy import LazyPackage, lazily

if TYPE_CHECKING:
    from intralpha import market
    from intralpha.base import Panel
    from intralpha.base.plugins import load_plugins
    from intralpha.market import Lake
    from intralpha.pipeline import execute, load_recipe, plan
    from intralpha.research import Market, open_market

__version__ = "0.1.0"


class _Market(LazyPackage):
    """The folder ``intralpha.market``, which opens a lake when it is called."""

    def __call__(self, lake: Any, **settings: Any) -> Any:
        """What :func:`intralpha.research.open_market` gives."""
        return importlib.import_module("intralpha.research").open_market(lake, **settings)


lazily(__name__)
sys.modules["intralpha.market"].__class__ = _Market
