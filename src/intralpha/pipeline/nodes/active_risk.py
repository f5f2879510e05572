"""The node that sets what the risk model expected against what came."""

import numpy as np
import polars as pl

from intralpha.backtest import RecalibrationSpec, active_risk, factor_history, risk_by_year
from intralpha.base.node import ALL, Inputs, Node, Task
from intralpha.pipeline.nodes.attribution import DAILY
from intralpha.pipeline.nodes.replayed import BENCHMARK, replayed, whole_replay
from intralpha.pipeline.nodes.risk import RETURNS
from intralpha.risk import RiskEstimate, load_estimate, load_session

ATTRIBUTION, RISK = "attribution", "risk"
FITS, FACTORS, TOLD, YEARLY = "fits.parquet", "factors.parquet", "told.parquet", "yearly.parquet"


def active_risk_node(
    recalibration: RecalibrationSpec | None,
    portfolio: Node,
    benchmark: Node,
    attribution: Node,
    risk: Node,
    returns: Node,
) -> Node:
    """Forecast and realised risk of the whole replay, in one piece.

    Parameters
    ----------
    recalibration : of the portfolio; None: its forecasts are the model's
    portfolio : its slices are the parts of the replay
    benchmark : weights on the decision dates
    attribution : active returns of the weights
    risk : estimates of the decision dates
    returns : explained sessions
    """
    whole = whole_replay(portfolio, benchmark, attribution, risk, returns)
    inputs = {name: name for name in whole.needs}
    return Node("active_risk", make_active_risk, recalibration, (whole,), inputs, (), "folders")


def with_multiples(told: pl.DataFrame, multiples: dict[str, float]) -> pl.DataFrame:
    """Rebalances with ``risk_multiple``, that of the decision before each.

    Parameters
    ----------
    told : ``date`` of each rebalance, ascending
    multiples : of the variances, by decision date
    """
    days = sorted(multiples)
    decided = pl.DataFrame({"date": days, "risk_multiple": [multiples[day] for day in days]})
    dated = decided.with_columns(pl.col("date").str.to_date())
    return told.join_asof(dated, on="date", allow_exact_matches=False)


def make_active_risk(spec: RecalibrationSpec | None, inputs: Inputs, task: Task) -> None:
    """Fits by session, factor returns, forecasts by rebalance and figures by year, as tables.

    Parameters
    ----------
    spec : if forecasts were recalibrated, they are told with their multiples, be these all 1
    inputs : ``portfolio``, ``benchmark``, ``attribution``, ``risk`` and ``risk_returns``
    task : the whole; its folder takes four Parquet files
    """
    benchmark, estimates = inputs.panel(BENCHMARK), inputs.folders(RISK)
    run = replayed(inputs)
    effects = pl.read_parquet(inputs.folders(ATTRIBUTION)[ALL] / DAILY)
    past = [load_session(folder) for folder in inputs.folders(RETURNS).values()]

    multiples = {str(one.date): one.risk_multiple for one in run.solutions}

    def risk(day: np.datetime64) -> RiskEstimate:
        one = load_estimate(estimates[str(day)])
        return one.scaled(multiples.get(str(day), 1.0))

    fits, factors = factor_history(sorted(past, key=lambda one: one.date))
    told = active_risk(run.ledger, effects, benchmark, risk)
    folder = task.folder(ALL)
    fits.write_parquet(folder / FITS)
    factors.write_parquet(folder / FACTORS)
    if spec is not None:
        told = with_multiples(told, multiples)
    told.write_parquet(folder / TOLD)
    risk_by_year(told, effects).write_parquet(folder / YEARLY)
    task.finish(ALL)
