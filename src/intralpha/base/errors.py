"""The error tree: four families, each error carries its facts as attributes.

A named child lives beside the code that raises it and says what was found, what was expected
and what to do next. The families decide the exit code of the command line.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class IntralphaError(Exception):
    """Root of every error this package raises on purpose.

    Its children are made from facts and write their own message, so a copy (from a process that
    worked for this one) is made from message and attributes, not by calling them again.
    """

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        return _as_it_was, (type(self), self.args), self.__dict__


def _as_it_was(cls: type[IntralphaError], args: tuple[object, ...]) -> IntralphaError:
    return cls.__new__(cls, *args)


class DataError(IntralphaError):
    """The data are not what they should be."""

    exit_code = 3


class LookAheadError(IntralphaError):
    """A value depends on something that was not known when it claims to be known."""

    exit_code = 3


class ConfigError(IntralphaError):
    """A recipe, a mapping or an argument asks for something that cannot be."""

    exit_code = 2


class SolverError(IntralphaError):
    """An optimisation problem has no solution that may be used."""

    exit_code = 3


@contextmanager
def told_of(what: str) -> Iterator[None]:
    """Errors of the block say what they are about, facts and type unchanged.

    Parameters
    ----------
    what : stands before the message, such as "factor gru"
    """
    try:
        yield
    except IntralphaError as error:
        error.args = (f"{what}: {error}",)
        raise
