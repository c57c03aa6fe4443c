import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pes.data import Dataset, split
from pes.data.split_files import check_copies, given_split

PARTS = {"train": [4, 0, 2], "validation": [1], "test": [3]}


def water(points: int = 6) -> Dataset:
    """The last point is the first, turned, reflected and with the hydrogens exchanged."""
    generator = torch.Generator().manual_seed(0)
    x = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]], dtype=torch.float64)
    x = x + 0.2 * torch.rand(points, 3, 3, generator=generator, dtype=torch.float64)
    turn = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64)).Q
    x[-1] = -x[0, [0, 2, 1]] @ turn
    return Dataset(("O", "H", "H"), x, x[:, 0, 0])


def written(folder: Path, content: object) -> Path:
    path = folder / "parts.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_rows_as_given(tmp_path: Path) -> None:
    parts = given_split(written(tmp_path, PARTS), water())
    assert parts.train.tolist() == [0, 2, 4]
    assert parts.validation.tolist() == [1]
    assert parts.test.tolist() == [3]


def test_the_split_of_a_run_for_its_data_only(tmp_path: Path) -> None:
    drawn = split(water(12), seed=2)
    drawn.save(tmp_path / "split.json")
    assert torch.equal(given_split(tmp_path / "split.json", water(12)).test, drawn.test)
    with pytest.raises(ValueError, match="belongs to other data"):
        given_split(tmp_path / "split.json", water(13))


def test_a_copy_in_another_part_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, PARTS | {"test": [3, 5]})
    with pytest.raises(ValueError, match=r"1 geometries .*rows 0 \(train\) = 5 \(test\); put"):
        given_split(path, water())
    together = given_split(written(tmp_path, PARTS | {"train": [4, 0, 2, 5]}), water())
    check_copies(water(), together)


def test_copies_move_into_the_first_part_that_has_one(tmp_path: Path) -> None:
    path = written(tmp_path, PARTS | {"test": [3, 5]})
    moved = given_split(path, water(), regroup=True)
    assert moved.train.tolist() == [0, 2, 4, 5]
    assert (moved.validation.tolist(), moved.test.tolist()) == ([1], [3])
    check_copies(water(), moved)
    with pytest.raises(ValueError, match="the test part of the split is empty"):
        given_split(written(tmp_path, PARTS | {"test": [5]}), water(), regroup=True)


def test_every_geometry_in_several_parts_is_named(tmp_path: Path) -> None:
    data = water().select([0, 1, 2, 3, 4, 5, 1, 2])
    path = written(tmp_path, {"train": [0, 1], "validation": [2, 3, 5], "test": [4, 6, 7]})
    with pytest.raises(ValueError, match="3 geometries") as refused:
        given_split(path, data)
    for pair in ("0 (train) = 5 (validation)", "1 (train) = 6 (test)", "2 (validation) = 7 (test)"):
        assert pair in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ([1], "has the keys train, validation, test, not list"),
        ({"train": [0], "tests": [1]}, "has the keys train, validation, test, not train, tests"),
        (PARTS | {"test": 3}, "`test` must be a list of rows, got int"),
        (PARTS | {"test": [6]}, "`test` contains 6, which is not a row of the 6 points"),
        (PARTS | {"test": [True]}, "`test` contains True"),
        (PARTS | {"test": [0]}, "row 0 occurs in the split more than once"),
        (PARTS | {"test": []}, "the test part of the split is empty"),
    ],
)
def test_no_split(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        given_split(written(tmp_path, content), water())


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        given_split(tmp_path / "parts.json", water())


def test_arrays_of_numpy(tmp_path: Path) -> None:
    np.savez(tmp_path / "parts.npz", **{name: np.array(rows) for name, rows in PARTS.items()})
    assert given_split(tmp_path / "parts.npz", water()).train.tolist() == [0, 2, 4]
    (tmp_path / "bad.npz").write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match=r"bad.npz: not a file of NumPy arrays"):
        given_split(tmp_path / "bad.npz", water())


def test_rows_of_the_test_alone(tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_text("3\n1 9\n")
    parts = given_split(tmp_path / "test.txt", water(40))
    assert parts.test.tolist() == [1, 3, 9]
    # One ninth of the 36 groups of the others.
    assert len(parts.validation) in (4, 5)
    assert len(parts.train) + len(parts.validation) == 37
    (tmp_path / "test.txt").write_text("3 x")
    with pytest.raises(ValueError, match=r"test.txt: not a list of row numbers"):
        given_split(tmp_path / "test.txt", water())
