"""What the factors stand on: the universe of each session, and the returns that followed."""

import numpy as np
import polars as pl
from jaxtyping import Bool, Shaped
from numpy import ndarray
from pydantic import Field

from intralpha.base import Panel, Spec
from intralpha.base.node import Inputs, Node, Read, Task, day_slices
from intralpha.base.panel import as_days
from intralpha.labels import BUYABLE_READS, fwd_buyable, fwd_return
from intralpha.labels.forward import TradePrice
from intralpha.market import Lake, UniverseSpec, members, read_daily, universe

BAR_SESSIONS = 20


class GroundSpec(Spec):
    """The rules of membership, and the bars that a stock must have."""

    rules: UniverseSpec
    bar_freq: int | None = Field(description="minutes; None: a stock needs no bars")


class HorizonSpec(Spec):
    """Forward returns p(t+a) -> p(t+b)."""

    horizons: tuple[tuple[int, int], ...]
    price: TradePrice = "close"


class WithinSpec(Spec):
    """Members of any of these indices."""

    indices: tuple[str, ...]


def universe_node(rules: UniverseSpec, bar_freq: int | None, dates: ndarray) -> Node:
    """Masks ``universe`` and ``traded`` of every session.

    Parameters
    ----------
    rules : of the universe
    bar_freq : minutes of the bars that a stock must have had in the last 20 sessions, or None
    dates : datetime64[D] [D]
    """
    reads = [Read("daily"), Read("instruments")]
    reads += [Read("membership")] if rules.indices else []
    reads += [Read("bars", bar_freq, BAR_SESSIONS - 1)] if bar_freq else []
    spec = GroundSpec(rules=rules, bar_freq=bar_freq)
    return Node("universe", make_universe, spec, day_slices(dates, True), reads=tuple(reads))


def make_universe(spec: GroundSpec, inputs: Inputs, task: Task) -> None:
    """Masks ``universe`` and ``traded``: 1 or 0 for every stock known on the day.

    Parameters
    ----------
    spec : rules of membership, and the bars that a stock must have had
    inputs : the lake, with ``daily``, ``instruments``, and ``membership`` and ``bars`` where the
        spec needs them; nothing else is read
    task : slices are sessions; gets a Panel [D, A, 2] in ``panel``, known at the close of each
    """
    days, assets = as_days([one.name for one in task.slices]), inputs.assets
    inside = universe(inputs.lake, spec.rules, days, assets)
    if spec.bar_freq:
        inside &= with_bars(inputs.lake, spec.bar_freq, days, assets)
    first, last = days[0].item(), days[-1].item()
    traded = read_daily(inputs.lake, ("traded",), first, last, assets).at(days)["traded"] == 1
    values = np.stack([inside, traded], axis=-1).astype(np.float32)
    Panel(values, days, assets, ("universe", "traded")).save(task.folder("panel"))


def with_bars(
    lake: Lake, freq: int, days: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
) -> Bool[ndarray, "D A"]:
    """Whether a stock had bars on any of the last 20 sessions up to and with each date.

    Parameters
    ----------
    lake : with ``daily``, whose dates are the sessions, and ``bars`` of that frequency
    freq : minutes of one bar
    days : sessions of the lake, ascending, shape [D]
    assets : symbols, shape [A]

    Returns
    -------
    ndarray of bool, shape [D, A]
        Known at the close of each date. Bars without volume count.
    """
    sessions = lake.dates("daily")
    at = np.searchsorted(sessions, days)
    start = max(int(at[0]) - BAR_SESSIONS + 1, 0)
    rows = lake.scan("bars", sessions[start].item(), days[-1].item(), freq)
    frame = rows.select("date", "symbol", pl.lit(1.0).alias("has")).unique().collect()
    has = Panel.from_polars(frame, ("has",), sessions[start : at[-1] + 1], assets)["has"] > 0
    seen = np.concatenate([np.zeros((BAR_SESSIONS, len(assets))), has.cumsum(axis=0)])
    recent = seen[BAR_SESSIONS:] - seen[:-BAR_SESSIONS] > 0
    return recent[at - start]


def forward_node(
    horizons: tuple[tuple[int, int], ...],
    samples: ndarray,
    name: str = "forward",
    price: TradePrice = "close",
) -> Node:
    """Forward returns of every horizon, and whether a stock could be bought on the next session.

    Parameters
    ----------
    horizons : (a, b) of close(t+a) -> close(t+b), sessions
    samples : datetime64[D] [G]
    name : of the node
    price : of both ends
    """
    ahead = max(last for _, last in horizons)
    reads = tuple(dict.fromkeys((Read("daily", ahead=ahead), *BUYABLE_READS)))
    spec = HorizonSpec(horizons=horizons, price=price)
    return Node(name, make_forward, spec, day_slices(samples, True), reads=reads)


def make_forward(spec: HorizonSpec, inputs: Inputs, task: Task) -> None:
    """Forward returns of every horizon, and ``fwd_buyable`` as 1 or 0.

    Parameters
    ----------
    spec : horizons (a, b) of p(t+a) -> p(t+b), sessions, and the price p
    inputs : the lake, with ``daily`` up to the end of the longest horizon
    task : slices are dates t; gets a float64 Panel [D, A, H + 1] in ``panel``; NaN where a horizon
        is not over. **Looks forward**; see :func:`intralpha.labels.fwd_return`.
    """
    days, assets = as_days([one.name for one in task.slices]), inputs.assets
    parts = [fwd_return(inputs.lake, days, assets, a, b, spec.price) for a, b in spec.horizons]
    names = tuple(name for part in parts for name in part.names)
    buyable = fwd_buyable(inputs.lake, days, assets)[:, :, None].astype(np.float64)
    values = np.concatenate([*(part.values for part in parts), buyable], axis=-1)
    Panel(values, days, assets, (*names, "fwd_buyable")).save(task.folder("panel"))


def within_node(indices: tuple[str, ...], samples: ndarray) -> Node:
    """Mask ``within`` of the members of any of some indices."""
    spec = WithinSpec(indices=indices)
    return Node("within", make_within, spec, day_slices(samples, True), reads=(Read("membership"),))


def make_within(spec: WithinSpec, inputs: Inputs, task: Task) -> None:
    """Mask ``within``: 1 or 0 for every stock known on the day.

    Parameters
    ----------
    spec : the indices
    inputs : the lake, with ``membership``
    task : slices are sessions; gets a Panel [D, A, 1] in ``panel``, known on each of them
    """
    days = as_days([one.name for one in task.slices])
    inside = members(inputs.lake, spec.indices, days, inputs.assets)
    values = inside[:, :, None].astype(np.float32)
    Panel(values, days, inputs.assets, ("within",)).save(task.folder("panel"))
