"""The node that follows factors that run: strength, highs, events, control bands, crowding."""

from collections.abc import Mapping
from functools import reduce

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray

from intralpha.base import Panel, Spec
from intralpha.base.node import ALL, Inputs, Node, Read, Slice, Task, names_of
from intralpha.evaluation import Sweep, neutralise, overlap_of, sweep, top_weights
from intralpha.evaluation import tracking as told
from intralpha.factors import Ground
from intralpha.factors.features import feature_node
from intralpha.market import read_daily
from intralpha.pipeline.named_tables import keep_tables
from intralpha.pipeline.nodes.test import SIGNAL, test_dates
from intralpha.pipeline.recipe import Recipe, TestSpec
from intralpha.pipeline.tracking import TrackingSpec

TRACKING, STYLES = "tracking", "styles"
READS = (Read("daily"),)


class Tracked(Spec):
    """What is followed and how, by which settings of the recipe's tests."""

    test: TestSpec
    tracking: TrackingSpec
    factors: tuple[str, ...]
    with_signal: bool


def tracking_nodes(
    recipe: Recipe, dates: Shaped[ndarray, "D"], made: Mapping[str, Node]
) -> list[Node]:
    """Low-frequency factors, and what is told of those that are followed; none without a spec.

    Parameters
    ----------
    recipe : names what is followed
    dates : datetime64[D], the grid of tests
    made : nodes by name: universe, forward returns, scores, signal
    """
    spec = recipe.tracking
    if spec is None or not len(dates):
        return []
    factors = spec.factors or tuple(recipe.factors)
    out: list[Node] = []
    inputs = {f"score/{n}": f"score/{n}" for n in factors}
    inputs |= {"forward": "forward", "universe": "universe"}
    with_signal = len(recipe.combined()) > 1
    inputs |= {SIGNAL: SIGNAL} if with_signal else {}
    if spec.orthogonal_to is not None:
        out.append(feature_node(TRACKING, spec.orthogonal_to, Ground(dates, dates, dates)))
        inputs[STYLES] = out[0].name
    known = dict(made) | {node.name: node for node in out}
    on = set(names_of(dates))
    needs = {
        name: tuple(s.name for s in known[of].slices if s.name in on) for name, of in inputs.items()
    }
    of = Tracked(test=recipe.test, tracking=spec, factors=factors, with_signal=with_signal)
    whole = Slice(ALL, (dates[0].item(), dates[-1].item()), None, needs)
    return [*out, Node(TRACKING, make_tracking, of, (whole,), inputs, READS, "folders")]


def make_tracking(spec: Tracked, inputs: Inputs, task: Task) -> None:
    """Tables of :mod:`intralpha.evaluation.tracking`, a Parquet file each.

    Parameters
    ----------
    spec : what is followed
    inputs : ``score/NAME`` of every factor, ``signal``, ``universe``, ``forward``, ``styles``
    task : one slice, ``all``. Forward returns are looked at, so nothing that trades may read it.
    """
    panels = {name: inputs.panel(f"score/{name}") for name in spec.factors}
    panels |= {SIGNAL: inputs.panel(SIGNAL)} if spec.with_signal else {}
    forward = inputs.panel("forward")
    dates = reduce(
        np.intersect1d, (test_dates(spec.test, p, forward, n) for n, p in panels.items())
    )
    fwd = forward.at(dates)
    inside_DA = inputs.panel("universe").at(dates)["universe"] > 0
    if spec.test.fwd_exclude_blocked:
        inside_DA &= fwd["fwd_buyable"] > 0
    styles = None
    if spec.tracking.orthogonal_to is not None:
        styles = inputs.panel(STYLES).reindex(dates, fwd.assets).values.astype(np.float64)
    laid = {n: p.reindex(dates, fwd.assets)["score"] for n, p in panels.items()}
    scores = {n: _left(score, styles, inside_DA) for n, score in laid.items()}
    amount = read_daily(inputs.lake, ("amount",), dates[0].item(), dates[-1].item(), fwd.assets)
    amount_DA = np.where(inside_DA, amount.at(dates)["amount"], np.nan)
    keep_tables(_tables(spec, scores, fwd, inside_DA, amount_DA), task.folder(ALL))
    task.finish(ALL)


def _left(
    score_DA: Float[ndarray, "D A"],
    styles_DAK: Float[ndarray, "D A K"] | None,
    inside_DA: Bool[ndarray, "D A"],
) -> Float[ndarray, "D A"]:
    """The score, without what low-frequency factors say of it."""
    score = np.ascontiguousarray(score_DA, np.float64)
    return score if styles_DAK is None else neutralise(score, styles_DAK, inside_DA)


def _tables(
    spec: Tracked,
    scores: Mapping[str, Float[ndarray, "D A"]],
    fwd: Panel,
    inside_DA: Bool[ndarray, "D A"],
    amount_DA: Float[ndarray, "D A"],
) -> dict[str, pl.DataFrame]:
    of, factor, dates = spec.tracking, spec.test.factor, fwd.dates
    rets = {
        n.removeprefix("fwd_"): np.ascontiguousarray(fwd[n], np.float64)
        for n in fwd.names
        if n != "fwd_buyable"
    }
    lags = (0, of.stale)
    found = {
        name: sweep(
            score, rets, inside_DA, factor.n_groups, factor.top_share, lags, factor.held_name
        )
        for name, score in scores.items()
    }
    names = tuple(found)
    lag = overlap_of(dates, spec.test.horizons[0][1])
    excess_DF = np.stack([one.top.ret_D - one.universe_D for one in found.values()], axis=1)
    weights = [top_weights(score, factor.top_share, inside_DA) for score in scores.values()]
    controls = {
        name: told.control_table(_lead(one), dates, of.window, of.sigmas, lag)
        for name, one in found.items()
    }
    highs = {n: told.high_table(excess_DF[:, i], dates) for i, n in enumerate(names)}
    fading = {
        name: told.fading_table(one.decay_DL[:, 0], one.decay_DL[:, 1], dates, of.window)
        for name, one in found.items()
    }
    return {
        "alarms": told.alarm_table(controls),
        "controls": _stacked(controls),
        "strength": told.strength_table(excess_DF, dates, names, min(of.window, len(dates))),
        "highs": _stacked(highs),
        "events": told.event_table(excess_DF, dates, names, of.events),
        "fading": _stacked(fading),
        "crowding": told.crowding_table(np.stack(weights), amount_DA, dates, names),
    }


def _lead(found: Sweep) -> Float[ndarray, "D"]:
    """RankIC of the leading horizon."""
    return next(iter(found.rank_ic.values()))


def _stacked(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One below the other, with a column of their names."""
    return pl.concat([f.select(pl.lit(n).alias("factor"), pl.all()) for n, f in frames.items()])
