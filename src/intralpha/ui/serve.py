"""Serve: the local page by Waitress, on the loopback address and no other."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from intralpha.base import ConfigError

HOST = "127.0.0.1"  # no key, no option and no variable changes it
NEEDED = ("flask", "waitress")


class NoPageError(ConfigError):
    """The local page was asked for, but the libraries that serve it are not installed."""

    def __init__(self, lost: list[str]) -> None:
        self.lost = lost
        super().__init__(
            f"the local page needs {' and '.join(lost)}, which are not installed.\n"
            "Hint: pip install 'intralpha[ui]'."
        )


class PortError(ConfigError):
    """Nothing can listen on the port."""

    def __init__(self, port: int, why: str) -> None:
        self.port = port
        super().__init__(f"cannot listen on {HOST}:{port}: {why}.\nHint: --port takes another.")


@dataclass(frozen=True)
class LocalServer:
    """A server that listens.

    Attributes
    ----------
    host, port : where
    run : answers until the process is interrupted
    """

    host: str
    port: int
    run: Callable[[], None]


def local_server(runs: Path, port: int) -> LocalServer:
    """The local page behind a server that listens already.

    Parameters
    ----------
    runs : folder of the runs, which is only read
    port : 0 for any that is free

    Raises
    ------
    NoPageError
        The extra ``ui`` is not installed.
    PortError
        Another program listens there, or the port may not be used.
    """
    lost = [name for name in NEEDED if find_spec(name) is None]
    if lost:
        raise NoPageError(lost)
    from waitress import wasyncore
    from waitress.server import create_server

    from intralpha.ui.app import make_app

    opened: dict[int, Any] = {}
    try:
        server: Any = create_server(make_app(runs), opened, host=HOST, port=port, ident="")
    except OSError as error:
        wasyncore.close_all(opened)
        raise PortError(port, error.strerror or str(error)) from error
    return LocalServer(server.effective_host, int(server.effective_port), server.run)
