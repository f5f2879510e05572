"""How good is a factor: pure functions on arrays ``[D, A]`` (NaN = absent, mask = universe)."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.base.arrays import ArrayFormError, CountError
    from intralpha.base.cross_section import MaskShapeError, zscore
    from intralpha.evaluation.correlation import MethodError, correlation_table, mixed_table
    from intralpha.evaluation.deflated import chance_above, expected_best, ratio_of
    from intralpha.evaluation.factor_report import FactorReport
    from intralpha.evaluation.factor_test import (
        FactorPanelError,
        FactorTestSpec,
        TooFewStocksError,
        run_factor_test,
    )
    from intralpha.evaluation.frechet import Moments, frechet_distance
    from intralpha.evaluation.groups import (
        GroupCountError,
        ShareError,
        group_excess,
        quantile_groups,
        quantile_returns,
        top_count,
        top_weights,
        universe_return,
        weighted_return,
    )
    from intralpha.evaluation.ic import (
        ICSummary,
        autocorrelation,
        decay,
        ic,
        rank_autocorrelation,
        rank_factor_ic,
        rank_ic,
        summarise,
    )
    from intralpha.evaluation.memory import bartlett_band, memory_table, quartiles
    from intralpha.evaluation.more_tables import with_days, with_luck
    from intralpha.evaluation.nav import (
        SESSIONS_PER_YEAR,
        Drawdown,
        annualised_return,
        calmar,
        drawdown,
        excess_nav,
        information_ratio,
        max_drawdown,
        nav,
        period_returns,
        sharpe,
        volatility,
        win_rate,
        worst_drawdown,
    )
    from intralpha.evaluation.neutralise import neutralise
    from intralpha.evaluation.overlap import newey_west_error, newey_west_t, overlap_of, overlap_t
    from intralpha.evaluation.pairs import MeanMatrix, pair_correlations
    from intralpha.evaluation.parts import BreakdownSpec, Division, breakdown, part_rank_ic
    from intralpha.evaluation.performance import Performance, performance, yearly_table
    from intralpha.evaluation.ranks import average_ranks
    from intralpha.evaluation.set_days import SetDays, measure_days
    from intralpha.evaluation.set_report import SetReport
    from intralpha.evaluation.spacing import periods_per_year
    from intralpha.evaluation.stylised import (
        first_component_share,
        horizon_rank_ic,
        lead_lag,
        mean_pair_correlation,
    )
    from intralpha.evaluation.stylised_returns import (
        LaggedSums,
        TailSums,
        bar_log_returns,
        hill_index,
        pacf,
        pacf_of_each,
    )
    from intralpha.evaluation.stylised_volume import (
        RunningMean,
        corwin_schultz_spread,
        paired_correlation,
        roll_spread,
        volume_shares,
    )
    from intralpha.evaluation.sweep import Sweep, sweep
    from intralpha.evaluation.turnover import turnover

lazily(__name__)
