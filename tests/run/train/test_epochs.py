"""What a terminal and a batch job see of a fit; the clock and the epochs are made up."""

import logging
import sys

import pytest
import torch

from pes.run.train.epochs import progress, progress_lines, wall_time_left
from pes.training.epoch import Epoch, TrainingState


def epoch(number: int, seconds: float) -> Epoch:
    x = torch.zeros(1)
    state = TrainingState(number, seconds, x, x, 1.0, number, {})
    return Epoch(number, seconds, 1.0, 1.0, 12.5, 25.0, None, None, 1.0, {}, True, state)


def lines(seconds: list[float], *, total: int, done: int, max_seconds: float | None) -> list[str]:
    """Lines about epochs that end at some times after the start of the session."""
    times, said = iter([0.0, *seconds]), []
    limits = [] if max_seconds is None else [lambda epoch: max_seconds - epoch.seconds]
    show = progress_lines(total, done, limits, say=said.append, clock=lambda: next(times))
    for number, time in enumerate(seconds, done + 1):
        show(epoch(number, time))
    return said


def test_one_line_per_thirty_seconds() -> None:
    """Ten epochs of 8 s: after 32 s and, as that was the last line, after 64 s."""
    said = lines([8.0 * k for k in range(1, 11)], total=20, done=0, max_seconds=None)
    assert said == [
        "epoch 4 of 20: RMSE 12.5000 cm-1 (training), 25.0000 cm-1 (validation); "
        "at most 0:02:08 left",
        "epoch 8 of 20: RMSE 12.5000 cm-1 (training), 25.0000 cm-1 (validation); "
        "at most 0:01:36 left",
    ]


def test_a_resumed_fit_goes_by_the_pace_of_its_own_session() -> None:
    (line,) = lines([60.0], total=111, done=100, max_seconds=None)
    assert line.startswith("epoch 101 of 111:")
    assert line.endswith("at most 0:10:00 left")


@pytest.mark.parametrize(("limit", "left"), [(100.0, "0:00:40"), (50.0, "0:00:00")])
def test_max_seconds_bounds_the_time_left(limit: float, left: str) -> None:
    (line,) = lines([60.0], total=1000, done=0, max_seconds=limit)
    assert line.endswith(f"at most {left} left")


def test_cpu_time_on_a_busy_machine_lasts_longer() -> None:
    """A quarter of a processor: of 60 CPU-seconds 20 were used in 80 s, and 40 take 160 s."""
    wall, cpu = iter([5.0, 85.0]), iter([3.0, 23.0])
    left = wall_time_left(60.0, clock=lambda: next(wall), cpu=lambda: next(cpu))
    assert left(epoch(7, 80.0)) == 160.0


def test_a_quick_fit_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "pes"), progress(2, 0) as show:
        show(epoch(1, 0.1))
        show(epoch(2, 0.2))
    assert caplog.messages == []


def test_a_terminal_gets_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    with progress(2, 0) as show:
        show(epoch(1, 0.1))
    assert "train 12.5000 validation 25.0000 cm-1" in capsys.readouterr().err
