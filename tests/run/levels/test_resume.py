"""States of a calculation that was cut short."""

from pathlib import Path

import pytest
import torch

from pes.config import Vibration
from pes.run.levels import resume as restart
from pes.vibration.eigensolvers.davidson import Progress

NOW = Progress(1, 2, 1e-3, 40, torch.eye(2, 5, dtype=torch.float64))


def test_goes_on_with_the_same_configuration_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restart, "INTERVAL", 0.0)
    config = Vibration(levels=2).model_dump(mode="json")
    assert restart.earlier(None, config) is None
    restart.keeper(tmp_path, config)(NOW)
    state = tmp_path / restart.STATE
    vectors = restart.earlier(state, config)
    assert vectors is not None
    assert torch.equal(vectors, NOW.vectors)
    assert restart.earlier(state, Vibration(levels=3).model_dump(mode="json")) is None


def test_a_series_goes_on_with_more_time_and_memory_only(tmp_path: Path) -> None:
    config = Vibration(levels=2, minutes=5).model_dump(mode="json")
    restart.series_store(tmp_path, None, restart.series_digest(config)).keep("grid", 7.0, x=1)
    state = tmp_path / restart.STATE
    more = restart.series_digest(config | {"minutes": 20, "memory": 4.0, "threads": 2})
    assert restart.series_store(tmp_path, state, more).of("grid") == {"x": 1}
    assert restart.series_store(tmp_path, state, more).seconds == 7.0
    # As a section of a training's configuration.
    assert restart.series_digest({"vibration": config}) == restart.series_digest(
        {"vibration": config | {"minutes": 20}}
    )
    for changed in ({"levels": 3}, {"accuracy": 1.0}):
        other = restart.series_digest(config | changed)
        assert restart.series_store(tmp_path, state, other).of("grid") is None
    # Vectors of iterations are of another kind of calculation.
    assert restart.earlier(state, more) is None


def test_a_state_is_neither_lost_nor_used_unasked(tmp_path: Path) -> None:
    state = tmp_path / restart.STATE
    assert restart.check_state(tmp_path, "auto", overwrite=False) is None
    state.write_bytes(b"")
    with pytest.raises(ValueError, match="continue it with --resume auto, or give --overwrite"):
        restart.check_state(tmp_path, None, overwrite=False)
    assert restart.check_state(tmp_path, None, overwrite=True) is None
    assert restart.check_state(tmp_path, "auto", overwrite=False) == state
    assert restart.check_state(tmp_path / "new", str(state), overwrite=False) == state
    with pytest.raises(FileNotFoundError, match="no such file; --resume auto takes"):
        restart.check_state(tmp_path, "elsewhere", overwrite=False)


def test_not_every_step_is_written(tmp_path: Path) -> None:
    restart.keeper(tmp_path, Vibration().model_dump(mode="json"))(NOW)
    assert not (tmp_path / restart.STATE).exists()


def test_a_damaged_state_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / restart.STATE).write_bytes(b"PK")
    assert restart.earlier(tmp_path / restart.STATE, Vibration().model_dump(mode="json")) is None
