"""Run by test_cluster.py on each of two ranks: trainings that end well and in other ways.

python shared_run.py SETTINGS PORT PORT ...

SETTINGS: JSON, `single`, `ensemble` and `search` to arguments of pes-train.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from pes import cli, plots
from pes.run.train import planned as train
from pes.training.epoch import Epoch

RANK = int(os.environ.get("RANK", 0))
Ending = dict[str, object]


def ending(port: str | None, arguments: Sequence[str]) -> Ending:
    if port is not None:
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


def interrupted(port: str, arguments: Sequence[str], number: int, rank: int) -> Ending:
    """A rank sends itself a signal in its third epoch."""
    fitted = train.fitted

    def until_then(epochs: Iterator[Epoch]) -> Iterator[Epoch]:
        for epoch in epochs:
            if epoch.epoch == 3 and rank == RANK:
                os.kill(os.getpid(), number)
            yield epoch

    def patched(epochs, folder, **others):
        return fitted(until_then(epochs), folder, **others)

    train.fitted = patched
    found = ending(port, arguments)
    train.fitted = fitted
    return found


def under_slurm(port: str, arguments: Sequence[str]) -> Ending:
    """With the variables of a job step on two nodes in place of torchrun's; the port is the job's.

    Both nodes are this machine: 127.0.0.2 is too.
    """
    before = dict(os.environ)
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        os.environ.pop(name, None)
    os.environ |= {
        "SLURM_JOB_ID": str(int(port) - 20000), "SLURM_STEP_ID": "0",
        "SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": str(RANK),
        "SLURM_LOCALID": "0", "SLURM_NODEID": str(RANK), "SLURM_CPUS_PER_TASK": "1",
        "SLURM_JOB_NODELIST": "127.0.0.[1-2]", "SLURM_STEP_NODELIST": "127.0.0.[1-2]",
        "SLURM_TASKS_PER_NODE": "1(x2)", "SLURM_STEP_TASKS_PER_NODE": "1(x2)",
    }  # fmt: skip
    found = ending(None, arguments)
    found["address"] = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
    os.environ.clear()
    os.environ.update(before)
    return found


def main() -> None:
    for name in ("learning_curve", "residuals", "calibration_curve"):
        setattr(plots, name, lambda path, *_, **__: path.touch())
    settings, ports = json.loads(sys.argv[1]), iter(sys.argv[2:])
    found = {"refused": ending(next(ports), ["nowhere.yaml"])}
    for name, number in (("single", signal.SIGUSR1), ("ensemble", signal.SIGTERM)):
        run = ["train.yaml", "--output", f"runs/{name}", *settings[name]]
        found[f"{name} stopped"] = interrupted(next(ports), run, number, 1)
        found[f"{name} stopped"]["epochs"] = len(
            Path(f"runs/{name}/metrics.csv").read_text().splitlines()[1:]
        )
        found[f"{name} ignores SIGTERM"] = {
            "code": signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
        }
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if RANK == 0:
            shutil.copytree(f"runs/{name}", f"runs/stopped_{name}")
        found[f"{name} resumed"] = ending(next(ports), [*run, "--resume", "auto"])
        whole = ["train.yaml", "--output", f"runs/whole_{name}", *settings[name]]
        found[f"{name} whole"] = ending(next(ports), whole)
    searched = ["train.yaml", "--output", "runs/searched", *settings["search"]]
    found["searched"] = ending(next(ports), searched)
    found["slurm"] = under_slurm(next(ports), ["train.yaml", "--output", "runs/slurm"])
    Path(f"found{RANK}.json").write_text(json.dumps(found))
    killed = ["train.yaml", "--output", "runs/killed"]
    found["killed"] = interrupted(next(ports), killed, signal.SIGKILL, 1)
    Path(f"found{RANK}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
