"""Earlier results or new ones, never some of both."""

import json
import os
from pathlib import Path

import pytest

from pes import staging
from pes.staging import recovered, staged

OLD = {"a.csv": "old", "only_old.png": "old", "kept.yaml": "old", "done.json": "old"}
NEW = {"a.csv": "new", "b.csv": "new", "done.json": "new"}
SWAPPED = {"a.csv": "new", "b.csv": "new", "done.json": "new", "kept.yaml": "old"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in OLD.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def write(folder: Path) -> None:
    with staged(folder, finished="done.json", stale=["only_old.png", "never.png"]) as place:
        for name, text in NEW.items():
            (place / name).write_text(text)


def test_new_results_take_the_place_of_old_ones(folder: Path) -> None:
    write(folder)
    assert contents(folder) == SWAPPED


def test_a_page_of_an_earlier_run_does_not_stay_beside_a_new_picture(tmp_path: Path) -> None:
    for name in ("levels.png", "levels.pdf", "old.pdf", "mine.pdf"):
        (tmp_path / name).write_text("old")
    with staged(tmp_path, finished="done.json", stale=["old.png"]) as place:
        for name in ("levels.png", "done.json"):
            (place / name).write_text("new")
    assert contents(tmp_path) == {"levels.png": "new", "done.json": "new", "mine.pdf": "old"}


def test_a_failure_leaves_everything(folder: Path) -> None:
    def fail(folder: Path) -> None:
        with staged(folder, finished="done.json", stale=["only_old.png"]) as place:
            (place / "a.csv").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail(folder)
    assert contents(folder) == OLD
    with pytest.raises(KeyboardInterrupt):
        fail(folder / "new")
    assert not (folder / "new").exists()


class Killed(BaseException):
    """Stands for a kill: nothing may be done after it."""


@pytest.mark.parametrize("step", range(8))
def test_killed_at_any_step_of_the_swap(
    folder: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either the old results are whole, or the next start brings the new ones."""
    count = 0

    def counted(function):
        def call(*arguments, **options):
            nonlocal count
            count += 1
            if count > step:
                raise Killed
            return function(*arguments, **options)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(staging.os, "replace", counted(os.replace))
        patch.setattr(Path, "unlink", counted(Path.unlink))
        patch.setattr(staging.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Killed):
            write(folder)
    swap = (folder / ".done.json.complete").exists()
    if swap and (folder / "done.json").exists():
        assert json.loads((folder / ".done.json.complete" / ".swap.json").read_text())
    recovered(folder)
    assert contents(folder) == (SWAPPED if swap else OLD)


def test_killed_while_the_orders_are_removed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next start must not look for them."""

    def half(place: Path, **_: object) -> None:
        if (orders := place / ".swap.json").exists():
            orders.unlink()
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(staging.shutil, "rmtree", half)
        with pytest.raises(Killed):
            write(folder)
    assert (folder / "a.csv").read_text() == "new"
    recovered(folder)
    assert contents(folder) == SWAPPED
