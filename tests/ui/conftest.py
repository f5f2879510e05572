"""The whole run that tests of the pipeline make, and the page that shows it."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.pipeline.conftest import finished

if TYPE_CHECKING:
    from flask.testing import FlaskClient

__all__ = ["finished"]


def need_extra() -> None:
    """Skip the test where what serves the page is not installed."""
    for name in ("flask", "waitress"):
        pytest.importorskip(name, reason="intralpha[ui] is not installed")


@pytest.fixture(scope="session")
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the runs, of which nothing may change."""
    need_extra()
    folder = tmp_path_factory.mktemp("ui") / "runs"
    shutil.copytree(request.getfixturevalue("finished")[0] / "kept", folder)
    return folder


@pytest.fixture
def client(runs: Path) -> "FlaskClient":
    """The real application, asked without a network."""
    return client_of(runs)


def client_of(runs: Path) -> "FlaskClient":
    """A client of the page of some runs."""
    need_extra()
    from intralpha.ui.app import make_app

    return make_app(runs).test_client()
