"""`intralpha explain`: what a key of a recipe, a mapping or a library means."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from intralpha.cli.options import PluginsOption
from intralpha.cli.stand_ins import StandInUsedError, stand_ins

if TYPE_CHECKING:
    from intralpha.pipeline import UnknownKeyError


def explain(
    context: typer.Context,
    key: Annotated[
        str,
        typer.Argument(
            help="Such as `factors.x.model`, `sources.mapping` or `volume_unit`; "
            "without one, the keys of a recipe."
        ),
    ] = "",
    page: Annotated[bool, typer.Option("--page", help="Print all keys as docs/keys.md.")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of a recipe, for editors.")
    ] = False,
    plugins: PluginsOption = None,
) -> None:
    """Explain a key: type, default, choices, meaning, and the kinds that may stand there.

    A key may be given from the top or by its end alone; kinds may stand in it or be left out.
    `intralpha features explain` tells of factors.
    """
    from intralpha.base.plugins import loaded

    del plugins
    found = None
    if context.obj and not loaded():  # a process of its own, and no code we do not know
        found = _told_quickly(key, page, schema)
    if isinstance(found, Exception):
        raise found
    typer.echo(_told(key, page, schema) if found is None else found, nl=not page)


def _told(key: str, page: bool, schema: bool) -> str:
    """The text.

    Parameters
    ----------
    key, page, schema : as given

    Raises
    ------
    UnknownKeyError
    """
    from intralpha.pipeline import explain_key, keys_page, recipe_schema

    return keys_page() if page else recipe_schema() if schema else explain_key(key)


def _told_quickly(key: str, page: bool, schema: bool) -> "str | UnknownKeyError | None":
    """The text without heavy libraries; None where one is needed.

    Parameters
    ----------
    key, page, schema : as given
    """
    with stand_ins(), suppress(Exception, StandInUsedError):
        from intralpha.pipeline import UnknownKeyError

        try:
            return _told(key, page, schema)
        except UnknownKeyError as error:
            return error
    return None
