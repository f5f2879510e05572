"""The error tree: four families, each error carries its facts as attributes.

A named child lives beside the code that raises it and says what was found, what was expected
and what to do next. The families decide the exit code of the command line.
"""


class IntralphaError(Exception):
    """Root of every error this package raises on purpose."""

    exit_code = 1


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
