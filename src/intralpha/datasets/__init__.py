"""Pre-processing fitted on training days only, windows without copies, and purged schedules."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.datasets.cross_section import CrossSectionSpec
    from intralpha.datasets.every import EverySpec
    from intralpha.datasets.global_standard import GlobalStandardSpec
    from intralpha.datasets.grid import GridSpec
    from intralpha.datasets.half_yearly import HalfYearlySpec
    from intralpha.datasets.loader import Loader, View
    from intralpha.datasets.month_end import MonthEndSpec
    from intralpha.datasets.neutral import NeutralSpec, NoSizeError, NotLookedUpError
    from intralpha.datasets.no_transform import NoTransformSpec
    from intralpha.datasets.once import OnceSpec
    from intralpha.datasets.periodic import PeriodicSpec
    from intralpha.datasets.rolling import RollingSpec
    from intralpha.datasets.rolling_months import RollingMonthsSpec
    from intralpha.datasets.row_filter import RowFilterSpec
    from intralpha.datasets.samples import Batch, Samples
    from intralpha.datasets.schedule import Block, Fold, LongWindowError, ScheduleSpec, with_window
    from intralpha.datasets.transform import TransformSpec
    from intralpha.datasets.weekday import WeekdaySpec
    from intralpha.datasets.weighing_spec import WeighingSpec
    from intralpha.datasets.window import CutSpec, Window
    from intralpha.datasets.window_ratio import WindowRatioSpec
    from intralpha.datasets.yearly import YearlySpec

lazily(__name__)
