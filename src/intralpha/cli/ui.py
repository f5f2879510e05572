"""`intralpha ui`: a local page of runs, artifacts and recipes, which writes nothing."""

from typing import Annotated

import typer

from intralpha.cli.options import RUNS, RunsOption


def ui(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Of 127.0.0.1; 0: any that is free.")
    ] = 8765,
    runs: RunsOption = RUNS,
) -> None:
    """Show runs, artifacts, recipes and running jobs to a browser here, until Ctrl-C."""
    from intralpha.ui import local_server

    server = local_server(runs, port)
    typer.echo(f"http://{server.host}:{server.port}/")
    server.run()
