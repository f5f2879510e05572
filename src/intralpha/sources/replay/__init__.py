"""Replay: the order book of orders and trades, the snapshots it gives, and how well it fits."""
