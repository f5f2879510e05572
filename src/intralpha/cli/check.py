"""`intralpha check`: is this recipe valid?"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intralpha.cli.options import PluginsOption, RecipeArgument, SetOption
from intralpha.cli.stand_ins import StandInUsedError, stand_ins

if TYPE_CHECKING:
    from intralpha.pipeline import RecipeError

ANEW = "from intralpha.cli import main; main(own_process=False)"


def check(
    context: typer.Context,
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
    from intralpha.base.plugins import loaded

    del plugins
    overrides = tuple(set_ or ())
    if causal:
        for line in proven(recipe, overrides):
            typer.echo(line)
    elif not context.obj or loaded():  # a process with other work, or with code we do not know
        typer.echo(resolved(recipe, overrides))
    else:
        typer.echo(resolved_anyhow(recipe, overrides))


def proven(recipe: Path, overrides: tuple[str, ...]) -> Iterator[str]:
    """A line for each spec of a recipe that was tested on the recipe's lake.

    Parameters
    ----------
    recipe, overrides : see :func:`resolved`

    Raises
    ------
    RecipeError, CheckFailedError
    """
    from intralpha.market import Lake
    from intralpha.pipeline import open_recipe
    from intralpha.testing import check_specs, specs_inside

    checked = open_recipe(recipe, overrides)
    for one in check_specs(specs_inside(checked), Lake(Path(checked.data.lake))):
        yield str(one)


def resolved(recipe: Path, overrides: tuple[str, ...]) -> str:
    """The recipe as YAML, with every default filled in.

    Parameters
    ----------
    recipe : file, or name of a shipped one
    overrides : ``a.b.c=value`` each

    Raises
    ------
    RecipeError, NoMlflowError
    """
    from intralpha.pipeline import dump_recipe, open_recipe

    checked = open_recipe(recipe, overrides)
    checked.demand_extras()
    return dump_recipe(checked)


def resolved_quickly(recipe: Path, overrides: tuple[str, ...]) -> "str | RecipeError | None":
    """What :func:`resolved` gives or raises, found without heavy libraries.

    A recipe needs the specs of networks, kernels and solvers, none of which works meanwhile. The
    process must end after this.

    Parameters
    ----------
    recipe, overrides : see :func:`resolved`

    Returns
    -------
    str, RecipeError or None
        None: one of the libraries is needed, or something failed; ask :func:`resolved` in another
        process
    """
    with stand_ins(), suppress(Exception, StandInUsedError):
        from intralpha.pipeline import RecipeError

        try:
            return resolved(recipe, overrides)
        except RecipeError as error:
            return error
    return None


def resolved_anyhow(recipe: Path, overrides: tuple[str, ...]) -> str:
    """What :func:`resolved` gives: quickly, or else by this command in a process of its own.

    Parameters
    ----------
    recipe, overrides : see :func:`resolved`

    Raises
    ------
    RecipeError
    typer.Exit
        The other process has said everything; with its exit code.
    """
    found = resolved_quickly(recipe, overrides)
    if found is None:
        anew = [sys.executable, "-c", ANEW, *sys.argv[1:]]
        raise typer.Exit(subprocess.run(anew, check=False).returncode)  # noqa: S603
    if isinstance(found, Exception):
        raise found
    return found
