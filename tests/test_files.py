import errno
import json
import os
import subprocess
import sys

import pytest
import torch

from pes.files import HOST, replaced, write_json


def test_the_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replaced(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == tmp_path
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_after_a_failure_the_old_file_stands_alone(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_half() -> None:
        with replaced(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match="nowhere does not exist"),
        replaced(tmp_path / "nowhere" / "a.txt"),
    ):
        pass


def test_numbers_that_are_none(tmp_path) -> None:
    content = {"a": (float("nan"), 1.5), "b": {"c": torch.tensor([float("inf"), 2.0])}}
    write_json(tmp_path / "x.json", content)
    assert json.loads((tmp_path / "x.json").read_text()) == {
        "a": [None, 1.5],
        "b": {"c": [None, 2]},
    }


def test_what_a_killed_process_left_is_removed(tmp_path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    mine, other = f".a.txt.{HOST}.{dead}.tmp", f".b.txt.{HOST}.{dead}.tmp"
    running, elsewhere = f".a.txt.{HOST}.{os.getppid()}.tmp", f".a.txt.elsewhere.{dead}.tmp"
    for name in (mine, other, running, elsewhere):
        (tmp_path / name).touch()
    with replaced(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    assert {p.name for p in tmp_path.iterdir()} == {"a.txt", other, running, elsewhere}


def test_errors_of_the_system_name_a_file(tmp_path, monkeypatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as caught:
        write_json(tmp_path / "a.json", {})
    assert caught.value.filename == str(tmp_path / "a.json")
