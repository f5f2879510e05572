"""The replay a second time, slow and plain: dictionaries and exact fractions, a stock at a time."""

from fractions import Fraction
from math import floor

import numpy as np

TICK = Fraction(1, 100)


def exact(price: float) -> Fraction | None:
    """A price to a tenth of a cent; None where there is none."""
    return Fraction(round(price * 1000), 1000) if np.isfinite(price) else None


def lots_down(shares: Fraction, symbol: str) -> int:
    """The largest legal purchase."""
    least, step = (200, 1) if symbol.startswith("688") else (100, 100)
    whole = floor(shares / step) * step
    return whole if whole >= least else 0


def legal_sale(wanted: Fraction, sellable: int, symbol: str) -> int:
    """The largest legal sale: everything, whole lots, or whole lots and the odd rest."""
    star = symbol.startswith("688")
    step = 1 if star else 100
    if wanted >= sellable:
        return sellable
    odd = sellable % step
    choices = [floor(wanted / step) * step]
    if wanted >= odd:
        choices.append(floor((wanted - odd) / step) * step + odd)
    best = max(choices)
    if star:
        return best if best >= 200 else 0
    return best if best >= 100 or (odd > 0 and best == odd) else 0


class PlainLedger:
    """One account; every rule written as its sentence."""

    def __init__(self, cash: int, commission, tax, least, delisted) -> None:
        self.cash, self.shares, self.mark = Fraction(cash), {}, {}
        self.commission, self.tax, self.least = commission, tax, Fraction(least)
        self.delisted = delisted
        self.fills, self.days = [], []

    def charge(self, side: str, amount: Fraction) -> Fraction:
        """Commission, or its minimum, and the tax."""
        return max(self.commission[side] * amount, self.least) + self.tax[side] * amount

    def session(self, day, bars: dict[str, dict[str, float]], actions, weights) -> None:
        """Actions, delistings, sales, purchases, close."""
        for symbol, bonus, dividend in actions:
            old = self.shares.get(symbol, 0)
            self.cash += Fraction(round(dividend * 100), 100) * old
            if old:
                self.shares[symbol] = old + floor(old * Fraction(round(bonus * 10), 10))
            if symbol in self.mark:
                fallen = self.mark[symbol] - Fraction(round(dividend * 100), 100)
                self.mark[symbol] = max(fallen, Fraction(0)) / (1 + Fraction(round(bonus * 10), 10))
        for symbol, last in self.delisted.items():
            if last < day:
                self.shares.pop(symbol, None)
        if weights is not None:
            self.trade(day, bars, weights)
        for symbol, bar in bars.items():
            if (close := exact(bar["close"])) is not None:
                self.mark[symbol] = close
        value = sum(n * self.mark[s] for s, n in self.shares.items() if n)
        self.days.append((day, self.cash, value))

    def trade(self, day, bars, weights) -> None:
        """Towards weights at yesterday's prices, filled at the day's."""
        base = {s: exact(bar["preclose"]) or self.mark.get(s) for s, bar in bars.items()}
        value = self.cash + sum(n * base[s] for s, n in self.shares.items() if n)
        sells, buys = {}, {}
        sellable = dict(self.shares)  # what is bought below stays locked until tomorrow
        for symbol, weight in weights.items():
            held = self.shares.get(symbol, 0)
            if weight > 0 and not base[symbol]:
                continue
            aim = Fraction(weight) * value / base[symbol] if weight > 0 else Fraction(0)
            if aim < held:
                sells[symbol] = legal_sale(held - aim, sellable[symbol], symbol)
            elif aim > held:
                buys[symbol] = lots_down(aim - held, symbol)
        for symbol, count in sells.items():
            if count and not self.stopped(bars[symbol], "sell"):
                self.fill(day, symbol, "sell", count, exact(bars[symbol]["vwap"]))
        buys = {s: n for s, n in buys.items() if n and not self.stopped(bars[s], "buy")}
        rate = 1 + self.commission["buy"] + self.tax["buy"]
        money = sum(n * exact(bars[s]["vwap"]) for s, n in buys.items()) * rate
        least = self.least * len(buys)
        if money + least > self.cash:
            share = max(self.cash - least, Fraction(0)) / money
            buys = {s: lots_down(n * share, s) for s, n in buys.items()}
        for symbol, count in buys.items():
            if count:
                self.fill(day, symbol, "buy", count, exact(bars[symbol]["vwap"]))

    def stopped(self, bar: dict[str, float], side: str) -> bool:
        """Suspended, or at the limit on this side."""
        price = exact(bar["vwap"])
        if price is None or bar["suspended"] or not bar["volume"] > 0:
            return True
        if side == "buy":
            limit = exact(bar["up_limit"]) - TICK / 2
            return price >= limit or exact(bar["low"]) >= limit
        limit = exact(bar["down_limit"]) + TICK / 2
        return price <= limit or exact(bar["high"]) <= limit

    def fill(self, day, symbol: str, side: str, count: int, price: Fraction) -> None:
        amount = count * price
        cost = self.charge(side, amount)
        if side == "sell" and cost >= amount:
            return
        sign = 1 if side == "buy" else -1
        self.shares[symbol] = self.shares.get(symbol, 0) + sign * count
        self.cash -= sign * amount + cost
        assert self.cash >= 0
        assert self.shares[symbol] >= 0
        self.fills.append((day, symbol, side, count, cost))
