"""Where the CPU time of an epoch goes, by hooks around the trainer's own parts."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import process_time
from typing import Any

import torch
from torch import nn, optim

PARTS = ("cutting", "forward", "backward", "optimiser")


@dataclass
class Clocks:
    """CPU seconds of the parts, and of everything."""

    parts: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    total: float = 0.0
    begun: dict[str, list[float]] = field(default_factory=dict)

    def begin(self, part: str) -> None:
        """Start a part's clock; one that runs already goes on."""
        self.begun.setdefault(part, []).append(process_time())

    def end(self, part: str) -> None:
        """Stop it, when as many ends as beginnings were told."""
        started = self.begun[part].pop()
        if not self.begun[part]:
            self.parts[part] += process_time() - started

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """A part's clock runs inside the block."""
        self.begin(part)
        try:
            yield
        finally:
            self.end(part)

    @property
    def shares(self) -> dict[str, float]:
        """Of the total, with what no part has as ``rest``."""
        known = {part: seconds / self.total for part, seconds in self.parts.items()}
        return known | {"rest": 1 - sum(known.values())}


def timed_batches(batches: Iterable[Any], clocks: Clocks) -> Iterator[Any]:
    """The batches, with the time that each took to come."""
    given = iter(batches)
    while True:
        with clocks.on("cutting"):
            batch = next(given, None)
        if batch is None:
            return
        yield batch


@contextmanager
def clocked(network: nn.Module, optimiser: optim.Optimizer, clocks: Clocks) -> Iterator[None]:
    """Clock forward passes, back-propagation and the optimiser's steps inside the block."""

    plain = torch.autograd.backward

    def backward(*args: Any, **kwargs: Any) -> None:
        with clocks.on("backward"):
            plain(*args, **kwargs)

    # In pieces the trainer calls the encoder alone; what follows it is then part of the rest.
    parts = {network, getattr(network, "encoder", network)}
    hooks = [part.register_forward_pre_hook(lambda *_: clocks.begin("forward")) for part in parts]
    hooks += [part.register_forward_hook(lambda *_: clocks.end("forward")) for part in parts]
    hooks += [
        optimiser.register_step_pre_hook(lambda *_: clocks.begin("optimiser")),
        optimiser.register_step_post_hook(lambda *_: clocks.end("optimiser")),
    ]
    torch.autograd.backward = backward
    try:
        yield
    finally:
        torch.autograd.backward = plain
        for hook in hooks:
            hook.remove()
