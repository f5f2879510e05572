"""The bar features that need prices, volume and amount only (Spec 5.3), as data.

The order of ``BAR_FEATURES`` is the order of the kernel's local row and of the default columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from intralpha.base import ConfigError


@dataclass(frozen=True)
class BarFeature:
    """One row of the table of Spec 5.3.

    Parameters
    ----------
    number : int
        Its number in the specification.
    name : str
    least : int
        Fewest valid sub-bars for which the formula is a statistic. A kurtosis of three points is
        always -1.5, a correlation of two always 1 or -1, and mean / std of two points is so
        heavy-tailed that it has no expectation.
    operator : bool
        True if it is a statistic over the sub-bars, so that ``min_obs`` applies to it; False if
        it is a property of the bar (return, range, amount), for which one traded sub-bar is enough.
    whole_day : bool
        True if it needs the amount of the whole day and is therefore known at the close only.
    """

    number: int
    name: str
    least: int = 1
    operator: bool = True
    whole_day: bool = False

    def needs(self, min_obs: int) -> int:
        """Valid sub-bars without which the value is NaN."""
        return max(self.least, min_obs) if self.operator else self.least


BAR_FEATURES = (
    BarFeature(3, "tval_mean"),
    BarFeature(4, "tval_std", least=2),
    BarFeature(5, "tvol_mean"),
    BarFeature(8, "tval_rel", operator=False),
    BarFeature(15, "bar_ret", operator=False),
    BarFeature(16, "bar_range", operator=False),
    BarFeature(17, "bar_clv", operator=False),
    BarFeature(18, "bar_vwap_dev", operator=False),
    BarFeature(19, "bar_apb", least=2),
    BarFeature(20, "bar_arpp"),
    BarFeature(21, "ret_std", least=2),
    BarFeature(22, "ret_skew", least=3),
    BarFeature(23, "ret_kurt", least=4),
    BarFeature(24, "ret_down_share"),
    BarFeature(25, "ret_maxabs"),
    BarFeature(26, "path_eff", least=2),
    BarFeature(27, "illiq"),
    BarFeature(28, "prop_acorr_ret", least=4),
    BarFeature(29, "prop_t_ret", least=3),
    BarFeature(34, "prop_t_TradeVolume", least=3),
    BarFeature(35, "prop_std_TradeVolume", least=2),
    BarFeature(36, "prop_acorr_TradeVolume", least=4),
    BarFeature(37, "prop_skew_TradeVolume", least=3),
    BarFeature(38, "prop_t_TradeValue", least=3),
    BarFeature(39, "prop_std_TradeValue", least=2),
    BarFeature(40, "prop_acorr_TradeValue", least=4),
    BarFeature(41, "prop_skew_TradeValue", least=3),
    BarFeature(52, "corr_ret_TradeValue", least=3),
    BarFeature(54, "corr_close_TradeVolume", least=3),
    BarFeature(57, "bar_val_share", operator=False, whole_day=True),
)

BAR_FEATURE_NAMES = tuple(feature.name for feature in BAR_FEATURES)


class UncomputableFeatureError(ConfigError):
    """A bar feature was requested that can have no value at these frequencies."""

    def __init__(self, name: str, needed: int, sub_bars: int) -> None:
        self.name, self.needed, self.sub_bars = name, needed, sub_bars
        super().__init__(
            f"{name} needs {needed} valid sub-bars in a bar, but a bar has only {sub_bars}: it "
            "would be NaN everywhere.\nHint: use a smaller base_freq, a larger freq, or a lower "
            "min_obs (which cannot go below what the formula itself needs)."
        )


class UnknownBarFeatureError(ConfigError):
    """A name that is no bar feature."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no bar feature {name}; known are: {', '.join(BAR_FEATURE_NAMES)}")


def computable(sub_bars: int, min_obs: int) -> tuple[str, ...]:
    """Names of the features that can have a value with this many sub-bars in a bar.

    Examples
    --------
    >>> computable(sub_bars=2, min_obs=5)
    ('tval_rel', 'bar_ret', 'bar_range', 'bar_clv', 'bar_vwap_dev', 'bar_val_share')
    >>> len(computable(sub_bars=30, min_obs=5))
    30
    """
    return tuple(f.name for f in BAR_FEATURES if f.needs(min_obs) <= sub_bars)


def checked_names(names: Sequence[str], sub_bars: int, min_obs: int) -> tuple[str, ...]:
    """The requested names, or all computable ones if none is given.

    Raises
    ------
    UnknownBarFeatureError
        If a name is not in the table.
    UncomputableFeatureError
        If a requested feature could never have a value.
    """
    if not names:
        return computable(sub_bars, min_obs)
    table = {feature.name: feature for feature in BAR_FEATURES}
    for name in names:
        if name not in table:
            raise UnknownBarFeatureError(name)
        needed = table[name].needs(min_obs)
        if needed > sub_bars:
            raise UncomputableFeatureError(name, needed, sub_bars)
    return tuple(names)
