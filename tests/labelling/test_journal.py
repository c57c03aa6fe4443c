import errno
import json
import os
from pathlib import Path

import pytest

from pes.labelling.journal import append, opened, read_journal

SETTINGS = {"basis": "sto-3g", "ranges": ((0.7, 1.75), (40.0, 180.0))}
RECORDS = [{"row": k, "energy": float(k)} for k in range(3)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal with three points."""
    path = tmp_path / "points.journal.jsonl"
    read_journal(path, SETTINGS)
    with opened(path) as journal:
        for record in RECORDS:
            append(journal, record)
    return path


def test_settings_first_and_then_the_points(path: Path) -> None:
    assert json.loads(path.read_text().splitlines()[0]) == json.loads(json.dumps(SETTINGS))
    assert read_journal(path, SETTINGS) == dict(enumerate(RECORDS))


@pytest.mark.parametrize("torn", range(1, 12, 3))
def test_a_torn_last_line_is_cut_off(path: Path, torn: int) -> None:
    whole = path.read_text()
    path.write_text(whole[:-torn])
    assert len(read_journal(path, SETTINGS)) == 2
    assert path.read_text() == "".join(whole.splitlines(keepends=True)[:-1])


def test_a_torn_first_line_is_a_fresh_start(path: Path) -> None:
    header = path.read_text().splitlines(keepends=True)[0]
    for length in (0, 1, len(header) // 2, len(header) - 1):
        path.write_text(header[:length])
        assert read_journal(path, SETTINGS) == {}
        assert path.read_text() == header


@pytest.mark.parametrize(
    "first", ['{"basis": "cc-pVTZ"}\n', "1,2,3\n", "no newline", "\n", "\xff\n"]
)
def test_a_file_of_another_kind_is_refused_and_left_alone(path: Path, first: str) -> None:
    path.write_text(first, encoding="latin-1")
    with pytest.raises(ValueError, match=r"points.* was written with other settings; move it"):
        read_journal(path, SETTINGS)
    assert path.read_text(encoding="latin-1") == first


def test_order_of_settings_does_not_matter(path: Path) -> None:
    assert len(read_journal(path, dict(reversed(SETTINGS.items())))) == 3


@pytest.mark.parametrize("damage", ["{\n", "\n", "7\n", '{"energy": 1.0}\n'])
def test_a_damaged_line_is_named(path: Path, damage: str) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + damage + lines[2])
    with pytest.raises(ValueError, match=r"points.*, line 2: damaged; remove that line"):
        read_journal(path, SETTINGS)


def test_the_last_line_of_a_row_counts(path: Path) -> None:
    with opened(path) as journal:
        append(journal, {"row": 1, "energy": 7.0})
    assert read_journal(path, SETTINGS)[1]["energy"] == 7.0


def test_a_full_disk_leaves_no_half_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with opened(path) as journal:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left") as error:
            append(journal, RECORDS[0])
        monkeypatch.undo()
        assert error.value.filename == str(path)
        assert path.read_bytes() == before
        append(journal, {"row": 3, "energy": 3.0})
    assert len(read_journal(path, SETTINGS)) == 4
