"""Charges of a trade, worked by hand."""

from datetime import date

import numpy as np
import pytest
from pydantic import ValidationError

from intralpha.portfolio import CostSpec


def test_defaults_are_ten_and_twenty_basis_points():
    costs = CostSpec().on(date(2024, 1, 5))
    amount = np.array([10_000.0, 0.0])
    np.testing.assert_allclose(costs.buy_yuan(amount), [10.0, 0.0])
    np.testing.assert_allclose(costs.sell_yuan(amount), [20.0, 0.0])


def test_dated_stamp_tax_halves_in_2023():
    # 2.5 + 5 (slippage) both ways; tax on sales 10 bps until 2023-08-27, 5 from 2023-08-28.
    spec = CostSpec(buy_bps=2.5, sell_bps=2.5, slippage_bps=5, stamp_tax="dated")
    before, after = spec.on(date(2023, 8, 25)), spec.on(date(2023, 8, 28))
    assert before.buy_rate == pytest.approx(7.5e-4)
    assert (before.sell_rate, after.sell_rate) == pytest.approx((17.5e-4, 12.5e-4))


def test_the_minimum_commission_is_for_each_order_and_not_for_the_tax():
    # 3 bps of 10,000 is 3, below 5; of 20,000 it is 6. Slippage 1 bp comes on top: 1 and 2.
    spec = CostSpec(buy_bps=3, sell_bps=3, slippage_bps=1, min_commission_yuan=5)
    costs = spec.on(date(2024, 1, 5))
    amount = np.array([10_000.0, 20_000.0, 0.0])
    np.testing.assert_allclose(costs.buy_yuan(amount), [6.0, 8.0, 0.0])


def test_a_misspelt_or_negative_charge_is_refused():
    with pytest.raises(ValidationError):
        CostSpec.model_validate({"buy_bp": 3})
    with pytest.raises(ValidationError):
        CostSpec(buy_bps=-1)
