"""ModelSpec: which network, one kind a file."""

from torch import nn

from intralpha.base import Kinded
from intralpha.models.shape import Shapes


class ModelSpec(Kinded):
    """A network's sizes. A new network is one new file with a spec and a module.

    Notes
    -----
    The contract of every network. It is called with its inputs in the order of :attr:`inputs`,
    each ``[B, L, F]`` (or ``[B, L, T, F]``: bars inside steps), float32, oldest step first, no NaN.
    It returns scores ``[B]``, higher for what should return more, or an
    :class:`~intralpha.models.Output` with such scores and the parts of :attr:`gives`. Its
    attribute ``wants``, a tuple, asks for more by keyword:

    * ``days_B``: int64 [B], ascending, the number of each sample's day in the batch. Predictions
      are always made for all samples of one day.
    * ``target_BH``: the labels [B, H] with 0 where one is missing, in training only; None else.

    In eval mode the score of a sample does not depend on the other samples of its batch, unless
    :attr:`across` says that it depends on those of its own day. A network knows tensors only:
    learning rate, device and early stopping belong to training, NaN to transforms.
    """

    homes = ("intralpha.models",)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs, in the order of ``forward``; empty: one, whatever its name."""
        return ()

    @property
    def gives(self) -> tuple[str, ...]:
        """Parts of its output besides the score."""
        return ()

    @property
    def across(self) -> bool:
        """Whether a score depends on the other samples of its day, in eval mode too."""
        return False

    @property
    def whole_days(self) -> bool:
        """Whether a batch of training must hold all samples of its days."""
        return False

    @property
    def apart(self) -> bool:
        """Whether a batch can be trained in pieces: in training no sample looks at another one's
        window before the head.
        """
        return True

    @property
    def reads_bars(self) -> bool:
        """Whether it can read days with their bars inside, ``[B, L, T, F]``."""
        return True

    @property
    def label_columns(self) -> int | None:
        """How many columns its label must have; None: it does not look at them."""
        return None

    @property
    def label_classes(self) -> int | None:
        """How many classes its label must tell; None: it does not look at them."""
        return None

    def misfits(self, shapes: Shapes) -> tuple[str, ...]:
        """What is wrong with the sizes of its inputs, in words; of most networks nothing ever is.

        Asked by `intralpha check`, before any data are read, and whenever a network is made.

        Parameters
        ----------
        shapes : sizes of the inputs, by name; the names are those of :attr:`inputs`

        Returns
        -------
        tuple of str
            Each says what was found, what is expected and what to do.
        """
        del shapes
        return ()

    def make(self, shapes: Shapes) -> nn.Module:
        """A network with fresh weights.

        Parameters
        ----------
        shapes : sizes of the inputs, by name

        Returns
        -------
        Module that keeps the contract above
            Weights come from torch's global generator; seed it first to make them repeatable.

        Raises
        ------
        ConfigError
            The sizes do not suit it.
        """
        raise NotImplementedError
