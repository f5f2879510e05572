"""How good input is broken: bytes, trees of YAML, frames, arrays."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

Rng = np.random.Generator

TOKENS = (
    b'"', b"'", b"\x00", b"\n", b"\r", b"\r\n", b",", b";", b"\t", b" ", b"--", b"-", b"+", b".",
    b"0", b"-1", b"1e19", b"1e400", b"nan", b"NaN", b"inf", b"None", b"NULL", b"\\N", b"#", b"%",
    b"99999999999999999999", b"9223372036854775807", b"-9223372036854775808", b"\xef\xbb\xbf",
    b"\xff\xfe", "中文".encode(), "中文".encode("gbk"), b"2024-13-45", b"20240230", b"2400:00",
    b"1704067200", b"2024-01-02T09:31:00+08:00", b"600000.SH", b"sh600000", b"{", b"}", b"[", b"]",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3, 10**9, 2**63, -(2**70), 0.0, -0.5, 1e308, float("inf"),
    float("nan"), "", " ", "x", "0", "1e9", "2024-01-02", "2024-02-30", date(2024, 1, 2), "..", "/",
    "../../..", "~", "a/b", "${HOME}", "${NOT_SET}", "*", "**", "\n", "\x00", "中文", "gru", "day",
    [], [[]], {}, {"kind": None}, {"kind": "gru"}, {"kind": "nobody.net"}, [1, 2], ["a"], [[6, 1]],
)  # fmt: skip
NUMBERS = (0.0, -0.0, -1.0, 1e-300, 1e300, np.nan, np.inf, -np.inf, 2.0**53, 1e19)


def some(rng: Rng, of: Any) -> Any:
    """One of a sequence."""
    return of[int(rng.integers(len(of)))]


def in_bytes(rng: Rng, data: bytes) -> bytes:
    """A few bytes changed, lost, doubled or put in."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        at = int(rng.integers(len(out) + 1))
        until = min(at + int(rng.integers(1, 40)), len(out))
        match int(rng.integers(7)):
            case 0 if at < len(out):
                out[at] ^= 1 << int(rng.integers(8))
            case 1:
                del out[at:until]
            case 2:
                out[at:at] = out[at:until]
            case 3:
                out[at:at] = some(rng, TOKENS)
            case 4:
                out[at:until] = some(rng, TOKENS)
            case 5 if rng.random() < 0.1:
                del out[at:]
            case _:
                out[at:at] = rng.bytes(int(rng.integers(1, 6)))
    return bytes(out)


def in_lines(rng: Rng, data: bytes) -> bytes:
    """Fields and lines of a text changed, so that most of it can still be read."""
    lines = data.split(b"\n")
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(len(lines)))
        match int(rng.integers(6)):
            case 0 | 1 | 2:
                fields = lines[at].split(b",")
                fields[int(rng.integers(len(fields)))] = some(rng, TOKENS)
                lines[at] = b",".join(fields)
            case 3:
                lines.insert(int(rng.integers(len(lines) + 1)), lines[at])
            case 4:
                lines.insert(at, lines.pop(int(rng.integers(len(lines)))))
            case _ if len(lines) > 2:
                del lines[at]
    return b"\n".join(lines)


def in_tree(rng: Rng, tree: Any) -> Any:
    """A mapping or list with one or a few of its values changed, lost or put elsewhere."""
    tree = deepcopy(tree)  # parts of it may be shared with other cases
    for _ in range(int(rng.integers(1, 4))):
        places = list(_places(tree))
        if not places:
            return deepcopy(some(rng, VALUES))
        holder, key = some(rng, places)
        match int(rng.integers(5)):
            case 0 | 1:
                holder[key] = deepcopy(some(rng, VALUES))
            case 2:
                del holder[key]
            case 3:
                other, name = some(rng, places)
                holder[key] = deepcopy(other[name])
            case _ if isinstance(holder, dict):
                holder[f"{key}{some(rng, ('x', '_', ' ', '.kind'))}"] = holder.pop(key)
    return tree


def _places(tree: Any) -> Any:
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in [*keys]:
        yield tree, key
        yield from _places(tree[key])


def in_frame(rng: Rng, frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with a column of another kind, lost, renamed, or with values nobody expects."""
    for _ in range(int(rng.integers(1, 4))):
        if not frame.width:
            return frame
        name = some(rng, frame.columns)
        match int(rng.integers(6)):
            case 0 | 1:
                frame = frame.with_columns(_of_other_kind(rng, frame[name]))
            case 2:
                frame = frame.drop(name)
            case 3:
                frame = frame.rename({name: f"{name}x"})
            case 4:
                frame = pl.concat([frame, frame.sample(fraction=0.5, seed=int(rng.integers(99)))])
            case _ if frame[name].dtype.is_numeric() and frame.height:
                held = frame[name].cast(pl.Float64).to_numpy().copy()
                held[rng.integers(frame.height, size=3)] = some(rng, NUMBERS)
                frame = frame.with_columns(pl.Series(name, held))
    return frame


def _of_other_kind(rng: Rng, column: pl.Series) -> pl.Series:
    kinds: tuple[Callable[[pl.Series], pl.Series], ...] = (
        lambda c: c.cast(pl.String),
        lambda c: c.cast(pl.String).cast(pl.Binary),
        lambda c: c.cast(pl.String).cast(pl.Categorical),
        lambda c: pl.Series(c.name, [[v] for v in c.to_list()]),
        lambda c: pl.Series(c.name, [None] * len(c)),
        lambda c: pl.Series(c.name, [timedelta(seconds=i) for i in range(len(c))]),
        lambda c: pl.Series(c.name, [datetime(2024, 1, 2, 9, 31)] * len(c)),
        lambda c: pl.Series(c.name, [True] * len(c)),
        lambda c: pl.Series(c.name, [{"a": 1}] * len(c)),
        lambda c: pl.Series(c.name, range(len(c)), dtype=pl.Int64) * 10**13,
    )
    try:
        return some(rng, kinds)(column)
    except pl.exceptions.PolarsError:  # one that was changed before
        return column


def in_array(rng: Rng, values: np.ndarray) -> np.ndarray:
    """An array of another shape, kind or layout, or with values nobody expects."""
    match int(rng.integers(8)):
        case 0:
            return values[..., : max(values.shape[-1] - 1, 0)] if values.ndim else values
        case 1:
            return values[:0]
        case 2:
            return values[None]
        case 3:
            return values.T
        case 4:
            return values.astype(some(rng, ("f4", "i8", "?", "U12", "O", "c16", "f8", "i1")))
        case 5:
            return np.repeat(values, 2, axis=-1)[..., ::2] if values.ndim else values
        case 6 if values.dtype.kind == "f" and values.size:
            out = values.copy()
            out.flat[int(rng.integers(out.size))] = some(rng, NUMBERS)
            return out
        case _:
            return values
