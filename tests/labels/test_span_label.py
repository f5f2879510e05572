"""SpanLabel, HorizonLabel: a new label is its kind, its span and what it makes of returns."""

from typing import Literal

import numpy as np
import pytest
from jaxtyping import Float
from numpy import ndarray

from intralpha.base.node import Read
from intralpha.labels import HorizonLabel, LabelSpec, SpanLabel, fwd_locked, fwd_return
from intralpha.labels.span import Span
from intralpha.testing import assert_label_forward_only, assert_reads, assert_shapes

from .conftest import ASSETS, DAYS


class SignSpec(HorizonLabel):
    """The sign of the return over h sessions."""

    kind: Literal["fewlines.sign"] = "fewlines.sign"

    def of_returns(self, returns_DA: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
        return np.sign(returns_DA)


class TomorrowSpec(SpanLabel):
    """Twice the return of the session after the next."""

    kind: Literal["fewlines.tomorrow"] = "fewlines.tomorrow"

    @property
    def span(self) -> Span:
        return Span(1, 2)

    def of_returns(self, returns_DA: Float[ndarray, "D A"]) -> Float[ndarray, "D A"]:
        return 2.0 * returns_DA


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("spec", "first", "last", "price", "value"),
    [
        (SignSpec(horizon=3), 1, 4, "vwap", np.sign),
        (SignSpec(horizon=3, start="close"), 0, 3, "close", np.sign),
        (TomorrowSpec(), 1, 2, "close", lambda r: 2 * r),
    ],
)
def test_a_label_of_a_few_lines_is_whole(lake, tmp_path, spec, first, last, price, value):
    assert spec.offset == last
    assert spec.reads() == (Read("daily", back=None if first == 0 else 0, ahead=last),)
    returns = fwd_return(lake, DAYS, ASSETS, first, last, price).values[:, :, 0]
    expected = value(np.where(fwd_locked(lake, DAYS, ASSETS), np.nan, returns))
    assert np.isfinite(expected).mean() > 0.5
    found = spec.compute(lake, DAYS, ASSETS)
    np.testing.assert_array_equal(found["fwd_label"], expected.astype(np.float32))
    on = DAYS[30].item()
    assert_shapes(spec, lake, on)
    assert_reads(spec, lake, on)
    assert_label_forward_only(TomorrowSpec(), lake, on, folder=tmp_path)


def test_the_bases_are_no_kinds():
    assert not any(cls in (HorizonLabel, SpanLabel) for cls in LabelSpec.kinds().values())
    with pytest.raises(NotImplementedError):
        HorizonLabel().of_returns(np.zeros((1, 1)))
