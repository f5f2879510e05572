"""`intralpha models`: which networks are there, and what is each of them?"""

from typing import Annotated

import typer

from intralpha.cli.options import PluginsOption

models = typer.Typer(
    no_args_is_help=True,
    help="Networks: which there are, and what one sees, gives and costs. `model` of a factor in a "
    "recipe chooses one; `intralpha losses` tells what it can be trained by.",
)


@models.command("list")
def list_all(plugins: PluginsOption = None) -> None:
    """Name the networks: kind, inputs, what they give besides a score, what they are.

    Those that want several inputs, such as day, week and month, get them by name from `inputs` of
    the factor. A part such as `unit`, `task` or `h` is what some losses look at, and is saved
    beside the score.
    """
    from intralpha.models.explain import list_models

    del plugins
    typer.echo(list_models())


@models.command()
def show(
    name: Annotated[str, typer.Argument(help="A kind from `intralpha models list`.")],
    length: Annotated[
        int, typer.Option("--length", min=1, help="L, steps in a window: days times bars.")
    ] = 40,
    features: Annotated[int, typer.Option("--features", min=1, help="F, numbers in a step.")] = 27,
    batch: Annotated[
        int, typer.Option("--batch", min=1, help="B, windows trained on at once.")
    ] = 5000,
    plugins: PluginsOption = None,
) -> None:
    """Print equations, inputs, outputs, keys, cost and recipe lines of a network.

    For half-hour bars of 20 days with 64 features: `intralpha models show transformer
    --length 160 --features 64`. Costs are counted on a few windows, without data.
    """
    from intralpha.models.explain import show_model

    del plugins
    typer.echo(show_model(name, length, features, batch))
