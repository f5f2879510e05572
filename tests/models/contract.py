"""What every network is put through: a test class names its cases and inherits the tests.

A golden record holds the first 20 losses of a case; all of them are written anew by
``INTRALPHA_WRITE_GOLDEN=1 pytest tests/models``.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.func import functional_call

from intralpha.models import PARTS, ModelSpec, Output, WindowShape, wants_of

GOLDEN = Path(__file__).parent / "golden"
BATCH = 24  # two days of 12
Inputs = dict[str, Tensor]
Loss = Callable[[Output, Tensor], Tensor]


def neg_ic(output: Output, label_BH: Tensor) -> Tensor:
    """Minus the correlation of the scores with the sum of the labels."""
    score, label = output.score - output.score.mean(), label_BH.sum(1) - label_BH.sum(1).mean()
    return -(score * label).sum() / (score.square().sum() * label.square().sum()).sqrt()


@dataclass(frozen=True)
class Case:
    """A spec at a small size, and what it gives.

    ``name`` is that of its golden record; ``parts``, columns of each part of its output;
    ``horizons``, H, columns of the label; ``loss``, what the golden record minimises.
    """

    name: str
    spec: ModelSpec
    shapes: Mapping[str, WindowShape] = field(default_factory=lambda: {"x": WindowShape(12, 6)})
    parts: Mapping[str, int] = field(default_factory=dict)
    horizons: int = 1
    loss: Loss = neg_ic

    @property
    def still(self) -> "Case":
        """The same without dropout, whose random numbers are the machine's."""
        return replace(self, spec=without_dropout(self.spec))

    def network(self, seed: int = 0) -> nn.Module:
        torch.manual_seed(seed)
        return self.spec.make(self.shapes)

    def inputs(self, batch: int = BATCH, dtype: torch.dtype = torch.float32) -> Inputs:
        generator = torch.Generator().manual_seed(7)
        return {
            name: torch.randn(batch, *shape.sizes, generator=generator, dtype=dtype)
            for name, shape in self.shapes.items()
        }

    def labels(self, inputs: Inputs) -> Tensor:
        """What the windows say, and noise: [B, H]."""
        first = next(iter(inputs.values())).flatten(1)
        generator = torch.Generator().manual_seed(8)
        told = first.detach() @ torch.randn(
            first.shape[1], self.horizons, generator=generator, dtype=first.dtype
        )
        noise = torch.randn(told.shape, generator=generator, dtype=told.dtype)
        return told / told.std() + noise

    def days(self, batch: int) -> Tensor:
        """The first half is one day, the second another."""
        return (torch.arange(batch) >= batch // 2).long()

    def call(
        self,
        network: nn.Module,
        inputs: Inputs,
        days_B: Tensor | None = None,
        target_BH: Tensor | None = None,
    ) -> Output:
        """The network called as training does: several inputs by their names, and its wants."""
        asked = {"days_B": days_B, "target_BH": target_BH}
        wants = {name: asked[name] for name in wants_of(network)}
        one = len(inputs) == 1
        given = network(*(inputs.values() if one else ()), **({} if one else inputs), **wants)
        return given if isinstance(given, Output) else Output(given)


def without_dropout(spec: ModelSpec) -> ModelSpec:
    """The spec, and those inside it, with every rate of dropout at 0."""
    off: dict[str, object] = {}
    for name in type(spec).model_fields:
        if "dropout" in name:
            off[name] = 0.0
        elif isinstance(getattr(spec, name), ModelSpec):
            off[name] = without_dropout(getattr(spec, name))
    return spec.model_copy(update=off)


def numbers(output: Output) -> Tensor:
    """Score and parts side by side: [B, 1 + N + ...]."""
    return torch.cat([output.score[:, None], *output.parts.values()], dim=1)


def pick(inputs: Inputs, rows: Tensor | slice) -> Inputs:
    return {name: x[rows] for name, x in inputs.items()}


def losses(case: Case, steps: int = 20) -> list[float]:
    """The first losses of training with Adam on one batch of two days."""
    still = case.still
    network = still.network().train()
    inputs = still.inputs()
    label = still.labels(inputs)
    # With the usual epsilon a gradient that is 0 but for rounding moves its weight as far as any.
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01, eps=1e-3)
    found = []
    for _ in range(steps):
        optimiser.zero_grad()
        loss = still.loss(still.call(network, inputs, still.days(BATCH), label), label)
        loss.backward()
        optimiser.step()
        found.append(loss.item())
    return found


class Contract:
    """Tests of every case of a subclass, which is named ``Test...``."""

    cases: ClassVar[tuple[Case, ...]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "case" in metafunc.fixturenames:
            metafunc.parametrize("case", self.cases, ids=lambda case: case.name)

    def test_scores_and_parts_have_the_documented_shapes(self, case: Case) -> None:
        network = case.network()
        inputs = case.inputs()
        for mode, target in ((True, case.labels(inputs)), (False, None)):
            output = case.call(network.train(mode), inputs, case.days(BATCH), target)
            assert tuple(output.score.shape) == (BATCH,)
            assert set(output.parts) == set(case.spec.gives) == set(case.parts)
            assert set(output.parts) <= set(PARTS)
            for name, part in output.parts.items():
                assert tuple(part.shape) == (BATCH, case.parts[name])

    def test_other_order_of_stocks_reorders_what_is_given(self, case: Case) -> None:
        network = case.network().double().eval()
        inputs = case.inputs(dtype=torch.float64)
        order = torch.randperm(BATCH, generator=torch.Generator().manual_seed(1))
        found = numbers(case.call(network, pick(inputs, order)))
        expected = numbers(case.call(network, inputs))[order]
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)

    def test_a_score_depends_on_others_as_the_spec_says(self, case: Case) -> None:
        """On none; with ``across`` on those of its day, and on no other day."""
        network = case.network().double().eval()
        inputs, half = case.inputs(dtype=torch.float64), BATCH // 2
        together = numbers(case.call(network, inputs, case.days(BATCH)))
        alone = numbers(case.call(network, pick(inputs, slice(half, None))))
        torch.testing.assert_close(alone, together[half:], rtol=1e-9, atol=1e-9)
        one = numbers(case.call(network, pick(inputs, slice(half, half + 3))))
        same = torch.allclose(one, alone[:3], rtol=1e-9, atol=1e-9)
        assert same is not case.spec.across

    def test_gradients_agree_with_finite_differences(self, case: Case) -> None:
        """Of all inputs and weights at once, along random directions."""
        network = case.network().double().eval()
        inputs = case.inputs(6, torch.float64)
        named = dict(network.named_parameters())
        flat = torch.cat([p.detach().flatten() for p in named.values()]).requires_grad_()

        def given(flat: Tensor, *windows: Tensor) -> Tensor:
            pieces = flat.split([p.numel() for p in named.values()])
            weights = {n: w.view_as(named[n]) for n, w in zip(named, pieces, strict=True)}
            seen = dict(zip(inputs, windows, strict=True))
            return numbers(case.call(Called(network, weights), seen, case.days(6)))

        leaves = [x.requires_grad_() for x in inputs.values()]
        assert torch.autograd.gradcheck(given, (flat, *leaves), atol=1e-6, fast_mode=True)

    def test_what_is_given_depends_on_every_parameter_and_input(self, case: Case) -> None:
        network = case.still.network().double().train()
        inputs = case.inputs(dtype=torch.float64)
        leaves = {name: x.requires_grad_() for name, x in inputs.items()}
        found = numbers(case.call(network, leaves, case.days(BATCH), case.labels(inputs)))
        generator = torch.Generator().manual_seed(9)
        (found * torch.randn(found.shape, generator=generator)).sum().backward()
        for name, leaf in {**leaves, **dict(network.named_parameters())}.items():
            assert leaf.grad is not None, name
            assert torch.isfinite(leaf.grad).all(), name
            assert leaf.grad.abs().max() > 1e-9, name

    def test_an_encoder_that_says_so_trains_in_pieces(self, case: Case) -> None:
        """``apart``: in training a state depends on its own window only; else it does not."""
        network = case.still.network().double().train()
        encoder = getattr(network, "encoder", None)
        if encoder is None:
            pytest.skip("no encoder")
        early = {n: x for n, x in case.inputs(dtype=torch.float64).items() if n != "exposures"}

        def state(part: slice) -> Tensor:
            seen = {n: x[part] for n, x in early.items()}
            return encoder(*seen.values()) if len(seen) == 1 else encoder(**seen)

        parts = [slice(at, at + 5) for at in range(0, BATCH, 5)]
        whole, pieces = state(slice(None)), torch.cat([state(part) for part in parts])
        states = 1 + getattr(encoder, "earlier", 0)
        assert tuple(whole.shape) == (BATCH, states * encoder.width)
        assert torch.allclose(whole, pieces, rtol=1e-9, atol=1e-9) is encoder.apart
        assert case.spec.apart is encoder.apart

    def test_saved_weights_give_the_same_scores_bit_for_bit(self, case: Case) -> None:
        first, other = case.network(0).eval(), case.network(1).eval()
        saved = save({name: x.contiguous() for name, x in first.state_dict().items()})
        inputs = case.inputs()
        expected = numbers(case.call(first, inputs))
        assert not torch.equal(numbers(case.call(other, inputs)), expected)
        other.load_state_dict(load(saved))
        assert torch.equal(numbers(case.call(other, inputs)), expected)

    @pytest.mark.parametrize("what", ["alone", "constant", "zeros", "a day missing"])
    def test_poor_windows_give_finite_scores_and_gradients(self, case: Case, what: str) -> None:
        network = case.network().eval()
        inputs = case.inputs(1 if what == "alone" else 8)
        for x in inputs.values():
            if what == "constant":
                x[:] = 0.5
            elif what == "zeros":
                x[:] = 0
            elif what == "a day missing":
                x[:, x.shape[1] // 2] = 0
        leaves = {name: x.requires_grad_() for name, x in inputs.items()}
        found = numbers(case.call(network, leaves, torch.zeros(len(x), dtype=torch.int64)))
        assert torch.isfinite(found).all()
        found.sum().backward()
        for leaf in (*leaves.values(), *network.parameters()):
            assert leaf.grad is None or torch.isfinite(leaf.grad).all()

    def test_the_seed_decides_the_weights(self, case: Case) -> None:
        first, same, other = case.network(3), case.network(3), case.network(4)
        for mine, its in zip(first.parameters(), same.parameters(), strict=True):
            assert torch.equal(mine, its)
        assert any(
            not torch.equal(mine, its)
            for mine, its in zip(first.parameters(), other.parameters(), strict=True)
        )

    def test_the_first_twenty_losses_are_those_on_record(self, case: Case) -> None:
        path = GOLDEN / f"{case.name}.json"
        if os.environ.get("INTRALPHA_WRITE_GOLDEN"):
            GOLDEN.mkdir(exist_ok=True)
            path.write_text(json.dumps(losses(case), indent=1) + "\n")
        expected = json.loads(path.read_text())
        assert len(expected) == 20
        assert losses(case) == pytest.approx(expected, rel=1e-4, abs=1e-5)


class Called:
    """A network that is called with other weights."""

    def __init__(self, network: nn.Module, weights: Mapping[str, Tensor]) -> None:
        self.network, self.weights = network, dict(weights)
        self.wants = wants_of(network)

    def __call__(self, *args: Tensor, **more: Tensor | None) -> Output:
        return functional_call(self.network, self.weights, args, more)
