"""WindowShape: how large a named input of a network is."""

from collections.abc import Mapping
from dataclasses import dataclass

from intralpha.base import ConfigError


@dataclass(frozen=True)
class WindowShape:
    """Sizes of one input.

    Attributes
    ----------
    length : L, steps in a window
    features : F, numbers in one step
    bars : T, bars in a step where the network sees them apart, ``[B, L, T, F]``; else None
    """

    length: int
    features: int
    bars: int | None = None

    @staticmethod
    def of(sizes: tuple[int, ...]) -> "WindowShape":
        """The shape of windows of (L, F), or of (L, T, F).

        Parameters
        ----------
        sizes : all axes but that of the batch
        """
        return WindowShape(sizes[0], sizes[-1], sizes[1] if len(sizes) == 3 else None)

    @property
    def sizes(self) -> tuple[int, ...]:
        """L, T where there is one, F: all axes but that of the batch."""
        return (self.length, *(() if self.bars is None else (self.bars,)), self.features)


Shapes = Mapping[str, WindowShape]

EXPOSURES = "exposures"  # the input that only a head looks at: of a date, no history


class InputNamesError(ConfigError):
    """A network wants other inputs than it is given."""

    def __init__(self, network: str, wanted: tuple[str, ...], given: tuple[str, ...]) -> None:
        self.network, self.wanted, self.given = network, wanted, given
        asked = f"inputs {', '.join(wanted)}" if wanted else "one input, whatever its name"
        super().__init__(
            f"network {network} wants {asked}; it is given {', '.join(given) or 'none'}.\n"
            "Hint: name them under `inputs:` of the factor, or in the features that m.fit is "
            "given, each with features, transform and window_days."
        )


class ShapesError(ConfigError):
    """The sizes of a network's inputs do not suit it, or each other."""

    def __init__(self, network: str, misfits: tuple[str, ...]) -> None:
        self.network, self.misfits = network, misfits
        super().__init__("\n".join(f"network {network}: {misfit}" for misfit in misfits))


class StateWidthError(ConfigError):
    """An encoder gives another state than it declares."""

    def __init__(self, found: int, expected: int) -> None:
        self.found, self.expected = found, expected
        super().__init__(
            f"an encoder gave states of {found} numbers; it declares width {expected}, earlier "
            "layers counted.\nHint: set `width` of the encoder to what its forward returns."
        )


def check_names(network: str, wanted: tuple[str, ...], given: tuple[str, ...]) -> None:
    """Refuse inputs whose names a network does not want.

    Parameters
    ----------
    network : its kind, for the error
    wanted : names; empty for any single one
    given : names, in any order

    Raises
    ------
    InputNamesError
    """
    if (set(wanted) != set(given)) if wanted else (len(given) != 1):
        raise InputNamesError(network, wanted, given)


def only(shapes: Shapes) -> WindowShape:
    """The shape of the single input.

    Raises
    ------
    InputNamesError
        There are several, or none.
    """
    check_names("of one input", (), tuple(shapes))
    return next(iter(shapes.values()))
