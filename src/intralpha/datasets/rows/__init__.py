"""Row filters: which stocks of a date are trained on, one kind a file."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.datasets.rows.industries import IndustriesSpec
    from intralpha.datasets.rows.label_quantiles import LabelQuantilesSpec
    from intralpha.datasets.rows.members import MembersSpec
    from intralpha.datasets.rows.quantiles import QuantilesSpec

lazily(__name__)
