"""Units: powers of CNY, share and trade, so that a sum of volume and amount is an error."""

from typing import NamedTuple


class Unit(NamedTuple):
    """Powers of the three basic units; all 0 for a plain number.

    Examples
    --------
    >>> str(CNY_UNIT / SHARE_UNIT), str(PLAIN), str(SHARE_UNIT**0.5)
    ('CNY / share', 'plain number', 'share^0.5')
    """

    cny: float = 0.0
    share: float = 0.0
    trade: float = 0.0

    def times(self, other: "Unit") -> "Unit":
        """Unit of a product."""
        return Unit(*(a + b for a, b in zip(self, other, strict=True)))

    def __truediv__(self, other: "Unit") -> "Unit":
        return self.times(other**-1.0)

    def __pow__(self, power: float | int) -> "Unit":
        return Unit(*(a * power for a in self))

    def __str__(self) -> str:
        up, down = ([], [])
        for name, power in zip(("CNY", "share", "trade"), self, strict=True):
            size = abs(power)
            text = name if size == 1 else f"{name}^{size:g}"
            if power:
                (up if power > 0 else down).append(text)
        if not up and not down:
            return "plain number"
        return " / ".join([" ".join(up) or "1", *down])


PLAIN = Unit()
CNY_UNIT, SHARE_UNIT, TRADE_UNIT = Unit(cny=1), Unit(share=1), Unit(trade=1)
PRICE_UNIT = CNY_UNIT / SHARE_UNIT
