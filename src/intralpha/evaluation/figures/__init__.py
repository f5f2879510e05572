"""Figures of a portfolio as each report counts them [Spec 17.6, 19]: one kind a convention."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.evaluation.figures.course import Course
    from intralpha.evaluation.figures.excess import Excess, excess_form
    from intralpha.evaluation.figures.mixture import MixtureError, mixture
    from intralpha.evaluation.figures.report import ReportFiguresSpec
    from intralpha.evaluation.figures.spec import FiguresSpec
    from intralpha.evaluation.figures.wins import won

lazily(__name__)
