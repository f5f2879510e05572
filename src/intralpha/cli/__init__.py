"""The command line: one file a verb, each reads a spec, asks ``pipeline`` and prints a path."""

from intralpha.cli.main import app, main

__all__ = ["app", "main"]
