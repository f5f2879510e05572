"""Window: how the history that a network sees under one name is cut from a Panel."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from numpy import ndarray
from pydantic import Field

from intralpha.base import ConfigError, Panel, Spec
from intralpha.base.half import HalfPanel
from intralpha.datasets.half_windows import gather_half
from intralpha.datasets.windows import gather, gather_ratio, has_base, ratio_moments

Step = Literal["bar", "day", "nested"]
Moments = tuple[Float[ndarray, "R L F"], Float[ndarray, "R L F"]]


UNTIL = (
    "bar of the sample's date that a window ends with, counted from 1: what comes after it is not "
    "seen, and the window reaches back to the bar after it, of one session more; 0: a window that "
    "ends with the session before, of daily features, too; null: the last bar"
)


class UntilError(ConfigError):
    """A window is to end with a bar that a session does not have."""

    def __init__(self, until: int, bars: int | None) -> None:
        self.until, self.bars = until, bars
        expected = f"at most {bars}, the bars of a session"
        if bars is None:
            expected = "0 or null, for the features are daily and have no bars"
        super().__init__(
            f"until: found {until}; expected {expected}.\nHint: 0 ends a window with the session "
            "before, null with the whole date."
        )


class CutSpec(Spec):
    """Which sessions a window holds and how their bars stand in it."""

    window_days: int = Field(gt=0, description="sessions of history in one sample")
    every: int = Field(
        default=1,
        gt=0,
        description="sessions between two steps of a window: 5 for blocks of five days that end "
        "on each session",
    )
    step: Step = Field(
        default="bar",
        description="what the network reads at a time: a bar; a day's bars at once, side by side; "
        "or days with their bars inside, [B, L, T, F] (nested)",
    )
    until: int | None = Field(default=None, ge=0, description=UNTIL)

    @property
    def cut(self) -> "CutSpec":
        """These keys alone, of an input that has more."""
        return CutSpec(**{name: getattr(self, name) for name in CutSpec.model_fields})

    @property
    def length(self) -> int:
        """Sessions that a window is as long as, those between its steps counted."""
        return (self.window_days - 1) * self.every + 1

    @property
    def span(self) -> int:
        """Sessions from the first that a window reaches into to its date, both counted."""
        return self.length + (self.until is not None)

    def left(self, bars: int | None) -> int:
        """Bars of a sample's date that come after its window.

        Parameters
        ----------
        bars : T of a session; None for daily features

        Raises
        ------
        UntilError
            A session has not so many.
        """
        count = 1 if bars is None else bars
        if self.until is None:
            return 0
        if self.until > count or (bars is None and self.until):
            raise UntilError(self.until, bars)
        return count - self.until

    def sizes(self, bars: int | None, width: int) -> tuple[int, ...]:
        """Axes of a window: L, F; with nested steps L, T, F.

        Parameters
        ----------
        bars : T of a session; None for daily features
        width : F, numbers in a bar, or in a day
        """
        count = 1 if bars is None else bars
        if self.step == "day":
            return self.window_days, count * width
        if self.step == "nested":
            return self.window_days, count, width
        return self.window_days * count, width


@dataclass(frozen=True, eq=False)
class Window:
    """Windows of one input: the rows of ``window_days`` sessions up to and with a date, or as many
    up to a bar of it.

    Parameters
    ----------
    panel : [D, A, F] or [D, T, A, F], successive sessions; of float16 where ``ratio_clip`` is 0
    cut : which of them, and how bars stand
    ratio_clip : if not 0, windows are divided by their last values and z-scored over the date's
        samples, labelled or not [Spec 10.3], with this bound (inf for none); a stock with a feature
        that is 0 or absent in all of its window is no sample then

    Raises
    ------
    UntilError
        The cut ends with a bar that a session does not have.
    """

    panel: Panel | HalfPanel
    cut: CutSpec
    ratio_clip: float = 0.0

    def __post_init__(self) -> None:
        self.cut.left(None if self.panel.times is None else self.bars)

    @property
    def bars(self) -> int:
        """Bars of a session; 1 for daily features."""
        return 1 if self.panel.times is None else len(self.panel.times)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Axes of a window: L, F; with nested steps L, T, F."""
        return self.cut.sizes(self.bars, len(self.panel.names))

    def present(self, present_DA: Bool[ndarray, "D A"], t: int) -> Float[ndarray, " A"]:
        """Share of the sessions from the window's first to its last on which a stock traded."""
        return present_DA[t - self.cut.length + 1 : t + 1].mean(axis=0)

    def usable(self, t: int, column_N: Int[ndarray, " N"]) -> Int[ndarray, " M"]:
        """Those columns that have a value to divide by, where windows are divided."""
        if not self.ratio_clip:
            return column_N
        return column_N[has_base(self._steps, self._stop(t), column_N, self._rows)]

    def moments(self, found: list[tuple[int, Int[ndarray, "..."]]]) -> Moments | None:
        """Moments of the ratio windows of each date [R, L, F]; None without ``ratio_clip``.

        Parameters
        ----------
        found : position of a date and the columns of its samples, a pair a date
        """
        if not self.ratio_clip:
            return None
        steps, rows = self._steps, self._rows
        pairs = [ratio_moments(steps, self._stop(t), c, rows) for t, c in found]
        return np.stack([m for m, _ in pairs]), np.stack([s for _, s in pairs])

    def of(
        self,
        t_N: Int[ndarray, " N"],
        column_N: Int[ndarray, " N"],
        row_N: Int[ndarray, " N"],
        moments: Moments | None,
    ) -> Float32[ndarray, "N *sizes"]:
        """The windows of some samples, oldest step first.

        Parameters
        ----------
        t_N, column_N : position of each sample's date and stock
        row_N : its date as a row of ``moments``
        moments : of :meth:`moments`
        """
        stop = (t_N.astype(np.int64) + 1) * self.bars - self._left
        if moments is not None:
            clip, rows = self.ratio_clip, self._rows
            x = gather_ratio(self._steps, stop, column_N, row_N, moments, clip, rows)
        elif isinstance(self.panel, HalfPanel):
            x = gather_half(self._steps, self._scale_DF, stop, column_N, self._rows)
        else:
            x = gather(self._steps, stop, column_N, self._rows)
        return x.reshape(len(x), *self.sizes)

    def sessions_back(self, row: int) -> int:
        """Sessions from that of a row of a window, oldest first, to the window's date."""
        return int(self._rows[row] + self._left - 1) // self.bars

    def _stop(self, t: int) -> int:
        """The step after the window of a date."""
        return (t + 1) * self.bars - self._left

    @property
    def _left(self) -> int:
        return self.cut.left(None if self.panel.times is None else self.bars)

    @cached_property
    def _scale_DF(self) -> Float32[ndarray, "D F"]:
        """What halves are multiplied with; asked for at every step of a training."""
        assert isinstance(self.panel, HalfPanel)
        return self.panel.scale_DF

    @property
    def _steps(self) -> Float[ndarray, "S A F"]:
        """Features as steps [S, A, F]: days, or the bars of all days end to end; a view."""
        panel = self.panel
        values = panel.halves if isinstance(panel, HalfPanel) else panel.values
        if self.panel.times is None:
            return values
        bars, assets, width = values.shape[1:]
        return values.reshape(len(values) * bars, assets, width)

    @property
    def _rows(self) -> Int[ndarray, " L"]:
        """How many steps before the end of the window each of its rows stands."""
        days = np.arange(self.cut.window_days - 1, -1, -1) * self.cut.every
        return (days[:, None] * self.bars + np.arange(self.bars, 0, -1)).ravel()
