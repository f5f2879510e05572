"""SessionFactors: factors over sessions, from daily rows and daily values of other libraries."""

import logging
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float, Int, Shaped
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.node import Read
from intralpha.features.engine.rolling import run_sessions
from intralpha.features.factors import Factors, Made, Maker, Settings, earlier, merged
from intralpha.features.frames import frame_named
from intralpha.features.frames.frame import Frame
from intralpha.features.language.library import Library, LibraryError
from intralpha.features.language.session_plan import SessionPlan
from intralpha.features.language.session_vocabulary import OWN_NAMES, SessionVocabulary
from intralpha.features.language.sessions import plan_sessions
from intralpha.features.language.syntax import names_read, naming
from intralpha.features.language.units import Unit
from intralpha.features.libraries import libraries_naming, load_library
from intralpha.features.library_features import LibraryFeatures
from intralpha.features.session_blocks import BLOCK_DAYS
from intralpha.market import Lake, fill_forward, read_daily

DAILY = {
    "open": "adj_open",
    "high": "adj_high",
    "low": "adj_low",
    "close": "adj_close",
    "vwap": "adj_vwap",
    "volume": "volume",
    "amount": "amount_proxy",
}
OTHERS = ("preclose", "adj_factor", "float_shares", "traded")
CARRIED = "carried"
LOG = logging.getLogger(__name__)


class UnusableLibraryError(LibraryError):
    """A library under ``uses`` has no number a stock and day that an expression could name."""

    def __init__(self, library: str, other: str, found: str) -> None:
        self.library, self.other, self.found = library, other, found
        super().__init__(
            f"library {library}, uses: found {other}, {found}; expected one of a frame inside the "
            "day, such as minute, with segments: day.\n"
            "Hint: leave it out of uses; a factor of it can be written again, over rows inside the "
            "day, in a library that uses may name."
        )


@dataclass(frozen=True)
class SessionFrame(Frame):
    """Rows are sessions, or blocks of them that end on the date.

    Prices are adjusted by the ``adj_factor`` of the lake; ``preclose`` is the exchange's (ex right)
    times that factor; ``carried`` is the close carried over sessions without a row; ``turnover`` is
    volume over float shares; ``ret`` is close over preclose.
    """

    vocabulary: SessionVocabulary

    @property
    def name(self) -> str:
        """That of its vocabulary."""
        return self.vocabulary.name

    def names(self) -> list[str]:
        """Series, masks and units."""
        return sorted(OWN_NAMES)

    @property
    def names_factors(self) -> bool:
        """Where a row is a session."""
        return not self.vocabulary.derived

    def factors(self, library: Library, settings: Settings) -> "SessionFactors":
        """See :meth:`.Frame.factors`."""
        return SessionFactors(library, settings, self)


class SessionFactors(Factors):
    """Factors of a library over sessions.

    In the frame ``day`` a name that is no daily series is a factor of a shipped intraday library,
    with the parameters that it has by itself, made from bars of ``base_freq`` minutes and kept
    beside the lake.

    Parameters
    ----------
    library : parameters chosen
    settings : ``segments`` does not apply; ``smooth_days`` must be 1: write the mean into the
        expression
    frame : its rows

    Raises
    ------
    LibraryError
        A setting does not fit, or a factor that is named is in several libraries.
    UnusableLibraryError
        A library that it lists has no daily factor of rows inside the day.
    ExpressionError
        An expression does not fit.

    Notes
    -----
    Known at 15:00. A suspended day has the value that the window gives.
    """

    def __init__(self, library: Library, settings: Settings, frame: SessionFrame) -> None:
        if settings.smooth_days != 1 or settings.segments:
            raise LibraryError(_no_smoothing(library, settings))
        self._name = library.name
        self.parts = _parts(library, settings) if frame.names_factors else []
        units: dict[str, Unit] = {}
        for part in self.parts:
            units |= dict(zip(part.names, part.units, strict=True))
        factors = {f.name: f.expr for f in library.factors}
        self.plan: SessionPlan = plan_sessions(factors, units, frame.vocabulary)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the library."""
        return self.plan.names

    @property
    def units(self) -> tuple[Unit, ...]:
        """Units of the factors."""
        return self.plan.units

    @property
    def lookback_days(self) -> int:
        """Sessions of the longest window, and those that the values in it look back on."""
        return self.plan.lookback + max((p.lookback_days for p in self.parts), default=0)

    def libraries(self) -> list[Library]:
        """Those that its expressions name."""
        return [part.library for part in self.parts]

    def reads(self) -> tuple[Read, ...]:
        """Daily rows of the longest window of a daily series, and what the other factors read."""
        back = self.plan.lookbacks_of_inputs()
        own = [sessions for name, sessions in back.items() if name in OWN_NAMES]
        daily = Read("daily", back=None if CARRIED in back else max(own, default=0))
        parts = [
            read
            for part in self.parts
            for read in earlier(part.factors.reads(), max(back[name] for name in part.names))
        ]
        return merged([daily, *parts])

    def check(self, lake: Lake, dates: Shaped[ndarray, "D"], back: int) -> None:
        """See :meth:`.Factors.check`."""
        if "turnover" in self.plan.inputs and not _knows_shares(lake, dates):
            LOG.warning("%s: no session has float_shares; NaN is what reads turnover", self._name)
        for part in self.parts:
            part.factors.check(lake, dates, self.plan.lookback + back)

    def maker(
        self,
        lake: Lake,
        sessions: Shaped[ndarray, "N"],
        wanted: Int[ndarray, "D"],
        assets: Shaped[ndarray, "A"],
    ) -> "_Maker":
        """See :meth:`.Factors.maker`.

        Memory: a block of 250 sessions and the look-back, about 12 float64 a stock and session.
        """
        return _Maker(self, lake, sessions, wanted, assets)


class _Maker(Maker):
    """Values of one session after another; a block of sessions is computed at a time."""

    def __init__(
        self,
        of: SessionFactors,
        lake: Lake,
        sessions: ndarray,
        wanted: ndarray,
        assets: ndarray,
    ) -> None:
        self._of, self._lake, self._sessions, self._assets = of, lake, sessions, assets
        self.steps = wanted
        self._first, self._values = 0, np.empty((0, len(assets), len(of.names)))
        self._carried: Panel | None = None

    def values(self, number: int, found: Any) -> Made | None:
        """Values of a session, from the block that it is in."""
        del found
        if number >= self._first + len(self._values):
            inside = self.steps[(self.steps >= number) & (self.steps < number + BLOCK_DAYS)]
            self._first = max(number - self._of.plan.lookback, 0)
            self._values = run_sessions(self._of.plan, self._inputs(int(inside[-1])))
        made = self._values[number - self._first].astype(np.float32)
        return self._assets, made[:, None]

    def _inputs(self, last: int) -> dict[str, ndarray]:
        """Series [D, A] of the sessions of a block."""
        columns = tuple(dict.fromkeys((*DAILY.values(), *OTHERS)))
        start, end = self._sessions[self._first].item(), self._sessions[last].item()
        daily = read_daily(self._lake, columns, start, end, self._assets)
        out = {name: daily[column] for name, column in DAILY.items()}
        with np.errstate(divide="ignore", invalid="ignore"):
            out["preclose"] = daily["preclose"] * daily["adj_factor"]
            out["turnover"] = daily["volume"] / daily["float_shares"]
            out["ret"] = out["close"] / out["preclose"] - 1
        out["traded"] = daily["traded"] > 0
        if CARRIED in self._of.plan.inputs:
            out[CARRIED] = self._carry(daily)
        for part in self._of.parts:
            out |= self._part(part, daily.dates)
        return out

    def _carry(self, daily: Panel) -> Float[ndarray, "D A"]:
        """Closes carried over sessions without one; the first ones from the whole past."""
        close = daily["adj_close"].copy()
        before, on = self._carried, daily.dates[0]
        if before is None or on not in before.dates:
            day = on.item()
            before = read_daily(self._lake, ("filled_close",), day, day, self._assets)
        close[0] = before.at(daily.dates[:1]).values[0, :, 0]
        close = fill_forward(close)
        self._carried = replace(daily, values=close[..., None], names=("filled_close",))
        return close

    def _part(self, part: LibraryFeatures, dates: ndarray) -> dict[str, ndarray]:
        """Daily values of the factors of another library."""
        values = np.empty((len(dates), len(self._assets), len(part.names)))
        for row, (_, made) in enumerate(part.checked(self._lake, dates, self._assets)):
            values[row] = made
        return {name: values[..., i] for i, name in enumerate(part.names)}


def _knows_shares(lake: Lake, dates: ndarray) -> bool:
    """Whether anybody's float shares are known on any of the sessions; so if there are none."""
    if not len(dates):
        return True
    rows = lake.scan("daily", dates[0].item(), dates[-1].item())
    return bool(rows.select(pl.col("float_shares").is_not_null().any()).collect().item())


def _no_smoothing(library: Library, settings: Settings) -> str:
    """What was found, and what stands for it: the library's own parameter, where it has one."""
    days = settings.smooth_days
    found = f"smooth_days {days}" if days != 1 else ""
    found += " and " if found and settings.segments else ""
    found += "segments" if settings.segments else ""
    smooth = settings.offers.get("smooth")
    hint = "write the mean into the expression: mean(..., days=N)"
    if days == 1:
        hint = "leave segments out"
    elif smooth is not None:
        wanted = days if days in smooth.choices else "N"
        hint = f"parameters: {{smooth: {wanted}}}, with one of {smooth.listed()}"
    return f"library {library.name} is over sessions, where {found} does not apply.\nHint: {hint}."


def _parts(library: Library, settings: Settings) -> list[LibraryFeatures]:
    """Feature sets of the intraday factors that the expressions name, one a library."""
    wanted = _names_of_others(library)
    out, owner = [], {}
    for name in library.uses or libraries_naming(wanted):
        other = load_library(name)
        if unfit := _unfit(other):
            if library.uses:
                raise UnusableLibraryError(library.name, name, unfit)
            continue
        found = tuple(f.name for f in other.factors if f.name in wanted)
        for factor in found:
            if owner.setdefault(factor, name) != name:
                raise LibraryError(
                    f"library {library.name}: {factor} is in {owner[factor]} and in {name}; say "
                    "which libraries it uses"
                )
        if found:
            out.append(LibraryFeatures(other.only(found), _of_part(settings)))
    return out


def _unfit(other: Library) -> str:
    """Why the frame ``day`` cannot name factors of a library; empty if it can."""
    if not frame_named(other.frame).daily:
        return f"whose frame is {other.frame}"
    return "" if other.segments == "day" else f"whose segments are bars of {other.segments} minutes"


def _names_of_others(library: Library) -> set[str]:
    """Names in its expressions that are no daily series."""
    out = set[str]()
    for one in library.factors:
        with naming(one.name):
            out |= names_read(one.expr)
    return out.difference(OWN_NAMES)


def _of_part(settings: Settings) -> Settings:
    """Settings of another library, whose rows nobody can choose."""
    return replace(settings, keys=replace(settings.keys, rows=""))
