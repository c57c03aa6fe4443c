from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pes.training.checkpoint import (
    latest_checkpoint,
    load_checkpoint,
    previous,
    save_checkpoint,
)
from pes.training.epoch import TrainingState

STATE = TrainingState(
    epoch=3,
    seconds=1.5,
    parameters=torch.tensor([1.0, 1 / 3], dtype=torch.float64),
    best_parameters=torch.tensor([2.0, 1 / 7], dtype=torch.float64),
    best_loss=0.1,
    best_epoch=2,
    optimizer={"damping": 1 / 3, "nested": [torch.ones(2), {"k": 1}]},
)


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    save_checkpoint(path, STATE)
    loaded = load_checkpoint(path)
    assert torch.equal(loaded.parameters, STATE.parameters)
    assert torch.equal(loaded.best_parameters, STATE.best_parameters)
    assert loaded.optimizer["damping"] == STATE.optimizer["damping"]
    assert torch.equal(loaded.optimizer["nested"][0], torch.ones(2))
    assert (loaded.epoch, loaded.seconds, loaded.best_loss) == (3, 1.5, 0.1)
    assert list(tmp_path.iterdir()) == [path]


def refusal(path: Path) -> str:
    with pytest.raises(ValueError) as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("length", [0, 50, -1, -40])
def test_cut_off(tmp_path: Path, length: int) -> None:
    path = tmp_path / "last.pt"
    save_checkpoint(path, STATE)
    path.write_bytes(path.read_bytes()[:length])
    refusal(path)


def test_code_is_not_executed(tmp_path: Path) -> None:
    marker = tmp_path / "marker"

    class Trap:
        def __reduce__(self):
            return marker.touch, ()

    torch.save(Trap(), tmp_path / "trap.pt")
    refusal(tmp_path / "trap.pt")
    assert not marker.exists()


@pytest.mark.parametrize(
    "content", [[1], {"format": "other"}, {"format": "pes training state", "version": 99}]
)
def test_another_format(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.pt")
    assert "start afresh" in refusal(tmp_path / "other.pt")


def test_another_state(tmp_path: Path) -> None:
    content = {"format": "pes training state", "version": 1, "state": {"epoch": 1}}
    torch.save(content, tmp_path / "other.pt")
    assert "state of another kind of training" in refusal(tmp_path / "other.pt")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"checkpoint .* does not exist"):
        load_checkpoint(tmp_path / "last.pt")


def test_the_state_before_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    save_checkpoint(path, STATE)
    save_checkpoint(path, replace(STATE, epoch=4))
    assert latest_checkpoint(path)[0].epoch == 4
    assert latest_checkpoint(path)[1] is None
    path.write_bytes(path.read_bytes()[:100])
    state, trouble = latest_checkpoint(path)
    assert state.epoch == 3
    assert trouble is not None
    assert str(path) in trouble
    assert str(previous(path)) in trouble
    path.unlink()  # killed between the two renamings
    assert latest_checkpoint(path)[0].epoch == 3
    previous(path).unlink()
    with pytest.raises(FileNotFoundError, match=r"checkpoint .* does not exist"):
        latest_checkpoint(path)


def test_a_refusal_never_advises_to_run_the_code(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self):
            return print, ("run",)

    torch.save(Trap(), tmp_path / "trap.pt")
    line = refusal(tmp_path / "trap.pt")
    assert "weights_only" not in line
    assert "was not opened" in line


def test_a_flipped_bit(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    save_checkpoint(path, STATE)
    content = bytearray(path.read_bytes())
    place = content.index(STATE.parameters.numpy().tobytes())
    content[place + 3] ^= 1
    path.write_bytes(content)
    assert "damaged" in refusal(path)


@pytest.mark.parametrize(
    ("key", "value"), [("epoch", "3"), ("parameters", [1.0]), ("optimizer", 1)]
)
def test_fields_of_another_type(tmp_path: Path, key: str, value: object) -> None:
    content = {"format": "pes training state", "version": 1, "state": vars(STATE) | {key: value}}
    torch.save(content, tmp_path / "other.pt")
    assert f"`{key}` is of type {type(value).__name__}" in refusal(tmp_path / "other.pt")
    torch.save({key: content[key] for key in ("format", "version")}, tmp_path / "other.pt")
    assert "state of another kind of training" in refusal(tmp_path / "other.pt")
