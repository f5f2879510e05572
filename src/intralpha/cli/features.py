"""`intralpha features`: which factors are there, and what is each of them?"""

from typing import Annotated

import typer

features = typer.Typer(
    no_args_is_help=True,
    help="Libraries of factors: what they hold, and what a factor is, needs and costs.",
)


@features.command("list")
def list_all() -> None:
    """Name the shipped libraries.

    A library is a YAML file of expressions; a feature set `{kind: library, library: NAME}` in a
    recipe computes it, and your own file's path works as a name. The language is described in
    docs/factor-language.md.
    """
    from intralpha.features.explain import list_libraries

    typer.echo(list_libraries())


@features.command()
def show(library: Annotated[str, typer.Argument(help="Shipped name, or path of a YAML.")]) -> None:
    """Print the factors of a library with their expressions."""
    from intralpha.features.explain import show_library

    typer.echo(show_library(library))


@features.command()
def explain(factor: Annotated[str, typer.Argument(help="NAME or LIBRARY.NAME.")]) -> None:
    """Print formula, unit, source, inputs and cost of one factor."""
    from intralpha.features.explain import explain_factor

    typer.echo(explain_factor(factor))
