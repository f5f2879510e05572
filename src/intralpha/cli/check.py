"""`intralpha check`: is this recipe valid?"""

import typer

from intralpha import pipeline
from intralpha.cli.options import RecipeArgument, SetOption


def check(recipe: RecipeArgument, set_: SetOption = None) -> None:
    """Check a recipe before any data are read and print it with every default filled in."""
    spec = pipeline.load_recipe(pipeline.find_recipe(recipe), tuple(set_ or ()))
    typer.echo(pipeline.dump_recipe(spec))
