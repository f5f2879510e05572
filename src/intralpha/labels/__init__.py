"""The only place that looks forward: forward returns, labels and the purge rule."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.labels.bar_returns import BarReturnsSpec, RawBarReturnsSpec
    from intralpha.labels.bar_sharpe import BarSharpeSpec, NoBenchmarkBarsError
    from intralpha.labels.daily_sequence import DailySequenceSpec
    from intralpha.labels.forward import (
        BUYABLE_READS,
        HorizonError,
        check_horizon,
        fwd_buyable,
        fwd_locked,
        fwd_return,
        purge,
    )
    from intralpha.labels.horizon_rank import HorizonRankSpec
    from intralpha.labels.horizon_return import HorizonReturnSpec
    from intralpha.labels.label import LabelSpec
    from intralpha.labels.neutral_return import NeutralReturnSpec, NoCapError
    from intralpha.labels.raw_return import RawReturnSpec
    from intralpha.labels.return_bins import ReturnBinsSpec
    from intralpha.labels.several import SeveralSpec
    from intralpha.labels.share_bins import ShareBinsSpec
    from intralpha.labels.span_label import HorizonLabel, SpanLabel
    from intralpha.labels.windows import UnknownSampleDateError
    from intralpha.labels.z_return import ZReturnSpec

lazily(__name__)
