"""A plain order book: two lists, sorted by price and time; slow, and easy to check by eye."""

from dataclasses import dataclass, field


@dataclass
class Order:
    seq: int
    side: int
    tick: int
    left: int


@dataclass
class PlainBook:
    resting: list[Order] = field(default_factory=list)
    entered: list[Order] = field(default_factory=list)
    trades: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    cancels: list[tuple[int, int, int]] = field(default_factory=list)
    seq: int = 0

    def side(self, side: int) -> list[Order]:
        """Resting orders of a side, the best price first and the oldest first at a price."""
        return sorted(
            (o for o in self.resting if o.side == side), key=lambda o: (-side * o.tick, o.seq)
        )

    def _enter(self, side: int, tick: int, shares: int) -> Order:
        self.seq += 1
        order = Order(self.seq, side, tick, shares)
        self.entered.append(order)
        return order

    def _trade(self, tick: int, shares: int, mine: Order, other: Order, side: int) -> None:
        self.seq += 1
        buy, sell = (other, mine) if side == -1 else (mine, other)
        self.trades.append((self.seq, tick, shares, buy.seq, sell.seq, side))
        mine.left -= shares
        other.left -= shares
        self.resting = [o for o in self.resting if o.left > 0]

    def _match(self, order: Order, worst: int | None, levels: int) -> None:
        opposite = self.side(-order.side)
        ticks = list(dict.fromkeys(o.tick for o in opposite))[:levels]
        for other in opposite:
            beyond = worst is not None and order.side * (other.tick - worst) > 0
            if order.left == 0 or other.tick not in ticks or beyond:
                break
            self._trade(other.tick, min(order.left, other.left), order, other, order.side)

    def _drop(self, order: Order) -> None:
        self.seq += 1
        self.cancels.append((self.seq, order.seq, order.left))
        order.left = 0
        self.resting = [o for o in self.resting if o is not order]

    def limit(self, side: int, tick: int, shares: int) -> None:
        order = self._enter(side, tick, shares)
        self._match(order, tick, 10**9)
        if order.left:
            self.resting.append(order)

    def rest(self, side: int, tick: int, shares: int) -> None:
        self.resting.append(self._enter(side, tick, shares))

    def market(self, side: int, shares: int) -> None:
        order = self._enter(side, 0, shares)
        self._match(order, None, 5)
        if order.left:
            self._drop(order)

    def own_best(self, side: int, shares: int) -> None:
        own = self.side(side)
        order = self._enter(side, own[0].tick if own else 0, shares)
        if own:
            self.resting.append(order)
        else:
            self._drop(order)

    def cancel(self, handle: int) -> None:
        order = self.entered[handle - 1]
        if order.left and any(o is order for o in self.resting):
            self._drop(order)

    def uncross(self, tick: int, volume: int) -> None:
        """Fill ``volume`` at ``tick``, pair by pair."""
        while volume:
            buy, sell = self.side(1)[0], self.side(-1)[0]
            shares = min(volume, buy.left, sell.left)
            self._trade(tick, shares, buy, sell, 0)
            volume -= shares


def best_prices(book: PlainBook, low: int, high: int) -> tuple[list[int], int]:
    """All prices an auction may choose before the exchange's last rule, and the volume there."""
    found = []
    for tick in range(low, high + 1):
        bids = [(o.tick, o.left) for o in book.side(1)]
        asks = [(o.tick, o.left) for o in book.side(-1)]
        demand = sum(n for t, n in bids if t >= tick)
        supply = sum(n for t, n in asks if t <= tick)
        volume = min(demand, supply)
        better_bids = sum(n for t, n in bids if t > tick)
        better_asks = sum(n for t, n in asks if t < tick)
        if volume and better_bids <= volume and better_asks <= volume:
            found.append((-volume, abs(demand - supply), tick))
    if not found:
        return [], 0
    best = min(found)[:2]
    return [tick for v, gap, tick in found if (v, gap) == best], -best[0]
