"""`intralpha check`: is this recipe valid?"""

from typing import Annotated

import typer

from intralpha.cli.options import PluginsOption, RecipeArgument, SetOption


def check(
    recipe: RecipeArgument,
    set_: SetOption = None,
    plugins: PluginsOption = None,
    causal: Annotated[
        bool,
        typer.Option(
            "--causal",
            help="Also test the recipe's features, labels, networks and objectives on its lake, "
            "which must be there and small: it is copied several times.",
        ),
    ] = False,
) -> None:
    """Check a recipe before any data are read and print it with every default filled in.

    With `--causal` its features and labels are proven not to look ahead (or back), to read what
    they declare and to keep their shapes, one by one; `intralpha audit` proves the whole recipe.
    """
    from pathlib import Path

    from intralpha.pipeline.listing import open_recipe
    from intralpha.pipeline.recipe import dump_recipe

    del plugins
    checked = open_recipe(recipe, tuple(set_ or ()))
    if not causal:
        typer.echo(dump_recipe(checked))
        return
    from intralpha.market import Lake
    from intralpha.testing import check_specs, specs_inside

    for one in check_specs(specs_inside(checked), Lake(Path(checked.data.lake))):
        typer.echo(str(one))
