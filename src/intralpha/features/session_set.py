"""SessionFeatures: factors over sessions, from daily bars and daily values of other libraries."""

from datetime import time

import numpy as np
from numpy import ndarray

from intralpha.base import Panel
from intralpha.base.panel import as_days
from intralpha.features.engine.rolling import run_sessions
from intralpha.features.feature_set import FeatureSet
from intralpha.features.language.frames import TICK_FRAMES
from intralpha.features.language.library import (
    Library,
    LibraryError,
    libraries,
    load_library,
    read_library,
)
from intralpha.features.language.session_frames import OWN_NAMES, SESSION_FRAMES
from intralpha.features.language.sessions import plan_sessions
from intralpha.features.language.syntax import names_read
from intralpha.features.language.units import Unit
from intralpha.features.language_set import LibrarySpec, library_of
from intralpha.features.library_set import LibraryFeatures
from intralpha.features.session_blocks import SessionBlock, session_blocks
from intralpha.features.tick_set import TickFeatures
from intralpha.market import Lake, read_daily

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


class SessionFeatures(FeatureSet):
    """Factors of a library of the frame ``day``, ``week`` or ``month``.

    Weeks and months are blocks of 5 and 20 sessions that end on the date [Spec 10.3]. Prices are
    adjusted by the ``adj_factor`` of the lake; ``preclose`` is the exchange's (ex right) times that
    factor; ``turnover`` is volume over float shares; ``ret`` is close over preclose. In the frame
    ``day`` a name that is no daily series is a factor of a shipped intraday library, with the
    parameters that it has by itself, made from bars of ``base_freq`` minutes and kept beside the
    lake.

    Parameters
    ----------
    spec : LibrarySpec
        ``segments`` does not apply; ``smooth_days`` must be 1: write the mean into the expression.
    library : what it names

    Raises
    ------
    LibraryError
        A name is neither a series nor a factor of a shipped intraday library.
    ExpressionError
        An expression does not fit.

    Notes
    -----
    Known at 15:00. float32. A suspended day has the value that the window gives. Peak memory: a
    block of 250 sessions and the look-back, about 12 float64 a stock and session.
    """

    def __init__(self, spec: LibrarySpec, library: Library) -> None:
        if spec.smooth_days != 1 or spec.segments:
            raise LibraryError(_no_smoothing(library.name, spec))
        self._library = library
        self._parts = _parts(library, spec)
        units: dict[str, Unit] = {}
        for part in self._parts:
            units |= dict(zip(part.names, part.units, strict=True))
        factors = {f.name: f.expr for f in library.factors}
        self._plan = plan_sessions(factors, units, library.frame)

    @property
    def name(self) -> str:
        """The library's."""
        return self._library.name

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the library."""
        return self._plan.names

    @property
    def times(self) -> time | None:  # type: ignore[override]
        """None: daily factors."""
        return None

    @property
    def lookback_days(self) -> int:
        """Sessions of the longest window, and those that the values in it look back on."""
        return self._plan.lookback + max((p.lookback_days for p in self._parts), default=0)

    def compute(self, lake: Lake, dates: ndarray, assets: ndarray) -> Panel:
        """Values ``[D, A, F]``, float32.

        Raises
        ------
        UnknownSessionError
            A date is no session of the lake.
        MissingLevel2Error, OtherRuleError
            What the intraday factors need, as :meth:`.LibraryFeatures.check` says.
        """
        out = Panel.full(as_days(dates), assets, self.names)
        for part in self._parts:
            part.check(lake, out.dates, self._plan.lookback)
        for block in session_blocks(lake, out.dates, self._plan.lookback):
            values = run_sessions(self._plan, self._inputs(lake, block, assets))
            out.values[block.rows] = values[block.inside - block.n_missing]
        return out

    def _inputs(self, lake: Lake, block: SessionBlock, assets: ndarray) -> dict[str, ndarray]:
        """Series [D, A] of the sessions of a block."""
        columns = tuple(dict.fromkeys((*DAILY.values(), *OTHERS)))
        daily = read_daily(lake, columns, block.start, block.end, assets)
        out = {name: daily[column] for name, column in DAILY.items()}
        with np.errstate(divide="ignore", invalid="ignore"):
            out["preclose"] = daily["preclose"] * daily["adj_factor"]
            out["turnover"] = daily["volume"] / daily["float_shares"]
            out["ret"] = out["close"] / out["preclose"] - 1
        out["traded"] = daily["traded"] > 0
        for part in self._parts:
            panel = part.checked(lake, daily.dates, assets)
            out |= {name: panel[name].astype(np.float64) for name in part.names}
        return out


def _no_smoothing(name: str, spec: LibrarySpec) -> str:
    """What was found, and what stands for it: the library's own parameter, where it has one."""
    found = f"smooth_days {spec.smooth_days}" if spec.smooth_days != 1 else ""
    found += (" and " if found and spec.segments else "") + ("segments" if spec.segments else "")
    smooth = read_library(spec.library).parameters.get("smooth")
    hint = "write the mean into the expression: mean(..., days=N)"
    if spec.smooth_days == 1:
        hint = "leave segments out"
    elif smooth is not None:
        wanted = spec.smooth_days if spec.smooth_days in smooth.choices else "N"
        hint = f"parameters: {{smooth: {wanted}}}, with one of {smooth.listed()}"
    return f"library {name} is over sessions, where {found} does not apply.\nHint: {hint}."


def _parts(library: Library, spec: LibrarySpec) -> list[LibraryFeatures | TickFeatures]:
    """Feature sets of the intraday factors that the expressions name, one a library."""
    if library.frame != "day":
        return []
    wanted = {n for f in library.factors for n in names_read(f.expr)}.difference(OWN_NAMES)
    out, owner = [], {}
    for name in library.uses or libraries():
        other = load_library(name)
        if other.frame in (*SESSION_FRAMES, "vbar") or other.segments != "day":
            continue
        found = tuple(f.name for f in other.factors if f.name in wanted)
        for factor in found:
            if owner.setdefault(factor, name) != name:
                raise LibraryError(
                    f"library {library.name}: {factor} is in {owner[factor]} and in {name}; say "
                    "which libraries it uses"
                )
        if found:
            settings = {"library": name, "names": found, "base_freq": spec.base_freq}
            part = LibrarySpec(**settings, cache=spec.cache, big_order=spec.big_order)
            make = TickFeatures if other.frame in TICK_FRAMES else LibraryFeatures
            out.append(make(part, library_of(part)))
    return out
