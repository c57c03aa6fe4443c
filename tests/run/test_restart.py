"""States of a calculation that was cut short."""

from pathlib import Path

import pytest
import torch

from pes.config import Vibration
from pes.run import restart
from pes.vibration.davidson import Progress

NOW = Progress(1, 2, 1e-3, 40, torch.eye(2, 5, dtype=torch.float64))


def test_goes_on_with_the_same_configuration_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restart, "INTERVAL", 0.0)
    config = Vibration(levels=2)
    assert restart.earlier(tmp_path, config) is None
    restart.keeper(tmp_path, config)(NOW)
    vectors = restart.earlier(tmp_path, config)
    assert vectors is not None
    assert torch.equal(vectors, NOW.vectors)
    assert restart.earlier(tmp_path, Vibration(levels=3)) is None


def test_not_every_step_is_written(tmp_path: Path) -> None:
    restart.keeper(tmp_path, Vibration())(NOW)
    assert not (tmp_path / restart.STATE).exists()


def test_a_damaged_state_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / restart.STATE).write_bytes(b"PK")
    assert restart.earlier(tmp_path, Vibration()) is None
