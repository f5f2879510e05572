"""Cost of a network: parameters, operations, and what training keeps in memory."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry, sdpa_flop_count

from intralpha.models.model import ModelSpec
from intralpha.models.output import Output, wants_of
from intralpha.models.shape import Shapes

CPU_ATTENTION = "aten._scaled_dot_product_flash_attention_for_cpu"
FEW, MORE = 4, 8  # windows whose costs are compared, so that what does not grow with them drops out


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Attributes
    ----------
    parameters : numbers that are trained
    flops : floating-point operations of the matrix products, convolutions and recurrent steps of
        one window's forward pass; a multiplication and an addition are two
    kept_bytes : tensors of one window that a forward pass in training keeps for the gradient
    """

    parameters: int
    flops: int
    kept_bytes: int


def cost_of(spec: ModelSpec, shapes: Shapes) -> Cost:
    """What a network costs at some sizes; random numbers elsewhere are not disturbed.

    Parameters
    ----------
    spec : the network
    shapes : sizes of its inputs, by name

    Raises
    ------
    ConfigError
        The sizes do not suit it.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = spec.make(shapes)
        flops = [flops_of(network, windows_of(shapes, n)) for n in (FEW, MORE)]
        kept = [kept_by(network, windows_of(shapes, n)) for n in (FEW, MORE)]
    count = sum(p.numel() for p in network.parameters())
    per_window = [(few_more[1] - few_more[0]) // (MORE - FEW) for few_more in (flops, kept)]
    return Cost(count, *per_window)


def windows_of(shapes: Shapes, count: int) -> dict[str, Tensor]:
    """Random windows of some sizes.

    Parameters
    ----------
    shapes : sizes, by name
    count : B
    """
    return {name: torch.randn(count, *shape.sizes) for name, shape in shapes.items()}


def flops_of(network: nn.Module, windows: dict[str, Tensor]) -> int:
    """Floating-point operations of a forward pass in eval mode, as :class:`Cost` counts them.

    Recurrent layers are counted from their weights, since their kernels hide their products from
    torch's counter: every weight is used once a step.

    Parameters
    ----------
    network : keeps the contract of :class:`ModelSpec`
    windows : by name, [B, L, F] or [B, L, T, F]
    """
    counter = _Counter()
    recurrent = [m for m in network.modules() if isinstance(m, nn.RNNBase)]
    steps = [_Recurrent(layers, counter) for layers in recurrent]
    network.eval()
    with torch.no_grad(), counter:
        _call(network, windows)
    for one in steps:
        one.remove()
    return counter.flops + sum(one.flops for one in steps)


def kept_by(network: nn.Module, windows: dict[str, Tensor]) -> int:
    """Bytes that a forward pass in training keeps for the gradient, weights and windows aside.

    Parameters
    ----------
    network : keeps the contract of :class:`ModelSpec`
    windows : by name, [B, L, F] or [B, L, T, F]
    """
    outside = {_memory(t) for t in (*network.parameters(), *network.buffers(), *windows.values())}
    kept: dict[int, Tensor] = {}

    def keep(saved: Shaped[Tensor, "..."]) -> Shaped[Tensor, "..."]:
        if _memory(saved) not in outside:
            kept[_memory(saved)] = saved
        return saved

    horizons = _call(network.eval(), windows).parts.get("h")
    network.train()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved):
        output = _call(network, windows, 1 if horizons is None else horizons.shape[1])
    total = sum(saved.untyped_storage().nbytes() for saved in kept.values())
    del output
    return total


class _Counter(TorchDispatchMode):
    """Counts the operations of the products that run inside its block, by torch's formulas."""

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run an operation and count it."""
        del types
        out = func(*args, **(kwargs or {}))
        if str(func._overloadpacket) == CPU_ATTENTION:  # torch has no formula for it
            self.flops += sdpa_flop_count(*(x.shape for x in args[:3]))
        elif func._overloadpacket in flop_registry:
            self.flops += flop_registry[func._overloadpacket](*args, **(kwargs or {}), out_val=out)
        return out


class _Recurrent:
    """Counts the operations of a recurrent module, in the place of what torch's counter sees."""

    def __init__(self, layers: nn.RNNBase, counter: _Counter) -> None:
        self.flops, self.counter, self.seen = 0, counter, 0
        weights = [w for name, w in layers.named_parameters() if name.startswith("weight")]
        self.per_step = 2 * sum(w.numel() for w in weights)
        before = layers.register_forward_pre_hook(lambda *_: self._before())
        after = layers.register_forward_hook(lambda _, given, __: self._after(given[0]))
        self.hooks = before, after

    def _before(self) -> None:
        self.seen = self.counter.flops

    def _after(self, x: Shaped[Tensor, "B L F"]) -> None:
        counted = self.counter.flops - self.seen
        self.flops += x.shape[0] * x.shape[1] * self.per_step - counted

    def remove(self) -> None:
        """Leave the module as it was."""
        for hook in self.hooks:
            hook.remove()


def _call(network: nn.Module, windows: dict[str, Tensor], horizons: int | None = None) -> Output:
    """A forward pass over windows of one day.

    Parameters
    ----------
    network, windows : see :func:`flops_of`
    horizons : H, columns of the labels in training
    """
    count = len(next(iter(windows.values())))
    target = None if horizons is None else torch.zeros(count, horizons)
    given = {"days_B": torch.zeros(count, dtype=torch.int64), "target_BH": target}
    more = {name: given[name] for name in wants_of(network)}
    args = tuple(windows.values()) if len(windows) == 1 else ()
    found = network(*args, **({} if args else windows), **more)
    return found if isinstance(found, Output) else Output(found)


def _memory(tensor: Shaped[Tensor, "..."]) -> int:
    """Where a tensor's memory begins: views of one tensor share it."""
    return tensor.untyped_storage().data_ptr()
