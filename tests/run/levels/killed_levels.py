"""Run by test_killed_levels.py: `pes-levels` whole, killed while it keeps a state, and resumed.

    python killed_levels.py STATES

The STATES-th state is written, then SIGKILL. Every state is written. Each calculation is a fork of
this process, which has only imported. Prints the three exit codes, negative for a signal.
"""

import os
import signal
import sys
from contextlib import contextmanager

from pes import cli, plots
from pes.run.levels import resume as restart


def forked(last: int, *arguments: str) -> int:
    """Exit code of a calculation that kills itself after so many states; 0 for never."""
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        _kill_after(last)
        cli.levels(["--config", "water.yaml", *arguments])
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def _kill_after(last: int) -> None:
    replaced, written = restart.replaced, 0

    @contextmanager
    def killing(path):
        nonlocal written
        with replaced(path) as temporary:
            yield temporary
        written += 1
        if written == last:
            os.kill(os.getpid(), signal.SIGKILL)

    restart.INTERVAL = 0.0
    plots.level_diagram = lambda *_, **__: None  # seconds of drawing
    restart.replaced = killing


if __name__ == "__main__":
    codes = [
        forked(0, "--output", "whole"),
        forked(int(sys.argv[1]), "--output", "run"),
        forked(0, "--output", "run", "--resume", "auto"),
    ]
    sys.stdout.write(" ".join(map(str, codes)) + "\n")
