"""The first moment of the command: nothing but its modules can be interrupted yet."""

import gc
import sys

INTERRUPTED = 130  # exit code after Ctrl-C


def main(own_process: bool = True) -> None:
    """Import the verbs and run the command line; see :func:`intralpha.cli.main.main`.

    Parameters
    ----------
    own_process : whether the process ends after this
    """
    gc.disable()  # what an import makes is there to stay
    try:
        from intralpha.cli.main import main as begin

        sys.excepthook = sys.__excepthook__  # from here on Ctrl-C is caught
    except KeyboardInterrupt:
        print("\nInterrupted before anything began.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    gc.enable()
    begin(own_process)
