"""Progress: how far long work is, as a bar for who looks on."""

from rich.console import Console
from rich.progress import Progress, ProgressColumn


def progress(wanted: bool, *columns: ProgressColumn | str) -> Progress:
    """A bar on stderr that goes away when the work is done.

    Parameters
    ----------
    wanted : False: no bar
    columns : what it shows; default: rich's

    Returns
    -------
    Progress
        It draws nothing where stderr is neither a terminal nor a notebook: a file or a pipe gets
        what long work logs now and then.
    """
    console = Console(stderr=True)
    seen = console.is_terminal or console.is_jupyter
    return Progress(*columns, console=console, disable=not (wanted and seen), transient=True)
