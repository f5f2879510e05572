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
def _files() -> tuple[str, ...]:
    """Names of the files of this folder."""
    return tuple(found.name for found in iter_modules(__path__))


def _inside(file: str) -> dict[str, tuple[Frame, str]]:
    """Name -> frame, and the module that it is in, of one file."""
    module = import_module(f"{__name__}.{file}")
    return {f.name: (f, module.__name__) for f in getattr(module, "FRAMES", ())}


@cache
def _found(name: str) -> tuple[Frame, str]:
    """A frame and its module; looked for first in the file that the name begins with."""
    for file in sorted(_files(), key=lambda file: not name.startswith(file)):
        inside = _inside(file)
        if name in inside:
            return inside[name]
    raise UnknownFrameError(name)


def frames() -> dict[str, Frame]:
    """Every frame by its name."""
    return {name: frame for file in _files() for name, (frame, _) in _inside(file).items()}


def frame_named(name: str) -> Frame:
    """The frame of that name.

    Raises
    ------
    UnknownFrameError
        There is none.
    """
    return _found(name)[0]


def module_of(name: str) -> str:
    """The module that holds a frame.

    Raises
    ------
    UnknownFrameError
        There is none of that name.
    """
    return _found(name)[1]


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


__all__ = [
    "Frame",
    "RowFrame",
    "UnknownFrameError",
    "frame_named",
    "frames",
    "module_of",
    "vocabulary",
]
