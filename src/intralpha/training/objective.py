"""ObjectiveSpec: what a network minimises, one kind a file."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from intralpha.base import ConfigError, Kinded
from intralpha.models import Output


class LossShapeError(ConfigError):
    """An output and a label that a loss cannot compare: it would spread one over the other."""

    def __init__(self, what: str, found: str, expected: str) -> None:
        self.what, self.found, self.expected = what, found, expected
        super().__init__(
            f"{what}: found {found}, expected {expected}.\n"
            "Hint: the model, the label and the objective of a factor must fit: "
            "`intralpha models show KIND` says what a network gives."
        )


@dataclass(frozen=True, eq=False)
class Truth:
    """What the output of a batch is compared with.

    Attributes
    ----------
    label_BH : [B, H], H columns of the label; 0 where there is none
    known_BH : bool [B, H], where there is one; each sample has at least one
    days_B : int64 [B], ascending, the number of each sample's day in the batch
    """

    label_BH: Float[Tensor, "B H"]
    known_BH: Bool[Tensor, "B H"]
    days_B: Int[Tensor, " B"]

    @staticmethod
    def of(label: Float[Tensor, "B *H"], days_B: Int[Tensor, " B"] | None = None) -> "Truth":
        """The truth of labels [B] or [B, H] with NaN where there is none.

        Parameters
        ----------
        label : [B] or [B, H]; each sample has at least one
        days_B : default: all are of one day

        Raises
        ------
        LossShapeError
            A sample has no label: its 0 would count as one.
        """
        label_BH = label[:, None] if label.dim() == 1 else label
        known = torch.isfinite(label_BH)
        without = len(known) - int(known.any(1).sum())
        if without:
            found = f"{without} of {len(known)} samples without a label"
            raise LossShapeError("label", found, "at least one label a sample")
        days = known.new_zeros(len(label), dtype=torch.int64) if days_B is None else days_B
        return Truth(torch.where(known, label_BH, torch.zeros_like(label_BH)), known, days)

    @property
    def label_B(self) -> Float[Tensor, " B"]:
        """The single label of each sample, all of them known.

        Raises
        ------
        LossShapeError
            The label has several columns.
        """
        if self.label_BH.shape[1] != 1:
            raise LossShapeError("label", f"{self.label_BH.shape[1]} columns", "one")
        return self.label_BH[:, 0]


class ObjectiveSpec(Kinded):
    """A loss of outputs against labels. A new one is one new file with :meth:`loss`."""

    homes = ("intralpha.training.losses",)

    @property
    def needs(self) -> tuple[str, ...]:
        """Parts of an output that it looks at, of :data:`intralpha.models.PARTS`."""
        return ()

    @property
    def label_columns(self) -> int | None:
        """How many columns the label must have: one. With the part ``h`` None, those of the model;
        override it in a loss that compares with others.
        """
        return None if "h" in self.needs else 1

    @property
    def lowest_class(self) -> int | None:
        """The lowest class of the label, for losses of classes; None: it compares with numbers."""
        return None

    def loss(self, output: Output, truth: Truth) -> Float[Tensor, ""]:
        """The loss of one batch.

        Parameters
        ----------
        output : of the network: score [B], parts [B, N]
        truth : labels [B, H] and which of them are known; what is not known changes nothing

        Returns
        -------
        scalar with a gradient; lower is better

        Raises
        ------
        LossShapeError
            The label's columns are not those that it compares with.
        """
        raise NotImplementedError


def part_of(output: Output, name: str, columns: int | None = None) -> Float[Tensor, "B N"]:
    """A part of an output, with as many columns as are expected.

    Parameters
    ----------
    output : of a network
    name : of the part
    columns : N; None: any number

    Raises
    ------
    LossShapeError
        The network does not give it, or in another shape.
    """
    given = ", ".join(output.parts) or "a score alone"
    if name not in output.parts:
        raise LossShapeError("output", given, f"the part {name}")
    part = output.parts[name]
    expected = (len(output.score), part.shape[-1] if columns is None else columns)
    if tuple(part.shape) != expected:
        raise LossShapeError(f"part {name}", f"shape {tuple(part.shape)}", f"shape {expected}")
    return part


def score_and_label(
    output: Output, truth: Truth
) -> tuple[Float[Tensor, " B"], Float[Tensor, " B"]]:
    """The score and the single label of each sample.

    Parameters
    ----------
    output : of a network
    truth : one label a sample

    Raises
    ------
    LossShapeError
        Their shapes differ, or there are several labels a sample.
    """
    label = truth.label_B
    if output.score.shape != label.shape:
        found = f"shape {tuple(output.score.shape)}"
        raise LossShapeError("score", found, f"shape {tuple(label.shape)}, one a sample")
    return output.score, label


def horizons_of(output: Output, truth: Truth) -> Float[Tensor, "B H"]:
    """The part ``h`` of an output, one prediction for each label.

    Parameters
    ----------
    output : of a network
    truth : H labels a sample

    Raises
    ------
    LossShapeError
        The network does not give it, or not for H labels of the same samples.
    """
    part, expected = part_of(output, "h"), tuple(truth.label_BH.shape)
    if tuple(part.shape) != expected:
        raise LossShapeError("part h", f"shape {tuple(part.shape)}", f"the labels' {expected}")
    return part


def of_scores_only(loss: ObjectiveSpec) -> ObjectiveSpec:
    """A loss that another one is made of: it must look at scores alone.

    Raises
    ------
    ValueError
        It looks at parts of an output; a recipe's reader turns this into a ConfigError.
    """
    if loss.needs:
        raise ValueError(
            f"expected a loss of scores alone, such as neg_ic; {getattr(loss, 'kind', loss)} looks "
            f"at {', '.join(loss.needs)}"
        )
    return loss
