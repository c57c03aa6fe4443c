"""Which folders a run may write to, and on which device."""

import errno
import logging
import os
from pathlib import Path

import pytest
import torch

from pes.run.folder import check_folder, check_space, claimed, open_folder, open_log, pick_device


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).touch()
    return folder


def test_a_new_folder_with_its_parents(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    check_folder(folder)
    assert not folder.exists()
    open_folder(folder)
    assert folder.is_dir()


def test_a_file(tmp_path: Path) -> None:
    touch(tmp_path, "file")
    with pytest.raises(ValueError, match="is a file; choose another --output"):
        check_folder(tmp_path / "file", overwrite=True)


def test_an_unfinished_run(tmp_path: Path) -> None:
    touch(tmp_path, "config.yaml")
    with pytest.raises(ValueError, match="unfinished run; continue it with --resume auto"):
        check_folder(tmp_path)
    with pytest.raises(ValueError, match="unfinished run; give --overwrite"):
        check_folder(tmp_path, finished="levels.json")
    check_folder(tmp_path, resume=True)
    check_folder(tmp_path, overwrite=True)


def test_a_finished_run(tmp_path: Path) -> None:
    touch(tmp_path, "config.yaml", "summary.json", "split.json", "old")
    with pytest.raises(ValueError, match="finished run; give --overwrite"):
        check_folder(tmp_path, resume=True)
    check_folder(tmp_path, overwrite=True)
    open_folder(tmp_path, stale=["old", "never"])
    assert {p.name for p in tmp_path.iterdir()} == {"config.yaml", "split.json"}


@pytest.mark.parametrize("finished", ["levels.json", "model.json", "evaluation.json"])
def test_results_of_another_command_are_never_overwritten(tmp_path: Path, finished: str) -> None:
    touch(tmp_path, "split.json")
    with pytest.raises(ValueError, match="holds a training; choose another --output"):
        check_folder(tmp_path, finished=finished, overwrite=True)


def test_log_goes_to_the_newest_file_only(tmp_path: Path) -> None:
    log = logging.getLogger("pes")
    for name, append in (("a", False), ("b", False), ("b", True)):
        open_log(tmp_path / name, append=append)
        log.info("%s %s", name, append)
    assert (tmp_path / "a").read_text() == "a False\n"
    assert (tmp_path / "b").read_text() == "b False\nb True\n"


def test_devices() -> None:
    assert pick_device("cpu") == torch.device("cpu")
    with pytest.raises(ValueError, match="mps has no float64"):
        pick_device("mps")
    with pytest.raises(ValueError, match="unknown device 'gpu'; use auto, cpu or cuda"):
        pick_device("gpu")
    with pytest.raises(ValueError, match="device 'meta' is not one of auto, cpu and cuda"):
        pick_device("meta")
    with pytest.raises(ValueError, match=r"`threads` must be at most .*, got 100000"):
        pick_device("cpu", 100_000)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is there")
def test_no_cuda() -> None:
    assert pick_device("auto") == torch.device("cpu")
    with pytest.raises(ValueError, match="no CUDA device is visible"):
        pick_device("cuda")


def test_a_claimed_folder_goes_again_if_nothing_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with claimed(folder):
        assert [p.name for p in folder.iterdir()] == [".lock"]
    assert not list(tmp_path.iterdir())
    with claimed(folder):
        touch(folder, "result")
    assert [p.name for p in folder.iterdir()] == ["result"]


def test_a_claimed_folder_is_put_in_order(tmp_path: Path) -> None:
    touch(tmp_path, ".levels.h5.host.17.tmp", "levels.csv")
    (tmp_path / ".levels.json.new").mkdir()
    touch(tmp_path / ".levels.json.new", "levels.csv")
    with claimed(tmp_path):
        assert {p.name for p in tmp_path.iterdir()} == {".lock", "levels.csv"}


def test_a_folder_that_takes_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found before the work begins, with the folder's name."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught, claimed(tmp_path / "new"):
        pass
    assert caught.value.filename == str(tmp_path / "new")
    assert not list(tmp_path.iterdir())


def test_a_log_on_a_full_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`logging` alone prints a traceback and goes on."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    (tmp_path / "a.log").symlink_to("/dev/full")
    open_log(tmp_path / "a.log")
    with pytest.raises(OSError, match="No space left") as caught:
        logging.getLogger("pes").info("a line")
    assert caught.value.filename == str(tmp_path / "a.log")
    open_log(None)
    assert "Traceback" not in capsys.readouterr().err


def test_results_that_do_not_fit(tmp_path: Path) -> None:
    check_space(tmp_path, 10)
    with pytest.raises(ValueError, match=r"the results take 1.1e\+12 MiB, .* MiB are free; "):
        check_space(tmp_path, 2**60)
