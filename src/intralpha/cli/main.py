"""Gather the verbs, turn our errors into messages and exit codes."""

import logging
import sys
from functools import cached_property
from typing import Annotated, NoReturn

import typer

from intralpha import __version__
from intralpha.base import IntralphaError
from intralpha.cli.audit import audit
from intralpha.cli.check import check
from intralpha.cli.compare import compare
from intralpha.cli.demo import demo
from intralpha.cli.explain import explain
from intralpha.cli.explore import explore
from intralpha.cli.export import export
from intralpha.cli.features import features
from intralpha.cli.gc import gc
from intralpha.cli.ingest import ingest
from intralpha.cli.level2 import level2
from intralpha.cli.losses import losses
from intralpha.cli.ls import ls
from intralpha.cli.models import models
from intralpha.cli.quality import quality
from intralpha.cli.report import report
from intralpha.cli.run import run
from intralpha.cli.simulate import simulate
from intralpha.cli.start import INTERRUPTED
from intralpha.cli.study import study
from intralpha.cli.test import test
from intralpha.cli.ui import ui

app = typer.Typer(
    name="intralpha",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""Deep-learning alpha factors for Chinese A-shares, from raw files to an honest back-test.

Start with **intralpha demo**: a simulated market, factors, a network, a portfolio and an HTML
report in a few minutes. Then **intralpha ls --recipes** shows the recipes to copy and edit.

Exit codes: 0 done, 2 a recipe or an argument is wrong, 3 the data are wrong, 130 interrupted (the
same command goes on from there), 1 our bug.""",
)


def _version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"intralpha {__version__}")
        raise typer.Exit
    return wanted


class _Log(logging.Handler):
    """Log to stderr, on a terminal in colours; they are imported when there is something to log."""

    @cached_property
    def _shown(self) -> logging.Handler:
        if not sys.stderr.isatty():
            plain = logging.StreamHandler()
            plain.setFormatter(
                logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
            )
            return plain
        from rich.console import Console
        from rich.logging import RichHandler

        shown = RichHandler(console=Console(stderr=True), show_path=False)
        shown.setFormatter(self.formatter)
        return shown

    def emit(self, record: logging.LogRecord) -> None:
        """See :class:`logging.Handler`."""
        self._shown.emit(record)


@app.callback()
def common(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Set up logging to stderr; results go to stdout. Where nobody sees bars, steps are logged."""
    del version
    told = verbose or not sys.stderr.isatty()
    logging.getLogger("intralpha").setLevel(logging.INFO if told else logging.NOTSET)
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s",
        datefmt="%H:%M:%S",
        handlers=[_Log()],
        force=True,
    )


VERBS = (
    demo,
    ingest,
    simulate,
    quality,
    explore,
    check,
    explain,
    run,
    study,
    test,
    report,
    compare,
    export,
    audit,
    ui,
    ls,
    gc,
)
for verb in VERBS:
    app.command()(verb)
app.add_typer(features, name="features")
app.add_typer(level2, name="level2")
app.add_typer(models, name="models")
app.add_typer(losses, name="losses")


def main(own_process: bool = True) -> None:
    """Run the command line; our own errors become a message and their exit code.

    Parameters
    ----------
    own_process : whether the process ends after this, so that a verb may leave modules behind that
        are good for nothing else
    """
    try:
        app(obj=own_process)
    except IntralphaError as error:
        from rich.console import Console

        Console(stderr=True).print(f"[bold red]{type(error).__name__}[/]", highlight=False)
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as end:
        if end.code == INTERRUPTED:  # Typer turns Ctrl-C into it, without a word
            _interrupted()
        raise


def _interrupted() -> NoReturn:
    """Say after Ctrl-C that nothing is lost, and end."""
    same = "the same command" + (" without --fresh" if "--fresh" in sys.argv else "")
    typer.echo(f"\nInterrupted. What was finished is kept: {same} goes on from there.", err=True)
    sys.exit(INTERRUPTED)
