"""HeadSpec: from an encoder's state to scores, one kind a file."""

from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from intralpha.base import ConfigError, Kinded
from intralpha.models.orthogonal import orthogonal_to
from intralpha.models.output import Output


class HeadSpec(Kinded):
    """The end of a network. A kind declares :meth:`layers`, whose module gives an Output."""

    homes = ("intralpha.models.heads",)
    default_kind = "linear"

    orthogonal: bool = Field(
        default=False,
        description="take out of the score what the input `exposures` explains across each day's "
        "stocks [Spec 12.16]",
    )

    @property
    def gives(self) -> tuple[str, ...]:
        """Parts of its output besides the score."""
        return ()

    @property
    def across(self) -> bool:
        """Whether a score depends on the other samples of its day, in eval mode too."""
        return self.orthogonal

    @property
    def whole_days(self) -> bool:
        """Whether a batch of training must hold all samples of its days."""
        return self.orthogonal

    @property
    def label_columns(self) -> int | None:
        """How many columns the label must have; None: any."""
        return None

    def layers(self, width: int) -> nn.Module:
        """The module, with fresh weights.

        Parameters
        ----------
        width : E, numbers in a state

        Returns
        -------
        Module
            ``forward(state [B, E], days_B)`` gives an :class:`Output`; ``days_B``, int64 [B], is
            the number of each sample's day, or None where all are of one day.
        """
        raise NotImplementedError

    def make(self, width: int) -> "Head":
        """The head: :meth:`layers`, and the orthogonal layer if it is wanted.

        Parameters
        ----------
        width : E, numbers in a state
        """
        return Head(self.layers(width), self.orthogonal)


class NoExposuresError(ConfigError):
    """An orthogonal head is given nothing that scores could be orthogonal to."""

    def __init__(self) -> None:
        super().__init__(
            "an orthogonal head found no exposures; expected the input `exposures`, [B, 1, P].\n"
            "Hint: give the factor two inputs, x and exposures, or set orthogonal: false."
        )


class Head(nn.Module):
    """Scores of states ``[B, E]``.

    Parameters
    ----------
    layers : module of a :class:`HeadSpec`
    orthogonal : whether scores are made orthogonal to the exposures
    """

    def __init__(self, layers: nn.Module, orthogonal: bool) -> None:
        super().__init__()
        self.layers, self.orthogonal = layers, orthogonal

    def forward(
        self,
        state: Float[Tensor, "B E"],
        exposures: Float[Tensor, "B _ P"] | None = None,
        days_B: Int[Tensor, " B"] | None = None,
    ) -> Output:
        """An Output of the states.

        Parameters
        ----------
        state : [B, E]
        exposures : [B, 1, P], the last step of what an orthogonal head takes out; others take none
        days_B : int64 [B], ascending, the number of each sample's day; None: all are of one day

        Raises
        ------
        NoExposuresError
            The head is orthogonal and is given none.
        """
        out = self.layers(state, days_B)
        if not self.orthogonal:
            return out
        if exposures is None:
            raise NoExposuresError()
        return Output(orthogonal_to(out.score, exposures[:, -1], days_B), out.parts)
