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


LIBRARY = "a shipped library's name, or the path of a YAML such as mine.yaml"


@features.command()
def show(library: Annotated[str, typer.Argument(help=f"It is {LIBRARY}.")]) -> None:
    """Print the factors of a library with their expressions, if all of them can be read."""
    from intralpha.features.explain import show_library

    typer.echo(show_library(library))


@features.command()
def explain(
    factor: Annotated[
        str,
        typer.Argument(
            help=f"NAME, LIBRARY.NAME or LIBRARY: all factors of it. This is {LIBRARY}."
        ),
    ],
) -> None:
    """Print formula, unit, source, inputs and cost of one factor, or of all of a library."""
    from intralpha.features.explain import explain_factor

    typer.echo(explain_factor(factor))
