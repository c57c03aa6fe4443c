"""A training asked to stop saves, says so, and goes on as if nothing had been."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pes import plots
from pes.potential import load_surface
from pes.run.signals import Stopped, stop_signals
from pes.run.train import planned as planned_run
from pes.training.checkpoint import load_checkpoint

Command = Callable[..., Path]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_is_noted_once(number: int) -> None:
    before = signal.getsignal(number)
    with stop_signals() as received:
        assert received() == 0
        os.kill(os.getpid(), number)
        assert received() == number
        assert signal.getsignal(number) == signal.SIG_DFL
    assert signal.getsignal(number) == before


def test_the_second_signal_kills() -> None:
    program = """
import os, signal
from pes.run.signals import stop_signals
with stop_signals():
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == -signal.SIGTERM


def test_another_thread_notes_nothing() -> None:
    numbers: list[int] = []

    def run() -> None:
        with stop_signals() as received:
            numbers.append(received())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert numbers == [0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_stopped_run_goes_on_bit_for_bit(
    pes_train: Command, work: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], number: int,
) -> None:  # fmt: skip
    for name in ("learning_curve", "residuals"):
        monkeypatch.setattr(plots, name, lambda path, *_, **__: path.touch())
    pes_train("--output", work / "whole")
    planned = planned_run.planned_epochs

    def interrupted(*arguments, **options):
        for epoch in planned(*arguments, **options):
            if epoch.epoch == 3:
                os.kill(os.getpid(), number)
            yield epoch

    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(planned_run, "planned_epochs", interrupted)
        with pytest.raises(SystemExit) as end:
            pes_train()
    assert end.value.code == 128 + number
    said = capsys.readouterr()
    name = signal.Signals(number).name
    assert f"stopped by {name} after epoch 3; its state is saved" in said.out
    assert said.out.splitlines()[-1].endswith("to continue, add --resume auto")
    assert not said.err
    folder = work / "runs" / "tiny"
    assert load_checkpoint(folder / "state.pt").epoch == 3
    assert not (folder / "summary.json").exists()
    pes_train("--resume", "auto")
    a, b = (
        load_surface(run / "surface.safetensors")[0].state_dict()
        for run in (folder, work / "whole")
    )
    assert all(torch.equal(a[key], b[key]) for key in a | b)


def test_exit_code() -> None:
    assert Stopped(signal.SIGTERM, "").code == 143
