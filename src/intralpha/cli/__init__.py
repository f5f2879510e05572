"""The command line: one file a verb, each reads a spec, asks ``pipeline`` and prints a path."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.cli.main import app
    from intralpha.cli.start import main

lazily(__name__)
