"""The entry point: importing it defines every kind of the package."""

from acme import features, grid, head, label, net, schedule, transform

__all__ = ["features", "grid", "head", "label", "net", "schedule", "transform"]
