"""`intralpha check`: is this recipe valid?"""

import typer

from intralpha.cli.options import PluginsOption, RecipeArgument, SetOption


def check(recipe: RecipeArgument, set_: SetOption = None, plugins: PluginsOption = None) -> None:
    """Check a recipe before any data are read and print it with every default filled in."""
    from intralpha.pipeline.listing import open_recipe
    from intralpha.pipeline.recipe import dump_recipe

    del plugins
    typer.echo(dump_recipe(open_recipe(recipe, tuple(set_ or ()))))
