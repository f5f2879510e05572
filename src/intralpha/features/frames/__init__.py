"""Frames, one idea a file: what rows are, what they offer, how they are read.

A frame is found by being in a file of this folder; nothing lists them.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from intralpha.base import ConfigError
from intralpha.features.frames.frame import Frame, RowFrame
from intralpha.features.language.syntax import nearest
from intralpha.features.language.vocabulary import Vocabulary


class UnknownFrameError(ConfigError):
    """There is no such frame."""

    def __init__(self, name: str) -> None:
        self.name = name
        known = sorted(frames())
        super().__init__(
            f"no frame {name}, expected one of {', '.join(known)}.\nHint: {nearest(name, known)}"
        )


@cache
def frames() -> dict[str, Frame]:
    """Every frame by its name."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {frame.name: frame for m in modules for frame in getattr(m, "FRAMES", ())}


def frame_named(name: str) -> Frame:
    """The frame of that name.

    Raises
    ------
    UnknownFrameError
        There is none.
    """
    if name not in frames():
        raise UnknownFrameError(name)
    return frames()[name]


def vocabulary(name: str) -> Vocabulary:
    """What expressions over the rows of a frame may name.

    Raises
    ------
    UnknownFrameError
        No frame inside the day has that name.
    """
    frame = frame_named(name)
    if not isinstance(frame, RowFrame):
        raise UnknownFrameError(name)
    return frame.vocabulary


__all__ = ["Frame", "RowFrame", "UnknownFrameError", "frame_named", "frames", "vocabulary"]
