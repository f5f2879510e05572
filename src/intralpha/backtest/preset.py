"""Presets of portfolios: the settings of the five reports, one file each [Spec 18.1]."""

from intralpha.base.preset import Presets

PORTFOLIOS = Presets("intralpha.backtest")
