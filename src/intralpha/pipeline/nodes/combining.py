"""What each factor weighed in the signal over time, of rules that weigh by the past."""

import polars as pl

from intralpha.base.node import ALL, Inputs, Node, Slice, Task
from intralpha.base.panel import as_days
from intralpha.combination import CombinerSpec
from intralpha.pipeline.nodes.signal import MATURED, UNIVERSE, told

WEIGHTS = "weights.parquet"


def combining_node(signal: Node, matured: Node) -> Node:
    """Weights of the factors on all dates of the signal, in one piece.

    Parameters
    ----------
    signal : its inputs are asked for again
    matured : returns that are over, each ``about`` the session since when
    """
    past = tuple((one.name, one.about) for one in matured.slices)
    needs: dict[str, tuple[str, ...]] = {}
    for name in signal.inputs:
        given = {day for one in signal.slices for day in one.needs.get(name, ())}
        needs[name] = tuple(sorted(given))
    dates = tuple(one.name for one in signal.slices)
    about = tuple((day, on) for day, on in past if day in needs[MATURED])
    needs[UNIVERSE] = tuple(sorted({*needs[UNIVERSE], *dates}))
    whole = Slice(ALL, None, about, needs)
    return Node("combining", make_combining, signal.spec, (whole,), signal.inputs, form="folders")


def make_combining(spec: CombinerSpec, inputs: Inputs, task: Task) -> None:
    """Weight of each factor on each date, as a table: ``date, factor, weight``.

    Parameters
    ----------
    spec : the rule
    inputs : those of the signal
    task : the whole; its folder takes a Parquet file

    Notes
    -----
    Of RankICs they are shares, of premia returns over the horizon per standard deviation.
    """
    (one,) = task.slices
    names = [name for name in one.needs if name not in (UNIVERSE, MATURED)]
    days = as_days(sorted({day for name in names for day in one.needs[name]}))
    _, _, history = told(spec, inputs, task, days)
    weights = spec.weigh(tuple(names), days, history)
    wide = pl.DataFrame({"date": days} | dict(zip(names, weights.T, strict=True)))
    table = wide.unpivot(index="date", variable_name="factor", value_name="weight")
    table.with_columns(pl.col("date").cast(pl.Date)).write_parquet(task.folder(ALL) / WEIGHTS)
    task.finish(ALL)
