"""Called: the output of a network, if it keeps the contract."""

from collections.abc import Mapping

from jaxtyping import Float, Shaped
from torch import Tensor, nn

from intralpha.base import ConfigError
from intralpha.models import PARTS, Output

Windows = Mapping[str, Float[Tensor, "..."]]
More = Mapping[str, Shaped[Tensor, "..."] | None]


class NetworkOutputError(ConfigError):
    """A network gives something else than a score a stock, or parts that have no such shape."""

    def __init__(self, network: nn.Module, found: str, given: str, expected: str) -> None:
        self.found, self.expected = found, expected
        super().__init__(
            f"{type(network).__name__}, given windows of shape {given}, returned {found}; expected "
            f"{expected}.\n"
            "Hint: return scores.squeeze(-1), the last step of a sequence, sequence[:, -1], or an "
            "intralpha.models.Output."
        )


def called(network: nn.Module, windows: Windows, more: More) -> Output:
    """The output of a network; one window is handed over as it is, several by their names.

    Parameters
    ----------
    network : keeps the contract of :class:`~intralpha.models.ModelSpec`, or not
    windows : [B, L, F] or [B, L, T, F], by the name of the input
    more : what else it wants, by name

    Returns
    -------
    Output
        Its score is [B]; a network that returns a tensor has no parts.

    Raises
    ------
    NetworkOutputError
        It is no score a stock: a loss would spread [B, 1] over [B] in silence.
    """
    args = tuple(windows.values()) if len(windows) == 1 else ()
    found = network(*args, **({} if args else windows), **more)
    if isinstance(found, Output):
        _check_score(network, windows, found.score)
        _check_parts(network, windows, found)
        return found
    _check_score(network, windows, found)
    return Output(found)


def _check_score(network: nn.Module, windows: Windows, score: object) -> None:
    size = len(next(iter(windows.values())))
    if not isinstance(score, Tensor) or score.shape != (size,):
        expected = f"a tensor of shape {(size,)}, one score a stock, or an Output with it"
        raise NetworkOutputError(network, _told(score), _given(windows), expected)


def _check_parts(network: nn.Module, windows: Windows, out: Output) -> None:
    size = len(next(iter(windows.values())))
    for name, part in out.parts.items():
        if name not in PARTS or part.dim() != 2 or len(part) != size:
            expected = f"parts among {', '.join(PARTS)}, each [{size}, N]"
            found = f"part {name}: {_told(part)}"
            raise NetworkOutputError(network, found, _given(windows), expected)


def _given(windows: Windows) -> str:
    return ", ".join(str(tuple(x.shape)) for x in windows.values())


def _told(found: object) -> str:
    return f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else repr(type(found))
