"""Two passes: the exact gradient of a large batch, with the memory of a small one."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from intralpha.base import ConfigError
from intralpha.models import EXPOSURES, Output, wants_of
from intralpha.training.called import More, Windows, called

States = tuple[Float[Tensor, "..."], ...]
HALVES = (torch.bfloat16, torch.float16)
Around = Callable[[], AbstractContextManager[object]]


class NotApartError(ConfigError):
    """A network whose samples cannot be run in pieces: in training they look at each other."""

    def __init__(self, network: nn.Module, why: str) -> None:
        self.network, self.why = type(network).__name__, why
        super().__init__(
            f"{self.network} cannot be trained in pieces: {why}; expected that in training what a "
            "sample becomes depends on its own window only.\n"
            "Hint: leave training.piece out, or choose the setting of the network that keeps "
            "samples apart (`intralpha models show KIND`). In a network of your own put layers "
            "that look across samples into a method finish(state), behind an encoder."
        )


@dataclass(frozen=True)
class Cut:
    """A network in two: what is done with each sample alone, and what with all of them.

    Attributes
    ----------
    first : from windows and more of some samples to their states, tensors [B, ...]
    rest : from all states to an Output
    """

    first: Callable[[Windows, More], States]
    rest: Callable[[States], Output]


def backward(
    network: nn.Module,
    windows: Windows,
    more: More,
    loss_of: Callable[[Output], Float[Tensor, ""]],
    piece: int | None = None,
    around: Around = nullcontext,
) -> float:
    """Add the gradient of a batch's loss to the parameters [Spec 12.7].

    In pieces: (i) the states of all pieces, without a gradient; (ii) head and loss of the whole
    batch, with the gradient of each state; (iii) every piece again, with the random numbers that
    it had, and its states' gradient through it. A network with an ``encoder`` and a ``finish``
    (:class:`~intralpha.models.Encoded`) is cut between them; any other behind its output.

    Parameters
    ----------
    network : in training mode; its ``grad`` fields are added to
    windows : by the name of the input, [B, L, F] or [B, L, T, F]; one is handed over as it is,
        several by their names
    more : what else it wants by name, first axis B, or None
    loss_of : from the output of the whole batch to a scalar
    piece : samples in a piece; None: one pass over all
    around : what the network is called inside of, such as autocast; half precision
        in its output becomes float32, and the loss and all gradients are made outside

    Returns
    -------
    float
        The loss. Peak memory is that of one piece's pass, the windows, and the states of all.

    Raises
    ------
    NotApartError
        In training the network's samples look at each other before the cut.

    Notes
    -----
    Equal, but for rounding, to one pass that encodes the same pieces. Costs one more forward pass.
    """
    count = len(next(iter(windows.values())))
    if piece is None or piece >= count:
        with around():
            output = called(network, windows, more)
        loss = loss_of(_restored(output))
        loss.backward()
        return loss.item()
    cut = cut_of(network, windows, more)
    pieces = [_piece(windows, more, start, piece) for start in range(0, count, piece)]
    whole, dice = _states(cut, pieces, around)
    with around():
        output = cut.rest(whole)
    loss = loss_of(_restored(output))
    loss.backward()
    after = Dice.now(windows)
    grads = zip(*(_split(state, piece, len(pieces)) for state in whole), strict=True)
    for (some, its), before, grad in zip(pieces, dice, grads, strict=True):
        before.throw()
        with around():
            states = cut.first(some, its)
        _back(states, grad)
    after.throw()
    return loss.item()


def cut_of(network: nn.Module, windows: Windows, more: More) -> Cut:
    """Where a network can be cut.

    Parameters
    ----------
    network : keeps the contract of :class:`~intralpha.models.ModelSpec`
    windows, more : of the whole batch

    Raises
    ------
    NotApartError
    """
    encoder, finish = getattr(network, "encoder", None), getattr(network, "finish", None)
    if not isinstance(encoder, nn.Module) or not callable(finish):
        if "days_B" in wants_of(network):
            raise NotApartError(
                network, "it asks for days_B, so its samples may look at each other"
            )
        _check_apart(network, network)
        return _behind_output(network)
    _check_apart(network, encoder)
    late = {name: x for name, x in windows.items() if name == EXPOSURES}

    def first(some: Windows, _: More) -> States:
        early = {name: x for name, x in some.items() if name != EXPOSURES}
        return (encoder(*early.values()) if len(early) == 1 else encoder(**early),)

    return Cut(first, lambda states: finish(*states, **late, **more))


def _behind_output(network: nn.Module) -> Cut:
    """The cut of a network that tells nothing of its inside: its score and parts are the states."""
    names: list[str] = []

    def first(some: Windows, more: More) -> States:
        found = called(network, some, more)
        names[:] = found.parts
        return (found.score, *found.parts.values())

    def rest(states: States) -> Output:
        return Output(states[0], dict(zip(names, states[1:], strict=True)))

    return Cut(first, rest)


def _check_apart(network: nn.Module, first: nn.Module) -> None:
    """Refuse a network whose first part says, or shows, that samples look at each other.

    Parameters
    ----------
    network : named in the error
    first : what is to run in pieces

    Raises
    ------
    NotApartError
    """
    if not getattr(first, "apart", True):
        raise NotApartError(network, f"{type(first).__name__} says that its samples are not apart")
    for name, module in first.named_modules():
        if isinstance(module, _BatchNorm) and module.training:
            raise NotApartError(network, f"{name} ({type(module).__name__}) averages over samples")


@dataclass(frozen=True)
class Dice:
    """Where torch's random numbers stand.

    Attributes
    ----------
    state : of the CPU's generator
    device, on_device : a CUDA device and the state of its generator, or None
    """

    state: Tensor
    device: torch.device | None
    on_device: Tensor | None

    @staticmethod
    def now(windows: Windows) -> "Dice":
        """The states at this moment, on the CPU and where the windows are."""
        device = next(iter(windows.values())).device
        if device.type != "cuda":
            return Dice(torch.get_rng_state(), None, None)
        return Dice(torch.get_rng_state(), device, torch.cuda.get_rng_state(device))

    def throw(self) -> None:
        """Let the random numbers that followed come again."""
        torch.set_rng_state(self.state)
        if self.device is not None and self.on_device is not None:
            torch.cuda.set_rng_state(self.on_device, self.device)


def _piece(windows: Windows, more: More, start: int, piece: int) -> tuple[Windows, More]:
    """Views of some samples of what the network sees.

    Parameters
    ----------
    windows, more : of the whole batch
    start, piece : the first sample, and how many follow
    """
    part = slice(start, start + piece)
    some = {name: None if x is None else x[part] for name, x in more.items()}
    return {name: x[part] for name, x in windows.items()}, some


def _states(
    cut: Cut, pieces: Sequence[tuple[Windows, More]], around: Around
) -> tuple[States, list["Dice"]]:
    """States of all samples as leaves, and where the random numbers stood before each piece.

    Parameters
    ----------
    cut : where the network is cut
    pieces : windows and more of each
    around : what it is called inside of
    """
    dice, states = [], []
    with torch.no_grad(), around():
        for windows, more in pieces:
            dice.append(Dice.now(windows))
            states.append(cut.first(windows, more))
    return tuple(torch.cat(s).requires_grad_() for s in zip(*states, strict=True)), dice


def _restored(output: Output) -> Output:
    """The output in float32 where it is in half precision; as it is else."""
    if output.score.dtype not in HALVES:
        return output
    return Output(output.score.float(), {name: part.float() for name, part in output.parts.items()})


def _split(state: Float[Tensor, "..."], piece: int, count: int) -> Sequence[Tensor | None]:
    """A state's gradient by pieces; None for each where nothing looked at the state.

    Parameters
    ----------
    state : [B, ...]
    piece, count : samples in a piece, and pieces
    """
    return [None] * count if state.grad is None else state.grad.split(piece)


def _back(found: States, grads: tuple[Tensor | None, ...]) -> None:
    """Gradients of states through what made them; states that nothing looked at are left out."""
    pairs = [(s, g) for s, g in zip(found, grads, strict=True) if g is not None and s.requires_grad]
    if pairs:
        torch.autograd.backward([s for s, _ in pairs], [g for _, g in pairs])
