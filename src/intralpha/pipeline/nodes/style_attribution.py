"""The node that takes the excess return apart by styles and industries."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Shaped
from numpy import ndarray

from intralpha.backtest import Exposed, attribute_styles
from intralpha.base import Panel
from intralpha.base.node import ALL, Inputs, Node, Task
from intralpha.base.panel import as_days
from intralpha.market import Lake
from intralpha.pipeline.named_tables import keep_tables
from intralpha.pipeline.nodes.attribution import READS
from intralpha.pipeline.nodes.desk import UNIVERSE
from intralpha.pipeline.nodes.replayed import BENCHMARK, replay_market, replayed, whole_replay
from intralpha.pipeline.nodes.risk import RETURNS
from intralpha.risk import FactorRiskSpec, load_estimate, load_session
from intralpha.risk.cross_section_fit import fit_cross_section
from intralpha.risk.design import Design, designs_of
from intralpha.risk.past_returns import past_returns

EXPOSURES, RISK = "exposures", "risk"
BLOCK_SESSIONS = 125


def style_attribution_node(
    portfolio: Node, benchmark: Node, exposures: Node, risk: tuple[Node, ...]
) -> Node:
    """Contributions of the factors over the whole replay, in one piece.

    Parameters
    ----------
    portfolio : its slices are the parts of the replay
    benchmark, exposures : of the decision dates
    risk : explained sessions and estimates; empty without a model
    """
    whole = whole_replay(portfolio, benchmark, exposures, *risk)
    whole = replace(whole, needs={**whole.needs, UNIVERSE: whole.needs[benchmark.name]})
    inputs = {name: name for name in whole.needs}
    return Node(
        "style_attribution", make_style_attribution, None, (whole,), inputs, READS, "folders"
    )


def make_style_attribution(spec: None, inputs: Inputs, task: Task) -> None:
    """Exposures, factor returns and contributions by day, by factor and by year, as tables.

    Exposures are those of the newest decision. With a risk model whose factors have returns (kind
    ``factors``) exposures and returns are the model's: these were fitted on the exposures of the
    close before each session, and what styles changed since the decision is in ``specific``.
    Without one, or with components that have none (kind ``pca``), the returns of every session are
    fitted here on the exposures of the newest decision, beside the country and the industries of
    its date, with the weights and the constraint of the model (Spec 9.5): what the styles
    contributed is worth knowing of every portfolio, and nothing else has to be estimated for it.

    Parameters
    ----------
    spec : nothing
    inputs : ``portfolio``, ``benchmark``, ``exposures``, ``universe``, and ``risk`` and
        ``risk_returns`` if there is a model
    task : the whole; its folder takes the tables

    Notes
    -----
    Memory: three columns of float64 for all sessions and stocks of the replay, and the history of
    125 sessions.
    """
    del spec
    benchmark, run = inputs.panel(BENCHMARK), replayed(inputs)
    market = replay_market(inputs, run, benchmark)
    model = _Model(inputs, RISK in task.slices[0].needs)
    known = model if model.told else _Fitted(inputs, as_days(run.ledger.daily["date"]))
    found = attribute_styles(run.ledger, market, benchmark, known.exposed, known.earned)
    tables = {
        "style_factors": found.by_factor(),
        "style_years": found.by_year(),
        "style_courses": found.added_up(),
        "style_daily": found.factors,
    }
    keep_tables(tables, task.folder(ALL))
    task.finish(ALL)


class _Model:
    """Exposures and factor returns of the risk model; nothing told if it has none."""

    def __init__(self, inputs: Inputs, there: bool) -> None:
        self._place = {symbol: i for i, symbol in enumerate(inputs.assets.tolist())}
        self._estimates = inputs.folders(RISK) if there else {}
        self._returns: dict[np.datetime64, dict[str, float]] = {}
        for folder in (inputs.folders(RETURNS) if there else {}).values():
            one = load_session(folder)
            pairs = zip(one.names, one.returns_K.tolist(), strict=True)
            self._returns[one.date.astype("datetime64[D]")] = dict(pairs)

    @property
    def told(self) -> bool:
        """Whether any session has the return of a factor."""
        return any(self._returns.values())

    def exposed(self, decision: np.datetime64) -> Exposed:
        """Exposures of a decision date; NaN for stocks that the model does not know."""
        one = load_estimate(self._estimates[str(decision)])
        loadings = np.full((len(self._place), len(one.names)), np.nan)
        loadings[[self._place[symbol] for symbol in one.assets.tolist()]] = one.loadings_AK
        return Exposed(one.names, loadings)

    def earned(self, session: np.datetime64, decision: np.datetime64) -> Mapping[str, float]:
        """Factor returns of a session."""
        del decision
        return self._returns.get(session, {})


class _Fitted:
    """Exposures of the decision dates, and fits of the sessions after them; asked for in turn."""

    def __init__(self, inputs: Inputs, sessions: Shaped[ndarray, "D"]) -> None:
        styles = inputs.panel(EXPOSURES)
        inside = inputs.panel(UNIVERSE).at(styles.dates)[UNIVERSE] > 0
        self._designs = _designs(styles, inputs.lake, inside)
        self._returns = _returns(inputs.lake, sessions, inputs.assets)
        self._now = next(self._designs)

    def exposed(self, decision: np.datetime64) -> Exposed:
        """Country, industries and styles of a decision date."""
        while self._now[0] != decision:
            self._now = next(self._designs)
        design = self._now[1]
        return Exposed(design.names, design.loadings_AK)

    def earned(self, session: np.datetime64, decision: np.datetime64) -> Mapping[str, float]:
        """Factor returns of a session, fitted over the universe of the decision."""
        self.exposed(decision)
        day, ret_A, cap_A = next(self._returns)
        assert day == session
        _, design, core_A = self._now
        fit = fit_cross_section(ret_A, design, cap_A, core_A)
        return dict(zip(design.names, fit.returns_K.tolist(), strict=True))


def _designs(
    styles: Panel, lake: Lake, inside_DA: Bool[ndarray, "D A"]
) -> Iterator[tuple[np.datetime64, Design, Bool[ndarray, "A"]]]:
    """Date, exposures and universe; industries are joined as the model joins them."""
    made = designs_of(styles, lake, inside_DA, min_stocks=FactorRiskSpec().industry_min_stocks)
    return zip(styles.dates, made, inside_DA, strict=True)


def _returns(
    lake: Lake, sessions: Shaped[ndarray, "D"], assets: Shaped[ndarray, "A"]
) -> Iterator[tuple[np.datetime64, ndarray, ndarray]]:
    """Session, returns, and caps of the close before."""
    for start in range(0, len(sessions), BLOCK_SESSIONS):
        part = sessions[start : start + BLOCK_SESSIONS]
        found = past_returns(lake, part, assets)
        yield from zip(part, found.ret_DA, found.cap_before_DA, strict=True)
