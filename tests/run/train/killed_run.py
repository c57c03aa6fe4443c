"""Run by test_killed.py: trainings that SIGKILL ends anywhere, continued and compared.

    python killed_run.py SEED COUNT [TRAINING ...]

COUNT moments for each training, or for those named, within saving and between epochs by turns.
Each training is a fork of this process, which has only imported. The records go to found.json.
"""

import csv
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import torch

from pes import cli, plots
from pes.potential import load_surface
from pes.run.train import epochs as run_epochs

EPOCHS = 8
SETTINGS = {
    "levenberg_marquardt": ["training.optimizer=levenberg_marquardt"],
    "lbfgs": ["training.optimizer=lbfgs"],
    "adam": ["training.optimizer=adam"],
    "adam_lbfgs": ["training.optimizer={kind: adam_lbfgs, adam_epochs: 4}"],
    "ensemble": ["ensemble={members: 2, bootstrap: all}"],
    "ensemble_on_linear_surfaces": [
        "ensemble={members: 2, bootstrap: baseline}",
        "surface.baseline={kind: linear, degree: 2}",
    ],
}
"""Every optimizer and what else has a loop of its own; none in more than one respect."""


def forked(folder: Path, optimizer: str, before: Callable[[], None] = lambda: None) -> int:
    """Process number of a training that goes on if it can and saves every epoch."""
    if pid := os.fork():
        return pid
    with Path("log").open("a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    code = 1
    try:
        before()
        cli.train([
            "--config", "train.yaml", "--output", str(folder), "--resume", "auto",
            *(f"--set={one}" for one in (f"training.epochs={EPOCHS}", *SETTINGS[optimizer])),
        ])  # fmt: skip
        code = 0
    finally:
        os._exit(code)


def ended(pid: int) -> int:
    """Exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def epochs(folder: Path) -> list[int]:
    file = folder / "metrics.csv"
    if not file.is_file():
        return []
    # Whole lines alone: the last, even the head, may be half on its way to the disk.
    lines = [line for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return [int(row["epoch"]) for row in csv.DictReader(lines)]


def killed_at(folder: Path, optimizer: str, epoch: int, delay: float) -> int:
    """Killed some time after an epoch, from outside."""
    pid = forked(folder, optimizer)
    end = time.monotonic() + 60
    while time.monotonic() < end and len(epochs(folder)) < epoch:
        time.sleep(0.001)
    time.sleep(delay)
    os.kill(pid, signal.SIGKILL)
    return ended(pid)


def killed_in_save(folder: Path, optimizer: str, number: int) -> int:
    """Killed at the n-th of the steps that saving takes, half of the bytes written if it writes."""
    steps = 0

    def counted(owner: object, name: str) -> None:
        original = getattr(owner, name)

        def step(*arguments: object) -> object:
            nonlocal steps
            steps += 1
            if steps == number:
                if name == "write_bytes":
                    path, content = arguments
                    original(path, content[: len(content) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments)

        setattr(owner, name, step)

    def before() -> None:
        save = run_epochs.save_checkpoint

        def counting(*arguments: object) -> None:
            run_epochs.save_checkpoint = save
            for owner in (Path, os):
                for name in ("write_bytes", "replace", "fsync"):
                    if hasattr(owner, name):
                        counted(owner, name)
            save(*arguments)

        run_epochs.save_checkpoint = counting

    return ended(forked(folder, optimizer, before))


def same(a: Path, b: Path) -> bool:
    """Bit for bit."""
    ours, theirs = (load_surface(run / "surface.safetensors")[0].state_dict() for run in (a, b))
    return all(torch.equal(ours[name], theirs[name]) for name in ours | theirs)


def load_what_torch_loads_late() -> None:
    """Once here instead of once in every fork."""
    x = torch.zeros(1, requires_grad=True)
    x.grad = torch.zeros(1)
    torch.optim.Adam([x]).step()


def main() -> None:
    torch.set_num_threads(1)
    load_what_torch_loads_late()
    run_epochs.SAVE_SECONDS = 0
    for name in ("learning_curve", "residuals", "calibration_curve"):
        setattr(plots, name, lambda path, *_, **__: path.touch())
    draw, count = random.Random(int(sys.argv[1])), int(sys.argv[2])
    trainings = sys.argv[3:] or list(SETTINGS)
    found = []
    kinds = cycle(("save", "epoch"))
    for optimizer in trainings:
        whole = Path(optimizer)
        assert ended(forked(whole, optimizer)) == 0, Path("log").read_text()
        for k, kind in zip(range(count), kinds, strict=False):
            number = draw.randrange(1, 28 if kind == "save" else EPOCHS)
            folder = Path(f"{optimizer}-{kind}-{number}-{k}")
            if kind == "save":
                code = killed_in_save(folder, optimizer, number)
            else:
                code = killed_at(folder, optimizer, number, draw.uniform(0, 0.01))
            done = len(epochs(folder))
            again = 0 if (folder / "summary.json").exists() else ended(forked(folder, optimizer))
            found.append({
                "run": str(folder), "code": code, "done": done, "again": again,
                "same": again == 0 and same(whole, folder), "epochs": epochs(folder),
            })  # fmt: skip
    Path("found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
