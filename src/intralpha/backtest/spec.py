"""BacktestSpec: how orders are priced, sized and rounded."""

from typing import Literal

from pydantic import Field

from intralpha.base import Spec


class BacktestSpec(Spec):
    """Mechanics of the replay. Costs are those of the optimiser and are given beside it."""

    capital_yuan: float = Field(default=1e8, gt=0, description="cash before the first trade, CNY")
    price: Literal["vwap", "open", "close"] = Field(
        default="vwap", description="price of the trading day at which orders are filled"
    )
    size_at: Literal["preclose", "trade"] = Field(
        default="preclose",
        description="price that turns weights into shares: preclose fixes the orders before the "
        "day opens; trade sizes them at the fill price, as a desk that follows the price would",
    )
    lots: bool = Field(
        default=True, description="whole board lots as the exchange asks; false: fractional shares"
    )
    vanished_after: int = Field(
        default=20,
        ge=1,
        description="sessions in a row without any row after which a holding is closed",
    )
    vanished_pays: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="share of its last value that a closed holding pays; 0 writes it off",
    )
    tick_yuan: float = Field(default=0.01, gt=0, description="price step, CNY")
