"""MlflowSpec: where finished runs are told to MLflow; nothing of it before a recipe asks."""

import os
import re
from importlib.util import find_spec
from pathlib import Path

from pydantic import Field, field_validator

from intralpha.base import ConfigError, Spec
from intralpha.base.place import unset

NEEDED = ("mlflow", "sqlalchemy", "alembic")
DATABASE = "mlflow.db"


class NoMlflowError(ConfigError):
    """A recipe tells its runs to MLflow, which is not installed."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        self.missing = missing
        super().__init__(
            f"mlflow: {', '.join(missing)} is not installed; nothing has been done.\n"
            "Hint: pip install 'intralpha[mlflow]', or leave the key out (--set mlflow=null)."
        )


class MlflowSpec(Spec):
    """Runs as runs of MLflow (extra ``intralpha[mlflow]``), told when all work is over.

    What is told is read from what a run left, so that no result depends on it: settings, curves of
    trainings, figures of tests and portfolio, and the report. A run that was told is not told
    again.
    """

    uri: str | None = Field(
        default=None,
        description="sqlite:///FILE, or the address of a server; ${VARIABLES} expand, which is "
        f"where passwords belong. Null: {DATABASE} in the folder of the runs",
    )
    experiment: str = Field(
        default="intralpha", min_length=1, description="of MLflow that runs belong to"
    )

    @field_validator("uri")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is None or value.startswith("${"):
            return value
        if "://" not in value or value.startswith("file:"):
            raise ValueError(
                "MLflow keeps no runs in plain folders; expected sqlite:///FILE or the address of "
                "a server"
            )
        if re.search(r"://[^/@]*:(?!\$\{)[^/@]+@", value):
            raise ValueError("holds a password, which reports would show; give it as ${VARIABLE}")
        return value

    def demand(self) -> None:
        """Refuse to begin work whose end could not be told.

        Raises
        ------
        NoMlflowError
            The extra is not installed.
        ConfigError
            A variable of the environment is not set.
        """
        missing = tuple(name for name in NEEDED if find_spec(name) is None)
        if missing:
            raise NoMlflowError(missing)
        lost = unset(self.uri or "")
        if lost:
            raise ConfigError(f"mlflow.uri: environment variable {', '.join(lost)} is not set")

    def address(self, runs: Path) -> str:
        """The whole address.

        Parameters
        ----------
        runs : folder of the runs
        """
        if self.uri is None:
            return f"sqlite:///{runs.absolute() / DATABASE}"
        return os.path.expandvars(self.uri)
