"""Limits: how near a price must be to a limit price to be at it."""

HALF_TICK_YUAN = 0.005
"""Half a tick of 0.01 CNY: prices that differ by no more are the same price."""
