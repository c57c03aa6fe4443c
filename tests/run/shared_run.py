"""Run by test_cluster.py on each of two ranks: trainings that end in other ways than well.

python shared_run.py PORT PORT PORT
"""

import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from pes import cli
from pes.run import train

RANK = int(os.environ.get("RANK", 0))
Ending = dict[str, object]


def ending(port: str, arguments: Sequence[str]) -> Ending:
    os.environ["MASTER_PORT"] = port
    with redirect_stderr(StringIO()) as errors, redirect_stdout(StringIO()) as output:
        try:
            cli.train(["--config", *arguments])
            code: object = 0
        except SystemExit as end:
            code = end.code
        except Exception as bug:  # told by the test; the other rank must not wait for this one
            code = repr(bug)
    return {"code": code, "errors": errors.getvalue(), "output": output.getvalue()}


def sent(number: int, rank: int) -> None:
    """Let a rank send itself a signal in its third epoch."""
    fit = train.fit

    def interrupted(*arguments, **options):
        for epoch in fit(*arguments, **options):
            if epoch.epoch == 3 and rank == RANK:
                os.kill(os.getpid(), number)
            yield epoch

    train.fit = interrupted


def main() -> None:
    ports = sys.argv[1:]
    found = {"refused": ending(ports[0], ["nowhere.yaml"])}
    fit = train.fit
    sent(signal.SIGUSR1, 1)
    found["stopped"] = ending(ports[1], ["train.yaml"])
    train.fit = fit
    Path(f"found{RANK}.json").write_text(json.dumps(found))
    sent(signal.SIGKILL, 1)
    found["killed"] = ending(ports[2], ["train.yaml", "--output", "runs/killed"])
    Path(f"found{RANK}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
