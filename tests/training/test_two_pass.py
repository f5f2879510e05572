"""The gradient in pieces is that of one pass over the same pieces, for every network."""

import pytest
import torch
from torch import Tensor, nn

from intralpha.models import (
    Encoded,
    Encoder,
    GRUSpec,
    ModelSpec,
    Output,
    RNNSpec,
    WindowShape,
    wants_of,
)
from intralpha.models.heads import LinearHeadSpec
from intralpha.training import NegICSpec, Truth
from intralpha.training.two_pass import NotApartError, backward, called

BATCH, PIECE, STEPS, FEATURES = 72, 27, 10, 5  # pieces of 27, 27 and 18
WINDOW, EXPOSURES = WindowShape(STEPS, FEATURES), WindowShape(1, 2)
OURS = {kind: cls for kind, cls in ModelSpec.kinds().items() if "." not in kind}
DAYS = (torch.arange(BATCH) >= 36).long()
TARGET = torch.randn(BATCH, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(5))


def loss_of(output: Output) -> Tensor:
    """Looks at the score and at every part."""
    total = NegICSpec().loss(output, Truth.of(TARGET[:, 0], DAYS))
    return total + sum(part.tanh().mean() ** 2 for part in output.parts.values())


def made(spec: ModelSpec) -> tuple[nn.Module, dict[str, Tensor], dict[str, Tensor]]:
    """A network with its windows and what else it wants; dropout is on."""
    torch.manual_seed(0)
    names = spec.inputs or ("x",)
    shapes = {name: EXPOSURES if name == "exposures" else WINDOW for name in names}
    network = spec.make(shapes).double().train()
    windows = {
        name: torch.randn(BATCH, *shape.sizes, dtype=torch.float64)
        for name, shape in shapes.items()
    }
    target = TARGET[:, :1].repeat(1, getattr(spec, "horizons", 1))
    given = {"days_B": DAYS, "target_BH": target}
    return network, windows, {name: given[name] for name in wants_of(network)}


def gradient(network: nn.Module) -> Tensor:
    return torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])


def one_pass(network: nn.Module, windows: dict[str, Tensor], more: dict[str, Tensor]) -> float:
    """What the function must equal, written out: pieces with one graph, then the loss."""
    pieces = [slice(0, 27), slice(27, 54), slice(54, 72)]
    if hasattr(network, "finish"):
        early = {name: x for name, x in windows.items() if name != "exposures"}
        named = len(early) > 1
        state = torch.cat(
            [
                network.encoder(**{n: x[p] for n, x in early.items()})
                if named
                else network.encoder(*(x[p] for x in early.values()))
                for p in pieces
            ]
        )
        late = {n: x for n, x in windows.items() if n == "exposures"}
        output = network.finish(state, **late, **more)
    else:
        found = [
            called(
                network, {n: x[p] for n, x in windows.items()}, {n: x[p] for n, x in more.items()}
            )
            for p in pieces
        ]
        parts = {n: torch.cat([f.parts[n] for f in found]) for n in found[0].parts}
        output = Output(torch.cat([f.score for f in found]), parts)
    loss = loss_of(output)
    loss.backward()
    return loss.item()


class Dropped(Encoder):
    """An encoder with much dropout, before and after a layer with weights."""

    width = 4

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(STEPS * FEATURES, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.dropout(x.flatten(1), 0.5, self.training)
        return nn.functional.dropout(self.line(x).tanh(), 0.5, self.training)


class DroppedHead(nn.Module):
    """A head with dropout, whose random numbers come between the two passes."""

    def __init__(self) -> None:
        super().__init__()
        self.line = LinearHeadSpec().layers(4)

    def forward(self, state: Tensor, exposures: Tensor | None, days_B: Tensor | None) -> Output:
        return self.line(nn.functional.dropout(state, 0.3, self.training), days_B)


class Tensors(nn.Module):
    """A network of one's own, which gives a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Encoded(Dropped(), DroppedHead())

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x).score


def compare(network: nn.Module, windows: dict[str, Tensor], more: dict[str, Tensor]) -> None:
    torch.manual_seed(3)
    expected_loss = one_pass(network, windows, more)
    expected, after = gradient(network), torch.rand(1)
    network.zero_grad()
    torch.manual_seed(3)
    loss = backward(network, windows, more, loss_of, PIECE)
    assert loss == pytest.approx(expected_loss, abs=1e-6)
    assert (gradient(network) - expected).norm() <= 1e-6 * expected.norm()
    assert torch.equal(torch.rand(1), after)  # what is random afterwards is the same too
    assert expected.norm() > 0


@pytest.mark.one_in(2)
@pytest.mark.parametrize("kind", OURS)
def test_every_network_has_the_gradient_of_one_pass_or_says_why_not(kind: str) -> None:
    network, windows, more = made(OURS[kind].model_validate({"kind": kind}))
    if not getattr(getattr(network, "encoder", network), "apart", True):
        with pytest.raises(NotApartError, match="says that its samples are not apart"):
            backward(network, windows, more, loss_of, PIECE)
        return
    compare(network, windows, more)


@pytest.mark.parametrize("network", [Encoded(Dropped(), DroppedHead()), Tensors()])
def test_dropout_is_thrown_again(network: nn.Module) -> None:
    torch.manual_seed(0)
    more = {"days_B": DAYS} if isinstance(network, Encoded) else {}
    compare(network.double().train(), {"x": torch.randn(BATCH, STEPS, FEATURES).double()}, more)


def test_exposures_are_for_the_end_of_the_network() -> None:
    spec = RNNSpec(hidden=8, head={"kind": "linear", "orthogonal": True})  # type: ignore[arg-type]
    assert spec.inputs == ("x", "exposures")
    network, windows, more = made(spec)
    first = backward(network, windows, more, loss_of, PIECE)
    windows["exposures"] *= torch.linspace(-1, 1, BATCH)[:, None, None]
    assert backward(network, windows, more, loss_of, PIECE) != first
    network.zero_grad()
    compare(network, windows, more)


@pytest.mark.parametrize("piece", [None, BATCH, 1000])
def test_without_pieces_it_is_one_plain_pass(piece: int | None) -> None:
    network, windows, more = made(RNNSpec(hidden=8, dropout=0.4))
    torch.manual_seed(3)
    loss_of(called(network, windows, more)).backward()
    expected = gradient(network)
    network.zero_grad()
    torch.manual_seed(3)
    backward(network, windows, more, loss_of, piece)
    assert torch.equal(gradient(network), expected)


def test_pieces_are_the_whole_batch_where_nothing_is_dropped() -> None:
    network, windows, more = made(GRUSpec(hidden=8))
    loss = backward(network, windows, more, loss_of, None)
    expected = gradient(network)
    network.zero_grad()
    assert backward(network, windows, more, loss_of, 7) == pytest.approx(loss, abs=1e-6)
    assert (gradient(network) - expected).norm() <= 1e-5 * expected.norm()


def test_a_network_that_averages_over_samples_is_refused() -> None:
    network = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(STEPS * FEATURES))
    windows = {"x": torch.randn(BATCH, STEPS, FEATURES)}
    with pytest.raises(NotApartError, match=r"1 \(BatchNorm1d\) averages over samples"):
        backward(network.train(), windows, {}, loss_of, PIECE)


def test_an_encoder_that_is_not_apart_is_refused() -> None:
    encoder = Dropped()
    encoder.apart = False
    network = Encoded(encoder, DroppedHead()).train()
    windows = {"x": torch.randn(BATCH, STEPS, FEATURES)}
    with pytest.raises(NotApartError, match="Encoded cannot be trained in pieces: Dropped says"):
        backward(network, windows, {}, loss_of, PIECE)


class AcrossTheDay(nn.Module):
    """A network of one's own that compares the stocks of a day, and tells nothing of its inside."""

    wants = ("days_B",)

    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(FEATURES, 1)

    def forward(self, x: Tensor, days_B: Tensor | None = None) -> Tensor:
        score = self.line(x[:, -1]).squeeze(-1)
        return score - score.mean()


def test_who_asks_for_days_is_not_cut_behind_its_output() -> None:
    windows = {"x": torch.randn(BATCH, STEPS, FEATURES)}
    with pytest.raises(NotApartError, match="asks for days_B"):
        backward(AcrossTheDay(), windows, {"days_B": DAYS}, loss_of, PIECE)
