"""Sizes: how a layer is cut into blocks of samples, segments of steps, and shares of blocks."""

from jaxtyping import Float
from torch import Tensor

from intralpha.models.recurrent.kernel import Sizes
from intralpha.models.recurrent.tiles import ROWS, VECTOR_BYTES

BLOCK = 32  # samples that go through their windows together
SHARES = 32  # groups of blocks at most; each has sums of its own, added up in their order
SEGMENT_BYTES = 1 << 19  # of gates: what backward keeps in the cache


def rounded(n: int, to: int) -> int:
    """N, rounded up to a multiple."""
    return -(-n // to) * to


def sizes_of(
    x: Float[Tensor, "B L F"], w_hh: Float[Tensor, "G H"], lstm: bool, sequence: bool
) -> Sizes:
    """Sizes of a layer; nothing but the shapes decides them.

    Parameters
    ----------
    x : windows
    w_hh : weights of the state, of 3 H or 4 H rows
    lstm : LSTM, else GRU
    sequence : the states after all steps are wanted, not only the last ones
    """
    batch, steps, features = x.shape
    hidden, lanes = w_hh.shape[1], VECTOR_BYTES // x.element_size()
    wide = rounded(hidden, lanes)
    segment = min(max(SEGMENT_BYTES // (4 * BLOCK * wide * x.element_size()), 2), steps)
    return Sizes(
        lstm=int(lstm),
        batch=batch,
        steps=steps,
        features=features,
        hidden=hidden,
        lanes=lanes,
        wide=wide,
        tall=rounded(features, ROWS),
        block=BLOCK,
        segment=segment,
        every=1 if sequence else segment,
    )


def gates_of(size: Sizes) -> int:
    """Matrices that W_ih and W_hh are made of."""
    return 4 if size.lstm else 3


def shares_of(size: Sizes) -> list[tuple[int, int]]:
    """First and last block (exclusive) of each share."""
    blocks = -(-size.batch // size.block)
    shares = min(blocks, SHARES)
    return [(i * blocks // shares, (i + 1) * blocks // shares) for i in range(shares)]
