"""`intralpha losses`: what can a network be trained by?"""

from typing import Annotated

import typer

from intralpha.cli.options import PluginsOption

losses = typer.Typer(
    no_args_is_help=True,
    help="Losses: which there are, what each looks at and what it does not see. `objective` of a "
    "factor in a recipe chooses one.",
)


@losses.command("list")
def list_all(plugins: PluginsOption = None) -> None:
    """Name the losses: kind, what they look at, what they are."""
    from intralpha.training.explain import list_losses

    del plugins
    typer.echo(list_losses())


@losses.command()
def show(
    name: Annotated[str, typer.Argument(help="A kind from `intralpha losses list`.")],
    plugins: PluginsOption = None,
) -> None:
    """Print formula, insensitivity, keys and recipe lines of a loss."""
    from intralpha.training.explain import show_loss

    del plugins
    typer.echo(show_loss(name))
